//! The durable logs of all nodes, as the disks hold them right now: a fold over [`Fact`] that the
//! witnesses share, so that it is held once.

use crate::{
    event::Event,
    facts::{Configuration, EntryId, Fact, Group, Node},
};

/// The durable part of one log: entry `i` stands at `entries[i - 1]`.
#[derive(Clone, Debug, Default)]
pub struct DurableLog {
    entries: Vec<(u64, u64)>,
    /// The highest durable term, and who has the vote of it.
    pub vote: (u64, Option<Node>),
}

impl DurableLog {
    /// The last durable entry, if any.
    pub fn last(&self) -> Option<EntryId> {
        self.get(self.entries.len() as u64)
    }

    /// The durable entry at an index, if any.
    pub fn get(&self, index: u64) -> Option<EntryId> {
        let (term, hash) = *self.entries.get(usize::try_from(index.checked_sub(1)?).ok()?)?;
        Some(EntryId { index, term, hash })
    }

    /// Whether exactly this entry is durable here.
    pub fn has(&self, entry: EntryId) -> bool {
        self.get(entry.index) == Some(entry)
    }
}

/// Everything durable, everywhere. Indexed by group, then node: both are small and dense.
#[derive(Clone, Debug, Default)]
pub struct DiskTruth {
    logs: Vec<Vec<DurableLog>>,
    configurations: Vec<Option<Configuration>>,
    /// What the last cut removed: the index of the first, and terms and hashes.
    removed: (u64, Vec<(u64, u64)>),
}

static EMPTY: DurableLog = DurableLog { entries: Vec::new(), vote: (0, None) };

impl DiskTruth {
    /// What this node holds of this group.
    pub fn log(&self, node: Node, group: Group) -> &DurableLog {
        self.logs.get(group as usize).and_then(|nodes| nodes.get(node as usize)).unwrap_or(&EMPTY)
    }

    /// The highest node that ever had anything durable in this group; 0 for none.
    pub fn node_max(&self, group: Group) -> Node {
        self.logs.get(group as usize).map_or(0, |nodes| nodes.len().saturating_sub(1) as Node)
    }

    /// The group's configuration, once it is known.
    pub fn configuration(&self, group: Group) -> Option<&Configuration> {
        self.configurations.get(group as usize)?.as_ref()
    }

    /// The entries that the last [`Fact::DurableCut`] removed, in order: a judge that is told of a cut
    /// finds them gone.
    pub(crate) fn removed(&self) -> impl ExactSizeIterator<Item = EntryId> + '_ {
        let (first, entries) = &self.removed;
        let entry = move |(place, (term, hash)): (usize, &(u64, u64))| EntryId {
            index: first + place as u64,
            term: *term,
            hash: *hash,
        };
        entries.iter().enumerate().map(entry)
    }

    pub(crate) fn observe(&mut self, event: Event<'_>) {
        let Event::Fact(fact) = event else { return };
        match fact {
            Fact::Configured(configuration) => {
                let group = configuration.group as usize;
                if self.configurations.len() <= group {
                    self.configurations.resize(group + 1, None);
                }
                self.configurations[group] = Some(configuration.clone());
            }
            Fact::Durable { node, group, entry } => {
                let log = self.log_mut(*node, *group);
                assert_eq!(
                    entry.index,
                    log.entries.len() as u64 + 1,
                    "the world told durable entries of n{node} group {group} out of order"
                );
                log.entries.push((entry.term, entry.hash));
            }
            Fact::DurableCut { node, group, last } => {
                let keep = usize::try_from(*last).expect("an index fits in memory");
                let mut removed = std::mem::take(&mut self.removed.1);
                removed.clear();
                let log = self.log_mut(*node, *group);
                removed.extend(log.entries.drain(keep.min(log.entries.len())..));
                self.removed = (last + 1, removed);
            }
            Fact::DurableVote { node, group, term, vote } => {
                self.log_mut(*node, *group).vote = (*term, *vote);
            }
            Fact::Claimed { .. }
            | Fact::Acked { .. }
            | Fact::Committed { .. }
            | Fact::Stopped { .. }
            | Fact::Replica { .. }
            | Fact::Struck { .. }
            | Fact::Lifted { .. }
            | Fact::Due(_)
            | Fact::Calm { .. }
            | Fact::Troubled { .. }
            | Fact::Balloted { .. }
            | Fact::Rounds { .. }
            | Fact::Knocked { .. }
            | Fact::Opened { .. }
            | Fact::Settled { .. } => {}
        }
    }

    fn log_mut(&mut self, node: Node, group: Group) -> &mut DurableLog {
        let (node, group) = (node as usize, group as usize);
        if self.logs.len() <= group {
            self.logs.resize_with(group + 1, Vec::new);
        }
        if self.logs[group].len() <= node {
            self.logs[group].resize_with(node + 1, DurableLog::default);
        }
        &mut self.logs[group][node]
    }
}

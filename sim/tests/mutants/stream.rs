//! The stream of a run, event by event, exactly as its judges were told it, in a form in which one thing
//! can be changed. Nothing in it runs the system again.

use crate::common::bench;
use checkers::{
    Ask, Call, Configuration, EntryId, Event, Fact, Judgement, Mark, MessageId, Numbered, Outcome,
    Record, ReplicaView, Reply, Sight, Stamp,
};
use scenarios::Plan;
use sim::Simulated;
use std::collections::BTreeMap;

/// One thing that judges were told.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    Called(usize),
    Numbered(usize),
    Returned(usize),
    Mark(Mark),
    Sight(Sight),
}

/// Everything that judges were told, in order. Ordinals are given anew when it is judged.
#[derive(Clone, Debug)]
pub(crate) struct Stream {
    pub plan: Plan,
    pub calls: Vec<Call>,
    /// World time, and what.
    pub told: Vec<(u64, Told)>,
}

/// A produce call that was acknowledged at `quorum` or above and read by the drain.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kept {
    pub call: usize,
    pub partition: u32,
    pub message: MessageId,
    pub offset: u64,
}

impl Stream {
    /// The stream of a run whose recording was kept.
    pub(crate) fn of(ended: &Simulated) -> Stream {
        let history = &ended.run.history;
        let recording = ended.recording.as_ref().expect("it was kept");
        let mut all: Vec<(Stamp, Told)> = Vec::new();
        for (place, call) in history.calls.iter().enumerate() {
            all.push((call.called, Told::Called(place)));
            all.extend(call.numbered.map(|numbered| (numbered.at, Told::Numbered(place))));
            all.extend(call.returned.map(|returned| (returned, Told::Returned(place))));
        }
        all.extend(history.marks.iter().map(|(at, mark)| (*at, Told::Mark(mark.clone()))));
        let sights = recording.sights.iter();
        all.extend(sights.map(|(at, sight)| (*at, Told::Sight(sight.clone()))));
        all.sort_by_key(|(at, _)| at.ordinal);
        let told = all.into_iter().map(|(at, told)| (at.at_ns, told)).collect();
        Stream { plan: ended.effective.clone(), calls: history.calls.clone(), told }
    }

    /// What the judges of the plan say to it.
    pub(crate) fn judge(mut self) -> Vec<Judgement> {
        let mut bench = bench(&self.plan);
        let mut now = Stamp::default();
        for (at_ns, told) in &self.told {
            now = Stamp { ordinal: now.ordinal + 1, at_ns: now.at_ns.max(*at_ns) };
            match told {
                Told::Called(place) => {
                    let call = &mut self.calls[*place];
                    (call.called, call.returned) = (now, None);
                    bench.observe(now, Event::Called(call.asked()));
                }
                Told::Numbered(place) => {
                    let call = &mut self.calls[*place];
                    let Numbered { at, sequence } = call.numbered.as_mut().expect("a number");
                    *at = now;
                    let sequence = *sequence;
                    bench.observe(now, Event::Numbered(call.asked(), sequence));
                }
                Told::Returned(place) => {
                    let call = &mut self.calls[*place];
                    call.returned = Some(now);
                    bench.observe(now, Event::Returned(call));
                }
                Told::Mark(mark) => bench.observe(now, Event::Mark(mark)),
                Told::Sight(sight) => bench.observe(now, sight.event()),
            }
        }
        bench.finish()
    }

    /// Where the first of these stands.
    pub(crate) fn find(&self, is_it: impl Fn(&Told) -> bool) -> Option<usize> {
        self.told.iter().position(|(_, told)| is_it(told))
    }

    pub(crate) fn mark(&self, is_it: impl Fn(&Mark) -> bool) -> Option<usize> {
        self.find(|told| matches!(told, Told::Mark(mark) if is_it(mark)))
    }

    /// Puts something in just before a place.
    pub(crate) fn insert(&mut self, place: usize, told: Told) {
        let (at_ns, _) = self.told[place];
        self.told.insert(place, (at_ns, told));
    }

    pub(crate) fn insert_fact(&mut self, place: usize, fact: Fact) {
        self.insert(place, Told::Sight(Sight::Fact(fact)));
    }

    /// Moves what stands at a place forward to an earlier one.
    pub(crate) fn advance(&mut self, from: usize, to: usize) {
        assert!(to < from, "{to} is not before {from}");
        let (_, told) = self.told.remove(from);
        self.insert(to, told);
    }

    /// Just before the end of the run.
    pub(crate) fn end(&self) -> usize {
        self.mark(|mark| *mark == Mark::Ended).expect("a run that was judged has ended")
    }

    /// Facts, with their places.
    pub(crate) fn facts(&self) -> impl DoubleEndedIterator<Item = (usize, &Fact)> {
        self.told.iter().enumerate().filter_map(|(place, (_, told))| {
            let Told::Sight(Sight::Fact(fact)) = told else { return None };
            Some((place, fact))
        })
    }

    pub(crate) fn fact_mut(&mut self, place: usize) -> &mut Fact {
        let Told::Sight(Sight::Fact(fact)) = &mut self.told[place].1 else {
            panic!("no fact stands at {place}")
        };
        fact
    }

    /// Replicas that changed, with their places.
    pub(crate) fn replicas(&self) -> impl DoubleEndedIterator<Item = (usize, ReplicaView)> {
        self.told.iter().enumerate().filter_map(|(place, (_, told))| {
            let Told::Sight(Sight::Replica(replica)) = told else { return None };
            Some((place, *replica))
        })
    }

    /// The newest configuration of each group.
    pub(crate) fn configurations(&self) -> BTreeMap<u32, Configuration> {
        let configured = self.facts().filter_map(|(_, fact)| {
            let Fact::Configured(configuration) = fact else { return None };
            Some((configuration.group, configuration.clone()))
        });
        configured.collect()
    }

    /// Where each copy of an entry of a group became durable, in order, before a place.
    pub(crate) fn copies(&self, group: u32, entry: EntryId, before: usize) -> Vec<usize> {
        let copies = self.facts().take_while(|(place, _)| *place < before);
        let copies = copies.filter(|(_, fact)| {
            matches!(fact, Fact::Durable { group: of, entry: is, .. } if *of == group && *is == entry)
        });
        copies.map(|(place, _)| place).collect()
    }

    /// What each log holds in the end: by node and group, its entries.
    pub(crate) fn logs(&self) -> BTreeMap<(u32, u32), Vec<EntryId>> {
        let mut logs: BTreeMap<(u32, u32), Vec<EntryId>> = BTreeMap::new();
        for (_, fact) in self.facts() {
            if let Fact::Durable { node, group, entry } = fact {
                logs.entry((*node, *group)).or_default().push(*entry);
            }
            if let Fact::DurableCut { node, group, last } = fact {
                logs.entry((*node, *group)).or_default().truncate(*last as usize);
            }
        }
        logs
    }

    /// Calls that were made after the drain began, in order.
    pub(crate) fn drain(&self) -> Vec<usize> {
        let Some(begin) = self.mark(|mark| *mark == Mark::Draining) else { return Vec::new() };
        let drain = self.told[begin..].iter().filter_map(|(_, told)| {
            let Told::Called(call) = told else { return None };
            Some(*call)
        });
        drain.collect()
    }

    /// Every message with a certain place that the drain has read, by partition and offset.
    pub(crate) fn kept(&self) -> Vec<Kept> {
        let mut drained: BTreeMap<MessageId, u64> = BTreeMap::new();
        for call in self.drain() {
            let Outcome::Ok(Reply::Fetched { records, .. }) = &self.calls[call].outcome else {
                continue;
            };
            drained.extend(records.iter().map(|record| (record.message, record.offset)));
        }
        let mut kept = Vec::new();
        for (call, it) in self.calls.iter().enumerate() {
            let Ask::Produce { partition, messages, acks, .. } = &it.ask else { continue };
            let Outcome::Ok(Reply::Produced { first: Some(_) }) = it.outcome else { continue };
            let [message, ..] = messages[..] else { continue };
            if let Some(offset) = drained.get(&message).filter(|_| acks.is_durable()) {
                kept.push(Kept { call, partition: *partition, message, offset: *offset });
            }
        }
        kept.sort_by_key(|kept| (kept.partition, kept.offset));
        kept
    }

    /// Changes what these calls read of a partition.
    pub(crate) fn edit_reads(
        &mut self,
        calls: &[usize],
        partition: u32,
        mut edit: impl FnMut(&mut Vec<Record>, &mut u64),
    ) {
        for call in calls {
            let call = &mut self.calls[*call];
            if call.ask.partition() != Some(partition) {
                continue;
            }
            if let Outcome::Ok(Reply::Fetched { records, end }) = &mut call.outcome {
                edit(records, end);
            }
        }
    }

    /// Moves the end to which the drain read a partition.
    pub(crate) fn move_end(&mut self, partition: u32, to: u64) {
        for (_, told) in &mut self.told {
            if let Told::Mark(Mark::Drained { partition: of, end }) = told
                && *of == partition
            {
                *end = to;
            }
        }
    }
}

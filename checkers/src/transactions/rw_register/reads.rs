//! What each transaction shows of each register from outside: the version that it read first and
//! the one that it wrote last; and what is wrong with reads one by one.

use super::Initial;
use crate::{
    transactions::{
        Fate, Step, Transaction,
        graph::Node,
        models::Anomaly,
        ruling::Findings,
        teller::Teller,
        writes::{WriteId, Writes},
    },
    verdict::Evidence,
};

/// A version's number: a write, a value that nobody wrote, or a key's beginning.
pub(crate) type Version = u32;

/// One transaction on one key, as others see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub(crate) key: u32,
    pub(crate) transaction: Node,
    /// What it read before it wrote.
    pub(crate) read: Option<Version>,
    /// What it wrote last.
    pub(crate) wrote: Option<WriteId>,
}

/// What every transaction shows. Versions are numbered: writes first, then values that nobody
/// wrote, then the beginning of each key, where it has no value.
#[derive(Debug)]
pub(crate) struct Touches {
    /// In order of transactions.
    all: Vec<Touch>,
    write_count: u32,
    /// Keys and values that were read and that nobody wrote.
    strangers: Vec<(u32, u64)>,
    /// Version and reader.
    readers: Vec<(Version, Node)>,
    key_names: Vec<u64>,
    initial: Initial,
}

/// What a transaction knows of a key.
#[derive(Clone, Copy, Default)]
struct Own {
    transaction: u32,
    /// What it last read or wrote.
    knows: Option<Option<u64>>,
    /// Its touch, plus one.
    touch: u32,
    has_written: bool,
}

impl Touches {
    pub(crate) fn read(
        teller: Teller<'_>,
        writes: &Writes,
        initial: Initial,
        findings: &mut Findings,
    ) -> Touches {
        let mut touches = Touches {
            all: Vec::new(),
            write_count: writes.len() as u32,
            strangers: strangers(teller.transactions, writes),
            readers: Vec::new(),
            key_names: (0..writes.key_count() as u32).map(|key| writes.key_name(key)).collect(),
            initial,
        };
        let mut unwritten = vec![None; writes.key_count()];
        let mut owns = vec![Own::default(); writes.key_count()];
        let look = Look { teller, writes };
        for (number, transaction) in (0..).zip(teller.transactions) {
            if transaction.fate == Fate::Aborted {
                continue;
            }
            for (step, deed) in (0u32..).zip(&transaction.steps) {
                let key = writes.key(deed.key());
                let own = &mut owns[key as usize];
                if own.transaction != number + 1 {
                    *own = Own { transaction: number + 1, ..Own::default() };
                }
                match deed {
                    Step::Write { value, .. } => {
                        own.knows = Some(Some(*value));
                        own.has_written = true;
                        let write = writes.find(key, *value);
                        touches.touch(own, key, number).wrote = write;
                    }
                    Step::Read { value: Some(value), .. }
                        if transaction.fate == Fate::Committed =>
                    {
                        let reading = Reading { reader: number, step, key, value: *value };
                        look.at(&reading, own.knows, findings);
                        look.at_unwritten(&reading, initial, &mut unwritten, findings);
                        own.knows = Some(*value);
                        if !own.has_written {
                            let version = touches.version(writes, key, *value);
                            touches.touch(own, key, number).read.get_or_insert(version);
                        }
                    }
                    Step::Read { .. } => {}
                    Step::Append { .. } | Step::ReadList { .. } => {
                        unreachable!("only registers come here")
                    }
                }
            }
        }
        let reads = touches.all.iter().filter_map(|touch| Some((touch.read?, touch.transaction)));
        touches.readers = reads.collect();
        touches.readers.sort_unstable();
        touches.find_lost_updates(look, findings);
        touches
    }

    fn touch(&mut self, own: &mut Own, key: u32, transaction: Node) -> &mut Touch {
        if own.touch == 0 {
            self.all.push(Touch { key, transaction, read: None, wrote: None });
            own.touch = self.all.len() as u32;
        }
        &mut self.all[own.touch as usize - 1]
    }

    fn version(&self, writes: &Writes, key: u32, value: Option<u64>) -> Version {
        let Some(value) = value else { return self.nil(key) };
        writes.find(key, value).unwrap_or_else(|| {
            let stranger = self.strangers.binary_search(&(key, value));
            self.write_count + stranger.expect("every stranger was read before") as u32
        })
    }

    /// Two that read one version and each replaced it.
    fn find_lost_updates(&self, look: Look<'_>, findings: &mut Findings) {
        let is_committed = |touch: &&Touch| {
            look.teller.transactions[touch.transaction as usize].fate == Fate::Committed
        };
        let updates = self.all.iter().filter(is_committed);
        let mut updates: Vec<(Version, Node, u32)> = updates
            .filter_map(|touch| touch.wrote.and(Some((touch.read?, touch.transaction, touch.key))))
            .collect();
        updates.sort_unstable();
        for group in updates.chunk_by(|a, b| a.0 == b.0) {
            if let [(version, first, key), (_, second, _), ..] = *group {
                findings.add(Anomaly::LostUpdate, || {
                    let named = self.named(&look.teller, look.writes, version);
                    let name = look.writes.key_name(key);
                    let summary = format!(
                        "lost_update: {} transactions read key {} = {named} and each replaced it",
                        group.len(),
                        look.teller.key(name)
                    );
                    look.teller.evidence(summary, &[first, second], name)
                });
            }
        }
    }

    /// What every transaction shows, in order of transactions.
    pub(crate) fn all(&self) -> &[Touch] {
        &self.all
    }

    /// How many versions have a number.
    pub(crate) fn version_count(&self) -> usize {
        self.write_count as usize + self.strangers.len() + self.key_names.len()
    }

    /// Whatever a key held before anyone wrote to it.
    pub(crate) const BEGINNING: Version = Version::MAX;

    /// A version that was written, or the beginning.
    pub(crate) fn plain(&self, version: Version) -> Version {
        if version < self.write_count { version } else { Self::BEGINNING }
    }

    /// How many keys there are.
    pub(crate) fn key_count(&self) -> usize {
        self.key_names.len()
    }

    /// What each transaction shows, in order of transactions.
    pub(crate) fn by_transaction(&self) -> impl Iterator<Item = &[Touch]> {
        self.all.chunk_by(|a, b| a.transaction == b.transaction)
    }

    /// By transaction: whether it took effect, as far as anyone can say: it committed, or one that
    /// did has seen it.
    pub(crate) fn live(&self, transactions: &[Transaction], writes: &Writes) -> Vec<bool> {
        let mut live: Vec<bool> =
            transactions.iter().map(|one| one.fate == Fate::Committed).collect();
        for (version, _) in self.readers.iter().filter(|(read, _)| *read < self.write_count) {
            let writer = writes.get(*version).transaction as usize;
            live[writer] |= transactions[writer].fate == Fate::Unknown;
        }
        live
    }

    /// Reads that somebody else's write could have changed: what an answer covers.
    pub(crate) fn dependencies(&self, live: &[bool]) -> u64 {
        const NOBODY: Node = Node::MAX;
        const MANY: Node = Node::MAX - 1;
        let mut writer = vec![NOBODY; self.key_count()];
        for touch in &self.all {
            if touch.wrote.is_some() && live[touch.transaction as usize] {
                let writer = &mut writer[touch.key as usize];
                *writer = if *writer == NOBODY { touch.transaction } else { MANY };
            }
        }
        let is_open = |touch: &&Touch| {
            let writer = writer[touch.key as usize];
            touch.read.is_some() && writer != NOBODY && writer != touch.transaction
        };
        self.all.iter().filter(is_open).count() as u64
    }

    /// The beginning of a key.
    pub(crate) fn nil(&self, key: u32) -> Version {
        self.write_count + self.strangers.len() as u32 + key
    }

    /// The key that may begin with this version, if it is a beginning.
    pub(crate) fn is_beginning(&self, version: Version) -> Option<u32> {
        let stranger = version.checked_sub(self.write_count)?;
        match (self.strangers.get(stranger as usize), self.initial) {
            (None, _) => Some(stranger - self.strangers.len() as u32),
            (Some((key, _)), Initial::Unknown) => Some(*key),
            (Some((key, value)), Initial::Value(initial)) if *value == initial => Some(*key),
            (Some(_), Initial::Value(_) | Initial::Nothing) => None,
        }
    }

    /// What a key may have held before anyone wrote to it.
    pub(crate) fn beginnings(&self, key: u32) -> impl Iterator<Item = Version> + '_ {
        let first = self.strangers.partition_point(|(of, _)| *of < key) as u32;
        let end = self.strangers.partition_point(|(of, _)| *of <= key) as u32;
        let strangers = self.write_count + first..self.write_count + end;
        let may_begin = |version: &Version| self.is_beginning(*version).is_some();
        strangers.filter(may_begin).chain([self.nil(key)])
    }

    /// The key of a version.
    pub(crate) fn key_of(&self, writes: &Writes, version: Version) -> u32 {
        match version.checked_sub(self.write_count) {
            None => writes.get(version).key,
            Some(stranger) => match self.strangers.get(stranger as usize) {
                Some((key, _)) => *key,
                None => stranger - self.strangers.len() as u32,
            },
        }
    }

    /// What the file calls a version's value.
    pub(crate) fn named(&self, teller: &Teller<'_>, writes: &Writes, version: Version) -> String {
        match version.checked_sub(self.write_count) {
            None => teller.value(writes.get(version).value),
            Some(stranger) => match self.strangers.get(stranger as usize) {
                Some((_, value)) => teller.value(*value),
                None => "nil".to_owned(),
            },
        }
    }

    /// Who wrote a version that others can see: its transaction's last word on the key.
    pub(crate) fn writer(
        &self,
        transactions: &[Transaction],
        writes: &Writes,
        version: Version,
    ) -> Option<Node> {
        let write = (version < self.write_count).then(|| writes.get(version))?;
        let is_aborted = transactions[write.transaction as usize].fate == Fate::Aborted;
        (write.is_final && !is_aborted).then_some(write.transaction)
    }

    /// Every version that was read, and its readers.
    pub(crate) fn readers(&self) -> impl Iterator<Item = (Version, Vec<Node>)> + '_ {
        let groups = self.readers.chunk_by(|a, b| a.0 == b.0);
        groups.map(|group| (group[0].0, group.iter().map(|(_, reader)| *reader).collect()))
    }

    /// The readers of one version.
    pub(crate) fn readers_of(&self, version: Version) -> Vec<Node> {
        let first = self.readers.partition_point(|(read, _)| *read < version);
        let readers = self.readers[first..].iter().take_while(|(read, _)| *read == version);
        readers.map(|(_, reader)| *reader).collect()
    }

    /// What one transaction shows.
    pub(crate) fn of(&self, transaction: Node) -> &[Touch] {
        let first = self.all.partition_point(|touch| touch.transaction < transaction);
        let end = self.all.partition_point(|touch| touch.transaction <= transaction);
        &self.all[first..end]
    }

    /// Keys by name and versions that a transaction read.
    pub(crate) fn reads_of<'a>(
        &'a self,
        teller: &'a Teller<'_>,
        transaction: Node,
    ) -> impl Iterator<Item = (String, Version)> + 'a {
        let name = |key: u32| teller.key(self.key_names[key as usize]);
        let touches = self.of(transaction).iter();
        touches.filter_map(move |touch| Some((name(touch.key), touch.read?)))
    }

    /// Keys by name and versions that a transaction wrote.
    pub(crate) fn writes_of<'a>(
        &'a self,
        teller: &'a Teller<'_>,
        transaction: Node,
    ) -> impl Iterator<Item = (String, Version)> + 'a {
        let name = |key: u32| teller.key(self.key_names[key as usize]);
        let touches = self.of(transaction).iter();
        touches.filter_map(move |touch| Some((name(touch.key), touch.wrote?)))
    }

    /// What was taken to be older than the history, in words.
    pub(crate) fn older(&self, teller: Teller<'_>) -> Option<String> {
        let (key, value) = *self.strangers.first().filter(|_| self.initial == Initial::Unknown)?;
        let (key, value) = (teller.key(self.key_names[key as usize]), teller.value(value));
        let what = format!("key {key} held {value} before anyone wrote to it");
        Some(match self.strangers.len() {
            1 => what,
            count => format!("{what}; so with {count} keys"),
        })
    }
}

/// Keys and values that someone read and nobody wrote.
fn strangers(transactions: &[Transaction], writes: &Writes) -> Vec<(u32, u64)> {
    let committed = transactions.iter().filter(|transaction| transaction.fate == Fate::Committed);
    let mut strangers: Vec<(u32, u64)> = committed
        .flat_map(|transaction| &transaction.steps)
        .filter_map(|step| match step {
            Step::Read { key, value: Some(Some(value)) } => Some((writes.key(*key), *value)),
            Step::Read { .. } | Step::Write { .. } => None,
            Step::Append { .. } | Step::ReadList { .. } => None,
        })
        .filter(|(key, value)| writes.find(*key, *value).is_none())
        .collect();
    strangers.sort_unstable();
    strangers.dedup();
    strangers
}

/// One read of one register.
struct Reading {
    reader: Node,
    step: u32,
    key: u32,
    value: Option<u64>,
}

/// Looks at reads one by one.
#[derive(Clone, Copy)]
struct Look<'a> {
    teller: Teller<'a>,
    writes: &'a Writes,
}

impl Look<'_> {
    fn at(&self, reading: &Reading, knows: Option<Option<u64>>, findings: &mut Findings) {
        if let Some(expected) = knows.filter(|expected| *expected != reading.value) {
            findings.add(Anomaly::Internal, || {
                let expected = expected.map_or("nil".to_owned(), |value| self.teller.value(value));
                let what = format!("where by its own steps it must find {expected}");
                self.told("internal", reading, &[], &what)
            });
        }
        let write = reading.value.and_then(|value| self.writes.find(reading.key, value));
        let Some(write) = write.map(|write| self.writes.get(write)) else { return };
        let writer = write.transaction;
        if writer == reading.reader {
            if write.step > reading.step {
                let what = "which it wrote itself only later";
                findings.add(Anomaly::FutureRead, || self.told("future_read", reading, &[], what));
            }
        } else if self.teller.transactions[writer as usize].fate == Fate::Aborted {
            let what = "whose transaction was aborted";
            findings.add(Anomaly::G1a, || self.told("g1a", reading, &[writer], what));
        } else if !write.is_final {
            let what = "which the same transaction wrote over";
            findings.add(Anomaly::G1b, || self.told("g1b", reading, &[writer], what));
        }
    }

    /// A value that nobody wrote, where the key did not begin with it.
    fn at_unwritten(
        &self,
        reading: &Reading,
        initial: Initial,
        unwritten: &mut [Option<Option<u64>>],
        findings: &mut Findings,
    ) {
        if reading.value.is_some_and(|value| self.writes.find(reading.key, value).is_some()) {
            return;
        }
        let begins_with = match initial {
            Initial::Nothing => None,
            Initial::Value(value) => Some(value),
            Initial::Unknown => *unwritten[reading.key as usize].get_or_insert(reading.value),
        };
        if reading.value != begins_with {
            let begins_with =
                begins_with.map_or("nil".to_owned(), |value| self.teller.value(value));
            let what = match initial {
                Initial::Unknown => {
                    format!(
                        "which nobody wrote; another read shows that it began with {begins_with}"
                    )
                }
                Initial::Value(_) | Initial::Nothing => {
                    format!("which nobody wrote; it began with {begins_with}")
                }
            };
            findings.add(Anomaly::Phantom, || self.told("phantom", reading, &[], &what));
        }
    }

    fn told(&self, rule: &str, reading: &Reading, others: &[Node], what: &str) -> Evidence {
        let name = self.writes.key_name(reading.key);
        let process = self.teller.transactions[reading.reader as usize].process;
        let value = reading.value.map_or("nil".to_owned(), |value| self.teller.value(value));
        let key = self.teller.key(name);
        let summary = format!("{rule}: process {process} read key {key} = {value}, {what}");
        self.teller.evidence(summary, &[others, &[reading.reader]].concat(), name)
    }
}

//! What each transaction shows of each register from outside: the version that it read first and
//! the one that it wrote last; and what is wrong with reads one by one.

use super::versions::Version;
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
    pub(crate) fn read(teller: Teller<'_>, writes: &Writes, findings: &mut Findings) -> Touches {
        let mut touches = Touches {
            all: Vec::new(),
            write_count: writes.len() as u32,
            strangers: strangers(teller.transactions, writes),
            readers: Vec::new(),
            key_names: (0..writes.key_count() as u32).map(|key| writes.key_name(key)).collect(),
        };
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

    /// The beginning of a key.
    pub(crate) fn nil(&self, key: u32) -> Version {
        self.write_count + self.strangers.len() as u32 + key
    }

    /// The key that begins with this version, if it is a beginning.
    pub(crate) fn is_nil(&self, version: Version) -> Option<u32> {
        version.checked_sub(self.write_count + self.strangers.len() as u32)
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

    fn of(&self, transaction: Node) -> &[Touch] {
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

    /// A value that nobody wrote, in words.
    pub(crate) fn stranger(&self, teller: Teller<'_>) -> Option<String> {
        let (key, value) = *self.strangers.first()?;
        let (key, value) = (teller.key(self.key_names[key as usize]), teller.value(value));
        let what = format!(
            "phantom: key {key} was read to hold {value}, which nobody wrote: taken to be older"
        );
        Some(match self.strangers.len() {
            1 => what,
            count => format!("{what}; {count} values in all"),
        })
    }

    /// Reads of values that nobody wrote, where nothing is older than the history.
    pub(crate) fn find_phantoms(
        &self,
        teller: Teller<'_>,
        writes: &Writes,
        findings: &mut Findings,
    ) {
        let first = self.readers.partition_point(|(read, _)| *read < self.write_count);
        for (version, reader) in &self.readers[first..] {
            if self.is_nil(*version).is_some() {
                break;
            }
            findings.add(Anomaly::Phantom, || {
                let name = writes.key_name(self.key_of(writes, *version));
                let summary = format!(
                    "phantom: process {} read key {} = {}, which nobody wrote",
                    teller.transactions[*reader as usize].process,
                    teller.key(name),
                    self.named(&teller, writes, *version)
                );
                teller.evidence(summary, &[*reader], name)
            });
        }
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

    fn told(&self, rule: &str, reading: &Reading, others: &[Node], what: &str) -> Evidence {
        let name = self.writes.key_name(reading.key);
        let process = self.teller.transactions[reading.reader as usize].process;
        let value = reading.value.map_or("nil".to_owned(), |value| self.teller.value(value));
        let key = self.teller.key(name);
        let summary = format!("{rule}: process {process} read key {key} = {value}, {what}");
        self.teller.evidence(summary, &[others, &[reading.reader]].concat(), name)
    }
}

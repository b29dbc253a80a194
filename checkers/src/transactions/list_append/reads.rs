//! What the reads of lists say: whom they saw, whom they missed, and what should not be there.

use super::Lists;
use crate::{
    transactions::{
        Fate, Step,
        graph::{Edge, Links, Node},
        models::Anomaly,
        ruling::Findings,
        writes::WriteId,
    },
    verdict::Evidence,
};

/// What one transaction did to one key so far. Each transaction begins it anew.
#[derive(Clone, Debug, Default)]
struct Own<'a> {
    /// The transaction, plus one.
    transaction: u32,
    /// What it last read.
    read: Option<&'a [u64]>,
    /// What it appended since.
    appended: Vec<u64>,
    /// The version that it read before it first appended.
    base: Option<u32>,
    has_appended: bool,
    /// The longest version that it read.
    seen: u32,
}

/// A read of one key, which is told of once.
struct Reading<'a> {
    reader: Node,
    step: u32,
    key: u32,
    name: u64,
    values: &'a [u64],
}

/// What must be looked at together, once every transaction was.
#[derive(Default)]
struct Gathered {
    /// Key and reader: reads after which no version is shown.
    at_the_end: Vec<(u32, Node)>,
    /// Key, version and transaction: it read the version and then appended.
    updates: Vec<(u32, u32, Node)>,
}

impl<'a> Lists<'a> {
    /// Through every committed transaction.
    pub(super) fn follow_reads(&self, links: &mut Links, findings: &mut Findings) {
        let mut owns: Vec<Own<'a>> = vec![Own::default(); self.writes.key_count()];
        let mut gathered = Gathered::default();
        for (number, transaction) in (0..).zip(self.teller.transactions) {
            if transaction.fate != Fate::Committed {
                continue;
            }
            for (step, deed) in (0..).zip(&transaction.steps) {
                let name = deed.key();
                let key = self.writes.key(name);
                let own = &mut owns[key as usize];
                if own.transaction != number + 1 {
                    let appended = std::mem::take(&mut own.appended);
                    *own = Own { transaction: number + 1, appended, ..Own::default() };
                    own.appended.clear();
                }
                match deed {
                    Step::Append { value, .. } => {
                        self.append(own, (key, *value), number, findings, &mut gathered);
                    }
                    Step::ReadList { values: Some(values), .. } => {
                        let reading = Reading { reader: number, step, key, name, values };
                        self.read(own, &reading, findings);
                        self.link(&reading, links, &mut gathered);
                    }
                    Step::ReadList { values: None, .. } => {}
                    Step::Write { .. } | Step::Read { .. } => unreachable!("only lists come here"),
                }
            }
        }
        self.link_ends(gathered.at_the_end, links);
        self.find_lost_updates(gathered.updates, findings);
    }

    fn append(
        &self,
        own: &mut Own<'a>,
        (key, value): (u32, u64),
        number: Node,
        findings: &mut Findings,
        gathered: &mut Gathered,
    ) {
        let write = self.writes.find(key, value).expect("every append was read before");
        if self.orders.position(write).is_some_and(|position| position < own.seen) {
            findings.add(Anomaly::FutureRead, || self.future_read(key, number, value));
        }
        own.appended.push(value);
        if !own.has_appended {
            own.has_appended = true;
            if let Some(base) = own.base {
                gathered.updates.push((key, base, number));
            }
        }
    }

    fn read(&self, own: &mut Own<'a>, reading: &Reading<'a>, findings: &mut Findings) {
        let Reading { key, values, .. } = *reading;
        let agrees = match own.read {
            Some(read) => values
                .strip_prefix(read)
                .is_some_and(|appended| appended == own.appended.as_slice()),
            None => values.ends_with(&own.appended),
        };
        if !agrees {
            findings.add(Anomaly::Internal, || self.internal(own, reading));
        }
        own.read = Some(values);
        own.appended.clear();
        let len = values.len() as u32;
        if self.orders.is_beginning(key, values) {
            if !own.has_appended {
                own.base.get_or_insert(len);
            }
            own.seen = own.seen.max(len);
            self.look_at(reading, findings);
        } else {
            findings.add(Anomaly::IncompatibleOrder, || self.incompatible(reading));
            self.look_through(reading, findings);
        }
        let last = values.last().and_then(|last| self.writes.find(key, *last));
        if let Some(last) = last {
            let write = self.writes.get(last);
            let is_aborted = self.writes.fate(self.teller.transactions, last) == Fate::Aborted;
            if !write.is_final && write.transaction != reading.reader && !is_aborted {
                findings.add(Anomaly::G1b, || self.intermediate(reading, last));
            }
        }
    }

    /// A read that is a beginning of the longest one has its flaws, as far as it goes.
    fn look_at(&self, reading: &Reading<'a>, findings: &mut Findings) {
        let (flaws, len) = (self.orders.flaws(reading.key), reading.values.len() as u32);
        let shown = |flaw: Option<u32>| flaw.filter(|place| *place < len);
        let value = |place: u32| reading.values[place as usize];
        if let Some(place) = shown(flaws.aborted) {
            findings.add(Anomaly::G1a, || self.aborted(reading, value(place)));
        }
        if let Some(place) = shown(flaws.phantom) {
            findings.add(Anomaly::Phantom, || self.phantom(reading, value(place)));
        }
        if let Some(place) = shown(flaws.duplicate) {
            findings.add(Anomaly::DuplicateElements, || self.duplicate(reading, value(place)));
        }
    }

    /// Any other read is looked through, element by element.
    fn look_through(&self, reading: &Reading<'a>, findings: &mut Findings) {
        let mut sorted = reading.values.to_vec();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            findings.add(Anomaly::DuplicateElements, || self.duplicate(reading, twice[0]));
        }
        let (mut has_aborted, mut has_phantom) = (false, false);
        for value in reading.values {
            let Some(write) = self.writes.find(reading.key, *value) else {
                if !std::mem::replace(&mut has_phantom, true) {
                    findings.add(Anomaly::Phantom, || self.phantom(reading, *value));
                }
                continue;
            };
            let own = self.writes.get(write);
            if own.transaction == reading.reader && own.step > reading.step {
                findings.add(Anomaly::FutureRead, || {
                    self.future_read(reading.key, reading.reader, *value)
                });
            }
            let is_aborted = self.writes.fate(self.teller.transactions, write) == Fate::Aborted;
            if is_aborted && !std::mem::replace(&mut has_aborted, true) {
                findings.add(Anomaly::G1a, || self.aborted(reading, *value));
            }
        }
    }

    /// Whom the read saw, and whom it missed.
    fn link(&self, reading: &Reading<'a>, links: &mut Links, gathered: &mut Gathered) {
        let Reading { reader, key, values, .. } = *reading;
        if let Some(write) = self.source(key, values) {
            links.link(self.writes.get(write).transaction, reader, Edge::Wr);
        }
        if self.orders.is_beginning(key, values) {
            match self.orders.next_after(key, values.len() as u32) {
                Some(next) => links.link(reader, self.writes.get(next).transaction, Edge::Rw),
                None => gathered.at_the_end.push((key, reader)),
            }
        }
    }

    /// Who read all that is shown of a key missed all that is not.
    fn link_ends(&self, mut at_the_end: Vec<(u32, Node)>, links: &mut Links) {
        at_the_end.sort_unstable();
        for group in at_the_end.chunk_by(|a, b| a.0 == b.0) {
            let mut unseen: Vec<Node> = self.unseen(group[0].0).collect();
            if !unseen.is_empty() {
                let mut readers = group.iter().map(|(_, reader)| *reader).collect();
                links.link_all(&mut readers, &mut unseen, Edge::Rw);
            }
        }
    }

    fn find_lost_updates(&self, mut updates: Vec<(u32, u32, Node)>, findings: &mut Findings) {
        updates.sort_unstable();
        for group in updates.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            if let [(key, len, first), (.., second), ..] = *group {
                findings.add(Anomaly::LostUpdate, || {
                    let (name, (longest, _)) =
                        (self.writes.key_name(key), self.orders.longest(key));
                    let summary = format!(
                        "lost_update: {} transactions read key {} = {} and each appended to that",
                        group.len(),
                        self.teller.key(name),
                        self.teller.list(&longest[..len as usize])
                    );
                    self.teller.evidence(summary, &[first, second], name)
                });
            }
        }
    }

    fn told(&self, reading: &Reading<'_>, others: &[Node], what: String) -> Evidence {
        let teller = &self.teller;
        let process = teller.transactions[reading.reader as usize].process;
        let (key, list) = (teller.key(reading.name), teller.list(reading.values));
        let (rule, what) = what.split_once(": ").expect("a rule and what it says");
        let summary = format!("{rule}: process {process} read key {key} = {list}, {what}");
        self.teller.evidence(summary, &[others, &[reading.reader]].concat(), reading.name)
    }

    fn aborted(&self, reading: &Reading<'_>, value: u64) -> Evidence {
        let write = self.writes.find(reading.key, value).expect("an aborted append");
        let told = self.teller.value(value);
        let what = format!("g1a: with {told}, whose transaction was aborted");
        self.told(reading, &[self.writes.get(write).transaction], what)
    }

    fn phantom(&self, reading: &Reading<'_>, value: u64) -> Evidence {
        let what = format!("phantom: with {}, which nobody appended", self.teller.value(value));
        self.told(reading, &[], what)
    }

    fn duplicate(&self, reading: &Reading<'_>, value: u64) -> Evidence {
        let told = self.teller.value(value);
        let what = format!("duplicate_elements: with {told} twice, which was appended once");
        let writer = self.writes.find(reading.key, value);
        let writer = writer.map(|write| self.writes.get(write).transaction);
        self.told(reading, writer.as_slice(), what)
    }

    fn incompatible(&self, reading: &Reading<'_>) -> Evidence {
        let (longest, reader) = self.orders.longest(reading.key);
        let other = self.teller.list(longest);
        let what = format!(
            "incompatible_order: and that is no beginning of {other}, which was read as well"
        );
        self.told(reading, &[reader], what)
    }

    fn intermediate(&self, reading: &Reading<'_>, write: WriteId) -> Evidence {
        let write = self.writes.get(write);
        let told = self.teller.value(write.value);
        let what = format!("g1b: up to {told}, after which the same transaction appended more");
        self.told(reading, &[write.transaction], what)
    }

    fn internal(&self, own: &Own<'_>, reading: &Reading<'_>) -> Evidence {
        let expected = [own.read.unwrap_or_default(), &own.appended].concat();
        let expected = match own.read {
            Some(_) => self.teller.list(&expected),
            None => format!("a list that ends with {}", self.teller.list(&expected)),
        };
        let what = format!("internal: where by its own steps it must find {expected}");
        self.told(reading, &[], what)
    }

    fn future_read(&self, key: u32, number: Node, value: u64) -> Evidence {
        let name = self.writes.key_name(key);
        let summary = format!(
            "future_read: process {} read {} in key {} before it appended it itself",
            self.teller.transactions[number as usize].process,
            self.teller.value(value),
            self.teller.key(name)
        );
        self.teller.evidence(summary, &[number], name)
    }
}

//! **list_append**: transactions that append to lists and read them whole (Kingsbury & Alvaro, VLDB
//! 2020). Every read shows the past of its list, so the order of its versions is known, and with it
//! who must have come before whom; where that goes in a circle, the isolation is broken.
//!
//! Beside cycles it reports what needs no graph: reads of aborted or half-done transactions (*g1a*,
//! *g1b*), of what nobody appended or of one thing twice (*phantom*, *duplicate_elements*), lists
//! that do not grow out of one another (*incompatible_order*), transactions that contradict
//! themselves (*internal*, *future_read*), and updates that went into nothing (*dirty_update*,
//! *lost_update*). A read whose result is unknown says nothing; a transaction whose outcome is
//! unknown took effect where somebody saw it.

mod orders;
mod reads;

use super::{
    Fate, Names, Step, Transaction,
    core::Question,
    cycles::{self, Cycle},
    graph::{Edge, Edges, Graph, Links, Node},
    models::{Anomaly, Model, Order, Rule},
    order::{self, Span},
    proof,
    ruling::{Findings, TransactionsRuling},
    teller::Teller,
    view::View,
    writes::Writes,
};
use crate::{linearizability::Budget, verdict::Evidence};
use orders::Orders;

/// Judges transactions of appends and reads of lists under a model.
pub fn judge_list_append(
    transactions: &[Transaction],
    model: &Model,
    names: &dyn Names,
    budget: Budget,
) -> TransactionsRuling {
    if let Some(stray) =
        transactions.iter().flat_map(|transaction| &transaction.steps).find(|step| match step {
            Step::Append { .. } | Step::ReadList { .. } => false,
            Step::Write { .. } | Step::Read { .. } => true,
        })
    {
        return TransactionsRuling::unknown(format!(
            "malformed history: key {} is a register and not a list",
            names.key(stray.key())
        ));
    }
    let writes = match Writes::read(transactions, names) {
        Ok(writes) => writes,
        Err(why) => return TransactionsRuling::unknown(why),
    };
    let orders = Orders::read(transactions, &writes);
    let lists = Lists { teller: Teller { transactions, names }, writes: &writes, orders: &orders };
    let mut findings = Findings::default();
    let mut links = Links::new(transactions.len(), budget.bytes);
    lists.follow_versions(&mut links, &mut findings);
    lists.follow_reads(&mut links, &mut findings);
    let spans: Vec<Option<Span>> = transactions.iter().map(Span::of).collect();
    order::link(&mut links, &spans);
    let dependencies = links.dependencies();
    let Some(graph) = links.finish() else {
        return findings.cut_short(model, "out of bytes: the dependencies did not fit");
    };
    let mut steps = budget.steps;
    let cycles = cycles::search(&graph, Edges::ALL, &mut steps);
    findings.add_cycles(&cycles, |cycle| lists.tell(cycle));
    let is_serial = is_serial(&graph, &cycles, model);
    drop(graph);
    if !findings.is_forbidden(model) && !is_serial && !lists.is_told_by_cycles(model) {
        let question = Question { model, names, budget };
        question.ask(transactions, &lists.view(), &mut findings, &|less| {
            let writes = Writes::read(less, names).ok()?;
            let orders = Orders::read(less, &writes);
            let teller = Teller { transactions: less, names };
            Some(Lists { teller, writes: &writes, orders: &orders }.view())
        });
    }
    findings.rule(model, dependencies)
}

/// Whether what is known goes in no circle at all: then the transactions can follow one another,
/// and what nobody read can be put in any order that does. That keeps every model.
fn is_serial(graph: &Graph, cycles: &cycles::Cycles, model: &Model) -> bool {
    use Edge::{Process, Realtime, Rw, Wr, Ww};
    let kinds = match model.time {
        Order::Data => Edges::of(&[Ww, Wr, Rw]),
        Order::Process => Edges::of(&[Ww, Wr, Rw, Process]),
        Order::Realtime => Edges::of(&[Ww, Wr, Rw, Process, Realtime]),
    };
    let is_clean = cycles.found.is_empty() && cycles.unsearched.is_empty();
    is_clean || graph.components(kinds).large().is_empty()
}

/// A history of lists, and what is known of it.
struct Lists<'a> {
    teller: Teller<'a>,
    writes: &'a Writes,
    orders: &'a Orders<'a>,
}

impl Lists<'_> {
    /// Along the versions of every key: who wrote after whom, and who wrote on top of nothing.
    fn follow_versions(&self, links: &mut Links, findings: &mut Findings) {
        for key in 0..self.writes.key_count() as u32 {
            let mut last: Option<Node> = None;
            for write in self.orders.versions(key) {
                let writer = self.writes.get(write).transaction;
                if let Some(last) = last {
                    links.link(last, writer, Edge::Ww);
                }
                last = Some(writer);
            }
            for writer in self.unseen(key) {
                if let Some(last) = last {
                    links.link(last, writer, Edge::Ww);
                }
            }
            self.find_dirty_updates(key, findings);
        }
    }

    /// Whether cycles alone say what the model asks: every version has its place but one of each
    /// key, and the model is told by the shape of its cycles.
    fn is_told_by_cycles(&self, model: &Model) -> bool {
        let is_by_shape = match model.rule {
            Rule::Free | Rule::Committed | Rule::Consistent | Rule::Snapshot | Rule::Serial => {
                model.implied_by.is_none()
            }
            Rule::MonotonicAtomic | Rule::Cursor | Rule::ReadAtomic => false,
            Rule::UpdateAtomic | Rule::Causal | Rule::Prefix => false,
        };
        let is_placed = |key: u32| self.unseen(key).take(2).count() < 2;
        is_by_shape && (0..self.writes.key_count() as u32).all(is_placed)
    }

    /// The history as its transactions see one another. What a list shows at its end was last
    /// written; what a transaction appended itself says nothing of others.
    fn view(&self) -> View {
        let sees = |number: Node, step: &Step| match step {
            Step::ReadList { key, values: Some(values) } => {
                let key = self.writes.key(*key);
                let shown = values.iter().filter_map(|value| self.writes.find(key, *value));
                let is_other = |write: &u32| self.writes.get(*write).transaction != number;
                let mut shown: Vec<u32> = shown.filter(is_other).collect();
                Some((key, shown.pop(), shown))
            }
            Step::ReadList { values: None, .. } | Step::Append { .. } => None,
            Step::Write { .. } | Step::Read { .. } => None,
        };
        let keys = 0..self.writes.key_count() as u32;
        let mut known = keys.flat_map(|key| {
            let versions: Vec<u32> = self.orders.versions(key).collect();
            let last = versions.last().copied();
            let unseen =
                self.writes.of_key(key).filter(|write| self.orders.position(*write).is_none());
            let unseen: Vec<(u32, u32)> = last
                .into_iter()
                .flat_map(|last| unseen.clone().map(move |write| (last, write)))
                .collect();
            let steps: Vec<(u32, u32)> = versions.windows(2).map(|two| (two[0], two[1])).collect();
            [steps, unseen].concat()
        });
        View::of(self.teller.transactions, self.writes, &sees, &mut known)
    }

    /// Who appended to a key what no read shows, and may have committed.
    fn unseen(&self, key: u32) -> impl Iterator<Item = Node> + '_ {
        let transactions = self.teller.transactions;
        self.writes
            .of_key(key)
            .filter(|write| self.orders.position(*write).is_none())
            .filter(|write| self.writes.fate(transactions, *write) != Fate::Aborted)
            .map(|write| self.writes.get(write).transaction)
    }

    /// A committed version that grew out of an aborted one, with nothing in between but what no one
    /// can say.
    fn find_dirty_updates(&self, key: u32, findings: &mut Findings) {
        let Some(first) = self.orders.flaws(key).aborted else { return };
        let (values, _) = self.orders.longest(key);
        let mut aborted = None;
        for value in &values[first as usize..] {
            let Some(write) = self.writes.find(key, *value) else { continue };
            let writer = self.writes.get(write).transaction;
            match (self.teller.transactions[writer as usize].fate, aborted) {
                (Fate::Aborted, None) => aborted = Some((*value, writer)),
                (Fate::Committed, Some((dirty, by))) => {
                    findings.add(Anomaly::DirtyUpdate, || {
                        self.dirty_update(key, (dirty, by), (*value, writer))
                    });
                    aborted = None;
                }
                (Fate::Aborted | Fate::Unknown, _) | (Fate::Committed, None) => {}
            }
        }
    }

    fn dirty_update(
        &self,
        key: u32,
        (dirty, by): (u64, Node),
        (value, writer): (u64, Node),
    ) -> Evidence {
        let name = self.writes.key_name(key);
        let teller = &self.teller;
        let summary = format!(
            "dirty_update: {} was appended to key {} on top of {}, whose transaction was aborted",
            teller.value(value),
            teller.key(name),
            teller.value(dirty)
        );
        let (_, reader) = self.orders.longest(key);
        self.teller.evidence(summary, &[by, writer, reader], name)
    }

    /// The evidence of a cycle.
    fn tell(&self, cycle: &Cycle) -> Evidence {
        proof::told_by(self.teller, cycle, &|from, edge, to| self.why(from, edge, to))
    }

    fn why(&self, (a, a_name): (Node, &str), edge: Edge, (b, b_name): (Node, &str)) -> String {
        let teller = &self.teller;
        let (first, second) = (&teller.transactions[a as usize], &teller.transactions[b as usize]);
        let value = |write| teller.value(self.writes.get(write).value);
        let is_by = |write, node| self.writes.get(write).transaction == node;
        let told = match edge {
            Edge::Ww => second.steps.iter().find_map(|step| {
                let Step::Append { key: name, value: appended } = step else { return None };
                let key = self.writes.key(*name);
                let before = self.orders.before(key, self.writes.find(key, *appended)?)?;
                is_by(before, a).then(|| {
                    let (before, after) = (value(before), teller.value(*appended));
                    let name = teller.key(*name);
                    format!(
                        "{a_name} appended {before} to key {name} before {b_name} appended {after}"
                    )
                })
            }),
            Edge::Wr => second.steps.iter().find_map(|step| {
                let Step::ReadList { key: name, values: Some(values) } = step else { return None };
                let write = self.source(self.writes.key(*name), values)?;
                is_by(write, a).then(|| {
                    let name = teller.key(*name);
                    format!("{b_name} read {} in key {name}, which {a_name} appended", value(write))
                })
            }),
            Edge::Rw => first.steps.iter().find_map(|step| {
                let Step::ReadList { key: name, values: Some(values) } = step else { return None };
                let key = self.writes.key(*name);
                let missed = self.missed(key, values, b)?;
                let (name, read) = (teller.key(*name), teller.list(values));
                let missed = value(missed);
                Some(format!(
                    "{a_name} read key {name} = {read} without {missed}, which {b_name} appended"
                ))
            }),
            Edge::Process => Some(teller.in_process((a, a_name), b_name)),
            Edge::Realtime => Some(teller.in_time((a, a_name), (b, b_name))),
            Edge::Free => None,
        };
        told.expect("every edge has its reason in the steps of its transactions")
    }

    /// The last version that a read shows.
    fn source(&self, key: u32, values: &[u64]) -> Option<u32> {
        match self.orders.is_beginning(key, values) {
            true => self.orders.last_within(key, values.len() as u32),
            false => {
                let write = self.writes.find(key, *values.last()?)?;
                let is_aborted = self.writes.fate(self.teller.transactions, write) == Fate::Aborted;
                (!is_aborted).then_some(write)
            }
        }
    }

    /// The write of this transaction that comes right after what was read.
    fn missed(&self, key: u32, values: &[u64], writer: Node) -> Option<u32> {
        if !self.orders.is_beginning(key, values) {
            return None;
        }
        let is_own = |write: &u32| self.writes.get(*write).transaction == writer;
        match self.orders.next_after(key, values.len() as u32) {
            Some(next) => Some(next).filter(is_own),
            None => {
                let mut unseen = self.writes.of_key(key);
                unseen.find(|write| self.orders.position(*write).is_none() && is_own(write))
            }
        }
    }
}

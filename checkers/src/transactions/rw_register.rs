//! **rw_register**: transactions that write and read registers, each value once (Kingsbury & Alvaro,
//! VLDB 2020). A read tells whom it read from; the order of versions must be inferred, so that less
//! is provable than with lists.
//!
//! Certain is that every register begins without a value. What else puts one version before another
//! is an [`Inference`], which the caller allows, because it is an assumption about the system: that a
//! transaction's write follows its read of the same key, that each key alone keeps the order of each
//! process, or of real time. Where they contradict themselves, that is *cyclic_versions*, and the
//! key goes without.
//!
//! Only what a transaction reads first and writes last in a key is seen from outside. A value that
//! nobody wrote may be older than the history; it is permitted and told, unless the caller says that
//! nothing is older.

mod reads;
mod versions;

use super::{
    Names, Step, Transaction,
    cycles::{self, Cycle},
    graph::{Edge, Edges, Links, Node},
    models::{Anomaly, Model},
    order::{self, Span},
    proof,
    ruling::{Findings, TransactionsRuling},
    teller::Teller,
    writes::Writes,
};
use crate::{linearizability::Budget, verdict::Evidence};
use reads::Touches;
use versions::{Version, Versions};

/// What may be assumed of registers. The default assumes nothing, as Elle's does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inference {
    /// Within a transaction, the write of a key comes after its read of it.
    pub writes_follow_reads: bool,
    /// Each key alone is sequentially consistent: what a process touches later is no older.
    pub sequential_keys: bool,
    /// Each key alone is linearizable: what is touched after something ended is no older.
    pub linearizable_keys: bool,
    /// Every value that is read was written in this history.
    pub is_complete: bool,
}

/// Judges transactions of reads and writes of registers under a model.
pub fn judge_rw_register(
    transactions: &[Transaction],
    model: &Model,
    inference: Inference,
    names: &dyn Names,
    budget: Budget,
) -> TransactionsRuling {
    if let Some(stray) =
        transactions.iter().flat_map(|transaction| &transaction.steps).find(|step| match step {
            Step::Write { .. } | Step::Read { .. } => false,
            Step::Append { .. } | Step::ReadList { .. } => true,
        })
    {
        return TransactionsRuling::unknown(format!(
            "malformed history: key {} is a list and not a register",
            names.key(stray.key())
        ));
    }
    let writes = match Writes::read(transactions, names) {
        Ok(writes) => writes,
        Err(why) => return TransactionsRuling::unknown(why),
    };
    let mut findings = Findings::default();
    let teller = Teller { transactions, names };
    let touches = Touches::read(teller, &writes, &mut findings);
    if inference.is_complete {
        touches.find_phantoms(teller, &writes, &mut findings);
    }
    let versions =
        match Versions::infer(teller, &writes, &touches, inference, &mut findings, budget) {
            Some(versions) => versions,
            None => {
                return findings
                    .cut_short(model, "out of bytes: the order of versions did not fit");
            }
        };
    let registers = Registers { teller, writes: &writes, touches: &touches, versions: &versions };
    let mut links = Links::new(transactions.len(), budget.bytes);
    registers.link(&mut links);
    let spans: Vec<Option<Span>> = transactions.iter().map(Span::of).collect();
    order::link(&mut links, &spans);
    let dependencies = links.dependencies();
    let Some(graph) = links.finish() else {
        return findings.cut_short(model, "out of bytes: the dependencies did not fit");
    };
    let mut steps = budget.steps;
    let cycles = cycles::search(&graph, Edges::ALL, &mut steps);
    for found in &cycles.found {
        let anomaly = Anomaly::Cycle(found.kind.0, found.kind.1);
        findings.add_many(anomaly, found.count, || registers.tell(&found.cycle));
    }
    for (shape, order) in cycles.unsearched {
        findings.doubt(Anomaly::Cycle(shape, order));
    }
    let mut ruling = findings.rule(model, dependencies);
    if !inference.is_complete {
        ruling.permitted.extend(touches.stranger(teller));
    }
    ruling
}

/// A history of registers, and what is known of it.
struct Registers<'a> {
    teller: Teller<'a>,
    writes: &'a Writes,
    touches: &'a Touches,
    versions: &'a Versions,
}

impl Registers<'_> {
    fn link(&self, links: &mut Links) {
        for (version, readers) in self.touches.readers() {
            if let Some(writer) = self.writer(version) {
                readers.iter().for_each(|reader| links.link(writer, *reader, Edge::Wr));
            }
        }
        let mut readers: Vec<Node> = Vec::new();
        let mut writers: Vec<Node> = Vec::new();
        let mut link = |version: Version, later: &mut Vec<Node>, links: &mut Links| {
            readers.clear();
            readers.extend(self.touches.readers_of(version));
            if !readers.is_empty() && !later.is_empty() {
                links.link_all(&mut readers, later, Edge::Rw);
            }
        };
        for key in 0..self.writes.key_count() as u32 {
            writers.clear();
            writers.extend(self.writes.of_key(key).filter_map(|write| self.writer(write)));
            link(self.touches.nil(key), &mut writers, links);
        }
        for (version, later) in self.versions.later() {
            writers.clear();
            writers.extend(later.iter().filter_map(|(_, later)| self.writer(*later)));
            if let Some(writer) = self.writer(version) {
                writers.iter().for_each(|later| links.link(writer, *later, Edge::Ww));
            }
            link(version, &mut writers, links);
        }
    }

    /// Who wrote a version that others can see.
    fn writer(&self, version: Version) -> Option<Node> {
        self.touches.writer(self.teller.transactions, self.writes, version)
    }

    /// The evidence of a cycle.
    fn tell(&self, cycle: &Cycle) -> Evidence {
        let keys = self.teller.shared_keys(cycle.steps.iter().map(|(node, _)| *node));
        let why = |from: (Node, &str), edge, to: (Node, &str)| self.why(from, edge, to);
        proof::tell(cycle, &|node| self.teller.deeds(node, &keys), &why)
    }

    fn why(&self, (a, a_name): (Node, &str), edge: Edge, (b, b_name): (Node, &str)) -> String {
        let teller = &self.teller;
        let first = &teller.transactions[a as usize];
        let named = |version: Version| self.touches.named(teller, self.writes, version);
        let told = match edge {
            Edge::Wr => self.touches.reads_of(teller, b).find_map(|(key, version)| {
                (self.writer(version) == Some(a)).then(|| {
                    format!("{a_name} wrote {} to key {key}, which {b_name} read", named(version))
                })
            }),
            Edge::Ww => self.touches.writes_of(teller, a).find_map(|(key, version)| {
                let later = self.versions.after(version).iter().map(|(_, later)| *later);
                let later = { later }.find(|later| self.writer(*later) == Some(b))?;
                let (before, after) = (named(version), named(later));
                Some(format!("{a_name} wrote {before} to key {key} before {b_name} wrote {after}"))
            }),
            Edge::Rw => self.touches.reads_of(teller, a).find_map(|(key, version)| {
                let is_next = |later: &Version| self.writer(*later) == Some(b);
                let next = match self.touches.is_nil(version) {
                    Some(key) => self.writes.of_key(key).find(is_next),
                    None => {
                        let mut later =
                            self.versions.after(version).iter().map(|(_, later)| *later);
                        later.find(is_next)
                    }
                };
                let (read, next) = (named(version), named(next?));
                Some(format!("{a_name} read key {key} = {read} before {b_name} wrote {next}"))
            }),
            Edge::Process => {
                Some(format!("process {} did {a_name} before {b_name}", first.process))
            }
            Edge::Realtime => Some(teller.in_time((a, a_name), (b, b_name))),
            Edge::Free => None,
        };
        told.expect("every edge has its reason in the steps of its transactions")
    }
}

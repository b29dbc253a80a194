//! **rw_register**: transactions that write and read registers, each value once (Kingsbury & Alvaro,
//! VLDB 2020). A read tells whom it read from; the order of versions must be inferred, so that less
//! is provable than with lists.
//!
//! Certain is what each key begins with ([`Initial`]), and that where a model forbids information to
//! go in a circle a transaction's write follows its read of the same key. What else puts one version
//! before another is an [`Inference`]: that each key alone keeps the order of each process, or of
//! real time. It follows from models that promise as much for transactions (*sequential* from
//! strong-session serializability and snapshot isolation, *linearizable* from the strict ones), and
//! from no other; elsewhere the caller may assume it, and the ruling says so. Where inferences
//! contradict themselves, that is *cyclic_versions*, and the key goes without.
//!
//! What is found that way is told with its cycle. That nothing was found is no proof. So there is
//! either an order in which the transactions explain one another one after the other (`serial`), or
//! the order of versions is searched (`open`); if none is found within the budget, no one can say.
//!
//! Only what a transaction reads first and writes last in a key is seen from outside. A value that
//! somebody wrote twice says nothing of whom a read saw, and its key is left out (`twice`).

mod reads;
mod serial;
mod twice;
mod versions;

use super::{
    Names, Step, Transaction,
    core::Question,
    cycles::{self, Cycle},
    graph::{Edge, Edges, Graph, Links, Node},
    models::{Anomaly, Model, Order, Rule, Shape},
    order::{self, Span},
    proof,
    ruling::{Findings, TransactionsRuling},
    teller::Teller,
    view::View,
    writes::Writes,
};
use crate::{linearizability::Budget, verdict::Evidence};
use reads::{Touches, Version};
use versions::Versions;

/// What every key holds before anyone writes to it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Initial {
    /// Nothing: a read finds nil.
    #[default]
    Nothing,
    /// This value.
    Value(u64),
    /// One value that nobody wrote, or nothing; each key its own.
    Unknown,
}

/// What is known of registers beside what their model promises. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Inference {
    /// Within a transaction, the write of a key comes after its read of it.
    pub writes_follow_reads: bool,
    /// Each key alone is sequentially consistent: what a process touches later is no older.
    pub sequential_keys: bool,
    /// Each key alone is linearizable: what is touched after something ended is no older.
    pub linearizable_keys: bool,
    /// What keys hold at first.
    pub initial: Initial,
}

impl Inference {
    /// What a model itself implies, and where each assumption comes from, in words.
    fn with(self, model: &Model) -> (Inference, Vec<String>) {
        let is_ordered = matches!(model.rule, Rule::Snapshot | Rule::Serial);
        let implied = Inference {
            writes_follow_reads: model.forbids(Anomaly::Cycle(Shape::G1c, Order::Data)),
            sequential_keys: is_ordered && model.time == Order::Process,
            linearizable_keys: is_ordered && model.time == Order::Realtime,
            initial: self.initial,
        };
        let name = model.name;
        let mut told = Vec::new();
        let mut tell = |what: &str, flag: &str, is_implied: bool, is_assumed: bool| {
            if is_implied {
                told.push(format!("{what}: that follows from {name}"));
            } else if is_assumed {
                told.push(format!("{what}: assumed, for {name} does not imply it (--{flag})"));
            }
            is_implied || is_assumed
        };
        let writes_follow_reads = tell(
            "a write follows the transaction's own read of the key",
            "wfr-keys",
            implied.writes_follow_reads,
            self.writes_follow_reads,
        );
        let sequential_keys = tell(
            "each key keeps the order of each process",
            "sequential-keys",
            implied.sequential_keys,
            self.sequential_keys,
        );
        let linearizable_keys = tell(
            "each key is linearizable",
            "linearizable-keys",
            implied.linearizable_keys,
            self.linearizable_keys,
        );
        let all = Inference { writes_follow_reads, sequential_keys, linearizable_keys, ..implied };
        (all, told)
    }
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
    let (known, assumptions) = inference.with(model);
    let bench = Bench { model, assumed: inference, known, names, budget };
    let parted = twice::part(transactions, inference.initial, names);
    let (transactions, doubt) = match &parted {
        Some(parted) => (&parted.transactions[..], parted.doubt.as_ref()),
        None => (transactions, None),
    };
    let mut ruling = bench.judge(transactions).doubted(doubt);
    ruling.assumptions = assumptions;
    ruling
}

/// What a history of registers is judged by.
struct Bench<'a> {
    model: &'a Model,
    /// What the caller allows.
    assumed: Inference,
    /// The same, and what the model implies.
    known: Inference,
    names: &'a dyn Names,
    budget: Budget,
}

impl Bench<'_> {
    fn judge(&self, transactions: &[Transaction]) -> TransactionsRuling {
        let writes = match Writes::read(transactions, self.names) {
            Ok(writes) => writes,
            Err(why) => return TransactionsRuling::unknown(why),
        };
        let mut findings = Findings::default();
        let teller = Teller { transactions, names: self.names };
        let touches = Touches::read(teller, &writes, self.known.initial, &mut findings);
        let live = touches.live(transactions, &writes);
        let covered = touches.dependencies(&live);
        let registers = Case { teller, writes: &writes, touches: &touches };
        let is_plain = findings.is_empty();
        if is_plain && serial::is_as_ended(transactions, &touches, &live) {
            return self.told(findings, covered, &registers);
        }
        // What each key's own order says costs most and is seldom needed: it comes second.
        let Inference { sequential_keys, linearizable_keys, .. } = self.assumed;
        let cheap = Inference { sequential_keys, linearizable_keys, ..self.known };
        let is_cheap = cheap == self.known;
        let mut first = findings.clone();
        let graph = match registers.find_cycles(cheap, &mut first, self.budget) {
            Ok((graph, _)) => graph,
            Err(why) => return findings.cut_short(self.model, why),
        };
        if first.is_forbidden(self.model) || is_cheap && self.model.rule == Rule::Free {
            return self.told(first, covered, &registers);
        }
        if is_plain && serial::is_found((transactions, self.model), &graph, &touches, &live) {
            return self.told(first, covered, &registers);
        }
        drop(graph);
        let versions = match registers.find_cycles(self.known, &mut findings, self.budget) {
            Ok((_, versions)) => versions,
            Err(why) => return findings.cut_short(self.model, why),
        };
        if !findings.is_forbidden(self.model) {
            let question = Question { model: self.model, names: self.names, budget: self.budget };
            let view = registers.view(&versions);
            question.ask(transactions, &view, &mut findings, &|less| self.review(less));
        }
        self.told(findings, covered, &registers)
    }

    fn told(&self, findings: Findings, covered: u64, registers: &Case<'_>) -> TransactionsRuling {
        let mut ruling = findings.rule(self.model, covered);
        ruling.permitted.extend(registers.touches.older(registers.teller));
        ruling
    }

    /// A history of which less is known, as its transactions see one another.
    fn review(&self, transactions: &[Transaction]) -> Option<View> {
        let writes = Writes::read(transactions, self.names).ok()?;
        let mut findings = Findings::default();
        let teller = Teller { transactions, names: self.names };
        let touches = Touches::read(teller, &writes, self.assumed.initial, &mut findings);
        let registers = Case { teller, writes: &writes, touches: &touches };
        let versions = registers.infer(self.assumed, &mut findings, self.budget)?;
        Some(registers.view(&versions))
    }
}

/// A history of registers.
struct Case<'a> {
    teller: Teller<'a>,
    writes: &'a Writes,
    touches: &'a Touches,
}

impl Case<'_> {
    fn infer(
        &self,
        inference: Inference,
        findings: &mut Findings,
        budget: Budget,
    ) -> Option<Versions> {
        Versions::infer(self.teller, self.writes, self.touches, inference, findings, budget)
    }

    /// Looks for cycles with what may be inferred; an error says what ran out.
    fn find_cycles(
        &self,
        inference: Inference,
        findings: &mut Findings,
        budget: Budget,
    ) -> Result<(Graph, Versions), &'static str> {
        let versions = self
            .infer(inference, findings, budget)
            .ok_or("out of bytes: the order of versions did not fit")?;
        let Case { teller, writes, touches } = *self;
        let registers = Registers { teller, writes, touches, versions: &versions };
        let mut links = Links::new(teller.transactions.len(), budget.bytes);
        registers.link(&mut links);
        let spans: Vec<Option<Span>> = teller.transactions.iter().map(Span::of).collect();
        order::link(&mut links, &spans);
        let graph = links.finish().ok_or("out of bytes: the dependencies did not fit")?;
        let mut steps = budget.steps;
        let cycles = cycles::search(&graph, Edges::ALL, &mut steps);
        findings.add_cycles(&cycles, |cycle| registers.tell(cycle));
        Ok((graph, versions))
    }

    /// The history as its transactions see one another.
    fn view(&self, versions: &Versions) -> View {
        let sees = |number: Node, step: &Step| match step {
            Step::Read { key, value: Some(value) } => {
                let key = self.writes.key(*key);
                let write = value.and_then(|value| self.writes.find(key, value));
                let is_own =
                    write.is_some_and(|write| self.writes.get(write).transaction == number);
                (!is_own).then_some((key, write, Vec::new()))
            }
            Step::Read { value: None, .. } | Step::Write { .. } => None,
            Step::Append { .. } | Step::ReadList { .. } => None,
        };
        let is_write = |version: &Version| (*version as usize) < self.writes.len();
        let mut known = versions
            .later()
            .flat_map(|(_, pairs)| pairs.iter().copied())
            .filter(|(before, after)| is_write(before) && is_write(after));
        View::of(self.teller.transactions, self.writes, &sees, &mut known)
    }
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
            for beginning in self.touches.beginnings(key) {
                writers.clear();
                writers.extend(self.writes.of_key(key).filter_map(|write| self.writer(write)));
                link(beginning, &mut writers, links);
            }
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
        proof::told_by(self.teller, cycle, &|from, edge, to| self.why(from, edge, to))
    }

    fn why(&self, (a, a_name): (Node, &str), edge: Edge, (b, b_name): (Node, &str)) -> String {
        let teller = &self.teller;
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
                let next = match self.touches.is_beginning(version) {
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
            Edge::Process => Some(teller.in_process((a, a_name), b_name)),
            Edge::Realtime => Some(teller.in_time((a, a_name), (b, b_name))),
            Edge::Free => None,
        };
        told.expect("every edge has its reason in the steps of its transactions")
    }
}

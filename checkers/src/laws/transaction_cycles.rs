//! **transaction_cycles**: transactions over partitions can be put into one order that explains what
//! each saw, as far as their isolation promises it (Adya, Liskov & O'Neil, ICDE 2000; Elle, VLDB
//! 2020; checkers.md 4.6).
//!
//! A call that sends or reads on its own is a transaction of one step. Who stands at the next offset
//! wrote after whom stands before (*ww*); who read a message came after its sender (*wr*); who read
//! to the end of a partition came before whoever then stood there (*rw*). A poll does not tell where
//! the end was: it says whom it saw, never whom it missed. Processes and real time count where the
//! level of a read promises it, and only after what was acknowledged at `quorum` or above.
//!
//! `serializable` forbids every cycle. `read_committed` forbids those of reads alone, because sends
//! of open transactions may stand between one another (Kafka's do); others are told as permitted. Where
//! no call did several things at once it has nothing to add to the laws of single reads and writes.
//! `read_uncommitted` forbids none, and then there is nothing to judge.

use crate::{
    checker::{Checker, Event, Shared, Topic},
    contract::Isolation,
    history::{Ask, Asked, Call, Offset, Partition, ReadLevel, Stamp},
    ledger::{Act, Fate, Ledger, Number},
    linearizability::Budget,
    transactions::{
        TransactionsRuling,
        dependencies::{
            Cycle, Edge, Edges, Findings, Graph, Links, Model, Node, Span, link_orders, search,
            tell,
        },
    },
    verdict::{Evidence, Verdict},
};
use std::cell::OnceCell;

/// What a search may spend.
const BUDGET: Budget = Budget::of(100_000_000, 1 << 30);
/// How many of the last calls are looked through first.
const SENDERS_RECENT: usize = 256;
/// Messages of one call that are told.
const MESSAGES_MAX: usize = 4;

/// One call that sent or read.
#[derive(Clone, Copy, Debug)]
struct Deal {
    client: u32,
    called: Stamp,
    /// When it was known to have taken effect.
    returned: Option<Stamp>,
    /// The number of its send among all, plus one.
    send: u32,
    follows_process: bool,
    follows_time: bool,
}

/// One partition as a call read it to its end.
#[derive(Clone, Copy, Debug)]
struct Glance {
    reader: Node,
    partition: Partition,
    end: Offset,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct TransactionCycles {
    deals: Vec<Deal>,
    /// Calls that send, in order of their ids, and their deals.
    senders: Vec<(u64, Node)>,
    /// Reader and message.
    seen: Vec<(Node, Number)>,
    glances: Vec<Glance>,
    /// Whether any call did several things at once.
    has_transactions: bool,
    ruling: OnceCell<TransactionsRuling>,
}

impl Checker for TransactionCycles {
    fn name(&self) -> &'static str {
        "transaction_cycles"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => match &call.ask {
                Ask::Produce { .. } | Ask::Transact { .. } => {
                    self.has_transactions |= matches!(call.ask, Ask::Transact { .. });
                    let send = shared.ledger.sends().len() as u32;
                    let node = self.deal(at, call, send);
                    self.senders.push((call.id, node));
                }
                Ask::Fetch { .. }
                | Ask::Poll
                | Ask::Assign { .. }
                | Ask::Join { .. }
                | Ask::CommitOffsets { .. }
                | Ask::FetchOffsets { .. } => {}
            },
            Event::Returned(call) => self.note_return(at, call, &shared.ledger),
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn permitted(&self, shared: &Shared) -> Vec<String> {
        self.rule(shared).permitted.clone()
    }

    fn finish(self: Box<Self>, shared: &Shared) -> Verdict {
        self.rule(shared).verdict.clone()
    }
}

impl TransactionCycles {
    fn deal(&mut self, called: Stamp, call: Asked<'_>, send: u32) -> Node {
        self.deals.push(Deal {
            client: call.client,
            called,
            returned: None,
            send,
            follows_process: true,
            follows_time: true,
        });
        u32::try_from(self.deals.len() - 1).expect("fewer than 4 billion calls")
    }

    fn note_return(&mut self, at: Stamp, call: &Call, ledger: &Ledger) {
        // What is left of the acts of a call that did not succeed is nothing.
        if ledger.acts().is_empty() {
            return;
        }
        let node = match self.sender(call.id) {
            Some(node) => node,
            None => self.deal(call.called, call.asked(), 0),
        };
        let mut deal = self.deals[node as usize];
        let send = deal.send.checked_sub(1).map(|send| &ledger.sends()[send as usize]);
        if send.is_none_or(|send| send.is_durable()) {
            deal.returned = Some(at);
        }
        for act in ledger.acts() {
            let Act::Read(read) = act else { continue };
            let (follows_process, follows_time) = match read.level {
                ReadLevel::Eventual | ReadLevel::Bounded(_) => (false, false),
                ReadLevel::Session => (true, false),
                ReadLevel::Linearizable => (true, true),
            };
            deal.follows_process &= follows_process;
            deal.follows_time &= follows_time;
            let records = ledger.records(read);
            self.seen.extend(records.iter().map(|seen| (node, seen.message)));
            if let Some(end) = read.end {
                let past = records.iter().map(|seen| seen.offset.saturating_add(1)).max();
                let end = end.max(past.unwrap_or(0));
                self.glances.push(Glance { reader: node, partition: read.partition, end });
            }
        }
        self.deals[node as usize] = deal;
    }

    fn sender(&self, call: u64) -> Option<Node> {
        // Whoever is asked for mostly asked a short while ago.
        let recent = self.senders.len().saturating_sub(SENDERS_RECENT);
        let from = if self.senders.get(recent)?.0 <= call { recent } else { 0 };
        let place = self.senders[from..].binary_search_by_key(&call, |(id, _)| *id).ok()?;
        Some(self.senders[from + place].1)
    }

    /// Who sent a message, unless it certainly had no effect.
    fn writer(&self, ledger: &Ledger, message: Number) -> Option<Node> {
        let send = ledger.send_of(message)?;
        match send.fate {
            Fate::Refused => None,
            Fate::Acknowledged | Fate::Unknown => self.sender(send.call),
        }
    }

    fn rule(&self, shared: &Shared) -> &TransactionsRuling {
        self.ruling.get_or_init(|| self.judge(shared))
    }

    fn judge(&self, shared: &Shared) -> TransactionsRuling {
        if let Some(message) = shared.ledger.ambiguous() {
            let why = format!("malformed history: m{message} was sent by two calls");
            return TransactionsRuling::unknown(why);
        }
        let mut findings = Findings::default();
        let (model, forbidden) = match shared.contract.isolation {
            Isolation::ReadUncommitted => {
                let why = "vacuous: the contract forbids no cycle of transactions";
                return TransactionsRuling::unknown(why.to_owned());
            }
            Isolation::ReadCommitted if !self.has_transactions => {
                let why = "vacuous: no call did several things at once";
                return TransactionsRuling::unknown(why.to_owned());
            }
            Isolation::ReadCommitted => {
                let reads = Edges::of(&[Edge::Wr, Edge::Process, Edge::Realtime]);
                (Model::of_reads("read_committed"), reads)
            }
            Isolation::Serializable => (Model::of_everything("serializable"), Edges::ALL),
        };
        let Some((graph, dependencies)) = self.graph(&shared.ledger) else {
            return findings.cut_short(&model, "out of bytes: the dependencies did not fit");
        };
        let mut steps = BUDGET.steps;
        let cycles = search(&graph, forbidden, &mut steps);
        findings.add_cycles(&cycles, |cycle| self.tell(cycle, &shared.ledger));
        let kinds: Vec<_> = cycles.found.iter().map(|found| found.kind).collect();
        let mut ruling = findings.rule(&model, dependencies);
        if forbidden != Edges::ALL {
            let mut all = search(&graph, Edges::ALL, &mut steps);
            all.found.retain(|found| !kinds.contains(&found.kind));
            let mut permitted = Findings::default();
            permitted.add_cycles(&all, |cycle| self.tell(cycle, &shared.ledger));
            ruling.permitted.extend(permitted.rule(&Model::of_nothing(), dependencies).permitted);
        }
        ruling
    }

    /// Who depends on whom, and how often; nothing if it did not fit.
    fn graph(&self, ledger: &Ledger) -> Option<(Graph, u64)> {
        let mut links = Links::new(self.deals.len(), BUDGET.bytes);
        for partition in ledger.partitions() {
            let mut last = None;
            for (_, message) in ledger.standing(partition, 0) {
                let Some(writer) = self.writer(ledger, message) else { continue };
                if let Some(last) = last {
                    links.link(last, writer, Edge::Ww);
                }
                last = Some(writer);
            }
        }
        let mut before = None;
        for (reader, message) in &self.seen {
            let Some(writer) = self.writer(ledger, *message) else { continue };
            if before.replace((writer, *reader)) != Some((writer, *reader)) {
                links.link(writer, *reader, Edge::Wr);
            }
        }
        for glance in &self.glances {
            if let Some((_, writer)) = self.next(ledger, glance) {
                links.link(glance.reader, writer, Edge::Rw);
            }
        }
        let spans: Vec<Option<Span>> = self.deals.iter().map(|deal| Some(deal.span())).collect();
        link_orders(&mut links, &spans);
        let dependencies = links.dependencies();
        Some((links.finish()?, dependencies))
    }

    /// Whatever came to stand where a read saw the end, and who sent it.
    fn next(&self, ledger: &Ledger, glance: &Glance) -> Option<(Number, Node)> {
        let (_, message) = ledger.standing(glance.partition, glance.end).next()?;
        Some((message, self.writer(ledger, message)?))
    }

    fn tell(&self, cycle: &Cycle, ledger: &Ledger) -> Evidence {
        let why = |from: (Node, &str), edge, to: (Node, &str)| self.why(ledger, from, edge, to);
        tell(cycle, &|node| self.deeds(ledger, node), &why)
    }

    /// What a call did, in words.
    fn deeds(&self, ledger: &Ledger, node: Node) -> (Stamp, String) {
        let deal = &self.deals[node as usize];
        let mut deeds: Vec<String> = Vec::new();
        let (mut sent, mut read) = (self.messages(ledger, node), self.reads(node));
        let told = |message: Number| {
            let (id, partition) = (ledger.id(message), ledger.partition_of(message));
            format!("m{id} of p{partition}")
        };
        deeds.extend(
            sent.by_ref().take(MESSAGES_MAX).map(|message| format!("sent {}", told(message))),
        );
        deeds.extend(
            read.by_ref().take(MESSAGES_MAX).map(|message| format!("read {}", told(message))),
        );
        let left_out = sent.count() + read.count();
        if left_out > 0 {
            deeds.push(format!("{left_out} more"));
        }
        let glances = self.glances.iter().filter(|glance| glance.reader == node);
        deeds.extend(glances.map(|glance| {
            format!("saw the end of p{} at offset {}", glance.partition, glance.end)
        }));
        let at = deal.returned.unwrap_or(deal.called);
        (at, format!("c{}: {}", deal.client, deeds.join(", ")))
    }

    fn messages<'a>(&self, ledger: &'a Ledger, node: Node) -> impl Iterator<Item = Number> + 'a {
        let send = self.deals[node as usize].send.checked_sub(1);
        let send = send.map(|send| &ledger.sends()[send as usize]);
        send.into_iter().flat_map(|send| ledger.messages_of(send).iter().copied())
    }

    fn reads(&self, node: Node) -> impl Iterator<Item = Number> + '_ {
        self.seen.iter().filter(move |(reader, _)| *reader == node).map(|(_, message)| *message)
    }

    fn why(
        &self,
        ledger: &Ledger,
        (a, a_name): (Node, &str),
        edge: Edge,
        (b, b_name): (Node, &str),
    ) -> String {
        let told = match edge {
            Edge::Ww => ledger.partitions().find_map(|partition| {
                let mut last: Option<(Offset, Number, Node)> = None;
                ledger.standing(partition, 0).find_map(|(offset, message)| {
                    let writer = self.writer(ledger, message)?;
                    let (below, before, _) = last
                        .replace((offset, message, writer))
                        .filter(|(.., before)| (*before, writer) == (a, b))?;
                    let (first, second) = (ledger.id(before), ledger.id(message));
                    Some(format!(
                        "in p{partition} m{first} of {a_name} stands at offset {below}, and \
                         m{second} of {b_name} after it at {offset}"
                    ))
                })
            }),
            Edge::Wr => {
                let read = self.reads(b).find(|message| self.writer(ledger, *message) == Some(a));
                read.map(|message| {
                    format!("{b_name} read m{}, which {a_name} sent", ledger.id(message))
                })
            }
            Edge::Rw => {
                self.glances.iter().filter(|glance| glance.reader == a).find_map(|glance| {
                    let (message, _) =
                        self.next(ledger, glance).filter(|(_, writer)| *writer == b)?;
                    let (partition, end) = (glance.partition, glance.end);
                    let id = ledger.id(message);
                    Some(format!(
                        "{a_name} saw the end of p{partition} at offset {end} without m{id}, \
                     which {b_name} sent"
                    ))
                })
            }
            Edge::Process => {
                let client = self.deals[a as usize].client;
                Some(format!("c{client} did {a_name} before {b_name}"))
            }
            Edge::Realtime => Some(format!("{a_name} had ended before {b_name} began")),
            Edge::Free => None,
        };
        told.expect("every edge has its reason in what its calls did")
    }
}

impl Deal {
    fn span(&self) -> Span {
        Span {
            process: u64::from(self.client),
            called: self.called.ordinal,
            returned: self.returned.map(|returned| returned.ordinal),
            follows_process: self.follows_process,
            follows_time: self.follows_time,
        }
    }
}

#[cfg(test)]
mod tests;

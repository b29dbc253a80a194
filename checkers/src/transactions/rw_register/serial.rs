//! One after another: a quick proof that a history of registers keeps every model there is.
//!
//! Two orders are tried. The order in which transactions ended is often the one in which they took
//! effect, and takes one pass. The other follows all that is known of who comes before whom, and
//! among those who are free to go takes the earliest whose writes leave no read behind: whoever
//! overwrites what somebody has yet to read waits. Each order is played back against every read, so
//! that it counts only if it explains them all. If none does, that says nothing.

use super::reads::{Touch, Touches};
use crate::transactions::{
    Fate, Transaction,
    graph::{Edges, Graph, Node},
    models::{Model, Order},
};
use std::{cmp::Reverse, collections::BinaryHeap};

/// What every key holds while transactions take effect.
struct Shelf {
    holds: Vec<u32>,
}

impl Shelf {
    fn new(touches: &Touches) -> Shelf {
        Shelf { holds: vec![Touches::BEGINNING; touches.key_count()] }
    }

    /// Whether the reads of a transaction are explained; its writes take effect.
    fn play(&mut self, touches: &Touches, own: &[Touch]) -> bool {
        own.iter().all(|touch| {
            let holds = &mut self.holds[touch.key as usize];
            let is_explained = touch.read.is_none_or(|read| touches.plain(read) == *holds);
            touch.wrote.into_iter().for_each(|wrote| *holds = wrote);
            is_explained
        })
    }
}

/// When a transaction ended; if no one knows, when it began: whoever must come before it had ended
/// by then, and nobody must come after it but for its writes.
fn ended(transaction: &Transaction) -> u64 {
    let ended = transaction.returned.filter(|_| transaction.fate == Fate::Committed);
    ended.unwrap_or(transaction.called).ordinal
}

/// Whether the order in which transactions ended explains everything.
pub(super) fn is_as_ended(transactions: &[Transaction], touches: &Touches, live: &[bool]) -> bool {
    let mut shelf = Shelf::new(touches);
    let mut order: Vec<(u64, &[Touch])> = touches
        .by_transaction()
        .filter(|own| live[own[0].transaction as usize])
        .map(|own| (ended(&transactions[own[0].transaction as usize]), own))
        .collect();
    order.sort_unstable_by_key(|(ended, own)| (*ended, own[0].transaction));
    order.iter().all(|(_, own)| shelf.play(touches, own))
}

/// Whether some order that follows the graph, as far as the model asks, was found to explain
/// everything.
pub(super) fn is_found(
    (transactions, model): (&[Transaction], &Model),
    graph: &Graph,
    touches: &Touches,
    live: &[bool],
) -> bool {
    use crate::transactions::graph::Edge::{Process, Realtime, Rw, Wr, Ww};
    let kinds = match model.time {
        Order::Data => Edges::of(&[Ww, Wr, Rw]),
        Order::Process => Edges::of(&[Ww, Wr, Rw, Process]),
        Order::Realtime => Edges::of(&[Ww, Wr, Rw, Process, Realtime]),
    };
    let mut line = Line::new(transactions, graph, kinds, touches, live);
    let mut shelf = Shelf::new(touches);
    while let Some(node) = line.next() {
        let is_played = node >= graph.transactions
            || !live[node as usize]
            || shelf.play(touches, touches.of(node));
        if !is_played {
            return false;
        }
    }
    line.left == 0
}

/// Who may go next.
struct Line<'a> {
    transactions: &'a [Transaction],
    graph: &'a Graph,
    kinds: Edges,
    touches: &'a Touches,
    live: &'a [bool],
    /// By node: how many must go before it.
    waits: Vec<u32>,
    ready: BinaryHeap<Reverse<(u64, Node)>>,
    /// By version: who has yet to read it. By key: who has yet to read its beginning.
    readers: Vec<u32>,
    beginners: Vec<u32>,
    /// By key: what it holds, and who waits until all have read that.
    holds: Vec<u32>,
    parked: Vec<Vec<Node>>,
    /// How many have not gone.
    left: usize,
}

impl<'a> Line<'a> {
    fn new(
        transactions: &'a [Transaction],
        graph: &'a Graph,
        kinds: Edges,
        touches: &'a Touches,
        live: &'a [bool],
    ) -> Line<'a> {
        let mut waits = vec![0; graph.len()];
        let edges = graph.all().filter(|(_, _, edge)| kinds.has(*edge));
        edges.for_each(|(_, to, _)| waits[to as usize] += 1);
        let mut line = Line {
            transactions,
            graph,
            kinds,
            touches,
            live,
            waits,
            ready: BinaryHeap::new(),
            readers: vec![0; touches.version_count()],
            beginners: vec![0; touches.key_count()],
            holds: vec![Touches::BEGINNING; touches.key_count()],
            parked: vec![Vec::new(); touches.key_count()],
            left: graph.len(),
        };
        for touch in touches.all().iter().filter(|touch| live[touch.transaction as usize]) {
            if let Some(read) = touch.read {
                *line.unread(touch.key, read) += 1;
            }
        }
        for node in 0..graph.len() as Node {
            if line.waits[node as usize] == 0 {
                line.ready.push(Reverse((line.rank(node), node)));
            }
        }
        line
    }

    fn rank(&self, node: Node) -> u64 {
        self.transactions.get(node as usize).map_or(0, ended)
    }

    /// How many have yet to read a version of a key.
    fn unread(&mut self, key: u32, version: u32) -> &mut u32 {
        match self.touches.plain(version) {
            Touches::BEGINNING => &mut self.beginners[key as usize],
            written => &mut self.readers[written as usize],
        }
    }

    /// What a transaction touches, if it took effect.
    fn own(&self, node: Node) -> &'a [Touch] {
        match self.live.get(node as usize) {
            Some(true) => self.touches.of(node),
            Some(false) | None => &[],
        }
    }

    /// A key on which it would leave a read behind.
    fn leaves_behind(&mut self, node: Node) -> Option<u32> {
        for touch in self.own(node).iter().filter(|touch| touch.wrote.is_some()) {
            let holds = self.holds[touch.key as usize];
            let is_read = touch.read.is_some_and(|read| self.touches.plain(read) == holds);
            if *self.unread(touch.key, holds) > u32::from(is_read) {
                return Some(touch.key);
            }
        }
        None
    }

    /// The next one, which goes.
    fn next(&mut self) -> Option<Node> {
        while let Some(Reverse((_, node))) = self.ready.pop() {
            if let Some(key) = self.leaves_behind(node) {
                self.parked[key as usize].push(node);
                continue;
            }
            for touch in self.own(node) {
                if let Some(read) = touch.read {
                    let unread = self.unread(touch.key, read);
                    *unread = unread.saturating_sub(1);
                }
                touch.wrote.into_iter().for_each(|wrote| self.holds[touch.key as usize] = wrote);
                for parked in std::mem::take(&mut self.parked[touch.key as usize]) {
                    self.ready.push(Reverse((self.rank(parked), parked)));
                }
            }
            for (to, edge) in self.graph.out(node) {
                if self.kinds.has(edge) {
                    self.waits[to as usize] -= 1;
                    if self.waits[to as usize] == 0 {
                        self.ready.push(Reverse((self.rank(to), to)));
                    }
                }
            }
            self.left -= 1;
            return Some(node);
        }
        None
    }
}

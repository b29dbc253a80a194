//! The orders that are not in the data: of each process, and of real time.
//!
//! Only a transaction that is known to have committed has a place that others can come after: one
//! whose outcome is unknown may take effect at any later moment. It has its place after what had
//! ended when it began, like all.

use super::{
    Fate, Transaction,
    graph::{Edge, Links, Node},
};

/// One transaction's place in time, by ordinals.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) process: u64,
    pub(crate) called: u64,
    /// When it was known to have taken effect; none if it may do so at any later moment.
    pub(crate) returned: Option<u64>,
    /// Whether it must see what its own process did before.
    pub(crate) follows_process: bool,
    /// Whether it must see what had ended before it began.
    pub(crate) follows_time: bool,
}

impl Span {
    /// The place of a transaction; none if it certainly had no effect.
    pub(crate) fn of(transaction: &Transaction) -> Option<Span> {
        let returned = match transaction.fate {
            Fate::Committed => transaction.returned,
            Fate::Unknown => None,
            Fate::Aborted => return None,
        };
        Some(Span {
            process: transaction.process,
            called: transaction.called.ordinal,
            returned: returned.map(|returned| returned.ordinal),
            follows_process: true,
            follows_time: true,
        })
    }
}

/// Links transactions in the orders of their processes and of real time.
pub(crate) fn link(links: &mut Links, spans: &[Option<Span>]) {
    let mut known: Vec<(u64, u64, Node)> = (0..)
        .zip(spans)
        .filter_map(|(node, span)| span.map(|span| (span.process, span.called, node)))
        .collect();
    known.sort_unstable();
    for process in known.chunk_by(|a, b| a.0 == b.0) {
        follow(links, spans, process, Edge::Process, |span| span.follows_process);
    }
    known.sort_unstable_by_key(|(_, called, node)| (*called, *node));
    follow(links, spans, &known, Edge::Realtime, |span| span.follows_time);
}

/// Links each of these, sorted by when they were called, with everything that was called after it
/// had returned.
fn follow(
    links: &mut Links,
    spans: &[Option<Span>],
    known: &[(u64, u64, Node)],
    edge: Edge,
    follows: impl Fn(&Span) -> bool,
) {
    let span = |node: Node| spans[node as usize].expect("only known ones");
    let followers = known.iter().filter(|(.., node)| follows(&span(*node)));
    let (times, nodes): (Vec<u64>, Vec<Node>) =
        followers.map(|(_, called, node)| (*called, *node)).unzip();
    if nodes.is_empty() || known.len() < 2 {
        return;
    }
    let rest = links.relay(&nodes);
    for (.., node) in known {
        let Some(returned) = span(*node).returned else { continue };
        let place = times.partition_point(|called| *called <= returned);
        if place < times.len() {
            links.link(*node, rest + place as u32, edge);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transactions::graph::{Edges, Graph};

    fn span(process: u64, called: u64, returned: Option<u64>) -> Option<Span> {
        Some(Span { process, called, returned, follows_process: true, follows_time: true })
    }

    fn order(spans: &[Option<Span>], wanted: Edge) -> Vec<(Node, Node)> {
        let mut links = Links::new(spans.len(), u64::MAX);
        link(&mut links, spans);
        let graph: Graph = links.finish().expect("room");
        let mut pairs = Vec::new();
        for from in 0..graph.transactions {
            let first = graph.out(from).filter(|(_, edge)| *edge == wanted);
            let mut open: Vec<Node> = first.map(|(to, _)| to).collect();
            while let Some(node) = open.pop() {
                match node < graph.transactions {
                    true => pairs.push((from, node)),
                    false => open.extend(graph.out(node).map(|(to, _)| to)),
                }
            }
        }
        assert_eq!(graph.components(Edges::ALL).large(), Vec::<Vec<Node>>::new());
        pairs.sort_unstable();
        pairs
    }

    #[test]
    fn what_had_ended_comes_before_what_began_later() {
        let spans = [
            span(1, 0, Some(2)),
            span(2, 1, Some(5)),
            span(1, 3, None),
            None,
            span(2, 6, Some(7)),
            span(1, 8, Some(9)),
        ];
        let time = [(0, 2), (0, 4), (0, 5), (1, 4), (1, 5), (4, 5)];
        assert_eq!(order(&spans, Edge::Realtime), time);
        assert_eq!(order(&spans, Edge::Process), [(0, 2), (0, 5), (1, 4)]);
    }

    #[test]
    fn one_that_need_not_follow_is_passed_by() {
        let mut spans = [span(1, 0, Some(1)), span(1, 2, Some(3)), span(1, 4, Some(5))];
        if let Some(span) = &mut spans[1] {
            (span.follows_process, span.follows_time) = (false, false);
        }
        assert_eq!(order(&spans, Edge::Process), [(0, 2), (1, 2)]);
        assert_eq!(order(&spans, Edge::Realtime), [(0, 2), (1, 2)]);
    }
}

//! A cycle of dependencies as an argument that a person can follow: *let T1 be this and T2 that;
//! then T1 came before T2, because; however, T2 came before T1, because: a contradiction.*
//!
//! The transactions come first, in time order; the argument follows in its own order, at the time
//! of the last of them. T1 is the earliest. A long argument keeps its beginning and its end.

use super::{
    cycles::Cycle,
    graph::{Edge, Node},
    models::{Anomaly, Order, Shape},
    teller::Teller,
};
use crate::{
    breach::line,
    history::Stamp,
    verdict::{Evidence, Line},
};

/// Steps of an argument that are told before the middle is left out.
const STEPS_MAX: usize = 6;

/// One who takes part: when it is told of, and what it did.
pub(crate) type Who<'a> = &'a dyn Fn(Node) -> (Stamp, String);
/// Why the first comes before the second, whose names are given.
pub(crate) type Why<'a> = &'a dyn Fn((Node, &str), Edge, (Node, &str)) -> String;

/// The evidence of a cycle of transactions, told by their steps on the keys that they share.
pub(super) fn told_by(teller: Teller<'_>, cycle: &Cycle, why: Why<'_>) -> Evidence {
    let keys = teller.shared_keys(cycle.steps.iter().map(|(node, _)| *node));
    tell(cycle, &|node| teller.deeds(node, &keys), why)
}

/// The evidence of a cycle.
pub(crate) fn tell(cycle: &Cycle, who: Who<'_>, why: Why<'_>) -> Evidence {
    let steps = rotate(cycle, who);
    let mut nodes: Vec<Node> = Vec::new();
    for (node, _) in &steps {
        if !nodes.contains(node) {
            nodes.push(*node);
        }
    }
    let name = |node: Node| {
        let place = nodes.iter().position(|known| *known == node);
        format!("T{}", place.expect("every transaction of the cycle is named") + 1)
    };
    let len = steps.len();
    let shown: Vec<usize> = match len {
        0..=STEPS_MAX => (0..len).collect(),
        _ => (0..STEPS_MAX - 2).chain(len - 2..len).collect(),
    };
    let (mut told, mut lines): (Vec<Node>, Vec<Line>) = (Vec::new(), Vec::new());
    for node in shown.iter().flat_map(|place| [steps[*place].0, steps[(place + 1) % len].0]) {
        if !told.contains(&node) {
            told.push(node);
            let (at, deeds) = who(node);
            lines.push(line(at, format!("{} = {deeds}", name(node))));
        }
    }
    lines.sort_by_key(|line| line.ordinal);
    let last = lines
        .last()
        .map_or(Stamp::default(), |line| Stamp { ordinal: line.ordinal, at_ns: line.at_ns });
    for (turn, place) in shown.iter().enumerate() {
        if turn > 0 && *place != shown[turn - 1] + 1 {
            let left_out = place - shown[turn - 1] - 1;
            lines.push(line(last, format!("and so on for {left_out} more steps")));
        }
        let ((from, edge), to) = (steps[*place], steps[(place + 1) % len].0);
        let (from_name, to_name) = (name(from), name(to));
        let why = why((from, &from_name), edge, (to, &to_name));
        let text = match *place {
            last if last + 1 == len => {
                format!("however, {from_name} < {to_name}, because {why}: a contradiction")
            }
            0 => format!("then {from_name} < {to_name}, because {why}"),
            _ => format!("and {from_name} < {to_name}, because {why}"),
        };
        lines.push(line(last, text));
    }
    let mut circle: Vec<String> = steps.iter().map(|(node, _)| name(*node)).collect();
    circle.push(name(steps[0].0));
    if circle.len() > STEPS_MAX + 1 {
        circle.splice(STEPS_MAX - 2..circle.len() - 2, ["...".to_owned()]);
    }
    Evidence { summary: summary(cycle, &circle.join(" < ")), lines, ..Evidence::default() }
}

/// From the earliest transaction on.
fn rotate(cycle: &Cycle, who: Who<'_>) -> Vec<(Node, Edge)> {
    let at = |place: &usize| (who(cycle.steps[*place].0).0.ordinal, cycle.steps[*place].0);
    let first = (0..cycle.steps.len()).min_by_key(at).unwrap_or_default();
    let mut steps = cycle.steps.clone();
    steps.rotate_left(first);
    steps
}

fn summary(cycle: &Cycle, circle: &str) -> String {
    let (shape, order) = cycle.kind();
    let what = match shape {
        Shape::G0 => "transactions wrote over one another in a circle",
        Shape::G1c => "what transactions wrote and read goes in a circle",
        Shape::GSingle => "a transaction missed a part of what it depends on",
        Shape::GNonadjacent => "transactions saw writes in different orders",
        Shape::G2Item => "transactions missed what one another wrote",
    };
    let given = match order {
        Order::Data => "",
        Order::Process => ", given the order of a process",
        Order::Realtime => ", given the order of real time",
    };
    let name = Anomaly::Cycle(shape, order).name();
    format!("{name}: {what}{given} ({circle})")
}

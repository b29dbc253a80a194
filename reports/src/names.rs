//! Names as people follow them through a run: a message by its client and number (`c2#0`), a node by
//! its region and its part (`n2, us-east (follower 0 of p1)`), a moment by one zero, the begin of
//! trouble. Judges know numbers only; here they become names, once.

use crate::words::seconds;
use checkers::{Mark, Run};
use scenarios::Plan;

/// A judge's sentence with the names of a run: `m2199023255552` is `c2#0`, `partition 2` is `p2`,
/// `region 2` is the third of the plan. Saying it twice changes nothing.
pub(crate) fn retell(text: &str, regions: &[String]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut is_begin = true;
    while let Some(first) = rest.chars().next() {
        let taken = if is_begin { name(rest, regions) } else { None };
        let (told, length) = taken.unwrap_or_else(|| (first.to_string(), first.len_utf8()));
        is_begin = !first.is_alphanumeric();
        out.push_str(&told);
        rest = &rest[length..];
    }
    out
}

/// The name that a text begins with, and how long it was in the text.
fn name(text: &str, regions: &[String]) -> Option<(String, usize)> {
    for prefix in ["m", "partition ", "region "] {
        let Some(rest) = text.strip_prefix(prefix) else { continue };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let ends = !rest[digits..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let number: Option<u64> = rest[..digits].parse().ok().filter(|_| ends);
        let Some(number) = number else { continue };
        let told = match prefix {
            "m" => checkers::message::name(number),
            "partition " => format!("p{number}"),
            _ => format!("region {}", regions.get(usize::try_from(number).ok()?)?),
        };
        return Some((told, prefix.len() + digits));
    }
    None
}

/// The begin of trouble, in world time: the zero of every page. A run that never came so far has the
/// begin of the world.
pub(crate) fn zero_ns(run: &Run) -> u64 {
    let booted = run.history.marks.iter().find(|(_, mark)| matches!(mark, Mark::Booted));
    booted.map_or(0, |(at, _)| at.at_ns)
}

/// A moment of world time, from that zero: `12.338s`, `-0.204s`.
pub(crate) fn moment(at_ns: u64, zero_ns: u64) -> String {
    let sign = if at_ns < zero_ns { "-" } else { "" };
    format!("{sign}{}", seconds(at_ns.abs_diff(zero_ns)))
}

/// A node with its region, and with its part in a partition at a moment.
pub(crate) fn node(
    plan: &Plan,
    run: &Run,
    node: u32,
    partition: Option<u32>,
    at_ns: u64,
) -> String {
    let region = plan.nodes.get((node as usize).wrapping_sub(1));
    let region = region.and_then(|region| plan.regions.get(*region as usize));
    let region = region.map_or(String::new(), |name| format!(", {name}"));
    let part = partition.and_then(|partition| part(plan, run, node, partition, at_ns));
    format!("n{node}{region}{}", part.map_or(String::new(), |part| format!(" ({part})")))
}

fn part(plan: &Plan, run: &Run, node: u32, partition: u32, at_ns: u64) -> Option<String> {
    let mut voters = plan.placement.partitions.get((partition as usize).checked_sub(1)?)?.clone();
    let changes = run.series.leaders.get(&partition)?;
    let led = changes.iter().take_while(|(at, _)| *at <= at_ns).last().map_or(0, |(_, node)| *node);
    if led == node {
        return Some(format!("leader of p{partition}"));
    }
    // As plans count them: by node number, without whoever leads.
    voters.retain(|voter| *voter != led);
    voters.sort_unstable();
    let rank = voters.iter().position(|voter| *voter == node)?;
    Some(match led {
        0 => format!("voter of p{partition}, which nobody leads"),
        _ => format!("follower {rank} of p{partition}"),
    })
}

/// Numbers of nodes that a text names, in order of their first mention.
pub(crate) fn nodes_in(text: &str) -> Vec<u32> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let mut found: Vec<u32> = Vec::new();
    for node in words.filter_map(|word| word.strip_prefix('n')?.parse().ok()) {
        if !found.contains(&node) {
            found.push(node);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_and_partitions_have_one_name_each() {
        let regions = ["us-east", "7"].map(str::to_owned);
        let told = retell("it covers m2199023255552 of partition 2, (m1099511627781)", &regions);
        assert_eq!(told, "it covers c2#0 of p2, (c1#5)");
        assert_eq!(retell(&told, &regions), told, "a name stays what it is");
        let told = retell("n1 (region 0): region 7, regions 1", &regions);
        assert_eq!(told, "n1 (region us-east): region 7, regions 1");
        assert_eq!(retell(&told, &regions), told);
    }

    #[test]
    fn what_is_no_name_is_left_alone() {
        for text in ["m214 at offset 3", "12 ms, m99ers, from1, partition of", "größer m", "m"] {
            assert_eq!(retell(text, &[]), text);
        }
    }

    #[test]
    fn moments_before_trouble_have_a_sign() {
        assert_eq!(moment(2_500_000_000, 2_000_000_000), "0.500s");
        assert_eq!(moment(1_500_000_000, 2_000_000_000), "-0.500s");
    }

    #[test]
    fn nodes_are_found_once_each() {
        assert_eq!(nodes_in("n3 voted for n1; n3, (n12) and node n"), [3, 1, 12]);
    }
}

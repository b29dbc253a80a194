//! Shapes of partitions, as lists of directed pairs (who is not heard, by whom), in order and each
//! once. Pure; what they do is cut by the one who asked.

use super::Endpoint;

/// Directions to cut: from, to.
pub type Pairs = Vec<(Endpoint, Endpoint)>;

/// Two sides that cannot reach each other, both ways. Endpoints in neither side reach both.
pub fn split(a: &[Endpoint], b: &[Endpoint]) -> Pairs {
    let mut pairs = one_way(a, b);
    pairs.extend(one_way(b, a));
    ordered(pairs)
}

/// The first are not heard by the second; the other way frames pass.
pub fn one_way(from: &[Endpoint], to: &[Endpoint]) -> Pairs {
    let each = |from: &Endpoint| {
        let from = *from;
        to.iter().filter(move |to| **to != from).map(move |to| (from, *to))
    };
    ordered(from.iter().flat_map(each).collect())
}

/// One endpoint cut off from all others, both ways.
pub fn isolate(alone: Endpoint, all: &[Endpoint]) -> Pairs {
    split(&[alone], all)
}

fn ordered(mut pairs: Pairs) -> Pairs {
    pairs.sort_unstable();
    pairs.dedup();
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_cuts_across_both_ways_and_nothing_else() {
        assert_eq!(split(&[1, 2], &[3]), [(1, 3), (2, 3), (3, 1), (3, 2)]);
    }

    #[test]
    fn one_way_cuts_one_way() {
        assert_eq!(
            one_way(&[2, 1], &[3, 1]),
            [(1, 3), (2, 1), (2, 3)],
            "nobody is cut from itself"
        );
    }

    #[test]
    fn the_isolated_neither_hears_nor_is_heard() {
        assert_eq!(isolate(2, &[1, 2, 3]), [(1, 2), (2, 1), (2, 3), (3, 2)]);
    }
}

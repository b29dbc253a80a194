//! When each group next acts by itself, and which comes first: a tournament of as many places as there
//! are groups, so that a turn neither touches replicas that it has nothing for nor looks at all of them.

use crate::types::{GroupId, Nanos};

/// Deadlines by group: numbers are small and dense. [`Nanos::MAX`] where none is due.
#[derive(Debug)]
pub(crate) struct Wakes {
    /// A full binary tree, the root at 1: each node holds the earlier of its two children, and group `g`
    /// stands at `width + g`.
    tree: Vec<Nanos>,
    width: usize,
}

impl Wakes {
    pub(crate) fn new() -> Wakes {
        Wakes { tree: vec![Nanos::MAX; 2], width: 1 }
    }

    /// The earliest deadline.
    pub(crate) fn first(&self) -> Nanos {
        self.tree[1]
    }

    /// Notes when a group is due.
    pub(crate) fn set(&mut self, group: GroupId, due: Nanos) {
        if group as usize >= self.width {
            self.widen((group as usize + 1).next_power_of_two());
        }
        let (width, nodes) = (self.width, self.tree.len());
        assert!(nodes == 2 * width, "{nodes} nodes over {width} places");
        let mut place = width + group as usize;
        if self.tree[place] == due {
            return;
        }
        self.tree[place] = due;
        while place > 1 {
            place /= 2;
            let earlier = self.tree[2 * place].min(self.tree[2 * place + 1]);
            if self.tree[place] == earlier {
                return;
            }
            self.tree[place] = earlier;
        }
    }

    /// The first group from this one on that is due by now.
    pub(crate) fn due_from(&self, from: GroupId, now: Nanos) -> Option<GroupId> {
        if self.tree[1] > now || from as usize >= self.width {
            return None;
        }
        // Up while everything to the right of here is later, then down to the leftmost that is not.
        let mut place = self.width + from as usize;
        while self.tree[place] > now {
            while place % 2 == 1 {
                place /= 2;
                if place <= 1 {
                    return None;
                }
            }
            place += 1;
        }
        while place < self.width {
            place *= 2;
            if self.tree[place] > now {
                place += 1;
            }
        }
        let due = self.tree[place];
        assert!(due <= now, "the first that is due by {now} is due at {due}");
        Some((place - self.width) as GroupId)
    }

    fn widen(&mut self, width: usize) {
        let groups = self.tree[self.width..].to_vec();
        (self.tree, self.width) = (vec![Nanos::MAX; 2 * width], width);
        (0..).zip(groups).for_each(|(group, due)| self.set(group, due));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Against a plain list that is looked through.
        #[test]
        fn it_finds_what_a_list_would(
            sets in prop::collection::vec((0..40_u32, 0..30_u64), 0..80),
            from in 0..45_u32,
            now in 0..32_u64,
        ) {
            let (mut wakes, mut twin) = (Wakes::new(), vec![Nanos::MAX; 40]);
            for (group, due) in sets {
                let due = if due > 25 { Nanos::MAX } else { due };
                wakes.set(group, due);
                twin[group as usize] = due;
                prop_assert_eq!(wakes.first(), *twin.iter().min().expect("forty"));
                let expected = (from..40).find(|group| twin[*group as usize] <= now);
                prop_assert_eq!(wakes.due_from(from, now), expected);
            }
        }
    }
}

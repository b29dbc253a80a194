//! Bugs that can be switched on by name, each from a real incident, to prove that judges can see. The
//! table of them is `planted.rs` at the top of the repository; here stand the names by which their
//! sites ask, and the count of what they did. Off, a plant costs one comparison.

use crate::types::{GroupId, NodeId, Term};
use std::collections::BTreeMap;

macro_rules! planted {
    ($($variant:ident = $name:literal {
        rule: $rule:literal,
        source: $source:literal,
        scenario: $scenario:literal,
        judges: [$($judge:literal),+ $(,)?],
    })*) => {
        /// A planted bug.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Plant { $(#[doc = concat!($rule, ". ", $source, ".")] $variant,)* }

        impl Plant {
            /// Every plant.
            pub const ALL: &[Plant] = &[$(Plant::$variant,)*];

            /// Its name on the command line.
            pub fn name(self) -> &'static str {
                match self { $(Plant::$variant => $name,)* }
            }
        }
    };
}

include!("../../planted.rs");

impl Plant {
    /// The plant of this name.
    pub fn named(name: &str) -> Option<Plant> {
        Plant::ALL.iter().copied().find(|plant| plant.name() == name)
    }
}

/// Which plant is on, and how often its site did something that the honest code would not have done.
#[derive(Clone, Debug, Default)]
pub struct Planted {
    active: Option<Plant>,
    hits: u64,
    /// What a bug remembers and honest code does not: by group, term and node.
    memory: BTreeMap<(GroupId, Term, NodeId), u64>,
}

impl Planted {
    /// This plant, switched on.
    pub fn with(plant: Plant) -> Planted {
        Planted { active: Some(plant), ..Planted::default() }
    }

    /// Whether the site of this plant misbehaves here. Counts the hit: a site asks only where the
    /// honest code would act otherwise.
    pub(crate) fn bites(&mut self, plant: Plant) -> bool {
        let bites = self.active == Some(plant);
        self.hits += u64::from(bites);
        bites
    }

    /// Whether this plant is on, for a site that has to find out what honest code would do.
    pub(crate) fn is_on(&self, plant: Plant) -> bool {
        self.active == Some(plant)
    }

    /// What is told, or the highest that was ever told there, if the plant is on that takes nothing back.
    pub(crate) fn highest(&mut self, plant: Plant, of: (GroupId, Term, NodeId), told: u64) -> u64 {
        if self.active != Some(plant) {
            return told;
        }
        let highest = self.memory.entry(of).or_insert(told);
        *highest = told.max(*highest);
        self.hits += u64::from(*highest > told);
        *highest
    }

    /// The plant that is on, and how often its site misbehaved.
    pub fn hits(&self) -> Option<(Plant, u64)> {
        self.active.map(|plant| (plant, self.hits))
    }
}

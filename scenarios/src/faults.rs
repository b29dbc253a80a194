//! Everything that can go wrong, one file for each kind: how a person writes it, how it is checked and
//! drawn, what it is called, and what it does to the world. Whoever adds one writes its file and its line in
//! the list below (docs/EXTEND.md); only what does something new to the world touches the simulator, too.
//!
//! A fault is data, decided before the run; only a *role* (who leads now) is looked up when it strikes,
//! and the effective plan tells what it was.

mod asked;
mod dice;
mod effect;

use crate::{
    limits::ensure,
    problem::Checked,
    random::Stream,
    target::{Node, Target},
};
pub(crate) use asked::Asked;
pub(crate) use dice::{Dice, region_number};
pub use effect::{Cut, Effect, Harm, NodeEffect, Rates};
use serde::{Deserialize, Serialize};
use std::fmt;

/// One kind of fault, decided.
trait Kind: fmt::Display {
    /// What it does to the world while it lasts.
    fn effect(&self) -> Effect;
    /// Who is meant, where it means somebody.
    fn target(&self) -> Option<&Target> {
        None
    }
    /// The same, to be changed.
    fn target_mut(&mut self) -> Option<&mut Target> {
        None
    }
    /// What it takes hold of.
    fn holds(&self) -> Hold {
        Hold::Target
    }
    /// Whether its numbers make sense under a plan; its target is checked for it.
    fn check(&self, _: &Known) -> Result<(), String> {
        Ok(())
    }
}

/// What a plan has, as far as a fault can contradict it.
pub(crate) struct Known {
    pub(crate) nodes: usize,
    pub(crate) clients: usize,
}

impl Known {
    /// Whether this is one of the nodes.
    pub(crate) fn node(&self, node: Node) -> Result<(), String> {
        let n = self.nodes;
        ensure((1..=n).contains(&(node as usize)), || format!("n{node} is none of {n} nodes"))
    }

    /// Two sides of a cut, which share no node.
    fn sides(&self, a: &[Node], b: &[Node]) -> Result<(), String> {
        ensure(!a.is_empty() && !b.is_empty(), || "a side is empty".to_owned())?;
        a.iter().chain(b).try_for_each(|node| self.node(*node))?;
        let both = a.iter().find(|node| b.contains(node));
        ensure(both.is_none(), || "a node is on both sides".to_owned())
    }
}

/// One kind of fault as a person writes it: ranges for numbers, names for targets.
trait Form {
    /// Whether every seed could draw it.
    fn check(&self, asked: &Asked<'_>) -> Checked;
    /// One seed's.
    fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault;
}

/// What a fault takes hold of: the end of one would lift another that holds the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    /// Its target.
    Target,
    /// The network as a whole.
    Network,
    /// What it says, to the letter.
    Itself,
    /// Nothing: two of them add up.
    Nothing,
}

/// A kind of fault and what it does, for people who look for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct FaultKind {
    /// Its name, as in [`Fault::kind`].
    pub kind: &'static str,
    /// What it does, in one sentence.
    pub does: &'static str,
}

macro_rules! faults {
    ($($file:ident: $Kind:ident,)*) => {
        $(mod $file;)*
        $(pub use $file::$Kind;)*

        /// Something that goes wrong. Where `for_ms` of the plan ends it, it is lifted then.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Fault {
            $(#[doc = concat!("[`", stringify!($Kind), "`]")] $Kind($Kind),)*
        }

        /// A fault as a person writes it.
        #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Written {
            $(#[doc = concat!("[`", stringify!($Kind), "`]")] $Kind($file::Written),)*
        }

        /// Every kind of fault, in the order of [`Fault`].
        pub const FAULTS: &[FaultKind] =
            &[$(FaultKind { kind: stringify!($file), does: $file::DOES },)*];

        impl Fault {
            fn it(&self) -> &dyn Kind {
                match self {
                    $(Fault::$Kind(it) => it,)*
                }
            }

            fn it_mut(&mut self) -> &mut dyn Kind {
                match self {
                    $(Fault::$Kind(it) => it,)*
                }
            }

            /// The kind's name, snake_case: used in scenarios, hit counts and pages.
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Fault::$Kind(_) => stringify!($file),)*
                }
            }
        }

        impl Written {
            fn it(&self) -> &dyn Form {
                match self {
                    $(Written::$Kind(it) => it,)*
                }
            }

            /// The kind's name, as in [`Fault::kind`].
            pub fn kind(&self) -> &'static str {
                match self {
                    $(Written::$Kind(_) => stringify!($file),)*
                }
            }
        }

        $(impl From<$Kind> for Fault {
            fn from(fault: $Kind) -> Fault {
                Fault::$Kind(fault)
            }
        })*
    };
}

faults! {
    partition: Partition,
    one_way: OneWay,
    isolate: Isolate,
    ring: Ring,
    cut_client: CutClient,
    loss: Loss,
    duplicate: Duplicate,
    reorder: Reorder,
    tail: Tail,
    crash: Crash,
    power_loss: PowerLoss,
    pause: Pause,
    restart_storm: RestartStorm,
    slow_disk: SlowDisk,
    fsync_error: FsyncError,
    clock_offset: ClockOffset,
    clock_drift: ClockDrift,
    clock_jump: ClockJump,
}

impl Fault {
    /// What it does to the world while it lasts.
    pub fn effect(&self) -> Effect {
        self.it().effect()
    }

    /// Who is meant, for faults that mean somebody.
    pub fn target(&self) -> Option<&Target> {
        self.it().target()
    }

    /// The same fault, done to another; none if it means nobody.
    pub fn aimed_at(&self, target: Target) -> Option<Fault> {
        let mut fault = self.clone();
        *fault.it_mut().target_mut()? = target;
        Some(fault)
    }

    /// Whether its numbers make sense under a plan.
    pub(crate) fn check(&self, known: &Known) -> Result<(), String> {
        self.it().check(known)
    }

    /// Whether both take hold of the same thing, so that the end of one would lift the other.
    pub(crate) fn is_same_hold(&self, other: &Fault) -> bool {
        self.kind() == other.kind()
            && match self.it().holds() {
                Hold::Target => self.target() == other.target(),
                Hold::Network => true,
                Hold::Itself => self == other,
                Hold::Nothing => false,
            }
    }
}

impl Written {
    /// Whether every seed could draw it.
    pub(crate) fn check(&self, asked: &Asked<'_>) -> Checked {
        self.it().check(asked)
    }

    /// One seed's.
    pub(crate) fn draw(&self, dice: &Dice<'_>, stream: &mut Stream) -> Fault {
        self.it().draw(dice, stream)
    }
}

/// In words: `isolate leader of p1`.
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.it().fmt(f)
    }
}

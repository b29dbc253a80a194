//! What a fault does to the world: all that whoever brings it has to know of it. Many kinds of faults may
//! share one effect.

use crate::target::Node;

/// What is done while a fault lasts, and undone when it is lifted: to links, to the network as a whole, or
/// to each node of the fault's target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Frames vanish.
    Cut(Cut),
    /// The network as a whole is worse by this much.
    Rates(Rates),
    /// Something is wrong with each node of the target.
    Node(NodeEffect),
}

/// Whose frames vanish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Those from the first nodes of a pair to the second.
    Sides(Vec<(Vec<Node>, Vec<Node>)>),
    /// The target is cut off from every other node, both ways.
    Target {
        /// And from clients.
        clients: bool,
    },
    /// This client reaches no node, and none reaches it.
    Client {
        /// Which, from 1.
        client: u32,
    },
}

/// What is done to a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeEffect {
    /// Its process dies, and starts again.
    Kill,
    /// Its machine loses its power, and starts again.
    CutPower,
    /// Its process stands still.
    Hold,
    /// Its process dies and starts, again and again.
    Storm {
        /// How long it is up each time.
        up_ms: u64,
        /// How long it is down each time.
        down_ms: u64,
    },
    /// Its flushes take this many times longer.
    SlowDisk {
        /// How many times.
        factor: u32,
    },
    /// Its flushes fail.
    FailFlushes,
    /// Its wall clock is off.
    WallOffset {
        /// Milliseconds, either way.
        ms: i64,
    },
    /// Its clocks run at another rate.
    Drift {
        /// Parts per million, either way.
        ppm: i64,
    },
    /// Its wall clock jumps once. Nothing undoes it.
    WallJump {
        /// Milliseconds, either way.
        ms: i64,
    },
}

/// How often frames between nodes meet with accidents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rates {
    /// Parts per million that vanish.
    pub loss_ppm: u32,
    /// Parts per million that arrive twice.
    pub duplicate_ppm: u32,
    /// Parts per million that overtake others.
    pub reorder_ppm: u32,
    /// Parts per million that take a long tail.
    pub tail_ppm: u32,
    /// The longest tail in microseconds.
    pub tail_us: u64,
}

/// What can be wrong with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Harm {
    /// Its process is held down, or killed again and again.
    Down,
    /// Its process is held still.
    Paused,
    /// Its flushes fail.
    FailingDisk,
    /// Its flushes take longer.
    SlowDisk,
    /// Its clocks run at a wrong rate.
    BentClock,
}

impl Effect {
    /// By how much the network as a whole is worse.
    pub fn rates(&self) -> Option<Rates> {
        match self {
            Effect::Rates(rates) => Some(*rates),
            Effect::Cut(_) | Effect::Node(_) => None,
        }
    }

    /// What is done to each node of the target.
    pub fn of_node(&self) -> Option<&NodeEffect> {
        match self {
            Effect::Node(effect) => Some(effect),
            Effect::Cut(_) | Effect::Rates(_) => None,
        }
    }

    /// What it does to a node itself; none if it is done to links, to the network as a whole, or to wall
    /// clocks.
    pub fn harm(&self) -> Option<Harm> {
        self.of_node().and_then(NodeEffect::harm)
    }

    /// Whether it can take a replica away from its group, which then has to catch up.
    pub fn takes_replicas(&self) -> bool {
        match self {
            Effect::Cut(Cut::Sides(_) | Cut::Target { .. }) => true,
            Effect::Cut(Cut::Client { .. }) | Effect::Rates(_) => false,
            Effect::Node(effect) => effect.takes_replicas(),
        }
    }

    /// Whether it is over as soon as it is done.
    pub fn is_momentary(&self) -> bool {
        matches!(self, Effect::Node(NodeEffect::WallJump { .. }))
    }
}

impl NodeEffect {
    fn harm(&self) -> Option<Harm> {
        match self {
            NodeEffect::Kill | NodeEffect::CutPower | NodeEffect::Storm { .. } => Some(Harm::Down),
            NodeEffect::Hold => Some(Harm::Paused),
            NodeEffect::FailFlushes => Some(Harm::FailingDisk),
            NodeEffect::SlowDisk { .. } => Some(Harm::SlowDisk),
            NodeEffect::Drift { .. } => Some(Harm::BentClock),
            NodeEffect::WallOffset { .. } | NodeEffect::WallJump { .. } => None,
        }
    }

    fn takes_replicas(&self) -> bool {
        match self {
            NodeEffect::Kill
            | NodeEffect::CutPower
            | NodeEffect::Hold
            | NodeEffect::Storm { .. }
            | NodeEffect::FailFlushes => true,
            NodeEffect::SlowDisk { .. }
            | NodeEffect::WallOffset { .. }
            | NodeEffect::Drift { .. }
            | NodeEffect::WallJump { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::*, *};
    use Target::Node;

    #[test]
    fn a_wall_clock_harms_nobody_and_a_rate_of_both_clocks_does() {
        let harm = |fault: Fault| fault.effect().harm();
        assert_eq!(harm(Crash { target: Node(1) }.into()), Some(Harm::Down));
        assert_eq!(harm(PowerLoss { target: Node(1) }.into()), Some(Harm::Down));
        let storm = RestartStorm { target: Node(1), up_ms: 1, down_ms: 1 };
        assert_eq!(harm(storm.into()), Some(Harm::Down));
        assert_eq!(harm(Pause { target: Node(1) }.into()), Some(Harm::Paused));
        assert_eq!(harm(FsyncError { target: Node(1) }.into()), Some(Harm::FailingDisk));
        assert_eq!(harm(SlowDisk { target: Node(1), factor: 2 }.into()), Some(Harm::SlowDisk));
        assert_eq!(harm(ClockDrift { target: Node(1), ppm: 9 }.into()), Some(Harm::BentClock));
        assert_eq!(harm(ClockOffset { target: Node(1), ms: 9 }.into()), None);
        assert_eq!(harm(ClockJump { target: Node(1), ms: 9 }.into()), None);
    }
}

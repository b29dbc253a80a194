//! The harness broken on purpose, so that its own tests can prove what it does then: a node that
//! panics, a turn without end, a world that stands still. Planted bugs of the system are not here, and no
//! honest run has any of this.

/// What goes wrong in a node's turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sabotage {
    /// The node panics, as it does when one of its assertions fails.
    Panic,
    /// The node asks its host for ever.
    EndlessTurn,
    /// The node wants to be woken at once, again and again: world time stands still.
    EndlessEvents,
}

/// Which node is struck, from when on, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sabotaged {
    /// Which node, from 1.
    pub node: u32,
    /// In its first turn at or after this world time.
    pub at_ns: u64,
    /// How.
    pub how: Sabotage,
}

impl Sabotaged {
    /// What strikes a node's turn now.
    pub(crate) fn strikes(of: Option<Sabotaged>, place: usize, now_ns: u64) -> Option<Sabotage> {
        let of = of?;
        (of.node as usize == place + 1 && now_ns >= of.at_ns).then_some(of.how)
    }
}

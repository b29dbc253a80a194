//! What the stage does when its time comes. The world keeps it on its agenda beside frames and flushes.

/// Something that the stage does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    /// A fault of the timeline waits for its occasion from now on.
    Arm(usize),
    /// A fault of the timeline begins.
    Begin(usize),
    /// It ends.
    End(usize),
    /// A restart storm's next blow to a node: down if `down`, else up.
    Storm { fault: usize, node: usize, down: bool },
    /// A process ended by itself.
    Reap(usize),
    /// A supervisor starts it again.
    Revive(usize),
    /// A late partition's time has come.
    Create(usize),
    /// Late partitions that failed are asked for again, clients look for those that stand.
    Introduce,
    /// The phase looks whether it is over.
    Look,
    /// The run is over before its plan is.
    Abort(Aborted),
}

/// Why a run ends before its plan does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Aborted {
    /// A node panicked.
    Panicked { node: u32, place: String, message: String },
    /// The world goes round in circles.
    Looped,
    /// Someone asked for it.
    Cancelled,
}

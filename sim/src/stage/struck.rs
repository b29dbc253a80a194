//! A fault that struck, for whoever asks afterwards what it did.

/// One fault.
#[derive(Debug)]
pub(crate) struct Struck {
    /// Its place in the plan.
    pub(crate) place: usize,
    pub(crate) kind: &'static str,
    /// What it is, in words.
    pub(crate) what: String,
    pub(crate) at_ns: u64,
    /// When it was lifted; none if the run ended before.
    pub(crate) lifted_ns: Option<u64>,
    /// Nodes that it touched, and clients that it cut off.
    pub(crate) nodes: Vec<u32>,
    pub(crate) clients: Vec<u32>,
    /// Whether it took replicas away.
    pub(crate) takes_replicas: bool,
}

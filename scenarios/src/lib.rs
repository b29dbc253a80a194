//! What shall happen. Has never seen a socket.

mod fault;
mod plan;
mod random;

pub use fault::{Fault, Target};
pub use plan::{Disk, Network, Node, Phases, Placement, Plan, Planned, Timing, Workload};
pub use random::Stream;

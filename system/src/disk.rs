//! How a node's logs stand on its disk: checksummed blocks in append-only segments, and a registry that
//! says whose disk it is (docs/FORMAT.md). Everything here is pure: it says what to write and what to
//! flush, and reads what was written; it touches no file, and knows nothing of what travels.
//!
//! [`block`] has the one format, writer and reader side by side. [`persist`] gathers what a turn records
//! and closes it into a block; [`mod@recover`] reads it all again after a start, through a [`rope`] that copies
//! nothing, and tells a torn end from rot. [`durable`] is the one piece of code that knows how far bytes
//! are to be trusted. [`registry`] is the node's identity and the groups it holds; [`files`] how files are
//! called.

pub mod block;
pub mod durable;
pub mod files;
pub mod persist;
pub mod recover;
pub mod registry;
pub mod rope;

pub use block::HardState;
pub use durable::{Durable, Write};
pub use persist::Persist;
pub use recover::{Damage, Recovered, recover};
pub use registry::Registry;
pub use rope::Rope;

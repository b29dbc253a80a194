//! Models of well-known objects for the general search, one file for each.
//!
//! Each says in its first lines what its state is and how it reads the answers that are open to
//! interpretation. One rule holds for all: a result that no one can say is never taken for one of
//! the things that it could have been. An operation that came back without it may have done what it
//! was asked to or nothing at all.

pub mod bank;
pub mod counter;
pub mod log;
pub mod multi_register;
pub mod mutex;
pub mod queue;
pub mod register;
pub mod set;
pub mod stream;
pub mod text;

pub use bank::Bank;
pub use counter::Counter;
pub use log::Log;
pub use multi_register::MultiRegister;
pub use mutex::Mutex;
pub use queue::{Bag, Queue};
pub use register::Register;
pub use set::Set;
pub use stream::Stream;
pub use text::Text;

/// A list in words, without its middle if it is long: `[1, 2, .. 97 more .., 100]`.
fn list<T: std::fmt::Debug>(values: &[T]) -> String {
    match values {
        [first, second, middle @ .., last] if middle.len() > 8 => {
            format!("[{first:?}, {second:?}, .. {} more .., {last:?}]", middle.len())
        }
        all => format!("{all:?}"),
    }
}

/// What a result that no one can say looks like behind an operation in words.
const UNKNOWN: &str = "(no one can say whether it did)";

#[cfg(test)]
mod tests;

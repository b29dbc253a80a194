//! The stage: leads a run through its phases, lets clients work, and writes everything down. Of the world
//! it knows a [`theatre`]: what time it is, who can be asked to call, to be struck, to be started.

pub(crate) mod aftermath;
pub(crate) mod books;
mod catch_up;
mod drain;
mod dues;
mod faults;
mod late;
pub(crate) mod load;
pub(crate) mod phases;
mod struck;
pub(crate) mod task;
pub(crate) mod theatre;

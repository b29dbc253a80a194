//! Every page of this room, told from runs that never ran.

mod fixtures;
mod golden;
mod laws;
mod page;
mod shape;

//! The rules that decide whether something acknowledged can be lost, as predicates: numbers go in, yes
//! or no comes out, and nothing is changed here. Each names its rule of the catalogue (S1 to S48) and
//! has inside it the planted bugs that break it. Where a rule is kept by the shape of the code and not
//! by a question, it is cited there. One file for each thing that a replica does.

pub(crate) mod committing;
pub(crate) mod flushing;
pub(crate) mod producing;
pub(crate) mod reading;
pub(crate) mod replicating;
pub(crate) mod storing;
pub(crate) mod voting;

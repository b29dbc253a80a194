//! Makes it happen: the simulated world, and the run of a plan in it.

#[cfg(not(madsim))]
compile_error!(
    "`sim` must be built with `--cfg madsim`: keep RUSTFLAGS unset so that .cargo/config.toml \
     applies, or add `--cfg madsim` to it"
);

mod books;
pub mod clock;
pub mod disk;
mod driver;
mod load;
mod nemesis;
pub mod network;
mod run;
mod sabotage;
mod tasks;
mod trace;
pub mod witness;
mod world;

pub use run::{Options, Simulated, run, run_sabotaged};
pub use sabotage::{Sabotage, Sabotaged};

//! Makes it happen: the simulated world, and the run of a plan in it.

#[cfg(not(madsim))]
compile_error!(
    "`sim` must be built with `--cfg madsim`: keep RUSTFLAGS unset so that .cargo/config.toml \
     applies, or add `--cfg madsim` to it"
);

pub mod clock;
pub mod disk;
pub mod network;
mod run;

pub use run::{Options, Simulated, run};

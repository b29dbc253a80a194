//! Makes it happen: a plan goes in, a [`checkers::Run`] comes out. [`run`] is the one door.
//!
//! Three rooms and the machines between them:
//!
//! - The **[`subject`]** is the system under test, behind four small traits: processes, callers, and a
//!   witness who reads disks and frames for the judges. The code of `system` as it is is one; read the
//!   toy in `examples/` for what another needs ([`run_subject`]).
//! - The **`world`** is what it lives in: one heap of events in world time, and a simulated [`network`],
//!   [`disk`]s and [`clock`]s. Read those three first; each is a machine by itself that waits for
//!   nothing. `nemesis` brings the plan's faults upon them, the [`oracle`] knows what is wrong with whom.
//! - The **`stage`** leads through the phases, lets clients work (`load`), strikes with faults at their
//!   times, and writes everything down (`books`). It asks the world only what its `theatre` says.
//!
//! # What is simulated
//!
//! - **Network.** Each link by itself: latency by region, jitter, long tails, loss, duplicates,
//!   reordering, cuts in one direction or both. A cut is a black hole, and a dead peer is silent.
//! - **Disks.** A page cache that a crash spares and a power loss does not: any subset of unsynced
//!   pages stays, sectors tear, new names vanish. Flushes are slow, have tails, and fail.
//! - **Clocks.** A monotonic one that drifts; a wall clock that drifts with it, is off, and jumps.
//! - **Processes.** Crash, power loss, pause, restarts, whole regions; a supervisor that starts
//!   again what stopped itself.
//! - **Clients.** They call at a steady rate, whether or not earlier calls returned.
//!
//! # One turn at a time
//!
//! madsim runs the one task of a run and is told whose life ends; its clock, generator, network and files
//! feed nothing. World time is the time of the event that was popped last. The world pops an event and
//! calls the node that it belongs to: a turn handles all that the node was handed, in plain synchronous
//! code. So no second task is ever runnable, and no scheduler has a choice.
//!
//! # Phases
//!
//! *Boot*: every partition has a ready leader and all its replicas. *Trouble*: the plan's faults
//! under load. *Heal*: every fault is lifted, progress is owed, load goes on until groups have settled,
//! replicas catch up, and no call is left open. *Drain*: every partition is read from its first offset
//! to its end. *Judge*: every disk is read once more. Judges watch all along. What is wrong, and since
//! when nothing is, [`oracle`] says for all of them. A phase that does not end in its time is
//! [`Ending::Stuck`], with what was waited for; a panic in a node is [`Ending::Panicked`]; a panic
//! anywhere else and endless events are bugs of the harness.
//!
//! # Why two runs of a plan are the same
//!
//! - Threads: a run is one fresh thread with its own runtime. Runs side by side share nothing.
//! - Scheduling: there is one task.
//! - Dice: each link, node, disk, clock and client has its own stream, derived from the plan's seed
//!   and a name. One draw more in one place moves no other place.
//! - Real time: `Instant::now` and `SystemTime::now` are banned by lint.
//! - Order of maps: `HashMap` and `HashSet` are banned by lint.
//! - Floating point: none decides anything here; long tails come from integer tables.
//! - Addresses: no pointer is hashed or compared.
//!
//! The trace hash proves it for each run: 256 bits over every send, loss, delivery, write,
//! truncation, flush, turn, call, fault, start, stop and phase. [`Options::keep_trace`] keeps the
//! records as text, to name the first event in which two runs differ.
//!
//! # Caveats
//!
//! - What was flushed stays: no bit rot, misdirected or lost writes, full disks, failing reads or
//!   rolled-back disks yet. Hence no fault is ever refused as beyond tolerance.
//! - Frames are never corrupted on their way, and no plan limits a link's bandwidth yet.
//! - Reads are instant; only flushes take time. A turn takes no world time either, so overload
//!   shows as waiting frames and flushes, never as a busy core.
//! - Membership is fixed, and nodes keep the disk they were born with.
//! - Events happen in order of their times: no other schedule is explored.
//! - Without [`Options::stop_on_breach`] a run that has broken a law goes on to its end.
//!
//! [`Ending::Stuck`]: checkers::Ending::Stuck
//! [`Ending::Panicked`]: checkers::Ending::Panicked

#[cfg(not(madsim))]
compile_error!(
    "`sim` must be built with `--cfg madsim`: keep RUSTFLAGS unset so that .cargo/config.toml \
     applies, or add `--cfg madsim` to it"
);

pub mod clock;
pub mod disk;
mod nemesis;
pub mod network;
mod options;
pub mod oracle;
mod panics;
mod run;
mod stage;
pub mod subject;
mod theatre;
mod trace;
mod world;

pub use options::Options;
pub use run::{Simulated, run, run_subject};

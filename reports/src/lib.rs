//! Tells what happened: one [`Report`], rendered for people ([`text`], [`html`]) and for machines
//! ([`json`], [`junit`]).
//!
//! [`compose`] turns a judged run into a [`RunReport`]; [`ExitCode::of`] says how the process ends.
//! Nothing here judges, waits, reads a clock or writes a file: a page is a string, and the same
//! report is always the same bytes. Delete this room and no verdict changes.
//!
//! Read `report` first: what every page is made of. Then `exit`, the numbers that scripts depend
//! on; `suite`, what several runs say together; `story`, how a broken law is told, with `names`,
//! `rules` and `levels`; `words`, how anything is told; and the pages:
//! `text` with `screen`, one for each failing run, `html` with `plot` and the template, `json`,
//! `junit`. Whatever came from a message, a name or a panic is escaped where it is written.
//!
//! # Caveats
//!
//! Plots show at most 300 points: sums and rates are averaged, latencies and lags keep their maximum,
//! so a short dip in the rate of a long run can be smoothed away. The page draws plots only for a
//! bounded number of runs and says which it left out; the JSON has every run. Long evidence is
//! elided on the terminal and complete in the JSON.

mod check;
mod exit;
mod html;
mod ink;
mod json;
mod junit;
pub mod levels;
mod names;
mod plot;
mod report;
mod rules;
mod screen;
mod story;
mod suite;
mod telling;
mod text;
mod words;

pub use check::{check_exit_code, check_json, check_text};
pub use exit::ExitCode;
pub use html::html;
pub use json::{json, json_error, json_run, json_with};
pub use junit::junit;
pub use report::{
    DETERMINISM, FINISHED, NO_PANIC, Origin, PLANT_EXECUTED, Replay, Report, RunReport, compose,
};
pub use rules::{RULES, Rule, cited};
pub use screen::text_run;
pub use story::Story;
pub use text::text;
pub use words::shell_word;
pub use words::tame;

//! Chapter to come.

mod exit;
mod report;

pub use exit::ExitCode;
pub use report::{
    DETERMINISM, FINISHED, NO_PANIC, PLANT_EXECUTED, Replay, Report, RunReport, compose,
};

/// The terminal page of an invocation.
pub fn text(report: &Report, colour: bool) -> String {
    let _ = (report, colour);
    String::new()
}

/// The screen of one run.
pub fn text_run(run: &RunReport, colour: bool) -> String {
    let _ = (run, colour);
    String::new()
}

/// The document of `--format json`, with the exit code that the runs tell.
pub fn json(report: &Report) -> serde_json::Value {
    json_with(report, ExitCode::of(report))
}

/// The document of `--format json`, with an exit code that the front door knows better (74, 143).
pub fn json_with(report: &Report, exit_code: ExitCode) -> serde_json::Value {
    let _ = report;
    serde_json::json!({ "schema": 1, "exit_code": exit_code.code() })
}

/// The document of `--format json` when there is no report: an error and its exit code.
pub fn json_error(error: &str, exit_code: ExitCode) -> serde_json::Value {
    serde_json::json!({ "schema": 1, "error": error, "exit_code": exit_code.code() })
}

/// JUnit XML of an invocation.
pub fn junit(report: &Report) -> String {
    let _ = report;
    String::new()
}

/// One self-contained HTML page of an invocation.
pub fn html(report: &Report) -> String {
    let _ = report;
    String::new()
}

//! The built binary, run in a folder of its own, as a script would run it.

#![allow(dead_code, reason = "each test file is a crate and uses a part of this")]

use serde_json::Value;
use std::{
    path::Path,
    process::{Command, Output},
};
use tempfile::TempDir;

/// An empty folder to run in.
pub(crate) fn room() -> TempDir {
    tempfile::tempdir().expect("a folder for the test")
}

/// The binary with these words, to be run in that folder.
pub(crate) fn command(room: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_zeroloss"));
    command.current_dir(room).args(words).env_remove("RUST_BACKTRACE");
    command
}

/// Runs it to its end.
pub(crate) fn zeroloss(room: &Path, words: &[&str]) -> Output {
    command(room, words).output().expect("the binary starts")
}

/// Its exit code.
pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

/// What it printed as its result.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

/// What it said beside it.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Its result as the one JSON document that it must be.
pub(crate) fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{error} in {}", stdout(output)))
}

/// Names in a folder, hidden ones too.
pub(crate) fn names_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

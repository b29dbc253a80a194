//! The commit that this binary is built from, for `--version` and for every result: a result that
//! does not say what made it cannot be compared with another. Outside of a clone it is *unknown*.

use std::process::Command;

/// Whatever may make the working tree differ from its commit.
const ROOMS: [&str; 6] = ["system", "scenarios", "checkers", "sim", "reports", "cli"];

fn main() {
    for room in ROOMS {
        println!("cargo:rerun-if-changed=../{room}/src");
    }
    println!("cargo:rerun-if-changed=../scenarios/catalogue");
    println!("cargo:rerun-if-changed=../reports/templates");
    println!("cargo:rerun-if-changed=../Cargo.lock");
    if let Some(log) = git(&["rev-parse", "--path-format=absolute", "--git-path", "logs/HEAD"]) {
        println!("cargo:rerun-if-changed={log}");
    }
    let commit = git(&["describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]);
    println!("cargo:rustc-env=ZEROLOSS_GIT={}", commit.as_deref().unwrap_or("unknown"));
}

/// One line of git's answer; none without git or outside of a clone.
fn git(words: &[&str]) -> Option<String> {
    let output = Command::new("git").args(words).output().ok().filter(|o| o.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|line| !line.is_empty())
}

//! Pages in a real browser, at the width of a telephone and of a desk: `docs/look.py` measures what
//! does not fit and what cannot be read. Without python3 or a browser nothing is looked at.

mod common;

use common::{room, stderr, stdout, zeroloss};
use std::{path::Path, process::Command};

/// What the script says for "there is no browser here".
const NO_BROWSER: i32 = 4;

#[test]
fn a_page_fits_a_telephone_and_a_desk() {
    let room = room();
    let planted =
        ["run", "early_ack", "--plant", "ack_before_flush", "--seeds", "2", "--out", "red"];
    for words in [
        &planted[..],
        &[
            "run",
            "leader_crash",
            "split_brain",
            "rolling_restart",
            "--seeds",
            "2",
            "--out",
            "green",
        ],
        &["run", "smoke", "--seed", "1", "--out", "one"],
    ] {
        zeroloss(room.path(), words);
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/look.py");
    let pages = ["red", "green", "one"].map(|out| format!("{out}/latest/report.html"));
    let looked = Command::new("python3").arg(script).args(pages).current_dir(room.path()).output();
    let Ok(looked) = looked else { return };
    let code = looked.status.code();
    if code != Some(NO_BROWSER) {
        assert_eq!(code, Some(0), "{}{}", stdout(&looked), stderr(&looked));
    }
}

//! Histories of registers. Most are those of Elle's own tests, so that the names can be compared.

use super::*;
use crate::{
    testing::{holds, unknown},
    transactions::{Inference, Initial, Model, judge_rw_register},
};

const NOTHING: Inference = Inference {
    writes_follow_reads: false,
    sequential_keys: false,
    linearizable_keys: false,
    initial: Initial::Unknown,
};
const FOLLOW: Inference = Inference { writes_follow_reads: true, ..NOTHING };
const SEQUENTIAL: Inference = Inference { sequential_keys: true, ..NOTHING };
const LINEARIZABLE: Inference = Inference { linearizable_keys: true, ..NOTHING };

fn judge(text: &str, inference: Inference, model: &str) -> TransactionsRuling {
    let model = Model::find(model).expect("a model");
    judge_rw_register(&registers(text), model, inference, &Letters, AMPLE)
}

fn names(text: &str, inference: Inference) -> Vec<&'static str> {
    found(&judge(text, inference, "strict-serializable"))
}

#[test]
fn what_runs_one_after_another_holds_whatever_is_assumed() {
    let text = "1@0-1 ok: wx1 wy1\n2@2-3 ok: rx1 wx2\n1@4-5 ok: rx2 ry1\n3@6- unknown: wx3 ry?\n4@8-9 ok: rx3 rz_";
    let all = Inference { writes_follow_reads: true, sequential_keys: true, ..LINEARIZABLE };
    for inference in [NOTHING, FOLLOW, SEQUENTIAL, LINEARIZABLE, all] {
        assert_eq!(names(text, inference), Vec::<&str>::new());
    }
    assert_eq!(holds(&judge(text, NOTHING, "serializable").verdict), 4);
}

#[test]
fn without_dependencies_it_is_vacuous() {
    for text in ["", "1 ok: wx1 wy2\n2 ok: wx2 wy1", "1 ok: rx?\n2 ok: wx1"] {
        let why = unknown(judge(text, NOTHING, "serializable").verdict);
        assert_eq!(why, "vacuous: no transaction depended on another");
    }
}

#[test]
fn writes_in_a_circle_show_where_keys_are_sequential() {
    let text = "0@0-1 ok: wx1 wy2\n1@2-3 ok: wx2 wy1\n0@4-5 ok: rx2\n1@6-7 ok: ry2";
    let ruling = judge(text, SEQUENTIAL, "read-uncommitted");
    assert_eq!(
        told(&ruling),
        "g0: transactions wrote over one another in a circle (T1 < T2 < T1)
  1 ms  T1 = process 0: write x = 1, write y = 2
  3 ms  T2 = process 1: write x = 2, write y = 1
  3 ms  then T1 < T2, because T1 wrote 1 to key x before T2 wrote 2
  3 ms  however, T2 < T1, because T2 wrote 1 to key y before T1 wrote 2: a contradiction"
    );
    assert_eq!(found(&judge(text, NOTHING, "serializable")), Vec::<&str>::new());
}

#[test]
fn reads_of_what_was_aborted_or_overwritten_have_their_names() {
    assert_eq!(names("1 ok: rx1\n2 fail: wx1", NOTHING), ["g1a"]);
    assert_eq!(names("1 ok: wx1 wx2\n2 ok: rx1", NOTHING), ["g1b"]);
    assert_eq!(names("1 ok: wx1 rx1 wx2", NOTHING), Vec::<&str>::new());
    assert_eq!(judge("1 ok: rx1\n2 fail: wx1", NOTHING, "read-uncommitted").permitted.len(), 1);
    assert!(
        told(&judge("1 ok: rx1\n2 fail: wx1", NOTHING, "read-committed"))
            .starts_with("g1a: process 1 read key x = 1, whose transaction was aborted")
    );
}

#[test]
fn information_in_a_circle_is_g1c() {
    let text = "1 ok: wx1 ry1\n2 ok: wy1 rx1";
    assert_eq!(names(text, NOTHING), ["g1c"]);
    assert_eq!(holds(&judge(text, NOTHING, "read-uncommitted").verdict), 2);
    assert!(
        told(&judge(text, NOTHING, "read-committed"))
            .contains("T1 < T2, because T1 wrote 1 to key x, which T2 read")
    );
}

#[test]
fn a_register_begins_without_a_value() {
    let text = "1 ok: rx_ ry1\n2 ok: wy1 wx2";
    assert_eq!(names(text, NOTHING), ["g_single"]);
    assert!(
        told(&judge(text, NOTHING, "serializable"))
            .contains("because T1 read key x = nil before T2 wrote 2")
    );
    // What no one can say says nothing.
    assert_eq!(names("1 ok: rx? ry1\n2 ok: wy1 wx2", NOTHING), Vec::<&str>::new());
}

#[test]
fn writes_that_follow_reads_order_versions() {
    let text = "1 ok: ry1 wx1 wy2\n2 ok: rx1 ry1\n3 ok: wy1";
    assert_eq!(names(text, NOTHING), ["g_single"]);
    assert_eq!(judge(text, NOTHING, "read-uncommitted").found, []);
    assert_eq!(found(&judge(text, FOLLOW, "read-uncommitted")), ["g_single"]);
}

#[test]
fn two_that_miss_each_other_are_g2_item() {
    let text = "0@0-1 ok: rx1 ry1\n1@2-5 ok: rx1 wy2\n2@3-4 ok: ry1 wx2";
    assert_eq!(names(text, LINEARIZABLE), ["g2_item"]);
    assert_eq!(judge(text, LINEARIZABLE, "snapshot-isolation").verdict.word(), "holds");
    assert_eq!(judge(text, LINEARIZABLE, "repeatable-read").verdict.word(), "violated");
}

#[test]
fn a_transaction_agrees_with_itself() {
    assert_eq!(names("1 ok: rx1 rx2\n2 ok: wx1\n3 ok: wx2", NOTHING), ["internal"]);
    assert_eq!(names("1 ok: rx1 wx2 rx1", NOTHING), ["internal"]);
    assert_eq!(names("1 ok: rx_ rx2\n2 ok: wx2", NOTHING), ["internal"]);
    assert_eq!(names("1 ok: ry2 wx2 rx2 wx1 rx1", NOTHING), Vec::<&str>::new());
    assert_eq!(names("1 ok: rx1 wx1", NOTHING), ["future_read"]);
}

#[test]
fn versions_in_a_circle_are_told_and_left_out() {
    let text = "0@0-1 ok: wx1\n0@2-3 ok: wx2\n0@4-5 ok: rx1";
    assert_eq!(names(text, SEQUENTIAL), ["cyclic_versions"]);
    assert_eq!(
        told(&judge(text, SEQUENTIAL, "serializable")).lines().next(),
        Some(
            "cyclic_versions: if each key is sequential, then each of the values 1, 2 of key x comes \
              before the others"
        )
    );
    let other = text.replace("0@2", "1@2").replace("0@4", "2@4");
    assert_eq!(found(&judge(&other, SEQUENTIAL, "serializable")), Vec::<&str>::new());
    assert_eq!(names(&other, LINEARIZABLE), ["cyclic_versions"]);
    // Elle's scc-sort-bug-test: nil after 1, and 3 after 4 by the write and before it by time.
    let text = "0@0-1 ok: rx1\n0@2-3 ok: rx_\n0@4-5 ok: rx4 wx3\n0@6-7 ok: wx4";
    let both = Inference { writes_follow_reads: true, ..LINEARIZABLE };
    assert_eq!(names(text, both), ["phantom", "cyclic_versions", "g0_process"]);
    // A version that is read again and again comes before nothing but what is newer.
    assert_eq!(names("0@0-1 ok: rx_\n1@0-2 ok: wx4\n0@3-4 ok: rx_", LINEARIZABLE).len(), 2);
    assert_eq!(
        names("0@0-1 ok: rx_\n1@0-5 ok: wx4\n0@2-3 ok: rx_\n0@6-7 ok: rx4", LINEARIZABLE),
        Vec::<&str>::new()
    );
}

#[test]
fn two_updates_of_one_version_lose_one() {
    let text = "0@0-1 ok: rx0 wx1\n1@2-3 ok: rx0 wx2";
    assert_eq!(names(text, NOTHING), ["lost_update", "g2_item", "g_single_realtime"]);
    assert!(
        told(&judge(text, NOTHING, "cursor-stability"))
            .starts_with("lost_update: 2 transactions read key x = 0 and each replaced it")
    );
}

#[test]
fn a_value_that_nobody_wrote_is_a_phantom_unless_keys_may_begin_with_one() {
    let text = "0@0-9 ok: wx2\n1@2-3 ok: rx3\n0@10-11 ok: rx2";
    let ruling = judge(text, NOTHING, "strict-serializable");
    assert_eq!(holds(&ruling.verdict), 2);
    assert_eq!(ruling.permitted, ["key x held 3 before anyone wrote to it"]);
    let begins_with = |initial| Inference { initial, ..NOTHING };
    assert_eq!(names(text, begins_with(Initial::Value(3))), Vec::<&str>::new());
    assert_eq!(names(text, begins_with(Initial::Nothing))[0], "phantom");
    assert_eq!(names(text, begins_with(Initial::Value(4)))[0], "phantom");
    // It is older than every write, and there is only one (Elle issue 8).
    let late = text.replace("0@0-9", "0@0-1");
    assert_eq!(names(&late, NOTHING), ["g_single_realtime"]);
    assert_eq!(names("1 ok: rx3\n2 ok: rx4", NOTHING), ["phantom"]);
    assert_eq!(names("1 ok: rx3\n2 ok: rx_", NOTHING), ["phantom"]);
    assert_eq!(names("1 ok: rx_ wy1\n2 ok: ry1", begins_with(Initial::Value(3))), ["phantom"]);
    assert_eq!(names("1 fail: wx3\n2 ok: rx3", NOTHING), ["g1a"]);
}

#[test]
fn what_follows_from_a_model_is_told_from_what_is_assumed() {
    let text = "1 ok: wx1\n2 ok: rx1";
    assert_eq!(
        judge(text, LINEARIZABLE, "serializable").assumptions,
        [
            "a write follows the transaction's own read of the key: that follows from serializable",
            "each key is linearizable: assumed, for serializable does not imply it \
             (--linearizable-keys)",
        ]
    );
    let of = |model: &str| judge(text, NOTHING, model).assumptions.len();
    let follows = [
        ("read-uncommitted", 0),
        ("cut-isolation", 0),
        ("read-committed", 1),
        ("read-atomic", 1),
        ("causal", 1),
        ("psi", 1),
        ("si", 1),
        ("serializable", 1),
        ("strong-session-si", 2),
        ("sequential", 2),
        ("strong-si", 2),
        ("strict-serializable", 2),
    ];
    follows.iter().for_each(|(model, count)| assert_eq!(of(model), *count, "{model}"));
}

#[test]
fn a_key_to_which_a_value_was_written_twice_is_left_out_and_told() {
    let text = "1 ok: wx1 wy1\n2 ok: wx1\n3 ok: rx1 ry1";
    assert_eq!(
        unknown(judge(text, NOTHING, "serializable").verdict),
        "1 was written to key x more than once, so that no one can say whom a read of it saw; \
         nothing is wrong with the other keys"
    );
    let torn = "1 ok: wx1 wy1 wz1\n2 ok: wx1\n3 ok: rz1 ry_";
    assert_eq!(names(torn, NOTHING), ["g_single"]);
    // What had no effect is no second write.
    assert_eq!(names("1 ok: wx1\n2 fail: wx1\n3 ok: rx1", NOTHING), Vec::<&str>::new());
    assert_eq!(names("1 fail: wx1\n2 fail: wx1\n3 ok: rx1", NOTHING), ["g1a"]);
}

#[test]
fn what_no_order_explains_is_told_with_the_few_that_show_it() {
    let text = "1 ok: wx1 wy1\n2 ok: wx2 wy2\n3 ok: rx1 ry2\n4 ok: wz1\n5 ok: rz1\n6 unknown: wz2";
    assert_eq!(
        told(&judge(text, NOTHING, "serializable")),
        "no_order: whichever of the writes to each key came first, these 3 transactions are not \
         serializable
  1000 ms  process 1: write x = 1, write y = 1
  1001 ms  process 2: write x = 2, write y = 2
  1002 ms  process 3: read x = 1, read y = 2"
    );
    assert_eq!(judge(text, NOTHING, "read-atomic").verdict.word(), "violated");
    assert_eq!(judge(text, NOTHING, "monotonic-atomic-view").verdict.word(), "holds");
    let twice = text.replace("rx1 ry2", "rx1 ry2 rx1");
    assert_eq!(judge(&twice, NOTHING, "monotonic-atomic-view").verdict.word(), "violated");
    assert_eq!(judge(text, NOTHING, "read-committed").verdict.word(), "holds");
}

#[test]
fn many_who_miss_one_another_cost_no_edge_for_each_pair() {
    let text: String = (1..=300).map(|n| format!("{n} ok: rx_ wx{n}\n")).collect();
    let budget = Budget::of(1_000_000, 100_000);
    let model = Model::find("serializable").expect("a model");
    let ruling = judge_rw_register(&registers(&text), model, NOTHING, &Letters, budget);
    assert_eq!(found(&ruling), ["lost_update", "g2_item"]);
    let budget = Budget { bytes: 1000, ..budget };
    let ruling = judge_rw_register(&registers(&text), model, LINEARIZABLE, &Letters, budget);
    assert_eq!(found(&ruling), ["lost_update"], "out of bytes, and yet not silent");
    assert!(ruling.permitted[0].starts_with("out of bytes"));
}

#[test]
fn a_history_that_is_none_of_registers_is_malformed() {
    let model = Model::find("serializable").expect("a model");
    let why = judge_rw_register(&lists("1 ok: ax1"), model, NOTHING, &Letters, AMPLE).verdict;
    assert!(unknown(why).starts_with("malformed history: key x is a list"));
}

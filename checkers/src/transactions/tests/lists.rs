//! Histories of lists. Most are those of Elle's own tests, so that the names can be compared.

use super::*;
use crate::transactions::{Model, judge_list_append};

fn judge(text: &str, model: &str) -> TransactionsRuling {
    let model = Model::find(model).expect("a model");
    judge_list_append(&lists(text), model, &Letters, AMPLE)
}

/// What is wrong with a history, and the weakest of these models that is broken by it.
fn check(text: &str) -> (Vec<&'static str>, Option<&'static str>) {
    let models = [
        "read-uncommitted",
        "read-committed",
        "cursor-stability",
        "consistent-view",
        "snapshot-isolation",
        "repeatable-read",
        "serializable",
        "strong-session-read-committed",
        "read-atomic",
        "strong-session-snapshot-isolation",
        "strong-read-committed",
        "strong-snapshot-isolation",
        "strict-serializable",
    ];
    let broken = models.into_iter().find(|model| judge(text, model).verdict.word() == "violated");
    (found(&judge(text, "strict-serializable")), broken)
}

#[test]
fn what_runs_one_after_another_holds() {
    let text = "1@0-1 ok: ax1 ay1\n2@2-3 ok: rx1 ax2\n1@4-5 ok: rx12 ry1\n3@6- unknown: ax3 ry?";
    let ruling = judge(text, "strict-serializable");
    assert_eq!(found(&ruling), Vec::<&str>::new());
    // ww and wr to the second, wr from both to the third, ww and twice rw to the unread append.
    assert_eq!(crate::testing::holds(&ruling.verdict), 6, "{ruling:?}");
}

#[test]
fn without_dependencies_it_is_vacuous() {
    for text in ["", "1 ok: rx", "1 ok: ax1", "1 fail: ax1", "1 ok: ax1\n2 ok: ay1 rx?"] {
        let why = crate::testing::unknown(judge(text, "serializable").verdict);
        assert_eq!(why, "vacuous: no transaction depended on another");
    }
}

#[test]
fn writes_in_a_circle_are_g0() {
    let text = "1 ok: ax1 ay1\n2 ok: ax2 ay2\n3 ok: rx12 ry21";
    assert_eq!(check(text).1, Some("read-uncommitted"));
    assert_eq!(found(&judge(text, "read-uncommitted")), ["g0"]);
    assert_eq!(
        told(&judge(text, "read-uncommitted")),
        "g0: transactions wrote over one another in a circle (T1 < T2 < T1)
  1000 ms  T1 = process 1: append 1 to x, append 1 to y
  1001 ms  T2 = process 2: append 2 to x, append 2 to y
  1001 ms  then T1 < T2, because T1 appended 1 to key x before T2 appended 2
  1001 ms  however, T2 < T1, because T2 appended 2 to key y before T1 appended 1: a contradiction"
    );
}

#[test]
fn a_read_of_an_aborted_append_is_g1a() {
    let text = "1 fail: ax1\n2 ok: rx1";
    assert_eq!(check(text), (vec!["g1a"], Some("read-committed")));
    assert_eq!(
        told(&judge(text, "read-committed")),
        "g1a: process 2 read key x = [1], with 1, whose transaction was aborted
  1000 ms  process 1: append 1 to x (aborted)
  1001 ms  process 2: read x = [1]"
    );
    let permitted = judge(text, "read-uncommitted").permitted;
    assert_eq!(
        permitted,
        ["g1a: process 2 read key x = [1], with 1, whose transaction was aborted"]
    );
}

#[test]
fn a_read_of_half_a_transaction_is_g1b() {
    let text = "1@0-1 ok: ax1 ax2\n2@2-3 ok: rx1";
    assert_eq!(check(text), (vec!["g1b", "g_single"], Some("read-committed")));
    assert_eq!(found(&judge("1 ok: ax1 rx1 ax2", "serializable")), Vec::<&str>::new());
}

#[test]
fn information_in_a_circle_is_g1c() {
    let text = "1 ok: ax1 ry1\n2 ok: ax2 ay1\n3 ok: rx12 ry1";
    assert_eq!(check(text), (vec!["g1c"], Some("read-committed")));
}

#[test]
fn half_of_a_transaction_missed_is_g_single() {
    let text = "1 ok: ax1 ay1\n2 ok: ax2 ry\n3 ok: rx12";
    assert_eq!(check(text), (vec!["g_single"], Some("consistent-view")));
    assert_eq!(
        told(&judge(text, "serializable")),
        "g_single: a transaction missed a part of what it depends on (T1 < T2 < T1)
  1000 ms  T1 = process 1: append 1 to x, append 1 to y
  1001 ms  T2 = process 2: append 2 to x, read y = []
  1001 ms  then T1 < T2, because T1 appended 1 to key x before T2 appended 2
  1001 ms  however, T2 < T1, because T2 read key y = [] without 1, which T1 appended: a contradiction"
    );
}

#[test]
fn writes_seen_in_different_orders_are_g_nonadjacent() {
    let text = "1@0-1 ok: ax1\n2@2-3 ok: rx1 ry\n3@4-5 ok: ay1\n4@6-7 ok: ry1 rx";
    assert_eq!(found(&judge(text, "snapshot-isolation"))[0], "g_nonadjacent");
    let overlapping = "1 ok: ax1\n2 ok: rx1 ry\n3 ok: ay1\n4 ok: ry1 rx";
    assert_eq!(check(overlapping), (vec!["g_nonadjacent"], Some("snapshot-isolation")));
    // Two of the rw steps are in a row: snapshot isolation permits it.
    let adjacent = "1 ok: ry rv1\n2 ok: ay1 rz\n3 ok: az1 at1\n4 ok: rt1 ru\n5 ok: au1 av1";
    assert_eq!(check(adjacent), (vec!["g2_item"], Some("repeatable-read")));
}

#[test]
fn two_that_miss_each_other_are_g2_item() {
    let text = "1 ok: rx ay1\n2 ok: ry ax1";
    assert_eq!(check(text), (vec!["g2_item"], Some("repeatable-read")));
    assert_eq!(judge(text, "snapshot-isolation").verdict.word(), "holds");
    assert_eq!(judge(text, "snapshot-isolation").permitted.len(), 1);
}

#[test]
fn a_stale_read_breaks_the_order_of_time_or_of_its_process() {
    let text = "0@0-1 ok: ax1\n1@2-3 ok: ax2\n2@4-5 ok: rx1\n3@6-7 ok: rx12";
    assert_eq!(check(text), (vec!["g_single_realtime"], Some("strong-snapshot-isolation")));
    assert_eq!(
        told(&judge(text, "strict-serializable")),
        "g_single_realtime: a transaction missed a part of what it depends on, given the order of real \
         time (T1 < T2 < T1)
  3 ms  T1 = process 1: append 2 to x
  5 ms  T2 = process 2: read x = [1]
  5 ms  then T1 < T2, because T1 had ended 1.000 ms before T2 began
  5 ms  however, T2 < T1, because T2 read key x = [1] without 2, which T1 appended: a contradiction"
    );
    let same = text.replace("2@4", "1@4");
    assert_eq!(check(&same), (vec!["g_single_process"], Some("read-atomic")));
    let overlapping = text.replace("1@2-3", "1@2-9");
    assert_eq!(found(&judge(&overlapping, "strict-serializable")), Vec::<&str>::new());
}

#[test]
fn the_order_of_a_process_closes_longer_cycles_too() {
    // Elle issue 17.
    let text = "0@0-1 ok: rx rz1\n1@2-3 ok: ax1\n1@4-5 ok: rz\n2@6-7 ok: az1";
    assert!(found(&judge(text, "serializable")).contains(&"g_nonadjacent_process"));
    let model = "strong-session-snapshot-isolation";
    assert_eq!(judge(text, model).verdict.word(), "violated");
    assert_eq!(judge(text, "serializable").verdict.word(), "holds");
    // Elle issue 21.
    let text = "1@0-1 ok: rx1 ay1\n2@2-3 ok: ry1\n2@4-5 ok: ax1";
    assert_eq!(check(text), (vec!["g1c_process"], Some("strong-session-read-committed")));
}

#[test]
fn an_unknown_outcome_may_take_effect_at_any_later_moment() {
    // It had returned before the read began, and still took effect only after it.
    let text = "1@0-1 unknown: ax1\n2@2-3 ok: rx\n3@4-5 ok: rx1";
    assert_eq!(found(&judge(text, "strict-serializable")), Vec::<&str>::new());
    // Its own reads say nothing.
    let text = "1 unknown: ax2 ry?\n2 ok: ax1 ay1\n3 ok: rx12 ry1";
    assert_eq!(found(&judge(text, "strict-serializable")), Vec::<&str>::new());
}

#[test]
fn lists_that_do_not_grow_out_of_one_another_are_an_incompatible_order() {
    let text = "1 ok: ax1 ry1\n2 ok: ax2\n3 ok: ax3 ay1\n4 ok: rx13\n5 ok: rx123";
    let (names, broken) = check(text);
    assert_eq!(names[..2], ["incompatible_order", "g1c"], "{names:?}");
    assert_eq!(broken, Some("read-committed"));
    assert!(told(&judge(text, "read-committed")).starts_with(
        "incompatible_order: process 4 read key x = [1 3], and that is no beginning of [1 2 3]"
    ));
}

#[test]
fn an_append_on_top_of_an_aborted_one_is_a_dirty_update() {
    let text = "0 fail: ax1\n1 ok: ax2\n2 ok: rx12";
    assert_eq!(check(text), (vec!["g1a", "dirty_update"], Some("read-committed")));
    let indirect = "0 fail: ax1\n1 unknown: ax2\n2 ok: ax3\n3 ok: rx123";
    assert_eq!(check(indirect), (vec!["g1a", "dirty_update"], Some("read-committed")));
    let harmless = "0 ok: ax1\n1 unknown: ax2\n2 ok: ax3\n3 ok: rx123";
    assert_eq!(check(harmless), (vec![], None));
}

#[test]
fn an_element_twice_is_no_list_at_all() {
    let text = "1 ok: ax1 ry1\n2 ok: ax2 ay1\n3 ok: rx121";
    let ruling = judge(text, "read-uncommitted");
    assert_eq!(found(&ruling)[..2], ["duplicate_elements", "g1c"]);
    assert!(
        told(&ruling)
            .starts_with("duplicate_elements: process 3 read key x = [1 2 1], with 1 twice")
    );
}

#[test]
fn what_nobody_appended_is_a_phantom() {
    let text = "1 ok: ax1\n2 ok: rx19";
    assert_eq!(check(text), (vec!["phantom"], Some("read-uncommitted")));
}

#[test]
fn a_transaction_agrees_with_itself() {
    for text in [
        "1 ok: rx rx2\n2 ok: ax2",
        "1 ok: rx12 ax3 rx12\n2 ok: ax1 ax2",
        "1 ok: rx12 ax3 rx1\n2 ok: ax1 ax2",
        "1 ok: ax3 rx1234\n2 ok: ax1 ax2 ax4",
        "1 ok: ax3 rx",
    ] {
        assert!(found(&judge(text, "serializable")).contains(&"internal"), "{text}");
        assert_eq!(judge(text, "read-atomic").verdict.word(), "violated");
    }
    let good = "1 ok: ry56 ax3 rx123 ax4 rx1234\n2 ok: ax1 ax2 ay5 ay6";
    assert_eq!(check(good), (vec![], None));
}

#[test]
fn nobody_reads_what_he_only_appends_later() {
    let text = "1 ok: rx1 ax1";
    assert_eq!(check(text), (vec!["future_read"], Some("read-committed")));
    assert!(found(&judge("1 ok: ax1 rx01 ax0 ax3", "serializable")).contains(&"future_read"));
}

#[test]
fn two_updates_of_one_version_lose_one() {
    let text = "1 ok: ax0\n2 ok: rx0 ax1\n3 ok: rx0 ax2";
    assert_eq!(check(text), (vec!["lost_update", "g2_item"], Some("cursor-stability")));
    assert_eq!(found(&judge("1 ok: rx ax1 ax2\n2 ok: rx12", "serializable")), Vec::<&str>::new());
}

#[test]
fn what_is_never_read_comes_after_what_is() {
    // Elle's unobserved write test: y never shows 1, so 1 comes after 2.
    let text = "1 ok: ax1 ay1\n2 ok: ax2 ay2\n3 ok: ax3 ay3\n4 ok: rx12\n5 ok: ry2";
    assert_eq!(found(&judge(text, "serializable")), ["g0", "g_single"]);
}

#[test]
fn many_who_miss_one_another_cost_no_edge_for_each_pair() {
    // Every one read x as empty, and what they appended was never read.
    let text: String = (1..=300).map(|n| format!("{n} ok: rx ax{n}\n")).collect();
    let budget = Budget::of(1_000_000, 100_000);
    let model = Model::find("serializable").expect("a model");
    let ruling = judge_list_append(&lists(&text), model, &Letters, budget);
    assert_eq!(found(&ruling), ["lost_update", "g2_item"]);
}

#[test]
fn a_budget_that_runs_out_is_told() {
    let text = "1 ok: ax1 ay1\n2 ok: ax2 ry\n3 ok: rx12";
    let model = Model::find("serializable").expect("a model");
    let judge =
        |steps, bytes| judge_list_append(&lists(text), model, &Letters, Budget::of(steps, bytes));
    assert_eq!(
        crate::testing::unknown(judge(0, 1 << 20).verdict),
        "out of steps: g_single, g_nonadjacent, g2_item was not searched to the end"
    );
    assert!(crate::testing::unknown(judge(1000, 10).verdict).starts_with("out of bytes"));
}

#[test]
fn a_history_that_is_none_of_lists_is_malformed() {
    let model = Model::find("serializable").expect("a model");
    let why = judge_list_append(&registers("1 ok: wx1"), model, &Letters, AMPLE).verdict;
    assert!(crate::testing::unknown(why).starts_with("malformed history: key x is a register"));
    let why = judge("1 ok: ax1\n2 fail: ax1", "serializable").verdict;
    assert!(crate::testing::unknown(why).starts_with("malformed history: 1 was written"));
}

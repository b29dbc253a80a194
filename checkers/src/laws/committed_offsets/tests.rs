use crate::{
    Bench, Contract, Judgement, checkers,
    testing::{evidence, holds, judge, unknown},
    text,
};

const LAW: &str = "committed_offsets";

fn judgement(history: &str, contract: Contract) -> Judgement {
    let history = text::parse(history).expect("a history").history;
    let judges = checkers(&[LAW.to_owned()]).expect("a known name");
    Bench::under(contract, judges).judge(&history).remove(0)
}

fn rule(history: &str) -> String {
    let evidence = evidence(judge(LAW, history));
    evidence.summary.split_once(':').expect("a rule").0.to_owned()
}

#[test]
fn a_group_that_commits_what_it_was_given_and_goes_on_from_there_holds() {
    let verdict = judge(
        LAW,
        "c1 join g1 @0.1..0.2 ok generation=1 p1
         c1 poll @1..2 ok p1[0:m1 1:m2]
         c1 commit g1 generation=1 p1=2 @3..4 ok
         c9 offsets g1 p1,p2 @5..6 ok p1=2,p2=-
         c2 join g1 @7..8 ok generation=2 p1
         c2 poll @9..10 ok p1[2:m3]
         c2 commit g1 generation=2 p1=3 @11..12 ok
         c9 offsets g1 p1 @13..14 ok p1=3",
    );
    assert_eq!(holds(&verdict), 7, "three commits and reads more, and one resumption");
}

#[test]
fn a_committed_offset_that_was_overwritten_or_never_committed_is_found() {
    let commits =
        "c1 commit g1 generation=1 p1=2 @1..2 ok\nc1 commit g1 generation=1 p1=5 @3..4 ok";
    for (read, name) in [
        ("@5..6 ok p1=2", "stale_committed_read"),
        ("@5..6 ok p1=-", "stale_committed_read"),
        ("@5..6 ok p1=7", "phantom_committed_offset"),
    ] {
        assert_eq!(rule(&format!("{commits}\nc2 offsets g1 p1 {read}")), name);
    }
    for read in ["@5..6 ok p1=5", "@3.5..6 ok p1=2", "@0.5..6 ok p1=-", "@1.5..3 ok p1=2"] {
        holds(&judge(LAW, &format!("{commits}\nc2 offsets g1 p1 {read}")));
    }
}

#[test]
fn a_commit_of_unknown_outcome_may_be_read_at_any_later_time_until_it_was_seen() {
    let unknown = "c1 commit g1 generation=1 p1=2 @1..2 unknown
                   c1 commit g1 generation=1 p1=5 @3..4 ok
                   c2 offsets g1 p1 @5..6 ok p1=5
                   c2 offsets g1 p1 @7..8 ok p1=2";
    holds(&judge(LAW, unknown));
    assert_eq!(
        rule(&format!("{unknown}\nc2 offsets g1 p1 @9..10 ok p1=7")),
        "phantom_committed_offset"
    );
    // Once it was read it has happened, and the one before it is gone.
    let seen = "c1 commit g1 generation=1 p1=2 @1..2 ok
                c1 commit g1 generation=1 p1=5 @3..4 unknown
                c2 offsets g1 p1 @5..6 ok p1=5
                c2 offsets g1 p1 @7..8 ok p1=2";
    assert_eq!(rule(seen), "stale_committed_read");
    let refused = "c1 commit g1 generation=1 p1=5 @3..4 refused\nc2 offsets g1 p1 @5..6 ok p1=5";
    assert_eq!(rule(refused), "phantom_committed_offset");
}

#[test]
fn a_later_commit_is_not_lower_unless_its_member_started_anew() {
    let first = "c1 commit g1 generation=1 p1=5 @1..2 ok";
    let second = "c2 commit g1 generation=2 p1=3";
    assert_eq!(rule(&format!("{first}\n{second} @3..4 ok")), "committed_regression");
    for others in ["@1.5..4 ok", "@3..4 refused"] {
        let history = format!("{first}\n{second} {others}");
        assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
    }
    let anew = format!("{first}\nc2 assign p1 @2.1..2.2 ok\n{second} @3..4 ok");
    let judgement = judgement(&anew, Contract::default());
    holds(&judgement.verdict);
    assert!(judgement.permitted[0].starts_with("permitted by `assign`: 1 times"));
}

#[test]
fn a_member_commits_no_more_than_it_was_given() {
    let poll = "c1 poll @1..2 ok p1[0:m1 1:m2]";
    let ahead = format!("{poll}\nc1 commit g1 generation=1 p1=4 @3..4 ok");
    assert_eq!(rule(&ahead), "commit_ahead");
    let lost =
        format!("{poll}\nc1 poll @2.1..2.2 unknown\nc1 commit g1 generation=1 p1=4 @3..4 ok");
    assert!(unknown(judge(LAW, &lost)).starts_with("vacuous"));
    // Where markers take offsets, a message must be known to lie there.
    holds(&judgement(&ahead, Contract::kafka()).verdict);
    let known = format!("{ahead}\nc2 poll @5..6 ok p1[3:m4]");
    let evidence = evidence(judgement(&known, Contract::kafka()).verdict);
    assert!(
        evidence.summary.ends_with("never given offsets 2 to 3 (m4 among them)"),
        "{evidence:?}"
    );
}

#[test]
fn whoever_takes_a_partition_over_goes_on_from_what_was_committed() {
    let history = |first: u64| {
        format!(
            "c1 commit g1 generation=1 p1=5 @1..2 ok
             c2 join g1 @3..4 ok generation=2 p1
             c2 poll @5..6 ok p1[{first}:m9]"
        )
    };
    assert_eq!(rule(&history(6)), "skipped_after_rebalance");
    holds(&judge(LAW, &history(5)));
    let permitted = judgement(&history(3), Contract::default());
    holds(&permitted.verdict);
    assert!(permitted.permitted[0].contains("1 times a member began below"), "{permitted:?}");
    let strict = Contract { permits_rebalance_skips: false, ..Contract::default() };
    let told = evidence(judgement(&history(3), strict).verdict);
    assert!(told.summary.starts_with("excess_rewind: g1 had committed 5"), "{told:?}");
    holds(&judgement(&history(6), Contract::kafka()).verdict);
}

#[test]
fn a_commit_under_way_may_be_what_a_new_member_begins_from() {
    for commit in ["@3.5..4.5 ok", "@2.5..2.6 unknown"] {
        let history = format!(
            "c1 commit g1 generation=1 p1=5 @1..2 ok
             c1 commit g1 generation=1 p1=8 {commit}
             c2 join g1 @3..4 ok generation=2 p1
             c2 poll @5..6 ok p1[8:m9]"
        );
        holds(&judge(LAW, &history));
    }
}

#[test]
fn a_transaction_of_a_member_may_commit_what_it_polled() {
    let history = "c1 join g1 @0.1..0.2 ok generation=1 p1
                   c1 transact poll p2:m9 @1..2 ok p1[0:m1 1:m2]; 0
                   c2 offsets g1 p1 @3..4 ok p1=2
                   c2 offsets g1 p1 @5..6 ok p1=-";
    assert_eq!(rule(history), "stale_committed_read", "once it was read it has happened");
    assert_eq!(rule(&history.replace("p1=2", "p1=3")), "phantom_committed_offset");
}

#[test]
fn nothing_committed_is_vacuous() {
    let history = "c1 join g1 @1..2 ok generation=1 p1\nc1 poll @3..4 ok p1[7:m1]";
    assert!(unknown(judge(LAW, history)).starts_with("vacuous"));
}

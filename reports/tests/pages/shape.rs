//! The contract that scripts depend on: fields, types, verdicts and exit codes.

use crate::fixtures::{
    SECOND, green, holds, hostile, invocation, mixed, panicked, passing, plan, run, unknown,
    violated,
};
use checkers::{Counts, Ending, Judgement, Verdict};
use reports::{ExitCode, Replay, compose};
use serde_json::{Value, json};

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> =
        value.as_object().expect("an object").keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}

const COUNTS: [&str; 14] = [
    "acknowledged",
    "allowed_lost",
    "attempted",
    "corrupted",
    "displaced",
    "drained",
    "duplicated",
    "lost",
    "lost_where",
    "phantom",
    "read",
    "recovered",
    "reordered",
    "unknown",
];

#[test]
fn json_has_exactly_the_fields_of_the_contract() {
    let document = reports::json(&mixed());
    let origin = ["argv", "build", "git", "started", "version"];
    let sums = ["exit_code", "finished", "interrupted", "met", "planted", "requested"];
    let mut of_document = ["runs", "schema", "totals", "verdict"].to_vec();
    of_document.extend(origin.into_iter().chain(sums));
    of_document.sort_unstable();
    assert_eq!(keys(&document), of_document);
    assert_eq!(document["schema"], 1);
    assert_eq!(keys(&document["totals"]), COUNTS);
    let mut expected = COUNTS.to_vec();
    expected.extend(["scenario", "seed", "token", "plant", "verdict", "trace_hash", "sim_ms"]);
    expected.extend(["accidents", "overlap", "trouble_began_ms"]);
    expected.extend(["met", "not_met", "expected", "replay", "ending"]);
    expected.extend([
        "wall_ms",
        "checkers",
        "faults",
        "refused_faults",
        "marks",
        "plants",
        "recovery",
    ]);
    expected.sort_unstable();
    for run in document["runs"].as_array().expect("runs is a list") {
        assert_eq!(keys(run), expected);
        assert_eq!(keys(&run["lost_where"]), ["gone", "head", "middle", "tail"]);
        for checker in run["checkers"].as_array().expect("checkers is a list") {
            assert_eq!(keys(checker), ["coverage", "evidence", "name", "verdict"]);
        }
        for recovery in run["recovery"].as_array().expect("recovery is a list") {
            assert_eq!(
                keys(recovery),
                ["at_ms", "catch_up_ms", "fault", "partition", "rpo_messages", "rto_ms"]
            );
        }
    }
}

#[test]
fn json_tells_a_violation_with_its_evidence() {
    let document = reports::json(&invocation(vec![passing(1), violated(8_812)]));
    assert_eq!(document["verdict"], "violated");
    assert_eq!(document["exit_code"], 1);
    let run = &document["runs"][1];
    assert_eq!(run["token"], "z1:leader_crash+ack_before_flush:8812:c3f0a1b2");
    assert_eq!(run["plant"], "ack_before_flush");
    assert_eq!(run["sim_ms"], 41_234);
    let checkers = run["checkers"].as_array().expect("a list");
    let zero_loss = checkers.iter().find(|c| c["name"] == "zero_loss").expect("it is listed");
    assert_eq!(zero_loss["verdict"], "violated");
    assert_eq!(zero_loss["coverage"], Value::Null);
    assert_eq!(zero_loss["evidence"]["offset"], 214);
    assert_eq!(
        zero_loss["evidence"]["lines"][0],
        json!({
            "ordinal": 8_801,
            "at_ns": 12_338_000_000_u64,
            "text": "n1 (leader, term 4) appended m214 at offset 214",
        })
    );
    let claims = checkers.iter().find(|c| c["name"] == "claim_witness").expect("it is listed");
    assert_eq!(claims["coverage"], 8_204);
    assert_eq!(claims["evidence"], Value::Null);
    assert_eq!(run["recovery"][0]["rto_ms"], 562, "rounded up: never better than it was");
    assert_eq!(run["recovery"][1]["rto_ms"], Value::Null);
}

#[test]
fn totals_are_the_counts_of_all_runs() {
    let document = reports::json(&mixed());
    let is_sum = |field: &&&str| !["lost_where", "drained"].contains(*field);
    for field in COUNTS.iter().filter(is_sum) {
        let runs = document["runs"].as_array().expect("a list");
        let sum: u64 = runs.iter().filter_map(|run| run[field].as_u64()).sum();
        // What no run measured is null, never 0.
        let is_measured = runs.iter().any(|run| !run[field].is_null());
        let sum = if is_measured { Value::from(sum) } else { Value::Null };
        assert_eq!(document["totals"][field], sum, "{field}");
    }
    assert_eq!(document["totals"]["lost"], 6);
}

#[test]
fn an_error_has_its_place_and_its_exit_code() {
    let document = reports::json_error("read scenario `x.toml`: line 3", ExitCode::Usage);
    assert_eq!(
        document,
        json!({ "schema": 1, "error": "read scenario `x.toml`: line 3", "exit_code": 2 })
    );
}

#[test]
fn a_clean_run_holds() {
    assert!(matches!(passing(1).verdict, Verdict::Holds(_)));
    assert_eq!(ExitCode::of(&green()), ExitCode::Holds);
}

#[test]
fn a_panic_of_a_node_is_a_violation() {
    let run = panicked(2);
    let Verdict::Violated(evidence) = &run.verdict else { panic!("{:?}", run.verdict) };
    assert_eq!((evidence.node, evidence.lines[0].at_ns), (Some(4), 9_120_000_000));
    assert!(run.headline.starts_with("no_panic: "), "{}", run.headline);
    assert_eq!(ExitCode::of(&invocation(vec![run])), ExitCode::Violated);
}

#[test]
fn a_stuck_run_is_unknown_unless_a_judge_says_violated() {
    assert!(matches!(unknown(7).verdict, Verdict::Unknown(_)));
    let mut stuck = violated(1);
    stuck.run.ending = Ending::Stuck { at_ns: SECOND, waiting: "a leader".to_owned() };
    let plan = stuck.plan.clone();
    let again = compose(plan.clone(), plan, stuck.run, stuck.token, stuck.plant, 1);
    assert!(matches!(again.verdict, Verdict::Violated(_)));
}

#[test]
fn a_run_that_nobody_judged_or_a_judge_left_is_never_green() {
    let judge = |plan: scenarios::Plan, run| {
        compose(plan.clone(), plan, run, String::new(), None, 0).verdict
    };
    let mut unjudged = run(1);
    unjudged.judgements.clear();
    let mut none_apply = plan("smoke", 1);
    none_apply.checkers.clear();
    assert!(matches!(judge(none_apply, unjudged), Verdict::Unknown(_)));
    let mut silent = run(1);
    silent.judgements.pop();
    assert!(matches!(judge(plan("smoke", 1), silent), Verdict::Unknown(_)));
}

#[test]
fn a_plant_that_was_never_executed_is_not_survived() {
    let composed = |run| {
        let plan = plan("smoke", 1);
        compose(plan.clone(), plan, run, String::new(), Some("bug".to_owned()), 0)
    };
    assert!(matches!(composed(run(1)).verdict, Verdict::Unknown(_)));
    let mut executed = run(1);
    executed.plants.insert("bug".to_owned(), 1);
    assert!(matches!(composed(executed).verdict, Verdict::Holds(_)));
    let mut other = run(1);
    other.plants.insert("other_bug".to_owned(), 1);
    assert!(matches!(composed(other).verdict, Verdict::Unknown(_)));
}

/// What a plan is too small to exercise is asked of the suite; what it must exercise, of the run.
#[test]
fn a_law_that_had_nothing_to_judge_is_a_doubt_only_where_the_plan_owed_it_something() {
    let composed = |produce_per_ks, idle: &[&str]| {
        let mut plan = plan("quiet", 1);
        plan.workload.produce_per_ks = produce_per_ks;
        let mut run = run(1);
        for name in idle {
            run.judgements.retain(|judgement| judgement.name != *name);
            let vacuous = Verdict::Unknown("vacuous: nothing happened".to_owned());
            run.judgements.push(Judgement::new(*name, vacuous));
        }
        compose(plan.clone(), plan, run, String::new(), None, 0).verdict
    };
    assert!(matches!(composed(10, &["producer_order", "leader_acks"]), Verdict::Holds(_)));
    assert!(matches!(composed(70_000, &["producer_order"]), Verdict::Unknown(_)));
    assert!(matches!(composed(10, &["producer_order", "zero_loss"]), Verdict::Unknown(_)));
}

/// Single runs may leave a law without work; the whole suite may not.
#[test]
fn a_suite_in_which_a_law_slept_is_inconclusive() {
    let runs = |asleep: Option<&str>| {
        let members = scenarios::suite("default").expect("the default suite").into_iter();
        let run = members.map(|name| {
            let mut plan = plan(name, 1);
            plan.workload.produce_per_ks = 10;
            let mut run = run(1);
            run.judgements = scenarios::CHECKERS
                .iter()
                .map(|law| {
                    Judgement::new(
                        *law,
                        match Some(*law) == asleep {
                            true => Verdict::Unknown("vacuous: nothing happened".to_owned()),
                            false => holds(1),
                        },
                    )
                })
                .collect();
            plan.checkers = scenarios::CHECKERS.map(str::to_owned).to_vec();
            compose(plan.clone(), plan, run, String::new(), None, 0)
        });
        invocation(run.collect())
    };
    assert_eq!(ExitCode::of(&runs(None)), ExitCode::Holds);
    let slept = runs(Some("producer_order"));
    assert_eq!(ExitCode::of(&slept), ExitCode::Inconclusive);
    assert!(reports::text(&slept, false).contains("no run of the suite exercised producer_order"));
    assert_eq!(reports::json(&slept)["verdict"], "unknown");
    let single = invocation(slept.runs.into_iter().take(1).collect());
    assert_eq!(ExitCode::of(&single), ExitCode::Holds);
}

#[test]
fn composing_twice_says_nothing_twice() {
    let once = panicked(2);
    let twice = compose(
        once.plan.clone(),
        once.effective.clone(),
        once.run.clone(),
        once.token.clone(),
        None,
        once.wall_ms,
    );
    assert_eq!(twice.run, once.run);
}

#[test]
fn a_failure_that_goes_another_way_is_nondeterminism_and_not_a_violation() {
    let differs =
        || violated(1).with_replay(Replay::Different { first_difference: "event 9".to_owned() });
    assert!(matches!(differs().verdict, Verdict::Unknown(_)));
    assert_eq!(ExitCode::of(&invocation(vec![differs()])), ExitCode::Nondeterminism);
    assert_eq!(ExitCode::of(&invocation(vec![differs(), violated(2)])), ExitCode::Violated);
    assert_eq!(ExitCode::of(&invocation(vec![hostile(1)])), ExitCode::Nondeterminism);
}

#[test]
fn a_violation_that_was_not_confirmed_fails_no_checker_in_the_sums() {
    let differs =
        violated(1).with_replay(Replay::Different { first_difference: "event 9".to_owned() });
    let xml = reports::junit(&invocation(vec![differs.clone()]));
    assert!(xml.contains("failures=\"0\""), "{xml}");
    assert!(xml.contains("unknown in 1 of 1 run"), "{xml}");
    let page = reports::text(&invocation(vec![differs]), false);
    let line = page.lines().rfind(|line| line.starts_with("  zero_loss")).expect("it is listed");
    assert!(line.ends_with("UNKNOWN in 1"), "{line}");
}

#[test]
fn the_weightier_exit_code_wins() {
    let mut report = invocation(vec![unknown(1)]);
    assert_eq!(ExitCode::of(&report), ExitCode::Inconclusive);
    report.interrupted = true;
    assert_eq!(ExitCode::of(&report), ExitCode::Interrupted);
    report.runs.push(violated(1));
    assert_eq!(ExitCode::of(&report), ExitCode::Violated, "a violation beats an interruption");
    assert_eq!(ExitCode::of(&invocation(Vec::new())), ExitCode::NothingSelected);
    let order = [1, 5, 70, 74, 3, 4, 0].map(|code| {
        *ExitCode::BY_PRECEDENCE.iter().find(|exit| exit.code() == code).expect("it exists")
    });
    for (i, a) in order.iter().enumerate() {
        for b in &order[i..] {
            assert_eq!((a.and(*b), b.and(*a)), (*a, *a));
        }
    }
}

#[test]
fn what_was_not_drained_is_null_and_never_zero() {
    let mut undrained = run(1);
    undrained.counts = Counts { attempted: 9, acknowledged: 7, displaced: 2, ..Counts::default() };
    undrained.recovery[0].rpo_messages = None;
    let plan = plan("smoke", 1);
    let report = compose(plan.clone(), plan, undrained, "z1:smoke:1:00".to_owned(), None, 1);
    let document = reports::json(&invocation(vec![report.clone()]));
    for told in [&document["runs"][0], &document["totals"]] {
        for field in
            ["read", "lost", "allowed_lost", "recovered", "phantom", "duplicated", "reordered"]
        {
            assert_eq!(told[field], Value::Null, "{field}");
        }
        assert_eq!(
            told["lost_where"],
            json!({ "head": null, "middle": null, "tail": null, "gone": null })
        );
        assert_eq!((&told["displaced"], &told["acknowledged"]), (&json!(2), &json!(7)));
        assert_eq!(told["drained"], "none");
    }
    assert_eq!(document["runs"][0]["recovery"][0]["rpo_messages"], Value::Null);
    let page = reports::html(&invocation(vec![report.clone()]));
    assert!(page.contains("not counted: no drain"), "{page}");
    let page = reports::text(&invocation(vec![report.clone(), passing(2)]), false);
    assert!(page.contains("lost not counted: not every run was drained"), "{page}");
}

#[test]
fn what_is_gone_from_every_log_is_lost_before_a_drain() {
    let mut gone = run(1);
    gone.counts =
        Counts { attempted: 9, acknowledged: 7, lost: 3, lost_gone: 3, ..Counts::default() };
    let plan = plan("smoke", 1);
    let report = compose(plan.clone(), plan, gone, "z1:smoke:1:00".to_owned(), None, 1);
    let document = reports::json(&invocation(vec![report.clone()]));
    for told in [&document["runs"][0], &document["totals"]] {
        assert_eq!((&told["lost"], &told["read"]), (&json!(3), &Value::Null));
        let places = json!({ "head": null, "middle": null, "tail": null, "gone": 3 });
        assert_eq!(told["lost_where"], places);
    }
    let page = reports::html(&invocation(vec![report.clone()]));
    assert!(page.contains("3 (3 gone from every log)"), "{page}");
    let page = reports::text(&invocation(vec![report]), false);
    assert!(page.contains("lost 3 (3 gone from every log)"), "{page}");
}

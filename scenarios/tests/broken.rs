//! Every mistake that a person can make in a scenario gets an answer with its line. The texts are
//! exact: they are what the person reads.

/// What is said about this text.
fn refusal(text: &str) -> String {
    match scenarios::parse("x.toml", "x", text) {
        Ok(scenario) => panic!("was read: {scenario:?}"),
        Err(refused) => refused.to_string(),
    }
}

/// What is said about a sound scenario with this added from line 4 on.
fn with(more: &str) -> String {
    let sound = "why = \"A test.\"\n[phases]\ntrouble = \"20s\"\n";
    assert!(scenarios::parse("x.toml", "x", sound).is_ok());
    let refusal = refusal(&format!("{sound}{more}"));
    refusal.strip_prefix("read scenario `x.toml`: ").expect("a refusal names its file").to_owned()
}

macro_rules! refused {
    ($($name:ident: $text:expr => $said:expr;)*) => {
        $(#[test] fn $name() { assert_eq!(with($text), $said); })*
    };
}

#[test]
fn the_whole_sentence_completes_could_not() {
    let text = "why = \"A test.\"\nphases.trouble = \"20s\"\n[[fault]]\nat = \"1s\"\n\
                do.crsh.who = \"n1\"\n";
    assert_eq!(
        refusal(text),
        "read scenario `x.toml`: line 5: unknown fault `crsh` (did you mean `crash`?)"
    );
}

#[test]
fn why_comes_first_and_is_not_left_out() {
    let begin = "read scenario `x.toml`: ";
    assert_eq!(
        refusal("[phases]\ntrouble = \"20s\"\n"),
        format!("{begin}line 1: expected the key `why`, which is missing")
    );
    assert_eq!(
        refusal("suites = []\nwhy = \"A test.\"\nphases.trouble = \"20s\"\n"),
        format!("{begin}line 1: expected `why` as the first key")
    );
    assert_eq!(
        refusal("why = \" \"\nphases.trouble = \"20s\"\n"),
        format!("{begin}line 1: expected a sentence")
    );
}

#[test]
fn a_run_without_trouble_is_refused_once_and_for_nothing_that_was_not_written() {
    assert_eq!(
        refusal("why = \"A test.\"\nphases.trouble = \"0s\"\n"),
        "read scenario `x.toml`: line 2: expected at least 1ms"
    );
}

#[test]
fn an_unknown_fault_that_is_near_none_is_answered_with_all() {
    let kinds: Vec<String> =
        scenarios::FAULTS.iter().map(|fault| format!("`{}`", fault.kind)).collect();
    assert_eq!(
        with("[[fault]]\nat = \"1s\"\ndo.earthquake.who = \"n1\"\n"),
        format!("line 6: unknown fault `earthquake` (expected one of {})", kinds.join(", "))
    );
}

refused! {
    text_that_is_no_toml: "heal_max = \n" =>
        "line 4: string values must be quoted, expected literal string";
    an_unknown_section: "[clustr]\n" =>
        "line 4: unknown key `clustr` (did you mean `cluster`?)";
    an_unknown_key: "[cluster]\npartitons = 3\n" =>
        "line 5: unknown key `partitons` (did you mean `partitions`?)";
    an_unknown_key_that_is_near_nothing: "[timing]\nmood = \"5s\"\n" =>
        "line 5: unknown key `mood` (expected one of `heartbeat`, `election_min`, \
         `election_max`, `attempt`, `call`, `timer_jitter`)";
    a_key_written_twice: "boot_max = \"5s\"\nboot_max = \"6s\"\n" =>
        "line 5: duplicate key";
    a_negative_duration: "heal_max = \"-5s\"\n" =>
        "line 4: -5s is negative; expected a duration such as \"300ms\", \"5s\", \"10m\" or \
         \"4h\"";
    a_duration_without_unit: "heal_max = 5\n" =>
        "line 4: expected a duration such as \"300ms\", \"5s\", \"10m\" or \"4h\", got 5";
    a_duration_of_the_wrong_kind: "heal_max = \"5 parsecs\"\n" =>
        "line 4: expected a duration such as \"300ms\", \"5s\", \"10m\" or \"4h\", got \"5 \
         parsecs\"";
    a_truth_in_place_of_a_duration: "heal_max = true\n" =>
        "line 4: invalid type: boolean `true`, expected a duration such as \"300ms\", \"5s\", \
         \"10m\" or \"4h\", or two of them as a range";
    a_duration_too_fine_to_keep: "heal_max = \"0.5ms\"\n" =>
        "line 4: expected a duration such as \"300ms\", \"5s\", \"10m\" or \"4h\", got \"0.5ms\" \
         (finer than can be kept)";
    a_range_that_falls: "heal_max = [\"9s\", \"5s\"]\n" =>
        "line 4: expected two values, the lower one first";
    a_range_of_three: "[workload]\nclients = [\n  1,\n  2,\n  3]\n" =>
        "line 5: expected two values, the lower one first";
    a_negative_count: "[workload]\nclients = -3\n" =>
        "line 5: -3 is negative; expected a whole number from 0 to 4,294,967,295";
    a_fraction_of_a_client: "[workload]\nclients = 1.5\n" =>
        "line 5: invalid type: floating point `1.5`, expected a whole number from 0 to \
         4,294,967,295, or two of them as a range";
    more_than_a_million_in_a_million: "[network]\nloss = 1000001\n" =>
        "line 5: 1000001 is out of range; expected a share: percent such as \"1%\", or parts per \
         million from 0 to 1,000,000";
    more_than_all: "[network]\nloss = \"101%\"\n" =>
        "line 5: 101% is out of range; expected a share: percent such as \"1%\", or parts per \
         million from 0 to 1,000,000";
    a_rate_without_time: "[workload]\nproduce = \"100\"\n" =>
        "line 5: expected a rate such as \"100/s\", \"1/min\" or \"6/h\", got \"100\"";
    a_layout_that_is_none: "[cluster]\nlayout = \"2-2-1\"\n" =>
        "line 5: expected numbers by region such as \"2/2/1\", got \"2-2-1\"";
    a_layout_of_too_few_regions: "[cluster]\nregions = [\"a\", \"b\"]\nlayout = \"2/2/1\"\n" =>
        "line 6: layout `2/2/1` has 3 regions, expected 2";
    a_layout_that_is_a_number: "[cluster]\nlayout = 5\n" =>
        "line 5: expected a text such as \"2/2/1\", or a list of them";
    more_voters_than_nodes: "[cluster]\nlayout = \"1/1/1\"\nvoters = \"1/2/1\"\n" =>
        "line 6: 2 voters in eu-west are more than its 1 nodes";
    a_region_named_twice: "[cluster]\nregions = [\"a\", \"b\", \"a\"]\n" =>
        "line 5: a region is named twice";
    a_quorum_larger_than_the_cluster: "[cluster]\nlayout = \"2/2/1\"\nwrite_quorum = 6\n" =>
        "line 6: write quorum 6 is not within 1 and 5 voters";
    quorums_that_need_not_meet:
        "[cluster]\nlayout = \"2/2/2\"\nwrite_quorum = 2\nelection_quorum = 4\n" =>
        "line 7: write quorum 2 and election quorum 4 of 6 voters need not meet: together they \
         must be more than 6";
    an_election_quorum_for_two_leaders:
        "[cluster]\nlayout = \"2/2/2\"\nwrite_quorum = 4\nelection_quorum = 3\n" =>
        "line 7: election quorum 3 of 6 voters lets two leaders win one term";
    a_quorum_that_fits_some_layouts_only:
        "[cluster]\nlayout = [\"2/2/1\", \"1/1/1\"]\nwrite_quorum = 4\n" =>
        "line 6: write quorum 4 is not within 1 and 3 voters";
    a_latency_that_is_not_square: "[cluster]\nlatency = [[\"1ms\"]]\n" =>
        "line 5: expected 3 rows of 3 durations, one for each pair of regions";
    no_partitions: "[cluster]\npartitions = [0, 3]\n" =>
        "line 5: expected at least 1 partition";
    no_clients: "[workload]\nclients = 0\n" =>
        "line 5: expected at least 1 client";
    clients_in_an_unknown_region: "[workload]\nclients_in = [\n  \"us-east\",\n  \"us-eats\"]\n" =>
        "line 7: unknown region `us-eats` (did you mean `us-east`?)";
    neither_produce_nor_fetch: "[workload]\nproduce = \"0/s\"\nfetch = \"0/s\"\n" =>
        "line 4: produce and fetch may both be 0: nothing would be asked";
    weights_that_are_all_zero: "[workload]\nacks = { quorum = 0 }\n" =>
        "line 5: expected some level whose weight is never 0";
    weights_that_name_nothing: "[workload]\nacks = {}\n" =>
        "line 5: expected some level whose weight is never 0";
    an_unknown_level: "[workload]\nacks = { qorum = 1 }\n" =>
        "line 5: unknown key `qorum` (did you mean `quorum`?)";
    region_quorum_in_one_region:
        "[cluster]\nlayout = \"0/3/0\"\n[workload]\nacks = { region_quorum = 1 }\n" =>
        "line 7: voters `0/3/0` stand in one region, region_quorum needs two";
    a_heartbeat_slower_than_elections: "[timing]\nheartbeat = \"1s\"\n" =>
        "line 5: expected less than `election_min`, or no leader stays";
    election_timeouts_that_fall: "[timing]\nelection_max = \"500ms\"\n" =>
        "line 5: expected at least `election_min`";
    a_call_shorter_than_its_attempt: "[timing]\ncall = \"500ms\"\n" =>
        "line 5: expected at least `attempt`";
    a_fault_after_the_end_of_trouble: "[[fault]]\nat = \"21s\"\ndo.crash.who = \"n1\"\n" =>
        "line 5: begins at 21s, but trouble ends at 20s";
    a_fault_that_may_come_after_the_end:
        "[[fault]]\nat = [\"1s\", \"20s\"]\ndo.crash.who = \"n1\"\n" =>
        "line 5: begins at 20s, but trouble ends at 20s";
    a_fault_without_time: "[[fault]]\ndo.crash.who = \"n1\"\n" =>
        "line 4: expected the key `at`, which is missing";
    a_fault_that_does_nothing: "[[fault]]\nat = \"1s\"\n" =>
        "line 4: expected the key `do`, which is missing";
    a_fault_that_does_two_things:
        "[[fault]]\nat = \"1s\"\ndo.crash.who = \"n1\"\ndo.pause.who = \"n1\"\n" =>
        "line 6: expected exactly one fault under `do`";
    a_fault_without_a_target: "[[fault]]\nat = \"1s\"\ndo.crash = {}\n" =>
        "line 6: expected the key `who`, which is missing";
    an_unknown_key_inside_a_fault:
        "[[fault]]\nat = \"1s\"\ndo.isolate = { who = \"n1\", client = true }\n" =>
        "line 6: unknown key `client` (did you mean `clients`?)";
    a_target_that_is_none: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"leadr of p1\"\n" =>
        "line 6: unknown target \"leadr of p1\" (did you mean \"leader of p1\"?)";
    a_node_beyond_the_cluster: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"n6\"\n" =>
        "line 6: n6 is beyond the cluster's 5 nodes";
    a_node_numbered_from_zero: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"n0\"\n" =>
        "line 6: n0 is beyond the cluster's 5 nodes";
    a_node_of_the_second_fault: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"n1\"\n[[fault]]\n\
        at = \"1s\"\n[fault.do.crash]\nwho = \"n6\"\n" =>
        "line 10: n6 is beyond the cluster's 5 nodes";
    a_leader_of_no_partition: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"leader of p3\"\n" =>
        "line 6: p3 is not within p1 and p2";
    a_follower_too_many: "[[fault]]\nat = \"1s\"\ndo.crash.who = \"follower 4 of p1\"\n" =>
        "line 6: follower 4, counted from 0, is beyond the 4 followers of a partition";
    an_unknown_region: "[[fault]]\nat = \"1s\"\ndo.power_loss.who = \"region us-est\"\n" =>
        "line 6: unknown region `us-est` (did you mean `us-east`?)";
    a_client_beyond_the_last: "[[fault]]\nat = \"1s\"\ndo.cut_client.client = 7\n" =>
        "line 6: client 7 is not within 1 and 6";
    a_disk_that_is_no_slower:
        "[[fault]]\nat = \"1s\"\ndo.slow_disk = { who = \"n1\", factor = 0 }\n" =>
        "line 6: expected at least 1";
    a_drift_beyond_reason:
        "[[fault]]\nat = \"1s\"\ndo.clock_drift = { who = \"n1\", by = \"50%\" }\n" =>
        "line 6: 50% is out of range; expected a drift: percent such as \"-2%\", or parts per \
         million from -200,000 to 200,000";
    a_jump_that_lasts:
        "[[fault]]\nat = \"1s\"\nfor = \"1s\"\ndo.clock_jump = { who = \"n1\", by = \"1s\" }\n" =>
        "line 6: a clock jumps once and does not last";
    a_repetition_without_time_between:
        "[[fault]]\nat = \"1s\"\nevery = \"0s\"\ndo.crash.who = \"n1\"\n" =>
        "line 6: expected some time between repetitions";
    a_fault_that_strikes_without_end:
        "[[fault]]\nat = \"1s\"\nevery = \"1ms\"\ndo.crash.who = \"n1\"\n" =>
        "line 6: would strike 20000 times, expected at most 10000";
    a_menu_that_never_ends_to_serve:
        "[menu]\nrate = \"1000/s\"\nfaults = [{ weight = 1, do.crash.who = \"n1\" }]\n" =>
        "line 5: would strike 20000 times, expected at most 10000";
    a_disk_that_takes_for_ever:
        "[[fault]]\nat = \"1s\"\ndo.slow_disk = { who = \"n1\", factor = 1000001 }\n" =>
        "line 6: 1000001 times slower is more than 1000000 times";
    a_message_of_gigabytes: "[workload]\nbytes = 2000000000\n" =>
        "line 5: 2000000000 bytes are more than 1048576";
    a_node_on_both_sides:
        "[[fault]]\nat = \"1s\"\ndo.partition = { a = [\"n1\", \"n2\"], b = [\"n2\"] }\n" =>
        "line 6: n2 is on both sides in layout `2/2/1`";
    nobody_on_the_other_side: "[[fault]]\nat = \"1s\"\ndo.one_way.from = [\"n1\", \"n2\", \
        \"n3\", \"n4\", \"n5\"]\n" =>
        "line 6: nobody is on the other side in layout `2/2/1`";
    a_role_as_a_side: "[[fault]]\nat = \"1s\"\ndo.partition.a = [\"leader of p1\"]\n" =>
        "line 6: \"leader of p1\" cannot stand here: expected nodes and regions, or one \"any \
         node\" or \"any region\" against everyone else";
    a_second_side_only: "[[fault]]\nat = \"1s\"\ndo.partition.b = [\"n1\"]\n" =>
        "line 6: expected the first side, too";
    an_empty_menu: "[menu]\nrate = \"1/s\"\nfaults = []\n" =>
        "line 6: expected some fault whose weight is never 0";
    a_menu_without_rate:
        "[menu]\nrate = \"0/s\"\nfaults = [{ weight = 1, do.crash.who = \"n1\" }]\n" =>
        "line 5: expected a rate above 0; leave the menu out for no faults";
    a_node_beyond_the_cluster_on_a_menu: "[menu]\nrate = \"1/s\"\nfaults = [\n\
        { weight = 1, do.crash.who = \"n1\" },\n{ weight = 1, do.crash.who = \"n9\" },\n]\n" =>
        "line 8: n9 is beyond the cluster's 5 nodes";
    an_unknown_checker: "[expect]\ncheckers = [\"zero_los\"]\n" =>
        "line 5: unknown checker `zero_los` (did you mean `zero_loss`?)";
    no_checker_at_all: "[expect]\ncheckers = []\n" =>
        "line 5: expected at least one checker";
    an_unknown_verdict: "[expect]\nverdict = \"hold\"\n" =>
        "line 5: unknown verdict `hold` (did you mean `holds`?)";
    a_witness_of_what_holds: "[expect]\nby = [\"zero_loss\"]\n" =>
        "line 5: only a violated verdict is seen `by` someone";
    a_promise_that_nobody_asks_for: "[expect]\nacks = [\"leader\"]\n" =>
        "line 5: nobody asks for `leader`: it has no weight in workload.acks";
    a_promise_that_is_none: "[expect]\nacks = [\"leder\"]\n" =>
        "line 5: unknown acknowledgement level `leder` (did you mean `leader`?)";
}

#[test]
fn suites_are_known_by_name_and_plants_are_none_of_a_scenarios_business() {
    let text = "why = \"A test.\"\nsuites = [\n  \"defalt\"]\nphases.trouble = \"20s\"\n";
    assert_eq!(
        refusal(text),
        "read scenario `x.toml`: line 3: unknown suite `defalt` (did you mean `default`?)"
    );
    let text = "why = \"A test.\"\nplants = [\"ack_before_flush\"]\nphases.trouble = \"20s\"\n";
    let refused = refusal(text);
    assert!(
        refused.starts_with("read scenario `x.toml`: line 2: unknown key `plants`"),
        "{refused}"
    );
}

#[test]
fn several_mistakes_are_told_at_once_where_reading_can_go_on() {
    let more = "[workload]\nclients = 0\n[timing]\nheartbeat = \"10s\"\n[expect]\ncheckers = []\n";
    assert_eq!(
        with(more),
        "line 7: expected less than `election_min`, or no leader stays\n  \
         line 9: expected at least one checker"
    );
    let more = "[workload]\nclients = 0\n[timing]\nheartbeat = \"10s\"\n";
    assert_eq!(
        with(more),
        "line 5: expected at least 1 client\n  \
         line 7: expected less than `election_min`, or no leader stays"
    );
}

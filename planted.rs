// The table of planted bugs: one row a bug, and nothing about it is said anywhere else.
//
// Two rooms include this file, each with a macro `planted` of its own: `system` makes of it the names
// by which the sites of the bugs ask (`system/src/planted.rs`), `scenarios` what is listed, refused and
// tested (`scenarios/src/planted.rs`). So neither room has to see the other. A new bug is a row here, a
// site in `system`, its scenario in the catalogue, and a script where a few moves show it.
//
// - `rule`: what the bug breaks, and how. S1 to S48 are the safety rules that the system keeps.
// - `source`: the incident that it comes from.
// - `scenario`: the directed one, which triggers it within seeds 1..20, and holds without it.
// - `judges`: checkers of which each must see it there.

planted! {
    AckBeforeFlush = "ack_before_flush" {
        rule: "S9: an acknowledgement leaves once what it claims is flushed; here it leaves at once",
        source: "A7: openraft@ee460f37, a response could be sent before its IO completed",
        scenario: "early_ack",
        judges: ["claim_witness"],
    }
    CommitPreviousTerm = "commit_previous_term" {
        rule: "S11: only an entry of the leader's own term commits by counting copies; here any does",
        source: "C1: nats-server@c8687fc4d, entries of previous terms committed by counting copies (Raft's Figure 8)",
        scenario: "old_term",
        judges: ["leader_completeness"],
    }
    TruncateToCommitOnRestart = "truncate_to_commit_on_restart" {
        rule: "S13: a log is cut where it conflicts with its leader's; here a restart cuts it to its commit hint",
        source: "C12: KIP-101 / KAFKA-1211, followers truncated to their own stale high watermark on restart",
        scenario: "stale_hint",
        judges: ["ack_witness", "committed_stays", "deletion_provenance"],
    }
}

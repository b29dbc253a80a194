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
    BeatClaimsUnflushedTerm = "beat_claims_unflushed_term" {
        rule: "S4, S9: the answer to a heartbeat claims nothing under a term that is not durable; here it claims what is flushed, whatever the term",
        source: "A6: ZOOKEEPER-3911, followers acknowledged a new leader before they had persisted its epoch",
        scenario: "unflushed_term",
        judges: ["claim_witness"],
    }
    MatchedNeverSinks = "matched_never_sinks" {
        rule: "S10: what a peer has lost is sent again; here what arrived once is never below what a leader sends, and rejects of it are dropped",
        source: "C4: openraft@cecb5de8, what a follower had acknowledged counted after its log had been reverted",
        scenario: "lost_arrivals",
        judges: ["liveness"],
    }
    DefiniteNotLeader = "definite_not_leader" {
        rule: "S40: a refusal is definite if no copy of the request was taken; here whoever does not lead says so unproven",
        source: "H15: Redis-Raft 1b3fbf6 (Jepsen), aborted reads: what was refused is read",
        scenario: "doubled_requests",
        judges: ["zero_loss", "trace_completeness"],
    }
    RegistryTrustsCache = "registry_trusts_cache" {
        rule: "S7: after a start nothing counts that is not proven to be durable; here the registry is taken as the page cache shows it",
        source: "A11: fsyncgate, KAFKA-10778 kafka@bf55afecdab, after a failed fsync pages look clean and are not durable",
        scenario: "late_partitions",
        judges: ["liveness"],
    }
    NoDedup = "no_dedup" {
        rule: "S36: a repeat of a producer's call is answered, not appended; here it is appended",
        source: "H4: Redpanda 21.10.1 (Jepsen, #3039), duplicates under pauses and kills with idempotence on",
        scenario: "lossy_links",
        judges: ["zero_loss", "producer_order"],
    }
    DedupCountsWrong = "dedup_counts_wrong" {
        rule: "S36: a producer's next call begins where its last one ended; here one sequence number later, however many messages that one had",
        source: "H6: nats-server@9241c9710, a deduplication map that was wrong refused what was new",
        scenario: "batches",
        judges: ["availability"],
    }
    SilentAfterFirstChange = "silent_after_first_change" {
        rule: "S10: a leader sends what a peer lacks; here nothing after its first entry, if another led before",
        source: "L1: etcd-raft@a370b6f, counters of what is in flight were not reset, until nothing more was sent",
        scenario: "second_leader",
        judges: ["liveness"],
    }
    NoPreVote = "no_pre_vote" {
        rule: "S32: whoever hears no leader asks before it raises its term; here it raises it at once",
        source: "B10: Cloudflare 2020-11-02, a node that could not hear the leader kept raising the term and deposed it",
        scenario: "half_cut",
        judges: ["leader_stability"],
    }
    NoStickiness = "no_stickiness" {
        rule: "S32: whoever hears a leader does not help to replace it; here it grants whatever it is asked",
        source: "B10: raft liveness under omission, partial connectivity deposes one leader after the other",
        scenario: "half_cut",
        judges: ["leader_stability"],
    }
    ReadByOldRound = "read_by_old_round" {
        rule: "S33: a read is confirmed by answers to heartbeats that were sent after it came; here by answers to any of the term",
        source: "G1: etcd-raft#397, a retried read was confirmed by answers to the first try, and a deposed leader read what was old",
        scenario: "reads_stalled_leader",
        judges: ["linearizable_log"],
    }
    SwappedPayload = "swapped_payload" {
        rule: "a message is stored as it was sent; here the first two payloads of a call change places",
        source: "H10: KAFKA-19012, a buffer was used again while it was sent, so records held another's bytes",
        scenario: "batches",
        judges: ["zero_loss"],
    }
}

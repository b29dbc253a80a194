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
    VotesTwice = "votes_twice" {
        rule: "S4: one vote a term; here whoever asks gets one, whoever had it before",
        source: "H15: Redis-Raft 1b3fbf6 (Jepsen), split brain: two leaders of one term",
        scenario: "quick_terms",
        judges: ["election_safety", "claim_witness"],
    }
    StepDownClearsVote = "step_down_clears_vote" {
        rule: "S4: a vote stays within its term; here it is cleared, and written so, when a leader steps down",
        source: "B1: nats-server@bf8ebe7dd, stepping down cleared the vote, so a node could vote twice in one term",
        scenario: "quick_terms",
        judges: ["election_safety"],
    }
    RestartClearsVote = "restart_clears_vote" {
        rule: "S4: a start finds the vote that was given; here none",
        source: "B2: nats-server@f4aca783c, term and vote were not kept together",
        scenario: "quick_restarts",
        judges: ["election_safety"],
    }
    TermFromLog = "term_from_log" {
        rule: "S4: a start finds the newest term; here that of the last entry",
        source: "B4: redpanda@65068aa37b, a term that was set from the log at a start could move backward",
        scenario: "quick_restarts",
        judges: ["election_safety"],
    }
    VoteBeforeFlush = "vote_before_flush" {
        rule: "S4, S9: a vote leaves once it is durable; here at once",
        source: "A7: openraft@ee460f37, the answer to a vote could be sent before its IO completed",
        scenario: "quick_terms",
        judges: ["claim_witness"],
    }
    OwnVoteBeforeFlush = "own_vote_before_flush" {
        rule: "S4: a candidate's own vote counts once it is durable; here at once",
        source: "A8: etcd#14370, raft counted its own answer before the write was durable",
        scenario: "old_term",
        judges: ["election_safety"],
    }
    ElectsByLength = "elects_by_length" {
        rule: "S14: logs are compared by term, then by length; here by length, then by term",
        source: "B8: rabbitmq-server@e5ccf267ff, tuples compared the wrong way round elected the longer, older log",
        scenario: "quick_terms",
        judges: ["ack_witness"],
    }
    VotesForOldLogs = "votes_for_old_logs" {
        rule: "S14: nobody votes for a log that is older than its own; here everybody does",
        source: "A4: Kafka 0.8 (Jepsen), a replica that was out of sync was elected",
        scenario: "cut_minority",
        judges: ["ack_witness"],
    }
    ElectsOneShort = "elects_one_short" {
        rule: "S4: an election quorum elects; here one vote less does",
        source: "B9: nats-server@b26f71513, a cluster counted too small after a restart, and a node elected itself",
        scenario: "quick_terms",
        judges: ["election_safety"],
    }
    MajorityElects = "majority_elects" {
        rule: "S11: an election quorum meets every write quorum; here a majority elects where two copies of five commit",
        source: "D2: nats-server@12fff3a32, quorums of two sizes that need not meet",
        scenario: "elect_four",
        judges: ["election_safety", "ack_witness"],
    }
    VotesCountByArrival = "votes_count_by_arrival" {
        rule: "S4: votes count by voter; here by arrival, and a doubled frame is two",
        source: "D4: nats-server@efabcbf87, votes were counted whoever they came from",
        scenario: "quick_terms",
        judges: ["election_safety"],
    }
    StaleVotesCount = "stale_votes_count" {
        rule: "S4: a vote counts in its term; here in later terms, too",
        source: "B14: redpanda@40add5d6ba, a candidate used grants of an election before",
        scenario: "quick_terms",
        judges: ["election_safety"],
    }
    PreVoteClearsVote = "pre_vote_clears_vote" {
        rule: "S4: a request for a pre-vote changes nothing; here it clears the vote that was given in the term",
        source: "B6: ra@bbd00102, a request for a pre-vote reset whom a node had voted for, and it voted again",
        scenario: "quick_terms",
        judges: ["election_safety"],
    }
    SamePatience = "same_patience" {
        rule: "S32: patience is drawn anew for each election; here it is the shortest",
        source: "B15: openraft@511f33c7, elections that depose each other without end",
        scenario: "old_term",
        judges: ["liveness"],
    }
    CampaignNeverRetried = "campaign_never_retried" {
        rule: "S32: whoever stood and won nothing stands again; here it waits for ever",
        source: "B7: hashicorp/raft@497108f, pre-votes that failed left a group without a leader",
        scenario: "quick_terms",
        judges: ["liveness"],
    }
    OverUntold = "over_untold" {
        rule: "S32: whoever leads a term that is over is told so; here it is told nothing",
        source: "B7: raft-rs@3012d3c, etcd-raft@3c7359d, a node of a newer term was never heard again with pre-vote on",
        scenario: "lone_candidate",
        judges: ["liveness"],
    }
    OwnCountsUnflushed = "own_counts_unflushed" {
        rule: "S10: a leader counts of its own log what is flushed; here all of it",
        source: "A8: etcd#14370, a leader counted itself before its own flush",
        scenario: "slow_disk",
        judges: ["ack_witness"],
    }
    BlankCountsUnflushed = "blank_counts_unflushed" {
        rule: "S10: the first entry of a term counts once it is flushed, as any other; here its leader counts it at once",
        source: "A9: openraft@a9f696a9, a new leader counted its blank entry before it had flushed it",
        scenario: "quick_terms",
        judges: ["leader_completeness"],
    }
    LeaderAckBeforeFlush = "leader_ack_before_flush" {
        rule: "S9: an acknowledgement of the leader leaves once the leader has flushed; here at once",
        source: "A1: NATS#7564, acknowledged at once, flushed every two minutes",
        scenario: "early_ack",
        judges: ["ack_witness"],
    }
    CutKeepsDurable = "cut_keeps_durable" {
        rule: "S9: a cut lowers what is durable in the same step; here it stays",
        source: "C5: ra@39490978, what was written last was not lowered by a truncation",
        scenario: "quick_terms",
        judges: ["claim_witness"],
    }
    CutKeepsUnderWay = "cut_keeps_under_way" {
        rule: "S9: a cut lowers what flushes under way make durable; here it stays",
        source: "C5: ra@39490978, what was written last was not lowered by a truncation",
        scenario: "quick_terms",
        judges: ["claim_witness"],
    }
    FlushCoversLater = "flush_covers_later" {
        rule: "S16: the end of a flush covers what was written before it began; here all that is written by then",
        source: "E11: raft-rs@7e7322b, completions of persistence counted for newer states",
        scenario: "early_ack",
        judges: ["claim_witness"],
    }
    FsyncErrorIgnored = "fsync_error_ignored" {
        rule: "S7: a node stops when a flush fails; here it goes on",
        source: "A11: KAFKA-10778, appends went on after an IO error",
        scenario: "fsync_error",
        judges: ["claim_witness"],
    }
    NewFileUnflushed = "new_file_unflushed" {
        rule: "S24: the directory is flushed with a new file; here it is not",
        source: "A14: s2-lite@ff87529a, a file was renamed and its directory not flushed",
        scenario: "quick_rolls",
        judges: ["claim_witness"],
    }
    RolledFileUnflushed = "rolled_file_unflushed" {
        rule: "S9: every file that was written is flushed; here the newest alone",
        source: "A16: nats-server@930f4c252, a file was purged and a newer one flushed before it",
        scenario: "quick_rolls",
        judges: ["claim_witness"],
    }
    LogTrustsCache = "log_trusts_cache" {
        rule: "S7: a start writes again what nothing proves to be durable; here it takes the page cache of a log for the disk",
        source: "A13: KAFKA-10471, a crash while a log was loaded looked clean the next time",
        scenario: "fsync_error",
        judges: ["claim_witness"],
    }
    BeatClaimsUnflushed = "beat_claims_unflushed" {
        rule: "S9: the answer to a heartbeat claims what is flushed; here all that has arrived",
        source: "A12: iggy@2ec64c027, backups answered for what they had in memory only",
        scenario: "early_ack",
        judges: ["claim_witness"],
    }
    AcksWhatDiffers = "acks_what_differs" {
        rule: "S9: a follower whose log differs says so; here it says that it has the entry before",
        source: "C7: nats-server@233851a0f, success was told after a mismatch, and counted",
        scenario: "cut_minority",
        judges: ["claim_witness", "ack_witness"],
    }
    CommitUnverified = "commit_unverified" {
        rule: "S12: a follower commits as far as its log is known to equal its leader's; here as far as its log goes",
        source: "C6: ra@3aa50f29, the commit index was advanced before the last entry was compared",
        scenario: "cut_minority",
        judges: ["committed_stays"],
    }
    OldAppendCuts = "old_append_cuts" {
        rule: "S9, S13: an entry that stands there stays, and what follows it; here a late message cuts what follows",
        source: "C10: nats-server@c6f6c25ac, an old catch-up that came late truncated newer entries",
        scenario: "quick_terms",
        judges: ["ack_witness", "deletion_provenance"],
    }
    ArrivedCounts = "arrived_counts" {
        rule: "S10: what is flushed counts; here what has arrived does, too",
        source: "A2: NATS#7567, what followers had in memory counted, and a power loss took it",
        scenario: "slow_disk",
        judges: ["ack_witness"],
    }
    RejectsDropped = "rejects_dropped" {
        rule: "S10: a leader goes back where a log differs; here it does not listen",
        source: "L3: ra@51f9810e, a sender swallowed what the follower answered",
        scenario: "cut_minority",
        judges: ["liveness"],
    }
    SilentForEver = "silent_for_ever" {
        rule: "S10: whoever was silent, and answers, is sent entries again; here never",
        source: "L4: tigerbeetle@92117fc68, repair that did not begin again",
        scenario: "split_brain",
        judges: ["liveness"],
    }
    WindowNeverOpens = "window_never_opens" {
        rule: "S10: what arrived is not under way any more; here the window never opens again",
        source: "L1: etcd-raft@a370b6f, bytes in flight were not given back, until all was refused",
        scenario: "full_windows",
        judges: ["liveness"],
    }
    WriteOneShort = "write_one_short" {
        rule: "S11: a write quorum commits; here one copy less does",
        source: "A3: KIP-966, the last replica standing acknowledged alone",
        scenario: "smoke",
        judges: ["ack_witness"],
    }
    QuorumUnsorted = "quorum_unsorted" {
        rule: "S11: the index that a quorum has is found by order; here it is that of one voter, in the order of the configuration",
        source: "C3: openraft@f076cf6f (#1802), progress lost its order, and a value counted that two of five had reached",
        scenario: "slow_disk",
        judges: ["ack_witness"],
    }
    CommitsToLogEnd = "commits_to_log_end" {
        rule: "S11: what a quorum has is committed; here everything before the end of the log, too",
        source: "G6: redpanda@09917c7102, batches behind one that a quorum had became visible with it",
        scenario: "smoke",
        judges: ["leader_completeness", "ack_witness"],
    }
    RegionsIgnored = "regions_ignored" {
        rule: "J4: region_quorum spans regions; here any quorum does",
        source: "J4: bookkeeper@b88f4b813f, all copies of a quorum could stand in one region",
        scenario: "spread_calm",
        judges: ["ack_witness"],
    }
    ReadyAtOnce = "ready_at_once" {
        rule: "S15: a leader is ready once the first entry of its term is committed; here at once",
        source: "G3: etcd-raft@3189a66, reads were served before the first commit of the term",
        scenario: "quick_terms",
        judges: ["linearizable_log"],
    }
    RepeatAckedAtOnce = "repeat_acked_at_once" {
        rule: "S37: a repeat waits for what it repeats; here it is acknowledged at once",
        source: "H13: redpanda 22.1.5 (#5448), a retry was answered before the original was committed",
        scenario: "doubled_requests",
        judges: ["ack_witness", "zero_loss"],
    }
    EpochNotFenced = "epoch_not_fenced" {
        rule: "S36: a producer's older epoch is fenced; here it is taken",
        source: "H5: KAFKA-9144, state expired, and an old epoch was accepted again",
        scenario: "late_copies",
        judges: ["producer_order"],
    }
    LateRepeatTaken = "late_repeat_taken" {
        rule: "S36: what is neither the next call nor the last is refused; here it is taken",
        source: "H4: Redpanda 21.10.1 (Jepsen, #3039), late repeats were appended again",
        scenario: "late_copies",
        judges: ["zero_loss", "producer_order"],
    }
    DedupForgetsUncommitted = "dedup_forgets_uncommitted" {
        rule: "S36: a repeat is known though the first is not committed; here it is not",
        source: "H6: nats-server@9241c9710, ids in flight vanished from a deduplication map",
        scenario: "doubled_requests",
        judges: ["zero_loss", "producer_order"],
    }
    RestartForgetsProducers = "restart_forgets_producers" {
        rule: "S36: a start knows whose call came last; here it does not",
        source: "E13: redpanda@c9c675eb15, deduplication state was not restored",
        scenario: "slow_producers",
        judges: ["availability"],
    }
    RepeatAtNewOffset = "repeat_at_new_offset" {
        rule: "S36: a repeat is told where the first call stands; here where the log ends",
        source: "H4: Redpanda 21.10.1 (Jepsen, #3039), a retry was answered with success and another offset",
        scenario: "lossy_links",
        judges: ["offset_agreement"],
    }
    BatchCutShort = "batch_cut_short" {
        rule: "a call's messages are stored; here all but the last",
        source: "F13: kafka@778b1e3f543, a buffer was read beyond its limit, or not to it",
        scenario: "batches",
        judges: ["linearizable_log"],
    }
    DefiniteLostLeadership = "definite_lost_leadership" {
        rule: "S40: what waits when leadership ends may yet come true; here it is refused for certain",
        source: "H15: Redis-Raft 1b3fbf6 (Jepsen), aborted reads: what was refused is read",
        scenario: "doubled_requests",
        judges: ["zero_loss", "trace_completeness"],
    }
    RedirectsToItself = "redirects_to_itself" {
        rule: "S31: whoever refuses names the leader that it follows; here itself",
        source: "G10: KAFKA-14372, clients were sent where they were stuck for ever",
        scenario: "old_term",
        judges: ["availability"],
    }
    ReadWithoutRound = "read_without_round" {
        rule: "S33: a read is confirmed by a round of heartbeats; here by nobody",
        source: "G11: etcd#20418, a leader that was paused read what was old",
        scenario: "reads_stalled_leader",
        judges: ["linearizable_log"],
    }
    ReadOneShort = "read_one_short" {
        rule: "S33: a read quorum meets every election quorum; here it is one node short",
        source: "J3: bookkeeper@f373cb5976, a coverage that was computed wrong",
        scenario: "reads_slow_clock",
        judges: ["linearizable_log"],
    }
    ReadsStarve = "reads_starve" {
        rule: "S33: a read that waits gets its round; here heartbeats are spared while entries flow",
        source: "L1: etcd-raft@e419ba5, what waits behind a stream of entries",
        scenario: "stale_hint",
        judges: ["availability"],
    }
    FollowerReads = "follower_reads" {
        rule: "S33: only a leader serves a linearizable read; here whoever is asked",
        source: "H15: Redis-Raft 1b3fbf6 (Jepsen), stale reads",
        scenario: "leader_crash",
        judges: ["linearizable_log"],
    }
    DirtyReads = "dirty_reads" {
        rule: "S35: what is committed is read; here what is appended, too",
        source: "A5: KAFKA-15583, what a quorum did not have was visible, and vanished",
        scenario: "cut_minority",
        judges: ["linearizable_log", "offset_agreement"],
    }
    FetchSkips = "fetch_skips" {
        rule: "a fetch begins with the entry that holds its offset; here with the next, if that one begins before",
        source: "K4: KAFKA-15388, a fetch went on behind a gap",
        scenario: "cut_minority",
        judges: ["linearizable_log"],
    }
    TornTailBlocks = "torn_tail_blocks" {
        rule: "S19: a torn end is cut off; here it blocks the group",
        source: "F12: nats-server@cb9630559, one truncated block kept everything from opening",
        scenario: "power_loss",
        judges: ["liveness"],
    }
    TornTailTakesOneMore = "torn_tail_takes_one_more" {
        rule: "S19: a torn end is cut off; here the last entry before it goes, too",
        source: "E12: rabbitmq-server@2ae4dbeb1a, a truncation was one index too long",
        scenario: "power_loss",
        judges: ["deletion_provenance"],
    }
    LaterSegmentsIgnored = "later_segments_ignored" {
        rule: "S23: a start reads all segments; here the first only",
        source: "E16: ra@f68c255a, the end of a log was taken from one of its files",
        scenario: "quick_rolls",
        judges: ["ack_witness", "deletion_provenance"],
    }
    RegistersUnflushed = "registers_unflushed" {
        rule: "S24, S30: a group enters the registry once its files are durable; here before",
        source: "F5: KAFKA-16541, a file was named before it was flushed",
        scenario: "late_partitions",
        judges: ["liveness"],
    }
    HoldsFirstCreated = "holds_first_created" {
        rule: "a node holds all partitions that name it; here the first of several that were created at once",
        source: "E8: etcd-raft@8ecce32, entries that committed together were forgotten",
        scenario: "late_partitions",
        judges: ["liveness"],
    }
    OrphansDeleted = "orphans_deleted" {
        rule: "S23: nothing is deleted because metadata does not know it; here a start deletes it",
        source: "F2: nats-server#7556, what metadata did not list was taken for an orphan and deleted",
        scenario: "late_partitions",
        judges: ["deletion_provenance"],
    }
    HintAhead = "hint_ahead" {
        rule: "S12, S13: a block remembers what was committed; here what was appended",
        source: "A10: ra@ffe3016a, what was applied was written down before it was durable; E5: etcd 3.5",
        scenario: "quick_restarts",
        judges: ["leader_completeness", "committed_stays"],
    }
    RestartForgetsCuts = "restart_forgets_cuts" {
        rule: "S9: a start knows how often its log was cut; here it begins at none",
        source: "E16: ra@f68c255a, what detects gaps lived in files that were gone after a start",
        scenario: "full_windows",
        judges: ["liveness"],
    }
    ResumesLeading = "resumes_leading" {
        rule: "S5: a start follows; here whoever led goes on in the same term",
        source: "B3: KAFKA-10527, a voter was leader again in the same epoch, and wrote other records there",
        scenario: "occasions",
        judges: ["log_matching"],
    }
}

//! Coverage marks: places of the protocol that a run should reach now and then. Counters, nothing else;
//! a sweep that never reaches one has not tested it.

macro_rules! marks {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A place that a run may reach.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Mark { $($(#[$doc])* $variant,)* }

        impl Mark {
            /// Every mark, with its name.
            pub const ALL: &[(Mark, &str)] = &[$((Mark::$variant, $name),)*];
        }
    };
}

marks! {
    /// A replica became leader.
    Elected = "elected",
    /// A campaign ended without a leader.
    CampaignFailed = "campaign_failed",
    /// A vote was refused because a leader was heard of lately.
    StickyRefusal = "sticky_refusal",
    /// A vote was refused because the candidate's log is older.
    OldLogRefusal = "old_log_refusal",
    /// A leader stepped down because no quorum answered.
    QuorumLost = "quorum_lost",
    /// A leader stepped down because of a newer term.
    Deposed = "deposed",
    /// A replica cut a suffix that conflicts with the leader's log.
    Truncated = "truncated",
    /// An append was refused because the logs differ before it.
    AppendRejected = "append_rejected",
    /// A heartbeat was answered under a term that was not durable yet, so the answer claimed nothing.
    BeatUnflushed = "beat_unflushed",
    /// A heartbeat was spared: an append of just before did for it.
    BeatSpared = "beat_spared",
    /// A peer told of a newer generation of its log, and of less than it had told before.
    MatchedSank = "matched_sank",
    /// A request was refused, with the proof that no copy of it was or will be taken here (S40).
    NotTaken = "not_taken",
    /// A produce request was damaged on the way, and is taken for lost.
    DamagedRequest = "damaged_request",
    /// A leader sent entries again that had been lost on the way.
    Resent = "resent",
    /// A repeated request was answered from the producer table.
    RepeatCommitted = "repeat_committed",
    /// A repeated request waits for its uncommitted original (S37).
    RepeatWaits = "repeat_waits",
    /// A producer of an older epoch was fenced.
    Fenced = "fenced",
    /// A linearizable read was confirmed by a quorum.
    ReadConfirmed = "read_confirmed",
    /// A linearizable read waited for the leader's first commit, or was refused for it (S15).
    ReadNotReady = "read_not_ready",
    /// An entry of an earlier term waited for one of the current term to commit (S11).
    OldTermWaited = "old_term_waited",
    /// A group was opened from a disk with a torn tail.
    TornTail = "torn_tail",
    /// A group was opened from a disk with bytes that nothing proves durable.
    Rewritten = "rewritten",
    /// A node was opened from a registry in which nothing proves that some group's entry is durable.
    RegistryRewritten = "registry_rewritten",
    /// An acknowledgement needed more than a quorum, to span regions.
    SpreadWaited = "spread_waited",
    /// A group's log began another segment.
    SegmentRolled = "segment_rolled",
    /// A peer was sent no more, for as much as may be under way to it was.
    WindowFull = "window_full",
    /// A linearizable read found others waiting, and joined the round after theirs.
    ReadJoined = "read_joined",
    /// A message was of a kind that this node does not know, and was passed over.
    UnknownMessage = "unknown_message",
    /// A frame could not be read to its end.
    MalformedFrame = "malformed_frame",
    /// A node stopped itself because a flush failed (S7).
    FailStop = "fail_stop",
}

/// How often each mark was reached.
#[derive(Clone, Debug)]
pub struct Marks {
    hits: [u64; Mark::ALL.len()],
}

impl Default for Marks {
    fn default() -> Marks {
        Marks { hits: [0; Mark::ALL.len()] }
    }
}

impl Marks {
    pub(crate) fn hit(&mut self, mark: Mark) {
        self.hits[mark as usize] += 1;
    }

    /// Name and count of every mark, reached or not.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        Mark::ALL.iter().map(|(mark, name)| (*name, self.hits[*mark as usize]))
    }
}

//! What replicas of a group say to each other. Whoever is not a member is not heard (D4).

use super::words::words;
use crate::types::{EntryId, Index, Term};
use bytes::Bytes;

words! {
    /// From one replica to another.
    Peer {
        /// Would you vote for me, if I asked? Changes nothing (S4).
        1 PreVote {
            /// The term that would be asked for.
            term: Term,
            /// Where the asker's log ends.
            last: EntryId,
        }
        /// The answer to a pre-vote.
        2 PreVoteReply {
            /// The term asked for if granted, else the newest one known here.
            term: Term,
            /// Whether a vote would be given.
            granted: bool,
        }
        /// Vote for me.
        3 Vote {
            /// The term that the vote is for.
            term: Term,
            /// Where the candidate's log ends.
            last: EntryId,
        }
        /// The answer to a vote. A granted one is durable before it leaves (S4).
        4 VoteReply {
            /// The term that was voted in, or a newer one that makes the vote void.
            term: Term,
            /// Whether the vote is given.
            granted: bool,
        }
        /// Entries of the leader's log.
        5 Append {
            /// The leader's term.
            term: Term,
            /// The entry that they follow.
            previous: EntryId,
            /// How far the leader's log is committed.
            commit: Index,
            /// Encoded entries, one after another.
            entries: Vec<Bytes>,
        }
        /// My log equals yours up to this entry, flushed (S9).
        6 AppendOk {
            /// The leader's term.
            term: Term,
            /// Cuts that the log has seen.
            generation: u64,
            /// The last entry that is the same and flushed.
            matched: EntryId,
        }
        /// My log does not hold the entry before as you do.
        7 AppendReject {
            /// The newest term known here.
            term: Term,
            /// Index of the entry that is not the same.
            tried: Index,
            /// Where the logs may agree, at the latest.
            hint: Index,
            /// The term that stands there.
            hint_term: Term,
        }
        /// I lead. One for each group, one frame for each pair of nodes.
        8 Beat {
            /// The leader's term.
            term: Term,
            /// The sending node's round of heartbeats.
            sequence: u64,
            /// How far the leader's log is committed.
            commit: Index,
            /// Entries were sent to this peer up to here.
            sent: Index,
        }
        /// I follow. `sequence` and `sent` are those of the heartbeat, so that the leader need not
        /// remember it.
        9 BeatOk {
            /// The newest term known here.
            term: Term,
            /// Of the heartbeat.
            sequence: u64,
            /// Of the heartbeat.
            sent: Index,
            /// Cuts of the log that are durable.
            generation: u64,
            /// So much of the leader's log has arrived.
            verified: Index,
            /// The last entry that is the same and durable.
            matched: EntryId,
        }
        /// The term of what you sent is over. It answers an append or a heartbeat of an older term, and says
        /// nothing else that its receiver, who may lead this term, too, could take for a word about it.
        10 Over {
            /// The newest term known here.
            term: Term,
        }
    }
}

//! Linearizable reads that wait until a quorum has confirmed, by a round of heartbeats that began after
//! they came, that their leader still led then (Ongaro 6.4; S33, G1).

use crate::{types::Endpoint, wire::ask::Fetch};

/// A read that waits.
#[derive(Clone, Debug)]
pub(super) struct Read {
    pub(super) client: Endpoint,
    pub(super) request: u64,
    pub(super) fetch: Fetch,
    /// Only answers to rounds after this one count.
    pub(super) after: u64,
}

/// Reads that wait, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(super) struct Reads(Vec<Read>);

impl Reads {
    pub(super) fn add(&mut self, read: Read) {
        let before = self.0.last().map_or(0, |before| before.after);
        assert!(before <= read.after, "a read waits for {} after one for {before}", read.after);
        self.0.push(read);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes the reads that are confirmed: `confirmed(after)` says whether a quorum, the leader included,
    /// has answered a round after that one.
    pub(super) fn take_confirmed(&mut self, mut confirmed: impl FnMut(u64) -> bool) -> Vec<Read> {
        self.0.extract_if(.., |read| confirmed(read.after)).collect()
    }

    /// Everyone whose read nobody will confirm any more.
    pub(super) fn into_calls(self) -> impl Iterator<Item = (Endpoint, u64)> {
        self.0.into_iter().map(|read| (read.client, read.request))
    }

    /// The laws of reads that wait, at the end of a turn, after round `beat` of heartbeats.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, beat: u64) {
        let Some(read) = self.0.last() else { return };
        let after = read.after;
        assert!(
            after <= beat,
            "a read waits for rounds after {after}, and {beat} is the newest (S33)"
        );
    }
}

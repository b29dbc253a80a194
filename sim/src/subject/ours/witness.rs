//! The second decoder: reads what stands on disks ([`Logs`]) and what travels in frames (`frames.rs`,
//! `ears.rs`), written from docs/FORMAT.md and not from the system's code, so that a mistake there cannot
//! hide itself here. It trusts no node; it never says what a node believes.

pub(crate) mod ears;
mod frames;
mod logs;
mod records;

use crate::{
    disk::{Disk, Flushed},
    subject::{Endpoint, Frame, Witness},
};
use bytes::Bytes;
use checkers::{DiskTruth, Fact, MessageId, ReplicaView, Role};
use ears::Ears;
pub use frames::{Told, for_each_told};
pub use logs::Logs;
use scenarios::{Plan, number_at};

const BLOCK_HEADER: usize = 64;
const ENTRY_HEADER: usize = 96;

/// The witness of our system.
#[derive(Debug)]
pub(super) struct OurWitness {
    logs: Logs,
    ears: Ears,
    n_nodes: u32,
}

impl OurWitness {
    pub(super) fn new(plan: &Plan) -> OurWitness {
        let n_nodes = plan.nodes.len();
        let ears = Ears::new(n_nodes, plan.placement.partitions.len() + 1);
        OurWitness { logs: Logs::new(&plan.nodes), ears, n_nodes: n_nodes as u32 }
    }
}

impl Witness for OurWitness {
    fn begins(&mut self, place: usize, clock_ns: u64) {
        self.ears.begin(place, clock_ns);
    }

    fn ends(&mut self, place: usize, clock_ns: u64, facts: &mut Vec<Fact>) {
        facts.extend(self.ears.end(place, clock_ns));
    }

    fn turns(&mut self, place: usize, clock_ns: u64) {
        self.ears.turn(place, clock_ns);
    }

    fn handed(&mut self, place: usize, frame: &Frame, term: &dyn Fn(u32) -> u64) {
        self.ears.hand(place, &frame.head, term);
    }

    /// # Panics
    /// If it cannot read the frame: what it passed over could be a claim.
    fn sent(
        &mut self,
        place: usize,
        to: Endpoint,
        frame: &Frame,
        asked: &dyn Fn(u64) -> Option<MessageId>,
        facts: &mut Vec<Fact>,
    ) {
        let (node, n_nodes, logs) = (number_at(place), self.n_nodes, &self.logs);
        let read = for_each_told(&frame.head, to, |told| match told {
            Told::Claim { group, claim } => {
                let to = Some(to).filter(|to| *to <= n_nodes);
                facts.push(Fact::Claimed { node, to, group, claim });
            }
            Told::Acked { group, .. } if group == system::METADATA => {}
            Told::Acked { group, request, acks, entry, offset } => {
                let message = asked(request).or_else(|| logs.message(group, entry));
                let message = message.unwrap_or_default();
                facts.push(Fact::Acked { node, group, acks, entry, offset, message });
            }
        });
        assert!(read.is_some(), "n{node} sends a frame that docs/FORMAT.md does not know");
        if to <= n_nodes {
            self.ears.send(place, to, &frame.head, facts);
        }
    }

    fn looked(
        &mut self,
        place: usize,
        before: Option<&ReplicaView>,
        now: &ReplicaView,
        facts: &mut Vec<Fact>,
    ) {
        match now.role {
            Role::Candidate => {
                let own = before.map_or(0, |before| before.term);
                if now.term > own {
                    facts.push(self.ears.began(place, now.group, now.term, own));
                }
            }
            Role::Leader if before.is_none_or(|before| before.role != Role::Leader) => {
                self.ears.elected(place);
            }
            Role::Leader | Role::Learner | Role::Follower | Role::PreCandidate => {}
        }
    }

    fn flushed(
        &mut self,
        place: usize,
        flushed: &Flushed<'_>,
        facts: &mut Vec<Fact>,
    ) -> Option<u32> {
        if self.logs.flushed(number_at(place), flushed, facts) {
            return None;
        }
        logs::log_of(flushed.file).map(|(group, _)| group)
    }

    fn reread(
        &mut self,
        place: usize,
        group: u32,
        disk: &Disk,
        truth: &DiskTruth,
        facts: &mut Vec<Fact>,
    ) {
        self.logs.reread(number_at(place), group, disk, truth, facts);
    }

    fn groups(&self, disk: &Disk) -> Vec<u32> {
        Logs::groups_of(disk)
    }

    fn digest(&self, place: usize, group: u32, disk: &Disk, last: u64) -> (u64, u64) {
        Logs::digest(number_at(place), group, disk, last)
    }
}

/// The checksum at the end of a frame's head.
pub(super) fn checksum(head: &[u8]) -> u32 {
    u32_at(head, head.len() - 4)
}

/// What names a written part. A block's header ends with its checksum, which covers that of small records;
/// an entry's header ends with a hash over the rest of it. So eight bytes name each part's content.
pub(super) fn name(part: &Bytes) -> u64 {
    let end = part.len().min(ENTRY_HEADER);
    let named = part[end.saturating_sub(8)..end].iter();
    named.fold(0u64, |name, byte| name << 8 | u64::from(*byte))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

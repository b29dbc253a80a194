//! Where each client stands in each partition, and every step of its reads that was not to the next
//! offset: what `nonmonotonic_poll`, `poll_skip` and their neighbours judge.
//!
//! A poll continues where the poll before it stopped. It starts anew after an `assign`
//! (unless the contract keeps positions), and may start anywhere after a rebalance. A poll that
//! was refused did not move; one without an answer may have moved on, so that the next step forward
//! proves nothing, while a step back still does. A fetch says itself where it starts, and is only
//! judged within.

use super::told::{polled_nothing, polls};
use crate::{
    by_offset::seat,
    checker::{Event, Shared},
    history::{Ask, Asked, Call, Offset, Outcome, Partition, Reply, Stamp, Step as Part},
    ledger::{Act, Read, Seen},
};
use std::collections::BTreeMap;

/// A step that was not to the next offset.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Step {
    pub(crate) client: u32,
    pub(crate) partition: Partition,
    /// The offset that was due.
    pub(crate) due: Offset,
    /// The offset that came.
    pub(crate) to: Offset,
    /// When the one before was read.
    pub(crate) since: Stamp,
    pub(crate) at: Stamp,
    /// Within one call, not between two.
    pub(crate) is_within: bool,
    /// A group may have moved the client.
    pub(crate) is_permitted: bool,
    /// Which unbroken run of the client's reads it belongs to.
    pub(crate) run: u32,
}

/// Where a client stands in a partition.
#[derive(Clone, Copy, Debug, Default)]
enum Place {
    /// It does not read there, or no one can say.
    #[default]
    Elsewhere,
    /// It has read there since, and was shown nothing yet.
    Start { since: Stamp },
    /// It was shown everything below `due` that it will be shown.
    Due { due: Offset, at: Stamp, call: u64 },
}

/// What an empty answer was asked from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Standing {
    /// From this offset.
    Due(Offset),
    /// From somewhere below all that was sent since then.
    Since(Stamp),
}

/// One client in one partition.
#[derive(Debug, Default)]
struct Spot {
    place: Place,
    /// A call without an answer may have moved it on.
    is_blurred: bool,
    /// Every unbroken run of reads: its first offset and its last.
    runs: Vec<(Offset, Offset)>,
}

/// A call that has no answer yet and will move the client if it succeeds, by its id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Open {
    #[default]
    Nothing,
    Poll(u64),
    Assign(u64),
}

#[derive(Debug, Default)]
struct Client {
    spots: Vec<Spot>,
    is_managed: bool,
    open: Open,
}

/// Every client.
#[derive(Debug, Default)]
pub(crate) struct Positions(BTreeMap<u32, Client>);

impl Positions {
    /// Follows the client, and shows every step that was not to the next offset.
    pub(crate) fn observe(&mut self, event: Event<'_>, shared: &Shared, each: impl FnMut(Step)) {
        match event {
            Event::Called(call) => self.note_call(call),
            Event::Returned(call) => self.note_return(call, shared, each),
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    /// Where the call looked that was shown nothing at all: every place of its client that is
    /// certain. A group may have taken a partition away unseen, so its members are left out.
    pub(crate) fn looked(&self, call: &Call) -> impl Iterator<Item = (Partition, Standing)> + '_ {
        let client = self.0.get(&call.client).filter(|client| !client.is_managed);
        let client = client.filter(|_| polled_nothing(call));
        let spots = client.map_or(&[][..], |client| &client.spots);
        (0..).zip(spots).filter(|(_, spot)| !spot.is_blurred).filter_map(|(partition, spot)| {
            match spot.place {
                Place::Elsewhere => None,
                Place::Start { since } => Some((partition, Standing::Since(since))),
                Place::Due { due, .. } => Some((partition, Standing::Due(due))),
            }
        })
    }

    /// Every unbroken run of reads of a partition, with its client.
    pub(crate) fn runs(
        &self,
        partition: Partition,
    ) -> impl Iterator<Item = (u32, &[(Offset, Offset)])> + '_ {
        self.0.iter().filter_map(move |(client, known)| {
            let runs = &known.spots.get(partition as usize)?.runs;
            (!runs.is_empty()).then_some((*client, &runs[..]))
        })
    }

    /// The unbroken runs of one client's reads of a partition.
    pub(crate) fn runs_of(&self, client: u32, partition: Partition) -> Option<&[(Offset, Offset)]> {
        Some(&self.0.get(&client)?.spots.get(partition as usize)?.runs)
    }

    fn note_call(&mut self, call: Asked<'_>) {
        let open = match &call.ask {
            Ask::Poll => Open::Poll(call.id),
            Ask::Transact { steps } if steps.contains(&Part::Poll) => Open::Poll(call.id),
            Ask::Assign { .. } | Ask::Join { .. } => Open::Assign(call.id),
            Ask::Transact { .. }
            | Ask::Produce { .. }
            | Ask::Fetch { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => return,
        };
        let client = self.0.entry(call.client).or_default();
        client.doubt();
        client.open = open;
    }

    fn note_return(&mut self, call: &Call, shared: &Shared, mut each: impl FnMut(Step)) {
        let contract = &shared.contract;
        if let Ask::Produce { .. } | Ask::CommitOffsets { .. } | Ask::FetchOffsets { .. } =
            &call.ask
        {
            return;
        }
        let client = self.0.entry(call.client).or_default();
        let is_open = client.open == Open::Poll(call.id) || client.open == Open::Assign(call.id);
        let reply = match &call.outcome {
            Outcome::Ok(reply) => Some(reply),
            Outcome::Refused(_) => None,
            // What is open stays so, until the client asks for something else.
            Outcome::Unknown(_) => return,
        };
        if is_open {
            client.open = Open::Nothing;
        }
        let Some(reply) = reply else { return };
        if let Ask::Assign { partitions, is_managed } = &call.ask {
            client.is_managed = *is_managed;
            client.assign(partitions, call, contract.keeps_positions);
        }
        if let (Ask::Join { .. }, Reply::Joined { partitions, .. }) = (&call.ask, reply) {
            client.is_managed = true;
            client.assign(partitions, call, true);
        }
        let permits = contract.permits_rebalance_skips;
        let is_moved =
            |partition| permits && polls(call).any(|polled| polled.rebalanced.contains(&partition));
        for act in shared.ledger.acts() {
            let Act::Read(read) = act else { continue };
            let Some(first) = shared.ledger.records(read).first() else { continue };
            let is_moved = is_moved(read.partition);
            let is_managed = is_moved || (permits && client.is_managed);
            let spot = seat(&mut client.spots, read.partition);
            let walk = Walk { call, read, is_moved, is_managed };
            match read.is_poll {
                true => spot.poll(&walk, *first, shared.ledger.records(read), &mut each),
                false => spot.fetch(&walk, shared.ledger.records(read), &mut each),
            }
        }
    }
}

impl Client {
    /// A call that was to move the client has no answer: it may have.
    fn doubt(&mut self) {
        match std::mem::take(&mut self.open) {
            Open::Nothing => {}
            Open::Poll(_) => self.spots.iter_mut().for_each(|spot| spot.is_blurred = true),
            Open::Assign(_) => self.spots.iter_mut().for_each(|spot| spot.place = Place::Elsewhere),
        }
    }

    fn assign(&mut self, partitions: &[Partition], call: &Call, keeps: bool) {
        let since = call.returned.unwrap_or(call.called);
        for (partition, spot) in (0..).zip(&mut self.spots) {
            if !partitions.contains(&partition) {
                (spot.place, spot.is_blurred) = (Place::Elsewhere, false);
            }
        }
        for partition in partitions {
            let spot = seat(&mut self.spots, *partition);
            if !keeps || matches!(spot.place, Place::Elsewhere) {
                (spot.place, spot.is_blurred) = (Place::Start { since }, false);
            }
        }
    }
}

/// One read, and what may excuse its steps.
struct Walk<'a> {
    call: &'a Call,
    read: &'a Read,
    /// The partition was taken away or given anew while the call ran.
    is_moved: bool,
    /// Between calls a group may have moved the client.
    is_managed: bool,
}

impl Walk<'_> {
    fn step(&self, due: Offset, to: Offset, since: Stamp, is_within: bool, run: usize) -> Step {
        let Walk { call, read, is_moved, is_managed } = *self;
        Step {
            client: call.client,
            partition: read.partition,
            due,
            to,
            since,
            at: call.returned.unwrap_or(call.called),
            is_within,
            is_permitted: is_moved || (is_managed && !is_within),
            run: run as u32,
        }
    }
}

impl Spot {
    fn poll(
        &mut self,
        walk: &Walk<'_>,
        first: Seen,
        records: &[Seen],
        each: &mut impl FnMut(Step),
    ) {
        let at = walk.call.returned.unwrap_or(walk.call.called);
        match self.place {
            Place::Due { due, at, call } => {
                let is_unknown = self.is_blurred && first.offset > due;
                if first.offset < due || is_unknown {
                    self.runs.push((first.offset, first.offset));
                }
                if first.offset != due && !is_unknown {
                    let is_within = call == walk.call.id;
                    each(walk.step(due, first.offset, at, is_within, self.runs.len() - 1));
                }
            }
            Place::Elsewhere | Place::Start { .. } => {
                self.runs.push((first.offset, first.offset));
            }
        }
        let due = self.walk(walk, records, at, each);
        (self.place, self.is_blurred) = (Place::Due { due, at, call: walk.call.id }, false);
    }

    fn fetch(&mut self, walk: &Walk<'_>, records: &[Seen], each: &mut impl FnMut(Step)) {
        let (from, called) = (walk.read.from, walk.call.called);
        match self.runs.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(from) => {}
            Some(_) | None => self.runs.push((from, from)),
        }
        let to = records[0].offset;
        if to < from {
            self.runs.push((to, to));
        }
        if to != from {
            each(walk.step(from, to, called, true, self.runs.len() - 1));
        }
        self.walk(walk, records, called, each);
    }

    /// Along the records of one read; answers the offset that is due after them.
    fn walk(
        &mut self,
        walk: &Walk<'_>,
        records: &[Seen],
        at: Stamp,
        each: &mut impl FnMut(Step),
    ) -> Offset {
        let mut last = records[0].offset;
        for record in &records[1..] {
            let (due, to) = (last.saturating_add(1), record.offset);
            if to != due {
                if to < due {
                    self.reach(last);
                    self.runs.push((to, to));
                }
                each(walk.step(due, to, at, true, self.runs.len() - 1));
            }
            last = to;
        }
        self.reach(last);
        last.saturating_add(1)
    }

    fn reach(&mut self, last: Offset) {
        let run = self.runs.last_mut().expect("a read has a run");
        run.1 = run.1.max(last);
    }
}

//! The lowest offset that a message may have: what its sender knew the partition to reach when it
//! sent it. Whatever became of the call, and however often it was tried, it took effect after that.

use super::{Known, Reach, Sessions};
use crate::{
    by_offset::seat,
    history::{Ask, Asked, Call, Offset, Partition, Stamp, Step},
    ledger::{Act, Ledger, Number},
    verdict::Verdict,
};

/// A floor for every message that has one.
#[derive(Debug, Default)]
pub(crate) struct Floors {
    /// By message: the floor's number plus one.
    numbers: Vec<u32>,
    floors: Vec<Reach>,
    /// Messages that stood somewhere and had a floor, each time that somebody said so.
    compared: u64,
}

/// A message that stands below its floor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fall {
    pub(crate) message: Number,
    pub(crate) partition: Partition,
    pub(crate) offset: Offset,
    pub(crate) floor: Reach,
}

impl Floors {
    /// Lays a floor under every message of a call that was just made: what its client knew of the
    /// partition.
    pub(crate) fn lay(
        &mut self,
        call: Asked<'_>,
        sessions: &Sessions,
        ledger: &Ledger,
        knew: impl Fn(Known) -> Reach,
    ) {
        // The ledger has just noted this call's messages, in their order.
        let Some(send) = ledger.sends().last() else { return };
        let messages = ledger.messages_of(send);
        match &call.ask {
            Ask::Produce { partition, .. } => {
                self.lay_under(messages, knew(sessions.known(call.client, *partition)));
            }
            Ask::Transact { steps } => {
                let partitions = steps.iter().filter_map(|step| match step {
                    Step::Send { partition, .. } => Some(*partition),
                    Step::Poll => None,
                });
                for (message, partition) in messages.iter().zip(partitions) {
                    let floor = knew(sessions.known(call.client, partition));
                    self.lay_under(std::slice::from_ref(message), floor);
                }
            }
            Ask::Fetch { .. }
            | Ask::Poll
            | Ask::Assign { .. }
            | Ask::Join { .. }
            | Ask::CommitOffsets { .. }
            | Ask::FetchOffsets { .. } => {}
        }
    }

    fn lay_under(&mut self, messages: &[Number], floor: Reach) {
        if floor.end == 0 || messages.is_empty() {
            return;
        }
        if self.floors.last() != Some(&floor) {
            self.floors.push(floor);
        }
        let number = u32::try_from(self.floors.len()).expect("fewer than 4 billion floors");
        for message in messages {
            *seat(&mut self.numbers, *message) = number;
        }
    }

    /// Looks at every place of a message that the call which just returned told, and answers those
    /// below their floors. Each message falls once.
    pub(crate) fn falls(&mut self, ledger: &Ledger) -> Vec<Fall> {
        let mut falls = Vec::new();
        for act in ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset: Some(offset) } => {
                    if ledger.send_of(*message).is_some_and(|send| send.is_durable()) {
                        falls.extend(self.place(*message, *partition, *offset));
                    }
                }
                Act::Wrote { offset: None, .. } => {}
                Act::Read(read) => {
                    for seen in ledger.records(read) {
                        // What stands in a partition that it was not sent to has no floor there.
                        if ledger.partition_of(seen.message) == read.partition {
                            falls.extend(self.place(seen.message, read.partition, seen.offset));
                        }
                    }
                }
            }
        }
        falls
    }

    fn place(&mut self, message: Number, partition: Partition, offset: Offset) -> Option<Fall> {
        let number = self.numbers.get_mut(message as usize)?;
        let floor = self.floors[number.checked_sub(1)? as usize];
        self.compared += 1;
        (offset < floor.end).then(|| {
            *number = 0;
            Fall { message, partition, offset, floor }
        })
    }

    /// The answer of a law that found nothing below a floor.
    pub(crate) fn verdict(&self, vacuous: &str) -> Verdict {
        Verdict::holds_if_covered(self.compared, vacuous)
    }
}

/// Who told of a message's place, in words.
pub(crate) fn told_place(call: &Call, at: Stamp, fall: &Fall, ledger: &Ledger) -> crate::Line {
    let id = ledger.id(fall.message);
    let Fall { offset, partition, .. } = fall;
    let verb = match call.ask {
        Ask::Produce { .. } => "was told that",
        Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => "saw that",
    };
    let text =
        format!("c{} {verb} m{id} is at offset {offset} of partition {partition}", call.client);
    crate::breach::line(at, text)
}

//! The messages in a frame's head, as docs/FORMAT.md lays them out: who asks for what a kind says looks
//! into its fields, and whoever comes upon a kind that this room does not know stops the run.

use super::{u32_at, u64_at};
use checkers::{Acks, Claim, EntryId};

/// Bytes of a frame's head before its first message, and of its checksum.
const PREFIX: usize = 36;
const CHECKSUM: usize = 4;
/// Bytes of a message before its fields: group, kind, length of the fields, length of its bodies.
const MESSAGE: usize = 13;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a> {
    pub(crate) group: u32,
    pub(crate) kind: u8,
    fields: &'a [u8],
}

impl Raw<'_> {
    pub(crate) fn u8(&self, at: usize) -> Option<u8> {
        self.fields.get(at).copied()
    }

    pub(crate) fn u64(&self, at: usize) -> Option<u64> {
        self.fields.get(at..at + 8).map(|bytes| u64_at(bytes, 0))
    }

    fn id(&self, at: usize) -> Option<EntryId> {
        let (index, term) = (self.u64(at)?, self.u64(at + 8)?);
        Some(EntryId { index, term, hash: self.u64(at + 16)? })
    }
}

/// Who sent a frame.
pub(crate) fn sender(head: &[u8]) -> Option<u32> {
    head.get(16..20).map(|bytes| u32_at(bytes, 0))
}

/// Hands every message of a frame's head to `each`. None where it is laid out in another way, or `each`
/// cannot read on.
pub(crate) fn for_each_message<'a>(
    head: &'a [u8],
    mut each: impl FnMut(Raw<'a>) -> Option<()>,
) -> Option<()> {
    let count = u32_at(head.get(28..32)?, 0);
    let mut rest = head.get(PREFIX..head.len().checked_sub(CHECKSUM)?)?;
    for _ in 0..count {
        let (message, behind) = rest.split_at_checked(MESSAGE)?;
        let (fields, behind) = behind.split_at_checked(u32_at(message, 5) as usize)?;
        each(Raw { group: u32_at(message, 0), kind: message[4], fields })?;
        rest = behind;
    }
    rest.is_empty().then_some(())
}

/// What a frame says that judges must know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// Something is durable on the sender.
    Claim { group: u32, claim: Claim },
    /// A produce request is acknowledged.
    Acked { group: u32, request: u64, acks: Acks, entry: EntryId, offset: u64 },
}

/// Hands every claim and acknowledgement in a frame's head to `each`. None where it cannot read on, or
/// where a message is of a kind that it does not know: that may be a claim, so whoever asks must not pass
/// over it.
pub fn for_each_told(head: &[u8], to: u32, mut each: impl FnMut(Told)) -> Option<()> {
    for_each_message(head, |message| {
        let Raw { group, kind, .. } = message;
        let append = |entry: EntryId| {
            let EntryId { index, hash, .. } = entry;
            Some(Claim::Append { term: message.u64(0)?, index, hash })
        };
        match kind {
            4 if message.u8(8)? == 1 => {
                let claim = Claim::Vote { term: message.u64(0)?, candidate: to };
                each(Told::Claim { group, claim });
            }
            6 => each(Told::Claim { group, claim: append(message.id(16)?)? }),
            9 => {
                let entry = message.id(40)?;
                if entry.index > 0 {
                    each(Told::Claim { group, claim: append(entry)? });
                }
            }
            30 => {
                let acks = *Acks::ALL.get(usize::from(message.u8(8)?))?;
                let (request, entry, offset) = (message.u64(0)?, message.id(17)?, message.u64(41)?);
                each(Told::Acked { group, request, acks, entry, offset });
            }
            1..=5 | 7 | 8 | 10 | 20..=23 | 31..=33 => {}
            _ => return None,
        }
        Some(())
    })
}

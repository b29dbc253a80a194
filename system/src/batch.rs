//! The messages of one produce call, as bytes: who produced them, then one after another.

use crate::types::Offset;
use bytes::{BufMut, Bytes, BytesMut};
use xxhash_rust::xxh3::xxh3_64;

/// Bytes before the first message of a batch: producer, epoch, sequence.
pub const PREFIX: usize = 16;

/// Encodes messages as a produce request carries them: identity, length, payload.
pub fn encode(messages: &[(u64, Bytes)]) -> Bytes {
    let size = messages.iter().map(|(_, payload)| 12 + payload.len()).sum();
    let mut bytes = BytesMut::with_capacity(size);
    for (id, payload) in messages {
        bytes.put_u64_le(*id);
        bytes.put_u32_le(payload.len() as u32);
        bytes.put_slice(payload);
    }
    bytes.freeze()
}

/// The body of an entry that holds a produce call's messages.
pub fn body(producer: u64, epoch: u32, sequence: u32, messages: &[u8]) -> Vec<u8> {
    let mut body = Vec::with_capacity(PREFIX + messages.len());
    body.put_u64_le(producer);
    body.put_u32_le(epoch);
    body.put_u32_le(sequence);
    body.put_slice(messages);
    body
}

/// Who produced the messages of an entry: producer, epoch, sequence of the first.
pub fn producer(body: &[u8]) -> Option<(u64, u32, u32)> {
    let prefix = body.get(..PREFIX)?;
    Some((
        u64::from_le_bytes(prefix[..8].try_into().ok()?),
        u32::from_le_bytes(prefix[8..12].try_into().ok()?),
        u32::from_le_bytes(prefix[12..].try_into().ok()?),
    ))
}

/// Identity of the first message of an entry's body.
pub fn first(body: &[u8]) -> Option<u64> {
    let id = body.get(PREFIX..PREFIX + 8)?;
    Some(u64::from_le_bytes(id.try_into().ok()?))
}

/// Hands every message of an encoded list to `each`: its place, identity and payload. Stops and says
/// `false` where the bytes are no list of messages.
pub fn for_each(messages: &[u8], mut each: impl FnMut(Offset, u64, &[u8])) -> bool {
    let (mut rest, mut place) = (messages, 0);
    while !rest.is_empty() {
        let Some((head, tail)) = rest.split_at_checked(12) else { return false };
        let id = u64::from_le_bytes(head[..8].try_into().expect("eight bytes"));
        let length = u32::from_le_bytes(head[8..].try_into().expect("four bytes")) as usize;
        let Some((payload, next)) = tail.split_at_checked(length) else { return false };
        each(place, id, payload);
        (rest, place) = (next, place + 1);
    }
    true
}

/// Whether these bytes are a list of exactly `count` messages, at least one.
pub fn holds(messages: &[u8], count: u32) -> bool {
    let mut seen = 0;
    for_each(messages, |_, _, _| seen += 1) && seen == count && count > 0
}

/// The same messages, but the first two have each other's payload: see `swapped_payload`.
pub(crate) fn swap_payloads(messages: &Bytes) -> Bytes {
    let mut parts: Vec<(u64, Bytes)> = Vec::new();
    for_each(messages, |_, id, payload| parts.push((id, Bytes::copy_from_slice(payload))));
    if let [(_, first), (_, second), ..] = &mut parts[..] {
        std::mem::swap(first, second);
    }
    encode(&parts)
}

/// The same messages without the last one: see `batch_cut_short`.
pub(crate) fn without_last(messages: &Bytes) -> Bytes {
    let mut parts: Vec<(u64, Bytes)> = Vec::new();
    for_each(messages, |_, id, payload| parts.push((id, Bytes::copy_from_slice(payload))));
    parts.pop();
    encode(&parts)
}

/// What is in a payload, in 64 bits: sender and reader compare it without keeping the bytes.
pub fn content(payload: &[u8]) -> u64 {
    xxh3_64(payload)
}

/// A payload of `length` bytes that can be told from every other message's: its first eight bytes are
/// a hash of the identity, as far as they fit.
pub fn payload(id: u64, length: usize) -> Bytes {
    let mut bytes = vec![0xA5; length];
    let hash = xxh3_64(&id.to_le_bytes()).to_le_bytes();
    let fit = length.min(8);
    bytes[..fit].copy_from_slice(&hash[..fit]);
    bytes.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_read_back_in_order() {
        let messages = [(7, payload(7, 20)), (9, payload(9, 0))];
        let encoded = encode(&messages);
        let mut read = Vec::new();
        let whole = |place, id, payload: &[u8]| {
            read.push((place, id, Bytes::copy_from_slice(payload)));
        };
        assert!(for_each(&encoded, whole));
        assert_eq!(read, [(0, 7, payload(7, 20)), (1, 9, payload(9, 0))]);
        assert!(holds(&encoded, 2) && !holds(&encoded, 1) && !holds(&encoded[..13], 1));
    }
}

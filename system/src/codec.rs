//! How fields are laid into bytes and read out of them: in the head of a frame, and in records on a disk.
//! A number is little-endian; a list begins with its length; a body stands beside the head, which tells
//! its length only (docs/FORMAT.md). Nothing that is read is believed before it was seen to fit.

use crate::types::EntryId;
use bytes::Bytes;

/// Bytes that could not be read, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed(pub &'static str);

/// One field of a message or record.
pub(crate) trait Field: Sized {
    /// Lays it down.
    fn put(self, out: &mut Writer<'_>);
    /// Reads it.
    fn get(from: &mut Reader<'_>) -> Result<Self, Malformed>;
}

/// Where fields are laid down.
pub(crate) struct Writer<'a> {
    pub(crate) head: &'a mut Vec<u8>,
    pub(crate) bodies: &'a mut Vec<Bytes>,
}

/// Where fields are read.
pub(crate) struct Reader<'a> {
    pub(crate) head: &'a [u8],
    pub(crate) at: usize,
    /// What is left of the bodies, last first.
    pub(crate) bodies: Vec<Bytes>,
    /// The bodies that were read so far, if somebody asks where they end.
    pub(crate) cut: Option<Vec<Bytes>>,
}

impl Reader<'_> {
    /// Reads fields that stand in these bytes alone.
    pub(crate) fn of(head: &[u8]) -> Reader<'_> {
        Reader { head, at: 0, bodies: Vec::new(), cut: None }
    }

    pub(crate) fn is_at_end(&self) -> bool {
        self.at >= self.head.len()
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let bytes = self.head.get(self.at..self.at + N);
        self.at += N;
        Ok(bytes.ok_or(Malformed("a message ends early"))?.try_into().expect("N bytes"))
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        Ok(self.take::<1>()?[0])
    }

    /// The number of a list's members, of which each has at least one byte in the head.
    pub(crate) fn count(&mut self) -> Result<usize, Malformed> {
        let count = u32::get(self)? as usize;
        if count > self.head.len() {
            return Err(Malformed("a list is longer than what holds it"));
        }
        Ok(count)
    }

    /// One of these, by its place among them.
    pub(crate) fn one_of<T: Copy>(
        &mut self,
        all: &[T],
        unknown: &'static str,
    ) -> Result<T, Malformed> {
        all.get(usize::from(self.u8()?)).copied().ok_or(Malformed(unknown))
    }

    fn body(&mut self) -> Result<Bytes, Malformed> {
        let length = u32::get(self)? as usize;
        self.take_body(length)
    }

    fn take_body(&mut self, length: usize) -> Result<Bytes, Malformed> {
        let Some(body) = self.bodies.last_mut() else {
            return Err(Malformed("a frame carries fewer entries than it says"));
        };
        if body.len() < length {
            return Err(Malformed("an entry is longer than the frame"));
        }
        let body = if body.len() == length {
            self.bodies.pop().expect("a body is left")
        } else {
            body.split_to(length)
        };
        if let Some(cut) = &mut self.cut {
            cut.push(body.clone());
        }
        Ok(body)
    }
}

impl Reader<'_> {
    /// Passes over fields that end here, and so many bytes of bodies.
    pub(crate) fn skip_to(&mut self, end: usize, mut carried: usize) -> Result<(), Malformed> {
        if end > self.head.len() {
            return Err(Malformed("a message is longer than its frame"));
        }
        self.at = end;
        while carried > 0 {
            let left = self.bodies.last().map_or(0, Bytes::len);
            let length = carried.min(left);
            if length == 0 {
                return Err(Malformed("a frame carries fewer entries than it says"));
            }
            self.take_body(length)?;
            carried -= length;
        }
        Ok(())
    }
}

impl Field for u32 {
    fn put(self, out: &mut Writer<'_>) {
        out.head.extend_from_slice(&self.to_le_bytes());
    }
    fn get(from: &mut Reader<'_>) -> Result<u32, Malformed> {
        Ok(u32::from_le_bytes(from.take()?))
    }
}

impl Field for u64 {
    fn put(self, out: &mut Writer<'_>) {
        out.head.extend_from_slice(&self.to_le_bytes());
    }
    fn get(from: &mut Reader<'_>) -> Result<u64, Malformed> {
        Ok(u64::from_le_bytes(from.take()?))
    }
}

impl Field for bool {
    fn put(self, out: &mut Writer<'_>) {
        out.head.push(u8::from(self));
    }
    fn get(from: &mut Reader<'_>) -> Result<bool, Malformed> {
        from.one_of(&[false, true], "a flag is neither 0 nor 1")
    }
}

impl Field for EntryId {
    fn put(self, out: &mut Writer<'_>) {
        self.index.put(out);
        self.term.put(out);
        self.hash.put(out);
    }
    fn get(from: &mut Reader<'_>) -> Result<EntryId, Malformed> {
        Ok(EntryId { index: u64::get(from)?, term: u64::get(from)?, hash: u64::get(from)? })
    }
}

/// An encoded entry, or the messages of a call.
impl Field for Bytes {
    fn put(self, out: &mut Writer<'_>) {
        (self.len() as u32).put(out);
        out.bodies.push(self);
    }
    fn get(from: &mut Reader<'_>) -> Result<Bytes, Malformed> {
        from.body()
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(self, out: &mut Writer<'_>) {
        (self.len() as u32).put(out);
        self.into_iter().for_each(|member| member.put(out));
    }
    fn get(from: &mut Reader<'_>) -> Result<Vec<T>, Malformed> {
        (0..from.count()?).map(|_| T::get(from)).collect()
    }
}

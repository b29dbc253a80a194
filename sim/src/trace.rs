//! The trace hash: 256 bits over everything that happens in a world, in order. Two runs of one plan
//! have equal hashes or the simulation is broken. Records are small and hashed in blocks; as text they
//! are kept only when someone asks which event differs first.

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Kind {
    Send = 1,
    Lose,
    Deliver,
    Write,
    Truncate,
    Flush,
    Flushed,
    Turn,
    Called,
    Returned,
    Fault,
    Start,
    Stop,
    Phase,
    Numbered,
}

const BLOCK: usize = 64 << 10;

/// The hash so far.
#[derive(Debug)]
pub(crate) struct Trace {
    hasher: blake3::Hasher,
    block: Vec<u8>,
    kept: Option<Vec<String>>,
    pub(crate) records: u64,
}

impl Trace {
    pub(crate) fn new(keep: bool) -> Trace {
        Trace {
            hasher: blake3::Hasher::new_derive_key("zeroloss trace 1"),
            block: Vec::with_capacity(BLOCK + 64),
            kept: keep.then(Vec::new),
            records: 0,
        }
    }

    /// One event: when, what, who, and two numbers that tell its content.
    pub(crate) fn record(&mut self, at_ns: u64, kind: Kind, who: (u32, u32), what: [u64; 2]) {
        self.records += 1;
        let mut record = [0; 36];
        record[..8].copy_from_slice(&at_ns.to_le_bytes());
        record[8..12].copy_from_slice(&(kind as u32).to_le_bytes());
        record[12..16].copy_from_slice(&who.0.to_le_bytes());
        record[16..20].copy_from_slice(&who.1.to_le_bytes());
        record[20..28].copy_from_slice(&what[0].to_le_bytes());
        record[28..].copy_from_slice(&what[1].to_le_bytes());
        self.block.extend_from_slice(&record);
        if self.block.len() >= BLOCK {
            self.hasher.update(&self.block);
            self.block.clear();
        }
        if let Some(kept) = &mut self.kept {
            let ordinal = self.records;
            let seconds = at_ns / 1_000_000_000;
            let rest = at_ns % 1_000_000_000;
            kept.push(format!(
                "[{seconds}.{rest:09}s #{ordinal}] {kind:?} {} -> {}: {:x} {:x}",
                who.0, who.1, what[0], what[1]
            ));
        }
    }

    /// The hash as 64 hexadecimal digits, and the records if they were kept.
    pub(crate) fn finish(mut self) -> (String, Vec<String>) {
        self.hasher.update(&self.block);
        (self.hasher.finalize().to_hex().to_string(), self.kept.unwrap_or_default())
    }
}

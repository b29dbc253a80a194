//! The disk under one replica: the blocks of its log, of which some are durable and the others stand in the
//! page cache. What a node writes and reads back are the bytes of production; only what a power loss may
//! leave is counted in whole blocks, for a block that is torn is cut by whoever reads it.

use bytes::Bytes;
use system::{
    NodeId,
    disk::{Recovered, Rope, Write, recover},
};

/// One disk.
#[derive(Clone, Debug, Default)]
pub(crate) struct Disk {
    blocks: Vec<Bytes>,
    /// So many blocks are durable.
    durable: usize,
    /// Blocks that the flush covers which is under way.
    flight: Option<usize>,
}

impl Disk {
    /// Writes a block at the end; or what stands there already once more, after a start.
    ///
    /// # Panics
    /// If it would change what stands there, or leave a hole.
    pub(crate) fn write(&mut self, write: &Write) {
        let (at, bytes) = (write.at as usize, write.parts.concat());
        let all = self.blocks.concat();
        if at == all.len() {
            return self.blocks.push(bytes.into());
        }
        assert!(all[at..] == bytes[..], "what is written again is not what was read");
    }

    pub(crate) fn begin_flush(&mut self) {
        assert!(self.flight.is_none(), "one flush at a time");
        self.flight = Some(self.blocks.len());
    }

    pub(crate) fn is_flushing(&self) -> bool {
        self.flight.is_some()
    }

    pub(crate) fn end_flush(&mut self) {
        self.durable = self.flight.take().expect("a flush under way");
    }

    /// Blocks that a power loss may take.
    pub(crate) fn at_risk(&self) -> usize {
        self.blocks.len() - self.durable
    }

    /// The process is gone: its flush has no end. The page cache stays.
    pub(crate) fn crash(&mut self) {
        self.flight = None;
    }

    /// The power is gone: what is durable is left, and so many blocks that were on their way.
    pub(crate) fn lose_power(&mut self, kept: usize) {
        self.flight = None;
        self.durable += kept;
        self.blocks.truncate(self.durable);
    }

    /// What a start would read now.
    pub(crate) fn read(&self, node: NodeId) -> Result<Recovered, String> {
        self.read_blocks(node, self.blocks.len())
    }

    /// What a start would read if the power failed now.
    pub(crate) fn read_durable(&self, node: NodeId) -> Result<Recovered, String> {
        self.read_blocks(node, self.durable)
    }

    fn read_blocks(&self, node: NodeId, blocks: usize) -> Result<Recovered, String> {
        let file = Rope::from(self.blocks[..blocks].to_vec());
        recover(node, super::scope::GROUP, &[file]).map_err(|why| format!("{why:?}"))
    }

    /// Everything that tells it from another disk.
    pub(crate) fn put_to(&self, out: &mut Vec<u8>) {
        let counts = [self.durable, self.flight.map_or(usize::MAX, |flight| flight)];
        counts.iter().for_each(|count| out.extend_from_slice(&(*count as u64).to_le_bytes()));
        self.blocks.iter().for_each(|block| out.extend_from_slice(block));
    }
}

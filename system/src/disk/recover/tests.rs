//! Logs that are torn and damaged, and what is read of them.

use super::*;
use crate::{
    entry::{Kind, Stamp},
    quorum::{Config, Voter},
    types::Term,
};
use bytes::Bytes;
use proptest::prelude::*;

fn place() -> Place {
    let voters = vec![Voter { node: 1, region: 0 }];
    let config = Config { voters, learners: vec![2], write_quorum: 1, election_quorum: 1 };
    Place { group: 3, incarnation: 77, config }
}

fn next(log: &Log, term: Term) -> Entry {
    let stamp = Stamp { cluster: 1, incarnation: 77, group: 3, term, wall: 5 };
    Entry::after(log.last(), stamp, Kind::Messages, log.next_offset(), 1, b"payload")
}

#[derive(Default)]
struct Disk(Vec<Vec<u8>>);

impl Disk {
    fn write(&mut self, write: &Write) {
        let segment = (write.file.0 & 0xFFFF_FFFF) as usize;
        self.0.resize(self.0.len().max(segment + 1), Vec::new());
        let mut at = write.at as usize;
        for part in &write.parts {
            let file = &mut self.0[segment];
            file.resize(file.len().max(at + part.len()), 0);
            file[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
    }
    /// Each in parts that nothing in it knows of.
    fn segments(&self) -> Vec<Rope> {
        let parts = |bytes: &Vec<u8>| -> Vec<Bytes> {
            bytes.chunks(37).map(Bytes::copy_from_slice).collect()
        };
        self.0.iter().map(|bytes| Rope::from(parts(bytes))).collect()
    }
}

/// Writes some history, one block a step; returns the disk, and after each block its end and what
/// a reader must find.
fn written(steps: &[(u64, u64, bool)]) -> (Disk, Vec<(u64, u64, HardState, u64)>) {
    let (mut disk, mut log, mut hard) = (Disk::default(), Log::default(), HardState::default());
    let mut persist = Persist::create(1, &place());
    let mut ends = Vec::new();
    for (entries, keep, flush) in steps {
        hard = HardState { term: hard.term + 1, vote: Some(1) };
        persist.record_hard(hard);
        if *keep < log.last_index() {
            log.cut(*keep);
            persist.record_cut(*keep);
        }
        for _ in 0..*entries {
            let entry = next(&log, hard.term);
            persist.record_entry(&entry);
            log.append(entry);
        }
        disk.write(&persist.next_write(0, 1 << 20).unwrap());
        if *flush {
            assert!(persist.begin_flush().is_some());
            persist.end_flush();
        }
        let (end, proven) = (persist.durable.end(), persist.durable.proven());
        ends.push((end, log.last_index(), hard, proven));
    }
    (disk, ends)
}

fn steps() -> impl Strategy<Value = Vec<(u64, u64, bool)>> {
    proptest::collection::vec((0u64..4, 0u64..12, any::<bool>()), 1..8)
}

proptest! {
    #[test]
    fn a_torn_file_reads_as_its_last_whole_block_or_is_refused(
        steps in steps(), cut in 0.0f64..1.0,
    ) {
        let (mut disk, ends) = written(&steps);
        let length = (disk.0[0].len() as f64 * cut) as usize;
        disk.0[0].truncate(length);
        let whole = ends.iter().rev().find(|end| end.0 <= length as u64);
        match (recover(1, 3, &disk.segments()), whole) {
            (Ok(read), Some((_, last, hard, proven))) => {
                prop_assert_eq!((read.log.last_index(), read.hard), (*last, *hard));
                prop_assert!(read.persist.durable.proven() <= *proven);
            }
            (Err(Damage::Empty), None) => {}
            (read, whole) => prop_assert!(false, "{read:?} for {whole:?}"),
        }
    }

    #[test]
    fn a_flipped_bit_is_never_read_as_content(
        steps in steps(), place in 0.0f64..1.0, bit in 0u8..8,
    ) {
        let (mut disk, ends) = written(&steps);
        let at = (disk.0[0].len() as f64 * place) as usize;
        disk.0[0][at] ^= 1 << bit;
        let good = ends.iter().take_while(|end| end.0 <= at as u64).last();
        match recover(1, 3, &disk.segments()) {
            Ok(read) => {
                let (_, last, hard, _) = good.expect("something is left before the damage");
                prop_assert_eq!((read.log.last_index(), read.hard), (*last, *hard));
            }
            Err(Damage::Empty) => prop_assert!(good.is_none()),
            Err(Damage::Rot(_)) => {
                let proven = ends.last().unwrap().3.max(ends[ends.len() - 1].3);
                prop_assert!(proven > good.map_or(0, |end| end.0));
            }
        }
    }
}

#[test]
fn damage_below_a_proven_position_is_refused_and_above_it_is_cut() {
    let (mut disk, ends) = written(&[(1, 0, true), (1, 9, true), (1, 9, false), (1, 9, false)]);
    disk.0[0][ends[2].0 as usize + 70] ^= 1;
    let read = recover(1, 3, &disk.segments()).unwrap();
    assert_eq!(read.log.last_index(), 3);
    assert_eq!(read.truncate, [(files::segment_of(3, 0), ends[2].0)]);
    disk.0[0][ends[0].0 as usize + 70] ^= 1;
    assert!(matches!(recover(1, 3, &disk.segments()), Err(Damage::Rot(_))));
}

#[test]
fn what_is_not_proven_is_written_again() {
    let (disk, ends) = written(&[(1, 0, true), (1, 9, true), (1, 9, false)]);
    let read = recover(1, 3, &disk.segments()).unwrap();
    // The last header proves the flush before it.
    assert_eq!(read.rewrite.len(), 1);
    assert_eq!(read.rewrite[0].at, ends[1].0);
    assert_eq!(read.persist.flushed(), 0);
}

/// A group that stands elsewhere from index 2 on, and is cut back to `keep`.
fn moved(index: u64, keep: u64) -> Result<Recovered, Damage> {
    let (mut disk, mut log) = (Disk::default(), Log::default());
    let mut persist = Persist::create(1, &place());
    let mut moved = place();
    moved.config.learners = vec![7];
    persist.record_hard(HardState { term: 1, vote: None });
    for number in 1..=3 {
        if number == 2 {
            persist.record_place(index, &moved);
        }
        let entry = next(&log, 1);
        persist.record_entry(&entry);
        log.append(entry);
    }
    if keep < 3 {
        persist.record_cut(keep);
    }
    disk.write(&persist.next_write(0, 1 << 20).unwrap());
    recover(1, 3, &disk.segments())
}

#[test]
fn a_configuration_counts_from_its_index_on_until_it_is_cut() {
    let learners = |read: Recovered| read.configurations.newest().learners.clone();
    assert_eq!(learners(moved(2, 3).unwrap()), [7]);
    assert_eq!(learners(moved(2, 2).unwrap()), [7]);
    assert_eq!(learners(moved(2, 1).unwrap()), [2], "the entry that brought it is gone");
    // One that is past the log's end, or not behind the founding, is no place of this log.
    // Intact and impossible: no torn write leaves such a block, and nothing of it counts.
    let rot = |why: &str| Some(Damage::Rot(format!("group 3 segment 0 byte 0: {why}")));
    assert_eq!(moved(3, 3).err(), rot("a place at index 3 of group 3 is none here"));
    assert_eq!(moved(0, 3).err(), rot("a place at index 0 of group 3 is none here"));
}

#[test]
fn an_entry_of_a_term_that_nobody_recorded_is_rot() {
    let (mut disk, mut persist) = (Disk::default(), Persist::create(1, &place()));
    persist.record_hard(HardState { term: 1, vote: None });
    persist.record_entry(&next(&Log::default(), 2));
    disk.write(&persist.next_write(0, 1 << 20).unwrap());
    let why = "group 3 segment 0 byte 0: entry 1 is of term 2 in term 1";
    assert_eq!(recover(1, 3, &disk.segments()).err(), Some(Damage::Rot(why.into())));
}

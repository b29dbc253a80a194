//! The second decoder and the system's own, side by side: on the disks of whole runs, on logs that
//! are laid by hand and then damaged, and on frames (`frames.rs`). Where they disagree, one of them is
//! wrong.

#[path = "../common/mod.rs"]
mod common;
mod frames;

use bytes::Bytes;
use checkers::{
    Bench, Checker, DiskTruth, EntryId, Event, Fact, FactKind, Mark, ReplicaView, Shared, Stamp,
    Verdict,
};
use common::{drawn, shortened};
use scenarios::Stream;
use sim::{Options, disk::Disk, subject::ours::witness::Logs};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};
use system::{
    Config, Entry, Log, Place, Voter,
    disk::{self, Damage, HardState, Persist, Rope, Write, files::segment_of},
    entry::{Kind, Stamp as Written},
};

const NODE: u32 = 3;
const SEGMENT_BYTES: u64 = 16 << 20;
const GROUP: u32 = 1;

// ---- whole runs

/// What nodes believe, beside what their disks hold.
#[derive(Debug, Default)]
struct Compared {
    /// The latest word of each replica, and every entry that it told to be committed.
    replicas: BTreeMap<(u32, u32), (Option<ReplicaView>, Vec<EntryId>)>,
    digests: BTreeMap<u32, Vec<(u64, u64)>>,
    disagreements: Vec<String>,
    looks: u64,
    entries: u64,
}

#[derive(Clone, Default)]
struct Compares(Arc<Mutex<Compared>>);

impl Checker for Compares {
    fn name(&self) -> &'static str {
        "compares"
    }

    fn facts(&self) -> &'static [FactKind] {
        FactKind::ALL
    }

    fn observe(&mut self, _: Stamp, event: Event<'_>, shared: &Shared) {
        let truth = &shared.disks;
        let mut own = self.0.lock().expect("nobody panics with it");
        match event {
            Event::Seen(seen) => own.look(seen, truth),
            Event::Fact(Fact::Committed { node, group, entries, .. }) => {
                own.replicas.entry((*node, *group)).or_default().1.extend(entries);
            }
            Event::Fact(Fact::Stopped { node }) => own.replicas.retain(|key, _| key.0 != *node),
            Event::Fact(Fact::Replica { group, last, digest, .. }) => {
                own.digests.entry(*group).or_default().push((*last, *digest));
            }
            Event::Mark(Mark::Ended) => own.compare(truth),
            Event::Called(_)
            | Event::Numbered(..)
            | Event::Returned(_)
            | Event::Fact(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _: &Shared) -> Verdict {
        Verdict::Unknown("it only compares".into())
    }
}

impl Compared {
    /// Whatever a node believes to be flushed can be decoded from its disk at that moment.
    fn look(&mut self, seen: &ReplicaView, truth: &DiskTruth) {
        self.looks += 1;
        let durable = truth.log(seen.node, seen.group).last().map_or(0, |last| last.index);
        if seen.flushed > durable {
            self.disagreements.push(format!("{durable} durable, but {seen:?}"));
        }
        self.replicas.entry((seen.node, seen.group)).or_default().0 = Some(*seen);
    }

    /// At the end all is flushed, and every entry is the same to both.
    fn compare(&mut self, truth: &DiskTruth) {
        for ((node, group), (seen, told)) in &self.replicas {
            let log = truth.log(*node, *group);
            let durable = log.last().map_or(0, |last| last.index);
            if seen.is_none_or(|seen| (seen.flushed, seen.commit) != (durable, durable)) {
                self.disagreements.push(format!("{durable} durable at the end, but {seen:?}"));
            }
            for (index, entry) in (1..).zip(told) {
                self.entries += 1;
                if entry.index != index || !log.has(*entry) {
                    let decoded = log.get(index);
                    self.disagreements.push(format!("n{node} p{group}: {entry:?}, {decoded:?}"));
                }
            }
        }
    }
}

#[test]
fn what_a_node_believes_is_what_the_second_decoder_reads() {
    for (scenario, seed) in
        [("smoke", 1), ("power_loss", 1), ("lossy_links", 1), ("swarm", 23), ("swarm", 16)]
    {
        let plan = shortened(drawn(scenario, seed), 20_000);
        let compares = Compares::default();
        let bench = Bench::new(vec![Box::new(compares.clone())]);
        let ended = sim::run(&plan, bench, &Options::default());
        assert_eq!(ended.run.ending, checkers::Ending::Finished, "{scenario} seed {seed}");
        let compared = compares.0.lock().expect("nobody panics with it");
        assert_eq!(compared.disagreements, [""; 0], "{scenario} seed {seed}");
        let (looks, entries) = (compared.looks, compared.entries);
        assert!(
            looks > 1_000 && entries > 1_000,
            "{scenario} seed {seed}: {looks} looks, {entries} entries"
        );
        let groups = plan.placement.partitions.len() + 1;
        assert_eq!(compared.digests.len(), groups, "every group has digests");
        for (group, digests) in &compared.digests {
            assert!(digests.len() > 1 && digests[0].0 > 0, "p{group}: {digests:?}");
            assert!(digests.iter().all(|digest| *digest == digests[0]), "p{group}: {digests:?}");
        }
    }
}

// ---- logs laid by hand

/// What a log says: its entries, and the last term and vote.
type Read = (Vec<EntryId>, (u64, Option<u32>));

/// A log as the system writes it, block by block.
struct Laid {
    writes: Vec<Write>,
    /// What it says after each block.
    states: Vec<Read>,
}

fn place() -> Place {
    let voters = (1..=3).map(|node| Voter { node, region: node - 1 }).collect();
    let config = Config { voters, learners: vec![9], write_quorum: 2, election_quorum: 2 };
    Place { group: GROUP, incarnation: 77, config }
}

fn told(id: system::EntryId) -> EntryId {
    EntryId { index: id.index, term: id.term, hash: id.hash }
}

/// Appends, votes and cuts as they may come, a few to a block.
fn lay(seed: u64, n_blocks: usize) -> Laid {
    let mut dice = Stream::derive(seed, "witness/lay");
    let mut persist = Persist::create(NODE, &place());
    let (mut log, mut term, mut vote) = (Log::default(), 0, (0, None));
    let mut laid = Laid { writes: Vec::new(), states: Vec::new() };
    for block in 0..n_blocks {
        for _ in 0..=dice.below(3) {
            match dice.below(8) {
                _ if term == 0 => {
                    (term, vote) = (1, (1, None));
                    persist.record_hard(HardState { term, vote: None });
                }
                0 => {
                    term += 1;
                    vote = (term, (dice.below(2) == 0).then_some(2));
                    persist.record_hard(HardState { term: vote.0, vote: vote.1 });
                }
                1 if log.last_index() > 0 => {
                    let last = log.last_index() - dice.below(log.last_index().min(3) + 1);
                    log.cut(last);
                    persist.record_cut(last);
                    term += 1;
                    vote = (term, None);
                    persist.record_hard(HardState { term, vote: None });
                }
                _ => {
                    let stamp =
                        Written { cluster: 5, incarnation: 77, group: GROUP, term, wall: 1 };
                    let body = Bytes::from(vec![block as u8; dice.below(90) as usize]);
                    let base = log.next_offset();
                    let entry = Entry::after(log.last(), stamp, Kind::Noop, base, 0, &body);
                    persist.record_entry(&entry);
                    log.append(entry);
                }
            }
        }
        if let Some(write) = persist.next_write(0, SEGMENT_BYTES) {
            // What no later block proves durable, the system may give up; else it is rot.
            if dice.below(4) == 0 && persist.begin_flush().is_some() {
                persist.end_flush();
            }
            laid.writes.push(write);
            let ids = (1..=log.last_index()).map(|index| told(log.id(index))).collect();
            laid.states.push((ids, vote));
        }
    }
    laid
}

impl Laid {
    fn bytes(&self) -> Vec<u8> {
        self.writes.iter().flat_map(|write| write.parts.concat()).collect()
    }

    /// Where each block ends.
    fn ends(&self) -> Vec<usize> {
        let length = |write: &Write| write.parts.iter().map(Bytes::len).sum::<usize>();
        let ends = self.writes.iter().scan(0, |end, write| {
            *end += length(write);
            Some(*end)
        });
        ends.collect()
    }

    /// What whole blocks before this byte say.
    fn state_before(&self, at: usize) -> Read {
        let whole = self.ends().iter().filter(|end| **end <= at).count();
        whole.checked_sub(1).map_or((Vec::new(), (0, None)), |last| self.states[last].clone())
    }
}

fn disk() -> Disk {
    Disk::new(&drawn("smoke", 1).disk)
}

/// A disk on which exactly these bytes are durable in the log.
fn holding(bytes: &[u8]) -> Disk {
    let (mut disk, file) = (disk(), segment_of(GROUP, 0).0);
    disk.write(file, 0, &[Bytes::copy_from_slice(bytes)]);
    let (flush, directory) = (disk.begin_flush(file), disk.begin_flush_directory());
    assert!(disk.end_flush(flush).is_some());
    disk.end_flush_directory(directory).for_each(drop);
    disk
}

/// What the second decoder reads from a disk.
fn decoded(disk: &Disk) -> Read {
    let (mut witness, mut bench) = (Logs::new(&[0, 1, 2]), Bench::default());
    let mut facts = Vec::new();
    witness.reread(NODE, GROUP, disk, bench.truth(), &mut facts);
    facts.iter().for_each(|fact| bench.observe(Stamp::default(), Event::Fact(fact)));
    state_of(&bench)
}

fn state_of(bench: &Bench) -> Read {
    let log = bench.truth().log(NODE, GROUP);
    let count = log.last().map_or(0, |last| last.index);
    ((1..=count).map(|index| log.get(index).expect("it is there")).collect(), log.vote)
}

/// What the system reads from the same bytes; none if it refuses them.
fn recovered(bytes: &[u8]) -> Option<Read> {
    match disk::recover(NODE, GROUP, &[Rope::from(Bytes::copy_from_slice(bytes))]) {
        Ok(from) => {
            let ids = (1..=from.log.last_index()).map(|index| told(from.log.id(index)));
            Some((ids.collect(), (from.hard.term, from.hard.vote)))
        }
        Err(Damage::Empty | Damage::Rot(_)) => None,
    }
}

#[test]
fn both_decoders_read_the_same_log() {
    let (mut entries, mut cuts) = (0, 0);
    for seed in 1..=200 {
        let laid = lay(seed, 12);
        let bytes = laid.bytes();
        let expected = laid.states.last().expect("blocks were laid").clone();
        assert_eq!(decoded(&holding(&bytes)), expected, "seed {seed}");
        assert_eq!(recovered(&bytes), Some(expected), "seed {seed}");
        entries += laid.states.iter().map(|state| state.0.len()).max().unwrap_or(0);
        cuts += laid.states.windows(2).filter(|pair| pair[1].0.len() < pair[0].0.len()).count();
    }
    assert!(entries > 1_000 && cuts > 50, "{entries} entries, {cuts} cuts");
}

/// Flush by flush it must come to know what it would read from the whole.
#[test]
fn keeping_up_and_reading_again_tell_the_same() {
    let file = segment_of(GROUP, 0).0;
    let mut kept_up = 0;
    for seed in 1..=100 {
        let laid = lay(seed, 12);
        let (mut disk, mut witness) = (disk(), Logs::new(&[0, 1, 2]));
        let mut bench = Bench::default();
        for (write, state) in laid.writes.iter().zip(&laid.states) {
            let mut facts = Vec::new();
            disk.write(file, write.at, &write.parts);
            let directory = disk.begin_flush_directory();
            disk.end_flush_directory(directory).for_each(drop);
            let flush = disk.begin_flush(file);
            let flushed = disk.end_flush(flush).expect("it was begun");
            let could = witness.flushed(NODE, &flushed, &mut facts);
            assert!(could, "seed {seed}: an append can be read on from where it stands");
            kept_up += 1;
            facts.iter().for_each(|fact| bench.observe(Stamp::default(), Event::Fact(fact)));
            assert_eq!(state_of(&bench), *state, "seed {seed}");
        }
        let configuration = bench.truth().configuration(GROUP).expect("it was read");
        let voters: Vec<_> = configuration.voters.iter().map(|v| (v.node, v.region)).collect();
        assert_eq!(voters, [(1, 0), (2, 1), (3, 2)]);
        assert_eq!((configuration.write_quorum, configuration.election_quorum), (2, 2));
    }
    assert!(kept_up > 500);
}

/// One bit anywhere: its block and all after it are gone, and no entry appears that was never there.
#[test]
fn damaged_bytes_are_not_decoded() {
    let mut dice = Stream::derive(1, "witness/damage");
    let (mut refused, mut read_on) = (0, 0);
    for seed in 1..=4 {
        let laid = lay(seed, 12);
        let bytes = laid.bytes();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << dice.below(8);
            let read = decoded(&holding(&damaged));
            assert_eq!(read, laid.state_before(at), "seed {seed}: byte {at} of {}", bytes.len());
            match recovered(&damaged) {
                Some(own) => {
                    assert_eq!(own, read, "seed {seed}: byte {at}: the system reads otherwise");
                    read_on += 1;
                }
                None => refused += 1,
            }
        }
    }
    assert!(refused > 500 && read_on > 500, "{refused} refused, {read_on} read on");
}

#[test]
fn a_torn_tail_is_not_decoded() {
    for seed in 1..=4 {
        let laid = lay(seed, 12);
        let bytes = laid.bytes();
        for length in 0..bytes.len() {
            let read = decoded(&holding(&bytes[..length]));
            assert_eq!(read, laid.state_before(length), "seed {seed}: {length} bytes are left");
            if let Some(own) = recovered(&bytes[..length]) {
                assert_eq!(own, read, "seed {seed}: {length}: the system reads otherwise");
            }
        }
    }
}

/// A log goes on in another file when one is full; both decoders follow it there.
#[test]
fn a_log_is_read_over_its_segments() {
    let mut persist = Persist::create(NODE, &place());
    persist.record_hard(HardState { term: 1, vote: None });
    let (mut log, mut disk, mut witness) = (Log::default(), disk(), Logs::new(&[0, 1, 2]));
    let mut bench = Bench::default();
    let body = vec![7; SEGMENT_BYTES as usize / 2];
    for _ in 0..5 {
        let stamp = Written { cluster: 5, incarnation: 77, group: GROUP, term: 1, wall: 1 };
        let entry = Entry::after(log.last(), stamp, Kind::Noop, 0, 0, &body);
        persist.record_entry(&entry);
        log.append(entry);
        let write = persist.next_write(0, SEGMENT_BYTES).expect("an entry was recorded");
        let (_, is_fresh) = persist.begin_flush().expect("it is dirty");
        persist.end_flush();
        disk.write(write.file.0, write.at, &write.parts);
        if is_fresh {
            let directory = disk.begin_flush_directory();
            disk.end_flush_directory(directory).for_each(drop);
        }
        let flush = disk.begin_flush(write.file.0);
        let flushed = disk.end_flush(flush).expect("it was begun");
        let mut facts = Vec::new();
        assert!(witness.flushed(NODE, &flushed, &mut facts));
        facts.iter().for_each(|fact| bench.observe(Stamp::default(), Event::Fact(fact)));
    }
    assert!(disk.list().count() > 2, "it all fits into {} segments", disk.list().count());
    let expected: Vec<EntryId> = (1..=5).map(|index| told(log.id(index))).collect();
    assert_eq!(state_of(&bench).0, expected, "keeping up");
    assert_eq!(decoded(&disk).0, expected, "reading again");
    let segments: Vec<Rope> = disk.list().map(|file| disk.read(file).into()).collect();
    let own = disk::recover(NODE, GROUP, &segments).expect("an intact log").log;
    assert_eq!(
        (1..=own.last_index()).map(|index| told(own.id(index))).collect::<Vec<_>>(),
        expected
    );
}

/// What a log holds after a cut that reaches back into its first segment, and the disk that it is on.
fn cut_back() -> (Log, Disk) {
    let mut persist = Persist::create(NODE, &place());
    let (mut log, mut disk) = (Log::default(), disk());
    let body = vec![7; SEGMENT_BYTES as usize / 2];
    for (term, count) in [(1, 5), (2, 4)] {
        for _ in 0..count {
            let stamp = Written { cluster: 5, incarnation: 77, group: GROUP, term, wall: 1 };
            let entry = Entry::after(log.last(), stamp, Kind::Noop, 0, 0, &body);
            persist.record_entry(&entry);
            log.append(entry);
            let write = persist.next_write(0, SEGMENT_BYTES).expect("an entry was recorded");
            disk.write(write.file.0, write.at, &write.parts);
        }
        if term == 1 {
            log.cut(2);
            persist.record_cut(2);
        }
    }
    for file in disk.list().collect::<Vec<_>>() {
        let (flush, directory) = (disk.begin_flush(file), disk.begin_flush_directory());
        assert!(disk.end_flush(flush).is_some());
        disk.end_flush_directory(directory).for_each(drop);
    }
    (log, disk)
}

/// The digest once began anew in each segment, and accused every log that was cut beyond its first.
#[test]
fn a_cut_reaches_back_over_segments() {
    let (log, disk) = cut_back();
    assert!(disk.list().count() > 3, "it all fits into {} segments", disk.list().count());
    let expected: Vec<EntryId> = (1..=6).map(|index| told(log.id(index))).collect();
    assert_eq!(decoded(&disk).0, expected);
    // The same entries, written without a detour.
    let (mut straight, mut plain) = (Persist::create(NODE, &place()), self::disk());
    for index in 1..=6 {
        straight.record_entry(log.get(index).expect("it is there"));
        let write = straight.next_write(0, SEGMENT_BYTES).expect("an entry was recorded");
        plain.write(write.file.0, write.at, &write.parts);
    }
    for file in plain.list().collect::<Vec<_>>() {
        let (flush, directory) = (plain.begin_flush(file), plain.begin_flush_directory());
        assert!(plain.end_flush(flush).is_some());
        plain.end_flush_directory(directory).for_each(drop);
    }
    let digest = |disk: &Disk, last| Logs::digest(NODE, GROUP, disk, last);
    for last in 1..=6 {
        assert_eq!(digest(&disk, last), digest(&plain, last), "up to {last}");
        assert_eq!(digest(&disk, last).0, last);
    }
    assert_ne!(digest(&disk, 6).1, digest(&disk, 5).1);
}

/// The log of another node, or of another group, is not this one's, however intact.
#[test]
fn a_log_that_belongs_elsewhere_is_not_decoded() {
    let bytes = lay(1, 6).bytes();
    let disk = holding(&bytes);
    let mut facts = Vec::new();
    Logs::new(&[0, 1, 2]).reread(NODE + 1, GROUP, &disk, &DiskTruth::default(), &mut facts);
    assert_eq!(facts, []);
    let (mut swapped, other) = (self::disk(), segment_of(GROUP + 1, 0).0);
    swapped.write(other, 0, &[Bytes::from(bytes)]);
    let (flush, directory) = (swapped.begin_flush(other), swapped.begin_flush_directory());
    assert!(swapped.end_flush(flush).is_some());
    swapped.end_flush_directory(directory).for_each(drop);
    Logs::new(&[0, 1, 2]).reread(NODE, GROUP + 1, &swapped, &DiskTruth::default(), &mut facts);
    assert_eq!(facts, []);
}

//! Every accident of the disk, and that it bites; and the whole disk against a dumb twin.

mod twin;

use super::*;

const LOG: u64 = 7;

fn quiet() -> scenarios::Disk {
    scenarios::Disk {
        flush_us: 100,
        flush_jitter_us: 50,
        bytes_per_us: 200,
        tail_ppm: 0,
        tail_us: 0,
    }
}

fn disk() -> Disk {
    Disk::new(&quiet())
}

/// A disk with this text durable in its log.
fn holding(text: &[u8]) -> Disk {
    let mut disk = disk();
    write(&mut disk, 0, text);
    flush(&mut disk);
    name(&mut disk);
    disk
}

fn write(disk: &mut Disk, at: u64, text: &[u8]) {
    disk.write(LOG, at, &[Bytes::copy_from_slice(text)]);
}

fn flush(disk: &mut Disk) {
    let flush = disk.begin_flush(LOG);
    assert!(disk.end_flush(flush).is_some());
}

fn name(disk: &mut Disk) {
    let flush = disk.begin_flush_directory();
    disk.end_flush_directory(flush).for_each(drop);
}

fn seen(disk: &Disk) -> Vec<u8> {
    disk.read(LOG).concat()
}

fn durable(disk: &Disk) -> Vec<u8> {
    disk.durable(LOG).concat()
}

/// Cuts power of a hundred copies of this disk, each with other dice.
fn after_power_losses(disk: &Disk) -> Vec<Disk> {
    let cut = |seed| {
        let mut after = disk.clone();
        after.power_loss(&mut Stream::derive(seed, "disk/1"));
        assert_eq!(seen(&after), durable(&after), "what is left is durable");
        after
    };
    (0..100).map(cut).collect()
}

#[test]
fn what_is_written_is_seen_at_once_and_durable_only_after_a_flush() {
    let mut disk = disk();
    write(&mut disk, 0, b"one");
    let first = disk.begin_flush(LOG);
    assert_eq!(first.bytes(), 3);
    write(&mut disk, 3, b"two");
    assert_eq!(seen(&disk), b"onetwo");
    name(&mut disk);
    assert_eq!(durable(&disk), b"");
    let flushed = disk.end_flush(first).expect("still in flight");
    assert_eq!((flushed.len_before, flushed.len, flushed.named), (0, 3, true));
    assert_eq!(flushed.parts().collect::<Vec<_>>(), [(0, Bytes::from("one"))]);
    assert_eq!(durable(&disk), b"one", "the flush took only what was dirty when it began");
    flush(&mut disk);
    assert_eq!(durable(&disk), b"onetwo");
}

#[test]
fn appended_bytes_are_shared_and_never_copied() {
    let mut disk = disk();
    let payload = Bytes::from(vec![5; 10_000]);
    disk.write(LOG, 0, &[payload.clone(), payload.clone()]);
    for _ in 0..2 {
        let flush = disk.begin_flush(LOG);
        for (_, part) in disk.end_flush(flush).expect("in flight").parts() {
            assert_eq!(part.as_ptr(), payload.as_ptr());
        }
    }
    name(&mut disk);
    for part in disk.read(LOG).into_iter().chain(disk.durable(LOG)) {
        assert_eq!((part.as_ptr(), part.len()), (payload.as_ptr(), payload.len()));
    }
}

#[test]
fn an_extent_is_small_beside_its_payload() {
    assert!(size_of::<extents::Extent>() <= 40, "a million appends cost 40 MB, not more");
}

#[test]
fn a_flush_makes_durable_what_it_took_even_if_it_was_overwritten_since() {
    let mut disk = holding(b"aaaaaa");
    write(&mut disk, 1, b"bbbb");
    let flush = disk.begin_flush(LOG);
    write(&mut disk, 2, b"cc");
    assert_eq!(durable(&disk), b"aaaaaa");
    let flushed = disk.end_flush(flush).expect("in flight");
    assert_eq!(flushed.ranges(), std::slice::from_ref(&(1..5)));
    let parts: Vec<(u64, Bytes)> = flushed.parts().collect();
    assert_eq!(parts.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4]);
    assert_eq!(durable(&disk), b"abbbba");
    assert_eq!(seen(&disk), b"abccba");
}

#[test]
fn a_crash_spares_the_page_cache_and_forgets_flushes() {
    let mut disk = holding(b"old");
    write(&mut disk, 3, b"new");
    disk.write(8, 0, &[]);
    let (file, directory) = (disk.begin_flush(LOG), disk.begin_flush_directory());
    disk.crash();
    assert!(disk.end_flush(file).is_none());
    assert_eq!(disk.end_flush_directory(directory).count(), 0);
    assert_eq!(disk.durable_len(8), None, "the name is as volatile as before");
    assert_eq!((seen(&disk), durable(&disk)), (b"oldnew".to_vec(), b"old".to_vec()));
    let again = disk.begin_flush(LOG);
    assert_eq!(again.bytes(), 3, "it is dirty again");
    disk.end_flush(again);
    assert_eq!(durable(&disk), b"oldnew");
}

#[test]
fn a_failed_flush_leaves_its_bytes_in_doubt_until_they_are_written_again() {
    let mut disk = holding(b"old");
    write(&mut disk, 3, b"new");
    let failing = disk.begin_flush(LOG);
    assert!(disk.fail_flush(failing));
    let nothing = disk.begin_flush(LOG);
    assert_eq!(nothing.bytes(), 0, "failed pages are clean");
    assert!(disk.end_flush(nothing).is_some(), "the error is told once");
    assert_eq!(durable(&disk), b"old");
    assert!(after_power_losses(&disk).iter().any(|after| seen(after) != b"oldnew"));
    write(&mut disk, 6, b"!");
    flush(&mut disk);
    assert_eq!(durable(&disk), b"old\0\0\0!", "the length is durable, what failed is not");
    write(&mut disk, 3, b"new");
    flush(&mut disk);
    assert_eq!(durable(&disk), b"oldnew!");
    assert!(after_power_losses(&disk).iter().all(|after| seen(after) == b"oldnew!"));
    assert_eq!(disk.hits().find(|hit| hit.0 == "fsync_error"), Some(("fsync_error", 1)));
}

#[test]
fn a_length_that_failed_is_durable_when_the_bytes_are_written_again() {
    let mut disk = holding(b"");
    write(&mut disk, 0, b"bytes");
    let failing = disk.begin_flush(LOG);
    disk.fail_flush(failing);
    write(&mut disk, 0, b"bytes");
    flush(&mut disk);
    assert_eq!(durable(&disk), b"bytes");
}

#[test]
fn power_loss_keeps_any_subset_of_unsynced_pages_and_every_durable_byte() {
    let page = file::PAGE as usize;
    let mut disk = holding(&vec![1; page + 100]);
    write(&mut disk, page as u64 + 100, &vec![2; 3 * page]);
    let len = 4 * page + 100;
    let (mut whole, mut both, mut torn, mut gone, mut lengths) = (0, 0, 0, 0, 0);
    for after in after_power_losses(&disk) {
        let left = seen(&after);
        assert!(left[..page + 100].iter().all(|byte| *byte == 1), "durable bytes stay");
        lengths += u32::from(left.len() < len);
        if left.len() < len {
            continue;
        }
        let kept = |number: usize| {
            let bytes = &left[number * page..(number + 1) * page];
            bytes.iter().filter(|byte| **byte == 2).count()
        };
        let (second, third) = (kept(2), kept(3));
        assert_eq!(second % file::SECTOR as usize, 0, "sectors are whole");
        whole += u32::from(second == page);
        gone += u32::from(second == 0);
        torn += u32::from(second > 0 && second < page);
        both += u32::from(second == 0 && third == page);
    }
    assert!(whole > 9 && gone > 9 && torn > 4, "{whole} whole, {gone} gone, {torn} torn");
    assert!(both > 2, "the later page never survives the earlier one");
    assert!(lengths > 0, "no unsynced length is ever lost");
}

#[test]
fn power_loss_takes_nothing_that_was_flushed() {
    let disk = holding(&[3; 20_000]);
    for after in after_power_losses(&disk) {
        assert_eq!(seen(&after), vec![3; 20_000]);
        assert_eq!(after.hits().find(|hit| hit.0 == "power_loss"), Some(("power_loss", 0)));
    }
}

#[test]
fn lost_overwrites_show_what_was_durable_before() {
    let mut disk = holding(&[1; 5_000]);
    write(&mut disk, 1_000, &[2; 100]);
    let left: Vec<Vec<u8>> = after_power_losses(&disk).iter().map(seen).collect();
    assert!(left.iter().any(|left| left[1_000] == 1), "an unsynced overwrite is never lost");
    assert!(left.iter().any(|left| left[1_000] == 2), "an unsynced overwrite never survives");
    assert!(left.iter().all(|left| left.len() == 5_000 && left[999] == 1 && left[1_100] == 1));
}

#[test]
fn an_unsynced_cut_may_come_undone() {
    let mut disk = holding(b"keep and cut");
    disk.set_len(LOG, 4);
    let left: Vec<Vec<u8>> = after_power_losses(&disk).iter().map(seen).collect();
    assert!(left.iter().any(|left| left == b"keep and cut"), "the cut never comes undone");
    assert!(left.iter().any(|left| left == b"keep"), "the cut never survives");
    assert!(left.iter().all(|left| left == b"keep" || left == b"keep and cut"));
    let flush = disk.begin_flush(LOG);
    let flushed = disk.end_flush(flush).expect("in flight");
    assert_eq!((flushed.len_before, flushed.len), (12, 4));
    assert!(after_power_losses(&disk).iter().all(|after| seen(after) == b"keep"));
}

#[test]
fn a_file_may_vanish_before_its_directory_is_flushed() {
    let mut disk = disk();
    write(&mut disk, 0, b"flushed");
    let flush = disk.begin_flush(LOG);
    assert!(!disk.end_flush(flush).expect("in flight").named);
    assert_eq!((durable(&disk).len(), disk.durable_len(LOG)), (0, None));
    let left: Vec<usize> =
        after_power_losses(&disk).iter().map(|after| after.list().count()).collect();
    assert!(left.contains(&0), "an unsynced name is never lost");
    assert!(left.contains(&1), "an unsynced name never survives");
    let directory = disk.begin_flush_directory();
    disk.write(8, 0, &[]);
    assert_eq!(disk.end_flush_directory(directory).collect::<Vec<_>>(), [LOG]);
    assert_eq!((durable(&disk), disk.durable_len(8)), (b"flushed".to_vec(), None));
    assert!(after_power_losses(&disk).iter().all(|after| seen(after) == b"flushed"));
}

#[test]
fn identical_bytes_over_durable_ones_are_harmless() {
    let mut disk = holding(&[9; 9_000]);
    write(&mut disk, 100, &[9; 6_000]);
    assert_eq!(durable(&disk), vec![9; 9_000]);
    assert!(after_power_losses(&disk).iter().all(|after| seen(after) == vec![9; 9_000]));
}

#[test]
fn flushes_take_as_long_as_the_disk_is_slow() {
    let mut disk = disk();
    let mut dice = Stream::derive(1, "disk/1");
    let mut took = |disk: &mut Disk| -> (u64, u64) {
        let each: Vec<u64> = (0..200).map(|_| disk.flush_ns(20_000, &mut dice)).collect();
        (*each.iter().min().expect("some"), *each.iter().max().expect("some"))
    };
    let (least, most) = took(&mut disk);
    assert!(least >= 200_000 && most <= 250_000, "100 us, 100 us for the bytes, 50 us of jitter");
    assert!(most - least > 40_000, "jitter never bites");
    disk.slow(10);
    disk.slow(3);
    assert!(took(&mut disk).0 >= 6_000_000);
    disk.unslow(10);
    assert!((600_000..=750_000).contains(&took(&mut disk).1));
    disk.unslow(3);
    assert!(took(&mut disk).1 <= 250_000);
    assert_eq!(disk.hits().find(|hit| hit.0 == "slow_disk"), Some(("slow_disk", 400)));
}

#[test]
fn some_flushes_take_a_long_tail() {
    let config = scenarios::Disk { tail_ppm: 20_000, tail_us: 3_000_000, ..quiet() };
    let (mut disk, mut dice) = (Disk::new(&config), Stream::derive(1, "disk/1"));
    let longest = (0..1_000).map(|_| disk.flush_ns(0, &mut dice)).max();
    assert!(longest > Some(100_000_000), "the longest of 1,000 took only {longest:?} ns");
    let tails = disk.hits().find(|hit| hit.0 == "tail").expect("a known kind").1;
    assert!((8..=40).contains(&tails), "{tails} of 1,000 at 2 %");
}

#[test]
#[should_panic(expected = "leaves a hole")]
fn a_write_behind_the_end_is_refused() {
    write(&mut disk(), 1, b"x");
}

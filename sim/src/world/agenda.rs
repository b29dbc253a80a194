//! What happens next: one heap of events, in order of their times, then of when they were asked for.
//! An event takes 32 bytes; what is larger stands beside the heap.

use crate::stage::task::Task;
use std::collections::BinaryHeap;

/// Something that is going to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A parcel arrives.
    Deliver(u32),
    /// A flush ends.
    Flushed { node: u16, life: u32, flight: u32 },
    /// A node's timer fires.
    Timer { node: u16, life: u32 },
    /// A client's timer fires.
    Client(u32),
    /// A client's next call.
    Arrival { client: u32, is_fetch: bool },
    /// A bucket of the series closes.
    Sample,
    /// The stage does one of its tasks, by number.
    Stage(u32),
}

#[derive(Debug)]
struct Scheduled {
    /// World time above, the order of asking below: all of the order in one number.
    key: u128,
    what: What,
}

const _: () = assert!(size_of::<Scheduled>() == 32, "four events to two cache lines");

impl PartialEq for Scheduled {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}
impl Eq for Scheduled {}
impl PartialOrd for Scheduled {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Scheduled {
    /// Reversed: the heap's greatest is the earliest.
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        other.key.cmp(&self.key)
    }
}

/// The events that are going to happen.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    heap: BinaryHeap<Scheduled>,
    ordinal: u64,
    /// The key of the event that was popped last.
    popped: u128,
    /// Parcels that are going to arrive.
    arriving: u32,
    tasks: Vec<Option<Task>>,
    free: Vec<u32>,
}

impl Agenda {
    pub(super) fn add(&mut self, at_ns: u64, what: What) {
        self.ordinal += 1;
        self.arriving += u32::from(matches!(what, What::Deliver(_)));
        self.heap.push(Scheduled { key: u128::from(at_ns) << 64 | u128::from(self.ordinal), what });
    }

    pub(super) fn add_task(&mut self, at_ns: u64, task: Task) {
        let number = self.free.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() as u32 - 1
        });
        let before = self.tasks[number as usize].replace(task);
        assert_eq!(before, None, "two tasks have one number");
        self.add(at_ns, What::Stage(number));
    }

    /// The task of a number, whose time has come.
    pub(super) fn take_task(&mut self, number: u32) -> Task {
        self.free.push(number);
        self.tasks[number as usize].take().expect("a task is done once")
    }

    /// The next event and its time.
    pub(super) fn peek(&self) -> Option<(u64, What)> {
        self.heap.peek().map(Scheduled::told)
    }

    /// The same, which is then over.
    ///
    /// # Panics
    /// If it comes before one that is over: then world time would run back.
    pub(super) fn pop(&mut self) -> Option<(u64, What)> {
        let next = self.heap.pop()?;
        let (before, key) = (self.popped, next.key);
        assert!(before < key, "event {key:#x} comes after {before:#x}");
        self.popped = key;
        self.arriving -= u32::from(matches!(next.what, What::Deliver(_)));
        Some(next.told())
    }

    /// What is true of an agenda at the end of a turn, with so many parcels under way.
    ///
    /// # Panics
    /// If one does not hold, with its values.
    pub(super) fn keep_laws(&self, under_way: u32) {
        let (arriving, events) = (self.arriving, self.heap.len());
        assert!(arriving == under_way, "{under_way} parcels are under way, {arriving} will arrive");
        let (tasks, waiting) = (self.tasks.len(), self.tasks.len() - self.free.len());
        assert!(waiting <= events, "{waiting} tasks of {tasks} wait for {events} events");
    }

    /// No flush that was asked for so far will end.
    pub(super) fn forget_flushes(&mut self) {
        self.heap.retain(|event| !matches!(event.what, What::Flushed { .. }));
    }
}

impl Scheduled {
    fn told(&self) -> (u64, What) {
        ((self.key >> 64) as u64, self.what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(act: impl FnOnce()) -> String {
        let panic = std::panic::catch_unwind(std::panic::AssertUnwindSafe(act));
        let panic = panic.expect_err("no law held");
        panic.downcast_ref::<String>().expect("words").clone()
    }

    #[test]
    fn each_law_fires() {
        let mut agenda = Agenda::default();
        agenda.add(7, What::Deliver(0));
        agenda.keep_laws(1);
        assert_eq!(said(|| agenda.keep_laws(2)), "2 parcels are under way, 1 will arrive");
        agenda.tasks = vec![None; 2];
        assert_eq!(said(|| agenda.keep_laws(1)), "2 tasks of 2 wait for 1 events");
        agenda.popped = 7 << 64 | 9;
        let back = said(|| {
            agenda.pop();
        });
        assert_eq!(back, "event 0x70000000000000001 comes after 0x70000000000000009");
    }

    #[test]
    fn events_come_in_order_of_time_and_then_of_asking() {
        let mut agenda = Agenda::default();
        agenda.add(7, What::Deliver(1));
        agenda.add(3, What::Deliver(2));
        agenda.add_task(7, Task::Look);
        agenda.add(3, What::Flushed { node: 4, life: 1, flight: 0 });
        agenda.add(3, What::Sample);
        assert_eq!(agenda.peek(), Some((3, What::Deliver(2))));
        agenda.forget_flushes();
        let told: Vec<(u64, What)> = std::iter::from_fn(|| agenda.pop()).collect();
        let expected =
            [(3, What::Deliver(2)), (3, What::Sample), (7, What::Deliver(1)), (7, What::Stage(0))];
        assert_eq!(told, expected);
        assert_eq!(agenda.take_task(0), Task::Look);
        agenda.add_task(9, Task::Reap(0));
        assert_eq!(agenda.pop(), Some((9, What::Stage(0))), "numbers are used again");
    }
}

//! The tasks that madsim runs: one for each node's process and one for the driver. Hand-written
//! futures, because that is all they do: take the turn if it is theirs, move the world, hand over.

use crate::{
    driver::Driver,
    sabotage::Sabotage,
    world::{Aborted, Task, Turn, World},
};
use std::{
    any::Any,
    cell::RefCell,
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, Once},
    task::{Context, Poll},
};
use system::Node;

/// One life of a node's process.
pub(crate) struct Process {
    world: Arc<World>,
    place: usize,
    node: Option<Node>,
}

impl Process {
    pub(crate) fn new(world: Arc<World>, place: usize) -> Process {
        Process { world, place, node: None }
    }
}

impl Future for Process {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let own = self.get_mut();
        let turn = Turn::Node(own.place);
        let mut world = own.world.lock();
        world.register(turn, context.waker());
        while world.turn == turn && world.aborted.is_none() {
            let run = || world.turn_of(own.place, &mut own.node);
            if let Err(panic) = catch_unwind(AssertUnwindSafe(run)) {
                let (place, message) = told_by(panic.as_ref());
                let node = own.place as u32 + 1;
                world.aborted = Some(Aborted::Panicked { node, place, message });
                world.tasks.push(Task::Abort);
                world.turn = Turn::Driver;
                // What the panic left half done must not be looked at again.
                own.node = None;
                world.hand_to_driver();
                return Poll::Pending;
            }
            if world.sabotage(own.place) == Some(Sabotage::KeepTurn) {
                break;
            }
            world.advance();
        }
        Poll::Pending
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // After a panic of the harness there are no books to write to.
        if let (Some(node), Some(mut world)) = (&self.node, self.world.try_lock()) {
            world.books.farewell(node);
        }
    }
}

/// The driver's task: ends when the run does.
pub(crate) struct Drive {
    pub(crate) world: Arc<World>,
    pub(crate) driver: Driver,
}

impl Future for Drive {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let own = self.get_mut();
        own.world.lock().register(Turn::Driver, context.waker());
        loop {
            if own.world.lock().turn != Turn::Driver {
                return Poll::Pending;
            }
            let tasks = std::mem::take(&mut own.world.lock().tasks);
            for task in tasks {
                own.driver.act(&own.world, task);
            }
            if own.driver.is_over() {
                return Poll::Ready(());
            }
            let mut world = own.world.lock();
            // World time is the popped key; madsim's clock only follows, for whoever looks at it.
            let before = world.now_ns;
            world.advance();
            let passed = std::time::Duration::from_nanos(world.now_ns - before);
            drop(world);
            madsim::time::advance(passed);
        }
    }
}

thread_local! {
    static LAST_PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    static IS_QUIET: RefCell<bool> = const { RefCell::new(false) };
}

/// On the run's own thread a panic is remembered, not printed: it becomes an ending of the run. Every
/// other thread keeps the hook that was there before.
pub(crate) fn keep_panics_quiet() {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if IS_QUIET.with_borrow(|quiet| *quiet) {
                let place = info.location().map(|at| format!("{}:{}", at.file(), at.line()));
                LAST_PANIC.set(place);
            } else {
                before(info);
            }
        }));
    });
    IS_QUIET.set(true);
}

/// Where a panic was and what it said.
pub(crate) fn told_by(panic: &(dyn Any + Send)) -> (String, String) {
    let message = panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
        .unwrap_or_else(|| "a panic without words".into());
    (LAST_PANIC.take().unwrap_or_else(|| "somewhere".into()), message)
}

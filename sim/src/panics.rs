//! How a panic on a run's own thread becomes words, and an ending of the run, instead of a message on the
//! terminal.

use std::{any::Any, cell::RefCell, sync::Once};

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

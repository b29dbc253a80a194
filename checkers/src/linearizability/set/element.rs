//! Sets of which nobody read the whole: each element by itself, then all of them by time.

use super::{
    super::timeline::{NEVER, Time},
    Flaw, Halt, History,
    elements::{NOBODY, Part},
};

/// How many removes of one element may have returned without an answer.
const UNANSWERED_MAX: usize = 8;

/// An order in which operations happened, each by the time that its element's life gives it. Times
/// are counted in eighths here, to leave room between moments.
pub(super) fn order(history: &History<'_>) -> Result<Vec<usize>, Halt> {
    history.elements.flaw()?;
    let mut times = vec![u64::MAX; history.operations.len()];
    let (starts, members) = history.elements.members(&history.timeline);
    for (element, range) in (0..).zip(starts.windows(2)) {
        let members = &members[range[0] as usize..range[1] as usize];
        let life = life(history, element, members)?;
        for operation in members {
            times[*operation as usize] = life.time(history, *operation);
        }
    }
    // A time and its operation make one number: there are less than 2^32 eighths.
    let keys = times.into_iter().zip(0u64..).filter(|(time, _)| *time != u64::MAX);
    let mut keys: Vec<u64> = keys.map(|(time, operation)| time << 32 | operation).collect();
    keys.sort_unstable();
    Ok(keys.into_iter().map(|key| key as u32 as usize).collect())
}

/// When an element was in.
#[derive(Clone, Copy, Debug)]
struct Life {
    /// It was never in.
    is_absent: bool,
    /// Who took it out, or `NOBODY`.
    remover: u32,
    /// The earliest return of who added, found or removed it, and whose that is.
    first: (Time, u32),
    /// The latest call of these, and whose; after everything if it was never removed.
    last: (Time, u32),
}

/// The life of an element that explains its operations.
fn life(history: &History<'_>, element: u32, members: &[u32]) -> Result<Life, Halt> {
    let elements = &history.elements;
    let absent = Life { is_absent: true, remover: NOBODY, first: (0, NOBODY), last: (0, NOBODY) };
    if !elements.is_added(element) {
        return Ok(absent);
    }
    let remover = elements.elements[element as usize].removed_by;
    if remover != NOBODY {
        return Life::with(history, members, remover).sound(history, element, members);
    }
    let may = |operation: &&u32| matches!(elements.parts[**operation as usize], Part::MayRemove(_));
    let is_pending = |operation: &u32| history.timeline.span(*operation).returned == NEVER;
    let unanswered = members.iter().filter(may).copied();
    // Of removes that never returned the one that was called first can do what any other can.
    let pending = unanswered.clone().find(is_pending);
    let returned: Vec<u32> = unanswered.filter(|operation| !is_pending(operation)).collect();
    if returned.len() > UNANSWERED_MAX {
        let (name, count) = (elements.name(element), returned.len());
        let why = format!("{count} removes of {name} returned without saying what they found");
        return Err(Halt::Doubt(why));
    }
    let mut flaws: Vec<Flaw> = Vec::new();
    for remover in std::iter::once(NOBODY).chain(pending).chain(returned.iter().copied()) {
        match Life::with(history, members, remover).sound(history, element, members) {
            Err(Halt::Flaw(flaw)) => flaws.push(flaw),
            other @ (Ok(_) | Err(Halt::Doubt(_))) => return other,
        }
    }
    let operations = flaws.iter().flat_map(|flaw| flaw.operations.iter().copied());
    let operations = operations.chain(pending).chain(returned).collect();
    let first = flaws.swap_remove(0);
    Err(Halt::Flaw(Flaw { operations, ..first }))
}

impl Life {
    fn with(history: &History<'_>, members: &[u32], remover: u32) -> Life {
        let (mut first, mut last) = ((NEVER, NOBODY), (0, NOBODY));
        if remover == NOBODY {
            last = (NEVER, NOBODY);
        }
        for operation in members {
            let is_positive = match history.elements.parts[*operation as usize] {
                Part::Adds(_) | Part::Finds(_) | Part::Removes(_) | Part::Reads(_) => true,
                Part::MayRemove(_) => *operation == remover,
                Part::Misses(_) | Part::Nothing => false,
            };
            if is_positive {
                let span = history.timeline.span(*operation);
                first = first.min((span.returned, *operation));
                last = last.max((span.called, *operation));
            }
        }
        Life { is_absent: false, remover, first, last }
    }

    /// Rules 2, 3 and 5.
    fn sound(self, history: &History<'_>, element: u32, members: &[u32]) -> Result<Life, Halt> {
        let added_by = history.elements.elements[element as usize].added_by;
        let name = history.elements.name(element);
        let span = |operation: u32| history.timeline.span(operation);
        let flaw = |rule, why, operations| {
            Err(Halt::Flaw(Flaw { rule, why, operations, elements: vec![element] }))
        };
        if self.first.0 < span(added_by).called {
            let why = format!("{name} was found before the call that added it");
            return flaw("future_read", why, vec![added_by, self.first.1]);
        }
        if self.remover != NOBODY && span(self.remover).returned < self.last.0 {
            let why = format!("{name} was found after it had been removed");
            return flaw("resurrected", why, vec![added_by, self.remover, self.last.1]);
        }
        let misses = members.iter().find(|operation| {
            let span = span(**operation);
            self.is_miss(history, **operation)
                && span.called > self.first.0
                && span.returned < self.last.0
        });
        match misses {
            Some(miss) => {
                let why = format!("{name} was in, and someone who looked for it did not find it");
                flaw("stale_read", why, vec![added_by, self.first.1, *miss, self.last.1])
            }
            None => Ok(self),
        }
    }

    /// Whether the operation must have found the element out.
    fn is_miss(&self, history: &History<'_>, operation: u32) -> bool {
        match history.elements.parts[operation as usize] {
            Part::Misses(_) => true,
            Part::MayRemove(_) => {
                operation != self.remover && history.timeline.span(operation).returned != NEVER
            }
            Part::Adds(_) | Part::Finds(_) | Part::Removes(_) | Part::Reads(_) | Part::Nothing => {
                false
            }
        }
    }

    /// When the operation happened, in eighths; never, if it is left out.
    fn time(&self, history: &History<'_>, operation: u32) -> u64 {
        let span = history.timeline.span(operation);
        let (called, returned) = (u64::from(span.called) * 8, u64::from(span.returned) * 8);
        let (first, last) = (u64::from(self.first.0) * 8, u64::from(self.last.0) * 8);
        let is_brief = self.last.0 < self.first.0;
        if self.is_miss(history, operation) {
            let is_before = self.is_absent || is_brief || span.called < self.first.0;
            return if is_before { called + 1 } else { returned - 1 };
        }
        match history.elements.parts[operation as usize] {
            Part::Adds(_) if is_brief => last + 2,
            Part::Adds(_) => first - 3,
            Part::Finds(_) if is_brief => last + 3,
            Part::Finds(_) => (first - 2).max(called + 2),
            Part::Removes(_) => last + 4,
            Part::MayRemove(_) if operation == self.remover => last + 4,
            Part::MayRemove(_) | Part::Misses(_) | Part::Reads(_) | Part::Nothing => u64::MAX,
        }
    }
}

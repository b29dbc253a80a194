//! Sets that only grow and are read as a whole: everything has one place, by what the reads hold.

use super::{
    super::timeline::{NEVER, Time},
    Flaw, Halt, History,
    elements::{NOBODY, Part, Read},
};

/// When something happened: after the call of one operation and before the return of another.
#[derive(Clone, Copy, Debug)]
struct Window {
    after: (Time, u32),
    before: (Time, u32),
}

/// What has a place: an element, or a read.
#[derive(Clone, Copy, Debug)]
enum Item {
    Element(u32),
    Read(u32),
}

/// Everything that has a place. Class 0 are reads of nothing; elements of class n are those that
/// reads of class n hold and smaller ones lack; those that no read holds are of the last class.
struct Classes {
    /// By element.
    of_element: Vec<u32>,
    /// By read.
    of_read: Vec<u32>,
    /// A read of each class that has one.
    example: Vec<u32>,
}

/// An order of operations, if reads and elements can be put into their places.
pub(super) fn order(history: &History<'_>) -> Result<Vec<usize>, Halt> {
    history.elements.flaw()?;
    let classes = Classes::of(history)?;
    let windows = windows(history);
    let mut items: Vec<(u32, Item)> = Vec::new();
    for (element, class) in (0u32..).zip(&classes.of_element) {
        if history.elements.is_added(element) {
            items.push((class * 2, Item::Element(element)));
        }
    }
    for (read, class) in (0u32..).zip(&classes.of_read) {
        items.push((class * 2 + 1, Item::Read(read)));
    }
    items.sort_by_key(|(place, _)| *place);
    // By element and by read, when it happened: as early as those before it allow.
    let mut added = vec![(0, 0); classes.of_element.len()];
    let mut read = vec![(0, 0); classes.of_read.len()];
    let mut floor: (Time, Option<Item>) = (0, None);
    for group in items.chunk_by(|one, other| one.0 == other.0) {
        let mut next = floor;
        for (place, item) in group {
            let window = window(history, &windows, *item);
            if let (since, Some(earlier)) = floor
                && window.before.0 < since
            {
                return Err(Halt::Flaw(clash(history, &classes, &windows, earlier, *item)));
            }
            if window.before.0 < window.after.0 {
                return Err(Halt::Flaw(contradiction(history, *item, window)));
            }
            let time = floor.0.max(window.after.0);
            match item {
                Item::Element(element) => added[*element as usize] = (time, *place + 1),
                Item::Read(number) => read[*number as usize] = (time, *place + 1),
            }
            if window.after.0 > next.0 {
                next = (window.after.0, Some(*item));
            }
        }
        floor = next;
    }
    // At one time: who missed something, then by place; who found an element right after its add.
    let key =
        |time: Time, place: u32, rank: u64| u64::from(time) << 32 | u64::from(place) << 1 | rank;
    let mut keys: Vec<(u64, u32)> = Vec::with_capacity(history.operations.len());
    for (operation, part) in (0u32..).zip(&history.elements.parts) {
        let called = history.timeline.span(operation).called;
        let key = match *part {
            Part::Adds(element) => key(added[element as usize].0, added[element as usize].1, 0),
            Part::Finds(element) => {
                let (time, place) = added[element as usize];
                key(time.max(called), place, 1)
            }
            Part::Misses(_) => key(called, 0, 0),
            Part::Reads(number) => key(read[number as usize].0, read[number as usize].1, 0),
            Part::Removes(_) | Part::MayRemove(_) | Part::Nothing => continue,
        };
        keys.push((key, operation));
    }
    keys.sort_unstable();
    Ok(keys.into_iter().map(|(_, operation)| operation as usize).collect())
}

impl Classes {
    /// Reads by what they hold, if each holds all that a smaller one does.
    fn of(history: &History<'_>) -> Result<Classes, Halt> {
        let elements = &history.elements;
        let size = |number: &u32| elements.held(elements.reads[*number as usize]).len();
        let mut by_size: Vec<u32> = (0..elements.reads.len() as u32).collect();
        by_size.sort_by_key(size);
        let mut classes = Classes {
            of_element: vec![NEVER; elements.elements.len()],
            of_read: vec![0; elements.reads.len()],
            example: vec![NOBODY],
        };
        // By element: the last read that was seen to hold it, plus one.
        let mut held_by = vec![0u32; elements.elements.len()];
        let mut held = 0;
        for number in by_size {
            let read = elements.reads[number as usize];
            let class = classes.example.len() as u32;
            let mut is_new_class = false;
            for element in elements.held(read) {
                let last = std::mem::replace(&mut held_by[*element as usize], number + 1);
                if last == number + 1 {
                    return Err(Halt::Flaw(repeated(history, read, *element)));
                }
                let known = &mut classes.of_element[*element as usize];
                if *known == NEVER {
                    (*known, is_new_class) = (class, true);
                    held += 1;
                }
            }
            if is_new_class {
                classes.example.push(number);
            }
            let last = classes.example.len() as u32 - 1;
            if last == 0 {
                classes.example[0] = number;
            }
            classes.of_read[number as usize] = last;
            if elements.held(read).len() < held {
                return Err(Halt::Flaw(fork(history, &classes, number)));
            }
        }
        let last = classes.example.len() as u32;
        for class in classes.of_element.iter_mut().filter(|class| **class == NEVER) {
            *class = last;
        }
        Ok(classes)
    }
}

/// By element, what those say who added it, found it or did not.
fn windows(history: &History<'_>) -> Vec<Window> {
    let untold = Window { after: (0, NOBODY), before: (NEVER, NOBODY) };
    let mut windows = vec![untold; history.elements.elements.len()];
    for (operation, part) in (0u32..).zip(&history.elements.parts) {
        let span = history.timeline.span(operation);
        let (after, before) = ((span.called, operation), (span.returned, operation));
        match *part {
            Part::Adds(element) => {
                let window = &mut windows[element as usize];
                (window.after, window.before) =
                    (window.after.max(after), window.before.min(before));
            }
            Part::Finds(element) => {
                let window = &mut windows[element as usize];
                window.before = window.before.min(before);
            }
            Part::Misses(element) => {
                let window = &mut windows[element as usize];
                window.after = window.after.max(after);
            }
            Part::Removes(_) | Part::MayRemove(_) | Part::Reads(_) | Part::Nothing => {}
        }
    }
    windows
}

fn window(history: &History<'_>, windows: &[Window], item: Item) -> Window {
    match item {
        Item::Element(element) => windows[element as usize],
        Item::Read(number) => {
            let operation = history.elements.reads[number as usize].operation;
            let span = history.timeline.span(operation);
            Window { after: (span.called, operation), before: (span.returned, operation) }
        }
    }
}

/// A read that holds an element twice.
fn repeated(history: &History<'_>, read: Read, element: u32) -> Flaw {
    let why = format!("one read holds {} twice", history.elements.name(element));
    let operations = vec![history.elements.elements[element as usize].added_by, read.operation];
    Flaw { rule: "duplicated", why, operations, elements: vec![element] }
}

/// A read that lacks something that another one of at most its size holds.
fn fork(history: &History<'_>, classes: &Classes, number: u32) -> Flaw {
    let elements = &history.elements;
    let read = elements.reads[number as usize];
    let mut here = elements.held(read).to_vec();
    here.sort_unstable();
    let is_lacking = |element: &u32| {
        classes.of_element[*element as usize] != NEVER && here.binary_search(element).is_err()
    };
    let y = (0..elements.elements.len() as u32).find(is_lacking).unwrap_or_default();
    let other = elements.reads[classes.example[classes.of_element[y as usize] as usize] as usize];
    let there = elements.held(other);
    let x = here.iter().copied().find(|element| !there.contains(element)).unwrap_or_default();
    let (x_name, y_name) = (elements.name(x), elements.name(y));
    let why = format!(
        "one read holds {x_name} and not {y_name}, another {y_name} and not {x_name}, and nothing \
         was removed"
    );
    let added_by = |element: u32| elements.elements[element as usize].added_by;
    let operations = vec![added_by(x), added_by(y), read.operation, other.operation];
    Flaw { rule: "long_fork", why, operations, elements: vec![x, y] }
}

/// An element that was found before someone missed it, or before it was added.
fn contradiction(history: &History<'_>, item: Item, window: Window) -> Flaw {
    let Item::Element(element) = item else { panic!("a read returned before its call") };
    let name = history.elements.name(element);
    let added_by = history.elements.elements[element as usize].added_by;
    let operations = vec![added_by, window.after.1, window.before.1];
    let elements = vec![element];
    if window.after.1 == added_by {
        let why = format!("{name} was found before the call that added it");
        return Flaw { rule: "future_read", why, operations, elements };
    }
    let why = format!("{name} was in, and someone who looked for it did not find it");
    Flaw { rule: "stale_read", why, operations, elements }
}

/// `later` returned before the call of `earlier`, whose place is before.
fn clash(
    history: &History<'_>,
    classes: &Classes,
    windows: &[Window],
    earlier: Item,
    later: Item,
) -> Flaw {
    let elements = &history.elements;
    let added_by = |element: u32| elements.elements[element as usize].added_by;
    let (after, before) =
        (window(history, windows, earlier).after.1, window(history, windows, later).before.1);
    let (rule, why, mut operations, about) = match (earlier, later) {
        (Item::Element(element), Item::Read(_)) => {
            let name = elements.name(element);
            let operations = vec![added_by(element)];
            if after == added_by(element) {
                let why = format!("{name} was read before the call that added it");
                ("future_read", why, operations, vec![element])
            } else {
                let why = format!("{name} was read, and someone who then looked did not find it");
                ("stale_read", why, operations, vec![element])
            }
        }
        (Item::Read(_), Item::Element(element)) => {
            let why =
                format!("{} was in before a read was called that lacks it", elements.name(element));
            ("stale_read", why, vec![added_by(element)], vec![element])
        }
        (Item::Read(lacking), Item::Read(holding)) => {
            let class = classes.of_read[lacking as usize];
            let held = elements.held(elements.reads[holding as usize]);
            let more = held.iter().find(|element| classes.of_element[**element as usize] > class);
            let element = more.copied().unwrap_or_default();
            let why = format!("{} was read, and a later read lacks it", elements.name(element));
            ("stale_read", why, vec![added_by(element)], vec![element])
        }
        (Item::Element(first), Item::Element(second)) => {
            let class = classes.of_element[first as usize];
            let read = elements.reads[classes.example[class as usize] as usize].operation;
            let why = format!(
                "a read holds {0} and not {1}, and {1} was in before {0} can have been",
                elements.name(first),
                elements.name(second)
            );
            let operations = vec![added_by(first), added_by(second), read];
            ("stale_read", why, operations, vec![first, second])
        }
    };
    operations.extend([after, before]);
    Flaw { rule, why, operations, elements: about }
}

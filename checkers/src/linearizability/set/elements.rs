//! What a history says of each element: who added it, who took it out, who found it and who did
//! not.

use super::{
    super::{
        Operation,
        objects::Set,
        timeline::{NEVER, Timeline},
    },
    Flaw, Halt,
};
use crate::intern::Interner;

/// No operation.
pub(super) const NOBODY: u32 = u32::MAX;

/// What an operation is about, in numbers of elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Added this element.
    Adds(u32),
    /// Took it out.
    Removes(u32),
    /// Took it out, if it was in; no one knows.
    MayRemove(u32),
    /// Found it.
    Finds(u32),
    /// Did not find it.
    Misses(u32),
    /// Read all elements: the number of the read.
    Reads(u32),
    /// It need not have happened.
    Nothing,
}

/// One element.
#[derive(Clone, Copy, Debug)]
pub(super) struct Element {
    /// Who added it, or `NOBODY`.
    pub(super) added_by: u32,
    /// Who took it out for certain, or `NOBODY`.
    pub(super) removed_by: u32,
    /// Who found it, one of them, or `NOBODY`.
    pub(super) found_by: u32,
}

/// One read of the whole set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Read {
    pub(super) operation: u32,
    from: u32,
    to: u32,
}

/// Every element of a history.
#[derive(Debug, Default)]
pub(super) struct Elements {
    names: Interner,
    pub(super) elements: Vec<Element>,
    /// By operation.
    pub(super) parts: Vec<Part>,
    /// Reads of the whole set, in order of calls.
    pub(super) reads: Vec<Read>,
    held: Vec<u32>,
    /// Whether nothing was ever taken out.
    pub(super) is_growing: bool,
    /// An element that two removes found, and the second of them.
    removed_twice: Option<(u32, u32)>,
}

impl Elements {
    /// Reads a history. An error says why it is beyond this monitor.
    pub(super) fn of(
        operations: &[Operation<Set>],
        timeline: &Timeline,
    ) -> Result<Elements, String> {
        let parts = vec![Part::Nothing; operations.len()];
        let mut elements = Elements { parts, is_growing: true, ..Elements::default() };
        for operation in timeline.calls() {
            let is_pending = timeline.span(operation).returned == NEVER;
            let deed = &operations[operation as usize].deed;
            elements.parts[operation as usize] = elements.read(operation, deed, is_pending)?;
        }
        for element in &elements.elements {
            // An add that never returned and whose element nobody found need not have happened.
            if element.added_by != NOBODY
                && element.found_by == NOBODY
                && timeline.span(element.added_by).returned == NEVER
            {
                elements.parts[element.added_by as usize] = Part::Nothing;
            }
        }
        Ok(elements)
    }

    fn read(&mut self, operation: u32, deed: &Set, is_pending: bool) -> Result<Part, String> {
        Ok(match (deed, is_pending) {
            (Set::Contains(..) | Set::Read(_), true)
            | (Set::Remove { found: Some(false), .. }, true) => Part::Nothing,
            (Set::Add(name), _) => {
                let element = self.number(*name);
                let told = &mut self.elements[element as usize];
                if told.added_by != NOBODY {
                    return Err(format!("element {name} is added twice"));
                }
                told.added_by = operation;
                Part::Adds(element)
            }
            (Set::Remove { element, found: Some(true) }, false) => {
                let element = self.number(*element);
                self.is_growing = false;
                let told = &mut self.elements[element as usize];
                told.found_by = operation;
                if told.removed_by != NOBODY {
                    self.removed_twice.get_or_insert((element, operation));
                } else {
                    told.removed_by = operation;
                }
                Part::Removes(element)
            }
            (Set::Remove { element, found: Some(false) }, false)
            | (Set::Contains(element, false), false) => Part::Misses(self.number(*element)),
            (Set::Remove { element, found: None }, _)
            | (Set::Remove { element, found: Some(true) }, true) => {
                self.is_growing = false;
                Part::MayRemove(self.number(*element))
            }
            (Set::Contains(element, true), false) => {
                let element = self.number(*element);
                self.elements[element as usize].found_by = operation;
                Part::Finds(element)
            }
            (Set::Read(names), false) => {
                let from = self.held.len() as u32;
                for name in names {
                    let element = self.number(*name);
                    self.elements[element as usize].found_by = operation;
                    self.held.push(element);
                }
                let to = u32::try_from(self.held.len())
                    .map_err(|_| "reads hold more than 4 billion elements in all".to_owned())?;
                self.reads.push(Read { operation, from, to });
                Part::Reads(self.reads.len() as u32 - 1)
            }
        })
    }

    fn number(&mut self, name: u64) -> u32 {
        let (number, is_new) = self.names.intern(name);
        if is_new {
            let untold = Element { added_by: NOBODY, removed_by: NOBODY, found_by: NOBODY };
            self.elements.push(untold);
        }
        number
    }

    /// The element itself.
    pub(super) fn name(&self, element: u32) -> u64 {
        self.names.id(element)
    }

    /// What a read holds.
    pub(super) fn held(&self, read: Read) -> &[u32] {
        &self.held[read.from as usize..read.to as usize]
    }

    /// Whether the element was certainly added.
    pub(super) fn is_added(&self, element: u32) -> bool {
        let added_by = self.elements[element as usize].added_by;
        added_by != NOBODY && self.parts[added_by as usize] != Part::Nothing
    }

    /// What is wrong with a single element: rules 1 and 4.
    pub(super) fn flaw(&self) -> Result<(), Halt> {
        let mut all = (0u32..).zip(&self.elements);
        let phantom = all.find(|(_, one)| one.added_by == NOBODY && one.found_by != NOBODY);
        if let Some((element, Element { found_by, .. })) = phantom {
            let why = format!("{} was found, and nobody added it", self.name(element));
            let (operations, elements) = (vec![*found_by], vec![element]);
            return Err(Halt::Flaw(Flaw { rule: "phantom", why, operations, elements }));
        }
        let Some((element, again)) = self.removed_twice else { return Ok(()) };
        let Element { added_by, removed_by, .. } = self.elements[element as usize];
        let why = format!("{} was added once and removed twice", self.name(element));
        let (operations, elements) = (vec![added_by, removed_by, again], vec![element]);
        Err(Halt::Flaw(Flaw { rule: "duplicate", why, operations, elements }))
    }

    /// Operations on one element, by element, in order of calls; reads of the whole set count for
    /// each element that they hold.
    pub(super) fn members(&self, timeline: &Timeline) -> (Vec<u32>, Vec<u32>) {
        let mut starts = vec![0u32; self.elements.len() + 1];
        for operation in timeline.calls() {
            self.each(operation, |element| starts[element as usize + 1] += 1);
        }
        for element in 1..starts.len() {
            starts[element] += starts[element - 1];
        }
        let mut next = starts.clone();
        let mut members = vec![NOBODY; starts.last().map_or(0, |end| *end as usize)];
        for operation in timeline.calls() {
            self.each(operation, |element| {
                let place = &mut next[element as usize];
                members[*place as usize] = operation;
                *place += 1;
            });
        }
        (starts, members)
    }

    fn each(&self, operation: u32, mut note: impl FnMut(u32)) {
        match self.parts[operation as usize] {
            Part::Adds(element)
            | Part::Removes(element)
            | Part::MayRemove(element)
            | Part::Finds(element)
            | Part::Misses(element) => note(element),
            Part::Reads(read) => {
                self.held(self.reads[read as usize]).iter().for_each(|element| note(*element));
            }
            Part::Nothing => {}
        }
    }
}

//! Values that nobody can have put where somebody found them.
//!
//! A search meets such a find last: it tries every order of everything in flight before it. So this
//! is asked first. By when a value can be there at the earliest follows from the calls of those who
//! put it, and where one puts it only on top of another (a swap), from when that can be there. What
//! was found and had returned before that is impossible, whatever the order.

use super::{
    Answer, Impossible, Operation,
    brute::{self, specs},
    objects::{Access, MultiRegister, Queue, Register, Set, Taken, Value},
};
use std::collections::{BTreeMap, VecDeque};

/// Something that could put a value.
struct Put {
    operation: usize,
    place: (u64, Value),
    called: u64,
    /// What must be there first.
    needs: Option<(u64, Value)>,
}

/// Something that found a value.
struct Find {
    operation: usize,
    place: (u64, Value),
    returned: u64,
}

/// Who puts what and who finds what, by key and value.
#[derive(Default)]
struct Sources {
    puts: Vec<Put>,
    finds: Vec<Find>,
}

/// The one object of operations that name no key.
const ONLY: u64 = 0;

impl Sources {
    fn put<D>(&mut self, number: usize, operation: &Operation<D>, key: u64, value: Value) {
        self.put_on(number, operation, (key, value), None);
    }

    fn put_on<D>(
        &mut self,
        operation: usize,
        told: &Operation<D>,
        place: (u64, Value),
        needs: Option<(u64, Value)>,
    ) {
        let called = told.called.ordinal;
        self.puts.push(Put { operation, place, called, needs });
    }

    fn find<D>(&mut self, operation: usize, told: &Operation<D>, place: (u64, Value)) {
        if let Some(returned) = told.returned {
            self.finds.push(Find { operation, place, returned: returned.ordinal });
        }
    }

    /// The first find that nothing explains, with a put that came too late if there is one.
    fn unexplained(&self, begins_with: impl Fn(u64, Value) -> bool) -> Option<Flaw> {
        let mut puts: BTreeMap<(u64, Value), Vec<usize>> = BTreeMap::new();
        let mut on: BTreeMap<(u64, Value), Vec<usize>> = BTreeMap::new();
        for (number, put) in self.puts.iter().enumerate() {
            puts.entry(put.place).or_default().push(number);
            put.needs.into_iter().for_each(|needs| on.entry(needs).or_default().push(number));
        }
        // By place: from when on it can be there.
        let mut since: BTreeMap<(u64, Value), u64> = BTreeMap::new();
        let mut open: VecDeque<((u64, Value), u64)> = VecDeque::new();
        for put in &self.puts {
            match put.needs {
                None => open.push_back((put.place, put.called)),
                Some(needs) if begins_with(needs.0, needs.1) => {
                    open.push_back((put.place, put.called));
                }
                Some(_) => {}
            }
        }
        while let Some((place, at)) = open.pop_front() {
            if since.get(&place).is_some_and(|known| *known <= at) {
                continue;
            }
            since.insert(place, at);
            for number in on.get(&place).into_iter().flatten() {
                let put = &self.puts[*number];
                open.push_back((put.place, put.called.max(at)));
            }
        }
        let is_late = |find: &&Find| {
            let (key, value) = find.place;
            !begins_with(key, value) && since.get(&find.place).is_none_or(|at| *at > find.returned)
        };
        let find = self.finds.iter().filter(is_late).min_by_key(|find| find.returned)?;
        let late = puts.get(&find.place).into_iter().flatten();
        let late = late.map(|number| &self.puts[*number]).min_by_key(|put| put.called);
        let (_, value) = find.place;
        let operations = late.map(|put| put.operation).into_iter().chain([find.operation]);
        let mut operations: Vec<usize> = operations.collect();
        operations.dedup();
        Some(match late {
            None => Flaw {
                rule: "phantom",
                why: format!("{value} was found, and nobody put it"),
                operations,
            },
            Some(put) if put.called > find.returned => Flaw {
                rule: "future_read",
                why: format!("{value} was found before anyone asked to put it"),
                operations,
            },
            Some(_) => Flaw {
                rule: "phantom",
                why: format!(
                    "{value} was found, and it is only put in the place of what nobody can have put \
                     by then"
                ),
                operations: vec![find.operation],
            },
        })
    }
}

struct Flaw {
    rule: &'static str,
    why: String,
    operations: Vec<usize>,
}

impl Flaw {
    /// The answer, once brute force has tried every order of those that show it. Of a find alone
    /// nothing but its own value can be the matter.
    fn answer<S: brute::Spec>(self, spec: &S, operations: &[Operation<S::Deed>]) -> Answer
    where
        S::Deed: Clone,
    {
        let Flaw { rule, why, operations: mut shown } = self;
        shown.sort_unstable_by_key(|number| operations[*number].called.ordinal);
        let told: Vec<_> = shown.iter().map(|number| operations[*number].clone()).collect();
        let why = format!("{rule}: {why}");
        brute::impossible(spec, &told, Impossible { rule, why, operations: shown })
    }
}

/// What is impossible in a register, if a value alone shows it.
pub fn of_register(operations: &[Operation<Register>], initial: Option<Value>) -> Option<Answer> {
    let mut sources = Sources::default();
    for (number, told) in operations.iter().enumerate() {
        match told.deed {
            Register::Read(found) => {
                let found = found.map(|value| (ONLY, value));
                found.into_iter().for_each(|place| sources.find(number, told, place));
            }
            Register::Write(value) => sources.put(number, told, ONLY, value),
            Register::Cas { succeeded: Some(false), .. } if told.returned.is_some() => {}
            Register::Cas { from, to, succeeded } => {
                sources.put_on(number, told, (ONLY, to), Some((ONLY, from)));
                if succeeded == Some(true) {
                    sources.find(number, told, (ONLY, from));
                }
            }
        }
    }
    let flaw = sources.unexplained(|_, value| initial == Some(value))?;
    Some(flaw.answer(&specs::Register { initial }, operations))
}

/// What is impossible in several registers, if a value alone shows it.
pub fn of_multi_register(
    operations: &[Operation<MultiRegister>],
    initial: &BTreeMap<u64, Value>,
) -> Option<Answer> {
    let mut sources = Sources::default();
    for (number, told) in operations.iter().enumerate() {
        for access in &told.deed {
            match *access {
                Access::Read { key, value } => {
                    let found = value.map(|value| (key, value));
                    found.into_iter().for_each(|place| sources.find(number, told, place));
                }
                Access::Write { key, value } => sources.put(number, told, key, value),
            }
        }
    }
    let Flaw { rule, why, operations } =
        sources.unexplained(|key, value| initial.get(&key) == Some(&value))?;
    Some(Answer::Impossible(Impossible { rule, why: format!("{rule}: {why}"), operations }))
}

/// What is impossible in a queue, if a value alone shows it.
pub fn of_queue(operations: &[Operation<Queue>]) -> Option<Answer> {
    let mut sources = Sources::default();
    for (number, told) in operations.iter().enumerate() {
        match told.deed {
            Queue::Enqueue(value) => sources.put(number, told, ONLY, value),
            Queue::Dequeue(Taken::Value(value)) => sources.find(number, told, (ONLY, value)),
            Queue::Dequeue(Taken::Empty | Taken::Unknown) => {}
        }
    }
    Some(sources.unexplained(|_, _| false)?.answer(&specs::Queue, operations))
}

/// What is impossible in a set, if an element alone shows it.
pub fn of_set(operations: &[Operation<Set>]) -> Option<Answer> {
    let mut sources = Sources::default();
    for (number, told) in operations.iter().enumerate() {
        match &told.deed {
            Set::Add(element) => sources.put(number, told, ONLY, *element),
            Set::Remove { element, found: Some(true) } | Set::Contains(element, true) => {
                sources.find(number, told, (ONLY, *element));
            }
            Set::Remove { .. } | Set::Contains(_, false) => {}
            Set::Read(elements) => {
                elements.iter().for_each(|element| sources.find(number, told, (ONLY, *element)));
            }
        }
    }
    Some(sources.unexplained(|_, _| false)?.answer(&specs::Set, operations))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Stamp;

    fn at(called: u64, returned: u64, deed: Register) -> Operation<Register> {
        let at = |ordinal| Stamp { ordinal, at_ns: ordinal };
        let returned = (returned > 0).then(|| at(returned));
        Operation { process: called, called: at(called), returned, deed }
    }

    fn rule(operations: &[Operation<Register>]) -> Option<(&'static str, Vec<usize>)> {
        match of_register(operations, Some(9))? {
            Answer::Impossible(impossible) => Some((impossible.rule, impossible.operations)),
            Answer::Linearizable(_) | Answer::Exhausted(_) => panic!("it is impossible or nothing"),
        }
    }

    #[test]
    fn what_nobody_put_or_only_later_is_impossible_at_once() {
        let cas = |from, to, succeeded| Register::Cas { from, to, succeeded };
        assert_eq!(rule(&[at(1, 2, Register::Read(Some(9)))]), None);
        assert_eq!(rule(&[at(1, 2, Register::Read(Some(1)))]), Some(("phantom", vec![0])));
        let late = [at(1, 2, Register::Read(Some(1))), at(3, 0, Register::Write(1))];
        assert_eq!(rule(&late), Some(("future_read", vec![0, 1])));
        let beside = [at(1, 4, Register::Read(Some(1))), at(3, 0, Register::Write(1))];
        assert_eq!(rule(&beside), None);
        // A swap puts a value only if what it asks for can be there.
        let swapped = [at(1, 0, cas(5, 1, None)), at(2, 3, Register::Read(Some(1)))];
        assert_eq!(rule(&swapped), Some(("phantom", vec![1])));
        assert_eq!(rule(&[&swapped[..], &[at(0, 0, cas(9, 5, None))]].concat()), None);
        assert_eq!(rule(&[at(1, 2, cas(5, 1, Some(true)))]), Some(("phantom", vec![0])));
        assert_eq!(rule(&[at(1, 2, cas(5, 1, Some(false)))]), None);
    }
}

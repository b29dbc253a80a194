//! A history of transactions as they see one another: who read from whom, who wrote where, and when.
//!
//! Whatever the keys hold, lists or registers, this is all that a question about the order of
//! versions needs. Who certainly had no effect is left out, and so is who may have had none and was
//! seen by nobody: an order of the others is one with it left out.

use super::{
    Fate, Step, Transaction,
    models::Order,
    order::Span,
    writes::{WriteId, Writes},
};

/// What a read saw of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    /// What the key held before anyone wrote to it.
    Beginning,
    /// What this one wrote.
    By(u32),
}

/// One read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) key: u32,
    pub(crate) from: Seen,
    /// Whose writes it shows as well, as a list does.
    pub(crate) also: Vec<u32>,
}

/// What a read says: the key, the write that it saw (none for the beginning), and other writes that
/// it shows.
pub(crate) type Sight = (u32, Option<WriteId>, Vec<WriteId>);

/// Everyone who took effect, numbered anew.
#[derive(Debug, Default)]
pub(crate) struct View {
    /// The transaction of each.
    pub(crate) live: Vec<u32>,
    pub(crate) spans: Vec<Option<Span>>,
    /// By each: what it read, in its own order; not what it had written itself.
    pub(crate) reads: Vec<Vec<Read>>,
    /// By each: the keys that it wrote.
    pub(crate) writes: Vec<Vec<u32>>,
    /// By key: who wrote there.
    pub(crate) writers: Vec<Vec<u32>>,
    /// Who wrote a key before whom, as far as that is known.
    pub(crate) fixed: Vec<(u32, u32)>,
}

/// No one.
const NOBODY: u32 = u32::MAX;

impl View {
    /// What `sees` says of each read of a transaction; `known` are writes of one key, earlier and
    /// later.
    pub(crate) fn of(
        transactions: &[Transaction],
        writes: &Writes,
        sees: &dyn Fn(u32, &Step) -> Option<Sight>,
        known: &mut dyn Iterator<Item = (WriteId, WriteId)>,
    ) -> View {
        let fate = |number: u32| transactions[number as usize].fate;
        let numbers = || 0..transactions.len() as u32;
        let by = |write: &WriteId| writes.get(*write).transaction;
        let mut is_live: Vec<bool> =
            numbers().map(|number| fate(number) == Fate::Committed).collect();
        let mut read: Vec<(u32, Sight)> = Vec::new();
        for number in numbers().filter(|number| fate(*number) == Fate::Committed) {
            for step in &transactions[number as usize].steps {
                let Some((key, write, mut also)) = sees(number, step) else { continue };
                let counts =
                    |write: &WriteId| by(write) != number && fate(by(write)) != Fate::Aborted;
                also.retain(counts);
                if write.as_ref().is_none_or(counts) {
                    let all = write.iter().chain(&also);
                    all.for_each(|write| is_live[by(write) as usize] = true);
                    read.push((number, (key, write, also)));
                }
            }
        }
        let live: Vec<u32> = numbers().filter(|number| is_live[*number as usize]).collect();
        let mut place = vec![NOBODY; transactions.len()];
        (0..).zip(&live).for_each(|(own, number)| place[*number as usize] = own);
        let mut view = View {
            spans: live.iter().map(|number| Span::of(&transactions[*number as usize])).collect(),
            reads: vec![Vec::new(); live.len()],
            writes: vec![Vec::new(); live.len()],
            writers: vec![Vec::new(); writes.key_count()],
            fixed: Vec::new(),
            live,
        };
        let place_of = |write: WriteId| place[by(&write) as usize];
        for (number, (key, write, also)) in read {
            let from = write.map_or(Seen::Beginning, |write| Seen::By(place_of(write)));
            let also = also.into_iter().map(place_of).collect();
            view.reads[place[number as usize] as usize].push(Read { key, from, also });
        }
        let final_writes = (0..writes.len() as u32).map(|write| writes.get(write));
        for write in final_writes.filter(|write| write.is_final) {
            let own = place[write.transaction as usize];
            if own != NOBODY {
                view.writes[own as usize].push(write.key);
                view.writers[write.key as usize].push(own);
            }
        }
        view.fixed = known
            .map(|(before, after)| (place_of(before), place_of(after)))
            .filter(|(before, after)| *before != NOBODY && *after != NOBODY && before != after)
            .collect();
        view
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        self.live.len() as u32
    }

    /// Whether one must come before another by the order of processes or of time.
    pub(crate) fn is_before(&self, order: Order, before: u32, after: u32) -> bool {
        let (Some(first), Some(second)) =
            (&self.spans[before as usize], &self.spans[after as usize])
        else {
            return false;
        };
        let is_in_time = first.returned.is_some_and(|returned| returned < second.called);
        match order {
            Order::Data => false,
            Order::Process => is_in_time && first.process == second.process,
            Order::Realtime => is_in_time,
        }
    }
}

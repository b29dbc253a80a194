//! Changes of what clients asked and were told.

use crate::{
    kind::Kind,
    stream::{Kept, Stream, Told},
};
use checkers::{
    Acks, Ask, Call, Content, Fact, Mark, Outcome, ReadLevel, Record, Reply, Sequence, Stamp,
};

/// A message that nobody ever sends.
const STRANGER: u64 = u64::MAX >> 8;

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "read_missing",
        what: "an acknowledged record is missing from the drain",
        laws: &["zero_loss"],
        change: read_missing,
    },
    Kind {
        name: "tail_missing",
        what: "the last record of a partition is missing from the drain, and its end with it",
        laws: &["zero_loss", "linearizable_log"],
        change: tail_missing,
    },
    Kind {
        name: "read_twice",
        what: "the drain reads a numbered record once more, at the end",
        laws: &["zero_loss", "producer_order", "linearizable_log", "offset_agreement"],
        change: read_twice,
    },
    Kind {
        name: "offsets_swapped",
        what: "two neighbours have changed places for every reader",
        laws: &["offset_agreement", "linearizable_log"],
        change: offsets_swapped,
    },
    Kind {
        name: "contents_swapped",
        what: "two records of one read have each other's content",
        laws: &["zero_loss"],
        change: contents_swapped,
    },
    Kind {
        name: "content_damaged",
        what: "one read finds another content than was sent",
        laws: &["zero_loss"],
        change: content_damaged,
    },
    Kind {
        name: "ok_refused",
        what: "an acknowledged call, read by the drain, ends refused",
        laws: &["zero_loss", "linearizable_log", "trace_completeness"],
        change: ok_refused,
    },
    Kind {
        name: "number_repeated",
        what: "a call has the number of the call before it",
        laws: &["producer_order"],
        change: number_repeated,
    },
    Kind {
        name: "numbers_swapped",
        what: "two calls of a producer have changed numbers",
        laws: &["producer_order", "zero_loss"],
        change: numbers_swapped,
    },
    Kind {
        name: "stale_read",
        what: "a linearizable read misses what was acknowledged before it was asked",
        laws: &["linearizable_log"],
        change: stale_read,
    },
    Kind {
        name: "phantom_read",
        what: "the drain reads a message that nobody sent in place of another",
        laws: &["zero_loss", "linearizable_log"],
        change: phantom_read,
    },
    Kind {
        name: "late_ack",
        what: "a call is acknowledged after the drain has read everything",
        laws: &["zero_loss", "trace_completeness"],
        change: late_ack,
    },
    Kind {
        name: "call_ends_twice",
        what: "an answer is told once more",
        laws: &["trace_completeness"],
        change: call_ends_twice,
    },
    Kind {
        name: "frozen_after_heal",
        what: "a partition acknowledges nothing any more once everything is healed",
        laws: &["liveness"],
        change: frozen_after_heal,
    },
    Kind {
        name: "silent_while_struck",
        what: "no call is acknowledged any more once a node is struck, for eight times as long",
        laws: &["blast_radius"],
        change: silent_while_struck,
    },
];

/// One of the middle: neither the first nor the last of its kind.
fn middle<T: Copy>(of: &[T]) -> Option<T> {
    of.get(of.len() / 2).copied()
}

fn a_kept(stream: &Stream) -> Option<Kept> {
    middle(&stream.kept())
}

/// Two kept messages of one partition, side by side.
fn neighbours(stream: &Stream, fit: impl Fn(&Kept, &Kept) -> bool) -> Option<(Kept, Kept)> {
    let kept = stream.kept();
    let pairs: Vec<(Kept, Kept)> = kept
        .windows(2)
        .map(|pair| (pair[0], pair[1]))
        .filter(|(one, next)| one.partition == next.partition && one.offset + 1 == next.offset)
        .filter(|(one, next)| fit(one, next))
        .collect();
    middle(&pairs)
}

fn read_missing(stream: &mut Stream) -> Option<()> {
    let kept = a_kept(stream)?;
    let drain = stream.drain();
    stream.edit_reads(&drain, kept.partition, |records, _| {
        records.retain(|record| record.message != kept.message);
    });
    Some(())
}

fn tail_missing(stream: &mut Stream) -> Option<()> {
    let last = |kept: &&Kept| {
        let ends = stream.mark(|mark| {
            *mark == Mark::Drained { partition: kept.partition, end: kept.offset + 1 }
        });
        ends.is_some()
    };
    let kept = *stream.kept().iter().find(last)?;
    let drain = stream.drain();
    stream.edit_reads(&drain, kept.partition, |records, end| {
        records.retain(|record| record.offset < kept.offset);
        *end = (*end).min(kept.offset);
    });
    stream.move_end(kept.partition, kept.offset);
    Some(())
}

fn read_twice(stream: &mut Stream) -> Option<()> {
    let kept = a_kept(stream)?;
    let drain = stream.drain();
    let last = drain.iter().rfind(|call| {
        let call = &stream.calls[**call];
        let is_read = matches!(call.outcome, Outcome::Ok(Reply::Fetched { .. }));
        call.ask.partition() == Some(kept.partition) && is_read
    })?;
    let mut moved = 0;
    stream.edit_reads(&[*last], kept.partition, |records, end| {
        records.push(Record::new(*end, kept.message));
        *end += 1;
        moved = *end;
    });
    stream.move_end(kept.partition, moved);
    Some(())
}

fn offsets_swapped(stream: &mut Stream) -> Option<()> {
    let (one, next) = neighbours(stream, |_, _| true)?;
    let all: Vec<usize> = (0..stream.calls.len()).collect();
    stream.edit_reads(&all, one.partition, |records, _| {
        for record in records {
            let own = (record.message, record.content);
            let is_one = own.0 == one.message;
            if is_one || own.0 == next.message {
                record.message = if is_one { next.message } else { one.message };
                record.content = None;
            }
        }
    });
    Some(())
}

fn contents_swapped(stream: &mut Stream) -> Option<()> {
    let (one, next) = neighbours(stream, |_, _| true)?;
    let drain = stream.drain();
    let mut is_done = false;
    stream.edit_reads(&drain, one.partition, |records, _| {
        let place = records.iter().position(|record| record.message == one.message);
        let Some(place) = place.filter(|place| place + 1 < records.len() && !is_done) else {
            return;
        };
        let content = records[place].content;
        records[place].content = records[place + 1].content;
        records[place + 1].content = content;
        is_done =
            records[place].message == one.message && records[place + 1].message == next.message;
    });
    is_done.then_some(())
}

fn content_damaged(stream: &mut Stream) -> Option<()> {
    let kept = a_kept(stream)?;
    let all: Vec<usize> = (0..stream.calls.len()).collect();
    let mut is_done = false;
    stream.edit_reads(&all, kept.partition, |records, _| {
        let record = records.iter_mut().find(|record| record.message == kept.message);
        let Some(record) = record.filter(|_| !is_done) else { return };
        record.content = record.content.map(|content| Content::of(content.hash() ^ 1));
        is_done = record.content.is_some();
    });
    is_done.then_some(())
}

fn ok_refused(stream: &mut Stream) -> Option<()> {
    let kept = a_kept(stream)?;
    stream.calls[kept.call].outcome = Outcome::Refused("not the leader".to_owned());
    Some(())
}

/// The numbers of two neighbours that one producer sent in one epoch.
fn numbers(stream: &Stream) -> Option<((Kept, Sequence), (Kept, Sequence))> {
    let number = |kept: &Kept| stream.calls[kept.call].sequence();
    let (one, next) = neighbours(stream, |one, next| {
        let (Some(one), Some(next)) = (number(one), number(next)) else { return false };
        (one.producer, one.epoch) == (next.producer, next.epoch) && one.sequence < next.sequence
    })?;
    Some(((one, number(&one)?), (next, number(&next)?)))
}

fn renumber(stream: &mut Stream, kept: Kept, sequence: Sequence) {
    let numbered = stream.calls[kept.call].numbered.as_mut();
    numbered.expect("it has a number").sequence = sequence;
}

fn number_repeated(stream: &mut Stream) -> Option<()> {
    let ((_, first), (next, _)) = numbers(stream)?;
    renumber(stream, next, first);
    Some(())
}

fn numbers_swapped(stream: &mut Stream) -> Option<()> {
    let ((one, first), (next, second)) = numbers(stream)?;
    renumber(stream, one, second);
    renumber(stream, next, first);
    Some(())
}

fn stale_read(stream: &mut Stream) -> Option<()> {
    let drain = stream.drain();
    let kept = stream.kept();
    let misses = |(place, call): (usize, &Call)| -> Option<(usize, Kept)> {
        let Ask::Fetch { partition, from, level: ReadLevel::Linearizable } = call.ask else {
            return None;
        };
        let Outcome::Ok(Reply::Fetched { end, .. }) = call.outcome else { return None };
        let was_told = |kept: &&Kept| {
            let returned = stream.calls[kept.call].returned;
            let is_here = kept.partition == partition && (from..end).contains(&kept.offset);
            is_here && returned.is_some_and(|returned| returned.ordinal < call.called.ordinal)
        };
        let missed = kept.iter().rfind(was_told)?;
        (!drain.contains(&place)).then_some((place, *missed))
    };
    let all: Vec<(usize, Kept)> = stream.calls.iter().enumerate().filter_map(misses).collect();
    let (call, missed) = middle(&all)?;
    stream.edit_reads(&[call], missed.partition, |records, end| {
        records.retain(|record| record.offset < missed.offset);
        *end = missed.offset;
    });
    Some(())
}

fn phantom_read(stream: &mut Stream) -> Option<()> {
    let kept = a_kept(stream)?;
    let drain = stream.drain();
    stream.edit_reads(&drain, kept.partition, |records, _| {
        for record in records.iter_mut().filter(|record| record.message == kept.message) {
            *record = Record::new(record.offset, STRANGER);
        }
    });
    Some(())
}

fn late_ack(stream: &mut Stream) -> Option<()> {
    let partition = a_kept(stream)?.partition;
    let drained =
        |mark: &Mark| matches!(mark, Mark::Drained { partition: of, .. } if *of == partition);
    let (drained, begin) = (stream.mark(drained)?, stream.mark(|mark| *mark == Mark::Draining)?);
    let Told::Mark(Mark::Drained { end, .. }) = stream.told[drained].1 else { return None };
    let call = stream.calls.len();
    stream.calls.push(Call {
        id: call as u64,
        client: 1,
        ask: Ask::produce(partition, vec![STRANGER], Acks::Quorum),
        called: Stamp::default(),
        numbered: None,
        returned: None,
        outcome: Outcome::Ok(Reply::Produced { first: Some(end) }),
    });
    let last = stream.end();
    stream.insert(last, Told::Returned(call));
    stream.insert(begin, Told::Called(call));
    Some(())
}

fn call_ends_twice(stream: &mut Stream) -> Option<()> {
    let call = a_kept(stream)?.call;
    let end = stream.end();
    stream.insert(end, Told::Returned(call));
    Some(())
}

/// Every acknowledgement of these partitions that comes in this part of the stream becomes silence.
fn silence(stream: &mut Stream, from: usize, to: usize, fits: impl Fn(u32) -> bool) -> u64 {
    let mut silenced = 0;
    for place in from..to {
        let Told::Returned(call) = stream.told[place].1 else { continue };
        let call = &mut stream.calls[call];
        let Ask::Produce { partition, .. } = call.ask else { continue };
        if fits(partition) && matches!(call.outcome, Outcome::Ok(_)) {
            call.outcome = Outcome::Unknown("no answer in time".to_owned());
            silenced += 1;
        }
    }
    silenced
}

fn frozen_after_heal(stream: &mut Stream) -> Option<()> {
    let healed = stream.mark(|mark| matches!(mark, Mark::Healed { .. }))?;
    let Told::Mark(Mark::Healed { bound_ns, .. }) = stream.told[healed].1 else { return None };
    // A run that waits for it goes on until its bound is over.
    let drain = stream.mark(|mark| *mark == Mark::Draining)?;
    stream.told[drain..].iter_mut().for_each(|(at_ns, _)| *at_ns += bound_ns);
    let end = stream.told.len();
    (silence(stream, healed, end, |partition| partition == 1) > 0).then_some(())
}

fn silent_while_struck(stream: &mut Stream) -> Option<()> {
    let strikes = |fact: &Fact| matches!(fact, Fact::Struck { nodes, .. } if !nodes.is_empty());
    let struck = stream.facts().find(|(_, fact)| strikes(fact))?.0;
    let since = stream.told[struck].0;
    // Silence counts once it lasts longer than any repair.
    for (at_ns, _) in &mut stream.told[struck..] {
        *at_ns = since + (*at_ns - since) * 8;
    }
    let end = stream.told.len();
    (silence(stream, struck, end, |_| true) > 0).then_some(())
}

//! Logs and streams.

use super::{Dice, Toy, when};
use crate::linearizability::{models, objects};

pub(crate) struct Log;

impl Toy for Log {
    const LOOKS_AHEAD: bool = true;
    type Model = models::Log;
    type Deed = objects::Log;
    type State = Vec<u64>;

    fn model() -> models::Log {
        models::Log::default()
    }

    fn start() -> Vec<u64> {
        Vec::new()
    }

    fn ask(state: &Vec<u64>, dice: &mut Dice) -> (objects::Log, Vec<u64>) {
        let values: Vec<u64> = (0..1 + dice.below(2)).map(|_| dice.below(9)).collect();
        let longer = [state.clone(), values.clone()].concat();
        let end = state.len() as u64;
        match dice.below(7) {
            0..=2 => (objects::Log::Append(values, (!dice.one_in(6)).then_some(end)), longer),
            3 => {
                let expected = dice.below(3).max(end.saturating_sub(1));
                let succeeded = expected == end;
                let next = if succeeded { longer } else { state.clone() };
                (objects::Log::AppendAt { values, expected, succeeded: Some(succeeded) }, next)
            }
            4 => (objects::Log::Tail(end), state.clone()),
            _ => {
                let from = dice.below(end + 2);
                let until = from.max(end - dice.below(2).min(end));
                let values = state.iter().skip(from as usize);
                let values: Vec<u64> = values.take((until - from) as usize).copied().collect();
                let is_end = from + values.len() as u64 >= end;
                (objects::Log::Read { from, values, is_end }, state.clone())
            }
        }
    }

    fn garble(deed: objects::Log, dice: &mut Dice) -> objects::Log {
        match deed {
            objects::Log::Append(values, _) => {
                objects::Log::Append(values, dice.below(5).checked_sub(1))
            }
            objects::Log::AppendAt { values, expected, succeeded } => {
                let succeeded = if dice.one_in(2) { None } else { succeeded.map(|is| !is) };
                objects::Log::AppendAt { values, expected, succeeded }
            }
            objects::Log::Read { from, mut values, is_end } => {
                match dice.below(3) {
                    0 => values.push(dice.below(9)),
                    1 => drop(values.pop()),
                    _ => values.reverse(),
                }
                objects::Log::Read { from, values, is_end: is_end != dice.one_in(4) }
            }
            objects::Log::Tail(_) => objects::Log::Tail(dice.below(5)),
        }
    }

    fn apply(state: &Vec<u64>, deed: &objects::Log, is_pending: bool) -> Vec<Vec<u64>> {
        let end = state.len() as u64;
        let longer = |values: &Vec<u64>| [state.clone(), values.clone()].concat();
        match deed {
            objects::Log::Append(values, Some(offset)) if !is_pending => {
                when(*offset == end, longer(values))
            }
            objects::Log::Append(values, _) => vec![longer(values)],
            objects::Log::AppendAt { values, expected, succeeded } => match succeeded {
                Some(true) if !is_pending => when(*expected == end, longer(values)),
                Some(false) if !is_pending => when(*expected != end, state.clone()),
                _ => [when(*expected == end, longer(values)), vec![state.clone()]].concat(),
            },
            objects::Log::Read { from, values, is_end } => {
                let stands = (0..)
                    .zip(values)
                    .all(|(place, value)| state.get(*from as usize + place) == Some(value));
                let behind = from + values.len() as u64;
                when(is_pending || (stands && (!is_end || behind >= end)), state.clone())
            }
            objects::Log::Tail(length) => when(is_pending || *length == end, state.clone()),
        }
    }
}

pub(crate) struct Stream;

/// Every record, and the fencing token.
pub(crate) type Records = (Vec<u64>, Option<u64>);

fn stream_hash(records: &[u64]) -> u64 {
    records.iter().fold(0, |hash, record| models::stream::chain(hash, *record))
}

impl Toy for Stream {
    type Model = models::Stream;
    type Deed = objects::Stream;
    type State = Records;

    fn model() -> models::Stream {
        models::Stream
    }

    fn start() -> Records {
        (Vec::new(), None)
    }

    fn ask(state: &Records, dice: &mut Dice) -> (objects::Stream, Records) {
        let (records, token) = state;
        let tail = records.len() as u64;
        match dice.below(6) {
            0 => (objects::Stream::CheckTail(tail), state.clone()),
            1 | 2 => {
                let stream_hash = (!dice.one_in(4)).then(|| stream_hash(records));
                (objects::Stream::Read { tail, stream_hash }, state.clone())
            }
            _ => {
                let record_hashes: Vec<u64> =
                    (0..1 + dice.below(2)).map(|_| dice.below(3)).collect();
                let set_fencing_token = dice.one_in(3).then(|| dice.below(2));
                let next = [records.clone(), record_hashes.clone()].concat();
                let deed = objects::Stream::Append {
                    match_seq_num: dice.one_in(3).then_some(tail),
                    fencing_token: token.filter(|_| dice.one_in(2)),
                    set_fencing_token,
                    tail: Some(next.len() as u64),
                    record_hashes,
                };
                (deed, (next, set_fencing_token.or(*token)))
            }
        }
    }

    fn garble(deed: objects::Stream, dice: &mut Dice) -> objects::Stream {
        match deed {
            objects::Stream::CheckTail(tail) => objects::Stream::CheckTail(tail + dice.below(3)),
            objects::Stream::Read { tail, stream_hash } => {
                let stream_hash = if dice.one_in(2) { Some(dice.below(3)) } else { stream_hash };
                objects::Stream::Read { tail: tail + dice.below(2), stream_hash }
            }
            objects::Stream::Append { record_hashes, set_fencing_token, tail, .. } => {
                objects::Stream::Append {
                    record_hashes,
                    match_seq_num: dice.one_in(2).then(|| dice.below(4)),
                    fencing_token: dice.one_in(2).then(|| dice.below(2)),
                    set_fencing_token,
                    tail: tail.filter(|_| !dice.one_in(3)),
                }
            }
        }
    }

    fn apply(state: &Records, deed: &objects::Stream, is_pending: bool) -> Vec<Records> {
        let (records, token) = state;
        let end = records.len() as u64;
        match deed {
            objects::Stream::CheckTail(tail) => when(is_pending || *tail == end, state.clone()),
            objects::Stream::Read { tail, stream_hash: hash } => {
                let is_so = *tail == end && hash.is_none_or(|hash| hash == stream_hash(records));
                when(is_pending || is_so, state.clone())
            }
            objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail,
            } => {
                let next = [records.clone(), record_hashes.clone()].concat();
                let may = match_seq_num.is_none_or(|at| at == end)
                    && (fencing_token.is_none() || fencing_token == token);
                let is_told = !is_pending && tail.is_some();
                let is_so = may && (!is_told || *tail == Some(next.len() as u64));
                let mut all = when(is_so, (next, set_fencing_token.or(*token)));
                all.extend(when(!is_told, state.clone()));
                all
            }
        }
    }
}

//! S2's durable stream. State: its end, a hash chained over everything in it, and its fencing token;
//! three numbers, however long the stream is (s2-verification).
//!
//! The chain is what that project's collector computes: from 0 on, each record's hash, eight bytes
//! in little-endian order, is hashed by XXH3 (64 bits) with the chain so far as the seed. An append
//! without a known answer may have happened where its conditions held, now or later, or not at all.

use super::UNKNOWN;
use crate::linearizability::{
    engine::{Model, Steps},
    objects::{self, Value},
};

/// A durable stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stream;

/// What there is of a stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// How many records it has.
    pub tail: u64,
    /// The hash chained over them.
    pub hash: u64,
    /// The fencing token, once there is one.
    pub fencing_token: Option<Value>,
}

/// The chain with one more record.
pub fn chain(hash: u64, record_hash: u64) -> u64 {
    // XXH3's path for inputs of four to eight bytes; the words are bytes 8 to 23 of its secret.
    const SECRET: u64 = 0x1cad_21f7_2c81_017c ^ 0xdb97_9083_e96d_d4de;
    const PRIME: u64 = 0x9fb2_1c65_1e98_df25;
    let seed = hash ^ u64::from((hash as u32).swap_bytes()) << 32;
    let mut word = record_hash.rotate_left(32) ^ SECRET.wrapping_sub(seed);
    word ^= word.rotate_left(49) ^ word.rotate_left(24);
    word = word.wrapping_mul(PRIME);
    word ^= (word >> 35).wrapping_add(8);
    word = word.wrapping_mul(PRIME);
    word ^ word >> 28
}

impl Model for Stream {
    type Deed = objects::Stream;
    type Act = objects::Stream;
    type State = State;

    fn initial(&self) -> State {
        State::default()
    }

    fn act(&self, deed: &objects::Stream) -> Option<objects::Stream> {
        Some(deed.clone())
    }

    fn step(&self, state: &State, act: &objects::Stream) -> Steps<State> {
        match act {
            objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail,
            } => {
                let is_fenced = fencing_token.is_some() && *fencing_token != state.fencing_token;
                let is_elsewhere = match_seq_num.is_some_and(|at| at != state.tail);
                let next = State {
                    tail: state.tail.saturating_add(record_hashes.len() as u64),
                    hash: record_hashes
                        .iter()
                        .fold(state.hash, |hash, record| chain(hash, *record)),
                    fencing_token: set_fencing_token.or(state.fencing_token),
                };
                match (is_fenced || is_elsewhere, tail) {
                    (true, Some(_)) => Steps::Never,
                    (true, None) => Steps::Same,
                    (false, Some(tail)) if *tail == next.tail => Steps::To(next),
                    (false, Some(_)) => Steps::Never,
                    (false, None) => Steps::Any(vec![next, *state]),
                }
            }
            objects::Stream::Read { tail, stream_hash } => {
                let is_whole = stream_hash.is_none_or(|hash| hash == state.hash);
                if is_whole && *tail == state.tail { Steps::Same } else { Steps::Never }
            }
            objects::Stream::CheckTail(tail) if *tail == state.tail => Steps::Same,
            objects::Stream::CheckTail(_) => Steps::Never,
        }
    }

    fn is_read_only(&self, act: &objects::Stream) -> bool {
        match act {
            objects::Stream::Append { .. } => false,
            objects::Stream::Read { .. } | objects::Stream::CheckTail(_) => true,
        }
    }

    fn forget(&self, deed: &objects::Stream) -> Option<objects::Stream> {
        match deed.clone() {
            objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                ..
            } => Some(objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail: None,
            }),
            objects::Stream::Read { .. } | objects::Stream::CheckTail(_) => None,
        }
    }

    /// A batch is hashed anew for each state.
    fn is_costly(&self) -> bool {
        true
    }

    fn describe(&self, deed: &objects::Stream) -> String {
        match deed {
            objects::Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail,
            } => {
                let mut told = format!("appended {} records", record_hashes.len());
                let mut add = |what: &str, value: &Option<u64>| {
                    told += &value.map_or_else(String::new, |value| format!(", {what} {value}"));
                };
                add("expecting the end at", match_seq_num);
                add("expecting the fencing token", fencing_token);
                add("setting the fencing token to", set_fencing_token);
                add("up to an end at", tail);
                if tail.is_none() {
                    told += &format!(" {UNKNOWN}");
                }
                told
            }
            objects::Stream::Read { tail, stream_hash: Some(hash) } => {
                format!("read {tail} records with the hash {hash:016x}")
            }
            objects::Stream::Read { tail, stream_hash: None } => format!("read {tail} records"),
            objects::Stream::CheckTail(tail) => format!("found the end at {tail}"),
        }
    }

    fn describe_state(&self, state: &State) -> String {
        let token = state
            .fencing_token
            .map_or("no fencing token".to_owned(), |token| format!("the fencing token {token}"));
        format!("the stream ended at {} with the hash {:016x} and {token}", state.tail, state.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of s2-verification, which pin its two implementations: bodies `foo`, `bar` and
    /// `baz` of which the first is hashed to `0xab6e5f64077e7d8a`.
    #[test]
    fn the_chain_is_the_one_that_collectors_compute() {
        assert_eq!(chain(0, 0xab6e_5f64_077e_7d8a), 0x4d2b_003e_e417_c3a5);
    }
}

//! One durable stream, as S2's collector writes it: appends under conditions, reads that tell a hash
//! chained over all records, tails.

use super::{
    Terms,
    names::Names,
    objects::{Dialect, Objects},
    workload::Workload,
};
use crate::{
    formats::value::Value,
    linearizability::{Answer, Operation, engine, models, objects::Stream},
};

pub(super) fn workload() -> Box<dyn Workload> {
    Box::new(Objects::of(Streams))
}

struct Streams;

/// A whole number that must be there.
fn number(map: Value<'_>, field: &str) -> Result<u64, String> {
    let value = map.get(field);
    value.as_uint().ok_or_else(|| format!("expected a number as `{field}`, found `{value}`"))
}

impl Dialect for Streams {
    type Deed = Stream;

    fn judge_name(&self) -> &'static str {
        "linearizable_stream"
    }

    fn ask(&self, f: &str, value: Value<'_>, names: &mut Names) -> Result<Stream, String> {
        match f {
            "append" => {
                let hashes = value.get("record_hashes");
                let mut record_hashes = Vec::with_capacity(hashes.len().unwrap_or_default());
                for hash in hashes.items() {
                    record_hashes.push(
                        hash.as_uint().ok_or_else(|| format!("expected a hash, found `{hash}`"))?,
                    );
                }
                let told = number(value, "num_records")?;
                if told != record_hashes.len() as u64 {
                    return Err(format!(
                        "expected the hashes of {told} records, found {}",
                        record_hashes.len()
                    ));
                }
                let condition = value.get("match_seq_num");
                let mut token = |field: &str| {
                    let token = value.get(field);
                    (!token.is_nil()).then(|| names.number(token))
                };
                Ok(Stream::Append {
                    record_hashes,
                    match_seq_num: condition.as_uint(),
                    fencing_token: token("fencing_token"),
                    set_fencing_token: token("set_fencing_token"),
                    tail: None,
                })
            }
            "read" => Ok(Stream::Read { tail: 0, stream_hash: None }),
            "check_tail" => Ok(Stream::CheckTail(0)),
            other => {
                Err(format!("expected `append`, `read` or `check_tail`, found operation `{other}`"))
            }
        }
    }

    fn answer(&self, deed: &mut Stream, value: Value<'_>, _: &mut Names) -> Result<bool, String> {
        match deed {
            Stream::Append { tail, .. } => *tail = Some(number(value, "tail")?),
            Stream::Read { tail, stream_hash } => {
                *tail = number(value, "tail")?;
                *stream_hash = value.get("stream_hash").as_uint();
            }
            Stream::CheckTail(tail) => *tail = number(value, "tail")?,
        }
        Ok(true)
    }

    fn fail(&self, _deed: &mut Stream, _reason: Value<'_>) -> bool {
        false
    }

    fn may_matter(&self, deed: &Stream) -> bool {
        matches!(deed, Stream::Append { .. })
    }

    fn tell(&self, deed: &Stream, names: &Names) -> (String, String) {
        match deed {
            Stream::Append {
                record_hashes,
                match_seq_num,
                fencing_token,
                set_fencing_token,
                tail,
            } => {
                let mut asked = format!("append {} records", record_hashes.len());
                if let Some(end) = match_seq_num {
                    asked.push_str(&format!(" if the stream ends at {end}"));
                }
                if let Some(token) = fencing_token {
                    asked.push_str(&format!(" under fencing token {}", names.name(*token)));
                }
                if let Some(token) = set_fencing_token {
                    asked.push_str(&format!(" and set fencing token {}", names.name(*token)));
                }
                let tail = tail.map_or("somewhere".to_owned(), |tail| format!("at {tail}"));
                (asked, format!("appended; the stream ends {tail}"))
            }
            Stream::Read { tail, stream_hash } => {
                let hash = stream_hash.map_or(String::new(), |hash| format!(", hash {hash:016x}"));
                ("read everything".to_owned(), format!("read up to {tail}{hash}"))
            }
            Stream::CheckTail(tail) => {
                ("ask for the end".to_owned(), format!("the stream ends at {tail}"))
            }
        }
    }

    fn judge(&self, operations: &[Operation<Stream>], terms: &Terms<'_>) -> Answer {
        engine::check(&models::Stream, operations, terms.budget())
    }

    fn terms(&self, _terms: &Terms<'_>) -> Vec<String> {
        vec!["a stream is empty at first and has no fencing token".to_owned()]
    }
}

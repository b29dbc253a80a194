//! From a map of fields to a [`Happening`]: what Jepsen's EDN and everybody's JSON have in common.
//!
//! The fields are `type`, `f`, `process` (or `client`), `value`, `key`, `time` and `index`, and only
//! the first must be there: Elle's histories have no `f` and mean transactions, old ones no time, and
//! one in which nobody has a name was written by one process. Everything else is kept as `extra`.
//! Order is that of the file; an `index` that falls says that the file is not in order. A `time`
//! decides nothing: whole nanoseconds are kept for evidence, and whatever else stands there is not.

use super::{Happening, Kind, value::Value};
use std::collections::BTreeMap;

/// Processes that are named and not numbered have numbers from here on.
const NAMED_FROM: u64 = 1 << 63;
/// What an operation without a name is, as Elle has it.
const NAMELESS: &str = "txn";

/// What must be known of the lines before to read the next.
#[derive(Clone, Debug, Default)]
pub(super) struct Reader {
    names: BTreeMap<String, u64>,
    index: Option<i64>,
    /// Whether operations say who asked, once there was one.
    has_processes: Option<bool>,
}

#[derive(Clone, Copy, Default)]
struct Fields<'a> {
    kind: Option<Value<'a>>,
    f: Option<Value<'a>>,
    process: Option<Value<'a>>,
    client: Option<Value<'a>>,
    value: Option<Value<'a>>,
    key: Option<Value<'a>>,
    time: Option<Value<'a>>,
    index: Option<Value<'a>>,
    has_others: bool,
}

impl Reader {
    /// What this map tells, or what is wrong with it.
    pub(super) fn read<'a>(&mut self, line: u64, map: Value<'a>) -> Result<Happening<'a>, String> {
        if map.is_seq() {
            return self.read_vector(line, map);
        }
        let fields = Fields::of(map)?;
        self.keep_order(fields.index)?;
        let kind = kind(fields.kind.ok_or("expected a `type` in the operation, found none")?)?;
        let f = match fields.f {
            Some(f) if !f.is_nil() => {
                f.as_str().ok_or_else(|| format!("expected a name as `f`, found {}", Clipped(f)))?
            }
            Some(_) | None => NAMELESS,
        };
        let (who, has_others) = match (fields.process, fields.client) {
            (Some(process), Some(_)) => (Some(process), true),
            (process, client) => (process.or(client), fields.has_others),
        };
        Ok(Happening {
            line,
            at_ns: fields.time.and_then(Value::as_uint),
            process: self.process(who)?,
            kind,
            f,
            key: fields.key.filter(|key| !key.is_nil()),
            value: fields.value.unwrap_or(Value::nil()),
            extra: if has_others { map } else { Value::nil() },
        })
    }

    /// Knossos' short form: `[process type f value]`.
    fn read_vector<'a>(&mut self, line: u64, vector: Value<'a>) -> Result<Happening<'a>, String> {
        let mut items = vector.items();
        let mut next = || items.next().unwrap_or(Value::nil());
        let (process, word, f, value) = (next(), next(), next(), next());
        let f = f.as_str().filter(|_| matches!(vector.len(), Some(3 | 4))).ok_or_else(|| {
            format!("expected `[process type f value]`, found {}", Clipped(vector))
        })?;
        let (kind, process) = (kind(word)?, self.process(Some(process))?);
        let (at_ns, key, extra) = (None, None, Value::nil());
        Ok(Happening { line, at_ns, process, kind, f, key, value, extra })
    }

    fn keep_order(&mut self, index: Option<Value<'_>>) -> Result<(), String> {
        let Some(index) = index.filter(|index| !index.is_nil()) else { return Ok(()) };
        let number = index.as_int();
        let number = number.ok_or_else(|| {
            format!("expected a whole number as `index`, found {}", Clipped(index))
        })?;
        match self.index.replace(number) {
            Some(before) if before >= number => {
                Err(format!("expected an `index` above {before}, found {number}: not in order"))
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The number of a process: its own, or one that no numbered process has. None for bystanders.
    pub(super) fn process(&mut self, who: Option<Value<'_>>) -> Result<Option<u64>, String> {
        let who = who.filter(|who| !who.is_nil());
        // Bystanders have names in every history.
        if who.is_none_or(|who| who.as_int().is_some())
            && *self.has_processes.get_or_insert(who.is_some()) != who.is_some()
        {
            let (is, was) = if who.is_some() { ("a", "no") } else { ("no", "a") };
            return Err(format!(
                "the operation has {is} process, those before it have {was} process"
            ));
        }
        let Some(who) = who else { return Ok(Some(0)) };
        if let Some(number) = who.as_int() {
            return u64::try_from(number)
                .map(Some)
                .map_err(|_| format!("expected a process from 0 on, found {number}"));
        }
        match who.as_str() {
            Some(_) if who.is_word() => Ok(None),
            Some("nemesis" | ":nemesis") => Ok(None),
            Some(name) => {
                if let Some(number) = self.names.get(name) {
                    return Ok(Some(*number));
                }
                let number = NAMED_FROM + self.names.len() as u64;
                self.names.insert(name.to_owned(), number);
                Ok(Some(number))
            }
            None => {
                Err(format!("expected the number or name of a process, found {}", Clipped(who)))
            }
        }
    }
}

impl<'a> Fields<'a> {
    fn of(map: Value<'a>) -> Result<Self, String> {
        if !map.is_map() {
            return Err(format!("expected an operation as a map, found {}", Clipped(map)));
        }
        let mut fields = Fields::default();
        for (name, value) in map.pairs() {
            let place = match name.as_str() {
                Some("type") => &mut fields.kind,
                Some("f") => &mut fields.f,
                Some("process") => &mut fields.process,
                Some("client") => &mut fields.client,
                Some("value") => &mut fields.value,
                Some("key") => &mut fields.key,
                Some("time") => &mut fields.time,
                Some("index") => &mut fields.index,
                Some(_) | None => {
                    fields.has_others = true;
                    continue;
                }
            };
            if place.replace(value).is_some() {
                return Err(format!("the operation has two fields {}", Clipped(name)));
            }
        }
        Ok(fields)
    }
}

/// Asked, answered, failed or unknown.
pub(super) fn kind(word: Value<'_>) -> Result<Kind, String> {
    match word.as_str() {
        Some("invoke") => Ok(Kind::Invoke),
        Some("ok") => Ok(Kind::Ok),
        Some("fail") => Ok(Kind::Fail),
        Some("info") => Ok(Kind::Info),
        Some(_) | None => Err(format!(
            "expected `invoke`, `ok`, `fail` or `info` as the operation's type, found {}",
            Clipped(word)
        )),
    }
}

/// A value in an error: not the megabyte that it may be.
pub(super) struct Clipped<'a>(pub(super) Value<'a>);

impl std::fmt::Display for Clipped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        struct Short(String);
        impl std::fmt::Write for Short {
            fn write_str(&mut self, text: &str) -> std::fmt::Result {
                self.0.push_str(text);
                if self.0.len() > 256 { Err(std::fmt::Error) } else { Ok(()) }
            }
        }
        let mut short = Short(String::new());
        // Stopping early is the point.
        let _ = std::fmt::Write::write_fmt(&mut short, format_args!("{}", self.0));
        f.write_str(&super::source::clip(&short.0))
    }
}

//! The text form of a history: one line for each call, so that fixtures, failing reports and
//! histories from elsewhere can be read by people and judged by a command.
//!
//! ```text
//! # What this history shows.
//! c1 produce p1 m1,m2 quorum producer=7/0/0 @0.010..0.014 ok offset=0
//! c1 produce p1 m3 producer=7/0/2@0.013     @0.011..      unknown (no reply)
//! c2 produce p1 m4=9f02a1 leader            @0.040..0.050 ok offset=3
//! -- draining @3.000
//! c3 fetch p1 from=0 linearizable           @3.100..3.104 ok [0:m1 1:m2=9f02a1] end=2
//! -- drained p1 end=2 @3.200
//! c4 assign p1,p2                           @4.000..4.001 ok
//! c4 poll                                   @4.010..4.020 ok p1[0:m1] p2[7:m9] rebalanced=p2
//! c4 transact p1:m10 poll p2:m11            @4.030..4.050 ok 2; p1[1:m2]; -
//! c5 join g1                                @5.000..5.100 ok generation=3 p1,p2
//! c5 commit g1 generation=3 p1=2,p2=8       @5.200..5.210 ok
//! c5 offsets g1 p1,p2                       @5.300..5.310 ok p1=2,p2=-
//! ---
//! zero_loss HOLDS
//! ```
//!
//! `subscribe` is an `assign` that a group may take back; `-` stands for nothing, or for what the
//! client was not told. `producer=` is the number that a call was given, and `@` when: as soon as it
//! was made, where that is not written. `=` behind a message is a hash of what was in it. Times are
//! seconds. Order is by time; at equal times a call comes before a return, then the upper line first. Where that is not the true order, every stamp carries its ordinal: `@0.010#7`.
//! Levels may be left out (`quorum`, `linearizable`). It never guesses: a line it cannot read is an
//! error with its number.

mod ask;
mod outcome;
mod print;

use crate::history::{Call, History, Mark, Numbered, Outcome, Partition, Stamp, check_partitions};
use std::fmt;

pub use print::print;

/// A history and the verdicts that are written beneath it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Text {
    /// What happened.
    pub history: History,
    /// What the judges ought to say.
    pub expected: Vec<Expected>,
}

/// One line beneath the history: what one judge ought to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected {
    /// The checker's name.
    pub name: String,
    /// `holds`, `violated` or `unknown`.
    pub word: String,
    /// What the evidence or the reason ought to contain; may be empty.
    pub detail: String,
}

/// Why a text is not a history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextError {
    /// Line, from 1.
    pub line: usize,
    /// What was expected and what stood there.
    pub what: String,
}

impl fmt::Display for TextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

impl std::error::Error for TextError {}

/// Reads a history and the verdicts beneath it.
pub fn parse(text: &str) -> Result<Text, TextError> {
    let mut reader = Reader::default();
    let mut expected = Vec::new();
    let mut is_history = true;
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        reader.line = number;
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let result = if line == "---" {
            is_history = false;
            Ok(())
        } else if !is_history {
            expectation(line).map(|line| expected.push(line))
        } else if let Some(mark) = line.strip_prefix("-- ") {
            reader.mark(mark)
        } else {
            reader.call(line)
        };
        result.map_err(|what| TextError { line: number, what })?;
    }
    Ok(Text { history: reader.finish()?, expected })
}

/// A moment as written: time, and the ordinal where it is given.
type Moment = (u64, Option<u64>);

/// Which stamp of the history a moment belongs to.
#[derive(Clone, Copy)]
enum Place {
    Called(usize),
    Numbered(usize),
    Returned(usize),
    Mark(usize),
    Note(usize),
}

#[derive(Default)]
struct Reader {
    /// The line being read, from 1.
    line: usize,
    history: History,
    /// Every moment, what it belongs to, and its line.
    moments: Vec<(Moment, Place, usize)>,
}

impl Reader {
    fn call(&mut self, line: &str) -> Result<(), String> {
        let (head, rest) =
            line.split_once(" @").ok_or("expected a time such as `@0.010..0.014` in a call")?;
        let (when, outcome) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        let (called, returned) = interval(when)?;
        let mut words = Words::new(head);
        let client = words.numbered('c', "a client such as `c1`")?;
        let (ask, given) = ask::read(&mut words)?;
        let outcome = outcome::read(outcome.trim(), &ask)?;
        if returned.is_none() && !matches!(outcome, Outcome::Unknown(_)) {
            return Err("a call without a return can only be `unknown`".to_owned());
        }
        let place = self.history.calls.len();
        self.moments.push((called, Place::Called(place), self.line));
        if let Some((_, at)) = given {
            let at = number_moment((called, returned), at)?;
            self.moments.push((at, Place::Numbered(place), self.line));
        }
        if let Some(returned) = returned {
            self.moments.push((returned, Place::Returned(place), self.line));
        }
        let numbered = given.map(|(sequence, _)| Numbered { at: Stamp::default(), sequence });
        let (called, returned) = (Stamp::default(), returned.map(|_| Stamp::default()));
        let call = Call { id: 0, client, ask, called, numbered, returned, outcome };
        check_partitions(call.partitions())?;
        self.history.calls.push(call);
        Ok(())
    }

    fn mark(&mut self, line: &str) -> Result<(), String> {
        let (head, when) =
            line.rsplit_once('@').ok_or("expected a time such as `@0.010` after a mark")?;
        let when = moment(when.trim())?;
        if let Some(note) = head.strip_prefix("note ") {
            self.moments.push((when, Place::Note(self.history.notes.len()), self.line));
            self.history.notes.push((Stamp::default(), note.trim().to_owned()));
            return Ok(());
        }
        let mut words = Words::new(head);
        let mark = match words.next("a mark")? {
            "booted" => Mark::Booted,
            "healed" => {
                let owed = words.keyed("owed")?;
                let owed = owed.split(',').filter(|partition| !partition.is_empty());
                let owed = owed.map(|partition| numbered(partition, 'p', "a partition"));
                let owed = owed.collect::<Result<_, _>>()?;
                Mark::Healed { owed, bound_ns: seconds(words.keyed("within")?)? }
            }
            "draining" => Mark::Draining,
            "drained" => {
                let partition = words.numbered('p', "a partition such as `p1`")?;
                Mark::Drained { partition, end: number(words.keyed("end")?)? }
            }
            "ended" => Mark::Ended,
            other => {
                return Err(format!(
                    "expected `booted`, `healed`, `draining`, `drained`, `ended` or `note`, \
                     found `{other}`"
                ));
            }
        };
        words.end()?;
        check_partitions(mark.partitions())?;
        self.moments.push((when, Place::Mark(self.history.marks.len()), self.line));
        self.history.marks.push((Stamp::default(), mark));
        Ok(())
    }

    /// Gives every stamp its ordinal and puts calls and marks into order.
    fn finish(mut self) -> Result<History, TextError> {
        let error = |line, what: String| Err(TextError { line, what });
        let bare = self.moments.iter().find(|((_, ordinal), ..)| ordinal.is_none());
        let marked = self.moments.iter().find(|((_, ordinal), ..)| ordinal.is_some());
        if let (Some((.., bare)), Some((.., marked))) = (bare, marked) {
            let what = format!("an ordinal such as `@0.010#7` is due here, as in line {marked}");
            return error(*bare, what);
        }
        self.moments.sort_by_key(|((at_ns, ordinal), place, _)| match ordinal {
            Some(ordinal) => (*ordinal, 0, false),
            None => (0, *at_ns, matches!(place, Place::Returned(_))),
        });
        let mut before: Option<u64> = None;
        for (position, ((at_ns, ordinal), place, line)) in (0..).zip(self.moments) {
            let stamp = Stamp { ordinal: ordinal.unwrap_or(position), at_ns };
            if before == Some(stamp.ordinal) {
                return error(line, format!("ordinal {} stands twice", stamp.ordinal));
            }
            before = Some(stamp.ordinal);
            match place {
                Place::Called(call) => self.history.calls[call].called = stamp,
                Place::Numbered(call) => {
                    let numbered = self.history.calls[call].numbered.as_mut();
                    numbered.expect("it has a moment").at = stamp;
                }
                Place::Returned(call) => self.history.calls[call].returned = Some(stamp),
                Place::Mark(mark) => self.history.marks[mark].0 = stamp,
                Place::Note(note) => self.history.notes[note].0 = stamp,
            }
        }
        self.history.calls.sort_by_key(|call| call.called.ordinal);
        self.history.marks.sort_by_key(|(at, _)| at.ordinal);
        self.history.notes.sort_by_key(|(at, _)| at.ordinal);
        for (id, call) in self.history.calls.iter_mut().enumerate() {
            call.id = id as u64;
        }
        Ok(self.history)
    }
}

fn expectation(line: &str) -> Result<Expected, String> {
    let mut parts = line.splitn(3, char::is_whitespace);
    let name = parts.next().unwrap_or_default().to_owned();
    let rest = line[name.len()..].trim();
    let (word, detail) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let word = word.to_lowercase();
    match word.as_str() {
        "holds" | "violated" | "unknown" => {
            Ok(Expected { name, word, detail: detail.trim().to_owned() })
        }
        _ => Err(format!("expected HOLDS, VIOLATED or UNKNOWN after `{name}`")),
    }
}

fn interval(text: &str) -> Result<(Moment, Option<Moment>), String> {
    let (called, returned) =
        text.split_once("..").ok_or(format!("expected `@FROM..TO`, found `@{text}`"))?;
    let returned = if returned.is_empty() { None } else { Some(moment(returned)?) };
    let called = moment(called)?;
    let is_before = |(at, ordinal): Moment| at < called.0 || ordinal < called.1;
    if returned.is_some_and(is_before) {
        return Err(format!("a call cannot return before it was asked: `@{text}`"));
    }
    Ok((called, returned))
}

/// When a call was given its number: where that is not told, as soon as it was made.
fn number_moment(
    (called, returned): (Moment, Option<Moment>),
    at: Option<Moment>,
) -> Result<Moment, String> {
    let Some(at) = at else { return Ok((called.0, None)) };
    let follows = |at: Moment, before: Moment| at.0 >= before.0 && at.1 >= before.1;
    if follows(at, called) && returned.is_none_or(|returned| follows(returned, at)) {
        return Ok(at);
    }
    Err("a call is given its number after it is made and before it returns".to_owned())
}

fn moment(text: &str) -> Result<Moment, String> {
    match text.split_once('#') {
        Some((at, ordinal)) => Ok((seconds(at)?, Some(number(ordinal)?))),
        None => Ok((seconds(text)?, None)),
    }
}

/// Decimal seconds as whole nanoseconds, without floating point.
fn seconds(text: &str) -> Result<u64, String> {
    let error = || format!("expected seconds such as `0.010`, found `{text}`");
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if fraction.len() > 9 || !fraction.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(error());
    }
    let whole: u64 = whole.parse().map_err(|_| error())?;
    let fraction: u64 = format!("{fraction:0<9}").parse().map_err(|_| error())?;
    whole.checked_mul(1_000_000_000).and_then(|ns| ns.checked_add(fraction)).ok_or_else(error)
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.trim().parse().map_err(|_| format!("expected a number, found `{text}`"))
}

fn numbered<T: std::str::FromStr>(text: &str, letter: char, what: &str) -> Result<T, String> {
    text.strip_prefix(letter)
        .and_then(|number| number.parse().ok())
        .ok_or(format!("expected {what}, found `{text}`"))
}

/// The words of one line, taken one after another.
struct Words<'a>(std::str::SplitWhitespace<'a>);

impl<'a> Words<'a> {
    fn new(text: &'a str) -> Words<'a> {
        Words(text.split_whitespace())
    }

    fn more(&mut self) -> Option<&'a str> {
        self.0.next()
    }

    fn next(&mut self, what: &str) -> Result<&'a str, String> {
        self.more().ok_or(format!("expected {what}, found the end of the line"))
    }

    fn numbered(&mut self, letter: char, what: &str) -> Result<Partition, String> {
        numbered(self.next(what)?, letter, what)
    }

    fn keyed(&mut self, key: &str) -> Result<&'a str, String> {
        let word = self.next(&format!("`{key}=`"))?;
        word.strip_prefix(key)
            .and_then(|rest| rest.strip_prefix('='))
            .ok_or(format!("expected `{key}=`, found `{word}`"))
    }

    fn end(&mut self) -> Result<(), String> {
        self.more().map_or(Ok(()), |word| Err(format!("nothing more was expected, found `{word}`")))
    }
}

#[cfg(test)]
mod tests;

//! Jepsen's `history.edn`, as all its versions and its friends write it.
//!
//! ```text
//! {:index 0, :time 3291485317, :type :invoke, :process 0, :f :send, :value [[:send 0 17]]}
//! #jepsen.history.Op{:index 1, :time 3767733708, :type :info, :process :nemesis, :f :kill, :value nil}
//! ```
//!
//! One map for each operation, one to a line, or over many, or all in one vector or list. Tags are
//! skipped, comments too. Knossos' short form `[0 :invoke :write 1]` is read as well. Porcupine's key-value histories are the same with a `:key`, Maelstrom's the
//! same with texts as keys.

use super::{
    FormatError, Happening, Read,
    edn::{Scanner, Stop},
    operation::Reader,
    source::{Source, clip},
    value::Tape,
};

/// Where in the file a reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// Nothing has come.
    Start,
    /// Between operations that stand by themselves.
    Loose,
    /// In the sequence that holds all, which this byte ends.
    Inside(u8),
    /// Behind that sequence.
    Behind,
}

/// What came next.
enum Next {
    Operation,
    Open(u8),
    Close,
    End,
}

/// Reads it to its end.
pub(super) fn read(
    source: &mut Source<'_>,
    sink: &mut dyn FnMut(&Happening<'_>) -> Result<(), String>,
) -> Result<Read, FormatError> {
    let (mut tape, mut reader) = (Tape::default(), Reader::default());
    let (mut place, mut lines) = (Place::Start, 0);
    loop {
        let mut scanner = Scanner::new(source.rest(), source.has_ended());
        tape.clear();
        let next = step(&mut scanner, &mut tape, place);
        let (start, end) = (scanner.began(), scanner.at());
        match next {
            Ok(Next::End) => {
                source.take(end);
                if source.has_ended() {
                    break;
                }
                source.more()?;
                continue;
            }
            Err(Stop::Ends) if !source.has_ended() => {
                source.take(start);
                source.more()?;
                continue;
            }
            Ok(Next::Open(close)) => place = Place::Inside(close),
            Ok(Next::Close) => place = Place::Behind,
            Ok(Next::Operation) => {
                if place == Place::Start {
                    place = Place::Loose;
                }
                lines += 1;
                source.take(start);
                let line = source.line();
                let wrong = |what| FormatError { line, what };
                sink(&reader.read(line, tape.at(0)).map_err(wrong)?).map_err(wrong)?;
                source.take(end - start);
                continue;
            }
            Err(Stop::Ends) => {
                let line = source.line_at(start);
                let what = format!("the file ends within {}", clip(&source.rest()[start..]));
                return Err(FormatError { line, what });
            }
            Err(Stop::Wrong(wrong)) => {
                return Err(FormatError { line: source.line_at(wrong.at), what: wrong.what });
            }
        }
        source.take(end);
    }
    if let Place::Inside(close) = place {
        let what = format!("the file ends before the `{}` of its operations", char::from(close));
        return Err(FormatError { line: source.line(), what });
    }
    Ok(Read { lines, skipped: 0 })
}

/// Reads what comes next.
fn step(scanner: &mut Scanner<'_>, tape: &mut Tape, place: Place) -> Result<Next, Stop> {
    let Some(first) = scanner.peek_behind_tags()? else { return Ok(Next::End) };
    match (first, place) {
        (close, Place::Inside(end)) if close == end => {
            scanner.skip();
            Ok(Next::Close)
        }
        (_, Place::Behind) => {
            Err(scanner.unexpected("nothing behind the operations", scanner.began()))
        }
        (b'[', Place::Start | Place::Loose | Place::Inside(_)) if scanner.begins_vector()? => {
            scanner.value(tape)?;
            Ok(Next::Operation)
        }
        (b'[' | b'(', Place::Start) => {
            scanner.skip();
            Ok(Next::Open(if first == b'[' { b']' } else { b')' }))
        }
        (b'{', Place::Start | Place::Loose | Place::Inside(_)) => {
            scanner.value(tape)?;
            Ok(Next::Operation)
        }
        (_, Place::Start | Place::Loose | Place::Inside(_)) => {
            Err(scanner.unexpected("an operation such as `{:type :invoke, ...}`", scanner.began()))
        }
    }
}

impl Scanner<'_> {
    fn begins_vector(&self) -> Result<bool, Stop> {
        match is_vector(self.rest()) {
            Some(is_one) => Ok(is_one),
            None if self.is_whole() => Ok(false),
            None => Err(Stop::Ends),
        }
    }
}

/// Whether an operation in Knossos' short form begins here: a process and a keyword in a bracket.
/// None if the text ends before anyone can tell.
pub(super) fn is_vector(text: &str) -> Option<bool> {
    let inner = text.strip_prefix('[').unwrap_or_default();
    let mut words =
        inner.split(|c: char| c.is_whitespace() || c == ',').filter(|it| !it.is_empty());
    let who = words.next()?;
    let is_process = who.bytes().all(|byte| byte.is_ascii_digit());
    if !is_process && !":nemesis".starts_with(who) {
        return Some(false);
    }
    let kind = words.next()?;
    Some((is_process || who == ":nemesis") && kind.starts_with(':'))
}

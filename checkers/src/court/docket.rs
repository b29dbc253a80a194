//! The docket: who asked what and has no answer yet. It reads a foreign history line by line, pairs
//! what was asked with what came back, counts it, and hands both to the workload that knows what
//! they mean.
//!
//! One process has one operation under way. A second question without an answer to the first, or an
//! answer that nobody asked for, is no history. What was never answered, and what ended `info`, may
//! have happened at any later moment, even after its process went on to something else.

use super::{
    Extent, Findings, Terms, invariants, kafka, model, model::Model, names::Names, objects, sets,
    stream, transactions,
};
use crate::{
    formats::{self, Format, FormatError, Happening, Kind, value::Value},
    history::Stamp,
    verdict::{Line, Verdict},
};
use std::{collections::BTreeMap, io::BufRead};

/// One line of a history, as a workload hears it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Heard<'a> {
    /// Where it stands in the order of the history.
    pub(super) at: Stamp,
    /// Who.
    pub(super) process: u64,
    /// A small number for the process, the same for all its lines.
    pub(super) seat: usize,
    /// The operation's name.
    pub(super) f: &'a str,
    /// The object it is about, where operations name one.
    pub(super) key: Option<Value<'a>>,
    /// What was asked, or what came back.
    pub(super) value: Value<'a>,
    /// The line's other fields.
    pub(super) extra: Value<'a>,
}

/// What an answer says of what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answered {
    /// It happened.
    Ok,
    /// It did not.
    Failed,
    /// No one can say.
    Unknown,
}

/// The operations of one model. Errors are sentences about the line that is being heard.
pub(super) trait Workload {
    /// Somebody asked.
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String>;
    /// The answer to what this process asked last.
    fn answer(&mut self, how: Answered, heard: &Heard<'_>, names: &mut Names)
    -> Result<(), String>;
    /// The history is complete. What was asked and never answered stays open.
    fn judge(self: Box<Self>, terms: &Terms, names: &Names) -> Result<Findings, String>;
}

/// A process with a question under way.
#[derive(Debug)]
struct Seat {
    number: usize,
    /// The name of the question under way, as its place in `Docket::questions`, and its line.
    open: Option<(usize, u64)>,
}

/// Who asked what, so far.
pub(super) struct Docket<'t> {
    is_keyed: bool,
    workload: Box<dyn Workload>,
    names: Names,
    seats: BTreeMap<u64, Seat>,
    questions: Vec<String>,
    extent: Extent,
    /// The line of each ordinal, for evidence.
    lines: Vec<u32>,
    /// Whether the file tells times.
    has_times: bool,
    terms: &'t Terms,
}

impl Docket<'_> {
    /// Reads a history of this format and model, and has it judged.
    pub(super) fn hear(
        format: Format,
        model: Model,
        input: &mut dyn BufRead,
        is_keyed: bool,
        terms: &Terms,
    ) -> Result<(Extent, Findings), FormatError> {
        let whole = |what| FormatError { line: 0, what };
        let mut docket = Docket {
            is_keyed,
            workload: workload(model, format, terms).map_err(whole)?,
            names: Names::default(),
            seats: BTreeMap::new(),
            questions: Vec::new(),
            extent: Extent::default(),
            lines: Vec::new(),
            has_times: false,
            terms,
        };
        let mut note = |happening: &Happening<'_>| docket.note(happening).map_err(clipped);
        let read = formats::read(format, input, &mut note)?;
        docket.extent.lines = read.lines;
        docket.extent.skipped = read.skipped;
        docket.close().map_err(whole)
    }

    fn note(&mut self, happening: &Happening<'_>) -> Result<(), String> {
        let ordinal = self.lines.len() as u64;
        self.lines.push(u32::try_from(happening.line).unwrap_or(u32::MAX));
        let Some(process) = happening.process else {
            self.extent.bystanders += 1;
            return Ok(());
        };
        self.has_times |= happening.at_ns.is_some();
        let at = Stamp { ordinal, at_ns: happening.at_ns.unwrap_or_default() };
        let next = self.seats.len();
        let seat = self.seats.entry(process).or_insert(Seat { number: next, open: None });
        let (key, value) = model::apart(happening, self.is_keyed)?;
        let heard = Heard {
            at,
            process,
            seat: seat.number,
            f: happening.f,
            key,
            value,
            extra: happening.extra,
        };
        let how = match happening.kind {
            Kind::Invoke => {
                if let Some((question, line)) = seat.open {
                    return Err(format!(
                        "process {process} asks to `{}` before its `{}` of line {line} was answered",
                        happening.f, self.questions[question]
                    ));
                }
                let known = self.questions.iter().position(|known| known == happening.f);
                let question = known.unwrap_or_else(|| {
                    self.questions.push(happening.f.to_owned());
                    self.questions.len() - 1
                });
                seat.open = Some((question, happening.line));
                self.extent.operations += 1;
                return self.workload.ask(&heard, &mut self.names);
            }
            Kind::Ok => Answered::Ok,
            Kind::Fail => Answered::Failed,
            Kind::Info => Answered::Unknown,
        };
        match seat.open.take() {
            Some((question, _)) if self.questions[question] == happening.f => {}
            Some((question, line)) => {
                return Err(format!(
                    "process {process} is answered to `{}`, but asked to `{}` in line {line}",
                    happening.f, self.questions[question]
                ));
            }
            None => {
                return Err(format!(
                    "process {process} is answered to `{}` and asked nothing",
                    happening.f
                ));
            }
        }
        *match how {
            Answered::Ok => &mut self.extent.ok,
            Answered::Failed => &mut self.extent.failed,
            Answered::Unknown => &mut self.extent.unknown,
        } += 1;
        self.workload.answer(how, &heard, &mut self.names)
    }

    /// Has everything judged that was heard.
    fn close(mut self) -> Result<(Extent, Findings), String> {
        self.extent.processes = self.seats.len() as u64;
        self.extent.unknown +=
            self.seats.values().filter(|seat| seat.open.is_some()).count() as u64;
        let mut findings = self.workload.judge(self.terms, &self.names)?;
        self.extent.objects = findings.objects;
        for judgement in &mut findings.judgements {
            judgement.retell(
                |text| self.names.retell(text),
                |line| place(line, &self.lines, self.has_times),
            );
            if let Verdict::Violated(evidence) = &mut judgement.verdict {
                // Numbers that are not the file's own would only mislead.
                evidence.partition = evidence.partition.filter(|it| self.names.is_own(*it));
                evidence.message =
                    evidence.message.filter(|it| self.names.name(*it) == it.to_string());
            }
        }
        Ok((self.extent, findings))
    }
}

/// An error of a line that may hold values of any length.
fn clipped(what: String) -> String {
    const CHARACTERS_MAX: usize = 240;
    match what.char_indices().nth(CHARACTERS_MAX) {
        Some((end, _)) => format!("{}...", &what[..end]),
        None => what,
    }
}

/// Adds where in the file a line of evidence comes from, where that tells anything.
fn place(line: &mut Line, lines: &[u32], has_times: bool) {
    let Some(number) = usize::try_from(line.ordinal).ok().and_then(|place| lines.get(place)) else {
        return;
    };
    line.text.push_str(&format!(" (line {number})"));
    if !has_times {
        line.at_ns = 0;
    }
}

/// What gives the operations of this model their meaning.
fn workload(model: Model, format: Format, terms: &Terms) -> Result<Box<dyn Workload>, String> {
    Ok(match model {
        Model::Register => objects::registers(false, format, terms),
        Model::CasRegister => objects::registers(true, format, terms),
        Model::MultiRegister => objects::multi_registers(terms),
        Model::Kv => objects::texts(),
        Model::LinearizableSet => objects::sets(),
        Model::FifoQueue => objects::queues(),
        Model::Mutex => objects::locks(),
        Model::Set => sets::final_set(),
        Model::SetFull => sets::set_full(),
        Model::Queue => sets::total_queue(),
        Model::Counter => Box::<invariants::Counter>::default(),
        Model::Bank => Box::<invariants::Bank>::default(),
        Model::LongFork => Box::<invariants::LongFork>::default(),
        Model::ListAppend => transactions::lists(terms)?,
        Model::RwRegister => transactions::registers(terms)?,
        Model::Kafka => kafka::workload(terms),
        Model::Stream => stream::workload(),
        Model::Log => return Err("model `log` is for our own formats".to_owned()),
    })
}

//! The docket: who asked what and has no answer yet. It reads a foreign history line by line, pairs
//! what was asked with what came back, counts it, and hands both to the workload that knows what
//! they mean.
//!
//! Where more than one model may explain a history, each has it as a case of its own; where they come
//! to different answers, nobody can say. The whole file must look as its beginning did: what was
//! recognised there is recognised again when all of it was seen, before anybody is believed.
//!
//! One process has one operation under way. A second question without an answer to the first, or an
//! answer that nobody asked for, is no history. What was never answered, and what ended `info`, may
//! have happened at any later moment, even after its process went on to something else.

mod seat;

use super::{
    Choices, Extent, Findings, Terms, invariants, kafka,
    layout::Layout,
    model::Model,
    names::Names,
    objects,
    recognition::{self, Cover, recognise},
    sets,
    sights::Sights,
    stream, transactions,
    vocabulary::{Renames, word},
    workload::{Answered, Heard, Workload},
};
use crate::{
    formats::{self, FormatError, Happening, Kind},
    history::Stamp,
    verdict::{Judgement, Line, Verdict},
};
use seat::Seat;
use std::{collections::BTreeMap, io::BufRead};

/// One model's hearing: what it was told, until it cannot make sense of a line.
struct Case<'t> {
    model: Model,
    terms: Terms<'t>,
    workload: Box<dyn Workload>,
    /// The line that it could not make sense of, in words.
    given_up: Option<String>,
}

/// How a history is to be heard.
pub(super) struct Hearing<'h> {
    pub(super) cover: Cover<'h>,
    pub(super) layout: Layout,
    /// Whether somebody said where keys stand; if not, the whole file must look as its beginning.
    pub(super) is_layout_told: bool,
    pub(super) renames: Renames,
    /// The models that may explain it, or why nobody can tell which do.
    pub(super) models: Result<Vec<Model>, String>,
    /// Whether that was recognised; if so, the whole file must look as its beginning.
    pub(super) is_model_recognised: bool,
}

/// Who asked what, so far.
pub(super) struct Docket<'t> {
    hearing: Hearing<'t>,
    cases: Vec<Case<'t>>,
    sights: Sights,
    names: Names,
    seats: BTreeMap<u64, Seat>,
    questions: Vec<String>,
    extent: Extent,
    /// The line of each ordinal, for evidence.
    lines: Vec<u32>,
    /// Whether the file tells times.
    has_times: bool,
}

/// What a docket came to.
pub(super) struct Closed {
    /// The model that was judged by; none if nobody could tell.
    pub(super) model: Option<Model>,
    pub(super) extent: Extent,
    pub(super) findings: Findings,
}

impl<'t> Docket<'t> {
    /// Reads a history, and has it judged.
    pub(super) fn hear(
        hearing: Hearing<'t>,
        input: &mut dyn BufRead,
        choices: &'t Choices,
    ) -> Result<Closed, FormatError> {
        let whole = |what| FormatError { line: 0, what };
        let format = hearing.cover.format;
        let mut cases = Vec::new();
        for model in hearing.models.iter().flatten() {
            recognition::keys_fit(*model, hearing.layout).map_err(whole)?;
            let terms = Terms::of(choices);
            let workload = workload(*model, &terms).map_err(whole)?;
            cases.push(Case { model: *model, terms, workload, given_up: None });
        }
        let mut docket = Docket {
            hearing,
            cases,
            sights: Sights::default(),
            names: Names::default(),
            seats: BTreeMap::new(),
            questions: Vec::new(),
            extent: Extent::default(),
            lines: Vec::new(),
            has_times: false,
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
        let f = self.hearing.renames.meant(happening.f);
        self.sights.see(happening, f);
        if self.hearing.is_layout_told && happening.key.is_some() {
            return Err("the key has a place of its own, and --keys has no use here".to_owned());
        }
        let (key, value) = self.hearing.layout.apart(happening)?;
        let next = self.seats.len();
        let seat = self.seats.entry(process).or_insert(Seat { number: next, open: None });
        let extra = happening.extra;
        let heard = Heard { at, process, seat: seat.number, f, key, value, extra };
        let how = match happening.kind {
            Kind::Invoke => None,
            Kind::Ok => Some(Answered::Ok),
            Kind::Fail => Some(Answered::Failed),
            Kind::Info => Some(Answered::Unknown),
        };
        match how {
            None => {
                seat.ask(happening, &mut self.questions)?;
                self.extent.operations += 1;
            }
            Some(how) => {
                seat.answer(happening, &self.questions)?;
                *match how {
                    Answered::Ok => &mut self.extent.ok,
                    Answered::Failed => &mut self.extent.failed,
                    Answered::Unknown => &mut self.extent.unknown,
                } += 1;
            }
        }
        for case in &mut self.cases {
            case.hear(how, &heard, &mut self.names);
        }
        self.go_on()
    }

    /// Whether any model still makes sense of it, if one ever did.
    fn go_on(&self) -> Result<(), String> {
        if self.cases.iter().any(|case| case.given_up.is_none()) {
            return Ok(());
        }
        match self.cases.iter().find_map(|case| case.given_up.clone()) {
            Some(why) => Err(why),
            None => Ok(()),
        }
    }

    /// Has everything judged that was heard.
    fn close(mut self) -> Result<Closed, String> {
        self.extent.processes = self.seats.len() as u64;
        self.extent.unknown +=
            self.seats.values().filter(|seat| seat.open.is_some()).count() as u64;
        self.hearing.renames.must_all_be_met()?;
        let cases = match self.confirmed() {
            Ok(cases) => cases,
            Err(why) => return Ok(self.untold(why)),
        };
        let mut outcomes = Vec::new();
        let mut unheeded = Ok(());
        for Case { model, terms, workload, .. } in cases {
            let findings = workload.judge(&terms, &self.names)?;
            // A choice that one of several models has no use for says that another one is meant.
            match terms.must_all_be_heeded(model) {
                Ok(()) => outcomes.push((model, findings)),
                Err(why) => unheeded = Err(why),
            }
        }
        if outcomes.is_empty() {
            unheeded?;
        }
        let verdicts: Vec<(Model, &str)> =
            outcomes.iter().map(|(model, findings)| (*model, findings.verdict().word())).collect();
        if verdicts.iter().any(|(_, word)| *word != verdicts[0].1) {
            let told: Vec<String> = verdicts
                .iter()
                .map(|(model, word)| format!("as `{}` it is {word}", model.name()))
                .collect();
            let why = format!("{}; --model says which of them it is", told.join(", "));
            return Ok(self.untold(why.replace("is holds", "holds")));
        }
        let (model, mut findings) = outcomes.swap_remove(0);
        self.extent.objects = findings.objects;
        findings.terms.extend(self.hearing.layout.terms());
        findings.terms.extend(self.hearing.renames.terms());
        for judgement in &mut findings.judgements {
            self.retell(judgement);
        }
        Ok(Closed { model: Some(model), extent: self.extent, findings })
    }

    /// The cases of models that explain the whole file, now that all of it was seen.
    fn confirmed(&mut self) -> Result<Vec<Case<'t>>, String> {
        let is_keyed = self.hearing.layout.is_keyed;
        let layout = Layout::of(&self.sights, self.hearing.is_layout_told.then_some(is_keyed));
        if layout != self.hearing.layout {
            return Err("its first operations name their keys in another way than those behind \
                        them; --keys says where keys stand"
                .to_owned());
        }
        let mut cases = std::mem::take(&mut self.cases);
        cases.retain(|case| case.given_up.is_none());
        if !self.hearing.is_model_recognised {
            return Ok(cases);
        }
        if let Err(why) = &self.hearing.models {
            return Err(why.clone());
        }
        let models = recognise(self.hearing.cover, &self.sights, layout)?;
        cases.retain(|case| models.contains(&case.model));
        match cases.is_empty() {
            false => Ok(cases),
            true => Err(format!(
                "its first operations look otherwise than all of them, which `{}` would explain; \
                 --model says what they mean",
                models[0].name()
            )),
        }
    }

    /// Nobody can say what the operations mean, and so nobody judges.
    fn untold(self, why: String) -> Closed {
        let verdict = Verdict::Unknown(format!("could not tell what its operations mean: {why}"));
        let judgements = vec![Judgement::new("recognition", verdict)];
        let terms = self.hearing.renames.terms().collect();
        let findings = Findings { judgements, terms, ..Findings::default() };
        Closed { model: None, extent: self.extent, findings }
    }

    /// A judgement in the file's own names, with the lines of its evidence.
    fn retell(&self, judgement: &mut Judgement) {
        if let Verdict::Violated(evidence) = &mut judgement.verdict
            && let Some(twin) = self.names.twin(&evidence.summary)
        {
            evidence.summary = format!("{} ({twin})", evidence.summary);
        }
        judgement.retell(
            |text| self.names.retell(text),
            |line| place(line, &self.lines, self.has_times),
        );
        if let Verdict::Violated(evidence) = &mut judgement.verdict {
            // Numbers that are not the file's own would only mislead.
            evidence.partition = evidence.partition.filter(|it| self.names.is_own(*it));
            evidence.message = evidence.message.filter(|it| self.names.name(*it) == it.to_string());
        }
    }
}

impl Case<'_> {
    /// One more line, asked or answered.
    fn hear(&mut self, how: Option<Answered>, heard: &Heard<'_>, names: &mut Names) {
        if self.given_up.is_some() {
            return;
        }
        let heard = Heard { f: word(self.model, heard.f), ..*heard };
        let done = match how {
            None => self.workload.ask(&heard, names),
            Some(how) => self.workload.answer(how, &heard, names),
        };
        self.given_up = done.err();
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
fn workload(model: Model, terms: &Terms<'_>) -> Result<Box<dyn Workload>, String> {
    Ok(match model {
        Model::Register => objects::registers(false, terms),
        Model::CasRegister => objects::registers(true, terms),
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

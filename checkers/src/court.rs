//! From a history of anyone's to an answer: which format it is written in, what its operations
//! mean, which judges hear it, and what they say.
//!
//! A format's reader tells what happened, a line at a time; the `docket` pairs what was asked with
//! what came back; a *workload*, one file for each kind of object, gives both their meaning and, at
//! the end, has them judged. Judges know numbers; `names` keeps what the file calls them. A history
//! of a log is told to the bench as it is read, so that it is never held as a whole; objects that
//! need all their operations at once (registers, queues, transactions) are collected first.
//!
//! Whatever could be read in two ways is one of the terms of a [`Request`], and every term that was
//! used stands in the [`Ruling`]. A file that is not a history of its format and model is an error
//! with its line, never a verdict.

mod docket;
mod invariants;
mod kafka;
mod layout;
mod model;
mod names;
mod objects;
mod operations;
mod ours;
mod recognition;
mod sample;
mod sets;
mod sights;
mod stream;
mod terms;
mod transactions;
mod vocabulary;
mod workload;

pub use model::Model;
pub use terms::{Choices, FailedCas, Initial, Keys, Nil, Permit};

use crate::{
    checker::Checker,
    formats::{self, Format, FormatError},
    laws::{CATALOGUE, Law},
    run::Counts,
    verdict::{Judgement, Verdict},
};
use docket::{Docket, Hearing};
use layout::Layout;
use recognition::{Cover, recognise};
use sample::Sample;
use serde::{Deserialize, Serialize};
use sights::Sights;
use std::io::BufRead;
use terms::Terms;
use vocabulary::Renames;

/// How much of a history there was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// Lines, or forms where one line holds many.
    pub lines: u64,
    /// Operations that somebody asked for.
    pub operations: u64,
    /// Of these: they succeeded.
    pub ok: u64,
    /// They certainly did not happen.
    pub failed: u64,
    /// No one can say.
    pub unknown: u64,
    /// How many processes asked.
    pub processes: u64,
    /// How many objects they asked about: keys, partitions, one register.
    pub objects: u64,
    /// What others did around them (a nemesis), which is not judged.
    pub bystanders: u64,
    /// Lines that are no part of a history, such as the rest of a console log.
    pub skipped: u64,
}

/// What the court found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    /// The format that the history was read as.
    pub format: String,
    /// Whether that was recognised and not told.
    pub is_format_recognised: bool,
    /// What its operations were taken to mean.
    pub model: String,
    /// Whether that was recognised and not told.
    pub is_model_recognised: bool,
    /// How much there was.
    pub extent: Extent,
    /// The choices it was judged by, in words, one entry for each.
    pub terms: Vec<String>,
    /// What the judges said that had anything to look at, and those that the model cannot do
    /// without.
    pub judgements: Vec<Judgement>,
    /// Judges that found nothing to look at: no transactions, no groups, no facts.
    pub unexercised: Vec<String>,
    /// Messages, counted, where the model has messages.
    pub counts: Option<Counts>,
}

impl Ruling {
    /// All answers as one: violated beats unknown beats holds.
    pub fn verdict(&self) -> Verdict {
        verdict_of(&self.judgements)
    }
}

/// What is known of a history before it is read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// How it is written; none to recognise it.
    pub format: Option<Format>,
    /// What its operations mean; none to recognise it.
    pub model: Option<Model>,
    /// Operations' names in the file, each with the name that is meant by it.
    pub renames: Vec<(String, String)>,
    /// Whether values are pairs of a key and the rest; none to recognise it.
    pub is_keyed: Option<bool>,
    /// By which terms it is judged.
    pub terms: Choices,
}

/// What the workloads of all models hand back.
#[derive(Debug, Default)]
struct Findings {
    judgements: Vec<Judgement>,
    unexercised: Vec<String>,
    counts: Option<Counts>,
    /// Terms that were used, in words.
    terms: Vec<String>,
    objects: u64,
}

impl Findings {
    fn verdict(&self) -> Verdict {
        verdict_of(&self.judgements)
    }
}

fn verdict_of(judgements: &[Judgement]) -> Verdict {
    let told = judgements.iter().map(|judgement| judgement.verdict.clone());
    let nobody = || Verdict::Unknown("vacuous: no judge found anything to look at".to_owned());
    told.reduce(Verdict::and).unwrap_or_else(nobody)
}

/// What nobody could name.
const UNTOLD: &str = "none";

/// Reads a history and judges it. If nobody can tell what its operations mean, the ruling says so,
/// and its verdict is unknown.
///
/// # Errors
///
/// The file is not a history of its format and model, nobody could tell its format, or the request
/// asks for what this history has not; with the line, where it is about one.
pub fn hear(input: &mut dyn BufRead, request: &Request) -> Result<Ruling, FormatError> {
    let whole = |what| FormatError { line: 0, what };
    let mut renames = Renames::of(&request.renames).map_err(whole)?;
    let (sample, format, sights) = look(input, request, &mut renames)?;
    let is_ours = matches!(format, Format::Jsonl | Format::Text);
    fits(format, request, is_ours).map_err(whole)?;
    let mut model = Some(Model::Log);
    let (extent, findings) = if is_ours {
        let terms = Terms::of(&request.terms);
        let heard = ours::hear(format, &mut sample.whole(input), &terms)?;
        terms.must_all_be_heeded(Model::Log).map_err(whole)?;
        heard
    } else {
        let layout = Layout::of(&sights, request.is_keyed);
        let heading = formats::heading(format, sample.bytes());
        let cover = Cover { format, heading: heading.as_deref() };
        let hearing = Hearing {
            cover,
            layout,
            is_layout_told: request.is_keyed.is_some(),
            renames,
            models: match request.model {
                Some(model) => Ok(vec![model]),
                None => recognise(cover, &sights, layout),
            },
            is_model_recognised: request.model.is_none(),
        };
        let outcome = Docket::hear(hearing, &mut sample.whole(input), &request.terms)?;
        model = outcome.model;
        (outcome.extent, outcome.findings)
    };
    Ok(Ruling {
        format: format.name().to_owned(),
        is_format_recognised: request.format.is_none(),
        model: model.map_or(UNTOLD, Model::name).to_owned(),
        is_model_recognised: request.model.is_none() && model.is_some(),
        extent,
        terms: findings.terms,
        judgements: findings.judgements,
        unexercised: findings.unexercised,
        counts: findings.counts,
    })
}

/// Reads so much of a file that its format and the first operations of its clients are known, past
/// whatever stands before them.
fn look(
    input: &mut dyn BufRead,
    request: &Request,
    renames: &mut Renames,
) -> Result<(Sample, Format, Sights), FormatError> {
    let mut sample = Sample::default();
    loop {
        sample.grow(input);
        let format = match request.format {
            Some(format) => format,
            None => match formats::recognise(sample.bytes()) {
                Ok(format) => format,
                Err(_) if sample.can_grow() => continue,
                Err(what) => {
                    let unknown = FormatError { line: 0, what };
                    return Err(sample.broken().unwrap_or(unknown));
                }
            },
        };
        if matches!(format, Format::Jsonl | Format::Text) {
            return Ok((sample, format, Sights::default()));
        }
        let (sights, read) = sample.glimpse(format, renames);
        match (read, sights.lines) {
            (_, 1..) => return Ok((sample, format, sights)),
            (_, 0) if sample.can_grow() => {}
            (Err(error), 0) => return Err(error),
            (Ok(_), 0) if request.model.is_some() => return Ok((sample, format, sights)),
            (Ok(_), 0) => {
                let what = "no operation of a client was found in it".to_owned();
                return Err(FormatError { line: 0, what });
            }
        }
    }
}

/// Whether what was asked for goes together.
fn fits(format: Format, request: &Request, is_ours: bool) -> Result<(), String> {
    let name = format.name();
    match (request.model, is_ours) {
        (Some(Model::Log), false) => {
            return Err(format!("model `log` is for our own formats; `{name}` may be `kafka`"));
        }
        (Some(other), true) if other != Model::Log => {
            let other = other.name();
            return Err(format!("a {name} history tells of model `log`, not of `{other}`"));
        }
        (Some(_) | None, _) => {}
    }
    if is_ours && (!request.renames.is_empty() || request.is_keyed.is_some()) {
        return Err(format!("a {name} history is in our own words: no --rename and no --keys"));
    }
    Ok(())
}

/// Whether a read is marked as its reader's last word, once everything had come to rest.
fn is_final(heard: &workload::Heard<'_>) -> bool {
    heard.extra.get("final?").as_bool() == Some(true)
}

/// A sentence if the verdict would be another one where a read of nil said nothing.
fn if_nil_said_nothing(verdict: &Verdict, other: &Verdict) -> Option<String> {
    let is_other =
        matches!(verdict, Verdict::Violated(_)) && !matches!(other, Verdict::Violated(_));
    is_other.then(|| {
        let other = match other {
            Verdict::Holds(_) => "it would hold",
            Verdict::Unknown(_) | Verdict::Violated(_) => "no one could say",
        };
        format!("the verdict hangs on what a read of nil says: under --nil unknown {other}")
    })
}

/// Splits what judges said into what counts and the names of those that had nothing to look at.
/// If nobody had, the first answers stand for all: a court that heard nothing holds nothing.
fn sift(judgements: Vec<Judgement>) -> (Vec<Judgement>, Vec<String>) {
    let judgements = complain_once(judgements);
    let is_vacuous = |judgement: &Judgement| judgement.verdict.is_vacuous();
    let (idle, told): (Vec<_>, Vec<_>) = judgements.into_iter().partition(is_vacuous);
    (told, idle.into_iter().map(|judgement| judgement.name).collect())
}

/// Laws know a message by its value, and where two calls sent one none of them can say whose it is:
/// that is one fault of the history, and is told once. What only that message broke may be its doing.
fn complain_once(judgements: Vec<Judgement>) -> Vec<Judgement> {
    let named = |judgement: &Judgement| match &judgement.verdict {
        Verdict::Unknown(why) if why.contains(" by two calls") => {
            let rest = why.strip_prefix("malformed history: m")?;
            rest.split(' ').next()?.parse::<u64>().ok()
        }
        Verdict::Unknown(_) | Verdict::Holds(_) | Verdict::Violated(_) => None,
    };
    let Some(message) = judgements.iter().find_map(named) else { return judgements };
    let is_its_doing = |judgement: &Judgement| match &judgement.verdict {
        Verdict::Violated(evidence) => evidence.message == Some(message) && evidence.count <= 1,
        Verdict::Unknown(_) | Verdict::Holds(_) => named(judgement).is_some(),
    };
    let (echoes, mut others): (Vec<_>, Vec<_>) = judgements.into_iter().partition(is_its_doing);
    let why = format!(
        "malformed history: m{message} was sent by two calls, so that no one can say whose it is: {} \
         laws that know messages by their values say nothing",
        echoes.len()
    );
    others.push(Judgement::new("one_call_for_each_message", Verdict::Unknown(why)));
    others
}

/// A judge for every law that clients can see, but for these.
fn client_judges(without: &[&str]) -> Vec<Box<dyn Checker>> {
    let laws = CATALOGUE.iter().filter(|law| law.is_for_clients() && !without.contains(&law.name));
    laws.map(Law::judge).collect()
}

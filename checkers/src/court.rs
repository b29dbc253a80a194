//! From a history of anyone's to an answer: which format it is written in, what its operations
//! mean, which judges hear it, and what they say.
//!
//! A format's reader tells what happened, a line at a time; the `docket` pairs what was asked with
//! what came back; a *workload*, one file for each kind of object, gives both their meaning and, at
//! the end, has them judged. Judges know numbers; `names` keeps what the file calls them. A history
//! of a log is told to the bench as it is read, so that it is never held as a whole; objects that
//! need all their operations at once (registers, queues, transactions) are collected first.
//!
//! Whatever could be read in two ways is one of the [`Terms`], and every term that was used stands
//! in the [`Ruling`]. A file that is not a history of its format and model is an error with its
//! line, never a verdict.

mod docket;
mod invariants;
mod kafka;
mod model;
mod names;
mod objects;
mod ours;
mod sets;
mod stream;
mod terms;
mod transactions;

pub use model::Model;
pub use terms::{FailedCas, Initial, Keys, Nil, Permit, Terms};

use crate::{
    checker::{Checker, Judgement},
    formats::{self, Format, FormatError},
    laws::{CATALOGUE, Law},
    run::Counts,
    verdict::Verdict,
};
use docket::Docket;
use model::Glimpse;
use serde::{Deserialize, Serialize};
use std::io::{self, BufRead, Cursor, Read};

/// How much of a file is looked at to recognise it.
const SAMPLE_BYTES: u64 = 256 * 1024;

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
        let told = self.judgements.iter().map(|judgement| judgement.verdict.clone());
        let nobody = || Verdict::Unknown("vacuous: no judge found anything to look at".to_owned());
        told.reduce(Verdict::and).unwrap_or_else(nobody)
    }
}

/// What is known of a history before it is read.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// How it is written; none to recognise it.
    pub format: Option<Format>,
    /// What its operations mean; none to recognise it.
    pub model: Option<Model>,
    /// By which terms it is judged.
    pub terms: Terms,
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

/// Reads a history and judges it.
///
/// # Errors
///
/// The file is not a history of its format and model, or nobody could tell which they are; with the
/// line, where it is about one.
pub fn hear(input: &mut dyn BufRead, request: &Request) -> Result<Ruling, FormatError> {
    let mut sample = Vec::new();
    let unreadable =
        |error: io::Error| FormatError { line: 0, what: format!("could not be read: {error}") };
    (&mut *input).take(SAMPLE_BYTES).read_to_end(&mut sample).map_err(unreadable)?;
    let format = match request.format {
        Some(format) => format,
        None => formats::recognise(&sample).map_err(|what| FormatError { line: 0, what })?,
    };
    let is_whole = (sample.len() as u64) < SAMPLE_BYTES;
    let glimpse = glimpse(format, &sample, is_whole);
    let is_ours = matches!(format, Format::Jsonl | Format::Text);
    let model = match (request.model, is_ours) {
        (Some(Model::Log) | None, true) => Model::Log,
        (Some(other), true) => {
            let what = format!(
                "a {} history tells of model `log`, not of `{}`",
                format.name(),
                other.name()
            );
            return Err(FormatError { line: 0, what });
        }
        (Some(Model::Log), false) => {
            let what =
                format!("model `log` is for our own formats; `{}` may be `kafka`", format.name());
            return Err(FormatError { line: 0, what });
        }
        (Some(model), false) => model,
        (None, false) => glimpse.model(format).map_err(|what| FormatError { line: 0, what })?,
    };
    if request.terms.isolation.is_some() && !matches!(model, Model::ListAppend | Model::RwRegister)
    {
        let what = format!("isolation is for transactions; `{}` has none", model.name());
        return Err(FormatError { line: 0, what });
    }
    fits(&request.terms, model).map_err(|what| FormatError { line: 0, what })?;
    let mut whole = Cursor::new(sample).chain(input);
    let (extent, findings) = if is_ours {
        ours::hear(format, &mut whole, &request.terms)?
    } else {
        Docket::hear(format, model, &mut whole, glimpse.is_keyed(), &request.terms)?
    };
    Ok(Ruling {
        format: format.name().to_owned(),
        is_format_recognised: request.format.is_none(),
        model: model.name().to_owned(),
        is_model_recognised: request.model.is_none(),
        extent,
        terms: findings.terms,
        judgements: findings.judgements,
        unexercised: findings.unexercised,
        counts: findings.counts,
    })
}

/// Whether a model has a use for what was said of registers and of reads.
fn fits(terms: &Terms, model: Model) -> Result<(), String> {
    let has_keys = model == Model::RwRegister;
    if terms.initial == Initial::Unknown && !has_keys {
        return Err(format!(
            "`--initial unknown` is for `rw-register`, not for `{}`",
            model.name()
        ));
    }
    if terms.keys != Keys::default() && !has_keys {
        return Err(format!("what keys keep is for `rw-register`, not for `{}`", model.name()));
    }
    let rests = [Model::Bank, Model::Counter, Model::Set];
    if terms.is_eventual && !rests.contains(&model) {
        return Err(format!(
            "`--eventual` is for banks, counters and sets, not for `{}`",
            model.name()
        ));
    }
    Ok(())
}

/// What the beginning of a file looks like. Its last line may be cut, and an error there is told
/// when the whole file is read.
fn glimpse(format: Format, sample: &[u8], is_whole: bool) -> Glimpse {
    let end = if is_whole { None } else { sample.iter().rposition(|byte| *byte == b'\n') };
    let mut glimpse = Glimpse::default();
    let _ = formats::read(
        format,
        &mut &sample[..end.map_or(sample.len(), |end| end + 1)],
        &mut |happening| {
            glimpse.see(happening);
            Ok(())
        },
    );
    glimpse
}

/// Whether a read is marked as its reader's last word, once everything had come to rest.
fn is_final(heard: &docket::Heard<'_>) -> bool {
    heard.extra.get("final?").as_bool() == Some(true)
}

/// A sentence if the verdict would be another one where a read of nil said nothing.
fn if_nil_said_nothing(verdict: &Verdict, other: &Verdict) -> Option<String> {
    let is_other =
        matches!(verdict, Verdict::Violated(_)) && !matches!(other, Verdict::Violated(_));
    is_other.then(|| {
        let other = match other {
            Verdict::Holds(_) => "it holds",
            Verdict::Unknown(_) | Verdict::Violated(_) => "no one can say",
        };
        format!("if a read of nil says nothing (--nil unknown), {other}")
    })
}

/// Splits what judges said into what counts and the names of those that had nothing to look at.
/// If nobody had, the first answers stand for all: a court that heard nothing holds nothing.
fn sift(judgements: Vec<Judgement>) -> (Vec<Judgement>, Vec<String>) {
    let is_vacuous = |judgement: &Judgement| match &judgement.verdict {
        Verdict::Unknown(why) => why.starts_with("vacuous"),
        Verdict::Holds(_) | Verdict::Violated(_) => false,
    };
    let (idle, told): (Vec<_>, Vec<_>) = judgements.into_iter().partition(is_vacuous);
    (told, idle.into_iter().map(|judgement| judgement.name).collect())
}

/// A judge for every law that clients can see, but for these.
fn client_judges(without: &[&str]) -> Vec<Box<dyn Checker>> {
    let laws = CATALOGUE.iter().filter(|law| law.is_for_clients() && !without.contains(&law.name));
    laws.map(Law::judge).collect()
}

/// The rest of a sentence about an unknown name: the nearest valid one, or all of them.
pub(crate) fn did_you_mean(name: &str, names: &[&str]) -> String {
    let near = names.iter().map(|known| (strsim::damerau_levenshtein(name, known), known)).min();
    match near {
        Some((distance, known)) if distance <= 2 + name.len() / 4 => {
            format!("did you mean `{known}`?")
        }
        Some(_) | None => format!("known: {}", names.join(", ")),
    }
}

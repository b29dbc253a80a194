//! From a history of anyone's to an answer: which format it is written in, what its operations
//! mean, which judges hear it, and what they say.

use crate::{checker::Judgement, run::Counts, verdict::Verdict};
use serde::{Deserialize, Serialize};

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

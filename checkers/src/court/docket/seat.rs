//! One process of a history: it asks, it is answered, and it asks again. A second question without an
//! answer to the first, or an answer that nobody asked for, is no history.

use crate::formats::Happening;

/// A process with a question under way.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) number: usize,
    /// The name of the question under way, as its place in `Docket::questions`, and its line.
    pub(super) open: Option<(usize, u64)>,
}

impl Seat {
    /// One more question, with none under way.
    pub(super) fn ask(
        &mut self,
        happening: &Happening<'_>,
        questions: &mut Vec<String>,
    ) -> Result<(), String> {
        let process = happening.process.unwrap_or_default();
        if let Some((question, line)) = self.open {
            return Err(format!(
                "process {process} asks to `{}` before its `{}` of line {line} was answered",
                happening.f, questions[question]
            ));
        }
        let known = questions.iter().position(|known| known == happening.f);
        let question = known.unwrap_or_else(|| {
            questions.push(happening.f.to_owned());
            questions.len() - 1
        });
        self.open = Some((question, happening.line));
        Ok(())
    }

    /// The answer to the question under way.
    pub(super) fn answer(
        &mut self,
        happening: &Happening<'_>,
        questions: &[String],
    ) -> Result<(), String> {
        let process = happening.process.unwrap_or_default();
        match self.open.take() {
            Some((question, _)) if questions[question] == happening.f => Ok(()),
            Some((question, line)) => Err(format!(
                "process {process} is answered to `{}`, but asked to `{}` in line {line}",
                happening.f, questions[question]
            )),
            None => Err(format!(
                "process {process} is answered to `{}` and asked nothing (a history tells what was \
                 asked, too)",
                happening.f
            )),
        }
    }
}

//! The kill matrix: what became of each planted bug, for people, for scripts, for documents.

use crate::{
    hunt::Row,
    rate::{SeedsToCatch, seeds_to_catch},
};
use reports::ExitCode;
use scenarios::Planted;
use serde_json::{Value, json};

/// Everything there is to tell.
pub(crate) struct Matrix {
    /// The command as one would type it again.
    pub(crate) command: String,
    /// Blind seeds of each bug, at most.
    pub(crate) seeds: u64,
    /// What was taken away, in words.
    pub(crate) without: String,
    /// Bugs, each with its directed and its blind series, as far as they are done.
    pub(crate) bugs: Vec<(&'static Planted, [Option<Row>; 2])>,
    /// The same seeds without a bug.
    pub(crate) control: Row,
    /// Whether everything is done.
    pub(crate) is_complete: bool,
    /// How the process ends.
    pub(crate) code: ExitCode,
}

impl Matrix {
    /// Tokens of controls in which a law was broken, and ought not to.
    pub(crate) fn alarms(&self) -> impl Iterator<Item = &str> {
        let hunted = self.bugs.iter().flat_map(|(_, rows)| rows.iter().flatten());
        let rows = hunted.chain([&self.control]);
        rows.flat_map(|row| row.alarms.iter().map(String::as_str))
    }

    /// For people.
    pub(crate) fn human(&self) -> String {
        let mut page = String::new();
        for (bug, [directed, blind]) in &self.bugs {
            page.push_str(&format!("{}  ({})\n", bug.name, bug.source));
            for (word, scenario, row) in
                [("directed", bug.scenario, directed), ("blind", "swarm", blind)]
            {
                page.push_str(&format!("  {word:8}  {scenario:20}  {}\n", line(row.as_ref())));
            }
        }
        page.push_str(&format!("\n{}\n", self.told().join("\n")));
        page
    }

    /// For scripts.
    pub(crate) fn json(&self) -> Value {
        let bugs = self.bugs.iter().map(|(bug, [directed, blind])| {
            json!({
                "name": bug.name,
                "source": bug.source,
                "scenario": bug.scenario,
                "directed": document(directed.as_ref()),
                "blind": document(blind.as_ref()),
            })
        });
        json!({
            "schema": 1,
            "command": self.command,
            "exit_code": self.code.code(),
            "complete": self.is_complete,
            "seeds": self.seeds,
            "without": self.without,
            "planted": bugs.collect::<Vec<_>>(),
            "control": {
                "runs": self.control.tried,
                "doubtful": self.control.doubtful,
                "alarms": self.alarms().collect::<Vec<_>>(),
            },
        })
    }

    /// For documents.
    pub(crate) fn markdown(&self) -> String {
        let mut page = format!(
            "# Kill matrix\n\nHow many seeds it takes to see each planted bug: the median, with its 95% \
             interval, and in how many\nof the seeds that executed the bug a law was broken. Directed \
             is the bug's own scenario, blind is the swarm,\nwhich knows of no bug. Made by `{}`.\n\n{}\n\n\
             | bug | directed | blind | seen blind by | from |\n|---|---|---|---|---|\n",
            self.command,
            self.told().join("  \n")
        );
        for (bug, rows) in &self.bugs {
            let [directed, blind] = rows.each_ref().map(|row| cell(row.as_ref()));
            let by = rows[1].as_ref().map_or(String::new(), |row| by(row, "`"));
            let source = bug.source.replace('|', "\\|");
            page.push_str(&format!(
                "| `{}` | {directed} | {blind} | {by} | {source} |\n",
                bug.name
            ));
        }
        page
    }

    /// What stands below or above the rows.
    fn told(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (place, word) in ["directed", "blind"].into_iter().enumerate() {
            let rows: Vec<&Row> =
                self.bugs.iter().filter_map(|(_, rows)| rows[place].as_ref()).collect();
            let caught = rows.iter().filter(|row| row.caught > 0).count();
            let idle = rows.iter().filter(|row| row.covered == 0).count();
            let survived = rows.len() - caught - idle;
            lines.push(format!(
                "{word}: {caught} of {} caught, {survived} survived, {idle} not covered",
                rows.len()
            ));
        }
        let alarms: Vec<&str> = self.alarms().collect();
        lines.push(match alarms.as_slice() {
            [] => format!("control: silent in {} runs without a bug", self.control.tried),
            some => format!("control: ALARM without a bug: {}", some.join(", ")),
        });
        if self.control.doubtful > 0 {
            lines.push(format!("control: {} runs in doubt", self.control.doubtful));
        }
        if !self.without.is_empty() {
            lines.push(self.without.clone());
        }
        if !self.is_complete {
            lines.push("not complete: the same command goes on from here".to_owned());
        }
        lines
    }
}

fn to_catch(row: &Row) -> SeedsToCatch {
    seeds_to_catch(row.tried, row.caught, row.is_decided())
}

/// `7 (4 to 13)`, or `more than 376`.
fn figure(row: &Row) -> String {
    match to_catch(row) {
        SeedsToCatch { median: Some(median), low: Some(low), high: Some(high) } => {
            format!("{median} ({low} to {high})")
        }
        SeedsToCatch { low: Some(low), .. } => format!("{low} or more"),
        SeedsToCatch { low: None, .. } => "unknown".to_owned(),
    }
}

fn line(row: Option<&Row>) -> String {
    let Some(row) = row else { return "not done".to_owned() };
    let doubt = match row.doubtful {
        0 => String::new(),
        seeds => format!(", {seeds} in doubt"),
    };
    let Row { tried, covered, caught, .. } = row;
    match (row.covered, row.first) {
        (0, _) => format!("NOT COVERED in {tried} seeds"),
        (_, None) => {
            format!(
                "SURVIVED: executed in {covered} of {tried} seeds{doubt}; {} to catch",
                figure(row)
            )
        }
        (_, Some(first)) => format!(
            "{} seeds to catch; {caught} of {covered} executed of {tried}{doubt}; first {first}; by {}",
            figure(row),
            by(row, "")
        ),
    }
}

fn cell(row: Option<&Row>) -> String {
    let Some(row) = row else { return "not done".to_owned() };
    let Row { tried, covered, caught, .. } = row;
    match (row.covered, row.caught) {
        (0, _) => format!("**not covered** in {tried}"),
        (_, 0) => format!("**survived** {covered} of {tried}: {}", figure(row)),
        (..) => format!("{}: {caught} of {covered}", figure(row)),
    }
}

/// Judges and their seeds, whoever saw most first.
fn by(row: &Row, quote: &str) -> String {
    let mut judges: Vec<(&String, &u64)> = row.by.iter().collect();
    judges.sort_by_key(|(name, seeds)| (std::cmp::Reverse(**seeds), *name));
    let told = judges.iter().map(|(name, seeds)| format!("{quote}{name}{quote} {seeds}"));
    told.collect::<Vec<_>>().join(", ")
}

fn document(row: Option<&Row>) -> Value {
    let Some(row) = row else { return Value::Null };
    let outcome = match (row.covered, row.caught) {
        (0, _) => "not_covered",
        (_, 0) => "survived",
        (..) => "caught",
    };
    let SeedsToCatch { median, low, high } = to_catch(row);
    json!({
        "outcome": outcome,
        "tried": row.tried,
        "covered": row.covered,
        "caught": row.caught,
        "doubtful": row.doubtful,
        "first": row.first,
        "seeds_to_catch": { "median": median, "low": low, "high": high },
        "by": row.by,
    })
}

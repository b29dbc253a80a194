//! `zeroloss planted`: every bug directed and blind, then the same seeds without one. Each series is
//! written down when it is done, under a name that this very binary and these very words give, so that
//! the same words go on where they were cut.

use crate::{
    args::{self, Printed},
    files::write_whole,
    hunt::{self, CATCHES, Row, Series, Without},
    interrupt::Interrupt,
    matrix::Matrix,
    names, progress, record,
    say::{self, Failure},
};
use reports::ExitCode;
use scenarios::{Planted, Seeds};
use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{
        Mutex,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

/// The search that knows of no bug.
const BLIND: &str = "swarm";
/// Seeds within which a bug's own scenario must trigger it.
const DIRECTED_SEEDS: u64 = 20;
/// Seeds of one series of controls, so that several workers share them.
const CONTROL_SEEDS: u64 = 50;
/// How often progress looks around, and between two lines of it.
const LOOK: Duration = Duration::from_millis(50);
const BETWEEN_LINES_MS: u64 = 10_000;

/// The command.
pub(crate) fn planted(
    args: &args::Planted,
    printed: Printed,
    is_quiet: bool,
    interrupt: &Interrupt,
) -> Result<ExitCode, Failure> {
    args.without_fault.iter().try_for_each(|kind| names::known_fault(kind))?;
    args.without_checker.iter().try_for_each(|name| names::known_checker(name))?;
    let plants = names::plants(&args.names)?;
    let without =
        Without { faults: args.without_fault.clone(), checkers: args.without_checker.clone() };
    let cores = || thread::available_parallelism().map_or(1, std::num::NonZeroUsize::get);
    let workers = args.jobs.map_or_else(cores, std::num::NonZeroUsize::get);
    let hunters = Hunters {
        workers,
        is_quiet,
        interrupt,
        ledger: Ledger::open(args, &without)?,
        without: &without,
    };
    let seeds = args.seeds.get();
    let wanted: Vec<Series> = plants.iter().flat_map(|plant| hunts(plant, seeds)).collect();
    let rows = hunters.run(&wanted)?;
    let controls = controls(&wanted, &rows);
    let silent = hunters.run(&controls)?;
    let is_complete = rows.len() == wanted.len() && silent.len() == controls.len();
    let of = |plant: &Planted| hunts(plant, seeds).map(|series| rows.get(&series.key()).cloned());
    let mut matrix = Matrix {
        command: crate::finish::command(),
        seeds,
        without: without.told(),
        bugs: plants.iter().map(|plant| (*plant, of(plant))).collect(),
        control: sum(silent.values()),
        is_complete,
        code: ExitCode::Holds,
    };
    matrix.code = code(&matrix, interrupt);
    match printed {
        Printed::Human => say::result(&matrix.human())?,
        Printed::Json => say::document(&matrix.json())?,
        Printed::Markdown => say::result(&matrix.markdown())?,
    }
    Ok(matrix.code)
}

/// Directed and blind.
fn hunts(plant: &Planted, seeds: u64) -> [Series; 2] {
    [(plant.scenario, DIRECTED_SEEDS), (BLIND, seeds)].map(|(scenario, last)| Series {
        plant: Some(plant.name.to_owned()),
        scenario: scenario.to_owned(),
        seeds: Seeds { first: 1, last },
    })
}

/// Every seed on which some bug was hunted, without a bug.
fn controls(wanted: &[Series], rows: &BTreeMap<String, Row>) -> Vec<Series> {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for series in wanted {
        let tried = rows.get(&series.key()).map_or(0, |row| row.tried);
        let most = last.entry(&series.scenario).or_default();
        *most = tried.max(*most);
    }
    let shares = |(scenario, last): (&str, u64)| -> Vec<Series> {
        let firsts = (1..=last).step_by(CONTROL_SEEDS as usize);
        let share = |first: u64| Series {
            plant: None,
            scenario: scenario.to_owned(),
            seeds: Seeds { first, last: last.min(first + CONTROL_SEEDS - 1) },
        };
        firsts.map(share).collect()
    };
    last.into_iter().flat_map(shares).collect()
}

fn sum<'a>(rows: impl Iterator<Item = &'a Row>) -> Row {
    rows.fold(Row::default(), |mut sum, row| {
        sum.tried += row.tried;
        sum.doubtful += row.doubtful;
        sum.alarms.extend(row.alarms.iter().cloned());
        sum
    })
}

/// A bug that escapes its own scenario, or a law that is broken where no bug did anything: violated.
/// What its scenario does not even execute is inconclusive.
fn code(matrix: &Matrix, interrupt: &Interrupt) -> ExitCode {
    let directed = || matrix.bugs.iter().filter_map(|(_, [directed, _])| directed.as_ref());
    let mut code = ExitCode::Holds;
    if matrix.alarms().next().is_some() || directed().any(|row| row.covered > 0 && row.caught == 0)
    {
        code = code.and(ExitCode::Violated);
    }
    if directed().any(|row| row.covered == 0) {
        code = code.and(ExitCode::Inconclusive);
    }
    interrupt.code().map_or(code, |signal| code.and(signal))
}

/// Those who run series.
struct Hunters<'a> {
    workers: usize,
    is_quiet: bool,
    interrupt: &'a Interrupt,
    ledger: Ledger,
    without: &'a Without,
}

impl Hunters<'_> {
    /// Runs what the ledger does not have yet; whatever is done by name.
    fn run(&self, wanted: &[Series]) -> Result<BTreeMap<String, Row>, Failure> {
        let mut rows = self.ledger.rows();
        let is_new = |series: &&Series| !rows.contains_key(&series.key());
        let todo: Vec<&Series> = wanted.iter().filter(is_new).collect();
        let kept = wanted.len() - todo.len();
        if kept > 0 && !self.is_quiet {
            let place = self.ledger.path.display();
            say::aside(&format!("{kept} of {} series are done already: {place}", wanted.len()));
        }
        let (next, runs, failed) = (AtomicUsize::new(0), AtomicU64::new(0), Mutex::new(Vec::new()));
        let work = || {
            while !self.interrupt.is_set() {
                let Some(series) = todo.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let done = hunt::hunt(series, self.without, CATCHES, self.interrupt, &runs)
                    .and_then(|row| row.map_or(Ok(()), |row| self.ledger.keep(series.key(), row)));
                if let Err(failure) = done {
                    lock(&failed).push(failure);
                    break;
                }
            }
        };
        thread::scope(|scope| {
            let hands: Vec<_> =
                (0..self.workers.min(todo.len())).map(|_| scope.spawn(work)).collect();
            self.watch(todo.len(), &next, &runs, || hands.iter().all(|hand| hand.is_finished()));
        });
        if let Some(failure) = lock(&failed).first() {
            return Err(failure.clone());
        }
        rows = self.ledger.rows();
        let names: Vec<String> = wanted.iter().map(Series::key).collect();
        rows.retain(|name, _| names.contains(name));
        Ok(rows)
    }

    fn watch(&self, of: usize, begun: &AtomicUsize, runs: &AtomicU64, is_done: impl Fn() -> bool) {
        let began = progress::now();
        let mut told_ms = 0;
        while !is_done() {
            let ms = progress::elapsed_ms(began);
            if !self.is_quiet && ms - told_ms >= BETWEEN_LINES_MS {
                told_ms = ms;
                let (begun, runs) = (begun.load(Ordering::Relaxed), runs.load(Ordering::Relaxed));
                let begun = begun.min(of);
                say::aside(&format!("{begun} of {of} series begun, {runs} runs, {} s", ms / 1_000));
            }
            thread::sleep(LOOK);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// Series that are done, in one file.
struct Ledger {
    path: PathBuf,
    rows: Mutex<BTreeMap<String, Row>>,
}

impl Ledger {
    /// The ledger of this binary and of what it takes away; rows of other seeds and bugs may stand in it.
    fn open(args: &args::Planted, without: &Without) -> Result<Ledger, Failure> {
        let build = record::build()
            .map_err(|error| Failure::harness(format!("could not read this binary: {error}")))?;
        let taken = serde_json::to_vec(without).expect("names are plain data");
        let taken = blake3::hash(&taken).to_hex();
        let path = args.out.join("planted").join(format!("{build}-{}.json", &taken[..8]));
        // What cannot be read is run again: it says nothing that a run does not say.
        let text = fs::read(&path).unwrap_or_default();
        let rows = serde_json::from_slice(&text).unwrap_or_default();
        Ok(Ledger { path, rows: Mutex::new(rows) })
    }

    fn rows(&self) -> BTreeMap<String, Row> {
        lock(&self.rows).clone()
    }

    fn keep(&self, name: String, row: Row) -> Result<(), Failure> {
        let mut rows = lock(&self.rows);
        rows.insert(name, row);
        let text = serde_json::to_vec(&*rows).expect("rows are plain data");
        write_whole(&self.path, |file| file.write_all(&text)).map_err(|error| {
            Failure::unwritten(format!("could not write {}: {error}", self.path.display()))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenarios::PLANTED;

    fn row(covered: u64, caught: u64) -> Row {
        Row { tried: 20, covered, caught, ..Row::default() }
    }

    fn exit(directed: Row, blind: Row, control: Row) -> ExitCode {
        let matrix = Matrix {
            command: String::new(),
            seeds: 20,
            without: String::new(),
            bugs: vec![(&PLANTED[0], [Some(directed), Some(blind)])],
            control,
            is_complete: true,
            code: ExitCode::Holds,
        };
        code(&matrix, &Interrupt::default())
    }

    #[test]
    fn only_what_escapes_its_own_scenario_or_an_alarm_is_violated() {
        let (caught, survived, idle) = (row(20, 3), row(20, 0), row(0, 0));
        let alarm = Row { alarms: vec!["z1:smoke:1:0".to_owned()], ..Row::default() };
        let silent = Row::default;
        assert_eq!(exit(caught.clone(), survived.clone(), silent()), ExitCode::Holds);
        assert_eq!(exit(survived, caught.clone(), silent()), ExitCode::Violated);
        assert_eq!(exit(caught.clone(), caught.clone(), alarm), ExitCode::Violated);
        assert_eq!(exit(idle, caught, silent()), ExitCode::Inconclusive);
    }

    #[test]
    fn controls_are_the_seeds_on_which_bugs_were_hunted_each_once() {
        let wanted: Vec<Series> = PLANTED[..2].iter().flat_map(|bug| hunts(bug, 200)).collect();
        let tried = [10, 120, 20, 7].map(|tried| Row { tried, ..Row::default() });
        let rows = wanted.iter().map(Series::key).zip(tried).collect();
        let keys: Vec<String> = controls(&wanted, &rows).iter().map(Series::key).collect();
        let expected = [
            "control:early_ack:1..10",
            "control:old_term:1..20",
            "control:swarm:1..50",
            "control:swarm:51..100",
            "control:swarm:101..120",
        ];
        assert_eq!(keys, expected);
    }
}

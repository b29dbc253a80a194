//! The command line as types. Flags are an interface (DESIGN 7): scripts depend on every name here.
//!
//! Nothing is looked up here; what the words mean is decided by the rooms that take them.

use crate::job::Job;
use clap::{Args, Parser, Subcommand, ValueEnum};
use reports::ExitCode;
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  zeroloss run                                     the default suite, about a minute
  zeroloss run leader_crash --seeds 1..20          one scenario, twenty seeds
  zeroloss run swarm --seeds 200 --jobs 2 --format json > result.json
  zeroloss run early_ack --plant ack_before_flush  a planted bug: what does a failure look like?
  zeroloss run swarm --seeds 1..1000 --shard 2/4   the second of four machines
  zeroloss run my/scenario.toml --seed 7           a scenario of your own
  zeroloss replay z1:leader_crash:7:*
                                                   that very run again
  zeroloss show leader_crash --seed 7              what would happen, without running it
  zeroloss check store/latest/history.edn          a history of your own system
  zeroloss list planted                            which bugs can be planted
  zeroloss planted --seeds 200                     how soon is each of them seen?";

const RUN_EXAMPLES: &str = "\
Examples:
  zeroloss run                                     the default suite with its default seeds
  zeroloss run leader_crash split_brain --seeds 5  seeds 1 to 5 of each
  zeroloss run swarm --seed 8812                   one seed
  zeroloss run early_ack --plant ack_before_flush --seeds 1..20
  zeroloss run --regressions zeroloss-results/latest/failures
                                                   every failure of the last run again

Where nothing is named, one planted bug, chosen by the first seed, runs in its own scenario until it is
caught, within 20 seeds: the canary. If nobody sees it, the exit code is 70.
A failing run is run again in a fresh process before it is told. Results stand in
zeroloss-results/latest: report.html, summary.json, junit.xml, runs.jsonl, and for each failure its
plan and evidence; the first two of a kind keep their history. The result is printed to stdout, progress
to stderr, and there a line for each kind of failure.";

/// What stands under `--help`: how to begin, and what a script may rely on.
fn epilogue(examples: &str) -> String {
    let mut text = format!("{}\n\nExit codes:", with_hashes(examples));
    let mut codes = ExitCode::BY_PRECEDENCE;
    codes.sort_by_key(|code| code.code());
    for code in codes {
        text.push_str(&format!("\n  {:>3}  {}", code.code(), code.meaning()));
    }
    text
}

/// Examples whose tokens end in `*`, with the hash that their plan has today: what is printed to be
/// typed works.
fn with_hashes(examples: &str) -> String {
    let word = |word: &str| -> String {
        let Some(stem) = word.strip_suffix(":*").filter(|stem| stem.starts_with("z1:")) else {
            return word.to_owned();
        };
        let token: Option<scenarios::Token> = format!("{stem}:{}", "0".repeat(16)).parse().ok();
        let job = token.and_then(|token| {
            let scenario = scenarios::find(&token.scenario).ok()?.scenario();
            Job::draw(&scenario, token.seed, token.plant.as_deref()).ok()
        });
        job.map_or_else(|| word.to_owned(), |job| job.token)
    };
    let line = |line: &str| line.split(' ').map(word).collect::<Vec<_>>().join(" ");
    examples.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// Finds out whether a replicated messaging system keeps what it acknowledges.
///
/// A whole multi-region cluster runs inside a deterministic simulation that cuts its network, kills
/// its processes, loses its datacenters, breaks its disks and bends its clocks. Checkers prove, or
/// refute with evidence, that no acknowledged message was lost. Whatever fails replays from its token.
#[derive(Clone, Debug, Parser)]
#[command(name = "zeroloss", version, max_term_width = 100, propagate_version = true)]
#[command(after_help = "`--help` shows examples and exit codes.")]
#[command(after_long_help = epilogue(EXAMPLES))]
pub(crate) struct Zeroloss {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// How the result is printed to stdout; with json also errors are one document
    #[arg(long, global = true, value_enum, default_value_t = Printed::Human, value_name = "FORMAT")]
    pub(crate) format: Printed,
    /// No progress on stderr
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

/// How a result is printed, as it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Printed {
    /// A page for people
    Human,
    /// One JSON document and nothing else
    Json,
    /// A table for documents; `planted` has one
    Markdown,
}

/// How a result is printed, by every command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// A page for people.
    Human,
    /// One JSON document and nothing else.
    Json,
}

/// What to do.
#[derive(Clone, Debug, Subcommand)]
pub(crate) enum Command {
    /// Run scenarios and judge what happened
    #[command(after_long_help = epilogue(RUN_EXAMPLES))]
    Run(Run),
    /// Run one seed again and prove by its trace hash that it is the same run
    #[command(after_long_help = epilogue(REPLAY_EXAMPLES))]
    Replay(Replay),
    /// Print the plan that a seed draws from a scenario; run nothing
    Show(Show),
    /// Judge a history from anywhere: Jepsen, Porcupine, Elle, Maelstrom, S2, fastlin, our own
    #[command(after_long_help = epilogue(CHECK_EXAMPLES))]
    Check(Check),
    /// Plant bugs and tell how many seeds it takes to see each: the kill matrix
    #[command(after_long_help = epilogue(PLANTED_EXAMPLES))]
    Planted(Planted),
    /// List what there is: scenarios, faults, checkers, planted bugs
    List(List),
    /// A plan on stdin, its trace hash on stdout
    #[command(hide = true)]
    Rerun(Rerun),
}

/// `zeroloss run`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Run {
    /// Names from `zeroloss list scenarios`, suites, or paths to TOML files; none: the default suite
    #[arg(value_name = "SCENARIO|SUITE")]
    pub(crate) scenarios: Vec<String>,
    /// Run this one seed
    #[arg(long, value_name = "N", conflicts_with = "seeds", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Run seeds 1 to N, or A to B with both included; not said: as the suite or scenario has it
    #[arg(long, value_name = "N|A..B")]
    pub(crate) seeds: Option<String>,
    /// Runs at the same time; results do not depend on it [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// Run only the i-th of n equal shares, to spread a sweep over machines
    #[arg(long, value_name = "i/n")]
    pub(crate) shard: Option<Shard>,
    /// Switch a planted bug on (`zeroloss list planted`)
    #[arg(long, value_name = "NAME")]
    pub(crate) plant: Option<String>,
    /// Plant no bug beside the default suite, to see that it would be seen
    #[arg(long)]
    pub(crate) no_canary: bool,
    /// A folder of plans, tokens and failures that run first; with no name, they run alone
    #[arg(long, value_name = "DIR")]
    pub(crate) regressions: Option<PathBuf>,
    /// The folder that will hold this run's folder
    #[arg(long, value_name = "DIR", default_value = "zeroloss-results")]
    pub(crate) out: PathBuf,
}

const REPLAY_EXAMPLES: &str = "\
Examples:
  zeroloss replay z1:early_ack+ack_before_flush:3:*
  zeroloss replay zeroloss-results/latest/failures/zero_loss/leader_crash-3
  zeroloss replay my/plan.json                     a plan that you edited
  zeroloss show leader_crash --seed 7 --format json | zeroloss replay -

The trace hash is compared with the one recorded under --out by this very build; without such a
record, with a run in a second process. The exit code is the run's own verdict, 5 if the hashes
differ, 6 if a failure was recorded and is absent now, 2 if the token's plan is no longer what its
scenario draws (the run's folder still holds the plan: replay that).";

/// `zeroloss replay`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Replay {
    /// A token as printed, or a file that holds one; a failure's folder, or a run's with one failure
    /// in it; a plan, or what `show --format json` printed; - for stdin
    #[arg(value_name = "TOKEN|PATH")]
    pub(crate) what: String,
    /// The folder that holds run folders, to find what was recorded
    #[arg(long, value_name = "DIR", default_value = "zeroloss-results")]
    pub(crate) out: PathBuf,
}

const CHECK_EXAMPLES: &str = "\
Examples:
  zeroloss check store/latest/history.edn          what is it, and does it hold?
  zeroloss check history.json --model list-append --isolation snapshot-isolation
  zeroloss check etcd.log --model cas-register --nil unknown
  zeroloss check history.edn.gz --rename publish=enqueue,take=dequeue --model fifo-queue
  zeroloss check - --from jepsen-edn --model kafka --format json < history.edn
  zeroloss check zeroloss-results/latest/failures/zero_loss/leader_crash-3

Order is the order of lines, or of start and end times in formats that have both. What failed did
not happen; what has no known outcome may have happened, at any later moment. `zeroloss list models`
and `zeroloss list formats` say what can be judged.";

/// `zeroloss check`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Check {
    /// The file; a folder that holds a history.edn, .jsonl, .json or .txt; or - for stdin
    #[arg(value_name = "HISTORY")]
    pub(crate) history: PathBuf,
    /// What its operations mean (`zeroloss list models`) [default: recognised]
    #[arg(long, value_name = "M")]
    pub(crate) model: Option<String>,
    /// How it is written (`zeroloss list formats`) [default: recognised]
    #[arg(long, value_name = "FORMAT")]
    pub(crate) from: Option<String>,
    /// How strictly transactions must be isolated, such as serializable or snapshot-isolation
    #[arg(long, value_name = "LEVEL")]
    pub(crate) isolation: Option<String>,
    /// Something that this system may do: gaps, retries, rebalance-skips, stale-reads,
    /// negative-balances, duplicates
    #[arg(long, value_name = "WHAT")]
    pub(crate) permit: Vec<String>,
    /// Something that it must not do, by the same names
    #[arg(long, value_name = "WHAT")]
    pub(crate) demand: Vec<String>,
    /// What operations are called here and what is meant by it, such as add=enqueue,remove=dequeue
    #[arg(long, value_name = "NAME=MEANT", value_delimiter = ',')]
    pub(crate) rename: Vec<String>,
    /// Where keys stand [default: recognised]
    #[arg(long, value_enum)]
    pub(crate) keys: Option<Keys>,
    /// What a read that came back with nil says [default: absent]
    #[arg(long, value_enum)]
    pub(crate) nil: Option<Nil>,
    /// What a failed cas says [default: nothing, unless its own reason says it]
    #[arg(long, value_enum)]
    pub(crate) failed_cas: Option<FailedCas>,
    /// What a register holds at first [default: nothing]; for transactions over registers also
    /// `unknown`: each key may begin with one value that nobody wrote
    #[arg(long, value_name = "NUMBER|unknown")]
    pub(crate) initial: Option<Initial>,
    /// Assume that each key of transactions over registers is linearizable
    #[arg(long)]
    pub(crate) linearizable_keys: bool,
    /// Assume that each key of transactions over registers keeps the order of each process
    #[arg(long)]
    pub(crate) sequential_keys: bool,
    /// Assume that a transaction's write of a register follows its own read of it
    #[arg(long)]
    pub(crate) wfr_keys: bool,
    /// Only final reads owe everything that had come back [default: if some are marked `:final?`]
    #[arg(long)]
    pub(crate) eventual: bool,
    /// How many steps a search for an order may take on each object [default: 2000000000]
    #[arg(long, value_name = "N", value_parser = positive)]
    pub(crate) steps: Option<std::num::NonZeroU64>,
    /// How much memory such a search may hold [default: 2048]
    #[arg(long, value_name = "MIB", value_parser = positive)]
    pub(crate) memory_mib: Option<std::num::NonZeroU64>,
    /// How many seconds everything may take; a search that is not done by then says how far it came
    #[arg(long, value_name = "SECONDS")]
    pub(crate) timeout: Option<std::num::NonZeroU64>,
}

/// Where the key of an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Keys {
    /// First in its value: [key, rest]
    First,
    /// Nowhere: values are values
    None,
}

/// What a register holds before anyone writes to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initial {
    /// This
    Value(u64),
    /// Something that nobody wrote, or nothing
    Unknown,
}

impl std::str::FromStr for Initial {
    type Err = String;

    fn from_str(text: &str) -> Result<Initial, String> {
        match text {
            "unknown" => Ok(Initial::Unknown),
            number => number
                .parse()
                .map(Initial::Value)
                .map_err(|_| "expected a number or `unknown`".to_owned()),
        }
    }
}

/// What a read that came back with nil says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Nil {
    /// It found nothing there
    Absent,
    /// It says nothing
    Unknown,
}

/// What a failed compare-and-set says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum FailedCas {
    /// It found another value
    Observed,
    /// It says nothing
    Ignored,
}

const PLANTED_EXAMPLES: &str = "\
Examples:
  zeroloss planted                                 every bug, with the default seeds
  zeroloss planted ack_before_flush A C            one bug, and those of families A and C
  zeroloss planted --seeds 2000 --format markdown > docs/KILL-MATRIX.md
  zeroloss planted --without-fault pause           what is seen only where nodes pause?
  zeroloss planted --without-checker zero_loss     what does no other law see?

Directed is the bug's own scenario, up to 20 seeds; blind is the swarm, which knows of no bug, up to
--seeds. Both begin at seed 1 and stop at ten catches. Seeds to catch is the median, with its 95%
interval. A seed counts as executed if the bug did there what honest code would not have done: what no
seed executed is not covered, and that is not survived. The same seeds run without a bug as a control,
which must be silent. Finished series are kept under --out: the same words go on where they were cut.";

/// `zeroloss planted`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Planted {
    /// Names from `zeroloss list planted`, or letters of families of incidents; none: all
    #[arg(value_name = "NAME|FAMILY")]
    pub(crate) names: Vec<String>,
    /// Blind seeds 1 to N of each bug at most
    #[arg(long, value_name = "N", default_value = "200", value_parser = positive)]
    pub(crate) seeds: std::num::NonZeroU64,
    /// Series at the same time; results do not depend on it [default: one for each core]
    #[arg(long, short, value_name = "N", value_parser = jobs, allow_negative_numbers = true)]
    pub(crate) jobs: Option<std::num::NonZeroUsize>,
    /// Take the lines of this kind of fault out of every plan (`zeroloss list faults`); again for more
    #[arg(long, value_name = "KIND")]
    pub(crate) without_fault: Vec<String>,
    /// Do without this checker (`zeroloss list checkers`); again for more
    #[arg(long, value_name = "NAME")]
    pub(crate) without_checker: Vec<String>,
    /// The folder that will hold finished series
    #[arg(long, value_name = "DIR", default_value = "zeroloss-results")]
    pub(crate) out: PathBuf,
}

/// `zeroloss show`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Show {
    /// A name from `zeroloss list scenarios`, or a path to a TOML file; or whatever `replay` takes
    #[arg(value_name = "SCENARIO|TOKEN|PATH")]
    pub(crate) what: String,
    /// The seed to draw from [default: 1]
    #[arg(long, value_name = "N", value_parser = seed, allow_negative_numbers = true)]
    pub(crate) seed: Option<u64>,
    /// Switch a planted bug on
    #[arg(long, value_name = "NAME")]
    pub(crate) plant: Option<String>,
}

/// `zeroloss list`.
#[derive(Clone, Debug, Args)]
pub(crate) struct List {
    /// What to list; nothing: all of it
    #[arg(value_enum)]
    pub(crate) what: Option<What>,
}

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum What {
    /// The catalogue, by name
    Scenarios,
    /// What can go wrong
    Faults,
    /// The judges
    Checkers,
    /// Sets of scenarios that run together
    Suites,
    /// Bugs that can be switched on
    Planted,
    /// What a history's operations may mean to `check`
    Models,
    /// How a history may be written for `check`
    Formats,
}

/// The hidden `zeroloss rerun`.
#[derive(Clone, Debug, Args)]
pub(crate) struct Rerun {
    /// Keep every trace record in this file
    #[arg(long)]
    pub(crate) trace: Option<PathBuf>,
}

/// A seed, or what would be one.
fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("expected a seed from 0 to {}", u64::MAX))
}

/// How many runs at the same time.
fn jobs(text: &str) -> Result<std::num::NonZeroUsize, String> {
    const MAX: usize = 4_096;
    let number = text.parse().ok().filter(|jobs: &std::num::NonZeroUsize| jobs.get() <= MAX);
    number.ok_or_else(|| format!("expected a number from 1 to {MAX}"))
}

/// A number above zero.
fn positive(text: &str) -> Result<std::num::NonZeroU64, String> {
    text.parse().map_err(|_| format!("expected a number from 1 to {}", u64::MAX))
}

/// One of `count` equal shares, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shard {
    index: usize,
    count: usize,
}

impl Shard {
    /// Whether the `place`-th run, from 0, belongs to this share. Shares take turns, so that each
    /// has something of every scenario.
    pub(crate) fn holds(self, place: usize) -> bool {
        place % self.count == self.index - 1
    }
}

impl std::fmt::Display for Shard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl std::str::FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Shard, String> {
        let expected = || "expected i/n with i from 1 to n, such as 2/4".to_owned();
        let (index, count) = text.split_once('/').ok_or_else(expected)?;
        let [index, count] = [index, count].map(str::parse::<usize>);
        let (Ok(index), Ok(count)) = (index, count) else { return Err(expected()) };
        if (1..=count).contains(&index) { Ok(Shard { index, count }) } else { Err(expected()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_does_not_contradict_itself() {
        Zeroloss::command().debug_assert();
    }

    #[test]
    fn shards_cover_everything_once() {
        let shards = ["1/3", "2/3", "3/3"].map(|text| text.parse::<Shard>().expect("it is valid"));
        for place in 0..10 {
            assert_eq!(shards.iter().filter(|shard| shard.holds(place)).count(), 1);
        }
    }

    #[test]
    fn a_shard_out_of_range_is_refused() {
        for text in ["0/3", "4/3", "1/0", "1", "a/b", "-1/3"] {
            assert!(text.parse::<Shard>().is_err(), "{text}");
        }
    }

    #[test]
    fn help_tells_every_exit_code() {
        let help = Zeroloss::command().render_long_help().to_string();
        for code in ExitCode::BY_PRECEDENCE {
            assert!(help.contains(&format!("{:>3}  {}", code.code(), code.meaning())), "{help}");
        }
    }
}

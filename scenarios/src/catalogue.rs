//! What is on the shelf: scenarios that come with the binary, and suites of them.

use crate::{
    names,
    parse::{Refused, parse},
    scenario::Scenario,
    token::{self, Seeds},
};
use serde::Serialize;
use std::sync::OnceLock;

/// A scenario of the catalogue, as its author wrote it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its name.
    pub name: &'static str,
    /// Its TOML.
    pub text: &'static str,
}

macro_rules! entries {
    ($($name:literal),* $(,)?) => {
        &[$(Entry {
            name: $name,
            text: include_str!(concat!("../catalogue/", $name, ".toml")),
        }),*]
    };
}

/// Every scenario that comes with the binary, in the order in which they are best run: what must be
/// believed first stands first.
pub fn catalogue() -> &'static [Entry] {
    entries![
        "smoke",
        "leader_crash",
        "split_brain",
        "one_way_link",
        "power_loss",
        "rolling_restart",
        "lossy_links",
        "slow_disk",
        "fsync_error",
        "clock_drift",
        "early_ack",
        "stale_hint",
        "old_term",
        "blast_radius",
        "batches",
        "second_leader",
        "half_cut",
        "unflushed_term",
        "lost_arrivals",
        "doubled_requests",
        "late_partitions",
        "quick_terms",
        "quick_restarts",
        "quick_rolls",
        "elect_four",
        "lone_candidate",
        "cut_minority",
        "full_windows",
        "spread_calm",
        "slow_producers",
        "late_copies",
        "swarm",
        "occasions",
        "links_of_clients",
        "flexible_w1_e3",
        "flexible_w2_e4",
        "flexible_w3_e4",
        "shapes_nine_nodes",
        "segments_roll",
        "faults_on_the_dead",
        "reads_slow_clock",
        "reads_stalled_leader",
        "datacenter_outage",
        "nine_nodes",
    ]
}

impl Entry {
    /// The scenario.
    ///
    /// # Panics
    /// Never: a test reads every entry.
    pub fn scenario(&self) -> Scenario {
        let read = parse(&format!("{}.toml", self.name), self.name, self.text);
        read.unwrap_or_else(|why| panic!("the catalogue does not {why}"))
    }
}

/// The scenario of this name, or an error with the nearest name.
pub fn find(name: &str) -> Result<&'static Entry, String> {
    catalogue().iter().find(|entry| entry.name == name).ok_or_else(|| {
        let known: Vec<&str> = catalogue().iter().map(|entry| entry.name).collect();
        names::unknown("scenario", name, &known)
    })
}

/// Whether a scenario is named by its path: the catalogue has no such names.
pub fn is_path(name: &str) -> bool {
    name.ends_with(".toml") || name.contains('/')
}

/// The scenario that a person names: one of the catalogue, or a path.
pub fn load(name: &str) -> Result<Scenario, Refused> {
    let refused = |what| Refused { file: name.to_owned(), line: None, what, others: Vec::new() };
    if !is_path(name) {
        return find(name).map(Entry::scenario).map_err(refused);
    }
    if !token::is_word(name) {
        return Err(refused(format!("expected {}, or its runs could not be named", token::FIT)));
    }
    let text = std::fs::read_to_string(name).map_err(|error| refused(error.to_string()))?;
    parse(name, name, &text)
}

/// A set of scenarios that are run together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Suite {
    /// Its name.
    pub name: &'static str,
    /// What it is for.
    pub why: &'static str,
    /// Seeds of each scenario, unless others are asked for.
    pub seeds: Seeds,
}

/// Every suite.
pub const SUITES: [Suite; 3] = [
    Suite {
        name: "default",
        why: "Every story that fits in about a minute, over a few seeds each.",
        seeds: Seeds { first: 1, last: 3 },
    },
    Suite {
        name: "probes",
        why: "Wider shapes, networks and timers than the default suite has, over a few seeds each.",
        seeds: Seeds { first: 1, last: 3 },
    },
    Suite {
        name: "case-study",
        why: "A datacenter is lost for four hours under steady load.",
        seeds: Seeds { first: 1, last: 1 },
    },
];

/// Names of the scenarios of a suite, in the catalogue's order; none if there is no such suite.
pub fn suite(name: &str) -> Option<Vec<&'static str>> {
    SUITES.iter().find(|suite| suite.name == name)?;
    // The catalogue is parsed once: reports ask for every suite, several times.
    static SUITES_OF: OnceLock<Vec<Vec<String>>> = OnceLock::new();
    let parsed = || catalogue().iter().map(|entry| entry.scenario().suites).collect();
    let suites_of = SUITES_OF.get_or_init(parsed);
    let belongs = |suites: &[String]| suites.iter().any(|suite| suite == name);
    let entries = catalogue().iter().zip(suites_of);
    Some(entries.filter(|(_, suites)| belongs(suites)).map(|(entry, _)| entry.name).collect())
}

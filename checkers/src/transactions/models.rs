//! Anomalies by name, and the consistency models that forbid them.
//!
//! Names and hierarchy are those of Adya's thesis (1999), Bailis et al. (VLDB 2014), Cerone et al.
//! (CONCUR 2015) and of Elle, which put them into one picture. A model is told by how far cycles
//! are forbidden in three orders: of the data alone, with each process in its own order, and with
//! the order of real time. Nothing here forbids predicates: keys are all that a history tells.

use crate::nearest::did_you_mean;

/// The shape of a cycle of dependencies, told by what it needs of *rw* steps: reads of a version
/// that another transaction then replaced. A model that forbids one forbids those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// Only writes over writes.
    G0,
    /// Writes over writes and reads of them: information flows in a circle.
    G1c,
    /// Exactly one rw step.
    GSingle,
    /// Several rw steps, no two in a row.
    GNonadjacent,
    /// Any number of rw steps.
    G2Item,
}

/// Which orders a cycle leans on beside the data, strongest claim last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Order {
    /// None.
    Data,
    /// That a process does one thing after another.
    Process,
    /// That what had ended before something began comes before it.
    Realtime,
}

/// What can be wrong with a history of transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anomaly {
    /// A value was read that nobody wrote.
    Phantom,
    /// One read shows an appended value twice.
    DuplicateElements,
    /// What is assumed of versions puts one before itself.
    CyclicVersions,
    /// A cycle of dependencies.
    Cycle(Shape, Order),
    /// A committed transaction read what an aborted one wrote.
    G1a,
    /// A committed transaction wrote on top of what an aborted one wrote.
    DirtyUpdate,
    /// Two reads of a list, of which neither is the beginning of the other.
    IncompatibleOrder,
    /// A transaction read a value that its writer itself replaced later.
    G1b,
    /// A transaction read something else than its own earlier reads and writes say.
    Internal,
    /// A transaction read what it wrote only later.
    FutureRead,
    /// Two committed transactions read the same version of a key and both replaced it.
    LostUpdate,
    /// Whatever the order of versions, the model is broken.
    NoOrder,
}

impl Anomaly {
    /// The name in the field's words, snake_case, as it begins a summary.
    pub fn name(self) -> &'static str {
        match self {
            Anomaly::Phantom => "phantom",
            Anomaly::DuplicateElements => "duplicate_elements",
            Anomaly::CyclicVersions => "cyclic_versions",
            Anomaly::G1a => "g1a",
            Anomaly::DirtyUpdate => "dirty_update",
            Anomaly::IncompatibleOrder => "incompatible_order",
            Anomaly::G1b => "g1b",
            Anomaly::Internal => "internal",
            Anomaly::FutureRead => "future_read",
            Anomaly::LostUpdate => "lost_update",
            Anomaly::NoOrder => "no_order",
            Anomaly::Cycle(shape, Order::Data) => match shape {
                Shape::G0 => "g0",
                Shape::G1c => "g1c",
                Shape::GSingle => "g_single",
                Shape::GNonadjacent => "g_nonadjacent",
                Shape::G2Item => "g2_item",
            },
            Anomaly::Cycle(shape, Order::Process) => match shape {
                Shape::G0 => "g0_process",
                Shape::G1c => "g1c_process",
                Shape::GSingle => "g_single_process",
                Shape::GNonadjacent => "g_nonadjacent_process",
                Shape::G2Item => "g2_item_process",
            },
            Anomaly::Cycle(shape, Order::Realtime) => match shape {
                Shape::G0 => "g0_realtime",
                Shape::G1c => "g1c_realtime",
                Shape::GSingle => "g_single_realtime",
                Shape::GNonadjacent => "g_nonadjacent_realtime",
                Shape::G2Item => "g2_item_realtime",
            },
        }
    }

    /// How bad it is, worst first: what contradicts every order of versions, then what contradicts
    /// the weakest model.
    pub(crate) fn rank(self) -> u8 {
        match self {
            Anomaly::Phantom => 0,
            Anomaly::DuplicateElements => 1,
            Anomaly::CyclicVersions => 2,
            Anomaly::G1a => 4,
            Anomaly::DirtyUpdate => 5,
            Anomaly::IncompatibleOrder => 6,
            Anomaly::G1b => 7,
            Anomaly::Internal => 8,
            Anomaly::FutureRead => 9,
            Anomaly::LostUpdate => 11,
            Anomaly::NoOrder => 100,
            Anomaly::Cycle(shape, order) => {
                let shape = match shape {
                    Shape::G0 => 3,
                    Shape::G1c => 10,
                    Shape::GSingle => 12,
                    Shape::GNonadjacent => 13,
                    Shape::G2Item => 14,
                };
                shape + 20 * order as u8
            }
        }
    }
}

/// Which orders of versions a model accepts, where the order is not known: there must be one for
/// which this has no contradiction. `wr`, `ww` and `rw` are dependencies of the data, `time` the
/// model's order of processes or of real time.
///
/// The first of these are Adya's phenomena, those of visibility are in the form that Cerone, Gotsman
/// & Yang give them (CONCUR 2015, 2017) and Biswas & Enea (OOPSLA 2019).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Any order: reads of one transaction agree with one another, or not even that.
    Free,
    /// `time`, `wr` and `ww` do not go in a circle.
    Committed,
    /// The same; and who has read from a transaction reads nothing older than what it wrote.
    MonotonicAtomic,
    /// As `Committed`; and nobody replaces what a transaction read before it writes there.
    Cursor,
    /// As `Committed`; and nobody misses a write of a transaction that he read from or follows.
    ReadAtomic,
    /// The same, and who wrote where another wrote before has seen the other.
    UpdateAtomic,
    /// As `ReadAtomic`, over any number of steps.
    Causal,
    /// Everyone sees a beginning of one order of commits.
    Prefix,
    /// No circle has exactly one `rw`: consistent view, parallel snapshot isolation.
    Consistent,
    /// Everyone sees a beginning of one order of commits, and no two write a key at a time.
    Snapshot,
    /// One after another.
    Serial,
}

/// A consistency model, told by what it forbids.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name, as Jepsen and Elle write it.
    pub name: &'static str,
    /// Other names for the same thing.
    pub aliases: &'static [&'static str],
    /// The largest shape of cycle that is forbidden in each order, in the order of `Order`.
    reach: [Option<Shape>; 3],
    /// Whether a transaction must agree with itself.
    is_internal: bool,
    /// Whether updates may not be lost. A model that forbids their cycles need not say it.
    keeps_updates: bool,
    /// Which orders of versions it accepts, and in which order beside the data.
    pub(crate) rule: Rule,
    pub(crate) time: Order,
    /// The nearest rule that is known to imply it, if it is stricter than its own.
    pub(crate) implied_by: Option<Rule>,
}

impl Model {
    /// Whether a history with this anomaly breaks the model.
    pub fn forbids(&self, anomaly: Anomaly) -> bool {
        let is_committed = self.reach[0] >= Some(Shape::G1c);
        match anomaly {
            Anomaly::Phantom | Anomaly::DuplicateElements | Anomaly::CyclicVersions => true,
            Anomaly::NoOrder => true,
            Anomaly::Cycle(shape, order) => self.reach[order as usize] >= Some(shape),
            Anomaly::G1a | Anomaly::G1b | Anomaly::DirtyUpdate => is_committed,
            Anomaly::IncompatibleOrder | Anomaly::FutureRead => is_committed,
            Anomaly::Internal => self.is_internal,
            Anomaly::LostUpdate => self.keeps_updates,
        }
    }

    /// Forbids cycles of what is read, whatever order they lean on.
    pub(crate) const fn of_reads(name: &'static str) -> Model {
        model(name, &[], [G1C, G1C, G1C], false, false, (Rule::Committed, Order::Realtime))
    }

    /// Forbids every cycle.
    pub(crate) const fn of_everything(name: &'static str) -> Model {
        model(name, &[], [G2, G2, G2], true, true, (Rule::Serial, Order::Realtime))
    }

    /// Forbids no cycle.
    pub(crate) const fn of_nothing() -> Model {
        model("nothing", &[], [NO, NO, NO], false, false, (Rule::Free, Order::Data))
    }

    /// The model of this name; for an unknown name, the nearest valid one.
    pub fn find(name: &str) -> Result<&'static Model, String> {
        let wanted = name.trim_start_matches(':').to_ascii_lowercase().replace(['_', ' '], "-");
        let named = |model: &&Model| {
            model.name == wanted
                || model.aliases.iter().any(|alias| alias.eq_ignore_ascii_case(&wanted))
        };
        MODELS.iter().find(named).ok_or_else(|| {
            let names = MODELS
                .iter()
                .flat_map(|model| [model.name].into_iter().chain(model.aliases.iter().copied()));
            format!("unknown isolation `{name}` ({})", did_you_mean(&wanted, names))
        })
    }
}

/// What strict-serializable systems promise: the default.
pub const STRICT_SERIALIZABLE: &Model = &MODELS[MODELS.len() - 1];

const fn model(
    name: &'static str,
    aliases: &'static [&'static str],
    reach: [Option<Shape>; 3],
    is_internal: bool,
    keeps_updates: bool,
    (rule, time): (Rule, Order),
) -> Model {
    Model { name, aliases, reach, is_internal, keeps_updates, rule, time, implied_by: None }
}

/// A model between two rules: it may be broken where the first is kept, and is kept where the
/// second is.
const fn between(model: Model, implied_by: Rule) -> Model {
    Model { implied_by: Some(implied_by), ..model }
}

const NO: Option<Shape> = None;
const G0: Option<Shape> = Some(Shape::G0);
const G1C: Option<Shape> = Some(Shape::G1c);
const SINGLE: Option<Shape> = Some(Shape::GSingle);
const NONADJACENT: Option<Shape> = Some(Shape::GNonadjacent);
const G2: Option<Shape> = Some(Shape::G2Item);

/// Every model, weaker before stronger where one implies the other. *Read atomic* and *causal*
/// include the order of each process, as Biswas & Enea and AWDIT have it; `causal-cerone` does not.
pub const MODELS: &[Model] = {
    use {Order::*, Rule::*};
    &[
        model("cut-isolation", &["item-cut-isolation", "I-CI"], [NO; 3], true, false, (Free, Data)),
        model("read-uncommitted", &["PL-1"], [G0, NO, NO], false, false, (Free, Data)),
        model("read-committed", &["PL-2"], [G1C, NO, NO], false, false, (Committed, Data)),
        between(
            model("monotonic-view", &["PL-2L"], [G1C, NO, NO], false, false, (Committed, Data)),
            Consistent,
        ),
        between(
            model(
                "monotonic-snapshot-read",
                &["PL-MSR"],
                [G1C, NO, NO],
                false,
                false,
                (Committed, Data),
            ),
            Snapshot,
        ),
        model(
            "monotonic-atomic-view",
            &["MAV"],
            [G1C, NO, NO],
            false,
            false,
            (MonotonicAtomic, Data),
        ),
        model("causal-cerone", &[], [G1C, NO, NO], true, false, (Causal, Data)),
        model("prefix", &["prefix-consistency"], [G1C, NO, NO], true, false, (Prefix, Data)),
        model("update-atomic", &[], [G1C, NO, NO], true, true, (UpdateAtomic, Data)),
        model(
            "parallel-snapshot-isolation",
            &["psi"],
            [SINGLE, NO, NO],
            true,
            true,
            (Consistent, Data),
        ),
        model("cursor-stability", &["PL-CS"], [G1C, NO, NO], false, true, (Cursor, Data)),
        model("consistent-view", &["PL-2+"], [SINGLE, NO, NO], false, true, (Consistent, Data)),
        between(
            model(
                "forward-consistent-view",
                &["PL-FCV"],
                [SINGLE, NO, NO],
                false,
                true,
                (Consistent, Data),
            ),
            Snapshot,
        ),
        between(
            model(
                "update-serializable",
                &["PL-3U"],
                [SINGLE, NO, NO],
                false,
                true,
                (Consistent, Data),
            ),
            Serial,
        ),
        model("repeatable-read", &["PL-2.99"], [G2, NO, NO], false, true, (Serial, Data)),
        model(
            "snapshot-isolation",
            &["PL-SI", "si"],
            [NONADJACENT, NO, NO],
            true,
            true,
            (Snapshot, Data),
        ),
        model(
            "serializable",
            &["PL-3", "conflict-serializable"],
            [G2, NO, NO],
            true,
            true,
            (Serial, Data),
        ),
        model(
            "strong-session-read-uncommitted",
            &["strong-session-PL-1"],
            [G0, G0, NO],
            false,
            false,
            (Free, Process),
        ),
        model(
            "strong-session-read-committed",
            &["strong-session-PL-2"],
            [G1C, G1C, NO],
            false,
            false,
            (Committed, Process),
        ),
        model("read-atomic", &["RA"], [G1C, G1C, NO], true, false, (ReadAtomic, Process)),
        model(
            "causal",
            &["causal-consistency", "transactional-causal-consistency", "TCC"],
            [G1C, G1C, NO],
            true,
            false,
            (Causal, Process),
        ),
        model(
            "strong-session-snapshot-isolation",
            &["strong-session-SI"],
            [NONADJACENT, NONADJACENT, NO],
            true,
            true,
            (Snapshot, Process),
        ),
        model(
            "strong-session-serializable",
            &["sequential", "sequential-consistency"],
            [G2, G2, NO],
            true,
            true,
            (Serial, Process),
        ),
        model(
            "strong-read-uncommitted",
            &["strong-PL-1"],
            [G0, G0, G0],
            false,
            false,
            (Free, Realtime),
        ),
        model(
            "strong-read-committed",
            &["strong-PL-2"],
            [G1C, G1C, G1C],
            false,
            false,
            (Committed, Realtime),
        ),
        model(
            "strong-snapshot-isolation",
            &["strong-SI"],
            [NONADJACENT, NONADJACENT, NONADJACENT],
            true,
            true,
            (Snapshot, Realtime),
        ),
        model(
            "strict-serializable",
            &["PL-SS", "strong-serializable"],
            [G2, G2, G2],
            true,
            true,
            (Serial, Realtime),
        ),
    ]
};

#[cfg(test)]
mod tests {
    use super::*;

    fn forbids(name: &str, anomaly: Anomaly) -> bool {
        Model::find(name).expect("a model").forbids(anomaly)
    }

    #[test]
    fn every_model_forbids_what_its_source_says() {
        use {Order::*, Shape::*};
        let cycle = Anomaly::Cycle;
        assert!(forbids("PL-1", cycle(G0, Data)) && !forbids("PL-1", cycle(G1c, Data)));
        assert!(!forbids("read-uncommitted", Anomaly::G1a));
        assert!(forbids("read-committed", Anomaly::G1a) && forbids("PL-2", cycle(G1c, Data)));
        assert!(!forbids("read-committed", cycle(GSingle, Data)));
        assert!(forbids("consistent-view", cycle(GSingle, Data)));
        assert!(!forbids("consistent-view", cycle(GNonadjacent, Data)));
        assert!(forbids("snapshot-isolation", cycle(GNonadjacent, Data)));
        assert!(!forbids("snapshot-isolation", cycle(G2Item, Data)));
        assert!(forbids("repeatable-read", cycle(G2Item, Data)));
        assert!(!forbids("serializable", cycle(GSingle, Process)));
        assert!(forbids("strong-session-snapshot-isolation", cycle(GSingle, Process)));
        assert!(!forbids("strong-session-serializable", cycle(G0, Realtime)));
        assert!(forbids("strict-serializable", cycle(G2Item, Realtime)));
        assert!(forbids("cursor-stability", Anomaly::LostUpdate));
        assert!(!forbids("repeatable-read", Anomaly::Internal));
        assert_eq!(STRICT_SERIALIZABLE.name, "strict-serializable");
    }

    #[test]
    fn names_are_read_as_people_write_them_and_the_nearest_is_told() {
        assert_eq!(Model::find("strict_serializable"), Ok(STRICT_SERIALIZABLE));
        assert_eq!(Model::find(":Strong-Serializable"), Ok(STRICT_SERIALIZABLE));
        let found = |name: &str| Model::find(name).map(|model| model.name);
        assert_eq!(found("read atomic"), Ok("read-atomic"));
        assert_eq!(found("PSI"), Ok("parallel-snapshot-isolation"));
        assert_eq!(found("cut isolation"), Ok("cut-isolation"));
        assert_eq!(found("causal"), Ok("causal"));
        assert_eq!(
            Model::find("serialisable"),
            Err("unknown isolation `serialisable` (did you mean `serializable`?)".to_owned())
        );
    }
}

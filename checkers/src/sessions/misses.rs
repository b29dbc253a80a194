//! What weaker levels permit, counted and told in words: a read that missed something is no
//! violation if its level says that it may, but nobody should have to guess how often it did.

use crate::history::{ReadLevel, Stamp};

/// The name of a level in scenarios, texts and pages.
pub(crate) fn level_name(level: ReadLevel) -> &'static str {
    match level {
        ReadLevel::Eventual => "eventual",
        ReadLevel::Bounded(_) => "bounded",
        ReadLevel::Session => "session",
        ReadLevel::Linearizable => "linearizable",
    }
}

/// Whether a read at this level, asked then, may miss what its session has known since.
pub(crate) fn permits_miss(level: ReadLevel, since: Stamp, called: Stamp) -> bool {
    match level {
        ReadLevel::Eventual => true,
        ReadLevel::Bounded(bound_ns) => called.at_ns.saturating_sub(since.at_ns) <= bound_ns,
        ReadLevel::Session | ReadLevel::Linearizable => false,
    }
}

/// One level.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Reads that the level excused from the law.
    reads: u64,
    /// Those that missed something.
    missed: u64,
    /// The most records that one of them missed.
    records_max: u64,
}

/// Every level that permits a miss.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Misses {
    eventual: Tally,
    bounded: Tally,
    session: Tally,
    linearizable: Tally,
}

impl Misses {
    /// One read that was permitted to miss something, and how many records it did miss.
    pub(crate) fn note(&mut self, level: ReadLevel, records: u64) {
        let tally = match level {
            ReadLevel::Eventual => &mut self.eventual,
            ReadLevel::Bounded(_) => &mut self.bounded,
            ReadLevel::Session => &mut self.session,
            ReadLevel::Linearizable => &mut self.linearizable,
        };
        tally.reads += 1;
        tally.missed += u64::from(records > 0);
        tally.records_max = tally.records_max.max(records);
    }

    /// One sentence for each level at which something was missed: "... ended below `what`".
    pub(crate) fn told(&self, what: &str) -> Vec<String> {
        let levels = [
            ("eventual", self.eventual),
            ("bounded", self.bounded),
            ("session", self.session),
            ("linearizable", self.linearizable),
        ];
        let told = levels.into_iter().filter(|(_, tally)| tally.missed > 0).map(|(name, tally)| {
            let Tally { reads, missed, records_max } = tally;
            let records = if records_max == 1 { "record" } else { "records" };
            format!(
                "permitted by `{name}`: {missed} of {reads} reads ended below {what}, by up to \
                 {records_max} {records}"
            )
        });
        told.collect()
    }
}

//! Partitions that are created while there is trouble: which were asked for, which failed and are asked
//! for again, which stand. Pure bookkeeping; who asks, and when, is for the phases to say.
//!
//! What is made at boot is made on a healthy cluster, so that nothing of it ever meets a fault: a whole
//! kind of mistakes (registries, first blocks, new files, first elections) stays out of reach without
//! these.

use scenarios::Plan;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Birth {
    /// Its time has not come.
    Waits,
    Asked,
    /// Asked for, and nobody can say whether it was made: it is asked for again.
    Failed,
    Stands,
}

/// The partitions of a plan that are created late.
#[derive(Debug)]
pub(crate) struct Late {
    first: u32,
    births: Vec<Birth>,
    pub(crate) is_watched: bool,
}

impl Late {
    pub(crate) fn new(plan: &Plan) -> Late {
        let n_early = plan.placement.n_early();
        let births = vec![Birth::Waits; plan.placement.partitions.len() - n_early];
        Late { first: n_early as u32 + 1, births, is_watched: false }
    }

    /// The time of one has come, or it is asked for again: what to create.
    pub(crate) fn ask(&mut self, which: usize) -> u32 {
        assert_ne!(self.births[which], Birth::Stands, "it stands already");
        self.births[which] = Birth::Asked;
        self.first + which as u32
    }

    /// Those that must be asked for again.
    pub(crate) fn failed(&self) -> Vec<usize> {
        let failed = |which: &usize| self.births[*which] == Birth::Failed;
        (0..self.births.len()).filter(failed).collect()
    }

    /// The answer to a question for one.
    pub(crate) fn answered(&mut self, which: usize, is_created: bool) {
        self.births[which] = if is_created { Birth::Stands } else { Birth::Failed };
    }

    /// Partitions that stand.
    pub(crate) fn standing(&self) -> impl Iterator<Item = u32> + '_ {
        let all = (self.first..).zip(&self.births);
        all.filter(|(_, birth)| **birth == Birth::Stands).map(|(group, _)| group)
    }

    /// Whether this partition is one of those.
    pub(crate) fn has(&self, partition: u32) -> bool {
        partition >= self.first
    }

    /// Whether every one stands.
    pub(crate) fn all_stand(&self) -> bool {
        self.births.iter().all(|birth| *birth == Birth::Stands)
    }
}

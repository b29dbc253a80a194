//! How stale many reads were, in little memory: the oldest exactly, quantiles to one part in 16.

/// Buckets for each doubling.
const STEPS: u64 = 16;

/// The ages of the reads of one level.
#[derive(Debug, Default)]
pub(super) struct Ages {
    count: u64,
    stale: u64,
    oldest: u64,
    /// By bucket: how many. Sixteen for each doubling of nanoseconds.
    buckets: Vec<u64>,
}

impl Ages {
    /// One read, stale by at least so many nanoseconds.
    pub(super) fn note(&mut self, age_ns: u64) {
        self.count += 1;
        if age_ns == 0 {
            return;
        }
        self.stale += 1;
        self.oldest = self.oldest.max(age_ns);
        let bucket = bucket(age_ns);
        if self.buckets.len() <= bucket {
            self.buckets.resize(bucket + 1, 0);
        }
        self.buckets[bucket] += 1;
    }

    /// How many reads there were.
    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// How old the stale reads were, in words; nothing if none was.
    pub(super) fn told(&self, name: &str) -> Option<String> {
        let Ages { count, stale, oldest, .. } = self;
        (*stale > 0).then(|| {
            format!(
                "permitted by `{name}`: {stale} of {count} reads were stale, the oldest by {} s \
                 (p50 {} s, p99 {} s)",
                seconds(*oldest),
                seconds(self.quantile(50)),
                seconds(self.quantile(99))
            )
        })
    }

    /// The age that so many percent of the stale reads did not exceed.
    fn quantile(&self, percent: u64) -> u64 {
        let rank = (self.stale * percent).div_ceil(100).max(1);
        let mut below = 0;
        let reached = self.buckets.iter().position(|count| {
            below += count;
            below >= rank
        });
        reached.map_or(self.oldest, |bucket| top(bucket).min(self.oldest))
    }
}

fn bucket(age: u64) -> usize {
    if age < STEPS {
        return age as usize;
    }
    // The highest four bits below the first one choose the place within a doubling.
    let doubling = u64::from(age.ilog2()) - 4;
    let place = (age >> doubling) - STEPS;
    ((doubling + 1) * STEPS + place) as usize
}

/// The highest age of a bucket.
fn top(bucket: usize) -> u64 {
    let (doubling, place) = (bucket as u64 / STEPS, bucket as u64 % STEPS);
    match doubling {
        0 => place,
        doubling => (((STEPS + place + 1) as u128) << (doubling - 1)).saturating_sub(1) as u64,
    }
}

/// Seconds with three decimals; below a millisecond, with nine.
pub(super) fn seconds(ns: u64) -> String {
    let (whole, rest) = (ns / 1_000_000_000, ns % 1_000_000_000);
    match ns {
        1..1_000_000 => format!("{whole}.{rest:09}"),
        _ => format!("{whole}.{:03}", rest / 1_000_000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_quantile_is_never_below_the_true_one_and_close_to_it(
            ages in prop::collection::vec((1u64..2000, 0u32..40), 1..200), percent in 1u64..100,
        ) {
            let mut ages: Vec<u64> = ages.into_iter().map(|(age, shift)| age << shift).collect();
            let mut told = Ages::default();
            ages.iter().for_each(|age| told.note(*age));
            ages.sort_unstable();
            let rank = (ages.len() as u64 * percent).div_ceil(100).max(1) as usize;
            let (true_one, quantile) = (ages[rank - 1], told.quantile(percent));
            prop_assert!(quantile >= true_one && quantile - true_one <= true_one / 16);
        }
    }

    #[test]
    fn every_age_lies_within_its_bucket() {
        for age in [0, 1, 15, 16, 17, 31, 32, 1 << 40, u64::MAX] {
            assert!(age <= top(bucket(age)));
            assert!(bucket(age) == 0 || top(bucket(age) - 1) < age);
        }
    }
}

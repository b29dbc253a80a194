//! How many seeds it takes to catch a bug, from how many were tried and how many caught it.
//!
//! Seeds are independent, so the seeds up to a catch are geometric: a rate gives their median, and an
//! interval of the rate gives an interval of the median. Floating point is fine here: nothing of it
//! reaches a run, and what is printed is whole seeds.

#![expect(clippy::disallowed_methods, reason = "a figure for people, told in whole seeds")]

/// What is left out on each side of an interval: 95% remain.
const TAIL: f64 = 0.025;
/// Halvings of an interval that holds a rate: more than a float can tell apart.
const HALVINGS: u32 = 60;

/// Seeds to catch a bug. What is unbounded by what was seen is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SeedsToCatch {
    /// The median at the rate that was seen; none if nothing was caught.
    pub(crate) median: Option<u64>,
    /// The 95% interval of the median, from here; none if nothing was tried.
    pub(crate) low: Option<u64>,
    /// To here; none if nothing was caught.
    pub(crate) high: Option<u64>,
}

/// Of `caught` catches in `tried` seeds. `stops_at_catch` says that the last seed tried was the last
/// that was wanted: then the number of seeds was left to chance, not that of catches, and the interval
/// is the exact one of the negative binomial, else Clopper's and Pearson's.
pub(crate) fn seeds_to_catch(tried: u64, caught: u64, stops_at_catch: bool) -> SeedsToCatch {
    assert!(caught <= tried, "{caught} catches in {tried} seeds");
    if tried == 0 {
        return SeedsToCatch { median: None, low: None, high: None };
    }
    let rate = caught as f64 / tried as f64;
    let (lowest, highest) = rates(tried, caught, stops_at_catch && caught > 0);
    SeedsToCatch {
        median: (caught > 0).then(|| median(rate)),
        low: Some(median(highest)),
        high: (caught > 0).then(|| median(lowest)),
    }
}

/// The 95% interval of the rate.
fn rates(tried: u64, caught: u64, stops_at_catch: bool) -> (f64, f64) {
    // P(at least `caught` in `tried`) = TAIL, under both rules.
    let low = match caught {
        0 => 0.0,
        caught => solve(|rate| 1.0 - at_most(tried, caught - 1, rate) < TAIL),
    };
    // P(at most so many) = TAIL; whoever stops at a catch had one less in all seeds but the last.
    let (seeds, most) = if stops_at_catch { (tried - 1, caught - 1) } else { (tried, caught) };
    let high = if most >= seeds { 1.0 } else { solve(|rate| at_most(seeds, most, rate) > TAIL) };
    (low, high)
}

/// Where `is_below` turns, between 0 and 1.
fn solve(is_below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..HALVINGS {
        let middle = f64::midpoint(low, high);
        if is_below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
    f64::midpoint(low, high)
}

/// P(at most `most` catches in `tried` seeds) at this rate.
fn at_most(tried: u64, most: u64, rate: f64) -> f64 {
    if rate <= 0.0 || most >= tried {
        return 1.0;
    }
    if rate >= 1.0 {
        return 0.0;
    }
    // In logarithms: (1 - rate)^tried is below what a float holds, for long series.
    let (mut term, odds) = (tried as f64 * (-rate).ln_1p(), rate.ln() - (-rate).ln_1p());
    let mut sum = term.exp();
    for n in 1..=most {
        term += ((tried - n + 1) as f64).ln() - (n as f64).ln() + odds;
        sum += term.exp();
    }
    sum.min(1.0)
}

/// The smallest number of seeds of which the chance to catch is at least one half.
fn median(rate: f64) -> u64 {
    if rate >= 0.5 {
        return 1;
    }
    // Below this a rate says no more than "more seeds than anybody has".
    const RATE_MIN: f64 = 1e-12;
    let seeds = 0.5_f64.ln() / (-rate.max(RATE_MIN)).ln_1p();
    seeds.ceil() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(got: (f64, f64), want: (f64, f64)) {
        let is_near = |a: f64, b: f64| (a - b).abs() < 5e-5;
        assert!(is_near(got.0, want.0) && is_near(got.1, want.1), "{got:?}, expected {want:?}");
    }

    /// Clopper and Pearson as tables have them.
    #[test]
    fn the_interval_of_a_fixed_number_of_seeds_is_that_of_the_tables() {
        close(rates(10, 0, false), (0.0, 0.30850));
        close(rates(10, 1, false), (0.00253, 0.44502));
        close(rates(20, 5, false), (0.08657, 0.49105));
        close(rates(10, 10, false), (0.69150, 1.0));
        close(rates(2_000, 0, false), (0.0, 0.001843));
    }

    /// One catch in the n-th seed: the chance to come so far is (1-p)^(n-1), to be so early 1-(1-p)^n.
    #[test]
    fn the_interval_up_to_a_first_catch_is_that_of_the_geometric() {
        let n = 100.0_f64;
        let low = 1.0 - 0.975_f64.powf(1.0 / n);
        let high = 1.0 - 0.025_f64.powf(1.0 / (n - 1.0));
        close(rates(100, 1, true), (low, high));
        close(rates(1, 1, true), (0.025, 1.0));
    }

    #[test]
    fn the_median_is_the_first_number_of_seeds_that_has_an_even_chance() {
        assert_eq!([1.0, 0.5, 0.49, 0.3, 0.1, 0.01].map(median), [1, 1, 2, 2, 7, 69]);
        for rate in [0.2_f64, 0.05, 0.003] {
            let missed = |seeds: u64| (1.0 - rate).powf(seeds as f64);
            let seeds = median(rate);
            assert!(missed(seeds) <= 0.5 && missed(seeds - 1) > 0.5, "{rate}: {seeds}");
        }
    }

    #[test]
    fn what_was_not_seen_has_no_figure() {
        let none = SeedsToCatch { median: None, low: None, high: None };
        assert_eq!(seeds_to_catch(0, 0, false), none);
        let escaped = seeds_to_catch(2_000, 0, false);
        assert_eq!(escaped, SeedsToCatch { median: None, low: Some(376), high: None });
        let seen = seeds_to_catch(100, 10, true);
        assert_eq!(seen.median, Some(7));
        assert!(seen.low <= seen.median && seen.median <= seen.high, "{seen:?}");
    }
}

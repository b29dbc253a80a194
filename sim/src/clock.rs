//! One node's two clocks, as lines over world time. The monotonic clock only drifts and never goes
//! back; the wall clock drifts with it, and is also off, jumps both ways and freezes.
//!
//! Everything is a pure function of the world time that is handed in; all arithmetic is on integers.
//! Reads must not go back in world time past the last change. A change of drift moves the armed timer:
//! the world asks [`Clock::world_when_monotonic`] again after it.

use scenarios::Stream;

/// What every wall clock shows at world time 0: 2026-01-01T00:00:00Z, in Unix nanoseconds.
pub const EPOCH_NS: u64 = 1_767_225_600_000_000_000;

const MILLION: i64 = 1_000_000;

/// However many drifts overlap, a clock keeps at least this much of its rate, in parts per million.
const RATE_PPM_MIN: i64 = 100_000;

/// The monotonic and the wall clock of one node.
#[derive(Clone, Debug)]
pub struct Clock {
    /// World time of the last change of rate.
    since_ns: u64,
    /// What the monotonic clock showed then.
    monotonic_ns: u64,
    /// Sum of the drifts that last now.
    drift_ppm: i64,
    /// Wall minus monotonic: the epoch, offsets and jumps.
    wall_ahead_ns: i128,
    /// Freezes that last now, and what the wall clock shows meanwhile.
    freezes: u32,
    frozen_ns: u64,
    jitter_ns_max: u64,
    dice: Stream,
}

impl Clock {
    /// The clocks of `node`, right at world time 0; its timers are late by up to `timer_jitter_us`.
    pub fn new(root: u64, node: u32, timer_jitter_us: u64) -> Clock {
        Clock {
            since_ns: 0,
            monotonic_ns: 0,
            drift_ppm: 0,
            wall_ahead_ns: i128::from(EPOCH_NS),
            freezes: 0,
            frozen_ns: 0,
            jitter_ns_max: timer_jitter_us * 1_000,
            dice: Stream::derive(root, &format!("clock/{node}")),
        }
    }

    /// The monotonic clock at this world time: nanoseconds, never less than at an earlier time.
    pub fn monotonic_ns(&self, world_ns: u64) -> u64 {
        let passed_ns = self.passed_ns(world_ns);
        if self.drift_ppm == 0 {
            return self.monotonic_ns + passed_ns;
        }
        let shown = u128::from(passed_ns) * u128::from(self.rate_ppm()) / MILLION as u128;
        self.monotonic_ns + narrow(shown)
    }

    /// The first world time at which the monotonic clock shows at least `monotonic_ns`, if its drift
    /// stays as it is; the last change of drift if it showed that already before.
    pub fn world_when_monotonic(&self, monotonic_ns: u64) -> u64 {
        let ahead_ns = monotonic_ns.saturating_sub(self.monotonic_ns);
        if self.drift_ppm == 0 {
            return self.since_ns + ahead_ns;
        }
        let passed = (u128::from(ahead_ns) * MILLION as u128).div_ceil(u128::from(self.rate_ppm()));
        self.since_ns + narrow(passed)
    }

    /// The wall clock at this world time, in Unix nanoseconds; 1970 is the earliest it shows.
    pub fn wall_ns(&self, world_ns: u64) -> u64 {
        if self.freezes > 0 { self.frozen_ns } else { self.running_wall_ns(world_ns) }
    }

    /// From now on both clocks run this much faster (slower if negative) than the world, in parts per
    /// million, whatever drifts were added before.
    pub fn set_drift(&mut self, now_ns: u64, ppm: i64) {
        self.monotonic_ns = self.monotonic_ns(now_ns);
        self.since_ns = now_ns;
        self.drift_ppm = ppm;
    }

    /// Adds a drift to those that last; adding its negative lifts it. What it has shifted stays.
    pub fn add_drift(&mut self, now_ns: u64, ppm: i64) {
        self.set_drift(now_ns, self.drift_ppm + ppm);
    }

    /// Puts the wall clock off by `ns` more; adding its negative lifts it. A frozen clock shows the
    /// step at once and stands still there.
    pub fn add_offset(&mut self, now_ns: u64, ns: i64) {
        self.passed_ns(now_ns);
        self.wall_ahead_ns += i128::from(ns);
        self.frozen_ns = self.frozen_ns.saturating_add_signed(ns);
    }

    /// The wall clock jumps by `ns`, for good.
    pub fn jump(&mut self, now_ns: u64, ns: i64) {
        self.add_offset(now_ns, ns);
    }

    /// The wall clock stops. Freezes stack.
    pub fn freeze(&mut self, now_ns: u64) {
        self.frozen_ns = self.wall_ns(now_ns);
        self.freezes += 1;
    }

    /// One freeze is over. After the last one the wall clock leaps to where it would have been.
    pub fn unfreeze(&mut self, now_ns: u64) {
        self.passed_ns(now_ns);
        assert!(self.freezes > 0, "a clock that runs cannot thaw");
        self.freezes -= 1;
    }

    /// How late the next timer of this node fires, in nanoseconds.
    pub fn jitter_ns(&mut self) -> u64 {
        if self.jitter_ns_max == 0 { 0 } else { self.dice.range(0, self.jitter_ns_max) }
    }

    fn running_wall_ns(&self, world_ns: u64) -> u64 {
        let shown = i128::from(self.monotonic_ns(world_ns)) + self.wall_ahead_ns;
        u64::try_from(shown.max(0)).expect("wall clocks stay below the year 2554")
    }

    fn rate_ppm(&self) -> u64 {
        (MILLION + self.drift_ppm).max(RATE_PPM_MIN) as u64
    }

    fn passed_ns(&self, world_ns: u64) -> u64 {
        let since_ns = self.since_ns;
        assert!(world_ns >= since_ns, "clock read at {world_ns}, before its change at {since_ns}");
        world_ns - since_ns
    }
}

fn narrow(ns: u128) -> u64 {
    u64::try_from(ns).expect("five hundred years fit in 64 bits of nanoseconds")
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn clock() -> Clock {
        Clock::new(1, 3, 250)
    }

    #[test]
    fn a_healthy_clock_shows_the_world_and_the_epoch() {
        let clock = clock();
        assert_eq!(clock.monotonic_ns(5 * SECOND), 5 * SECOND);
        assert_eq!(clock.wall_ns(5 * SECOND), EPOCH_NS + 5 * SECOND);
        assert_eq!(clock.world_when_monotonic(5 * SECOND), 5 * SECOND);
    }

    #[test]
    fn drift_bends_both_clocks_and_every_timer() {
        let mut clock = clock();
        clock.set_drift(SECOND, 200_000);
        assert_eq!(clock.monotonic_ns(2 * SECOND), 2_200_000_000);
        assert_eq!(clock.wall_ns(2 * SECOND), EPOCH_NS + 2_200_000_000);
        assert_eq!(clock.world_when_monotonic(2_200_000_000), 2 * SECOND);
        clock.add_drift(2 * SECOND, -400_000);
        assert_eq!(clock.monotonic_ns(3 * SECOND), 3 * SECOND, "0.2 ahead, then 0.2 behind");
        clock.add_drift(3 * SECOND, 200_000);
        assert_eq!(clock.monotonic_ns(4 * SECOND), 4 * SECOND, "lifted, it runs with the world");
    }

    #[test]
    fn an_offset_lasts_until_it_is_lifted_and_spares_the_monotonic_clock() {
        let mut clock = clock();
        clock.add_offset(SECOND, -30 * SECOND as i64);
        assert_eq!(clock.wall_ns(2 * SECOND), EPOCH_NS - 28 * SECOND);
        assert_eq!(clock.monotonic_ns(2 * SECOND), 2 * SECOND);
        clock.add_offset(3 * SECOND, 30 * SECOND as i64);
        assert_eq!(clock.wall_ns(3 * SECOND), EPOCH_NS + 3 * SECOND);
    }

    #[test]
    fn a_jump_stays_and_goes_both_ways() {
        let mut clock = clock();
        clock.jump(SECOND, -(SECOND as i64));
        assert!(clock.wall_ns(SECOND) < clock_before(SECOND), "back");
        clock.jump(SECOND, 3 * SECOND as i64);
        assert_eq!(clock.wall_ns(SECOND), clock_before(SECOND) + 2 * SECOND, "forth");
        assert_eq!(clock.monotonic_ns(SECOND), SECOND);
    }

    fn clock_before(world_ns: u64) -> u64 {
        EPOCH_NS + world_ns
    }

    #[test]
    fn a_frozen_wall_clock_stands_and_then_leaps() {
        let mut clock = clock();
        clock.freeze(SECOND);
        clock.freeze(2 * SECOND);
        clock.unfreeze(3 * SECOND);
        assert_eq!(clock.wall_ns(9 * SECOND), EPOCH_NS + SECOND, "one freeze still lasts");
        assert_eq!(clock.monotonic_ns(9 * SECOND), 9 * SECOND);
        clock.unfreeze(10 * SECOND);
        assert_eq!(clock.wall_ns(10 * SECOND), EPOCH_NS + 10 * SECOND);
    }

    #[test]
    fn timers_are_late_within_their_bound_and_by_their_own_dice() {
        let (mut one, mut same, mut other) = (clock(), clock(), Clock::new(1, 4, 250));
        let late: Vec<u64> = (0..1_000).map(|_| one.jitter_ns()).collect();
        assert!(late.iter().all(|late| *late <= 250_000));
        assert!(late.iter().any(|late| *late > 125_000), "jitter never bites");
        assert_eq!(late, (0..1_000).map(|_| same.jitter_ns()).collect::<Vec<_>>());
        assert_ne!(late, (0..1_000).map(|_| other.jitter_ns()).collect::<Vec<_>>());
        assert_eq!(Clock::new(1, 3, 0).jitter_ns(), 0);
    }

    #[test]
    fn a_wall_clock_never_shows_a_time_before_1970() {
        let mut clock = clock();
        clock.jump(0, i64::MIN / 2);
        assert_eq!(clock.wall_ns(0), 0);
        clock.jump(0, -(i64::MIN / 2));
        assert_eq!(clock.wall_ns(0), EPOCH_NS, "what was cut off at 1970 is not forgotten");
    }

    #[test]
    #[should_panic(expected = "before its change")]
    fn world_time_never_goes_back() {
        let mut clock = clock();
        clock.set_drift(SECOND, 5);
        clock.monotonic_ns(SECOND - 1);
    }

    /// Any history of changes: monotonic stays monotonic, and the inverse is exact to the nanosecond.
    #[test]
    fn whatever_happens_monotonic_rises_and_timers_invert_it() {
        for seed in 0..300 {
            let mut dice = Stream::derive(seed, "clock/histories");
            let mut clock = Clock::new(seed, 1, 0);
            let (mut now_ns, mut shown_ns) = (0, 0);
            for _ in 0..60 {
                now_ns += dice.tail(20_000 * SECOND) >> dice.below(40);
                assert!(clock.monotonic_ns(now_ns) >= shown_ns, "seed {seed}: went back");
                shown_ns = clock.monotonic_ns(now_ns);
                match dice.below(4) {
                    0 => clock.set_drift(now_ns, dice.range(0, 400_000) as i64 - 200_000),
                    1 => clock.add_drift(now_ns, dice.range(0, 400_000) as i64 - 200_000),
                    2 => clock.jump(now_ns, dice.range(0, 8 * SECOND) as i64 - 4 * SECOND as i64),
                    _ => clock.freeze(now_ns),
                }
                assert_eq!(clock.monotonic_ns(now_ns), shown_ns, "seed {seed}: a change moved it");
                let timer_ns = shown_ns + 1 + dice.tail(SECOND);
                let fires_ns = clock.world_when_monotonic(timer_ns);
                assert!(clock.monotonic_ns(fires_ns) >= timer_ns, "seed {seed}: fires early");
                assert!(clock.monotonic_ns(fires_ns - 1) < timer_ns, "seed {seed}: fires late");
            }
        }
    }
}

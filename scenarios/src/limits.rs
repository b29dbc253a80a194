//! How far numbers of a plan may go, and how one that goes further is refused.

/// A month: sums of times stay far from overflow in nanoseconds.
pub(crate) const LONGEST_MS: u64 = 31 * 86_400_000;
/// An hour, for whatever is told in microseconds.
pub(crate) const LONGEST_US: u64 = 3_600_000_000;
/// The greatest factor by which a disk may be slower.
pub(crate) const FACTOR_MAX: i64 = 1_000_000;

pub(crate) fn check_ppm(ppm: u32) -> Result<(), String> {
    ensure(ppm <= 1_000_000, || format!("{ppm} is more than 1,000,000 parts per million"))
}

pub(crate) fn ensure(holds: bool, why: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(why()) }
}

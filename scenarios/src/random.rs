//! Dice with names. Every purpose has its own stream, derived from the root seed and the purpose's
//! name, so that one more draw in one place never moves another place (DESIGN 4).
//!
//! The generator is xoshiro256++ (Blackman and Vigna 2019), seeded by BLAKE3 over root and name: both
//! are specified bit by bit, so a plan drawn today is drawn the same on every platform, for ever. Ranges,
//! weights, tails and shuffles are written out here for the same reason: libraries improve theirs.

use rand_core::{SeedableRng, TryRng};
use rand_xoshiro::Xoshiro256PlusPlus;
use std::convert::Infallible;

/// One named stream of random numbers. It is a generator of the rand family, for whoever draws from one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stream(Xoshiro256PlusPlus);

impl TryRng for Stream {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(bytes)
    }
}

impl Stream {
    /// The stream of this name under this root seed.
    pub fn derive(root: u64, name: &str) -> Stream {
        let mut hasher = blake3::Hasher::new_derive_key("zeroloss random stream 1");
        hasher.update(&root.to_le_bytes());
        hasher.update(name.as_bytes());
        let hash = hasher.finalize();
        assert!(
            *hash.as_bytes() != [0; 32],
            "a stream must not start at the generator's fixed point"
        );
        Stream(Xoshiro256PlusPlus::from_seed(*hash.as_bytes()))
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        let Ok(bits) = self.0.try_next_u64();
        bits
    }

    /// A number in `0..bound`; 0 for a bound of 0. Multiply-shift: its bias is below 2^-32 for every
    /// bound below 2^32.
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// A number in `low..=high`.
    pub fn range(&mut self, low: u64, high: u64) -> u64 {
        assert!(low <= high, "an empty range: {low}..={high}");
        match (high - low).checked_add(1) {
            Some(width) => low + self.below(width),
            None => self.bits(),
        }
    }

    /// True for `ppm` in a million draws. Draws nothing when the rate is 0.
    pub fn hits(&mut self, ppm: u32) -> bool {
        ppm > 0 && self.below(1_000_000) < u64::from(ppm)
    }

    /// One of these.
    pub fn choose<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        assert!(!of.is_empty(), "nothing to choose from");
        &of[self.below(of.len() as u64) as usize]
    }

    /// The place of one of these weights, each as likely as it is heavy.
    pub fn weighted(&mut self, weights: &[u32]) -> usize {
        let sum: u64 = weights.iter().map(|weight| u64::from(*weight)).sum();
        assert!(sum > 0, "every weight is 0");
        let mut draw = self.below(sum);
        for (place, weight) in weights.iter().enumerate() {
            match draw.checked_sub(u64::from(*weight)) {
                Some(rest) => draw = rest,
                None => return place,
            }
        }
        unreachable!("a draw below the sum falls on some weight")
    }

    /// Any order, each as likely (Fisher-Yates).
    pub fn shuffle<T>(&mut self, of: &mut [T]) {
        for place in (1..of.len()).rev() {
            of.swap(place, self.below(place as u64 + 1) as usize);
        }
    }

    /// A long tail up to `max`: uniform, then squared twice by integers, so that half of all draws stay
    /// below a sixteenth of it.
    pub fn tail(&mut self, max: u64) -> u64 {
        let unit = self.bits() >> 32;
        let square = (unit * unit) >> 32;
        let fourth = (square * square) >> 32;
        ((u128::from(fourth) * u128::from(max)) >> 32) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_the_same_for_ever() {
        let mut stream = Stream::derive(1, "golden");
        let drawn: Vec<u64> = (0..3).map(|_| stream.bits()).collect();
        assert_eq!(drawn, GOLDEN, "seeds of old tokens would no longer replay");
    }

    const GOLDEN: [u64; 3] = [17990815503634971216, 7894356345430355941, 9841370228050585611];

    #[test]
    fn the_generator_is_the_published_one() {
        // First outputs of the reference implementation for the state 1, 2, 3, 4.
        let mut seed = [0; 32];
        for (word, bytes) in (1u64..).zip(seed.chunks_exact_mut(8)) {
            bytes.copy_from_slice(&word.to_le_bytes());
        }
        let mut stream = Stream(Xoshiro256PlusPlus::from_seed(seed));
        let drawn: Vec<u64> = (0..4).map(|_| stream.bits()).collect();
        assert_eq!(drawn, [41943041, 58720359, 3588806011781223, 3591011842654386]);
    }

    #[test]
    fn streams_of_different_names_differ() {
        assert_ne!(Stream::derive(1, "a").bits(), Stream::derive(1, "b").bits());
        assert_ne!(Stream::derive(1, "a").bits(), Stream::derive(2, "a").bits());
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut stream = Stream::derive(7, "ranges");
        for _ in 0..10_000 {
            assert!((3..=9).contains(&stream.range(3, 9)));
            assert!(stream.tail(1_000) < 1_000);
            assert_eq!(stream.weighted(&[0, 5, 0]), 1);
        }
    }
}

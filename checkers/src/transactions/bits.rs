//! A relation over a few thousand transactions, a bit for each pair.
//!
//! Dense on purpose: what is asked of it is asked for every pair, and a row is a handful of words.
//! Every word that is touched takes one of `steps`, so that a search that lives on this can stop.

/// Out of steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spent;

/// Which of `n` comes before which.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    n: usize,
    words: usize,
    rows: Vec<u64>,
}

impl Bits {
    /// Nothing before anything.
    pub(crate) fn new(n: usize) -> Bits {
        let words = n.div_ceil(64);
        Bits { n, words, rows: vec![0; n * words] }
    }

    /// Bytes that one over so many takes.
    pub(crate) fn bytes(n: usize) -> u64 {
        (n * n.div_ceil(64) * 8) as u64
    }

    pub(crate) fn set(&mut self, from: u32, to: u32) {
        self.rows[from as usize * self.words + to as usize / 64] |= 1 << (to % 64);
    }

    pub(crate) fn has(&self, from: u32, to: u32) -> bool {
        self.rows[from as usize * self.words + to as usize / 64] & 1 << (to % 64) != 0
    }

    /// Either of two.
    pub(crate) fn or(mut self, other: &Bits) -> Bits {
        self.rows.iter_mut().zip(&other.rows).for_each(|(mine, theirs)| *mine |= theirs);
        self
    }

    /// From the first over one of these and then one of those.
    pub(crate) fn then(&self, next: &Bits, steps: &mut u64) -> Result<Bits, Spent> {
        let mut both = Bits::new(self.n);
        for from in 0..self.n {
            for middle in self.row(from) {
                both.add(from, &next.rows[middle * self.words..(middle + 1) * self.words], steps)?;
            }
        }
        Ok(both)
    }

    /// Over one or more (Warshall).
    pub(crate) fn close(mut self, steps: &mut u64) -> Result<Bits, Spent> {
        let mut through = vec![0; self.words];
        for middle in 0..self.n {
            *steps = steps.checked_sub(self.n as u64 / 8).ok_or(Spent)?;
            let place = middle * self.words;
            through.copy_from_slice(&self.rows[place..place + self.words]);
            for from in 0..self.n {
                if self.has(from as u32, middle as u32) {
                    self.add(from, &through, steps)?;
                }
            }
        }
        Ok(self)
    }

    fn add(&mut self, from: usize, row: &[u64], steps: &mut u64) -> Result<(), Spent> {
        *steps = steps.checked_sub(self.words as u64).ok_or(Spent)?;
        let mine = &mut self.rows[from * self.words..(from + 1) * self.words];
        mine.iter_mut().zip(row).for_each(|(mine, theirs)| *mine |= theirs);
        Ok(())
    }

    /// Whether anything comes before itself.
    pub(crate) fn is_circular(&self) -> bool {
        (0..self.n as u32).any(|one| self.has(one, one))
    }

    /// Whether some pair is here, and the other way round in the other.
    pub(crate) fn closes(&self, other: &Bits) -> bool {
        (0..self.n).any(|from| self.row(from).any(|to| other.has(to as u32, from as u32)))
    }

    fn row(&self, from: usize) -> impl Iterator<Item = usize> + '_ {
        let row = &self.rows[from * self.words..(from + 1) * self.words];
        row.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = left.trailing_zeros() as usize;
                left &= left.wrapping_sub(1);
                (bit < 64).then_some(place * 64 + bit)
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relations_are_composed_and_closed() {
        let mut next = Bits::new(70);
        (0..69).for_each(|one| next.set(one, one + 1));
        let mut steps = 1_000_000;
        let twice = next.then(&next, &mut steps).expect("steps");
        assert!(twice.has(3, 5) && !twice.has(3, 4) && !twice.has(68, 69));
        let all = next.clone().close(&mut steps).expect("steps");
        assert!(all.has(0, 69) && !all.has(69, 0) && !all.is_circular());
        next.set(69, 0);
        assert!(next.closes(&all) && next.clone().close(&mut steps).expect("steps").is_circular());
        assert_eq!(next.close(&mut 3), Err(Spent));
    }
}

//! Numbers and seats. Nodes, partitions, clients and endpoints are named by numbers from 1, as people
//! count; what is kept for each of them stands in a list, at its seat, from 0. Here one becomes the
//! other, and nowhere else.

/// The seat of whoever has this number.
///
/// # Panics
/// If the number is 0: nobody has it.
pub fn seat_of(number: u32) -> usize {
    assert!(number > 0, "numbers begin with 1, and 0 has no seat");
    number as usize - 1
}

/// The number of whoever has this seat.
pub fn number_at(seat: usize) -> u32 {
    seat as u32 + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_and_its_seat_name_each_other() {
        assert_eq!((seat_of(1), number_at(0)), (0, 1));
        assert!((0..20).all(|seat| seat_of(number_at(seat)) == seat));
    }

    #[test]
    #[should_panic(expected = "0 has no seat")]
    fn zero_has_no_seat() {
        seat_of(0);
    }
}

//! **monotonic_writes**: what a session sent after an acknowledgement stands above what had been
//! acknowledged (Terry et al. 1994; Viotti & Vukolic 2016, *MW*; checkers.md 4.7; Jepsen's
//! `nonmonotonic-send`). How that is judged stands in `sends_above`.

use super::sends_above::{Fallen, FloorLaw};
use crate::sessions::message_at;

/// The law.
pub(super) const LAW: FloorLaw = FloorLaw {
    name: "monotonic_writes",
    knew: |known| known.written,
    vacuous: "no session sent again after an acknowledgement",
    learned: |fallen| {
        let Fallen { client, before, .. } = fallen;
        format!("{client} was told that {} is at offset {before}", earlier(fallen))
    },
    wrong: |fallen| {
        let Fallen { client, id, before, fall, .. } = fallen;
        format!(
            "{client} sent m{id} after {} had been acknowledged to it at offset {before} of \
             partition {}, and it stands at the lower offset {}",
            earlier(fallen),
            fall.partition,
            fall.offset
        )
    },
};

/// What had been acknowledged.
fn earlier(fallen: &Fallen<'_>) -> String {
    message_at(fallen.ledger, fallen.fall.partition, fallen.before)
}

#[cfg(test)]
mod tests {
    use crate::testing::{evidence, holds, judge, unknown};

    const LAW: &str = "monotonic_writes";

    #[test]
    fn writes_in_the_order_of_their_session_hold() {
        let verdict = judge(
            LAW,
            "c1 produce p1 m1 @1..2 ok offset=0
             c1 produce p1 m2 @3..4 ok offset=1
             c1 transact p1:m3 @5..6 ok 2
             c2 fetch p1 from=0 @7..8 ok [0:m1 1:m2 2:m3] end=3",
        );
        assert_eq!(holds(&verdict), 4, "two acknowledgements, and two records that have a floor");
    }

    #[test]
    fn a_later_write_below_an_acknowledged_one_is_found_by_acknowledgement_and_by_read() {
        for (second, at) in [
            ("c1 produce p1 m2 @3..4 ok offset=3", 4.0),
            ("c1 produce p1 m2 @3..4 unknown\nc2 fetch p1 from=3 @7..8 ok [3:m2] end=6", 8.0),
            ("c1 transact p1:m2 @3..4 ok -\nc2 poll @7..8 ok p1[3:m2]", 8.0),
        ] {
            let evidence =
                evidence(judge(LAW, &format!("c1 produce p1 m1 @1..2 ok offset=5\n{second}")));
            assert!(evidence.summary.starts_with("monotonic_writes: c1 sent m2"), "{evidence:?}");
            assert_eq!((evidence.offset, evidence.message), (Some(3), Some(2)));
            assert_eq!((evidence.lines.len(), evidence.count), (3, 1));
            assert_eq!(evidence.lines[2].at_ns as f64 / 1e9, at);
        }
    }

    #[test]
    fn writes_that_overlap_or_follow_what_may_be_lost_are_vacuous() {
        for (first, second) in [("quorum @1..3", "@2..4"), ("leader @1..2", "@3..4")] {
            let history = format!(
                "c1 produce p1 m1 {first} ok offset=5\nc1 produce p1 m2 {second} ok offset=3"
            );
            assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
        }
    }

    #[test]
    fn a_message_of_two_calls_is_no_history() {
        let history = "c1 produce p1 m1 @1..2 ok offset=5\nc1 produce p1 m1 @3..4 ok offset=3";
        assert!(unknown(judge(LAW, history)).starts_with("malformed history: m1"));
    }
}

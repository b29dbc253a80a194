//! **writes_follow_reads**: what a session sent after a read stands above everything that the read
//! showed (Terry et al. 1994; Viotti & Vukolic 2016, *WFR*; checkers.md 4.7). How that is judged stands
//! in `sends_above`.
//!
//! Every level only shows what is committed, so reads of every level count, and so does the end of
//! the partition where a fetch tells it. That nobody sees an effect without its cause in another
//! partition is `causal_order`.

use super::sends_above::{Fallen, FloorLaw};

/// The law.
pub(super) const LAW: FloorLaw = FloorLaw {
    name: "writes_follow_reads",
    knew: |known| known.told,
    vacuous: "no session sent to a partition that it had read before",
    learned: |fallen| {
        let Fallen { client, before, fall, .. } = fallen;
        format!("{client} saw that partition {} reaches offset {before}", fall.partition)
    },
    wrong: |fallen| {
        let Fallen { client, id, before, fall, .. } = fallen;
        format!(
            "{client} had seen partition {} reach offset {before} before it sent m{id}, which \
             stands at the lower offset {}",
            fall.partition, fall.offset
        )
    },
};

#[cfg(test)]
mod tests {
    use crate::testing::{evidence, holds, judge, unknown};

    const LAW: &str = "writes_follow_reads";

    #[test]
    fn a_write_above_what_its_session_read_holds() {
        let verdict = judge(
            LAW,
            "c1 produce p1 m1 @1..2 ok offset=0
             c2 fetch p1 from=0 eventual @3..4 ok [0:m1] end=1
             c2 produce p1 m2 @5..6 ok offset=1
             c2 produce p2 m3 @7..8 ok offset=0",
        );
        assert_eq!(holds(&verdict), 1, "partition 2 was never read");
    }

    #[test]
    fn a_write_below_what_its_session_read_is_found() {
        for (read, write) in [
            ("fetch p1 from=0 eventual @1..2 ok [0:m1] end=1", "@5..6 ok offset=0"),
            ("fetch p1 from=9 @1..2 ok [] end=9", "@5..6 ok offset=8"),
            ("poll @1..2 ok p1[4:m1]", "@5..6 unknown\nc3 poll @7..8 ok p1[3:m2]"),
        ] {
            let history = format!("c1 {read}\nc1 produce p1 m2 {write}");
            let evidence = evidence(judge(LAW, &history));
            assert!(
                evidence.summary.starts_with("writes_follow_reads: c1 had seen"),
                "{evidence:?}"
            );
            assert_eq!((evidence.partition, evidence.message), (Some(1), Some(2)));
            assert_eq!(evidence.lines.len(), 3);
        }
    }

    #[test]
    fn a_write_that_overlaps_the_read_or_is_anothers_is_vacuous() {
        for write in ["c1 produce p1 m2 @1.5..6", "c2 produce p1 m2 @5..6"] {
            let history = format!("c1 fetch p1 from=0 @1..2 ok [0:m1] end=1\n{write} ok offset=0");
            assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
        }
    }
}

//! **monotonic_reads**: a read shows whatever an earlier read of its session showed (Terry et al.
//! 1994; Viotti & Vukolic 2016, *MR*; checkers.md 4.7). How that is judged stands in `reads_reach`.
//!
//! A partition that ended at some offset for a session must not end lower for it later, whatever
//! level the earlier read had. An empty poll counts by the client's position, against records that it
//! was shown. That polls go back along a partition is `nonmonotonic_poll`: a position is the client's,
//! not the system's.

use super::reads_reach::ReachLaw;
use crate::{
    breach::line,
    history::{Call, Stamp},
    sessions::{Look, Reach},
    verdict::Evidence,
};

/// The law.
pub(super) const LAW: ReachLaw = ReachLaw {
    name: "monotonic_reads",
    knew: known,
    may_be_held: false,
    vacuous: "no read that must not go back came after another of its session",
    knowledge: "what their own session had read",
    wrong: |at, call, look, _| went_back(at, call, look),
};

/// An end may stand above markers that no poll shows; records are what polls owe.
fn known(look: &Look) -> Reach {
    if look.is_poll { look.before.shown } else { look.before.told }
}

fn went_back(at: Stamp, call: &Call, look: &Look) -> Evidence {
    let (client, partition, end) = (call.client, look.partition, look.end);
    let Reach { end: before, since } = known(look);
    Evidence {
        summary: format!(
            "monotonic_reads: c{client} had seen partition {partition} reach offset {}, and in a \
             later read of the same session it ended at {end}",
            before - 1
        ),
        lines: vec![
            line(
                since,
                format!("c{client} saw that partition {partition} reaches offset {}", before - 1),
            ),
            line(call.called, look.asked(call)),
            line(at, look.told(call)),
        ],
        partition: Some(partition),
        offset: Some(end),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Bench, checkers,
        testing::{evidence, holds, judge, unknown},
        text,
    };

    const LAW: &str = "monotonic_reads";

    #[test]
    fn reads_that_never_go_back_hold_each_session_by_itself() {
        let verdict = judge(
            LAW,
            "c1 fetch p1 from=0 session @1..2 ok [0:m1 1:m2] end=2
             c1 fetch p1 from=2 session @3..4 ok [] end=2
             c2 fetch p1 from=0 session @3..4 ok [0:m1] end=1
             c1 fetch p2 from=0 session @5..6 ok [] end=0
             c1 fetch p1 from=0 linearizable @7..8 ok [0:m1] end=3",
        );
        assert_eq!(holds(&verdict), 2);
    }

    #[test]
    fn a_session_read_that_goes_back_is_found_even_behind_an_eventual_one() {
        for first in ["session", "eventual"] {
            let evidence = evidence(judge(
                LAW,
                &format!(
                    "c1 fetch p1 from=0 {first} @1..2 ok [0:m1 1:m2] end=2
                     c1 fetch p1 from=0 session @3..4 ok [0:m1] end=1"
                ),
            ));
            assert!(evidence.summary.starts_with("monotonic_reads: "), "{evidence:?}");
            assert_eq!((evidence.partition, evidence.offset), (Some(1), Some(1)));
        }
    }

    #[test]
    fn an_eventual_read_may_go_back_and_it_is_told() {
        let history = "c1 fetch p1 from=0 session @1..2 ok [0:m1 1:m2] end=2
                       c1 fetch p1 from=0 eventual @3..4 ok [] end=0";
        let history = text::parse(history).expect("a history").history;
        let judges = checkers(&[LAW.to_owned()]).expect("a known name");
        let judgement = Bench::new(judges).judge(&history).remove(0);
        assert!(unknown(judgement.verdict).starts_with("vacuous"));
        let what = "1 of 1 reads ended below what their own session had read, by up to 2 records";
        assert_eq!(judgement.permitted, [format!("permitted by `eventual`: {what}")]);
    }

    #[test]
    fn an_empty_poll_behind_what_a_fetch_showed_is_found() {
        let history = "c1 poll @0.1..0.2 ok p1[0:m1]
                       c1 fetch p1 from=0 session @1..2 ok [0:m1 1:m2] end=2
                       c1 poll @3..4 ok";
        evidence(judge(LAW, history));
        let sought = history.replace("@1..2 ok [0:m1 1:m2] end=2", "@1..2 ok [0:m1] end=1");
        assert_eq!(holds(&judge(LAW, &sought)), 2);
    }

    #[test]
    fn one_read_alone_or_two_that_overlap_are_vacuous() {
        for second in ["c2 fetch p1 from=0 session @3..4", "c1 fetch p1 from=0 session @1.5..4"] {
            let history =
                format!("c1 fetch p1 from=0 session @1..2 ok [0:m1] end=1\n{second} ok [] end=0");
            assert!(unknown(judge(LAW, &history)).starts_with("vacuous"), "{history}");
        }
    }
}

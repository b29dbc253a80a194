//! **bounded_staleness**: a read at `bounded` misses nothing that was readable so long before it
//! was asked (Golab, Li & Shah 2011, *Δ-atomicity*; Jepsen's `realtime-lag`; checkers.md 4.9).
//!
//! At a read that ended at m, the offset m was surely readable since E(m): the first return of a
//! read that showed m or anything above it, or of its acknowledgement at `quorum` or above, unless
//! a transaction was open that may have held it back. The read was stale by at least its call minus
//! E(m). That is a lower bound, so it accuses nobody wrongly, and what it calls stale was stale.
//!
//! Order is the order of events; how old something is, is a matter of their times. `eventual` and
//! `session` reads are measured as well and told as permitted. A poll counts where it is empty.

mod ages;

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    history::{Call, Offset, Partition, ReadLevel, Stamp},
    ledger::Act,
    sessions::{Look, message_at},
    verdict::{Evidence, Verdict},
};
use ages::{Ages, seconds};

/// Someone was told that a partition reaches so far.
#[derive(Clone, Copy, Debug)]
struct Proof {
    /// One past the highest offset.
    end: Offset,
    at: Stamp,
    client: u32,
    is_read: bool,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct BoundedStaleness {
    /// By partition: proofs that each reach further than all before.
    proofs: Vec<Vec<Proof>>,
    eventual: Ages,
    bounded: Ages,
    session: Ages,
    breach: Breach,
}

impl Checker for BoundedStaleness {
    fn name(&self) -> &'static str {
        "bounded_staleness"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Sessions]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Returned(call) => {
                self.judge(at, call, shared);
                self.note(at, call, shared);
            }
            Event::Called(_)
            | Event::Numbered(..)
            | Event::Fact(_)
            | Event::Seen(_)
            | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let compared = self.bounded.count();
        self.breach.verdict_or(|| {
            Verdict::holds_if_covered(compared, "no read was asked for at `bounded`")
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        let levels =
            [("eventual", &self.eventual), ("bounded", &self.bounded), ("session", &self.session)];
        levels.into_iter().filter_map(|(name, ages)| ages.told(name)).collect()
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl BoundedStaleness {
    fn judge(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        for look in shared.sessions.looks() {
            let proof = self.proofs.get(look.partition as usize).and_then(|proofs| {
                let first = proofs.partition_point(|proof| proof.end <= look.end);
                proofs.get(first).filter(|proof| proof.at.ordinal < call.called.ordinal)
            });
            let age = proof.map_or(0, |proof| call.called.at_ns.saturating_sub(proof.at.at_ns));
            match look.level {
                ReadLevel::Eventual => self.eventual.note(age),
                ReadLevel::Session => self.session.note(age),
                // It misses nothing at all, or `linearizable_log` says so.
                ReadLevel::Linearizable => {}
                ReadLevel::Bounded(bound_ns) => {
                    self.bounded.note(age);
                    if let Some(proof) = proof.filter(|_| age > bound_ns) {
                        self.breach.add(|| stale(at, call, look, proof, (age, bound_ns), shared));
                    }
                }
            }
        }
    }

    fn note(&mut self, at: Stamp, call: &Call, shared: &Shared) {
        for act in shared.ledger.acts() {
            match act {
                Act::Wrote { message, partition, offset: Some(offset) } => {
                    let is_durable =
                        shared.ledger.send_of(*message).is_some_and(|send| send.is_durable());
                    if is_durable
                        && !shared.sessions.is_open_below(*partition, at, &shared.contract)
                    {
                        self.prove(*partition, (*offset).saturating_add(1), at, (call, false));
                    }
                }
                Act::Wrote { offset: None, .. } => {}
                Act::Read(read) => {
                    let records = shared.ledger.records(read).iter();
                    let last = records.map(|seen| seen.offset.saturating_add(1)).max();
                    let end = last.unwrap_or(0).max(read.end.unwrap_or(0));
                    self.prove(read.partition, end, at, (call, true));
                }
            }
        }
    }

    fn prove(
        &mut self,
        partition: Partition,
        end: Offset,
        at: Stamp,
        (call, is_read): (&Call, bool),
    ) {
        let proofs = seat(&mut self.proofs, partition);
        if proofs.last().map_or(0, |proof| proof.end) < end {
            proofs.push(Proof { end, at, client: call.client, is_read });
        }
    }
}

fn stale(
    at: Stamp,
    call: &Call,
    look: &Look,
    proof: &Proof,
    (age, bound_ns): (u64, u64),
    shared: &Shared,
) -> Evidence {
    let (client, partition, end) = (call.client, look.partition, look.end);
    let message = message_at(&shared.ledger, partition, end);
    let Proof { client: witness, end: proven, .. } = *proof;
    let proven = proven - 1;
    let seen = match proof.is_read {
        true => format!("c{witness} read partition {partition} up to offset {proven}"),
        false => format!("c{witness} was told that a message is at offset {proven}"),
    };
    Evidence {
        summary: format!(
            "bounded_staleness: c{client} missed {message} at offset {end} of partition \
             {partition}, which had been readable for {} s; its bound is {} s",
            seconds(age),
            seconds(bound_ns)
        ),
        lines: vec![
            line(proof.at, seen),
            line(call.called, look.asked(call)),
            line(at, look.told(call)),
        ],
        partition: Some(partition),
        offset: Some(end),
        message: shared.ledger.at(partition, end).map(|number| shared.ledger.id(number)),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Bench, Contract, Judgement, ReadLevel, checkers,
        testing::{evidence, holds, judge, unknown},
        text,
    };

    const LAW: &str = "bounded_staleness";

    fn judgement(history: &str, contract: Contract) -> Judgement {
        let history = text::parse(history).expect("a history").history;
        let judges = checkers(&[LAW.to_owned()]).expect("a known name");
        Bench::under(contract, judges).judge(&history).remove(0)
    }

    #[test]
    fn a_read_within_its_bound_holds_and_its_age_is_told() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0
                       c1 produce p1 m2 @3..4 ok offset=1
                       c2 fetch p1 from=0 bounded=5 @6.5..7 ok [0:m1] end=1
                       c2 fetch p1 from=0 eventual @8..9 ok [] end=0";
        let judgement = judgement(history, Contract::default());
        assert_eq!(holds(&judgement.verdict), 1);
        let expected = [
            "permitted by `eventual`: 1 of 1 reads were stale, the oldest by 6.000 s (p50 6.000 s, \
             p99 6.000 s)",
            "permitted by `bounded`: 1 of 1 reads were stale, the oldest by 2.500 s (p50 2.500 s, \
             p99 2.500 s)",
        ];
        assert_eq!(judgement.permitted, expected);
    }

    #[test]
    fn a_read_beyond_its_bound_is_found_whoever_proved_that_more_was_there() {
        for proof in [
            "c1 produce p1 m2 @3..4 ok offset=1",
            "c1 produce p1 m2 @3..3.5 unknown\nc3 fetch p1 from=0 eventual @3..4 ok [0:m1 1:m2] end=2",
            "c3 fetch p1 from=5 @3..4 ok [] end=5",
            "c3 poll @3..4 ok p1[7:m2]",
        ] {
            let evidence = evidence(judge(
                LAW,
                &format!(
                    "c1 produce p1 m1 @1..2 ok offset=0\n{proof}
                     c2 fetch p1 from=0 bounded=5 @9.5..10 ok [0:m1] end=1"
                ),
            ));
            let expected = "readable for 5.500 s; its bound is 5.000 s";
            assert!(evidence.summary.contains(expected), "{evidence:?}");
            assert_eq!((evidence.offset, evidence.lines.len()), (Some(1), 3));
        }
    }

    #[test]
    fn what_came_after_the_call_or_was_held_back_makes_nobody_stale() {
        for history in [
            "c1 produce p1 m1 @1..9.6 ok offset=0",
            "c1 produce p1 m1 leader @1..2 ok offset=0",
            "c3 transact p1:m8 @0.5..0.6 unknown\nc1 produce p1 m1 @1..2 ok offset=1",
        ] {
            let read = "c2 fetch p1 from=0 bounded=5 @9.5..10 ok [] end=0";
            assert_eq!(holds(&judge(LAW, &format!("{history}\n{read}"))), 1, "{history}");
        }
    }

    #[test]
    fn an_empty_poll_is_bounded_by_the_contract() {
        let history = "c2 poll @0.1..0.2 ok p1[0:m0]
                       c1 produce p1 m1 @1..2 ok offset=1
                       c2 poll @9..10 ok";
        let bounded = |bound| Contract { poll: ReadLevel::Bounded(bound), ..Contract::default() };
        evidence(judgement(history, bounded(6_000_000_000)).verdict);
        holds(&judgement(history, bounded(7_000_000_000)).verdict);
    }

    #[test]
    fn without_a_bounded_read_it_is_vacuous() {
        let history = "c1 produce p1 m1 @1..2 ok offset=0
                       c2 fetch p1 from=0 eventual @8..9 ok [] end=0";
        assert!(unknown(judge(LAW, history)).starts_with("vacuous"));
    }
}

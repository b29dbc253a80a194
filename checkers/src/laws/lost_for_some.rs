//! **lost_for_some**: what one client was shown, every client that comes by is shown (agreement of
//! broadcast, Hadzilacos & Toueg 1993; checkers.md 2.3: neither Jepsen's workload nor its cycles see
//! this one).
//!
//! A client came by a message without being shown it if its reads passed over its offset, or if it
//! looked there, under a contract that promises fresh polls, and was shown nothing, then and later.
//! One client that came by is a skip of that client, and `poll_skip` tells it. If more came by than
//! saw the message, it is the log that lost it, for some. If the message was never acknowledged, one
//! has read what was not there to stay: *read_then_vanish*, a dirty read.

use super::{
    existence::Existence,
    looks::Looks,
    positions::Step,
    words::{malformed, sent},
};
use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Offset, Partition, Stamp},
    ledger::{Fate, Ledger, Number},
    verdict::{Evidence, Line, Verdict},
};
use std::collections::BTreeMap;

/// How many messages it looks into. A log that loses more has shown enough.
const SUSPECTS_MAX: usize = 4096;

/// One client that came by a message and was not shown it.
#[derive(Debug)]
struct Passer {
    client: u32,
    lines: Vec<Line>,
}

/// Messages that somebody saw and somebody else came by, by place.
type Suspects = BTreeMap<(Partition, Offset), Vec<Passer>>;

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct LostForSome {
    looks: Looks,
    existence: Existence,
    /// Every step over something. In a log without gaps there are none.
    skips: Vec<Step>,
}

impl Checker for LostForSome {
    fn name(&self) -> &'static str {
        "lost_for_some"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients, Topic::Ledger]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        self.existence.observe(at, event, shared);
        let skips = &mut self.skips;
        self.looks.observe(
            event,
            shared,
            |_, _| {},
            |step| {
                if step.to > step.due {
                    skips.push(step);
                }
            },
        );
    }

    fn finish(mut self: Box<Self>, shared: &Shared) -> Verdict {
        let ledger = &shared.ledger;
        if let Some(unknown) = malformed(ledger) {
            return unknown;
        }
        self.skips.sort_by_key(|step| (step.partition, step.client, step.run, step.due));
        let mut suspects = Suspects::new();
        self.suspect_skipped(ledger, &mut suspects);
        for partition in ledger.partitions() {
            self.suspect_missed(ledger, partition, &mut suspects);
        }
        let mut breach = Breach::default();
        for ((partition, offset), passers) in &suspects {
            let seers = self.seers(*partition, *offset);
            let Some(message) = ledger.at(*partition, *offset) else { continue };
            if passers.len() > seers.len() {
                breach.add(|| {
                    let place = (message, *partition, *offset);
                    let mut evidence = evidence(ledger, place, passers, &seers);
                    let proof = self.existence.proof(*partition, true, *offset);
                    let proof = proof.filter(|proof| seers.contains(&proof.client));
                    evidence.lines.extend(proof.map(|proof| proof.line(*partition)));
                    evidence
                });
            }
        }
        let shared_reads = ledger.partitions().map(|partition| {
            let readers = self.looks.positions().runs(partition).count() as u64;
            if readers > 1 { readers } else { 0 }
        });
        breach.verdict_or(|| {
            Verdict::holds_if_covered(shared_reads.sum(), "no two clients read one partition")
        })
    }
}

impl LostForSome {
    /// Messages that reads passed over.
    fn suspect_skipped(&self, ledger: &Ledger, suspects: &mut Suspects) {
        for step in self.skips.iter().filter(|step| !step.is_permitted) {
            let between = ledger.standing(step.partition, step.due);
            for (offset, message) in between.take_while(|(offset, _)| *offset < step.to) {
                let lines = || {
                    let Step { client, partition, to, at, .. } = *step;
                    let text = format!(
                        "c{client} was shown offset {to} of partition {partition} and never this one"
                    );
                    vec![line(at, text)]
                };
                let place = (step.partition, offset);
                self.suspect(ledger, (place, message), step.client, lines, suspects);
            }
        }
    }

    /// Messages that looks did not show.
    fn suspect_missed(&self, ledger: &Ledger, partition: Partition, suspects: &mut Suspects) {
        for look in self.looks.at(partition) {
            let is_old = |at: Stamp| look.owes(at).unwrap_or(false);
            let end = self.existence.end(partition, look.is_held, is_old);
            let first = look.from();
            let standing = ledger.standing(partition, first);
            for (offset, message) in standing.take_while(|(offset, _)| *offset < end) {
                let Some(send) = ledger.send_of(message) else { continue };
                if look.covers(Some(offset), send.called) {
                    let lines = || look.lines(partition);
                    let place = (partition, offset);
                    self.suspect(ledger, (place, message), look.client, lines, suspects);
                }
            }
        }
    }

    fn suspect(
        &self,
        ledger: &Ledger,
        (place, message): ((Partition, Offset), Number),
        client: u32,
        lines: impl FnOnce() -> Vec<Line>,
        suspects: &mut Suspects,
    ) {
        let is_full = suspects.len() >= SUSPECTS_MAX && !suspects.contains_key(&place);
        if is_full || !ledger.is_read(message) || self.has_seen(client, place) {
            return;
        }
        let passers = suspects.entry(place).or_default();
        if passers.iter().all(|passer| passer.client != client) {
            passers.push(Passer { client, lines: lines() });
        }
    }

    /// The clients that were shown what stands there.
    fn seers(&self, partition: Partition, offset: Offset) -> Vec<u32> {
        let clients = self.looks.positions().runs(partition).map(|(client, _)| client);
        clients.filter(|client| self.has_seen(*client, (partition, offset))).collect()
    }

    /// Whether the offset lies in a run of the client's reads that did not step over it.
    fn has_seen(&self, client: u32, (partition, offset): (Partition, Offset)) -> bool {
        let Some(runs) = self.looks.positions().runs_of(client, partition) else { return false };
        (0..).zip(runs).any(|(run, (first, last))| {
            (*first..=*last).contains(&offset) && {
                let key = (partition, client, run, offset);
                let place = self.skips.partition_point(|step| {
                    (step.partition, step.client, step.run, step.due) <= key
                });
                let before = place.checked_sub(1).map(|place| &self.skips[place]);
                before.is_none_or(|step| {
                    let is_here = (step.partition, step.client, step.run) == (key.0, key.1, key.2);
                    !is_here || step.to <= offset
                })
            }
        })
    }
}

fn evidence(
    ledger: &Ledger,
    (message, partition, offset): (Number, Partition, Offset),
    passers: &[Passer],
    seers: &[u32],
) -> Evidence {
    let id = ledger.id(message);
    let name = match ledger.send_of(message).map(|send| send.fate) {
        Some(Fate::Acknowledged) => "lost_for_some",
        Some(Fate::Unknown | Fate::Refused) | None => "read_then_vanish",
    };
    let clients = |clients: &mut dyn Iterator<Item = u32>| {
        clients.map(|client| format!("c{client}")).collect::<Vec<_>>().join(", ")
    };
    let saw = clients(&mut seers.iter().copied().take(6));
    let passed = clients(&mut passers.iter().map(|passer| passer.client).take(6));
    let mut lines = sent(ledger, message);
    for passer in passers.iter().take(4) {
        lines.extend(passer.lines.iter().cloned());
    }
    Evidence {
        summary: format!(
            "{name}: m{id} at offset {offset} of partition {partition} was shown to {saw}, and not \
             to {passed}, who came by later",
        ),
        lines,
        partition: Some(partition),
        offset: Some(offset),
        message: Some(id),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests {
    use crate::{
        Contract,
        testing::{evidence, holds, judge, judgement, unknown},
    };

    const SENT: &str = "c1 produce p1 m1,m2,m3 @0.1..0.2 ok offset=0
                        c2 poll @1..2 ok p1[0:m1 1:m2 2:m3]\n";

    fn history(calls: &str) -> String {
        format!("{SENT}{calls}")
    }

    #[test]
    fn what_all_are_shown_holds_and_so_does_one_that_skips() {
        let all = "c3 poll @3..4 ok p1[0:m1 1:m2 2:m3]\nc4 poll @3..4 ok p1[1:m2]";
        assert_eq!(holds(&judge("lost_for_some", &history(all))), 3);
        let one = "c3 poll @3..4 ok p1[0:m1 2:m3]";
        assert_eq!(holds(&judge("lost_for_some", &history(one))), 2);
    }

    #[test]
    fn more_that_came_by_than_saw_it_is_a_violation() {
        let two = "c3 poll @3..4 ok p1[0:m1 2:m3]
                   c4 poll @3..4 ok p1[0:m1]\nc4 poll @5..6 ok p1[2:m3]";
        let evidence = evidence(judge("lost_for_some", &history(two)));
        let place =
            "lost_for_some: m2 at offset 1 of partition 1 was shown to c2, and not to c3, c4";
        assert!(evidence.summary.starts_with(place), "{evidence:?}");
        assert_eq!((evidence.offset, evidence.count), (Some(1), 1));
    }

    #[test]
    fn a_message_that_was_never_acknowledged_vanishes() {
        let history = "c1 produce p1 m1 @0.1..0.2 ok offset=0
                       c1 produce p1 m2 @0.3..0.4 unknown
                       c2 poll @1..2 ok p1[0:m1 1:m2]
                       c3 poll @3..4 ok p1[0:m1]\nc3 poll @5..6 ok
                       c4 poll @3..4 ok p1[0:m1]\nc4 poll @5..6 ok";
        let text = evidence(judge("lost_for_some", history)).summary;
        assert!(text.starts_with("read_then_vanish: m2 at offset 1"), "{text}");
        let verdict = judgement("lost_for_some", history, Contract::kafka()).verdict;
        assert_eq!(holds(&verdict), 3, "an eventual poll may come up empty");
    }

    #[test]
    fn a_client_that_comes_back_and_sees_it_has_not_lost_it() {
        let back = "c3 poll @3..4 ok p1[0:m1 2:m3]
                    c4 poll @3..4 ok p1[0:m1 2:m3]
                    c4 assign p1 @5..6 ok\nc4 poll @7..8 ok p1[0:m1 1:m2]";
        assert_eq!(holds(&judge("lost_for_some", &history(back))), 3);
        let late = "c3 poll @3..4 ok p1[0:m1]\nc3 poll @5..6 ok\nc3 poll @7..8 ok p1[1:m2 2:m3]
                    c4 poll @3..4 ok p1[0:m1]\nc4 poll @5..6 ok\nc4 poll @7..8 ok p1[1:m2 2:m3]";
        assert_eq!(holds(&judge("lost_for_some", &history(late))), 3);
    }

    #[test]
    fn without_two_clients_that_read_a_partition_it_is_vacuous() {
        assert!(unknown(judge("lost_for_some", SENT)).starts_with("vacuous"));
    }
}

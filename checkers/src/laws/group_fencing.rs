//! **group_fencing**: a group has one owner for each partition in a generation, and what belongs to
//! an earlier generation is turned away (messaging.md 2.0 GF, S41; KIP-848; Kafka's
//! `ILLEGAL_GENERATION`; checkers.md 4.8).
//!
//! - *zombie_commit*: offsets were committed under a generation after a later one had begun.
//! - *double_assignment*: two members own one partition in the same generation. A member that does
//!   not know yet that its generation is over may go on reading; only what it commits is fenced.
//! - *generation_went_back*: who joined later was told an earlier generation.
//!
//! A generation has surely begun when a member was told of it; calls that overlap that may still
//! belong to the one before. A call that did not succeed says nothing. A static member that comes
//! back under its old name (KIP-345) must keep its client's number. Partitions that had an owner
//! and have none in a group's last generation are told, not judged: the group may not want them.

use crate::{
    breach::{Breach, line},
    checker::{Checker, Event, Shared, Topic},
    history::{Ask, Call, Outcome, Partition, Reply, Stamp},
    verdict::{Evidence, Line, Verdict},
};
use std::collections::{BTreeMap, BTreeSet};

/// Someone was told of a generation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fence {
    generation: u64,
    client: u32,
    at: Stamp,
}

/// One group.
#[derive(Debug, Default)]
struct Group {
    /// The highest generation that anyone was told of, and who was first.
    fence: Option<Fence>,
    /// By generation and partition: the owner, and since when.
    owners: BTreeMap<(u64, Partition), (u32, Stamp)>,
    /// Someone may have joined and not know it, and own what nobody else does.
    has_strangers: bool,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct GroupFencing {
    groups: BTreeMap<u64, Group>,
    /// Calls under way: the fence of their group when they were made.
    open: BTreeMap<u64, Fence>,
    compared: u64,
    breach: Breach,
}

impl Checker for GroupFencing {
    fn name(&self) -> &'static str {
        "group_fencing"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, _shared: &Shared) {
        match event {
            Event::Called(call) => {
                let (Ask::Join { group } | Ask::CommitOffsets { group, .. }) = &call.ask else {
                    return;
                };
                if let Some(fence) = self.groups.get(group).and_then(|group| group.fence) {
                    self.open.insert(call.id, fence);
                }
            }
            Event::Returned(call) => self.judge(at, call),
            Event::Numbered(..) | Event::Fact(_) | Event::Seen(_) | Event::Mark(_) => {}
        }
    }

    fn finish(self: Box<Self>, _shared: &Shared) -> Verdict {
        let compared = self.compared;
        self.breach.verdict_or(|| {
            let what = "no member joined or committed after its group had a generation";
            Verdict::holds_if_covered(compared, what)
        })
    }

    fn permitted(&self, _shared: &Shared) -> Vec<String> {
        self.groups.iter().filter_map(|(group, members)| members.orphans(*group)).collect()
    }

    fn is_breached(&self) -> bool {
        self.breach.is_some()
    }
}

impl GroupFencing {
    fn judge(&mut self, at: Stamp, call: &Call) {
        let fence = self.open.remove(&call.id);
        let client = call.client;
        match (&call.ask, &call.outcome) {
            (Ask::Join { group }, Outcome::Ok(Reply::Joined { generation, partitions })) => {
                let members = self.groups.entry(*group).or_default();
                let now = Fence { generation: *generation, client, at };
                if let Some(fence) = fence {
                    self.compared += 1;
                    if *generation < fence.generation {
                        self.breach.add(|| went_back(call, *group, fence, now));
                    }
                }
                members.raise(now);
                for partition in partitions {
                    let place = (*generation, *partition);
                    let owner = members.owners.entry(place).or_insert((client, at));
                    if owner.0 == client {
                        continue;
                    }
                    self.compared += 1;
                    let owner = *owner;
                    self.breach.add(|| owned_twice(*group, place, owner, (client, at)));
                }
            }
            (Ask::Join { group }, Outcome::Unknown(_)) => {
                self.groups.entry(*group).or_default().has_strangers = true;
            }
            (
                Ask::CommitOffsets { group, generation, offsets },
                Outcome::Ok(Reply::OffsetsCommitted),
            ) => {
                let now = Fence { generation: *generation, client, at };
                if let Some(fence) = fence {
                    self.compared += 1;
                    if *generation < fence.generation {
                        self.breach.add(|| zombie(call, *group, fence, now, offsets));
                    }
                }
                self.groups.entry(*group).or_default().raise(now);
            }
            (_, Outcome::Ok(_) | Outcome::Refused(_) | Outcome::Unknown(_)) => {}
        }
    }
}

impl Group {
    fn raise(&mut self, now: Fence) {
        if self.fence.is_none_or(|fence| fence.generation < now.generation) {
            self.fence = Some(now);
        }
    }

    /// Partitions that had an owner and have none in the last generation, in words.
    fn orphans(&self, group: u64) -> Option<String> {
        let (last, _) = *self.owners.last_key_value()?.0;
        let is_last = |place: &(u64, Partition)| place.0 == last;
        let owned: BTreeSet<Partition> =
            self.owners.keys().filter(|place| is_last(place)).map(|place| place.1).collect();
        let all: BTreeSet<Partition> = self.owners.keys().map(|place| place.1).collect();
        let orphans: Vec<String> = all.difference(&owned).map(|p| format!("p{p}")).collect();
        (!orphans.is_empty() && !self.has_strangers).then(|| {
            format!(
                "orphan_partition: {} of g{group} had owners, and none in its last generation \
                 {last}",
                orphans.join(", ")
            )
        })
    }
}

fn began(group: u64, fence: Fence) -> Line {
    let Fence { generation, client, at } = fence;
    line(at, format!("c{client} was told of generation {generation} of g{group}"))
}

fn zombie(
    call: &Call,
    group: u64,
    fence: Fence,
    now: Fence,
    offsets: &[(Partition, u64)],
) -> Evidence {
    let (client, generation) = (now.client, now.generation);
    let offsets: Vec<String> = offsets.iter().map(|(p, offset)| format!("p{p}={offset}")).collect();
    let offsets = offsets.join(",");
    Evidence {
        summary: format!(
            "zombie_commit: c{client} committed {offsets} for g{group} under generation \
             {generation} after generation {} had begun",
            fence.generation
        ),
        lines: vec![
            began(group, fence),
            line(
                call.called,
                format!("c{client} asked to commit {offsets} under generation {generation}"),
            ),
            line(now.at, format!("c{client} was told that it is committed")),
        ],
        partition: call.partition(),
        ..Evidence::default()
    }
}

fn went_back(call: &Call, group: u64, fence: Fence, now: Fence) -> Evidence {
    let client = now.client;
    Evidence {
        summary: format!(
            "generation_went_back: c{client} joined g{group} in generation {} after generation {} \
             had begun",
            now.generation, fence.generation
        ),
        lines: vec![
            began(group, fence),
            line(call.called, format!("c{client} asked to join g{group}")),
            began(group, now),
        ],
        ..Evidence::default()
    }
}

fn owned_twice(
    group: u64,
    (generation, partition): (u64, Partition),
    (first, since): (u32, Stamp),
    (second, at): (u32, Stamp),
) -> Evidence {
    let owns = |client: u32| {
        format!("c{client} was told that it owns p{partition} in generation {generation}")
    };
    Evidence {
        summary: format!(
            "double_assignment: partition {partition} belongs to c{first} and to c{second} in \
             generation {generation} of g{group}"
        ),
        lines: vec![line(since, owns(first)), line(at, owns(second))],
        partition: Some(partition),
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

    const LAW: &str = "group_fencing";

    #[test]
    fn a_group_that_rebalances_holds() {
        let verdict = judge(
            LAW,
            "c1 join g1 @1..2 ok generation=1 p1,p2
             c1 commit g1 generation=1 p1=3 @3..4 ok
             c2 join g1 @5..7 ok generation=2 p2
             c1 join g1 @6..8 ok generation=2 p1
             c1 commit g1 generation=1 p1=4 @9..10 refused (illegal generation)
             c1 commit g1 generation=2 p1=4 @11..12 ok
             c9 join g2 @13..14 ok generation=1 p1",
        );
        assert_eq!(holds(&verdict), 4, "the first join of each group has nothing before it");
    }

    #[test]
    fn a_commit_of_an_earlier_generation_is_a_zombie() {
        let evidence = evidence(judge(
            LAW,
            "c1 join g1 @1..2 ok generation=1 p1
             c2 join g1 @3..4 ok generation=2 p1
             c1 commit g1 generation=1 p1=4 @5..6 ok",
        ));
        let expected = "zombie_commit: c1 committed p1=4 for g1 under generation 1";
        assert!(evidence.summary.starts_with(expected), "{evidence:?}");
        assert_eq!(evidence.lines.len(), 3);
    }

    #[test]
    fn a_commit_that_overlaps_the_next_generation_or_of_another_group_is_none() {
        for commit in [
            "c1 commit g1 generation=1 p1=4 @3.5..6 ok",
            "c1 commit g1 generation=1 p1=4 @5..6 unknown",
        ] {
            let history = format!(
                "c1 join g1 @1..2 ok generation=1 p1
                 c2 join g1 @3..4 ok generation=2 p1
                 c3 join g2 @1..2 ok generation=9 p1
                 {commit}"
            );
            holds(&judge(LAW, &history));
        }
    }

    #[test]
    fn two_owners_in_one_generation_are_found_and_in_two_are_not() {
        let history = |generation| {
            format!(
                "c1 join g1 @1..4 ok generation=2 p1,p2
                 c2 join g1 @1..4 ok generation={generation} p2,p3"
            )
        };
        let evidence = evidence(judge(LAW, &history(2)));
        assert!(evidence.summary.starts_with("double_assignment: partition 2"), "{evidence:?}");
        assert!(unknown(judge(LAW, &history(3))).starts_with("vacuous"));
    }

    #[test]
    fn a_generation_never_goes_back() {
        let evidence = evidence(judge(
            LAW,
            "c1 join g1 @1..2 ok generation=5 p1\nc2 join g1 @3..4 ok generation=4 p2",
        ));
        assert!(evidence.summary.starts_with("generation_went_back: c2"), "{evidence:?}");
    }

    #[test]
    fn partitions_without_an_owner_are_told() {
        let history = "c1 join g1 @1..2 ok generation=1 p1,p2\nc1 join g1 @3..4 ok generation=2 p1";
        let told = |history: &str| {
            let history = text::parse(history).expect("a history").history;
            let judges = checkers(&[LAW.to_owned()]).expect("a known name");
            Bench::new(judges).judge(&history).remove(0).permitted
        };
        let expected = "orphan_partition: p2 of g1 had owners, and none in its last generation 2";
        assert_eq!(told(history), [expected]);
        assert_eq!(told(&format!("{history}\nc3 join g1 @3..5 unknown")), [""; 0]);
    }

    #[test]
    fn without_a_group_it_is_vacuous() {
        let history = "c1 join g1 @1..2 refused\nc1 produce p1 m1 @1..2 ok offset=0";
        assert!(unknown(judge(LAW, history)).starts_with("vacuous"));
    }
}

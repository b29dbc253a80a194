//! Changes of what the oracle of calm showed: who heard its leader, and who was owed an answer.

use crate::{
    kind::Kind,
    stream::{Stream, Told},
};
use checkers::{Fact, Heard, Mark, Outcome};

pub(crate) const KINDS: &[Kind] = &[
    Kind {
        name: "beat_ignored",
        what: "a voter begins a term or grants a vote just after it heard the leader of its own",
        laws: &["leader_stability"],
        change: beat_ignored,
    },
    Kind {
        name: "rounds_too_many",
        what: "a leader began more rounds of heartbeats than its life explains",
        laws: &["leader_stability"],
        change: rounds_too_many,
    },
    Kind {
        name: "calls_fail",
        what: "every call that went well fails, though nothing was wrong",
        laws: &["availability"],
        change: calls_fail,
    },
    Kind {
        name: "never_answered",
        what: "the first call that was answered stays open for ever",
        laws: &["call_deadlines"],
        change: never_answered,
    },
    Kind {
        name: "knock_unanswered",
        what: "the metadata group never answers the harness's knock after heal",
        laws: &["liveness"],
        change: knock_unanswered,
    },
];

fn beat_ignored(stream: &mut Stream) -> Option<()> {
    let ballots = stream.facts().filter(|(_, fact)| matches!(fact, Fact::Balloted { .. }));
    let ballots: Vec<usize> = ballots.map(|(place, _)| place).collect();
    let place = *ballots.get(ballots.len() / 2)?;
    if let Fact::Balloted { own, heard, .. } = stream.fact_mut(place) {
        *heard = Some(Heard { term: *own, ago_ns: 0 });
    }
    Some(())
}

fn rounds_too_many(stream: &mut Stream) -> Option<()> {
    let begun = |fact: &Fact| matches!(fact, Fact::Rounds { rounds, .. } if *rounds > 0);
    let place = stream.facts().find(|(_, fact)| begun(fact))?.0;
    if let Fact::Rounds { rounds, elapsed_ns, .. } = stream.fact_mut(place) {
        *rounds += 1_000 + *elapsed_ns / 1_000_000;
    }
    Some(())
}

fn calls_fail(stream: &mut Stream) -> Option<()> {
    let mut failed = 0;
    for place in 0..stream.told.len() {
        let Told::Returned(call) = stream.told[place].1 else { continue };
        let call = &mut stream.calls[call];
        if let Outcome::Ok(_) = call.outcome {
            call.outcome = Outcome::Unknown("no answer in time".to_owned());
            failed += 1;
        }
    }
    (failed > 0).then_some(())
}

fn never_answered(stream: &mut Stream) -> Option<()> {
    let place = stream.find(|told| matches!(told, Told::Returned(_)))?;
    let (_, Told::Returned(call)) = stream.told.remove(place) else { return None };
    let call = &mut stream.calls[call];
    (call.returned, call.outcome) = (None, Outcome::Unknown("no answer".to_owned()));
    Some(())
}

fn knock_unanswered(stream: &mut Stream) -> Option<()> {
    let healed = stream.mark(|mark| matches!(mark, Mark::Healed { .. }))?;
    let Told::Mark(Mark::Healed { bound_ns, .. }) = stream.told[healed].1 else { return None };
    let answers = stream.facts().filter(|(_, fact)| matches!(fact, Fact::Opened { .. }));
    let places: Vec<usize> = answers.map(|(place, _)| place).collect();
    let drain = stream.mark(|mark| *mark == Mark::Draining)?;
    stream.told[drain..].iter_mut().for_each(|(at_ns, _)| *at_ns += bound_ns);
    for place in places.iter().rev() {
        stream.told.remove(*place);
    }
    (!places.is_empty()).then_some(())
}

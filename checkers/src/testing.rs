//! What the tests of the laws share: a bench of one judge, and short words for events.

use crate::{
    Bench, Configuration, Contract, EntryId, Event, Evidence, Fact, Judgement, Node, Stamp,
    Verdict, Voter, checkers, text,
};

/// One judge and a clock that ticks by itself: one ordinal and one millisecond for each event.
pub(crate) struct World {
    pub(crate) bench: Bench,
    pub(crate) now: Stamp,
}

impl World {
    pub(crate) fn of(name: &str) -> World {
        let judges = checkers(&[name.to_owned()]).expect("a known name");
        World { bench: Bench::new(judges), now: Stamp::default() }
    }

    pub(crate) fn tell(&mut self, event: Event<'_>) {
        self.now.ordinal += 1;
        self.now.at_ns += 1_000_000;
        self.bench.observe(self.now, event);
    }

    pub(crate) fn fact(&mut self, fact: Fact) {
        self.tell(Event::Fact(&fact));
    }

    /// Partition 1 on these voters: (node, region).
    pub(crate) fn configure(&mut self, voters: &[(Node, u32)], election_quorum: u32) {
        let voters: Vec<Voter> =
            voters.iter().map(|(node, region)| Voter { node: *node, region: *region }).collect();
        let write_quorum = voters.len() as u32 + 1 - election_quorum;
        let configuration =
            Configuration { group: 1, incarnation: 1, voters, write_quorum, election_quorum };
        self.fact(Fact::Configured(configuration));
    }

    pub(crate) fn durable(&mut self, node: Node, entry: EntryId) {
        self.fact(Fact::Durable { node, group: 1, entry });
    }

    pub(crate) fn cut(&mut self, node: Node, last: u64) {
        self.fact(Fact::DurableCut { node, group: 1, last });
    }

    pub(crate) fn acked(&mut self, node: Node, entry: EntryId, offset: u64, message: u64) {
        let acks = crate::Acks::Quorum;
        self.fact(Fact::Acked { node, group: 1, acks, entry, offset, message });
    }

    pub(crate) fn verdict(self) -> Verdict {
        self.bench.finish().remove(0).verdict
    }
}

/// An entry whose chain is told by its term alone: equal terms, equal logs.
pub(crate) fn entry(index: u64, term: u64) -> EntryId {
    EntryId { index, term, hash: index * 1000 + term }
}

/// What one judge says about a text history.
pub(crate) fn judge(name: &str, history: &str) -> Verdict {
    judgement(name, history, Contract::default()).verdict
}

/// What one judge says about a text history under this contract, and what it has to tell.
pub(crate) fn judgement(name: &str, history: &str, contract: Contract) -> Judgement {
    let history = text::parse(history).expect("a history").history;
    let judges = checkers(&[name.to_owned()]).expect("a known name");
    Bench::under(contract, judges).judge(&history).remove(0)
}

pub(crate) fn evidence(verdict: Verdict) -> Evidence {
    match verdict {
        Verdict::Violated(evidence) => *evidence,
        Verdict::Holds(_) | Verdict::Unknown(_) => panic!("expected a violation: {verdict:?}"),
    }
}

pub(crate) fn holds(verdict: &Verdict) -> u64 {
    match verdict {
        Verdict::Holds(coverage) => coverage.get(),
        Verdict::Violated(_) | Verdict::Unknown(_) => panic!("expected to hold: {verdict:?}"),
    }
}

pub(crate) fn unknown(verdict: Verdict) -> String {
    match verdict {
        Verdict::Unknown(why) => why,
        Verdict::Violated(_) | Verdict::Holds(_) => panic!("expected no answer: {verdict:?}"),
    }
}

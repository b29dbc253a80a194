//! The plan's faults at their times: each strikes, is written down, and is lifted. What it was, with its
//! role resolved to a node, goes into the effective plan.

use super::{
    struck::Struck,
    task::Task,
    theatre::{Blow, Theatre},
};
use crate::trace::Kind;
use checkers::Fact;
use scenarios::{Effect, Fault, NodeEffect, Plan, Planned, Target, number_at};
use std::collections::BTreeMap;

/// A fault at work.
#[derive(Debug)]
struct AtWork {
    fault: Fault,
    since_ns: u64,
    /// Nodes that its target meant, by place.
    nodes: Vec<usize>,
}

/// The faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    plan: Plan,
    effective: Plan,
    struck: Vec<Struck>,
    /// By place in the plan.
    at_work: BTreeMap<usize, AtWork>,
    /// When trouble began, and when it ends.
    trouble_ns: u64,
    healed_ns: u64,
}

impl Faults {
    pub(super) fn new(plan: &Plan) -> Faults {
        Faults {
            plan: plan.clone(),
            effective: plan.clone(),
            struck: Vec::new(),
            at_work: BTreeMap::new(),
            trouble_ns: 0,
            healed_ns: 0,
        }
    }

    /// Trouble begins: every fault gets its time. Says when trouble ends.
    pub(super) fn open(&mut self, theatre: &mut dyn Theatre) -> u64 {
        let now = theatre.now_ns();
        self.trouble_ns = now;
        self.healed_ns = now + self.plan.phases.trouble_ms * 1_000_000;
        for (place, planned) in self.plan.timeline.iter().enumerate() {
            let task = match planned.when {
                Some(_) => Task::Arm(place),
                None => Task::Begin(place),
            };
            theatre.wake(now + planned.at_ms * 1_000_000, task);
        }
        self.healed_ns
    }

    /// The plan with every role resolved, and every fault that struck, in order of time.
    pub(super) fn into_story(self) -> (Plan, Vec<Struck>) {
        (self.effective, self.struck)
    }

    /// A fault waits for its occasion from now on.
    pub(super) fn arm(&self, theatre: &mut dyn Theatre, place: usize) {
        let when = self.plan.timeline[place].when.expect("only what waits is armed");
        theatre.arm(place, when);
    }

    pub(super) fn begin(&mut self, theatre: &mut dyn Theatre, place: usize) {
        let Planned { at_ms: _, for_ms, when: _, fault } = self.plan.timeline[place].clone();
        let (now, effect) = (theatre.now_ns(), fault.effect());
        if now >= self.healed_ns {
            // What it waited for happened as trouble ended.
            return;
        }
        let books = theatre.books_mut();
        books.trace.record(now, Kind::Fault, (place as u32, 1), [0, 0]);
        books.note(now, format!("fault: {}", self.plan.words(&fault)));
        let strike = theatre.strike(place, &fault);
        let what = self.told(&fault, &strike.nodes);
        let (nodes, clients) = strike.touched;
        self.struck.push(Struck {
            place,
            kind: fault.kind(),
            what: what.clone(),
            at_ns: now,
            lifted_ns: None,
            nodes: nodes.clone(),
            clients: clients.clone(),
            takes_replicas: effect.takes_replicas(),
        });
        let ends = for_ms.map(|ms| now + ms * 1_000_000);
        let books = theatre.books_mut();
        books.series.faults.push((what.clone(), now, ends.unwrap_or(self.healed_ns)));
        books.fact(now, &Fact::Struck { fault: place as u32, what, nodes, clients });
        if let Some(ends) = ends.filter(|ends| *ends < self.healed_ns) {
            theatre.wake(ends, Task::End(place));
        }
        if let Effect::Node(NodeEffect::Storm { .. }) = effect {
            for node in &strike.nodes {
                theatre.wake(now, Task::Storm { fault: place, node: *node, down: true });
            }
        }
        self.effective.timeline[place].fault = resolved(&fault, &strike.nodes);
        self.at_work.insert(place, AtWork { fault, since_ns: now, nodes: strike.nodes });
        deal(theatre, strike.blows);
    }

    pub(super) fn end(&mut self, theatre: &mut dyn Theatre, place: usize) {
        let Some(AtWork { fault, since_ns, nodes }) = self.at_work.remove(&place) else { return };
        let (now, what) = (theatre.now_ns(), self.told(&fault, &nodes));
        let taken = theatre.taken(place);
        let books = theatre.books_mut();
        books.trace.record(now, Kind::Fault, (place as u32, 0), [0, 0]);
        books.note(now, format!("lifted: {what}"));
        books.fact(now, &Fact::Lifted { fault: place as u32 });
        books.hit(fault.kind(), taken);
        let mut bands = books.series.faults.iter_mut();
        if let Some(band) = bands.find(|band| band.0 == what && band.1 == since_ns) {
            band.2 = now;
        }
        if let Effect::Node(NodeEffect::Storm { .. }) = fault.effect() {
            nodes.iter().for_each(|node| theatre.wake(now, Task::Revive(*node)));
        }
        let blows = theatre.lift(place);
        deal(theatre, blows);
        let struck = self.struck.iter_mut().rfind(|struck| struck.place == place);
        let struck = struck.expect("what is at work has struck");
        struck.lifted_ns = Some(now);
        if struck.takes_replicas {
            theatre.books_mut().catch_up.lifted(now, place, &struck.nodes);
        }
    }

    /// Lifts everything, whatever it is.
    pub(super) fn end_all(&mut self, theatre: &mut dyn Theatre) {
        theatre.disarm();
        let places: Vec<usize> = self.at_work.keys().copied().collect();
        places.into_iter().for_each(|place| self.end(theatre, place));
    }

    /// A storm's next blow to a node, as long as the storm lasts.
    pub(super) fn storm(&self, theatre: &mut dyn Theatre, fault: usize, node: usize, down: bool) {
        let Some(storm) = self.at_work.get(&fault) else { return };
        let Effect::Node(NodeEffect::Storm { up_ms, down_ms }) = storm.fault.effect() else {
            return;
        };
        let pause = if down { down_ms } else { up_ms };
        if down {
            let was_up = theatre.kill(node);
            theatre.books_mut().hit("restart_storm", u64::from(was_up));
        } else {
            theatre.start(node);
        }
        let at = theatre.now_ns() + pause * 1_000_000;
        theatre.wake(at, Task::Storm { fault, node, down: !down });
    }

    /// A fault in words; a role with the node that it was when the fault struck.
    fn told(&self, fault: &Fault, nodes: &[usize]) -> String {
        let words = self.plan.words(fault);
        match (fault.target(), nodes) {
            (Some(Target::Leader(_) | Target::Follower { .. } | Target::There), [node]) => {
                format!("{words} (n{})", number_at(*node))
            }
            (Some(Target::Leader(_) | Target::Follower { .. } | Target::There), _) => words,
            (Some(Target::Node(_) | Target::Region(_) | Target::All) | None, _) => words,
        }
    }
}

fn deal(theatre: &mut dyn Theatre, blows: Vec<Blow>) {
    for blow in blows {
        match blow {
            Blow::Kill(node) => {
                let was_up = theatre.kill(node);
                theatre.books_mut().hit("crash", u64::from(was_up));
            }
            Blow::CutPower(node) => {
                let took = theatre.cut_power(node);
                theatre.books_mut().hit("power_loss", u64::from(took));
            }
            Blow::Start(node) => theatre.start(node),
        }
    }
}

/// The same fault with its role replaced by the node that it was.
fn resolved(fault: &Fault, nodes: &[usize]) -> Fault {
    match (fault.target(), nodes) {
        (Some(Target::Leader(_) | Target::Follower { .. } | Target::There), [node]) => {
            let aimed = fault.aimed_at(Target::Node(number_at(*node)));
            aimed.expect("whoever has a target can be aimed at another")
        }
        (Some(Target::Leader(_) | Target::Follower { .. } | Target::There), _) => {
            unreachable!("{fault} was {} nodes", nodes.len())
        }
        (Some(Target::Node(_) | Target::Region(_) | Target::All) | None, _) => fault.clone(),
    }
}

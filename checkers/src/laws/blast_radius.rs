//! **blast_radius**: a fault that is confined to some nodes or regions stops no partition that has no
//! replica there: whoever asks it meanwhile is answered within the bound in which progress is owed
//! after a heal (messaging.md 2.0 BR and 3.8; L2; DESIGN 4).
//!
//! A *bystander* is a partition none of whose voters is touched by a fault that lasts, while some
//! fault does last. It must not fall *silent*: a silence begins with a produce call that asks for an
//! acknowledgement, goes on while calls end without one, and ends with the first that is acknowledged,
//! or when the partition is touched itself. It lasts as long as somebody is known to have asked in
//! vain, so a load that stops proves nothing. Faults of the network as a whole touch every node, and a
//! fault that reaches a voter reaches the partition, whatever becomes of it.
//!
//! Clients are excused: what one asks while it is cut off shows nothing, and whenever one is cut off,
//! silences begin anew.

use crate::{
    breach::{Breach, line},
    by_offset::seat,
    checker::{Checker, Event, Shared, Topic},
    facts::{Fact, FactKind, Node},
    history::{Acks, Ask, Asked, Call, Mark, Outcome, Partition, Stamp},
    truth::DiskTruth,
    verdict::{Evidence, Verdict},
};
use std::collections::BTreeMap;

/// A fault that lasts.
#[derive(Clone, Debug)]
struct Active {
    what: String,
    since: Stamp,
    nodes: Vec<Node>,
    clients: Vec<u32>,
}

/// A time in which a bystander was asked and acknowledged nothing.
#[derive(Clone, Debug)]
struct Silence {
    /// The first question, and the last moment at which one is known to be unanswered.
    since: Stamp,
    until: Stamp,
    asks: u64,
    /// The oldest fault that lasted when it began, and when that struck.
    fault: (String, Stamp),
}

impl Silence {
    fn lasts_ns(&self) -> u64 {
        self.until.at_ns - self.since.at_ns
    }
}

/// One partition.
#[derive(Clone, Debug, Default)]
struct Bystander {
    /// Whether a fault lasts that touches none of its voters; no one can say of unknown voters.
    is_bystander: bool,
    silence: Option<Silence>,
    longest: Option<Silence>,
}

/// The judge.
#[derive(Debug, Default)]
pub(crate) struct BlastRadius {
    active: BTreeMap<u32, Active>,
    partitions: Vec<Bystander>,
    bound_ns: Option<u64>,
    /// Questions to bystanders that were answered.
    answered: u64,
}

impl Checker for BlastRadius {
    fn name(&self) -> &'static str {
        "blast_radius"
    }

    fn topics(&self) -> &'static [Topic] {
        &[Topic::Clients]
    }

    fn facts(&self) -> &'static [FactKind] {
        &[FactKind::Configured, FactKind::Struck, FactKind::Lifted]
    }

    fn observe(&mut self, at: Stamp, event: Event<'_>, shared: &Shared) {
        match event {
            Event::Called(call) => self.ask(at, call),
            Event::Numbered(..) => {}
            Event::Returned(call) => self.answer(at, call),
            Event::Fact(Fact::Struck { fault, what, nodes, clients }) => {
                let (what, nodes, clients) = (what.clone(), nodes.clone(), clients.clone());
                if !clients.is_empty() {
                    self.partitions.iter_mut().for_each(Bystander::hush);
                }
                self.active.insert(*fault, Active { what, since: at, nodes, clients });
                self.look(&shared.disks);
            }
            Event::Fact(Fact::Lifted { fault }) => {
                self.active.remove(fault);
                self.look(&shared.disks);
            }
            Event::Fact(Fact::Configured(configuration)) => {
                seat(&mut self.partitions, configuration.group);
                self.look(&shared.disks);
            }
            Event::Mark(Mark::Healed { bound_ns, .. }) => self.bound_ns = Some(*bound_ns),
            Event::Fact(_) | Event::Mark(_) | Event::Seen(_) => {}
        }
    }

    fn finish(mut self: Box<Self>, _shared: &Shared) -> Verdict {
        self.partitions.iter_mut().for_each(Bystander::hush);
        let Some(bound_ns) = self.bound_ns else {
            return Verdict::Unknown("the run never healed, so no bound was told".to_owned());
        };
        let mut breach = Breach::default();
        for (partition, bystander) in (0..).zip(&self.partitions) {
            let longest = bystander.longest.as_ref();
            if let Some(silence) = longest.filter(|silence| silence.lasts_ns() > bound_ns) {
                breach.add(|| stopped(partition, silence, bound_ns));
            }
        }
        breach.verdict_or(|| {
            let what = "nobody asked a partition that no fault touched while one lasted";
            Verdict::holds_if_covered(self.answered, what)
        })
    }
}

impl Bystander {
    /// The silence is over, for whatever reason.
    fn hush(&mut self) {
        let Some(silence) = self.silence.take() else { return };
        let lasts_ns = silence.lasts_ns();
        if self.longest.as_ref().is_none_or(|longest| longest.lasts_ns() < lasts_ns) {
            self.longest = Some(silence);
        }
    }
}

impl BlastRadius {
    /// Asks of every partition whether it stands by, after faults or configurations changed.
    fn look(&mut self, truth: &DiskTruth) {
        let is_touched = |node: Node| self.active.values().any(|fault| fault.nodes.contains(&node));
        let has_nodes = self.active.values().any(|fault| !fault.nodes.is_empty());
        for (partition, bystander) in (0..).zip(&mut self.partitions) {
            let voters = truth.configuration(partition).map(|known| known.voters.as_slice());
            let touched = voters.is_none_or(|all| all.iter().any(|voter| is_touched(voter.node)));
            bystander.is_bystander = has_nodes && !touched;
            // One that was silent when the fault was lifted owes its answer still.
            if touched {
                bystander.hush();
            }
        }
    }

    fn ask(&mut self, at: Stamp, call: Asked<'_>) {
        let Some(partition) = wanted(call.ask) else { return };
        let Some(bystander) = self.partitions.get_mut(partition as usize) else { return };
        if self.active.values().any(|fault| fault.clients.contains(&call.client)) {
            return;
        }
        match &mut bystander.silence {
            Some(silence) => (silence.until, silence.asks) = (at, silence.asks + 1),
            None if bystander.is_bystander => {
                let confined = self.active.values().filter(|fault| !fault.nodes.is_empty());
                let oldest = confined.min_by_key(|fault| fault.since).expect("a fault lasts");
                let fault = (oldest.what.clone(), oldest.since);
                bystander.silence = Some(Silence { since: at, until: at, asks: 1, fault });
            }
            None => {}
        }
    }

    fn answer(&mut self, at: Stamp, call: &Call) {
        let Some(partition) = wanted(&call.ask) else { return };
        let Some(bystander) = self.partitions.get_mut(partition as usize) else { return };
        let Some(silence) = &mut bystander.silence else { return };
        match call.outcome {
            Outcome::Ok(_) => {
                silence.until = at;
                bystander.hush();
                self.answered += 1;
            }
            Outcome::Refused(_) | Outcome::Unknown(_) => {
                if call.called.ordinal >= silence.since.ordinal {
                    silence.until = at;
                }
            }
        }
    }
}

/// The partition of a produce call that asks for an acknowledgement.
fn wanted(ask: &Ask) -> Option<Partition> {
    match ask {
        Ask::Produce { partition, acks, .. } => (*acks != Acks::None).then_some(*partition),
        Ask::Fetch { .. }
        | Ask::Poll
        | Ask::Transact { .. }
        | Ask::Assign { .. }
        | Ask::Join { .. }
        | Ask::CommitOffsets { .. }
        | Ask::FetchOffsets { .. } => None,
    }
}

fn stopped(partition: Partition, silence: &Silence, bound_ns: u64) -> Evidence {
    let Silence { since, until, asks, fault: (what, struck) } = silence;
    let (lasted, bound) = (silence.lasts_ns() / 1_000_000, bound_ns / 1_000_000);
    Evidence {
        summary: format!(
            "bystander_stopped: partition {partition} acknowledged nothing for {lasted} ms, more \
             than {bound} ms, while faults touched none of its voters"
        ),
        lines: vec![
            line(*struck, format!("fault: {what}")),
            line(*since, format!("partition {partition}: first of {asks} produce calls")),
            line(*until, format!("partition {partition}: still nothing, or the first answer")),
        ],
        partition: Some(partition),
        ..Evidence::default()
    }
}

#[cfg(test)]
mod tests;

//! The books of a run: what clients asked and got, what the judges are told, numbers for plots, and
//! the trace hash. Everything is written down the moment it happens, in one order.

use super::catch_up::CatchUp;
use crate::{
    options::Options,
    subject::Process,
    trace::{Kind, Trace},
};
use checkers::{
    Acks, Ask, Bench, Call, EntryId, Event, Fact, History, Mark, Numbered, Outcome, Recording,
    ReplicaView, Reply, Role, Sequence, Series, Sight, Stamp,
};
use scenarios::{Plan, number_at, seat_of};
use std::collections::BTreeMap;

/// The books.
#[derive(Debug)]
pub(crate) struct Books {
    pub(crate) bench: Bench,
    pub(crate) history: History,
    pub(crate) trace: Trace,
    /// What judges are told beside the history, where somebody wants to have it judged again.
    pub(crate) recording: Option<Recording>,
    pub(crate) events: u64,
    ordinal: u64,
    pub(crate) series: Series,
    /// Latencies of the current bucket by level, in microseconds.
    latencies: BTreeMap<Acks, Vec<u32>>,
    acknowledged: BTreeMap<Acks, u64>,
    /// What each replica looked like last: `views[node - 1][group]`.
    pub(crate) views: Vec<Vec<Option<ReplicaView>>>,
    /// How far each replica is, up or not.
    pub(crate) catch_up: CatchUp,
    committed: Vec<EntryId>,
    /// Coverage: how often the run reached each place of the protocol that has a name.
    pub(crate) reached: BTreeMap<String, u64>,
    pub(crate) plants: BTreeMap<String, u64>,
    pub(crate) hits: BTreeMap<String, u64>,
    /// Calls that have not returned.
    pub(crate) pending: u64,
    /// Calls that were refused so far.
    pub(crate) refused: u64,
    /// When each partition was last acknowledged something at a level above `none`.
    pub(crate) acked: BTreeMap<u32, (u64, u64)>,
}

impl Books {
    pub(crate) fn new(plan: &Plan, bench: Bench, options: &Options) -> Books {
        let seconds = plan.phases.trouble_ms / 1_000;
        // A list that doubles while it grows would stand in memory twice.
        let per_ks = plan.workload.produce_per_ks + plan.workload.fetch_per_ks;
        let calls = (per_ks * (seconds + 60) / 1_000).min(4_000_000) as usize;
        let groups = plan.placement.partitions.len() + 1;
        Books {
            bench,
            history: History { calls: Vec::with_capacity(calls), ..History::default() },
            trace: Trace::new(options.keep_trace),
            recording: options.keep_recording.then(Recording::default),
            events: 0,
            ordinal: 0,
            // About three hundred points for a plot, never finer than half a second.
            series: Series {
                bucket_ns: (seconds / 300).max(1) * 1_000_000_000
                    / if seconds < 150 { 2 } else { 1 },
                ..Series::default()
            },
            latencies: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            views: vec![vec![None; groups]; plan.nodes.len()],
            catch_up: CatchUp::new(plan.nodes.len(), groups),
            committed: Vec::new(),
            reached: BTreeMap::new(),
            plants: BTreeMap::new(),
            hits: BTreeMap::new(),
            pending: 0,
            refused: 0,
            acked: BTreeMap::new(),
        }
    }

    pub(crate) fn bucket_ns(&self) -> u64 {
        self.series.bucket_ns
    }

    fn stamp(&mut self, at_ns: u64) -> Stamp {
        self.ordinal += 1;
        Stamp { ordinal: self.ordinal, at_ns }
    }

    /// A client asks.
    pub(crate) fn called(&mut self, at_ns: u64, client: u32, ask: Ask) -> u64 {
        let stamp = self.stamp(at_ns);
        let id = self.history.calls.len() as u64;
        let call = Call {
            id,
            client,
            ask,
            called: stamp,
            numbered: None,
            returned: None,
            outcome: Outcome::Unknown("still pending".into()),
        };
        self.trace.record(at_ns, Kind::Called, (client, partition_of(&call)), [id, 0]);
        self.bench.observe(stamp, Event::Called(call.asked()));
        self.history.calls.push(call);
        self.pending += 1;
        id
    }

    /// Its client gave the call a number: an event like any other, and from here on judges know it.
    pub(crate) fn numbered(&mut self, at_ns: u64, id: u64, sequence: Sequence) {
        let at = self.stamp(at_ns);
        let call = &mut self.history.calls[id as usize];
        assert!(call.numbered.is_none(), "call {id} is numbered twice");
        assert!(call.returned.is_none(), "call {id} is numbered after it returned");
        call.numbered = Some(Numbered { at, sequence });
        let Sequence { epoch, sequence: number, .. } = sequence;
        let what = [id, u64::from(epoch) << 32 | u64::from(number)];
        self.trace.record(at_ns, Kind::Numbered, (call.client, partition_of(call)), what);
        self.bench.observe(at, Event::Numbered(call.asked(), sequence));
    }

    /// The client has its answer.
    pub(crate) fn returned(&mut self, at_ns: u64, id: u64, outcome: Outcome) {
        let stamp = self.stamp(at_ns);
        let call = &mut self.history.calls[id as usize];
        assert!(call.returned.is_none(), "call {id} returns twice");
        (call.returned, call.outcome) = (Some(stamp), outcome);
        self.pending -= 1;
        let code = match &call.outcome {
            Outcome::Ok(Reply::Produced { first }) => first.map_or(1, |offset| 2 + offset),
            Outcome::Ok(Reply::Fetched { records, end }) => {
                if let Ask::Fetch { .. } = call.ask {
                    (records.len() as u64) << 40 | end
                } else {
                    0
                }
            }
            Outcome::Ok(
                Reply::Polled(_)
                | Reply::Transacted { .. }
                | Reply::Assigned
                | Reply::Joined { .. }
                | Reply::OffsetsCommitted
                | Reply::Offsets { .. },
            ) => 0,
            Outcome::Refused(_) => {
                self.refused += 1;
                u64::MAX
            }
            Outcome::Unknown(_) => u64::MAX - 1,
        };
        self.trace.record(at_ns, Kind::Returned, (call.client, partition_of(call)), [id, code]);
        if let (Ask::Produce { acks, messages, partition, .. }, Outcome::Ok(_)) =
            (&call.ask, &call.outcome)
            && *acks != Acks::None
        {
            let latency = (at_ns - call.called.at_ns) / 1_000;
            *self.acknowledged.entry(*acks).or_insert(0) += messages.len() as u64;
            let latencies = self.latencies.entry(*acks).or_default();
            latencies.push(u32::try_from(latency).unwrap_or(u32::MAX));
            self.acked.insert(*partition, (call.called.at_ns, at_ns));
        }
        self.bench.observe(stamp, Event::Returned(&self.history.calls[id as usize]));
    }

    /// The world saw something.
    pub(crate) fn fact(&mut self, at_ns: u64, fact: &Fact) {
        let stamp = self.stamp(at_ns);
        self.bench.observe(stamp, Event::Fact(fact));
        if let Some(recording) = &mut self.recording {
            recording.sights.push((stamp, Sight::Fact(fact.clone())));
        }
    }

    /// The run turned a corner.
    pub(crate) fn mark(&mut self, at_ns: u64, mark: Mark) {
        let stamp = self.stamp(at_ns);
        self.trace.record(at_ns, Kind::Phase, (0, 0), [self.history.marks.len() as u64, 0]);
        self.bench.observe(stamp, Event::Mark(&mark));
        self.history.marks.push((stamp, mark));
    }

    /// For people.
    pub(crate) fn note(&mut self, at_ns: u64, text: String) {
        let stamp = self.stamp(at_ns);
        self.history.notes.push((stamp, text));
    }

    pub(crate) fn hit(&mut self, kind: &str, count: u64) {
        if count > 0 {
            *self.hits.entry(kind.to_owned()).or_insert(0) += count;
        }
    }

    /// Tells what changed of the replicas that took part in a process's turn.
    pub(crate) fn look(&mut self, at_ns: u64, process: &dyn Process, seen: &[ReplicaView]) {
        for now in seen {
            let (node, group) = (now.node, now.group);
            let before = self.views[seat_of(node)][group as usize].replace(*now);
            if before == Some(*now) {
                continue;
            }
            self.catch_up.seen(at_ns, now);
            self.tell_leader(at_ns, before.as_ref(), now);
            let told = before.map_or(0, |before| before.commit);
            if now.commit > told {
                let mut entries = std::mem::take(&mut self.committed);
                entries.clear();
                process.entries(group, told + 1, now.commit, &mut entries);
                let message = process.message(group, now.commit);
                let fact = Fact::Committed { node, group, entries, message };
                self.fact(at_ns, &fact);
                let Fact::Committed { entries, .. } = fact else { unreachable!("it was built") };
                self.committed = entries;
            }
            let stamp = self.stamp(at_ns);
            self.bench.observe(stamp, Event::Seen(now));
            if let Some(recording) = &mut self.recording {
                recording.sights.push((stamp, Sight::Replica(*now)));
            }
        }
    }

    /// Leaders over time, for plots and notes.
    fn tell_leader(&mut self, at_ns: u64, before: Option<&ReplicaView>, now: &ReplicaView) {
        let led = before.is_some_and(|before| before.role == Role::Leader);
        let leads = now.role == Role::Leader;
        if led == leads {
            return;
        }
        let what = if leads { "leads" } else { "stops leading" };
        let group = now.group;
        self.note(at_ns, format!("n{} {what} p{group} (term {})", now.node, now.term));
        let leader = if leads { now.node } else { 0 };
        let line = self.series.leaders.entry(group).or_default();
        // Whoever stops after another took over changes nothing.
        if leads || line.last().is_some_and(|(_, last)| *last == now.node) {
            line.push((at_ns, leader));
        }
    }

    /// A node's process ended.
    pub(crate) fn stopped(&mut self, at_ns: u64, number: u32) {
        for group in 0..self.views[seat_of(number)].len() {
            let Some(before) = self.views[seat_of(number)][group].take() else { continue };
            let gone = ReplicaView { role: Role::Follower, ..before };
            self.tell_leader(at_ns, Some(&before), &gone);
        }
        self.trace.record(at_ns, Kind::Stop, (number, 0), [0, 0]);
        self.fact(at_ns, &Fact::Stopped { node: number });
    }

    /// What a process had counted, once it is gone.
    pub(crate) fn farewell(&mut self, process: &dyn Process) {
        process.marks(&mut |name, count| {
            *self.reached.entry(name.to_owned()).or_insert(0) += count;
        });
        process.plants(&mut |name, hits| {
            *self.plants.entry(name.to_owned()).or_insert(0) += hits;
        });
    }

    /// Who leads a group now, by the newest term.
    pub(crate) fn leader(&self, group: u32) -> Option<u32> {
        let views = self.views.iter().filter_map(|groups| groups[group as usize].as_ref());
        let leaders = views.filter(|view| view.role == Role::Leader);
        leaders.max_by_key(|view| view.term).map(|view| view.node)
    }

    /// The furthest commit index of a group that any replica told.
    pub(crate) fn commit(&self, group: u32) -> u64 {
        let views = self.views.iter().filter_map(|groups| groups[group as usize].as_ref());
        views.map(|view| view.commit).max().unwrap_or(0)
    }

    /// Closes a bucket of the series.
    pub(crate) fn sample(&mut self, at_ns: u64) {
        let bucket = (at_ns / self.series.bucket_ns) as usize;
        for acks in Acks::ALL {
            let count = self.acknowledged.remove(&acks).unwrap_or(0);
            let mut latencies = self.latencies.remove(&acks).unwrap_or_default();
            latencies.sort_unstable();
            let at = |percent: usize| latencies.get(latencies.len() * percent / 100).copied();
            let pair = (u64::from(at(50).unwrap_or(0)), u64::from(at(99).unwrap_or(0)));
            if count > 0 || self.series.acknowledged.contains_key(acks.name()) {
                let counts = self.series.acknowledged.entry(acks.name().into()).or_default();
                counts.resize(bucket.saturating_sub(1), 0);
                counts.push(count);
                let times = self.series.latency_us.entry(acks.name().into()).or_default();
                times.resize(bucket.saturating_sub(1), (0, 0));
                times.push(pair);
            }
        }
        for place in 0..self.views.len() {
            let lag = self.catch_up.lag(place);
            self.series.lag.entry(number_at(place)).or_default().push(lag);
        }
    }
}

/// The partition of a call, for the trace; 0 for a call that is about several.
fn partition_of(call: &Call) -> u32 {
    call.partition().unwrap_or(0)
}

//! What a world carries: its network and disks against the timers that the system must keep there, and
//! its load against what calls cost. Arithmetic over a plan's numbers, all on integers; nothing is
//! drawn and nothing runs. `draw` clamps to it, `check` refuses what no value could mend, and the
//! laws of progress owe nothing beyond it.
//!
//! Three things can fall short. **Time**: an election takes two round trips and two flushes after a
//! heartbeat failed to come, and all of it must fit into the shortest election timeout. **Rounds**: of
//! heartbeats and their answers few may be lost, or so late that the timeout passes; a link keeps
//! order, so one frame on a long tail delays whatever is sent behind it. **Elections**: of those that
//! somebody begins more must succeed than fail.

use crate::{
    numbers::seat_of,
    plan::{Disk, Network, Node, Placement, Plan, Timing},
    words::{Share, Span},
};

/// Rounds of heartbeats that may be lost or late, in parts per million.
const ROUNDS_LOST_MAX: u64 = 50_000;
/// Elections that may fail for want of a frame or a flush in time: there are 25 within the bound.
const ELECTIONS_LOST_MAX: u64 = 400_000;
/// The share of its time that a producer may wait for answers, in parts per million.
const LOAD_MAX: u64 = 700_000;
/// A call that can wait for so many elections survives any that the base network causes.
const ELECTIONS_PER_CALL: u64 = 8;
/// Calls that may fail by chance where all are owed, in parts per million of a million.
const CALLS_LOST_MAX: u128 = 10;
/// A reordered frame is held back by up to its latency, or by this.
const HELD_BACK_US: u64 = 5_000;

/// What falls short.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Short {
    Time,
    Rounds,
    Elections,
}

/// A plan's network and disks, against its timers. Times in microseconds, chances in parts per
/// million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Carried {
    /// A frame's way between the two voters of a group that stand farthest apart, jitter included.
    pub one_way_us: u64,
    /// The same between any two regions: a client may stand anywhere.
    pub client_way_us: u64,
    /// What a flush takes on average, but for its tail.
    pub flush_us: u64,
    /// What must fit into the shortest election timeout.
    pub need_us: u64,
    /// The shortest election timeout.
    pub has_us: u64,
    /// Rounds of heartbeats that are lost or late.
    pub rounds_lost_ppm: u64,
    /// Elections that fail for want of a frame or a flush in time.
    pub elections_lost_ppm: u64,
}

/// The parts of a plan that decide what it carries.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parts<'a> {
    pub(crate) network: &'a Network,
    pub(crate) disk: &'a Disk,
    pub(crate) timing: &'a Timing,
    /// Pairs of regions that some group has voters in.
    pub(crate) spans: &'a [(u32, u32)],
    /// Calls of all clients in 1,000 seconds.
    pub(crate) calls_per_ks: u64,
}

/// Pairs of regions between which voters of one group talk, both ways, each once.
pub(crate) fn spans(nodes: &[u32], placement: &Placement) -> Vec<(u32, u32)> {
    let region = |node: &Node| nodes[seat_of(*node)];
    let mut spans = Vec::new();
    for voters in std::iter::once(&placement.metadata).chain(&placement.partitions) {
        for a in voters {
            let others = voters.iter().filter(|b| *b != a);
            spans.extend(others.map(|b| (region(a), region(b))));
        }
    }
    spans.sort_unstable();
    spans.dedup();
    spans
}

/// How long a frame takes over this latency, by jitter and by what overtakes it.
fn way_us(network: &Network, latency_us: u64) -> u64 {
    let held = latency_us.max(HELD_BACK_US) * u64::from(network.reorder_ppm) / 2_000_000;
    latency_us + latency_us * network.jitter_percent / 100 + held
}

impl Carried {
    pub(crate) fn of(parts: Parts<'_>) -> Carried {
        let Parts { network, disk, timing, spans, .. } = parts;
        let latency = |(from, to): &(u32, u32)| network.latency_us[*from as usize][*to as usize];
        let one_way_us = way_us(network, spans.iter().map(latency).max().unwrap_or(0));
        let farthest_us = network.latency_us.iter().flatten().copied().max().unwrap_or(0);
        let client_way_us = way_us(network, farthest_us);
        let flush_us = disk.flush_us + disk.flush_jitter_us / 2;
        let (heartbeat_us, has_us) = (timing.heartbeat_ms * 1_000, timing.election_min_ms * 1_000);
        // A leader spares a heartbeat if an append left less than half of one ago.
        let silence_us = heartbeat_us + heartbeat_us / 2;
        let need_us = 4 * one_way_us + 2 * flush_us + silence_us + 2 * timing.timer_jitter_us;
        let slack_us = has_us.saturating_sub(need_us);
        // At worst one node leads everything, and every call makes a frame for each of its peers.
        let frames_per_ks = parts.calls_per_ks + 1_000_000 / timing.heartbeat_ms.max(1);
        let late_ppm = behind_ppm(network, frames_per_ks, slack_us);
        let loss_ppm = u64::from(network.loss_ppm);
        let tries = (slack_us / silence_us.max(1) + 1).min(8) as u32;
        let lost_ppm = power(2 * loss_ppm, tries) / 1_000_000;
        let slow_ppm = u64::from(disk.tail_ppm) * longer_ppm(disk.tail_us, slack_us) / 1_000_000;
        Carried {
            one_way_us,
            client_way_us,
            flush_us,
            need_us,
            has_us,
            rounds_lost_ppm: (lost_ppm as u64).saturating_add(2 * late_ppm),
            elections_lost_ppm: 4 * (loss_ppm + late_ppm) + 2 * slow_ppm,
        }
    }

    /// What falls short first; none if all is carried.
    pub(crate) fn short(&self) -> Option<Short> {
        if self.need_us > self.has_us {
            Some(Short::Time)
        } else if self.rounds_lost_ppm > ROUNDS_LOST_MAX {
            Some(Short::Rounds)
        } else if self.elections_lost_ppm > ELECTIONS_LOST_MAX {
            Some(Short::Elections)
        } else {
            None
        }
    }

    /// Why the timers cannot be kept, with the arithmetic; none if they can.
    pub fn unfit(&self) -> Option<String> {
        let share = |ppm: u64| Share(ppm.min(1_000_000) as u32);
        Some(match self.short()? {
            Short::Time => format!(
                "network and disks do not carry the timers: two round trips (4 x {}), two flushes \
                 (2 x {}), one and a half heartbeats and timer jitter take {}, and the shortest election timeout \
                 is {}",
                Span(self.one_way_us),
                Span(self.flush_us),
                Span(self.need_us),
                Span(self.has_us),
            ),
            Short::Rounds => format!(
                "network and disks do not carry the timers: {} of all rounds of heartbeats are lost \
                 or later than the shortest election timeout of {} (at most {} may be)",
                share(self.rounds_lost_ppm),
                Span(self.has_us),
                share(ROUNDS_LOST_MAX),
            ),
            Short::Elections => format!(
                "network and disks do not carry the timers: {} of all elections lack a frame or a \
                 flush within the shortest election timeout of {} (at most {} may)",
                share(self.elections_lost_ppm),
                Span(self.has_us),
                share(ELECTIONS_LOST_MAX),
            ),
        })
    }
}

/// How many calls must end well while nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Owed {
    /// Each.
    All,
    /// Most: the base network may cost a call that is short of time.
    Most,
    /// Nobody can say; why.
    Nothing(String),
}

/// What calls of one kind are owed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// How many of them end well.
    pub owed: Owed,
    /// How long one takes at most, in microseconds; only where nothing is lost or on a tail.
    pub latency_us: Option<u64>,
}

impl Plan {
    /// What its network and disks carry.
    pub fn carried(&self) -> Carried {
        let calls_per_ks = self.workload.produce_per_ks + self.workload.fetch_per_ks;
        let (network, disk, timing) = (&self.network, &self.disk, &self.timing);
        let spans = &spans(&self.nodes, &self.placement);
        Carried::of(Parts { network, disk, timing, spans, calls_per_ks })
    }

    /// What produce calls above `none` are owed while nothing is wrong.
    pub fn produce_service(&self) -> Service {
        let carried = self.carried();
        let call_us = self.call_us(&carried);
        // One client has one produce call under way to each partition.
        let load = self.lane_calls(1_000_000) * u128::from(call_us);
        let load_ppm = (load / 1_000_000_000) as u64;
        if load_ppm > LOAD_MAX {
            return Service::nothing(format!(
                "the load is more than the plan carries: a produce call takes about {}, so that \
                 each client would wait {} of its time, and {} is the most",
                Span(call_us),
                Share(load_ppm.min(u64::from(u32::MAX)) as u32),
                Share(LOAD_MAX as u32)
            ));
        }
        let (waiting, queue) = (self.waiting_max(), u64::from(self.limits.queue));
        if waiting > queue {
            return Service::nothing(format!(
                "{waiting} calls may wait for one partition after trouble, and a client queues {queue}"
            ));
        }
        let busy_ppm = self.disk_load_ppm();
        if busy_ppm > LOAD_MAX {
            return Service::nothing(format!(
                "the load is more than the disks carry: where all partitions are, {} MB/s would be busy {} \
                 of the time, and {} is the most",
                self.disk.bytes_per_us,
                Share(busy_ppm.min(u64::from(u32::MAX)) as u32),
                Share(LOAD_MAX as u32)
            ));
        }
        self.service(&carried, 0, 10 * call_us + self.timing.call_ms * load_ppm / 1_000)
    }

    /// The share of its time that a disk writes payloads if it holds every partition.
    fn disk_load_ppm(&self) -> u64 {
        let workload = &self.workload;
        let call_bytes =
            u128::from(workload.messages_per_call) * u128::from(workload.message_bytes);
        let per_s = call_bytes * u128::from(workload.produce_per_ks) / 1_000;
        (per_s / u128::from(self.disk.bytes_per_us)) as u64
    }

    /// Calls of a client that may wait for one partition at a time: whoever waited longer has given up.
    fn waiting_max(&self) -> u64 {
        let calls = self.lane_calls(1_000) * u128::from(self.timing.call_ms) / 1_000_000;
        // Calls come at any time between half and one and a half of their interval.
        2 * (calls / 1_000) as u64 + 2
    }

    /// Calls in 1,000 seconds of one client to the partition that is asked most, times `scale`.
    fn lane_calls(&self, scale: u128) -> u128 {
        let workload = &self.workload;
        let (skew, partitions) = (u128::from(workload.skew_ppm), self.placement.partitions.len());
        let share_ppm = skew + (1_000_000 - skew) / partitions.max(1) as u128;
        let calls = scale * u128::from(workload.produce_per_ks) * share_ppm / 1_000_000;
        calls / workload.clients.len().max(1) as u128
    }

    /// What fetches are owed while nothing is wrong.
    pub fn fetch_service(&self) -> Service {
        let carried = self.carried();
        // A read waits for the round that is under way, and then for its own.
        self.service(&carried, 4, 12 * self.call_us(&carried))
    }

    /// What a produce call takes on average: to the leader, to the voters, their flushes, and back.
    fn call_us(&self, carried: &Carried) -> u64 {
        let (network, disk, workload) = (&self.network, &self.disk, &self.workload);
        let bytes = u64::from(workload.messages_per_call) * u64::from(workload.message_bytes);
        let tail = |ppm: u32, us: u64| u64::from(ppm) * us / 5_000_000;
        let flush_us =
            carried.flush_us + bytes / disk.bytes_per_us + tail(disk.tail_ppm, disk.tail_us);
        let late_us = tail(network.tail_ppm, network.tail_us);
        let lost_us = u64::from(network.loss_ppm) * self.timing.attempt_ms / 1_000;
        2 * (carried.client_way_us + carried.one_way_us) + 4 * (late_us + lost_us) + 2 * flush_us
    }

    /// What calls are owed whose attempts need question and answer, and between them so many frames
    /// between voters, in time.
    fn service(&self, carried: &Carried, between: u64, latency_us: u64) -> Service {
        let (network, disk, timing) = (&self.network, &self.disk, &self.timing);
        let (attempt_us, call_us) = (timing.attempt_ms * 1_000, timing.call_ms * 1_000);
        let ways_us = 2 * carried.client_way_us + between * carried.one_way_us;
        let (frames, round_us) = (2 + between, ways_us + 2 * timing.timer_jitter_us);
        if attempt_us <= round_us {
            return Service::nothing(format!(
                "an attempt is given up after {}, before its answer can come ({})",
                Span(attempt_us),
                Span(round_us)
            ));
        }
        let is_prompt = disk.tail_ppm == 0 || disk.tail_us * 4 <= call_us;
        if network.loss_ppm == 0 && network.tail_ppm == 0 && is_prompt && call_us > latency_us {
            let latency_us = (disk.tail_ppm == 0).then_some(latency_us);
            return Service { owed: Owed::All, latency_us };
        }
        let clients = self.workload.clients.len() as u64;
        let calls_per_ks = self.workload.produce_per_ks + self.workload.fetch_per_ks;
        let frames_per_ks = 2 * calls_per_ks / clients.max(1);
        let late_ppm = behind_ppm(network, frames_per_ks, attempt_us - round_us);
        let attempt_lost = (frames * (u64::from(network.loss_ppm) + late_ppm)).min(1_000_000);
        let tries = (call_us / (2 * attempt_us)).min(32) as u32;
        let for_long_ppm = behind_ppm(network, frames_per_ks, call_us / 2);
        let lost = power(attempt_lost, tries) + 2_000_000 * u128::from(for_long_ppm);
        let is_patient = timing.call_ms >= ELECTIONS_PER_CALL * timing.election_max_ms && is_prompt;
        let owed = if is_patient && lost <= CALLS_LOST_MAX {
            Owed::All
        } else if tries >= 2 && lost <= 10_000_000_000 {
            Owed::Most
        } else {
            return Service::nothing(format!(
                "calls of {} with attempts of {} are too short for what the network loses and delays",
                Span(call_us),
                Span(attempt_us)
            ));
        };
        Service { owed, latency_us: None }
    }
}

impl Service {
    fn nothing(why: String) -> Service {
        Service { owed: Owed::Nothing(why), latency_us: None }
    }
}

/// A chance of so many parts per million, that many times over, in parts per million of a million.
fn power(ppm: u64, times: u32) -> u128 {
    (0..times).fold(1_000_000_000_000, |chance, _| chance * u128::from(ppm) / 1_000_000)
}

/// How much of its time a link delays what is sent by more than this, in parts per million: some frame
/// before is still on its tail.
fn behind_ppm(network: &Network, frames_per_ks: u64, more_us: u64) -> u64 {
    let tailed = u128::from(frames_per_ks) * u128::from(network.tail_ppm);
    let behind = tailed * u128::from(beyond_us(network.tail_us, more_us)) / 1_000_000_000;
    u64::try_from(behind).unwrap_or(u64::MAX).min(1_000_000)
}

const ONE: u64 = 1 << 30;

/// The fourth root of `part / whole` in units of 2^-30: a tail of up to `whole` is shorter than
/// `part` with this chance ([`crate::Stream::tail`]).
fn fourth_root(part: u64, whole: u64) -> u64 {
    let ratio = (u128::from(part) * u128::from(ONE) / u128::from(whole.max(1))) as u64;
    ((ratio * ONE).isqrt() * ONE).isqrt()
}

/// How many tails of up to `max_us` are longer than this, in parts per million.
fn longer_ppm(max_us: u64, us: u64) -> u64 {
    if us >= max_us {
        return 0;
    }
    (ONE - fourth_root(us, max_us)) * 1_000_000 / ONE
}

/// By how much a tail of up to `max_us` exceeds this on average, counted over all tails.
fn beyond_us(max_us: u64, us: u64) -> u64 {
    if us >= max_us {
        return 0;
    }
    let ratio = (u128::from(us) * u128::from(ONE) / u128::from(max_us)) as u64;
    let risen = (u128::from(ratio) * u128::from(fourth_root(us, max_us)) / u128::from(ONE)) as u64;
    let beyond = (ONE - ratio).saturating_sub((ONE - risen) * 4 / 5);
    (u128::from(max_us) * u128::from(beyond) / u128::from(ONE)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    #[test]
    fn the_arithmetic_of_tails_is_that_of_the_dice() {
        let (max_us, n) = (1_000_000, 200_000);
        let mut dice = Stream::derive(1, "carry/tails");
        let tails: Vec<u64> = (0..n).map(|_| dice.tail(max_us)).collect();
        for us in [1_000, 10_000, 200_000, 600_000, 1_000_000] {
            let longer = tails.iter().filter(|tail| **tail > us).count() as u64 * 1_000_000 / n;
            let beyond = tails.iter().map(|tail| tail.saturating_sub(us)).sum::<u64>() / n;
            assert!(longer.abs_diff(longer_ppm(max_us, us)) < 5_000, "{us}: {longer}");
            assert!(beyond.abs_diff(beyond_us(max_us, us)) < 3_000, "{us}: {beyond}");
        }
    }

    fn plan(change: impl FnOnce(&mut Plan)) -> Plan {
        let scenario = crate::find("smoke").expect("in the catalogue").scenario();
        let mut plan = crate::draw(&scenario, 1);
        change(&mut plan);
        plan
    }

    #[test]
    fn a_far_or_slow_world_is_short_of_time() {
        assert_eq!(plan(|_| ()).carried().unfit(), None);
        let far = plan(|plan| plan.network.latency_us[0][1] = 200_000).carried();
        assert_eq!(far.short(), Some(Short::Time));
        let why = far.unfit().expect("an election takes longer than its timeout");
        assert!(why.contains("(4 x 220 ms)") && why.contains("is 900 ms"), "{why}");
        let slow = plan(|plan| plan.disk.flush_us = 400_000).carried();
        assert_eq!(slow.short(), Some(Short::Time));
    }

    #[test]
    fn permanent_tails_and_losses_cost_rounds_and_elections() {
        let tailed = plan(|plan| {
            (plan.timing.election_min_ms, plan.timing.heartbeat_ms) = (206, 10);
            (plan.network.tail_ppm, plan.network.tail_us) = (50_000, 2_500_000);
            plan.network.latency_us.iter_mut().flatten().for_each(|us| *us = 1_000);
        });
        assert_eq!(tailed.carried().short(), Some(Short::Rounds));
        let lossy = plan(|plan| plan.network.loss_ppm = 150_000);
        assert_eq!(lossy.carried().short(), Some(Short::Elections));
        let stalled = plan(|plan| {
            (plan.disk.tail_ppm, plan.disk.tail_us) = (900_000, 60_000_000);
        });
        assert_eq!(stalled.carried().short(), Some(Short::Elections));
    }

    #[test]
    fn a_plan_owes_as_many_answers_as_its_load_and_network_let_it() {
        let quiet = plan(|plan| (plan.network.tail_ppm, plan.disk.tail_ppm) = (0, 0));
        assert_eq!(quiet.produce_service().owed, Owed::All);
        assert!(quiet.produce_service().latency_us.is_some());
        assert_eq!(plan(|_| ()).produce_service(), Service { owed: Owed::All, latency_us: None });
        let full = plan(|plan| {
            (plan.workload.message_bytes, plan.disk.bytes_per_us) = (100_000, 5);
        });
        assert!(matches!(full.produce_service().owed, Owed::Nothing(_)));
        let busy = plan(|plan| plan.workload.produce_per_ks *= 100);
        assert!(matches!(busy.produce_service().owed, Owed::Nothing(_)));
        assert_eq!(busy.fetch_service().owed, Owed::All);
        let hasty = plan(|plan| {
            plan.workload.produce_per_ks /= 2;
            (plan.timing.call_ms, plan.network.loss_ppm) = (4_000, 20_000);
        });
        assert_eq!(hasty.produce_service().owed, Owed::Most);
        let deaf = plan(|plan| plan.timing.attempt_ms = 60);
        assert!(matches!(deaf.fetch_service().owed, Owed::Nothing(_)));
    }
}

//! What was drawn, moved within what was written until network and disks carry the timers: a seed of
//! a range whose one end cannot work would test nothing but that. What moved is told in the plan.
//!
//! Only values that matter for what falls short move, together and in eight steps, each towards the
//! kinder end of its own range. No dice are thrown, so no other draw moves.

use crate::{
    carry::{Carried, Parts, Short},
    plan::{Disk, Network, Timing, Workload},
    scenario::{self, Scenario},
    units::{Range, Unit},
    words::{Share, Span},
};

/// How many steps lead from a drawn value to the kind end of its range.
const STEPS: u64 = 8;

/// The values that may move.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    pub(crate) network: Network,
    pub(crate) disk: Disk,
    pub(crate) timing: Timing,
    /// Pairs of regions that some group has voters in: they do not move.
    pub(crate) spans: Vec<(u32, u32)>,
    /// Calls of all clients in 1,000 seconds.
    pub(crate) calls_per_ks: u64,
}

impl Drawn {
    /// The kindest world that a scenario allows to groups that span these regions.
    pub(crate) fn kindest(scenario: &Scenario, spans: Vec<(u32, u32)>) -> Drawn {
        let (network, disk, timing) = (&scenario.network, &scenario.disk, &scenario.timing);
        let low_ppm = |range: &Range<crate::units::Ppm>| range.low as u32;
        Drawn {
            network: Network {
                latency_us: kindest_latency(scenario),
                jitter_percent: network.jitter.low as u64 / 10_000,
                loss_ppm: low_ppm(&network.loss),
                duplicate_ppm: low_ppm(&network.duplicate),
                reorder_ppm: low_ppm(&network.reorder),
                tail_ppm: low_ppm(&network.tail),
                tail_us: network.tail_max.low as u64,
            },
            disk: Disk {
                flush_us: disk.flush.low as u64,
                flush_jitter_us: disk.flush_jitter.low as u64,
                bytes_per_us: disk.mb_per_s.high as u64,
                tail_ppm: low_ppm(&disk.tail),
                tail_us: disk.tail_max.low as u64,
            },
            timing: Timing {
                heartbeat_ms: timing.heartbeat.low as u64,
                election_min_ms: timing.election_min.high as u64,
                election_max_ms: timing.election_max.high as u64,
                attempt_ms: timing.attempt.high as u64,
                call_ms: timing.call.high as u64,
                timer_jitter_us: timing.timer_jitter.low as u64,
            },
            spans,
            calls_per_ks: (scenario.workload.produce.low + scenario.workload.fetch.low) as u64,
        }
    }

    pub(crate) fn carried(&self) -> Carried {
        let Drawn { network, disk, timing, spans, calls_per_ks } = self;
        Carried::of(Parts { network, disk, timing, spans, calls_per_ks: *calls_per_ks })
    }

    /// Moves what was drawn until it is carried, or stands at the kind end of what was written; says
    /// what moved.
    pub(super) fn clamp(&mut self, scenario: &Scenario) -> Vec<String> {
        let (drawn, kindest) = (self.clone(), Drawn::kindest(scenario, self.spans.clone()));
        // Where clients give up before any answer can come, nothing would be asked at all.
        let carried = self.carried();
        let round_ms = 5 * (carried.one_way_us + carried.client_way_us) / 2_000;
        let attempt_ms = &mut self.timing.attempt_ms;
        *attempt_ms = (*attempt_ms).max(round_ms.min(kindest.timing.attempt_ms));
        *attempt_ms = (*attempt_ms).min(self.timing.call_ms);
        for step in 1..=STEPS {
            for short in [Short::Time, Short::Rounds, Short::Elections] {
                if self.carried().short() == Some(short) {
                    self.step(short, &drawn, &kindest, step);
                }
            }
            if self.carried().short().is_none() {
                break;
            }
        }
        moved(&drawn, self)
    }

    fn step(&mut self, short: Short, from: &Drawn, to: &Drawn, step: u64) {
        let toward = |from: u64, to: u64| {
            if to > from {
                from + (to - from) * step / STEPS
            } else {
                from - (from - to) * step / STEPS
            }
        };
        let share = |from: u32, to: u32| toward(u64::from(from), u64::from(to)) as u32;
        let (timing, kind) = (&from.timing, &to.timing);
        self.timing.election_min_ms = toward(timing.election_min_ms, kind.election_min_ms);
        let election_max_ms = from.timing.election_max_ms.max(self.timing.election_min_ms);
        self.timing.election_max_ms = election_max_ms;
        let (network, disk) = (&mut self.network, &mut self.disk);
        match short {
            Short::Time => {
                self.timing.heartbeat_ms = toward(timing.heartbeat_ms, kind.heartbeat_ms);
                let cells = network.latency_us.iter_mut().flatten();
                let ends = from.network.latency_us.iter().zip(&to.network.latency_us);
                let ends = ends.flat_map(|(from, to)| from.iter().zip(to));
                cells.zip(ends).for_each(|(cell, (from, to))| *cell = toward(*from, *to));
                let (drawn, least) = (&from.network, &to.network);
                network.jitter_percent = toward(drawn.jitter_percent, least.jitter_percent);
                network.reorder_ppm = share(drawn.reorder_ppm, least.reorder_ppm);
                disk.flush_us = toward(from.disk.flush_us, to.disk.flush_us);
                disk.flush_jitter_us = toward(from.disk.flush_jitter_us, to.disk.flush_jitter_us);
            }
            Short::Rounds | Short::Elections => {
                network.tail_us = toward(from.network.tail_us, to.network.tail_us);
                network.tail_ppm = share(from.network.tail_ppm, to.network.tail_ppm);
                network.loss_ppm = share(from.network.loss_ppm, to.network.loss_ppm);
                if short == Short::Elections {
                    disk.tail_us = toward(from.disk.tail_us, to.disk.tail_us);
                    disk.tail_ppm = share(from.disk.tail_ppm, to.disk.tail_ppm);
                }
            }
        }
    }
}

/// What a seed draws at most where what is written allows less: bytes of messages in one call, and in a
/// second, and messages in a second. Beyond, a run would spend its time on their number and show nothing new.
const CALL_BYTES: u64 = 1 << 20;
const SECOND_BYTES: u64 = 1 << 20;
const SECOND_MESSAGES: u64 = 300;

/// Fewer messages in a call, then fewer calls, where they would be too many or too large; where the calls are
/// to give way, a call is cut to what fits into one. Says what moved.
pub(super) fn clamp_load(
    drawn: &mut Workload,
    written: &scenario::Workload,
    calls_give_way: bool,
) -> Vec<String> {
    let mut moved = Vec::new();
    let bytes = u64::from(drawn.message_bytes).max(1);
    let calls = if calls_give_way { 1 } else { drawn.produce_per_ks.div_ceil(1_000).max(1) };
    let before = drawn.messages_per_call;
    let most = (CALL_BYTES / bytes).min(SECOND_BYTES / bytes / calls).min(SECOND_MESSAGES / calls);
    let most = most.max(written.messages.low as u64);
    drawn.messages_per_call = u64::from(before).min(most) as u32;
    if drawn.messages_per_call < before {
        moved.push(format!("messages {before} to {}", drawn.messages_per_call));
    }
    let (before, messages) = (drawn.produce_per_ks, u64::from(drawn.messages_per_call.max(1)));
    let most = (SECOND_BYTES / bytes).min(SECOND_MESSAGES) * 1_000 / messages;
    drawn.produce_per_ks = before.min(most.max(written.produce.low as u64));
    if drawn.produce_per_ks < before {
        let per_s = |per_ks: u64| per_ks.div_ceil(1_000);
        moved.push(format!("produce {}/s to {}/s", per_s(before), per_s(drawn.produce_per_ks)));
    }
    moved
}

fn kindest_latency(scenario: &Scenario) -> Vec<Vec<u64>> {
    let n = scenario.cluster.regions.len();
    match &scenario.cluster.latency {
        Some(rows) => rows.iter().map(|row| row.iter().map(low).collect()).collect(),
        None => super::usual_latencies_us(n),
    }
}

fn low<U: Unit>(range: &Range<U>) -> u64 {
    range.low as u64
}

/// What moved, in words.
fn moved(from: &Drawn, to: &Drawn) -> Vec<String> {
    let mut moved = Vec::new();
    let mut span = |name: &str, from: u64, to: u64| {
        if from != to {
            moved.push(format!("{name} {} to {}", Span(from), Span(to)));
        }
    };
    let farthest = |drawn: &Drawn| drawn.network.latency_us.iter().flatten().max().copied();
    let ms = |ms: u64| ms * 1_000;
    span("election min", ms(from.timing.election_min_ms), ms(to.timing.election_min_ms));
    span("election max", ms(from.timing.election_max_ms), ms(to.timing.election_max_ms));
    span("heartbeat", ms(from.timing.heartbeat_ms), ms(to.timing.heartbeat_ms));
    span("attempt", ms(from.timing.attempt_ms), ms(to.timing.attempt_ms));
    span("latency", farthest(from).unwrap_or(0), farthest(to).unwrap_or(0));
    span("tail", from.network.tail_us, to.network.tail_us);
    span("flush", from.disk.flush_us, to.disk.flush_us);
    span("flush jitter", from.disk.flush_jitter_us, to.disk.flush_jitter_us);
    span("disk tail", from.disk.tail_us, to.disk.tail_us);
    let mut share = |name: &str, from: u32, to: u32| {
        if from != to {
            moved.push(format!("{name} {} to {}", Share(from), Share(to)));
        }
    };
    let percent = |drawn: &Drawn| drawn.network.jitter_percent as u32 * 10_000;
    share("jitter", percent(from), percent(to));
    share("lost", from.network.loss_ppm, to.network.loss_ppm);
    share("overtaking", from.network.reorder_ppm, to.network.reorder_ppm);
    share("tails", from.network.tail_ppm, to.network.tail_ppm);
    share("disk tails", from.disk.tail_ppm, to.disk.tail_ppm);
    moved
}

#[cfg(test)]
mod tests {
    use crate::{draw, parse};

    const FAST: &str = r#"
        why = "timers too short for most of the network that is drawn"
        [network]
        tail = ["0%", "5%"]
        tail_max = ["500ms", "3s"]
        [timing]
        election_min = ["200ms", "900ms"]
        election_max = ["900ms", "1800ms"]
        heartbeat = ["10ms", "150ms"]
        [phases]
        trouble = "20s"
    "#;

    #[test]
    fn every_plan_that_is_drawn_can_be_carried_and_says_what_moved() {
        let scenario = parse("fast.toml", "fast", FAST).expect("a scenario");
        let plans: Vec<_> = (1..=200).map(|seed| draw(&scenario, seed)).collect();
        assert!(plans.iter().all(|plan| plan.carried().unfit().is_none()));
        let moved = plans.iter().filter(|plan| !plan.clamped.is_empty()).count();
        assert!((50..200).contains(&moved), "{moved} of 200 were clamped");
        let within = |plan: &crate::Plan| {
            let (timing, network) = (&plan.timing, &plan.network);
            (200..=900).contains(&timing.election_min_ms)
                && (500_000..=3_000_000).contains(&network.tail_us)
                && network.tail_ppm <= 50_000
                && timing.election_min_ms <= timing.election_max_ms
        };
        assert!(plans.iter().all(within), "clamped beyond what was written");
        let shown = plans.iter().find(|plan| !plan.clamped.is_empty()).expect("some").to_string();
        assert!(shown.contains("\nclamped ") && shown.contains("election min"), "{shown}");
    }

    #[test]
    fn what_is_carried_is_left_as_it_was_drawn() {
        let gentle = r#"
            why = "a network that carries every timer"
            [network]
            loss = ["0%", "0.1%"]
            tail = ["0%", "0.1%"]
            tail_max = ["50ms", "100ms"]
            [timing]
            heartbeat = ["100ms", "150ms"]
            [phases]
            trouble = "20s"
        "#;
        let scenario = parse("gentle.toml", "gentle", gentle).expect("a scenario");
        let plans: Vec<_> = (1..=200).map(|seed| draw(&scenario, seed)).collect();
        assert!(plans.iter().any(|plan| plan.network != plans[0].network), "nothing is drawn");
        assert!(plans.iter().all(|plan| plan.clamped.is_empty()));
    }

    #[test]
    fn a_load_gives_way_in_calls_or_in_their_size_and_fits() {
        let scenario = crate::find("swarm").expect("in the catalogue").scenario();
        let plans: Vec<_> = (1..=1_000).map(|seed| draw(&scenario, seed)).collect();
        for plan in &plans {
            let workload = &plan.workload;
            let messages = u64::from(workload.messages_per_call);
            let bytes = messages * u64::from(workload.message_bytes);
            assert!(bytes <= super::CALL_BYTES, "seed {}: {bytes} bytes a call", plan.seed);
            let per_ks = messages * workload.produce_per_ks;
            let at_least = workload.produce_per_ks == scenario.workload.produce.low as u64;
            let fits = per_ks <= super::SECOND_MESSAGES * 1_000 || at_least;
            assert!(fits, "seed {}: {per_ks} messages in 1,000 s", plan.seed);
        }
        let count = |is: fn(&crate::plan::Workload) -> bool| {
            plans.iter().filter(|plan| is(&plan.workload)).count()
        };
        assert!(count(|workload| workload.messages_per_call > 200) > 5, "no call is large");
        assert!(count(|workload| workload.produce_per_ks > 100_000) > 50, "no load is dense");
        assert!(count(|workload| workload.message_bytes > 500_000) > 5, "no payload is large");
    }

    #[test]
    fn only_what_no_value_could_mend_is_refused_with_the_arithmetic() {
        let hopeless = FAST.replace("[\"200ms\", \"900ms\"]", "[\"100ms\", \"150ms\"]");
        let hopeless = hopeless.replace("[\"10ms\", \"150ms\"]", "[\"10ms\", \"50ms\"]");
        let refused = parse("fast.toml", "fast", &hopeless).expect_err("no value fits");
        let why = refused.to_string();
        assert!(why.contains("timing.election_min") || why.contains("line"), "{why}");
        assert!(why.contains("do not carry the timers"), "{why}");
    }
}

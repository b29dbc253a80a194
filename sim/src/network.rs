//! The network between nodes and clients: how long a frame takes, in which order frames arrive, and
//! which never do. One call decides one frame; nothing waits here, and no frame is held.
//!
//! A link is one direction between two endpoints and has its own dice. Links keep order unless the
//! reorder rate hits. A cut is a black hole in its direction: senders are told nothing. A frame that
//! is in flight when a cut begins is still on its way, so the world asks [`Network::swallows`] again
//! at delivery. Clients reach nodes and are reached by them, never by each other.

mod shapes;

pub use shapes::{Pairs, isolate, one_way, split};

use scenarios::{Rates, Stream, seat_of};
use std::collections::BTreeMap;

/// A node (`1..=nodes`) or, after them, a client. 0 is nobody.
pub type Endpoint = u32;

/// A reordered frame is held back by up to its latency, and by up to this much at least, so that on a
/// quiet link too there is something to overtake it.
const HELD_BACK_NS_MIN: u64 = 5_000_000;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It never arrives, and nobody is told.
    Lost {
        /// Why.
        why: Loss,
    },
    /// It arrives.
    Deliver {
        /// World time of its arrival.
        at_ns: u64,
        /// World time at which a second copy arrives; later than `at_ns`, in no order with others.
        again_at_ns: Option<u64>,
    },
}

/// Why a frame never arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The link is cut.
    Cut,
    /// The loss rate hit.
    Loss,
    /// The link's queue is full.
    Queue,
}

/// How much a link carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bandwidth {
    /// Bytes that leave in a microsecond (1 = 1 MB/s).
    pub bytes_per_us: u64,
    /// Bytes that may wait to leave; a frame that does not fit is lost.
    pub queue_bytes: u64,
}

/// Every link, and what is wrong with it now.
#[derive(Clone, Debug)]
pub struct Network {
    nodes: u32,
    endpoints: u32,
    links: Vec<Link>,
    /// Links with a bandwidth and the world time at which each has sent everything it was given.
    limits: BTreeMap<usize, (Bandwidth, u64)>,
    base: Rates,
    /// Base rates and what faults add to loss, duplication and reordering: between nodes.
    between_nodes: Rates,
    raised: Vec<Rates>,
    /// Endpoints that nobody listens at: a cut takes nothing from them.
    silent: Vec<bool>,
    hits: Hits,
    /// Of those: what a raise brought, and the base would not have.
    by_faults: Hits,
}

#[derive(Clone, Debug)]
struct Link {
    dice: Stream,
    latency_ns: u64,
    jitter_ns_max: u64,
    /// Arrival of the last frame that keeps order.
    last_ns: u64,
    /// Arrival of the last frame that was held back, until one has overtaken it.
    held_ns: u64,
    /// Whether a raise held it back.
    held_by_fault: bool,
    swallowed: u64,
    cuts: u32,
    between_nodes: bool,
}

#[derive(Clone, Copy, Debug, Default)]
struct Hits {
    cut: u64,
    loss: u64,
    queue: u64,
    duplicate: u64,
    reorder: u64,
    tail: u64,
}

impl Hits {
    fn named(self) -> [(&'static str, u64); 6] {
        let Hits { cut, loss, queue, duplicate, reorder, tail } = self;
        [
            ("cut", cut),
            ("loss", loss),
            ("queue", queue),
            ("duplicate", duplicate),
            ("reorder", reorder),
            ("tail", tail),
        ]
    }
}

/// Whether an accident of this rate happens, with one draw as ever; and whether it is one that the
/// base rate alone would not have brought.
fn strikes(dice: &mut Stream, ppm: u32, base_ppm: u32) -> Option<bool> {
    let drawn = (ppm > 0).then(|| dice.below(1_000_000))?;
    (drawn < u64::from(ppm)).then_some(drawn >= u64::from(base_ppm))
}

impl Network {
    /// The network of these endpoints: endpoint `i + 1` stands in `regions[i]`, nodes first.
    pub fn new(
        config: &scenarios::Network,
        node_regions: &[u32],
        client_regions: &[u32],
        root: u64,
    ) -> Network {
        let base = Rates {
            loss_ppm: config.loss_ppm,
            duplicate_ppm: config.duplicate_ppm,
            reorder_ppm: config.reorder_ppm,
            tail_ppm: config.tail_ppm,
            tail_us: config.tail_us,
        };
        let nodes = node_regions.len();
        let regions: Vec<u32> = [node_regions, client_regions].concat();
        let mut links = Vec::with_capacity(nodes * nodes + 2 * nodes * client_regions.len());
        for from in 0..regions.len() {
            let reached = if from < nodes { regions.len() } else { nodes };
            for to in 0..reached {
                let latency_us = config.latency_us[regions[from] as usize][regions[to] as usize];
                let latency_ns = latency_us * 1_000;
                links.push(Link {
                    dice: Stream::derive(root, &format!("network/link/{}-{}", from + 1, to + 1)),
                    latency_ns,
                    jitter_ns_max: latency_ns * config.jitter_percent / 100,
                    last_ns: 0,
                    held_ns: 0,
                    held_by_fault: false,
                    swallowed: 0,
                    cuts: 0,
                    between_nodes: from < nodes && to < nodes,
                });
            }
        }
        Network {
            nodes: nodes as u32,
            endpoints: regions.len() as u32,
            links,
            limits: BTreeMap::new(),
            base,
            between_nodes: base,
            raised: Vec::new(),
            silent: vec![false; regions.len()],
            hits: Hits::default(),
            by_faults: Hits::default(),
        }
    }

    /// Decides what becomes of a frame of this many bytes that is sent now.
    pub fn route(&mut self, now_ns: u64, from: Endpoint, to: Endpoint, bytes: u64) -> Route {
        let place = self.place(from, to);
        if self.links[place].cuts > 0 {
            self.swallow(place, to);
            return Route::Lost { why: Loss::Cut };
        }
        let link = &mut self.links[place];
        let left_ns = if self.limits.is_empty() {
            now_ns
        } else {
            match self.limits.get_mut(&place).map(|limit| queue(limit, now_ns, bytes)) {
                None => now_ns,
                Some(Some(left_ns)) => left_ns,
                Some(None) => {
                    self.hits.queue += 1;
                    return Route::Lost { why: Loss::Queue };
                }
            }
        };
        let (rates, raised): (&Rates, &[Rates]) = match link.between_nodes {
            true => (&self.between_nodes, &self.raised),
            false => (&self.base, &[]),
        };
        if let Some(by_fault) = strikes(&mut link.dice, rates.loss_ppm, self.base.loss_ppm) {
            self.hits.loss += 1;
            self.by_faults.loss += u64::from(by_fault);
            return Route::Lost { why: Loss::Loss };
        }
        let mut at_ns = left_ns + link.latency_ns();
        for (i, tails) in std::iter::once(&self.base).chain(raised).enumerate() {
            if link.dice.hits(tails.tail_ppm) {
                at_ns += link.dice.tail(tails.tail_us * 1_000);
                self.hits.tail += 1;
                self.by_faults.tail += u64::from(i > 0);
            }
        }
        if let Some(by_fault) = strikes(&mut link.dice, rates.reorder_ppm, self.base.reorder_ppm) {
            at_ns += link.dice.below(link.latency_ns.max(HELD_BACK_NS_MIN));
            let was_overtaken = at_ns < link.last_ns;
            self.hits.reorder += u64::from(was_overtaken);
            self.by_faults.reorder += u64::from(was_overtaken && by_fault);
            link.held_ns = link.held_ns.max(at_ns);
            link.held_by_fault = by_fault;
        } else {
            at_ns = at_ns.max(link.last_ns + 1);
            link.last_ns = at_ns;
            if at_ns < link.held_ns {
                self.hits.reorder += 1;
                self.by_faults.reorder += u64::from(link.held_by_fault);
                link.held_ns = 0;
            }
        }
        let twice = strikes(&mut link.dice, rates.duplicate_ppm, self.base.duplicate_ppm);
        let again_at_ns = twice.map(|by_fault| {
            self.hits.duplicate += 1;
            self.by_faults.duplicate += u64::from(by_fault);
            at_ns + link.latency_ns().max(1)
        });
        Route::Deliver { at_ns, again_at_ns }
    }

    /// Cuts this direction. Cuts are counted: the link heals when each of them is mended.
    pub fn cut(&mut self, from: Endpoint, to: Endpoint) {
        let place = self.place(from, to);
        self.links[place].cuts += 1;
    }

    /// Takes one cut of this direction back.
    pub fn mend(&mut self, from: Endpoint, to: Endpoint) {
        let place = self.place(from, to);
        let link = &mut self.links[place];
        assert!(link.cuts > 0, "link {from}-{to} is mended more often than it was cut");
        link.cuts -= 1;
    }

    /// Whether frames of this direction vanish now.
    pub fn is_cut(&self, from: Endpoint, to: Endpoint) -> bool {
        self.links[self.place(from, to)].cuts > 0
    }

    /// Asked when a frame would arrive: whether a cut that began while it was in flight swallows it.
    /// Counts it if so.
    pub fn swallows(&mut self, from: Endpoint, to: Endpoint) -> bool {
        let place = self.place(from, to);
        let cut = self.links[place].cuts > 0;
        if cut {
            self.swallow(place, to);
        }
        cut
    }

    /// A cut takes a frame. From the dead it takes nothing: there the frame was lost anyway.
    fn swallow(&mut self, place: usize, to: Endpoint) {
        let taken = u64::from(!self.silent[seat_of(to)]);
        self.links[place].swallowed += taken;
        self.hits.cut += taken;
    }

    /// Whether somebody listens at this endpoint from now on.
    pub fn silence(&mut self, endpoint: Endpoint, is_silent: bool) {
        self.silent[seat_of(endpoint)] = is_silent;
    }

    /// Frames to the living that cuts of this direction have swallowed so far: what a fault did is the
    /// difference between its begin and its end. Of two cuts of one link each has done it.
    pub fn swallowed(&self, from: Endpoint, to: Endpoint) -> u64 {
        self.links[self.place(from, to)].swallowed
    }

    /// Raises the rates of frames between nodes, on top of what is raised already.
    pub fn add_rates(&mut self, rates: Rates) {
        self.raised.push(rates);
        self.sum_rates();
    }

    /// Takes one raise back: some raise of exactly these rates must last.
    pub fn remove_rates(&mut self, rates: Rates) {
        let place = self.raised.iter().position(|raised| *raised == rates);
        self.raised.remove(place.expect("rates are lifted only where they were raised"));
        self.sum_rates();
    }

    /// Limits what a link carries, or lifts its limit; what waits to leave keeps its time.
    pub fn limit(&mut self, from: Endpoint, to: Endpoint, bandwidth: Option<Bandwidth>) {
        let place = self.place(from, to);
        match bandwidth {
            Some(bandwidth) => {
                assert!(bandwidth.bytes_per_us > 0, "link {from}-{to} carries nothing: cut it");
                self.limits.entry(place).or_insert((bandwidth, 0)).0 = bandwidth;
            }
            None => drop(self.limits.remove(&place)),
        }
    }

    /// How often each kind of accident really happened: `cut`, `loss`, `queue`, `duplicate`,
    /// `reorder` (frames that were truly overtaken), `tail`.
    pub fn hits(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        self.hits.named().into_iter()
    }

    /// Of those, what raised rates brought and the base would not have. Cuts are counted by whoever
    /// cuts, see [`Network::swallowed`].
    pub fn hits_by_faults(&self) -> impl Iterator<Item = (&'static str, u64)> + use<> {
        self.by_faults.named().into_iter()
    }

    fn sum_rates(&mut self) {
        let mut sum = self.base;
        for raised in &self.raised {
            sum.loss_ppm = sum.loss_ppm.saturating_add(raised.loss_ppm);
            sum.duplicate_ppm = sum.duplicate_ppm.saturating_add(raised.duplicate_ppm);
            sum.reorder_ppm = sum.reorder_ppm.saturating_add(raised.reorder_ppm);
        }
        self.between_nodes = sum;
    }

    fn place(&self, from: Endpoint, to: Endpoint) -> usize {
        let (nodes, endpoints) = (self.nodes, self.endpoints);
        assert!(from >= 1 && from <= endpoints, "no endpoint {from} among {endpoints}");
        assert!(to >= 1 && to <= endpoints, "no endpoint {to} among {endpoints}");
        let (row, column) = ((from - 1) as usize, (to - 1) as usize);
        let (nodes, endpoints) = (nodes as usize, endpoints as usize);
        if row < nodes {
            return row * endpoints + column;
        }
        assert!(column < nodes, "clients {from} and {to} have no link");
        nodes * endpoints + (row - nodes) * nodes + column
    }
}

impl Link {
    fn latency_ns(&mut self) -> u64 {
        if self.jitter_ns_max == 0 {
            return self.latency_ns;
        }
        self.latency_ns + self.dice.range(0, self.jitter_ns_max)
    }
}

/// When a frame has left through a limited link; none if its queue is full.
fn queue(limit: &mut (Bandwidth, u64), now_ns: u64, bytes: u64) -> Option<u64> {
    let (bandwidth, sent_ns) = limit;
    let begin_ns = now_ns.max(*sent_ns);
    let waiting_bytes = (begin_ns - now_ns) * bandwidth.bytes_per_us / 1_000;
    if waiting_bytes + bytes > bandwidth.queue_bytes {
        return None;
    }
    *sent_ns = begin_ns + (bytes * 1_000).div_ceil(bandwidth.bytes_per_us);
    Some(*sent_ns)
}

#[cfg(test)]
mod tests;

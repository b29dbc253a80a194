//! A cluster whose every move is a command: the nodes that production runs, over machines where
//! nothing happens by itself. One partition, one clock for all, frames that wait to be delivered.
//!
//! It judges a little, on every turn: two entries committed at one index, or two leaders of one term,
//! are written into the output, and a script without a plant fails by it whatever it expects.

mod commands;

use crate::{machine::Machine, words};
use std::collections::{BTreeMap, BTreeSet};
use system::{
    Client, ClientSettings, Config, Endpoint, EntryId, Frame, FrameBuilder, Input, Limits, Message,
    Nanos, Node, NodeId, Place, Plant, Replica, Sender, Settings, Term, Timing, View, Voter,
    wire::answer::Directory,
};

const MS: Nanos = 1_000_000;
/// The cluster's number.
const CLUSTER: u64 = 1;
/// The one group of a script: a partition, not metadata.
const GROUP: u32 = 1;
const TIMING: Timing =
    Timing { heartbeat: 100 * MS, election_min: 1_000 * MS, election_max: 2_000 * MS };
/// Moves that bring any of these clusters to rest.
const MOVES_MAX: usize = 10_000;

/// A frame under way.
#[derive(Clone, Debug)]
struct Flight {
    from: Endpoint,
    to: Endpoint,
    frame: Frame,
}

/// The cluster of one script.
#[derive(Debug, Default)]
pub(crate) struct Cluster {
    place: Option<Place>,
    plant: Option<Plant>,
    now: Nanos,
    machines: BTreeMap<NodeId, Machine>,
    nodes: BTreeMap<NodeId, Node>,
    clients: BTreeMap<Endpoint, Client>,
    flights: Vec<Flight>,
    kept: BTreeMap<String, Flight>,
    isolated: BTreeSet<Endpoint>,
    /// What was committed at each index, and who led each term.
    committed: BTreeMap<u64, EntryId>,
    leaders: BTreeMap<Term, NodeId>,
    violations: u32,
    is_quiet: bool,
    out: Vec<String>,
}

impl Cluster {
    /// Laws that were broken, in a cluster without a plant.
    pub(crate) fn violations(&self) -> u32 {
        if self.plant.is_some() { 0 } else { self.violations }
    }

    fn boot(&mut self, count: u32, learners: u32, regions: &[u32]) {
        assert_eq!(regions.len() as u32, count - learners, "one region for each voter");
        let voters: Vec<Voter> =
            (1..).zip(regions).map(|(node, region)| Voter { node, region: *region }).collect();
        let quorum = voters.len() as u32 / 2 + 1;
        let config = Config {
            learners: (count - learners + 1..=count).collect(),
            voters,
            write_quorum: quorum,
            election_quorum: quorum,
        };
        self.place = Some(Place { group: GROUP, incarnation: 1, config });
        self.is_quiet = true;
        for node in 1..=count {
            let settings = self.settings(node);
            let machine = self.machines.entry(node).or_default();
            // Unless a script says otherwise n1 is the first to lose patience, then n2, and so on.
            machine.dice = u64::from(node - 1) * 100 * MS;
            Node::format(machine, &settings).expect("an empty disk");
            machine.end_flush();
            self.start(node);
        }
        for node in 1..=count {
            while let Some(token) = self.machine(node).end_flush() {
                self.turn(node, Input::Flushed { token, is_ok: true });
                if self.view(node).is_some_and(|view| view.term > 0) {
                    break;
                }
            }
        }
        self.is_quiet = false;
    }

    fn settings(&self, node: NodeId) -> Settings {
        // A founding place that is a partition: the node then holds it and nothing else.
        let metadata = self.place.clone().expect("a cluster");
        Settings {
            cluster: CLUSTER,
            node,
            metadata,
            timing: TIMING,
            limits: Limits::default(),
            plant: self.plant,
        }
    }

    fn start(&mut self, node: NodeId) {
        let (settings, now) = (self.settings(node), self.now);
        let machine = self.machine(node);
        machine.now = now;
        match Node::open(machine, settings) {
            Ok(opened) => {
                for why in opened.blocked().values() {
                    self.say(format!("n{node} is blocked: {why}"));
                }
                self.nodes.insert(node, opened);
                self.after_turn(node, None);
            }
            Err(why) => self.say(format!("n{node} does not start: {}", why.0)),
        }
    }

    /// Ends the flush of a node's registry, if one is under way.
    fn flush_registry(&mut self, node: NodeId) {
        if let Some(token) = self.machine(node).end_registry_flush() {
            self.turn(node, Input::Flushed { token, is_ok: true });
        }
    }

    fn machine(&mut self, node: NodeId) -> &mut Machine {
        self.machines.get_mut(&node).unwrap_or_else(|| panic!("there is no n{node}"))
    }

    fn replica(&self, node: NodeId) -> Option<&Replica> {
        self.nodes.get(&node)?.replica(GROUP)
    }

    fn replicas(&self) -> Vec<(NodeId, &Replica)> {
        self.nodes.iter().filter_map(|(id, node)| Some((*id, node.replica(GROUP)?))).collect()
    }

    fn view(&self, node: NodeId) -> Option<View> {
        self.replica(node).map(Replica::view)
    }

    fn say(&mut self, line: String) {
        if !self.is_quiet {
            self.out.push(line);
        }
    }

    fn turn(&mut self, node: NodeId, input: Input) {
        let before = self.view(node);
        let machine = self.machines.get_mut(&node).expect("a machine");
        machine.now = self.now;
        let under_way = machine.flushes.len();
        let Some(running) = self.nodes.get_mut(&node) else {
            return self.say(format!("n{node} is down"));
        };
        if let Err(why) = running.turn(machine, &mut vec![input]) {
            self.nodes.remove(&node);
            self.machine(node).kill();
            return self.out.push(format!("n{node} stops: {}", why.0));
        }
        self.after_turn(node, Some((before, under_way)));
    }

    /// Tells what a turn, or a start, has changed, and takes what it sent.
    fn after_turn(&mut self, node: NodeId, before: Option<(Option<View>, usize)>) {
        let (view, under_way) = before.unwrap_or((None, 0));
        if self.view(node) != view
            && let Some(replica) = self.replica(node)
        {
            self.say(format!("n{node}: {}", words::replica(replica)));
        }
        if self.machine(node).flushes.len() > under_way {
            self.say(format!("n{node} begins a flush"));
        }
        for (to, frame) in std::mem::take(&mut self.machine(node).sent) {
            self.send(node, to, frame);
        }
        self.judge(node);
    }

    fn judge(&mut self, node: NodeId) {
        let Some(replica) = self.replica(node) else { return };
        let (view, is_leader) = (replica.view(), replica.is_leader());
        let committed: Vec<EntryId> =
            (1..=view.commit).map(|index| replica.log().id(index)).collect();
        for id in committed {
            let first = *self.committed.entry(id.index).or_insert(id);
            if first != id {
                self.violations += 1;
                self.committed.insert(id.index, id);
                self.out.push(format!(
                    "VIOLATED: {}@{} was committed, and n{node} commits {}@{}",
                    first.index, first.term, id.index, id.term
                ));
            }
        }
        if is_leader && *self.leaders.entry(view.term).or_insert(node) != node {
            self.violations += 1;
            self.out.push(format!("VIOLATED: n{node} is a second leader of term {}", view.term));
        }
    }

    fn send(&mut self, from: Endpoint, to: Endpoint, frame: Frame) {
        let mut words = Vec::new();
        frame
            .clone()
            .for_each(|_, message| words.push(words::message(&message)))
            .expect("a frame that was just made");
        let is_cut = |endpoint: &Endpoint| self.isolated.contains(endpoint);
        let is_lost = to != words::ASKER && (is_cut(&from) || is_cut(&to));
        let end = if is_lost { " (lost)" } else { "" };
        for message in words {
            let line = format!("{} -> {}: {message}{end}", words::name(from), words::name(to));
            if to == words::ASKER { self.out.push(line) } else { self.say(line) }
        }
        if !is_lost && to != words::ASKER {
            self.flights.push(Flight { from, to, frame });
        }
    }

    fn find(&self, from: &str, to: &str) -> usize {
        let (sender, receiver) = (words::endpoint(from), words::endpoint(to));
        let is_it = |flight: &Flight| flight.from == sender && flight.to == receiver;
        let found = self.flights.iter().position(is_it);
        found.unwrap_or_else(|| panic!("nothing is under way from {from} to {to}"))
    }

    fn take(&mut self, from: &str, to: &str) -> Flight {
        let place = self.find(from, to);
        self.flights.remove(place)
    }

    fn drop_where(&mut self, is_it: impl Fn(&Flight) -> bool) {
        let before = self.flights.len();
        self.flights.retain(|flight| !is_it(flight));
        assert!(self.flights.len() < before, "there is nothing to drop");
        self.say(format!("{} frames lost", before - self.flights.len()));
    }

    fn deliver(&mut self, flight: &Flight) {
        if flight.to > words::ASKER {
            let now = self.now;
            self.client(flight.to).receive(now, flight.frame.clone());
            self.after_client(flight.to);
        } else {
            self.turn(flight.to, Input::Frame(flight.frame.clone()));
        }
    }

    fn tick(&mut self, who: Endpoint) {
        let wake =
            if who > words::ASKER { self.client(who).deadline() } else { self.machine(who).wake };
        if wake == Nanos::MAX {
            return self.say(format!("{} waits for nothing", words::name(who)));
        }
        self.now = self.now.max(wake);
        self.say(format!("{} ms", self.now / MS));
        if who > words::ASKER {
            let now = self.now;
            self.client(who).tick(now);
            self.after_client(who);
        } else {
            self.turn(who, Input::Timer);
        }
    }

    /// Delivers and flushes until it is done or nothing moves, among all or only among some; tells where
    /// that ends.
    fn settle(&mut self, who: &[Endpoint], is_done: impl Fn(&Cluster) -> bool) {
        let before: BTreeMap<NodeId, View> =
            self.replicas().into_iter().map(|(node, replica)| (node, replica.view())).collect();
        let takes_part = |endpoint: Endpoint| who.is_empty() || who.contains(&endpoint);
        self.is_quiet = true;
        for moved in 0.. {
            assert!(moved < MOVES_MAX, "this never settles");
            if is_done(self) {
                break;
            }
            let is_next = |flight: &Flight| takes_part(flight.from) && takes_part(flight.to);
            if let Some(place) = self.flights.iter().position(is_next) {
                let flight = self.flights.remove(place);
                self.deliver(&flight);
                continue;
            }
            let is_next = |(node, machine): (&NodeId, &Machine)| {
                (takes_part(*node) && !machine.flushes.is_empty()).then_some(*node)
            };
            let Some(node) = self.machines.iter().find_map(is_next) else { break };
            let token = self.machine(node).end_flush().expect("it has one");
            self.turn(node, Input::Flushed { token, is_ok: true });
        }
        self.is_quiet = false;
        let changed = self.replicas().into_iter();
        let changed = changed.filter(|(node, replica)| before.get(node) != Some(&replica.view()));
        let lines: Vec<String> = changed
            .map(|(node, replica)| format!("n{node}: {}", words::replica(replica)))
            .collect();
        self.out.extend(lines);
    }

    fn sender(endpoint: Endpoint) -> Sender {
        Sender { cluster: CLUSTER, endpoint, incarnation: 0 }
    }

    /// Hands a node a request at once, of an asker who only prints the answer.
    fn ask(&mut self, node: NodeId, request: Message) {
        let frame = Frame::of(Cluster::sender(words::ASKER), GROUP, request);
        self.turn(node, Input::Frame(frame));
    }

    /// A client that knows where the partition stands.
    fn client(&mut self, endpoint: Endpoint) -> &mut Client {
        let place = self.place.clone().expect("a cluster");
        let now = self.now;
        self.clients.entry(endpoint).or_insert_with(|| {
            let nodes = place.config.voters.iter().map(|voter| voter.node).collect();
            let mut client = Client::new(ClientSettings {
                cluster: CLUSTER,
                endpoint,
                nodes,
                attempt: 400 * MS,
                call: 2_000 * MS,
                queue_max: 4,
            });
            let mut frame = FrameBuilder::new(Cluster::sender(1));
            frame.push(0, Message::answer(0, Directory { places: vec![place] }));
            client.receive(now, frame.finish());
            client
        })
    }

    fn after_client(&mut self, endpoint: Endpoint) {
        let client = self.client(endpoint);
        let frames: Vec<(NodeId, Frame)> = client.take_frames().collect();
        let done: Vec<_> = client.take_done().collect();
        client.take_sequenced();
        for (id, done) in done {
            let call = if id == commands::FETCH { "fetch".into() } else { format!("m{id}") };
            self.out.push(format!("{}: {call} {}", words::name(endpoint), words::done(&done)));
        }
        for (to, frame) in frames {
            self.send(endpoint, to, frame);
        }
    }
}

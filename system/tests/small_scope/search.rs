//! The search: every state that is reached by some order of moves, level by level, so that the first that
//! breaks a law is reached by as few moves as can be. A state is met once, whatever led to it.
//!
//! A frame that is never handed over is lost, and a node that is handed nothing is down, or slow: neither
//! needs a move. A frame that changes nothing where it arrives is as good as one that never does, so that
//! move is not made.

use crate::{
    laws::{self, Broken, Look, Promised},
    local::Local,
    nodes::{Flight, Handed, Moved, Nodes},
    scope::{self, Budget, Scope},
    table::Table,
};
use system::{NodeId, wire::Answer};

/// The highest number of nodes, and of terms.
const NODES_MAX: usize = 5;
const TERMS_MAX: usize = 8;

/// One move: what is handed to whom, and whether the frame stays under way to arrive again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    pub(crate) node: NodeId,
    pub(crate) handed: Handed,
    pub(crate) is_double: bool,
}

/// The whole cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    nodes: [u32; NODES_MAX],
    /// Frames under way, in order of their numbers; one that is there twice arrives twice.
    flights: Vec<u32>,
    promised: u32,
    /// Who led each term first.
    leaders: [u8; TERMS_MAX],
    left: Budget,
}

/// What a search came to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) moves: u64,
    /// Moves made at most, and whether nothing was left to be met behind them.
    pub(crate) depth: u32,
    pub(crate) is_all: bool,
    /// New states of each depth.
    pub(crate) levels: Vec<usize>,
    /// States of single nodes, and how often the system's own code ran.
    pub(crate) counts: (usize, usize),
    /// The first law that is broken, and the moves that lead there.
    pub(crate) broken: Option<(Broken, Vec<Move>)>,
}

/// One search under way.
#[derive(Debug)]
pub(crate) struct Search {
    scope: Scope,
    pub(crate) nodes: Nodes,
    promises: Vec<Promised>,
    visited: Table,
    /// How each state was met first: from which, by what.
    met: Vec<(u32, Move)>,
    moves: u64,
    bytes: Vec<u8>,
}

impl Search {
    pub(crate) fn new(scope: &Scope) -> Search {
        let most = scope.budget.ticks as usize + 2;
        assert!(scope.regions.len() <= NODES_MAX && most <= TERMS_MAX, "a scope that is too wide");
        Search {
            scope: scope.clone(),
            nodes: Nodes::new(scope),
            promises: vec![Promised::default()],
            visited: Table::new(),
            met: Vec::new(),
            moves: 0,
            bytes: Vec::new(),
        }
    }

    /// Where every search begins: n1 leads term 1, all disks hold its first entry, it is committed, and
    /// nothing is under way but the calls of clients. The error says what was broken on the way there.
    pub(crate) fn begin(&mut self) -> Result<State, (Broken, Vec<Move>)> {
        let mut state = self.create();
        let mut made = Vec::new();
        let boot = self.boot(&mut state, &mut made);
        boot.map_err(|broken| (broken, made))?;
        for message in 1..=self.scope.calls {
            let client = scope::CLIENTS + u32::from(message);
            let call = scope::call(message, self.scope.acks);
            state.flights.push(self.nodes.intern_flight(client, 1, call));
        }
        state.left = self.scope.budget;
        Ok(state)
    }

    /// Nodes that hold a new group.
    fn create(&mut self) -> State {
        let mut nodes = [0; NODES_MAX];
        for node in self.scope.nodes() {
            let local = Local::create(&self.scope, node);
            nodes[node as usize - 1] = self.nodes.intern(&local, Look::default());
        }
        let (leaders, left) = ([0; TERMS_MAX], Budget::default());
        State { nodes, flights: Vec::new(), promised: 0, leaders, left }
    }

    fn boot(&mut self, state: &mut State, made: &mut Vec<Move>) -> Result<(), Broken> {
        self.settle(state, made)?;
        state.left.ticks = 1;
        self.make(state, Move { node: 1, handed: Handed::Tick, is_double: false }, made)?;
        self.settle(state, made)?;
        let leads = self.nodes.known(state.nodes[0]).look.leads;
        assert_eq!(leads, Some(1), "n1 leads term 1");
        Ok(())
    }

    /// Delivers and flushes until nothing moves.
    fn settle(&mut self, state: &mut State, made: &mut Vec<Move>) -> Result<(), Broken> {
        while let Some(next) = self.moves_of(state).into_iter().next() {
            self.make(state, next, made)?;
        }
        Ok(())
    }

    fn make(&mut self, state: &mut State, step: Move, made: &mut Vec<Move>) -> Result<(), Broken> {
        made.push(step);
        match self.step(state, step)? {
            Some(next) => *state = next,
            None => drop_flight(state, step),
        }
        self.judge(state)
    }

    /// Everything, up to the scope's depth.
    pub(crate) fn run(mut self) -> (Found, Nodes) {
        let begin = match self.begin() {
            Ok(begin) => begin,
            Err(broken) => return self.end(Vec::new(), false, Some(broken)),
        };
        let hash = self.hash(&begin);
        self.visited.insert(hash, 0);
        self.met.push((0, Move { node: 1, handed: Handed::Tick, is_double: false }));
        let (mut level, mut levels) = (vec![(begin, 0)], vec![1]);
        for _ in 0..self.scope.depth {
            let mut next = Vec::new();
            for (state, number) in &level {
                if let Err((broken, step)) = self.expand(state, *number, &mut next) {
                    let mut path = self.path(*number);
                    path.push(step);
                    return self.end(levels, false, Some((broken, path)));
                }
            }
            if next.is_empty() {
                return self.end(levels, true, None);
            }
            levels.push(next.len());
            level = next;
        }
        self.end(levels, false, None)
    }

    fn end(
        self,
        levels: Vec<usize>,
        is_all: bool,
        broken: Option<(Broken, Vec<Move>)>,
    ) -> (Found, Nodes) {
        let depth =
            broken.as_ref().map_or(levels.len().saturating_sub(1), |(_, path)| path.len()) as u32;
        let (states, moves, counts) = (self.met.len(), self.moves, self.nodes.counts());
        (Found { states, moves, depth, is_all, levels, counts, broken }, self.nodes)
    }

    /// Every state that one move leads to and that was not met before.
    fn expand(
        &mut self,
        state: &State,
        number: u32,
        next: &mut Vec<(State, u32)>,
    ) -> Result<(), (Broken, Move)> {
        for step in self.moves_of(state) {
            self.moves += 1;
            let Some(after) = self.step(state, step).map_err(|broken| (broken, step))? else {
                continue;
            };
            let (hash, place) = (self.hash(&after), self.met.len() as u32);
            if self.visited.insert(hash, place) {
                self.judge(&after).map_err(|broken| (broken, step))?;
                self.met.push((number, step));
                next.push((after, place));
            }
        }
        Ok(())
    }

    /// Every move that can be made.
    pub(crate) fn moves_of(&self, state: &State) -> Vec<Move> {
        let mut moves = Vec::with_capacity(32);
        let mut add = |node, handed, is_double| moves.push(Move { node, handed, is_double });
        let mut last = None;
        for flight in &state.flights {
            if last.replace(flight) == Some(flight) {
                continue;
            }
            let to = self.nodes.flight(*flight).to;
            add(to, Handed::Frame(*flight), false);
            if state.left.doubles > 0 {
                add(to, Handed::Frame(*flight), true);
            }
        }
        for node in self.scope.nodes() {
            let known = self.nodes.known(state.nodes[node as usize - 1]);
            if known.is_flushing {
                add(node, Handed::Flushed, false);
            }
            if state.left.ticks > 0 {
                add(node, Handed::Tick, false);
            }
            if state.left.beats > 0 && known.look.leads.is_some() {
                add(node, Handed::Beat, false);
            }
            if state.left.crashes > 0 {
                add(node, Handed::Crash, false);
            }
            if state.left.losses > 0 {
                // What keeps all of it is a crash, if nothing else is in memory.
                (0..=known.at_risk).for_each(|kept| add(node, Handed::PowerLoss(kept), false));
            }
        }
        moves
    }

    /// The state after a move, if it changes anything; or the law that the move itself breaks.
    fn step(&mut self, state: &State, step: Move) -> Result<Option<State>, Broken> {
        let place = step.node as usize - 1;
        let before = state.nodes[place];
        let Moved { to, sent, answers, broken } = self.nodes.act(before, step.handed);
        if let Some(broken) = broken {
            return Err(broken.clone());
        }
        if *to == before && sent.is_empty() && answers.is_empty() {
            return Ok(None);
        }
        let mut after = state.clone();
        after.nodes[place] = *to;
        spend(&mut after.left, step);
        if !step.is_double {
            drop_flight(&mut after, step);
        }
        for flight in sent {
            let at = after.flights.partition_point(|other| other < flight);
            after.flights.insert(at, *flight);
        }
        let answers = answers.clone();
        self.note(&mut after, step.node, &answers)?;
        Ok(Some(after))
    }

    /// The laws of the whole cluster.
    fn judge(&self, state: &State) -> Result<(), Broken> {
        let (looks, promised) = (self.looks(state), &self.promises[state.promised as usize]);
        let broken = laws::judge_logs(&looks)
            .or_else(|| laws::judge_messages(promised))
            .or_else(|| laws::judge_electable(&promised.committed, &looks, self.scope.quorum()));
        broken.map_or(Ok(()), Err)
    }

    /// Every node, as it is.
    pub(crate) fn locals(&self, state: &State) -> impl Iterator<Item = &Local> {
        let nodes = state.nodes[..self.scope.regions.len()].iter();
        nodes.map(|it| &self.nodes.known(*it).local).collect::<Vec<_>>().into_iter()
    }

    /// Every frame under way.
    pub(crate) fn flights(&self, state: &State) -> impl Iterator<Item = &Flight> {
        let flights = state.flights.iter().map(|it| self.nodes.flight(*it));
        flights.collect::<Vec<_>>().into_iter()
    }

    fn looks(&self, state: &State) -> Vec<&Look> {
        let nodes = &state.nodes[..self.scope.regions.len()];
        nodes.iter().map(|it| &self.nodes.known(*it).look).collect()
    }

    /// Notes what this node has done now and nobody can take back; or says which law that breaks.
    fn note(
        &mut self,
        state: &mut State,
        node: NodeId,
        answers: &[(u64, Answer)],
    ) -> Result<(), Broken> {
        let own = &self.nodes.known(state.nodes[node as usize - 1]).look;
        laws::judge_leader(&mut state.leaders, node, own)?;
        let before = &self.promises[state.promised as usize];
        let is_longer = laws::judge_commit(&before.committed, node, own)?;
        let refused = answers.iter().filter_map(|(to, answer)| laws::refuses(*to, answer));
        let refused: Vec<u8> = refused.filter(|it| !before.refused.contains(it)).collect();
        if is_longer || !refused.is_empty() {
            let mut promised = before.clone();
            if is_longer {
                promised.committed = own.committed().to_vec();
            }
            promised.refused.extend(refused);
            promised.refused.sort_unstable();
            state.promised = self.promise(promised);
        }
        if answers.is_empty() {
            return Ok(());
        }
        let (looks, committed) =
            (self.looks(state), &self.promises[state.promised as usize].committed);
        laws::judge_answers(committed, (&looks, self.scope.regions), answers)
    }

    fn promise(&mut self, promised: Promised) -> u32 {
        let known = self.promises.iter().position(|known| *known == promised);
        let place = known.unwrap_or_else(|| {
            self.promises.push(promised);
            self.promises.len() - 1
        });
        place as u32
    }

    fn hash(&mut self, state: &State) -> u64 {
        let State { nodes, flights, promised, leaders, left } = state;
        let Budget { ticks, beats, crashes, losses, doubles } = left;
        let bytes = &mut self.bytes;
        bytes.clear();
        nodes.iter().for_each(|node| bytes.extend_from_slice(&node.to_le_bytes()));
        bytes.extend_from_slice(&promised.to_le_bytes());
        bytes.extend_from_slice(leaders);
        bytes.extend_from_slice(&[*ticks, *beats, *crashes, *losses, *doubles]);
        flights.iter().for_each(|flight| bytes.extend_from_slice(&flight.to_le_bytes()));
        xxhash_rust::xxh3::xxh3_64(bytes)
    }

    /// The moves by which a state was met first.
    fn path(&self, mut number: u32) -> Vec<Move> {
        let mut path = Vec::new();
        while number != 0 {
            let (from, step) = self.met[number as usize];
            path.push(step);
            number = from;
        }
        path.reverse();
        path
    }
}

fn spend(left: &mut Budget, step: Move) {
    match step.handed {
        Handed::Frame(_) => left.doubles -= u8::from(step.is_double),
        Handed::Flushed => {}
        Handed::Tick => left.ticks -= 1,
        Handed::Beat => left.beats -= 1,
        Handed::Crash => left.crashes -= 1,
        Handed::PowerLoss(_) => left.losses -= 1,
    }
}

/// A frame that was handed over is not under way any more.
fn drop_flight(state: &mut State, step: Move) {
    match step.handed {
        Handed::Frame(flight) => {
            let place = state.flights.iter().position(|other| *other == flight);
            state.flights.remove(place.expect("a frame under way"));
        }
        Handed::Flushed | Handed::Tick | Handed::Beat | Handed::Crash | Handed::PowerLoss(_) => {}
    }
}

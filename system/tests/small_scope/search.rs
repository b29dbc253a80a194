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
    state::State,
    table::Table,
};
use system::wire::Answer;

/// One move: what is handed to whom, and whether the frame stays under way to arrive again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Move {
    /// Whose it is: n1 stands at 0.
    pub(crate) place: u8,
    pub(crate) handed: Handed,
    pub(crate) is_double: bool,
}

/// What a search came to.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) states: usize,
    pub(crate) moves: u64,
    /// Moves from the beginning to the farthest state.
    pub(crate) depth: u32,
    /// Whether there is no state behind these.
    pub(crate) is_all: bool,
    /// The first law that is broken, and the moves that lead there.
    pub(crate) broken: Option<(Broken, Vec<Move>)>,
}

/// One search under way.
#[derive(Debug)]
pub(crate) struct Search {
    scope: Scope,
    nodes: Nodes,
    promises: Vec<Promised>,
    /// States, by their hashes: two of millions are taken for one in about one search of a million.
    visited: Table<()>,
    /// How each state was met first: from which, by what.
    met: Vec<(u32, Move)>,
    moves: u64,
}

impl Search {
    pub(crate) fn new(scope: &Scope) -> Search {
        Search {
            scope: scope.clone(),
            nodes: Nodes::new(scope),
            promises: vec![Promised::default()],
            visited: Table::new(),
            met: Vec::new(),
            moves: 0,
        }
    }

    /// Where every search begins: n1 leads term 1, all disks hold its first entry, it is committed, and
    /// nothing is under way but the calls of clients. The error says what was broken on the way there.
    pub(crate) fn begin(&mut self) -> Result<State, (Broken, Vec<Move>)> {
        let mut nodes = Vec::new();
        for node in self.scope.nodes() {
            let local = Local::create(&self.scope, node);
            nodes.push(self.nodes.intern(&local, Look::default()));
        }
        let (mut state, mut made) = (State::of(&nodes), Vec::new());
        self.boot(&mut state, &mut made).map_err(|broken| (broken, made))?;
        for message in 1..=self.scope.calls {
            let client = scope::CLIENTS + u32::from(message);
            let call = scope::call(message, self.scope.acks);
            state.launch(self.nodes.intern_flight(client, 1, call));
        }
        state.left = self.scope.budget;
        Ok(state)
    }

    /// The first election.
    fn boot(&mut self, state: &mut State, made: &mut Vec<Move>) -> Result<(), Broken> {
        self.settle(state, made)?;
        state.left.ticks = 1;
        self.make(state, Move { place: 0, handed: Handed::Tick, is_double: false }, made)?;
        self.settle(state, made)?;
        let leads = self.nodes.known(state.node(0)).look.leads;
        assert_eq!(leads, Some(1), "n1 leads term 1");
        Ok(())
    }

    /// Delivers and flushes until nothing moves.
    fn settle(&mut self, state: &mut State, made: &mut Vec<Move>) -> Result<(), Broken> {
        while let Some(next) = self.moves_of(state).first() {
            self.make(state, *next, made)?;
        }
        Ok(())
    }

    fn make(&mut self, state: &mut State, step: Move, made: &mut Vec<Move>) -> Result<(), Broken> {
        made.push(step);
        match self.step(state, step)? {
            Some(next) => *state = next,
            None => spend(state, step),
        }
        self.judge(state)
    }

    /// Everything, up to the scope's depth; and the nodes as they were met.
    pub(crate) fn run(mut self) -> (Found, Nodes) {
        let begin = match self.begin() {
            Ok(begin) => begin,
            Err(broken) => return self.end(0, false, Some(broken)),
        };
        self.visited.insert(begin.hash(), ());
        self.met.push((0, Move { place: 0, handed: Handed::Tick, is_double: false }));
        let mut level = vec![begin];
        for depth in 0..self.scope.depth {
            let (first, mut next) = (self.met.len() - level.len(), Vec::new());
            for (number, state) in (first as u32..).zip(&level) {
                if let Err((broken, step)) = self.expand(state, number, &mut next) {
                    let path = self.path(number, step);
                    return self.end(depth + 1, false, Some((broken, path)));
                }
            }
            if next.is_empty() {
                return self.end(depth, true, None);
            }
            level = next;
        }
        let depth = self.scope.depth;
        self.end(depth, false, None)
    }

    fn end(self, depth: u32, is_all: bool, broken: Option<(Broken, Vec<Move>)>) -> (Found, Nodes) {
        let (states, moves) = (self.met.len(), self.moves);
        (Found { states, moves, depth, is_all, broken }, self.nodes)
    }

    /// Every state that one move leads to and that was not met before.
    fn expand(
        &mut self,
        state: &State,
        number: u32,
        next: &mut Vec<State>,
    ) -> Result<(), (Broken, Move)> {
        for step in self.moves_of(state) {
            self.moves += 1;
            let after = self.step(state, step).map_err(|broken| (broken, step))?;
            let Some(after) = after.filter(|after| self.visited.insert(after.hash(), ())) else {
                continue;
            };
            self.judge(&after).map_err(|broken| (broken, step))?;
            self.met.push((number, step));
            next.push(after);
        }
        Ok(())
    }

    /// Every move that can be made.
    fn moves_of(&self, state: &State) -> Vec<Move> {
        let mut moves = Vec::with_capacity(32);
        let mut add =
            |place, handed, is_double| moves.push(Move { place: place as u8, handed, is_double });
        let Budget { ticks, beats, crashes, losses, doubles } = state.left;
        for (at, flight) in state.flights().iter().enumerate() {
            if at > 0 && state.flights()[at - 1] == *flight {
                continue;
            }
            let number = u32::from(*flight);
            let place = self.nodes.flight(number).to as usize - 1;
            add(place, Handed::Frame(number), false);
            if doubles > 0 {
                add(place, Handed::Frame(number), true);
            }
        }
        for place in 0..self.scope.regions.len() {
            let known = self.nodes.known(state.node(place));
            let may_beat = beats > 0 && known.look.leads.is_some();
            let whether = [
                (known.is_flushing, Handed::Flushed),
                (ticks > 0, Handed::Tick),
                (may_beat, Handed::Beat),
                (crashes > 0, Handed::Crash),
            ];
            whether.iter().filter(|(may, _)| *may).for_each(|(_, it)| add(place, *it, false));
            if losses > 0 {
                let left = 0..=known.at_risk;
                left.for_each(|kept| add(place, Handed::PowerLoss(kept), false));
            }
        }
        moves
    }

    /// The state after a move, if it changes anything; or the law that the move itself breaks.
    fn step(&mut self, state: &State, step: Move) -> Result<Option<State>, Broken> {
        let (place, before) = (step.place.into(), state.node(step.place.into()));
        let number = self.nodes.act(before, step.handed);
        let Moved { to, sent, answers, broken } = self.nodes.moved(number);
        if let Some(broken) = broken {
            return Err(broken.clone());
        }
        if *to == before && sent.is_empty() && answers.is_empty() {
            return Ok(None);
        }
        let mut after = state.clone();
        after.put_node(place, *to);
        spend(&mut after, step);
        sent.iter().for_each(|flight| after.launch(*flight));
        self.note(&mut after, place, number)?;
        Ok(Some(after))
    }

    /// The laws of the whole cluster.
    fn judge(&self, state: &State) -> Result<(), Broken> {
        let (looks, promised) = (self.looks(state), self.promised(state));
        let broken = laws::judge_logs(&looks)
            .or_else(|| laws::judge_messages(promised))
            .or_else(|| laws::judge_electable(&promised.committed, &looks, self.scope.quorum()));
        broken.map_or(Ok(()), Err)
    }

    /// Notes what this node has done now and nobody can take back; or says which law that breaks.
    fn note(&mut self, state: &mut State, place: usize, number: u32) -> Result<(), Broken> {
        let (own, answers) = (self.look(state, place), &self.nodes.moved(number).answers);
        let node = place as u32 + 1;
        laws::judge_leader(&mut state.leaders, node, own)?;
        let before = self.promised(state);
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
        let answers: &[(u64, Answer)] = &self.nodes.moved(number).answers;
        if answers.is_empty() {
            return Ok(());
        }
        let (looks, regions) = (self.looks(state), self.scope.regions);
        laws::judge_answers(&self.promised(state).committed, (&looks, regions), answers)
    }

    /// The number of what was promised.
    fn promise(&mut self, promised: Promised) -> u16 {
        let known = self.promises.iter().position(|known| *known == promised);
        let place = known.unwrap_or_else(|| {
            self.promises.push(promised);
            self.promises.len() - 1
        });
        u16::try_from(place).expect("few promises")
    }

    fn promised(&self, state: &State) -> &Promised {
        &self.promises[usize::from(state.promised)]
    }

    fn look(&self, state: &State, place: usize) -> &Look {
        &self.nodes.known(state.node(place)).look
    }

    fn looks(&self, state: &State) -> Vec<&Look> {
        (0..self.scope.regions.len()).map(|place| self.look(state, place)).collect()
    }

    /// Every node, as it is.
    pub(crate) fn locals(&self, state: &State) -> Vec<Local> {
        let places = 0..self.scope.regions.len();
        places.map(|place| self.nodes.known(state.node(place)).local.clone()).collect()
    }

    /// Every frame under way.
    pub(crate) fn flights(&self, state: &State) -> Vec<&Flight> {
        state.flights().iter().map(|flight| self.nodes.flight(u32::from(*flight))).collect()
    }

    /// The moves by which a state was met first, and one more.
    fn path(&self, mut number: u32, last: Move) -> Vec<Move> {
        let mut path = vec![last];
        while number != 0 {
            let (from, step) = self.met[number as usize];
            path.push(step);
            number = from;
        }
        path.reverse();
        path
    }
}

/// What a move uses up: a frame, or something of what may still go wrong.
fn spend(state: &mut State, step: Move) {
    let left = &mut state.left;
    match step.handed {
        Handed::Frame(_) if step.is_double => left.doubles -= 1,
        Handed::Frame(flight) => state.land(flight),
        Handed::Flushed => {}
        Handed::Tick => left.ticks -= 1,
        Handed::Beat => left.beats -= 1,
        Handed::Crash => left.crashes -= 1,
        Handed::PowerLoss(_) => left.losses -= 1,
    }
}

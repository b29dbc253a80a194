//! A state of the whole cluster, as small numbers: which state each node is in, which frames are under way,
//! what was promised. Millions of them are kept at once, so it is one piece of a few dozen bytes.

use crate::scope::Budget;

/// The highest number of nodes, of terms, and of frames under way.
pub(crate) const NODES_MAX: usize = 5;
pub(crate) const TERMS_MAX: usize = 8;
const FLIGHTS_MAX: usize = 24;

/// The whole cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct State {
    nodes: [u16; NODES_MAX],
    /// What was promised so far.
    pub(crate) promised: u16,
    /// Frames under way, in order of their numbers; one that is there twice arrives twice.
    flights: [u16; FLIGHTS_MAX],
    n_flights: u8,
    /// Who led each term first.
    pub(crate) leaders: [u8; TERMS_MAX],
    pub(crate) left: Budget,
}

impl State {
    pub(crate) fn of(nodes: &[u32]) -> State {
        let mut state = State {
            nodes: [0; NODES_MAX],
            promised: 0,
            flights: [0; FLIGHTS_MAX],
            n_flights: 0,
            leaders: [0; TERMS_MAX],
            left: Budget::default(),
        };
        nodes.iter().enumerate().for_each(|(place, node)| state.put_node(place, *node));
        state
    }

    pub(crate) fn node(&self, place: usize) -> u32 {
        self.nodes[place].into()
    }

    pub(crate) fn put_node(&mut self, place: usize, node: u32) {
        self.nodes[place] = small(node);
    }

    pub(crate) fn flights(&self) -> &[u16] {
        &self.flights[..self.n_flights.into()]
    }

    /// A frame leaves somebody.
    ///
    /// # Panics
    /// If more are under way than a state can hold.
    pub(crate) fn launch(&mut self, flight: u32) {
        let (flight, end) = (small(flight), usize::from(self.n_flights));
        assert!(end < FLIGHTS_MAX, "more than {FLIGHTS_MAX} frames are under way");
        let place = self.flights().partition_point(|other| *other < flight);
        self.flights.copy_within(place..end, place + 1);
        self.flights[place] = flight;
        self.n_flights += 1;
    }

    /// A frame is not under way any more.
    ///
    /// # Panics
    /// If it was not.
    pub(crate) fn land(&mut self, flight: u32) {
        let place = self.flights().iter().position(|other| u32::from(*other) == flight);
        let (place, end) = (place.expect("a frame under way"), usize::from(self.n_flights));
        self.flights.copy_within(place + 1..end, place);
        self.flights[end - 1] = 0;
        self.n_flights -= 1;
    }

    pub(crate) fn hash(&self) -> u64 {
        let State { nodes, promised, flights, n_flights, leaders, left } = self;
        let Budget { ticks, beats, crashes, losses, doubles } = *left;
        let mut bytes = [0; 2 * (NODES_MAX + 1 + FLIGHTS_MAX) + TERMS_MAX + 6];
        let numbers = nodes.iter().chain([promised]).chain(flights);
        for (place, number) in bytes.chunks_exact_mut(2).zip(numbers) {
            place.copy_from_slice(&number.to_le_bytes());
        }
        let rest = [*n_flights, ticks, beats, crashes, losses, doubles];
        let end = bytes.len();
        bytes[end - TERMS_MAX - 6..end - 6].copy_from_slice(leaders);
        bytes[end - 6..].copy_from_slice(&rest);
        xxhash_rust::xxh3::xxh3_64(&bytes)
    }
}

/// # Panics
/// If a search has more of something than it can number.
fn small(number: u32) -> u16 {
    u16::try_from(number).expect("at most 65,536 frames, and states of single nodes")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_stand_in_order_whatever_came_first_and_each_field_tells_states_apart() {
        let with = |flights: &[u32]| {
            let mut state = State::of(&[7, 8, 9]);
            flights.iter().for_each(|flight| state.launch(*flight));
            state
        };
        let mut state = with(&[5, 3, 9, 3]);
        assert_eq!(state.flights(), [3, 3, 5, 9]);
        state.land(3);
        assert_eq!(state, with(&[9, 5, 3]));
        let mut others =
            vec![with(&[]), with(&[9, 5, 3]), with(&[9, 5, 3, 3]), State::of(&[7, 9, 8])];
        let changed = |change: fn(&mut State)| {
            let mut state = with(&[]);
            change(&mut state);
            state
        };
        others.push(changed(|state| state.promised = 1));
        others.push(changed(|state| state.leaders[1] = 1));
        others.push(changed(|state| state.leaders[7] = 1));
        others.push(changed(|state| state.left.ticks = 1));
        others.push(changed(|state| state.left.beats = 1));
        others.push(changed(|state| state.left.crashes = 1));
        others.push(changed(|state| state.left.losses = 1));
        others.push(changed(|state| state.left.doubles = 1));
        let mut hashes: Vec<u64> = others.iter().map(State::hash).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), others.len());
    }
}

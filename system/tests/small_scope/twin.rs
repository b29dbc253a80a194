//! A dumb twin of the search: it keeps whole clusters, runs the system's code for every move, and knows a
//! state by all its words. What it meets, the search must meet, and nothing else.

use crate::{
    local::{Input, Local},
    scope::{Budget, Scope},
    search::Search,
};
use std::collections::BTreeSet;
use system::Frame;

/// A cluster, and what can be told of its past.
#[derive(Clone)]
struct Cluster {
    locals: Vec<Local>,
    /// Frames under way: to whom, and which.
    flights: Vec<(u32, Frame)>,
    left: Budget,
    /// The longest log that was committed, and who led which term first.
    committed: Vec<u64>,
    leaders: Vec<(u64, u32)>,
    refused: BTreeSet<u64>,
}

impl Cluster {
    fn words(&self) -> String {
        let Cluster { flights, left, committed, leaders, refused, .. } = self;
        let locals: Vec<u64> = self
            .locals
            .iter()
            .map(|local| local.hash(&mut String::new(), &mut Vec::new()))
            .collect();
        let mut flights: Vec<String> = flights.iter().map(|flight| format!("{flight:?}")).collect();
        flights.sort();
        format!("{locals:?} {flights:?} {left:?} {committed:?} {leaders:?} {refused:?}")
    }

    /// Hands something to a node; none if it changes nothing.
    fn hand(&self, scope: &Scope, place: usize, input: Input<'_>) -> Option<Cluster> {
        let mut after = self.clone();
        let local = &mut after.locals[place];
        let sent = local.act(scope, input).expect("it starts");
        let hash = |local: &Local| local.hash(&mut String::new(), &mut Vec::new());
        let is_same = hash(local) == hash(&self.locals[place]);
        if is_same && sent.frames.is_empty() && sent.answers.is_empty() {
            return None;
        }
        let replica = &local.replica;
        let committed = (1..=replica.commit()).map(|index| replica.log().id(index).hash);
        let committed: Vec<u64> = committed.collect();
        let view = replica.view();
        if replica.is_leader() && !after.leaders.contains(&(view.term, local.node)) {
            after.leaders.push((view.term, local.node));
            after.leaders.sort_unstable();
        }
        if committed.len() > after.committed.len() {
            after.committed = committed;
        }
        after.flights.extend(sent.frames.into_iter().map(|(to, frame, _)| (to, frame)));
        let refused =
            sent.answers.iter().filter(|(_, answer)| format!("{answer:?}").contains("NotTaken"));
        after.refused.extend(refused.map(|(message, _)| *message));
        Some(after)
    }

    fn next(&self, scope: &Scope) -> Vec<Cluster> {
        let mut next = Vec::new();
        for (place, (to, frame)) in self.flights.iter().enumerate() {
            let Some(mut doubled) = self.hand(scope, *to as usize - 1, Input::Frame(frame)) else {
                continue;
            };
            let mut once = doubled.clone();
            once.flights.remove(place);
            next.push(once);
            if self.left.doubles > 0 {
                doubled.left.doubles -= 1;
                next.push(doubled);
            }
        }
        for place in 0..self.locals.len() {
            let local = &self.locals[place];
            let mut try_out = |may: bool, input, spend: fn(&mut Budget)| {
                let after = may.then(|| self.hand(scope, place, input)).flatten();
                next.extend(after.map(|mut after| {
                    spend(&mut after.left);
                    after
                }));
            };
            try_out(local.disk.is_flushing(), Input::Flushed, |_| {});
            try_out(self.left.ticks > 0, Input::Tick, |left| left.ticks -= 1);
            let may_beat = self.left.beats > 0 && local.replica.is_leader();
            try_out(may_beat, Input::Beat, |left| left.beats -= 1);
            try_out(self.left.crashes > 0, Input::Crash, |left| left.crashes -= 1);
            for kept in 0..=local.disk.at_risk() {
                let may = self.left.losses > 0;
                try_out(may, Input::PowerLoss(kept), |left| left.losses -= 1);
            }
        }
        next
    }
}

/// How many states there are within the scope's depth.
fn count(scope: &Scope) -> usize {
    let mut search = Search::new(scope);
    let begin = search.begin().expect("nothing is planted");
    let flights =
        search.flights(&begin).iter().map(|flight| (flight.to, flight.frame.clone())).collect();
    let locals: Vec<Local> = search.locals(&begin);
    let committed = vec![locals[0].replica.log().id(1).hash];
    let (left, leaders, refused) = (scope.budget, vec![(1, 1)], BTreeSet::new());
    let begin = Cluster { locals, flights, left, committed, leaders, refused };
    let mut met = BTreeSet::from([begin.words()]);
    let mut level = vec![begin];
    for _ in 0..scope.depth {
        let next = level.iter().flat_map(|cluster| cluster.next(scope));
        level = next.filter(|after| met.insert(after.words())).collect();
    }
    met.len()
}

#[test]
fn the_search_meets_what_a_dumb_one_meets() {
    for scope in crate::scope::ALL {
        let scope = scope.to(4);
        let (found, _) = Search::new(&scope).run();
        assert_eq!(found.states, count(&scope), "{}", scope.name);
    }
}

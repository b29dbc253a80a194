//! The simulated world as the stage's theatre: processes are killed and started, faults strike it and are
//! lifted, and what cuts swallow is counted once.

use crate::{
    nemesis::Active,
    stage::{
        books::Books,
        load::Load,
        task::Task,
        theatre::{Blow, Strike, Theatre},
    },
    subject::Caller,
    world::World,
};
use checkers::Ask;
use scenarios::{Fault, When, number_at};
use std::collections::BTreeMap;

/// A fault that lasts, and what its links had swallowed before.
#[derive(Debug)]
struct Lasting {
    active: Active,
    swallowed: Vec<u64>,
}

/// The world, and the faults that are at work in it.
#[derive(Debug)]
pub(crate) struct House {
    pub(crate) world: World,
    /// By place in the plan.
    lasting: BTreeMap<usize, Lasting>,
    /// Frames of each link that some fault's hits already have.
    credited: BTreeMap<(u32, u32), u64>,
}

impl House {
    pub(crate) fn new(world: World) -> House {
        House { world, lasting: BTreeMap::new(), credited: BTreeMap::new() }
    }
}

impl Theatre for House {
    fn now_ns(&self) -> u64 {
        self.world.now_ns
    }

    fn books(&self) -> &Books {
        &self.world.books
    }

    fn books_mut(&mut self) -> &mut Books {
        &mut self.world.books
    }

    fn load(&self) -> &Load {
        &self.world.load
    }

    fn load_mut(&mut self) -> &mut Load {
        &mut self.world.load
    }

    fn wake(&mut self, at_ns: u64, task: Task) {
        self.world.schedule_task(at_ns, task);
    }

    fn arrive(&mut self, at_ns: u64, client: usize, is_fetch: bool) {
        self.world.schedule_arrival(at_ns, client, is_fetch);
    }

    fn call(&mut self, client: usize, ask: Ask, fetch_bytes: u32) -> u64 {
        self.world.call(client, ask, fetch_bytes)
    }

    fn speak(&mut self, client: usize, act: &mut dyn FnMut(&mut dyn Caller, u64)) {
        self.world.client_turn(client, act);
    }

    fn is_watched(&self) -> bool {
        self.world.is_watched()
    }

    fn owes(&self, group: u32) -> bool {
        self.world.oracle.owes(group)
    }

    fn tell_calm(&mut self) {
        self.world.tell_calm(String::new);
    }

    fn digest(&self, node: usize, group: u32, last: u64) -> Option<(u64, u64)> {
        self.world.digest(node, group, last)
    }

    fn start(&mut self, node: usize) {
        let machine = &self.world.machines[node];
        if !machine.is_up && machine.down == 0 {
            self.world.end_process(node);
            self.world.begin_life(node);
        }
    }

    fn kill(&mut self, node: usize) -> bool {
        let world = &mut self.world;
        let was_up = world.machines[node].is_up;
        if was_up || world.books.views[node].iter().any(Option::is_some) {
            world.end_life(node);
            world.books.stopped(world.now_ns, number_at(node));
        }
        world.end_process(node);
        assert!(!world.machines[node].is_up, "a killed process lives on");
        was_up
    }

    /// Whoever is down already has still its unsynced pages to lose.
    fn cut_power(&mut self, node: usize) -> bool {
        let was_up = self.kill(node);
        let before = self.world.machines[node].disk.losses();
        self.world.cut_power(node);
        was_up || self.world.machines[node].disk.losses() > before
    }

    fn end_life(&mut self, node: usize) {
        self.world.end_life(node);
    }

    fn arm(&mut self, place: usize, when: When) {
        self.world.occasions.arm(place, when);
    }

    fn disarm(&mut self) {
        self.world.occasions.disarm();
    }

    fn strike(&mut self, place: usize, fault: &Fault) -> Strike {
        let world = &mut self.world;
        let (active, blows) = Active::begin(world, place, fault);
        world.tell_calm(|| fault.to_string());
        let (nodes, touched) = (active.nodes.clone(), active.touched(world));
        let cut = active.pairs().iter();
        let swallowed = cut.map(|(from, to)| world.network.swallowed(*from, *to)).collect();
        self.lasting.insert(place, Lasting { active, swallowed });
        Strike { nodes, touched, blows }
    }

    /// Frames that its cuts swallowed. Where cuts overlap on a link, each frame counts for the fault that
    /// ends first, and for no other.
    fn taken(&mut self, place: usize) -> u64 {
        let Some(Lasting { active, swallowed }) = self.lasting.get(&place) else { return 0 };
        let pairs = active.pairs().iter().zip(swallowed);
        let fresh = pairs.map(|((from, to), before)| {
            let swallowed = self.world.network.swallowed(*from, *to);
            let credited = self.credited.insert((*from, *to), swallowed).unwrap_or(0);
            swallowed - credited.max(*before)
        });
        fresh.sum()
    }

    fn lift(&mut self, place: usize) -> Vec<Blow> {
        let Some(Lasting { active, .. }) = self.lasting.remove(&place) else { return Vec::new() };
        let fault = active.fault.clone();
        let blows = active.end(&mut self.world);
        self.world.tell_calm(|| fault.to_string());
        blows
    }
}

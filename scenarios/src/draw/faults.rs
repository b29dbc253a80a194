//! What goes wrong in one seed's world, and when: by script and from the menu. Each line of a
//! script and each fault of a menu throws its own dice.

use crate::{
    faults::{Dice, Fault},
    occasion::{Occasion, When},
    place::Shape,
    plan::Planned,
    random::Stream,
    scenario::Scenario,
    units::{Count, Millis, Range},
    written::{Dish, Menu, Scripted},
};

/// What faults are drawn against.
pub(super) struct World<'a> {
    pub(super) seed: u64,
    pub(super) shape: &'a Shape,
    /// How many.
    pub(super) clients: u32,
}

impl World<'_> {
    /// In no order yet.
    pub(super) fn timeline(&self, scenario: &Scenario, trouble_ms: u64) -> Vec<Planned> {
        let (shape, regions) = (self.shape, &scenario.cluster.regions);
        let dice = Dice { shape, regions, clients: self.clients };
        let mut timeline = Vec::new();
        for (i, scripted) in scenario.faults.iter().enumerate() {
            let mut stream = Stream::derive(self.seed, &format!("draw/script/{i}"));
            script(scripted, &dice, trouble_ms, &mut stream, &mut timeline);
        }
        if let Some(menu) = &scenario.menu {
            self.menu(menu, &dice, trouble_ms, &mut timeline);
        }
        timeline
    }

    /// Any combination is kept, for the system must survive them all; only a second fault of the
    /// same kind on the same target while the first one lasts is left out: it would change nothing
    /// and its end would lift the first one early.
    fn menu(&self, menu: &Menu, dice: &Dice<'_>, trouble_ms: u64, timeline: &mut Vec<Planned>) {
        let dishes = self.dishes(menu);
        let weights: Vec<u32> = dishes.iter().map(|(_, weight)| *weight).collect();
        if weights.iter().all(|weight| *weight == 0) {
            return;
        }
        let mut served: Vec<Planned> = Vec::new();
        for (k, at_ms) in self.hours(menu, trouble_ms).into_iter().enumerate() {
            let mut stream = Stream::derive(self.seed, &format!("draw/menu/{k}"));
            let dish = dishes[stream.weighted(&weights)].0;
            let fault = dish.what.draw(dice, &mut stream);
            let mut next = planned(at_ms, dish.lasts.as_ref(), trouble_ms, fault, &mut stream);
            next.when = when(&dish.when, &dish.nth, &mut stream);
            if !served.iter().any(|earlier| covers(earlier, &next)) {
                served.push(next);
            }
        }
        timeline.append(&mut served);
    }

    /// What is on in this seed, with its weight.
    fn dishes<'m>(&self, menu: &'m Menu) -> Vec<(&'m Dish, u32)> {
        let mut stream = Stream::derive(self.seed, "draw/menu/off");
        let off = menu.off.draw_u32(&mut stream);
        menu.faults
            .iter()
            .enumerate()
            .map(|(i, dish)| {
                let mut stream = Stream::derive(self.seed, &format!("draw/menu/dish/{i}"));
                let weight = dish.weight.draw_u32(&mut stream);
                (dish, if stream.hits(off) { 0 } else { weight })
            })
            .collect()
    }

    /// When faults of the menu begin, in order: as many as the rate says, the fraction by chance.
    fn hours(&self, menu: &Menu, trouble_ms: u64) -> Vec<u64> {
        let mut stream = Stream::derive(self.seed, "draw/menu/when");
        let due = menu.rate.draw_u64(&mut stream) * trouble_ms;
        let n = due / 1_000_000 + u64::from(stream.below(1_000_000) < due % 1_000_000);
        let mut hours: Vec<u64> = (0..n).map(|_| stream.below(trouble_ms)).collect();
        hours.sort_unstable();
        hours
    }
}

/// One line of a script.
fn script(
    scripted: &Scripted,
    dice: &Dice<'_>,
    trouble_ms: u64,
    stream: &mut Stream,
    timeline: &mut Vec<Planned>,
) {
    let mut at_ms = scripted.at.draw_u64(stream);
    let times = match (&scripted.every, &scripted.times) {
        (None, _) => 1,
        (Some(_), None) => u32::MAX,
        (Some(_), Some(times)) => times.draw_u32(stream),
    };
    for _ in 0..times {
        if at_ms >= trouble_ms {
            break;
        }
        let fault = scripted.what.draw(dice, stream);
        let lasts = scripted.lasts.as_ref();
        let mut next = planned(at_ms, lasts, trouble_ms, fault, stream);
        next.when = when(&scripted.when, &scripted.nth, stream);
        timeline.push(next);
        at_ms += scripted.every.as_ref().map_or(0, |every| every.draw_u64(stream));
    }
}

/// A fault that would outlast trouble ends with it: none, which is *until heal*.
fn planned(
    at_ms: u64,
    lasts: Option<&Range<Millis>>,
    trouble_ms: u64,
    fault: Fault,
    stream: &mut Stream,
) -> Planned {
    let for_ms = lasts.map(|lasts| lasts.draw_u64(stream));
    let for_ms = for_ms.filter(|for_ms| at_ms + for_ms < trouble_ms);
    Planned { at_ms, for_ms, when: None, fault }
}

/// One of the occasions, and which of its kind; none: by the clock. Draws nothing where none is written.
fn when(written: &[Occasion], nth: &Range<Count>, stream: &mut Stream) -> Option<When> {
    if written.is_empty() {
        return None;
    }
    let what = *stream.choose(written);
    Some(When { what, nth: nth.draw_u32(stream) })
}

/// Whether `next` begins while `earlier` does the same thing to the same target; of what waits for an
/// occasion nobody knows.
fn covers(earlier: &Planned, next: &Planned) -> bool {
    let lasts = earlier.for_ms.is_none_or(|for_ms| next.at_ms <= earlier.at_ms + for_ms);
    let is_timed = earlier.when.is_none() && next.when.is_none();
    is_timed && lasts && earlier.fault.is_same_hold(&next.fault)
}

//! Every law over what the world saw, over healthy runs that are made while they are judged, and
//! over the same with one thing wrong at nine tenths. `cargo bench -p zeroloss-checkers --bench world`.

#[path = "../tests/healthy/mod.rs"]
mod healthy;
mod measure;

use checkers::{Bench, DEFAULT, checkers};
use healthy::{Healthy, Plant};
use measure::Case;

fn main() {
    let mut cases = vec![case("all", DEFAULT, 1_000, 8, None)];
    for messages in [10_000, 100_000, 1_000_000] {
        for clients in [8, 40, 100] {
            cases.push(case("nobody", &[], messages, clients, None));
            cases.push(case("all", DEFAULT, messages, clients, None));
            for plant in Plant::ALL {
                cases.push(case(plant.law(), &[], messages, clients, None));
                cases.push(case(plant.law(), &[], messages, clients, Some(plant)));
            }
        }
    }
    measure::run(&cases);
}

/// One law by its name, or all of these, or none.
fn case(
    name: &'static str,
    laws: &'static [&'static str],
    messages: u64,
    clients: u64,
    plant: Option<Plant>,
) -> Case {
    let laws: Vec<String> = match name {
        "all" | "nobody" => laws.iter().map(|law| (*law).to_owned()).collect(),
        law => vec![law.to_owned()],
    };
    let state = if plant.is_some() { "planted" } else { "clean" };
    measure::case(
        format!("{name}/{clients}/{messages}/{state}"),
        || (),
        move |()| {
            let mut bench = Bench::new(checkers(&laws).expect("known laws"));
            // A hundred clients do not divide every power of ten; each partition has as many.
            let messages = messages / clients * clients;
            Healthy { messages, clients, plant }.tell(&mut bench);
            let judgements = bench.finish();
            let is_violated = judgements.iter().any(|told| told.verdict.word() == "violated");
            assert_eq!(is_violated, plant.is_some(), "{judgements:?}");
            judgements.first().map_or("nobody", |told| told.verdict.word()).to_owned()
        },
    )
}

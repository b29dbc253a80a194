//! A long healthy run through the whole bench: every law holds, every law is covered, and the
//! counts come out to the message. Large enough to notice a law that is not linear.

mod healthy;

use checkers::{Bench, Counts, DEFAULT, Drain, Verdict, checkers};
use healthy::{Healthy, Plant};

const MESSAGES: u64 = 200_000;

#[test]
fn a_long_healthy_run_holds_by_every_law() {
    let names: Vec<String> = DEFAULT.iter().map(|name| (*name).to_owned()).collect();
    let mut bench = Bench::new(checkers(&names).expect("the default laws"));
    Healthy { messages: MESSAGES, clients: 8, plant: None }.tell(&mut bench);
    let counts = bench.counts();
    let expected = Counts {
        attempted: MESSAGES,
        acknowledged: MESSAGES,
        read: MESSAGES,
        drain: Drain::Fully,
        ..Counts::default()
    };
    assert_eq!(counts, expected);
    for judgement in bench.finish() {
        assert!(matches!(judgement.verdict, Verdict::Holds(_)), "{judgement:?}");
    }
}

#[test]
fn one_wrong_thing_in_a_long_run_is_seen_by_its_law() {
    for plant in Plant::ALL {
        let mut bench = Bench::new(checkers(&[plant.law().to_owned()]).expect("a known law"));
        Healthy { messages: 20_000, clients: 8, plant: Some(plant) }.tell(&mut bench);
        let judgement = bench.finish().remove(0);
        assert_eq!(judgement.verdict.word(), "violated", "{plant:?}: {judgement:?}");
    }
}

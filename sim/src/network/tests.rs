//! Every accident of the network, and that it bites.

use super::*;

const MS: u64 = 1_000_000;

fn quiet() -> scenarios::Network {
    scenarios::Network {
        latency_us: vec![vec![500, 30_000], vec![40_000, 500]],
        jitter_percent: 10,
        loss_ppm: 0,
        duplicate_ppm: 0,
        reorder_ppm: 0,
        tail_ppm: 0,
        tail_us: 0,
    }
}

/// Nodes 1 and 2 in region 0, node 3 and client 4 in region 1.
fn network(config: &scenarios::Network) -> Network {
    Network::new(config, &[0, 0, 1], &[1], 7)
}

fn hits(network: &Network, kind: &str) -> u64 {
    network.hits().find(|(name, _)| *name == kind).expect("a known kind").1
}

fn arrival(route: Route) -> u64 {
    match route {
        Route::Deliver { at_ns, .. } => at_ns,
        Route::Lost { why } => panic!("lost: {why:?}"),
    }
}

/// Sends this many frames, one every 10 us, and tells what became of them.
fn send(network: &mut Network, from: Endpoint, to: Endpoint, count: u64) -> Vec<Route> {
    (0..count).map(|i| network.route(i * 10_000, from, to, 100)).collect()
}

fn raised(rates: Rates) -> Network {
    let mut network = network(&quiet());
    network.add_rates(rates);
    network
}

#[test]
fn latency_is_the_matrix_with_jitter_on_top() {
    let mut network = network(&quiet());
    for (from, to, base) in [(1, 2, 500_000), (1, 3, 30 * MS), (3, 1, 40 * MS), (4, 1, 40 * MS)] {
        let mut longest = 0;
        for i in 0..200 {
            let took = arrival(network.route(i * 1_000 * MS, from, to, 100)) - i * 1_000 * MS;
            assert!((base..=base + base / 10).contains(&took), "{from}-{to} took {took}");
            longest = longest.max(took);
        }
        assert!(longest > base + base / 20, "jitter never bites on {from}-{to}");
    }
}

#[test]
fn a_link_keeps_order() {
    let mut network = network(&quiet());
    let arrivals: Vec<u64> = send(&mut network, 1, 3, 2_000).into_iter().map(arrival).collect();
    assert!(arrivals.is_sorted_by(|a, b| a < b));
    assert_eq!(hits(&network, "reorder"), 0);
}

#[test]
fn loss_bites_at_its_rate_and_only_between_nodes() {
    let rates = Rates { loss_ppm: 200_000, ..Rates::default() };
    let mut network = raised(rates);
    let lost = |routes: Vec<Route>| {
        routes.iter().filter(|route| **route == Route::Lost { why: Loss::Loss }).count() as u64
    };
    let between = lost(send(&mut network, 1, 2, 10_000));
    assert!((1_800..=2_200).contains(&between), "{between} of 10,000 at 20 %");
    assert_eq!(hits(&network, "loss"), between);
    assert_eq!(lost(send(&mut network, 4, 1, 10_000)), 0, "a client's link is spared");
    assert_eq!(lost(send(&mut network, 1, 4, 10_000)), 0, "a client's link is spared");
    network.remove_rates(rates);
    assert_eq!(lost(send(&mut network, 1, 2, 10_000)), 0);
}

#[test]
fn base_rates_bite_on_clients_too() {
    let mut network = network(&scenarios::Network { loss_ppm: 100_000, ..quiet() });
    send(&mut network, 4, 1, 10_000);
    assert!((800..=1_200).contains(&hits(&network, "loss")));
}

#[test]
fn raised_rates_stack() {
    let (half, fifth) = (
        Rates { loss_ppm: 500_000, ..Rates::default() },
        Rates { loss_ppm: 200_000, ..Rates::default() },
    );
    let mut network = raised(half);
    network.add_rates(fifth);
    network.add_rates(half);
    send(&mut network, 1, 2, 100);
    assert_eq!(hits(&network, "loss"), 100, "more than all is all");
    network.remove_rates(half);
    network.remove_rates(half);
    send(&mut network, 1, 2, 10_000);
    assert!((1_800..=2_300).contains(&(hits(&network, "loss") - 100)), "a fifth is left");
}

#[test]
#[should_panic(expected = "lifted only where they were raised")]
fn rates_that_were_not_raised_cannot_be_lifted() {
    raised(Rates { loss_ppm: 5, ..Rates::default() }).remove_rates(Rates::default());
}

#[test]
fn duplicates_arrive_a_latency_later() {
    let mut network = raised(Rates { duplicate_ppm: 300_000, ..Rates::default() });
    let mut twice = 0;
    for route in send(&mut network, 1, 3, 10_000) {
        let Route::Deliver { at_ns, again_at_ns } = route else { panic!("lost") };
        if let Some(again_at_ns) = again_at_ns {
            assert!((30 * MS..=33 * MS).contains(&(again_at_ns - at_ns)));
            twice += 1;
        }
    }
    assert!((2_800..=3_200).contains(&twice), "{twice} of 10,000 at 30 %");
    assert_eq!(hits(&network, "duplicate"), twice);
}

#[test]
fn reordered_frames_are_overtaken_and_the_others_keep_order() {
    for (from, to) in [(1, 2), (1, 3)] {
        let mut network = raised(Rates { reorder_ppm: 10_000, ..Rates::default() });
        let arrivals: Vec<u64> =
            send(&mut network, from, to, 10_000).into_iter().map(arrival).collect();
        let overtaken =
            (1..arrivals.len()).filter(|i| arrivals[i - 1] > arrivals[*i]).count() as u64;
        assert!(overtaken > 50, "{overtaken} of 10,000 at 1 %");
        assert!(hits(&network, "reorder") > 50);
        assert!(hits(&network, "reorder") <= 150, "only who was overtaken counts");
    }
}

#[test]
fn long_tails_are_long_and_hold_the_link() {
    let tail = Rates { tail_ppm: 20_000, tail_us: 2_000_000, ..Rates::default() };
    let mut network = raised(tail);
    let latest = (0..1_000)
        .map(|i| arrival(network.route(i * 10_000 * MS, 1, 2, 100)) - i * 10_000 * MS)
        .max();
    assert!(latest > Some(100 * MS), "the longest of 1,000 took only {latest:?} ns");
    assert!(latest < Some(2_001 * MS));
    assert!((8..=40).contains(&hits(&network, "tail")), "of 1,000 at 2 %");
}

#[test]
fn a_cut_swallows_its_direction_and_counts() {
    let mut network = network(&quiet());
    let in_flight = network.route(0, 1, 3, 100);
    assert!(matches!(in_flight, Route::Deliver { .. }));
    assert!(!network.swallows(1, 3));
    network.cut(1, 3);
    network.cut(1, 3);
    assert!(network.swallows(1, 3), "what is in flight goes down with the link");
    assert_eq!(network.route(0, 1, 3, 100), Route::Lost { why: Loss::Cut });
    arrival(network.route(0, 3, 1, 100));
    arrival(network.route(0, 1, 2, 100));
    network.mend(1, 3);
    assert!(network.is_cut(1, 3), "another cut still lasts");
    network.mend(1, 3);
    assert!(!network.is_cut(1, 3));
    arrival(network.route(0, 1, 3, 100));
    assert_eq!((network.swallowed(1, 3), network.swallowed(3, 1)), (2, 0));
    assert_eq!(hits(&network, "cut"), 2);
}

#[test]
#[should_panic(expected = "mended more often")]
fn a_whole_link_cannot_be_mended() {
    network(&quiet()).mend(1, 2);
}

#[test]
fn clients_can_be_cut_off_too() {
    let mut network = network(&quiet());
    for (from, to) in isolate(4, &[1, 2, 3]) {
        network.cut(from, to);
    }
    for node in 1..=3 {
        assert_eq!(network.route(0, 4, node, 1), Route::Lost { why: Loss::Cut });
        assert_eq!(network.route(0, node, 4, 1), Route::Lost { why: Loss::Cut });
    }
    arrival(network.route(0, 1, 2, 1));
}

#[test]
fn a_narrow_link_delays_and_then_loses() {
    let mut network = network(&scenarios::Network { jitter_percent: 0, ..quiet() });
    network.limit(1, 2, Some(Bandwidth { bytes_per_us: 10, queue_bytes: 3_000 }));
    let routes: Vec<Route> = (0..4).map(|_| network.route(0, 1, 2, 1_000)).collect();
    let arrivals: Vec<u64> = routes[..3].iter().map(|route| arrival(*route)).collect();
    assert_eq!(arrivals, [600_000, 700_000, 800_000], "100 us each, then 500 us of latency");
    assert_eq!(routes[3], Route::Lost { why: Loss::Queue });
    assert_eq!(hits(&network, "queue"), 1);
    assert_eq!(arrival(network.route(100_000, 1, 2, 1_000)), 900_000, "one has left");
    network.limit(1, 2, None);
    assert_eq!(arrival(network.route(MS, 1, 2, 1_000_000)), 1_500_000);
}

#[test]
fn one_links_dice_do_not_move_anothers() {
    let config = scenarios::Network { loss_ppm: 10_000, duplicate_ppm: 10_000, ..quiet() };
    let (mut alone, mut busy) = (network(&config), network(&config));
    send(&mut busy, 2, 1, 1_000);
    send(&mut busy, 1, 3, 1_000);
    assert_eq!(send(&mut alone, 1, 2, 1_000), send(&mut busy, 1, 2, 1_000));
    assert_ne!(send(&mut alone, 1, 3, 1_000), send(&mut alone, 2, 3, 1_000));
}

#[test]
#[should_panic(expected = "have no link")]
fn clients_do_not_talk_to_each_other() {
    Network::new(&quiet(), &[0], &[0, 1], 7).route(0, 2, 3, 1);
}

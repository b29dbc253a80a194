//! The HTML page: safe against whatever a stranger named, bounded, and the same every time.

use crate::fixtures::{SECOND, green, hostile, invocation, long, mixed, passing, violated};
use checkers::Ending;
use reports::{compose, html};

/// Every tag of the page: what stands between `<` and the first white space or `>`.
fn tags(page: &str) -> Vec<&str> {
    page.split('<')
        .skip(1)
        .map(|rest| rest.split([' ', '>', '\n']).next().expect("split yields at least one"))
        .collect()
}

#[test]
fn a_stranger_cannot_add_a_tag_nor_an_attribute() {
    let hostile = html(&invocation(vec![hostile(1)]));
    let harmless = html(&mixed());
    let known = tags(&harmless);
    for tag in tags(&hostile) {
        assert!(known.contains(&tag), "a stranger's tag <{tag}");
    }
    assert!(!hostile.contains("<img") && !hostile.contains("</script"), "not escaped");
    for (what, page) in [("hostile", &hostile), ("harmless", &harmless)] {
        for tag in page.split('<').skip(1).filter_map(|rest| rest.split('>').next()) {
            assert!(!tag.contains(" on"), "{what}: an event handler in <{tag}>");
        }
    }
    let svgs: String =
        hostile.split("<svg").skip(1).filter_map(|s| s.split("</svg").next()).collect();
    assert!(svgs.contains("onerror"), "the attack reaches the plots, else this proves nothing");
    assert!(hostile.contains("{{ 7*7 }}"), "shown as it was written");
    assert!(!hostile.contains(|c: char| c.is_control() && c != '\n'), "a control character");
}

#[test]
fn the_page_asks_no_one_for_anything() {
    let page = html(&mixed());
    let policy = "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; \
                  style-src 'unsafe-inline'; img-src data:\">";
    assert!(page.contains(policy));
    let rest = page.replace("http://www.w3.org/2000/svg", "");
    // An icon of nothing, or a browser asks the page's host for one; and places on this page.
    let rest = rest.replace("<link rel=\"icon\" href=\"data:,\">", "").replace("href=\"#", "");
    for outside in ["http:", "https:", "url(", "@import", "src=", "href=", "<script", "<link"] {
        assert!(!rest.contains(outside), "{outside}");
    }
}

#[test]
fn the_same_report_is_the_same_page() {
    assert!(html(&mixed()) == html(&mixed()));
}

#[test]
fn verdict_first_then_evidence_then_the_way_back_then_plots() {
    let page = html(&invocation(vec![violated(8_812)]));
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [
        at("class=\"run\""),
        at("<strong class=\"violated\">zero_loss"),
        at("12.902s</time><span>n3 became leader (term 5)"),
        at("<pre>zeroloss replay z1:leader_crash+ack_before_flush:8812:c3f0a1b2</pre>"),
        at("<title>Acknowledged per second</title>"),
        at("<title>Latency of produce calls</title>"),
        at("<title>Replica lag</title>"),
        at("<title>Leaders</title>"),
    ];
    assert!(order.is_sorted(), "{order:?}");
    assert!(page.contains("<dt>therefore</dt>"), "what it comes to");
    assert!(page.contains("562 ms</td>"), "RTO");
    assert!(page.contains("<pre>plan "), "the plan's own display");
}

#[test]
fn a_page_of_a_thousand_seeds_stays_small_and_says_what_it_left_out() {
    let mut runs: Vec<_> = (1..=960).map(passing).collect();
    runs.extend((1..=40).map(violated));
    let page = html(&invocation(runs));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    // Of the passing ones only the most interesting seeds, and here they are all alike.
    assert_eq!(page.matches("<details class=\"run\"").count(), 16 + 1);
    assert!(page.contains("983 runs without a card"));
    assert!(page.contains("<code>z1:smoke:960:c3f0a1b2</code>"));
}

#[test]
fn plots_of_long_runs_stay_in_their_budget_and_the_page_says_so() {
    let mut wide = long(1);
    for node in 6..=24 {
        let lag = wide.run.series.lag[&3].clone();
        wide.run.series.lag.insert(node, lag);
    }
    wide.run.ending = Ending::Stuck { at_ns: SECOND, waiting: "nothing".to_owned() };
    let wide = compose(wide.plan.clone(), wide.plan, wide.run, wide.token, None, 1);
    let page = html(&invocation(vec![wide; 40]));
    assert!(page.len() < 2_000_000, "{} bytes", page.len());
    let with = page.matches("<h4>Replica lag").count();
    let without = page.matches("Plots left out").count();
    assert!(with > 0 && without > 0, "{with} with plots, {without} without");
    assert_eq!(with + without, 16, "each card has plots, or says that it has not");
}

#[test]
fn what_failed_stands_before_everything_else_and_what_passed_is_one_click_away() {
    let page = html(&mixed());
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("{text} is missing"));
    let order = [at("<h1>"), at("<h2>Failures"), at("<details class=\"run\""), at("<h2>Scenarios")];
    assert!(order.is_sorted(), "{order:?}");
    for link in page.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(page.contains(&format!("id=\"{link}\"")), "nothing is called {link}");
    }
    assert!(page.matches("<details class=\"run\"").count() > page.matches("\" open>").count());
}

#[test]
fn one_run_alone_is_open_and_told_in_words_that_fit_one() {
    let page = html(&invocation(vec![long(1)]));
    assert!(page.contains("<h1>The run holds</h1>"), "not `All 1 run hold`");
    assert_eq!(page.matches("\" open>").count(), 1, "its plots need no click");
    assert!(page.contains("RTO over") && page.contains("<title>Leaders</title>"));
}

#[test]
fn the_page_says_what_it_is_for_what_is_promised_and_what_made_it() {
    let page = html(&mixed());
    for told in [
        "Leaders die, and what they acknowledged is still there.",
        "acknowledged at region_quorum",
        "read at linearizable",
        "every message acknowledged at quorum or above is read",
        "<dt>S9</dt>",
        "2026-11-26 01:02:03 UTC · zeroloss 0.1.0 · commit 0123456789ab",
    ] {
        assert!(page.contains(told), "{told}");
    }
    assert!(!page.contains("acknowledged at none"), "nobody asked for that");
}

#[test]
fn every_scenario_has_a_passing_run_on_the_page() {
    let page = html(&green());
    assert!(page.contains("All 21 runs hold"));
    assert!(page.contains("datacenter_outage <span class=\"soft\">seed 1</span>"));
}

/// `PAGE_OUT=/some/folder` keeps the pages, to be looked at.
#[test]
fn the_page_of_nothing_is_a_page() {
    let nothing = html(&invocation(Vec::new()));
    assert!(nothing.contains("Nothing was run"));
    if let Some(folder) = std::env::var_os("PAGE_OUT") {
        let folder = std::path::Path::new(&folder);
        for (name, page) in [("mixed.html", html(&mixed())), ("green.html", html(&green()))] {
            std::fs::write(folder.join(name), page).expect("the folder can be written");
        }
        let hostile = html(&invocation(vec![hostile(1)]));
        std::fs::write(folder.join("hostile.html"), hostile).expect("the folder can be written");
    }
}

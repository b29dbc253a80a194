//! One history in every form that can say it, and every form gets one verdict: how a history was
//! written down must not decide what is said of the system.

use checkers::court::{Choices, FailedCas, Request, Ruling, hear};

/// One line: who, asked or answered, what, with what, and why it failed.
type Told = (u64, &'static str, &'static str, &'static str, Option<&'static str>);

/// A value as the forms write it: in EDN, and in JSON.
fn json_value(edn: &str) -> String {
    edn.replace("nil", "null").replace(' ', ",").replace(":x", "\"x\"")
}

fn edn_lines(told: &[Told]) -> String {
    let line = |(process, kind, f, value, error): &Told| {
        let error = error.map_or(String::new(), |error| format!(", :error {error}"));
        format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}{error}}}\n")
    };
    told.iter().map(line).collect()
}

fn edn_vector(told: &[Told]) -> String {
    format!("[{}]\n", edn_lines(told))
}

fn edn_tagged(told: &[Told]) -> String {
    edn_lines(told).lines().map(|line| format!("#jepsen.history.Op{line}\n")).collect()
}

fn json_lines(told: &[Told]) -> String {
    let line = |(process, kind, f, value, error): &Told| {
        let value = json_value(value);
        let error = error.map_or(String::new(), |error| {
            format!(",\"error\":\"{}\"", error.trim_start_matches(':'))
        });
        format!(
            "{{\"type\":\"{kind}\",\"process\":{process},\"f\":\"{f}\",\"value\":{value}{error}}}\n"
        )
    };
    told.iter().map(line).collect()
}

fn json_array(told: &[Told]) -> String {
    let lines: Vec<String> = json_lines(told).lines().map(str::to_owned).collect();
    format!("[{}]\n", lines.join(",\n"))
}

fn columns(told: &[Told]) -> String {
    let line = |(process, kind, f, value, error): &Told| {
        let error = error.map_or(String::new(), |error| format!("\t{error}"));
        format!("{process}\t:{kind}\t:{f}\t{value}{error}\n")
    };
    told.iter().map(line).collect()
}

fn old_log(told: &[Told]) -> String {
    let lines = columns(told).replace('\n', "\nWARN  jepsen.core - and so on\n");
    let lines: Vec<String> = lines
        .lines()
        .map(|line| match line.starts_with("WARN") {
            true => format!("{line}\n"),
            false => format!("INFO  jepsen.util - {line}\n"),
        })
        .collect();
    lines.concat()
}

fn new_log(told: &[Told]) -> String {
    let head = "INFO [2024-05-01 10:00:00,001] jepsen worker 0 - jepsen.util";
    columns(told).lines().map(|line| format!("{head} {line}\n")).collect()
}

type Form = fn(&[Told]) -> String;

const FORMS: [(&str, Form); 8] = [
    ("EDN, one to a line", edn_lines),
    ("EDN, in one vector", edn_vector),
    ("EDN with tags", edn_tagged),
    ("JSON, one to a line", json_lines),
    ("JSON, in one array", json_array),
    ("columns", columns),
    ("an old log", old_log),
    ("a new log", new_log),
];

fn ruled(name: &str, text: &str, terms: &Choices) -> Ruling {
    let request = Request { terms: terms.clone(), ..Request::default() };
    hear(&mut text.as_bytes(), &request).unwrap_or_else(|error| panic!("{name}: {error}\n{text}"))
}

/// The one verdict of all forms.
#[track_caller]
fn one_verdict(told: &[Told], terms: &Choices) -> &'static str {
    let words = FORMS.map(|(name, form)| (ruled(name, &form(told), terms), name));
    let (first, _) = &words[0];
    for (ruling, name) in &words {
        let verdict = ruling.verdict();
        assert_eq!(verdict.word(), first.verdict().word(), "{name}: {verdict:?}");
        assert_eq!(ruling.model, first.model, "{name}");
        let (mine, firsts) = (&ruling.extent, &first.extent);
        assert_eq!(
            (mine.ok, mine.failed, mine.unknown),
            (firsts.ok, firsts.failed, firsts.unknown)
        );
    }
    words[0].0.verdict().word()
}

fn cas_that_failed(error: Option<&'static str>) -> Vec<Told> {
    vec![
        (0, "invoke", "write", "1", None),
        (0, "ok", "write", "1", None),
        (1, "invoke", "cas", "[1 2]", None),
        (1, "fail", "cas", "[1 2]", error),
        (0, "invoke", "read", "nil", None),
        (0, "ok", "read", "1", None),
    ]
}

#[test]
fn a_failed_cas_says_the_same_in_every_form() {
    let said = |failed_cas| Choices { failed_cas, ..Choices::default() };
    let [silent, observed, ignored] =
        [None, Some(FailedCas::Observed), Some(FailedCas::Ignored)].map(said);
    for (error, by_default, if_observed) in [
        (None, "holds", "violated"),
        // A reason only weakens what was claimed.
        (Some(":connection-refused"), "holds", "holds"),
        (Some(":precondition-failed"), "violated", "violated"),
    ] {
        let told = cas_that_failed(error);
        assert_eq!(one_verdict(&told, &silent), by_default, "{error:?}");
        assert_eq!(one_verdict(&told, &observed), if_observed, "{error:?}");
        assert_eq!(one_verdict(&told, &ignored), "holds", "{error:?}");
    }
}

#[test]
fn histories_of_each_kind_say_the_same_in_every_form() {
    let write = |value| (0, "invoke", "write", value, None);
    let wrote = |value| (0, "ok", "write", value, None);
    let read = |value| [(1, "invoke", "read", "nil", None), (1, "ok", "read", value, None)];
    let add = |value| [(0, "invoke", "add", value, None), (0, "ok", "add", value, None)];
    let cases: [(&str, Vec<Told>); 9] = [
        ("holds", [&[write("3"), wrote("3")][..], &read("3")].concat()),
        ("violated", [&[write("3"), wrote("3")][..], &read("4")].concat()),
        ("violated", [&[write("3"), wrote("3")][..], &read("\"3\"")].concat()),
        ("unknown", [&[write("3"), wrote("3")][..], &read("[3 4]")].concat()),
        (
            "holds",
            [&[write("3"), (0, "info", "write", "3", Some(":timeout"))][..], &read("3")].concat(),
        ),
        (
            "violated",
            [&[write("3"), (0, "fail", "write", "3", Some(":timeout"))][..], &read("3")].concat(),
        ),
        ("holds", [&add("1")[..], &add("2"), &read("[1 2]")].concat()),
        ("violated", [&add("1")[..], &add("2"), &read("[2]")].concat()),
        ("violated", [&add("1")[..], &add("2"), &read("4")].concat()),
    ];
    for (verdict, told) in cases {
        assert_eq!(one_verdict(&told, &Choices::default()), verdict, "{told:?}");
    }
}

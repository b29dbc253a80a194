//! Histories as others write them, judged as a stranger would have them judged: the file and
//! nothing else. The verdict stands in the file's name, and what the court says of it, word for
//! word, in `histories/foreign/rulings/`. `UPDATE_EVIDENCE=1 cargo test -p zeroloss-checkers --test
//! foreign` writes them anew.

use checkers::{
    Verdict,
    court::{Choices, FailedCas, Model, Nil, Permit, Request, Ruling, hear},
    formats::Format,
};
use std::{
    collections::BTreeSet,
    fmt::Write,
    fs,
    path::{Path, PathBuf},
};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("histories/foreign")
}

fn files() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("a folder of histories");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.is_file()).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_name().expect("a file name").to_string_lossy().into_owned()
}

/// Everything that is said of a history.
fn page(ruling: &Ruling) -> String {
    let mut page = format!("{} of {}: {}\n", ruling.format, ruling.model, ruling.verdict().word());
    let extent = &ruling.extent;
    let _ = writeln!(
        page,
        "{} lines, {} operations ({} ok, {} failed, {} unknown) by {} processes on {} objects, {} \
         by bystanders, {} skipped",
        extent.lines,
        extent.operations,
        extent.ok,
        extent.failed,
        extent.unknown,
        extent.processes,
        extent.objects,
        extent.bystanders,
        extent.skipped,
    );
    for term in &ruling.terms {
        let _ = writeln!(page, "by {term}");
    }
    for judgement in &ruling.judgements {
        let name = &judgement.name;
        let _ = match &judgement.verdict {
            Verdict::Holds(coverage) => writeln!(page, "{name} holds ({coverage})"),
            Verdict::Unknown(why) => writeln!(page, "{name} unknown: {why}"),
            Verdict::Violated(evidence) => {
                let lines = evidence.lines.iter().map(|line| format!("    {}\n", line.text));
                let lines: String = lines.collect();
                writeln!(page, "{name} violated: {}\n{}", evidence.summary, lines.trim_end())
            }
        };
        for permitted in &judgement.permitted {
            let _ = writeln!(page, "    permitted: {permitted}");
        }
    }
    page
}

#[test]
fn every_history_is_recognised_and_judged_as_its_name_says() {
    let mut differences = Vec::new();
    let (mut formats, mut models) = (BTreeSet::new(), BTreeSet::new());
    for path in files() {
        let content = fs::read(&path).expect("a history file");
        let name = name_of(&path);
        let ruling = hear(&mut content.as_slice(), &Request::default())
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        let verdict = ruling.verdict();
        let told = name.split('.').nth(1).expect("a verdict in the file's name");
        assert_eq!(verdict.word(), told, "{name}: {}", page(&ruling));
        formats.insert(ruling.format.clone());
        models.insert(ruling.model.clone());
        let golden = folder().join("rulings").join(&name).with_extension("ruling.txt");
        if std::env::var_os("UPDATE_EVIDENCE").is_some() {
            fs::create_dir_all(folder().join("rulings")).expect("a folder for rulings");
            fs::write(&golden, page(&ruling)).expect("the folder of rulings can be written");
        }
        if fs::read_to_string(&golden).unwrap_or_default() != page(&ruling) {
            differences.push(format!("{}:\n{}", golden.display(), page(&ruling)));
        }
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // `set` is told by name only: any history of it is also one of `set-full`.
    let known: BTreeSet<String> = Model::ALL.iter().map(|model| model.name().to_owned()).collect();
    let missing: Vec<&String> = known.difference(&models).collect();
    assert_eq!(missing, ["set"], "models without a history");
    let known: BTreeSet<String> =
        Format::ALL.iter().map(|format| format.name().to_owned()).collect();
    let missing: Vec<&String> = known.difference(&formats).collect();
    assert!(missing.is_empty(), "formats without a history: {missing:?}");
}

/// What is left of a file's last line when it was cut, without what says nothing.
fn last_line(text: &str) -> &str {
    let last = text.rsplit('\n').next().unwrap_or_default().trim();
    if last.starts_with(['#', ';']) || last == "[" { "" } else { last }
}

/// Cut within a record, a file is refused, and the line is told.
#[test]
fn a_file_that_is_cut_within_a_record_is_refused_with_its_line() {
    let mut cuts = 0;
    for path in files() {
        let content = fs::read_to_string(&path).expect("a history file");
        for end in 1..content.len() {
            let cut = &content[..end];
            let whole = content[end..].lines().next().unwrap_or_default();
            let last = last_line(cut);
            // A brace that is closed ends a record, whatever stood behind it.
            let is_closed = last.ends_with('}') && !whole.starts_with('}')
                || last.ends_with(']') && content[end..].trim().is_empty();
            if last.is_empty() || is_closed || last == "---" {
                continue;
            }
            let heard = hear(&mut cut.as_bytes(), &Request::default());
            let lines = cut.lines().count() as u64;
            match heard {
                // Nothing of it can be recognised yet.
                Err(error) if error.line == 0 => assert!(lines <= 3, "{}: {error}", name_of(&path)),
                Err(error) => assert!(error.line <= lines, "{}: {error}", name_of(&path)),
                Ok(ruling) => panic!("{} cut at {end} `{last}`: {ruling:?}", name_of(&path)),
            }
            cuts += 1;
        }
    }
    assert!(cuts > 10_000, "{cuts} cuts");
}

/// Cut between records, a file is judged as the prefix that it is; and what a prefix breaks of a law of
/// order, the whole breaks too.
#[test]
fn a_prefix_breaks_no_law_of_order_that_the_whole_keeps() {
    let mut prefixes = 0;
    for path in files() {
        let content = fs::read_to_string(&path).expect("a history file");
        let whole = hear(&mut content.as_bytes(), &Request::default()).expect("a history");
        for (end, _) in content.match_indices('\n') {
            let cut = &content[..=end];
            let Ok(ruling) = hear(&mut cut.as_bytes(), &Request::default()) else { continue };
            prefixes += 1;
            let is_of_order = |name: &str| name.starts_with("linearizable_");
            let broken = ruling.judgements.iter().find(|judgement| {
                is_of_order(&judgement.name) && matches!(judgement.verdict, Verdict::Violated(_))
            });
            if let Some(broken) = broken {
                let (name, end) = (name_of(&path), end + 1);
                assert_eq!(whole.verdict().word(), "violated", "{name} cut at {end}: {broken:?}");
            }
        }
    }
    assert!(prefixes > 200, "{prefixes} prefixes");
}

/// Dice that are the same every time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) as usize % end.max(1)
    }
}

/// Spoilt files, whole through the court and not only through their reader: an error or a ruling, and
/// never a panic. `ZEROLOSS_CASES` says how many for each file's reader.
#[test]
fn a_spoilt_file_is_an_error_or_a_ruling() {
    let told = std::env::var("ZEROLOSS_CASES").ok();
    let cases: u64 = told.map_or(200, |cases| cases.parse().expect("ZEROLOSS_CASES is a number"));
    let files = files();
    let contents: Vec<Vec<u8>> =
        files.iter().map(|path| fs::read(path).expect("a history file")).collect();
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (path, content) in files.iter().zip(&contents) {
        for _ in 0..cases.div_ceil(files.len() as u64 / 8) {
            let mut bytes = content.clone();
            for _ in 0..=dice.below(3) {
                spoil(&mut bytes, &contents, &mut dice);
            }
            let before = bytes.clone();
            let heard =
                std::panic::catch_unwind(|| hear(&mut bytes.as_slice(), &Request::default()));
            let text = String::from_utf8_lossy(&before).into_owned();
            assert!(heard.is_ok(), "{}:\n{text}", name_of(path));
        }
    }
}

/// Changes a byte, a word, or a line.
fn spoil(bytes: &mut Vec<u8>, others: &[Vec<u8>], dice: &mut Dice) {
    const WORDS: [&[u8]; 20] = [
        b"nil",
        b":ok",
        b":fail",
        b":info",
        b":invoke",
        b":read",
        b":write",
        b":cas",
        b"0",
        b"1",
        b"-1",
        b"18446744073709551615",
        b"[1 2]",
        b"{}",
        b"[]",
        b"\"x\"",
        b"null",
        b"\"ok\"",
        b"true",
        b"1.5",
    ];
    let at = dice.below(bytes.len());
    match dice.below(5) {
        0 if !bytes.is_empty() => bytes[at] = b" 0123456789[]{}\":,\n"[dice.below(19)],
        1 => {
            let from = bytes[..at].iter().rposition(|byte| b" ,[{(".contains(byte));
            let from = from.map_or(0, |from| from + 1);
            let length = bytes[from..].iter().position(|byte| b" ,]})\n".contains(byte));
            let end = from + length.unwrap_or(bytes.len() - from);
            bytes.splice(from..end, WORDS[dice.below(WORDS.len())].iter().copied());
        }
        2 | 3 => {
            let mut lines: Vec<Vec<u8>> =
                bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            if lines.is_empty() {
                return;
            }
            let (one, other) = (dice.below(lines.len()), dice.below(lines.len()));
            match dice.below(3) {
                0 => lines.swap(one, other),
                1 => drop(lines.remove(one)),
                _ => lines.insert(one, lines[other].clone()),
            }
            *bytes = lines.concat();
        }
        _ => {
            let other = &others[dice.below(others.len())];
            let line = other.split_inclusive(|byte| *byte == b'\n').nth(dice.below(8));
            let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
            bytes.splice(start..start, line.unwrap_or_default().iter().copied());
        }
    }
}

#[test]
fn operations_are_found_behind_any_preamble() {
    let history = "{:process 0, :type :invoke, :f :write, :value 1}\n\
                   {:process 0, :type :ok, :f :write, :value 1}\n\
                   {:process 1, :type :invoke, :f :read, :value nil}\n\
                   {:process 1, :type :ok, :f :read, :value 2}\n";
    let nemesis = "{:process :nemesis, :type :info, :f :start, :value nil}\n".repeat(12_000);
    let comments = "; nothing to see here\n".repeat(40_000);
    for preamble in [nemesis, comments, "\n".repeat(1_000_000)] {
        let text = preamble + history;
        let ruling = hear(&mut text.as_bytes(), &Request::default()).expect("a history");
        assert_eq!((ruling.model.as_str(), ruling.verdict().word()), ("register", "violated"));
    }
    let lines = "INFO  jepsen.core - setting up\n".repeat(20_000);
    let text =
        lines + "INFO  jepsen.util - 0 :invoke :write 1\nINFO  jepsen.util - 0 :ok :write 1\n";
    let ruling = hear(&mut text.as_bytes(), &Request::default()).expect("a history");
    assert_eq!((ruling.extent.operations, ruling.extent.skipped), (1, 20_000));
}

#[test]
fn a_first_operation_that_cannot_be_read_is_told_and_not_hidden() {
    let text = b"{:process 0, :type :invoke, :f :write, :value \"\xff\"}\n\
                 {:process 0, :type :ok, :f :write, :value 1}\n";
    let error = hear(&mut text.as_slice(), &Request::default()).expect_err("it is no text");
    assert_eq!(error.to_string(), "line 1: expected UTF-8, found the byte 0xff");
}

#[test]
fn what_the_beginning_looked_like_must_hold_of_the_whole_file() {
    let pair = |n: u32, f: &str, asked: &str, told: &str| {
        format!(
            "{{:process {n}, :type :invoke, :f :{f}, :value {asked}}}\n\
             {{:process {n}, :type :ok, :f :{f}, :value {told}}}\n"
        )
    };
    let mut text: String =
        (0..4_000).map(|n| pair(1, "write", &n.to_string(), &n.to_string())).collect();
    text.push_str(&pair(1, "read", "nil", "3999"));
    let ruling = hear(&mut text.as_bytes(), &Request::default()).expect("a history");
    assert_eq!(ruling.verdict().word(), "holds");
    text.push_str(&pair(1, "read", "nil", "[1 2]"));
    let ruling = hear(&mut text.as_bytes(), &Request::default()).expect("a history");
    let Verdict::Unknown(why) = ruling.verdict() else { panic!("{:?}", ruling.verdict()) };
    assert!(why.contains("`read` comes back with lists such as `[1 2]` (line 8004)"), "{why}");
    assert!(why.contains("--model set-full --rename write=add"), "{why}");
}

#[test]
fn a_term_that_a_model_does_not_use_is_an_error() {
    let register =
        files().into_iter().find(|path| name_of(path).starts_with("register-reads-follow"));
    let content = fs::read(register.expect("a register's history")).expect("a history file");
    let hear_with = |terms: Choices| {
        hear(&mut content.as_slice(), &Request { terms, ..Request::default() })
            .map(|ruling| ruling.verdict().word())
            .map_err(|error| error.to_string())
    };
    let unused = |flag: &str| Err(format!("model `register` has no use for {flag}"));
    let choices = Choices::default;
    assert_eq!(
        hear_with(Choices { isolation: Some("x".into()), ..choices() }),
        unused("--isolation")
    );
    let observed = Some(FailedCas::Observed);
    assert_eq!(hear_with(Choices { failed_cas: observed, ..choices() }), unused("--failed-cas"));
    let gaps = vec![Permit::Gaps];
    assert_eq!(hear_with(Choices { permits: gaps.clone(), ..choices() }), unused("--permit gaps"));
    assert_eq!(hear_with(Choices { demands: gaps, ..choices() }), unused("--demand gaps"));
    // And those that it uses count, whatever the monitors need of them.
    let nil = Some(Nil::Unknown);
    let used = Choices { nil, steps: Some(1), bytes: Some(1 << 20), ..choices() };
    assert_eq!(hear_with(used), Ok("holds"));
}

#[test]
fn names_of_one_s_own_are_renamed_and_keys_are_where_they_are_said_to_be() {
    let text = "{:process 0, :type :invoke, :f :publish, :value [1 2]}\n\
                {:process 0, :type :ok, :f :publish, :value [1 2]}\n\
                {:process 0, :type :invoke, :f :fetch, :value nil}\n\
                {:process 0, :type :ok, :f :fetch, :value [1 2]}\n";
    let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
    let renames = vec![pair("publish", "enqueue"), pair("fetch", "dequeue")];
    let request = Request { renames, ..Request::default() };
    let ruling = hear(&mut text.as_bytes(), &request).expect("a history");
    assert_eq!((ruling.model.as_str(), ruling.verdict().word()), ("queue", "holds"));
    assert!(ruling.terms.contains(&"`publish` is read as `enqueue` (--rename)".to_owned()));
    let untold = hear(&mut text.as_bytes(), &Request::default()).expect("a history");
    assert_eq!((untold.model.as_str(), untold.verdict().word()), ("none", "unknown"));
    let request = Request { is_keyed: Some(true), ..request };
    let error = hear(&mut text.as_bytes(), &request).expect_err("nothing is fetched from a key");
    assert_eq!(
        error.to_string(),
        "line 3: expected a key and a value such as `[1 2]`, found `nil`"
    );
    let request = Request { renames: vec![pair("take", "dequeue")], ..Request::default() };
    let error = hear(&mut text.as_bytes(), &request).expect_err("there is no `take`");
    assert_eq!(error.to_string(), "no operation is called `take` (--rename)");
}

/// A counter for each key is no counter, and a lock that is entered twice by one process is no mutex.
#[test]
fn what_a_model_does_not_have_is_not_judged_by_it() {
    let line = |kind: &str, process: u64, f: &str, value: &str| {
        format!("{{:process {process}, :type :{kind}, :f :{f}, :value {value}}}\n")
    };
    let pair = |process: u64, f: &str, asked: &str, told: &str| {
        line("invoke", process, f, asked) + &line("ok", process, f, told)
    };
    let counters = pair(0, "add", "[7 1]", "[7 1]") + &pair(1, "read", "[8 nil]", "[8 0]");
    let queues = pair(0, "enqueue", "[7 1]", "[7 1]")
        + &pair(0, "enqueue", "[8 1]", "[8 1]")
        + &pair(1, "dequeue", "[8 nil]", "[8 1]")
        + &pair(1, "drain", "[7 nil]", "[7 [1]]");
    let lock =
        pair(0, "acquire", "nil", "nil").repeat(2) + &pair(0, "release", "nil", "nil").repeat(2);
    for (history, words) in [
        (counters, "each operation names a key, and model `counter` has none"),
        (queues, "each operation names a key, and model `queue` has none"),
        (lock, "a process acquires what it holds (line 4)"),
    ] {
        let ruling = hear(&mut history.as_bytes(), &Request::default()).expect("a history");
        let Verdict::Unknown(why) = ruling.verdict() else { panic!("{:?}", ruling.verdict()) };
        assert!(why.contains(words), "{why}");
    }
}

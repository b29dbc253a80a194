//! One small history of each format, read to exactly what it says.

use super::tell;
use crate::formats::{
    Format, Read,
    ours::{self, OurLine},
    read, recognise,
};

/// Every sample and its format.
pub(super) const SAMPLES: [(Format, &str); 13] = [
    (Format::JepsenEdn, include_str!("../samples/jepsen.edn")),
    (Format::JepsenEdn, include_str!("../samples/knossos.edn")),
    (Format::PorcupineKv, include_str!("../samples/porcupine-kv.txt")),
    (Format::JepsenText, include_str!("../samples/jepsen.txt")),
    (Format::Console, include_str!("../samples/console.log")),
    (Format::Json, include_str!("../samples/elle.json")),
    (Format::Json, include_str!("../samples/lines.jsonl")),
    (Format::S2, include_str!("../samples/s2.jsonl")),
    (Format::Fastlin, include_str!("../samples/fastlin.log")),
    (Format::Fptlin, include_str!("../samples/fptlin.log")),
    (Format::Limo, include_str!("../samples/limo.hist")),
    (Format::Jsonl, include_str!("../samples/history.jsonl")),
    (Format::Text, include_str!("../samples/history.txt")),
];

/// The sample's happenings must be these lines.
#[track_caller]
fn says(sample: usize, read: Read, expected: &[&str]) {
    let (format, text) = SAMPLES[sample];
    let (told, result) = tell(format, text.as_bytes());
    assert_eq!(result, Ok(read), "{told:#?}");
    assert_eq!(told, expected);
}

#[test]
fn each_sample_is_recognised() {
    for (format, text) in SAMPLES {
        assert_eq!(recognise(text.as_bytes()), Ok(format));
        let marked = format!("\u{feff}\n{}", text.replace('\n', "\r\n"));
        assert_eq!(recognise(marked.as_bytes()), Ok(format), "with a mark and other line ends");
    }
}

#[test]
fn there_is_a_sample_of_each_format() {
    for format in Format::ALL {
        assert!(SAMPLES.iter().any(|(of, _)| *of == format), "there is none of {format}");
    }
}

#[test]
fn what_jepsen_writes_is_read() {
    let polled = r#"[[:poll {3 [[0 17]], "4" []}]]"#;
    let fifth = format!(
        "9@31 1 Ok poll {polled} | {{:index 4, :time 31, :type :ok, :process 1, :f :poll, \
         :value {polled}, :rebalance-log [{{:keys [3]}}]}}"
    );
    says(
        0,
        Read { lines: 7, skipped: 0 },
        &[
            "2@10 0 Invoke send [[:send 3 17]]",
            "3@12 - Info kill nil",
            "4@15 0 Ok send [[:send 3 [0 17]]]",
            "6@20 1 Invoke poll [[:poll]]",
            &fifth,
            r#"11 7 Invoke odd [-5 6 "1/3" 2.5 -1000 12345678901234567890 "123456789012345678901234567890" "1.50M" "a" "\n" "ä" "2024-01-01" inf true "sym/bol" "q\"äA\n" "re\\\"g"]"#,
            r#"12 7 Info odd ["java.lang.Object" "0x6ab" "x"] | {"type" "info", "process" 7, "f" "odd", "value" ["java.lang.Object" "0x6ab" "x"], :error [:timeout {:type :inner}]}"#,
        ],
    );
}

#[test]
fn one_vector_may_hold_all() {
    says(
        1,
        Read { lines: 3, skipped: 0 },
        &["1 4 Invoke cas [0 2]", "3 4 Fail cas [0 2]", "4 95 Invoke read nil"],
    );
}

#[test]
fn porcupine_s_keys_have_a_place_of_their_own() {
    says(
        2,
        Read { lines: 4, skipped: 0 },
        &[
            r#"1 0 Invoke append "8" "x 0 0 y""#,
            r#"2 0 Ok append "8" "x 0 0 y""#,
            r#"3 1 Invoke get "8" nil"#,
            r#"4 1 Ok get "8" "x 0 0 y""#,
        ],
    );
}

#[test]
fn columns_may_be_parted_by_tabs_or_spaces() {
    says(
        3,
        Read { lines: 6, skipped: 0 },
        &[
            "1 2 Invoke txn [[:r 7 nil]]",
            r#"2 - Info start "[cut off \"n1\"]""#,
            "3 3 Invoke cas [1 2]",
            "5 2 Ok txn [[:r 7 [1 2]]]",
            "6 3 Info cas [1 2] | {:error [:timeout 5]}",
            r#"7 4 Fail read nil | {:error "no leader: retry [later"}"#,
        ],
    );
}

#[test]
fn of_a_log_only_operations_are_read() {
    says(
        4,
        Read { lines: 8, skipped: 3 },
        &[
            "3 0 Invoke write 4",
            "4 - Info start nil",
            "5 0 Info write :timed-out",
            "7 13 Invoke read nil",
            "8 13 Ok read 4",
        ],
    );
}

#[test]
fn json_in_an_array_is_read() {
    says(
        5,
        Read { lines: 5, skipped: 0 },
        &[
            r#"1 0 Invoke txn [["append" 1 1] ["r" 2 nil]]"#,
            r#"2 0 Ok txn [["append" 1 1] ["r" 2 [3]]]"#,
            r#"3@7 9223372036854775808 Invoke add {"a" [-1.5 true 18446744073709551615]}"#,
            r#"4 - Info kill "nä\"1""#,
            r#"5 9223372036854775808 Info add nil | {"type" "info", "process" "alice", "f" "add", "error" ["timeout" nil]}"#,
        ],
    );
}

#[test]
fn json_by_lines_is_read_and_clients_are_processes() {
    says(
        6,
        Read { lines: 3, skipped: 0 },
        &[
            r#"1 1 Invoke write "k1" 259"#,
            r#"2 1 Ok write "k1" 259 | {"type" "ok", "f" "write", "key" "k1", "value" 259, "client" 1, "node" "n2"}"#,
            "4 2 Invoke read 7 nil",
        ],
    );
}

#[test]
fn s2_s_events_are_read() {
    let (format, text) = SAMPLES[7];
    let (told, result) = tell(format, text.as_bytes());
    assert_eq!(result, Ok(Read { lines: 8, skipped: 0 }));
    let short: Vec<&str> = told.iter().filter_map(|line| line.split(" | ").next()).collect();
    assert_eq!(
        short,
        [
            r#"1 2 Invoke append {"num_records" 1, "record_hashes" [17446744073709551615], "match_seq_num" nil}"#,
            "2 3 Invoke check_tail nil",
            r#"3 2 Ok append {"tail" 1}"#,
            "4 3 Fail check_tail nil",
            "5 3 Invoke read nil",
            r#"6 3 Ok read {"tail" 1, "stream_hash" 5}"#,
            r#"7 2 Invoke append {"num_records" 0, "record_hashes" []}"#,
            "8 2 Info append nil",
        ]
    );
    assert!(told.iter().all(|line| line.contains("\"op_id\"")), "it is kept: {told:#?}");
}

#[test]
fn intervals_are_told_in_order_and_those_that_touch_overlap() {
    says(
        8,
        Read { lines: 4, skipped: 0 },
        &[
            "2 0 Invoke enq 2",
            "3 1 Invoke deq nil",
            "3 1 Ok deq nil",
            "5 1 Invoke peek nil",
            "5 1 Ok peek 9",
            "4 1 Invoke deq nil",
            "2 0 Ok enq 2",
            "4 1 Ok deq 2",
        ],
    );
}

#[test]
fn intervals_may_name_their_processes() {
    says(
        9,
        Read { lines: 3, skipped: 0 },
        &[
            "3 0 Invoke enq 10",
            "4 1 Invoke read_modify_write [3 0]",
            "3 0 Ok enq 10",
            "2 4 Invoke peek nil",
            "4 1 Ok read_modify_write [3 0]",
            "2 4 Ok peek nil",
        ],
    );
}

#[test]
fn calls_and_returns_of_threads_are_read() {
    says(
        10,
        Read { lines: 7, skipped: 0 },
        &[
            "2 1 Invoke enq 3",
            "3 2 Invoke deq nil",
            "4 1 Ok enq 3",
            r#"6 3 Invoke push "b""#,
            "7 2 Ok deq 3",
            "8 4 Invoke pop nil",
            "9 4 Ok pop nil",
        ],
    );
}

#[test]
fn our_own_lines_become_calls_marks_and_notes() {
    let mut kinds = Vec::new();
    let ours = SAMPLES.iter().find(|(format, _)| *format == Format::Jsonl).expect("a sample");
    let read = ours::read_jsonl(&mut ours.1.as_bytes(), &mut |line| {
        kinds.push(match line {
            OurLine::Call(call) => format!("call {} of {}", call.id, call.client),
            OurLine::Mark { at, what } => format!("{what:?} at {}", at.at_ns),
            OurLine::Note { at, what } => format!("{what} at {}", at.ordinal),
        });
        Ok(())
    });
    assert_eq!(read, Ok(Read { lines: 4, skipped: 0 }));
    let drained = "Drained { partition: 1, end: 1 } at 60";
    assert_eq!(kinds, ["call 1 of 1", "call 2 of 2", "n1 crashed at 3", drained]);
}

#[test]
fn elle_s_histories_need_neither_process_nor_name() {
    let text = b"{:type :invoke, :value [[:r 1 nil]]}\n{:type :ok, :value [[:r 1 [2]]]}";
    let (told, result) = tell(Format::JepsenEdn, text);
    assert_eq!(result, Ok(Read { lines: 2, skipped: 0 }));
    assert_eq!(told, ["1 0 Invoke txn [[:r 1 nil]]", "2 0 Ok txn [[:r 1 [2]]]"]);
}

#[test]
fn a_file_of_nothing_is_read_as_nothing() {
    for format in Format::ALL {
        if matches!(format, Format::Jsonl | Format::Text) {
            continue;
        }
        for text in ["", "\n \n"] {
            assert_eq!(tell(format, text.as_bytes()), (vec![], Ok(Read::default())), "{format}");
        }
    }
}

#[test]
fn a_file_longer_than_what_is_read_ahead_is_read_whole() {
    const COUNT: u64 = 20_000;
    let write = |line: fn(u64) -> String| (0..COUNT).map(line).collect::<String>();
    let files = [
        (
            Format::JepsenEdn,
            2,
            write(|n| format!("{{:process {n}\r\n, :type :ok, :value \"ä\"}}\r\n")),
        ),
        (Format::JepsenEdn, 1, write(|n| format!("{{:process {n}, :type :ok}} ; ö\n"))),
        (Format::JepsenText, 1, write(|n| format!("{n}\t:ok\t:read\t\"ä\"\r\n"))),
        (
            Format::Json,
            2,
            write(|n| format!("{{\"client\":{n},\n\"type\":\"ok\",\"f\":\"{{ä\"}}\n")),
        ),
        (Format::Limo, 1, write(|n| format!("[{n}] call push({n})\n"))),
    ];
    for (format, lines_each, text) in files {
        assert!(text.len() > 300_000, "{format}: {} bytes", text.len());
        let mut next = 0;
        let mut input = std::io::BufReader::with_capacity(1_000, text.as_bytes());
        let result = read(format, &mut input, &mut |happening| {
            assert_eq!(happening.process, Some(next));
            assert_eq!(happening.line, next * lines_each + 1);
            next += 1;
            Ok(())
        });
        assert_eq!((result, next), (Ok(Read { lines: COUNT, skipped: 0 }), COUNT), "{format}");
    }
}

#[test]
fn knossos_short_form_is_read_alone_and_in_a_sequence() {
    let expected = ["1 0 Invoke write 1", "2 0 Ok write 1"];
    for text in
        ["[0 :invoke :write 1]\n[0 :ok :write 1]\n", "[[0 :invoke :write 1]\n[0 :ok :write 1]]"]
    {
        assert_eq!(recognise(text.as_bytes()), Ok(Format::JepsenEdn), "{text}");
        let (told, result) = tell(Format::JepsenEdn, text.as_bytes());
        assert_eq!(told, expected, "{result:?}");
        assert_eq!(result, Ok(Read { lines: 2, skipped: 0 }));
    }
}

#[test]
fn times_that_decide_nothing_may_be_anything() {
    for time in ["-1", "2.5", "\"noon\"", "1/3", "nil"] {
        let text = format!("{{:type :ok, :process 0, :f :read, :value 1, :time {time}}}");
        let (told, _) = tell(Format::JepsenEdn, text.as_bytes());
        assert_eq!(told, ["1 0 Ok read 1"], "{time}");
    }
}

#[test]
fn an_error_may_go_on_in_the_next_lines() {
    let text = "0\t:invoke\t:write\t3\n0\t:info\t:write\t3\tassert failed: a map\n(or (= t :oks)\n\
                    at line 3)\n1\t:invoke\t:read\tnil\n";
    let (told, result) = tell(Format::JepsenText, text.as_bytes());
    assert_eq!(result, Ok(Read { lines: 5, skipped: 2 }));
    assert_eq!(told.len(), 3, "{told:#?}");
    // What has a type of an operation is one, and broken; and nothing goes on without an error.
    for broken in ["x0 :ok :read 3", "0x :invoke"] {
        let (_, result) = tell(Format::JepsenText, text.replace("at line 3)", broken).as_bytes());
        assert_eq!(result.expect_err("it is broken").line, 4);
    }
    let (_, result) = tell(Format::JepsenText, b"0 :invoke :write 3\n(or)\n");
    assert_eq!(result.expect_err("it is broken").line, 2);
}

#[test]
fn a_file_that_is_broken_where_it_begins_is_told_by_its_line() {
    for (text, format, line) in [
        ("\n{:type :invoke, :f :read, :value \"\\q\"}\n", Format::JepsenEdn, 2),
        ("{\"type\":\"invoke\",\"f\":}\n", Format::Json, 1),
        ("0 :invoke :read\n0 :invoke :read nil\n0 :ok :read 1\n", Format::JepsenText, 1),
        ("# queue\nenq 1 x 2\nenq 2 3 4\ndeq 1 5 6\n", Format::Fastlin, 2),
        ("[1] cal enq(1)\n[1] call enq(1)\n[1] return\n", Format::Limo, 1),
    ] {
        assert_eq!(recognise(text.as_bytes()), Ok(format), "{text}");
        let error = tell(format, text.as_bytes()).1.expect_err("it is broken");
        assert_eq!(error.line, line, "{error}");
    }
}

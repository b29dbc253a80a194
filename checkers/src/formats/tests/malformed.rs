//! Each way to be no history, with the line and the words that say so.

use super::{samples::SAMPLES, tell};
use crate::formats::{Format, FormatError, Read, ours, read, recognise};
use std::io::{self, BufRead, BufReader};

/// The text must be refused with this.
#[track_caller]
fn refused(format: Format, text: &str, line: u64, what: &str) {
    let (told, result) = tell(format, text.as_bytes());
    assert_eq!(result, Err(FormatError { line, what: what.to_owned() }), "after {told:#?}");
}

#[test]
fn edn_that_is_wrong_is_refused_where_it_is_wrong() {
    let cases = [
        ("\n{:type :ok :f}", 2, "expected a value for the map's last key, found `}`"),
        ("{:type :ok :value [1 }", 1, "expected a value or `]`, found `}`"),
        ("{:type :ok :value 1x2}", 1, "expected a number, found `1x2}`"),
        ("{:type :ok :value 1.2.3}", 1, "expected a number, found `1.2.3}`"),
        (
            "{:type :ok :value \"a\\q\"}",
            1,
            "expected an escape such as `\\n` or `\\u00e4`, found `\\q\"}`",
        ),
        (
            "{:type :ok :value \"\\ud800x\"}",
            1,
            "expected both halves of a character, found `\\ud800x\"}`",
        ),
        (
            "{:type :ok :value \"\\u12g4\"}",
            1,
            "expected four hexadecimal digits, found `\\u12g4\"}`",
        ),
        ("{:type :ok :value \\nope}", 1, "expected a character, found `\\nope}`"),
        (
            "{:type :ok\n :value ##Nope}",
            2,
            "expected `##Inf`, `##-Inf` or `##NaN`, found `##Nope}`",
        ),
        ("{:type :ok :value #<Object>}", 1, "expected a value, found `#<Object>}`"),
        ("{:type :ok :value : }", 1, "expected a keyword, found `: }`"),
        ("{:type :ok :value @x}", 1, "expected a value, found `@x}`"),
        ("{:type :ok}\n17", 2, "expected an operation such as `{:type :invoke, ...}`, found `17`"),
        (
            "[{:type :ok}] {:type :ok}",
            1,
            "expected nothing behind the operations, found `{:type :ok}`",
        ),
        ("[{:type :ok}\n)", 2, "expected an operation such as `{:type :invoke, ...}`, found `)`"),
        ("{:type :ok}]", 1, "expected an operation such as `{:type :invoke, ...}`, found `]`"),
        ("[{:type :ok}\n", 2, "the file ends before the `]` of its operations"),
        ("{:type :ok}\n{:type :ok, :f", 2, "the file ends within `{:type :ok, :f`"),
        ("{:type :ok}\n#_ {:type", 2, "the file ends within `#_ {:type`"),
        ("{:type :ok}\n\n#tag", 3, "the file ends within `#tag`"),
        ("{:type :ok :value \"x}\n", 1, "the file ends within `{:type :ok :value \"x}`"),
    ];
    for (text, line, what) in cases {
        refused(Format::JepsenEdn, text, line, what);
    }
}

#[test]
fn an_operation_that_is_wrong_is_refused() {
    let cases = [
        ("{:f :read}", 1, "expected a `type` in the operation, found none"),
        (
            "{:type :maybe}",
            1,
            "expected `invoke`, `ok`, `fail` or `info` as the operation's type, found `:maybe`",
        ),
        ("{:type :ok, :type :fail}", 1, "the operation has two fields `:type`"),
        ("{:type :ok, :f 7}", 1, "expected a name as `f`, found `7`"),
        ("{:type :ok, :process 1.5}", 1, "expected the number or name of a process, found `1.5`"),
        ("{:type :ok, :process [1]}", 1, "expected the number or name of a process, found `[1]`"),
        ("{:type :ok, :process -1}", 1, "expected a process from 0 on, found -1"),
        ("{:type :ok, :index :x}", 1, "expected a whole number as `index`, found `:x`"),
        (
            "{:type :ok, :index 4}\n{:type :ok, :index 4}",
            2,
            "expected an `index` above 4, found 4: not in order",
        ),
        (
            "{:type :ok, :process 0}\n{:type :ok}",
            2,
            "the operation has no process, those before it have a process",
        ),
    ];
    for (text, line, what) in cases {
        refused(Format::JepsenEdn, text, line, what);
    }
}

#[test]
fn json_that_is_wrong_is_refused_where_it_is_wrong() {
    let cases = [
        ("{\"type\":\"ok\"}\n{\"type\":\n nope}", 3, "not JSON: expected ident, found `ope}`"),
        ("{\"type\":\"ok\",\"value\":1e400}", 1, "not JSON: number out of range, found `0}`"),
        (
            "{\"type\":\"ok\",\"value\":18446744073709551616}",
            1,
            "not JSON: expected a number that can be kept exactly, found `6}`",
        ),
        ("{\"type\":\"ok\",}", 1, "not JSON: trailing comma, found `}`"),
        (
            "[{\"type\":\"ok\"}\n {\"type\":\"ok\"}]",
            2,
            "expected `,` or `]`, found `{\"type\":\"ok\"}]`",
        ),
        ("[{\"type\":\"ok\"},\n]", 2, "expected a JSON object, found `]`"),
        ("[{\"type\":\"ok\"}] {}", 1, "expected nothing behind the array, found `{}`"),
        ("[{\"type\":\"ok\"},\n", 2, "the file ends before the `]` of its array"),
        ("{\"type\":\"ok\"}\n{\"type\":\"o", 2, "the file ends within `{\"type\":\"o`"),
        ("{\"type\":\"ok\"}\n7", 2, "expected a JSON object, found `7`"),
        ("7", 1, "expected a JSON object, or an array of them, found `7`"),
        (
            "{\"type\":\"ok\",\"process\":3.5}",
            1,
            "expected the number or name of a process, found `3.5`",
        ),
        (
            "{\"type\":\"ok\",\"value\":\"\u{1}\"}",
            1,
            "not JSON: control character (\\u0000-\\u001F) found while parsing a string, found `\u{1}\"}`",
        ),
    ];
    for (text, line, what) in cases {
        refused(Format::Json, text, line, what);
    }
}

#[test]
fn columns_and_logs_that_are_wrong_are_refused() {
    let cases = [
        (
            Format::JepsenText,
            "0\t:invoke\t:read\n",
            1,
            "expected a value, found the end of `0\t:invoke\t:read`",
        ),
        (
            Format::JepsenText,
            "0 :invoke :read nil\n1 :ok",
            2,
            "the last line has no end, as if cut (a line break makes it whole): `1 :ok`",
        ),
        (
            Format::JepsenText,
            "0 :invoke [1 nil\n",
            1,
            "expected a name, found the end of `0 :invoke [1 nil`",
        ),
        (
            Format::JepsenText,
            "0 :done :read nil\n",
            1,
            "expected `invoke`, `ok`, `fail` or `info` as the operation's type, found `:done`",
        ),
        (Format::JepsenText, "nil :ok :read nil\n", 1, "expected a process, found `nil`"),
        (
            Format::Console,
            "x\nINFO jepsen.util - 0 :ok :read\n",
            2,
            "expected a value, found the end of `0 :ok :read`",
        ),
        (
            Format::Console,
            "x\nINFO jepsen.util - 0 :ok :read 1",
            2,
            "the last line has no end, as if cut (a line break makes it whole): `INFO jepsen.util - 0 :ok :read 1`",
        ),
    ];
    for (format, text, line, what) in cases {
        refused(format, text, line, what);
    }
}

#[test]
fn other_lines_that_are_wrong_are_refused() {
    let cases = [
        (
            Format::Fastlin,
            "# queue\nenq 2 0\n",
            2,
            "expected a method, a value, a start and an end, found `enq 2 0`",
        ),
        (
            Format::Fastlin,
            "enq 2 9 1\n",
            1,
            "expected an end from 9 on, found 1, found `enq 2 9 1`",
        ),
        (Format::Fastlin, "enq x 0 1\n", 1, "expected a number instead of `x`, found `enq x 0 1`"),
        (
            Format::Fastlin,
            "enq 1 -3 1\n",
            1,
            "expected a whole number instead of `-3`, found `enq 1 -3 1`",
        ),
        (Format::Fastlin, "7 1 3 1\n", 1, "expected a method, found `7 1 3 1`"),
        (Format::Fptlin, "0 1 2 ENQ\n", 1, "expected a value, found `0 1 2 ENQ`"),
        (
            Format::Fptlin,
            "0 1 2\n",
            1,
            "expected a process, a start, an end, a method and a value, found `0 1 2`",
        ),
        (
            Format::Limo,
            "[1] cal enq(3)\n",
            1,
            "expected `[THREAD] call METHOD(VALUE)` or `[THREAD] return VALUE`, found `[1] cal enq(3)`",
        ),
        (
            Format::Limo,
            "[1] call enq(3\n",
            1,
            "expected `[THREAD] call METHOD(VALUE)` or `[THREAD] return VALUE`, found `[1] call enq(3`",
        ),
        (
            Format::Limo,
            "[1] call enq(3)\n[2] return\n",
            2,
            "expected a call of thread 2 before its return",
        ),
        (
            Format::Limo,
            "[1] call enq(a, b)\n",
            1,
            "expected one number or word as value, found `a, b`",
        ),
        (Format::S2, "{\"client_id\":1}", 1, "expected `event` to hold one event, found `nil`"),
        (
            Format::S2,
            "{\"event\":{\"Start\":\"Read\"}}",
            1,
            "expected a number as `client_id`, found `nil`",
        ),
        (
            Format::S2,
            "{\"event\":{\"Start\":\"Write\"},\"client_id\":1}",
            1,
            "expected an event of S2's, found `{\"Start\" \"Write\"}`",
        ),
    ];
    for (format, text, line, what) in cases {
        refused(format, text, line, what);
    }
}

#[test]
fn our_own_lines_must_be_in_order() {
    let note = |ordinal| {
        format!("{{\"note\":{{\"at\":{{\"ordinal\":{ordinal},\"at_ns\":0}},\"what\":\"\"}}}}")
    };
    let call = |id, called, returned| {
        format!(
            "{{\"call\":{{\"id\":{id},\"client\":1,\"ask\":\"poll\",\"called\":{{\"ordinal\":{called},\
             \"at_ns\":0}},\"returned\":{{\"ordinal\":{returned},\"at_ns\":0}},\"outcome\":\
             {{\"unknown\":\"\"}}}}}}"
        )
    };
    let cases = [
        ([note(4), note(4)], 2, "expected an ordinal above 4, found 4"),
        ([call(2, 1, 9), call(2, 3, 5)], 2, "expected a call with an id above 2, found 2"),
        ([call(1, 1, 2), call(2, 6, 5)], 2, "expected call 2 to return after ordinal 6, found 5"),
        ([note(1), "{\"note\":{}}".to_owned()], 2, "not a line of ours: missing field `at`"),
        (
            [note(1), "{\"nota\":{}}".to_owned()],
            2,
            "not a line of ours: unknown variant `nota`, expected one of `call`, `mark`, `note`",
        ),
        ([note(1), note(2)[..30].to_owned()], 2, "not a line of ours: EOF while parsing a string"),
    ];
    for (lines, line, what) in cases {
        let text = lines.join("\n");
        let error = ours::read_jsonl(&mut text.as_bytes(), &mut |_| Ok(())).expect_err(what);
        assert_eq!((error.line, error.what.as_str()), (line, what));
    }
}

#[test]
fn calls_are_not_told_as_happenings() {
    refused(Format::Jsonl, "", 0, "`jsonl` holds calls and not what happened");
}

#[test]
fn what_a_judge_refuses_carries_its_line() {
    for (format, text) in SAMPLES {
        if matches!(format, Format::Jsonl | Format::Text) {
            continue;
        }
        let mut lines = Vec::new();
        let error = read(format, &mut text.as_bytes(), &mut |happening| {
            lines.push(happening.line);
            if lines.len() == 2 { Err("no".to_owned()) } else { Ok(()) }
        });
        assert_eq!(error, Err(FormatError { line: lines[1], what: "no".to_owned() }), "{format}");
    }
}

#[test]
fn bytes_that_are_no_text_are_refused_with_their_line() {
    for format in Format::ALL {
        if matches!(format, Format::Jsonl | Format::Text) {
            continue;
        }
        let what = "expected UTF-8, found the byte 0xff".to_owned();
        let text = b"\n\n \xff\n";
        assert_eq!(tell(format, text).1, Err(FormatError { line: 3, what }), "{format}");
        let what = "expected UTF-8, found the byte 0xc3".to_owned();
        assert_eq!(tell(format, b"\n\xc3").1, Err(FormatError { line: 2, what }), "{format}");
    }
}

#[test]
fn a_disk_that_fails_is_an_error_and_no_end() {
    struct Failing;
    impl io::Read for Failing {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let sound = b"{:type :invoke, :process 1, :f :read}\n".as_slice();
    let mut input = BufReader::new(io::Read::chain(sound, Failing));
    let error = read(Format::JepsenEdn, &mut input, &mut |_| Ok(())).expect_err("it failed");
    assert_eq!(error.to_string(), "line 2: could not be read on: the disk is gone");
}

/// So many bytes, the same again and again, and never all of them in memory.
struct Endless(u8, usize);

impl io::Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = buffer.len().min(self.1);
        buffer[..length].fill(self.0);
        self.1 -= length;
        Ok(length)
    }
}

#[test]
fn a_line_that_never_ends_is_refused_before_memory_does() {
    let long = |head: &'static str| {
        let endless: Box<dyn io::Read> =
            Box::new(io::Read::chain(head.as_bytes(), Endless(b'7', 1 << 40)));
        BufReader::new(endless)
    };
    let what = "one line or operation is longer than 64 MiB";
    for (format, head) in [(Format::JepsenEdn, "\n{:type "), (Format::Fastlin, "\nenq ")] {
        let error = read(format, &mut long(head) as &mut dyn BufRead, &mut |_| Ok(()));
        assert_eq!(error, Err(FormatError { line: 2, what: what.to_owned() }), "{format}");
    }
}

#[test]
fn nesting_without_end_is_an_error() {
    let deep = |head: &str, unit: &str| format!("{head}{}", unit.repeat(1_000_000));
    let bounded = "expected values no deeper than 128 in each other, found ";
    for unit in ["[", "(", "{:a ", "#{", "#t [", "#_"] {
        let text = deep("{:type :ok :value ", unit);
        let (_, result) = tell(Format::JepsenEdn, text.as_bytes());
        let error = result.expect_err("it is too deep");
        assert!(bounded.starts_with(&error.what), "{unit}: {error}");
    }
    let (_, result) = tell(Format::JepsenEdn, deep("", "#_").as_bytes());
    assert!(result.is_err());
    let text = format!("{}]}}", deep("{\"type\":\"ok\",\"value\":", "["));
    let error = tell(Format::Json, text.as_bytes()).1.expect_err("it is too deep");
    assert!(error.what.starts_with("not JSON: recursion limit exceeded"), "{error}");
    let fits = format!("{{:type :ok, :value {}{}}}", "[".repeat(127), "]".repeat(127));
    assert_eq!(tell(Format::JepsenEdn, fits.as_bytes()).1, Ok(Read { lines: 1, skipped: 0 }));
}

#[test]
fn what_is_not_recognised_says_why() {
    let cases = [
        ("", "there is nothing in it"),
        ("hello\nworld\n", "line 1 is none of them: `hello`"),
        ("# a\n\n\u{1b}[2J\n", "line 3 is none of them: `\u{1b}[2J`"),
        ("{\"a\":1}", "it is none of them: `{\"a\":1}`"),
        ("{:a 1}", "its first form has no `:type`: `{:a 1}`"),
        (
            "[1, 2]",
            "after its first brace or bracket an object was expected, which begins with `{`, not `1, 2]`",
        ),
        ("{\"type\":\"ok\",\"event\":1,\"client_id\":1}", "it could be `json` and `s2`"),
    ];
    for (text, why) in cases {
        let error = recognise(text.as_bytes()).expect_err(why);
        let head = format!("could not recognise the format: {why}; there are jsonl, text, ");
        assert!(error.starts_with(&head), "{error}");
    }
}

/// Judges keep a shelf for each partition up to the highest: a number of a broken writer asks for more
/// memory than there is.
#[test]
fn a_partition_that_nobody_can_have_is_refused() {
    let mark = "{\"mark\":{\"at\":{\"ordinal\":1,\"at_ns\":0},\"what\":{\"drained\":\
                {\"partition\":4000000000,\"end\":0}}}}";
    let call = "{\"call\":{\"id\":1,\"client\":1,\"ask\":{\"join\":{\"group\":1}},\"called\":\
                {\"ordinal\":1,\"at_ns\":0},\"returned\":{\"ordinal\":2,\"at_ns\":0},\"outcome\":{\"ok\":\
                {\"joined\":{\"generation\":1,\"partitions\":[1,65536]}}}}}";
    for (text, found) in [(mark, 4_000_000_000_u64), (call, 65_536)] {
        let error = ours::read_jsonl(&mut text.as_bytes(), &mut |_| Ok(())).expect_err("too many");
        let what = format!("expected a partition up to 65535, found {found}");
        assert_eq!(error, FormatError { line: 1, what });
    }
    for text in ["c1 produce p70000 m1 @1..2 ok offset=0", "-- drained p70000 end=1 @3"] {
        let error = crate::text::parse(text).expect_err("too many");
        assert_eq!(error.what, "expected a partition up to 65535, found 70000");
    }
}

//! Samples, cut and spoilt: an error or a clean history, never a panic, never a guess.

use super::{samples::SAMPLES, tell};
use crate::{
    formats::{Format, fuzzing::read_anything},
    linearizability::fuzz::cases,
};

/// Dice that are the same every time.
struct Dice(u64);

impl Dice {
    fn throw(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.throw() >> 33) as usize % end.max(1)
    }
}

#[test]
fn a_sample_that_is_cut_is_an_error_or_a_shorter_history() {
    for (format, text) in SAMPLES {
        let whole = (!matches!(format, Format::Jsonl | Format::Text))
            .then(|| tell(format, text.as_bytes()).0);
        for length in 0..text.len() {
            let cut = &text.as_bytes()[..length];
            read_anything(format, cut);
            let Some(whole) = &whole else { continue };
            let (told, result) = tell(format, cut);
            match format {
                // The last number of the last line may be shorter, and others' order with it.
                Format::Fastlin | Format::Fptlin | Format::Limo => {}
                Format::JepsenEdn
                | Format::JepsenText
                | Format::Console
                | Format::PorcupineKv
                | Format::Json
                | Format::S2
                | Format::Jsonl
                | Format::Text => assert_eq!(told, whole[..told.len()], "{format} cut at {length}"),
            }
            if let Ok(read) = result {
                assert!(read.lines <= whole.len() as u64 + read.skipped, "{format} at {length}");
            }
        }
    }
}

#[test]
fn a_line_that_is_cut_is_never_an_operation() {
    for (format, text) in SAMPLES {
        let is_checked = match format {
            Format::JepsenEdn
            | Format::JepsenText
            | Format::Console
            | Format::PorcupineKv
            | Format::Json
            | Format::S2 => true,
            Format::Fastlin | Format::Fptlin | Format::Limo | Format::Jsonl | Format::Text => false,
        };
        if !is_checked {
            continue;
        }
        for length in (0..text.len()).filter(|length| text.is_char_boundary(*length)) {
            let cut = &text[..length];
            let last = cut.rsplit('\n').next().unwrap_or_default();
            let is_within = !last.trim().is_empty()
                && !last.trim_start().starts_with([';', '#'])
                && !last.trim_end().ends_with(['}', ']']);
            if is_within {
                let result = tell(format, cut.as_bytes()).1;
                assert!(result.is_err(), "{format} cut at {length}, within `{last}`");
            }
        }
    }
}

#[test]
fn spoilt_samples_are_read_faithfully_or_refused() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (format, text) in SAMPLES.into_iter().flat_map(|it| (0..cases(500)).map(move |_| it)) {
        let mut bytes = text.as_bytes().to_vec();
        for _ in 0..=dice.below(4) {
            spoil(&mut bytes, &mut dice);
        }
        // Often in its own format, sometimes in another's.
        let format = match dice.below(4) {
            0 => Format::ALL[dice.below(Format::ALL.len())],
            _ => format,
        };
        read_anything(format, &bytes);
    }
}

/// Flips, drops, doubles, moves, or nests.
fn spoil(bytes: &mut Vec<u8>, dice: &mut Dice) {
    const TELLING: &[u8] = b"{}[]()\"\\:;#_,\n\t -+0192nNM./eEu@^'\xc3\xa4\xff\x00";
    let at = dice.below(bytes.len());
    let length = dice.below(24).min(bytes.len() - at);
    match dice.below(8) {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << dice.below(8),
        1 if !bytes.is_empty() => bytes[at] = TELLING[dice.below(TELLING.len())],
        2 => drop(bytes.drain(at..at + length)),
        3 => {
            let again = bytes[at..at + length].to_vec();
            let to = dice.below(bytes.len());
            bytes.splice(to..to, again);
        }
        4 => bytes.truncate(at),
        5 => {
            let other = SAMPLES[dice.below(SAMPLES.len())].1.as_bytes();
            let from = dice.below(other.len());
            let end = other.len().min(from + dice.below(80));
            bytes.splice(at..at + length, other[from..end].iter().copied());
        }
        6 => {
            let nests: [&[u8]; 6] = [b"[", b"{:a ", b"#_", b"{\"a\":", b"(", b"#{"];
            let bomb = nests[dice.below(nests.len())].repeat(dice.below(300));
            bytes.splice(at..at, bomb);
        }
        _ => {
            let digits = [b'0' + dice.below(10) as u8].repeat(dice.below(40));
            bytes.splice(at..at + length, digits);
        }
    }
}

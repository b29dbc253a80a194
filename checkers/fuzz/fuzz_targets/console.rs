#![no_main]

use checkers::formats::{Format, fuzzing::read_anything};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| read_anything(Format::Console, bytes));

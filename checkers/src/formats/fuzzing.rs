//! What must hold of any bytes in any format: for fuzzers, and for the mutations in our tests.

use super::{Format, FormatError, Read, ours, read_from, recognise, source::Source};

/// What reading came to, and everything that was shown on the way.
type Told = (Vec<String>, Result<Read, FormatError>);

/// Reads these bytes in this format, whole and by small pieces, and asserts that it did so
/// faithfully. Whether they are a history does not matter.
pub fn read_anything(format: Format, bytes: &[u8]) {
    // It may say what it likes.
    let _ = recognise(bytes);
    let (shown, result) = read_by(format, bytes, bytes.len().max(1));
    if let Err(error) = &result {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() as u64 + 1;
        assert!(error.line <= lines, "{error} in a file of {lines} lines");
        let length = error.what.len();
        assert!(format == Format::Text || length < 1_000, "an error of {length} bytes: {error}");
    }
    if let Ok(read) = &result {
        assert!(read.skipped <= read.lines, "{read:?}");
    }
    // Bytes that are no text are an error as soon as they come, whatever stood before them.
    if std::str::from_utf8(bytes).is_err() {
        assert!(result.is_err(), "{format} read what is no text");
        return;
    }
    for ahead in [1, 13] {
        let (again, other) = read_by(format, bytes, ahead);
        assert_eq!(shown, again, "{format} by pieces of {ahead}");
        // What stood there is clipped where the piece ends.
        let line = |error: &FormatError| error.line;
        let (result, other) = (result.as_ref().map_err(line), other.as_ref().map_err(line));
        assert_eq!(result, other, "{format} by pieces of {ahead}");
    }
}

fn read_by(format: Format, bytes: &[u8], ahead: usize) -> Told {
    let mut input = bytes;
    let mut input = std::io::BufReader::with_capacity(ahead, &mut input);
    let mut source = Source::with_ahead(&mut input, ahead);
    let mut shown = Vec::new();
    let result = match format {
        Format::Jsonl => ours::read_from(&mut source, &mut |line| {
            shown.push(format!("{line:?}"));
            Ok(())
        }),
        Format::Text => match std::str::from_utf8(bytes).map(crate::text::parse) {
            Ok(Ok(text)) => {
                shown.push(format!("{text:?}"));
                Ok(Read::default())
            }
            Ok(Err(error)) => Err(FormatError { line: error.line as u64, what: error.what }),
            Err(error) => Err(FormatError { line: 0, what: error.to_string() }),
        },
        Format::JepsenEdn
        | Format::JepsenText
        | Format::Console
        | Format::PorcupineKv
        | Format::Json
        | Format::S2
        | Format::Fastlin
        | Format::Fptlin
        | Format::Limo => read_from(format, &mut source, &mut |happening| {
            assert!(happening.line > 0, "lines count from 1");
            shown.push(format!("{happening:?}"));
            Ok(())
        }),
    };
    (shown, result)
}

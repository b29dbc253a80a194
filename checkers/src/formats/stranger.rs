//! Files that lie beside histories and are none: named for what they are, with what to pass instead.

/// Jepsen's `results.edn`.
pub(super) const RESULTS: &str = "it is `results.edn`, what a checker said of a history: pass the \
                                  history.edn or history.txt beside it";

/// What files begin with, and what they are.
const HEADS: [(&[u8], &str); 8] = [
    (
        b"JEPSEN",
        "it is Jepsen's `test.jepsen`, which holds a test in blocks of its own: pass the history.edn \
         or history.txt beside it",
    ),
    (b"\x1f\x8b", "it is compressed by gzip: decompress it first"),
    (b"\x28\xb5\x2f\xfd", "it is compressed by zstd: decompress it first"),
    (b"PK\x03\x04", "it is a zip archive: pass the history in it"),
    (b"\x89PNG", "it is a picture: pass the history.edn beside it"),
    (b"<?xml", "it is XML, a report or a picture: pass the history beside it"),
    (b"<!DOCTYPE", "it is a page such as `timeline.html`: pass the history.edn beside it"),
    (b"<html", "it is a page such as `timeline.html`: pass the history.edn beside it"),
];

/// What a file is that begins with these bytes, if it is known and no history.
pub(super) fn of_bytes(sample: &[u8]) -> Option<&'static str> {
    const LOOKED_AT: usize = 1024;
    if let Some((_, what)) = HEADS.iter().find(|(head, _)| sample.starts_with(head)) {
        return Some(what);
    }
    let beginning = &sample[..sample.len().min(LOOKED_AT)];
    let is_binary = beginning.iter().filter(|byte| **byte == 0).count() * 16 > beginning.len();
    is_binary.then_some(
        "it is binary, as Jepsen's `test.fressian` is: pass the history.edn or history.txt beside it",
    )
}

/// What an object of JSON with these names is, if it is known and no history.
pub(super) fn of_json(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    if has("valid?") || has("valid") && !has("type") {
        Some("it is what a checker said of a history: pass the history beside it")
    } else if has("schema") && has("verdict") {
        Some("it is a summary of ours: pass a failure's folder, or the history.jsonl in it")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use crate::formats::recognise;

    #[test]
    fn other_files_of_a_store_are_named_for_what_they_are() {
        for (content, what) in [
            (b"JEPSEN\x00\x00\x01".as_slice(), "it is Jepsen's `test.jepsen`"),
            (b"{:perf {:valid? true},\n :valid? true}", "it is `results.edn`"),
            (b"{:perf {:graph [1 2", "it is `results.edn`"),
            (b"\x1f\x8b\x08\x00", "it is compressed by gzip"),
            (b"{\"valid?\":true}", "it is what a checker said"),
            (b"{\"schema\":1,\"verdict\":\"holds\"}", "it is a summary of ours"),
            (b"<!DOCTYPE html>\n<html>", "it is a page"),
            (b"\xc0\x00\x00\x00\x00\x12", "it is binary"),
        ] {
            let content = match what.contains("results") {
                true => [content, b" :valid? true"].concat(),
                false => content.to_vec(),
            };
            let error = recognise(&content).expect_err(what);
            assert!(error.contains(what), "{error}");
            assert!(error.contains("pass ") || error.contains("decompress"), "{error}");
        }
    }
}

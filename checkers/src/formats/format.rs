//! Which formats there are, by name.

use crate::nearest::did_you_mean;

/// How a history is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    /// Ours, for machines: one JSON object to a line, as in `history.jsonl` of a run folder.
    Jsonl,
    /// Ours, for people.
    Text,
    /// Jepsen's `history.edn`, Knossos', Elle's and Maelstrom's.
    JepsenEdn,
    /// Jepsen's `history.txt`: columns, parted by tabs or spaces.
    JepsenText,
    /// A log in which a Jepsen test told among other things of its operations.
    Console,
    /// Porcupine's key-value histories.
    PorcupineKv,
    /// Operations as JSON objects, in one array or one to a line: Elle's and many others'.
    Json,
    /// What S2's collector writes.
    S2,
    /// Operations with start and end, for fastlin.
    Fastlin,
    /// Operations with process, start and end, for fptlin.
    Fptlin,
    /// Calls and returns, for LiMo.
    Limo,
}

impl Format {
    /// Every format.
    pub const ALL: [Format; 11] = [
        Format::Jsonl,
        Format::Text,
        Format::JepsenEdn,
        Format::JepsenText,
        Format::Console,
        Format::PorcupineKv,
        Format::Json,
        Format::S2,
        Format::Fastlin,
        Format::Fptlin,
        Format::Limo,
    ];

    /// The name on the command line and in results.
    pub fn name(self) -> &'static str {
        match self {
            Format::Jsonl => "jsonl",
            Format::Text => "text",
            Format::JepsenEdn => "jepsen-edn",
            Format::JepsenText => "jepsen-text",
            Format::Console => "console",
            Format::PorcupineKv => "porcupine-kv",
            Format::Json => "json",
            Format::S2 => "s2",
            Format::Fastlin => "fastlin",
            Format::Fptlin => "fptlin",
            Format::Limo => "limo",
        }
    }

    /// What it is, in a line.
    pub fn description(self) -> &'static str {
        match self {
            Format::Jsonl => "history.jsonl of a run folder: calls, marks and notes as JSON",
            Format::Text => "calls as people write them: c1 produce p1 m1 @0.1..0.2 ok offset=0",
            Format::JepsenEdn => "Jepsen's history.edn, and Knossos', Elle's and Maelstrom's",
            Format::JepsenText => "Jepsen's history.txt: process, type, name and value in columns",
            Format::Console => "a log of a Jepsen test, with its operations among other lines",
            Format::PorcupineKv => "Porcupine's key-value histories: EDN with a :key",
            Format::Json => "operations as JSON objects, in an array or one to a line",
            Format::S2 => "S2's collector: Start and Finish events as JSON, one to a line",
            Format::Fastlin => "fastlin: # TYPE, then METHOD VALUE START END",
            Format::Fptlin => "fptlin: PROCESS START END METHOD VALUE",
            Format::Limo => "LiMo: [1] call enq(3), then [1] return",
        }
    }

    /// All names, for errors.
    pub(super) fn names() -> String {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        names.join(", ")
    }
}

impl std::str::FromStr for Format {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        if let Some(format) = Format::ALL.into_iter().find(|format| format.name() == name) {
            return Ok(format);
        }
        let names = Format::ALL.iter().map(|format| format.name());
        Err(format!("unknown format `{name}` ({})", did_you_mean(name, names)))
    }
}

impl std::fmt::Display for Format {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_format_is_found_by_its_name() {
        for format in Format::ALL {
            assert_eq!(format.name().parse(), Ok(format));
            assert!(format.description().len() <= 70, "{format} takes more than a line");
        }
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let error = "jepsen_edn".parse::<Format>().expect_err("it is not one");
        assert!(error.starts_with("unknown format `jepsen_edn` (did you mean `jepsen-edn`?)"));
        let error = "zzz".parse::<Format>().expect_err("it is nothing");
        assert!(error.starts_with("unknown format `zzz` (known: jsonl, text, jepsen-edn"));
    }
}

//! A run's name, short enough for a chat: `z1:<scenario>[+<plant>]:<seed>:<plan-hash>`. And ranges
//! of seeds as people type them.

use serde::{Deserialize, Serialize};
use std::{fmt, ops::RangeInclusive, str::FromStr};

/// What names one run for ever, as long as the scenario still draws the same plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// A name of the catalogue, or a path.
    pub scenario: String,
    /// The planted bug that was on, if any.
    pub plant: Option<String>,
    /// The seed.
    pub seed: u64,
    /// The plan's hash, see [`crate::Plan::hash`].
    pub plan_hash: String,
}

const FORM: &str = "z1:<scenario>[+<plant>]:<seed>:<plan-hash>";

/// What a scenario must be called to have tokens.
pub(crate) const FIT: &str = "a name or path without `:`, `+` and control characters";

impl Token {
    /// Names a run; an error if the scenario's or plant's name cannot stand in a token.
    pub fn new(
        scenario: &str,
        plant: Option<&str>,
        seed: u64,
        plan_hash: &str,
    ) -> Result<Token, String> {
        let token = Token {
            scenario: scenario.to_owned(),
            plant: plant.map(str::to_owned),
            seed,
            plan_hash: plan_hash.to_owned(),
        };
        match token.to_string().parse::<Token>() {
            Ok(same) if same == token => Ok(token),
            Ok(_) | Err(_) => Err(format!("name `{scenario}` in a token: expected {FIT}")),
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "z1:{}", self.scenario)?;
        if let Some(plant) = &self.plant {
            write!(f, "+{plant}")?;
        }
        write!(f, ":{}:{}", self.seed, self.plan_hash)
    }
}

impl FromStr for Token {
    type Err = String;

    fn from_str(text: &str) -> Result<Token, String> {
        let wrong = |part: &str, expected: &str, got: &str| {
            format!("read token `{text}`: {part}: expected {expected}, got `{got}`")
        };
        let parts: Vec<&str> = text.split(':').collect();
        let [version, name, seed, plan_hash] = parts.as_slice() else {
            return Err(format!(
                "read token `{text}`: expected 4 parts as in {FORM}, got {}",
                parts.len()
            ));
        };
        if *version != "z1" {
            return Err(wrong("part 1", "`z1`", version));
        }
        let (scenario, plant) = match name.split_once('+') {
            Some((scenario, plant)) => (scenario, Some(plant)),
            None => (*name, None),
        };
        if !is_word(scenario) {
            return Err(wrong("part 2", "the name or path of a scenario", scenario));
        }
        if let Some(plant) = plant.filter(|plant| !is_word(plant)) {
            return Err(wrong("part 2, after `+`", "the name of a planted bug", plant));
        }
        let seed_read = number(seed)
            .ok_or_else(|| wrong("part 3", "a seed from 0 to 18446744073709551615", seed))?;
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if plan_hash.len() != 16 || !plan_hash.bytes().all(is_hex) {
            return Err(wrong("part 4", "a plan hash of 16 hex digits in lower case", plan_hash));
        }
        Ok(Token {
            scenario: scenario.to_owned(),
            plant: plant.map(str::to_owned),
            seed: seed_read,
            plan_hash: (*plan_hash).to_owned(),
        })
    }
}

pub(crate) fn is_word(text: &str) -> bool {
    let is_fit = |c: char| !c.is_control() && c != ':' && c != '+';
    !text.trim().is_empty() && text.chars().all(is_fit)
}

/// Digits in their one form: no sign, no leading zeros.
fn number(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}

/// Seeds, both ends included; never empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seeds {
    /// The first.
    pub first: u64,
    /// The last.
    pub last: u64,
}

impl Seeds {
    /// Every one of them, in order.
    pub fn iter(&self) -> RangeInclusive<u64> {
        self.first..=self.last
    }
}

impl fmt::Display for Seeds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.first, self.last)
    }
}

/// `20` is 1 to 20, `5..9` is 5 to 9.
impl FromStr for Seeds {
    type Err = String;

    fn from_str(text: &str) -> Result<Seeds, String> {
        let wrong = |part: &str| {
            format!(
                "read seeds `{text}`: expected N or A..B in whole numbers from 0 to {}, got \
                 `{part}`",
                u64::MAX
            )
        };
        let read = |part: &str| number(part).ok_or_else(|| wrong(part));
        let seeds = match text.split_once("..") {
            Some((first, last)) => Seeds { first: read(first)?, last: read(last)? },
            None => Seeds { first: 1, last: read(text)? },
        };
        if seeds.first > seeds.last {
            return Err(format!(
                "read seeds `{text}`: the range is empty; expected at least one seed, such as 1..20"
            ));
        }
        Ok(seeds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_reads_back_as_written() {
        for text in [
            "z1:swarm:7:0123456789abcdef",
            "z1:early_ack+ack_before_flush:18446744073709551615:0000000000000000",
            "z1:./my/own case.toml:0:ffffffffffffffff",
        ] {
            assert_eq!(text.parse::<Token>().map(|token| token.to_string()), Ok(text.to_owned()));
        }
        assert!(Token::new("a:b.toml", None, 1, "0123456789abcdef").is_err());
        assert!(Token::new("a+b.toml", None, 1, "0123456789abcdef").is_err());
        assert!(Token::new("a.toml", Some("p"), 1, "0123456789abcdef").is_ok());
    }

    #[test]
    fn a_bad_token_says_where_and_what_was_expected() {
        let error = |text: &str| text.parse::<Token>().unwrap_err();
        assert_eq!(
            error("swarm:7"),
            "read token `swarm:7`: expected 4 parts as in \
             z1:<scenario>[+<plant>]:<seed>:<plan-hash>, got 2"
        );
        assert_eq!(
            error("z2:swarm:7:0123456789abcdef"),
            "read token `z2:swarm:7:0123456789abcdef`: part 1: expected `z1`, got `z2`"
        );
        assert_eq!(
            error("z1:+p:7:0123456789abcdef"),
            "read token `z1:+p:7:0123456789abcdef`: part 2: expected the name or path of a \
             scenario, got ``"
        );
        assert_eq!(
            error("z1:swarm:+7:0123456789abcdef"),
            "read token `z1:swarm:+7:0123456789abcdef`: part 3: expected a seed from 0 to \
             18446744073709551615, got `+7`"
        );
        assert_eq!(
            error("z1:swarm:7:0123"),
            "read token `z1:swarm:7:0123`: part 4: expected a plan hash of 16 hex digits in lower \
             case, got `0123`"
        );
    }

    #[test]
    fn seeds_are_a_number_or_a_range_and_never_empty() {
        assert_eq!("20".parse(), Ok(Seeds { first: 1, last: 20 }));
        assert_eq!("5..9".parse(), Ok(Seeds { first: 5, last: 9 }));
        assert_eq!("7..7".parse::<Seeds>().map(|seeds| seeds.iter().count()), Ok(1));
        for empty in ["0", "9..5"] {
            let error = empty.parse::<Seeds>().unwrap_err();
            assert!(error.contains("the range is empty"), "{error}");
        }
        for bad in ["", "..", "1..", "..3", "-1", "1...3", "1..=3", "a", "99999999999999999999"] {
            assert!(bad.parse::<Seeds>().is_err(), "{bad} was read");
        }
    }
}

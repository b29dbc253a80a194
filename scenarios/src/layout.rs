//! Numbers by region, as people write them: `2/2/1`.

use std::{fmt, str::FromStr};

/// How many of something each region has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Layout(pub(crate) Vec<u32>);

impl Layout {
    /// The same with so many nodes more, one to a region in turn, of those that have some.
    pub(crate) fn with_spare(&self, spare: u32) -> Layout {
        let mut layout = self.clone();
        let peopled: Vec<usize> =
            (0..layout.0.len()).filter(|region| self.0[*region] > 0).collect();
        peopled.iter().cycle().take(spare as usize).for_each(|region| layout.0[*region] += 1);
        layout
    }

    /// Reads one that was checked before.
    pub(crate) fn known(text: impl AsRef<str>) -> Layout {
        text.as_ref().parse().expect("`check` refuses layouts that do not parse")
    }

    /// All regions together.
    pub(crate) fn sum(&self) -> u32 {
        self.0.iter().sum()
    }
}

impl FromStr for Layout {
    type Err = String;

    fn from_str(text: &str) -> Result<Layout, String> {
        let expected = || format!("expected numbers by region such as \"2/2/1\", got \"{text}\"");
        let parts: Option<Vec<u32>> = text
            .split('/')
            .map(|part| part.parse().ok().filter(|n| *n < 100 && !part.starts_with('+')))
            .collect();
        let parts = parts.ok_or_else(expected)?;
        if parts.iter().sum::<u32>() == 0 {
            return Err(expected());
        }
        Ok(Layout(parts))
    }
}

impl fmt::Display for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&parts.join("/"))
    }
}

//! A terminal's page: how wide it is, and how a word stands out on it.

pub(crate) const WIDTH: usize = 100;

/// How a word stands out. Always beside the word, never instead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    Bold,
    Dim,
    Good,
    Bad,
    Doubt,
}

/// Paints if asked to; else leaves the text alone.
pub(crate) fn paint(text: &str, ink: Ink, colour: bool) -> String {
    let code = match ink {
        Ink::Bold => "1",
        Ink::Dim => "2",
        Ink::Good => "32",
        Ink::Bad => "1;31",
        Ink::Doubt => "1;33",
    };
    if colour { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
}

pub(crate) fn ink_of(word: &str) -> Ink {
    match word {
        "holds" => Ink::Good,
        "violated" => Ink::Bad,
        _ => Ink::Doubt,
    }
}

//! What the operations of a file look like: the names under which they stand, and the structure of
//! what they asked with and of what came back.
//!
//! Names alone tell little: `read` reads a register, a set, all accounts of a bank. What came back
//! tells more, as long as it is looked at by its *structure* (nothing, a scalar, a list, a map) and
//! not by its value: a register that holds `"4"` where 4 was written is wrong, one that holds a list
//! where numbers were written is no register. Nothing is decided here; that is `recognition`'s.

use crate::formats::{Happening, Kind, value::Value};
use std::collections::BTreeSet;

/// Kinds of values, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Shapes(u8);

impl Shapes {
    pub(super) const NOTHING: Shapes = Shapes(1);
    pub(super) const NUMBER: Shapes = Shapes(2);
    pub(super) const TRUTH: Shapes = Shapes(4);
    pub(super) const TEXT: Shapes = Shapes(8);
    pub(super) const LIST: Shapes = Shapes(16);
    pub(super) const MAP: Shapes = Shapes(32);
    /// Every kind of value without parts.
    pub(super) const SCALAR: Shapes = Shapes(2 | 4 | 8);

    /// Each kind, and what many of it are called.
    const WORDS: [(Shapes, &str); 6] = [
        (Shapes::NOTHING, "nothing"),
        (Shapes::NUMBER, "numbers"),
        (Shapes::TRUTH, "true or false"),
        (Shapes::TEXT, "texts"),
        (Shapes::LIST, "lists"),
        (Shapes::MAP, "maps"),
    ];

    fn of(value: Value<'_>) -> Shapes {
        if value.is_nil() {
            Shapes::NOTHING
        } else if value.as_str().is_some() {
            Shapes::TEXT
        } else if value.is_seq() {
            Shapes::LIST
        } else if value.is_map() {
            Shapes::MAP
        } else if value.as_bool().is_some() {
            Shapes::TRUTH
        } else {
            Shapes::NUMBER
        }
    }

    pub(super) fn and(self, other: Shapes) -> Shapes {
        Shapes(self.0 | other.0)
    }

    pub(super) fn without(self, other: Shapes) -> Shapes {
        Shapes(self.0 & !other.0)
    }

    pub(super) fn has(self, other: Shapes) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it holds nothing but these.
    pub(super) fn are_only(self, others: Shapes) -> bool {
        self.without(others).is_empty()
    }

    /// The same with all scalars if it has one: their kind is no structure.
    pub(super) fn structures(self) -> Shapes {
        if self.has(Shapes::SCALAR) { self.and(Shapes::SCALAR) } else { self }
    }

    fn place(self) -> usize {
        self.0.trailing_zeros() as usize
    }
}

/// What values in one place look like.
#[derive(Clone, Debug, Default)]
pub(super) struct Facet {
    /// Kinds of values that were met.
    pub(super) shapes: Shapes,
    /// Kinds of values in the lists that were met.
    pub(super) items: Shapes,
    /// How long those lists are: the shortest and the longest.
    pub(super) lengths: Option<(usize, usize)>,
    /// How many lists there were, and how many of them are pairs whose first is nil.
    lists: u64,
    blank_pairs: u64,
    /// The first of each kind: its line, and itself.
    examples: [Option<(u64, String)>; 6],
}

impl Facet {
    fn see(&mut self, line: u64, value: Value<'_>) {
        let shape = Shapes::of(value);
        if !self.shapes.has(shape) {
            self.shapes = self.shapes.and(shape);
            self.examples[shape.place()] = Some((line, clipped(value)));
        }
        if shape != Shapes::LIST {
            return;
        }
        let length = value.len().unwrap_or_default();
        let (least, most) = self.lengths.unwrap_or((length, length));
        self.lengths = Some((least.min(length), most.max(length)));
        self.lists += 1;
        self.blank_pairs += u64::from(length == 2 && value.item(0).is_nil());
        for item in value.items() {
            self.items = self.items.and(Shapes::of(item));
        }
    }

    /// Both as one.
    pub(super) fn joined(mut self, other: &Facet) -> Facet {
        self.shapes = self.shapes.and(other.shapes);
        self.items = self.items.and(other.items);
        self.lengths = match (self.lengths, other.lengths) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, None) | (None, one) => one,
        };
        self.lists += other.lists;
        self.blank_pairs += other.blank_pairs;
        for (mine, theirs) in self.examples.iter_mut().zip(&other.examples) {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        }
        self
    }

    /// Whether everything that was met is a pair whose first is nil: a place that the system fills.
    pub(super) fn is_all_blank_pairs(&self) -> bool {
        self.shapes == Shapes::LIST && self.lists == self.blank_pairs
    }

    /// These kinds of it in words, each with its first example: ``lists such as `[1 2]` (line 6)``.
    pub(super) fn words(&self, kinds: Shapes) -> String {
        let told =
            Shapes::WORDS.iter().filter(|(kind, _)| kinds.has(*kind)).filter_map(|(kind, many)| {
                let (line, example) = self.examples[kind.place()].as_ref()?;
                Some(match *kind == Shapes::NOTHING {
                    true => format!("{many} (line {line})"),
                    false => format!("{many} such as `{example}` (line {line})"),
                })
            });
        told.collect::<Vec<_>>().join(" and ")
    }
}

/// A value short enough for a sentence.
fn clipped(value: Value<'_>) -> String {
    const CHARS_MAX: usize = 32;
    let text = value.to_string();
    match text.char_indices().nth(CHARS_MAX) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

/// Operations of one name.
#[derive(Clone, Debug, Default)]
pub(super) struct Sight {
    name: String,
    /// Values as they stand there: what was asked with, and what came back of success.
    plain: [Facet; 2],
    /// What stands behind the key, where values could be pairs of a key and the rest.
    behind: [Facet; 2],
}

/// Everything that was seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Sights {
    operations: Vec<Sight>,
    /// Steps of transactions, such as the `append` in `[[:append 1 2]]`.
    steps: Vec<Sight>,
    /// Lines of clients: questions among them, and such of those and of reads' answers whose value
    /// is no pair of a key and the rest.
    pub(super) lines: u64,
    pub(super) asked: u64,
    unpaired: u64,
    /// Keys that single writes of the form `[[:w key value]]` wrote to, and whether one did twice.
    written: BTreeSet<String>,
    pub(super) is_rewritten: bool,
    /// Who holds which lock, and the first line in which somebody acquired it again.
    held: BTreeSet<(u64, String)>,
    pub(super) reentered: Option<u64>,
}

const ASKED: usize = 0;
const TOLD: usize = 1;

impl Sights {
    /// One line of the history; `f` is the operation's name as it is meant.
    pub(super) fn see(&mut self, happening: &Happening<'_>, f: &str) {
        if happening.process.is_none() {
            return;
        }
        self.lines += 1;
        let (line, value) = (happening.line, happening.value);
        let side = match happening.kind {
            Kind::Invoke => ASKED,
            Kind::Ok => TOLD,
            Kind::Fail | Kind::Info => return,
        };
        let behind = behind_key(happening, f);
        if side == TOLD && matches!(f, "acquire" | "release") {
            self.hold(happening, f == "acquire");
        }
        self.asked += u64::from(side == ASKED);
        let must_pair = side == ASKED || f == "read" && !value.is_nil();
        self.unpaired += u64::from(behind.is_none() && must_pair);
        let sight = named(&mut self.operations, f);
        sight.plain[side].see(line, value);
        if let Some(behind) = behind {
            sight.behind[side].see(line, behind);
        }
        for step in value.items().filter(|step| step.is_seq()) {
            if let Some(word) = step.item(0).as_str() {
                named(&mut self.steps, word).plain[side].see(line, step.item(2));
                if side == ASKED && word == "w" && f == "write" {
                    self.is_rewritten |= !self.written.insert(step.item(1).to_string());
                }
            }
        }
    }

    /// A lock was taken, or given back.
    fn hold(&mut self, happening: &Happening<'_>, is_taken: bool) {
        let lock = happening.key.unwrap_or(happening.value.item(0)).to_string();
        let held = (happening.process.unwrap_or_default(), lock);
        if !is_taken {
            self.held.remove(&held);
        } else if !self.held.insert(held) {
            self.reentered.get_or_insert(happening.line);
        }
    }

    /// Whether every operation names its key beside its value, as Jepsen's `independent` does.
    pub(super) fn is_keyed(&self) -> bool {
        self.asked > 0 && self.unpaired == 0
    }

    /// The operations' names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.operations.iter().map(|sight| sight.name.as_str())
    }

    /// Whether there is an operation of this name.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|known| known == name)
    }

    /// Whether every operation has one of these names.
    pub(super) fn has_only(&self, names: &[&str]) -> bool {
        self.names().all(|name| names.contains(&name))
    }

    /// Whether a step of this name was seen.
    pub(super) fn has_step(&self, word: &str) -> bool {
        self.steps.iter().any(|step| step.name == word)
    }

    /// Whether every step has one of these names, and there is one.
    pub(super) fn has_only_steps(&self, words: &[&str]) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(|step| words.contains(&&*step.name))
    }

    /// What operations of these names asked with, behind their keys.
    pub(super) fn asked(&self, names: &[&str], is_keyed: bool) -> Facet {
        self.facet(names, is_keyed, ASKED)
    }

    /// What came back of operations of these names that succeeded, behind their keys.
    pub(super) fn told(&self, names: &[&str], is_keyed: bool) -> Facet {
        self.facet(names, is_keyed, TOLD)
    }

    fn facet(&self, names: &[&str], is_keyed: bool, side: usize) -> Facet {
        let named = self.operations.iter().filter(|sight| names.contains(&&*sight.name));
        let facets = named.map(|sight| match is_keyed {
            true => &sight.behind[side],
            false => &sight.plain[side],
        });
        facets.fold(Facet::default(), Facet::joined)
    }

    /// What steps of these names asked with.
    pub(super) fn step_asked(&self, words: &[&str]) -> Facet {
        self.step_facet(words, ASKED)
    }

    /// What came back of steps of these names.
    pub(super) fn step_told(&self, words: &[&str]) -> Facet {
        self.step_facet(words, TOLD)
    }

    fn step_facet(&self, words: &[&str], side: usize) -> Facet {
        let steps = self.steps.iter().filter(|step| words.contains(&&*step.name));
        steps.fold(Facet::default(), |all, step| all.joined(&step.plain[side]))
    }
}

/// The sight of this name.
fn named<'s>(sights: &'s mut Vec<Sight>, name: &str) -> &'s mut Sight {
    let place = sights.iter().position(|sight| sight.name == name).unwrap_or_else(|| {
        sights.push(Sight { name: name.to_owned(), ..Sight::default() });
        sights.len() - 1
    });
    &mut sights[place]
}

/// What stands behind the key, if a value could be a pair of both. `cas [1 2]` could not: it names
/// what it replaces and by what.
fn behind_key<'a>(happening: &Happening<'a>, f: &str) -> Option<Value<'a>> {
    if happening.key.is_some() {
        return Some(happening.value);
    }
    let value = happening.value;
    let (key, rest) = (value.item(0), value.item(1));
    let is_pair = value.is_seq() && value.len() == Some(2);
    let is_key = !key.is_nil() && !key.is_seq() && !key.is_map();
    (is_pair && is_key && (f != "cas" || rest.is_seq())).then_some(rest)
}

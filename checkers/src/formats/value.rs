//! A tree of values as a flat tape: what EDN, JSON and plain words have in common.
//!
//! A history of a million operations has tens of millions of values. So one line's values lie in one
//! reused vector, children right behind their parent, each parent knowing where its children end; a
//! [`Value`] is a place on that tape, and reading a line allocates nothing.

/// One place on the tape. Texts are ranges of the tape's own bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Node {
    Nil,
    Bool(bool),
    Int(i64),
    /// A whole number past every `i64`.
    Uint(u64),
    Float(f64),
    Text {
        from: u32,
        to: u32,
    },
    /// An EDN keyword, without its colon.
    Word {
        from: u32,
        to: u32,
    },
    /// `len` children, which end before `end`. A list, a vector or a set.
    Seq {
        len: u32,
        end: u32,
    },
    /// `len` keys and values, alternating, which end before `end`.
    Map {
        len: u32,
        end: u32,
    },
}

/// The values of one line.
#[derive(Clone, Debug, Default)]
pub struct Tape {
    nodes: Vec<Node>,
    text: String,
}

/// A sequence or map that is being written.
#[derive(Clone, Copy, Debug)]
pub struct Open(usize);

impl Tape {
    /// Forgets everything, keeps its room.
    pub fn clear(&mut self) {
        self.nodes.clear();
        self.text.clear();
    }

    /// How many places are taken: the index of the next value.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Writes nothing's own value.
    pub fn nil(&mut self) {
        self.nodes.push(Node::Nil);
    }

    /// Writes true or false.
    pub fn bool(&mut self, is: bool) {
        self.nodes.push(Node::Bool(is));
    }

    /// Writes a whole number.
    pub fn int(&mut self, number: i64) {
        self.nodes.push(Node::Int(number));
    }

    /// Writes a whole number that may be past every `i64`, such as a hash.
    pub fn uint(&mut self, number: u64) {
        self.nodes.push(i64::try_from(number).map_or(Node::Uint(number), Node::Int));
    }

    /// Writes a number with a fraction.
    pub fn float(&mut self, number: f64) {
        self.nodes.push(Node::Float(number));
    }

    /// Writes a text.
    pub fn text(&mut self, text: &str) {
        let (from, to) = self.keep(text);
        self.nodes.push(Node::Text { from, to });
    }

    /// Writes a keyword, given without its colon.
    pub fn word(&mut self, word: &str) {
        let (from, to) = self.keep(word);
        self.nodes.push(Node::Word { from, to });
    }

    /// Writes a value of another tape, and says where it is.
    pub fn copy(&mut self, value: Value<'_>) -> usize {
        let base = self.nodes.len();
        let copied = value.tape.nodes.get(value.index as usize..value.end() as usize);
        let copied = copied.unwrap_or_default();
        if copied.is_empty() {
            self.nil();
        }
        let moved = |end: u32| narrow(base + (end - value.index) as usize);
        for node in copied {
            let node = match *node {
                Node::Text { from, to } => {
                    let (from, to) = self.keep(&value.tape.text[from as usize..to as usize]);
                    Node::Text { from, to }
                }
                Node::Word { from, to } => {
                    let (from, to) = self.keep(&value.tape.text[from as usize..to as usize]);
                    Node::Word { from, to }
                }
                Node::Seq { len, end } => Node::Seq { len, end: moved(end) },
                Node::Map { len, end } => Node::Map { len, end: moved(end) },
                Node::Nil | Node::Bool(_) | Node::Int(_) | Node::Uint(_) | Node::Float(_) => *node,
            };
            self.nodes.push(node);
        }
        base
    }

    /// Begins a sequence: children follow until it is closed.
    pub fn open_seq(&mut self) -> Open {
        self.nodes.push(Node::Seq { len: 0, end: 0 });
        Open(self.nodes.len() - 1)
    }

    /// Begins a map: keys and values follow in turns until it is closed.
    pub fn open_map(&mut self) -> Open {
        self.nodes.push(Node::Map { len: 0, end: 0 });
        Open(self.nodes.len() - 1)
    }

    /// Ends what was begun. `len` counts a sequence's children or a map's pairs.
    pub fn close(&mut self, open: Open, len: usize) {
        let (len, end) = (narrow(len), narrow(self.nodes.len()));
        self.nodes[open.0] = match self.nodes[open.0] {
            Node::Seq { .. } => Node::Seq { len, end },
            Node::Map { .. } => Node::Map { len, end },
            Node::Nil
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Uint(_)
            | Node::Float(_)
            | Node::Text { .. }
            | Node::Word { .. } => panic!("only a sequence or a map is ever open"),
        };
    }

    /// The value that was written at this index.
    pub fn at(&self, index: usize) -> Value<'_> {
        assert!(index < self.nodes.len(), "the tape ends at {}", self.nodes.len());
        Value { tape: self, index: narrow(index) }
    }

    fn keep(&mut self, text: &str) -> (u32, u32) {
        let from = narrow(self.text.len());
        self.text.push_str(text);
        (from, narrow(self.text.len()))
    }
}

/// A reader refuses lines long before this.
fn narrow(length: usize) -> u32 {
    u32::try_from(length).expect("one line of a history is shorter than 4 GiB")
}

/// One value of a line.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    tape: &'a Tape,
    index: u32,
}

static NOTHING: Tape = Tape { nodes: Vec::new(), text: String::new() };

impl<'a> Value<'a> {
    /// The value of what is not there.
    pub fn nil() -> Value<'static> {
        Value { tape: &NOTHING, index: 0 }
    }

    fn node(self) -> Node {
        self.tape.nodes.get(self.index as usize).copied().unwrap_or(Node::Nil)
    }

    /// Whether it is nil, or not there.
    pub fn is_nil(self) -> bool {
        self.node() == Node::Nil
    }

    /// The truth value, if it is one.
    pub fn as_bool(self) -> Option<bool> {
        let Node::Bool(is) = self.node() else { return None };
        Some(is)
    }

    /// The whole number, if it is one.
    pub fn as_int(self) -> Option<i64> {
        let Node::Int(number) = self.node() else { return None };
        Some(number)
    }

    /// The whole number, if it is one from 0 on.
    pub fn as_uint(self) -> Option<u64> {
        match self.node() {
            Node::Int(number) => u64::try_from(number).ok(),
            Node::Uint(number) => Some(number),
            Node::Nil
            | Node::Bool(_)
            | Node::Float(_)
            | Node::Text { .. }
            | Node::Word { .. }
            | Node::Seq { .. }
            | Node::Map { .. } => None,
        }
    }

    /// The text or keyword, if it is one.
    pub fn as_str(self) -> Option<&'a str> {
        match self.node() {
            Node::Text { from, to } | Node::Word { from, to } => {
                Some(&self.tape.text[from as usize..to as usize])
            }
            Node::Nil
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Uint(_)
            | Node::Float(_)
            | Node::Seq { .. }
            | Node::Map { .. } => None,
        }
    }

    /// Whether it is a keyword, and not a text.
    pub fn is_word(self) -> bool {
        matches!(self.node(), Node::Word { .. })
    }

    /// Whether it is a sequence.
    pub fn is_seq(self) -> bool {
        matches!(self.node(), Node::Seq { .. })
    }

    /// Whether it is a map.
    pub fn is_map(self) -> bool {
        matches!(self.node(), Node::Map { .. })
    }

    /// How many children a sequence, or pairs a map has; none for anything else.
    pub fn len(self) -> Option<usize> {
        match self.node() {
            Node::Seq { len, .. } | Node::Map { len, .. } => Some(len as usize),
            Node::Nil
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Uint(_)
            | Node::Float(_)
            | Node::Text { .. }
            | Node::Word { .. } => None,
        }
    }

    /// Whether a sequence or a map has none; none for anything else.
    pub fn is_empty(self) -> Option<bool> {
        self.len().map(|len| len == 0)
    }

    /// The children of a sequence; of anything else, none.
    pub fn items(self) -> Children<'a> {
        let left = if let Node::Seq { len, .. } = self.node() { len } else { 0 };
        Children { tape: self.tape, next: self.index + 1, left }
    }

    /// The child of a sequence at this place; nil if there is none.
    pub fn item(self, place: usize) -> Value<'a> {
        self.items().nth(place).unwrap_or(Value::nil())
    }

    /// The pairs of a map; of anything else, none.
    pub fn pairs(self) -> impl Iterator<Item = (Value<'a>, Value<'a>)> {
        let left = if let Node::Map { len, .. } = self.node() { len * 2 } else { 0 };
        let mut children = Children { tape: self.tape, next: self.index + 1, left };
        std::iter::from_fn(move || Some((children.next()?, children.next()?)))
    }

    /// What a map holds under this text or keyword; nil if nothing.
    pub fn get(self, key: &str) -> Value<'a> {
        let found = self.pairs().find(|(name, _)| name.as_str() == Some(key));
        found.map_or(Value::nil(), |(_, value)| value)
    }

    fn end(self) -> u32 {
        match self.node() {
            Node::Seq { end, .. } | Node::Map { end, .. } => end,
            Node::Nil
            | Node::Bool(_)
            | Node::Int(_)
            | Node::Uint(_)
            | Node::Float(_)
            | Node::Text { .. }
            | Node::Word { .. } => self.index + 1,
        }
    }
}

/// Values that lie side by side.
#[derive(Clone)]
pub struct Children<'a> {
    tape: &'a Tape,
    next: u32,
    left: u32,
}

impl<'a> Iterator for Children<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        self.left = self.left.checked_sub(1)?;
        let value = Value { tape: self.tape, index: self.next };
        self.next = value.end();
        Some(value)
    }
}

/// As EDN, for errors and for people.
impl std::fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.node() {
            Node::Nil => f.write_str("nil"),
            Node::Bool(is) => write!(f, "{is}"),
            Node::Int(number) => write!(f, "{number}"),
            Node::Uint(number) => write!(f, "{number}"),
            Node::Float(number) => write!(f, "{number}"),
            Node::Text { .. } => write!(f, "{:?}", self.as_str().unwrap_or_default()),
            Node::Word { .. } => write!(f, ":{}", self.as_str().unwrap_or_default()),
            Node::Seq { .. } => {
                f.write_str("[")?;
                for (place, item) in self.items().enumerate() {
                    write!(f, "{}{item}", if place == 0 { "" } else { " " })?;
                }
                f.write_str("]")
            }
            Node::Map { .. } => {
                f.write_str("{")?;
                for (place, (key, value)) in self.pairs().enumerate() {
                    write!(f, "{}{key} {value}", if place == 0 { "" } else { ", " })?;
                }
                f.write_str("}")
            }
        }
    }
}

impl std::fmt::Debug for Value<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(self, f)
    }
}

impl std::fmt::Debug for Children<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_walked_as_it_was_written() {
        let mut tape = Tape::default();
        let map = tape.open_map();
        tape.word("value");
        let seq = tape.open_seq();
        tape.int(7);
        let inner = tape.open_seq();
        tape.text("a b");
        tape.close(inner, 1);
        tape.nil();
        tape.close(seq, 3);
        tape.text("ok");
        tape.bool(true);
        tape.close(map, 2);
        let root = tape.at(0);
        assert_eq!(root.to_string(), "{:value [7 [\"a b\"] nil], \"ok\" true}");
        assert_eq!(root.get("value").item(0).as_int(), Some(7));
        assert_eq!(root.get("value").item(1).item(0).as_str(), Some("a b"));
        assert_eq!(root.get("ok").as_bool(), Some(true));
        assert!(root.get("nothing").is_nil() && root.get("value").item(9).is_nil());
    }
}

//! Which models explain a history, by the names of its operations and by their structure; or why
//! none does, what was seen, and which flags would say what it means.
//!
//! A model *explains* a history if it knows every operation's name and what came back has the
//! structure of what it judges: a register gives back what was written, a set lists what was added, a
//! bank maps accounts to balances. A header that names the object counts before all names. More than
//! one model may explain a history; then they all judge it, and where they differ nobody can say.
//! A wrong guess would end in a verdict on something that the file does not say: better none.

use super::{
    layout::Layout,
    model::Model,
    sights::{Facet, Shapes, Sights},
    vocabulary::word,
};
use crate::formats::Format;

/// What is known of a file before its operations are looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cover<'h> {
    pub(super) format: Format,
    /// The object that its header names.
    pub(super) heading: Option<&'h str>,
}

/// The models that explain these operations, the likeliest first.
///
/// # Errors
///
/// None does: a sentence that says why, and what to do.
pub(super) fn recognise(
    cover: Cover<'_>,
    sights: &Sights,
    layout: Layout,
) -> Result<Vec<Model>, String> {
    let candidates = match cover.heading {
        Some(heading) => vec![headed(heading, sights).ok_or_else(|| {
            format!("its header says `{heading}`, an object that no model judges (list models)")
        })?],
        None => by_names(sights, cover.format),
    };
    if candidates.is_empty() {
        let names: Vec<String> = sights.names().map(|name| format!("`{name}`")).collect();
        return Err(format!(
            "no model has all of its operations ({}): --model says what they mean, and --rename \
             which of the model's operations each one is{}",
            names.join(", "),
            as_a_queue(sights, layout).unwrap_or_default(),
        ));
    }
    let sight = Sight { sights, layout, format: cover.format };
    let mut whys = Vec::new();
    let mut explaining = Vec::new();
    for model in candidates {
        match sight.is_explained_by(model) {
            Ok(()) => explaining.push(model),
            Err(why) if whys.contains(&why) => {}
            Err(why) => whys.push(why),
        }
    }
    if explaining.is_empty() {
        return Err(format!("{}; --model says what they mean", whys.join("; ")));
    }
    Ok(explaining)
}

/// How two operations would be named of which one puts something in, and the other takes out.
fn as_a_queue(sights: &Sights, layout: Layout) -> Option<String> {
    let names: Vec<&str> = sights.names().collect();
    let [one, other] = names[..] else { return None };
    let asks = |name: &str| sights.asked(&[name], layout.is_keyed).shapes;
    let (puts, takes) = match asks(one).are_only(Shapes::NOTHING) {
        true => (other, one),
        false => (one, other),
    };
    let is_queue = !asks(puts).has(Shapes::NOTHING) && asks(takes) == Shapes::NOTHING;
    let told = sights.told(&[takes], layout.is_keyed).shapes;
    let takes_as = if told.has(Shapes::LIST) { "drain" } else { "dequeue" };
    is_queue
        .then(|| format!("; of a queue: --model queue --rename {puts}=enqueue,{takes}={takes_as}"))
}

/// The model of an object as headers name it.
fn headed(heading: &str, sights: &Sights) -> Option<Model> {
    let bare = heading.strip_prefix("atomic-").unwrap_or(heading);
    match bare {
        "queue" | "fifo-queue" => Some(Model::FifoQueue),
        "set" => Some(Model::LinearizableSet),
        "register" if sights.has("cas") => Some(Model::CasRegister),
        "register" => Some(Model::Register),
        "mutex" | "lock" => Some(Model::Mutex),
        _ => None,
    }
}

/// Models that have all of these names.
fn by_names(sights: &Sights, format: Format) -> Vec<Model> {
    if sights.has_step("send")
        || sights.has_step("poll")
        || sights.has("subscribe")
        || sights.has("assign")
    {
        return vec![Model::Kafka];
    }
    if sights.has("check_tail") || format == Format::S2 {
        return vec![Model::Stream];
    }
    if sights.has_only(&["txn", "read", "write"]) && sights.has_only_steps(&STEPS) {
        return by_steps(sights);
    }
    let of_names = NAMED
        .iter()
        .filter(|(_, all, some)| sights.has_only(all) && some.iter().any(|name| sights.has(name)));
    of_names.map(|(model, ..)| *model).collect()
}

/// Steps of transactions that are read and write in some way.
const STEPS: [&str; 5] = ["append", "r", "w", "read", "write"];

fn by_steps(sights: &Sights) -> Vec<Model> {
    let has = |word: &str| sights.has_step(word);
    if has("append") {
        return match sights.has_only_steps(&["append", "r"]) {
            true => vec![Model::ListAppend],
            false => Vec::new(),
        };
    }
    if sights.has("txn") {
        // Transactions that only read could be either.
        return match (has("w"), has("write") || has("read")) {
            (true, false) => vec![Model::RwRegister],
            (false, true) => vec![Model::MultiRegister],
            (false, false) => vec![Model::RwRegister, Model::ListAppend],
            (true, true) => Vec::new(),
        };
    }
    match sights.has_only_steps(&["r", "w"]) {
        true => vec![Model::LongFork],
        false => vec![Model::MultiRegister],
    }
}

/// Each model of single operations: all names that it has, and those of which one must be there.
const NAMED: [(Model, &[&str], &[&str]); 10] = [
    (Model::Bank, &["read", "transfer"], &["transfer"]),
    (Model::Queue, &["enqueue", "dequeue", "drain"], &["enqueue", "dequeue", "drain"]),
    (
        Model::FifoQueue,
        &["enqueue", "dequeue", "enq", "deq"],
        &["enqueue", "dequeue", "enq", "deq"],
    ),
    (
        Model::LinearizableSet,
        &["add", "insert", "remove", "contains", "contains_true", "contains_false", "read"],
        &["remove", "contains", "contains_true", "contains_false", "insert"],
    ),
    (Model::Mutex, &["acquire", "release"], &["acquire", "release"]),
    (Model::SetFull, &["add", "broadcast", "read"], &["add", "broadcast"]),
    (Model::Counter, &["add", "read"], &["add"]),
    (Model::Kv, &["get", "put", "append"], &["get", "put", "append"]),
    (Model::CasRegister, &["read", "write", "cas"], &["cas"]),
    (Model::Register, &["read", "write"], &["read", "write"]),
];

/// What was seen, as one model would have it.
struct Sight<'s> {
    sights: &'s Sights,
    layout: Layout,
    format: Format,
}

impl Sight<'_> {
    fn asked(&self, names: &[&str]) -> Facet {
        self.sights.asked(names, self.layout.is_keyed)
    }

    fn told(&self, names: &[&str]) -> Facet {
        self.sights.told(names, self.layout.is_keyed)
    }

    /// Names of the file that this model takes for one of its own.
    fn meant(&self, model: Model, own: &[&str]) -> Vec<&str> {
        self.sights.names().filter(|name| own.contains(&word(model, name))).collect()
    }

    fn is_explained_by(&self, model: Model) -> Result<(), String> {
        keys_fit(model, self.layout)?;
        match model {
            Model::Register | Model::CasRegister => self.is_register(),
            Model::Set | Model::SetFull => self.is_set(model),
            Model::LinearizableSet => self.is_linearizable_set(),
            Model::FifoQueue | Model::Queue => self.is_queue(model),
            Model::Counter => self.is_counter(),
            Model::Kv => self.is_kv(),
            Model::Bank => self.is_bank(),
            Model::LongFork => self.is_long_fork(),
            Model::ListAppend => self.is_list_append(),
            Model::RwRegister => self.is_rw_register(),
            Model::Mutex => self.is_mutex(),
            // Their names and steps are nobody else's, and their readers refuse any other structure.
            Model::MultiRegister | Model::Kafka | Model::Stream | Model::Log => Ok(()),
        }
    }

    fn is_mutex(&self) -> Result<(), String> {
        match self.sights.reentered {
            Some(line) => Err(format!(
                "a process acquires what it holds (line {line}), as of a lock that may be entered \
                 again"
            )),
            None => Ok(()),
        }
    }

    fn is_register(&self) -> Result<(), String> {
        if self.layout.is_versioned {
            return Ok(());
        }
        let (writes, cas) = (self.asked(&["write"]), self.asked(&["cas"]));
        let reads = self.told(&["read"]);
        let written = writes.shapes.and(cas.items);
        let hint = "to judge them as a set: --model set-full --rename write=add";
        comes_from("read", &reads, reads.shapes, ("write", &writes, written))
            .and_then(|()| lengths_fit(&reads, &writes))
            .map_err(|why| match reads.shapes.has(Shapes::LIST) && !written.has(Shapes::LIST) {
                true => format!("{why}; {hint}"),
                false => why,
            })?;
        if reads.shapes.has(Shapes::LIST) && writes.shapes.has(Shapes::LIST) {
            comes_from("read", &reads, reads.items, ("write", &writes, writes.items))?;
        }
        // Formats of intervals tell of an operation once, with what came back.
        let asks = self.asked(&["read"]);
        match (self.format, asks.shapes.are_only(Shapes::NOTHING)) {
            (_, true) | (Format::Fastlin | Format::Fptlin, _) => Ok(()),
            (_, false) => {
                let words = asks.words(asks.shapes.without(Shapes::NOTHING));
                Err(format!("`read` asks for {words}, and a register has nothing to ask for"))
            }
        }
    }

    fn is_set(&self, model: Model) -> Result<(), String> {
        let (adds, reads) = (self.asked(&self.meant(model, &["add"])), self.told(&["read"]));
        adds_elements("add", &adds)?;
        lists_elements(&reads, ("add", &adds))
    }

    fn is_linearizable_set(&self) -> Result<(), String> {
        let adds = self.asked(&["add", "insert"]);
        adds_elements("add", &adds)?;
        if self.sights.has("remove") && self.asked(&["remove"]).shapes.has(Shapes::NOTHING) {
            return Err("`remove` does not say what it takes out, as from a queue, a stack or a \
                        bag; of a queue: --model fifo-queue --rename add=enqueue,remove=dequeue"
                .to_owned());
        }
        if self.sights.has_only(&["add", "insert"]) {
            return Err("elements are inserted and nobody looks at them".to_owned());
        }
        let added = self.told(&["add", "insert"]);
        if added.shapes.has(Shapes::TRUTH) || adds.items.has(Shapes::SCALAR) {
            return Err(
                "adding an element says whether it was there, which no model judges".to_owned()
            );
        }
        let looks = self.told(&["contains"]);
        if !looks.shapes.are_only(Shapes::TRUTH) {
            let words = looks.words(looks.shapes.without(Shapes::TRUTH));
            return Err(format!("`contains` comes back with {words} and not with true or false"));
        }
        lists_elements(&self.told(&["read"]), ("add", &adds))
    }

    fn is_queue(&self, model: Model) -> Result<(), String> {
        let asked = self.asked(&self.meant(model, &["enqueue", "enq"]));
        adds_elements("enqueue", &asked)?;
        let taken = self.told(&self.meant(model, &["dequeue", "deq"]));
        let added = ("enqueue", &asked, asked.shapes);
        comes_from("dequeue", &taken, taken.shapes, added)?;
        let drained = self.told(&["drain"]);
        if !drained.shapes.are_only(Shapes::LIST.and(Shapes::NOTHING)) {
            let words = drained.words(drained.shapes.without(Shapes::LIST));
            return Err(format!("`drain` comes back with {words} and not with a list"));
        }
        comes_from("drain", &drained, drained.items, added)
    }

    fn is_counter(&self) -> Result<(), String> {
        for (verb, facet) in [("adds", self.asked(&["add"])), ("reads", self.told(&["read"]))] {
            let others = facet.shapes.without(Shapes::NUMBER);
            if !others.is_empty() {
                return Err(format!("it {verb} {}, and a counter counts", facet.words(others)));
            }
        }
        Ok(())
    }

    fn is_kv(&self) -> Result<(), String> {
        let hint = "texts are put and appended; of a register of each key: \
                    --rename get=read,put=write";
        for facet in [self.asked(&["put", "append"]), self.told(&["get"])] {
            let others = facet.shapes.without(Shapes::TEXT.and(Shapes::NOTHING));
            if !others.is_empty() {
                return Err(format!("it has {} where {hint}", facet.words(others)));
            }
        }
        Ok(())
    }

    fn is_bank(&self) -> Result<(), String> {
        let reads = self.told(&["read"]);
        let others = reads.shapes.without(Shapes::MAP);
        match others.is_empty() {
            true => Ok(()),
            false => Err(format!(
                "`read` comes back with {}, and balances are known by their accounts, such as \
                 `{{0 10, 1 5}}`",
                reads.words(others)
            )),
        }
    }

    fn is_long_fork(&self) -> Result<(), String> {
        if self.sights.is_rewritten {
            return Err("a key is written twice, and a long fork is one of keys written once; as \
                        transactions: --model rw-register"
                .to_owned());
        }
        self.is_rw_register()
    }

    fn is_list_append(&self) -> Result<(), String> {
        let reads = self.sights.step_told(&["r"]);
        let others = reads.shapes.without(Shapes::LIST.and(Shapes::NOTHING));
        if !others.is_empty() {
            return Err(format!("`r` comes back with {} and not with a list", reads.words(others)));
        }
        let appends = self.sights.step_asked(&["append"]);
        comes_from("r", &reads, reads.items, ("append", &appends, appends.shapes))
    }

    fn is_rw_register(&self) -> Result<(), String> {
        let reads = self.sights.step_told(&["r", "read"]);
        let writes = self.sights.step_asked(&["w", "write"]);
        comes_from("r", &reads, reads.shapes, ("w", &writes, writes.shapes))
    }
}

/// # Errors
///
/// Operations name keys, and the model has one object for all.
pub(super) fn keys_fit(model: Model, layout: Layout) -> Result<(), String> {
    match layout.is_keyed && !model.has_keys() {
        true => Err(format!(
            "each operation names a key, and model `{}` has none (--keys none if they are no keys)",
            model.name()
        )),
        false => Ok(()),
    }
}

/// What was put somewhere: by which operation, what it looked like, and which kinds of it count.
type Put<'p> = (&'p str, &'p Facet, Shapes);

/// What comes back must have the structure of something that was put there, or be nothing. Where
/// nothing was ever put there, a scalar is a wrong value and nothing worse.
fn comes_from(name: &str, read: &Facet, kinds: Shapes, put: Put<'_>) -> Result<(), String> {
    let (by, facet, mut known) = put;
    if known.are_only(Shapes::NOTHING) {
        known = Shapes::SCALAR;
    }
    let others = kinds.without(known.structures().and(Shapes::NOTHING));
    if others.is_empty() {
        return Ok(());
    }
    let found = match read.words(others) {
        words if words.is_empty() => read.words(read.shapes.without(Shapes::NOTHING)),
        words => words,
    };
    let told = match facet.words(facet.shapes) {
        words if words.is_empty() => format!("and nothing has `{by}`"),
        words => format!("where `{by}` has {words}"),
    };
    Err(format!("`{name}` comes back with {found} {told}"))
}

/// Lists that are read are as long as those that are written.
fn lengths_fit(reads: &Facet, writes: &Facet) -> Result<(), String> {
    match (reads.lengths, writes.lengths) {
        (Some((least, most)), Some((shortest, longest)))
            if reads.shapes.has(Shapes::LIST)
                && writes.shapes.has(Shapes::LIST)
                && (least < shortest || most > longest) =>
        {
            let (read, written) = (reads.words(Shapes::LIST), writes.words(Shapes::LIST));
            Err(format!(
                "`read` comes back with {read} of other lengths than `write` has: {written}"
            ))
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// An element is something.
fn adds_elements(name: &str, adds: &Facet) -> Result<(), String> {
    match adds.shapes.has(Shapes::NOTHING) {
        true => Err(format!("`{name}` does not say what it adds: {}", adds.words(Shapes::NOTHING))),
        false => Ok(()),
    }
}

/// A read of a set lists elements that look like those that were added.
fn lists_elements(reads: &Facet, put: (&str, &Facet)) -> Result<(), String> {
    let others = reads.shapes.without(Shapes::LIST);
    if !others.is_empty() {
        let words = reads.words(others);
        return Err(format!("`read` comes back with {words}, and a set comes back as a list"));
    }
    comes_from("read", reads, reads.items, (put.0, put.1, put.1.shapes))
}

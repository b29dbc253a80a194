//! Whether what came back has the structure of what a model judges: each model's own question to what
//! was seen, answered with the first line that does not fit. Nothing here looks at values.

use crate::{
    court::{
        layout::Layout,
        model::Model,
        sights::{Facet, Shapes, Sights},
        vocabulary::word,
    },
    formats::Format,
};

/// What was seen, as one model would have it.
pub(super) struct Sight<'s> {
    pub(super) sights: &'s Sights,
    pub(super) layout: Layout,
    pub(super) format: Format,
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

    /// # Errors
    ///
    /// It is not: what does not fit, with its line.
    pub(super) fn is_explained_by(&self, model: Model) -> Result<(), String> {
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
pub(in crate::court) fn keys_fit(model: Model, layout: Layout) -> Result<(), String> {
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

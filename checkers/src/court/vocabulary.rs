//! The names of operations as they are meant: those that somebody renamed with `--rename`, and those
//! that a model knows by other names. A name that nobody translates stays as it is.

use super::model::Model;

/// What else operations are called, by model: the model's own word, and others' words for it.
fn synonyms(model: Model) -> &'static [(&'static str, &'static [&'static str])] {
    match model {
        Model::FifoQueue => &[
            ("enqueue", &["enq", "add", "put", "push", "offer", "insert"]),
            ("dequeue", &["deq", "rem", "remove", "get", "take", "poll", "pop"]),
        ],
        // A broadcast value is one that every later read of a node has, sooner or later.
        Model::SetFull | Model::Set => &[("add", &["broadcast"])],
        Model::Register
        | Model::CasRegister
        | Model::MultiRegister
        | Model::Kv
        | Model::LinearizableSet
        | Model::Queue
        | Model::Mutex
        | Model::Counter
        | Model::Bank
        | Model::LongFork
        | Model::Log
        | Model::Kafka
        | Model::ListAppend
        | Model::RwRegister
        | Model::Stream => &[],
    }
}

/// A model's word for an operation of this name; the name itself if it has none.
pub(super) fn word(model: Model, name: &str) -> &str {
    let found = synonyms(model).iter().find(|(_, others)| others.contains(&name));
    found.map_or(name, |(own, _)| own)
}

/// Names that somebody gave: theirs, the one that is meant, and whether it was met.
#[derive(Clone, Debug, Default)]
pub(super) struct Renames(Vec<(String, String, bool)>);

impl Renames {
    /// # Errors
    ///
    /// One name is renamed twice.
    pub(super) fn of(pairs: &[(String, String)]) -> Result<Renames, String> {
        let mut renames: Vec<(String, String, bool)> = Vec::new();
        for (from, to) in pairs {
            if renames.iter().any(|(known, ..)| known == from) {
                return Err(format!("`{from}` is renamed twice (--rename)"));
            }
            renames.push((from.clone(), to.clone(), false));
        }
        Ok(Renames(renames))
    }

    /// The name that is meant by this one.
    pub(super) fn meant<'a>(&'a mut self, name: &'a str) -> &'a str {
        match self.0.iter_mut().find(|(from, ..)| from == name) {
            Some((_, to, is_met)) => {
                *is_met = true;
                to
            }
            None => name,
        }
    }

    /// # Errors
    ///
    /// One of the names was never met.
    pub(super) fn must_all_be_met(&self) -> Result<(), String> {
        match self.0.iter().find(|(.., is_met)| !is_met) {
            Some((from, ..)) => Err(format!("no operation is called `{from}` (--rename)")),
            None => Ok(()),
        }
    }

    /// What was renamed, in words.
    pub(super) fn terms(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(|(from, to, _)| format!("`{from}` is read as `{to}` (--rename)"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_translates_its_synonyms_and_nothing_else() {
        assert_eq!(word(Model::FifoQueue, "remove"), "dequeue");
        assert_eq!(word(Model::FifoQueue, "peek"), "peek");
        assert_eq!(word(Model::LinearizableSet, "remove"), "remove");
    }

    #[test]
    fn a_name_that_never_comes_or_is_renamed_twice_is_an_error() {
        let pair = |from: &str, to: &str| (from.to_owned(), to.to_owned());
        assert!(Renames::of(&[pair("a", "read"), pair("a", "write")]).is_err());
        let mut renames = Renames::of(&[pair("a", "read"), pair("b", "write")]).expect("sound");
        assert_eq!(renames.meant("a"), "read");
        assert_eq!(renames.meant("c"), "c");
        let error = renames.must_all_be_met().expect_err("`b` never came");
        assert_eq!(error, "no operation is called `b` (--rename)");
    }
}

//! Which models explain a history, by the names of its operations and by their structure; or why
//! none does, what was seen, and which flags would say what it means.
//!
//! A model *explains* a history if it knows every operation's name and what came back has the
//! structure of what it judges: a register gives back what was written, a set lists what was added, a
//! bank maps accounts to balances. A header that names the object counts before all names. More than
//! one model may explain a history; then they all judge it, and where they differ nobody can say.
//! A wrong guess would end in a verdict on something that the file does not say: better none.

mod structure;

pub(super) use structure::keys_fit;

use super::{
    layout::Layout,
    model::Model,
    sights::{Shapes, Sights},
};
use crate::formats::Format;
use structure::Sight;

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

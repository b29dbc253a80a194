//! What processes were handed: heartbeats, requests for votes, linearizable reads. Kept as an aggregate
//! for each replica, so that a decision of a voter can be told together with what it had heard, and no
//! heartbeat needs a fact of its own.
//!
//! Everything here is about turns: a frame that waits before a paused process was not handed to it. It
//! reads frames by docs/FORMAT.md, trusts no node, and where one turn was handed several things that
//! may explain a decision it says that nothing was heard.

use super::frames::{Raw, for_each_message, sender};
use checkers::{Ballot, Fact, Heard};
use scenarios::number_at;

/// A heartbeat as it was handed over: the leader's term, and what the node's clock showed.
type Beat = (u64, u64);

/// A request for a vote that was handed over and is not answered yet.
#[derive(Clone, Copy, Debug)]
struct Asked {
    from: u32,
    term: u64,
    ballot: Ballot,
    own: u64,
    heard: Option<Heard>,
}

/// One replica's.
#[derive(Clone, Debug, Default)]
struct Ear {
    /// Whether the replica answers in this life: before that it takes part in nothing (S30).
    is_awake: bool,
    heard: Option<Beat>,
    /// What was heard before the turn of `heard`.
    before: Option<Beat>,
    asked: Vec<Asked>,
    /// The newest term for which pre-votes were granted to it, and by whom.
    consents: (u64, Vec<u32>),
    /// The highest term of other messages of this turn, and the turn.
    newest: (u64, u64),
}

/// One process's.
#[derive(Clone, Debug, Default)]
struct Process {
    is_alive: bool,
    /// What its clock showed when it began, and in this turn.
    began_ns: u64,
    now_ns: u64,
    turn: u64,
    rounds: u64,
    reads: u64,
    elections: u64,
    ears: Vec<Ear>,
}

/// What each process was handed.
#[derive(Clone, Debug)]
pub(crate) struct Ears {
    n_groups: usize,
    processes: Vec<Process>,
}

impl Ears {
    pub(crate) fn new(n_nodes: usize, n_groups: usize) -> Ears {
        Ears { n_groups, processes: vec![Process::default(); n_nodes] }
    }

    /// A process begins: it has heard nothing.
    pub(crate) fn begin(&mut self, place: usize, clock_ns: u64) {
        let ears = vec![Ear::default(); self.n_groups];
        let (is_alive, began_ns, now_ns) = (true, clock_ns, clock_ns);
        self.processes[place] = Process { is_alive, began_ns, now_ns, ears, ..Process::default() };
    }

    /// Its life is over, or the run is: what it did in it.
    pub(crate) fn end(&mut self, place: usize, clock_ns: u64) -> Option<Fact> {
        let process = &mut self.processes[place];
        if !std::mem::take(&mut process.is_alive) {
            return None;
        }
        let elapsed_ns = clock_ns - process.began_ns;
        let Process { rounds, reads, elections, .. } = *process;
        Some(Fact::Rounds { node: number_at(place), rounds, elapsed_ns, reads, elections })
    }

    /// A turn begins.
    pub(crate) fn turn(&mut self, place: usize, clock_ns: u64) {
        let process = &mut self.processes[place];
        process.now_ns = clock_ns;
        process.turn += 1;
    }

    /// A frame is handed over in this turn. `own` tells the term that a replica was last seen in.
    pub(crate) fn hand(&mut self, place: usize, head: &[u8], own: impl Fn(u32) -> u64) {
        let process = &mut self.processes[place];
        let Some(from) = sender(head) else { return };
        for_each_word(head, |word| match word {
            Word::Read => process.reads += 1,
            Word::Beat { group, term, .. } => process.beat(group, term),
            // It says that its leader lives, as a heartbeat does.
            Word::Append { group, term } => {
                process.beat(group, term);
                process.hear(group, term);
            }
            Word::Ask { group, term, ballot } => {
                process.ask(from, group, (term, ballot), own(group));
                // Whoever asks for a vote tells of a term in which there is no leader yet.
                if ballot == Ballot::Vote {
                    process.hear(group, term);
                }
            }
            Word::Other { group, term } => process.hear(group, term),
            Word::Granted { group, term, ballot } => {
                process.hear(group, term);
                process.consent(from, group, (term, ballot));
            }
            Word::BeatOk { group, term } => process.hear(group, term),
        });
    }

    /// A frame leaves: what it grants, with what its sender had heard when it was asked.
    pub(crate) fn send(&mut self, place: usize, to: u32, head: &[u8], facts: &mut Vec<Fact>) {
        let process = &mut self.processes[place];
        let node = number_at(place);
        for_each_word(head, |word| match word {
            Word::Beat { sequence, .. } => process.rounds = process.rounds.max(sequence),
            Word::BeatOk { group, .. } => {
                if let Some(ear) = process.ears.get_mut(group as usize) {
                    ear.is_awake = true;
                }
            }
            Word::Granted { group, term, ballot } => {
                let asked = process.answer(to, group, (term, ballot));
                facts.extend(asked.map(|Asked { own, heard, .. }| Fact::Balloted {
                    node,
                    group,
                    ballot,
                    term,
                    own,
                    heard,
                    consents: Vec::new(),
                }));
            }
            Word::Append { .. } | Word::Ask { .. } | Word::Other { .. } | Word::Read => {}
        });
    }

    /// A replica stands for election since this turn; it was in term `own` before.
    pub(crate) fn began(&self, place: usize, group: u32, term: u64, own: u64) -> Fact {
        let process = &self.processes[place];
        let ear = &process.ears[group as usize];
        // Whatever was handed over in this very turn may have come after the decision.
        let last = match ear.heard {
            Some((_, at_ns)) if at_ns == process.now_ns => ear.before,
            heard => heard,
        };
        let heard = process.heard(ear, last);
        let (node, ballot) = (number_at(place), Ballot::Begun);
        let (granted, by) = &ear.consents;
        let consents = if *granted == term { by.clone() } else { Vec::new() };
        Fact::Balloted { node, group, ballot, term, own, heard, consents }
    }

    /// A replica came to lead.
    pub(crate) fn elected(&mut self, place: usize) {
        self.processes[place].elections += 1;
    }
}

impl Process {
    fn beat(&mut self, group: u32, term: u64) {
        let now_ns = self.now_ns;
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        // One of an older leader says nothing of the newer.
        if ear.heard.is_some_and(|(heard, _)| heard > term) {
            return;
        }
        if ear.heard.is_none_or(|(_, at_ns)| at_ns != now_ns) {
            ear.before = ear.heard;
        }
        ear.heard = Some((term, now_ns));
    }

    /// Someone would vote for it.
    fn consent(&mut self, from: u32, group: u32, (term, ballot): (u64, Ballot)) {
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        if ballot != Ballot::PreVote || term < ear.consents.0 {
            return;
        }
        if term > ear.consents.0 {
            ear.consents = (term, Vec::new());
        }
        if !ear.consents.1.contains(&from) {
            ear.consents.1.push(from);
        }
    }

    /// Some other message told a term: a newer one ends what was heard before.
    fn hear(&mut self, group: u32, term: u64) {
        let turn = self.turn;
        let Some(ear) = self.ears.get_mut(group as usize) else { return };
        let newest = if ear.newest.1 == turn { ear.newest.0.max(term) } else { term };
        ear.newest = (newest, turn);
    }

    fn ask(&mut self, from: u32, group: u32, (term, ballot): (u64, Ballot), own: u64) {
        let Some(ear) = self.ears.get(group as usize) else { return };
        let is_told_more =
            ear.newest.1 == self.turn && ear.heard.is_some_and(|(heard, _)| ear.newest.0 > heard);
        let heard = if is_told_more { None } else { self.heard(ear, ear.heard) };
        let own = own.max(heard.map_or(0, |heard| heard.term));
        let asked = Asked { from, term, ballot, own, heard };
        let ear = &mut self.ears[group as usize];
        let same =
            |other: &&mut Asked| (other.from, other.term, other.ballot) == (from, term, ballot);
        match ear.asked.iter_mut().find(same) {
            // Asked twice, it may have decided at either time: what excuses it stays.
            Some(before) => {
                let is_free = |asked: &Asked| asked.heard.is_none_or(|h| h.term != asked.own);
                let is_later = before.heard.map(|h| h.ago_ns) < asked.heard.map(|h| h.ago_ns);
                if !is_free(before) && (is_free(&asked) || is_later) {
                    *before = asked;
                }
            }
            None => {
                // What was asked in older terms is not answered any more.
                ear.asked.retain(|other| other.term >= term);
                ear.asked.push(asked);
            }
        }
    }

    fn answer(&mut self, to: u32, group: u32, (term, ballot): (u64, Ballot)) -> Option<Asked> {
        let ear = self.ears.get_mut(group as usize)?;
        let is_it = |asked: &Asked| (asked.from, asked.term, asked.ballot) == (to, term, ballot);
        let place = ear.asked.iter().position(is_it)?;
        Some(ear.asked.swap_remove(place))
    }

    fn heard(&self, ear: &Ear, beat: Option<Beat>) -> Option<Heard> {
        let (term, at_ns) = beat.filter(|_| ear.is_awake)?;
        Some(Heard { term, ago_ns: self.now_ns - at_ns })
    }
}

/// A message, as far as it matters here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    Beat {
        group: u32,
        term: u64,
        sequence: u64,
    },
    Append {
        group: u32,
        term: u64,
    },
    BeatOk {
        group: u32,
        term: u64,
    },
    Ask {
        group: u32,
        term: u64,
        ballot: Ballot,
    },
    Granted {
        group: u32,
        term: u64,
        ballot: Ballot,
    },
    /// Any other word between replicas.
    Other {
        group: u32,
        term: u64,
    },
    /// A linearizable fetch.
    Read,
}

/// Hands every such word of a frame's head to `each`.
fn for_each_word(head: &[u8], mut each: impl FnMut(Word)) -> Option<()> {
    for_each_message(head, |message| {
        let Raw { group, kind, .. } = message;
        let term = || message.u64(0);
        let granted = |ballot| {
            let (term, is_granted) = (message.u64(0)?, message.u8(8)? == 1);
            let (granted, other) =
                (Word::Granted { group, term, ballot }, Word::Other { group, term });
            Some(if is_granted { granted } else { other })
        };
        each(match kind {
            1 => Word::Ask { group, term: term()?, ballot: Ballot::PreVote },
            2 => granted(Ballot::PreVote)?,
            3 => Word::Ask { group, term: term()?, ballot: Ballot::Vote },
            4 => granted(Ballot::Vote)?,
            5 => Word::Append { group, term: term()? },
            6 | 7 | 10 => Word::Other { group, term: term()? },
            8 => Word::Beat { group, term: term()?, sequence: message.u64(8)? },
            9 => Word::BeatOk { group, term: term()? },
            21 if message.u8(16)? == 1 => Word::Read,
            _ => return Some(()),
        });
        Some(())
    })
}

#[cfg(test)]
mod tests;

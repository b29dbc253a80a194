//! The safety rules that evidence and laws cite by number, each in a sentence. `docs/LAWS.md` has
//! them with anchors; a page that cites one says what it asks for.

/// A rule of the system, as code and evidence cite it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rule {
    /// `S9`.
    pub name: &'static str,
    /// What it asks for, in one sentence.
    pub asks: &'static str,
}

macro_rules! rules {
    ($($name:literal $asks:literal)*) => { &[$(Rule { name: $name, asks: $asks }),*] };
}

/// Every rule, in order of its number.
pub const RULES: &[Rule] = rules! {
    "S1" "A voter is a node and its incarnation, made at format time; votes and acknowledgements carry it."
    "S2" "A superblock is empty, present or unreadable; only an empty one may be formatted."
    "S3" "An empty node whose identity is in use joins as a new incarnation, never under the old one."
    "S4" "Term and vote are durable before the vote leaves the node, and a vote within a term never changes."
    "S5" "A restart enters as a follower and never resumes leading in the same term."
    "S6" "Where leases are on, a restarted voter is silent for one shortest election timeout before it votes."
    "S6b" "Where durability is in memory, a voter that restarted uncleanly does not vote before it has caught up."
    "S7" "A node whose disk write or flush failed stops: no votes, no acknowledgements, no campaign."
    "S8" "A checksum covers an entry's index and partition, so that no entry is taken for another."
    "S9" "A replica acknowledges an index only when its log matches the leader's there and is flushed that far."
    "S10" "A leader counts its own copy only after its flush, and acknowledgements only of its own term."
    "S11" "An entry is committed by copies only if it is of the leader's own term."
    "S12" "A follower commits no further than what it has verified to match in this term."
    "S13" "Nothing is ever truncated at or below what is committed."
    "S14" "Elections compare last term and last index, from headers."
    "S15" "A leader serves reads and changes only after an entry of its own term is committed."
    "S16" "Proposals, timers and completions of an older term are dropped."
    "S17" "Offsets are stamped once, by the leader, and never derived from local counters."
    "S18" "A header of an entry is durable only after, or in one batch with, its body."
    "S19" "A replica says of each entry whether it has it, has it damaged, never accepted it, or cannot tell."
    "S20" "A new leader repairs a doubtful entry from whoever has it, drops it on proof, and else waits and says so."
    "S21" "A node that cannot prove where its log ends does not vote."
    "S22" "Repair is by content hash from any peer and never changes what was committed."
    "S23" "Damage is never deletion: only committed metadata of the same incarnation removes data."
    "S24" "A file is published by writing, flushing, renaming and flushing its directory, in this order."
    "S25" "A full disk is an ordinary outcome: room for hard state and repair is kept."
    "S26" "A snapshot holds only what is applied and durable, and a committed configuration."
    "S27" "A snapshot is installed by one atomic switch."
    "S28" "How far a state machine has applied is durable in one write with what it applied."
    "S29" "A leader always has a next step for a follower that lags: entries, a snapshot, or an error."
    "S30" "Configurations change by joint consensus, one at a time, each committed before the next."
    "S31" "Voters answer whoever asks for votes; candidates are voters of their own newest configuration."
    "S32" "Pre-votes, quorum checks and stickiness are on; only a transfer of leadership passes them by."
    "S33" "A read is confirmed only by answers to heartbeats that were sent after it was asked."
    "S34" "A lease ends before anyone could be elected, on the slowest clock that is allowed."
    "S35" "A fetch takes the commit index once and shows nothing above it."
    "S36" "What is known of producers is replicated state, derived from the log and rolled back with it."
    "S37" "A repeat of an append that is not committed yet waits for that append's fate."
    "S38" "Every transaction has an epoch of its own, and its end is checked against it."
    "S39" "Producers are forgotten by a replicated decision, and a late repeat is told so."
    "S40" "Errors are definite or not; what is refused for certain never appears."
    "S41" "A group's generation fences its members; offsets go back only when someone says so."
    "S42" "Leases and counts of deliveries are committed before the delivery."
    "S43" "A dead letter is committed there before it is settled here."
    "S44" "A partition's identity includes its incarnation."
    "S45" "Everything that waits is counted in bytes and bounded."
    "S46" "A rejection says so and says when to come again."
    "S47" "Only what is committed is moved to another tier, and removed here once it was read back there."
    "S48" "No replica that lacks acknowledged messages is made leader unless a person says so, and what is lost is listed."
};

/// The rules that a text cites, in order of their numbers: `S9`, and every one of `S1-S3`.
pub fn cited(text: &str) -> Vec<&'static Rule> {
    let words: Vec<&str> = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
    let place = |name: &str| RULES.iter().position(|rule| rule.name == name);
    let mut places: Vec<usize> = words
        .iter()
        .filter_map(|word| {
            let (first, last) = word.split_once('-').unwrap_or((word, word));
            Some(place(first)?..=place(last)?)
        })
        .flatten()
        .collect();
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| &RULES[place]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_in_sentences_and_ranges() {
        let names = |text: &str| cited(text).iter().map(|rule| rule.name).collect::<Vec<_>>();
        assert_eq!(names("did not hold that entry (S9); S4, S9"), ["S4", "S9"]);
        assert_eq!(names("S1-S3, S10"), ["S1", "S2", "S3", "S10"]);
        assert_eq!(names("KIP-101, S99, SS9"), [""; 0]);
    }

    #[test]
    fn every_rule_of_the_house_is_there() {
        assert_eq!(RULES.len(), 49, "S1 to S48, and S6b");
        assert!(RULES.iter().all(|rule| rule.asks.ends_with('.') && !rule.asks.is_empty()));
    }

    #[test]
    fn every_law_of_runs_that_cites_a_rule_cites_one_that_exists() {
        for law in checkers::CATALOGUE.iter().filter(|law| law.is_for_runs()) {
            let has_number = law
                .source
                .split([',', ' ', '-', ';'])
                .any(|word| word.strip_prefix('S').is_some_and(|rest| rest.parse::<u32>().is_ok()));
            assert_eq!(has_number, !cited(law.source).is_empty(), "{}", law.name);
        }
    }
}

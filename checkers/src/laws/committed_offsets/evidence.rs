//! What went wrong with a committed offset, in words.

use super::register::{Commit, Register};
use crate::{
    breach::line,
    checker::Shared,
    history::{Call, Offset, Partition, Stamp},
    ledger::{Fate, Number},
    verdict::{Evidence, Line},
};

/// How a group came to skip something.
#[derive(Clone, Copy, Debug)]
pub(super) enum SkipKind {
    /// A member committed past what it was given.
    Ahead,
    /// A member of this generation began above what had been committed, last by this commit.
    Resumed { generation: u64, latest: Option<Commit> },
}

/// Offsets `first..end` that a group will not process, unless nothing is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Skip {
    pub(super) kind: SkipKind,
    pub(super) group: u64,
    pub(super) partition: Partition,
    pub(super) first: Offset,
    pub(super) end: Offset,
    pub(super) client: u32,
    /// When the member was given its last record, or joined.
    pub(super) since: Stamp,
    pub(super) asked: Stamp,
    pub(super) at: Stamp,
}

fn committed(commit: Commit) -> [Line; 2] {
    let Commit { offset, client, called, returned } = commit;
    [
        line(called, format!("c{client} asked to commit {offset}")),
        line(returned, format!("the commit of {offset} by c{client} had taken effect")),
    ]
}

impl Skip {
    /// The first message that is known to lie there and was not aborted.
    pub(super) fn missed(&self, shared: &Shared) -> Option<(Offset, Number)> {
        let ledger = &shared.ledger;
        let standing = ledger.standing(self.partition, self.first);
        let is_aborted = |number| ledger.send_of(number).is_some_and(|s| s.fate == Fate::Refused);
        let mut missed = standing.take_while(|(offset, _)| *offset < self.end);
        missed.find(|(_, number)| !is_aborted(*number))
    }

    pub(super) fn evidence(&self, shared: &Shared) -> Evidence {
        let Skip { kind, group, partition, first, end, client, since, asked, at } = *self;
        let missed = self.missed(shared);
        let message = missed.map(|(_, number)| shared.ledger.id(number));
        let what = message.map_or(String::new(), |message| format!(" (m{message} among them)"));
        let which = match end - first {
            1 => format!("offset {first}"),
            _ => format!("offsets {first} to {}", end - 1),
        };
        let (summary, lines) = match kind {
            SkipKind::Ahead => (
                format!(
                    "commit_ahead: c{client} committed {end} for g{group} in partition {partition} \
                     and was never given {which}{what}"
                ),
                vec![
                    line(since, format!("c{client} was given the records below {first}")),
                    line(asked, format!("c{client} asked to commit {end}")),
                    line(at, format!("c{client} was told that it is committed")),
                ],
            ),
            SkipKind::Resumed { generation, latest } => {
                let mut lines = latest.map_or(Vec::new(), |commit| committed(commit).to_vec());
                let joined = format!(
                    "c{client} was told that it owns p{partition} in generation {generation}"
                );
                lines.push(line(since, joined));
                lines.push(line(asked, format!("c{client} polled")));
                lines.push(line(at, format!("c{client} was given offset {end} first")));
                let summary = format!(
                    "skipped_after_rebalance: g{group} had committed {first} in partition \
                     {partition}, c{client} took it over and began at {end}, past {which}{what}"
                );
                (summary, lines)
            }
        };
        Evidence {
            summary,
            lines,
            partition: Some(partition),
            offset: Some(missed.map_or(first, |(offset, _)| offset)),
            message,
            ..Evidence::default()
        }
    }
}

/// A read of the register showed what cannot have been there.
pub(super) fn misread(
    at: Stamp,
    call: &Call,
    (group, partition, offset): (u64, Partition, Option<Offset>),
    register: &Register,
    floor: Option<u64>,
) -> Evidence {
    let client = call.client;
    let shown = offset.map_or("nothing".to_owned(), |offset| offset.to_string());
    let known = offset.and_then(|offset| register.last_of(offset));
    let over = floor.and_then(|floor| register.called_at(floor));
    let mut lines: Vec<Line> = Vec::new();
    let summary = match (offset, known, over) {
        (Some(_), None, _) => format!(
            "phantom_committed_offset: c{client} read {shown} as the committed offset of g{group} in \
             partition {partition}, which nobody committed"
        ),
        (_, known, over) => {
            lines.extend(known.into_iter().flat_map(committed));
            lines.extend(over.into_iter().flat_map(committed));
            let current = over.map_or("another".to_owned(), |commit| commit.offset.to_string());
            format!(
                "stale_committed_read: c{client} read {shown} as the committed offset of g{group} in \
                 partition {partition}, after {current} had been committed"
            )
        }
    };
    lines.push(line(call.called, format!("c{client} asked how far g{group} has come")));
    lines.push(line(at, format!("c{client} was told {shown} for partition {partition}")));
    let partition = Some(partition);
    Evidence { summary, lines, partition, offset, ..Evidence::default() }
}

/// A later commit lies below an earlier one.
pub(super) fn regressed(
    (group, partition): (u64, Partition),
    highest: Commit,
    commit: Commit,
) -> Evidence {
    let (client, offset) = (commit.client, commit.offset);
    Evidence {
        summary: format!(
            "committed_regression: c{client} committed {offset} for g{group} in partition \
             {partition} after {} had been committed, and had not started anew",
            highest.offset
        ),
        lines: committed(highest).into_iter().chain(committed(commit)).collect(),
        partition: Some(partition),
        offset: Some(offset),
        ..Evidence::default()
    }
}

/// A member began below whatever may have been committed.
pub(super) fn rewound(
    at: Stamp,
    call: &Call,
    (group, partition, first): (u64, Partition, Offset),
    (generation, joined): (u64, Stamp),
    (lowest, latest): (Offset, Option<Commit>),
) -> Evidence {
    let client = call.client;
    let mut lines = latest.map_or(Vec::new(), |commit| committed(commit).to_vec());
    let owns = format!("c{client} was told that it owns p{partition} in generation {generation}");
    lines.push(line(joined, owns));
    lines.push(line(call.called, format!("c{client} polled")));
    lines.push(line(at, format!("c{client} was given offset {first} first")));
    Evidence {
        summary: format!(
            "excess_rewind: g{group} had committed {lowest} in partition {partition}, c{client} took \
             it over and began again at {first}"
        ),
        lines,
        partition: Some(partition),
        offset: Some(first),
        ..Evidence::default()
    }
}

//! Violations that one or two operations show by themselves, found as they are observed.

use super::{
    LinearizableLog, Operation,
    certificate::{Deed, Step, is_impossible},
};
use crate::{
    history::{MessageId, Offset, Record},
    verdict::{Evidence, Line},
};

impl LinearizableLog {
    fn operation(&self, number: u32) -> Operation {
        self.operations[number as usize]
    }

    fn step(&self, number: u32, deed: Deed) -> Step {
        let operation = self.operation(number);
        Step { called: operation.called.ordinal, returned: operation.returned.ordinal, deed }
    }

    /// Adds the violation once brute force agrees that the steps are impossible.
    fn report(&mut self, steps: &[Step], lines: Vec<Line>, by: u32, record: Record, text: String) {
        assert!(is_impossible(steps), "the monitor refutes what brute force explains: {steps:?}");
        let partition = self.operation(by).partition;
        self.breach.add(|| Evidence {
            summary: text,
            lines,
            partition: Some(partition),
            offset: Some(record.offset),
            message: Some(record.message),
            ..Evidence::default()
        });
    }

    pub(super) fn report_phantom(&mut self, by: u32, record: Record) {
        let Record { offset, message, .. } = record;
        let deed = Deed::Saw(offset, message);
        let steps = [self.step(by, deed), self.step(by, Deed::Never(message))];
        let text = format!(
            "phantom: m{message} stands at offset {offset} of partition {}, and nobody had sent it",
            self.operation(by).partition
        );
        self.report(&steps, self.lines(by, deed), by, record, text);
    }

    pub(super) fn report_aborted(&mut self, by: u32, append: u32, record: Record) {
        let Record { offset, message, .. } = record;
        let deed = Deed::Saw(offset, message);
        let steps = [self.step(by, deed), self.step(append, Deed::Never(message))];
        let mut lines = self.lines(append, deed);
        lines.truncate(1);
        lines.extend(self.lines(by, deed));
        let text = format!(
            "aborted_read: m{message} was read at offset {offset}, though its append was refused \
             for certain"
        );
        self.report(&steps, lines, by, record, text);
    }

    pub(super) fn report_wrong_partition(&mut self, by: u32, append: u32, record: Record) {
        let Record { offset, message, .. } = record;
        let deed = Deed::Saw(offset, message);
        // In this partition nobody ever asked to append it.
        let steps = [self.step(by, deed), self.step(append, Deed::Never(message))];
        let mut lines = self.lines(append, deed);
        lines.truncate(1);
        lines.extend(self.lines(by, deed));
        let text = format!(
            "wrong_partition: m{message} was sent to partition {} and stands at offset {offset} of \
             partition {}",
            self.operation(append).partition,
            self.operation(by).partition
        );
        self.report(&steps, lines, by, record, text);
    }

    pub(super) fn report_duplicate(
        &mut self,
        by: u32,
        append: u32,
        before: Offset,
        record: Record,
    ) {
        let Record { offset, message, .. } = record;
        let partition = self.operation(by).partition;
        let named_by = self.logs[partition as usize].get(before).named_by.saturating_sub(1);
        let (first, second) = (Deed::Saw(before, message), Deed::Saw(offset, message));
        let steps = [
            self.step(named_by, first),
            self.step(by, second),
            self.step(append, Deed::Once(message)),
        ];
        let mut lines = self.lines(named_by, first);
        lines.extend(self.lines(by, second));
        let text = format!(
            "duplicate: m{message} stands at offsets {before} and {offset} of partition \
             {partition}, and its producer is idempotent"
        );
        self.report(&steps, lines, by, record, text);
    }

    pub(super) fn report_inconsistent(
        &mut self,
        by: u32,
        record: Record,
        named_by: u32,
        before: MessageId,
    ) {
        let Record { offset, message, .. } = record;
        let (first, second) = (Deed::Saw(offset, before), Deed::Saw(offset, message));
        let steps = [self.step(named_by, first), self.step(by, second)];
        let mut lines = self.lines(named_by, first);
        lines.extend(self.lines(by, second));
        let text = format!(
            "inconsistent_offsets: offset {offset} of partition {} was m{before} and is m{message}",
            self.operation(by).partition
        );
        self.report(&steps, lines, by, record, text);
    }

    pub(super) fn report_gap_in_read(&mut self, by: u32, expected: Offset, record: Record) {
        let Record { offset, message, .. } = record;
        let name = if offset > expected { "offset_gap" } else { "int_nonmonotonic_poll" };
        let lines = self.lines(by, Deed::Saw(offset, message));
        let partition = self.operation(by).partition;
        self.breach.add(|| Evidence {
            summary: format!(
                "{name}: a read of partition {partition} returned offset {offset} where offset \
                 {expected} was due"
            ),
            lines,
            partition: Some(partition),
            offset: Some(expected),
            message: Some(message),
            ..Evidence::default()
        });
    }

    pub(super) fn report_past_end(&mut self, by: u32, end: Offset, record: Record) {
        let Record { offset, message, .. } = record;
        let (saw, ended) = (Deed::Saw(offset, message), Deed::EndedAt(end));
        let mut lines = self.lines(by, saw);
        lines.extend(self.lines(by, ended).pop());
        let partition = self.operation(by).partition;
        self.breach.add(|| Evidence {
            summary: format!(
                "past_end: a read of partition {partition} returned offset {offset}, and says that \
                 the partition ends at {end}"
            ),
            lines,
            partition: Some(partition),
            offset: Some(offset),
            message: Some(message),
            ..Evidence::default()
        });
    }
}

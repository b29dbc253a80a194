//! Histories in our own words: the `history.jsonl` of a run and the text form of the tests. They
//! need no translation, and what the file says of a run's corners is told as well.

use super::{Extent, Findings, Terms, client_judges, sift};
use crate::{
    checker::{Bench, Event},
    contract::Contract,
    formats::{
        Format, FormatError,
        ours::{self, OurLine},
    },
    history::{Call, Mark, Numbered, Outcome, Stamp},
    run::Counts,
    text,
    verdict::Judgement,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    io::BufRead,
};

/// A bench that is told calls in the order in which they were made.
struct Gallery {
    bench: Bench,
    /// Which corners the history has.
    is_healed: bool,
    is_drained: bool,
    /// Calls under way, by the ordinal of what comes next: their number or their return.
    under_way: BTreeMap<u64, Call>,
    clients: BTreeSet<u32>,
    partitions: BTreeSet<u32>,
    extent: Extent,
}

pub(super) fn hear(
    format: Format,
    input: &mut dyn BufRead,
    terms: &Terms<'_>,
) -> Result<(Extent, Findings), FormatError> {
    let mut told = Vec::new();
    let contract = terms.contract(Contract::default(), &mut told);
    let mut gallery = Gallery {
        bench: Bench::under(contract, client_judges(&["porcupine"])),
        is_healed: false,
        is_drained: false,
        under_way: BTreeMap::new(),
        clients: BTreeSet::new(),
        partitions: BTreeSet::new(),
        extent: Extent::default(),
    };
    if format == Format::Text {
        gallery.hear_text(input)?;
    } else {
        gallery.hear_jsonl(input)?;
    }
    gallery.settle(u64::MAX);
    let Gallery { bench, is_healed, is_drained, clients, partitions, mut extent, .. } = gallery;
    extent.processes = clients.len() as u64;
    extent.objects = partitions.len() as u64;
    let counts = Some(bench.counts()).filter(|counts| *counts != Counts::default());
    // Without the corner that a law asks for there is nothing to judge by it.
    let has_corner = |judgement: &Judgement| match judgement.name.as_str() {
        "zero_loss" => is_drained,
        "liveness" | "blast_radius" => is_healed,
        _ => true,
    };
    let (heard, cornerless): (Vec<_>, Vec<_>) = bench.finish().into_iter().partition(has_corner);
    let (judgements, mut unexercised) = sift(heard);
    unexercised.extend(cornerless.into_iter().map(|judgement| judgement.name));
    let objects = extent.objects;
    Ok((extent, Findings { judgements, unexercised, counts, terms: told, objects }))
}

impl Gallery {
    fn hear_jsonl(&mut self, input: &mut dyn BufRead) -> Result<(), FormatError> {
        let read = ours::read_jsonl(input, &mut |line| {
            match line {
                OurLine::Call(call) => self.call(call),
                OurLine::Mark { at, what } => self.mark(at, &what),
                OurLine::Note { .. } => self.extent.bystanders += 1,
            }
            Ok(())
        })?;
        self.extent.lines = read.lines;
        Ok(())
    }

    fn hear_text(&mut self, input: &mut dyn BufRead) -> Result<(), FormatError> {
        let mut content = String::new();
        let unreadable =
            |error| FormatError { line: 0, what: format!("could not be read: {error}") };
        input.read_to_string(&mut content).map_err(unreadable)?;
        let last = content.lines().last().unwrap_or_default();
        if !content.ends_with('\n') && !last.trim().is_empty() {
            // Its last number may have been longer.
            let what = "the last line has no end, as if cut (a line break makes it whole)";
            let line = content.lines().count() as u64;
            return Err(FormatError { line, what: what.to_owned() });
        }
        let malformed =
            |error: text::TextError| FormatError { line: error.line as u64, what: error.what };
        let history = text::parse(&content).map_err(malformed)?.history;
        self.extent.lines = content.lines().count() as u64;
        self.extent.bystanders = history.notes.len() as u64;
        let mut marks = history.marks.iter().peekable();
        for call in history.calls {
            while let Some((at, mark)) = marks.next_if(|(at, _)| at.ordinal < call.called.ordinal) {
                self.mark(*at, mark);
            }
            self.call(call);
        }
        for (at, mark) in marks {
            self.mark(*at, mark);
        }
        Ok(())
    }

    fn call(&mut self, call: Call) {
        self.settle(call.called.ordinal);
        self.clients.insert(call.client);
        self.partitions.extend(call.partition());
        self.extent.operations += 1;
        *match &call.outcome {
            Outcome::Ok(_) => &mut self.extent.ok,
            Outcome::Refused(_) => &mut self.extent.failed,
            Outcome::Unknown(_) => &mut self.extent.unknown,
        } += 1;
        self.bench.observe(call.called, Event::Called(call.asked()));
        match call.numbered {
            Some(numbered) => drop(self.under_way.insert(numbered.at.ordinal, call)),
            None => self.await_return(call),
        }
    }

    fn await_return(&mut self, call: Call) {
        if let Some(returned) = call.returned {
            self.under_way.insert(returned.ordinal, call);
        }
    }

    fn mark(&mut self, at: Stamp, mark: &Mark) {
        self.settle(at.ordinal);
        self.is_healed |= matches!(mark, Mark::Healed { .. });
        self.is_drained |= matches!(mark, Mark::Draining);
        self.bench.observe(at, Event::Mark(mark));
    }

    /// Every number and every return before this moment.
    fn settle(&mut self, ordinal: u64) {
        while let Some(first) = self.under_way.first_entry().filter(|first| *first.key() < ordinal)
        {
            let (ordinal, call) = first.remove_entry();
            match (call.numbered, call.returned) {
                (Some(Numbered { at, sequence }), _) if at.ordinal == ordinal => {
                    self.bench.observe(at, Event::Numbered(call.asked(), sequence));
                    self.await_return(call);
                }
                (_, Some(returned)) => self.bench.observe(returned, Event::Returned(&call)),
                (_, None) => {}
            }
        }
    }
}

//! Which version of a register comes before which, as far as it may be inferred.
//!
//! Each source of inferences is added on its own. If a key's versions then go in a circle, that is
//! told, and the key goes on without this source.

use super::{
    Inference,
    reads::{Touches, Version},
};
use crate::{
    linearizability::Budget,
    transactions::{
        Fate,
        graph::{Edge, Edges, Graph, Node},
        models::Anomaly,
        ruling::Findings,
        teller::Teller,
        writes::Writes,
    },
    verdict::Evidence,
};

/// Pairs of versions, earlier and later, in order.
#[derive(Debug, Default)]
pub(crate) struct Versions {
    pairs: Vec<(Version, Version)>,
}

/// Bytes for one pair, while it is sorted and searched for circles.
const PAIR_BYTES: u64 = 32;

impl Versions {
    /// What the allowed inferences say; nothing if it does not fit into its bytes.
    pub(crate) fn infer(
        teller: Teller<'_>,
        writes: &Writes,
        touches: &Touches,
        inference: Inference,
        findings: &mut Findings,
        budget: Budget,
    ) -> Option<Versions> {
        let mut versions = Versions::default();
        let limit = usize::try_from(budget.bytes / PAIR_BYTES).unwrap_or(usize::MAX);
        let sources = [
            ("writes follow reads", inference.writes_follow_reads, follow_reads as Source),
            ("each key is sequential", inference.sequential_keys, follow_processes as Source),
            ("each key is linearizable", inference.linearizable_keys, follow_time as Source),
        ];
        for (assumed, _, source) in sources.into_iter().filter(|(_, is_allowed, _)| *is_allowed) {
            let mut more = Vec::new();
            source(teller, touches, &mut |before, after| {
                if before != after && more.len() <= limit {
                    more.push((before, after));
                }
            });
            if more.len() + versions.pairs.len() > limit {
                return None;
            }
            versions.add(more, (teller, writes, touches), assumed, findings);
        }
        Some(versions)
    }

    fn add(
        &mut self,
        more: Vec<(Version, Version)>,
        (teller, writes, touches): (Teller<'_>, &Writes, &Touches),
        assumed: &str,
        findings: &mut Findings,
    ) {
        let mut all = [&self.pairs[..], &more].concat();
        all.sort_unstable();
        all.dedup();
        let mut links: Vec<(Node, Node, Edge)> =
            all.iter().map(|(before, after)| (*before, *after, Edge::Free)).collect();
        // Every write comes after the beginning of its key.
        let count = touches.version_count() as u32;
        for write in 0..writes.len() as u32 {
            let beginnings = touches.beginnings(writes.get(write).key);
            links.extend(beginnings.map(|beginning| (beginning, write, Edge::Free)));
        }
        let graph = Graph::new(count, count as usize, &links);
        let mut cyclic: Vec<u32> = Vec::new();
        for members in graph.components(Edges::ALL).large() {
            let key = touches.key_of(writes, members[0]);
            cyclic.push(key);
            findings.add(Anomaly::CyclicVersions, || {
                let named = |version: &Version| touches.named(&teller, writes, *version);
                let named: Vec<String> = members.iter().take(6).map(named).collect();
                let name = writes.key_name(key);
                let summary = format!(
                    "cyclic_versions: if {assumed}, then each of the values {} of key {} comes \
                     before the others",
                    named.join(", "),
                    teller.key(name)
                );
                let mut who: Vec<Node> = Vec::new();
                for version in members.iter().take(4) {
                    who.extend(touches.writer(teller.transactions, writes, *version));
                    who.extend(touches.readers_of(*version).into_iter().take(2));
                }
                let evidence: Evidence = teller.evidence(summary, &who, name);
                evidence
            });
        }
        if cyclic.is_empty() {
            self.pairs = all;
            return;
        }
        cyclic.sort_unstable();
        let is_sound = |(before, _): &(Version, Version)| {
            cyclic.binary_search(&touches.key_of(writes, *before)).is_err()
        };
        self.pairs.extend(more.into_iter().filter(is_sound));
        self.pairs.sort_unstable();
        self.pairs.dedup();
    }

    /// Versions that come right before others, with those.
    pub(crate) fn later(&self) -> impl Iterator<Item = (Version, &[(Version, Version)])> {
        self.pairs.chunk_by(|a, b| a.0 == b.0).map(|group| (group[0].0, group))
    }

    /// What comes after a version.
    pub(crate) fn after(&self, version: Version) -> &[(Version, Version)] {
        let first = self.pairs.partition_point(|(before, _)| *before < version);
        let end = self.pairs.partition_point(|(before, _)| *before <= version);
        &self.pairs[first..end]
    }
}

/// Tells pairs of versions, earlier and later, that an assumption implies.
type Source = fn(Teller<'_>, &Touches, &mut dyn FnMut(Version, Version));

fn follow_reads(_: Teller<'_>, touches: &Touches, pair: &mut dyn FnMut(Version, Version)) {
    for touch in touches.all() {
        if let (Some(read), Some(wrote)) = (touch.read, touch.wrote)
            && touches.is_beginning(read).is_none()
        {
            pair(read, wrote);
        }
    }
}

fn follow_processes(teller: Teller<'_>, touches: &Touches, pair: &mut dyn FnMut(Version, Version)) {
    let place = |node: Node| {
        let transaction = &teller.transactions[node as usize];
        (transaction.process, transaction.called.ordinal)
    };
    let mut touched: Vec<_> = touches.all().iter().collect();
    touched.sort_by_key(|touch| (touch.key, place(touch.transaction)));
    let is_same = |a: Node, b: Node| place(a).0 == place(b).0;
    for group in touched.chunk_by(|a, b| a.key == b.key && is_same(a.transaction, b.transaction)) {
        let mut last = None;
        for touch in group {
            if let (Some(last), Some(first)) = (last, touch.read.or(touch.wrote)) {
                pair(last, first);
            }
            if teller.transactions[touch.transaction as usize].fate == Fate::Committed {
                last = touch.wrote.or(touch.read);
            }
        }
    }
}

/// Each touch of a key follows those that had ended when it began, and of these only the ones that
/// no other of them follows.
fn follow_time(teller: Teller<'_>, touches: &Touches, pair: &mut dyn FnMut(Version, Version)) {
    let transaction = |node: Node| &teller.transactions[node as usize];
    let called = |node: Node| transaction(node).called.ordinal;
    let mut touched: Vec<_> = touches.all().iter().collect();
    touched.sort_by_key(|touch| (touch.key, called(touch.transaction)));
    for group in touched.chunk_by(|a, b| a.key == b.key) {
        // Ended at, called at, last version; sorted by the first.
        let mut ends: Vec<(u64, u64, Version)> = group
            .iter()
            .filter(|touch| transaction(touch.transaction).fate == Fate::Committed)
            .filter_map(|touch| {
                let returned = transaction(touch.transaction).returned?.ordinal;
                Some((returned, called(touch.transaction), touch.wrote.or(touch.read)?))
            })
            .collect();
        ends.sort_unstable();
        let (mut ended, mut front): (usize, Vec<(u64, Version)>) = (0, Vec::new());
        for touch in group {
            while let Some((returned, since, version)) = ends.get(ended)
                && *returned < called(touch.transaction)
            {
                front.retain(|(returned, _)| returned >= since);
                front.push((*returned, *version));
                ended += 1;
            }
            if let Some(first) = touch.read.or(touch.wrote) {
                front.iter().for_each(|(_, last)| pair(*last, first));
            }
        }
    }
}

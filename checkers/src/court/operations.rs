//! Operations by the object that they are about, as they are asked and answered.

use super::workload::{Heard, UnderWay};
use crate::linearizability::Operation;
use std::collections::BTreeMap;

/// The object of operations that name none.
pub(super) const ONLY: u64 = u64::MAX;

/// Operations of each object, in order of `called`.
#[derive(Debug)]
pub(super) struct Operations<D> {
    objects: BTreeMap<u64, Vec<Option<Operation<D>>>>,
    /// The object of what is under way, and where it stands there.
    open: UnderWay<(u64, usize)>,
}

impl<D> Default for Operations<D> {
    fn default() -> Operations<D> {
        Operations { objects: BTreeMap::new(), open: UnderWay::default() }
    }
}

impl<D> Operations<D> {
    /// Somebody asked for this.
    pub(super) fn ask(&mut self, heard: &Heard<'_>, object: u64, deed: D) {
        let operations = self.objects.entry(object).or_default();
        self.open.begin(heard, (object, operations.len()));
        let (process, called) = (heard.process, heard.at);
        operations.push(Some(Operation { process, called, returned: None, deed }));
    }

    /// What is answered. Whoever finds that it never happened takes it out.
    pub(super) fn answered(&mut self, heard: &Heard<'_>) -> Option<&mut Option<Operation<D>>> {
        let (object, place) = self.open.end(heard)?;
        self.objects.get_mut(&object)?.get_mut(place)
    }

    /// How many objects there are.
    pub(super) fn object_count(&self) -> u64 {
        self.objects.len() as u64
    }

    /// Each object and what was done to it.
    pub(super) fn by_object(self) -> impl Iterator<Item = (u64, Vec<Operation<D>>)> {
        let all = self.objects.into_iter();
        all.map(|(object, operations)| (object, operations.into_iter().flatten().collect()))
    }
}

//! Values in their chains, and whether chains can be put in order.

use super::{
    super::timeline::NEVER,
    Halt, History, evidence,
    links::{Chain, Chains},
    values::{INITIAL, NOBODY, Part},
};

impl Chains {
    pub(super) fn of(history: &History<'_>) -> Result<Chains, Halt> {
        let values = &history.values;
        if let Some(flaw) = values.flaw() {
            return Err(flaw);
        }
        let mut chains = Chains::none(history);
        let mut reached = 0;
        for value in (0..values.values.len() as u32).filter(|value| values.is_there(*value)) {
            let put_by = values.values[value as usize].put_by;
            let is_root =
                put_by == NOBODY || matches!(values.parts[put_by as usize], Part::Puts(_));
            if is_root {
                reached += history.chain(value).count();
                let chain = chains.measure(history, value)?;
                chains.chains.push(chain);
            }
        }
        let there = (0..values.values.len() as u32).filter(|value| values.is_there(*value)).count();
        if reached < there {
            return Err(Halt::Flaw(evidence::circle(history, &chains)));
        }
        let key = |chain: &Chain| u64::from(chain.first) + u64::from(chain.last);
        chains.chains.sort_unstable_by_key(|chain| (key(chain), chain.root));
        Ok(chains)
    }

    /// The ends of a chain, if its operations can be put in order.
    fn measure(&self, history: &History<'_>, root: u32) -> Result<Chain, Halt> {
        let mut chain = Chain { root, first: NEVER, first_by: NOBODY, last: 0, last_by: NOBODY };
        if root == INITIAL {
            chain.first = 0;
        }
        for value in history.chain(root) {
            for operation in self.members(value) {
                let span = history.timeline.span(*operation);
                if span.returned < chain.last {
                    return Err(Halt::Flaw(evidence::backward(
                        history,
                        root,
                        chain.last_by,
                        *operation,
                    )));
                }
                if span.called > chain.last {
                    (chain.last, chain.last_by) = (span.called, *operation);
                }
                if span.returned < chain.first {
                    (chain.first, chain.first_by) = (span.returned, *operation);
                }
            }
        }
        Ok(chain)
    }

    /// Whether two chains must each go before the other.
    pub(super) fn disagree(&self, history: &History<'_>) -> Result<(), Halt> {
        let mut latest: Option<&Chain> = None;
        for chain in &self.chains {
            if let Some(before) = latest.filter(|before| chain.first < before.last) {
                return Err(Halt::Flaw(evidence::torn(history, before, chain)));
            }
            if latest.is_none_or(|before| before.last < chain.last) {
                latest = Some(chain);
            }
        }
        Ok(())
    }
}

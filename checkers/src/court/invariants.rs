//! Banks, counters and long forks, as Jepsen writes them: what was read must keep an invariant.

use super::{
    Findings, Permit, Terms, is_final,
    names::Names,
    workload::{Answered, Heard, UnderWay, Workload},
};
use crate::{
    formats::value::Value,
    history::Stamp,
    invariants::{
        bank::{self, Balances, Promise, Transfer},
        counter::{self, Count, Deed},
        long_fork::{self, Glance},
    },
    verdict::{Judgement, Verdict},
};

/// Transfers, and reads of all accounts.
#[derive(Debug, Default)]
pub(super) struct Bank {
    /// When each process asked.
    asked: UnderWay<Stamp>,
    reads: Vec<Balances>,
    transfers: Vec<Transfer>,
    /// Where the transfer under way stands.
    open: UnderWay<usize>,
    /// Transfers that failed.
    failed: Vec<usize>,
    /// The first transfer that does not say what it moves.
    unreadable: Option<String>,
}

impl Bank {
    fn transfer(&mut self, heard: &Heard<'_>, names: &mut Names) {
        let value = heard.value;
        let (from, to) = (value.get("from"), value.get("to"));
        match value.get("amount").as_int() {
            Some(amount) if value.is_map() && !from.is_nil() && !to.is_nil() => {
                self.open.begin(heard, self.transfers.len());
                self.transfers.push(Transfer {
                    process: heard.process,
                    called: heard.at,
                    returned: None,
                    from: names.number(from),
                    to: names.number(to),
                    amount,
                });
            }
            Some(_) | None => {
                self.unreadable.get_or_insert_with(|| value.to_string());
            }
        }
    }
}

impl Workload for Bank {
    fn ask(&mut self, heard: &Heard<'_>, names: &mut Names) -> Result<(), String> {
        self.asked.begin(heard, heard.at);
        match heard.f {
            "read" => Ok(()),
            "transfer" => {
                self.transfer(heard, names);
                Ok(())
            }
            other => Err(format!("expected `read` or `transfer`, found operation `{other}`")),
        }
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(called) = self.asked.end(heard) else { return Ok(()) };
        if let Some(place) = self.open.end(heard) {
            match how {
                Answered::Ok => self.transfers[place].returned = Some(heard.at),
                Answered::Failed => self.failed.push(place),
                Answered::Unknown => {}
            }
        }
        if how != Answered::Ok || heard.f != "read" {
            return Ok(());
        }
        if !heard.value.is_map() {
            return Err(format!("expected accounts such as `{{0 10}}`, found `{}`", heard.value));
        }
        let mut accounts = Vec::new();
        for (account, balance) in heard.value.pairs() {
            if balance.as_int().is_none() && !balance.is_nil() {
                return Err(format!("expected a balance, found `{balance}`"));
            }
            accounts.push((names.number_of_key(account), balance.as_int()));
        }
        self.reads.push(Balances {
            process: heard.process,
            called,
            returned: heard.at,
            accounts,
            is_final: is_final(heard),
        });
        Ok(())
    }

    fn judge(mut self: Box<Self>, terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let mut told = Vec::new();
        let contract = terms.owed(self.reads.iter().any(|read| read.is_final), &mut told);
        let permits_negative = terms.permits(Permit::NegativeBalances, false, &mut told);
        self.failed.sort_unstable();
        let mut place = 0;
        self.transfers.retain(|_| {
            place += 1;
            self.failed.binary_search(&(place - 1)).is_err()
        });
        let promise = Promise { contract, permits_negative };
        let name = |account: u64| names.name(account);
        let mut verdict = bank::judge(&self.reads, &self.transfers, promise, terms.budget(), &name);
        if let Some(transfer) = &self.unreadable
            && !is_wrong_alone(&verdict)
        {
            verdict = Verdict::Unknown(format!(
                "every read has the right total, and whether transfers explain them no one can say: \
                 expected one such as `{{:from 0 :to 1 :amount 5}}`, found `{transfer}`"
            ));
        }
        let judgements = vec![Judgement::new("bank", verdict)];
        Ok(Findings { judgements, terms: told, objects: 1, ..Findings::default() })
    }
}

/// Whether a read is wrong whatever the transfers were.
fn is_wrong_alone(verdict: &Verdict) -> bool {
    match verdict {
        Verdict::Violated(evidence) => {
            let rules = ["not_linearizable", "missing_transfer"];
            !rules.iter().any(|rule| evidence.summary.starts_with(rule))
        }
        Verdict::Holds(_) | Verdict::Unknown(_) => false,
    }
}

/// Additions and reads of a number.
#[derive(Debug, Default)]
pub(super) struct Counter {
    /// When each process asked.
    asked: UnderWay<Stamp>,
    counts: Vec<Count>,
    /// Where the addition under way stands.
    open: UnderWay<usize>,
    /// Additions that failed.
    failed: Vec<usize>,
}

fn whole(value: Value<'_>) -> Result<i64, String> {
    value.as_int().ok_or_else(|| format!("expected a whole number, found `{value}`"))
}

impl Workload for Counter {
    fn ask(&mut self, heard: &Heard<'_>, _names: &mut Names) -> Result<(), String> {
        self.asked.begin(heard, heard.at);
        match heard.f {
            "read" => Ok(()),
            "add" => {
                self.open.begin(heard, self.counts.len());
                self.counts.push(Count {
                    process: heard.process,
                    called: heard.at,
                    returned: None,
                    deed: Deed::Add(whole(heard.value)?),
                });
                Ok(())
            }
            other => Err(format!("expected `read` or `add`, found operation `{other}`")),
        }
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        _names: &mut Names,
    ) -> Result<(), String> {
        let Some(called) = self.asked.end(heard) else { return Ok(()) };
        match (how, self.open.end(heard)) {
            (Answered::Unknown, _) | (Answered::Failed, None) => {}
            (Answered::Ok, Some(place)) => self.counts[place].returned = Some(heard.at),
            (Answered::Failed, Some(place)) => self.failed.push(place),
            (Answered::Ok, None) => self.counts.push(Count {
                process: heard.process,
                called,
                returned: Some(heard.at),
                deed: Deed::Read { found: whole(heard.value)?, is_final: is_final(heard) },
            }),
        }
        Ok(())
    }

    fn judge(mut self: Box<Self>, terms: &Terms<'_>, _names: &Names) -> Result<Findings, String> {
        let mut told = Vec::new();
        let is_final = |count: &Count| matches!(count.deed, Deed::Read { is_final: true, .. });
        let contract = terms.owed(self.counts.iter().any(is_final), &mut told);
        self.failed.sort_unstable();
        let mut place = 0;
        self.counts.retain(|_| {
            place += 1;
            self.failed.binary_search(&(place - 1)).is_err()
        });
        let verdict = counter::judge(&self.counts, contract, terms.budget());
        let judgements = vec![Judgement::new("counter", verdict)];
        Ok(Findings { judgements, terms: told, objects: 1, ..Findings::default() })
    }
}

/// Reads of groups of keys.
#[derive(Debug, Default)]
pub(super) struct LongFork {
    /// When each process asked.
    asked: UnderWay<Stamp>,
    glances: Vec<Glance>,
}

impl Workload for LongFork {
    fn ask(&mut self, heard: &Heard<'_>, _names: &mut Names) -> Result<(), String> {
        self.asked.begin(heard, heard.at);
        Ok(())
    }

    fn answer(
        &mut self,
        how: Answered,
        heard: &Heard<'_>,
        names: &mut Names,
    ) -> Result<(), String> {
        let Some(called) = self.asked.end(heard).filter(|_| how == Answered::Ok) else {
            return Ok(());
        };
        let mut keys = Vec::new();
        for step in heard.value.items() {
            match step.item(0).as_str() {
                Some("r" | "read") => {
                    keys.push((names.number(step.item(1)), !step.item(2).is_nil()));
                }
                Some("w" | "write") => return Ok(()),
                _ => return Err(format!("expected `[:r key value]`, found `{step}`")),
            }
        }
        let (process, returned) = (heard.process, heard.at);
        self.glances.push(Glance { process, called, returned, keys });
        Ok(())
    }

    fn judge(self: Box<Self>, _terms: &Terms<'_>, names: &Names) -> Result<Findings, String> {
        let verdict = long_fork::judge(&self.glances, &|key| names.name(key));
        let judgements = vec![Judgement::new("long_fork", verdict)];
        Ok(Findings { judgements, objects: 1, ..Findings::default() })
    }
}

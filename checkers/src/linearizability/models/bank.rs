//! Accounts between which money is moved, and which are read together. State: what is in each.
//!
//! What the accounts held before anything happened stands nowhere in a history. So there is one
//! operation more, before all others, that puts one of the balances that the first read leaves
//! possible.

use crate::linearizability::{
    engine::{Model, Steps},
    objects,
};

/// Accounts by number. They are empty until their first balances are put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bank {
    /// How many there are.
    pub accounts: usize,
    /// Whether one may be overdrawn.
    pub permits_negative: bool,
}

impl Model for Bank {
    type Deed = objects::Bank;
    type Act = objects::Bank;
    type State = Box<[i64]>;

    fn initial(&self) -> Box<[i64]> {
        vec![0; self.accounts].into()
    }

    fn act(&self, deed: &objects::Bank) -> Option<objects::Bank> {
        Some(deed.clone())
    }

    fn step(&self, state: &Box<[i64]>, act: &objects::Bank) -> Steps<Box<[i64]>> {
        match act {
            objects::Bank::Open(balances) => {
                Steps::Any(balances.iter().map(|all| all.clone().into()).collect())
            }
            objects::Bank::Transfer { from, to, amount } => {
                let mut next = state.clone();
                let moved = next[*from].checked_sub(*amount).map(|left| next[*from] = left);
                let moved = moved.and_then(|()| next[*to].checked_add(*amount));
                let Some(there) = moved else { return Steps::Never };
                next[*to] = there;
                match next.iter().any(|balance| *balance < 0) && !self.permits_negative {
                    true => Steps::Never,
                    false => Steps::To(next),
                }
            }
            objects::Bank::Read(found) => {
                let fits = found.iter().all(|(account, balance)| state[*account] == *balance);
                if fits { Steps::Same } else { Steps::Never }
            }
        }
    }

    fn is_read_only(&self, act: &objects::Bank) -> bool {
        match act {
            objects::Bank::Open(_) | objects::Bank::Transfer { .. } => false,
            objects::Bank::Read(_) => true,
        }
    }

    fn forget(&self, deed: &objects::Bank) -> Option<objects::Bank> {
        match deed {
            // Some balances were there: of these nothing is ever forgotten.
            objects::Bank::Open(_) | objects::Bank::Transfer { .. } => Some(deed.clone()),
            objects::Bank::Read(_) => None,
        }
    }

    fn heap_bytes(&self, state: &Box<[i64]>) -> u64 {
        size_of_val::<[i64]>(state) as u64
    }

    fn describe(&self, deed: &objects::Bank) -> String {
        match deed {
            objects::Bank::Open(_) => "opened the accounts".to_owned(),
            objects::Bank::Transfer { from, to, amount } => {
                format!("moved {amount} from the account at {from} to that at {to}")
            }
            objects::Bank::Read(found) => {
                let found: Vec<String> =
                    found.iter().map(|(_, balance)| balance.to_string()).collect();
                format!("read {}", found.join(", "))
            }
        }
    }

    fn describe_state(&self, state: &Box<[i64]>) -> String {
        let balances: Vec<String> = state.iter().map(i64::to_string).collect();
        format!("the accounts held {}", balances.join(", "))
    }
}

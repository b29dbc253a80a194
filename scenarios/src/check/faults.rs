//! Faults of a scenario against its times: none begins after the end of trouble, none strikes without
//! end. What each says of whom it strikes it checks itself.

use crate::{
    faults::{Asked, Written},
    occasion::Occasion,
    problem::{Checked, at_least, ensure},
    scenario::Scenario,
    units::{Millis, Range, write},
};

impl Scenario {
    pub(super) fn check_script(&self) -> Checked {
        for (i, scripted) in self.faults.iter().enumerate() {
            let place = format!("fault.{i}");
            let (at, end) = (scripted.at.high, self.phases.trouble.low);
            ensure(at < end, format!("{place}.at"), || {
                format!(
                    "begins at {}, but trouble ends at {}",
                    write::<Millis>(at),
                    write::<Millis>(end)
                )
            })?;
            if let Some(every) = &scripted.every {
                ensure(every.low > 0, format!("{place}.every"), || {
                    "expected some time between repetitions".to_owned()
                })?;
                let n = self.phases.trouble.high / every.low;
                let n = n.min(scripted.times.map_or(i64::MAX, |times| times.high));
                check_number(n, format!("{place}.every"))?;
            }
            ensure(scripted.nth.low > 0, format!("{place}.nth"), || at_least("1"))?;
            let (lasts, when) = (scripted.lasts.as_ref(), scripted.when.as_slice());
            self.check_fault(&scripted.what, lasts, when, &place)?;
        }
        Ok(())
    }

    pub(super) fn check_menu(&self) -> Checked {
        let Some(menu) = &self.menu else { return Ok(()) };
        let some = menu.faults.iter().any(|dish| dish.weight.low > 0);
        ensure(some, "menu.faults", || "expected some fault whose weight is never 0".to_owned())?;
        ensure(menu.rate.low > 0, "menu.rate", || {
            "expected a rate above 0; leave the menu out for no faults".to_owned()
        })?;
        // A rate counts in 1,000 seconds, trouble in milliseconds.
        let n = i128::from(menu.rate.high) * i128::from(self.phases.trouble.high) / 1_000_000;
        check_number(i64::try_from(n).unwrap_or(i64::MAX), "menu.rate".to_owned())?;
        for (i, dish) in menu.faults.iter().enumerate() {
            let place = format!("menu.faults.{i}");
            ensure(dish.nth.low > 0, format!("{place}.nth"), || at_least("1"))?;
            self.check_fault(&dish.what, dish.lasts.as_ref(), &dish.when, &place)?;
        }
        Ok(())
    }

    fn check_fault(
        &self,
        what: &Written,
        lasts: Option<&Range<Millis>>,
        when: &[Occasion],
        place: &str,
    ) -> Checked {
        what.check(&Asked {
            cluster: &self.cluster,
            clients_min: self.workload.clients.low,
            lasts: lasts.is_some(),
            when,
            place,
            kind: what.kind(),
        })
    }
}

/// More faults than this are a slip of the pen; a day of one every ten seconds is less.
const FAULTS_MAX: i64 = 10_000;

fn check_number(n: i64, place: String) -> Checked {
    ensure(n <= FAULTS_MAX, place, || {
        format!("would strike {n} times, expected at most {FAULTS_MAX}")
    })
}

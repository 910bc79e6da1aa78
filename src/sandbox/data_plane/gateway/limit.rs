//! `rate-limit`, `quota` and both by key: what the gateway counts between calls.

use std::collections::{BTreeMap, VecDeque};

use time::{Duration, OffsetDateTime};

use super::expression::{Fault, Value};
use super::run::{Failure, Runner, Stop};
use super::statement::Limit;

/// Counters are forgotten from this number on, oldest use first: keys come from callers.
const MOST_KEYS: usize = 20_000;

/// Counters of all services; keys begin with the id of theirs.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    /// When the calls of a sliding window came.
    rates: BTreeMap<String, VecDeque<OffsetDateTime>>,
    /// When a quota's period began, and how many calls it saw.
    quotas: BTreeMap<String, (OffsetDateTime, u64)>,
}

/// An increment that waits for the response.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) limit: Limit,
    key: String,
}

impl Counters {
    fn recent(&mut self, key: &str, since: OffsetDateTime) -> &mut VecDeque<OffsetDateTime> {
        if self.rates.len() > MOST_KEYS {
            self.rates
                .retain(|_, calls| calls.back().is_some_and(|last| *last > since));
        }
        let calls = self.rates.entry(key.to_owned()).or_default();
        while calls.front().is_some_and(|first| *first <= since) {
            calls.pop_front();
        }
        calls
    }

    fn period(
        &mut self,
        key: &str,
        now: OffsetDateTime,
        length: Duration,
    ) -> &mut (OffsetDateTime, u64) {
        let entry = self.quotas.entry(key.to_owned()).or_insert((now, 0));
        // Zero: the quota is for ever.
        if !length.is_zero() && now - entry.0 >= length {
            *entry = (now, 0);
        }
        entry
    }
}

impl Runner<'_, '_> {
    pub(super) fn limit(&mut self, limit: &Limit) -> Result<(), Stop> {
        let key = match &limit.key {
            Some(key) => self.known(key.text(&self.context))?,
            // Without a subscription there is nobody to count.
            None => match &self.subscription {
                Some(subscription) => subscription.clone(),
                None => return Ok(()),
            },
        };
        let key = format!("{}|{key}", self.service.key());
        let calls = self.known(limit.calls.number(&self.context))?;
        let seconds = self.known(limit.period.number(&self.context))?;
        let Ok(seconds) = i64::try_from(seconds) else {
            return Err(self.thrown("The renewal period is too long."));
        };
        let period = Duration::seconds(seconds);
        if limit.is_quota {
            self.check_quota(&key, calls, period)?;
        } else {
            self.check_rate(limit, &key, calls, period)?;
        }
        let pending = Pending {
            limit: limit.clone(),
            key,
        };
        match limit.condition {
            Some(_) => {
                self.pending.push(pending);
                Ok(())
            }
            None => self.count(&pending),
        }
    }

    fn check_rate(
        &mut self,
        limit: &Limit,
        key: &str,
        calls: u64,
        period: Duration,
    ) -> Result<(), Stop> {
        let now = self.context.now;
        let recent = self.plane.counters.gateway.recent(key, now - period);
        let used = recent.len() as u64;
        let first = recent.front().copied();
        let remaining = calls.saturating_sub(used + 1).to_string();
        if let Some(name) = &limit.remaining_header {
            let name = self.known(name.text(&self.context))?;
            self.added.push((name, remaining.clone()));
        }
        if let Some(name) = &limit.remaining_variable {
            let value = remaining.parse().map_or(Value::Int(i32::MAX), Value::Int);
            self.context.variables.insert(name.clone(), value);
        }
        if let Some(name) = &limit.total_header {
            let name = self.known(name.text(&self.context))?;
            self.added.push((name, calls.to_string()));
        }
        if used < calls {
            return Ok(());
        }
        let wait = first.map_or(period, |first| first + period - now);
        let wait = wait.whole_seconds().max(1);
        if let Some(name) = &limit.retry_after_variable {
            let value = i32::try_from(wait).map_or(Value::Int(i32::MAX), Value::Int);
            self.context.variables.insert(name.clone(), value);
        }
        let header = match &limit.retry_after_header {
            Some(name) => self.known(name.text(&self.context))?,
            None => "Retry-After".to_owned(),
        };
        Err(self.fail(Failure {
            source: "rate-limit",
            reason: "RateLimitExceeded",
            message: format!("Rate limit is exceeded. Try again in {wait} seconds."),
            status: 429,
            shown: None,
            headers: vec![(header, wait.to_string())],
        }))
    }

    fn check_quota(&mut self, key: &str, calls: u64, period: Duration) -> Result<(), Stop> {
        let now = self.context.now;
        let (began, used) = *self.plane.counters.gateway.period(key, now, period);
        if used < calls {
            return Ok(());
        }
        let left = (began + period - now).whole_seconds().max(0);
        let (hours, minutes, seconds) = (left / 3600, left / 60 % 60, left % 60);
        Err(self.fail(Failure {
            source: "quota",
            reason: "QuotaExceeded",
            message: format!(
                "Out of call volume quota. Quota will be replenished in {hours:02}:{minutes:02}:{seconds:02}."
            ),
            status: 403,
            shown: None,
            headers: vec![("Retry-After".to_owned(), left.to_string())],
        }))
    }

    fn count(&mut self, pending: &Pending) -> Result<(), Stop> {
        let step = match &pending.limit.count {
            Some(count) => self.known(count.number(&self.context))?,
            None => 1,
        };
        let now = self.context.now;
        let counters = &mut self.plane.counters.gateway;
        if pending.limit.is_quota {
            let entry = counters
                .quotas
                .entry(pending.key.clone())
                .or_insert((now, 0));
            entry.1 += step;
            return Ok(());
        }
        let calls = counters.rates.entry(pending.key.clone()).or_default();
        // More than a window ever holds changes nothing.
        for _ in 0..step.min(10_000) {
            calls.push_back(now);
        }
        Ok(())
    }

    /// Increments with a condition, once the response is known.
    pub(super) fn count_pending(&mut self) -> Result<(), Fault> {
        for pending in std::mem::take(&mut self.pending) {
            let counts = match &pending.limit.condition {
                Some(condition) => condition.truth(&self.context)?,
                None => true,
            };
            if counts && self.count(&pending).is_err() {
                return Err(Fault::unknown("the increment of a counter"));
            }
        }
        Ok(())
    }
}

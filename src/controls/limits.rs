//! How much one user, or one address, may call: that it is counted, always, and not beyond what is meant (domain.md
//! E.2).

use super::demand::{Counter, Limit, held};
use super::effective::Scope;
use super::report::Verdict;
use super::state::Entry;
use super::subject::{Generation, PROFILE, SERVICE, Subject, generation};
use super::token::{Judgement, scopes, stands};

/// Without a spec: what no person does.
const MOST_OF_A_USER: Limit = Limit {
    calls: 100,
    period: 1,
};
/// Without a spec: many users may share an address.
const MOST_OF_AN_ADDRESS: Limit = Limit {
    calls: 1000,
    period: 1,
};

fn has_counters(subject: &Subject<'_>) -> Result<(), String> {
    let consumption = |service: &Entry| generation(service) == Generation::Consumption;
    if subject.all(SERVICE).any(consumption) {
        Err("Consumption has no `rate-limit-by-key`".to_owned())
    } else {
        Ok(())
    }
}

/// Whether a counter's key is the user of the validated token.
fn counts_users(key: &str) -> bool {
    key.contains("Jwt")
        && [".Subject", "\"oid\"", "\"sub\""]
            .iter()
            .any(|claim| key.contains(claim))
}

pub(super) fn by_user(subject: &Subject<'_>) -> Vec<Verdict> {
    scopes(subject, |scope| {
        has_counters(subject)?;
        let token = scope.position("validate-jwt");
        let steps = scope
            .steps("rate-limit-by-key")
            .filter(|(index, _)| token.is_none_or(|token| *index > token));
        let counters: Vec<Counter> = steps
            .map(|(_, step)| Counter::of(step))
            .filter(|counter| counts_users(&counter.key))
            .collect();
        if counters.is_empty() {
            let said = "no limit by user behind `validate-jwt`";
            let wanted = "`rate-limit-by-key` by the token's subject";
            return Ok(vec![stands(said, wanted)].into());
        }
        Ok(as_declared(subject, scope, &counts_users)
            .unwrap_or_else(|| best(&counters, MOST_OF_A_USER)))
    })
}

pub(super) fn by_address(subject: &Subject<'_>) -> Vec<Verdict> {
    let is_behind_edge = subject.all(PROFILE).next().is_some();
    scopes(subject, |scope| {
        has_counters(subject)?;
        let token = scope.position("validate-jwt").unwrap_or(usize::MAX);
        let counters: Vec<Counter> = scope
            .steps("rate-limit-by-key")
            .filter(|(index, _)| *index < token)
            .map(|(_, step)| Counter::of(step))
            .collect();
        let counts = |counter: &Counter| {
            let by_header = counter.key.contains("X-Azure-SocketIP");
            by_header || (!is_behind_edge && counter.key.contains("Request.IpAddress"))
        };
        if !counters.iter().any(counts) {
            let keys: Vec<&String> = counters.iter().map(|counter| &counter.key).collect();
            let said = if keys.is_empty() {
                "no limit before `validate-jwt`".to_owned()
            } else {
                format!("counter-key {keys:?}")
            };
            let wanted = "`rate-limit-by-key` by `X-Azure-SocketIP` before `validate-jwt`";
            return Ok(vec![stands(said, wanted)].into());
        }
        let counters: Vec<Counter> = counters.into_iter().filter(counts).collect();
        Ok(as_declared(subject, scope, &|key| !counts_users(key))
            .unwrap_or_else(|| best(&counters, MOST_OF_AN_ADDRESS)))
    })
}

/// One limit that holds is enough.
fn best(counters: &[Counter], most: Limit) -> Judgement {
    let judged = counters.iter().map(|counter| counter.judge(most));
    judged
        .min_by_key(|judged| (judged.faults.len(), judged.unknown.len()))
        .unwrap_or_default()
}

/// Each limit that the spec declares, by the keys that it is about; nothing where it declares none.
fn as_declared(
    subject: &Subject<'_>,
    scope: &Scope<'_>,
    is_about: &impl Fn(&str) -> bool,
) -> Option<Judgement> {
    let declared = subject.declared_demands(scope.id)?;
    let found = held(scope);
    let limits = declared.limits.iter().filter(|(key, _)| is_about(key));
    let faults = limits.filter_map(|(key, limit)| {
        let own: Vec<&Counter> = found.iter().filter(|counter| counter.key == *key).collect();
        let keeps = |counter: &&Counter| counter.limit().is_some_and(|one| limit.is_kept_by(one));
        let said = own
            .first()
            .map_or_else(|| format!("no limit by {key}"), |counter| counter.said());
        (!own.iter().any(keeps)).then(|| stands(said, limit.wanted()))
    });
    Some(faults.collect::<Vec<_>>().into())
}

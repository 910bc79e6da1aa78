//! F: how much of it anybody may have. Bursts end with the first refusal.

use futures::FutureExt as _;

use super::super::attacker::{Attacker, Burst};
use super::super::message::{Reply, Request};
use super::super::probe::{Head, Probe, Theme};
use super::super::report::{Idle, Outcome, Verdict};
use super::super::target::Limit;
use crate::resource::Severity::{High, Low, Medium};

const LIMITS: Head = Head::of(Theme::Limits);

pub(super) const PROBES: &[Probe] = &[
    LIMITS.course(
        ("F01", "More calls than a user may make"),
        High,
        "the operation with the user's token, a fifth more often than the limit",
        (
            "429 with Retry-After",
            "One user, or whoever has one's token, takes what all others need.",
        ),
        &["POL-10"],|attacker| of_the_user(attacker).boxed(),
    ),
    LIMITS.course(
        ("F02", "More calls than an address may make"),
        Medium,
        "the operation without a token, another X-Forwarded-For each time, a fifth more often than the limit",
        ("429", "Guessing tokens costs nothing."),
        &["POL-11"],|attacker| of_the_address(attacker).boxed(),
    ),
    LIMITS.course(
        ("F03", "More calls than the firewall lets through"),
        High,
        "an address that is not there, a fifth more often than the limit at Front Door",
        ("403 or 429", "A flood reaches the gateway."),
        &["WAF-06"],|attacker| at_the_edge(attacker).boxed(),
    )
    .loud(),
    LIMITS.row(
        ("F04", "More calls than a user has for the day"),
        Low,
        "the daily quota, used up",
        (
            "403",
            "A script takes in a night what was meant for a month.",
        ),
        &["POL-12"],|_| {
            let why = "a spec sets no quota; one of an own policy fragment is left alone, as its user would be shut out";
            Err(Idle::NotApplicable(why))
        },
    ),
];

fn limited(reply: &Reply) -> bool {
    reply.status == 429
}

fn blocked(reply: &Reply) -> bool {
    matches!(reply.status, 403 | 429)
}

fn a_fifth_more(limit: Limit) -> u32 {
    limit.calls + limit.calls.div_ceil(5)
}

/// A burst says nothing where it may not be long enough.
fn too_long(attacker: &Attacker<'_>, count: u32) -> Option<Verdict> {
    attacker.wire.lacks(count).map(|left| {
        let why = format!("it takes {count} requests, and `--max-requests` leaves {left}");
        Verdict::new(Outcome::Inconclusive, why)
    })
}

async fn of_the_user(attacker: &Attacker<'_>) -> Verdict {
    let Some(limit) = attacker.target.limits.user else {
        let why = "calls are limited by address and not by user: F02";
        return Verdict::new(Outcome::NotApplicable, why);
    };
    if limit.calls >= attacker.target.limits.guard.calls {
        let why = "the limit of one address is lower, so one address cannot reach a user's";
        return Verdict::new(Outcome::NotApplicable, why);
    }
    let count = a_fifth_more(limit);
    if let Some(verdict) = too_long(attacker, count) {
        return verdict;
    }
    let request = attacker.signed_in(attacker.operation());
    let burst = attacker.burst(|_| request.clone(), count, limited).await;
    if !burst.is_found && burst.served == 0 {
        let why = format!(
            "none of {} requests got through, limit or no limit",
            burst.sent
        );
        return burst.verdict(&request, Outcome::Inconclusive, why);
    }
    let verdict = ended(&burst, &request);
    match burst.last() {
        Some(reply) if burst.is_found && reply.header("retry-after").is_none() => burst.verdict(
            &request,
            Outcome::Fail,
            "429 without Retry-After: callers cannot know when to come back".to_owned(),
        ),
        Some(_) | None => verdict,
    }
}

async fn of_the_address(attacker: &Attacker<'_>) -> Verdict {
    let count = a_fifth_more(attacker.target.limits.guard);
    if let Some(verdict) = too_long(attacker, count) {
        return verdict;
    }
    let request = |number: u32| {
        let [_, high, middle, low] = number.to_be_bytes();
        let address = format!("203.{high}.{middle}.{low}");
        attacker.operation().with("X-Forwarded-For", address)
    };
    let burst = attacker.burst(request, count, limited).await;
    ended(&burst, &request(0))
}

/// At an address without a route: nothing behind Front Door is troubled, and what is there may not answer 403 itself.
async fn at_the_edge(attacker: &Attacker<'_>) -> Verdict {
    // Each of Front Door's servers counts for itself (domain facts 0.2, 7), so Azure may need more.
    let count = a_fifth_more(attacker.target.limits.edge);
    if let Some(verdict) = too_long(attacker, count) {
        return verdict;
    }
    let request = Request::get(attacker.target.edge(), "/secgw-verify");
    let burst = attacker.burst(|_| request.clone(), count, blocked).await;
    if !burst.is_found && !attacker.wire.is_sandbox() {
        let why = format!(
            "no refusal in {} requests; each server of Front Door counts for itself, so that proves nothing",
            burst.sent
        );
        return burst.verdict(&request, Outcome::Inconclusive, why);
    }
    // The gateway has a limit of its own, which answers 429 without the firewall.
    ended(&burst, &request)
}

fn ended(burst: &Burst, request: &Request) -> Verdict {
    let sent = burst.sent;
    if burst.is_found {
        return burst.verdict(
            request,
            Outcome::Pass,
            format!("refused after {sent} requests"),
        );
    }
    if burst.troubled > 0 {
        let why = format!(
            "{} of {sent} requests got no answer or a failure of the server",
            burst.troubled
        );
        return burst.verdict(request, Outcome::Inconclusive, why);
    }
    burst.verdict(
        request,
        Outcome::Fail,
        format!("{sent} requests, and none was refused"),
    )
}

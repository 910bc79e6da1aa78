//! What an answer says about an attack. Pure.
//!
//! A failure needs evidence: the Function was reached, a success where a refusal was due, or what the probe looks for. A
//! failing server, a limit in the way or an answer that fits nothing is inconclusive, and never a pass.

use super::message::{Reply, Request, Trouble, exchange};
use super::probe::Expect;
use super::report::{Outcome, Verdict};
use crate::text::list_of_names;

pub(super) fn verdict(
    request: &Request,
    expect: &Expect,
    answer: &Result<Reply, Trouble>,
) -> Verdict {
    let is_silent = matches!(answer, Err(trouble) if trouble.is_absence());
    let (outcome, reason) = match answer {
        Ok(reply) => of_reply(expect, reply),
        Err(trouble) if trouble.is_absence() && expect.or_absent => {
            (Outcome::Pass, trouble.to_string())
        }
        Err(trouble) => (Outcome::Inconclusive, trouble.to_string()),
    };
    Verdict::new(outcome, reason)
        .by_silence(is_silent)
        .seen(exchange(request, answer))
}

fn of_reply(expect: &Expect, reply: &Reply) -> (Outcome, String) {
    let status = reply.status;
    if let Some(what) = reply.unevaluated() {
        return (Outcome::Inconclusive, format!("the sandbox: {what}"));
    }
    if reply.is_from_backend() && !expect.may_reach {
        return (
            Outcome::Fail,
            format!("{status}, and the Function answered"),
        );
    }
    if let Some(why) = (expect.also)(reply) {
        return (Outcome::Fail, why);
    }
    if expect.statuses.contains(&status) {
        return (Outcome::Pass, format!("{status}"));
    }
    match status {
        429 => (
            Outcome::Inconclusive,
            "429: a rate limit answered first; try again in a minute".to_owned(),
        ),
        500.. => (
            Outcome::Inconclusive,
            format!("{status}: the server failed"),
        ),
        200..300 => (Outcome::Fail, format!("{status}, where {}", due(expect))),
        _ if expect.is_strict => (Outcome::Fail, format!("{status}, where {}", due(expect))),
        _ => (
            Outcome::Inconclusive,
            format!("{status}, where {}", due(expect)),
        ),
    }
}

fn due(expect: &Expect) -> String {
    let statuses = expect.statuses.iter().map(ToString::to_string);
    let absent = expect.or_absent.then(|| "no answer".to_owned());
    format!("{} was due", list_of_names(statuses.chain(absent)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16, headers: &[(&str, &str)]) -> Reply {
        let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Reply {
            status,
            headers: headers.iter().map(own).collect(),
            ..Reply::default()
        }
    }

    #[test]
    fn only_evidence_is_a_failure_and_only_a_refusal_a_pass() {
        let request = Request::get("a.example", "/");
        let refused = Expect::statuses(&[401]);
        let silent = refused.or_absent();
        let strict = Expect::statuses(&[403]).strict();
        let marked = &[("X-Secgw-Backend", "f")][..];
        let unknown = &[("x-secgw-sandbox", "cannot-evaluate send-request")][..];
        for (expect, answer, outcome) in [
            (refused, Ok(reply(401, &[])), Outcome::Pass),
            (refused, Ok(reply(200, &[])), Outcome::Fail),
            (refused, Ok(reply(401, marked)), Outcome::Fail),
            (refused, Ok(reply(404, &[])), Outcome::Inconclusive),
            (refused, Ok(reply(429, &[])), Outcome::Inconclusive),
            (refused, Ok(reply(500, &[])), Outcome::Inconclusive),
            (refused, Ok(reply(401, unknown)), Outcome::Inconclusive),
            (refused, Err(Trouble::Closed), Outcome::Inconclusive),
            (silent, Err(Trouble::Closed), Outcome::Pass),
            (silent, Err(Trouble::Spent), Outcome::Inconclusive),
            (strict, Ok(reply(401, &[])), Outcome::Fail),
            (strict, Ok(reply(502, &[])), Outcome::Inconclusive),
        ] {
            let found = verdict(&request, &expect, &answer);
            assert_eq!(found.outcome, outcome, "{answer:?}");
        }
    }
}

//! What a policy does for a caller whose token nobody has looked at yet (domain.md E.1, E.3).
//!
//! Before `validate-jwt`, and in `<on-error>` where a refused caller arrives, a call may be counted, rewritten or
//! refused. Answered it may not be. Before the token nothing may be called for it either; in `<on-error>`, which is also
//! for those who have one, only what the gateway fronts may not.

use super::calls::{Callees, calls};
use super::effective::{Step, attribute, every};
use super::token::{Judgement, stands};
use crate::policy::Element;

/// What a statement may do for the caller, whose token is looked at or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    /// Counts, checks, rewrites or records something.
    Harmless,
    /// Does what its children do.
    Contains,
    /// Ends the call with an answer that may be a success.
    Answers,
    /// Sends something to somebody.
    Calls,
}

use Deed::{Answers, Calls, Contains, Harmless};

/// Statements by what they do: the policy reference on learn.microsoft.com (2024). Others are unknown.
const DEEDS: &[(Deed, &[&str])] = &[
    (
        Harmless,
        &[
            "authentication-managed-identity",
            "cache-lookup-value",
            "cache-remove-value",
            "cache-store-value",
            "check-header",
            "cors",
            "emit-metric",
            "find-and-replace",
            "ip-filter",
            "json-to-xml",
            "log-to-eventhub",
            "quota",
            "quota-by-key",
            "rate-limit",
            "rate-limit-by-key",
            "redirect-content-urls",
            "rewrite-uri",
            "set-backend-service",
            "set-body",
            "set-header",
            "set-method",
            "set-query-parameter",
            "set-variable",
            "trace",
            "validate-client-certificate",
            "validate-content",
            "validate-headers",
            "validate-jwt",
            "validate-parameters",
            "xml-to-json",
        ],
    ),
    (
        Contains,
        &[
            "choose",
            "limit-concurrency",
            "otherwise",
            "retry",
            "wait",
            "when",
        ],
    ),
    (
        Answers,
        &[
            "cache-lookup",
            "forward-request",
            "mock-response",
            "return-response",
            "set-status",
        ],
    ),
    (
        Calls,
        &[
            "get-authorization-context",
            "proxy",
            "send-one-way-request",
            "send-request",
        ],
    ),
];

/// `before`: what runs before the token is looked at; `refused`: what runs when it was refused.
pub(super) fn judge(before: &[Step<'_>], refused: &[Step<'_>], callees: &Callees) -> Judgement {
    let mut found = Judgement::default();
    for step in before {
        walk(step.element, &mut found, "before `validate-jwt`", &|_| true);
    }
    for step in refused {
        walk(step.element, &mut found, "in `<on-error>`", &|call| {
            let signs_in = !every(call, "authentication-managed-identity").is_empty();
            signs_in
                || calls(call)
                    .iter()
                    .any(|call| callees.may_reach(&call.callee))
        });
    }
    found
}

/// `is_bad` says of a statement that calls whether it may not.
fn walk(element: &Element, found: &mut Judgement, place: &str, is_bad: &impl Fn(&Element) -> bool) {
    let name = &element.name;
    let deed = DEEDS
        .iter()
        .find(|(_, names)| names.contains(&name.as_str()));
    let wanted = match deed.map(|(deed, _)| deed) {
        None => {
            let said = format!("what `{name}` does {place}, without a token, is not known");
            return found.unknown.push(said);
        }
        Some(Contains) => {
            for child in element.elements() {
                walk(child, found, place, is_bad);
            }
            return;
        }
        Some(Answers) if !refuses(element) => "only refusals for a caller without a token",
        Some(Calls) if is_bad(element) => "nothing is called for a caller without a token",
        Some(Harmless | Answers | Calls) => return,
    };
    found
        .faults
        .push(stands(format!("`{name}` {place}"), wanted));
}

/// Whether a statement may end a call with something that is no refusal.
pub(super) fn may_answer(element: &Element) -> bool {
    let deed = DEEDS
        .iter()
        .find(|(_, names)| names.contains(&element.name.as_str()));
    match deed.map(|(deed, _)| deed) {
        None => true,
        Some(Contains) => element.elements().any(may_answer),
        Some(Answers) => !refuses(element),
        Some(Harmless | Calls) => false,
    }
}

/// An answer whose status is written out and says no; one from a variable could be any.
pub(super) fn refuses(element: &Element) -> bool {
    let status = match element.name.as_str() {
        "set-status" => Some(element),
        "return-response" if attribute(element, "response-variable-name").is_none() => {
            element.element("set-status")
        }
        _ => None,
    };
    status
        .and_then(|status| attribute(status, "code"))
        .and_then(|code| code.parse::<u16>().ok())
        .is_some_and(|code| (400..600).contains(&code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::{Document, Form, Section};

    /// How much is wrong, and how much is not known, before the token.
    fn early(statements: &str) -> (usize, usize) {
        let text = format!("<policies><inbound>{statements}</inbound></policies>");
        let document = Document::read(&text, Form::Raw).unwrap();
        let steps = document.section(Section::Inbound).unwrap().elements();
        let steps: Vec<Step<'_>> = steps.map(|element| Step { element }).collect();
        let found = judge(&steps, &[], &Callees::default());
        (found.faults.len(), found.unknown.len())
    }

    #[test]
    fn a_refusal_of_ones_own_is_no_answer() {
        let refusal = |code: &str| {
            format!(r#"<return-response><set-status code="{code}" /></return-response>"#)
        };
        for code in ["401", "404", "503"] {
            assert_eq!(early(&refusal(code)), (0, 0), "{code}");
        }
        for code in ["200", "302", "@(200)"] {
            assert_eq!(early(&refusal(code)), (1, 0), "{code}");
        }
        assert_eq!(early("<return-response />"), (1, 0));
    }

    #[test]
    fn what_stands_in_a_choice_counts_and_what_nobody_knows_is_no_pass() {
        let inside = r#"<choose><when condition="@(true)"><mock-response /></when></choose>"#;
        assert_eq!(early(inside), (1, 0));
        assert_eq!(early("<invoke-dapr-binding name=\"b\" />"), (0, 1));
        assert_eq!(
            early(r#"<set-header name="a" exists-action="delete" />"#),
            (0, 0)
        );
    }
}

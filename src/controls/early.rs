//! What a policy does for a caller whose token nobody has looked at yet (domain.md E.1, E.3).
//!
//! Before `validate-jwt`, and in `<on-error>` where a refused caller arrives, a call may be counted, rewritten or
//! refused. Answered it may not be, and before the token nothing may be called for it either.

use super::effective::{Step, attribute};
use super::report::Fault;
use super::token::stands;
use crate::policy::Element;

/// What a statement may do for the caller.
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

/// What was found of statements that run without a token.
#[derive(Debug, Default)]
pub(super) struct Early {
    pub(super) faults: Vec<Fault>,
    /// Statements nobody here knows.
    pub(super) unknown: Vec<String>,
}

impl Early {
    /// `before`: what runs before the token is looked at; `refused`: what runs when it was refused.
    pub(super) fn of(before: &[Step<'_>], refused: &[Step<'_>]) -> Self {
        let mut found = Self::default();
        for step in before {
            found.walk(step.element, &[Answers, Calls], "before `validate-jwt`");
        }
        for step in refused {
            found.walk(step.element, &[Answers], "in `<on-error>`");
        }
        found
    }

    fn walk(&mut self, element: &Element, forbidden: &[Deed], place: &str) {
        let deed = DEEDS
            .iter()
            .find(|(_, names)| names.contains(&element.name.as_str()));
        match deed {
            None => self.unknown.push(format!("`{}` {place}", element.name)),
            Some((Contains, _)) => {
                for child in element.elements() {
                    self.walk(child, forbidden, place);
                }
            }
            Some((deed, _)) if forbidden.contains(deed) && !refuses(element) => {
                let wanted = match deed {
                    Calls => "nothing is called for a caller without a token",
                    Harmless | Contains | Answers => "only refusals for a caller without a token",
                };
                self.faults
                    .push(stands(format!("`{}` {place}", element.name), wanted));
            }
            Some(_) => {}
        }
    }
}

/// An answer whose status is written out and says no; one from a variable could be any.
fn refuses(element: &Element) -> bool {
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

    /// The names of what is wrong, and of what is not known, before the token.
    fn early(statements: &str) -> (usize, usize) {
        let text = format!("<policies><inbound>{statements}</inbound></policies>");
        let document = Document::read(&text, Form::Raw).unwrap();
        let mut found = Early::default();
        for element in document.section(Section::Inbound).unwrap().elements() {
            found.walk(element, &[Answers, Calls], "before");
        }
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

//! The statements a user adds to an API's policy, and what they may not do.
//!
//! They run behind the guards and as whoever the guards let in, so most of what API Management offers is theirs: ending
//! the call, rewriting, calling other services, limits of their own. Refused is what could undo a guard, give
//! the gateway's token or a user's answer to somebody else, or tell a caller what went wrong inside. Each rule is a row
//! of `FORBIDDEN` or one of the functions named in `Walk::statement`.

use super::catalogue::{Content, statement};
use super::code::{REQUIRED_SCOPES, TOKEN};
use super::document::{Document, Section};
use super::expression;
use super::lint::{self, check};
use super::read::{Form, ReadError};
use super::tree::{Element, Node, Position, Value};

/// A user's statements, found harmless to the guards.
#[derive(Clone, Debug)]
pub struct Extra {
    document: Document,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExtraProblem {
    #[error(transparent)]
    Unreadable(#[from] ReadError),
    #[error(transparent)]
    Lint(#[from] lint::Problem),
    #[error("{at}: {refusal}")]
    Refused { at: Position, refusal: Refusal },
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("the root must be `<policies>`, with the sections that statements are added to")]
    Root,
    #[error("`<{statement}>` is refused: {why}")]
    Statement {
        statement: &'static str,
        why: &'static str,
    },
    #[error(
        "`<{statement}>` is refused in `<on-error>`: the answer to an error tells nothing of what went wrong"
    )]
    Answer { statement: String },
    #[error("the header `{0}` is set by the gateway alone")]
    Header(String),
    #[error("the header's name must be plain text: one that is computed could be any")]
    ComputedHeader,
    #[error("the variable `{0}` belongs to the guards")]
    Variable(String),
    #[error("private answers may not be cached: another user could get them")]
    PrivateCache,
    #[error("a copied request carries the gateway's token: use mode=\"new\"")]
    CopiedRequest,
    #[error(
        "`Authorization` holds the gateway's own token here; the user's is in the variable `jwt`"
    )]
    GatewayToken,
    #[error("`LastError` may go to traces and logs, but not to the caller")]
    LastError,
}

impl ExtraProblem {
    pub fn at(&self) -> Position {
        match self {
            Self::Unreadable(error) => error.at,
            Self::Lint(problem) => problem.at,
            Self::Refused { at, .. } => *at,
        }
    }
}

/// Statements that are never a user's to add, and why.
const FORBIDDEN: &[(&str, &str)] = &[
    ("base", "secgw puts it where it belongs"),
    (
        "validate-jwt",
        "the token is checked by the guards; what it must be is `identity` in the spec",
    ),
    (
        "validate-azure-ad-token",
        "the token is checked by the guards; what it must be is `identity` in the spec",
    ),
    (
        "cors",
        "only one may stand in a section; say `cors` in the spec",
    ),
    (
        "cross-domain",
        "it opens the API to other origins; say `cors` in the spec",
    ),
    (
        "jsonp",
        "it opens the API to other origins; say `cors` in the spec",
    ),
    (
        "authentication-basic",
        "the function is called with the gateway's identity",
    ),
    (
        "authentication-certificate",
        "the function is called with the gateway's identity",
    ),
    (
        "authentication-managed-identity",
        "a token of the gateway's identity is for the function alone",
    ),
    (
        "get-authorization-context",
        "the function is called with the gateway's identity",
    ),
    (
        "set-backend-service",
        "the call carries the gateway's token; say `backend` in the spec",
    ),
    (
        "proxy",
        "the call carries the gateway's token, which the proxy could read",
    ),
    (
        "forward-request",
        "the gateway's policy forwards, once and without following redirects",
    ),
    (
        "include-fragment",
        "what it includes cannot be checked here; write its statements out",
    ),
];

/// Besides every header whose name begins with `X-User-`.
const GUARDED_HEADERS: [&str; 4] = [
    "Authorization",
    "Strict-Transport-Security",
    "X-Content-Type-Options",
    "x-functions-key",
];
/// Statements that make a request of their own, with headers of its own.
const SENDERS: [&str; 2] = ["send-request", "send-one-way-request"];
const USER_HEADERS: &str = "x-user-";

impl Extra {
    /// All problems at once, in the order of the document.
    pub fn read(text: &str) -> Result<Self, Vec<ExtraProblem>> {
        let document = Document::read(text, Form::Raw).map_err(|error| vec![error.into()])?;
        let mut problems: Vec<ExtraProblem> = check(&document)
            .into_iter()
            .map(ExtraProblem::from)
            .collect();
        let mut walk = Walk {
            problems: Vec::new(),
        };
        if document.root.name == "policies" {
            for section in Section::ALL {
                document
                    .section(section)
                    .into_iter()
                    .for_each(|element| walk.statements(element, section));
            }
        } else {
            walk.refuse(document.root.at, Refusal::Root);
        }
        problems.extend(walk.problems);
        problems.sort_by_key(ExtraProblem::at);
        if problems.is_empty() {
            Ok(Self { document })
        } else {
            Err(problems)
        }
    }

    pub(super) fn nodes(&self, section: Section) -> &[Node] {
        self.document
            .section(section)
            .map_or(&[], |element| element.children.as_slice())
    }
}

struct Walk {
    problems: Vec<ExtraProblem>,
}

impl Walk {
    fn refuse(&mut self, at: Position, refusal: Refusal) {
        self.problems.push(ExtraProblem::Refused { at, refusal });
    }

    fn statements(&mut self, parent: &Element, section: Section) {
        let is_own_request = SENDERS.contains(&parent.name.as_str());
        for element in parent.elements() {
            if element.name == "set-header" && !is_own_request {
                self.header(element);
            }
            self.statement(element, section);
            let is_payload =
                statement(&element.name).is_some_and(|row| matches!(row.content, Content::Markup));
            if !is_payload {
                self.statements(element, section);
            }
        }
    }

    fn statement(&mut self, element: &Element, section: Section) {
        if let Some((statement, why)) = FORBIDDEN.iter().find(|(name, _)| *name == element.name) {
            self.refuse(element.at, Refusal::Statement { statement, why });
        }
        match element.name.as_str() {
            "set-variable" => self.variable(element),
            "cache-lookup" => self.cache(element),
            "send-request" | "send-one-way-request"
                if element.get("mode").is_some_and(|mode| mode != "new") =>
            {
                self.refuse(element.at, Refusal::CopiedRequest);
            }
            "return-response" | "mock-response" | "set-status" | "set-body"
                if section == Section::OnError =>
            {
                self.refuse(
                    element.at,
                    Refusal::Answer {
                        statement: element.name.clone(),
                    },
                );
            }
            _ => {}
        }
        self.last_error(element);
        if values(element).iter().any(|text| reads_authorization(text)) {
            self.refuse(element.at, Refusal::GatewayToken);
        }
    }

    fn header(&mut self, element: &Element) {
        let Some(name) = element.get("name") else {
            return;
        };
        let is_guarded = GUARDED_HEADERS
            .iter()
            .any(|guarded| guarded.eq_ignore_ascii_case(name));
        if is_guarded || name.to_ascii_lowercase().starts_with(USER_HEADERS) {
            self.refuse(element.at, Refusal::Header(name.to_owned()));
        } else if name.contains('@') || name.contains("{{") {
            self.refuse(element.at, Refusal::ComputedHeader);
        }
    }

    fn variable(&mut self, element: &Element) {
        let name = element.get("name").unwrap_or_default();
        if name == TOKEN || name == REQUIRED_SCOPES {
            self.refuse(element.at, Refusal::Variable(name.to_owned()));
        }
    }

    fn cache(&mut self, element: &Element) {
        if element
            .get("allow-private-response-caching")
            .is_some_and(|value| value != "false")
        {
            self.refuse(element.at, Refusal::PrivateCache);
        }
    }

    /// The error's text, read anywhere but for a condition or a log.
    fn last_error(&mut self, element: &Element) {
        let is_inward = [
            "when",
            "retry",
            "trace",
            "message",
            "metadata",
            "log-to-eventhub",
            "emit-metric",
            "dimension",
        ];
        if is_inward.contains(&element.name.as_str()) {
            return;
        }
        if values(element)
            .iter()
            .any(|text| text.contains("LastError"))
        {
            self.refuse(element.at, Refusal::LastError);
        }
    }
}

fn values(element: &Element) -> Vec<String> {
    let attributes = element.attributes.iter().map(|attribute| &attribute.value);
    attributes
        .chain(element.texts())
        .map(Value::shown)
        .collect()
}

/// Behind the guards the request's `Authorization` is the token of the gateway's identity.
fn reads_authorization(text: &str) -> bool {
    expression::spans(text)
        .into_iter()
        .any(|span| text[span].to_ascii_lowercase().contains("authorization"))
}

#[cfg(test)]
mod tests {
    use super::super::layout::{USER_ID_HEADER, USER_SCOPES_HEADER};
    use super::*;

    fn problems(inbound: &str) -> Vec<String> {
        let text = format!("<policies><inbound>\n{inbound}</inbound></policies>");
        Extra::read(&text).map_or_else(
            |problems| problems.iter().map(ToString::to_string).collect(),
            |_| Vec::new(),
        )
    }

    #[test]
    fn what_leaves_the_guards_alone_is_accepted() {
        let harmless = "<!-- why --><rewrite-uri template=\"/v2\" /><choose><when condition=\"@(context.LastError == null)\">\
                        <return-response><set-status code=\"410\" reason=\"Gone\" /></return-response></when></choose>\
                        <set-header name=\"X-Team\"><value>orders</value></set-header>\
                        <set-variable name=\"x\" value=\"@(1)\" />";
        assert_eq!(problems(harmless), Vec::<String>::new());
    }

    #[test]
    fn guards_may_not_be_touched_at_any_depth() {
        for (statement, why) in FORBIDDEN {
            let nested = format!("<choose><otherwise><{statement} /></otherwise></choose>");
            let refusal = format!("2:20: `<{statement}>` is refused: {why}");
            assert!(
                problems(&nested).contains(&refusal),
                "{statement}: {:?}",
                problems(&nested)
            );
        }
    }

    #[test]
    fn headers_that_carry_identity_may_not_be_touched() {
        for name in [
            USER_ID_HEADER,
            USER_SCOPES_HEADER,
            "authorization",
            "x-user-anything",
            "X-Functions-Key",
        ] {
            let header = format!("<set-header name=\"{name}\" exists-action=\"delete\" />");
            assert_eq!(
                problems(&header),
                [format!(
                    "2:1: the header `{name}` is set by the gateway alone"
                )]
            );
        }
        assert_eq!(
            problems("<set-header name=\"@(x)\" exists-action=\"delete\" />").len(),
            1
        );
        assert_eq!(
            problems("<set-header name=\"{{x}}\" exists-action=\"delete\" />").len(),
            1
        );
    }

    #[test]
    fn the_token_of_the_gateway_stays_with_the_function() {
        let request = |mode: &str, value: &str| {
            let header =
                format!("<set-header name=\"Authorization\"><value>{value}</value></set-header>");
            problems(&format!(
                "<send-request mode=\"{mode}\">{header}</send-request>"
            ))
        };
        assert_eq!(
            request("new", "Basic {{other-service}}"),
            Vec::<String>::new()
        );
        assert_eq!(request("copy", "Basic {{other-service}}").len(), 1);
        assert_eq!(
            request("new", "@(context.Request.Headers[\"authorization\"][0])").len(),
            1
        );
    }

    #[test]
    fn the_variables_of_the_guards_may_not_be_set() {
        assert_eq!(
            problems("<set-variable name=\"jwt\" value=\"@(x)\" />"),
            ["2:1: the variable `jwt` belongs to the guards"]
        );
    }

    #[test]
    fn answers_of_one_user_may_not_be_kept_for_another() {
        let cache = "<cache-lookup vary-by-developer=\"false\" vary-by-developer-groups=\"false\" \
                     allow-private-response-caching=\"@(true)\" />";
        assert_eq!(
            problems(cache),
            ["2:1: private answers may not be cached: another user could get them"]
        );
    }

    #[test]
    fn errors_may_be_logged_but_not_told() {
        let text = "<policies><on-error><trace source=\"a\"><message>@(context.LastError.Message)</message></trace>\
                    <set-header name=\"a\"><value>@(context.LastError.Message)</value></set-header>\
                    <return-response /></on-error></policies>";
        let problems = Extra::read(text).err().unwrap();
        let refusals: Vec<_> = problems
            .iter()
            .map(|problem| match problem {
                ExtraProblem::Refused { refusal, .. } => refusal.clone(),
                other => panic!("{other}"),
            })
            .collect();
        assert_eq!(
            refusals,
            [
                Refusal::LastError,
                Refusal::Answer {
                    statement: "return-response".into()
                }
            ]
        );
    }

    #[test]
    fn what_cannot_be_read_or_is_no_policy_is_refused_with_its_place() {
        assert_eq!(problems("<a>"), ["2:4: `</inbound>` does not close `<a>`"]);
        assert_eq!(
            problems("<set-headr />"),
            ["2:1: `<set-headr>` is no policy statement; did you mean `set-header`?"]
        );
        let fragment = Extra::read("<fragment />").err().unwrap();
        assert!(matches!(
            fragment[..],
            [ExtraProblem::Refused {
                refusal: Refusal::Root,
                ..
            }]
        ));
    }
}

//! Which policy statements there are, where they may stand, and what they must say.

use super::document::{Document, Element, Position};

const INBOUND: u8 = 1;
const BACKEND: u8 = 2;
const OUTBOUND: u8 = 4;
const ON_ERROR: u8 = 8;
const ANY: u8 = INBOUND | BACKEND | OUTBOUND | ON_ERROR;
const BOTH: u8 = INBOUND | OUTBOUND;
const RETURNS: u8 = INBOUND | OUTBOUND | ON_ERROR;

struct Statement {
    name: &'static str,
    sections: u8,
    required: &'static [&'static str],
}

const fn one(name: &'static str, sections: u8, required: &'static [&'static str]) -> Statement {
    Statement {
        name,
        sections,
        required,
    }
}

const STATEMENTS: &[Statement] = &[
    one("authentication-basic", INBOUND, &["username", "password"]),
    one("authentication-certificate", INBOUND, &[]),
    one("authentication-managed-identity", INBOUND, &["resource"]),
    one("base", ANY, &[]),
    one(
        "cache-lookup",
        INBOUND,
        &["vary-by-developer", "vary-by-developer-groups"],
    ),
    one("cache-lookup-value", ANY, &["key", "variable-name"]),
    one("cache-remove-value", ANY, &["key"]),
    one("cache-store", OUTBOUND, &["duration"]),
    one("cache-store-value", ANY, &["key", "value", "duration"]),
    one(
        "check-header",
        INBOUND,
        &[
            "name",
            "failed-check-httpcode",
            "failed-check-error-message",
        ],
    ),
    one("choose", ANY, &[]),
    one("cors", INBOUND, &[]),
    one("cross-domain", INBOUND, &[]),
    one("emit-metric", ANY, &["name"]),
    one("find-and-replace", ANY, &["from", "to"]),
    one("forward-request", BACKEND, &[]),
    one(
        "get-authorization-context",
        INBOUND,
        &["provider-id", "authorization-id", "context-variable-name"],
    ),
    one("include-fragment", ANY, &["fragment-id"]),
    one("invoke-dapr-binding", ANY, &["name"]),
    one("ip-filter", INBOUND, &["action"]),
    one("json-to-xml", RETURNS, &["apply"]),
    one("jsonp", OUTBOUND, &["callback-parameter-name"]),
    one("limit-concurrency", ANY, &["key", "max-count"]),
    one("log-to-eventhub", ANY, &["logger-id"]),
    one("mock-response", RETURNS, &[]),
    one("proxy", INBOUND, &["url"]),
    one("publish-to-dapr", INBOUND, &["topic"]),
    one("quota", INBOUND, &["renewal-period"]),
    one("quota-by-key", INBOUND, &["counter-key", "renewal-period"]),
    one("rate-limit", INBOUND, &["calls", "renewal-period"]),
    one(
        "rate-limit-by-key",
        INBOUND,
        &["calls", "renewal-period", "counter-key"],
    ),
    one("redirect-content-urls", BOTH, &[]),
    one("retry", ANY, &["condition", "count", "interval"]),
    one("return-response", ANY, &[]),
    one("rewrite-uri", INBOUND, &["template"]),
    one("send-one-way-request", ANY, &[]),
    one("send-request", ANY, &["response-variable-name"]),
    one("set-backend-service", INBOUND | BACKEND, &[]),
    one("set-body", INBOUND | BACKEND | OUTBOUND, &[]),
    one("set-header", ANY, &["name"]),
    one("set-method", ANY, &[]),
    one("set-query-parameter", INBOUND | BACKEND, &["name"]),
    one("set-status", ANY, &["code"]),
    one("set-variable", ANY, &["name", "value"]),
    one("trace", ANY, &["source"]),
    one("validate-azure-ad-token", INBOUND, &["tenant-id"]),
    one("validate-client-certificate", INBOUND, &[]),
    one(
        "validate-content",
        RETURNS,
        &[
            "unspecified-content-type-action",
            "max-size",
            "size-exceeded-action",
        ],
    ),
    one(
        "validate-headers",
        OUTBOUND | ON_ERROR,
        &["specified-header-action", "unspecified-header-action"],
    ),
    one("validate-jwt", INBOUND, &[]),
    one("validate-odata-request", INBOUND, &[]),
    one(
        "validate-parameters",
        INBOUND,
        &["specified-parameter-action", "unspecified-parameter-action"],
    ),
    one(
        "validate-status-code",
        OUTBOUND | ON_ERROR,
        &["unspecified-status-code-action"],
    ),
    one("wait", ANY, &[]),
    one("xml-to-json", RETURNS, &["kind", "apply"]),
    one("xsl-transform", BOTH, &[]),
];

/// Statements that hold statements of the same section.
const CONTAINERS: &[&str] = &["limit-concurrency", "otherwise", "retry", "wait", "when"];
const SECTIONS: &[(&str, u8)] = &[
    ("inbound", INBOUND),
    ("backend", BACKEND),
    ("outbound", OUTBOUND),
    ("on-error", ON_ERROR),
];

/// Where a document is attached: the outermost scope has no parent to take `<base/>` from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    Global,
    Below,
    Fragment,
}

/// The first thing that API Management would refuse.
pub(crate) fn check(document: &Document, scope: Scope) -> Result<(), String> {
    let root = &document.root;
    if scope == Scope::Fragment {
        return match root.name.as_str() {
            "fragment" => statements(root, ANY, scope),
            other => Err(error(
                root,
                &format!("'{other}' is not the root of a policy fragment"),
            )),
        };
    }
    if root.name != "policies" {
        return Err(error(
            root,
            "the root element of a policy document must be 'policies'",
        ));
    }
    let mut seen = Vec::new();
    for section in root.elements() {
        let Some((name, bit)) = SECTIONS.iter().find(|(name, _)| *name == section.name) else {
            return Err(error(
                section,
                &format!("'{}' is not a section of a policy document", section.name),
            ));
        };
        if seen.contains(name) {
            return Err(error(
                section,
                &format!("section '{name}' may appear only once"),
            ));
        }
        seen.push(name);
        if *name == "backend" && section.elements().count() > 1 {
            return Err(error(
                section,
                "only one policy statement is allowed in the 'backend' section",
            ));
        }
        statements(section, *bit, scope)?;
    }
    Ok(())
}

fn statements(parent: &Element, section: u8, scope: Scope) -> Result<(), String> {
    for element in parent.elements() {
        if element.name == "choose" {
            choose(element, section, scope)?;
            continue;
        }
        let Some(known) = STATEMENTS.iter().find(|known| known.name == element.name) else {
            return Err(error(
                element,
                &format!("'{}' is not a known policy statement", element.name),
            ));
        };
        if known.sections & section == 0 {
            return Err(error(
                element,
                &format!("'{}' is not allowed in the specified section", element.name),
            ));
        }
        if element.name == "base" && scope == Scope::Global {
            return Err(error(
                element,
                "'base' is not allowed in the outermost scope",
            ));
        }
        if element.name == "base" && scope == Scope::Fragment {
            return Err(error(element, "'base' is not allowed in a policy fragment"));
        }
        let missing = known
            .required
            .iter()
            .find(|name| element.attribute(name).is_none());
        if let Some(name) = missing {
            return Err(error(
                element,
                &format!("required attribute '{name}' is missing"),
            ));
        }
        own_rules(element)?;
        if CONTAINERS.contains(&element.name.as_str()) {
            statements(element, section, scope)?;
        }
    }
    Ok(())
}

fn choose(element: &Element, section: u8, scope: Scope) -> Result<(), String> {
    let mut has_when = false;
    for branch in element.elements() {
        match branch.name.as_str() {
            "when" if branch.attribute("condition").is_none() => {
                return Err(error(branch, "required attribute 'condition' is missing"));
            }
            "when" => has_when = true,
            "otherwise" => {}
            other => {
                return Err(error(
                    branch,
                    &format!("'{other}' is not allowed in 'choose'"),
                ));
            }
        }
        statements(branch, section, scope)?;
    }
    if has_when {
        Ok(())
    } else {
        Err(error(element, "'choose' needs at least one 'when'"))
    }
}

/// What an attribute list cannot say (`domain.md` E.1, E.2).
fn own_rules(element: &Element) -> Result<(), String> {
    let has_child = |name: &str| element.elements().any(|child| child.name == name);
    match element.name.as_str() {
        "validate-jwt" => {
            let sources = ["header-name", "query-parameter-name", "token-value"];
            let given = sources
                .iter()
                .filter(|name| element.attribute(name).is_some())
                .count();
            match given {
                1 => Ok(()),
                _ => Err(error(
                    element,
                    "exactly one of 'header-name', 'query-parameter-name' and 'token-value' must be specified",
                )),
            }
        }
        "cors" if !has_child("allowed-origins") || !has_child("allowed-headers") => Err(error(
            element,
            "'allowed-origins' and 'allowed-headers' are required",
        )),
        "check-header" if !has_child("value") => {
            Err(error(element, "at least one 'value' is required"))
        }
        "set-backend-service" => {
            let given = ["base-url", "backend-id", "sf-resolve-condition"];
            if given.iter().any(|name| element.attribute(name).is_some()) {
                Ok(())
            } else {
                Err(error(
                    element,
                    "'base-url' or 'backend-id' must be specified",
                ))
            }
        }
        "rate-limit-by-key" => period(element, 300),
        _ => Ok(()),
    }
}

/// The sliding window is at most five minutes.
fn period(element: &Element, most: u32) -> Result<(), String> {
    let seconds = element
        .attribute("renewal-period")
        .and_then(|text| text.parse::<u32>().ok());
    match seconds {
        Some(seconds) if seconds == 0 || seconds > most => Err(error(
            element,
            &format!("'renewal-period' must be between 1 and {most}"),
        )),
        _ => Ok(()),
    }
}

/// `Error in element 'x' on line 3, column 5: …`, as the service words it.
pub(crate) fn error(element: &Element, message: &str) -> String {
    let Position { line, column } = element.at;
    format!(
        "Error in element '{}' on line {line}, column {column}: {message}.",
        element.name
    )
}

#[cfg(test)]
mod tests {
    use super::super::document::Spelling;
    use super::*;

    fn checked(text: &str, scope: Scope) -> Result<(), String> {
        check(&Document::parse(text, Spelling::Raw).unwrap(), scope)
    }

    #[test]
    fn a_gateways_document_is_accepted() {
        let text = "<policies><inbound><base /><validate-jwt header-name=\"Authorization\"><openid-config url=\"https://x\" /></validate-jwt>\
            <choose><when condition=\"@(true)\"><return-response><set-status code=\"403\" /></return-response></when><otherwise><base /></otherwise></choose></inbound>\
            <backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>";
        assert_eq!(checked(text, Scope::Below), Ok(()));
    }

    #[test]
    fn misplaced_unknown_and_incomplete_statements_are_refused() {
        for (text, part) in [
            (
                "<policies><inbound><forward-request /></inbound></policies>",
                "not allowed in the specified section",
            ),
            (
                "<policies><inbound><base /></inbound></policies>",
                "outermost scope",
            ),
            (
                "<policies><inbound><frobnicate /></inbound></policies>",
                "not a known policy",
            ),
            (
                "<policies><inbound><check-header name=\"a\" /></inbound></policies>",
                "'failed-check-httpcode' is missing",
            ),
            (
                "<policies><inbound><validate-jwt /></inbound></policies>",
                "exactly one of",
            ),
            ("<policies><inbound /><inbound /></policies>", "only once"),
            (
                "<policies><backend><forward-request /><set-body /></backend></policies>",
                "only one",
            ),
            (
                "<policies><inbound><rate-limit-by-key calls=\"1\" renewal-period=\"301\" counter-key=\"a\" /></inbound></policies>",
                "between 1 and 300",
            ),
            ("<fragment />", "must be 'policies'"),
        ] {
            let refused = checked(text, Scope::Global).unwrap_err();
            assert!(refused.contains(part), "{text}: {refused}");
        }
    }
}

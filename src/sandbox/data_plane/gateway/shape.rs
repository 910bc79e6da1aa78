//! Which elements and attributes the interpreter understands. Everything else in a document is refused before it runs.

use crate::sandbox::behaviour::apim::document::{Element, Node};

struct Shape {
    name: &'static str,
    attributes: &'static [&'static str],
    holds: Holds,
}

#[derive(Clone, Copy)]
enum Holds {
    /// Text, or nothing.
    Text,
    /// These elements only; none: it stands empty.
    Only(&'static [&'static str]),
    /// Statements of its section.
    Statements,
}

use Holds::{Only, Statements, Text};

const fn row(name: &'static str, attributes: &'static [&'static str], holds: Holds) -> Shape {
    Shape {
        name,
        attributes,
        holds,
    }
}

const NOTHING: &[&str] = &[];
const TOKEN_SOURCE: &[&str] = &[
    "header-name",
    "query-parameter-name",
    "token-value",
    "failed-validation-httpcode",
    "failed-validation-error-message",
    "output-token-variable-name",
    "require-expiration-time",
    "require-scheme",
    "require-signed-tokens",
    "clock-skew",
];
const BY_KEY: &[&str] = &[
    "calls",
    "renewal-period",
    "counter-key",
    "increment-condition",
    "increment-count",
    "retry-after-header-name",
    "retry-after-variable-name",
    "remaining-calls-header-name",
    "remaining-calls-variable-name",
    "total-calls-header-name",
];

/// Statements, and the parts they are made of.
const SHAPES: &[Shape] = &[
    row("address", NOTHING, Text),
    row("address-range", &["from", "to"], Only(NOTHING)),
    row("allowed-headers", NOTHING, Only(&["header"])),
    row(
        "allowed-methods",
        &["preflight-result-max-age"],
        Only(&["method"]),
    ),
    row("allowed-origins", NOTHING, Only(&["origin"])),
    row("application-id", NOTHING, Text),
    row("audience", NOTHING, Text),
    row("audiences", NOTHING, Only(&["audience"])),
    row(
        "authentication-managed-identity",
        &[
            "resource",
            "client-id",
            "output-token-variable-name",
            "ignore-error",
        ],
        Only(NOTHING),
    ),
    row("base", NOTHING, Only(NOTHING)),
    row(
        "check-header",
        &[
            "name",
            "failed-check-httpcode",
            "failed-check-error-message",
            "ignore-case",
        ],
        Only(&["value"]),
    ),
    row("choose", NOTHING, Only(&["when", "otherwise"])),
    row("claim", &["name", "match", "separator"], Only(&["value"])),
    row("client-application-ids", NOTHING, Only(&["application-id"])),
    row(
        "cors",
        &["allow-credentials", "terminate-unmatched-request"],
        Only(&[
            "allowed-origins",
            "allowed-methods",
            "allowed-headers",
            "expose-headers",
        ]),
    ),
    row("dimension", &["name", "value"], Only(NOTHING)),
    row(
        "emit-metric",
        &["name", "value", "namespace"],
        Only(&["dimension"]),
    ),
    row("expose-headers", NOTHING, Only(&["header"])),
    row("find-and-replace", &["from", "to"], Only(NOTHING)),
    row(
        "forward-request",
        &[
            "timeout",
            "timeout-ms",
            "follow-redirects",
            "buffer-request-body",
            "buffer-response",
            "fail-on-error-status-code",
            "http-version",
        ],
        Only(NOTHING),
    ),
    row("header", NOTHING, Text),
    row("include-fragment", &["fragment-id"], Only(NOTHING)),
    row(
        "ip-filter",
        &["action"],
        Only(&["address", "address-range"]),
    ),
    row("issuer", NOTHING, Text),
    row("issuer-signing-keys", NOTHING, Only(&["key"])),
    row("issuers", NOTHING, Only(&["issuer"])),
    row("key", &["id", "n", "e"], Text),
    row("limit-concurrency", &["key", "max-count"], Statements),
    row(
        "log-to-eventhub",
        &["logger-id", "partition-id", "partition-key"],
        Text,
    ),
    row("message", NOTHING, Text),
    row("metadata", &["name", "value"], Only(NOTHING)),
    row("method", NOTHING, Text),
    row(
        "mock-response",
        &["status-code", "content-type"],
        Only(NOTHING),
    ),
    row("openid-config", &["url"], Only(NOTHING)),
    row("origin", NOTHING, Text),
    row("otherwise", NOTHING, Statements),
    row("quota", &["calls", "renewal-period"], Only(NOTHING)),
    row(
        "quota-by-key",
        &[
            "calls",
            "renewal-period",
            "counter-key",
            "increment-condition",
            "increment-count",
        ],
        Only(NOTHING),
    ),
    row(
        "rate-limit",
        &[
            "calls",
            "renewal-period",
            "retry-after-header-name",
            "retry-after-variable-name",
            "remaining-calls-header-name",
            "remaining-calls-variable-name",
            "total-calls-header-name",
        ],
        Only(NOTHING),
    ),
    row("rate-limit-by-key", BY_KEY, Only(NOTHING)),
    row("required-claims", NOTHING, Only(&["claim"])),
    row(
        "retry",
        &[
            "condition",
            "count",
            "interval",
            "max-interval",
            "delta",
            "first-fast-retry",
        ],
        Statements,
    ),
    row(
        "return-response",
        NOTHING,
        Only(&["set-status", "set-header", "set-body"]),
    ),
    row(
        "rewrite-uri",
        &["template", "copy-unmatched-params"],
        Only(NOTHING),
    ),
    row(
        "set-backend-service",
        &["base-url", "backend-id"],
        Only(NOTHING),
    ),
    row("set-body", NOTHING, Text),
    row("set-header", &["name", "exists-action"], Only(&["value"])),
    row("set-method", NOTHING, Text),
    row(
        "set-query-parameter",
        &["name", "exists-action"],
        Only(&["value"]),
    ),
    row("set-status", &["code", "reason"], Only(NOTHING)),
    row("set-variable", &["name", "value"], Only(NOTHING)),
    row(
        "trace",
        &["source", "severity"],
        Only(&["message", "metadata"]),
    ),
    row(
        "validate-azure-ad-token",
        &[
            "tenant-id",
            "header-name",
            "query-parameter-name",
            "token-value",
            "failed-validation-httpcode",
            "failed-validation-error-message",
            "output-token-variable-name",
        ],
        Only(&["client-application-ids", "audiences", "required-claims"]),
    ),
    row(
        "validate-content",
        &[
            "unspecified-content-type-action",
            "max-size",
            "size-exceeded-action",
        ],
        Only(NOTHING),
    ),
    row(
        "validate-jwt",
        TOKEN_SOURCE,
        Only(&[
            "openid-config",
            "issuer-signing-keys",
            "audiences",
            "issuers",
            "required-claims",
        ]),
    ),
    row("value", NOTHING, Text),
    row("when", &["condition"], Statements),
];

/// The element itself, not what it holds.
pub(super) fn check(element: &Element) -> Result<(), String> {
    let name = &element.name;
    let Some(shape) = SHAPES.iter().find(|shape| shape.name == name) else {
        return Err(format!("the statement <{name}>"));
    };
    let mut attributes = element.attributes.iter();
    if let Some((other, _)) =
        attributes.find(|(known, _)| !shape.attributes.contains(&known.as_str()))
    {
        return Err(format!("the attribute '{other}' of <{name}>"));
    }
    for node in &element.children {
        match (node, shape.holds) {
            (Node::Comment(_), _) | (Node::Text(_), Text) | (Node::Element(_), Statements) => {}
            (Node::Element(child), Only(parts)) if parts.contains(&child.name.as_str()) => {}
            (Node::Element(child), Only(_) | Text) => {
                return Err(format!("<{}> in <{name}>", child.name));
            }
            (Node::Text(_), Only(_) | Statements) => return Err(format!("text in <{name}>")),
        }
    }
    Ok(())
}

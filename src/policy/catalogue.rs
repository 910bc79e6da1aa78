//! The statements API Management knows: where each may stand and what it may hold.
//!
//! Source: the policy reference on learn.microsoft.com (2024, statement by statement), and for `on-error` its
//! article on error handling, which lists the statements allowed there.

use super::document::Section::{self, Backend, Inbound, OnError, Outbound};

pub(super) struct Statement {
    pub(super) name: &'static str,
    /// Where it may stand; nowhere means only inside the statement that names it as a part.
    pub(super) sections: &'static [Section],
    pub(super) required: &'static [&'static str],
    pub(super) optional: &'static [&'static str],
    pub(super) content: Content,
}

#[derive(Clone, Copy)]
pub(super) enum Content {
    /// Text, or nothing.
    Text,
    /// These elements only.
    Parts(&'static [&'static str]),
    /// Statements again, of the same section.
    Statements,
    /// Payload that is no policy: templates, stylesheets, schemas.
    Markup,
}

use Content::{Markup, Parts, Statements, Text};

/// Admits any attribute: for statements whose attributes still change from release to release.
pub(super) const ANY: &[&str] = &["*"];

const ALL: &[Section] = &Section::ALL;
const IN: &[Section] = &[Inbound];
const OUT: &[Section] = &[Outbound];
const NOWHERE: &[Section] = &[];
const NONE: &[&str] = &[];
/// Not in `on-error`, as far as the reference says.
const NORMAL: &[Section] = &[Inbound, Backend, Outbound];
const BOTH_WAYS: &[Section] = &[Inbound, Outbound, OnError];

const REQUEST: Content = Parts(&[
    "set-url",
    "set-method",
    "set-header",
    "set-body",
    "authentication-basic",
    "authentication-certificate",
    "authentication-managed-identity",
    "proxy",
]);
const TOKEN_CHECK: &[&str] = &[
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
const COUNTER: &[&str] = &[
    "increment-condition",
    "increment-count",
    "retry-after-header-name",
    "retry-after-variable-name",
    "remaining-calls-header-name",
    "remaining-calls-variable-name",
    "total-calls-header-name",
];

type Names = &'static [&'static str];

const fn row(
    name: &'static str,
    sections: &'static [Section],
    required: Names,
    optional: Names,
    content: Content,
) -> Statement {
    Statement {
        name,
        sections,
        required,
        optional,
        content,
    }
}

pub(super) const STATEMENTS: &[Statement] = &[
    row("base", ALL, NONE, NONE, Text),
    // Control flow.
    row("choose", ALL, NONE, NONE, Parts(&["when", "otherwise"])),
    row("when", NOWHERE, &["condition"], NONE, Statements),
    row("otherwise", NOWHERE, NONE, NONE, Statements),
    row(
        "retry",
        ALL,
        &["condition", "count", "interval"],
        &["max-interval", "delta", "first-fast-retry"],
        Statements,
    ),
    row(
        "limit-concurrency",
        ALL,
        &["key", "max-count"],
        NONE,
        Statements,
    ),
    row("wait", NORMAL, NONE, &["for"], Statements),
    row("include-fragment", ALL, &["fragment-id"], NONE, Text),
    row(
        "return-response",
        ALL,
        NONE,
        &["response-variable-name"],
        Parts(&["set-status", "set-header", "set-body"]),
    ),
    row(
        "mock-response",
        BOTH_WAYS,
        NONE,
        &["status-code", "content-type", "index"],
        Text,
    ),
    row("set-variable", ALL, &["name", "value"], NONE, Text),
    // Who may call, and how often.
    row(
        "check-header",
        IN,
        &[
            "name",
            "failed-check-httpcode",
            "failed-check-error-message",
        ],
        &["ignore-case"],
        Parts(&["value"]),
    ),
    row(
        "ip-filter",
        IN,
        &["action"],
        NONE,
        Parts(&["address", "address-range"]),
    ),
    row(
        "rate-limit",
        IN,
        &["calls", "renewal-period"],
        COUNTER,
        Parts(&["api"]),
    ),
    row(
        "rate-limit-by-key",
        IN,
        &["calls", "renewal-period", "counter-key"],
        COUNTER,
        Text,
    ),
    row(
        "quota",
        IN,
        &["renewal-period"],
        &["calls", "bandwidth"],
        Parts(&["api"]),
    ),
    row(
        "quota-by-key",
        IN,
        &["renewal-period", "counter-key"],
        &[
            "calls",
            "bandwidth",
            "increment-condition",
            "increment-count",
            "first-period-start",
        ],
        Text,
    ),
    row(
        "validate-jwt",
        IN,
        NONE,
        TOKEN_CHECK,
        Parts(&[
            "openid-config",
            "issuer-signing-keys",
            "decryption-keys",
            "audiences",
            "issuers",
            "required-claims",
        ]),
    ),
    row("validate-azure-ad-token", IN, &["tenant-id"], ANY, Markup),
    row(
        "validate-client-certificate",
        IN,
        NONE,
        &[
            "validate-revocation",
            "validate-trust",
            "validate-not-before",
            "validate-not-after",
            "ignore-error",
        ],
        Parts(&["identities"]),
    ),
    row(
        "get-authorization-context",
        IN,
        &["provider-id", "authorization-id", "context-variable-name"],
        &["identity-type", "identity", "ignore-error"],
        Text,
    ),
    row(
        "authentication-basic",
        IN,
        &["username", "password"],
        NONE,
        Text,
    ),
    row(
        "authentication-certificate",
        IN,
        NONE,
        &["thumbprint", "certificate-id", "body", "password"],
        Text,
    ),
    row(
        "authentication-managed-identity",
        IN,
        &["resource"],
        &["client-id", "output-token-variable-name", "ignore-error"],
        Text,
    ),
    // Cross-domain.
    row(
        "cors",
        IN,
        NONE,
        &["allow-credentials", "terminate-unmatched-request"],
        Parts(&[
            "allowed-origins",
            "allowed-methods",
            "allowed-headers",
            "expose-headers",
        ]),
    ),
    row("cross-domain", IN, NONE, NONE, Markup),
    row("jsonp", OUT, &["callback-parameter-name"], NONE, Text),
    // Content validation.
    row(
        "validate-content",
        BOTH_WAYS,
        &[
            "unspecified-content-type-action",
            "max-size",
            "size-exceeded-action",
        ],
        &["errors-variable-name"],
        Parts(&["content-type-map", "content"]),
    ),
    row(
        "validate-parameters",
        IN,
        &["specified-parameter-action", "unspecified-parameter-action"],
        &["errors-variable-name"],
        Parts(&["headers", "query", "path"]),
    ),
    row(
        "validate-headers",
        &[Outbound, OnError],
        &["specified-header-action", "unspecified-header-action"],
        &["errors-variable-name"],
        Parts(&["header"]),
    ),
    row(
        "validate-status-code",
        &[Outbound, OnError],
        &["unspecified-status-code-action"],
        &["errors-variable-name"],
        Parts(&["status-code"]),
    ),
    row("validate-graphql-request", IN, NONE, ANY, Markup),
    row("validate-odata-request", IN, NONE, ANY, Markup),
    // Routing.
    row(
        "forward-request",
        &[Backend],
        NONE,
        &[
            "http-version",
            "timeout",
            "timeout-ms",
            "continue-timeout",
            "follow-redirects",
            "buffer-request-body",
            "buffer-response",
            "fail-on-error-status-code",
        ],
        Text,
    ),
    row("set-backend-service", &[Inbound, Backend], NONE, ANY, Text),
    row("proxy", IN, &["url"], &["username", "password"], Text),
    // Transformation.
    row(
        "set-header",
        ALL,
        &["name"],
        &["exists-action"],
        Parts(&["value"]),
    ),
    row(
        "set-query-parameter",
        &[Inbound, Backend],
        &["name"],
        &["exists-action"],
        Parts(&["value"]),
    ),
    row(
        "rewrite-uri",
        IN,
        &["template"],
        &["copy-unmatched-params"],
        Text,
    ),
    row("set-method", &[Inbound, OnError], NONE, NONE, Text),
    row("set-status", ALL, &["code", "reason"], NONE, Text),
    row(
        "set-body",
        NORMAL,
        NONE,
        &["template", "xsi-nil", "parse-date"],
        Markup,
    ),
    row("set-url", NOWHERE, NONE, NONE, Text),
    row("find-and-replace", ALL, &["from", "to"], NONE, Text),
    row(
        "json-to-xml",
        BOTH_WAYS,
        &["apply"],
        &[
            "consider-accept-header",
            "parse-date",
            "namespace-separator",
            "namespace-prefix",
            "attribute-block-name",
        ],
        Text,
    ),
    row(
        "xml-to-json",
        BOTH_WAYS,
        &["kind", "apply"],
        &["consider-accept-header", "always-array-child-elements"],
        Text,
    ),
    row(
        "redirect-content-urls",
        &[Inbound, Outbound],
        NONE,
        NONE,
        Text,
    ),
    row("xsl-transform", &[Inbound, Outbound], NONE, NONE, Markup),
    // Caching.
    row(
        "cache-lookup",
        IN,
        &["vary-by-developer", "vary-by-developer-groups"],
        &[
            "allow-private-response-caching",
            "caching-type",
            "downstream-caching-type",
            "must-revalidate",
        ],
        Parts(&["vary-by-header", "vary-by-query-parameter"]),
    ),
    row("cache-store", OUT, &["duration"], &["cache-response"], Text),
    row(
        "cache-lookup-value",
        ALL,
        &["key", "variable-name"],
        &["caching-type", "default-value"],
        Text,
    ),
    row(
        "cache-store-value",
        ALL,
        &["key", "value", "duration"],
        &["caching-type"],
        Text,
    ),
    row("cache-remove-value", ALL, &["key"], &["caching-type"], Text),
    // Other services.
    row(
        "send-request",
        ALL,
        NONE,
        &["mode", "response-variable-name", "timeout", "ignore-error"],
        REQUEST,
    ),
    row(
        "send-one-way-request",
        ALL,
        NONE,
        &["mode", "timeout"],
        REQUEST,
    ),
    row(
        "log-to-eventhub",
        ALL,
        &["logger-id"],
        &["partition-id", "partition-key"],
        Text,
    ),
    row("publish-to-dapr", ALL, &["topic"], ANY, Text),
    row("invoke-dapr-binding", ALL, &["name"], ANY, Markup),
    // Logging.
    row(
        "trace",
        ALL,
        &["source"],
        &["severity"],
        Parts(&["message", "metadata"]),
    ),
    row(
        "emit-metric",
        ALL,
        &["name"],
        &["value", "namespace"],
        Parts(&["dimension"]),
    ),
    // Language models.
    row("llm-token-limit", IN, NONE, ANY, Markup),
    row("llm-emit-token-metric", IN, NONE, ANY, Markup),
    row("llm-semantic-cache-lookup", IN, NONE, ANY, Markup),
    row("llm-semantic-cache-store", OUT, NONE, ANY, Markup),
    row("llm-content-safety", IN, NONE, ANY, Markup),
    row("azure-openai-token-limit", IN, NONE, ANY, Markup),
    row("azure-openai-emit-token-metric", IN, NONE, ANY, Markup),
    row("azure-openai-semantic-cache-lookup", IN, NONE, ANY, Markup),
    row("azure-openai-semantic-cache-store", OUT, NONE, ANY, Markup),
];

pub(super) fn statement(name: &str) -> Option<&'static Statement> {
    STATEMENTS.iter().find(|statement| statement.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_has_one_row() {
        let mut names: Vec<_> = STATEMENTS.iter().map(|statement| statement.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}

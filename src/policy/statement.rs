//! The statements secgw writes, each with its attributes and children in the documented order.
//!
//! Source: the policy reference on learn.microsoft.com as summed up in `domain.md` E.1 and E.2. Values are whole
//! sentences of the design: what secgw never varies (401 for a bad token, errors never ignored) is fixed here.

use super::code::{Code, TOKEN};
use super::tree::{Element, Value};

/// Seconds by which clocks may differ when a token's times are checked.
const CLOCK_SKEW: u32 = 60;
/// Seconds for which a browser may remember the answer to a preflight.
const PREFLIGHT_MAX_AGE: u32 = 300;

pub(super) fn base() -> Element {
    Element::new("base")
}

/// What a token must be to pass.
#[derive(Clone, Debug)]
pub struct Token {
    pub openid_config: Value,
    pub audience: Value,
    pub issuer: Value,
    /// At least one of these in `scp`; which one, the operations say.
    pub scopes: Vec<String>,
    /// The applications that may bring it (`azp`).
    pub clients: Vec<Value>,
    /// B2C: the user flow it must come from (`tfp`).
    pub sign_in_policy: Option<Value>,
}

pub(super) fn validate_jwt(token: &Token) -> Element {
    let scopes = token
        .scopes
        .iter()
        .map(|scope| Value::from(scope.as_str()))
        .collect::<Vec<_>>();
    let claims: Vec<Element> = [
        required_claim("scp", Some(" "), &scopes),
        required_claim("azp", None, &token.clients),
        required_claim("tfp", None, token.sign_in_policy.as_slice()),
    ]
    .into_iter()
    .flatten()
    .collect();
    let required = (!claims.is_empty()).then(|| Element::new("required-claims").children(claims));
    Element::new("validate-jwt")
        .with("header-name", "Authorization")
        .with("failed-validation-httpcode", 401)
        .with("failed-validation-error-message", "Unauthorized")
        .with("require-expiration-time", "true")
        .with("require-scheme", "Bearer")
        .with("require-signed-tokens", "true")
        .with("clock-skew", CLOCK_SKEW)
        .with("output-token-variable-name", TOKEN)
        .child(Element::new("openid-config").with("url", token.openid_config.clone()))
        .child(list("audiences", "audience", [token.audience.clone()]))
        .child(list("issuers", "issuer", [token.issuer.clone()]))
        .children(required)
}

fn required_claim(name: &str, separator: Option<&str>, values: &[Value]) -> Option<Element> {
    if values.is_empty() {
        return None;
    }
    let claim = Element::new("claim")
        .with("name", name)
        .with("match", "any");
    let claim = separator
        .into_iter()
        .fold(claim, |claim, separator| claim.with("separator", separator));
    Some(
        claim.children(
            values
                .iter()
                .map(|value| Element::new("value").text(value.clone())),
        ),
    )
}

fn list(name: &str, item: &str, values: impl IntoIterator<Item = Value>) -> Element {
    Element::new(name).children(
        values
            .into_iter()
            .map(|value| Element::new(item).text(value)),
    )
}

/// What a browser may do from another origin; never with credentials.
#[derive(Clone, Debug)]
pub struct Cors {
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
}

pub(super) fn cors(cors: &Cors) -> Element {
    let values = |texts: &[String]| {
        texts
            .iter()
            .map(|text| Value::from(text.as_str()))
            .collect::<Vec<_>>()
    };
    let mut methods = list("allowed-methods", "method", values(&cors.methods));
    methods = methods.with("preflight-result-max-age", PREFLIGHT_MAX_AGE);
    Element::new("cors")
        .with("allow-credentials", "false")
        .with("terminate-unmatched-request", "true")
        .child(list("allowed-origins", "origin", values(&cors.origins)))
        .child(methods)
        .child(list("allowed-headers", "header", values(&cors.headers)))
}

/// Refuses calls that do not carry the header with this value.
pub(super) fn check_header(name: &str, value: impl Into<Value>) -> Element {
    Element::new("check-header")
        .with("name", name)
        .with("failed-check-httpcode", 403)
        .with("failed-check-error-message", "Forbidden")
        .with("ignore-case", "true")
        .child(Element::new("value").text(value))
}

/// So many calls in so many seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    pub calls: u32,
    /// In seconds; a rate limit takes at most 300.
    pub period: u32,
}

pub(super) fn rate_limit_by_key(limit: Limit, key: Code) -> Element {
    limited("rate-limit-by-key", limit, key)
}

pub(super) fn quota_by_key(limit: Limit, key: Code) -> Element {
    limited("quota-by-key", limit, key)
}

fn limited(name: &str, limit: Limit, key: Code) -> Element {
    Element::new(name)
        .with("calls", limit.calls)
        .with("renewal-period", limit.period)
        .with("counter-key", key.expression())
}

pub(super) fn set_header(name: &str, value: impl Into<Value>) -> Element {
    let header = Element::new("set-header")
        .with("name", name)
        .with("exists-action", "override");
    header.child(Element::new("value").text(value))
}

pub(super) fn delete_header(name: &str) -> Element {
    Element::new("set-header")
        .with("name", name)
        .with("exists-action", "delete")
}

pub(super) fn set_variable(name: &str, value: impl Into<Value>) -> Element {
    Element::new("set-variable")
        .with("name", name)
        .with("value", value)
}

pub(super) fn set_backend_service(backend: &str) -> Element {
    Element::new("set-backend-service").with("backend-id", backend)
}

pub(super) fn authentication_managed_identity(resource: &Value, client_id: &Value) -> Element {
    Element::new("authentication-managed-identity")
        .with("resource", resource.clone())
        .with("client-id", client_id.clone())
        .with("ignore-error", "false")
}

pub(super) fn forward_request(timeout: u32) -> Element {
    Element::new("forward-request")
        .with("timeout", timeout)
        .with("follow-redirects", "false")
}

pub(super) fn when(condition: Code, statements: impl IntoIterator<Item = Element>) -> Element {
    Element::new("when")
        .with("condition", condition.expression())
        .children(statements)
}

pub(super) fn choose(branches: impl IntoIterator<Item = Element>) -> Element {
    Element::new("choose").children(branches)
}

pub(super) fn otherwise(statements: impl IntoIterator<Item = Element>) -> Element {
    Element::new("otherwise").children(statements)
}

/// Ends the call here, with a JSON body that says `message`.
pub(super) fn return_response(
    status: (u32, &str),
    headers: impl IntoIterator<Item = Element>,
    message: &str,
) -> Element {
    let (code, reason) = status;
    Element::new("return-response")
        .child(
            Element::new("set-status")
                .with("code", code)
                .with("reason", reason),
        )
        .child(set_header("Content-Type", "application/json"))
        .children(headers)
        .child(Element::new("set-body").text(format!("{{\"error\":\"{message}\"}}")))
}

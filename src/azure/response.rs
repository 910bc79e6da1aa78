//! Responses as values: headers by name, the body parsed once, and every recorded error shape read into one type.
//!
//! Azure has no one error format (quirks.md part 4): `error{code,message}` with or without `details`, Web's
//! capitalised members, unwrapped members, API Management's bare `Message`, Entra's `error_description`, HTML.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use azure_core::http::StatusCode;
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    Empty,
    Json(Value),
    /// Not JSON: an HTML page of a proxy, or plain text.
    Text(String),
}

#[derive(Clone, Debug)]
pub struct Response {
    pub status: u16,
    pub body: Body,
    /// By lower-case name.
    headers: BTreeMap<String, String>,
}

impl Response {
    pub fn new(
        status: u16,
        headers: impl IntoIterator<Item = (String, String)>,
        body: &[u8],
    ) -> Self {
        let headers = headers
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        Self {
            status,
            body: parse_body(body),
            headers,
        }
    }

    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub fn json(&self) -> Option<&Value> {
        match &self.body {
            Body::Json(value) => Some(value),
            Body::Empty | Body::Text(_) => None,
        }
    }

    pub fn into_json(self) -> Option<Value> {
        match self.body {
            Body::Json(value) => Some(value),
            Body::Empty | Body::Text(_) => None,
        }
    }

    /// How long the server asks to wait. A date is read against the response's own `Date`, so no clock is needed.
    pub fn retry_after(&self) -> Option<Duration> {
        let millis = ["retry-after-ms", "x-ms-retry-after-ms"];
        if let Some(ms) = millis
            .iter()
            .find_map(|name| self.header(name)?.parse().ok())
        {
            return Some(Duration::from_millis(ms));
        }
        let text = self.header("retry-after")?;
        if let Ok(seconds) = text.parse() {
            return Some(Duration::from_secs(seconds));
        }
        let until = parse_http_date(text)? - parse_http_date(self.header("date")?)?;
        Some(until.try_into().unwrap_or(Duration::ZERO))
    }

    /// The smallest budget the rate-limit headers report, across their generations
    /// (`x-ms-ratelimit-remaining-subscription-global-reads`, `-subscription-writes`, `-resource-requests`).
    pub fn remaining_budget(&self) -> Option<u64> {
        let prefix = "x-ms-ratelimit-remaining-".to_owned();
        self.headers
            .range(prefix.clone()..)
            .take_while(|(name, _)| name.starts_with(&prefix))
            .filter_map(|(_, value)| value.parse().ok())
            .min()
    }

    fn request_id(&self) -> Option<String> {
        ["x-ms-request-id", "request-id"]
            .iter()
            .find_map(|name| self.header(name))
            .map(str::to_owned)
    }
}

fn parse_body(bytes: &[u8]) -> Body {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Body::Empty;
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Null) => Body::Empty,
        Ok(value) => Body::Json(value),
        Err(_) => Body::Text(String::from_utf8_lossy(bytes).into_owned()),
    }
}

/// `Fri, 20 Nov 2026 10:00:00 GMT`: RFC 2822 but for the name of the zone.
fn parse_http_date(text: &str) -> Option<OffsetDateTime> {
    let text = text
        .strip_suffix("GMT")
        .map_or_else(|| text.to_owned(), |head| format!("{head}+0000"));
    OffsetDateTime::parse(&text, &Rfc2822).ok()
}

/// What a service said went wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AzureError {
    pub status: u16,
    /// The service's code; the name of the status where it gave none (`NotFound`).
    pub code: String,
    pub message: String,
    pub details: Vec<Detail>,
    /// The service itself spoke: JSON or nothing at all, not the page of a proxy.
    pub is_structured: bool,
    /// Ids that Microsoft support asks for.
    pub request_id: Option<String>,
    pub correlation_id: Option<String>,
    pub retry_after: Option<Duration>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    pub code: Option<String>,
    pub target: Option<String>,
    pub message: Option<String>,
}

impl AzureError {
    pub fn parse(response: &Response) -> Self {
        let said = match &response.body {
            Body::Json(value) => Said::from_json(value),
            Body::Text(text) => Said {
                message: Some(visible_text(text)),
                ..Said::default()
            },
            Body::Empty => Said::default(),
        };
        Self {
            status: response.status,
            code: said.code.unwrap_or_else(|| status_name(response.status)),
            message: said.message.unwrap_or_default(),
            details: said.details,
            is_structured: !matches!(response.body, Body::Text(_)),
            request_id: response.request_id().or(said.request_id),
            correlation_id: response
                .header("x-ms-correlation-request-id")
                .map(str::to_owned),
            retry_after: response.retry_after(),
        }
    }

    /// The code of the error itself or of one of its details: Network hides the reason of a 429 in the details.
    pub fn has_code(&self, code: &str) -> bool {
        self.code.eq_ignore_ascii_case(code)
            || self.details.iter().any(|detail| {
                detail
                    .code
                    .as_deref()
                    .is_some_and(|c| c.eq_ignore_ascii_case(code))
            })
    }

    pub fn says(&self, fragment: &str) -> bool {
        let fragment = fragment.to_lowercase();
        let contains = |text: &str| text.to_lowercase().contains(&fragment);
        contains(&self.message)
            || self
                .details
                .iter()
                .filter_map(|d| d.message.as_deref())
                .any(contains)
    }

    /// What it says with what each of its details says: which field was refused often stands there alone.
    pub fn sentences(&self) -> String {
        let details = self.details.iter().map(|detail| {
            let target = detail.target.as_ref();
            let target = target.map(|target| format!("{target}: "));
            let text = detail.message.as_ref().or(detail.code.as_ref());
            format!(
                "{}{}",
                target.unwrap_or_default(),
                text.map_or("", String::as_str)
            )
        });
        let details = details.filter(|detail| !detail.is_empty());
        [self.message.clone()]
            .into_iter()
            .chain(details)
            .collect::<Vec<_>>()
            .join(" ")
    }

    pub fn is_not_found(&self) -> bool {
        self.status == 404
    }
}

impl std::error::Error for AzureError {}

impl fmt::Display for AzureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        for detail in &self.details {
            write!(f, "{detail}")?;
        }
        let ids = [
            ("request", &self.request_id),
            ("correlation", &self.correlation_id),
        ];
        let ids: Vec<_> = ids
            .iter()
            .filter_map(|(name, id)| Some(format!("{name} {}", id.as_ref()?)))
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        write!(f, " ({})", ids.join(", "))
    }
}

impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n  - ")?;
        if let Some(target) = &self.target {
            write!(f, "{target}: ")?;
        }
        match (&self.message, &self.code) {
            (Some(message), _) => f.write_str(message),
            (None, Some(code)) => f.write_str(code),
            (None, None) => Ok(()),
        }
    }
}

#[derive(Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    details: Vec<Detail>,
    request_id: Option<String>,
}

impl Said {
    fn from_json(value: &Value) -> Self {
        let Value::Object(outer) = value else {
            return Self {
                message: value.as_str().map(str::to_owned),
                ..Self::default()
            };
        };
        match member(outer, "error") {
            Some(Value::Object(inner)) => Self::from_object(inner),
            // Entra: {"error":"invalid_client","error_description":"AADSTS7000215: …"}
            Some(Value::String(code)) => Self {
                code: Some(code.clone()),
                message: text(outer, "error_description"),
                ..Self::default()
            },
            _ => Self::from_object(outer),
        }
    }

    fn from_object(object: &Map<String, Value>) -> Self {
        let code = text(object, "code");
        let message = text(object, "message");
        let details = member(object, "details").and_then(Value::as_array);
        let details = details
            .into_iter()
            .flatten()
            .filter_map(|item| detail(item, code.as_deref(), message.as_deref()));
        let inner = member(object, "innerError").and_then(Value::as_object);
        Self {
            request_id: inner.and_then(|inner| text(inner, "request-id")),
            details: details.collect(),
            message,
            code,
        }
    }
}

/// Web spreads one error over three details and repeats it in each; only what adds something is kept, such as the
/// `ExtendedCode` that tells its conflicts apart.
fn detail(item: &Value, code: Option<&str>, message: Option<&str>) -> Option<Detail> {
    let item = item.as_object()?;
    let source = member(item, "ErrorEntity")
        .and_then(Value::as_object)
        .unwrap_or(item);
    let detail = Detail {
        code: text(source, "ExtendedCode")
            .or_else(|| text(source, "code"))
            .filter(|own| Some(own.as_str()) != code),
        target: text(source, "target"),
        message: text(source, "message").filter(|own| Some(own.as_str()) != message),
    };
    (detail.code.is_some() || detail.message.is_some()).then_some(detail)
}

/// Members differ in case between providers (`code`, `Code`).
fn member<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    object
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

fn text(object: &Map<String, Value>, name: &str) -> Option<String> {
    match member(object, name)? {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The text of an HTML page, without its tags, cut to something a terminal can show.
fn visible_text(page: &str) -> String {
    const SHOWN: usize = 200;
    let mut plain = String::new();
    let mut in_tag = false;
    for c in page.chars() {
        match c {
            '<' => in_tag = true,
            '>' if in_tag => {
                in_tag = false;
                plain.push(' ');
            }
            _ if in_tag => {}
            _ => plain.push(c),
        }
    }
    let words: Vec<_> = plain.split_whitespace().collect();
    words.join(" ").chars().take(SHOWN).collect()
}

fn status_name(status: u16) -> String {
    StatusCode::from(status).canonical_reason().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Response::new(status, headers, body.as_bytes())
    }

    fn error(status: u16, body: &str) -> AzureError {
        AzureError::parse(&response(status, &[], body))
    }

    #[test]
    fn the_common_shape_is_read_with_the_ids_support_asks_for() {
        let headers = [
            ("x-ms-request-id", "r-1"),
            ("X-Ms-Correlation-Request-Id", "c-1"),
            ("Retry-After", "12"),
        ];
        let body = r#"{"error":{"code":"ResourceNotFound","message":"The Resource 'x' was not found.","details":null}}"#;
        let error = AzureError::parse(&response(404, &headers, body));
        assert!(error.is_not_found() && error.has_code("resourcenotfound"));
        assert_eq!(error.retry_after, Some(Duration::from_secs(12)));
        assert_eq!(
            error.to_string(),
            "404 ResourceNotFound: The Resource 'x' was not found. (request r-1, correlation c-1)"
        );
    }

    #[test]
    fn details_tell_where_a_policy_is_wrong() {
        let body = r#"{"error":{"code":"ValidationError","message":"One or more fields contain incorrect values:",
            "details":[{"code":"ValidationError","target":"policy","message":"Error in element 'cors' on line 3"}]}}"#;
        let error = error(400, body);
        assert_eq!(error.details.len(), 1);
        assert!(
            error
                .to_string()
                .ends_with("incorrect values:\n  - policy: Error in element 'cors' on line 3")
        );
    }

    #[test]
    fn web_repeats_itself_in_details_and_only_its_extended_code_is_kept() {
        let body = r#"{"Code":"Conflict","Message":"Another operation is in progress.","Target":null,"Details":[
            {"Message":"Another operation is in progress."},{"Code":"Conflict"},
            {"ErrorEntity":{"ExtendedCode":"04026","MessageTemplate":"…","Parameters":[],"Code":"Conflict",
             "Message":"Another operation is in progress."}}],"Innererror":null}"#;
        let error = error(409, body);
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("Conflict", "Another operation is in progress.")
        );
        assert_eq!(
            error.details,
            [Detail {
                code: Some("04026".into()),
                target: None,
                message: None
            }]
        );
        assert!(error.has_code("04026"));
    }

    #[test]
    fn unwrapped_and_bare_messages_are_read() {
        let unwrapped = error(
            412,
            r#"{"code":"PreconditionFailed","message":"etag mismatch"}"#,
        );
        assert_eq!(
            (unwrapped.code.as_str(), unwrapped.message.as_str()),
            ("PreconditionFailed", "etag mismatch")
        );
        let bare = error(
            405,
            r#"{"Message":"The requested resource does not support http method 'GET'."}"#,
        );
        assert_eq!(bare.code, "MethodNotAllowed");
        assert!(bare.says("does not support HTTP method"));
    }

    #[test]
    fn graph_names_the_request_in_the_inner_error() {
        let body = r#"{"error":{"code":"Request_ResourceNotFound","message":"Resource 'x' does not exist",
            "innerError":{"date":"2026-11-20T10:00:00","request-id":"g-1","client-request-id":"c"}}}"#;
        let error = error(404, body);
        assert_eq!(error.request_id.as_deref(), Some("g-1"));
    }

    #[test]
    fn entra_puts_its_code_where_others_put_an_object() {
        let error = error(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret"}"#,
        );
        assert_eq!(error.code, "invalid_client");
        assert!(error.message.starts_with("AADSTS7000215"));
    }

    #[test]
    fn a_page_instead_of_json_is_reduced_to_its_words() {
        let page = "<html><head><title>503</title></head><body><h2>Our services aren't\n available</h2></body></html>";
        let error = error(503, page);
        assert_eq!(
            error.to_string(),
            "503 ServiceUnavailable: 503 Our services aren't available"
        );
    }

    #[test]
    fn nothing_or_null_is_named_by_its_status() {
        assert_eq!(error(404, "").to_string(), "404 NotFound");
        assert_eq!(error(404, "null").to_string(), "404 NotFound");
    }

    #[test]
    fn retry_after_may_be_seconds_milliseconds_or_a_date() {
        let after = |headers: &[(&str, &str)]| response(429, headers, "").retry_after();
        assert_eq!(
            after(&[("Retry-After", "20")]),
            Some(Duration::from_secs(20))
        );
        assert_eq!(
            after(&[("x-ms-retry-after-ms", "250"), ("Retry-After", "20")]),
            Some(Duration::from_millis(250))
        );
        let date = ("Date", "Fri, 20 Nov 2026 10:00:00 GMT");
        assert_eq!(
            after(&[("Retry-After", "Fri, 20 Nov 2026 10:00:30 GMT"), date]),
            Some(Duration::from_secs(30))
        );
        assert_eq!(
            after(&[("Retry-After", "Fri, 20 Nov 2026 09:00:00 GMT"), date]),
            Some(Duration::ZERO)
        );
        assert_eq!(after(&[("Retry-After", "soon")]), None);
        assert_eq!(after(&[]), None);
    }

    #[test]
    fn the_smallest_of_the_rate_limit_budgets_counts() {
        let headers = [
            (
                "x-ms-ratelimit-remaining-subscription-global-reads",
                "16499",
            ),
            ("x-ms-ratelimit-remaining-tenant-reads", "42"),
            ("x-ms-request-id", "1"),
        ];
        assert_eq!(response(200, &headers, "{}").remaining_budget(), Some(42));
        assert_eq!(response(200, &[], "{}").remaining_budget(), None);
    }
}

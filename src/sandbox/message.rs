//! What goes over the wire, as values: one request, one response.
//!
//! The server turns bytes into a [`Request`] and a [`Response`] into bytes; everything in between is a function
//! from one to the other. Errors are in `refusal.rs`.

use serde_json::Value;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Method {
    Get,
    Head,
    Put,
    Patch,
    Post,
    Delete,
    /// OPTIONS, TRACE and the like: no service of Azure answers them.
    #[default]
    Other,
}

impl Method {
    pub(crate) fn parse(text: &str) -> Self {
        match text {
            "GET" => Self::Get,
            "HEAD" => Self::Head,
            "PUT" => Self::Put,
            "PATCH" => Self::Patch,
            "POST" => Self::Post,
            "DELETE" => Self::Delete,
            _ => Self::Other,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Head => "HEAD",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Delete => "DELETE",
            Self::Other => "OTHER",
        }
    }

    pub(crate) fn reads(self) -> bool {
        matches!(self, Self::Get | Self::Head)
    }
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: Method,
    /// Host header or `:authority`, with the port when there is one.
    pub(crate) host: String,
    /// Percent-decoded, without query, casing as sent.
    pub(crate) path: String,
    /// Percent-decoded, in order.
    pub(crate) query: Vec<(String, String)>,
    /// Names lower-cased.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// First query parameter of that name; Azure compares names without case.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        first(&self.query, name)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// `Null` for an empty body; the parser's complaint otherwise.
    pub(crate) fn json(&self) -> Result<Value, serde_json::Error> {
        if self.body.iter().all(u8::is_ascii_whitespace) {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&self.body)
    }

    /// `https://host` as the caller sees this server, for links that lead back to it.
    pub(crate) fn origin(&self) -> String {
        format!("https://{}", self.host)
    }
}

fn first<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    Empty,
    Json(Value),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Body,
}

impl Response {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    pub(crate) fn json(status: u16, body: Value) -> Self {
        Self {
            body: Body::Json(body),
            ..Self::empty(status)
        }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

//! What one call is about: `context` of the expressions, and what statements change.

use std::collections::BTreeMap;
use std::net::IpAddr;

use time::OffsetDateTime;
use uuid::Uuid;

use super::expression::Value;
use super::expression::value::Lists;

/// Members of `context.Api`, `context.Operation` and the like, by name.
pub(crate) type Facts = Vec<(&'static str, Value)>;

#[derive(Debug, Clone, Default)]
pub(crate) struct Headers(pub(crate) Vec<(String, String)>);

impl Headers {
    pub(crate) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let same = self.0.iter().filter(|(known, _)| is_same(known, name));
        same.map(|(_, value)| value.as_str())
    }

    pub(crate) fn get<'a>(&'a self, name: &'a str) -> Option<&'a str> {
        self.values(name).next()
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.values(name).next().is_some()
    }

    pub(crate) fn remove(&mut self, name: &str) {
        self.0.retain(|(known, _)| !is_same(known, name));
    }

    pub(crate) fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    pub(crate) fn set(&mut self, name: &str, value: impl Into<String>) {
        self.remove(name);
        self.add(name, value);
    }

    /// Lines of one name are one entry.
    pub(crate) fn lists(&self) -> Lists {
        let mut lists = Lists {
            ignores_case: true,
            ..Lists::default()
        };
        for (name, value) in &self.0 {
            let mut known = lists.entries.iter_mut();
            match known.find(|(known, _)| is_same(known, name)) {
                Some((_, values)) => values.push(value.clone()),
                None => lists.entries.push((name.clone(), vec![value.clone()])),
            }
        }
        lists
    }
}

fn is_same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

#[derive(Debug, Clone)]
pub(crate) struct Address {
    /// `http` or `https`
    pub(crate) scheme: &'static str,
    pub(crate) host: String,
    pub(crate) path: String,
    pub(crate) query: Vec<(String, String)>,
}

impl Address {
    pub(crate) fn port(&self) -> i32 {
        if self.scheme == "https" { 443 } else { 80 }
    }

    /// With its `?`; empty when there is none.
    pub(crate) fn query_string(&self) -> String {
        if self.query.is_empty() {
            return String::new();
        }
        let mut out = url::form_urlencoded::Serializer::new(String::new());
        out.extend_pairs(&self.query);
        format!("?{}", out.finish())
    }

    pub(crate) fn query_lists(&self) -> Lists {
        let mut headers = Headers::default();
        for (name, value) in &self.query {
            headers.add(name, value.clone());
        }
        headers.lists()
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) original: Address,
    pub(crate) address: Address,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
    /// Where the direct peer calls from.
    pub(crate) peer: IpAddr,
    pub(crate) matched: BTreeMap<String, String>,
    /// Name of the private endpoint connection the call came over.
    pub(crate) private_endpoint: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) reason: String,
    pub(crate) headers: Headers,
    pub(crate) body: Vec<u8>,
}

/// Why a call went to `on-error`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LastError {
    pub(crate) source: String,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) scope: &'static str,
    pub(crate) section: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) request: Request,
    pub(crate) response: Option<Response>,
    pub(crate) variables: BTreeMap<String, Value>,
    pub(crate) api: Facts,
    /// None before an operation was found.
    pub(crate) operation: Option<Facts>,
    pub(crate) product: Option<Facts>,
    pub(crate) subscription: Option<Facts>,
    pub(crate) deployment: Facts,
    pub(crate) request_id: Uuid,
    pub(crate) now: OffsetDateTime,
    pub(crate) last_error: Option<LastError>,
}

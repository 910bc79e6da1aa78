//! The traffic log: one JSON line per exchange, secrets taken out.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;

use serde_json::{Map, Value, json};

use super::data_plane::Reply;
use super::message::{Body, Request, Response};
use super::private;

const REDACTED: &str = "REDACTED";

/// Members whose value is a secret wherever they stand, in lower case.
const SECRETS: &[&str] = &[
    "access_token",
    "certificate",
    "client_assertion",
    "client_secret",
    "decryptionkey",
    "encodedcertificate",
    "instrumentationkey",
    "key",
    "pkcs12value",
    "primarykey",
    "primarysharedkey",
    "refresh_token",
    "secondarykey",
    "secondarysharedkey",
    "sharedkey",
    "validationkey",
];

/// What is in the name of a secret: app settings are named by their users.
const SECRET_PARTS: &[&str] = &[
    "accesskey",
    "accountkey",
    "account_key",
    "api_key",
    "apikey",
    "clientsecret",
    "connectionstring",
    "connection_string",
    "password",
    "secret_",
    "_secret",
    "secrettext",
];

/// Members all of whose values may be secret, in lower case.
const SECRET_MEMBERS: &[&str] = &[
    "appsettings",
    "connectionstrings",
    "credentials",
    "metadata",
];

/// Ends of paths whose bodies hold values that may all be secret, whatever they are called.
const SECRET_PATHS: &[&str] = &[
    "/config/appsettings",
    "/config/appsettings/list",
    "/config/connectionstrings",
    "/config/connectionstrings/list",
    "/listkeys",
    "/listsecrets",
    "/listvalue",
];

/// Members that are no values, in those bodies.
const PLAIN: &[&str] = &["id", "kind", "location", "name", "type"];

pub(crate) struct Log {
    file: File,
    /// What was taken out of what was logged so far: an error may quote it.
    taken_out: BTreeSet<String>,
}

/// Shorter ones are words that may stand anywhere.
const SHORTEST: usize = 6;

impl Log {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = private::options().create(true).append(true).open(path)?;
        Ok(Self {
            file,
            taken_out: BTreeSet::new(),
        })
    }

    pub(crate) fn write(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        let line = self.exchange(request, response);
        self.line(&line)
    }

    /// A call to the deployed gateway. Tokens, codes, keys and people's data pass here in any place, so that only what
    /// cannot hold one is written: no values of queries and headers, no bodies.
    pub(crate) fn write_call(&mut self, request: &Request, reply: &Reply) -> io::Result<()> {
        let query: Vec<&str> = request
            .query
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        let headers: Vec<&str> = reply
            .headers
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        self.line(&json!({
            "method": request.method.as_str(),
            "url": format!("{}{}", request.origin(), request.path),
            "query_names": query,
            "request_body": null,
            "status": reply.status,
            "response_header_names": headers,
        }))
    }

    /// One `write` per line: a kill leaves whole lines.
    fn line(&mut self, line: &Value) -> io::Result<()> {
        let mut line = serde_json::to_vec(line)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    fn exchange(&mut self, request: &Request, response: &Response) -> Value {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&request.query);
        let query = query.finish();
        let joint = if query.is_empty() { "" } else { "?" };
        let headers: Map<String, Value> = response
            .headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
            .collect();
        let sent = sent(request);
        let request_body = redacted_at(&request.path, &sent);
        self.take_out(&sent, &request_body);
        let response_body = match &response.body {
            Body::Empty => Value::Null,
            Body::Json(body) if is_error(response) => self.unquoted(&redacted(body)),
            Body::Json(body) => {
                let logged = redacted_at(&request.path, body);
                self.take_out(body, &logged);
                logged
            }
        };
        json!({
            "method": request.method.as_str(),
            "url": format!("{}{}{joint}{query}", request.origin(), request.path),
            "request_body": request_body,
            "status": response.status,
            "response_headers": headers,
            "response_body": response_body,
        })
    }

    fn take_out(&mut self, whole: &Value, logged: &Value) {
        match (whole, logged) {
            (Value::String(whole), Value::String(logged)) if whole != logged => {
                let parts = gone(whole, logged).into_iter();
                let parts = parts.filter(|part| part.len() >= SHORTEST);
                self.taken_out.extend(parts.map(str::to_owned));
            }
            (Value::Object(whole), Value::Object(logged)) => {
                for (name, whole) in whole {
                    self.take_out(whole, &logged[name]);
                }
            }
            (Value::Array(whole), Value::Array(logged)) => {
                for (whole, logged) in whole.iter().zip(logged) {
                    self.take_out(whole, logged);
                }
            }
            _ => {}
        }
    }

    fn unquoted(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => {
                // A secret may be the beginning of another.
                let mut secrets: Vec<&String> = self.taken_out.iter().collect();
                secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
                let quiet = |text: String, secret: &String| text.replace(secret.as_str(), REDACTED);
                secrets.into_iter().fold(text.clone(), quiet).into()
            }
            Value::Array(items) => items.iter().map(|item| self.unquoted(item)).collect(),
            Value::Object(members) => members
                .iter()
                .map(|(name, value)| (name.clone(), self.unquoted(value)))
                .collect(),
            value => value.clone(),
        }
    }
}

/// The texts in whose places `REDACTED` stands, and the words of each.
fn gone<'a>(whole: &'a str, logged: &str) -> Vec<&'a str> {
    let mut kept = logged.split(REDACTED);
    let first = kept.next().unwrap_or_default();
    let Some(mut rest) = whole.strip_prefix(first) else {
        return vec![whole];
    };
    let mut gone = Vec::new();
    let mut kept = kept.peekable();
    while let Some(piece) = kept.next() {
        let is_end = kept.peek().is_none() && piece.is_empty();
        let split = if is_end {
            Some((rest, ""))
        } else {
            rest.split_once(piece)
        };
        let Some((part, tail)) = split else {
            gone.push(rest);
            break;
        };
        gone.push(part);
        gone.extend(
            part.split(|letter: char| letter.is_whitespace() || "&=\"".contains(letter))
                .filter(|word| {
                    word.len() >= 2 * SHORTEST
                        && word.contains(|letter: char| letter.is_ascii_digit())
                }),
        );
        rest = tail;
    }
    gone
}

/// What was sent, a form as its members.
fn sent(request: &Request) -> Value {
    request.json().unwrap_or_else(|_| {
        let form = url::form_urlencoded::parse(&request.body);
        form.map(|(name, value)| (name.into_owned(), Value::String(value.into_owned())))
            .collect::<Map<_, _>>()
            .into()
    })
}

fn is_error(response: &Response) -> bool {
    response.status >= 400
}

fn redacted_at(path: &str, body: &Value) -> Value {
    let path = path.to_lowercase();
    if SECRET_PATHS.iter().any(|end| path.ends_with(end)) {
        emptied(body)
    } else {
        redacted(body)
    }
}

/// Every text taken out but the names.
fn emptied(value: &Value) -> Value {
    match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| {
                let is_plain = PLAIN.contains(&name.as_str()) && value.is_string();
                let value = if is_plain {
                    value.clone()
                } else {
                    emptied(value)
                };
                (name.clone(), value)
            })
            .collect(),
        Value::Array(items) => items.iter().map(emptied).collect(),
        Value::String(_) => REDACTED.into(),
        value => value.clone(),
    }
}

fn has_name(names: &[&str], name: &str) -> bool {
    names.iter().any(|one| one.eq_ignore_ascii_case(name))
}

fn is_secret(name: &str) -> bool {
    let lower = name.to_lowercase();
    has_name(SECRETS, name) || SECRET_PARTS.iter().any(|part| lower.contains(part))
}

fn redacted(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            // A secret named value or app setting says so beside its value.
            let is_marked = members.get("secret") == Some(&Value::Bool(true));
            let redact = |(name, value): (&String, &Value)| {
                let is_secret = is_secret(name) || (is_marked && name == "value");
                let value = match value {
                    Value::String(_) if is_secret => REDACTED.into(),
                    value if has_name(SECRET_MEMBERS, name) => emptied(value),
                    value => redacted(value),
                };
                (name.clone(), value)
            };
            Value::Object(members.iter().map(redact).collect())
        }
        Value::Array(items) => items.iter().map(redacted).collect(),
        Value::String(text) if text.contains('<') => policy(text).into(),
        value => value.clone(),
    }
}

/// Where a policy holds what may be a secret, whatever it is: within the first two, between the others.
const SECRET_SPANS: &[([&str; 2], [&str; 2])] = &[
    (["<set-header", "</set-header>"], ["<value>", "</value>"]),
    (
        ["<set-query-parameter", "</set-query-parameter>"],
        ["<value>", "</value>"],
    ),
    (["<set-body", "/set-body>"], [">", "<"]),
    (["<set-variable", "/>"], ["value=\"", "\""]),
    (["<set-variable", "/>"], ["value='", "'"]),
    (["<authentication-certificate", "/>"], ["body=\"", "\""]),
    (["<authentication-certificate", "/>"], ["body='", "'"]),
];

/// Attributes that hold a secret in any statement, and the elements that are one.
const SECRET_TEXTS: &[[&str; 2]] = &[
    ["password=\"", "\""],
    ["password='", "'"],
    ["client-secret=\"", "\""],
    ["client-secret='", "'"],
    ["<key>", "</key>"],
];

/// A policy whose passwords, keys and set values are taken out; references to named values and expressions stay.
fn policy(text: &str) -> String {
    let mut text = text.to_owned();
    for [open, close] in SECRET_TEXTS {
        text = without(&text, open, close);
    }
    for ([from, to], [open, close]) in SECRET_SPANS {
        text = each(&text, from, to, &|span| without(span, open, close));
    }
    text
}

/// `text` with what stands between each `from` and the next `to` taken out.
fn without(text: &str, from: &str, to: &str) -> String {
    each(text, from, to, &|inner| {
        let is_plain = inner.starts_with("{{") || inner.starts_with('@') || inner.is_empty();
        if is_plain {
            inner.to_owned()
        } else {
            REDACTED.to_owned()
        }
    })
}

fn each(text: &str, from: &str, to: &str, change: &dyn Fn(&str) -> String) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((head, tail)) = rest.split_once(from) {
        let Some((inner, after)) = tail.split_once(to) else {
            break;
        };
        out.extend([head, from, &change(inner), to]);
        rest = after;
    }
    out + rest
}

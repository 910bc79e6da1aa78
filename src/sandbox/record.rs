//! The traffic log: one JSON line per exchange, secrets taken out.

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
    "encodedcertificate",
    "instrumentationkey",
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
}

impl Log {
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = private::options().create(true).append(true).open(path)?;
        Ok(Self { file })
    }

    pub(crate) fn write(&mut self, request: &Request, response: &Response) -> io::Result<()> {
        self.line(&exchange(request, response))
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
}

fn exchange(request: &Request, response: &Response) -> Value {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(&request.query);
    let query = query.finish();
    let joint = if query.is_empty() { "" } else { "?" };
    let headers: Map<String, Value> = response
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), Value::String(value.clone())))
        .collect();
    let response_body = match &response.body {
        Body::Empty => Value::Null,
        Body::Json(body) if is_error(response) => unquoted(&redacted(body), &taken_out(request)),
        Body::Json(body) => redacted_at(&request.path, body),
    };
    json!({
        "method": request.method.as_str(),
        "url": format!("{}{}{joint}{query}", request.origin(), request.path),
        "request_body": request_body(request),
        "status": response.status,
        "response_headers": headers,
        "response_body": response_body,
    })
}

fn request_body(request: &Request) -> Value {
    if let Ok(body) = request.json() {
        redacted_at(&request.path, &body)
    } else {
        let form = url::form_urlencoded::parse(&request.body);
        form.map(|(name, value)| {
            let value = if is_secret(&name) {
                REDACTED.to_owned()
            } else {
                value.into_owned()
            };
            (name.into_owned(), Value::String(value))
        })
        .collect::<Map<_, _>>()
        .into()
    }
}

/// What was taken out of the request: an error may quote it.
fn taken_out(request: &Request) -> Vec<String> {
    let Ok(body) = request.json() else {
        return Vec::new();
    };
    let mut texts = Vec::new();
    compare(&body, &redacted_at(&request.path, &body), &mut texts);
    texts.retain(|text| text.len() >= 4);
    texts.sort_by_key(|text| std::cmp::Reverse(text.len()));
    texts
}

fn compare(sent: &Value, logged: &Value, into: &mut Vec<String>) {
    match (sent, logged) {
        (Value::String(sent), Value::String(logged)) if logged == REDACTED && sent != logged => {
            into.push(sent.clone());
        }
        (Value::Object(sent), Value::Object(logged)) => {
            for (name, sent) in sent {
                compare(sent, &logged[name], into);
            }
        }
        (Value::Array(sent), Value::Array(logged)) => {
            for (sent, logged) in sent.iter().zip(logged) {
                compare(sent, logged, into);
            }
        }
        _ => {}
    }
}

fn unquoted(value: &Value, secrets: &[String]) -> Value {
    match value {
        Value::String(text) => {
            let quiet = |text: String, secret: &String| text.replace(secret.as_str(), REDACTED);
            secrets.iter().fold(text.clone(), quiet).into()
        }
        Value::Array(items) => items.iter().map(|item| unquoted(item, secrets)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, value)| (name.clone(), unquoted(value, secrets)))
            .collect(),
        value => value.clone(),
    }
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

fn is_secret(name: &str) -> bool {
    let name = name.to_lowercase();
    SECRETS.contains(&name.as_str()) || SECRET_PARTS.iter().any(|part| name.contains(part))
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

/// Where a policy holds what may be a secret: between these, and nowhere in particular else.
const SECRET_SPANS: &[(&str, &str)] = &[
    ("<set-header", "</set-header>"),
    ("<set-query-parameter", "</set-query-parameter>"),
];

/// A policy whose passwords, keys and set values are taken out; references to named values and expressions stay.
fn policy(text: &str) -> String {
    let mut text = without(text, "password=\"", "\"");
    text = without(&text, "<key>", "</key>");
    for (from, to) in SECRET_SPANS {
        text = each(&text, from, to, &|span| {
            without(span, "<value>", "</value>")
        });
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

//! The shape of a request body in a compact notation, and checking a body against it.
//!
//! ```text
//! { location!: string, sku!: { name!: Basic|Standard.., capacity: int }, tags: {*: string}, -state: any }
//! ```
//! `name!` is required. `-name` is read-only: accepted and ignored, as Azure's providers do. Types: `string int number
//! bool any`, `[T]`, `{…}` (closed), `{*: T}` (map), `{ a: T, *: U }`
//! (open), `A|B` (closed list of words), `A|'B c'..` (open list). Null means absent.
//! Names and listed words compare without case, as Azure's do, and are respelled as listed.

use serde_json::{Map, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shape {
    Any,
    Text,
    Integer,
    Number,
    Bool,
    List(Box<Shape>),
    Map(Box<Shape>),
    Object(Vec<Member>),
    Words { words: Vec<String>, is_open: bool },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    name: String,
    is_required: bool,
    is_read_only: bool,
    shape: Shape,
}

/// One thing wrong with a body, at a dotted path as Azure's messages write them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Violation {
    pub(crate) path: String,
    pub(crate) fault: Fault,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    Missing,
    Unknown,
    WrongType {
        expected: &'static str,
        found: String,
    },
    NotListed {
        found: String,
        allowed: Vec<String>,
    },
}

/// Envelope members that ARM takes from anybody and ignores.
const ENVELOPE: &[&str] = &["id", "name", "type", "etag", "systemData", "apiVersion"];

impl Shape {
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { rest: text };
        let shape = parser.shape()?;
        match parser.peek() {
            "" => Ok(shape),
            rest => Err(format!("unexpected `{rest}`")),
        }
    }

    /// The body respelled, without nulls and read-only members; or everything that is wrong with it.
    pub(crate) fn check(&self, body: &Value) -> Result<Value, Vec<Violation>> {
        let mut check = Check {
            violations: Vec::new(),
        };
        let value = check.value(self, body, "");
        if check.violations.is_empty() {
            Ok(value)
        } else {
            Err(check.violations)
        }
    }

    /// The first read-only member that was sent: providers ignore them, Microsoft Graph refuses.
    pub(crate) fn read_only_sent(&self, body: &Value) -> Option<String> {
        match (self, body) {
            (Self::Object(members), Value::Object(map)) => map
                .iter()
                .filter(|(_, value)| !value.is_null())
                .find_map(|(key, value)| {
                    let member = members
                        .iter()
                        .find(|member| member.name.eq_ignore_ascii_case(key))?;
                    if member.is_read_only {
                        Some(member.name.clone())
                    } else {
                        member.shape.read_only_sent(value)
                    }
                }),
            (Self::List(shape), Value::Array(items)) => {
                items.iter().find_map(|item| shape.read_only_sent(item))
            }
            _ => None,
        }
    }

    /// The same shape with nothing required: what a PATCH may send.
    pub(crate) fn partial(&self) -> Self {
        match self {
            Self::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|member| Member {
                        is_required: false,
                        shape: member.shape.partial(),
                        ..member.clone()
                    })
                    .collect(),
            ),
            other => other.clone(),
        }
    }
}

struct Check {
    violations: Vec<Violation>,
}

impl Check {
    fn value(&mut self, shape: &Shape, value: &Value, path: &str) -> Value {
        match (shape, value) {
            (Shape::Object(members), Value::Object(map)) => self.object(members, map, path),
            (Shape::Map(shape), Value::Object(map)) => Value::Object(
                map.iter()
                    .map(|(key, value)| {
                        let value = match value {
                            Value::Null => Value::Null,
                            value => self.value(shape, value, &join(path, key)),
                        };
                        (key.clone(), value)
                    })
                    .collect(),
            ),
            (Shape::List(shape), Value::Array(items)) => Value::Array(
                items
                    .iter()
                    .enumerate()
                    .map(|(index, item)| self.value(shape, item, &format!("{path}[{index}]")))
                    .collect(),
            ),
            (Shape::Words { words, is_open }, Value::String(text)) => {
                self.word(words, *is_open, text, path)
            }
            (Shape::Any, _)
            | (Shape::Text, Value::String(_))
            | (Shape::Number, Value::Number(_))
            | (Shape::Bool, Value::Bool(_)) => value.clone(),
            (Shape::Integer, Value::Number(number)) if is_whole(number) => value.clone(),
            (shape, found) => self.wrong_type(shape, found, path),
        }
    }

    fn object(&mut self, members: &[Member], map: &Map<String, Value>, path: &str) -> Value {
        let mut result = Map::new();
        for (key, value) in map {
            let known = members
                .iter()
                .find(|member| member.name.eq_ignore_ascii_case(key));
            match known {
                Some(member) if value.is_null() || member.is_read_only => {}
                Some(member) => {
                    let value = self.value(&member.shape, value, &join(path, &member.name));
                    result.insert(member.name.clone(), value);
                }
                None if members.iter().any(|member| member.name == "*") => {
                    let rest = members.iter().find(|member| member.name == "*");
                    let shape = rest.map_or(&Shape::Any, |member| &member.shape);
                    result.insert(key.clone(), self.value(shape, value, &join(path, key)));
                }
                None if path.is_empty() && ENVELOPE.iter().any(|name| name == key) => {}
                None => self.report(join(path, key), Fault::Unknown),
            }
        }
        for member in members {
            if member.is_required && !result.contains_key(&member.name) {
                self.report(join(path, &member.name), Fault::Missing);
            }
        }
        Value::Object(result)
    }

    fn word(&mut self, words: &[String], is_open: bool, text: &str, path: &str) -> Value {
        let listed = words.iter().find(|word| word.eq_ignore_ascii_case(text));
        if let Some(word) = listed {
            Value::String(word.clone())
        } else {
            if !is_open {
                let fault = Fault::NotListed {
                    found: text.to_owned(),
                    allowed: words.to_vec(),
                };
                self.report(path.to_owned(), fault);
            }
            Value::String(text.to_owned())
        }
    }

    fn wrong_type(&mut self, shape: &Shape, found: &Value, path: &str) -> Value {
        let expected = match shape {
            Shape::Any => "any value",
            Shape::Text | Shape::Words { .. } => "string",
            Shape::Integer => "integer",
            Shape::Number => "number",
            Shape::Bool => "boolean",
            Shape::List(_) => "array",
            Shape::Map(_) | Shape::Object(_) => "object",
        };
        let found = found.to_string();
        self.report(path.to_owned(), Fault::WrongType { expected, found });
        Value::Null
    }

    fn report(&mut self, path: String, fault: Fault) {
        self.violations.push(Violation { path, fault });
    }
}

fn join(path: &str, key: &str) -> String {
    match path {
        "" => key.to_owned(),
        path => format!("{path}.{key}"),
    }
}

fn is_whole(number: &serde_json::Number) -> bool {
    number.is_i64() || number.is_u64() || number.as_f64().is_some_and(|value| value.fract() == 0.0)
}

struct Parser<'a> {
    rest: &'a str,
}

impl<'a> Parser<'a> {
    fn peek(&mut self) -> &'a str {
        self.rest = self.rest.trim_start();
        self.rest
    }

    fn eat(&mut self, token: &str) -> bool {
        match self.peek().strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn expect(&mut self, token: &str) -> Result<(), String> {
        if self.eat(token) {
            Ok(())
        } else {
            Err(format!("expected `{token}` before `{}`", self.rest))
        }
    }

    fn word(&mut self) -> Result<&'a str, String> {
        let text = self.peek();
        let end = text
            .char_indices()
            .find(|(at, next)| !is_word(*next) || text[*at..].starts_with(".."))
            .map_or(text.len(), |(at, _)| at);
        if end == 0 {
            return Err(format!("expected a word before `{text}`"));
        }
        self.rest = &text[end..];
        Ok(&text[..end])
    }

    /// A word, in quotes where it has spaces or commas.
    fn quoted(&mut self) -> Result<&'a str, String> {
        if !self.eat("'") {
            return self.word();
        }
        let (word, rest) = self.rest.split_once('\'').ok_or("a quote is not closed")?;
        self.rest = rest;
        Ok(word)
    }

    fn shape(&mut self) -> Result<Shape, String> {
        if self.eat("[") {
            let item = self.shape()?;
            self.expect("]")?;
            return Ok(Shape::List(Box::new(item)));
        }
        if self.eat("{") {
            return self.members();
        }
        let first = self.quoted()?;
        let mut words = vec![first.to_owned()];
        while self.eat("|") {
            words.push(self.quoted()?.to_owned());
        }
        let is_open = self.eat("..");
        Ok(match first {
            _ if is_open || words.len() > 1 => Shape::Words { words, is_open },
            "any" => Shape::Any,
            "string" => Shape::Text,
            "int" => Shape::Integer,
            "number" => Shape::Number,
            "bool" => Shape::Bool,
            _ => Shape::Words { words, is_open },
        })
    }

    fn members(&mut self) -> Result<Shape, String> {
        let mut members = Vec::new();
        while !self.eat("}") {
            let is_read_only = self.eat("-");
            let name = if self.eat("*") {
                "*".to_owned()
            } else {
                self.word()?.to_owned()
            };
            let is_required = self.eat("!");
            self.expect(":")?;
            members.push(Member {
                name,
                is_required,
                is_read_only,
                shape: self.shape()?,
            });
            if !self.eat(",") {
                self.expect("}")?;
                break;
            }
        }
        let is_map = members.len() == 1 && members[0].name == "*";
        Ok(match members.pop() {
            Some(member) if is_map => Shape::Map(Box::new(member.shape)),
            last => {
                members.extend(last);
                Shape::Object(members)
            }
        })
    }
}

fn is_word(next: char) -> bool {
    next.is_alphanumeric() || "_.-@/+".contains(next)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const SITE: &str = "{ location!: string, sku: { name!: Basic|Standard, tier: Free.. }, tags: {*: string}, -state: any, ports: [int] }";

    fn check(body: &Value) -> Result<Value, Vec<Violation>> {
        Shape::parse(SITE).unwrap().check(body)
    }

    #[test]
    fn a_body_is_respelled_and_loses_nulls_and_read_only_members() {
        let body = json!({ "Location": "x", "id": "/a", "sku": { "name": "basic", "tier": "Odd" }, "state": 1, "ports": null });
        let expected = json!({ "location": "x", "sku": { "name": "Basic", "tier": "Odd" } });
        assert_eq!(check(&body), Ok(expected));
    }

    #[test]
    fn everything_wrong_is_reported_with_its_path() {
        let body = json!({ "sku": { "name": "Gold" }, "ports": [1, "2"], "extra": {} });
        let violations = check(&body).unwrap_err();
        let paths: Vec<_> = violations.iter().map(|v| v.path.as_str()).collect();
        assert_eq!(paths, ["extra", "ports[1]", "sku.name", "location"]);
        assert_eq!(violations[0].fault, Fault::Unknown);
        assert_eq!(violations[3].fault, Fault::Missing);
    }

    #[test]
    fn a_read_only_member_that_was_sent_is_found() {
        let shape = Shape::parse("{ list: [{ -hint: string, name: string }] }").unwrap();
        let sent = json!({ "list": [{ "name": "a", "hint": null }, { "hint": "b" }] });
        assert_eq!(shape.read_only_sent(&sent), Some("hint".into()));
        assert_eq!(
            shape.read_only_sent(&json!({ "list": [{ "name": "a" }] })),
            None
        );
    }

    #[test]
    fn a_patch_requires_nothing() {
        let shape = Shape::parse(SITE).unwrap().partial();
        assert_eq!(shape.check(&json!({ "sku": {} })), Ok(json!({ "sku": {} })));
    }

    #[test]
    fn every_rows_shape_can_be_read() {
        for row in super::super::rows().filter(|row| !row.shape.is_empty()) {
            if let Err(error) = Shape::parse(row.shape) {
                panic!("{}: {error}", row.arm_type);
            }
        }
    }
}

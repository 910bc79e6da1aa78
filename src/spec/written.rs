//! How single values and lists are written: text, numbers, ids, durations, and lists of anything.
//!
//! Each `Read` names the type that describes its written form to the JSON Schema.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use uuid::Uuid;

use super::diagnostic::Code;
use super::read::{Read, Reader};
use super::tree::{Node, Value};

/// Whether the text asks for something from elsewhere, so that its type is only known afterwards.
fn is_reference(node: &Node) -> bool {
    node.text().is_some_and(|text| text.contains("${"))
}

/// A section that must be read as far as possible even where a part of it is wrong.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kept<T>(pub(crate) Option<T>);

impl<T: Read> Read for Kept<T> {
    type Written = T::Written;
    const REQUIRED: bool = T::REQUIRED;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self(T::read(node, reader)))
    }

    fn absent(parent: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self(T::absent(parent, key, reader)))
    }
}

impl<T: Read> Read for Option<T> {
    type Written = T::Written;
    const REQUIRED: bool = false;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent(_: &Node, _: &str, _: &mut Reader<'_>) -> Option<Self> {
        Some(None)
    }
}

impl<T: Read> Read for Vec<T> {
    type Written = Vec<T::Written>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::List(_)) {
            return reader.wrong_type(node, "a list");
        }
        let items: Vec<Option<T>> = node
            .items()
            .iter()
            .map(|item| T::read(item, reader))
            .collect();
        items.into_iter().collect()
    }
}

/// A list with at least one item.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Filled<T>(Vec<T>);

impl<T> From<Filled<T>> for Vec<T> {
    fn from(filled: Filled<T>) -> Self {
        filled.0
    }
}

impl<T: Read> Read for Filled<T> {
    type Written = Filled<T::Written>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let list = Vec::<T>::read(node, reader)?;
        if list.is_empty() {
            reader.report(
                node,
                Code::InvalidValue,
                "at least one is needed here",
                "add one, or leave the key out where it may be left out",
            );
            return None;
        }
        Some(Self(list))
    }
}

impl<T: JsonSchema> JsonSchema for Filled<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Filled_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "array", "items": generator.subschema_for::<T>(), "minItems": 1 })
    }
}

impl Read for BTreeMap<String, String> {
    type Written = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if !matches!(node.value, Value::Map(_)) {
            return reader.wrong_type(node, "a map");
        }
        let entries: Vec<Option<(String, String)>> = node
            .entries()
            .iter()
            .map(|entry| Some((entry.key.clone(), reader.text(&entry.node)?)))
            .collect();
        entries.into_iter().collect()
    }
}

impl Read for bool {
    type Written = Flexible<Self>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.value {
            Value::Bool(value) => Some(value),
            Value::Text(_) if is_reference(node) => reader.scalar(node, "true or false"),
            Value::Nothing
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => reader.wrong_type(node, "true or false"),
        }
    }
}

impl Read for u32 {
    type Written = Flexible<Self>;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        match node.value {
            Value::Integer(value) => Self::try_from(value)
                .ok()
                .or_else(|| reader.wrong_type(node, "a whole number from 0 to 4294967295")),
            Value::Text(_) if is_reference(node) => reader.scalar(node, "a whole number"),
            Value::Nothing
            | Value::Bool(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => reader.wrong_type(node, "a whole number"),
        }
    }
}

/// A value, or a reference that comes to one.
pub(crate) struct Flexible<T>(std::marker::PhantomData<T>);

impl<T: JsonSchema> JsonSchema for Flexible<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Flexible_{}", T::schema_name()).into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({ "anyOf": [generator.subschema_for::<T>(), { "type": "string", "pattern": r"\$\{" }] })
    }
}

/// Schema of a text that follows a pattern, unless a reference stands in for it.
pub(crate) fn text_schema(pattern: &str, example: &str) -> Schema {
    json_schema!({ "type": "string", "pattern": format!(r"(?:{pattern})|\$\{{"), "examples": [example] })
}

/// The schema of a type whose values are written as text.
macro_rules! schema_of_text {
    ($name:ident, $pattern:expr, $example:expr) => {
        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                $crate::spec::written::text_schema($pattern, $example)
            }
        }
    };
}
pub(crate) use schema_of_text;

macro_rules! written_as {
    ($name:ident, $pattern:literal, $example:literal) => {
        pub(crate) struct $name;

        schema_of_text!($name, $pattern, $example);
    };
}

written_as!(AnyText, r"\S", "Orders API");
written_as!(
    UuidText,
    "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
    "00000000-0000-0000-0000-000000000000"
);
written_as!(DurationText, "^[1-9][0-9]*[smhd]$", "5m");

impl Read for String {
    type Written = AnyText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node)?;
        if text.trim().is_empty() {
            reader.report(
                node,
                Code::InvalidValue,
                "must not be empty",
                "give it a value, or leave the key out",
            );
            return None;
        }
        Some(text)
    }
}

impl Read for Uuid {
    type Written = UuidText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node)?;
        let uuid = (text.len() == 36)
            .then(|| Self::parse_str(&text).ok())
            .flatten();
        if uuid.is_none() {
            reader.report(
                node,
                Code::InvalidValue,
                format!("`{text}` is not an id"),
                "expected `00000000-0000-0000-0000-000000000000`",
            );
        }
        uuid
    }
}

impl Read for Duration {
    type Written = DurationText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        if matches!(node.value, Value::Integer(_)) {
            let help = "write the unit too: `60s`, `5m`, `1h` or `365d`".to_owned();
            reader.report(node, Code::InvalidValue, "a duration needs a unit", help);
            return None;
        }
        let text = reader.text(node)?;
        let duration = parse_duration(&text);
        if duration.is_none() {
            let help = "a whole number and a unit: `60s`, `5m`, `1h` or `365d`".to_owned();
            reader.report(
                node,
                Code::InvalidValue,
                format!("`{text}` is not a duration"),
                help,
            );
        }
        duration
    }
}

fn parse_duration(text: &str) -> Option<Duration> {
    let unit = text.chars().last()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let count = text.strip_suffix(unit)?;
    let fine = count.bytes().all(|byte| byte.is_ascii_digit()) && !count.starts_with('0');
    let count: u64 = fine.then(|| count.parse().ok()).flatten()?;
    count.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("60s"), Some(Duration::from_mins(1)));
        assert_eq!(parse_duration("365d"), Some(Duration::from_hours(365 * 24)));
        for text in [
            "60",
            "s",
            "0s",
            "1.5h",
            "-1s",
            "5 m",
            "5min",
            "",
            "99999999999999999d",
            "1é",
        ] {
            assert_eq!(parse_duration(text), None, "{text}");
        }
    }
}

//! What a spec says about what it does not name: `unmanaged`, `ignore`, `absent`, and how much one run may do.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;

use super::declare::{choice, section};
use super::diagnostic::Code;
use super::read::{Read, Reader};
use super::tree::{Node, Value};
use super::written::text_schema;
use crate::resource::unmanaged::COLLECTIONS;
use crate::resource::{At, Fate, Limit, Pattern, Safety, Unmanaged};

choice! {
    pub enum FateWord {
        /// Kept and shown.
        Report = "report",
        /// Removed.
        Prune = "prune",
        /// Kept and counted.
        Ignore = "ignore",
    }
}

impl From<FateWord> for Fate {
    fn from(word: FateWord) -> Self {
        match word {
            FateWord::Report => Self::Report,
            FateWord::Prune => Self::Prune,
            FateWord::Ignore => Self::Ignore,
        }
    }
}

/// `{ default: report, apis: ignore }`
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct UnmanagedSection(pub(crate) Unmanaged);

const DEFAULT: &str = "default";

fn collections() -> impl Iterator<Item = &'static str> {
    COLLECTIONS.iter().map(|collection| collection.name)
}

impl Read for UnmanagedSection {
    type Written = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let names: Vec<&'static str> = std::iter::once(DEFAULT).chain(collections()).collect();
        reader.section(node, &names)?;
        let mut unmanaged = Unmanaged::default();
        let mut is_fine = true;
        for entry in node.entries() {
            let Some(name) = names.iter().find(|name| **name == entry.key) else {
                continue;
            };
            match FateWord::read(&entry.node, reader).map(Fate::from) {
                Some(fate) if *name == DEFAULT => unmanaged.default = Some(fate),
                Some(fate) => {
                    unmanaged.collections.insert(name, fate);
                    unmanaged.places.insert(name, entry.node.at());
                }
                None => is_fine = false,
            }
        }
        is_fine.then_some(Self(unmanaged))
    }
}

impl JsonSchema for UnmanagedSection {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Unmanaged".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let names: Vec<&str> = std::iter::once(DEFAULT).chain(collections()).collect();
        json_schema!({
            "type": "object",
            "propertyNames": { "enum": names },
            "additionalProperties": FateWord::json_schema(generator).to_value(),
            "examples": [{ "default": "report", "ipRestrictions": "prune" }],
        })
    }
}

/// `{ maxDelete: 30%, maxReplace: 0, collections: { operations: { maxDelete: 60% } } }`
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SafetySection(pub(crate) Safety);

const LIMITS: [&str; 3] = ["maxDelete", "maxUpdate", "maxReplace"];
/// What each of [`LIMITS`] says, for editors.
const LIMITED: [&str; 3] = [
    "How many resources a plan may delete, as a number or as a share of those that are there.",
    "How many resources a plan may change, as a number or as a share of those that are there.",
    "How many resources a plan may replace, as a number or as a share of those that are there.",
];
const MIN_EXISTING: &str = "minExisting";
const OF_COLLECTIONS: &str = "collections";

impl Read for SafetySection {
    type Written = Self;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let keys = [LIMITS.as_slice(), &[MIN_EXISTING, OF_COLLECTIONS]].concat();
        reader.section(node, &keys)?;
        let mut safety = Safety::default();
        let mut is_fine = true;
        for (name, limit) in limits(node, reader) {
            is_fine &= limit.is_some();
            safety.limits.extend(limit.map(|limit| (name, limit)));
        }
        if let Some(node) = node.get(MIN_EXISTING) {
            let count = u32::read(node, reader);
            is_fine &= count.is_some();
            safety.min_existing = count
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or_default();
        }
        if let Some(node) = node.get(OF_COLLECTIONS) {
            let names: Vec<&'static str> = collections().collect();
            reader.section(node, &names)?;
            for collection in names {
                let Some(node) = node.get(collection) else {
                    continue;
                };
                reader.section(node, &LIMITS)?;
                for (name, limit) in limits(node, reader) {
                    is_fine &= limit.is_some();
                    let limit = limit.map(|limit| ((collection, name), limit));
                    safety.collections.extend(limit);
                }
            }
        }
        is_fine.then_some(Self(safety))
    }
}

fn limits(node: &Node, reader: &mut Reader<'_>) -> Vec<(&'static str, Option<Limit>)> {
    let given = LIMITS
        .iter()
        .filter_map(|name| Some((*name, node.get(name)?)));
    given
        .map(|(name, node)| (name, limit(node, reader)))
        .collect()
}

fn limit(node: &Node, reader: &mut Reader<'_>) -> Option<Limit> {
    let percent = |text: &str| {
        let number: usize = text.strip_suffix('%')?.parse().ok()?;
        (number <= 100).then_some(Limit::Percent(number))
    };
    let limit = match &node.value {
        Value::Integer(count) => usize::try_from(*count).ok().map(Limit::Count),
        Value::Text(text) => percent(text),
        Value::Nothing | Value::Bool(_) | Value::Float(_) | Value::List(_) | Value::Map(_) => None,
    };
    if limit.is_none() {
        reader.report(
            node,
            Code::InvalidValue,
            "this is no limit",
            "a number such as `3`, or a share of what is there such as `30%`",
        );
    }
    limit
}

impl JsonSchema for SafetySection {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Safety".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let limit = json!({ "anyOf": [
            { "type": "integer", "minimum": 0 },
            { "type": "string", "pattern": "^([0-9]|[1-9][0-9]|100)%$", "examples": ["30%"] },
        ] });
        let described = |(name, says): (&str, &str)| {
            let mut limit = limit.clone();
            limit["description"] = json!(says);
            (name.to_owned(), limit)
        };
        let limits: serde_json::Map<String, serde_json::Value> =
            LIMITS.into_iter().zip(LIMITED).map(described).collect();
        let mut properties = limits;
        properties.insert(
            MIN_EXISTING.to_owned(),
            json!({
                "type": "integer", "minimum": 0, "default": Safety::default().min_existing,
                "description": "Shares count only where at least so many resources are there.",
            }),
        );
        let names: Vec<&str> = collections().collect();
        let of = json!({ "type": "object", "propertyNames": { "enum": LIMITS }, "additionalProperties": limit });
        properties.insert(
            OF_COLLECTIONS.to_owned(),
            json!({
                "type": "object", "propertyNames": { "enum": names }, "additionalProperties": of,
                "description": "Limits of single collections, in place of those for all.",
                "examples": [{ "operations": { "maxDelete": "60%" } }],
            }),
        );
        json_schema!({
            "type": "object", "properties": properties, "additionalProperties": false,
            "examples": [{ "maxDelete": "30%", "maxReplace": 0 }],
        })
    }
}

section! {
    /// Something that is left alone: a resource of somebody else's, or an item of a list.
    pub struct IgnoreRule {
        /// Whose: the end of an address, such as `apis/legacy-*`.
        "address" address: Pattern,
        /// The list in it, as a JSON pointer: `/properties/ipSecurityRestrictions`. Left out: the resource as a whole.
        "pointer" pointer: Option<String>,
        /// Members that an item has, such as `{ name: office }`.
        "value" value: Option<Anything>,
        /// Why.
        "reason" reason: String,
    }
    check ignore_rule
}

/// Any value at all.
#[derive(Clone, Debug, PartialEq)]
pub struct Anything(pub serde_json::Value);

impl Read for Anything {
    type Written = Self;

    fn read(node: &Node, _: &mut Reader<'_>) -> Option<Self> {
        Some(Self(node.value.to_json()))
    }
}

impl JsonSchema for Anything {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Anything".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "examples": [{ "name": "office" }] })
    }
}

fn ignore_rule(rule: &IgnoreRule, node: &Node, reader: &mut Reader<'_>) {
    if let Some(pointer) = rule
        .pointer
        .as_ref()
        .filter(|pointer| !pointer.starts_with('/'))
    {
        reader.report(
            node.get("pointer").unwrap_or(node),
            Code::InvalidValue,
            format!("`{pointer}` is no JSON pointer"),
            "it starts with `/`, for example `/properties/ipSecurityRestrictions`",
        );
    }
    if rule.pointer.is_some() != rule.value.is_some() {
        reader.report(
            node,
            Code::MissingKey,
            "`pointer` and `value` belong together",
            "say which items of the list are meant, for example `value: { name: office }`; a whole list cannot be ignored",
        );
    }
}

impl Read for Pattern {
    type Written = PatternText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node)?;
        let pattern = Self::parse(&text);
        if pattern.is_none() {
            reader.report(
                node,
                Code::InvalidValue,
                format!("`{text}` is no address"),
                "the end of a resource's address, for example `apis/legacy-*`",
            );
        }
        pattern
    }
}

pub(crate) struct PatternText;

impl JsonSchema for PatternText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PatternText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        text_schema("[A-Za-z0-9]", "apis/legacy-*")
    }
}

/// A resource that must not be there, whoever made it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tombstone {
    pub at: At,
    /// A whole id, `Microsoft.…/…` in the resource group, or a path in the gateway: `apis/legacy`.
    pub address: String,
}

impl Read for Tombstone {
    type Written = AddressText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            at: node.at(),
            address: reader.text(node)?,
        })
    }
}

/// A whole id, a type and name, or a path in the gateway.
pub(crate) struct AddressText;

impl JsonSchema for AddressText {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "AddressText".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["apis/legacy"] })
    }
}

//! A YAML document as a tree in which every key and value knows where it stands.
//!
//! serde-saphyr reads it (aliases, merges, a budget against hostile input); this module only keeps what serde
//! would throw away: positions and repeated keys. `read` turns trees into the model, `merge` lays one over another.

use std::fmt;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy};
use serde_saphyr::{Location, Spanned};

use super::source::Source;
use crate::resource::At;

/// A span of a source file.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Place {
    pub(crate) source: Arc<Source>,
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Bytes from the start of the file, and how many.
    pub(crate) offset: usize,
    pub(crate) length: usize,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) place: Place,
    /// `apis[0].rateLimit`: set once the tree is complete, because merging moves list items.
    pub(crate) path: Arc<str>,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Value {
    Nothing,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) key_place: Place,
    pub(crate) node: Node,
}

impl Node {
    pub(crate) fn at(&self) -> At {
        self.place.at(&self.path)
    }

    /// What people call this kind of value.
    pub(crate) fn describe(&self) -> &'static str {
        match &self.value {
            Value::Nothing => "nothing",
            Value::Bool(_) => "true or false",
            Value::Integer(_) | Value::Float(_) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }

    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entries()
            .iter()
            .find(|entry| entry.key == key)
            .map(|entry| &entry.node)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            Value::Nothing
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => &[],
        }
    }

    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            Value::Nothing
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::Map(_) => &[],
        }
    }

    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            Value::Nothing
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::List(_)
            | Value::Map(_) => None,
        }
    }

    /// Gives every node below its path, as the finished tree has it.
    pub(crate) fn number(&mut self, path: &str) {
        self.path = Arc::from(path);
        match &mut self.value {
            Value::List(items) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.number(&format!("{path}[{index}]"));
                }
            }
            Value::Map(entries) => {
                for entry in entries {
                    entry.node.number(&join(path, &entry.key));
                }
            }
            Value::Nothing
            | Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_) => {}
        }
    }
}

impl Value {
    pub(crate) fn map() -> Self {
        Self::Map(Vec::new())
    }

    pub(crate) fn list() -> Self {
        Self::List(Vec::new())
    }

    pub(crate) fn to_json(&self) -> serde_json::Value {
        match self {
            Self::Nothing => serde_json::Value::Null,
            Self::Bool(value) => (*value).into(),
            Self::Integer(value) => (*value).into(),
            Self::Float(value) => (*value).into(),
            Self::Text(text) => text.as_str().into(),
            Self::List(items) => items.iter().map(|item| item.value.to_json()).collect(),
            Self::Map(entries) => {
                let pairs = entries
                    .iter()
                    .map(|entry| (entry.key.clone(), entry.node.value.to_json()));
                serde_json::Value::Object(pairs.collect())
            }
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

/// The path of a key below `path`.
pub(crate) fn join(path: &str, key: &str) -> String {
    let plain = key
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    match (plain && !key.is_empty(), path.is_empty()) {
        (true, true) => key.to_owned(),
        (true, false) => format!("{path}.{key}"),
        (false, _) => format!("{path}[{key:?}]"),
    }
}

impl Place {
    pub(crate) fn at(&self, path: &str) -> At {
        At::new(path, &self.source.name, self.line, self.column)
    }
}

/// Lays one document over another: maps are merged, lists whose items all have a `name` are merged by it, nothing
/// (`null`) removes what is underneath, and everything else is replaced.
pub(crate) fn overlay(base: Node, over: Node) -> Node {
    let value = match (base.value, over.value) {
        (Value::Map(base), Value::Map(over)) => Value::Map(overlay_entries(base, over)),
        (Value::List(base), Value::List(over))
            if !over.is_empty() && named(&base) && named(&over) =>
        {
            Value::List(overlay_items(base, over))
        }
        (_, over) => over,
    };
    Node { value, ..over }
}

fn overlay_entries(mut base: Vec<Entry>, over: Vec<Entry>) -> Vec<Entry> {
    for entry in over {
        match base.iter().position(|under| under.key == entry.key) {
            Some(index) if entry.node.value == Value::Nothing => {
                base.remove(index);
            }
            Some(index) => {
                let under = base[index].node.clone();
                base[index] = Entry {
                    node: overlay(under, entry.node),
                    ..entry
                };
            }
            None => base.push(entry),
        }
    }
    base
}

fn overlay_items(mut base: Vec<Node>, over: Vec<Node>) -> Vec<Node> {
    for item in over {
        match base.iter().position(|under| name(under) == name(&item)) {
            Some(index) => base[index] = overlay(base[index].clone(), item),
            None => base.push(item),
        }
    }
    base
}

fn name(item: &Node) -> Option<&str> {
    item.get("name").and_then(Node::text)
}

fn named(items: &[Node]) -> bool {
    items.iter().all(|item| name(item).is_some())
}

/// What stops a file from being a tree at all.
pub(crate) struct Malformed {
    pub(crate) message: String,
    pub(crate) place: Place,
}

pub(crate) fn parse(source: &Arc<Source>) -> Result<Node, Box<Malformed>> {
    let options = serde_saphyr::options! {
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        non_finite_float_policy: NonFiniteFloatPolicy::PassThrough,
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        with_snippet: false,
    };
    match serde_saphyr::from_str_with_options::<Spanned<Raw>>(&source.text, options) {
        Ok(raw) => Ok(node(raw, source)),
        Err(error) => {
            let place = place(error.location().unwrap_or(Location::UNKNOWN), source);
            let told = error.to_string();
            // The diagnostic has its own place for the position.
            let message = told
                .split_once(" at line ")
                .map_or(told.as_str(), |(message, _)| message);
            Err(Box::new(Malformed {
                message: message.to_owned(),
                place,
            }))
        }
    }
}

fn node(raw: Spanned<Raw>, source: &Arc<Source>) -> Node {
    let place = place(raw.referenced, source);
    let value = match raw.value {
        Raw::Nothing => Value::Nothing,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Integer(value) => Value::Integer(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(text) => Value::Text(text),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, source)).collect()),
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| entry(key, value, source))
                .collect(),
        ),
    };
    Node {
        value,
        place,
        path: Arc::from(""),
    }
}

/// A collection stands where its key does: that is the place to look when something is missing inside it.
fn entry(key: Spanned<Key>, value: Spanned<Raw>, source: &Arc<Source>) -> Entry {
    let key_place = place(key.referenced, source);
    let mut node = node(value, source);
    if matches!(node.value, Value::Map(_) | Value::List(_) | Value::Nothing) {
        node.place = key_place.clone();
    }
    Entry {
        key: key.value.0,
        key_place,
        node,
    }
}

fn place(location: Location, source: &Arc<Source>) -> Place {
    let span = location.span();
    let offset = span
        .byte_offset()
        .and_then(|offset| usize::try_from(offset).ok())
        .unwrap_or(0);
    let length = span
        .byte_len()
        .and_then(|length| usize::try_from(length).ok())
        .unwrap_or(0);
    Place {
        source: Arc::clone(source),
        line: u32::try_from(location.line()).unwrap_or(1).max(1),
        column: u32::try_from(location.column()).unwrap_or(1).max(1),
        offset,
        length,
    }
}

/// The document as serde hands it over.
enum Raw {
    Nothing,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<Key>, Spanned<Raw>)>),
}

/// Keys are text whatever they look like: `404:` is the key `404`.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Nothing)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(i64::try_from(value).map_or_else(|_| Raw::Text(value.to_string()), Raw::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Float(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Raw::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut map = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            map.push(entry);
        }
        Ok(Raw::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use proptest::prelude::*;

    use super::*;

    fn tree(text: &str) -> Node {
        let source = Source {
            name: Arc::from("a.yaml"),
            directory: PathBuf::new(),
            text: text.to_owned(),
        };
        let mut root =
            parse(&Arc::new(source)).unwrap_or_else(|malformed| panic!("{}", malformed.message));
        root.number("");
        root
    }

    fn find<'n>(node: &'n Node, path: &str) -> Option<&'n Node> {
        let below = node
            .entries()
            .iter()
            .map(|entry| &entry.node)
            .chain(node.items());
        if &*node.path == path {
            Some(node)
        } else {
            below.into_iter().find_map(|node| find(node, path))
        }
    }

    #[test]
    fn scalars_stand_at_their_value_and_collections_at_their_key() {
        let root = tree("a:\n  b: x\n  é: [ 1, { c: true } ]\nd: { e: '' }\n");
        let places = [
            "a",
            "a.b",
            "a[\"é\"]",
            "a[\"é\"][0]",
            "a[\"é\"][1]",
            "a[\"é\"][1].c",
            "d.e",
        ];
        let found = places.map(|path| {
            find(&root, path)
                .unwrap()
                .at()
                .to_string()
                .replace("a.yaml:", "")
        });
        assert_eq!(found, ["1:1", "2:6", "3:3", "3:8", "3:11", "3:16", "4:9"]);
    }

    #[test]
    fn repeated_keys_are_all_kept() {
        let root = tree("a: 1\na: 2\n");
        assert_eq!(
            root.entries()
                .iter()
                .map(|entry| entry.key_place.line)
                .collect::<Vec<_>>(),
            [1, 2]
        );
    }

    /// What the repository ships reads the same with `serde_yaml`, which knows neither positions nor merges.
    #[test]
    fn the_files_of_the_repository_read_the_same_with_another_reader() {
        let repository = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
        for name in [
            "templates/secure-api.yaml",
            "templates/openapi/orders.yaml",
            "environments/dev.yaml",
            "environments/prod.yaml",
        ] {
            let text = std::fs::read_to_string(repository.join(name)).unwrap();
            assert_eq!(
                tree(&text).value.to_json(),
                serde_yaml::from_str::<serde_json::Value>(&text).unwrap(),
                "{name}"
            );
        }
    }

    #[test]
    fn scalars_that_readers_like_to_disagree_about_read_the_same() {
        let text = "[yes, on, y, ~, null, 0755, 1_000, 0x10, 0o17, 1e3, 1.10, 2027-01-31, 12:30, '404', \"\\u00e9\", ./a, +1, -0, 5m, .5]";
        assert_eq!(
            tree(text).value.to_json(),
            serde_yaml::from_str::<serde_json::Value>(text).unwrap()
        );
    }

    /// The two exceptions: `serde_yaml` knows no merge keys, and refuses repeated keys outright.
    #[test]
    fn merges_and_repeated_keys_are_read_where_the_other_reader_differs() {
        let merged = "base: &b { k: v }\nm: { <<: *b, z: 1 }\n";
        assert_eq!(
            tree(merged).value.to_json()["m"],
            serde_json::json!({ "k": "v", "z": 1 })
        );
        assert_ne!(
            serde_yaml::from_str::<serde_json::Value>(merged).unwrap()["m"],
            serde_json::json!({ "k": "v", "z": 1 })
        );
        assert!(serde_yaml::from_str::<serde_yaml::Value>("a: 1\na: 2\n").is_err());
    }

    fn json() -> impl Strategy<Value = serde_json::Value> {
        let leaf = prop_oneof![
            Just(serde_json::Value::Null),
            any::<bool>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            "[ -~é\n]{0,12}".prop_map(serde_json::Value::from),
        ];
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
                prop::collection::btree_map("[a-z./{} ]{1,6}", inner, 0..4)
                    .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

        #[test]
        fn whatever_the_other_reader_writes_is_read_back(value in json()) {
            let text = serde_yaml::to_string(&value).unwrap();
            prop_assert_eq!(tree(&text).value.to_json(), value);
        }

        #[test]
        fn an_overlay_of_itself_changes_nothing(value in json()) {
            let without_null = |text: &str| !text.contains("null");
            let text = serde_yaml::to_string(&value).unwrap();
            prop_assume!(without_null(&text));
            prop_assert_eq!(overlay(tree(&text), tree(&text)).value.to_json(), value);
        }
    }
}

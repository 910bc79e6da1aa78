//! From trees to the model: every section is read whole, so one mistake never hides the next.
//!
//! `section!` declares a part of the model once: the struct, its keys, its defaults, its documentation. Reading,
//! the check for unknown keys and the JSON Schema all come from that declaration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde_json::json;
use uuid::Uuid;

use super::diagnostic::{Code, Diagnostic};
use super::project::{Project, Refused};
use super::reference::{Part, Reference, parse};
use super::secret::{is_secret_name, looks_like_secret};
use super::source::Source;
use super::tree::{self, Node, Place, Value, join};
use crate::text::{list_of_names, nearest};

/// A type that can be read from a spec. Problems go to the reader; `None` says that there was one.
pub(crate) trait Read: Sized {
    /// Describes the text that is read: the schema is about what people write, not about what it becomes.
    type Written: JsonSchema;
    const REQUIRED: bool = true;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// What it means that the key is not there.
    fn absent(parent: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        reader.missing(parent, key);
        None
    }
}

pub(crate) struct Reader<'a> {
    project: &'a mut Project,
    environment: &'a BTreeMap<String, String>,
    sandbox: bool,
    pub(crate) notes: Notes,
}

/// What reading brought to light beside the values themselves.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) problems: Vec<Diagnostic>,
    /// Keys that were not written: the section's path, the key, the value that stands in.
    pub(crate) defaults: Vec<(Arc<str>, &'static str, Node)>,
    /// What references in ordinary fields came to, by path.
    pub(crate) resolved: BTreeMap<Arc<str>, String>,
    /// Paths whose values are secret.
    pub(crate) secrets: BTreeSet<Arc<str>>,
    /// What must not be shown, wherever the text around it is.
    pub(crate) masked: Vec<Place>,
}

/// What the sandbox answers for references to variables that are not set, by the path that asks.
const SANDBOX: &[(&str, &str)] = &[
    ("azure.subscription", "00000000-0000-4000-8000-000000000001"),
    ("azure.tenantId", "00000000-0000-4000-8000-000000000002"),
    ("identity.tenantId", "00000000-0000-4000-8000-000000000003"),
    (
        "identity.credential.clientId",
        "00000000-0000-4000-8000-000000000004",
    ),
];

impl<'a> Reader<'a> {
    pub(crate) fn new(
        project: &'a mut Project,
        environment: &'a BTreeMap<String, String>,
        sandbox: bool,
    ) -> Self {
        Self {
            project,
            environment,
            sandbox,
            notes: Notes::default(),
        }
    }

    pub(crate) fn report(
        &mut self,
        node: &Node,
        code: Code,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        let place = &node.place;
        let length = place
            .source
            .text
            .get(place.offset..place.offset + place.length)
            .map_or(0, |text| text.lines().next().unwrap_or("").chars().count());
        let mut diagnostic = Diagnostic::new(code, node.at(), message).underline(length);
        diagnostic.help = help;
        self.notes.problems.push(diagnostic);
    }

    /// Reports a value that must not be shown.
    pub(crate) fn report_secret(
        &mut self,
        node: &Node,
        code: Code,
        message: impl Into<String>,
        help: String,
    ) {
        self.notes.masked.push(node.place.clone());
        self.report(node, code, message, Some(help));
    }

    /// The tree of a file whose nodes lie below `path`, without keys that are there twice.
    pub(crate) fn parse(&mut self, source: &Arc<Source>, path: &str) -> Option<Node> {
        let mut root = match tree::parse(source) {
            Ok(root) => root,
            Err(malformed) => {
                let node = Node {
                    value: Value::Nothing,
                    place: malformed.place,
                    path: Arc::from(path),
                };
                self.report(&node, Code::Syntax, malformed.message, None);
                return None;
            }
        };
        root.number(path);
        self.repeated_keys(&root);
        Some(root)
    }

    fn repeated_keys(&mut self, node: &Node) {
        let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
        for entry in node.entries() {
            if let Some(first) = seen.get(entry.key.as_str()) {
                let place = Node {
                    place: entry.key_place.clone(),
                    ..entry.node.clone()
                };
                let message = format!("`{}` is already there at line {}", entry.key, first.line);
                self.report(
                    &place,
                    Code::DuplicateKey,
                    message,
                    Some("keep one of the two".to_owned()),
                );
            } else {
                seen.insert(&entry.key, &entry.key_place);
            }
            self.repeated_keys(&entry.node);
        }
        for item in node.items() {
            self.repeated_keys(item);
        }
    }

    fn missing(&mut self, parent: &Node, key: &str) {
        let inside = if parent.path.is_empty() {
            "the spec".to_owned()
        } else {
            format!("`{}`", parent.path)
        };
        self.report(
            parent,
            Code::MissingKey,
            format!("{inside} lacks `{key}`"),
            None,
        );
    }

    pub(crate) fn wrong_type<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let help = match node.value {
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if expected == "text" => {
                Some("put it in quotes".to_owned())
            }
            Value::Nothing => Some("give it a value, or leave the key out".to_owned()),
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => None,
        };
        self.report(
            node,
            Code::WrongType,
            format!("expected {expected}, found {}", node.describe()),
            help,
        );
        None
    }

    /// Checks that the node is a map with none but these keys.
    pub(crate) fn section(&mut self, node: &Node, keys: &[&'static str]) -> Option<()> {
        if !matches!(node.value, Value::Map(_)) {
            return self.wrong_type(node, "a map");
        }
        for entry in node
            .entries()
            .iter()
            .filter(|entry| !keys.contains(&entry.key.as_str()))
        {
            let help = match nearest(&entry.key, keys.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("possible here: {}", list_of_names(keys)),
            };
            let inside = if node.path.is_empty() {
                String::new()
            } else {
                format!(" in `{}`", node.path)
            };
            let place = Node {
                place: entry.key_place.clone(),
                ..entry.node.clone()
            };
            self.report(
                &place,
                Code::UnknownKey,
                format!("unknown key `{}`{inside}", entry.key),
                Some(help),
            );
        }
        Some(())
    }

    pub(crate) fn field<T: Read>(
        &mut self,
        parent: &Node,
        key: &'static str,
        default: Option<Value>,
    ) -> Option<T> {
        if let Some(node) = parent.get(key) {
            return T::read(node, self);
        }
        let Some(value) = default else {
            return T::absent(parent, key, self);
        };
        let node = Node {
            value,
            place: parent.place.clone(),
            path: Arc::from(join(&parent.path, key)),
        };
        self.notes
            .defaults
            .push((Arc::clone(&parent.path), key, node.clone()));
        T::read(&node, self)
    }

    /// The text of a field that is no secret, its references answered.
    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        let Some(text) = node.text() else {
            return self.wrong_type(node, "text");
        };
        let parts = match parse(text) {
            Ok(parts) => parts,
            Err(message) => {
                self.report(node, Code::Reference, message, None);
                return None;
            }
        };
        let is_reference = parts.iter().any(|part| matches!(part, Part::Reference(_)));
        let pieces: Vec<Option<String>> = parts
            .into_iter()
            .map(|part| self.answer(node, part))
            .collect();
        let answered = pieces.into_iter().collect::<Option<String>>()?;
        if is_reference {
            if looks_like_secret(&answered).is_some() {
                self.notes.secrets.insert(Arc::clone(&node.path));
                self.report(
                    node,
                    Code::SecretOutOfPlace,
                    "the value looks like a secret, and this field is not kept secret",
                    None,
                );
                return None;
            }
            self.notes
                .resolved
                .insert(Arc::clone(&node.path), answered.clone());
        }
        Some(answered)
    }

    fn answer(&mut self, node: &Node, part: Part) -> Option<String> {
        match part {
            Part::Literal(text) => Some(text),
            Part::Reference(Reference::Environment { variable, default }) => {
                self.answer_variable(node, &variable, default)
            }
            Part::Reference(Reference::File { path }) => {
                let source = self.open(node, &path)?;
                Some(source.text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Part::Reference(Reference::KeyVault { .. }) => {
                let help = "Key Vault references are for `functions[].settings` and `identity.credential.clientSecret`".to_owned();
                self.report(
                    node,
                    Code::SecretOutOfPlace,
                    "this field is not kept secret",
                    Some(help),
                );
                None
            }
        }
    }

    fn answer_variable(
        &mut self,
        node: &Node,
        variable: &str,
        default: Option<String>,
    ) -> Option<String> {
        if is_secret_name(variable) {
            let message = format!("`{variable}` names a secret, and this field is not kept secret");
            self.report(
                node,
                Code::SecretOutOfPlace,
                message,
                Some("use a variable with another name if its value is no secret".to_owned()),
            );
            return None;
        }
        let set = self
            .environment
            .get(variable)
            .filter(|value| !value.is_empty())
            .cloned();
        let sandbox = || {
            SANDBOX
                .iter()
                .find(|(path, _)| self.sandbox && *path == &*node.path)
                .map(|(_, value)| (*value).to_owned())
        };
        if let Some(value) = set.or(default).or_else(sandbox) {
            return Some(value);
        }
        let help = if self.sandbox {
            "the sandbox answers for subscription, tenants and credentials only: set the variable"
        } else {
            "set it, or give a default: `${env:NAME:-default}`"
        };
        self.report(
            node,
            Code::Reference,
            format!("environment variable `{variable}` is not set"),
            Some(help.to_owned()),
        );
        None
    }

    /// Opens the file that a node names.
    pub(crate) fn open(&mut self, node: &Node, path: &str) -> Option<Arc<Source>> {
        match self.project.open(&node.place.source.directory, path) {
            Ok(source) => Some(source),
            Err(refused) => {
                self.report(node, refused.code, refused.message, refused.help);
                None
            }
        }
    }

    /// Opens a file by a name relative to where the user stands.
    pub(crate) fn open_from_directory(&mut self, file: &Path) -> Result<Arc<Source>, Refused> {
        let directory = self.project.directory().to_owned();
        self.project.open(&directory, &file.to_string_lossy())
    }

    /// The path of a file that a node names and that is read only when it is needed.
    pub(crate) fn locate(&mut self, node: &Node, path: &str) -> Option<String> {
        match self.project.resolve(&node.place.source.directory, path) {
            Ok(file) => Some(self.project.show(&file)),
            Err(refused) => {
                self.report(node, refused.code, refused.message, refused.help);
                None
            }
        }
    }

    /// A value in the form it would have had, had it been written out in place of a reference to it.
    fn scalar<T: std::str::FromStr>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let text = self.text(node)?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.report(
                node,
                Code::WrongType,
                format!("expected {expected}, and the reference came to something else"),
                None,
            );
        }
        value
    }
}

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
                None,
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

macro_rules! written_as {
    ($name:ident, $pattern:literal, $example:literal) => {
        pub(crate) struct $name;

        impl JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                text_schema($pattern, $example)
            }
        }
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
            reader.report(node, Code::InvalidValue, "must not be empty", None);
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
                Some("expected `00000000-0000-0000-0000-000000000000`".to_owned()),
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
            reader.report(
                node,
                Code::InvalidValue,
                "a duration needs a unit",
                Some(help),
            );
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
                Some(help),
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

/// One key of a section, for the schema.
pub(crate) struct FieldRow {
    pub(crate) key: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) required: bool,
    pub(crate) default: Option<Value>,
    pub(crate) schema: Schema,
}

pub(crate) fn section_schema(doc: &str, fields: Vec<FieldRow>) -> Schema {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for FieldRow {
        key,
        doc,
        required: is_required,
        default,
        mut schema,
    } in fields
    {
        schema.insert("description".to_owned(), json!(doc.trim()));
        if is_required && default.is_none() {
            required.push(key);
        }
        if let Some(default) = default {
            schema.insert("default".to_owned(), default.to_json());
        }
        properties.insert(key.to_owned(), schema.to_value());
    }
    json_schema!({ "type": "object", "description": doc.trim(), "properties": properties, "required": required, "additionalProperties": false })
}

/// Declares a section of the spec: see the module's documentation. A key's line is
/// `"key" field: Type [as WrittenType] [= default as it would be written]`.
macro_rules! section {
    (
        $(#[doc = $doc:literal])*
        $vis:vis struct $name:ident {
            $( $(#[doc = $field_doc:literal])* $key:literal $field:ident: $type:ty $(as $wire:ty)? $(= $default:expr)?, )*
        }
        $(check $check:path)?
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Debug, PartialEq)]
        $vis struct $name {
            pub at: $crate::resource::At,
            $( $(#[doc = $field_doc])* pub $field: $type, )*
        }

        impl $crate::spec::read::Read for $name {
            type Written = Self;

            fn read(node: &$crate::spec::tree::Node, reader: &mut $crate::spec::read::Reader<'_>) -> Option<Self> {
                reader.section(node, &[$($key),*])?;
                $( let $field = reader.field::<$crate::spec::read::section!(@wire $type $(, $wire)?)>(node, $key, $crate::spec::read::section!(@default $($default)?)); )*
                let section = Self { at: node.at(), $( $field: $field?.into(), )* };
                $( $check(&section, node, reader); )?
                Some(section)
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                use $crate::spec::read::{FieldRow, Read};
                let fields = vec![$(FieldRow {
                    key: $key,
                    doc: concat!($($field_doc, "\n"),*),
                    required: <$crate::spec::read::section!(@wire $type $(, $wire)?) as Read>::REQUIRED,
                    default: $crate::spec::read::section!(@default $($default)?),
                    schema: <<$crate::spec::read::section!(@wire $type $(, $wire)?) as Read>::Written>::json_schema(generator),
                }),*];
                $crate::spec::read::section_schema(concat!($($doc, "\n"),*), fields)
            }
        }
    };
    (@wire $type:ty) => { $type };
    (@wire $type:ty, $wire:ty) => { $wire };
    (@default) => { None };
    (@default $default:expr) => { Some($crate::spec::tree::Value::from($default)) };
}
pub(crate) use section;

/// Declares a value that is one of a few words. `refused` names words that are known and why they will not do.
macro_rules! choice {
    (
        $(#[doc = $doc:literal])*
        $vis:vis enum $name:ident {
            $( $(#[doc = $variant_doc:literal])* $variant:ident = $word:literal, )+
        }
        $(refused { $( $refused:literal => $why:literal, )+ })?
    ) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $vis enum $name { $( $(#[doc = $variant_doc])* $variant, )+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it in the spec.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::spec::read::Read for $name {
            type Written = Self;

            fn read(node: &$crate::spec::tree::Node, reader: &mut $crate::spec::read::Reader<'_>) -> Option<Self> {
                let text = reader.text(node)?;
                let found = Self::ALL.iter().copied().find(|choice| choice.as_str() == text);
                if found.is_none() {
                    let refused: &[(&str, &str)] = &[$($(($refused, $why)),+)?];
                    reader.no_choice(node, &text, &[$($word),+], refused);
                }
                found
            }
        }

        impl schemars::JsonSchema for $name {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($name).into()
            }

            fn inline_schema() -> bool {
                true
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!({ "anyOf": [{ "enum": [$($word),+] }, { "type": "string", "pattern": r"\$\{" }] })
            }
        }
    };
}
pub(crate) use choice;

impl Reader<'_> {
    pub(crate) fn no_choice(
        &mut self,
        node: &Node,
        text: &str,
        words: &[&str],
        refused: &[(&str, &str)],
    ) {
        let possible = format!("possible here: {}", list_of_names(words));
        if let Some((_, why)) = refused.iter().find(|(word, _)| *word == text) {
            self.report(
                node,
                Code::Unsupported,
                format!("`{text}`: {why}"),
                Some(possible),
            );
            return;
        }
        let help = nearest(text, words.iter().copied())
            .map_or(possible, |near| format!("did you mean `{near}`?"));
        self.report(
            node,
            Code::InvalidValue,
            format!("`{text}` is not one of the values this key can have"),
            Some(help),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        assert_eq!(parse_duration("60s"), Some(Duration::from_secs(60)));
        assert_eq!(
            parse_duration("365d"),
            Some(Duration::from_secs(365 * 86400))
        );
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

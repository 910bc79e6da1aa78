//! Declarations: `section!` and `choice!` say once what the keys and words of a part of the spec are.
//!
//! The struct or enum, how it is read, which keys are unknown, what is taken when one is left out, and the JSON
//! Schema all come from that one declaration.

use schemars::{Schema, json_schema};
use serde_json::json;

use super::tree::Value;

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
        schema.insert("description".to_owned(), json!(flowing(doc)));
        if is_required && default.is_none() {
            required.push(key);
        }
        if let Some(default) = default {
            schema.insert("default".to_owned(), default.to_json());
        }
        properties.insert(key.to_owned(), schema.to_value());
    }
    json_schema!({ "type": "object", "description": flowing(doc), "properties": properties, "required": required, "additionalProperties": false })
}

/// The words of a doc comment without its line breaks.
fn flowing(doc: &str) -> String {
    doc.split_whitespace().collect::<Vec<_>>().join(" ")
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
                $( let $field = reader.field::<$crate::spec::declare::section!(@wire $type $(, $wire)?)>(node, $key, $crate::spec::declare::section!(@default $($default)?)); )*
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
                use $crate::spec::declare::FieldRow;
                use $crate::spec::read::Read;
                let fields = vec![$(FieldRow {
                    key: $key,
                    doc: concat!($($field_doc, "\n"),*),
                    required: <$crate::spec::declare::section!(@wire $type $(, $wire)?) as Read>::REQUIRED,
                    default: $crate::spec::declare::section!(@default $($default)?),
                    schema: <<$crate::spec::declare::section!(@wire $type $(, $wire)?) as Read>::Written>::json_schema(generator),
                }),*];
                $crate::spec::declare::section_schema(concat!($($doc, "\n"),*), fields)
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
            $vis const ALL: &[Self] = &[$(Self::$variant),+];

            /// The word for it in the spec.
            $vis fn as_str(self) -> &'static str {
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

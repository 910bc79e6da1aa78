//! JSON Schema of the spec, for editors: made from the same declarations that read it.

use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::document::Document;

/// Draft 2020-12. A file that is only part of a spec (a template, an environment) may lack what others bring, so
/// keys are required only in a file that stands alone.
pub fn schema() -> Value {
    let mut generator = SchemaGenerator::default();
    let whole = Document::json_schema(&mut generator).to_value();
    let mut definitions = generator.take_definitions(true);
    definitions.insert("Spec".to_owned(), whole.clone());
    let mut part = whole;
    relax(&mut part);
    let parts: Vec<(String, Value)> = definitions
        .iter()
        .filter(|(name, _)| *name != "Spec")
        .map(|(name, definition)| (format!("{name}Part"), relaxed(definition)))
        .collect();
    definitions.extend(parts);
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "secgw spec",
        "if": { "required": ["name", "gateway"], "not": { "required": ["extends"] } },
        "then": { "$ref": "#/$defs/Spec" },
        "$defs": definitions,
    });
    merge(&mut part, head);
    part
}

fn merge(into: &mut Value, from: Value) {
    if let (Value::Object(into), Value::Object(from)) = (into, from) {
        into.extend(from);
    }
}

fn relaxed(definition: &Value) -> Value {
    let mut part = definition.clone();
    relax(&mut part);
    part
}

/// Takes the `required` lists out, here and in whatever is referred to, and lets `null` remove what is underneath.
fn relax(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            if object.get("required").is_some_and(Value::is_array) {
                object.remove("required");
            }
            if let Some(Value::String(reference)) = object.get_mut("$ref") {
                reference.push_str("Part");
            }
            object.values_mut().for_each(relax);
            if let Some(Value::Object(properties)) = object.get_mut("properties") {
                properties.values_mut().for_each(allow_null);
            }
        }
        Value::Array(items) => items.iter_mut().for_each(relax),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn allow_null(property: &mut Value) {
    if let Some(kind) = property.get_mut("type") {
        *kind = json!([kind.take(), "null"]);
    } else if let Some(Value::Array(choices)) = property.get_mut("anyOf") {
        choices.push(json!({ "type": "null" }));
    }
}

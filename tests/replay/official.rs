//! Azure's own documentation examples, put to the sandbox as they are and with one thing wrong.
//!
//! What is wrong comes from the published types (`../shared/azure/schemas`): a required property that is missing, a
//! property that nobody knows, a value of another type.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use secgw::resource::kinds;
use secgw::sandbox::{About, Answer, Direct};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use time::macros::datetime;

use crate::fidelity::recording::{Exchange, Recording, error_code};
use crate::fidelity::seed;

#[derive(Deserialize)]
struct Example {
    id: String,
    method: String,
    path: String,
    query: BTreeMap<String, String>,
    request_body: Value,
    status: u16,
    response_body: Value,
}

#[derive(Default)]
pub(crate) struct Outcome {
    pub(crate) accepted: usize,
    pub(crate) refused: usize,
    /// Types that secgw does not manage.
    pub(crate) unmanaged: Vec<&'static str>,
    pub(crate) troubles: Vec<String>,
}

/// A body with one thing wrong.
struct Broken {
    what: String,
    /// The name that the answer must name.
    name: String,
    body: Value,
}

pub(crate) fn measure(azure: &Path) -> anyhow::Result<Outcome> {
    let text = std::fs::read_to_string(azure.join("examples/official.jsonl"))?;
    let mut outcome = Outcome::default();
    for line in text.lines() {
        // The documents mix their placeholders: everything is in the subscription of the request.
        let whole: Example = serde_json::from_str(line).context("an example of another form")?;
        let own = whole.path.split('/').nth(2).unwrap_or_default();
        let line = line.replace("/subscriptions/subid/", &format!("/subscriptions/{own}/"));
        let example: Example = serde_json::from_str(&line)?;
        put(&example, azure, &mut outcome)?;
    }
    Ok(outcome)
}

/// The broken bodies first: that the sound one is taken last shows what the others were refused for.
fn put(example: &Example, azure: &Path, outcome: &mut Outcome) -> anyhow::Result<()> {
    let dir = tempfile::tempdir()?;
    let tenant = "00000000-0000-4000-8000-000000000002";
    let mut direct = Direct::open(dir.path(), tenant, datetime!(2026-01-02 03:04:05 UTC))?;
    let kind = match direct.about(&example.path) {
        About::Resource(kind) if is_managed(kind) => kind,
        About::Resource(kind) | About::Collection(kind) | About::Action(kind) => {
            outcome.unmanaged.push(kind);
            return Ok(());
        }
        About::Platform | About::Unknown => {
            outcome.unmanaged.push("a type without a row");
            return Ok(());
        }
    };
    for (id, body) in seed::seeds(&example.recording(), &direct).objects.values() {
        direct.plant(id, body)?;
    }
    for group in origin_groups(&example.request_body) {
        let enabled =
            json!({ "properties": { "hostName": "o.example.com", "enabledState": "Enabled" } });
        direct.plant(&format!("{group}/origins/o"), &enabled)?;
    }
    let schema = Schema::read(azure, kind, &example.version())?;
    for broken in schema.broken(example) {
        let answer = example.send(&mut direct, &broken.body);
        let code = error_code(&answer.body).unwrap_or_default();
        let is_refused = answer.status == 400
            && codes(kind).contains(&code.as_str())
            && answer.body.to_string().contains(&broken.name);
        if is_refused {
            outcome.refused += 1;
        } else {
            let said = format!("{} {}", answer.status, answer.body);
            outcome
                .troubles
                .push(format!("{} with {}: {said:.300}", example.id, broken.what));
        }
    }
    let answer = example.send(&mut direct, &example.request_body);
    if (200..300).contains(&answer.status) {
        outcome.accepted += 1;
    } else {
        let said = format!("{} {}", answer.status, answer.body);
        outcome
            .troubles
            .push(format!("{}: {said:.300}", example.id));
    }
    Ok(())
}

/// Groups that a route names: Azure wants an enabled origin in each (quirks.md, Front Door).
fn origin_groups(body: &Value) -> Vec<String> {
    let group = body["properties"]["originGroup"]["id"].as_str();
    group.map(str::to_owned).into_iter().collect()
}

fn is_managed(kind: &str) -> bool {
    kinds::all().any(|known| known.type_name.eq_ignore_ascii_case(kind))
}

/// What the providers call a body that they cannot take.
fn codes(kind: &str) -> &'static [&'static str] {
    match kind.split('/').next() {
        Some("Microsoft.ApiManagement") => &["ValidationError", "LocationRequired"],
        Some("Microsoft.Network") if !kind.contains("FrontDoor") => {
            &["InvalidRequestFormat", "BadRequest", "LocationRequired"]
        }
        _ => &["BadRequest", "LocationRequired"],
    }
}

impl Example {
    fn version(&self) -> String {
        self.query.get("api-version").cloned().unwrap_or_default()
    }

    fn url(&self) -> String {
        format!(
            "https://management.azure.com{}?api-version={}",
            self.path,
            self.version()
        )
    }

    fn recording(&self) -> Recording {
        Recording {
            name: self.id.clone(),
            exchanges: vec![Exchange {
                method: self.method.clone(),
                url: self.url(),
                request_headers: BTreeMap::new(),
                request_body: self.request_body.clone(),
                // Made by the request itself, unless it is a PATCH.
                status: if self.method == "PUT" {
                    201
                } else {
                    self.status
                },
                response_headers: BTreeMap::new(),
                response_body: self.response_body.clone(),
            }],
        }
    }

    fn send(&self, direct: &mut Direct, body: &Value) -> Answer {
        direct.send(&self.method, &self.url(), &[], body)
    }
}

struct Schema(Value);

impl Schema {
    /// The published type at a version, or at the newest before it.
    fn read(azure: &Path, kind: &str, version: &str) -> anyhow::Result<Self> {
        let (namespace, types) = kind.split_once('/').context("a type without a namespace")?;
        let folder = azure.join("schemas").join(namespace);
        let prefix = format!("{}@", types.replace('/', "_"));
        let mut names: Vec<String> = std::fs::read_dir(&folder)
            .with_context(|| format!("cannot list {}", folder.display()))?
            .map(|entry| entry.map(|entry| entry.file_name().to_string_lossy().into_owned()))
            .collect::<Result<_, _>>()?;
        names.retain(|name| name.to_lowercase().starts_with(&prefix.to_lowercase()));
        names.sort();
        let of = |name: &String| {
            name.split_once('@')
                .map(|(_, rest)| rest.trim_end_matches(".json").to_owned())
        };
        let name = names
            .iter()
            .rfind(|name| of(name).is_some_and(|of| of.as_str() <= version))
            .or(names.last())
            .with_context(|| format!("no schema of {kind}"))?;
        let text = std::fs::read(folder.join(name))?;
        Ok(Self(serde_json::from_slice(&text)?))
    }

    fn broken(&self, example: &Example) -> Vec<Broken> {
        let root = &self.0["$defs"]["request"];
        let mut walk = Walk {
            schema: self,
            sound: &example.request_body,
            is_whole: example.method == "PUT",
            broken: Vec::new(),
        };
        walk.object("", root, &example.request_body);
        walk.broken
    }

    fn resolved<'a>(&'a self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(name) => self
                .0
                .pointer(name.trim_start_matches('#'))
                .unwrap_or(schema),
            None => schema,
        }
    }
}

struct Walk<'a> {
    schema: &'a Schema,
    sound: &'a Value,
    /// A PATCH may leave out what a PUT must say.
    is_whole: bool,
    broken: Vec<Broken>,
}

impl Walk<'_> {
    fn value(&mut self, pointer: &str, schema: &Value, value: &Value) {
        let schema = self.schema.resolved(schema).clone();
        match value {
            Value::Object(_) => self.object(pointer, &schema, value),
            Value::Array(items) => {
                for (index, item) in items.iter().enumerate() {
                    self.value(&format!("{pointer}/{index}"), &schema["items"], item);
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }

    fn object(&mut self, pointer: &str, schema: &Value, value: &Value) {
        let (Some(known), Some(members)) = (schema["properties"].as_object(), value.as_object())
        else {
            return;
        };
        let known = known.clone();
        if schema["additionalProperties"] == false {
            self.unknown(pointer);
        }
        for name in schema["required"].as_array().into_iter().flatten() {
            if let Some(name) = name
                .as_str()
                .filter(|name| self.is_whole && members.contains_key(*name))
            {
                self.missing(pointer, name);
            }
        }
        for (name, value) in members {
            let Some(schema) = known.get(name).filter(|schema| schema["readOnly"] != true) else {
                continue;
            };
            self.wrong_type(pointer, name, schema);
            self.value(&format!("{pointer}/{name}"), schema, value);
        }
    }

    fn unknown(&mut self, pointer: &str) {
        let name = "nobodyKnowsThis".to_owned();
        let what = format!("an unknown property in '{pointer}'");
        self.change(pointer, what, &name, |members| {
            members.insert(name.clone(), json!("x"));
        });
    }

    fn missing(&mut self, pointer: &str, name: &str) {
        let what = format!("no {pointer}/{name}");
        self.change(pointer, what, name, |members| {
            members.remove(name);
        });
    }

    fn wrong_type(&mut self, pointer: &str, name: &str, schema: &Value) {
        let other = match self.schema.resolved(schema)["type"].as_str() {
            Some("string" | "boolean" | "number" | "integer") => json!({ "of": "another type" }),
            Some("array" | "object") => json!("of another type"),
            _ => return,
        };
        let what = format!("another type at {pointer}/{name}");
        self.change(pointer, what, name, |members| {
            members.insert(name.to_owned(), other);
        });
    }

    fn change(
        &mut self,
        pointer: &str,
        what: String,
        name: &str,
        change: impl FnOnce(&mut Map<String, Value>),
    ) {
        let mut body = self.sound.clone();
        if let Some(members) = body.pointer_mut(pointer).and_then(Value::as_object_mut) {
            change(members);
            let name = name.to_owned();
            self.broken.push(Broken { what, name, body });
        }
    }
}

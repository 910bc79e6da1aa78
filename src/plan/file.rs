//! A saved plan: the plan as data, sealed, with what it was made from.
//!
//! Canonical JSON (members in order). A plan file is an assertion, not an instruction (architecture.md, decision 7):
//! `apply` plans afresh and requires the same. The seal covers all of the content, so what a reviewer read is what was
//! written. Files of every past version can be read: members are added and never change their meaning within one major
//! version, and unknown ones are ignored.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::{Value, json};

use super::basis::{Seen, Traced};
use super::change::{Action, Base, Change, Key, Reason, Set, Verb};
use super::{
    Adopted, Digest, Foreign, History, Idle, Kept, LeftOut, Note, Objection, Opening, Plan,
    Posture, Since, Turn, Unmended, loosen, order,
};
use crate::diff::PropertyChange;
use crate::resource::kind::{Layer, Usual};
use crate::resource::{
    At, Graph, Kind, Live, Owner, Recommendation, ResourceId, Unreadable, kinds,
};

/// The first part of `format_version` that is understood.
const MAJOR: u32 = 1;
/// Members of the file beside those of the plan as data.
const OWN: [&str; 4] = ["basis", "traces", "spec_digest", "seal"];

/// What a file says.
#[derive(Clone, Debug)]
pub struct Saved {
    pub spec: String,
    /// As `render::Target` writes it.
    pub target: Value,
    pub digest: Digest,
    pub plan: Plan,
    pub objections: Vec<Objection>,
    pub allowed: Vec<Objection>,
    pub traces: BTreeMap<ResourceId, Traced>,
    /// The plan as data, as it was written.
    pub document: Value,
}

#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Nor JSON, perhaps.
    #[error("it is not a plan that `secgw plan --out` wrote")]
    NotAPlan,
    #[error(
        "it was written by secgw {tool} in format {version}; this secgw reads formats up to {MAJOR}"
    )]
    Newer { tool: String, version: String },
    #[error("it was changed after it was written")]
    Edited,
    #[error("it lacks what a plan must have")]
    Malformed(#[source] serde_json::Error),
    #[error("it has a {what} that this secgw does not know: `{name}`")]
    Unknown { what: &'static str, name: String },
}

/// The text of the file for a plan as data.
pub fn write(document: &Value, plan: &Plan, desired: &Graph, live: &Live) -> String {
    let mut document = document.clone();
    document["basis"] = json!(plan.basis);
    document["traces"] = json!(super::basis::traces(desired, live));
    document["spec_digest"] = json!(Digest::of_graph(desired));
    document["seal"] = json!(seal(&document));
    format!("{document:#}\n")
}

fn seal(document: &Value) -> Digest {
    Digest::of_text(&document.to_string())
}

pub fn read(text: &str) -> Result<Saved, ReadError> {
    let mut document: Value = serde_json::from_str(text).map_err(|_| ReadError::NotAPlan)?;
    is_readable(&document)?;
    let Some(Value::String(sealed)) = document.as_object_mut().and_then(|all| all.remove("seal"))
    else {
        return Err(ReadError::NotAPlan);
    };
    if sealed != seal(&document).as_str() {
        return Err(ReadError::Edited);
    }
    let written = Written::deserialize(&document).map_err(ReadError::Malformed)?;
    if let Value::Object(members) = &mut document {
        members.retain(|name, _| !OWN.contains(&name.as_str()));
    }
    written.saved(document)
}

fn is_readable(document: &Value) -> Result<(), ReadError> {
    let text = |name: &str| document.get(name).and_then(Value::as_str);
    let version = text("format_version").ok_or(ReadError::NotAPlan)?;
    let major = version
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(major) if major <= MAJOR => Ok(()),
        Some(_) => Err(ReadError::Newer {
            tool: text("secgw_version").unwrap_or("?").to_owned(),
            version: version.to_owned(),
        }),
        None => Err(ReadError::NotAPlan),
    }
}

#[derive(Deserialize)]
struct Written {
    spec: String,
    target: Value,
    digest: Digest,
    summary: Summary,
    objections: Vec<Objection>,
    #[serde(default)]
    allowed: Vec<Objection>,
    changes: Vec<WrittenChange>,
    record: Option<WrittenChange>,
    unreadable: Vec<WrittenUnreadable>,
    foreign: Vec<WrittenForeign>,
    #[serde(default)]
    adopted: Vec<Adopted>,
    #[serde(default)]
    kept: Vec<Kept>,
    #[serde(default)]
    recoverable: Vec<Kept>,
    #[serde(default)]
    existing: BTreeMap<String, usize>,
    #[serde(default)]
    left_out: Vec<WrittenLeftOut>,
    notes: Vec<Note>,
    basis: BTreeMap<ResourceId, Seen>,
    traces: BTreeMap<ResourceId, Traced>,
    #[serde(default)]
    effects: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    since: Since,
    #[serde(default)]
    history: History,
    #[serde(default)]
    controls: Vec<Turn>,
    #[serde(default)]
    exposure: Vec<Opening>,
    #[serde(default)]
    standing: Vec<Unmended>,
    #[serde(default)]
    idle: Vec<Idle>,
}

#[derive(Deserialize)]
struct Summary {
    unchanged: usize,
    #[serde(default)]
    ignored: usize,
}

/// First written as its address alone.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenForeign {
    Address(ResourceId),
    Owned(Foreign),
}

impl From<WrittenForeign> for Foreign {
    fn from(written: WrittenForeign) -> Self {
        match written {
            WrittenForeign::Owned(foreign) => foreign,
            WrittenForeign::Address(address) => Self {
                address,
                item: None,
                owner: Owner::Unknown,
            },
        }
    }
}

#[derive(Deserialize)]
struct WrittenLeftOut {
    change: String,
    why: String,
}

#[derive(Deserialize)]
struct WrittenUnreadable {
    address: String,
    status: Option<u16>,
    code: String,
    message: String,
    hint: Option<String>,
}

#[derive(Deserialize)]
struct WrittenChange {
    address: ResourceId,
    #[serde(default)]
    stage: String,
    #[serde(rename = "type")]
    type_name: String,
    noun: String,
    layer: Layer,
    action: Verb,
    reason_code: String,
    base: Option<Digest>,
    #[serde(default)]
    set: Set,
    #[serde(default)]
    properties: Vec<PropertyChange>,
    #[serde(default)]
    because: Vec<String>,
    depends_on: BTreeSet<String>,
    serves: BTreeSet<Recommendation>,
    source: Option<At>,
    usual_seconds: u32,
}

impl Written {
    fn saved(self, document: Value) -> Result<Saved, ReadError> {
        let written: Vec<WrittenChange> = self.changes.into_iter().chain(self.record).collect();
        let mut needs = Vec::with_capacity(written.len());
        let mut changes = Vec::with_capacity(written.len());
        for change in written {
            needs.push(change.depends_on.clone());
            changes.push(change.change()?);
        }
        let keys: BTreeMap<String, Key> = changes
            .iter()
            .map(|change| (change.key.to_string(), change.key.clone()))
            .collect();
        for (change, needs) in changes.iter_mut().zip(&needs) {
            change.depends_on = needs
                .iter()
                .filter_map(|key| keys.get(key))
                .cloned()
                .collect();
        }
        let effects = self.effects.into_iter();
        let effects = effects.filter_map(|(key, said)| Some((keys.get(&key)?.clone(), said)));
        let left_out = self
            .left_out
            .into_iter()
            .filter_map(WrittenLeftOut::left_out);
        let unreadable = self.unreadable.into_iter().map(|written| {
            let WrittenUnreadable {
                address,
                status,
                code,
                message,
                hint,
            } = written;
            (
                address,
                Unreadable {
                    status,
                    code,
                    message,
                    hint,
                },
            )
        });
        Ok(Saved {
            spec: self.spec,
            target: self.target,
            digest: self.digest,
            plan: Plan {
                changes,
                unchanged: self.summary.unchanged,
                unreadable: unreadable.collect(),
                foreign: self.foreign.into_iter().map(Foreign::from).collect(),
                ignored: self.summary.ignored,
                adopted: self.adopted,
                kept: self.kept,
                recoverable: self.recoverable,
                existing: self.existing,
                left_out: left_out.collect(),
                notes: self.notes,
                basis: self.basis,
                effects: effects.collect(),
                since: self.since,
                standing: self.standing,
                idle: self.idle,
                history: self.history,
                posture: Posture {
                    controls: self.controls,
                    exposure: self.exposure,
                },
            },
            objections: self.objections,
            allowed: self.allowed,
            traces: self.traces,
            document,
        })
    }
}

impl WrittenChange {
    fn change(self) -> Result<Change, ReadError> {
        let kind = kinds::of(&self.address)
            .filter(|kind| kind.type_name == self.type_name)
            .unwrap_or_else(|| self.bygone());
        let reason =
            Reason::of_code(&self.reason_code, &self.address).ok_or(ReadError::Unknown {
                what: "reason",
                name: self.reason_code,
            })?;
        let base = self
            .base
            .map_or(Base::Earlier, |digest| Base::Live { digest });
        let (set, properties) = (self.set, self.properties);
        let action = match self.action {
            Verb::Create => Action::Create { set },
            Verb::Update => Action::Update {
                base,
                set,
                properties,
            },
            Verb::Replace => Action::Replace {
                base,
                set,
                properties,
                because: self.because,
            },
            Verb::Delete => Action::Delete { base },
            Verb::Approve => Action::Approve {
                base,
                set,
                properties,
            },
            Verb::Await => Action::Await,
        };
        Ok(Change {
            key: Key {
                address: self.address,
                stage: stage(kind, self.stage),
            },
            kind,
            action,
            reason,
            depends_on: BTreeSet::new(),
            serves: self.serves,
            source: self.source,
        })
    }

    /// A type that has no row any more is known by what the file says of it. It lives as long as the process, which
    /// reads one file.
    fn bygone(&self) -> &'static Kind {
        let seconds = self.usual_seconds;
        Box::leak(Box::new(Kind {
            type_name: self.type_name.clone().leak(),
            noun: self.noun.clone().leak(),
            layer: self.layer,
            usual: Usual {
                create: seconds,
                update: seconds,
                delete: seconds,
            },
            ..Kind::PLAIN
        }))
    }
}

impl WrittenLeftOut {
    fn left_out(self) -> Option<LeftOut> {
        let (address, stage) = self.change.split_once('#').unwrap_or((&self.change, ""));
        let address = ResourceId::parse(address).ok()?;
        let stage = kinds::of(&address).map_or("", |kind| self::stage(kind, stage.to_owned()));
        Some(LeftOut {
            change: Key { address, stage },
            why: self.why,
        })
    }
}

/// The table's own name of a stage; one that no table has any more lives on as its kind does.
fn stage(kind: &Kind, name: String) -> &'static str {
    let known = kind.stages.iter().map(|stage| stage.name);
    let mut known = known.chain(["", order::DISABLE, loosen::LOOSEN, order::RECORD]);
    known
        .find(|known| *known == name)
        .unwrap_or_else(|| name.leak())
}

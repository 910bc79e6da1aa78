//! Recorded exchanges, and which write is answered by which read.

use std::path::Path;

use anyhow::Context;
use secgw::resource::live::State;
use secgw::resource::{Found, Kind, ResourceId, body, kinds};
use serde::Deserialize;
use serde_json::Value;

use super::others;
use super::witness::Witness;
use crate::fidelity::recording::path_of;

#[derive(Deserialize)]
struct File {
    exchanges: Vec<Line>,
}

#[derive(Deserialize)]
struct Line {
    method: String,
    url: String,
    #[serde(default)]
    request_body: Value,
    status: u16,
    #[serde(default)]
    response_body: Value,
}

/// What an exchange means for one resource.
enum Doing {
    Read(Value),
    Put(Value),
    Patch(Value),
    /// The resource may be another one afterwards: deleted, or written with an unknown outcome.
    Disturb,
}

struct Step {
    id: ResourceId,
    doing: Doing,
}

pub(crate) struct Recording {
    name: String,
    steps: Vec<Step>,
}

/// A write and the read that shows what Azure made of it.
pub(crate) struct Pair {
    pub(crate) recording: String,
    pub(crate) id: ResourceId,
    pub(crate) kind: &'static Kind,
    pub(crate) is_managed: bool,
    /// Whether what was sent is all that is wanted, or what changes.
    pub(crate) is_patch: bool,
    pub(crate) sent: Value,
    pub(crate) live: Value,
}

pub(crate) struct Paired {
    pub(crate) pairs: Vec<Pair>,
    /// Writes that nobody read back, by type.
    pub(crate) unread: Vec<String>,
}

pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<Vec<Recording>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| {
        path.extension()
            .is_some_and(|extension| extension == "json")
    });
    files.sort();
    files.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> anyhow::Result<Recording> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no recording", path.display()))?;
    let name = path.file_stem().unwrap_or_default().to_string_lossy();
    Ok(Recording {
        name: name.into_owned(),
        steps: file.exchanges.into_iter().filter_map(step).collect(),
    })
}

fn step(line: Line) -> Option<Step> {
    let path = path_of(&line.url);
    let is_success = (200..300).contains(&line.status);
    let doing = match line.method.as_str() {
        // API Management polls an operation at the resource's own address.
        "GET" if line.url.to_ascii_lowercase().contains("asyncid=") => return None,
        "GET" if line.status == 200 && line.response_body.is_object() => {
            Doing::Read(line.response_body)
        }
        // The settings of a site are read by a POST.
        "POST" if is_success && path.ends_with("/list") && path.contains("/config/") => {
            let id = ResourceId::parse(path.trim_end_matches("/list")).ok()?;
            return Some(Step {
                id,
                doing: Doing::Read(line.response_body),
            });
        }
        "PUT" if is_success && line.request_body.is_object() => Doing::Put(line.request_body),
        "PATCH" if is_success && line.request_body.is_object() => Doing::Patch(line.request_body),
        // A refused write changes nothing; one that the gateway gave up on may have.
        "PUT" | "PATCH" | "DELETE" if is_success || line.status >= 500 => Doing::Disturb,
        _ => return None,
    };
    let id = ResourceId::parse(&path).ok()?;
    Some(Step { id, doing })
}

pub(crate) fn pairs(recording: &Recording, witness: &Witness) -> Paired {
    let mut paired = Paired {
        pairs: Vec::new(),
        unread: Vec::new(),
    };
    for (at, step) in recording.steps.iter().enumerate() {
        let (sent, is_patch) = match &step.doing {
            Doing::Put(sent) => (sent, false),
            Doing::Patch(sent) => (sent, true),
            Doing::Read(_) | Doing::Disturb => continue,
        };
        let managed = kinds::of(&step.id);
        match settled(&step.id, sent, &recording.steps[at + 1..]) {
            Some(live) => paired.pairs.push(Pair {
                recording: recording.name.clone(),
                id: step.id.clone(),
                kind: managed.unwrap_or_else(|| others::of(&step.id, witness)),
                is_managed: managed.is_some(),
                is_patch,
                sent: sent.clone(),
                live,
            }),
            None => paired.unread.push(step.id.type_name()),
        }
    }
    paired
}

/// The first settled read of an id before anything else happens to it.
fn settled(id: &ResourceId, sent: &Value, later: &[Step]) -> Option<Value> {
    for step in later {
        match &step.doing {
            Doing::Read(body) if step.id == *id => {
                let found = Found {
                    body: body.clone(),
                    etag: None,
                    object: None,
                };
                if found.state() != State::InProgress {
                    return Some(found.body);
                }
            }
            Doing::Put(_) | Doing::Patch(_) | Doing::Disturb if step.id == *id => return None,
            // A member that is a resource of its own is written at its own address too.
            Doing::Put(_) | Doing::Patch(_) | Doing::Disturb if holds(id, sent, &step.id) => {
                return None;
            }
            Doing::Put(body) | Doing::Patch(body) if holds(&step.id, body, id) => return None,
            Doing::Read(_) | Doing::Put(_) | Doing::Patch(_) | Doing::Disturb => {}
        }
    }
    None
}

/// Whether a body speaks of a child resource: a network of its subnets, a site of its configuration.
fn holds(id: &ResourceId, body: &Value, child: &ResourceId) -> bool {
    if child.parent().as_ref() != Some(id) {
        return false;
    }
    let collection = child.collection().rsplit('/').next().unwrap_or_default();
    let member = match collection {
        "config" => "siteConfig",
        collection => collection,
    };
    body::get(body, &format!("/properties/{member}")).is_some()
}

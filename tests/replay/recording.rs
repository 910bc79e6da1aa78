//! Recorded exchanges, and which write is answered by which read.

use std::path::Path;

use anyhow::Context;
use secgw::resource::live::State;
use secgw::resource::{Found, Kind, Read, ResourceId, kinds};
use serde::Deserialize;
use serde_json::Value;

use super::others;

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
    Write(Value),
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
    let path = path(&line.url);
    let is_success = (200..300).contains(&line.status);
    let doing = match line.method.as_str() {
        // API Management polls an operation at the resource's own address.
        "GET" if line.url.to_ascii_lowercase().contains("asyncid=") => return None,
        "GET" if line.status == 200 && line.response_body.is_object() => {
            Doing::Read(line.response_body)
        }
        "POST" if is_success && path.ends_with("/list") => {
            let id = ResourceId::parse(path.trim_end_matches("/list")).ok()?;
            let is_read = row(&id).0.read == Read::PostList;
            return is_read.then_some(Step {
                id,
                doing: Doing::Read(line.response_body),
            });
        }
        "PUT" | "PATCH" if is_success && line.request_body.is_object() => {
            Doing::Write(line.request_body)
        }
        // A refused write changes nothing; one that the gateway gave up on may have.
        "PUT" | "PATCH" | "DELETE" if is_success || line.status >= 500 => Doing::Disturb,
        _ => return None,
    };
    let id = ResourceId::parse(&path).ok()?;
    Some(Step { id, doing })
}

/// The resource's path of a URL: without host and query, percent-decoded, without doubled slashes.
fn path(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        match code.and_then(|code| u8::from_str_radix(code, 16).ok()) {
            Some(byte) if *first == b'%' => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            _ => {
                if !(*first == b'/' && bytes.last() == Some(&b'/')) {
                    bytes.push(*first);
                }
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The row of an id, and whether secgw manages the type.
fn row(id: &ResourceId) -> (&'static Kind, bool) {
    kinds::of(id).map_or_else(|| (others::of(id), false), |kind| (kind, true))
}

pub(crate) fn pairs(recording: &Recording) -> Paired {
    let mut paired = Paired {
        pairs: Vec::new(),
        unread: Vec::new(),
    };
    for (at, step) in recording.steps.iter().enumerate() {
        let Doing::Write(sent) = &step.doing else {
            continue;
        };
        let (kind, is_managed) = row(&step.id);
        match settled(&step.id, &recording.steps[at + 1..]) {
            Some(live) => paired.pairs.push(Pair {
                recording: recording.name.clone(),
                id: step.id.clone(),
                kind,
                is_managed,
                sent: sent.clone(),
                live,
            }),
            None => paired.unread.push(step.id.type_name()),
        }
    }
    paired
}

/// The first settled read of an id before anything else happens to it.
fn settled(id: &ResourceId, later: &[Step]) -> Option<Value> {
    for step in later.iter().filter(|step| step.id == *id) {
        match &step.doing {
            Doing::Read(body) => {
                let found = Found {
                    body: body.clone(),
                    etag: None,
                    object: None,
                };
                if found.state() != State::InProgress {
                    return Some(found.body);
                }
            }
            Doing::Write(_) | Doing::Disturb => return None,
        }
    }
    None
}

//! Recorded traffic: exchanges in order, and what their addresses and answers say.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
pub(crate) struct Recording {
    #[serde(skip)]
    pub(crate) name: String,
    pub(crate) exchanges: Vec<Exchange>,
}

#[derive(Deserialize)]
pub(crate) struct Exchange {
    pub(crate) method: String,
    pub(crate) url: String,
    #[serde(default)]
    pub(crate) request_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) request_body: Value,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) response_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) response_body: Value,
}

pub(crate) fn read_folder(folder: &Path) -> anyhow::Result<Vec<Recording>> {
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .with_context(|| format!("cannot list {}", folder.display()))?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|path| path.extension().is_some_and(|kind| kind == "json"));
    files.sort();
    files.iter().map(|path| read_file(path)).collect()
}

fn read_file(path: &Path) -> anyhow::Result<Recording> {
    let text = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut recording: Recording = serde_json::from_slice(&text)
        .with_context(|| format!("{} is no recording", path.display()))?;
    let name = path.file_stem().unwrap_or_default();
    recording.name = name.to_string_lossy().into_owned();
    for exchange in &mut recording.exchanges {
        exchange.request_body = unwrapped(&exchange.request_body);
    }
    Ok(recording)
}

/// One recorder wrote bytes the way Python prints them: `b'b\\'{"a": 1}\\''`.
fn unwrapped(body: &Value) -> Value {
    let printed = body.as_str().filter(|text| text.starts_with("b'"));
    let json = printed.and_then(|text| text.get(text.find('{')?..=text.rfind('}')?));
    json.and_then(|json| serde_json::from_str(json).ok())
        .unwrap_or_else(|| body.clone())
}

impl Exchange {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_write(&self) -> bool {
        matches!(self.method.as_str(), "PUT" | "PATCH")
    }

    pub(crate) fn is_read(&self) -> bool {
        matches!(self.method.as_str(), "GET" | "HEAD")
    }

    pub(crate) fn path(&self) -> String {
        path_of(&self.url)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.response_headers.iter();
        headers
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The answer belongs to another request: a GET that creates, a POST on a provider answered with a resource.
    pub(crate) fn is_garbled(&self) -> bool {
        let is_poll = self.url.to_lowercase().contains("asyncid=");
        let creates = self.method == "GET" && self.status == 201 && !is_poll;
        let segments = self.path().split('/').count();
        let id = self.response_body["id"].as_str().unwrap_or_default();
        let is_stray = self.method == "POST" && segments <= 6 && id.matches('/').count() > 6;
        creates || is_stray
    }

    /// The recorder took a large body out.
    pub(crate) fn is_dropped(&self) -> bool {
        self.response_body.get("$dropped").is_some()
    }
}

/// Without host and query, percent-decoded, without doubled slashes.
pub(crate) fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let path = rest.find('/').map_or("", |at| &rest[at..]);
    let path = path.split(['?', '#']).next().unwrap_or_default();
    let mut bytes = Vec::new();
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = tail
            .get(..2)
            .and_then(|code| std::str::from_utf8(code).ok());
        let byte = code.and_then(|code| u8::from_str_radix(code, 16).ok());
        if let Some(byte) = byte.filter(|_| *first == b'%') {
            bytes.push(byte);
            rest = &tail[2..];
        } else {
            if !(*first == b'/' && bytes.last() == Some(&b'/')) {
                bytes.push(*first);
            }
            rest = tail;
        }
    }
    let text = String::from_utf8_lossy(&bytes);
    text.trim_end_matches('/').to_owned()
}

/// The code of an error body, in any provider's wrapping.
pub(crate) fn error_code(body: &Value) -> Option<String> {
    let body = body
        .get("error")
        .filter(|error| error.is_object())
        .unwrap_or(body);
    let code = ["code", "Code"].iter().find_map(|name| body.get(name))?;
    code.as_str().map(str::to_owned)
}

/// Words of a provisioning or operation state that has not come to its end.
const RUNNING: &[&str] = &[
    "accepted",
    "activating",
    "created",
    "creating",
    "deleting",
    "inprogress",
    "pending",
    "provisioning",
    "registeringdns",
    "resolvingdns",
    "running",
    "updating",
    "restoring",
];

pub(crate) fn is_running(state: &Value) -> bool {
    state
        .as_str()
        .is_some_and(|state| RUNNING.contains(&state.to_lowercase().as_str()))
}

/// The provisioning state of a resource, or of any member of a list, is on its way.
pub(crate) fn shows_running(body: &Value) -> bool {
    let state = |body: &Value| {
        let properties = &body["properties"];
        is_running(&properties["provisioningState"]) || is_running(&properties["ProvisioningState"])
    };
    state(body)
        || body["value"]
            .as_array()
            .is_some_and(|items| items.iter().any(state))
}

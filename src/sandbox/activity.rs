//! Azure's activity log: who wrote to which ARM resource, and when.
//!
//! Kept beside the objects, in a file of its own: what happened is no state. Served under the address and in the shape
//! of `Microsoft.Insights/eventtypes/management` (Monitor REST API, "Activity Logs - List", 2015-04-01); as in Azure
//! only writes that were accepted are told here, reads never.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::entra::Caller;
use super::message::{Method, Request, Response};
use super::private;
use super::refusal::{ErrorStyle, Refusal};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    time: String,
    resource: String,
    operation: String,
    caller: String,
    app: String,
}

#[derive(Debug, Default)]
pub(crate) struct Activity {
    entries: Vec<Entry>,
    file: Option<File>,
}

impl Activity {
    /// A torn last line of a killed run is passed over.
    pub(crate) fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join("activity.jsonl");
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let entries = text
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect();
        let mut file = private::options().create(true).append(true).open(path)?;
        if !text.is_empty() && !text.ends_with('\n') {
            file.write_all(b"\n")?;
        }
        Ok(Self {
            entries,
            file: Some(file),
        })
    }

    /// Takes a request and its answer in, if it is a write that was accepted.
    pub(crate) fn note(
        &mut self,
        (request, response): (&Request, &Response),
        arm_type: Option<String>,
        caller: &Caller,
        now: OffsetDateTime,
    ) {
        let verb = match request.method {
            Method::Put | Method::Patch => "write",
            Method::Delete => "delete",
            Method::Post | Method::Get | Method::Head | Method::Other => return,
        };
        let (true, Some(arm_type)) = ((200..300).contains(&response.status), arm_type) else {
            return;
        };
        let entry = Entry {
            time: now.format(&Rfc3339).unwrap_or_default(),
            resource: request.path.trim_end_matches('/').to_owned(),
            operation: format!("{arm_type}/{verb}"),
            caller: caller.object_id.clone(),
            app: caller.app_id.clone(),
        };
        let line = serde_json::to_string(&entry).unwrap_or_default();
        if let Some(file) = &mut self.file
            && let Err(error) = writeln!(file, "{line}")
        {
            tracing::warn!(%error, "the sandbox cannot keep its activity log");
        }
        self.entries.push(entry);
    }

    /// The answer, if the request is for the log.
    pub(crate) fn answer(&self, request: &Request) -> Option<Response> {
        let lower = request.path.trim_matches('/').to_lowercase();
        let segments: Vec<&str> = lower.split('/').collect();
        let [
            "subscriptions",
            subscription,
            "providers",
            "microsoft.insights",
            "eventtypes",
            "management",
            "values",
        ] = segments.as_slice()
        else {
            return None;
        };
        if request.method != Method::Get {
            return None;
        }
        Some(
            match Wanted::parse(request.parameter("$filter").unwrap_or_default()) {
                Ok(wanted) => self.list(subscription, &wanted),
                Err(refusal) => refusal.respond(ErrorStyle::Arm),
            },
        )
    }

    /// Newest first, as Azure lists them.
    fn list(&self, subscription: &str, wanted: &Wanted) -> Response {
        let start = format!("/subscriptions/{subscription}/");
        let events: Vec<Value> = self
            .entries
            .iter()
            .rev()
            .filter(|entry| {
                entry.resource.to_lowercase().starts_with(&start) && wanted.takes(entry)
            })
            .map(Entry::event)
            .collect();
        Response::json(200, json!({ "value": events }))
    }
}

impl Entry {
    fn event(&self) -> Value {
        let localized = |value: &str| json!({ "value": value, "localizedValue": value });
        json!({
            "authorization": { "action": self.operation, "scope": self.resource },
            "caller": self.caller,
            "claims": { "appid": self.app },
            "category": localized("Administrative"),
            "operationName": localized(&self.operation),
            "status": localized("Succeeded"),
            "level": "Informational",
            "resourceId": self.resource,
            "eventTimestamp": self.time,
        })
    }
}

/// `eventTimestamp ge '…' and resourceGroupName eq '…'`; the start is required.
#[derive(Debug, Default)]
struct Wanted {
    from: String,
    to: Option<String>,
    group: Option<String>,
    resource: Option<String>,
}

impl Wanted {
    fn parse(filter: &str) -> Result<Self, Refusal> {
        let mut wanted = Self::default();
        for term in filter.split(" and ") {
            let words: Vec<&str> = term.trim().splitn(3, ' ').collect();
            let value = |text: &str| text.trim_matches('\'').to_owned();
            match words.as_slice() {
                ["eventTimestamp", "ge", from] => wanted.from = value(from),
                ["eventTimestamp", "le", to] => wanted.to = Some(value(to)),
                ["resourceGroupName", "eq", name] => {
                    wanted.group = Some(value(name).to_lowercase());
                }
                ["resourceUri", "eq", id] => wanted.resource = Some(value(id).to_lowercase()),
                _ => return Err(refused(&format!("'{term}' is no term of this filter."))),
            }
        }
        if wanted.from.is_empty() {
            return Err(refused("The start time is missing."));
        }
        Ok(wanted)
    }

    fn takes(&self, entry: &Entry) -> bool {
        let id = entry.resource.to_lowercase();
        let in_group = |name: &String| {
            id.split('/')
                .nth(4)
                .is_some_and(|group| group == name.as_str())
        };
        entry.time >= self.from
            && self.to.as_ref().is_none_or(|to| entry.time <= *to)
            && self.group.as_ref().is_none_or(in_group)
            && self.resource.as_ref().is_none_or(|wanted| *wanted == id)
    }
}

fn refused(why: &str) -> Refusal {
    Refusal::new(400, "BadRequest", why.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(time: &str, group: &str) -> Entry {
        Entry {
            time: time.to_owned(),
            resource: format!("/subscriptions/s/resourceGroups/{group}/providers/a/b/c"),
            operation: "a/b/write".to_owned(),
            caller: "who".to_owned(),
            app: "what".to_owned(),
        }
    }

    #[test]
    fn the_log_is_read_from_a_time_on_and_by_group() {
        let wanted = "eventTimestamp ge '2026-01-02T00:00:00Z' and resourceGroupName eq 'RG'";
        let wanted = Wanted::parse(wanted).unwrap();
        assert!(wanted.takes(&entry("2026-01-02T10:00:00.5Z", "rg")));
        assert!(!wanted.takes(&entry("2026-01-01T10:00:00Z", "rg")));
        assert!(!wanted.takes(&entry("2026-01-02T10:00:00Z", "other")));
        for wrong in ["", "resourceGroupName eq 'rg'", "eventTimestamp gt 'x'"] {
            assert!(Wanted::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_log_survives_a_restart_and_a_torn_line() {
        let dir = tempfile::TempDir::new().unwrap();
        let path = dir.path().join("activity.jsonl");
        let line = serde_json::to_string(&entry("2026-01-02T10:00:00Z", "rg")).unwrap();
        fs::write(&path, format!("{line}\n{{\"time\":")).unwrap();
        let activity = Activity::open(dir.path()).unwrap();
        assert_eq!(activity.entries.len(), 1);
    }
}

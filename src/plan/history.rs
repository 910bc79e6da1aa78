//! Who changed live state since it was last applied, as far as Azure's activity log says. Pure: the log is read elsewhere.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Change;
use crate::resource::{Realm, ResourceId, Written};

/// Applications of Microsoft that people change Azure with ("Verify first-party Microsoft applications in sign-in
/// reports", learn.microsoft.com, read 2026-11-24).
const TOOLS: [(&str, &str); 3] = [
    ("c44b4083-3bb0-49c1-b47d-974e53cbdf3c", "Azure portal"),
    ("04b07795-8ddb-461a-bbee-02f9e1bf7b46", "Azure CLI"),
    ("1950a258-227b-4e31-a9cf-717495945fc2", "Azure PowerShell"),
];

const RECORDED: &str = "Microsoft.Resources/subscriptions/resourceGroups/write";

/// What explains the drift of a plan.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// The last one to change each resource that drifted.
    pub authors: BTreeMap<ResourceId, Author>,
    /// Why there is less to say than there could be.
    pub note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    pub who: String,
    /// The tool, where it is a known one; else the application by its id.
    pub through: Option<String>,
    /// In RFC 3339, UTC.
    pub at: String,
}

impl History {
    /// The newest write to each changed resource, or the removal of something it was in, after the last apply. That is
    /// known by the write to the resource group that ends every apply: what came before is what secgw did.
    pub fn of(changes: &[Change], group: &ResourceId, log: &[Written]) -> Self {
        let applied = log
            .iter()
            .filter(|written| written.address == *group)
            .filter(|written| written.operation.eq_ignore_ascii_case(RECORDED))
            .map(|written| moment(&written.at))
            .max()
            .unwrap_or_default();
        let authors = changes
            .iter()
            .map(|change| &change.key.address)
            .filter(|address| address.realm() == Realm::Arm)
            .filter_map(|address| {
                let writes = log
                    .iter()
                    .filter(|written| moment(&written.at) > applied && concerns(written, address));
                let last = writes.max_by_key(|written| moment(&written.at))?;
                Some((address.clone(), Author::of(last)))
            });
        Self {
            authors: authors.collect(),
            note: None,
        }
    }
}

fn concerns(written: &Written, address: &ResourceId) -> bool {
    let is_removal = written.operation.to_ascii_lowercase().ends_with("/delete");
    written.address == *address || is_removal && address.is_within(&written.address)
}

/// Times of one log are all UTC and differ in how many digits the second has.
fn moment(at: &str) -> &str {
    at.trim_end_matches('Z')
}

impl Author {
    fn of(written: &Written) -> Self {
        let tool = |id: &String| {
            let known = TOOLS.iter().find(|(app, _)| app.eq_ignore_ascii_case(id));
            known.map_or_else(
                || format!("application {id}"),
                |(_, name)| (*name).to_owned(),
            )
        };
        Self {
            who: written.caller.clone(),
            through: written
                .app
                .as_ref()
                .filter(|app| **app != written.caller)
                .map(tool),
            at: written.at.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Change, plan};
    use super::*;
    use crate::resource::{Graph, Live, Resource, Term, Wanted, kinds};
    use serde_json::json;

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    fn service() -> ResourceId {
        group().provider("Microsoft.ApiManagement/service", "a")
    }

    fn changes() -> Vec<Change> {
        let api = service().child("apis", "orders");
        let resource = Resource {
            wanted: Wanted::Body(Term::from(json!({}))),
            ..Resource::unnamed(&api, kinds::of(&api).unwrap())
        };
        plan(&Graph::new("o", vec![resource]).unwrap(), &Live::default()).changes
    }

    fn written(address: &ResourceId, operation: &str, at: &str, app: &str) -> Written {
        Written {
            address: address.clone(),
            operation: operation.to_owned(),
            at: at.to_owned(),
            caller: "ada@example.com".to_owned(),
            app: Some(app.to_owned()),
        }
    }

    #[test]
    fn the_last_write_after_the_last_apply_is_the_one_that_counts() {
        let api = service().child("apis", "orders");
        let portal = "C44B4083-3bb0-49c1-b47d-974e53cbdf3c";
        let log = [
            written(&api, "x/write", "2026-01-01T09:00:00Z", "before"),
            written(
                &group(),
                &RECORDED.to_lowercase(),
                "2026-01-01T10:00:00Z",
                "secgw",
            ),
            written(&api, "x/write", "2026-01-01T10:00:00.5Z", "first"),
            written(&api, "x/write", "2026-01-01T11:00:00Z", portal),
            written(
                &service().child("apis", "other"),
                "x/write",
                "2026-01-01T12:00:00Z",
                "other",
            ),
        ];
        let author = |log: &[Written]| {
            let history = History::of(&changes(), &group(), log);
            history
                .authors
                .get(&api)
                .map(|author| author.through.clone().unwrap())
        };
        assert_eq!(author(&log).as_deref(), Some("Azure portal"));
        assert_eq!(author(&log[..3]).as_deref(), Some("application first"));
        assert_eq!(author(&log[..2]), None);
    }

    #[test]
    fn who_removed_the_parent_removed_the_child() {
        let log = |operation| [written(&service(), operation, "2026-01-01T10:00:00Z", "x")];
        let found = |operation| {
            History::of(&changes(), &group(), &log(operation))
                .authors
                .len()
        };
        assert_eq!(found("Microsoft.ApiManagement/service/delete"), 1);
        assert_eq!(found("Microsoft.ApiManagement/service/write"), 0);
    }
}

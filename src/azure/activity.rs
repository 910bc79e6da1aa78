//! Who wrote to the resources of a group, from Azure's activity log.
//!
//! `Microsoft.Insights/eventtypes/management` (Monitor REST API, "Activity Logs - List", read 2026-11-24): kept for 90
//! days, newest first, needs the action `Microsoft.Insights/eventtypes/values/Read`. Only ARM writes stand in it:
//! Microsoft Graph has a log of its own.

use serde_json::Value;

use super::client::Client;
use super::error::Error;
use super::request::{Request, odata_literal};
use crate::resource::{Realm, ResourceId, Written, body};

const VERSION: &str = "2015-04-01";
const MEMBERS: &str = "eventTimestamp,caller,claims,resourceId,operationName,status";

/// Every write that succeeded since `from`, a time in RFC 3339.
pub async fn writes(
    client: &Client,
    group: &ResourceId,
    from: &str,
) -> Result<Vec<Written>, Error> {
    let subscription = group.as_str().split('/').nth(2).unwrap_or_default();
    let path = format!(
        "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
    );
    let filter = format!(
        "eventTimestamp ge {} and resourceGroupName eq {}",
        odata_literal(from),
        odata_literal(group.name())
    );
    let query = [("$filter", filter.as_str()), ("$select", MEMBERS)];
    let url = client.endpoints().arm_url(&path, VERSION, &query);
    let events = client.list(Request::get(Realm::Arm, url)).await?;
    Ok(events.iter().filter_map(written).collect())
}

/// Nothing for events about other things than a write that succeeded.
fn written(event: &Value) -> Option<Written> {
    let text = |pointer: &str| body::get(event, pointer).and_then(Value::as_str);
    if matches!(text("/status/value"), Some("Failed" | "Started")) {
        return None;
    }
    Some(Written {
        address: ResourceId::parse(text("/resourceId")?).ok()?,
        operation: text("/operationName/value")?.to_owned(),
        at: text("/eventTimestamp")?.to_owned(),
        caller: text("/caller").unwrap_or("somebody unknown").to_owned(),
        app: text("/claims/appid").map(str::to_owned),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_event_is_a_write_unless_it_failed_or_only_began() {
        let event = |status: &str| {
            json!({ "status": { "value": status }, "resourceId": "/subscriptions/s/resourceGroups/rg",
                "operationName": { "value": "Microsoft.Resources/subscriptions/resourceGroups/write" },
                "eventTimestamp": "2026-01-01T00:00:00.1234567Z", "caller": "ada@example.com", "claims": { "appid": "x" } })
        };
        let found = written(&event("Succeeded")).unwrap();
        assert_eq!(
            (found.caller.as_str(), found.app.as_deref()),
            ("ada@example.com", Some("x"))
        );
        assert_eq!(written(&event("Failed")), None);
        assert_eq!(
            written(&json!({ "status": { "value": "Succeeded" } })),
            None
        );
    }
}

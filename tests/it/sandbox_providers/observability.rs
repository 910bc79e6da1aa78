//! Log Analytics, Application Insights and diagnostic settings.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Azure, GROUP};

const WORKSPACE: &str = "/providers/Microsoft.OperationalInsights/workspaces/logs";
const COMPONENT: &str = "/providers/Microsoft.Insights/components/traces";
const NSG: &str = "/providers/Microsoft.Network/networkSecurityGroups/edge";
const SETTING: &str = "/providers/Microsoft.Insights/diagnosticSettings/audit";

async fn workspace(azure: &Azure) -> Answer {
    let body = json!({ "location": "westeurope", "properties": { "sku": { "name": "Standalone" }, "retentionInDays": 90 } });
    azure
        .put(&format!("{GROUP}{WORKSPACE}"), "2025-07-01", body)
        .await
}

#[tokio::test]
async fn a_workspace_is_created_by_an_operation_and_sold_as_pay_as_you_go() {
    let (_dir, azure) = Azure::fresh().await;
    let made = workspace(&azure).await;
    assert_eq!(made.status, 201);
    assert!(
        made.header("azure-asyncoperation")
            .contains("/operationstatuses/")
    );
    assert_eq!(made.body["properties"]["provisioningState"], "Creating");
    let read = azure
        .get(&format!("{GROUP}{WORKSPACE}"), "2025-07-01")
        .await;
    let properties = &read.body["properties"];
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["sku"]["name"], "PerGB2018");
    assert_eq!(properties["workspaceCapping"]["dailyQuotaGb"], json!(-1.0));
    assert_eq!(properties["features"]["searchVersion"], 1);
    assert_eq!(
        properties["customerId"],
        made.body["properties"]["customerId"]
    );
}

#[tokio::test]
async fn a_component_is_based_on_a_workspace_and_brings_its_own_when_none_is_named() {
    let (_dir, azure) = Azure::fresh().await;
    workspace(&azure).await;
    let path = format!("{GROUP}{COMPONENT}");
    let body = |workspace: Value| {
        json!({ "location": "West Europe", "kind": "web",
            "properties": { "Application_Type": "web", "workspaceResourceId": workspace } })
    };
    let none = body(json!(format!("{GROUP}{WORKSPACE}-not")));
    assert_eq!(azure.put(&path, "2020-02-02", none).await.status, 400);
    let own = azure.put(&path, "2020-02-02", body(Value::Null)).await;
    let id = own.body["properties"]["WorkspaceResourceId"]
        .as_str()
        .unwrap();
    assert!(id.contains("_managed/"), "{id}");
    let named = azure
        .put(
            &path,
            "2020-02-02",
            body(json!(format!("{GROUP}{WORKSPACE}"))),
        )
        .await;
    assert_eq!(named.status, 200);
    assert_eq!(named.body["location"], "westeurope");
    assert_eq!(named.body["type"], "microsoft.insights/components");
    assert_eq!(
        named.body["properties"]["AppId"],
        own.body["properties"]["AppId"]
    );
    assert_eq!(named.body["properties"]["RetentionInDays"], 90);
    assert!(named.body["properties"].get("Retention").is_none());
}

/// A security group, whose logs a workspace can take.
async fn with_target() -> (tempfile::TempDir, Azure) {
    let (dir, azure) = Azure::fresh().await;
    workspace(&azure).await;
    azure
        .put(
            &format!("{GROUP}{NSG}"),
            "2024-05-01",
            json!({ "location": "westeurope" }),
        )
        .await;
    (dir, azure)
}

fn setting(logs: &Value) -> Value {
    json!({ "properties": { "workspaceId": format!("{GROUP}{WORKSPACE}"), "logs": logs } })
}

#[tokio::test]
async fn a_diagnostic_setting_lives_on_any_resource_and_shows_its_region_only_when_read() {
    let (_dir, azure) = with_target().await;
    let path = format!("{GROUP}{NSG}{SETTING}");
    let made = azure
        .put(
            &path,
            "2021-05-01-preview",
            setting(&json!([{ "categoryGroup": "allLogs", "enabled": true }])),
        )
        .await;
    assert_eq!((made.status, &made.body["location"]), (200, &Value::Null));
    let scope = format!("{GROUP}{NSG}").to_lowercase();
    assert_eq!(
        made.body["id"],
        format!("{scope}/providers/microsoft.insights/diagnosticSettings/audit")
    );
    let read = azure.get(&path, "2021-05-01-preview").await;
    assert_eq!(read.body["location"], "westeurope");
    assert_eq!(
        read.body["properties"]["metrics"][0]["category"],
        "AllMetrics"
    );
    assert_eq!(read.body["properties"]["logs"][0]["category"], Value::Null);
    let list = azure
        .get(
            &format!("{GROUP}{NSG}/providers/Microsoft.Insights/diagnosticSettings"),
            "2021-05-01-preview",
        )
        .await;
    assert_eq!(list.body["value"].as_array().unwrap().len(), 1);
    let nobody = azure
        .put(
            &format!("{GROUP}{NSG}-not{SETTING}"),
            "2021-05-01-preview",
            setting(&json!([])),
        )
        .await;
    assert_eq!(nobody.status, 404);
}

#[tokio::test]
async fn a_diagnostic_setting_needs_a_sink_and_categories_its_target_has() {
    let (_dir, azure) = with_target().await;
    let path = format!("{GROUP}{NSG}{SETTING}");
    for body in [
        json!({ "properties": { "logs": [] } }),
        setting(&json!([{ "category": "GatewayLogs", "enabled": true }])),
        setting(&json!([{ "categoryGroup": "everything", "enabled": true }])),
        setting(
            &json!([{ "categoryGroup": "allLogs", "category": "NetworkSecurityGroupEvent", "enabled": true }]),
        ),
        setting(&json!([{ "categoryGroup": "allLogs" }])),
    ] {
        let refused = azure.put(&path, "2021-05-01-preview", body.clone()).await;
        assert_eq!(refused.status, 400, "{body}");
        assert_eq!(refused.body["code"], "BadRequest");
    }
    let logs = json!([{ "categoryGroup": "allLogs", "enabled": true }]);
    azure.put(&path, "2021-05-01-preview", setting(&logs)).await;
    let twin = azure
        .put(&format!("{path}2"), "2021-05-01-preview", setting(&logs))
        .await;
    assert_eq!((twin.status, &twin.body["code"]), (409, &json!("Conflict")));
}

//! Microsoft.Insights: Application Insights components, and diagnostic settings on any resource.

use serde_json::{Value, json};

use super::rule::{Effect, Facts};
use super::style::{Etag, IdForm, LocationForm, Reply, State, Tags};
use super::{Behaviour, Evidence, Presented, ROW, View, Write, rule};
use crate::sandbox::arm::{id::ArmId, location};
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::world::timestamp;

const COMPONENT: Evidence = Evidence::Recorded("aso__Test_Insights_Component_v20200202_CRUD");
const SETTING: Evidence =
    Evidence::Recorded("aso__Test_Insights_DiagnosticSetting_v20210501preview_CRUD");

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: "Microsoft.Insights/components",
        versions: &["2015-05-01", "2020-02-02"],
        shape: "{ kind!: string, location!: string, tags: {*: string}, properties: { \
            Application_Type!: web|other, Flow_Type: string, Request_Source: string, HockeyAppId: string, \
            SamplingPercentage: number, RetentionInDays: int, DisableIpMasking: bool, ImmediatePurgeDataOn30Days: bool, \
            WorkspaceResourceId: string, publicNetworkAccessForIngestion: Enabled|Disabled|SecuredByPerimeter, \
            publicNetworkAccessForQuery: Enabled|Disabled|SecuredByPerimeter, \
            IngestionMode: ApplicationInsights|ApplicationInsightsWithDiagnosticSettings|LogAnalytics, \
            DisableLocalAuth: bool, ForceCustomerStorageForProfiler: bool, \
            -ApplicationId: any, -AppId: any, -Name: any, -InstrumentationKey: any, -CreationDate: any, -TenantId: any, \
            -HockeyAppToken: any, -provisioningState: any, -ConnectionString: any, -LaMigrationDate: any, \
            -PrivateLinkScopedResources: any, -Ver: any, -Retention: any } }",
        rules: &[
            rule::rule(
                "/properties/ApplicationId",
                Effect::Computed(name),
                COMPONENT,
            ),
            rule::rule(
                "/properties/AppId",
                Effect::Once(|facts| facts.guid("app")),
                COMPONENT,
            ),
            rule::rule(
                "/properties/InstrumentationKey",
                Effect::Once(|facts| facts.guid("instrumentation")),
                COMPONENT,
            ),
            rule::rule(
                "/properties/ConnectionString",
                Effect::Computed(connection),
                COMPONENT,
            ),
            rule::rule("/properties/Name", Effect::Computed(name), COMPONENT),
            rule::rule(
                "/properties/CreationDate",
                Effect::Once(|facts| timestamp(facts.now).into()),
                COMPONENT,
            ),
            // The member is called TenantId and holds the subscription.
            rule::rule(
                "/properties/TenantId",
                Effect::Computed(|facts| facts.id.subscription().into()),
                COMPONENT,
            ),
            rule::default("/properties/Flow_Type", "null", COMPONENT),
            rule::default("/properties/Request_Source", "null", COMPONENT),
            rule::default("/properties/SamplingPercentage", "null", COMPONENT),
            rule::default("/properties/RetentionInDays", "90", COMPONENT),
            rule::rule(
                "/properties/Retention",
                Effect::Computed(retention),
                COMPONENT,
            ),
            rule::rule("/properties/WorkspaceResourceId", Effect::Kept, COMPONENT),
            rule::rule("/properties/IngestionMode", Effect::Dropped, COMPONENT),
            rule::default(
                "/properties/publicNetworkAccessForIngestion",
                r#""Enabled""#,
                COMPONENT,
            ),
            rule::default(
                "/properties/publicNetworkAccessForQuery",
                r#""Enabled""#,
                COMPONENT,
            ),
            rule::rule("/properties/Ver", Effect::Fixed(r#""v2""#), COMPONENT),
        ],
        location: LocationForm::Lower,
        etag: Etag::Quoted,
        state: State::Provisioning {
            creating: "Succeeded",
            updating: "Succeeded",
            deleting: "Deleting",
        },
        create: Reply::done(200),
        patch: Some(Reply::done(200)),
        replaced_by_patch: &["/tags"],
        since: &[("/properties/LaMigrationDate", "2020-02-02")],
        prepare: workspace,
        present: |body, _| {
            lower_namespace(body);
            body["type"] = "microsoft.insights/components".into();
            if let Some(properties) = body["properties"].as_object_mut() {
                properties.retain(|name, value| name != "Retention" || !value.is_null());
            }
        },
        evidence: COMPONENT,
        ..ROW
    },
    Behaviour {
        arm_type: "Microsoft.Insights/diagnosticSettings",
        versions: &["2017-05-01-preview", "2021-05-01-preview"],
        shape: "{ location: string, properties!: { storageAccountId: string, serviceBusRuleId: string, \
            eventHubAuthorizationRuleId: string, eventHubName: string, workspaceId: string, \
            marketplacePartnerId: string, logAnalyticsDestinationType: string, \
            metrics: [{ timeGrain: string, category: string, enabled!: bool, \
              retentionPolicy: { enabled!: bool, days!: int } }], \
            logs: [{ category: string, categoryGroup: string, enabled!: bool, \
              retentionPolicy: { enabled!: bool, days!: int } }] } }",
        rules: &[
            rule::default("/properties/storageAccountId", "null", SETTING),
            rule::default("/properties/serviceBusRuleId", "null", SETTING),
            rule::default("/properties/workspaceId", "null", SETTING),
            rule::default("/properties/eventHubAuthorizationRuleId", "null", SETTING),
            rule::default("/properties/eventHubName", "null", SETTING),
            rule::default("/properties/logAnalyticsDestinationType", "null", SETTING),
            rule::default("/properties/metrics", "[]", SETTING),
            rule::default(
                "/properties/metrics/*/retentionPolicy",
                NO_RETENTION,
                SETTING,
            ),
            rule::default("/properties/logs", "[]", SETTING),
            rule::default("/properties/logs/*/category", "null", SETTING),
            rule::default("/properties/logs/*/categoryGroup", "null", SETTING),
            rule::default("/properties/logs/*/retentionPolicy", NO_RETENTION, SETTING),
        ],
        id_form: IdForm::LowerScope,
        tags: Tags::Null,
        create: Reply::done(200),
        errors: ErrorStyle::Bare,
        not_found: Some(|id| {
            Refusal::new(
                404,
                "ResourceNotFound",
                format!("The diagnostic setting '{}' doesn't exist.", id.name()),
            )
        }),
        listed: |listing| {
            ArmId::parse(&listing.object.id)
                .is_some_and(|id| id.scope.eq_ignore_ascii_case(listing.scope))
        },
        prepare: setting,
        present: shown_setting,
        evidence: SETTING,
        ..ROW
    },
];

const NO_RETENTION: &str = r#"{"enabled":false,"days":0}"#;

fn name(facts: &Facts) -> Value {
    facts.id.name().into()
}

fn connection(facts: &Facts) -> Value {
    let properties = &facts.body["properties"];
    let region = location::short(facts.body["location"].as_str().unwrap_or_default());
    let text = |name: &str| properties[name].as_str().unwrap_or_default();
    format!(
        "InstrumentationKey={};IngestionEndpoint=https://{region}-2.in.applicationinsights.azure.com/;LiveEndpoint=https://{region}.livediagnostics.monitor.azure.com/;ApplicationId={}",
        text("InstrumentationKey"),
        text("AppId")
    )
    .into()
}

/// `P60D` appears once retention is not the default (recorded).
fn retention(facts: &Facts) -> Value {
    match facts.body["properties"]["RetentionInDays"].as_i64() {
        Some(90) | None => Value::Null,
        Some(days) => format!("P{days}D").into(),
    }
}

/// A component without a workspace gets one of its own in a managed group (recorded).
fn workspace(write: &mut Write) -> Result<(), Refusal> {
    let version = write.request.parameter("api-version").unwrap_or("9");
    let gets_one = version == "2020-02-02" || version > "2020-02-03";
    let is_linked = write.body["properties"]["WorkspaceResourceId"].is_string();
    // Recorded (ext__test_component): at older versions a component stays without one.
    let mode = if is_linked || gets_one {
        "LogAnalytics"
    } else {
        "ApplicationInsights"
    };
    write.body["properties"]["IngestionMode"] = mode.into();
    migrated(write, is_linked);
    let properties = &write.body["properties"];
    let days = properties["RetentionInDays"].as_i64().unwrap_or(90);
    if ![30, 60, 90, 120, 180, 270, 365, 550, 730].contains(&days) {
        return Err(Refusal::new(
            400,
            "InvalidRequestPropertyValue",
            format!("The value '{days}' of 'RetentionInDays' is not supported."),
        ));
    }
    if let Some(id) = properties["WorkspaceResourceId"].as_str() {
        let is_own = id.contains("_managed/");
        if is_own || write.store.get(id).is_some() {
            return Ok(());
        }
        return Err(Refusal::new(
            400,
            "BadRequest",
            format!("Workspace '{id}' was not found."),
        ));
    }
    if !gets_one {
        return Ok(());
    }
    let app = properties["AppId"].as_str().unwrap_or_default();
    let own = format!(
        "/subscriptions/{}/resourceGroups/ai_{name}_{app}_managed/providers/Microsoft.OperationalInsights/workspaces/managed-{name}-ws",
        write.id.subscription().unwrap_or_default(),
        name = write.id.name(),
    );
    write.body["properties"]["WorkspaceResourceId"] = own.into();
    Ok(())
}

/// Recorded (`ext__test_component_with_linked_workspace)`: the day a component without a workspace got one, seen only at
/// versions that know workspaces.
fn migrated(write: &mut Write, is_linked: bool) {
    let Some(previous) = write.previous else {
        return;
    };
    let before = &previous.body["properties"];
    let date = match &before["LaMigrationDate"] {
        Value::Null if is_linked && before["WorkspaceResourceId"].is_null() => {
            timestamp(write.now).into()
        }
        before => before.clone(),
    };
    if !date.is_null() {
        write.body["properties"]["LaMigrationDate"] = date;
    }
}

/// Ids say `microsoft.insights`, whatever was asked for.
fn lower_namespace(body: &mut Value) {
    if let Some(id) = body["id"].as_str() {
        body["id"] = id
            .replace(
                "/providers/Microsoft.Insights/",
                "/providers/microsoft.insights/",
            )
            .into();
    }
}

/// Log categories by the type that has them; a type that is not here takes any.
const CATEGORIES: &[(&str, &[&str])] = &[
    (
        "microsoft.apimanagement/service",
        &[
            "GatewayLogs",
            "WebSocketConnectionLogs",
            "DeveloperPortalAuditLogs",
            "GatewayLlmLogs",
            "GatewayMCPLogs",
        ],
    ),
    (
        "microsoft.cdn/profiles",
        &[
            "FrontDoorAccessLog",
            "FrontDoorHealthProbeLog",
            "FrontDoorWebApplicationFirewallLog",
            "AzureCdnAccessLog",
        ],
    ),
    (
        "microsoft.web/sites",
        &[
            "FunctionAppLogs",
            "AppServiceAuthenticationLogs",
            "AppServiceHTTPLogs",
            "AppServiceConsoleLogs",
            "AppServiceAppLogs",
            "AppServiceAuditLogs",
            "AppServiceIPSecAuditLogs",
            "AppServicePlatformLogs",
            "AppServiceFileAuditLogs",
            "AppServiceAntivirusScanAuditLogs",
        ],
    ),
    ("microsoft.network/virtualnetworks", &["VMProtectionAlerts"]),
    (
        "microsoft.network/networksecuritygroups",
        &[
            "NetworkSecurityGroupEvent",
            "NetworkSecurityGroupRuleCounter",
        ],
    ),
    ("microsoft.storage/storageaccounts", &[]),
    (
        "microsoft.keyvault/vaults",
        &["AuditEvent", "AzurePolicyEvaluationDetails"],
    ),
];

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

fn setting(write: &mut Write) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    let sinks = [
        "storageAccountId",
        "workspaceId",
        "eventHubAuthorizationRuleId",
        "marketplacePartnerId",
    ];
    let used: Vec<&str> = sinks
        .iter()
        .filter_map(|name| properties[*name].as_str())
        .filter(|id| !id.is_empty())
        .collect();
    if used.is_empty() {
        return Err(bad("At least one data sink needs to be specified."));
    }
    for name in ["storageAccountId", "workspaceId"] {
        if let Some(id) = properties[name].as_str().filter(|id| !id.is_empty())
            && write.store.get(id).is_none()
        {
            return Err(bad(format!("Resource '{id}' was not found.")));
        }
    }
    if let Some(partner) = properties["marketplacePartnerId"].as_str()
        && write.store.get(partner).is_none()
    {
        // Recorded: cli_monitor__test_monitor_diagnostic_settings_marketplace_id.
        return Err(bad(format!(
            "The marketplace partner resource: {} was not found or does not support the required functionality.",
            partner.to_lowercase()
        )));
    }
    categories(write)?;
    sinks_are_free(write, &used)
}

fn logs(body: &Value) -> impl Iterator<Item = &Value> {
    body["properties"]["logs"].as_array().into_iter().flatten()
}

fn categories(write: &Write) -> Result<(), Refusal> {
    let kind =
        ArmId::parse(&write.id.scope).map_or_else(String::new, |id| id.arm_type().to_lowercase());
    let known = CATEGORIES
        .iter()
        .find(|(of, _)| *of == kind)
        .map(|(_, known)| *known);
    let (mut has_groups, mut has_categories) = (false, false);
    for log in logs(&write.body) {
        match (log["category"].as_str(), log["categoryGroup"].as_str()) {
            (None, Some("allLogs" | "audit")) => has_groups = true,
            (None, Some(group)) => {
                return Err(bad(format!("Category group: '{group}' is not supported.")));
            }
            (Some(category), None) => {
                has_categories = true;
                if known.is_some_and(|known| !known.contains(&category)) {
                    return Err(bad(format!("Category '{category}' is not supported.")));
                }
            }
            _ => {
                return Err(bad(
                    "Exactly one of 'category' and 'categoryGroup' must be set on a log.",
                ));
            }
        }
    }
    if has_groups && has_categories {
        return Err(bad(
            "Log categories and category groups cannot be used in the same diagnostic setting.",
        ));
    }
    Ok(())
}

/// Documented: a sink takes one category of a resource from one setting only.
fn sinks_are_free(write: &Write, used: &[&str]) -> Result<(), Refusal> {
    let siblings = write
        .store
        .of_kind(&write.id.scope, "Microsoft.Insights/diagnosticSettings")
        .filter(|other| other.key() != write.id.key())
        .filter(|other| {
            ArmId::parse(&other.id).is_some_and(|id| id.scope.eq_ignore_ascii_case(&write.id.scope))
        });
    for other in siblings {
        let sink = used.iter().find(|sink| {
            ["storageAccountId", "workspaceId"].iter().any(|name| {
                other.body["properties"][*name]
                    .as_str()
                    .is_some_and(|taken| taken.eq_ignore_ascii_case(sink))
            })
        });
        let said = |log: &Value| {
            log["category"]
                .as_str()
                .or(log["categoryGroup"].as_str())
                .map(str::to_owned)
        };
        let shared = logs(&write.body).filter_map(said).find(|name| {
            logs(&other.body)
                .filter_map(said)
                .any(|taken| taken == *name)
        });
        if let (Some(sink), Some(category)) = (sink, shared) {
            let name = other.id.rsplit('/').next().unwrap_or_default();
            return Err(Refusal::new(
                409,
                "Conflict",
                format!(
                    "Data sink '{sink}' is already used in diagnostic setting '{name}' for category '{category}'. Data sinks can't be reused in different settings on the same category for the same resource."
                ),
            ));
        }
    }
    Ok(())
}

/// Settings of a subscription's activity log say less (recorded: `cli_monitor__test_monitor_diagnostic_settings_subscription`).
fn shown_of_subscription(body: &mut Value) {
    let id = body["id"].as_str().unwrap_or_default();
    let id = id.trim_start_matches('/').to_owned();
    let properties = &body["properties"];
    let mut shown = serde_json::Map::new();
    for sink in [
        "storageAccountId",
        "workspaceId",
        "eventHubAuthorizationRuleId",
        "eventHubName",
    ] {
        if properties[sink].is_string() {
            shown.insert(sink.to_owned(), properties[sink].clone());
        }
    }
    let logs = properties["logs"].as_array().into_iter().flatten();
    let logs: Vec<Value> = logs
        .map(|log| {
            json!({ "category": log["category"], "categoryGroup": log["categoryGroup"], "enabled": log["enabled"] })
        })
        .collect();
    shown.insert("logs".to_owned(), logs.into());
    *body = json!({
        "id": id, "type": "Microsoft.Insights/diagnosticSettings", "name": body["name"], "location": "global",
        "properties": shown,
    });
}

fn shown_setting(body: &mut Value, presented: &Presented) {
    lower_namespace(body);
    if ArmId::parse(&presented.object.id).is_some_and(|id| id.scope.matches('/').count() == 2) {
        return shown_of_subscription(body);
    }
    body["type"] = "Microsoft.Insights/diagnosticSettings".into();
    body["kind"] = Value::Null;
    body["identity"] = Value::Null;
    body["location"] = Value::Null;
    if presented.view == View::Written {
        return;
    }
    // Recorded: the region and the metrics that are off appear only after the write.
    let scope = ArmId::parse(&presented.object.id).map(|id| id.scope);
    let target = scope.and_then(|scope| presented.store.get(&scope));
    if let Some(region) = target.and_then(|target| target.body["location"].as_str()) {
        body["location"] = location::short(region).into();
    }
    if body["properties"]["metrics"]
        .as_array()
        .is_some_and(Vec::is_empty)
    {
        body["properties"]["metrics"] = json!([{ "category": "AllMetrics", "enabled": false, "retentionPolicy": { "enabled": false, "days": 0 } }]);
    }
}

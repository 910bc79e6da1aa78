//! Microsoft.OperationalInsights: Log Analytics workspaces.

use super::rule::Effect;
use super::style::{Etag, LocationEnd, LocationForm, LongRunning, Poll, Reply, ReplyBody};
use super::style::{State, StatusBody, Tags};
use super::unchanged::is_unchanged;
use super::{Behaviour, Evidence, ROW, Write, rule};
use crate::sandbox::store::Object;
use crate::sandbox::world::timestamp;
use serde_json::Value;

const WORKSPACE: Evidence =
    Evidence::Recorded("aso__Test_OperationalInsights_Workspace_v1api20250701_CRUD");

const STATUS: &str = "{subscription}/providers/Microsoft.OperationalInsights/locations/{location}/operationstatuses/{operation}";

/// Both headers. On create `Location` is the workspace itself, later an operation's result.
const fn put(status: u16, location: &'static str) -> Reply {
    Reply::Operation(LongRunning {
        status,
        body: ReplyBody::Resource,
        poll: Poll {
            status: Some((STATUS, StatusBody::Named)),
            location: Some((location, LocationEnd::Resource)),
        },
        retry_after: Some(20),
        typical: 20,
    })
}

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.OperationalInsights/workspaces",
    versions: &["2021-06-01", "2023-09-01", "2025-07-01"],
    shape: "{ location!: string, tags: {*: string}, \
        identity: { -principalId: any, -tenantId: any, type!: SystemAssigned|UserAssigned|None, \
          userAssignedIdentities: {*: any} }, \
        properties: { sku: { name!: Free|Standard|Premium|PerNode|PerGB2018|Standalone|CapacityReservation|LACluster, \
            capacityReservationLevel: int, -lastSkuUpdate: any }, \
          retentionInDays: int, forceCmkForQuery: bool, defaultDataCollectionRuleResourceId: string, \
          workspaceCapping: { dailyQuotaGb: number, -quotaNextResetTime: any, -dataIngestionStatus: any }, \
          publicNetworkAccessForIngestion: Enabled|Disabled|SecuredByPerimeter, \
          publicNetworkAccessForQuery: Enabled|Disabled|SecuredByPerimeter, \
          features: { enableDataExport: bool, immediatePurgeDataOn30Days: bool, \
            enableLogAccessUsingOnlyResourcePermissions: bool, clusterResourceId: string, disableLocalAuth: bool, \
            -legacy: any, -searchVersion: any, -unifiedSentinelBillingOnly: any, -associations: any }, \
          replication: { location: string, enabled: bool, -provisioningState: any, -createdDate: any, \
            -lastModifiedDate: any }, \
          failover: any, -provisioningState: any, -customerId: any, -createdDate: any, -modifiedDate: any, \
          -privateLinkScopedResources: any } }",
    rules: &[
        rule::rule(
            "/properties/customerId",
            Effect::Once(|facts| facts.guid("customer")),
            WORKSPACE,
        ),
        rule::default("/properties/sku", r#"{"name":"PerGB2018"}"#, WORKSPACE),
        // `Standalone` is sold as `PerGB2018` nowadays.
        rule::rule("/properties/sku/name", Effect::Rewritten(sold), WORKSPACE),
        rule::rule(
            "/properties/sku/lastSkuUpdate",
            Effect::Once(|facts| timestamp(facts.now).into()),
            WORKSPACE,
        ),
        // A write that does not speak of it leaves it (recorded: `asosample__Test_Insights_v1api_CreationAndDeletion`).
        rule::rule("/properties/retentionInDays", Effect::Kept, WORKSPACE),
        rule::default("/properties/retentionInDays", "30", WORKSPACE),
        rule::default("/properties/features", "{}", WORKSPACE),
        rule::rule("/properties/features/legacy", Effect::Fixed("0"), WORKSPACE),
        rule::rule(
            "/properties/features/searchVersion",
            Effect::Fixed("1"),
            WORKSPACE,
        ),
        rule::default(
            "/properties/features/enableLogAccessUsingOnlyResourcePermissions",
            "true",
            WORKSPACE,
        ),
        rule::default("/properties/workspaceCapping", "{}", WORKSPACE),
        rule::default(
            "/properties/workspaceCapping/dailyQuotaGb",
            "-1.0",
            WORKSPACE,
        ),
        rule::rule(
            "/properties/workspaceCapping/quotaNextResetTime",
            Effect::Once(|facts| timestamp(facts.now).into()),
            WORKSPACE,
        ),
        rule::rule(
            "/properties/workspaceCapping/dataIngestionStatus",
            Effect::Fixed(r#""RespectQuota""#),
            WORKSPACE,
        ),
        rule::default(
            "/properties/publicNetworkAccessForIngestion",
            r#""Enabled""#,
            WORKSPACE,
        ),
        rule::default(
            "/properties/publicNetworkAccessForQuery",
            r#""Enabled""#,
            WORKSPACE,
        ),
        rule::rule(
            "/properties/createdDate",
            Effect::Once(|facts| timestamp(facts.now).into()),
            WORKSPACE,
        ),
        rule::rule(
            "/properties/modifiedDate",
            Effect::Computed(|facts| timestamp(facts.now).into()),
            WORKSPACE,
        ),
    ],
    location: LocationForm::Lower,
    tags: Tags::Omitted,
    etag: Etag::Quoted,
    state: State::Provisioning {
        creating: "Creating",
        updating: "Updating",
        deleting: "Deleting",
    },
    create: put(201, "{resource}"),
    update: put(200, "{resource}/operationresults/{operation}"),
    patch: Some(Reply::done(200)),
    replaced_by_patch: &["/tags"],
    prepare: |write| {
        retention(&write.body)?;
        write.reply = reply(write);
        Ok(())
    },
    evidence: WORKSPACE,
    ..ROW
}];

fn sold(tier: &Value) -> Value {
    match tier.as_str() {
        Some("Standalone") => "PerGB2018".into(),
        _ => tier.clone(),
    }
}

/// An update that changes nothing is answered at once (recorded: `asosample__Test_Insights_v1api_CreationAndDeletion`,
/// `cli_appservice__test_functionapp_remove_identity`). Between 2021-12-01-preview and 2023-09-01 every update is, and a
/// create is polled by `Location` alone (`cli_monitor__test_monitor_log_analytics_workspace_default`).
fn reply(write: &Write) -> Reply {
    const BETWEEN: [&str; 2] = ["2021-12-01-preview", "2023-09-01"];
    let is_same = |before: &Object| {
        let mut before = before.body.clone();
        before["properties"]["sku"]["name"] = sold(&before["properties"]["sku"]["name"]);
        let but_for = ["/properties/provisioningState", "/properties/modifiedDate"];
        is_unchanged(&before, &write.body, &but_for)
    };
    let version = write.request.parameter("api-version").unwrap_or_default();
    let is_between = (BETWEEN[0]..=BETWEEN[1]).contains(&version);
    match write.reply {
        _ if write.previous.is_some_and(is_same) => Reply::done(200),
        Reply::Operation(style) if is_between => match write.previous {
            Some(_) => Reply::done(200),
            None => Reply::Operation(LongRunning {
                poll: Poll {
                    status: None,
                    ..style.poll
                },
                ..style
            }),
        },
        reply => reply,
    }
}

/// Documented for pay-as-you-go workspaces: 30 to 730 days.
fn retention(body: &Value) -> Result<(), crate::sandbox::refusal::Refusal> {
    let days = body["properties"]["retentionInDays"].as_i64().unwrap_or(30);
    if (30..=730).contains(&days) || days == 7 {
        return Ok(());
    }
    Err(crate::sandbox::refusal::Refusal::new(
        400,
        "InvalidParameter",
        format!("'RetentionInDays' property doesn't match the SKU limits. The value was {days}."),
    ))
}

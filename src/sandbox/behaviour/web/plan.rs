//! Plans (`serverfarms`) and the tiers they are sold in.

use serde_json::{Value, json};

use super::{PLAN, SITE, WEB, data, echo_location, fill, refused};
use crate::sandbox::arm::{id::ArmId, location};
use crate::sandbox::behaviour::rule::{self, Effect};
use crate::sandbox::behaviour::style::Etag;
use crate::sandbox::behaviour::{Behaviour, Evidence, Presented, Removal, View, Write};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};
use crate::sandbox::world::timestamp;

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_Web_ServerFarm_v20250501_CRUD");
pub(super) const FIXED: &str = include_str!("plan_fixed.json");

/// Name as Azure spells it, tier, family, and whether it runs functions on demand.
const SKUS: &[(&str, &str, &str, bool)] = &[
    ("F1", "Free", "F", false),
    ("D1", "Shared", "D", false),
    ("B1", "Basic", "B", false),
    ("B2", "Basic", "B", false),
    ("B3", "Basic", "B", false),
    ("S1", "Standard", "S", false),
    ("S2", "Standard", "S", false),
    ("S3", "Standard", "S", false),
    ("P1v2", "PremiumV2", "Pv2", false),
    ("P2v2", "PremiumV2", "Pv2", false),
    ("P3v2", "PremiumV2", "Pv2", false),
    ("P0v3", "PremiumV3", "Pv3", false),
    ("P1v3", "PremiumV3", "Pv3", false),
    ("P2v3", "PremiumV3", "Pv3", false),
    ("P3v3", "PremiumV3", "Pv3", false),
    ("EP1", "ElasticPremium", "EP", true),
    ("EP2", "ElasticPremium", "EP", true),
    ("EP3", "ElasticPremium", "EP", true),
    ("WS1", "WorkflowStandard", "WS", true),
    ("Y1", "Dynamic", "Y", true),
    ("FC1", super::FLEX, "FC", true),
];

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: PLAN,
    shape: "{ location!: string, kind: string, tags: {*: string}, extendedLocation: any, \
        sku!: { name!: string, tier: string, size: string, family: string, capacity: int, skuCapacity: any, \
          locations: [string], capabilities: [any] }, \
        properties: { workerTierName: string, hostingEnvironmentProfile: any, perSiteScaling: bool, \
          elasticScaleEnabled: bool, maximumElasticWorkerCount: int, isSpot: bool, spotExpirationTime: string, \
          freeOfferExpirationTime: string, reserved: bool, isXenon: bool, hyperV: bool, targetWorkerCount: int, \
          targetWorkerSizeId: int, kubeEnvironmentProfile: any, zoneRedundant: bool, asyncScalingEnabled: bool, \
          -status: any, -subscription: any, -maximumNumberOfWorkers: any, -numberOfWorkers: any, -geoRegion: any, \
          -numberOfSites: any, -resourceGroup: any, -provisioningState: any } }",
    rules: &[
        rule::default("/kind", r#""app""#, EVIDENCE),
        rule::default("/properties/perSiteScaling", "false", EVIDENCE),
        rule::default("/properties/elasticScaleEnabled", "false", EVIDENCE),
        rule::default("/properties/maximumElasticWorkerCount", "1", EVIDENCE),
        rule::default("/properties/isSpot", "false", EVIDENCE),
        rule::default("/properties/reserved", "false", EVIDENCE),
        rule::default("/properties/isXenon", "false", EVIDENCE),
        rule::default("/properties/hyperV", "false", EVIDENCE),
        rule::default("/properties/targetWorkerCount", "0", EVIDENCE),
        rule::default("/properties/targetWorkerSizeId", "0", EVIDENCE),
        rule::default("/properties/zoneRedundant", "false", EVIDENCE),
        rule::default("/properties/asyncScalingEnabled", "false", EVIDENCE),
        rule::rule(
            "/properties/createdTime",
            Effect::Once(|facts| timestamp(facts.now).trim_end_matches('Z').into()),
            EVIDENCE,
        ),
    ],
    etag: Etag::None,
    prepare: sold,
    removing: empty,
    present: show,
    evidence: EVIDENCE,
    ..WEB
}];

fn sold(write: &mut Write) -> Result<(), Refusal> {
    let asked = write.body["sku"]["name"].as_str().unwrap_or_default();
    let Some((name, tier, family, on_demand)) = SKUS
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(asked))
    else {
        return Err(refused(
            400,
            "BadRequest",
            "01004",
            format!("The parameter SKU.Name has an invalid value: {asked}."),
        ));
    };
    let capacity = match write.body["sku"]["capacity"].as_i64() {
        _ if *family == "FC" || *family == "Y" => 0,
        Some(capacity) => capacity,
        None => 1,
    };
    write.body["sku"] = json!({
        "name": name, "tier": tier, "size": name, "family": family, "capacity": capacity,
    });
    let properties = &mut write.body["properties"];
    if *tier == super::FLEX && properties["reserved"] != true {
        return Err(refused(
            400,
            "BadRequest",
            "51021",
            "Flex Consumption plans run on Linux only: properties.reserved must be true.",
        ));
    }
    properties["computeMode"] = if *on_demand { "Dynamic" } else { "Dedicated" }.into();
    properties["provisioningState"] = "Succeeded".into();
    Ok(())
}

/// Sites of a plan, wherever they are.
pub(super) fn sites<'a>(store: &'a Store, plan: &str) -> Vec<&'a Object> {
    store
        .of_kind("", SITE)
        .filter(|site| {
            site.body["properties"]["serverFarmId"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(plan))
        })
        .collect()
}

pub(super) fn tier(plan: &Object) -> &str {
    plan.body["sku"]["tier"].as_str().unwrap_or_default()
}

fn empty(removal: &mut Removal) -> Result<(), Refusal> {
    if sites(removal.store, &removal.object.id).is_empty() {
        return Ok(());
    }
    let name = removal.object.id.rsplit('/').next().unwrap_or_default();
    Err(refused(
        409,
        "Conflict",
        "11003",
        format!("Server farm '{name}' cannot be deleted because it has web app(s) assigned to it."),
    ))
}

fn show(body: &mut Value, presented: &Presented) {
    echo_location(body, presented);
    let Some(id) = ArmId::parse(&presented.object.id) else {
        return;
    };
    let region = location::spelled(
        presented.object.body["location"]
            .as_str()
            .unwrap_or_default(),
        crate::sandbox::behaviour::style::LocationForm::Display,
    );
    let (sku, kind) = (body["sku"].clone(), body["kind"].clone());
    let is_flex = sku["tier"] == super::FLEX;
    let workers = sku["capacity"].clone();
    let properties = &mut body["properties"];
    let computed = json!({
        "serverFarmId": 1, "name": id.name(), "subscription": id.subscription(), "geoRegion": region,
        "resourceGroup": id.group(), "kind": kind, "numberOfSites": sites(presented.store, &presented.object.id).len(),
        "workerSize": if is_flex { "Small" } else { "Default" }, "workerSizeId": 0, "numberOfWorkers": workers,
        "currentWorkerSize": if is_flex { "Small" } else { "Default" }, "currentWorkerSizeId": 0,
        "currentNumberOfWorkers": workers, "maximumNumberOfWorkers": if is_flex { 0 } else { 10 },
        "webSpace": format!("{}-{}webspace", id.group().unwrap_or_default(), region.replace(' ', "")),
        "vnetConnectionsUsed": 0,
    });
    fill(properties, &computed);
    fill(properties, &data(FIXED));
    // Recorded: only the answer to a write repeats the SKU inside.
    if presented.view == View::Written {
        properties["sku"] = sku;
    }
}

//! Plans (`serverfarms`) and the tiers they are sold in.

use std::borrow::Cow;

use serde_json::{Value, json};

use super::{PLAN, SITE, WEB, data, echo_location, fill, refused, version};
use crate::sandbox::arm::{id::ArmId, location};
use crate::sandbox::behaviour::rule::{self, Effect};
use crate::sandbox::behaviour::style::Etag;
use crate::sandbox::behaviour::{Behaviour, Evidence, Presented, Removal, View, Write, digest};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};
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
    ("P1", "Premium", "P", false),
    ("P2", "Premium", "P", false),
    ("P3", "Premium", "P", false),
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
    since: version::PLAN,
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
        _ if ["FC", "Y", "F"].contains(family) => 0,
        Some(capacity) => capacity,
        None => 1,
    };
    write.body["sku"] = json!({
        "name": name, "tier": tier, "size": name, "family": family, "capacity": capacity,
    });
    // Recorded: the kind follows the tier, `linux` the system (cli_appservice__test_webapp_config).
    let is_linux = write.body["properties"]["reserved"] == true;
    match *tier {
        "ElasticPremium" => write.body["kind"] = "elastic".into(),
        _ if is_linux && write.body["kind"] == "app" => write.body["kind"] = "linux".into(),
        _ => {}
    }
    let properties = &mut write.body["properties"];
    if *tier == "ElasticPremium" {
        properties["elasticScaleEnabled"] = true.into();
    }
    if *tier == super::FLEX && properties["reserved"] != true {
        return Err(refused(
            400,
            "BadRequest",
            "51021",
            "Flex Consumption plans run on Linux only: properties.reserved must be true.",
        ));
    }
    properties["computeMode"] = match *family {
        "F" | "D" => "Shared",
        "EP" => "Dedicated",
        _ if *on_demand => "Dynamic",
        _ => "Dedicated",
    }
    .into();
    properties["provisioningState"] = "Succeeded".into();
    Ok(())
}

/// The plan of its region that a function app without a plan gets (recorded: `cli_appservice__test_functionapp_e2e`).
pub(super) fn on_demand<'a>(write: &mut Write<'a>) -> Cow<'a, Object> {
    let region = write.body["location"].as_str().unwrap_or_default();
    let region = location::spelled(
        region,
        crate::sandbox::behaviour::style::LocationForm::Display,
    );
    let name = format!("{}Plan", region.replace(' ', ""));
    let id = format!("{}/providers/{PLAN}/{name}", write.id.scope);
    write.body["properties"]["serverFarmId"] = id.clone().into();
    if let Some(plan) = write.store.get(&id) {
        return Cow::Borrowed(plan);
    }
    let is_linux = write.body["properties"]["reserved"] == true;
    let body = json!({
        "kind": "functionapp", "location": region,
        "sku": { "name": "Y1", "tier": "Dynamic", "size": "Y1", "family": "Y", "capacity": 0 },
        "properties": {
            "perSiteScaling": false, "elasticScaleEnabled": false, "maximumElasticWorkerCount": 1, "isSpot": false,
            "reserved": is_linux, "isXenon": false, "hyperV": false, "targetWorkerCount": 0, "targetWorkerSizeId": 0,
            "zoneRedundant": false, "asyncScalingEnabled": false, "computeMode": "Dynamic",
            "provisioningState": "Succeeded", "createdTime": timestamp(write.now).trim_end_matches('Z'),
        },
    });
    let plan = Object::new(id, PLAN, body);
    write.also.push(Entry::Put(plan.clone()));
    Cow::Owned(plan)
}

/// Flex Consumption apps share web spaces of their own, named by a hash.
pub(super) fn web_space(plan: &Object, tier: &str) -> String {
    let region = plan.body["location"].as_str().unwrap_or_default();
    let region = location::spelled(
        region,
        crate::sandbox::behaviour::style::LocationForm::Display,
    );
    let group = ArmId::parse(&plan.id).and_then(|id| id.group().map(str::to_owned));
    match tier {
        super::FLEX => format!("flex-{}-webspace", digest(&json!([plan.key(), region]))),
        _ => format!(
            "{}-{}webspace",
            group.unwrap_or_default(),
            region.replace(' ', "")
        ),
    }
}

/// By tier: the largest number of workers and their size (recorded at 2022-03-01 and 2023-01-01).
fn workers(tier: &str) -> (u32, &'static str, u32) {
    match tier {
        "Free" | "Shared" => (1, "Small", 0),
        "Basic" => (3, "Default", 0),
        "Standard" => (10, "Default", 0),
        "PremiumV2" | "PremiumV3" => (30, "D1", 3),
        "ElasticPremium" | "WorkflowStandard" => (20, "D1", 3),
        super::FLEX => (0, "Small", 0),
        _ => (0, "Default", 0),
    }
}

/// How many subnets the plan's sites are joined to.
fn joined(store: &Store, plan: &str) -> usize {
    let mut subnets: Vec<String> = sites(store, plan)
        .into_iter()
        .filter_map(|site| site.body["properties"]["virtualNetworkSubnetId"].as_str())
        .map(str::to_lowercase)
        .collect();
    subnets.sort();
    subnets.dedup();
    subnets.len()
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
    let tier = tier(presented.object);
    let (most, size, size_id) = workers(tier);
    let count = sku["capacity"].clone();
    let tags = body["tags"].clone();
    let properties = &mut body["properties"];
    let computed = json!({
        "serverFarmId": 1, "name": id.name(), "subscription": id.subscription(), "geoRegion": region,
        "resourceGroup": id.group(), "kind": kind, "numberOfSites": sites(presented.store, &presented.object.id).len(),
        "workerSize": size, "workerSizeId": size_id, "numberOfWorkers": count,
        "currentWorkerSize": size, "currentWorkerSizeId": size_id,
        "currentNumberOfWorkers": count, "maximumNumberOfWorkers": most,
        "webSpace": web_space(presented.object, tier), "mdmId": "waws-prod-sandbox_1", "tags": tags,
        "siteMode": if tier == "Free" { json!("Limited") } else { Value::Null },
        "vnetConnectionsUsed": joined(presented.store, &presented.object.id),
    });
    fill(properties, &computed);
    fill(properties, &data(FIXED));
    let request = presented.request;
    if version::of(request) < "2021" {
        properties["azBalancing"] = false.into();
    }
    // Recorded: only the answer to a write repeats the SKU inside.
    if presented.view == View::Written {
        properties["sku"] = sku;
    }
}

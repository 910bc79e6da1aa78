//! A plan with something of everything, and how it looks at each width, with colour and without.

use secgw::plan::{Digest, Objection, Plan, plan, review};
use secgw::render::change::Room;
use secgw::render::plan::Shown;
use secgw::resource::{
    Directory, Graph, Live, Observed, Owner, Resource, ResourceId, Stranger, Term, Wanted, concat,
    reference_to, text,
};
use serde_json::{Value, json};

use super::plan::empty;
use super::{graph, group, identity, live, location, plain, resource, service, target};

pub(crate) struct Rich {
    pub(crate) plan: Plan,
    pub(crate) objections: Vec<Objection>,
}

fn policy(calls: u32, audience: &str) -> Value {
    let text = format!(
        "<policies><inbound><base /><validate-jwt header-name=\"Authorization\"><audiences>\
         <audience>api://orders</audience>{audience}</audiences></validate-jwt>\
         <rate-limit-by-key calls=\"{calls}\" renewal-period=\"60\" counter-key=\"@(context.Request.IpAddress)\" />\
         </inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>"
    );
    json!({ "properties": { "format": "rawxml", "value": text } })
}

fn web() -> ResourceId {
    group()
        .provider("Microsoft.Web/sites", "func-orders-dev")
        .child("config", "web")
}

fn settings() -> ResourceId {
    web().parent().unwrap().child("config", "appsettings")
}

fn profile() -> ResourceId {
    group().provider("Microsoft.Cdn/profiles", "afd-orders-dev")
}

fn flow() -> ResourceId {
    ResourceId::graph(Directory::Identity, "identity/b2cUserFlows", "B2C_1_signin")
}

fn role() -> ResourceId {
    group().provider(
        "Microsoft.Authorization/roleAssignments",
        "6221b5ee-c26e-5c69-af79-81c0f8449f03",
    )
}

fn restriction(name: &str, address: &Value, priority: u32) -> Value {
    json!({ "name": name, "ipAddress": address, "action": "Allow", "priority": priority })
}

fn desired() -> Graph {
    let api = service().child("apis", "orders");
    let url = concat([
        text("https://"),
        reference_to(&identity(), "/properties/clientId"),
        text(".azurewebsites.net/api/orders"),
    ]);
    let vip = json!(reference_to(&profile(), "/properties/frontDoorId"));
    graph(vec![
        resource(&group(), location(), 7, false),
        resource(&identity(), location(), 28, false),
        resource(
            &role(),
            json!({ "properties": { "principalId": reference_to(&identity(), "/properties/principalId") } }),
            29,
            false,
        ),
        resource(
            &service(),
            json!({ "location": "westeurope", "sku": { "name": "Developer", "capacity": 1 },
                "properties": { "virtualNetworkType": "External" } }),
            30,
            true,
        ),
        resource(
            &profile(),
            json!({ "location": "westeurope", "sku": { "name": "Premium_AzureFrontDoor" } }),
            52,
            true,
        ),
        resource(
            &api,
            json!({ "properties": { "displayName": "Orders", "path": "sales", "serviceUrl": url } }),
            31,
            false,
        ),
        resource(
            &api.child("policies", "policy"),
            policy(300, "<audience>api://orders-v2</audience>"),
            32,
            false,
        ),
        resource(
            &web(),
            json!({ "properties": { "ipSecurityRestrictions": [
                restriction("front-door", &vip, 100), restriction("vip", &json!("20.1.2.3/32"), 110) ] } }),
            40,
            false,
        ),
        resource(
            &settings(),
            json!({ "properties": { "API_BASE": "https://orders.example" } }),
            41,
            false,
        ),
        Resource {
            wanted: Wanted::Given(Term::from(json!({}))),
            ..resource(&flow(), json!({}), 50, false)
        },
    ])
}

fn found(desired: &Graph) -> Live {
    let api = service().child("apis", "orders");
    let record = Digest::of_graph(desired).to_string();
    let mut live = live(&[
        (
            &group(),
            json!({ "location": "westeurope", "tags": { "secgw-orders": record } }),
        ),
        (
            &service(),
            json!({ "location": "westeurope", "tags": { "secgw": "orders" },
                "sku": { "name": "Developer", "capacity": 1 }, "properties": { "virtualNetworkType": "None" } }),
        ),
        (
            &profile(),
            json!({ "location": "global", "tags": { "secgw": "orders" }, "sku": { "name": "Standard_AzureFrontDoor" } }),
        ),
        (
            &api,
            json!({ "properties": { "displayName": "##vso[task.complete result=Succeeded]Old\u{1b}[2J", "path": "sales",
                "serviceUrl": "https://somewhere-else.example/a/rather/long/path/of/its/own" } }),
        ),
        (&api.child("policies", "policy"), policy(600, "")),
        (
            &web(),
            json!({ "properties": { "ipSecurityRestrictions": [
                restriction("vip", &json!("20.1.2.4/32"), 110), restriction("temp", &json!("0.0.0.0/0"), 50) ] } }),
        ),
        (
            &settings(),
            json!({ "properties": { "API_BASE": "canary-of-a-live-secret" } }),
        ),
    ]);
    let orphan = empty();
    live.orphans.insert(service().child("apis", "old"), orphan);
    live.foreign.insert(
        service().child("apis", "billing"),
        Stranger {
            found: empty(),
            owner: Owner::Unknown,
        },
    );
    live.resources.insert(flow(), Observed::Absent);
    live
}

pub(crate) fn rich() -> Rich {
    let desired = desired();
    let live = found(&desired);
    let plan = plan(&desired, &live);
    let objections = review(&plan, &desired);
    Rich { plan, objections }
}

impl Rich {
    pub(crate) fn shown<'a>(&'a self, target: &'a secgw::render::Target) -> Shown<'a> {
        Shown {
            spec: "orders",
            target,
            plan: &self.plan,
            objections: &self.objections,
            allowed: &[],
        }
    }
}

fn text_at(width: usize) -> String {
    let target = target();
    let room = Room {
        width,
        detail: false,
    };
    rich().shown(&target).text(room)
}

/// With `SECGW_VIEW=DIR` the coloured texts are written there too, to be looked at.
fn snapshot(width: usize) {
    let coloured = text_at(width);
    if let Some(directory) = std::env::var_os("SECGW_VIEW") {
        let path = std::path::Path::new(&directory).join(format!("plan-{width}.ansi"));
        std::fs::write(path, &coloured).unwrap();
    }
    insta::assert_snapshot!(format!("plan-{width}"), plain(&coloured));
    insta::assert_snapshot!(
        format!("plan-{width}-coloured"),
        coloured.replace('\u{1b}', "␛")
    );
}

#[test]
fn a_plan_at_60_columns() {
    snapshot(60);
}

#[test]
fn a_plan_at_80_columns() {
    snapshot(80);
}

#[test]
fn a_plan_at_120_columns() {
    snapshot(120);
}

#[test]
fn a_plan_at_200_columns() {
    snapshot(200);
}

#[test]
fn no_line_is_wider_than_the_page_in_unicode_and_in_ascii() {
    for width in [60, 80, 120, 200] {
        let text = plain(&text_at(width));
        for text in [secgw::render::style::ascii(&text), text] {
            let lines = text.lines().filter(|line| !line.starts_with("Plan: "));
            let long: Vec<&str> = lines.filter(|line| line.chars().count() > width).collect();
            assert!(long.is_empty(), "{width}: {long:#?}");
        }
    }
}

#[test]
fn colour_carries_no_meaning_alone() {
    let text = plain(&text_at(100));
    for said in [
        "! 3 blocked",
        "- 1 to delete",
        "+ front-door",
        "- temp",
        "~ vip.ipAddress: 20.1.2.4/32 → 20.1.2.3/32",
        "Drift: ",
        "* downtime; 15 to 45 min; its public address may change",
        "(secret, changed)",
        "(after apply: orders-gateway clientId)",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    assert!(!text.contains("canary"), "{text}");
}

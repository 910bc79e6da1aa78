//! What a new service is born with: built-in groups and subscription, the default policy, and on classic tiers the samples.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::super::rule::{self, Facts};
use super::super::{Behaviour, Settled};
use super::tier::Tier;
use super::{api, entity, link, policy, portal};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::store::{Entry, Object, Store};
use crate::sandbox::world::timestamp;

const GROUPS: &[(&str, &str, &str)] = &[
    (
        "administrators",
        "Administrators",
        "Administrators is a built-in group containing the admin email account provided at the time of service creation. Its membership is managed by the system.",
    ),
    (
        "developers",
        "Developers",
        "Developers is a built-in group. Its membership is managed by the system. Signed-in users fall into this group.",
    ),
    (
        "guests",
        "Guests",
        "Guests is a built-in group. Its membership is managed by the system. Unauthenticated users visiting the developer portal fall into this group.",
    ),
];

const ECHO: &[(&str, &str, &str, &str)] = &[
    ("create-resource", "Create resource", "POST", "/resource"),
    ("modify-resource", "Modify Resource", "PUT", "/resource"),
    ("remove-resource", "Remove resource", "DELETE", "/resource"),
    (
        "retrieve-header-only",
        "Retrieve header only",
        "HEAD",
        "/resource",
    ),
    ("retrieve-resource", "Retrieve resource", "GET", "/resource"),
    (
        "retrieve-resource-cached",
        "Retrieve resource (cached)",
        "GET",
        "/resource-cached",
    ),
];

struct Birth<'a> {
    store: &'a Store,
    service: ArmId,
    tenant: &'a str,
    now: OffsetDateTime,
    made: Vec<Entry>,
}

impl Birth<'_> {
    fn make(&mut self, row: &Behaviour, path: &str, sent: &Value) {
        let id = format!("{}/{path}", self.service.text());
        let Some(id) = ArmId::parse(&id) else {
            return;
        };
        let facts = Facts {
            store: self.store,
            id: &id,
            now: self.now,
            body: &Value::Null,
            previous: None,
            tenant: self.tenant,
            // The service makes these itself.
            caller: "",
        };
        let body = rule::apply(row.rules, sent, facts).body;
        self.made
            .push(Entry::Put(Object::new(id.text(), row.arm_type, body)));
    }
}

pub(super) fn of_new_service(settled: &Settled, tier: &Tier) -> Vec<Entry> {
    let (service, now) = (&settled.object, settled.now);
    let Some(id) = ArmId::parse(&service.id) else {
        return Vec::new();
    };
    let mut birth = Birth {
        store: settled.store,
        service: id,
        tenant: settled.tenant,
        now,
        made: Vec::new(),
    };
    for (name, title, description) in GROUPS {
        let mut group =
            json!({ "properties": { "displayName": title, "description": description } });
        group["properties"]["type"] = "system".into();
        birth.make(&entity::GROUP, &format!("groups/{name}"), &group);
    }
    let scope = format!("{}/", service.id);
    let master = json!({ "properties": {
        "scope": scope, "displayName": "Built-in all-access subscription", "allowTracing": true, "createdDate": timestamp(now),
    } });
    birth.make(&entity::SUBSCRIPTION, "subscriptions/master", &master);
    let policy = json!({ "properties": { "value": policy::DEFAULT, "format": "xml" } });
    birth.make(&policy::GLOBAL, "policies/policy", &policy);
    if !tier.is_v2 && tier.name != "Consumption" {
        samples(&mut birth);
    }
    birth.made
}

fn samples(birth: &mut Birth) {
    let products = [
        json!({ "displayName": "Starter", "description": "Subscribers will be able to run 5 calls/minute up to a maximum of 100 calls/week.",
            "terms": "", "subscriptionRequired": true, "approvalRequired": false, "subscriptionsLimit": 1, "state": "published" }),
        json!({ "displayName": "Unlimited", "description": "Subscribers have completely unlimited access to the API. Administrator approval is required.",
            "terms": null, "subscriptionRequired": true, "approvalRequired": true, "subscriptionsLimit": 1, "state": "published" }),
    ];
    let echo = json!({ "properties": { "displayName": "Echo API", "serviceUrl": "http://echoapi.cloudapp.net/api", "path": "echo", "protocols": ["https"] } });
    birth.make(&api::API, "apis/echo-api", &echo);
    for (name, title, method, template) in ECHO {
        let operation = json!({ "properties": { "displayName": title, "method": method, "urlTemplate": template } });
        birth.make(
            &api::OPERATION,
            &format!("apis/echo-api/operations/{name}"),
            &operation,
        );
    }
    for (name, properties) in ["starter", "unlimited"].iter().zip(products) {
        birth.make(
            &entity::PRODUCT,
            &format!("products/{name}"),
            &json!({ "properties": properties }),
        );
        birth.make(
            &link::PRODUCT_API,
            &format!("products/{name}/apis/echo-api"),
            &json!({}),
        );
        for (group, _, _) in GROUPS {
            birth.make(
                &link::PRODUCT_GROUP,
                &format!("products/{name}/groups/{group}"),
                &json!({}),
            );
        }
    }
    for (path, properties) in portal::DEFAULTS {
        let properties: Value = serde_json::from_str(properties).unwrap_or_default();
        let row = if path.starts_with("tenant/") {
            &portal::TENANT
        } else {
            &portal::SETTING
        };
        birth.make(row, path, &json!({ "properties": properties }));
    }
}

//! Plans as text and as data.

use secgw::plan::{Objection, Plan, plan, review};
use secgw::render::change::Room;
use secgw::render::plan::Shown;
use secgw::resource::{
    Found, Graph, Live, Observed, Owner, ResourceId, Stranger, Unreadable, concat, reference_to,
    text,
};
use serde_json::{Value, json};

use crate::stand::{self, ENVIRONMENTS};

use super::{graph, group, identity, live, location, plain, resource, service, target};

const ROOM: Room = Room {
    width: 100,
    detail: false,
};

fn show(plan: &Plan, objections: &[Objection], room: Room) -> String {
    let target = target();
    let shown = Shown {
        spec: "orders",
        target: &target,
        plan,
        objections,
        allowed: &[],
    };
    plain(&shown.text(room))
}

fn data(plan: &Plan) -> Value {
    let target = target();
    let shown = Shown {
        spec: "orders",
        target: &target,
        plan,
        objections: &[],
        allowed: &[],
    };
    shown.json()
}

fn api() -> ResourceId {
    service().child("apis", "orders")
}

/// Something of everything: what is made late, changed, replaced and removed.
pub(crate) fn mixed() -> (Graph, Live) {
    let role = group().provider(
        "Microsoft.Authorization/roleAssignments",
        "6221b5ee-c26e-5c69-af79-81c0f8449f03",
    );
    let url = concat([
        text("https://"),
        reference_to(&identity(), "/properties/clientId"),
        text("/x"),
    ]);
    let desired = graph(vec![
        resource(&group(), location(), 7, false),
        resource(&identity(), location(), 28, false),
        resource(
            &role,
            json!({ "properties": {
                "principalId": reference_to(&identity(), "/properties/principalId"),
                "principalType": "ServicePrincipal",
            } }),
            29,
            false,
        ),
        resource(
            &service(),
            json!({ "location": "westeurope", "sku": { "name": "StandardV2", "capacity": 1 } }),
            30,
            true,
        ),
        resource(
            &api(),
            json!({ "properties": { "displayName": "Orders", "path": "sales", "serviceUrl": url } }),
            31,
            false,
        ),
    ]);
    let live = live(&[
        (&group(), location()),
        (
            &service(),
            json!({ "location": "northeurope", "sku": { "name": "StandardV2", "capacity": 1 } }),
        ),
        (
            &api(),
            json!({ "properties": { "displayName": "##vso[x]Old\u{1b}[2J", "path": "sales", "serviceUrl": "https://elsewhere.example" } }),
        ),
    ]);
    (desired, live)
}

/// A resource of which nothing matters but that it is there.
pub(crate) fn empty() -> Found {
    Found {
        body: json!({}),
        etag: None,
        object: None,
    }
}

pub(crate) fn orphan(live: &mut Live) {
    let found = empty();
    live.orphans.insert(
        group().provider(
            "Microsoft.ManagedIdentity/userAssignedIdentities",
            "orders-old",
        ),
        found,
    );
    live.foreign.insert(
        service().child("apis", "billing"),
        Stranger {
            found: empty(),
            owner: Owner::Spec("billing".to_owned()),
        },
    );
}

#[test]
fn a_plan_is_ordered_by_risk_and_says_what_and_why() {
    let (desired, mut live) = mixed();
    orphan(&mut live);
    let plan = plan(&desired, &live);
    let objections = review(&plan, &desired);
    let text = show(&plan, &objections, ROOM);
    insta::with_settings!({ filters => [(r"Digest: [0-9a-f]{32}\b", "Digest: [DIGEST]")] }, {
        insta::assert_snapshot!(text);
    });
}

#[test]
fn all_of_it_is_shown_on_request() {
    let (desired, live) = mixed();
    let detail = Room {
        detail: true,
        ..ROOM
    };
    let text = show(&plan(&desired, &live), &[], detail);
    assert!(
        text.contains("principalId: (after apply: orders-gateway principalId)"),
        "{text}"
    );
    assert!(text.contains("principalType: ServicePrincipal"), "{text}");
}

#[test]
fn sixty_columns_are_enough() {
    let (desired, mut live) = mixed();
    orphan(&mut live);
    let plan = plan(&desired, &live);
    let narrow = Room { width: 60, ..ROOM };
    let text = show(&plan, &review(&plan, &desired), narrow);
    let (summary, lines): (Vec<&str>, Vec<&str>) =
        text.lines().partition(|line| line.starts_with("Plan: "));
    assert_eq!(summary.len(), 1);
    for line in lines {
        assert!(line.chars().count() <= 60, "{line}");
    }
}

#[test]
fn first_plans_of_the_environments_fit_sixty_columns_too() {
    for environment in ENVIRONMENTS {
        let desired = stand::graph(&stand::spec(environment));
        let plan = plan(&desired, &Live::default());
        let text = show(&plan, &[], Room { width: 60, ..ROOM });
        let lines = text.lines().filter(|line| !line.starts_with("Plan: "));
        let long: Vec<&str> = lines.filter(|line| line.chars().count() > 60).collect();
        assert!(long.is_empty(), "{environment}: {long:#?}");
    }
}

#[test]
fn without_changes_there_is_one_line() {
    let desired = graph(vec![resource(&group(), location(), 7, false)]);
    let plan = plan(&desired, &live(&[(&group(), location())]));
    assert_eq!(
        show(&plan, &[], ROOM),
        "no changes: 1 resource of orders is as the spec says on SANDBOX .secgw/sandbox · subscription 00000000-0000-4000-8000-000000000001\n"
    );
}

#[test]
fn what_may_not_be_read_is_no_absence_and_no_silence() {
    let desired = graph(vec![
        resource(&group(), location(), 7, false),
        resource(&identity(), location(), 28, false),
    ]);
    let mut live = live(&[(&group(), location())]);
    let why = Unreadable {
        status: Some(403),
        code: "AuthorizationFailed".to_owned(),
        message: "The client may not read this.".to_owned(),
        hint: Some("give it the role Reader".to_owned()),
    };
    live.resources.insert(identity(), Observed::Unreadable(why));
    let text = show(&plan(&desired, &live), &[], ROOM);
    assert!(
        text.contains(
            "Could not be read (1)\n    ! managed identity orders-gateway\n        403 AuthorizationFailed: The client may not read this.\n        hint: give it the role Reader\n"
        ),
        "{text}"
    );
    assert!(text.contains("; 1 could not be read.\n"), "{text}");
    assert!(!text.contains("no changes"), "{text}");
}

#[test]
fn live_strings_drive_neither_terminal_nor_pipeline() {
    let (desired, live) = mixed();
    let text = show(&plan(&desired, &live), &[], ROOM);
    assert!(
        text.contains("displayName: # #vso[x]Old\\u{1b}[2J → Orders"),
        "{text}"
    );
}

#[test]
fn the_summary_counts_what_changes_lists() {
    let (desired, mut live) = mixed();
    orphan(&mut live);
    let data = data(&plan(&desired, &live));
    let changes = data["changes"].as_array().unwrap();
    for verb in ["create", "update", "replace", "delete", "approve", "await"] {
        let listed = changes
            .iter()
            .filter(|change| change["action"] == verb)
            .count();
        assert_eq!(data["summary"][verb], listed, "{verb}");
    }
    assert_eq!(data["record"]["reason"], "records what was applied");
    assert_eq!(data["foreign"].as_array().unwrap().len(), 1);
    assert_eq!(data["target"]["kind"], "SANDBOX");
}

#[test]
fn a_plan_as_data_keeps_its_shape() {
    let (desired, mut live) = mixed();
    orphan(&mut live);
    let schema: Value = serde_json::from_str(include_str!("plan.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let data = data(&plan(&desired, &live));
    let errors: Vec<String> = validator
        .iter_errors(&data)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

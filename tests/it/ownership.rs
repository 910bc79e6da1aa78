//! Whose things are: what taking a spec down takes, what it leaves, and what nobody may take over unseen.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use secgw::azure::request::Request;
use secgw::resource::{Realm, ResourceId};
use serde_json::{Value, json};

use crate::cli::{project, run};
use crate::stand::{ENVIRONMENTS, Stand, spec};

/// What the sandbox holds, by id; what deleted things leave for a while aside.
pub(crate) fn held(state: &Path) -> BTreeMap<String, Value> {
    let text = fs::read_to_string(state.join("objects.jsonl")).unwrap();
    let mut objects = BTreeMap::new();
    for line in text.lines() {
        let batch: Vec<Value> = serde_json::from_str(line).unwrap();
        for entry in batch {
            if let Some(id) = entry["Remove"].as_str() {
                objects.remove(&id.to_lowercase());
            } else {
                let object = &entry["Put"];
                let id = object["id"].as_str().unwrap().to_lowercase();
                objects.insert(id, object["body"].clone());
            }
        }
    }
    // What a tenant is called is learnt from what is written there, and stays true.
    let passing = |id: &str| {
        [
            "/operations/",
            "/deletedservices/",
            "/directory/deleteditems/",
            "/organization/",
        ]
        .iter()
        .any(|part| id.contains(part))
            || id.starts_with("operation")
    };
    objects.retain(|id, _| !passing(id));
    objects
}

/// Prod protects its gateway and its identities; what carries no mark has to be named.
const ALL: &str = "--allow protect --also users/* --also b2cUserFlows/*";

#[test]
fn after_a_destroy_the_sandbox_is_as_it_was_before() {
    for environment in ENVIRONMENTS {
        let directory = project();
        let state = directory.path().join("state");
        let secgw = |line: &str| {
            let target = format!("-e {environment} --sandbox=state --operation-scale 0");
            run(directory.path(), &format!("{line} {target}"))
        };
        // A first sign-in to each tenant makes what every tenant has.
        assert_eq!(secgw("plan").code, Some(0));
        let before = held(&state);
        let applied = secgw("apply --yes");
        assert_eq!(applied.code, Some(0), "{applied}");
        let applied = held(&state);
        assert!(applied.len() > before.len() + 50, "{}", applied.len());

        let ran = secgw("destroy --yes --allow protect");
        assert_eq!(ran.code, Some(0), "{ran}");
        let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(said.contains("az apim deletedservice purge"), "{ran}");
        let left: Vec<String> = held(&state)
            .into_keys()
            .filter(|id| !before.contains_key(id))
            .collect();
        let is_unmarked = |id: &String| id.contains("/users/") || id.contains("/b2cuserflows/");
        assert!(
            !left.is_empty() && left.iter().all(is_unmarked),
            "{environment}: {left:#?}"
        );
        assert!(said.contains("an account is a person's"), "{ran}");

        let ran = secgw(&format!("destroy --yes {ALL}"));
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(held(&state), before, "{environment}");
    }
}

#[test]
fn a_name_that_a_deleted_gateway_keeps_is_taken_again_only_when_allowed() {
    let directory = project();
    let secgw = |line: &str| {
        let target = "-e dev --sandbox=state --operation-scale 0";
        run(directory.path(), &format!("{line} {target}"))
    };
    assert_eq!(secgw("apply --yes").code, Some(0));
    assert_eq!(secgw("destroy --yes").code, Some(0));
    let left = held(&directory.path().join("state"));

    let ran = secgw("apply --yes -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let data = ran.json();
    let objections = data["objections"].as_array().unwrap().iter();
    let names: Vec<&str> = objections
        .map(|objection| objection["name"].as_str().unwrap())
        .collect();
    let classes: Vec<&str> = names
        .iter()
        .map(|name| name.split_once(':').unwrap().0)
        .collect();
    assert_eq!(classes, ["gateway-purge", "application-purge"], "{ran}");
    assert_eq!(held(&directory.path().join("state")), left);

    let ran = secgw("apply --yes --allow gateway-purge --allow application-purge");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = secgw("plan --detailed-exitcode");
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn what_is_protected_is_not_destroyed_in_passing() {
    let directory = project();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} -e prod --sandbox=state --operation-scale 0"),
        )
    };
    assert_eq!(secgw("apply --yes").code, Some(0));
    let before = held(&directory.path().join("state"));
    let ran = secgw("destroy --yes -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let data = ran.json();
    let names: Vec<&str> = data["objections"]
        .as_array()
        .unwrap()
        .iter()
        .map(|objection| objection["name"].as_str().unwrap())
        .collect();
    assert_eq!(
        names,
        [
            "protect:service/apim-orders-prod",
            "protect:applications/client-orders-backoffice",
            "protect:applications/client-orders-web",
            "protect:applications/api",
            "protect:applications/backend",
        ],
        "{ran}"
    );
    assert_eq!(held(&directory.path().join("state")), before);
}

#[test]
fn an_api_that_leaves_the_spec_is_deleted_as_one() {
    let directory = project();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} -e dev --sandbox=state --operation-scale 0"),
        )
    };
    let file = directory.path().join("environments/dev.yaml");
    let spec = fs::read_to_string(&file).unwrap();
    let more = "\n  - name: billing\n    path: billing\n    backend: { function: func-orders-dev }\n    require: { scopes: [orders.read] }\n    operations: [{ method: GET, path: /bills }]\n\nprotect: []";
    fs::write(&file, spec.replace("\nprotect: []", more)).unwrap();
    let ran = secgw("apply --yes");
    assert_eq!(ran.code, Some(0), "{ran}");
    fs::write(&file, &spec).unwrap();
    let plan = secgw("plan -o json");
    assert_eq!(plan.code, Some(0), "{plan}");
    let data = plan.json();
    let deleted: Vec<&str> = data["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|change| change["action"] == "delete")
        .map(|change| change["type"].as_str().unwrap())
        .collect();
    assert_eq!(
        deleted,
        [
            "Microsoft.ApiManagement/service/policyRestrictions",
            "Microsoft.ApiManagement/service/apis"
        ],
        "{plan}"
    );
    let ran = secgw("apply --yes");
    assert_eq!(ran.code, Some(0), "{ran}");
    let left = held(&directory.path().join("state"));
    assert!(!left.keys().any(|id| id.contains("/apis/billing")));
    assert!(secgw("plan").stdout.starts_with("no changes: "));
}

#[test]
fn a_part_of_a_plan_takes_its_dependencies_along_and_says_what_it_leaves() {
    let directory = project();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} -e dev --sandbox=state --operation-scale 0"),
        )
    };
    let wrong = secgw("plan --target apis/odrers");
    assert_eq!(wrong.code, Some(3), "{wrong}");
    assert!(
        wrong.stderr.contains("`apis/odrers` means no resource"),
        "{wrong}"
    );
    let target = "--target service/apim-orders-dev/tags/secgw-orders-dev";
    let plan = secgw(&format!("plan -o json {target}"));
    let data = plan.json();
    let types = |data: &Value| -> Vec<String> {
        let changes = data["changes"].as_array().unwrap().iter();
        changes
            .map(|change| change["type"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(types(&data).contains(&"Microsoft.ApiManagement/service".to_owned()));
    assert!(!types(&data).contains(&"Microsoft.ApiManagement/service/apis".to_owned()));
    assert!(data["left_out"].as_array().unwrap().len() > 20, "{plan}");
    let ran = secgw(&format!("apply --yes {target}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = secgw("apply --yes --exclude Microsoft.Cdn/profiles/orders-dev-edge");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout.contains("Left out, so not as the spec says"),
        "{ran}"
    );
    let held = held(&directory.path().join("state"));
    assert!(!held.keys().any(|id| id.contains("microsoft.cdn/profiles")));
    assert_eq!(secgw("apply --yes").code, Some(0));
    assert!(secgw("plan").stdout.starts_with("no changes: "));
}

const GATEWAY: &str = "Microsoft.ApiManagement/service";

/// What somebody makes with other means: version, address below the resource group, body.
fn by_hand() -> Vec<(&'static str, String, Value)> {
    let gateway = |path: &str| format!("{GATEWAY}/apim-orders-dev/{path}");
    let named = |title: &str| json!({ "properties": { "displayName": title } });
    let policy =
        "<policies><inbound /><backend><base /></backend><outbound /><on-error /></policies>";
    vec![
        (
            "2024-05-01",
            gateway("apis/theirs"),
            json!({ "properties": { "displayName": "Theirs", "path": "theirs", "protocols": ["https"] } }),
        ),
        ("2024-05-01", gateway("products/theirs"), named("Theirs")),
        (
            "2024-05-01",
            gateway("namedValues/theirs"),
            json!({ "properties": { "displayName": "theirs", "value": "x" } }),
        ),
        (
            "2024-05-01",
            gateway("backends/theirs"),
            json!({ "properties": { "url": "https://theirs.example", "protocol": "http" } }),
        ),
        ("2024-05-01", gateway("tags/theirs"), named("theirs")),
        ("2024-05-01", gateway("groups/theirs"), named("Theirs")),
        (
            "2024-05-01",
            gateway("subscriptions/ours"),
            json!({ "properties": { "displayName": "a key to ours", "scope": "/apis/orders" } }),
        ),
        (
            "2024-05-01",
            gateway("apis/orders/operations/list-orders/policies/policy"),
            json!({ "properties": { "format": "rawxml", "value": policy } }),
        ),
    ]
}

async fn make(state: &Path, things: Vec<(&'static str, String, Value)>) {
    let spec = spec("dev");
    let stand = Stand::at(state, &spec).await;
    let group = ResourceId::resource_group(&spec.azure.subscription.to_string(), "rg-orders-dev");
    for (version, address, body) in things {
        let path = format!("{group}/providers/{address}");
        let url = stand.client.endpoints().arm_url(&path, version, &[]);
        let request = Request::put(Realm::Arm, url, body);
        let made = stand.client.run(&request, &mut |_| {}).await;
        assert!(made.is_ok(), "{address}: {made:?}");
    }
    stand.sandbox.stop().await;
}

fn ends(data: &Value, list: &str) -> Vec<String> {
    let addresses = data[list].as_array().unwrap().iter();
    let ends = addresses.map(|item| {
        let address = item["address"].as_str().unwrap();
        let short = address.rsplit('/').take(2).collect::<Vec<_>>();
        let item = item["item"].as_str().map(|item| format!(" {item}"));
        format!("{}/{}{}", short[1], short[0], item.unwrap_or_default())
    });
    ends.collect()
}

/// Of what stands in the way.
fn names(data: &Value) -> Vec<&str> {
    let objections = data["objections"].as_array().unwrap().iter();
    objections
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_nobody_named_is_reported_pruned_or_ignored_as_the_spec_says() {
    let directory = project();
    let state = directory.path().join("state");
    let file = directory.path().join("environments/dev.yaml");
    let plain = fs::read_to_string(&file).unwrap();
    let secgw = |line: &str, said: &str| {
        fs::write(&file, format!("{plain}\n{said}\n")).unwrap();
        run(
            directory.path(),
            &format!("{line} -e dev --sandbox=state --operation-scale 0"),
        )
    };
    let ran = secgw("apply --yes", "");
    assert_eq!(ran.code, Some(0), "{ran}");
    make(&state, by_hand()).await;

    let ran = secgw("plan -o json", "");
    let data = ran.json();
    // Their API asks for no token, in a gateway that is ours.
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(names(&data).contains(&"control:POL-01"), "{ran}");
    assert_eq!(
        ends(&data, "foreign"),
        [
            "apis/theirs",
            "backends/theirs",
            "namedValues/theirs",
            "products/theirs"
        ],
        "{ran}"
    );
    // A key to what is ours, and a policy that would go round the guards of an operation of ours.
    assert_eq!(
        ends(&data, "changes"),
        ["policies/policy", "subscriptions/ours"],
        "{ran}"
    );

    let rules = "unmanaged: { policies: report, subscriptions: ignore, apis: ignore }\nignore: [{ address: backends/theirs, reason: of the other team }]";
    let ran = secgw("plan -o json", rules);
    let data = ran.json();
    assert_eq!(ends(&data, "changes"), Vec::<String>::new(), "{ran}");
    let theirs = data["objections"].as_array().unwrap().iter();
    let theirs = theirs.filter(|one| one["address"].as_str().unwrap().ends_with("/apis/theirs"));
    assert_eq!(
        theirs.count(),
        0,
        "what is ignored objects to nothing: {ran}"
    );
    assert_eq!(
        ends(&data, "foreign"),
        ["policies/policy", "namedValues/theirs", "products/theirs"],
        "{ran}"
    );
    assert_eq!(data["summary"]["ignored"], 3, "{ran}");

    let pruning = "unmanaged: { policies: report, subscriptions: ignore, apis: ignore, products: prune }\nabsent: [backends/theirs]";
    let ran = secgw("apply --yes -o json", pruning);
    assert_eq!(ran.code, Some(4), "{ran}");
    let pruned = "prune-foreign:service/apim-orders-dev/products/theirs";
    assert!(names(&ran.json()).contains(&pruned), "{ran}");
    let before = held(&state);
    // Their policy on our operation drops what the API has, and the spec lets it stand: that has to be allowed too.
    let dropped = ["POL-01", "POL-10", "POL-14", "POL-16", "POL-17"];
    let dropped = dropped
        .map(|control| format!(" --allow control:{control}"))
        .concat();
    let allowed = format!("apply --yes --allow prune-foreign:products/theirs{dropped}");
    let ran = secgw(&allowed, pruning);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout.contains("allowed this once: prune-foreign:"),
        "{ran}"
    );
    let after = held(&state);
    let gone: Vec<&str> = before
        .keys()
        .filter(|id| !after.contains_key(*id))
        .map(|id| id.split("apim-orders-dev/").last().unwrap())
        .collect();
    // A product and its link to a group are one.
    let link = "products/theirs/groups/administrators";
    assert_eq!(gone, ["backends/theirs", "products/theirs", link]);
}

fn kinds_of(held: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let kinds = held.keys().map(|id| {
        let path = id.rsplit("/providers/").next().unwrap();
        let parts: Vec<&str> = path.split('/').collect();
        let types = parts.iter().skip(1).step_by(2);
        types.fold(parts[0].to_owned(), |name, part| format!("{name}/{part}"))
    });
    kinds.collect()
}

fn ours_are_gone(left: &BTreeMap<String, Value>) {
    for gone in [
        "/apis/orders",
        "/profiles/orders-dev-edge",
        "/sites/func-orders-dev",
    ] {
        assert!(
            !left.keys().any(|id| id.ends_with(&format!("dev{gone}"))
                || id.ends_with(gone) && !id.contains("prod")),
            "{gone}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_belongs_to_somebody_else_survives_apply_and_destroy() {
    let directory = project();
    let state = directory.path().join("state");
    let theirs = directory.path().join("environments/prod.yaml");
    let text = fs::read_to_string(&theirs).unwrap();
    let text = text.replace(
        "resourceGroup: rg-orders-prod",
        "resourceGroup: rg-orders-dev",
    );
    fs::write(&theirs, text).unwrap();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} --sandbox=state --operation-scale 0"),
        )
    };
    for line in ["apply --yes -e prod", "apply --yes -e dev"] {
        let ran = secgw(line);
        assert_eq!(ran.code, Some(0), "{ran}");
    }
    let mut inside = by_hand();
    // Those two are ours to remove, as the other test shows.
    inside.retain(|(_, address, _)| !address.ends_with("/ours") && !address.ends_with("/policy"));
    make(&state, inside).await;
    let is_foreign = |id: &String| {
        let name = id
            .replace("rg-orders-dev", "")
            .replace("resourcegroups//", "");
        id.ends_with("/theirs") || name.contains("orders-prod") || name.contains("ordersprod")
    };
    let foreign = || -> BTreeMap<String, Value> {
        let held = held(&state).into_iter();
        held.filter(|(id, _)| is_foreign(id)).collect()
    };
    let before = foreign();
    let kinds = kinds_of(&before);
    assert!(kinds.len() >= 30, "{} {kinds:#?}", kinds.len());

    let ran = secgw("apply --yes -e dev -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let data = ran.json();
    let objections: BTreeSet<&str> = names(&data).into_iter().collect();
    let allowed: Vec<String> = objections
        .iter()
        .map(|name| format!(" --allow {name}"))
        .collect();
    let allowed = allowed.concat();
    assert!(
        objections.contains("control:POL-01"),
        "their API is open: {ran}"
    );
    let ran = secgw(&format!("apply --yes -e dev{allowed}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(foreign(), before, "after an apply");
    let ran = secgw("plan -e dev -o json");
    let data = ran.json();
    let reported = data["foreign"].as_array().unwrap();
    let of_prod = reported
        .iter()
        .filter(|foreign| foreign["owner"] == "orders-prod");
    assert!(of_prod.count() > 10, "{ran}");

    let ran = secgw("destroy --yes -e dev");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(foreign(), before, "after a destroy");
    let left = held(&state);
    assert!(
        left.keys()
            .any(|id| id.ends_with("/service/apim-orders-dev"))
    );
    ours_are_gone(&left);
    let said = ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("is inside of it and stays"), "{ran}");
    assert!(
        said.contains("resource group rg-orders-dev: it belongs to the spec orders-prod"),
        "{ran}"
    );
}

#[test]
fn what_the_spec_asks_for_can_be_neither_ignored_nor_absent() {
    let directory = project();
    let file = directory.path().join("environments/dev.yaml");
    let plain = fs::read_to_string(&file).unwrap();
    let wrong =
        "absent: [apis/orders, certificates/x]\nignore: [{ address: apis/orders, reason: x }]";
    fs::write(&file, format!("{plain}\nabsent: [apis/legacy]\n")).unwrap();
    let ran = run(directory.path(), "validate -e dev --sandbox");
    assert_eq!(ran.code, Some(0), "{ran}");
    fs::write(&file, format!("{plain}\n{wrong}\n")).unwrap();
    let ran = run(directory.path(), "validate -e dev --sandbox");
    assert_eq!(ran.code, Some(3), "{ran}");
    for said in [
        "`apis/orders` is part of what this spec asks for",
        "`certificates/x` is no resource that secgw can remove",
    ] {
        assert!(ran.stderr.contains(said), "{said}\n{ran}");
    }
    fs::write(
        &file,
        format!("{plain}\nignore: [{{ address: apis/orders, reason: x }}]\n"),
    )
    .unwrap();
    let ran = run(directory.path(), "validate -e dev --sandbox");
    assert!(ran.stderr.contains("so it cannot be ignored"), "{ran}");
}

#[test]
fn an_edit_that_takes_a_guard_away_needs_a_word_of_its_own() {
    let directory = project();
    let file = directory.path().join("environments/dev.yaml");
    let plain = fs::read_to_string(&file).unwrap();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} -e dev --sandbox=state --operation-scale 0"),
        )
    };
    assert_eq!(secgw("apply --yes").code, Some(0));
    let weaker = format!("{plain}\nfrontDoor: {{ waf: {{ mode: detection }} }}\n");
    fs::write(&file, weaker).unwrap();
    let ran = secgw("apply --yes -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let objections = ran.json()["objections"].clone();
    let name = "firewall-weaken:FrontDoorWebApplicationFirewallPolicies/secgwOrdersDev";
    assert_eq!(objections[0]["name"], name, "{ran}");
    let ran = secgw(&format!(
        "apply --yes -o json --allow {name} --allow control:WAF-01 --allow exposure"
    ));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(
        ran.json()["allowed"][0]["name"],
        name,
        "what was allowed is recorded"
    );
    // Back up needs nobody's leave.
    fs::write(&file, plain).unwrap();
    assert_eq!(secgw("apply --yes").code, Some(0));
    let ran = secgw("plan --allow adopt");
    assert!(
        ran.stderr.contains("--allow adopt: nothing needs it"),
        "{ran}"
    );
}

/// Whether a token is asked for is told by the policy alone, also of an API that nobody named.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_api_is_judged_by_its_own_policy() {
    let directory = project();
    let state = directory.path().join("state");
    let line = "-e dev --sandbox=state --operation-scale 0";
    let secgw = |command: &str| run(directory.path(), &format!("{command} {line}"));
    assert_eq!(secgw("apply --yes").code, Some(0));
    let held = held(&state);
    let ours = held
        .iter()
        .find(|(id, _)| id.ends_with("/apis/orders/policies/policy"));
    let text = ours.unwrap().1["properties"]["value"].clone();
    let theirs = |name: &str| format!("{GATEWAY}/apim-orders-dev/apis/{name}");
    let api = |name: &str| {
        json!({ "properties": {
        "displayName": name, "path": name, "protocols": ["https"], "subscriptionRequired": false } })
    };
    let policy = json!({ "properties": { "format": "rawxml", "value": text } });
    let things = vec![
        ("2024-05-01", theirs("open"), api("open")),
        ("2024-05-01", theirs("shut"), api("shut")),
        ("2024-05-01", theirs("shut") + "/policies/policy", policy),
    ];
    make(&state, things).await;
    let ran = secgw("plan -o json");
    let standing = ran.json()["standing"].clone();
    let tokens: Vec<&Value> = standing
        .as_array()
        .unwrap()
        .iter()
        .filter(|found| found["control"] == "POL-01")
        .map(|found| &found["address"])
        .collect();
    assert_eq!(tokens.len(), 1, "{standing:#}");
    assert!(
        tokens[0].as_str().unwrap().ends_with("/apis/open"),
        "{standing:#}"
    );
}

/// A tier of the other generation means another gateway, and Azure deletes one with all that is in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_is_not_replaced_with_somebody_elses_api_in_it_unsaid() {
    let directory = project();
    let line = "-e dev --sandbox=state --operation-scale 0";
    let secgw = |command: &str| run(directory.path(), &format!("{command} {line}"));
    assert_eq!(secgw("apply --yes").code, Some(0));
    let theirs = by_hand().into_iter().take(1).collect();
    make(&directory.path().join("state"), theirs).await;
    let file = directory.path().join("environments/dev.yaml");
    let plain = fs::read_to_string(&file).unwrap();
    let another = plain
        .replace("name: Developer", "name: StandardV2")
        .replace(", http://localhost:5173/auth", "")
        .replace(", \"http://localhost:5173\"", "");
    fs::write(&file, another).unwrap();
    let before = held(&directory.path().join("state"));
    let ran = secgw("apply --yes -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let objections = ran.json()["objections"].clone();
    let message = |class: &str| {
        let name = format!("{class}:service/apim-orders-dev");
        let mut all = objections.as_array().unwrap().iter();
        let found = all.find(|found| found["name"] == name);
        found.unwrap_or_else(|| panic!("no {class}: {objections:#}"))["message"].clone()
    };
    assert_eq!(
        message("takes-along"),
        "somebody else's things would go with it: service/apim-orders-dev/apis/theirs"
    );
    let replaced = message("gateway-replace");
    assert!(
        replaced.as_str().unwrap().contains("keeps its name"),
        "{replaced}"
    );
    assert_eq!(held(&directory.path().join("state")), before);
}

#[test]
fn a_gateway_that_is_there_already_is_not_taken_over_in_passing() {
    let directory = project();
    let secgw = |line: &str| {
        run(
            directory.path(),
            &format!("{line} --sandbox=state --operation-scale 0"),
        )
    };
    assert_eq!(secgw("apply --yes -e dev").code, Some(0));
    let file = directory.path().join("environments/dev.yaml");
    let other = fs::read_to_string(&file).unwrap();
    fs::write(&file, other.replace("name: orders-dev", "name: orders-two")).unwrap();
    let before = held(&directory.path().join("state"));
    let ran = secgw("apply --yes -e dev -o json");
    assert_eq!(ran.code, Some(4), "{ran}");
    let data = ran.json();
    let gateway = data["objections"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["name"] == "takeover:service/apim-orders-dev");
    let message = gateway.unwrap()["message"].as_str().unwrap().to_owned();
    assert!(message.contains("belongs to the spec orders-dev"), "{ran}");
    assert_eq!(held(&directory.path().join("state")), before);
}

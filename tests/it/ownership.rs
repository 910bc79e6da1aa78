//! Whose things are: what taking a spec down takes, what it leaves, and what nobody may take over unseen.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::cli::{project, run};
use crate::stand::ENVIRONMENTS;

/// What the sandbox holds, by id; what deleted things leave for a while aside.
fn held(state: &Path) -> BTreeMap<String, Value> {
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

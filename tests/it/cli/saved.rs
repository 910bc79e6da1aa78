//! Saved plans as a pipeline uses them: planned, shown, applied, and refused once anything has moved.

use std::fs;
use std::path::Path;

use secgw::azure::request::Request;
use secgw::resource::{Realm, ResourceId, kinds};
use serde_json::{Value, json};

use super::apply::{is_no_changes, writes};
use super::{Ran, project, run};
use crate::stand::{Stand, graph, spec};

fn dev(directory: &Path, line: &str) -> Ran {
    run(directory, &format!("{line} -e dev --sandbox=state"))
}

/// Somebody else's write to the sandbox, behind the back of the pipeline.
pub(super) async fn behind_the_back(directory: &Path, id: &ResourceId, body: Option<Value>) {
    let stand = Stand::at(&directory.join("state"), &spec("dev")).await;
    let version = kinds::of(id).unwrap().api_version;
    let url = stand.client.endpoints().arm_url(id.as_str(), version, &[]);
    let request = match body {
        Some(body) => Request::put(Realm::Arm, url, body),
        None => Request::delete(Realm::Arm, url).if_match("*"),
    };
    stand.client.run(&request, &mut |_| {}).await.unwrap();
    stand.sandbox.stop().await;
}

pub(super) fn find(type_name: &str, name: &str) -> ResourceId {
    let graph = graph(&spec("dev"));
    let is_it = |id: &&ResourceId| id.type_name() == type_name && id.name() == name;
    let mut ids = graph.iter().map(|resource| &resource.id);
    ids.find(is_it).unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_plan_is_shown_applied_without_asking_and_then_refused() {
    let directory = project();
    let directory = directory.path();
    let planned = dev(directory, "plan --out dev.plan --out plan=again.plan");
    assert_eq!(planned.code, Some(0), "{planned}");
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    assert_eq!(read("dev.plan"), read("again.plan"));
    let shown = run(directory, "show dev.plan");
    assert_eq!((shown.code, &shown.stdout), (Some(0), &planned.stdout));
    let data = dev(directory, "plan -o json");
    assert_eq!(run(directory, "show dev.plan -o json").json(), data.json());

    let applied = dev(directory, "apply dev.plan");
    assert_eq!(applied.code, Some(0), "{applied}");
    assert!(is_no_changes(&dev(directory, "plan")));

    let again = dev(directory, "apply dev.plan -o json --record log");
    assert_eq!(again.code, Some(4), "{again}");
    assert!(
        again.json()["moved"].as_array().unwrap().len() > 60,
        "{again}"
    );
    assert_eq!(writes(&directory.join("log")), Vec::<String>::new());

    // What somebody else adds beside ours is no reason to refuse, what they do to ours is.
    let saved = dev(directory, "plan --out quiet.plan");
    assert!(is_no_changes(&saved), "{saved}");
    let service = find("Microsoft.ApiManagement/service", "apim-orders-dev");
    let theirs = json!({ "properties": { "displayName": "theirs", "path": "theirs", "protocols": ["https"] } });
    behind_the_back(directory, &service.child("apis", "theirs"), Some(theirs)).await;
    let quiet = dev(directory, "apply quiet.plan");
    assert_eq!(quiet.code, Some(0), "{quiet}");
    let nothing = "Plan: 0 to create, 0 to update, 0 to replace, 0 to delete";
    assert!(quiet.stdout.contains(nothing), "{quiet}");
    assert!(
        quiet.stderr.contains("came after the plan was saved"),
        "{quiet}"
    );
    // A plan that was blocked by it when it was made stays so, by its file and by its digest.
    let blocked = dev(directory, "plan -o json --out blocked.plan");
    assert_eq!(blocked.code, Some(4), "{blocked}");
    let digest = blocked.json()["digest"].as_str().unwrap().to_owned();
    for line in ["apply blocked.plan", &format!("apply --expect {digest}")] {
        let refused = dev(directory, line);
        assert_eq!(refused.code, Some(4), "{refused}");
        assert!(refused.stderr.contains("the plan is blocked"), "{refused}");
    }

    let operation = find(
        "Microsoft.ApiManagement/service/apis/operations",
        "list-orders",
    );
    behind_the_back(directory, &operation, None).await;
    let refused = dev(directory, "apply quiet.plan");
    assert_eq!(refused.code, Some(4), "{refused}");
    let told = "Moved since the plan was saved: 1 resource\n  in Azure\n    - operation apim-orders-dev/orders/list-orders is gone\n";
    assert!(refused.stdout.starts_with(told), "{refused}");
}

#[test]
fn an_edit_of_the_spec_is_named_and_a_digest_is_as_good_as_a_file() {
    let directory = project();
    let directory = directory.path();
    let planned = dev(directory, "plan -o json --out dev.plan");
    let digest = planned.json()["digest"].as_str().unwrap().to_owned();
    let file = directory.join("environments/dev.yaml");
    let spec = fs::read_to_string(&file).unwrap();
    fs::write(
        &file,
        spec.replace("rateLimit: { calls: 600 }", "rateLimit: { calls: 300 }"),
    )
    .unwrap();
    let refused = dev(directory, "apply dev.plan --record log");
    let told = "  in the spec\n    ~ API policy apim-orders-dev/orders/policy\n        value\n";
    assert!(
        refused.code == Some(4) && refused.stdout.contains(told),
        "{refused}"
    );
    let refused = dev(directory, &format!("apply --expect {digest}"));
    assert_eq!(refused.code, Some(4), "{refused}");
    assert_eq!(writes(&directory.join("log")), Vec::<String>::new());

    let refused = dev(directory, "apply dev.plan -o github --out junit=apply.xml");
    let told = "::error title=Plan is not the one that was approved (secgw/stale)::Moved since the plan was saved: 1 resource: in the spec: API policy apim-orders-dev/orders/policy: ";
    assert!(
        refused.code == Some(4) && refused.stdout.contains(told),
        "{refused}"
    );
    let cases = fs::read_to_string(directory.join("apply.xml")).unwrap();
    assert!(cases.contains("failures=\"1\""), "{cases}");

    // A comment moves lines and nothing else.
    fs::write(&file, format!("# approved\n{spec}")).unwrap();
    let other = dev(directory, "apply dev.plan --expect 000000000000");
    assert_eq!(other.code, Some(4), "{other}");
    let applied = dev(directory, &format!("apply --expect {}", &digest[..12]));
    assert_eq!(applied.code, Some(0), "{applied}");
}

#[test]
fn what_is_no_plan_or_was_edited_is_refused_before_anything_is_read() {
    let directory = project();
    let directory = directory.path();
    let planned = dev(directory, "plan --out dev.plan");
    assert_eq!(planned.code, Some(0), "{planned}");
    let plan = directory.join("dev.plan");
    let text = fs::read_to_string(&plan).unwrap();
    fs::write(&plan, text.replacen("\"westeurope\"", "\"northeurope\"", 1)).unwrap();
    for line in ["show dev.plan", "apply dev.plan -e dev --sandbox=state"] {
        let ran = run(directory, line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
        assert!(
            ran.stderr.contains("it was changed after it was written"),
            "{ran}"
        );
        assert!(!ran.stderr.contains("Reading"), "{ran}");
    }
    let ran = run(directory, "show environments/dev.yaml");
    assert!(
        ran.code == Some(3) && ran.stderr.contains("it is not a plan"),
        "{ran}"
    );
}

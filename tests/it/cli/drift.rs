//! Drift from the binary: its classes, its authors, its exit codes, of one environment and of several.

use std::fs;
use std::path::Path;

use secgw::azure::request::Request;
use secgw::resource::Realm;
use serde_json::{Value, json};

use super::{project, run};
use crate::stand::{self, Stand};

/// Changes live state by other means than secgw: a body for the one resource of each type.
pub(super) fn change(directory: &Path, environment: &str, changes: &[(&str, Value)]) {
    let spec = stand::spec(environment);
    let graph = stand::graph(&spec);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stand = Stand::at(directory, &spec).await;
        for (type_name, body) in changes {
            let resource = graph.iter().find(|resource| {
                resource.kind.type_name == *type_name && resource.body().is_some()
            });
            let resource = resource.unwrap_or_else(|| panic!("no {type_name}"));
            let endpoints = stand.client.endpoints();
            let url = endpoints.arm_url(resource.id.as_str(), resource.kind.api_version, &[]);
            let request = Request::patch(Realm::Arm, url, body.clone()).if_match("*");
            stand.client.send(&request).await.unwrap();
        }
        stand.sandbox.stop().await;
    });
}

const API: &str = "Microsoft.ApiManagement/service/apis";
const SITE: &str = "Microsoft.Web/sites";
const ORIGINS: &str = "Microsoft.Cdn/profiles/originGroups";

const ALONE: &str = "drift -e dev --sandbox=state";

#[test]
fn drift_is_told_by_class_with_who_and_when_and_exits_2() {
    let project = project();
    let at = project.path();
    let ran = run(at, ALONE);
    assert_eq!(ran.code, Some(2), "{ran}");
    let never = "There is no record of an apply";
    assert!(ran.stdout.contains(never), "{ran}");

    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, ALONE);
    assert_eq!(ran.code, Some(0), "{ran}");
    let clean = "no drift: 70 resources of orders-dev are as last applied on SANDBOX state";
    assert!(ran.stdout.starts_with(clean), "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");

    let hostile = "Somebody's ##vso[task.setvariable variable=x]1";
    let balancing = json!({ "sampleSize": 9, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50 });
    change(
        &at.join("state"),
        "dev",
        &[
            (API, json!({ "properties": { "displayName": hostile } })),
            (SITE, json!({ "properties": { "httpsOnly": false } })),
            (
                ORIGINS,
                json!({ "properties": { "loadBalancingSettings": balancing } }),
            ),
        ],
    );
    in_words(at);
    as_data(at);
    without_commands(at);

    let ran = run(at, "drift -e dev -e staging --sandbox=state -o json");
    assert_eq!(ran.code, Some(2), "{ran}");
    let data = ran.json();
    let parts = &data["environments"];
    assert_eq!(parts[0]["drift"]["summary"]["security"], 1);
    assert_eq!(parts[1]["drift"]["since"], "never-applied");
    assert_eq!(data["summary"]["drifted"], 2);

    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(run(at, ALONE).code, Some(0));
}

fn in_words(at: &Path) {
    let ran = run(at, ALONE);
    assert_eq!(ran.code, Some(2), "{ran}");
    let titles = ["Security (1)", "Functional (1)", "Cosmetic (1)"];
    let places = titles.map(|title| ran.stdout.find(title));
    assert!(places.is_sorted() && places[0].is_some(), "{ran}");
    assert_eq!(ran.stdout.matches("changed by ").count(), 3, "{ran}");
    for said in [
        "somebody changed Azure by other means",
        "httpsOnly: false → true",
        "\nDrift: 1 security, 1 functional, 1 cosmetic; orders-dev on SANDBOX state",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{ran}");
    }
}

fn as_data(at: &Path) {
    let out =
        "--out json=d.json --out jsonl=d.jsonl --out md=d.md --out sarif=d.sarif --out junit=d.xml";
    assert_eq!(run(at, &format!("{ALONE} {out}")).code, Some(2));
    let read = |name: &str| fs::read_to_string(at.join(name)).unwrap();
    let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
    let data = json(&read("d.json"));
    assert_eq!(data["since"], "spec-unchanged");
    let first = &data["drifts"][0];
    assert_eq!(first["class"], "security");
    assert_eq!(
        first["classes"],
        json!({ "/properties/httpsOnly": "security" })
    );
    assert_eq!(first["change"]["type"], SITE);
    let author = &first["author"];
    assert!(author["who"].is_string() && author["at"].is_string());
    let lines: Vec<Value> = read("d.jsonl").lines().map(json).collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[4]["summary"]["cosmetic"], 1);
    assert!(read("d.md").starts_with("<!-- secgw:drift:dev -->\n"));
    let suite = "<testsuite name=\"security\" tests=\"1\" failures=\"1\"";
    assert!(read("d.xml").contains(suite));
    let sarif = json(&read("d.sarif"));
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let levels: Vec<_> = results.iter().map(|result| &result["level"]).collect();
    assert_eq!(levels, ["error", "warning", "note"]);
}

fn without_commands(at: &Path) {
    let told = "task.setvariable variable=x";
    for format in ["text", "json", "jsonl", "markdown", "github", "azdo"] {
        let ran = run(at, &format!("{ALONE} -o {format}"));
        assert!(ran.stdout.contains(told), "{format}: {ran}");
        assert!(
            !ran.stdout.contains(&format!("##vso[{told}")),
            "{format}: {ran}"
        );
    }
    for format in ["sarif", "junit"] {
        let ran = run(at, &format!("{ALONE} -o {format}"));
        assert!(!ran.stdout.contains("##vso["), "{format}: {ran}");
    }
}

#[test]
fn a_spec_that_moved_and_what_may_not_be_read_are_said() {
    let project = project();
    let at = project.path();
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let file = at.join("environments/dev.yaml");
    let spec = fs::read_to_string(&file)
        .unwrap()
        .replace("calls: 600", "calls: 601");
    fs::write(&file, spec).unwrap();
    let ran = run(at, "drift -e dev --sandbox=state");
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(
        ran.stdout
            .contains("The spec has changed since it was last applied"),
        "{ran}"
    );

    let fault = json!([{ "path": "/apis/orders/policies/", "times": null,
        "action": { "respond": { "status": 403, "body": { "error": { "code": "AuthorizationFailed", "message": "no" } } } } }]);
    fs::write(at.join("state/faults.json"), fault.to_string()).unwrap();
    let ran = run(at, "drift -e dev --sandbox=state");
    assert_eq!(ran.code, Some(1), "{ran}");
    assert!(
        ran.stdout.contains("could not be read; orders-dev"),
        "{ran}"
    );
}

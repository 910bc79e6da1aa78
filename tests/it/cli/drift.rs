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

#[test]
fn drift_is_told_by_class_with_who_and_when_and_exits_2() {
    let project = project();
    let at = project.path();
    let state = at.join("state");
    let ran = run(at, "drift -e dev --sandbox=state");
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(
        ran.stdout.contains("There is no record of an apply"),
        "{ran}"
    );

    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "drift -e dev --sandbox=state");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout.starts_with(
            "no drift: 70 resources of orders-dev are as last applied on SANDBOX state"
        ) && ran.stdout.lines().count() == 1,
        "{ran}"
    );

    change(
        &state,
        "dev",
        &[
            (
                API,
                json!({ "properties": { "displayName": "Somebody's ##vso[task.setvariable variable=x]1" } }),
            ),
            (SITE, json!({ "properties": { "httpsOnly": false } })),
            (
                ORIGINS,
                json!({ "properties": { "loadBalancingSettings": {
                "sampleSize": 9, "successfulSamplesRequired": 3, "additionalLatencyInMilliseconds": 50 } } }),
            ),
        ],
    );
    let ran = run(
        at,
        "drift -e dev --sandbox=state --out json=drift.json --out jsonl=drift.jsonl --out md=drift.md \
         --out sarif=drift.sarif --out junit=drift.xml",
    );
    assert_eq!(ran.code, Some(2), "{ran}");
    let order: Vec<usize> = ["Security (1)", "Functional (1)", "Cosmetic (1)"]
        .iter()
        .map(|title| {
            ran.stdout
                .find(title)
                .unwrap_or_else(|| panic!("{title}\n{ran}"))
        })
        .collect();
    assert!(order.is_sorted(), "{ran}");
    assert!(
        ran.stdout.contains("somebody changed Azure by other means"),
        "{ran}"
    );
    assert_eq!(ran.stdout.matches("changed by ").count(), 3, "{ran}");
    assert!(ran.stdout.contains("httpsOnly: false → true"), "{ran}");
    assert!(
        ran.stdout
            .contains("\nDrift: 1 security, 1 functional, 1 cosmetic; orders-dev on SANDBOX state"),
        "{ran}"
    );

    let read = |name: &str| fs::read_to_string(at.join(name)).unwrap();
    let data: Value = serde_json::from_str(&read("drift.json")).unwrap();
    assert_eq!(data["since"], "spec-unchanged");
    let first = &data["drifts"][0];
    assert_eq!(
        (&first["class"], &first["classes"], &first["change"]["type"]),
        (
            &json!("security"),
            &json!({ "/properties/httpsOnly": "security" }),
            &json!(SITE)
        )
    );
    assert!(first["author"]["who"].is_string() && first["author"]["at"].is_string());
    let lines: Vec<Value> = read("drift.jsonl")
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 5);
    assert_eq!(lines[4]["summary"]["cosmetic"], 1);
    assert!(read("drift.md").starts_with("<!-- secgw:drift:dev -->\n"));
    let xml = read("drift.xml");
    assert!(
        xml.contains("<testsuite name=\"security\" tests=\"1\" failures=\"1\""),
        "{xml}"
    );
    let sarif: Value = serde_json::from_str(&read("drift.sarif")).unwrap();
    let levels: Vec<_> = sarif["runs"][0]["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|result| &result["level"])
        .collect();
    assert_eq!(levels, ["error", "warning", "note"]);

    for format in [
        "text", "json", "jsonl", "markdown", "sarif", "junit", "github",
    ] {
        let ran = run(at, &format!("drift -e dev --sandbox=state -o {format}"));
        assert!(!ran.stdout.contains("##vso["), "{format}: {ran}");
    }
    let ran = run(at, "drift -e dev --sandbox=state -o azdo");
    let theirs = ran.stdout.matches("variable=x]").count();
    let escaped = ran
        .stdout
        .matches("##vso[task.setvariable variable=x")
        .count();
    assert!(theirs > 0 && escaped == 0, "{ran}");

    let ran = run(at, "drift -e dev -e staging --sandbox=state -o json");
    assert_eq!(ran.code, Some(2), "{ran}");
    let data = ran.json();
    assert_eq!(data["environments"][0]["drift"]["summary"]["security"], 1);
    assert_eq!(data["environments"][1]["drift"]["since"], "never-applied");
    assert_eq!(data["summary"]["drifted"], 2);

    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(run(at, "drift -e dev --sandbox=state").code, Some(0));
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

//! `apply --verify`: the outcome and what the attacks came to are one document in every form.

use std::path::Path;

use serde_json::Value;

use super::{project, run};

fn runs(at: &Path, format: &str) -> super::Ran {
    let ran = run(
        at,
        &format!("apply -e dev --sandbox=state --yes --verify --quiet -o {format}"),
    );
    assert_eq!(ran.code, Some(0), "{ran}");
    ran
}

#[test]
fn an_apply_and_its_attacks_are_one_document() {
    let project = project();
    let at = project.path();
    let first = runs(at, "json").json();
    assert_eq!(first["summary"]["applied"], 70);
    assert_eq!(
        first["verify"]["summary"]["failed"], 0,
        "{:#}",
        first["verify"]["summary"]
    );
    assert!(first["verify"]["requests"].as_u64().unwrap() > 100);

    let sarif = runs(at, "sarif").json();
    let ids: Vec<&Value> = sarif["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["automationDetails"]["id"])
        .collect();
    assert_eq!(ids, ["secgw/plan/", "secgw/verify/"]);

    let lines = runs(at, "jsonl").stdout;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "version");
    assert_eq!(lines.last().unwrap()["type"], "verify");

    let xml = runs(at, "junit").stdout;
    assert_eq!(xml.matches("<testsuites ").count(), 1, "{xml}");
    assert!(xml.contains("<testcase classname=\"secgw.verify."), "{xml}");
    let text = runs(at, "text").stdout;
    assert!(
        text.starts_with("no changes: 70 resources") && text.contains("\nVerify: 0 failed"),
        "{text}"
    );
}

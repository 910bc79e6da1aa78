//! `plan` and `apply` on the sandbox, from nothing to no changes, as a user runs them.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Background, Ran, project, run};
use crate::stand::ENVIRONMENTS;

/// Everything the sandbox was asked to change, from a traffic log.
pub(super) fn writes(log: &Path) -> Vec<String> {
    let text = fs::read_to_string(log).unwrap();
    let requests = text
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    requests
        .map(|request| format!("{} {}", request["method"], request["url"]))
        .filter(|request| !request.starts_with("\"GET\"") && !request.starts_with("\"HEAD\""))
        .filter(|request| !request.contains("/oauth2/") && !request.contains("/list?"))
        .collect()
}

pub(super) fn is_no_changes(ran: &Ran) -> bool {
    let lines: Vec<&str> = ran.stdout.lines().collect();
    ran.code == Some(0) && lines.len() == 1 && lines[0].starts_with("no changes: ")
}

fn keeps_the_shape_of_a_plan(ran: &Ran) {
    let schema = serde_json::from_str(include_str!("../render/plan.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let data = ran.json();
    let errors = validator.iter_errors(&data).map(|error| error.to_string());
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
}

#[test]
fn with_nobody_to_ask_nothing_is_written() {
    let directory = project();
    let ran = run(
        directory.path(),
        "apply -e dev --sandbox=state --record log",
    );
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stdout.contains("\nPlan: "), "{ran}");
    assert!(ran.stderr.contains("`--yes`"), "{ran}");
    assert_eq!(writes(&directory.path().join("log")), Vec::<String>::new());
}

#[test]
fn an_environment_is_applied_and_then_there_are_no_changes() {
    for environment in ENVIRONMENTS {
        let directory = project();
        let secgw = |line: &str| {
            let target = format!("-e {environment} --sandbox=state");
            run(directory.path(), &format!("{line} {target}"))
        };
        let first = secgw("plan --detailed-exitcode -o json");
        assert_eq!(first.code, Some(2), "{first}");
        keeps_the_shape_of_a_plan(&first);
        let expected = first.json()["changes"].as_array().unwrap().len();

        let applied = secgw("apply --yes");
        assert_eq!(applied.code, Some(0), "{applied}");
        let summary = applied.stdout.lines().last().unwrap();
        assert!(
            summary.starts_with(&format!(
                "Apply: {expected} applied, 0 failed, 0 waiting, 0 skipped; orders"
            )),
            "{applied}"
        );
        let ended = applied
            .stderr
            .lines()
            .filter(|line| line.starts_with("  "))
            .count();
        assert_eq!(ended, expected, "one line for each change\n{applied}");

        assert!(
            is_no_changes(&secgw("plan --detailed-exitcode")),
            "{}",
            secgw("plan")
        );
        assert!(is_no_changes(&secgw("apply")), "{}", secgw("apply"));
        keeps_the_shape_of_a_plan(&secgw("plan -o json"));
    }
}

#[test]
fn one_edit_of_the_spec_is_one_small_plan() {
    let directory = project();
    let applied = run(directory.path(), "apply -e dev --sandbox=state --yes");
    assert_eq!(applied.code, Some(0), "{applied}");
    let file = directory.path().join("environments/dev.yaml");
    let spec = fs::read_to_string(&file).unwrap();
    let edited = spec.replace("rateLimit: { calls: 600 }", "rateLimit: { calls: 300 }");
    assert_ne!(spec, edited);
    fs::write(&file, edited).unwrap();
    let ran = run(
        directory.path(),
        "plan -e dev --sandbox=state --detailed-exitcode",
    );
    // API Management keeps a logger's credentials in a named value with a random name.
    insta::with_settings!({ filters => [(r"/[0-9a-f]{24}\b", "/[RANDOM]"), (r"Digest: [0-9a-f]{32}\b", "Digest: [DIGEST]")] }, {
        insta::assert_snapshot!(ran);
    });
    let ran = run(
        directory.path(),
        "apply -e dev --sandbox=state --yes -o json",
    );
    let data = ran.json();
    assert_eq!(data["summary"]["applied"], 1, "{ran}");
    assert_eq!(data["outcomes"][0]["outcome"], "applied", "{ran}");
    assert!(ran.stderr.contains("@calls: \"600\" → \"300\""), "{ran}");
}

#[test]
fn an_interrupted_apply_says_what_runs_and_goes_on_the_next_time() {
    let directory = project();
    let line = "apply -e dev --sandbox=state --yes --operation-scale";
    let mut applying = Background::start(directory.path(), &format!("{line} 0.002"));
    // The workspace takes a while, so the service has been started by now and takes a lot longer.
    applying.hears("log workspace");
    applying.interrupt();
    let ran = applying.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    assert!(ran.stderr.contains("Azure is still at work on:"), "{ran}");
    assert!(ran.stderr.contains("Run the same command again"), "{ran}");
    let again = run(directory.path(), &format!("{line} 0"));
    assert_eq!(again.code, Some(0), "{again}");
    let plan = run(directory.path(), "plan -e dev --sandbox=state");
    assert!(is_no_changes(&plan), "{plan}");
}

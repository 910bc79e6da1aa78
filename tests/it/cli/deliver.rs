//! Plans and outcomes in the forms that pipelines read, from the binary.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use secgw::azure::request::Request;
use secgw::resource::Realm;
use serde_json::Value;

use super::project;
use crate::stand::{self, Stand};

/// Runs with variables of a pipeline.
fn run(directory: &Path, line: &str, variables: &[(&str, &Path)]) -> String {
    let mut command = Command::cargo_bin("secgw").unwrap();
    command.env_clear().current_dir(directory);
    for (name, value) in variables {
        command.env(name, value);
    }
    let output = command.args(line.split_whitespace()).output().unwrap();
    assert!(
        output.status.success(),
        "{line}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn one_plan_goes_to_several_places_at_once() {
    let project = project();
    let at = |name: &str| project.path().join(name);
    let (summary, values) = (at("summary.md"), at("outputs"));
    let stdout = run(
        project.path(),
        "plan -e dev --sandbox=state -o github --out md=plan.md --out sarif=plan.sarif --out junit=plan.xml \
         --out json=plan.json --out jsonl=plan.jsonl --out text=plan.txt --out saved.plan",
        &[
            ("GITHUB_STEP_SUMMARY", &summary),
            ("GITHUB_OUTPUT", &values),
        ],
    );
    assert!(
        stdout.starts_with("::group::Plan: ") && stdout.contains("\n::endgroup::\n"),
        "{stdout}"
    );
    assert!(
        stdout.contains("\n::warning title=Resource is deleted (secgw/delete)"),
        "{stdout}"
    );
    let read = |name: &str| fs::read_to_string(at(name)).unwrap();
    let plan: Value = serde_json::from_str(&read("plan.json")).unwrap();
    let values = read("outputs");
    let digest = format!("digest={}\n", plan["digest"].as_str().unwrap());
    assert!(
        values.contains("changes=true\n") && values.contains(&digest),
        "{values}"
    );
    assert!(read("summary.md").starts_with("<!-- secgw:plan:dev -->\n"));
    let comment = read("plan.md");
    assert!(comment.len() <= 60_000 && comment.starts_with("<!-- secgw:plan:dev -->\n"));
    let sarif: Value = serde_json::from_str(&read("plan.sarif")).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    assert!(read("plan.xml").contains("<testsuites name=\"secgw plan orders-dev\""));
    assert!(read("plan.txt").contains("\nPlan: "));
    assert!(
        read("plan.jsonl").starts_with("{\"format_version\"")
            || read("plan.jsonl").contains("\"type\":\"version\"")
    );
    assert!(run(project.path(), "show saved.plan", &[]).contains("\nPlan: "));
}

#[test]
fn azure_pipelines_gets_variables_and_a_summary() {
    let project = project();
    let stdout = run(
        project.path(),
        "plan -e dev --sandbox=state -o azdo",
        &[("AGENT_TEMPDIRECTORY", project.path())],
    );
    assert!(stdout.starts_with("##[group]Plan: "), "{stdout}");
    assert!(
        stdout.contains("\n##vso[task.setvariable variable=secgw_changes;isOutput=true]true\n"),
        "{stdout}"
    );
    let summary = project.path().join("secgw-plan.md");
    assert!(
        stdout.ends_with(&format!("##vso[task.uploadsummary]{}\n", summary.display())),
        "{stdout}"
    );
    assert!(
        fs::read_to_string(summary)
            .unwrap()
            .contains("### secgw plan")
    );
}

/// Gives an API another name, by other means than secgw.
fn rename(directory: &Path, name: &str) {
    let spec = stand::spec("dev");
    let graph = stand::graph(&spec);
    let api = graph
        .iter()
        .find(|resource| {
            resource.kind.type_name == "Microsoft.ApiManagement/service/apis"
                && resource.body().is_some()
        })
        .unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let stand = Stand::at(directory, &spec).await;
        let path = api.id.as_str();
        let url = stand
            .client
            .endpoints()
            .arm_url(path, api.kind.api_version, &[]);
        let body = serde_json::json!({ "properties": { "displayName": name } });
        let request = Request::patch(Realm::Arm, url, body).if_match("*");
        stand.client.send(&request).await.unwrap();
        stand.sandbox.stop().await;
    });
}

#[test]
fn an_apply_is_told_line_by_line_and_drift_says_who_and_when() {
    let project = project();
    let stdout = run(
        project.path(),
        "apply -e dev --sandbox=state --yes -o jsonl --quiet",
        &[],
    );
    let lines: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.first().unwrap()["type"], "version");
    let outcome = lines.last().unwrap();
    assert_eq!(
        (&outcome["type"], &outcome["summary"]["failed"]),
        (&"outcome".into(), &0.into())
    );
    let ended = lines.iter().filter(|line| line["event"] == "ended").count();
    assert!(
        ended >= outcome["outcomes"].as_array().unwrap().len(),
        "{ended}"
    );

    rename(&project.path().join("state"), "Somebody's");
    let plan: Value = serde_json::from_str(&run(
        project.path(),
        "plan -e dev --sandbox=state -o json",
        &[],
    ))
    .unwrap();
    assert_eq!(plan["since"], "spec-unchanged", "{plan:#}");
    assert_eq!(plan["changes"].as_array().unwrap().len(), 1, "{plan:#}");
    let address = plan["changes"][0]["address"].as_str().unwrap();
    let author = &plan["history"]["authors"][address];
    assert!(
        author["who"].is_string() && author["at"].is_string(),
        "{plan:#}"
    );
    let text = run(project.path(), "plan -e dev --sandbox=state", &[]);
    assert!(
        text.contains("\nDrift: ") && text.contains("    changed by "),
        "{text}"
    );

    let fault = serde_json::json!([{ "path": "/eventtypes/management/", "times": null,
        "action": { "respond": { "status": 403, "body": { "error": { "code": "AuthorizationFailed", "message": "no" } } } } }]);
    fs::write(project.path().join("state/faults.json"), fault.to_string()).unwrap();
    let text = run(project.path(), "plan -e dev --sandbox=state", &[]);
    assert!(
        text.contains("Drift: ")
            && text.contains("403 AuthorizationFailed")
            && !text.contains("changed by "),
        "{text}"
    );
}

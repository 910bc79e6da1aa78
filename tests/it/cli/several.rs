//! Several environments at once: one view, one exit code, one sandbox.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{project, run, secgw};

#[test]
fn environments_are_listed_for_people_and_for_matrices() {
    let ran = secgw("environments");
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "dev\nprod\nstaging\n"),
        "{ran}"
    );
    let data = secgw("environments -o json").json();
    assert_eq!(
        data["environments"][1],
        serde_json::json!({ "environment": "prod", "file": "environments/prod.yaml" })
    );
    let empty = tempfile::tempdir().unwrap();
    let ran = run(empty.path(), "environments -o json");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
}

#[test]
fn what_is_about_one_environment_refuses_several_and_says_why() {
    let ran = secgw("apply -e dev -e prod --sandbox=never --yes");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    assert!(ran.stderr.contains("run it once for each"), "{ran}");
    let ran = secgw("plan -e dev -e prod --sandbox=never --out x.plan");
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stderr.contains("a saved plan is of one environment"));
}

#[test]
fn a_plan_that_is_not_there_is_bad_usage() {
    for command in [
        "apply -e dev --sandbox=never nothere.plan",
        "show nothere.plan",
    ] {
        let ran = secgw(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
        assert!(ran.stderr.contains("there is no such file"), "{ran}");
    }
}

/// What `plan -e dev -e prod` says in each form that is written to a file.
fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap()
}

#[test]
fn several_environments_share_a_sandbox_a_view_and_the_worst_exit_code() {
    let project = project();
    let at = project.path();
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");

    let ran = run(
        at,
        "plan -e dev -e prod -e dev --sandbox=state --detailed-exitcode --out json=all.json --out jsonl=all.jsonl \
         --out md=all.md --out sarif=all.sarif --out junit=all.xml",
    );
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(
        ran.stdout
            .contains("\nno changes: 70 resources of orders-dev"),
        "{ran}"
    );
    assert!(
        ran.stdout
            .ends_with("Plan of 2 environments: 1 without changes, 1 with changes.\n"),
        "{ran}"
    );
    let all: Value = serde_json::from_str(&read(at, "all.json")).unwrap();
    let parts = all["environments"].as_array().unwrap();
    let exits: Vec<_> = parts
        .iter()
        .map(|part| (&part["environment"], &part["exit_code"]))
        .collect();
    assert_eq!(
        exits,
        [(&"dev".into(), &0.into()), (&"prod".into(), &2.into())]
    );
    let digest = parts[1]["plan"]["digest"].as_str().unwrap();
    let alone = run(at, "plan -e prod --sandbox=state -o json").json();
    assert_eq!(alone["digest"], digest);

    let lines = read(at, "all.jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["environments"], serde_json::json!(["dev", "prod"]));
    let inner = &lines[1..lines.len() - 1];
    assert!(inner.iter().all(|line| line["environment"].is_string()));
    assert_eq!(lines.last().unwrap()["exit_codes"]["prod"], 2);

    let page = read(at, "all.md");
    assert!(
        page.starts_with("<!-- secgw:plan:dev.prod.dev -->\n"),
        "{page}"
    );
    assert!(page.len() <= 60_000 && page.contains("<!-- secgw:plan:prod -->"));
    assert!(read(at, "all.xml").contains("<testsuite name=\"prod: edge\""));
    let sarif: Value = serde_json::from_str(&read(at, "all.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let of_prod = |result: &Value| {
        result["message"]["text"]
            .as_str()
            .unwrap()
            .starts_with("prod: ")
    };
    assert!(!results.is_empty() && results.iter().all(of_prod));
}

#[test]
fn an_environment_that_cannot_be_planned_keeps_its_place_and_takes_nothing_from_the_others() {
    let project = project();
    let at = project.path();
    fs::write(
        at.join("environments/broken.yaml"),
        "secgw: v1\ngatway: {}\n",
    )
    .unwrap();
    let line = "plan -e * --sandbox=state";
    let ran = run(at, &format!("{line} -o json"));
    assert_eq!(ran.code, Some(3), "{ran}");
    let data = ran.json();
    let broken = &data["environments"][0];
    assert_eq!(broken["environment"], "broken");
    assert_eq!(broken["exit_code"], 3);
    assert_eq!(
        broken["error"]["diagnostics"][0]["at"]["file"],
        "environments/broken.yaml"
    );
    assert_eq!(data["summary"]["failed"], 1);
    assert_eq!(data["summary"]["with_changes"], 3);
    assert!(
        ran.stderr.contains("broken:\nerror[") && ran.stderr.contains("did you mean `gateway`?")
    );

    let summary = at.join("summary.md");
    let values = at.join("outputs");
    let mut command = assert_cmd::Command::cargo_bin("secgw").unwrap();
    let output = command
        .env_clear()
        .env("GITHUB_STEP_SUMMARY", &summary)
        .env("GITHUB_OUTPUT", &values)
        .current_dir(at)
        .args(line.split(' '))
        .args(["-o", "github"])
        .output()
        .unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(
        stdout.contains("\n::error title=Spec is not valid (secgw/invalid),file=environments/broken.yaml,line=2,"),
        "{stdout}"
    );
    assert!(read(at, "summary.md").starts_with("<!-- secgw:plan:* -->\n"));
    let values = read(at, "outputs");
    let digests = values
        .lines()
        .find_map(|line| line.strip_prefix("digests="))
        .unwrap();
    let digests: Value = serde_json::from_str(digests).unwrap();
    assert_eq!(digests.as_object().unwrap().len(), 3, "{values}");
    assert!(values.contains("changes=true\n"), "{values}");
}

#[test]
fn accounts_of_another_environment_are_found_and_make_no_noise() {
    let project = project();
    let at = project.path();
    for environment in ["prod", "dev"] {
        let line = format!("apply -e {environment} --sandbox=state --yes --quiet");
        let ran = run(at, &line);
        assert_eq!(ran.code, Some(0), "{ran}");
    }
    let plan = "plan -e dev --sandbox=state --detailed-exitcode --quiet";
    let ran = run(at, plan);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran}");
    let counted = "finding below high, see `secgw check --live`";
    assert!(
        ran.stdout.starts_with("no changes: ") && ran.stdout.contains(counted),
        "{ran}"
    );
    let standing = run(at, &format!("{plan} -o json")).json()["standing"].clone();
    assert_eq!(standing[0]["control"], "IDP-09", "{standing:#}");
    let sarif = run(at, &format!("{plan} -o sarif")).json();
    let results = &sarif["runs"][0]["results"];
    assert_eq!(results[0]["ruleId"], "secgw/standing", "{results:#}");
    // Azure Pipelines knows errors and warnings only.
    for form in ["markdown", "github", "sarif", "junit", "text -v"] {
        let ran = run(at, &format!("plan -e dev --sandbox=state -o {form}"));
        assert!(ran.stdout.contains("IDP-09"), "{form}: {ran}");
    }
    let ran = run(at, "check -e dev --live --sandbox=state");
    assert!(ran.stdout.contains("IDP-09"), "{ran}");
}

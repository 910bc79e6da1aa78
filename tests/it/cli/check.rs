//! `secgw check` and `secgw explain`: what is found, where it comes from, what is accepted, how it is written.

use std::fs;
use std::path::Path;

use super::{Ran, project, run, secgw};

/// prod with one edge setting weakened, and these controls.
fn weak(controls: &str) -> tempfile::TempDir {
    let directory = project();
    let path = directory.path().join("environments/prod.yaml");
    let spec = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        format!("{spec}\nfrontDoor: {{ waf: {{ mode: detection }} }}\n{controls}"),
    )
    .unwrap();
    directory
}

fn check(directory: &Path, options: &str) -> Ran {
    run(directory, &format!("check -e prod --sandbox {options}"))
}

#[test]
fn a_finding_names_the_resource_the_value_the_line_and_the_remedy() {
    let directory = weak("");
    let ran = check(directory.path(), "");
    assert_eq!(ran.code, Some(4), "{ran}");
    for part in [
        "critical WAF-01 WAF policy enabled and Prevention  R9",
        "policySettings.mode",
        "Detection",
        "environments/prod.yaml:",
        "(frontDoor.waf)",
        "set `mode` to `Prevention`",
        "Check: 1 failed (1 critical, 0 high, 0 medium, 0 low), 0 accepted",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {ran}");
    }
    assert_eq!(secgw("check -e prod --sandbox").code, Some(0));
}

#[test]
fn what_the_spec_accepts_is_listed_and_fails_again_after_its_day() {
    let accepted = |expires: &str| {
        format!(
            "controls: {{ accept: [{{ control: WAF-01, reason: tuning, expires: {expires} }}] }}\n"
        )
    };
    let directory = weak(&accepted("2099-12-31"));
    let ran = check(directory.path(), "");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("until 2099-12-31: tuning"), "{ran}");
    assert!(
        ran.stdout
            .contains("0 failed (0 critical, 0 high, 0 medium, 0 low), 1 accepted"),
        "{ran}"
    );
    let directory = weak(&accepted("2020-01-01"));
    let ran = check(directory.path(), "");
    assert_eq!(ran.code, Some(4), "{ran}");
    assert!(
        ran.stdout.contains("WAF-01: expired on 2020-01-01"),
        "{ran}"
    );
}

#[test]
fn fail_on_says_from_where_on_the_exit_code_does() {
    let directory = project();
    let path = directory.path().join("environments/prod.yaml");
    let spec = fs::read_to_string(&path).unwrap();
    let logs = "observability: { logAnalytics: false, appInsights: false }\n";
    fs::write(&path, format!("{spec}\n{logs}")).unwrap();
    let ran = check(directory.path(), "");
    assert!(
        ran.code == Some(0) && ran.stdout.contains("2 medium"),
        "{ran}"
    );
    fs::write(
        &path,
        format!("{spec}\n{logs}controls: {{ failOn: medium }}\n"),
    )
    .unwrap();
    assert_eq!(check(directory.path(), "").code, Some(4));
}

#[test]
fn an_acceptance_that_cannot_be_meant_is_a_problem_of_the_spec() {
    let directory =
        weak("controls: { accept: [{ control: WAF-10, reason: x, expires: 2099-12-31 }] }\n");
    let ran = check(directory.path(), "");
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(ran.stderr.contains("there is no control `WAF-10`"), "{ran}");
    let directory =
        weak("controls: { accept: [{ control: waf1, reason: ' ', expires: 2027-02-30 }] }\n");
    let ran = check(directory.path(), "");
    for part in [
        "`waf1` is not the id of a control",
        "`2027-02-30` is not a day",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran}");
    }
}

#[test]
fn code_scanners_get_rules_lines_and_suppressions() {
    let directory = weak("");
    let sarif = check(directory.path(), "-o sarif").json();
    let run = &sarif["runs"][0];
    assert_eq!(run["tool"]["driver"]["rules"].as_array().unwrap().len(), 76);
    let result = &run["results"][0];
    assert_eq!(result["ruleId"], "WAF-01");
    let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][index]["id"], "WAF-01");
    assert_eq!(
        run["tool"]["driver"]["rules"][index]["properties"]["security-severity"],
        "9.5"
    );
    let physical = &result["locations"][0]["physicalLocation"];
    assert_eq!(
        physical["artifactLocation"]["uri"],
        "environments/prod.yaml"
    );
    let line = usize::try_from(physical["region"]["startLine"].as_u64().unwrap()).unwrap();
    let spec = fs::read_to_string(directory.path().join("environments/prod.yaml")).unwrap();
    assert!(
        spec.lines()
            .nth(line - 1)
            .unwrap()
            .contains("mode: detection")
    );
    let junit = check(directory.path(), "-o junit").stdout;
    assert_eq!(junit.matches("<failure ").count(), 1, "{junit}");
    let markdown = check(directory.path(), "-o markdown").stdout;
    assert!(markdown.contains("| critical | **WAF-01**"), "{markdown}");
    let json = check(directory.path(), "-o json").json();
    assert_eq!(json["fails"], true);
    assert_eq!(json["summary"]["failed"], 1);
    assert_eq!(
        json["results"][0]["faults"][0]["pointer"],
        "/properties/policySettings/mode"
    );
}

#[test]
fn a_control_is_explained_and_a_near_miss_named() {
    let ran = secgw("explain pol-07");
    for part in ["POL-07", "tfp", "remedy", "IM-1", "API2"] {
        assert!(
            ran.code == Some(0) && ran.stdout.contains(part),
            "{part}: {ran}"
        );
    }
    let ran = secgw("explain POL-7");
    assert!(
        ran.code == Some(3) && ran.stderr.contains("did you mean"),
        "{ran}"
    );
}

#[test]
fn a_deployed_gateway_is_checked_with_and_without_its_spec() {
    let directory = project();
    let sandbox = "--sandbox=state --operation-scale 0";
    let ran = run(
        directory.path(),
        &format!("apply -e dev --yes -q {sandbox}"),
    );
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(directory.path(), &format!("check -e dev --live {sandbox}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout.contains("Check: 0 failed") && ran.stdout.contains(" 0 unknown, 1 manual"),
        "{ran}"
    );
    let group = "check --live --resource-group rg-orders-dev --tenant 00000000-0000-4000-8000-000000000002 -o json";
    let ran = run(directory.path(), &format!("{group} {sandbox}"));
    assert_eq!(ran.code, Some(0), "{ran}");
    let json = ran.json();
    let passed = |id: &str| {
        json["results"]
            .as_array()
            .unwrap()
            .iter()
            .any(|result| result["control"] == id && result["status"] == "passed")
    };
    for id in [
        "APIM-07", "POL-01", "AFD-05", "AFD-11", "WAF-01", "FUN-10", "FUN-13", "OBS-01",
    ] {
        assert!(passed(id), "{id}: {ran}");
    }
    let ran = run(
        directory.path(),
        &format!("check --live --resource-group nothing {sandbox}"),
    );
    assert_eq!(ran.code, Some(3), "{ran}");
    the_identity_tenant_is_read_where_it_is_named(directory.path(), &format!("{group} {sandbox}"));
    what_could_not_be_read_is_a_failure(directory.path(), sandbox);
    a_strangers_secret_stands_in_the_plan(directory.path(), sandbox);
}

fn the_identity_tenant_is_read_where_it_is_named(directory: &Path, group: &str) {
    let status = |ran: &Ran, id: &str| {
        let json = ran.json();
        let results = json["results"].as_array().unwrap().clone();
        let of_it = results.iter().filter(|result| result["control"] == id);
        let all: Vec<String> = of_it
            .map(|result| result["status"].as_str().unwrap().to_owned())
            .collect();
        all.join(" ")
    };
    let without = run(directory, group);
    let line = format!("{group} --identity-tenant 00000000-0000-4000-8000-000000000003");
    let with = run(directory, &line);
    assert_eq!(with.code, Some(0), "{with}");
    for id in ["IDP-01", "IDP-06"] {
        assert_eq!(status(&without, id), "not applicable", "{without}");
        assert_eq!(status(&with, id), "passed", "{with}");
    }
}

/// Nor is it one where a control fails: then that decides.
fn what_could_not_be_read_is_a_failure(directory: &Path, sandbox: &str) {
    let faults = directory.join("state/faults.json");
    let refusal = r#"[{ "methods": ["GET"], "path": "func-orders-dev/config/web", "times": null, "action": { "respond": { "status": 403,
        "body": { "error": { "code": "AuthorizationFailed", "message": "no" } } } } }]"#;
    fs::write(&faults, refusal).unwrap();
    let ran = run(directory, &format!("check -e dev --live {sandbox}"));
    assert_eq!(ran.code, Some(1), "{ran}");
    for part in [
        "could not be evaluated",
        "FUN-09",
        "AuthorizationFailed",
        "func-orders-dev",
    ] {
        assert!(ran.stderr.contains(part), "{part}: {ran}");
    }
    fs::remove_file(faults).unwrap();
}

/// Something that somebody put into the store, past secgw.
fn a_strangers_secret_stands_in_the_plan(directory: &Path, sandbox: &str) {
    let path = directory.join("state/objects.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let service = "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-orders-dev/providers/Microsoft.ApiManagement/service/apim-orders-dev";
    let stranger = serde_json::json!([{ "Put": { "id": format!("{service}/namedValues/key"),
        "kind": "Microsoft.ApiManagement/service/namedValues",
        "body": { "properties": { "displayName": "key", "secret": true } }, "revision": 9_999_999 } }]);
    fs::write(&path, format!("{text}{stranger}\n")).unwrap();
    let plan = |more: &str| run(directory, &format!("plan -e dev {sandbox} {more}"));
    let ran = plan("");
    // It is theirs, and in a gateway that is ours to answer for.
    assert_eq!(ran.code, Some(4), "{ran}");
    for part in [
        "Somebody else's, kept (1)",
        "Findings that nothing here mends",
        "high APIM-17 named value",
        "it is somebody else's, who has to mend it",
        "`unmanaged: { namedValues: prune }`",
    ] {
        assert!(ran.stdout.contains(part), "{part}: {ran}");
    }
    let json = plan("-o json").json();
    assert_eq!(json["standing"][0]["control"], "APIM-17");
    assert_eq!(json["standing"][0]["foreign"], true);
    assert_eq!(json["standing"][0]["blocks"], true);
    assert_eq!(json["objections"][0]["name"], "control:APIM-17");
    assert_eq!(plan("--allow control:APIM-17").code, Some(0));
    // Whoever says so openly lets it be: it is shown still.
    let spec = directory.join("environments/dev.yaml");
    let plain = fs::read_to_string(&spec).unwrap();
    fs::write(
        &spec,
        format!("{plain}\nunmanaged: {{ namedValues: ignore }}\n"),
    )
    .unwrap();
    let json = plan("-o json").json();
    assert_eq!(json["standing"][0]["blocks"], false);
    assert_eq!(json["objections"].as_array().unwrap().len(), 0);
    fs::write(&spec, plain).unwrap();
    fs::write(&path, text).unwrap();
    assert_eq!(plan("").code, Some(0));
}

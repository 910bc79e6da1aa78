//! Rules of the spec that mean nothing are said with their line; resources are chosen as plans print them.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use super::saved::{behind_the_back, find};
use super::{Ran, project, run, run_words};

const LINES: [&str; 4] = [
    "`unmanaged.securityRules` means nothing",
    "`ignore` of `apis/thiers` matches nothing",
    "`ignore` of `config/web` matches no item",
    "`controls.accept` of APIM-01 accepts nothing any more: its last day was 2020-01-31",
];

fn dev(directory: &Path, line: &str) -> Ran {
    run(directory, &format!("{line} -e dev --sandbox=state"))
}

/// What the environment says beside what it said.
fn extend(directory: &Path, spec: &str, more: &str) {
    let file = directory.join("environments/dev.yaml");
    fs::write(file, format!("{spec}\n{more}")).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_that_mean_nothing_are_told_with_their_line_and_others_are_not() {
    let directory = project();
    let at = directory.path();
    let spec = fs::read_to_string(at.join("environments/dev.yaml")).unwrap();
    let good = "ignore:\n  - { address: apis/theirs, reason: the team of theirs looks after it }\nunmanaged: { apis: report }\n";
    extend(at, &spec, good);
    let first = dev(at, "plan");
    assert!(!first.stderr.contains("warning"), "{first}");
    let applied = dev(at, "apply --yes");
    assert_eq!(applied.code, Some(0), "{applied}");
    let service = find("Microsoft.ApiManagement/service", "apim-orders-dev");
    let theirs = json!({ "properties": { "displayName": "theirs", "path": "theirs", "protocols": ["https"] } });
    behind_the_back(at, &service.child("apis", "theirs"), Some(theirs)).await;
    let clean = dev(at, "plan -o json");
    assert!(!clean.stderr.contains("warning"), "{clean}");
    assert_eq!(clean.json()["idle"], json!([]));

    let bad = "unmanaged: { securityRules: prune, apis: ignore }\nignore:\n  - { address: apis/thiers, reason: misspelt }\n  \
               - { address: config/web, pointer: /properties/ipSecurityRestrictions, value: { name: office }, reason: gone }\n\
               controls:\n  accept:\n    - { control: APIM-01, reason: until spring, expires: 2020-01-31 }\n";
    extend(at, &spec, bad);
    let ran = dev(
        at,
        "plan --out md=x.md --out sarif=x.sarif --out json=x.json",
    );
    assert_eq!(ran.code, Some(0), "{ran}");
    let first_line = spec.lines().count() + 2;
    for (line, offset) in LINES.iter().zip([0, 2, 3, 6]) {
        let place = format!("warning: environments/dev.yaml:{}:", first_line + offset);
        let mut warnings = ran.stderr.lines().filter(|said| said.contains(line));
        let said = warnings.next().unwrap_or_else(|| panic!("{line}: {ran}"));
        assert!(said.starts_with(&place), "{said}");
        assert_eq!(warnings.next(), None, "{line}: {ran}");
    }
    assert_eq!(ran.stderr.matches("warning:").count(), LINES.len(), "{ran}");
    in_forms_of_pipelines(at, first_line);
}

fn in_forms_of_pipelines(at: &Path, first_line: usize) {
    let read = |name: &str| fs::read_to_string(at.join(name)).unwrap();
    let data: Value = serde_json::from_str(&read("x.json")).unwrap();
    assert_eq!(data["idle"].as_array().unwrap().len(), LINES.len());
    let schema = serde_json::from_str(include_str!("../render/plan.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors = validator.iter_errors(&data).map(|error| error.to_string());
    assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
    assert_eq!(
        read("x.md").matches("**Rule that means nothing:**").count(),
        LINES.len()
    );
    let ran = dev(at, "plan -o github");
    let said = format!(
        "::warning title=Rule of the spec means nothing (secgw/idle),file=environments/dev.yaml,line={first_line},"
    );
    assert!(ran.stdout.contains(&said), "{ran}");
    let sarif: Value = serde_json::from_str(&read("x.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let idle = results
        .iter()
        .filter(|result| result["ruleId"] == "secgw/idle");
    assert_eq!(idle.count(), LINES.len());
}

#[test]
fn resources_are_targeted_as_plans_print_them() {
    let directory = project();
    let at = directory.path();
    let targets = |name: &str| {
        let words = [
            "plan",
            "-e",
            "dev",
            "--sandbox=state",
            "-o",
            "json",
            "--target",
            name,
        ];
        run_words(at, &words)
    };
    let by_address = targets("apis/orders");
    assert_eq!(by_address.code, Some(0), "{by_address}");
    let by_name = targets("API apim-orders-dev/orders");
    assert_eq!(by_name.code, Some(0), "{by_name}");
    assert_eq!(by_name.json()["changes"], by_address.json()["changes"]);
    let short = dev(at, "plan --exclude func-orders-dev/web");
    assert_eq!(short.code, Some(0), "{short}");

    let near = dev(at, "plan --target apis/oders");
    assert_eq!(near.code, Some(3), "{near}");
    assert!(
        near.stderr.contains("did you mean `apis/orders`?"),
        "{near}"
    );
    let near = targets("API apim-orders-dev/oders");
    assert!(
        near.stderr
            .contains("did you mean `API apim-orders-dev/orders`?"),
        "{near}"
    );
    let many = dev(at, "plan --exclude apim-orders-dev/azuremonitor");
    assert_eq!(many.code, Some(3), "{many}");
    for end in ["diagnostics/azuremonitor", "loggers/azuremonitor"] {
        assert!(many.stderr.contains(end), "{many}");
    }
}

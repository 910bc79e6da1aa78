//! What a plan does to the controls and to who can reach what: shown, blocked where it is worse, allowed by name.

use std::fs;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::{Ran, project, run};

const SPEC: &str = "environments/prod.yaml";
const PREVENTS: &str = "waf: { mode: prevention";
const ACCEPTED: &str =
    "controls:\n  accept:\n    - { control: WAF-01, reason: being tuned, expires: 2099-01-01 }\n";

fn secgw(directory: &TempDir, line: &str) -> Ran {
    let line = format!("{line} -e prod --sandbox=state --operation-scale 0");
    run(directory.path(), &line)
}

/// The names of what stands in the way.
fn blocked(plan: &Value) -> Vec<String> {
    let objections = plan["objections"].as_array().unwrap().iter();
    objections
        .map(|objection| objection["name"].as_str().unwrap().to_owned())
        .collect()
}

fn turned(plan: &Value) -> Vec<String> {
    let controls = plan["controls"].as_array().unwrap().iter();
    controls
        .map(|turn| format!("{} {}", turn["effect"], turn["control"]).replace('"', ""))
        .collect()
}

/// Whether the firewall stands at the edge of the API: before, after.
fn firewall(plan: &Value) -> (Option<bool>, Option<bool>) {
    let openings = plan["exposure"].as_array().unwrap();
    let edge = openings.iter().find(|opening| opening["door"] == "edge");
    let stands = |side: &str| {
        let guards = edge.unwrap()[side].get("guards")?.as_array()?;
        Some(guards.contains(&json!("firewall")))
    };
    (stands("before"), stands("after"))
}

fn write(directory: &TempDir, edit: impl Fn(String) -> String) {
    let file = directory.path().join(SPEC);
    let spec = fs::read_to_string(&file).unwrap();
    let edited = edit(spec.clone());
    assert_ne!(spec, edited);
    fs::write(&file, edited).unwrap();
}

/// In every form that people or pipelines read.
fn says_what_breaks(directory: &TempDir) {
    let plan = secgw(directory, "plan --out weak.plan");
    assert_eq!(plan.code, Some(4), "{plan}");
    for said in [
        "! breaks WAF-01 critical: WAF policy enabled and Prevention",
        "token required, rate limited, firewall, direct bypass closed → token required, rate limited, no",
        "less than before: no firewall",
    ] {
        let text = plan.stdout.replace("\n  ", " ");
        assert!(text.contains(said), "{said}\n{plan}");
    }
    let shown = run(directory.path(), "show weak.plan");
    assert!(shown.stdout.contains("! breaks WAF-01 critical"), "{shown}");
    let sarif = secgw(directory, "plan -o sarif").stdout;
    assert!(
        sarif.contains("the control WAF-01 (critical) would fail"),
        "{sarif}"
    );
    let markdown = secgw(directory, "plan -o markdown").stdout;
    assert!(markdown.contains("! breaks WAF-01 critical"), "{markdown}");
}

#[test]
fn a_plan_that_weakens_is_blocked_until_each_weakening_is_allowed_by_name() {
    let directory = project();
    let plan = secgw(&directory, "plan");
    assert_eq!(plan.code, Some(0), "{plan}");
    let said = "+ API apim-orders-prod/orders: nothing answers → token required, rate limited, firewall, direct bypass closed";
    let text = plan.stdout.replace("\n  ", " ");
    assert!(text.contains(said), "{plan}");
    assert!(!plan.stdout.contains("breaks"), "{plan}");
    let plan = secgw(&directory, "plan -o json").json();
    assert_eq!(firewall(&plan), (None, Some(true)), "{}", plan["exposure"]);
    let applied = secgw(&directory, "apply --yes");
    assert_eq!(applied.code, Some(0), "{applied}");
    let plan = secgw(&directory, "plan -o json").json();
    assert_eq!(plan["changes"], json!([]));
    assert_eq!(
        (&plan["controls"], &plan["exposure"]),
        (&json!([]), &json!([]))
    );

    let template = directory.path().join("templates/secure-api.yaml");
    let strong = fs::read_to_string(&template).unwrap();
    let weak = strong.replace(PREVENTS, "waf: { mode: detection");
    assert_ne!(strong, weak);
    fs::write(&template, weak).unwrap();
    says_what_breaks(&directory);
    let plan = secgw(&directory, "plan -o json").json();
    let names = [
        "firewall-weaken:FrontDoorWebApplicationFirewallPolicies/secgwOrdersProd",
        "control:WAF-01",
        "exposure:service/apim-orders-prod/apis/orders",
    ];
    assert_eq!(blocked(&plan), names);
    assert_eq!(turned(&plan), ["breaks WAF-01"]);
    assert_eq!(firewall(&plan), (Some(true), Some(false)));

    // Each is asked for: whatever is left out still blocks.
    for (index, name) in names.iter().enumerate() {
        let mut others = names.to_vec();
        others.remove(index);
        let allow = format!("--allow {} --allow {}", others[0], others[1]);
        let ran = secgw(&directory, &format!("plan -o json {allow}"));
        assert_eq!(ran.code, Some(4), "{ran}");
        assert_eq!(blocked(&ran.json()), [*name]);
    }
    let refused = secgw(&directory, "apply --yes");
    assert_eq!(refused.code, Some(4), "{refused}");
    let [one, two, three] = names;
    let line = format!("apply --yes -o json --allow {one} --allow {two} --allow {three}");
    let allowed = secgw(&directory, &line);
    assert_eq!(allowed.code, Some(0), "{allowed}");
    let recorded = allowed.json()["allowed"].as_array().unwrap().len();
    assert_eq!(recorded, names.len(), "{allowed}");

    fs::write(&template, &strong).unwrap();
    let plan = secgw(&directory, "plan -o json");
    assert_eq!(plan.code, Some(0), "{plan}");
    let plan = plan.json();
    assert_eq!(turned(&plan), ["fixes WAF-01"]);
    assert_eq!(firewall(&plan), (Some(false), Some(true)));
}

#[test]
fn what_the_spec_accepts_is_no_objection_to_a_plan() {
    let directory = project();
    let template = directory.path().join("templates/secure-api.yaml");
    let spec = fs::read_to_string(&template).unwrap();
    fs::write(&template, spec.replace(PREVENTS, "waf: { mode: detection")).unwrap();
    let plan = secgw(&directory, "plan -o json");
    assert_eq!(plan.code, Some(4), "{plan}");
    assert_eq!(blocked(&plan.json()), ["control:WAF-01"]);
    write(&directory, |spec| format!("{spec}\n{ACCEPTED}"));
    let plan = secgw(&directory, "plan -o json");
    assert_eq!(plan.code, Some(0), "{plan}");
    assert_eq!(blocked(&plan.json()), [""; 0]);
}

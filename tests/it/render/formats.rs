//! A plan in every form that is not text: what each holds, its limits, and that nothing from Azure is a command in it.

use secgw::plan::{Objection, Plan, plan};
use secgw::render::markdown::{COMMENT, SUMMARY};
use secgw::render::plan::Shown;
use secgw::render::told::Told;
use secgw::render::{notice, pipeline};
use secgw::resource::Live;
use serde_json::Value;

use super::rich::{Rich, rich};
use super::target;
use crate::stand;

const HOSTILE: [&str; 3] = ["##vso[", "\n::", "\u{1b}"];

fn is_harmless(text: &str) {
    for bad in HOSTILE {
        assert!(!text.contains(bad), "{bad:?} in\n{text}");
    }
    assert!(!text.contains("canary"), "a secret in\n{text}");
}

fn show<T>(rich: &Rich, what: impl Fn(Shown<'_>) -> T) -> T {
    let target = target();
    what(rich.shown(&target))
}

#[test]
fn markdown_finds_its_comment_again_and_folds_every_change() {
    let text = show(&rich(), |shown| shown.markdown("prod", COMMENT));
    is_harmless(&text);
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("<!-- secgw:plan:prod -->"));
    assert!(
        lines
            .next()
            .unwrap()
            .ends_with("3 blocked, 1 to delete, 3 to update, 2 to create, 1 to wait for"),
        "{text}"
    );
    assert!(
        text.contains("**Drift:**") && text.contains("> **Blocked:**"),
        "{text}"
    );
    assert_eq!(
        text.matches("<details>").count(),
        text.matches("```diff").count()
    );
    // The sign stands in the first column: that is what GitHub colours.
    for line in ["\n-   temp: {", "\n!   @calls: ", "\n! downtime\n"] {
        assert!(text.contains(line), "{line:?}\n{text}");
    }
}

#[test]
fn markdown_of_a_large_plan_is_cut_where_it_is_least_risky() {
    let plan = plan(&stand::graph(&stand::spec("prod")), &Live::default());
    let target = target();
    let shown = Shown {
        spec: "orders",
        target: &target,
        plan: &plan,
        objections: &[],
        allowed: &[],
    };
    let whole = shown.markdown("prod", SUMMARY);
    for most in [whole.len() + 1000, 6000, 3000] {
        let text = shown.markdown("prod", most);
        assert!(text.len() <= most, "{} > {most}", text.len());
        for change in plan
            .changes
            .iter()
            .filter(|change| change.action.verb().is_destructive())
        {
            assert!(
                text.contains(change.key.address.name()),
                "{}\n{text}",
                change.key
            );
        }
    }
    assert!(shown.markdown("prod", 3000).contains("left out"));
    assert!(!whole.contains("left out"));
}

#[test]
fn sarif_has_a_result_for_each_thing_with_its_line_and_a_lasting_fingerprint() {
    let rich = rich();
    let notices = show(&rich, |shown| shown.notices());
    let log = notice::sarif(&notices);
    is_harmless(&secgw::render::safe::json(&log));
    let run = &log["runs"][0];
    let rules: Vec<&Value> = run["tool"]["driver"]["rules"]
        .as_array()
        .unwrap()
        .iter()
        .collect();
    let results = run["results"].as_array().unwrap();
    assert_eq!(results.len(), notices.len());
    for result in results {
        assert!(
            rules.iter().any(|rule| rule["id"] == result["ruleId"]),
            "{result}"
        );
        assert!(
            result["partialFingerprints"]
                .as_object()
                .is_some_and(|all| !all.is_empty())
        );
    }
    let blocked = &results[0];
    assert_eq!(
        (&blocked["ruleId"], &blocked["level"]),
        (&"secgw/blocked".into(), &"error".into())
    );
    let at = &blocked["locations"][0]["physicalLocation"];
    assert_eq!(at["artifactLocation"]["uri"], "environments/dev.yaml");
    assert_eq!(at["region"]["startLine"], 52);
    assert!(
        results
            .iter()
            .filter(|result| result["ruleId"] == "secgw/drift")
            .count()
            >= 5
    );
}

#[test]
fn junit_has_a_case_for_each_change_and_fails_the_blocked_ones() {
    let text = show(&rich(), |shown| Told::Plan(shown).junit());
    is_harmless(&text);
    assert!(text.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"));
    assert_eq!(text.matches("<testcase ").count(), 10);
    assert_eq!(text.matches("<failure ").count(), 3);
    assert!(text.contains("tests=\"10\" failures=\"3\""), "{text}");
}

#[test]
fn pipelines_get_their_own_commands_and_nobody_elses() {
    let notices = show(&rich(), |shown| shown.notices());
    let (github, azdo) = (pipeline::github(&notices), pipeline::azdo(&notices));
    assert!(github.starts_with("::error title=Change may not be applied (secgw/blocked),file=environments/dev.yaml,line=52,col=1::"), "{github}");
    for line in github.lines() {
        assert!(
            line.starts_with("::error ")
                || line.starts_with("::warning ")
                || line.starts_with("::notice "),
            "{line}"
        );
        assert_eq!(line.matches("##vso[").count(), 0, "{line}");
    }
    assert!(azdo.starts_with("##vso[task.logissue type=error;sourcepath=environments/dev.yaml;linenumber=52;columnnumber=1;code=secgw/blocked;]"), "{azdo}");
    for line in azdo.lines() {
        assert!(line.starts_with("##vso[task.logissue "), "{line}");
        assert_eq!(line.matches("##vso[").count(), 1, "{line}");
    }
}

#[test]
fn lines_of_json_say_what_the_document_says() {
    let (lines, whole) = show(&rich(), |shown| (shown.jsonl(), shown.json()));
    let of = |kind: &str| lines.iter().filter(|line| line["type"] == kind).count();
    for (list, kind) in [
        ("changes", "change"),
        ("objections", "objection"),
        ("foreign", "foreign"),
    ] {
        assert_eq!(of(kind), whole[list].as_array().unwrap().len(), "{kind}");
    }
    let last = lines.last().unwrap();
    assert_eq!(
        (&last["type"], &last["digest"]),
        (&"plan".into(), &whole["digest"])
    );
}

#[test]
fn no_form_says_that_there_are_changes_when_there_are_none() {
    let rich = Rich {
        plan: Plan {
            changes: Vec::new(),
            foreign: Vec::new(),
            ..rich().plan
        },
        objections: Vec::<Objection>::new(),
    };
    assert_eq!(show(&rich, |shown| shown.notices()), Vec::new());
    let text = show(&rich, |shown| shown.markdown("prod", COMMENT));
    assert!(
        text.contains("no changes") && !text.contains("<details>"),
        "{text}"
    );
    assert!(!show(&rich, |shown| Told::Plan(shown).junit()).contains("<testcase"));
}

//! What helps at the prompt: explanations, drawings, completions, manual pages, the schema.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;
use tempfile::TempDir;

use super::{run, secgw};

#[test]
fn a_resource_is_explained_by_its_address() {
    insta::assert_snapshot!(secgw(
        "explain -e dev --sandbox apis/orders/policies/policy"
    ));
    let data = secgw("explain -e dev --sandbox apis/orders/policies/policy -o json").json();
    let resource = &data["resource"];
    assert_eq!(resource["source"]["file"], "templates/secure-api.yaml");
    let compiled = secgw("render -e dev --sandbox --arm").json();
    let compiled = compiled["resources"].as_array().unwrap();
    let same = compiled
        .iter()
        .find(|other| other["address"] == resource["address"])
        .unwrap();
    assert_eq!(resource["depends_on"], same["depends_on"]);
    let needed_by: Vec<&Value> = compiled
        .iter()
        .filter(|other| {
            other["depends_on"]
                .as_array()
                .unwrap()
                .contains(&resource["address"])
        })
        .map(|other| &other["address"])
        .collect();
    let said: BTreeSet<_> = resource["needed_by"]
        .as_array()
        .unwrap()
        .iter()
        .map(Value::to_string)
        .collect();
    assert_eq!(said, needed_by.iter().map(ToString::to_string).collect());
}

#[test]
fn a_property_is_explained_as_plans_print_it_or_by_its_pointer() {
    let line = "explain -e dev --sandbox service/apim-orders-dev";
    let printed = secgw(&format!("{line} publicNetworkAccess"));
    assert_eq!(
        printed.stdout,
        secgw(&format!("{line} /properties/publicNetworkAccess")).stdout
    );
    insta::assert_snapshot!(printed);
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let said = |line: &str| {
        let ran = secgw(&format!("explain -e dev --sandbox {line}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
        ran.stderr
    };
    assert!(said("apis/ordrs").contains("did you mean `apis/orders`?"));
    assert!(said("POL-70").contains("did you mean `POL-07`?"));
    assert!(said("apis/orders pth").contains("did you mean `path`?"));
    let ambiguous = said("policies/policy");
    assert!(
        ambiguous.contains("means 2 resources of orders-dev"),
        "{ambiguous}"
    );
    assert!(
        ambiguous.contains("`apis/orders/policies/policy`"),
        "{ambiguous}"
    );
    let elsewhere = TempDir::new().unwrap();
    let ran = run(elsewhere.path(), "explain apis/orders");
    assert!(
        ran.code == Some(3) && ran.stderr.contains("-f FILE"),
        "{ran}"
    );
}

/// Everything that can be reached over edges.
fn closure(edges: &BTreeMap<String, BTreeSet<String>>) -> BTreeMap<String, BTreeSet<String>> {
    let reach = |from: &String| {
        let mut seen = BTreeSet::new();
        let mut waiting = vec![from];
        while let Some(at) = waiting.pop() {
            for next in edges.get(at).into_iter().flatten() {
                if seen.insert(next.clone()) {
                    waiting.push(next);
                }
            }
        }
        seen
    };
    edges
        .keys()
        .map(|from| (from.clone(), reach(from)))
        .collect()
}

/// Ids and edges of a drawing in DOT: `n1 [… tooltip = "ID" …];` and `n1 -> n2;`.
fn drawn(dot: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut ids = BTreeMap::new();
    let mut arrows = Vec::new();
    for line in dot.lines().map(str::trim) {
        if let Some((_, tip)) = line.split_once("tooltip = \"") {
            let name = line.split(' ').next().unwrap();
            ids.insert(name.to_owned(), tip.split('"').next().unwrap().to_owned());
        } else if let Some((from, to)) = line.split_once(" -> ") {
            arrows.push((from.to_owned(), to.trim_end_matches(';').to_owned()));
        }
    }
    let mut edges: BTreeMap<String, BTreeSet<String>> = ids
        .values()
        .map(|id| (id.clone(), BTreeSet::new()))
        .collect();
    for (from, to) in arrows {
        edges.get_mut(&ids[&from]).unwrap().insert(ids[&to].clone());
    }
    edges
}

#[test]
fn a_drawing_has_every_resource_and_as_few_arrows_as_say_everything() {
    let compiled = secgw("render -e prod --sandbox --arm").json();
    let compiled: BTreeMap<String, BTreeSet<String>> = compiled["resources"]
        .as_array()
        .unwrap()
        .iter()
        .map(|resource| {
            let text = |value: &Value| value.as_str().unwrap().to_owned();
            let needs = resource["depends_on"].as_array().unwrap().iter().map(text);
            (text(&resource["address"]), needs.collect())
        })
        .collect();
    let dot = secgw("graph -e prod --sandbox -o dot").stdout;
    let drawn = drawn(&dot);
    assert_eq!(closure(&drawn), closure(&compiled));
    for (from, needs) in &drawn {
        for to in needs {
            let mut fewer = drawn.clone();
            fewer.get_mut(from).unwrap().remove(to);
            assert!(
                !closure(&fewer)[from].contains(to),
                "{from} -> {to} is implied"
            );
        }
    }
    let mermaid = secgw("graph -e prod --sandbox").stdout;
    assert!(
        mermaid.starts_with("flowchart RL\n  subgraph edge\n"),
        "{mermaid}"
    );
    let arrows = |text: &str, sign: &str| text.matches(sign).count();
    assert_eq!(arrows(&mermaid, " --> "), arrows(&dot, " -> "));
    let boxes = mermaid.lines().filter(|line| line.starts_with("    n"));
    assert_eq!(boxes.count(), compiled.len());
}

#[test]
fn every_command_has_a_manual_page() {
    let directory = TempDir::new().unwrap();
    let ran = run(directory.path(), "man --dir pages");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), ""), "{ran}");
    for command in secgw::cli::command().get_subcommands() {
        let page = directory
            .path()
            .join(format!("pages/secgw-{}.1", command.get_name()));
        let page =
            std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{page:?}: {error}"));
        let about = command.get_about().unwrap().to_string();
        let first = about.split(['-', '\'']).next().unwrap();
        assert!(page.contains(first), "{page}");
    }
    assert!(secgw("man").stdout.contains(".TH secgw 1"));
}

/// Completes in a real shell, as Tab does: the last word is being typed.
fn bash(directory: &Path, words: &[&str]) -> Vec<String> {
    const SCRIPT: &str = "source <(secgw completions bash) || exit 9
        COMP_WORDS=(\"$@\"); COMP_CWORD=$(( $# - 1 )); COMP_TYPE=9
        _clap_complete_secgw secgw \"${COMP_WORDS[COMP_CWORD]}\" \"${COMP_WORDS[COMP_CWORD-1]}\"
        printf '%s\\n' \"${COMPREPLY[@]}\"";
    let binary = Path::new(env!("CARGO_BIN_EXE_secgw")).parent().unwrap();
    let output = std::process::Command::new("bash")
        .args(["-c", SCRIPT, "bash"])
        .args(words)
        .env_clear()
        .env("PATH", format!("{}:/usr/bin:/bin", binary.display()))
        .current_dir(directory)
        .output()
        .unwrap();
    assert!(
        output.stderr.is_empty(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .filter(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn bash_completes_what_only_the_project_knows() {
    let complete = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        bash(Path::new(env!("CARGO_MANIFEST_DIR")), &words)
    };
    assert_eq!(complete("secgw pl"), ["plan"]);
    assert_eq!(complete("secgw plan -e "), ["dev", "prod", "staging"]);
    assert_eq!(
        complete("secgw plan -e dev --target apis/orders/operations/c"),
        [
            "apis/orders/operations/cancel-order",
            "apis/orders/operations/change-order"
        ]
    );
    let controls = secgw::controls::all().map(|control| control.id);
    let controls: Vec<_> = controls.filter(|id| id.starts_with("POL-")).collect();
    assert_eq!(complete("secgw explain POL-"), controls);
    let under = complete("secgw explain -e prod service/apim-orders-p");
    assert_eq!(under[0], "service/apim-orders-prod");
    assert!(under.iter().all(|word| !word.contains(' ')), "{under:?}");
    assert_eq!(
        complete("secgw explain -e dev service/apim-orders-dev publicN"),
        ["publicNetworkAccess"]
    );
    assert_eq!(
        complete("secgw render -e dev --policy "),
        ["orders", "global"]
    );
    let probes = secgw::verify::probes::all().map(|probe| probe.id);
    let probes: Vec<_> = probes.filter(|id| id.starts_with("C0")).collect();
    assert_eq!(complete("secgw verify --only C0"), probes);
    assert_eq!(complete("secgw plan -e nowhere --target "), [""; 0]);
}

/// Every property of every object in a schema, by where it stands.
fn properties<'a>(schema: &'a Value, path: &str, found: &mut Vec<(String, &'a Value)>) {
    match schema {
        Value::Object(members) => {
            for (name, property) in members
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                let path = format!("{path}/{name}");
                found.push((path.clone(), property));
                properties(property, &path, found);
            }
            for (_, inner) in members.iter().filter(|(name, _)| *name != "properties") {
                properties(inner, path, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| properties(item, path, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A text that may be anything is of no help without an example.
fn lacks_example(schema: &Value) -> bool {
    let is_text = schema["type"] == "string" || schema["type"][0] == "string";
    let is_reference = schema["pattern"] == r"\$\{";
    is_text && !is_reference && schema["examples"].is_null() && schema["enum"].is_null()
}

#[test]
fn the_schema_tells_an_editor_what_every_key_is_and_looks_like() {
    let schema = secgw("schema").json();
    let mut found = Vec::new();
    properties(&schema, "", &mut found);
    assert!(found.len() > 200, "{}", found.len());
    for (path, property) in found {
        let says = property["description"].as_str().unwrap_or_default();
        assert!(says.len() > 2 && !says.contains('\n'), "{path}: {says:?}");
        let choices = property["anyOf"].as_array().into_iter().flatten();
        let parts = std::iter::once(property)
            .chain(choices)
            .chain([&property["items"]]);
        for part in parts {
            assert!(
                !lacks_example(part) || !property["examples"].is_null(),
                "{path}: {part}"
            );
        }
    }
}

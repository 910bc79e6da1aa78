//! What goes wrong before there is a plan reaches whatever a pipeline reads.

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::{Ran, project, run_with};

const SINKS: &str = "--out md=x.md --out sarif=x.sarif --out junit=x.xml --out json=x.json --out jsonl=x.jsonl --out text=x.txt --out x.plan";
const WRONG: &str = "environments/dev.yaml";

fn read(directory: &Path, name: &str) -> String {
    fs::read_to_string(directory.join(name)).unwrap_or_default()
}

/// In a pipeline of GitHub's and of Azure's at once.
fn piped(directory: &Path, line: &str) -> Ran {
    let at = |name: &str| directory.join(name).display().to_string();
    for name in ["summary.md", "outputs", "secgw-plan.md"] {
        drop(fs::remove_file(directory.join(name)));
    }
    let variables = [
        ("GITHUB_STEP_SUMMARY", at("summary.md")),
        ("GITHUB_OUTPUT", at("outputs")),
        ("AGENT_TEMPDIRECTORY", at("")),
    ];
    let variables = variables
        .each_ref()
        .map(|(name, value)| (*name, value.as_str()));
    run_with(directory, &format!("{line} --sandbox=state"), &variables)
}

/// With a key that no spec has in its first line.
fn break_spec(directory: &Path) {
    let file = directory.join(WRONG);
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("gatway: {{}}\n{text}")).unwrap();
}

#[test]
fn an_invalid_spec_is_annotated_at_its_line_and_told_in_every_form() {
    let directory = project();
    let at = directory.path();
    let clean = piped(at, "plan -e dev -o github");
    assert_eq!(clean.code, Some(0), "{clean}");
    assert!(!clean.stdout.contains("::error"), "{clean}");
    assert!(!read(at, "outputs").contains("error="));

    break_spec(at);
    let ran = piped(at, &format!("plan -e dev -o github {SINKS}"));
    assert_eq!(ran.code, Some(3), "{ran}");
    let said = "::error title=Spec is not valid (secgw/invalid),file=environments/dev.yaml,line=1,col=1::unknown key `gatway`: did you mean `gateway`? [dev#gatway]\n";
    assert_eq!(ran.stdout, said, "{ran}");
    let line = "Plan of dev failed: the spec is not valid: 1 problem.";
    let outputs = format!("error=the spec is not valid: 1 problem\nsummary={line}\n");
    assert_eq!(read(at, "outputs"), outputs);
    for page in ["summary.md", "x.md"] {
        let page = read(at, page);
        assert!(
            page.starts_with("<!-- secgw:plan:dev -->\n### secgw plan: <code>dev</code> failed\n")
                && page.contains("<code>environments/dev.yaml&#58;1&#58;1</code> unknown key"),
            "{page}"
        );
    }
    let sarif: Value = serde_json::from_str(&read(at, "x.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    assert_eq!(results.len(), 1);
    assert_eq!(results[0]["ruleId"], "secgw/invalid");
    let place = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], WRONG);
    assert_eq!(place["region"]["startLine"], 1);
    let cases = read(at, "x.xml");
    assert!(
        cases.contains("tests=\"1\" failures=\"1\"") && cases.contains("unknown key `gatway`"),
        "{cases}"
    );
    let data: Value = serde_json::from_str(&read(at, "x.json")).unwrap();
    assert_eq!(data["exit_code"], 3);
    assert_eq!(data["error"]["diagnostics"][0]["code"], "unknown-key");
    let lines = read(at, "x.jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "version");
    assert_eq!(lines[1]["type"], "error");
    assert!(read(at, "x.txt").ends_with(&format!("1 problem\n{line}\n")));
    assert!(!at.join("x.plan").exists());

    let ran = piped(at, "plan -e dev -o azdo");
    let issue = "##vso[task.logissue type=error;sourcepath=environments/dev.yaml;linenumber=1;columnnumber=1;code=secgw/invalid;]";
    assert!(
        ran.code == Some(3) && ran.stdout.starts_with(issue),
        "{ran}"
    );
    for command in [
        format!("task.setvariable variable=secgw_summary;isOutput=true]{line}"),
        "task.uploadsummary]".to_owned(),
    ] {
        assert!(ran.stdout.contains(&command), "{command}: {ran}");
    }
    assert!(read(at, "secgw-plan.md").contains("unknown key"));

    every_command_tells(at);
}

fn every_command_tells(at: &Path) {
    for command in ["drift", "apply --yes", "destroy --yes"] {
        let ran = piped(at, &format!("{command} -e dev -o github"));
        assert_eq!(ran.code, Some(3), "{ran}");
        assert!(ran.stdout.starts_with("::error "), "{ran}");
        assert!(ran.stderr.contains("unknown key `gatway`"), "{ran}");
        let word = command.split(' ').next().unwrap();
        let page = read(at, "summary.md");
        assert!(
            page.starts_with(&format!("<!-- secgw:{word}:dev -->")),
            "{page}"
        );
    }
    // As text the error says it all, once.
    let ran = piped(at, "plan -e dev");
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    let ran = piped(at, "plan -e dev -e prod -o github --out junit=all.xml");
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(
        ran.stdout
            .contains("file=environments/dev.yaml,line=1,col=1::dev: unknown key"),
        "{ran}"
    );
    assert!(read(at, "all.xml").contains("unknown key `gatway`"));
}

#[test]
fn what_cannot_be_reached_is_told_where_a_pipeline_looks() {
    let directory = project();
    let at = directory.path();
    let ran = piped(
        at,
        "plan -e dev -o github --target nothing/here --out sarif=x.sarif",
    );
    assert_eq!(ran.code, Some(3), "{ran}");
    let said = "::error title=Environment could not be looked at (secgw/not-planned)::";
    assert!(ran.stdout.starts_with(said), "{ran}");
    let sarif: Value = serde_json::from_str(&read(at, "x.sarif")).unwrap();
    assert_eq!(
        sarif["runs"][0]["results"][0]["ruleId"],
        "secgw/not-planned"
    );
}

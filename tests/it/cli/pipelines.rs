//! The pipelines that `init --ci` writes, from a pull request to the apply: their shell steps are run as they stand, by
//! bash, with the sandbox behind `secgw`.
//!
//! What the platforms do themselves is stood in for as little as possible: expressions are looked up in a table,
//! `gh` and `curl` are scripts that keep comments and artefacts in a directory, tasks that only hand files on do so
//! here. `.ci/run` holds the files against linters that are not ours.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;
use serde_yaml::Value;

use super::drift::change;
use super::{project, run};

/// How a step ended, with what it said.
struct Step {
    succeeded: bool,
    said: String,
}

/// A runner of one job after the other, in one project.
struct Runner {
    directory: PathBuf,
    /// What `${{ … }}` stands for.
    expressions: BTreeMap<String, String>,
    variables: BTreeMap<String, String>,
}

/// `gh`, as far as the pipelines use it: comments are files, an artefact is a directory.
const GH: &str = r#"#!/bin/bash
set -euo pipefail
root=$FAKE
case "$*" in
  "api --paginate repos/o/r/issues/7/comments --jq "*)
    if [ -f "$root/comment" ]; then
      jq -n --rawfile body "$root/comment" '[{id: 1, user: {login: "github-actions[bot]"}, body: $body},
        {id: 2, user: {login: "mallory"}, body: "<!-- secgw:plan:dev -->"}]' | jq -c "${@: -1}"
    else
      echo '[{"id": 2, "user": {"login": "mallory"}, "body": "<!-- secgw:plan:dev -->"}]' | jq -c "${@: -1}"
    fi ;;
  "api --silent --method POST repos/o/r/issues/7/comments --field body=@plan.md")
    [ ! -f "$root/comment" ]
    cp plan.md "$root/comment" ;;
  "api --silent --method PATCH repos/o/r/issues/comments/1 --field body=@plan.md")
    cp plan.md "$root/comment" ;;
  "api repos/o/r/commits/merged/pulls --jq "*)
    echo '[{"merged_at": "2026-11-25T00:00:00Z", "head": {"sha": "head"}}]' | jq -r "${@: -1}" ;;
  "api repos/o/r/commits/pushed/pulls --jq "*)
    echo '[]' | jq -r "${@: -1}" ;;
  "run list --repo o/r --workflow secgw.yml --event pull_request --commit head --limit 1 --json databaseId --jq "*)
    echo '[{"databaseId": 42}]' | jq -r "${@: -1}" ;;
  "run download 42 --repo o/r --name secgw-dev --dir approved")
    mkdir -p approved
    cp -r "$root/secgw-dev/." approved ;;
  *) echo "unexpected: gh $*" >&2; exit 99 ;;
esac
"#;

/// The threads of a pull request in Azure Repos.
const CURL: &str = r#"#!/bin/bash
set -euo pipefail
root=$FAKE
case "$*" in
  *"--request PATCH --data @- "*"/pullRequests/7/threads/5/comments/1?api-version=7.1"|*"--request POST --data @- "*"/pullRequests/7/threads?api-version=7.1")
    jq -r '.content // .comments[0].content' > "$root/comment"
    echo "$*" | grep -o -- "--request [A-Z]*" >> "$root/calls"
    echo '{}' ;;
  *"/pullRequests/7/threads?api-version=7.1")
    if [ -f "$root/comment" ]; then
      jq -n --rawfile body "$root/comment" '{value: [{id: 4, comments: [{}]}, {id: 5, comments: [{content: $body}]}]}'
    else
      echo '{"value": [{"id": 4, "comments": [{"content": "unrelated"}]}]}'
    fi ;;
  *) echo "unexpected: curl $*" >&2; exit 99 ;;
esac
"#;

impl Runner {
    fn new(directory: &Path) -> Self {
        let bin = directory.join("bin");
        fs::create_dir_all(&bin).unwrap();
        let real = env!("CARGO_BIN_EXE_secgw");
        let state = directory.join("state");
        let secgw = format!(
            "#!/bin/bash\ncase \"$1\" in plan|apply|drift) exec {real} \"$@\" --sandbox={} ;; *) exec {real} \"$@\" ;; esac\n",
            state.display()
        );
        for (name, text) in [("secgw", secgw.as_str()), ("gh", GH), ("curl", CURL)] {
            let file = bin.join(name);
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let fake = directory.join("fake");
        fs::create_dir_all(&fake).unwrap();
        let path = std::env::var_os("PATH").unwrap().into_string().unwrap();
        let at = |name: &str| fake.join(name).to_str().unwrap().to_owned();
        let variables = [
            ("PATH", format!("{}:{path}", bin.display())),
            ("HOME", at("home")),
            ("FAKE", fake.to_str().unwrap().to_owned()),
            ("CI", "true".to_owned()),
        ];
        Self {
            directory: directory.to_owned(),
            expressions: BTreeMap::new(),
            variables: variables
                .map(|(name, value)| (name.to_owned(), value))
                .into(),
        }
    }

    fn says(mut self, expression: &str, value: &str) -> Self {
        self.expressions
            .insert(expression.to_owned(), value.to_owned());
        self
    }

    fn has(mut self, name: &str, value: &str) -> Self {
        self.variables.insert(name.to_owned(), value.to_owned());
        self
    }

    fn fake(&self, name: &str) -> PathBuf {
        self.directory.join("fake").join(name)
    }

    /// Each `${{ … }}` and `$(…)` by the table; one that is not in it fails the test.
    fn resolved(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${{") {
            let (expression, after) = after.split_once("}}").unwrap();
            let known = self.expressions.get(expression.trim());
            out.push_str(before);
            out.push_str(known.unwrap_or_else(|| panic!("{expression}")));
            rest = after;
        }
        out.push_str(rest);
        match out
            .strip_prefix("$(")
            .and_then(|name| name.strip_suffix(')'))
        {
            Some(name) => self
                .expressions
                .get(name)
                .unwrap_or_else(|| panic!("{name}"))
                .clone(),
            None => out,
        }
    }

    fn environment(&self, of: &Value) -> BTreeMap<String, String> {
        let entries = of["env"].as_mapping().into_iter().flatten();
        entries
            .map(|(name, value)| {
                let name = name.as_str().unwrap().to_owned();
                (name, self.resolved(value.as_str().unwrap()))
            })
            .collect()
    }

    /// One shell step; as GitHub and Azure Pipelines run bash.
    fn bash(&self, script: &str, environment: [BTreeMap<String, String>; 2]) -> Step {
        assert!(
            !script.contains("${{"),
            "an expression in a script: {script}"
        );
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script])
            .env_clear()
            .envs(&self.variables)
            .envs(
                environment
                    .into_iter()
                    .flatten()
                    .filter(|(_, value)| !value.is_empty()),
            )
            .current_dir(&self.directory)
            .output()
            .unwrap();
        let said = [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        Step {
            succeeded: output.status.success(),
            said: said.concat(),
        }
    }
}

fn yaml(file: &Path) -> Value {
    serde_yaml::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// The steps of a job of GitHub Actions, up to the first that fails; later ones run where their `if` says so.
fn github(runner: &mut Runner, workflow: &str, job: &str) -> BTreeMap<String, Step> {
    let workflow = yaml(&runner.directory.join(".github/workflows").join(workflow));
    let job = &workflow["jobs"][job];
    let of_job = runner.environment(job);
    let mut ended = BTreeMap::new();
    let mut failed = false;
    for step in job["steps"].as_sequence().unwrap() {
        if failed && step["if"].as_str() != Some("${{ !cancelled() }}") {
            continue;
        }
        if let Some(action) = step["uses"].as_str() {
            hand_on(runner, action, step);
            continue;
        }
        let name = step["name"].as_str().unwrap();
        let outputs = runner.fake("outputs");
        fs::write(&outputs, "").unwrap();
        let done = runner.bash(
            step["run"].as_str().unwrap(),
            [of_job.clone(), runner.environment(step)],
        );
        failed |= !done.succeeded;
        if let Some(id) = step["id"].as_str() {
            for line in fs::read_to_string(&outputs).unwrap().lines() {
                let (name, value) = line.split_once('=').unwrap();
                let expression = format!("steps.{id}.outputs.{name}");
                runner.expressions.insert(expression, value.to_owned());
            }
        }
        ended.insert(name.to_owned(), done);
    }
    ended
}

/// What actions of others do with files.
fn hand_on(runner: &Runner, action: &str, step: &Value) {
    match action.split('@').next().unwrap() {
        "actions/checkout" => assert_eq!(step["with"]["persist-credentials"], Value::Bool(false)),
        "./.github/actions/secgw" => {
            let action = yaml(&runner.directory.join(".github/actions/secgw/action.yml"));
            let install = &action["runs"]["steps"][1];
            let script = install["run"].as_str().unwrap();
            let done = runner.bash(script, [BTreeMap::new(), runner.environment(install)]);
            assert!(done.succeeded, "{}", done.said);
        }
        "actions/upload-artifact" => {
            let name = runner.resolved(step["with"]["name"].as_str().unwrap());
            let from = runner
                .directory
                .join(step["with"]["path"].as_str().unwrap());
            fs::create_dir_all(runner.fake(&name)).unwrap();
            fs::copy(from.join("digest"), runner.fake(&name).join("digest")).unwrap();
        }
        other => panic!("{other}"),
    }
}

fn on_github(directory: &Path) -> Runner {
    let ran = run(directory, "init --ci github");
    assert_eq!(ran.code, Some(0), "{ran}");
    let runner = Runner::new(directory);
    let outputs = runner.fake("outputs").to_str().unwrap().to_owned();
    let summary = runner.fake("summary").to_str().unwrap().to_owned();
    let path = runner.fake("path").to_str().unwrap().to_owned();
    runner
        .has("GITHUB_OUTPUT", &outputs)
        .has("GITHUB_STEP_SUMMARY", &summary)
        .has("GITHUB_PATH", &path)
        .has("GITHUB_REPOSITORY", "o/r")
        .has("GITHUB_SHA", "merged")
        .says("matrix.environment", "dev")
        .says("inputs.version", "0")
        .says("github.token", "t")
        .says("github.event.pull_request.number", "7")
        .says("vars.AZURE_CLIENT_ID", "")
        .says("vars.AZURE_TENANT_ID", "")
        .says("vars.AZURE_SUBSCRIPTION_ID", "")
        .says("vars.IDENTITY_TENANT_ID", "")
}

const SITE: &str = "Microsoft.Web/sites";

#[test]
fn on_github_a_pull_request_is_planned_and_what_was_approved_is_applied_and_nothing_else() {
    let project = project();
    let mut runner = on_github(project.path());
    let listed = github(&mut runner, "secgw.yml", "environments");
    assert!(listed["Environments"].succeeded);
    let found = &runner.expressions["steps.list.outputs.found"];
    assert!(found.starts_with("[{\"environment\":\"dev\","), "{found}");

    let planned = github(&mut runner, "secgw.yml", "plan");
    assert!(planned.values().all(|step| step.succeeded));
    assert!(planned["Plan"].said.contains("::group::Plan: "));
    let comment = fs::read_to_string(runner.fake("comment")).unwrap();
    assert!(
        comment.starts_with("<!-- secgw:plan:dev -->\n"),
        "{comment}"
    );
    github(&mut runner, "secgw.yml", "plan");

    let applied = github(&mut runner, "secgw.yml", "apply");
    let apply = &applied["Apply"];
    assert!(
        apply.succeeded && apply.said.contains("Apply: 70 applied, 0 failed"),
        "{}",
        apply.said
    );
    let quiet = github(&mut runner, "secgw-drift.yml", "drift");
    assert!(quiet["Drift"].succeeded, "{}", quiet["Drift"].said);

    // The spec changes, and so does Azure between the plan and the merge.
    let file = project.path().join("environments/dev.yaml");
    let spec = fs::read_to_string(&file).unwrap();
    fs::write(&file, spec.replace("calls: 600", "calls: 500")).unwrap();
    assert!(github(&mut runner, "secgw.yml", "plan")["Digest"].succeeded);
    let state = project.path().join("state");
    change(
        &state,
        "dev",
        &[(SITE, json!({ "properties": { "httpsOnly": false } }))],
    );
    let applied = github(&mut runner, "secgw.yml", "apply");
    let apply = &applied["Apply"];
    assert!(!apply.succeeded, "{}", apply.said);
    assert!(
        apply
            .said
            .contains("Nothing was written: this is not the plan that was approved.")
    );
    let drift = github(&mut runner, "secgw-drift.yml", "drift");
    let drift = &drift["Drift"];
    assert!(
        !drift.succeeded && drift.said.contains("::error title="),
        "{}",
        drift.said
    );

    // Planned and merged again, it goes through; a push that no pull request brought does not.
    assert!(github(&mut runner, "secgw.yml", "plan")["Digest"].succeeded);
    assert!(github(&mut runner, "secgw.yml", "apply")["Apply"].succeeded);
    let mut runner = runner.has("GITHUB_SHA", "pushed");
    let refused = github(&mut runner, "secgw.yml", "apply");
    assert!(
        refused["Approved digest"]
            .said
            .contains("nobody approved a plan of it")
    );
    assert!(!refused.contains_key("Apply"));
}

/// The steps of a job of Azure Pipelines, by their names; variables that a step sets are known to later ones.
fn azdo(runner: &mut Runner, stage: &str) -> BTreeMap<String, Step> {
    let stages = yaml(&runner.directory.join("ci/secgw-stages.yml"));
    let stages = stages["stages"].as_sequence().unwrap();
    let name = format!("{stage}_${{{{ parameters.environment }}}}");
    let stage = stages
        .iter()
        .find(|one| one["stage"].as_str() == Some(&name))
        .unwrap();
    let job = &stage["jobs"][0];
    let deployed = &job["strategy"]["runOnce"]["deploy"]["steps"];
    let steps = job["steps"]
        .as_sequence()
        .or(deployed.as_sequence())
        .unwrap();
    let mut ended = BTreeMap::new();
    for step in steps {
        if step["template"].as_str() == Some("secgw-install.yml") {
            let install = yaml(&runner.directory.join("ci/secgw-install.yml"));
            let install = &install["steps"][1];
            let version = BTreeMap::from([("VERSION".to_owned(), "0".to_owned())]);
            let done = runner.bash(
                install["bash"].as_str().unwrap(),
                [version, BTreeMap::new()],
            );
            assert!(done.succeeded, "{}", done.said);
        }
        let script = step["inputs"]["inlineScript"]
            .as_str()
            .or(step["bash"].as_str());
        let (Some(script), Some(name)) = (script, step["displayName"].as_str()) else {
            continue;
        };
        let done = runner.bash(script, [BTreeMap::new(), runner.environment(step)]);
        for line in done.said.lines() {
            let set = line.strip_prefix("##vso[task.setvariable variable=secgw_");
            if let Some((name, value)) = set.and_then(|set| set.split_once(";isOutput=true]")) {
                runner.expressions.insert(name.to_owned(), value.to_owned());
            }
        }
        let succeeded = done.succeeded;
        ended.insert(name.to_owned(), done);
        if !succeeded {
            break;
        }
    }
    ended
}

#[test]
fn on_azure_pipelines_the_digest_goes_from_the_plan_to_the_apply() {
    let project = project();
    let ran = run(project.path(), "init --ci azdo");
    assert_eq!(ran.code, Some(0), "{ran}");
    let runner = Runner::new(project.path());
    let temp = runner.fake("").to_str().unwrap().to_owned();
    let mut runner = runner
        .has("AGENT_TEMPDIRECTORY", &temp)
        .has("SYSTEM_COLLECTIONURI", "https://dev.azure.com/o/")
        .has("SYSTEM_TEAMPROJECT", "p")
        .has("BUILD_REPOSITORY_ID", "r")
        .has("SYSTEM_PULLREQUEST_PULLREQUESTID", "7")
        .says("parameters.environment", "dev")
        .says("System.AccessToken", "t");
    for wanted in ["--request POST\n", "--request POST\n--request PATCH\n"] {
        let planned = azdo(&mut runner, "plan");
        for step in planned.values() {
            assert!(step.succeeded, "{}", step.said);
        }
        assert_eq!(fs::read_to_string(runner.fake("calls")).unwrap(), wanted);
    }
    assert_eq!(runner.expressions["changes"], "true");
    let comment = fs::read_to_string(runner.fake("comment")).unwrap();
    assert!(
        comment.starts_with("<!-- secgw:plan:dev -->\n"),
        "{comment}"
    );

    let apply = &azdo(&mut runner, "apply")["Apply"];
    assert!(
        apply.succeeded && apply.said.contains("Apply: 70 applied, 0 failed"),
        "{}",
        apply.said
    );
    assert!(azdo(&mut runner, "drift")["Drift"].succeeded);

    let state = project.path().join("state");
    change(
        &state,
        "dev",
        &[(SITE, json!({ "properties": { "httpsOnly": false } }))],
    );
    assert!(!azdo(&mut runner, "drift")["Drift"].succeeded);
    azdo(&mut runner, "plan");
    change(
        &state,
        "dev",
        &[(
            SITE,
            json!({ "properties": { "httpsOnly": true, "clientAffinityEnabled": true } }),
        )],
    );
    let apply = &azdo(&mut runner, "apply")["Apply"];
    assert!(!apply.succeeded, "{}", apply.said);
    assert!(
        apply
            .said
            .contains("this is not the plan that was approved"),
        "{}",
        apply.said
    );
}

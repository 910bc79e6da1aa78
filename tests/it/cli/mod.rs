//! The binary as a user meets it: exit code and both streams, in an environment of its own.

mod apply;
mod check;
mod deliver;
mod drift;
mod init;
mod manners;
mod pipelines;
mod rules;
mod saved;
mod several;
mod shell;
mod unplanned;
mod verified;

use std::fmt;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl fmt::Display for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = self
            .code
            .map_or_else(|| "none".to_owned(), |code| code.to_string());
        writeln!(f, "exit: {code}")?;
        writeln!(f, "--- stdout\n{}--- stderr\n{}", self.stdout, self.stderr)
    }
}

impl Ran {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}\n{self}"))
    }
}

/// Runs secgw in a directory, with nothing in the environment.
pub(crate) fn run(directory: &Path, line: &str) -> Ran {
    run_with(directory, line, &[])
}

/// With these variables alone.
pub(crate) fn run_with(directory: &Path, line: &str, variables: &[(&str, &str)]) -> Ran {
    ran(
        directory,
        &line.split_whitespace().collect::<Vec<_>>(),
        variables,
    )
}

/// With nothing in the environment, for words with spaces in them.
fn run_words(directory: &Path, words: &[&str]) -> Ran {
    ran(directory, words, &[])
}

fn ran(directory: &Path, words: &[&str], variables: &[(&str, &str)]) -> Ran {
    let output = Command::cargo_bin("secgw")
        .unwrap()
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(directory)
        .args(words)
        .output()
        .unwrap();
    Ran {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// A directory like a fresh clone, as far as the program needs one.
pub(crate) fn project() -> TempDir {
    let directory = TempDir::new().unwrap();
    for name in ["environments", "templates"] {
        copy(Path::new(name), &directory.path().join(name));
    }
    directory
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// In the repository, where `environments/` is.
fn secgw(line: &str) -> Ran {
    run(Path::new(env!("CARGO_MANIFEST_DIR")), line)
}

#[test]
fn help_says_what_each_command_is_for() {
    let commands = [
        "",
        "init",
        "environments",
        "validate",
        "render",
        "schema",
        "plan",
        "drift",
        "show",
        "apply",
        "destroy",
        "check",
        "explain",
        "graph",
        "auth",
        "verify",
        "sandbox",
        "completions",
        "man",
    ];
    for command in commands {
        let ran = secgw(&format!("{command} --help"));
        assert_eq!(ran.code, Some(0), "{ran}");
        insta::assert_snapshot!(format!("help-{command}").trim_end_matches('-'), ran);
    }
    insta::assert_snapshot!("help-sandbox-serve", secgw("sandbox serve --help"));
    for command in ["doctor", "permissions"] {
        let ran = secgw(&format!("auth {command} --help"));
        insta::assert_snapshot!(format!("help-auth-{command}"), ran);
    }
}

#[test]
fn bad_usage_exits_3_and_says_what_is_possible() {
    for line in ["", "plna", "plan --latency 1s", "plan -e dev -f x.yaml"] {
        let ran = secgw(line);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    }
    let ran = secgw("plna");
    assert!(ran.stderr.contains("'plan'"), "{ran}");
}

#[test]
fn the_environments_of_this_repository_are_valid() {
    insta::assert_snapshot!("validate-dev", secgw("validate -e dev --sandbox"));
    insta::assert_snapshot!("validate-prod", secgw("validate -e prod --sandbox"));
}

#[test]
fn a_missing_spec_says_which_there_are() {
    insta::assert_snapshot!(secgw("validate"), @r"
    exit: 3
    --- stdout
    --- stderr
    error: there is no secgw.yaml here
      hint: name an environment with `-e ENV`: there is `dev`, `prod` or `staging`; or a file with `-f FILE`
    ");
    let ran = secgw("validate -e prdo");
    assert!(
        ran.code == Some(3) && ran.stderr.contains("did you mean `prod`?"),
        "{ran}"
    );
}

#[test]
fn a_bad_spec_gets_every_problem_with_its_line() {
    let directory = TempDir::new().unwrap();
    let spec = "secgw: v1\nname: Bad_Name\nazure: { location: mars }\ngatway: {}\n";
    fs::write(directory.path().join("secgw.yaml"), spec).unwrap();
    insta::assert_snapshot!(run(directory.path(), "validate"));
    let ran = run(directory.path(), "validate -o json");
    let data = ran.json();
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(3), ""), "{ran}");
    assert_eq!(data["valid"], false);
    let unknown = data["diagnostics"]
        .as_array()
        .unwrap()
        .iter()
        .find(|found| found["code"] == "unknown-key")
        .unwrap();
    assert_eq!(unknown["at"]["line"], 4);
    assert_eq!(unknown["help"], "did you mean `gateway`?");
}

#[test]
fn a_bad_policy_of_ones_own_is_found_offline() {
    let directory = project();
    let file = directory.path().join("templates/policies/orders.xml");
    fs::write(&file, "<fragment>\n  <inbound>\n    <base />\n").unwrap();
    let ran = run(directory.path(), "validate -e dev --sandbox");
    assert_eq!(ran.code, Some(3), "{ran}");
    assert!(
        ran.stderr.contains("--> templates/policies/orders.xml:"),
        "{ran}"
    );
}

#[test]
fn colour_is_only_there_when_it_is_asked_for() {
    let ran = secgw("validate -e nope");
    assert!(!ran.stderr.contains('\u{1b}'), "{ran}");
    let ran = secgw("validate -e nope --color always");
    assert!(ran.stderr.contains('\u{1b}'), "{ran}");
}

#[test]
fn the_effective_spec_says_where_each_value_comes_from() {
    let ran = secgw("render -e dev --sandbox");
    assert_eq!(ran.code, Some(0), "{ran}");
    let origin = |key: &str| {
        let line = ran
            .stdout
            .lines()
            .find(|line| line.trim_start().starts_with(key));
        line.and_then(|line| line.split_once("  # "))
            .unwrap()
            .1
            .to_owned()
    };
    assert!(origin("resourceGroup:").starts_with("environments/dev.yaml:"));
    assert!(origin("provider:").starts_with("templates/secure-api.yaml:"));
    assert_eq!(origin("cloud:"), "default");
    assert!(origin("subscription:").starts_with("${env:AZURE_SUBSCRIPTION_ID} at "));
    let values = secgw("render -e dev --sandbox -o json").json();
    let cloud = values["values"]
        .as_array()
        .unwrap()
        .iter()
        .find(|value| value["path"] == "azure.cloud")
        .unwrap();
    assert_eq!(
        (&cloud["value"], &cloud["origin"]),
        (&"public".into(), &"default".into())
    );
}

#[test]
fn compiled_resources_come_after_what_they_depend_on() {
    let data = secgw("render -e prod --sandbox --arm").json();
    let resources = data["resources"].as_array().unwrap();
    let mut seen = Vec::new();
    for resource in resources {
        for needed in resource["depends_on"].as_array().unwrap() {
            assert!(
                seen.contains(&needed),
                "{needed} comes after {}",
                resource["address"]
            );
        }
        seen.push(&resource["address"]);
    }
    assert!(seen.len() > 60, "{}", seen.len());
}

#[test]
fn a_policy_is_shown_as_the_document_that_is_sent() {
    let ran = secgw("render -e prod --sandbox --policy orders");
    assert!(ran.stdout.starts_with("<policies>"), "{ran}");
    assert!(ran.stdout.contains("<validate-jwt "), "{ran}");
    let ran = secgw("render -e prod --sandbox --policy oders");
    assert!(
        ran.code == Some(3) && ran.stderr.contains("`orders`"),
        "{ran}"
    );
}

#[test]
fn the_schema_is_a_draft_2020_12_schema() {
    let ran = secgw("schema");
    let schema = ran.json();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    jsonschema::draft202012::meta::validate(&schema).unwrap();
}

#[test]
fn every_shell_gets_its_completions() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = secgw(&format!("completions {shell}"));
        assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""), "{ran}");
        assert!(
            ran.stdout.contains("SECGW_COMPLETE") && ran.stdout.contains(shell),
            "{ran}"
        );
    }
}

/// A command that runs until it is interrupted, ended with the test.
struct Background {
    child: Child,
    stdout: BufReader<ChildStdout>,
    stderr: BufReader<ChildStderr>,
}

impl Background {
    fn start(directory: &Path, line: &str) -> Self {
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_secgw"))
            .env_clear()
            .current_dir(directory)
            .args(line.split_whitespace())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Self {
            child,
            stdout,
            stderr,
        }
    }

    /// Waits until this is said.
    fn hears(&mut self, words: &str) {
        let mut told = String::new();
        while !told.contains(words) {
            told.clear();
            assert_ne!(self.stderr.read_line(&mut told).unwrap(), 0, "it ended");
        }
    }

    fn interrupt(&self) {
        let pid = self.child.id().to_string();
        let sent = std::process::Command::new("kill")
            .args(["-INT", &pid])
            .status();
        assert!(sent.unwrap().success());
    }

    /// Waits for the end; the streams are what had not been read before.
    fn end(mut self) -> Ran {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        self.stderr.read_to_string(&mut stderr).unwrap();
        self.stdout.read_to_string(&mut stdout).unwrap();
        Ran {
            code: self.child.wait().unwrap().code(),
            stdout,
            stderr,
        }
    }
}

impl Drop for Background {
    fn drop(&mut self) {
        // It has ended already where all went well.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[tokio::test]
async fn the_sandbox_serves_on_a_port_until_it_is_interrupted() {
    let directory = TempDir::new().unwrap();
    let mut serving = Background::start(
        directory.path(),
        "sandbox serve --listen 127.0.0.1:0 --dir state",
    );
    let mut first = String::new();
    serving.stdout.read_line(&mut first).unwrap();
    let address = first
        .strip_prefix("SANDBOX on ")
        .and_then(|rest| rest.split(',').next())
        .unwrap_or_else(|| panic!("{first}"));
    let ca = fs::read(directory.path().join("state/ca.pem")).unwrap();
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&ca).unwrap()])
        .build()
        .unwrap();
    let url = format!("{address}/metadata/endpoints?api-version=2022-09-01");
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    serving.interrupt();
    assert_eq!(serving.end().code, Some(0));
}

//! A project from nothing: what `init` writes is valid, passes the controls and builds on the sandbox.

use std::fs;
use std::path::Path;

use super::run;

const GIVEN: &str = "--name shop --tenant contosob2c.onmicrosoft.com";

fn files(directory: &Path) -> Vec<String> {
    let mut found = Vec::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(at) = directories.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let inside = path.strip_prefix(directory).unwrap();
                found.push(inside.to_str().unwrap().to_owned());
            }
        }
    }
    found.sort();
    found
}

#[test]
fn a_starter_validates_passes_the_controls_and_builds_on_the_sandbox() {
    let empty = tempfile::tempdir().unwrap();
    let at = empty.path();
    let ran = run(at, &format!("init {GIVEN} --env dev --env prod --yes"));
    assert_eq!(ran.code, Some(0), "{ran}");
    let written = [
        "environments/dev.yaml",
        "environments/prod.yaml",
        "secgw.schema.json",
        "templates/secure-api.yaml",
    ];
    assert_eq!(files(at), written);
    let spec = fs::read_to_string(at.join("environments/dev.yaml")).unwrap();
    assert!(spec.starts_with("# yaml-language-server: $schema=../secgw.schema.json\n"));
    let ran = run(at, "validate -e prod --sandbox");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "check -e dev --sandbox=state");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "check -e dev --sandbox=state --live");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "plan -e dev --sandbox=state --detailed-exitcode");
    assert_eq!(ran.code, Some(0), "{ran}");
    let ran = run(at, "verify -e dev --sandbox=state");
    assert_eq!(ran.code, Some(0), "{ran}");
}

#[test]
fn every_tier_and_provider_that_can_be_asked_for_is_valid() {
    for (tier, provider) in [
        ("Developer", "externalId"),
        ("StandardV2", "b2c"),
        ("Basic", "b2c"),
        ("Standard", "externalId"),
        ("Premium", "b2c"),
    ] {
        let empty = tempfile::tempdir().unwrap();
        let at = empty.path();
        let line = format!("init {GIVEN} --tier {tier} --provider {provider} --yes");
        let ran = run(at, &line);
        assert_eq!(ran.code, Some(0), "{ran}");
        let ran = run(at, "check -e dev --sandbox");
        assert_eq!(ran.code, Some(0), "{tier} {provider}: {ran}");
    }
}

#[test]
fn nothing_is_overwritten_and_every_conflict_is_named() {
    let empty = tempfile::tempdir().unwrap();
    let at = empty.path();
    fs::create_dir_all(at.join("environments")).unwrap();
    fs::write(at.join("environments/dev.yaml"), "mine\n").unwrap();
    fs::write(at.join("secgw.schema.json"), "mine\n").unwrap();
    let ran = run(at, &format!("init {GIVEN} --yes"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(3), ""), "{ran}");
    for conflict in ["environments/dev.yaml", "secgw.schema.json"] {
        assert!(ran.stderr.contains(conflict), "{ran}");
    }
    assert_eq!(files(at), ["environments/dev.yaml", "secgw.schema.json"]);

    fs::remove_dir_all(at.join("environments")).unwrap();
    fs::remove_file(at.join("secgw.schema.json")).unwrap();
    assert_eq!(run(at, &format!("init {GIVEN} --yes")).code, Some(0));
    let ran = run(at, &format!("init {GIVEN} --yes"));
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout.starts_with("everything is there already\n"),
        "{ran}"
    );
}

#[test]
fn without_a_terminal_what_is_missing_or_wrong_is_told_at_once() {
    let empty = tempfile::tempdir().unwrap();
    let at = empty.path();
    let ran = run(at, "init --name shop");
    assert_eq!(ran.code, Some(3), "{ran}");
    for missing in ["--tenant", "--provider", "--tier", "--location", "--email"] {
        assert!(ran.stderr.contains(missing), "{ran}");
    }
    let ran = run(at, "init --name Shop --tenant contoso --env ../x --yes");
    assert_eq!(ran.code, Some(3), "{ran}");
    for wrong in ["--name `Shop`", "--tenant `contoso`", "--env `../x`"] {
        assert!(ran.stderr.contains(wrong), "{ran}");
    }
    assert_eq!(files(at), Vec::<String>::new());
}

/// Python's `pty` is the terminal.
#[test]
fn at_a_terminal_a_few_questions_are_enough() {
    let empty = tempfile::tempdir().unwrap();
    let script = r"
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[1], [sys.argv[1], 'init', sys.argv[2]])
os.write(fd, b'shop\n\ncontosob2c.onmicrosoft.com\nStandardV2\n\n\n')
seen = b''
try:
    while True:
        seen += os.read(fd, 4096)
except OSError:
    pass
sys.stdout.buffer.write(seen)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let ran = std::process::Command::new("python3")
        .args(["-c", script, env!("CARGO_BIN_EXE_secgw")])
        .arg(empty.path())
        .env_remove("CI")
        .env_remove("TF_BUILD")
        .output()
        .unwrap();
    let shown = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(ran.status.success(), "{shown}");
    assert!(shown.contains("Tier of API Management"), "{shown}");
    let spec = fs::read_to_string(empty.path().join("environments/dev.yaml")).unwrap();
    assert!(spec.contains("name: StandardV2"), "{spec}");
    assert!(
        spec.contains("email: api@contosob2c.onmicrosoft.com"),
        "{spec}"
    );
}

#[test]
fn pipelines_come_alone_where_there_are_environments() {
    let empty = tempfile::tempdir().unwrap();
    let at = empty.path();
    let ran = run(at, &format!("init {GIVEN} --env dev --env prod --yes"));
    assert_eq!(ran.code, Some(0), "{ran}");
    let before = files(at).len();
    let ran = run(at, "init --ci github");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert_eq!(files(at).len(), before + 5);
    let ran = run(at, "init --ci azdo");
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(
        ran.stdout
            .ends_with("ci/azure-pipelines.md says how to set the pipeline up.\n"),
        "{ran}"
    );
    let again = run(at, "init --ci github --quiet");
    assert_eq!(
        (again.code, again.stdout.as_str(), again.stderr.as_str()),
        (Some(0), "", "")
    );
    let pipeline = fs::read_to_string(at.join("azure-pipelines.yml")).unwrap();
    assert!(pipeline.contains("default: [dev, prod]"), "{pipeline}");
}

//! The README says what is so: its session is run, its commands and tables are held against the program.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use super::cli::project;

fn readme() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap()
}

/// The commands of a console block, each with what the README says it prints.
fn session(readme: &str) -> Vec<(String, Vec<String>)> {
    let blocks = readme.split("```console\n").skip(1);
    let mut commands: Vec<(String, Vec<String>)> = Vec::new();
    for line in blocks.flat_map(|rest| rest.split("```").next().unwrap().lines()) {
        match (line.strip_prefix("$ "), commands.last_mut()) {
            (Some(command), _) => commands.push((command.to_owned(), Vec::new())),
            (None, Some((_, output))) => output.push(line.to_owned()),
            (None, None) => panic!("output before a command: {line}"),
        }
    }
    commands
}

/// Both streams in the order in which a terminal shows them.
fn run(directory: &Path, command: &str) -> String {
    let mut words = command.split_whitespace();
    assert_eq!(words.next(), Some("secgw"), "{command}");
    let screen = directory.join("screen");
    let stdout = File::create(&screen).unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_secgw"))
        .env_clear()
        .current_dir(directory)
        .args(words)
        .stderr(stdout.try_clone().unwrap())
        .stdout(stdout)
        .status()
        .unwrap();
    let shown = fs::read_to_string(&screen).unwrap();
    assert!(status.success(), "{command}: {status}\n{shown}");
    shown
}

/// A line without how long it took, which is another time on another machine.
fn timeless(line: &str) -> &str {
    match line.rsplit_once(" in ") {
        Some((head, time)) if time.ends_with(" s") => head,
        _ => line.trim_end(),
    }
}

/// Whether the lines come in this order; a line that is only `…` stands for any number of others.
fn shows(output: &str, expected: &[String]) -> Result<(), String> {
    let mut rest = output.lines().map(timeless);
    let mut may_skip = false;
    for line in expected {
        if line.trim() == "…" {
            may_skip = true;
            continue;
        }
        let found = if may_skip {
            rest.any(|shown| shown == line)
        } else {
            rest.next() == Some(line)
        };
        if !found {
            return Err(line.to_owned());
        }
        may_skip = false;
    }
    match rest.next() {
        Some(more) if !may_skip => Err(format!("nothing more, and there is: {more}")),
        Some(_) | None => Ok(()),
    }
}

#[test]
fn the_session_runs_as_it_is_shown() {
    let directory = project();
    let commands = session(&readme());
    assert!(commands.len() >= 2, "{commands:?}");
    for (command, expected) in commands {
        let output = run(directory.path(), &command);
        if let Err(line) = shows(&output, &expected) {
            panic!("README.md, `$ {command}`: expected\n  {line}\nin\n{output}");
        }
    }
}

#[test]
fn every_command_is_listed() {
    let readme = readme();
    for command in secgw::cli::command().get_subcommands() {
        let inner: Vec<_> = command.get_subcommands().collect();
        let names = match inner.as_slice() {
            [] => vec![command.get_name().to_owned()],
            inner => inner
                .iter()
                .map(|inner| format!("{} {}", command.get_name(), inner.get_name()))
                .collect(),
        };
        for name in names {
            let row = format!("| `secgw {name}");
            assert!(readme.contains(&row), "README.md lacks {name}");
        }
    }
}

#[test]
fn the_gate_runs_the_test_command_of_the_readme() {
    let command = "cargo test --locked";
    let is_told = |text: &str| {
        text.lines()
            .any(|line| line.split('#').next().unwrap().trim() == command)
    };
    assert!(is_told(&readme()), "README.md lacks `{command}`");
    let gate = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/run")).unwrap();
    assert!(is_told(&gate), ".ci/run lacks `{command}`");
}

//! `secgw init`: the first files of a project, and its pipelines.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::cli::args::InitArgs;
use crate::cli::interview::asked;
use crate::cli::starter::{self, Ci, File};
use crate::render::safe;
use crate::spec;
use crate::text::{list_of_names, plural};

pub(super) fn run(init: InitArgs, output: &Output) -> Result<Exit, Error> {
    let directory = init.directory.clone();
    let there = spec::environments(&directory);
    // Pipelines for what is there already.
    let is_started = init.ci.is_some() && !there.is_empty();
    let ci = init.ci;
    let (mut files, environments) = if is_started {
        (Vec::new(), there)
    } else {
        let starter = asked(init, output)?;
        (starter::spec(&starter), starter.environments)
    };
    if let Some(ci) = ci {
        files.extend(starter::pipelines(ci, &environments));
    }
    let new = without_conflicts(&directory, files)?;
    for File { path, text } in &new {
        create(&directory.join(path), text)?;
    }
    if !output.is_quiet() {
        let written = report(&new, &environments, &directory, ci);
        output.text(&written).context("cannot write")?;
    }
    Ok(Exit::Ok)
}

/// What is not there yet; what is there as it would be written is left alone, and anything else is a conflict.
fn without_conflicts(directory: &Path, files: Vec<File>) -> Result<Vec<File>, Error> {
    let mut conflicts = Vec::new();
    let mut new = Vec::new();
    for file in files {
        let path = directory.join(&file.path);
        match std::fs::read(&path) {
            Ok(found) if found == file.text.as_bytes() => {}
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => new.push(file),
            Ok(_) | Err(_) => conflicts.push(file.path.display().to_string()),
        }
    }
    if conflicts.is_empty() {
        return Ok(new);
    }
    Err(Error::usage(
        format!(
            "nothing was written: {} already there and differ: {}",
            plural(conflicts.len(), "file"),
            list_of_names(conflicts.iter().map(String::as_str)),
        ),
        "move them away, or name another directory: `secgw init DIR`",
    ))
}

/// Never over a file that came up meanwhile.
fn create(path: &Path, text: &str) -> Result<(), Error> {
    use std::io::Write as _;
    let cannot = || format!("cannot write {}", path.display());
    if let Some(parent) = path.parent() {
        std::fs::create_dir_all(parent).with_context(cannot)?;
    }
    let mut file = std::fs::File::create_new(path).with_context(cannot)?;
    file.write_all(text.as_bytes()).with_context(cannot)?;
    Ok(())
}

fn report(new: &[File], environments: &[String], directory: &Path, ci: Option<Ci>) -> String {
    let mut out = String::new();
    for File { path, .. } in new {
        let _infallible = writeln!(out, "+ {}", safe::line(&path.display().to_string()));
    }
    if new.is_empty() {
        out.push_str("everything is there already\n");
    }
    let first = environments.first().map_or("dev", String::as_str);
    let there = match directory {
        here if here.is_absolute() => String::new(),
        other => format!("cd {} && ", safe::line(&other.display().to_string())),
    };
    let _infallible = writeln!(
        out,
        "\nNext, without an account:\n  {there}secgw apply -e {first} --sandbox"
    );
    if let Some(ci) = ci {
        let _infallible = writeln!(out, "{} says how to set the pipeline up.", ci.guide());
    }
    out
}

//! How a plan or an outcome leaves: to stdout in one form, to files in others, and to what a pipeline reads.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::args::{Form, ReportFormat, Sink, View};
use super::error::Error;
use super::output::Output;
use super::settings::Work;
use crate::render::change::Room;
use crate::render::check::Checked;
use crate::render::told::Told;
use crate::render::unplanned::Unplanned;
use crate::render::{markdown, pipeline, safe};
use crate::spec::SpecFile;

/// A file has no width of its own.
const FILE_ROOM: Room = Room {
    width: 100,
    detail: false,
};

/// That there is no plan, everywhere it is wanted but in text: there the error itself is what is said. It goes on to
/// whoever ends the run.
pub(super) fn unplanned(error: Error, word: &'static str, work: &Work, output: &Output) -> Error {
    let unplanned = Unplanned {
        word,
        subject: match &work.spec.spec {
            SpecFile::Environment(name) => name.clone(),
            SpecFile::Path(path) => path.display().to_string(),
        },
        exit_code: error.exit().code(),
        problem: error.problem(),
    };
    if let Err(other) = deliver(Told::Unplanned(&unplanned), work, output) {
        output.error(&other.render(output.room().width));
    }
    error
}

/// Everywhere it is wanted. Saved plans are not this module's.
pub(super) fn deliver(told: Told<'_>, work: &Work, output: &Output) -> Result<(), Error> {
    let name = name(told, work);
    match work.view {
        View::Text if matches!(told, Told::Unplanned(_)) => Ok(()),
        View::Text => output.text(&told.text(output.room())),
        // What came before the outcome was told while it happened.
        View::Jsonl if is_of_apply(told) => output.data(&lines(&told.jsonl())),
        view => output.data(&in_view(told, view, &name)),
    }
    .context("cannot write the result")?;
    for Sink { form, file } in &work.out {
        if let Form::View(view) = form {
            write(file, &in_view(told, *view, &name))?;
        }
    }
    tell_pipeline(told, work, &name, output)
}

/// Whether there was a first line and events before it.
fn is_of_apply(told: Told<'_>) -> bool {
    match told {
        Told::Outcome(_) => true,
        Told::Verified(verified) => is_of_apply(verified.told),
        Told::Plan(_) | Told::Drift(_) | Told::Several(_) | Told::Stale(_) | Told::Unplanned(_) => {
            false
        }
    }
}

/// By which comments are told apart: the environments as they were named, or the spec where none is.
fn name(told: Told<'_>, work: &Work) -> String {
    match work.environments.as_slice() {
        [] => told.subject(),
        names => names.join("."),
    }
}

fn in_view(told: Told<'_>, view: View, name: &str) -> String {
    let text = || anstream::adapter::strip_str(&told.text(FILE_ROOM)).to_string();
    let is_in_log = matches!(told, Told::Unplanned(_));
    match view {
        View::Text => text(),
        View::Json => format!("{}\n", safe::json(&told.json())),
        View::Jsonl => lines(&[vec![told.version()], told.jsonl()].concat()),
        View::Markdown => told.markdown(name, markdown::COMMENT),
        View::Sarif => format!("{}\n", safe::json(&told.sarif())),
        View::Junit => told.junit(),
        // The log has the text already.
        View::Github if is_in_log => pipeline::github(&told.notices()),
        View::Azdo if is_in_log => pipeline::azdo(&told.notices()),
        View::Github => {
            let group = pipeline::github_group(&told.last_line(), &text());
            format!("{group}{}", pipeline::github(&told.notices()))
        }
        View::Azdo => {
            let group = pipeline::azdo_group(&told.last_line(), &text());
            format!("{group}{}", pipeline::azdo(&told.notices()))
        }
    }
}

/// Summary page and values for later steps, in the pipeline that the form is for.
fn tell_pipeline(told: Told<'_>, work: &Work, name: &str, output: &Output) -> Result<(), Error> {
    let summary = || told.markdown(name, markdown::SUMMARY);
    match work.view {
        View::Github => {
            if let Some(file) = &work.pipeline.github_summary {
                append(file, &format!("{}\n", summary()))?;
            }
            if let Some(file) = &work.pipeline.github_output {
                append(file, &pipeline::github_outputs(&told.values()))?;
            }
        }
        View::Azdo => {
            let said = pipeline::azdo_variables(&told.values());
            output.data(&said).context("cannot write the variables")?;
            if let Some(directory) = &work.pipeline.azdo_temp {
                let file = directory.join(format!("secgw-{}.md", told.word()));
                write(&file, &summary())?;
                let said = pipeline::azdo_summary(&file.display().to_string());
                output.data(&said).context("cannot write the summary")?;
            }
        }
        View::Text | View::Json | View::Jsonl | View::Markdown | View::Sarif | View::Junit => {}
    }
    Ok(())
}

/// One document a line.
pub(super) fn lines(documents: &[Value]) -> String {
    let lines = documents
        .iter()
        .map(|line| format!("{}\n", safe::json_line(line)));
    lines.collect()
}

pub(super) fn write(file: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

fn append(file: &PathBuf, text: &str) -> Result<(), Error> {
    let opened = OpenOptions::new().create(true).append(true).open(file);
    opened
        .and_then(|mut opened| opened.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// What the controls say, in the form that was asked for.
pub(super) fn report(
    checked: &Checked<'_>,
    format: ReportFormat,
    output: &Output,
) -> Result<(), Error> {
    match format {
        ReportFormat::Text => output.text(&checked.text(output.room())),
        ReportFormat::Json => output.json(&checked.json()),
        ReportFormat::Sarif => output.json(&checked.sarif()),
        ReportFormat::Junit => output.data(&safe::without_commands(&checked.junit())),
        ReportFormat::Markdown => output.data(&checked.markdown()),
    }
    .context("cannot write the report")?;
    Ok(())
}

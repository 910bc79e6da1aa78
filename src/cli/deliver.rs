//! How a plan or an outcome leaves: to stdout in one form, to files in others, and to what a pipeline reads.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use serde_json::Value;

use super::args::{Form, Sink, View};
use super::error::Error;
use super::output::Output;
use super::settings::Work;
use crate::render::change::Room;
use crate::render::notice::{self, Notice};
use crate::render::plan::Shown;
use crate::render::report::Ended;
use crate::render::{jsonl, markdown, pipeline, safe};
use crate::spec::SpecFile;

/// A file has no width of its own.
const FILE_ROOM: Room = Room {
    width: 100,
    detail: false,
};

/// What there is to tell.
#[derive(Clone, Copy, Debug)]
pub(super) enum Told<'a> {
    Plan(Shown<'a>),
    Outcome(Ended<'a>),
}

impl Told<'_> {
    /// Everywhere it is wanted. Saved plans are not this module's.
    pub(super) fn deliver(self, work: &Work, output: &Output) -> Result<(), Error> {
        let name = self.name(work);
        match work.view {
            View::Text => output.text(&self.text(output.room())),
            // What came before the outcome was told while it happened.
            View::Jsonl if matches!(self, Self::Outcome(_)) => output.data(&lines(&self.last())),
            view => output.data(&self.in_view(view, &name)),
        }
        .context("cannot write the result")?;
        for Sink { form, file } in &work.out {
            if let Form::View(view) = form {
                write(file, &self.in_view(*view, &name))?;
            }
        }
        self.tell_pipeline(work, &name, output)
    }

    fn in_view(self, view: View, name: &str) -> String {
        match view {
            View::Text => anstream::adapter::strip_str(&self.text(FILE_ROOM)).to_string(),
            View::Json => format!("{}\n", safe::json(&self.json())),
            View::Jsonl => lines(&self.all()),
            View::Markdown => self.markdown(name, markdown::COMMENT),
            View::Sarif => format!("{}\n", safe::json(&notice::sarif(&self.notices()))),
            View::Junit => self.junit(),
            View::Github => {
                let text = anstream::adapter::strip_str(&self.text(FILE_ROOM)).to_string();
                let group = pipeline::github_group(&self.title(), &text);
                format!("{group}{}", pipeline::github(&self.notices()))
            }
            View::Azdo => {
                let text = anstream::adapter::strip_str(&self.text(FILE_ROOM)).to_string();
                let group = pipeline::azdo_group(&self.title(), &text);
                format!("{group}{}", pipeline::azdo(&self.notices()))
            }
        }
    }

    /// Summary page and values for later steps, in the pipeline that the form is for.
    fn tell_pipeline(self, work: &Work, name: &str, output: &Output) -> Result<(), Error> {
        let summary = || self.markdown(name, markdown::SUMMARY);
        match work.view {
            View::Github => {
                if let Some(file) = &work.pipeline.github_summary {
                    append(file, &format!("{}\n", summary()))?;
                }
                if let Some(file) = &work.pipeline.github_output {
                    append(file, &pipeline::github_outputs(&self.values()))?;
                }
            }
            View::Azdo => {
                let said = pipeline::azdo_variables(&self.values());
                output.data(&said).context("cannot write the variables")?;
                if let Some(directory) = &work.pipeline.azdo_temp {
                    let file = directory.join(format!("secgw-{}.md", self.word()));
                    write(&file, &summary())?;
                    let said = pipeline::azdo_summary(&file.display().to_string());
                    output.data(&said).context("cannot write the summary")?;
                }
            }
            View::Text | View::Json | View::Jsonl | View::Markdown | View::Sarif | View::Junit => {}
        }
        Ok(())
    }

    /// The environment, or the spec where none is named: comments are told apart by it.
    fn name(self, work: &Work) -> String {
        match (&work.spec.spec, self) {
            (SpecFile::Environment(name), _) => name.clone(),
            (SpecFile::Path(_), Self::Plan(shown)) => shown.spec.to_owned(),
            (SpecFile::Path(_), Self::Outcome(ended)) => ended.spec.to_owned(),
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Plan(_) => "plan",
            Self::Outcome(_) => "apply",
        }
    }

    fn title(self) -> String {
        match self {
            Self::Plan(shown) => shown.last_line(),
            Self::Outcome(ended) => ended.last_line(),
        }
    }

    fn text(self, room: Room) -> String {
        match self {
            Self::Plan(shown) => shown.text(room),
            Self::Outcome(ended) => ended.text(room),
        }
    }

    fn json(self) -> Value {
        match self {
            Self::Plan(shown) => shown.json(),
            Self::Outcome(ended) => ended.json(),
        }
    }

    /// The lines after the first, or the only one that is left to say.
    fn last(self) -> Vec<Value> {
        match self {
            Self::Plan(shown) => shown.jsonl(),
            Self::Outcome(ended) => vec![ended.outcome()],
        }
    }

    fn all(self) -> Vec<Value> {
        let version = match self {
            Self::Plan(shown) => jsonl::version(shown.spec, shown.target),
            Self::Outcome(ended) => jsonl::version(ended.spec, ended.target),
        };
        [vec![version], self.last()].concat()
    }

    fn markdown(self, name: &str, most: usize) -> String {
        match self {
            Self::Plan(shown) => shown.markdown(name, most),
            Self::Outcome(ended) => ended.markdown(name, most),
        }
    }

    fn junit(self) -> String {
        match self {
            Self::Plan(shown) => shown.junit(),
            Self::Outcome(ended) => ended.junit(),
        }
    }

    fn notices(self) -> Vec<Notice> {
        match self {
            Self::Plan(shown) => shown.notices(),
            Self::Outcome(ended) => ended.notices(),
        }
    }

    /// What later steps of a pipeline decide by.
    fn values(self) -> Vec<(&'static str, String)> {
        let summary = ("summary", self.title());
        match self {
            Self::Plan(shown) => vec![
                ("changes", shown.plan.has_changes().to_string()),
                ("drift", shown.plan.is_drift().to_string()),
                ("blocked", (!shown.objections.is_empty()).to_string()),
                ("digest", shown.digest().to_string()),
                summary,
            ],
            Self::Outcome(ended) => vec![
                ("applied", ended.counts().applied.to_string()),
                ("failed", ended.counts().failed.to_string()),
                summary,
            ],
        }
    }
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

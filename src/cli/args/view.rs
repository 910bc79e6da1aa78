//! Options that say how a result is written, and where to.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::value::sink;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// How the result is written: as one of a command's own forms, of which one is `text`.
#[derive(Clone, Copy, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct FormatArgs<F: ValueEnum + Send + Sync + 'static = Format> {
    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value = "text")]
    pub output: F,
}

/// Forms of a plan or of how an apply ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum View {
    #[default]
    Text,
    /// One document
    Json,
    /// A document a line, while it happens
    Jsonl,
    /// For a comment on a pull request
    Markdown,
    /// For code scanning
    Sarif,
    /// For test reports
    Junit,
    /// Annotations, step summary and outputs of GitHub Actions
    Github,
    /// Logged issues, summary and variables of Azure Pipelines
    Azdo,
}

/// How a plan or an outcome is written, and where to.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct ViewArgs {
    #[command(flatten)]
    pub format: FormatArgs<View>,

    /// Also write to FILE: without FORMAT or as `plan` the plan itself, for `secgw show` and `secgw
    /// apply`; as `text`, `json`, `jsonl`, `md`, `sarif` or `junit` what `-o` would write
    #[arg(long, value_name = "[FORMAT=]FILE", value_parser = sink)]
    pub out: Vec<Sink>,
}

/// One place a plan is written to beside stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sink {
    pub form: Form,
    pub file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A saved plan.
    Plan,
    View(View),
}

impl Form {
    pub(super) const ALL: [(&'static str, Self); 7] = [
        ("plan", Self::Plan),
        ("text", Self::View(View::Text)),
        ("json", Self::View(View::Json)),
        ("jsonl", Self::View(View::Jsonl)),
        ("md", Self::View(View::Markdown)),
        ("sarif", Self::View(View::Sarif)),
        ("junit", Self::View(View::Junit)),
    ];
}

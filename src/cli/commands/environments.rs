//! `secgw environments`: which there are, for people and for the matrices of pipelines.

use std::path::Path;

use anyhow::Context as _;
use serde_json::json;

use super::{Error, Exit, Output};
use crate::cli::args::Format;
use crate::render::plan_json::FORMAT_VERSION;
use crate::render::safe;
use crate::spec;

pub(super) fn run(directory: &Path, format: Format, output: &Output) -> Result<Exit, Error> {
    let names = known(directory)?;
    match format {
        Format::Text => {
            let lines: Vec<String> = names.iter().map(|name| safe::line(name)).collect();
            output.data(&format!("{}\n", lines.join("\n")))
        }
        Format::Json => {
            let environments = names.iter().map(
                |name| json!({ "environment": name, "file": format!("environments/{name}.yaml") }),
            );
            output.json(&json!({
                "format_version": FORMAT_VERSION,
                "environments": environments.collect::<Vec<_>>(),
            }))
        }
    }
    .context("cannot write")?;
    Ok(Exit::Ok)
}

/// A list of none would let a pipeline pass that looks at nothing.
pub(super) fn known(directory: &Path) -> Result<Vec<String>, Error> {
    match spec::environments(directory) {
        names if names.is_empty() => Err(Error::usage(
            "there are no environments here",
            "each is a file `environments/NAME.yaml` below the working directory; `secgw init` writes the first",
        )),
        names => Ok(names),
    }
}

//! `secgw schema`: the JSON Schema of specs.

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::spec;

pub(super) fn run(output: &Output) -> Result<Exit, Error> {
    output
        .json(&spec::schema())
        .context("cannot write the schema")?;
    Ok(Exit::Ok)
}

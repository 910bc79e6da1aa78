//! `secgw graph`: the resources and what depends on what, as a drawing.

use anyhow::Context as _;

use super::{Error, Exit, Output, load, name_stand_ins};
use crate::cli::args::Drawing;
use crate::cli::session;
use crate::render::graph;
use crate::spec::LoadOptions;

pub(super) fn run(spec: &LoadOptions, drawing: Drawing, output: &Output) -> Result<Exit, Error> {
    name_stand_ins(spec, output);
    let graph = session::compile(&load(spec)?)?;
    let text = match drawing {
        Drawing::Mermaid => graph::mermaid(&graph),
        Drawing::Dot => graph::dot(&graph),
    };
    output.data(&text).context("cannot write the drawing")?;
    Ok(Exit::Ok)
}

//! `secgw show`: a saved plan, as it was when it was made.

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::cli::approved::{no_plan, read};
use crate::cli::args::{Format, ShowArgs};
use crate::render::Target;
use crate::render::plan::Shown;

pub(super) fn run(args: &ShowArgs, output: &Output) -> Result<Exit, Error> {
    let ShowArgs { plan, format } = args;
    let saved = read(plan)?;
    let target = Target::read(&saved.target).ok_or_else(|| no_plan(plan, "its target is none"))?;
    let shown = Shown {
        spec: &saved.spec,
        target: &target,
        plan: &saved.plan,
        objections: &saved.objections,
        allowed: &saved.allowed,
    };
    match format.output {
        Format::Text => output.text(&shown.text(output.room())),
        Format::Json => output.json(&saved.document),
    }
    .context("cannot write the plan")?;
    Ok(Exit::Ok)
}

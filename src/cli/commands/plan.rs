//! `secgw plan`: what `apply` would change, and why.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::Format;
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::Work;

pub(super) async fn run(
    work: Work,
    detailed_exitcode: bool,
    output: &Output,
) -> Result<Exit, Error> {
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?;
    let session = Session::open(&work, &loaded.spec).await?;
    let planned = session.plan(&loaded.spec, desired, output).await;
    let shown = planned.shown(&session.target);
    match work.format {
        Format::Text => output.data(&shown.text(output.room())),
        Format::Json => output.json(&shown.json()),
    }
    .context("cannot write the plan")?;
    session.close().await;
    Ok(status(&planned, detailed_exitcode))
}

/// A plan that is incomplete is no plan, and one that may not be applied says so, whatever is asked for.
fn status(planned: &Planned, detailed_exitcode: bool) -> Exit {
    let Planned {
        plan, objections, ..
    } = planned;
    if !plan.unreadable.is_empty() {
        Exit::Failed
    } else if !objections.is_empty() {
        Exit::Blocked
    } else if detailed_exitcode && plan.has_changes() {
        Exit::Changes
    } else {
        Exit::Ok
    }
}

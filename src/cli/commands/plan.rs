//! `secgw plan`: what `apply` would change, and why.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::{Form, Format, Sink};
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::Work;
use crate::plan::file;
use crate::render::plan::Shown;

pub(super) async fn run(
    work: Work,
    detailed_exitcode: bool,
    out: &[Sink],
    output: &Output,
) -> Result<Exit, Error> {
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?;
    let session = Session::open(&work, &loaded.spec).await?;
    let planned = session
        .plan(&loaded.spec, desired, &work.choice, output)
        .await?;
    let shown = planned.shown(&session.target);
    match work.format {
        Format::Text => output.text(&shown.text(output.room())),
        Format::Json => output.json(&shown.json()),
    }
    .context("cannot write the plan")?;
    for sink in out {
        save(sink, &planned, &shown)?;
    }
    session.close().await;
    Ok(status(&planned, detailed_exitcode))
}

fn save(sink: &Sink, planned: &Planned, shown: &Shown<'_>) -> Result<(), Error> {
    let Sink { form, file } = sink;
    let text = match form {
        Form::Plan => file::write(
            &shown.json(),
            &planned.plan,
            &planned.desired,
            &planned.live,
        ),
    };
    std::fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(())
}

/// A plan that is incomplete is no plan, and one that may not be applied says so, whatever is asked for.
fn status(planned: &Planned, detailed_exitcode: bool) -> Exit {
    let Planned { plan, review, .. } = planned;
    if !plan.unreadable.is_empty() {
        Exit::Failed
    } else if !review.objections.is_empty() {
        Exit::Blocked
    } else if detailed_exitcode && plan.has_changes() {
        Exit::Changes
    } else {
        Exit::Ok
    }
}

//! `secgw plan`: what `apply` would change, and why.

use super::several::{self, Look};
use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::{Form, Sink};
use crate::cli::deliver::{self, deliver, unplanned};
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::Work;
use crate::plan::file as saved;
use crate::render::plan::Shown;
use crate::render::told::Told;
use crate::resource::Graph;
use crate::spec::Spec;

pub(super) async fn run(
    work: Work,
    detailed_exitcode: bool,
    output: &Output,
) -> Result<Exit, Error> {
    if work.is_of_several() {
        let look = Look {
            word: "plan",
            told: |planned, target| Told::Plan(planned.shown(target)),
            status,
            detailed_exitcode,
        };
        return several::run(&look, &work, output).await;
    }
    let planned = of_spec(&work, output).await;
    let (session, planned) = planned.map_err(|error| unplanned(error, "plan", &work, output))?;
    let shown = planned.shown(&session.target);
    deliver(Told::Plan(shown), &work, output)?;
    save(&work.out, &planned, &shown)?;
    session.close().await;
    Ok(status(&planned, detailed_exitcode))
}

/// What is planned for the spec, and the way to what is live.
pub(super) async fn of_spec(work: &Work, output: &Output) -> Result<(Session, Planned), Error> {
    let loaded = load_in_cloud(work)?;
    let desired = session::compile(&loaded)?;
    towards(desired, &loaded.spec, work, output).await
}

pub(super) async fn towards(
    desired: Graph,
    spec: &Spec,
    work: &Work,
    output: &Output,
) -> Result<(Session, Planned), Error> {
    let session = Session::open(work, spec).await?;
    let planned = session.plan(spec, desired, &work.choice, output).await?;
    Ok((session, planned))
}

/// The plan itself, to every file that is wanted.
pub(super) fn save(out: &[Sink], planned: &Planned, shown: &Shown<'_>) -> Result<(), Error> {
    let files = out.iter().filter(|sink| sink.form == Form::Plan);
    for Sink { file, .. } in files {
        let Planned {
            plan,
            desired,
            live,
            ..
        } = planned;
        deliver::write(file, &saved::write(&shown.json(), plan, desired, live))?;
    }
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

//! `secgw drift`: what is not as it was last applied, by how bad that is, and who did it.

use super::several::{self, Look};
use super::{Error, Exit, Output, plan};
use crate::cli::args::Form;
use crate::cli::deliver::{deliver, unplanned};
use crate::cli::session::Planned;
use crate::cli::settings::Work;
use crate::render::Target;
use crate::render::drift::Drifted;
use crate::render::told::Told;

pub(super) async fn run(work: Work, output: &Output) -> Result<Exit, Error> {
    if work.out.iter().any(|sink| sink.form == Form::Plan) {
        return Err(Error::usage(
            "drift is no plan that could be saved",
            "name a form, as in `--out json=drift.json`; `secgw plan --out FILE` saves a plan",
        ));
    }
    if work.is_of_several() {
        let look = Look {
            word: "drift",
            told,
            status: |planned, _| status(planned),
            detailed_exitcode: true,
        };
        return several::run(&look, &work, output).await;
    }
    let planned = plan::of_spec(&work, output).await;
    let (session, planned) = planned.map_err(|error| unplanned(error, "drift", &work, output))?;
    deliver(told(&planned, &session.target), &work, output)?;
    session.close().await;
    Ok(status(&planned))
}

fn told<'a>(planned: &'a Planned, target: &'a Target) -> Told<'a> {
    Told::Drift(Drifted {
        shown: planned.shown(target),
    })
}

/// What could not be read may have drifted, so it is no answer.
fn status(planned: &Planned) -> Exit {
    if !planned.plan.unreadable.is_empty() {
        Exit::Failed
    } else if planned.plan.has_changes() {
        Exit::Changes
    } else {
        Exit::Ok
    }
}

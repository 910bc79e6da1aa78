//! `secgw apply`: plans, asks, makes it so, and looks whether it is.

use super::end::{End, show};
use super::{Error, Exit, Output, load_in_cloud, plan};
use crate::apply::Job;
use crate::cli::approved::Approved;
use crate::cli::args::{ApprovalArgs, View};
use crate::cli::deliver::unplanned;
use crate::cli::follow::{Followed, follow};
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::{Verify, Work};
use crate::render::report::Ended;
use crate::render::told::Told;
use crate::resource::{Aim, Graph};
use crate::spec::Loaded;

pub(super) async fn run(
    work: Work,
    approval: &ApprovalArgs,
    verify: bool,
    output: &Output,
) -> Result<Exit, Error> {
    let ready = ready(&work, approval);
    let (approved, loaded, desired) =
        ready.map_err(|error| unplanned(error, "apply", &work, output))?;
    let attack = verify.then(|| Verify::after_apply(work.clone()));
    let end = End {
        spec: &loaded.spec,
        attack: attack.as_ref(),
    };
    towards(desired, &end, &work, &approved, output).await
}

/// What was approved, and what the spec asks for.
pub(super) fn ready<'a>(
    work: &Work,
    approval: &'a ApprovalArgs,
) -> Result<(Approved<'a>, Loaded, Graph), Error> {
    let approved = Approved::read(approval)?;
    let loaded = load_in_cloud(work)?;
    let desired = session::compile(&loaded)?;
    Ok((approved, loaded, desired))
}

/// Plans towards a graph, asks, and carries the plan out.
pub(super) async fn towards(
    desired: Graph,
    end: &End<'_>,
    work: &Work,
    approved: &Approved<'_>,
    output: &Output,
) -> Result<Exit, Error> {
    let word = match desired.aim {
        Aim::Build => "apply",
        Aim::Destroy { .. } => "destroy",
    };
    let planned = plan::towards(desired, end.spec, work, output).await;
    let (session, planned) = planned.map_err(|error| unplanned(error, word, work, output))?;
    let mut exit = approved.refuse(&planned, &session, work, output)?;
    if exit.is_none() {
        let attacks = end.attack.is_some() && planned.is_done();
        if !attacks {
            show(&planned, &session, work, output)?;
        }
        exit = approved.stop(&planned, &session, output)?;
        if attacks {
            plan::save(&work.out, &planned, &planned.shown(&session.target))?;
            let told = Told::Plan(planned.shown(&session.target));
            let place = (&session, &planned.desired);
            exit = Some(end.tell(told, Exit::Ok, place, work, output).await?);
        }
    }
    let exit = match exit {
        Some(exit) => exit,
        None => carry_out(planned, &session, end, work, output).await?,
    };
    session.close().await;
    Ok(exit)
}

async fn carry_out(
    planned: Planned,
    session: &Session,
    end: &End<'_>,
    work: &Work,
    output: &Output,
) -> Result<Exit, Error> {
    let job = Job {
        client: &session.client,
        desired: &planned.desired,
        plan: &planned.plan,
        live: planned.live,
        pace: session.pace,
    };
    let Followed::Ended {
        mut report,
        stopped,
    } = follow(job, &output.telling_events(work.view == View::Jsonl)).await
    else {
        return Ok(Exit::Interrupted);
    };
    // What was not asked for is not missing.
    report.after = planned.selection.of(std::mem::take(&mut report.after));
    let ended = Ended {
        allowed: &planned.review.allowed,
        spec: &planned.name,
        target: &session.target,
        plan: &planned.plan,
        outcomes: &report.outcomes,
        after: &report.after,
    };
    let exit = if stopped {
        Exit::Interrupted
    } else {
        Exit::of_apply(ended.counts())
    };
    let place = (session, &planned.desired);
    end.tell(Told::Outcome(ended), exit, place, work, output)
        .await
}

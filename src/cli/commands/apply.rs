//! `secgw apply`: plans, asks, makes it so, and looks whether it is.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::apply::Job;
use crate::cli::approved::Approved;
use crate::cli::args::View;
use crate::cli::deliver::{deliver, lines};
use crate::cli::follow::{Followed, follow};
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::{Approval, Verify, Work};
use crate::render::jsonl;
use crate::render::report::Ended;
use crate::render::told::Told;
use crate::resource::Graph;
use crate::spec::Spec;

pub(super) async fn run(
    work: Work,
    approval: &Approval,
    verify: bool,
    output: &Output,
) -> Result<Exit, Error> {
    let approved = Approved::read(approval)?;
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?;
    let exit = towards(desired, &loaded.spec, &work, &approved, output).await?;
    if verify && exit == Exit::Ok {
        return super::verify::run(Verify::after_apply(work), output).await;
    }
    Ok(exit)
}

/// Plans towards a graph, asks, and carries the plan out.
pub(super) async fn towards(
    desired: Graph,
    spec: &Spec,
    work: &Work,
    approved: &Approved<'_>,
    output: &Output,
) -> Result<Exit, Error> {
    let session = Session::open(work, spec).await?;
    let planned = session.plan(spec, desired, &work.choice, output).await?;
    let mut exit = approved.refuse(&planned, &session, work.view, output)?;
    if exit.is_none() {
        show(&planned, &session, work, output)?;
        exit = approved.stop(&planned, &session, output)?;
    }
    let exit = match exit {
        Some(exit) => exit,
        None => carry_out(planned, &session, work, output).await?,
    };
    session.close().await;
    Ok(exit)
}

/// The plan comes before the question. As data, only the outcome is written, and the plan where there is none; a
/// person still gets to read it.
fn show(planned: &Planned, session: &Session, work: &Work, output: &Output) -> Result<(), Error> {
    let shown = planned.shown(&session.target);
    super::plan::save(&work.out, planned, &shown)?;
    if !planned.is_applicable() {
        return deliver(Told::Plan(shown), work, output);
    }
    match work.view {
        View::Text => output
            .text(&shown.text(output.room()))
            .context("cannot write the plan")?,
        View::Jsonl => output
            .data(&lines(&[jsonl::version(shown.spec, shown.target)]))
            .context("cannot write the version")?,
        View::Json | View::Markdown | View::Sarif | View::Junit | View::Github | View::Azdo => {
            output.say(&shown.text(output.room()));
        }
    }
    Ok(())
}

async fn carry_out(
    planned: Planned,
    session: &Session,
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
    report.after = work.choice.selection.of(std::mem::take(&mut report.after));
    let ended = Ended {
        allowed: &planned.review.allowed,
        spec: &planned.name,
        target: &session.target,
        plan: &planned.plan,
        outcomes: &report.outcomes,
        after: &report.after,
    };
    deliver(Told::Outcome(ended), work, output)?;
    Ok(if stopped {
        Exit::Interrupted
    } else {
        Exit::of_apply(ended.counts())
    })
}

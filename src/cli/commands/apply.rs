//! `secgw apply`: plans, asks, makes it so, and looks whether it is.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::apply::Job;
use crate::cli::args::Format;
use crate::cli::follow::{Followed, follow};
use crate::cli::session::{self, Planned, Session};
use crate::cli::settings::Work;
use crate::render::report::{Counts, Ended};

pub(super) async fn run(work: Work, yes: bool, output: &Output) -> Result<Exit, Error> {
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?;
    let session = Session::open(&work, &loaded.spec).await?;
    let planned = session.plan(&loaded.spec, desired, output).await;
    show(&planned, &session, work.format, output)?;
    let exit = match stopped_before(&planned, &session, yes, output)? {
        Some(exit) => exit,
        None => carry_out(planned, &session, work.format, output).await?,
    };
    session.close().await;
    Ok(exit)
}

/// The plan comes before the question. As data, only the outcome is written, and the plan where there is none.
fn show(
    planned: &Planned,
    session: &Session,
    format: Format,
    output: &Output,
) -> Result<(), Error> {
    let shown = planned.shown(&session.target);
    let is_final = !planned.is_applicable();
    match format {
        Format::Text => output.data(&shown.text(output.room())),
        Format::Json if is_final => output.json(&shown.json()),
        Format::Json => Ok(()),
    }
    .context("cannot write the plan")?;
    Ok(())
}

/// Why nothing is written, if so.
fn stopped_before(
    planned: &Planned,
    session: &Session,
    yes: bool,
    output: &Output,
) -> Result<Option<Exit>, Error> {
    if !planned.plan.unreadable.is_empty() {
        output.error("Nothing was written: what could not be read cannot be planned.\n");
        return Ok(Some(Exit::Failed));
    }
    if !planned.objections.is_empty() {
        output.error("Nothing was written: the plan is blocked.\n");
        return Ok(Some(Exit::Blocked));
    }
    if !planned.plan.has_changes() {
        return Ok(Some(Exit::Ok));
    }
    if yes {
        return Ok(None);
    }
    if !output.can_ask() {
        return Err(Error::usage(
            "nothing was written: there is nobody to ask",
            "look at the plan and run it again with `--yes`",
        ));
    }
    let question = format!("Apply this to {}? Only `yes` does: ", session.target);
    let is_yes = output.ask(&question).context("cannot read the answer")?;
    if is_yes {
        return Ok(None);
    }
    output.say("Nothing was written.\n");
    Ok(Some(Exit::Ok))
}

async fn carry_out(
    planned: Planned,
    session: &Session,
    format: Format,
    output: &Output,
) -> Result<Exit, Error> {
    let job = Job {
        client: &session.client,
        desired: &planned.desired,
        plan: &planned.plan,
        live: planned.live,
        pace: session.pace,
    };
    let Followed::Ended { report, stopped } = follow(job, output).await else {
        return Ok(Exit::Interrupted);
    };
    let ended = Ended {
        spec: &planned.name,
        target: &session.target,
        plan: &planned.plan,
        outcomes: &report.outcomes,
        after: &report.after,
    };
    match format {
        Format::Text => output.data(&ended.text(output.room())),
        Format::Json => output.json(&ended.json()),
    }
    .context("cannot write how it ended")?;
    Ok(if stopped {
        Exit::Interrupted
    } else {
        status(ended.counts())
    })
}

/// Failed altogether is a failure; with some of it applied, the failure is partial.
fn status(counts: Counts) -> Exit {
    let Counts {
        applied,
        failed,
        waiting,
        skipped: _,
        not_effective,
        unreadable,
    } = counts;
    let exits = [
        (failed > 0 && applied == 0, Exit::Failed),
        (unreadable > 0, Exit::Failed),
        (failed > 0, Exit::PartlyApplied),
        (not_effective > 0, Exit::NotEffective),
        (waiting > 0, Exit::Waiting),
    ];
    exits
        .into_iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, exit)| exit)
        .max()
        .unwrap_or(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        Counts {
            applied: 3,
            ..Counts::default()
        }
    }

    #[test]
    fn the_status_tells_the_worst_that_happened() {
        assert_eq!(status(counts()), Exit::Ok);
        let failed = Counts {
            failed: 1,
            not_effective: 1,
            ..counts()
        };
        assert_eq!(status(failed), Exit::PartlyApplied);
        assert_eq!(
            status(Counts {
                applied: 0,
                ..failed
            }),
            Exit::Failed
        );
        let waiting = Counts {
            waiting: 1,
            ..counts()
        };
        assert_eq!(status(waiting), Exit::Waiting);
        let ineffective = Counts {
            not_effective: 1,
            ..waiting
        };
        assert_eq!(status(ineffective), Exit::NotEffective);
    }
}

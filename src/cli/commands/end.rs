//! How an apply begins and ends for whoever watches: the plan comes first, and at the end all there is is told once, with what the attacks came to where they were asked for.

use anyhow::Context as _;

use super::{Error, Exit, Output, verify};
use crate::cli::args::View;
use crate::cli::attack;
use crate::cli::deliver::{deliver, lines};
use crate::cli::session::{Planned, Session};
use crate::cli::settings::{Verify, Work};
use crate::render::jsonl;
use crate::render::told::Told;
use crate::render::verified::Verified;
use crate::resource::Graph;
use crate::spec::Spec;

/// How an apply ends once it went well.
pub(super) struct End<'a> {
    pub(super) spec: &'a Spec,
    /// What stands there then is attacked.
    pub(super) attack: Option<&'a Verify>,
}

impl End<'_> {
    /// Tells what there is to tell, with what the attacks came to where it went well so far: one document.
    pub(super) async fn tell(
        &self,
        told: Told<'_>,
        exit: Exit,
        (session, desired): (&Session, &Graph),
        work: &Work,
        output: &Output,
    ) -> Result<Exit, Error> {
        let Some(attack) = self.attack.filter(|_| exit == Exit::Ok) else {
            deliver(told, work, output)?;
            return Ok(exit);
        };
        match attack::tried(session, self.spec, desired, attack, output).await {
            Ok(report) => {
                let attacked = verify::attacked(&report, self.spec, session);
                let verified = Verified { told, attacked };
                deliver(Told::Verified(&verified), work, output)?;
                Ok(verify::status(&report))
            }
            // What was done is told all the same.
            Err(error) => {
                deliver(told, work, output)?;
                Err(error)
            }
        }
    }
}

/// The plan comes before the question. As data, only the outcome is written, and the plan where there is none; a
/// person still gets to read it.
pub(super) fn show(
    planned: &Planned,
    session: &Session,
    work: &Work,
    output: &Output,
) -> Result<(), Error> {
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

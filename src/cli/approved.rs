//! What was approved before an apply: a plan file, a digest, or whatever the plan is.
//!
//! A file and a digest are assertions about the plan that is made now (architecture.md, decision 7); neither is ever
//! carried out.

use std::io::ErrorKind;
use std::path::Path;

use anyhow::Context as _;

use super::args::ApprovalArgs;
use super::deliver::deliver;
use super::error::Error;
use super::exit::Exit;
use super::output::Output;
use super::session::{Planned, Session};
use super::settings::Work;
use crate::plan::Objection;
use crate::plan::file::{self, ReadError, Saved};
use crate::plan::stale::stale;
use crate::render::stale::{Cause, Stale};
use crate::render::told::Told;
use crate::render::{Target, safe};
use crate::resource::Aim;

pub(super) struct Approved<'a> {
    saved: Option<Saved>,
    expect: Option<&'a str>,
    yes: bool,
}

impl<'a> Approved<'a> {
    pub(super) fn read(approval: &'a ApprovalArgs) -> Result<Self, Error> {
        let ApprovalArgs { plan, expect, yes } = approval;
        Ok(Self {
            saved: plan.as_deref().map(read).transpose()?,
            expect: expect.as_deref(),
            yes: *yes,
        })
    }

    /// Refuses a plan that is not the one that was approved.
    pub(super) fn refuse(
        &self,
        planned: &Planned,
        session: &Session,
        work: &Work,
        output: &Output,
    ) -> Result<Option<Exit>, Error> {
        let Some(stale) = self.stale(planned, &session.target) else {
            return Ok(None);
        };
        deliver(Told::Stale(&stale), work, output)?;
        output.error("Nothing was written: this is not the plan that was approved.\n");
        Ok(Some(Exit::Blocked))
    }

    /// Why nothing is written, if so. Whoever approved the plan before is not asked again.
    pub(super) fn stop(
        &self,
        planned: &Planned,
        session: &Session,
        output: &Output,
    ) -> Result<Option<Exit>, Error> {
        if !planned.plan.unreadable.is_empty() {
            output.error("Nothing was written: what could not be read cannot be planned.\n");
            return Ok(Some(Exit::Failed));
        }
        let objections = &planned.review.objections;
        if objections.iter().any(|one| !self.came_later(planned, one)) {
            output.error("Nothing was written: the plan is blocked.\n");
            return Ok(Some(Exit::Blocked));
        }
        if !objections.is_empty() {
            output.say("What is blocked is somebody else's and came after the plan was saved: the next plan stops for it, this one is carried out.\n");
        }
        if !planned.plan.has_changes() {
            return Ok(Some(Exit::Ok));
        }
        if self.yes || self.saved.is_some() || self.expect.is_some() {
            return Ok(None);
        }
        if !output.can_ask() {
            return Err(Error::usage(
                "nothing was written: there is nobody to ask",
                "look at the plan and run it again with `--yes`",
            ));
        }
        let target = &session.target;
        let question = match planned.desired.aim {
            Aim::Build => format!("Apply this to {target}? Only `yes` does: "),
            Aim::Destroy { .. } => format!("Delete all of this on {target}? Only `yes` does: "),
        };
        let is_yes = output.ask(&question).context("cannot read the answer")?;
        if is_yes {
            return Ok(None);
        }
        output.say("Nothing was written.\n");
        Ok(Some(Exit::Ok))
    }

    /// Whether an objection is to what somebody else has put beside a saved plan: that makes no plan stale. A digest
    /// does not say what a plan was blocked by.
    fn came_later(&self, planned: &Planned, objection: &Objection) -> bool {
        let Some(saved) = &self.saved else {
            return false;
        };
        let mut known = saved.objections.iter().chain(&saved.allowed);
        let mut standing = planned.plan.standing.iter();
        !known.any(|known| known.is_same(objection))
            && standing.any(|one| one.is_foreign && one.is_objected_by(objection))
    }

    /// Why the plan is not the one that was approved, if it is another one.
    fn stale<'b>(&self, planned: &'b Planned, target: &'b Target) -> Option<Stale<'b>> {
        let digest = planned.shown(target).digest();
        let cause = match (&self.saved, self.expect) {
            (_, Some(expect)) if !digest.as_str().starts_with(expect) && self.saved.is_none() => {
                Cause::Digest(expect.to_owned())
            }
            (Some(saved), expect) => Self::moved(saved, expect, planned, target)?,
            (None, _) => return None,
        };
        Some(Stale {
            spec: &planned.name,
            target,
            digest,
            cause,
        })
    }

    fn moved(
        saved: &Saved,
        expect: Option<&str>,
        planned: &Planned,
        target: &Target,
    ) -> Option<Cause> {
        if expect.is_some_and(|expect| !saved.digest.as_str().starts_with(expect)) {
            return expect.map(|expect| Cause::OtherFile {
                expect: expect.to_owned(),
                digest: saved.digest.clone(),
            });
        }
        let was = Target::read(&saved.target);
        if was.as_ref().map(Target::identity) != Some(target.identity()) {
            return Some(Cause::Target(was.map(|was| was.to_string())));
        }
        if saved.spec != planned.name {
            return Some(Cause::Spec(saved.spec.clone()));
        }
        let moved = stale(saved, &planned.plan, &planned.desired, &planned.live);
        let is_same = moved.is_empty() && saved.digest == planned.shown(target).digest();
        (!is_same).then_some(Cause::Moved(moved))
    }
}

/// A plan file; what is none is bad usage, not a failure.
pub(super) fn read(path: &Path) -> Result<Saved, Error> {
    let text = match std::fs::read_to_string(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Err(no_plan(path, "there is no such file"));
        }
        Err(error) if error.kind() == ErrorKind::IsADirectory => {
            return Err(no_plan(path, "it is a directory"));
        }
        Err(error) if error.kind() == ErrorKind::InvalidData => {
            return Err(no_plan(path, "it is not text"));
        }
        text => text.with_context(|| format!("cannot read {}", path.display()))?,
    };
    file::read(&text).map_err(|error| match error {
        ReadError::Malformed(ref cause) => no_plan(path, &format!("{error}: {cause}")),
        error => no_plan(path, &error.to_string()),
    })
}

pub(super) fn no_plan(path: &Path, why: &str) -> Error {
    let path = safe::line(&path.display().to_string());
    Error::usage(
        format!("{path} cannot be used as a plan: {why}"),
        "make a new one: `secgw plan --out FILE`",
    )
}

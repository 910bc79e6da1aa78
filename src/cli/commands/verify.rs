//! `secgw verify`: attacks what is deployed, from outside.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::{AttackArgs, ReportFormat};
use crate::cli::attack;
use crate::cli::interrupt::unless_interrupted;
use crate::cli::session::{self, Session};
use crate::cli::settings::{Verify, Work};
use crate::render::safe;
use crate::render::verify::Attacked;
use crate::resource::Graph;
use crate::spec::Spec;
use crate::verify::{self, Outcome, Report};

pub(super) async fn run(verify: Verify, output: &Output) -> Result<Exit, Error> {
    let unknown = verify
        .attack
        .only
        .iter()
        .find(|id| verify::probes::find(id).is_none());
    if let Some(id) = unknown {
        let hint = "ids run from A01 to J03: `secgw verify -v` lists them all";
        return Err(Error::usage(format!("there is no probe `{id}`"), hint));
    }
    let loaded = load_in_cloud(&verify.work)?;
    let graph = session::compile(&loaded)?;
    let opening = Session::open(&verify.work, &loaded.spec);
    let Some(session) = unless_interrupted(opening).await else {
        output.error("Interrupted: nothing was attacked.\n");
        return Ok(Exit::Interrupted);
    };
    let session = session?;
    let exit = attack(&session, &loaded.spec, &graph, &verify, output).await;
    session.close().await;
    exit
}

impl Verify {
    /// Every quiet probe, as an apply ends; what comes of it is told with the outcome.
    pub(super) fn after_apply(work: Work) -> Self {
        Self {
            work,
            attack: AttackArgs::quiet(),
            format: ReportFormat::Text,
        }
    }
}

/// Attacks what stands there now, and writes what came of it.
async fn attack(
    session: &Session,
    spec: &Spec,
    graph: &Graph,
    verify: &Verify,
    output: &Output,
) -> Result<Exit, Error> {
    let report = attack::tried(session, spec, graph, verify, output).await?;
    write(&attacked(&report, spec, session), verify.format, output)?;
    Ok(status(&report))
}

pub(super) fn attacked<'a>(report: &'a Report, spec: &'a Spec, session: &Session) -> Attacked<'a> {
    Attacked {
        report,
        name: &spec.name,
        place: session.target.to_string(),
    }
}

pub(super) fn status(report: &Report) -> Exit {
    if report.interrupted.is_some() {
        Exit::Interrupted
    } else if report.count(Outcome::Fail) > 0 {
        Exit::NotEffective
    } else if report.control_holds() {
        Exit::Ok
    } else {
        Exit::Failed
    }
}

fn write(attacked: &Attacked<'_>, format: ReportFormat, output: &Output) -> Result<(), Error> {
    match format {
        ReportFormat::Text => output.data(&attacked.text(output.room())),
        ReportFormat::Json => output.json(&attacked.json()),
        ReportFormat::Sarif => output.json(&attacked.sarif()),
        ReportFormat::Junit => output.data(&safe::without_commands(&attacked.junit())),
        ReportFormat::Markdown => output.data(&attacked.markdown()),
    }
    .context("cannot write the report")?;
    Ok(())
}

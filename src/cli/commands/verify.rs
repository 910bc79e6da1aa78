//! `secgw verify`: attacks what is deployed, from outside.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::{AttackArgs, ReportFormat};
use crate::cli::deployed;
use crate::cli::interrupt::unless_interrupted;
use crate::cli::session::{self, Session};
use crate::cli::settings::{Verify, Work};
use crate::cli::user;
use crate::render::safe;
use crate::render::verify::Attacked;
use crate::resource::Graph;
use crate::spec::Spec;
use crate::verify::{self, Credentials, Outcome, Report, Selection, Target, Tried, Wire};

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
    let report = tried(session, spec, graph, verify, output).await?;
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

pub(super) async fn tried(
    session: &Session,
    spec: &Spec,
    graph: &Graph,
    verify: &Verify,
    output: &Output,
) -> Result<Report, Error> {
    let selection = Selection {
        only: verify.attack.only.clone(),
        is_aggressive: verify.attack.aggressive,
    };
    let setting_up = set_up(session, spec, graph, verify, output);
    let Some(way) = unless_interrupted(setting_up).await else {
        output.error("Interrupted: nothing was attacked.\n");
        return Ok(selection.left_off(Vec::new(), None));
    };
    let (wire, target, tokens) = way?;
    output.say(&format!("Attacking {} …\n", target.edge()));
    let mut done = Vec::new();
    let hear = |tried: &Tried| {
        heard(tried, output);
        done.push(tried.clone());
    };
    let attacking = verify::run(&wire, &target, &tokens, &selection, hear);
    if let Some(report) = unless_interrupted(attacking).await {
        return Ok(report);
    }
    output.error("Interrupted: this is what was seen by then.\n");
    Ok(selection.left_off(done, Some(&wire)))
}

/// What is attacked, the way there, and as whom.
async fn set_up(
    session: &Session,
    spec: &Spec,
    graph: &Graph,
    verify: &Verify,
    output: &Output,
) -> Result<(Wire, Target, Credentials), Error> {
    output.say(&format!(
        "Reading what is deployed on {} …\n",
        session.target
    ));
    let live = session.live(graph).await;
    let target = deployed::target(spec, graph, &live).ok_or_else(|| {
        let hint = "`secgw apply` deploys it; `secgw plan` says what is missing";
        Error::usage("there is nothing deployed to attack", hint)
    })?;
    let wire = Wire::new(&session.route, verify.attack.max_requests)
        .context("cannot set up connections")?
        .trusting(target.own_hosts());
    let tokens = user::credentials(&wire, &target, verify, output).await?;
    Ok((wire, target, tokens))
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

fn heard(tried: &Tried, output: &Output) {
    if output.is_detailed() {
        let outcome = tried.verdict.outcome.name();
        output.say(&format!("{} {outcome}\n", tried.probe.id));
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

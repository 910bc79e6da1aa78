//! `secgw check`: the security controls, on what the spec asks for or on what is live.

use anyhow::Context as _;
use time::{Date, OffsetDateTime};

use super::{Error, Exit, Output, load_in_cloud, name_stand_ins};
use crate::cli::args::ReportFormat;
use crate::cli::session::{self, Session};
use crate::cli::settings::Check;
use crate::controls::{self, Acceptance, Intent, Severity, State};
use crate::render::check::Checked;
use crate::render::safe;
use crate::resource::Graph;
use crate::spec::{self, FailOn, Loaded, Spec};

pub(super) async fn run(check: Check, output: &Output) -> Result<Exit, Error> {
    let loaded = load_in_cloud(&check.work)?;
    let graph = session::compile(&loaded)?;
    let (state, place) = if check.live {
        live(&check, &loaded, &graph, output).await?
    } else {
        name_stand_ins(&check.work.spec, output);
        (State::desired(&graph), "offline".to_owned())
    };
    let spec = &loaded.spec;
    let intent = Intent::of_spec(spec, &graph);
    let today = OffsetDateTime::now_utc().date();
    let report = controls::evaluate(&state, &intent, &accepted(&spec.controls), today);
    let checked = Checked {
        report: &report,
        name: &spec.name,
        place,
        fail_on: severity(spec.controls.fail_on),
    };
    write(&checked, check.format, output)?;
    Ok(status(&checked))
}

async fn live(
    check: &Check,
    loaded: &Loaded,
    graph: &Graph,
    output: &Output,
) -> Result<(State, String), Error> {
    let spec: &Spec = &loaded.spec;
    let session = Session::open(&check.work, spec).await?;
    let state = session.state(graph, output).await;
    let place = format!("live on {}", session.target);
    session.close().await;
    Ok((state, place))
}

fn write(checked: &Checked<'_>, format: ReportFormat, output: &Output) -> Result<(), Error> {
    match format {
        ReportFormat::Text => output.data(&checked.text(output.room())),
        ReportFormat::Json => output.json(&checked.json()),
        ReportFormat::Sarif => output.json(&checked.sarif()),
        ReportFormat::Junit => output.data(&safe::without_commands(&checked.junit())),
        ReportFormat::Markdown => output.data(&checked.markdown()),
    }
    .context("cannot write the report")?;
    Ok(())
}

fn status(checked: &Checked<'_>) -> Exit {
    if checked.report.fails_at(checked.fail_on) {
        Exit::Blocked
    } else {
        Exit::Ok
    }
}

fn severity(fail_on: FailOn) -> Severity {
    match fail_on {
        FailOn::Low => Severity::Low,
        FailOn::Medium => Severity::Medium,
        FailOn::High => Severity::High,
        FailOn::Critical => Severity::Critical,
    }
}

fn accepted(controls: &spec::Controls) -> Vec<Acceptance> {
    let accepted = controls.accept.iter().map(|accepted| Acceptance {
        at: accepted.at.clone(),
        control: accepted.control.to_string(),
        resource: accepted.resource.clone(),
        reason: accepted.reason.clone(),
        // What is no day is long past.
        expires: accepted.expires.date().unwrap_or(Date::MIN),
    });
    accepted.collect()
}

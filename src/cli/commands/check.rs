//! `secgw check`: the security controls, on what the spec asks for or on what is live.

use time::OffsetDateTime;

use super::{Error, Exit, Output, load_in_cloud, name_stand_ins};
use crate::cli::acceptance::{accepted, severity};
use crate::cli::deliver;
use crate::cli::incomplete;
use crate::cli::interrupt::unless_interrupted;
use crate::cli::session::{self, Session};
use crate::cli::settings::{Check, Group};
use crate::controls::{self, Acceptance, Intent, Severity, State};
use crate::render::check::Checked;
use crate::resource::Graph;
use crate::spec::Loaded;

/// What the controls are evaluated on.
struct Subject {
    name: String,
    place: String,
    state: State,
    intent: Intent,
    accepted: Vec<Acceptance>,
    fail_on: Severity,
}

pub(super) async fn run(check: Check, output: &Output) -> Result<Exit, Error> {
    let Some(subject) = unless_interrupted(looked_at(&check, output)).await else {
        output.error("Interrupted while reading: no control was evaluated.\n");
        return Ok(Exit::Interrupted);
    };
    let Subject {
        name,
        place,
        state,
        intent,
        accepted,
        fail_on,
    } = subject?;
    let report = controls::evaluate(&state, &intent, &accepted, OffsetDateTime::now_utc().date());
    let checked = Checked {
        report: &report,
        name: &name,
        place,
        fail_on,
    };
    deliver::report(&checked, check.format, output)?;
    match incomplete::of(&report) {
        _ if report.fails_at(fail_on) => Ok(Exit::Blocked),
        Some(incomplete) if check.live => Err(incomplete),
        _ => Ok(Exit::Ok),
    }
}

async fn looked_at(check: &Check, output: &Output) -> Result<Subject, Error> {
    match &check.group {
        Some(group) => without_spec(check, group, output).await,
        None => with_spec(check, output).await,
    }
}

async fn with_spec(check: &Check, output: &Output) -> Result<Subject, Error> {
    let loaded = load_in_cloud(&check.work)?;
    let graph = session::compile(&loaded)?;
    let (state, place) = if check.live {
        live(check, &loaded, &graph, output).await?
    } else {
        name_stand_ins(&check.work.spec, output);
        (State::desired(&graph), "offline".to_owned())
    };
    let spec = &loaded.spec;
    Ok(Subject {
        name: spec.name.to_string(),
        place,
        state,
        intent: Intent::of_spec(spec, &graph),
        accepted: accepted(&spec.controls),
        fail_on: severity(spec.controls.fail_on),
    })
}

async fn live(
    check: &Check,
    loaded: &Loaded,
    graph: &Graph,
    output: &Output,
) -> Result<(State, String), Error> {
    let session = Session::open(&check.work, &loaded.spec).await?;
    let state = session.state(graph, output).await;
    let place = format!("live on {}", session.target);
    session.close().await;
    Ok((state, place))
}

async fn without_spec(check: &Check, group: &Group, output: &Output) -> Result<Subject, Error> {
    let session = Session::of_group(&check.work, group).await?;
    let state = session.group_state(group, output).await;
    let place = format!("live on {}", session.target);
    session.close().await;
    if state.iter().next().is_none() && state.gaps().is_empty() {
        return Err(Error::usage(
            format!("there is nothing in the resource group `{}`", group.name),
            "look at `--resource-group` and `--subscription`",
        ));
    }
    Ok(Subject {
        name: group.name.clone(),
        place,
        intent: Intent::inferred(&state),
        state,
        accepted: Vec::new(),
        fail_on: Severity::High,
    })
}

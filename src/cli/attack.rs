//! Attacks what stands there now, until it is done or somebody says stop.

use anyhow::Context as _;

use super::error::Error;
use super::interrupt::unless_interrupted;
use super::output::Output;
use super::session::Session;
use super::settings::Verify;
use super::{deployed, user};
use crate::resource::Graph;
use crate::spec::Spec;
use crate::verify::{self, Credentials, Report, Selection, Target, Tried, Wire};

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

fn heard(tried: &Tried, output: &Output) {
    if output.is_detailed() {
        let outcome = tried.verdict.outcome.name();
        output.say(&format!("{} {outcome}\n", tried.probe.id));
    }
}

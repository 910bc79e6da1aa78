//! Runs probes [IO]: the control first, then each in the order of the table.

use serde_json::Value;

use super::CONTROL;
use super::attacker::{Attacker, Credentials};
use super::message::Request;
use super::probe::{Attempt, Needs, Probe};
use super::probes;
use super::report::{Outcome, Report, Tried, Verdict};
use super::target::Target;
use super::token::Forge;
use super::wire::Wire;

/// Which probes.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Ids; none: all.
    pub only: Vec<String>,
    /// The loud ones too.
    pub is_aggressive: bool,
}

impl Selection {
    /// The control is always among them: others rest on it.
    fn has(&self, probe: &Probe) -> bool {
        let is_named = |id: &String| id.eq_ignore_ascii_case(probe.id);
        self.only.is_empty() || probe.id == CONTROL || self.only.iter().any(is_named)
    }
}

/// Attacks the target; `told` hears of each probe when it is done.
pub async fn run(
    wire: &Wire,
    target: &Target,
    tokens: &Credentials,
    selection: &Selection,
    mut told: impl FnMut(&Tried),
) -> Report {
    let attacker = Attacker {
        wire,
        target,
        tokens,
        forge: Forge::new(),
        keys: keys(wire, target).await,
    };
    let mut tried: Vec<Tried> = Vec::new();
    let mut control = Outcome::Inconclusive;
    for probe in probes::all().filter(|probe| selection.has(probe)) {
        let verdict = if probe.is_loud && !selection.is_aggressive {
            Verdict::new(Outcome::NotApplicable, "it is loud: only with --aggressive")
        } else {
            attempt(&attacker, probe, control).await
        };
        if probe.id == CONTROL {
            control = verdict.outcome;
        }
        let done = Tried { probe, verdict };
        told(&done);
        tried.push(done);
    }
    Report {
        tried,
        requests: wire.sent(),
    }
}

async fn attempt(attacker: &Attacker<'_>, probe: &Probe, control: Outcome) -> Verdict {
    let verdict = match &probe.attempt {
        Attempt::Course(course) => course(attacker).await,
        Attempt::Shots(shots) => match shots(attacker) {
            Ok(shots) => attacker.shoot_all(&shots).await,
            Err(why) => Verdict::new(Outcome::NotApplicable, why),
        },
    };
    let rests_on_it = probe.needs == Needs::Control && control != Outcome::Pass;
    // What gets through is a finding whatever the control says; what is refused then proves nothing.
    if rests_on_it && verdict.outcome == Outcome::Pass {
        return Verdict {
            outcome: Outcome::Inconclusive,
            reason: format!(
                "{}, but so might a valid token: {CONTROL} did not pass",
                verdict.reason
            ),
            ..verdict
        };
    }
    verdict
}

/// The keys by which tokens are signed, by the provider's own metadata; null where they cannot be read.
async fn keys(wire: &Wire, target: &Target) -> Value {
    let provider = &target.provider;
    let base = provider.base(&provider.user_flow);
    let request = Request::get(&provider.host, &format!("{base}/discovery/v2.0/keys"));
    match wire.send(&request).await {
        Ok(reply) if reply.status == 200 => reply.json(),
        Ok(_) | Err(_) => Value::Null,
    }
}

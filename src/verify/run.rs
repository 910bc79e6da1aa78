//! Runs probes [IO]: the control first, then each in the order of the table.

use serde_json::Value;

use super::CONTROL;
use super::attacker::{Attacker, Credentials};
use super::message::{Request, Trouble};
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

    /// What was seen until the user said stop.
    pub fn left_off(&self, tried: Vec<Tried>, wire: Option<&Wire>) -> Report {
        let wanted = probes::all().filter(|probe| self.has(probe)).count();
        Report {
            interrupted: Some(wanted.saturating_sub(tried.len())),
            tried,
            requests: wire.map_or(0, Wire::sent),
            is_cut_short: wire.is_some_and(Wire::was_short),
        }
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
            Verdict::new(Outcome::Skipped, "loud: only with --aggressive")
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
        is_cut_short: wire.was_short(),
        interrupted: None,
    }
}

async fn attempt(attacker: &Attacker<'_>, probe: &Probe, control: Outcome) -> Verdict {
    let verdict = match &probe.attempt {
        Attempt::Course(course) => course(attacker).await,
        Attempt::Shots(shots) => match shots(attacker) {
            Ok(shots) => attacker.shoot_all(&shots).await,
            Err(idle) => idle.into(),
        },
    };
    // What gets through is a finding whatever the control says; what is refused then proves nothing.
    let has_user = attacker.tokens.access.is_some();
    match in_doubt(probe.needs, &verdict, has_user, control) {
        Some(doubt) if verdict.outcome == Outcome::Pass => Verdict {
            outcome: Outcome::Inconclusive,
            reason: format!("{}, but {doubt}", verdict.reason),
            ..verdict
        },
        Some(_) | None => verdict,
    }
}

/// Why a pass may be worth nothing.
fn in_doubt(
    needs: Needs,
    verdict: &Verdict,
    has_user: bool,
    control: Outcome,
) -> Option<&'static str> {
    let has_control = control == Outcome::Pass;
    match needs {
        Needs::Nothing => None,
        Needs::Answer => (verdict.is_by_silence && !has_control)
            .then_some("a valid token may get no answer either: A21 did not pass"),
        Needs::User => {
            (!has_user).then_some("a right request may be refused too: no user could sign in")
        }
        Needs::Control => {
            (!has_control).then_some("a valid token may be refused too: A21 did not pass")
        }
    }
}

/// The keys by which tokens are signed, as the provider shows them; or why they cannot be read.
async fn keys(wire: &Wire, target: &Target) -> Result<Value, String> {
    let provider = &target.provider;
    let base = provider.base(&provider.user_flow);
    let request = Request::get(&provider.host, &format!("{base}/discovery/v2.0/keys"));
    match wire.send(&request).await {
        Ok(reply) if reply.status == 200 => Ok(reply.json()),
        Ok(reply) => Err(format!("{} for the identity provider's keys", reply.status)),
        Err(trouble @ Trouble::Spent) => Err(trouble.to_string()),
        Err(trouble) => Err(format!("the identity provider's keys: {trouble}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pass_is_in_doubt_by_what_it_rests_on() {
        let answered = Verdict::new(Outcome::Pass, "403");
        let silent = Verdict::new(Outcome::Pass, "no answer").by_silence(true);
        for (needs, verdict, has_user, control, is_doubted) in [
            (Needs::Control, &answered, true, Outcome::Pass, false),
            (Needs::Control, &answered, true, Outcome::Inconclusive, true),
            (Needs::Answer, &answered, true, Outcome::Inconclusive, false),
            (Needs::Answer, &silent, true, Outcome::Inconclusive, true),
            (Needs::Answer, &silent, true, Outcome::Pass, false),
            (Needs::User, &answered, true, Outcome::Inconclusive, false),
            (Needs::User, &answered, false, Outcome::Inconclusive, true),
            (Needs::Nothing, &silent, false, Outcome::Inconclusive, false),
        ] {
            let doubt = in_doubt(needs, verdict, has_user, control);
            assert_eq!(doubt.is_some(), is_doubted, "{needs:?} {control:?}");
        }
    }
}

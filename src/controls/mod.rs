//! The security controls: rows that say what must hold, evaluated on what a spec asks for or on what is live.
//!
//! Pure. `state` is the one view of resources, `intent` what is meant by them, `effective` the policies in effect;
//! `early` what these do before a token is checked, `calls` whom they call, `demand` what they ask of a caller;
//! `control` is a row, `catalogue` all of them, with one file a theme beside it. `report` is what comes out and `accept` what the spec puts up with. `exposure` is who can reach what, and
//! past which guards. Whoever asks says what day it is.

mod accept;
mod accounts;
mod calls;
mod catalogue;
mod control;
mod coverage;
mod credentials;
mod demand;
mod early;
mod edge;
mod effective;
mod exposure;
mod function;
mod gateway;
mod governance;
mod identity;
mod intent;
mod limits;
mod network;
mod observability;
mod policy;
mod report;
mod security_group;
mod state;
mod subject;
mod token;
mod transport;
mod waf;

use std::collections::BTreeSet;

use time::Date;

pub use accept::Acceptance;
pub use calls::Callees;
pub use catalogue::{CONTROLS, all, find};
pub use control::{Check, Control, Severity};
pub use demand::Demands;
pub use effective::Policies;
pub use exposure::{Door, Exposure, Exposures, Watch, Weaker, exposures, guards_of, weaker};
pub use intent::{Backend, Client, Declared, Edge, Intent};
pub use report::{Fault, Idle, Judged, Outcome, Report, Status, Verdict};
pub use state::{Entry, Gap, State, is_late};
pub use subject::Subject;

/// Every control on every resource it is about.
pub fn evaluate(state: &State, intent: &Intent, accepted: &[Acceptance], today: Date) -> Report {
    let policies = Policies::of(state);
    let subject = Subject::new(state, intent, &policies, today);
    let mut judged: Vec<Judged> = all()
        .flat_map(|control| {
            let verdicts = verdicts(control, &subject);
            verdicts.into_iter().map(move |verdict| Judged {
                control,
                verdict,
                accepted: None,
            })
        })
        .collect();
    let idle = accept::accept(&mut judged, accepted, today);
    Report { judged, idle }
}

fn verdicts(control: &Control, subject: &Subject<'_>) -> Vec<Verdict> {
    let check = match control.check {
        Check::Read(check) => check,
        Check::Manual(_) if subject.intent.provider.is_none() => {
            let why = "the identity provider is not known";
            return vec![Verdict::nowhere(Outcome::NotApplicable(why.to_owned()))];
        }
        Check::Manual(whereabouts) => {
            return vec![Verdict::nowhere(Outcome::Manual(whereabouts.to_owned()))];
        }
    };
    let mut verdicts = check(subject);
    // What seems to be missing may be there.
    verdicts.retain(|verdict| {
        let unread = verdict
            .resource
            .as_ref()
            .filter(|id| subject.state.is_unread(id));
        unread.is_none() || !matches!(verdict.outcome, Outcome::Failed(_))
    });
    verdicts.extend(unread(control, subject.state));
    if verdicts.is_empty() {
        let why = "there is nothing it is about".to_owned();
        verdicts.push(Verdict::nowhere(Outcome::NotApplicable(why)));
    }
    verdicts
}

/// Flex Consumption has no slots (domain.md B.1), so none is missed.
fn is_impossible(state: &State, gap: &Gap) -> bool {
    let is_flex = |site: &Entry| site.at("/properties/functionAppConfig").is_some();
    gap.type_name.eq_ignore_ascii_case(subject::SLOT) && state.get(&gap.id).is_some_and(is_flex)
}

/// What a control reads and nobody could read is unknown, never passed.
fn unread(control: &Control, state: &State) -> Vec<Verdict> {
    let mut seen = BTreeSet::new();
    let gaps = state.gaps().iter().filter(|gap| {
        control
            .reads
            .iter()
            .any(|type_name| type_name.eq_ignore_ascii_case(&gap.type_name))
    });
    gaps.filter(|gap| !is_impossible(state, gap))
        .filter(|gap| seen.insert(&gap.id))
        .map(|gap| Verdict {
            resource: Some(gap.id.clone()),
            source: None,
            outcome: Outcome::Unknown(gap.why.clone()),
            severity: None,
        })
        .collect()
}

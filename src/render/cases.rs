//! A plan and an outcome as test cases: one for each change.

use super::junit::{Case, Ending, Suite};
use super::plan::Shown;
use super::progress::{cause, said};
use super::report::Ended;
use super::{label, notice, safe, section};
use crate::apply::Outcome;
use crate::controls::Severity;
use crate::plan::{Change, Objection};

impl Shown<'_> {
    /// A case for each change, which fails where it is blocked, and for each resource that could not be read.
    pub fn suites(&self) -> Vec<Suite> {
        let sections = section::sections(self.plan, self.objections);
        let mut suites: Vec<Suite> = Vec::new();
        for ((_, layer), changes) in sections {
            let cases = changes.iter().map(|change| self.case(change));
            match suites.iter_mut().find(|suite| suite.name == layer.name()) {
                Some(suite) => suite.cases.extend(cases),
                None => suites.push(Suite {
                    name: layer.name().to_owned(),
                    cases: cases.collect(),
                }),
            }
        }
        suites.extend(self.unread());
        suites.extend(self.left());
        suites.extend(self.objected());
        suites
    }

    /// A case for each finding that no change mends: failed from high on, or where it blocks the plan.
    fn left(&self) -> Option<Suite> {
        let cases = self.plan.standing.iter().map(|one| {
            let message = safe::line(&one.message);
            let is_bad = one.severity >= Severity::High || self.is_objected(one);
            Case {
                class: safe::line(&one.address.to_string()),
                name: format!("{} {}", one.control, label::resource(&one.address)),
                ending: if is_bad {
                    let detail = safe::line(&one.advice());
                    Ending::Failed { message, detail }
                } else {
                    Ending::Skipped { message }
                },
            }
        });
        let cases: Vec<Case> = cases.collect();
        (!cases.is_empty()).then(|| Suite {
            name: "findings that no change mends".to_owned(),
            cases,
        })
    }

    /// A case for each resource that could not be read.
    pub(super) fn unread(&self) -> Option<Suite> {
        let unreadable = self.plan.unreadable.iter().map(|(address, why)| Case {
            class: safe::line(address),
            name: "read".to_owned(),
            ending: Ending::Failed {
                message: safe::line(&format!("{}: {}", why.code, why.message)),
                detail: safe::line(why.hint.as_deref().unwrap_or_default()),
            },
        });
        let cases: Vec<Case> = unreadable.collect();
        (!cases.is_empty()).then(|| Suite {
            name: "reading".to_owned(),
            cases,
        })
    }

    /// A case for each objection that is to no single change of the plan and to no finding.
    fn objected(&self) -> Option<Suite> {
        let is_said = |objection: &&Objection| {
            section::shown(self.plan).any(|change| change.key.address == objection.address)
                || self
                    .plan
                    .standing
                    .iter()
                    .any(|one| one.is_objected_by(objection))
        };
        let cases = self
            .objections
            .iter()
            .filter(|objection| !is_said(objection))
            .map(|objection| Case {
                class: safe::line(&objection.address.to_string()),
                name: safe::line(&objection.name),
                ending: Ending::Failed {
                    message: safe::line(&objection.message),
                    detail: safe::line(&format!("to go on: {}", objection.remedy)),
                },
            });
        let cases: Vec<Case> = cases.collect();
        (!cases.is_empty()).then(|| Suite {
            name: "plan".to_owned(),
            cases,
        })
    }

    fn case(&self, change: &Change) -> Case {
        let objections: Vec<_> = section::objections_to(change, self.objections).collect();
        let joined = |texts: Vec<String>| safe::line(&texts.join("; "));
        let ending = if objections.is_empty() {
            Ending::Passed
        } else {
            let said = objections.iter().map(|objection| objection.message.clone());
            let remedies = objections
                .iter()
                .map(|objection| format!("to go on: {}", objection.remedy));
            Ending::Failed {
                message: joined(said.collect()),
                detail: joined(remedies.collect()),
            }
        };
        Case {
            class: safe::line(&change.key.to_string()),
            name: notice::sentence(change),
            ending,
        }
    }
}

impl Ended<'_> {
    /// A case for each change, and for each that did not take effect.
    pub fn suites(&self) -> Vec<Suite> {
        let changes = self.shown().map(|(key, outcome)| Case {
            class: safe::line(&key.to_string()),
            name: label::change(key),
            ending: match outcome {
                Outcome::Applied => Ending::Passed,
                Outcome::Failed(failure) => Ending::Failed {
                    message: said(failure),
                    detail: safe::line(failure.hint.as_deref().unwrap_or_default()),
                },
                Outcome::Waiting { on } => Ending::Skipped {
                    message: safe::line(&format!("not done yet: {on}")),
                },
                Outcome::Skipped { because } => Ending::Skipped {
                    message: cause(because),
                },
            },
        });
        let ineffective = self.not_effective().map(|change| Case {
            class: safe::line(&change.key.to_string()),
            name: format!("{} afterwards", label::of(change)),
            ending: Ending::Failed {
                message: "sent, but not so afterwards".to_owned(),
                detail: notice::sentence(change),
            },
        });
        let suite = Suite {
            name: "changes".to_owned(),
            cases: changes.chain(ineffective).collect(),
        };
        vec![suite]
    }
}

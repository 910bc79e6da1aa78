//! What may not be applied, and what overrides it: protection, changes of hands, guards, limits.
//!
//! Every objection has a name, and `--allow` takes names: there is no word that lifts them all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::guard::GUARDS;
use super::{Change, Plan, Reason, Turn, Verb};
use crate::controls;
use crate::resource::unmanaged::{Limit, collection_of};
use crate::resource::{Aim, Graph, Owner, Pattern, ResourceId};
use crate::text::some_of;

/// Why a plan may not be applied as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Objection {
    /// What `--allow` takes: `firewall-weaken:FrontDoorWebApplicationFirewallPolicies/orders`.
    #[serde(default)]
    pub name: String,
    pub address: ResourceId,
    pub message: String,
    pub remedy: String,
    /// How many changes it is about.
    #[serde(default)]
    pub count: usize,
}

impl Objection {
    fn new(class: &str, address: &ResourceId, message: String, remedy: &str) -> Self {
        let name = format!("{class}:{}", without_provider(address));
        let allow = format!("`--allow '{name}'`");
        Self {
            remedy: match remedy {
                "" => format!("{allow} lets it happen this once"),
                other => format!("{other}; {allow} lets it happen this once"),
            },
            address: address.clone(),
            message,
            name,
            count: 1,
        }
    }

    /// Whether both are to the same, whatever they say of it.
    pub fn is_same(&self, other: &Self) -> bool {
        self.name == other.name && self.address == other.address
    }

    fn class(&self) -> &str {
        self.name.split_once(':').map_or("", |(class, _)| class)
    }
}

/// `Microsoft.ApiManagement/service/gw/apis/a` is long enough without its provider.
fn without_provider(id: &ResourceId) -> String {
    let short = id.short();
    match short.split_once('/') {
        Some((provider, rest)) if provider.contains('.') => rest.to_owned(),
        _ => short,
    }
}

/// Every objection to a plan, in the plan's order.
pub fn review(plan: &Plan, desired: &Graph) -> Vec<Objection> {
    let mut objections = protected(plan, desired);
    objections.extend(changing_hands(plan));
    objections.extend(foreign(plan));
    if desired.aim == Aim::Build {
        objections.extend(taken_along(plan));
        objections.extend(guarded(plan));
        objections.extend(broken(plan));
        objections.extend(exposed(plan));
        objections.extend(limits(plan, desired));
    }
    objections
}

fn protected(plan: &Plan, desired: &Graph) -> Vec<Objection> {
    let is_protected = |change: &&Change| {
        desired
            .get(&change.key.address)
            .is_some_and(|resource| resource.protect)
    };
    let destructive = plan
        .changes
        .iter()
        .filter(|change| change.action.verb().is_destructive());
    destructive
        .filter(is_protected)
        .map(|change| {
            let message = match change.action.verb() {
                Verb::Replace => {
                    format!("replacing it would delete a protected {}", change.kind.noun)
                }
                _ => format!("it is a protected {}", change.kind.noun),
            };
            let remedy =
                "take its section out of `protect` in the spec, or undo the edit that leads here";
            Objection::new("protect", &change.key.address, message, remedy)
        })
        .collect()
}

/// Silently overwriting what somebody else made is the worst that can happen.
fn changing_hands(plan: &Plan) -> Vec<Objection> {
    let objection = |adopted: &super::Adopted| {
        match &adopted.owner {
        Owner::Spec(spec) => {
            let message = format!("it belongs to the spec {spec}, and two owners undo each other's work");
            let remedy = "name something else, or take it out of the other spec";
            Some(Objection::new("takeover", &adopted.address, message, remedy))
        }
        // One that is just as the spec says is taken over without anything being overwritten.
        Owner::Inside | Owner::Unknown => plan
            .changes
            .iter()
            .any(|change| change.key.address == adopted.address)
            .then(|| {
                let message = "it is there already and carries no mark of secgw: applying makes it this spec's own".to_owned();
                Objection::new("adopt", &adopted.address, message, "name something else")
            }),
    }
    };
    plan.adopted.iter().filter_map(objection).collect()
}

fn foreign(plan: &Plan) -> Vec<Objection> {
    let pruned = plan
        .changes
        .iter()
        .filter(|change| change.reason == Reason::Pruned);
    pruned
        .map(|change| {
            let message = format!("nothing says whose {} this is", change.kind.noun);
            let remedy = "take its collection out of `unmanaged`, or name it under `absent`";
            Objection::new("prune-foreign", &change.key.address, message, remedy)
        })
        .collect()
}

/// Names in one message.
const FEW: usize = 5;

/// Azure deletes a resource with all that is inside of it, whoever's that is.
fn taken_along(plan: &Plan) -> Vec<Objection> {
    let destructive = plan
        .changes
        .iter()
        .filter(|change| change.action.verb().is_destructive());
    let objection = |change: &Change| {
        let inside = plan.foreign.iter().map(|foreign| &foreign.address);
        let inside = inside.filter(|id| id.is_within(&change.key.address));
        let inside: Vec<String> = inside.map(without_provider).collect();
        (!inside.is_empty()).then(|| Objection {
            count: inside.len(),
            ..Objection::new(
                "takes-along",
                &change.key.address,
                format!(
                    "somebody else's things would go with it: {}",
                    some_of(&inside, FEW)
                ),
                "have their owner move them first",
            )
        })
    };
    destructive.filter_map(objection).collect()
}

fn guarded(plan: &Plan) -> Vec<Objection> {
    let mut objections = Vec::new();
    for change in &plan.changes {
        for guard in GUARDS.iter().filter(|guard| guard.is_about(change)) {
            let message = guard.says.to_owned();
            objections.push(Objection::new(guard.name, &change.key.address, message, ""));
        }
    }
    objections
}

/// One objection for each control, wherever it would fail.
fn broken(plan: &Plan) -> Vec<Objection> {
    let mut by_control: BTreeMap<&str, Vec<&Turn>> = BTreeMap::new();
    let turns = plan.posture.controls.iter();
    for turn in turns.filter(|turn| turn.blocks) {
        by_control.entry(&turn.control).or_default().push(turn);
    }
    let anywhere = plan.changes.first().map(|change| &change.key.address);
    let objection = |(control, turns): (&str, Vec<&Turn>)| {
        let address = turns.iter().find_map(|turn| turn.resource.as_ref());
        let worst = turns.iter().map(|turn| turn.severity).max()?;
        let title = controls::find(control).map_or("", |control| control.title);
        let name = format!("control:{control}");
        let places = match turns.len() {
            1 => String::new(),
            count => format!(", on {count} resources"),
        };
        Some(Objection {
            address: address.or(anywhere)?.clone(),
            message: format!("the control {control} ({worst}) would fail{places}: {title}"),
            remedy: format!(
                "undo the edit that leads here, or accept it under `controls.accept`; `--allow '{name}'` lets it happen this once"
            ),
            name,
            count: turns.len(),
        })
    };
    by_control.into_iter().filter_map(objection).collect()
}

/// What can be reached with less protection than now.
fn exposed(plan: &Plan) -> Vec<Objection> {
    let mut by_subject: BTreeMap<&ResourceId, Vec<String>> = BTreeMap::new();
    for opening in &plan.posture.exposure {
        let lost = opening.weaker.iter();
        let lost = lost.map(|lost| format!("{lost} ({})", opening.door));
        by_subject.entry(&opening.subject).or_default().extend(lost);
    }
    by_subject.retain(|_, lost| !lost.is_empty());
    let objection = |(subject, lost): (&ResourceId, Vec<String>)| {
        let message = format!("it would be less protected than now: {}", lost.join(", "));
        Objection::new(
            "exposure",
            subject,
            message,
            "undo the edit that leads here",
        )
    };
    by_subject.into_iter().map(objection).collect()
}

/// What a limit counts.
const COUNTED: &[(&str, Verb, &str)] = &[
    ("maxDelete", Verb::Delete, "deleted"),
    ("maxUpdate", Verb::Update, "updated"),
    ("maxReplace", Verb::Replace, "replaced"),
];

fn limits(plan: &Plan, desired: &Graph) -> Vec<Objection> {
    let mut objections = Vec::new();
    for (class, verb, done) in COUNTED {
        let mut by_type: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
        let counted = plan.changes.iter().filter(|change| {
            change.action.verb() == *verb
                && change.key.stage.is_empty()
                && !matches!(change.reason, Reason::ComesWith(_) | Reason::Record)
        });
        for change in counted {
            by_type
                .entry(change.kind.type_name)
                .or_default()
                .push(change);
        }
        for (type_name, changes) in by_type {
            let collection = collection_of(type_name).unwrap_or(changes[0].kind.noun);
            let limit = desired.rules.safety.limit(class, collection);
            let existing = plan
                .existing
                .get(type_name)
                .copied()
                .unwrap_or(changes.len());
            if limit.allows(changes.len(), existing, desired.rules.safety.min_existing) {
                continue;
            }
            objections.push(Objection {
                name: format!("{class}:{collection}"),
                address: changes[0].key.address.clone(),
                message: format!(
                    "{} of {existing} ({}) would be {done}, and `{class}` is {limit}",
                    changes.len(),
                    changes[0].kind.noun,
                ),
                remedy: format!(
                    "`--allow '{class}:{collection}={}'` lets these happen this once; or change `safety` in the spec",
                    changes.len()
                ),
                count: changes.len(),
            });
        }
    }
    objections
}

/// What the operator lets happen: `NAME[:ADDRESS][=n]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowance {
    pub text: String,
    class: String,
    /// Without it, wherever the class holds.
    address: Option<Pattern>,
    /// At most so many changes.
    most: Option<usize>,
}

impl Allowance {
    /// None for what names nothing, such as `*`.
    pub fn parse(text: &str) -> Option<Self> {
        let (head, most) = match text.rsplit_once('=') {
            Some((head, count)) => (head, Some(count.parse().ok()?)),
            None => (text, None),
        };
        let (class, address) = match head.split_once(':') {
            Some((class, address)) => (class, Some(Pattern::parse(address)?)),
            None => (head, None),
        };
        let is_name = |c: char| c.is_ascii_alphabetic() || c == '-';
        (!class.is_empty() && class.chars().all(is_name)).then(|| Self {
            text: text.to_owned(),
            class: class.to_owned(),
            address,
            most,
        })
    }

    fn covers(&self, objection: &Objection) -> bool {
        let named = objection.name.split_once(':').map_or("", |(_, rest)| rest);
        self.class == objection.class()
            && self.address.as_ref().is_none_or(|pattern| {
                pattern.as_str() == named || pattern.matches(&objection.address)
            })
    }
}

/// What stands in the way, and what does not any more because the operator said so.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Review {
    pub objections: Vec<Objection>,
    pub allowed: Vec<Objection>,
    /// Allowances that nothing needed.
    pub unused: Vec<String>,
}

impl Review {
    pub fn new(objections: Vec<Objection>, allowances: &[Allowance]) -> Self {
        let mut review = Self::default();
        let mut spent = vec![0; allowances.len()];
        for objection in objections {
            let granting = allowances.iter().enumerate().find(|(index, allowance)| {
                allowance.covers(&objection)
                    && allowance
                        .most
                        .is_none_or(|most| spent[*index] + objection.count <= most)
            });
            match granting.map(|(index, _)| index) {
                Some(index) => {
                    spent[index] += objection.count;
                    review.allowed.push(objection);
                }
                None => review.objections.push(objection),
            }
        }
        let unused = allowances
            .iter()
            .zip(spent)
            .filter(|(_, spent)| *spent == 0);
        review.unused = unused
            .map(|(allowance, _)| allowance.text.clone())
            .collect();
        review
    }
}

impl Limit {
    fn allows(self, changed: usize, existing: usize, min_existing: usize) -> bool {
        match self {
            Self::Count(most) => changed <= most,
            // A share of next to nothing says nothing.
            Self::Percent(most) => existing < min_existing || changed * 100 <= most * existing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::ResourceId;

    fn objection(class: &str, name: &str, count: usize) -> Objection {
        let id = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ApiManagement/service", "gw")
            .child("apis", name);
        Objection {
            count,
            ..Objection::new(class, &id, String::new(), "")
        }
    }

    fn left(allow: &[&str]) -> (Vec<String>, Vec<String>) {
        let objections = vec![
            objection("adopt", "a", 1),
            objection("adopt", "b", 1),
            objection("maxDelete", "c", 4),
        ];
        let allowances: Vec<_> = allow
            .iter()
            .map(|text| Allowance::parse(text).unwrap())
            .collect();
        let review = Review::new(objections, &allowances);
        let names = review.objections.into_iter().map(|found| found.name);
        (names.collect(), review.unused)
    }

    #[test]
    fn an_allowance_lifts_what_it_names_and_no_more() {
        let (a, b, c) = (
            "adopt:service/gw/apis/a",
            "adopt:service/gw/apis/b",
            "maxDelete:service/gw/apis/c",
        );
        let cases: &[(&[&str], &[&str])] = &[
            (&[], &[a, b, c]),
            (&["adopt"], &[c]),
            (&["adopt=1"], &[b, c]),
            (&["adopt:apis/b"], &[a, c]),
            (&["adopt:service/gw/apis/a", "maxDelete=4"], &[b]),
            (&["maxDelete=3"], &[a, b, c]),
            (&["takeover"], &[a, b, c]),
        ];
        for (allow, expected) in cases {
            assert_eq!(left(allow).0, *expected, "{allow:?}");
        }
        assert_eq!(left(&["takeover", "adopt"]).1, ["takeover"]);
    }

    #[test]
    fn there_is_no_allowance_for_everything() {
        for text in ["*", "", "**", "*:apis/a", "adopt:*", "adopt=x", ":a", "a b"] {
            assert_eq!(Allowance::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_share_counts_only_where_there_is_enough_to_share() {
        let percent = Limit::Percent(30);
        assert!(percent.allows(3, 10, 5) && !percent.allows(4, 10, 5));
        assert!(percent.allows(4, 4, 5));
        assert!(!Limit::Count(0).allows(1, 1, 5));
    }
}

//! Whose things are: what leaves, what stays although nobody named it, and what changes hands.
//!
//! Managed is what carries the spec's mark or lies inside of it; foreign is everything else; ignored is what a rule of
//! the spec says so of (architecture.md, decision 5).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Plan;
use super::change::Reason;
use crate::diff;
use crate::resource::unmanaged::Fate;
use crate::resource::{
    Found, Graph, Live, Mark, Owner, Resource, ResourceId, Term, Wanted, body, kinds, owner,
};

/// Something in the spec's collections that belongs to somebody else: reported and kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Foreign {
    pub address: ResourceId,
    /// The item, where it is one of a list inside the resource: `ipSecurityRestrictions[temp]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub item: Option<String>,
    pub owner: Owner,
}

/// A resource that the spec names, that is there, and that does not carry the spec's mark.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Adopted {
    pub address: ResourceId,
    /// Whose it is now.
    pub owner: Owner,
}

/// What would have been removed and is not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Kept {
    pub address: ResourceId,
    pub why: String,
}

/// Strangers, sorted by what becomes of them.
#[derive(Default)]
pub(super) struct Strangers<'a> {
    pub(super) leaving: Vec<(&'a ResourceId, &'a Found, Reason)>,
    pub(super) foreign: Vec<Foreign>,
    pub(super) ignored: usize,
}

pub(super) fn strangers<'a>(desired: &Graph, live: &'a Live) -> Strangers<'a> {
    let mut sorted = Strangers::default();
    let unnamed = |id: &ResourceId| desired.get(id).is_none();
    for (id, found) in live.orphans.iter().filter(|(id, _)| unnamed(id)) {
        let fate = match kinds::of(id).filter(|kind| is_part(kind.mark)) {
            Some(kind) => desired.rules.unmanaged.of_part(kind),
            None => Fate::Prune,
        };
        sorted.enter(
            desired,
            (id, found, &Owner::Inside),
            fate,
            Reason::NotInSpec,
        );
    }
    let strangers = live.foreign.iter();
    for (id, stranger) in strangers.filter(|(id, _)| unnamed(id) && !is_made_along(live, id)) {
        let said = desired.rules.unmanaged.of_stranger(&id.type_name());
        // What another spec owns is that spec's to remove, and what the table does not know nobody's.
        let is_prunable = stranger.owner == Owner::Unknown && kinds::of(id).is_some();
        let fate = match said {
            Fate::Prune if !is_prunable => Fate::Report,
            other => other,
        };
        let whose = (id, &stranger.found, &stranger.owner);
        sorted.enter(desired, whose, fate, Reason::Pruned);
    }
    sorted
}

/// What Azure makes along with another resource, and where that names it.
const MADE_ALONG: &[(&str, &str)] = &[(
    "Microsoft.Network/privateEndpoints",
    "/properties/networkInterfaces",
)];

/// Whether it is the doing of another resource, with which it goes.
pub(super) fn is_made_along(live: &Live, id: &ResourceId) -> bool {
    let names = |maker: &ResourceId, found: &Found| {
        let type_name = maker.type_name();
        let lists = MADE_ALONG.iter().filter(|(kind, _)| *kind == type_name);
        lists
            .filter_map(|(_, list)| body::get(&found.body, list)?.as_array())
            .flatten()
            .filter_map(|item| ResourceId::parse(item.get("id")?.as_str()?).ok())
            .any(|made| made == *id)
    };
    let is_kept_by = |found: &Found| match stand_in(live, id) {
        Some(text) => found.body.to_string().contains(&text),
        None => false,
    };
    live.resources.iter().any(|(maker, observed)| {
        observed
            .found()
            .is_some_and(|found| names(maker, found) || is_kept_by(found))
    })
}

/// API Management keeps a logger's credentials in a named value, and the logger has its name in their place
/// (quirks.md: APIM loggers).
fn stand_in(live: &Live, id: &ResourceId) -> Option<String> {
    let body = &live.foreign.get(id)?.found.body;
    let name = body::get(body, "/properties/displayName")?.as_str()?;
    name.starts_with("Logger-Credentials-")
        .then(|| format!("{{{{{name}}}}}"))
}

impl<'a> Strangers<'a> {
    fn enter(
        &mut self,
        desired: &Graph,
        (id, found, owner): (&'a ResourceId, &'a Found, &Owner),
        fate: Fate,
        reason: Reason,
    ) {
        let is_ignored = desired
            .rules
            .ignore
            .iter()
            .any(|rule| rule.pointer.is_none() && rule.address.covers(id));
        match fate {
            _ if is_ignored => self.ignored += 1,
            Fate::Ignore => self.ignored += 1,
            Fate::Prune => self.leaving.push((id, found, reason)),
            Fate::Report => self.foreign.push(Foreign {
                address: id.clone(),
                item: None,
                owner: owner.clone(),
            }),
        }
    }
}

fn is_part(mark: Mark) -> bool {
    matches!(mark, Mark::Parent | Mark::Scope)
}

/// `desired` with what must stay in it; what that is goes into the plan's account.
pub(super) fn completed(
    desired: &Graph,
    resource: &Resource,
    term: &Term,
    found: &Found,
    plan: &mut Plan,
) -> Term {
    let term = match resource.kind.mark {
        // Whoever made it is not known or is another spec: it is used as it is.
        Mark::Founder if !Owner::of_tag(&found.body).is(&desired.owner) => {
            Term::Object(BTreeMap::new())
        }
        _ => term.clone(),
    };
    let is_ignored = |list: &str, item: &Value| {
        desired.rules.ignore.iter().any(|rule| {
            rule.pointer.as_deref() == Some(list)
                && rule.address.covers(&resource.id)
                && rule.value.as_ref().is_some_and(|value| holds(item, value))
        })
    };
    let fate = |list: &str, item: &Value| match desired.rules.unmanaged.of_item(resource.kind, list)
    {
        _ if is_ignored(list, item) => Fate::Ignore,
        fate => fate,
    };
    let reported = |list: &str, item: &Value| fate(list, item) == Fate::Report;
    let ignored = |list: &str, item: &Value| fate(list, item) == Fate::Ignore;
    let (term, kept) = diff::complete(resource.kind, &term, &found.body, &reported);
    plan.foreign.extend(kept.into_iter().map(|kept| Foreign {
        address: resource.id.clone(),
        item: Some(format!("{}[{}]", kept.list, kept.item)),
        owner: Owner::Unknown,
    }));
    let (term, kept) = diff::complete(resource.kind, &term, &found.body, &ignored);
    plan.ignored += kept.len();
    term
}

/// Whether a value has everything that a rule names of it.
pub(super) fn holds(item: &Value, wanted: &Value) -> bool {
    match (item, wanted) {
        (Value::Object(item), Value::Object(wanted)) => wanted
            .iter()
            .all(|(key, value)| item.get(key).is_some_and(|item| holds(item, value))),
        _ => item == wanted,
    }
}

/// Whose a resource of the graph is that is there.
pub(super) fn owner_of(desired: &Graph, live: &Live, resource: &Resource, found: &Found) -> Owner {
    match resource.kind.mark {
        Mark::ApimTag => {
            let link = resource.id.child("tags", &owner::link(&desired.owner));
            match live.get(&link).found() {
                Some(_) => Owner::Spec(desired.owner.clone()),
                None => live
                    .owners
                    .get(&resource.id)
                    .cloned()
                    .unwrap_or(Owner::Unknown),
            }
        }
        // The graph names it by a name of its own, or by one that Azure demands.
        Mark::NamePrefix => Owner::Spec(desired.owner.clone()),
        Mark::ArmTag
        | Mark::Founder
        | Mark::GraphTag
        | Mark::Scope
        | Mark::Unmarked
        | Mark::Parent
        | Mark::Fixed => Owner::of(resource.kind, &resource.id, &found.body),
    }
}

/// What would change hands by being updated.
pub(super) fn adopted(
    desired: &Graph,
    live: &Live,
    resource: &Resource,
    found: &Found,
) -> Option<Adopted> {
    let carries_mark = matches!(
        resource.kind.mark,
        Mark::ArmTag | Mark::GraphTag | Mark::ApimTag
    );
    if !carries_mark || !matches!(resource.wanted, Wanted::Body(_)) {
        return None;
    }
    let owner = owner_of(desired, live, resource, found);
    (!owner.is(&desired.owner)).then(|| Adopted {
        address: resource.id.clone(),
        owner,
    })
}

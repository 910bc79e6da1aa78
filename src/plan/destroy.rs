//! Taking a spec down: everything that carries its mark goes, in the reverse of the order it came in; nothing else is
//! touched.
//!
//! What lies inside a resource goes with it, unless Azure keeps it without its resource (role assignments, diagnostic
//! settings). A resource stays when something of somebody else's is inside of it, or when something that stays refers
//! to it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Change, Key, Reason};
use super::ownership::{Kept, is_made_along, owner_of, strangers};
use super::{Plan, order, removal};
use crate::resource::kind::Deletion;
use crate::resource::{
    Found, Graph, Live, Mark, Observed, Owner, Pattern, Realm, Resource, ResourceId, Term, Wanted,
    body, kinds, owner,
};

pub(super) fn plan(desired: &Graph, live: &Live, also: &[Pattern]) -> Plan {
    let strangers = strangers(desired, live);
    let mut plan = Plan {
        unreadable: live.unlisted.clone(),
        foreign: strangers.foreign,
        ignored: strangers.ignored,
        ..Plan::default()
    };
    let mut going: BTreeMap<&ResourceId, &Found> = BTreeMap::new();
    for resource in desired.iter() {
        match live.get(&resource.id) {
            Observed::Unreadable(why) => {
                plan.unreadable.insert(resource.id.to_string(), why.clone());
            }
            Observed::Present(found) if is_there(desired, live, resource) => {
                match fate(desired, live, resource, found, also) {
                    Fate::Goes => drop(going.insert(&resource.id, found)),
                    Fate::GoesAlong => {}
                    Fate::Stays(why) => plan.kept.push(kept(&resource.id, why)),
                }
            }
            Observed::Present(_) | Observed::Absent => {}
        }
    }
    // A rule that prunes strangers is about a spec that stays.
    let orphans = live
        .orphans
        .iter()
        .filter(|(id, _)| desired.get(id).is_none() && has_own_mark(id));
    going.extend(orphans);
    held(desired, live, &mut going, &mut plan.kept);
    plan.recoverable = recoverable(&going);
    plan.changes = changes(desired, live, &going);
    plan
}

enum Fate {
    Goes,
    /// With what it is inside of.
    GoesAlong,
    Stays(String),
}

fn fate(
    desired: &Graph,
    live: &Live,
    resource: &Resource,
    found: &Found,
    also: &[Pattern],
) -> Fate {
    let id = &resource.id;
    if !matches!(resource.wanted, Wanted::Body(_)) {
        return Fate::GoesAlong;
    }
    if also.iter().any(|pattern| pattern.matches(id)) {
        return Fate::Goes;
    }
    match owner_of(desired, live, resource, found) {
        owner if owner.is(&desired.owner) && is_ours_by_mark(desired, resource) => Fate::Goes,
        Owner::Spec(spec) if spec != desired.owner => {
            Fate::Stays(format!("it belongs to the spec {spec}"))
        }
        _ if is_extension(id)
            || Owner::of_link(id.name()).is_some_and(|o| o.is(&desired.owner)) =>
        {
            Fate::Goes
        }
        Owner::Inside if goes_before(id) => Fate::Goes,
        Owner::Inside | Owner::Spec(_) if carrier(resource).is_some() => Fate::GoesAlong,
        Owner::Inside | Owner::Unknown | Owner::Spec(_) => Fate::Stays(unmarked(resource)),
    }
}

/// The one logger of Azure Monitor has the name that Azure gives it, and goes with the service.
fn is_ours_by_mark(desired: &Graph, resource: &Resource) -> bool {
    resource.kind.mark != Mark::NamePrefix
        || resource
            .id
            .name()
            .starts_with(&owner::prefix(&desired.owner))
}

fn unmarked(resource: &Resource) -> String {
    let noun = resource.kind.noun;
    match resource.kind.type_name {
        "Microsoft.Graph/users" => {
            "an account is a person's, and nothing says who made it; `--also` removes it".to_owned()
        }
        _ if resource.kind.mark == Mark::Founder => {
            format!("this {noun} was there before the spec")
        }
        _ => {
            format!("nothing says that this {noun} belongs to the spec alone; `--also` removes it")
        }
    }
}

/// What it goes along with: its parent, or the object that it is found by.
fn carrier(resource: &Resource) -> Option<ResourceId> {
    if resource.id.realm() == Realm::Arm {
        return resource.id.parent();
    }
    let references = resource.body()?.references();
    let of_type = |name: &str| {
        references
            .iter()
            .map(|reference| &reference.resource)
            .find(|id| id.type_name() == name)
            .cloned()
    };
    match resource.kind.type_name {
        "Microsoft.Graph/servicePrincipals" => of_type("Microsoft.Graph/applications"),
        "Microsoft.Graph/oauth2PermissionGrants" => of_type("Microsoft.Graph/servicePrincipals"),
        _ => None,
    }
}

/// Azure keeps it though its resource is gone, and gives it back to the next one of that name.
fn is_extension(id: &ResourceId) -> bool {
    id.as_str().matches("/providers/").count() > 1
}

/// Whether it has to go by a change of its own although it is inside of something that goes.
fn goes_before(id: &ResourceId) -> bool {
    is_extension(id) || kinds::of(id).is_some_and(|kind| kind.deletion == Deletion::BeforeParent)
}

fn has_own_mark(id: &ResourceId) -> bool {
    kinds::of(id).is_some_and(|kind| !matches!(kind.mark, Mark::Parent | Mark::Scope))
}

/// Whether everything that it is inside of is there too: what was inside is not read again after a deletion.
fn is_there(desired: &Graph, live: &Live, resource: &Resource) -> bool {
    let mut at = carrier(resource);
    while let Some(id) = at {
        let Some(parent) = desired.get(&id) else {
            return true;
        };
        if live.get(&id).found().is_none() {
            return false;
        }
        at = carrier(parent);
    }
    true
}

fn kept(id: &ResourceId, why: String) -> Kept {
    Kept {
        address: id.clone(),
        why,
    }
}

/// Takes out what has to stay: it holds something that stays, or something that stays needs it.
fn held(
    desired: &Graph,
    live: &Live,
    going: &mut BTreeMap<&ResourceId, &Found>,
    kept_: &mut Vec<Kept>,
) {
    let all = named(desired, live);
    loop {
        let staying = staying(&all, live, going, kept_);
        let reason = going.keys().find_map(|id| {
            let inside = staying.iter().find(|(other, _)| other.is_within(id));
            let needed = staying.iter().find(|(other, found)| {
                other != id && !other.is_within(id) && order::mentions(found, id)
            });
            let why = match (inside, needed) {
                (Some((other, _)), _) => format!("{} is inside of it and stays", other.short()),
                (None, Some((other, _))) => format!("{} stays and refers to it", other.short()),
                (None, None) => return None,
            };
            Some(((*id).clone(), why))
        });
        let Some((id, why)) = reason else {
            return;
        };
        going.remove(&id);
        kept_.push(kept(&id, why));
    }
}

/// What is there, with the names in it.
type Named<'a> = (&'a ResourceId, String);

/// Everything that is there afterwards, as far as it was read.
fn staying<'a>(
    all: &[Named<'a>],
    live: &Live,
    going: &BTreeMap<&ResourceId, &Found>,
    kept: &[Kept],
) -> Vec<Named<'a>> {
    let has_to = |id: &ResourceId| {
        live.foreign.contains_key(id) || kept.iter().any(|kept| kept.address == *id)
    };
    // A group goes last and takes nothing along.
    let goes = |id: &ResourceId| {
        going
            .keys()
            .any(|other| id == *other || (id.is_within(other) && !is_group(other)))
    };
    all.iter()
        .filter(|(id, _)| has_to(id) || !goes(id))
        .filter(|(id, _)| !is_made_along(live, id))
        .cloned()
        .collect()
}

/// What each resource names. Of those in the graph, what the spec makes them name: live bodies also say who refers to
/// them.
fn named<'a>(desired: &'a Graph, live: &'a Live) -> Vec<Named<'a>> {
    let of_graph = |id: &ResourceId, found: &Found| match desired.get(id).and_then(Resource::body) {
        Some(term) => names_in(term),
        None => order::strings(&found.body),
    };
    let present = live.resources.iter().filter_map(|(id, observed)| {
        let resource = desired.get(id)?;
        let found = observed.found()?;
        (id.realm() != Realm::Fact && is_there(desired, live, resource))
            .then(|| (id, of_graph(id, found)))
    });
    let strangers = live
        .foreign
        .iter()
        .map(|(id, stranger)| (id, order::strings(&stranger.found.body)));
    let orphans = live
        .orphans
        .iter()
        .map(|(id, found)| (id, order::strings(&found.body)));
    present.chain(strangers).chain(orphans).collect()
}

/// The texts of a term, one a line; values of other resources are no names of theirs.
fn names_in(term: &Term) -> String {
    match term {
        Term::Json(value) => order::strings(value),
        Term::Object(members) => members
            .iter()
            .map(|(key, term)| key.to_ascii_lowercase() + "\n" + &names_in(term))
            .collect(),
        Term::Array(items) => items.iter().map(names_in).collect(),
        Term::Ref(reference) if matches!(reference.pointer.as_str(), "/id" | "/@id") => {
            reference.resource.as_str().to_ascii_lowercase() + "\n"
        }
        Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item | Term::Generated(_) => {
            String::new()
        }
    }
}

fn is_group(id: &ResourceId) -> bool {
    kinds::of(id).is_some_and(|kind| kind.deletion == Deletion::WhenEmpty)
}

fn recoverable(going: &BTreeMap<&ResourceId, &Found>) -> Vec<Kept> {
    let soft = going.iter().filter_map(|(id, found)| {
        let kind = kinds::of(id)?;
        let location = body::get(&found.body, "/location").and_then(Value::as_str);
        let location = location.unwrap_or_default().replace(' ', "").to_lowercase();
        let said = match (kind.deletion, kind.type_name) {
            (Deletion::SoftDelete, "Microsoft.ApiManagement/service") => format!(
                "holds its name for 48 hours; to free it: az apim deletedservice purge --service-name {} --location {location}",
                id.name()
            ),
            (Deletion::SoftDelete, _) => {
                "comes back with its data when one of its name is made within 14 days".to_owned()
            }
            (
                Deletion::Delete
                | Deletion::WithParent
                | Deletion::WhenEmpty
                | Deletion::BeforeParent,
                _,
            ) => return None,
        };
        Some(kept(id, said))
    });
    soft.collect()
}

fn changes(desired: &Graph, live: &Live, going: &BTreeMap<&ResourceId, &Found>) -> Vec<Change> {
    let is_inside = |id: &ResourceId| {
        going
            .keys()
            .any(|other| id.is_within(other) && !is_group(other))
    };
    let alone = |id: &ResourceId| !is_inside(id) || goes_before(id);
    let mut changes: Vec<Change> = going
        .iter()
        .filter(|(id, _)| alone(id))
        .filter_map(|(id, found)| removal::delete(id, found, Reason::Destroyed))
        .map(|mut change| {
            let resource = desired.get(&change.key.address);
            change.source = resource.map(|resource| resource.source.clone());
            change
        })
        .collect();
    let needs = waits(desired, live, &changes);
    for change in &mut changes {
        change.depends_on = needs.get(&change.key).cloned().unwrap_or_default();
    }
    order::sorted(changes)
}

/// A resource goes after what is inside of it and after what refers to it, or has something inside that does.
fn waits(desired: &Graph, live: &Live, changes: &[Change]) -> BTreeMap<Key, BTreeSet<Key>> {
    let bodies = named(desired, live);
    let of = |id: &ResourceId| -> Option<&Change> {
        changes
            .iter()
            .filter(|change| *id == change.key.address || id.is_within(&change.key.address))
            .max_by_key(|change| change.key.address.as_str().len())
    };
    let mut needs: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for change in changes {
        let id = &change.key.address;
        let inside = changes
            .iter()
            .filter(|other| other.key.address.is_within(id));
        let mut keys: BTreeSet<Key> = inside.map(|other| other.key.clone()).collect();
        let referring = bodies
            .iter()
            .filter(|(other, found)| {
                *other != id
                    && !other.is_within(id)
                    && !id.is_within(other)
                    && order::mentions(found, id)
            })
            .filter_map(|(other, _)| of(other));
        keys.extend(
            referring
                .map(|other| other.key.clone())
                .filter(|key| *key != change.key && !id.is_within(&key.address)),
        );
        needs.insert(change.key.clone(), keys);
    }
    let mut kept = BTreeMap::new();
    add_acyclic(&mut kept, &needs);
    // The reverse of the order they came in, as far as that is not the other way round.
    let mut reverse: BTreeMap<Key, BTreeSet<Key>> = BTreeMap::new();
    for resource in desired.iter() {
        for need in desired.dependencies(resource) {
            if let (Some(user), Some(used)) = (of(&resource.id), of(&need))
                && user.key != used.key
                && !user.key.address.is_within(&used.key.address)
                && !used.key.address.is_within(&user.key.address)
            {
                reverse
                    .entry(used.key.clone())
                    .or_default()
                    .insert(user.key.clone());
            }
        }
    }
    add_acyclic(&mut kept, &reverse);
    kept
}

/// Two resources that name each other would wait for ever: the one that waits for fewer goes first.
fn add_acyclic(kept: &mut BTreeMap<Key, BTreeSet<Key>>, needs: &BTreeMap<Key, BTreeSet<Key>>) {
    let mut order: Vec<(&Key, &BTreeSet<Key>)> = needs.iter().collect();
    order.sort_by_key(|(_, keys)| keys.len());
    for (key, wanted) in order {
        for need in wanted {
            if !reaches(kept, need, key) {
                kept.entry(key.clone()).or_default().insert(need.clone());
            }
        }
    }
}

fn reaches(needs: &BTreeMap<Key, BTreeSet<Key>>, from: &Key, to: &Key) -> bool {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(key) = open.pop() {
        if key == to {
            return true;
        }
        if seen.insert(key) {
            open.extend(needs.get(key).into_iter().flatten());
        }
    }
    false
}

//! What waits for what: no weaker state on the way.
//!
//! A change waits for the changes of everything its resource depends on, also through resources that stay as they are.
//! Whoever depends on what a stage waits for, depends on the stage. Deletions run the other way round: what referred to
//! a resource is changed or gone before it is deleted; `loosen` does the same for what only leaves a guard.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::change::{Action, Change, Key, Reason};
use crate::resource::kind::Stage;
use crate::resource::{Found, Graph, Live, Resource, ResourceId, Wanted, body};

/// Stage name of list items that are disabled before they are removed.
pub(super) const DISABLE: &str = "disable-removed";
/// Stage name of the change that keeps the digest of what was applied.
pub(super) const RECORD: &str = "record";

/// The desired resources that a stage waits for.
pub(super) fn awaited<'a>(
    desired: &'a Graph,
    resource: &'a Resource,
    stage: &'a Stage,
) -> impl Iterator<Item = &'a Resource> {
    desired.iter().filter(move |other| {
        other.id.is_within(&resource.id)
            && other.kind.type_name == stage.until
            && other.body().is_some()
    })
}

/// The changes each resource of the graph must wait for.
pub(super) struct Edges {
    before: BTreeMap<ResourceId, BTreeSet<Key>>,
    /// What a stage change waits for beyond its own main change.
    stages: BTreeMap<Key, BTreeSet<Key>>,
}

impl Edges {
    pub(super) fn new(
        desired: &Graph,
        live: &Live,
        changes: &[Change],
        staged: &[(&Resource, &'static Stage, Change)],
        loosened: &[Change],
    ) -> Self {
        let mut own: BTreeMap<&ResourceId, BTreeSet<Key>> = BTreeMap::new();
        for change in changes {
            own.entry(&change.key.address)
                .or_default()
                .insert(change.key.clone());
        }
        let guards = guards(desired, staged);
        let mut before: BTreeMap<ResourceId, BTreeSet<Key>> = BTreeMap::new();
        for resource in desired.in_order() {
            let mut keys = BTreeSet::new();
            // What stands and has to go needs nothing of the one above it.
            let leaves =
                resource.wanted == Wanted::Absent && live.get(&resource.id).found().is_some();
            let above = resource.id.parent().filter(|_| leaves);
            for id in desired.dependencies(resource) {
                if Some(&id) == above.as_ref() && !resource.depends_on.contains(&id) {
                    continue;
                }
                match own.get(&id) {
                    Some(changes) => keys.extend(changes.iter().cloned()),
                    None => keys.extend(before.get(&id).into_iter().flatten().cloned()),
                }
                keys.extend(
                    guards
                        .get(&id)
                        .into_iter()
                        .flatten()
                        .filter(|key| key.address != resource.id)
                        .cloned(),
                );
            }
            before.insert(resource.id.clone(), keys);
        }
        let stages = staged.iter().map(|(resource, stage, change)| {
            let keys =
                awaited(desired, resource, stage).flat_map(|needed| match own.get(&needed.id) {
                    Some(changes) => changes.clone(),
                    None => before.get(&needed.id).cloned().unwrap_or_default(),
                });
            (change.key.clone(), keys.collect())
        });
        let loosened = loosened.iter();
        let loosened = loosened.map(|change| (change.key.clone(), change.depends_on.clone()));
        let stages = stages.chain(loosened).collect();
        Self { before, stages }
    }

    pub(super) fn apply(&self, changes: &mut [Change], live: &Live) {
        let mains: BTreeSet<Key> = changes
            .iter()
            .filter(|change| change.key.stage.is_empty())
            .map(|change| change.key.clone())
            .collect();
        let disables: BTreeSet<Key> = changes
            .iter()
            .filter(|change| change.key.stage == DISABLE)
            .map(|change| change.key.clone())
            .collect();
        for change in changes.iter_mut() {
            let mut needs = self
                .before
                .get(&change.key.address)
                .cloned()
                .unwrap_or_default();
            needs.extend(self.stages.get(&change.key).into_iter().flatten().cloned());
            let main = Key::main(&change.key.address);
            let disable = Key {
                address: change.key.address.clone(),
                stage: DISABLE,
            };
            match change.key.stage {
                "" => needs.extend(disables.contains(&disable).then_some(disable)),
                DISABLE => {}
                _ => needs.extend(mains.contains(&main).then_some(main)),
            }
            needs.remove(&change.key);
            change.depends_on = needs;
        }
        let removals = removals(changes, live);
        for (key, needs) in removals {
            for need in needs {
                // Two that name each other would wait for ever: Azure says which of them is still in use.
                if waits(changes, &need, &key) {
                    continue;
                }
                for change in changes.iter_mut().filter(|change| change.key == key) {
                    change.depends_on.insert(need.clone());
                }
            }
        }
    }
}

/// By what a stage waits for: the stage.
fn guards(
    desired: &Graph,
    staged: &[(&Resource, &'static Stage, Change)],
) -> BTreeMap<ResourceId, Vec<Key>> {
    let mut guards: BTreeMap<ResourceId, Vec<Key>> = BTreeMap::new();
    for (resource, stage, change) in staged {
        for needed in awaited(desired, resource, stage) {
            guards
                .entry(needed.id.clone())
                .or_default()
                .push(change.key.clone());
        }
    }
    guards
}

/// What the live body of each changed resource says, for [`mentions`]. What Azure adds about who uses it is left out:
/// a subnet would wait for its private endpoint, and that one for the subnet.
pub(super) fn bodies<'a>(changes: &'a [Change], live: &Live) -> Vec<(&'a Change, String)> {
    let body = |change: &'a Change| {
        let body = &found(live, &change.key.address)?.body;
        let said = body::strip(body, &|path| change.kind.is_read_only(path));
        Some((change, strings(&said)))
    };
    changes.iter().filter_map(body).collect()
}

/// What was read of a resource, whoever's it is.
pub(super) fn found<'a>(live: &'a Live, id: &ResourceId) -> Option<&'a Found> {
    let found = live.get(id).found();
    found
        .or_else(|| live.orphans.get(id))
        .or_else(|| Some(&live.foreign.get(id)?.found))
}

/// How documents quote the value of a resource, lower-cased.
fn quotation(change: &Change, live: &Live) -> Option<String> {
    let (open, close) = change.kind.quoted?;
    let body = &found(live, &change.key.address)?.body;
    let name = body::get(body, "/properties/displayName")?.as_str()?;
    Some(format!("{open}{name}{close}").to_ascii_lowercase())
}

/// A deletion waits for every other change of a resource whose live body names what is deleted, or quotes it.
fn removals(changes: &[Change], live: &Live) -> Vec<(Key, BTreeSet<Key>)> {
    let is_removal = |change: &&Change| {
        matches!(change.action, Action::Delete { .. })
            && matches!(
                change.reason,
                Reason::NotInSpec | Reason::Pruned | Reason::Destroyed
            )
    };
    let bodies = bodies(changes, live);
    let needs = |gone: &Change| {
        let name = gone.key.address.as_str().to_ascii_lowercase();
        let quotation = quotation(gone, live);
        let is_quoted = |text: &str| quotation.as_ref().is_some_and(|it| text.contains(it));
        let refers = bodies.iter().filter(|(change, text)| {
            change.key.address != gone.key.address
                && !gone.key.address.is_within(&change.key.address)
                && (change.key.address.is_within(&gone.key.address)
                    || is_named(text, &name)
                    || is_quoted(text))
        });
        (
            gone.key.clone(),
            refers.map(|(change, _)| change.key.clone()).collect(),
        )
    };
    changes.iter().filter(is_removal).map(needs).collect()
}

/// Whether `change` waits for `other`, also through others.
pub(super) fn waits(changes: &[Change], change: &Key, other: &Key) -> bool {
    let edges: BTreeMap<&Key, &BTreeSet<Key>> = changes
        .iter()
        .map(|change| (&change.key, &change.depends_on))
        .collect();
    let mut seen = BTreeSet::new();
    let mut open = vec![change];
    while let Some(key) = open.pop() {
        if key == other {
            return true;
        }
        if seen.insert(key) {
            open.extend(edges.get(key).into_iter().flat_map(|needs| needs.iter()));
        }
    }
    false
}

/// All text values of a body, lower-cased, one a line.
pub(super) fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => text.to_ascii_lowercase() + "\n",
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| key.to_ascii_lowercase() + "\n" + &strings(value))
            .collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) => String::new(),
    }
}

/// Whether texts name a resource or something inside of it.
pub(super) fn mentions(lines: &str, id: &ResourceId) -> bool {
    is_named(lines, &id.as_str().to_ascii_lowercase())
}

fn is_named(lines: &str, id: &str) -> bool {
    lines.lines().any(|line| {
        line == id || (line.starts_with(id) && line.as_bytes().get(id.len()) == Some(&b'/'))
    })
}

/// Dependencies before dependents; among the ready the smallest key first. Edges to changes that are not in the plan
/// are dropped. A cycle cannot come from an acyclic graph; if one does, its members keep their order at the end.
pub(super) fn sorted(mut changes: Vec<Change>) -> Vec<Change> {
    changes.sort_by(|one, other| one.key.cmp(&other.key));
    let keys: BTreeSet<Key> = changes.iter().map(|change| change.key.clone()).collect();
    for change in &mut changes {
        change.depends_on.retain(|key| keys.contains(key));
    }
    let mut done: BTreeSet<Key> = BTreeSet::new();
    let mut sorted = Vec::with_capacity(changes.len());
    while !changes.is_empty() {
        let at = changes
            .iter()
            .position(|change| change.depends_on.is_subset(&done))
            .unwrap_or(0);
        let change = changes.remove(at);
        done.insert(change.key.clone());
        sorted.push(change);
    }
    sorted
}

//! Decides what happens to each resource, dependencies first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::change::{Action, Base, Change, Key, Reason, Set};
use super::digest::Digest;
use super::{Note, Plan, basis, displace, loosen, opening, order, ownership, removal, shared};
use crate::diff::{self, Difference};
use crate::policy;
use crate::resource::kind::Stage;
use crate::resource::{
    Found, Graph, Live, Observed, Ref, Resource, ResourceId, State, Term, Wanted, Write, body,
};

/// The tag of the resource group that keeps the digest of the graph last applied, by the spec's name.
pub(super) fn record_tag(owner: &str) -> String {
    format!("secgw-{owner}")
}

/// Why a value that others refer to cannot be taken from live state.
enum Dirty {
    /// The resource is made by this plan.
    All,
    /// It changes in a way that moves the values at these patterns.
    Values(Vec<&'static str>),
}

pub(super) struct Planner<'a> {
    desired: &'a Graph,
    live: &'a Live,
    dirty: BTreeMap<ResourceId, Dirty>,
    changes: Vec<Change>,
    /// Stage changes wait for resources that come later in the order.
    staged: Vec<(&'a Resource, &'static Stage, Change)>,
    plan: Plan,
}

impl<'a> Planner<'a> {
    pub(super) fn new(desired: &'a Graph, live: &'a Live) -> Self {
        let plan = Plan {
            unreadable: live.unlisted.clone(),
            basis: basis::of(desired, live),
            ..Plan::default()
        };
        Self {
            desired,
            live,
            dirty: BTreeMap::new(),
            changes: Vec::new(),
            staged: Vec::new(),
            plan,
        }
    }

    pub(super) fn run(mut self) -> Plan {
        for resource in self.desired.in_order() {
            self.resource(resource);
        }
        let strangers = ownership::strangers(self.desired, self.live);
        self.plan.foreign.extend(strangers.foreign);
        self.plan.ignored += strangers.ignored;
        self.changes.extend(removal::changes(&strangers.leaving));
        let staged = std::mem::take(&mut self.staged);
        let loosened = loosen::split(&mut self.changes, self.live);
        let edges = order::Edges::new(self.desired, self.live, &self.changes, &staged, &loosened);
        self.changes
            .extend(staged.into_iter().map(|(_, _, change)| change));
        self.changes.extend(loosened);
        edges.apply(&mut self.changes, self.live);
        displace::order(&mut self.changes, self.live);
        opening::order(&mut self.changes);
        shared::follow(&mut self.changes);
        self.record();
        self.plan.changes = order::sorted(self.changes);
        self.plan
    }

    fn resource(&mut self, resource: &'a Resource) {
        match (self.live.get(&resource.id), &resource.wanted) {
            (Observed::Unreadable(why), _) => {
                self.plan
                    .unreadable
                    .insert(resource.id.to_string(), why.clone());
            }
            (Observed::Present(found), Wanted::Absent) => {
                self.push(
                    resource,
                    "",
                    Action::Delete {
                        base: base(resource, found),
                    },
                    Reason::Unwanted,
                );
            }
            (Observed::Absent, Wanted::Absent) => self.unwanted(resource),
            (Observed::Present(found), Wanted::Cleared { of, .. }) => {
                if *self.live.get(of) == Observed::Absent {
                    let base = base(resource, found);
                    self.push(resource, "", Action::Delete { base }, Reason::Cleared);
                }
            }
            (Observed::Absent, Wanted::Cleared { .. }) => {}
            (Observed::Present(_), Wanted::Given(_)) => self.plan.unchanged += 1,
            (Observed::Absent, Wanted::Given(_)) => self.made(resource, Action::Await),
            (Observed::Absent, Wanted::Body(term)) => self.create(resource, term),
            (Observed::Present(found), Wanted::Body(term)) => self.update(resource, term, found),
        }
    }

    /// What Azure makes by itself along with a new parent is removed right after, also when the parent was begun by
    /// an earlier run.
    fn unwanted(&mut self, resource: &'a Resource) {
        let parent = resource.id.parent().filter(|parent| self.is_new(parent));
        // What others ask for does not come with anything.
        let comes_along = resource.kind.write != Write::Approve;
        match parent.filter(|_| comes_along) {
            Some(parent) => self.push(
                resource,
                "",
                Action::Delete {
                    base: Base::Earlier,
                },
                Reason::ComesWith(parent),
            ),
            None => self.plan.unchanged += 1,
        }
    }

    fn is_new(&self, id: &ResourceId) -> bool {
        let found = self.live.get(id).found();
        matches!(self.dirty.get(id), Some(Dirty::All))
            || found.is_some_and(|found| found.state() == State::InProgress)
    }

    fn made(&mut self, resource: &'a Resource, action: Action) {
        self.dirty.insert(resource.id.clone(), Dirty::All);
        self.push(resource, "", action, Reason::Missing);
    }

    fn create(&mut self, resource: &'a Resource, term: &Term) {
        let resolved = self.resolved(resource, term);
        let first = self.withhold(resource, resolved);
        let set = Set::from([(String::new(), first)]);
        let action = match resource.kind.write {
            Write::Approve => Action::Approve {
                base: Base::Earlier,
                set,
                properties: Vec::new(),
            },
            _ => Action::Create { set },
        };
        self.made(resource, action);
    }

    /// Takes the staged paths out of a body that is created, and plans a change of its own for each.
    fn withhold(&mut self, resource: &'a Resource, mut term: Term) -> Term {
        for stage in resource.kind.stages {
            let Some(wanted) = term.at(stage.path).cloned() else {
                continue;
            };
            let before = before(stage);
            if wanted.known() == Some(before.clone()) {
                continue;
            }
            term = term.with(
                stage.path,
                (!before.is_null()).then_some(Term::Json(before)),
            );
            let properties = vec![diff::PropertyChange {
                path: stage.path.to_owned(),
                before: None,
                after: wanted.clone(),
            }];
            let set = Set::from([(stage.path.to_owned(), wanted)]);
            self.stage(
                resource,
                stage,
                Action::Update {
                    base: Base::Earlier,
                    set,
                    properties,
                },
            );
        }
        term
    }

    fn stage(&mut self, resource: &'a Resource, stage: &'static Stage, action: Action) {
        self.staged.push((
            resource,
            stage,
            change(resource, stage.name, action, Reason::Staged),
        ));
    }

    fn update(&mut self, resource: &'a Resource, term: &Term, found: &Found) {
        let term = ownership::completed(self.desired, resource, term, found, &mut self.plan);
        let adopted = ownership::adopted(self.desired, self.live, resource, found);
        self.plan.adopted.extend(adopted);
        let resolved = self.resolved(resource, &term);
        let mut difference = diff::diff(resource.kind, &resolved, &found.body);
        let notes = std::mem::take(&mut difference.not_effective);
        self.plan
            .notes
            .extend(notes.into_iter().map(|property| Note {
                address: resource.id.clone(),
                property,
            }));
        if !difference.immutable.is_empty() {
            return self.replace(resource, resolved, difference, found);
        }
        self.split(resource, &mut difference, found);
        if difference.is_empty() {
            return self.unchanged(resource, found);
        }
        self.invalidate(resource, &difference);
        let base = if self.disable_first(resource, &difference, found) {
            Base::Earlier
        } else {
            base(resource, found)
        };
        let (set, properties) = (difference.set, difference.properties);
        let action = match resource.kind.write {
            Write::Approve => Action::Approve {
                base,
                set,
                properties,
            },
            _ => Action::Update {
                base,
                set,
                properties,
            },
        };
        self.push(resource, "", action, Reason::Differs);
    }

    /// Nothing to set; but it may not be ready, or not have come out well.
    fn unchanged(&mut self, resource: &'a Resource, found: &Found) {
        match found.state() {
            State::InProgress => self.push(resource, "", Action::Await, Reason::InProgress),
            State::Failed => {
                let action = Action::Update {
                    base: base(resource, found),
                    set: Set::new(),
                    properties: Vec::new(),
                };
                self.push(resource, "", action, Reason::LastChangeFailed);
            }
            State::Settled
                if self
                    .staged
                    .iter()
                    .any(|(staged, ..)| staged.id == resource.id) => {}
            State::Settled => self.plan.unchanged += 1,
        }
    }

    fn replace(
        &mut self,
        resource: &'a Resource,
        resolved: Term,
        difference: Difference,
        found: &Found,
    ) {
        self.dirty.insert(resource.id.clone(), Dirty::All);
        let first = self.withhold(resource, resolved);
        let action = Action::Replace {
            base: base(resource, found),
            set: Set::from([(String::new(), first)]),
            properties: difference.properties,
            because: difference.immutable,
        };
        self.push(resource, "", action, Reason::Immutable);
    }

    /// Takes out of a difference each staged path whose condition does not hold yet.
    fn split(&mut self, resource: &'a Resource, difference: &mut Difference, found: &Found) {
        for stage in resource.kind.stages {
            if self.holds(resource, stage) {
                continue;
            }
            if let Some(term) = difference.set.remove(stage.path) {
                let at = difference
                    .properties
                    .iter()
                    .position(|property| property.path == stage.path);
                let properties = at
                    .map(|at| difference.properties.remove(at))
                    .into_iter()
                    .collect();
                let base = if difference.is_empty() {
                    base(resource, found)
                } else {
                    Base::Earlier
                };
                let set = Set::from([(stage.path.to_owned(), term)]);
                self.stage(
                    resource,
                    stage,
                    Action::Update {
                        base,
                        set,
                        properties,
                    },
                );
            }
        }
    }

    /// Whether everything a stage waits for is as desired right now.
    fn holds(&self, resource: &Resource, stage: &Stage) -> bool {
        order::awaited(self.desired, resource, stage).all(|needed| {
            let found = self.live.get(&needed.id).found();
            let term = needed.body().map(|term| self.resolved(needed, term));
            matches!((found, term), (Some(found), Some(term)) if diff::diff(needed.kind, &term, &found.body).is_empty())
        })
    }

    /// Plans the write that disables what the main change removes; whether there is one.
    fn disable_first(
        &mut self,
        resource: &'a Resource,
        difference: &Difference,
        found: &Found,
    ) -> bool {
        let Some(rule) = resource.kind.disable_first else {
            return false;
        };
        let Some(Term::Array(wanted)) = difference.set.get(rule.list) else {
            return false;
        };
        let Some(Value::Array(there)) = body::get(&found.body, rule.list) else {
            return false;
        };
        let key = |item: &Value| item.get("id").cloned().unwrap_or_default();
        let kept = |item: &Value| {
            wanted
                .iter()
                .any(|term| term.at("/id").and_then(Term::known) == Some(key(item)))
        };
        let is_on = |item: &Value| item.get(rule.flag) == Some(&Value::Bool(true));
        if !there.iter().any(|item| !kept(item) && is_on(item)) {
            return false;
        }
        // The other members of each item are kept by the overlay.
        let items = there.iter().map(|item| {
            if kept(item) {
                json!({ "id": key(item) })
            } else {
                json!({ "id": key(item), rule.flag: false })
            }
        });
        let set = Set::from([(
            rule.list.to_owned(),
            Term::from(Value::Array(items.collect())),
        )]);
        let action = Action::Update {
            base: base(resource, found),
            set,
            properties: Vec::new(),
        };
        self.push(resource, order::DISABLE, action, Reason::DisabledFirst);
        true
    }

    fn invalidate(&mut self, resource: &Resource, difference: &Difference) {
        let moved: Vec<&'static str> = resource
            .kind
            .invalidates
            .iter()
            .filter(|row| {
                difference
                    .set
                    .keys()
                    .any(|path| row.paths.iter().any(|pattern| body::matches(pattern, path)))
            })
            .flat_map(|row| row.values.iter().copied())
            .collect();
        if !moved.is_empty() {
            self.dirty.insert(resource.id.clone(), Dirty::Values(moved));
        }
    }

    fn resolved(&self, resource: &Resource, term: &Term) -> Term {
        term.resolve(&|reference| {
            let value = if self.is_dirty(reference) {
                None
            } else {
                self.live.value(reference)
            };
            value.filter(|value| !resource.kind.has_policy() || policy::may_fill(value))
        })
    }

    fn is_dirty(&self, reference: &Ref) -> bool {
        match self.dirty.get(&reference.resource) {
            None => false,
            Some(Dirty::All) => true,
            Some(Dirty::Values(patterns)) => patterns
                .iter()
                .any(|pattern| body::matches(pattern, &reference.pointer)),
        }
    }

    fn push(
        &mut self,
        resource: &'a Resource,
        stage: &'static str,
        action: Action,
        reason: Reason,
    ) {
        self.changes.push(change(resource, stage, action, reason));
    }

    /// The record is written only along with another change and is never a difference by itself
    /// (architecture.md, decision 5).
    fn record(&mut self) {
        let group = self
            .desired
            .iter()
            .find(|resource| resource.kind.type_name == "Microsoft.Resources/resourceGroups");
        let (Some(group), false) = (group, self.changes.is_empty()) else {
            return;
        };
        let digest = Digest::of_graph(self.desired);
        let pointer = body::join("/tags", &record_tag(&self.desired.owner));
        let set = Set::from([(
            pointer,
            Term::Json(Value::String(digest.as_str().to_owned())),
        )]);
        let mut change = change(
            group,
            order::RECORD,
            Action::Update {
                base: Base::Earlier,
                set,
                properties: Vec::new(),
            },
            Reason::Record,
        );
        change.depends_on = self
            .changes
            .iter()
            .map(|change| change.key.clone())
            .collect();
        change.serves = BTreeSet::new();
        self.changes.push(change);
    }
}

fn before(stage: &Stage) -> Value {
    serde_json::from_str(stage.before).unwrap_or(Value::Null)
}

fn base(resource: &Resource, found: &Found) -> Base {
    Base::Live {
        digest: Digest::of_live(resource.kind, &found.body),
    }
}

fn change(resource: &Resource, stage: &'static str, action: Action, reason: Reason) -> Change {
    Change {
        key: Key {
            address: resource.id.clone(),
            stage,
        },
        kind: resource.kind,
        action,
        reason,
        depends_on: BTreeSet::new(),
        serves: resource.serves.clone(),
        source: Some(resource.source.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Verb, plan};
    use super::*;
    use crate::resource::{At, Directory, Kind, Unreadable, kinds, reference_to};

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    fn service() -> ResourceId {
        group().provider("Microsoft.ApiManagement/service", "apim")
    }

    fn connection() -> ResourceId {
        service().child("privateEndpointConnections", "secgw t")
    }

    fn kind(id: &ResourceId) -> &'static Kind {
        kinds::of(id).unwrap()
    }

    fn resource(id: &ResourceId, wanted: Wanted, needs: &[ResourceId]) -> Resource {
        Resource {
            id: id.clone(),
            kind: kind(id),
            wanted,
            depends_on: needs.iter().cloned().collect(),
            serves: BTreeSet::new(),
            source: At::new("x", &"t.yaml".into(), 1, 1),
            protect: false,
        }
    }

    fn body(value: Value) -> Wanted {
        Wanted::Body(Term::from(value))
    }

    /// A gateway behind a private link with its global policy and a sample API that is not wanted.
    fn graph() -> Graph {
        let policy = service().child("policies", "policy");
        Graph::new("t", vec![
            resource(&group(), body(json!({ "location": "westeurope" })), &[]),
            resource(&service(), body(json!({ "sku": { "name": "StandardV2", "capacity": 1 }, "properties": { "publicNetworkAccess": "Disabled" } })), &[]),
            resource(&connection(), body(json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Approved" } } })), &[]),
            resource(&policy, body(json!({ "properties": { "value": "<policies />", "format": "rawxml" } })), &[connection()]),
            resource(&service().child("apis", "echo-api"), Wanted::Absent, &[]),
        ]).unwrap()
    }

    fn found(value: Value) -> Observed {
        Observed::Present(Found {
            body: value,
            etag: None,
            object: None,
        })
    }

    fn applied() -> Live {
        let mut live = Live::default();
        live.resources
            .insert(group(), found(json!({ "location": "westeurope" })));
        live.resources.insert(service(), found(json!({ "sku": { "name": "StandardV2", "capacity": 1 }, "properties": { "publicNetworkAccess": "Disabled" } })));
        live.resources.insert(connection(), found(json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Approved" } } })));
        live.resources.insert(
            service().child("policies", "policy"),
            found(json!({ "properties": { "value": "<policies/>", "format": "rawxml" } })),
        );
        live
    }

    fn keys(plan: &Plan) -> Vec<String> {
        plan.changes
            .iter()
            .map(|change| {
                format!(
                    "{} {}#{}",
                    change.action.verb().name(),
                    change.key.address.name(),
                    change.key.stage
                )
            })
            .collect()
    }

    #[test]
    fn what_is_as_desired_is_no_change() {
        let plan = plan(&graph(), &applied());
        assert_eq!((keys(&plan), plan.unchanged), (vec![], 5));
    }

    #[test]
    fn a_first_plan_closes_public_access_after_the_approval_and_before_the_policy() {
        let plan = plan(&graph(), &Live::default());
        assert_eq!(
            keys(&plan),
            [
                "create rg#",
                "create apim#",
                "delete echo-api#",
                "approve secgw t#",
                "update apim#close-public-access",
                "create policy#",
                "update rg#record",
            ]
        );
        let Action::Create { set } = &plan.get(&Key::main(&service())).unwrap().action else {
            panic!()
        };
        assert_eq!(
            set[""].at("/properties/publicNetworkAccess"),
            Some(&Term::Json(json!("Enabled")))
        );
    }

    #[test]
    fn what_comes_with_a_service_that_an_earlier_run_began_is_still_removed() {
        let mut live = Live::default();
        live.resources
            .insert(group(), found(json!({ "location": "westeurope" })));
        live.resources.insert(service(), found(json!({ "sku": { "name": "StandardV2", "capacity": 1 }, "properties": { "publicNetworkAccess": "Enabled", "provisioningState": "Activating" } })));
        let plan = plan(&graph(), &live);
        assert_eq!(
            keys(&plan),
            [
                "await apim#",
                "delete echo-api#",
                "approve secgw t#",
                "update apim#close-public-access",
                "create policy#",
                "update rg#record",
            ]
        );
        assert!(plan.changes[1].depends_on.contains(&Key::main(&service())));
    }

    #[test]
    fn an_interrupted_stage_is_a_plain_update_in_the_next_plan() {
        let mut live = applied();
        live.resources.insert(service(), found(json!({ "sku": { "name": "StandardV2", "capacity": 1 }, "properties": { "publicNetworkAccess": "Enabled" } })));
        let plan = plan(&graph(), &live);
        assert_eq!(keys(&plan), ["update apim#", "update rg#record"]);
        assert!(matches!(
            plan.changes[0].action.base(),
            Some(Base::Live { .. })
        ));
    }

    #[test]
    fn a_stage_waits_while_the_connection_is_pending() {
        let mut live = applied();
        live.resources.insert(service(), found(json!({ "sku": { "name": "StandardV2", "capacity": 1 }, "properties": { "publicNetworkAccess": "Enabled" } })));
        live.resources.insert(connection(), found(json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Pending" } } })));
        let plan = plan(&graph(), &live);
        assert_eq!(
            keys(&plan),
            [
                "approve secgw t#",
                "update apim#close-public-access",
                "update rg#record"
            ]
        );
        assert_eq!(
            plan.changes[1].depends_on,
            [Key::main(&connection())].into()
        );
    }

    #[test]
    fn a_resource_that_may_not_be_read_is_never_planned_as_missing() {
        let mut live = applied();
        let why = Unreadable {
            status: Some(403),
            code: "AuthorizationFailed".into(),
            message: String::new(),
            hint: None,
        };
        live.resources
            .insert(connection(), Observed::Unreadable(why));
        let plan = plan(&graph(), &live);
        assert_eq!(plan.unreadable.len(), 1);
        assert_eq!(plan.count(Verb::Approve) + plan.count(Verb::Create), 0);
    }

    #[test]
    fn an_unknown_value_names_its_source_and_a_known_one_is_put_in() {
        let identity = group().provider("Microsoft.ManagedIdentity/userAssignedIdentities", "i");
        let role = group().provider(
            "Microsoft.Authorization/roleAssignments",
            "00000000-0000-0000-0000-000000000001",
        );
        let graph = Graph::new("t", vec![
            resource(&identity, body(json!({ "location": "westeurope" })), &[]),
            resource(&role, body(json!({ "properties": { "principalId": reference_to(&identity, "/properties/principalId") } })), &[]),
        ]).unwrap();
        let first = plan(&graph, &Live::default());
        assert_eq!(
            first.changes[1].late().iter().next().unwrap().resource,
            identity
        );
        let mut live = Live::default();
        live.resources.insert(
            identity.clone(),
            found(json!({ "location": "West Europe", "properties": { "principalId": "p" } })),
        );
        let second = plan(&graph, &live);
        assert_eq!(
            (keys(&second).len(), second.changes[0].late().len()),
            (1, 0)
        );
        // The same principal is no difference, another one is a new assignment.
        live.resources.insert(
            role.clone(),
            found(json!({ "properties": { "principalId": "p" } })),
        );
        assert!(!plan(&graph, &live).has_changes());
        live.resources.insert(
            role,
            found(json!({ "properties": { "principalId": "other" } })),
        );
        assert_eq!(plan(&graph, &live).count(Verb::Replace), 1);
    }

    #[test]
    fn a_scope_is_disabled_before_it_is_removed() {
        let app = ResourceId::graph(Directory::Identity, "applications", "api");
        let graph = Graph::new(
            "t",
            vec![resource(
                &app,
                body(json!({ "api": { "oauth2PermissionScopes": [{ "id": "a" }] } })),
                &[],
            )],
        )
        .unwrap();
        let mut live = Live::default();
        live.resources.insert(app, found(json!({ "api": { "oauth2PermissionScopes": [{ "id": "a", "isEnabled": true }, { "id": "b", "isEnabled": true }] } })));
        let plan = plan(&graph, &live);
        assert_eq!(keys(&plan), ["update api#disable-removed", "update api#"]);
        let disabled = plan.changes[0].action.set().unwrap()["/api/oauth2PermissionScopes"].known();
        assert_eq!(
            disabled,
            Some(json!([{ "id": "a" }, { "id": "b", "isEnabled": false }]))
        );
    }

    #[test]
    fn an_orphan_goes_after_what_referred_to_it() {
        let other = group().provider("Microsoft.ManagedIdentity/userAssignedIdentities", "old");
        let site = group().provider("Microsoft.Web/sites", "old-site");
        let mut live = applied();
        let orphan = |value| Found {
            body: value,
            etag: None,
            object: None,
        };
        live.orphans.insert(other.clone(), orphan(json!({})));
        live.orphans.insert(
            site.clone(),
            orphan(json!({ "identity": { "userAssignedIdentities": { other.as_str(): {} } } })),
        );
        live.orphans
            .insert(site.child("config", "web"), orphan(json!({})));
        let plan = plan(&graph(), &live);
        assert_eq!(
            keys(&plan),
            ["delete old-site#", "delete old#", "update rg#record"]
        );
    }
}

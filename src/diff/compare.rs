//! Walks the desired term over the live body.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document::{self, Sides};
use super::{Difference, PropertyChange, masked, scalar};
use crate::policy::{Form, PolicyChange};
use crate::resource::body::{is_blank, join, member};
use crate::resource::equal::{self, Equality};
use crate::resource::{How, Kind, Rule, Term, body};

/// Where the walk stands: the path for rules and writes, and the one people read.
#[derive(Clone)]
struct Place {
    kind: &'static Kind,
    pointer: String,
    shown: String,
    /// Inside a list, which is written whole: the list's pointer.
    list: Option<(String, Term)>,
    rules: Vec<&'static Rule>,
}

impl Place {
    fn root(kind: &'static Kind) -> Self {
        Self::new(kind, String::new(), String::new(), None)
    }

    fn new(
        kind: &'static Kind,
        pointer: String,
        shown: String,
        list: Option<(String, Term)>,
    ) -> Self {
        let rules = kind.rules_at(&pointer).collect();
        Self {
            kind,
            pointer,
            shown,
            list,
            rules,
        }
    }

    fn member(&self, key: &str) -> Self {
        Self::new(
            self.kind,
            join(&self.pointer, key),
            join(&self.shown, key),
            self.list.clone(),
        )
    }

    fn item(&self, index: usize, key: &str, list: &Term) -> Self {
        let outer = self
            .list
            .clone()
            .unwrap_or_else(|| (self.pointer.clone(), list.clone()));
        Self::new(
            self.kind,
            join(&self.pointer, &index.to_string()),
            format!("{}[{key}]", self.shown),
            Some(outer),
        )
    }

    fn has(&self, how: How) -> bool {
        self.rules.iter().any(|rule| rule.how == how)
    }

    fn set_key(&self) -> Option<&'static str> {
        self.hows().find_map(|how| match how {
            How::Set(key) => Some(key),
            _ => None,
        })
    }

    fn hows(&self) -> impl Iterator<Item = How> + '_ {
        self.rules.iter().map(|rule| rule.how)
    }

    /// Whether Azure is known to keep this otherwise.
    fn is_note(&self, body: &Term, after: &Term, live: Option<&Value>) -> bool {
        self.hows().any(|how| match how {
            How::NotEffective => true,
            How::Dropped => is_blank(live),
            How::YieldsTo(other) => body.at(other).is_some_and(|other| *other != Term::null()),
            How::Overruled(sent, held) => {
                after.known().is_some_and(|after| is_json(&after, sent))
                    && live.is_some_and(|live| is_json(live, held))
            }
            _ => false,
        })
    }

    fn is_immutable(&self, after: &Term, live: Option<&Value>) -> bool {
        self.hows().any(|how| match how {
            How::Immutable => true,
            How::Families(families) => {
                let family = |value: Option<&str>| {
                    value.and_then(|value| {
                        families.iter().position(|family| family.contains(&value))
                    })
                };
                let after = after.known();
                family(after.as_ref().and_then(Value::as_str))
                    != family(live.and_then(Value::as_str))
            }
            _ => false,
        })
    }
}

pub(super) struct Walk<'a> {
    kind: &'static Kind,
    equality: Equality<'a>,
    live: &'a Value,
    desired: &'a Term,
    found: Difference,
    /// Written along with whatever differs: Azure does not return it, and a full write without it would unset it.
    along: BTreeMap<String, Term>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kind: &'static Kind, desired: &'a Term, live: &'a Value) -> Self {
        Self {
            kind,
            equality: Equality::new(kind, live),
            live,
            desired,
            found: Difference::default(),
            along: BTreeMap::new(),
        }
    }

    pub(super) fn run(mut self) -> Difference {
        self.term(&Place::root(self.kind), self.desired, Some(self.live));
        if !self.found.set.is_empty() && !self.kind.write.is_partial() {
            self.found.set.append(&mut self.along);
        }
        self.found
    }

    fn term(&mut self, place: &Place, desired: &Term, live: Option<&Value>) {
        if place.has(How::ReadOnly) || place.has(How::CreateOnly) {
            return;
        }
        let is_unseen = is_blank(live) && place.has(How::WriteOnly) || self.is_elsewhere(place);
        let goes_along = is_unseen || place.has(How::Form);
        if goes_along && place.list.is_none() && *desired != Term::null() {
            self.along.insert(place.pointer.clone(), desired.clone());
        }
        if is_unseen {
            return;
        }
        match desired {
            Term::Object(members) => self.object(place, members.iter(), live),
            Term::Array(items) => self.array(place, desired, items, live),
            Term::Json(value) => self.scalar(place, value, live),
            Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item => {
                self.differs(place, desired.clone(), live);
            }
            // Nobody knows what was generated; it is set on create.
            Term::Generated(_) => {}
        }
    }

    fn object<'t>(
        &mut self,
        place: &Place,
        members: impl Iterator<Item = (&'t String, &'t Term)> + Clone,
        live: Option<&Value>,
    ) {
        let is_free = place.has(How::FreeMap);
        let there = live.and_then(Value::as_object);
        for (key, desired) in members.clone() {
            let value = there.and_then(|there| {
                if is_free {
                    there.get(key)
                } else {
                    member(there, key).map(|(_, value)| value)
                }
            });
            let is_presence = matches!(desired, Term::Object(inner) if inner.is_empty());
            if is_presence && value.is_none() && place.has(How::WholeMap) {
                self.differs(&place.member(key), desired.clone(), None);
            } else {
                self.term(&place.member(key), desired, value);
            }
        }
        if place.has(How::WholeMap) {
            let wanted: Vec<&String> = members.map(|(key, _)| key).collect();
            for (key, value) in there.into_iter().flatten() {
                if !wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)) {
                    self.differs(&place.member(key), Term::null(), Some(value));
                }
            }
        }
    }

    fn array(&mut self, place: &Place, list: &Term, items: &[Term], live: Option<&Value>) {
        let there: &[Value] = live.and_then(Value::as_array).map_or(&[], Vec::as_slice);
        match place.set_key() {
            Some(key) => self.set(place, list, (items, key), there),
            None if items.len() == there.len() => {
                for (index, (item, live)) in items.iter().zip(there).enumerate() {
                    let place = place.item(index, &index.to_string(), list);
                    self.term(&place, item, Some(live));
                }
            }
            None => self.differs(place, list.clone(), live),
        }
    }

    fn set(&mut self, place: &Place, list: &Term, (items, key): (&[Term], &str), there: &[Value]) {
        let known: Vec<Value> = items.iter().map(|item| identity(item, key)).collect();
        let pairing = self.equality.pair(&place.pointer, key, &known, there);
        let at = |index: usize| place.item(index, &equal::shown_key(&known[index], key), list);
        for (index, live) in pairing.matched {
            self.term(&at(index), &items[index], Some(&there[live]));
        }
        for index in pairing.missing {
            self.differs(&at(index), items[index].clone(), None);
        }
        for live in pairing.extra {
            let shown = equal::shown_key(&there[live], key);
            let place = place.item(items.len(), &shown, list);
            self.differs(&place, Term::null(), Some(&there[live]));
        }
    }

    fn scalar(&mut self, place: &Place, desired: &Value, live: Option<&Value>) {
        if is_blank(Some(desired)) && is_blank(live) {
            return;
        }
        let is_default = is_blank(live)
            && place.hows().any(|how| match how {
                How::Default(json) => is_json(desired, json),
                _ => false,
            });
        let is_equal = live.is_some_and(|live| {
            desired == live
                || scalar::is_equal(
                    &self.equality,
                    &place.pointer,
                    (desired, live),
                    self.forms(place),
                )
        });
        if !is_default && !is_equal {
            self.differs(place, Term::Json(desired.clone()), live);
        }
    }

    fn differs(&mut self, place: &Place, after: Term, live: Option<&Value>) {
        if place.is_note(self.desired, &after, live) {
            self.found
                .not_effective
                .push(self.shown(place, &after, live));
            return;
        }
        if place.is_immutable(&after, live) {
            self.found.immutable.push(place.pointer.clone());
        }
        match self.policy(place, &after, live) {
            Some(changes) => self.found.properties.extend(changes),
            None => self.found.properties.push(self.shown(place, &after, live)),
        }
        let (pointer, value) = place
            .list
            .clone()
            .unwrap_or_else(|| (place.pointer.clone(), after));
        self.found.set.insert(pointer, value);
    }

    fn shown(&self, place: &Place, after: &Term, live: Option<&Value>) -> PropertyChange {
        let before = live.filter(|live| !live.is_null());
        let before = before.map(|live| masked(place.kind, self.live, &place.pointer, live));
        PropertyChange {
            path: place.shown.clone(),
            before,
            after: after.clone(),
        }
    }

    /// Where a policy's form stands, and the desired one.
    fn desired_format(&self, place: &Place) -> Option<(String, Option<String>)> {
        let format = place.hows().find_map(|how| match how {
            How::Policy(format) => Some(format),
            _ => None,
        })?;
        let (parent, _) = place.pointer.rsplit_once('/')?;
        let beside = join(parent, format);
        let desired = self.desired.at(&beside).and_then(Term::known);
        let desired = desired.as_ref().and_then(Value::as_str).map(str::to_owned);
        Some((beside, desired))
    }

    /// Whether only the address of a policy was sent.
    fn is_elsewhere(&self, place: &Place) -> bool {
        self.desired_format(place)
            .and_then(|(_, format)| format)
            .is_some_and(|format| format.ends_with("-link"))
    }

    /// The forms of the policy documents at a place.
    fn forms(&self, place: &Place) -> Option<Sides> {
        let (beside, desired) = self.desired_format(place)?;
        let live = body::get(self.live, &beside);
        Some(Sides {
            live: Form::of(live.and_then(Value::as_str)),
            desired: Form::of(desired.as_deref()),
        })
    }

    /// A policy's change by element and attribute.
    fn policy(
        &self,
        place: &Place,
        after: &Term,
        live: Option<&Value>,
    ) -> Option<Vec<PropertyChange>> {
        let forms = self.forms(place)?;
        let after = after.known()?;
        let changes = document::changes(forms, live?.as_str()?, after.as_str()?)?;
        let property = |change: PolicyChange| PropertyChange {
            path: format!("{}/{}", place.shown, change.path),
            before: change.before.map(Value::String),
            after: Term::Json(change.after.map_or(Value::Null, Value::String)),
        };
        Some(changes.into_iter().map(property).collect())
    }
}

fn is_json(value: &Value, json: &str) -> bool {
    serde_json::from_str::<Value>(json).is_ok_and(|json| json == *value)
}

/// What is known of an item, enough for its key; it may hold values that come later.
pub(super) fn identity(item: &Term, key: &str) -> Value {
    if let Some(known) = item.known() {
        return known;
    }
    let mut known = Value::Null;
    for part in equal::parts(key) {
        if let Some(value) = item.at(part).and_then(Term::known) {
            body::set(&mut known, part, value);
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::super::{MASKED, diff};
    use super::*;
    use crate::resource::{ResourceId, kinds, reference_to};
    use serde_json::json;

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    fn kind(id: &ResourceId) -> &'static Kind {
        kinds::of(id).unwrap()
    }

    fn config() -> &'static Kind {
        kind(
            &group()
                .provider("Microsoft.Web/sites", "f")
                .child("config", "web"),
        )
    }

    fn paths(difference: &Difference) -> Vec<&str> {
        difference
            .properties
            .iter()
            .map(|change| change.path.as_str())
            .collect()
    }

    #[test]
    fn what_azure_adds_is_no_difference() {
        let live = json!({ "name": "f", "properties": { "alwaysOn": false, "ipSecurityRestrictions": [
            { "name": "vip", "ipAddress": "1.2.3.4/32", "action": "Allow", "priority": 100, "tag": "Default" },
            { "name": "Deny all", "ipAddress": "Any", "action": "Deny", "priority": 2_147_483_647 } ] } });
        let desired = Term::from(json!({ "properties": { "ipSecurityRestrictions": [
            { "name": "vip", "ipAddress": "1.2.3.4", "action": "Allow", "priority": 100 } ], "healthCheckPath": null } }));
        assert!(diff(config(), &desired, &live).is_empty());
    }

    #[test]
    fn a_rule_that_somebody_added_is_a_difference_and_the_list_is_written_whole() {
        let live = json!({ "properties": { "ipSecurityRestrictions": [
            { "name": "theirs", "ipAddress": "0.0.0.0/0", "action": "Allow", "priority": 1 } ] } });
        let desired = Term::from(json!({ "properties": { "ipSecurityRestrictions": [] } }));
        let found = diff(config(), &desired, &live);
        assert_eq!(
            paths(&found),
            ["/properties/ipSecurityRestrictions[theirs]"]
        );
        assert_eq!(
            found.set,
            [(
                "/properties/ipSecurityRestrictions".to_owned(),
                Term::Array(vec![])
            )]
            .into()
        );
    }

    #[test]
    fn a_value_that_comes_later_is_a_difference_that_names_its_source() {
        let source = group().provider("Microsoft.ManagedIdentity/userAssignedIdentities", "i");
        let desired = Term::from(
            json!({ "properties": { "a": reference_to(&source, "/properties/clientId") } }),
        );
        let found = diff(config(), &desired, &json!({ "properties": { "a": "old" } }));
        assert_eq!(found.properties[0].after.references()[0].resource, source);
        assert_eq!(found.properties[0].before, Some(json!("old")));
    }

    #[test]
    fn a_tier_of_another_family_or_another_location_needs_a_new_resource() {
        let service = kind(&group().provider("Microsoft.ApiManagement/service", "a"));
        let live =
            json!({ "location": "West Europe", "sku": { "name": "Developer", "capacity": 1 } });
        let with = |location: &str, sku: &str| {
            Term::from(json!({ "location": location, "sku": { "name": sku } }))
        };
        assert!(diff(service, &with("westeurope", "Developer"), &live).is_empty());
        assert!(
            diff(service, &with("westeurope", "Premium"), &live)
                .immutable
                .is_empty()
        );
        assert_eq!(
            diff(service, &with("westeurope", "StandardV2"), &live).immutable,
            ["/sku/name"]
        );
        assert_eq!(
            diff(service, &with("northeurope", "Developer"), &live).immutable,
            ["/location"]
        );
    }

    #[test]
    fn identities_are_owned_whole_and_settings_by_key() {
        let site = kind(&group().provider("Microsoft.Web/sites", "f"));
        let mine = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine";
        let live = json!({ "identity": { "userAssignedIdentities": {
            mine.replace("resourceGroups", "resourcegroups"): { "clientId": "c" }, "/theirs": {} } } });
        let desired = Term::from(json!({ "identity": { "userAssignedIdentities": { mine: {} } } }));
        assert_eq!(
            paths(&diff(site, &desired, &live)),
            ["/identity/userAssignedIdentities/~1theirs"]
        );
        let settings = kind(
            &group()
                .provider("Microsoft.Web/sites", "f")
                .child("config", "appsettings"),
        );
        let found = diff(
            settings,
            &Term::from(json!({ "properties": { "A": "1" } })),
            &json!({ "properties": { "A": "secret", "B": "2" } }),
        );
        assert_eq!(
            found.properties,
            [PropertyChange {
                path: "/properties/A".into(),
                before: Some(json!(MASKED)),
                after: Term::Json(json!("1"))
            }]
        );
    }

    #[test]
    fn list_order_counts_only_where_azure_gives_it_a_meaning() {
        let rule = kind(
            &group()
                .provider("Microsoft.Cdn/profiles", "p")
                .child("ruleSets", "r")
                .child("rules", "x"),
        );
        let live = json!({ "properties": { "actions": [{ "name": "a" }, { "name": "b" }] } });
        let swapped =
            Term::from(json!({ "properties": { "actions": [{ "name": "b" }, { "name": "a" }] } }));
        assert_eq!(
            paths(&diff(rule, &swapped, &live)),
            ["/properties/actions[0]/name", "/properties/actions[1]/name"]
        );
        let app = kind(&ResourceId::graph(
            crate::resource::Directory::Identity,
            "applications",
            "a",
        ));
        let live = json!({ "tags": ["x", "y"] });
        assert!(diff(app, &Term::from(json!({ "tags": ["y", "x"] })), &live).is_empty());
        assert_eq!(
            paths(&diff(app, &Term::from(json!({ "tags": ["y"] })), &live)),
            ["/tags[x]"]
        );
    }
}

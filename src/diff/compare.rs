//! Walks the desired term over the live body.

use serde_json::Value;

use super::{Difference, MASKED, PropertyChange, document, scalar};
use crate::policy::PolicyChange;
use crate::resource::body::{is_blank, join, member};
use crate::resource::equal::{self, Equality};
use crate::resource::{How, Kind, Term, body, compose};

/// Where the walk stands: the path for rules and writes, and the one people read.
#[derive(Clone)]
struct Place {
    pointer: String,
    shown: String,
    /// Inside a list, which is written whole: the list's pointer.
    list: Option<(String, Term)>,
}

impl Place {
    fn root() -> Self {
        Self {
            pointer: String::new(),
            shown: String::new(),
            list: None,
        }
    }

    fn member(&self, key: &str) -> Self {
        Self {
            pointer: join(&self.pointer, key),
            shown: join(&self.shown, key),
            list: self.list.clone(),
        }
    }

    fn item(&self, index: usize, key: &str, list: &Term) -> Self {
        let outer = self
            .list
            .clone()
            .unwrap_or_else(|| (self.pointer.clone(), list.clone()));
        Self {
            pointer: join(&self.pointer, &index.to_string()),
            shown: format!("{}[{key}]", self.shown),
            list: Some(outer),
        }
    }
}

pub(super) struct Walk<'a> {
    kind: &'static Kind,
    equality: Equality<'a>,
    live: &'a Value,
    found: Difference,
}

impl<'a> Walk<'a> {
    pub(super) fn new(kind: &'static Kind, live: &'a Value) -> Self {
        Self {
            kind,
            equality: Equality::new(kind, live),
            live,
            found: Difference::default(),
        }
    }

    pub(super) fn run(mut self, desired: &Term) -> Difference {
        self.term(&Place::root(), desired, Some(self.live));
        self.found
    }

    fn has(&self, place: &Place, how: How) -> bool {
        self.kind.has(&place.pointer, &|other| other == how)
    }

    fn term(&mut self, place: &Place, desired: &Term, live: Option<&Value>) {
        let is_skipped = self.kind.has(&place.pointer, &|how| {
            matches!(how, How::ReadOnly | How::WriteOnly | How::CreateOnly)
        });
        if is_skipped {
            return;
        }
        match desired {
            Term::Object(members) => self.object(place, members.iter(), live),
            Term::Array(items) => self.array(place, desired, items, live),
            Term::Json(value) => self.scalar(place, value, live),
            Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item => {
                self.differs(place, desired.clone(), live)
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
        let is_free = self.has(place, How::FreeMap);
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
            if is_presence && value.is_none() && self.has(place, How::WholeMap) {
                self.differs(&place.member(key), desired.clone(), None);
            } else {
                self.term(&place.member(key), desired, value);
            }
        }
        if self.has(place, How::WholeMap) {
            let wanted: Vec<&String> = members.map(|(key, _)| key).collect();
            for (key, value) in there.into_iter().flatten() {
                if !wanted.iter().any(|wanted| wanted.eq_ignore_ascii_case(key)) {
                    self.differs(&place.member(key), Term::null(), Some(value));
                }
            }
        }
    }

    fn array(&mut self, place: &Place, list: &Term, items: &[Term], live: Option<&Value>) {
        let there: Vec<&Value> = live
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter(|item| !self.equality.is_synthetic(&place.pointer, item))
            .collect();
        match compose::set_key(self.kind, &place.pointer) {
            Some(key) => self.set(place, list, (items, key), &there),
            None if items.len() == there.len() => {
                for (index, (item, live)) in items.iter().zip(there).enumerate() {
                    self.term(
                        &place.item(index, &index.to_string(), list),
                        item,
                        Some(live),
                    );
                }
            }
            None => self.differs(place, list.clone(), live),
        }
    }

    fn set(&mut self, place: &Place, list: &Term, (items, key): (&[Term], &str), there: &[&Value]) {
        let mut unmatched: Vec<&Value> = there.to_vec();
        for (index, item) in items.iter().enumerate() {
            let known = identity(item, key);
            let at = unmatched.iter().position(|live| {
                self.equality
                    .is_same_item(&place.pointer, key, &known, live)
            });
            let place = place.item(index, &equal::shown_key(&known, key), list);
            match at {
                Some(at) => {
                    let live = unmatched.remove(at);
                    self.term(&place, item, Some(live));
                }
                None => self.differs(&place, item.clone(), None),
            }
        }
        for live in unmatched {
            let place = place.item(items.len(), &equal::shown_key(live, key), list);
            self.differs(&place, Term::null(), Some(live));
        }
    }

    fn scalar(&mut self, place: &Place, desired: &Value, live: Option<&Value>) {
        if is_blank(Some(desired)) && is_blank(live) {
            return;
        }
        let is_default = is_blank(live)
            && self
                .kind
                .rules_at(&place.pointer)
                .any(|rule| match rule.how {
                    How::Default(json) => desired.to_string() == json,
                    _ => false,
                });
        let is_equal = live
            .is_some_and(|live| scalar::is_equal(&self.equality, &place.pointer, desired, live));
        if !is_default && !is_equal {
            self.differs(place, Term::Json(desired.clone()), live);
        }
    }

    fn differs(&mut self, place: &Place, after: Term, live: Option<&Value>) {
        if self.has(place, How::NotEffective) {
            self.found
                .not_effective
                .push(self.shown(place, &after, live));
            return;
        }
        if self.is_immutable(place, &after, live) {
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
        let before = live.filter(|live| !live.is_null()).map(|live| {
            if self.has(place, How::Sensitive) {
                Value::from(MASKED)
            } else {
                live.clone()
            }
        });
        PropertyChange {
            path: place.shown.clone(),
            before,
            after: after.clone(),
        }
    }

    fn is_immutable(&self, place: &Place, after: &Term, live: Option<&Value>) -> bool {
        self.kind
            .rules_at(&place.pointer)
            .any(|rule| match rule.how {
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

    /// A policy's change by element and attribute.
    fn policy(
        &self,
        place: &Place,
        after: &Term,
        live: Option<&Value>,
    ) -> Option<Vec<PropertyChange>> {
        if !self.has(place, How::Policy) {
            return None;
        }
        let after = after.known()?;
        let changes = document::changes(live?.as_str()?, after.as_str()?)?;
        let property = |change: PolicyChange| PropertyChange {
            path: format!("{}/{}", place.shown, change.path),
            before: change.before.map(Value::String),
            after: Term::Json(change.after.map_or(Value::Null, Value::String)),
        };
        Some(changes.into_iter().map(property).collect())
    }
}

/// What is known of the parts of an item's key; an item may hold values that come later.
fn identity(item: &Term, key: &str) -> Value {
    if key.is_empty() {
        return item.known().unwrap_or_default();
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
    use super::super::diff;
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

//! Changes that always need a word of their own: what takes a guard away, and what a gateway may not survive.

use serde_json::Value;

use super::{Change, Verb};
use crate::diff::PropertyChange;
use crate::resource::Term;

/// One kind of change that is never made in passing.
pub(super) struct Guard {
    /// What `--allow` calls it.
    pub(super) name: &'static str,
    /// Beginning of the type; empty for any.
    type_name: &'static str,
    when: When,
    pub(super) says: &'static str,
}

enum When {
    Verb(&'static [Verb]),
    /// A property of this name (the last segment) comes to one of these values, in any case.
    Becomes(&'static [&'static str], &'static [&'static str]),
    /// A property at or below one of these changes.
    Touches(&'static [&'static str]),
    /// A policy has fewer of these statements than before.
    Loses(&'static str),
}

const SERVICE: &str = "Microsoft.ApiManagement/service";
const PUBLIC_ACCESS: &str = "public-access";
const GONE: &[Verb] = &[Verb::Delete, Verb::Replace];

pub(super) const GUARDS: &[Guard] = &[
    Guard {
        name: "gateway-delete",
        type_name: SERVICE,
        when: When::Verb(&[Verb::Delete]),
        says: "the gateway, its address and everything in it would be deleted",
    },
    // domain.md A.8.
    Guard {
        name: "gateway-replace",
        type_name: SERVICE,
        when: When::Verb(&[Verb::Replace]),
        says: "the gateway, its address and everything in it would be deleted, and Azure keeps its name for 48 hours, so the run would stop there: give the new one another name, or destroy this one, purge it and apply",
    },
    Guard {
        name: "gateway-network",
        type_name: SERVICE,
        when: When::Touches(&[
            "/properties/virtualNetworkType",
            "/properties/virtualNetworkConfiguration",
            "/properties/publicIpAddressId",
        ]),
        says: "moving a gateway to another network takes it down for up to 45 minutes and may change its address",
    },
    Guard {
        name: "gateway-uncovered",
        type_name: SERVICE,
        when: When::Becomes(&["virtualNetworkType"], &["None"]),
        says: "once out of its network and until private link lets its public side be closed, anybody reaches its address, and only tokens and the check of the edge's id keep callers out",
    },
    Guard {
        name: "gateway-purge",
        type_name: "Microsoft.ApiManagement/locations/deletedservices",
        when: When::Verb(GONE),
        says: "the deleted gateway of this name, which could still be restored, would be gone for good",
    },
    Guard {
        name: "application-purge",
        type_name: "Microsoft.Graph/directory/deletedItems",
        when: When::Verb(GONE),
        says: "the deleted application with this identifier URI, which could still be restored, would be gone for good",
    },
    Guard {
        name: "edge-delete",
        type_name: "Microsoft.Cdn/profiles",
        when: When::Verb(GONE),
        says: "the edge, its host and its id would be deleted",
    },
    Guard {
        name: "application-delete",
        type_name: "Microsoft.Graph/applications",
        when: When::Verb(GONE),
        says: "nobody could sign in through this application any more, and its id never comes back",
    },
    Guard {
        name: "firewall-detach",
        type_name: "Microsoft.Cdn/profiles/securityPolicies",
        when: When::Verb(GONE),
        says: "hosts of the edge would lose their firewall",
    },
    Guard {
        name: "firewall-weaken",
        type_name: "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
        when: When::Becomes(&["mode", "enabledState"], &["Detection", "Disabled"]),
        says: "the firewall would only look on",
    },
    Guard {
        name: "default-allow",
        type_name: "",
        when: When::Becomes(
            &[
                "ipSecurityRestrictionsDefaultAction",
                "scmIpSecurityRestrictionsDefaultAction",
                "defaultAction",
            ],
            &["Allow"],
        ),
        says: "whoever no rule names would be let in",
    },
    Guard {
        name: PUBLIC_ACCESS,
        type_name: "",
        when: When::Becomes(&["publicNetworkAccess"], &["Enabled"]),
        says: "it would be open to the internet",
    },
    Guard {
        name: "plain-http",
        type_name: "",
        when: When::Becomes(&["httpsOnly", "supportsHttpsTrafficOnly"], &["false"]),
        says: "it would answer without encryption",
    },
    Guard {
        name: "no-validate-jwt",
        type_name: SERVICE,
        when: When::Loses("validate-jwt"),
        says: "calls would no longer need a token there",
    },
    Guard {
        name: "no-check-header",
        type_name: SERVICE,
        when: When::Loses("check-header"),
        says: "calls that go round the edge would no longer be refused there",
    },
    Guard {
        name: "no-rate-limit",
        type_name: SERVICE,
        when: When::Loses("rate-limit-by-key"),
        says: "callers would no longer be limited there",
    },
];

/// Whether a resource comes to answer the internet.
pub(super) fn opens(change: &Change) -> bool {
    GUARDS
        .iter()
        .any(|guard| guard.name == PUBLIC_ACCESS && guard.is_about(change))
}

impl Guard {
    pub(super) fn is_about(&self, change: &Change) -> bool {
        let type_name = change.kind.type_name;
        let is_exact = !matches!(self.when, When::Loses(_));
        let is_kind = self.type_name.is_empty()
            || type_name.eq_ignore_ascii_case(self.type_name)
            || (!is_exact && type_name.starts_with(self.type_name));
        is_kind && self.holds(change)
    }

    fn holds(&self, change: &Change) -> bool {
        let properties = change.action.properties();
        match self.when {
            When::Verb(verbs) => verbs.contains(&change.action.verb()),
            When::Becomes(names, values) => properties.iter().any(|property| {
                let last = property.path.rsplit('/').next().unwrap_or_default();
                let after = property.after.known();
                let text = after.as_ref().map(plain).unwrap_or_default();
                property.before.is_some()
                    && names.contains(&last)
                    && values.iter().any(|value| value.eq_ignore_ascii_case(&text))
            }),
            When::Touches(paths) => properties.iter().any(|property| {
                paths.iter().any(|path| {
                    property.path == *path || property.path.starts_with(&format!("{path}/"))
                })
            }),
            When::Loses(statement) => {
                let (before, after) = occurrences(properties, statement);
                before > after
            }
        }
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// How often a statement stands in what a policy loses and in what it gains.
fn occurrences(properties: &[PropertyChange], statement: &str) -> (usize, usize) {
    let tag = format!("<{statement}");
    let count = |text: &str| text.matches(&tag).count();
    let policy = properties
        .iter()
        .filter(|property| property.path.starts_with("/properties/value"));
    policy.fold((0, 0), |(before, after), property| {
        let there = property.before.as_ref().and_then(Value::as_str);
        (
            before + count(there.unwrap_or_default()),
            after + count(&written(&property.after)),
        )
    })
}

/// What is known of a text; a value that comes later is no statement.
fn written(term: &Term) -> String {
    match term {
        Term::Json(Value::String(text)) => text.clone(),
        Term::Concat(parts) => parts.iter().map(written).collect(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Base, Key, Reason, Set};
    use super::*;
    use crate::resource::{ResourceId, Term, kinds};
    use serde_json::json;

    /// The guards that an update of one property meets.
    fn update(id: &ResourceId, path: &str, before: Value, after: Value) -> Vec<&'static str> {
        let property = PropertyChange {
            path: path.to_owned(),
            before: Some(before),
            after: Term::from(after),
        };
        let change = Change {
            key: Key::main(id),
            kind: kinds::of(id).unwrap(),
            action: Action::Update {
                base: Base::Earlier,
                set: Set::new(),
                properties: vec![property],
            },
            reason: Reason::Differs,
            depends_on: [].into(),
            serves: [].into(),
            source: None,
        };
        let found = GUARDS.iter().filter(|guard| guard.is_about(&change));
        found.map(|guard| guard.name).collect()
    }

    #[test]
    fn taking_a_guard_away_is_noticed_and_putting_it_up_is_not() {
        let group = ResourceId::resource_group("s", "rg");
        let site = group
            .provider("Microsoft.Web/sites", "f")
            .child("config", "web");
        let path = "/properties/ipSecurityRestrictionsDefaultAction";
        let (deny, allow) = (json!("Deny"), json!("Allow"));
        assert_eq!(
            update(&site, path, deny.clone(), allow.clone()),
            ["default-allow"]
        );
        assert!(update(&site, path, allow, deny).is_empty());
        let firewall = group.provider(
            "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies",
            "w",
        );
        let path = "/properties/policySettings/mode";
        let (on, off) = (json!("Prevention"), json!("Detection"));
        assert_eq!(
            update(&firewall, path, on.clone(), off.clone()),
            ["firewall-weaken"]
        );
        assert!(update(&firewall, path, off, on).is_empty());
        let service = group.provider(SERVICE, "gw");
        let path = "/properties/virtualNetworkType";
        assert_eq!(
            update(&service, path, json!("None"), json!("External")),
            ["gateway-network"]
        );
    }

    #[test]
    fn a_policy_that_loses_its_token_check_is_noticed() {
        let policy = ResourceId::resource_group("s", "rg")
            .provider(SERVICE, "gw")
            .child("apis", "a")
            .child("policies", "policy");
        let path = "/properties/value/inbound/validate-jwt";
        let jwt = json!("<validate-jwt header-name=\"Authorization\" />");
        assert_eq!(
            update(&policy, path, jwt.clone(), json!(null)),
            ["no-validate-jwt"]
        );
        assert!(update(&policy, path, jwt.clone(), jwt).is_empty());
        assert!(
            update(
                &policy,
                &format!("{path}/@clock-skew"),
                json!("60"),
                json!("0")
            )
            .is_empty()
        );
    }
}

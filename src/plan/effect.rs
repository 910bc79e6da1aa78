//! What a plan means beyond the values it sets: effects on a running service, and whether the spec or live state moved.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::planner::record_tag;
use super::{Change, Digest, Key, Verb};
use crate::resource::kind::Effect;
use crate::resource::{Graph, Live, body};

/// How the spec stands to the one last applied, by the record in the resource group (architecture.md, decision 5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// No apply has come to its end yet.
    #[default]
    NeverApplied,
    /// The spec moved; live state may have moved too.
    SpecChanged,
    /// The spec is the one last applied: whatever differs is drift.
    SpecUnchanged,
}

impl Since {
    pub(super) fn of(desired: &Graph, live: &Live) -> Self {
        let group = desired
            .iter()
            .find(|resource| resource.kind.type_name == "Microsoft.Resources/resourceGroups");
        let tag = body::join("/tags", &record_tag(&desired.owner));
        let record = group
            .and_then(|group| live.get(&group.id).found())
            .and_then(|found| body::get(&found.body, &tag))
            .and_then(Value::as_str);
        match record {
            None => Self::NeverApplied,
            Some(record) if record == Digest::of_graph(desired).as_str() => Self::SpecUnchanged,
            Some(_) => Self::SpecChanged,
        }
    }
}

/// What changes do to a service that is running, by the rows of their kinds.
pub(super) fn of_changes(changes: &[Change], live: &Live) -> BTreeMap<Key, Vec<String>> {
    let effects = changes
        .iter()
        .filter(|change| matches!(change.action.verb(), Verb::Update | Verb::Replace))
        .filter_map(|change| Some((change, &live.get(&change.key.address).found()?.body)))
        .map(|(change, live)| (change.key.clone(), of_change(change, live)));
    effects.filter(|(_, effects)| !effects.is_empty()).collect()
}

fn of_change(change: &Change, live: &Value) -> Vec<String> {
    let is_touched = |pattern: &&str| {
        let mut written = change.action.set().into_iter().flat_map(BTreeMap::keys);
        written.any(|pointer| body::matches(pattern, pointer))
    };
    let touches = |effect: &Effect| {
        let is_replaced = effect.replacing && change.action.verb() == Verb::Replace;
        is_replaced || effect.paths.iter().any(is_touched)
    };
    let applies = |effect: &Effect| match effect.only {
        None => true,
        Some((pointer, values)) => body::get(live, pointer)
            .and_then(Value::as_str)
            .is_some_and(|value| values.contains(&value)),
    };
    let effects = change.kind.effects.iter();
    effects
        .filter(|effect| touches(effect) && applies(effect))
        .map(|effect| effect.says.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::plan;
    use super::*;
    use crate::resource::{Found, Observed, Resource, ResourceId, Term, Wanted, kinds};
    use serde_json::json;

    fn group() -> ResourceId {
        ResourceId::resource_group("s", "rg")
    }

    fn service() -> ResourceId {
        group().provider("Microsoft.ApiManagement/service", "a")
    }

    fn graph(properties: &Value) -> Graph {
        let resource = |id: &ResourceId, body: Value| Resource {
            wanted: Wanted::Body(Term::from(body)),
            ..Resource::unnamed(id, kinds::of(id).unwrap())
        };
        let service = json!({ "location": "westeurope", "properties": properties });
        let resources = vec![
            resource(&group(), json!({})),
            resource(&self::service(), service),
        ];
        Graph::new("orders", resources).unwrap()
    }

    fn live(sku: &str, record: Option<&Graph>) -> Live {
        let mut live = Live::default();
        let digest = record.map(|graph| Digest::of_graph(graph).to_string());
        let bodies = [
            (group(), json!({ "tags": { "secgw-orders": digest } })),
            (
                service(),
                json!({ "location": "westeurope", "sku": { "name": sku }, "properties": {
                    "virtualNetworkType": "None", "publisherName": "Contoso" } }),
            ),
        ];
        for (id, body) in bodies {
            let found = Found {
                body,
                etag: None,
                object: None,
            };
            live.resources.insert(id, Observed::Present(found));
        }
        live
    }

    #[test]
    fn the_record_tells_drift_from_intent() {
        let (old, new) = (
            graph(&json!({ "publisherName": "Contoso" })),
            graph(&json!({ "publisherName": "Fabrikam" })),
        );
        let since = |desired, record| plan(desired, &live("Developer", record)).since;
        assert_eq!(since(&new, None), Since::NeverApplied);
        assert_eq!(since(&new, Some(&old)), Since::SpecChanged);
        assert_eq!(since(&new, Some(&new)), Since::SpecUnchanged);
    }

    #[test]
    fn a_network_change_of_a_developer_gateway_says_that_it_goes_down() {
        let moved = graph(&json!({ "virtualNetworkType": "External" }));
        let effects = |sku, graph: &Graph| {
            let plan = plan(graph, &live(sku, None));
            plan.effects.into_values().flatten().collect::<Vec<_>>()
        };
        let said = effects("Developer", &moved);
        assert!(said.contains(&"downtime".to_owned()), "{said:?}");
        assert!(
            said.contains(&"its public address may change".to_owned()),
            "{said:?}"
        );
        let said = effects("Premium", &moved);
        assert!(
            !said.is_empty() && !said.contains(&"downtime".to_owned()),
            "{said:?}"
        );
        let renamed = graph(&json!({ "publisherName": "Fabrikam" }));
        assert_eq!(effects("Developer", &renamed), Vec::<String>::new());
    }
}

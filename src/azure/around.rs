//! What stands around the resources of a graph, is nobody's to list or remove, and still opens a way in: somebody
//! else's private endpoint, slot, user flow or account. Only the controls look at it.

use futures::future::{join, join_all};

use super::client::Client;
use super::discover::{self, Discovery};
use crate::resource::{Graph, Resource, ResourceId, Wanted};

/// Collections that are read beneath a resource of the graph.
const BENEATH: &[(&str, &str)] = &[
    (
        "Microsoft.ApiManagement/service",
        "privateEndpointConnections",
    ),
    ("Microsoft.Web/sites", "slots"),
];

pub(super) async fn around(client: &Client, graph: &Graph) -> Discovery {
    let owned: Vec<&Resource> = graph
        .iter()
        .filter(|resource| matches!(resource.wanted, Wanted::Body(_)))
        .collect();
    let beneath = owned.iter().flat_map(|resource| {
        let rows = BENEATH
            .iter()
            .filter(|(type_name, _)| *type_name == resource.kind.type_name);
        rows.filter(|(_, collection)| !is_without(resource, collection))
            .map(|(_, collection)| discover::children(client, &resource.id, collection))
    });
    let has = |name: &str| owned.iter().any(|one| one.kind.type_name.ends_with(name));
    let directory = async {
        let flows = has("/b2cUserFlows") || has("/authenticationEventsFlows");
        let flows = async {
            if flows {
                discover::flows(client, has("/b2cUserFlows")).await
            } else {
                Discovery::default()
            }
        };
        let users = async {
            if has("/users") {
                discover::users(client).await
            } else {
                Discovery::default()
            }
        };
        join(flows, users).await
    };
    let (beneath, (flows, users)) = join(join_all(beneath), directory).await;
    let mut all = Discovery::default();
    for one in beneath.into_iter().chain([flows, users]) {
        let is_strange = |id: &ResourceId| graph.get(id).is_none();
        all.found
            .extend(one.found.into_iter().filter(|(id, _)| is_strange(id)));
        all.gaps.extend(one.gaps);
    }
    all
}

/// Flex Consumption has no slots (domain.md B.1).
fn is_without(resource: &Resource, collection: &str) -> bool {
    let term = resource.body();
    collection == "slots"
        && term.is_some_and(|term| term.at("/properties/functionAppConfig").is_some())
}

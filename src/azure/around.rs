//! What stands around the resources of a graph, is nobody's to list or remove, and still opens a way in: somebody
//! else's private endpoint, slot, user flow or account. Only the controls look at it.

use futures::future::{join, join_all};

use super::client::Client;
use super::discover::{self, Discovery};
use crate::resource::{Graph, Resource, ResourceId, Wanted};

pub(super) async fn around(client: &Client, graph: &Graph) -> Discovery {
    let owned: Vec<&Resource> = graph
        .iter()
        .filter(|resource| matches!(resource.wanted, Wanted::Body(_)))
        .collect();
    let beneath = graph.around();
    let beneath = beneath
        .iter()
        .map(|(resource, collection)| discover::children(client, &resource.id, collection));
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

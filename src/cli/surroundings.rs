//! What the controls are evaluated on: what the graph names, and what stands around it.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::azure::discover::{self, Discovery};
use crate::azure::{Client, Reading, read_live};
use crate::controls::{Policies, State};
use crate::policy::Element;
use crate::resource::{Graph, Observed, ResourceId};

/// Reads both at once; the first is what a plan is made from.
pub async fn read(client: &Client, graph: &Graph) -> (Reading, State) {
    let roots = graph
        .iter()
        .map(|resource| resource.id.clone())
        .filter(|id| ROOTS.contains(&id.type_name().as_str()));
    let (reading, beneath) = futures::join!(
        read_live(client, graph),
        discover::beneath(client, roots.collect()),
    );
    let mut state = State::whole(graph, &reading.live);
    take_up(&mut state, beneath);
    for (id, type_name, why) in &reading.gaps {
        state.miss(id, type_name, why);
    }
    keys(client, &mut state).await;
    (reading, state)
}

/// Everything in a resource group of which nothing else is known.
pub async fn group(client: &Client, group: &ResourceId) -> State {
    let mut state = State::default();
    take_up(&mut state, discover::group(client, group).await);
    state
}

/// What the identity tenant has to do with a gateway whose policies were read: the applications that tokens are for
/// and those that ask for them, the user flows, and the metadata that the gateway reads.
pub async fn identity(client: &Client, state: &mut State) {
    let trusted = Trusted::of(state);
    for url in &trusted.metadata {
        take_up(state, discover::document(client, url).await);
    }
    let is_b2c = trusted
        .metadata
        .iter()
        .any(|url| url.contains(".b2clogin."));
    let (mut applications, flows) = futures::join!(
        discover::applications(client),
        discover::flows(client, is_b2c),
    );
    applications
        .found
        .retain(|(_, found)| trusted.takes_part(&found.body));
    take_up(state, applications);
    take_up(state, flows);
    keys(client, state).await;
}

/// Whose tokens the policies take.
#[derive(Default)]
struct Trusted {
    /// Addresses of OpenID metadata.
    metadata: BTreeSet<String>,
    audiences: BTreeSet<String>,
}

impl Trusted {
    fn of(state: &State) -> Self {
        let mut trusted = Self::default();
        for (_, document) in Policies::of(state).documents() {
            trusted.take_up(&document.root);
        }
        trusted
    }

    fn take_up(&mut self, element: &Element) {
        match element.name.as_str() {
            "openid-config" => {
                let url = element.attribute("url").map(|url| url.value.shown());
                self.metadata
                    .extend(url.filter(|url| url.starts_with("https://")));
            }
            "audience" => {
                let texts = element.texts().map(|text| text.shown().trim().to_owned());
                self.audiences.extend(texts);
            }
            _ => element.elements().for_each(|inner| self.take_up(inner)),
        }
    }

    fn takes_part(&self, application: &Value) -> bool {
        let is_audience = |id: &Value| id.as_str().is_some_and(|id| self.audiences.contains(id));
        let mut asked = application["requiredResourceAccess"]
            .as_array()
            .into_iter()
            .flatten();
        is_audience(&application["appId"])
            || asked.any(|access| is_audience(&access["resourceAppId"]))
    }
}

/// The keys by which tokens are signed, where the metadata says.
async fn keys(client: &Client, state: &mut State) {
    let keys = state.all("fact").filter_map(|fact| fact.text("/jwks_uri"));
    let keys: Vec<String> = keys.map(str::to_owned).collect();
    for url in keys {
        take_up(state, discover::document(client, &url).await);
    }
}

/// Beneath these stand the things of somebody else that matter.
const ROOTS: [&str; 3] = [
    "Microsoft.ApiManagement/service",
    "Microsoft.Cdn/profiles",
    "Microsoft.Web/sites",
];

fn take_up(state: &mut State, discovery: Discovery) {
    for (id, found) in discovery.found {
        state.observe(&id, &Observed::Present(found));
    }
    for (id, type_name, why) in discovery.gaps {
        state.miss(&id, &type_name, &why);
    }
}

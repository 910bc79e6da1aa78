//! What people and programs are shown of plans and applies.

mod formats;
pub(crate) mod plan;
mod progress;
mod rich;

use std::collections::BTreeSet;

use secgw::render::{Place, Target};
use secgw::resource::{
    At, Found, Graph, Live, Observed, Recommendation, Resource, ResourceId, Term, Wanted, kinds,
};
use serde_json::{Value, json};

pub(crate) fn target() -> Target {
    Target {
        place: Place::Sandbox {
            directory: ".secgw/sandbox".into(),
        },
        subscription: "00000000-0000-4000-8000-000000000001".to_owned(),
        tenant: Some("00000000-0000-4000-8000-000000000002".to_owned()),
        identity_tenant: "contosob2c.onmicrosoft.com".to_owned(),
    }
}

/// Text without its styles.
pub(crate) fn plain(text: &str) -> String {
    anstream::adapter::strip_str(text).to_string()
}

pub(crate) fn group() -> ResourceId {
    ResourceId::resource_group("00000000-0000-4000-8000-000000000001", "rg-orders-dev")
}

pub(crate) fn identity() -> ResourceId {
    group().provider(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "orders-gateway",
    )
}

pub(crate) fn service() -> ResourceId {
    group().provider("Microsoft.ApiManagement/service", "apim-orders-dev")
}

pub(crate) fn resource(id: &ResourceId, body: Value, line: u32, protect: bool) -> Resource {
    Resource {
        id: id.clone(),
        kind: kinds::of(id).unwrap(),
        wanted: Wanted::Body(Term::from(body)),
        depends_on: BTreeSet::new(),
        serves: BTreeSet::from([Recommendation::R1, Recommendation::R5]),
        source: At::new("gateway", &"environments/dev.yaml".into(), line, 1),
        protect,
    }
}

pub(crate) fn graph(resources: Vec<Resource>) -> Graph {
    Graph::new("orders", resources).unwrap()
}

pub(crate) fn live(found: &[(&ResourceId, Value)]) -> Live {
    let mut live = Live::default();
    for (id, body) in found {
        let found = Found {
            body: body.clone(),
            etag: None,
            object: None,
        };
        live.resources
            .insert((*id).clone(), Observed::Present(found));
    }
    live
}

pub(crate) fn location() -> Value {
    json!({ "location": "westeurope" })
}

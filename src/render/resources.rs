//! The desired graph as data, and the gateway policies in it as XML: `secgw render --arm` and `--policy`.

use serde_json::{Value, json};

use super::plan_json::FORMAT_VERSION;
use super::value;
use crate::resource::{Graph, Resource, Wanted};

/// The name by which the policy for all APIs is asked for.
pub const GLOBAL: &str = "global";

/// Every resource, dependencies before dependents.
pub fn json(graph: &Graph) -> Value {
    let resources: Vec<Value> = graph
        .in_order()
        .map(|resource| entry(graph, resource))
        .collect();
    json!({
        "format_version": FORMAT_VERSION,
        "secgw_version": env!("CARGO_PKG_VERSION"),
        "spec": graph.owner,
        "resources": resources,
    })
}

fn entry(graph: &Graph, resource: &Resource) -> Value {
    let Resource {
        id,
        kind,
        wanted,
        depends_on: _,
        serves,
        source,
        protect,
    } = resource;
    let (state, body) = match wanted {
        Wanted::Body(body) => ("present", Some(body)),
        Wanted::Given(body) => ("given", Some(body)),
        Wanted::Absent => ("absent", None),
        Wanted::Cleared { .. } => ("cleared", None),
    };
    json!({
        "address": id,
        "type": kind.type_name,
        "api_version": kind.api_version,
        "layer": kind.layer,
        "wanted": state,
        "body": body,
        "depends_on": graph.dependencies(resource),
        "serves": serves,
        "protect": protect,
        "source": source,
    })
}

/// What a policy can be asked for by: the names of the APIs, and [`GLOBAL`].
pub fn policies(graph: &Graph) -> Vec<String> {
    graph.iter().filter_map(owner).collect()
}

/// One policy document; a value that Azure makes is shown by its source.
pub fn policy(graph: &Graph, name: &str) -> Option<String> {
    let resource = graph
        .iter()
        .find(|resource| owner(resource).as_deref() == Some(name))?;
    let text = value::text(resource.body()?.at("/properties/value")?)?;
    Some(format!("{}\n", text.trim_end()))
}

fn owner(resource: &Resource) -> Option<String> {
    match resource.kind.type_name {
        "Microsoft.ApiManagement/service/policies" => Some(GLOBAL.to_owned()),
        "Microsoft.ApiManagement/service/apis/policies" => {
            Some(resource.id.parent()?.name().to_owned())
        }
        _ => None,
    }
}

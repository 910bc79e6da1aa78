//! What a user named on the command line, found in a graph; and what is said where it is not there.

use super::error::Error;
use crate::controls;
use crate::render::label;
use crate::resource::address::{self, Meant};
use crate::resource::{Graph, Resource, ResourceId};
use crate::text::{list_of_names, nearest};

/// So many candidates are named before the rest is counted.
const FEW: usize = 8;

pub(super) fn no_control(what: &str, no_spec: &str) -> Error {
    let ids = controls::all().map(|control| control.id);
    let hint = match nearest(what, ids) {
        Some(near) => format!("did you mean `{near}`? `secgw check -v` lists all controls"),
        None => format!("for a resource, {no_spec}; `secgw check -v` lists all controls"),
    };
    Error::usage(format!("there is no control `{what}`"), hint)
}

pub(super) fn resource<'a>(what: &str, graph: &'a Graph) -> Result<&'a Resource, Error> {
    let ids = || graph.iter().map(|resource| &resource.id);
    let found = match address::find(what, ids()) {
        Meant::None => by_name(what, graph),
        found => found,
    };
    match found {
        Meant::One(id) => graph.get(id).ok_or_else(|| no_resource(what, graph)),
        Meant::Any(ids) => Err(ambiguous(what, graph, &ids)),
        Meant::None => Err(no_resource(what, graph)),
    }
}

/// As plans print it: `API policy apim-orders/orders/policy`, or without the noun.
fn by_name<'a>(what: &str, graph: &'a Graph) -> Meant<'a> {
    let wanted = what.split_once('#').map_or(what, |(name, _)| name);
    let is_meant = |id: &&ResourceId| label::resource(id) == wanted || label::name(id) == wanted;
    let ids = graph.iter().map(|resource| &resource.id);
    let found: Vec<&ResourceId> = ids.filter(is_meant).collect();
    match found.as_slice() {
        [] => Meant::None,
        [only] => Meant::One(only),
        _ => Meant::Any(found),
    }
}

fn ambiguous(what: &str, graph: &Graph, meant: &[&ResourceId]) -> Error {
    let ends = address::unique_ends(graph.iter().map(|resource| &resource.id));
    let names = meant.iter().filter_map(|id| ends.get(id)?.first());
    let names: Vec<&String> = names.take(FEW).collect();
    let more = match meant.len().checked_sub(names.len()) {
        None | Some(0) => String::new(),
        Some(more) => format!(" ({more} more)"),
    };
    Error::usage(
        format!(
            "`{what}` means {} resources of {}",
            meant.len(),
            graph.owner
        ),
        format!("say more of it: {}{more}", list_of_names(names)),
    )
}

fn no_resource(what: &str, graph: &Graph) -> Error {
    let ends = address::unique_ends(graph.iter().map(|resource| &resource.id));
    let ends = ends.values().flatten().map(String::as_str);
    let controls = controls::all().map(|control| control.id);
    let hint = match nearest(what, ends.chain(controls)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`secgw graph` draws all resources, `secgw check -v` lists all controls".to_owned(),
    };
    let message = format!(
        "there is no resource `{what}` in {}, and no such control",
        graph.owner
    );
    Error::usage(message, hint)
}

pub(super) fn no_property(text: &str, resource: &Resource, near: Option<&str>) -> Error {
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`secgw render --arm` shows all that is wanted of it".to_owned(),
    };
    let name = label::resource(&resource.id);
    Error::usage(format!("nothing is said of `{text}` of {name}"), hint)
}

//! What a user named on the command line, found in a graph; and what is said where it is not there.

use std::collections::BTreeSet;

use super::error::Error;
use crate::controls;
use crate::plan::Selection;
use crate::render::label;
use crate::resource::address::{self, Meant};
use crate::resource::{Graph, Pattern, Resource, ResourceId};
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
        Meant::None => by_name(what, ids()),
        found => found,
    };
    match found {
        Meant::One(id) => graph.get(id).ok_or_else(|| no_resource(what, graph)),
        Meant::Any(found) => Err(ambiguous(what, &graph.owner, ids(), &found)),
        Meant::None => Err(no_resource(what, graph)),
    }
}

/// As plans print it: `API policy apim-orders/orders/policy`, or without the noun.
fn by_name<'a>(what: &str, ids: impl Iterator<Item = &'a ResourceId>) -> Meant<'a> {
    let wanted = what.split_once('#').map_or(what, |(name, _)| name);
    let is_meant = |id: &&ResourceId| label::resource(id) == wanted || label::name(id) == wanted;
    let found: Vec<&ResourceId> = ids.filter(is_meant).collect();
    match found.as_slice() {
        [] => Meant::None,
        [only] => Meant::One(only),
        _ => Meant::Any(found),
    }
}

fn ambiguous<'a>(
    what: &str,
    spec: &str,
    ids: impl Iterator<Item = &'a ResourceId>,
    meant: &[&ResourceId],
) -> Error {
    let ends = address::unique_ends(ids);
    let names = meant.iter().filter_map(|id| ends.get(id)?.first());
    let names: Vec<&String> = names.take(FEW).collect();
    let more = match meant.len().checked_sub(names.len()) {
        None | Some(0) => String::new(),
        Some(more) => format!(" ({more} more)"),
    };
    Error::usage(
        format!("`{what}` means {} resources of {spec}", meant.len()),
        format!("say more of it: {}{more}", list_of_names(names)),
    )
}

/// The part of a plan that is wanted, where resources may also be named as plans print them.
pub(super) fn selection(
    wanted: &Selection,
    ids: &BTreeSet<&ResourceId>,
    spec: &str,
) -> Result<Selection, Error> {
    let meant = |patterns: &[Pattern]| -> Result<Vec<Pattern>, Error> {
        let meant = patterns.iter().map(|pattern| meant(pattern, ids, spec));
        meant.collect()
    };
    Ok(Selection {
        target: meant(&wanted.target)?,
        exclude: meant(&wanted.exclude)?,
    })
}

fn meant(pattern: &Pattern, ids: &BTreeSet<&ResourceId>, spec: &str) -> Result<Pattern, Error> {
    let ids = || ids.iter().copied();
    if ids().any(|id| pattern.covers(id)) {
        return Ok(pattern.clone());
    }
    let what = pattern.as_str();
    let unknown = || {
        Error::usage(
            format!("`{what}` means no resource of {spec}"),
            not_there(what, ids()),
        )
    };
    match by_name(what, ids()) {
        Meant::One(id) => Pattern::parse(id.as_str()).ok_or_else(unknown),
        Meant::Any(found) => Err(ambiguous(what, spec, ids(), &found)),
        Meant::None => Err(unknown()),
    }
}

/// What may have been meant, among the ways in which resources can be named.
fn not_there<'a>(what: &str, ids: impl Iterator<Item = &'a ResourceId> + Clone) -> String {
    let names = ids
        .clone()
        .flat_map(|id| [label::resource(id), label::name(id)]);
    let ends = address::unique_ends(ids).into_values().flatten();
    let all: Vec<String> = ends.chain(names).collect();
    match nearest(what, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "write it as the plan prints it, such as `API apim-orders/orders`, or the end of its address, such as `apis/orders`; `*` stands for anything between two slashes".to_owned(),
    }
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

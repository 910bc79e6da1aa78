//! What ARM answers itself: subscriptions, tenants, locations, resource providers, name checks.

use serde_json::{Value, json};

use super::{location, refused};
use crate::sandbox::behaviour::apim;
use crate::sandbox::entra::Caller;
use crate::sandbox::message::{Method, Request, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::world::World;

/// A POST on a provider in a subscription.
pub(crate) type Action = fn(&World, &Value) -> Response;

pub(crate) fn action(namespace: &str, name: &str) -> Option<Action> {
    let key = format!("{namespace}/{name}").to_lowercase();
    match key.as_str() {
        "microsoft.apimanagement/checknameavailability" => Some(apim::check_name),
        _ => None,
    }
}

pub(crate) fn handle(
    world: &mut World,
    request: &Request,
    caller: &Caller,
) -> Result<Response, Refusal> {
    let lower = request.path.trim_matches('/').to_lowercase();
    let segments: Vec<&str> = lower.split('/').collect();
    match (request.method, segments.as_slice()) {
        (Method::Get, ["tenants"]) => Ok(tenants(caller)),
        (Method::Get, ["subscriptions"]) => Ok(subscriptions(world, caller)),
        (Method::Get, ["subscriptions", id]) => {
            guid(id)?;
            Ok(Response::json(200, subscription(id, caller)))
        }
        (Method::Get, ["subscriptions", id, "locations"]) => Ok(locations(id)),
        (Method::Get, ["subscriptions", id, "providers"]) => Ok(providers(world, id)),
        (Method::Get, ["subscriptions", id, "providers", namespace])
        | (Method::Post, ["subscriptions", id, "providers", namespace, "register"]) => {
            provider(world, id, namespace)
        }
        (Method::Get, ["subscriptions", .., "resources"]) => {
            let scope = request.path.trim_end_matches('/');
            Ok(resources(world, scope.trim_end_matches("/resources")))
        }
        (Method::Post, ["subscriptions", _, "providers", namespace, name]) => {
            let sent = request.json().map_err(|error| refused::malformed(&error))?;
            let action = action(namespace, name).ok_or_else(|| unknown(request))?;
            Ok(action(world, &sent))
        }
        _ => Err(unknown(request)),
    }
}

fn unknown(request: &Request) -> Refusal {
    Refusal::gateway(
        404,
        "NotFound",
        format!(
            "No HTTP resource was found that matches the request URI '{}'.",
            request.path
        ),
    )
}

/// Any GUID is a subscription the caller owns: a spec written for a real one runs in the sandbox.
fn guid(id: &str) -> Result<(), Refusal> {
    match uuid::Uuid::parse_str(id) {
        Ok(_) => Ok(()),
        Err(_) => Err(Refusal::gateway(
            400,
            "InvalidSubscriptionId",
            format!("The provided subscription identifier '{id}' is malformed or invalid."),
        )),
    }
}

const DEFAULT_SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";

fn tenants(caller: &Caller) -> Response {
    let tenant = &caller.tenant;
    let value = json!({ "id": format!("/tenants/{tenant}"), "tenantId": tenant, "displayName": "secgw sandbox", "tenantCategory": "Home" });
    Response::json(200, json!({ "value": [value] }))
}

fn subscription(id: &str, caller: &Caller) -> Value {
    json!({
        "id": format!("/subscriptions/{id}"), "subscriptionId": id, "displayName": "secgw sandbox", "state": "Enabled",
        "tenantId": caller.tenant, "authorizationSource": "RoleBased",
        "subscriptionPolicies": { "locationPlacementId": "Public_2014-09-01", "quotaId": "PayAsYouGo_2014-09-01", "spendingLimit": "Off" },
    })
}

fn subscriptions(world: &World, caller: &Caller) -> Response {
    let groups = world
        .store
        .of_kind("/subscriptions", "Microsoft.Resources/resourceGroups");
    let mut ids: Vec<String> = groups
        .filter_map(|group| group.id.split('/').nth(2).map(str::to_lowercase))
        .chain([DEFAULT_SUBSCRIPTION.to_owned()])
        .collect();
    ids.sort_unstable();
    ids.dedup();
    let value: Vec<Value> = ids.iter().map(|id| subscription(id, caller)).collect();
    Response::json(
        200,
        json!({ "value": value, "count": { "type": "Total", "value": value.len() } }),
    )
}

fn locations(id: &str) -> Response {
    let value: Vec<Value> = location::names()
        .map(|(name, display)| {
            json!({
                "id": format!("/subscriptions/{id}/locations/{name}"), "name": name, "type": "Region",
                "displayName": display, "regionalDisplayName": display,
            })
        })
        .collect();
    Response::json(200, json!({ "value": value }))
}

fn providers(world: &World, id: &str) -> Response {
    let value: Vec<Value> = world
        .catalogue
        .namespaces()
        .into_iter()
        .map(|namespace| described(world, id, namespace))
        .collect();
    Response::json(200, json!({ "value": value }))
}

fn provider(world: &World, id: &str, namespace: &str) -> Result<Response, Refusal> {
    let known = world
        .catalogue
        .namespaces()
        .into_iter()
        .find(|known| known.eq_ignore_ascii_case(namespace));
    match known {
        Some(known) => Ok(Response::json(200, described(world, id, known))),
        None => Err(Refusal::gateway(
            404,
            "InvalidResourceNamespace",
            format!("The resource namespace '{namespace}' is invalid."),
        )),
    }
}

fn described(world: &World, id: &str, namespace: &str) -> Value {
    let types: Vec<Value> = world
        .catalogue
        .types(namespace)
        .into_iter()
        .map(|(name, row)| {
            let versions: Vec<&str> = row.versions.iter().rev().copied().collect();
            let locations: Vec<&str> = location::names().map(|(_, display)| *display).collect();
            json!({ "resourceType": name, "locations": locations, "apiVersions": versions, "defaultApiVersion": versions.first(), "capabilities": "None" })
        })
        .collect();
    json!({
        "id": format!("/subscriptions/{id}/providers/{namespace}"), "namespace": namespace,
        "registrationPolicy": "RegistrationRequired", "registrationState": "Registered", "resourceTypes": types,
    })
}

/// The generic list: what tracked resources there are.
fn resources(world: &World, scope: &str) -> Response {
    let value: Vec<Value> = world
        .store
        .below(scope)
        .filter(|object| world.catalogue.row(&object.kind).is_some() && object.body["location"].is_string())
        .filter(|object| !object.kind.ends_with("/resourceGroups"))
        .map(|object| {
            let name = object.id.rsplit('/').next();
            json!({ "id": object.id, "name": name, "type": object.kind, "location": object.body["location"], "tags": object.body["tags"] })
        })
        .collect();
    Response::json(200, json!({ "value": value }))
}

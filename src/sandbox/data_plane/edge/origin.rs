//! The way to the origin: which one, what the request is told on the way, and how it gets there.

use serde_json::Value;

use super::route::Route;
use super::{client_address, profile_of, unavailable, within};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply, Scheme, Tls, TlsVersion, Via};
use crate::sandbox::data_plane::hosts::{name, text};
use crate::sandbox::data_plane::source::FRONT_DOOR;
use crate::sandbox::store::{Object, Store};

const ORIGIN: &str = "Microsoft.Cdn/profiles/originGroups/origins";

/// Front Door's own headers: what a client sends of them does not pass (documented for `X-FD-*`; for `X-Azure-*` the
/// values are Front Door's, so a client's are replaced).
pub(super) fn prepare(plane: &Plane, profile: &str, call: &mut Call, reference: &str) {
    let client = client_address(call);
    let socket = call.source.to_string();
    let forwarded = match call.header("x-forwarded-for") {
        Some(before) => format!("{before}, {socket}"),
        None => socket.clone(),
    };
    call.headers.retain(|(name, _)| {
        let name = name.to_lowercase();
        !name.starts_with("x-fd-") && !name.starts_with("x-azure-")
    });
    let own = profile_of(plane, profile)
        .map_or("", |object| text(&object.body, "/properties/frontDoorId"));
    let (host, scheme) = (call.host.clone(), call.scheme.as_str());
    for (name, value) in [
        ("X-Azure-FDID", own),
        ("X-Azure-SocketIP", &socket),
        ("X-Azure-ClientIP", &client),
        ("X-Azure-Ref", reference),
        ("X-Azure-RequestChain", "hops=1"),
        ("X-Forwarded-For", &forwarded),
        ("X-Forwarded-Host", &host),
        ("X-Forwarded-Proto", scheme),
        ("Via", "HTTP/1.1 Azure"),
    ] {
        call.set_header(name, value);
    }
}

pub(super) fn send(
    plane: &mut Plane,
    profile: &str,
    route: &Route,
    overridden: Option<&Value>,
    call: Call,
) -> Reply {
    let override_group = overridden.map(|over| &over["originGroupOverride"]);
    let group = override_group
        .map(|over| text(over, "/originGroup/id"))
        .filter(|id| !id.is_empty())
        .unwrap_or_else(|| text(route.properties, "/originGroup/id"));
    let store = plane.store;
    let Some(origin) = within(plane, profile, group).and_then(|group| pick(store, &group.id))
    else {
        return unavailable(503);
    };
    let protocol = override_group
        .map(|over| text(over, "/forwardingProtocol"))
        .filter(|protocol| !protocol.is_empty())
        .unwrap_or_else(|| text(route.properties, "/forwardingProtocol"));
    let via = match connection(plane, profile, origin) {
        Ok(connection) => Via::FrontDoor {
            profile: profile.to_owned(),
            connection,
        },
        // Documented: error pages until the target's owner approves.
        Err(NotApproved) => return unavailable(502),
    };
    let host = text(&origin.body, "/properties/hostName").to_lowercase();
    let forwarded = onward(route, &origin.body["properties"], protocol, via, call);
    let reply = plane.send_to(&host, forwarded);
    if reply.is_closed() {
        return unavailable(503);
    }
    if reply.header("x-cache").is_some() {
        return reply;
    }
    reply.with("X-Cache", "CONFIG_NOCACHE")
}

fn onward(route: &Route, origin: &Value, protocol: &str, via: Via, call: Call) -> Call {
    let scheme = match protocol {
        "HttpOnly" => Scheme::Http,
        "HttpsOnly" => Scheme::Https,
        _ => call.scheme,
    };
    let named = text(origin, "/hostName").to_lowercase();
    let host = match text(origin, "/originHostHeader") {
        "" => call.host.clone(),
        host => host.to_lowercase(),
    };
    Call {
        target: with_origin_path(route, &call),
        scheme,
        host,
        source: FRONT_DOOR.into(),
        via,
        tls: (scheme == Scheme::Https).then_some(Tls {
            version: TlsVersion::Tls13,
            server_name: Some(named),
        }),
        hops: call.hops + 1,
        ..call
    }
}

/// Documented: the origin path takes the place of what the pattern matched before its wildcard.
fn with_origin_path(route: &Route, call: &Call) -> String {
    let path = text(route.properties, "/originPath").trim_end_matches(['*', '/']);
    if path.is_empty() {
        return call.target.clone();
    }
    let patterns = route.properties["patternsToMatch"].as_array();
    let prefixes = patterns
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter_map(|pattern| pattern.strip_suffix('*'));
    let prefix = prefixes
        .filter(|prefix| {
            let start = call.target.get(..prefix.len());
            start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        })
        .max_by_key(|prefix| prefix.len())
        .unwrap_or("/");
    format!("{path}/{}", &call.target[prefix.len()..])
}

/// The enabled origin that comes first: lowest priority, then by name.
fn pick<'a>(store: &'a Store, group: &str) -> Option<&'a Object> {
    store
        .of_kind(group, ORIGIN)
        .filter(|origin| text(&origin.body, "/properties/enabledState") == "Enabled")
        .min_by_key(|origin| origin.body["properties"]["priority"].as_i64().unwrap_or(1))
}

struct NotApproved;

/// The private endpoint connection of an origin that has one: its endpoint is in a resource group named after the profile.
fn connection(
    plane: &Plane,
    profile: &str,
    origin: &Object,
) -> Result<Option<String>, NotApproved> {
    let link = &origin.body["properties"]["sharedPrivateLinkResource"];
    if link.is_null() {
        return Ok(None);
    }
    let target = text(link, "/privateLink/id");
    let own = profile_of(plane, profile)
        .map_or("", |object| text(&object.body, "/properties/frontDoorId"));
    let store = plane.store;
    store
        .below(target)
        .filter(|object| name(&object.kind).eq_ignore_ascii_case("privateEndpointConnections"))
        .filter(|object| {
            let endpoint = text(&object.body, "/properties/privateEndpoint/id");
            endpoint.contains(&format!("/eafd-{own}/"))
        })
        .find(|object| {
            let state = "/properties/privateLinkServiceConnectionState/status";
            text(&object.body, state) == "Approved"
        })
        .map(|object| Some(object.id.clone()))
        .ok_or(NotApproved)
}

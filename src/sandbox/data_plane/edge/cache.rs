//! The edge's cache, where a route has one (documented, learn.microsoft.com/azure/frontdoor/front-door-caching): replies
//! to GET that do not say otherwise are kept and given to whoever asks for the same URL, tokens or no tokens.

use std::collections::BTreeMap;

use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::route::Route;
use super::rules::{Directions, listed};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply};
use crate::sandbox::data_plane::hosts::text;

/// Kept replies by route and URL, and until when.
#[derive(Debug, Default)]
pub(in crate::sandbox::data_plane) struct Cache(
    BTreeMap<(String, String), (OffsetDateTime, Reply)>,
);

/// Documented: one to three days, where the origin does not say.
const DEFAULT_LIFE: Duration = Duration::days(1);

/// Kept replies at most: the sandbox is no place to store things.
const MOST: usize = 256;

pub(super) fn through(
    plane: &mut Plane,
    route: &Route,
    directions: &Directions,
    call: Call,
    fetch: impl FnOnce(&mut Plane, Call) -> Reply,
) -> Reply {
    let over = directions
        .overridden
        .map(|over| &over["cacheConfiguration"]);
    let settings = over
        .filter(|settings| settings.is_object())
        .unwrap_or(&route.properties["cacheConfiguration"]);
    if settings.is_null() || call.method != "GET" {
        return fetch(plane, call);
    }
    let key = (route.id.to_lowercase(), url(&call, settings));
    let now = plane.now;
    if let Some((until, kept)) = plane.counters.cache.0.get(&key)
        && *until > now
    {
        let mut hit = kept.clone();
        hit.set_header("X-Cache", "TCP_HIT");
        return hit;
    }
    let mut reply = fetch(plane, call);
    if let Some(life) = life(&reply) {
        // Documented: what is kept for all has nobody's cookie.
        reply.remove_header("set-cookie");
        reply.set_header("X-Cache", "TCP_MISS");
        let kept = &mut plane.counters.cache.0;
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, (now + life, reply.clone()));
    }
    reply
}

fn url(call: &Call, settings: &Value) -> String {
    let named = listed(&settings["queryParameters"]);
    let keeps = |name: &str| match text(settings, "/queryStringCachingBehavior") {
        "UseQueryString" => true,
        "IgnoreSpecifiedQueryStrings" => !named.contains(&name),
        "IncludeSpecifiedQueryStrings" => named.contains(&name),
        _ => false,
    };
    let query: Vec<&str> = call
        .query()
        .split('&')
        .filter(|pair| keeps(pair.split('=').next().unwrap_or_default()))
        .collect();
    format!("{}{}?{}", call.host, call.path(), query.join("&"))
}

/// How long a reply may be kept; none: not at all.
fn life(reply: &Reply) -> Option<Duration> {
    if reply.status != 200 {
        return None;
    }
    let control = reply
        .header("cache-control")
        .unwrap_or_default()
        .to_lowercase();
    let directives: Vec<&str> = control.split(',').map(str::trim).collect();
    if ["private", "no-cache", "no-store"]
        .iter()
        .any(|word| directives.contains(word))
    {
        return None;
    }
    let seconds = ["s-maxage=", "max-age="].iter().find_map(|name| {
        directives
            .iter()
            .find_map(|directive| directive.strip_prefix(name)?.parse().ok())
    });
    match seconds {
        Some(0) => None,
        Some(seconds) => Some(Duration::seconds(seconds)),
        None => Some(DEFAULT_LIFE),
    }
}

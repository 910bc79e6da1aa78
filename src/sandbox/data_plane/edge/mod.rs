//! Front Door: firewall, route, rules, cache, origin, in this order (documented in its routing architecture).
//!
//! Left out, as nothing that secgw proves depends on it: load balancing by latency and weight, health probes (all enabled
//! origins count as healthy), session affinity, compression, ranges.

mod cache;
mod condition;
mod firewall;
mod managed;
mod origin;
mod route;
mod rules;

use uuid::Uuid;

use super::Plane;
use super::call::{Call, Reply, Scheme};
use super::hosts::{DOMAIN, ENDPOINT, covers, text};
use crate::sandbox::store::Object;

pub(super) use cache::Cache;
pub(super) use firewall::Windows;

/// Documented limits: 8,192 bytes of URL, 64 KB of headers.
const LONGEST_TARGET: usize = 8 * 1024;
const MOST_HEADERS: usize = 64 * 1024;

pub(super) fn answer(plane: &mut Plane, profile: &str, call: Call) -> Reply {
    let reference = Uuid::new_v4().simple().to_string();
    let is_debugged = call.header("x-azure-debuginfo") == Some("1");
    let mut reply = serve(plane, profile, call, &reference);
    if !reply.is_closed() {
        reply.set_header("x-azure-ref", reference);
        if is_debugged && reply.header("x-cache").is_some() {
            let status = reply.status.to_string();
            reply.set_header("X-Azure-OriginStatusCode", status);
        }
    }
    reply
}

fn serve(plane: &mut Plane, profile: &str, call: Call, reference: &str) -> Reply {
    if call.led_to() != call.host {
        // Documented: since 2024 a name in the handshake other than the Host header is refused.
        return Reply::text(421, "SSLMismatchedSNI");
    }
    let headers: usize = call
        .headers
        .iter()
        .map(|(name, value)| name.len() + value.len() + 4)
        .sum();
    if call.target.len() > LONGEST_TARGET || headers > MOST_HEADERS || !is_method(&call.method) {
        return error(400, "Bad Request");
    }
    let Some(domain) = domain(plane, profile, &call.host) else {
        return unavailable(404);
    };
    match firewall::judge(plane, profile, domain, &call) {
        firewall::Judgement::Pass => {}
        firewall::Judgement::Stop(reply) => return *reply,
    }
    let Some(route) = route::find(plane.store, profile, domain, &call) else {
        return unavailable(404);
    };
    if !route.takes(call.scheme) {
        return unavailable(400);
    }
    if call.scheme == Scheme::Http && route.redirects() {
        let to = format!("https://{}{}", call.host, call.target);
        return Reply::empty(307).with("Location", to);
    }
    rules::apply(plane, profile, &route, call, reference)
}

/// Front Door forwards what it knows as a method; CONNECT and TRACE end here (inferred).
fn is_method(method: &str) -> bool {
    !["CONNECT", "TRACE"].contains(&method)
}

/// The endpoint or custom domain that the host is, when it serves.
fn domain<'a>(plane: &Plane<'a>, profile: &str, host: &str) -> Option<&'a Object> {
    let store = plane.store;
    let mut all = store
        .of_kind(profile, ENDPOINT)
        .chain(store.of_kind(profile, DOMAIN));
    let found = all.find(|object| covers(text(&object.body, "/properties/hostName"), host))?;
    let is_serving = match found.kind.as_str() {
        ENDPOINT => text(&found.body, "/properties/enabledState") != "Disabled",
        _ => text(&found.body, "/properties/domainValidationState") == "Approved",
    };
    is_serving.then_some(found)
}

/// Front Door's own page, for whatever it cannot lead anywhere.
fn unavailable(status: u16) -> Reply {
    error(status, "Our services aren't available right now")
}

fn error(status: u16, title: &str) -> Reply {
    Reply::html(
        status,
        format!("<!DOCTYPE html><title>{title}</title><h2>{title}</h2>\n"),
    )
    .with("X-Cache", "CONFIG_NOCACHE")
}

/// Whether a path is one of the patterns: `/*`, `/a/*`, `/a/b`. Documented: without regard to case, the most specific
/// counts; the number is how specific.
fn specificity(patterns: &serde_json::Value, path: &str) -> Option<usize> {
    let path = path.to_lowercase();
    let patterns = patterns.as_array().into_iter().flatten();
    patterns
        .filter_map(serde_json::Value::as_str)
        .filter_map(|pattern| {
            let pattern = pattern.to_lowercase();
            match pattern.strip_suffix('*') {
                Some(prefix) => {
                    let is_in = path.starts_with(prefix) || format!("{path}/") == prefix;
                    is_in.then_some(2 * prefix.len())
                }
                None => (pattern == path).then_some(2 * pattern.len() + 1),
            }
        })
        .max()
}

/// The simulated client address as `X-Azure-ClientIP` and `RemoteAddr` mean it: what the client itself says, where it does.
fn client_address(call: &Call) -> String {
    let said = call.header("x-forwarded-for").unwrap_or_default();
    let first = said.split(',').next().unwrap_or_default().trim();
    match first.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_string(),
        Err(_) => call.source.to_string(),
    }
}

/// The profile's object.
fn profile_of<'a>(plane: &Plane<'a>, profile: &str) -> Option<&'a Object> {
    let store = plane.store;
    store.get(profile)
}

/// The id's object when it is below the profile.
fn within<'a>(plane: &Plane<'a>, profile: &str, id: &str) -> Option<&'a Object> {
    let is_own = id
        .to_lowercase()
        .starts_with(&format!("{}/", profile.to_lowercase()));
    let store = plane.store;
    is_own.then(|| store.get(id)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_most_specific_pattern_of_a_path_counts() {
        let cases = [
            (json!(["/*"]), "/orders", Some(2)),
            (json!(["/*", "/Orders/*"]), "/orders/1", Some(16)),
            (json!(["/orders/*"]), "/orders", Some(16)),
            (json!(["/orders"]), "/orders", Some(15)),
            (json!(["/orders"]), "/orders/1", None),
            (json!(["/orders/*"]), "/ordersx", None),
        ];
        for (patterns, path, expected) in cases {
            assert_eq!(specificity(&patterns, path), expected, "{patterns} {path}");
        }
    }
}

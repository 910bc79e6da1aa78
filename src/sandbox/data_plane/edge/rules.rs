//! Rule sets: what happens to a request before it goes to the origin, and to the reply on its way back.

use serde_json::Value;

use super::condition::{Comparison, strings};
use super::firewall::{cookies, form};
use super::route::Route;
use super::{cache, client_address, origin, within};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply, TlsVersion};
use crate::sandbox::data_plane::hosts::text;

const RULE: &str = "Microsoft.Cdn/profiles/ruleSets/rules";

/// A change to a header of the request or the reply.
struct HeaderChange<'a> {
    action: &'a str,
    name: &'a str,
    value: &'a str,
}

/// What the rules that apply say, in order.
#[derive(Default)]
pub(super) struct Directions<'a> {
    to_request: Vec<HeaderChange<'a>>,
    to_reply: Vec<HeaderChange<'a>>,
    /// The target after `UrlRewrite`.
    rewritten: Option<String>,
    answered: Option<Reply>,
    /// `cacheConfiguration` and `originGroup` of a `RouteConfigurationOverride`.
    pub(super) overridden: Option<&'a Value>,
}

pub(super) fn apply(
    plane: &mut Plane,
    profile: &str,
    route: &Route,
    mut call: Call,
    reference: &str,
) -> Reply {
    let mut directions = match directions(plane, profile, route, &call) {
        Ok(directions) => directions,
        Err(what) => return Reply::cannot_evaluate(&what),
    };
    let mut reply = if let Some(reply) = directions.answered.take() {
        reply
    } else {
        if let Some(target) = directions.rewritten.take() {
            call.target = target;
        }
        cache::through(plane, route, &directions, call, |plane, mut call| {
            origin::prepare(plane, profile, &mut call, reference);
            for change in &directions.to_request {
                change.apply(&mut call.headers);
            }
            origin::send(plane, profile, route, directions.overridden, call)
        })
    };
    if !reply.is_closed() {
        for change in &directions.to_reply {
            change.apply(&mut reply.headers);
        }
    }
    reply
}

impl HeaderChange<'_> {
    fn apply(&self, headers: &mut Vec<(String, String)>) {
        let is_named = |(name, _): &(String, String)| name.eq_ignore_ascii_case(self.name);
        match self.action {
            "Delete" => headers.retain(|header| !is_named(header)),
            "Append" if headers.iter().any(is_named) => {
                if let Some((_, value)) = headers.iter_mut().find(|header| is_named(header)) {
                    value.push_str(self.value);
                }
            }
            _ => {
                headers.retain(|header| !is_named(header));
                headers.push((self.name.to_owned(), self.value.to_owned()));
            }
        }
    }
}

/// The error names what the sandbox does not know.
fn directions<'a>(
    plane: &Plane<'a>,
    profile: &str,
    route: &Route,
    call: &Call,
) -> Result<Directions<'a>, String> {
    let mut directions = Directions::default();
    let store = plane.store;
    let sets = route.properties["ruleSets"].as_array();
    for set in sets.into_iter().flatten() {
        let Some(set) = within(plane, profile, text(set, "/id")) else {
            continue;
        };
        let mut rules: Vec<_> = store.of_kind(&set.id, RULE).collect();
        rules.sort_by_key(|rule| rule.body["properties"]["order"].as_i64());
        for rule in rules {
            let properties = &rule.body["properties"];
            if !applies(properties, call).ok_or_else(|| format!("the conditions of {}", rule.id))? {
                continue;
            }
            let actions = properties["actions"].as_array().into_iter().flatten();
            for action in actions {
                direct(&mut directions, action, call).ok_or_else(|| {
                    format!("the action {} of {}", text(action, "/name"), rule.id)
                })?;
            }
            if properties["matchProcessingBehavior"] == "Stop" {
                break;
            }
        }
    }
    Ok(directions)
}

fn direct<'a>(directions: &mut Directions<'a>, action: &'a Value, call: &Call) -> Option<()> {
    let parameters = &action["parameters"];
    let change = HeaderChange {
        action: text(parameters, "/headerAction"),
        name: text(parameters, "/headerName"),
        value: text(parameters, "/value"),
    };
    match text(action, "/name") {
        "ModifyRequestHeader" => directions.to_request.push(change),
        "ModifyResponseHeader" => directions.to_reply.push(change),
        "UrlRedirect" => {
            directions
                .answered
                .get_or_insert_with(|| redirect(parameters, call));
        }
        "UrlRewrite" => directions.rewritten = Some(rewrite(parameters, call)),
        "RouteConfigurationOverride" => directions.overridden = Some(parameters),
        _ => return None,
    }
    Some(())
}

fn redirect(parameters: &Value, call: &Call) -> Reply {
    let status = match text(parameters, "/redirectType") {
        "Moved" => 301,
        "TemporaryRedirect" => 307,
        "PermanentRedirect" => 308,
        _ => 302,
    };
    let scheme = match text(parameters, "/destinationProtocol") {
        "Http" => "http",
        "Https" => "https",
        _ => call.scheme.as_str(),
    };
    let or = |pointer: &str, own: &str| match text(parameters, pointer) {
        "" => own.to_owned(),
        said => said.to_owned(),
    };
    let host = or("/customHostname", &call.host);
    let path = or("/customPath", call.path());
    let query = or("/customQueryString", call.query());
    let joint = if query.is_empty() { "" } else { "?" };
    Reply::empty(status).with("Location", format!("{scheme}://{host}{path}{joint}{query}"))
}

fn rewrite(parameters: &Value, call: &Call) -> String {
    let pattern = text(parameters, "/sourcePattern");
    let destination = text(parameters, "/destination");
    let rest = call.path().strip_prefix(pattern);
    let path = match rest {
        None => call.path().to_owned(),
        Some(rest) if parameters["preserveUnmatchedPath"] == true => format!("{destination}{rest}"),
        Some(_) => destination.to_owned(),
    };
    match call.query() {
        "" => path,
        query => format!("{path}?{query}"),
    }
}

fn applies(rule: &Value, call: &Call) -> Option<bool> {
    let conditions = rule["conditions"].as_array().into_iter().flatten();
    for condition in conditions {
        let parameters = &condition["parameters"];
        let subjects = subjects(text(condition, "/name"), parameters, call)?;
        if !Comparison::of(parameters, "matchValues").holds(&subjects)? {
            return Some(false);
        }
    }
    Some(true)
}

fn subjects(name: &str, parameters: &Value, call: &Call) -> Option<Vec<String>> {
    let selector = text(parameters, "/selector");
    let file = call.path().rsplit('/').next().unwrap_or_default();
    Some(match name {
        "RequestMethod" => vec![call.method.clone()],
        "RequestScheme" => vec![call.scheme.as_str().to_uppercase()],
        "HostName" => vec![call.host.clone()],
        "QueryString" => vec![call.query().to_owned()],
        "RequestUri" => vec![call.url()],
        "UrlPath" => vec![call.path().trim_start_matches('/').to_owned()],
        "UrlFileName" => vec![file.to_owned()],
        "UrlFileExtension" => {
            let extension = file
                .rsplit_once('.')
                .map(|(_, extension)| extension.to_owned());
            extension.into_iter().collect()
        }
        "RequestHeader" => call
            .header(selector)
            .map(str::to_owned)
            .into_iter()
            .collect(),
        "RequestBody" => vec![String::from_utf8_lossy(&call.body).into_owned()],
        "RemoteAddress" => vec![client_address(call)],
        "SocketAddr" => vec![call.source.to_string()],
        "Cookies" => cookies(call)
            .filter(|(name, _)| *name == selector)
            .map(|(_, value)| value.to_owned())
            .collect(),
        "PostArgs" => form(call)
            .into_iter()
            .filter(|(name, _)| name == selector)
            .map(|(_, value)| value)
            .collect(),
        "SslProtocol" => call.tls.iter().map(|tls| protocol(tls.version)).collect(),
        _ => return None,
    })
}

fn protocol(version: TlsVersion) -> String {
    match version {
        TlsVersion::Tls10 => "TLSv1",
        TlsVersion::Tls11 => "TLSv1.1",
        TlsVersion::Tls12 => "TLSv1.2",
        TlsVersion::Tls13 => "TLSv1.3",
    }
    .to_owned()
}

/// Names of a list that a route or an override stores as text: `a,b`.
pub(super) fn listed(value: &Value) -> Vec<&str> {
    match value.as_str() {
        Some(text) => text
            .split(',')
            .map(str::trim)
            .filter(|one| !one.is_empty())
            .collect(),
        None => strings(value),
    }
}

//! Which API and which operation a call is for.
//!
//! The API first, by the longest suffix that its address begins with, then one of its operations; there is no way back
//! from an API without a fitting operation to a shorter one. Letters of either case are the same, a slash at the end is
//! not (inferred from users' reports; the documentation says neither).

use std::collections::BTreeMap;

use super::effective::member;
use crate::sandbox::data_plane::call::{Call, Scheme};
use crate::sandbox::server::decoded;
use crate::sandbox::store::{Object, Store};

const API: &str = "Microsoft.ApiManagement/service/apis";
const OPERATION: &str = "Microsoft.ApiManagement/service/apis/operations";

pub(super) enum Lookup<'a> {
    Nothing,
    /// The API without an operation that fits.
    Api(&'a Object, Route),
    Operation(&'a Object, &'a Object, Route),
}

/// What matching took out of the address.
#[derive(Debug, Clone, Default)]
pub(super) struct Route {
    /// The path below the API, as sent, with its slash.
    pub(super) rest: String,
    pub(super) parameters: BTreeMap<String, String>,
}

/// The path as the gateway's server makes it: dots resolved, backslashes turned. None: no valid path.
pub(super) fn normal(path: &str) -> Option<Vec<String>> {
    let path = path.replace('\\', "/");
    let mut segments: Vec<String> = Vec::new();
    let mut parts = path.strip_prefix('/')?.split('/').peekable();
    while let Some(part) = parts.next() {
        let is_last = parts.peek().is_none();
        match part.replace("%2e", ".").replace("%2E", ".").as_str() {
            "." => segments.extend(is_last.then(String::new)),
            ".." => {
                segments.pop();
                segments.extend(is_last.then(String::new));
            }
            _ => segments.push(part.to_owned()),
        }
    }
    let is_valid = segments.iter().all(|segment| is_valid(segment));
    is_valid.then_some(segments)
}

/// Segments as a path again.
pub(super) fn joined(segments: &[String]) -> String {
    segments.iter().flat_map(|segment| ["/", segment]).collect()
}

/// Whole escapes, UTF-8, no control characters.
fn is_valid(segment: &str) -> bool {
    let mut escapes = segment.split('%').skip(1);
    let are_whole = escapes.all(|part| {
        part.get(..2)
            .is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
    });
    let plain = decoded(segment);
    are_whole && !plain.contains(char::REPLACEMENT_CHARACTER) && !plain.contains(char::is_control)
}

pub(super) fn find<'a>(
    store: &'a Store,
    service: &str,
    call: &Call,
    method: &str,
    path: &[String],
) -> Result<Lookup<'a>, String> {
    let Some((api, taken)) = api(store, service, call, path) else {
        return Ok(Lookup::Nothing);
    };
    match member(&api.body, "type") {
        "" | "http" => {}
        other => return Err(format!("an API of type {other}")),
    }
    let rest = &path[taken.min(path.len())..];
    let mut best: Option<(&Object, Fit)> = None;
    for operation in store.of_kind(&api.id, OPERATION) {
        let Some(fit) = fits(operation, rest, call)? else {
            continue;
        };
        let own = member(&operation.body, "method");
        if own.contains('*') {
            return Err(format!("the method {own} of an operation"));
        }
        let is_better = best.as_ref().is_none_or(|(_, known)| fit.rank < known.rank);
        if own.eq_ignore_ascii_case(method) && is_better {
            best = Some((operation, fit));
        }
    }
    let mut route = Route {
        rest: joined(rest),
        ..Route::default()
    };
    Ok(match best {
        None => Lookup::Api(api, route),
        Some((operation, fit)) => {
            route.parameters = fit.parameters;
            Lookup::Operation(api, operation, route)
        }
    })
}

/// The API and how many segments its address takes.
fn api<'a>(
    store: &'a Store,
    service: &str,
    call: &Call,
    path: &[String],
) -> Option<(&'a Object, usize)> {
    let revision = path.iter().find_map(|segment| segment.split_once(";rev="));
    let path: Vec<&str> = path
        .iter()
        .map(|segment| segment.split(";rev=").next().unwrap_or_default())
        .collect();
    let protocol = match call.scheme {
        Scheme::Http => "http",
        Scheme::Https => "https",
    };
    let candidates = store.of_kind(service, API).filter_map(|api| {
        let properties = &api.body["properties"];
        let is_asked_for = match revision {
            Some((_, number)) => properties["apiRevision"] == number,
            None => properties["isCurrent"] == true,
        };
        let mut protocols = properties["protocols"].as_array().into_iter().flatten();
        let is_spoken = protocols.any(|known| known == protocol);
        let address = address(store, api, call).filter(|_| is_asked_for && is_spoken)?;
        let taken = address.len();
        let begins = taken <= path.len()
            && address
                .iter()
                .zip(&path)
                .all(|(own, sent)| own.eq_ignore_ascii_case(&decoded(sent)));
        begins.then_some((api, taken))
    });
    // Of two with one address it is the versioned one: it asked for more.
    candidates.max_by_key(|(api, taken)| (*taken, !member(&api.body, "apiVersion").is_empty()))
}

/// The segments an API answers below; none when the call does not name its version.
fn address(store: &Store, api: &Object, call: &Call) -> Option<Vec<String>> {
    let path = member(&api.body, "path");
    let mut segments: Vec<String> = path
        .split('/')
        .filter(|segment| !segment.is_empty())
        .map(str::to_owned)
        .collect();
    let version = member(&api.body, "apiVersion");
    if version.is_empty() {
        return Some(segments);
    }
    let set = store.get(member(&api.body, "apiVersionSetId"))?;
    let named = match member(&set.body, "versioningScheme") {
        "Segment" => {
            segments.push(version.to_owned());
            return Some(segments);
        }
        "Query" => call.parameter(member(&set.body, "versionQueryName")),
        _ => call
            .header(member(&set.body, "versionHeaderName"))
            .map(str::to_owned),
    };
    (named? == version).then_some(segments)
}

struct Fit {
    /// By segment: literal 0, parameter 1, wildcard 2. The smaller the closer.
    rank: Vec<u8>,
    parameters: BTreeMap<String, String>,
}

/// Whether an operation's template fits the path below the API.
fn fits(operation: &Object, path: &[String], call: &Call) -> Result<Option<Fit>, String> {
    let template = member(&operation.body, "urlTemplate");
    let (own, query) = template.split_once('?').unwrap_or((template, ""));
    let own: Vec<&str> = own.strip_prefix('/').unwrap_or(own).split('/').collect();
    // `/` and nothing at all are the same address.
    let nothing = [String::new()];
    let path = if path.is_empty() { &nothing } else { path };
    let mut fit = Fit {
        rank: Vec::new(),
        parameters: BTreeMap::new(),
    };
    for (at, part) in own.iter().enumerate() {
        if let Some(name) = wildcard(part) {
            let rest = path.get(at..).unwrap_or_default().join("/");
            fit.rank.push(2);
            if !name.is_empty() {
                fit.parameters.insert(name.to_owned(), decoded(&rest));
            }
            return Ok(query_fits(query, call, &mut fit)?.then_some(fit));
        }
        let Some(sent) = path.get(at) else {
            return Ok(None);
        };
        match parameter(part)? {
            Some(_) if sent.is_empty() => return Ok(None),
            Some(name) => {
                fit.rank.push(1);
                fit.parameters.insert(name.to_owned(), decoded(sent));
            }
            None if part.eq_ignore_ascii_case(&decoded(sent)) => fit.rank.push(0),
            None => return Ok(None),
        }
    }
    let is_whole = own.len() == path.len();
    Ok((is_whole && query_fits(query, call, &mut fit)?).then_some(fit))
}

/// `*` and `{*name}` take all that is left; the name is empty where there is none.
fn wildcard(part: &str) -> Option<&str> {
    match part {
        "*" => Some(""),
        part => part.strip_prefix("{*")?.strip_suffix('}'),
    }
}

/// `{name}` as a whole segment; none of a literal.
fn parameter(part: &str) -> Result<Option<&str>, String> {
    let inner = part
        .strip_prefix('{')
        .and_then(|part| part.strip_suffix('}'));
    match inner {
        Some(name) if !name.contains(['{', '}', '?', '*']) => Ok(Some(name)),
        None if !part.contains(['{', '}', '*']) => Ok(None),
        Some(_) | None => Err(format!("the segment '{part}' of a URL template")),
    }
}

/// Parameters in the template's query have to be there, literals have to be equal.
fn query_fits(query: &str, call: &Call, fit: &mut Fit) -> Result<bool, String> {
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, wanted) = pair.split_once('=').unwrap_or((pair, ""));
        let Some(sent) = call.parameter(name) else {
            return Ok(false);
        };
        match parameter(wanted)? {
            Some(parameter) => {
                fit.parameters.insert(parameter.to_owned(), sent);
            }
            None if wanted == sent => {}
            None => return Ok(false),
        }
    }
    Ok(true)
}

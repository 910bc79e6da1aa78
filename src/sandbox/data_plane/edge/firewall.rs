//! The web application firewall: custom rules by priority, then managed rules (domain facts C.4).
//!
//! `SocketAddr` is the peer; `RemoteAddr` is what the client says in `X-Forwarded-For`, and so is nobody's proof. Rate
//! limits count in fixed windows, all edge servers as one. Conditions that the sandbox cannot compare (`GeoMatch`, `RegEx`)
//! are refused as such: the call is answered 501.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use time::{Duration, OffsetDateTime};

use super::condition::Comparison;
use super::{client_address, managed, route, specificity};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply};
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::store::Object;

const SECURITY: &str = "Microsoft.Cdn/profiles/securityPolicies";

/// Rate-limit rules: when a caller's window began, and its requests since.
#[derive(Debug, Default)]
pub(in crate::sandbox::data_plane) struct Windows(
    BTreeMap<(String, String), (OffsetDateTime, i64)>,
);

pub(super) enum Judgement {
    Pass,
    Stop(Box<Reply>),
}

enum Outcome {
    /// Goes on to the managed rules.
    Undecided,
    Allowed,
    Acted(Action),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    Block,
    Redirect,
    /// A page that only a browser gets past.
    Challenge,
}

impl Action {
    /// None: the rule lets the request go on.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "Block" | "AnomalyScoring" => Some(Self::Block),
            "Redirect" => Some(Self::Redirect),
            "JSChallenge" | "CAPTCHA" => Some(Self::Challenge),
            _ => None,
        }
    }
}

pub(super) fn judge(plane: &mut Plane, profile: &str, domain: &Object, call: &Call) -> Judgement {
    let Some(policy) = policy(plane, profile, domain, call) else {
        return Judgement::Pass;
    };
    let settings = &policy.body["properties"]["policySettings"];
    if settings["enabledState"] == "Disabled" {
        return Judgement::Pass;
    }
    let outcome = match custom(plane, policy, call) {
        Ok(Outcome::Undecided) => managed::first_match(&policy.body["properties"], call)
            .map_or(Outcome::Undecided, Outcome::Acted),
        Ok(decided) => decided,
        Err(what) => return Judgement::Stop(Box::new(Reply::cannot_evaluate(&what))),
    };
    match outcome {
        Outcome::Acted(action) if settings["mode"] == "Prevention" => {
            Judgement::Stop(Box::new(stopped(action, settings)))
        }
        // In Detection mode a match is logged and nothing else.
        Outcome::Acted(_) | Outcome::Undecided | Outcome::Allowed => Judgement::Pass,
    }
}

/// The policy in front of a domain and path: the most specific association counts.
fn policy<'a>(
    plane: &Plane<'a>,
    profile: &str,
    domain: &Object,
    call: &Call,
) -> Option<&'a Object> {
    let store = plane.store;
    let (_, id) = store
        .of_kind(profile, SECURITY)
        .flat_map(|security| {
            let parameters = &security.body["properties"]["parameters"];
            let id = text(parameters, "/wafPolicy/id");
            let associations = parameters["associations"].as_array();
            associations
                .into_iter()
                .flatten()
                .filter(|association| route::names(&association["domains"], &domain.id))
                .filter_map(move |association| {
                    let how = specificity(&association["patternsToMatch"], call.path())?;
                    Some((how, id))
                })
        })
        .max_by_key(|(how, _)| *how)?;
    store.get(id)
}

fn stopped(action: Action, settings: &Value) -> Reply {
    let status = settings["customBlockResponseStatusCode"].as_u64();
    let status = status.and_then(|status| u16::try_from(status).ok());
    match action {
        Action::Redirect => Reply::empty(302).with("Location", text(settings, "/redirectUrl")),
        Action::Challenge => Reply::html(
            403,
            "<!DOCTYPE html><title>Verifying your browser</title>\n",
        ),
        Action::Block => {
            let custom = text(settings, "/customBlockResponseBody");
            let custom = STANDARD.decode(custom).ok().filter(|body| !body.is_empty());
            let body = custom.unwrap_or_else(|| b"The request is blocked.".to_vec());
            Reply {
                body,
                ..Reply::html(status.unwrap_or(403), "")
            }
        }
    }
}

/// The first Allow or Block ends evaluation; Log goes on. The error names what cannot be compared.
fn custom(plane: &mut Plane, policy: &Object, call: &Call) -> Result<Outcome, String> {
    let rules = policy.body["properties"]["customRules"]["rules"].as_array();
    let mut rules: Vec<&Value> = rules.into_iter().flatten().collect();
    rules.sort_by_key(|rule| rule["priority"].as_i64().unwrap_or(i64::MAX));
    for rule in rules {
        let name = text(rule, "/name");
        if rule["enabledState"] == "Disabled" {
            continue;
        }
        let is_met = conditions(rule, call)
            .ok_or_else(|| format!("the firewall rule {name} of {}", policy.id))?;
        if !is_met || (rule["ruleType"] == "RateLimitRule" && !exceeds(plane, policy, rule, call)) {
            continue;
        }
        match text(rule, "/action") {
            "Allow" => return Ok(Outcome::Allowed),
            action => {
                if let Some(action) = Action::parse(action) {
                    return Ok(Outcome::Acted(action));
                }
            }
        }
    }
    Ok(Outcome::Undecided)
}

fn conditions(rule: &Value, call: &Call) -> Option<bool> {
    let conditions = rule["matchConditions"].as_array().into_iter().flatten();
    for condition in conditions {
        let subjects = subjects(condition, call)?;
        if !Comparison::of(condition, "matchValue").holds(&subjects)? {
            return Some(false);
        }
    }
    Some(true)
}

/// What a condition is about: no value, where the request has no such part.
fn subjects(condition: &Value, call: &Call) -> Option<Vec<String>> {
    let selector = text(condition, "/selector");
    Some(match text(condition, "/matchVariable") {
        "SocketAddr" => vec![call.source.to_string()],
        "RemoteAddr" => vec![client_address(call)],
        "RequestMethod" => vec![call.method.clone()],
        "QueryString" => vec![call.query().to_owned()],
        "RequestUri" => vec![call.url()],
        "RequestHeader" if selector.eq_ignore_ascii_case("host") => vec![call.host.clone()],
        "RequestHeader" => named(&call.headers, selector),
        "Cookies" => cookies(call)
            .filter(|(name, _)| *name == selector)
            .map(|(_, value)| value.to_owned())
            .collect(),
        "RequestBody" => vec![String::from_utf8_lossy(&call.body).into_owned()],
        "PostArgs" => form(call)
            .into_iter()
            .filter(|(name, _)| name == selector)
            .map(|(_, value)| value)
            .collect(),
        _ => return None,
    })
}

fn named(headers: &[(String, String)], name: &str) -> Vec<String> {
    headers
        .iter()
        .filter(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.clone())
        .collect()
}

pub(super) fn cookies(call: &Call) -> impl Iterator<Item = (&str, &str)> {
    let cookies = call.header("cookie").unwrap_or_default();
    cookies
        .split(';')
        .filter_map(|pair| pair.trim().split_once('='))
}

/// Fields of a form, when the body is one.
pub(super) fn form(call: &Call) -> Vec<(String, String)> {
    let is_form = call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Vec::new();
    }
    url::form_urlencoded::parse(&call.body)
        .into_owned()
        .collect()
}

/// Counts this request, and says whether its window is full: a breach lasts for the rest of the window.
fn exceeds(plane: &mut Plane, policy: &Object, rule: &Value, call: &Call) -> bool {
    let minutes = rule["rateLimitDurationInMinutes"].as_i64().unwrap_or(1);
    let threshold = rule["rateLimitThreshold"].as_i64().unwrap_or(i64::MAX);
    let groups = rule["groupBy"].as_array().into_iter().flatten();
    let mut groups: Vec<&str> = groups.map(|group| text(group, "/variableName")).collect();
    if groups.is_empty() {
        // Documented: without groupBy a rule counts by socket address.
        groups.push("SocketAddr");
    }
    let caller = if groups.contains(&"SocketAddr") {
        call.source.to_string()
    } else {
        // All callers of the sandbox are in one place.
        String::new()
    };
    let key = (format!("{}/{}", policy.key(), text(rule, "/name")), caller);
    let now = plane.now;
    let windows = &mut plane.counters.firewall.0;
    windows.retain(|_, (began, _)| now - *began < LONGEST_WINDOW);
    let (began, count) = windows.entry(key).or_insert((now, 0));
    if now - *began >= Duration::minutes(minutes) {
        (*began, *count) = (now, 0);
    }
    *count += 1;
    *count > threshold
}

/// Documented: one minute or five.
const LONGEST_WINDOW: Duration = Duration::minutes(5);

//! The identity provider: `{t}.b2clogin.com` (a policy in each address) and `{t}.ciamlogin.com` (the directory answers for
//! itself). It knows what Graph stores: applications, users, flows, grants.
//!
//! Tokens are real, and so are the rules by which they are given: registered redirect addresses, PKCE, single-use codes,
//! granted scopes, sign-up where a flow allows it. What differs from Azure: no cookies and no session, so each sign-in is
//! one; and beside the password the page offers to sign in without it, because pre-made accounts have a random password
//! that nobody knows and the sandbox sends no mail to reset it. It never says what a password is. On request it signs
//! tokens that have to be refused (`odd`).

mod account;
mod application;
mod authorize;
mod metadata;
mod odd;
mod page;
mod token;

use std::collections::BTreeMap;

use serde_json::Value;
use time::OffsetDateTime;

use super::Plane;
use super::call::{Call, Reply, Scheme};
use super::hosts::text;
use crate::sandbox::entra;
use crate::sandbox::store::{Object, Store};

const FLOWS: &str = "graph:identity/b2cUserFlows";
const EVENTS_FLOWS: &str = "graph:identity/authenticationEventsFlows";

/// Who is asked: a user flow of a B2C directory, or an external directory.
struct Authority {
    host: String,
    /// The directory's id, and how it was written in the address.
    directory: String,
    tenant: String,
    /// None for External ID.
    policy: Option<Policy>,
}

struct Policy {
    /// As the directory spells it.
    id: String,
    kind: String,
}

impl Authority {
    fn base(&self) -> String {
        let Self {
            host,
            tenant,
            directory,
            policy,
        } = self;
        match policy {
            Some(policy) => format!("https://{host}/{tenant}/{}", policy.id.to_lowercase()),
            None => format!("https://{host}/{directory}"),
        }
    }

    fn issuer(&self) -> String {
        let directory = &self.directory;
        match &self.policy {
            Some(_) => format!("https://{}/{directory}/v2.0/", self.host),
            // External ID puts the directory's id in the host too, and no slash at the end.
            None => format!("https://{directory}.ciamlogin.com/{directory}/v2.0"),
        }
    }

    fn is_b2c(&self) -> bool {
        self.policy.is_some()
    }

    /// Whether strangers may make themselves an account; for External ID the flow that the application is linked to says.
    fn signs_up(&self, store: &Store, client: &str) -> bool {
        match &self.policy {
            Some(policy) => matches!(policy.kind.as_str(), "signUp" | "signUpOrSignIn"),
            None => store
                .of_kind(&self.in_graph(), EVENTS_FLOWS)
                .filter(|flow| {
                    let linked = "/conditions/applications/includeApplications";
                    let linked = flow.body.pointer(linked).and_then(Value::as_array);
                    linked
                        .into_iter()
                        .flatten()
                        .any(|one| one["appId"] == client)
                })
                .any(|flow| flow.body["onInteractiveAuthFlowStart"]["isSignUpAllowed"] == true),
        }
    }

    fn in_graph(&self) -> String {
        format!("/graph/{}", self.directory)
    }
}

/// What was given out and can be redeemed: codes once, refresh tokens as often as wanted.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    codes: BTreeMap<String, Grant>,
    refresh: BTreeMap<String, Grant>,
}

#[derive(Debug, Clone)]
struct Grant {
    /// The policy or directory that gave it.
    authority: String,
    client: String,
    redirect: String,
    user: String,
    scopes: Vec<String>,
    nonce: Option<String>,
    challenge: Option<(String, String)>,
    until: OffsetDateTime,
}

pub(super) fn answer(plane: &mut Plane, call: &Call) -> Reply {
    if call.scheme == Scheme::Http {
        return Reply::closed();
    }
    let path = call.path().to_owned();
    let mut segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    // `/tfp/{tenant}/{policy}/…` is the older address of the same thing.
    if segments.first() == Some(&"tfp") {
        segments.remove(0);
    }
    let Some((authority, rest)) = resolve(plane.store, call, &segments) else {
        return page::missing(&policy_asked(call, &segments));
    };
    let reads = matches!(call.method.as_str(), "GET" | "HEAD");
    match rest.as_slice() {
        ["v2.0", ".well-known", "openid-configuration"] if reads => {
            Reply::json(200, &metadata::describe(&authority))
        }
        ["discovery", "v2.0", "keys"] if reads => Reply::json(200, &plane.issuer.keys()),
        ["v2.0", ".well-known", "openid-configuration"] | ["discovery", "v2.0", "keys"] => {
            Reply::empty(405).with("Allow", "GET, HEAD")
        }
        ["oauth2", "v2.0", "authorize"] => authorize::answer(plane, &authority, call),
        ["oauth2", "v2.0", "token"] if call.method == "POST" => {
            token::answer(plane, &authority, call)
        }
        ["oauth2", "v2.0", "token"] => Reply::empty(405).with("Allow", "POST"),
        ["oauth2", "v2.0", "logout"] => Reply::html(200, page::signed_out()),
        ["api", "CombinedSigninAndSignup", ..] => {
            authorize::answer_sign_up(plane, &authority, call)
        }
        _ => Reply::empty(404),
    }
}

/// B2C names a policy in the path or, in an older form, as parameter `p`.
fn policy_asked(call: &Call, segments: &[&str]) -> String {
    call.parameter("p")
        .unwrap_or_else(|| segments.get(1).copied().unwrap_or_default().to_owned())
}

fn resolve<'a>(
    store: &Store,
    call: &Call,
    segments: &[&'a str],
) -> Option<(Authority, Vec<&'a str>)> {
    let (tenant, rest) = segments.split_first()?;
    let authority = |directory, policy| Authority {
        host: call.host.clone(),
        directory,
        tenant: (*tenant).to_owned(),
        policy,
    };
    if !call.host.ends_with(".b2clogin.com") {
        let directory = known_directory(store, tenant).or_else(|| entra::directory(tenant))?;
        return Some((authority(directory, None), rest.to_vec()));
    }
    let (asked, rest) = if let Some(policy) = call.parameter("p") {
        (policy, rest)
    } else {
        let (policy, rest) = rest.split_first()?;
        ((*policy).to_owned(), rest)
    };
    let flow = flow(store, tenant, &asked)?;
    let policy = Policy {
        id: text(&flow.body, "/id").to_owned(),
        kind: text(&flow.body, "/userFlowType").to_owned(),
    };
    let directory = flow.id.split('/').nth(2)?.to_owned();
    Some((authority(directory, Some(policy)), rest.to_vec()))
}

fn flow<'a>(store: &'a Store, tenant: &str, policy: &str) -> Option<&'a Object> {
    let mut named = store
        .of_kind("/graph", FLOWS)
        .filter(|flow| text(&flow.body, "/id").eq_ignore_ascii_case(policy));
    match known_directory(store, tenant) {
        Some(directory) => named.find(|flow| flow.id.split('/').nth(2) == Some(directory.as_str())),
        // A domain that no directory has verified: the flow's name is enough to find it.
        None if tenant.contains('.') => named.next(),
        None => None,
    }
}

/// By id, or by a domain that the directory has.
fn known_directory(store: &Store, tenant: &str) -> Option<String> {
    if let Ok(id) = uuid::Uuid::parse_str(tenant) {
        return Some(id.to_string());
    }
    let found = store
        .of_kind("/graph", "graph:organization")
        .find(|object| {
            let domains = object.body["verifiedDomains"].as_array();
            domains
                .into_iter()
                .flatten()
                .any(|domain| text(domain, "/name").eq_ignore_ascii_case(tenant))
        })?;
    Some(text(&found.body, "/id").to_owned())
}

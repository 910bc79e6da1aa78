//! The identity tenant: applications, consent, the sign-in flow, the accounts (domain.md D).

use std::collections::BTreeSet;

use serde_json::Value;

use super::accounts;
use super::control::{Check, Control, Severity};
use super::credentials;
use super::report::{Fault, Outcome, Verdict, expect};
use super::state::{Entry, is_late};
use super::subject::{API_POLICY, APPLICATION, Subject};
use super::token::{is_published, is_sign_in_address, trusted_flows};
use crate::resource::Recommendation::R1;
use crate::resource::body::{get, join};
use crate::resource::{Directory, Realm, ResourceId};
use crate::spec::IdentityProvider;

const USER_FLOW: &str = "Microsoft.Graph/identity/b2cUserFlows";
const EVENTS_FLOW: &str = "Microsoft.Graph/identity/authenticationEventsFlows";
const GRANT: &str = "Microsoft.Graph/oauth2PermissionGrants";
pub(super) const USER: &str = "Microsoft.Graph/users";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "IDP-01",
        title: "API app registered for v2 tokens with scope",
        serves: &[R1],
        condition: "the API application takes tokens of version 2, has an identifier URI, and each declared scope is enabled",
        why: "tokens carry another audience and no scope, so what the gateway checks says nothing",
        remedy: "set `requestedAccessTokenVersion` to 2, and enable the scope",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION],
        check: Check::Read(api_application),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-02",
        title: "Audience setting fits provider",
        serves: &[R1],
        condition: "`signInAudience` is `AzureADandPersonalMicrosoftAccount` with B2C and `AzureADMyOrg` with External ID",
        why: "sign-in fails, or accounts of other directories are let in",
        remedy: "set `signInAudience`",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION],
        check: Check::Read(sign_in_audience),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-03",
        title: "Implicit grant off",
        serves: &[R1],
        condition: "neither access nor id tokens are issued by implicit grant",
        why: "tokens stand in the address of a page, in histories and in logs",
        remedy: "set both members of `web.implicitGrantSettings` to `false`",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION],
        check: Check::Read(implicit_grant),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-04",
        title: "Redirect URIs strict",
        serves: &[R1],
        condition: "each redirect address is https (or http on localhost), without wildcard, and named by the spec",
        why: "a sign-in can be sent to an attacker, code and all",
        remedy: "remove the address",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION],
        check: Check::Read(redirects),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-05",
        title: "Public-client/native/ROPC off",
        serves: &[R1],
        condition: "no application is a public client or takes passwords itself, and there is no `resourceOwner` flow",
        why: "passwords can be tried and stolen without a browser, past every second factor",
        remedy: "set `isFallbackPublicClient` to `false` and `nativeAuthenticationApisEnabled` to `none`; delete the flow",
        mcsb: &["IM-1", "IM-6"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION, USER_FLOW],
        check: Check::Read(public_clients),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-06",
        title: "Sign-in flow is sign-in only",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "the flow by which users sign in lets nobody sign up",
        why: "anybody makes an account, and is a user",
        remedy: "set `signUp: false`; B2C cannot change the type of a flow, so it is made anew",
        mcsb: &["IM-1"],
        owasp: &["API2", "API6"],
        applies: "both providers",
        reads: &[USER_FLOW, EVENTS_FLOW],
        check: Check::Read(sign_in_only),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-07",
        title: "No other sign-up-capable flow is trusted",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "no other flow that lets people sign up is one whose tokens the gateway takes",
        why: "anybody makes an account in the other flow and comes in with its token",
        remedy: "pin `tfp` to the sign-in policy alone; with External ID, link the flow to its own applications",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[USER_FLOW, EVENTS_FLOW],
        check: Check::Read(other_flows),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-08",
        title: "Admin consent granted exactly for declared scopes",
        severity: Severity::Medium,
        serves: &[R1],
        condition: "each client is granted the scopes that the spec gives it, and of Microsoft Graph `openid` and `offline_access` at most",
        why: "a stolen client can do more than it was made for",
        remedy: "run `secgw apply`, which writes the grant",
        mcsb: &["PA-7"],
        owasp: &["API5"],
        applies: "both providers",
        reads: &[GRANT],
        check: Check::Read(consent),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-09",
        title: "Only expected user accounts",
        severity: Severity::Medium,
        serves: &[R1],
        condition: "each declared account is there and enabled, no other local account is, and the gateway lets in these alone",
        why: "an account that nobody declared signs in",
        remedy: "add the account to the spec, or delete it",
        mcsb: &["PA-4"],
        owasp: &["API2"],
        applies: "both providers, where the spec lists `accounts`",
        reads: &[USER, API_POLICY],
        check: Check::Read(accounts::expected),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-10",
        title: "App credentials short-lived or none",
        severity: Severity::Medium,
        condition: "the API's application and those of pages have no password, and no password of another application lasts for more than 180 days",
        why: "whoever reads it signs in as the application, from anywhere, until it ends",
        remedy: "remove the password; what cannot do without gets one that ends within 180 days, or a certificate",
        mcsb: &["IM-3"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &[APPLICATION],
        check: Check::Read(credentials::short_lived),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-11",
        title: "Issuer/keys metadata healthy",
        serves: &[R1],
        condition: "the OpenID metadata is there over https, names its issuer and keys on the sign-in host, and has an RSA key",
        why: "without keys every call is refused; with somebody else's, theirs pass",
        remedy: "look at the user flow in the identity tenant",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "both providers",
        reads: &["fact"],
        check: Check::Read(metadata),
        ..Control::PLAIN
    },
    Control {
        id: "IDP-12",
        title: "MFA / password policy on sign-in",
        severity: Severity::Medium,
        serves: &[],
        condition: "the sign-in flow asks for a second factor, and its token lifetimes are as short as can be",
        why: "a guessed or stolen password is enough",
        remedy: "switch multifactor authentication on in the flow's properties",
        mcsb: &["IM-6"],
        owasp: &["API2"],
        applies: "both providers",
        check: Check::Manual(
            "Microsoft Graph neither sets nor shows it: in the portal of the identity tenant, open the sign-in user flow, Properties, and look at multifactor authentication and token lifetime",
        ),
        ..Control::PLAIN
    },
];

/// Applications of the identity tenant.
fn applications<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Entry> {
    subject
        .all(APPLICATION)
        .filter(|entry| entry.id.realm() == Realm::Graph(Directory::Identity))
}

/// Without a spec, only where somebody asked for it.
fn is_looked_at(subject: &Subject<'_>) -> bool {
    subject.intent.declared.is_some()
        || applications(subject).next().is_some()
        || flows(subject).next().is_some()
}

fn not_looked_at() -> Verdict {
    let why = "the identity tenant was not looked at: name it with `--identity-tenant`";
    Verdict::nowhere(Outcome::NotApplicable(why.to_owned()))
}

fn api_application(subject: &Subject<'_>) -> Vec<Verdict> {
    if !is_looked_at(subject) {
        return vec![not_looked_at()];
    }
    let Some(id) = &subject.intent.api_application else {
        let why = "the application of the APIs is not known".to_owned();
        return vec![Verdict::nowhere(Outcome::Unknown(why))];
    };
    let Some(entry) = subject.state.get(id) else {
        return vec![Verdict::missing(id, None, "the application of the APIs")];
    };
    let version = "/api/requestedAccessTokenVersion";
    let list = "/api/oauth2PermissionScopes";
    let uris = "/identifierUris";
    let is_2 = entry.at(version).and_then(Value::as_u64) == Some(2);
    let mut faults: Vec<Fault> = [
        expect(is_2, entry, version, "2"),
        expect(entry.at(uris).is_some(), entry, uris, "an identifier URI"),
    ]
    .into_iter()
    .flatten()
    .collect();
    let enabled: BTreeSet<&str> = entry
        .list(list)
        .iter()
        .filter(|scope| get(scope, "/isEnabled") == Some(&Value::Bool(true)))
        .filter_map(|scope| get(scope, "/value")?.as_str())
        .collect();
    let declared = subject
        .intent
        .declared
        .iter()
        .flat_map(|declared| &declared.scopes);
    let missing = declared.filter(|scope| !enabled.contains(scope.as_str()));
    faults.extend(missing.map(|scope| Fault {
        pointer: list.to_owned(),
        value: Value::String(format!("{scope} is not enabled")),
        wanted: format!("{scope}, enabled"),
    }));
    vec![Verdict::of(entry, faults)]
}

fn sign_in_audience(subject: &Subject<'_>) -> Vec<Verdict> {
    let wanted = match subject.intent.provider {
        Some(IdentityProvider::B2c) => "AzureADandPersonalMicrosoftAccount",
        Some(IdentityProvider::ExternalId) => "AzureADMyOrg",
        None => return Vec::new(),
    };
    let judge = |entry: &Entry| {
        let pointer = "/signInAudience";
        Verdict::of(
            entry,
            expect(
                entry.is(pointer, wanted),
                entry,
                pointer,
                format!("`{wanted}`"),
            ),
        )
    };
    applications(subject).map(judge).collect()
}

fn implicit_grant(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |entry: &Entry| {
        let faults = ["enableAccessTokenIssuance", "enableIdTokenIssuance"]
            .iter()
            .filter_map(|name| {
                let pointer = format!("/web/implicitGrantSettings/{name}");
                expect(
                    entry.flag(&pointer) != Some(true),
                    entry,
                    &pointer,
                    "`false`",
                )
            });
        Verdict::of(entry, faults)
    };
    subject.all(APPLICATION).map(judge).collect()
}

fn is_safe_address(uri: &str) -> bool {
    let is_local = ["http://localhost", "http://127.0.0.1"]
        .iter()
        .any(|local| {
            uri.strip_prefix(local)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with([':', '/']))
        });
    (uri.starts_with("https://") || is_local) && !uri.contains('*')
}

fn redirects(subject: &Subject<'_>) -> Vec<Verdict> {
    let declared: Option<BTreeSet<&str>> = subject.intent.declared.as_ref().map(|declared| {
        declared
            .clients
            .values()
            .flat_map(|client| &client.redirects)
            .map(String::as_str)
            .collect()
    });
    let judge = |entry: &Entry| {
        let lists = [
            "/web/redirectUris",
            "/spa/redirectUris",
            "/publicClient/redirectUris",
        ];
        let faults = lists.iter().flat_map(|list| {
            let uris = entry.texts(list).into_iter().enumerate();
            uris.filter_map(|(index, uri)| {
                let is_known = declared
                    .as_ref()
                    .is_none_or(|declared| declared.contains(uri));
                let wanted = if is_safe_address(uri) {
                    "an address that the spec names"
                } else {
                    "https, without wildcard"
                };
                expect(
                    is_known && is_safe_address(uri),
                    entry,
                    &join(list, &index.to_string()),
                    wanted,
                )
            })
        });
        Verdict::of(entry, faults)
    };
    subject.all(APPLICATION).map(judge).collect()
}

fn public_clients(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |entry: &Entry| {
        let fallback = "/isFallbackPublicClient";
        let native = "/nativeAuthenticationApisEnabled";
        let is_none = entry.at(native).is_none() || entry.is(native, "none");
        let faults = [
            expect(
                entry.flag(fallback) != Some(true),
                entry,
                fallback,
                "`false`",
            ),
            expect(is_none, entry, native, "`none`"),
        ];
        Verdict::of(entry, faults.into_iter().flatten())
    };
    let kind = "/userFlowType";
    let flows = subject.all(USER_FLOW).map(|flow| {
        let holds = !flow.is(kind, "resourceOwner");
        Verdict::of(
            flow,
            expect(
                holds,
                flow,
                kind,
                "no flow that takes passwords without a page",
            ),
        )
    });
    subject.all(APPLICATION).map(judge).chain(flows).collect()
}

/// Where a flow says whether people may sign up, and whether they may.
fn sign_up(flow: &Entry) -> (&'static str, bool) {
    if flow.id.type_name().eq_ignore_ascii_case(USER_FLOW) {
        let kind = "/userFlowType";
        let signs_up = flow
            .text(kind)
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("signup"));
        (kind, signs_up)
    } else {
        let allowed = "/onInteractiveAuthFlowStart/isSignUpAllowed";
        // Azure's own default is that nobody may.
        (allowed, flow.flag(allowed) == Some(true))
    }
}

fn flows<'a>(subject: &Subject<'a>) -> impl Iterator<Item = &'a Entry> {
    subject.all(USER_FLOW).chain(subject.all(EVENTS_FLOW))
}

/// Whether this is the flow by which users are meant to sign in.
fn is_declared(subject: &Subject<'_>, flow: &Entry) -> bool {
    match &subject.intent.declared {
        Some(declared) => {
            flow.id.name().eq_ignore_ascii_case(&declared.user_flow)
                || flow.is("/displayName", &declared.user_flow)
        }
        None => trusted_flows(subject)
            .iter()
            .flatten()
            .any(|name| flow.id.name().eq_ignore_ascii_case(name)),
    }
}

fn sign_in_only(subject: &Subject<'_>) -> Vec<Verdict> {
    if !is_looked_at(subject) {
        return vec![not_looked_at()];
    }
    let own: Vec<&Entry> = flows(subject)
        .filter(|flow| is_declared(subject, flow))
        .collect();
    if own.is_empty() {
        let why = "the sign-in flow was not read".to_owned();
        return vec![Verdict::nowhere(Outcome::Unknown(why))];
    }
    let judge = |flow: &Entry| {
        let (pointer, signs_up) = sign_up(flow);
        let wanted = "sign-in alone";
        Verdict::of(flow, expect(!signs_up, flow, pointer, wanted))
    };
    own.into_iter().map(judge).collect()
}

fn other_flows(subject: &Subject<'_>) -> Vec<Verdict> {
    let trusted = trusted_flows(subject);
    let judge = |flow: &Entry| {
        let (pointer, signs_up) = sign_up(flow);
        let is_b2c = flow.id.type_name().eq_ignore_ascii_case(USER_FLOW);
        let is_trusted = if is_b2c {
            trusted.iter().any(|name| {
                name.as_ref()
                    .is_none_or(|name| flow.id.name().eq_ignore_ascii_case(name))
            })
        } else {
            flow.flag("/conditions/applications/includeAllApplications") == Some(true)
        };
        let wanted = "a flow that the gateway does not take tokens of, or sign-in alone";
        Verdict::of(
            flow,
            expect(!(signs_up && is_trusted), flow, pointer, wanted),
        )
    };
    flows(subject)
        .filter(|flow| !is_declared(subject, flow))
        .map(judge)
        .collect()
}

fn words(text: &str) -> BTreeSet<&str> {
    text.split_whitespace().collect()
}

fn consent(subject: &Subject<'_>) -> Vec<Verdict> {
    let Some(declared) = &subject.intent.declared else {
        let judge =
            |grant: &Entry| Verdict::not_applicable(grant, "there is no spec to compare with");
        return subject.all(GRANT).map(judge).collect();
    };
    let pointer = "/scope";
    let mut verdicts = Vec::new();
    for (name, client) in &declared.clients {
        let grant = |to: &str| {
            ResourceId::graph(
                Directory::Identity,
                "oauth2PermissionGrants",
                &format!("client-{name}-to-{to}"),
            )
        };
        let wanted: BTreeSet<&str> = client.scopes.iter().map(String::as_str).collect();
        let own = grant("api");
        verdicts.push(match subject.state.get(&own) {
            Some(entry) => {
                let holds = words(entry.text(pointer).unwrap_or_default()) == wanted;
                Verdict::of(
                    entry,
                    expect(holds, entry, pointer, format!("exactly {wanted:?}")),
                )
            }
            None => Verdict::missing(&own, None, &format!("consent to {wanted:?}")),
        });
        if let Some(entry) = subject.state.get(&grant("microsoft-graph")) {
            let granted = words(entry.text(pointer).unwrap_or_default());
            let holds = granted
                .iter()
                .all(|scope| ["openid", "offline_access"].contains(scope));
            verdicts.push(Verdict::of(
                entry,
                expect(
                    holds,
                    entry,
                    pointer,
                    "`openid` and `offline_access` at most",
                ),
            ));
        }
    }
    verdicts
}

fn metadata(subject: &Subject<'_>) -> Vec<Verdict> {
    let facts = subject
        .all("fact")
        .filter(|entry| entry.id.name().contains("openid-configuration"));
    let judge = |entry: &Entry| {
        if subject.state.is_desired() && !is_published(entry) {
            return Verdict::unknown(entry, "it is published once the user flow is there");
        }
        let issuer = "/issuer";
        let keys = "/jwks_uri";
        let is_own = |pointer: &str| {
            entry.text(pointer).is_some_and(|url| {
                url.starts_with("https://") && (is_late(url) || is_sign_in_address(url))
            })
        };
        let mut faults: Vec<Fault> = [
            expect(
                is_own(issuer),
                entry,
                issuer,
                "an https address on the sign-in host",
            ),
            expect(
                is_own(keys),
                entry,
                keys,
                "an https address on the sign-in host",
            ),
        ]
        .into_iter()
        .flatten()
        .collect();
        let published = entry
            .text(keys)
            .and_then(|url| subject.state.get(&ResourceId::fact(url)));
        match published {
            Some(published) => {
                let is_rsa = |key: &Value| get(key, "/kty") == Some(&Value::from("RSA"));
                let holds = published.list("/keys").iter().any(is_rsa);
                faults.extend(expect(holds, published, "/keys", "an RSA key"));
            }
            None if faults.is_empty() => return Verdict::unknown(entry, "its keys were not read"),
            None => {}
        }
        Verdict::of(entry, faults)
    };
    facts.map(judge).collect()
}

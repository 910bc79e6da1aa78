//! `validate-jwt`: that it runs for every call, and everything it has to insist on (domain.md E.1).
//!
//! POL-01 asks whether it runs; the others ask what each one that runs demands, so a document without it has one
//! finding and not seven.

use std::collections::BTreeSet;

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::coverage;
use super::demand::Demands;
use super::effective::{Scope, attribute, text_of};
use super::report::{Fault, Outcome, Verdict};
use super::state::{Entry, is_late};
use super::subject::{API, API_POLICY, GLOBAL_POLICY, OPERATION, OPERATION_POLICY, Subject};
use crate::policy::Element;
use crate::resource::Recommendation::R1;
use crate::resource::{Directory, Realm, ResourceId};
use crate::spec::IdentityProvider;

const POLICIES: &[&str] = &[API, OPERATION, GLOBAL_POLICY, API_POLICY, OPERATION_POLICY];

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "POL-01",
        title: "Every operation is covered by validate-jwt",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "the policy in effect for each operation runs `validate-jwt` on the `Authorization` header, unconditionally and before the backend, insists on the scheme `Bearer`, answers 401 or 403, and leaves the token where the guards behind it read it; before it, and in `<on-error>`, no statement can answer with anything but a refusal; before it nothing is called, and in `<on-error>` nothing that the gateway fronts",
        why: "whoever reaches the gateway may call the API",
        remedy: "put `validate-jwt` at the top level of the API's inbound section, or let `secgw apply` do it",
        mcsb: &["IM-1"],
        owasp: &["API2", "API5"],
        reads: POLICIES,
        check: Check::Read(coverage::covered),
        ..Control::PLAIN
    },
    Control {
        id: "POL-02",
        title: "Audience pinned to the API app",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "`audiences` is the id of the API application, and nothing else",
        why: "a token that was issued for any other application of the tenant opens the API",
        remedy: "name the application id of the API application as the only audience",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        reads: POLICIES,
        check: Check::Read(audience),
        ..Control::PLAIN
    },
    Control {
        id: "POL-03",
        title: "Issuer pinned and equals live OIDC metadata",
        serves: &[R1],
        condition: "`issuers` is the issuer that the OpenID metadata names, and nothing else",
        why: "a token of another issuer that shares a key, or of another tenant, is taken",
        remedy: "name the `issuer` of the OpenID metadata as the only issuer",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        reads: POLICIES,
        check: Check::Read(issuer),
        ..Control::PLAIN
    },
    Control {
        id: "POL-04",
        title: "OIDC metadata URL is HTTPS on an approved host",
        serves: &[R1],
        condition: "each `openid-config` is read over https from `*.b2clogin.com` or `*.ciamlogin.com`, or their likes in other clouds",
        why: "whoever serves the metadata chooses the keys that tokens are checked with",
        remedy: "use the address that the identity tenant publishes",
        mcsb: &["IM-1"],
        owasp: &["API2", "API7"],
        reads: POLICIES,
        check: Check::Read(metadata_host),
        ..Control::PLAIN
    },
    Control {
        id: "POL-05",
        title: "Signed and expiring tokens required, no symmetric keys",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "`require-signed-tokens` and `require-expiration-time` are not `false`, no key stands in the policy, and `clock-skew` is at most 300 seconds",
        why: "an unsigned token can be made by anybody, and one that never expires is stolen once for ever",
        remedy: "leave the two attributes at `true`, remove `issuer-signing-keys`, and lower `clock-skew`",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        reads: POLICIES,
        check: Check::Read(signed),
        ..Control::PLAIN
    },
    Control {
        id: "POL-06",
        title: "Scope required",
        serves: &[R1],
        condition: "`required-claims` has `scp`, split at blanks, with scopes that the API declares; with a spec, each operation asks for the scopes that it is declared with, and others are refused",
        why: "a token with no consent for this API opens it",
        remedy: "require the claim `scp` with `separator=\" \"` and the API's scopes",
        mcsb: &["PA-7"],
        owasp: &["API5"],
        reads: POLICIES,
        check: Check::Read(scope),
        ..Control::PLAIN
    },
    Control {
        id: "POL-07",
        title: "Sign-in policy pinned (B2C tfp/acr)",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "with B2C, `required-claims` has `tfp` or `acr`, which is the sign-in policy and nothing else",
        why: "every user flow of the tenant issues tokens of the same issuer: one with sign-up lets anybody in",
        remedy: "require the claim `tfp` with the sign-in policy as its only value",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        applies: "Azure AD B2C",
        reads: POLICIES,
        check: Check::Read(sign_in_policy),
        ..Control::PLAIN
    },
    Control {
        id: "POL-08",
        title: "Client application allow-listed",
        severity: Severity::Medium,
        serves: &[R1],
        condition: "`required-claims` has `azp`, with the client applications that the spec declares and no other",
        why: "a token that a user got for any other application with consent to the scopes opens the API",
        remedy: "require the claim `azp` with the ids of the client applications",
        mcsb: &["IM-3"],
        owasp: &["API2"],
        reads: POLICIES,
        check: Check::Read(clients),
        ..Control::PLAIN
    },
];

/// The scope's own resource, which is there by construction.
fn entry<'a>(subject: &Subject<'a>, scope: &Scope<'_>) -> Option<&'a Entry> {
    subject.state.get(scope.id)
}

/// A fault of a policy: what stands in the document, not the document.
pub(super) fn stands(value: impl Into<String>, wanted: impl Into<String>) -> Fault {
    Fault {
        pointer: "/properties/value".to_owned(),
        value: Value::String(value.into()),
        wanted: wanted.into(),
    }
}

/// What is wrong, and what cannot be told.
#[derive(Debug, Default)]
pub(super) struct Judgement {
    pub(super) faults: Vec<Fault>,
    pub(super) unknown: Vec<String>,
    /// Where it is less bad, or worse, than the control's own severity says.
    pub(super) severity: Option<Severity>,
}

impl From<Vec<Fault>> for Judgement {
    fn from(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            ..Self::default()
        }
    }
}

impl Judgement {
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self {
            unknown: vec![why.into()],
            ..Self::default()
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.faults.extend(other.faults);
        self.unknown.extend(other.unknown);
    }

    fn verdict(self, entry: &Entry) -> Verdict {
        if self.faults.is_empty() && !self.unknown.is_empty() {
            Verdict::unknown(entry, self.unknown.join(", "))
        } else {
            Verdict {
                severity: self.severity,
                ..Verdict::of(entry, self.faults)
            }
        }
    }
}

/// Judges each scope whose documents can be read.
pub(super) fn scopes<J: Into<Judgement>>(
    subject: &Subject<'_>,
    judge: impl Fn(&Scope<'_>) -> Result<J, String>,
) -> Vec<Verdict> {
    let verdicts = subject.scopes.iter().filter_map(|scope| {
        let entry = entry(subject, scope)?;
        Some(match scope.unread {
            Some(why) => Verdict::unknown(entry, format!("its policy cannot be read: {why}")),
            None => match judge(scope) {
                Ok(judged) => judged.into().verdict(entry),
                Err(why) => Verdict::not_applicable(entry, why),
            },
        })
    });
    verdicts.collect()
}

/// The faults of each `validate-jwt` that runs; a token has to pass all of them.
fn each_token(
    subject: &Subject<'_>,
    judge: impl Fn(&Scope<'_>, &Element) -> Vec<Fault>,
) -> Vec<Verdict> {
    scopes(subject, |scope| {
        let steps = scope
            .steps("validate-jwt")
            .map(|(_, step)| judge(scope, step));
        steps
            .min_by_key(Vec::len)
            .ok_or_else(|| "no `validate-jwt` runs: POL-01".to_owned())
    })
}

fn items(step: &Element, list: &str, item: &str) -> Vec<String> {
    let list = step.element(list).into_iter();
    list.flat_map(Element::elements)
        .filter(|element| element.name == item)
        .map(text_of)
        .collect()
}

fn audience(subject: &Subject<'_>) -> Vec<Verdict> {
    let application = subject.intent.api_application.as_ref();
    let own = application.and_then(|id| subject.state.text(id, "/appId"));
    let uris = application.map(|id| subject.state.texts(id, "/identifierUris"));
    each_token(subject, |_, step| {
        let audiences = items(step, "audiences", "audience");
        let is_own = |audience: &String| match &own {
            Some(own) => {
                audience == own || uris.as_ref().is_some_and(|uris| uris.contains(audience))
            }
            // Without the directory's word, one that is named is taken for it.
            None => audiences.len() == 1 && !audience.is_empty(),
        };
        let wanted = own.as_ref().map_or_else(
            || "exactly one audience".to_owned(),
            |own| format!("{own} alone"),
        );
        if !audiences.is_empty() && audiences.iter().all(is_own) {
            Vec::new()
        } else {
            vec![stands(format!("audiences {audiences:?}"), wanted)]
        }
    })
}

/// The documents that the statement reads its keys from.
fn metadata(step: &Element) -> Vec<String> {
    let configs = step
        .elements()
        .filter(|element| element.name == "openid-config");
    configs
        .filter_map(|config| attribute(config, "url"))
        .collect()
}

fn issuer(subject: &Subject<'_>) -> Vec<Verdict> {
    each_token(subject, |_, step| {
        let issuers = items(step, "issuers", "issuer");
        let published: Option<BTreeSet<String>> = metadata(step)
            .iter()
            .map(|url| subject.state.text(&ResourceId::fact(url), "/issuer"))
            .collect();
        let published = published.filter(|published| !published.is_empty());
        let holds = match &published {
            Some(published) => {
                !issuers.is_empty() && issuers.iter().all(|issuer| published.contains(issuer))
            }
            None => issuers.len() == 1 && !issuers[0].is_empty(),
        };
        let wanted = match published {
            Some(published) => format!("{published:?} alone"),
            None => "exactly one issuer".to_owned(),
        };
        (!holds)
            .then(|| stands(format!("issuers {issuers:?}"), wanted))
            .into_iter()
            .collect()
    })
}

/// Sign-in hosts of the named clouds (domain.md D.7).
const SIGN_IN_HOSTS: [&str; 6] = [
    ".b2clogin.com",
    ".b2clogin.us",
    ".b2clogin.cn",
    ".ciamlogin.com",
    ".ciamlogin.us",
    ".ciamlogin.cn",
];

pub(super) fn is_sign_in_address(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://") else {
        return false;
    };
    let host = rest
        .split(['/', '?', '#'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    SIGN_IN_HOSTS.iter().any(|suffix| {
        host.strip_suffix(suffix)
            .is_some_and(|tenant| !tenant.is_empty() && !tenant.contains(['@', ':', '.']))
    })
}

fn metadata_host(subject: &Subject<'_>) -> Vec<Verdict> {
    each_token(subject, |_, step| {
        let urls = metadata(step);
        let bad: Vec<&String> = urls.iter().filter(|url| !is_sign_in_address(url)).collect();
        let wanted = "https, on the host where the identity tenant signs in";
        if urls.is_empty() {
            return vec![stands("no `openid-config`", wanted)];
        }
        bad.into_iter()
            .map(|url| stands(format!("openid-config url=\"{url}\""), wanted))
            .collect()
    })
}

const LONGEST_SKEW: u32 = 300;

fn signed(subject: &Subject<'_>) -> Vec<Verdict> {
    each_token(subject, |_, step| {
        let mut faults = Vec::new();
        for name in ["require-signed-tokens", "require-expiration-time"] {
            let value = attribute(step, name).unwrap_or_else(|| "true".to_owned());
            if !value.eq_ignore_ascii_case("true") {
                faults.push(stands(format!("{name}=\"{value}\""), "`true`"));
            }
        }
        let keys = step.element("issuer-signing-keys").into_iter();
        let inline = keys
            .flat_map(Element::elements)
            .filter(|key| !text_of(key).is_empty());
        faults.extend(
            inline.map(|_| stands("a symmetric key in the policy", "no key in the policy")),
        );
        if let Some(skew) = attribute(step, "clock-skew") {
            let holds = skew.parse::<u32>().is_ok_and(|skew| skew <= LONGEST_SKEW);
            if !holds {
                let value = format!("clock-skew=\"{skew}\"");
                faults.push(stands(value, format!("at most {LONGEST_SKEW} seconds")));
            }
        }
        faults
    })
}

/// What a token must say in a claim: the values, and how the claim is split.
struct Claim {
    values: Vec<String>,
    separator: Option<String>,
}

fn claims(step: &Element, name: &str) -> Vec<Claim> {
    let required = step.element("required-claims").into_iter();
    required
        .flat_map(Element::elements)
        .filter(|claim| attribute(claim, "name").as_deref() == Some(name))
        .map(|claim| Claim {
            values: claim.elements().map(text_of).collect(),
            separator: attribute(claim, "separator"),
        })
        .collect()
}

fn api_of(subject: &Subject<'_>, scope: &Scope<'_>) -> Option<String> {
    let id = scope.id.ancestor(API)?;
    subject.state.get(&id).map(|api| api.id.name().to_owned())
}

fn scope(subject: &Subject<'_>) -> Vec<Verdict> {
    scopes(subject, |scope| {
        let tokens = scope.steps("validate-jwt");
        let judged = tokens.map(|(_, step)| claimed(subject, scope, step));
        let mut faults = judged
            .min_by_key(Vec::len)
            .ok_or_else(|| "no `validate-jwt` runs: POL-01".to_owned())?;
        if let Some(declared) = subject.declared_demands(scope.id) {
            faults.extend(unasked(declared, &Demands::of(scope)));
        }
        Ok(faults)
    })
}

/// Scopes that one `validate-jwt` does not ask for as declared.
fn claimed(subject: &Subject<'_>, scope: &Scope<'_>, step: &Element) -> Vec<Fault> {
    let claims = claims(step, "scp");
    let declared = subject.intent.declared.as_ref().and_then(|declared| {
        let api = api_of(subject, scope)?;
        declared.api_scopes.get(&api).or(Some(&declared.scopes))
    });
    let is_declared = |value: &String| match declared {
        Some(declared) => declared.contains(value),
        None => !value.is_empty(),
    };
    let wanted = match declared {
        Some(declared) => {
            format!("the claim `scp`, split at blanks, with scopes of {declared:?}")
        }
        None => "the claim `scp`, split at blanks, with a scope".to_owned(),
    };
    if claims.is_empty() {
        return vec![stands("no required claim `scp`", wanted)];
    }
    let faults = claims.iter().filter_map(|claim| {
        let holds = claim.separator.as_deref() == Some(" ")
            && !claim.values.is_empty()
            && claim.values.iter().all(is_declared);
        let said = format!("scp {:?} separator {:?}", claim.values, claim.separator);
        (!holds).then(|| stands(said, wanted.as_str()))
    });
    faults.collect()
}

/// Operations that ask for less than declared.
fn unasked(declared: &Demands, found: &Demands) -> Vec<Fault> {
    let Some(declared) = &declared.table else {
        return Vec::new();
    };
    let Some(table) = &found.table else {
        let said = "no choice by operation behind `validate-jwt` that asks for scopes";
        let wanted = "each operation asks for the scopes that the spec declares";
        return vec![stands(said, wanted)];
    };
    let operations: BTreeSet<&String> = declared.rows.keys().chain(table.rows.keys()).collect();
    let lower = operations.into_iter().filter_map(|operation| {
        let asked = table.asked(operation)?;
        let said = format!("the operation {operation} asks for {asked:?}");
        match declared.asked(operation) {
            Some(wanted) => {
                (!wanted.is_subset(&asked)).then(|| stands(said, format!("{wanted:?}")))
            }
            None => Some(stands(said, "refused: the spec does not name it")),
        }
    });
    let mut faults: Vec<Fault> = lower.collect();
    if !table.is_closed {
        let said = "operations that the choice does not name are let through";
        faults.push(stands(said, "refused"));
    }
    faults
}

fn sign_in_policy(subject: &Subject<'_>) -> Vec<Verdict> {
    if subject.intent.provider == Some(IdentityProvider::ExternalId) {
        let why = "with External ID an application is linked to one user flow alone".to_owned();
        return vec![Verdict::nowhere(Outcome::NotApplicable(why))];
    }
    let declared = subject
        .intent
        .declared
        .as_ref()
        .map(|declared| &declared.user_flow);
    each_token(subject, |_, step| {
        let claims: Vec<Claim> = ["tfp", "acr"]
            .iter()
            .flat_map(|name| claims(step, name))
            .collect();
        let is_pinned = |claim: &Claim| {
            let mut values = claim.values.iter();
            match declared {
                Some(flow) => {
                    !claim.values.is_empty() && values.all(|value| value.eq_ignore_ascii_case(flow))
                }
                None => claim.values.len() == 1 && values.all(|value| !value.is_empty()),
            }
        };
        if claims.iter().any(is_pinned) {
            return Vec::new();
        }
        let values: Vec<&String> = claims.iter().flat_map(|claim| &claim.values).collect();
        let said = if claims.is_empty() {
            "no required claim `tfp`".to_owned()
        } else {
            format!("tfp {values:?}")
        };
        let wanted = declared.map_or_else(
            || "one sign-in policy".to_owned(),
            |flow| format!("`{flow}` alone"),
        );
        vec![stands(said, wanted)]
    })
}

fn clients(subject: &Subject<'_>) -> Vec<Verdict> {
    let declared = subject.intent.declared.as_ref();
    let known = declared.map(|declared| {
        let ids = declared.clients.keys().map(|name| {
            ResourceId::graph(
                Directory::Identity,
                "applications",
                &format!("client-{name}"),
            )
        });
        let ids = ids.filter_map(|id| subject.state.text(&id, "/appId"));
        ids.collect::<BTreeSet<String>>()
    });
    let wanted = match &known {
        Some(known) => format!("the claim `azp` with some of {known:?} alone"),
        None => "the claim `azp` with client applications by their ids".to_owned(),
    };
    each_token(subject, |scope, step| {
        let is_own = subject.declared_demands(scope.id).is_some();
        let known = known.as_ref().filter(|_| is_own);
        let claims = claims(step, "azp");
        let is_pinned = |claim: &Claim| {
            let mut values = claim.values.iter();
            !claim.values.is_empty()
                && values.all(|value| match known {
                    Some(known) => known.contains(value),
                    None => !value.is_empty(),
                })
        };
        if claims.iter().any(is_pinned) {
            return Vec::new();
        }
        let values: Vec<&String> = claims.iter().flat_map(|claim| &claim.values).collect();
        let said = if claims.is_empty() {
            "no required claim `azp`".to_owned()
        } else {
            format!("azp {values:?}")
        };
        vec![stands(said, wanted.as_str())]
    })
}

/// The sign-in policies that some document lets in; nothing in the place of one that lets in any.
pub(super) fn trusted_flows(subject: &Subject<'_>) -> Vec<Option<String>> {
    let mut flows = Vec::new();
    for scope in &subject.scopes {
        for (_, step) in scope.steps("validate-jwt") {
            let claims: Vec<String> = ["tfp", "acr"]
                .iter()
                .flat_map(|name| claims(step, name))
                .flat_map(|claim| claim.values)
                .collect();
            if claims.is_empty() {
                flows.push(None);
            }
            flows.extend(claims.into_iter().map(Some));
        }
    }
    flows
}

/// Whether the published facts of an issuer can be known already.
pub(super) fn is_published(entry: &Entry) -> bool {
    entry.id.realm() == Realm::Fact && entry.text("/issuer").is_some_and(|issuer| !is_late(issuer))
}

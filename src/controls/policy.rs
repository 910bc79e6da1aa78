//! What policies demand beside a token: the way through Front Door, limits, CORS, and that nothing is dropped
//! (domain.md E.2, E.3).

use std::collections::BTreeSet;

use super::calls;
use super::control::{Check, Control, Severity};
use super::demand::{Admitted, admitted};
use super::effective::{Scope, attribute, every, text_of};
use super::intent::Edge;
use super::limits;
use super::report::{Fault, Verdict, expect};
use super::state::Entry;
use super::subject::{
    API, API_POLICY, BACKEND, FRAGMENT, GLOBAL_POLICY, OPERATION, OPERATION_POLICY, PROFILE,
    SERVICE, Subject,
};
use super::token::{Judgement, scopes, stands};
use crate::policy::{Document, Element, Section, USER_ID_HEADER, USER_SCOPES_HEADER};
use crate::resource::Recommendation::{R1, R8, R10};
use crate::resource::ResourceId;

const RESTRICTION: &str = "Microsoft.ApiManagement/service/policyRestrictions";
const POLICIES: &[&str] = &[API, OPERATION, GLOBAL_POLICY, API_POLICY, OPERATION_POLICY];

/// And whom they call.
const ROUTES: &[&str] = &[
    API,
    OPERATION,
    GLOBAL_POLICY,
    API_POLICY,
    OPERATION_POLICY,
    FRAGMENT,
    BACKEND,
];

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "POL-09",
        title: "Front Door ID checked at global scope",
        severity: Severity::Critical,
        serves: &[R10],
        condition: "where the gateway has a public address, its own policy refuses with 403 what does not carry `X-Azure-FDID` with the profile's id, before any token is looked at",
        why: "Front Door's address ranges are shared: anybody's profile reaches the gateway past your firewall",
        remedy: "put `check-header` for `X-Azure-FDID` first into the gateway's own policy",
        mcsb: &["NS-1", "NS-6"],
        owasp: &["API8"],
        applies: "gateways with a public address",
        reads: &[GLOBAL_POLICY, SERVICE, PROFILE],
        check: Check::Read(front_door_id),
        ..Control::PLAIN
    },
    Control {
        id: "POL-10",
        title: "Per-user rate limit",
        serves: &[R8],
        condition: "behind `validate-jwt`, `rate-limit-by-key` counts each call by the token's subject or object id, up to what the spec declares, or to 100 calls in a second where there is none",
        why: "one user's script can use up what is meant for all",
        remedy: "add `rate-limit-by-key` with the token's subject as `counter-key` behind `validate-jwt`",
        mcsb: &["NS-5"],
        owasp: &["API4"],
        applies: "all tiers but Consumption",
        reads: POLICIES,
        check: Check::Read(limits::by_user),
        ..Control::PLAIN
    },
    Control {
        id: "POL-11",
        title: "Pre-auth rate guard by socket IP",
        severity: Severity::Medium,
        serves: &[R8],
        condition: "before `validate-jwt`, `rate-limit-by-key` counts by `X-Azure-SocketIP`, or by the caller's address where no Front Door stands before the gateway, and counts each call, up to what the spec declares, or to 1000 calls in a second where there is none",
        why: "tokens can be guessed and signatures checked at the gateway's cost without limit",
        remedy: "add `rate-limit-by-key` by `X-Azure-SocketIP` to the gateway's own policy; clients choose `X-Forwarded-For`",
        mcsb: &["NS-5"],
        owasp: &["API4", "API2"],
        applies: "all tiers but Consumption",
        reads: POLICIES,
        check: Check::Read(limits::by_address),
        ..Control::PLAIN
    },
    Control {
        id: "POL-13",
        title: "CORS restricted",
        condition: "`cors` names its origins, methods and headers, never `*`, and says `terminate-unmatched-request=\"true\"`; with a spec, it lets in what that names and nothing else",
        why: "any web site that a signed-in user visits can call the API from their browser",
        remedy: "name the origins that need the API, with their scheme and port",
        mcsb: &["NS-8"],
        owasp: &["API8"],
        reads: &[GLOBAL_POLICY, API_POLICY, OPERATION_POLICY],
        check: Check::Read(cors),
        ..Control::PLAIN
    },
    Control {
        id: "POL-14",
        title: "<base/> present in every section; policyRestrictions on",
        condition: "each section of an API's or operation's policy has `<base />`, and a policy restriction keeps it there",
        why: "a document without `<base />` drops every guard of the scopes around it",
        remedy: "put `<base />` first into the section, and a `policyRestrictions` with `requireBase` on the API",
        mcsb: &["PV-2"],
        owasp: &["API8"],
        reads: &[API_POLICY, OPERATION_POLICY, RESTRICTION],
        check: Check::Read(base),
        ..Control::PLAIN
    },
    Control {
        id: "POL-16",
        title: "Backend called with managed identity",
        serves: &[R1],
        condition: "behind `validate-jwt`, `authentication-managed-identity` gets a token for the functions' application, and its errors are not ignored; calls go to the functions, to declared backends and to the identity provider, and to no other host: not by `set-backend-service`, `send-request`, `send-one-way-request` or `proxy`, in whatever section, and not by a backend's or API's own address",
        why: "the function cannot tell the gateway from anybody else who reaches it; whoever else is called gets the users' requests, and the tokens with them",
        remedy: "add `authentication-managed-identity` with the application of the functions as `resource`; remove the call, or declare whom it is for",
        mcsb: &["IM-3", "IM-4"],
        owasp: &["API2", "API10"],
        reads: ROUTES,
        check: Check::Read(managed_identity),
        ..Control::PLAIN
    },
    Control {
        id: "POL-17",
        title: "Client identity headers not spoofable",
        condition: "each `X-User-…` header that reaches the function is set over what the client sent, or deleted",
        why: "a client that sends the header itself is taken for somebody else",
        remedy: "set the header with `exists-action=\"override\"`, or delete it",
        mcsb: &["IM-4"],
        owasp: &["API1", "API2"],
        reads: POLICIES,
        check: Check::Read(identity_headers),
        ..Control::PLAIN
    },
];

fn front_door_id(subject: &Subject<'_>) -> Vec<Verdict> {
    let ids: Vec<String> = subject
        .all(PROFILE)
        .filter_map(|profile| subject.state.text(&profile.id, "/properties/frontDoorId"))
        .collect();
    let judge = |service: &Entry| {
        if subject.intent.edge == Edge::PrivateLink {
            let why = "private link: nothing but Front Door reaches the gateway";
            return Verdict::not_applicable(service, why);
        }
        let id = service.id.child("policies", "policy");
        let entry = subject.state.get(&id).unwrap_or(service);
        if subject.state.is_unread(&id) {
            return Verdict::unknown(entry, "its policy was not read");
        }
        if let Some(why) = subject.policies.fault(&id) {
            return Verdict::unknown(entry, format!("its policy cannot be read: {why}"));
        }
        Verdict::of(entry, id_check(subject.policies.document(&id), &ids))
    };
    subject.all(SERVICE).map(judge).collect()
}

fn id_check(document: Option<&Document>, ids: &[String]) -> Option<Fault> {
    let inbound = document.and_then(|document| document.section(Section::Inbound));
    let statements: Vec<&Element> = inbound.into_iter().flat_map(Element::elements).collect();
    let is_check = |element: &&&Element| {
        element.name == "check-header"
            && attribute(element, "name")
                .is_some_and(|name| name.eq_ignore_ascii_case("X-Azure-FDID"))
    };
    let wanted = format!("`check-header` for `X-Azure-FDID` that refuses all but {ids:?} with 403");
    let Some(check) = statements.iter().find(is_check) else {
        return Some(stands("no `check-header` for `X-Azure-FDID`", wanted));
    };
    let values: Vec<String> = check
        .elements()
        .filter(|element| element.name == "value")
        .map(text_of)
        .collect();
    let code = attribute(check, "failed-check-httpcode").unwrap_or_default();
    let is_own = |value: &String| ids.iter().any(|id| id.eq_ignore_ascii_case(value));
    let holds = !values.is_empty() && values.iter().all(is_own) && code == "403";
    (!holds).then(|| stands(format!("X-Azure-FDID {values:?}, {code}"), wanted))
}

fn cors(subject: &Subject<'_>) -> Vec<Verdict> {
    let verdicts = subject.policies.documents().filter_map(|(id, document)| {
        let entry = subject.state.get(id)?;
        let statements = every(&document.root, "cors");
        if statements.is_empty() {
            return Some(Verdict::not_applicable(entry, "no other origin may call"));
        }
        let declared = declared_cors(subject, id);
        let faults = statements.into_iter().flat_map(|cors| {
            let mut faults = open_cors(cors);
            faults.extend(declared.iter().flat_map(|declared| beyond(cors, declared)));
            faults
        });
        Some(Verdict::of(entry, faults))
    });
    verdicts.collect()
}

/// What the spec says that a document lets in: an API's own, or anything of the spec for what is in effect for all.
fn declared_cors(subject: &Subject<'_>, id: &ResourceId) -> Option<BTreeSet<Admitted>> {
    if id.ancestor(API).is_some() {
        return subject.declared_demands(id).map(|own| own.cors.clone());
    }
    let demands = &subject.intent.declared.as_ref()?.demands;
    Some(demands.values().flat_map(|own| own.cors.clone()).collect())
}

fn beyond(cors: &Element, declared: &BTreeSet<Admitted>) -> Vec<Fault> {
    let found = admitted(cors).into_iter();
    found
        // Said of it already.
        .filter(|(_, item)| !item.contains('*'))
        .filter(|found| !declared.contains(found))
        .map(|(list, item)| {
            let said = format!("{list} {item}");
            stands(said, "what the spec names, and nothing else")
        })
        .collect()
}

fn open_cors(cors: &Element) -> Vec<Fault> {
    let lists = [
        ("allowed-origins", "origins by name"),
        ("allowed-methods", "methods by name"),
        ("allowed-headers", "headers by name"),
    ];
    let mut faults: Vec<Fault> = lists
        .iter()
        .filter_map(|(name, wanted)| {
            let values: Vec<String> = cors.element(name)?.elements().map(text_of).collect();
            let is_open = values
                .iter()
                .any(|value| value.contains('*') || value == "null");
            is_open.then(|| stands(format!("{name} {values:?}"), *wanted))
        })
        .collect();
    let ends = attribute(cors, "terminate-unmatched-request");
    if ends.as_deref() != Some("true") {
        let said = format!("terminate-unmatched-request {ends:?}");
        faults.push(stands(
            said,
            "`true`, said: Azure documents both as the default",
        ));
    }
    faults
}

fn base(subject: &Subject<'_>) -> Vec<Verdict> {
    let documents = [API_POLICY, OPERATION_POLICY]
        .into_iter()
        .flat_map(|type_name| subject.all(type_name));
    let verdicts = documents.map(|entry| match subject.policies.document(&entry.id) {
        Some(document) => Verdict::of(entry, without_base(document)),
        None => Verdict::unknown(entry, "its policy cannot be read"),
    });
    verdicts.chain(unrestricted(subject)).collect()
}

fn without_base(document: &Document) -> Vec<Fault> {
    let lacks = |section: &Section| {
        let section = document.section(*section);
        section.is_none_or(|section| section.element("base").is_none())
    };
    let sections = Section::ALL.into_iter().filter(lacks);
    sections
        .map(|section| {
            let said = format!("no `<base />` in `{}`", section.name());
            stands(said, "`<base />`")
        })
        .collect()
}

/// The spec's own APIs each have a restriction; without a spec nobody is asked for one.
fn unrestricted(subject: &Subject<'_>) -> Vec<Verdict> {
    let Some(declared) = &subject.intent.declared else {
        return Vec::new();
    };
    let own = subject
        .all(API)
        .filter(|api| declared.inventory.contains(&api.id));
    own.map(|api| {
        let mut restrictions = subject.all(RESTRICTION);
        let found = restrictions.find(|entry| covers(entry, &api.id));
        let Some(entry) = found else {
            let wanted = "a policy restriction that requires `<base />`";
            return Verdict::missing(&api.id, api.source.as_ref(), wanted);
        };
        let pointer = "/properties/requireBase";
        let holds = entry.flag(pointer) == Some(true);
        Verdict::of(entry, expect(holds, entry, pointer, "`true`"))
    })
    .collect()
}

/// Azure takes the scope as a whole id, or as what follows the service.
fn covers(restriction: &Entry, api: &ResourceId) -> bool {
    let scope = restriction.text("/properties/scope").unwrap_or_default();
    let tail = format!("/apis/{}", api.name());
    scope.eq_ignore_ascii_case(api.as_str())
        || scope.eq_ignore_ascii_case(&tail)
        || scope.eq_ignore_ascii_case(tail.trim_start_matches('/'))
}

fn managed_identity(subject: &Subject<'_>) -> Vec<Verdict> {
    let application = subject.intent.backend_application.as_ref();
    let own = application.and_then(|id| subject.state.text(id, "/appId"));
    let mut verdicts = scopes(subject, |scope| {
        let mut found = Judgement::from(signs_in(scope, own.as_deref()));
        found.add(calls::strange(subject, scope));
        Ok(found)
    });
    verdicts.extend(calls::own_addresses(subject));
    verdicts
}

/// How the gateway signs in to the functions, whose application is `own`.
fn signs_in(scope: &Scope<'_>, own: Option<&str>) -> Vec<Fault> {
    let token = scope.position("validate-jwt");
    let steps = scope
        .steps("authentication-managed-identity")
        .filter(|(index, _)| token.is_none_or(|token| *index > token));
    let Some((_, step)) = steps.last() else {
        let said = "no `authentication-managed-identity` behind `validate-jwt`";
        return vec![stands(said, "the gateway signs in to the function")];
    };
    let resource = attribute(step, "resource").unwrap_or_default();
    let is_own =
        own.is_none_or(|own| resource == own || resource.strip_prefix("api://") == Some(own));
    let mut faults = Vec::new();
    if resource.is_empty() || !is_own {
        let wanted = own.unwrap_or("an application");
        faults.push(stands(format!("resource=\"{resource}\""), wanted));
    }
    if attribute(step, "ignore-error").is_some_and(|value| !value.eq_ignore_ascii_case("false")) {
        faults.push(stands("ignore-error=\"true\"", "`false`"));
    }
    faults
}

fn identity_headers(subject: &Subject<'_>) -> Vec<Verdict> {
    let is_declared = subject.intent.declared.is_some();
    scopes(subject, |scope| {
        let headers: Vec<&Element> = scope
            .inbound
            .iter()
            .flat_map(|step| every(step.element, "set-header"))
            .collect();
        let mut faults: Vec<Fault> = headers
            .iter()
            .filter_map(|header| {
                let name = attribute(header, "name")?;
                let action =
                    attribute(header, "exists-action").unwrap_or_else(|| "override".to_owned());
                let is_identity = name.to_ascii_lowercase().starts_with("x-user-");
                let holds = !is_identity || ["override", "delete"].contains(&action.as_str());
                (!holds).then(|| {
                    stands(
                        format!("{name} exists-action=\"{action}\""),
                        "`override` or `delete`",
                    )
                })
            })
            .collect();
        if is_declared {
            let missing = [USER_ID_HEADER, USER_SCOPES_HEADER]
                .into_iter()
                .filter(|wanted| {
                    !scope.steps("set-header").any(|(_, header)| {
                        attribute(header, "name")
                            .is_some_and(|name| name.eq_ignore_ascii_case(wanted))
                    })
                });
            faults.extend(missing.map(|name| {
                stands(
                    format!("{name} comes from the client"),
                    "set from the token",
                )
            }));
        }
        Ok(faults)
    })
}

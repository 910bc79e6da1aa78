//! Front Door: HTTPS in and out, headers, hosts, and the private link to the gateway (domain.md C.1 to C.3, C.5).

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::intent::Edge;
use super::report::{Verdict, expect};
use super::state::Entry;
use super::subject::{
    CONNECTION, DIAGNOSTIC_SETTING, DOMAIN, ORIGIN, PROFILE, ROUTE, SERVICE, Subject,
};
use crate::resource::Recommendation::{R2, R9, R10};
use crate::resource::ResourceId;
use crate::resource::body::get;

const RULE: &str = "Microsoft.Cdn/profiles/ruleSets/rules";
/// One year, in seconds.
const LEAST_AGE: u64 = 31_536_000;

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "AFD-01",
        title: "HTTPS redirect or HTTPS-only route",
        serves: &[R2, R9],
        condition: "each route redirects HTTP to HTTPS, or takes HTTPS alone",
        why: "a token in a request over HTTP is readable on the way",
        remedy: "set `httpsRedirect` to `Enabled`, or `supportedProtocols` to `[\"Https\"]`",
        mcsb: &["DP-3"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[ROUTE],
        check: Check::Read(redirects),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-02",
        title: "HTTPS to origin",
        serves: &[R2],
        condition: "each route forwards over HTTPS alone, and each origin's certificate name is checked",
        why: "whoever stands between edge and gateway reads every token",
        remedy: "set `forwardingProtocol` to `HttpsOnly` and `enforceCertificateNameCheck` to `true`",
        mcsb: &["DP-3"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[ROUTE, ORIGIN],
        check: Check::Read(https_to_origin),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-03",
        title: "Custom domain minimum TLS 1.2 / 1.3",
        serves: &[R2],
        condition: "own hosts take TLS 1.3 alone, with a cipher set of their own; 1.2 where no spec says more",
        why: "a client can be talked down to a weaker protocol",
        remedy: "set `minimumTlsVersion` to `TLS13` with `cipherSuiteSetType` `Customized`",
        mcsb: &["DP-3", "NS-8"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        evidence: crate::resource::Evidence::Documented("domain.md C.2", "2026-11-23"),
        reads: &[DOMAIN],
        check: Check::Read(domain_tls),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-05",
        title: "HSTS via rules engine",
        serves: &[R9],
        condition: "a rule of each route sets `Strict-Transport-Security` on every answer, for a year at least",
        why: "a browser's first request may go over HTTP, to whoever answers",
        remedy: "attach a rule without conditions that overwrites `Strict-Transport-Security`",
        mcsb: &["DP-3"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[ROUTE, RULE],
        check: Check::Read(transport_security),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-06",
        title: "No caching of authenticated API",
        condition: "no route and no rule caches",
        why: "one user's answer is served to another",
        remedy: "remove `cacheConfiguration` of the route, and the caching action of the rule",
        owasp: &["API1", "API8"],
        applies: "Front Door Standard and Premium",
        reads: &[ROUTE, RULE],
        check: Check::Read(no_caching),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-07",
        title: "Default azurefd.net domain unlinked when custom domain exists",
        severity: Severity::Medium,
        serves: &[R9],
        condition: "a route with own hosts is not linked to the default one",
        why: "the default host takes TLS 1.2 and stays when the own one is taken away",
        remedy: "set `linkToDefaultDomain` to `Disabled`",
        mcsb: &["NS-2"],
        owasp: &["API9"],
        applies: "Front Door Standard and Premium",
        reads: &[ROUTE],
        check: Check::Read(default_host),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-09",
        title: "Access, probe and WAF logs shipped",
        severity: Severity::Medium,
        serves: &[R9],
        condition: "a diagnostic setting of the profile sends access and firewall logs to a workspace",
        why: "an attack at the edge leaves no trace",
        remedy: "add a diagnostic setting with `allLogs` to the profile",
        mcsb: &["LT-3", "LT-4"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[PROFILE, DIAGNOSTIC_SETTING],
        check: Check::Read(logs),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-11",
        title: "Origin reached by Private Link",
        severity: Severity::Critical,
        serves: &[R10],
        condition: "each origin reaches the gateway by a private link of group `Gateway` that is approved",
        why: "the gateway has to be public for the edge to reach it, and then it is for everybody",
        remedy: "give the origin a `sharedPrivateLinkResource` to the gateway, and approve the connection",
        mcsb: &["NS-2"],
        owasp: &["API8"],
        applies: "Front Door Premium with a private edge",
        reads: &[ORIGIN, CONNECTION],
        check: Check::Read(private_link),
        ..Control::PLAIN
    },
    Control {
        id: "AFD-12",
        title: "Only our private endpoint connections are approved",
        serves: &[R10],
        condition: "each approved connection of the gateway was asked for by one of its origins, or is one of its own private endpoints",
        why: "a stranger's private endpoint is a way in past the edge",
        remedy: "reject the connection",
        mcsb: &["NS-2", "PA-7"],
        owasp: &["API8"],
        applies: "gateways with a private endpoint",
        reads: &[CONNECTION],
        check: Check::Read(known_connections),
        ..Control::PLAIN
    },
];

fn redirects(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |route: &Entry| {
        let protocols = route.texts("/properties/supportedProtocols");
        let is_https_only = protocols.len() == 1 && protocols[0].eq_ignore_ascii_case("Https");
        let pointer = "/properties/httpsRedirect";
        let holds = is_https_only || route.is(pointer, "Enabled");
        Verdict::of(route, expect(holds, route, pointer, "`Enabled`"))
    };
    subject.all(ROUTE).map(judge).collect()
}

fn https_to_origin(subject: &Subject<'_>) -> Vec<Verdict> {
    let route = |route: &Entry| {
        let pointer = "/properties/forwardingProtocol";
        let holds = route.is(pointer, "HttpsOnly");
        Verdict::of(route, expect(holds, route, pointer, "`HttpsOnly`"))
    };
    let origin = |origin: &Entry| {
        let pointer = "/properties/enforceCertificateNameCheck";
        let holds = origin.flag(pointer) == Some(true);
        Verdict::of(origin, expect(holds, origin, pointer, "`true`"))
    };
    let origins = subject.all(ORIGIN).map(origin);
    subject.all(ROUTE).map(route).chain(origins).collect()
}

fn domain_tls(subject: &Subject<'_>) -> Vec<Verdict> {
    let needs_13 = subject.intent.declared.is_some();
    let domains: Vec<&Entry> = subject.all(DOMAIN).collect();
    if domains.is_empty() {
        let why = "there is no host of its own: the default host cannot be kept to TLS 1.3 and takes 1.2 too";
        let none = |profile: &Entry| Verdict::not_applicable(profile, why);
        return subject.all(PROFILE).map(none).collect();
    }
    let judge = |domain: &Entry| {
        let minimum = "/properties/tlsSettings/minimumTlsVersion";
        let kind = "/properties/tlsSettings/cipherSuiteSetType";
        let set = "/properties/tlsSettings/customizedCipherSuiteSet";
        let is_13 = domain.is(minimum, "TLS13");
        let holds = is_13 || (!needs_13 && domain.is(minimum, "TLS12"));
        let is_own_set = domain.is(kind, "Customized");
        let suites = !domain
            .texts(&format!("{set}/cipherSuiteSetForTls13"))
            .is_empty();
        let older = format!("{set}/cipherSuiteSetForTls12");
        let wanted = if needs_13 {
            "`TLS13`"
        } else {
            "`TLS12` or `TLS13`"
        };
        let faults = [
            expect(holds, domain, minimum, wanted),
            expect(
                !is_13 || is_own_set,
                domain,
                kind,
                "`Customized`: a minimum of 1.3 holds with it alone",
            ),
            expect(
                !is_13 || !is_own_set || suites,
                domain,
                set,
                "a suite of TLS 1.3",
            ),
            expect(
                !is_13 || domain.at(&older).is_none(),
                domain,
                &older,
                "no suite of TLS 1.2",
            ),
        ];
        Verdict::of(domain, faults.into_iter().flatten())
    };
    domains.into_iter().map(judge).collect()
}

/// The rules of a route in the order in which they run.
fn rules<'a>(subject: &Subject<'a>, route: &Entry) -> Vec<&'a Entry> {
    let sets = route.list("/properties/ruleSets").iter();
    let sets = sets.filter_map(|set| ResourceId::parse(set.get("id")?.as_str()?).ok());
    let mut found = Vec::new();
    for set in sets {
        let mut rules: Vec<&'a Entry> = subject
            .all(RULE)
            .filter(|rule| rule.id.parent().as_ref() == Some(&set))
            .collect();
        rules.sort_by_key(|rule| rule.at("/properties/order").and_then(Value::as_u64));
        found.extend(rules);
    }
    found
}

fn transport_security(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |route: &Entry| {
        let mut holds = false;
        for rule in rules(subject, route) {
            let is_unconditional = rule.list("/properties/conditions").is_empty();
            holds |= is_unconditional && rule.list("/properties/actions").iter().any(sets_hsts);
            if rule.is("/properties/matchProcessingBehavior", "Stop") {
                break;
            }
        }
        let wanted = "a rule without conditions that overwrites `Strict-Transport-Security` with a year or more";
        Verdict::of(route, expect(holds, route, "/properties/ruleSets", wanted))
    };
    subject.all(ROUTE).map(judge).collect()
}

fn is_text(value: &Value, pointer: &str, wanted: &str) -> bool {
    get(value, pointer)
        .and_then(Value::as_str)
        .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
}

fn sets_hsts(action: &Value) -> bool {
    let age = get(action, "/parameters/value")
        .and_then(Value::as_str)
        .and_then(|value| {
            let value = value.to_ascii_lowercase();
            let age = value
                .split(';')
                .find_map(|part| part.trim().strip_prefix("max-age="));
            age.and_then(|age| age.trim().parse::<u64>().ok())
        });
    is_text(action, "/name", "ModifyResponseHeader")
        && is_text(action, "/parameters/headerAction", "Overwrite")
        && is_text(
            action,
            "/parameters/headerName",
            "Strict-Transport-Security",
        )
        && age.is_some_and(|age| age >= LEAST_AGE)
}

fn no_caching(subject: &Subject<'_>) -> Vec<Verdict> {
    let route = |route: &Entry| {
        let pointer = "/properties/cacheConfiguration";
        Verdict::of(
            route,
            expect(
                route.at(pointer).is_none(),
                route,
                pointer,
                "nothing: no caching",
            ),
        )
    };
    let rule = |rule: &Entry| {
        let caches = |action: &Value| {
            is_text(action, "/name", "CacheExpiration")
                || (is_text(action, "/name", "RouteConfigurationOverride")
                    && get(action, "/parameters/cacheConfiguration")
                        .is_some_and(|it| !it.is_null()))
        };
        let pointer = "/properties/actions";
        let holds = !rule.list(pointer).iter().any(caches);
        Verdict::of(rule, expect(holds, rule, pointer, "no action that caches"))
    };
    let rules = subject.all(RULE).map(rule);
    subject.all(ROUTE).map(route).chain(rules).collect()
}

fn default_host(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |route: &Entry| {
        if route.at("/properties/customDomains").is_none() {
            return Verdict::not_applicable(route, "it has no host but the default one");
        }
        let pointer = "/properties/linkToDefaultDomain";
        let holds = route.is(pointer, "Disabled");
        Verdict::of(route, expect(holds, route, pointer, "`Disabled`"))
    };
    subject.all(ROUTE).map(judge).collect()
}

/// Whether a diagnostic setting sends each of these categories to a workspace.
pub(super) fn ships(setting: &Entry, categories: &[&str]) -> bool {
    let logs = setting.list("/properties/logs");
    let is_on = |member: &str, name: &str| {
        logs.iter().any(|log| {
            is_text(log, member, name)
                && get(log, "/enabled").and_then(super::state::truth) == Some(true)
        })
    };
    let all = is_on("/categoryGroup", "allLogs");
    setting.at("/properties/workspaceId").is_some()
        && (all
            || categories
                .iter()
                .all(|category| is_on("/category", category)))
}

/// Judges the diagnostic settings of a resource.
pub(super) fn logged(subject: &Subject<'_>, resource: &Entry, categories: &[&str]) -> Verdict {
    let settings: Vec<&Entry> = subject
        .all(DIAGNOSTIC_SETTING)
        .filter(|setting| setting.id.parent().as_ref() == Some(&resource.id))
        .collect();
    if settings.iter().any(|setting| ships(setting, categories)) {
        return Verdict::of(resource, None);
    }
    let wanted = format!("`allLogs`, or {}, to a workspace", categories.join(" and "));
    match settings.first() {
        Some(setting) => Verdict::of(setting, expect(false, setting, "/properties/logs", wanted)),
        None => Verdict::missing(
            &resource.id,
            resource.source.as_ref(),
            &format!("a diagnostic setting: {wanted}"),
        ),
    }
}

fn logs(subject: &Subject<'_>) -> Vec<Verdict> {
    let categories = ["FrontDoorAccessLog", "FrontDoorWebApplicationFirewallLog"];
    let judge = |profile: &Entry| logged(subject, profile, &categories);
    subject.all(PROFILE).map(judge).collect()
}

const STATUS: &str = "/properties/privateLinkServiceConnectionState/status";
const DESCRIPTION: &str = "/properties/privateLinkServiceConnectionState/description";
const LINK: &str = "/properties/sharedPrivateLinkResource";

fn private_link(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |origin: &Entry| {
        match subject.intent.edge {
            Edge::PrivateLink => {}
            Edge::Injected => {
                return Verdict::not_applicable(
                    origin,
                    "an injected gateway has no private link: NET-04 guards it",
                );
            }
            Edge::Public => {
                return Verdict::not_applicable(
                    origin,
                    "there is no private edge: POL-09 guards it",
                );
            }
        }
        let group = format!("{LINK}/groupId");
        let target = format!("{LINK}/privateLink/id");
        let status = format!("{LINK}/status");
        let message = format!("{LINK}/requestMessage");
        let service = subject
            .all(SERVICE)
            .find(|service| origin.refers_to(&target, &service.id));
        let is_approved = service.is_some_and(|service| {
            subject.approved(service).iter().any(|connection| {
                connection.text(DESCRIPTION).is_some()
                    && connection.text(DESCRIPTION) == origin.text(&message)
            })
        });
        // Azure says the status here only at times (quirks.md part 2, origins); the gateway's side always knows.
        let is_refused = origin.text(&status).is_some_and(|status| {
            !status.eq_ignore_ascii_case("Approved") && !status.eq_ignore_ascii_case("Pending")
        });
        let faults = [
            // The group's name has a case of its own (domain.md A.6).
            expect(
                origin.text(&group) == Some("Gateway"),
                origin,
                &group,
                "`Gateway`",
            ),
            expect(service.is_some(), origin, &target, "the gateway"),
            expect(
                service.is_none() || (is_approved && !is_refused),
                origin,
                &status,
                "`Approved`, at the gateway too",
            ),
        ];
        Verdict::of(origin, faults.into_iter().flatten())
    };
    subject.all(ORIGIN).map(judge).collect()
}

fn known_connections(subject: &Subject<'_>) -> Vec<Verdict> {
    let messages: Vec<&str> = subject
        .all(ORIGIN)
        .filter_map(|origin| origin.text("/properties/sharedPrivateLinkResource/requestMessage"))
        .collect();
    let judge = |connection: &Entry| {
        if !connection.is(STATUS, "Approved") {
            return Verdict::not_applicable(connection, "it is not approved");
        }
        let is_asked_for = connection
            .text(DESCRIPTION)
            .is_some_and(|description| messages.contains(&description));
        let is_own = connection
            .text("/properties/privateEndpoint/id")
            .is_some_and(|id| subject.state.named(id).is_some());
        let wanted = "asked for by an origin of this gateway, or one of its own private endpoints";
        Verdict::of(
            connection,
            expect(is_asked_for || is_own, connection, DESCRIPTION, wanted),
        )
    };
    subject.all(CONNECTION).map(judge).collect()
}

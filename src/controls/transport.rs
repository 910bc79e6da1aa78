//! What API Management speaks to either side: HTTPS alone, protocols and ciphers (domain.md A.3).

use super::report::{Fault, Verdict, expect};
use super::state::{Entry, truth};
use super::subject::{API, Generation, SERVICE, SITE, Subject, generation, tier};

pub(super) fn apis_speak_https(subject: &Subject<'_>) -> Vec<Verdict> {
    let api = |api: &Entry| {
        let protocols = api.texts("/properties/protocols");
        let safe = protocols.iter().all(|protocol| {
            ["https", "wss"]
                .iter()
                .any(|safe| protocol.eq_ignore_ascii_case(safe))
        });
        Verdict::of(
            api,
            expect(safe, api, "/properties/protocols", "only `https`"),
        )
    };
    subject.all(API).map(api).collect()
}

const PREFIX: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security";
const OLD: [&str; 3] = ["Tls10", "Tls11", "Ssl30"];

fn setting(name: &str) -> String {
    format!("/properties/customProperties/{PREFIX}.{name}")
}

/// Off, or left out where that means off.
fn off(service: &Entry, name: &str, absent_is_off: bool) -> Option<Fault> {
    let pointer = setting(name);
    let holds = match service.at(&pointer) {
        None => absent_is_off,
        Some(value) => truth(value) == Some(false),
    };
    expect(holds, service, &pointer, "`False`")
}

/// Services made before this day have the old protocols on unless told otherwise (domain.md A.3).
fn defaults_are_safe(service: &Entry) -> bool {
    service
        .text("/properties/createdAtUtc")
        .is_none_or(|created| created > "2018-04-01T")
}

pub(super) fn client_protocols(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let safe = defaults_are_safe(service);
        let faults = OLD
            .iter()
            .filter_map(|name| off(service, &format!("Protocols.{name}"), safe));
        Verdict::of(service, faults)
    };
    subject.all(SERVICE).map(judge).collect()
}

pub(super) fn backend_protocols(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let faults = OLD
            .iter()
            .filter_map(|name| off(service, &format!("Backend.Protocols.{name}"), true));
        Verdict::of(service, faults)
    };
    subject.all(SERVICE).map(judge).collect()
}

pub(super) fn speaks_what_functions_require(subject: &Subject<'_>) -> Vec<Verdict> {
    let is_required = subject
        .all(SITE)
        .filter_map(|site| subject.config(&site.id, "web"))
        .any(|config| config.is("/properties/minTlsVersion", "1.3"));
    let pointer = setting("Backend.Protocols.Tls13");
    let judge = |service: &Entry| {
        if !is_required {
            return Verdict::not_applicable(service, "no function requires TLS 1.3");
        }
        let holds = service.flag(&pointer) == Some(true);
        Verdict::of(service, expect(holds, service, &pointer, "`True`"))
    };
    subject.all(SERVICE).map(judge).collect()
}

/// On by default, so they have to be switched off by name (domain.md A.3).
const WEAK_CIPHERS: [&str; 9] = [
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
];
/// Off by default, or not in the documented list: wrong only where they are on.
const RARE_CIPHERS: [&str; 2] = ["TripleDes168", "TLS_RSA_WITH_AES_256_GCM_SHA384"];

pub(super) fn weak_ciphers(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        if generation(service) != Generation::Classic {
            let why = format!("{} chooses its ciphers by itself", tier(service));
            return Verdict::not_applicable(service, why);
        }
        let off = |absent_is_off: bool| {
            move |name: &&str| off(service, &format!("Ciphers.{name}"), absent_is_off)
        };
        let weak = WEAK_CIPHERS.iter().filter_map(off(false));
        Verdict::of(
            service,
            weak.chain(RARE_CIPHERS.iter().filter_map(off(true))),
        )
    };
    subject.all(SERVICE).map(judge).collect()
}

//! API Management itself: protocols, ciphers, keys, identity, what Azure puts into a new one (domain.md A). What is
//! checked of protocols and ciphers stands in `transport`.

use std::collections::BTreeSet;

use serde_json::Value;
use time::macros::format_description;
use time::{Date, Duration};

use super::control::{Check, Control, Severity};
use super::intent::Edge;
use super::report::{Fault, Outcome, Verdict, expect};
use super::state::Entry;
use super::subject::{
    API, BACKEND, CONNECTION, Generation, OPERATION, SERVICE, SITE_CONFIG, Subject, generation,
    tier,
};
use super::transport;
use crate::resource::Recommendation::{R2, R3, R5, R7, R10};
use crate::resource::body::{get, join};

const PRODUCT: &str = "Microsoft.ApiManagement/service/products";
const SUBSCRIPTION: &str = "Microsoft.ApiManagement/service/subscriptions";
const TENANT: &str = "Microsoft.ApiManagement/service/tenant";
const NAMED_VALUE: &str = "Microsoft.ApiManagement/service/namedValues";
const COMPONENT: &str = "Microsoft.Insights/components";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "APIM-01",
        title: "APIM APIs accept only HTTPS",
        serves: &[R2],
        condition: "each API's `protocols` are `https` or `wss`",
        why: "a token sent over HTTP can be read and used by anybody on the way",
        remedy: "set `protocols` of the API to `[\"https\"]`",
        mcsb: &["DP-3"],
        owasp: &["API8", "API2"],
        reads: &[API],
        check: Check::Read(transport::apis_speak_https),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-02",
        title: "Legacy TLS/SSL off on client side",
        serves: &[R2],
        condition: "`customProperties` switch TLS 1.0, TLS 1.1 and SSL 3.0 off towards clients, or leave them out on a service made after 2018-04-01",
        why: "TLS below 1.2 has known breaks of confidentiality",
        remedy: "set `Security.Protocols.Tls10`, `.Tls11` and `.Ssl30` to `False`, sending the whole map",
        mcsb: &["DP-3", "NS-8"],
        owasp: &["API8"],
        reads: &[SERVICE],
        check: Check::Read(transport::client_protocols),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-03",
        title: "Legacy TLS/SSL off to backend",
        serves: &[R2],
        condition: "`customProperties` do not switch TLS 1.0, TLS 1.1 or SSL 3.0 on towards backends",
        why: "the gateway could be talked down to a broken protocol on its way to the function",
        remedy: "set `Security.Backend.Protocols.Tls10`, `.Tls11` and `.Ssl30` to `False`, sending the whole map",
        mcsb: &["DP-3", "NS-8"],
        owasp: &["API8"],
        reads: &[SERVICE],
        check: Check::Read(transport::backend_protocols),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-04",
        title: "TLS 1.3 enabled APIM→Function when Function requires 1.3",
        severity: Severity::Critical,
        serves: &[R2],
        condition: "where a function takes nothing below TLS 1.3, the gateway speaks it to backends",
        why: "every call fails at the handshake with the function: an outage",
        remedy: "set `Security.Backend.Protocols.Tls13` to `True`",
        mcsb: &["DP-3"],
        owasp: &["API8"],
        reads: &[SERVICE, SITE_CONFIG],
        check: Check::Read(transport::speaks_what_functions_require),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-05",
        title: "Weak ciphers disabled",
        severity: Severity::Medium,
        serves: &[R2],
        condition: "on tiers that choose their ciphers, those without forward secrecy or with SHA-1 are `False`",
        why: "recorded traffic can be read later by whoever gets the key",
        remedy: "set each `Security.Ciphers` entry that is named to `False`, sending the whole map",
        mcsb: &["DP-3"],
        owasp: &["API8"],
        applies: "Developer, Basic, Standard, Premium",
        reads: &[SERVICE],
        check: Check::Read(transport::weak_ciphers),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-06",
        title: "APIM joined to a virtual network or private endpoint",
        serves: &[R5],
        condition: "the service is in a virtual network, or has an approved private endpoint connection",
        why: "nothing but a policy stands between the Internet and the gateway",
        remedy: "reach the gateway by private link, or inject it into a network",
        mcsb: &["NS-1", "NS-2"],
        owasp: &["API8"],
        applies: "all tiers but Consumption and BasicV2",
        reads: &[SERVICE, CONNECTION],
        check: Check::Read(is_joined),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-07",
        title: "APIM public network access disabled when a private edge exists",
        severity: Severity::Critical,
        serves: &[R10],
        condition: "with Front Door's private link approved, `publicNetworkAccess` is `Disabled`",
        why: "anybody can call the gateway directly, past firewall and edge limits",
        remedy: "set `publicNetworkAccess` to `Disabled`",
        mcsb: &["NS-2"],
        owasp: &["API8"],
        applies: "tiers with a private endpoint, not injected",
        reads: &[SERVICE],
        check: Check::Read(public_access),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-08",
        title: "No subscription key required or accepted as sole credential",
        serves: &[R7],
        condition: "no API and no published product asks for a subscription key; that a token is asked for is POL-01",
        why: "a key is a shared secret that names no user and does not expire",
        remedy: "set `subscriptionRequired` to `false`",
        mcsb: &["IM-1"],
        owasp: &["API2"],
        reads: &[API],
        check: Check::Read(no_keys),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-09",
        title: "No all-APIs subscriptions besides master",
        severity: Severity::Medium,
        serves: &[R7],
        condition: "no subscription but `master` has the scope of all APIs",
        why: "one leaked key opens every API that ever asks for keys",
        remedy: "delete the subscription, or give it the scope of one product",
        mcsb: &["PA-7"],
        owasp: &["API5"],
        reads: &[SUBSCRIPTION],
        check: Check::Read(all_apis_subscriptions),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-10",
        title: "Sample API/products removed",
        severity: Severity::Medium,
        serves: &[R7],
        condition: "the API `echo-api` and the products `starter` and `unlimited` are gone",
        why: "the samples answer to anybody with a key and echo what they are sent",
        remedy: "delete the sample",
        mcsb: &["AM-2"],
        owasp: &["API9"],
        applies: "Developer, Basic, Standard, Premium",
        reads: &[API, PRODUCT],
        check: Check::Read(samples),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-12",
        title: "System/user-assigned identity present",
        condition: "the service has a managed identity",
        why: "without one, the gateway needs stored secrets for its backends and vaults",
        remedy: "assign a managed identity to the service",
        mcsb: &["IM-3"],
        owasp: &["API2"],
        reads: &[SERVICE],
        check: Check::Read(has_identity),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-13",
        title: "Direct management API disabled",
        condition: "`tenant/access` and `tenant/gitAccess` are not enabled",
        why: "their keys change the gateway past Azure's sign-in, roles and activity log",
        remedy: "set `enabled` to `false`",
        mcsb: &["PA-1"],
        owasp: &["API8"],
        applies: "Developer, Basic, Standard, Premium",
        reads: &[TENANT],
        check: Check::Read(direct_management),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-17",
        title: "Secret named values come from Key Vault",
        condition: "each secret named value refers to a Key Vault secret, and was fetched",
        why: "a secret stored in the gateway is never rotated, and readers of the service see it",
        remedy: "give the named value a `keyVault.secretIdentifier`",
        mcsb: &["IM-8", "DP-6"],
        cis3: Some("9.11"),
        owasp: &["API8"],
        reads: &[NAMED_VALUE],
        check: Check::Read(secrets_in_vaults),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-18",
        title: "Backends use https and validate certificates",
        serves: &[R2, R3],
        condition: "backends and service addresses are `https://`, and certificate chain and name are validated",
        why: "whoever stands between gateway and function can pose as the function",
        remedy: "use an `https://` address and set both `tls.validate…` members to `true`",
        mcsb: &["DP-3"],
        owasp: &["API8", "API10"],
        reads: &[BACKEND, API],
        check: Check::Read(backends),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-19",
        title: "Custom domain cert from Key Vault, versionless, not expiring ≤30 d",
        severity: Severity::Medium,
        condition: "certificates of own gateway hosts come from Key Vault without a version, or are managed, and live 30 days more",
        why: "a certificate that is not renewed by itself is an outage with a date",
        remedy: "refer to the certificate in Key Vault without its version",
        mcsb: &["DP-7"],
        owasp: &["API8"],
        reads: &[SERVICE],
        check: Check::Read(certificates),
        ..Control::PLAIN
    },
    Control {
        id: "APIM-22",
        title: "No unmanaged APIs/operations (inventory drift)",
        condition: "the APIs and operations are those of the spec",
        why: "an API nobody knows of is guarded by nobody",
        remedy: "add it to the spec, or delete it",
        mcsb: &["AM-2"],
        owasp: &["API9"],
        reads: &[API, OPERATION],
        check: Check::Read(inventory),
        ..Control::PLAIN
    },
];

fn is_joined(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        if ["Consumption", "BasicV2"]
            .iter()
            .any(|name| service.is("/sku/name", name))
        {
            let why = format!(
                "{} has neither networks nor private endpoints",
                tier(service)
            );
            return Verdict::not_applicable(service, why);
        }
        let subnet = "/properties/virtualNetworkConfiguration/subnetResourceId";
        let is_inside = ["External", "Internal"]
            .iter()
            .any(|mode| service.is("/properties/virtualNetworkType", mode));
        let holds =
            (is_inside && service.at(subnet).is_some()) || !subject.approved(service).is_empty();
        let wanted =
            "`External` or `Internal` with a subnet, or an approved private endpoint connection";
        Verdict::of(
            service,
            expect(holds, service, "/properties/virtualNetworkType", wanted),
        )
    };
    subject.all(SERVICE).map(judge).collect()
}

fn public_access(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let why = match subject.intent.edge {
            Edge::PrivateLink => {
                let pointer = "/properties/publicNetworkAccess";
                let holds = service.is(pointer, "Disabled");
                return Verdict::of(service, expect(holds, service, pointer, "`Disabled`"));
            }
            Edge::Injected => "an injected gateway has no private link: NET-04 and POL-09 guard it",
            Edge::Public => "there is no private edge: POL-09 is all that guards it",
        };
        Verdict::not_applicable(service, why)
    };
    subject.all(SERVICE).map(judge).collect()
}

fn no_keys(subject: &Subject<'_>) -> Vec<Verdict> {
    let pointer = "/properties/subscriptionRequired";
    let judge = |entry: &Entry| {
        // Azure asks for a key unless told otherwise.
        let holds = entry.flag(pointer) == Some(false);
        Verdict::of(entry, expect(holds, entry, pointer, "`false`"))
    };
    subject.all(API).map(judge).collect()
}

fn all_apis_subscriptions(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |entry: &Entry| {
        let pointer = "/properties/scope";
        let is_broad = entry.text(pointer).is_none_or(|scope| {
            scope
                .trim_end_matches('/')
                .to_ascii_lowercase()
                .ends_with("/apis")
        });
        let holds = !is_broad || entry.id.name().eq_ignore_ascii_case("master");
        Verdict::of(
            entry,
            expect(holds, entry, pointer, "the scope of one product or API"),
        )
    };
    subject.all(SUBSCRIPTION).map(judge).collect()
}

fn samples(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let samples = [
            ("apis", "echo-api"),
            ("products", "starter"),
            ("products", "unlimited"),
        ];
        let left: Vec<Verdict> = samples
            .iter()
            .filter_map(|(collection, name)| {
                let sample = subject.state.get(&service.id.child(collection, name))?;
                let fault = Fault {
                    pointer: String::new(),
                    value: Value::String(sample.id.name().to_owned()),
                    wanted: "gone".to_owned(),
                };
                Some(Verdict::of(sample, [fault]))
            })
            .collect();
        if left.is_empty() {
            vec![Verdict::of(service, None)]
        } else {
            left
        }
    };
    subject.all(SERVICE).flat_map(judge).collect()
}

fn has_identity(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let holds = service
            .text("/identity/type")
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("assigned"));
        Verdict::of(
            service,
            expect(holds, service, "/identity/type", "a managed identity"),
        )
    };
    subject.all(SERVICE).map(judge).collect()
}

fn direct_management(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        if generation(service) != Generation::Classic {
            let why = format!("{} has no direct management API", tier(service));
            return vec![Verdict::not_applicable(service, why)];
        }
        let one = |name: &str| match subject.state.get(&service.id.child("tenant", name)) {
            Some(access) => {
                let holds = access.flag("/properties/enabled") != Some(true);
                Verdict::of(
                    access,
                    expect(holds, access, "/properties/enabled", "`false`"),
                )
            }
            None => Verdict::unknown(service, format!("`tenant/{name}` was not read")),
        };
        vec![one("access"), one("gitAccess")]
    };
    subject.all(SERVICE).flat_map(judge).collect()
}

/// Made by Azure for each logger with credentials (quirks.md part 2, loggers).
fn is_of_logger(named_value: &Entry) -> bool {
    named_value
        .text("/properties/displayName")
        .is_some_and(|name| name.starts_with("Logger-Credentials-"))
}

fn secrets_in_vaults(subject: &Subject<'_>) -> Vec<Verdict> {
    let secret = |entry: &&Entry| entry.flag("/properties/secret") == Some(true);
    let takes_keys = subject
        .all(COMPONENT)
        .any(|component| component.flag("/properties/DisableLocalAuth") != Some(true));
    let judge = |entry: &Entry| {
        if is_of_logger(entry) && !takes_keys {
            let why = "Azure keeps a logger's connection string in it, and Application Insights takes no keys";
            return Verdict::not_applicable(entry, why);
        }
        let identifier = "/properties/keyVault/secretIdentifier";
        let status = "/properties/keyVault/lastStatus/code";
        let fetched = entry.at(status).is_none() || entry.is(status, "Success");
        let wanted = "the address of a Key Vault secret";
        let faults = [
            expect(entry.at(identifier).is_some(), entry, identifier, wanted),
            expect(fetched, entry, status, "`Success`"),
        ];
        Verdict::of(entry, faults.into_iter().flatten())
    };
    subject.all(NAMED_VALUE).filter(secret).map(judge).collect()
}

fn is_https(text: &str) -> bool {
    text.get(..8)
        .is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
}

fn backends(subject: &Subject<'_>) -> Vec<Verdict> {
    let backend = |entry: &Entry| {
        let url = "/properties/url";
        let members = ["validateCertificateChain", "validateCertificateName"];
        // A pool has no address of its own.
        let is_pool = entry.is("/properties/type", "Pool");
        let holds = is_pool || entry.text(url).is_some_and(is_https);
        let faults = members.iter().filter_map(|member| {
            let pointer = format!("/properties/tls/{member}");
            expect(
                entry.flag(&pointer) != Some(false),
                entry,
                &pointer,
                "`true`",
            )
        });
        Verdict::of(
            entry,
            faults.chain(expect(holds, entry, url, "an `https://` address")),
        )
    };
    let pointer = "/properties/serviceUrl";
    let api = |entry: &Entry| {
        let holds = entry.text(pointer).is_none_or(is_https);
        Verdict::of(
            entry,
            expect(holds, entry, pointer, "an `https://` address"),
        )
    };
    subject
        .all(BACKEND)
        .map(backend)
        .chain(subject.all(API).map(api))
        .collect()
}

fn certificates(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        let hosts = service.list("/properties/hostnameConfigurations");
        let own: Vec<usize> = (0..hosts.len())
            .filter(|index| is_own_host(&hosts[*index]))
            .collect();
        if own.is_empty() {
            return Verdict::not_applicable(
                service,
                "it has no host of its own: Azure keeps the certificate",
            );
        }
        let faults = own.into_iter().flat_map(|index| {
            let at = join("/properties/hostnameConfigurations", &index.to_string());
            certificate(service, &at, subject.today)
        });
        Verdict::of(service, faults)
    };
    subject.all(SERVICE).map(judge).collect()
}

fn is_own_host(host: &Value) -> bool {
    let text = |member: &str| {
        get(host, member)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let is_azures = [".azure-api.net", ".azure-api.us", ".azure-api.cn"]
        .iter()
        .any(|suffix| text("/hostName").ends_with(suffix));
    text("/type").eq_ignore_ascii_case("Proxy") && !is_azures
}

fn certificate(service: &Entry, at: &str, today: Date) -> Vec<Fault> {
    let source = format!("{at}/certificateSource");
    let secret = format!("{at}/keyVaultId");
    let expiry = format!("{at}/certificate/expiry");
    let renews = service.is(&source, "KeyVault") || service.is(&source, "Managed");
    let has_no_version = service.text(&secret).is_none_or(|id| {
        id.trim_end_matches('/')
            .split("/secrets/")
            .nth(1)
            .is_none_or(|rest| !rest.contains('/'))
    });
    let lives = service.text(&expiry).is_none_or(|text| {
        let format = format_description!("[year]-[month]-[day]");
        let day = text.get(..10).and_then(|day| Date::parse(day, format).ok());
        day.is_some_and(|day| day > today + Duration::days(30))
    });
    let faults = [
        expect(renews, service, &source, "`KeyVault` or `Managed`"),
        expect(has_no_version, service, &secret, "no version"),
        expect(lives, service, &expiry, "more than 30 days away"),
    ];
    faults.into_iter().flatten().collect()
}

fn inventory(subject: &Subject<'_>) -> Vec<Verdict> {
    let Some(declared) = &subject.intent.declared else {
        let why = "there is no spec to compare with".to_owned();
        return vec![Verdict::nowhere(Outcome::NotApplicable(why))];
    };
    let there: BTreeSet<_> = [API, OPERATION]
        .into_iter()
        .flat_map(|type_name| subject.all(type_name))
        .map(|entry| &entry.id)
        .collect();
    let strange = there.iter().filter_map(|id| {
        let entry = subject.state.get(id)?;
        let is_known = declared.inventory.contains(&entry.id);
        // The sample has a control of its own.
        let is_sample = entry
            .id
            .as_str()
            .to_ascii_lowercase()
            .contains("/apis/echo-api");
        (!is_sample).then(|| {
            let fault = Fault {
                pointer: String::new(),
                value: Value::String(entry.id.name().to_owned()),
                wanted: "named by the spec".to_owned(),
            };
            Verdict::of(entry, (!is_known).then_some(fault))
        })
    });
    let lost = declared.inventory.iter().filter(|id| !there.contains(id));
    let lost = lost.map(|id| Verdict::missing(id, None, "there, as the spec says"));
    strange.chain(lost).collect()
}

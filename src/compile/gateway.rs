//! API Management: the service with its TLS settings, what Azure puts into a new one taken out again, backends and
//! diagnostics. What it answers stands in `apis`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::draft::{Draft, identity, tags};
use super::ids::{Ids, Role, Subnet, is_classic};
use crate::resource::Recommendation::{R1, R2, R3, R5, R7, R10};
use crate::resource::{ResourceId, reference_to};
use crate::spec::{Function, Spec, Tier, Topology};

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    let edge = if spec.network.topology.has_private_edge() {
        vec![connection(spec, ids)]
    } else {
        // A gateway does not get into a network while it has one (domain.md A.1).
        let connection = Draft::absent(ids.connection(), &spec.gateway.at).serves(&[R5]);
        vec![front_door_id(spec, ids), connection]
    };
    let deleted = Draft::cleared(
        ids.deleted_service(),
        &spec.gateway.at,
        ids.service(),
        Value::Null,
    )
    .serves(&[R1]);
    let mut drafts = vec![deleted, service(spec, ids), tag(spec, ids)];
    drafts.extend(edge);
    if is_classic(spec.gateway.sku.name) {
        drafts.extend(["access", "gitAccess"].map(|name| key_access(spec, ids, name)));
    }
    let samples = ids.samples();
    drafts.extend(
        samples
            .into_iter()
            .map(|id| Draft::absent(id, &spec.gateway.at).serves(&[R7])),
    );
    drafts.extend(
        spec.functions
            .iter()
            .map(|function| backend(spec, ids, function)),
    );
    if spec.observability.log_analytics {
        drafts.extend(azure_monitor(spec, ids));
    }
    if spec.observability.app_insights {
        drafts.extend(app_insights(spec, ids));
    }
    drafts
}

fn service(spec: &Spec, ids: Ids) -> Draft {
    let gateway = &spec.gateway;
    let mut properties = json!({
        "publisherName": gateway.publisher.name,
        "publisherEmail": gateway.publisher.email,
        "publicNetworkAccess": public_access(spec.network.topology),
        "developerPortalStatus": "Disabled",
        "legacyPortalStatus": "Disabled",
        "apiVersionConstraint": { "minApiVersion": "2021-08-01" },
        "customProperties": protocols(gateway.sku.name),
    });
    if has_self_hosted_gateway(gateway.sku.name) {
        properties["configurationApi"] = json!({ "legacyApi": "Disabled" });
    }
    let network = join_network(spec, ids, &mut properties);
    let user = ids.gateway_identity();
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "sku": { "name": gateway.sku.name, "capacity": gateway.sku.units },
        "identity": identity(&user),
        "properties": properties,
    });
    Draft::body(ids.service(), &gateway.at, body)
        .after(network)
        .after([user, ids.deleted_service()])
        .serves(&[R1, R2, R7, R10])
        .serves(if spec.network.topology.has_private_backend() {
            &[R5]
        } else {
            &[]
        })
}

/// `Disabled` is refused at creation and without an approved connection: the kind's stage withholds it until then. An
/// injected gateway has no private link, so its network says who gets in (domain.md 0.1).
fn public_access(topology: Topology) -> &'static str {
    if topology.has_private_edge() {
        "Disabled"
    } else {
        "Enabled"
    }
}

/// Sets what the service says of its network; answers the resources that must be there first.
fn join_network(spec: &Spec, ids: Ids, properties: &mut Value) -> Vec<ResourceId> {
    let subnet = ids.subnet(Subnet::Gateway);
    let inside = json!({ "subnetResourceId": subnet });
    // `External` with a subnet means outgoing integration in v2 tiers and injection in classic ones (domain.md A.1).
    // What one that left its network keeps of it would be refused.
    let (mode, configuration, address) = match spec.network.topology {
        Topology::PrivateEdgePrivateBackend => ("External", inside, None),
        Topology::FilteredEdgePrivateBackend => ("External", inside, Some(ids.public_address())),
        Topology::PrivateEdgeRestrictedBackend => ("None", Value::Null, None),
    };
    properties["virtualNetworkType"] = json!(mode);
    let first = (!configuration.is_null()).then_some(subnet);
    properties["virtualNetworkConfiguration"] = configuration;
    properties["publicIpAddressId"] = json!(address);
    first.into_iter().chain(address).collect()
}

const PREFIX: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security";

/// Protocols older than TLS 1.2 are off on both sides, TLS 1.3 is on towards backends, and ciphers without forward
/// secrecy or with SHA-1 are off where the tier has a choice (domain.md A.3). The map is sent whole: what is left out
/// of an update falls back to its default.
fn protocols(tier: Tier) -> BTreeMap<String, &'static str> {
    let old = ["Tls10", "Tls11", "Ssl30"];
    let mut settings: BTreeMap<String, &str> = old
        .into_iter()
        .flat_map(|protocol| {
            [
                format!("{PREFIX}.Protocols.{protocol}"),
                format!("{PREFIX}.Backend.Protocols.{protocol}"),
            ]
        })
        .map(|key| (key, "False"))
        .collect();
    settings.insert(format!("{PREFIX}.Backend.Protocols.Tls13"), "True");
    if is_classic(tier) {
        settings.extend(WEAK_CIPHERS.map(|cipher| (format!("{PREFIX}.Ciphers.{cipher}"), "False")));
    }
    settings
}

const WEAK_CIPHERS: [&str; 11] = [
    "TripleDes168",
    "TLS_RSA_WITH_AES_128_CBC_SHA",
    "TLS_RSA_WITH_AES_256_CBC_SHA",
    "TLS_RSA_WITH_AES_128_CBC_SHA256",
    "TLS_RSA_WITH_AES_256_CBC_SHA256",
    "TLS_RSA_WITH_AES_128_GCM_SHA256",
    "TLS_RSA_WITH_AES_256_GCM_SHA384",
    "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA",
    "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
];

/// Asked for by Front Door's origin; pending until somebody who may approves it. It is told from a stranger's by the
/// message alone, so the approval keeps it.
fn connection(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "properties": { "privateLinkServiceConnectionState": {
            "status": "Approved",
            "description": ids.link_message(),
        } }
    });
    Draft::body(ids.connection(), &spec.gateway.at, body)
        .after([ids.origin()])
        .serves(&[R5, R10])
}

/// What the gateway's policy compares `X-Azure-FDID` with. Not secret: whoever reads the profile sees it, and a value
/// that cannot be read back could be changed without a plan noticing.
fn front_door_id(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "properties": {
            "displayName": ids.front_door_id_name(),
            "value": reference_to(&ids.profile(), "/properties/frontDoorId"),
            "secret": false,
            "keyVault": null,
        }
    });
    Draft::body(ids.front_door_id(), &spec.gateway.at, body).serves(&[R10])
}

/// Links to it say which APIs are this spec's: APIs carry no tags of Azure's.
fn tag(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({ "properties": { "displayName": ids.tag_name() } });
    Draft::body(ids.tag(), &spec.gateway.at, body).serves(&[R1])
}

/// The management API and the repository that a service answers to keys of its own, past Azure's sign-in.
fn key_access(spec: &Spec, ids: Ids, name: &str) -> Draft {
    let body = json!({ "properties": { "enabled": false } });
    Draft::body(ids.tenant(name), &spec.gateway.at, body).serves(&[R7])
}

fn backend(spec: &Spec, ids: Ids, function: &Function) -> Draft {
    let name = &function.name;
    let body = json!({
        "properties": {
            // `api` is where the Functions host puts routes unless its host.json says otherwise.
            "url": format!("https://{}/api", ids.function_host(name)),
            "protocol": "http",
            "tls": { "validateCertificateChain": true, "validateCertificateName": true },
            // The gateway signs in with its identity; a key here would be a second way in.
            "credentials": null,
            "proxy": null,
        }
    });
    let resolved = if spec.network.topology.has_private_backend() {
        vec![ids.zone_group(name), ids.zone_link()]
    } else {
        Vec::new()
    };
    Draft::body(ids.backend(name), &function.at, body)
        .after([ids.site(name)])
        .after(resolved)
        .serves(&[R2, R3])
}

/// What the gateway writes for the workspace's log. The logger has the name under which Azure itself makes one.
fn azure_monitor(spec: &Spec, ids: Ids) -> [Draft; 2] {
    let logger = ids.logger("azuremonitor");
    let body = json!({ "properties": { "loggerType": "azureMonitor", "isBuffered": true } });
    let diagnostic = diagnostic_body(json!({ "loggerId": logger }));
    let at = &spec.observability.at;
    [
        Draft::body(logger.clone(), at, body).serves(&[R1]),
        Draft::body(ids.diagnostic("azuremonitor"), at, diagnostic)
            .after([logger])
            .serves(&[R1]),
    ]
}

fn app_insights(spec: &Spec, ids: Ids) -> [Draft; 2] {
    let logger = ids.insights_logger();
    let component = ids.component();
    let user = ids.gateway_identity();
    let body = json!({
        "properties": {
            "loggerType": "applicationInsights",
            "resourceId": component,
            "isBuffered": true,
            "credentials": {
                "connectionString": reference_to(&component, "/properties/ConnectionString"),
                "identityClientId": reference_to(&user, "/properties/clientId"),
            },
        }
    });
    let diagnostic = diagnostic_body(json!({
        "loggerId": logger,
        "httpCorrelationProtocol": "W3C",
    }));
    let role = Ids::role_assignment(&component, &user, Role::MonitoringMetricsPublisher);
    let at = &spec.observability.at;
    [
        Draft::body(logger.clone(), at, body)
            .after([role])
            .serves(&[R1]),
        Draft::body(ids.diagnostic("applicationinsights"), at, diagnostic)
            .after([logger])
            .serves(&[R1]),
    ]
}

/// Every call is logged, and nothing that could be used again: no body, no header, no query, no client address.
fn diagnostic_body(mut properties: Value) -> Value {
    let message = json!({
        "headers": [],
        "body": { "bytes": 0 },
        "dataMasking": {
            "headers": SECRET_HEADERS.map(|name| json!({ "value": name, "mode": "Hide" })),
            "queryParams": [{ "value": "*", "mode": "Hide" }],
        },
    });
    let exchange = json!({ "request": message, "response": message });
    properties["alwaysLog"] = json!("allErrors");
    properties["sampling"] = json!({ "samplingType": "fixed", "percentage": 100 });
    properties["verbosity"] = json!("information");
    properties["logClientIp"] = json!(false);
    properties["frontend"] = exchange.clone();
    properties["backend"] = exchange;
    json!({ "properties": properties })
}

const SECRET_HEADERS: [&str; 4] = [
    "Authorization",
    "Cookie",
    "Ocp-Apim-Subscription-Key",
    "X-Azure-FDID",
];

fn has_self_hosted_gateway(tier: Tier) -> bool {
    match tier {
        Tier::Developer | Tier::Premium => true,
        Tier::Consumption
        | Tier::Basic
        | Tier::Standard
        | Tier::BasicV2
        | Tier::StandardV2
        | Tier::PremiumV2 => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, all, dev, private_edges, prod, staging};
    use crate::resource::Wanted;

    #[test]
    fn public_access_ends_off_with_an_approved_link_of_our_own() {
        for spec in private_edges() {
            let compiled = Compiled::of(&spec);
            let ids = compiled.ids;
            let access = compiled.value(&ids.service(), "/properties/publicNetworkAccess");
            assert_eq!(access, "Disabled");
            let state = compiled.value(
                &ids.connection(),
                "/properties/privateLinkServiceConnectionState",
            );
            assert_eq!(state["status"], "Approved");
            assert_eq!(state["description"], ids.connection().name());
            assert_eq!(ids.connection().name(), format!("secgw {}", spec.name));
            assert!(compiled.waits_for(&ids.connection(), &ids.origin()));
        }
    }

    #[test]
    fn old_protocols_are_off_everywhere_and_weak_ciphers_where_there_is_a_choice() {
        for (spec, ciphers) in [(dev(), 11), (staging(), 11), (prod(), 0)] {
            let compiled = Compiled::of(&spec);
            let sent = compiled.value(&compiled.ids.service(), "/properties/customProperties");
            let sent = sent.as_object().unwrap();
            for side in ["Protocols", "Backend.Protocols"] {
                for old in ["Tls10", "Tls11", "Ssl30"] {
                    assert_eq!(sent[&format!("{PREFIX}.{side}.{old}")], "False");
                }
            }
            assert_eq!(sent[&format!("{PREFIX}.Backend.Protocols.Tls13")], "True");
            let weak = sent
                .iter()
                .filter(|(key, value)| key.contains(".Ciphers.") && *value == "False");
            assert_eq!(weak.count(), ciphers);
        }
    }

    #[test]
    fn the_service_joins_the_network_where_its_tier_can() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let (service, subnet) = (compiled.ids.service(), compiled.ids.subnet(Subnet::Gateway));
        let configuration = "/properties/virtualNetworkConfiguration/subnetResourceId";
        assert_eq!(compiled.value(&service, configuration), json!(subnet));
        assert!(compiled.waits_for(&service, &subnet));
        let spec = dev();
        let compiled = Compiled::of(&spec);
        let service = compiled.ids.service();
        assert_eq!(
            compiled.value(&service, "/properties/virtualNetworkType"),
            "None"
        );
    }

    #[test]
    fn an_injected_service_stands_in_its_subnet_with_an_address_of_its_own() {
        let spec = staging();
        let compiled = Compiled::of(&spec);
        let ids = compiled.ids;
        let properties = compiled.value(&ids.service(), "/properties");
        assert_eq!(properties["virtualNetworkType"], "External");
        assert_eq!(properties["publicNetworkAccess"], "Enabled");
        assert_eq!(properties["publicIpAddressId"], json!(ids.public_address()));
        assert_eq!(
            properties["virtualNetworkConfiguration"]["subnetResourceId"],
            json!(ids.subnet(Subnet::Gateway))
        );
        let group = ids.security_group(Subnet::Gateway);
        for first in [ids.public_address(), ids.subnet(Subnet::Gateway), group] {
            assert!(compiled.waits_for(&ids.service(), &first), "{first}");
        }
        assert_eq!(compiled.resource(&ids.connection()).wanted, Wanted::Absent);
    }

    #[test]
    fn the_id_that_is_checked_is_the_profiles_and_can_be_read_back() {
        let spec = staging();
        let compiled = Compiled::of(&spec);
        let id = compiled.ids.front_door_id();
        assert_eq!(
            *compiled.at(&id, "/properties/value"),
            reference_to(&compiled.ids.profile(), "/properties/frontDoorId")
        );
        assert_eq!(compiled.value(&id, "/properties/secret"), false);
        for spec in private_edges() {
            let compiled = Compiled::of(&spec);
            assert!(compiled.graph.get(&compiled.ids.front_door_id()).is_none());
        }
    }

    #[test]
    fn samples_and_key_access_go_where_the_tier_brings_them() {
        let spec = dev();
        let compiled = Compiled::of(&spec);
        let samples = compiled.ids.samples();
        assert_eq!(samples.len(), 3);
        for id in samples {
            assert_eq!(compiled.resource(&id).wanted, Wanted::Absent);
        }
        for name in ["access", "gitAccess"] {
            let id = compiled.ids.tenant(name);
            assert_eq!(compiled.value(&id, "/properties/enabled"), false);
        }
        let spec = prod();
        let graph = Compiled::of(&spec).graph;
        assert!(graph.iter().all(|resource| {
            resource.wanted != Wanted::Absent && !resource.kind.type_name.ends_with("/tenant")
        }));
    }

    #[test]
    fn portals_are_off_and_old_api_versions_refused() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let properties = compiled.value(&compiled.ids.service(), "/properties");
        assert_eq!(properties["developerPortalStatus"], "Disabled");
        assert_eq!(properties["legacyPortalStatus"], "Disabled");
        assert_eq!(
            properties["apiVersionConstraint"]["minApiVersion"],
            "2021-08-01"
        );
    }

    #[test]
    fn backends_are_https_with_certificates_checked_and_hold_no_key() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let name = &spec.functions[0].name;
            let backend = compiled.value(&compiled.ids.backend(name), "/properties");
            assert_eq!(
                backend["url"],
                format!("https://{name}.azurewebsites.net/api")
            );
            assert_eq!(
                backend["tls"],
                json!({ "validateCertificateChain": true, "validateCertificateName": true })
            );
            assert_eq!(backend["credentials"], Value::Null);
        }
    }

    #[test]
    fn calls_are_logged_without_anything_that_could_be_used_again() {
        let spec = dev();
        let compiled = Compiled::of(&spec);
        for name in ["azuremonitor", "applicationinsights"] {
            let diagnostic = compiled.ids.diagnostic(name);
            for side in ["frontend", "backend"] {
                for message in ["request", "response"] {
                    let path = format!("/properties/{side}/{message}");
                    let logged = compiled.value(&diagnostic, &path);
                    assert_eq!(logged["headers"], json!([]), "{name}{path}");
                    assert_eq!(logged["body"]["bytes"], 0);
                    let masked = logged["dataMasking"]["headers"].as_array().unwrap();
                    assert!(masked.iter().any(|mask| mask["value"] == "Authorization"));
                }
            }
            assert_eq!(
                compiled.value(&diagnostic, "/properties/logClientIp"),
                false
            );
            let logger = compiled.value(&diagnostic, "/properties/loggerId");
            let logger: ResourceId = serde_json::from_value(logger).unwrap();
            assert!(compiled.waits_for(&diagnostic, &logger));
        }
    }

    #[test]
    fn what_is_protected_is_marked_and_nothing_else() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let ids = compiled.ids;
        let is_protected = |id| compiled.resource(&id).protect;
        assert!(is_protected(ids.service()));
        assert!(is_protected(Ids::api_application()));
        assert!(!is_protected(ids.profile()));
        let spec = dev();
        let graph = Compiled::of(&spec).graph;
        assert!(graph.iter().all(|resource| !resource.protect));
    }
}

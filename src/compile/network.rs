//! The virtual network of topologies T1 and T2: the gateway reaches the functions by their private endpoints and no
//! other way. In T2 the gateway itself stands in it, with a public address that the security group opens to Front Door
//! alone.
//!
//! Nothing of it exists in T3, where the gateway has neither injection nor integration.

use serde_json::{Value, json};

use super::draft::{Draft, tags};
use super::ids::{Ids, Subnet};
use crate::resource::Recommendation::{R5, R10};
use crate::resource::ResourceId;
use crate::spec::{Cidr, Code, Diagnostic, Function, Spec, Topology};

pub(super) fn compile(spec: &Spec, ids: Ids) -> Result<Vec<Draft>, Diagnostic> {
    let topology = spec.network.topology;
    let places = match topology {
        Topology::PrivateEdgeRestrictedBackend => return Ok(Vec::new()),
        Topology::PrivateEdgePrivateBackend => &INTEGRATED,
        Topology::FilteredEdgePrivateBackend => &INJECTED,
    };
    let ranges = Ranges::of(spec.network.address_space, places).ok_or_else(|| too_small(spec))?;
    let mut drafts = shared(spec, ids, &ranges);
    if topology == Topology::FilteredEdgePrivateBackend {
        drafts.push(public_address(spec, ids));
    }
    Ok(drafts)
}

fn too_small(spec: &Spec) -> Diagnostic {
    let message = format!(
        "`{}` is too small for the subnets of the gateway, the private endpoints and the functions",
        spec.network.address_space
    );
    let help = "give `addressSpace` a range of /22 or larger";
    Diagnostic::new(Code::InvalidValue, spec.network.at.clone(), message, help)
}

fn shared(spec: &Spec, ids: Ids, ranges: &Ranges) -> Vec<Draft> {
    let mut drafts = vec![network(spec, ids), zone(spec, ids), zone_link(spec, ids)];
    for subnet in Subnet::ALL {
        drafts.push(security_group(spec, ids, ranges, subnet));
        drafts.push(self::subnet(spec, ids, ranges, subnet));
    }
    for function in &spec.functions {
        drafts.push(private_endpoint(spec, ids, function));
        drafts.push(zone_group(ids, function));
    }
    drafts
}

/// Where a subnet lies in the network: the length of its prefix, and which of the parts of that length it is.
type Place = (u8, u32);

/// How the network is divided. The places are fixed, so that one more function or unit moves nothing.
struct Places {
    gateway: Place,
    private_endpoints: Place,
    /// Shared by all functions: each takes addresses as it scales out.
    functions: Place,
}

const INTEGRATED: Places = Places {
    // Integration of `StandardV2` wants /27 at least, for itself (domain.md A.5).
    gateway: (27, 0),
    private_endpoints: (27, 1),
    functions: (26, 1),
};

const INJECTED: Places = Places {
    // Two addresses a unit, and Premium has up to 31 of them (domain.md A.4).
    gateway: (25, 1),
    ..INTEGRATED
};

struct Ranges {
    gateway: Cidr,
    private_endpoints: Cidr,
    functions: Cidr,
}

impl Ranges {
    fn of(space: Cidr, places: &Places) -> Option<Self> {
        let range = |(length, index): Place| space.subnet(length, index);
        Some(Self {
            gateway: range(places.gateway)?,
            private_endpoints: range(places.private_endpoints)?,
            functions: range(places.functions)?,
        })
    }

    fn get(&self, subnet: Subnet) -> Cidr {
        match subnet {
            Subnet::Gateway => self.gateway,
            Subnet::PrivateEndpoints => self.private_endpoints,
            Subnet::Functions => self.functions,
        }
    }
}

fn network(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "properties": {
            "addressSpace": { "addressPrefixes": [spec.network.address_space.to_string()] },
        }
    });
    Draft::body(ids.network(), &spec.network.at, body).serves(&[R5])
}

fn security_group(spec: &Spec, ids: Ids, ranges: &Ranges, subnet: Subnet) -> Draft {
    let is_injected = spec.network.topology == Topology::FilteredEdgePrivateBackend;
    let rules = match subnet {
        Subnet::Gateway if is_injected => injected_gateway(spec.gateway.sku.units),
        // Subnets of outgoing integration accept nothing, and their platforms ask for no rule (domain.md A.5).
        Subnet::Gateway | Subnet::Functions => Vec::new(),
        Subnet::PrivateEndpoints => vec![
            security_rule(
                "allow-gateway",
                100,
                "Inbound",
                (&ranges.gateway.to_string(), "*"),
                ("Tcp", &["443"]),
            ),
            denied("deny-others", 4096, "*", "*", "*"),
        ],
    };
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "properties": { "securityRules": rules },
    });
    let recommendations: &[_] = match subnet {
        Subnet::Gateway if is_injected => &[R5, R10],
        Subnet::Gateway | Subnet::PrivateEndpoints | Subnet::Functions => &[R5],
    };
    Draft::body(ids.security_group(subnet), &spec.network.at, body).serves(recommendations)
}

const NETWORK: &str = "VirtualNetwork";
const TCP: &str = "Tcp";

/// What an injected gateway needs, and no more (domain.md A.4, documented 2025-06-17). Calls come from Front Door alone;
/// port 80 stays shut. The ways out stand here although Azure's own last rules allow them, so that they survive a
/// rule that denies the rest; `validate-jwt` fetches keys from hosts that no tag names, so the rest is not denied here.
fn injected_gateway(units: u32) -> Vec<Value> {
    let mut rules = vec![
        allowed_in("allow-front-door", 100, "AzureFrontDoor.Backend", "443"),
        allowed_in("allow-management", 110, "ApiManagement", "3443"),
        allowed_in("allow-load-balancer", 120, "AzureLoadBalancer", "6390"),
        denied("deny-internet", 200, "Internet", NETWORK, "443"),
        allowed_out("allow-certificate-checks", 100, "Internet", &["80"]),
        allowed_out("allow-storage", 110, "Storage", &["443"]),
        allowed_out("allow-sql", 120, "Sql", &["1433"]),
        allowed_out("allow-key-vault", 130, "AzureKeyVault", &["443"]),
        allowed_out("allow-monitor", 140, "AzureMonitor", &["443", "1886"]),
        allowed_out("allow-directory", 150, "AzureActiveDirectory", &["443"]),
    ];
    // Units tell each other what they counted, or every one of them would allow the whole rate.
    if units > 1 {
        rules.extend(["Inbound", "Outbound"].map(|direction| {
            security_rule(
                &format!("allow-counters-{}", direction.to_ascii_lowercase()),
                160,
                direction,
                (NETWORK, NETWORK),
                ("Udp", &["4290"]),
            )
        }));
    }
    rules
}

fn allowed_in(name: &str, priority: u32, source: &str, port: &str) -> Value {
    security_rule(name, priority, "Inbound", (source, NETWORK), (TCP, &[port]))
}

fn allowed_out(name: &str, priority: u32, destination: &str, ports: &[&str]) -> Value {
    security_rule(
        name,
        priority,
        "Outbound",
        (NETWORK, destination),
        (TCP, ports),
    )
}

fn denied(name: &str, priority: u32, source: &str, destination: &str, port: &str) -> Value {
    let ends = (source, destination);
    let mut rule = security_rule(name, priority, "Inbound", ends, ("*", &[port]));
    rule["properties"]["access"] = json!("Deny");
    rule
}

/// A rule that allows `from` one address `to` another.
fn security_rule(
    name: &str,
    priority: u32,
    direction: &str,
    (from, to): (&str, &str),
    (protocol, ports): (&str, &[&str]),
) -> Value {
    let mut properties = json!({
        "direction": direction,
        "access": "Allow",
        "priority": priority,
        "protocol": protocol,
        "sourceAddressPrefix": from,
        "sourcePortRange": "*",
        "destinationAddressPrefix": to,
    });
    // Azure takes one range or a list, and never both.
    match ports {
        [port] => properties["destinationPortRange"] = json!(port),
        ports => properties["destinationPortRanges"] = json!(ports),
    }
    json!({ "name": name, "properties": properties })
}

fn subnet(spec: &Spec, ids: Ids, ranges: &Ranges, subnet: Subnet) -> Draft {
    let delegations = match subnet {
        // An injected gateway stands in a subnet that is delegated to nobody (domain.md A.4).
        Subnet::Gateway if !spec.network.topology.has_private_edge() => json!([]),
        Subnet::Gateway => delegation("Microsoft.Web/serverFarms"),
        Subnet::Functions => delegation("Microsoft.App/environments"),
        Subnet::PrivateEndpoints => json!([]),
    };
    let policies = match subnet {
        // Otherwise the security group would not apply to private endpoints.
        Subnet::PrivateEndpoints => "NetworkSecurityGroupEnabled",
        Subnet::Gateway | Subnet::Functions => "Disabled",
    };
    let body = json!({
        "properties": {
            "addressPrefix": ranges.get(subnet).to_string(),
            "networkSecurityGroup": { "id": ids.security_group(subnet) },
            "delegations": delegations,
            "privateEndpointNetworkPolicies": policies,
        }
    });
    Draft::body(ids.subnet(subnet), &spec.network.at, body)
        .after([ids.security_group(subnet)])
        .serves(&[R5])
}

fn delegation(service: &str) -> Value {
    json!([{ "name": "secgw", "properties": { "serviceName": service } }])
}

/// The gateway's address. It must have a name, and it stays the same for as long as the gateway stays where it is.
fn public_address(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "sku": { "name": "Standard", "tier": "Regional" },
        "properties": {
            "publicIPAllocationMethod": "Static",
            "publicIPAddressVersion": "IPv4",
            "dnsSettings": { "domainNameLabel": ids.public_address_label() },
        }
    });
    Draft::body(ids.public_address(), &spec.network.at, body).serves(&[R5])
}

fn zone(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({ "location": "global", "tags": tags(spec) });
    Draft::body(ids.zone(), &spec.network.at, body).serves(&[R5])
}

fn zone_link(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "location": "global",
        "tags": tags(spec),
        "properties": {
            "virtualNetwork": { "id": ids.network() },
            "registrationEnabled": false,
        }
    });
    Draft::body(ids.zone_link(), &spec.network.at, body)
        .after([ids.network()])
        .serves(&[R5])
}

/// Opens the way from the network to the function, so it comes after everything that guards the function.
fn private_endpoint(spec: &Spec, ids: Ids, function: &Function) -> Draft {
    let site: ResourceId = ids.site(&function.name);
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "properties": {
            "subnet": { "id": ids.subnet(Subnet::PrivateEndpoints) },
            "privateLinkServiceConnections": [{
                "name": function.name,
                "properties": { "privateLinkServiceId": site, "groupIds": ["sites"] },
            }],
        }
    });
    Draft::body(ids.private_endpoint(&function.name), &function.at, body)
        .after([site, ids.subnet(Subnet::PrivateEndpoints)])
        .after([ids.site_config(&function.name, "web")])
        .after(ids.function_guards(&function.name))
        .serves(&[R5, R10])
}

fn zone_group(ids: Ids, function: &Function) -> Draft {
    let body = json!({
        "properties": {
            "privateDnsZoneConfigs": [{
                "name": "functions",
                "properties": { "privateDnsZoneId": ids.zone() },
            }],
        }
    });
    Draft::body(ids.zone_group(&function.name), &function.at, body)
        .after([ids.zone()])
        .serves(&[R5])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, dev, prod, staging};
    use crate::compile::{CompileError, compile};
    use crate::spec::Tier;

    #[test]
    fn each_subnet_is_delegated_to_whom_it_serves_and_has_a_security_group() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let ids = compiled.ids;
        let delegated =
            |subnet: Subnet| compiled.value(&ids.subnet(subnet), "/properties/delegations");
        assert_eq!(
            delegated(Subnet::Gateway),
            delegation("Microsoft.Web/serverFarms")
        );
        assert_eq!(
            delegated(Subnet::Functions),
            delegation("Microsoft.App/environments")
        );
        assert_eq!(delegated(Subnet::PrivateEndpoints), json!([]));
        for subnet in Subnet::ALL {
            let group = ids.security_group(subnet);
            let id = ids.subnet(subnet);
            assert_eq!(
                compiled.value(&id, "/properties/networkSecurityGroup/id"),
                json!(group)
            );
            assert!(compiled.waits_for(&id, &group));
        }
    }

    #[test]
    fn the_subnets_share_no_address_and_an_own_range_moves_them() {
        let mut spec = prod();
        spec.network.address_space = Cidr {
            address: std::net::Ipv4Addr::new(10, 9, 0, 128),
            prefix: 25,
        };
        let compiled = Compiled::of(&spec);
        let prefixes = Subnet::ALL.map(|subnet| {
            compiled.value(&compiled.ids.subnet(subnet), "/properties/addressPrefix")
        });
        assert_eq!(
            prefixes,
            ["10.9.0.128/27", "10.9.0.160/27", "10.9.0.192/26"]
        );
    }

    #[test]
    fn a_range_that_is_too_small_is_reported_where_it_stands() {
        let mut spec = prod();
        spec.network.address_space.prefix = 26;
        let Err(CompileError::Spec(problems)) = compile(&spec) else {
            panic!("a /26 holds no /27, /27 and /26");
        };
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].at, spec.network.at);
        assert!(problems[0].help.contains("/22"));
    }

    /// `name: direction access priority protocol from -> to ports`
    fn shown(rule: &Value) -> String {
        let of = |member: &str| match &rule["properties"][member] {
            Value::String(text) => text.clone(),
            Value::Array(items) => items
                .iter()
                .filter_map(Value::as_str)
                .collect::<Vec<_>>()
                .join(","),
            other => other.to_string(),
        };
        let ports = ["destinationPortRange", "destinationPortRanges"]
            .map(of)
            .into_iter()
            .find(|ports| ports != "null")
            .unwrap();
        format!(
            "{}: {} {} {} {} {} -> {} {ports}",
            rule["name"].as_str().unwrap(),
            of("direction"),
            of("access"),
            of("priority"),
            of("protocol"),
            of("sourceAddressPrefix"),
            of("destinationAddressPrefix"),
        )
    }

    fn gateway_rules(spec: &Spec) -> Vec<String> {
        let compiled = Compiled::of(spec);
        let group = compiled.ids.security_group(Subnet::Gateway);
        let rules = compiled.value(&group, "/properties/securityRules");
        rules.as_array().unwrap().iter().map(shown).collect()
    }

    #[test]
    fn an_injected_gateway_answers_front_door_and_reaches_what_it_needs() {
        assert_eq!(
            gateway_rules(&staging()),
            [
                "allow-front-door: Inbound Allow 100 Tcp AzureFrontDoor.Backend -> VirtualNetwork 443",
                "allow-management: Inbound Allow 110 Tcp ApiManagement -> VirtualNetwork 3443",
                "allow-load-balancer: Inbound Allow 120 Tcp AzureLoadBalancer -> VirtualNetwork 6390",
                "deny-internet: Inbound Deny 200 * Internet -> VirtualNetwork 443",
                "allow-certificate-checks: Outbound Allow 100 Tcp VirtualNetwork -> Internet 80",
                "allow-storage: Outbound Allow 110 Tcp VirtualNetwork -> Storage 443",
                "allow-sql: Outbound Allow 120 Tcp VirtualNetwork -> Sql 1433",
                "allow-key-vault: Outbound Allow 130 Tcp VirtualNetwork -> AzureKeyVault 443",
                "allow-monitor: Outbound Allow 140 Tcp VirtualNetwork -> AzureMonitor 443,1886",
                "allow-directory: Outbound Allow 150 Tcp VirtualNetwork -> AzureActiveDirectory 443",
            ]
        );
        assert_eq!(gateway_rules(&prod()), [""; 0]);
    }

    #[test]
    fn units_share_their_counters_where_there_are_several() {
        let mut spec = staging();
        let one = gateway_rules(&spec);
        spec.gateway.sku.name = Tier::Premium;
        spec.gateway.sku.units = 2;
        let two = gateway_rules(&spec);
        assert_eq!(two[..one.len()], one);
        assert_eq!(
            two[one.len()..],
            [
                "allow-counters-inbound: Inbound Allow 160 Udp VirtualNetwork -> VirtualNetwork 4290",
                "allow-counters-outbound: Outbound Allow 160 Udp VirtualNetwork -> VirtualNetwork 4290",
            ]
        );
    }

    #[test]
    fn an_injected_gateway_has_a_subnet_of_nobodys_with_room_for_every_unit() {
        let spec = staging();
        let compiled = Compiled::of(&spec);
        let prefix =
            |subnet| compiled.value(&compiled.ids.subnet(subnet), "/properties/addressPrefix");
        assert_eq!(
            Subnet::ALL.map(prefix),
            ["10.64.0.128/25", "10.64.0.32/27", "10.64.0.64/26"]
        );
        let gateway = compiled.ids.subnet(Subnet::Gateway);
        assert_eq!(
            compiled.value(&gateway, "/properties/delegations"),
            json!([])
        );
        let functions = compiled.ids.subnet(Subnet::Functions);
        assert_eq!(
            compiled.value(&functions, "/properties/delegations"),
            delegation("Microsoft.App/environments")
        );
    }

    #[test]
    fn the_gateways_address_is_static_and_named() {
        let spec = staging();
        let compiled = Compiled::of(&spec);
        let address = compiled.ids.public_address();
        assert_eq!(compiled.value(&address, "/sku/name"), "Standard");
        let properties = compiled.value(&address, "/properties");
        assert_eq!(properties["publicIPAllocationMethod"], "Static");
        assert_eq!(
            properties["dnsSettings"]["domainNameLabel"],
            "apim-orders-staging-gateway"
        );
    }

    #[test]
    fn only_the_gateway_reaches_private_endpoints() {
        for spec in [staging(), prod()] {
            only_the_gateway_reaches_those_of(&spec);
        }
    }

    fn only_the_gateway_reaches_those_of(spec: &Spec) {
        let compiled = Compiled::of(spec);
        let group = compiled.ids.security_group(Subnet::PrivateEndpoints);
        let subnet = compiled.ids.subnet(Subnet::PrivateEndpoints);
        let rules = compiled.value(&group, "/properties/securityRules");
        let gateway = compiled.value(
            &compiled.ids.subnet(Subnet::Gateway),
            "/properties/addressPrefix",
        );
        assert_eq!(rules[0]["properties"]["sourceAddressPrefix"], gateway);
        assert_eq!(rules[0]["properties"]["destinationPortRange"], "443");
        assert_eq!(rules[1]["properties"]["access"], "Deny");
        assert_eq!(rules[1]["properties"]["sourceAddressPrefix"], "*");
        assert_eq!(rules.as_array().unwrap().len(), 2);
        assert_eq!(
            compiled.value(&subnet, "/properties/privateEndpointNetworkPolicies"),
            "NetworkSecurityGroupEnabled"
        );
    }

    #[test]
    fn a_function_is_guarded_before_its_private_endpoint_opens_the_way() {
        for spec in [staging(), prod()] {
            guarded_before_the_way_opens(&spec);
        }
    }

    fn guarded_before_the_way_opens(spec: &Spec) {
        let compiled = Compiled::of(spec);
        let function = &spec.functions[0].name;
        let endpoint = compiled.ids.private_endpoint(function);
        for guard in compiled.ids.function_guards(function) {
            assert!(compiled.waits_for(&endpoint, &guard), "{guard}");
        }
        assert!(compiled.waits_for(&endpoint, &compiled.ids.site_config(function, "web")));
        let connection = compiled.value(&endpoint, "/properties/privateLinkServiceConnections/0");
        assert_eq!(connection["properties"]["groupIds"], json!(["sites"]));
        assert!(compiled.waits_for(
            &compiled.ids.backend(function),
            &compiled.ids.zone_group(function)
        ));
    }

    #[test]
    fn there_is_no_network_where_the_gateway_cannot_join_one() {
        let spec = dev();
        let graph = Compiled::of(&spec).graph;
        let network = graph.iter().filter(|resource| {
            let kind = resource.kind.type_name;
            kind.starts_with("Microsoft.Network/") && !kind.contains("Firewall")
        });
        assert_eq!(network.count(), 0);
    }
}

//! The virtual network of topology T1: the gateway reaches the functions by their private endpoints and no other way.
//!
//! Nothing of it exists in T3, where the gateway has neither injection nor integration.

use serde_json::{Value, json};

use super::draft::{Draft, tags};
use super::ids::{Ids, Subnet};
use crate::resource::Recommendation::{R5, R10};
use crate::resource::ResourceId;
use crate::spec::{Cidr, Code, Diagnostic, Function, Spec, Topology};

pub(super) fn compile(spec: &Spec, ids: Ids) -> Result<Vec<Draft>, Diagnostic> {
    match spec.network.topology {
        Topology::PrivateEdgeRestrictedBackend => Ok(Vec::new()),
        Topology::PrivateEdgePrivateBackend => Ranges::of(spec.network.address_space)
            .map(|ranges| integrated(spec, ids, &ranges))
            .ok_or_else(|| too_small(spec)),
    }
}

fn too_small(spec: &Spec) -> Diagnostic {
    let message = format!(
        "`{}` is too small for the subnets of the gateway, the private endpoints and the functions",
        spec.network.address_space
    );
    let help = "give `addressSpace` a range of /25 or larger";
    Diagnostic::new(Code::InvalidValue, spec.network.at.clone(), message, help)
}

fn integrated(spec: &Spec, ids: Ids, ranges: &Ranges) -> Vec<Draft> {
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

/// How the network is divided. The places are fixed, so that one more function moves nothing.
struct Ranges {
    /// Integration of `StandardV2` wants /27 at least, for itself (domain.md A.5).
    gateway: Cidr,
    private_endpoints: Cidr,
    /// Shared by all functions: each takes addresses as it scales out.
    functions: Cidr,
}

impl Ranges {
    fn of(space: Cidr) -> Option<Self> {
        Some(Self {
            gateway: space.subnet(27, 0)?,
            private_endpoints: space.subnet(27, 1)?,
            functions: space.subnet(26, 1)?,
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
    let rules = match subnet {
        // Subnets of outgoing integration accept nothing, and their platforms ask for no rule (domain.md A.5).
        Subnet::Gateway | Subnet::Functions => Vec::new(),
        Subnet::PrivateEndpoints => vec![
            inbound("allow-gateway", 100, "Allow", &ranges.gateway.to_string()),
            inbound("deny-others", 4096, "Deny", "*"),
        ],
    };
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "properties": { "securityRules": rules },
    });
    Draft::body(ids.security_group(subnet), &spec.network.at, body).serves(&[R5])
}

fn inbound(name: &str, priority: u32, access: &str, source: &str) -> Value {
    let (protocol, port) = if access == "Allow" {
        ("Tcp", "443")
    } else {
        ("*", "*")
    };
    json!({
        "name": name,
        "properties": {
            "direction": "Inbound",
            "access": access,
            "priority": priority,
            "protocol": protocol,
            "sourceAddressPrefix": source,
            "sourcePortRange": "*",
            "destinationAddressPrefix": "*",
            "destinationPortRange": port,
        }
    })
}

fn subnet(spec: &Spec, ids: Ids, ranges: &Ranges, subnet: Subnet) -> Draft {
    let delegations = match subnet {
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
    use crate::compile::example::{Compiled, dev, prod};
    use crate::compile::{CompileError, compile};

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
        assert!(problems[0].help.contains("/25"));
    }

    #[test]
    fn only_the_gateway_reaches_private_endpoints() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
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
        let spec = prod();
        let compiled = Compiled::of(&spec);
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

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

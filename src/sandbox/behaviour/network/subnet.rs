//! Subnets: where they may lie, what they are delegated to, and who is inside.

use serde_json::{Value, json};

use super::address::{self, Prefix};
use super::security::renew;
use super::{CHILD, nested, put, referenced, refused};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::behaviour::rule::{self, Rule};
use crate::sandbox::behaviour::{Behaviour, Evidence, Presented, Removal, Write};
use crate::sandbox::message::Request;
use crate::sandbox::operation;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_Networking_VirtualNetwork_20250301_CRUD");
const GATEWAY: &str = "Microsoft.ApiManagement/service";
const DELEGATED: Evidence = Evidence::Recorded("cli_appservice__test_webapp_vnetE2E");
pub(crate) const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";

macro_rules! members {
    () => {
        "{ addressPrefix: string, addressPrefixes: [string], \
         networkSecurityGroup: { id!: string, properties: any, location: string, tags: any, -etag: any, -name: any, -type: any }, \
         routeTable: { id!: string, properties: any, location: string, tags: any, -etag: any, -name: any, -type: any }, \
         natGateway: { id!: string }, \
         serviceEndpoints: [{ service!: string, locations: [string], networkIdentifier: any, -provisioningState: any }], \
         serviceEndpointPolicies: [any], ipAllocations: [any], applicationGatewayIPConfigurations: [any], \
         delegations: [{ name!: string, id: string, type: string, -etag: any, \
           properties!: { serviceName!: string, -actions: any, -provisioningState: any } }], \
         privateEndpointNetworkPolicies: Enabled|Disabled|NetworkSecurityGroupEnabled|RouteTableEnabled, \
         privateLinkServiceNetworkPolicies: Enabled|Disabled, sharingScope: Tenant|DelegatedServices, \
         defaultOutboundAccess: bool, ipamPoolPrefixAllocations: [any], -purpose: any, -privateEndpoints: any, \
         -ipConfigurations: any, -ipConfigurationProfiles: any, -resourceNavigationLinks: any, \
         -serviceAssociationLinks: any, -provisioningState: any }"
    };
}
pub(super) use members;

/// Recorded absent at 2019-02-01; documented since.
pub(super) const POLICIES: &str = "2019-04-01";

/// Recorded: "Enabled" at 2020-07-01 where nothing was sent, "Disabled" from 2020-11-01 on.
pub(super) fn old_default(request: &Request, sent: &Value, body: &mut Value) {
    let version = request.parameter("api-version").unwrap_or("9");
    if version < "2020-11-01" && sent["privateEndpointNetworkPolicies"].is_null() {
        body["properties"]["privateEndpointNetworkPolicies"] = "Enabled".into();
    }
}

pub(super) const DEFAULTS: &[Rule] = &[
    rule::default("/properties/delegations", "[]", EVIDENCE),
    rule::default(
        "/properties/privateEndpointNetworkPolicies",
        r#""Disabled""#,
        EVIDENCE,
    ),
    rule::default(
        "/properties/privateLinkServiceNetworkPolicies",
        r#""Enabled""#,
        EVIDENCE,
    ),
    rule::default(
        "/properties/serviceEndpoints/*/locations",
        r#"["*"]"#,
        DELEGATED,
    ),
    rule::rule(
        "/properties/serviceEndpoints/*/provisioningState",
        rule::Effect::Fixed(r#""Succeeded""#),
        DELEGATED,
    ),
    rule::rule(
        "/properties/delegations/*/properties/provisioningState",
        rule::Effect::Fixed(r#""Succeeded""#),
        DELEGATED,
    ),
];

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: SUBNET,
    shape: concat!("{ properties!: ", members!(), " }"),
    rules: DEFAULTS,
    create: put(201, 3, 5),
    update: put(200, 3, 5),
    prepare: |write| {
        sibling_busy(write)?;
        let whole = write.id.parent().and_then(|id| write.store.get(&id.key()));
        let Some(whole) = whole else {
            return Ok(());
        };
        let siblings: Vec<(String, Value)> = write
            .store
            .of_kind(&whole.id, SUBNET)
            .filter(|other| other.key() != write.id.key())
            .map(|other| (name_of(other).to_owned(), other.body.clone()))
            .collect();
        let (id, previous) = (write.id.clone(), write.previous);
        old_default(write.request, &write.sent["properties"], &mut write.body);
        valid(write.store, &id, whole, &mut write.body, &siblings)?;
        still_delegated(write.store, previous, &write.body)?;
        renew(write);
        Ok(())
    },
    removing: |removal| free(removal.store, removal.object),
    removed: renew_whole,
    since: &[
        ("/properties/privateEndpointNetworkPolicies", POLICIES),
        ("/properties/privateLinkServiceNetworkPolicies", POLICIES),
    ],
    present: show,
    evidence: EVIDENCE,
    ..CHILD
}];

fn renew_whole(removal: &mut Removal) {
    let whole = ArmId::parse(&removal.object.id)
        .and_then(|id| id.parent())
        .and_then(|id| removal.store.get(&id.key()));
    // The network itself may be what is being removed.
    if let Some(whole) =
        whole.filter(|whole| whole.body["properties"]["provisioningState"] != "Deleting")
    {
        removal
            .also
            .push(crate::sandbox::store::Entry::Put(whole.clone()));
    }
}

fn name_of(object: &Object) -> &str {
    object.id.rsplit('/').next().unwrap_or_default()
}

/// Recorded: 429 with `Retry-After: 12` while another subnet of the network is being written.
fn sibling_busy(write: &Write) -> Result<(), Refusal> {
    let Some(whole) = write.id.parent() else {
        return Ok(());
    };
    let busy = write
        .store
        .of_kind(&whole.text(), SUBNET)
        .find(|other| operation::running_on(write.store, other).is_some());
    let Some(busy) = busy else {
        return Ok(());
    };
    let detail = json!({
        "code": "RetryableErrorDueToAnotherOperation",
        "message": format!("Operation PutSubnetOperation is updating resource {}. The call can be retried in 12 seconds.", busy.id),
    });
    Err(
        Refusal::new(429, "RetryableError", "A retryable error occurred.")
            .detail(detail)
            .retry_after(12),
    )
}

const ACTION: &str = "Microsoft.Network/virtualNetworks/subnets/action";
const JOIN: &str = "Microsoft.Network/virtualNetworks/subnets/join/action";

/// Services a subnet can be given to, with what they may then do in it: those of `availableDelegations`
/// (learn.microsoft.com/azure/virtual-network/subnet-delegation-overview, 2025-06); the actions as far as recorded.
const DELEGATIONS: &[(&str, &str)] = &[
    ("Microsoft.ApiManagement/service", JOIN),
    ("Microsoft.App/environments", JOIN),
    ("Microsoft.App/testClients", JOIN),
    ("Microsoft.AVS/PrivateClouds", JOIN),
    ("Microsoft.AzureCosmosDB/clusters", JOIN),
    ("Microsoft.Batch/batchAccounts", ACTION),
    ("Microsoft.ContainerInstance/containerGroups", ACTION),
    ("Microsoft.ContainerService/managedClusters", JOIN),
    ("Microsoft.DBforMySQL/flexibleServers", JOIN),
    ("Microsoft.DBforMySQL/servers", JOIN),
    ("Microsoft.DBforMySQL/serversv2", JOIN),
    ("Microsoft.DBforPostgreSQL/flexibleServers", JOIN),
    ("Microsoft.DBforPostgreSQL/serversv2", JOIN),
    ("Microsoft.Databricks/workspaces", JOIN),
    ("Microsoft.DevCenter/networkConnection", JOIN),
    ("Microsoft.DocumentDB/cassandraClusters", JOIN),
    ("Microsoft.HardwareSecurityModules/dedicatedHSMs", ACTION),
    ("Microsoft.Kusto/clusters", JOIN),
    ("Microsoft.LabServices/labplans", JOIN),
    ("Microsoft.Logic/integrationServiceEnvironments", ACTION),
    ("Microsoft.MachineLearningServices/workspaces", JOIN),
    ("Microsoft.Netapp/volumes", JOIN),
    ("Microsoft.Network/dnsResolvers", JOIN),
    ("Microsoft.Network/networkWatchers", JOIN),
    ("Microsoft.Network/virtualNetworkGateways", JOIN),
    ("Microsoft.Orbital/orbitalGateways", JOIN),
    ("Microsoft.PowerPlatform/enterprisePolicies", JOIN),
    ("Microsoft.PowerPlatform/vnetaccesslinks", JOIN),
    ("Microsoft.ServiceFabricMesh/networks", ACTION),
    ("Microsoft.ServiceNetworking/trafficControllers", JOIN),
    ("Microsoft.Sql/managedInstances", JOIN),
    ("Microsoft.StoragePool/diskPools", JOIN),
    ("Microsoft.StreamAnalytics/streamingJobs", JOIN),
    ("Microsoft.Synapse/workspaces", JOIN),
    ("Microsoft.Web/hostingEnvironments", ACTION),
    ("Microsoft.Web/serverFarms", ACTION),
];

/// One subnet beside the others of its network: within the address space, apart from its siblings, referring to what
/// exists, delegated to a service there is.
pub(super) fn valid(
    store: &Store,
    id: &ArmId,
    network: &Object,
    body: &mut Value,
    siblings: &[(String, Value)],
) -> Result<(), Refusal> {
    addressed(id.name(), network, body, siblings)?;
    let region = network.body["location"].as_str();
    for member in ["networkSecurityGroup", "routeTable", "natGateway"] {
        if let Some(target) = body["properties"][member]["id"].as_str() {
            referenced(store, id, target, region)?;
            body["properties"][member] = json!({ "id": target });
        }
    }
    for delegation in body["properties"]["delegations"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let service = delegation["properties"]["serviceName"]
            .as_str()
            .unwrap_or_default();
        let known = DELEGATIONS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(service));
        let Some((_, action)) = known else {
            return Err(refused(
                "InvalidServiceDelegation",
                format!(
                    "Subnet {} cannot be delegated to {service}: the service does not exist or does not support delegation.",
                    id.name()
                ),
            ));
        };
        delegation["properties"]["actions"] = json!([action]);
    }
    Ok(())
}

fn addressed(
    name: &str,
    network: &Object,
    body: &Value,
    siblings: &[(String, Value)],
) -> Result<(), Refusal> {
    let texts = address::of_subnet(body);
    if texts.is_empty() {
        return Err(refused(
            "InvalidRequestFormat",
            format!("Subnet {name} needs addressPrefix or addressPrefixes."),
        ));
    }
    let vnet = name_of(network);
    let space: Vec<Prefix> = network.body["properties"]["addressSpace"]["addressPrefixes"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|text| Prefix::parse(text.as_str()?))
        .collect();
    for text in texts {
        let prefix = Prefix::parse(text).ok_or_else(|| {
            refused(
                "InvalidCIDRNotation",
                format!(
                    "The address prefix {text} in resource {name} has an invalid CIDR notation."
                ),
            )
        })?;
        if prefix.length() > 29 {
            return Err(refused(
                "NetcfgInvalidSubnet",
                format!(
                    "Subnet '{name}' is not valid in virtual network '{vnet}': the smallest prefix is /29."
                ),
            ));
        }
        if !space.iter().any(|whole| whole.holds(prefix)) {
            return Err(refused(
                "NetcfgSubnetRangeOutsideVnet",
                format!(
                    "Subnet '{name}' is not valid because its IP address range is outside the IP address range of virtual network '{vnet}'."
                ),
            ));
        }
        let overlaps = siblings.iter().any(|(_, other)| {
            address::of_subnet(other)
                .into_iter()
                .filter_map(Prefix::parse)
                .any(|other| other.overlaps(prefix))
        });
        if overlaps {
            return Err(refused(
                "NetcfgSubnetRangesOverlap",
                format!(
                    "Subnet '{name}' is not valid because its IP address range overlaps with that of an existing subnet in virtual network '{vnet}'."
                ),
            ));
        }
    }
    Ok(())
}

/// A service that lives in a subnet cannot lose its delegation.
pub(super) fn still_delegated(
    store: &Store,
    previous: Option<&Object>,
    body: &Value,
) -> Result<(), Refusal> {
    let Some(previous) = previous else {
        return Ok(());
    };
    let services = |body: &Value| -> Vec<String> {
        body["properties"]["delegations"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|one| one["properties"]["serviceName"].as_str())
            .map(str::to_lowercase)
            .collect()
    };
    if services(&previous.body) != services(body) && !links(store, &previous.id).is_empty() {
        return Err(refused(
            "SubnetMissingRequiredDelegation",
            format!(
                "Subnet {} requires any of the following delegation(s) [{}] to reference service association link /serviceAssociationLinks/AppServiceLink.",
                previous.id,
                services(&previous.body).join(", ")
            ),
        ));
    }
    Ok(())
}

/// Whether a subnet is delegated to a service; what integration and injection ask.
pub(crate) fn is_delegated_to(subnet: &Object, service: &str) -> bool {
    subnet.body["properties"]["delegations"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one["properties"]["serviceName"].as_str())
        .any(|name| name.eq_ignore_ascii_case(service))
}

/// An API Management of a classic tier stands in its subnet as a machine does, without a link (`domain.md` A.4).
fn is_resident(object: &Object) -> bool {
    let tier = object.body["sku"]["name"].as_str().unwrap_or_default();
    object.kind.eq_ignore_ascii_case(GATEWAY) && !tier.ends_with("V2")
}

/// Resources of other providers that have taken a subnet over: each with its type and id.
fn links(store: &Store, subnet: &str) -> Vec<(&'static str, String)> {
    let taken = tenants(store, subnet).into_iter();
    taken
        .filter(|(_, _, object)| !is_resident(object))
        .map(|(kind, link, object)| {
            let linked = object.body.pointer(link).and_then(Value::as_str);
            (kind, linked.unwrap_or(&object.id).to_owned())
        })
        .collect()
}

/// Resources of other providers in a subnet: the type, where the body names what links it, and the resource.
fn tenants<'a>(store: &'a Store, subnet: &str) -> Vec<(&'static str, &'static str, &'a Object)> {
    const USERS: &[(&str, &str, &str)] = &[
        (
            "Microsoft.Web/sites",
            "/properties/virtualNetworkSubnetId",
            "/properties/serverFarmId",
        ),
        (
            GATEWAY,
            "/properties/virtualNetworkConfiguration/subnetResourceId",
            "",
        ),
    ];
    USERS
        .iter()
        .flat_map(|(kind, pointer, link)| {
            store
                .of_kind("", kind)
                .filter(|object| {
                    object
                        .body
                        .pointer(pointer)
                        .and_then(Value::as_str)
                        .is_some_and(|id| id.eq_ignore_ascii_case(subnet))
                })
                .map(|object| (*kind, *link, object))
        })
        .collect()
}

fn endpoints<'a>(store: &'a Store, subnet: &str) -> Vec<&'a Object> {
    store
        .of_kind("", super::endpoint::ENDPOINT)
        .filter(|endpoint| {
            endpoint.body["properties"]["subnet"]["id"]
                .as_str()
                .is_some_and(|id| id.eq_ignore_ascii_case(subnet))
        })
        .collect()
}

/// Nothing lives in a subnet that goes.
pub(super) fn free(store: &Store, subnet: &Object) -> Result<(), Refusal> {
    let by_endpoint = endpoints(store, &subnet.id)
        .into_iter()
        .next()
        .map(configuration);
    let by_tenant = tenants(store, &subnet.id)
        .into_iter()
        .next()
        .map(|(_, _, tenant)| {
            if is_resident(tenant) {
                tenant.id.clone()
            } else {
                format!("{}/serviceAssociationLinks/AppServiceLink", subnet.id)
            }
        });
    let Some(user) = by_endpoint.or(by_tenant) else {
        return Ok(());
    };
    Err(refused(
        "InUseSubnetCannotBeDeleted",
        format!(
            "Subnet {} is in use by {user} and cannot be deleted. In order to delete the subnet, delete all the resources within the subnet. See aka.ms/deletesubnet.",
            name_of(subnet)
        ),
    ))
}

/// Network interfaces of endpoints show up with their group and names in capitals (recorded).
fn configuration(endpoint: &Object) -> String {
    let nic = endpoint.body["properties"]["networkInterfaces"][0]["id"]
        .as_str()
        .unwrap_or_default();
    let (scope, rest) = nic.split_once("/providers/").unwrap_or((nic, ""));
    let (front, group) = scope.rsplit_once('/').unwrap_or(("", scope));
    let name = rest.rsplit('/').next().unwrap_or_default().to_uppercase();
    format!(
        "{front}/{}/providers/Microsoft.Network/networkInterfaces/{name}/ipConfigurations/PRIVATEENDPOINTIPCONFIG",
        group.to_uppercase()
    )
}

/// A subnet as itself and as its network show it.
pub(super) fn show(body: &mut Value, presented: &Presented) {
    let (store, id) = (presented.store, presented.object.id.as_str());
    nested(body, "delegations", SUBNET);
    let inside = endpoints(store, id);
    if !inside.is_empty() {
        let ids = |to: fn(&Object) -> String| -> Value {
            inside.iter().map(|one| json!({ "id": to(one) })).collect()
        };
        body["properties"]["privateEndpoints"] = ids(|endpoint| endpoint.id.clone());
        body["properties"]["ipConfigurations"] = ids(configuration);
    }
    let links = links(store, id);
    if let Some((kind, link)) = links.first() {
        let linked = if *kind == "Microsoft.Web/sites" {
            "Microsoft.Web/serverfarms"
        } else {
            kind
        };
        body["properties"]["serviceAssociationLinks"] = json!([{
            "name": "AppServiceLink",
            "properties": {
                "provisioningState": "Succeeded", "linkedResourceType": linked, "link": link,
                "enabledForArmDeployments": false, "allowDelete": false, "locations": [],
            },
        }]);
        nested(body, "serviceAssociationLinks", SUBNET);
    }
}

//! Virtual networks, security groups, private endpoints and private DNS.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Azure, GROUP};

const V: &str = "2024-05-01";
const DNS: &str = "2024-06-01";
const PLACE: &str = "westeurope";

fn path(rest: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{rest}")
}

async fn network(azure: &Azure, subnets: Value) -> Answer {
    let mut body = json!({ "location": PLACE, "properties": { "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] } } });
    if !subnets.is_null() {
        body["properties"]["subnets"] = subnets;
    }
    azure.put(&path("virtualNetworks/vnet"), V, body).await
}

fn subnet(name: &str, prefix: &str) -> Value {
    json!({ "name": name, "properties": { "addressPrefix": prefix } })
}

async fn put_subnet(azure: &Azure, name: &str, properties: Value) -> Answer {
    azure
        .put(
            &path(&format!("virtualNetworks/vnet/subnets/{name}")),
            V,
            json!({ "properties": properties }),
        )
        .await
}

async fn group(azure: &Azure, rules: Value) -> Answer {
    azure
        .put(
            &path("networkSecurityGroups/nsg"),
            V,
            json!({ "location": PLACE, "properties": { "securityRules": rules } }),
        )
        .await
}

fn rule(name: &str, priority: u32) -> Value {
    json!({ "name": name, "properties": {
        "protocol": "Tcp", "sourceAddressPrefix": "AzureFrontDoor.Backend", "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork", "destinationPortRanges": ["443"],
        "access": "Allow", "direction": "Inbound", "priority": priority,
    }})
}

async fn storage(azure: &Azure) -> String {
    let id = format!("{GROUP}/providers/Microsoft.Storage/storageAccounts/secgwtest");
    azure
        .put(
            &id,
            "2024-01-01",
            json!({ "location": PLACE, "kind": "StorageV2", "sku": { "name": "Standard_LRS" } }),
        )
        .await;
    id
}

fn endpoint(target: &str, groups: &Value) -> Value {
    json!({ "location": PLACE, "properties": {
        "subnet": { "id": path("virtualNetworks/vnet/subnets/endpoints") },
        "privateLinkServiceConnections": [{ "name": "to", "properties": {
            "privateLinkServiceId": target, "groupIds": groups,
        }}],
    }})
}

#[tokio::test]
async fn subnets_made_by_their_own_url_show_in_the_network_and_go_when_a_put_forgets_them() {
    let (_dir, azure) = Azure::fresh().await;
    let made = network(&azure, Value::Null).await;
    assert_eq!(
        (made.status, &made.body["properties"]["subnets"]),
        (201, &json!([]))
    );
    assert!(
        made.header("azure-asyncoperation")
            .contains("/locations/westeurope/operations/")
    );
    let one = put_subnet(&azure, "one", json!({ "addressPrefix": "10.0.1.0/24" })).await;
    assert_eq!(
        (one.status, &one.body["properties"]["provisioningState"]),
        (201, &json!("Updating"))
    );
    let read = azure.get(&path("virtualNetworks/vnet"), V).await;
    let shown = &read.body["properties"]["subnets"][0];
    assert_eq!(shown["name"], "one");
    assert_eq!(
        shown["properties"]["privateEndpointNetworkPolicies"],
        "Disabled"
    );
    assert_eq!(shown["properties"]["delegations"], json!([]));
    assert_ne!(read.body["etag"], made.body["etag"]);
    network(&azure, json!([subnet("two", "10.0.2.0/24")])).await;
    assert_eq!(
        azure
            .get(&path("virtualNetworks/vnet/subnets/one"), V)
            .await
            .status,
        404
    );
    assert_eq!(
        azure
            .get(&path("virtualNetworks/vnet/subnets/two"), V)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn a_subnet_lies_within_the_network_and_beside_its_siblings() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, json!([subnet("one", "10.0.1.0/24")])).await;
    for (properties, code) in [
        (
            json!({ "addressPrefix": "10.1.0.0/24" }),
            "NetcfgSubnetRangeOutsideVnet",
        ),
        (
            json!({ "addressPrefix": "10.0.1.128/25" }),
            "NetcfgSubnetRangesOverlap",
        ),
        (
            json!({ "addressPrefix": "10.0.2.1/24" }),
            "InvalidCIDRNotation",
        ),
        (
            json!({ "addressPrefix": "10.0.2.0/24", "networkSecurityGroup": { "id": path("networkSecurityGroups/none") } }),
            "InvalidResourceReference",
        ),
        (
            json!({ "addressPrefix": "10.0.2.0/24", "delegations": [{ "name": "d", "properties": { "serviceName": "Microsoft.Nothing/x" } }] }),
            "InvalidServiceDelegation",
        ),
        (
            json!({ "addressPrefix": "10.0.2.0/24", "colour": "red" }),
            "InvalidRequestFormat",
        ),
    ] {
        let refused = put_subnet(&azure, "two", properties.clone()).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, code),
            "{properties}"
        );
    }
    let outside = network(
        &azure,
        json!([subnet("one", "10.0.1.0/24"), subnet("two", "10.9.0.0/24")]),
    )
    .await;
    assert_eq!(outside.code(), "NetcfgSubnetRangeOutsideVnet");
}

#[tokio::test]
async fn a_delegation_comes_back_with_what_it_allows() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, Value::Null).await;
    let made = put_subnet(
        &azure,
        "apps",
        json!({ "addressPrefix": "10.0.1.0/24", "delegations": [{ "name": "d", "properties": { "serviceName": "Microsoft.App/environments" } }] }),
    )
    .await;
    let delegation = &made.body["properties"]["delegations"][0];
    assert_eq!(
        delegation["properties"]["actions"][0],
        "Microsoft.Network/virtualNetworks/subnets/join/action"
    );
    assert_eq!(
        delegation["type"],
        "Microsoft.Network/virtualNetworks/subnets/delegations"
    );
    assert!(
        delegation["id"]
            .as_str()
            .unwrap()
            .ends_with("/subnets/apps/delegations/d")
    );
}

#[tokio::test]
async fn a_security_group_in_use_stays_and_its_rules_are_checked_together() {
    let (_dir, azure) = Azure::fresh().await;
    let made = group(&azure, json!([rule("front-door", 100)])).await;
    assert_eq!(made.status, 201);
    let properties = &made.body["properties"];
    assert_eq!(
        properties["defaultSecurityRules"].as_array().unwrap().len(),
        6
    );
    let shown = &properties["securityRules"][0]["properties"];
    assert_eq!(shown["sourcePortRanges"], json!([]));
    assert!(shown.get("destinationPortRange").is_none());
    let clash = azure
        .put(
            &path("networkSecurityGroups/nsg/securityRules/other"),
            V,
            rule("other", 100),
        )
        .await;
    assert_eq!((clash.status, clash.code()), (400, "SecurityRuleConflict"));
    for (member, value, code) in [
        ("priority", json!(99), "SecurityRuleInvalidPriority"),
        ("protocol", json!("Http"), "SecurityRuleInvalidProtocol"),
        (
            "sourceAddressPrefix",
            json!("AzureFrontDoor"),
            "SecurityRuleInvalidAddressPrefix",
        ),
        (
            "destinationPortRanges",
            json!(["80-70"]),
            "SecurityRuleInvalidPortRange",
        ),
        ("access", json!("Maybe"), "InvalidRequestFormat"),
    ] {
        let mut wrong = rule("wrong", 200);
        wrong["properties"][member] = value;
        let refused = azure
            .put(
                &path("networkSecurityGroups/nsg/securityRules/wrong"),
                V,
                wrong,
            )
            .await;
        assert_eq!((refused.status, refused.code()), (400, code), "{member}");
    }
    network(&azure, Value::Null).await;
    put_subnet(&azure, "one", json!({ "addressPrefix": "10.0.1.0/24", "networkSecurityGroup": { "id": path("networkSecurityGroups/nsg") } })).await;
    let kept = azure.delete(&path("networkSecurityGroups/nsg"), V).await;
    assert_eq!(
        (kept.status, kept.code()),
        (400, "InUseNetworkSecurityGroupCannotBeDeleted")
    );
    azure.delete(&path("virtualNetworks/vnet"), V).await;
    assert_eq!(
        azure
            .delete(&path("networkSecurityGroups/nsg"), V)
            .await
            .status,
        202
    );
    assert_eq!(
        azure
            .get(
                &path("networkSecurityGroups/nsg/securityRules/front-door"),
                V
            )
            .await
            .status,
        404
    );
}

#[tokio::test]
async fn a_private_endpoint_is_approved_on_its_target_and_gets_an_address() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, json!([subnet("endpoints", "10.0.5.0/24")])).await;
    let target = storage(&azure).await;
    let id = path("privateEndpoints/pe");
    let made = azure.put(&id, V, endpoint(&target, &json!(["blob"]))).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"]["customDnsConfigs"], json!([]));
    let read = azure.get(&id, V).await;
    let properties = &read.body["properties"];
    assert_eq!(
        properties["customDnsConfigs"][0],
        json!({ "fqdn": "secgwtest.blob.core.windows.net", "ipAddresses": ["10.0.5.4"] })
    );
    assert_eq!(
        properties["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
            ["status"],
        "Approved"
    );
    let there = azure.get(&target, "2024-01-01").await;
    let connection = &there.body["properties"]["privateEndpointConnections"][0];
    assert_eq!(connection["properties"]["privateEndpoint"]["id"], id);
    let inside = azure
        .get(&path("virtualNetworks/vnet/subnets/endpoints"), V)
        .await;
    assert_eq!(inside.body["properties"]["privateEndpoints"][0]["id"], id);
    for other in [
        &path("virtualNetworks/vnet/subnets/endpoints"),
        &path("virtualNetworks/vnet"),
    ] {
        let kept = azure.delete(other, V).await;
        assert_eq!(
            (kept.status, kept.code()),
            (400, "InUseSubnetCannotBeDeleted")
        );
    }
    azure.delete(&id, V).await;
    let there = azure.get(&target, "2024-01-01").await;
    assert_eq!(
        there.body["properties"]["privateEndpointConnections"],
        json!([])
    );
    assert_eq!(
        azure.delete(&path("virtualNetworks/vnet"), V).await.status,
        202
    );
}

#[tokio::test]
async fn a_rejected_connection_shows_at_the_endpoint() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, json!([subnet("endpoints", "10.0.5.0/24")])).await;
    let target = storage(&azure).await;
    let id = path("privateEndpoints/pe");
    azure.put(&id, V, endpoint(&target, &json!(["blob"]))).await;
    let there = azure.get(&target, "2024-01-01").await;
    let connection = there.body["properties"]["privateEndpointConnections"][0]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    let state = |status: &str| json!({ "properties": { "privateLinkServiceConnectionState": { "status": status, "description": "no" } } });
    let refused = azure.put(&connection, "2024-01-01", state("Maybe")).await;
    assert_eq!(refused.status, 400);
    assert_eq!(
        azure
            .put(&connection, "2024-01-01", state("Rejected"))
            .await
            .status,
        200
    );
    let read = azure.get(&id, V).await;
    assert_eq!(
        read.body["properties"]["privateLinkServiceConnections"][0]["properties"]["privateLinkServiceConnectionState"]
            ["status"],
        "Rejected"
    );
}

#[tokio::test]
async fn a_private_endpoint_needs_a_group_of_its_target_and_an_undelegated_subnet() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, json!([subnet("endpoints", "10.0.5.0/24")])).await;
    let target = storage(&azure).await;
    let id = path("privateEndpoints/pe");
    for (body, code) in [
        (
            endpoint(&target, &json!(["Blob"])),
            "PrivateEndpointInvalidGroupId",
        ),
        (
            endpoint(&format!("{target}x"), &json!(["blob"])),
            "PrivateLinkServiceIdNotFound",
        ),
    ] {
        let refused = azure.put(&id, V, body).await;
        assert_eq!((refused.status, refused.code()), (400, code));
    }
    put_subnet(&azure, "endpoints", json!({ "addressPrefix": "10.0.5.0/24", "delegations": [{ "name": "d", "properties": { "serviceName": "Microsoft.Web/serverFarms" } }] })).await;
    assert_eq!(
        azure
            .put(&id, V, endpoint(&target, &json!(["blob"])))
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_zone_group_keeps_records_in_the_private_side_of_a_domain_only() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, json!([subnet("endpoints", "10.0.5.0/24")])).await;
    let target = storage(&azure).await;
    let id = path("privateEndpoints/pe");
    azure.put(&id, V, endpoint(&target, &json!(["blob"]))).await;
    for zone in ["privatelink.blob.core.windows.net", "example.com"] {
        let made = azure
            .put(
                &path(&format!("privateDnsZones/{zone}")),
                DNS,
                json!({ "location": "global" }),
            )
            .await;
        assert_eq!((made.status, &made.body), (202, &json!({})));
    }
    let group = format!("{id}/privateDnsZoneGroups/default");
    let config = |zone: &str| json!({ "name": zone.replace('.', "-"), "properties": { "privateDnsZoneId": path(&format!("privateDnsZones/{zone}")) } });
    let body = json!({ "properties": { "privateDnsZoneConfigs": [config("privatelink.blob.core.windows.net"), config("example.com")] } });
    azure.put(&group, V, body).await;
    let read = azure.get(&group, V).await;
    let configs = &read.body["properties"]["privateDnsZoneConfigs"];
    assert_eq!(
        configs[0]["properties"]["recordSets"][0]["fqdn"],
        "secgwtest.privatelink.blob.core.windows.net"
    );
    assert_eq!(
        configs[0]["properties"]["recordSets"][0]["ipAddresses"],
        json!(["10.0.5.4"])
    );
    assert_eq!(configs[1]["properties"]["recordSets"], json!([]));
    assert_eq!(
        azure.get(&id, V).await.body["properties"]["customDnsConfigs"],
        json!([])
    );
}

#[tokio::test]
async fn a_zone_with_links_cannot_go_and_a_network_sees_a_name_once() {
    let (_dir, azure) = Azure::fresh().await;
    network(&azure, Value::Null).await;
    let zone = path("privateDnsZones/privatelink.azurewebsites.net");
    let regional = azure.put(&zone, DNS, json!({ "location": PLACE })).await;
    assert_eq!(regional.status, 400);
    let made = azure.put(&zone, DNS, json!({ "location": "global" })).await;
    assert!(
        made.header("azure-asyncoperation")
            .contains("/privateDnsOperationStatuses/")
    );
    let link = json!({ "location": "global", "properties": { "virtualNetwork": { "id": path("virtualNetworks/vnet") } } });
    azure
        .put(
            &format!("{zone}/virtualNetworkLinks/one"),
            DNS,
            link.clone(),
        )
        .await;
    let twin = azure
        .put(&format!("{zone}/virtualNetworkLinks/two"), DNS, link)
        .await;
    assert_eq!((twin.status, twin.code()), (409, "Conflict"));
    let read = azure.get(&zone, DNS).await;
    assert_eq!(read.body["properties"]["numberOfVirtualNetworkLinks"], 1);
    assert_eq!(read.header("etag"), read.body["etag"].as_str().unwrap());
    let kept = azure.delete(&zone, DNS).await;
    assert_eq!((kept.status, kept.code()), (409, "CannotDeleteResource"));
    azure
        .delete(&format!("{zone}/virtualNetworkLinks/one"), DNS)
        .await;
    assert_eq!(azure.delete(&zone, DNS).await.status, 202);
    assert_eq!(azure.get(&zone, DNS).await.status, 404);
}

#[tokio::test]
async fn a_public_address_is_known_once_it_is_there() {
    let (_dir, azure) = Azure::fresh().await;
    let id = path("publicIPAddresses/pip");
    let body = json!({ "location": PLACE, "sku": { "name": "Standard" }, "properties": {
        "publicIPAllocationMethod": "Static", "dnsSettings": { "domainNameLabel": "secgw" } } });
    let made = azure.put(&id, V, body.clone()).await;
    assert!(made.body["properties"].get("ipAddress").is_none());
    let read = azure.get(&id, V).await;
    let address = read.body["properties"]["ipAddress"].clone();
    assert!(address.as_str().unwrap().starts_with("20."));
    assert_eq!(
        read.body["properties"]["dnsSettings"]["fqdn"],
        "secgw.westeurope.cloudapp.azure.com"
    );
    azure.put(&id, V, body).await;
    assert_eq!(
        azure.get(&id, V).await.body["properties"]["ipAddress"],
        address
    );
}

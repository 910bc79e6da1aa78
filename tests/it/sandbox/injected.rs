//! API Management of a classic tier inside a virtual network: what it asks of the network, and the network of it.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Azure, GROUP, management};

const VERSION: &str = "2024-05-01";
const PLACE: &str = "westeurope";
const SUBNET: &str = "virtualNetworks/net/subnets/gateway";

fn network(part: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Network/{part}")
}

fn service() -> String {
    format!("{GROUP}/providers/Microsoft.ApiManagement/service/apim-test")
}

fn rule(name: &str, priority: u32, access: &str, source: &str, port: &str) -> Value {
    json!({ "name": name, "properties": {
        "direction": "Inbound", "access": access, "priority": priority, "protocol": "Tcp",
        "sourceAddressPrefix": source, "sourcePortRange": "*",
        "destinationAddressPrefix": "VirtualNetwork", "destinationPortRange": port,
    }})
}

fn group(rules: &[Value]) -> Value {
    json!({ "location": PLACE, "properties": { "securityRules": rules } })
}

fn management_rule() -> Value {
    rule("management", 110, "Allow", "ApiManagement", "3443")
}

fn address(adjust: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({ "location": PLACE, "sku": { "name": "Standard" }, "properties": {
        "publicIPAllocationMethod": "Static", "dnsSettings": { "domainNameLabel": "apim-test" } } });
    adjust(&mut body);
    body
}

fn subnet(prefix: &str, adjust: impl FnOnce(&mut Value)) -> Value {
    let group = network("networkSecurityGroups/gateway");
    let mut body = json!({ "properties": {
        "addressPrefix": prefix, "networkSecurityGroup": { "id": group } } });
    adjust(&mut body);
    body
}

fn gateway(adjust: impl FnOnce(&mut Value)) -> Value {
    let mut body = json!({
        "location": PLACE, "sku": { "name": "Developer", "capacity": 1 },
        "properties": {
            "publisherName": "Contoso", "publisherEmail": "api@contoso.com",
            "virtualNetworkType": "External",
            "virtualNetworkConfiguration": { "subnetResourceId": network(SUBNET) },
            "publicIpAddressId": network("publicIPAddresses/gateway"),
        },
    });
    adjust(&mut body);
    body
}

/// A network with a guarded subnet and a public address, ready for the gateway.
async fn prepared() -> (tempfile::TempDir, Azure) {
    let (dir, azure) = Azure::fresh().await;
    let space = json!({ "location": PLACE, "properties": {
        "addressSpace": { "addressPrefixes": ["10.64.0.0/20"] } } });
    for (part, body) in [
        ("networkSecurityGroups/gateway", group(&[management_rule()])),
        ("virtualNetworks/net", space),
        (SUBNET, subnet("10.64.0.128/25", |_| ())),
        ("publicIPAddresses/gateway", address(|_| ())),
    ] {
        let made = azure.put(&network(part), VERSION, body).await;
        assert_eq!(made.status, 201, "{part}: {}", made.body);
    }
    (dir, azure)
}

fn message(answer: &Answer) -> &str {
    answer.body["error"]["message"].as_str().unwrap_or_default()
}

#[tokio::test]
async fn an_injected_service_answers_at_the_address_it_was_given() {
    let (_dir, azure) = prepared().await;
    let given = azure
        .get(&network("publicIPAddresses/gateway"), VERSION)
        .await;
    let made = azure.put(&service(), VERSION, gateway(|_| ())).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let read = azure.get(&service(), VERSION).await;
    assert_eq!(
        read.body["properties"]["publicIPAddresses"],
        json!([given.body["properties"]["ipAddress"]])
    );
    // Without one it answers at Azure's, which changes with the network.
    let bare = |kind: &'static str| {
        gateway(move |body| {
            body["properties"]["publicIpAddressId"] = Value::Null;
            body["properties"]["virtualNetworkType"] = kind.into();
            if kind == "None" {
                body["properties"]["virtualNetworkConfiguration"] = Value::Null;
            }
        })
    };
    let mut seen = vec![read.body["properties"]["publicIPAddresses"].clone()];
    for kind in ["External", "None"] {
        assert_eq!(azure.put(&service(), VERSION, bare(kind)).await.status, 200);
        let read = azure.get(&service(), VERSION).await;
        seen.push(read.body["properties"]["publicIPAddresses"].clone());
    }
    assert!(seen[0] != seen[1] && seen[1] != seen[2], "{seen:?}");
}

#[tokio::test]
async fn what_an_injected_service_cannot_stand_on_is_refused_by_name() {
    let (_dir, azure) = prepared().await;
    let pip = network("publicIPAddresses/gateway");
    let cases: [(&str, Value, Value); 7] = [
        (
            "must be of Standard SKU",
            address(|body| body["sku"]["name"] = "Basic".into()),
            gateway(|_| ()),
        ),
        (
            "must have a DNS label",
            address(|body| body["properties"]["dnsSettings"] = Value::Null),
            gateway(|_| ()),
        ),
        (
            "must be in the region",
            address(|body| body["location"] = "northeurope".into()),
            gateway(|_| ()),
        ),
        (
            "could not be found",
            address(|_| ()),
            gateway(|body| {
                body["properties"]["publicIpAddressId"] = network("publicIPAddresses/none").into();
            }),
        ),
        (
            "is not supported for virtual network type 'None'",
            address(|_| ()),
            gateway(|body| body["properties"]["virtualNetworkType"] = "None".into()),
        ),
        (
            "is not supported in the 'Standard' tier",
            address(|_| ()),
            gateway(|body| {
                body["sku"]["name"] = "Standard".into();
                body["properties"]["publicIpAddressId"] = Value::Null;
            }),
        ),
        (
            "SubnetResourceId is required",
            address(|_| ()),
            gateway(|body| body["properties"]["virtualNetworkConfiguration"] = Value::Null),
        ),
    ];
    for (why, address, gateway) in cases {
        azure.delete(&pip, VERSION).await;
        azure.put(&pip, VERSION, address).await;
        let refused = azure.put(&service(), VERSION, gateway).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "InvalidParameters"),
            "{why}"
        );
        assert!(message(&refused).contains(why), "{}", message(&refused));
    }
    for (why, body) in [
        (
            "must not be delegated",
            subnet("10.64.0.128/25", |body| {
                body["properties"]["delegations"] = json!([{ "name": "one", "properties": { "serviceName": "Microsoft.Web/serverFarms" } }]);
            }),
        ),
        (
            "must have a network security group",
            subnet("10.64.0.128/25", |body| {
                body["properties"]["networkSecurityGroup"] = Value::Null;
            }),
        ),
    ] {
        azure.put(&network(SUBNET), VERSION, body).await;
        let refused = azure.put(&service(), VERSION, gateway(|_| ())).await;
        assert!(message(&refused).contains(why), "{}", message(&refused));
    }
}

#[tokio::test]
async fn what_a_service_stands_on_stays_until_it_is_gone() {
    let (_dir, azure) = prepared().await;
    azure.put(&service(), VERSION, gateway(|_| ())).await;
    for (part, code) in [
        (SUBNET, "InUseSubnetCannotBeDeleted"),
        (
            "publicIPAddresses/gateway",
            "PublicIPAddressCannotBeDeleted",
        ),
        (
            "networkSecurityGroups/gateway",
            "InUseNetworkSecurityGroupCannotBeDeleted",
        ),
    ] {
        let kept = azure.delete(&network(part), VERSION).await;
        assert_eq!((kept.status, kept.code()), (400, code), "{}", kept.body);
    }
    // It stands there as a machine does: nothing links the subnet to it.
    let read = azure.get(&network(SUBNET), VERSION).await;
    assert!(
        read.body["properties"]
            .get("serviceAssociationLinks")
            .is_none()
    );
    // Another subnet wants another address.
    let other = network("virtualNetworks/net/subnets/other");
    azure
        .put(&other, VERSION, subnet("10.64.1.0/25", |_| ()))
        .await;
    let moved = gateway(|body| {
        body["properties"]["virtualNetworkConfiguration"]["subnetResourceId"] =
            other.clone().into();
    });
    let refused = azure.put(&service(), VERSION, moved).await;
    assert!(
        message(&refused).contains("needs a different one"),
        "{}",
        refused.body
    );
    azure.delete(&service(), VERSION).await;
    for part in [SUBNET, "publicIPAddresses/gateway"] {
        assert_eq!(
            azure.delete(&network(part), VERSION).await.status,
            202,
            "{part}"
        );
    }
}

#[tokio::test]
async fn a_service_that_azure_cannot_reach_answers_nothing_below_it() {
    let (_dir, azure) = prepared().await;
    azure.put(&service(), VERSION, gateway(|_| ())).await;
    let guard = network("networkSecurityGroups/gateway");
    let apis = format!("{}/apis", service());
    let api = format!("{apis}/orders");
    let body = json!({ "properties": { "displayName": "Orders", "path": "orders", "protocols": ["https"] } });
    assert_eq!(azure.put(&api, VERSION, body.clone()).await.status, 201);
    let deny = rule("deny", 105, "Deny", "*", "3000-4000");
    for rules in [vec![], vec![management_rule(), deny]] {
        azure.put(&guard, VERSION, group(&rules)).await;
        for method in [Method::GET, Method::PUT, Method::DELETE] {
            let sent = (method == Method::PUT).then(|| body.clone());
            let answer = azure
                .send(method.clone(), &management(&api, VERSION), &[], sent)
                .await;
            assert_eq!(
                (answer.status, answer.code()),
                (422, "ManagementApiRequestFailed"),
                "{method} {}",
                answer.body
            );
            assert!(message(&answer).contains(":3443"), "{}", answer.body);
        }
        assert_eq!(azure.get(&apis, VERSION).await.status, 422);
        // The service itself is the platform's to tell of.
        assert_eq!(azure.get(&service(), VERSION).await.status, 200);
    }
    azure
        .put(&guard, VERSION, group(&[management_rule()]))
        .await;
    assert_eq!(azure.get(&api, VERSION).await.status, 200);
}

#[tokio::test]
async fn the_network_status_says_what_the_service_cannot_reach() {
    let (_dir, azure) = prepared().await;
    azure.put(&service(), VERSION, gateway(|_| ())).await;
    let path = format!("{}/networkstatus", service());
    let failing = async || {
        let read = azure.get(&path, VERSION).await;
        assert_eq!(read.status, 200, "{}", read.body);
        let all = read.body[0]["networkStatus"]["connectivityStatus"].clone();
        let all = all.as_array().unwrap().clone();
        all.into_iter()
            .filter(|one| one["status"] == "failure")
            .map(|one| one["resourceType"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(failing().await, [""; 0]);
    let mut closed = rule("no-sql", 100, "Deny", "*", "1433");
    closed["properties"]["direction"] = "Outbound".into();
    closed["properties"]["destinationAddressPrefix"] = "Internet".into();
    let guard = network("networkSecurityGroups/gateway");
    azure
        .put(&guard, VERSION, group(&[management_rule(), closed]))
        .await;
    assert_eq!(failing().await, ["Sql"]);
}

//! Who gets as far as the gateway.

use super::*;

#[test]
fn the_service_lets_in_whom_its_network_lets_in() {
    let mut stand = Stand::new();
    let service = stand.store.get(SERVICE).unwrap().body.clone();
    let change = |stand: &mut Stand, member: &str, value: Value| {
        let mut body = service.clone();
        body["properties"][member] = value;
        stand.put("", "", body);
    };
    let connection = format!("{SERVICE}/privateEndpointConnections/fd");
    let over = |connection: &str| Call {
        via: Via::FrontDoor {
            profile: "/p".to_owned(),
            connection: Some(connection.to_owned()),
        },
        ..call("GET", "/orders/items", &[])
    };
    change(&mut stand, "publicNetworkAccess", "Disabled".into());
    let reply = stand.get("/orders/items", &[]);
    assert_eq!(reply.status, 403);
    assert!(body(&reply).contains("client public IP address 203.0.113.1, public network access on this 'Microsoft.ApiManagement/service/gw' is disabled"));
    for (status, expected) in [("Pending", 0), ("Approved", 200), ("Rejected", 0)] {
        let state =
            json!({ "properties": { "privateLinkServiceConnectionState": { "status": status } } });
        stand.put(
            "/privateEndpointConnections/fd",
            "/privateEndpointConnections",
            state,
        );
        change(&mut stand, "publicNetworkAccess", "Enabled".into());
        let call = over(&connection);
        assert_eq!(stand.send(call).status, expected, "{status}");
    }
    change(&mut stand, "disableGateway", true.into());
    assert!(stand.get("/orders/items", &[]).is_closed());
    change(&mut stand, "provisioningState", "Activating".into());
    assert!(stand.get("/orders/items", &[]).is_closed());
}

#[test]
fn the_rules_of_an_injected_gateways_subnet_are_read_in_order() {
    let mut stand = Stand::new();
    let mut service = stand.store.get(SERVICE).unwrap().body.clone();
    service["sku"]["name"] = "Premium".into();
    service["properties"]["virtualNetworkType"] = "External".into();
    service["properties"]["virtualNetworkConfiguration"] =
        json!({ "subnetResourceId": "/net/subnet" });
    stand.put("", "", service);
    let group = Object::new("/nsg", "Microsoft.Network/networkSecurityGroups", json!({}));
    let subnet = Object::new(
        "/net/subnet",
        "Microsoft.Network/virtualNetworks/subnets",
        json!({ "properties": { "addressPrefix": "10.0.1.0/24", "networkSecurityGroup": { "id": "/nsg" } } }),
    );
    stand
        .store
        .commit(vec![Entry::Put(group), Entry::Put(subnet)])
        .unwrap();
    let is_in = |stand: &mut Stand, source: [u8; 4]| {
        let call = Call {
            source: source.into(),
            ..call("GET", "/orders/items", &[])
        };
        stand.send(call).status
    };
    let (front_door, caller) = ([147, 243, 0, 1], [203, 0, 113, 1]);
    let both = |stand: &mut Stand| [is_in(stand, front_door), is_in(stand, caller)];
    assert_eq!(both(&mut stand), [0, 0]);
    // The echo is called from the gateway's own subnet, which the default rules let in.
    for (rule, expected) in [
        (
            "edge 200 Allow AzureFrontDoor.Backend VirtualNetwork 443",
            [200, 0],
        ),
        ("all 300 Allow Internet * 400-500", [200, 200]),
        ("none 100 Deny 203.0.113.0/24 10.0.1.0/24 *", [200, 0]),
        ("none 100 Deny 203.0.113.0/24 10.9.0.0/16 *", [200, 200]),
        ("none 100 Deny * * 80", [200, 200]),
        ("tag 50 Allow SomeNewTag * 443", [501, 501]),
    ] {
        put_rule(&mut stand, rule);
        assert_eq!(both(&mut stand), expected, "{rule}");
    }
}

/// Name, priority, access, source, destination, port.
fn put_rule(stand: &mut Stand, rule: &str) {
    let words: Vec<&str> = rule.split(' ').collect();
    let [name, priority, access, from, to, port] = words.try_into().unwrap();
    let properties = json!({ "direction": "Inbound", "priority": priority.parse::<u32>().unwrap(), "access": access, "protocol": "Tcp",
        "sourceAddressPrefix": from, "sourcePortRange": "*", "destinationAddressPrefix": to, "destinationPortRange": port });
    let rule = Object::new(
        format!("/nsg/securityRules/{name}"),
        "Microsoft.Network/networkSecurityGroups/securityRules",
        json!({ "properties": properties }),
    );
    stand.store.commit(vec![Entry::Put(rule)]).unwrap();
}

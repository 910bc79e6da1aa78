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
    let rule = |stand: &mut Stand,
                name: &str,
                priority: u32,
                access: &str,
                from: &str,
                to: &str,
                port: &str| {
        let properties = json!({ "direction": "Inbound", "priority": priority, "access": access, "protocol": "Tcp", "sourceAddressPrefix": from,
            "sourcePortRange": "*", "destinationAddressPrefix": to, "destinationPortRange": port });
        let rule = Object::new(
            format!("/nsg/securityRules/{name}"),
            "Microsoft.Network/networkSecurityGroups/securityRules",
            json!({ "properties": properties }),
        );
        stand.store.commit(vec![Entry::Put(rule)]).unwrap();
    };
    let is_in = |stand: &mut Stand, source: [u8; 4]| {
        let call = Call {
            source: source.into(),
            ..call("GET", "/orders/items", &[])
        };
        stand.send(call).status
    };
    let (front_door, caller) = ([147, 243, 0, 1], [203, 0, 113, 1]);
    assert_eq!(
        [is_in(&mut stand, front_door), is_in(&mut stand, caller)],
        [0, 0]
    );
    rule(
        &mut stand,
        "edge",
        200,
        "Allow",
        "AzureFrontDoor.Backend",
        "VirtualNetwork",
        "443",
    );
    // The echo is called from the gateway's own side, which the default rules let in: 500 would be a closed backend.
    assert_ne!(is_in(&mut stand, front_door), 0);
    assert_eq!(is_in(&mut stand, caller), 0);
    rule(&mut stand, "all", 300, "Allow", "Internet", "*", "400-500");
    assert_ne!(is_in(&mut stand, caller), 0);
    rule(
        &mut stand,
        "none",
        100,
        "Deny",
        "203.0.113.0/24",
        "10.0.1.0/24",
        "*",
    );
    assert_eq!(is_in(&mut stand, caller), 0);
    rule(
        &mut stand,
        "none",
        100,
        "Deny",
        "203.0.113.0/24",
        "10.9.0.0/16",
        "*",
    );
    assert_ne!(is_in(&mut stand, caller), 0);
    rule(&mut stand, "tag", 50, "Allow", "SomeNewTag", "*", "443");
    assert_eq!(is_in(&mut stand, caller), 501);
}

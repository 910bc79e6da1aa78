//! Front Door: routes, rules, firewall, rate limit, cache, and the way to the origin.

use serde_json::{Value, json};

use super::{CDN, Deployed, WAF, WEB, see};

const FIREWALL: &str = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/secgwOrdersDev";

#[tokio::test]
async fn front_door_serves_its_stored_routes_rules_and_firewall() {
    let deployed = Deployed::new().await;
    let host = deployed.edge().await;
    let profile = deployed.profile();
    let url = |path: &str| format!("https://{host}{path}");
    let origin = format!("{profile}/originGroups/gateway/origins/gateway");
    let route = format!("{profile}/afdEndpoints/orders-dev/routes/gateway");
    lead_to_the_function(&deployed, &origin).await;

    // What reaches the origin is Front Door's word, whatever the client says.
    let id = deployed.azure.get(&profile, CDN).await.body["properties"]["frontDoorId"].clone();
    let lies = [
        ("X-Azure-FDID", "bogus"),
        ("X-FD-HealthProbe", "1"),
        ("X-Azure-SocketIP", "10.0.0.1"),
        ("X-Forwarded-For", "192.0.2.9"),
    ];
    let clean = deployed.call("GET", &url("/api/orders"), &lies).await;
    assert_eq!(clean.status, 200, "{}", clean.body());
    let headers = &clean.body()["headers"];
    assert_eq!(headers["x-azure-fdid"], id);
    assert_eq!(headers["x-azure-socketip"], "198.51.100.1");
    assert_eq!(headers["x-azure-clientip"], "192.0.2.9");
    assert_eq!(headers["x-forwarded-for"], "192.0.2.9, 198.51.100.1");
    assert_eq!(headers["x-forwarded-host"], host);
    assert_eq!(headers["x-fd-healthprobe"], Value::Null);
    assert_eq!(clean.body()["via"], "front door");
    assert!(
        clean
            .header("strict-transport-security")
            .starts_with("max-age=31536000")
    );
    assert_eq!(
        (clean.header("server"), clean.header("request-context")),
        ("", "")
    );
    assert_eq!(clean.header("x-cache"), "CONFIG_NOCACHE");
    assert!(!clean.header("x-azure-ref").is_empty());

    let plain = deployed
        .call("GET", &format!("http://{host}/api/orders"), &[])
        .await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (307, url("/api/orders").as_str())
    );
    deployed
        .set(&route, CDN, "/properties/httpsRedirect", json!("Disabled"))
        .await;
    assert_eq!(
        deployed
            .call("GET", &format!("http://{host}/api/orders"), &[])
            .await
            .status,
        200
    );
    the_firewall_blocks(&deployed, &host).await;
    a_rate_limit_counts_by_socket(&deployed, &host).await;
    a_cache_gives_everybody_what_somebody_got(&deployed, &host, &route).await;
}

async fn the_firewall_blocks(deployed: &Deployed, host: &str) {
    let firewall = deployed.id(FIREWALL);
    let url = |path: &str| format!("https://{host}{path}");
    // The firewall blocks while it prevents, and only logs while it detects.
    let attacks = [
        "/api/orders?x=%27%20OR%201=1--",
        "/api/orders?x=%3Cscript%3E",
        "/api/orders?x=%24%7Bjndi:ldap://x%7D",
        "/api/..%2f..%2fetc/passwd",
    ];
    for attack in attacks {
        let blocked = deployed.call("GET", &url(attack), &[]).await;
        assert_eq!(
            (blocked.status, blocked.text()),
            (403, "The request is blocked."),
            "{attack}"
        );
        assert!(!blocked.header("x-azure-ref").is_empty());
    }
    assert_eq!(
        deployed
            .call("PURGE", &url("/api/orders"), &[])
            .await
            .status,
        403
    );
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/policySettings/mode",
            json!("Detection"),
        )
        .await;
    assert_eq!(
        deployed.call("GET", &url(attacks[0]), &[]).await.status,
        200
    );
    assert_eq!(
        deployed
            .call("PURGE", &url("/api/orders"), &[])
            .await
            .status,
        200
    );
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/policySettings/mode",
            json!("Prevention"),
        )
        .await;
    let over = json!([{ "ruleGroupName": "SQLI", "rules": [{ "ruleId": "942100", "enabledState": "Disabled" }] }]);
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/managedRules/managedRuleSets/0/ruleGroupOverrides",
            over,
        )
        .await;
    assert_eq!(
        deployed.call("GET", &url(attacks[0]), &[]).await.status,
        200
    );
    assert_eq!(
        deployed.call("GET", &url(attacks[1]), &[]).await.status,
        403
    );
}

async fn a_rate_limit_counts_by_socket(deployed: &Deployed, host: &str) {
    let firewall = deployed.id(FIREWALL);
    let url = |path: &str| format!("https://{host}{path}");
    // A rate limit counts by socket, not by what the client claims to be.
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/customRules/rules/1/rateLimitThreshold",
            json!(10),
        )
        .await;
    let busy = deployed.caller(3, |builder| builder);
    let mut statuses = Vec::new();
    for count in 0..12 {
        let other = format!("192.0.2.{count}");
        let claims = [("X-Forwarded-For", other.as_str())];
        statuses.push(
            see(&busy, "GET", &url("/api/orders"), &claims, "")
                .await
                .status,
        );
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        10,
        "{statuses:?}"
    );
    assert_eq!(statuses[11], 403);
    let calm = deployed.caller(4, |builder| builder);
    assert_eq!(
        see(&calm, "GET", &url("/api/orders"), &[], "").await.status,
        200
    );
}

async fn a_cache_gives_everybody_what_somebody_got(deployed: &Deployed, host: &str, route: &str) {
    let url = |path: &str| format!("https://{host}{path}");
    let calm = deployed.caller(4, |builder| builder);
    // A cache gives everybody what somebody got.
    deployed
        .set(
            route,
            CDN,
            "/properties/cacheConfiguration",
            json!({ "queryStringCachingBehavior": "UseQueryString" }),
        )
        .await;
    let first = see(&calm, "GET", &url("/api/mine"), &[("Cookie", "a=b")], "").await;
    assert_eq!(first.header("x-cache"), "TCP_MISS");
    let other = deployed.caller(5, |builder| builder);
    let second = see(&other, "GET", &url("/api/mine"), &[], "").await;
    assert_eq!(
        (second.header("x-cache"), second.body()["source"].clone()),
        ("TCP_HIT", first.body()["source"].clone())
    );

    // A name in the handshake other than the Host header is nobody's.
    let fronted = [("Host", "func-orders-dev.azurewebsites.net")];
    let http1 = deployed.caller(6, reqwest::ClientBuilder::http1_only);
    assert_eq!(
        see(&http1, "GET", &url("/api/orders"), &fronted, "")
            .await
            .status,
        421
    );

    deployed
        .set(route, CDN, "/properties/enabledState", json!("Disabled"))
        .await;
    assert_eq!(
        see(&calm, "GET", &url("/api/orders"), &[], "").await.status,
        404
    );
}

/// Takes the gateway out from between edge and Function, and opens the Function to the edge.
async fn lead_to_the_function(deployed: &Deployed, origin: &str) {
    let web = format!("{}/config/web", deployed.site());
    let auth = format!("{}/config/authsettingsV2", deployed.site());
    deployed
        .set(&auth, WEB, "/properties/platform/enabled", json!(false))
        .await;
    let host = "func-orders-dev.azurewebsites.net";
    deployed
        .set(
            origin,
            CDN,
            "/properties/sharedPrivateLinkResource",
            Value::Null,
        )
        .await;
    deployed
        .set(origin, CDN, "/properties/hostName", json!(host))
        .await;
    deployed
        .set(origin, CDN, "/properties/originHostHeader", json!(host))
        .await;
    let edge = deployed.edge().await;
    let url = format!("https://{edge}/api/orders");
    assert_eq!(deployed.call("GET", &url, &[]).await.status, 403);
    let tag = json!([{ "name": "edge", "priority": 10, "action": "Allow", "ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag" }]);
    deployed
        .set(&web, WEB, "/properties/ipSecurityRestrictions", tag)
        .await;
    assert_eq!(
        deployed
            .call("GET", &format!("https://{host}/api/orders"), &[])
            .await
            .status,
        403
    );
}

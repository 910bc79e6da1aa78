//! App Service: access restrictions, HTTPS, Easy Auth, and the app behind them.

use serde_json::json;

use super::{Deployed, WEB, see};

const ORDERS: &str = "https://func-orders-dev.azurewebsites.net/api/orders";
const RULES: &str = "/properties/ipSecurityRestrictions";

#[tokio::test]
async fn a_function_answers_whom_its_stored_configuration_lets_in() {
    let deployed = Deployed::new().await;
    let web = format!("{}/config/web", deployed.site());

    let clean = deployed.call("GET", ORDERS, &[]).await;
    assert_eq!(
        (clean.status, clean.header("x-ms-forbidden-ip")),
        (403, "198.51.100.1")
    );
    let scm = "https://func-orders-dev.scm.azurewebsites.net/basicauth";
    assert_eq!(deployed.call("GET", scm, &[]).await.status, 403);
    assert_eq!(
        deployed
            .call("GET", "https://nobody.azurewebsites.net/", &[])
            .await
            .status,
        0
    );

    // One more rule lets one caller as far as Easy Auth, and nobody else.
    let gateway =
        deployed.azure.get(&web, WEB).await.body["properties"]["ipSecurityRestrictions"][0].clone();
    let rule = |address: &str, tag: &str| json!({ "name": "more", "priority": 50, "action": "Allow", "ipAddress": address, "tag": tag });
    deployed
        .set(
            &web,
            WEB,
            RULES,
            json!([gateway, rule("198.51.100.1/32", "Default")]),
        )
        .await;
    let let_in = deployed.call("GET", ORDERS, &[]).await;
    assert_eq!(let_in.status, 401);
    assert!(let_in.header("www-authenticate").starts_with("Bearer"));
    let stranger = deployed.caller(2, |builder| builder);
    let kept_out = see(&stranger, "GET", ORDERS, &[], "").await;
    assert_eq!(
        (kept_out.status, kept_out.header("x-ms-forbidden-ip")),
        (403, "198.51.100.2")
    );
    let spoofed = [("X-Forwarded-For", "198.51.100.1")];
    assert_eq!(
        see(&stranger, "GET", ORDERS, &spoofed, "").await.status,
        403
    );
    let forged = [("Authorization", "Bearer abc.def.ghi")];
    assert_eq!(deployed.call("GET", ORDERS, &forged).await.status, 401);
    the_app_answers(&deployed).await;
    rules_count_in_order(&deployed).await;
}

async fn the_app_answers(deployed: &Deployed) {
    let plain = "http://func-orders-dev.azurewebsites.net/api/orders";
    // HTTPS only is a redirect until it is turned off.
    let redirected = deployed.call("GET", plain, &[]).await;
    assert_eq!(redirected.status, 301);
    assert!(
        redirected
            .header("location")
            .starts_with("https://func-orders-dev.")
    );

    // Without Easy Auth the function answers, and repeats no secret.
    let auth = format!("{}/config/authsettingsV2", deployed.site());
    deployed
        .set(&auth, WEB, "/properties/platform/enabled", json!(false))
        .await;
    let key = [
        ("x-functions-key", "not-shown"),
        ("Authorization", "Basic not-shown"),
    ];
    let open = deployed
        .call("GET", &format!("{ORDERS}?code=not-shown&page=2"), &key)
        .await;
    assert_eq!(
        (open.status, open.header("x-secgw-backend")),
        (200, "func-orders-dev")
    );
    assert_eq!(open.body()["path"], "/api/orders");
    assert_eq!(open.body()["query"], json!(["code=REDACTED", "page=2"]));
    assert_eq!(open.body()["source"], "198.51.100.1");
    assert!(!open.body().to_string().contains("not-shown"));
    let admin = "https://func-orders-dev.azurewebsites.net/admin/host/status";
    assert_eq!(deployed.call("GET", admin, &[]).await.status, 401);
}

async fn rules_count_in_order(deployed: &Deployed) {
    let web = format!("{}/config/web", deployed.site());
    let stranger = deployed.caller(2, |builder| builder);
    // Rules count in order, with headers, and a default for the rest.
    let with_header = json!({
        "name": "edge", "priority": 10, "action": "Allow", "ipAddress": "0.0.0.0/0", "tag": "Default",
        "headers": { "x-azure-fdid": ["11111111-1111-4111-8111-111111111111"] },
    });
    deployed.set(&web, WEB, RULES, json!([with_header])).await;
    assert_eq!(deployed.call("GET", ORDERS, &[]).await.status, 403);
    let fdid = [("X-Azure-FDID", "11111111-1111-4111-8111-111111111111")];
    assert_eq!(deployed.call("GET", ORDERS, &fdid).await.status, 200);
    deployed
        .set(
            &web,
            WEB,
            "/properties/ipSecurityRestrictionsDefaultAction",
            json!("Allow"),
        )
        .await;
    assert_eq!(see(&stranger, "GET", ORDERS, &[], "").await.status, 200);
    let closed = json!({ "properties": { "publicNetworkAccess": "Disabled" } });
    let patched = deployed.azure.patch(&deployed.site(), WEB, closed).await;
    assert!(patched.status < 300, "{}", patched.body);
    assert_eq!(see(&stranger, "GET", ORDERS, &[], "").await.status, 403);
}

//! Which address leads to which operation, and with which key.

use super::*;

#[test]
fn addresses_lead_to_their_operation_or_nowhere() {
    let mut stand = Stand::new();
    for (method, target, status) in [
        ("GET", "/orders/items", 200),
        ("GET", "/ORDERS/Items", 200),
        ("GET", "/orders/items/7?x=1", 200),
        ("POST", "/orders/items", 200),
        ("GET", "/orders/./items/../items", 200),
        ("GET", "/orders/%69tems", 200),
        ("GET", "/orders/items/", 404),
        ("GET", "/orders/items/a%2Fb", 200),
        ("GET", "/orders/items/a/b", 404),
        ("GET", "/orders//items", 404),
        ("GET", "/orders", 404),
        ("GET", "/order/items", 404),
        ("GET", "/orders2/items", 404),
        ("GET", "/", 404),
        ("GET", "/orders/items;rev=2", 404),
        ("GET", "/orders;rev=1/items", 200),
        ("GET", "/orders/items%00", 400),
        ("GET", "/orders/items%zz", 400),
        ("GET", "/orders/items%c0%ae", 400),
        ("DELETE", "/orders/items", 404),
        ("HEAD", "/orders/items", 404),
        ("OPTIONS", "/orders/items", 404),
        ("TRACE", "/orders/items", 404),
        ("GET", "/status-0123456789abcdef", 200),
    ] {
        let reply = stand.send(call(method, target, &[]));
        assert_eq!(reply.status, status, "{method} {target} {}", body(&reply));
        if status == 404 {
            assert_eq!(
                body(&reply),
                "{ \"statusCode\": 404, \"message\": \"Resource not found\" }"
            );
        }
    }
    let plain = Call {
        scheme: Scheme::Http,
        ..call("GET", "/orders/items", &[])
    };
    assert_eq!(stand.send(plain).status, 404);
    let strange = Call {
        host: "other.azure-api.net".to_owned(),
        ..call("GET", "/orders/items", &[])
    };
    assert_eq!(stand.send(strange).status, 404);
    let reply = stand.get("/orders/items/a%20b?q=1%262", &[]);
    assert_eq!(
        body(&reply),
        "reached GET https://gw.azure-api.net/echo/items/a%20b?q=1%262 user= body="
    );
}

#[test]
fn revisions_and_versions_answer_where_they_are_asked_for() {
    let mut stand = Stand::new();
    let url = format!("https://{HOST}/echo");
    stand.put("/apis/orders;rev=2", "/apis", json!({ "properties": { "path": "orders", "protocols": ["https"], "apiRevision": "2", "isCurrent": false, "serviceUrl": format!("{url}/rev2"), "subscriptionRequired": false } }));
    stand.operation("orders;rev=2", "list", "GET", "/items");
    assert!(body(&stand.get("/orders;rev=2/items", &[])).contains("/echo/rev2/items"));
    assert!(body(&stand.get("/orders/items", &[])).contains("/echo/items"));
    for (scheme, target, header, status) in [
        ("Segment", "/shop/v2/list", None, 200),
        ("Segment", "/shop/list", None, 404),
        ("Query", "/shop/list?version=v2", None, 200),
        ("Query", "/shop/list?version=v1", None, 404),
        ("Header", "/shop/list", Some(("Api-Version", "v2")), 200),
        ("Header", "/shop/list", None, 404),
    ] {
        let set = json!({ "properties": { "versioningScheme": scheme, "versionQueryName": "version", "versionHeaderName": "Api-Version" } });
        stand.put("/apiVersionSets/set", "/apiVersionSets", set);
        stand.api("shop", "shop", &json!({ "apiVersion": "v2", "apiVersionSetId": format!("{SERVICE}/apiVersionSets/set"), "serviceUrl": url }));
        stand.operation("shop", "list", "GET", "/list");
        let headers: Vec<_> = header.into_iter().collect();
        assert_eq!(
            stand.get(target, &headers).status,
            status,
            "{scheme} {target}"
        );
    }
}

#[test]
fn subscription_keys_are_asked_for_where_an_api_says_so() {
    let mut stand = Stand::new();
    let url = format!("https://{HOST}/echo");
    stand.api(
        "orders",
        "orders",
        &json!({ "subscriptionRequired": true, "serviceUrl": url }),
    );
    let reply = stand.get("/orders/items", &[]);
    assert_eq!(reply.status, 401);
    assert!(
        body(&reply).contains("missing subscription key"),
        "{}",
        body(&reply)
    );
    assert!(
        reply
            .header("WWW-Authenticate")
            .unwrap()
            .contains("Ocp-Apim-Subscription-Key")
    );
    let subscription = json!({ "properties": { "state": "active", "scope": format!("{SERVICE}/apis"), "displayName": "all" } });
    stand.put("/subscriptions/all", "/subscriptions", subscription.clone());
    let object = stand
        .store
        .get(&format!("{SERVICE}/subscriptions/all"))
        .unwrap()
        .clone();
    let [key, _] = crate::sandbox::behaviour::apim::subscription_keys(&object);
    assert_eq!(stand.status(&[("Ocp-Apim-Subscription-Key", &key)]), 200);
    let mut wrong = key.clone();
    wrong.push('x');
    assert_eq!(stand.status(&[("Ocp-Apim-Subscription-Key", &wrong)]), 401);
    let mut suspended = subscription;
    suspended["properties"]["state"] = "suspended".into();
    stand.put("/subscriptions/all", "/subscriptions", suspended);
    assert_eq!(stand.status(&[("Ocp-Apim-Subscription-Key", &key)]), 401);
    // An open product admits everybody, under its policy.
    stand.put(
        "/products/open",
        "/products",
        json!({ "properties": { "state": "published", "subscriptionRequired": false } }),
    );
    stand.put("/products/open/apis/orders", "/products/apis", json!({}));
    assert_eq!(stand.status(&[]), 200);
    stand.policy(
        "/products/open",
        &OPEN.replace(
            "<inbound>",
            "<inbound><return-response><set-status code=\"418\" /></return-response>",
        ),
    );
    assert_eq!(stand.status(&[]), 418);
}

//! What statements do to a call and its answer.

use super::*;

#[test]
fn limits_count_by_key_and_tell_when_to_come_back() {
    let mut stand = Stand::new();
    stand.inbound("<rate-limit-by-key calls=\"2\" renewal-period=\"60\" counter-key=\"@(context.Request.Headers.GetValueOrDefault(\"X-Who\", \"\"))\" remaining-calls-header-name=\"X-Left\" />");
    let ada = [("X-Who", "ada")];
    assert_eq!(stand.get("/orders/items", &ada).header("X-Left"), Some("1"));
    assert_eq!(stand.status(&ada), 200);
    stand.now += Duration::seconds(20);
    let over = stand.get("/orders/items", &ada);
    assert_eq!((over.status, over.header("Retry-After")), (429, Some("40")));
    assert_eq!(
        body(&over),
        "{ \"statusCode\": 429, \"message\": \"Rate limit is exceeded. Try again in 40 seconds.\" }"
    );
    assert_eq!(stand.status(&[("X-Who", "bob")]), 200);
    stand.now += Duration::seconds(41);
    assert_eq!(stand.status(&ada), 200);

    stand.inbound("<quota-by-key calls=\"1\" renewal-period=\"3600\" counter-key=\"q\" />");
    assert_eq!(stand.status(&[]), 200);
    let over = stand.get("/orders/items", &[]);
    assert_eq!(over.status, 403);
    assert!(
        body(&over).contains("Quota will be replenished in 01:00:00"),
        "{}",
        body(&over)
    );

    stand.inbound("<rate-limit-by-key calls=\"1\" renewal-period=\"60\" counter-key=\"c\" increment-condition=\"@(context.Response.StatusCode == 200)\" /><choose><when condition=\"@(context.Request.Headers.ContainsKey(\"Fail\"))\"><return-response><set-status code=\"400\" /></return-response></when></choose>");
    for _ in 0..3 {
        assert_eq!(stand.status(&[("Fail", "1")]), 400);
    }
    assert_eq!(stand.status(&[]), 200);
    assert_eq!(stand.status(&[]), 429);
}

#[test]
fn cors_tells_apart_origins_and_ends_what_it_does_not_know() {
    let mut stand = Stand::new();
    let cors = "<cors allow-credentials=\"false\" terminate-unmatched-request=\"true\"><allowed-origins><origin>https://app.example</origin></allowed-origins><allowed-methods preflight-result-max-age=\"300\"><method>GET</method></allowed-methods><allowed-headers><header>Authorization</header></allowed-headers></cors>";
    let needs_token = "<validate-jwt header-name=\"Authorization\"><issuer-signing-keys><key n=\"AQAB\" e=\"AQAB\" /></issuer-signing-keys></validate-jwt>";
    stand.inbound(&format!("{cors}{needs_token}"));
    let preflight = |stand: &mut Stand, origin: &str, method: &str, headers: &str| {
        let call = call(
            "OPTIONS",
            "/orders/items",
            &[
                ("Origin", origin),
                ("Access-Control-Request-Method", method),
                ("Access-Control-Request-Headers", headers),
            ],
        );
        let reply = stand.send(call);
        (
            reply.status,
            reply
                .header("Access-Control-Allow-Origin")
                .map(str::to_owned),
        )
    };
    let good = Some("https://app.example".to_owned());
    assert_eq!(
        preflight(&mut stand, "https://app.example", "GET", "authorization"),
        (200, good)
    );
    for (origin, method, headers) in [
        ("https://evil.example", "GET", ""),
        ("null", "GET", ""),
        ("https://app.example.evil.example", "GET", ""),
        ("https://app.example", "DELETE", ""),
        ("https://app.example", "GET", "X-Other"),
    ] {
        assert_eq!(
            preflight(&mut stand, origin, method, headers),
            (200, None),
            "{origin} {method} {headers}"
        );
    }
    let reply = stand.get("/orders/items", &[("Origin", "https://app.example")]);
    assert_eq!(
        (reply.status, reply.header("Access-Control-Allow-Origin")),
        (401, Some("https://app.example"))
    );
    let reply = stand.get("/orders/items", &[("Origin", "https://evil.example")]);
    assert_eq!(
        (
            reply.status,
            reply.body.len(),
            reply.header("Access-Control-Allow-Origin")
        ),
        (200, 0, None)
    );
    stand.inbound(&cors.replace("https://app.example", "*"));
    assert_eq!(
        preflight(&mut stand, "https://evil.example", "GET", ""),
        (200, Some("*".to_owned()))
    );
    stand.inbound("");
    assert_eq!(
        preflight(&mut stand, "https://app.example", "GET", ""),
        (404, None)
    );
}

#[test]
fn documents_nest_where_base_stands_and_nowhere_else() {
    let mut stand = Stand::new();
    let mark = |text: &str| {
        format!(
            "<set-header name=\"X-User\" exists-action=\"append\"><value>{text}</value></set-header>"
        )
    };
    stand.global(&mark("g"), "", "");
    stand.inbound(&mark("a"));
    stand.policy(
        "/apis/orders/operations/list",
        &OPEN.replace(
            "<inbound><base />",
            &format!("<inbound>{}<base />", mark("o")),
        ),
    );
    assert!(body(&stand.get("/orders/items", &[])).contains("user=o,g,a "));
    stand.policy(
        "/apis/orders",
        &OPEN.replace("<inbound><base />", "<inbound>"),
    );
    assert!(body(&stand.get("/orders/items", &[])).contains("user=o "));
    // An omitted section that would have inherited something is not guessed at.
    stand.policy(
        "/apis/orders",
        "<policies><backend><base /></backend></policies>",
    );
    assert!(is_refused(&stand.get("/orders/items", &[])));
}

#[test]
fn errors_go_through_on_error_with_the_status_they_would_have() {
    let mut stand = Stand::new();
    let on_error = "<set-header name=\"X-Why\" exists-action=\"override\"><value>@(context.LastError.Source + \" \" + context.LastError.Reason + \" \" + context.LastError.Section + \" \" + context.Response.StatusCode)</value></set-header>";
    stand.global(
        "",
        "<set-header name=\"Server\" exists-action=\"delete\" />",
        on_error,
    );
    let why = |reply: &Reply| reply.header("X-Why").unwrap_or_default().to_owned();
    assert_eq!(stand.get("/orders/items", &[]).header("Server"), None);
    assert_eq!(
        why(&stand.get("/none", &[])),
        "configuration OperationNotFound inbound 404"
    );
    stand.inbound("<check-header name=\"X-Key\" failed-check-httpcode=\"403\" failed-check-error-message=\"no\" ignore-case=\"false\"><value>k</value></check-header>");
    let reply = stand.get("/orders/items", &[("X-Key", "K")]);
    assert_eq!(
        (reply.status, why(&reply)),
        (
            403,
            "check-header HeaderValueNotAllowed inbound 403".to_owned()
        )
    );
    assert_eq!(
        why(&stand.get("/orders/items", &[])),
        "check-header HeaderNotFound inbound 403"
    );
    assert_eq!(stand.status(&[("X-Key", "k"), ("X-Key", "k")]), 403);
    assert_eq!(stand.status(&[("X-Key", "k")]), 200);
    stand.inbound("<set-variable name=\"n\" value=\"@(int.Parse(context.Request.Headers.GetValueOrDefault(\"N\", \"x\")))\" />");
    let reply = stand.get("/orders/items", &[]);
    assert_eq!(
        (reply.status, why(&reply)),
        (
            500,
            "expression ExpressionValueEvaluationFailure inbound 500".to_owned()
        )
    );
    assert!(!body(&reply).contains("Expression"), "{}", body(&reply));
    stand.inbound("<set-backend-service base-url=\"https://nowhere.azure-api.net\" />");
    let reply = stand.get("/orders/items", &[]);
    assert_eq!(
        (reply.status, why(&reply)),
        (
            500,
            "forward-request BackendConnectionFailure backend 500".to_owned()
        )
    );
    stand.global(
        "",
        "",
        "<return-response><set-status code=\"502\" /><set-body>own</set-body></return-response>",
    );
    assert_eq!(body(&stand.get("/orders/items", &[])), "own");
}

#[test]
fn statements_change_what_reaches_the_backend_and_the_caller() {
    let mut stand = Stand::new();
    for (statements, target, expected) in [
        (
            "<rewrite-uri template=\"/v2/{id}?page=1\" />",
            "/orders/items/7?a=b",
            "/echo/v2/7?page=1&a=b ",
        ),
        (
            "<rewrite-uri template=\"/v2\" copy-unmatched-params=\"false\" />",
            "/orders/items?a=b",
            "/echo/v2 ",
        ),
        (
            "<set-query-parameter name=\"a\" exists-action=\"override\"><value>x</value></set-query-parameter>",
            "/orders/items?a=b",
            "items?a=x ",
        ),
        (
            "<set-method>POST</set-method><set-body>@(\"n=\" + context.Request.Method)</set-body>",
            "/orders/items",
            "reached POST https://gw.azure-api.net/echo/items user= body=n=POST",
        ),
        (
            "<set-variable name=\"u\" value=\"@(\"ada\")\" /><choose><when condition=\"@(1 == 2)\" /><otherwise><set-header name=\"X-User\" exists-action=\"override\"><value>@((string)context.Variables[\"u\"])</value></set-header></otherwise></choose>",
            "/orders/items",
            "user=ada",
        ),
        (
            "<set-backend-service base-url=\"https://gw.azure-api.net/echo/other/\" />",
            "/orders/items",
            "/echo/other/items ",
        ),
        (
            "<find-and-replace from=\"a\" to=\"b\" /><trace source=\"t\"><message>@(context.Api.Id)</message></trace>",
            "/orders/items",
            "reached ",
        ),
        (
            "<mock-response status-code=\"200\" content-type=\"application/json\" />",
            "/orders/items",
            "",
        ),
        (
            "<retry condition=\"@(false)\" count=\"2\" interval=\"1\"><set-header name=\"X-User\" exists-action=\"append\"><value>r</value></set-header></retry>",
            "/orders/items",
            "user=r ",
        ),
    ] {
        stand.inbound(statements);
        let reply = stand.get(target, &[]);
        assert_eq!(reply.status, 200, "{statements} {}", body(&reply));
        assert!(
            body(&reply).contains(expected),
            "{statements}: {}",
            body(&reply)
        );
    }
}

#[test]
fn statements_refuse_callers_and_bodies() {
    let mut stand = Stand::new();
    for (statements, status) in [
        (
            "<ip-filter action=\"allow\"><address-range from=\"203.0.113.0\" to=\"203.0.113.255\" /></ip-filter>",
            200,
        ),
        (
            "<ip-filter action=\"allow\"><address>198.51.100.1</address></ip-filter>",
            403,
        ),
        (
            "<ip-filter action=\"forbid\"><address>203.0.113.1</address></ip-filter>",
            403,
        ),
        (
            "<validate-content unspecified-content-type-action=\"ignore\" max-size=\"4\" size-exceeded-action=\"prevent\" />",
            400,
        ),
        (
            "<validate-content unspecified-content-type-action=\"ignore\" max-size=\"4\" size-exceeded-action=\"detect\" />",
            200,
        ),
    ] {
        stand.inbound(statements);
        let call = Call {
            body: b"12345".to_vec(),
            ..call("POST", "/orders/items", &[])
        };
        assert_eq!(stand.send(call).status, status, "{statements}");
    }
}

#[test]
fn named_values_and_fragments_are_filled_in_and_secrets_compared_by_digest() {
    let mut stand = Stand::new();
    stand.put(
        "/namedValues/n",
        "/namedValues",
        json!({ "properties": { "displayName": "user", "value": "ada", "secret": false } }),
    );
    let digests = json!({ "digests": { "/properties/value": digest(&json!("s3cret")) } });
    stand.put_hidden(
        "/namedValues/s",
        "/namedValues",
        json!({ "properties": { "displayName": "fdid", "secret": true } }),
        digests,
    );
    let fragment = "<fragment><set-header name=\"X-User\" exists-action=\"override\"><value>{{user}}</value></set-header></fragment>";
    stand.put(
        "/policyFragments/f",
        "/policyFragments",
        json!({ "properties": { "value": fragment } }),
    );
    stand.inbound("<include-fragment fragment-id=\"f\" />");
    assert!(body(&stand.get("/orders/items", &[])).contains("user=ada "));
    let check = "<check-header name=\"X-Azure-FDID\" failed-check-httpcode=\"403\" failed-check-error-message=\"no\" ignore-case=\"false\"><value>{{fdid}}</value></check-header>";
    stand.inbound(check);
    assert_eq!(stand.status(&[("X-Azure-FDID", "s3cret")]), 200);
    assert_eq!(stand.status(&[("X-Azure-FDID", "guess")]), 403);
    let by_hand = "<choose><when condition=\"@(context.Request.Headers.GetValueOrDefault(\"X-Azure-FDID\", \"\") != \"{{fdid}}\")\"><return-response><set-status code=\"403\" /></return-response></when></choose>";
    stand.inbound(by_hand);
    assert_eq!(stand.status(&[("X-Azure-FDID", "s3cret")]), 200);
    assert_eq!(stand.status(&[("X-Azure-FDID", "guess")]), 403);
    for unknown in [
        "<include-fragment fragment-id=\"none\" />",
        "<set-variable name=\"x\" value=\"{{none}}\" />",
        "<set-header name=\"X\" exists-action=\"override\"><value>{{fdid}}</value></set-header>",
        "<set-variable name=\"x\" value=\"@(\"{{fdid}}\".ToUpper())\" />",
    ] {
        stand.inbound(unknown);
        assert!(is_refused(&stand.get("/orders/items", &[])), "{unknown}");
    }
}

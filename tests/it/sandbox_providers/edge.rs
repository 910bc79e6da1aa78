//! Front Door and its firewall.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Azure, GROUP};

const V: &str = "2025-06-01";
const WAF: &str = "2025-03-01";
const APIM: &str = "2024-05-01";
const PREMIUM: &str = "Premium_AzureFrontDoor";

fn path(rest: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Cdn/profiles/edge{rest}")
}

fn waf() -> String {
    format!("{GROUP}/providers/Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/guard")
}

async fn put(azure: &Azure, rest: &str, body: Value) -> Answer {
    azure.put(&path(rest), V, body).await
}

async fn profile(azure: &Azure, sku: &str) -> Answer {
    put(
        azure,
        "",
        json!({ "location": "global", "sku": { "name": sku } }),
    )
    .await
}

fn origin(host: &str) -> Value {
    json!({ "properties": { "hostName": host, "originHostHeader": host, "priority": 1, "weight": 1000 } })
}

fn route() -> Value {
    json!({ "properties": {
        "originGroup": { "id": path("/originGroups/og") }, "ruleSets": [{ "id": path("/ruleSets/headers") }],
        "supportedProtocols": ["Http", "Https"], "httpsRedirect": "Enabled", "forwardingProtocol": "HttpsOnly",
        "linkToDefaultDomain": "Enabled", "patternsToMatch": ["/*"],
    }})
}

fn action(name: &str, parameters: &Value) -> Value {
    json!({ "name": name, "parameters": parameters })
}

fn overwrite(header: &str) -> Value {
    action(
        "ModifyResponseHeader",
        &json!({ "typeName": "DeliveryRuleHeaderActionParameters", "headerAction": "Overwrite", "headerName": header, "value": "x" }),
    )
}

/// Everything up to a route, without an origin.
async fn prepared(azure: &Azure) {
    profile(azure, PREMIUM).await;
    let endpoint = put(
        azure,
        "/afdEndpoints/ep",
        json!({ "location": "Global", "properties": { "enabledState": "Enabled" } }),
    )
    .await;
    assert_eq!(endpoint.status, 201, "{}", endpoint.body);
    let group = put(azure, "/originGroups/og", json!({ "properties": { "loadBalancingSettings": { "sampleSize": 4, "successfulSamplesRequired": 3 } } })).await;
    assert_eq!(group.status, 201, "{}", group.body);
    let set = put(azure, "/ruleSets/headers", json!({})).await;
    assert_eq!(set.status, 201, "{}", set.body);
}

async fn firewall(azure: &Azure, sku: &str) -> Answer {
    azure
        .put(
            &waf(),
            WAF,
            json!({ "location": "global", "sku": { "name": sku } }),
        )
        .await
}

fn security(domain: &str) -> Value {
    json!({ "properties": { "parameters": { "type": "WebApplicationFirewall", "wafPolicy": { "id": waf() },
        "associations": [{ "domains": [{ "id": path(domain) }], "patternsToMatch": ["/*"] }] } } })
}

#[tokio::test]
async fn a_profile_is_created_by_an_operation_and_ids_come_back_in_lower_case() {
    let (_dir, azure) = Azure::fresh().await;
    let made = profile(&azure, PREMIUM).await;
    assert_eq!(made.status, 201);
    assert!(
        made.header("azure-asyncoperation")
            .contains("/operationresults/")
    );
    assert_eq!(made.header("location"), "");
    assert_eq!(made.body["properties"]["resourceState"], "Creating");
    assert_eq!(made.body["kind"], "frontdoor");
    assert_eq!(made.body["location"], "Global");
    let read = azure.get(&path(""), V).await;
    assert_eq!(read.body["properties"]["resourceState"], "Active");
    assert_eq!(
        read.body["properties"]["frontDoorId"],
        made.body["properties"]["frontDoorId"]
    );
    assert_eq!(read.body["properties"]["originResponseTimeoutSeconds"], 30);
    let lower = GROUP.replace("/resourceGroups/", "/resourcegroups/");
    put(
        &azure,
        "/originGroups/og",
        json!({ "properties": { "loadBalancingSettings": {} } }),
    )
    .await;
    let group = azure.get(&path("/originGroups/og"), V).await;
    assert_eq!(
        group.body["id"],
        format!("{lower}/providers/Microsoft.Cdn/profiles/edge/origingroups/og")
    );
    assert_eq!(group.body["type"], "Microsoft.Cdn/profiles/origingroups");
}

#[tokio::test]
async fn what_does_not_touch_the_data_plane_is_written_at_once() {
    let (_dir, azure) = Azure::fresh().await;
    profile(&azure, PREMIUM).await;
    let body = |more: Value| {
        let mut body =
            json!({ "location": "global", "sku": { "name": PREMIUM }, "tags": { "a": "b" } });
        body["identity"] = more;
        body
    };
    // Recorded (`cli_cdn__test_afd_profile_crud`): new tags take an operation, another identity does not.
    let tagged = put(&azure, "", body(Value::Null)).await;
    assert_eq!(tagged.status, 202);
    let identified = put(&azure, "", body(json!({ "type": "SystemAssigned" }))).await;
    assert_eq!(
        (identified.status, identified.header("azure-asyncoperation")),
        (200, "")
    );
    let changed = put(&azure, "", json!({ "location": "global", "sku": { "name": PREMIUM }, "properties": { "originResponseTimeoutSeconds": 60 } })).await;
    assert_eq!(changed.status, 202);
    assert!(changed.header("location").contains("/profileresults/edge"));
    let slow = put(&azure, "", json!({ "location": "global", "sku": { "name": PREMIUM }, "properties": { "originResponseTimeoutSeconds": 600 } })).await;
    assert_eq!((slow.status, slow.code()), (400, "BadRequest"));
    assert_eq!(profile(&azure, "Standard_AzureFrontDoor").await.status, 400);
}

#[tokio::test]
async fn a_route_needs_an_enabled_origin_and_keeps_the_last_one() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    let early = put(&azure, "/afdEndpoints/ep/routes/all", route()).await;
    assert_eq!(early.status, 400);
    assert!(
        early.body["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Please make sure that the originGroup")
    );
    put(
        &azure,
        "/originGroups/og/origins/one",
        origin("one.example.com"),
    )
    .await;
    let made = put(&azure, "/afdEndpoints/ep/routes/all", route()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(made.body["properties"]["deploymentStatus"], "NotStarted");
    assert_eq!(made.body["properties"]["cacheConfiguration"], Value::Null);
    for (rest, what) in [
        ("/originGroups/og/origins/one", "origin"),
        ("/originGroups/og", "group"),
        ("/ruleSets/headers", "rules"),
    ] {
        let kept = azure.delete(&path(rest), V).await;
        assert_eq!(kept.status, 400, "{what}");
    }
    let mut off = origin("one.example.com");
    off["properties"]["enabledState"] = "Disabled".into();
    assert_eq!(
        put(&azure, "/originGroups/og/origins/one", off)
            .await
            .status,
        400
    );
    put(
        &azure,
        "/originGroups/og/origins/two",
        origin("two.example.com"),
    )
    .await;
    assert_eq!(
        azure
            .delete(&path("/originGroups/og/origins/one"), V)
            .await
            .status,
        202
    );
    assert_eq!(
        azure
            .get(&path("/originGroups/og/origins/one"), V)
            .await
            .code(),
        "NotFound"
    );
    azure.delete(&path("/afdEndpoints/ep/routes/all"), V).await;
    assert_eq!(
        azure
            .delete(&path("/originGroups/og/origins/two"), V)
            .await
            .status,
        202
    );
}

#[tokio::test]
async fn a_route_refuses_what_cannot_be_served() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    put(
        &azure,
        "/originGroups/og/origins/one",
        origin("one.example.com"),
    )
    .await;
    for (member, value) in [
        ("supportedProtocols", json!(["Https"])),
        ("linkToDefaultDomain", json!("Disabled")),
        ("ruleSets", json!([{ "id": path("/ruleSets/none") }])),
        (
            "customDomains",
            json!([{ "id": path("/customDomains/none") }]),
        ),
        ("patternsToMatch", json!(["all"])),
        ("colour", json!("red")),
    ] {
        let mut wrong = route();
        wrong["properties"][member] = value;
        assert_eq!(
            put(&azure, "/afdEndpoints/ep/routes/all", wrong)
                .await
                .status,
            400,
            "{member}"
        );
    }
    put(&azure, "/afdEndpoints/ep/routes/all", route()).await;
    let twin = put(&azure, "/afdEndpoints/ep/routes/twin", route()).await;
    assert_eq!((twin.status, twin.code()), (409, "Conflict"));
}

#[tokio::test]
async fn a_rule_says_what_its_actions_need_and_at_most_five_of_them() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    let rule = |actions: Value| json!({ "properties": { "order": 0, "actions": actions } });
    let six: Vec<Value> = ["A", "B", "C", "D", "E", "F"]
        .into_iter()
        .map(overwrite)
        .collect();
    let mut valueless = overwrite("A");
    valueless["parameters"]
        .as_object_mut()
        .unwrap()
        .remove("value");
    let mut deleting = overwrite("A");
    deleting["parameters"]["headerAction"] = "Delete".into();
    let mut mistyped = overwrite("A");
    mistyped["parameters"]["typeName"] = "Other".into();
    for wrong in [
        json!(six),
        json!([]),
        json!([valueless]),
        json!([deleting]),
        json!([mistyped]),
        json!([action("Sing", &json!({}))]),
    ] {
        let refused = put(&azure, "/ruleSets/headers/rules/one", rule(wrong.clone())).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "BadRequest"),
            "{wrong}"
        );
    }
    let made = put(&azure, "/ruleSets/headers/rules/one", rule(json!(six[..5]))).await;
    assert_eq!(
        (made.status, made.header("azure-asyncoperation")),
        (201, "")
    );
    assert_eq!(
        made.body["properties"]["matchProcessingBehavior"],
        "Continue"
    );
    assert_eq!(
        put(&azure, "/ruleSets/my-headers", json!({})).await.status,
        400
    );
    // Once a route uses the set its rules are deployed.
    put(
        &azure,
        "/originGroups/og/origins/one",
        origin("one.example.com"),
    )
    .await;
    put(&azure, "/afdEndpoints/ep/routes/all", route()).await;
    let live = put(&azure, "/ruleSets/headers/rules/one", rule(json!(six[..4]))).await;
    assert_eq!(live.status, 202);
}

async fn gateway(azure: &Azure) -> String {
    let id = format!("{GROUP}/providers/Microsoft.ApiManagement/service/gw");
    let body = json!({ "location": "westeurope", "sku": { "name": "StandardV2", "capacity": 1 },
        "properties": { "publisherName": "Contoso", "publisherEmail": "api@contoso.com" } });
    let made = azure.put(&id, APIM, body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    id
}

fn linked(target: &str) -> Value {
    let mut body = origin("gw.azure-api.net");
    body["properties"]["enforceCertificateNameCheck"] = true.into();
    body["properties"]["sharedPrivateLinkResource"] = json!({
        "groupId": "Gateway", "privateLink": { "id": target }, "privateLinkLocation": "westeurope", "requestMessage": "secgw orders",
    });
    body
}

#[tokio::test]
async fn a_private_origin_waits_on_the_gateway_until_somebody_approves_it() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    let target = gateway(&azure).await;
    let made = put(&azure, "/originGroups/og/origins/one", linked(&target)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let pending = azure
        .get(&format!("{target}/privateEndpointConnections"), APIM)
        .await;
    let found = pending.body["value"].as_array().unwrap();
    assert_eq!(found.len(), 1, "{}", pending.body);
    let state = &found[0]["properties"]["privateLinkServiceConnectionState"];
    assert_eq!(
        (&state["status"], &state["description"]),
        (&json!("Pending"), &json!("secgw orders"))
    );
    // Another origin of the profile, target and region shares it; a repeated write makes no second one.
    put(&azure, "/originGroups/og/origins/two", linked(&target)).await;
    put(&azure, "/originGroups/og/origins/one", linked(&target)).await;
    let again = azure
        .get(&format!("{target}/privateEndpointConnections"), APIM)
        .await;
    assert_eq!(again.body["value"].as_array().unwrap().len(), 1);
    let id = found[0]["id"].as_str().unwrap();
    let approval = json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Approved", "description": "secgw" } } });
    let approved = azure.put(id, APIM, approval).await;
    assert!(approved.status < 300, "{}", approved.body);
    let read = azure.get(id, APIM).await;
    assert_eq!(
        read.body["properties"]["privateLinkServiceConnectionState"]["status"],
        "Approved"
    );
    // Recorded: the origin itself never says.
    let origin = azure.get(&path("/originGroups/og/origins/one"), V).await;
    assert_eq!(
        origin.body["properties"]["sharedPrivateLinkResource"]["status"],
        Value::Null
    );
    azure.delete(&path(""), V).await;
    let gone = azure
        .get(&format!("{target}/privateEndpointConnections"), APIM)
        .await;
    assert_eq!(gone.body["value"], json!([]));
}

#[tokio::test]
async fn a_private_origin_needs_premium_its_group_and_a_checked_certificate() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    let target = gateway(&azure).await;
    for (pointer, value) in [
        (
            "/properties/sharedPrivateLinkResource/groupId",
            json!("gateway"),
        ),
        ("/properties/enforceCertificateNameCheck", json!(false)),
        (
            "/properties/sharedPrivateLinkResource/requestMessage",
            json!("x".repeat(141)),
        ),
        (
            "/properties/sharedPrivateLinkResource/privateLink/id",
            json!(format!("{target}x")),
        ),
    ] {
        let mut wrong = linked(&target);
        *wrong.pointer_mut(pointer).unwrap() = value;
        assert_eq!(
            put(&azure, "/originGroups/og/origins/one", wrong)
                .await
                .status,
            400,
            "{pointer}"
        );
    }
    put(&azure, "/originGroups/og/origins/one", linked(&target)).await;
    let mixed = put(
        &azure,
        "/originGroups/og/origins/two",
        origin("two.example.com"),
    )
    .await;
    assert_eq!(mixed.status, 400);
}

#[tokio::test]
async fn an_origin_written_again_without_the_certificate_check_loses_it() {
    let (_dir, azure) = Azure::fresh().await;
    prepared(&azure).await;
    let made = put(
        &azure,
        "/originGroups/og/origins/one",
        origin("one.example.com"),
    )
    .await;
    assert_eq!(made.body["properties"]["enforceCertificateNameCheck"], true);
    let again = put(
        &azure,
        "/originGroups/og/origins/one",
        origin("one.example.com"),
    )
    .await;
    assert_eq!(
        again.body["properties"]["enforceCertificateNameCheck"],
        false
    );
}

#[tokio::test]
async fn a_security_policy_covers_a_domain_once_with_a_firewall_of_the_same_tier() {
    let (_dir, azure) = Azure::fresh().await;
    profile(&azure, PREMIUM).await;
    firewall(&azure, "Standard_AzureFrontDoor").await;
    let early = put(
        &azure,
        "/securityPolicies/one",
        security("/afdEndpoints/ep"),
    )
    .await;
    assert_eq!(
        early.body["error"]["message"],
        "Endpoint 'ep' is not associated with the AFDX profile or is in a invalid provisioning state."
    );
    put(&azure, "/afdEndpoints/ep", json!({ "location": "Global" })).await;
    assert_eq!(
        put(
            &azure,
            "/securityPolicies/one",
            security("/afdEndpoints/ep")
        )
        .await
        .status,
        400
    );
    azure.delete(&waf(), WAF).await;
    firewall(&azure, PREMIUM).await;
    let made = put(
        &azure,
        "/securityPolicies/one",
        security("/afdEndpoints/ep"),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    assert_eq!(
        made.body["properties"]["parameters"]["associations"][0]["domains"][0]["isActive"],
        true
    );
    assert_eq!(
        put(
            &azure,
            "/securityPolicies/two",
            security("/afdEndpoints/ep")
        )
        .await
        .status,
        400
    );
    let linked = azure.get(&waf(), WAF).await;
    assert_eq!(
        linked.body["properties"]["securityPolicyLinks"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(azure.delete(&waf(), WAF).await.status, 409);
    azure.delete(&path("/securityPolicies/one"), V).await;
    assert_eq!(azure.delete(&waf(), WAF).await.status, 204);
}

#[tokio::test]
async fn a_custom_domain_gets_its_token_when_the_operation_ends() {
    let (_dir, azure) = Azure::fresh().await;
    profile(&azure, PREMIUM).await;
    let body =
        |tls: Value| json!({ "properties": { "hostName": "api.example.com", "tlsSettings": tls } });
    let strict = json!({ "certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS13" });
    assert_eq!(
        put(&azure, "/customDomains/api", body(strict)).await.status,
        400
    );
    let made = put(&azure, "/customDomains/api", body(Value::Null)).await;
    assert_eq!(
        (
            made.status,
            &made.body["properties"]["domainValidationState"]
        ),
        (201, &json!("Submitting"))
    );
    let read = azure.get(&path("/customDomains/api"), V).await;
    let properties = &read.body["properties"];
    assert_eq!(properties["domainValidationState"], "Pending");
    assert_eq!(
        properties["validationProperties"]["validationToken"]
            .as_str()
            .unwrap()
            .len(),
        32
    );
    assert_eq!(properties["tlsSettings"]["minimumTlsVersion"], "TLS12");
    let customized = json!({ "certificateType": "ManagedCertificate", "minimumTlsVersion": "TLS13", "cipherSuiteSetType": "Customized",
        "customizedCipherSuiteSet": { "cipherSuiteSetForTls13": ["TLS_AES_256_GCM_SHA384"] } });
    assert_eq!(
        put(&azure, "/customDomains/api", body(customized))
            .await
            .status,
        202
    );
    let kept = azure.get(&path("/customDomains/api"), V).await;
    assert_eq!(
        kept.body["properties"]["validationProperties"],
        properties["validationProperties"]
    );
}

#[tokio::test]
async fn a_firewall_fills_in_its_defaults_and_refuses_what_its_tier_has_not() {
    let (_dir, azure) = Azure::fresh().await;
    let body = |sku: &str, properties: Value| json!({ "location": "global", "sku": { "name": sku }, "properties": properties });
    let rule = |name: &str, priority: u32| {
        json!({ "name": name, "priority": priority, "ruleType": "RateLimitRule", "action": "Block", "rateLimitThreshold": 100,
            "rateLimitDurationInMinutes": 1, "matchConditions": [{ "matchVariable": "RequestUri", "operator": "Any", "matchValue": [] }] })
    };
    let managed = json!({ "managedRuleSets": [{ "ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "2.1", "ruleSetAction": "Block" }] });
    let made = azure
        .put(
            &waf(),
            WAF,
            body(
                PREMIUM,
                json!({ "customRules": { "rules": [rule("Limit", 1)] }, "managedRules": managed }),
            ),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let properties = &made.body["properties"];
    assert_eq!(
        made.body["type"],
        "Microsoft.Network/frontdoorwebapplicationfirewallpolicies"
    );
    assert_eq!(properties["policySettings"]["mode"], "Prevention");
    assert_eq!(properties["policySettings"]["requestBodyCheck"], "Enabled");
    assert_eq!(
        properties["customRules"]["rules"][0]["matchConditions"][0]["transforms"],
        json!([])
    );
    assert_eq!(
        properties["managedRules"]["managedRuleSets"][0]["exclusions"],
        json!([])
    );
    let mut slow = rule("Slow", 2);
    slow["rateLimitDurationInMinutes"] = 3.into();
    let mut allowing = rule("Open", 2);
    allowing["action"] = "Allow".into();
    for wrong in [
        json!({ "customRules": { "rules": [rule("One", 1), rule("Two", 1)] } }),
        json!({ "customRules": { "rules": [rule("One", 1), rule("One", 2)] } }),
        json!({ "customRules": { "rules": [slow] } }),
        json!({ "customRules": { "rules": [allowing] } }),
        json!({ "managedRules": { "managedRuleSets": [{ "ruleSetType": "Microsoft_DefaultRuleSet", "ruleSetVersion": "9.9" }] } }),
        json!({ "policySettings": { "customBlockResponseStatusCode": 418 } }),
        json!({ "policySettings": { "logScrubbing": { "state": "Enabled", "scrubbingRules": [{ "matchVariable": "RequestIPAddress", "selectorMatchOperator": "Equals", "selector": "x" }] } } }),
    ] {
        let refused = azure.put(&waf(), WAF, body(PREMIUM, wrong.clone())).await;
        assert_eq!(
            (refused.status, refused.code()),
            (400, "BadRequest"),
            "{wrong}"
        );
    }
    let standard = format!("{}2", waf());
    assert_eq!(
        azure
            .put(
                &standard,
                WAF,
                body(
                    "Standard_AzureFrontDoor",
                    json!({ "managedRules": managed })
                )
            )
            .await
            .status,
        400
    );
    assert_eq!(azure.delete(&waf(), WAF).await.status, 204);
}

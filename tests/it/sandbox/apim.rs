//! API Management: the stages of a service, soft delete, and its children as recorded.

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Azure, GROUP, management};

const VERSION: &str = "2024-05-01";
const TLS13: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls13";

fn service(name: &str) -> String {
    format!("{GROUP}/providers/Microsoft.ApiManagement/service/{name}")
}

fn body(sku: &str) -> Value {
    json!({
        "location": "westeurope", "sku": { "name": sku, "capacity": 1 },
        "properties": { "publisherName": "Contoso", "publisherEmail": "api@contoso.com" },
    })
}

async fn with_service(sku: &str) -> (tempfile::TempDir, Azure, String) {
    let (dir, azure) = Azure::fresh().await;
    let path = service("apim-test");
    let created = azure.put(&path, VERSION, body(sku)).await;
    assert_eq!(created.status, 201, "{}", created.body);
    (dir, azure, path)
}

async fn names(azure: &Azure, path: &str) -> Vec<String> {
    let list = azure.get(path, VERSION).await;
    assert_eq!(list.status, 200, "{}", list.body);
    let members = list.body["value"].as_array().unwrap();
    assert_eq!(list.body["count"], members.len());
    members
        .iter()
        .map(|member| member["name"].as_str().unwrap().to_owned())
        .collect()
}

fn refused(answer: &Answer) -> (u16, &str) {
    (answer.status, answer.code())
}

fn first_detail(answer: &Answer) -> &str {
    answer.body["error"]["details"][0]["message"]
        .as_str()
        .unwrap_or_default()
}

#[tokio::test]
async fn a_v2_service_is_made_as_recorded() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let read = azure.get(&path, VERSION).await;
    let properties = &read.body["properties"];
    assert_eq!(read.body["location"], "West Europe");
    assert_eq!(read.body["tags"], json!({}));
    assert_eq!(properties["provisioningState"], "Succeeded");
    assert_eq!(properties["targetProvisioningState"], "");
    assert_eq!(
        properties["notificationSenderEmail"],
        "apimgmt-noreply@mail.windowsazure.com"
    );
    assert_eq!(properties["publicIPAddresses"], Value::Null);
    assert_eq!(properties["natGatewayState"], "Enabled");
    assert_eq!(
        properties["hostnameConfigurations"][0]["hostName"],
        "apim-test.azure-api.net"
    );
    assert_eq!(properties["customProperties"].as_object().unwrap().len(), 6);
    assert_eq!(
        read.header("etag"),
        format!("\"{}\"", read.body["etag"].as_str().unwrap())
    );
    assert!(names(&azure, &format!("{path}/apis")).await.is_empty());
    assert_eq!(
        names(&azure, &format!("{path}/subscriptions")).await,
        ["master"]
    );
}

#[tokio::test]
async fn a_classic_service_has_an_address_and_samples_once_it_is_active() {
    let (_dir, azure, path) = with_service("Developer").await;
    let read = azure.get(&path, VERSION).await;
    let properties = &read.body["properties"];
    assert!(
        properties["publicIPAddresses"][0]
            .as_str()
            .unwrap()
            .starts_with("203.0.113.")
    );
    assert_eq!(properties["platformVersion"], "stv2");
    assert_eq!(properties["customProperties"].as_object().unwrap().len(), 8);
    assert_eq!(names(&azure, &format!("{path}/apis")).await, ["echo-api"]);
    assert_eq!(
        names(&azure, &format!("{path}/products")).await,
        ["starter", "unlimited"]
    );
    assert_eq!(
        names(&azure, &format!("{path}/products/starter/apis")).await,
        ["echo-api"]
    );
    assert_eq!(
        names(&azure, &format!("{path}/groups")).await,
        ["administrators", "developers", "guests"]
    );
    let access = azure.get(&format!("{path}/tenant/access"), VERSION).await;
    assert_eq!(access.body["properties"]["enabled"], false);
    let policy = azure.get(&format!("{path}/policies/policy"), VERSION).await;
    assert!(
        policy.body["properties"]["value"]
            .as_str()
            .unwrap()
            .contains("<forward-request />")
    );
}

#[tokio::test]
async fn while_a_service_is_made_its_children_are_locked() {
    let dir = tempfile::tempdir().unwrap();
    let options = secgw::sandbox::Options {
        operation_scale: 1.0,
        ..secgw::sandbox::Options::new(dir.path())
    };
    let azure = Azure::start(options).await;
    azure
        .put(GROUP, "2025-04-01", json!({ "location": "westeurope" }))
        .await;
    let path = service("apim-test");
    let created = azure.put(&path, VERSION, body("Developer")).await;
    assert_eq!(
        created.body["properties"]["provisioningState"],
        "Activating"
    );
    assert_eq!(
        created.body["properties"]["targetProvisioningState"],
        "Activating"
    );
    assert_eq!(created.header("retry-after"), "20");
    let poll = azure.poll(&created).await;
    assert_eq!(poll.body, json!({ "status": "InProgress" }));
    let child = azure
        .put(
            &format!("{path}/tags/t"),
            VERSION,
            json!({ "properties": { "displayName": "t" } }),
        )
        .await;
    assert_eq!(refused(&child), (409, "ServiceLocked"));
    assert_eq!(
        refused(&azure.put(&path, VERSION, body("Developer")).await),
        (409, "ServiceLocked")
    );
}

#[tokio::test]
async fn public_access_cannot_be_off_before_a_connection_is_approved() {
    let (_dir, azure) = Azure::fresh().await;
    for (sku, code) in [
        ("Developer", "NotSupported"),
        (
            "StandardV2",
            "ActivateServiceWithPrivateEndpointAccessNotAllowed",
        ),
    ] {
        let path = service(&format!("apim-{}", sku.to_lowercase()));
        let mut closed = body(sku);
        closed["properties"]["publicNetworkAccess"] = "Disabled".into();
        assert_eq!(
            refused(&azure.put(&path, VERSION, closed.clone()).await),
            (400, code)
        );
        assert_eq!(azure.put(&path, VERSION, body(sku)).await.status, 201);
        let early = azure.put(&path, VERSION, closed).await;
        assert_eq!(refused(&early), (400, "NotSupported"));
        let message = early.body["error"]["message"].as_str().unwrap();
        assert!(
            message.contains("atleast one approved Private Endpoint Connections"),
            "{message}"
        );
        assert_eq!(early.body["error"]["details"], Value::Null);
    }
}

#[tokio::test]
async fn custom_properties_are_replaced_as_a_whole() {
    let (_dir, azure, path) = with_service("Developer").await;
    let set = json!({ "properties": { "customProperties": { TLS13: "True" } } });
    assert_eq!(azure.patch(&path, VERSION, set).await.status, 202);
    let read = azure.get(&path, VERSION).await;
    assert_eq!(read.body["properties"]["customProperties"][TLS13], "True");
    let reset = json!({ "properties": { "customProperties": {} } });
    azure.patch(&path, VERSION, reset).await;
    let read = azure.get(&path, VERSION).await;
    assert_eq!(
        read.body["properties"]["customProperties"][TLS13],
        Value::Null
    );
    assert_eq!(
        read.body["properties"]["customProperties"]
            .as_object()
            .unwrap()
            .len(),
        8
    );
    assert_eq!(read.body["properties"]["publisherName"], "Contoso");
}

#[tokio::test]
async fn a_service_put_again_unchanged_is_done_at_once_with_the_same_tag() {
    let (_dir, azure, path) = with_service("Developer").await;
    let before = azure.get(&path, VERSION).await;
    let again = azure.put(&path, VERSION, body("Developer")).await;
    assert_eq!(
        (again.status, again.header("azure-asyncoperation")),
        (200, "")
    );
    assert_eq!(
        azure.get(&path, VERSION).await.header("etag"),
        before.header("etag")
    );
}

#[tokio::test]
async fn a_deleted_service_holds_its_name_until_it_is_purged_or_restored() {
    let (_dir, azure, path) = with_service("Developer").await;
    azure
        .put(
            &format!("{path}/tags/kept"),
            VERSION,
            json!({ "properties": { "displayName": "kept" } }),
        )
        .await;
    let deleted = azure.delete(&path, VERSION).await;
    assert_eq!(
        (
            deleted.status,
            &deleted.body["properties"]["provisioningState"]
        ),
        (202, &json!("Deleting"))
    );
    assert_eq!(
        refused(&azure.get(&path, VERSION).await),
        (404, "ResourceNotFound")
    );
    let shadow = "/subscriptions/00000000-0000-4000-8000-000000000001/providers/Microsoft.ApiManagement/locations/westeurope/deletedservices/apim-test";
    let soft = azure.get(shadow, VERSION).await;
    assert_eq!(soft.body["type"], "Microsoft.ApiManagement/deletedservices");
    assert_eq!(soft.body["properties"]["serviceId"], path);
    let check = "/subscriptions/00000000-0000-4000-8000-000000000001/providers/Microsoft.ApiManagement/checkNameAvailability";
    let taken = azure
        .post(check, VERSION, Some(json!({ "name": "apim-test" })))
        .await;
    assert_eq!(
        (&taken.body["nameAvailable"], &taken.body["reason"]),
        (&json!(false), &json!("AlreadyExists"))
    );
    let again = azure.put(&path, VERSION, body("Developer")).await;
    assert_eq!(
        refused(&again),
        (409, "ServiceAlreadyExistsInSoftDeletedState")
    );

    let mut restore = body("Developer");
    restore["properties"]["restore"] = true.into();
    restore["properties"]["publisherName"] = "ignored".into();
    assert_eq!(azure.put(&path, VERSION, restore).await.status, 201);
    assert_eq!(
        azure.get(&path, VERSION).await.body["properties"]["publisherName"],
        "Contoso"
    );
    assert_eq!(
        azure
            .get(&format!("{path}/tags/kept"), VERSION)
            .await
            .status,
        200
    );
    assert_eq!(azure.get(shadow, VERSION).await.status, 404);

    azure.delete(GROUP, "2025-04-01").await;
    assert_eq!(azure.get(shadow, VERSION).await.status, 200);
    assert_eq!(azure.delete(shadow, VERSION).await.status, 202);
    assert_eq!(azure.get(shadow, VERSION).await.status, 404);
    let free = azure
        .post(check, VERSION, Some(json!({ "name": "apim-test" })))
        .await;
    assert_eq!(free.body["nameAvailable"], true);
}

#[tokio::test]
async fn an_api_comes_back_as_recorded() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let api = format!("{path}/apis/orders");
    let sent = json!({ "properties": { "displayName": "Orders", "path": "/orders", "apiRevision": "v1", "type": "http", "subscriptionRequired": false } });
    let made = azure.put(&api, VERSION, sent.clone()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let read = azure.get(&api, VERSION).await;
    let properties = read.body["properties"].as_object().unwrap();
    assert_eq!(properties["path"], "orders");
    assert_eq!(properties["apiRevision"], "1");
    assert!(!properties.contains_key("type"));
    assert_eq!(
        properties["subscriptionKeyParameterNames"]["header"],
        "Ocp-Apim-Subscription-Key"
    );
    assert_eq!(
        properties["authenticationSettings"]["openidAuthenticationSettings"],
        json!([])
    );
    let same = azure.put(&api, VERSION, sent.clone()).await;
    assert_eq!(
        (same.status, same.header("etag")),
        (200, read.header("etag"))
    );
    let twin = azure.put(&format!("{path}/apis/twin"), VERSION, sent).await;
    assert_eq!(refused(&twin), (400, "ValidationError"));
    let gone = azure.delete(&api, VERSION).await;
    assert_eq!(gone.status, 202);
    let poll = azure.poll(&gone).await;
    assert_eq!(poll.body, json!({ "status": "Succeeded" }));
    let missing = azure.get(&api, VERSION).await;
    assert_eq!(
        missing.body,
        json!({ "error": { "code": "ResourceNotFound", "message": "Api not found.", "details": null } })
    );
}

#[tokio::test]
async fn operations_need_their_template_parameters_and_a_place_of_their_own() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let api = format!("{path}/apis/orders");
    azure
        .put(
            &api,
            VERSION,
            json!({ "properties": { "displayName": "Orders", "path": "orders" } }),
        )
        .await;
    let operation = |template: &str, parameters: Value| json!({ "properties": { "displayName": "x", "method": "GET", "urlTemplate": template, "templateParameters": parameters } });
    let at = |name: &str| format!("{api}/operations/{name}");
    let undeclared = azure
        .put(&at("one"), VERSION, operation("/orders/{id}", json!([])))
        .await;
    assert_eq!(
        undeclared.body["error"]["details"][0]["target"],
        "templateParameters"
    );
    let parameters = json!([{ "name": "id", "type": "string", "required": true }]);
    let made = azure
        .put(
            &at("one"),
            VERSION,
            operation("/orders/{id}", parameters.clone()),
        )
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(
        made.body["properties"]["templateParameters"][0]["values"],
        json!([])
    );
    assert_eq!(made.body["properties"]["request"]["headers"], json!([]));
    let twin = azure
        .put(&at("two"), VERSION, operation("/orders/{id}", parameters))
        .await;
    assert_eq!(refused(&twin), (400, "ValidationError"));
    let list = azure.get(&format!("{api}/operations"), VERSION).await;
    assert_eq!(list.body["value"][0]["properties"]["request"], Value::Null);
    let orphan = azure
        .put(
            &format!("{path}/apis/none/operations/one"),
            VERSION,
            operation("/", json!([])),
        )
        .await;
    assert_eq!(orphan.body["error"]["message"], "Api not found.");
}

#[tokio::test]
async fn a_policy_needs_what_it_names_and_keeps_it_from_being_removed() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let policy = format!("{path}/policies/policy");
    let document = json!({ "properties": { "format": "rawxml", "value":
        "<policies><inbound><check-header name=\"X-Azure-FDID\" failed-check-httpcode=\"403\" failed-check-error-message=\"no\"><value>{{fdid}}</value></check-header>\
         <set-variable name=\"a\" value=\"@(context.Request.Headers.GetValueOrDefault(\"k\", \"<\"))\" /></inbound><backend><forward-request /></backend><outbound /></policies>" } });
    let early = azure.put(&policy, VERSION, document.clone()).await;
    assert_eq!(refused(&early), (400, "ValidationError"));
    assert_eq!(first_detail(&early), "Cannot find a property 'fdid'");
    let value = format!("{path}/namedValues/fdid");
    let named = json!({ "properties": { "displayName": "fdid", "value": "abc" } });
    let made = azure.put(&value, VERSION, named).await;
    assert_eq!(
        (made.status, &made.body["properties"]["ProvisioningState"]),
        (201, &json!("InProgress"))
    );
    assert_eq!(azure.put(&policy, VERSION, document).await.status, 200);
    let escaped = azure.get(&policy, VERSION).await;
    assert!(
        escaped.body["properties"]["value"]
            .as_str()
            .unwrap()
            .contains("&quot;&lt;&quot;")
    );
    let raw = azure.get(&format!("{policy}?format=rawxml"), VERSION).await;
    assert!(
        raw.body["properties"]["value"]
            .as_str()
            .unwrap()
            .contains("\"@(context.Request.Headers.GetValueOrDefault(\"k\", \"<\"))\"")
    );
    let used = azure.delete(&value, VERSION).await;
    assert_eq!(used.status, 400);
    assert!(
        used.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains("/policies/policy")
    );
    assert_eq!(azure.delete(&policy, VERSION).await.status, 200);
    assert_eq!(
        refused(&azure.get(&policy, VERSION).await),
        (404, "ResourceNotFound")
    );
    assert_eq!(azure.delete(&value, VERSION).await.status, 200);
}

#[tokio::test]
async fn a_malformed_policy_is_refused_with_its_position() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let policy = format!("{path}/policies/policy");
    for (value, part) in [
        ("<policies><inbound></policies>", "Line 1, position"),
        (
            "<policies>\n<inbound><base /></inbound></policies>",
            "on line 2, column 10",
        ),
        (
            "<policies><backend><set-backend-service backend-id=\"none\" /></backend></policies>",
            "Backend with id 'none' could not be found",
        ),
    ] {
        let answer = azure
            .put(
                &policy,
                VERSION,
                json!({ "properties": { "value": value } }),
            )
            .await;
        assert_eq!(refused(&answer), (400, "ValidationError"));
        assert!(first_detail(&answer).contains(part), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_value_of_a_secret_named_value_is_shown_nowhere() {
    let (dir, azure, path) = with_service("StandardV2").await;
    let value = format!("{path}/namedValues/nv");
    let sent = json!({ "properties": { "displayName": "nv", "value": "testvalue123", "secret": true, "tags": ["foo"] } });
    azure.put(&value, VERSION, sent).await;
    let read = azure.get(&value, VERSION).await;
    let expected = json!({ "displayName": "nv", "tags": ["foo"], "secret": true, "provisioningState": "Succeeded" });
    assert_eq!(read.body["properties"], expected);
    let state = std::fs::read_to_string(dir.path().join("objects.jsonl")).unwrap();
    assert!(!state.contains("testvalue123"));
}

#[tokio::test]
async fn a_loggers_key_becomes_a_named_value() {
    let (dir, azure, path) = with_service("StandardV2").await;
    let logger = format!("{path}/loggers/ai");
    let sent = json!({ "properties": { "loggerType": "applicationInsights", "credentials": { "instrumentationKey": "a9d9b016-secret" } } });
    let made = azure.put(&logger, VERSION, sent.clone()).await;
    assert_eq!(made.status, 201);
    let shown = made.body["properties"]["credentials"]["instrumentationKey"]
        .as_str()
        .unwrap();
    assert!(shown.starts_with("{{Logger-Credentials--"));
    assert_eq!(names(&azure, &format!("{path}/namedValues")).await.len(), 1);
    azure.put(&logger, VERSION, sent).await;
    assert_eq!(names(&azure, &format!("{path}/namedValues")).await.len(), 1);
    let state = std::fs::read_to_string(dir.path().join("objects.jsonl")).unwrap();
    assert!(!state.contains("a9d9b016-secret"));
}

#[tokio::test]
async fn a_product_link_answers_head_and_not_get() {
    let (_dir, azure, path) = with_service("Developer").await;
    let link = format!("{path}/products/starter/apis/echo-api");
    let head = azure
        .send(Method::HEAD, &management(&link, VERSION), &[], None)
        .await;
    assert_eq!(head.status, 204);
    let get = azure.get(&link, VERSION).await;
    assert_eq!((get.status, get.header("allow")), (405, "HEAD,PUT,DELETE"));
    assert_eq!(
        get.body,
        json!({ "Message": "The requested resource does not support http method 'GET'." })
    );
    assert_eq!(azure.delete(&link, VERSION).await.status, 200);
    assert_eq!(
        azure.put(&link, VERSION, json!({})).await.body["properties"]["displayName"],
        "Echo API"
    );
}

#[tokio::test]
async fn a_stale_entity_tag_is_refused() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let tag = format!("{path}/tags/t");
    let name = |text: &str| Some(json!({ "properties": { "displayName": text } }));
    let url = management(&tag, VERSION);
    let made = azure
        .send(Method::PUT, &url, &[("If-Match", "*")], name("a"))
        .await;
    assert_eq!(made.status, 201);
    let stale = made.header("etag").to_owned();
    let changed = azure
        .send(Method::PUT, &url, &[("If-Match", &stale)], name("b"))
        .await;
    assert_eq!(changed.status, 200);
    let refused = azure
        .send(Method::PUT, &url, &[("If-Match", &stale)], name("c"))
        .await;
    assert_eq!(
        (refused.status, refused.code()),
        (412, "PreconditionFailed")
    );
    let exists = azure
        .send(Method::PUT, &url, &[("If-None-Match", "*")], name("c"))
        .await;
    assert_eq!(exists.status, 412);
    let head = azure.send(Method::HEAD, &url, &[], None).await;
    assert_eq!(
        (head.status, head.header("etag")),
        (200, changed.header("etag"))
    );
}

#[tokio::test]
async fn lists_can_be_filtered() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    for name in ["one", "two", "three"] {
        azure
            .put(
                &format!("{path}/tags/{name}"),
                VERSION,
                json!({ "properties": { "displayName": name } }),
            )
            .await;
    }
    let filtered = format!("{path}/tags?$filter=startswith(name,'t')");
    assert_eq!(names(&azure, &filtered).await, ["three", "two"]);
}

#[tokio::test]
async fn public_access_goes_off_once_front_doors_connection_is_approved() {
    let (_dir, azure, path) = with_service("StandardV2").await;
    let profile = format!("{GROUP}/providers/Microsoft.Cdn/profiles/edge");
    let edge = "2025-06-01";
    let sku = json!({ "location": "global", "sku": { "name": "Premium_AzureFrontDoor" } });
    azure.put(&profile, edge, sku).await;
    let group = json!({ "properties": { "loadBalancingSettings": { "sampleSize": 4, "successfulSamplesRequired": 3 } } });
    azure
        .put(&format!("{profile}/originGroups/g"), edge, group)
        .await;
    let origin = json!({ "properties": {
        "hostName": "apim-test.azure-api.net", "originHostHeader": "apim-test.azure-api.net", "enforceCertificateNameCheck": true,
        "sharedPrivateLinkResource": { "groupId": "Gateway", "privateLink": { "id": path }, "privateLinkLocation": "westeurope", "requestMessage": "secgw test" },
    } });
    let made = azure
        .put(&format!("{profile}/originGroups/g/origins/o"), edge, origin)
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
    azure.get(&profile, edge).await;

    let connections = azure
        .get(&format!("{path}/privateEndpointConnections"), VERSION)
        .await;
    let connection = &connections.body["value"][0];
    let state = &connection["properties"]["privateLinkServiceConnectionState"];
    assert_eq!(
        (&state["status"], &state["description"]),
        (&json!("Pending"), &json!("secgw test"))
    );
    let closed = json!({ "properties": { "publicNetworkAccess": "Disabled" } });
    assert_eq!(
        refused(&azure.patch(&path, VERSION, closed.clone()).await),
        (400, "NotSupported")
    );
    let approval = json!({ "properties": { "privateLinkServiceConnectionState": { "status": "Approved", "description": "secgw" } } });
    let approved = azure
        .put(connection["id"].as_str().unwrap(), VERSION, approval)
        .await;
    assert_eq!(approved.status, 202, "{}", approved.body);
    assert_eq!(azure.patch(&path, VERSION, closed).await.status, 202);
    let read = azure.get(&path, VERSION).await;
    assert_eq!(read.body["properties"]["publicNetworkAccess"], "Disabled");
    assert_eq!(
        read.body["properties"]["privateEndpointConnections"][0]["properties"]["groupIds"],
        json!(["Gateway"])
    );
}

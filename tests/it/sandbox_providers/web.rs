//! Plans, function apps and their configuration.

use serde_json::{Value, json};

use crate::sandbox::{Answer, Azure, GROUP};

const V: &str = "2024-11-01";
const PLACE: &str = "westeurope";

fn path(rest: &str) -> String {
    format!("{GROUP}/providers/Microsoft.Web/{rest}")
}

async fn plan(azure: &Azure, name: &str, sku: &str) -> Answer {
    azure
        .put(
            &path(&format!("serverfarms/{name}")),
            V,
            json!({ "location": PLACE, "kind": "functionapp", "sku": { "name": sku }, "properties": { "reserved": true } }),
        )
        .await
}

fn app(plan: &str) -> Value {
    json!({
        "location": PLACE, "kind": "functionapp,linux",
        "identity": { "type": "SystemAssigned" },
        "properties": {
            "serverFarmId": plan, "httpsOnly": true,
            "functionAppConfig": {
                "deployment": { "storage": {
                    "type": "blobContainer", "value": "https://elsewhere.blob.core.windows.net/packages",
                    "authentication": { "type": "SystemAssignedIdentity" },
                }},
                "runtime": { "name": "node", "version": "22" },
                "scaleAndConcurrency": { "maximumInstanceCount": 40, "instanceMemoryMB": 2048 },
            },
            "siteConfig": { "appSettings": [{ "name": "GREETING", "value": "hello" }], "minTlsVersion": "1.3" },
        },
    })
}

async fn flex(azure: &Azure) -> Answer {
    plan(azure, "flex", "FC1").await;
    azure.put(&path("sites/orders"), V, app("flex")).await
}

#[tokio::test]
async fn a_plan_is_respelled_by_its_tier_and_always_answers_200() {
    let (_dir, azure) = Azure::fresh().await;
    let made = plan(&azure, "one", "p1V2").await;
    assert_eq!(made.status, 200);
    assert_eq!(made.body["sku"]["name"], "P1v2");
    assert_eq!(made.body["sku"]["tier"], "PremiumV2");
    assert_eq!(made.body["location"], PLACE);
    assert_eq!(made.body["properties"]["sku"]["name"], "P1v2");
    let read = azure.get(&path("serverfarms/one"), V).await;
    assert_eq!(read.body["location"], "West Europe");
    assert!(read.body["properties"].get("sku").is_none());
    assert_eq!(plan(&azure, "two", "Z9").await.status, 400);
    let windows = json!({ "location": PLACE, "sku": { "name": "FC1" } });
    assert_eq!(
        azure
            .put(&path("serverfarms/three"), V, windows)
            .await
            .status,
        400
    );
}

#[tokio::test]
async fn a_site_shows_a_stub_of_its_configuration_and_keeps_the_rest_beside_it() {
    let (_dir, azure) = Azure::fresh().await;
    let made = flex(&azure).await;
    assert_eq!(made.status, 200, "{}", made.body);
    assert!(made.body["properties"]["siteConfig"]["ipSecurityRestrictions"].is_array());
    let read = azure.get(&path("sites/orders"), V).await;
    let properties = &read.body["properties"];
    assert_eq!(read.body["location"], "West Europe");
    assert_eq!(properties["serverFarmId"], path("serverfarms/flex"));
    assert_eq!(properties["sku"], "FlexConsumption");
    assert_eq!(properties["publicNetworkAccess"], "Enabled");
    assert_eq!(properties["defaultHostName"], "orders.azurewebsites.net");
    for hidden in ["appSettings", "minTlsVersion", "ipSecurityRestrictions"] {
        assert!(properties["siteConfig"][hidden].is_null(), "{hidden}");
    }
    assert_eq!(properties["siteConfig"]["functionAppScaleLimit"], 40);
    let web = azure.get(&path("sites/orders/config/web"), V).await;
    assert_eq!(
        (&web.body["name"], &web.body["type"]),
        (&json!("orders"), &json!("Microsoft.Web/sites/config"))
    );
    assert_eq!(web.body["properties"]["minTlsVersion"], "1.3");
    let settings = azure
        .post(&path("sites/orders/config/appsettings/list"), V, None)
        .await;
    assert_eq!(settings.body["properties"], json!({ "GREETING": "hello" }));
    assert_eq!(
        azure
            .get(&path("sites/orders/config/appsettings"), V)
            .await
            .status,
        405
    );
}

#[tokio::test]
async fn the_identity_of_a_site_is_a_principal_of_the_directory() {
    let (_dir, azure) = Azure::fresh().await;
    let site = flex(&azure).await.body;
    let principal = site["identity"]["principalId"].as_str().unwrap();
    let role = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1";
    let made = azure
        .put(
            &format!("{GROUP}/providers/Microsoft.Authorization/roleAssignments/11111111-1111-4111-8111-111111111111"),
            "2022-04-01",
            json!({ "properties": { "principalId": principal, "roleDefinitionId": format!("/providers/Microsoft.Authorization/roleDefinitions/{role}") } }),
        )
        .await;
    assert_eq!(made.status, 201, "{}", made.body);
}

#[tokio::test]
async fn rules_end_in_a_catch_all_that_follows_them() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let web = path("sites/orders/config/web");
    let last = |body: &Value| {
        let rules = body["properties"]["ipSecurityRestrictions"]
            .as_array()
            .unwrap();
        (
            rules.len(),
            rules.last().unwrap()["name"].as_str().unwrap().to_owned(),
        )
    };
    let open = azure.get(&web, V).await.body;
    assert_eq!(last(&open), (1, "Allow all".to_owned()));
    let mut rules = open["properties"]["ipSecurityRestrictions"]
        .as_array()
        .unwrap()
        .clone();
    rules.push(json!({ "name": "gateway", "ipAddress": "20.1.2.3/32", "action": "Allow", "priority": 100 }));
    let written = azure
        .patch(
            &web,
            V,
            json!({ "properties": { "ipSecurityRestrictions": rules } }),
        )
        .await;
    assert_eq!(
        (written.status, &written.body["type"]),
        (200, &json!("Microsoft.Web/sites"))
    );
    assert_eq!(written.body["id"], path("sites/orders"));
    let closed = azure.get(&web, V).await.body;
    assert_eq!(last(&closed), (2, "Deny all".to_owned()));
    assert_eq!(closed["properties"]["minTlsVersion"], "1.3");
    azure
        .patch(&web, V, json!({ "properties": { "ipSecurityRestrictions": [], "ipSecurityRestrictionsDefaultAction": "Deny" } }))
        .await;
    let shut = azure.get(&web, V).await.body;
    assert_eq!(last(&shut), (1, "Deny all".to_owned()));
    for wrong in [
        json!({ "name": "bare", "ipAddress": "20.1.2.3", "action": "Allow" }),
        json!({ "name": "nothing", "action": "Allow" }),
        json!({ "name": "header", "ipAddress": "20.1.2.3/32", "headers": { "x-other": ["1"] } }),
        json!({ "name": "verb", "ipAddress": "20.1.2.3/32", "action": "Maybe" }),
    ] {
        let refused = azure
            .patch(
                &web,
                V,
                json!({ "properties": { "ipSecurityRestrictions": [wrong] } }),
            )
            .await;
        assert_eq!(
            (refused.status, &refused.body["Code"]),
            (400, &json!("BadRequest")),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn public_access_is_one_fact_seen_from_the_site_and_its_configuration() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let (site, web) = (path("sites/orders"), path("sites/orders/config/web"));
    azure
        .patch(
            &web,
            V,
            json!({ "properties": { "publicNetworkAccess": "Disabled" } }),
        )
        .await;
    assert_eq!(
        azure.get(&site, V).await.body["properties"]["publicNetworkAccess"],
        "Disabled"
    );
    azure
        .patch(
            &site,
            V,
            json!({ "properties": { "publicNetworkAccess": "Enabled" } }),
        )
        .await;
    assert_eq!(
        azure.get(&web, V).await.body["properties"]["publicNetworkAccess"],
        "Enabled"
    );
    azure.put(&site, V, app("flex")).await;
    assert_eq!(
        azure.get(&site, V).await.body["properties"]["publicNetworkAccess"],
        "Enabled"
    );
}

#[tokio::test]
async fn application_settings_are_replaced_as_a_whole_and_some_not_taken_by_flex() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let settings = path("sites/orders/config/appsettings");
    let put = azure
        .put(&settings, V, json!({ "properties": { "A": "1" } }))
        .await;
    assert_eq!(
        (put.status, &put.body["properties"]),
        (200, &json!({ "A": "1" }))
    );
    let list = azure.post(&format!("{settings}/list"), V, None).await;
    assert_eq!(list.body["properties"], json!({ "A": "1" }));
    for name in ["FUNCTIONS_WORKER_RUNTIME", "WEBSITE_CONTENTSHARE"] {
        let refused = azure
            .put(&settings, V, json!({ "properties": { name: "x" } }))
            .await;
        assert_eq!(refused.status, 400, "{name}");
        assert!(refused.body["Message"].as_str().unwrap().contains(name));
    }
    let typed = azure
        .put(&settings, V, json!({ "properties": { "A": 1 } }))
        .await;
    assert_eq!(typed.status, 400);
}

#[tokio::test]
async fn easy_auth_shows_every_default_and_a_put_replaces_everything() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let auth = path("sites/orders/config/authsettingsV2");
    let fresh = azure.get(&auth, V).await;
    assert_eq!(fresh.body["properties"]["platform"]["enabled"], false);
    let body = json!({ "properties": {
        "platform": { "enabled": true }, "globalValidation": { "requireAuthentication": true, "unauthenticatedClientAction": "Return401" },
        "identityProviders": { "azureActiveDirectory": { "enabled": true,
            "registration": { "clientId": "11111111-1111-4111-8111-111111111111", "openIdIssuer": "https://login.microsoftonline.com/t/v2.0" },
            "validation": { "defaultAuthorizationPolicy": { "allowedApplications": ["a"] } } } },
    }});
    assert_eq!(azure.put(&auth, V, body).await.status, 200);
    let read = azure.get(&format!("{auth}/list"), V).await;
    let properties = &read.body["properties"];
    assert_eq!(
        properties["platform"],
        json!({ "enabled": true, "runtimeVersion": "~1" })
    );
    assert_eq!(properties["login"]["tokenStore"]["enabled"], false);
    assert_eq!(
        properties["identityProviders"]["azureActiveDirectory"]["validation"]["defaultAuthorizationPolicy"]
            ["allowedApplications"],
        json!(["a"])
    );
    azure.put(&auth, V, json!({ "properties": {} })).await;
    let reset = azure.get(&auth, V).await;
    assert_eq!(reset.body["properties"], fresh.body["properties"]);
    let wrong = json!({ "properties": { "globalValidation": { "unauthenticatedClientAction": "Return418" } } });
    assert_eq!(azure.put(&auth, V, wrong).await.status, 400);
}

#[tokio::test]
async fn publishing_credentials_are_on_until_they_are_turned_off() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    for name in ["ftp", "scm"] {
        let policy = path(&format!(
            "sites/orders/basicPublishingCredentialsPolicies/{name}"
        ));
        assert_eq!(
            azure.get(&policy, V).await.body["properties"]["allow"],
            true
        );
        let off = azure
            .put(&policy, V, json!({ "properties": { "allow": false } }))
            .await;
        assert_eq!(
            (off.status, &off.body["location"]),
            (200, &json!("West Europe"))
        );
        assert_eq!(
            azure.get(&policy, V).await.body["properties"]["allow"],
            false
        );
    }
}

#[tokio::test]
async fn a_flex_plan_holds_one_app_that_says_what_it_runs() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let second = azure.put(&path("sites/second"), V, app("flex")).await;
    assert_eq!(
        (second.status, &second.body["Code"]),
        (409, &json!("Conflict"))
    );
    plan(&azure, "other", "FC1").await;
    for (pointer, value) in [
        ("/properties/functionAppConfig", Value::Null),
        ("/properties/functionAppConfig/runtime/version", json!("16")),
        (
            "/properties/functionAppConfig/scaleAndConcurrency/maximumInstanceCount",
            json!(10),
        ),
        (
            "/properties/functionAppConfig/scaleAndConcurrency/instanceMemoryMB",
            json!(1024),
        ),
        (
            "/properties/siteConfig",
            json!({ "linuxFxVersion": "NODE|22" }),
        ),
        ("/properties/siteConfig", json!({ "alwaysOn": true })),
        ("/properties/siteConfig", json!({ "minTlsVersion": "2.0" })),
        (
            "/properties/functionAppConfig/deployment/storage/authentication",
            json!({ "type": "UserAssignedIdentity", "userAssignedIdentityResourceId": "/x" }),
        ),
    ] {
        let mut body = app("other");
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let refused = azure.put(&path("sites/second"), V, body).await;
        assert_eq!(refused.status, 400, "{pointer} {value}");
    }
    let missing = azure.put(&path("sites/second"), V, app("none")).await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        missing.body["Details"][2]["ErrorEntity"]["ExtendedCode"],
        "51004"
    );
    assert_eq!(
        missing.body["Message"],
        "Cannot find serverFarm with name none."
    );
}

#[tokio::test]
async fn integration_needs_the_delegation_of_the_tier_and_holds_the_subnet() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    let subnet = |service: &str| {
        json!({ "location": PLACE, "properties": {
            "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
            "subnets": [{ "name": "apps", "properties": { "addressPrefix": "10.0.1.0/24",
                "delegations": [{ "name": "d", "properties": { "serviceName": service } }] } }],
        }})
    };
    let mut body = app("flex");
    body["properties"]["virtualNetworkSubnetId"] = format!("{network}/subnets/apps").into();
    azure
        .put(&network, "2024-05-01", subnet("Microsoft.Web/serverFarms"))
        .await;
    assert_eq!(
        azure
            .put(&path("sites/orders"), V, body.clone())
            .await
            .status,
        400
    );
    azure
        .put(&network, "2024-05-01", subnet("Microsoft.App/environments"))
        .await;
    let joined = azure.put(&path("sites/orders"), V, body).await;
    assert_eq!(joined.status, 200, "{}", joined.body);
    let link = azure
        .get(&format!("{network}/subnets/apps"), "2024-05-01")
        .await;
    assert_eq!(
        link.body["properties"]["serviceAssociationLinks"][0]["name"],
        "AppServiceLink"
    );
    let kept = azure.delete(&network, "2024-05-01").await;
    assert_eq!(kept.code(), "InUseSubnetCannotBeDeleted");
    let moved = azure
        .put(&network, "2024-05-01", subnet("Microsoft.Web/serverFarms"))
        .await;
    assert_eq!(moved.code(), "SubnetMissingRequiredDelegation");
    azure.delete(&path("sites/orders"), V).await;
    assert_eq!(azure.delete(&network, "2024-05-01").await.status, 202);
}

#[tokio::test]
async fn the_last_site_takes_its_plan_along_unless_told_otherwise() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let kept = azure.delete(&path("serverfarms/flex"), V).await;
    assert_eq!((kept.status, &kept.body["Code"]), (409, &json!("Conflict")));
    azure
        .delete(&path("sites/orders?deleteEmptyServerFarm=false"), V)
        .await;
    assert_eq!(azure.get(&path("serverfarms/flex"), V).await.status, 200);
    azure.put(&path("sites/orders"), V, app("flex")).await;
    assert_eq!(azure.delete(&path("sites/orders"), V).await.status, 200);
    assert_eq!(azure.get(&path("serverfarms/flex"), V).await.status, 404);
    assert_eq!(
        azure.get(&path("sites/orders/config/web"), V).await.status,
        404
    );
}

#[tokio::test]
async fn a_private_endpoint_of_a_site_answers_for_both_of_its_hosts() {
    let (_dir, azure) = Azure::fresh().await;
    flex(&azure).await;
    let network = format!("{GROUP}/providers/Microsoft.Network/virtualNetworks/vnet");
    azure
        .put(&network, "2024-05-01", json!({ "location": PLACE, "properties": {
            "addressSpace": { "addressPrefixes": ["10.0.0.0/16"] },
            "subnets": [{ "name": "endpoints", "properties": { "addressPrefix": "10.0.5.0/24" } }] } }))
        .await;
    let endpoint = format!("{GROUP}/providers/Microsoft.Network/privateEndpoints/pe");
    let body = json!({ "location": PLACE, "properties": {
        "subnet": { "id": format!("{network}/subnets/endpoints") },
        "privateLinkServiceConnections": [{ "name": "to", "properties": { "privateLinkServiceId": path("sites/orders"), "groupIds": ["sites"] } }] } });
    assert_eq!(azure.put(&endpoint, "2024-05-01", body).await.status, 201);
    let read = azure.get(&endpoint, "2024-05-01").await;
    let hosts: Vec<&str> = read.body["properties"]["customDnsConfigs"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|one| one["fqdn"].as_str())
        .collect();
    assert_eq!(
        hosts,
        ["orders.azurewebsites.net", "orders.scm.azurewebsites.net"]
    );
    let site = azure.get(&path("sites/orders"), V).await;
    assert_eq!(
        site.body["properties"]["privateEndpointConnections"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

//! What a read shows of a site: its own body, what Azure works out, and a handful of members of its configuration.

use serde_json::{Map, Value, json};

use super::config::{self};
use super::restriction::LISTS;
use super::site::{FIXED, LINK, is_function, plan_of};
use super::{FLEX, data, echo_location, fill, plan, restriction, version};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::behaviour::network::address;
use crate::sandbox::behaviour::private_link::connections;
use crate::sandbox::behaviour::{Presented, View, digest};

pub(super) fn show(body: &mut Value, presented: &Presented) {
    echo_location(body, presented);
    let Some(id) = ArmId::parse(&presented.object.id) else {
        return;
    };
    if let Some(assigned) = body["identity"]["userAssignedIdentities"].as_object() {
        let respelled: Map<String, Value> = assigned
            .iter()
            .map(|(id, known)| {
                (
                    id.replacen("/resourceGroups/", "/resourcegroups/", 1),
                    known.clone(),
                )
            })
            .collect();
        body["identity"]["userAssignedIdentities"] = respelled.into();
    }
    if body["identity"].is_null()
        && let Some(body) = body.as_object_mut()
    {
        body.remove("identity");
    }
    let plan = plan_of(presented.store, &presented.object.body);
    let tier = plan.map_or("", plan::tier).to_owned();
    let kind = body["kind"].clone();
    let stub = stub(presented, &id, &tier);
    let space = plan.map_or_else(String::new, |plan| plan::web_space(plan, &tier));
    let properties = &mut body["properties"];
    computed(properties, &id, (&kind, &tier, &space));
    let runtime = &stub["linuxFxVersion"];
    properties["siteProperties"]["properties"][0]["value"] = runtime.clone();
    version::add_gone(properties, presented.request);
    properties["sku"] = tier.into();
    properties["siteConfig"] = stub;
    properties["privateEndpointConnections"] = match presented.view {
        View::Written => Value::Null,
        View::Get | View::List => connections(presented.store, &presented.object.id, LINK).into(),
    };
    fill(properties, &data(FIXED));
    if let Some(properties) = properties.as_object_mut() {
        properties.remove("instance");
    }
}

/// Recorded at 2023-01-01; regions differ in whether `AppServiceAuthenticationLogs` is among them.
fn log_categories(kind: &Value, tier: &str) -> &'static str {
    match tier {
        FLEX => {
            "FunctionAppLogs,AppServiceAuthenticationLogs,AppServiceAuditLogs,AppServiceIPSecAuditLogs"
        }
        _ if is_function(kind) => "FunctionAppLogs,AppServiceAuthenticationLogs",
        "PremiumV2" | "PremiumV3" => {
            "AppServiceAppLogs,AppServiceAuditLogs,AppServiceConsoleLogs,AppServiceHTTPLogs,AppServiceIPSecAuditLogs,AppServicePlatformLogs,ScanLogs,AppServiceFileAuditLogs,AppServiceAntivirusScanAuditLogs"
        }
        _ => {
            "AppServiceAppLogs,AppServiceAuditLogs,AppServiceConsoleLogs,AppServiceHTTPLogs,AppServiceIPSecAuditLogs,AppServicePlatformLogs,ScanLogs"
        }
    }
}

fn computed(properties: &mut Value, id: &ArmId, (kind, tier, space): (&Value, &str, &str)) {
    let name = id.name();
    let (host, scm) = (
        format!("{name}.azurewebsites.net"),
        format!("{name}.scm.azurewebsites.net"),
    );
    let address = address::public(properties["instance"].as_str().unwrap_or_default());
    let ssl = |name: &str, kind: &str| {
        json!({
            "name": name, "sslState": "Disabled", "ipBasedSslResult": null, "virtualIP": null, "virtualIPv6": null,
            "thumbprint": null, "certificateResourceId": null, "toUpdate": null, "toUpdateIpBasedSsl": null,
            "ipBasedSslState": "NotConfigured", "hostType": kind,
        })
    };
    let state = if properties["enabled"] == false {
        "Disabled"
    } else {
        "Running"
    };
    let stamp = "waws-prod-sandbox";
    let v6 = "fd00::1";
    let verification = digest(&json!(id.subscription())).to_uppercase();
    let all = json!({
        "name": name, "state": state, "hostNames": [host], "defaultHostName": host, "repositorySiteName": name,
        "enabledHostNames": [host, scm], "deploymentId": name, "kind": kind, "resourceGroup": id.group(),
        "hostNameSslStates": [ssl(&host, "Standard"), ssl(&scm, "Repository")],
        "siteProperties": { "metadata": null, "appSettings": null, "properties": [
            { "name": "LinuxFxVersion", "value": "" }, { "name": "WindowsFxVersion", "value": null },
        ]},
        "customDomainVerificationId": verification,
        "inboundIpAddress": address, "possibleInboundIpAddresses": address,
        "outboundIpAddresses": address, "possibleOutboundIpAddresses": address,
        "ftpUsername": format!("{name}\\${name}"),
        "inboundIpv6Address": v6, "possibleInboundIpv6Addresses": v6,
        "outboundIpv6Addresses": v6, "possibleOutboundIpv6Addresses": v6,
        "ftpsHostName": format!("ftps://{stamp}.ftp.azurewebsites.windows.net/site/wwwroot"),
        "homeStamp": stamp, "webSpace": space, "platformVersion": "109.0.7.36",
        "selfLink": format!(
            "https://{stamp}.api.azurewebsites.windows.net:455/subscriptions/{}/webspaces/{space}/sites/{name}",
            id.subscription().unwrap_or_default()
        ),
        "eligibleLogCategories": log_categories(kind, tier),
    });
    for (member, value) in all.as_object().into_iter().flatten() {
        properties[member.as_str()] = value.clone();
    }
}

/// Members of a site's configuration that `config/web` itself does not show.
const ONLY_IN_SITES: [(&str, Value); 4] = [
    ("sandboxType", Value::Null),
    ("scmMinTlsCipherSuite", Value::Null),
    ("scmSupportedTlsCipherSuites", Value::Null),
    ("webJobsEnabled", Value::Bool(false)),
];

/// Recorded: of the configuration a site shows a handful of members, and the rules only in the answer to a write.
fn stub(presented: &Presented, id: &ArmId, tier: &str) -> Value {
    const SHOWN: [&str; 7] = [
        "numberOfWorkers",
        "linuxFxVersion",
        "acrUseManagedIdentityCreds",
        "alwaysOn",
        "http20Enabled",
        "minimumElasticInstanceCount",
        "clusteringEnabled",
    ];
    let Some(web) = config::properties(presented.store, id, "web") else {
        return Value::Null;
    };
    let mut stub = data(config::DEFAULTS);
    for (name, value) in stub.as_object_mut().into_iter().flatten() {
        *value = if SHOWN.contains(&name.as_str()) {
            web[name.as_str()].clone()
        } else {
            Value::Null
        };
    }
    let scale = &presented.object.body["properties"]["functionAppConfig"]["scaleAndConcurrency"];
    stub["functionAppScaleLimit"] = match (tier, presented.view) {
        (FLEX, View::Get | View::List) => scale["maximumInstanceCount"].clone(),
        _ if web["functionAppScaleLimit"].is_null() => 0.into(),
        _ => web["functionAppScaleLimit"].clone(),
    };
    if let Some(stub) = stub.as_object_mut() {
        stub.remove("siteAuthEnabled");
        stub.extend(ONLY_IN_SITES.map(|(name, value)| (name.to_owned(), value)));
    }
    for (list, default_action) in LISTS {
        stub[list] = match presented.view {
            View::Written => restriction::shown(&web[list], &web[default_action]),
            View::Get | View::List => Value::Null,
        };
    }
    stub
}

//! `config/*` of a site: the settings of its runtime, its application settings, and what only a POST may read.

use serde_json::{Map, Value, json};

use super::restriction::{self, LISTS};
use super::{CONFIG, SITE, WEB, authentication, bad, data, fill, refused, version};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::arm::refused::invalid_body;
use crate::sandbox::arm::view::display_location;
use crate::sandbox::behaviour::shape::Shape;
use crate::sandbox::behaviour::style::{Etag, Names, Reply, Tags};
use crate::sandbox::behaviour::{Action, Behaviour, Call, Evidence, Presented, View, Write};
use crate::sandbox::message::{Method, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};

const EVIDENCE: Evidence =
    Evidence::Recorded("cli_appservice__test_functionapp_access_restriction_add");
const POLICIES: Evidence = Evidence::Recorded("cli_appservice__test_download_win_web_log");
const NETWORKS: Evidence = Evidence::Recorded("cli_appservice__test_functionapp_vnetE2E");
pub(super) const DEFAULTS: &str = include_str!("config_web.json");
/// What `config/web` says of sign-in while nobody configured it there; Easy Auth stands in `authsettingsV2`.
pub(super) const NO_AUTHENTICATION: &str = include_str!("no_authentication.json");
const NETWORK: &str = "Microsoft.Web/sites/networkConfig";
pub(super) const POLICY: &str = "Microsoft.Web/sites/basicPublishingCredentialsPolicies";

macro_rules! members {
    () => {
        "{ numberOfWorkers: int, defaultDocuments: [string], netFrameworkVersion: string, phpVersion: string, \
         pythonVersion: string, nodeVersion: string, powerShellVersion: string, linuxFxVersion: string, \
         windowsFxVersion: string, requestTracingEnabled: bool, requestTracingExpirationTime: string, \
         remoteDebuggingEnabled: bool, remoteDebuggingVersion: string, httpLoggingEnabled: bool, \
         acrUseManagedIdentityCreds: bool, acrUserManagedIdentityID: string, logsDirectorySizeLimit: int, \
         detailedErrorLoggingEnabled: bool, publishingUsername: string, publishingPassword: string, \
         appSettings: [{ name!: string, value: string, slotSetting: bool }], metadata: [{ name!: string, value: string }], \
         connectionStrings: [any], machineKey: any, handlerMappings: [any], documentRoot: string, scmType: string, \
         use32BitWorkerProcess: bool, webSocketsEnabled: bool, alwaysOn: bool, javaVersion: string, \
         javaContainer: string, javaContainerVersion: string, appCommandLine: string, \
         managedPipelineMode: Integrated|Classic, virtualApplications: [any], winAuthAdminState: int, \
         winAuthTenantState: int, customAppPoolIdentityAdminState: bool, customAppPoolIdentityTenantState: bool, \
         runtimeADUser: string, runtimeADUserPassword: string, loadBalancing: string, routingRules: [any], \
         experiments: any, limits: any, autoHealEnabled: bool, autoHealRules: any, tracingOptions: string, \
         vnetName: string, vnetRouteAllEnabled: bool, vnetPrivatePortsCount: int, siteAuthEnabled: bool, \
         siteAuthSettings: any, cors: { allowedOrigins: [string], supportCredentials: bool }, push: any, \
         apiDefinition: any, apiManagementConfig: { id: string }, autoSwapSlotName: string, localMySqlEnabled: bool, \
         managedServiceIdentityId: int, xManagedServiceIdentityId: int, keyVaultReferenceIdentity: string, \
         ipSecurityRestrictions: [{ ipAddress: string, subnetMask: string, vnetSubnetResourceId: string, \
           vnetTrafficTag: int, subnetTrafficTag: int, action: string, tag: Default|XffProxy|ServiceTag, priority: int, \
           name: string, description: string, headers: {*: [string]} }], \
         ipSecurityRestrictionsDefaultAction: Allow|Deny, \
         scmIpSecurityRestrictions: [{ ipAddress: string, subnetMask: string, vnetSubnetResourceId: string, \
           vnetTrafficTag: int, subnetTrafficTag: int, action: string, tag: Default|XffProxy|ServiceTag, priority: int, \
           name: string, description: string, headers: {*: [string]} }], \
         scmIpSecurityRestrictionsDefaultAction: Allow|Deny, scmIpSecurityRestrictionsUseMain: bool, \
         http20Enabled: bool, http20ProxyFlag: int, minTlsVersion: 1.0|1.1|1.2|1.3, \
         minTlsCipherSuite: TLS_AES_256_GCM_SHA384|TLS_AES_128_GCM_SHA256|TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384|TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256|TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256|TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384|TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256|TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384|TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA256|TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA|TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA|TLS_RSA_WITH_AES_256_GCM_SHA384|TLS_RSA_WITH_AES_128_GCM_SHA256|TLS_RSA_WITH_AES_256_CBC_SHA256|TLS_RSA_WITH_AES_128_CBC_SHA256|TLS_RSA_WITH_AES_256_CBC_SHA|TLS_RSA_WITH_AES_128_CBC_SHA, \
         supportedTlsCipherSuites: any, scmMinTlsVersion: 1.0|1.1|1.2|1.3, ftpsState: AllAllowed|FtpsOnly|Disabled, \
         preWarmedInstanceCount: int, functionAppScaleLimit: int, elasticWebAppScaleLimit: int, healthCheckPath: string, \
         fileChangeAuditEnabled: bool, functionsRuntimeScaleMonitoringEnabled: bool, websiteTimeZone: string, \
         minimumElasticInstanceCount: int, azureStorageAccounts: {*: any}, sitePort: int, antivirusScanEnabled: bool, \
         storageType: string, azureMonitorLogCategories: any, windowsConfiguredStacks: any, \
         publicNetworkAccess: Enabled|Disabled }"
    };
}
pub(super) use members;

const WEB_SHAPE: &str = concat!("{ kind: string, properties!: ", members!(), " }");
const MAP_SHAPE: &str = "{ kind: string, properties!: {*: string} }";
const ANY_SHAPE: &str = "{ kind: string, properties!: any }";
const SLOT_SHAPE: &str = "{ kind: string, properties!: { connectionStringNames: [string], appSettingNames: [string], \
    azureStorageConfigNames: [string] } }";

/// Members by name: the shape of a write, and whether a GET shows them.
const NAMES: &[(&str, &str, bool)] = &[
    ("web", WEB_SHAPE, true),
    ("appsettings", MAP_SHAPE, false),
    ("connectionstrings", ANY_SHAPE, false),
    ("metadata", MAP_SHAPE, false),
    ("azurestorageaccounts", ANY_SHAPE, false),
    ("authsettingsV2", authentication::SHAPE, true),
    ("slotConfigNames", SLOT_SHAPE, true),
];

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: CONFIG,
        names: Names::Fixed(&[
            "web",
            "appsettings",
            "connectionstrings",
            "metadata",
            "azurestorageaccounts",
            "authsettingsV2",
            "slotConfigNames",
        ]),
        shape: ANY_SHAPE,
        tags: Tags::None,
        delete: None,
        unreadable: |id| {
            let (_, _, is_readable) = member(id.name())?;
            (!is_readable).then(|| {
                refused(
                    405,
                    "MethodNotAllowed",
                    "51009",
                    format!("The requested resource does not support http method 'GET': POST to {}/list.", id.text()),
                )
            })
        },
        listed: |listing| {
            let name = listing.object.id.rsplit('/').next().unwrap_or_default();
            member(name).is_some_and(|(_, _, is_readable)| *is_readable)
        },
        since: version::CONFIG,
        prepare,
        present: show,
        actions: &[Action {
            name: "list",
            run: list,
        }],
        views: &[Action {
            name: "list",
            run: list,
        }],
        evidence: EVIDENCE,
        ..WEB
    },
    Behaviour {
        arm_type: POLICY,
        names: Names::Fixed(&["ftp", "scm"]),
        shape: "{ kind: string, properties!: { allow!: bool } }",
        tags: Tags::None,
        etag: Etag::None,
        patch: None,
        delete: None,
        update: Reply::done(200),
        present: |body, presented| {
            body["location"] = site_location(presented.store, &presented.object.id).into();
        },
        evidence: POLICIES,
        ..WEB
    },
    Behaviour {
        arm_type: NETWORK,
        names: Names::Fixed(&["virtualNetwork"]),
        shape: "{ kind: string, properties!: { subnetResourceId!: string, swiftSupported: bool } }",
        tags: Tags::None,
        etag: Etag::None,
        patch: None,
        update: Reply::done(200),
        delete: Some(Reply::empty(200)),
        prepare: |write| {
            let subnet = write.body["properties"]["subnetResourceId"].clone();
            let joined = joined(write.store, write.id, subnet);
            write.also.extend(joined);
            Ok(())
        },
        removing: |removal| {
            if let Some(id) = ArmId::parse(&removal.object.id) {
                let joined = joined(removal.store, &id, Value::Null);
                removal.also.extend(joined);
            }
            Ok(())
        },
        evidence: NETWORKS,
        ..WEB
    },
];

/// The site says the same subnet: one fact, changed from either side.
fn joined(store: &Store, id: &ArmId, subnet: Value) -> Option<Entry> {
    let mut site = store.get(&id.top().key())?.clone();
    site.body["properties"]["virtualNetworkSubnetId"] = subnet;
    Some(Entry::Put(site))
}

/// The network configuration of a site that reaches into a subnet, or its end.
pub(super) fn network(site: &ArmId, subnet: &Value) -> Entry {
    let id = site.child("networkConfig", "virtualNetwork");
    if subnet.is_null() {
        return Entry::Remove(id.key());
    }
    let properties = json!({ "subnetResourceId": subnet, "swiftSupported": true });
    Entry::Put(Object::new(
        id.text(),
        NETWORK,
        json!({ "properties": properties }),
    ))
}

fn member(name: &str) -> Option<&'static (&'static str, &'static str, bool)> {
    NAMES
        .iter()
        .find(|(known, ..)| known.eq_ignore_ascii_case(name))
}

/// What comes into being with a site.
pub(super) fn made_with(site: &ArmId, web: &Value, settings: &Map<String, Value>) -> Vec<Entry> {
    let slots = json!({ "connectionStringNames": null, "appSettingNames": null, "azureStorageConfigNames": null });
    let mut entries = vec![
        entry(site, "web", web),
        entry(site, "appsettings", &settings.clone().into()),
        entry(site, "connectionstrings", &json!({})),
        entry(site, "metadata", &json!({})),
        entry(site, "azurestorageaccounts", &json!({})),
        entry(site, "authsettingsV2", &authentication::defaults()),
        entry(site, "slotConfigNames", &slots),
    ];
    for name in ["ftp", "scm"] {
        let id = site.child("basicPublishingCredentialsPolicies", name);
        let body = json!({ "properties": { "allow": true } });
        entries.push(Entry::Put(Object::new(id.text(), POLICY, body)));
    }
    entries
}

pub(super) fn entry(site: &ArmId, name: &str, properties: &Value) -> Entry {
    let id = site.child("config", name);
    Entry::Put(Object::new(
        id.text(),
        CONFIG,
        json!({ "properties": properties }),
    ))
}

pub(super) fn properties<'a>(store: &'a Store, site: &ArmId, name: &str) -> Option<&'a Value> {
    let object = store.get(&site.child("config", name).key())?;
    Some(&object.body["properties"])
}

/// `config/web` after a change: what was not named stays (PATCH recorded; PUT inferred to be the same handler).
pub(super) fn changed(
    store: &Store,
    before: &Value,
    sent: &Value,
    tier: &str,
) -> Result<Value, Refusal> {
    let mut web = before.clone();
    for (name, value) in sent.as_object().into_iter().flatten() {
        let is_kept_elsewhere =
            ["appSettings", "connectionStrings", "metadata"].contains(&name.as_str());
        if !is_kept_elsewhere && !value.is_null() {
            web[name.as_str()] = value.clone();
        }
    }
    for (list, _) in LISTS {
        web[list] = restriction::kept(store, &web[list])?;
    }
    // Recorded: a sent 0 comes back as 1 where instances are elastic (cli_appservice__test_functionapp_remove_identity).
    let is_elastic = ["Standard", "PremiumV2", "PremiumV3", "ElasticPremium"].contains(&tier);
    if is_elastic && sent["minimumElasticInstanceCount"] == 0 {
        web["minimumElasticInstanceCount"] = 1.into();
    }
    respelled(&mut web);
    if tier == super::FLEX {
        flex(before, sent)?;
    }
    let origins = web["cors"]["allowedOrigins"].as_array();
    let is_any = origins.is_some_and(|origins| origins.iter().any(|origin| origin == "*"));
    if is_any && web["cors"]["supportCredentials"] == true {
        return Err(bad("CORS credentials cannot be supported for all origins."));
    }
    Ok(web)
}

/// A configuration nobody has touched yet. Recorded: function apps scale by instance, web apps by plan
/// (`cli_appservice__test_functionapp_remove_identity`, `cli_appservice__test_webapp_access_restriction_add`).
pub(super) fn fresh(kind: &Value, tier: &str) -> Value {
    let mut web = data(DEFAULTS);
    if super::site::is_function(kind) {
        web["functionAppScaleLimit"] = if tier == "Dynamic" { 200 } else { 0 }.into();
        if tier == "ElasticPremium" {
            web["minimumElasticInstanceCount"] = 1.into();
        }
    } else {
        web["functionAppScaleLimit"] = Value::Null;
        web["elasticWebAppScaleLimit"] = 0.into();
        web["phpVersion"] = "5.6".into();
        if let Some(documents) = web["defaultDocuments"].as_array_mut() {
            documents.push("hostingstart.html".into());
        }
    }
    web
}

/// What the service makes of the values it is sent.
fn respelled(web: &mut Value) {
    // Recorded: v4.6 is kept as v4.0; later versions as they are.
    let framework = web["netFrameworkVersion"].as_str().unwrap_or_default();
    if framework.starts_with("v4.") {
        web["netFrameworkVersion"] = "v4.0".into();
    }
    let is_on = web["alwaysOn"].clone();
    for application in web["virtualApplications"]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        application["preloadEnabled"] = is_on.clone();
        if application["virtualDirectories"].is_null() {
            application["virtualDirectories"] = Value::Null;
        }
    }
}

/// Documented list of what a Flex Consumption app does not take.
fn flex(before: &Value, sent: &Value) -> Result<(), Refusal> {
    let is_set = |value: &Value| match value {
        Value::Null => false,
        Value::Bool(value) => *value,
        Value::String(text) => !text.is_empty(),
        Value::Number(number) => number.as_i64() != Some(0),
        _ => true,
    };
    let found = [
        "linuxFxVersion",
        "windowsFxVersion",
        "alwaysOn",
        "preWarmedInstanceCount",
        "use32BitWorkerProcess",
        "functionsRuntimeScaleMonitoringEnabled",
    ]
    .into_iter()
    // What was there before may be sent back.
    .find(|name| is_set(&sent[*name]) && before[*name] != sent[*name]);
    match found {
        Some(name) => Err(bad(format!(
            "The following site configuration property (Site.SiteConfig.{name}) for Flex Consumption sites is invalid.  Please remove or rename it before retrying."
        ))),
        None => Ok(()),
    }
}

pub(super) fn flex_settings(settings: &Map<String, Value>) -> Result<(), Refusal> {
    const REFUSED: [&str; 6] = [
        "FUNCTIONS_WORKER_RUNTIME",
        "FUNCTIONS_WORKER_RUNTIME_VERSION",
        "FUNCTIONS_EXTENSION_VERSION",
        "WEBSITE_NODE_DEFAULT_VERSION",
        "WEBSITE_RUN_FROM_PACKAGE",
        "WEBSITE_VNET_ROUTE_ALL",
    ];
    let found = settings
        .keys()
        .find(|name| REFUSED.contains(&name.as_str()) || name.starts_with("WEBSITE_CONTENT"));
    match found {
        Some(name) => Err(bad(format!(
            "The following app setting (Site.SiteConfig.AppSettings.{name}) for Flex Consumption sites is invalid.  Please remove or rename it before retrying."
        ))),
        None => Ok(()),
    }
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let Some((name, shape, _)) = member(write.id.name()) else {
        return Ok(());
    };
    if write.request.method == Method::Patch && *name != "web" {
        return Err(refused(
            405,
            "MethodNotAllowed",
            "51009",
            "The requested resource does not support http method 'PATCH'.",
        ));
    }
    let sent = checked(write, shape)?;
    let site = write.id.top();
    let Some(owner) = write.store.get(&site.key()) else {
        return Ok(());
    };
    let tier = super::site::tier_of(write.store, owner).to_owned();
    let is_flex = tier == super::FLEX;
    let before = write.previous.map(|object| &object.body["properties"]);
    let properties = match *name {
        "web" => {
            let fresh = fresh(&owner.body["kind"], &tier);
            let web = changed(write.store, before.unwrap_or(&fresh), &sent, &tier)?;
            exposed(write, owner, &sent);
            web
        }
        "appsettings" => {
            if is_flex {
                flex_settings(sent.as_object().unwrap_or(&Map::new()))?;
            }
            sent
        }
        "authsettingsV2" => authentication::written(&sent)?,
        "slotConfigNames" => {
            let mut names = sent;
            fill(
                &mut names,
                &json!({ "connectionStringNames": [], "appSettingNames": [], "azureStorageConfigNames": [] }),
            );
            names
        }
        _ => sent,
    };
    write.body = json!({ "properties": properties });
    Ok(())
}

/// The engine checked the envelope; what is inside depends on the name.
fn checked(write: &Write, shape: &str) -> Result<Value, Refusal> {
    let row = ROWS.first();
    let sent = write.request.json().unwrap_or_default();
    let parsed = Shape::parse(shape).map_err(bad)?;
    let checked = parsed.check(&sent).map_err(|violations| {
        row.map_or_else(|| bad("BadRequest"), |row| invalid_body(row, &violations))
    })?;
    Ok(checked["properties"].clone())
}

/// Site and configuration both carry `publicNetworkAccess`: one fact, changed from either side.
fn exposed(write: &mut Write, site: &Object, sent: &Value) {
    let access = &sent["publicNetworkAccess"];
    if access.is_string() && *access != site.body["properties"]["publicNetworkAccess"] {
        let mut site = site.clone();
        site.body["properties"]["publicNetworkAccess"] = access.clone();
        write.also.push(Entry::Put(site));
    }
}

fn site_location(store: &Store, id: &str) -> String {
    let site = ArmId::parse(id).and_then(|id| store.get(&id.top().key()));
    let region = site.and_then(|site| site.body["location"].as_str());
    display_location(region.unwrap_or_default())
}

fn show(body: &mut Value, presented: &Presented) {
    let Some(id) = ArmId::parse(&presented.object.id) else {
        return;
    };
    body["location"] = site_location(presented.store, &presented.object.id).into();
    let site = id.top();
    // Recorded: cli_appservice__test_webapp_config.
    if id.name().eq_ignore_ascii_case("slotConfigNames") {
        body["id"] = Value::Null;
        body["name"] = site.name().into();
        body["type"] = SITE.into();
        return;
    }
    if !id.name().eq_ignore_ascii_case("web") {
        return;
    }
    body["name"] = site.name().into();
    let properties = &mut body["properties"];
    for (list, default_action) in LISTS {
        properties[list] = restriction::shown(&properties[list], &properties[default_action]);
    }
    properties["publishingUsername"] = format!("${}", site.name()).into();
    fill(properties, &data(DEFAULTS));
    properties["siteAuthSettings"] = data(NO_AUTHENTICATION);
    // Recorded: a write of the configuration is answered in the shape of the site.
    if presented.view == View::Written {
        body["id"] = site.text().into();
        body["type"] = SITE.into();
    }
}

/// `POST …/list` reads what may hold secrets; of authsettingsV2 it is a GET.
fn list(call: &mut Call) -> Result<Response, Refusal> {
    let object = call.resource()?;
    let Some((name, _, is_readable)) = member(call.id.name()) else {
        return Err(bad("There is nothing to list."));
    };
    let is_get = call.request.method == Method::Get;
    if is_get != *is_readable {
        return Err(refused(
            405,
            "MethodNotAllowed",
            "51009",
            format!("config/{name}/list does not support this http method."),
        ));
    }
    let id = ArmId::parse(&object.id).unwrap_or_else(|| call.id.clone());
    let body = json!({
        "id": object.id, "name": id.name(), "type": CONFIG,
        "location": site_location(call.store, &object.id), "properties": object.body["properties"],
    });
    Ok(Response::json(200, body))
}

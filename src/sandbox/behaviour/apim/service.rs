//! `Microsoft.ApiManagement/service`: the row, and a service's life from creation to deletion.

use serde_json::{Value, json};

use super::super::rule::{Effect, Facts, Rule, default, rule};
use super::super::style::{
    Etag, LocationEnd, LocationForm, LongRunning, Names, Poll, Reply, ReplyBody, State, StatusBody,
    Tags,
};
use super::super::unchanged::is_unchanged;
use super::super::{
    Action, Behaviour, Evidence, Presented, ROW, Removal, Settled, View, Write, identity,
};
use super::setting::{check_access, custom_properties, had_first_set, hostnames, tier_of};
use super::soft_delete::{is_free, removed, restore};
use super::tier::{self, Tier};
use super::{LOCKED, VERSIONS, connection, is_before, network, sample, text};
use crate::sandbox::arm::location;
use crate::sandbox::operation;
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::store::Object;
use crate::sandbox::world::timestamp;

const V2: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");
const CLASSIC: Evidence = Evidence::Recorded("cli_apim__test_apim_core_service");

pub(super) const KIND: &str = "Microsoft.ApiManagement/service";
const SHAPE: &str = "{
    location!: string, tags: {*: string}, zones: [string],
    sku!: { name!: Developer|Standard|Premium|Basic|Consumption|Isolated|BasicV2|StandardV2|PremiumV2, capacity!: int },
    identity: { type!: SystemAssigned|UserAssigned|'SystemAssigned, UserAssigned'|None, -principalId: any, -tenantId: any, userAssignedIdentities: {*: any} },
    properties!: {
        publisherEmail!: string, publisherName!: string, notificationSenderEmail: string,
        hostnameConfigurations: [{ type!: Proxy|Portal|Management|Scm|DeveloperPortal|ConfigurationApi, hostName!: string, keyVaultId: string,
            identityClientId: string, encodedCertificate: string, certificatePassword: string, defaultSslBinding: bool,
            negotiateClientCertificate: bool, certificate: any, certificateSource: Managed|KeyVault|Custom|BuiltIn, certificateStatus: any }],
        publicIpAddressId: string, publicNetworkAccess: Enabled|Disabled|True|False, configurationApi: { legacyApi: Enabled|Disabled },
        virtualNetworkConfiguration: { -vnetid: any, -subnetname: any, subnetResourceId: string }, additionalLocations: [any],
        customProperties: {*: string}, certificates: [any], enableClientCertificate: bool, natGatewayState: Enabled|Disabled,
        disableGateway: bool, virtualNetworkType: None|External|Internal, apiVersionConstraint: { minApiVersion: string }, restore: bool,
        legacyPortalStatus: Enabled|Disabled, developerPortalStatus: Enabled|Disabled,
        -privateEndpointConnections: any, -provisioningState: any, -targetProvisioningState: any, -createdAtUtc: any, -gatewayUrl: any,
        -gatewayRegionalUrl: any, -portalUrl: any, -developerPortalUrl: any, -dataApiUrl: any, -managementApiUrl: any, -scmUrl: any,
        -publicIPAddresses: any, -privateIPAddresses: any, -outboundPublicIPAddresses: any, -platformVersion: any
    }
}";

const fn kept(path: &'static str) -> Rule {
    rule(path, Effect::ReadOnly, V2)
}

const fn null(path: &'static str) -> Rule {
    default(path, "null", V2)
}

const SINCE: &[(&str, &str)] = &[
    ("/properties/configurationApi", "2023-05-01-preview"),
    ("/properties/dataApiUrl", "2023-05-01-preview"),
    ("/properties/developerPortalStatus", "2023-05-01-preview"),
    ("/properties/legacyPortalStatus", "2023-05-01-preview"),
    ("/properties/natGatewayState", "2021-08-01"),
    ("/properties/outboundPublicIPAddresses", "2021-08-01"),
    ("/properties/platformVersion", "2021-08-01"),
    ("/properties/privateEndpointConnections", "2021-08-01"),
    ("/properties/publicIpAddressId", "2021-08-01"),
    ("/properties/publicNetworkAccess", "2021-08-01"),
    (
        "/properties/hostnameConfigurations/*/certificateSource",
        "2021-08-01",
    ),
    (
        "/properties/hostnameConfigurations/*/certificateStatus",
        "2021-08-01",
    ),
    (
        "/properties/hostnameConfigurations/*/identityClientId",
        "2021-08-01",
    ),
    ("/zones", "2021-08-01"),
    ("/systemData", "2021-08-01"),
];

const RULES: &[Rule] = &[
    // An update that does not speak of the identity leaves it.
    rule("/identity", Effect::Kept, CLASSIC),
    rule("/properties/restore", Effect::Dropped, CLASSIC),
    rule(
        "/properties/enableClientCertificate",
        Effect::Dropped,
        CLASSIC,
    ),
    rule(
        "/properties/publicNetworkAccess",
        Effect::Rewritten(access),
        CLASSIC,
    ),
    default("/properties/publicNetworkAccess", "\"Enabled\"", V2),
    default("/properties/virtualNetworkType", "\"None\"", V2),
    default(
        "/properties/notificationSenderEmail",
        "\"apimgmt-noreply@mail.windowsazure.com\"",
        V2,
    ),
    default(
        "/properties/apiVersionConstraint",
        "{\"minApiVersion\":null}",
        V2,
    ),
    null("/properties/apiVersionConstraint/minApiVersion"),
    default("/properties/legacyPortalStatus", "\"Disabled\"", V2),
    default("/properties/developerPortalStatus", "\"Disabled\"", V2),
    rule("/properties/createdAtUtc", Effect::Once(created), V2),
    kept("/properties/gatewayUrl"),
    kept("/properties/gatewayRegionalUrl"),
    kept("/properties/portalUrl"),
    kept("/properties/developerPortalUrl"),
    kept("/properties/managementApiUrl"),
    kept("/properties/scmUrl"),
    kept("/properties/publicIPAddresses"),
    kept("/properties/privateIPAddresses"),
    kept("/properties/outboundPublicIPAddresses"),
    kept("/properties/platformVersion"),
    null("/properties/gatewayRegionalUrl"),
    null("/properties/portalUrl"),
    null("/properties/developerPortalUrl"),
    null("/properties/dataApiUrl"),
    null("/properties/managementApiUrl"),
    null("/properties/scmUrl"),
    null("/properties/publicIPAddresses"),
    null("/properties/privateIPAddresses"),
    null("/properties/outboundPublicIPAddresses"),
    null("/properties/additionalLocations"),
    null("/properties/virtualNetworkConfiguration"),
    null("/properties/customProperties"),
    null("/properties/certificates"),
    null("/properties/publicIpAddressId"),
    null("/properties/configurationApi"),
    default("/properties/platformVersion", "\"undetermined\"", V2),
    null("/identity"),
    null("/zones"),
    rule("/systemData", Effect::ReadOnly, CLASSIC),
    null("/systemData"),
];

/// As recorded for v2.
pub(super) const fn operation_of(
    status: u16,
    body: ReplyBody,
    seconds: u32,
    end: LocationEnd,
) -> LongRunning {
    LongRunning {
        status,
        body,
        poll: Poll {
            status: Some((
                "{subscription}/providers/Microsoft.ApiManagement/locations/{location}/operationsStatuses/{operation}",
                StatusBody::Plain,
            )),
            location: Some((
                "{subscription}/providers/Microsoft.ApiManagement/locations/{location}/operationResults/{operation}",
                end,
            )),
        },
        retry_after: Some(20),
        typical: seconds,
    }
}

/// Classic tiers: both headers name one address, below the service.
const CLASSIC_POLL: Poll = Poll {
    status: Some(("{resource}/operationresults/{operation}", StatusBody::Plain)),
    location: Some((
        "{resource}/operationresults/{operation}",
        LocationEnd::Empty,
    )),
};

/// Before 2021: `Location` alone, 202 while it runs (recorded at 2019-12-01).
const OLD_POLL: Poll = Poll {
    status: None,
    location: Some((
        "{resource}/operationresults/{operation}",
        LocationEnd::Resource,
    )),
};

pub(super) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: KIND,
    versions: VERSIONS,
    names: Names::Checked(is_name),
    shape: SHAPE,
    rules: RULES,
    location: LocationForm::Display,
    tags: Tags::Empty,
    etag: Etag::ApiManagement { in_body: true },
    state: State::Provisioning {
        creating: "Activating",
        updating: "Updating",
        deleting: "Deleting",
    },
    create: Reply::Operation(operation_of(
        201,
        ReplyBody::Resource,
        2400,
        LocationEnd::Resource,
    )),
    update: Reply::Operation(operation_of(
        200,
        ReplyBody::Resource,
        900,
        LocationEnd::Resource,
    )),
    patch: Some(Reply::Operation(operation_of(
        202,
        ReplyBody::Resource,
        900,
        LocationEnd::Resource,
    ))),
    // "Not specifying any of these properties on PATCH operation will reset omitted properties' values".
    replaced_by_patch: &[
        "/properties/customProperties",
        "/tags",
        "/identity/userAssignedIdentities",
    ],
    delete: Some(Reply::Operation(operation_of(
        202,
        ReplyBody::Resource,
        900,
        LocationEnd::Empty,
    ))),
    conflict: LOCKED,
    errors: ErrorStyle::ApiManagement,
    prepare,
    settled,
    since: SINCE,
    removing: |removal| {
        poll_as_classic(removal);
        Ok(())
    },
    removed,
    present,
    answers: network::is_manageable,
    views: &[Action {
        name: "networkstatus",
        run: network::status,
    }],
    evidence: V2,
    ..ROW
}];

/// A letter first, letters, digits and hyphens, no hyphen at the end, at most 50: it becomes a host name.
pub(super) fn is_name(name: &str) -> bool {
    let is_part = |next: char| next.is_ascii_alphanumeric() || next == '-';
    name.len() <= 50
        && name.starts_with(|next: char| next.is_ascii_alphabetic())
        && name.chars().all(is_part)
        && !name.ends_with('-')
}

fn access(sent: &Value) -> Value {
    match sent.as_str() {
        Some("True") => "Enabled".into(),
        Some("False") => "Disabled".into(),
        _ => sent.clone(),
    }
}

fn created(facts: &Facts) -> Value {
    timestamp(facts.now).into()
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    if write.previous.is_none() {
        is_free(write)?;
        if write.sent["properties"]["restore"] == true {
            restore(write);
            return Ok(());
        }
    }
    let tier = tier_of(write)?;
    network::check(write, tier)?;
    check_access(write, tier)?;
    identity::assign(write)?;
    let name = write.id.name().to_owned();
    let properties = &mut write.body["properties"];
    properties["gatewayUrl"] = format!("https://{name}.azure-api.net").into();
    properties["hostnameConfigurations"] = hostnames(&properties["hostnameConfigurations"], &name);
    let nat = if tier.is_v2 { "Enabled" } else { "Disabled" };
    if properties["natGatewayState"].is_null() {
        properties["natGatewayState"] = nat.into();
    }
    if !tier.is_v2 && properties["disableGateway"].is_null() {
        properties["disableGateway"] = false.into();
    }
    if tier.is_v2 {
        let place = location::short(write.body["location"].as_str().unwrap_or_default());
        write.body["properties"]["managementApiUrl"] =
            format!("https://smapi.api-{place}-prod-scaleunit-001.p.azurewebsites.net/").into();
    }
    let sent = &write.sent["properties"]["customProperties"];
    if write.previous.is_some() || tier.is_v2 || !sent.is_null() {
        write.body["properties"]["customProperties"] =
            custom_properties(sent, had_first_set(write, tier));
    }
    write.reply = reply(write, tier);
    // A v2 service does not say who made it until it is changed (recorded).
    let is_said = !tier.is_v2 || write.previous.is_some();
    if is_said && write.reply != Reply::done(200) {
        write.body["systemData"] = system_data(write);
    }
    Ok(())
}

fn system_data(write: &Write) -> Value {
    let now = timestamp(write.now);
    let known = write.previous.map(|before| &before.body["systemData"]);
    let made = known.filter(|known| known.is_object()).cloned();
    let is_new = write.previous.is_none();
    let mut data = made.unwrap_or_else(|| {
        if is_new {
            json!({ "createdBy": write.caller, "createdByType": "Application", "createdAt": now })
        } else {
            json!({ "createdBy": null, "createdByType": null, "createdAt": null })
        }
    });
    data["lastModifiedBy"] = write.caller.into();
    data["lastModifiedByType"] = "Application".into();
    data["lastModifiedAt"] = now.into();
    data
}

/// Nothing to do is answered at once (recorded: PUT 200 without headers); the rest takes the tier's time.
fn reply(write: &Write, tier: &Tier) -> Reply {
    let Reply::Operation(mut style) = write.reply else {
        return write.reply;
    };
    if !tier.is_v2 {
        style.poll = CLASSIC_POLL;
    }
    if is_before(write.request, "2021-08-01") {
        style.poll = OLD_POLL;
    }
    match write.previous {
        None => Reply::Operation(LongRunning {
            typical: tier.creation,
            ..style
        }),
        Some(before) if is_same(&before.body, &write.body, tier) => Reply::done(200),
        Some(_) => Reply::Operation(LongRunning {
            typical: tier.change,
            ..style
        }),
    }
}

/// But for the state, which is not the caller's, and on classic tiers the tags, which are not the gateway's (recorded:
/// `aso__Test_ApiManagement_20220801_CRUD` against 20240501).
fn is_same(before: &Value, after: &Value, tier: &Tier) -> bool {
    const STATES: [&str; 4] = [
        "/properties/provisioningState",
        "/properties/targetProvisioningState",
        "/systemData",
        "/tags",
    ];
    let but_for = if tier.is_v2 { &STATES[..3] } else { &STATES };
    // A body of before 2023 does not speak of the portals.
    let mut before = before.clone();
    for portal in ["legacyPortalStatus", "developerPortalStatus"] {
        if before["properties"][portal].is_null() {
            before["properties"][portal] = "Disabled".into();
        }
    }
    is_unchanged(&before, after, but_for)
}

const HOSTS: &[(&str, &str)] = &[
    ("portalUrl", "portal"),
    ("developerPortalUrl", "developer"),
    ("managementApiUrl", "management"),
    ("scmUrl", "scm"),
];

/// A service has an address where it stands now; a new one comes to life, with versions and what the portal would
/// greet you with.
fn settled(settled: &mut Settled) {
    let tier = tier::of(text(&settled.object.body, "/sku/name"));
    if tier.is_some_and(|tier| tier.has_vip) {
        let address = network::address(settled.store, &settled.object);
        let properties = &mut settled.object.body["properties"];
        properties["publicIPAddresses"] = json!([address]);
        properties["outboundPublicIPAddresses"] = json!([address]);
    }
    let object = &mut settled.object;
    if object.hidden["activated"] == true {
        let sent = object.body["properties"]["customProperties"].clone();
        object.body["properties"]["customProperties"] = custom_properties(&sent, false);
        return;
    }
    object.hidden["activated"] = true.into();
    let name = object.id.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(tier) = tier else {
        return;
    };
    let place = location::short(text(&object.body, "/location"));
    let properties = &mut object.body["properties"];
    if !tier.is_v2 {
        // Consumption has neither portals nor an address of its own (recorded: `cli_apim__test_apim_deletedservice`).
        let hosts: &[(&str, &str)] = if tier.has_vip { HOSTS } else { &[] };
        for (member, host) in hosts {
            properties[*member] = format!("https://{name}.{host}.azure-api.net").into();
        }
        if tier.has_vip {
            properties["gatewayRegionalUrl"] =
                format!("https://{name}-{place}-01.regional.azure-api.net").into();
        }
        properties["platformVersion"] = if tier.has_vip { "stv2" } else { "mtv1" }.into();
        if properties["customProperties"].is_null() {
            properties["customProperties"] = custom_properties(&Value::Null, !tier.has_vip);
        }
    }
    settled.also.extend(sample::of_new_service(settled, tier));
}

fn poll_as_classic(removal: &mut Removal) {
    let is_v2 = tier::of(text(&removal.object.body, "/sku/name")).is_some_and(|tier| tier.is_v2);
    if let Reply::Operation(style) = &mut removal.reply
        && !is_v2
    {
        style.poll = CLASSIC_POLL;
    }
}

fn present(body: &mut Value, presented: &Presented) {
    let is_v2 = tier::of(text(body, "/sku/name")).is_some_and(|tier| tier.is_v2);
    let state = text(body, "/properties/provisioningState").to_owned();
    let target = match state.as_str() {
        "Succeeded" | "Failed" => "",
        "Activating" if is_v2 => "",
        state => state,
    };
    body["properties"]["targetProvisioningState"] = target.into();
    if is_v2 && state == "Activating" && presented.view != View::List {
        body["properties"]["provisioningState"] = "Created".into();
    }
    body["properties"]["privateEndpointConnections"] = connection::of_service(presented);
}

/// A service at rest, as it will be when it comes back.
pub(super) fn without_operation(object: &Object) -> Object {
    let mut service = object.clone();
    operation::set_state(&mut service.body, ROWS[0].state, "Succeeded");
    if let Some(hidden) = service.hidden.as_object_mut() {
        hidden.remove("operation");
    }
    service
}

//! `Microsoft.ApiManagement/service`: stages, tiers, soft delete, what a new instance is born with.

use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::super::rule::{Effect, Facts, Rule, default, rule};
use super::super::style::{
    Etag, LocationEnd, LocationForm, LongRunning, Names, Poll, Reply, ReplyBody, State, StatusBody,
    Tags,
};
use super::super::{Behaviour, Evidence, Presented, ROW, Removal, Settled, View, Write, identity};
use super::connection;
use super::sample;
use super::tier::{self, Network, Tier};
use super::{LOCKED, VERSIONS, invalid, text};
use crate::sandbox::arm::location;
use crate::sandbox::arm::view::display_location;
use crate::sandbox::message::Response;
use crate::sandbox::operation;
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::store::{Entry, Object, Store};
use crate::sandbox::world::{World, timestamp};

const V2: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");
const CLASSIC: Evidence = Evidence::Recorded("cli_apim__test_apim_core_service");
const DELETED: Evidence = Evidence::Recorded("cli_apim__test_apim_deletedservice");

pub(super) const KIND: &str = "Microsoft.ApiManagement/service";
/// `type` of a soft-deleted service; its path has `locations/{l}` in between.
const DELETED_KIND: &str = "Microsoft.ApiManagement/deletedservices";
const DELETED_TYPE: &str = "Microsoft.ApiManagement/locations/deletedservices";

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
    null("/systemData"),
];

/// As recorded for v2.
const fn operation_of(status: u16, seconds: u32, end: LocationEnd) -> LongRunning {
    LongRunning {
        status,
        body: ReplyBody::Resource,
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

const PURGE: Reply = Reply::Operation(LongRunning {
    status: 202,
    body: ReplyBody::Resource,
    poll: Poll {
        status: None,
        location: Some((
            "{resource}/operationresults/{operation}",
            LocationEnd::Empty,
        )),
    },
    retry_after: Some(20),
    typical: 60,
});

pub(super) const ROWS: &[Behaviour] = &[
    Behaviour {
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
        create: Reply::Operation(operation_of(201, 2400, LocationEnd::Resource)),
        update: Reply::Operation(operation_of(200, 900, LocationEnd::Resource)),
        patch: Some(Reply::Operation(operation_of(
            202,
            900,
            LocationEnd::Resource,
        ))),
        // "Not specifying any of these properties on PATCH operation will reset omitted properties' values".
        replaced_by_patch: &[
            "/properties/customProperties",
            "/tags",
            "/identity/userAssignedIdentities",
        ],
        delete: Some(Reply::Operation(operation_of(202, 900, LocationEnd::Empty))),
        conflict: LOCKED,
        errors: ErrorStyle::ApiManagement,
        prepare,
        settled,
        since: SINCE,
        removing,
        removed,
        present,
        evidence: V2,
        ..ROW
    },
    Behaviour {
        arm_type: DELETED_TYPE,
        delete: Some(PURGE),
        delete_absent: 204,
        not_found: Some(|id| {
            let message = format!("Deleted service '{}' could not be found.", id.name());
            Refusal::new(404, "ServiceNotFound", message)
        }),
        present: present_deleted,
        ..DELETED_ROW
    },
    DELETED_ROW,
];

/// What the subscription's list shows; a member is read and purged below its location.
const DELETED_ROW: Behaviour = Behaviour {
    arm_type: DELETED_KIND,
    versions: VERSIONS,
    location: LocationForm::Display,
    tags: Tags::None,
    errors: ErrorStyle::ApiManagement,
    delete: None,
    present: present_deleted,
    evidence: DELETED,
    ..ROW
};

fn present_deleted(body: &mut Value, presented: &Presented) {
    body["id"] = presented.object.id.clone().into();
    body["type"] = DELETED_KIND.into();
}

/// A letter first, letters, digits and hyphens, no hyphen at the end, at most 50: it becomes a host name.
fn is_name(name: &str) -> bool {
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
    check_network(write, tier)?;
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
    Ok(())
}

/// A v2 service shows the first set of custom properties until an update of it has ended.
fn had_first_set(write: &Write, tier: &Tier) -> bool {
    let before = write
        .previous
        .map(|object| &object.body["properties"]["customProperties"]);
    tier.is_v2
        && before.is_none_or(|before| {
            LATER
                .iter()
                .all(|key| before[format!("{PREFIX}{key}")].is_null())
        })
}

/// Nothing to do is answered at once (recorded: PUT 200 without headers); the rest takes the tier's time.
fn reply(write: &Write, tier: &Tier) -> Reply {
    let Reply::Operation(mut style) = write.reply else {
        return write.reply;
    };
    if !tier.is_v2 {
        style.poll = CLASSIC_POLL;
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
/// aso__Test_ApiManagement_20220801_CRUD against 20240501).
fn is_same(before: &Value, after: &Value, tier: &Tier) -> bool {
    let (mut before, mut after) = (before.clone(), after.clone());
    if !tier.is_v2 {
        before["tags"] = Value::Null;
        after["tags"] = Value::Null;
    }
    operation::set_state(
        &mut after,
        ROWS[0].state,
        text(&before, "/properties/provisioningState"),
    );
    before == after
}

fn tier_of(write: &Write) -> Result<&'static Tier, Refusal> {
    let name = text(&write.body, "/sku/name");
    let tier =
        tier::of(name).ok_or_else(|| invalid("sku", format!("Sku '{name}' is not supported.")))?;
    let capacity = write.body["sku"]["capacity"].as_u64().unwrap_or(u64::MAX);
    if !tier.capacity.contains(&capacity) {
        let (least, most) = tier.capacity.clone().into_inner();
        let message = format!("The capacity of sku '{name}' must be between {least} and {most}.");
        return Err(Refusal::new(400, "InvalidParameters", message));
    }
    let before = write
        .previous
        .map_or(name, |object| text(&object.body, "/sku/name"));
    let was_v2 = tier::of(before).is_some_and(|before| before.is_v2);
    if was_v2 != tier.is_v2 || (before != name && [before, name].contains(&"Consumption")) {
        let message = format!("Changing the sku from '{before}' to '{name}' is not supported.");
        return Err(Refusal::new(400, "SkuTransitionNotSupported", message));
    }
    Ok(tier)
}

fn check_network(write: &Write, tier: &Tier) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    let mode = text(properties, "/virtualNetworkType");
    if mode == "None" {
        return Ok(());
    }
    let refuse = |message: String| Err(Refusal::new(400, "InvalidParameters", message));
    let fits = match tier.network {
        Network::None => false,
        Network::Injected | Network::Either => true,
        Network::Integrated => mode == "External",
    };
    if !fits {
        return refuse(format!(
            "Virtual network type '{mode}' is not supported in the '{}' tier.",
            tier.name
        ));
    }
    let subnet_id = text(properties, "/virtualNetworkConfiguration/subnetResourceId");
    if subnet_id.is_empty() {
        return refuse(format!(
            "VirtualNetworkConfiguration.SubnetResourceId is required when VirtualNetworkType is '{mode}'."
        ));
    }
    let Some(subnet) = write.store.get(subnet_id) else {
        return refuse(format!("The subnet '{subnet_id}' could not be found."));
    };
    let delegations = subnet.body["properties"]["delegations"].as_array();
    let delegated = delegations
        .and_then(|delegations| delegations.first())
        .map_or("", |delegation| text(delegation, "/properties/serviceName"));
    let wanted = match (tier.is_v2, mode) {
        (false, _) => "",
        (true, "Internal") => "Microsoft.Web/hostingEnvironments",
        (true, _) => "Microsoft.Web/serverFarms",
    };
    if !delegated.eq_ignore_ascii_case(wanted) {
        return refuse(match wanted {
            "" => format!("The subnet '{subnet_id}' must not be delegated."),
            wanted => format!("The subnet '{subnet_id}' must be delegated to '{wanted}'."),
        });
    }
    // "NSG must be attached": of every tier that stands in or reaches into a subnet.
    match subnet.body["properties"]["networkSecurityGroup"]["id"].is_string() {
        true => Ok(()),
        false => refuse(format!(
            "The subnet '{subnet_id}' must have a network security group associated."
        )),
    }
}

/// Closing the public side is a stage of its own: not at creation, and only with an approved connection (`domain.md` 0.2).
fn check_access(write: &Write, tier: &Tier) -> Result<(), Refusal> {
    if text(&write.body, "/properties/publicNetworkAccess") != "Disabled" {
        return Ok(());
    }
    let name = write.id.name();
    if write.previous.is_none() && tier.is_v2 {
        return Err(Refusal::new(
            400,
            "ActivateServiceWithPrivateEndpointAccessNotAllowed",
            format!(
                "Activating API Management service {name} with private endpoint access only is not allowed. Set `publicNetworkAccess` to Enabled."
            ),
        ));
    }
    let refuse = |why: &str| {
        let message = format!(
            "Blocking all public network access by setting property `publicNetworkAccess` of API Management service {name} {why}."
        );
        Err(Refusal::new(400, "NotSupported", message))
    };
    if write.previous.is_none() {
        return refuse("is not enabled during service creation");
    }
    match connection::has_approved(write.store, &write.id.text()) {
        true => Ok(()),
        false => refuse(
            "is not supported if the service does not have atleast one approved Private Endpoint Connections",
        ),
    }
}

/// What was sent, in the form the service keeps it, and the built-in host that is always there.
fn hostnames(sent: &Value, name: &str) -> Value {
    let built_in = format!("{name}.azure-api.net");
    let mut all: Vec<Value> = sent
        .as_array()
        .into_iter()
        .flatten()
        .map(hostname)
        .collect();
    let has_built_in = all.iter().any(|one| one["hostName"] == *built_in);
    if !has_built_in {
        let is_bound = all
            .iter()
            .any(|one| one["type"] == "Proxy" && one["defaultSslBinding"] == true);
        let one = json!({ "type": "Proxy", "hostName": built_in, "defaultSslBinding": !is_bound, "certificateSource": "BuiltIn" });
        all.insert(0, hostname(&one));
    }
    all.into()
}

fn hostname(sent: &Value) -> Value {
    let or = |name: &str, other: Value| match &sent[name] {
        Value::Null => other,
        given => given.clone(),
    };
    json!({
        "type": sent["type"], "hostName": sent["hostName"], "encodedCertificate": null, "keyVaultId": sent["keyVaultId"],
        "certificatePassword": null, "negotiateClientCertificate": or("negotiateClientCertificate", false.into()),
        "certificate": sent["certificate"], "defaultSslBinding": or("defaultSslBinding", false.into()),
        "identityClientId": sent["identityClientId"], "certificateSource": or("certificateSource", "Custom".into()),
        "certificateStatus": null,
    })
}

const PREFIX: &str = "Microsoft.WindowsAzure.ApiManagement.Gateway.";
const PROTOCOLS: &[&str] = &[
    "Security.Protocols.Tls10",
    "Security.Protocols.Tls11",
    "Security.Backend.Protocols.Tls10",
    "Security.Backend.Protocols.Tls11",
    "Security.Backend.Protocols.Ssl30",
    "Protocols.Server.Http2",
];
/// Shown once a service was changed; of a new v2 service they are left out (recorded).
const LATER: &[&str] = &["Security.Protocols.Ssl30", "Security.Ciphers.TripleDes168"];

/// Replaced as a whole: what is not sent goes back to its default, "False".
fn custom_properties(sent: &Value, is_new_v2: bool) -> Value {
    let later = if is_new_v2 { &[][..] } else { LATER };
    let mut all: Map<String, Value> = PROTOCOLS
        .iter()
        .chain(later)
        .map(|key| (format!("{PREFIX}{key}"), "False".into()))
        .collect();
    for (key, value) in sent.as_object().into_iter().flatten() {
        all.insert(key.clone(), value.clone());
    }
    all.into()
}

/// Names are global: they become hosts. A soft-deleted service holds its name.
fn is_free(write: &Write) -> Result<(), Refusal> {
    let name = write.id.name();
    if let Some(deleted) = deleted(write.store, name, write.now) {
        let is_restored = write.sent["properties"]["restore"] == true
            && text(&deleted.body, "/properties/serviceId").eq_ignore_ascii_case(&write.id.text());
        return match is_restored {
            true => Ok(()),
            false => Err(Refusal::new(
                409,
                "ServiceAlreadyExistsInSoftDeletedState",
                format!(
                    "Api service {name} was soft-deleted. In order to create the new service with the same name, you have to either undelete the service or purge it. See https://aka.ms/apimsoftdelete."
                ),
            )),
        };
    }
    match live(write.store, name) {
        Some(_) => Err(Refusal::new(
            409,
            "ServiceAlreadyExists",
            format!("Api service already exists: {name}"),
        )),
        None => Ok(()),
    }
}

fn live<'a>(store: &'a Store, name: &str) -> Option<&'a Object> {
    named(store, KIND, name)
}

fn deleted<'a>(store: &'a Store, name: &str, now: OffsetDateTime) -> Option<&'a Object> {
    named(store, DELETED_KIND, name).filter(|object| {
        text(&object.body, "/properties/scheduledPurgeDate") > timestamp(now).as_str()
    })
}

fn named<'a>(store: &'a Store, kind: &'static str, name: &str) -> Option<&'a Object> {
    store.of_kind("/subscriptions", kind).find(|object| {
        object
            .id
            .rsplit('/')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    })
}

/// `checkNameAvailability`
pub(crate) fn check_name(world: &World, sent: &Value) -> Response {
    let name = text(sent, "/name");
    let (reason, message) = if !is_name(name) {
        ("Invalid", format!("{name} is not a valid service name."))
    } else if live(&world.store, name).is_some() || deleted(&world.store, name, world.now).is_some()
    {
        (
            "AlreadyExists",
            format!("{name} is already in use. Please select a different name."),
        )
    } else {
        ("Valid", String::new())
    };
    Response::json(
        200,
        json!({ "nameAvailable": reason == "Valid", "reason": reason, "message": message }),
    )
}

/// `restore: true`: everything is as it was; all that was sent besides is ignored.
fn restore(write: &mut Write) {
    let Some(deleted) = deleted(write.store, write.id.name(), write.now) else {
        return;
    };
    let kept = deleted.hidden["kept"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    for object in kept
        .into_iter()
        .filter_map(|kept| serde_json::from_value::<Object>(kept).ok())
    {
        if object.kind == KIND {
            write.body = object.body;
            write.hidden = object.hidden;
        } else {
            write.also.push(Entry::Put(object));
        }
    }
    write.also.push(Entry::Remove(deleted.key()));
}

/// A new service comes to life: addresses, versions, and what the portal would greet you with.
fn settled(settled: &mut Settled) {
    let object = &mut settled.object;
    if object.hidden["activated"] == true {
        let sent = object.body["properties"]["customProperties"].clone();
        object.body["properties"]["customProperties"] = custom_properties(&sent, false);
        return;
    }
    object.hidden["activated"] = true.into();
    let name = object.id.rsplit('/').next().unwrap_or_default().to_owned();
    let Some(tier) = tier::of(text(&object.body, "/sku/name")) else {
        return;
    };
    let place = location::short(text(&object.body, "/location"));
    let properties = &mut object.body["properties"];
    if !tier.is_v2 {
        for (member, host) in [
            ("portalUrl", "portal"),
            ("developerPortalUrl", "developer"),
            ("managementApiUrl", "management"),
            ("scmUrl", "scm"),
        ] {
            properties[member] = format!("https://{name}.{host}.azure-api.net").into();
        }
        properties["gatewayRegionalUrl"] =
            format!("https://{name}-{place}-01.regional.azure-api.net").into();
        properties["platformVersion"] = if tier.has_vip { "stv2" } else { "mtv1" }.into();
        if properties["customProperties"].is_null() {
            properties["customProperties"] = custom_properties(&Value::Null, false);
        }
    }
    if tier.has_vip {
        let address = vip(&object.id);
        properties["publicIPAddresses"] = json!([address]);
        properties["outboundPublicIPAddresses"] = json!([address]);
    }
    settled.also.extend(sample::of_new_service(settled, tier));
}

/// One of the addresses reserved for documentation: it belongs to nobody (RFC 5737).
fn vip(id: &str) -> String {
    let digest = super::super::digest(&Value::String(id.to_lowercase()));
    let last = u8::from_str_radix(&digest[..2], 16).unwrap_or(0);
    format!("203.0.113.{}", last.clamp(1, 254))
}

const SOFT_DELETED_FOR: Duration = Duration::hours(48);

fn removing(removal: &mut Removal) -> Result<(), Refusal> {
    let is_v2 = tier::of(text(&removal.object.body, "/sku/name")).is_some_and(|tier| tier.is_v2);
    if let Reply::Operation(style) = &mut removal.reply
        && !is_v2
    {
        style.poll = CLASSIC_POLL;
    }
    Ok(())
}

/// The service leaves a soft-deleted one behind for 48 hours.
fn removed(removal: &mut Removal) {
    let object = removal.object;
    let name = object.id.rsplit('/').next().unwrap_or_default();
    let Some(subscription) = object.id.split('/').nth(2) else {
        return;
    };
    let place = location::short(text(&object.body, "/location"));
    let id = format!(
        "/subscriptions/{subscription}/providers/Microsoft.ApiManagement/locations/{place}/deletedservices/{name}"
    );
    let purge = removal.now + SOFT_DELETED_FOR;
    let body = json!({
        "location": display_location(&place),
        "properties": {
            "serviceId": object.id, "scheduledPurgeDate": timestamp(purge), "deletionDate": timestamp(removal.now),
        },
    });
    let mut deleted = Object::new(id, DELETED_KIND, body);
    deleted.hidden = json!({ "kept": kept_objects(removal) });
    removal
        .also
        .push(operation::expiry(&deleted, DELETED_TYPE, purge));
    removal.also.push(Entry::Put(deleted));
}

/// What a restore brings back: all but the private endpoint connections.
fn kept_objects(removal: &Removal) -> Vec<Value> {
    let mut service = removal.object.clone();
    operation::set_state(&mut service.body, ROWS[0].state, "Succeeded");
    if let Some(hidden) = service.hidden.as_object_mut() {
        hidden.remove("operation");
    }
    let below = removal.store.below(&removal.object.id);
    std::iter::once(&service)
        .chain(below.filter(|object| object.kind != connection::KIND))
        .filter_map(|object| serde_json::to_value(object).ok())
        .collect()
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

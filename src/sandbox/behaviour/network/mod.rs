//! Microsoft.Network: virtual networks, NSGs, public addresses, private endpoints, private DNS, Front Door's WAF.
//!
//! Everything here but the WAF and DNS is written by operations of one style, carries `W/"…"` entity tags and shows
//! its children inside the parent, each with the tag of the whole.

pub(crate) mod address;
pub(crate) mod dns;
pub(crate) mod endpoint;
pub(crate) mod security;
pub(crate) mod subnet;
pub(crate) mod virtual_network;

use serde_json::{Value, json};

use super::rule::{Effect, Rule};
use super::style::{Conflict, Etag, LocationEnd, LocationForm, LongRunning, Poll, Reply};
use super::style::{ReplyBody, State, StatusBody, Tags};
use super::{Behaviour, Evidence, Presented, ROW, Removal, rule};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::refusal::{ErrorStyle, Refusal};
use crate::sandbox::store::{Object, Store};

const PUBLIC: Evidence = Evidence::Recorded("aso__Test_Networking_PublicIP_20250301_CRUD");
const STYLE: Evidence = Evidence::Recorded("aso__Test_Networking_VirtualNetwork_20250301_CRUD");

const STATUS: &str =
    "{subscription}/providers/Microsoft.Network/locations/{location}/operations/{operation}";
const RESULT: &str =
    "{subscription}/providers/Microsoft.Network/locations/{location}/operationResults/{operation}";

/// PUT: `Azure-AsyncOperation` only; the resource is read afterwards.
const fn put(status: u16, retry_after: u32, typical: u32) -> Reply {
    Reply::Operation(LongRunning {
        status,
        body: ReplyBody::Resource,
        poll: Poll {
            status: Some((STATUS, StatusBody::Plain)),
            location: None,
        },
        retry_after: Some(retry_after),
        typical,
    })
}

/// DELETE: 202, both headers; `Location` ends in 204.
const DELETE: Reply = Reply::Operation(LongRunning {
    status: 202,
    body: ReplyBody::Empty,
    poll: Poll {
        status: Some((STATUS, StatusBody::Plain)),
        location: Some((RESULT, LocationEnd::NoContent)),
    },
    retry_after: Some(10),
    typical: 10,
});

const NETWORK: Behaviour = Behaviour {
    versions: &["2022-01-01", "2024-05-01", "2025-03-01"],
    location: LocationForm::Lower,
    tags: Tags::Omitted,
    etag: Etag::Network,
    state: State::Provisioning {
        creating: "Updating",
        updating: "Updating",
        deleting: "Deleting",
    },
    // Recorded in asosample__Test_Network_v20250301_CreationAndDeletion.
    conflict: Conflict::Refused {
        status: 409,
        code: "AnotherOperationInProgress",
        message: "Another operation on this or dependent resource is in progress.",
        retry_after: None,
    },
    errors: ErrorStyle::Network,
    patch: Some(Reply::done(200)),
    replaced_by_patch: &["/tags"],
    delete: Some(DELETE),
    ..ROW
};

/// A child resource: no location, no tags, and the provider's own 404.
const CHILD: Behaviour = Behaviour {
    location: LocationForm::AsSent,
    tags: Tags::None,
    patch: None,
    not_found: Some(not_found),
    ..NETWORK
};

const RESOURCE_GUID: Rule = rule::rule(
    "/properties/resourceGuid",
    Effect::Once(|facts| facts.guid("resource")),
    STYLE,
);

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.Network/publicIPAddresses",
    shape: "{ location!: string, tags: {*: string}, zones: [string], sku: { name: Basic|Standard, tier: Regional|Global }, \
        properties: { publicIPAllocationMethod: Static|Dynamic, publicIPAddressVersion: IPv4|IPv6, \
          dnsSettings: { domainNameLabel: string, domainNameLabelScope: \
            TenantReuse|SubscriptionReuse|ResourceGroupReuse|NoReuse, -fqdn: string, reverseFqdn: string }, \
          ddosSettings: { protectionMode: VirtualNetworkInherited|Enabled|Disabled, ddosProtectionPlan: { id: string } }, \
          ipTags: [{ ipTagType: string, tag: string }], -ipAddress: string, publicIPPrefix: { id!: string }, \
          idleTimeoutInMinutes: int, deleteOption: Delete|Detach, -ipConfiguration: any, -resourceGuid: any, \
          -provisioningState: any, -natGateway: any, -migrationPhase: any } }",
    rules: &[
        RESOURCE_GUID,
        rule::default("/sku", r#"{"name":"Basic"}"#, PUBLIC),
        rule::default("/sku/tier", r#""Regional""#, PUBLIC),
        rule::default("/properties/publicIPAddressVersion", r#""IPv4""#, PUBLIC),
        rule::default(
            "/properties/publicIPAllocationMethod",
            r#""Dynamic""#,
            PUBLIC,
        ),
        rule::default("/properties/idleTimeoutInMinutes", "4", PUBLIC),
        rule::default("/properties/ipTags", "[]", PUBLIC),
        rule::default(
            "/properties/ddosSettings",
            r#"{"protectionMode":"VirtualNetworkInherited"}"#,
            PUBLIC,
        ),
        rule::rule(
            "/properties/dnsSettings/fqdn",
            Effect::Computed(|facts| {
                let label = facts.body["properties"]["dnsSettings"]["domainNameLabel"].as_str();
                let region = facts.body["location"].as_str().unwrap_or_default();
                let region = crate::sandbox::arm::location::short(region);
                format!("{}.{region}.cloudapp.azure.com", label.unwrap_or_default()).into()
            }),
            PUBLIC,
        ),
        rule::rule("/properties/ipAddress", Effect::Kept, PUBLIC),
    ],
    create: put(201, 1, 10),
    update: put(200, 1, 10),
    prepare: |write| {
        let is_dynamic = write.body["properties"]["publicIPAllocationMethod"] == "Dynamic";
        if is_dynamic && write.body["sku"]["name"] == "Standard" {
            return Err(refused(
                "PublicIPAddressSkuNotSupported",
                format!(
                    "Standard sku publicIp {} must have AllocationMethod set to Static.",
                    write.id.text()
                ),
            ));
        }
        Ok(())
    },
    // Recorded: no address in the answer to the PUT, one in the GET.
    settled: |settled| {
        let properties = &mut settled.object.body["properties"];
        if properties["publicIPAllocationMethod"] == "Static" && properties["ipAddress"].is_null() {
            let guid = properties["resourceGuid"].as_str().unwrap_or_default();
            properties["ipAddress"] = address::public(guid).into();
        }
    },
    removing: unused,
    evidence: PUBLIC,
    ..NETWORK
}];

/// Azure's own message; what stands between the address and the service is not the caller's to see.
fn unused(removal: &mut Removal) -> Result<(), Refusal> {
    match super::apim::network::user_of(removal.store, &removal.object.id) {
        None => Ok(()),
        Some(user) => Err(refused(
            "PublicIPAddressCannotBeDeleted",
            format!(
                "Public IP address {} can not be deleted since it is still allocated to resource {}. In order to delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see aka.ms/deletepublicip.",
                removal.object.id, user.id
            ),
        )),
    }
}

fn refused(code: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::new(400, code, message)
}

/// Recorded for routes of a table; inferred for other children.
fn not_found(id: &ArmId) -> Refusal {
    Refusal::new(
        404,
        "NotFound",
        format!("Resource {} not found.", id.text()),
    )
}

/// What a body refers to exists, and where its kind counts, in the same region.
fn referenced<'a>(
    store: &'a Store,
    by: &ArmId,
    id: &str,
    region: Option<&str>,
) -> Result<&'a Object, Refusal> {
    let short = |text: &str| crate::sandbox::arm::location::short(text);
    store
        .get(id)
        .filter(|found| {
            let theirs = found.body["location"].as_str();
            region.zip(theirs).is_none_or(|(ours, theirs)| short(ours) == short(theirs))
        })
        .ok_or_else(|| {
            refused(
                "InvalidResourceReference",
                format!(
                    "Resource {id} referenced by resource {} was not found. Please make sure that the referenced resource exists, and that both resources are in the same region.",
                    by.text()
                ),
            )
        })
}

/// Items of a list that are resources of a sort: id, type and entity tag of the whole, state of the whole.
fn nested(body: &mut Value, list: &str, arm_type: &str) {
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let etag = body["etag"].clone();
    let state = body["properties"]["provisioningState"].clone();
    for item in body["properties"][list]
        .as_array_mut()
        .into_iter()
        .flatten()
    {
        let name = item["name"].as_str().unwrap_or_default();
        item["id"] = format!("{id}/{list}/{name}").into();
        item["type"] = format!("{arm_type}/{list}").into();
        item["etag"] = etag.clone();
        if !item["properties"].is_object() {
            item["properties"] = json!({});
        }
        if item["properties"]["provisioningState"].is_null() {
            item["properties"]["provisioningState"] = state.clone();
        }
    }
}

/// Children that are stored as resources of their own, as their parent shows them.
fn children(presented: &Presented, arm_type: &str, show: fn(&mut Value, &Presented)) -> Vec<Value> {
    presented
        .store
        .of_kind(&presented.object.id, arm_type)
        .map(|child| {
            let mut body = child.body.clone();
            body["name"] = child.id.rsplit('/').next().unwrap_or_default().into();
            body["id"] = child.id.clone().into();
            body["type"] = arm_type.into();
            body["etag"] = crate::sandbox::arm::view::body_etag(Etag::Network, child).into();
            let presented = Presented {
                object: child,
                ..*presented
            };
            show(&mut body, &presented);
            body
        })
        .collect()
}

//! Microsoft.Network: virtual networks, NSGs, private endpoints, private DNS.

use super::style::{Etag, LocationForm, Reply, ReplyBody, State, Tags};
use super::style::{LocationEnd, LongRunning, Poll, StatusBody};
use super::{Behaviour, Evidence, ROW, rule};
use crate::sandbox::refusal::ErrorStyle;

const NSG: Evidence = Evidence::Recorded("aso__Test_Networking_NetworkSecurityGroup_20250301_CRUD");

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
    versions: &["2024-05-01", "2025-03-01"],
    location: LocationForm::Lower,
    tags: Tags::Omitted,
    etag: Etag::Network,
    state: State::Provisioning {
        creating: "Updating",
        updating: "Updating",
        deleting: "Deleting",
    },
    errors: ErrorStyle::Network,
    delete: Some(DELETE),
    ..ROW
};

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.Network/networkSecurityGroups",
    shape: "{ location!: string, tags: {*: string}, properties: { securityRules: [any], flushConnection: bool } }",
    rules: &[
        rule::default("/properties/securityRules", "[]", NSG),
        rule::rule(
            "/properties/resourceGuid",
            rule::Effect::Once(|facts| facts.guid("resource")),
            NSG,
        ),
    ],
    create: put(201, 1, 10),
    update: put(200, 1, 10),
    evidence: NSG,
    ..NETWORK
}];

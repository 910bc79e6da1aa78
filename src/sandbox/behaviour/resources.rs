//! Microsoft.Resources: resource groups.

use super::style::Tags;
use super::style::{LocationEnd, LocationForm, LongRunning, Names, Poll, Reply, ReplyBody, State};
use super::{Behaviour, Evidence, ROW};

const GROUP: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");

/// 202, `Location` only, polled 202 until 200; no body anywhere.
const DELETE: Reply = Reply::Operation(LongRunning {
    status: 202,
    body: ReplyBody::Empty,
    poll: Poll {
        status: None,
        location: Some((
            "{subscription}/operationresults/{operation}",
            LocationEnd::Empty,
        )),
    },
    retry_after: Some(15),
    typical: 60,
});

/// At most 90 characters; letters, digits and `-_.()`, not ending in a dot.
fn is_name(name: &str) -> bool {
    let is_part = |next: char| next.is_alphanumeric() || "-_.()".contains(next);
    name.chars().count() <= 90 && name.chars().all(is_part) && !name.ends_with('.')
}

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.Resources/resourceGroups",
    versions: &["2020-06-01", "2021-04-01", "2022-09-01", "2025-04-01"],
    names: Names::Checked(is_name),
    shape: "{ location!: string, tags: {*: string}, managedBy: string, properties: { -provisioningState: any } }",
    location: LocationForm::Lower,
    tags: Tags::Omitted,
    // Recorded: no `type` at 2019-07-01 (cli_network__test_network_vnet_peering_different_resource_groups).
    since: &[("/type", "2019-08-01")],
    state: State::Provisioning {
        creating: "Succeeded",
        updating: "Succeeded",
        deleting: "Deleting",
    },
    patch: Some(Reply::done(200)),
    delete: Some(DELETE),
    delete_absent: 404,
    evidence: GROUP,
    ..ROW
}];

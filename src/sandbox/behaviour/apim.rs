//! Microsoft.ApiManagement: the gateway and everything below it.

use super::style::{Etag, Tags};
use super::{Behaviour, Evidence, ROW, rule};
use crate::sandbox::refusal::ErrorStyle;

const CHILD: Behaviour = Behaviour {
    versions: &["2022-08-01", "2023-05-01-preview", "2024-05-01"],
    tags: Tags::None,
    etag: Etag::ApiManagement { in_body: false },
    errors: ErrorStyle::ApiManagement,
    counts: true,
    ..ROW
};

const BACKEND: Evidence =
    Evidence::Recorded("aso_hand__Test_ApiManagement_Backend_CRUD_v20250301preview");

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: "Microsoft.ApiManagement/service/backends",
    shape: "{ properties!: { url!: string, protocol!: http|soap, title: string, description: string, resourceId: string } }",
    rules: &[rule::default("/properties/title", "null", BACKEND)],
    evidence: BACKEND,
    ..CHILD
}];

pub(crate) fn check_name(
    _: &crate::sandbox::world::World,
    _: &serde_json::Value,
) -> crate::sandbox::message::Response {
    crate::sandbox::message::Response::empty(200)
}

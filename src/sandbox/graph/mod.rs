//! Microsoft Graph for the identity part: applications, service principals, grants, user flows, users.
//!
//! Objects live in the store under `/graph/{directory}/{collection}/{id}`; the token's `tid` says which directory is meant.

use super::entra::Caller;
use super::message::{Request, Response};
use super::refusal::{ErrorStyle, Refusal};
use super::world::World;

/// Answers one Graph request. `request.path` starts with `/v1.0` or `/beta`; `caller` is who its token says.
pub(crate) fn handle(world: &mut World, request: &Request, caller: &Caller) -> Response {
    let directory = world
        .store
        .of_kind(&format!("/graph/{}", caller.tenant), "")
        .count();
    Refusal::new(
        400,
        "BadRequest",
        format!(
            "Resource not found for the segment '{}' ({directory}).",
            request.path
        ),
    )
    .respond(ErrorStyle::Arm)
}

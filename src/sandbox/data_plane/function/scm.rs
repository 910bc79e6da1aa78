//! Kudu: who gets in is all there is. With basic publishing credentials it asks for them, without it leads to Entra ID.

use super::{Site, marker};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply};

pub(super) fn answer(plane: &Plane, site: &Site, call: &Call) -> Reply {
    let policy = format!("{}/basicPublishingCredentialsPolicies/scm", site.id);
    // Documented: sites made through ARM allow them until the policy says otherwise.
    let is_basic_allowed = plane
        .store
        .get(&policy)
        .is_none_or(|object| object.body["properties"]["allow"] != false);
    let sent = call.header("authorization").unwrap_or_default();
    let is_basic = sent
        .split_once(' ')
        .is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
    match (
        is_basic_allowed,
        is_basic || call.path().starts_with("/basicauth"),
    ) {
        // Nobody is given publishing credentials, so none are right.
        (true, true) => Reply::empty(401).with(
            "WWW-Authenticate",
            format!("Basic realm=\"{}\"", marker(site)),
        ),
        (false, true) => Reply::empty(401),
        (_, false) => Reply::empty(302).with(
            "Location",
            "https://login.microsoftonline.com/common/oauth2/authorize?response_type=code+id_token",
        ),
    }
}

//! The other hosts of an API Management service: portals, the management API, the configuration repository.

use super::Plane;
use super::call::{Call, Reply, Scheme};
use super::hosts::Companion;

pub(super) fn answer(plane: &Plane, service: &str, role: Companion, call: &Call) -> Reply {
    let Some(found) = plane.store.get(service) else {
        return Reply::closed();
    };
    if call.scheme == Scheme::Http {
        return Reply::closed();
    }
    // From inside the network only; the sandbox lets nobody call from there.
    if found.body["properties"]["virtualNetworkType"] == "Internal" {
        return Reply::closed();
    }
    let portals = &found.body["properties"];
    let has_access = |which: &str| {
        let id = format!("{service}/tenant/{which}");
        plane
            .store
            .get(&id)
            .is_some_and(|object| object.body["properties"]["enabled"] == true)
    };
    match role {
        Companion::Portal if portals["legacyPortalStatus"] == "Enabled" => portal(),
        // Documented: on unless it is turned off.
        Companion::DeveloperPortal if portals["developerPortalStatus"] != "Disabled" => portal(),
        Companion::Management if has_access("access") => unauthorized(),
        Companion::Scm if has_access("gitAccess") => unauthorized(),
        Companion::Portal | Companion::DeveloperPortal | Companion::Management | Companion::Scm => {
            Reply::empty(404)
        }
    }
}

fn portal() -> Reply {
    Reply::html(
        200,
        "<!DOCTYPE html><title>API Management developer portal</title><p>The portal is on.\n",
    )
}

fn unauthorized() -> Reply {
    Reply::empty(401).with("WWW-Authenticate", "SharedAccessSignature")
}

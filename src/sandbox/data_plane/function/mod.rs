//! App Service: what a Function App and its Kudu site answer, by the stored site, its `config/web`, `authsettingsV2` and
//! publishing policies.
//!
//! In the order of the front end: network, access restrictions, HTTPS, client certificate, Easy Auth, then the app. The
//! app is an echo: it says what reached it, and marks its answers with `X-Secgw-Backend`, so that a caller can tell a
//! reply of the Function from one of those before it. Service endpoints and private endpoints are seen; the security
//! group of a private endpoint's subnet is not evaluated. FTP is not HTTP, and is not served.

mod auth;
mod echo;
mod restriction;
mod scm;

use serde_json::Value;

use super::call::{Call, Reply, Scheme, TlsVersion, Via};
use super::hosts::{name, text};
use super::{Plane, private_path};
use restriction::Verdict;

/// The stored configuration of a site.
struct Site<'a> {
    id: &'a str,
    properties: &'a Value,
    web: &'a Value,
}

const NONE: &Value = &Value::Null;

impl<'a> Site<'a> {
    fn of(plane: &Plane<'a>, id: &str) -> Option<Self> {
        let object = plane.store.get(id)?;
        Some(Self {
            id: &object.id,
            properties: &object.body["properties"],
            web: config(plane, id, "web"),
        })
    }

    /// Whether a call from the Internet is refused before anything else is looked at.
    ///
    /// Documented: where the property is not set, an approved private endpoint turns public access off.
    fn is_private(&self, plane: &Plane) -> bool {
        let said = [
            &self.properties["publicNetworkAccess"],
            &self.web["publicNetworkAccess"],
        ];
        let is = |word: &str| {
            said.iter().any(|value| {
                value
                    .as_str()
                    .is_some_and(|value| value.eq_ignore_ascii_case(word))
            })
        };
        is("Disabled") || (!is("Enabled") && private_path::has_approved(plane.store, self.id))
    }
}

fn config<'a>(plane: &Plane<'a>, site: &str, which: &str) -> &'a Value {
    plane
        .store
        .get(&format!("{site}/config/{which}"))
        .map_or(NONE, |object| &object.body["properties"])
}

pub(super) fn answer(plane: &Plane, id: &str, call: &Call) -> Reply {
    let Some(site) = Site::of(plane, id) else {
        return Reply::closed();
    };
    match admit(plane, &site, call, false) {
        Err(refused) => refused,
        Ok(()) => match auth::authenticate(plane, &site, call) {
            Err(refused) => refused,
            Ok(caller) => echo::answer(plane, &site, call, caller.as_ref()),
        },
    }
}

pub(super) fn answer_scm(plane: &Plane, id: &str, call: &Call) -> Reply {
    let Some(site) = Site::of(plane, id) else {
        return Reply::closed();
    };
    match admit(plane, &site, call, true) {
        Err(refused) => refused,
        Ok(()) => scm::answer(plane, &site, call),
    }
}

/// The front end: everything that refuses a call before the app sees it.
fn admit(plane: &Plane, site: &Site, call: &Call, is_scm: bool) -> Result<(), Reply> {
    if site.properties["enabled"] == false {
        return Err(page(
            403,
            "Web App - Unavailable",
            "This web app is stopped.",
        ));
    }
    let minimum = minimum_tls(site.web, is_scm);
    if call.tls.as_ref().is_some_and(|tls| tls.version < minimum) {
        return Err(Reply::closed());
    }
    if !private_path::is_taken(plane.store, site.id, call) {
        if site.is_private(plane) {
            return Err(forbidden(call));
        }
        match restriction::verdict(plane, site, call, is_scm) {
            Verdict::Allow => {}
            Verdict::Deny => return Err(forbidden(call)),
            Verdict::Unknown(what) => return Err(Reply::cannot_evaluate(&what)),
        }
    }
    if call.scheme == Scheme::Http && site.properties["httpsOnly"] == true {
        let to = format!("https://{}{}", call.host, call.target);
        return Err(Reply::empty(301).with("Location", to));
    }
    certificate(site, call)
}

/// `minTlsVersion` as App Service means it; 1.2 where it is not set.
pub(super) fn minimum_tls(web: &Value, is_scm: bool) -> TlsVersion {
    let member = if is_scm {
        "scmMinTlsVersion"
    } else {
        "minTlsVersion"
    };
    match web[member].as_str() {
        Some("1.0") => TlsVersion::Tls10,
        Some("1.1") => TlsVersion::Tls11,
        Some("1.3") => TlsVersion::Tls13,
        _ => TlsVersion::Tls12,
    }
}

/// Nobody in the sandbox shows a client certificate.
fn certificate(site: &Site, call: &Call) -> Result<(), Reply> {
    let is_wanted = site.properties["clientCertEnabled"] == true
        && site.properties["clientCertMode"] == "Required";
    let excluded = text(site.properties, "/clientCertExclusionPaths");
    let is_excluded = excluded
        .split(';')
        .any(|path| !path.is_empty() && call.path().starts_with(path));
    if is_wanted && !is_excluded {
        return Err(page(403, "Forbidden", "Client certificate required."));
    }
    Ok(())
}

/// Documented: the header shows the address that the rules were compared with.
fn forbidden(call: &Call) -> Reply {
    page(
        403,
        "Forbidden",
        "The web app you have attempted to reach has blocked your access.",
    )
    .with("x-ms-forbidden-ip", call.source.to_string())
}

fn page(status: u16, title: &str, sentence: &str) -> Reply {
    Reply::html(
        status,
        format!(
            "<!DOCTYPE html><title>{title}</title><h1>Error {status} - {title}</h1><p>{sentence}</p>\n"
        ),
    )
}

/// The name of a Function App, which marks its replies.
fn marker(site: &Site) -> String {
    name(site.id).to_owned()
}

/// The subnet of the gateway that calls, where it has one.
fn subnet(call: &Call) -> Option<&str> {
    match &call.via {
        Via::Gateway { subnet, .. } => subnet.as_deref(),
        Via::Internet | Via::FrontDoor { .. } => None,
    }
}

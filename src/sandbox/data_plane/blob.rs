//! Blob storage for those without a key: what anonymous callers may list or read.

use super::Plane;
use super::call::{Call, Reply, Scheme};
use super::hosts::text;
use super::source::is_within;
use crate::sandbox::store::Object;

pub(super) fn answer(plane: &Plane, account: &str, call: &Call) -> Reply {
    let Some(account) = plane.store.get(account) else {
        return Reply::closed();
    };
    let properties = &account.body["properties"];
    if call.scheme == Scheme::Http && properties["supportsHttpsTrafficOnly"] != false {
        return refused(400, "AccountRequiresHttps");
    }
    if is_walled(account, call) {
        return refused(403, "AuthorizationFailure");
    }
    if call.header("authorization").is_some() || call.parameter("sig").is_some() {
        return refused(403, "AuthenticationFailed");
    }
    if properties["allowBlobPublicAccess"] != true {
        return refused(409, "PublicAccessNotPermitted");
    }
    let container = call
        .path()
        .trim_matches('/')
        .split('/')
        .next()
        .unwrap_or_default();
    let id = format!("{}/blobServices/default/containers/{container}", account.id);
    let access = plane.store.get(&id).map_or("None", |object| {
        text(&object.body, "/properties/publicAccess")
    });
    let is_listing = call.parameter("comp").as_deref() == Some("list");
    match access {
        "Container" if is_listing => {
            let body = format!(
                "<?xml version=\"1.0\" encoding=\"utf-8\"?><EnumerationResults ContainerName=\"{container}\"><Blobs /></EnumerationResults>"
            );
            Reply::text(200, body).with("x-ms-version", "2021-12-02")
        }
        // The sandbox keeps no blobs.
        "Container" | "Blob" if !is_listing => refused(404, "BlobNotFound"),
        _ => refused(404, "ResourceNotFound"),
    }
}

fn is_walled(account: &Object, call: &Call) -> bool {
    let properties = &account.body["properties"];
    let rules = properties["networkAcls"]["ipRules"].as_array();
    let is_listed = rules
        .into_iter()
        .flatten()
        .any(|rule| is_within(text(rule, "/value"), call.source));
    properties["publicNetworkAccess"] == "Disabled"
        || (properties["networkAcls"]["defaultAction"] == "Deny" && !is_listed)
}

fn refused(status: u16, code: &str) -> Reply {
    let body =
        format!("<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code></Error>");
    Reply::text(status, body).with("x-ms-error-code", code)
}

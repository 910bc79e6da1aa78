//! Microsoft.Web: plans, function apps, and the configuration that lives beside a site rather than in it.
//!
//! `plan` is the table of tiers; `site` what a site is made of; `config` its `config/*` members, `restriction` the rules
//! of who may call it, `authentication` Easy Auth. Members that only ever hold one value stand in the JSON files.

pub(crate) mod authentication;
pub(crate) mod config;
pub(crate) mod plan;
pub(crate) mod restriction;
pub(crate) mod site;
mod site_demand;
mod site_shown;
mod version;

use serde_json::{Value, json};

use super::Behaviour;
use super::style::{Etag, LocationForm, Reply, Tags};
use super::{ROW, View};
use crate::sandbox::refusal::{ErrorStyle, Refusal};

pub(crate) const SITE: &str = "Microsoft.Web/sites";
pub(crate) const CONFIG: &str = "Microsoft.Web/sites/config";
pub(crate) const PLAN: &str = "Microsoft.Web/serverfarms";
pub(crate) const FLEX: &str = "FlexConsumption";

/// Everything here is synchronous, and a PUT answers 200 whether it makes or changes.
const WEB: Behaviour = Behaviour {
    versions: &[
        "2022-03-01",
        "2023-01-01",
        "2023-12-01",
        "2024-11-01",
        "2025-05-01",
    ],
    location: LocationForm::Display,
    tags: Tags::Omitted,
    etag: Etag::Web,
    create: Reply::done(200),
    patch: Some(Reply::done(200)),
    replaced_by_patch: &["/tags"],
    errors: ErrorStyle::Web,
    ..ROW
};

/// The provider's own error, with the entity its bodies carry.
fn refused(status: u16, code: &'static str, extended: &str, message: impl Into<String>) -> Refusal {
    let message = message.into();
    let entity = json!({
        "ExtendedCode": extended, "MessageTemplate": message, "Parameters": [], "Code": code, "Message": message,
    });
    Refusal::new(status, code, message).detail(entity)
}

fn bad(message: impl Into<String>) -> Refusal {
    refused(400, "BadRequest", "51021", message)
}

/// Members of `from` that `into` does not have.
fn fill(into: &mut Value, from: &Value) {
    let (Some(into), Some(from)) = (into.as_object_mut(), from.as_object()) else {
        return;
    };
    for (name, value) in from {
        if !into.contains_key(name) {
            into.insert(name.clone(), value.clone());
        }
    }
}

/// The JSON files beside this one; a test reads each.
fn data(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

/// Recorded: a write echoes the location as sent, a read shows its display name.
fn echo_location(body: &mut Value, presented: &super::Presented) {
    if presented.view == View::Written {
        body["location"] = presented.object.body["location"].clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_data_file_is_a_json_object() {
        for text in [
            config::DEFAULTS,
            config::NO_AUTHENTICATION,
            plan::FIXED,
            site::FIXED,
            site::DEFAULTS,
        ] {
            assert!(data(text).is_object());
        }
    }
}

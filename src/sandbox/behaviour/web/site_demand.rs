//! What a site must have: a name of its own, a plan, and by the plan a runtime, a deployment container, a subnet.

use std::borrow::Cow;

use serde_json::Value;

use super::{FLEX, PLAN, SITE, bad, plan, refused};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::arm::location;
use crate::sandbox::behaviour::network::subnet;

use crate::sandbox::behaviour::Write;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Object;

/// The name is a host name: nobody else's, in any group.
pub(super) fn unique(write: &Write) -> Result<(), Refusal> {
    let name = write.id.name().to_lowercase();
    let is_taken = write
        .store
        .of_kind("", SITE)
        .any(|other| other.key() != write.id.key() && other.key().ends_with(&format!("/{name}")));
    if is_taken {
        return Err(refused(
            409,
            "Conflict",
            "54001",
            format!(
                "Website with given name {} already exists.",
                write.id.name()
            ),
        ));
    }
    Ok(())
}

/// A plan may be named by id or by name; the id comes back (recorded).
pub(super) fn planned<'a>(write: &mut Write<'a>) -> Result<Cow<'a, Object>, Refusal> {
    let asked = write.body["properties"]["serverFarmId"]
        .as_str()
        .unwrap_or_default();
    let id = if asked.is_empty() {
        return Ok(plan::on_demand(write));
    } else if asked.contains('/') {
        asked.to_owned()
    } else {
        format!("{}/providers/{PLAN}/{asked}", write.id.scope)
    };
    let name = id.rsplit('/').next().unwrap_or_default().to_owned();
    let plan = write.store.get(&id).ok_or_else(|| {
        refused(
            404,
            "NotFound",
            "51004",
            format!("Cannot find serverFarm with name {name}."),
        )
    })?;
    let region = |body: &Value| location::short(body["location"].as_str().unwrap_or_default());
    if region(&plan.body) != region(&write.body) {
        return Err(refused(
            400,
            "BadRequest",
            "59306",
            format!("The site and its server farm {name} must be in the same location."),
        ));
    }
    // Documented: a Flex Consumption plan holds one app.
    let others = plan::sites(write.store, &plan.id);
    let is_occupied = others.iter().any(|other| other.key() != write.id.key());
    if plan::tier(plan) == FLEX && is_occupied {
        return Err(refused(
            409,
            "Conflict",
            "51033",
            format!(
                "Flex Consumption plan '{name}' already has a site: only one site is allowed per plan."
            ),
        ));
    }
    write.body["properties"]["serverFarmId"] = plan.id.clone().into();
    Ok(Cow::Borrowed(plan))
}

pub(super) fn runtime(write: &Write, plan: &Object) -> Result<(), Refusal> {
    let app = &write.body["properties"]["functionAppConfig"];
    match (plan::tier(plan) == FLEX, app.is_object()) {
        (true, false) => {
            return Err(bad(
                "Site.FunctionAppConfig is required for Flex Consumption sites.",
            ));
        }
        (false, true) => {
            return Err(bad(
                "Site.FunctionAppConfig is only allowed for Flex Consumption sites.",
            ));
        }
        (false, false) => return Ok(()),
        (true, true) => {}
    }
    let storage = &app["deployment"]["storage"];
    if storage["value"].is_null() || storage["authentication"]["type"].is_null() {
        return Err(bad(
            "Site.FunctionAppConfig.Deployment.Storage is required for Flex Consumption sites.",
        ));
    }
    deployment(write, storage)?;
    let version = app["runtime"]["version"].as_str().unwrap_or_default();
    let is_known = match app["runtime"]["name"].as_str() {
        Some("node") => ["18", "20", "22", "24"].contains(&version),
        Some(_) => !version.is_empty(),
        None => false,
    };
    if !is_known {
        return Err(bad(format!(
            "Site.FunctionAppConfig.Runtime.Version is invalid: '{version}'."
        )));
    }
    let scale = &app["scaleAndConcurrency"];
    let count = scale["maximumInstanceCount"].as_i64().unwrap_or(100);
    if !(40..=1000).contains(&count) {
        return Err(bad(format!(
            "Site.FunctionAppConfig.ScaleAndConcurrency.MaximumInstanceCount is invalid: {count}. The value must be between 40 and 1000."
        )));
    }
    let memory = scale["instanceMemoryMB"].as_i64().unwrap_or(2048);
    if ![512, 2048, 4096].contains(&memory) {
        return Err(bad(format!(
            "Site.FunctionAppConfig.ScaleAndConcurrency.InstanceMemoryMB is invalid: {memory}. The value must be one of 512, 2048, 4096."
        )));
    }
    Ok(())
}

/// The container exists where its account is here, and the identity that reads it is the site's own.
fn deployment(write: &Write, storage: &Value) -> Result<(), Refusal> {
    let value = storage["value"].as_str().unwrap_or_default();
    let (account, container) = value
        .strip_prefix("https://")
        .and_then(|rest| rest.split_once(".blob.core.windows.net/"))
        .ok_or_else(|| {
            bad(format!(
                "Site.FunctionAppConfig.Deployment.Storage.Value is invalid: '{value}'."
            ))
        })?;
    let owner = write
        .store
        .of_kind("", "Microsoft.Storage/storageAccounts")
        .find(|found| {
            found
                .key()
                .ends_with(&format!("/storageaccounts/{account}"))
        });
    if let Some(owner) = owner {
        let id = format!("{}/blobServices/default/containers/{container}", owner.id);
        if write.store.get(&id).is_none() {
            return Err(bad(format!(
                "The deployment storage container '{value}' was not found."
            )));
        }
    }
    let authentication = &storage["authentication"];
    if authentication["type"] == "UserAssignedIdentity" {
        let id = authentication["userAssignedIdentityResourceId"]
            .as_str()
            .unwrap_or_default();
        let is_own = write.body["identity"]["userAssignedIdentities"]
            .as_object()
            .is_some_and(|own| own.keys().any(|key| key.eq_ignore_ascii_case(id)));
        if !is_own {
            return Err(bad(format!(
                "The user assigned identity '{id}' of the deployment storage is not assigned to the site."
            )));
        }
    }
    Ok(())
}

/// VNet integration: by tier, and with the delegation the tier needs (domain facts B.1).
pub(super) fn integrated(write: &Write, plan: &Object) -> Result<(), Refusal> {
    let Some(id) = write.body["properties"]["virtualNetworkSubnetId"].as_str() else {
        return Ok(());
    };
    let tier = plan::tier(plan);
    let service = match tier {
        FLEX => "Microsoft.App/environments",
        "Dynamic" | "Free" | "Shared" => {
            return Err(bad(format!(
                "Virtual network integration is not supported by tier {tier}."
            )));
        }
        _ => "Microsoft.Web/serverFarms",
    };
    let network = ArmId::parse(id)
        .and_then(|id| id.parent())
        .and_then(|id| write.store.get(&id.key()));
    let (Some(subnet), Some(network)) = (write.store.get(id), network) else {
        return Err(bad(format!("Subnet {id} was not found.")));
    };
    if !subnet::is_delegated_to(subnet, service) {
        return Err(bad(format!(
            "Subnet {id} must be delegated to {service} before it can be used by tier {tier}."
        )));
    }
    let region = |body: &Value| location::short(body["location"].as_str().unwrap_or_default());
    if region(&network.body) != region(&write.body) {
        return Err(bad(format!(
            "Subnet {id} must be in the location of the site."
        )));
    }
    Ok(())
}

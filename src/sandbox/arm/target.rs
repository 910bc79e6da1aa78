//! What an ARM path is about.

use super::catalogue::Catalogue;
use super::id::ArmId;
use crate::sandbox::behaviour::Behaviour;
use crate::sandbox::refusal::Refusal;

pub(crate) enum Target {
    Resource {
        row: &'static Behaviour,
        id: ArmId,
    },
    Collection {
        row: &'static Behaviour,
        /// What the members are below of.
        scope: String,
    },
    Action {
        row: &'static Behaviour,
        id: ArmId,
        name: String,
    },
    /// Subscriptions, locations, providers: what ARM answers itself.
    Platform,
}

pub(crate) fn resolve(path: &str, catalogue: &Catalogue) -> Result<Target, Refusal> {
    let path = first_revision(path.trim_end_matches('/'));
    let path = path.as_str();
    if let Some(id) = ArmId::parse(path) {
        return match catalogue.row(&id.arm_type()) {
            Some(row) => Ok(Target::Resource { row, id }),
            None => Err(unknown_type(&id.arm_type(), catalogue)),
        };
    }
    let Some((scope, last)) = path.rsplit_once('/') else {
        return Ok(Target::Platform);
    };
    if is_groups(scope, last) {
        return catalogue
            .row("Microsoft.Resources/resourceGroups")
            .map(|row| Target::Collection {
                row,
                scope: scope.to_owned(),
            })
            .ok_or_else(|| unknown_type("Microsoft.Resources/resourceGroups", catalogue));
    }
    if let Some(parent) = ArmId::parse(scope) {
        return below(parent, last, path, catalogue);
    }
    match scope.to_ascii_lowercase().rfind("/providers/") {
        // `/subscriptions/{s}/providers/{ns}` and its `register` are ARM's own.
        Some(at) if !scope[at + "/providers/".len()..].contains('/') && last != "register" => {
            top_collection(
                &scope[..at],
                &scope[at + "/providers/".len()..],
                last,
                catalogue,
            )
        }
        _ => Ok(Target::Platform),
    }
}

/// `apis/orders;rev=1` is `apis/orders`: azurerm reads APIs so.
fn first_revision(path: &str) -> String {
    const MARK: &str = ";rev=1";
    match path.strip_suffix(MARK) {
        Some(rest) => rest.replace(";rev=1/", "/"),
        None => path.replace(";rev=1/", "/"),
    }
}

fn is_groups(scope: &str, last: &str) -> bool {
    last.eq_ignore_ascii_case("resourcegroups") && scope.matches('/').count() == 2
}

/// `…/{type}/{name}/{last}`: a child collection or an action.
fn below(parent: ArmId, last: &str, path: &str, catalogue: &Catalogue) -> Result<Target, Refusal> {
    if parent.is_group() {
        return Ok(Target::Platform);
    }
    let arm_type = format!("{}/{last}", parent.arm_type());
    if let Some(row) = catalogue.row(&arm_type) {
        return Ok(Target::Collection {
            row,
            scope: path[..path.len() - last.len() - 1].to_owned(),
        });
    }
    let row = catalogue
        .row(&parent.arm_type())
        .ok_or_else(|| unknown_type(&arm_type, catalogue))?;
    let action = row
        .actions
        .iter()
        .chain(row.views)
        .find(|action| action.name.eq_ignore_ascii_case(last));
    match action {
        Some(action) => Ok(Target::Action {
            row,
            id: parent,
            name: action.name.to_owned(),
        }),
        None => Err(unknown_type(&arm_type, catalogue)),
    }
}

fn top_collection(
    scope: &str,
    namespace: &str,
    last: &str,
    catalogue: &Catalogue,
) -> Result<Target, Refusal> {
    let arm_type = format!("{namespace}/{last}");
    match catalogue.row(&arm_type) {
        Some(row) => Ok(Target::Collection {
            row,
            scope: scope.to_owned(),
        }),
        // Actions on a provider: `checkNameAvailability`.
        None if super::provider::action(namespace, last).is_some() => Ok(Target::Platform),
        None => Err(unknown_type(&arm_type, catalogue)),
    }
}

fn unknown_type(arm_type: &str, catalogue: &Catalogue) -> Refusal {
    let (namespace, rest) = arm_type.split_once('/').unwrap_or((arm_type, ""));
    if catalogue.types(namespace).is_empty() {
        return Refusal::gateway(
            404,
            "InvalidResourceNamespace",
            format!("The resource namespace '{namespace}' is invalid."),
        );
    }
    Refusal::gateway(
        404,
        "InvalidResourceType",
        format!("The resource type '{rest}' could not be found in the namespace '{namespace}'."),
    )
}

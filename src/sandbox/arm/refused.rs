//! What ARM's front end and the providers say no to, in their words.

use serde_json::json;

use super::id::ArmId;
use crate::sandbox::behaviour::Behaviour;
use crate::sandbox::behaviour::shape::{Fault, Violation};
use crate::sandbox::refusal::{ErrorStyle, Refusal};

pub(crate) fn group_not_found(name: &str) -> Refusal {
    Refusal::gateway(
        404,
        "ResourceGroupNotFound",
        format!("Resource group '{name}' could not be found."),
    )
}

/// `Microsoft.Cdn/profiles/p/afdendpoints/e`, as the front end's messages name a resource.
fn described(id: &ArmId) -> String {
    let mut text = id.namespace.clone();
    for (kind, name) in &id.pairs {
        text.push('/');
        text.push_str(kind);
        text.push('/');
        text.push_str(name);
    }
    text
}

pub(crate) fn not_found(id: &ArmId) -> Refusal {
    if id.is_group() {
        return group_not_found(id.name());
    }
    let group = id.group().unwrap_or_default();
    Refusal::gateway(
        404,
        "ResourceNotFound",
        format!(
            "The Resource '{}' under resource group '{group}' was not found. \
             For more details please go to https://aka.ms/ARMResourceNotFoundFix",
            described(id)
        ),
    )
}

pub(crate) fn parent_not_found(verb: &str, row: &Behaviour, parent: &ArmId) -> Refusal {
    let (_, kind) = row.arm_type.split_once('/').unwrap_or(("", row.arm_type));
    Refusal::gateway(
        404,
        "ParentResourceNotFound",
        format!(
            "Failed to perform '{verb}' on resource(s) of type '{kind}', because the parent resource '{}' could not be found.",
            parent.text()
        ),
    )
}

pub(crate) fn method_not_allowed(method: &str) -> Refusal {
    Refusal::gateway(
        405,
        "MethodNotAllowed",
        format!("The requested resource does not support http method '{method}'."),
    )
}

pub(crate) fn precondition_failed(style: ErrorStyle) -> Refusal {
    let message = match style {
        ErrorStyle::ApiManagement => "Resource was modified since last retrieval.",
        ErrorStyle::Arm | ErrorStyle::Network | ErrorStyle::Web | ErrorStyle::Bare => {
            "The condition specified by the 'If-Match' or 'If-None-Match' header was not met (etag mismatch)."
        }
    };
    Refusal::new(412, "PreconditionFailed", message)
}

pub(crate) fn malformed(error: &serde_json::Error) -> Refusal {
    Refusal::gateway(
        400,
        "InvalidRequestContent",
        format!("The request content was invalid and could not be deserialized: '{error}'."),
    )
}

pub(crate) fn no_body() -> Refusal {
    Refusal::gateway(
        400,
        "InvalidRequestContent",
        "The request content is not valid and could not be deserialized: 'A JSON object is required.'.",
    )
}

pub(crate) fn invalid_name(row: &Behaviour, name: &str) -> Refusal {
    let kind = row.arm_type;
    match row.errors {
        ErrorStyle::ApiManagement => one_or_more(&[(
            "name".to_owned(),
            format!("'{name}' is not a valid name of '{kind}'."),
        )]),
        ErrorStyle::Arm | ErrorStyle::Network | ErrorStyle::Web | ErrorStyle::Bare => Refusal::new(
            400,
            "InvalidResourceName",
            format!("Resource name {name} is invalid for resource type '{kind}'."),
        ),
    }
}

pub(crate) fn location_taken(id: &ArmId, existing: &str, asked: &str) -> Refusal {
    Refusal::gateway(
        409,
        "InvalidResourceLocation",
        format!(
            "The resource '{}' already exists in location '{existing}' in resource group '{}'. \
             A resource with the same name cannot be created in location '{asked}'. Please select a new resource name.",
            id.name(),
            id.group().unwrap_or_default()
        ),
    )
}

pub(crate) fn location_unknown(row: &Behaviour, location: &str) -> Refusal {
    Refusal::gateway(
        400,
        "LocationNotAvailableForResourceType",
        format!(
            "The provided location '{location}' is not available for resource type '{}'.",
            row.arm_type
        ),
    )
}

/// What is wrong with a body, the way this provider says it.
pub(crate) fn invalid_body(row: &Behaviour, violations: &[Violation]) -> Refusal {
    if violations
        .iter()
        .any(|found| found.path == "location" && found.fault == Fault::Missing)
    {
        return Refusal::gateway(
            400,
            "LocationRequired",
            "The location property is required for this definition.",
        );
    }
    let said: Vec<(String, String)> = violations
        .iter()
        .map(|found| (found.path.clone(), sentence(found)))
        .collect();
    let first = said.first().map_or("", |(_, sentence)| sentence.as_str());
    match row.errors {
        ErrorStyle::ApiManagement => one_or_more(&said),
        ErrorStyle::Network => {
            let refusal = Refusal::new(400, "InvalidRequestFormat", "Cannot parse the request.");
            said.iter().fold(refusal, |refusal, (path, sentence)| {
                refusal
                    .detail(json!({ "code": "InvalidJson", "target": path, "message": sentence }))
            })
        }
        ErrorStyle::Arm | ErrorStyle::Web | ErrorStyle::Bare => {
            Refusal::new(400, "BadRequest", first)
        }
    }
}

/// API Management lists field errors under one heading.
pub(crate) fn one_or_more(fields: &[(String, String)]) -> Refusal {
    let refusal = Refusal::new(
        400,
        "ValidationError",
        "One or more fields contain incorrect values:",
    );
    fields.iter().fold(refusal, |refusal, (path, message)| {
        let target = path.trim_start_matches("properties.");
        refusal.detail(json!({ "code": "ValidationError", "target": target, "message": message }))
    })
}

fn sentence(found: &Violation) -> String {
    let path = &found.path;
    match &found.fault {
        Fault::Missing => format!("Required property '{path}' not found in JSON."),
        Fault::Unknown => format!("Could not find member '{path}' on object. Path '{path}'."),
        Fault::WrongType { expected, found } => {
            format!("Error converting value {found} to type '{expected}'. Path '{path}'.")
        }
        Fault::NotListed { found, allowed } => format!(
            "The value '{found}' of '{path}' is not one of the allowed values: {}.",
            allowed.join(", ")
        ),
    }
}

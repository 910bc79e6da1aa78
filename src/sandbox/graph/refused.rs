//! The refusals of Microsoft Graph that several collections share, in its words.

use serde_json::json;

use crate::sandbox::refusal::Refusal;

/// 404, also for what exists but has not replicated yet.
pub(super) fn absent(id: &str) -> Refusal {
    Refusal::new(
        404,
        "Request_ResourceNotFound",
        format!(
            "Resource '{id}' does not exist or one of its queried reference-property objects are not present."
        ),
    )
}

pub(super) fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "Request_BadRequest", message)
}

/// What the `OData` layer refuses, before the directory sees it.
pub(super) fn malformed(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

pub(super) fn no_segment(segment: &str) -> Refusal {
    malformed(format!("Resource not found for the segment '{segment}'."))
}

pub(super) fn invalid(property: &str, code: &'static str) -> Refusal {
    Refusal::new(400, code, "One or more properties contains invalid values.")
        .detail(json!({ "code": "InvalidValue", "message": "Invalid value specified.", "target": property }))
}

/// Another object has the value (recorded widely as 400 with an `ObjectConflict` detail).
pub(super) fn conflict(property: &str) -> Refusal {
    let message =
        format!("Another object with the same value for property {property} already exists.");
    bad(message.clone())
        .detail(json!({ "code": "ObjectConflict", "message": message, "target": property }))
}

/// 409, the older of the directory's two answers to a taken key.
pub(super) fn taken(message: impl Into<String>) -> Refusal {
    Refusal::new(409, "Request_MultipleObjectsWithSameKeyValue", message)
}

pub(super) fn forbidden() -> Refusal {
    Refusal::new(
        403,
        "Authorization_RequestDenied",
        "Insufficient privileges to complete the operation.",
    )
}

//! Delegated permission grants: one per client, resource and principal, its scopes a list in one string.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use uuid::Uuid;

use super::entity::{BOTH, Entity, Made, Update};
use super::query::Query;
use super::session::{Answer, Session, merge};
use super::{refused, service_principal, user};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::message::Response;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

pub(super) const COLLECTION: &str = "oauth2PermissionGrants";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.oAuth2PermissionGrant",
    versions: BOTH,
    alternate_keys: &[],
    readers: &[
        "DelegatedPermissionGrant.Read.All",
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    writers: &[
        "DelegatedPermissionGrant.ReadWrite.All",
        "Directory.ReadWrite.All",
    ],
    // Beta had required times once; v1.0 never did.
    shape: "{ -id: string, clientId!: string, consentType!: string, resourceId!: string, principalId: string, \
        scope: string, startTime: string, expiryTime: string }",
    blank: r#"{"clientId":null,"consentType":null,"id":null,"principalId":null,"resourceId":null,"scope":null}"#,
    shown: &[
        "clientId",
        "consentType",
        "id",
        "principalId",
        "resourceId",
        "scope",
    ],
    create: Some(create),
    update: Some(update),
    remove: Some(|_, object| vec![Entry::Remove(object.key())]),
    below: None,
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/resources/oauth2permissiongrant",
        "2025-01",
    ),
};

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let mut body = ENTITY.blank();
    merge(&mut body, sent);
    let client = principal(session, &body, "clientId")?;
    let resource = principal(session, &body, "resourceId")?;
    let user = consenter(session, &body)?;
    let id = id_of([Some(client), Some(resource), user]);
    // Recorded in terraform-provider-azuread issue 690.
    if session.all(COLLECTION).any(|grant| grant.body["id"] == id) {
        return Err(refused::taken("Permission entry already exists."));
    }
    body["id"] = id.into();
    Ok(Made::alone(session.object(COLLECTION, body)))
}

/// Only the scopes of a grant can change.
fn update(_: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    for name in ["clientId", "resourceId", "consentType", "principalId"] {
        if update.merged[name] != update.object.body[name] {
            return Err(refused::bad(format!(
                "Property '{name}' is read-only and cannot be set."
            )));
        }
    }
    Ok(vec![Session::changed(update.object, update.merged.clone())])
}

fn principal(session: &Session, body: &Value, property: &str) -> Result<Uuid, Refusal> {
    let id = body[property].as_str().unwrap_or_default();
    let found = session.get(service_principal::COLLECTION, id)?;
    parse(found)
}

fn consenter(session: &Session, body: &Value) -> Result<Option<Uuid>, Refusal> {
    let principal = body["principalId"].as_str();
    match (body["consentType"].as_str(), principal) {
        (Some("AllPrincipals"), None) => Ok(None),
        (Some("Principal"), Some(id)) => parse(session.get(user::COLLECTION, id)?).map(Some),
        _ => Err(refused::invalid("consentType", "Request_BadRequest")),
    }
}

fn parse(object: &Object) -> Result<Uuid, Refusal> {
    let id = object.body["id"].as_str().unwrap_or_default();
    Uuid::parse_str(id).map_err(|_| refused::absent(id))
}

/// Grants are named after what they connect.
fn id_of(parts: [Option<Uuid>; 3]) -> String {
    let bytes: Vec<u8> = parts
        .into_iter()
        .flatten()
        .flat_map(|id| id.to_bytes_le())
        .collect();
    URL_SAFE_NO_PAD.encode(bytes)
}

/// `servicePrincipals/{id}/oauth2PermissionGrants`
pub(super) fn of_client(session: &Session, client: &Object) -> Result<Answer, Refusal> {
    let query = Query::parse(session.request, &ENTITY)?;
    let mut grants = session.visible(COLLECTION);
    grants.retain(|grant| grant.body["clientId"] == client.body["id"]);
    let body = query.page(session, &ENTITY, grants);
    Ok(Answer::unchanged(Response::json(200, body)))
}

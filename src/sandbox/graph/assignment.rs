//! App roles given to principals: `servicePrincipals/{id}/appRoleAssignedTo` and `…/appRoleAssignments`, one thing seen
//! from the resource and from the principal.

use serde_json::{Value, json};

use super::entity::Entity;
use super::query::{Query, context};
use super::session::{Answer, Session, items, merge};
use super::{refused, service_principal, user};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::message::{Method, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

pub(super) const COLLECTION: &str = "appRoleAssignedTo";

/// Assignment to the application as such, without one of its roles.
const DEFAULT_ROLE: &str = "00000000-0000-0000-0000-000000000000";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.appRoleAssignment",
    // Reached through a service principal only.
    versions: &[],
    alternate_keys: &[],
    readers: &[
        "Application.Read.All",
        "Application.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
        "AppRoleAssignment.ReadWrite.All",
    ],
    writers: &["AppRoleAssignment.ReadWrite.All"],
    shape: "{ -id: string, -createdDateTime: string, -deletedDateTime: any, -principalDisplayName: string, \
        -principalType: string, appRoleId!: string, principalId!: string, resourceId!: string, \
        resourceDisplayName: string }",
    blank: r#"{"id":null,"deletedDateTime":null,"appRoleId":null,"createdDateTime":null,"principalDisplayName":null,
        "principalId":null,"principalType":null,"resourceDisplayName":null,"resourceId":null}"#,
    shown: &[],
    create: None,
    update: None,
    remove: None,
    below: None,
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/resources/approleassignment",
        "2025-03",
    ),
};

/// `rest` starts with the side it is seen from.
pub(super) fn below(session: &Session, object: &Object, rest: &[&str]) -> Result<Answer, Refusal> {
    if !super::is_permitted(session, &ENTITY) {
        return Err(refused::forbidden());
    }
    let (side, rest) = rest.split_first().unwrap_or((&"", &[]));
    let own = if *side == COLLECTION {
        "resourceId"
    } else {
        "principalId"
    };
    match (session.request.method, rest) {
        (Method::Get, []) => list(session, object, own),
        (Method::Post, []) => create(session, object, own),
        (Method::Get, [id]) => {
            let found = one(session, object, own, id)?;
            Ok(Answer::unchanged(Response::json(200, found.body.clone())))
        }
        (Method::Delete, [id]) => {
            let found = one(session, object, own, id)?;
            Ok(Answer::no_content(vec![Entry::Remove(found.key())]))
        }
        _ => Err(refused::no_segment(side)),
    }
}

fn list(session: &Session, object: &Object, own: &str) -> Result<Answer, Refusal> {
    let query = Query::parse(session.request, &ENTITY)?;
    let mut found = session.visible(COLLECTION);
    found.retain(|one| one.body[own] == object.body["id"]);
    let body = query.page(session, &ENTITY, found);
    Ok(Answer::unchanged(Response::json(200, body)))
}

fn one<'a>(
    session: &Session<'a>,
    object: &Object,
    own: &str,
    id: &str,
) -> Result<&'a Object, Refusal> {
    let found = session.get(COLLECTION, id)?;
    if found.body[own] == object.body["id"] {
        Ok(found)
    } else {
        Err(refused::absent(id))
    }
}

fn create(session: &Session, object: &Object, own: &str) -> Result<Answer, Refusal> {
    let sent = super::body(session, &ENTITY, true)?;
    if sent[own] != object.body["id"] {
        return Err(refused::bad(format!(
            "Property '{own}' does not match the service principal of the request."
        )));
    }
    let text = |name: &str| sent[name].as_str().unwrap_or_default().to_owned();
    let resource = session.get(service_principal::COLLECTION, &text("resourceId"))?;
    let (principal, kind) = principal(session, &text("principalId"))?;
    has_role(&resource.body, &text("appRoleId"))?;
    let is_same = |one: &Object| {
        ["appRoleId", "principalId", "resourceId"]
            .iter()
            .all(|name| one.body[*name] == sent[*name])
    };
    if session.all(COLLECTION).any(is_same) {
        return Err(refused::bad(
            "Permission being assigned already exists on the object",
        ));
    }
    let mut body = ENTITY.blank();
    merge(&mut body, &sent);
    let made = json!({
        "id": session.new_id("assignment"),
        "createdDateTime": session.timestamp(),
        "principalDisplayName": principal.body["displayName"],
        "principalType": kind,
        "resourceDisplayName": resource.body["displayName"],
    });
    merge(&mut body, &made);
    let mut shown = body.clone();
    shown["@odata.context"] = context(session.request, "appRoleAssignments", true).into();
    Ok(Answer {
        response: Response::json(201, shown),
        entries: vec![Entry::Put(session.object(COLLECTION, body))],
    })
}

fn principal<'a>(session: &Session<'a>, id: &str) -> Result<(&'a Object, &'static str), Refusal> {
    if let Ok(user) = session.get(user::COLLECTION, id) {
        return Ok((user, "User"));
    }
    let principal = session.get(service_principal::COLLECTION, id)?;
    Ok((principal, "ServicePrincipal"))
}

fn has_role(resource: &Value, role: &str) -> Result<(), Refusal> {
    let is_offered = items(&resource["appRoles"])
        .any(|offered| offered["id"] == role && offered["isEnabled"] == true);
    if is_offered || role == DEFAULT_ROLE {
        return Ok(());
    }
    Err(refused::bad(format!(
        "Permission being assigned was not found on application '{}'",
        resource["appId"].as_str().unwrap_or_default()
    )))
}

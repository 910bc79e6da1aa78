//! Sign-in flows of External ID directories (`authenticationEventsFlows`): sign-up is off unless asked for, and an
//! application belongs to one flow at most.

use serde_json::{Value, json};

use super::entity::{BOTH, Entity, Made, Update};
use super::session::{Answer, Session, has_text, items, merge};
use super::{refused, user_flow};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::message::{Method, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

const COLLECTION: &str = "identity/authenticationEventsFlows";
const TYPE: &str = "#microsoft.graph.externalUsersSelfServiceSignUpEventsFlow";
const APPLICATIONS: &str = "/conditions/applications/includeApplications";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.authenticationEventsFlow",
    versions: BOTH,
    alternate_keys: &[],
    readers: &["EventListener.Read.All", "EventListener.ReadWrite.All"],
    writers: &["EventListener.ReadWrite.All"],
    shape: "{ @odata.type!: string, -id: string, displayName!: string, description: string, priority: int, \
        conditions: { @odata.type: string, applications: { @odata.type: string, includeAllApplications: bool, \
          includeApplications: [{ @odata.type: string, appId!: string }] } }, \
        onInteractiveAuthFlowStart: { @odata.type: string, isSignUpAllowed: bool }, \
        onAuthenticationMethodLoadStart: { @odata.type: string, identityProviders: [any] }, \
        onAttributeCollection: any, onAttributeCollectionStart: any, onAttributeCollectionSubmit: any, \
        onUserCreateStart: any }",
    blank: r##"{"@odata.type":null,"id":null,"displayName":null,"description":null,"priority":500,
        "conditions":{"applications":{"includeAllApplications":false,"includeApplications":[]}},
        "onInteractiveAuthFlowStart":{
          "@odata.type":"#microsoft.graph.onInteractiveAuthFlowStartExternalUsersSelfServiceSignUp",
          "isSignUpAllowed":false},
        "onAuthenticationMethodLoadStart":{
          "@odata.type":"#microsoft.graph.onAuthenticationMethodLoadStartExternalUsersSelfServiceSignUp",
          "identityProviders":[]},
        "onAttributeCollection":null,"onAttributeCollectionStart":null,"onAttributeCollectionSubmit":null,
        "onUserCreateStart":null}"##,
    shown: &[],
    create: Some(create),
    update: Some(update),
    remove: Some(|_, object| vec![Entry::Remove(object.key())]),
    below: Some(below),
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/identitycontainer-post-authenticationeventsflows",
        "2025-07",
    ),
};

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let mut body = ENTITY.blank();
    merge(&mut body, sent);
    body["id"] = session.new_id("eventsFlow").into();
    check(session, &mut body)?;
    Ok(Made::alone(session.object(COLLECTION, body)))
}

/// The type must be said in every PATCH, because the collection is polymorphic.
fn update(session: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    if update.patch["@odata.type"].is_null() {
        return Err(refused::bad(
            "The property '@odata.type' is required to update a user flow.",
        ));
    }
    let mut body = update.merged.clone();
    check(session, &mut body)?;
    Ok(vec![Session::changed(update.object, body)])
}

fn check(session: &Session, body: &mut Value) -> Result<(), Refusal> {
    if body["@odata.type"] != TYPE {
        return Err(refused::invalid("@odata.type", "Request_BadRequest"));
    }
    let id = body["id"].as_str().unwrap_or_default().to_owned();
    let name = body["displayName"].as_str().unwrap_or_default();
    if session.is_taken(COLLECTION, "displayName", name, &id) {
        return Err(refused::conflict("displayName"));
    }
    for application in items(body.pointer(APPLICATIONS).unwrap_or(&Value::Null)) {
        free(
            session,
            application["appId"].as_str().unwrap_or_default(),
            &id,
        )?;
    }
    let providers = body.pointer_mut("/onAuthenticationMethodLoadStart/identityProviders");
    for provider in providers
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
    {
        *provider = user_flow::built_in(provider["id"].as_str().unwrap_or_default())?;
    }
    Ok(())
}

fn free(session: &Session, app_id: &str, flow: &str) -> Result<(), Refusal> {
    let is_linked = session
        .all(COLLECTION)
        .filter(|other| other.body["id"] != flow)
        .any(|other| links(other, app_id));
    if is_linked {
        return Err(refused::bad(format!(
            "The application '{app_id}' is already associated with a user flow."
        )));
    }
    Ok(())
}

fn links(flow: &Object, app_id: &str) -> bool {
    items(flow.body.pointer(APPLICATIONS).unwrap_or(&Value::Null))
        .any(|one| has_text(one, "appId", app_id))
}

fn below(session: &Session, object: &Object, rest: &[&str]) -> Result<Answer, Refusal> {
    let linked = object.body.pointer(APPLICATIONS).unwrap_or(&Value::Null);
    match (session.request.method, rest) {
        (Method::Get, ["conditions", "applications", "includeApplications"]) => Ok(
            Answer::unchanged(Response::json(200, json!({ "value": linked }))),
        ),
        (Method::Post, ["conditions", "applications", "includeApplications"]) => {
            link(session, object)
        }
        (Method::Delete, ["conditions", "applications", "includeApplications", app_id]) => {
            unlink(object, app_id)
        }
        _ => Err(refused::no_segment(rest.first().unwrap_or(&""))),
    }
}

fn link(session: &Session, object: &Object) -> Result<Answer, Refusal> {
    let sent = session.sent()?;
    let app_id = sent["appId"]
        .as_str()
        .ok_or_else(|| refused::bad("A value is required for property 'appId'."))?;
    free(
        session,
        app_id,
        object.body["id"].as_str().unwrap_or_default(),
    )?;
    let application = json!({
        "@odata.type": "#microsoft.graph.authenticationConditionApplication", "appId": app_id,
    });
    if links(object, app_id) {
        return Err(refused::bad(format!(
            "The application '{app_id}' is already associated with a user flow."
        )));
    }
    let mut body = object.body.clone();
    if let Some(list) = body.pointer_mut(APPLICATIONS).and_then(Value::as_array_mut) {
        list.push(application.clone());
    }
    Ok(Answer {
        response: Response::json(201, application),
        entries: vec![Session::changed(object, body)],
    })
}

fn unlink(object: &Object, app_id: &str) -> Result<Answer, Refusal> {
    if !links(object, app_id) {
        return Err(refused::absent(app_id));
    }
    let mut body = object.body.clone();
    if let Some(list) = body.pointer_mut(APPLICATIONS).and_then(Value::as_array_mut) {
        list.retain(|one| !has_text(one, "appId", app_id));
    }
    Ok(Answer::no_content(vec![Session::changed(object, body)]))
}

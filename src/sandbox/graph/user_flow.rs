//! B2C user flows (beta): a name that gets a prefix, a type for life, and the identity providers it offers.

use serde_json::{Value, json};

use super::entity::{Entity, Made, Update, Version};
use super::query::context;
use super::refused;
use super::session::{Answer, Session, merge, texts};
use crate::sandbox::behaviour::Evidence;
use crate::sandbox::message::{Method, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

const COLLECTION: &str = "identity/b2cUserFlows";
const PREFIX: &str = "B2C_1_";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.b2cIdentityUserFlow",
    versions: &[Version::Beta],
    alternate_keys: &[],
    readers: &[
        "IdentityUserFlow.Read.All",
        "IdentityUserFlow.ReadWrite.All",
    ],
    writers: &["IdentityUserFlow.ReadWrite.All"],
    shape: "{ id!: string, userFlowType!: signUp|signIn|signUpOrSignIn|passwordReset|profileUpdate|resourceOwner, \
        userFlowTypeVersion!: number, isLanguageCustomizationEnabled: bool, defaultLanguageTag: string, \
        apiConnectorConfiguration: any, identityProviders: [any] }",
    blank: r#"{"id":null,"userFlowType":null,"userFlowTypeVersion":null,"isLanguageCustomizationEnabled":false,
        "defaultLanguageTag":null,"apiConnectorConfiguration":null}"#,
    shown: &[],
    create: Some(create),
    update: Some(update),
    remove: Some(|_, object| vec![Entry::Remove(object.key())]),
    below: Some(below),
    evidence: Evidence::Documented(
        "learn.microsoft.com/graph/api/identitycontainer-post-b2cuserflows",
        "2025-07",
    ),
};

/// What a directory offers without being told about a provider.
const BUILT_IN: &[(&str, &str, &str)] = &[
    (
        "EmailPassword-OAUTH",
        "EmailPassword",
        "Email with password",
    ),
    (
        "EmailOtpSignup-OAUTH",
        "EmailOTP",
        "Email One Time Passcode",
    ),
    ("AADSignup-OAUTH", "AADSignup", "Microsoft Entra ID Sign up"),
    ("MSASignup-OAUTH", "MicrosoftAccount", "Microsoft Account"),
];

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let name = sent["id"].as_str().unwrap_or_default();
    let id = if name.starts_with(PREFIX) {
        name.to_owned()
    } else {
        format!("{PREFIX}{name}")
    };
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || "_-".contains(char));
    if !is_name {
        return Err(refused::invalid("id", "AADB2C"));
    }
    if session.is_taken(COLLECTION, "id", &id, "") {
        return Err(Refusal::new(
            409,
            "AADB2C",
            format!("A user flow with the id '{id}' already exists."),
        ));
    }
    let providers = &sent["identityProviders"];
    let mut body = ENTITY.blank();
    merge(&mut body, sent);
    body["id"] = id.into();
    if let Some(body) = body.as_object_mut() {
        body.remove("identityProviders");
    }
    let mut object = session.object(COLLECTION, body);
    let mut ids = Vec::new();
    for provider in providers.as_array().into_iter().flatten() {
        let id = provider["id"].as_str().unwrap_or_default();
        built_in(id)?;
        ids.push(id.to_owned());
    }
    object.hidden["identityProviders"] = ids.into();
    Ok(Made::alone(object))
}

fn update(_: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    for name in ["id", "userFlowType", "userFlowTypeVersion"] {
        if update.merged[name] != update.object.body[name] {
            return Err(Refusal::new(
                400,
                "AADB2C",
                format!("The property '{name}' of a user flow cannot be changed."),
            ));
        }
    }
    Ok(vec![Session::changed(update.object, update.merged.clone())])
}

fn below(session: &Session, object: &Object, rest: &[&str]) -> Result<Answer, Refusal> {
    match (session.request.method, rest) {
        (Method::Get, ["userflowIdentityProviders" | "identityProviders"]) => {
            Ok(providers(session, object))
        }
        (Method::Post, ["userflowIdentityProviders" | "identityProviders", "$ref"]) => {
            add(session, object)
        }
        (
            Method::Delete,
            [
                "userflowIdentityProviders" | "identityProviders",
                id,
                "$ref",
            ],
        ) => take(object, id),
        _ => Err(refused::no_segment(rest.first().unwrap_or(&""))),
    }
}

fn providers(session: &Session, object: &Object) -> Answer {
    let values: Vec<Value> = texts(&object.hidden["identityProviders"])
        .filter_map(|id| built_in(id).ok())
        .collect();
    Answer::unchanged(Response::json(
        200,
        json!({
            "@odata.context": context(session.request, "identityProviders", false),
            "value": values,
        }),
    ))
}

/// The body is `{"@odata.id": "https://graph.microsoft.com/beta/identity/identityProviders/{id}"}`.
fn add(session: &Session, object: &Object) -> Result<Answer, Refusal> {
    let sent = session.sent()?;
    let id = sent["@odata.id"]
        .as_str()
        .and_then(|link| link.rsplit('/').next())
        .ok_or_else(|| refused::malformed("The property '@odata.id' is required."))?;
    built_in(id)?;
    if texts(&object.hidden["identityProviders"]).any(|present| present == id) {
        return Err(refused::bad(
            "One or more added object references already exist for the following modified properties: 'userflowIdentityProviders'.",
        ));
    }
    let mut ids: Vec<&str> = texts(&object.hidden["identityProviders"]).collect();
    ids.push(id);
    Ok(Answer::no_content(vec![with_providers(object, &ids)]))
}

fn take(object: &Object, id: &str) -> Result<Answer, Refusal> {
    let ids: Vec<&str> = texts(&object.hidden["identityProviders"]).collect();
    if !ids.contains(&id) {
        return Err(refused::absent(id));
    }
    let rest: Vec<&str> = ids.into_iter().filter(|present| *present != id).collect();
    Ok(Answer::no_content(vec![with_providers(object, &rest)]))
}

fn with_providers(object: &Object, ids: &[&str]) -> Entry {
    let mut changed = object.clone();
    changed.hidden["identityProviders"] = json!(ids);
    Entry::Put(changed)
}

pub(super) fn built_in(id: &str) -> Result<Value, Refusal> {
    BUILT_IN
        .iter()
        .find(|(known, _, _)| *known == id)
        .map(|(id, kind, name)| {
            json!({
                "@odata.type": "#microsoft.graph.builtInIdentityProvider",
                "id": id, "identityProviderType": kind, "displayName": name,
            })
        })
        .ok_or_else(|| refused::absent(id))
}

//! Accounts of a directory: found by what a person signs in with, and made where sign-up is open.

use serde_json::{Value, json};
use uuid::Uuid;

use super::Authority;
use crate::sandbox::behaviour::digest;
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::hosts::text;
use crate::sandbox::store::{Entry, Object, Store};

pub(super) const USERS: &str = "graph:users";

pub(super) enum SignInError {
    /// No such account, or not its password: told apart to nobody.
    Invalid,
    Disabled,
}

/// The account with this local sign-in name.
pub(super) fn find<'a>(store: &'a Store, authority: &Authority, name: &str) -> Option<&'a Object> {
    store.of_kind(&authority.in_graph(), USERS).find(|user| {
        let identities = user.body["identities"].as_array();
        identities.into_iter().flatten().any(|identity| {
            matches!(text(identity, "/signInType"), "emailAddress" | "userName")
                && text(identity, "/issuerAssignedId").eq_ignore_ascii_case(name)
        })
    })
}

/// `password` none: the sandbox's own way in.
pub(super) fn sign_in<'a>(
    store: &'a Store,
    authority: &Authority,
    name: &str,
    password: Option<&str>,
) -> Result<&'a Object, SignInError> {
    let user = find(store, authority, name).ok_or(SignInError::Invalid)?;
    let is_right = password
        .is_none_or(|password| text(&user.hidden, "/password") == digest(&Value::from(password)));
    if !is_right {
        return Err(SignInError::Invalid);
    }
    if user.body["accountEnabled"] != true {
        return Err(SignInError::Disabled);
    }
    Ok(user)
}

/// A new account as sign-up makes it. The server writes it after the reply.
pub(super) fn sign_up(
    plane: &mut Plane,
    authority: &Authority,
    name: &str,
    password: &str,
) -> Object {
    let id = Uuid::new_v4().to_string();
    let issuer = plane
        .store
        .get(&format!(
            "{}/organization/{}",
            authority.in_graph(),
            authority.directory
        ))
        .and_then(|object| object.body["verifiedDomains"][0]["name"].as_str())
        .unwrap_or(&authority.tenant)
        .to_owned();
    let principal = format!("{id}@{issuer}");
    let body = json!({
        "id": id, "displayName": name, "accountEnabled": true, "creationType": "LocalAccount", "userType": "Member",
        "createdDateTime": crate::sandbox::world::timestamp(plane.now), "userPrincipalName": principal,
        "mailNickname": id, "passwordPolicies": "DisablePasswordExpiration", "passwordProfile": null,
        "businessPhones": [], "otherMails": [],
        "identities": [
            { "signInType": "emailAddress", "issuer": issuer, "issuerAssignedId": name },
            { "signInType": "userPrincipalName", "issuer": issuer, "issuerAssignedId": principal },
        ],
    });
    let mut object = Object::new(format!("{}/users/{id}", authority.in_graph()), USERS, body);
    object.hidden = json!({ "password": digest(&Value::from(password)) });
    plane.counters.writes.push(Entry::Put(object.clone()));
    object
}

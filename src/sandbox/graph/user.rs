//! Users, above all local accounts: who may sign in with an address and a password kept by the directory.

use serde_json::{Value, json};

use super::entity::{BOTH, Entity, Made, Update};
use super::session::{Session, items, merge};
use super::{deleted, organization, refused};
use crate::sandbox::behaviour::{Evidence, digest};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};

pub(super) const COLLECTION: &str = "users";

pub(super) const ENTITY: Entity = Entity {
    collection: COLLECTION,
    odata_type: "microsoft.graph.user",
    versions: BOTH,
    alternate_keys: &["userPrincipalName"],
    readers: &[
        "User.Read.All",
        "User.ReadWrite.All",
        "Directory.Read.All",
        "Directory.ReadWrite.All",
    ],
    writers: &["User.ReadWrite.All", "Directory.ReadWrite.All"],
    shape: "{ -id: string, -creationType: string, -createdDateTime: string, -deletedDateTime: any, \
        accountEnabled: bool, displayName!: string, givenName: string, surname: string, mail: string, \
        mailNickname: string, userPrincipalName: string, passwordPolicies: string, userType: string, \
        usageLocation: string, otherMails: [string], jobTitle: string, preferredLanguage: string, \
        mobilePhone: string, officeLocation: string, businessPhones: [string], \
        identities: [{ signInType!: string, issuer!: string, issuerAssignedId: string }], \
        passwordProfile: { password: string, forceChangePasswordNextSignIn: bool, \
          forceChangePasswordNextSignInWithMfa: bool } }",
    blank: r#"{"businessPhones":[],"displayName":null,"givenName":null,"jobTitle":null,"mail":null,"mobilePhone":null,
        "officeLocation":null,"preferredLanguage":null,"surname":null,"userPrincipalName":null,"id":null,
        "accountEnabled":null,"createdDateTime":null,"creationType":null,"deletedDateTime":null,"identities":[],
        "mailNickname":null,"otherMails":[],"passwordPolicies":null,"passwordProfile":null,"usageLocation":null,
        "userType":"Member"}"#,
    // What is not in here must be asked for with `$select`, identities and accountEnabled too.
    shown: &[
        "businessPhones",
        "displayName",
        "givenName",
        "jobTitle",
        "mail",
        "mobilePhone",
        "officeLocation",
        "preferredLanguage",
        "surname",
        "userPrincipalName",
        "id",
    ],
    create: Some(create),
    update: Some(update),
    remove: Some(deleted::bury),
    below: None,
    evidence: Evidence::Documented("learn.microsoft.com/graph/api/user-post-users", "2025-05"),
};

fn create(session: &Session, sent: &Value) -> Result<Made, Refusal> {
    let mut body = ENTITY.blank();
    merge(&mut body, sent);
    let id = session.new_id("user");
    body["id"] = id.clone().into();
    body["createdDateTime"] = session.timestamp();
    let also = if local_identities(&body).next().is_some() {
        local_account(session, &mut body, &id)?
    } else {
        work_account(&body)?;
        Vec::new()
    };
    unique(session, &body)?;
    let password = take_password(&mut body)?
        .ok_or_else(|| refused::bad("A password must be specified to create a new user."))?;
    let mut object = session.object(COLLECTION, body);
    object.hidden["password"] = password.into();
    Ok(Made {
        also,
        ..Made::alone(object)
    })
}

fn update(session: &Session, update: &Update) -> Result<Vec<Entry>, Refusal> {
    let mut body = update.merged.clone();
    let mut object = update.object.clone();
    if let Some(password) = take_password(&mut body)? {
        object.hidden["password"] = password.into();
    }
    unique(session, &body)?;
    Ok(vec![Entry::Put(Object { body, ..object })])
}

/// Identities whose password the directory keeps (not federated ones, not the user principal name).
fn local_identities(body: &Value) -> impl Iterator<Item = &Value> {
    items(&body["identities"]).filter(|identity| {
        matches!(
            identity["signInType"].as_str(),
            Some("emailAddress" | "userName")
        )
    })
}

/// Documented for B2C and External ID local accounts: the password does not expire and is not changed at next sign-in.
fn local_account(session: &Session, body: &mut Value, id: &str) -> Result<Vec<Entry>, Refusal> {
    let policies = body["passwordPolicies"].as_str().unwrap_or_default();
    if !policies.contains("DisablePasswordExpiration") {
        return Err(refused::invalid("passwordPolicies", "Request_BadRequest"));
    }
    if body["passwordProfile"]["forceChangePasswordNextSignIn"] != false {
        return Err(refused::invalid(
            "passwordProfile.forceChangePasswordNextSignIn",
            "Request_BadRequest",
        ));
    }
    let mut learnt = None;
    let mut issuer = String::new();
    for identity in local_identities(body) {
        identity["issuer"]
            .as_str()
            .unwrap_or_default()
            .clone_into(&mut issuer);
        let has_id = identity["issuerAssignedId"]
            .as_str()
            .is_some_and(|id| !id.is_empty());
        learnt = organization::verify(session, &issuer)
            .filter(|_| has_id)
            .ok_or_else(|| refused::invalid("identities", "Request_BadRequest"))?
            .learnt();
    }
    let domain = organization::domain(session).unwrap_or(issuer);
    own_name(body, id, &domain);
    Ok(learnt.into_iter().collect())
}

/// Every user has a principal name, and an identity for it.
fn own_name(body: &mut Value, id: &str, domain: &str) {
    if body["userPrincipalName"].is_null() {
        body["userPrincipalName"] = format!("{id}@{domain}").into();
    }
    let identity = json!({
        "signInType": "userPrincipalName", "issuer": domain,
        "issuerAssignedId": body["userPrincipalName"],
    });
    if let Some(identities) = body["identities"].as_array_mut() {
        identities.push(identity);
    }
    let own = json!({ "creationType": "LocalAccount", "mailNickname": id });
    merge(body, &own);
    if body["accountEnabled"].is_null() {
        body["accountEnabled"] = true.into();
    }
}

fn work_account(body: &Value) -> Result<(), Refusal> {
    for name in ["accountEnabled", "mailNickname", "userPrincipalName"] {
        if body[name].is_null() {
            return Err(refused::bad(format!(
                "A value is required for property '{name}' of resource 'User'."
            )));
        }
    }
    Ok(())
}

fn unique(session: &Session, body: &Value) -> Result<(), Refusal> {
    let id = body["id"].as_str().unwrap_or_default();
    let others = || {
        session
            .all(COLLECTION)
            .filter(|other| other.body["id"] != id)
    };
    for identity in items(&body["identities"]) {
        let is_taken = others().any(|other| {
            items(&other.body["identities"]).any(|taken| is_same_identity(taken, identity))
        });
        if is_taken {
            return Err(refused::conflict("proxyAddresses"));
        }
    }
    let name = body["userPrincipalName"].as_str().unwrap_or_default();
    if session.is_taken(COLLECTION, "userPrincipalName", name, id) {
        return Err(refused::conflict("userPrincipalName"));
    }
    Ok(())
}

fn is_same_identity(one: &Value, other: &Value) -> bool {
    ["issuer", "issuerAssignedId"].iter().all(|name| {
        let (one, other) = (one[*name].as_str(), other[*name].as_str());
        one.zip(other)
            .is_some_and(|(one, other)| one.eq_ignore_ascii_case(other))
    })
}

/// Takes the password out of what is stored, leaving its digest; None when none was sent.
fn take_password(body: &mut Value) -> Result<Option<String>, Refusal> {
    let policies = body["passwordPolicies"].as_str().unwrap_or_default();
    let is_weak_allowed = policies.contains("DisableStrongPassword");
    let profile = body["passwordProfile"].take();
    let Some(password) = profile["password"].as_str() else {
        return Ok(None);
    };
    if !is_complex(password, is_weak_allowed) {
        // Recorded in microsoftgraph/msgraph-sdk-java-auth issue 36.
        let message = "The specified password does not comply with password complexity requirements. Please provide a different password.";
        return Err(refused::bad(message).detail(
            json!({ "code": "InvalidValue", "message": message, "target": "passwordProfile" }),
        ));
    }
    Ok(Some(digest(&password.into())))
}

/// 8 to 256 characters, of three kinds out of four.
fn is_complex(password: &str, is_weak_allowed: bool) -> bool {
    if !(8..=256).contains(&password.chars().count()) {
        return false;
    }
    let kinds: [fn(char) -> bool; 4] = [
        |char| char.is_ascii_lowercase(),
        |char| char.is_ascii_uppercase(),
        |char| char.is_ascii_digit(),
        |char| !char.is_ascii_alphanumeric(),
    ];
    let present = kinds
        .iter()
        .filter(|kind| password.chars().any(**kind))
        .count();
    is_weak_allowed || present >= 3
}

//! Policy documents at every scope, and policy fragments.

use serde_json::{Value, json};

use super::super::style::{Names, Reply, ReplyBody};
use super::super::{Behaviour, Evidence, Presented, Removal, View, Write};
use super::document::{Document, Malformed, Position, Spelling};
use super::statement::{self, Scope};
use super::{
    AT_ONCE, CHILD, TWO_HEADERS, invalid, is_before, is_identifier, location_only, missing,
    operation, service_id, text,
};
use crate::sandbox::arm::id::ArmId;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object, Store};

const EVIDENCE: Evidence = Evidence::Recorded("clifork_apim__test_apim_policy");
const FRAGMENT: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");

/// What every new service has at its outermost scope (documented; the comment is the portal's).
pub(super) const DEFAULT: &str = "<!--\r\n    IMPORTANT:\r\n    - Policy elements can appear only within the <inbound>, <outbound>, <backend> section elements.\r\n    - Only the <forward-request> policy element can appear within the <backend> section element.\r\n    - To apply a policy to the incoming request (before it is forwarded to the backend service), place a corresponding policy element within the <inbound> section element.\r\n    - To apply a policy to the outgoing response (before it is sent back to the caller), place a corresponding policy element within the <outbound> section element.\r\n    - To add a policy position the cursor at the desired insertion point and click on the round button associated with the policy.\r\n    - To remove a policy, delete the corresponding policy statement from the policy document.\r\n    - Policies are applied in the order of their appearance, from the top down.\r\n-->\r\n<policies>\r\n\t<inbound></inbound>\r\n\t<backend>\r\n\t\t<forward-request />\r\n\t</backend>\r\n\t<outbound></outbound>\r\n</policies>";

const POLICY: Behaviour = Behaviour {
    names: Names::Fixed(&["policy"]),
    shape: "{ properties!: { value!: string, format: xml|xml-link|rawxml|rawxml-link } }",
    patch: None,
    delete_absent: 204,
    not_found: Some(|_| missing("PoliciesConfiguration")),
    prepare,
    present,
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const GLOBAL: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/policies",
    create: Reply::done(200),
    ..POLICY
};

pub(super) const ROWS: &[Behaviour] = &[
    GLOBAL,
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apis/policies",
        ..POLICY
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apis/operations/policies",
        ..POLICY
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/products/policies",
        ..POLICY
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/policyFragments",
        names: Names::Checked(|name| is_identifier(name, 80)),
        shape: "{ properties!: { value!: string, description: string, format: xml|rawxml, -provisioningState: any } }",
        create: operation(201, ReplyBody::StateOnly, AT_ONCE),
        update: operation(200, ReplyBody::StateOnly, AT_ONCE),
        patch: None,
        not_found: Some(|_| missing("PolicyFragment")),
        prepare: prepare_fragment,
        removing: |removal| {
            let name = removal.object.id.rsplit('/').next().unwrap_or_default();
            unused(
                removal,
                &format!("fragment-id=\"{name}\""),
                "Policy fragment",
            )
        },
        present: present_fragment,
        evidence: FRAGMENT,
        ..CHILD
    },
];

fn read(properties: &Value) -> Result<Document, Refusal> {
    let spelling = match text(properties, "/format") {
        "rawxml" => Spelling::Raw,
        "" | "xml" => Spelling::Xml,
        link => {
            let message =
                format!("The document at the given address could not be retrieved ({link}).");
            return Err(invalid("value", message));
        }
    };
    Document::parse(text(properties, "/value"), spelling).map_err(|Malformed { message, at }| {
        let Position { line, column } = at;
        invalid(
            "representation",
            format!("{message} Line {line}, position {column}."),
        )
    })
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let document = read(&write.sent["properties"])?;
    let scope = match write.id.pairs.len() {
        2 => Scope::Global,
        _ => Scope::Below,
    };
    accepted(write, &document, scope)?;
    write.body =
        json!({ "properties": { "format": "xml", "value": document.print(Spelling::Xml) } });
    touch_api(write);
    Ok(())
}

fn accepted(write: &Write, document: &Document, scope: Scope) -> Result<(), Refusal> {
    let service = service_id(write.id);
    statement::check(document, scope)
        .and_then(|()| references(write.store, &service, document))
        .map_err(|message| invalid("representation", message))
}

/// An API's entity tag is renewed with its policy (recorded).
fn touch_api(write: &mut Write) {
    let is_same = write
        .previous
        .is_some_and(|before| before.body == write.body);
    let api = write
        .id
        .parent()
        .and_then(|parent| write.store.get(&parent.key()));
    if let Some(api) = api.filter(|api| !is_same && api.kind.ends_with("/apis")) {
        write.also.push(Entry::Put(api.clone()));
    }
}

/// Everything a document names must be there: named values, backends, fragments.
fn references(store: &Store, service: &str, document: &Document) -> Result<(), String> {
    let named = store.of_kind(service, super::entity::NAMED_VALUE.arm_type);
    let known: Vec<&str> = named
        .map(|value| text(&value.body, "/properties/displayName"))
        .collect();
    for name in placeholders(&document.print(Spelling::Raw)) {
        if !known.contains(&name.as_str()) {
            return Err(format!("Cannot find a property '{name}'"));
        }
    }
    for element in document.root.walk() {
        let wanted = match element.name.as_str() {
            "set-backend-service" => element
                .attribute("backend-id")
                .map(|id| ("backends", "Backend", id)),
            "include-fragment" => element
                .attribute("fragment-id")
                .map(|id| ("policyFragments", "Policy fragment", id)),
            _ => None,
        };
        let Some((collection, what, name)) =
            wanted.filter(|(_, _, name)| !name.contains(['@', '{']))
        else {
            continue;
        };
        if store
            .get(&format!("{service}/{collection}/{name}"))
            .is_none()
        {
            return Err(statement::error(
                element,
                &format!("{what} with id '{name}' could not be found"),
            ));
        }
    }
    Ok(())
}

/// The names in `{{name}}`.
fn placeholders(text: &str) -> Vec<String> {
    text.split("{{")
        .skip(1)
        .filter_map(|part| part.split_once("}}"))
        .map(|(name, _)| name.trim().to_owned())
        .filter(|name| {
            !name.is_empty()
                && name
                    .chars()
                    .all(|next| next.is_ascii_alphanumeric() || "-._".contains(next))
        })
        .collect()
}

/// Refuses to remove what a policy still names.
pub(super) fn unused(removal: &Removal, mention: &str, what: &str) -> Result<(), Refusal> {
    let Some(service) = ArmId::parse(&removal.object.id).map(|id| id.top().text()) else {
        return Ok(());
    };
    let users: Vec<&str> = documents(removal.store, &service)
        .filter(|policy| text(&policy.body, "/properties/value").contains(mention))
        .map(|policy| policy.id.get(service.len()..).unwrap_or_default())
        .collect();
    if users.is_empty() {
        Ok(())
    } else {
        Err(Refusal::new(
            400,
            "ValidationError",
            format!(
                "{what} is used by the following policies: {}",
                users.join(", ")
            ),
        ))
    }
}

fn documents<'a>(store: &'a Store, service: &str) -> impl Iterator<Item = &'a Object> {
    store.below(service).filter(|object| {
        object.kind.ends_with("/policies") || object.kind.ends_with("/policyFragments")
    })
}

/// `?format=rawxml` shows expressions as written; everything else is escaped.
fn present(body: &mut Value, presented: &Presented) {
    let is_raw =
        presented.view != View::Written && presented.request.parameter("format") == Some("rawxml");
    if !is_raw {
        return;
    }
    if let Ok(document) = Document::parse(text(body, "/properties/value"), Spelling::Xml) {
        body["properties"] = json!({ "format": "rawxml", "value": document.print(Spelling::Raw) });
    }
}

fn prepare_fragment(write: &mut Write) -> Result<(), Refusal> {
    let document = read(&write.sent["properties"])?;
    accepted(write, &document, Scope::Fragment)?;
    write.body["properties"]["value"] = document.print(Spelling::Xml).into();
    write.body["properties"]["provisioningState"] = "Succeeded".into();
    if let Some(properties) = write.body["properties"].as_object_mut() {
        properties.remove("format");
    }
    if is_before(write.request, TWO_HEADERS) {
        write.reply = location_only(AT_ONCE);
    }
    Ok(())
}

/// The id comes back with `policyfragments` (recorded).
fn present_fragment(body: &mut Value, presented: &Presented) {
    if presented.view != View::Written {
        body["id"] = presented
            .object
            .id
            .replace("/policyFragments/", "/policyfragments/")
            .into();
    }
    let is_raw = presented.request.parameter("format") == Some("rawxml");
    if let Some(Ok(document)) =
        is_raw.then(|| Document::parse(text(body, "/properties/value"), Spelling::Xml))
    {
        body["properties"]["value"] = document.print(Spelling::Raw).into();
        body["properties"]["format"] = "rawxml".into();
    }
}

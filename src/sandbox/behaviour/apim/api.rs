//! APIs and their operations.

use serde_json::{Value, json};

use super::super::rule::{Effect, Facts, Rule, default, rule};
use super::super::style::{Names, Reply, ReplyBody};
use super::super::{Behaviour, Evidence, Presented, Removal, View, Write};
use super::{
    CHILD, TWO_HEADERS, invalid, is_before, is_identifier, location_only, missing, operation,
    service_id, text,
};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Entry;

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");
const OLDER: Evidence = Evidence::Recorded("cli_apim__test_apim_core_service");

const SHAPE: &str = "{ properties!: {
    path!: string, displayName: string, description: string, serviceUrl: string, protocols: [http|https|ws|wss], subscriptionRequired: bool,
    type: http|soap|websocket|graphql|odata|grpc, apiType: http|soap|websocket|graphql|odata|grpc, apiRevision: string, apiVersion: string, isCurrent: bool,
    apiRevisionDescription: string, apiVersionDescription: string, apiVersionSetId: string, apiVersionSet: any, sourceApiId: string,
    authenticationSettings: { oAuth2: any, openid: any, oAuth2AuthenticationSettings: [{ authorizationServerId: string, scope: string }],
        openidAuthenticationSettings: [{ openidProviderId: string, bearerTokenSendingMethods: [authorizationHeader|query] }] },
    subscriptionKeyParameterNames: { header: string, query: string, bearer: string },
    termsOfServiceUrl: string, contact: { name: string, url: string, email: string }, license: { name: string, url: string },
    format: string, value: string, wsdlSelector: any, translateRequiredQueryParameters: template|query,
    -isOnline: any, -provisioningState: any, -effectivePath: any
} }";

const fn null(path: &'static str) -> Rule {
    default(path, "null", EVIDENCE)
}

const RULES: &[Rule] = &[
    rule(
        "/properties/path",
        Effect::Rewritten(without_slash),
        EVIDENCE,
    ),
    rule(
        "/properties/apiRevision",
        Effect::Computed(revision),
        EVIDENCE,
    ),
    rule(
        "/properties/type",
        Effect::Rewritten(without_http),
        EVIDENCE,
    ),
    rule("/properties/apiType", Effect::Dropped, EVIDENCE),
    rule("/properties/sourceApiId", Effect::Dropped, OLDER),
    rule("/properties/format", Effect::Dropped, OLDER),
    rule("/properties/value", Effect::Dropped, OLDER),
    rule("/properties/wsdlSelector", Effect::Dropped, OLDER),
    rule(
        "/properties/translateRequiredQueryParameters",
        Effect::Dropped,
        OLDER,
    ),
    rule("/properties/apiVersionSet", Effect::Dropped, EVIDENCE),
    null("/properties/description"),
    null("/properties/serviceUrl"),
    null("/properties/backendId"),
    default("/properties/subscriptionRequired", "true", OLDER),
    default("/properties/protocols", "[\"https\"]", OLDER),
    default("/properties/authenticationSettings", "{}", EVIDENCE),
    null("/properties/authenticationSettings/oAuth2"),
    null("/properties/authenticationSettings/openid"),
    default(
        "/properties/authenticationSettings/oAuth2AuthenticationSettings",
        "[]",
        EVIDENCE,
    ),
    default(
        "/properties/authenticationSettings/openidAuthenticationSettings",
        "[]",
        EVIDENCE,
    ),
    default(
        "/properties/subscriptionKeyParameterNames",
        "{\"header\":\"Ocp-Apim-Subscription-Key\",\"query\":\"subscription-key\"}",
        EVIDENCE,
    ),
    null("/properties/subscriptionKeyParameterNames/bearer"),
    null("/properties/mcpProperties"),
    null("/properties/a2aProperties"),
    default("/properties/isAgent", "false", EVIDENCE),
    null("/properties/agent"),
    null("/properties/jsonRpcProperties"),
];

const DELETE: Reply = operation(202, ReplyBody::Empty, 5);

/// 202 without a body, and the API itself, with 201 or 200, behind `Location` (recorded).
const IMPORT: Reply = location_only(10);

pub(super) const API: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/apis",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: SHAPE,
    rules: RULES,
    patch: Some(Reply::done(200)),
    delete: Some(DELETE),
    not_found: Some(|_| missing("Api")),
    since: &[
        ("/properties/backendId", "2021-08-01"),
        ("/properties/mcpProperties", TWO_HEADERS),
        ("/properties/a2aProperties", TWO_HEADERS),
        ("/properties/isAgent", TWO_HEADERS),
        ("/properties/agent", TWO_HEADERS),
        ("/properties/jsonRpcProperties", TWO_HEADERS),
        ("/properties/effectivePath", "2024-05-01"),
        (
            "/properties/subscriptionKeyParameterNames/bearer",
            "2024-05-01",
        ),
        (
            "/properties/authenticationSettings/oAuth2AuthenticationSettings",
            "2021-08-01",
        ),
        (
            "/properties/authenticationSettings/openidAuthenticationSettings",
            "2021-08-01",
        ),
    ],
    listed: |listing| {
        text(&listing.object.body, "/properties/apiRevision") == "1"
            || listing.object.body["properties"]["isCurrent"] == true
    },
    prepare,
    removing: |removal| {
        remove_links(removal);
        Ok(())
    },
    present,
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const OPERATION: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/apis/operations",
    names: Names::Checked(|name| is_identifier(name, 80)),
    shape: "{ properties!: { displayName!: string, method!: string, urlTemplate!: string, description: string, policies: string,
        templateParameters: [{ name!: string, type!: string, description: string, defaultValue: string, required: bool, values: [string],
            schemaId: string, typeName: string, examples: any }],
        request: { description: string, queryParameters: [any], headers: [any], representations: [any] },
        responses: [{ statusCode!: int, description: string, representations: [any], headers: [any] }] } }",
    rules: OPERATION_RULES,
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Operation")),
    prepare: prepare_operation,
    // The list leaves the request out.
    present: |body, presented| {
        if presented.view == View::List
            && let Some(properties) = body["properties"].as_object_mut()
        {
            properties.remove("request");
        }
    },
    evidence: OLDER,
    ..CHILD
};

const OPERATION_RULES: &[Rule] = &[
    default("/properties/templateParameters", "[]", OLDER),
    default("/properties/templateParameters/*/values", "[]", OLDER),
    default("/properties/description", "null", OLDER),
    default("/properties/request", "{}", OLDER),
    default("/properties/request/queryParameters", "[]", OLDER),
    default("/properties/request/headers", "[]", OLDER),
    default("/properties/request/representations", "[]", OLDER),
    default("/properties/responses", "[]", OLDER),
    default("/properties/policies", "null", OLDER),
];

pub(super) const ROWS: &[Behaviour] = &[API, OPERATION];

fn without_slash(path: &Value) -> Value {
    path.as_str()
        .unwrap_or_default()
        .trim_start_matches('/')
        .into()
}

/// `http` goes without saying.
fn without_http(kind: &Value) -> Value {
    match kind.as_str() {
        Some("http") => Value::Null,
        _ => kind.clone(),
    }
}

/// The number comes from the URL; what was sent is ignored (recorded: `v1` and `2` became `1`).
fn revision(facts: &Facts) -> Value {
    let name = facts.id.name();
    let given = name.rsplit_once(";rev=").map(|(_, number)| number.into());
    given.unwrap_or_else(|| match facts.previous {
        Some(before) => before.body["properties"]["apiRevision"].clone(),
        None => "1".into(),
    })
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    if write.sent["properties"]["value"].is_string() {
        import(write)?;
    }
    if write.body["properties"]["type"].is_null()
        && let Some(properties) = write.body["properties"].as_object_mut()
    {
        properties.remove("type");
    }
    revise(write);
    if text(&write.body, "/properties/displayName").is_empty() {
        return Err(invalid("displayName", "'Display Name' must not be empty."));
    }
    expand_version_set(write)?;
    one_path(write)
}

/// The sandbox has no network: what stands behind a link is not known, and the API stays without operations. A schema
/// of GraphQL is where its backend is, and there at once (both recorded).
fn import(write: &mut Write) -> Result<(), Refusal> {
    let format = text(write.sent, "/properties/format").to_lowercase();
    let link = text(write.sent, "/properties/value").to_owned();
    if !format.contains("-link") {
        return Err(invalid(
            "value",
            "The contract cannot be imported: send the operations one by one.",
        ));
    }
    let name = write.id.name().to_owned();
    let properties = &mut write.body["properties"];
    if format == "graphql-link" {
        properties["type"] = "graphql".into();
        if properties["serviceUrl"].is_null() {
            properties["serviceUrl"] = link.into();
        }
    } else {
        write.reply = IMPORT;
    }
    if properties["displayName"].is_null() {
        properties["displayName"] = name.into();
    }
    Ok(())
}

/// A revision starts as what it is made from, and is not the one that answers.
fn revise(write: &mut Write) {
    let source = text(write.sent, "/properties/sourceApiId");
    let source = if source.starts_with("/apis/") {
        format!("{}{source}", service_id(write.id))
    } else {
        source.to_owned()
    };
    if let Some(source) = write.store.get(&source) {
        let sent = &write.sent["properties"];
        for (name, value) in source.body["properties"].as_object().into_iter().flatten() {
            if sent[name].is_null() && name != "apiRevision" && name != "isCurrent" {
                write.body["properties"][name] = value.clone();
            }
        }
    }
    let is_first = text(&write.body, "/properties/apiRevision") == "1";
    match write.body["properties"].as_object_mut() {
        Some(properties) if !is_first => {
            properties.remove("isCurrent");
        }
        Some(properties) => {
            properties.entry("isCurrent").or_insert(true.into());
        }
        None => {}
    }
}

/// `/apiVersionSets/x` becomes the whole id.
fn expand_version_set(write: &mut Write) -> Result<(), Refusal> {
    let given = text(&write.body, "/properties/apiVersionSetId").to_owned();
    if given.is_empty() {
        return Ok(());
    }
    let id = if given.starts_with("/apiVersionSets/") {
        format!("{}{given}", service_id(write.id))
    } else {
        given
    };
    if write.store.get(&id).is_none() {
        return Err(invalid("apiVersionSetId", "API Version Set not found."));
    }
    write.body["properties"]["apiVersionSetId"] = id.into();
    Ok(())
}

/// Two APIs cannot answer at one place.
fn one_path(write: &Write) -> Result<(), Refusal> {
    let place = |body: &Value| {
        (
            text(body, "/properties/path").to_lowercase(),
            text(body, "/properties/apiVersion").to_owned(),
        )
    };
    let base = |id: &str| id.split(";rev=").next().unwrap_or_default().to_lowercase();
    let own = base(&write.id.text());
    let service = service_id(write.id);
    let other = write
        .store
        .of_kind(&service, API.arm_type)
        .find(|other| base(&other.id) != own && place(&other.body) == place(&write.body));
    match other {
        Some(other) => Err(invalid(
            "path",
            format!(
                "Cannot create API '{}' with the same Path '{}' as API '{}'.",
                text(&write.body, "/properties/displayName"),
                text(&write.body, "/properties/path"),
                text(&other.body, "/properties/displayName")
            ),
        )),
        None => Ok(()),
    }
}

/// Links from products go with it. Before 2023 it is gone at once (recorded).
fn remove_links(removal: &mut Removal) {
    if removal
        .request
        .is_some_and(|request| is_before(request, TWO_HEADERS))
    {
        removal.reply = Reply::empty(200);
    }
    let Some((service, name)) = removal.object.id.rsplit_once("/apis/") else {
        return;
    };
    let links = removal
        .store
        .of_kind(service, super::link::PRODUCT_API.arm_type);
    let gone = links.filter(|link| {
        link.id
            .rsplit('/')
            .next()
            .is_some_and(|last| last.eq_ignore_ascii_case(name))
    });
    removal
        .also
        .extend(gone.map(|link| Entry::Remove(link.key())));
}

/// The answer to a PUT knows the version set and the path that results; a GET does not (recorded).
fn present(body: &mut Value, presented: &Presented) {
    let set_id = text(body, "/properties/apiVersionSetId").to_owned();
    let version = text(body, "/properties/apiVersion").to_owned();
    let path = text(body, "/properties/path").to_owned();
    let is_first = text(body, "/properties/apiRevision") == "1";
    let properties = &mut body["properties"];
    properties["effectivePath"] = Value::Null;
    if presented.view == View::List && is_before(presented.request, "2021-08-01") {
        properties["authenticationSettings"] = Value::Null;
        properties["subscriptionKeyParameterNames"] = Value::Null;
    }
    if presented.view == View::Written
        && is_before(presented.request, "2024-05-01")
        && let Some(settings) = properties["authenticationSettings"].as_object_mut()
    {
        settings.remove("oAuth2AuthenticationSettings");
        settings.remove("openidAuthenticationSettings");
    }
    let Some(set) = presented
        .store
        .get(&set_id)
        .filter(|_| presented.view == View::Written && is_first)
    else {
        return;
    };
    let known = &set.body["properties"];
    properties["effectivePath"] = format!("{path}/{version}").into();
    properties["apiVersionSet"] = json!({
        "id": set.id, "name": known["displayName"], "description": known["description"],
        "versioningScheme": known["versioningScheme"], "versionQueryName": known["versionQueryName"], "versionHeaderName": known["versionHeaderName"],
    });
}

fn prepare_operation(write: &mut Write) -> Result<(), Refusal> {
    let template = text(&write.body, "/properties/urlTemplate");
    let method = text(&write.body, "/properties/method");
    let is_method = !method.is_empty()
        && method
            .chars()
            .all(|next| next.is_ascii_alphabetic() || next == '*');
    if !is_method {
        return Err(invalid(
            "method",
            format!("'{method}' is not a valid method."),
        ));
    }
    let declared: Vec<&str> = write.body["properties"]["templateParameters"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|parameter| parameter["name"].as_str())
        .collect();
    let used = template_parameters(template);
    if used.iter().any(|name| !declared.contains(name))
        || declared.iter().any(|name| !used.contains(name))
    {
        return Err(invalid(
            "templateParameters",
            "All template parameters used in the UriTemplate must be defined in the Operation, and vice-versa.",
        ));
    }
    let Some(api) = write.id.parent() else {
        return Ok(());
    };
    let own = write.id.key();
    let same = |body: &Value| {
        text(body, "/properties/urlTemplate").eq_ignore_ascii_case(template)
            && text(body, "/properties/method").eq_ignore_ascii_case(method)
    };
    let mut others = write.store.of_kind(&api.text(), OPERATION.arm_type);
    if others.any(|other| other.key() != own && same(&other.body)) {
        Err(invalid(
            "urlTemplate",
            format!(
                "Operation with the same method and URL template already exists: {method}, {template}."
            ),
        ))
    } else {
        Ok(())
    }
}

/// `{id}` and `{id?}` in the path, `*` as a whole segment.
fn template_parameters(template: &str) -> Vec<&str> {
    template
        .split('{')
        .skip(1)
        .filter_map(|part| part.split_once('}'))
        .map(|(name, _)| name.trim_start_matches('*').trim_end_matches('?'))
        .collect()
}

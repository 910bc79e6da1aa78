//! The small rest: named values, backends, loggers, diagnostics, products, groups, subscriptions, tags, version sets.

use serde_json::{Value, json};

use super::super::rule::{Effect, Facts, Rule, default, rule};
use super::super::style::{Names, Reply, ReplyBody};
use super::super::{Action, Behaviour, Call, Evidence, Presented, Removal, View, Write, digest};
use super::policy::unused;
use super::{
    AT_ONCE, CHILD, TWO_HEADERS, invalid, is_before, is_identifier, location_only, missing,
    object_id, operation, service_id, text,
};
use crate::sandbox::message::Response;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};
use crate::sandbox::world::timestamp;

const EVIDENCE: Evidence = Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD");
const OLDER: Evidence = Evidence::Recorded("cli_apim__test_apim_core_service");
const BACKENDS: Evidence =
    Evidence::Recorded("aso_hand__Test_ApiManagement_Backend_CRUD_v20250301preview");
const SUBSCRIPTIONS: Evidence = Evidence::Recorded("clifork_apim__test_apim_Subscription");
const REST: Evidence =
    Evidence::Documented("learn.microsoft.com/rest/api/apimanagement", "2024-05-01");

const fn null(path: &'static str) -> Rule {
    default(path, "null", EVIDENCE)
}

pub(super) const NAMED_VALUE: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/namedValues",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: "{ properties!: { displayName!: string, value: string, tags: [string], secret: bool, -provisioningState: any,
        keyVault: { secretIdentifier: string, identityClientId: string, -lastStatus: any } } }",
    rules: &[null("/properties/tags"), default("/properties/secret", "false", OLDER)],
    create: operation(201, ReplyBody::StateOnly, AT_ONCE),
    update: operation(200, ReplyBody::StateOnly, AT_ONCE),
    patch: Some(operation(202, ReplyBody::Empty, AT_ONCE)),
    not_found: Some(|_| missing("Property")),
    since: &[("/properties/provisioningState", "2022-08-01")],
    prepare: prepare_named_value,
    removing: |removal| {
        let name = text(&removal.object.body, "/properties/displayName");
        unused(removal, &format!("{{{{{name}}}}}"), "Property")
    },
    actions: &[Action {
        name: "listValue",
        run: list_value,
    }],
    evidence: OLDER,
    ..CHILD
};

const BACKEND: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/backends",
    names: Names::Checked(|name| is_identifier(name, 80)),
    shape: "{ properties!: { url: string, protocol: http|soap, title: string, description: string, resourceId: string, type: Single|Pool,
        tls: { validateCertificateChain: bool, validateCertificateName: bool, serverCertificateThumbprints: [string] },
        credentials: { certificateIds: [string], certificate: [string], query: {*: [string]}, header: {*: [string]},
            authorization: { scheme!: string, parameter!: string } },
        proxy: { url!: string, username: string, password: string }, circuitBreaker: { rules: [any] },
        pool: { services: [{ id!: string, weight: int, priority: int }] }, properties: any } }",
    rules: &[
        default("/properties/title", "null", BACKENDS),
        rule("/properties/proxy/password", Effect::WriteOnly, REST),
    ],
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Backend")),
    prepare: prepare_backend,
    removing: |removal| {
        let name = removal.object.id.rsplit('/').next().unwrap_or_default();
        unused(removal, &format!("backend-id=\"{name}\""), "Backend")
    },
    evidence: BACKENDS,
    ..CHILD
};

const LOGGER: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/loggers",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: "{ properties!: { loggerType!: azureEventHub|applicationInsights|azureMonitor, description: string, credentials: {*: string},
        isBuffered: bool, resourceId: string } }",
    rules: &[
        null("/properties/description"),
        default("/properties/isBuffered", "true", EVIDENCE),
        null("/properties/resourceId"),
        null("/properties/maxMessageSizeInBytes"),
    ],
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Logger")),
    prepare: |write| {
        hide_credentials(write);
        Ok(())
    },
    removing: logger_unused,
    evidence: EVIDENCE,
    ..CHILD
};

const DIAGNOSTIC: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/diagnostics",
    names: Names::Fixed(&["applicationinsights", "azuremonitor", "local"]),
    shape: "{ properties!: { loggerId!: string, alwaysLog: allErrors, sampling: { samplingType: fixed, percentage: number },
        frontend: { request: { headers: [string], body: { bytes: int }, dataMasking: any }, response: { headers: [string], body: { bytes: int }, dataMasking: any } },
        backend: { request: { headers: [string], body: { bytes: int }, dataMasking: any }, response: { headers: [string], body: { bytes: int }, dataMasking: any } },
        logClientIp: bool, httpCorrelationProtocol: None|Legacy|W3C, verbosity: verbose|information|error, operationNameFormat: Name|Url, metrics: bool } }",
    rules: &[
        null("/properties/alwaysLog"),
        default("/properties/httpCorrelationProtocol", "\"Legacy\"", EVIDENCE),
        default("/properties/logClientIp", "true", EVIDENCE),
        rule("/properties/sampling/percentage", Effect::Rewritten(fraction), EVIDENCE),
        rule("/properties/frontend", Effect::Computed(|facts| masked(facts, "frontend")), EVIDENCE),
        rule("/properties/backend", Effect::Computed(|facts| masked(facts, "backend")), EVIDENCE),
        null("/properties/largeLanguageModel"),
        null("/properties/mcp"),
        null("/properties/a2a"),
        null("/properties/tags"),
    ],
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Diagnostic")),
    prepare: prepare_diagnostic,
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const PRODUCT: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/products",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: "{ properties!: { displayName!: string, description: string, terms: string, subscriptionRequired: bool, approvalRequired: bool,
        subscriptionsLimit: int, state: notPublished|published } }",
    rules: &[
        null("/properties/description"),
        null("/properties/terms"),
        default("/properties/subscriptionRequired", "true", EVIDENCE),
        null("/properties/approvalRequired"),
        null("/properties/subscriptionsLimit"),
        default("/properties/state", "\"notPublished\"", EVIDENCE),
    ],
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Product")),
    prepare: prepare_product,
    removing: product_unused,
    present: present_product,
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const GROUP: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/groups",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: "{ properties!: { displayName!: string, description: string, type: custom|system|external, externalId: string, -builtIn: any } }",
    rules: &[
        null("/properties/description"),
        default("/properties/type", "\"custom\"", EVIDENCE),
        rule(
            "/properties/builtIn",
            Effect::Computed(|facts| (text(facts.body, "/properties/type") == "system").into()),
            EVIDENCE,
        ),
        null("/properties/externalId"),
    ],
    patch: Some(Reply::done(200)),
    not_found: Some(|_| missing("Group")),
    removing: |removal| {
        if removal.object.body["properties"]["builtIn"] == true {
            Err(Refusal::new(
                405,
                "MethodNotAllowed",
                "System groups cannot be deleted.",
            ))
        } else {
            Ok(())
        }
    },
    evidence: EVIDENCE,
    ..CHILD
};

pub(super) const SUBSCRIPTION: Behaviour = Behaviour {
    arm_type: "Microsoft.ApiManagement/service/subscriptions",
    names: Names::Checked(|name| is_identifier(name, 256)),
    shape: "{ properties!: { scope!: string, displayName!: string, ownerId: string, primaryKey: string, secondaryKey: string,
        state: suspended|active|expired|submitted|rejected|cancelled, allowTracing: bool, -createdDate: any, -startDate: any,
        -expirationDate: any, -endDate: any, -notificationDate: any, -stateComment: any } }",
    rules: &[
        rule("/properties/primaryKey", Effect::WriteOnly, SUBSCRIPTIONS),
        rule("/properties/secondaryKey", Effect::WriteOnly, SUBSCRIPTIONS),
        default("/properties/state", "\"active\"", SUBSCRIPTIONS),
        rule("/properties/createdDate", Effect::Once(|facts| timestamp(facts.now).into()), SUBSCRIPTIONS),
        null("/properties/startDate"),
        null("/properties/expirationDate"),
        null("/properties/endDate"),
        null("/properties/notificationDate"),
        null("/properties/stateComment"),
        default("/properties/allowTracing", "false", SUBSCRIPTIONS),
    ],
    since: &[("/properties/allowTracing", "2021-08-01")],
    not_found: Some(|_| missing("Subscription")),
    prepare: |write| {
        expand_scope(write);
        Ok(())
    },
    present: present_subscription,
    actions: &[
        Action {
            name: "listSecrets",
            run: list_secrets,
        },
        Action {
            name: "regeneratePrimaryKey",
            run: regenerate,
        },
        Action {
            name: "regenerateSecondaryKey",
            run: regenerate,
        },
    ],
    evidence: SUBSCRIPTIONS,
    ..CHILD
};

pub(super) const ROWS: &[Behaviour] = &[
    NAMED_VALUE,
    BACKEND,
    LOGGER,
    DIAGNOSTIC,
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apis/diagnostics",
        ..DIAGNOSTIC
    },
    PRODUCT,
    GROUP,
    SUBSCRIPTION,
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/tags",
        names: Names::Checked(|name| is_identifier(name, 80)),
        shape: "{ properties!: { displayName!: string } }",
        patch: Some(Reply::done(200)),
        not_found: Some(|_| missing("Tag")),
        evidence: REST,
        ..CHILD
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/apiVersionSets",
        names: Names::Checked(|name| is_identifier(name, 80)),
        shape: "{ properties!: { displayName!: string, versioningScheme!: Segment|Query|Header, description: string, versionQueryName: string, versionHeaderName: string } }",
        rules: &[
            null("/properties/description"),
            null("/properties/versionQueryName"),
            null("/properties/versionHeaderName"),
        ],
        delete: Some(Reply::empty(204)),
        not_found: Some(|_| missing("ApiVersionSet")),
        removing: version_set_unused,
        evidence: EVIDENCE,
        ..CHILD
    },
    Behaviour {
        arm_type: "Microsoft.ApiManagement/service/policyRestrictions",
        names: Names::Checked(|name| is_identifier(name, 80)),
        shape: "{ properties!: { scope: string, requireBase: true|false } }",
        rules: &[default("/properties/requireBase", "\"false\"", REST)],
        patch: Some(Reply::done(200)),
        not_found: Some(|_| missing("PolicyRestriction")),
        evidence: REST,
        ..CHILD
    },
];

/// A secret's value is never shown again; the rest is.
fn prepare_named_value(write: &mut Write) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    let name = text(properties, "/displayName").to_owned();
    let is_name = !name.is_empty()
        && name.len() <= 256
        && name
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || "-._".contains(next));
    if !is_name {
        return Err(invalid(
            "displayName",
            "'Display Name' may contain only letters, digits, periods, dash, and underscore.",
        ));
    }
    let service = service_id(write.id);
    let own = write.id.key();
    let is_taken = write
        .store
        .of_kind(&service, NAMED_VALUE.arm_type)
        .any(|other| other.key() != own && text(&other.body, "/properties/displayName") == name);
    if is_taken {
        return Err(invalid(
            "displayName",
            format!("Property with the same name '{name}' already exists."),
        ));
    }
    let is_secret = properties["secret"] == true;
    let is_referred = properties["keyVault"].is_object();
    let value = properties["value"].as_str().map(str::to_owned);
    if value.is_none() && !is_referred && write.previous.is_none() {
        return Err(invalid("value", "'Value' must not be empty."));
    }
    if is_referred && !is_secret {
        return Err(invalid(
            "secret",
            "A named value from a key vault must be secret.",
        ));
    }
    if let Some(properties) = write.body["properties"]
        .as_object_mut()
        .filter(|_| is_secret)
    {
        properties.remove("value");
    }
    if let Some(value) = value.filter(|_| is_secret) {
        write.hidden["digests"] = json!({ "/properties/value": digest(&Value::String(value)) });
    }
    if is_referred {
        write.body["properties"]["keyVault"]["lastStatus"] =
            json!({ "code": "Success", "timeStampUtc": timestamp(write.now) });
    }
    write.body["properties"]["provisioningState"] = "Succeeded".into();
    if is_before(write.request, TWO_HEADERS) {
        write.reply = location_only(AT_ONCE);
    }
    Ok(())
}

/// Of a secret the sandbox has only the digest, and says that.
fn list_value(call: &mut Call) -> Result<Response, Refusal> {
    let object = call.resource()?;
    let value = match &object.body["properties"]["value"] {
        Value::Null => object.hidden["digests"]["/properties/value"].clone(),
        value => value.clone(),
    };
    Ok(Response::json(200, json!({ "value": value })))
}

fn prepare_backend(write: &mut Write) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    if properties["pool"].is_object() {
        return Ok(());
    }
    if text(properties, "/url").is_empty() {
        return Err(invalid("url", "'Url' must not be empty."));
    }
    if text(properties, "/protocol").is_empty() {
        return Err(invalid("protocol", "'Protocol' must not be empty."));
    }
    match url::Url::parse(text(properties, "/url")) {
        Ok(_) => Ok(()),
        Err(_) => Err(invalid("url", "Url must be an absolute address.")),
    }
}

/// Credentials move into a secret named value that appears beside the logger (recorded).
fn hide_credentials(write: &mut Write) {
    let Some(sent) = write.body["properties"]["credentials"].as_object().cloned() else {
        return;
    };
    for (member, value) in sent {
        let is_secret = ["instrumentationKey", "connectionString"].contains(&member.as_str());
        let given = value.as_str().unwrap_or_default();
        if !is_secret || given.starts_with("{{") {
            continue;
        }
        let digest = digest(&value);
        let name = object_id(&format!("{}|{member}|{digest}", write.id.key()));
        let shown = format!("Logger-Credentials--{name}");
        write.body["properties"]["credentials"][&member] = format!("{{{{{shown}}}}}").into();
        let id = format!("{}/namedValues/{name}", service_id(write.id));
        if write.store.get(&id).is_none() {
            let body = json!({ "properties": { "displayName": shown, "tags": null, "secret": true, "provisioningState": "Succeeded" } });
            let mut hidden = Object::new(id, NAMED_VALUE.arm_type, body);
            hidden.hidden = json!({ "digests": { "/properties/value": digest } });
            write.also.push(Entry::Put(hidden));
        }
    }
}

fn logger_unused(removal: &mut Removal) -> Result<(), Refusal> {
    let Some((service, _)) = removal.object.id.rsplit_once("/loggers/") else {
        return Ok(());
    };
    let user = removal
        .store
        .below(service)
        .filter(|object| object.kind.ends_with("/diagnostics"))
        .find(|object| {
            text(&object.body, "/properties/loggerId").eq_ignore_ascii_case(&removal.object.id)
        });
    match user {
        Some(user) => Err(Refusal::new(
            400,
            "ValidationError",
            format!(
                "Logger is used by the following diagnostics: {}",
                user.id.get(service.len()..).unwrap_or_default()
            ),
        )),
        None => Ok(()),
    }
}

/// `100` comes back as `100.0`.
fn fraction(percentage: &Value) -> Value {
    percentage
        .as_f64()
        .map_or_else(|| percentage.clone(), Value::from)
}

/// Query parameters are hidden unless said otherwise.
fn masked(facts: &Facts, side: &str) -> Value {
    let sent = &facts.body["properties"][side];
    let mut request = json!({ "headers": null, "body": null, "dataMasking": { "queryParams": [{ "value": "*", "mode": "Hide" }] } });
    overlay(&mut request, &sent["request"]);
    let mut response = Value::Null;
    if sent["response"].is_object() {
        response = json!({ "headers": null, "body": null, "dataMasking": null });
        overlay(&mut response, &sent["response"]);
    }
    json!({ "request": request, "response": response })
}

fn overlay(into: &mut Value, from: &Value) {
    for (name, value) in from.as_object().into_iter().flatten() {
        into[name] = value.clone();
    }
}

fn prepare_diagnostic(write: &mut Write) -> Result<(), Refusal> {
    let given = text(&write.body, "/properties/loggerId").to_owned();
    let id = if given.starts_with("/loggers/") {
        format!("{}{given}", service_id(write.id))
    } else {
        given
    };
    if write.store.get(&id).is_none() {
        return Err(invalid("loggerId", "Logger not found."));
    }
    write.body["properties"]["loggerId"] = id.into();
    Ok(())
}

fn prepare_product(write: &mut Write) -> Result<(), Refusal> {
    let properties = &write.body["properties"];
    let is_open = properties["subscriptionRequired"] == false;
    for member in ["approvalRequired", "subscriptionsLimit"] {
        if is_open && !properties[member].is_null() && properties[member] != false {
            return Err(invalid(
                member,
                "must not be set when a subscription is not required.",
            ));
        }
    }
    let link = format!("{}/groups/administrators", write.id.text());
    if write.previous.is_none() {
        write.also.push(Entry::Put(Object::new(
            link,
            super::link::PRODUCT_GROUP.arm_type,
            json!({}),
        )));
    }
    Ok(())
}

/// Subscriptions go first, unless the caller says they may go too.
fn product_unused(removal: &mut Removal) -> Result<(), Refusal> {
    let Some((service, _)) = removal.object.id.rsplit_once("/products/") else {
        return Ok(());
    };
    let scope = removal.object.id.to_lowercase();
    let users: Vec<_> = removal
        .store
        .of_kind(service, SUBSCRIPTION.arm_type)
        .filter(|object| text(&object.body, "/properties/scope").to_lowercase() == scope)
        .collect();
    let may_go = removal
        .request
        .and_then(|request| request.parameter("deleteSubscriptions"))
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if !users.is_empty() && !may_go {
        return Err(Refusal::new(
            400,
            "ValidationError",
            "Product cannot be deleted because it has subscriptions.",
        ));
    }
    removal
        .also
        .extend(users.iter().map(|user| Entry::Remove(user.key())));
    Ok(())
}

/// The answer to a PUT lists the administrators, a GET an empty list (recorded; neither does so before 2024).
fn present_product(body: &mut Value, presented: &Presented) {
    body["properties"]["groups"] = match presented.view {
        View::Written => {
            let service = presented
                .object
                .id
                .rsplit_once("/products/")
                .map_or("", |(service, _)| service);
            let group = presented
                .store
                .get(&format!("{service}/groups/administrators"));
            group.map_or_else(|| json!([]), |group| json!([{
                "id": group.id, "name": "Administrators", "description": group.body["properties"]["description"],
                "builtIn": true, "type": "system", "externalId": null,
            }]))
        }
        View::Get | View::List => json!([]),
    };
    let is_unknown = presented.view != View::Written && is_before(presented.request, "2024-05-01");
    if let Some(properties) = body["properties"].as_object_mut().filter(|_| is_unknown) {
        properties.remove("groups");
    }
}

/// `/apis`, `/products/p` and the like become the whole id.
fn expand_scope(write: &mut Write) {
    let scope = text(&write.body, "/properties/scope").to_owned();
    if !scope.starts_with("/subscriptions/") {
        write.body["properties"]["scope"] = format!("{}{scope}", service_id(write.id)).into();
    }
}

/// Keys are made up from the object and its revision: regenerating one renews both, and none is ever kept.
fn key(object: &Object, label: &str) -> String {
    digest(&json!([object.key(), label, object.revision]))[..32].to_owned()
}

/// Both keys of a subscription, as its owner reads them.
pub(crate) fn subscription_keys(object: &Object) -> [String; 2] {
    ["primary", "secondary"].map(|label| key(object, label))
}

fn present_subscription(body: &mut Value, presented: &Presented) {
    if presented.view == View::Written {
        body["properties"]["primaryKey"] = key(presented.object, "primary").into();
        body["properties"]["secondaryKey"] = key(presented.object, "secondary").into();
    }
}

fn list_secrets(call: &mut Call) -> Result<Response, Refusal> {
    let object = call.resource()?;
    Ok(Response::json(
        200,
        json!({ "primaryKey": key(object, "primary"), "secondaryKey": key(object, "secondary") }),
    ))
}

fn regenerate(call: &mut Call) -> Result<Response, Refusal> {
    let object = call.resource()?.clone();
    call.also.push(Entry::Put(object));
    Ok(Response::empty(204))
}

fn version_set_unused(removal: &mut Removal) -> Result<(), Refusal> {
    let Some((service, _)) = removal.object.id.rsplit_once("/apiVersionSets/") else {
        return Ok(());
    };
    let is_used = removal
        .store
        .of_kind(service, super::api::API.arm_type)
        .any(|api| {
            text(&api.body, "/properties/apiVersionSetId").eq_ignore_ascii_case(&removal.object.id)
        });
    if is_used {
        Err(Refusal::new(
            400,
            "ValidationError",
            "API version set cannot be deleted because it contains APIs.",
        ))
    } else {
        Ok(())
    }
}

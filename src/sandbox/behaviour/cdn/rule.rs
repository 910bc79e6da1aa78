//! The rules engine: rule sets, rules, and what each action and condition may say.

use serde_json::{Value, json};

use super::{
    CHILD, CREATE, DELETE, DEPLOYMENT, ROUTE, RULE, RULE_SET, UPDATE, bad, between, ids, is_same,
    name, text,
};
use crate::sandbox::behaviour::rule::{self, Effect};
use crate::sandbox::behaviour::style::{Names, Reply};
use crate::sandbox::behaviour::{Behaviour, Evidence, Write};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Object, Store};

const EVIDENCE: Evidence = Evidence::Recorded("cli_cdn__test_afd_rule_crud");

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: RULE_SET,
        names: Names::Checked(is_word),
        // A rule set is its name: PUT without anything to say.
        shape: "{ -properties: any }",
        rules: &[
            rule::rule("/properties/provisioningState", Effect::ReadOnly, EVIDENCE),
            DEPLOYMENT,
        ],
        create: Reply::done(201),
        update: Reply::done(200),
        patch: None,
        delete: Some(Reply::empty(200)),
        removing: |removal| match user(removal.store, &removal.object.id) {
            None => {
                let mut rules = removal.store.of_kind(&removal.object.id, RULE);
                if rules.any(|rule| is_live(removal.store, rule)) {
                    removal.reply = DELETE;
                }
                Ok(())
            }
            Some(route) => Err(bad(format!(
                "Rule set '{}' cannot be deleted because it is associated with route '{}'.",
                name(&removal.object.id),
                name(&route)
            ))),
        },
        evidence: EVIDENCE,
        ..CHILD
    },
    Behaviour {
        arm_type: RULE,
        names: Names::Checked(is_word),
        shape: "{ properties!: { order: int, matchProcessingBehavior: Continue|Stop, \
            conditions: [{ name!: string, parameters!: {*: any} }], \
            actions!: [{ name!: string, parameters!: {*: any} }], \
            -ruleSetName: any, -provisioningState: any, -deploymentStatus: any } }",
        rules: &[
            DEPLOYMENT,
            rule::default("/properties/order", "0", EVIDENCE),
            rule::default("/properties/conditions", "[]", EVIDENCE),
            rule::default(
                "/properties/matchProcessingBehavior",
                r#""Continue""#,
                EVIDENCE,
            ),
        ],
        prepare,
        removing: |removal| {
            if !is_live(removal.store, removal.object) {
                removal.reply = Reply::empty(200);
            }
            Ok(())
        },
        evidence: EVIDENCE,
        ..CHILD
    },
];

/// A letter, then letters and digits.
fn is_word(name: &str) -> bool {
    name.len() <= 260
        && name.starts_with(|next: char| next.is_ascii_alphabetic())
        && name.chars().all(|next| next.is_ascii_alphanumeric())
}

/// A route that uses a rule set.
fn user(store: &Store, set: &str) -> Option<String> {
    store
        .of_kind("", ROUTE)
        .find(|route| {
            ids(&route.body, "/properties/ruleSets")
                .iter()
                .any(|id| is_same(id, set))
        })
        .map(|route| route.id.clone())
}

/// Action, the type of its parameters, and members that come back null when they were not sent.
const ACTIONS: &[(&str, &str, &[&str])] = &[
    (
        "ModifyRequestHeader",
        "DeliveryRuleHeaderActionParameters",
        &[],
    ),
    (
        "ModifyResponseHeader",
        "DeliveryRuleHeaderActionParameters",
        &[],
    ),
    (
        "UrlRedirect",
        "DeliveryRuleUrlRedirectActionParameters",
        &[
            "customQueryString",
            "customPath",
            "customHostname",
            "customFragment",
        ],
    ),
    (
        "UrlRewrite",
        "DeliveryRuleUrlRewriteActionParameters",
        &["preserveUnmatchedPath"],
    ),
    (
        OVERRIDE,
        "DeliveryRuleRouteConfigurationOverrideActionParameters",
        &["originGroupOverride"],
    ),
    ("UrlSigning", "DeliveryRuleUrlSigningActionParameters", &[]),
];
const OVERRIDE: &str = "RouteConfigurationOverride";

const CONDITIONS: &[&str] = &[
    "RemoteAddress",
    "RequestMethod",
    "QueryString",
    "PostArgs",
    "RequestUri",
    "RequestHeader",
    "RequestBody",
    "RequestScheme",
    "UrlPath",
    "UrlFileExtension",
    "UrlFileName",
    "HttpVersion",
    "Cookies",
    "IsDevice",
    "SocketAddr",
    "ClientPort",
    "ServerPort",
    "HostName",
    "SslProtocol",
];

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    between(&write.body, "/properties/order", 0, 1_000_000)?;
    let properties = &mut write.body["properties"];
    let actions = properties["actions"].as_array_mut();
    let actions: &mut [Value] = actions.map_or(&mut [], |actions| actions.as_mut_slice());
    if actions.is_empty() {
        return Err(bad("A rule must have at least one action."));
    }
    if actions.len() > 5 {
        return Err(bad(format!(
            "A rule can have at most 5 actions, but it has {}.",
            actions.len()
        )));
    }
    actions.iter_mut().try_for_each(action)?;
    let overrides = overrides(actions);
    let conditions = properties["conditions"].as_array_mut();
    let conditions: &mut [Value] =
        conditions.map_or(&mut [], |conditions| conditions.as_mut_slice());
    if conditions.len() > 10 {
        return Err(bad(format!(
            "A rule can have at most 10 conditions, but it has {}.",
            conditions.len()
        )));
    }
    conditions.iter_mut().try_for_each(condition)?;
    // Recorded: what no route uses and no route is overridden by is written at once.
    let set = write.id.parent().map(|set| set.text()).unwrap_or_default();
    let is_live = overrides || user(write.store, &set).is_some();
    write.reply = match (write.previous.is_some(), is_live) {
        (false, true) => CREATE,
        (false, false) => Reply::done(201),
        (true, true) => UPDATE,
        (true, false) => Reply::done(200),
    };
    Ok(())
}

fn overrides(actions: &[Value]) -> bool {
    actions.iter().any(|action| action["name"] == OVERRIDE)
}

/// Whether the data plane knows the rule: a route uses its set, or it overrides one. Only then does a write of it take
/// an operation (recorded: `cli_cdn__test_afd_rule_crud`, `aso__Test_CDN_Profile_AFD_CRUD`).
fn is_live(store: &Store, rule: &Object) -> bool {
    let actions = rule.body["properties"]["actions"].as_array();
    let set = rule.id.rsplit_once("/rules/").map_or("", |(set, _)| set);
    actions.is_some_and(|actions| overrides(actions)) || user(store, set).is_some()
}

fn action(action: &mut Value) -> Result<(), Refusal> {
    let named = text(action, "/name").to_owned();
    let Some((_, type_name, nulls)) = ACTIONS.iter().find(|(known, ..)| *known == named) else {
        return Err(bad(format!("The action name '{named}' is not valid.")));
    };
    let parameters = &mut action["parameters"];
    if text(parameters, "/typeName") != *type_name {
        return Err(bad(format!(
            "The typeName of action '{named}' must be '{type_name}'."
        )));
    }
    match named.as_str() {
        "ModifyRequestHeader" | "ModifyResponseHeader" => header(parameters)?,
        "UrlRedirect" if text(parameters, "/redirectType").is_empty() => {
            return Err(bad("The redirectType of a UrlRedirect action is required."));
        }
        OVERRIDE => cache(parameters),
        _ => {}
    }
    for member in *nulls {
        if parameters[*member].is_null() {
            parameters[*member] = Value::Null;
        }
    }
    Ok(())
}

/// Append and Overwrite need a value, Delete takes none (domain facts C.3).
fn header(parameters: &Value) -> Result<(), Refusal> {
    let header = text(parameters, "/headerName");
    if header.is_empty() {
        return Err(bad("The headerName of a header action is required."));
    }
    let has_value = !text(parameters, "/value").is_empty();
    match text(parameters, "/headerAction") {
        "Append" | "Overwrite" if has_value => Ok(()),
        "Delete" if !has_value => Ok(()),
        "Append" | "Overwrite" => Err(bad(format!(
            "The value of the action on header '{header}' is required."
        ))),
        "Delete" => Err(bad(format!(
            "The value of the Delete action on header '{header}' must be empty."
        ))),
        other => Err(bad(format!(
            "The headerAction '{other}' is not one of Append, Overwrite, Delete."
        ))),
    }
}

fn cache(parameters: &mut Value) {
    let cache = &mut parameters["cacheConfiguration"];
    if let Some(cache) = cache.as_object_mut() {
        for member in ["queryParameters", "cacheDuration"] {
            cache.entry(member).or_insert(Value::Null);
        }
    }
}

fn condition(condition: &mut Value) -> Result<(), Refusal> {
    let named = text(condition, "/name").to_owned();
    if !CONDITIONS.contains(&named.as_str()) {
        return Err(bad(format!("The condition name '{named}' is not valid.")));
    }
    let parameters = &mut condition["parameters"];
    for member in ["typeName", "operator"] {
        if text(parameters, &format!("/{member}")).is_empty() {
            return Err(bad(format!(
                "The {member} of condition '{named}' is required."
            )));
        }
    }
    if parameters["negateCondition"].is_null() {
        parameters["negateCondition"] = false.into();
    }
    if parameters["transforms"].is_null() {
        parameters["transforms"] = json!([]);
    }
    Ok(())
}

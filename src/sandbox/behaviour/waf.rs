//! Microsoft.Network/FrontDoorWebApplicationFirewallPolicies: the firewall that security policies put before domains.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::cdn::SECURITY;
use super::style::{IdForm, LocationForm, Names, Reply, State};
use super::{Behaviour, Evidence, Presented, ROW, Removal, Write, rule};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Store;

const EVIDENCE: Evidence = Evidence::Recorded("ext__test_waf_policy_managed_rules");
pub(crate) const POLICY: &str = "Microsoft.Network/FrontDoorWebApplicationFirewallPolicies";
const PREMIUM: &str = "Premium_AzureFrontDoor";

macro_rules! exclusions {
    () => {
        "[{ matchVariable!: RequestHeaderNames|RequestCookieNames|QueryStringArgNames|RequestBodyPostArgNames|RequestBodyJsonArgNames, \
         selectorMatchOperator!: Equals|Contains|StartsWith|EndsWith|EqualsAny, selector!: string }]"
    };
}

pub(crate) const ROWS: &[Behaviour] = &[Behaviour {
    arm_type: POLICY,
    versions: &["2020-11-01", "2022-05-01", "2024-02-01", "2025-03-01"],
    names: Names::Checked(is_name),
    shape: concat!(
        "{ location: string, tags: {*: string}, sku: { name: Classic_AzureFrontDoor|Standard_AzureFrontDoor|Premium_AzureFrontDoor }, \
         properties: { policySettings: { enabledState: Disabled|Enabled, mode: Prevention|Detection, redirectUrl: string, \
             customBlockResponseStatusCode: int, customBlockResponseBody: string, requestBodyCheck: Disabled|Enabled, \
             javascriptChallengeExpirationInMinutes: int, captchaExpirationInMinutes: int, \
             logScrubbing: { state: Enabled|Disabled, scrubbingRules: [{ \
               matchVariable!: RequestIPAddress|RequestUri|QueryStringArgNames|RequestHeaderNames|RequestCookieNames|RequestBodyPostArgNames|RequestBodyJsonArgNames, \
               selectorMatchOperator!: EqualsAny|Equals, selector: string, state: Enabled|Disabled }] } }, \
           customRules: { rules: [{ name: string, priority!: int, enabledState: Disabled|Enabled, \
             ruleType!: MatchRule|RateLimitRule, rateLimitDurationInMinutes: int, rateLimitThreshold: int, \
             groupBy: [{ variableName!: SocketAddr|GeoLocation|None }], \
             matchConditions!: [{ matchVariable!: RemoteAddr|RequestMethod|QueryString|PostArgs|RequestUri|RequestHeader|RequestBody|Cookies|SocketAddr, \
               selector: string, operator!: Any|IPMatch|GeoMatch|Equal|Contains|LessThan|GreaterThan|LessThanOrEqual|GreaterThanOrEqual|BeginsWith|EndsWith|RegEx, \
               negateCondition: bool, matchValue!: [string], \
               transforms: [Lowercase|Uppercase|Trim|UrlDecode|UrlEncode|RemoveNulls] }], \
             action!: Allow|Block|Log|Redirect|AnomalyScoring|JSChallenge|CAPTCHA }] }, \
           managedRules: { managedRuleSets: [{ ruleSetType!: string, ruleSetVersion!: string, \
             ruleSetAction: Block|Log|Redirect, exclusions: ",
        exclusions!(),
        ", ruleGroupOverrides: [{ ruleGroupName!: string, exclusions: ",
        exclusions!(),
        ", rules: [{ ruleId!: string, enabledState: Disabled|Enabled, \
             action: Allow|Block|Log|Redirect|AnomalyScoring|JSChallenge|CAPTCHA, exclusions: ",
        exclusions!(),
        " }] }] }] }, -frontendEndpointLinks: any, -routingRuleLinks: any, -securityPolicyLinks: any, \
           -provisioningState: any, -resourceState: any } }"
    ),
    rules: &[
        rule::default("/sku", r#"{"name":"Classic_AzureFrontDoor"}"#, EVIDENCE),
        rule::default("/properties/policySettings", "{}", EVIDENCE),
        rule::default(
            "/properties/policySettings/enabledState",
            r#""Enabled""#,
            EVIDENCE,
        ),
        rule::default(
            "/properties/policySettings/mode",
            r#""Prevention""#,
            EVIDENCE,
        ),
        rule::default("/properties/policySettings/redirectUrl", "null", EVIDENCE),
        rule::default(
            "/properties/policySettings/customBlockResponseStatusCode",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/policySettings/customBlockResponseBody",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/policySettings/requestBodyCheck",
            r#""Enabled""#,
            EVIDENCE,
        ),
        rule::default(
            "/properties/policySettings/logScrubbing/scrubbingRules/*/selector",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/policySettings/logScrubbing/scrubbingRules/*/state",
            r#""Enabled""#,
            EVIDENCE,
        ),
        rule::default("/properties/customRules", r#"{"rules":[]}"#, EVIDENCE),
        rule::default("/properties/customRules/rules", "[]", EVIDENCE),
        rule::default(
            "/properties/customRules/rules/*/enabledState",
            r#""Enabled""#,
            EVIDENCE,
        ),
        rule::default(
            "/properties/customRules/rules/*/rateLimitDurationInMinutes",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/customRules/rules/*/rateLimitThreshold",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/customRules/rules/*/matchConditions/*/selector",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/customRules/rules/*/matchConditions/*/negateCondition",
            "false",
            EVIDENCE,
        ),
        rule::default(
            "/properties/customRules/rules/*/matchConditions/*/transforms",
            "[]",
            EVIDENCE,
        ),
        rule::default(
            "/properties/managedRules",
            r#"{"managedRuleSets":[]}"#,
            EVIDENCE,
        ),
        rule::default("/properties/managedRules/managedRuleSets", "[]", EVIDENCE),
        rule::default(
            "/properties/managedRules/managedRuleSets/*/ruleSetAction",
            "null",
            EVIDENCE,
        ),
        rule::default(
            "/properties/managedRules/managedRuleSets/*/ruleGroupOverrides",
            "[]",
            EVIDENCE,
        ),
        rule::default(
            "/properties/managedRules/managedRuleSets/*/exclusions",
            "[]",
            EVIDENCE,
        ),
        rule::default(
            "/properties/managedRules/managedRuleSets/*/ruleGroupOverrides/*/exclusions",
            "[]",
            EVIDENCE,
        ),
        rule::default(
            "/properties/managedRules/managedRuleSets/*/ruleGroupOverrides/*/rules/*/exclusions",
            "[]",
            EVIDENCE,
        ),
    ],
    id_form: IdForm::LowerTypes,
    location: LocationForm::Global,
    state: State::Provisioning {
        creating: "Creating",
        updating: "Updating",
        deleting: "Deleting",
    },
    patch: Some(Reply::done(200)),
    replaced_by_patch: &["/tags"],
    // Recorded: 204 also when there was something to delete.
    delete: Some(Reply::empty(204)),
    prepare,
    removing: unlinked,
    present: show,
    evidence: EVIDENCE,
    ..ROW
}];

/// A letter, then letters and digits, 128 at most.
fn is_name(name: &str) -> bool {
    name.len() <= 128
        && name.starts_with(|next: char| next.is_ascii_alphabetic())
        && name.chars().all(|next| next.is_ascii_alphanumeric())
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "BadRequest", message)
}

fn items<'a>(body: &'a Value, pointer: &str) -> impl Iterator<Item = &'a Value> {
    body.pointer(pointer)
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
}

fn prepare(write: &mut Write) -> Result<(), Refusal> {
    let body = &write.body;
    let sku = body["sku"]["name"].as_str().unwrap_or_default();
    if write
        .previous
        .is_some_and(|before| before.body["sku"] != body["sku"])
    {
        return Err(bad("The SKU of a WAF policy cannot be changed."));
    }
    if let Some(status) =
        body["properties"]["policySettings"]["customBlockResponseStatusCode"].as_i64()
    {
        let is_known = [200, 403, 405, 406, 429].contains(&status) || (990..=999).contains(&status);
        if !is_known {
            return Err(bad(format!(
                "The customBlockResponseStatusCode {status} is not supported."
            )));
        }
    }
    scrubbing(body)?;
    custom(body)?;
    managed(body, sku)
}

/// Documented: addresses and URIs are scrubbed whole, everything else by a selector.
fn scrubbing(body: &Value) -> Result<(), Refusal> {
    for rule in items(
        body,
        "/properties/policySettings/logScrubbing/scrubbingRules",
    ) {
        let variable = rule["matchVariable"].as_str().unwrap_or_default();
        let is_whole = ["RequestIPAddress", "RequestUri"].contains(&variable);
        let selects = rule["selectorMatchOperator"] != "EqualsAny";
        if is_whole && (selects || rule["selector"].is_string()) {
            return Err(bad(format!(
                "The scrubbing rule for '{variable}' takes EqualsAny and no selector."
            )));
        }
        if selects && rule["selector"].as_str().is_none_or(str::is_empty) {
            return Err(bad(format!(
                "The scrubbing rule for '{variable}' needs a selector."
            )));
        }
    }
    Ok(())
}

fn custom(body: &Value) -> Result<(), Refusal> {
    let (mut names, mut priorities) = (BTreeSet::new(), BTreeSet::new());
    for rule in items(body, "/properties/customRules/rules") {
        let name = rule["name"].as_str().unwrap_or_default();
        if !is_name(name) || !names.insert(name.to_lowercase()) {
            return Err(bad(format!(
                "The custom rule name '{name}' is invalid or used twice."
            )));
        }
        let priority = rule["priority"].as_i64().unwrap_or_default();
        if priority < 1 || !priorities.insert(priority) {
            return Err(bad(format!(
                "The priority {priority} of custom rule '{name}' is invalid or used twice."
            )));
        }
        let conditions = rule["matchConditions"].as_array();
        if conditions.is_none_or(Vec::is_empty) {
            return Err(bad(format!(
                "Custom rule '{name}' needs at least one match condition."
            )));
        }
        if rule["ruleType"] == "RateLimitRule" {
            rate_limit(name, rule)?;
        }
        conditions
            .into_iter()
            .flatten()
            .try_for_each(|one| condition(name, one))?;
    }
    Ok(())
}

/// Documented: windows of one or five minutes, and only Log or Block.
fn rate_limit(name: &str, rule: &Value) -> Result<(), Refusal> {
    let duration = rule["rateLimitDurationInMinutes"].as_i64().unwrap_or(1);
    let threshold = rule["rateLimitThreshold"].as_i64().unwrap_or_default();
    if ![1, 5].contains(&duration) || threshold < 1 {
        return Err(bad(format!(
            "Rate limit rule '{name}' needs a duration of 1 or 5 minutes and a threshold."
        )));
    }
    if rule["action"] != "Block" && rule["action"] != "Log" {
        return Err(bad(format!(
            "Rate limit rule '{name}' can only Block or Log."
        )));
    }
    Ok(())
}

fn condition(rule: &str, condition: &Value) -> Result<(), Refusal> {
    let variable = condition["matchVariable"].as_str().unwrap_or_default();
    let needs_selector = ["RequestHeader", "PostArgs", "Cookies"].contains(&variable);
    if needs_selector && condition["selector"].as_str().is_none_or(str::is_empty) {
        return Err(bad(format!(
            "The condition on {variable} of custom rule '{rule}' needs a selector."
        )));
    }
    let is_address = ["RemoteAddr", "SocketAddr"].contains(&variable);
    let by_address = ["IPMatch", "GeoMatch", "Any"]
        .contains(&condition["operator"].as_str().unwrap_or_default());
    if is_address && !by_address {
        return Err(bad(format!(
            "The condition on {variable} of custom rule '{rule}' takes IPMatch or GeoMatch."
        )));
    }
    Ok(())
}

/// Type and versions that Front Door has (domain facts C.4).
const RULE_SETS: &[(&str, &[&str])] = &[
    ("Microsoft_DefaultRuleSet", &["1.1", "2.0", "2.1"]),
    ("Microsoft_BotManagerRuleSet", &["1.0", "1.1"]),
    ("Microsoft_HTTPDDoSRuleSet", &["1.0"]),
    ("DefaultRuleSet", &["1.0", "preview-0.1"]),
    ("BotProtection", &["preview-0.1"]),
];

fn managed(body: &Value, sku: &str) -> Result<(), Refusal> {
    for set in items(body, "/properties/managedRules/managedRuleSets") {
        let kind = set["ruleSetType"].as_str().unwrap_or_default();
        let version = set["ruleSetVersion"].as_str().unwrap_or_default();
        if sku == "Standard_AzureFrontDoor" {
            return Err(bad(format!(
                "Managed rule sets are supported by the SKU {PREMIUM} only."
            )));
        }
        let is_known = RULE_SETS
            .iter()
            .any(|(known, versions)| *known == kind && versions.contains(&version));
        if !is_known {
            return Err(bad(format!(
                "The managed rule set '{kind}' version '{version}' is not supported."
            )));
        }
    }
    Ok(())
}

/// Security policies that use this one.
fn links(store: &Store, id: &str) -> Vec<String> {
    store
        .of_kind("", SECURITY)
        .filter(|policy| {
            policy.body["properties"]["parameters"]["wafPolicy"]["id"]
                .as_str()
                .is_some_and(|used| used.eq_ignore_ascii_case(id))
        })
        .map(|policy| policy.id.clone())
        .collect()
}

fn unlinked(removal: &mut Removal) -> Result<(), Refusal> {
    let links = links(removal.store, &removal.object.id);
    if links.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        409,
        "Conflict",
        format!(
            "WAF policy {} cannot be deleted because it is linked by {}.",
            removal.object.id,
            links.join(", ")
        ),
    ))
}

fn show(body: &mut Value, presented: &Presented) {
    let links: Vec<Value> = links(presented.store, &presented.object.id)
        .into_iter()
        .map(|id| json!({ "id": id }))
        .collect();
    let properties = &mut body["properties"];
    properties["securityPolicyLinks"] = links.into();
    properties["frontendEndpointLinks"] = json!([]);
    // Recorded: absent in this version, there before and after.
    if presented.request.parameter("api-version") != Some("2022-05-01") {
        properties["routingRuleLinks"] = json!([]);
    }
    properties["resourceState"] = "Enabled".into();
}

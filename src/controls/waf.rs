//! The web application firewall: that it blocks, covers everything, and has no holes (domain.md C.4).

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::report::{Fault, Verdict, expect};
use super::state::Entry;
use super::subject::{DOMAIN, ENDPOINT, FIREWALL, ROUTE, Subject};
use crate::resource::Recommendation::{R8, R9};
use crate::resource::body::{get, join};

const SECURITY_POLICY: &str = "Microsoft.Cdn/profiles/securityPolicies";
const SETS: &str = "/properties/managedRules/managedRuleSets";
const RULES: &str = "/properties/customRules/rules";
/// What counts as a flood where no spec says: requests an address may send in the window.
const HIGHEST_LIMIT: u64 = 5000;

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "WAF-01",
        title: "WAF policy enabled and Prevention",
        severity: Severity::Critical,
        serves: &[R9],
        condition: "`enabledState` is `Enabled` and `mode` is `Prevention`",
        why: "in detection mode every attack is written down and let through",
        remedy: "set `mode` to `Prevention`",
        mcsb: &["NS-6"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[FIREWALL],
        check: Check::Read(prevents),
        ..Control::PLAIN
    },
    Control {
        id: "WAF-02",
        title: "WAF covers every domain and path",
        severity: Severity::Critical,
        serves: &[R9],
        condition: "a security policy with a firewall policy covers each linked endpoint and each own host with `/*`",
        why: "one host without the firewall is the way past it for all",
        remedy: "add the host to the security policy's associations, with `/*`",
        mcsb: &["NS-6"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[ENDPOINT, DOMAIN, SECURITY_POLICY],
        check: Check::Read(covers),
        ..Control::PLAIN
    },
    Control {
        id: "WAF-03",
        title: "Microsoft DRS >= 2.1, Block",
        serves: &[R9],
        condition: "`Microsoft_DefaultRuleSet` is there in version 2.1 or later, with `Block`",
        why: "injections and known exploits reach the gateway",
        remedy: "add `Microsoft_DefaultRuleSet` 2.1 with `ruleSetAction` `Block`",
        mcsb: &["NS-6"],
        owasp: &["API8", "API10"],
        applies: "Front Door Premium",
        reads: &[FIREWALL],
        check: Check::Read(default_rules),
        ..Control::PLAIN
    },
    Control {
        id: "WAF-05",
        title: "No global exclusions / disabled groups",
        serves: &[R9],
        condition: "no rule set or group has exclusions, no group is disabled as a whole, no rule is disabled",
        why: "what is excluded is where the next attack comes in",
        remedy: "remove the exclusion or the override",
        mcsb: &["NS-6"],
        owasp: &["API8"],
        applies: "Front Door Premium",
        reads: &[FIREWALL],
        check: Check::Read(no_holes),
        ..Control::PLAIN
    },
    Control {
        id: "WAF-06",
        title: "Edge rate limit rule",
        serves: &[R8],
        condition: "an enabled rule limits all requests of an address over one or five minutes, and blocks",
        why: "a flood reaches the gateway and is paid for there",
        remedy: "add a `RateLimitRule` with `Block` that matches every request and counts by `SocketAddr`",
        mcsb: &["NS-5", "NS-6"],
        owasp: &["API4"],
        applies: "Front Door Standard and Premium",
        reads: &[FIREWALL],
        check: Check::Read(rate_limit),
        ..Control::PLAIN
    },
    Control {
        id: "WAF-07",
        title: "No broad Allow custom rule",
        condition: "no enabled custom rule allows without bounds, and none decides by `RemoteAddr`",
        why: "an allowed request skips every rule behind; `RemoteAddr` is whatever the client writes into `X-Forwarded-For`",
        remedy: "remove the rule, or decide by `SocketAddr`",
        mcsb: &["NS-6"],
        owasp: &["API8"],
        applies: "Front Door Standard and Premium",
        reads: &[FIREWALL],
        check: Check::Read(no_way_round),
        ..Control::PLAIN
    },
];

fn prevents(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |policy: &Entry| {
        let state = "/properties/policySettings/enabledState";
        let mode = "/properties/policySettings/mode";
        let faults = [
            expect(policy.is(state, "Enabled"), policy, state, "`Enabled`"),
            expect(policy.is(mode, "Prevention"), policy, mode, "`Prevention`"),
        ];
        Verdict::of(policy, faults.into_iter().flatten())
    };
    subject.all(FIREWALL).map(judge).collect()
}

/// Whether a host is covered for every path by a firewall that is there.
fn is_covered(subject: &Subject<'_>, host: &Entry) -> bool {
    subject.all(SECURITY_POLICY).any(|policy| {
        let firewall = policy.text("/properties/parameters/wafPolicy/id");
        let is_there = firewall.is_some_and(|id| subject.state.named(id).is_some());
        is_there
            && policy
                .list("/properties/parameters/associations")
                .iter()
                .any(|association| {
                    let list = |pointer| get(association, pointer).and_then(Value::as_array);
                    let has_host = list("/domains").is_some_and(|domains| {
                        domains.iter().any(|domain| {
                            get(domain, "/id")
                                .and_then(Value::as_str)
                                .is_some_and(|id| id.eq_ignore_ascii_case(host.id.as_str()))
                        })
                    });
                    let has_all = list("/patternsToMatch")
                        .is_some_and(|paths| paths.contains(&Value::from("/*")));
                    has_host && has_all
                })
    })
}

fn covers(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |host: &Entry| {
        let wanted = "a security policy that covers it with `/*` and a firewall policy";
        let fault = Fault {
            pointer: String::new(),
            value: Value::String("not covered".to_owned()),
            wanted: wanted.to_owned(),
        };
        Verdict::of(host, (!is_covered(subject, host)).then_some(fault))
    };
    let endpoint = |endpoint: &Entry| {
        let is_linked = subject
            .all(ROUTE)
            .filter(|route| route.id.is_within(&endpoint.id))
            .any(|route| !route.is("/properties/linkToDefaultDomain", "Disabled"));
        if is_linked {
            judge(endpoint)
        } else {
            Verdict::not_applicable(endpoint, "no route answers on the default host")
        }
    };
    let domains = subject.all(DOMAIN).map(judge);
    subject.all(ENDPOINT).map(endpoint).chain(domains).collect()
}

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    get(value, pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn version(text: &str) -> Vec<u32> {
    text.split('.')
        .map(|part| part.parse().unwrap_or(0))
        .collect()
}

fn default_rules(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |policy: &Entry| {
        if policy
            .text("/sku/name")
            .is_some_and(|sku| sku.to_ascii_lowercase().starts_with("standard"))
        {
            return Verdict::not_applicable(policy, "Front Door Standard has no managed rules");
        }
        let sets = policy.list(SETS);
        let index = sets.iter().position(|set| {
            text(set, "/ruleSetType").eq_ignore_ascii_case("Microsoft_DefaultRuleSet")
        });
        let Some(index) = index else {
            let wanted = "`Microsoft_DefaultRuleSet` 2.1 with `Block`";
            return Verdict::of(policy, expect(false, policy, SETS, wanted));
        };
        let at = join(SETS, &index.to_string());
        let is_new = version(text(&sets[index], "/ruleSetVersion")) >= vec![2, 1];
        let blocks = text(&sets[index], "/ruleSetAction").eq_ignore_ascii_case("Block");
        let faults = [
            expect(
                is_new,
                policy,
                &format!("{at}/ruleSetVersion"),
                "2.1 or later",
            ),
            expect(blocks, policy, &format!("{at}/ruleSetAction"), "`Block`"),
        ];
        Verdict::of(policy, faults.into_iter().flatten())
    };
    subject.all(FIREWALL).map(judge).collect()
}

fn no_holes(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |policy: &Entry| {
        let sets = 0..policy.list(SETS).len();
        Verdict::of(
            policy,
            sets.flat_map(|index| holes(policy, &join(SETS, &index.to_string()))),
        )
    };
    subject.all(FIREWALL).map(judge).collect()
}

fn holes(policy: &Entry, set: &str) -> Vec<Fault> {
    let exclusions = format!("{set}/exclusions");
    let mut faults: Vec<Fault> = expect(
        policy.at(&exclusions).is_none(),
        policy,
        &exclusions,
        "no exclusion",
    )
    .into_iter()
    .collect();
    let overrides = format!("{set}/ruleGroupOverrides");
    for (index, group) in policy.list(&overrides).iter().enumerate() {
        let at = join(&overrides, &index.to_string());
        let exclusions = format!("{at}/exclusions");
        faults.extend(expect(
            policy.at(&exclusions).is_none(),
            policy,
            &exclusions,
            "no exclusion",
        ));
        let rules = get(group, "/rules").and_then(Value::as_array);
        if rules.is_none_or(Vec::is_empty) {
            faults.push(Fault {
                pointer: format!("{at}/rules"),
                value: Value::String(format!(
                    "the whole group {} is off",
                    text(group, "/ruleGroupName")
                )),
                wanted: "no override, or some rules".to_owned(),
            });
        }
        let off = rules
            .into_iter()
            .flatten()
            .filter(|rule| !text(rule, "/enabledState").eq_ignore_ascii_case("Enabled"));
        faults.extend(off.map(|rule| Fault {
            pointer: format!("{at}/rules"),
            value: Value::String(format!("rule {} is off", text(rule, "/ruleId"))),
            wanted: "enabled".to_owned(),
        }));
    }
    faults
}

/// Enabled unless it says otherwise.
fn is_on(rule: &Value) -> bool {
    !text(rule, "/enabledState").eq_ignore_ascii_case("Disabled")
}

fn conditions(rule: &Value) -> &[Value] {
    get(rule, "/matchConditions")
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// Whether a condition holds for every request.
fn is_unbounded(condition: &Value) -> bool {
    let is_negated = get(condition, "/negateCondition").and_then(Value::as_bool) == Some(true);
    let values: Vec<&str> = get(condition, "/matchValue")
        .and_then(Value::as_array)
        .map_or_else(Vec::new, |values| {
            values.iter().filter_map(Value::as_str).collect()
        });
    let has = |wanted: &[&str]| values.iter().any(|value| wanted.contains(value));
    let holds = match text(condition, "/operator") {
        "Any" => true,
        "IPMatch" => has(&["0.0.0.0/0", "::/0"]),
        "GreaterThanOrEqual" => {
            text(condition, "/matchVariable") == "RequestHeader"
                && text(condition, "/selector").eq_ignore_ascii_case("Host")
                && has(&["0"])
        }
        "BeginsWith" | "Contains" => {
            has(&["/", ""]) && text(condition, "/matchVariable") == "RequestUri"
        }
        "RegEx" => has(&[".*", "^.*$", ".+", "^/.*$"]),
        _ => false,
    };
    holds && !is_negated
}

fn matches_all(rule: &Value) -> bool {
    let conditions = conditions(rule);
    !conditions.is_empty() && conditions.iter().all(is_unbounded)
}

fn is_flood_guard(rule: &Value, highest: u64) -> bool {
    let number = |pointer| get(rule, pointer).and_then(Value::as_u64);
    let groups = get(rule, "/groupBy").and_then(Value::as_array);
    let is_by_address = groups.is_none_or(|groups| {
        groups.is_empty()
            || groups
                .iter()
                .any(|group| text(group, "/variableName") == "SocketAddr")
    });
    is_on(rule)
        && text(rule, "/ruleType").eq_ignore_ascii_case("RateLimitRule")
        && text(rule, "/action").eq_ignore_ascii_case("Block")
        && matches!(number("/rateLimitDurationInMinutes"), Some(1 | 5))
        && number("/rateLimitThreshold").is_some_and(|limit| limit <= highest)
        && is_by_address
        && matches_all(rule)
}

fn rate_limit(subject: &Subject<'_>) -> Vec<Verdict> {
    let declared = subject.intent.declared.as_ref();
    let highest = declared.map_or(HIGHEST_LIMIT, |declared| declared.edge_limit);
    let judge = |policy: &Entry| {
        let rules = policy.list(RULES);
        let holds = rules.iter().any(|rule| is_flood_guard(rule, highest));
        let limit = rules
            .iter()
            .position(|rule| text(rule, "/ruleType").eq_ignore_ascii_case("RateLimitRule"));
        let at = limit.map_or_else(|| RULES.to_owned(), |index| join(RULES, &index.to_string()));
        let wanted = format!(
            "an enabled rule that blocks beyond {highest} requests of an address in one or five minutes, whatever they are"
        );
        Verdict::of(policy, expect(holds, policy, &at, wanted))
    };
    subject.all(FIREWALL).map(judge).collect()
}

fn no_way_round(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |policy: &Entry| {
        let rules = policy
            .list(RULES)
            .iter()
            .enumerate()
            .filter(|(_, rule)| is_on(rule));
        let faults = rules.filter_map(|(index, rule)| {
            let is_broad = text(rule, "/action").eq_ignore_ascii_case("Allow") && matches_all(rule);
            let is_chosen = conditions(rule).iter().any(|condition| {
                text(condition, "/matchVariable").eq_ignore_ascii_case("RemoteAddr")
            });
            let wanted = if is_broad {
                "no rule that allows every request"
            } else {
                "a condition on `SocketAddr`: clients choose `RemoteAddr`"
            };
            expect(
                !is_broad && !is_chosen,
                policy,
                &join(RULES, &index.to_string()),
                wanted,
            )
        });
        Verdict::of(policy, faults)
    };
    subject.all(FIREWALL).map(judge).collect()
}

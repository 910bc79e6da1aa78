//! The functions: HTTPS, no other way to publish or debug, and nobody but the gateway (domain.md B).

use std::collections::BTreeSet;

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::intent::Backend;
use super::report::{Fault, Verdict, expect};
use super::state::Entry;
use super::subject::{SERVICE, SITE, SITE_CONFIG, SLOT, Subject};
use crate::resource::Recommendation::{R1, R2, R3, R4, R6};
use crate::resource::body::{get, join};

const PUBLISHING: &str = "Microsoft.Web/sites/basicPublishingCredentialsPolicies";
const STORAGE: &str = "Microsoft.Storage/storageAccounts";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "FUN-01",
        title: "Function HTTPS only",
        serves: &[R3],
        condition: "`httpsOnly` is `true`, for each slot too",
        why: "the gateway's token could go over HTTP",
        remedy: "set `httpsOnly` to `true`",
        mcsb: &["DP-3"],
        cis3: Some("9.1"),
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SLOT],
        check: Check::Read(https_only),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-02",
        title: "Function minimum TLS",
        serves: &[R2, R3],
        condition: "`minTlsVersion` is 1.3; 1.2 where no spec says more",
        why: "a caller can talk the function down to a broken protocol",
        remedy: "set `minTlsVersion` to `1.3`",
        mcsb: &["DP-3", "NS-8"],
        cis3: Some("9.4"),
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(minimum_tls),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-05",
        title: "FTP disabled",
        serves: &[R4],
        condition: "`ftpsState` is `Disabled`; `FtpsOnly` is a lesser finding",
        why: "code can be replaced with a password that goes over the network",
        remedy: "set `ftpsState` to `Disabled`",
        mcsb: &["NS-8", "DP-3"],
        cis3: Some("9.3"),
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(ftp),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-06",
        title: "FTP basic publishing credentials off",
        serves: &[R4],
        condition: "`basicPublishingCredentialsPolicies/ftp` does not allow them",
        why: "a leaked publishing password replaces the code, with no second factor and no name",
        remedy: "set `allow` to `false`",
        mcsb: &["IM-1"],
        cis3: Some("9.6"),
        owasp: &["API2"],
        applies: "Consumption, Elastic Premium, Dedicated; where it is set on others too",
        reads: &[SITE, PUBLISHING],
        check: Check::Read(ftp_credentials),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-07",
        title: "SCM basic publishing credentials off",
        serves: &[R4],
        condition: "`basicPublishingCredentialsPolicies/scm` does not allow them",
        why: "a leaked publishing password replaces the code, with no second factor and no name",
        remedy: "set `allow` to `false`",
        mcsb: &["IM-1"],
        cis3: Some("9.6"),
        owasp: &["API2"],
        applies: "all plans",
        reads: &[SITE, PUBLISHING],
        check: Check::Read(scm_credentials),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-08",
        title: "Remote debugging and SSH off",
        severity: Severity::Medium,
        serves: &[R4],
        condition: "`remoteDebuggingEnabled` is not on, nor is `sshEnabled`",
        why: "a debugger reads every secret of the running code",
        remedy: "set `remoteDebuggingEnabled` and `sshEnabled` to `false`",
        mcsb: &["NS-8"],
        cis3: Some("9.12"),
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(debugging),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-09",
        title: "Inbound default deny",
        severity: Severity::Critical,
        serves: &[R6],
        condition: "`ipSecurityRestrictionsDefaultAction` is `Deny`; left out, it is so only with a rule or with public access off",
        why: "the function answers the whole Internet",
        remedy: "set `ipSecurityRestrictionsDefaultAction` to `Deny`",
        mcsb: &["NS-1", "NS-2"],
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(default_deny),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-10",
        title: "Allow list equals current APIM VIPs",
        severity: Severity::Critical,
        serves: &[R6],
        condition: "the addresses that are let in are those of the gateway, each by itself, and no service tag",
        why: "others in an address range or behind a tag call the function past the gateway; a missing address is an outage",
        remedy: "run `secgw apply`, which writes the gateway's addresses of today",
        mcsb: &["NS-1"],
        owasp: &["API8"],
        applies: "functions that the gateway reaches over their public side",
        reads: &[SITE, SITE_CONFIG, SERVICE],
        check: Check::Read(allow_list),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-11",
        title: "SCM site restricted",
        serves: &[R6],
        condition: "the deployment site takes the rules of the main one, or denies by default and opens to nobody wide",
        why: "whoever reaches the deployment site tries its credentials",
        remedy: "set `scmIpSecurityRestrictionsDefaultAction` to `Deny`",
        mcsb: &["NS-1"],
        owasp: &["API8"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(deployment_site),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-13",
        title: "Easy Auth requires APIM identity",
        severity: Severity::Critical,
        serves: &[R1],
        condition: "sign-in is required for every path, refused with 401, and open to the gateway's managed identity alone",
        why: "anybody who reaches the function, or any identity of the tenant, is answered",
        remedy: "run `secgw apply`, which writes `authsettingsV2` whole",
        mcsb: &["IM-3", "IM-4"],
        cis3: Some("9.2"),
        owasp: &["API2"],
        applies: "all plans",
        reads: &[SITE, SITE_CONFIG],
        check: Check::Read(sign_in),
        ..Control::PLAIN
    },
    Control {
        id: "FUN-15",
        title: "Managed identity on Function; identity-based storage",
        severity: Severity::Medium,
        condition: "each function has a managed identity and no connection string for its storage, which takes no shared keys and shows nothing to the public",
        why: "a storage key in a setting is a password to the function's code, and a public container needs none",
        remedy: "use `AzureWebJobsStorage__accountName`, and set `allowSharedKeyAccess` and `allowBlobPublicAccess` to `false`",
        mcsb: &["IM-3", "IM-8"],
        cis3: Some("9.5"),
        owasp: &["API8"],
        applies: "Flex Consumption",
        reads: &[SITE, SITE_CONFIG, STORAGE],
        check: Check::Read(identities),
        ..Control::PLAIN
    },
];

fn https_only(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |site: &Entry| {
        let pointer = "/properties/httpsOnly";
        Verdict::of(
            site,
            expect(site.flag(pointer) == Some(true), site, pointer, "`true`"),
        )
    };
    subject
        .all(SITE)
        .chain(subject.all(SLOT))
        .map(judge)
        .collect()
}

/// Judges the configuration of each site, where Azure says the truth about it (domain.md 0.2, 8).
fn configurations(
    subject: &Subject<'_>,
    judge: impl Fn(&Entry, &Entry) -> Verdict,
) -> Vec<Verdict> {
    let one = |site: &Entry| match subject.config(&site.id, "web") {
        Some(config) => judge(site, config),
        None => Verdict::unknown(site, "its configuration was not read"),
    };
    subject.all(SITE).map(one).collect()
}

fn minimum_tls(subject: &Subject<'_>) -> Vec<Verdict> {
    let needs_13 = subject.intent.declared.is_some();
    configurations(subject, |_, config| {
        let pointer = "/properties/minTlsVersion";
        let is_13 = config.is(pointer, "1.3");
        // Azure's own default is 1.2.
        let is_12 = config.at(pointer).is_none() || config.is(pointer, "1.2");
        let wanted = if needs_13 { "`1.3`" } else { "`1.2` or `1.3`" };
        Verdict::of(
            config,
            expect(is_13 || (!needs_13 && is_12), config, pointer, wanted),
        )
    })
}

fn ftp(subject: &Subject<'_>) -> Vec<Verdict> {
    configurations(subject, |_, config| {
        let pointer = "/properties/ftpsState";
        let verdict = Verdict::of(
            config,
            expect(
                config.is(pointer, "Disabled"),
                config,
                pointer,
                "`Disabled`",
            ),
        );
        if config.is(pointer, "FtpsOnly") {
            verdict.graded(Severity::Low)
        } else {
            verdict
        }
    })
}

fn publishing(subject: &Subject<'_>, name: &str) -> Vec<Verdict> {
    let judge = |site: &Entry| {
        let id = site.id.child("basicPublishingCredentialsPolicies", name);
        let is_flex = site.at("/properties/functionAppConfig").is_some();
        match subject.state.get(&id) {
            Some(policy) => {
                let pointer = "/properties/allow";
                let holds = policy.flag(pointer) == Some(false);
                Verdict::of(policy, expect(holds, policy, pointer, "`false`"))
            }
            None if is_flex && name == "ftp" => {
                Verdict::not_applicable(site, "Flex Consumption takes no code by FTP")
            }
            None => Verdict::unknown(site, format!("its policy `{name}` was not read")),
        }
    };
    subject.all(SITE).map(judge).collect()
}

fn ftp_credentials(subject: &Subject<'_>) -> Vec<Verdict> {
    publishing(subject, "ftp")
}

fn scm_credentials(subject: &Subject<'_>) -> Vec<Verdict> {
    publishing(subject, "scm")
}

fn debugging(subject: &Subject<'_>) -> Vec<Verdict> {
    let ssh = "/properties/sshEnabled";
    let debugger = "/properties/remoteDebuggingEnabled";
    let sites = subject.all(SITE).map(|site| {
        Verdict::of(
            site,
            expect(site.flag(ssh) != Some(true), site, ssh, "`false`"),
        )
    });
    let configurations = configurations(subject, |_, config| {
        let holds = config.flag(debugger) != Some(true);
        Verdict::of(config, expect(holds, config, debugger, "`false`"))
    });
    sites.chain(configurations).collect()
}

/// Azure shows its default as a rule of the last priority; it is not one of the site's own (domain.md B.2).
pub(super) fn is_own_rule(rule: &Value) -> bool {
    get(rule, "/priority").and_then(Value::as_u64) != Some(2_147_483_647)
}

pub(super) fn allows(rule: &Value) -> bool {
    get(rule, "/action")
        .and_then(Value::as_str)
        .is_none_or(|action| action.eq_ignore_ascii_case("Allow"))
}

fn default_deny(subject: &Subject<'_>) -> Vec<Verdict> {
    let pointer = "/properties/ipSecurityRestrictionsDefaultAction";
    let access = "/properties/publicNetworkAccess";
    configurations(subject, |site, config| {
        let rules = config.list("/properties/ipSecurityRestrictions");
        let has_rule = rules.iter().any(is_own_rule);
        let is_closed = site.is(access, "Disabled") || config.is(access, "Disabled");
        let holds = match config.text(pointer) {
            Some(action) => action.eq_ignore_ascii_case("Deny"),
            None => has_rule || is_closed,
        };
        Verdict::of(config, expect(holds, config, pointer, "`Deny`"))
    })
}

fn allow_list(subject: &Subject<'_>) -> Vec<Verdict> {
    let list = "/properties/ipSecurityRestrictions";
    let gateways: BTreeSet<String> = subject
        .all(SERVICE)
        .flat_map(|service| addresses(subject, service))
        .map(|address| format!("{address}/32"))
        .collect();
    configurations(subject, |site, config| {
        if subject.intent.backend == Backend::Private {
            return Verdict::not_applicable(
                site,
                "the gateway reaches it by private endpoint: NET-03 guards it",
            );
        }
        let mut faults = Vec::new();
        let mut found = BTreeSet::new();
        for (index, rule) in config.list(list).iter().enumerate() {
            if !is_own_rule(rule) || !allows(rule) {
                continue;
            }
            let said = sources(rule);
            let holds = !said.is_empty() && said.iter().all(|source| gateways.contains(source));
            faults.extend(expect(
                holds,
                config,
                &join(list, &index.to_string()),
                "an address of the gateway",
            ));
            found.extend(said);
        }
        let missing: Vec<&String> = gateways.difference(&found).collect();
        if !missing.is_empty() || gateways.is_empty() {
            faults.extend(expect(
                false,
                config,
                list,
                format!("the gateway's addresses: {gateways:?}"),
            ));
        }
        Verdict::of(config, faults)
    })
}

fn addresses(subject: &Subject<'_>, service: &Entry) -> Vec<String> {
    let mut all = subject
        .state
        .texts(&service.id, "/properties/publicIPAddresses");
    let more = service.list("/properties/additionalLocations").iter();
    let more = more.filter_map(|location| get(location, "/publicIPAddresses")?.as_array());
    all.extend(more.flatten().filter_map(Value::as_str).map(str::to_owned));
    all
}

/// Whom a rule lets in; a tag or a network is no address.
fn sources(rule: &Value) -> Vec<String> {
    let text = |pointer| {
        get(rule, pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    let tag = text("/tag");
    let is_address = tag.is_empty() || tag.eq_ignore_ascii_case("Default");
    text("/ipAddress")
        .split(',')
        .map(str::trim)
        .filter(|source| !source.is_empty())
        .map(|source| match source {
            source if !is_address => format!("tag {source}"),
            source if source.contains('/') => source.to_owned(),
            source => format!("{source}/32"),
        })
        .collect()
}

fn is_wide(rule: &Value) -> bool {
    let wide = ["any", "0.0.0.0/0", "internet", "azurecloud", "*"];
    let source = get(rule, "/ipAddress")
        .and_then(Value::as_str)
        .unwrap_or_default();
    source.split(',').any(|source| {
        let source = source.trim().to_ascii_lowercase();
        wide.contains(&source.as_str())
    })
}

fn deployment_site(subject: &Subject<'_>) -> Vec<Verdict> {
    configurations(subject, |_, config| {
        if config.flag("/properties/scmIpSecurityRestrictionsUseMain") == Some(true) {
            return Verdict::of(config, None);
        }
        let list = "/properties/scmIpSecurityRestrictions";
        let pointer = "/properties/scmIpSecurityRestrictionsDefaultAction";
        let rules: Vec<(usize, &Value)> = config
            .list(list)
            .iter()
            .enumerate()
            .filter(|(_, rule)| is_own_rule(rule))
            .collect();
        let denies = config.text(pointer).map_or(!rules.is_empty(), |action| {
            action.eq_ignore_ascii_case("Deny")
        });
        let wide = rules
            .iter()
            .filter(|(_, rule)| allows(rule) && is_wide(rule))
            .filter_map(|(index, _)| {
                expect(
                    false,
                    config,
                    &join(list, &index.to_string()),
                    "a narrow source",
                )
            });
        Verdict::of(
            config,
            wide.chain(expect(denies, config, pointer, "`Deny`")),
        )
    })
}

const DIRECTORY: &str = "/properties/identityProviders/azureActiveDirectory";

/// How the gateway's managed identity is known: application id and object id.
fn gateway_identities(subject: &Subject<'_>) -> (BTreeSet<String>, BTreeSet<String>) {
    let mut clients = BTreeSet::new();
    let mut principals = BTreeSet::new();
    for service in subject.all(SERVICE) {
        principals.extend(service.text("/identity/principalId").map(str::to_owned));
        // Of a desired service, the members are empty.
        let users = get(&service.body, "/identity/userAssignedIdentities");
        let users = users.and_then(Value::as_object);
        for (id, said) in users.into_iter().flatten() {
            let entry = subject.state.named(id);
            let value = |member: &str| {
                entry
                    .and_then(|entry| {
                        subject
                            .state
                            .text(&entry.id, &format!("/properties/{member}"))
                    })
                    .or_else(|| said.get(member)?.as_str().map(str::to_owned))
            };
            clients.extend(value("clientId"));
            principals.extend(value("principalId"));
        }
    }
    (clients, principals)
}

fn sign_in(subject: &Subject<'_>) -> Vec<Verdict> {
    let (clients, principals) = gateway_identities(subject);
    let judge = |site: &Entry| {
        let Some(settings) = subject.config(&site.id, "authsettingsV2") else {
            return Verdict::unknown(site, "its sign-in was not read");
        };
        let faults = required(settings)
            .into_iter()
            .chain(callers(settings, &clients, &principals));
        Verdict::of(settings, faults)
    };
    subject.all(SITE).map(judge).collect()
}

fn required(settings: &Entry) -> Vec<Fault> {
    let enabled = "/properties/platform/enabled";
    let required = "/properties/globalValidation/requireAuthentication";
    let action = "/properties/globalValidation/unauthenticatedClientAction";
    let excluded = "/properties/globalValidation/excludedPaths";
    let provider = format!("{DIRECTORY}/enabled");
    let faults = [
        expect(
            settings.flag(enabled) == Some(true),
            settings,
            enabled,
            "`true`",
        ),
        expect(
            settings.flag(required) == Some(true),
            settings,
            required,
            "`true`",
        ),
        expect(
            settings.is(action, "Return401"),
            settings,
            action,
            "`Return401`",
        ),
        expect(
            settings.at(excluded).is_none(),
            settings,
            excluded,
            "no path",
        ),
        expect(
            settings.flag(&provider) != Some(false),
            settings,
            &provider,
            "`true`",
        ),
    ];
    faults.into_iter().flatten().collect()
}

/// Somebody must be named, and nobody but the gateway.
fn callers(
    settings: &Entry,
    clients: &BTreeSet<String>,
    principals: &BTreeSet<String>,
) -> Vec<Fault> {
    let policy = format!("{DIRECTORY}/validation/defaultAuthorizationPolicy");
    let applications = format!("{policy}/allowedApplications");
    let identities = format!("{policy}/allowedPrincipals/identities");
    let named = [(applications, clients), (identities, principals)];
    let is_anybody = named
        .iter()
        .all(|(list, _)| settings.texts(list).is_empty());
    let mut faults: Vec<Fault> = named
        .iter()
        .filter_map(|(list, own)| {
            let strangers = settings.texts(list).iter().any(|id| !own.contains(*id));
            expect(
                !strangers,
                settings,
                list,
                format!("the gateway's identity alone: {own:?}"),
            )
        })
        .collect();
    if is_anybody {
        faults.extend(expect(
            false,
            settings,
            &named[0].0,
            format!("the gateway's identity: {clients:?}"),
        ));
    }
    faults
}

fn identities(subject: &Subject<'_>) -> Vec<Verdict> {
    let sites = subject.all(SITE).flat_map(|site| {
        let kind = "/identity/type";
        let has_identity = site
            .text(kind)
            .is_some_and(|text| text.to_ascii_lowercase().contains("assigned"));
        let own = Verdict::of(site, expect(has_identity, site, kind, "a managed identity"));
        let settings = subject.config(&site.id, "appsettings").map(|settings| {
            let pointer = "/properties/AzureWebJobsStorage";
            let fault = settings.at(pointer).map(|_| Fault {
                pointer: pointer.to_owned(),
                value: Value::String("(secret)".to_owned()),
                wanted: "`AzureWebJobsStorage__accountName` in its place".to_owned(),
            });
            Verdict::of(settings, fault)
        });
        std::iter::once(own).chain(settings)
    });
    let accounts = subject.all(STORAGE).map(|account| {
        // Azure allows keys unless told otherwise; what is public, it has refused since 2023 unless told otherwise.
        let keys = "/properties/allowSharedKeyAccess";
        let public = "/properties/allowBlobPublicAccess";
        let faults = [
            expect(account.flag(keys) == Some(false), account, keys, "`false`"),
            expect(
                account.flag(public) != Some(true),
                account,
                public,
                "`false`",
            ),
        ];
        Verdict::of(account, faults.into_iter().flatten())
    });
    sites.chain(accounts).collect()
}

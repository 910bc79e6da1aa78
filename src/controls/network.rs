//! Networks: what a subnet is set aside for, what its security group lets through, and that functions are reached by
//! their private endpoints alone (domain.md A.4, A.5, B).

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::intent::{Backend, Edge};
use super::report::{Fault, Verdict, expect};
use super::security_group::{Flow, allows, open_to};
use super::state::Entry;
use super::subject::{Generation, SERVICE, SITE, SITE_CONFIG, Subject, generation, tier};
use crate::resource::Recommendation::{R5, R10};
use crate::resource::body::get;

const SUBNET: &str = "Microsoft.Network/virtualNetworks/subnets";
const GROUP: &str = "Microsoft.Network/networkSecurityGroups";
const PRIVATE_ENDPOINT: &str = "Microsoft.Network/privateEndpoints";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "NET-01",
        title: "NSG attached to APIM subnet with required rules",
        severity: Severity::Critical,
        serves: &[R5],
        condition: "the subnet of an injected gateway has a security group that lets through what its platform needs: 3443 from `ApiManagement`, 6390 from the load balancer, and out to `Storage`, `Sql`, `AzureKeyVault`, `AzureMonitor` and port 80",
        why: "without them the gateway cannot be managed and in the end stops: an outage",
        remedy: "add the rule that is named",
        mcsb: &["NS-1"],
        owasp: &["API8"],
        applies: "Developer and Premium, injected",
        reads: &[SERVICE, SUBNET, GROUP],
        check: Check::Read(required_rules),
        ..Control::PLAIN
    },
    Control {
        id: "NET-02",
        title: "Subnet delegation matches mode",
        severity: Severity::Critical,
        serves: &[R5],
        condition: "subnets are delegated to what stands in them: nothing for an injected classic gateway, `Microsoft.Web/serverFarms` for integration, `Microsoft.Web/hostingEnvironments` for an injected PremiumV2, `Microsoft.App/environments` for Flex Consumption",
        why: "gateway or function cannot join the network: an outage",
        remedy: "set the subnet's delegation",
        mcsb: &["NS-1"],
        applies: "gateways and functions in a network",
        reads: &[SERVICE, SITE, SUBNET],
        check: Check::Read(delegations),
        ..Control::PLAIN
    },
    Control {
        id: "NET-03",
        title: "Function reachable only by private endpoint (private topologies)",
        severity: Severity::Critical,
        serves: &[R5],
        condition: "each function has an approved private endpoint, and its public network access is off",
        why: "the function can be called past the gateway",
        remedy: "set `publicNetworkAccess` to `Disabled`, and keep the private endpoint",
        mcsb: &["NS-2"],
        owasp: &["API8"],
        applies: "functions behind a gateway in a network",
        reads: &[SITE, SITE_CONFIG, PRIVATE_ENDPOINT],
        check: Check::Read(private_functions),
        ..Control::PLAIN
    },
    Control {
        id: "NET-04",
        title: "Only Front Door may reach the injected APIM on 443",
        severity: Severity::Critical,
        serves: &[R10],
        condition: "the security group of an injected gateway allows 443 from `AzureFrontDoor.Backend` and from nobody else outside",
        why: "anybody can call the gateway directly, past firewall and edge limits",
        remedy: "allow 443 from `AzureFrontDoor.Backend` alone",
        mcsb: &["NS-1"],
        owasp: &["API8"],
        applies: "Developer and Premium, injected with a public address",
        reads: &[SERVICE, SUBNET, GROUP],
        check: Check::Read(only_front_door),
        ..Control::PLAIN
    },
];

fn subnet_of<'a>(subject: &Subject<'a>, resource: &Entry, pointer: &str) -> Option<&'a Entry> {
    subject.state.named(resource.text(pointer)?)
}

const SERVICE_SUBNET: &str = "/properties/virtualNetworkConfiguration/subnetResourceId";

/// The services that are injected, with their subnet; a verdict for the others.
fn injected<'a>(
    subject: &Subject<'a>,
    judge: impl Fn(&'a Entry, &'a Entry) -> Verdict,
) -> Vec<Verdict> {
    let one = |service: &'a Entry| {
        if subject.intent.edge != Edge::Injected || generation(service) != Generation::Classic {
            return Verdict::not_applicable(service, "it is not injected into a network");
        }
        match subnet_of(subject, service, SERVICE_SUBNET) {
            Some(subnet) => judge(service, subnet),
            None if service.at(SERVICE_SUBNET).is_some() => {
                Verdict::unknown(service, "its subnet was not read")
            }
            None => Verdict::of(service, expect(false, service, SERVICE_SUBNET, "a subnet")),
        }
    };
    subject.all(SERVICE).map(one).collect()
}

fn group_of<'a>(subject: &Subject<'a>, subnet: &Entry) -> Result<&'a Entry, Verdict> {
    let pointer = "/properties/networkSecurityGroup/id";
    let Some(id) = subnet.text(pointer) else {
        let fault = expect(false, subnet, pointer, "a security group");
        return Err(Verdict::of(subnet, fault));
    };
    let group = subject.state.named(id);
    group.ok_or_else(|| Verdict::unknown(subnet, "its security group was not read"))
}

fn flow<'a>(direction: &'a str, source: &'a str, destination: &'a str, port: u16) -> Flow<'a> {
    Flow {
        direction,
        source,
        destination,
        port,
        protocol: "Tcp",
    }
}

/// Rows 2, 3 and 6 to 10 of domain.md A.4; 6390 is not required for Developer.
fn needs(service: &Entry) -> Vec<Flow<'static>> {
    let inside = "VirtualNetwork";
    let mut needs = vec![
        flow("Inbound", "ApiManagement", inside, 3443),
        flow("Outbound", inside, "Internet", 80),
        flow("Outbound", inside, "Storage", 443),
        flow("Outbound", inside, "Sql", 1433),
        flow("Outbound", inside, "AzureKeyVault", 443),
        flow("Outbound", inside, "AzureMonitor", 1886),
        flow("Outbound", inside, "AzureMonitor", 443),
    ];
    if !service.is("/sku/name", "Developer") {
        needs.push(flow("Inbound", "AzureLoadBalancer", inside, 6390));
    }
    needs
}

fn required_rules(subject: &Subject<'_>) -> Vec<Verdict> {
    injected(subject, |service, subnet| {
        let group = match group_of(subject, subnet) {
            Ok(group) => group,
            Err(verdict) => return verdict,
        };
        let missing = needs(service)
            .into_iter()
            .filter(|flow| !allows(group, *flow));
        Verdict::of(
            group,
            missing.map(|flow| Fault {
                pointer: "/properties/securityRules".to_owned(),
                value: Value::String(format!(
                    "{} from {} to {} port {} is refused",
                    flow.direction, flow.source, flow.destination, flow.port
                )),
                wanted: "allowed".to_owned(),
            }),
        )
    })
}

fn only_front_door(subject: &Subject<'_>) -> Vec<Verdict> {
    const EDGE: &str = "AzureFrontDoor.Backend";
    injected(subject, |service, subnet| {
        if service.is("/properties/virtualNetworkType", "Internal") {
            return Verdict::not_applicable(service, "it has no public address");
        }
        let group = match group_of(subject, subnet) {
            Ok(group) => group,
            Err(verdict) => return verdict,
        };
        let is_inside = |source: &&str| {
            [
                EDGE,
                "VirtualNetwork",
                "AzureLoadBalancer",
                "AzureTrafficManager",
            ]
            .iter()
            .any(|inside| source.eq_ignore_ascii_case(inside))
        };
        let open = open_to(group, 443);
        let strangers = open.iter().flat_map(|(rule, sources)| {
            let name = get(rule, "/name")
                .and_then(Value::as_str)
                .unwrap_or_default();
            sources
                .iter()
                .filter(|source| !is_inside(source))
                .map(move |source| Fault {
                    pointer: "/properties/securityRules".to_owned(),
                    value: Value::String(format!("rule `{name}` allows 443 from {source}")),
                    wanted: format!("443 from `{EDGE}` alone"),
                })
        });
        let comes_in = allows(group, flow("Inbound", EDGE, "VirtualNetwork", 443));
        let shut = (!comes_in).then(|| Fault {
            pointer: "/properties/securityRules".to_owned(),
            value: Value::String(format!("443 from {EDGE} is refused")),
            wanted: "allowed".to_owned(),
        });
        Verdict::of(group, strangers.chain(shut))
    })
}

/// What a subnet has to be delegated to; nothing means no delegation at all.
fn delegation_for(service: &Entry) -> Option<&'static str> {
    match generation(service) {
        Generation::V2 if service.is("/properties/virtualNetworkType", "Internal") => {
            Some("Microsoft.Web/hostingEnvironments")
        }
        Generation::V2 => Some("Microsoft.Web/serverFarms"),
        Generation::Classic | Generation::Consumption => None,
    }
}

fn delegation(subnet: &Entry, wanted: Option<&str>, of: &str) -> Verdict {
    let pointer = "/properties/delegations";
    let said: Vec<&str> = subnet
        .list(pointer)
        .iter()
        .filter_map(|delegation| get(delegation, "/properties/serviceName")?.as_str())
        .collect();
    let holds = match wanted {
        None => said.is_empty(),
        Some(wanted) => said.len() == 1 && said[0].eq_ignore_ascii_case(wanted),
    };
    let wanted = wanted.map_or_else(
        || format!("no delegation, for {of}"),
        |wanted| format!("`{wanted}`, for {of}"),
    );
    Verdict::of(subnet, expect(holds, subnet, pointer, wanted))
}

fn delegations(subject: &Subject<'_>) -> Vec<Verdict> {
    let services = subject.all(SERVICE).filter_map(|service| {
        let subnet = subnet_of(subject, service, SERVICE_SUBNET)?;
        Some(delegation(subnet, delegation_for(service), tier(service)))
    });
    let sites = subject.all(SITE).filter_map(|site| {
        let subnet = subnet_of(subject, site, "/properties/virtualNetworkSubnetId")?;
        let is_flex = site.at("/properties/functionAppConfig").is_some();
        let (wanted, of) = if is_flex {
            ("Microsoft.App/environments", "Flex Consumption")
        } else {
            ("Microsoft.Web/serverFarms", "App Service")
        };
        Some(delegation(subnet, Some(wanted), of))
    });
    services.chain(sites).collect()
}

/// Whether a private endpoint leads to a site, and the site lets it.
fn leads_to(endpoint: &Entry, site: &Entry) -> bool {
    let connections = [
        "privateLinkServiceConnections",
        "manualPrivateLinkServiceConnections",
    ];
    connections
        .iter()
        .flat_map(|list| endpoint.list(&format!("/properties/{list}")))
        .any(|connection| {
            let target =
                get(connection, "/properties/privateLinkServiceId").and_then(Value::as_str);
            let groups = get(connection, "/properties/groupIds").and_then(Value::as_array);
            let status = get(
                connection,
                "/properties/privateLinkServiceConnectionState/status",
            );
            target.is_some_and(|id| id.eq_ignore_ascii_case(site.id.as_str()))
                && groups.is_some_and(|groups| groups.contains(&Value::from("sites")))
                && status.is_none_or(|status| status == "Approved")
        })
}

fn private_functions(subject: &Subject<'_>) -> Vec<Verdict> {
    let pointer = "/properties/publicNetworkAccess";
    let judge = |site: &Entry| {
        if subject.intent.backend == Backend::Restricted {
            return Verdict::not_applicable(
                site,
                "the gateway reaches it over its public side: FUN-09, FUN-10 and FUN-13 guard it",
            );
        }
        let has_endpoint = subject
            .all(PRIVATE_ENDPOINT)
            .any(|endpoint| leads_to(endpoint, site));
        let mut faults: Vec<Fault> =
            expect(site.is(pointer, "Disabled"), site, pointer, "`Disabled`")
                .into_iter()
                .collect();
        // Both carry it, and the site's own configuration may say otherwise (domain.md B.2).
        if let Some(config) = subject.config(&site.id, "web") {
            let holds = config.at(pointer).is_none() || config.is(pointer, "Disabled");
            faults.extend(expect(
                holds,
                config,
                pointer,
                "`Disabled`, in the configuration too",
            ));
        }
        if !has_endpoint {
            faults.push(Fault {
                pointer: String::new(),
                value: Value::String("no approved private endpoint".to_owned()),
                wanted: "a private endpoint of group `sites`".to_owned(),
            });
        }
        Verdict::of(site, faults)
    };
    subject.all(SITE).map(judge).collect()
}

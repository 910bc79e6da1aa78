//! What can be known offline beyond single values: sections against themselves, names against what they refer to,
//! tiers against what they can do.
//!
//! Checks across sections run on the tree rather than on the model, so that a mistake in one section hides none in
//! the others.

use std::collections::BTreeMap;
use std::time::Duration;

use super::diagnostic::Code;
use super::document::NetworkMode;
use super::model::{
    AcceptedFinding, Cloud, Hsts, IdentityProvider, Observability, RateLimit, Sku, Tier,
    WafRateLimit,
};
use super::read::Reader;
use super::regions;
use super::topology::{self, Blames};
use super::tree::{Node, Value};
use super::value::{FunctionName, PartName};
use crate::text::{list_of_names, nearest};

/// The value of a key, or the section itself where the key was left to its default.
fn value_of<'n>(section: &'n Node, key: &str) -> &'n Node {
    section.get(key).unwrap_or(section)
}

pub(crate) fn units_fit_the_tier(sku: &Sku, node: &Node, reader: &mut Reader<'_>) {
    let row = topology::tier(sku.name);
    // A tier of zero units is refused for what it is; how many units of it is beside the point.
    let (least, most) = (*row.units.start(), *row.units.end());
    if most > 0 && !row.units.contains(&sku.units) {
        let help = if least == most {
            format!("{} has {least}", sku.name)
        } else {
            format!("{} has {least} to {most}", sku.name)
        };
        reader.report(
            value_of(node, "units"),
            Code::Conflict,
            format!("{} cannot have {} units", sku.name, sku.units),
            help,
        );
    }
}

pub(crate) fn rate_limit(limit: &RateLimit, node: &Node, reader: &mut Reader<'_>) {
    if limit.calls == 0 {
        reader.report(
            value_of(node, "calls"),
            Code::InvalidValue,
            "no calls at all would be let through",
            "leave `rateLimit` out to set no limit",
        );
    }
    if limit.per > Duration::from_mins(5) {
        let help = "API Management counts over at most five minutes: `5m`".to_owned();
        reader.report(
            value_of(node, "per"),
            Code::InvalidValue,
            "the time is too long",
            help,
        );
    }
}

pub(crate) fn edge_rate_limit(limit: &WafRateLimit, node: &Node, reader: &mut Reader<'_>) {
    if limit.requests == 0 {
        reader.report(
            value_of(node, "requests"),
            Code::InvalidValue,
            "no requests at all would be let through",
            "`1000` is usual",
        );
    }
    if ![60, 300].contains(&limit.per.as_secs()) {
        let help = "Front Door counts over `1m` or `5m`".to_owned();
        reader.report(
            value_of(node, "per"),
            Code::InvalidValue,
            "the edge cannot count over this time",
            help,
        );
    }
}

/// Browsers forget shorter promises before they matter; preload lists ask for a year.
pub(crate) fn hsts(hsts: &Hsts, node: &Node, reader: &mut Reader<'_>) {
    if hsts.max_age < Duration::from_hours(180 * 24) {
        let help = "at least `180d`; `365d` is usual".to_owned();
        reader.report(
            value_of(node, "maxAge"),
            Code::InvalidValue,
            "browsers would forget too soon that this host wants HTTPS",
            help,
        );
    }
}

pub(crate) fn observability(section: &Observability, node: &Node, reader: &mut Reader<'_>) {
    if section.app_insights && !section.log_analytics {
        let help = "Application Insights keeps its data in the Log Analytics workspace: set both or neither".to_owned();
        reader.report(
            value_of(node, "appInsights"),
            Code::Conflict,
            "`appInsights` needs `logAnalytics`",
            help,
        );
    }
}

pub(crate) fn acceptance(section: &AcceptedFinding, node: &Node, reader: &mut Reader<'_>) {
    if section.reason.trim().is_empty() {
        let help = "say why it may stay for now: whoever reads the report will ask".to_owned();
        reader.report(
            value_of(node, "reason"),
            Code::InvalidValue,
            "the reason is empty",
            help,
        );
    }
}

/// Everything that concerns more than one section, or more than one value of a section that is read in parts.
pub(crate) fn across(root: &Node, reader: &mut Reader<'_>) {
    let checks = [
        names_are_unique,
        functions_exist,
        scopes_exist,
        loopback_is_for_development,
        region_is_reachable,
        tags_are_possible,
        user_flow_suits_the_provider,
        somebody_is_let_in,
        network_mode_suits_the_tier,
        subdomains_are_owned,
        moves_lead_somewhere,
    ];
    for check in checks {
        check(root, reader);
    }
}

fn find<'n>(root: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(root, |node, key| node.get(key))
}

fn items<'n>(root: &'n Node, path: &[&str]) -> &'n [Node] {
    find(root, path).map_or(&[], Node::items)
}

/// A text and where it stands, with its references answered.
type Said<'n> = (&'n Node, String);

fn said<'n>(node: Option<&'n Node>, reader: &Reader<'_>) -> Option<Said<'n>> {
    let node = node?;
    let text = reader
        .notes
        .resolved
        .get(&node.path)
        .map(String::as_str)
        .or(node.text())?;
    Some((node, text.to_owned()))
}

fn said_in<'n>(list: Option<&'n Node>, reader: &Reader<'_>) -> Vec<Said<'n>> {
    list.map_or(&[][..], Node::items)
        .iter()
        .filter_map(|node| said(Some(node), reader))
        .collect()
}

/// The items of a list, each with the text of one of its keys.
fn keyed<'n>(items: &'n [Node], key: &str, reader: &Reader<'_>) -> Vec<Said<'n>> {
    items
        .iter()
        .filter_map(|item| said(item.get(key), reader))
        .collect()
}

fn names_are_unique(root: &Node, reader: &mut Reader<'_>) {
    let (functions, apis) = (items(root, &["functions"]), items(root, &["apis"]));
    let (clients, accounts) = (
        items(root, &["identity", "clients"]),
        items(root, &["identity", "accounts"]),
    );
    let mut groups = vec![
        ("Function", keyed(functions, "name", reader)),
        ("API", keyed(apis, "name", reader)),
        ("path of an API", keyed(apis, "path", reader)),
        ("client application", keyed(clients, "name", reader)),
        ("account", keyed(accounts, "signIn", reader)),
        (
            "domain",
            said_in(find(root, &["frontDoor", "domains"]), reader),
        ),
        ("protected section", said_in(root.get("protect"), reader)),
    ];
    for client in clients {
        groups.push(("redirect URI", said_in(client.get("redirectUris"), reader)));
        groups.push(("scope", said_in(client.get("scopes"), reader)));
    }
    for api in apis {
        groups.push(("origin", said_in(find(api, &["cors", "origins"]), reader)));
    }
    for (what, values) in groups {
        unique(&values, what, reader);
    }
}

/// Azure compares names without regard to case.
fn unique(values: &[Said<'_>], what: &str, reader: &mut Reader<'_>) {
    let mut seen: BTreeMap<String, &Node> = BTreeMap::new();
    for (node, text) in values {
        if let Some(first) = seen.get(&text.to_lowercase()) {
            let message = format!("`{text}` is already a {what} at {}", first.at());
            reader.report(
                node,
                Code::Duplicate,
                message,
                "keep one, or give the other another name",
            );
        } else {
            seen.insert(text.to_lowercase(), node);
        }
    }
}

fn functions_exist(root: &Node, reader: &mut Reader<'_>) {
    let functions = items(root, &["functions"]);
    let declared = keyed(functions, "name", reader);
    // What a Function is called that has no proper name is not known.
    let are_named = declared
        .iter()
        .all(|(_, name)| FunctionName::parse(name).is_some());
    if functions.is_empty() || declared.len() < functions.len() || !are_named {
        return;
    }
    let declared: Vec<&str> = declared.iter().map(|(_, name)| name.as_str()).collect();
    for api in items(root, &["apis"]) {
        if let Some(used) = said(find(api, &["backend", "function"]), reader) {
            exists(&used, &declared, "Function", "functions", reader);
        }
    }
}

fn scopes_exist(root: &Node, reader: &mut Reader<'_>) {
    let Some(declared) = find(root, &["identity", "api", "scopes"]) else {
        return;
    };
    let declared: Vec<&str> = declared
        .entries()
        .iter()
        .map(|entry| entry.key.as_str())
        .collect();
    let apis = items(root, &["apis"]);
    let clients = items(root, &["identity", "clients"])
        .iter()
        .map(|client| client.get("scopes"));
    let required = apis
        .iter()
        .chain(apis.iter().flat_map(|api| items(api, &["operations"])))
        .map(|part| find(part, &["require", "scopes"]));
    let used: Vec<Said<'_>> = clients
        .chain(required)
        .flat_map(|list| said_in(list, reader))
        .collect();
    for scope in &used {
        exists(scope, &declared, "scope", "identity.api.scopes", reader);
    }
}

fn exists(
    (node, name): &Said<'_>,
    declared: &[&str],
    what: &str,
    list: &str,
    reader: &mut Reader<'_>,
) {
    if declared.contains(&name.as_str()) {
        return;
    }
    let help = match nearest(name, declared.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if declared.is_empty() => format!("`{list}` declares none"),
        None => format!("`{list}` declares {}", list_of_names(declared)),
    };
    reader.report(
        node,
        Code::UnknownName,
        format!("no {what} `{name}` is declared"),
        help,
    );
}

/// `http://localhost` is somebody's own machine. Developer is the one tier that is not meant for production.
fn loopback_is_for_development(root: &Node, reader: &mut Reader<'_>) {
    let tier = said(find(root, &["gateway", "sku", "name"]), reader);
    // Of a tier that is none nothing follows.
    let tier = tier.and_then(|(_, tier)| Tier::ALL.iter().find(|known| known.as_str() == tier));
    if tier.is_none_or(|tier| *tier == Tier::Developer) {
        return;
    }
    let redirects = items(root, &["identity", "clients"])
        .iter()
        .map(|client| client.get("redirectUris"));
    let origins = items(root, &["apis"])
        .iter()
        .map(|api| find(api, &["cors", "origins"]));
    let places: Vec<Said<'_>> = redirects
        .chain(origins)
        .flat_map(|list| said_in(list, reader))
        .collect();
    for (node, text) in places
        .iter()
        .filter(|(_, text)| text.starts_with("http://localhost"))
    {
        let help = "only gateways of the Developer tier are for development".to_owned();
        reader.report(
            node,
            Code::Conflict,
            format!("`{text}` would let whatever runs on somebody's machine take part"),
            help,
        );
    }
}

fn region_is_reachable(root: &Node, reader: &mut Reader<'_>) {
    let Some((node, location)) = said(find(root, &["azure", "location"]), reader) else {
        return;
    };
    let cloud = said(find(root, &["azure", "cloud"]), reader)
        .map_or(Cloud::Public.as_str().to_owned(), |(_, cloud)| cloud);
    let Some(row) =
        regions::find(&location).filter(|_| Cloud::ALL.iter().any(|known| known.as_str() == cloud))
    else {
        return;
    };
    if row.cloud.as_str() != cloud {
        let help = format!("the region belongs to cloud `{}`", row.cloud);
        reader.report(
            node,
            Code::Conflict,
            format!("`{location}` is not a region of cloud `{cloud}`"),
            help,
        );
    } else if row.private_link.is_none() {
        let reason = format!("Front Door is not known to reach `{location}` by private link");
        reader.report(
            node,
            Code::Unsupported,
            reason,
            "use a region of cloud `public` or `usGovernment`",
        );
    }
}

/// Limits of tags on most resources: names of 512 and values of 256 characters, without some characters.
fn tags_are_possible(root: &Node, reader: &mut Reader<'_>) {
    for entry in find(root, &["azure", "tags"]).map_or(&[][..], Node::entries) {
        let too_long =
            entry.key.len() > 512 || entry.node.text().is_some_and(|value| value.len() > 256);
        let place = Node {
            place: entry.key_place.clone(),
            ..entry.node.clone()
        };
        if too_long
            || entry.key.is_empty()
            || entry.key.contains(['<', '>', '%', '&', '\\', '?', '/'])
        {
            let help = r"names without `<>%&\?/`, values of at most 256 characters".to_owned();
            reader.report(
                &place,
                Code::InvalidName,
                format!("`{}` cannot be a tag", entry.key),
                help,
            );
        } else if entry.key.to_lowercase().starts_with("secgw") {
            let help = "tags that start with `secgw` mark what it owns".to_owned();
            reader.report(
                &place,
                Code::NotForSpecs,
                format!("`{}` is set by secgw itself", entry.key),
                help,
            );
        }
    }
}

fn user_flow_suits_the_provider(root: &Node, reader: &mut Reader<'_>) {
    let provider = said(find(root, &["identity", "provider"]), reader);
    let Some((node, name)) = said(find(root, &["identity", "userFlow", "name"]), reader) else {
        return;
    };
    let is_b2c = provider.is_some_and(|(_, provider)| provider == IdentityProvider::B2c.as_str());
    if is_b2c && !name.starts_with("B2C_1_") {
        let help = format!("Azure AD B2C would call it `B2C_1_{name}`");
        reader.report(
            node,
            Code::Conflict,
            format!("`{name}` is no user flow of Azure AD B2C"),
            help,
        );
    }
}

fn somebody_is_let_in(root: &Node, reader: &mut Reader<'_>) {
    if let Some(node) =
        find(root, &["identity", "accounts"]).filter(|node| node.value == Value::list())
    {
        let help =
            "leave `accounts` out to let in everybody whom the sign-in flow lets in".to_owned();
        reader.report(
            node,
            Code::InvalidValue,
            "nobody at all would be let in",
            help,
        );
    }
}

fn network_mode_suits_the_tier(root: &Node, reader: &mut Reader<'_>) {
    let tier = said(find(root, &["gateway", "sku", "name"]), reader);
    let tier = tier.and_then(|(_, tier)| Tier::ALL.iter().find(|known| known.as_str() == tier));
    let mode = said(find(root, &["network", "mode"]), reader)
        .map_or(NetworkMode::Auto.as_str().to_owned(), |(_, mode)| mode);
    let mode = NetworkMode::ALL.iter().find(|known| known.as_str() == mode);
    let (Some(tier), Some(mode)) = (tier, mode) else {
        return;
    };
    if let Err(refusal) = topology::choose(*mode, *tier) {
        let path: &[&str] = match refusal.blames {
            Blames::Tier => &["gateway", "sku", "name"],
            Blames::Mode => &["network", "mode"],
        };
        reader.report(
            find(root, path).unwrap_or(root),
            Code::Unsupported,
            refusal.reason,
            refusal.remedy,
        );
    }
}

/// A move leads from a name that nothing has any more to one that something has, or that moved on.
fn moves_lead_somewhere(root: &Node, reader: &mut Reader<'_>) {
    let moves = items(root, &["moved"]);
    let lists = [
        ("apis", items(root, &["apis"])),
        ("clients", items(root, &["identity", "clients"])),
    ];
    let declared: Vec<String> = lists
        .iter()
        .flat_map(|(list, items)| {
            keyed(items, "name", reader)
                .into_iter()
                .map(move |(_, name)| format!("{list}/{name}"))
        })
        .collect();
    let is_part = |said: &Said<'_>| PartName::parse(&said.1).is_some();
    let well_formed = |item| {
        let pair = (
            said(Node::get(item, "from"), reader)?,
            said(item.get("to"), reader)?,
        );
        (is_part(&pair.0) && is_part(&pair.1)).then_some(pair)
    };
    let (from, to): (Vec<_>, Vec<_>) = moves.iter().filter_map(well_formed).unzip();
    for (node, was) in &from {
        if declared.contains(was) {
            let message = format!("`{was}` is still there, so nothing moved away from it");
            let help = "give it its new name, or take this line out";
            reader.report(node, Code::Duplicate, message, help);
        }
    }
    let known: Vec<&str> = declared.iter().map(String::as_str).collect();
    for is in to
        .iter()
        .filter(|(_, is)| !from.iter().any(|(_, was)| was == is))
    {
        exists(is, &known, "part", "apis, identity.clients", reader);
    }
    for ((_, was), (node, is)) in from.iter().zip(&to) {
        let list = |text: &str| text.split_once('/').map(|(list, _)| list.to_owned());
        if list(was) != list(is) {
            let message = format!("`{was}` cannot become `{is}`");
            let help = "both are APIs or both are clients";
            reader.report(node, Code::InvalidValue, message, help);
        }
    }
    unique(&from, "name that something moved away from", reader);
    unique(&to, "name that something moved to", reader);
}

fn subdomains_are_owned(root: &Node, reader: &mut Reader<'_>) {
    let node = find(root, &["frontDoor", "hsts", "includeSubdomains"])
        .filter(|node| node.value == Value::Bool(true));
    if let Some(node) = node.filter(|_| items(root, &["frontDoor", "domains"]).is_empty()) {
        let help =
            "add a host of your own to `frontDoor.domains`, or leave it at `false`".to_owned();
        reader.report(
            node,
            Code::Conflict,
            "`azurefd.net` is not yours to speak for",
            help,
        );
    }
}

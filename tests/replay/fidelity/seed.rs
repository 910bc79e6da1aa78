//! What a recording presupposes: groups, parents and referenced resources that were there before it began.
//!
//! Read off the recording itself: something that is found, changed, deleted or built upon without having been made is
//! put in place first, as the recording shows it, or as little of it as is known.

use std::collections::{BTreeMap, BTreeSet};

use secgw::sandbox::{About, Direct};
use serde_json::{Value, json};

use super::recording::{Exchange, Recording, path_of};

pub(crate) struct Seeds {
    /// Bodies by lower-cased id, with the id as spelled.
    pub(crate) objects: BTreeMap<String, (String, Value)>,
    /// Object ids, and whether it is a user.
    pub(crate) principals: BTreeSet<(String, bool)>,
}

pub(crate) fn seeds(recording: &Recording, direct: &Direct) -> Seeds {
    let mut scan = Scan {
        direct,
        made: BTreeSet::new(),
        absent: BTreeSet::new(),
        regions: regions(recording),
        seeds: Seeds {
            objects: BTreeMap::new(),
            principals: principals(recording),
        },
    };
    let sound = recording
        .exchanges
        .iter()
        .take_while(|exchange| !exchange.is_garbled());
    sound.for_each(|exchange| scan.exchange(exchange));
    scan.seeds
}

/// The directory: what most answers call `tenantId`.
pub(crate) fn tenant(recording: &Recording) -> String {
    let mut found = BTreeMap::<String, usize>::new();
    for exchange in &recording.exchanges {
        visit(&exchange.response_body, &mut |name, text| {
            if name.eq_ignore_ascii_case("tenantId") && text.len() == 36 {
                *found.entry(text.to_owned()).or_default() += 1;
            }
        });
    }
    let most = found.into_iter().max_by_key(|(_, count)| *count);
    most.map_or_else(
        || "00000000-0000-4000-8000-000000000002".to_owned(),
        |(tenant, _)| tenant,
    )
}

/// Principals that were given roles. Those of identities made on the way are called otherwise by then.
fn principals(recording: &Recording) -> BTreeSet<(String, bool)> {
    let assigned = recording.exchanges.iter().filter(|exchange| {
        exchange.method == "PUT"
            && exchange.is_success()
            && exchange.path().to_lowercase().contains("/roleassignments/")
    });
    assigned
        .filter_map(|exchange| {
            let is_user = exchange.response_body["properties"]["principalType"] == "User";
            let id = exchange.request_body["properties"]["principalId"].as_str()?;
            Some((id.to_owned(), is_user))
        })
        .collect()
}

/// A region for each group: the first that anything in it is said to be in.
fn regions(recording: &Recording) -> BTreeMap<String, String> {
    let mut regions = BTreeMap::new();
    for exchange in &recording.exchanges {
        let body = if exchange.request_body["location"].is_string() {
            &exchange.request_body
        } else {
            &exchange.response_body
        };
        let region = body["location"].as_str();
        let region = region.filter(|region| !region.eq_ignore_ascii_case("global"));
        if let (Some(group), Some(region)) = (group_of(&exchange.path()), region) {
            regions
                .entry(group.to_lowercase())
                .or_insert_with(|| region.to_owned());
        }
    }
    regions
}

fn visit(value: &Value, found: &mut dyn FnMut(&str, &str)) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                match value {
                    Value::String(text) => found(name, text),
                    other => visit(other, found),
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, found)),
        _ => {}
    }
}

fn group_of(path: &str) -> Option<String> {
    let segments: Vec<&str> = path.split('/').collect();
    match segments.as_slice() {
        ["", "subscriptions", _, word, _, ..] if word.eq_ignore_ascii_case("resourceGroups") => {
            Some(segments[..5].join("/"))
        }
        _ => None,
    }
}

/// Azure spells `resourceGroups` one way, whatever the URL says.
fn spelled(id: &str) -> String {
    match group_of(id) {
        Some(group) => {
            let mut segments: Vec<&str> = id.split('/').collect();
            let at = group.matches('/').count() - 1;
            segments[at] = "resourceGroups";
            segments.join("/")
        }
        None => id.to_owned(),
    }
}

/// The resources an id is below of, outermost first, the group before them.
fn ancestors(id: &str) -> Vec<String> {
    let mut found: Vec<String> = group_of(id)
        .into_iter()
        .filter(|group| group != id)
        .collect();
    let segments: Vec<&str> = id.split('/').collect();
    let lower = id.to_lowercase();
    let mut at = 0;
    let mut provider = None;
    for (index, segment) in lower.split('/').enumerate() {
        if segment == "providers" {
            provider = Some(index);
            at = index + 2;
        } else if provider.is_some()
            && index > at
            && (index - at) % 2 == 1
            && index + 1 < segments.len()
        {
            found.push(segments[..=index].join("/"));
        }
    }
    found
}

/// Its outermost resource: what stands directly below the last provider.
fn top(id: &str) -> String {
    let segments: Vec<&str> = id.split('/').collect();
    let provider = segments
        .iter()
        .position(|segment| segment.eq_ignore_ascii_case("providers"));
    match provider {
        Some(at) => segments[..segments.len().min(at + 4)].join("/"),
        None => id.to_owned(),
    }
}

struct Scan<'a> {
    direct: &'a Direct,
    made: BTreeSet<String>,
    /// Seen not to be there: made later, by whatever means.
    absent: BTreeSet<String>,
    regions: BTreeMap<String, String>,
    seeds: Seeds,
}

impl Scan<'_> {
    fn exchange(&mut self, exchange: &Exchange) {
        let path = exchange.path();
        if !exchange.is_success() {
            if exchange.status == 404 {
                self.absent.insert(path.to_lowercase());
            }
            return;
        }
        match self.direct.about(&path) {
            About::Resource(_) => self.resource(exchange, &path),
            About::Collection(_) => self.list(exchange, &path),
            About::Action(_) => {
                let resource = path.rsplit_once('/').map_or("", |(resource, _)| resource);
                self.built_on(resource);
                self.found(resource, &json!({}));
            }
            About::Platform => {}
            // Types without a row are not played, but others may refer to them.
            About::Unknown => {
                if exchange.method == "PUT" && exchange.response_body.get("id").is_some() {
                    self.found(&path, &exchange.response_body);
                }
            }
        }
    }

    fn resource(&mut self, exchange: &Exchange, path: &str) {
        match exchange.method.as_str() {
            "PUT" => {
                self.built_on(path);
                self.references(&exchange.request_body, path);
                let is_update = exchange.status == 200 && self.creates_otherwise(path);
                if is_update
                    && !self.is_known(path)
                    && !self.made.contains(&top(path).to_lowercase())
                {
                    // The front end had not heard of it yet.
                    self.absent.remove(&path.to_lowercase());
                    self.found(path, &exchange.response_body);
                }
                if !self.is_known(path) {
                    self.made.insert(path.to_lowercase());
                }
            }
            "PATCH" => {
                self.built_on(path);
                self.references(&exchange.request_body, path);
                self.found(path, &exchange.response_body);
            }
            "GET" => {
                self.built_on(path);
                self.found(path, &exchange.response_body);
            }
            "DELETE" if exchange.status != 204 => {
                self.built_on(path);
                self.found(path, &json!({}));
            }
            _ => self.built_on(path),
        }
    }

    /// A first PUT that answers 200 found the resource there, unless its type never answers otherwise.
    fn creates_otherwise(&self, path: &str) -> bool {
        match self.direct.about(path) {
            About::Resource(kind) => self.direct.creates_with(kind) != Some(200),
            _ => false,
        }
    }

    fn list(&mut self, exchange: &Exchange, path: &str) {
        self.built_on(&format!("{path}/-"));
        for item in exchange.response_body["value"]
            .as_array()
            .into_iter()
            .flatten()
        {
            if let Some(id) = item["id"].as_str().filter(|id| id.starts_with('/')) {
                self.found(&path_of(id), item);
            }
        }
    }

    fn is_known(&self, id: &str) -> bool {
        let key = id.to_lowercase();
        self.made.contains(&key) || self.seeds.objects.contains_key(&key)
    }

    /// Everything an id is below of was there.
    fn built_on(&mut self, id: &str) {
        for ancestor in ancestors(id) {
            self.found(&ancestor, &json!({}));
        }
    }

    fn found(&mut self, id: &str, body: &Value) {
        let id = &spelled(id);
        let key = id.to_lowercase();
        if self.made.contains(&key) || self.absent.contains(&key) {
            return;
        }
        let top = top(id).to_lowercase();
        // Azure makes children along with what was made (`blobServices/default`): so must the sandbox.
        if top != key && self.made.contains(&top) {
            return;
        }
        if let Some((_, known)) = self.seeds.objects.get_mut(&key) {
            // As much as is known: the first sight may have been a mere reference.
            if known.get("properties").is_none() && body.get("properties").is_some() {
                *known = body.clone();
            }
            return;
        }
        let mut body = body.clone();
        if !body.is_object() {
            body = json!({});
        }
        let region = group_of(id).and_then(|group| self.regions.get(&group.to_lowercase()));
        let is_tracked = top == key;
        if is_tracked && body.get("location").is_none() {
            body["location"] = region.map_or("westus", String::as_str).into();
        }
        self.seeds.objects.insert(key, (id.clone(), body));
        for ancestor in ancestors(id) {
            self.found(&ancestor, &json!({}));
        }
    }

    /// Resources named in a body that was accepted; Azure would refuse most from another region.
    fn references(&mut self, body: &Value, by: &str) {
        let mut named = Vec::new();
        names(body, &mut named);
        for id in named {
            let is_own = id.to_lowercase().starts_with(&by.to_lowercase());
            let is_resource = matches!(self.direct.about(&id), About::Resource(_) | About::Unknown);
            if is_resource && !is_own {
                let path = path_of(&id);
                let is_tracked = top(&path).eq_ignore_ascii_case(&path);
                match body["location"].as_str().filter(|_| is_tracked) {
                    Some(region) if !region.eq_ignore_ascii_case("global") => {
                        self.found(&path, &json!({ "location": region }));
                    }
                    _ => self.found(&path, &json!({})),
                }
            }
        }
    }
}

fn names(value: &Value, found: &mut Vec<String>) {
    let mut text = |text: &str| {
        if text.starts_with("/subscriptions/") && text.contains("/providers/") {
            found.push(text.to_owned());
        }
    };
    match value {
        Value::String(value) => text(value),
        Value::Array(items) => items.iter().for_each(|item| names(item, found)),
        Value::Object(members) => {
            members.keys().for_each(|name| text(name));
            members.values().for_each(|value| names(value, found));
        }
        _ => {}
    }
}

//! What people call a resource, a property and a length of time.

use std::collections::BTreeMap;

use super::safe;
use crate::plan::{Change, Key};
use crate::resource::{How, Kind, Realm, Ref, ResourceId, kinds};

/// The names on the way to it, without types: `apim-orders/orders/listOrders`. Read beside its kind's noun.
pub fn name(id: &ResourceId) -> String {
    let name = match id.realm() {
        Realm::Arm => arm_name(id),
        Realm::Graph(_) => id.name().to_owned(),
        Realm::Fact => document_name(id.name()),
    };
    safe::line(&name)
}

/// `contosob2c.b2clogin.com/…/openid-configuration`.
fn document_name(url: &str) -> String {
    let path = url.trim_start_matches("https://");
    match (path.split_once('/'), path.rsplit_once('/')) {
        (Some((host, rest)), Some((_, last))) if rest.contains('/') => format!("{host}/…/{last}"),
        _ => path.to_owned(),
    }
}

fn arm_name(id: &ResourceId) -> String {
    let mut names = vec![id.name().to_owned()];
    let mut at = id.parent();
    while let Some(parent) = at {
        at = parent.parent();
        if at.is_some() {
            names.push(parent.name().to_owned());
        }
    }
    names.reverse();
    names.join("/")
}

/// `API Management service apim-orders`.
pub fn resource(id: &ResourceId) -> String {
    match kinds::of(id) {
        Some(kind) => format!("{} {}", kind.noun, name(id)),
        None => safe::line(&id.short()),
    }
}

/// As [`resource`], with the stage where a resource takes several writes.
pub fn change(key: &Key) -> String {
    match key.stage {
        "" => resource(&key.address),
        stage => format!("{}#{stage}", resource(&key.address)),
    }
}

pub fn of(change_: &Change) -> String {
    change(&change_.key)
}

/// `/properties/sku/name` is `sku.name` to people; keys of list items and policy elements keep their form.
pub fn property(path: &str) -> String {
    let mut steps = steps(path);
    if steps.first() == Some(&"properties") && steps.len() > 1 {
        steps.remove(0);
    }
    plain(&steps.join("."))
}

/// Between slashes, but not those in the key of a list item: `/l[a/b]/c` has two steps.
fn steps(path: &str) -> Vec<&str> {
    let mut depth = 0_usize;
    let is_end = move |c: char| {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == '/' && depth == 0
    };
    path.trim_start_matches('/').split(is_end).collect()
}

/// Without the escapes of JSON pointers.
fn plain(text: &str) -> String {
    safe::line(&text.replace("~1", "/").replace("~0", "~"))
}

/// A property by what it stands in and what it is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// The list an item is of, or the policy element that an attribute or element is in.
    pub group: Option<String>,
    pub leaf: String,
    is_policy: bool,
}

impl Property {
    pub fn of(path: &str, kind: &Kind) -> Self {
        match policy_path(path, kind) {
            Some(inside) => Self::of_policy(inside),
            None => Self::of_value(path),
        }
    }

    fn of_policy(inside: &str) -> Self {
        let steps = steps(inside);
        let (leaf, parents) = steps
            .split_last()
            .map_or((inside, &[][..]), |(leaf, rest)| (*leaf, rest));
        Self {
            group: (!parents.is_empty()).then(|| plain(&parents.join("/"))),
            leaf: plain(leaf),
            is_policy: true,
        }
    }

    fn of_value(path: &str) -> Self {
        let name = property(path);
        let item = name
            .split_once('[')
            .and_then(|(list, rest)| Some((list, rest.split_once(']')?)));
        let Some((list, (key, rest))) = item else {
            return Self {
                group: None,
                leaf: name,
                is_policy: false,
            };
        };
        Self {
            group: Some(list.to_owned()),
            leaf: format!("{key}{rest}"),
            is_policy: false,
        }
    }

    /// For lists of names: `ipSecurityRestrictions[vip]`, `rate-limit-by-key/@calls`.
    pub fn short(&self) -> String {
        match &self.group {
            None => self.leaf.clone(),
            Some(group) if self.is_policy => {
                let parent = group.rsplit('/').next().unwrap_or(group);
                format!("{parent}/{}", self.leaf)
            }
            Some(group) => match self.leaf.split_once('.') {
                Some((key, rest)) => format!("{group}[{key}].{rest}"),
                None => format!("{group}[{}]", self.leaf),
            },
        }
    }
}

/// What follows the policy document in a path that goes into it.
fn policy_path<'a>(path: &'a str, kind: &Kind) -> Option<&'a str> {
    let policies = kind.rules.iter();
    policies
        .filter(|rule| matches!(rule.how, How::Policy(_)))
        .flat_map(|rule| rule.paths)
        .find_map(|pointer| path.strip_prefix(pointer)?.strip_prefix('/'))
}

/// `apim-orders publicIPAddresses`: where a value comes from.
pub fn source(reference: &Ref) -> String {
    format!("{} {}", name(&reference.resource), value(reference))
        .trim_end()
        .to_owned()
}

/// Where values come from, each resource named once: `orders-gateway clientId and principalId`.
pub fn sources<'a>(references: impl IntoIterator<Item = &'a Ref>) -> Vec<String> {
    let mut values: BTreeMap<&ResourceId, Vec<String>> = BTreeMap::new();
    for reference in references {
        let known = values.entry(&reference.resource).or_default();
        known.push(value(reference));
    }
    values
        .into_iter()
        .map(|(id, values)| format!("{} {}", name(id), values.join(" and ")))
        .collect()
}

fn value(reference: &Ref) -> String {
    match reference.pointer.as_str() {
        "" => String::new(),
        "/@object" => "object id".to_owned(),
        "/@id" | "/id" => "id".to_owned(),
        pointer => property(pointer),
    }
}

/// `45 s`, `52 min`, `1 h 10 min`.
pub fn length(seconds: u64) -> String {
    match (seconds / 3600, seconds % 3600 / 60, seconds) {
        (0, _, 0..90) => format!("{seconds} s"),
        (0, minutes, _) => format!("{minutes} min"),
        (hours, 0, _) => format!("{hours} h"),
        (hours, minutes, _) => format!("{hours} h {minutes} min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_is_called_by_its_noun_and_the_names_on_the_way() {
        let group = ResourceId::resource_group("s", "rg");
        let service = group.provider("Microsoft.ApiManagement/service", "apim");
        let operation = service
            .child("apis", "orders")
            .child("operations", "listOrders");
        assert_eq!(resource(&group), "resource group rg");
        assert_eq!(resource(&service), "API Management service apim");
        assert_eq!(resource(&operation), "operation apim/orders/listOrders");
        let staged = Key {
            address: service.clone(),
            stage: "close-public-access",
        };
        assert_eq!(
            change(&staged),
            "API Management service apim#close-public-access"
        );
    }

    #[test]
    fn a_document_is_called_by_its_host_and_name() {
        let document = |url| name(&ResourceId::fact(url));
        assert_eq!(
            document("https://c.b2clogin.com/c/B2C_1_signin/v2.0/.well-known/openid-configuration"),
            "c.b2clogin.com/…/openid-configuration"
        );
        assert_eq!(document("https://c.example/keys"), "c.example/keys");
    }

    #[test]
    fn a_value_that_comes_later_names_its_source_and_property() {
        let service = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ApiManagement/service", "apim");
        let late = |pointer| source(&Ref::new(&service, pointer));
        assert_eq!(
            late("/properties/publicIPAddresses"),
            "apim publicIPAddresses"
        );
        assert_eq!(late("/@object"), "apim object id");
    }

    #[test]
    fn properties_read_as_paths() {
        assert_eq!(
            property("/properties/ipSecurityRestrictions[vip]/action"),
            "ipSecurityRestrictions[vip].action"
        );
        assert_eq!(property("/tags/a~1b"), "tags.a/b");
        assert_eq!(
            property("/properties/subnets[/subscriptions/s]/id"),
            "subnets[/subscriptions/s].id"
        );
    }

    #[test]
    fn lengths_are_said_as_people_say_them() {
        let said = [5, 89, 90, 2700, 3600, 4200].map(length);
        assert_eq!(
            said,
            ["5 s", "89 s", "1 min", "45 min", "1 h", "1 h 10 min"]
        );
    }
}

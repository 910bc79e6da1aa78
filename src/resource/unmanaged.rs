//! What a spec says about resources that it does not name: collections, and what becomes of strangers in them.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::{At, Kind, Pattern};

/// What becomes of a stranger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// Kept and shown.
    Report,
    /// Removed.
    Prune,
    /// Kept and counted.
    Ignore,
}

/// One collection, as `unmanaged` names it.
#[derive(Debug)]
pub struct Collection {
    pub name: &'static str,
    /// The types whose lists are read.
    pub types: &'static [&'static str],
    /// Lists inside of resources: type and pointer.
    pub lists: &'static [(&'static str, &'static str)],
}

const fn of_type(name: &'static str, types: &'static [&'static str]) -> Collection {
    Collection {
        name,
        types,
        lists: &[],
    }
}

const fn of_lists(
    name: &'static str,
    lists: &'static [(&'static str, &'static str)],
) -> Collection {
    Collection {
        name,
        types: &[],
        lists,
    }
}

/// Every collection that is really looked through.
pub const COLLECTIONS: &[Collection] = &[
    of_type("apis", &["Microsoft.ApiManagement/service/apis"]),
    of_type(
        "operations",
        &["Microsoft.ApiManagement/service/apis/operations"],
    ),
    of_type(
        "policies",
        &["Microsoft.ApiManagement/service/apis/operations/policies"],
    ),
    of_type("products", &["Microsoft.ApiManagement/service/products"]),
    of_type(
        "subscriptions",
        &["Microsoft.ApiManagement/service/subscriptions"],
    ),
    of_type(
        "namedValues",
        &["Microsoft.ApiManagement/service/namedValues"],
    ),
    of_type("backends", &["Microsoft.ApiManagement/service/backends"]),
    of_type("loggers", &["Microsoft.ApiManagement/service/loggers"]),
    of_type(
        "policyRestrictions",
        &["Microsoft.ApiManagement/service/policyRestrictions"],
    ),
    of_type("endpoints", &["Microsoft.Cdn/profiles/afdEndpoints"]),
    of_type("routes", &["Microsoft.Cdn/profiles/afdEndpoints/routes"]),
    of_type(
        "origins",
        &[
            "Microsoft.Cdn/profiles/originGroups",
            "Microsoft.Cdn/profiles/originGroups/origins",
        ],
    ),
    of_type(
        "rules",
        &[
            "Microsoft.Cdn/profiles/ruleSets",
            "Microsoft.Cdn/profiles/ruleSets/rules",
        ],
    ),
    of_type("domains", &["Microsoft.Cdn/profiles/customDomains"]),
    of_type(
        "securityPolicies",
        &["Microsoft.Cdn/profiles/securityPolicies"],
    ),
    of_lists(
        "ipRestrictions",
        &[
            (
                "Microsoft.Web/sites/config",
                "/properties/ipSecurityRestrictions",
            ),
            (
                "Microsoft.Web/sites/config",
                "/properties/scmIpSecurityRestrictions",
            ),
        ],
    ),
    of_lists(
        "redirectUris",
        &[
            ("Microsoft.Graph/applications", "/spa/redirectUris"),
            ("Microsoft.Graph/applications", "/web/redirectUris"),
        ],
    ),
    of_lists(
        "securityRules",
        &[(
            "Microsoft.Network/networkSecurityGroups",
            "/properties/securityRules",
        )],
    ),
];

/// What `unmanaged` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unmanaged {
    /// Of whatever has no word of its own: kept and shown, unless something else is said.
    pub default: Option<Fate>,
    pub collections: BTreeMap<&'static str, Fate>,
    /// Where it is said of each.
    pub places: BTreeMap<&'static str, At>,
}

impl Unmanaged {
    fn said(&self, is_it: impl Fn(&Collection) -> bool) -> Option<Fate> {
        let collection = COLLECTIONS.iter().find(|collection| is_it(collection))?;
        self.collections.get(collection.name).copied()
    }

    /// Of a stranger with or without somebody's mark.
    pub fn of_stranger(&self, type_name: &str) -> Fate {
        self.said(|collection| has_type(collection, type_name))
            .or(self.default)
            .unwrap_or(Fate::Report)
    }

    /// Of what has no mark of its own and lies inside something owned: owned whole unless the collection has a word
    /// of its own.
    pub fn of_part(&self, kind: &Kind) -> Fate {
        self.said(|collection| has_type(collection, kind.type_name))
            .unwrap_or(Fate::Prune)
    }

    /// Of an item of a list that secgw owns whole.
    pub fn of_item(&self, kind: &Kind, pointer: &str) -> Fate {
        self.said(|collection| {
            collection
                .lists
                .iter()
                .any(|(type_name, list)| *type_name == kind.type_name && *list == pointer)
        })
        .unwrap_or(Fate::Prune)
    }
}

fn has_type(collection: &Collection, type_name: &str) -> bool {
    collection
        .types
        .iter()
        .any(|known| known.eq_ignore_ascii_case(type_name))
}

/// A difference that is left alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Ignore {
    pub at: At,
    pub address: Pattern,
    /// The pointer below which nothing is compared; none for strangers as a whole.
    pub pointer: Option<String>,
    /// Only as long as the live value is this one.
    pub value: Option<serde_json::Value>,
    pub reason: String,
}

/// The collection that lists a type, by its name in the spec.
pub fn collection_of(type_name: &str) -> Option<&'static str> {
    COLLECTIONS
        .iter()
        .find(|collection| has_type(collection, type_name))
        .map(|collection| collection.name)
}

/// How much may be done in one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Count(usize),
    /// Of what is there.
    Percent(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// Limits of a run, for each collection or kind on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Safety {
    /// By name: `maxDelete`, `maxUpdate`, `maxReplace`.
    pub limits: BTreeMap<&'static str, Limit>,
    /// Shares count from so many resources on.
    pub min_existing: usize,
    /// A collection's own limits, by its name and the limit's.
    pub collections: BTreeMap<(&'static str, &'static str), Limit>,
}

impl Safety {
    pub fn limit(&self, name: &str, collection: &str) -> Limit {
        let own = self
            .collections
            .iter()
            .find(|((of, limit), _)| *of == collection && *limit == name);
        own.map(|(_, limit)| limit)
            .or(self.limits.get(name))
            .copied()
            .unwrap_or(Limit::Percent(100))
    }
}

/// As field.md 3.5 has them.
impl Default for Safety {
    fn default() -> Self {
        Self {
            limits: BTreeMap::from([
                ("maxDelete", Limit::Percent(30)),
                ("maxReplace", Limit::Count(0)),
            ]),
            min_existing: 5,
            collections: BTreeMap::new(),
        }
    }
}

/// Everything a spec says beyond what it names.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    pub unmanaged: Unmanaged,
    pub ignore: Vec<Ignore>,
    pub safety: Safety,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::kinds;

    #[test]
    fn every_collection_is_of_kinds_that_are_listed_or_of_lists_that_exist() {
        let known = |type_name: &str| kinds::all().any(|kind| kind.type_name == type_name);
        for collection in COLLECTIONS {
            let types = collection.types.iter().copied();
            let lists = collection.lists.iter().map(|(type_name, _)| *type_name);
            for type_name in types.chain(lists) {
                assert!(known(type_name), "{}: {type_name}", collection.name);
            }
        }
    }

    #[test]
    fn parts_are_owned_whole_and_strangers_are_kept_unless_the_collection_has_its_own_word() {
        let operation = kinds::all().find(|kind| kind.noun == "operation").unwrap();
        let mut rules = Unmanaged::default();
        let api = "microsoft.apimanagement/service/apis";
        assert_eq!(
            (rules.of_part(operation), rules.of_stranger(api)),
            (Fate::Prune, Fate::Report)
        );
        rules.default = Some(Fate::Ignore);
        assert_eq!(
            (rules.of_part(operation), rules.of_stranger(api)),
            (Fate::Prune, Fate::Ignore)
        );
        rules.collections.insert("operations", Fate::Report);
        rules.collections.insert("apis", Fate::Prune);
        assert_eq!(
            (rules.of_part(operation), rules.of_stranger(api)),
            (Fate::Report, Fate::Prune)
        );
    }
}

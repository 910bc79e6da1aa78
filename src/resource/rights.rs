//! What somebody who plans or applies a graph must be allowed: actions in Azure Resource Manager, permissions in
//! Microsoft Graph.
//!
//! Derived from the graph: each kind's type with read, write and delete, what is read by POST, and what using another
//! resource takes. Nothing more, so that a role made of it is the least that works.

use std::collections::{BTreeMap, BTreeSet};

use super::kind::Deletion;
use super::{
    Directory, Evidence, Graph, Kind, Listing, Read, Realm, Resource, ResourceId, Wanted, Write,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Reads alone.
    Plan,
    /// Also destroys.
    Apply,
}

/// An application permission of Microsoft Graph.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    pub name: &'static str,
    /// Of the app role; what Graph itself says goes before it where it is not known for sure.
    pub id: Option<&'static str>,
}

impl Permission {
    /// Whether one of these is it, or contains it: who may write may read, and `Directory…` covers most of a directory.
    /// learn.microsoft.com/graph/permissions-reference, read 2026-11-23.
    pub fn is_among(&self, held: &[&str]) -> bool {
        let writing = self.name.replace(".Read.", ".ReadWrite.");
        let is_directory = ["Application.", "DelegatedPermissionGrant.", "User."]
            .iter()
            .any(|of| self.name.starts_with(of));
        let covers: &[&str] = match (is_directory, self.name.contains(".ReadWrite.")) {
            (false, _) => &[],
            (true, false) => &[
                "Directory.Read.All",
                "Directory.ReadWrite.All",
                "Directory.AccessAsUser.All",
            ],
            (true, true) => &["Directory.ReadWrite.All", "Directory.AccessAsUser.All"],
        };
        held.iter()
            .any(|held| *held == self.name || *held == writing || covers.contains(held))
    }
}

/// What is needed, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rights {
    pub actions: BTreeSet<String>,
    pub permissions: BTreeMap<Directory, BTreeSet<&'static Permission>>,
}

/// domain.md D.1; the ids that it calls verified.
const fn permission(name: &'static str, id: &'static str) -> Permission {
    Permission { name, id: Some(id) }
}

const fn unnumbered(name: &'static str) -> Permission {
    Permission { name, id: None }
}

/// Of a Graph collection: to read it, to write it.
static PERMISSIONS: [(&str, Permission, Permission); 6] = [
    (
        "applications",
        unnumbered("Application.Read.All"),
        permission(
            "Application.ReadWrite.All",
            "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        ),
    ),
    (
        "servicePrincipals",
        unnumbered("Application.Read.All"),
        permission(
            "Application.ReadWrite.All",
            "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
        ),
    ),
    (
        "oauth2PermissionGrants",
        unnumbered("DelegatedPermissionGrant.Read.All"),
        permission(
            "DelegatedPermissionGrant.ReadWrite.All",
            "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        ),
    ),
    (
        "identity/b2cUserFlows",
        permission(
            "IdentityUserFlow.Read.All",
            "1b0c317f-dd31-4305-9932-259a8b6e8099",
        ),
        permission(
            "IdentityUserFlow.ReadWrite.All",
            "65319a09-a2be-469d-8782-f6b07debf789",
        ),
    ),
    (
        "identity/authenticationEventsFlows",
        permission(
            "EventListener.Read.All",
            "b7f6385c-6ce6-4639-a480-e23c42ed9784",
        ),
        permission(
            "EventListener.ReadWrite.All",
            "0edf5e9e-4ce8-468a-8432-d08631d18c43",
        ),
    ),
    (
        "users",
        unnumbered("User.Read.All"),
        unnumbered("User.ReadWrite.All"),
    ),
];

/// The permission that a Graph collection takes.
pub fn permission_for(collection: &str, writes: bool) -> Option<&'static Permission> {
    let (_, read, write) = PERMISSIONS
        .iter()
        .find(|(name, ..)| name.eq_ignore_ascii_case(collection))?;
    Some(if writes { write } else { read })
}

/// What using a resource of a type takes on that resource, on top of writing what uses it.
pub struct Link {
    pub type_name: &'static str,
    pub action: &'static str,
    pub evidence: Evidence,
}

const PERMISSIONS_PAGE: Evidence = Evidence::Documented(
    "learn.microsoft.com/azure/role-based-access-control/permissions",
    "2026-11-23",
);

pub const LINKS: &[Link] = &[
    link("Microsoft.Network/virtualNetworks", "join/action"),
    link("Microsoft.Network/virtualNetworks/subnets", "join/action"),
    link("Microsoft.Network/networkSecurityGroups", "join/action"),
    link("Microsoft.Network/publicIPAddresses", "join/action"),
    link("Microsoft.Network/privateDnsZones", "join/action"),
    link(
        "Microsoft.Network/frontDoorWebApplicationFirewallPolicies",
        "join/action",
    ),
    link(
        "Microsoft.ManagedIdentity/userAssignedIdentities",
        "assign/action",
    ),
    link("Microsoft.Web/serverfarms", "join/action"),
];

const fn link(type_name: &'static str, action: &'static str) -> Link {
    Link {
        type_name,
        action,
        evidence: PERMISSIONS_PAGE,
    }
}

/// The activity log, which tells who made a drift.
const LOG: &str = "Microsoft.Insights/eventtypes/values/read";
/// What else is in the resource group.
const GROUP_LIST: &str = "Microsoft.Resources/subscriptions/resourceGroups/resources/read";

/// What it takes to plan or to apply a graph, and to destroy it again.
pub fn needed(graph: &Graph, purpose: Purpose) -> Rights {
    let mut rights = Rights::default();
    rights.actions.insert(LOG.to_owned());
    for listing in graph.listings() {
        match listing {
            Listing::Children { kind, .. } => rights.allow(kind, "read"),
            Listing::Group { .. } => {
                rights.actions.insert(GROUP_LIST.to_owned());
            }
            Listing::Applications { directory } => rights.permit(directory, "applications", false),
        }
    }
    for (resource, collection) in graph.around() {
        let type_name = resource.kind.type_name;
        rights
            .actions
            .insert(format!("{type_name}/{collection}/read"));
    }
    for resource in graph.iter() {
        rights.read(resource);
        if purpose == Purpose::Apply && resource.kind.write != Write::Never {
            rights.write(resource);
        }
    }
    rights
}

impl Rights {
    fn allow(&mut self, kind: &Kind, verb: &str) {
        // Resource groups are of the subscription, which their type does not say.
        let type_name = match kind.type_name {
            "Microsoft.Resources/resourceGroups" => {
                "Microsoft.Resources/subscriptions/resourceGroups"
            }
            other => other,
        };
        self.actions.insert(format!("{type_name}/{verb}"));
    }

    fn permit(&mut self, directory: Directory, collection: &str, writes: bool) {
        let permission = permission_for(collection, writes);
        self.permissions
            .entry(directory)
            .or_default()
            .extend(permission);
    }

    fn read(&mut self, resource: &Resource) {
        let kind = resource.kind;
        match resource.id.realm() {
            Realm::Graph(directory) => self.permit(directory, collection(kind), false),
            Realm::Arm if kind.read == Read::PostList => self.allow(kind, "list/action"),
            Realm::Arm => self.allow(kind, "read"),
            Realm::Fact => {}
        }
    }

    fn write(&mut self, resource: &Resource) {
        let kind = resource.kind;
        match resource.id.realm() {
            Realm::Graph(directory) => {
                if let Some(needed) = self.permissions.get_mut(&directory) {
                    // Who may write may read.
                    needed.retain(|held| Some(*held) != permission_for(collection(kind), false));
                }
                self.permit(directory, collection(kind), true);
            }
            Realm::Arm => {
                if let Wanted::Body(_) = resource.wanted {
                    self.allow(kind, "write");
                }
                // Also of what a later spec may no longer name, though it now goes with its parent.
                // What others ask for is deleted only where it must not be.
                let is_made = kind.write != Write::Approve || resource.wanted == Wanted::Absent;
                if kind.deletion != Deletion::WithParent && is_made {
                    self.allow(kind, "delete");
                }
                if let Some(rule) = kind.unset {
                    let type_name = kind.type_name;
                    self.actions
                        .insert(format!("{type_name}/{}/delete", rule.collection));
                }
                self.link(resource);
            }
            Realm::Fact => {}
        }
    }

    fn link(&mut self, resource: &Resource) {
        let Some(body) = resource.body() else {
            return;
        };
        let used: BTreeSet<ResourceId> = body.mentioned_ids().collect();
        for id in used.iter().filter(|id| id.realm() == Realm::Arm) {
            let type_name = id.type_name();
            let rows = LINKS.iter();
            let row = rows.filter(|row| row.type_name.eq_ignore_ascii_case(&type_name));
            let actions = row.map(|row| format!("{}/{}", row.type_name, row.action));
            self.actions.extend(actions);
        }
    }
}

fn collection(kind: &Kind) -> &'static str {
    let type_name = kind.type_name;
    type_name
        .strip_prefix("Microsoft.Graph/")
        .unwrap_or(type_name)
}

/// Whether an action is among those that somebody has, as role definitions write them: `*` stands for anything, and
/// what `not` takes away does not count.
pub fn is_allowed(action: &str, actions: &[String], not: &[String]) -> bool {
    let any = |patterns: &[String]| patterns.iter().any(|pattern| fits(pattern, action));
    any(actions) && !any(not)
}

fn fits(pattern: &str, action: &str) -> bool {
    fn rest(pattern: &[u8], text: &[u8]) -> bool {
        match pattern {
            [] => text.is_empty(),
            [b'*', tail @ ..] => (0..=text.len()).any(|at| rest(tail, &text[at..])),
            [head, tail @ ..] => text
                .split_first()
                .is_some_and(|(first, text)| head == first && rest(tail, text)),
        }
    }
    rest(
        pattern.to_ascii_lowercase().as_bytes(),
        action.to_ascii_lowercase().as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_compared_as_role_definitions_write_them() {
        let list = |texts: &[&str]| {
            texts
                .iter()
                .map(|text| (*text).to_owned())
                .collect::<Vec<_>>()
        };
        let read = "Microsoft.Web/sites/config/read";
        assert!(is_allowed(read, &list(&["*"]), &[]));
        assert!(is_allowed(
            read,
            &list(&["microsoft.web/sites/*/READ"]),
            &[]
        ));
        assert!(!is_allowed(read, &list(&["Microsoft.Web/sites/read"]), &[]));
        assert!(!is_allowed(
            read,
            &list(&["*/read"]),
            &list(&["Microsoft.Web/sites/config/*"])
        ));
    }

    #[test]
    fn a_collection_takes_another_permission_to_write_than_to_read() {
        for (collection, read, write) in &PERMISSIONS {
            assert!(
                read.name.contains(".Read.") && write.name.contains(".ReadWrite."),
                "{collection}"
            );
            assert_eq!(permission_for(collection, true), Some(write));
        }
        assert_eq!(permission_for("groups", false), None);
    }
}

//! The table of every managed type, one row a kind.
//!
//! Rows are grouped by provider; a new type is a row here, its behaviour in the sandbox and a test. Rules state what
//! Azure does to what it is sent, each with its evidence.

mod api;
mod class;
mod directory;
mod edge;
mod gateway;
mod network;
mod platform;
mod storage;
mod web;

pub use class::{Class, class_of};

use super::kind::{Evidence, How, Kind, Rule};
use super::{Realm, ResourceId};

/// Rules that hold for every ARM type and, where the properties exist, for Graph objects.
pub const EVERYWHERE: &[Rule] = &[
    rule(
        &[
            "/id",
            "/systemData",
            "/**/resourceState",
            "/**/deploymentStatus",
            "/**/resourceGuid",
            "/identity/principalId",
            "/identity/tenantId",
            "/identity/userAssignedIdentities/*/principalId",
            "/identity/userAssignedIdentities/*/clientId",
        ],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 12"),
    ),
    rule(
        &["/name"],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 4"),
    ),
    rule(
        &["/type"],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 3"),
    ),
    rule(
        &["/etag", "/**/etag"],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 10"),
    ),
    rule(
        &["/**/provisioningState"],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 13"),
    ),
    rule(
        &["/identity/userAssignedIdentities"],
        How::WholeMap,
        Evidence::Recorded("quirks.md part 1, 3"),
    ),
    rule(
        &["/location"],
        How::Location,
        Evidence::Recorded("quirks.md part 1, 2"),
    ),
    rule(
        &["/location"],
        How::Immutable,
        Evidence::Documented("ARM: resource locations are fixed", "2026-11-23"),
    ),
    rule(
        &["/tags"],
        How::FreeMap,
        Evidence::Recorded("quirks.md part 1, 6"),
    ),
    rule(
        &["/tags"],
        How::SentWhole,
        Evidence::Documented("ARM: PATCH of tags replaces them all", "2026-11-23"),
    ),
    rule(
        &["/identity"],
        How::SentWhole,
        Evidence::Inferred("a type without its identities would drop them"),
    ),
    rule(
        &["/sku"],
        How::SentWhole,
        Evidence::Inferred("a name without its capacity would reset it"),
    ),
    rule(
        &["/extendedLocation/type"],
        How::CaseInsensitive,
        Evidence::Documented("defaults.json, published types", "2026-11-23"),
    ),
    rule(
        &["/identity/type"],
        How::Words,
        Evidence::Recorded("cli_appservice__test_functionapp_slot_swap"),
    ),
    rule(
        &["/identity/type"],
        How::Default("\"None\""),
        Evidence::Recorded("cli_appservice__test_functionapp_remove_identity"),
    ),
    rule(
        &[
            "/**/accessKey",
            "/**/certificatePassword",
            "/**/clientSecret",
            "/**/connectionString",
            "/**/decryptionKey",
            "/**/encodedCertificate",
            "/**/identityClientSecret",
            "/**/instrumentationKey",
            "/**/password",
            "/**/pkcs12Value",
            "/**/primaryKey",
            "/**/secondaryKey",
            "/**/secretText",
            "/**/validationKey",
            "/**/keyCredentials/*/key",
        ],
        How::Sensitive,
        Evidence::Documented(
            "REST references: members that hold what somebody signs in with",
            "2026-11-25",
        ),
    ),
    // Whatever looks like an id is one, wherever it stands.
    rule(&["/**"], How::Id, Evidence::Recorded("quirks.md part 1, 3")),
];

pub(super) const fn rule(paths: &'static [&'static str], how: How, evidence: Evidence) -> Rule {
    Rule {
        paths,
        how,
        evidence,
    }
}

const GROUPS: [&[Kind]; 8] = [
    edge::KINDS,
    gateway::KINDS,
    api::KINDS,
    directory::KINDS,
    web::KINDS,
    storage::KINDS,
    network::KINDS,
    platform::KINDS,
];

/// Every row.
pub fn all() -> impl Iterator<Item = &'static Kind> {
    GROUPS.iter().flat_map(|group| group.iter())
}

/// The row of an id: by type, and by name where rows of one type differ.
pub fn of(id: &ResourceId) -> Option<&'static Kind> {
    if id.realm() == Realm::Fact {
        return Some(&directory::FACT);
    }
    let type_name = id.type_name();
    all().find(|kind| {
        kind.type_name.eq_ignore_ascii_case(&type_name)
            && kind
                .instance
                .is_none_or(|instance| instance.eq_ignore_ascii_case(id.name()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Directory;
    use std::collections::BTreeSet;

    #[test]
    fn rows_are_unique_and_complete() {
        let mut seen = BTreeSet::new();
        for kind in all() {
            assert!(
                seen.insert((kind.type_name.to_ascii_lowercase(), kind.instance)),
                "{} twice",
                kind.type_name
            );
            assert!(
                !kind.noun.is_empty() && !kind.api_version.is_empty(),
                "{}",
                kind.type_name
            );
            for rule in kind.rules {
                for path in rule.paths {
                    assert!(path.starts_with('/'), "{}: {path}", kind.type_name);
                }
            }
            for stage in kind.stages {
                assert!(
                    serde_json::from_str::<serde_json::Value>(stage.before).is_ok(),
                    "{}",
                    stage.name
                );
                assert!(
                    all().any(|other| other.type_name == stage.until),
                    "{}",
                    stage.until
                );
            }
        }
    }

    #[test]
    fn instances_of_one_type_have_rows_of_their_own() {
        let site = ResourceId::resource_group("s", "rg").provider("Microsoft.Web/sites", "f");
        assert_eq!(
            of(&site.child("config", "web")).unwrap().noun,
            "site configuration"
        );
        assert_eq!(
            of(&site.child("config", "appsettings")).unwrap().noun,
            "application settings"
        );
        assert!(of(&site.child("config", "logs")).is_none());
        assert_eq!(
            of(&ResourceId::graph(Directory::Identity, "applications", "a"))
                .unwrap()
                .noun,
            "application"
        );
        assert_eq!(of(&ResourceId::fact("https://x")).unwrap().noun, "document");
    }
}

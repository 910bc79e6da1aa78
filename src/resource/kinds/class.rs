//! What a difference at a path means to a person who is woken by it: rows by type and path, the first that matches.
//!
//! What no row names is of the security class where a control reads the type (`plan::class` asks the catalogue), else
//! functional. So a row is needed only to say less than a control would, or more than none does.

use crate::resource::body;

/// Worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Class {
    /// It bears on who can reach what.
    Security,
    /// It bears on how it works.
    Functional,
    /// It bears on what people read.
    Cosmetic,
}

impl Class {
    pub const ALL: [Self; 3] = [Self::Security, Self::Functional, Self::Cosmetic];

    pub fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Functional => "functional",
            Self::Cosmetic => "cosmetic",
        }
    }
}

/// Differences of one class. An empty type is every type; a resource as a whole has the path `""`.
struct Row {
    type_name: &'static str,
    paths: &'static [&'static str],
    class: Class,
}

const WHOLE: &[&str] = &["", "/**"];

const fn row(type_name: &'static str, paths: &'static [&'static str], class: Class) -> Row {
    Row {
        type_name,
        paths,
        class,
    }
}

const ROWS: &[Row] = &[
    // Whose it is hangs on these.
    row("", &["/tags/secgw", "/tags/secgw-*"], Class::Functional),
    row("", &["/tags", "/tags/**"], Class::Cosmetic),
    row(
        "",
        &[
            "/displayName",
            "/description",
            "/properties/displayName",
            "/properties/description",
        ],
        Class::Cosmetic,
    ),
    row(
        "Microsoft.ApiManagement/service",
        &["/properties/publisherName", "/properties/publisherEmail"],
        Class::Cosmetic,
    ),
    row(
        "Microsoft.ApiManagement/service",
        &["/sku/capacity"],
        Class::Functional,
    ),
    row(
        "Microsoft.Cdn/profiles/originGroups/origins",
        &["/properties/priority", "/properties/weight"],
        Class::Functional,
    ),
    row(
        "Microsoft.Web/sites",
        &[
            "/properties/functionAppConfig/runtime/**",
            "/properties/functionAppConfig/scaleAndConcurrency/**",
        ],
        Class::Functional,
    ),
    row(
        "Microsoft.Graph/applications",
        &[
            "/api/oauth2PermissionScopes/*/adminConsentDescription",
            "/api/oauth2PermissionScopes/*/adminConsentDisplayName",
            "/api/oauth2PermissionScopes/*/userConsentDescription",
            "/api/oauth2PermissionScopes/*/userConsentDisplayName",
        ],
        Class::Cosmetic,
    ),
    // No control reads these, and yet they decide who reaches what (domain.md C, F).
    row(
        "Microsoft.Authorization/roleAssignments",
        WHOLE,
        Class::Security,
    ),
    row("Microsoft.Graph/servicePrincipals", WHOLE, Class::Security),
    row("Microsoft.Network/privateEndpoints", WHOLE, Class::Security),
    row(
        "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
        WHOLE,
        Class::Security,
    ),
    row("Microsoft.Network/privateDnsZones", WHOLE, Class::Security),
    row(
        "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
        WHOLE,
        Class::Security,
    ),
    row(
        "Microsoft.Network/networkSecurityGroups",
        WHOLE,
        Class::Security,
    ),
    row("Microsoft.Storage/storageAccounts", WHOLE, Class::Security),
    row(
        "Microsoft.Storage/storageAccounts/blobServices/containers",
        WHOLE,
        Class::Security,
    ),
    row("Microsoft.Web/sites/config", WHOLE, Class::Security),
];

/// What the rows say of a difference, if one of them does.
pub fn class_of(type_name: &str, path: &str) -> Option<Class> {
    ROWS.iter()
        .find(|row| {
            (row.type_name.is_empty() || row.type_name.eq_ignore_ascii_case(type_name))
                && row
                    .paths
                    .iter()
                    .any(|pattern| pattern == &path || body::matches(pattern, path))
        })
        .map(|row| row.class)
}

#[cfg(test)]
mod tests {
    use super::super::all;
    use super::*;

    #[test]
    fn rows_are_about_types_that_there_are() {
        for row in ROWS {
            let is_known = all().any(|kind| kind.type_name == row.type_name);
            assert!(row.type_name.is_empty() || is_known, "{}", row.type_name);
        }
    }

    #[test]
    fn a_mark_is_more_than_any_other_tag() {
        let site = "Microsoft.Web/sites";
        assert_eq!(class_of(site, "/tags/team"), Some(Class::Cosmetic));
        assert_eq!(class_of(site, "/tags/secgw"), Some(Class::Functional));
        assert_eq!(class_of(site, "/properties/httpsOnly"), None);
    }
}

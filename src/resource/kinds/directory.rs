//! Microsoft Graph objects of both directories, and documents read over https.

use super::rule;
use crate::resource::kind::{DisableFirst, Evidence, How, Kind, Layer, Mark, Read, Usual, Write};

const GRAPH: Kind = Kind {
    layer: Layer::Identity,
    api_version: "v1.0",
    write: Write::PostThenPatch,
    usual: Usual {
        create: 3,
        update: 3,
        delete: 3,
    },
    ..Kind::PLAIN
};

const PAGE: &str = "Graph: application resource type";

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Graph/applications",
        noun: "application",
        read: Read::Find(
            "applications?$filter=tags/any(t:t eq '{/tags/0}') | applications?$filter=identifierUris/any(u:u eq '{/identifierUris/0}')",
        ),
        mark: Mark::GraphTag,
        rules: &[
            rule(
                &["/appId", "/web/redirectUriSettings"],
                How::ReadOnly,
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
            rule(
                &[
                    "/tags",
                    "/identifierUris",
                    "/spa/redirectUris",
                    "/web/redirectUris",
                    "/publicClient/redirectUris",
                ],
                How::Set(""),
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
            rule(
                &[
                    "/api/oauth2PermissionScopes",
                    "/requiredResourceAccess/*/resourceAccess",
                ],
                How::Set("/id"),
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
            rule(
                &["/requiredResourceAccess"],
                How::Set("/resourceAppId"),
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
            rule(
                &["/api", "/web", "/spa"],
                How::SentWhole,
                Evidence::Inferred("PATCH may replace a complex property"),
            ),
            rule(
                &["/nativeAuthenticationApisEnabled"],
                How::Default("\"none\""),
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
            rule(
                &["/isFallbackPublicClient"],
                How::Default("false"),
                Evidence::Documented(PAGE, "2026-11-23"),
            ),
        ],
        disable_first: Some(DisableFirst {
            list: "/api/oauth2PermissionScopes",
            flag: "isEnabled",
            evidence: Evidence::Documented(
                "domain.md D.2: a scope is disabled before it is removed",
                "2026-11-23",
            ),
        }),
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/directory/deletedItems",
        noun: "deleted application",
        read: Read::Find(
            "directory/deletedItems/microsoft.graph.application?$filter=identifierUris/any(u:u eq '{/identifierUris/0}')",
        ),
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/servicePrincipals",
        noun: "service principal",
        read: Read::Find("servicePrincipals(appId='{/appId}')"),
        rules: &[rule(
            &["/appId"],
            How::Immutable,
            Evidence::Documented("Graph: servicePrincipal resource type", "2026-11-23"),
        )],
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/oauth2PermissionGrants",
        noun: "permission grant",
        read: Read::Find(
            "oauth2PermissionGrants?$filter=clientId eq '{/clientId}' and resourceId eq '{/resourceId}' and consentType eq 'AllPrincipals'",
        ),
        rules: &[
            rule(
                &["/scope"],
                How::Words,
                Evidence::Documented(
                    "Graph: oAuth2PermissionGrant, a space-separated list",
                    "2026-11-23",
                ),
            ),
            rule(
                &["/clientId", "/resourceId", "/consentType"],
                How::Immutable,
                Evidence::Documented("Graph: oAuth2PermissionGrant", "2026-11-23"),
            ),
        ],
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/users",
        noun: "account",
        read: Read::Find(
            "users?$filter=identities/any(c:c/issuerAssignedId eq '{/identities/0/issuerAssignedId}' and c/issuer eq '{/identities/0/issuer}')&$select=id,displayName,accountEnabled,identities,passwordPolicies",
        ),
        rules: &[
            rule(
                &["/passwordProfile/**"],
                How::Sensitive,
                Evidence::Documented("Graph: passwordProfile resource type", "2026-11-23"),
            ),
            rule(
                &["/passwordProfile"],
                How::CreateOnly,
                Evidence::Documented("domain.md D.5: the user sets an own password", "2026-11-23"),
            ),
            // Azure adds the userPrincipalName identity of every user by itself.
            rule(
                &["/identities"],
                How::CreateOnly,
                Evidence::Documented("domain.md D.5: identities are the key", "2026-11-23"),
            ),
            rule(
                &["/passwordPolicies"],
                How::CaseInsensitive,
                Evidence::Inferred("an enumeration as text"),
            ),
        ],
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/identity/b2cUserFlows",
        noun: "user flow",
        api_version: "beta",
        read: Read::Find("identity/b2cUserFlows/{@key}"),
        rules: &[
            rule(
                &["/id"],
                How::CreateOnly,
                Evidence::Documented("domain.md D.4: becomes B2C_1_<id>", "2026-11-23"),
            ),
            rule(
                &["/userFlowType"],
                How::Immutable,
                Evidence::Documented("domain.md D.4", "2026-11-23"),
            ),
            rule(
                &["/userFlowTypeVersion"],
                How::CreateOnly,
                Evidence::Inferred("domain.md D.4: 3, or 1 where 3 is refused"),
            ),
            rule(
                &["/identityProviders"],
                How::CreateOnly,
                Evidence::Inferred("read back by a navigation property alone"),
            ),
        ],
        ..GRAPH
    },
    Kind {
        type_name: "Microsoft.Graph/identity/authenticationEventsFlows",
        noun: "user flow",
        read: Read::Find(
            "identity/authenticationEventsFlows?$filter=displayName eq '{/displayName}'",
        ),
        rules: &[
            rule(
                &["/conditions/applications/includeApplications"],
                How::Set("/appId"),
                Evidence::Documented("domain.md D.6", "2026-11-23"),
            ),
            rule(
                &["/onAttributeCollection"],
                How::CreateOnly,
                Evidence::Inferred("domain.md D.6: the service fills it in"),
            ),
        ],
        ..GRAPH
    },
];

/// The OpenID metadata of a user flow: read for its values, never written.
pub(super) static FACT: Kind = Kind {
    type_name: "fact",
    noun: "document",
    api_version: "",
    layer: Layer::Identity,
    read: Read::Fact,
    write: Write::Never,
    ..Kind::PLAIN
};

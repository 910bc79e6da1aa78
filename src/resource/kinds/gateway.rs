//! Microsoft.ApiManagement.

use super::rule;
use crate::resource::kind::{
    Deletion, Etag, Evidence, How, Invalidation, Kind, Layer, Mark, Read, Rule, Stage, Usual, Write,
};

const VERSION: &str = "2024-05-01";
const CRUD: &str = "aso__Test_ApiManagement_20240501_CRUD";
const API: &str = "Microsoft.ApiManagement/service/apis";

const CHILD: Kind = Kind {
    layer: Layer::Gateway,
    api_version: VERSION,
    etag: Etag::EnforcedWithStarOnDelete,
    ..Kind::PLAIN
};

/// Parallel writes beneath one API answer 409 `PessimisticConcurrencyConflict` (domain.md I, 3).
const API_CHILD: Kind = Kind {
    lane: Some(API),
    ..CHILD
};

const POLICY_RULES: &[Rule] = &[
    rule(
        "/properties/value",
        How::Policy,
        Evidence::Recorded("clifork_apim__test_apim_policy"),
    ),
    rule(
        "/properties/format",
        How::WriteOnly,
        Evidence::Recorded("clifork_apim__test_apim_policy"),
    ),
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.ApiManagement/service",
        noun: "API Management service",
        write: Write::PutThenPatch,
        etag: Etag::Enforced,
        mark: Mark::ArmTag,
        deletion: Deletion::SoftDelete,
        rules: &[
            rule(
                "/sku/name",
                How::Families(&[
                    &["Developer", "Basic", "Standard", "Premium"],
                    &["BasicV2", "StandardV2", "PremiumV2"],
                    &["Consumption"],
                ]),
                Evidence::Documented(
                    "domain.md A.1: SKU change between classic and v2 is a new service",
                    "2025-11-20",
                ),
            ),
            rule(
                "/properties/customProperties",
                How::SentWhole,
                Evidence::Documented(
                    "domain.md 0.2 #3: PATCH resets omitted custom properties",
                    "2026-08-20",
                ),
            ),
            rule(
                "/properties/customProperties",
                How::FreeMap,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/customProperties/*",
                How::CaseInsensitive,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/publicIPAddresses",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/privateIPAddresses",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/outboundPublicIPAddresses",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/targetProvisioningState",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/createdAtUtc",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/platformVersion",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/gatewayUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/gatewayRegionalUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/portalUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/developerPortalUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/managementApiUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/scmUrl",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/privateEndpointConnections",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/restore",
                How::WriteOnly,
                Evidence::Recorded("cli_apim__test_apim_core_service"),
            ),
        ],
        stages: &[Stage {
            name: "close-public-access",
            path: "/properties/publicNetworkAccess",
            before: "\"Enabled\"",
            until: "Microsoft.ApiManagement/service/privateEndpointConnections",
            evidence: Evidence::Documented(
                "domain.md 0.2 #2: refused at creation and without an approved connection",
                "2026-11-23",
            ),
        }],
        invalidates: &[Invalidation {
            paths: &[
                "/sku/**",
                "/zones/**",
                "/properties/virtualNetworkType",
                "/properties/virtualNetworkConfiguration/**",
            ],
            values: &["/properties/publicIPAddresses/**"],
        }],
        usual: Usual {
            create: 2400,
            update: 900,
            delete: 600,
        },
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/privateEndpointConnections",
        noun: "private endpoint connection",
        read: Read::Match("/properties/privateLinkServiceConnectionState/description"),
        write: Write::Approve,
        etag: Etag::None,
        usual: Usual {
            create: 180,
            update: 60,
            delete: 60,
        },
        rules: &[
            rule(
                "/properties/groupIds",
                How::ReadOnly,
                Evidence::Documented("domain.md A.6", "2025-11-11"),
            ),
            rule(
                "/properties/privateEndpoint",
                How::ReadOnly,
                Evidence::Documented("domain.md A.6", "2025-11-11"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/policies",
        noun: "global policy",
        read: Read::Get("format=rawxml"),
        deletion: Deletion::WithParent,
        rules: POLICY_RULES,
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/namedValues",
        noun: "named value",
        mark: Mark::NamePrefix,
        rules: &[
            rule(
                "/properties/tags",
                How::Set(""),
                Evidence::Recorded("cli_apim__test_apim_core_service"),
            ),
            rule(
                "/properties/keyVault/lastStatus",
                How::ReadOnly,
                Evidence::Documented("domain.md A.7", "2025-12-18"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/backends",
        noun: "backend",
        mark: Mark::NamePrefix,
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/tags",
        noun: "tag",
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/loggers",
        noun: "logger",
        mark: Mark::NamePrefix,
        rules: &[
            // Azure replaces each credential by a reference to a named value it makes itself.
            rule(
                "/properties/credentials",
                How::WriteOnly,
                Evidence::Recorded("quirks.md: APIM loggers"),
            ),
            rule(
                "/properties/resourceId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 3"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/diagnostics",
        noun: "gateway diagnostics",
        rules: &[
            rule(
                "/properties/loggerId",
                How::Id,
                Evidence::Recorded("quirks.md: APIM diagnostics"),
            ),
            rule(
                "/properties/**/headers",
                How::Set(""),
                Evidence::Inferred("header allow-lists have no order"),
            ),
            rule(
                "/properties/**/dataMasking/headers",
                How::Set("/value"),
                Evidence::Inferred("masks are known by the header they hide"),
            ),
            rule(
                "/properties/**/dataMasking/queryParams",
                How::Set("/value"),
                Evidence::Inferred("masks are known by the parameter they hide"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/policyRestrictions",
        noun: "policy restriction",
        mark: Mark::NamePrefix,
        rules: &[
            rule(
                "/properties/scope",
                How::Id,
                Evidence::Inferred("a scope is an id and may come back re-cased"),
            ),
            rule(
                "/properties/requireBase",
                How::CaseInsensitive,
                Evidence::Inferred("a boolean held as text"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: API,
        noun: "API",
        lane: Some(API),
        mark: Mark::ApimTag,
        rules: &[
            rule(
                "/properties/protocols",
                How::Set(""),
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/isOnline",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/apiRevision",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                "/properties/effectivePath",
                How::ReadOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
            rule(
                "/properties/apiVersionSet",
                How::ReadOnly,
                Evidence::Recorded("quirks.md part 1, 1"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/apis/policies",
        noun: "API policy",
        read: Read::Get("format=rawxml"),
        rules: POLICY_RULES,
        ..API_CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/apis/operations",
        noun: "operation",
        mark: Mark::Parent,
        rules: &[
            rule(
                "/properties/templateParameters",
                How::Set("/name"),
                Evidence::Inferred("parameters are bound by name"),
            ),
            rule(
                "/properties/policies",
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
        ],
        ..API_CHILD
    },
    Kind {
        // Operations of our APIs carry no policy of their own: scopes stand in the API's document, so one that
        // somebody adds here is theirs and weaker by definition.
        type_name: "Microsoft.ApiManagement/service/apis/tags",
        noun: "API tag",
        write: Write::Link,
        ..API_CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/products",
        noun: "product",
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/subscriptions",
        noun: "subscription",
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/tenant",
        noun: "direct management access",
        write: Write::Patch,
        deletion: Deletion::WithParent,
        rules: &[
            rule(
                "/properties/primaryKey",
                How::Sensitive,
                Evidence::Documented("domain.md A.7", "2026-08-20"),
            ),
            rule(
                "/properties/secondaryKey",
                How::Sensitive,
                Evidence::Documented("domain.md A.7", "2026-08-20"),
            ),
        ],
        ..CHILD
    },
];

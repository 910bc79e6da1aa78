//! Microsoft.ApiManagement: the service, and what holds for all of its APIs.

use super::rule;
use crate::resource::kind::{
    Deletion, Effect, Etag, Evidence, Excludes, How, Invalidation, Kind, Layer, Mark, Read, Rule,
    Stage, Unique, Usual, Write,
};

const VERSION: &str = "2024-05-01";
pub(super) const CRUD: &str = "aso__Test_ApiManagement_20240501_CRUD";
pub(super) const CLI: &str = "cli_apim__test_apim_core_service";
pub(super) const SCHEMA: Evidence =
    Evidence::Documented("defaults.json, published types", "2026-11-23");

pub(super) const CHILD: Kind = Kind {
    layer: Layer::Gateway,
    api_version: VERSION,
    etag: Etag::EnforcedWithStarOnDelete,
    ..Kind::PLAIN
};

pub(super) const POLICY_RULES: &[Rule] = &[
    rule(
        &["/properties/value"],
        How::Policy("format"),
        Evidence::Recorded("clifork_apim__test_apim_policy"),
    ),
    rule(
        &["/properties/format"],
        How::Form,
        Evidence::Recorded("clifork_apim__test_apim_policy"),
    ),
];

const DIAGNOSTIC_RULES: &[Rule] = &[
    rule(
        &["/properties/loggerId"],
        How::ShortId(""),
        Evidence::Recorded("quirks.md: APIM diagnostics"),
    ),
    rule(
        &[
            "/properties/*/request/headers",
            "/properties/*/response/headers",
        ],
        How::Set(""),
        Evidence::Inferred("header allow-lists have no order"),
    ),
    rule(
        &[
            "/properties/**/dataMasking/headers",
            "/properties/**/dataMasking/queryParams",
        ],
        How::Set("/value"),
        Evidence::Inferred("masks are known by what they hide"),
    ),
    rule(
        &[
            "/properties/alwaysLog",
            "/properties/sampling/samplingType",
            "/properties/**/dataMasking/*/*/mode",
            "/properties/httpCorrelationProtocol",
            "/properties/verbosity",
            "/properties/operationNameFormat",
        ],
        How::CaseInsensitive,
        SCHEMA,
    ),
];

/// What the classic tiers restart for.
const RESTARTED_FOR: &[&str] = &[
    "/zones",
    "/properties/virtualNetworkType",
    "/properties/virtualNetworkConfiguration/**",
    "/properties/hostnameConfigurations",
    "/properties/customProperties/**",
];

const SERVICE_EFFECTS: &[Effect] = &[
    Effect {
        paths: RESTARTED_FOR,
        replacing: false,
        only: Some(("/sku/name", &["Developer"])),
        says: "downtime",
        evidence: Evidence::Documented(
            "domain.md A.1: network and TLS updates, downtime in Developer",
            "2025-11-20",
        ),
    },
    Effect {
        paths: RESTARTED_FOR,
        replacing: false,
        only: Some(("/sku/name", &["Developer", "Basic", "Standard", "Premium"])),
        says: "15 to 45 min",
        evidence: Evidence::Documented(
            "domain.md A.1: network and TLS updates of the classic tiers",
            "2025-11-20",
        ),
    },
    Effect {
        paths: &[
            "/zones",
            "/properties/virtualNetworkType",
            "/properties/virtualNetworkConfiguration/**",
        ],
        replacing: true,
        only: None,
        says: "its public address may change",
        evidence: Evidence::Documented(
            "domain.md B: recreation, VNet added or removed, external and internal, zones",
            "2025-11-20",
        ),
    },
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
                &["/sku/name"],
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
                &["/properties/customProperties"],
                How::SentWhole,
                Evidence::Documented(
                    "domain.md 0.2 #3: PATCH resets omitted custom properties",
                    "2026-08-20",
                ),
            ),
            rule(
                &["/properties/customProperties"],
                How::FreeMap,
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/customProperties/*"],
                How::AsText,
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/publicNetworkAccess"],
                How::Alias("True", "Enabled"),
                Evidence::Recorded(CLI),
            ),
            rule(
                &["/properties/publicNetworkAccess"],
                How::Alias("False", "Disabled"),
                Evidence::Inferred("as `True` is `Enabled`"),
            ),
            rule(
                &[
                    "/sku/name",
                    "/properties/publicNetworkAccess",
                    "/properties/virtualNetworkType",
                    "/properties/natGatewayState",
                    "/properties/developerPortalStatus",
                    "/properties/legacyPortalStatus",
                    "/properties/configurationApi/legacyApi",
                    "/properties/hostnameConfigurations/*/type",
                    "/properties/hostnameConfigurations/*/hostName",
                    "/properties/hostnameConfigurations/*/certificateSource",
                    "/properties/additionalLocations/*/natGatewayState",
                    "/properties/additionalLocations/*/sku/name",
                    "/properties/certificates/*/storeName",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
            // The tiers other than Consumption have no such switch.
            rule(
                &["/properties/enableClientCertificate"],
                How::Dropped,
                Evidence::Recorded(CLI),
            ),
            rule(
                &["/properties/hostnameConfigurations"],
                How::Set("/hostName"),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/hostnameConfigurations"],
                How::Synthetic(r#"{"type":"Proxy","certificateSource":"BuiltIn"}"#),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &[
                    "/properties/hostnameConfigurations/*/certificatePassword",
                    "/properties/hostnameConfigurations/*/encodedCertificate",
                    "/properties/certificates/*/certificatePassword",
                    "/properties/certificates/*/encodedCertificate",
                ],
                How::WriteOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/additionalLocations"],
                How::Set("/location"),
                Evidence::Inferred("a region is there once"),
            ),
            rule(
                &["/properties/additionalLocations/*/location"],
                How::Location,
                Evidence::Recorded("quirks.md part 1, 2"),
            ),
            rule(
                &[
                    "/properties/virtualNetworkConfiguration/vnetid",
                    "/properties/virtualNetworkConfiguration/subnetname",
                    "/properties/additionalLocations/*/publicIPAddresses",
                    "/properties/additionalLocations/*/privateIPAddresses",
                    "/properties/additionalLocations/*/outboundPublicIPAddresses",
                    "/properties/additionalLocations/*/virtualNetworkConfiguration/vnetid",
                    "/properties/additionalLocations/*/virtualNetworkConfiguration/subnetname",
                    "/properties/additionalLocations/*/gatewayRegionalUrl",
                    "/properties/additionalLocations/*/platformVersion",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
            rule(
                &[
                    "/properties/publicIPAddresses",
                    "/properties/privateIPAddresses",
                    "/properties/outboundPublicIPAddresses",
                    "/properties/targetProvisioningState",
                    "/properties/createdAtUtc",
                    "/properties/platformVersion",
                    "/properties/gatewayUrl",
                    "/properties/gatewayRegionalUrl",
                    "/properties/portalUrl",
                    "/properties/developerPortalUrl",
                    "/properties/managementApiUrl",
                    "/properties/scmUrl",
                    "/properties/privateEndpointConnections",
                ],
                How::ReadOnly,
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/restore"],
                How::WriteOnly,
                Evidence::Recorded(CLI),
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
                "/properties/publicIpAddressId",
            ],
            values: &["/properties/publicIPAddresses/**"],
        }],
        excludes: Some(Excludes {
            paths: &["/properties/virtualNetworkConfiguration/**"],
            beneath: "Microsoft.ApiManagement/service/privateEndpointConnections",
            evidence: Evidence::Documented(
                "domain.md A.1: private endpoints and injection exclude each other",
                "2025-11-11",
            ),
        }),
        effects: SERVICE_EFFECTS,
        usual: Usual {
            create: 2400,
            update: 900,
            delete: 600,
        },
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/locations/deletedservices",
        noun: "deleted API Management service",
        etag: Etag::None,
        lane: None,
        usual: Usual {
            create: 0,
            update: 0,
            delete: 60,
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
        rules: &[rule(
            &["/properties/groupIds", "/properties/privateEndpoint"],
            How::ReadOnly,
            Evidence::Documented("domain.md A.6", "2025-11-11"),
        )],
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
        unique: Some(Unique {
            paths: &["/properties/displayName"],
            evidence: Evidence::Inferred(
                "policies name it by this; a second one is refused with 400",
            ),
        }),
        quoted: Some(("{{", "}}")),
        rules: &[
            rule(&["/properties/tags"], How::Set(""), Evidence::Recorded(CLI)),
            rule(
                &["/properties/secret"],
                How::Default("false"),
                Evidence::Recorded("defaults.md: Microsoft.ApiManagement/service/namedValues"),
            ),
            // A secret one comes back without it.
            rule(
                &["/properties/value"],
                How::WriteOnly,
                Evidence::Recorded(CLI),
            ),
            rule(
                &["/properties/value"],
                How::SensitiveIf("/properties/secret"),
                Evidence::Documented("domain.md A.7", "2025-12-18"),
            ),
            rule(
                &["/properties/keyVault/lastStatus"],
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
        rules: &[
            rule(
                &["/properties/proxy/password"],
                How::WriteOnly,
                Evidence::Inferred("a secret"),
            ),
            rule(
                &[
                    "/properties/credentials/authorization/parameter",
                    "/properties/credentials/header/**",
                    "/properties/credentials/query/**",
                ],
                How::Sensitive,
                Evidence::Documented(
                    "REST: API Management backend credentials contract",
                    "2026-11-25",
                ),
            ),
            rule(
                &["/properties/pool/services/*/id"],
                How::ShortId(""),
                Evidence::Inferred("as other references of API Management"),
            ),
        ],
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
                &["/properties/credentials/*"],
                How::StandIn("{{Logger-Credentials-"),
                Evidence::Recorded(CRUD),
            ),
            rule(
                &["/properties/credentials/*"],
                How::WriteOnly,
                Evidence::Recorded("quirks.md: APIM loggers"),
            ),
            rule(&["/properties/loggerType"], How::CaseInsensitive, SCHEMA),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/diagnostics",
        noun: "gateway diagnostics",
        rules: DIAGNOSTIC_RULES,
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/policyRestrictions",
        noun: "policy restriction",
        mark: Mark::NamePrefix,
        rules: &[
            rule(
                &["/properties/scope"],
                How::ShortId(""),
                Evidence::Inferred("as the scope of a subscription"),
            ),
            rule(
                &["/properties/requireBase"],
                How::AsText,
                Evidence::Inferred("a boolean held as text"),
            ),
        ],
        ..CHILD
    },
    Kind {
        type_name: "Microsoft.ApiManagement/service/tenant",
        noun: "direct management access",
        write: Write::Patch,
        deletion: Deletion::WithParent,
        rules: &[
            rule(
                &["/properties/primaryKey", "/properties/secondaryKey"],
                How::WriteOnly,
                SCHEMA,
            ),
            rule(&["/properties/id"], How::ReadOnly, SCHEMA),
        ],
        ..CHILD
    },
];

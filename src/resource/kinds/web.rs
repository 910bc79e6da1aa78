//! Microsoft.Web: the function and the plan it runs on.

use super::rule;
use crate::resource::kind::{
    Deletion, Evidence, How, Kind, Layer, Mark, Read, Rule, Unset, Usual, Write,
};

const VERSION: &str = "2024-11-01";
const FLEX: &str = "aso__Test_Web_Site_v20250501_CRUD";
const RESTRICTIONS: &str = "cli_appservice__test_functionapp_access_restriction_add";
const SITE: &str = "Microsoft.Web/sites";

/// A site's child comes back with the site's location and is refused with one.
const CHILD_LOCATION: Rule = rule(
    &["/location"],
    How::ReadOnly,
    Evidence::Documented(
        "Microsoft.Web 2024-11-01: ProxyOnlyResource has no location",
        "2026-11-23",
    ),
);

/// A second write to one site answers 409 or 429 (domain.md I, 16).
const SITE_CHILD: Kind = Kind {
    layer: Layer::Backend,
    api_version: VERSION,
    lane: Some(SITE),
    deletion: Deletion::WithParent,
    ..Kind::PLAIN
};

const CONFIG: &str = "Microsoft.Web/sites/config";
const SCHEMA: Evidence = Evidence::Documented("defaults.json, published types", "2026-11-23");

/// The last rule, which Azure flips by itself: everybody while there is no other rule, nobody once there is one.
const ALLOW_ALL: &str =
    r#"{"ipAddress":"Any","action":"Allow","priority":2147483647,"name":"Allow all"}"#;
const DENY_ALL: &str =
    r#"{"ipAddress":"Any","action":"Deny","priority":2147483647,"name":"Deny all"}"#;

const SITE_RULES: &[Rule] = &[
    // GET returns a stub, most of it null; what holds is read at `config/web`. Sent on create so that the site is
    // never open.
    rule(
        &["/properties/siteConfig/**"],
        How::WriteOnly,
        Evidence::Recorded("quirks.md: sites"),
    ),
    rule(
        &["/properties/siteConfig/**"],
        How::NotEffective,
        Evidence::Recorded("quirks.md: sites, http20Enabled and minimumElasticInstanceCount"),
    ),
    rule(
        &["/kind"],
        How::Words,
        Evidence::Inferred("comma-separated words in the service's order"),
    ),
    rule(
        &["/kind"],
        How::Overruled("\"functionapp,linux,container\"", "\"functionapp,linux\""),
        Evidence::Recorded("defaults.md: Microsoft.Web/sites"),
    ),
    // The plan decides these.
    rule(
        &[
            "/properties/reserved",
            "/properties/isXenon",
            "/properties/hyperV",
        ],
        How::NotEffective,
        Evidence::Recorded("cli_appservice__test_webapp_config"),
    ),
    rule(
        &["/properties/serverFarmId"],
        How::ShortId("/providers/Microsoft.Web/serverfarms"),
        Evidence::Recorded("cli_appservice__test_functionapp_e2e"),
    ),
    rule(
        &["/properties/serverFarmId"],
        How::Immutable,
        Evidence::Documented("domain.md B.1: one app per Flex plan", "2025-05-12"),
    ),
    rule(
        &["/properties/functionAppConfig"],
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested configuration"),
    ),
    rule(
        &["/properties/outboundVnetRouting"],
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested routing"),
    ),
    rule(
        &["/properties/cloningInfo/**"],
        How::WriteOnly,
        Evidence::Documented("defaults.md: Microsoft.Web/sites", "2026-11-23"),
    ),
    rule(
        &[
            "/properties/name",
            "/properties/sku",
            "/properties/privateEndpointConnections",
            "/properties/inFlightFeatures",
            "/properties/webSpace",
            "/properties/selfLink",
            "/properties/owner",
            "/properties/csrs",
        ],
        How::ReadOnly,
        Evidence::Recorded(FLEX),
    ),
    rule(
        &[
            "/properties/state",
            "/properties/hostNames",
            "/properties/repositorySiteName",
            "/properties/usageState",
            "/properties/enabledHostNames",
            "/properties/availabilityState",
            "/properties/lastModifiedTimeUtc",
            "/properties/dnsConfiguration/dnsLegacySortOrder",
            "/properties/siteConfig/machineKey",
            "/properties/siteConfig/push/id",
            "/properties/siteConfig/push/name",
            "/properties/siteConfig/push/type",
            "/properties/siteConfig/azureStorageAccounts/*/state",
            "/properties/trafficManagerHostNames",
            "/properties/targetSwapSlot",
            "/properties/hostingEnvironmentProfile/name",
            "/properties/hostingEnvironmentProfile/type",
            "/properties/outboundIpAddresses",
            "/properties/possibleOutboundIpAddresses",
            "/properties/suspendedTill",
            "/properties/maxNumberOfWorkers",
            "/properties/resourceGroup",
            "/properties/isDefaultContainer",
            "/properties/defaultHostName",
            "/properties/slotSwapStatus",
            "/properties/inProgressOperationId",
            "/extendedLocation/type",
        ],
        How::ReadOnly,
        SCHEMA,
    ),
    rule(
        &["/properties/hostNameSslStates"],
        How::Set("/name"),
        Evidence::Recorded("defaults.md: Microsoft.Web/sites"),
    ),
    // Bindings of host names are resources of their own.
    rule(
        &["/properties/hostNameSslStates/**"],
        How::NotEffective,
        Evidence::Recorded("defaults.md: Microsoft.Web/sites"),
    ),
    rule(
        &[
            "/properties/functionAppConfig/deployment/storage/type",
            "/properties/functionAppConfig/deployment/storage/authentication/type",
            "/properties/functionAppConfig/runtime/name",
            "/properties/daprConfig/logLevel",
            "/properties/clientCertMode",
            "/properties/ipMode",
            "/properties/redundancyMode",
            "/properties/autoGeneratedDomainNameLabelScope",
            "/properties/publicNetworkAccess",
        ],
        How::CaseInsensitive,
        SCHEMA,
    ),
    rule(
        &["/properties/autoGeneratedDomainNameLabelScope"],
        How::WriteOnly,
        Evidence::Inferred("as for Front Door endpoints"),
    ),
    rule(
        &["/properties/sshEnabled"],
        How::Default("false"),
        Evidence::Inferred("null reads as off on Flex"),
    ),
    rule(
        &["/properties/endToEndEncryptionEnabled"],
        How::Default("false"),
        Evidence::Recorded(FLEX),
    ),
];

const CONFIG_RULES: &[Rule] = &[
    CHILD_LOCATION,
    rule(
        &[
            "/properties/ipSecurityRestrictions",
            "/properties/scmIpSecurityRestrictions",
        ],
        How::Set("/name"),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        &[
            "/properties/ipSecurityRestrictions",
            "/properties/scmIpSecurityRestrictions",
        ],
        How::Synthetic(ALLOW_ALL),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        &[
            "/properties/ipSecurityRestrictions",
            "/properties/scmIpSecurityRestrictions",
        ],
        How::Synthetic(DENY_ALL),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        &[
            "/properties/ipSecurityRestrictions/*/ipAddress",
            "/properties/scmIpSecurityRestrictions/*/ipAddress",
        ],
        How::Cidr,
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        &[
            "/properties/ipSecurityRestrictions/*/tag",
            "/properties/scmIpSecurityRestrictions/*/tag",
        ],
        How::Default("\"Default\""),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        &["/properties/cors/allowedOrigins"],
        How::Set(""),
        Evidence::Inferred("origins have no order"),
    ),
    rule(
        &["/properties/cors"],
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested object"),
    ),
    rule(
        &[
            "/properties/ipSecurityRestrictions/*/vnetSubnetResourceId",
            "/properties/scmIpSecurityRestrictions/*/vnetSubnetResourceId",
        ],
        How::Id,
        Evidence::Recorded(
            "cli_appservice__test_functionapp_access_restriction_add_service_endpoint",
        ),
    ),
    // One warm instance is the least that a dedicated plan has.
    rule(
        &["/properties/minimumElasticInstanceCount"],
        How::Overruled("0", "1"),
        Evidence::Recorded("cli_appservice__test_functionapp_remove_identity"),
    ),
    // .NET Framework 3.5 runs on the runtime of 2.0, and is known by its name for 3.0.
    rule(
        &["/properties/netFrameworkVersion"],
        How::Overruled("\"v3.5\"", "\"v3.0\""),
        Evidence::Recorded("cli_appservice__test_webapp_config"),
    ),
    rule(
        &[
            "/properties/appSettings/**",
            "/properties/metadata/**",
            "/properties/connectionStrings/**",
        ],
        How::WriteOnly,
        Evidence::Recorded("quirks.md: sites"),
    ),
    rule(
        &[
            "/properties/machineKey",
            "/properties/push/id",
            "/properties/push/name",
            "/properties/push/type",
            "/properties/azureStorageAccounts/*/state",
        ],
        How::ReadOnly,
        SCHEMA,
    ),
    rule(
        &[
            "/properties/scmType",
            "/properties/managedPipelineMode",
            "/properties/loadBalancing",
            "/properties/autoHealRules/actions/actionType",
            "/properties/*/*/tag",
            "/properties/*/*/action",
            "/properties/ipSecurityRestrictionsDefaultAction",
            "/properties/scmIpSecurityRestrictionsDefaultAction",
            "/properties/minTlsVersion",
            "/properties/minTlsCipherSuite",
            "/properties/scmMinTlsVersion",
            "/properties/ftpsState",
            "/properties/azureStorageAccounts/*/type",
            "/properties/azureStorageAccounts/*/protocol",
            "/properties/linuxFxVersion",
            "/properties/windowsFxVersion",
        ],
        How::CaseInsensitive,
        SCHEMA,
    ),
    rule(
        &["/properties/azureStorageAccounts/*/accessKey"],
        How::WriteOnly,
        SCHEMA,
    ),
    rule(
        &[
            "/properties/appSettings/*/value",
            "/properties/metadata/*/value",
        ],
        How::Sensitive,
        Evidence::Inferred("any setting may hold a secret that somebody put there"),
    ),
];

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Web/serverfarms",
        noun: "plan",
        layer: Layer::Backend,
        api_version: VERSION,
        mark: Mark::ArmTag,
        rules: &[
            rule(
                &["/sku/tier", "/sku/name", "/kind"],
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: serverfarms"),
            ),
            // The name says it all; the rest of the tier follows from it.
            rule(
                &["/sku/size", "/sku/family"],
                How::NotEffective,
                Evidence::Recorded("defaults.md: Microsoft.Web/serverfarms"),
            ),
            // A plan that bills by use has no instances of its own.
            rule(
                &["/sku/capacity"],
                How::Overruled("1", "0"),
                Evidence::Recorded("defaults.md: Microsoft.Web/serverfarms"),
            ),
            rule(
                &["/properties/isXenon"],
                How::Overruled("false", "true"),
                Evidence::Recorded("defaults.md: Microsoft.Web/serverfarms"),
            ),
            rule(
                &["/properties/maximumElasticWorkerCount"],
                How::Overruled("1", "2"),
                Evidence::Recorded("defaults.md: Microsoft.Web/serverfarms"),
            ),
            rule(
                &["/properties/status", "/properties/numberOfSites"],
                How::ReadOnly,
                Evidence::Recorded(FLEX),
            ),
            rule(
                &[
                    "/properties/subscription",
                    "/properties/hostingEnvironmentProfile/name",
                    "/properties/hostingEnvironmentProfile/type",
                    "/properties/maximumNumberOfWorkers",
                    "/properties/numberOfWorkers",
                    "/properties/geoRegion",
                    "/properties/resourceGroup",
                    "/properties/kubeEnvironmentProfile/name",
                    "/properties/kubeEnvironmentProfile/type",
                    "/extendedLocation/type",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
        ],
        usual: Usual {
            create: 20,
            update: 20,
            delete: 20,
        },
        ..Kind::PLAIN
    },
    Kind {
        type_name: SITE,
        noun: "function app",
        write: Write::PutThenPatch,
        mark: Mark::ArmTag,
        deletion: Deletion::Delete,
        rules: SITE_RULES,
        unset: Some(Unset {
            path: "/properties/virtualNetworkSubnetId",
            collection: "networkConfig",
            name: "virtualNetwork",
            evidence: Evidence::Recorded("cli_appservice__test_functionapp_vnetE2E.json"),
        }),
        usual: Usual {
            create: 60,
            update: 30,
            delete: 30,
        },
        ..SITE_CHILD
    },
    Kind {
        type_name: CONFIG,
        instance: Some("web"),
        noun: "site configuration",
        write: Write::Patch,
        rules: CONFIG_RULES,
        ..SITE_CHILD
    },
    Kind {
        type_name: CONFIG,
        instance: Some("appsettings"),
        noun: "application settings",
        read: Read::PostList,
        rules: &[
            CHILD_LOCATION,
            rule(
                &["/properties"],
                How::FreeMap,
                Evidence::Documented("domain.md I, 17: PUT replaces all settings", "2026-11-23"),
            ),
            rule(
                &["/properties/*"],
                How::Sensitive,
                Evidence::Inferred("any setting may hold a secret that somebody put there"),
            ),
        ],
        ..SITE_CHILD
    },
    Kind {
        type_name: CONFIG,
        instance: Some("authsettingsV2"),
        noun: "authentication settings",
        rules: &[
            CHILD_LOCATION,
            rule(
                &[
                    "/properties/globalValidation/unauthenticatedClientAction",
                    "/properties/identityProviders/customOpenIdConnectProviders/*/registration/clientCredential/method",
                    "/properties/login/cookieExpiration/convention",
                    "/properties/httpSettings/forwardProxy/convention",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(
                &["/properties/**/allowedAudiences"],
                How::Set(""),
                Evidence::Inferred("audiences have no order"),
            ),
            rule(
                &[
                    "/properties/**/allowedApplications",
                    "/properties/**/allowedClientApplications",
                ],
                How::Set(""),
                Evidence::Inferred("applications have no order"),
            ),
            rule(
                &["/properties/**/identities"],
                How::Set(""),
                Evidence::Inferred("principals have no order"),
            ),
            rule(
                &["/properties/**/excludedPaths"],
                How::Set(""),
                Evidence::Inferred("paths have no order"),
            ),
        ],
        ..SITE_CHILD
    },
    Kind {
        type_name: "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        noun: "publishing credentials policy",
        rules: &[CHILD_LOCATION],
        ..SITE_CHILD
    },
];

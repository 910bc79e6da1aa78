//! Microsoft.Web and Microsoft.Storage: the function and what it runs on.

use super::rule;
use crate::resource::kind::{Deletion, Evidence, How, Kind, Layer, Mark, Read, Rule, Usual, Write};

const VERSION: &str = "2024-11-01";
const FLEX: &str = "aso__Test_Web_Site_v20250501_CRUD";
const RESTRICTIONS: &str = "cli_appservice__test_functionapp_access_restriction_add";
const SITE: &str = "Microsoft.Web/sites";

/// A second write to one site answers 409 or 429 (domain.md I, 16).
const SITE_CHILD: Kind = Kind {
    layer: Layer::Backend,
    api_version: VERSION,
    lane: Some(SITE),
    deletion: Deletion::WithParent,
    ..Kind::PLAIN
};

const CONFIG: &str = "Microsoft.Web/sites/config";

const SITE_RULES: &[Rule] = &[
    // GET returns a stub; what holds is read at `config/web`. Sent on create so that the site is never open.
    rule(
        "/properties/siteConfig",
        How::CreateOnly,
        Evidence::Recorded("quirks.md: sites"),
    ),
    rule(
        "/kind",
        How::Words,
        Evidence::Inferred("comma-separated words in the service's order"),
    ),
    rule(
        "/properties/serverFarmId",
        How::Id,
        Evidence::Recorded("quirks.md part 1, 3"),
    ),
    rule(
        "/properties/serverFarmId",
        How::Immutable,
        Evidence::Documented("domain.md B.1: one app per Flex plan", "2025-05-12"),
    ),
    rule(
        "/properties/virtualNetworkSubnetId",
        How::Id,
        Evidence::Recorded("quirks.md part 1, 3"),
    ),
    rule(
        "/properties/keyVaultReferenceIdentity",
        How::Id,
        Evidence::Recorded(FLEX),
    ),
    rule(
        "/properties/functionAppConfig/deployment/storage/authentication/userAssignedIdentityResourceId",
        How::Id,
        Evidence::Recorded(FLEX),
    ),
    rule(
        "/properties/functionAppConfig",
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested configuration"),
    ),
    rule(
        "/properties/outboundVnetRouting",
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested routing"),
    ),
    rule("/properties/sku", How::ReadOnly, Evidence::Recorded(FLEX)),
    rule(
        "/properties/privateEndpointConnections",
        How::ReadOnly,
        Evidence::Recorded(FLEX),
    ),
    rule(
        "/properties/inFlightFeatures",
        How::ReadOnly,
        Evidence::Recorded(FLEX),
    ),
    rule(
        "/properties/sshEnabled",
        How::Default("false"),
        Evidence::Inferred("null reads as off on Flex"),
    ),
    rule(
        "/properties/endToEndEncryptionEnabled",
        How::Default("false"),
        Evidence::Recorded(FLEX),
    ),
];

const CONFIG_RULES: &[Rule] = &[
    rule(
        "/properties/ipSecurityRestrictions",
        How::Set("/name"),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/ipSecurityRestrictions",
        How::Synthetic("/priority", "2147483647"),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/ipSecurityRestrictions/*/ipAddress",
        How::Cidr,
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/ipSecurityRestrictions/*/tag",
        How::Default("\"Default\""),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/scmIpSecurityRestrictions",
        How::Set("/name"),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/scmIpSecurityRestrictions",
        How::Synthetic("/priority", "2147483647"),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/scmIpSecurityRestrictions/*/ipAddress",
        How::Cidr,
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/scmIpSecurityRestrictions/*/tag",
        How::Default("\"Default\""),
        Evidence::Recorded(RESTRICTIONS),
    ),
    rule(
        "/properties/cors/allowedOrigins",
        How::Set(""),
        Evidence::Inferred("origins have no order"),
    ),
    rule(
        "/properties/cors",
        How::SentWhole,
        Evidence::Inferred("PATCH may replace the nested object"),
    ),
    rule(
        "/properties/publishingUsername",
        How::ReadOnly,
        Evidence::Recorded("quirks.md: config/web"),
    ),
];

const STORAGE_VERSION: &str = "2024-01-01";
const STORAGE: Kind = Kind {
    layer: Layer::Backend,
    api_version: STORAGE_VERSION,
    ..Kind::PLAIN
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Web/serverfarms",
        noun: "plan",
        layer: Layer::Backend,
        api_version: VERSION,
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/sku/tier",
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: serverfarms"),
            ),
            rule(
                "/sku/name",
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: serverfarms"),
            ),
            rule(
                "/kind",
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: serverfarms"),
            ),
            rule(
                "/properties/status",
                How::ReadOnly,
                Evidence::Recorded(FLEX),
            ),
            rule(
                "/properties/numberOfSites",
                How::ReadOnly,
                Evidence::Recorded(FLEX),
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
            rule(
                "/properties",
                How::FreeMap,
                Evidence::Documented("domain.md I, 17: PUT replaces all settings", "2026-11-23"),
            ),
            rule(
                "/properties/*",
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
            rule(
                "/properties/**/allowedAudiences",
                How::Set(""),
                Evidence::Inferred("audiences have no order"),
            ),
            rule(
                "/properties/**/allowedApplications",
                How::Set(""),
                Evidence::Inferred("applications have no order"),
            ),
            rule(
                "/properties/**/identities",
                How::Set(""),
                Evidence::Inferred("principals have no order"),
            ),
            rule(
                "/properties/**/allowedClientApplications",
                How::Set(""),
                Evidence::Inferred("applications have no order"),
            ),
            rule(
                "/properties/**/excludedPaths",
                How::Set(""),
                Evidence::Inferred("paths have no order"),
            ),
        ],
        ..SITE_CHILD
    },
    Kind {
        type_name: "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
        noun: "publishing credentials policy",
        ..SITE_CHILD
    },
    Kind {
        type_name: "Microsoft.Storage/storageAccounts",
        noun: "storage account",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                "/sku/tier",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/creationTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/keyCreationTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/primaryEndpoints",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/primaryLocation",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/secondaryLocation",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/secondaryEndpoints",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/statusOfPrimary",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/statusOfSecondary",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/privateEndpointConnections",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
            rule(
                "/properties/encryption/**/lastEnabledTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: storage account"),
            ),
        ],
        usual: Usual {
            create: 25,
            update: 10,
            delete: 10,
        },
        ..STORAGE
    },
    Kind {
        type_name: "Microsoft.Storage/storageAccounts/blobServices/containers",
        noun: "blob container",
        rules: &[
            rule(
                "/properties/lastModifiedTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/leaseStatus",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/leaseState",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/leaseDuration",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/hasImmutabilityPolicy",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/hasLegalHold",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/version",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/deleted",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/deletedTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/remainingRetentionDays",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/immutabilityPolicy",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
            rule(
                "/properties/legalHold",
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
        ],
        ..STORAGE
    },
];

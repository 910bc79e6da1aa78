//! Microsoft.Storage: where the function's code and state are.

use super::rule;
use crate::resource::kind::{Evidence, How, Kind, Layer, Mark, Usual};

const SCHEMA: Evidence = Evidence::Documented("defaults.json, published types", "2026-11-23");
const STORAGE_VERSION: &str = "2024-01-01";
const STORAGE: Kind = Kind {
    layer: Layer::Backend,
    api_version: STORAGE_VERSION,
    ..Kind::PLAIN
};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Storage/storageAccounts",
        noun: "storage account",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                &["/properties/networkAcls/virtualNetworkRules"],
                How::Set("/id"),
                Evidence::Recorded("cli_storage__test_storage_account_service_endpoints"),
            ),
            rule(
                &[
                    "/properties/networkAcls/ipRules",
                    "/properties/networkAcls/ipv6Rules",
                ],
                How::Set("/value"),
                Evidence::Recorded("cli_storage__test_storage_account_service_endpoints"),
            ),
            rule(
                &[
                    "/properties/networkAcls/ipRules/*/value",
                    "/properties/networkAcls/ipv6Rules/*/value",
                ],
                How::Cidr,
                Evidence::Inferred("one address is written with or without its prefix"),
            ),
            rule(
                &["/properties/networkAcls/resourceAccessRules"],
                How::Set("/tenantId+/resourceId"),
                Evidence::Inferred("rules have no order"),
            ),
            rule(
                &["/properties/networkAcls/bypass"],
                How::Words,
                Evidence::Documented("Storage: any combination, comma-separated", "2026-11-23"),
            ),
            rule(
                &[
                    "/sku/name",
                    "/kind",
                    "/properties/networkAcls/bypass",
                    "/properties/networkAcls/defaultAction",
                    "/properties/networkAcls/*/*/action",
                    "/properties/publicNetworkAccess",
                    "/properties/accessTier",
                    "/properties/minimumTlsVersion",
                    "/properties/allowedCopyScope",
                    "/properties/sasPolicy/expirationAction",
                    "/properties/encryption/keySource",
                    "/properties/encryption/services/*/keyType",
                    "/properties/azureFilesIdentityBasedAuthentication/directoryServiceOptions",
                    "/properties/azureFilesIdentityBasedAuthentication/defaultSharePermission",
                    "/properties/largeFileSharesState",
                    "/properties/routingPreference/routingChoice",
                    "/properties/dnsEndpointType",
                ],
                How::CaseInsensitive,
                Evidence::Recorded("cli_storage__test_storage_account_service_endpoints"),
            ),
            rule(
                &[
                    "/placement/zonePlacementPolicy",
                    "/properties/azureFilesIdentityBasedAuthentication/activeDirectoryProperties/accountType",
                    "/properties/immutableStorageWithVersioning/immutabilityPolicy/state",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(
                &["/properties/sasPolicy/sasExpirationPeriod"],
                How::Duration,
                Evidence::Inferred("a time span"),
            ),
            rule(
                &[
                    "/properties/isHnsEnabled",
                    "/properties/isNfsV3Enabled",
                    "/properties/isSftpEnabled",
                    "/properties/defaultToOAuthAuthentication",
                    "/properties/encryption/requireInfrastructureEncryption",
                    "/properties/enableExtendedGroups",
                ],
                How::Default("false"),
                Evidence::Documented("Storage accounts REST reference", "2026-11-23"),
            ),
            rule(
                &["/properties/largeFileSharesState"],
                How::Default("\"Disabled\""),
                Evidence::Documented("Storage accounts REST reference", "2026-11-23"),
            ),
            rule(
                &[
                    "/properties/encryption/keyvaultproperties/currentVersionedKeyIdentifier",
                    "/properties/encryption/keyvaultproperties/lastKeyRotationTimestamp",
                    "/properties/encryption/keyvaultproperties/currentVersionedKeyExpirationTimestamp",
                    "/properties/networkAcls/virtualNetworkRules/*/state",
                    "/properties/lastGeoFailoverTime",
                    "/properties/geoReplicationStats",
                    "/properties/failoverInProgress",
                    "/properties/blobRestoreStatus",
                    "/properties/storageAccountSkuConversionStatus",
                    "/properties/isSkuConversionBlocked",
                    "/properties/accountMigrationInProgress",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
            rule(
                &[
                    "/sku/tier",
                    "/properties/creationTime",
                    "/properties/keyCreationTime",
                    "/properties/primaryEndpoints",
                    "/properties/primaryLocation",
                    "/properties/secondaryLocation",
                    "/properties/secondaryEndpoints",
                    "/properties/statusOfPrimary",
                    "/properties/statusOfSecondary",
                    "/properties/privateEndpointConnections",
                    "/properties/encryption/**/lastEnabledTime",
                ],
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
                &["/properties/metadata"],
                How::FreeMap,
                Evidence::Inferred("people's data"),
            ),
            rule(
                &["/properties/publicAccess"],
                How::Default("\"None\""),
                Evidence::Documented("Blob containers REST reference", "2026-11-23"),
            ),
            rule(&["/properties/publicAccess"], How::CaseInsensitive, SCHEMA),
            rule(
                &[
                    "/properties/immutableStorageWithVersioning/timeStamp",
                    "/properties/immutableStorageWithVersioning/migrationState",
                    "/properties/lastModifiedTime",
                    "/properties/leaseStatus",
                    "/properties/leaseState",
                    "/properties/leaseDuration",
                    "/properties/hasImmutabilityPolicy",
                    "/properties/hasLegalHold",
                    "/properties/version",
                    "/properties/deleted",
                    "/properties/deletedTime",
                    "/properties/remainingRetentionDays",
                    "/properties/immutabilityPolicy",
                    "/properties/legalHold",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md appendix A"),
            ),
        ],
        ..STORAGE
    },
];

//! What everything stands on: the resource group, managed identities, role assignments, logs.

use super::rule;
use crate::resource::kind::{Deletion, Evidence, How, Kind, Layer, Mark, Usual};

const SCHEMA: Evidence = Evidence::Documented("defaults.json, published types", "2026-11-23");

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Resources/resourceGroups",
        noun: "resource group",
        layer: Layer::Network,
        api_version: "2025-04-01",
        mark: Mark::Founder,
        deletion: Deletion::WhenEmpty,
        rules: &[rule(
            &["/managedBy"],
            How::ReadOnly,
            Evidence::Documented("Resource groups REST reference", "2026-11-23"),
        )],
        ..Kind::PLAIN
    },
    Kind {
        type_name: "Microsoft.ManagedIdentity/userAssignedIdentities",
        noun: "managed identity",
        layer: Layer::Gateway,
        api_version: "2024-11-30",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                &[
                    "/properties/tenantId",
                    "/properties/principalId",
                    "/properties/clientId",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: identity"),
            ),
            rule(
                &["/properties/isolationScope"],
                How::CaseInsensitive,
                SCHEMA,
            ),
        ],
        ..Kind::PLAIN
    },
    Kind {
        type_name: "Microsoft.Authorization/roleAssignments",
        noun: "role assignment",
        layer: Layer::Backend,
        api_version: "2022-04-01",
        rules: &[
            rule(
                &["/properties/principalId", "/properties/roleDefinitionId"],
                How::Immutable,
                Evidence::Documented(
                    "Role assignments: only the description and condition change",
                    "2026-11-23",
                ),
            ),
            rule(
                &["/properties/roleDefinitionId"],
                How::ShortId(""),
                Evidence::Inferred("a tenant-level id comes back below the subscription"),
            ),
            rule(&["/properties/principalType"], How::CaseInsensitive, SCHEMA),
            rule(
                &[
                    "/properties/scope",
                    "/properties/createdBy",
                    "/properties/createdOn",
                    "/properties/updatedBy",
                    "/properties/updatedOn",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: role assignment"),
            ),
        ],
        ..Kind::PLAIN
    },
    Kind {
        type_name: "Microsoft.OperationalInsights/workspaces",
        noun: "log workspace",
        layer: Layer::Observability,
        api_version: "2025-07-01",
        mark: Mark::ArmTag,
        deletion: Deletion::SoftDelete,
        rules: &[
            rule(
                &["/properties/sku/name"],
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            // The tier of the free trial was sold off.
            rule(
                &["/properties/sku/name"],
                How::Overruled("\"Standalone\"", "\"PerGB2018\""),
                Evidence::Recorded("aso__Test_OperationalInsights_Workspace_v1api20210601_CRUD"),
            ),
            rule(
                &[
                    "/properties/publicNetworkAccessForIngestion",
                    "/properties/publicNetworkAccessForQuery",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(
                &[
                    "/properties/features/unifiedSentinelBillingOnly",
                    "/properties/features/associations",
                    "/properties/replication/createdDate",
                    "/properties/replication/lastModifiedDate",
                    "/properties/failover/state",
                    "/properties/failover/lastModifiedDate",
                ],
                How::ReadOnly,
                SCHEMA,
            ),
            rule(
                &[
                    "/properties/sku/lastSkuUpdate",
                    "/properties/customerId",
                    "/properties/createdDate",
                    "/properties/modifiedDate",
                    "/properties/workspaceCapping/quotaNextResetTime",
                    "/properties/workspaceCapping/dataIngestionStatus",
                    "/properties/privateLinkScopedResources",
                    "/properties/features/legacy",
                    "/properties/features/searchVersion",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
        ],
        usual: Usual {
            create: 40,
            update: 20,
            delete: 10,
        },
        ..Kind::PLAIN
    },
    Kind {
        type_name: "Microsoft.Insights/components",
        noun: "Application Insights component",
        layer: Layer::Observability,
        api_version: "2020-02-02",
        mark: Mark::ArmTag,
        rules: &[
            rule(
                &[
                    "/properties/AppId",
                    "/properties/ApplicationId",
                    "/properties/Name",
                    "/properties/InstrumentationKey",
                    "/properties/ConnectionString",
                    "/properties/CreationDate",
                    "/properties/TenantId",
                    "/properties/Ver",
                    "/properties/Retention",
                    "/properties/HockeyAppToken",
                    "/properties/PrivateLinkScopedResources",
                ],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                &["/properties/Flow_Type", "/properties/Request_Source"],
                How::WriteOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                &["/properties/IngestionMode"],
                How::Overruled("\"ApplicationInsights\"", "\"LogAnalytics\""),
                Evidence::Recorded("quirks.md: App Insights, as soon as there is a workspace"),
            ),
            rule(
                &[
                    "/properties/Application_Type",
                    "/properties/Flow_Type",
                    "/properties/Request_Source",
                    "/properties/publicNetworkAccessForIngestion",
                    "/properties/publicNetworkAccessForQuery",
                    "/properties/IngestionMode",
                ],
                How::CaseInsensitive,
                SCHEMA,
            ),
            rule(&["/properties/LaMigrationDate"], How::ReadOnly, SCHEMA),
            rule(
                &[
                    "/properties/DisableIpMasking",
                    "/properties/DisableLocalAuth",
                    "/properties/ImmediatePurgeDataOn30Days",
                    "/properties/ForceCustomerStorageForProfiler",
                ],
                How::Default("false"),
                Evidence::Documented("Components REST reference", "2026-11-23"),
            ),
        ],
        ..Kind::PLAIN
    },
    Kind {
        type_name: "Microsoft.Insights/diagnosticSettings",
        noun: "diagnostic setting",
        layer: Layer::Observability,
        api_version: "2021-05-01-preview",
        rules: &[
            // The region of what it is about, or nothing.
            rule(
                &["/location"],
                How::WriteOnly,
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                &["/location"],
                How::NotEffective,
                Evidence::Recorded("cli_monitor__test_monitor_diagnostic_settings_subscription"),
            ),
            rule(
                &["/kind"],
                How::ReadOnly,
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                &["/properties/logs"],
                How::Set("/categoryGroup+/category"),
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            // What is off is listed, or not.
            rule(
                &["/properties/logs", "/properties/metrics"],
                How::Synthetic(r#"{"enabled":false}"#),
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                &["/properties/metrics"],
                How::Set("/category"),
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                &["/properties/metrics/*/timeGrain"],
                How::WriteOnly,
                Evidence::Inferred("metrics are sent as they come"),
            ),
            rule(
                &["/properties/logAnalyticsDestinationType"],
                How::WriteOnly,
                Evidence::Inferred("null comes back for services with one destination type"),
            ),
        ],
        usual: Usual {
            create: 10,
            update: 10,
            delete: 10,
        },
        deletion: Deletion::Delete,
        ..Kind::PLAIN
    },
];

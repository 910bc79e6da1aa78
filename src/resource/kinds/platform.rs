//! What everything stands on: the resource group, managed identities, role assignments, logs.

use super::rule;
use crate::resource::kind::{Deletion, Evidence, How, Kind, Layer, Mark, Usual};

pub(super) const KINDS: &[Kind] = &[
    Kind {
        type_name: "Microsoft.Resources/resourceGroups",
        noun: "resource group",
        layer: Layer::Network,
        api_version: "2025-04-01",
        rules: &[rule(
            "/managedBy",
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
                "/properties/tenantId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: identity"),
            ),
            rule(
                "/properties/principalId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: identity"),
            ),
            rule(
                "/properties/clientId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: identity"),
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
                "/properties/principalId",
                How::Immutable,
                Evidence::Documented(
                    "Role assignments: only the description and condition change",
                    "2026-11-23",
                ),
            ),
            rule(
                "/properties/roleDefinitionId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 3"),
            ),
            rule(
                "/properties/roleDefinitionId",
                How::Immutable,
                Evidence::Documented(
                    "Role assignments: only the description and condition change",
                    "2026-11-23",
                ),
            ),
            rule(
                "/properties/scope",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: role assignment"),
            ),
            rule(
                "/properties/createdBy",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: role assignment"),
            ),
            rule(
                "/properties/createdOn",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: role assignment"),
            ),
            rule(
                "/properties/updatedBy",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: role assignment"),
            ),
            rule(
                "/properties/updatedOn",
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
                "/properties/sku/name",
                How::CaseInsensitive,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/sku/lastSkuUpdate",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/customerId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/createdDate",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/modifiedDate",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/workspaceCapping/quotaNextResetTime",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/workspaceCapping/dataIngestionStatus",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/privateLinkScopedResources",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/features/legacy",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: LAW"),
            ),
            rule(
                "/properties/features/searchVersion",
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
                "/properties/WorkspaceResourceId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 5"),
            ),
            rule(
                "/properties/AppId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/ApplicationId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/Name",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/InstrumentationKey",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/ConnectionString",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/CreationDate",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/TenantId",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/Ver",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/Retention",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/HockeyAppToken",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/PrivateLinkScopedResources",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/Flow_Type",
                How::CreateOnly,
                Evidence::Recorded("quirks.md: App Insights"),
            ),
            rule(
                "/properties/Request_Source",
                How::CreateOnly,
                Evidence::Recorded("quirks.md: App Insights"),
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
            rule(
                "/location",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                "/kind",
                How::ReadOnly,
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                "/properties/workspaceId",
                How::Id,
                Evidence::Recorded("quirks.md part 1, 3"),
            ),
            rule(
                "/properties/logs",
                How::Set("/categoryGroup"),
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                "/properties/metrics",
                How::Set("/category"),
                Evidence::Recorded("quirks.md: diagnosticSettings"),
            ),
            rule(
                "/properties/logAnalyticsDestinationType",
                How::CreateOnly,
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

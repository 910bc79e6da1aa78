//! Rows of the types that secgw does not manage, so that their recordings are measured too.
//!
//! Some are like a managed type and take its rules; others have rules of their own; the rest is compared by what holds
//! for resources of any provider.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use secgw::resource::{Evidence, How, Kind, ResourceId, Rule, kinds};

use super::witness::Witness;

const fn rule(paths: &'static [&'static str], how: How, evidence: Evidence) -> Rule {
    Rule {
        paths,
        how,
        evidence,
    }
}

/// What holds for ARM resources whose provider nobody looked at.
const ANY: &[Rule] = &[
    rule(
        &["/**"],
        How::CaseInsensitive,
        Evidence::Recorded("aso__Test_Authorization_RoleDefinitionResourceGroupScope_CRUD"),
    ),
    rule(
        &["/**"],
        How::Default("false"),
        Evidence::Recorded("cli_storage__test_storage_account_update_last_access"),
    ),
    rule(
        &["/**"],
        How::Cidr,
        Evidence::Inferred("one address is written with or without its prefix"),
    ),
    rule(
        &["/**"],
        How::Duration,
        Evidence::Inferred("durations in one spelling"),
    ),
    rule(
        &["/**"],
        How::AsText,
        Evidence::Inferred("numbers and truth values as text"),
    ),
    rule(
        &["/**/location"],
        How::Location,
        Evidence::Recorded("quirks.md part 1, 2"),
    ),
    rule(
        &[
            "/**/clientSecret",
            "/**/password",
            "/**/secret",
            "/**/accessKey",
            "/**/connectionString",
            "/**/pfxBlob",
            "/**/primaryKey",
            "/**/secondaryKey",
        ],
        How::WriteOnly,
        Evidence::Recorded("aso__Test_ApiManagement_20240501_CRUD"),
    ),
    rule(
        &["/**/connectionString", "/**/credentials/*"],
        How::StandIn("{{"),
        Evidence::Documented("API Management: caches, loggers", "2026-11-23"),
    ),
    rule(
        &["/**/subnet/properties"],
        How::WriteOnly,
        Evidence::Recorded("defaults.md: Microsoft.Network/networkInterfaces"),
    ),
    rule(
        &[
            "/**/createdDate",
            "/**/createdDateTime",
            "/**/updatedDateTime",
            "/**/createdOn",
            "/**/createdBy",
            "/**/updatedOn",
            "/**/updatedBy",
            "/**/lastModifiedTime",
            "/**/lastModifiedTimeUtc",
            "/**/registrationDate",
        ],
        How::ReadOnly,
        Evidence::Recorded("quirks.md part 1, 12"),
    ),
];

struct Row {
    type_name: &'static str,
    /// Compared as this managed type is.
    like: Option<&'static str>,
    rules: &'static [Rule],
}

const fn like(type_name: &'static str, like: &'static str) -> Row {
    Row {
        type_name,
        like: Some(like),
        rules: &[],
    }
}

const fn own(type_name: &'static str, rules: &'static [Rule]) -> Row {
    Row {
        type_name,
        like: None,
        rules,
    }
}

const APIM_POLICY: &str = "Microsoft.ApiManagement/service/policies";
const CLI: Evidence = Evidence::Recorded("cli_apim__test_apim_core_service");
const VAULT: Evidence = Evidence::Recorded("aso__Test_KeyVault_Vault_CRUD");
const SCHEMA: Evidence = Evidence::Documented("defaults.json, published types", "2026-11-23");

const ROWS: &[Row] = &[
    like("Microsoft.Web/sites/slots", "Microsoft.Web/sites"),
    like(
        "Microsoft.Web/sites/slots/config",
        "Microsoft.Web/sites/config",
    ),
    like(
        "Microsoft.Network/networkSecurityGroups/securityRules",
        "Microsoft.Network/networkSecurityGroups",
    ),
    like(
        "Microsoft.ApiManagement/service/apis/diagnostics",
        "Microsoft.ApiManagement/service/diagnostics",
    ),
    like(
        "Microsoft.ApiManagement/service/products/policies",
        APIM_POLICY,
    ),
    like(
        "Microsoft.ApiManagement/service/apis/operations/policies",
        APIM_POLICY,
    ),
    like(
        "Microsoft.ApiManagement/service/apis/resolvers/policies",
        APIM_POLICY,
    ),
    like(
        "Microsoft.ApiManagement/service/policyFragments",
        APIM_POLICY,
    ),
    own(
        "Microsoft.ApiManagement/service/apis/releases",
        // With the release the revision is the current one, whose id has no `;rev=`.
        &[rule(&["/properties/apiId"], How::NotEffective, CLI)],
    ),
    own(
        "Microsoft.ApiManagement/service/apis/resolvers",
        &[rule(&["/properties/displayName"], How::Dropped, CLI)],
    ),
    own(
        "Microsoft.ApiManagement/service/certificates",
        &[rule(
            &["/properties/data", "/properties/password"],
            How::WriteOnly,
            SCHEMA,
        )],
    ),
    own(
        "Microsoft.ApiManagement/service/users",
        &[rule(
            &["/properties/appType", "/properties/confirmation"],
            How::WriteOnly,
            SCHEMA,
        )],
    ),
    own(
        "Microsoft.KeyVault/vaults",
        &[
            rule(&["/properties/createMode"], How::WriteOnly, VAULT),
            rule(
                &["/properties/enableSoftDelete"],
                How::Overruled("false", "true"),
                VAULT,
            ),
            // Rules that let everybody in are no rules.
            rule(
                &["/properties/networkAcls/bypass"],
                How::Default("\"AzureServices\""),
                Evidence::Recorded("cli_keyvault__test_keyvault_network_rule"),
            ),
            rule(
                &["/properties/networkAcls/defaultAction"],
                How::Default("\"Allow\""),
                Evidence::Recorded("cli_keyvault__test_keyvault_network_rule"),
            ),
        ],
    ),
    own(
        "Microsoft.Network/privateDnsZones/SOA",
        &[rule(
            &["/properties/soaRecord/serialNumber"],
            How::NotEffective,
            Evidence::Recorded("defaults.md: Microsoft.Network/privateDnsZones/SOA"),
        )],
    ),
];

/// The row of a type; one by default rules for a type without.
pub(crate) fn of(id: &ResourceId, witness: &Witness) -> &'static Kind {
    static MADE: Mutex<BTreeMap<String, &'static Kind>> = Mutex::new(BTreeMap::new());
    let type_name = id.type_name();
    // The configurations of a site differ by name.
    let key = match type_name.rsplit_once('/') {
        Some((_, "config")) => format!("{type_name}/{}", id.name()),
        _ => type_name.clone(),
    };
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    made.entry(key.to_ascii_lowercase())
        .or_insert_with(|| Box::leak(Box::new(kind(type_name, id, witness))))
}

fn kind(type_name: String, id: &ResourceId, witness: &Witness) -> Kind {
    let row = ROWS
        .iter()
        .find(|row| row.type_name.eq_ignore_ascii_case(&type_name));
    let like = row
        .and_then(|row| row.like)
        .and_then(|like| managed(like, id.name()));
    let rules = match (row, like) {
        (_, Some(like)) => like.rules.to_vec(),
        (Some(row), None) => [row.rules, ANY].concat(),
        (None, None) => ANY.to_vec(),
    };
    let read_only = witness.read_only_of(id);
    let read_only = rule(read_only.leak(), How::ReadOnly, SCHEMA);
    Kind {
        type_name: type_name.leak(),
        noun: "resource",
        write: like.map_or(Kind::PLAIN.write, |like| like.write),
        rules: [vec![read_only], rules].concat().leak(),
        ..Kind::PLAIN
    }
}

fn managed(type_name: &str, name: &str) -> Option<&'static Kind> {
    kinds::all().find(|kind| {
        kind.type_name == type_name
            && kind
                .instance
                .is_none_or(|instance| instance.eq_ignore_ascii_case(name))
    })
}

//! Microsoft.Storage: accounts, their blob service and its containers.

use serde_json::{Value, json};

use super::private_link::{CONNECTION, connections};
use super::rule::{Effect, Facts, Rule};
use super::style::{Etag, LocationEnd, LocationForm, LongRunning, Names, Poll, Reply, ReplyBody};
use super::style::{State, Tags};
use super::{Action, Behaviour, Call, Evidence, ROW, View, Write, digest, identity, rule};
use crate::sandbox::arm::location;
use crate::sandbox::message::Response;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::{Entry, Object};
use crate::sandbox::world::timestamp;

const ACCOUNT: Evidence = Evidence::Recorded("aso__Test_Storage_StorageAccount_20250601_CRUD");
const LINKED: Evidence = Evidence::Recorded("cli_storage__test_storage_account_private_endpoint");
const KIND: &str = "Microsoft.Storage/storageAccounts";
const SERVICE: &str = "Microsoft.Storage/storageAccounts/blobServices";
const LINK: &str = "Microsoft.Storage/storageAccounts/privateEndpointConnections";

/// The first PUT: 202 without a body, and a `Location` that ends in the account itself.
const CREATE: Reply = Reply::Operation(LongRunning {
    status: 202,
    body: ReplyBody::Empty,
    poll: Poll {
        status: None,
        location: Some((
            "{subscription}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{operation}?monitor=true",
            LocationEnd::Resource,
        )),
    },
    retry_after: Some(17),
    typical: 20,
});

const STORAGE: Behaviour = Behaviour {
    versions: &["2021-04-01", "2023-01-01", "2024-01-01", "2025-06-01"],
    ..ROW
};

/// A PUT of an account that is there changes what it names and keeps the rest.
const fn kept(path: &'static str) -> Rule {
    rule::rule(
        path,
        Effect::Kept,
        Evidence::Recorded("cli_storage__test_storage_account_with_key_and_sas_policy"),
    )
}

const GEO: Evidence = Evidence::Recorded("cli_storage__test_create_storage_account");

const RULES: &[Rule] = &[
    kept("/properties/accessTier"),
    kept("/properties/allowBlobPublicAccess"),
    kept("/properties/allowCrossTenantReplication"),
    kept("/properties/allowSharedKeyAccess"),
    kept("/properties/allowedCopyScope"),
    kept("/properties/azureFilesIdentityBasedAuthentication"),
    kept("/properties/customDomain"),
    kept("/properties/defaultToOAuthAuthentication"),
    kept("/properties/dnsEndpointType"),
    kept("/properties/immutableStorageWithVersioning"),
    kept("/properties/isHnsEnabled"),
    kept("/properties/isLocalUserEnabled"),
    kept("/properties/isNfsV3Enabled"),
    kept("/properties/isSftpEnabled"),
    kept("/properties/keyPolicy"),
    kept("/properties/largeFileSharesState"),
    kept("/properties/minimumTlsVersion"),
    kept("/properties/networkAcls"),
    kept("/properties/publicNetworkAccess"),
    kept("/properties/routingPreference"),
    kept("/properties/sasPolicy"),
    kept("/properties/supportsHttpsTrafficOnly"),
    rule::rule("/sku/tier", Effect::Computed(tier), ACCOUNT),
    rule::rule(
        "/properties/keyCreationTime",
        Effect::Once(key_times),
        ACCOUNT,
    ),
    rule::default("/properties/allowCrossTenantReplication", "false", ACCOUNT),
    // The service's defaults moved without a new API version: these are those of 2025.
    rule::default("/properties/minimumTlsVersion", r#""TLS1_2""#, ACCOUNT),
    rule::default("/properties/allowBlobPublicAccess", "false", ACCOUNT),
    rule::default("/properties/supportsHttpsTrafficOnly", "true", ACCOUNT),
    rule::default(
        "/properties/allowCrossTenantDelegationSas",
        "false",
        ACCOUNT,
    ),
    rule::default(
        "/properties/networkAcls",
        r#"{"defaultAction":"Allow"}"#,
        ACCOUNT,
    ),
    rule::default(
        "/properties/networkAcls/bypass",
        r#""AzureServices""#,
        ACCOUNT,
    ),
    rule::default("/properties/networkAcls/virtualNetworkRules", "[]", ACCOUNT),
    rule::default("/properties/networkAcls/ipRules", "[]", ACCOUNT),
    rule::default("/properties/networkAcls/ipv6Rules", "[]", ACCOUNT),
    rule::default(
        "/properties/networkAcls/virtualNetworkRules/*/state",
        r#""Succeeded""#,
        Evidence::Recorded("cli_storage__test_storage_account_service_endpoints"),
    ),
    rule::default("/properties/encryption", "{}", ACCOUNT),
    rule::default(
        "/properties/encryption/keySource",
        r#""Microsoft.Storage""#,
        ACCOUNT,
    ),
    rule::default("/properties/encryption/services", "{}", ACCOUNT),
    rule::default("/properties/encryption/services/file", "{}", GEO),
    rule::default("/properties/encryption/services/blob", "{}", ACCOUNT),
    rule::default("/properties/encryption/services/*/enabled", "true", ACCOUNT),
    rule::default(
        "/properties/encryption/services/*/keyType",
        r#""Account""#,
        ACCOUNT,
    ),
    rule::rule(
        "/properties/encryption/services/*/lastEnabledTime",
        Effect::Once(|facts| timestamp(facts.now).into()),
        ACCOUNT,
    ),
    rule::rule(
        "/properties/creationTime",
        Effect::Once(|facts| timestamp(facts.now).into()),
        ACCOUNT,
    ),
    rule::rule(
        "/properties/primaryLocation",
        Effect::Computed(|facts| {
            location::short(facts.body["location"].as_str().unwrap_or_default()).into()
        }),
        ACCOUNT,
    ),
    rule::rule(
        "/properties/statusOfPrimary",
        Effect::Fixed(r#""available""#),
        ACCOUNT,
    ),
];

/// What the kind of account and its replication add; absent where they do not.
fn by_kind(write: &mut Write) {
    let kind = write.body["kind"].as_str().unwrap_or_default().to_owned();
    let sku = write.body["sku"]["name"].as_str().unwrap_or_default();
    let sku = sku.to_owned();
    let region = write.body["location"].as_str().unwrap_or_default();
    let pair = location::pair(region);
    let name = write.id.name();
    let properties = &mut write.body["properties"];
    let is_zoned = properties["dnsEndpointType"] == "AzureDnsZone";
    properties["primaryEndpoints"] = endpoints(name, &kind, is_zoned);
    let has_tier = kind != "Storage" && kind != "FileStorage" && !sku.starts_with("Premium");
    if has_tier && properties["accessTier"].is_null() {
        properties["accessTier"] = "Hot".into();
    }
    let Some(members) = properties.as_object_mut() else {
        return;
    };
    for name in [
        "secondaryLocation",
        "statusOfSecondary",
        "secondaryEndpoints",
    ] {
        members.remove(name);
    }
    if let Some(pair) = pair.filter(|_| sku.contains("GRS") || sku.contains("GZRS")) {
        members.insert("secondaryLocation".to_owned(), pair.into());
        members.insert("statusOfSecondary".to_owned(), "available".into());
    }
    if sku.contains("_RA") {
        let mut secondary = endpoints(&format!("{name}-secondary"), &kind, is_zoned);
        if let Some(secondary) = secondary.as_object_mut() {
            secondary.remove("file");
        }
        members.insert("secondaryEndpoints".to_owned(), secondary);
    }
}

pub(crate) const ROWS: &[Behaviour] = &[
    Behaviour {
        arm_type: KIND,
        shape: "{ location!: string, tags: {*: string}, kind!: Storage|StorageV2|BlobStorage|FileStorage|BlockBlobStorage, \
            sku!: { name!: Standard_LRS|Standard_GRS|Standard_RAGRS|Standard_ZRS|Premium_LRS|Premium_ZRS|Standard_GZRS|Standard_RAGZRS|StandardV2_LRS|StandardV2_GRS|StandardV2_ZRS|StandardV2_GZRS|PremiumV2_LRS|PremiumV2_ZRS, \
              -tier: any }, \
            extendedLocation: { name: string, type: EdgeZone }, zones: [string], identity: { -principalId: any, -tenantId: any, \
              type!: string, userAssignedIdentities: {*: any} }, \
            properties: { allowedCopyScope: PrivateLink|AAD, publicNetworkAccess: Enabled|Disabled|SecuredByPerimeter, \
              sasPolicy: { sasExpirationPeriod!: string, expirationAction!: Log|Block }, \
              keyPolicy: { keyExpirationPeriodInDays!: int }, customDomain: { name!: string, useSubDomainName: bool }, \
              encryption: { keySource: Microsoft.Storage|Microsoft.Keyvault, requireInfrastructureEncryption: bool, \
                services: { blob: { enabled: bool, -lastEnabledTime: any, keyType: Service|Account }, file: { enabled: bool, -lastEnabledTime: any, keyType: Service|Account }, table: { enabled: bool, -lastEnabledTime: any, keyType: Service|Account }, queue: { enabled: bool, -lastEnabledTime: any, keyType: Service|Account } }, \
                keyvaultproperties: { keyname: string, keyversion: string, keyvaulturi: string, \
                  -currentVersionedKeyIdentifier: any, -lastKeyRotationTimestamp: any, \
                  -currentVersionedKeyExpirationTimestamp: any }, \
                identity: { userAssignedIdentity: string, federatedIdentityClientId: string } }, \
              networkAcls: { bypass: string, resourceAccessRules: [{ tenantId: string, resourceId: string }], \
                virtualNetworkRules: [{ id!: string, action: Allow, state: string }], \
                ipRules: [{ value!: string, action: Allow }], ipv6Rules: [{ value!: string, action: Allow }], defaultAction!: Allow|Deny }, \
              accessTier: Hot|Cool|Premium|Cold, azureFilesIdentityBasedAuthentication: { \
                directoryServiceOptions!: None|AADDS|AD|AADKERB, \
                activeDirectoryProperties: { domainName: string, netBiosDomainName: string, forestName: string, \
                  domainGuid: string, domainSid: string, azureStorageSid: string, samAccountName: string, \
                  accountType: User|Computer }, \
                defaultSharePermission: None|StorageFileDataSmbShareReader|StorageFileDataSmbShareContributor|StorageFileDataSmbShareElevatedContributor, \
                smbOAuthSettings: any }, \
              supportsHttpsTrafficOnly: bool, isSftpEnabled: bool, isLocalUserEnabled: bool, enableExtendedGroups: bool, \
              isHnsEnabled: bool, largeFileSharesState: Disabled|Enabled, routingPreference: { \
                routingChoice: MicrosoftRouting|InternetRouting, publishMicrosoftEndpoints: bool, \
                publishInternetEndpoints: bool }, \
              allowBlobPublicAccess: bool, minimumTlsVersion: TLS1_0|TLS1_1|TLS1_2|TLS1_3, allowSharedKeyAccess: bool, \
              isNfsV3Enabled: bool, allowCrossTenantDelegationSas: bool, allowCrossTenantReplication: bool, defaultToOAuthAuthentication: bool, \
              immutableStorageWithVersioning: { enabled: bool, \
                immutabilityPolicy: { immutabilityPeriodSinceCreationInDays: int, state: Unlocked|Locked|Disabled, \
                  allowProtectedAppendWrites: bool } }, dnsEndpointType: Standard|AzureDnsZone, -provisioningState: any, \
              -primaryEndpoints: any, -primaryLocation: any, -statusOfPrimary: any, -lastGeoFailoverTime: any, \
              -secondaryLocation: any, -statusOfSecondary: any, -creationTime: any, -keyCreationTime: any, \
              -secondaryEndpoints: any, -geoReplicationStats: any, -failoverInProgress: any, \
              -privateEndpointConnections: any, -blobRestoreStatus: any, -storageAccountSkuConversionStatus: any, \
              -isSkuConversionBlocked: any, -accountMigrationInProgress: any } }",
        rules: RULES,
        since: &[
            ("/properties/networkAcls/ipv6Rules", "2023-01-01"),
            ("/properties/allowCrossTenantDelegationSas", "2025-06-01"),
        ],
        location: LocationForm::Lower,
        state: State::Provisioning {
            creating: "Creating",
            updating: "Succeeded",
            deleting: "Deleting",
        },
        create: CREATE,
        patch: Some(Reply::done(200)),
        replaced_by_patch: &["/tags"],
        prepare: account,
        removed: identity::release,
        present: |body, presented| {
            let found = connections(presented.store, &presented.object.id, LINK);
            body["properties"]["privateEndpointConnections"] =
                found.into_iter().map(linked).collect();
        },
        actions: &[Action {
            name: "listKeys",
            run: list_keys,
        }],
        evidence: ACCOUNT,
        ..STORAGE
    },
    Behaviour {
        arm_type: SERVICE,
        names: Names::Fixed(&["default"]),
        shape: "{ -sku: any, properties: { cors: { corsRules: [any] }, defaultServiceVersion: string, \
            deleteRetentionPolicy: { enabled: bool, days: int, allowPermanentDelete: bool }, isVersioningEnabled: bool, \
            automaticSnapshotPolicyEnabled: bool, changeFeed: { enabled: bool, retentionInDays: int }, \
            restorePolicy: any, containerDeleteRetentionPolicy: { enabled: bool, days: int, allowPermanentDelete: bool }, \
            lastAccessTimeTrackingPolicy: any, -staticWebsite: any } }",
        rules: &[
            rule::rule(
                "/properties/staticWebsite",
                Effect::Fixed(r#"{"enabled":false}"#),
                ACCOUNT,
            ),
            rule::default("/properties/cors", r#"{"corsRules":[]}"#, ACCOUNT),
            rule::default(
                "/properties/deleteRetentionPolicy",
                r#"{"enabled":false}"#,
                ACCOUNT,
            ),
            rule::default(
                "/properties/deleteRetentionPolicy/allowPermanentDelete",
                "false",
                ACCOUNT,
            ),
        ],
        tags: Tags::None,
        create: Reply::done(200),
        delete: None,
        present: |body, presented| {
            let account = presented
                .object
                .id
                .split("/blobServices")
                .next()
                .unwrap_or_default();
            let sku = presented
                .store
                .get(account)
                .map_or(&Value::Null, |found| &found.body["sku"]);
            body["sku"] = sku.clone();
            // Recorded: a write is answered with what was sent.
            if presented.view == View::Written {
                let sent = presented.request.json().unwrap_or_default();
                *body = json!({ "name": "default", "properties": sent["properties"] });
            }
        },
        evidence: ACCOUNT,
        ..STORAGE
    },
    Behaviour {
        arm_type: "Microsoft.Storage/storageAccounts/blobServices/containers",
        names: Names::Checked(is_container),
        shape: "{ properties: { defaultEncryptionScope: string, denyEncryptionScopeOverride: bool, \
            publicAccess: Container|Blob|None, metadata: {*: string}, immutableStorageWithVersioning: any, \
            enableNfsV3RootSquash: bool, enableNfsV3AllSquash: bool, -version: any, -deleted: any, -deletedTime: any, \
            -remainingRetentionDays: any, -lastModifiedTime: any, -leaseStatus: any, -leaseState: any, \
            -leaseDuration: any, -immutabilityPolicy: any, -legalHold: any, -hasLegalHold: any, \
            -hasImmutabilityPolicy: any } }",
        rules: &[
            rule::rule("/properties/deleted", Effect::Fixed("false"), ACCOUNT),
            rule::rule(
                "/properties/remainingRetentionDays",
                Effect::Fixed("0"),
                ACCOUNT,
            ),
            rule::default(
                "/properties/defaultEncryptionScope",
                r#""$account-encryption-key""#,
                ACCOUNT,
            ),
            rule::default("/properties/denyEncryptionScopeOverride", "false", ACCOUNT),
            rule::default("/properties/publicAccess", r#""None""#, ACCOUNT),
            rule::rule(
                "/properties/leaseStatus",
                Effect::Fixed(r#""Unlocked""#),
                ACCOUNT,
            ),
            rule::rule(
                "/properties/leaseState",
                Effect::Fixed(r#""Available""#),
                ACCOUNT,
            ),
            rule::rule(
                "/properties/lastModifiedTime",
                Effect::Computed(|facts| timestamp(facts.now).into()),
                ACCOUNT,
            ),
            rule::rule(
                "/properties/legalHold",
                Effect::Fixed(r#"{"hasLegalHold":false,"tags":[]}"#),
                ACCOUNT,
            ),
            rule::rule(
                "/properties/hasImmutabilityPolicy",
                Effect::Fixed("false"),
                ACCOUNT,
            ),
            rule::rule("/properties/hasLegalHold", Effect::Fixed("false"), ACCOUNT),
        ],
        tags: Tags::None,
        etag: Etag::Quoted,
        patch: Some(Reply::done(200)),
        prepare: not_public,
        // Recorded: the answer to a PUT has neither properties nor tag.
        present: |body, presented| {
            if presented.view == View::Written
                && let Some(body) = body.as_object_mut()
            {
                body.retain(|name, _| ["id", "name", "type"].contains(&name.as_str()));
            }
        },
        evidence: ACCOUNT,
        ..STORAGE
    },
    Behaviour {
        arm_type: LINK,
        versions: STORAGE.versions,
        shape: "{ properties!: { -provisioningState: any, privateEndpoint: any, \
            privateLinkServiceConnectionState!: { status!: Pending|Approved|Rejected, description: string, \
              actionRequired: string } } }",
        present: |body, _| *body = linked(body.take()),
        evidence: LINKED,
        ..CONNECTION
    },
];

fn tier(facts: &Facts) -> Value {
    let name = facts.body["sku"]["name"].as_str().unwrap_or_default();
    name.split('_').next().unwrap_or_default().into()
}

fn key_times(facts: &Facts) -> Value {
    let now = timestamp(facts.now);
    json!({ "key1": now, "key2": now })
}

/// `BlobStorage` and the v1 kind have fewer services (recorded: `asosample__Test_Network_v20250301_CreationAndDeletion`,
/// `cli_monitor__test_monitor_diagnostic_settings_marketplace_id`).
fn endpoints(name: &str, kind: &str, is_zoned: bool) -> Value {
    let services: &[&str] = match kind {
        "BlobStorage" => &["dfs", "blob", "table"],
        "BlockBlobStorage" => &["dfs", "web", "blob"],
        "FileStorage" => &["file"],
        "Storage" => &["blob", "queue", "table", "file"],
        _ => &["dfs", "web", "blob", "queue", "table", "file"],
    };
    let address = |service: &str| match (service, is_zoned) {
        (service, true) => format!("https://{name}.z5.{service}.storage.azure.net/"),
        ("web", false) => format!("https://{name}.z5.web.core.windows.net/"),
        (service, false) => format!("https://{name}.{service}.core.windows.net/"),
    };
    services
        .iter()
        .map(|service| ((*service).to_owned(), address(service).into()))
        .collect::<serde_json::Map<String, Value>>()
        .into()
}

fn account(write: &mut Write) -> Result<(), Refusal> {
    by_kind(write);
    identity::assign(write)?;
    let name = write.id.name();
    let is_name = (3..=24).contains(&name.len())
        && name
            .chars()
            .all(|next| next.is_ascii_lowercase() || next.is_ascii_digit());
    if !is_name {
        return Err(Refusal::new(
            400,
            "AccountNameInvalid",
            format!(
                "{name} is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use numbers and lower-case letters only."
            ),
        ));
    }
    let is_taken = write
        .store
        .of_kind("", KIND)
        .any(|other| other.key() != write.id.key() && other.key().ends_with(&format!("/{name}")));
    if is_taken {
        return Err(Refusal::new(
            409,
            "StorageAccountAlreadyTaken",
            format!("The storage account named {name} is already taken."),
        ));
    }
    if let Some(previous) = write.previous {
        if previous.body["kind"] != write.body["kind"] && write.body["kind"] != "StorageV2" {
            return Err(Refusal::new(
                409,
                "StorageAccountOperationNotAllowed",
                "The kind of an existing storage account can only be upgraded to StorageV2.",
            ));
        }
        return Ok(());
    }
    // The blob service is there with the account.
    let id = write.id.child("blobServices", "default");
    let body = json!({ "properties": {
        "staticWebsite": { "enabled": false }, "cors": { "corsRules": [] },
        "deleteRetentionPolicy": { "allowPermanentDelete": false, "enabled": false },
    }});
    write
        .also
        .push(Entry::Put(Object::new(id.text(), SERVICE, body)));
    Ok(())
}

/// This provider writes `actionRequired`, and leaves the group out (recorded).
fn linked(mut connection: Value) -> Value {
    let state = &mut connection["properties"]["privateLinkServiceConnectionState"];
    if let Some(state) = state.as_object_mut()
        && let Some(action) = state.remove("actionsRequired")
    {
        state.insert("actionRequired".to_owned(), action);
    }
    if let Some(properties) = connection["properties"].as_object_mut() {
        properties.remove("groupIds");
    }
    connection
}

/// 3 to 63 lower-case letters, digits and single hyphens.
fn is_container(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name
            .chars()
            .all(|next| next.is_ascii_lowercase() || next.is_ascii_digit() || next == '-')
        && !name.starts_with('-')
        && !name.ends_with('-')
        && !name.contains("--")
}

fn not_public(write: &mut Write) -> Result<(), Refusal> {
    let account = write.store.get(&write.id.top().key());
    let allows =
        account.is_some_and(|account| account.body["properties"]["allowBlobPublicAccess"] == true);
    if allows || write.body["properties"]["publicAccess"] == "None" {
        return Ok(());
    }
    Err(Refusal::new(
        409,
        "PublicAccessNotPermitted",
        "Public access is not permitted on this storage account.",
    ))
}

fn list_keys(call: &mut Call) -> Result<Response, Refusal> {
    let account = call.resource()?;
    let properties = &account.body["properties"];
    // Recorded in aso__Test_CreateStorageAccountWithSkipReconcile_SecretsAreWritten.
    if properties["provisioningState"] != "Succeeded" {
        return Err(Refusal::new(
            409,
            "StorageAccountIsNotProvisioned",
            "The storage account provisioning state must be 'Succeeded' before executing the operation.",
        ));
    }
    let key = |name: &str| {
        let seed = json!([account.key(), properties["creationTime"], name]);
        json!({
            "creationTime": properties["keyCreationTime"][name], "keyName": name, "value": digest(&seed),
            "permissions": "FULL",
        })
    };
    Ok(Response::json(
        200,
        json!({ "keys": [key("key1"), key("key2")] }),
    ))
}

//! `GET /metadata/endpoints`: how clients learn where this cloud's services are (three versions, three shapes).

use serde_json::{Value, json};

use super::message::{Request, Response};
use super::refusal::{ErrorStyle, Refusal};

pub(crate) fn handle(request: &Request) -> Response {
    let origin = request.origin();
    match request.parameter("api-version") {
        None => Refusal::gateway(
            400,
            "MissingApiVersionParameter",
            "The api-version query parameter (?api-version=) is required for all requests.",
        )
        .respond(ErrorStyle::Arm),
        Some("2015-01-01") => Response::json(
            200,
            json!({
                "galleryEndpoint": format!("{origin}/gallery"), "graphEndpoint": origin, "portalEndpoint": origin,
                "authentication": { "loginEndpoint": origin, "audiences": [origin] },
            }),
        ),
        Some(version) if version < "2020" => Response::json(200, json!([cloud(&origin)])),
        Some(_) => Response::json(200, cloud(&origin)),
    }
}

/// No trailing slashes: azurerm and azapi join paths to these as they stand.
fn cloud(origin: &str) -> Value {
    json!({
        "name": "AzureCloud", "portal": origin,
        "authentication": {
            "loginEndpoint": origin, "audiences": [origin, "https://management.core.windows.net/", "https://management.azure.com/"],
            "tenant": "common", "identityProvider": "AAD",
        },
        "resourceManager": origin, "gallery": origin, "media": origin, "graph": origin, "batch": origin, "vmImageAliasDoc": origin,
        "graphAudience": origin, "activeDirectoryDataLake": origin, "sqlManagement": origin, "microsoftGraphResourceId": origin,
        "logAnalyticsResourceId": origin, "appInsightsResourceId": origin, "appInsightsTelemetryChannelResourceId": origin,
        "attestationResourceId": origin, "synapseAnalyticsResourceId": origin, "ossrDbmsResourceId": origin,
        "suffixes": {
            "storage": "core.windows.net", "keyVaultDns": "vault.azure.net", "sqlServerHostname": "database.windows.net",
            "azureFrontDoorEndpointSuffix": "azurefd.net", "acrLoginServer": "azurecr.io", "storageSyncEndpointSuffix": "afs.azure.net",
            "mhsmDns": "managedhsm.azure.net", "mysqlServerEndpoint": "mysql.database.azure.com", "postgresqlServerEndpoint": "postgres.database.azure.com",
            "mariadbServerEndpoint": "mariadb.database.azure.com", "synapseAnalytics": "dev.azuresynapse.net", "attestationEndpoint": "attest.azure.net",
            "azureDataLakeStoreFileSystem": "azuredatalakestore.net", "azureDataLakeAnalyticsCatalogAndJob": "azuredatalakeanalytics.net",
        },
    })
}

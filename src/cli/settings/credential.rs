//! What the environment gives for signing in: Azure's own variables, those that Terraform's providers read, and those
//! of GitHub Actions and Azure Pipelines.

use std::path::PathBuf;

use secrecy::SecretString;

use super::Surroundings;
use crate::azure::AuthSettings;
use crate::azure::auth::Method;
use crate::azure::federation::{Federation, TokenRequest};
use crate::cli::args::Auth;

/// The first that is set counts. The last ones are what tasks of Azure Pipelines set for a service connection.
const TENANT: [&str; 3] = [
    "AZURE_TENANT_ID",
    "ARM_TENANT_ID",
    "AZURESUBSCRIPTION_TENANT_ID",
];
const CLIENT: [&str; 3] = [
    "AZURE_CLIENT_ID",
    "ARM_CLIENT_ID",
    "AZURESUBSCRIPTION_CLIENT_ID",
];
const SECRET: [&str; 2] = ["AZURE_CLIENT_SECRET", "ARM_CLIENT_SECRET"];
const TOKEN_FILE: [&str; 2] = ["AZURE_FEDERATED_TOKEN_FILE", "ARM_OIDC_TOKEN_FILE_PATH"];
const TOKEN: [&str; 1] = ["ARM_OIDC_TOKEN"];
const GITHUB_URL: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_URL", "ARM_OIDC_REQUEST_URL"];
const GITHUB_KEY: [&str; 2] = ["ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN"];
const PIPELINES_URL: [&str; 1] = ["SYSTEM_OIDCREQUESTURI"];
const PIPELINES_KEY: [&str; 1] = ["SYSTEM_ACCESSTOKEN"];
const CONNECTION: [&str; 3] = [
    "ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID",
    "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID",
    "AZURESUBSCRIPTION_SERVICE_CONNECTION_ID",
];

pub(super) fn auth_settings(asked: Option<Auth>, around: &Surroundings) -> AuthSettings {
    let first = |names: &[&str]| {
        names
            .iter()
            .find_map(|name| around.get(name))
            .map(str::to_owned)
    };
    let client_id = first(&CLIENT);
    let federation = federation(asked, client_id.is_some(), &first);
    let method = asked
        .map(method)
        .or_else(|| preferred(federation.as_ref(), around));
    AuthSettings {
        method,
        tenant: first(&TENANT),
        client_id,
        client_secret: first(&SECRET).map(SecretString::from),
        federation,
        managed_identity_announced: around.get("IDENTITY_ENDPOINT").is_some(),
        without_cli: says(around, "ARM_USE_CLI") == Some(false),
    }
}

fn method(auth: Auth) -> Method {
    match auth {
        Auth::ClientSecret => Method::ClientSecret,
        Auth::GitHubActions => Method::GitHubActions,
        Auth::AzurePipelines => Method::AzurePipelines,
        Auth::FederatedToken => Method::FederatedToken,
        Auth::ManagedIdentity => Method::ManagedIdentity,
        Auth::AzureCli => Method::AzureCli,
    }
}

/// What Terraform's switches pick.
fn preferred(federation: Option<&Federation>, around: &Surroundings) -> Option<Method> {
    let oidc = federation.map(Federation::method);
    let oidc = oidc.filter(|_| says(around, "ARM_USE_OIDC") == Some(true));
    let managed = says(around, "ARM_USE_MSI") == Some(true);
    oidc.or(managed.then_some(Method::ManagedIdentity))
}

fn says(around: &Surroundings, name: &str) -> Option<bool> {
    match around.get(name)?.to_ascii_lowercase().as_str() {
        "true" | "1" => Some(true),
        "false" | "0" => Some(false),
        _ => None,
    }
}

/// Every job of a pipeline may be able to ask for a token, whether or not it is meant to sign in with it: only one
/// that also names an application is. A token that somebody put there goes before one that has to be asked for.
fn federation(
    asked: Option<Auth>,
    names_client: bool,
    first: &dyn Fn(&[&str]) -> Option<String>,
) -> Option<Federation> {
    let given = || {
        let token = || Some(Federation::Token(first(&TOKEN)?.into()));
        let file = first(&TOKEN_FILE).map(|path| Federation::File(PathBuf::from(path)));
        file.or_else(token)
    };
    let request = |url: &[&str], key: &[&str]| {
        Some(TokenRequest {
            url: first(url)?,
            key: first(key)?.into(),
        })
    };
    let pipelines = || {
        Some(Federation::AzurePipelines {
            request: request(&PIPELINES_URL, &PIPELINES_KEY)?,
            service_connection: first(&CONNECTION)?,
        })
    };
    let github = || request(&GITHUB_URL, &GITHUB_KEY).map(Federation::GitHub);
    match asked {
        None if names_client => given().or_else(pipelines).or_else(github),
        Some(Auth::FederatedToken) | None => given(),
        Some(Auth::AzurePipelines) => pipelines(),
        Some(Auth::GitHubActions) => github(),
        Some(Auth::ClientSecret | Auth::ManagedIdentity | Auth::AzureCli) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(asked: Option<Auth>, variables: &[(&str, &str)]) -> AuthSettings {
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let around = Surroundings {
            variables: variables.collect(),
            directory: "/work".into(),
        };
        auth_settings(asked, &around)
    }

    const GITHUB: [(&str, &str); 2] = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://x"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "k"),
    ];
    const PIPELINES: [(&str, &str); 3] = [
        ("SYSTEM_OIDCREQUESTURI", "https://y"),
        ("SYSTEM_ACCESSTOKEN", "k"),
        ("ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "c"),
    ];

    #[test]
    fn both_families_of_variables_are_read_and_azures_own_goes_first() {
        let arm = [
            ("ARM_TENANT_ID", "t"),
            ("ARM_CLIENT_ID", "c"),
            ("ARM_CLIENT_SECRET", "s"),
        ];
        let read = settings(None, &arm);
        assert_eq!(read.methods(), [Method::ClientSecret]);
        assert_eq!(
            (read.tenant.as_deref(), read.client_id.as_deref()),
            (Some("t"), Some("c"))
        );
        let both = settings(
            None,
            &[arm.as_slice(), &[("AZURE_CLIENT_ID", "a")]].concat(),
        );
        assert_eq!(both.client_id.as_deref(), Some("a"));
    }

    #[test]
    fn a_job_that_names_an_application_signs_in_with_its_own_token() {
        let client = [("AZURE_CLIENT_ID", "c")];
        for (job, method) in [
            (GITHUB.as_slice(), Method::GitHubActions),
            (PIPELINES.as_slice(), Method::AzurePipelines),
        ] {
            assert_eq!(settings(None, &[job, &client].concat()).methods(), [method]);
            let anonymous = settings(None, job);
            assert_eq!(
                anonymous.methods(),
                [Method::AzureCli, Method::ManagedIdentity]
            );
        }
        let file = [("AZURE_FEDERATED_TOKEN_FILE", "/t")];
        let all = [GITHUB.as_slice(), &PIPELINES, &client, &file].concat();
        assert_eq!(settings(None, &all).methods(), [Method::FederatedToken]);
        for (asked, method) in [
            (Auth::GitHubActions, Method::GitHubActions),
            (Auth::AzurePipelines, Method::AzurePipelines),
        ] {
            let asked = settings(Some(asked), &all);
            assert_eq!(asked.federation.map(|found| found.method()), Some(method));
        }
    }

    #[test]
    fn the_switches_of_terraform_pick_too() {
        let secret = [("ARM_CLIENT_SECRET", "s"), ("ARM_OIDC_TOKEN", "t")];
        assert_eq!(settings(None, &secret).methods(), [Method::ClientSecret]);
        let oidc = [secret.as_slice(), &[("ARM_USE_OIDC", "true")]].concat();
        assert_eq!(settings(None, &oidc).methods(), [Method::FederatedToken]);
        let machine = [secret.as_slice(), &[("ARM_USE_MSI", "1")]].concat();
        assert_eq!(
            settings(None, &machine).methods(),
            [Method::ManagedIdentity]
        );
        let without = settings(None, &[("ARM_USE_CLI", "false")]);
        assert_eq!(without.methods(), [Method::ManagedIdentity]);
    }
}

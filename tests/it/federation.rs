//! Signing in without a secret: the tokens of GitHub Actions, of Azure Pipelines and of workload identities, over TLS
//! from the request for the token to the token for Azure.

use base64::Engine as _;
use secgw::azure::auth::{Method, sign_in};
use secgw::azure::cloud::CLOUDS;
use secgw::azure::federation::{Federation, TokenRequest};
use secgw::azure::{AuthSettings, Cloud};
use serde_json::{Value, json};

use crate::azure::{WORKFORCE, azure, http, respond};

fn base64_url(text: &str) -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
}

/// A job of a pipeline, as the sandbox answers it.
fn job(url: &str) -> TokenRequest {
    TokenRequest {
        url: url.to_owned(),
        key: "job-key".into(),
    }
}

fn federated(federation: Federation) -> AuthSettings {
    AuthSettings {
        method: None,
        client_secret: None,
        federation: Some(federation),
        ..AuthSettings::sandbox(WORKFORCE)
    }
}

const GITHUB: &str = "https://pipelines.actions.githubusercontent.com/x/idtoken?api-version=2.0";

#[tokio::test]
async fn a_job_signs_in_with_the_token_of_its_pipeline_in_every_cloud() {
    let azure = azure(|_| {}).await;
    let http = http(&azure.sandbox);
    let pipelines = || Federation::AzurePipelines {
        request: job(
            "https://dev.azure.com/contoso/_apis/distributedtask/hubs/build/plans/p/jobs/j/oidctoken",
        ),
        service_connection: "connection".to_owned(),
    };
    for cloud in CLOUDS {
        let github = federated(Federation::GitHub(job(GITHUB)));
        for (settings, method) in [
            (github, Method::GitHubActions),
            (federated(pipelines()), Method::AzurePipelines),
        ] {
            let signed_in = sign_in(&settings, &http, cloud).await.unwrap();
            assert_eq!(signed_in.source.method, method, "{cloud}");
            assert_eq!(
                signed_in.who.audience.as_deref(),
                Some(cloud.arm),
                "{cloud}"
            );
        }
    }
}

#[tokio::test]
async fn a_federated_token_is_checked_by_entra_and_a_refusal_says_what_to_do() {
    let azure = azure(|_| {}).await;
    let http = http(&azure.sandbox);
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("token");
    let refused = async |token: &str| {
        std::fs::write(&file, token).unwrap();
        let settings = federated(Federation::File(file.clone()));
        sign_in(&settings, &http, Cloud::public())
            .await
            .unwrap_err()
    };
    let token = |claims: Value| format!("e30.{}.x", base64_url(&claims.to_string()));
    let good = json!({ "iss": "https://cluster", "sub": "s", "aud": "api://AzureADTokenExchange", "exp": 9_999_999_999_u64 });
    std::fs::write(&file, token(good.clone())).unwrap();
    let settings = federated(Federation::File(file.clone()));
    let signed_in = sign_in(&settings, &http, Cloud::public()).await.unwrap();
    assert_eq!(signed_in.source.method, Method::FederatedToken);

    let with = |name: &str, value: Value| {
        let mut claims = good.clone();
        claims[name] = value;
        token(claims)
    };
    for (token, code, advice) in [
        (
            with("aud", json!("https://github.com")),
            "AADSTS700212",
            "audience",
        ),
        (with("exp", json!(1)), "AADSTS700024", "expired"),
        (
            with("iss", json!("https://token.actions.githubusercontent.com")),
            "AADSTS700027",
            "",
        ),
        ("nonsense".to_owned(), "AADSTS50027", ""),
    ] {
        let error = refused(&token).await;
        assert!(error.to_string().contains(code), "{error}");
        assert!(!error.to_string().contains(&token), "{error}");
        assert!(
            error.hint().unwrap_or_default().contains(advice),
            "{error}: {:?}",
            error.hint()
        );
    }
}

#[tokio::test]
async fn a_job_that_gets_no_token_is_told_what_its_pipeline_lacks() {
    let azure = azure(|_| {}).await;
    let http = http(&azure.sandbox);
    let no_token = "https://pipelines.actions.githubusercontent.com/x/idtoken";
    azure.fault("GET", "/x/idtoken", respond(403, None, "Forbidden"));
    let settings = federated(Federation::GitHub(job(no_token)));
    let error = sign_in(&settings, &http, Cloud::public())
        .await
        .unwrap_err();
    assert!(error.hint().unwrap().contains("id-token: write"), "{error}");
    assert!(!format!("{error:?}").contains("job-key"), "{error:?}");
    let plain = federated(Federation::GitHub(job("http://x/idtoken")));
    let error = sign_in(&plain, &http, Cloud::public()).await.unwrap_err();
    assert!(error.to_string().contains("not https"), "{error}");
}

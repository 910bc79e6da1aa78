//! Tokens: who gets one, and what becomes of requests without a good one.

use jsonwebtoken::{DecodingKey, Validation};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Azure, GROUP, TENANT, answer, management, token};

async fn bare(azure: &Azure, authorization: Option<String>) -> super::Answer {
    let mut request = azure.client.get(management(GROUP, "2025-04-01"));
    if let Some(value) = authorization {
        request = request.header("Authorization", value);
    }
    answer(request.send().await.unwrap()).await
}

#[tokio::test]
async fn a_token_is_signed_with_a_published_key_and_names_its_holder() {
    let (_dir, azure) = Azure::fresh().await;
    let metadata =
        format!("https://login.microsoftonline.com/{TENANT}/v2.0/.well-known/openid-configuration");
    let metadata = azure.send(Method::GET, &metadata, &[], None).await.body;
    let keys = azure
        .send(
            Method::GET,
            metadata["jwks_uri"].as_str().unwrap(),
            &[],
            None,
        )
        .await
        .body;
    let key = &keys["keys"][0];
    let key =
        DecodingKey::from_rsa_components(key["n"].as_str().unwrap(), key["e"].as_str().unwrap())
            .unwrap();
    let text = token(&azure.client, "https://graph.microsoft.com").await;
    let mut validation = Validation::new(jsonwebtoken::Algorithm::RS256);
    validation.set_audience(&["https://graph.microsoft.com"]);
    let claims = jsonwebtoken::decode::<Value>(&text, &key, &validation)
        .unwrap()
        .claims;
    assert_eq!(
        (&claims["tid"], &claims["appid"]),
        (&json!(TENANT), &json!("app"))
    );
    assert_eq!(claims["oid"].as_str().unwrap().len(), 36);
}

#[tokio::test]
async fn a_request_without_a_good_token_is_challenged() {
    let (_dir, azure) = Azure::fresh().await;
    let graph = token(&azure.client, "https://graph.microsoft.com").await;
    let mut forged = token(&azure.client, "https://management.azure.com").await;
    forged.truncate(forged.len() - 8);
    for (authorization, code) in [
        (None, "AuthenticationFailed"),
        (
            Some(format!("Bearer {graph}")),
            "InvalidAuthenticationTokenAudience",
        ),
        (
            Some(format!("Bearer {forged}")),
            "InvalidAuthenticationToken",
        ),
    ] {
        let answer = bare(&azure, authorization).await;
        assert_eq!((answer.status, answer.code()), (401, code));
        assert!(
            answer
                .header("www-authenticate")
                .starts_with("Bearer authorization_uri=")
        );
    }
}

#[tokio::test]
async fn the_token_endpoint_says_what_is_missing() {
    let (_dir, azure) = Azure::fresh().await;
    let url = format!("https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token");
    for (form, error, code) in [
        ("client_id=a", "invalid_request", 900_144),
        (
            "grant_type=password&client_id=a",
            "unsupported_grant_type",
            70003,
        ),
        (
            "grant_type=client_credentials&client_id=a",
            "invalid_client",
            7_000_216,
        ),
        (
            "grant_type=client_credentials&client_id=a&client_secret=b&scope=x",
            "invalid_scope",
            70011,
        ),
    ] {
        let answer = answer(azure.client.post(&url).body(form).send().await.unwrap()).await;
        assert_eq!(answer.body["error"], error);
        assert_eq!(answer.body["error_codes"], json!([code]));
    }
}

#[tokio::test]
async fn a_sign_in_flow_that_does_not_exist_has_no_metadata() {
    let (_dir, azure) = Azure::fresh().await;
    let url = "https://contosob2c.b2clogin.com/contosob2c.onmicrosoft.com/B2C_1_none/v2.0/.well-known/openid-configuration";
    let answer = azure.send(Method::GET, url, &[], None).await;
    assert_eq!(answer.status, 404);
    assert!(answer.body.as_str().unwrap().contains("AADB2C90046"));
    let url =
        format!("https://contoso.ciamlogin.com/{TENANT}/v2.0/.well-known/openid-configuration");
    let answer = azure.send(Method::GET, &url, &[], None).await;
    assert_eq!(
        answer.body["issuer"],
        format!("https://{TENANT}.ciamlogin.com/{TENANT}/v2.0")
    );
}

#[tokio::test]
async fn a_subscription_trusts_one_directory() {
    let (_dir, azure) = Azure::fresh().await;
    let other = "00000000-0000-4000-8000-000000000003";
    let token = super::token_of(&azure.client, other, "https://management.azure.com").await;
    let answer = bare(&azure, Some(format!("Bearer {token}"))).await;
    assert_eq!(
        (answer.status, answer.code()),
        (401, "InvalidAuthenticationTokenTenant")
    );
    assert!(
        answer.body["error"]["message"]
            .as_str()
            .unwrap()
            .contains(TENANT)
    );
}

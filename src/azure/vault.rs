//! Reads one secret of Key Vault, for the sign-in to the identity tenant: `${keyvault:vault/secret}`.
//!
//! The data plane of Key Vault is neither ARM nor Graph: its own host, its own audience. The value is handed on as a
//! secret and never part of an error.

use azure_core::http::headers::ACCEPT;
use azure_core::http::{Context, Method, PipelineSendOptions, Request};
use secrecy::SecretString;
use serde_json::Value;
use url::Url;

use super::auth::SignIn;
use super::cloud::Cloud;
use super::error::Error;
use super::pipeline::PooledClient;
use super::request::encode_segment;
use super::response::{AzureError, Response};

/// Key Vault data plane REST reference, read 2026-11-23.
const API_VERSION: &str = "7.4";

/// The current version of a secret, read as whoever signed in to the subscription.
pub async fn secret(
    http: &PooledClient,
    cloud: &Cloud,
    sign_in: &SignIn,
    vault: &str,
    name: &str,
) -> Result<SecretString, Error> {
    let scope = format!("https://{}/.default", cloud.vault);
    let pipeline = http.pipeline(Some((sign_in.credential.clone(), scope)));
    let url = address(cloud, vault, name)?;
    let doing = format!(
        "GET https://{}{}",
        url.host_str().unwrap_or_default(),
        url.path()
    );
    let mut request = Request::new(url, Method::Get);
    request.insert_header(ACCEPT, "application/json");
    let options = PipelineSendOptions {
        skip_checks: true,
        ..Default::default()
    };
    let answer = pipeline
        .send(&Context::new(), &mut request, Some(options))
        .await;
    let unreachable = |source| Error::Unreachable {
        doing: doing.clone(),
        may_have_arrived: false,
        source,
    };
    let (status, headers, body) = answer.map_err(unreachable)?.deconstruct();
    let headers = headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()));
    read(Response::new(u16::from(status), headers, &body), doing)
}

fn address(cloud: &Cloud, vault: &str, name: &str) -> Result<Url, url::ParseError> {
    Url::parse(&format!(
        "https://{vault}.{}/secrets/{}?api-version={API_VERSION}",
        cloud.vault,
        encode_segment(name)
    ))
}

fn read(response: Response, doing: String) -> Result<SecretString, Error> {
    if !response.is_success() {
        return Err(Error::Refused {
            error: Box::new(AzureError::parse(&response)),
            doing,
        });
    }
    let value = response
        .into_json()
        .as_ref()
        .and_then(|body| body.get("value"))
        .and_then(Value::as_str)
        .map(SecretString::from);
    value.ok_or_else(|| Error::Malformed {
        doing,
        why: "the answer holds no secret".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    fn answer(status: u16, body: &str) -> Response {
        let headers = [("content-type".to_owned(), "application/json".to_owned())];
        Response::new(status, headers, body.as_bytes())
    }

    #[test]
    fn a_secret_is_read_from_the_vault_of_the_cloud() {
        let url = address(Cloud::public(), "kv-orders", "b2c-secret").unwrap();
        assert_eq!(
            url.as_str(),
            "https://kv-orders.vault.azure.net/secrets/b2c-secret?api-version=7.4"
        );
        let secret = read(answer(200, r#"{"value":"s3","id":"x"}"#), String::new()).unwrap();
        assert_eq!(secret.expose_secret(), "s3");
    }

    #[test]
    fn a_refusal_says_what_key_vault_said() {
        let refused = read(
            answer(
                403,
                r#"{"error":{"code":"Forbidden","message":"no get permission"}}"#,
            ),
            "GET x".to_owned(),
        );
        let error = refused.unwrap_err();
        assert_eq!(
            error.azure().map(|said| said.code.as_str()),
            Some("Forbidden")
        );
    }
}

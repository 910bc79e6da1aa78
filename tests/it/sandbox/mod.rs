//! The embedded Azure over real TLS: what any client of Azure would see.

mod apim;
mod data_plane;
mod entra;
mod injected;
mod resources;
mod server;

use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Certificate, Client, Method};
use secgw::sandbox::{Options, Running, start};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) const TENANT: &str = "00000000-0000-4000-8000-000000000002";
pub(crate) const GROUP: &str =
    "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-test";

/// Every host is the sandbox.
struct Loopback(SocketAddr);

impl Resolve for Loopback {
    fn resolve(&self, _: Name) -> Resolving {
        let addresses: Addrs = Box::new(std::iter::once(self.0));
        Box::pin(async move { Ok(addresses) })
    }
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn code(&self) -> &str {
        self.body["error"]["code"].as_str().unwrap_or_default()
    }
}

/// A sandbox and a client that trusts only its CA.
pub(crate) struct Azure {
    pub(crate) running: Running,
    pub(crate) client: Client,
    token: String,
}

impl Azure {
    pub(crate) async fn start(options: Options) -> Self {
        let running = start(options).await.unwrap();
        let client = client(&running);
        let token = token(&client, "https://management.azure.com").await;
        Self {
            running,
            client,
            token,
        }
    }

    /// In a directory of its own, with the resource group there.
    pub(crate) async fn fresh() -> (TempDir, Self) {
        let dir = tempfile::tempdir().unwrap();
        let azure = Self::start(Options::new(dir.path())).await;
        let group = azure
            .put(GROUP, "2025-04-01", json!({ "location": "westeurope" }))
            .await;
        assert_eq!(group.status, 201);
        (dir, azure)
    }

    /// How the operation stands that an answer began.
    pub(crate) async fn poll(&self, begun: &Answer) -> Answer {
        let url = begun.header("azure-asyncoperation");
        self.send(Method::GET, url, &[], None).await
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = self.client.request(method, url).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        answer(request.send().await.unwrap()).await
    }

    pub(crate) async fn get(&self, path: &str, version: &str) -> Answer {
        self.send(Method::GET, &management(path, version), &[], None)
            .await
    }

    pub(crate) async fn put(&self, path: &str, version: &str, body: Value) -> Answer {
        self.send(Method::PUT, &management(path, version), &[], Some(body))
            .await
    }

    pub(crate) async fn patch(&self, path: &str, version: &str, body: Value) -> Answer {
        self.send(Method::PATCH, &management(path, version), &[], Some(body))
            .await
    }

    pub(crate) async fn post(&self, path: &str, version: &str, body: Option<Value>) -> Answer {
        self.send(Method::POST, &management(path, version), &[], body)
            .await
    }

    pub(crate) async fn delete(&self, path: &str, version: &str) -> Answer {
        self.send(Method::DELETE, &management(path, version), &[], None)
            .await
    }
}

pub(crate) fn management(path: &str, version: &str) -> String {
    let joint = if path.contains('?') { '&' } else { '?' };
    format!("https://management.azure.com{path}{joint}api-version={version}")
}

pub(crate) fn client(running: &Running) -> Client {
    builder(running).build().unwrap()
}

/// One that goes nowhere by itself.
pub(crate) fn staying(running: &Running) -> Client {
    let policy = reqwest::redirect::Policy::none();
    builder(running).redirect(policy).build().unwrap()
}

fn builder(running: &Running) -> reqwest::ClientBuilder {
    Client::builder()
        .tls_certs_only([Certificate::from_pem(running.ca_pem().as_bytes()).unwrap()])
        .dns_resolver(Arc::new(Loopback(running.address())))
        .no_proxy()
}

pub(crate) async fn answer(response: reqwest::Response) -> Answer {
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
    Answer {
        status,
        headers,
        body,
    }
}

pub(crate) async fn token(client: &Client, resource: &str) -> String {
    token_of(client, TENANT, resource).await
}

pub(crate) async fn token_of(client: &Client, tenant: &str, resource: &str) -> String {
    let form = format!(
        "grant_type=client_credentials&client_id=app&client_secret=s&scope={resource}/.default"
    );
    let url = format!("https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token");
    let answer = answer(client.post(url).body(form).send().await.unwrap()).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["access_token"].as_str().unwrap().to_owned()
}

//! The deployed hosts, over real sockets: an applied environment, one stored property changed, and what that changes.

mod edge;
mod function;
mod handshake;
mod sign_in;

use std::net::IpAddr;
use std::sync::Arc;

use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{Answer, Azure, Loopback, answer, client, token};
use crate::stand::{Stand, graph, spec, troubles};

const WEB: &str = "2024-11-01";
const CDN: &str = "2025-06-01";
const WAF: &str = "2025-03-01";
const DIRECTORY: &str = "00000000-0000-4000-8000-000000000003";

/// The `dev` environment, deployed.
struct Deployed {
    azure: Azure,
    group: String,
    _dir: TempDir,
}

/// What a caller sees; a status of zero is a connection that ended without an answer.
struct Seen {
    status: u16,
    answer: Option<Answer>,
}

impl Seen {
    fn header(&self, name: &str) -> &str {
        self.answer
            .as_ref()
            .map_or("", |answer| answer.header(name))
    }

    fn body(&self) -> &Value {
        self.answer
            .as_ref()
            .map_or(&Value::Null, |answer| &answer.body)
    }

    fn text(&self) -> &str {
        self.body().as_str().unwrap_or_default()
    }
}

impl Deployed {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let spec = spec("dev");
        let stand = Stand::at(dir.path(), &spec).await;
        let (_, report, _) = stand.apply(&graph(&spec)).await;
        assert_eq!(troubles(&report), "");
        let running = stand.sandbox;
        let client = client(&running);
        let token = token(&client, "https://management.azure.com").await;
        Self {
            azure: Azure {
                running,
                client,
                token,
            },
            group: "/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups/rg-orders-dev/providers".to_owned(),
            _dir: dir,
        }
    }

    fn id(&self, rest: &str) -> String {
        format!("{}/{rest}", self.group)
    }

    fn site(&self) -> String {
        self.id("Microsoft.Web/sites/func-orders-dev")
    }

    fn profile(&self) -> String {
        self.id("Microsoft.Cdn/profiles/orders-dev-edge")
    }

    async fn edge(&self) -> String {
        let id = format!("{}/afdEndpoints/orders-dev", self.profile());
        let endpoint = self.azure.get(&id, CDN).await;
        endpoint.body["properties"]["hostName"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    /// Changes one property of a resource as it is stored.
    async fn set(&self, id: &str, version: &str, pointer: &str, value: Value) {
        if id.ends_with("/config/web") {
            let member = pointer.rsplit('/').next().unwrap();
            let change = json!({ "properties": { member: value } });
            let patched = self.azure.patch(id, version, change).await;
            assert!(patched.status < 300, "{id}: {}", patched.body);
            return;
        }
        let mut body = self.azure.get(id, version).await.body;
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
            parent => parent[member] = value,
        }
        let members = body.as_object_mut().unwrap();
        if id.contains("/Microsoft.Web/") {
            members.retain(|name, _| name == "properties");
        }
        for member in ["id", "name", "type", "etag"] {
            members.remove(member);
        }
        let written = self.azure.put(id, version, body).await;
        assert!(
            written.status < 300,
            "{id}: {} {}",
            written.status,
            written.body
        );
        for _ in 0..200 {
            let state =
                self.azure.get(id, version).await.body["properties"]["provisioningState"].clone();
            if state.is_null() || state == "Succeeded" {
                return;
            }
        }
        panic!("{id} does not come to rest");
    }

    fn caller(
        &self,
        last: u8,
        adjust: impl FnOnce(reqwest::ClientBuilder) -> reqwest::ClientBuilder,
    ) -> Client {
        let running = &self.azure.running;
        let certificate = Certificate::from_pem(running.ca_pem().as_bytes()).unwrap();
        let builder = Client::builder()
            .tls_certs_only([certificate])
            .no_proxy()
            .redirect(Policy::none())
            .local_address(IpAddr::from([127, 0, 0, last]))
            .dns_resolver(Arc::new(Loopback(running.address())));
        adjust(builder).build().unwrap()
    }

    /// A request of the caller on 127.0.0.1.
    async fn call(&self, method: &str, url: &str, headers: &[(&str, &str)]) -> Seen {
        see(
            &self.caller(1, |builder| builder),
            method,
            &self.at(url),
            headers,
            "",
        )
        .await
    }

    /// Plain HTTP goes to a port of its own unless one is named.
    fn at(&self, url: &str) -> String {
        match url.strip_prefix("http://") {
            Some(rest) => {
                let (host, path) = rest.split_at(rest.find('/').unwrap());
                format!(
                    "http://{host}:{}{path}",
                    self.azure.running.address().port()
                )
            }
            None => url.to_owned(),
        }
    }
}

async fn see(
    client: &Client,
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Seen {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = client.request(method, url).body(body.to_owned());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    match request.send().await {
        Ok(response) => {
            let answer = answer(response).await;
            Seen {
                status: answer.status,
                answer: Some(answer),
            }
        }
        Err(_) => Seen {
            status: 0,
            answer: None,
        },
    }
}

//! The sandbox's gateway behind the policies that secgw wrote, over TLS, with tokens signed by the sandbox's own key.
//!
//! Every environment is called through its own edge, and past it. Then one has its gateway opened to the internet, and
//! what is tried is the gateway alone. The tokens are made by hand, so that each can be wrong in one place.

use std::path::Path;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::sandbox::{Answer, answer, client, token};
use crate::stand::{ENVIRONMENTS, Stand, graph, spec, troubles};

const GROUPS: &str = "https://management.azure.com/subscriptions/00000000-0000-4000-8000-000000000001/resourceGroups";
const VERSION: &str = "api-version=2024-05-01";

struct Deployed {
    environment: &'static str,
    /// Where requests go: the edge, or the gateway itself.
    base: String,
    http: Client,
    management: String,
    key: EncodingKey,
    key_id: String,
    modulus: String,
    /// What the stored policy demands.
    right: Value,
    policy: String,
    _stand: Stand,
}

/// What stands between two texts, the first time.
fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).unwrap();
    rest.split_once(after).unwrap().0
}

impl Deployed {
    /// An environment, called through its edge.
    async fn apply(environment: &'static str, dir: &Path) -> Self {
        let spec = spec(environment);
        let stand = Stand::at(dir, &spec).await;
        let (_, report, _) = stand.apply(&graph(&spec)).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{troubles}");
        let http = client(&stand.sandbox);
        let management = token(&http, "https://management.azure.com").await;
        let pem = std::fs::read(dir.join("token.key")).unwrap();
        let mut deployed = Self {
            environment,
            base: String::new(),
            http,
            management,
            key: EncodingKey::from_rsa_pem(&pem).unwrap(),
            key_id: String::new(),
            modulus: String::new(),
            right: Value::Null,
            policy: String::new(),
            _stand: stand,
        };
        deployed.learn().await;
        deployed.base = deployed.edge().await;
        deployed
    }

    fn gateway(&self) -> String {
        format!("https://apim-orders-{}.azure-api.net", self.environment)
    }

    /// Takes the network out of the way, and the edge.
    async fn open(&mut self) {
        let open = json!({ "properties": { "publicNetworkAccess": "Enabled" } });
        let patched = self.manage(Method::PATCH, "", Some(open)).await;
        assert!(patched.status < 300, "{}", patched.body);
        self.base = self.gateway();
    }

    async fn edge(&self) -> String {
        let group = format!("{GROUPS}/rg-orders-{}", self.environment);
        let read = async |url: String| {
            let url = format!("{url}?api-version=2025-06-01");
            let request = self.http.get(url).bearer_auth(&self.management);
            answer(request.send().await.unwrap()).await.body["value"][0].clone()
        };
        let profiles = format!("{group}/providers/Microsoft.Cdn/profiles");
        let profile = read(profiles.clone()).await;
        let name = profile["name"].as_str().unwrap();
        let endpoint = read(format!("{profiles}/{name}/afdEndpoints")).await;
        format!(
            "https://{}",
            endpoint["properties"]["hostName"].as_str().unwrap()
        )
    }

    /// Reads keys and demands off the deployment.
    async fn learn(&mut self) {
        let policy = self
            .manage(
                Method::GET,
                "/apis/orders/policies/policy?format=rawxml",
                None,
            )
            .await;
        let policy = policy.body["properties"]["value"]
            .as_str()
            .unwrap()
            .to_owned();
        let metadata = between(&policy, "<openid-config url=\"", "\"");
        let metadata = self.fetch(metadata).await;
        let keys = self.fetch(metadata["jwks_uri"].as_str().unwrap()).await;
        let of = |name: &str| keys["keys"][0][name].as_str().unwrap().to_owned();
        self.key_id = of("kid");
        self.modulus = of("n");
        self.right = json!({
            "iss": between(&policy, "<issuer>", "</issuer>"),
            "aud": between(&policy, "<audience>", "</audience>"),
            "azp": between(between(&policy, "<claim name=\"azp\"", "</claim>"), "<value>", "</value>"),
            "tfp": "B2C_1_signin",
            "scp": "orders.read orders.write",
            "sub": between(&policy, "new string[] { \"", "\""),
            "exp": jsonwebtoken::get_current_timestamp() + 600,
            "nbf": jsonwebtoken::get_current_timestamp() - 10,
        });
        self.policy = policy;
    }

    async fn fetch(&self, url: &str) -> Value {
        answer(self.http.get(url).send().await.unwrap()).await.body
    }

    async fn manage(&self, method: Method, path: &str, body: Option<Value>) -> Answer {
        let joint = if path.contains('?') { '&' } else { '?' };
        let service = format!(
            "{GROUPS}/rg-orders-{0}/providers/Microsoft.ApiManagement/service/apim-orders-{0}",
            self.environment
        );
        let mut request = self
            .http
            .request(method, format!("{service}{path}{joint}{VERSION}"))
            .bearer_auth(&self.management)
            .header("If-Match", "*");
        if let Some(body) = body {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        answer(request.send().await.unwrap()).await
    }

    async fn put_policy(&self, scope: &str, text: &str) {
        let body = json!({ "properties": { "format": "rawxml", "value": text } });
        let path = format!("{scope}/policies/policy");
        let put = self.manage(Method::PUT, &path, Some(body)).await;
        assert!(put.status < 300, "{} {text}", put.body);
    }

    /// The operation that `get` calls.
    async fn listing(&self) -> String {
        let all = self
            .manage(Method::GET, "/apis/orders/operations", None)
            .await;
        let mut all = all.body["value"].as_array().unwrap().iter();
        let found = all.find(|operation| {
            operation["properties"]["method"] == "GET"
                && operation["properties"]["urlTemplate"] == "/orders"
        });
        format!(
            "/apis/orders/operations/{}",
            found.unwrap()["name"].as_str().unwrap()
        )
    }

    /// A signed token with these changes to what is right; null takes a claim away.
    fn token(&self, changes: &Value) -> String {
        let mut claims = self.right.clone();
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        claims
            .as_object_mut()
            .unwrap()
            .retain(|_, value| !value.is_null());
        let header = Header {
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, &claims, &self.key).unwrap()
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.base))
    }

    async fn get(&self, token: &str) -> Answer {
        let request = self.request(Method::GET, "/sales/orders");
        answer(request.bearer_auth(token).send().await.unwrap()).await
    }
}

fn reached(answer: &Answer) -> bool {
    !answer.header("X-Secgw-Backend").is_empty()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_environment_answers_through_its_edge_and_nowhere_else() {
    for environment in ENVIRONMENTS.into_iter().filter(|name| *name != "prod") {
        let dir = tempfile::tempdir().unwrap();
        edge_alone(&Deployed::apply(environment, dir.path()).await).await;
    }
}

async fn edge_alone(deployed: &Deployed) {
    let environment = deployed.environment;
    let right = deployed.token(&json!({}));
    let clean = deployed.get(&right).await;
    assert_eq!(clean.status, 200, "{environment} {}", clean.body);
    assert!(reached(&clean), "{environment}");
    let other_flow = deployed.token(&json!({ "tfp": "B2C_1_signup" }));
    for (path, token, status) in [
        ("/sales/orders", "", 401),
        ("/sales/orders", &other_flow, 401),
        ("/sales/none", &right, 404),
    ] {
        let request = deployed.request(Method::GET, path).bearer_auth(token);
        let found = answer(request.send().await.unwrap()).await;
        assert_eq!(found.status, status, "{environment} {path}");
        assert!(!reached(&found), "{environment} {path}");
        let hsts = found.header("Strict-Transport-Security");
        assert_eq!(hsts, "max-age=31536000", "{environment} {path}");
    }
    let direct = deployed
        .http
        .get(format!("{}/sales/orders", deployed.gateway()))
        .bearer_auth(&right)
        .send()
        .await;
    // A network rule in the way ends the connection; without public access the gateway says so.
    match direct {
        Err(_) => assert_eq!(environment, "staging"),
        Ok(direct) => {
            let found = answer(direct).await;
            assert_eq!(found.status, 403, "{environment}");
            let told = found.body["message"].as_str().unwrap();
            assert!(told.contains("public network access on this"), "{told}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_lets_in_whom_its_policy_lets_in_and_nobody_else() {
    let dir = tempfile::tempdir().unwrap();
    let mut gateway = Deployed::apply("prod", dir.path()).await;
    edge_alone(&gateway).await;
    gateway.open().await;
    let clean = gateway.get(&gateway.token(&json!({}))).await;
    assert_eq!(clean.status, 200, "{}", clean.body);
    assert!(reached(&clean));
    assert_eq!(
        clean.header("Strict-Transport-Security"),
        "max-age=31536000"
    );
    assert_eq!(clean.header("Server"), "");

    tokens(&gateway).await;
    requests(&gateway).await;
    origins(&gateway).await;
    weakenings(&gateway).await;
    rate(&gateway).await;
}

/// Each wrong in one place.
async fn tokens(gateway: &Deployed) {
    for (changes, status) in [
        (
            json!({ "aud": "00000000-0000-4000-8000-0000000000ff" }),
            401,
        ),
        (json!({ "iss": "https://sts.windows.net/other/" }), 401),
        (json!({ "tfp": "B2C_1_signup" }), 401),
        (json!({ "tfp": null }), 401),
        (
            json!({ "azp": "00000000-0000-4000-8000-0000000000ff" }),
            401,
        ),
        (json!({ "scp": "profile" }), 401),
        (json!({ "scp": null }), 401),
        (json!({ "scp": "orders.write" }), 403),
        (json!({ "exp": 1_000_000_000 }), 401),
        (json!({ "exp": null }), 401),
        (
            json!({ "nbf": jsonwebtoken::get_current_timestamp() + 600 }),
            401,
        ),
        (
            json!({ "sub": "00000000-0000-4000-8000-0000000000ff" }),
            403,
        ),
    ] {
        let found = gateway.get(&gateway.token(&changes)).await;
        assert_eq!(found.status, status, "{changes} {}", found.body);
        assert!(!reached(&found), "{changes}");
    }
    let right = gateway.token(&json!({}));
    let (signed, signature) = right.rsplit_once('.').unwrap();
    let (_, claims) = signed.split_once('.').unwrap();
    let confused = jsonwebtoken::encode(
        &Header::new(Algorithm::HS256),
        &gateway.right,
        &EncodingKey::from_secret(gateway.modulus.as_bytes()),
    );
    // {"alg":"none"}
    let none = format!("eyJhbGciOiJub25lIn0.{claims}.");
    let stripped = format!("{signed}.");
    let swapped = format!("eyJhbGciOiJub25lIn0.{claims}.{signature}");
    for forged in [confused.unwrap(), none, stripped, swapped, "abc".to_owned()] {
        assert_eq!(gateway.get(&forged).await.status, 401, "{forged}");
    }
}

/// What is asked for, with a right token where one is sent.
async fn requests(gateway: &Deployed) {
    let right = gateway.token(&json!({}));
    let bearer = format!("Bearer {right}");
    let basic = format!("Basic {right}");
    for (method, path, header, status) in [
        ("GET", "/sales/orders", None, 401),
        ("GET", "/sales/orders", Some(("Authorization", &right)), 401),
        ("GET", "/sales/orders", Some(("Authorization", &basic)), 401),
        (
            "GET",
            "/sales/orders",
            Some(("Ocp-Apim-Subscription-Key", &right)),
            401,
        ),
        (
            "GET",
            "/sales/orders/7/items",
            Some(("Authorization", &bearer)),
            200,
        ),
        (
            "GET",
            "/SALES/orders",
            Some(("Authorization", &bearer)),
            200,
        ),
        (
            "PUT",
            "/sales/orders",
            Some(("Authorization", &bearer)),
            404,
        ),
        (
            "TRACE",
            "/sales/orders",
            Some(("Authorization", &bearer)),
            404,
        ),
        (
            "GET",
            "/sales/orders/",
            Some(("Authorization", &bearer)),
            404,
        ),
        ("GET", "/sales/admin", Some(("Authorization", &bearer)), 404),
        ("GET", "/swagger", Some(("Authorization", &bearer)), 404),
        ("GET", "/", None, 404),
        (
            "POST",
            "/sales/orders/7/shipments",
            Some(("Authorization", &bearer)),
            403,
        ),
    ] {
        let mut request = gateway.request(method.parse().unwrap(), path);
        if let Some((name, value)) = header {
            request = request.header(name, value);
        }
        let found = answer(request.send().await.unwrap()).await;
        assert_eq!(found.status, status, "{method} {path} {}", found.body);
        assert_eq!(reached(&found), status == 200, "{method} {path}");
    }
    let large = gateway
        .request(Method::POST, "/sales/orders")
        .bearer_auth(&right)
        .body(vec![b' '; 1_048_577]);
    assert_eq!(large.send().await.unwrap().status(), 413);
    let in_query = gateway.request(Method::GET, &format!("/sales/orders?access_token={right}"));
    assert_eq!(in_query.send().await.unwrap().status(), 401);
}

async fn origins(gateway: &Deployed) {
    for (origin, allowed) in [
        ("https://app.contoso.com", "https://app.contoso.com"),
        ("https://evil.example", ""),
        ("null", ""),
    ] {
        let preflight = gateway
            .request(Method::OPTIONS, "/sales/orders")
            .header("Origin", origin)
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "authorization");
        let found = answer(preflight.send().await.unwrap()).await;
        assert_eq!(
            (found.status, found.header("Access-Control-Allow-Origin")),
            (200, allowed)
        );
        let simple = gateway
            .request(Method::GET, "/sales/orders")
            .header("Origin", origin)
            .bearer_auth(gateway.token(&json!({})));
        let found = answer(simple.send().await.unwrap()).await;
        assert_eq!(
            (found.status, found.header("Access-Control-Allow-Origin")),
            (200, allowed)
        );
        assert_eq!(reached(&found), !allowed.is_empty());
    }
}

/// The stored document with one thing changed.
async fn weakenings(gateway: &Deployed) {
    let flow = "<claim name=\"tfp\" match=\"any\">";
    let other = gateway.token(&json!({ "tfp": "B2C_1_signup" }));
    assert_eq!(gateway.get(&other).await.status, 401);
    let rest = between(&gateway.policy, flow, "</claim>");
    let weak = gateway.policy.replace(&format!("{flow}{rest}</claim>"), "");
    gateway.put_policy("/apis/orders", &weak).await;
    assert!(reached(&gateway.get(&other).await));

    let operation = gateway.listing().await;
    let unknown = "<policies><inbound><base /><send-request response-variable-name=\"r\" /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>";
    gateway.put_policy(&operation, unknown).await;
    let refused = gateway.get(&gateway.token(&json!({}))).await;
    assert_eq!(refused.status, 501, "{}", refused.body);
    assert!(
        refused
            .header("x-secgw-sandbox")
            .starts_with("cannot-evaluate")
    );
    let path = format!("{operation}/policies/policy");
    let deleted = gateway.manage(Method::DELETE, &path, None).await;
    assert!(deleted.status < 300, "{}", deleted.body);

    gateway.put_policy("/apis/orders", &gateway.policy).await;
    assert_eq!(gateway.get(&other).await.status, 401);
}

/// The API's own limit, by user: whoever is over it has to wait, whoever is not need not.
async fn rate(gateway: &Deployed) {
    let calls: u32 = between(&gateway.policy, "<rate-limit-by-key calls=\"", "\"")
        .parse()
        .unwrap();
    let right = gateway.token(&json!({}));
    let mut last = gateway.get(&right).await;
    for _ in 0..calls {
        if last.status == 429 {
            break;
        }
        last = gateway.get(&right).await;
    }
    assert_eq!(last.status, 429, "{}", last.body);
    assert!(last.header("Retry-After").parse::<u32>().unwrap() <= 60);
    assert!(!reached(&last));
}

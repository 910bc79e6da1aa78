//! The deployed hosts, over real sockets: an applied environment, one stored property changed, and what that changes.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, Method};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

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
        let mut body = self.azure.get(id, version).await.body;
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        match body.pointer_mut(parent).unwrap() {
            Value::Array(items) => items[member.parse::<usize>().unwrap()] = value,
            parent => parent[member] = value,
        }
        for member in ["id", "name", "type", "etag"] {
            body.as_object_mut().unwrap().remove(member);
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

#[tokio::test]
async fn a_function_answers_whom_its_stored_configuration_lets_in() {
    let deployed = Deployed::new().await;
    let (site, web) = (deployed.site(), format!("{}/config/web", deployed.site()));
    let orders = "https://func-orders-dev.azurewebsites.net/api/orders";
    let plain = "http://func-orders-dev.azurewebsites.net/api/orders";
    let rules = "/properties/ipSecurityRestrictions";

    let clean = deployed.call("GET", orders, &[]).await;
    assert_eq!(
        (clean.status, clean.header("x-ms-forbidden-ip")),
        (403, "198.51.100.1")
    );
    let scm = "https://func-orders-dev.scm.azurewebsites.net/basicauth";
    assert_eq!(deployed.call("GET", scm, &[]).await.status, 403);
    assert_eq!(
        deployed
            .call("GET", "https://nobody.azurewebsites.net/", &[])
            .await
            .status,
        0
    );

    // One more rule lets one caller as far as Easy Auth, and nobody else.
    let gateway =
        deployed.azure.get(&web, WEB).await.body["properties"]["ipSecurityRestrictions"][0].clone();
    let rule = |address: &str, tag: &str| json!({ "name": "more", "priority": 50, "action": "Allow", "ipAddress": address, "tag": tag });
    deployed
        .set(
            &web,
            WEB,
            rules,
            json!([gateway, rule("198.51.100.1/32", "Default")]),
        )
        .await;
    let let_in = deployed.call("GET", orders, &[]).await;
    assert_eq!(let_in.status, 401);
    assert!(let_in.header("www-authenticate").starts_with("Bearer"));
    let stranger = deployed.caller(2, |builder| builder);
    let kept_out = see(&stranger, "GET", orders, &[], "").await;
    assert_eq!(
        (kept_out.status, kept_out.header("x-ms-forbidden-ip")),
        (403, "198.51.100.2")
    );
    let spoofed = [("X-Forwarded-For", "198.51.100.1")];
    assert_eq!(
        see(&stranger, "GET", orders, &spoofed, "").await.status,
        403
    );
    let forged = [("Authorization", "Bearer abc.def.ghi")];
    assert_eq!(deployed.call("GET", orders, &forged).await.status, 401);

    // HTTPS only is a redirect until it is turned off.
    let redirected = deployed.call("GET", plain, &[]).await;
    assert_eq!(redirected.status, 301);
    assert!(
        redirected
            .header("location")
            .starts_with("https://func-orders-dev.")
    );

    // Without Easy Auth the function answers, and repeats no secret.
    let auth = format!("{site}/config/authsettingsV2");
    deployed
        .set(&auth, WEB, "/properties/platform/enabled", json!(false))
        .await;
    let key = [
        ("x-functions-key", "not-shown"),
        ("Authorization", "Basic not-shown"),
    ];
    let open = deployed
        .call("GET", &format!("{orders}?code=not-shown&page=2"), &key)
        .await;
    assert_eq!(
        (open.status, open.header("x-secgw-backend")),
        (200, "func-orders-dev")
    );
    assert_eq!(open.body()["path"], "/api/orders");
    assert_eq!(open.body()["query"], json!(["code=REDACTED", "page=2"]));
    assert_eq!(open.body()["source"], "198.51.100.1");
    assert!(!open.body().to_string().contains("not-shown"));
    let admin = "https://func-orders-dev.azurewebsites.net/admin/host/status";
    assert_eq!(deployed.call("GET", admin, &[]).await.status, 401);

    // Rules count in order, with headers, and a default for the rest.
    let with_header = json!({
        "name": "edge", "priority": 10, "action": "Allow", "ipAddress": "0.0.0.0/0", "tag": "Default",
        "headers": { "x-azure-fdid": ["11111111-1111-4111-8111-111111111111"] },
    });
    deployed.set(&web, WEB, rules, json!([with_header])).await;
    assert_eq!(deployed.call("GET", orders, &[]).await.status, 403);
    let fdid = [("X-Azure-FDID", "11111111-1111-4111-8111-111111111111")];
    assert_eq!(deployed.call("GET", orders, &fdid).await.status, 200);
    deployed
        .set(
            &web,
            WEB,
            "/properties/ipSecurityRestrictionsDefaultAction",
            json!("Allow"),
        )
        .await;
    assert_eq!(see(&stranger, "GET", orders, &[], "").await.status, 200);
    deployed
        .set(
            &site,
            WEB,
            "/properties/publicNetworkAccess",
            json!("Disabled"),
        )
        .await;
    assert_eq!(see(&stranger, "GET", orders, &[], "").await.status, 403);
}

#[tokio::test]
async fn a_handshake_takes_what_the_stored_configuration_takes() {
    let deployed = Deployed::new().await;
    let web = format!("{}/config/web", deployed.site());
    let host = "func-orders-dev.azurewebsites.net";
    let url = format!("https://{host}/");
    let old = deployed.caller(1, |builder| {
        builder.tls_version_max(reqwest::tls::Version::TLS_1_2)
    });
    let address = deployed.azure.running.address();

    assert_eq!(see(&old, "GET", &url, &[], "").await.status, 0);
    assert_eq!(deployed.call("GET", &url, &[]).await.status, 403);
    assert_eq!(
        greeted(address, host, 0x0301, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );

    deployed
        .set(&web, WEB, "/properties/minTlsVersion", json!("1.2"))
        .await;
    assert_eq!(see(&old, "GET", &url, &[], "").await.status, 403);
    assert_eq!(
        greeted(address, host, 0x0301, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );
    // A weak suite is App Service's until the minimum suite says otherwise.
    let accepted = greeted(address, host, 0x0303, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 3));
    deployed
        .set(
            &web,
            WEB,
            "/properties/minTlsCipherSuite",
            json!("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"),
        )
        .await;
    assert_eq!(
        greeted(address, host, 0x0303, &[0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 40]
    );

    deployed
        .set(&web, WEB, "/properties/minTlsCipherSuite", Value::Null)
        .await;
    deployed
        .set(&web, WEB, "/properties/minTlsVersion", json!("1.0"))
        .await;
    let accepted = greeted(address, host, 0x0301, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 1));

    let service = deployed.id("Microsoft.ApiManagement/service/apim-orders-dev");
    let gateway = "apim-orders-dev.azure-api.net";
    let tls11 = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Protocols.Tls11";
    assert_eq!(
        greeted(address, gateway, 0x0302, &[0xc013, 0x002f]).await,
        [0x15, 3, 1, 0, 2, 2, 70]
    );
    let mut properties =
        deployed.azure.get(&service, "2024-05-01").await.body["properties"]["customProperties"]
            .clone();
    properties[tls11] = "True".into();
    for name in ["TLS_RSA_WITH_AES_128_CBC_SHA"] {
        properties
            [format!("Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Ciphers.{name}")] =
            "True".into();
    }
    let changed = deployed
        .azure
        .patch(
            &service,
            "2024-05-01",
            json!({ "properties": { "customProperties": properties } }),
        )
        .await;
    assert!(changed.status < 300, "{}", changed.body);
    let accepted = greeted(address, gateway, 0x0302, &[0x002f]).await;
    assert_eq!((accepted[0], accepted[1], accepted[2]), (0x16, 3, 2));
}

/// The first bytes a host answers to a `ClientHello` of that version with those suites.
async fn greeted(address: SocketAddr, host: &str, version: u16, suites: &[u16]) -> Vec<u8> {
    let name = host.as_bytes();
    let length = |bytes: &[u8]| u16::try_from(bytes.len()).unwrap().to_be_bytes();
    let mut entry = vec![0];
    entry.extend(length(name));
    entry.extend(name);
    let mut list = length(&entry).to_vec();
    list.extend(entry);
    let mut extensions = vec![0, 0];
    extensions.extend(length(&list));
    extensions.extend(list);
    let suites: Vec<u8> = suites
        .iter()
        .flat_map(|suite| suite.to_be_bytes())
        .collect();
    let mut body = version.to_be_bytes().to_vec();
    body.extend([9; 32]);
    body.push(0);
    body.extend(length(&suites));
    body.extend(suites);
    body.extend([1, 0]);
    body.extend(length(&extensions));
    body.extend(extensions);
    let mut message = vec![1, 0];
    message.extend(length(&body));
    message.extend(body);
    let mut record = vec![0x16, 3, 1];
    record.extend(length(&message));
    record.extend(message);
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(&record).await.unwrap();
    let mut answered = Vec::new();
    stream.read_to_end(&mut answered).await.unwrap();
    answered
}

#[tokio::test]
async fn front_door_serves_its_stored_routes_rules_and_firewall() {
    let deployed = Deployed::new().await;
    let host = deployed.edge().await;
    let profile = deployed.profile();
    let url = |path: &str| format!("https://{host}{path}");
    let origin = format!("{profile}/originGroups/gateway/origins/gateway");
    let route = format!("{profile}/afdEndpoints/orders-dev/routes/gateway");
    let firewall =
        deployed.id("Microsoft.Network/FrontDoorWebApplicationFirewallPolicies/secgwOrdersDev");
    lead_to_the_function(&deployed, &origin).await;

    // What reaches the origin is Front Door's word, whatever the client says.
    let id = deployed.azure.get(&profile, CDN).await.body["properties"]["frontDoorId"].clone();
    let lies = [
        ("X-Azure-FDID", "bogus"),
        ("X-FD-HealthProbe", "1"),
        ("X-Azure-SocketIP", "10.0.0.1"),
        ("X-Forwarded-For", "192.0.2.9"),
    ];
    let clean = deployed.call("GET", &url("/api/orders"), &lies).await;
    assert_eq!(clean.status, 200, "{}", clean.body());
    let headers = &clean.body()["headers"];
    assert_eq!(headers["x-azure-fdid"], id);
    assert_eq!(headers["x-azure-socketip"], "198.51.100.1");
    assert_eq!(headers["x-azure-clientip"], "192.0.2.9");
    assert_eq!(headers["x-forwarded-for"], "192.0.2.9, 198.51.100.1");
    assert_eq!(headers["x-forwarded-host"], host);
    assert_eq!(headers["x-fd-healthprobe"], Value::Null);
    assert_eq!(clean.body()["via"], "front door");
    assert!(
        clean
            .header("strict-transport-security")
            .starts_with("max-age=31536000")
    );
    assert_eq!(
        (clean.header("server"), clean.header("request-context")),
        ("", "")
    );
    assert_eq!(clean.header("x-cache"), "CONFIG_NOCACHE");
    assert!(!clean.header("x-azure-ref").is_empty());

    let plain = deployed
        .call("GET", &format!("http://{host}/api/orders"), &[])
        .await;
    assert_eq!(
        (plain.status, plain.header("location")),
        (307, url("/api/orders").as_str())
    );
    deployed
        .set(&route, CDN, "/properties/httpsRedirect", json!("Disabled"))
        .await;
    assert_eq!(
        deployed
            .call("GET", &format!("http://{host}/api/orders"), &[])
            .await
            .status,
        200
    );

    // The firewall blocks while it prevents, and only logs while it detects.
    let attacks = [
        "/api/orders?x=%27%20OR%201=1--",
        "/api/orders?x=%3Cscript%3E",
        "/api/orders?x=%24%7Bjndi:ldap://x%7D",
        "/api/..%2f..%2fetc/passwd",
    ];
    for attack in attacks {
        let blocked = deployed.call("GET", &url(attack), &[]).await;
        assert_eq!(
            (blocked.status, blocked.text()),
            (403, "The request is blocked."),
            "{attack}"
        );
        assert!(!blocked.header("x-azure-ref").is_empty());
    }
    assert_eq!(
        deployed
            .call("PURGE", &url("/api/orders"), &[])
            .await
            .status,
        403
    );
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/policySettings/mode",
            json!("Detection"),
        )
        .await;
    assert_eq!(
        deployed.call("GET", &url(attacks[0]), &[]).await.status,
        200
    );
    assert_eq!(
        deployed
            .call("PURGE", &url("/api/orders"), &[])
            .await
            .status,
        200
    );
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/policySettings/mode",
            json!("Prevention"),
        )
        .await;
    let over = json!([{ "ruleGroupName": "SQLI", "rules": [{ "ruleId": "942100", "enabledState": "Disabled" }] }]);
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/managedRules/managedRuleSets/0/ruleGroupOverrides",
            over,
        )
        .await;
    assert_eq!(
        deployed.call("GET", &url(attacks[0]), &[]).await.status,
        200
    );
    assert_eq!(
        deployed.call("GET", &url(attacks[1]), &[]).await.status,
        403
    );

    // A rate limit counts by socket, not by what the client claims to be.
    deployed
        .set(
            &firewall,
            WAF,
            "/properties/customRules/rules/1/rateLimitThreshold",
            json!(10),
        )
        .await;
    let busy = deployed.caller(3, |builder| builder);
    let mut statuses = Vec::new();
    for count in 0..12 {
        let other = format!("192.0.2.{count}");
        let claims = [("X-Forwarded-For", other.as_str())];
        statuses.push(
            see(&busy, "GET", &url("/api/orders"), &claims, "")
                .await
                .status,
        );
    }
    assert_eq!(
        statuses.iter().filter(|status| **status == 200).count(),
        10,
        "{statuses:?}"
    );
    assert_eq!(statuses[11], 403);
    let calm = deployed.caller(4, |builder| builder);
    assert_eq!(
        see(&calm, "GET", &url("/api/orders"), &[], "").await.status,
        200
    );

    // A cache gives everybody what somebody got.
    deployed
        .set(
            &route,
            CDN,
            "/properties/cacheConfiguration",
            json!({ "queryStringCachingBehavior": "UseQueryString" }),
        )
        .await;
    let first = see(&calm, "GET", &url("/api/mine"), &[("Cookie", "a=b")], "").await;
    assert_eq!(first.header("x-cache"), "TCP_MISS");
    let other = deployed.caller(5, |builder| builder);
    let second = see(&other, "GET", &url("/api/mine"), &[], "").await;
    assert_eq!(
        (second.header("x-cache"), second.body()["source"].clone()),
        ("TCP_HIT", first.body()["source"].clone())
    );

    // A name in the handshake other than the Host header is nobody's.
    let fronted = [("Host", "func-orders-dev.azurewebsites.net")];
    let http1 = deployed.caller(6, reqwest::ClientBuilder::http1_only);
    assert_eq!(
        see(&http1, "GET", &url("/api/orders"), &fronted, "")
            .await
            .status,
        421
    );

    deployed
        .set(&route, CDN, "/properties/enabledState", json!("Disabled"))
        .await;
    assert_eq!(
        deployed.call("GET", &url("/api/orders"), &[]).await.status,
        404
    );
}

/// Takes the gateway out from between edge and Function, and opens the Function to the edge.
async fn lead_to_the_function(deployed: &Deployed, origin: &str) {
    let web = format!("{}/config/web", deployed.site());
    let auth = format!("{}/config/authsettingsV2", deployed.site());
    deployed
        .set(&auth, WEB, "/properties/platform/enabled", json!(false))
        .await;
    let host = "func-orders-dev.azurewebsites.net";
    deployed
        .set(
            origin,
            CDN,
            "/properties/sharedPrivateLinkResource",
            Value::Null,
        )
        .await;
    deployed
        .set(origin, CDN, "/properties/hostName", json!(host))
        .await;
    deployed
        .set(origin, CDN, "/properties/originHostHeader", json!(host))
        .await;
    let edge = deployed.edge().await;
    let url = format!("https://{edge}/api/orders");
    assert_eq!(deployed.call("GET", &url, &[]).await.status, 403);
    let tag = json!([{ "name": "edge", "priority": 10, "action": "Allow", "ipAddress": "AzureFrontDoor.Backend", "tag": "ServiceTag" }]);
    deployed
        .set(&web, WEB, "/properties/ipSecurityRestrictions", tag)
        .await;
    assert_eq!(
        deployed
            .call("GET", &format!("https://{host}/api/orders"), &[])
            .await
            .status,
        403
    );
}

#[tokio::test]
async fn requests_that_two_parsers_would_read_differently_are_refused() {
    let deployed = Deployed::new().await;
    let host = deployed.edge().await;
    let address = deployed.azure.running.address();
    let plain = format!("GET /api/orders HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    assert_eq!(
        status_line(address, &plain).await,
        "HTTP/1.1 307 Temporary Redirect"
    );
    for extra in [
        "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 4\r\nContent-Length: 5\r\n",
        "Content-Length: 4\r\nContent-Length: 4\r\n",
        "X-Folded: a\r\n b\r\n",
        "X-Blank : a\r\n",
    ] {
        let request = format!(
            "POST /api/orders HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{extra}\r\n0\r\n\r\n"
        );
        assert_eq!(
            status_line(address, &request).await,
            "HTTP/1.1 400 Bad Request",
            "{extra}"
        );
    }
    let long = format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nX: {}\r\n\r\n",
        "x".repeat(70 * 1024)
    );
    assert_eq!(
        status_line(address, &long).await,
        "HTTP/1.1 431 Request Header Fields Too Large"
    );
}

async fn status_line(address: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answered = [0; 128];
    let count = stream.read(&mut answered).await.unwrap();
    let text = String::from_utf8_lossy(&answered[..count]).into_owned();
    text.lines().next().unwrap_or_default().to_owned()
}

const AUTHORITY: &str = "https://contosob2c.b2clogin.com/contosob2c.onmicrosoft.com";
const REDIRECT: &str = "https://dev.app.contoso.com/auth";
const VERIFIER: &str = "a-verifier-of-at-least-forty-three-characters-1";

struct SignIn {
    deployed: Deployed,
    client: String,
    api: String,
    scope: String,
}

impl SignIn {
    async fn new() -> Self {
        let deployed = Deployed::new().await;
        let graph = super::token_of(
            &deployed.azure.client,
            DIRECTORY,
            "https://graph.microsoft.com",
        )
        .await;
        let url = "https://graph.microsoft.com/v1.0/applications";
        let response = deployed
            .azure
            .client
            .get(url)
            .bearer_auth(&graph)
            .send()
            .await
            .unwrap();
        let all = answer(response).await.body["value"].clone();
        let app = |name: &str| {
            let mut all = all.as_array().unwrap().iter();
            all.find(|app| app["displayName"] == name).unwrap().clone()
        };
        let api = app("Orders API");
        let uri = api["identifierUris"][0].as_str().unwrap();
        Self {
            client: app("orders-web-dev")["appId"].as_str().unwrap().to_owned(),
            scope: format!("openid offline_access {uri}/orders.read"),
            api: api["appId"].as_str().unwrap().to_owned(),
            deployed,
        }
    }

    /// The authorization endpoint with a proper request, some parameters exchanged.
    fn authorize(&self, policy: &str, changes: &[(&str, &str)]) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(digest(&SHA256, VERIFIER.as_bytes()));
        let mut parameters = vec![
            ("client_id", self.client.as_str()),
            ("response_type", "code"),
            ("redirect_uri", REDIRECT),
            ("scope", self.scope.as_str()),
            ("state", "s1"),
            ("nonce", "n1"),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ];
        for (name, value) in changes {
            parameters.retain(|(known, _)| known != name);
            if !value.is_empty() {
                parameters.push((name, value));
            }
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(parameters)
            .finish();
        format!("{AUTHORITY}/{policy}/oauth2/v2.0/authorize?{query}")
    }

    async fn post(&self, url: &str, form: &[(&str, &str)]) -> Seen {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(form)
            .finish();
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        see(
            &self.deployed.caller(1, |builder| builder),
            "POST",
            url,
            &headers,
            &body,
        )
        .await
    }

    async fn code(&self, changes: &[(&str, &str)]) -> String {
        let form = [
            ("signInName", "ada@example.com"),
            ("action", "withoutPassword"),
        ];
        let signed_in = self
            .post(&self.authorize("B2C_1_signin", changes), &form)
            .await;
        assert_eq!(signed_in.status, 302, "{}", signed_in.text());
        let to = signed_in.header("location");
        assert_eq!(parameter(to, "state"), "s1");
        assert!(to.starts_with(REDIRECT));
        parameter(to, "code")
    }

    async fn redeem(&self, code: &str, redirect: &str, verifier: &str) -> Seen {
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", self.client.as_str()),
            ("code", code),
            ("redirect_uri", redirect),
            ("code_verifier", verifier),
        ];
        self.post(
            &format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token"),
            &form,
        )
        .await
    }
}

fn parameter(url: &str, name: &str) -> String {
    let query = url.split_once(['?', '#']).map_or("", |(_, query)| query);
    url::form_urlencoded::parse(query.as_bytes())
        .find(|(known, _)| known == name)
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}

fn claims(token: &Value) -> Value {
    let payload = token
        .as_str()
        .unwrap()
        .split('.')
        .nth(1)
        .unwrap()
        .to_owned();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

#[tokio::test]
async fn a_pre_made_account_signs_in_by_code_and_proof_and_nobody_else_does() {
    let sign_in = SignIn::new().await;
    let page = sign_in
        .deployed
        .call("GET", &sign_in.authorize("b2c_1_SIGNIN", &[]), &[])
        .await;
    assert_eq!(page.status, 200);
    assert!(page.text().contains("localAccountForm") && !page.text().contains("createAccount"));

    let code = sign_in.code(&[]).await;
    let tokens = sign_in.redeem(&code, REDIRECT, VERIFIER).await;
    assert_eq!(tokens.status, 200, "{}", tokens.body());
    let access = claims(&tokens.body()["access_token"]);
    assert_eq!(
        access["iss"],
        format!("https://contosob2c.b2clogin.com/{DIRECTORY}/v2.0/")
    );
    assert_eq!(access["aud"], sign_in.api);
    assert_eq!(access["azp"], sign_in.client);
    assert_eq!(
        (&access["scp"], &access["tfp"], &access["ver"]),
        (&json!("orders.read"), &json!("B2C_1_signin"), &json!("1.0"))
    );
    let identity = claims(&tokens.body()["id_token"]);
    assert_eq!(
        (&identity["aud"], &identity["nonce"], &identity["name"]),
        (&json!(sign_in.client), &json!("n1"), &json!("Ada Lovelace"))
    );
    assert_eq!(
        sign_in.redeem(&code, REDIRECT, VERIFIER).await.status,
        400,
        "a code is good once"
    );

    // The proof, the address and the client belong to the code.
    for (redirect, verifier) in [
        (REDIRECT, ""),
        (REDIRECT, "another-verifier"),
        ("http://localhost:5173/auth", VERIFIER),
    ] {
        let code = sign_in.code(&[]).await;
        assert_eq!(
            sign_in.redeem(&code, redirect, verifier).await.status,
            400,
            "{redirect} {verifier}"
        );
    }
    let bare = sign_in.code(&[("code_challenge", "")]).await;
    assert_eq!(
        sign_in.redeem(&bare, REDIRECT, VERIFIER).await.body()["error"],
        "invalid_request"
    );

    let refresh = tokens.body()["refresh_token"].as_str().unwrap();
    let form = [
        ("grant_type", "refresh_token"),
        ("client_id", sign_in.client.as_str()),
        ("refresh_token", refresh),
    ];
    let token = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
    assert_eq!(sign_in.post(&token, &form).await.status, 200);

    let url = sign_in.authorize("B2C_1_signin", &[]);
    for (name, how) in [
        ("ada@example.com", "signIn"),
        ("eve@example.com", "withoutPassword"),
    ] {
        let form = [
            ("signInName", name),
            ("password", "not-a-secret-1"),
            ("action", how),
        ];
        let refused = sign_in.post(&url, &form).await;
        assert_eq!(refused.status, 400, "{name}");
        assert!(refused.text().contains("AADB2C90225"));
    }
}

#[tokio::test]
async fn the_identity_provider_refuses_what_the_stored_registrations_do_not_allow() {
    let sign_in = SignIn::new().await;
    let open = |changes: &[(&str, &str)]| sign_in.authorize("B2C_1_signin", changes);
    for (changes, shown) in [
        ([("redirect_uri", "https://evil.example/")], "AADB2C90006"),
        (
            [("client_id", "11111111-1111-4111-8111-111111111111")],
            "AADB2C90018",
        ),
    ] {
        let refused = sign_in.deployed.call("GET", &open(&changes), &[]).await;
        assert_eq!(
            (refused.status, refused.header("location")),
            (400, ""),
            "{shown}"
        );
        assert!(refused.text().contains(shown));
    }
    for (changes, error) in [
        ([("response_type", "token")], "unauthorized_client"),
        ([("response_type", "id_token")], "unauthorized_client"),
        (
            [("scope", "openid https://contosob2c.onmicrosoft.com/other/x")],
            "invalid_request",
        ),
    ] {
        let refused = sign_in.deployed.call("GET", &open(&changes), &[]).await;
        assert_eq!(refused.status, 302);
        assert_eq!(
            parameter(refused.header("location"), "error"),
            error,
            "{changes:?}"
        );
    }
    let missing = sign_in
        .deployed
        .call("GET", &sign_in.authorize("B2C_1_signup", &[]), &[])
        .await;
    assert_eq!(missing.status, 404);
    let token = format!("{AUTHORITY}/B2C_1_signin/oauth2/v2.0/token");
    let form = [
        ("grant_type", "password"),
        ("client_id", sign_in.client.as_str()),
        ("username", "ada@example.com"),
        ("password", "x"),
    ];
    assert_eq!(
        sign_in.post(&token, &form).await.body()["error"],
        "unsupported_grant_type"
    );

    // Sign-up is closed until a flow allows it; then a stranger makes an account, and is somebody.
    let sign_up = |policy: &str| {
        open(&[]).replace(
            "B2C_1_signin/oauth2/v2.0/authorize?",
            &format!("{policy}/api/CombinedSigninAndSignup/unified?local=signup&"),
        )
    };
    assert_eq!(
        sign_in
            .deployed
            .call("GET", &sign_up("B2C_1_signin"), &[])
            .await
            .status,
        404
    );
    let graph = super::token_of(
        &sign_in.deployed.azure.client,
        DIRECTORY,
        "https://graph.microsoft.com",
    )
    .await;
    let flow = json!({ "id": "open", "userFlowType": "signUpOrSignIn", "userFlowTypeVersion": 3 });
    let made = sign_in
        .deployed
        .azure
        .client
        .post("https://graph.microsoft.com/beta/identity/b2cUserFlows")
        .bearer_auth(&graph)
        .header("Content-Type", "application/json")
        .body(flow.to_string())
        .send()
        .await
        .unwrap();
    assert_eq!(made.status(), 201);
    let page = sign_in
        .deployed
        .call("GET", &sign_in.authorize("B2C_1_open", &[]), &[])
        .await;
    assert!(page.text().contains("createAccount"));
    let stranger = [
        ("signInName", "eve@example.com"),
        ("password", "not-a-secret-1"),
        ("action", "signUp"),
    ];
    let made = sign_in.post(&sign_up("B2C_1_open"), &stranger).await;
    assert_eq!(made.status, 302, "{}", made.text());
    let code = parameter(made.header("location"), "code");
    let form = [
        ("grant_type", "authorization_code"),
        ("client_id", sign_in.client.as_str()),
        ("code", &code),
        ("redirect_uri", REDIRECT),
        ("code_verifier", VERIFIER),
    ];
    let tokens = sign_in
        .post(&token.replace("B2C_1_signin", "B2C_1_open"), &form)
        .await;
    assert_eq!(claims(&tokens.body()["access_token"])["tfp"], "B2C_1_open");
    let again = [
        ("signInName", "eve@example.com"),
        ("password", "not-a-secret-1"),
        ("action", "signIn"),
    ];
    assert_eq!(sign_in.post(&open(&[]), &again).await.status, 302);
}

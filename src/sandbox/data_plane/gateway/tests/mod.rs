//! The gateway over a store that holds nothing but what each test puts there.
//!
//! The backend is a second API of the same gateway, which answers with what reached it: so a call that "reaches the
//! backend" went through `forward-request` and came back.

use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

mod address;
mod law;
mod network;
mod statement;
mod token;

use super::*;
use crate::sandbox::behaviour::apim::document::{Document, Spelling};
use crate::sandbox::behaviour::digest;
use crate::sandbox::data_plane::call::{Scheme, UNEVALUATED};
use crate::sandbox::data_plane::{Counters as AllCounters, Via};
use crate::sandbox::entra::Issuer;
use crate::sandbox::store::{Entry, Store};

const SERVICE: &str =
    "/subscriptions/s/resourceGroups/g/providers/Microsoft.ApiManagement/service/gw";
const HOST: &str = "gw.azure-api.net";
const NOW: i64 = 1_800_000_000;

static KEY: LazyLock<KeyPair> = LazyLock::new(|| KeyPair::generate(KeySize::Rsa2048).unwrap());

struct Stand {
    _dir: TempDir,
    store: Store,
    issuer: Issuer,
    counters: AllCounters,
    now: OffsetDateTime,
}

/// A document that leaves everything to its parent.
const OPEN: &str = "<policies><inbound><base /></inbound><backend><base /></backend><outbound><base /></outbound><on-error><base /></on-error></policies>";

impl Stand {
    /// An open API `orders` in front of the echo; nothing but what forwards calls in the policies.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).unwrap();
        let issuer = Issuer::open(dir.path()).ok().unwrap();
        let mut stand = Self {
            _dir: dir,
            store,
            issuer,
            counters: AllCounters::default(),
            now: OffsetDateTime::from_unix_timestamp(NOW).unwrap(),
        };
        let properties = json!({ "provisioningState": "Succeeded", "gatewayUrl": format!("https://{HOST}"), "publicNetworkAccess": "Enabled",
            "virtualNetworkType": "None" });
        stand.put("", "", json!({ "sku": { "name": "StandardV2" }, "location": "West Europe", "properties": properties }));
        stand.api(
            "orders",
            "orders",
            &json!({ "serviceUrl": format!("https://{HOST}/echo") }),
        );
        stand.operation("orders", "list", "GET", "/items");
        stand.operation("orders", "get", "GET", "/items/{id}");
        stand.operation("orders", "make", "POST", "/items");
        stand.api("echo", "echo", &json!({}));
        for method in ["GET", "POST"] {
            stand.operation("echo", method, method, "/*");
        }
        let body = "@{ return \"reached \" + context.Request.Method + \" \" + context.Request.Url.ToString() + \" user=\" + context.Request.Headers.GetValueOrDefault(\"X-User\", \"\") + \" body=\" + (context.Request.Body?.As<string>() ?? \"\"); }";
        let echo = format!(
            "<policies><inbound><return-response><set-status code=\"200\" /><set-header name=\"Server\" exists-action=\"override\"><value>echo</value></set-header><set-body>{body}</set-body></return-response></inbound><backend /><outbound /><on-error /></policies>"
        );
        stand.policy("/apis/echo", &echo);
        stand
    }

    fn put(&mut self, below: &str, kind: &str, body: Value) {
        self.put_hidden(below, kind, body, Value::Null);
    }

    fn put_hidden(&mut self, below: &str, kind: &str, body: Value, hidden: Value) {
        let mut object = Object::new(
            format!("{SERVICE}{below}"),
            format!("Microsoft.ApiManagement/service{kind}"),
            body,
        );
        object.hidden = hidden;
        self.store.commit(vec![Entry::Put(object)]).unwrap();
    }

    fn api(&mut self, name: &str, path: &str, more: &Value) {
        let mut properties = json!({ "path": path, "displayName": name, "protocols": ["https"], "isCurrent": true, "apiRevision": "1",
            "subscriptionRequired": false });
        for (member, value) in more.as_object().unwrap() {
            properties[member] = value.clone();
        }
        self.put(
            &format!("/apis/{name}"),
            "/apis",
            json!({ "properties": properties }),
        );
    }

    fn operation(&mut self, api: &str, name: &str, method: &str, template: &str) {
        let properties = json!({ "displayName": name, "method": method, "urlTemplate": template });
        self.put(
            &format!("/apis/{api}/operations/{name}"),
            "/apis/operations",
            json!({ "properties": properties }),
        );
    }

    /// Stores a raw document as the control plane does.
    fn policy(&mut self, scope: &str, raw: &str) {
        let stored = Document::parse(raw, Spelling::Raw)
            .unwrap()
            .print(Spelling::Xml);
        self.put(
            &format!("{scope}/policies/policy"),
            &format!(
                "{}/policies",
                scope
                    .split('/')
                    .nth(1)
                    .map_or(String::new(), |kind| format!("/{kind}"))
            ),
            json!({ "properties": { "format": "xml", "value": stored } }),
        );
    }

    /// Statements at the start of the API's inbound section.
    fn inbound(&mut self, statements: &str) {
        let text = OPEN.replace(
            "<inbound><base />",
            &format!("<inbound><base />{statements}"),
        );
        self.policy("/apis/orders", &text);
    }

    fn global(&mut self, inbound: &str, outbound: &str, on_error: &str) {
        self.policy(
            "",
            &format!("<policies><inbound>{inbound}</inbound><backend><forward-request /></backend><outbound>{outbound}</outbound><on-error>{on_error}</on-error></policies>"),
        );
    }

    fn send(&mut self, call: Call) -> Reply {
        let mut plane = Plane {
            store: &self.store,
            issuer: &self.issuer,
            now: self.now,
            counters: &mut self.counters,
        };
        answer(&mut plane, SERVICE, call)
    }

    fn get(&mut self, target: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(call("GET", target, headers))
    }

    /// Status of a GET of the first operation.
    fn status(&mut self, headers: &[(&str, &str)]) -> u16 {
        self.get("/orders/items", headers).status
    }
}

fn call(method: &str, target: &str, headers: &[(&str, &str)]) -> Call {
    Call {
        method: method.to_owned(),
        scheme: Scheme::Https,
        host: HOST.to_owned(),
        target: target.to_owned(),
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
        body: Vec::new(),
        source: [203, 0, 113, 1].into(),
        via: Via::Internet,
        tls: None,
        hops: 0,
    }
}

fn body(reply: &Reply) -> String {
    String::from_utf8(reply.body.clone()).unwrap()
}

fn reaches(reply: &Reply) -> bool {
    body(reply).starts_with("reached ")
}

fn is_refused(reply: &Reply) -> bool {
    reply.status == 501 && reply.header(UNEVALUATED).is_some() && !reaches(reply)
}

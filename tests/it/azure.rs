//! Sign-in, requests, operations and reads against the sandbox: over TLS, through the pipeline that Azure sees.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use secgw::azure::auth::{IdentityTenant, identity_tenant, sign_in};
use secgw::azure::client::Happening;
use secgw::azure::operation::{Begun, Completion, Operation};
use secgw::azure::request::Request;
use secgw::azure::{AuthSettings, Client, Cloud, Error, PooledClient, Route, SignIn, read_live};
use secgw::resource::{
    At, Directory, Graph, Observed, Realm, Resource, ResourceId, Term, Wanted, kinds, reference_to,
};
use secgw::sandbox::{Action, Fault, Options, Running};
use serde_json::{Value, json};
use tokio::time::Instant;

const SUBSCRIPTION: &str = "00000000-0000-4000-8000-000000000001";
pub(crate) const WORKFORCE: &str = "00000000-0000-4000-8000-000000000002";
const IDENTITY: &str = "00000000-0000-4000-8000-000000000003";

pub(crate) struct Azure {
    client: Client,
    pub(crate) sandbox: Running,
    signed_in: SignIn,
    _dir: tempfile::TempDir,
}

pub(crate) async fn azure(adjust: impl FnOnce(&mut Options)) -> Azure {
    let dir = tempfile::tempdir().unwrap();
    let mut options = Options::new(dir.path());
    adjust(&mut options);
    let sandbox = secgw::sandbox::start(options).await.unwrap();
    let http = http(&sandbox);
    let signed_in = sign_in(&AuthSettings::sandbox(WORKFORCE), &http, Cloud::public())
        .await
        .unwrap();
    let identity = IdentityTenant {
        tenant: IDENTITY.to_owned(),
        client_id: "00000000-0000-4000-8000-00000000000b".to_owned(),
        client_secret: "secret".into(),
    };
    let identity = identity_tenant(&identity, &http, Cloud::public()).unwrap();
    let client = Client::new(&http, Cloud::public(), &signed_in, Some(identity), 0.01).unwrap();
    Azure {
        client,
        sandbox,
        signed_in,
        _dir: dir,
    }
}

pub(crate) fn http(sandbox: &Running) -> PooledClient {
    let ca = sandbox.ca_pem().as_bytes().to_vec();
    PooledClient::new(&Route::Loopback {
        address: sandbox.address(),
        ca,
    })
    .unwrap()
}

fn group() -> ResourceId {
    ResourceId::resource_group(SUBSCRIPTION, "rg")
}

fn security_group(name: &str) -> ResourceId {
    group().provider("Microsoft.Network/networkSecurityGroups", name)
}

fn rules() -> Value {
    json!({ "location": "westeurope", "properties": {} })
}

impl Azure {
    fn get(&self, id: &ResourceId) -> Request {
        let version = kinds::of(id).unwrap().api_version;
        Request::get(
            Realm::Arm,
            self.client.endpoints().arm_url(id.as_str(), version, &[]),
        )
    }

    async fn live(&self, id: &ResourceId) -> Value {
        let response = self.client.send(&self.get(id)).await.unwrap();
        response.into_json().unwrap()
    }

    fn put(&self, id: &ResourceId, body: Value) -> Request {
        Request::put(Realm::Arm, self.get(id).url, body)
    }

    async fn write(&self, id: &ResourceId, body: Value) -> Result<Completion, Error> {
        self.client.run(&self.put(id, body), &mut |_| {}).await
    }

    async fn with_group(self) -> Self {
        self.write(&group(), json!({ "location": "westeurope" }))
            .await
            .unwrap();
        self
    }

    fn graph(&self, directory: Directory, path: &str, query: &[(&str, &str)]) -> Request {
        Request::get(
            Realm::Graph(directory),
            self.client.endpoints().graph_url("v1.0", path, query),
        )
    }

    fn create_application(&self, name: &str) -> Request {
        let url = self
            .client
            .endpoints()
            .graph_url("v1.0", "applications", &[]);
        let body = json!({ "displayName": name, "tags": [format!("secgw:orders/{name}")] });
        Request::post(Realm::Graph(Directory::Identity), url, Some(body))
    }

    pub(crate) fn fault(&self, method: &str, path: &str, action: Action) {
        let methods = vec![method.to_owned()];
        self.sandbox.faults().add(Fault {
            methods,
            path: path.to_owned(),
            after: 0,
            times: Some(1),
            action,
        });
    }
}

pub(crate) fn respond(status: u16, retry_after: Option<u32>, code: &str) -> Action {
    let body = json!({ "error": { "code": code, "message": "said so" } });
    Action::Respond {
        status,
        retry_after,
        body,
    }
}

#[tokio::test]
async fn signing_in_yields_a_token_that_says_who_it_is() {
    let azure = azure(|_| {}).await;
    assert_eq!(azure.signed_in.who.tenant.as_deref(), Some(WORKFORCE));
    assert_eq!(
        azure.signed_in.source.to_string(),
        "client secret of 00000000-0000-4000-8000-00000000000a"
    );
}

#[tokio::test]
async fn a_sandbox_with_another_certificate_authority_is_not_trusted() {
    let azure = azure(|_| {}).await;
    let other = tempfile::tempdir().unwrap();
    let stranger = secgw::sandbox::start(Options::new(other.path()))
        .await
        .unwrap();
    let ca = stranger.ca_pem().as_bytes().to_vec();
    let http = PooledClient::new(&Route::Loopback {
        address: azure.sandbox.address(),
        ca,
    })
    .unwrap();
    let error = sign_in(&AuthSettings::sandbox(WORKFORCE), &http, Cloud::public())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot sign in to Azure\n  - client secret of"),
        "{error}"
    );
}

#[tokio::test]
async fn what_was_written_is_read_back() {
    let azure = azure(|_| {}).await;
    let missing = azure.client.send(&azure.get(&group())).await.unwrap_err();
    assert!(missing.is_not_found(), "{missing:?}");
    let azure = azure.with_group().await;
    let body = azure.live(&group()).await;
    assert_eq!(body["name"], "rg");
}

#[tokio::test]
async fn an_operation_is_followed_to_its_end_and_reports_progress() {
    let azure = azure(|options| options.operation_scale = 0.05)
        .await
        .with_group()
        .await;
    let mut seen = Vec::new();
    let request = azure.put(&security_group("nsg"), rules());
    let completion = azure
        .client
        .run(&request, &mut |happening| seen.push(happening))
        .await
        .unwrap();
    assert_eq!(completion, Completion::Fetch(request.url));
    let is_progress = |happening: &Happening| matches!(happening, Happening::Operation(p) if p.status == "Accepted");
    assert!(seen.iter().any(is_progress), "{seen:?}");
    let body = azure.live(&security_group("nsg")).await;
    assert_eq!(body["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test]
async fn an_operation_that_nobody_waits_for_is_picked_up_by_the_next_run() {
    let azure = azure(|options| options.operation_scale = 0.05)
        .await
        .with_group()
        .await;
    let request = azure.put(&security_group("nsg"), rules());
    let begun = azure.client.start(&request, &mut |_| {}).await.unwrap();
    assert!(matches!(begun, Begun::Running(_)));
    let live = azure.live(&security_group("nsg")).await;
    let operation = Operation::in_progress(Realm::Arm, request.url, &live).unwrap();
    let completion = azure
        .client
        .finish(Box::new(operation), "the security group", &mut |_| {})
        .await
        .unwrap();
    let Completion::Body(body) = completion else {
        panic!("{completion:?}")
    };
    assert_eq!(body["properties"]["provisioningState"], "Succeeded");
}

#[tokio::test]
async fn an_operation_that_fails_is_an_error_with_azures_words() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.fault("PUT", "/networkSecurityGroups/", Action::FailOperation);
    let error = azure
        .write(&security_group("nsg"), rules())
        .await
        .unwrap_err();
    assert!(
        matches!(&error, Error::Operation { doing, .. } if doing.starts_with("PUT ")),
        "{error:?}"
    );
}

#[tokio::test]
async fn throttling_is_waited_out_and_reported() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.fault(
        "GET",
        "/resourceGroups/rg",
        respond(429, Some(1), "TooManyRequests"),
    );
    let mut waits = Vec::new();
    let start = Instant::now();
    azure
        .client
        .send_watched(&azure.get(&group()), &mut |happening| waits.push(happening))
        .await
        .unwrap();
    assert!(
        start.elapsed() >= Duration::from_secs(1),
        "{:?}",
        start.elapsed()
    );
    assert!(
        matches!(waits.as_slice(), [Happening::Again(again)] if again.holds_realm),
        "{waits:?}"
    );
}

#[tokio::test]
async fn a_refusal_that_will_not_pass_is_told_at_once() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.fault(
        "PUT",
        "/networkSecurityGroups/",
        respond(403, None, "AuthorizationFailed"),
    );
    let before = azure.client.sent();
    let error = azure
        .write(&security_group("nsg"), rules())
        .await
        .unwrap_err();
    assert_eq!(azure.client.sent(), before + 1);
    assert_eq!(error.azure().unwrap().code, "AuthorizationFailed");
    assert!(error.azure().unwrap().request_id.is_some());
    assert!(error.hint().unwrap().contains("Contributor"));
}

#[tokio::test]
async fn a_broken_connection_is_mended_where_sending_twice_does_no_harm() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.fault("PUT", "/networkSecurityGroups/", Action::DropAfter);
    let id = security_group("nsg");
    azure
        .write(&id, json!({ "location": "westeurope", "properties": {} }))
        .await
        .unwrap();
    azure.client.send(&azure.get(&id)).await.unwrap();
}

#[tokio::test]
async fn a_create_whose_answer_is_lost_is_not_sent_again() {
    let azure = azure(|_| {}).await;
    azure.fault("POST", "/applications", Action::DropAfter);
    let error = azure
        .client
        .send(&azure.create_application("api"))
        .await
        .unwrap_err();
    let is_lost = matches!(
        error,
        Error::Unreachable {
            may_have_arrived: true,
            ..
        }
    );
    assert!(is_lost, "{error:?}");
    let found = azure
        .client
        .list(azure.graph(Directory::Identity, "applications", &[]))
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
}

#[tokio::test]
async fn the_two_directories_are_two() {
    let azure = azure(|_| {}).await;
    azure
        .client
        .send(&azure.create_application("api"))
        .await
        .unwrap();
    let count = async |directory| {
        azure
            .client
            .list(azure.graph(directory, "applications", &[]))
            .await
            .unwrap()
            .len()
    };
    assert_eq!(
        (
            count(Directory::Identity).await,
            count(Directory::Workforce).await
        ),
        (1, 0)
    );
}

#[tokio::test]
async fn lists_are_followed_from_page_to_page() {
    let azure = azure(|options| options.page_size = 2)
        .await
        .with_group()
        .await;
    for name in ["a", "b", "c", "d", "e"] {
        azure
            .write(
                &security_group(name),
                json!({ "location": "westeurope", "properties": {} }),
            )
            .await
            .unwrap();
    }
    let id = security_group("a");
    let url =
        azure
            .client
            .endpoints()
            .arm_url(id.collection(), kinds::of(&id).unwrap().api_version, &[]);
    let before = azure.client.sent();
    let items = azure
        .client
        .list(Request::get(Realm::Arm, url))
        .await
        .unwrap();
    let names: Vec<_> = items
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    assert_eq!(azure.client.sent(), before + 3);
}

#[tokio::test]
async fn reads_are_in_flight_together() {
    const LATENCY: Duration = Duration::from_millis(200);
    let azure = azure(|options| options.latency = LATENCY)
        .await
        .with_group()
        .await;
    let start = Instant::now();
    let request = azure.get(&group());
    let answers = join_all((0..32).map(|_| azure.client.send(&request))).await;
    assert!(answers.iter().all(Result::is_ok));
    assert!(
        start.elapsed() < 8 * LATENCY,
        "32 reads took {:?}",
        start.elapsed()
    );
}

fn resource(id: &ResourceId, body: Value) -> Resource {
    Resource {
        id: id.clone(),
        kind: kinds::of(id).unwrap(),
        wanted: Wanted::Body(Term::from(body)),
        depends_on: BTreeSet::new(),
        serves: BTreeSet::new(),
        source: At::new("", &Arc::from("spec.yaml"), 1, 1),
        protect: false,
    }
}

fn application() -> ResourceId {
    ResourceId::graph(Directory::Identity, "applications", "api")
}

fn small_graph() -> Graph {
    let principal = ResourceId::graph(Directory::Identity, "servicePrincipals", "api");
    let resources = vec![
        resource(
            &group(),
            json!({ "location": "westeurope", "tags": { "secgw": "orders" } }),
        ),
        resource(&security_group("nsg"), rules()),
        resource(
            &application(),
            json!({ "displayName": "api", "tags": ["secgw:orders/api"] }),
        ),
        resource(
            &principal,
            json!({ "appId": reference_to(&application(), "/appId") }),
        ),
    ];
    Graph::new("orders", resources).unwrap()
}

#[tokio::test]
async fn nothing_is_there_before_the_first_apply() {
    let azure = azure(|_| {}).await;
    let reading = read_live(&azure.client, &small_graph()).await;
    assert!(
        reading
            .live
            .resources
            .values()
            .all(|observed| *observed == Observed::Absent),
        "{reading:#?}"
    );
    assert_eq!(reading.live.resources.len(), 4);
    assert!(
        reading.live.unlisted.is_empty() && reading.live.orphans.is_empty(),
        "{reading:#?}"
    );
}

#[tokio::test]
async fn live_state_is_read_with_one_request_a_resource_in_as_few_rounds_as_keys_allow() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.write(&security_group("nsg"), rules()).await.unwrap();
    let made = azure
        .client
        .send(&azure.create_application("api"))
        .await
        .unwrap()
        .into_json()
        .unwrap();
    let url = azure
        .client
        .endpoints()
        .graph_url("v1.0", "servicePrincipals", &[]);
    let create = Request::post(
        Realm::Graph(Directory::Identity),
        url,
        Some(json!({ "appId": made["appId"] })),
    );
    azure.client.send(&create).await.unwrap();

    let graph = small_graph();
    let before = azure.client.sent();
    let reading = read_live(&azure.client, &graph).await;
    let present = |id: &ResourceId| {
        reading
            .live
            .get(id)
            .found()
            .unwrap_or_else(|| panic!("{id}: {reading:#?}"))
    };
    assert_eq!(
        present(&application()).object.as_deref(),
        made["id"].as_str()
    );
    for resource in graph.iter() {
        present(&resource.id);
    }
    assert_eq!(reading.levels, 2);
    assert_eq!(
        azure.client.sent() - before,
        (graph.len() + graph.listings().len()) as u64
    );
}

#[tokio::test]
async fn what_carries_our_mark_and_is_not_in_the_graph_is_an_orphan() {
    let azure = azure(|_| {}).await.with_group().await;
    let body = |owner: &str| json!({ "location": "westeurope", "tags": { "secgw": owner }, "properties": {} });
    azure
        .write(&security_group("old"), body("orders"))
        .await
        .unwrap();
    azure
        .write(&security_group("theirs"), body("payments"))
        .await
        .unwrap();
    azure
        .client
        .send(&azure.create_application("gone"))
        .await
        .unwrap();
    let reading = read_live(&azure.client, &small_graph()).await;
    let gone = ResourceId::graph(Directory::Identity, "applications", "gone");
    let orphans: Vec<_> = reading.live.orphans.keys().cloned().collect();
    assert_eq!(orphans, [security_group("old"), gone], "{reading:#?}");
}

#[tokio::test]
async fn a_403_is_unreadable_and_not_absent() {
    let azure = azure(|_| {}).await.with_group().await;
    azure.fault(
        "GET",
        "/networkSecurityGroups/nsg",
        respond(403, None, "AuthorizationFailed"),
    );
    azure.fault(
        "GET",
        "/resourceGroups/rg/resources",
        respond(403, None, "AuthorizationFailed"),
    );
    let reading = read_live(&azure.client, &small_graph()).await;
    let Observed::Unreadable(because) = reading.live.get(&security_group("nsg")) else {
        panic!("{reading:#?}")
    };
    assert_eq!(
        (because.status, because.code.as_str()),
        (Some(403), "AuthorizationFailed")
    );
    assert_eq!(reading.live.unlisted.len(), 1, "{reading:#?}");
}

#[tokio::test]
async fn without_a_sign_in_to_the_identity_tenant_its_objects_are_unreadable() {
    let azure = azure(|_| {}).await;
    let client = Client::new(
        &http(&azure.sandbox),
        Cloud::public(),
        &azure.signed_in,
        None,
        0.01,
    )
    .unwrap();
    let reading = read_live(&client, &small_graph()).await;
    let Observed::Unreadable(because) = reading.live.get(&application()) else {
        panic!("{reading:#?}")
    };
    assert_eq!(because.code, "NoIdentityTenant");
    assert_eq!(reading.live.get(&security_group("nsg")), &Observed::Absent);
}

#[tokio::test]
async fn the_metadata_of_a_user_flow_appears_with_the_flow() {
    let azure = azure(|_| {}).await;
    let address = format!(
        "https://orders.b2clogin.com/{IDENTITY}/B2C_1_signin/v2.0/.well-known/openid-configuration"
    );
    let fact = ResourceId::fact(&address);
    let mut metadata = resource(&fact, json!({}));
    metadata.wanted = Wanted::Given(Term::from(json!({})));
    let graph = Graph::new("orders", vec![metadata]).unwrap();
    assert_eq!(
        *read_live(&azure.client, &graph).await.live.get(&fact),
        Observed::Absent
    );

    let url = azure
        .client
        .endpoints()
        .graph_url("beta", "identity/b2cUserFlows", &[]);
    let flow = json!({ "id": "signin", "userFlowType": "signIn", "userFlowTypeVersion": 3 });
    let create = Request::post(Realm::Graph(Directory::Identity), url, Some(flow));
    azure.client.send(&create).await.unwrap();
    let live = read_live(&azure.client, &graph).await.live;
    let body = &live.get(&fact).found().unwrap().body;
    assert_eq!(
        body["issuer"],
        format!("https://orders.b2clogin.com/{IDENTITY}/v2.0/")
    );
}

#[tokio::test]
async fn a_wrong_secret_is_told_with_its_remedy() {
    let azure = azure(|_| {}).await;
    let said = json!({ "error": "invalid_client", "error_codes": [7_000_215],
        "error_description": "AADSTS7000215: Invalid client secret provided." });
    azure.fault(
        "POST",
        "/oauth2/v2.0/token",
        Action::Respond {
            status: 401,
            retry_after: None,
            body: said.clone(),
        },
    );
    let http = http(&azure.sandbox);
    let error = sign_in(&AuthSettings::sandbox(WORKFORCE), &http, Cloud::public())
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("AADSTS7000215: Invalid client secret provided."),
        "{error}"
    );
    assert!(error.hint().unwrap().contains("the secret's value"));

    // The identity tenant signs in with its first request.
    azure.fault(
        "POST",
        "/oauth2/v2.0/token",
        Action::Respond {
            status: 401,
            retry_after: None,
            body: said,
        },
    );
    let error = azure
        .client
        .send(&azure.graph(Directory::Identity, "applications", &[]))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "NoToken");
    assert!(
        error.hint().unwrap().contains("the secret's value"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_sign_in_that_lacks_a_part_is_refused_before_anything_is_sent() {
    let azure = azure(|_| {}).await;
    let elsewhere = AuthSettings {
        client_id: None,
        ..AuthSettings::sandbox(WORKFORCE)
    };
    let error = sign_in(&elsewhere, &http(&azure.sandbox), Cloud::public())
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "signing in with a client secret needs a client id"
    );
}

//! The way out: sends requests, repeats what is worth repeating, waits for operations, follows pages.
//!
//! Decisions are in `retry` and `operation`; this module waits and sends. Dropping a future stops it between two
//! requests or in one; Azure then goes on by itself with what it was told, and the next run picks it up.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use azure_core::credentials::TokenCredential;
use azure_core::error::ErrorKind;
use azure_core::http::headers::{ACCEPT, CONTENT_TYPE, IF_MATCH};
use azure_core::http::{Context, Method, Pipeline, PipelineSendOptions};
use serde_json::Value;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::Instant;
use uuid::Uuid;

use super::auth::SignIn;
use super::cloud::{Cloud, Endpoints};
use super::error::Error;
use super::operation::{Begun, Completion, Operation, Progress, Step};
use super::pipeline::{IN_FLIGHT, PooledClient};
use super::request::{Request, Verb};
use super::response::{AzureError, Response};
use super::retry::{self, Again, Broken, Tries, Wait};
use crate::resource::{Directory, Realm};

/// What azurerm allows an API Management service, the slowest of all (domain.md A.1).
pub const OPERATION_LIMIT: Duration = Duration::from_hours(3);

/// Something to tell the reader while a request or an operation takes its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Happening {
    /// The request failed in a way that passes, and is sent again after the wait.
    Again(Again),
    /// A poll said how far the operation is.
    Operation(Progress),
}

pub type Watch<'a> = dyn FnMut(Happening) + Send + 'a;

#[derive(Clone)]
pub struct Client(Arc<Inner>);

struct Inner {
    endpoints: Endpoints,
    arm: Pipeline,
    workforce: Pipeline,
    identity: Option<Pipeline>,
    public: Pipeline,
    in_flight: Semaphore,
    /// No request of a realm is sent before this: set by throttling, for ARM, workforce, identity, facts.
    held_until: [Mutex<Option<Instant>>; 4],
    /// Factor on our own waits (never on the server's): 1 against Azure.
    pace: f64,
    /// Groups the requests of one run in Azure's activity log.
    correlation: Uuid,
    sent: AtomicU64,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client")
            .field("endpoints", &self.0.endpoints)
            .finish_non_exhaustive()
    }
}

impl Client {
    pub fn new(
        http: &PooledClient,
        cloud: &Cloud,
        sign_in: &SignIn,
        identity: Option<Arc<dyn TokenCredential>>,
        pace: f64,
    ) -> Result<Self, Error> {
        let signed =
            |credential: Arc<dyn TokenCredential>, scope| http.pipeline(Some((credential, scope)));
        Ok(Self(Arc::new(Inner {
            endpoints: cloud.endpoints()?,
            arm: signed(sign_in.credential.clone(), cloud.arm_scope()),
            workforce: signed(sign_in.credential.clone(), cloud.graph_scope()),
            identity: identity.map(|credential| signed(credential, cloud.graph_scope())),
            public: http.pipeline(None),
            in_flight: Semaphore::new(IN_FLIGHT),
            held_until: Default::default(),
            pace,
            correlation: Uuid::new_v4(),
            sent: AtomicU64::new(0),
        })))
    }

    /// What request addresses are built on.
    pub fn endpoints(&self) -> &Endpoints {
        &self.0.endpoints
    }

    /// Requests sent so far, repeated ones included.
    pub fn sent(&self) -> u64 {
        self.0.sent.load(Ordering::Relaxed)
    }

    pub async fn send(&self, request: &Request) -> Result<Response, Error> {
        self.send_watched(request, &mut |_| {}).await
    }

    /// Sends until it succeeds, fails for good, or patience ends.
    pub async fn send_watched(
        &self,
        request: &Request,
        watch: &mut Watch<'_>,
    ) -> Result<Response, Error> {
        self.check_address(request)?;
        let mut tries = Tries::default();
        loop {
            let id = Uuid::new_v4();
            let again = match self.send_once(request, id).await {
                Ok(response) if response.is_success() => return Ok(response),
                Ok(response) => {
                    let mut error = AzureError::parse(&response);
                    error.request_id.get_or_insert_with(|| id.to_string());
                    retry::after_error(request, &error, tries).ok_or_else(|| Error::Refused {
                        doing: request.to_string(),
                        error: Box::new(error),
                    })?
                }
                Err(Failure::Setup(error)) => return Err(error),
                Err(Failure::Pipeline(error)) => again_after_break(request, error, tries)?,
            };
            watch(Happening::Again(again));
            self.wait_again(request.realm, again).await;
            tries = tries.after(again);
        }
    }

    /// Follows `nextLink` (ARM) and `@odata.nextLink` (Graph) to the end.
    pub async fn list(&self, first: Request) -> Result<Vec<Value>, Error> {
        let mut items = Vec::new();
        let mut next = Some(first);
        while let Some(request) = next {
            let page = self.send(&request).await?.into_json();
            next = turn_page(&request, page, &mut items)?;
        }
        Ok(items)
    }

    /// What an address answers that is either one object or a list.
    pub async fn find(&self, request: &Request) -> Result<Vec<Value>, Error> {
        let page = self.send(request).await?.into_json();
        if let Some(object) = page
            .as_ref()
            .filter(|page| page.get("value").is_none_or(|value| !value.is_array()))
        {
            return Ok(vec![object.clone()]);
        }
        let mut items = Vec::new();
        if let Some(next) = turn_page(request, page, &mut items)? {
            items.extend(self.list(next).await?);
        }
        Ok(items)
    }

    /// Sends a write and says whether Azure is still at work on it.
    pub async fn start(&self, request: &Request, watch: &mut Watch<'_>) -> Result<Begun, Error> {
        let response = self.send_watched(request, watch).await?;
        Ok(Operation::begin(request, response))
    }

    /// Polls to the end. `doing` names the change in errors.
    pub async fn finish(
        &self,
        mut operation: Box<Operation>,
        doing: &str,
        watch: &mut Watch<'_>,
    ) -> Result<Completion, Error> {
        loop {
            let wait = operation.wait();
            let waited = operation.progress().waited;
            if waited + wait.nominal() > OPERATION_LIMIT {
                return Err(Error::TooLong {
                    doing: doing.to_owned(),
                    waited,
                });
            }
            watch(Happening::Operation(operation.progress()));
            self.sleep(wait).await;
            operation.note_wait(wait.nominal());
            let answer = match self.send_watched(&operation.poll(), watch).await {
                Ok(response) => Ok(response),
                Err(Error::Refused { error, .. }) => Err(*error),
                Err(other) => return Err(other),
            };
            match operation.advance(answer) {
                Step::Running => {}
                Step::Done(completion) => return Ok(completion),
                Step::Failed(error) => {
                    return Err(Error::Operation {
                        doing: doing.to_owned(),
                        error: Box::new(error),
                    });
                }
            }
        }
    }

    /// A write to its end.
    pub async fn run(&self, request: &Request, watch: &mut Watch<'_>) -> Result<Completion, Error> {
        match self.start(request, watch).await? {
            Begun::Done(completion) => Ok(completion),
            Begun::Running(operation) => self.finish(operation, &request.to_string(), watch).await,
        }
    }

    fn check_address(&self, request: &Request) -> Result<(), Error> {
        let endpoints = &self.0.endpoints;
        if endpoints.owns(request.realm, &request.url) {
            return Ok(());
        }
        let expected = match request.realm {
            Realm::Arm => endpoints.arm.to_string(),
            Realm::Graph(_) => endpoints.graph.to_string(),
            Realm::Fact => "https".to_owned(),
        };
        Err(Error::ForeignAddress {
            doing: request.to_string(),
            expected,
        })
    }

    fn pipeline(&self, realm: Realm) -> Result<&Pipeline, Error> {
        match realm {
            Realm::Arm => Ok(&self.0.arm),
            Realm::Graph(Directory::Workforce) => Ok(&self.0.workforce),
            Realm::Graph(Directory::Identity) => {
                self.0.identity.as_ref().ok_or(Error::NoIdentityTenant)
            }
            Realm::Fact => Ok(&self.0.public),
        }
    }

    async fn send_once(&self, request: &Request, id: Uuid) -> Result<Response, Failure> {
        let pipeline = self.pipeline(request.realm).map_err(Failure::Setup)?;
        let mut message = message(request, id, self.0.correlation).map_err(Failure::Setup)?;
        self.wait_held(request.realm).await;
        let permit = self.0.in_flight.acquire().await;
        self.0.sent.fetch_add(1, Ordering::Relaxed);
        let options = PipelineSendOptions {
            skip_checks: true,
            ..Default::default()
        };
        let answer = pipeline
            .send(&Context::new(), &mut message, Some(options))
            .await;
        drop(permit);
        let (status, headers, body) = answer.map_err(Failure::Pipeline)?.deconstruct();
        let headers = headers
            .iter()
            .map(|(name, value)| (name.as_str().to_owned(), value.as_str().to_owned()));
        let response = Response::new(u16::from(status), headers, &body);
        self.mind_budget(request.realm, &response).await;
        Ok(response)
    }

    /// Slows a realm down before Azure does: its budgets refill every second.
    async fn mind_budget(&self, realm: Realm, response: &Response) {
        if response
            .remaining_budget()
            .is_some_and(|budget| budget < IN_FLIGHT as u64)
        {
            self.hold(realm, Wait::Ours(Duration::from_secs(1))).await;
        }
    }

    async fn wait_again(&self, realm: Realm, again: Again) {
        if again.holds_realm {
            self.hold(realm, again.wait).await;
        }
        self.sleep(again.wait).await;
    }

    async fn hold(&self, realm: Realm, wait: Wait) {
        let until = Instant::now() + self.scaled(wait);
        let mut held = self.held_until(realm).lock().await;
        *held = Some(held.map_or(until, |other| other.max(until)));
    }

    async fn wait_held(&self, realm: Realm) {
        let until = *self.held_until(realm).lock().await;
        if let Some(until) = until {
            tokio::time::sleep_until(until).await;
        }
    }

    fn held_until(&self, realm: Realm) -> &Mutex<Option<Instant>> {
        let index = match realm {
            Realm::Arm => 0,
            Realm::Graph(Directory::Workforce) => 1,
            Realm::Graph(Directory::Identity) => 2,
            Realm::Fact => 3,
        };
        &self.0.held_until[index]
    }

    async fn sleep(&self, wait: Wait) {
        tokio::time::sleep(self.scaled(wait)).await;
    }

    fn scaled(&self, wait: Wait) -> Duration {
        match wait {
            Wait::Told(wait) => wait,
            Wait::Ours(wait) => wait.mul_f64(self.0.pace),
        }
    }
}

/// Why there is no response.
enum Failure {
    Setup(Error),
    Pipeline(azure_core::Error),
}

/// Takes the items of a page and makes the request of the next one.
fn turn_page(
    request: &Request,
    page: Option<Value>,
    items: &mut Vec<Value>,
) -> Result<Option<Request>, Error> {
    let malformed = |why: &str| Error::Malformed {
        doing: request.to_string(),
        why: why.to_owned(),
    };
    let Some(Value::Object(mut page)) = page else {
        return Err(malformed("the list is no JSON object"));
    };
    let Some(Value::Array(values)) = page.remove("value") else {
        return Err(malformed("the list has no `value`"));
    };
    items.extend(values);
    let link = ["nextLink", "@odata.nextLink"]
        .iter()
        .find_map(|name| page.get(*name)?.as_str());
    let Some(link) = link.filter(|link| !link.is_empty()) else {
        return Ok(None);
    };
    let url = request
        .url
        .join(link)
        .map_err(|_| malformed("the link to the next page is no address"))?;
    Ok(Some(Request {
        url,
        ..request.clone()
    }))
}

fn again_after_break(
    request: &Request,
    source: azure_core::Error,
    tries: Tries,
) -> Result<Again, Error> {
    let doing = request.to_string();
    let broken = match source.kind() {
        ErrorKind::Connection => Broken::BeforeSending,
        ErrorKind::Credential => return Err(Error::Token { doing, source }),
        _ => Broken::Underway,
    };
    let may_have_arrived = broken == Broken::Underway && !request.reads;
    retry::after_break(request, broken, tries).ok_or(Error::Unreachable {
        doing,
        may_have_arrived,
        source,
    })
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Get => Method::Get,
        Verb::Head => Method::Head,
        Verb::Put => Method::Put,
        Verb::Patch => Method::Patch,
        Verb::Post => Method::Post,
        Verb::Delete => Method::Delete,
    }
}

fn message(
    request: &Request,
    id: Uuid,
    correlation: Uuid,
) -> Result<azure_core::http::Request, Error> {
    let mut message = azure_core::http::Request::new(request.url.clone(), method(request.verb));
    message.insert_header(ACCEPT, "application/json");
    message.insert_header("x-ms-correlation-request-id", correlation.to_string());
    let id_header = match request.realm {
        Realm::Arm | Realm::Fact => "x-ms-client-request-id",
        Realm::Graph(_) => "client-request-id",
    };
    message.insert_header(id_header, id.to_string());
    if let Some(etag) = &request.if_match {
        message.insert_header(IF_MATCH, etag.clone());
    }
    if let Some(body) = &request.body {
        let malformed = |error: serde_json::Error| Error::Malformed {
            doing: request.to_string(),
            why: error.to_string(),
        };
        message.insert_header(CONTENT_TYPE, "application/json");
        message.set_body(serde_json::to_vec(body).map_err(malformed)?);
    }
    Ok(message)
}

//! The TLS server: bytes in, [`Request`], [`Response`], bytes out.
//!
//! One lock around the world, held only while a request is answered, never across an await: answering is a lookup and
//! at most one line to a file. Simulated latency is slept outside it.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::{Body as HttpBody, Bytes};
use axum::http;
use hyper::body::Incoming;
use time::OffsetDateTime;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{JoinHandle, JoinSet};
use uuid::Uuid;

use super::activity::Activity;
use super::arm::catalogue::Catalogue;
use super::certificate::{Authority, CertificateError, Leaves};
use super::connection::{self, Arrival, Doors};
use super::data_plane::tls::{self, Posture};
use super::data_plane::{self, Call, Plane, Reply};
use super::entra::{Issuer, KeyError};
use super::fault::{Action, Faults};
use super::message::{Body, Method, Request, Response};
use super::record::Log;
use super::rights::Rights;
use super::route;
use super::store::{Store, StoreError};
use super::world::World;

/// Larger than any body Azure takes from these APIs.
const BODY_LIMIT: usize = 16 * 1024 * 1024;
const FAULT_PATH: &str = "/.sandbox/faults";

#[derive(Debug, Clone)]
pub struct Options {
    /// State, keys and certificates; made when it is not there.
    pub dir: PathBuf,
    /// Port 0 picks a free one.
    pub listen: SocketAddr,
    /// Added to every answer.
    pub latency: Duration,
    /// How long operations take, as a fraction (0 to 1) of Azure's documented times.
    pub operation_scale: f64,
    /// Members per page of a list.
    pub page_size: usize,
    /// Traffic log.
    pub record: Option<PathBuf>,
}

impl Options {
    /// In `dir`, on a free port of loopback, as fast as it can.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self {
            dir: dir.into(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            latency: Duration::ZERO,
            operation_scale: 0.0,
            page_size: 100,
            record: None,
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error("the sandbox cannot listen on {address}")]
    Listen {
        address: SocketAddr,
        source: io::Error,
    },
    #[error("the sandbox cannot write its traffic log {}", path.display())]
    Record { path: PathBuf, source: io::Error },
    #[error("the sandbox cannot use its activity log in {}", path.display())]
    Activity { path: PathBuf, source: io::Error },
    #[error("the sandbox cannot read {}", path.display())]
    Faults { path: PathBuf, source: io::Error },
    #[error("the sandbox cannot read {}", path.display())]
    Rights { path: PathBuf, source: io::Error },
    #[error("a behaviour row of the sandbox is malformed: {0}")]
    Row(String),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// A sandbox that answers. Dropping it stops it; [`Running::stop`] also waits until its directory is free.
#[derive(Debug)]
pub struct Running {
    address: SocketAddr,
    ca_pem: String,
    hosts: Vec<String>,
    faults: Faults,
    rights: Rights,
    server: Arc<Server>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Running {
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The only root a client of this sandbox should trust.
    pub fn ca_pem(&self) -> &str {
        &self.ca_pem
    }

    /// Hosts that were deployed when it started, each once.
    pub fn hosts(&self) -> &[String] {
        &self.hosts
    }

    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    pub fn rights(&self) -> &Rights {
        &self.rights
    }

    /// Between two requests.
    pub(super) fn world<T>(&self, work: impl FnOnce(&mut World) -> T) -> T {
        let world = self.server.world.lock();
        work(&mut world.unwrap_or_else(PoisonError::into_inner))
    }

    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the sandbox stopped badly");
        }
    }
}

pub(super) struct Server {
    issuer: Issuer,
    world: Mutex<World>,
    log: Option<Mutex<Log>>,
    faults: Faults,
    latency: Duration,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

pub async fn start(options: Options) -> Result<Running, StartError> {
    let now = OffsetDateTime::now_utc();
    let store = Store::open(&options.dir)?;
    let authority = Authority::open(&options.dir, now)?;
    let ca_pem = authority.pem.clone();
    let faults = Faults::read(&options.dir).map_err(|source| StartError::Faults {
        path: options.dir.join("faults.json"),
        source,
    })?;
    let rights = Rights::read(&options.dir).map_err(|source| StartError::Rights {
        path: options.dir.join("rights.json"),
        source,
    })?;
    let log = options.record.as_ref().map(|path| {
        Log::open(path)
            .map(Mutex::new)
            .map_err(|source| StartError::Record {
                path: path.clone(),
                source,
            })
    });
    let listen = |source| StartError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let doors = Doors::new(Leaves::new(authority, address.ip(), now)?)?;
    let hosts = data_plane::all_hosts(&store);
    let catalogue = Catalogue::read().map_err(StartError::Row)?;
    let activity = Activity::open(&options.dir).map_err(|source| StartError::Activity {
        path: options.dir.clone(),
        source,
    })?;
    let world = World {
        activity,
        rights: rights.clone(),
        operation_scale: options.operation_scale.clamp(0.0, 1.0),
        page_size: options.page_size.max(1),
        ..World::new(catalogue, store, now)
    };
    let server = Arc::new(Server {
        issuer: Issuer::open(&options.dir)?,
        world: Mutex::new(world),
        log: log.transpose()?,
        faults: faults.clone(),
        latency: options.latency,
    });
    let (stop, stopped) = watch::channel(false);
    let task = tokio::spawn(accept(
        listener,
        Arc::new(doors),
        Arc::clone(&server),
        stopped,
    ));
    Ok(Running {
        address,
        ca_pem,
        hosts,
        faults,
        rights,
        server,
        stop,
        task,
    })
}

/// `secgw sandbox serve`: starts, tells `ready`, and answers until `until`.
pub async fn serve(
    options: Options,
    ready: impl FnOnce(&Running),
    until: impl Future<Output = ()>,
) -> Result<(), StartError> {
    let running = start(options).await?;
    ready(&running);
    until.await;
    running.stop().await;
    Ok(())
}

async fn accept(
    listener: TcpListener,
    doors: Arc<Doors>,
    server: Arc<Server>,
    mut stopped: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection::serve(stream, peer.ip(), Arc::clone(&doors), Arc::clone(&server)));
                }
                Err(error) => tracing::debug!(%error, "a connection to the sandbox failed"),
            },
        }
    }
    connections.shutdown().await;
}

/// The connection ends without an answer: a fault asked for it, or a network rule of the deployed gateway.
#[derive(Debug, thiserror::Error)]
#[error("ended without an answer")]
pub(super) struct Dropped;

pub(super) async fn exchange(
    server: &Server,
    request: http::Request<Incoming>,
    arrival: &Arrival,
) -> Result<http::Response<HttpBody>, Dropped> {
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(HttpBody::new(body), BODY_LIMIT).await else {
        return Ok(bytes(&Request::default(), Response::empty(413)));
    };
    let request = read(&parts, &body);
    let call = arrival.call(&parts, &body);
    let is_deployed = server.deploys(call.led_to());
    if request.path == FAULT_PATH && arrival.peer.is_loopback() && !is_deployed {
        return Ok(bytes(&request, server.faults.handle(&request)));
    }
    let fault = server.faults.strike(&request);
    if !server.latency.is_zero() {
        tokio::time::sleep(server.latency).await;
    }
    match (is_deployed, &fault) {
        (true, None) => server.reply(&request, call),
        (false, _) if arrival.tls.is_none() => Err(Dropped),
        (true, Some(_)) | (false, _) => {
            let response = server.answer(&request, fault.as_ref())?;
            Ok(bytes(&request, response))
        }
    }
}

impl Server {
    /// Whether a host is the data plane's.
    pub(super) fn deploys(&self, host: &str) -> bool {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        data_plane::is_deployed(&world.store, host)
    }

    /// How a deployed host answers a handshake; none: it is the control plane's.
    pub(super) fn posture(&self, host: &str) -> Option<Posture> {
        let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        tls::posture(&world.store, host)
    }

    /// A call to the deployed gateway.
    fn reply(&self, request: &Request, call: Call) -> Result<http::Response<HttpBody>, Dropped> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.now = OffsetDateTime::now_utc();
        let World {
            store,
            counters,
            now,
            ..
        } = &mut *world;
        let mut plane = Plane {
            store,
            issuer: &self.issuer,
            now: *now,
            counters,
        };
        let is_head = call.method == "HEAD";
        let reply = plane.send(call);
        let made = std::mem::take(&mut counters.writes);
        if let Err(error) = store.commit(made) {
            tracing::warn!(%error, "the sandbox cannot store an account");
            return Ok(carried(Reply::empty(500), is_head));
        }
        self.write(|log| log.write_call(request, &reply));
        if reply.is_closed() {
            return Err(Dropped);
        }
        Ok(carried(reply, is_head))
    }

    /// Requests are answered and logged one at a time: the log is the order in which they took effect.
    fn answer(&self, request: &Request, fault: Option<&Action>) -> Result<Response, Dropped> {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let response = match fault {
            Some(Action::DropBefore) => return Err(Dropped),
            Some(Action::AbortBefore) => std::process::abort(),
            Some(Action::Respond {
                status,
                retry_after,
                body,
            }) => asked_for(*status, *retry_after, body),
            Some(Action::DropAfter | Action::AbortAfter | Action::FailOperation) | None => {
                world.now = OffsetDateTime::now_utc();
                world.fails_operation = fault == Some(&Action::FailOperation);
                common(request, route::answer(&mut world, &self.issuer, request))
            }
        };
        self.write(|log| log.write(request, &response));
        match fault {
            Some(Action::AbortAfter) => std::process::abort(),
            Some(Action::DropAfter) => Err(Dropped),
            Some(
                Action::Respond { .. }
                | Action::DropBefore
                | Action::AbortBefore
                | Action::FailOperation,
            )
            | None => Ok(response),
        }
    }

    fn write(&self, line: impl FnOnce(&mut Log) -> io::Result<()>) {
        let Some(log) = &self.log else {
            return;
        };
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = line(&mut log) {
            tracing::warn!(%error, "the sandbox cannot write its traffic log");
        }
    }
}

fn asked_for(status: u16, retry_after: Option<u32>, body: &serde_json::Value) -> Response {
    let mut response = Response::empty(status);
    if !body.is_null() {
        response.body = Body::Json(body.clone());
    }
    match retry_after {
        Some(seconds) => response.with("Retry-After", seconds.to_string()),
        None => response,
    }
}

/// What every answer of Azure carries.
fn common(request: &Request, response: Response) -> Response {
    let id = Uuid::new_v4().to_string();
    let correlation = request
        .header("x-ms-correlation-request-id")
        .map_or_else(|| id.clone(), str::to_owned);
    let (limit, left) = match request.method {
        Method::Get | Method::Head | Method::Other => (
            "x-ms-ratelimit-remaining-subscription-global-reads",
            "16499",
        ),
        Method::Put | Method::Patch | Method::Post => (
            "x-ms-ratelimit-remaining-subscription-global-writes",
            "11999",
        ),
        Method::Delete => (
            "x-ms-ratelimit-remaining-subscription-global-deletes",
            "11999",
        ),
    };
    let is_terminal = !response
        .headers
        .iter()
        .any(|(name, _)| ["Azure-AsyncOperation", "Location"].contains(name));
    let response = match request.method {
        // Without it azurerm waits ten seconds before it believes that a write is done.
        Method::Put | Method::Patch | Method::Post if is_terminal => {
            response.with("X-Go-Azure-Sdk-Skip-Polling-Delay", "true")
        }
        _ => response,
    };
    response
        .with(limit, left)
        .with("x-ms-request-id", id)
        .with("x-ms-correlation-request-id", correlation)
        .with("Cache-Control", "no-cache")
        .with("X-Content-Type-Options", "nosniff")
        .with(
            "Strict-Transport-Security",
            "max-age=31536000; includeSubDomains",
        )
}

fn read(parts: &http::request::Parts, body: &[u8]) -> Request {
    let header = |name: &str| {
        parts
            .headers
            .get(name)
            .and_then(|value| value.to_str().ok())
    };
    let host = parts
        .uri
        .authority()
        .map(http::uri::Authority::as_str)
        .or_else(|| header("host"))
        .unwrap_or_default();
    let query = parts.uri.query().unwrap_or_default();
    Request {
        method: Method::parse(parts.method.as_str()),
        host: host.to_lowercase(),
        path: decoded(parts.uri.path()),
        query: url::form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect(),
        headers: parts
            .headers
            .iter()
            .filter_map(|(name, value)| {
                Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned()))
            })
            .collect(),
        body: body.to_vec(),
    }
}

/// Percent-decoding of a path; a plus stays a plus.
pub(crate) fn decoded(path: &str) -> String {
    let kept = path.replace('+', "%2B");
    url::form_urlencoded::parse(format!("p={kept}").replace('&', "%26").as_bytes())
        .next()
        .map_or_else(|| path.to_owned(), |(_, path)| path.into_owned())
}

fn bytes(request: &Request, response: Response) -> http::Response<HttpBody> {
    let (content_type, body) = match response.body {
        Body::Empty => (None, Bytes::new()),
        Body::Json(body) => (
            Some("application/json; charset=utf-8"),
            body.to_string().into(),
        ),
    };
    let mut builder = http::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    if let Some(content_type) = content_type {
        builder = builder.header("Content-Type", content_type);
    }
    let body = match request.method {
        Method::Head => Bytes::new(),
        _ => body,
    };
    builder.body(HttpBody::from(body)).unwrap_or_else(|error| {
        tracing::warn!(%error, "the sandbox made an answer that HTTP cannot carry");
        http::Response::new(HttpBody::empty())
    })
}

/// A reply of the data plane, as it is.
fn carried(reply: Reply, is_head: bool) -> http::Response<HttpBody> {
    let mut builder = http::Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        builder = builder.header(name, value);
    }
    let body = if is_head { Vec::new() } else { reply.body };
    builder.body(HttpBody::from(body)).unwrap_or_else(|error| {
        tracing::warn!(%error, "the sandbox made an answer that HTTP cannot carry");
        http::Response::new(HttpBody::empty())
    })
}

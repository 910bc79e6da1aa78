//! HTTP/1.1 by hand over verified TLS [IO]: an attacker's client has to send what well-behaved ones refuse to.
//!
//! One connection a request, every byte as the probe wants it. The server's certificate is always verified; a user's
//! token leaves over TLS and to hosts of the target alone. How many requests there may be, and how fast, is bounded
//! here, so that no probe can forget it.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, RootCertStore, SupportedProtocolVersion};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::TlsConnector;

use super::message::{Reply, Request, Scheme, Trouble};
use crate::azure::Route;

const CONNECTING: Duration = Duration::from_secs(10);
const ANSWERING: Duration = Duration::from_secs(30);
/// Nothing that is looked for stands further back in an answer.
const LONGEST_ANSWER: usize = 256 * 1024;
/// Between two requests to the Internet: twenty a second are no attack on anybody's capacity.
const PACE: Duration = Duration::from_millis(50);
/// A certificate that has less left will run out before somebody looks again.
pub(super) const LEAST_VALIDITY: Duration = Duration::from_hours(30 * 24);

#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("cannot read the certificate authority: {0}")]
    Certificate(String),
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}

/// The way to the deployment.
#[derive(Debug)]
pub struct Wire {
    verifier: Arc<dyn ServerCertVerifier>,
    /// Every name leads there; none: DNS says.
    everywhere: Option<SocketAddr>,
    /// The address that calls come from, where it matters.
    from: Option<IpAddr>,
    left: AtomicU32,
    sent: AtomicU32,
    /// More were wanted than there might be.
    was_short: AtomicBool,
    next: Mutex<Instant>,
    /// Hosts that a user's token may go to.
    trusted: Vec<String>,
}

impl Wire {
    /// `most`: how many requests may be sent.
    pub fn new(route: &Route, most: u32) -> Result<Self, WireError> {
        let (everywhere, verifier) = match route {
            Route::Internet { extra_roots } => (None, of_the_system(extra_roots)?),
            Route::Loopback { address, ca } => {
                let mut roots = RootCertStore::empty();
                for root in certificates(ca)? {
                    roots.add(root)?;
                }
                let verifier = rustls::client::WebPkiServerVerifier::builder_with_provider(
                    Arc::new(roots),
                    provider(),
                );
                let verifier = verifier
                    .build()
                    .map_err(|error| WireError::Certificate(error.to_string()))?;
                let verifier: Arc<dyn ServerCertVerifier> = verifier;
                (Some(*address), verifier)
            }
        };
        Ok(Self {
            verifier,
            everywhere,
            from: None,
            left: AtomicU32::new(most),
            sent: AtomicU32::new(0),
            was_short: AtomicBool::new(false),
            next: Mutex::new(Instant::now()),
            trusted: Vec::new(),
        })
    }

    /// Lets a user's token go to these hosts.
    #[must_use]
    pub fn trusting(mut self, hosts: impl IntoIterator<Item = String>) -> Self {
        self.trusted.extend(hosts);
        self
    }

    /// Calls come from this address of the machine: to the sandbox, each of loopback's is somebody else.
    #[must_use]
    pub fn from(mut self, address: IpAddr) -> Self {
        self.from = Some(address);
        self
    }

    pub(super) fn sent(&self) -> u32 {
        self.sent.load(Ordering::Relaxed)
    }

    pub(super) fn was_short(&self) -> bool {
        self.was_short.load(Ordering::Relaxed)
    }

    /// How many requests are left, where that is fewer than these.
    pub(super) fn lacks(&self, count: u32) -> Option<u32> {
        let left = self.left.load(Ordering::Relaxed);
        let is_short = left < count;
        self.was_short.fetch_or(is_short, Ordering::Relaxed);
        is_short.then_some(left)
    }

    /// Whether this is the sandbox, whose addresses and ports are not those of the Internet.
    pub(super) fn is_sandbox(&self) -> bool {
        self.everywhere.is_some()
    }

    pub(super) async fn send(&self, request: &Request) -> Result<Reply, Trouble> {
        let is_trusted = self.trusted.contains(&request.host) && request.scheme == Scheme::Https;
        if request.is_private && !is_trusted {
            return Err(Trouble::Withheld);
        }
        self.take().await?;
        let port = match request.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        let stream = self.connect(&request.host, port).await?;
        let bytes = request.bytes();
        let answer = match request.scheme {
            Scheme::Http => timeout(ANSWERING, converse(stream, &bytes, request)).await,
            Scheme::Https => {
                let stream = self
                    .secure(stream, &request.host, rustls::ALL_VERSIONS)
                    .await?;
                timeout(ANSWERING, converse(stream, &bytes, request)).await
            }
        };
        answer.map_err(|_| Trouble::Silent)?
    }

    /// A handshake alone; the certificate must be good now and after `LEAST_VALIDITY`.
    pub(super) async fn handshake(
        &self,
        host: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<(), Trouble> {
        self.take().await?;
        let stream = self.connect(host, 443).await?;
        let stream = self.secure(stream, host, versions).await?;
        let (_, session) = stream.get_ref();
        let Some([leaf, rest @ ..]) = session.peer_certificates() else {
            return Err(Trouble::Handshake("no certificate was shown".to_owned()));
        };
        let later = UnixTime::now().as_secs() + LEAST_VALIDITY.as_secs();
        let later = UnixTime::since_unix_epoch(Duration::from_secs(later));
        self.verifier
            .verify_server_cert(leaf, rest, &named(host)?, &[], later)
            .map(|_| ())
            .map_err(|error| Trouble::Certificate(format!("in 30 days: {error}")))
    }

    /// Bytes of its own on a fresh connection, and what comes back first.
    pub(super) async fn raw(&self, host: &str, bytes: &[u8]) -> Result<Vec<u8>, Trouble> {
        self.take().await?;
        let mut stream = self.connect(host, 443).await?;
        let mut answer = Vec::new();
        let exchange = async {
            stream.write_all(bytes).await?;
            let mut buffer = [0; 1024];
            // Eleven bytes tell an alert from a ServerHello with its version.
            while answer.len() < 96 {
                match stream.read(&mut buffer).await? {
                    0 => break,
                    count => answer.extend_from_slice(&buffer[..count]),
                }
                if answer.first() == Some(&0x15) && answer.len() >= 7 {
                    break;
                }
            }
            Ok::<_, std::io::Error>(())
        };
        match timeout(CONNECTING, exchange).await {
            Err(_) => Err(Trouble::Silent),
            // A reset after an alert is how many servers close.
            Ok(_) => Ok(answer),
        }
    }

    /// Counts a request, and waits until it may go.
    async fn take(&self) -> Result<(), Trouble> {
        let taken = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            });
        if taken.is_err() {
            self.was_short.store(true, Ordering::Relaxed);
            return Err(Trouble::Spent);
        }
        self.sent.fetch_add(1, Ordering::Relaxed);
        if self.everywhere.is_none() {
            let mut next = self.next.lock().await;
            let at = (*next).max(Instant::now());
            *next = at + PACE;
            drop(next);
            sleep_until(at).await;
        }
        Ok(())
    }

    /// Once more where the connection fails: nothing has been said on it yet.
    async fn connect(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        match self.connect_once(host, port).await {
            Err(_) => self.connect_once(host, port).await,
            connected => connected,
        }
    }

    async fn connect_once(&self, host: &str, port: u16) -> Result<TcpStream, Trouble> {
        let address = match self.everywhere {
            Some(address) => address,
            None => tokio::net::lookup_host((host, port))
                .await
                .ok()
                .and_then(|mut found| found.next())
                .ok_or(Trouble::Unknown)?,
        };
        let connecting = async {
            let socket = match address {
                SocketAddr::V4(_) => TcpSocket::new_v4()?,
                SocketAddr::V6(_) => TcpSocket::new_v6()?,
            };
            if let Some(from) = self.from {
                socket.bind(SocketAddr::new(from, 0))?;
            }
            let stream = socket.connect(address).await?;
            stream.set_nodelay(true)?;
            Ok::<_, std::io::Error>(stream)
        };
        match timeout(CONNECTING, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(Trouble::Refused(error.to_string())),
            Err(_) => Err(Trouble::Silent),
        }
    }

    async fn secure(
        &self,
        stream: TcpStream,
        host: &str,
        versions: &[&'static SupportedProtocolVersion],
    ) -> Result<tokio_rustls::client::TlsStream<TcpStream>, Trouble> {
        let config = ClientConfig::builder_with_provider(provider())
            .with_protocol_versions(versions)
            .map_err(|error| Trouble::Handshake(error.to_string()))?
            .dangerous()
            // The verifier is the system's own, or the one of the sandbox's authority: shared, never weakened.
            .with_custom_certificate_verifier(Arc::clone(&self.verifier))
            .with_no_client_auth();
        let connector = TlsConnector::from(Arc::new(config));
        match timeout(ANSWERING, connector.connect(named(host)?, stream)).await {
            Err(_) => Err(Trouble::Silent),
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(refusal(&error)),
        }
    }
}

/// Why there was no handshake: an end without a word is another thing than a refusal.
fn refusal(error: &std::io::Error) -> Trouble {
    let inner = error.get_ref();
    match inner.and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
        Some(rustls::Error::InvalidCertificate(error)) => Trouble::Certificate(error.to_string()),
        Some(error) => Trouble::Handshake(error.to_string()),
        None => Trouble::Closed,
    }
}

fn named(host: &str) -> Result<ServerName<'static>, Trouble> {
    ServerName::try_from(host.to_owned()).map_err(|error| Trouble::Handshake(error.to_string()))
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, WireError> {
    CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| WireError::Certificate(error.to_string()))
}

fn of_the_system(extra_roots: &[Vec<u8>]) -> Result<Arc<dyn ServerCertVerifier>, WireError> {
    let extra: Result<Vec<_>, _> = extra_roots.iter().map(|pem| certificates(pem)).collect();
    let extra = extra?.into_iter().flatten();
    let verifier = rustls_platform_verifier::Verifier::new_with_extra_roots(extra, provider())?;
    Ok(Arc::new(verifier))
}

/// What follows a broken write is still read: a server may answer before it has everything.
async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    bytes: &[u8],
    request: &Request,
) -> Result<Reply, Trouble> {
    if stream.write_all(bytes).await.is_ok() {
        drop(stream.flush().await);
    }
    let mut answer = Vec::new();
    let mut buffer = vec![0; 16 * 1024];
    let is_head = request.method == "HEAD";
    while answer.len() < LONGEST_ANSWER && !Reply::is_whole(&answer, is_head) {
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => break,
            Ok(count) => answer.extend_from_slice(&buffer[..count]),
        }
    }
    match Reply::read(&answer) {
        Some(reply) => Ok(reply),
        None if answer.is_empty() => Err(Trouble::Closed),
        None => Err(Trouble::NotHttp),
    }
}

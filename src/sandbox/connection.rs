//! Connections: TLS or plain HTTP on one port, by the first byte, and what a request brings along from its connection.
//!
//! A deployed host's handshake is its own: versions and suites as its stored configuration has them. The control plane's is
//! rustls' default. Of HTTP/1 the head of a connection's first request is looked at before it is parsed.

use std::io::{self, Cursor};
use std::net::IpAddr;
use std::sync::Arc;

use axum::http;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use rustls::crypto::CryptoProvider;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::certificate::Leaves;
use super::data_plane::tls::{self, Posture, Verdict};
use super::data_plane::{Call, Scheme, Tls, TlsVersion, Via, simulated, wire};
use super::server::{Server, exchange};

/// First byte of every TLS record that opens a connection.
const HANDSHAKE: u8 = 0x16;

/// The ways in.
pub(super) struct Doors {
    provider: Arc<CryptoProvider>,
    leaves: Arc<Leaves>,
    /// Of the control plane.
    open: TlsAcceptor,
}

impl Doors {
    pub(super) fn new(leaves: Leaves) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let leaves = Arc::new(leaves);
        let versions = [&rustls::version::TLS12, &rustls::version::TLS13];
        let open = acceptor(Arc::clone(&provider), Arc::clone(&leaves), &versions, true)?;
        Ok(Self {
            provider,
            leaves,
            open,
        })
    }

    /// For a host that takes only some versions and suites.
    fn narrow(
        &self,
        versions: &[TlsVersion],
        suites: &[u16],
        has_http2: bool,
    ) -> Result<TlsAcceptor, rustls::Error> {
        let mut provider = (*self.provider).clone();
        provider
            .cipher_suites
            .retain(|suite| suites.contains(&u16::from(suite.suite())));
        let versions: Vec<_> = versions
            .iter()
            .filter_map(|version| match version {
                TlsVersion::Tls12 => Some(&rustls::version::TLS12),
                TlsVersion::Tls13 => Some(&rustls::version::TLS13),
                TlsVersion::Tls10 | TlsVersion::Tls11 => None,
            })
            .collect();
        acceptor(
            Arc::new(provider),
            Arc::clone(&self.leaves),
            &versions,
            has_http2,
        )
    }
}

fn acceptor(
    provider: Arc<CryptoProvider>,
    leaves: Arc<Leaves>,
    versions: &[&'static rustls::SupportedProtocolVersion],
    has_http2: bool,
) -> Result<TlsAcceptor, rustls::Error> {
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)?
        .with_no_client_auth()
        .with_cert_resolver(leaves);
    if has_http2 {
        config.alpn_protocols.push(b"h2".to_vec());
    }
    config.alpn_protocols.push(b"http/1.1".to_vec());
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// What is known of a request before its first byte.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) peer: IpAddr,
    pub(super) tls: Option<Tls>,
}

impl Arrival {
    /// A call from the Internet to a deployed host.
    pub(super) fn call(&self, parts: &http::request::Parts, body: &[u8]) -> Call {
        let text =
            |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
        let authority = parts.uri.authority().map(ToString::to_string);
        let host = authority
            .or_else(|| parts.headers.get(http::header::HOST).map(text))
            .unwrap_or_default();
        let target = parts.uri.path_and_query();
        Call {
            method: parts.method.as_str().to_owned(),
            scheme: match self.tls {
                Some(_) => Scheme::Https,
                None => Scheme::Http,
            },
            host: without_port(&host).to_lowercase(),
            target: target.map_or_else(|| "/".to_owned(), ToString::to_string),
            headers: parts
                .headers
                .iter()
                .filter(|(name, _)| *name != http::header::HOST)
                .map(|(name, value)| (name.as_str().to_owned(), text(value)))
                .collect(),
            body: body.to_vec(),
            source: simulated(self.peer),
            via: Via::Internet,
            tls: self.tls.clone(),
            hops: 0,
        }
    }
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|next| next.is_ascii_digit()) => name,
        _ => host,
    }
}

pub(super) async fn serve(stream: TcpStream, peer: IpAddr, doors: Arc<Doors>, server: Arc<Server>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection to the sandbox keeps its delay");
    }
    let mut first = [0];
    let ended = match stream.peek(&mut first).await {
        Ok(1) if first[0] == HANDSHAKE => secured(stream, peer, &doors, server).await,
        Ok(1) => converse(stream, Arrival { peer, tls: None }, false, server).await,
        Ok(_) => Ok(()),
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection to the sandbox broke");
    }
}

async fn secured(
    mut stream: TcpStream,
    peer: IpAddr,
    doors: &Doors,
    server: Arc<Server>,
) -> io::Result<()> {
    let record = read_record(&mut stream).await?;
    let hello = tls::read_hello(&record);
    let name = hello
        .as_ref()
        .and_then(|hello| hello.server_name.as_deref());
    let posture = name.and_then(|name| server.posture(name));
    if posture.is_none() && name.is_some_and(|name| server.deploys(name)) {
        // A name of Azure that nothing has: DNS would not know it.
        return Ok(());
    }
    let acceptor = match (&hello, posture) {
        (Some(hello), Some(posture)) => match narrowed(doors, &posture, hello) {
            Ok(acceptor) => acceptor,
            Err(answer) => {
                stream.write_all(&answer).await?;
                return stream.shutdown().await;
            }
        },
        (_, _) => doors.open.clone(),
    };
    let (reader, writer) = stream.into_split();
    let stream = tokio::io::join(Cursor::new(record).chain(reader), writer);
    let stream = acceptor.accept(stream).await?;
    let (_, session) = stream.get_ref();
    let is_http2 = session.alpn_protocol() == Some(b"h2");
    let tls = Tls {
        version: match session.protocol_version() {
            Some(rustls::ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        },
        server_name: session.server_name().map(str::to_lowercase),
    };
    let arrival = Arrival {
        peer,
        tls: Some(tls),
    };
    converse(stream, arrival, is_http2, server).await
}

/// The error is what to answer instead of a handshake.
fn narrowed(doors: &Doors, posture: &Posture, hello: &tls::Hello) -> Result<TlsAcceptor, Vec<u8>> {
    match posture.verdict(hello) {
        Verdict::Serve { versions, suites } => doors
            .narrow(&versions, &suites, posture.has_http2)
            .map_err(|_| tls::alert(INTERNAL_ERROR)),
        Verdict::Accept { version, suite } => {
            let mut random = [0; 32];
            for half in random.chunks_exact_mut(16) {
                half.copy_from_slice(uuid::Uuid::new_v4().as_bytes());
            }
            Err(tls::server_hello(version, suite, &random))
        }
        Verdict::Refuse(code) => Err(tls::alert(code)),
    }
}

const INTERNAL_ERROR: u8 = 80;

/// The first record of a connection, which holds the hello.
async fn read_record(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut record = vec![0; 5];
    stream.read_exact(&mut record).await?;
    let length = tls::record_length(&record).unwrap_or(record.len());
    let header = record.len();
    record.resize(length.max(header), 0);
    stream.read_exact(&mut record[header..]).await?;
    Ok(record)
}

async fn converse<S>(
    mut stream: S,
    arrival: Arrival,
    is_http2: bool,
    server: Arc<Server>,
) -> io::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut head = Vec::new();
    if !is_http2 {
        head = read_head(&mut stream).await?;
        if let Some((status, reason)) = refusal(&head) {
            let answer = format!(
                "HTTP/1.1 {status} {reason}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(answer.as_bytes()).await?;
            return stream.shutdown().await;
        }
    }
    let (reader, writer) = tokio::io::split(stream);
    let stream = tokio::io::join(Cursor::new(head).chain(reader), writer);
    let arrival = Arc::new(arrival);
    let answer = service_fn(move |request| {
        let server = Arc::clone(&server);
        let arrival = Arc::clone(&arrival);
        async move { exchange(&server, request, &arrival).await }
    });
    auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await
        .map_err(io::Error::other)
}

fn refusal(head: &[u8]) -> Option<(u16, &'static str)> {
    if head.starts_with(PREFACE) {
        return None;
    }
    // A body behind the head is none of its lines.
    let end = head.windows(4).position(|at| at == b"\r\n\r\n");
    let head = &head[..end.map_or(head.len(), |end| end + 4)];
    if head.len() > wire::LONGEST_HEAD {
        return Some((431, "Request Header Fields Too Large"));
    }
    let objection = wire::objection(head)?;
    tracing::debug!(objection, "a request to the sandbox is ambiguous");
    Some((400, "Bad Request"))
}

/// How a client that knows it speaks HTTP/2 begins.
const PREFACE: &[u8] = b"PRI * HTTP/2.0";

/// Up to the empty line, or as much as is too much; less where the client ends before.
async fn read_head<S: AsyncRead + Unpin>(stream: &mut S) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut searched = 0;
    loop {
        if stream.read_buf(&mut head).await? == 0 || head.starts_with(PREFACE) {
            return Ok(head);
        }
        let is_end = |at: &[u8]| at == b"\r\n\r\n";
        if head[searched..].windows(4).any(is_end) {
            return Ok(head);
        }
        if head.len() > wire::LONGEST_HEAD {
            return Ok(head);
        }
        searched = head.len().saturating_sub(3);
    }
}

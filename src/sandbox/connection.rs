//! Connections: TLS or plain HTTP on one port, by the first byte, and what a request brings along from its connection.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::certificate::Leaves;
use super::data_plane::{Call, Scheme, Tls, TlsVersion, Via, simulated};
use super::server::{Server, exchange};

/// First byte of every TLS record that opens a connection.
const HANDSHAKE: u8 = 0x16;

/// The ways in.
pub(super) struct Doors {
    tls: TlsAcceptor,
}

impl Doors {
    pub(super) fn new(leaves: Leaves) -> Result<Self, rustls::Error> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(leaves));
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            tls: TlsAcceptor::from(Arc::new(config)),
        })
    }
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
    match stream.peek(&mut first).await {
        Ok(1) if first[0] == HANDSHAKE => secured(stream, peer, &doors, server).await,
        Ok(1) => converse(stream, Arrival { peer, tls: None }, server).await,
        Ok(_) | Err(_) => {}
    }
}

async fn secured(stream: TcpStream, peer: IpAddr, doors: &Doors, server: Arc<Server>) {
    let stream = match doors.tls.accept(stream).await {
        Ok(stream) => stream,
        Err(error) => {
            tracing::debug!(%error, "a TLS handshake with the sandbox failed");
            return;
        }
    };
    let (_, session) = stream.get_ref();
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
    converse(stream, arrival, server).await;
}

async fn converse<S>(stream: S, arrival: Arrival, server: Arc<Server>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let arrival = Arc::new(arrival);
    let answer = service_fn(move |request| {
        let server = Arc::clone(&server);
        let arrival = Arc::clone(&arrival);
        async move { exchange(&server, request, &arrival).await }
    });
    let served = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(stream), answer)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "a connection to the sandbox broke");
    }
}

//! Requests and replies as values: what is sent byte for byte, and how both are shown without secrets.

use std::fmt;
use std::fmt::Write as _;

use super::report::Exchange;
use super::token::{Token, without_secrets};
use crate::text::plural;

/// Says who is knocking.
const AGENT: &str = concat!("secgw-verify/", env!("CARGO_PKG_VERSION"));
/// Longer values are cut where they are shown.
const SHOWN: usize = 320;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

/// A request, byte for byte as it is sent.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub(super) scheme: Scheme,
    /// Where it goes, by DNS and by the name in the handshake.
    pub(super) host: String,
    /// What the Host header says.
    named: String,
    pub(super) method: String,
    pub(super) target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    /// Says something that only the user's own hosts may learn.
    pub(super) is_private: bool,
    is_bare: bool,
}

impl Request {
    pub(super) fn new(method: &str, host: &str, target: &str) -> Self {
        Self {
            scheme: Scheme::Https,
            host: host.to_owned(),
            named: host.to_owned(),
            method: method.to_owned(),
            target: target.to_owned(),
            headers: vec![
                ("User-Agent".to_owned(), AGENT.to_owned()),
                ("Accept".to_owned(), "*/*".to_owned()),
            ],
            body: Vec::new(),
            is_private: false,
            is_bare: false,
        }
    }

    pub(super) fn get(host: &str, target: &str) -> Self {
        Self::new("GET", host, target)
    }

    pub(super) fn http(mut self) -> Self {
        self.scheme = Scheme::Http;
        self
    }

    pub(super) fn named(mut self, host: &str) -> Self {
        host.clone_into(&mut self.named);
        self
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// With a token that only its own gateway may see.
    pub(super) fn signed_in(mut self, token: &Token) -> Self {
        self.is_private = true;
        self.with("Authorization", format!("Bearer {}", token.text()))
    }

    /// With a token that is nobody's, or one that is spoilt.
    pub(super) fn bearer(self, token: &str) -> Self {
        self.with("Authorization", format!("Bearer {token}"))
    }

    pub(super) fn private(mut self) -> Self {
        self.is_private = true;
        self
    }

    pub(super) fn body(mut self, kind: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.with("Content-Type", kind)
    }

    /// Leaves the headers that say how long the body is to the probe.
    pub(super) fn bare(mut self) -> Self {
        self.is_bare = true;
        self
    }

    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut head = format!(
            "{} {} HTTP/1.1\r\nHost: {}\r\n",
            self.method, self.target, self.named
        );
        for (name, value) in &self.headers {
            let _infallible = write!(head, "{name}: {value}\r\n");
        }
        if !self.is_bare && (!self.body.is_empty() || self.method == "POST") {
            let _infallible = write!(head, "Content-Length: {}\r\n", self.body.len());
        }
        head.push_str("Connection: close\r\n\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend(&self.body);
        bytes
    }

    /// The request line as people know it, and what is unusual about it.
    pub(super) fn shown(&self) -> String {
        let scheme = match self.scheme {
            Scheme::Http => "http",
            Scheme::Https => "https",
        };
        let target = cut(&without_secrets(&self.target));
        let mut shown = format!("{} {scheme}://{}{target}", self.method, self.host);
        if self.named != self.host {
            let _infallible = write!(shown, "\nHost: {}", self.named);
        }
        for (name, value) in self.headers.iter().skip(2) {
            let value = match name.to_ascii_lowercase().as_str() {
                "x-azure-fdid" | "x-functions-key" | "cookie" => "(left out)".to_owned(),
                _ => cut(&without_secrets(value)),
            };
            let _infallible = write!(shown, "\n{name}: {value}");
        }
        if !self.body.is_empty() {
            let _infallible = write!(shown, "\n({} of body)", plural(self.body.len(), "byte"));
        }
        shown
    }
}

fn cut(text: &str) -> String {
    let count = text.chars().count();
    if count <= SHOWN {
        return text.to_owned();
    }
    let head: String = text.chars().take(SHOWN).collect();
    format!("{head}… ({count} characters)")
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) reason: String,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

impl Reply {
    /// Whether nothing more can follow, by what the head says about the body.
    pub(super) fn is_whole(bytes: &[u8], is_head: bool) -> bool {
        let Some(reply) = Self::read_head(bytes) else {
            return false;
        };
        let (reply, body) = reply;
        if is_head || reply.status == 204 || reply.status == 304 {
            return true;
        }
        if reply.is_chunked() {
            return body.ends_with(b"0\r\n\r\n");
        }
        let length = reply.header("content-length");
        length
            .and_then(|length| length.parse::<usize>().ok())
            .is_some_and(|length| body.len() >= length)
    }

    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (mut reply, body) = Self::read_head(bytes)?;
        reply.body = if reply.is_chunked() {
            unchunked(body)
        } else {
            body.to_vec()
        };
        Some(reply)
    }

    fn read_head(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let end = bytes.windows(4).position(|at| at == b"\r\n\r\n")?;
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let mut lines = head.split("\r\n");
        let status = lines.next()?.strip_prefix("HTTP/1.")?.get(2..)?;
        let (status, reason) = status.split_once(' ').unwrap_or((status, ""));
        let headers = lines.filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_owned(), value.trim().to_owned()))
        });
        let reply = Self {
            status: status.parse().ok()?,
            reason: reason.to_owned(),
            headers: headers.collect(),
            body: Vec::new(),
        };
        // An interim answer is not the answer.
        if (100..200).contains(&reply.status) {
            return Self::read_head(&bytes[end + 4..]);
        }
        Some((reply, &bytes[end + 4..]))
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case("chunked"))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// Whether the Function answered: the sandbox's echo marks its answers; elsewhere a success speaks for itself.
    pub(super) fn is_from_backend(&self) -> bool {
        self.header("x-secgw-backend").is_some()
    }

    /// What the sandbox says when it is asked for more than it knows: no answer of Azure.
    pub(super) fn unevaluated(&self) -> Option<&str> {
        self.header("x-secgw-sandbox")
            .filter(|value| value.starts_with("cannot-evaluate"))
    }

    pub(super) fn shown(&self) -> String {
        let mut shown = format!("{} {}", self.status, self.reason)
            .trim_end()
            .to_owned();
        for (name, value) in &self.headers {
            if TELLING.contains(&name.to_ascii_lowercase().as_str()) {
                let _infallible = write!(shown, "\n{name}: {}", cut(&without_secrets(value)));
            }
        }
        // What a success says is somebody's data; an error says why.
        if (200..300).contains(&self.status) {
            let _infallible = write!(shown, "\n({} of body)", plural(self.body.len(), "byte"));
            return shown;
        }
        let body = self.text();
        let first = body.lines().map(str::trim).find(|line| !line.is_empty());
        if let Some(line) = first {
            let _infallible = write!(shown, "\n{}", cut(&without_secrets(line)));
        }
        shown
    }
}

/// Headers that say why.
const TELLING: [&str; 16] = [
    "access-control-allow-credentials",
    "access-control-allow-origin",
    "allow",
    "location",
    "ocp-apim-trace-location",
    "request-context",
    "retry-after",
    "server",
    "strict-transport-security",
    "www-authenticate",
    "x-aspnet-version",
    "x-cache",
    "x-ms-forbidden-ip",
    "x-powered-by",
    "x-secgw-backend",
    "x-secgw-sandbox",
];

fn unchunked(mut rest: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    while let Some(end) = rest.windows(2).position(|at| at == b"\r\n") {
        let size = String::from_utf8_lossy(&rest[..end]).into_owned();
        let size = size.split(';').next().unwrap_or_default().trim();
        let Ok(size) = usize::from_str_radix(size, 16) else {
            break;
        };
        let chunk = rest.get(end + 2..).unwrap_or_default();
        if size == 0 || chunk.len() < size {
            body.extend_from_slice(&chunk[..size.min(chunk.len())]);
            break;
        }
        body.extend_from_slice(&chunk[..size]);
        rest = chunk.get(size + 2..).unwrap_or_default();
    }
    body
}

/// Why there is no reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// DNS knows no such name.
    Unknown,
    Refused(String),
    /// The connection ended without an answer.
    Closed,
    /// No answer in time.
    Silent,
    Handshake(String),
    Certificate(String),
    NotHttp,
    /// A user's token would have gone where it may not.
    Withheld,
    /// No more requests may be sent.
    Spent,
}

impl Trouble {
    /// Whether nobody is there for callers like this one, which is all that a network rule shows.
    pub(super) fn is_absence(&self) -> bool {
        match self {
            Self::Unknown | Self::Refused(_) | Self::Closed | Self::Silent => true,
            Self::Handshake(_)
            | Self::Certificate(_)
            | Self::NotHttp
            | Self::Withheld
            | Self::Spent => false,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the name is not known"),
            Self::Refused(why) => write!(f, "no connection: {why}"),
            Self::Closed => f.write_str("the connection was closed without an answer"),
            Self::Silent => f.write_str("no answer in time"),
            Self::Handshake(why) => write!(f, "no TLS handshake: {why}"),
            Self::Certificate(why) => write!(f, "the certificate is not good: {why}"),
            Self::NotHttp => f.write_str("the answer is not HTTP"),
            Self::Withheld => {
                f.write_str("not sent: a user's token goes to the spec's own hosts over TLS alone")
            }
            Self::Spent => f.write_str("not sent: `--max-requests` is reached"),
        }
    }
}

/// Both sides, as they are shown.
pub(super) fn exchange(request: &Request, answer: &Result<Reply, Trouble>) -> Exchange {
    let (response, azure_ref) = match answer {
        Ok(reply) => (
            reply.shown(),
            reply.header("x-azure-ref").map(str::to_owned),
        ),
        Err(trouble) => (format!("({trouble})"), None),
    };
    Exchange {
        request: request.shown(),
        response,
        azure_ref,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(status: u16) -> String {
        let reply = Reply {
            status,
            body: b"{\"customer\":\"Ada\"}".to_vec(),
            ..Reply::default()
        };
        reply.shown()
    }

    #[test]
    fn what_a_success_says_is_counted_and_not_shown() {
        assert!(reply(403).contains("Ada"));
        let shown = reply(200);
        assert!(!shown.contains("Ada"), "{shown}");
        assert!(shown.contains("(18 bytes of body)"), "{shown}");
    }
}

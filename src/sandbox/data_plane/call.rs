//! One call to a deployed host, and its reply: what passes between edge, gateway, Function and identity provider.

use std::net::IpAddr;

/// A call that came back here this often goes in circles: Front Door → gateway → Function needs three.
pub(crate) const MOST_HOPS: u8 = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TlsVersion {
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tls {
    pub(crate) version: TlsVersion,
    /// The name in the handshake: it stands for the address that DNS would have led to.
    pub(crate) server_name: Option<String>,
}

/// Which network a call comes through: it decides which source rules can see what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Via {
    Internet,
    FrontDoor {
        /// ARM id of the profile.
        profile: String,
        /// ARM id of the private endpoint connection on the target, where the origin has one.
        connection: Option<String>,
    },
    Gateway {
        /// ARM id of the service.
        service: String,
        /// The subnet its outbound traffic leaves from.
        subnet: Option<String>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) scheme: Scheme,
    /// Host header or `:authority`, lower-cased, without port.
    pub(crate) host: String,
    /// Path and query as they were sent, undecoded.
    pub(crate) target: String,
    /// In order, as sent, `Host` left out.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Simulated address of the direct peer.
    pub(crate) source: IpAddr,
    pub(crate) via: Via,
    /// None over plain HTTP.
    pub(crate) tls: Option<Tls>,
    /// How many hosts of the sandbox have passed this call on.
    pub(crate) hops: u8,
}

impl Call {
    /// The name that brought the call to whom it is with: the handshake's, else the Host header's.
    pub(crate) fn led_to(&self) -> &str {
        let named = self.tls.as_ref().and_then(|tls| tls.server_name.as_deref());
        named.unwrap_or(&self.host)
    }

    /// The first header of that name.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    /// Takes all headers of that name away and puts one there.
    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.remove_header(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn remove_header(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }

    /// As whoever sent it would write it.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}{}", self.scheme.as_str(), self.host, self.target)
    }

    /// The target up to its query.
    pub(crate) fn path(&self) -> &str {
        self.target
            .split_once('?')
            .map_or(self.target.as_str(), |(path, _)| path)
    }

    /// What follows the question mark; empty where there is none.
    pub(crate) fn query(&self) -> &str {
        self.target.split_once('?').map_or("", |(_, query)| query)
    }

    /// The first query parameter of that name, decoded.
    pub(crate) fn parameter(&self, name: &str) -> Option<String> {
        url::form_urlencoded::parse(self.query().as_bytes())
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.into_owned())
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reply {
    /// Zero: the connection ends without an answer ([`Reply::closed`]).
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    pub(crate) fn text(status: u16, body: impl Into<String>) -> Self {
        Self::typed(status, "text/plain; charset=utf-8", body)
    }

    pub(crate) fn html(status: u16, body: impl Into<String>) -> Self {
        Self::typed(status, "text/html; charset=utf-8", body)
    }

    pub(crate) fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::typed(status, "application/json; charset=utf-8", body.to_string())
    }

    fn typed(status: u16, content_type: &str, body: impl Into<String>) -> Self {
        Self {
            body: body.into().into_bytes(),
            ..Self::empty(status).with("Content-Type", content_type)
        }
    }

    /// What a network rule in the way looks like from outside: a connection that ends without an answer.
    pub(crate) fn closed() -> Self {
        Self::empty(0)
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.status == 0
    }

    /// The stored configuration asks for something that the sandbox does not know how to do: never an allowed call.
    pub(crate) fn cannot_evaluate(what: &str) -> Self {
        let shown: String = what
            .chars()
            .map(|next| if next.is_ascii_graphic() { next } else { ' ' })
            .take(200)
            .collect();
        Self::text(501, format!("The sandbox cannot evaluate {what}.\n"))
            .with(UNEVALUATED, format!("cannot-evaluate {shown}"))
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        first(&self.headers, name)
    }

    pub(crate) fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.remove_header(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    pub(crate) fn remove_header(&mut self, name: &str) {
        self.headers
            .retain(|(known, _)| !known.eq_ignore_ascii_case(name));
    }
}

/// The header by which a caller tells a refusal of the sandbox from one of Azure.
pub(crate) const UNEVALUATED: &str = "x-secgw-sandbox";

fn first<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

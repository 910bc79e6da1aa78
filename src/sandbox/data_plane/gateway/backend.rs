//! `forward-request` and what goes with it: whom the gateway calls, from where, and as whom.

use std::net::{IpAddr, Ipv4Addr};

use serde_json::Value;
use url::Url;

use super::context::Response;
use super::effective;
use super::run::{Failure, Runner, Stop, Target, refused};
use super::statement::{Forward, ManagedIdentity};
use crate::sandbox::data_plane::call::{Call, Scheme, Tls, TlsVersion, UNEVALUATED};
use crate::sandbox::data_plane::{Reply, Via};

/// Redirects followed where `follow-redirects` says so.
const MOST_REDIRECTS: usize = 5;

/// What a service without an address of its own calls from: shared addresses of its region (RFC 5737, TEST-NET-1).
const SHARED: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

/// Headers that are about one connection (RFC 9110, 7.6.1), and those the gateway writes itself.
const OF_CONNECTION: &[&str] = &[
    "Connection",
    "Content-Length",
    "Expect",
    "Host",
    "Keep-Alive",
    "Proxy-Authenticate",
    "Proxy-Connection",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
];

/// Stored members of a backend entity that would change who is called or how, in ways the sandbox does not know.
const BEYOND: &[&str] = &["pool", "proxy", "circuitBreaker"];

/// Where to, and what the entity adds.
struct Way {
    url: Url,
    headers: Vec<(String, String)>,
    query: Vec<(String, String)>,
}

impl Runner<'_, '_> {
    pub(super) fn forward(&mut self, forward: &Forward) -> Result<(), Stop> {
        if let Some(timeout) = &forward.timeout {
            let timeout = timeout.number(&self.context);
            self.known(timeout)?;
        }
        let way = self.way()?;
        let call = self.call_to(&way)?;
        let follows = forward.follows.truth(&self.context);
        let follows = self.known(follows)?;
        let reply = self.send(server(&way.url), call, follows)?;
        let mut response = Response {
            status: reply.status,
            body: reply.body,
            ..Response::default()
        };
        response.headers.0 = reply.headers;
        for name in OF_CONNECTION {
            response.headers.remove(name);
        }
        let fails = forward.fails_on_status.truth(&self.context);
        if self.known(fails)? && response.status >= 400 {
            return Err(self.unreachable("The backend answered with an error status."));
        }
        self.context.response = Some(response);
        Ok(())
    }

    fn unreachable(&mut self, message: &str) -> Stop {
        self.fail(Failure {
            source: "forward-request",
            reason: "BackendConnectionFailure",
            message: message.to_owned(),
            status: 500,
            shown: Some("Internal server error".to_owned()),
            headers: Vec::new(),
        })
    }

    /// The address of the backend, and what it is to be told.
    fn way(&mut self) -> Result<Way, Stop> {
        let (url, entity) = match self.target.clone() {
            Target::Api(url) | Target::Url(url) => (url, Value::Null),
            Target::Backend(id) => {
                let key = format!("{}/backends/{id}", self.service.id);
                let Some(backend) = self.plane.store.get(&key) else {
                    return Err(self.unreachable("The backend does not exist."));
                };
                let properties = backend.body["properties"].clone();
                (
                    properties["url"].as_str().unwrap_or_default().to_owned(),
                    properties,
                )
            }
        };
        for member in BEYOND {
            if !entity[member].is_null() {
                return Err(refused(&format!("the {member} of a backend")));
            }
        }
        if !matches!(entity["protocol"].as_str(), None | Some("http")) {
            return Err(refused("a backend that does not speak HTTP"));
        }
        let filled = |text: &str| {
            effective::substituted(self.plane.store, &self.service.id, text)
                .and_then(|text| {
                    if super::secret::is_in(&text) {
                        Err("a secret named value in a backend".to_owned())
                    } else {
                        Ok(text)
                    }
                })
                .map_err(|what| refused(&what))
        };
        let url = filled(&url)?;
        let (headers, query) = credentials(&entity["credentials"], &filled)?;
        match Url::parse(&url) {
            Ok(url) if url.host_str().is_some() => Ok(Way {
                url,
                headers,
                query,
            }),
            _ => Err(self.unreachable("The backend has no valid address.")),
        }
    }

    fn call_to(&mut self, way: &Way) -> Result<Call, Stop> {
        let Some(scheme) = scheme(&way.url) else {
            return Err(refused("a backend that does not speak HTTP"));
        };
        let server = server(&way.url);
        let request = &self.context.request;
        let mut headers = request.headers.clone();
        let own = &request.original.host;
        let host = match headers.get("Host") {
            // Untouched by the policy: the backend's own name.
            Some(host) if host != own => host.to_lowercase(),
            _ => server.clone(),
        };
        for name in OF_CONNECTION {
            headers.remove(name);
        }
        headers.add("X-Forwarded-For", request.peer.to_string());
        for (name, value) in &way.headers {
            headers.set(name, value);
        }
        let mut address = request.address.clone();
        address.query.extend(way.query.iter().cloned());
        let path = way.url.path().trim_end_matches('/');
        let target = format!("{path}{}{}", self.rest, address.query_string());
        let target = if target.starts_with('/') {
            target
        } else {
            format!("/{target}")
        };
        Ok(Call {
            method: request.method.clone(),
            target,
            headers: headers.0,
            body: request.body.clone(),
            ..self.call(scheme, host, server)
        })
    }

    /// A call of the gateway itself, with nothing in it yet.
    pub(super) fn call(&self, scheme: Scheme, host: String, server: String) -> Call {
        let network = &self.service.body["properties"]["virtualNetworkConfiguration"];
        let subnet = network["subnetResourceId"].as_str();
        Call {
            method: "GET".to_owned(),
            scheme,
            host,
            target: "/".to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            source: self.outbound(subnet),
            via: Via::Gateway {
                service: self.service.id.clone(),
                subnet: subnet.map(str::to_owned),
            },
            tls: (scheme == Scheme::Https).then(|| Tls {
                version: self.backend_tls(),
                server_name: Some(server),
            }),
            hops: self.hops + 1,
        }
    }

    /// The gateway's own public address, else one of its subnet, else one it shares.
    fn outbound(&self, subnet: Option<&str>) -> IpAddr {
        let own = &self.service.body["properties"]["publicIPAddresses"][0];
        let own = own.as_str().and_then(|address| address.parse().ok());
        own.or_else(|| {
            let subnet = self.plane.store.get(subnet?)?;
            let properties = &subnet.body["properties"];
            let prefix = properties["addressPrefix"]
                .as_str()
                .or_else(|| properties["addressPrefixes"][0].as_str())?;
            let network: Ipv4Addr = prefix.split('/').next()?.parse().ok()?;
            // The first three addresses of a subnet are Azure's.
            Some(IpAddr::V4(Ipv4Addr::from(u32::from(network) + 4)))
        })
        .unwrap_or(IpAddr::V4(SHARED))
    }

    /// TLS 1.3 to backends is off unless it was switched on (`domain.md` A.3).
    fn backend_tls(&self) -> TlsVersion {
        let name = "Microsoft.WindowsAzure.ApiManagement.Gateway.Security.Backend.Protocols.Tls13";
        let switch = &self.service.body["properties"]["customProperties"][name];
        match switch.as_str() {
            Some(text) if text.eq_ignore_ascii_case("true") => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        }
    }

    fn send(&mut self, server: String, call: Call, follows: bool) -> Result<Reply, Stop> {
        let (mut server, mut call) = (server, call);
        for _ in 0..=MOST_REDIRECTS {
            let reply = self.plane.send_to(&server, call.clone());
            if reply.header(UNEVALUATED).is_some() {
                return Err(Stop::Refused(reply));
            }
            if reply.is_closed() {
                return Err(self.unreachable("The connection to the backend failed."));
            }
            let location = reply.header("Location").map(str::to_owned);
            match location {
                Some(location) if follows && (300..400).contains(&reply.status) => {
                    call = self.redirected(call, &location, reply.status)?;
                    server.clone_from(&call.host);
                }
                _ => return Ok(reply),
            }
        }
        Err(self.unreachable("The backend redirects in circles."))
    }

    fn redirected(&mut self, call: Call, location: &str, status: u16) -> Result<Call, Stop> {
        let from = call.url();
        let to = Url::parse(&from).and_then(|from| from.join(location));
        let Some((url, scheme)) = to.ok().and_then(|url| Some((url.clone(), scheme(&url)?))) else {
            return Err(self.unreachable("The backend redirects to no valid address."));
        };
        let host = server(&url);
        let keeps = [307, 308].contains(&status) || call.method == "GET";
        Ok(Call {
            method: if keeps { call.method } else { "GET".to_owned() },
            body: if keeps { call.body } else { Vec::new() },
            headers: call.headers,
            target: target(&url),
            ..self.call(scheme, host.clone(), host)
        })
    }

    /// A document that the gateway itself fetches; the inner none: it cannot be had.
    pub(super) fn fetch(&mut self, url: &str) -> Result<Option<Value>, Stop> {
        let Ok(url) = Url::parse(url) else {
            return Ok(None);
        };
        let Some(scheme) = scheme(&url) else {
            return Ok(None);
        };
        let host = server(&url);
        let call = Call {
            target: target(&url),
            ..self.call(scheme, host.clone(), host)
        };
        let reply = self.plane.send(call);
        if reply.header(UNEVALUATED).is_some() {
            return Err(Stop::Refused(reply));
        }
        let document = serde_json::from_slice(&reply.body).ok();
        Ok(document.filter(|_| reply.status == 200))
    }

    pub(super) fn sign_in(&mut self, identity: &ManagedIdentity) -> Result<(), Stop> {
        let resource = self.text(&identity.resource)?;
        let client = match &identity.client {
            Some(client) => Some(self.text(client)?),
            None => None,
        };
        let holder = self.service.id.clone();
        let token = self
            .plane
            .managed_identity_token(&holder, client.as_deref(), &resource);
        match token {
            Some(token) => {
                if identity.variable.is_some() {
                    self.keep(identity.variable.as_ref(), token.into());
                } else {
                    let bearer = format!("Bearer {token}");
                    self.context.request.headers.set("Authorization", bearer);
                }
                Ok(())
            }
            None if identity.ignores_error => Ok(()),
            None => Err(self.fail(Failure {
                source: "authentication-managed-identity",
                reason: "ManagedIdentityTokenFailure",
                message: "The service has no such identity.".to_owned(),
                status: 500,
                shown: Some("Internal server error".to_owned()),
                headers: Vec::new(),
            })),
        }
    }
}

type Pairs = Vec<(String, String)>;

/// Headers and query parameters that the entity adds to each call.
fn credentials(
    stored: &Value,
    filled: &dyn Fn(&str) -> Result<String, Stop>,
) -> Result<(Pairs, Pairs), Stop> {
    for member in ["certificate", "certificateIds"] {
        if stored[member].as_array().is_some_and(|ids| !ids.is_empty()) {
            return Err(refused("a client certificate to a backend"));
        }
    }
    let pairs = |name: &str| -> Result<Pairs, Stop> {
        let mut pairs = Vec::new();
        for (name, values) in stored[name].as_object().into_iter().flatten() {
            let values = values.as_array().into_iter().flatten();
            let values: Result<Vec<String>, Stop> =
                values.filter_map(Value::as_str).map(filled).collect();
            pairs.push((name.clone(), values?.join(",")));
        }
        Ok(pairs)
    };
    let mut headers = pairs("header")?;
    let authorization = &stored["authorization"];
    if let Some((scheme, parameter)) = authorization["scheme"]
        .as_str()
        .zip(authorization["parameter"].as_str())
    {
        let value = format!("{scheme} {}", filled(parameter)?);
        headers.push(("Authorization".to_owned(), value));
    }
    Ok((headers, pairs("query")?))
}

fn scheme(url: &Url) -> Option<Scheme> {
    match url.scheme() {
        "http" => Some(Scheme::Http),
        "https" => Some(Scheme::Https),
        _ => None,
    }
}

/// The host of an address, as names are compared.
fn server(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_lowercase()
}

fn target(url: &Url) -> String {
    match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_owned(),
    }
}

//! Which service of the control plane a request is for: by host as in Azure, by path where a client comes by address.

use super::arm;
use super::entra::{self, Audience, Issuer};
use super::federation::{self, GITHUB_HOST, PIPELINES_HOST};
use super::graph;
use super::message::{Method, Request, Response};
use super::metadata;
use super::world::World;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Service {
    Management,
    Login,
    Graph,
    /// Where jobs of pipelines ask for a token.
    Federation,
}

pub(crate) fn answer(world: &mut World, issuer: &Issuer, request: &Request) -> Response {
    match service(request) {
        Service::Login => login(world, issuer, request),
        Service::Federation => federation::ask(issuer, request, world.now),
        Service::Management if request.path.eq_ignore_ascii_case("/metadata/endpoints") => {
            metadata::handle(request)
        }
        Service::Management => {
            match issuer.authenticate(request, Audience::Management, world.now) {
                Ok(caller) => arm::handle(world, request, &caller),
                Err(refused) => refused,
            }
        }
        Service::Graph => match issuer.authenticate(request, Audience::Graph, world.now) {
            Ok(caller) => graph::handle(world, request, &caller),
            Err(refused) => refused,
        },
    }
}

fn service(request: &Request) -> Service {
    let host = request.host.split(':').next().unwrap_or_default();
    let is = |prefixes: &[&str]| prefixes.iter().any(|prefix| host.starts_with(prefix));
    if is(&[GITHUB_HOST, PIPELINES_HOST]) {
        Service::Federation
    } else if is(&["login."]) {
        Service::Login
    } else if is(&["graph.", "microsoftgraph.", "dod-graph."]) {
        Service::Graph
    } else if is(&["management."]) {
        Service::Management
    } else {
        by_path(&request.path)
    }
}

fn by_path(path: &str) -> Service {
    let lower = path.to_ascii_lowercase();
    let is_login = ["/oauth2/", "/.well-known/", "/discovery/"]
        .iter()
        .any(|part| lower.contains(part));
    if is_login {
        Service::Login
    } else if lower.starts_with("/v1.0/") || lower.starts_with("/beta/") {
        Service::Graph
    } else {
        Service::Management
    }
}

fn login(world: &World, issuer: &Issuer, request: &Request) -> Response {
    let segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    match (request.method, segments.as_slice()) {
        (Method::Post, [tenant, "oauth2", "v2.0", "token"]) => issuer.token(tenant, request, world),
        (Method::Get, [tenant, "v2.0", ".well-known", "openid-configuration"]) => {
            entra::metadata(tenant, &request.origin())
        }
        (Method::Get, [_, "discovery", "v2.0", "keys"] | ["discovery", "v2.0", "keys"]) => {
            Response::json(200, issuer.keys())
        }
        (Method::Get, ["common", "discovery", "instance"]) => entra::instance(request),
        _ => Response::empty(404),
    }
}

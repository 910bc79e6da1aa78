//! The `OpenID` metadata of sign-in flows: `{t}.b2clogin.com` and `{t}.ciamlogin.com` (`domain.md` D.7).
//!
//! A B2C policy answers once its user flow exists in a directory of the store; the directory's id is the one in the
//! issuer. External ID has no policy in its address: the directory answers for itself.

use serde_json::{Value, json};

use super::entra::{Issuer, directory};
use super::message::{Body, Method, Request, Response};
use super::store::Store;

const METADATA: [&str; 3] = ["v2.0", ".well-known", "openid-configuration"];
const KEYS: [&str; 3] = ["discovery", "v2.0", "keys"];

pub(crate) fn handle(store: &Store, issuer: &Issuer, request: &Request) -> Response {
    let mut segments: Vec<&str> = request.path.trim_matches('/').split('/').collect();
    // `/tfp/{tenant}/{policy}/…` is the older address of the same thing.
    if segments.first() == Some(&"tfp") {
        segments.remove(0);
    }
    if !request.method.reads() {
        return Response::empty(405).with("Allow", "GET, HEAD");
    }
    let is_b2c = request.host.contains(".b2clogin.");
    let found = match segments.as_slice() {
        [tenant, policy, rest @ ..] if is_b2c => flow(store, tenant, policy)
            .map(|(directory, policy)| (*tenant, directory, policy, rest)),
        [tenant, rest @ ..] if !is_b2c => {
            directory(tenant).map(|directory| (*tenant, directory, String::new(), rest))
        }
        _ => None,
    };
    let mut response = match found {
        Some((tenant, directory, policy, rest)) if rest == METADATA => Response::json(
            200,
            metadata(&request.origin(), tenant, &directory, &policy),
        ),
        Some((_, _, _, rest)) if rest == KEYS => Response::json(200, issuer.keys()),
        Some(_) => Response::empty(404),
        None => missing(&segments),
    };
    if request.method == Method::Head {
        response.body = Body::Empty;
    }
    response
}

/// The directory that has this user flow, and the policy as it is spelled there.
fn flow(store: &Store, tenant: &str, policy: &str) -> Option<(String, String)> {
    let flows = store.of_kind("/graph", "graph:identity/b2cUserFlows");
    let mut named = flows.filter_map(|flow| {
        let directory = flow.id.split('/').nth(2)?;
        let id = flow.body["id"].as_str()?;
        id.eq_ignore_ascii_case(policy)
            .then(|| (directory.to_owned(), id.to_owned()))
    });
    match uuid::Uuid::parse_str(tenant) {
        Ok(id) => named.find(|(directory, _)| *directory == id.to_string()),
        // By domain name: the sandbox keeps no register of domains, a flow's name is enough to find it.
        Err(_) => named.next(),
    }
}

fn metadata(origin: &str, tenant: &str, directory: &str, policy: &str) -> Value {
    let (base, issuer) = match policy {
        "" => (
            format!("{origin}/{directory}"),
            // External ID puts the directory's id in the host too, and no slash at the end.
            format!("https://{directory}.ciamlogin.com/{directory}/v2.0"),
        ),
        policy => (
            format!("{origin}/{tenant}/{}", policy.to_lowercase()),
            format!("{origin}/{directory}/v2.0/"),
        ),
    };
    json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
        "token_endpoint": format!("{base}/oauth2/v2.0/token"),
        "end_session_endpoint": format!("{base}/oauth2/v2.0/logout"),
        "jwks_uri": format!("{base}/discovery/v2.0/keys"),
        "response_modes_supported": ["query", "fragment", "form_post"],
        "response_types_supported": ["code", "code id_token", "code token", "code id_token token", "id_token", "id_token token", "token", "token id_token"],
        "scopes_supported": ["openid"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
        "claims_supported": ["name", "emails", "idp", "oid", "sub", "iss", "iat", "exp", "aud", "acr", "nonce", "auth_time"],
    })
}

fn missing(segments: &[&str]) -> Response {
    let policy = segments.get(1).unwrap_or(&"");
    let text = format!(
        "AADB2C90046: We are having trouble loading your current state: the policy '{policy}' does not exist in this tenant."
    );
    Response {
        body: Body::Text(text),
        ..Response::empty(404)
    }
}

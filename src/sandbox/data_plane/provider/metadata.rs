//! The `OpenID` metadata of sign-in flows (`domain.md` D.7).

use serde_json::{Value, json};

use super::Authority;

/// `…/v2.0/.well-known/openid-configuration`
pub(super) fn describe(authority: &Authority) -> Value {
    let base = authority.base();
    json!({
        "issuer": authority.issuer(),
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

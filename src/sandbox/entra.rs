//! Entra ID: the token endpoint, `OpenID` metadata, and who a token says is calling.
//!
//! Tokens are real: signed with RS256 by a key that is made once per DIR, and verified on every request. Any client with
//! any secret gets one, or with a federated token (`federation`); what is not emulated is who is registered, not how tokens work.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::LazyLock;

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::federation;
use super::message::{Request, Response};
use super::private;
use super::refusal::{ErrorStyle, Refusal};
use super::world::World;

/// The bearer of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Directory the token was issued by (`tid`).
    pub(crate) tenant: String,
    pub(crate) object_id: String,
    pub(crate) app_id: String,
    /// Application permissions in this directory (`roles`): what Microsoft Graph decides by.
    pub(crate) roles: Vec<String>,
}

/// Documented default lifetime of an access token is 60 to 90 minutes.
const LIFETIME: Duration = Duration::seconds(3599);

/// What an application that manages the identity part must have been granted; a token for Graph carries them all.
const GRAPH_ROLES: &[&str] = &[
    "Application.ReadWrite.All",
    "AppRoleAssignment.ReadWrite.All",
    "DelegatedPermissionGrant.ReadWrite.All",
    "Directory.ReadWrite.All",
    "EventListener.ReadWrite.All",
    "IdentityProvider.ReadWrite.All",
    "IdentityUserFlow.ReadWrite.All",
    "Organization.Read.All",
    "Policy.Read.All",
    "User.ReadWrite.All",
];

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    aud: String,
    iss: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    appid: String,
    oid: String,
    sub: String,
    tid: String,
    idtyp: String,
    ver: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("cannot read or write the sandbox's signing key")]
    Io(#[from] io::Error),
    #[error("the sandbox's signing key is damaged")]
    Damaged,
}

pub(crate) struct Issuer {
    signing: EncodingKey,
    verifying: DecodingKey,
    key_id: String,
    modulus: String,
    exponent: String,
}

/// Which service a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Audience {
    Management,
    Graph,
}

impl Issuer {
    /// `token.key` of DIR; made when it is not there.
    pub(crate) fn open(dir: &Path) -> Result<Self, KeyError> {
        let path = dir.join("token.key");
        let pem = match fs::read_to_string(&path) {
            Ok(pem) => pem,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let pem = FRESH.clone().ok_or(KeyError::Damaged)?;
                private::write(&path, &pem)?;
                pem
            }
            Err(error) => return Err(error.into()),
        };
        Self::from_pem(&pem).ok_or(KeyError::Damaged)
    }

    fn from_pem(pem: &str) -> Option<Self> {
        let der: String = pem
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let key = KeyPair::from_pkcs8(&STANDARD.decode(der).ok()?).ok()?;
        let public = key.public_key();
        let modulus = URL_SAFE_NO_PAD.encode(public.modulus().big_endian_without_leading_zero());
        let exponent = URL_SAFE_NO_PAD.encode(public.exponent().big_endian_without_leading_zero());
        Some(Self {
            signing: EncodingKey::from_rsa_pem(pem.as_bytes()).ok()?,
            verifying: DecodingKey::from_rsa_components(&modulus, &exponent).ok()?,
            key_id: super::behaviour::digest(&json!(modulus))[..27].to_owned(),
            modulus,
            exponent,
        })
    }

    fn issue(
        &self,
        (tenant, client): (&str, &str),
        audience: &str,
        world: &World,
    ) -> Option<String> {
        let now = world.now;
        let object_id = Uuid::new_v5(
            &Uuid::NAMESPACE_OID,
            format!("{tenant}|{client}").as_bytes(),
        );
        let issued = now.unix_timestamp();
        let claims = Claims {
            aud: audience.to_owned(),
            iss: format!("https://sts.windows.net/{tenant}/"),
            iat: issued,
            nbf: issued,
            exp: (now + LIFETIME).unix_timestamp(),
            appid: client.to_owned(),
            oid: object_id.to_string(),
            sub: object_id.to_string(),
            tid: tenant.to_owned(),
            idtyp: "app".to_owned(),
            ver: "1.0".to_owned(),
            roles: if audience.contains("graph") {
                world.rights.permissions(client, GRAPH_ROLES)
            } else {
                Vec::new()
            },
        };
        self.sign(&claims)
    }

    /// A signed token with these claims. One key signs for all directories: what tells their tokens apart is who issued
    /// them and for whom, as `iss` and `aud` say.
    pub(crate) fn sign(&self, claims: &impl Serialize) -> Option<String> {
        let header = Header {
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::RS256)
        };
        jsonwebtoken::encode(&header, claims, &self.signing).ok()
    }

    /// The claims of a token that this key signed, whatever they say and be it expired.
    pub(crate) fn claims(&self, token: &str) -> Option<Value> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded = jsonwebtoken::decode::<Value>(token, &self.verifying, &validation);
        Some(decoded.ok()?.claims)
    }

    /// Who is calling, or the 401 with the challenge that tells where tokens come from.
    pub(crate) fn authenticate(
        &self,
        request: &Request,
        audience: Audience,
        now: OffsetDateTime,
    ) -> Result<Caller, Response> {
        let header = request.header("authorization").unwrap_or_default();
        let Some(token) = strip_scheme(header) else {
            return Err(challenge(
                "AuthenticationFailed",
                "Authentication failed. The 'Authorization' header is missing.",
            ));
        };
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        let claims = jsonwebtoken::decode::<Claims>(token, &self.verifying, &validation)
            .map_err(|_| challenge("InvalidAuthenticationToken", "The access token is invalid."))?
            .claims;
        if claims.exp <= now.unix_timestamp() {
            return Err(challenge(
                "ExpiredAuthenticationToken",
                "The access token expiry UTC time is earlier than current UTC time.",
            ));
        }
        if !accepts(audience, &claims.aud, &request.host) {
            let message = format!(
                "The access token has been obtained for wrong audience or resource '{}'.",
                claims.aud
            );
            return Err(challenge("InvalidAuthenticationTokenAudience", &message));
        }
        Ok(Caller {
            tenant: claims.tid,
            object_id: claims.oid,
            app_id: claims.appid,
            roles: claims.roles,
        })
    }

    /// `POST /{tenant}/oauth2/v2.0/token`
    pub(crate) fn token(&self, tenant: &str, request: &Request, world: &World) -> Response {
        let now = world.now;
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body)
            .into_owned()
            .collect();
        let field = |name: &str| {
            form.iter()
                .find(|(key, value)| key == name && !value.is_empty())
                .map(|(_, value)| value.as_str())
        };
        let Some(directory) = directory(tenant) else {
            return denied(
                "invalid_request",
                90002,
                &format!(
                    "Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the correct cloud."
                ),
                now,
            );
        };
        let (Some(grant), Some(client)) = (field("grant_type"), field("client_id")) else {
            let missing = if field("grant_type").is_none() {
                "grant_type"
            } else {
                "client_id"
            };
            return denied(
                "invalid_request",
                900_144,
                &format!("The request body must contain the following parameter: '{missing}'."),
                now,
            );
        };
        if grant != "client_credentials" {
            return denied(
                "unsupported_grant_type",
                70003,
                &format!("The app requested an unsupported grant type '{grant}'."),
                now,
            );
        }
        if field("client_secret").is_none() && field("client_assertion").is_none() {
            return denied(
                "invalid_client",
                7_000_216,
                "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.",
                now,
            );
        }
        if let Some(assertion) = field("client_assertion")
            && let Some((error, code, message)) = federation::refused(self, assertion, now)
        {
            return denied(error, code, &message, now);
        }
        let Some(audience) = field("scope").and_then(|scope| scope.strip_suffix("/.default"))
        else {
            return denied(
                "invalid_scope",
                70011,
                "The provided value for the input parameter 'scope' is not valid.",
                now,
            );
        };
        match self.issue((&directory, client), audience, world) {
            Some(token) => Response::json(
                200,
                json!({ "token_type": "Bearer", "expires_in": LIFETIME.whole_seconds(), "ext_expires_in": LIFETIME.whole_seconds(), "access_token": token }),
            ),
            None => denied(
                "server_error",
                90033,
                "A transient error has occurred.",
                now,
            ),
        }
    }

    /// `/discovery/v2.0/keys`
    pub(crate) fn keys(&self) -> Value {
        json!({ "keys": [{
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": self.key_id, "n": self.modulus, "e": self.exponent,
        }] })
    }
}

/// Making an RSA key takes a good part of a second: every DIR that this process begins gets the same.
static FRESH: LazyLock<Option<String>> = LazyLock::new(generate);

fn generate() -> Option<String> {
    let key = KeyPair::generate(KeySize::Rsa2048).ok()?;
    let der: Pkcs8V1Der = key.as_der().ok()?;
    let text = STANDARD.encode(der.as_ref());
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(64) {
        pem.push_str(&String::from_utf8_lossy(line));
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Some(pem)
}

fn strip_scheme(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// A directory is named by its GUID; a domain name stands for the GUID derived from it.
pub(crate) fn directory(tenant: &str) -> Option<String> {
    if let Ok(id) = Uuid::parse_str(tenant) {
        return Some(id.to_string());
    }
    let is_domain = tenant.contains('.')
        && tenant
            .chars()
            .all(|next| next.is_ascii_alphanumeric() || ".-".contains(next));
    is_domain
        .then(|| Uuid::new_v5(&Uuid::NAMESPACE_DNS, tenant.to_lowercase().as_bytes()).to_string())
}

/// The service's own host, or the public cloud's well-known names of it.
fn accepts(service: Audience, audience: &str, host: &str) -> bool {
    let named = audience.trim_end_matches('/');
    let named = named.strip_prefix("https://").unwrap_or(named);
    let known: &[&str] = match service {
        Audience::Management => &[
            "management.azure.com",
            "management.core.windows.net",
            "management.usgovcloudapi.net",
            "management.core.usgovcloudapi.net",
            "management.chinacloudapi.cn",
            "management.core.chinacloudapi.cn",
        ],
        Audience::Graph => &[
            "graph.microsoft.com",
            "graph.microsoft.us",
            "dod-graph.microsoft.us",
            "microsoftgraph.chinacloudapi.cn",
            "00000003-0000-0000-c000-000000000000",
        ],
    };
    named.eq_ignore_ascii_case(host) || known.contains(&named)
}

fn challenge(code: &str, message: &str) -> Response {
    Refusal::new(401, code, message)
        .respond(ErrorStyle::Arm)
        .with(
            "WWW-Authenticate",
            format!("Bearer authorization_uri=\"https://login.microsoftonline.com/common\", error=\"invalid_token\", error_description=\"{message}\""),
        )
}

/// An OAuth error as Entra words it.
fn denied(error: &str, code: u32, message: &str, now: OffsetDateTime) -> Response {
    let trace = Uuid::new_v4().to_string();
    let correlation = Uuid::new_v4().to_string();
    let at = super::world::timestamp(now).replace('T', " ");
    let status = if error == "invalid_client" { 401 } else { 400 };
    Response::json(
        status,
        json!({
            "error": error,
            "error_description": format!("AADSTS{code}: {message} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {at}"),
            "error_codes": [code], "timestamp": at, "trace_id": trace, "correlation_id": correlation,
            "error_uri": format!("https://login.microsoftonline.com/error?code={code}"),
        }),
    )
}

/// `/{tenant}/v2.0/.well-known/openid-configuration`
pub(crate) fn metadata(tenant: &str, origin: &str) -> Response {
    let directory = directory(tenant).unwrap_or_else(|| "{tenantid}".to_owned());
    let base = format!("{origin}/{tenant}");
    Response::json(
        200,
        json!({
            "issuer": format!("{origin}/{directory}/v2.0"),
            "authorization_endpoint": format!("{base}/oauth2/v2.0/authorize"),
            "token_endpoint": format!("{base}/oauth2/v2.0/token"),
            "device_authorization_endpoint": format!("{base}/oauth2/v2.0/devicecode"),
            "jwks_uri": format!("{base}/discovery/v2.0/keys"),
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
            "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "scopes_supported": ["openid", "profile", "email", "offline_access"],
            "tenant_region_scope": null, "cloud_instance_name": "microsoftonline.com",
        }),
    )
}

/// `/common/discovery/instance`: the clients' check that a login host is one of Microsoft's.
pub(crate) fn instance(request: &Request) -> Response {
    let origin = request.origin();
    let host = &request.host;
    Response::json(
        200,
        json!({
            "tenant_discovery_endpoint": format!("{origin}/common/v2.0/.well-known/openid-configuration"),
            "api-version": "1.1",
            "metadata": [{ "preferred_network": host, "preferred_cache": host, "aliases": [host] }],
        }),
    )
}

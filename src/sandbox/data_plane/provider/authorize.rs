//! The authorization endpoint: who asks, where the answer may go, then the sign-in page and the code.
//!
//! What is wrong with the client or its redirect address is shown; everything else is told to the redirect address.
//! Codes of errors: learn.microsoft.com/azure/active-directory-b2c/error-codes, and AADSTS for External ID.

use time::Duration;
use uuid::Uuid;

use super::account::{self, SignInError};
use super::application::{self, Client, ScopeError};
use super::{Authority, Grant, page};
use crate::sandbox::data_plane::Plane;
use crate::sandbox::data_plane::call::{Call, Reply};
use crate::sandbox::data_plane::hosts::text;

/// Codes live as long as a redirect takes.
const CODE: Duration = Duration::minutes(5);

/// A request for a sign-in whose client and redirect address are known to each other.
struct Request<'a> {
    client: Client<'a>,
    redirect: String,
    mode: String,
    /// `code`, `token`, `id_token`
    kinds: Vec<String>,
    state: Option<String>,
    scopes: Vec<String>,
    nonce: Option<String>,
    challenge: Option<(String, String)>,
    hint: String,
}

impl Request<'_> {
    fn wants(&self, kind: &str) -> bool {
        self.kinds.iter().any(|one| one == kind)
    }
}

/// An error for the redirect address.
struct Told {
    error: &'static str,
    description: String,
}

impl Told {
    fn to(self, request: &Request) -> Reply {
        let fields = vec![
            ("error", self.error.to_owned()),
            ("error_description", self.description),
        ];
        lead(request, fields)
    }
}

fn told(error: &'static str, description: impl Into<String>) -> Told {
    Told {
        error,
        description: description.into(),
    }
}

pub(super) fn answer(plane: &mut Plane, authority: &Authority, call: &Call) -> Reply {
    let store = plane.store;
    let request = match read(plane, authority, call) {
        Ok(request) => request,
        Err(shown) => return *shown,
    };
    if let Err(told) = check(plane, authority, &request) {
        return told.to(&request);
    }
    let sign_up = authority
        .signs_up(store, request.client.id)
        .then(|| sign_up_address(authority, call));
    let shown = |status, trouble: Option<&str>| {
        let form = page::sign_in(&call.target, sign_up.as_deref(), &request.hint, trouble);
        Reply::html(status, form)
    };
    if call.method != "POST" {
        return shown(200, None);
    }
    let form = super::token::form(&call.body);
    let password = match form.get("action").map(String::as_str) {
        Some("withoutPassword") => None,
        _ => Some(form.get("password").map_or("", String::as_str)),
    };
    let name = form.get("signInName").map_or("", String::as_str);
    match account::sign_in(store, authority, name, password) {
        Ok(user) => give(plane, authority, &request, text(&user.body, "/id")),
        Err(SignInError::Invalid) => shown(400, Some(invalid(authority))),
        Err(SignInError::Disabled) => shown(
            400,
            Some(
                "Your account has been disabled. Contact your support person to unlock it, then try again.",
            ),
        ),
    }
}

fn invalid(authority: &Authority) -> &'static str {
    if authority.is_b2c() {
        "AADB2C90225: The username or password provided in the request are invalid."
    } else {
        "AADSTS50126: Error validating credentials due to invalid username or password."
    }
}

/// The address that B2C's page links to when its flow lets strangers in.
fn sign_up_address(authority: &Authority, call: &Call) -> String {
    format!(
        "{}/api/CombinedSigninAndSignup/unified?local=signup&{}",
        authority.base(),
        call.query()
    )
}

/// Closed unless the flow allows it: then nothing is there.
pub(super) fn answer_sign_up(plane: &mut Plane, authority: &Authority, call: &Call) -> Reply {
    let request = match read(plane, authority, call) {
        Ok(request) => request,
        Err(shown) => return *shown,
    };
    if !authority.signs_up(plane.store, request.client.id) {
        return Reply::empty(404);
    }
    if call.method != "POST" {
        return Reply::html(200, page::sign_up(&call.target, None));
    }
    if let Err(told) = check(plane, authority, &request) {
        return told.to(&request);
    }
    let form = super::token::form(&call.body);
    let name = form.get("signInName").map_or("", String::as_str);
    let password = form.get("password").map_or("", String::as_str);
    if !name.contains('@') || password.len() < 8 {
        let trouble = "An email address and a password of at least eight characters are needed.";
        return Reply::html(400, page::sign_up(&call.target, Some(trouble)));
    }
    if account::find(plane.store, authority, name).is_some() {
        let trouble = "AADB2C90001: This user already exists, and profile does not allow the same user to be created again.";
        return Reply::html(400, page::sign_up(&call.target, Some(trouble)));
    }
    let user = account::sign_up(plane, authority, name, password);
    give(plane, authority, &request, text(&user.body, "/id"))
}

/// The error is a page: nobody knows whose address the redirect is.
fn read<'a>(
    plane: &Plane<'a>,
    authority: &Authority,
    call: &Call,
) -> Result<Request<'a>, Box<Reply>> {
    let parameter = |name: &str| call.parameter(name).filter(|value| !value.is_empty());
    let shown = |b2c: String, other: String| {
        Box::new(page::refused(if authority.is_b2c() {
            &b2c
        } else {
            &other
        }))
    };
    let Some(id) = parameter("client_id") else {
        return Err(shown(
            "AADB2C90008: The request does not contain a client ID parameter.".to_owned(),
            "AADSTS900144: The request body must contain the following parameter: 'client_id'."
                .to_owned(),
        ));
    };
    let Some(client) = application::find(plane.store, authority, &id) else {
        return Err(shown(
            format!(
                "AADB2C90018: The client ID '{id}' specified in the request is not registered in tenant '{}'.",
                authority.tenant
            ),
            format!(
                "AADSTS700016: Application with identifier '{id}' was not found in the directory '{}'.",
                authority.directory
            ),
        ));
    };
    if authority.is_b2c() && !client.is_for_user_flows() {
        return Err(shown(
            "AADB2C90068: The provided application is not valid against this service. Please use an application created via the B2C portal and try again.".to_owned(),
            String::new(),
        ));
    }
    let redirect = parameter("redirect_uri").unwrap_or_default();
    if client.platform(&redirect).is_none() {
        return Err(shown(
            format!(
                "AADB2C90006: The redirect URI '{redirect}' provided in the request is not registered for the client ID '{id}'."
            ),
            format!(
                "AADSTS50011: The redirect URI '{redirect}' specified in the request does not match the redirect URIs configured for the application '{id}'."
            ),
        ));
    }
    let challenge = parameter("code_challenge").map(|challenge| {
        let method = parameter("code_challenge_method").unwrap_or_else(|| "plain".to_owned());
        (method, challenge)
    });
    Ok(Request {
        client,
        redirect,
        mode: parameter("response_mode").unwrap_or_default(),
        kinds: parameter("response_type")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        state: parameter("state"),
        scopes: parameter("scope")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_owned)
            .collect(),
        nonce: parameter("nonce"),
        challenge,
        hint: parameter("login_hint").unwrap_or_default(),
    })
}

fn check(plane: &Plane, authority: &Authority, request: &Request) -> Result<(), Told> {
    if let Some(policy) = &authority.policy
        && !matches!(policy.kind.as_str(), "signIn" | "signUp" | "signUpOrSignIn")
    {
        return Err(told(
            "invalid_request",
            format!(
                "The sandbox signs nobody in by a flow of type {}.",
                policy.kind
            ),
        ));
    }
    response_type(authority, request)?;
    if request.scopes.is_empty() {
        return Err(told(
            "invalid_request",
            "AADB2C90010: The request does not contain a scope parameter.",
        ));
    }
    if let Some((method, _)) = &request.challenge
        && !["S256", "plain"].contains(&method.as_str())
    {
        return Err(told(
            "invalid_request",
            "The code_challenge_method is not supported.",
        ));
    }
    application::asked(plane.store, authority, &request.client, &request.scopes)
        .map(|_| ())
        .map_err(|error| scope_error(authority, &error))
}

fn response_type(authority: &Authority, request: &Request) -> Result<(), Told> {
    let kind = request.kinds.join(" ");
    let implicit =
        |wanted: &str, setting: &str| request.wants(wanted) && !request.client.implicit(setting);
    if implicit("token", "enableAccessTokenIssuance")
        || implicit("id_token", "enableIdTokenIssuance")
    {
        let description = if authority.is_b2c() {
            "AADB2C90057: The provided application is not configured to allow the 'OAuth' Implicit flow.".to_owned()
        } else {
            format!("AADSTS700051: response_type '{kind}' is not enabled for the application.")
        };
        return Err(told("unauthorized_client", description));
    }
    let is_known = |kind: &String| ["code", "token", "id_token"].contains(&kind.as_str());
    if request.kinds.is_empty() || !request.kinds.iter().all(is_known) {
        return Err(told(
            "unsupported_response_type",
            format!(
                "AADB2C90013: The requested response type '{kind}' provided in the request is not supported."
            ),
        ));
    }
    Ok(())
}

fn scope_error(authority: &Authority, error: &ScopeError) -> Told {
    match (error, authority.is_b2c()) {
        (ScopeError::Unsupported(scope), true) => told(
            "invalid_request",
            format!("AADB2C90117: The scope '{scope}' provided in the request is not supported."),
        ),
        (ScopeError::Unsupported(scope), false) => told(
            "invalid_scope",
            format!(
                "AADSTS70011: The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
            ),
        ),
        (ScopeError::NotGranted, true) => told(
            "access_denied",
            "AADB2C90205: This application does not have sufficient permissions against this web resource to perform the operation.",
        ),
        (ScopeError::NotGranted, false) => told(
            "invalid_grant",
            "AADSTS65001: The user or administrator has not consented to use the application.",
        ),
    }
}

/// Signed in: a code, or at once the tokens where the application still has the implicit flow.
fn give(plane: &mut Plane, authority: &Authority, request: &Request, user: &str) -> Reply {
    let grant = Grant {
        authority: authority.base(),
        client: request.client.id.to_owned(),
        redirect: request.redirect.clone(),
        user: user.to_owned(),
        scopes: request.scopes.clone(),
        nonce: request.nonce.clone(),
        challenge: request.challenge.clone(),
        until: plane.now + CODE,
    };
    let mut fields = Vec::new();
    if request.wants("token") || request.wants("id_token") {
        let issued = super::token::at_once(plane, authority, &request.client, &grant);
        for name in ["access_token", "token_type", "expires_in", "id_token"] {
            let is_asked = match name {
                "id_token" => request.wants("id_token"),
                _ => request.wants("token"),
            };
            match issued.as_ref().map(|issued| &issued[name]) {
                Some(serde_json::Value::String(value)) if is_asked => {
                    fields.push((name, value.clone()));
                }
                Some(serde_json::Value::Number(value)) if is_asked => {
                    fields.push((name, value.to_string()));
                }
                _ => {}
            }
        }
    }
    if request.wants("code") {
        let code = Uuid::new_v4().simple().to_string();
        let now = plane.now;
        let codes = &mut plane.counters.sessions.codes;
        codes.retain(|_, grant| grant.until > now);
        codes.insert(code.clone(), grant);
        fields.push(("code", code));
    }
    lead(request, fields)
}

/// Back to the application.
fn lead(request: &Request, mut fields: Vec<(&str, String)>) -> Reply {
    if let Some(state) = &request.state {
        fields.push(("state", state.clone()));
    }
    if request.mode == "form_post" {
        return Reply::html(200, page::posted(&request.redirect, &fields));
    }
    let encoded = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(&fields)
        .finish();
    // Tokens never travel in a query.
    let has_token = request.wants("token") || request.wants("id_token");
    let joint = match request.mode.as_str() {
        "fragment" => "#",
        _ if has_token => "#",
        _ if request.redirect.contains('?') => "&",
        _ => "?",
    };
    Reply::empty(302)
        .with("Location", format!("{}{joint}{encoded}", request.redirect))
        .with("Cache-Control", "no-store")
}

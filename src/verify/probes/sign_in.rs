//! I: the identity provider. Only accounts made beforehand, only by code with proof, only to registered addresses.

use futures::FutureExt as _;

use super::super::attacker::{Attacker, told};
use super::super::message::{Reply, Request};
use super::super::probe::{Expect, Head, Needs, Probe, Shot, Theme};
use super::super::report::{Idle, Outcome, Verdict};
use super::super::sign_in::{self, Ask};
use super::super::target::Client;
use crate::resource::Severity::{Critical, High};

const SIGN_IN: Head = Head::of(Theme::SignIn).needing(Needs::User);

/// Told on a page, or to the registered address.
const REFUSED: &[u16] = &[200, 302, 303, 400, 401, 403, 404];
/// Flows that tutorials and portals suggest; what lets strangers in has mostly one of these names.
const GUESSED: [&str; 5] = [
    "B2C_1_signupsignin",
    "B2C_1_signupsignin1",
    "B2C_1_susi",
    "B2C_1_signup",
    "B2C_1A_signup_signin",
];

pub(super) const PROBES: &[Probe] = &[
    SIGN_IN.course(
        ("I01", "Sign-up"),
        Critical,
        "the sign-in page, looked through for a way to sign up; its sign-up address; flows with well-known names",
        (
            "no way to sign up; 404 for what does not exist",
            "Strangers make themselves accounts and get in.",
        ),
        &["IDP-06", "IDP-07"],|attacker| sign_up(attacker).boxed(),
    ),
    SIGN_IN.row(
        ("I02", "The implicit flow"),
        High,
        "authorize with response_type=token and id_token, for each client",
        (
            "an error",
            "Tokens come in addresses, where scripts, logs and histories get them.",
        ),
        &["IDP-03"],|attacker| {
            let expect = Expect::statuses(REFUSED).also(shows_a_sign_in);
            let clients = clients(attacker)?;
            let shots = clients.into_iter().flat_map(|client| {
                ["token", "id_token"].map(|kind| {
                    let ask = ask(attacker, client).with("response_type", kind);
                    Shot::new(ask.with("nonce", "secgw").request(), expect)
                })
            });
            Ok(shots.collect())
        },
    ),
    SIGN_IN.row(
        ("I03", "An address that nobody registered"),
        Critical,
        "authorize with other redirect addresses, for each client",
        (
            "an error on a page, and no redirect",
            "Codes and tokens of users go to whoever made the link.",
        ),
        &["IDP-04"],|attacker| {
            let expect = Expect::statuses(&[200, 400, 403, 404])
                .strict()
                .also(shows_a_sign_in);
            let clients = clients(attacker)?;
            let shots = clients.into_iter().flat_map(|client| {
                let own = client.redirects.first().cloned().unwrap_or_default();
                let others = [
                    "https://evil.example/auth".to_owned(),
                    format!("{own}.evil.example"),
                    format!("{own}/../evil"),
                ];
                others.map(|redirect| {
                    let ask = ask(attacker, client).with("redirect_uri", &redirect);
                    Shot::new(ask.request(), expect)
                })
            });
            Ok(shots.collect())
        },
    ),
    SIGN_IN.row(
        ("I04", "Passwords sent by the application"),
        High,
        "the token endpoint with grant_type=password, for each client",
        (
            "an error of the protocol",
            "Passwords can be guessed without the sign-in page and its second factor.",
        ),
        &["IDP-05"],|attacker| {
            let clients = clients(attacker)?;
            let provider = &attacker.target.provider;
            let shots = clients.into_iter().map(|client| {
                let form = [
                    ("grant_type", "password"),
                    ("client_id", client.id.as_str()),
                    ("scope", "openid"),
                    ("username", "secgw-verify@example.com"),
                    ("password", "not a password"),
                    ("response_type", "token id_token"),
                ];
                let request = sign_in::token_request(provider, &provider.user_flow, &form);
                let expect = Expect::statuses(&[400, 401, 403, 404]).also(takes_passwords);
                Shot::new(request, expect)
            });
            Ok(shots.collect())
        },
    ),
    SIGN_IN.course(
        ("I05", "A code without its proof"),
        High,
        "a code of the user's sign-in redeemed without the verifier (PKCE)",
        (
            "an error",
            "Whoever sees a code, in a log or a history, has the user's tokens.",
        ),
        &["IDP-04", "IDP-05"],|attacker| without_proof(attacker).boxed(),
    ),
    SIGN_IN.course(
        ("I06", "Metadata and keys"),
        High,
        "the OpenID metadata and the keys that it names",
        (
            "the issuer and hosts that the gateway trusts, over TLS",
            "Tokens are checked against keys that somebody else can put there.",
        ),
        &["IDP-11", "POL-03", "POL-04"],|attacker| metadata(attacker).boxed(),
    )
    .needing(Needs::Nothing),
];

fn clients<'a>(attacker: &Attacker<'a>) -> Result<Vec<&'a Client>, Idle> {
    let all: Vec<&Client> = attacker.target.provider.clients.iter().collect();
    if all.is_empty() {
        return Err("the spec has no clients, or their ids cannot be read".into());
    }
    Ok(all)
}

fn ask<'a>(attacker: &Attacker<'a>, client: &'a Client) -> Ask<'a> {
    let provider = &attacker.target.provider;
    Ask::new(provider, &provider.user_flow, client)
}

/// Whether what was asked for would be given after a sign-in.
fn shows_a_sign_in(reply: &Reply) -> Option<String> {
    let page = reply.text();
    let is_page = reply.status == 200
        && ["localAccountForm", "signInName", "i0116", "\"loginfmt\""]
            .iter()
            .any(|mark| page.contains(mark));
    let to = reply.header("location").unwrap_or_default();
    let has_error = to.contains("error=");
    if is_page {
        return Some("it is shown a sign-in page".to_owned());
    }
    ((300..400).contains(&reply.status) && !has_error).then(|| {
        format!(
            "it is led to {}",
            to.split(['?', '#']).next().unwrap_or_default()
        )
    })
}

fn takes_passwords(reply: &Reply) -> Option<String> {
    let error = reply.json();
    let said = error["error_description"].as_str().unwrap_or_default();
    // "Invalid user name or password": the flow took them and looked.
    ["AADB2C90225", "AADSTS50126", "AADSTS50034"]
        .iter()
        .any(|code| said.contains(code))
        .then(|| "the password was looked at".to_owned())
}

async fn sign_up(attacker: &Attacker<'_>) -> Verdict {
    let clients = match clients(attacker) {
        Ok(clients) => clients,
        Err(idle) => return idle.into(),
    };
    let provider = &attacker.target.provider;
    let mut all = Vec::new();
    for client in &clients {
        let page = ask(attacker, client).request();
        all.push(told(attacker, &page, offers_sign_up).await);
        if provider.is_b2c {
            let direct = ask(attacker, client).sign_up();
            all.push(told(attacker, &direct, offers_sign_up).await);
        }
    }
    if provider.is_b2c {
        let known = provider.other_flows.iter().map(String::as_str);
        let guessed = GUESSED.into_iter();
        let own = &provider.user_flow;
        for flow in known
            .chain(guessed)
            .filter(|flow| !flow.eq_ignore_ascii_case(own))
        {
            let page = Ask::new(provider, flow, clients[0]).request();
            all.push(told(attacker, &page, offers_sign_up).await);
        }
    }
    Verdict::worst(all)
}

fn offers_sign_up(reply: &Reply) -> (Outcome, String) {
    const WAYS: [&str; 5] = [
        "createAccount",
        "local=signup",
        "Sign up now",
        "attributeVerification",
        "\"urlSignUp\"",
    ];
    let page = reply.text();
    match (reply.status, WAYS.iter().find(|way| page.contains(*way))) {
        (200, Some(way)) => (
            Outcome::Fail,
            format!("the page has a way to sign up: {way}"),
        ),
        (500.., _) => (
            Outcome::Inconclusive,
            format!("{}: the server failed", reply.status),
        ),
        (status, _) => (Outcome::Pass, format!("{status}")),
    }
}

async fn without_proof(attacker: &Attacker<'_>) -> Verdict {
    if !attacker.wire.is_sandbox() {
        let why = "a person would have to sign in once more for a code to spend";
        return Verdict::new(Outcome::NotApplicable, why);
    }
    let provider = &attacker.target.provider;
    let Some(client) = provider.clients.iter().find(|client| client.is_public) else {
        return Verdict::new(
            Outcome::NotApplicable,
            "the spec has no client without a secret",
        );
    };
    let scope = "openid offline_access";
    let mut all = Vec::new();
    for has_challenge in [true, false] {
        let code = sign_in::code(
            attacker.wire,
            provider,
            &provider.user_flow,
            client,
            scope,
            has_challenge,
        )
        .await;
        let code = match code {
            Ok((code, _)) => code,
            Err(error) => return Verdict::new(Outcome::Inconclusive, error.to_string()),
        };
        let redirect = client.redirects.first().map_or("", String::as_str);
        let form = [
            ("grant_type", "authorization_code"),
            ("client_id", client.id.as_str()),
            ("code", code.as_str()),
            ("redirect_uri", redirect),
            ("scope", scope),
        ];
        let request = sign_in::token_request(provider, &provider.user_flow, &form);
        let shot = Shot::new(request, Expect::statuses(&[400, 401, 403]));
        all.push(attacker.shoot(&shot).await);
    }
    Verdict::worst(all)
}

async fn metadata(attacker: &Attacker<'_>) -> Verdict {
    let provider = &attacker.target.provider;
    let base = provider.base(&provider.user_flow);
    let path = format!("{base}/v2.0/.well-known/openid-configuration");
    let request = Request::get(&provider.host, &path);
    let trusted = attacker
        .tokens
        .access
        .as_ref()
        .map_or_else(|| provider.issuer(), |token| token.claim("iss").to_owned());
    told(attacker, &request, |reply| {
        let said = reply.json();
        let issuer = said["issuer"].as_str().unwrap_or_default();
        let keys = said["jwks_uri"].as_str().unwrap_or_default();
        let is_own = sign_in::host_of(keys).is_some_and(|host| {
            host == provider.host
                || host.ends_with(".b2clogin.com")
                || host.ends_with(".ciamlogin.com")
        });
        match reply.status {
            200 if issuer != trusted => (
                Outcome::Fail,
                format!("the issuer is {issuer}, and {trusted} is trusted"),
            ),
            200 if !is_own => (Outcome::Fail, format!("the keys are at {keys}")),
            200 => match &attacker.keys {
                Err(why) => (Outcome::Inconclusive, why.clone()),
                Ok(keys) if keys["keys"].as_array().is_none_or(Vec::is_empty) => {
                    (Outcome::Inconclusive, "there are no keys".to_owned())
                }
                Ok(_) => (Outcome::Pass, format!("issuer {issuer}")),
            },
            status => (
                Outcome::Inconclusive,
                format!("{status}, where 200 was due"),
            ),
        }
    })
    .await
}

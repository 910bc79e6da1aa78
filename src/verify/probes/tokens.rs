//! A: who gets through with which token. The one that should comes first: without it, refusals say nothing.

use futures::FutureExt as _;
use serde_json::{Value, json};

use super::super::attacker::Lent;
use super::super::attacker::{Attacker, told};
use super::super::message::{Reply, Request};
use super::super::probe::{Expect, Head, Needs, Probe, Shot, Theme};
use super::super::report::{Idle, Outcome, Verdict};
use super::super::token::{self, Token};
use crate::resource::Severity::{Critical, High};

const REFUSED: Expect = Expect::statuses(&[401]);
/// The firewall may be first.
const STOPPED: Expect = Expect::statuses(&[400, 401, 403, 431]);
/// The gateway knows who it is, and that is not enough.
const NOT_ENOUGH: Expect = Expect::statuses(&[401, 403]);

const TOKENS: Head = Head::of(Theme::Tokens);

const UNAUTHORIZED: &str = "401";

pub(super) const PROBES: &[Probe] = &[
    TOKENS.course(
        ("A21", "A valid token gets through (the control)"),
        High,
        "the operation with the user's own token, through Front Door",
        ("2xx", "Nobody gets through, or this user may not: what the other probes see of refusals proves nothing."),
        &[],

        |attacker| control(attacker).boxed(),
    ).needing(Needs::Nothing),
    TOKENS.row(
        ("A01", "A call without a token"),
        Critical,
        "the operation without Authorization",
        (
            "401 with Strict-Transport-Security",
            "Anybody on the Internet can call the API.",
        ),
        &["POL-01", "APIM-08"],
        |attacker| Ok(vec![Shot::new(attacker.operation(), REFUSED)]),
    ),
    TOKENS.row(
        ("A02", "A bearer that is no token"),
        Critical,
        "Authorization: Bearer abc",
        (
            UNAUTHORIZED,
            "The token is not looked at, only whether there is one.",
        ),
        &["POL-01"],
        |attacker| Ok(each(attacker, ["abc".to_owned(), "a.b.c".to_owned()])),
    ),
    TOKENS.row(
        ("A03", "The token under another scheme"),
        High,
        "Authorization: Basic …, and a valid token without `Bearer`",
        (
            UNAUTHORIZED,
            "The gateway takes tokens where it should demand `Bearer`: other credentials may pass for one.",
        ),
        &["POL-01", "POL-05"],
        wrong_scheme,
    ),
    TOKENS.row(
        ("A04", "The token in the query"),
        High,
        "?access_token=… with a token that is valid",
        (
            UNAUTHORIZED,
            "Tokens may travel in addresses, which end up in logs and histories.",
        ),
        &["POL-01"],
        in_query,
    ),
    TOKENS.row(
        ("A05", "An expired token"),
        Critical,
        "a genuine token past its time: the sandbox's own, or --bad-token-env",
        (UNAUTHORIZED, "A token that leaked once is good for ever."),
        &["POL-05"],
        |attacker| odd(attacker, &attacker.tokens.expired, is_expired),
    ),
    TOKENS.row(
        ("A06", "A token that is not valid yet"),
        High,
        "a genuine token before its time: the sandbox's own, or --bad-token-env",
        (UNAUTHORIZED, "The times in tokens are not looked at."),
        &["POL-05"],
        |attacker| odd(attacker, &attacker.tokens.early, is_early),
    ),
    TOKENS.row(
        ("A07", "A token for another audience"),
        Critical,
        "genuine tokens of the same directory for another application",
        (
            UNAUTHORIZED,
            "A token that was given for any application opens this API.",
        ),
        &["POL-02"],
        other_audience,
    ),
    TOKENS.row(
        ("A08", "The ID token in place of the access token"),
        Critical,
        "the ID token of the same sign-in",
        (
            UNAUTHORIZED,
            "ID tokens, which browsers hand about freely, open the API.",
        ),
        &["POL-02", "POL-06"],
        |attacker| {
            attacker.tokens.valid()?;
            let identity = attacker.tokens.identity.as_ref();
            let token = identity.ok_or("the user's token came without an ID token")?;
            Ok(vec![Shot::new(
                attacker.operation().signed_in(token),
                REFUSED,
            )])
        },
    ),
    TOKENS.row(
        ("A09", "A token of another issuer"),
        Critical,
        "tokens that name another directory as their issuer: self-signed, and genuine (--bad-token-env)",
        (
            UNAUTHORIZED,
            "Whoever has a directory of their own gets in.",
        ),
        &["POL-03", "POL-04"],
        |attacker| Ok(other_issuer(attacker)),
    ),
    TOKENS.row(
        ("A10", "A token of another user flow"),
        Critical,
        "a genuine token of the same directory through a user flow that the spec does not name",
        (
            UNAUTHORIZED,
            "Any flow of the directory lets people in, one that lets strangers sign up too.",
        ),
        &["POL-07", "IDP-07"],
        other_flow,
    ),
    TOKENS.row(
        ("A11", "A token without the scope"),
        High,
        "a genuine token for fewer scopes than the operation asks for",
        ("401 or 403", "Whoever may read may do everything."),
        &["POL-06"],
        missing_scope,
    ),
    TOKENS.row(
        ("A12", "A token of another client"),
        High,
        "a genuine token that another application asked for: the sandbox's own, or --bad-token-env",
        (
            UNAUTHORIZED,
            "Any application of the directory can call the API for its users.",
        ),
        &["POL-08"],
        |attacker| odd(attacker, &attacker.tokens.other_client, is_of_another_client),
    ),
    TOKENS.row(
        ("A13", "A token that says it needs no signature"),
        Critical,
        "right claims without a signature, `alg` none, None, nOnE",
        (UNAUTHORIZED, "Everybody writes tokens for themselves."),
        &["POL-05"],
        |attacker| {
            let claims = attacker.claims();
            let forged = ["none", "None", "nOnE", ""].map(|name| token::unsigned(name, &claims));
            Ok(each(attacker, forged))
        },
    ),
    TOKENS.row(
        ("A14", "A token signed with the public key as a secret"),
        Critical,
        "right claims with HS256 and the provider's public key, in four forms, as secret",
        (
            UNAUTHORIZED,
            "The public key signs tokens: everybody writes them for themselves.",
        ),
        &["POL-05"],
        confused,
    ),
    TOKENS.row(
        ("A15", "A token signed with a key of the attacker's"),
        Critical,
        "right claims and the provider's key id, signed with another key; then with jwk, jku and x5u headers",
        (
            UNAUTHORIZED,
            "Signatures are not checked against the provider's keys.",
        ),
        &["POL-04", "POL-05"],
        |attacker| Ok(self_signed(attacker)),
    ),
    TOKENS.row(
        ("A16", "A genuine token that was changed"),
        Critical,
        "the user's token with other scopes, another subject, a longer life; and without its signature",
        (
            UNAUTHORIZED,
            "Users write themselves into other accounts and more rights.",
        ),
        &["POL-05"],
        tampered,
    ),
    TOKENS.row(
        ("A17", "A key id that is an attack"),
        High,
        "key ids that walk directories, ask databases, or have 8 KB",
        (
            "400, 401, 403 or 431",
            "What tokens say about keys reaches files or queries.",
        ),
        &["POL-05"],
        |attacker| Ok(strange_key_ids(attacker)),
    ),
    TOKENS.row(
        ("A18", "Two Authorization headers"),
        High,
        "a valid and an invalid one, in both orders",
        (
            "400 or 401",
            "Front Door, gateway and Function may each look at another one.",
        ),
        &["POL-01"],
        twice,
    ),
    TOKENS.row(
        ("A19", "An API key alone"),
        Critical,
        "Ocp-Apim-Subscription-Key, as header and in the query, no token",
        (
            UNAUTHORIZED,
            "A key opens the API: it says nothing about who calls.",
        ),
        &["APIM-08", "POL-01"],
        |attacker| {
            let key = "0123456789abcdef0123456789abcdef";
            let query = with_query(attacker, &format!("subscription-key={key}"));
            let header = attacker.operation().with("Ocp-Apim-Subscription-Key", key);
            Ok(vec![Shot::new(header, REFUSED), Shot::new(query, REFUSED)])
        },
    ),
    TOKENS.row(
        ("A20", "A function key alone"),
        Critical,
        "x-functions-key and ?code=, no token",
        (UNAUTHORIZED, "A key of the Function opens it from outside."),
        &["FUN-18", "POL-01"],
        |attacker| {
            let key = "c2VjZ3ctdmVyaWZ5LWZ1bmN0aW9uLWtleQ==";
            let query = with_query(attacker, "code=c2VjZ3ctdmVyaWZ5");
            let header = attacker.operation().with("x-functions-key", key);
            Ok(vec![Shot::new(header, REFUSED), Shot::new(query, REFUSED)])
        },
    ),
];

/// Once more after the time that a limit asks for: an earlier run may have used the minute up.
async fn control(attacker: &Attacker<'_>) -> Verdict {
    let token = match attacker.tokens.valid() {
        Ok(token) => token,
        Err(idle) => return idle.into(),
    };
    let request = attacker.operation().signed_in(token);
    if let Ok(reply) = attacker.send(&request).await
        && reply.status == 429
    {
        tokio::time::sleep(pause(&reply)).await;
    }
    told(attacker, &request, |reply| match reply.status {
        // The user got through; that the order is not there is the Function's own affair.
        200..300 => (Outcome::Pass, format!("{}", reply.status)),
        404 if reply.is_from_backend() => (Outcome::Pass, "404 of the Function".to_owned()),
        status => (
            Outcome::Inconclusive,
            format!(
                "{status}, where a success was due: is the deployment up, and may this user call?"
            ),
        ),
    })
    .await
}

fn pause(reply: &Reply) -> std::time::Duration {
    let said = reply.header("retry-after");
    let seconds = said.and_then(|seconds| seconds.parse().ok()).unwrap_or(5);
    std::time::Duration::from_secs(u64::min(seconds, 60))
}

/// The operation with each of these as bearer, all of them nobody's.
fn each(attacker: &Attacker<'_>, tokens: impl IntoIterator<Item = String>) -> Vec<Shot> {
    let shots = tokens
        .into_iter()
        // The claims may be a user's: they go where the token may go.
        .map(|token| Shot::new(attacker.operation().bearer(&token).private(), REFUSED));
    shots.collect()
}

/// One that was asked for; where there is none, whether that is how it is or nobody knows.
fn lent<'a>(given: &'a Lent, none: &'static str) -> Result<&'a Token, Idle> {
    match given {
        Some(Ok(token)) => Ok(token),
        Some(Err(problem)) if !problem.is_refusal() => Err(Idle::Unknown(problem.to_string())),
        Some(Err(_)) | None => Err(none.into()),
    }
}

fn with_query(attacker: &Attacker<'_>, query: &str) -> Request {
    let mut request = attacker.operation();
    let joint = if request.target.contains('?') {
        '&'
    } else {
        '?'
    };
    request.target = format!("{}{joint}{query}", request.target);
    request
}

fn wrong_scheme(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let token = attacker.tokens.valid()?;
    let headers = [
        "Basic c2VjZ3c6dmVyaWZ5".to_owned(),
        format!("Basic {}", token.text()),
        token.text().to_owned(),
    ];
    let shots = headers.into_iter().map(|value| {
        let request = attacker.operation().with("Authorization", value).private();
        Shot::new(request, REFUSED)
    });
    Ok(shots.collect())
}

fn in_query(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let token = attacker.tokens.valid()?;
    let request = with_query(attacker, &format!("access_token={}", token.text()));
    Ok(vec![Shot::new(request.private(), REFUSED)])
}

/// The given tokens that are bad in this way.
fn bad(attacker: &Attacker<'_>, is_it: fn(&Attacker<'_>, &Token) -> bool) -> Vec<Shot> {
    let given = attacker.tokens.bad.iter();
    given
        .filter(|token| is_it(attacker, token))
        .map(|token| Shot::new(attacker.operation().signed_in(token), REFUSED))
        .collect()
}

/// One that Azure signs for nobody: the sandbox's, and those that were given.
fn odd(
    attacker: &Attacker<'_>,
    given: &Lent,
    is_it: fn(&Attacker<'_>, &Token) -> bool,
) -> Result<Vec<Shot>, Idle> {
    let none = "only the identity provider can sign such a token: give one with --bad-token-env";
    genuine(attacker, lent(given, none), is_it)
}

fn now() -> i64 {
    time::OffsetDateTime::now_utc().unix_timestamp()
}

/// Clocks may differ by the five minutes that a gateway may be told to allow for.
const SKEW: i64 = 300;

fn is_expired(_: &Attacker<'_>, token: &Token) -> bool {
    token.claims()["exp"]
        .as_i64()
        .is_some_and(|at| at + SKEW < now())
}

fn is_early(_: &Attacker<'_>, token: &Token) -> bool {
    token.claims()["nbf"]
        .as_i64()
        .is_some_and(|at| at - SKEW > now())
}

fn has_other_audience(attacker: &Attacker<'_>, token: &Token) -> bool {
    let audience = attacker.target.provider.audience.as_deref();
    audience.is_some_and(|audience| token.claim("aud") != audience)
}

fn has_other_issuer(attacker: &Attacker<'_>, token: &Token) -> bool {
    let own = attacker.tokens.access.as_ref();
    own.is_some_and(|own| own.claim("iss") != token.claim("iss"))
}

fn is_of_another_client(attacker: &Attacker<'_>, token: &Token) -> bool {
    let azp = token.claim("azp");
    let clients = &attacker.target.provider.clients;
    !azp.is_empty() && clients.iter().all(|client| client.id != azp)
}

fn is_of_another_flow(attacker: &Attacker<'_>, token: &Token) -> bool {
    let flow = token.claim("tfp");
    !flow.is_empty() && !flow.eq_ignore_ascii_case(&attacker.target.provider.user_flow)
}

fn other_audience(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let none = "there is no genuine token for another audience; give one with --bad-token-env";
    genuine(
        attacker,
        lent(&attacker.tokens.own, none),
        has_other_audience,
    )
}

fn other_issuer(attacker: &Attacker<'_>) -> Vec<Shot> {
    let issuers = [
        "https://sts.windows.net/11111111-1111-4111-8111-111111111111/",
        "https://login.microsoftonline.com/11111111-1111-4111-8111-111111111111/v2.0",
        "https://attacker.b2clogin.com/11111111-1111-4111-8111-111111111111/v2.0/",
    ];
    let header = json!({ "alg": "RS256", "typ": "JWT", "kid": attacker.key_id() });
    let forged = issuers.map(|issuer| {
        let claims = token::changed(&attacker.claims(), &json!({ "iss": issuer }));
        attacker.forge.rs256(&header, &claims)
    });
    let mut shots = each(attacker, forged);
    shots.extend(bad(attacker, has_other_issuer));
    shots
}

fn other_flow(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    if !attacker.target.provider.is_b2c {
        return Err("External ID has one issuer and no user flow in its tokens".into());
    }
    let none = "no other user flow gives tokens; give one with --bad-token-env";
    let flow = lent(&attacker.tokens.other_flow, none);
    genuine(attacker, flow, is_of_another_flow)
}

/// A genuine token that was lent and those that were given, none of which may be taken.
fn genuine(
    attacker: &Attacker<'_>,
    lent: Result<&Token, Idle>,
    is_it: fn(&Attacker<'_>, &Token) -> bool,
) -> Result<Vec<Shot>, Idle> {
    let given = bad(attacker, is_it);
    match lent {
        Ok(token) => {
            let own = Shot::new(attacker.operation().signed_in(token), REFUSED);
            Ok([own].into_iter().chain(given).collect())
        }
        Err(idle) if given.is_empty() => Err(idle),
        Err(_) => Ok(given),
    }
}

fn missing_scope(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let stricter = attacker.target.stricter.as_ref();
    let stricter = stricter.ok_or("all operations ask for the same scopes")?;
    let none = "there is no token of the user for fewer scopes";
    let token = lent(&attacker.tokens.narrow, none)?;
    let request = Request::new(&stricter.method, attacker.target.edge(), &stricter.path)
        .body("application/json", "{}");
    Ok(vec![Shot::new(request.signed_in(token), NOT_ENOUGH)])
}

fn confused(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let keys = attacker.keys.clone().map_err(Idle::Unknown)?;
    let none = || Idle::Unknown("the identity provider shows no keys".to_owned());
    let key = keys["keys"].get(0).ok_or_else(none)?;
    let claims = attacker.claims();
    let forged: Vec<String> = token::secrets_of(key)
        .iter()
        .map(|secret| token::hs256(attacker.key_id(), &claims, secret))
        .collect();
    Ok(each(attacker, forged))
}

fn self_signed(attacker: &Attacker<'_>) -> Vec<Shot> {
    let claims = attacker.claims();
    let key_id = attacker.key_id();
    let elsewhere = "https://attacker.example/keys";
    let headers = [
        json!({ "alg": "RS256", "typ": "JWT", "kid": key_id }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "own", "jwk": attacker.forge.jwk() }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "own", "jku": elsewhere }),
        json!({ "alg": "RS256", "typ": "JWT", "kid": "own", "x5u": elsewhere }),
    ];
    let forged = headers.map(|header| attacker.forge.rs256(&header, &claims));
    each(attacker, forged)
}

fn tampered(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let token = attacker.tokens.valid()?;
    let changes = [
        json!({ "scp": "orders.read orders.write orders.ship admin" }),
        json!({ "sub": "00000000-0000-4000-8000-0000000000ff" }),
        json!({ "exp": now() + 10 * 365 * 24 * 3600 }),
    ];
    let mut forged: Vec<String> = changes
        .iter()
        .map(|changes| token::tampered(token, changes))
        .collect();
    let (signed, _) = token.signed();
    forged.extend([format!("{signed}."), signed.to_owned()]);
    Ok(each(attacker, forged))
}

fn strange_key_ids(attacker: &Attacker<'_>) -> Vec<Shot> {
    let claims = attacker.claims();
    let ids: [Value; 4] = [
        json!("../../../../../../dev/null"),
        json!("' UNION SELECT 'key' --"),
        json!("k".repeat(8192)),
        json!({ "a": 1 }),
    ];
    let shots = ids.map(|key_id| {
        let header = json!({ "alg": "RS256", "typ": "JWT", "kid": key_id });
        let forged = attacker.forge.rs256(&header, &claims);
        Shot::new(attacker.operation().bearer(&forged).private(), STOPPED)
    });
    shots.into()
}

fn twice(attacker: &Attacker<'_>) -> Result<Vec<Shot>, Idle> {
    let token = attacker.tokens.valid()?;
    let first = attacker
        .operation()
        .signed_in(token)
        .with("Authorization", "Bearer abc");
    let last = attacker.operation().bearer("abc").signed_in(token);
    Ok(vec![Shot::new(first, STOPPED), Shot::new(last, STOPPED)])
}

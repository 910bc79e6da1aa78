//! E: what browsers on other origins may do.

use super::super::attacker::Attacker;
use super::super::message::{Reply, Request};
use super::super::probe::{Expect, Head, Probe, Shot, Theme};
use crate::resource::Severity::{High, Medium};

/// An unmatched origin gets an empty 200 (domain facts 0.2), a refusal, or an answer that no page may read.
const ANSWERED: &[u16] = &[200, 204, 401, 403, 404];

const ORIGINS: Head = Head::of(Theme::Origins);

const UNREADABLE: &str = "no Access-Control-Allow-Origin";

pub(super) const PROBES: &[Probe] = &[
    ORIGINS.row(
        ("E01", "A preflight from a foreign origin"),
        High,
        "OPTIONS with Origin: https://evil.example, and origins that look like the right one",
        (
            UNREADABLE,
            "Any page that a user opens may call the API from their browser.",
        ), &["POL-13"],|attacker| {
            let shots = foreign(attacker).into_iter().map(|origin| {
                let expect = Expect::statuses(ANSWERED).also(lets_origins_in);
                Shot::new(preflight(attacker, &origin), expect)
            });
            Ok(shots.collect())
        },
    ),
    ORIGINS.row(
        ("E02", "A call from a foreign origin"),
        High,
        "the operation with the user's token and Origin: https://evil.example",
        (
            "no Access-Control-Allow-Origin, and no answer of the Function where the spec names origins",
            "Any page that a user opens may read what the API says to them, or have it done.",
        ), &["POL-13"],|attacker| {
            let request = attacker.signed_in(attacker.operation());
            let request = request.with("Origin", "https://evil.example");
            let expect = Expect::statuses(ANSWERED).also(lets_origins_in);
            // Where origins are named, calls of others end at the gateway.
            let expect = match attacker.target.origin {
                Some(_) => expect,
                None => expect.reaching(),
            };
            Ok(vec![Shot::new(request, expect)])
        },
    ),
    ORIGINS.row(
        ("E03", "The origin `null`"),
        High,
        "a preflight and a call with Origin: null",
        (
            UNREADABLE,
            "Sandboxed frames and local files, which everybody can make, may call the API.",
        ), &["POL-13"],|attacker| {
            let expect = Expect::statuses(ANSWERED).reaching().also(lets_origins_in);
            let call = attacker.signed_in(attacker.operation());
            Ok(vec![
                Shot::new(preflight(attacker, "null"), expect),
                Shot::new(call.with("Origin", "null"), expect),
            ])
        },
    ),
    ORIGINS.row(
        ("E04", "The declared origin"),
        Medium,
        "preflights from the origin of the spec, one for a header that the spec does not name",
        (
            "Access-Control-Allow-Origin with exactly that origin; nothing that lets the header in",
            "The application cannot call the API, or all others can, or in ways that nobody meant.",
        ), &["POL-13"],|attacker| {
            let origin = attacker.target.origin.as_deref();
            let origin = origin.ok_or("the API is not for browsers on other origins")?;
            let expect = Expect::statuses(&[200, 204]).also(|reply| {
                match reply.header("access-control-allow-origin") {
                    // Not the gateway's word on origins.
                    None if reply.status >= 400 => None,
                    None => Some("no Access-Control-Allow-Origin".to_owned()),
                    Some("*") => Some("every origin is let in".to_owned()),
                    Some(_) => None,
                }
            });
            let other = preflight_for(attacker, origin, STRANGE);
            let refused = Expect::statuses(ANSWERED).also(lets_header_in);
            Ok(vec![
                Shot::new(preflight(attacker, origin), expect),
                Shot::new(other, refused),
            ])
        },
    ),
];

const STRANGE: &str = "x-secgw-verify";

fn lets_header_in(reply: &Reply) -> Option<String> {
    let allowed = reply.header("access-control-allow-headers")?;
    let is_strange = |name: &str| name == "*" || name.eq_ignore_ascii_case(STRANGE);
    let mut names = allowed.split(',').map(str::trim);
    let is_in = names.any(is_strange);
    is_in.then(|| format!("headers that nobody named are let in: {allowed}"))
}

/// Foreign ones; those that a careless comparison takes for the right one among them.
fn foreign(attacker: &Attacker<'_>) -> Vec<String> {
    let mut origins = vec!["https://evil.example".to_owned()];
    if let Some(own) = &attacker.target.origin {
        origins.push(format!("{own}.evil.example"));
        if let Some(host) = own.strip_prefix("https://") {
            origins.push(format!("http://{host}"));
        }
    }
    origins
}

fn preflight(attacker: &Attacker<'_>, origin: &str) -> Request {
    preflight_for(attacker, origin, "authorization")
}

fn preflight_for(attacker: &Attacker<'_>, origin: &str, headers: &str) -> Request {
    let operation = &attacker.target.operation;
    Request::new("OPTIONS", attacker.target.edge(), &operation.path)
        .with("Origin", origin)
        .with("Access-Control-Request-Method", operation.method.as_str())
        .with("Access-Control-Request-Headers", headers)
}

fn lets_origins_in(reply: &Reply) -> Option<String> {
    let allowed = reply.header("access-control-allow-origin")?;
    let credentials = reply.header("access-control-allow-credentials");
    Some(match (allowed, credentials) {
        ("*", _) => "every origin is let in".to_owned(),
        (origin, Some("true")) => format!("{origin} is let in, with credentials"),
        (origin, _) => format!("{origin} is let in"),
    })
}

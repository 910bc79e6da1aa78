//! D: ways to the Function that do not lead through the gateway.

use super::super::attacker::Attacker;
use super::super::message::Request;
use super::super::probe::{Expect, Head, Probe, Shot, Theme};
use super::super::report::Idle;
use crate::resource::Severity::{Critical, High, Medium};

/// A rule or a private endpoint is in the way. An authentication that answers is not enough: it can be reached.
const CLOSED: Expect = Expect::statuses(&[403]).or_absent().strict();

const BACKEND: Head = Head::of(Theme::Backend);

pub(super) const PROBES: &[Probe] = &[
    BACKEND.row(
        ("D01", "The Function called past the gateway"),
        Critical,
        "its API at its own host: without a token, with the user's, with a key",
        (
            "403 or no answer",
            "Whoever knows the Function's name gets round the gateway and all its rules.",
        ),
        &["FUN-09", "FUN-13", "NET-03", "FUN-10"],
        |attacker| {
            let plain = each(attacker, |host| Request::get(host, &inside(attacker)));
            let user = each(attacker, |host| {
                attacker.signed_in(Request::get(host, &inside(attacker)))
            });
            let key = each(attacker, |host| {
                Request::get(host, &inside(attacker)).with("x-functions-key", "c2VjZ3c=")
            });
            Ok([plain, user, key].into_iter().flatten().collect())
        },
    ),
    BACKEND.row(
        ("D02", "The Function called as if by the gateway"),
        Critical,
        "the same with X-Forwarded-For, X-Original-Host and X-Azure-FDID made up",
        ("403 or no answer", "Its rules believe what callers say."),
        &["FUN-09", "FUN-10"],
        |attacker| {
            let gateway = &attacker.target.gateway;
            Ok(each(attacker, |host| {
                Request::get(host, &inside(attacker))
                    .with("X-Forwarded-For", "147.243.0.1")
                    .with("X-Original-Host", gateway.as_str())
                    .with("X-Forwarded-Host", gateway.as_str())
                    .with("X-Azure-FDID", "11111111-1111-4111-8111-111111111111")
            }))
        },
    ),
    BACKEND.row(
        ("D03", "Kudu from outside"),
        High,
        "the SCM site, its settings, and basic credentials",
        (
            "403 or no answer",
            "Code and settings of the Function can be had by whoever gets credentials.",
        ),
        &["FUN-07", "FUN-11"],
        |attacker| {
            let hosts: Vec<String> = attacker.target.scm().collect();
            let shots = hosts.iter().flat_map(|host| {
                let basic = Request::get(host, "/basicauth")
                    .with("Authorization", "Basic JHNlY2d3OnZlcmlmeQ==");
                let open = ["/", "/api/settings"].map(|path| Request::get(host, path));
                open.into_iter().chain([basic])
            });
            Ok(shots.map(|request| Shot::new(request, CLOSED)).collect())
        },
    ),
    BACKEND.row(
        ("D04", "The Function host's own interface"),
        High,
        "/admin/host/status, /admin/functions, /runtime/webhooks/…",
        (
            "401, 403, 404 or no answer",
            "The host tells strangers about its functions, or runs them.",
        ),
        &["FUN-09"],
        |attacker| {
            Ok(paths(
                attacker,
                &[
                    "/admin/host/status",
                    "/admin/functions",
                    "/runtime/webhooks/durabletask",
                ],
            ))
        },
    ),
    BACKEND.row(
        ("D05", "FTP to the Function"),
        High,
        "a log-in on port 21 of the stamp's FTP host",
        ("530", "Code can be replaced over a protocol without encryption."),
        &["FUN-05", "FUN-06"],
        // UNVERIFIED in domain facts H: the host is told only to whoever may read publishing credentials.
        |_| {
            let why = "the FTP host is shown only to whoever may read publishing credentials; FUN-05 and FUN-06 say whether it is off";
            Err(Idle::NotApplicable(why))
        },
    ),
    BACKEND.row(
        ("D06", "Files of the Function"),
        Medium,
        "/.auth/me, /.env, /host.json, /local.settings.json",
        (
            "401, 403, 404 or no answer",
            "Settings and secrets of the Function lie open.",
        ),
        &["FUN-09", "FUN-16"],
        |attacker| {
            Ok(paths(
                attacker,
                &["/.auth/me", "/.env", "/host.json", "/local.settings.json"],
            ))
        },
    ),
];

fn each(attacker: &Attacker<'_>, request: impl Fn(&str) -> Request) -> Vec<Shot> {
    let hosts = attacker.target.functions.iter();
    hosts.map(|host| Shot::new(request(host), CLOSED)).collect()
}

fn paths(attacker: &Attacker<'_>, paths: &[&str]) -> Vec<Shot> {
    let expect = Expect::statuses(&[401, 403, 404]).or_absent();
    let all = attacker.target.functions.iter().flat_map(|host| {
        paths
            .iter()
            .map(move |path| Shot::new(Request::get(host, path), expect))
    });
    all.collect()
}

/// Where the Function has its routes.
fn inside(attacker: &Attacker<'_>) -> String {
    let path = attacker.target.operation.path.trim_start_matches('/');
    let route = path.split_once('/').map_or(path, |(_, route)| route);
    format!("/api/{route}")
}

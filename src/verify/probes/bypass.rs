//! C: ways to the gateway that do not lead through Front Door.

use futures::FutureExt as _;
use secrecy::ExposeSecret as _;

use super::super::attacker::{Attacker, told};
use super::super::message::Reply;
use super::super::probe::{Expect, Head, Probe, Shot, Theme};
use super::super::report::{Idle, Outcome, Verdict};
use crate::resource::Severity::{Critical, High, Medium};

/// A public address that is switched off says so; nobody else may answer.
const CLOSED: Expect = Expect::statuses(&[403]).or_absent().strict();
/// A security group lets nothing through that could answer.
const SILENT: Expect = Expect::statuses(&[]).or_absent().strict();

const BYPASS: Head = Head::of(Theme::Bypass);

pub(super) const PROBES: &[Probe] = &[
    BYPASS.row(
        ("C01", "The gateway called past Front Door"),
        Critical,
        "the operation at the gateway's own host, without and with the user's token",
        (
            "403 that public access is off, or no answer",
            "The firewall, its rate limit and its logs can be gone round.",
        ),
        &["APIM-07", "AFD-11", "NET-04"],
        |attacker| {
            let gateway = attacker.at(&attacker.target.gateway);
            let expect = closed(attacker);
            let signed_in = attacker.signed_in(gateway.clone());
            Ok(vec![
                Shot::new(gateway, expect),
                Shot::new(signed_in, expect),
            ])
        },
    ),
    BYPASS.row(
        ("C02", "The gateway called with Front Door's id"),
        Critical,
        "the same with X-Azure-FDID: a random one, then the profile's own",
        (
            "as C01",
            "Whoever learns the id, which is no secret by nature, gets round Front Door.",
        ),
        &["APIM-07", "POL-09", "NET-04"],
        |attacker| {
            let expect = closed(attacker);
            let random = uuid::Uuid::new_v4().to_string();
            let own = attacker.target.front_door_id.as_ref();
            let ids = [Some(random), own.map(|id| id.expose_secret().to_owned())];
            let shots = ids.into_iter().flatten().map(|id| {
                let request = attacker.at(&attacker.target.gateway);
                let request = request.with("X-Azure-FDID", id).private();
                Shot::new(attacker.signed_in(request), expect)
            });
            Ok(shots.collect())
        },
    ),
    BYPASS.row(
        ("C03", "The gateway called by somebody else's Front Door"),
        Critical,
        "a call through a Front Door profile of the attacker's",
        (
            "403",
            "The service tag admits every customer's Front Door; the id alone tells them apart.",
        ),
        &["POL-09", "AFD-12"],
        |attacker| {
            Err(Idle::NotApplicable(
                if attacker.target.shape.has_private_edge {
                    "the gateway has no public address that another Front Door could reach"
                } else {
                    "it takes a Front Door profile in another subscription"
                },
            ))
        },
    ),
    BYPASS.row(
        ("C04", "Another host named at Front Door"),
        High,
        "Host: the gateway, the Function, an unknown one; and an absolute address",
        (
            "400, 403, 404 or 421",
            "Front Door leads to whatever the client names.",
        ),
        &["AFD-13", "WAF-02"],
        |attacker| Ok(other_hosts(attacker)),
    ),
    BYPASS.course(
        ("C05", "Front Door's id sent by the client"),
        High,
        "the operation through Front Door with X-Azure-FDID: bogus and a valid token",
        (
            "2xx: Front Door puts its own in its place",
            "What the client says reaches the gateway as if Front Door had said it.",
        ),
        &["POL-09"],
        |attacker| overwritten(attacker).boxed(),
    ),
    BYPASS.row(
        ("C06", "An address that the client makes up"),
        High,
        "calls without a token, each with another X-Forwarded-For and X-Azure-SocketIP; see F02",
        (
            "401; never another answer than without",
            "Limits and rules by address can be gone round by saying another one.",
        ),
        &["POL-11", "WAF-06"],
        |attacker| {
            let addresses = ["1.2.3.4", "10.0.0.1", "127.0.0.1", "168.63.129.16"];
            let shots = addresses.map(|address| {
                let request = attacker
                    .operation()
                    .with("X-Forwarded-For", address)
                    .with("X-Azure-SocketIP", address)
                    .with("X-Azure-ClientIP", address);
                Shot::new(request, Expect::statuses(&[401]))
            });
            Ok(shots.into())
        },
    ),
    BYPASS.row(
        ("C07", "Front Door's default host"),
        Medium,
        "the operation at *.azurefd.net, without and with the user's token",
        (
            "400, 403, 404 or no answer where a custom domain stands in its place",
            "The API has a second door, whose TLS cannot be hardened.",
        ),
        &["AFD-07"],
        |attacker| {
            let host = attacker.target.unlinked.as_deref();
            let host = host.ok_or("there is no custom domain: the default host is the only one")?;
            let expect = Expect::statuses(&[400, 403, 404]).or_absent().strict();
            Ok(vec![Shot::new(attacker.at(host), expect)])
        },
    ),
];

fn closed(attacker: &Attacker<'_>) -> Expect {
    if attacker.target.shape.has_private_edge {
        CLOSED
    } else {
        SILENT
    }
}

fn other_hosts(attacker: &Attacker<'_>) -> Vec<Shot> {
    let expect = Expect::statuses(&[400, 403, 404, 421]);
    let target = attacker.target;
    let mut hosts = vec![target.gateway.as_str(), "unknown.example"];
    hosts.extend(target.functions.iter().map(String::as_str));
    let mut shots: Vec<Shot> = hosts
        .into_iter()
        .map(|host| Shot::new(attacker.operation().named(host), expect))
        .collect();
    let mut absolute = attacker.operation();
    absolute.target = format!("https://{}{}", target.gateway, target.operation.path);
    // Without a token, a right answer to the right host would be a 401.
    shots.push(Shot::new(
        absolute,
        Expect::statuses(&[400, 401, 403, 404, 421]),
    ));
    shots
}

async fn overwritten(attacker: &Attacker<'_>) -> Verdict {
    let plain = attacker.signed_in(attacker.operation());
    // Where nobody gets through, a refusal says nothing of the header.
    let without = attacker.send(&plain).await;
    let is_shut = matches!(without, Ok(Reply { status: 403, .. }));
    let request = plain.with("X-Azure-FDID", "11111111-1111-4111-8111-111111111111");
    told(attacker, &request, |reply| match reply.status {
        200..300 if !echoes(reply) => (Outcome::Pass, format!("{}", reply.status)),
        200..300 => (
            Outcome::Fail,
            "the id that the client sent reached the Function".to_owned(),
        ),
        403 if is_shut => (
            Outcome::Inconclusive,
            "403, with the header and without".to_owned(),
        ),
        403 => (
            Outcome::Fail,
            "403: the gateway saw the id that the client sent".to_owned(),
        ),
        status => (
            Outcome::Inconclusive,
            format!("{status}, where 2xx was due"),
        ),
    })
    .await
}

fn echoes(reply: &Reply) -> bool {
    reply
        .text()
        .contains("11111111-1111-4111-8111-111111111111")
}

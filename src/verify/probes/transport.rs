//! B: HTTPS everywhere, and no version or suite of TLS that has been broken.

use futures::FutureExt as _;
use futures::future::BoxFuture;

use super::super::attacker::Attacker;
use super::super::hello::{self, Greeting, OLD, STRONG, TLS10, TLS11, TLS12, WEAK};
use super::super::message::{Reply, Trouble};
use super::super::probe::{Expect, Head, Needs, Probe, Shot, Theme};
use super::super::report::{Exchange, Outcome, Verdict};
use crate::resource::Severity::{High, Low, Medium};

const REDIRECTS: &[u16] = &[301, 302, 307, 308, 400, 403, 404];

const TRANSPORT: Head = Head::of(Theme::Transport);

const TLS13_ALONE: &[&rustls::SupportedProtocolVersion] = &[&rustls::version::TLS13];

const REFUSED: &str = "an alert or no answer";

pub(super) const PROBES: &[Probe] = &[
    TRANSPORT.row(
        ("B01", "Plain HTTP at Front Door"),
        High,
        "the operation over http, redirects not followed",
        (
            "a redirect to https, or no answer",
            "Tokens travel in the clear for everybody on the way to read.",
        ),
        &["AFD-01"],|attacker| {
            let expect = Expect::statuses(REDIRECTS)
                .or_absent()
                .strict()
                .also(leads_elsewhere);
            let hosts = attacker.target.edge.iter();
            Ok(hosts
                .map(|host| Shot::new(attacker.at(host).http(), expect))
                .collect())
        },
    ),
    TRANSPORT.row(
        ("B02", "Plain HTTP at the gateway"),
        High,
        "the operation over http at the gateway's own host",
        (
            "403, 404 or no answer",
            "Tokens travel in the clear past Front Door.",
        ),
        &["APIM-01", "NET-05"],|attacker| {
            let expect = Expect::statuses(REDIRECTS)
                .or_absent()
                .strict()
                .also(leads_elsewhere);
            let gateway = &attacker.target.gateway;
            Ok(vec![Shot::new(attacker.at(gateway).http(), expect)])
        },
    ),
    TRANSPORT.row(
        ("B03", "Plain HTTP at the Function"),
        High,
        "/ over http at the Function and its SCM site",
        (
            "301, 403 or no answer",
            "What the Function says can be read and changed on the way.",
        ),
        &["FUN-01"],|attacker| {
            let expect = Expect::statuses(REDIRECTS)
                .or_absent()
                .strict()
                .also(leads_elsewhere);
            let hosts = attacker.target.functions.iter().cloned();
            let hosts = hosts.chain(attacker.target.scm());
            Ok(hosts
                .map(|host| Shot::new(attacker.at(&host).http(), expect))
                .collect())
        },
    ),
    TRANSPORT.course(
        ("B04", "TLS 1.0 and 1.1"),
        High,
        "a ClientHello of each to Front Door, gateway, Function and SCM site",
        (
            REFUSED,
            "Connections can be pressed down to versions that have been broken.",
        ),
        &["APIM-02", "AFD-03", "FUN-02", "FUN-03"],|attacker| {
            let both = [(TLS10, OLD), (TLS11, OLD)];
            offers(attacker, all_hosts(attacker), both.to_vec())
        },
    )
    .needing(Needs::Answer),
    TRANSPORT.course(
        ("B05", "TLS 1.2 where 1.3 is the least"),
        Medium,
        "a ClientHello of TLS 1.2 to the Functions",
        (REFUSED, "Handshakes are not what the spec asks for."),
        &["FUN-02"],|attacker| {
            if attacker.target.functions_want_tls13 {
                let hosts = attacker.target.functions.clone();
                return offers(attacker, hosts, vec![(TLS12, STRONG)]);
            }
            let none = "the Functions take TLS 1.2 too";
            async move { Verdict::new(Outcome::NotApplicable, none) }.boxed()
        },
    )
    .needing(Needs::Answer),
    TRANSPORT.course(
        ("B06", "TLS 1.3"),
        Medium,
        "a handshake of TLS 1.3 alone at Front Door",
        ("a handshake", "Clients that demand TLS 1.3 are shut out."),
        &["AFD-03"],|attacker| handshake(attacker, TLS13_ALONE).boxed(),
    )
    .needing(Needs::Nothing),
    TRANSPORT.course(
        ("B07", "Weak cipher suites"),
        Medium,
        "a ClientHello of TLS 1.2 for each suite without forward secrecy, with 3DES, or with CBC and SHA-1",
        (
            REFUSED,
            "What was recorded can be read later, or padding tells what was said.",
        ),
        &["APIM-05", "AFD-04", "FUN-04"],|attacker| {
            let hosts = vec![
                attacker.target.edge().to_owned(),
                attacker.target.gateway.clone(),
            ];
            let suites: &'static [u16] = &WEAK_CODES;
            offers(
                attacker,
                hosts,
                suites.chunks(1).map(|one| (TLS12, one)).collect(),
            )
        },
    )
    .needing(Needs::Answer),
    TRANSPORT.course(
        ("B08", "The certificate"),
        High,
        "a handshake at Front Door, the chain verified for today and for 30 days on",
        (
            "trusted, for this name, for 30 days at least",
            "Callers get used to clicking warnings away, or the API goes dark.",
        ),
        &["AFD-10", "APIM-19"],|attacker| handshake(attacker, rustls::ALL_VERSIONS).boxed(),
    )
    .needing(Needs::Nothing),
    TRANSPORT.row(
        ("B09", "HSTS"),
        Low,
        "the operation through Front Door, without a token and with one",
        (
            "Strict-Transport-Security with a max-age of a year",
            "Browsers may be led to http on their next visit.",
        ),
        &["AFD-05", "POL-20"],|attacker| {
            let expect = Expect::statuses(&[200, 401, 404])
                .reaching()
                .also(short_memory);
            let plain = attacker.operation();
            let signed_in = attacker.signed_in(plain.clone());
            Ok(vec![Shot::new(plain, expect), Shot::new(signed_in, expect)])
        },
    )
    .needing(Needs::Nothing),
];

const WEAK_CODES: [u16; WEAK.len()] = {
    let mut codes = [0; WEAK.len()];
    let mut at = 0;
    while at < WEAK.len() {
        codes[at] = WEAK[at].0;
        at += 1;
    }
    codes
};

fn leads_elsewhere(reply: &Reply) -> Option<String> {
    let is_redirect = (300..400).contains(&reply.status);
    let to = reply.header("location").unwrap_or_default();
    (is_redirect && !to.starts_with("https://")).then(|| format!("the redirect leads to {to:?}"))
}

/// The year that browsers' preload lists ask for.
const YEAR: u64 = 31_536_000;

fn short_memory(reply: &Reply) -> Option<String> {
    // Where a server failed, nobody knows who answered.
    if reply.status >= 500 {
        return None;
    }
    let Some(value) = reply.header("strict-transport-security") else {
        return Some(format!(
            "{} without Strict-Transport-Security",
            reply.status
        ));
    };
    let age = value
        .split(';')
        .find_map(|part| part.trim().strip_prefix("max-age="))
        .and_then(|age| age.parse::<u64>().ok());
    (age.unwrap_or(0) < YEAR).then(|| format!("it is remembered too short: {value}"))
}

fn all_hosts(attacker: &Attacker<'_>) -> Vec<String> {
    let target = attacker.target;
    let own = target.edge.iter().chain([&target.gateway]);
    let own = own.chain(&target.functions).cloned();
    own.chain(target.scm()).collect()
}

/// Each of these to each host; none may be taken.
fn offers<'a>(
    attacker: &'a Attacker<'a>,
    hosts: Vec<String>,
    offers: Vec<(u16, &'static [u16])>,
) -> BoxFuture<'a, Verdict> {
    async move {
        let mut all = Vec::new();
        for host in &hosts {
            for (version, suites) in &offers {
                let greeting = hello::offer(attacker.wire, host, *version, suites).await;
                all.push(greeted(host, *version, suites, &greeting));
            }
        }
        Verdict::worst(all)
    }
    .boxed()
}

fn greeted(
    host: &str,
    version: u16,
    suites: &[u16],
    greeting: &Result<Greeting, Trouble>,
) -> Verdict {
    let (outcome, response) = match greeting {
        Ok(Greeting::Accepted { version, suite }) => {
            let version = hello::version_name(*version);
            (
                Outcome::Fail,
                format!("ServerHello: {version}, {}", suite_name(*suite)),
            )
        }
        Ok(Greeting::Alert(code)) => (Outcome::Pass, format!("alert {code}")),
        Ok(Greeting::Nothing) => (Outcome::Pass, "closed without a word".to_owned()),
        Err(trouble) if trouble.is_absence() => (Outcome::Pass, trouble.to_string()),
        Err(trouble) => (Outcome::Inconclusive, trouble.to_string()),
    };
    let version = hello::version_name(version);
    let offered = match suites {
        [one] => suite_name(*one),
        several => format!("{} suites", several.len()),
    };
    let exchange = Exchange {
        request: format!("ClientHello to {host}: {version}, {offered}"),
        response: response.clone(),
        azure_ref: None,
    };
    let reason = match outcome {
        Outcome::Fail => format!("{host} takes it: {response}"),
        _ => response,
    };
    let is_silent = matches!(greeting, Err(trouble) if trouble.is_absence());
    Verdict::new(outcome, reason)
        .by_silence(is_silent)
        .seen(exchange)
}

fn suite_name(suite: u16) -> String {
    let known = WEAK.iter().find(|(code, _)| *code == suite);
    known.map_or_else(
        || format!("suite {suite:#06x}"),
        |(_, name)| (*name).to_owned(),
    )
}

async fn handshake(
    attacker: &Attacker<'_>,
    versions: &'static [&'static rustls::SupportedProtocolVersion],
) -> Verdict {
    let host = attacker.target.edge();
    let (outcome, said) = match attacker.wire.handshake(host, versions).await {
        Ok(()) => (Outcome::Pass, "a handshake".to_owned()),
        Err(trouble @ (Trouble::Certificate(_) | Trouble::Handshake(_))) => {
            (Outcome::Fail, trouble.to_string())
        }
        Err(trouble) => (Outcome::Inconclusive, trouble.to_string()),
    };
    let offered = match versions {
        [_] => "TLS 1.3 alone",
        _ => "TLS 1.2 and 1.3",
    };
    Verdict::new(outcome, said.clone()).seen(Exchange {
        request: format!("handshake with {host}: {offered}"),
        response: said,
        azure_ref: None,
    })
}

//! H: requests that nobody declared, or that two readers read differently.

use futures::FutureExt as _;

use super::super::attacker::Attacker;
use super::super::message::{Reply, Request};
use super::super::probe::{Expect, Head, Probe, Shot, Theme};
use super::super::report::Verdict;
use crate::resource::Severity::{Critical, High, Low, Medium};

const STOPPED: Expect = Expect::statuses(&[400, 401, 403, 404, 405, 411, 413, 414, 415, 421, 431]);

const REQUESTS: Head = Head::of(Theme::Requests);

pub(super) const PROBES: &[Probe] = &[
    REQUESTS.row(
        ("H01", "Methods that nobody declared"),
        High,
        "undeclared methods with the user's token; X-HTTP-Method-Override: DELETE",
        (
            "400, 403, 404 or 405",
            "The Function is called in ways that no rule of the gateway covers.",
        ),
        &["APIM-22", "POL-01"],|attacker| Ok(methods(attacker)),
    ),
    REQUESTS.row(
        ("H02", "Paths that nobody declared"),
        Medium,
        "/, /api, /swagger, /openapi.json and others with the user's token",
        (
            "400, 403 or 404",
            "There is more behind the gateway than the spec says.",
        ),
        &["APIM-22", "APIM-10"],|attacker| {
            let base = attacker
                .target
                .operation
                .path
                .split('/')
                .nth(1)
                .unwrap_or_default();
            let inner = format!("/{base}/admin");
            let others = [
                "/",
                "/api",
                "/swagger",
                "/openapi.json",
                "/echo/resource",
                "/admin/host/status",
                inner.as_str(),
            ];
            Ok(others.map(|path| signed(attacker, path)).into())
        },
    ),
    REQUESTS.row(
        ("H03", "Paths that climb"),
        High,
        "/../admin, %2e%2e/, ..;/, %252e%252e and backslashes behind the operation",
        (
            "400, 401, 403 or 404",
            "Rules look at one path, the Function at another.",
        ),
        &["WAF-03", "POL-01"],|attacker| {
            let path = attacker.target.operation.path.as_str();
            let tails = [
                "/../admin",
                "/%2e%2e/admin",
                "/..;/admin",
                "/%252e%252e/admin",
                "\\..\\admin",
            ];
            Ok(tails
                .map(|tail| signed(attacker, &format!("{path}{tail}")))
                .into())
        },
    ),
    REQUESTS.row(
        ("H04", "Characters in disguise"),
        Medium,
        "%2f, %5c, %00 and overlong UTF-8 in the path",
        (
            "400, 401, 403 or 404",
            "Rules look at one path, the Function at another.",
        ),
        &["WAF-03", "POL-01"],|attacker| {
            let path = attacker.target.operation.path.as_str();
            let tails = ["%2fadmin", "%5cadmin", "%00", "/%c0%ae%c0%ae/admin"];
            Ok(tails
                .map(|tail| signed(attacker, &format!("{path}{tail}")))
                .into())
        },
    ),
    REQUESTS.row(
        ("H05", "Other spellings of the path"),
        High,
        "the operation in upper case, with slashes at the end and doubled, without a token",
        (
            "400, 401, 403 or 404",
            "Another spelling of the path is not guarded.",
        ),
        &["POL-01"],|attacker| {
            let path = attacker.target.operation.path.as_str();
            let spellings = [
                format!("{path}/"),
                path.to_uppercase(),
                format!("/{path}"),
                format!("{path}?"),
            ];
            let shots = spellings.map(|path| {
                let method = &attacker.target.operation.method;
                Shot::new(Request::new(method, attacker.target.edge(), &path), STOPPED)
            });
            Ok(shots.into())
        },
    ),
    REQUESTS.row(
        ("H06", "Requests with two lengths"),
        Critical,
        "Content-Length beside Transfer-Encoding, two Content-Lengths, folded headers; on one connection of our own",
        (
            "400, 403, 411 or a closed connection",
            "What one reader takes for a body is the next one's request: somebody else's answer goes to the attacker.",
        ),
        &["WAF-01"],|attacker| Ok(smuggled(attacker)),
    )
    .loud(),
    REQUESTS.row(
        ("H07", "Bodies that are too large"),
        Medium,
        "200 KB and 2 MB with the user's token",
        (
            "400, 403 or 413",
            "The firewall looks at 128 KB only: what stands behind passes it uninspected.",
        ),
        &["POL-18"],|attacker| {
            let stricter = attacker.target.stricter.as_ref();
            let stricter = stricter.ok_or("no operation of the spec takes a body")?;
            let expect = Expect::statuses(&[400, 403, 413]);
            let sizes = [200 * 1024, 2 * 1024 * 1024];
            let shots = sizes.map(|size| {
                let request =
                    Request::new(&stricter.method, attacker.target.edge(), &stricter.path);
                let body = format!("{{\"a\": \"{}\"}}", "a".repeat(size));
                Shot::new(
                    attacker.signed_in(request.body("application/json", body)),
                    expect,
                )
            });
            Ok(shots.into())
        },
    ),
    REQUESTS.row(
        ("H08", "Heads that are too large"),
        Low,
        "a header of 64 KB, an address of 16 KB",
        (
            "400, 403, 404, 414 or 431",
            "The gateway's memory is the attacker's to use.",
        ),
        &["WAF-01"],|attacker| {
            let expect = Expect::statuses(&[400, 401, 403, 404, 414, 431]).or_absent();
            let large = attacker.operation().with("X-Large", "a".repeat(64 * 1024));
            let mut long = attacker.operation();
            long.target = format!("{}?a={}", long.target, "a".repeat(16 * 1024));
            Ok(vec![Shot::new(large, expect), Shot::new(long, expect)])
        },
    ),
    REQUESTS.row(
        ("H09", "A body that is not what it says"),
        Low,
        "XML to an operation for JSON, and a body that says it is compressed, without a token",
        (
            "400, 401, 403, 413 or 415",
            "Readers that nobody hardened get to see the body.",
        ),
        &["POL-18"],|attacker| {
            let stricter = attacker.target.stricter.as_ref();
            let stricter = stricter.ok_or("no operation of the spec takes a body")?;
            let request = Request::new(&stricter.method, attacker.target.edge(), &stricter.path);
            let xml = request.clone().body(
                "application/xml",
                "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
            );
            let zipped = request
                .body("application/json", "not compressed at all")
                .with("Content-Encoding", "gzip");
            Ok(vec![Shot::new(xml, STOPPED), Shot::new(zipped, STOPPED)])
        },
    ),
    REQUESTS.row(
        ("H10", "Attacks that a firewall knows"),
        Critical,
        "SQL, a script and a JNDI address in the query, without a token",
        (
            "403 of the firewall",
            "401 says that the request came through to the gateway: the firewall only watches, or does not look.",
        ),
        &["WAF-01", "WAF-02", "WAF-03", "WAF-05", "WAF-07"],|attacker| {
            let expect = Expect::statuses(&[403]).strict();
            let attacks = [
                "%27%20OR%201%3D1--",
                "%3Cscript%3Ealert(1)%3C%2Fscript%3E",
                "%24%7Bjndi%3Aldap%3A%2F%2Fx%7D",
            ];
            let shots = attacks.map(|attack| {
                let mut request = attacker.operation();
                request.target = format!("{}?x={attack}", request.target);
                Shot::new(request, expect)
            });
            Ok(shots.into())
        },
    )
    .loud(),
    REQUESTS.course(
        ("H11", "An answer that was kept for somebody else"),
        Critical,
        "the operation with the user's token, then without one, at an address of its own",
        ("401, and no cache hit", "Front Door keeps what one user saw and shows it to the next caller."),
        &["AFD-06"],

        |attacker| kept(attacker).boxed(),
    ),
];

fn signed(attacker: &Attacker<'_>, path: &str) -> Shot {
    let request = Request::get(attacker.target.edge(), path);
    Shot::new(attacker.signed_in(request), STOPPED)
}

fn methods(attacker: &Attacker<'_>) -> Vec<Shot> {
    let target = attacker.target;
    let named = target.undeclared.iter().map(|method| {
        let request = Request::new(method, target.edge(), &target.operation.path);
        Shot::new(attacker.signed_in(request), STOPPED)
    });
    let overridden = attacker
        .operation()
        .with("X-HTTP-Method-Override", "DELETE")
        .with("X-Method-Override", "DELETE");
    // Without a token it stays what it is: a call without a token.
    named.chain([Shot::new(overridden, STOPPED)]).collect()
}

fn smuggled(attacker: &Attacker<'_>) -> Vec<Shot> {
    let stopped = Expect::statuses(&[400, 403, 411, 501]).or_absent().strict();
    let post = || {
        Request::new(
            "POST",
            attacker.target.edge(),
            &attacker.target.operation.path,
        )
        .bare()
    };
    let tail = "0\r\n\r\nGET /secgw-verify HTTP/1.1\r\nX: ";
    let both = post()
        .with("Content-Length", tail.len().to_string())
        .with("Transfer-Encoding", "chunked");
    let two = post()
        .with("Content-Length", "5")
        .with("Content-Length", "6");
    let folded = attacker.operation().with("X-Folded", "a\r\n b");
    let shots = [
        both.body("text/plain", tail),
        two.body("text/plain", "abcde"),
        folded,
    ];
    shots.map(|request| Shot::new(request, stopped)).into()
}

/// The address is used once, so what is kept can only be what was put there just now.
async fn kept(attacker: &Attacker<'_>) -> Verdict {
    let mut first = attacker.operation();
    first.target = format!("{}?secgw={}", first.target, uuid::Uuid::new_v4().simple());
    let second = first.clone();
    let first = Shot::new(
        attacker.signed_in(first),
        Expect::statuses(&[200, 404]).reaching().also(was_kept),
    );
    let second = Shot::new(
        second,
        Expect {
            also: was_kept,
            ..Expect::statuses(&[401])
        },
    );
    let mut all = vec![attacker.shoot(&first).await];
    all.push(attacker.shoot(&second).await);
    Verdict::worst(all)
}

fn was_kept(reply: &Reply) -> Option<String> {
    let cache = reply.header("x-cache")?;
    cache
        .to_ascii_uppercase()
        .contains("HIT")
        .then(|| format!("X-Cache: {cache}"))
}

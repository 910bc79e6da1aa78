//! G: what answers tell about what stands behind them.

use super::super::message::{Reply, Request};
use super::super::probe::{Expect, Head, Probe, Shot, Theme};
use crate::resource::Severity::{Low, Medium};

const LEAKS: Head = Head::of(Theme::Leaks);

pub(super) const PROBES: &[Probe] = &[
    LEAKS.row(
        ("G01", "Banners"),
        Low,
        "the operation with a token and without, and a path that is not there",
        (
            "no Server, X-Powered-By, X-AspNet-Version or Request-Context",
            "Attackers learn what runs behind the gateway, and which holes it has.",
        ),
        &["POL-15"],
        |attacker| {
            let expect = Expect::statuses(&[200, 401, 404]).reaching().also(banners);
            let missing = Request::get(attacker.target.edge(), "/secgw-verify");
            let plain = attacker.operation();
            let signed_in = attacker.signed_in(plain.clone());
            Ok([signed_in, plain, missing]
                .map(|request| Shot::new(request, expect))
                .into())
        },
    ),
    LEAKS.row(
        ("G02", "Errors that say too much"),
        Medium,
        "JSON that is broken, with the user's token",
        (
            "an error without hosts, expressions or stack traces",
            "Errors draw a map of what stands behind the gateway.",
        ),
        &["POL-19"],
        |attacker| {
            let stricter = attacker.target.stricter.as_ref();
            let operation = stricter.unwrap_or(&attacker.target.operation);
            let host = attacker.target.edge();
            let request = Request::new(&operation.method, host, &operation.path);
            let request = request.body("application/json", "{\"a\": [1, ");
            let expect = Expect::statuses(&[200, 201, 400, 401, 403, 404, 413, 415, 422]);
            let expect = expect.reaching().also(verbose);
            Ok(vec![Shot::new(attacker.signed_in(request), expect)])
        },
    ),
    LEAKS.row(
        ("G03", "Front Door's debug headers"),
        Low,
        "X-Azure-DebugInfo: 1",
        (
            "no address of the origin",
            "The gateway's address is what an attacker needs to go round Front Door.",
        ),
        &["AFD-11"],
        |attacker| {
            let request = attacker.operation().with("X-Azure-DebugInfo", "1");
            let expect = Expect::statuses(&[401]).also(|reply| {
                let named = reply.headers.iter().find(|(name, _)| {
                    let name = name.to_ascii_lowercase();
                    name.starts_with("x-azure-")
                        && name.contains("origin")
                        && !name.ends_with("statuscode")
                });
                named.map(|(name, value)| format!("{name}: {value}"))
            });
            Ok(vec![Shot::new(request, expect)])
        },
    ),
    LEAKS.row(
        ("G04", "Traces of the gateway"),
        Medium,
        "Ocp-Apim-Trace: true, with the user's token",
        (
            "no Ocp-Apim-Trace-Location",
            "Callers read the policies, named values and backend of their calls.",
        ),
        &["APIM-11"],
        |attacker| {
            let request = attacker.signed_in(attacker.operation());
            let request = request.with("Ocp-Apim-Trace", "true");
            let expect = Expect::statuses(&[200, 401, 404]).reaching().also(|reply| {
                let location = reply.header("ocp-apim-trace-location")?;
                Some(format!("a trace is at {}", location.split('?').next()?))
            });
            Ok(vec![Shot::new(request, expect)])
        },
    ),
];

/// `Server` is left to those who cannot be told not to send it only where it names no product.
fn banners(reply: &Reply) -> Option<String> {
    const NAMES: [&str; 6] = [
        "server",
        "x-powered-by",
        "x-aspnet-version",
        "x-aspnetmvc-version",
        "request-context",
        "x-sourcefiles",
    ];
    let found = reply
        .headers
        .iter()
        .find(|(name, _)| NAMES.contains(&name.to_ascii_lowercase().as_str()));
    found.map(|(name, value)| format!("{name}: {value}"))
}

/// Parts of errors that draw a map.
const TELLING: [&str; 7] = [
    "Expression evaluation failed",
    "   at ",
    "Exception",
    "azurewebsites.net",
    "azure-api.net",
    "node_modules",
    "Traceback",
];

fn verbose(reply: &Reply) -> Option<String> {
    // The sandbox's Function says what reached it: that is its answer, and no error.
    if reply.status < 400 {
        return None;
    }
    let text = reply.text();
    let found = TELLING.iter().find(|part| text.contains(*part));
    found.map(|part| format!("the error says {part:?}"))
}

//! Logs: that there are some, and that nothing stands in them which could be used again (domain.md F).

use serde_json::Value;

use super::control::{Check, Control, Severity};
use super::edge::logged;
use super::report::{Fault, Verdict, expect};
use super::state::Entry;
use super::subject::{DIAGNOSTIC_SETTING, Generation, SERVICE, Subject, generation};
use crate::resource::body::get;

const DIAGNOSTIC: &str = "Microsoft.ApiManagement/service/diagnostics";
const API_DIAGNOSTIC: &str = "Microsoft.ApiManagement/service/apis/diagnostics";

pub(super) const CONTROLS: &[Control] = &[
    Control {
        id: "OBS-01",
        title: "APIM gateway logs to Log Analytics",
        severity: Severity::Medium,
        condition: "a diagnostic setting of the service sends the gateway's logs to a workspace",
        why: "an attack on the gateway leaves no trace",
        remedy: "add a diagnostic setting with `allLogs` to the service",
        mcsb: &["LT-3"],
        owasp: &["API8"],
        applies: "all tiers but Consumption",
        reads: &[SERVICE, DIAGNOSTIC_SETTING],
        check: Check::Read(gateway_logs),
        ..Control::PLAIN
    },
    Control {
        id: "OBS-02",
        title: "APIM diagnostics do not log secrets or bodies",
        condition: "no diagnostic logs bodies or headers that hold credentials, and `Authorization` is masked",
        why: "whoever may read logs may use the tokens in them",
        remedy: "set `body.bytes` to 0, take the header out of `headers`, and mask `Authorization`",
        mcsb: &["IM-8", "LT-3"],
        owasp: &["API8"],
        reads: &[DIAGNOSTIC, API_DIAGNOSTIC],
        check: Check::Read(no_secrets),
        ..Control::PLAIN
    },
];

fn gateway_logs(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |service: &Entry| {
        if generation(service) == Generation::Consumption {
            return Verdict::not_applicable(service, "Consumption has no such logs");
        }
        logged(subject, service, &["GatewayLogs"])
    };
    subject.all(SERVICE).map(judge).collect()
}

const SECRET_HEADERS: [&str; 6] = [
    "Authorization",
    "Cookie",
    "Set-Cookie",
    "Ocp-Apim-Subscription-Key",
    "X-Functions-Key",
    "X-Azure-FDID",
];

fn no_secrets(subject: &Subject<'_>) -> Vec<Verdict> {
    let judge = |diagnostic: &Entry| {
        let messages = ["frontend", "backend"].into_iter().flat_map(|side| {
            ["request", "response"].map(|message| format!("/properties/{side}/{message}"))
        });
        Verdict::of(diagnostic, messages.flat_map(|at| leaks(diagnostic, &at)))
    };
    let apis = subject.all(API_DIAGNOSTIC);
    subject.all(DIAGNOSTIC).chain(apis).map(judge).collect()
}

fn leaks(diagnostic: &Entry, at: &str) -> Vec<Fault> {
    if diagnostic.at(at).is_none() {
        return Vec::new();
    }
    let headers = format!("{at}/headers");
    let bytes = format!("{at}/body/bytes");
    let masks = format!("{at}/dataMasking/headers");
    let is_secret = |name: &&str| {
        SECRET_HEADERS
            .iter()
            .any(|secret| secret.eq_ignore_ascii_case(name))
    };
    let logged = diagnostic.texts(&headers).iter().any(is_secret);
    let size = diagnostic.at(&bytes).and_then(Value::as_u64).unwrap_or(0);
    let is_masked = diagnostic.list(&masks).iter().any(|mask| {
        let text = |pointer| {
            get(mask, pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
        };
        text("/value").eq_ignore_ascii_case("Authorization")
            && ["Hide", "Mask"].contains(&text("/mode"))
    });
    let faults = [
        expect(
            !logged,
            diagnostic,
            &headers,
            "no header that holds credentials",
        ),
        expect(size == 0, diagnostic, &bytes, "0"),
        expect(
            is_masked,
            diagnostic,
            &masks,
            "`Authorization`, masked or hidden",
        ),
    ];
    faults.into_iter().flatten().collect()
}

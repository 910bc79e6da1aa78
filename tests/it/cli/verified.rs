//! `apply --verify`: the outcome and what the attacks came to are one document in every form.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::{Background, project, run, run_with};

fn runs(at: &Path, format: &str) -> super::Ran {
    let ran = run(
        at,
        &format!("apply -e dev --sandbox=state --yes --verify --quiet -o {format}"),
    );
    assert_eq!(ran.code, Some(0), "{ran}");
    ran
}

#[test]
fn an_apply_and_its_attacks_are_one_document() {
    let project = project();
    let at = project.path();
    let first = runs(at, "json").json();
    assert_eq!(first["summary"]["applied"], 70);
    assert_eq!(
        first["verify"]["summary"]["failed"], 0,
        "{:#}",
        first["verify"]["summary"]
    );
    assert!(first["verify"]["requests"].as_u64().unwrap() > 100);

    let sarif = runs(at, "sarif").json();
    let ids: Vec<&Value> = sarif["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| &run["automationDetails"]["id"])
        .collect();
    assert_eq!(ids, ["secgw/plan/", "secgw/verify/"]);

    let lines = runs(at, "jsonl").stdout;
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines[0]["type"], "version");
    assert_eq!(lines.last().unwrap()["type"], "verify");

    let xml = runs(at, "junit").stdout;
    assert_eq!(xml.matches("<testsuites ").count(), 1, "{xml}");
    assert!(xml.contains("<testcase classname=\"secgw.verify."), "{xml}");
    let text = runs(at, "text").stdout;
    assert!(
        text.starts_with("no changes: 70 resources") && text.contains("\nVerify: 0 failed"),
        "{text}"
    );
}

#[test]
fn a_token_for_azure_is_never_sent_and_one_for_another_application_is_tried() {
    let project = project();
    let at = project.path();
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let token = |aud: Value| {
        let part = |value: Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = part(json!({ "alg": "RS256" }));
        format!("{header}.{}.c2lnbmVk", part(json!({ "aud": aud })))
    };
    let verify = |flag: &str, aud: Value| {
        let line = format!("verify -e dev --sandbox=state --only A07,A21 {flag} TK");
        run_with(at, &line, &[("TK", &token(aud))])
    };
    for flag in ["--token-env", "--bad-token-env"] {
        for aud in [
            json!("https://MANAGEMENT.azure.com"),
            json!(["https://graph.microsoft.com"]),
            json!("499b84ac-1321-427f-aa17-267ca6975798"),
        ] {
            let ran = verify(flag, aud.clone());
            assert_eq!(ran.code, Some(3), "{flag} {aud}: {ran}");
            assert!(ran.stderr.contains("TK holds a token"), "{ran}");
            assert!(!format!("{ran}").contains("c2lnbmVk"), "{ran}");
        }
    }
    let other = json!("11111111-2222-4333-8444-555555555555");
    assert_eq!(verify("--token-env", other.clone()).code, Some(3));
    let ran = verify("--bad-token-env", other);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains("2 passed"), "{ran}");
    assert!(!format!("{ran}").contains("c2lnbmVk"), "{ran}");
}

#[test]
fn what_was_not_tried_is_told_apart_from_what_does_not_apply() {
    let project = project();
    let at = project.path();
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");
    let verify = |more: &str| run(at, &format!("verify -e dev --sandbox=state {more}"));
    let ids = |report: &Value, outcome: &str| -> Vec<String> {
        let results = report["results"].as_array().unwrap().iter();
        let own = results.filter(|result| result["outcome"] == outcome);
        let mut ids: Vec<String> = own
            .map(|result| result["probe"].as_str().unwrap().to_owned())
            .collect();
        ids.sort();
        ids
    };

    let whole = verify("-o json").json();
    assert_eq!(ids(&whole, "skipped"), ["F03", "H06", "H10"]);
    assert_eq!(ids(&whole, "inconclusive"), [""; 0]);
    let idle = ids(&whole, "notApplicable");
    assert!(idle.contains(&"F04".to_owned()), "{idle:?}");
    let ran = verify("--only H10,A01");
    let line = "Verify: 0 failed, 0 inconclusive, 1 skipped (`--aggressive` tries them), 0 not applicable, 2 passed";
    assert!(ran.stdout.contains(line), "{ran}");
    let ran = verify("--only H10 --aggressive");
    assert!(
        ran.stdout.contains("0 skipped, 0 not applicable, 2 passed"),
        "{ran}"
    );

    // Enough to begin to sign in, or to sign in and begin.
    for most in [3, 30] {
        let short = verify(&format!("--max-requests {most} -o json")).json();
        assert_eq!(short["cut_short"], true);
        assert_eq!(short["requests"], most);
        let unable: Vec<String> = ids(&short, "notApplicable");
        assert!(
            unable.iter().all(|id| idle.contains(id)),
            "{most}: {unable:?}"
        );
        for result in short["results"].as_array().unwrap() {
            let reason = result["reason"].as_str().unwrap();
            let is_open = result["outcome"] == "inconclusive";
            assert!(
                !is_open || reason.contains("max-requests") || reason.contains("A21"),
                "{result}"
            );
        }
        let ran = verify(&format!("--max-requests {most}"));
        let cause = "not sent: `--max-requests` is reached";
        assert_eq!(ran.stdout.matches(cause).count(), 1, "{ran}");
        let line = "inconclusive (`--max-requests` is too few for all)";
        assert!(ran.stdout.contains(line), "{ran}");
    }
}

#[test]
fn an_interruption_says_what_was_seen_by_then() {
    let project = project();
    let at = project.path();
    let ran = run(at, "apply -e dev --sandbox=state --yes --quiet");
    assert_eq!(ran.code, Some(0), "{ran}");

    let line = "verify -e dev --sandbox=state --latency 50ms -v -o json";
    let mut verifying = Background::start(at, line);
    verifying.hears("A01 passed");
    verifying.interrupt();
    let ran = verifying.end();
    assert_eq!(ran.code, Some(130), "{ran}");
    let seen = ran.json();
    assert_eq!(seen["interrupted"], true);
    let outcome = |id: &str| {
        let results = seen["results"].as_array().unwrap();
        let result = results.iter().find(|result| result["probe"] == id);
        result.map(|result| result["outcome"].clone())
    };
    assert_eq!(outcome("A21"), Some(json!("pass")));
    assert_eq!(outcome("J03"), None);

    for line in [
        "verify -e dev --sandbox=state --latency 300ms",
        "check -e dev --live --sandbox=state --latency 300ms",
    ] {
        let mut running = Background::start(at, line);
        running.hears("Reading ");
        running.interrupt();
        let ran = running.end();
        assert_eq!(ran.code, Some(130), "{line}: {ran}");
        assert!(ran.stderr.contains("Interrupted"), "{line}: {ran}");
    }
}

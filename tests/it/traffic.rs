//! What goes over the wire in a full apply: the order of writes, the schemas, the secrets, the number of reads.
#![expect(
    clippy::print_stderr,
    reason = "a law says what it measured, and a test what it skips"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use secgw::azure::read_live;
use secgw::spec::Topology;
use serde_json::Value;

use crate::stand::{ENVIRONMENTS, Stand, graph, project, spec, troubles};

/// One recorded exchange.
struct Line {
    method: String,
    path: String,
    body: Value,
    status: u64,
}

fn lines(log: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(log).unwrap();
    let parse = |line: &str| {
        let line: Value = serde_json::from_str(line).unwrap();
        let url = url::Url::parse(line["url"].as_str().unwrap()).unwrap();
        Line {
            method: line["method"].as_str().unwrap().to_owned(),
            path: url.path().to_owned(),
            body: line["request_body"].clone(),
            status: line["status"].as_u64().unwrap(),
        }
    };
    text.lines().map(parse).collect()
}

/// A full apply of an environment into an empty sandbox, recorded.
async fn recorded(environment: &str, dir: &Path) -> PathBuf {
    let spec = spec(environment);
    let log = dir.join("traffic.jsonl");
    let record = log.clone();
    let stand = Stand::with(&dir.join("sandbox"), &spec, |options| {
        options.record = Some(record);
    })
    .await;
    let (_, report, _) = stand.apply(&graph(&spec)).await;
    let troubles = troubles(&report);
    assert!(troubles.is_empty(), "{environment}\n{troubles}");
    stand.sandbox.stop().await;
    log
}

/// A guard, and how its write is known.
type Guard = (&'static str, fn(&Line) -> bool);

/// What makes Front Door the only way to the gateway, in the order in which it is written.
fn closing(topology: Topology) -> &'static [Guard] {
    match topology {
        Topology::PrivateEdgePrivateBackend | Topology::PrivateEdgeRestrictedBackend => &[
            ("the approval", |line| {
                line.path.contains("/privateEndpointConnections/")
            }),
            ("public access", |line| {
                line.method == "PATCH"
                    && line.body["properties"]["publicNetworkAccess"] == "Disabled"
                    && line.path.contains("/service/")
            }),
        ],
        Topology::FilteredEdgePrivateBackend => &[
            ("the security group", |line| {
                let rules = line.body["properties"]["securityRules"].as_array();
                rules.is_some_and(|rules| rules.iter().any(|rule| rule["name"] == "deny-internet"))
            }),
            ("the subnet", |line| line.path.ends_with("/subnets/gateway")),
            ("the service", |line| {
                line.method == "PUT" && line.body["properties"]["virtualNetworkType"] == "External"
            }),
            ("the id to check", |line| {
                line.path.contains("/namedValues/")
            }),
        ],
    }
}

/// Where the first successful write that `is_it` stands.
fn position(lines: &[Line], what: &str, is_it: impl Fn(&Line) -> bool) -> usize {
    let is_write = |line: &Line| line.method != "GET" && line.status < 300;
    lines
        .iter()
        .position(|line| is_write(line) && is_it(line))
        .unwrap_or_else(|| panic!("no write of {what}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn guards_go_up_before_what_they_guard() {
    for environment in ENVIRONMENTS {
        let dir = tempfile::tempdir().unwrap();
        let lines = lines(&recorded(environment, dir.path()).await);
        let closing = closing(spec(environment).network.topology);
        let mut order: Vec<usize> = closing
            .iter()
            .map(|(what, is_it)| position(&lines, what, is_it))
            .collect();
        let global = position(&lines, "the global policy", |line| {
            line.path.contains("/service/")
                && line.path.ends_with("/policies/policy")
                && !line.path.contains("/apis/")
        });
        let api = position(&lines, "the API", |line| {
            line.method == "PUT" && line.path.ends_with("/apis/orders")
        });
        let policy = position(&lines, "the API policy", |line| {
            line.path.ends_with("/apis/orders/policies/policy")
        });
        let operation = position(&lines, "an operation", |line| {
            line.path.contains("/apis/orders/operations/")
        });
        let route = position(&lines, "the route", |line| line.path.contains("/routes/"));
        let firewall = position(&lines, "the security policy", |line| {
            line.path.contains("/securityPolicies/")
        });
        order.extend([global, api, policy, operation]);
        assert!(order.is_sorted(), "{environment}: {order:?}");
        assert!(
            firewall < route,
            "{environment}: the route answers before the firewall stands"
        );
        let first_site = position(&lines, "the function", |line| {
            line.path.contains("/sites/") && line.method == "PUT"
        });
        let body = &lines[first_site].body["properties"];
        let is_closed = body["publicNetworkAccess"] == "Disabled"
            || body["siteConfig"]["ipSecurityRestrictionsDefaultAction"] == "Deny";
        assert!(
            is_closed,
            "{environment}: the function is open when it is made: {body}"
        );
    }
}

/// Azure's recorded answers as a traffic log.
fn recorded_by_azure(azure: &Path, dir: &Path) -> PathBuf {
    let mut lines = String::new();
    for file in std::fs::read_dir(azure.join("recordings/dev")).unwrap() {
        let text = std::fs::read(file.unwrap().path()).unwrap();
        let mut recording: Value = serde_json::from_slice(&text).unwrap();
        for exchange in recording["exchanges"].as_array_mut().unwrap() {
            if exchange["response_body"].get("$dropped").is_none() {
                lines.push_str(&exchange.take().to_string());
                lines.push('\n');
            }
        }
    }
    let log = dir.join("azure.jsonl");
    std::fs::write(&log, lines).unwrap();
    log
}

/// Type, kind and place of every error in a log's answers.
fn errors_of_answers(azure: &Path, log: &Path) -> BTreeSet<[String; 3]> {
    let found = log.with_extension("json");
    let output = Command::new("python3")
        .arg(azure.join("check_traffic.py"))
        .arg(log)
        .args(["--no-request", "-q", "--json"])
        .arg(&found)
        .output()
        .unwrap();
    let read = std::fs::read(&found);
    let text = read.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let found: Value = serde_json::from_slice(&text).unwrap();
    let errors = found["findings"].as_array().unwrap().iter();
    errors
        .filter(|finding| finding["severity"] == "error")
        .map(|finding| {
            ["type", "category", "norm"]
                .map(|name| finding[name].as_str().unwrap_or_default().to_lowercase())
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_answer_of_the_sandbox_errs_where_azures_own_do_not() {
    let azure = project().join("../shared/azure");
    if !azure.is_dir() {
        eprintln!("SKIPPED: ../shared/azure is not here");
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let of_azure = errors_of_answers(&azure, &recorded_by_azure(&azure, dir.path()));
    assert!(!of_azure.is_empty(), "the checker checks nothing");
    for environment in ENVIRONMENTS {
        let dir = tempfile::tempdir().unwrap();
        let own = errors_of_answers(&azure, &recorded(environment, dir.path()).await);
        let worse: Vec<_> = own.difference(&of_azure).collect();
        assert!(worse.is_empty(), "{environment}: {worse:?}");
        eprintln!(
            "{environment}: {} kinds of errors in answers, all of which Azure's own have too",
            own.len()
        );
    }
}

/// Takes the one request out whose type the schemas do not have although Azure's own traffic does: a deleted gateway is
/// looked for once (recordings: `cli_apim__test_apim_deletedservice`).
fn without_a_schema(log: &Path) {
    let text = std::fs::read_to_string(log).unwrap();
    let is_known = |line: &&str| !line.to_lowercase().contains("/deletedservices/");
    let kept: Vec<&str> = text.lines().filter(is_known).collect();
    assert_eq!(text.lines().count() - kept.len(), 1);
    std::fs::write(log, kept.join("\n") + "\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_request_passes_azures_schemas() {
    let checker = project().join("../shared/azure/check_traffic.py");
    if !checker.exists() {
        eprintln!("SKIPPED: ../shared/azure is not here");
        return;
    }
    for environment in ENVIRONMENTS {
        let dir = tempfile::tempdir().unwrap();
        let log = recorded(environment, dir.path()).await;
        without_a_schema(&log);
        let output = Command::new("python3")
            .arg(&checker)
            .arg(&log)
            .args(["--strict", "--no-response"])
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            output.status.success(),
            "{environment}\n{said}\n{}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_only_reads_and_reads_each_resource_and_list_once() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("plan.jsonl");
        let at = dir.path().join("sandbox");
        let stand = Stand::at(&at, &spec).await;
        stand.apply(&graph).await;
        stand.sandbox.stop().await;
        let record = log.clone();
        let stand = Stand::with(&at, &spec, |options| options.record = Some(record)).await;
        let reading = read_live(&stand.client, &graph).await;
        stand.sandbox.stop().await;
        let lines = lines(&log);
        let is_sign_in =
            |line: &&Line| line.path.contains("/oauth2/") || line.path.contains("/discovery/");
        let sign_in = lines.iter().filter(is_sign_in).count();
        let writes: Vec<&str> = lines
            .iter()
            .filter(|line| !is_sign_in(line) && line.method != "GET" && line.method != "HEAD")
            .map(|line| line.path.as_str())
            .filter(|path| !path.ends_with("/config/appsettings/list"))
            .collect();
        assert_eq!(writes, [""; 0], "{environment}: a plan only reads");
        let reads = lines.len() - sign_in;
        // User flows and accounts are a list each.
        let allowed = graph.len() + graph.listings().len() + graph.around().len() + 2;
        assert!(
            reads <= allowed,
            "{environment}: {reads} requests for {allowed} resources and lists"
        );
        eprintln!(
            "{environment}: {} resources, {} lists, {reads} requests of a no-op plan (+{sign_in} to sign in), {} levels",
            graph.len(),
            graph.listings().len(),
            reading.levels
        );
    }
}

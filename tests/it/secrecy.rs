//! Canaries in everything that may be secret, on both sides: no plan file, log, stream, error or temporary file has one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use secgw::azure::request::Request;
use secgw::resource::{Realm, ResourceId, Term, kinds};
use serde_json::{Map, Value, json};

use crate::cli::project;
use crate::stand::{Stand, graph, spec};

pub(crate) const CANARY: &str = "c4n4ry";

/// Runs secgw with canaries in its environment; all that it said.
fn run(directory: &Path, line: &str) -> String {
    let mut command = Command::cargo_bin("secgw").unwrap();
    command.env_clear().current_dir(directory);
    for name in ["AZURE_CLIENT_SECRET", "B2C_CLIENT_SECRET"] {
        command.env(name, format!("{CANARY}-{name}"));
    }
    command
        .env("RUST_LOG", "trace")
        .env("TMPDIR", directory.join("tmp"));
    let output = command.args(line.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

async fn put(stand: &Stand, id: &ResourceId, body: Value) {
    let version = kinds::of(id).unwrap().api_version;
    let url = stand.client.endpoints().arm_url(id.as_str(), version, &[]);
    let request = Request::put(Realm::Arm, url, body);
    stand.client.run(&request, &mut |_| {}).await.unwrap();
}

/// Somebody puts a canary wherever Azure keeps secrets: settings, named values, keys of subscriptions.
async fn plant(directory: &Path) {
    let spec = spec("dev");
    let stand = Stand::at(&directory.join("state"), &spec).await;
    let graph = graph(&spec);
    let is_kind = |noun: &'static str| {
        graph
            .iter()
            .find(|resource| resource.kind.noun == noun)
            .unwrap()
    };
    let settings = is_kind("application settings");
    let Some(Term::Object(wanted)) = settings.body().and_then(|body| body.at("/properties")) else {
        panic!("{settings:?}")
    };
    assert!(!wanted.is_empty());
    let keys = wanted.keys().map(String::as_str).chain(["THEIRS"]);
    let values: Map<String, Value> = keys
        .map(|key| (key.to_owned(), format!("{CANARY}-{key}").into()))
        .collect();
    put(&stand, &settings.id, json!({ "properties": values })).await;
    let service = &is_kind("API Management service").id;
    let named = json!({ "properties": { "displayName": "theirs", "secret": true, "value": format!("{CANARY}-named") } });
    put(&stand, &service.child("namedValues", "theirs"), named).await;
    // In a policy of ours, where somebody adds what a backend is called with.
    let policy = is_kind("API policy");
    let read = Request::get(
        Realm::Arm,
        stand.client.endpoints().arm_url(
            policy.id.as_str(),
            policy.kind.api_version,
            &[("format", "rawxml")],
        ),
    );
    let read = stand.client.send(&read).await.unwrap().into_json().unwrap();
    let text = read["properties"]["value"].as_str().unwrap();
    let more = format!(
        "<inbound>\n<set-header name=\"Authorization\" exists-action=\"override\"><value>Basic {CANARY}-policy</value></set-header>"
    );
    assert!(text.contains("<inbound>"), "{text}");
    let text = text.replace("<inbound>", &more);
    put(
        &stand,
        &policy.id,
        json!({ "properties": { "format": "rawxml", "value": text } }),
    )
    .await;
    let keys = json!({ "properties": { "displayName": "theirs", "scope": format!("{service}/apis"),
        "primaryKey": format!("{CANARY}-primary"), "secondaryKey": format!("{CANARY}-secondary") } });
    put(&stand, &service.child("subscriptions", "theirs"), keys).await;
    stand.sandbox.stop().await;
}

/// The passwords that secgw makes for accounts are in no log.
fn assert_no_password(log: &Path) {
    let log = fs::read_to_string(log).unwrap();
    let sent: Vec<&str> = log.split("\"password\":").skip(1).collect();
    assert!(!sent.is_empty());
    for rest in sent {
        assert!(rest.starts_with("\"REDACTED\""), "{}", &rest[..40]);
    }
}

fn files(directory: &Path, into: &mut BTreeSet<std::path::PathBuf>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, into);
        } else {
            into.insert(path);
        }
    }
}

/// The end of what stands before the first, and all canaries.
fn around(line: &str) -> String {
    let mut parts = line.split(CANARY);
    let before: Vec<char> = parts.next().unwrap().chars().rev().take(40).collect();
    let before: String = before.into_iter().rev().collect();
    let names: Vec<String> = parts.map(|part| part.chars().take(24).collect()).collect();
    format!("{before}{CANARY}{}", names.join(", "))
}

/// Where a canary is: lines of what was said, and of what was written.
pub(crate) fn leaks(directory: &Path, said: &str) -> Vec<String> {
    let of = |what: &str, text: &str| {
        let lines = text.lines().filter(|line| line.contains(CANARY));
        lines
            .map(|line| format!("{what}: {}", around(line)))
            .collect::<Vec<_>>()
    };
    let mut leaks = of("said", said);
    let mut written = BTreeSet::new();
    files(directory, &mut written);
    // The sandbox's store stands for Azure, which holds what it was given (product.md).
    written.retain(|path| !path.starts_with(directory.join("state")));
    for path in written {
        let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
        leaks.extend(of(&path.display().to_string(), &text));
    }
    leaks
}

fn assert_secret(directory: &Path, line: &str, said: &str) {
    assert_eq!(leaks(directory, said), Vec::<String>::new(), "{line}");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_leaves_the_place_it_is_kept_in() {
    let directory = project();
    let directory = directory.path();
    fs::create_dir(directory.join("tmp")).unwrap();
    let target = "-e dev --sandbox=state";
    let check = |line: &str, expected: &str| {
        let line = format!("{line} {target}");
        let said = run(directory, &line);
        assert!(said.contains(expected), "{line}\n{said}");
        assert_secret(directory, &line, &said);
    };
    check("apply --yes -vvv --record first.log", "Apply: ");
    assert_no_password(&directory.join("first.log"));
    // The named value is one that blocks by name.
    plant(directory).await;
    // The canaries are where secgw looks: it sees that the settings are other ones.
    check(
        "plan -vvv --record plan.log --out dev.plan",
        "(secret, changed)",
    );
    check("plan -o json -vvv", "(sensitive)");
    let shown = run(directory, "show dev.plan -v");
    assert!(shown.contains("(secret, changed)"), "{shown}");
    assert_secret(directory, "show", &shown);
    fs::write(
        directory.join("state/faults.json"),
        json!([{ "methods": ["PUT"], "path": "/config/appsettings", "times": null, "action": { "respond": { "status": 401 } } }]).to_string(),
    )
    .unwrap();
    check(
        "apply --allow control:APIM-17 dev.plan -vvv -o json --record apply.log",
        "\"failed\": 1",
    );
    // Azure quotes what it was sent: settings of other people's that the write carries along.
    let quoting = json!({ "error": { "code": "BadRequest", "message": format!("'{CANARY}-THEIRS' is no setting") } });
    fs::write(
        directory.join("state/faults.json"),
        json!([{ "methods": ["PUT"], "path": "/config/appsettings", "times": null, "action": { "respond": { "status": 400, "body": quoting } } }]).to_string(),
    )
    .unwrap();
    check(
        "apply --allow control:APIM-17 --yes -vvv --record quoted.log",
        "'(sensitive)' is no setting",
    );
    fs::remove_file(directory.join("state/faults.json")).unwrap();
    check(
        "apply --allow control:APIM-17 --yes -vvv --record again.log",
        "Apply: 1 applied",
    );
    check("apply dev.plan", "Moved since the plan was saved");
}

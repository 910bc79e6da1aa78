//! Canaries in whatever Azure keeps secret, in live state past every rule of the services: nothing that is written or
//! said has one.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use secgw::cli::surroundings;
use secgw::resource::body;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cli::project;
use crate::ownership::held;
use crate::secrecy::{CANARY, leaks};
use crate::stand::{ENVIRONMENTS, Stand, graph, spec};

/// Where Azure keeps secrets, by the end of what it is kept under: what is added there, `CANARY` in place of a secret.
/// REST references of the types and Graph's resource types, read 2026-11-25; what a GET leaves out today is here too.
const PLACES: &[(&str, &str)] = &[
    (
        "/**/Microsoft.ApiManagement/service/*",
        r#"{"properties":{"certificates":[{"storeName":"Root","encodedCertificate":"CANARY","certificatePassword":"CANARY"}]}}"#,
    ),
    (
        "/**/service/*/namedValues/*",
        r#"{"properties":{"secret":true,"value":"CANARY"}}"#,
    ),
    (
        "/**/service/*/loggers/*",
        r#"{"properties":{"credentials":{"instrumentationKey":"CANARY","connectionString":"CANARY","identityClientSecret":"CANARY"}}}"#,
    ),
    (
        "/**/service/*/backends/*",
        r#"{"properties":{"credentials":{"authorization":{"scheme":"Basic","parameter":"CANARY"},"header":{"x-functions-key":["CANARY"]},"query":{"code":["CANARY"]}},"proxy":{"url":"http://p","username":"u","password":"CANARY"}}}"#,
    ),
    (
        "/**/service/*/subscriptions/*",
        r#"{"properties":{"primaryKey":"CANARY","secondaryKey":"CANARY"}}"#,
    ),
    (
        "/**/sites/*/config/web",
        r#"{"properties":{"appSettings":[{"name":"S","value":"CANARY"}],"connectionStrings":[{"name":"D","connectionString":"CANARY","type":"SQLAzure"}],"azureStorageAccounts":{"m":{"accountName":"a","accessKey":"CANARY"}},"machineKey":{"validationKey":"CANARY","decryptionKey":"CANARY"},"metadata":[{"name":"M","value":"CANARY"}]}}"#,
    ),
    (
        "/**/sites/*/config/appsettings",
        r#"{"properties":{"S":"CANARY","AzureWebJobsStorage":"CANARY"}}"#,
    ),
    (
        "/graph/*/applications/*",
        r#"{"passwordCredentials":[{"keyId":"00000000-0000-4000-8000-0000000000aa","displayName":"theirs","endDateTime":"2027-01-01T00:00:00Z","startDateTime":"2026-01-01T00:00:00Z","secretText":"CANARY"}],"keyCredentials":[{"keyId":"00000000-0000-4000-8000-0000000000ab","type":"Symmetric","usage":"Sign","key":"CANARY"}]}"#,
    ),
    (
        "/graph/*/servicePrincipals/*",
        r#"{"passwordCredentials":[{"keyId":"00000000-0000-4000-8000-0000000000ac","secretText":"CANARY"}],"keyCredentials":[{"keyId":"00000000-0000-4000-8000-0000000000ad","type":"Symmetric","usage":"Sign","key":"CANARY"}]}"#,
    ),
    (
        "/graph/*/users/*",
        r#"{"passwordProfile":{"password":"CANARY","forceChangePasswordNextSignIn":false}}"#,
    ),
    (
        "/graph/*/identity/b2cUserFlows/*",
        r#"{"identityProviders":[{"id":"Google-OAUTH","clientId":"g","clientSecret":"CANARY"}],"apiConnectorConfiguration":{"postFederationSignup":{"id":"c","authenticationConfiguration":{"username":"u","password":"CANARY","certificateList":[{"thumbprint":"t","pkcs12Value":"CANARY"}]}}}}"#,
    ),
];

const POLICY: &str = "/**/service/*/apis/*/policies/policy";

/// What somebody puts into a policy by hand.
const STATEMENTS: &str = r#"<inbound>
<set-header name="Authorization" exists-action="override"><value>Basic CANARY</value></set-header>
<set-query-parameter name="code" exists-action="override"><value>CANARY</value></set-query-parameter>
<set-variable name="apiKey" value="CANARY" />
<authentication-basic username="u" password="CANARY" />
<authentication-certificate body="CANARY" password="CANARY" />
<send-request mode="new" response-variable-name="t"><set-url>https://login.example.com/token</set-url><set-method>POST</set-method>
<set-body>grant_type=client_credentials&amp;client_secret=CANARY</set-body></send-request>"#;

/// What no read of secgw's asks for, so that Azure's answer cannot hold it.
const UNREAD: [&str; 1] = ["/graph/*/users/*"];

fn add(into: &mut Value, more: &Value) {
    match (into, more) {
        (Value::Object(into), Value::Object(more)) => {
            for (name, more) in more {
                add(into.entry(name.clone()).or_insert(Value::Null), more);
            }
        }
        (Value::Array(into), Value::Array(more)) => into.extend(more.iter().cloned()),
        (into, more) => *into = more.clone(),
    }
}

/// A place and which of its canaries.
type Slot = (&'static str, usize);

/// What has been put where, each with a number of its own.
#[derive(Default)]
struct Planted {
    canaries: Vec<(String, Slot)>,
}

impl Planted {
    fn fill(&mut self, place: &'static str, fragment: &str) -> String {
        let mut parts = fragment.split("CANARY");
        let mut text = parts.next().unwrap().to_owned();
        for (number, part) in parts.enumerate() {
            let place_name = place.rsplit('/').nth(1).unwrap();
            let canary = format!("{CANARY}-{}-{place_name}", self.canaries.len());
            text.extend([&canary, part]);
            self.canaries.push((canary, (place, number)));
        }
        text
    }

    fn put(&mut self, id: &str, stored: &mut Value) {
        for (place, fragment) in PLACES.iter().filter(|(place, _)| body::matches(place, id)) {
            let more = self.fill(place, fragment);
            add(stored, &serde_json::from_str(&more).unwrap());
        }
        if body::matches(POLICY, id) {
            let text = stored["properties"]["value"].as_str().unwrap();
            assert!(text.contains("<inbound>"), "{text}");
            let more = self.fill(POLICY, STATEMENTS);
            stored["properties"]["value"] = text.replacen("<inbound>", &more, 1).into();
        }
    }
}

/// Puts canaries beside what stands there; with the slots of those that Azure's answers hold then.
async fn plant(state: &Path, environment: &str) -> (Planted, BTreeSet<Slot>) {
    let spec = spec(environment);
    let stand = Stand::at(state, &spec).await;
    let mut planted = Planted::default();
    for (id, mut stored) in held(state) {
        let before = stored.clone();
        planted.put(&id, &mut stored);
        if stored != before {
            stand.sandbox.store(&id, &stored).unwrap();
        }
    }
    let (reading, around) = surroundings::read(&stand.client, &graph(&spec)).await;
    let answered = format!("{:?} {around:?}", reading.live);
    stand.sandbox.stop().await;
    let canaries = planted.canaries.iter();
    let seen = canaries.filter(|(canary, _)| answered.contains(canary.as_str()));
    let seen = seen.map(|(_, slot)| *slot).collect();
    (planted, seen)
}

/// All of them but those in places that nothing reads.
fn readable() -> BTreeSet<Slot> {
    let places = PLACES.iter().filter(|(place, _)| !UNREAD.contains(place));
    let all = places.copied().chain([(POLICY, STATEMENTS)]);
    let slots = |(place, fragment): (&'static str, &str)| {
        (0..fragment.matches("CANARY").count()).map(move |number| (place, number))
    };
    all.flat_map(slots).collect()
}

fn run(directory: &Path, line: &str) -> (Option<i32>, String) {
    let mut command = Command::cargo_bin("secgw").unwrap();
    command.env_clear().current_dir(directory);
    for name in ["AZURE_CLIENT_SECRET", "B2C_CLIENT_SECRET"] {
        command.env(name, format!("{CANARY}-{name}"));
    }
    command.env("RUST_LOG", "trace").env("HOME", directory);
    command.env("TMPDIR", directory.join("tmp"));
    let output = command.args(line.split_whitespace()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout) + &text(&output.stderr),
    )
}

/// Of each the codes that it may end with: what was planted is drift, and weakens some controls.
const LINES: &[(&str, &[i32])] = &[
    ("plan -v -o github", &[0, 4]),
    ("plan -v -o azdo", &[0, 4]),
    ("drift -v", &[0, 2]),
    ("drift -o json", &[0, 2]),
    ("check --live -v --record check.log", &[0, 4]),
    ("check --live -o json", &[0, 4]),
    ("check --live -o markdown", &[0, 4]),
    ("check --live -o sarif", &[0, 4]),
    ("check --live -o junit", &[0, 4]),
    ("destroy -v -o json", &[3, 4]),
];

const PLAN: &str = "plan -vvv --record plan.log --out dev.plan --out text=p.txt --out json=p.json --out jsonl=p.jsonl --out md=p.md --out sarif=p.sarif --out junit=p.xml";

const APPLY: &str = "apply --yes --allow controls -vvv -o jsonl --record apply.log";

/// What is found in one environment.
struct Sweep {
    directory: TempDir,
    environment: &'static str,
    leaked: BTreeSet<String>,
}

impl Sweep {
    fn check(&mut self, line: &str, codes: &[i32], expected: &str) {
        let line = format!(
            "{line} -e {} --sandbox=state --operation-scale 0",
            self.environment
        );
        self.run(&line, codes, expected);
    }

    fn run(&mut self, line: &str, codes: &[i32], expected: &str) {
        let (code, said) = run(self.directory.path(), line);
        let is_expected = code.is_some_and(|code| codes.contains(&code));
        let talk: Vec<&str> = said
            .lines()
            .filter(|line| !line.contains(" DEBUG "))
            .collect();
        assert!(
            is_expected && said.contains(expected),
            "{line}: {code:?} {talk:#?}"
        );
        let leaks = leaks(self.directory.path(), &said).into_iter();
        self.leaked
            .extend(leaks.map(|leak| format!("{line}: {leak}")));
    }

    /// Azure refuses these requests with these bodies.
    fn refuse(&self, faults: &[(&[&str], &str, Value)]) {
        let faults: Vec<Value> = faults
            .iter()
            .map(|(methods, path, body)| {
                json!({ "methods": methods, "path": path, "times": null,
                    "action": { "respond": { "status": 400, "body": body } } })
            })
            .collect();
        fs::write(self.faults(), Value::from(faults).to_string()).unwrap();
    }

    fn faults(&self) -> PathBuf {
        self.directory.path().join("state/faults.json")
    }

    /// Every write that goes to these places is refused with a message that has all that was planted there.
    fn refuse_writes(&mut self, planted: &Planted) {
        let refused = |(place, path)| {
            let quoted = planted.canaries.iter().filter(|(_, (at, _))| *at == place);
            let quoted: Vec<&str> = quoted.map(|(canary, _)| canary.as_str()).collect();
            assert!(!quoted.is_empty(), "{place}");
            let message = format!("'{}' will not do", quoted.join("' and '"));
            let body = json!({ "error": { "code": "Conflict", "message": message } });
            (&["PUT", "PATCH"][..], path, body)
        };
        let places = [
            (POLICY, "/policies/policy"),
            ("/**/service/*/backends/*", "/backends/"),
        ];
        self.refuse(&places.map(refused));
        self.check(APPLY, &[1, 7], "'(sensitive)' will not do");
        fs::remove_file(self.faults()).unwrap();
    }
}

/// Whether each line is run in each environment, and not in one of them.
fn is_whole() -> bool {
    std::env::vars().any(|(name, value)| name == "SECGW_SWEEP" && value == "all")
}

async fn sweep(number: usize, environment: &'static str) -> (BTreeSet<Slot>, BTreeSet<String>) {
    let mut sweep = Sweep {
        directory: project(),
        environment,
        leaked: BTreeSet::new(),
    };
    let directory = sweep.directory.path().to_owned();
    fs::create_dir(directory.join("tmp")).unwrap();
    sweep.check("apply --yes", &[0], "");
    let (planted, seen) = plant(&directory.join("state"), environment).await;
    sweep.check(PLAN, &[0, 4], "");
    for (index, (line, codes)) in LINES.iter().enumerate() {
        if is_whole() || index % ENVIRONMENTS.len() == number {
            sweep.check(line, codes, "");
        }
    }
    sweep.run("show dev.plan -v", &[0], "");
    let quoting = json!({ "error": { "code": "Request_BadRequest", "message": "no",
        "details": [{ "passwordCredentials": [{ "secretText": format!("{CANARY}-quoted") }] }] } });
    sweep.refuse(&[(&["GET"], "/applications", quoting)]);
    sweep.check("plan -vvv --record bad.log", &[1], "Request_BadRequest");
    fs::remove_file(sweep.faults()).unwrap();
    if is_whole() || number == 0 {
        sweep.refuse_writes(&planted);
    }
    sweep.check(APPLY, &[0, 1, 4, 5, 7], "\"event\"");
    (seen, sweep.leaked)
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_live_state_is_said_or_written() {
    let (mut seen, mut leaked) = (BTreeSet::new(), BTreeSet::new());
    for (number, environment) in ENVIRONMENTS.into_iter().enumerate() {
        let (more_seen, more_leaked) = sweep(number, environment).await;
        seen.extend(more_seen);
        leaked.extend(more_leaked);
    }
    let unseen: Vec<Slot> = readable().difference(&seen).copied().collect();
    assert!(unseen.is_empty(), "not in what is read: {unseen:?}");
    assert!(leaked.is_empty(), "{leaked:#?}");
}

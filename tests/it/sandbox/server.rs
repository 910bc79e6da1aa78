//! TLS, names, faults, the traffic log, the state on disk.

use reqwest::Method;
use secgw::sandbox::{Action, Fault, Options};
use serde_json::json;

use super::{Azure, GROUP, client, management};

const VERSION: &str = "2025-04-01";

#[tokio::test]
async fn every_host_name_gets_a_certificate_of_the_sandboxs_authority() {
    let (_dir, azure) = Azure::fresh().await;
    for url in [
        "https://management.azure.com/metadata/endpoints?api-version=2022-09-01".to_owned(),
        "https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration".to_owned(),
        format!(
            "https://127.0.0.1:{}/metadata/endpoints?api-version=2019-05-01",
            azure.running.address().port()
        ),
        format!(
            "https://localhost:{}/metadata/endpoints?api-version=2015-01-01",
            azure.running.address().port()
        ),
    ] {
        let response = azure.client.get(&url).send().await.unwrap();
        assert_eq!(response.status(), 200, "{url}");
        assert_eq!(response.version(), reqwest::Version::HTTP_2, "{url}");
    }
}

#[tokio::test]
async fn a_client_that_does_not_trust_the_authority_cannot_connect() {
    let (_dir, azure) = Azure::fresh().await;
    let other = tempfile::tempdir().unwrap();
    let stranger = secgw::sandbox::start(Options::new(other.path()))
        .await
        .unwrap();
    let url = format!(
        "https://localhost:{}/metadata/endpoints?api-version=2022-09-01",
        azure.running.address().port()
    );
    assert!(client(&stranger).get(url).send().await.is_err());
}

#[tokio::test]
async fn state_and_authority_survive_a_restart() {
    let (dir, azure) = Azure::fresh().await;
    let authority = azure.running.ca_pem().to_owned();
    azure.running.stop().await;
    let azure = Azure::start(Options::new(dir.path())).await;
    assert_eq!(azure.running.ca_pem(), authority);
    assert_eq!(azure.get(GROUP, VERSION).await.status, 200);
}

#[cfg(unix)]
#[tokio::test]
async fn state_and_keys_are_readable_by_their_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let (dir, _azure) = Azure::fresh().await;
    for name in ["objects.jsonl", "ca.key", "token.key"] {
        let mode = std::fs::metadata(dir.path().join(name))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

fn fault(after: u64, action: Action) -> Fault {
    Fault {
        methods: vec!["PUT".into()],
        path: "rg-".into(),
        after,
        times: Some(1),
        action,
    }
}

#[tokio::test]
async fn a_fault_hits_the_request_it_was_asked_for_and_no_other() {
    let (_dir, azure) = Azure::fresh().await;
    let throttled = Action::Respond {
        status: 429,
        retry_after: Some(7),
        body: json!({ "error": { "code": "TooManyRequests", "message": "slow down" } }),
    };
    azure.running.faults().add(fault(1, throttled));
    let body = json!({ "location": "westeurope" });
    assert_eq!(azure.put(GROUP, VERSION, body.clone()).await.status, 200);
    assert_eq!(azure.get(GROUP, VERSION).await.status, 200);
    let answer = azure.put(GROUP, VERSION, body.clone()).await;
    assert_eq!((answer.status, answer.header("retry-after")), (429, "7"));
    assert_eq!(azure.put(GROUP, VERSION, body).await.status, 200);
}

#[tokio::test]
async fn a_connection_dropped_after_the_write_leaves_the_write() {
    let (_dir, azure) = Azure::fresh().await;
    for (name, action, is_there) in [
        ("rg-before", Action::DropBefore, false),
        ("rg-after", Action::DropAfter, true),
    ] {
        azure.running.faults().clear();
        azure.running.faults().add(fault(0, action));
        let path = GROUP.replace("rg-test", name);
        let request = azure
            .client
            .request(Method::PUT, management(&path, VERSION))
            .bearer_auth(super::token(&azure.client, "https://management.azure.com").await)
            .body(json!({ "location": "westeurope" }).to_string());
        assert!(request.send().await.is_err());
        assert_eq!(
            azure.get(&path, VERSION).await.status == 200,
            is_there,
            "{name}"
        );
    }
}

#[tokio::test]
async fn faults_can_be_asked_for_over_the_wire() {
    let (_dir, azure) = Azure::fresh().await;
    let url = "https://management.azure.com/.sandbox/faults";
    let fault = json!({ "methods": ["GET"], "action": { "respond": { "status": 503 } } });
    assert_eq!(
        azure.send(Method::POST, url, &[], Some(fault)).await.status,
        204
    );
    assert_eq!(azure.get(GROUP, VERSION).await.status, 503);
    assert_eq!(azure.send(Method::DELETE, url, &[], None).await.status, 204);
    assert_eq!(azure.get(GROUP, VERSION).await.status, 200);
    let wrong = json!({ "method": "GET", "action": "dropBefore" });
    assert_eq!(
        azure.send(Method::POST, url, &[], Some(wrong)).await.status,
        400
    );
}

#[tokio::test]
async fn the_traffic_log_has_every_exchange_and_no_secret() {
    let dir = tempfile::tempdir().unwrap();
    let record = dir.path().join("traffic.jsonl");
    let options = Options {
        record: Some(record.clone()),
        ..Options::new(dir.path().join("state"))
    };
    let azure = Azure::start(options).await;
    let body = json!({ "location": "westeurope", "tags": { "a": "b" } });
    azure.put(GROUP, VERSION, body.clone()).await;
    let text = std::fs::read_to_string(&record).unwrap();
    let lines: Vec<serde_json::Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(lines.len(), 2);
    assert_eq!(lines[0]["request_body"]["client_secret"], "REDACTED");
    assert_eq!(lines[0]["response_body"]["access_token"], "REDACTED");
    assert_eq!(lines[1]["request_body"], body);
    assert_eq!(lines[1]["status"], 201);
    assert_eq!(lines[1]["url"], management(GROUP, VERSION));
    assert!(!text.contains("Bearer ey") && !text.contains("eyJ"));
}

#[test]
fn every_recording_that_is_evidence_exists() {
    use std::path::Path;
    let recordings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/azure/recordings/dev");
    let evidence = secgw::sandbox::evidence();
    assert!(
        evidence
            .iter()
            .any(|(about, _)| about == "Microsoft.ApiManagement/service/policies")
    );
    if !recordings.exists() {
        return;
    }
    for (about, evidence) in evidence {
        if let secgw::sandbox::Evidence::Recorded(name) = evidence {
            let is_there =
                recordings.join(format!("{name}.json")).exists() || name.starts_with("ext__");
            assert!(is_there, "{about}: {name}");
        }
    }
}

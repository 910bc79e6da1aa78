//! What ARM does the same for every provider.

use serde_json::json;

use super::{Azure, GROUP};

const NSG: &str = "/providers/Microsoft.Network/networkSecurityGroups";

#[tokio::test]
async fn the_front_end_refuses_what_it_cannot_place() {
    let (_dir, azure) = Azure::fresh().await;
    let elsewhere = GROUP.replace("rg-test", "rg-none");
    for (path, version, status, code) in [
        (GROUP.to_owned(), "", 400, "InvalidApiVersionParameter"),
        (GROUP.to_owned(), "soon", 400, "InvalidApiVersionParameter"),
        (
            format!("{elsewhere}{NSG}/n"),
            "2024-05-01",
            404,
            "ResourceGroupNotFound",
        ),
        (
            format!("{GROUP}{NSG}/n"),
            "2024-05-01",
            404,
            "ResourceNotFound",
        ),
        (
            format!("{GROUP}/providers/Microsoft.Nothing/x/y"),
            "2024-05-01",
            404,
            "InvalidResourceNamespace",
        ),
        (
            format!("{GROUP}/providers/Microsoft.Network/x/y"),
            "2024-05-01",
            404,
            "InvalidResourceType",
        ),
    ] {
        let answer = azure.get(&path, version).await;
        assert_eq!((answer.status, answer.code()), (status, code), "{path}");
        assert!(code.starts_with("InvalidApi") || answer.header("x-ms-failure-cause") == "gateway");
    }
}

#[tokio::test]
async fn paths_and_members_compare_without_case_and_keep_their_first_spelling() {
    let (_dir, azure) = Azure::fresh().await;
    let path = format!("{GROUP}{NSG}/Nsg-One");
    azure
        .put(&path, "2024-05-01", json!({ "Location": "westeurope" }))
        .await;
    let lower = azure.get(&path.to_lowercase(), "2024-05-01").await;
    assert_eq!(lower.body["id"], json!(path));
    assert_eq!(lower.body["location"], "westeurope");
    let again = azure
        .put(
            &path.to_uppercase(),
            "2024-05-01",
            json!({ "location": "West Europe" }),
        )
        .await;
    assert_eq!(
        (again.status, &again.body["name"]),
        (200, &json!("Nsg-One"))
    );
}

#[tokio::test]
async fn a_malformed_body_is_refused_with_everything_that_is_wrong() {
    let (_dir, azure) = Azure::fresh().await;
    let path = format!("{GROUP}{NSG}/n");
    let answer = azure
        .put(&path, "2024-05-01", json!({ "properties": {} }))
        .await;
    assert_eq!((answer.status, answer.code()), (400, "LocationRequired"));
    let body = json!({ "location": "westeurope", "properties": { "securityRule": [], "flushConnection": "no" } });
    let answer = azure.put(&path, "2024-05-01", body).await;
    assert_eq!(
        (answer.status, answer.code()),
        (400, "InvalidRequestFormat")
    );
    assert_eq!(answer.body["error"]["details"].as_array().unwrap().len(), 2);
    let answer = azure
        .put(&path, "2024-05-01", json!({ "location": "atlantis" }))
        .await;
    assert_eq!(answer.code(), "LocationNotAvailableForResourceType");
    assert_eq!(azure.get(&path, "2024-05-01").await.status, 404);
}

#[tokio::test]
async fn a_resource_cannot_move_by_being_put_elsewhere() {
    let (_dir, azure) = Azure::fresh().await;
    let path = format!("{GROUP}{NSG}/n");
    azure
        .put(&path, "2024-05-01", json!({ "location": "westeurope" }))
        .await;
    let answer = azure
        .put(&path, "2024-05-01", json!({ "location": "northeurope" }))
        .await;
    assert_eq!(
        (answer.status, answer.code()),
        (409, "InvalidResourceLocation")
    );
}

#[tokio::test]
async fn a_long_list_comes_in_pages() {
    let dir = tempfile::tempdir().unwrap();
    let options = secgw::sandbox::Options {
        page_size: 2,
        ..secgw::sandbox::Options::new(dir.path())
    };
    let azure = Azure::start(options).await;
    azure
        .put(GROUP, "2025-04-01", json!({ "location": "westeurope" }))
        .await;
    for name in ["a", "b", "c", "d", "e"] {
        azure
            .put(
                &format!("{GROUP}{NSG}/{name}"),
                "2024-05-01",
                json!({ "location": "westeurope" }),
            )
            .await;
    }
    let mut names = Vec::new();
    let mut page = azure.get(&format!("{GROUP}{NSG}"), "2024-05-01").await.body;
    loop {
        let value = page["value"].as_array().unwrap();
        assert!(value.len() <= 2);
        names.extend(
            value
                .iter()
                .map(|member| member["name"].as_str().unwrap().to_owned()),
        );
        let Some(link) = page["nextLink"].as_str() else {
            break;
        };
        page = azure.send(reqwest::Method::GET, link, &[], None).await.body;
    }
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
}

#[tokio::test]
async fn an_operation_takes_its_time_and_is_over_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let options = |scale| secgw::sandbox::Options {
        operation_scale: scale,
        ..secgw::sandbox::Options::new(dir.path())
    };
    let azure = Azure::start(options(1.0)).await;
    azure
        .put(GROUP, "2025-04-01", json!({ "location": "westeurope" }))
        .await;
    let path = format!("{GROUP}{NSG}/n");
    let created = azure
        .put(&path, "2024-05-01", json!({ "location": "westeurope" }))
        .await;
    assert_eq!(created.status, 201);
    assert_eq!(created.body["properties"]["provisioningState"], "Updating");
    let poll = created.header("azure-asyncoperation").to_owned();
    assert_ne!(created.header("retry-after"), "0");
    let status = azure.send(reqwest::Method::GET, &poll, &[], None).await;
    assert_eq!(status.body, json!({ "status": "InProgress" }));
    azure.running.stop().await;
    let azure = Azure::start(options(1.0)).await;
    let status = azure.send(reqwest::Method::GET, &poll, &[], None).await;
    assert_eq!(status.body, json!({ "status": "InProgress" }));
}

#[tokio::test]
async fn at_scale_zero_the_first_poll_finds_the_operation_done() {
    let (_dir, azure) = Azure::fresh().await;
    let path = format!("{GROUP}{NSG}/n");
    let created = azure
        .put(&path, "2024-05-01", json!({ "location": "westeurope" }))
        .await;
    assert_eq!(created.header("retry-after"), "0");
    let status = azure.poll(&created).await;
    assert_eq!(status.body, json!({ "status": "Succeeded" }));
    let read = azure.get(&path, "2024-05-01").await;
    assert_eq!(read.body["properties"]["provisioningState"], "Succeeded");
    let gone = azure.delete(&path, "2024-05-01").await;
    assert_eq!(gone.status, 202);
    let result = azure
        .send(reqwest::Method::GET, gone.header("location"), &[], None)
        .await;
    assert_eq!(result.status, 204);
    assert_eq!(azure.get(&path, "2024-05-01").await.status, 404);
}

#[tokio::test]
async fn a_failed_operation_says_so_and_leaves_a_failed_resource() {
    let (_dir, azure) = Azure::fresh().await;
    azure.running.faults().add(secgw::sandbox::Fault {
        methods: vec!["PUT".into()],
        path: "networksecuritygroups".into(),
        after: 0,
        times: Some(1),
        action: secgw::sandbox::Action::FailOperation,
    });
    let path = format!("{GROUP}{NSG}/n");
    let created = azure
        .put(&path, "2024-05-01", json!({ "location": "westeurope" }))
        .await;
    let status = azure.poll(&created).await;
    assert_eq!(
        (status.status, &status.body["status"]),
        (200, &json!("Failed"))
    );
    assert_eq!(status.code(), "InternalServerError");
    let read = azure.get(&path, "2024-05-01").await;
    assert_eq!(read.body["properties"]["provisioningState"], "Failed");
}

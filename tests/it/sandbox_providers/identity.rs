//! Managed identities and role assignments.

use serde_json::{Value, json};

use crate::sandbox::{Azure, GROUP};

const IDENTITY: &str = "/providers/Microsoft.ManagedIdentity/userAssignedIdentities/gateway";
const ASSIGNMENTS: &str = "/providers/Microsoft.Authorization/roleAssignments";
const ROLES: &str = "/providers/Microsoft.Authorization/roleDefinitions";
const OWNER: &str = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635";
const READER: &str = "acdd72a7-3385-48ef-bd42-f606fba81ae7";
const ONE: &str = "11111111-1111-4111-8111-111111111111";
const TWO: &str = "22222222-2222-4222-8222-222222222222";

async fn identity(azure: &Azure) -> Value {
    let path = format!("{GROUP}{IDENTITY}");
    let made = azure
        .put(&path, "2024-11-30", json!({ "location": "westeurope" }))
        .await;
    assert_eq!(made.status, 201);
    made.body
}

fn assignment(principal: &str, role: &str) -> Value {
    json!({ "properties": {
        "principalId": principal,
        "roleDefinitionId": format!("{}{ROLES}/{role}", GROUP.split("/resourceGroups").next().unwrap()),
    }})
}

#[tokio::test]
async fn an_identity_keeps_its_ids_and_answers_with_its_relative_path() {
    let (_dir, azure) = Azure::fresh().await;
    let path = format!("{GROUP}{IDENTITY}");
    let body = json!({ "location": "westeurope" });
    let made = azure.put(&path, "2024-11-30", body.clone()).await;
    let lower = path.replace("/resourceGroups/", "/resourcegroups/");
    assert_eq!(
        (made.status, made.header("location")),
        (201, lower.as_str())
    );
    assert_eq!(made.body["id"], lower);
    assert_eq!(made.body["tags"], json!({}));
    assert_ne!(
        made.body["properties"]["clientId"],
        made.body["properties"]["principalId"]
    );
    let again = azure.put(&path, "2024-11-30", body).await;
    assert_eq!((again.status, &again.body), (200, &made.body));
    azure.delete(&path, "2024-11-30").await;
    let remade = identity(&azure).await;
    assert_ne!(
        remade["properties"]["principalId"],
        made.body["properties"]["principalId"]
    );
}

#[tokio::test]
async fn a_role_goes_to_principals_of_the_directory_only() {
    let (_dir, azure) = Azure::fresh().await;
    let gateway = identity(&azure).await;
    let path = format!("{GROUP}{ASSIGNMENTS}/{ONE}");
    for wrong in [TWO, gateway["properties"]["clientId"].as_str().unwrap()] {
        let refused = azure
            .put(&path, "2022-04-01", assignment(wrong, OWNER))
            .await;
        assert_eq!((refused.status, refused.code()), (400, "PrincipalNotFound"));
    }
    let principal = gateway["properties"]["principalId"].as_str().unwrap();
    let made = azure
        .put(&path, "2022-04-01", assignment(principal, OWNER))
        .await;
    assert_eq!(made.status, 201);
    assert_eq!(made.body["properties"]["principalType"], "ServicePrincipal");
    assert_eq!(made.body["properties"]["scope"], GROUP);
    let read = azure.get(&path, "2022-04-01").await;
    assert!(made.body["properties"]["createdBy"].is_null());
    assert!(read.body["properties"]["createdBy"].is_string());
    azure
        .delete(&format!("{GROUP}{IDENTITY}"), "2024-11-30")
        .await;
    let refused = azure
        .put(
            &format!("{GROUP}{ASSIGNMENTS}/{TWO}"),
            "2022-04-01",
            assignment(principal, READER),
        )
        .await;
    assert_eq!(refused.code(), "PrincipalNotFound");
}

#[tokio::test]
async fn an_assignment_has_a_guid_for_a_name_one_twin_and_no_second_life() {
    let (_dir, azure) = Azure::fresh().await;
    let gateway = identity(&azure).await;
    let principal = gateway["properties"]["principalId"].as_str().unwrap();
    let put = |name: &str, role: &str| {
        let path = format!("{GROUP}{ASSIGNMENTS}/{name}");
        let body = assignment(principal, role);
        let azure = &azure;
        async move { azure.put(&path, "2022-04-01", body).await }
    };
    assert_eq!(put("reader", OWNER).await.code(), "InvalidRoleAssignmentId");
    assert_eq!(put(ONE, ONE).await.code(), "RoleDefinitionDoesNotExist");
    assert_eq!(put(ONE, OWNER).await.status, 201);
    let twin = put(TWO, OWNER).await;
    assert_eq!((twin.status, twin.code()), (409, "RoleAssignmentExists"));
    assert_eq!(
        put(ONE, READER).await.code(),
        "RoleAssignmentUpdateNotPermitted"
    );
    assert_eq!(put(ONE, OWNER).await.status, 201);
    let path = format!("{GROUP}{ASSIGNMENTS}/{ONE}");
    let gone = azure.delete(&path, "2022-04-01").await;
    assert_eq!((gone.status, &gone.body["name"]), (200, &json!(ONE)));
    assert_eq!(
        azure.get(&path, "2022-04-01").await.code(),
        "RoleAssignmentNotFound"
    );
    assert_eq!(azure.delete(&path, "2022-04-01").await.status, 204);
}

#[tokio::test]
async fn built_in_roles_are_there_without_being_made() {
    let (_dir, azure) = Azure::fresh().await;
    let one = azure
        .get(&format!("{GROUP}{ROLES}/{READER}"), "2022-04-01")
        .await;
    assert_eq!(
        (one.status, &one.body["properties"]["roleName"]),
        (200, &json!("Reader"))
    );
    let filtered = format!("{GROUP}{ROLES}?$filter=roleName eq 'Storage Blob Data Owner'");
    let found = azure.get(&filtered, "2022-04-01").await;
    assert_eq!(found.body["value"].as_array().unwrap().len(), 1);
    assert_eq!(
        azure
            .get(&format!("{GROUP}{ROLES}/{ONE}"), "2022-04-01")
            .await
            .status,
        404
    );
}

//! What every collection has in common: permissions, pages, filters, replication.

use serde_json::json;
use time::Duration;

use super::{Directory, api, at, code};

#[test]
fn a_caller_without_the_permission_is_refused_before_anything_is_looked_at() {
    let mut directory = Directory::new();
    directory.caller.roles = vec!["Application.Read.All".into()];
    assert_eq!(directory.get("/v1.0/applications").0, 200);
    let (status, refused) = directory.post("/v1.0/applications", &api());
    assert_eq!(
        (status, code(&refused)),
        (403, "Authorization_RequestDenied")
    );
    assert_eq!(directory.get("/v1.0/users").0, 403);
    let (status, refused) = directory.get("/beta/identity/b2cUserFlows");
    assert_eq!((status, code(&refused)), (403, "AADB2C"));
}

#[test]
fn directories_do_not_see_each_other() {
    let mut directory = Directory::new();
    let made = directory.made("applications", &api());
    directory.caller.tenant = "00000000-0000-4000-8000-000000000003".into();
    assert_eq!(directory.get(&at("applications", &made)).0, 404);
    assert_eq!(directory.post("/v1.0/applications", &api()).0, 201);
}

#[test]
fn lists_are_paged_and_every_object_comes_once() {
    let mut directory = Directory::new();
    for name in ["a", "b", "c", "d", "e"] {
        directory.application(name);
    }
    let mut seen = Vec::new();
    let mut next = Some("/v1.0/applications?$top=2&$select=displayName".to_owned());
    while let Some(target) = next {
        let (_, page) = directory.get(&target);
        for one in page["value"].as_array().unwrap() {
            assert_eq!(one.as_object().unwrap().len(), 1);
            seen.push(one["displayName"].as_str().unwrap().to_owned());
        }
        next = page["@odata.nextLink"].as_str().map(|link| {
            let decoded = link.replace("%24", "$").replace("%2F", "/");
            decoded.replacen("https://graph.microsoft.com", "", 1)
        });
    }
    seen.sort();
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

#[test]
fn queries_the_directory_cannot_answer_are_refused() {
    let mut directory = Directory::new();
    for query in [
        "$filter=colour eq 'red'",
        "$select=colour",
        "$filter=displayName eq",
        "$filter=displayName ne 'a'",
        "$top=0",
        "$orderby=displayName",
    ] {
        assert_eq!(
            directory.get(&format!("/v1.0/applications?{query}")).0,
            400,
            "{query}"
        );
    }
}

#[test]
fn what_was_just_made_is_not_there_yet_while_the_directory_replicates() {
    let mut directory = Directory::new();
    directory.world.replication_lag = Duration::seconds(10);
    let made = directory.application("a");
    assert_eq!(directory.get(&at("applications", &made)).0, 404);
    let (status, refused) = directory.post(
        "/v1.0/servicePrincipals",
        &json!({ "appId": made["appId"] }),
    );
    assert_eq!(
        (status, code(&refused)),
        (400, "NoBackingApplicationObject")
    );
    directory.world.now += Duration::seconds(10);
    assert_eq!(directory.get(&at("applications", &made)).0, 200);
    let (status, _) = directory.post(
        "/v1.0/servicePrincipals",
        &json!({ "appId": made["appId"] }),
    );
    assert_eq!(status, 201);
}

#[test]
fn an_upsert_by_unique_name_creates_once() {
    let mut directory = Directory::new();
    let path = "/v1.0/applications(uniqueName='secgw-a')";
    assert_eq!(directory.patch(path, &json!({ "displayName": "a" })).0, 404);
    directory.made(
        "applications",
        &json!({ "displayName": "a", "uniqueName": "secgw-a" }),
    );
    assert_eq!(directory.patch(path, &json!({ "displayName": "b" })).0, 204);
    let (status, refused) = directory.post(
        "/v1.0/applications",
        &json!({ "displayName": "c", "uniqueName": "secgw-a" }),
    );
    assert_eq!(status, 400, "{refused}");
}

//! The rights that `secgw auth permissions` names: enough, and no more, on a sandbox that refuses the rest.

use std::collections::BTreeSet;

use secgw::apply::Outcome;
use secgw::resource::rights::{Purpose, Rights, needed};
use secgw::resource::{Graph, Live};
use secgw::sandbox::{Limit, Options};
use secgw::spec::Topology;
use tempfile::TempDir;

use crate::stand::{self, Stand, troubles};

/// Whom the stand signs in as: for the subscription, for the identity tenant.
const CLIENT: &str = "00000000-0000-4000-8000-00000000000a";
const IDENTITY_CLIENT: &str = "00000000-0000-4000-8000-00000000000b";

/// Asked for only where something has drifted.
const LOG: &str = "Microsoft.Insights/eventtypes/values/read";

/// Read only while there is no gateway: whether a deleted one keeps the name.
const DELETED: &str = "Microsoft.ApiManagement/locations/deletedservices/read";

fn limit(stand: &Stand, rights: &Rights) {
    let permissions = rights.permissions.values().flatten();
    let limit = Limit {
        actions: rights.actions.iter().cloned().collect(),
        permissions: permissions
            .map(|permission| permission.name.to_owned())
            .collect(),
    };
    stand.sandbox.rights().limit(CLIENT, limit.clone());
    stand.sandbox.rights().limit(IDENTITY_CLIENT, limit);
}

fn without(rights: &Rights, action: &str) -> Rights {
    let mut fewer = rights.clone();
    assert!(fewer.actions.remove(action), "{action}");
    fewer
}

/// What could not be read.
fn gaps(graph: &Graph, live: &Live) -> usize {
    secgw::plan::plan(graph, live).unreadable.len()
}

#[tokio::test]
async fn the_role_for_planning_is_enough_to_plan_and_each_action_of_it_is_needed() {
    let spec = stand::spec("dev");
    let graph = stand::graph(&spec);
    let directory = TempDir::new().unwrap();
    let made = Stand::at(directory.path(), &spec).await;
    let (_, report, _) = made.apply(&graph).await;
    assert_eq!(troubles(&report), "");

    assert!(made.sandbox.rights().asked().contains(DELETED));
    let rights = needed(&graph, Purpose::Plan);
    assert!(
        rights
            .actions
            .iter()
            .all(|action| action.ends_with("/read") || action.ends_with("/list/action"))
    );
    limit(&made, &rights);
    let live = secgw::azure::read_live(&made.client, &graph).await.live;
    assert_eq!(gaps(&graph, &live), 0);
    // Without any, most refusals are seen at once; what is only read after something else, one by one.
    let none = Rights {
        actions: BTreeSet::new(),
        ..rights.clone()
    };
    limit(&made, &none);
    let refused = async || {
        let live = secgw::azure::read_live(&made.client, &graph).await.live;
        format!("{live:?}").to_ascii_lowercase()
    };
    let all = refused().await;
    let names = |text: &str, action: &str| {
        text.contains(&format!("perform action '{}'", action.to_ascii_lowercase()))
    };
    let mut later = 0;
    for action in rights
        .actions
        .iter()
        .filter(|action| ![LOG, DELETED].contains(&action.as_str()))
    {
        if !names(&all, action) {
            limit(&made, &without(&rights, action));
            assert!(names(&refused().await, action), "{action} is not missed");
            later += 1;
        }
    }
    assert!(later < rights.actions.len() / 2, "{later}");

    // Nothing may be written with it.
    limit(&made, &rights);
    let destroy = graph.to_destroy(Vec::new());
    let (_, report, _) = made.apply(&destroy).await;
    let applied = report
        .outcomes
        .values()
        .filter(|outcome| matches!(outcome, Outcome::Applied));
    assert_eq!(applied.count(), 0);
}

#[tokio::test]
async fn the_role_for_applying_is_enough_to_build_change_and_destroy() {
    for environment in stand::ENVIRONMENTS {
        let spec = stand::spec(environment);
        let graph = stand::graph(&spec);
        let directory = TempDir::new().unwrap();
        let stand = Stand::with(directory.path(), &spec, |_: &mut Options| {}).await;
        let rights = needed(&graph, Purpose::Apply);
        limit(&stand, &rights);
        let (_, report, _) = stand.apply(&graph).await;
        assert_eq!(troubles(&report), "", "{environment}");
        let (_, plan) = stand.plan(&graph).await;
        assert!(
            !plan.has_changes() && plan.unreadable.is_empty(),
            "{}",
            stand::described(&plan)
        );
        let (_, report, _) = stand.apply(&graph.clone().to_destroy(Vec::new())).await;
        assert_eq!(troubles(&report), "", "{environment}");

        let asked: BTreeSet<String> = stand
            .sandbox
            .rights()
            .asked()
            .iter()
            .map(|action| action.to_ascii_lowercase())
            .collect();
        // Children go with their parents here, and alone when a spec no longer names them.
        let is_used = |action: &&String| asked.contains(&action.to_ascii_lowercase());
        let unused: Vec<&String> = rights
            .actions
            .iter()
            .filter(|action| !is_used(action) && !action.ends_with("/delete"))
            .collect();
        assert_eq!(unused, [LOG], "{environment}");
    }
}

#[tokio::test]
async fn the_role_for_applying_is_enough_to_move_a_gateway_into_a_network() {
    let linked = stand::spec("dev");
    let mut injected = linked.clone();
    injected.network.topology = Topology::FilteredEdgePrivateBackend;
    let (linked, injected_graph) = (stand::graph(&linked), stand::graph(&injected));
    let directory = TempDir::new().unwrap();
    let stand = Stand::at(directory.path(), &injected).await;
    let (_, report, _) = stand.apply(&linked).await;
    assert_eq!(troubles(&report), "");
    let rights = needed(&injected_graph, Purpose::Apply);
    let action = "Microsoft.ApiManagement/service/privateEndpointConnections/delete";
    limit(&stand, &without(&rights, action));
    let (_, report, _) = stand.apply(&injected_graph).await;
    assert!(
        troubles(&report).contains("AuthorizationFailed"),
        "{}",
        troubles(&report)
    );
    limit(&stand, &rights);
    let (_, report, _) = stand.apply(&injected_graph).await;
    assert_eq!(troubles(&report), "");
}

#[tokio::test]
async fn a_write_without_a_linked_right_is_refused_and_the_hint_says_which() {
    let spec = stand::spec("prod");
    let graph = stand::graph(&spec);
    let directory = TempDir::new().unwrap();
    let stand = Stand::at(directory.path(), &spec).await;
    let joined = "Microsoft.Network/virtualNetworks/subnets/join/action";
    limit(&stand, &without(&needed(&graph, Purpose::Apply), joined));
    let (_, report, _) = stand.apply(&graph).await;
    let failure = report.outcomes.values().find_map(|outcome| match outcome {
        Outcome::Failed(failure) => Some(failure),
        _ => None,
    });
    let failure = failure.unwrap();
    assert_eq!(failure.code, "LinkedAuthorizationFailed");
    let hint = failure.hint.as_deref().unwrap();
    assert!(
        hint.contains(joined) && hint.contains("az role assignment create"),
        "{hint}"
    );
}

#[test]
fn the_doctor_says_who_won_and_exactly_what_is_missing() {
    let project = crate::cli::project();
    let secgw = |line: &str| crate::cli::run(project.path(), line);
    let doctor = || secgw("auth doctor -e dev --sandbox=state -o json");
    let healthy = doctor();
    assert_eq!(healthy.code, Some(0), "{healthy}");
    assert!(
        !healthy.stdout.contains("eyJ"),
        "a token is shown: {healthy}"
    );
    let told = healthy.json();
    let attempts = told["attempts"].as_array().unwrap();
    assert_eq!(attempts.len(), 6);
    assert_eq!(
        (&attempts[0]["method"], &attempts[0]["state"]),
        (&"client secret".into(), &"won".into())
    );
    assert_eq!(
        attempts[0]["who"]["audience"],
        "https://management.azure.com"
    );
    assert!(attempts[1..].iter().all(|other| other["state"] != "won"));
    let nothing = serde_json::json!({ "actions": [], "permissions": [], "unknown": [] });
    assert_eq!(
        (&told["missing"]["plan"], &told["missing"]["apply"]),
        (&nothing, &nothing)
    );

    // Exactly the role for planning, less one action; less one permission in the identity tenant.
    let needed = secgw("auth permissions -e dev --sandbox -o json").json();
    let names = |list: &serde_json::Value| -> Vec<String> {
        let list = list["permissions"].as_array().unwrap().iter();
        list.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut actions = needed["role"]["Actions"].as_array().unwrap().clone();
    let lost = actions.pop().unwrap();
    let graph = needed["graph"].as_array().unwrap();
    let [identity, workforce] = graph.as_slice() else {
        panic!("{needed}")
    };
    let identity: Vec<String> = names(identity)
        .into_iter()
        .filter(|name| name != "User.Read.All")
        .collect();
    let who = |directory: usize| {
        told["graph"][directory]["who"]["client_id"]
            .as_str()
            .unwrap()
    };
    assert_eq!(who(0), CLIENT);
    let rights = serde_json::json!({
        (CLIENT): { "actions": actions, "permissions": names(workforce) },
        (who(1)): { "permissions": identity },
    });
    std::fs::write(project.path().join("state/rights.json"), rights.to_string()).unwrap();
    let ill = doctor();
    assert_eq!(ill.code, Some(1), "{ill}");
    let missing = &ill.json()["missing"];
    assert_eq!(
        missing["plan"],
        serde_json::json!({
            "actions": [lost],
            "permissions": [{ "directory": "identity", "permission": "User.Read.All" }],
            "unknown": [],
        })
    );
    assert!(missing["apply"]["actions"].as_array().unwrap().len() > 40);
    let text = secgw("auth doctor -e dev --sandbox=state");
    assert_eq!(text.code, Some(1), "{text}");
    let lacks = format!("lacks {}", lost.as_str().unwrap());
    assert!(text.stdout.contains(&lacks), "{text}");
}

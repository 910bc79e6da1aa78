//! Somebody else's change between plan and write: that change stops, and says what moved from three sides.

use secgw::apply::{Failure, Outcome};
use secgw::azure::request::Request;
use secgw::plan::plan;
use secgw::render::change::Room;
use secgw::render::report::Ended;
use secgw::resource::{Realm, kinds};
use secgw::sandbox::{Action, Fault};
use serde_json::{Value, json};

use crate::render::{plain, target};
use crate::stand::{Stand, graph, spec, troubles};

fn failures(report: &secgw::apply::Report) -> Vec<&Failure> {
    let failed = report
        .outcomes
        .values()
        .filter_map(|outcome| match outcome {
            Outcome::Failed(failure) => Some(failure),
            _ => None,
        });
    failed.collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_that_was_overtaken_stops_and_says_what_moved() {
    let mut spec = spec("dev");
    let before = graph(&spec);
    let dir = tempfile::tempdir().unwrap();
    let stand = Stand::at(dir.path(), &spec).await;
    let (_, report, _) = stand.apply(&before).await;
    assert_eq!(troubles(&report), "");

    spec.gateway.publisher.name = "Planned".to_owned();
    let desired = graph(&spec);
    let (live, planned) = stand.plan(&desired).await;
    let service = planned.changes[0].key.address.clone();
    assert_eq!(planned.changes[0].kind.noun, "API Management service");
    let version = kinds::of(&service).unwrap().api_version;
    let url = stand
        .client
        .endpoints()
        .arm_url(service.as_str(), version, &[]);
    let theirs = json!({ "properties": { "publisherName": "Theirs" } });
    let patch = Request::patch(Realm::Arm, url, theirs);
    stand.client.run(&patch, &mut |_| {}).await.unwrap();
    let (planned, report, _) = stand.carry_out(&desired, live, planned).await;
    let [failure] = failures(&report)[..] else {
        panic!("{:?}", report.outcomes)
    };
    assert_eq!(failure.code, "LiveStateMoved");
    let moved: Value = json!(failure.moved);
    let expected = json!([{ "path": "/properties/publisherName", "base": "Contoso", "live": "Theirs", "wanted": "Planned" }]);
    assert_eq!(moved, expected);
    let ended = Ended {
        spec: "orders",
        target: &target(),
        plan: &planned,
        outcomes: &report.outcomes,
        allowed: &[],
        after: &report.after,
    };
    let text = plain(&ended.text(Room {
        width: 100,
        detail: false,
    }));
    let line = "    ~ publisherName: was Contoso, is Theirs; the plan wants Planned\n";
    assert!(text.contains(line), "{text}");

    // Where Azure enforces entity tags, its own refusal stops the change likewise.
    let (live, fresh) = stand.plan(&desired).await;
    assert_eq!(fresh, plan(&desired, &live));
    stand.sandbox.faults().add(Fault {
        methods: vec!["PATCH".to_owned()],
        path: service.as_str().to_owned(),
        after: 0,
        times: None,
        action: Action::Respond {
            status: 412,
            retry_after: None,
            body: json!({ "error": { "code": "PreconditionFailed", "message": "etag" } }),
        },
    });
    let (_, report, _) = stand.carry_out(&desired, live, fresh).await;
    let [failure] = failures(&report)[..] else {
        panic!("{:?}", report.outcomes)
    };
    assert_eq!(
        (failure.status, failure.moved.as_slice()),
        (Some(412), [].as_slice())
    );
    assert!(
        failure.hint.as_ref().unwrap().contains("`secgw plan`"),
        "{failure:?}"
    );
    stand.sandbox.stop().await;
}

//! What an apply says while it runs, and when it has ended.

use std::collections::BTreeMap;
use std::time::Duration;

use secgw::apply::{Because, Event, Failure, Outcome};
use secgw::plan::{Key, Plan, Verb, plan};
use secgw::render::change::Room;
use secgw::render::progress::Board;
use secgw::render::report::Ended;
use secgw::resource::{Graph, Live, ResourceId};

use super::{graph, group, identity, live, location, plain, resource, service, target};

fn desired() -> Graph {
    graph(vec![
        resource(&group(), location(), 7, false),
        resource(&identity(), location(), 28, false),
        resource(&service(), location(), 30, false),
    ])
}

fn first_plan() -> Plan {
    plan(&desired(), &Live::default())
}

fn key(id: &ResourceId) -> Key {
    Key::main(id)
}

fn started(id: &ResourceId, usual_seconds: u32) -> Event {
    Event::Started {
        change: key(id),
        verb: Verb::Create,
        usual_seconds,
    }
}

fn ended(id: &ResourceId, outcome: Outcome, seconds: u64) -> Event {
    Event::Ended {
        change: key(id),
        outcome,
        elapsed: Duration::from_secs(seconds),
    }
}

fn failure() -> Failure {
    Failure {
        doing: "creating API Management service apim-orders-dev".to_owned(),
        status: Some(409),
        code: "ServiceAlreadyExists".to_owned(),
        message: "Api service already exists.\n::error::x".to_owned(),
        hint: Some("choose another name".to_owned()),
        request_id: Some("r-1".to_owned()),
        moved: Vec::new(),
    }
}

#[test]
fn a_heartbeat_says_what_runs_and_how_long_it_usually_takes() {
    let mut board = Board::new(&first_plan());
    let minutes = |minutes| Duration::from_mins(minutes);
    board.take(&started(&group(), 5), minutes(0), false);
    let line = board
        .take(&ended(&group(), Outcome::Applied, 4), minutes(0), false)
        .unwrap();
    assert_eq!(
        plain(&line),
        "  + created resource group rg-orders-dev in 4 s"
    );
    board.take(&started(&identity(), 5), minutes(2), false);
    board.take(&started(&service(), 2700), minutes(0), false);
    assert_eq!(
        board.heartbeat(minutes(5)),
        "  … 1 of 3 done; 2 running: API Management service apim-orders-dev for 5 min (usually 45 min), managed identity orders-gateway for 3 min (usually 5 s)"
    );
    assert_eq!(
        board.left_to_azure(minutes(5))[0],
        "  … API Management service apim-orders-dev for 5 min (usually 45 min)"
    );
}

#[test]
fn retries_are_told_where_much_is_to_be_told() {
    let mut board = Board::new(&first_plan());
    board.take(&started(&service(), 2700), Duration::ZERO, false);
    let retry = Event::Retrying {
        change: key(&service()),
        because: "429 TooManyRequests".to_owned(),
        after: Duration::from_secs(17),
    };
    assert_eq!(board.take(&retry, Duration::ZERO, false), None);
    let told = board.take(&retry, Duration::ZERO, true).unwrap();
    assert!(plain(&told).ends_with("again in 17 s: 429 TooManyRequests"));
    let running = &board.running()[&key(&service())];
    let live = |width| running.live(&key(&service()), Duration::from_secs(90), width);
    assert_eq!(
        live(100),
        "creating API Management service apim-orders-dev  1 min (usually 45 min)  again in 17 …ManyRequests"
    );
    assert_eq!(
        live(60),
        "creating API Mana… apim-orders-dev  1 min (usually 45 min)"
    );
}

#[test]
fn the_end_names_every_failure_with_azures_words_and_every_skipped_change_with_its_cause() {
    let plan = first_plan();
    let after = secgw::plan::plan(&desired(), &live(&[(&group(), location())]));
    let outcomes = BTreeMap::from([
        (key(&group()), Outcome::Applied),
        (key(&service()), Outcome::Failed(failure())),
        (
            key(&identity()),
            Outcome::Skipped {
                because: Because::Change(key(&service())),
            },
        ),
    ]);
    let target = target();
    let ended = Ended {
        spec: "orders",
        target: &target,
        plan: &plan,
        outcomes: &outcomes,
        allowed: &[],
        after: &after,
    };
    let room = Room {
        width: 80,
        detail: false,
    };
    insta::assert_snapshot!(plain(&ended.text(room)), @r"
    x failed: creating API Management service apim-orders-dev
        409 ServiceAlreadyExists: Api service already exists.\n::error::x
        hint: choose another name
        request id: r-1
    . skipped 1 change: depends on API Management service apim-orders-dev
        managed identity orders-gateway

    Apply: 1 applied, 1 failed, 0 waiting, 1 skipped; orders on SANDBOX .secgw/sandbox · subscription 00000000-0000-4000-8000-000000000001.
    ");
    let data = ended.json();
    assert_eq!(data["summary"]["failed"], 1);
    assert_eq!(data["outcomes"].as_array().unwrap().len(), 3);
}

#[test]
fn what_was_sent_and_is_not_so_afterwards_is_said_loudly() {
    let desired = graph(vec![resource(&group(), location(), 7, false)]);
    let first = plan(&desired, &Live::default());
    let outcomes = first
        .changes
        .iter()
        .map(|change| (change.key.clone(), Outcome::Applied))
        .collect();
    // A group that somebody else made is used as it is.
    let mark = &desired.owner;
    let moved = serde_json::json!({ "location": "westeurope", "tags": { "secgw": mark } });
    let desired = graph(vec![resource(
        &group(),
        serde_json::json!({ "location": "westeurope", "tags": { "secgw": mark, "a": "1" } }),
        7,
        false,
    )]);
    let after = plan(&desired, &live(&[(&group(), moved)]));
    let target = target();
    let ended = Ended {
        spec: "orders",
        target: &target,
        plan: &first,
        outcomes: &outcomes,
        allowed: &[],
        after: &after,
    };
    assert_eq!(ended.counts().not_effective, 1);
    let text = plain(&ended.text(Room {
        width: 80,
        detail: false,
    }));
    assert!(
        text.contains(
            "! sent, but not so afterwards: resource group rg-orders-dev\n    + tags.a: \"1\"\n"
        ),
        "{text}"
    );
}

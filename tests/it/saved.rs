//! Saved plans: what is in a file, what makes it stale, and what does not.

use std::collections::BTreeSet;

use secgw::plan::file::{self, ReadError, Saved};
use secgw::plan::stale::{Move, Moved, Side, stale};
use secgw::plan::{Plan, plan, review};
use secgw::render::plan::Shown;
use secgw::resource::{
    Found, Graph, How, Live, Observed, Owner, Resource, ResourceId, Stranger, Term, Unreadable,
    Wanted, body,
};
use serde_json::{Value, json};

use crate::render::plan::{mixed, orphan};
use crate::render::target;
use crate::stand::{ENVIRONMENTS, Stand, graph, spec, troubles};

fn data(plan: &Plan, desired: &Graph) -> Value {
    let shown = Shown {
        spec: "orders",
        target: &target(),
        plan,
        objections: &review(plan, desired),
        allowed: &[],
    };
    shown.json()
}

fn text(desired: &Graph, live: &Live) -> String {
    let plan = plan(desired, live);
    file::write(&data(&plan, desired), &plan, desired, live)
}

fn saved(desired: &Graph, live: &Live) -> Saved {
    file::read(&text(desired, live)).unwrap()
}

fn moved(saved: &Saved, desired: &Graph, live: &Live) -> Vec<Moved> {
    stale(saved, &plan(desired, live), desired, live)
}

/// What an apply of an environment leaves.
async fn applied(environment: &str) -> (Graph, Live) {
    let spec = spec(environment);
    let desired = graph(&spec);
    let dir = tempfile::tempdir().unwrap();
    let stand = Stand::at(dir.path(), &spec).await;
    let (_, report, _) = stand.apply(&desired).await;
    assert_eq!(troubles(&report), "", "{environment}");
    let (live, _) = stand.plan(&desired).await;
    stand.sandbox.stop().await;
    (desired, live)
}

/// Something of everything that a plan may hold.
fn rich() -> (Graph, Live) {
    let (desired, mut live) = mixed();
    orphan(&mut live);
    let why = Unreadable {
        status: Some(403),
        code: "AuthorizationFailed".to_owned(),
        message: "no".to_owned(),
        hint: None,
    };
    live.unlisted.insert("GET /x".to_owned(), why);
    (desired, live)
}

#[test]
fn a_plan_is_the_same_after_a_trip_through_its_file() {
    let firsts = ENVIRONMENTS.map(|environment| (graph(&spec(environment)), Live::default()));
    for (desired, live) in firsts.into_iter().chain([rich()]) {
        let plan = plan(&desired, &live);
        let saved = saved(&desired, &live);
        assert_eq!(saved.plan, plan);
        assert_eq!(saved.objections, review(&plan, &desired));
        assert_eq!(saved.document, data(&plan, &desired));
        assert_eq!(saved.digest, plan.digest(&target().identity()));
        assert_eq!(moved(&saved, &desired, &live), []);
    }
}

#[test]
fn a_file_keeps_its_shape() {
    let schema: Value = serde_json::from_str(include_str!("render/plan.schema.json")).unwrap();
    let own: Value = serde_json::from_str(include_str!("saved/plan-file.schema.json")).unwrap();
    let (desired, live) = rich();
    let file: Value = serde_json::from_str(&text(&desired, &live)).unwrap();
    for (schema, value) in [(schema, saved(&desired, &live).document), (own, file)] {
        let validator = jsonschema::draft202012::new(&schema).unwrap();
        let errors: Vec<String> = validator
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{errors:#?}");
    }
}

/// Every scalar of a document, by its pointer.
fn scalars(value: &Value, pointer: &str, into: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                scalars(value, &body::join(pointer, key), into);
            }
        }
        Value::Array(items) => {
            for (index, value) in items.iter().enumerate() {
                scalars(value, &body::join(pointer, &index.to_string()), into);
            }
        }
        _ => into.push(pointer.to_owned()),
    }
}

fn other(value: &Value) -> Value {
    match value {
        Value::String(text) => format!("{text}!").into(),
        Value::Bool(flag) => (!flag).into(),
        Value::Number(number) => (number.as_f64().unwrap() + 1.0).into(),
        Value::Null => "there".into(),
        Value::Array(items) => [items.as_slice(), &[json!("more")]].concat().into(),
        Value::Object(_) => json!("instead"),
    }
}

#[test]
fn a_file_that_was_edited_anywhere_is_refused() {
    let (desired, live) = rich();
    let file: Value = serde_json::from_str(&text(&desired, &live)).unwrap();
    let mut pointers = Vec::new();
    scalars(&file, "", &mut pointers);
    assert!(pointers.len() > 100, "{}", pointers.len());
    assert!(file::read(&file.to_string()).is_ok());
    for pointer in &pointers {
        let mut edited = file.clone();
        let value = edited.pointer_mut(pointer).unwrap();
        *value = other(value);
        let read = file::read(&edited.to_string());
        assert!(read.is_err(), "{pointer}");
        if !["/format_version", "/seal"].contains(&pointer.as_str()) {
            assert!(
                matches!(read, Err(ReadError::Edited)),
                "{pointer}: {read:?}"
            );
        }
    }
    for name in file.as_object().unwrap().keys() {
        let mut edited = file.clone();
        edited.as_object_mut().unwrap().remove(name);
        assert!(file::read(&edited.to_string()).is_err(), "{name}");
    }
}

#[test]
fn a_later_minor_version_is_read_and_a_later_major_one_is_named() {
    let (desired, live) = rich();
    let plan = plan(&desired, &live);
    let mut later = data(&plan, &desired);
    later["format_version"] = json!("1.99");
    later["mood"] = json!("hopeful");
    later["changes"][0]["mood"] = json!("hopeful");
    let write = |document: &Value| file::write(document, &plan, &desired, &live);
    assert_eq!(file::read(&write(&later)).unwrap().plan, plan);
    later["format_version"] = json!("2.0");
    later["secgw_version"] = json!("7.1.0");
    let said = file::read(&write(&later)).unwrap_err().to_string();
    assert!(said.contains("7.1.0") && said.contains("2.0"), "{said}");
    for nothing in ["", "{}", "[]", "secgw: v1", "{\"format_version\":\"1.0\"}"] {
        let read = file::read(nothing);
        assert!(
            matches!(read, Err(ReadError::NotAPlan)),
            "{nothing}: {read:?}"
        );
    }
}

/// What the first released format wrote, with a type and a stage that no table has any more.
#[test]
fn the_first_format_is_read_for_ever() {
    let saved = file::read(include_str!("saved/plan-v1.json")).unwrap();
    let shown = Shown {
        spec: &saved.spec,
        target: &secgw::render::Target::read(&saved.target).unwrap(),
        plan: &saved.plan,
        objections: &saved.objections,
        allowed: &saved.allowed,
    };
    let room = secgw::render::change::Room {
        width: 100,
        detail: false,
    };
    let text = crate::render::plain(&shown.text(room));
    for expected in [
        "orders on SANDBOX .secgw/sandbox",
        "API Management service apim-orders-dev",
        "replacing it would delete a protected API Management service",
        "managed identity orders-old",
        "Plan: 2 to create, 2 to update, 1 to replace, 1 to delete",
        "GET /x",
    ] {
        assert!(text.contains(expected), "{expected}\n{text}");
    }
    let bygone = saved
        .plan
        .changes
        .iter()
        .find(|change| change.kind.type_name == "Microsoft.Bygone/things");
    let bygone = bygone.unwrap();
    assert_eq!(
        (bygone.kind.noun, bygone.key.stage, bygone.usual_seconds()),
        ("bygone thing", "old-stage", 77)
    );
}

fn with(live: &Live, id: &ResourceId, observed: Observed) -> Live {
    let mut live = live.clone();
    live.resources.insert(id.clone(), observed);
    live
}

/// Live state with one property of a resource changed by somebody, and which; each time another one.
fn touched(
    desired: &Graph,
    live: &Live,
    resource: &Resource,
    turn: usize,
) -> Option<(String, Live)> {
    let found = live.get(&resource.id).found()?;
    let seen = match resource.wanted {
        Wanted::Given(_) => Value::Null,
        _ => body::strip(&found.body, &|path| resource.kind.is_read_only(path)),
    };
    let mut pointers = Vec::new();
    scalars(&seen, "", &mut pointers);
    let taken = desired
        .iter()
        .filter_map(Resource::body)
        .flat_map(Term::references);
    let taken =
        taken.filter(|taken| taken.resource == resource.id && !taken.pointer.contains(['@', '=']));
    pointers.extend(taken.map(|taken| taken.pointer.clone()));
    pointers
        .retain(|pointer| body::get(&found.body, pointer).is_some_and(|value| !value.is_null()));
    let pointer = pointers.get(turn % pointers.len().max(1))?;
    let mut found = found.clone();
    let value = body::get(&found.body, pointer)?;
    let value = other(value);
    body::set(&mut found.body, pointer, value);
    Some((
        pointer.clone(),
        with(live, &resource.id, Observed::Present(found)),
    ))
}

fn come_or_gone(observed: &Observed) -> (Observed, Move) {
    let found = Found {
        body: json!({ "properties": {} }),
        etag: None,
        object: None,
    };
    match observed {
        Observed::Present(_) => (Observed::Absent, Move::Gone),
        _ => (Observed::Present(found), Move::Appeared),
    }
}

fn named(moved: &[Moved]) -> BTreeSet<(&ResourceId, Side, Move)> {
    moved
        .iter()
        .map(|moved| (&moved.address, moved.side, moved.how))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_any_resource_makes_a_plan_stale_and_is_named() {
    for environment in ENVIRONMENTS {
        let (desired, live) = applied(environment).await;
        let saved = saved(&desired, &live);
        assert_eq!(moved(&saved, &desired, &live), [], "{environment}");
        let mut changed = 0;
        for (turn, resource) in desired.iter().enumerate() {
            let id = &resource.id;
            if let Some((pointer, live)) = touched(&desired, &live, resource, turn) {
                let found = moved(&saved, &desired, &live);
                let expected = [(id, Side::Live, Move::Changed)].into();
                assert_eq!(named(&found), expected, "{environment}, {id} {pointer}");
                let is_told =
                    |path: &String| pointer.starts_with(path.as_str()) || path.starts_with("/@");
                let properties = &found[0].properties;
                assert!(properties.iter().all(is_told), "{id} {pointer}: {found:?}");
                changed += 1;
            } else {
                let (after, how) = come_or_gone(live.get(id));
                let found = moved(&saved, &desired, &with(&live, id, after));
                assert_eq!(
                    named(&found),
                    [(id, Side::Live, how)].into(),
                    "{environment}"
                );
            }
        }
        assert!(
            changed * 10 > desired.len() * 8,
            "{environment}: {changed} of {}",
            desired.len()
        );
    }
}

#[test]
fn an_edit_of_the_spec_makes_a_plan_stale_and_is_named() {
    const EDITED: &str = "/properties/edited";
    for environment in ENVIRONMENTS {
        let desired = graph(&spec(environment));
        let saved = saved(&desired, &Live::default());
        for resource in desired.iter().step_by(5) {
            let Wanted::Body(term) = &resource.wanted else {
                continue;
            };
            let edited = Resource {
                wanted: Wanted::Body(term.with(EDITED, Some(Term::Json(json!(1))))),
                ..resource.clone()
            };
            let others = desired.iter().filter(|other| other.id != resource.id);
            let all = others.cloned().chain([edited]).collect();
            let edited = Graph::new(&desired.owner, all).unwrap();
            let found = moved(&saved, &edited, &Live::default());
            assert_eq!(
                named(&found),
                [(&resource.id, Side::Spec, Move::Changed)].into()
            );
            let is_secret = resource.kind.has(EDITED, &|how| how == How::Sensitive);
            let expected = (!is_secret).then(|| EDITED.to_owned());
            assert_eq!(found[0].properties, expected.into_iter().collect());
        }
    }
}

#[test]
fn somebody_elses_changes_make_no_plan_stale_and_an_orphan_does() {
    let (desired, live) = rich();
    let saved = saved(&desired, &live);
    let mut foreign = live.clone();
    foreign.foreign.clear();
    for number in 0..30 {
        let theirs = crate::render::service().child("apis", &format!("theirs-{number}"));
        let found = Found {
            body: json!({}),
            etag: None,
            object: None,
        };
        let owner = Owner::Unknown;
        foreign.foreign.insert(theirs, Stranger { found, owner });
    }
    assert_eq!(moved(&saved, &desired, &foreign), []);
    let digest = |live: &Live| plan(&desired, live).digest(&target().identity());
    assert_eq!(digest(&live), digest(&foreign));

    let mut less = live.clone();
    less.orphans.clear();
    let found = moved(&saved, &desired, &less);
    let gone = live.orphans.keys().next().unwrap();
    assert_eq!(named(&found), [(gone, Side::Live, Move::Gone)].into());
    assert_ne!(digest(&live), digest(&less));
}

#[test]
fn a_plan_elsewhere_is_another_plan() {
    let (desired, live) = rich();
    let plan = plan(&desired, &live);
    let mut elsewhere = target();
    elsewhere.place = secgw::render::Place::Sandbox {
        directory: "other".into(),
    };
    assert_eq!(
        plan.digest(&target().identity()),
        plan.digest(&elsewhere.identity())
    );
    elsewhere.place = secgw::render::Place::Cloud("public");
    assert_ne!(
        plan.digest(&target().identity()),
        plan.digest(&elsewhere.identity())
    );
    elsewhere.place = target().place;
    elsewhere.tenant = None;
    assert_ne!(
        plan.digest(&target().identity()),
        plan.digest(&elsewhere.identity())
    );
}

//! The security controls: nothing fails on the environments as they are, and each weakening is named by its control.
//!
//! Each row of `weakenings` changes one place, on what the spec asks for and on what is live after an apply.

mod mutation;
mod weakenings;

use std::collections::BTreeSet;

use secgw::azure::read_live;
use secgw::controls::{self, Acceptance, Entry, Intent, Report, Severity, State, Status};
use secgw::policy::{Document, Element, Form, Node};
use secgw::resource::kinds::Class;
use secgw::resource::{At, ResourceId, body};
use serde_json::Value;
use time::macros::date;

use crate::stand::{ENVIRONMENTS, Stand, graph, spec};
use weakenings::{Change, WEAKENINGS, Weakening};

const TODAY: time::Date = date!(2026 - 11 - 25);

/// An environment, desired or live.
struct Base {
    environment: &'static str,
    what: &'static str,
    state: State,
    intent: Intent,
}

impl Base {
    fn desired(environment: &'static str) -> Self {
        let spec = spec(environment);
        let graph = graph(&spec);
        Self {
            environment,
            what: "desired",
            state: State::desired(&graph),
            intent: Intent::of_spec(&spec, &graph),
        }
    }

    async fn live(environment: &'static str) -> Self {
        let spec = spec(environment);
        let graph = graph(&spec);
        let directory = tempfile::TempDir::new().unwrap();
        let stand = Stand::at(directory.path(), &spec).await;
        stand.apply(&graph).await;
        let reading = read_live(&stand.client, &graph).await;
        Self {
            environment,
            what: "live",
            state: State::live(&graph, &reading.live),
            intent: Intent::of_spec(&spec, &graph),
        }
    }

    fn report(&self, state: &State) -> Report {
        controls::evaluate(state, &self.intent, &[], TODAY)
    }
}

/// The control of each finding, with what it found.
fn findings(report: &Report) -> Vec<String> {
    let shown = report.findings().into_iter().map(|judged| {
        let faults: Vec<String> = judged
            .faults()
            .iter()
            .map(|fault| {
                format!(
                    "{} is {}, wanted {}",
                    fault.pointer, fault.value, fault.wanted
                )
            })
            .collect();
        format!(
            "{} {}: {}",
            judged.control.id,
            judged.address(),
            faults.join("; ")
        )
    });
    shown.collect()
}

fn failed(report: &Report) -> BTreeSet<&str> {
    report
        .with(Status::Failed)
        .map(|judged| judged.control.id)
        .collect()
}

fn assert_weakenings_are_named(base: &Base) {
    let clean = base.report(&base.state);
    assert_eq!(
        findings(&clean),
        Vec::<String>::new(),
        "{} {}",
        base.environment,
        base.what
    );
    let rows = WEAKENINGS
        .iter()
        .filter(|row| row.is_about(base.environment, base.what));
    for row in rows {
        let mut state = base.state.clone();
        for (place, change) in row.changes {
            apply(
                &mut state,
                &place.replace("{env}", base.environment),
                change,
            );
        }
        let report = base.report(&state);
        let wanted: BTreeSet<&str> = [&[row.control], row.also].concat().into_iter().collect();
        assert_eq!(
            failed(&report),
            wanted,
            "{} {}: {:?}\n{:#?}",
            base.environment,
            base.what,
            row.changes,
            findings(&report)
        );
    }
}

#[test]
fn each_weakening_of_what_is_desired_is_named_by_its_control_and_no_other() {
    for environment in ENVIRONMENTS {
        assert_weakenings_are_named(&Base::desired(environment));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_weakening_of_what_is_live_is_named_by_its_control_and_no_other() {
    for environment in ENVIRONMENTS {
        assert_weakenings_are_named(&Base::live(environment).await);
    }
}

impl Weakening {
    fn is_about(&self, environment: &str, what: &str) -> bool {
        (self.environment.is_empty() || self.environment.split(' ').any(|one| one == environment))
            && (self.only.is_empty() || self.only == what)
    }
}

#[test]
fn whatever_a_control_finds_is_drift_of_the_security_class() {
    for row in WEAKENINGS {
        let environment = row.environment.split(' ').next().unwrap_or_default();
        let environment = if environment.is_empty() {
            "prod"
        } else {
            environment
        };
        let base = Base::desired(environment);
        for (place, change) in row.changes {
            let place = place.replace("{env}", environment);
            let end = format!("/{}", place.to_ascii_lowercase());
            let mut ids = base.state.iter().map(|entry| &entry.id);
            let Some(id) = ids.find(|id| id.as_str().to_ascii_lowercase().ends_with(&end)) else {
                continue;
            };
            let path = match change {
                Change::Set(pointer, _) | Change::Push(pointer, _) => pointer,
                Change::Text(..)
                | Change::Drop(_)
                | Change::DropIn(..)
                | Change::DropWith(..)
                | Change::Wrap(_) => "/properties/value/inbound",
                Change::Gone => "",
                // Not the resource that is named.
                Change::Add(..) => continue,
            };
            let class = secgw::plan::class_of(&id.type_name(), path);
            assert_eq!(
                class,
                Class::Security,
                "{}: {place} {change:?}",
                row.control
            );
        }
    }
}

/// The one resource whose id ends like this.
fn find(state: &State, end: &str) -> ResourceId {
    let end = format!("/{}", end.to_ascii_lowercase());
    let ids: Vec<&ResourceId> = state
        .iter()
        .map(|entry| &entry.id)
        .filter(|id| id.as_str().to_ascii_lowercase().ends_with(&end))
        .collect();
    assert_eq!(ids.len(), 1, "{end}: {ids:?}");
    ids[0].clone()
}

fn apply(state: &mut State, place: &str, change: &Change) {
    if let Change::Add(collection, body) = change {
        let parent = find(state, place);
        let id = added(&parent, collection);
        assert!(state.get(&id).is_none(), "{id} is there already");
        state.insert(Entry::new(id, json(body)));
        return;
    }
    let id = find(state, place);
    if matches!(change, Change::Gone) {
        state.remove(&id);
        return;
    }
    let entry = state.get_mut(&id).unwrap();
    let before = entry.body.clone();
    edit(&mut entry.body, change);
    assert_ne!(entry.body, before, "{place}: {change:?} changes nothing");
}

/// What a row calls the resource that it adds.
fn added(parent: &ResourceId, place: &str) -> ResourceId {
    let (collection, name) = place.rsplit_once('/').unwrap();
    match collection.strip_prefix("providers/") {
        Some(type_name) => {
            let group = ResourceId::parse(parent.as_str().split("/providers/").next().unwrap());
            group.unwrap().provider(type_name, name)
        }
        None if collection.starts_with("graph:") => {
            ResourceId::parse(&format!("{collection}/{name}")).unwrap()
        }
        None => parent.child(collection, name),
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

fn edit(body: &mut Value, change: &Change) {
    match change {
        Change::Set(pointer, value) => body::set(body, pointer, json(value)),
        Change::Push(pointer, value) => {
            let mut list = body::get(body, pointer)
                .cloned()
                .unwrap_or_else(|| Value::Array(Vec::new()));
            list.as_array_mut().unwrap().push(json(value));
            body::set(body, pointer, list);
        }
        Change::Text(from, to) => {
            let text = document(body).write(Form::Raw);
            assert!(text.contains(from), "{from} is not in {text}");
            put(body, &text.replacen(from, to, 1));
        }
        Change::Drop(name) => {
            let mut document = document(body);
            assert!(drop_first(&mut document.root, name), "there is no {name}");
            put(body, &document.write(Form::Raw));
        }
        Change::DropIn(outer, name) => {
            let mut document = document(body);
            let outer = find_element(&mut document.root, outer).unwrap();
            assert!(drop_first(outer, name), "there is no {name}");
            put(body, &document.write(Form::Raw));
        }
        Change::DropWith(name, text) => {
            let mut document = document(body);
            let is_it = |element: &Element| element.name == *name && says(element, text);
            assert!(drop_if(&mut document.root, &is_it), "no {name} with {text}");
            put(body, &document.write(Form::Raw));
        }
        Change::Wrap(name) => {
            let text = document(body).write(Form::Raw);
            let (open, close) = (format!("<{name} "), format!("</{name}>"));
            let guard = format!(
                "<choose><when condition=\"@(context.Request.Method != &quot;GET&quot;)\">{open}"
            );
            let text = text.replacen(&open, &guard.replace("&quot;", "\""), 1);
            put(
                body,
                &text.replacen(&close, &format!("{close}</when></choose>"), 1),
            );
        }
        Change::Add(..) | Change::Gone => unreachable!(),
    }
}

fn document(body: &Value) -> Document {
    let text = |pointer| body::get(body, pointer).and_then(Value::as_str);
    Document::read(
        text("/properties/value").unwrap(),
        Form::of(text("/properties/format")),
    )
    .unwrap()
}

fn put(body: &mut Value, text: &str) {
    body::set(body, "/properties/format", Value::from("rawxml"));
    body::set(body, "/properties/value", Value::from(text));
}

/// A document as API Management keeps it, whatever it was sent as.
fn as_kept(body: &mut Value) {
    if Form::of(body["properties"]["format"].as_str()) == Form::Raw
        && body["properties"]["value"].is_string()
    {
        let text = document(body).write(Form::Escaped);
        body::set(body, "/properties/format", Value::from("xml"));
        body::set(body, "/properties/value", Value::from(text));
    }
}

fn find_element<'a>(at: &'a mut Element, name: &str) -> Option<&'a mut Element> {
    if at.name == name {
        return Some(at);
    }
    at.children.iter_mut().find_map(|child| match child {
        Node::Element(child) => find_element(child, name),
        Node::Text(_) | Node::Comment(_) => None,
    })
}

fn drop_first(at: &mut Element, name: &str) -> bool {
    drop_if(at, &|element| element.name == name)
}

/// Whether a text stands in an element, at any depth.
fn says(element: &Element, text: &str) -> bool {
    let mut attributes = element.attributes.iter();
    attributes.any(|attribute| attribute.value.shown().contains(text))
        || element.elements().any(|child| says(child, text))
}

fn drop_if(at: &mut Element, is_it: &impl Fn(&Element) -> bool) -> bool {
    let is_one = |child: &Node| matches!(child, Node::Element(child) if is_it(child));
    if let Some(index) = at.children.iter().position(is_one) {
        at.children.remove(index);
        return true;
    }
    at.children.iter_mut().any(|child| match child {
        Node::Element(child) => drop_if(child, is_it),
        Node::Text(_) | Node::Comment(_) => false,
    })
}

#[test]
fn every_control_has_a_weakening() {
    let weakened: BTreeSet<&str> = WEAKENINGS.iter().map(|row| row.control).collect();
    let is_read = |control: &&controls::Control| matches!(control.check, controls::Check::Read(_));
    let missing: Vec<&str> = controls::all()
        .filter(is_read)
        .map(|control| control.id)
        .filter(|id| !weakened.contains(id))
        .collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn ids_are_unique_and_each_row_says_everything() {
    let mut ids = BTreeSet::new();
    for control in controls::all() {
        assert!(ids.insert(control.id), "{} is there twice", control.id);
        for text in [
            control.title,
            control.condition,
            control.why,
            control.remedy,
            control.applies,
        ] {
            assert!(!text.is_empty(), "{} says nothing", control.id);
        }
        assert!(
            !control.owasp.is_empty() || control.id == "NET-02",
            "{}",
            control.id
        );
    }
    assert_eq!(ids.len(), 76);
}

#[test]
#[expect(clippy::print_stderr, reason = "a comparison that is left out says so")]
fn the_catalogue_is_the_designs_core_set() {
    let path = "../shared/design/controls.json";
    let Ok(text) = std::fs::read_to_string(path) else {
        eprintln!("{path} is not there: the catalogue is not compared with the design");
        return;
    };
    let list: Vec<Value> = serde_json::from_str(&text).unwrap();
    let core: Vec<&Value> = list.iter().filter(|row| row["set"] == "core").collect();
    assert_eq!(core.len(), 73);
    for row in core {
        let id = row["id"].as_str().unwrap();
        let control = controls::find(id).unwrap_or_else(|| panic!("{id} is missing"));
        assert_eq!(control.title, row["title"].as_str().unwrap(), "{id}");
        let severity = row["severity"].as_str().unwrap().split(' ').next().unwrap();
        assert_eq!(control.severity.name(), severity, "{id}");
        let serves: Vec<String> = control
            .serves
            .iter()
            .map(|one| format!("{one:?}"))
            .collect();
        let seed = serves.join(",");
        assert_eq!(
            if seed.is_empty() { "beyond" } else { &seed },
            row["seed"],
            "{id}"
        );
        let owasp = if control.owasp.is_empty() {
            "-".to_owned()
        } else {
            control.owasp.join(",")
        };
        assert_eq!(owasp, row["owasp2023"].as_str().unwrap(), "{id}");
        let mcsb = if control.mcsb.is_empty() {
            "-".to_owned()
        } else {
            control.mcsb.join(",")
        };
        assert_eq!(mcsb, row["mcsb"].as_str().unwrap(), "{id}");
        assert_eq!(
            control.cis3.unwrap_or("-"),
            row["cis3"].as_str().unwrap(),
            "{id}"
        );
    }
}

fn acceptance(control: &str, resource: Option<&str>, expires: time::Date) -> Acceptance {
    Acceptance {
        at: At::new("controls.accept[0]", &"prod.yaml".into(), 1, 1),
        control: control.to_owned(),
        resource: resource.map(str::to_owned),
        reason: "until the move".to_owned(),
        expires,
    }
}

#[test]
fn what_is_accepted_is_listed_until_its_last_day_and_fails_again_after_it() {
    let base = Base::desired("prod");
    let mut state = base.state.clone();
    apply(
        &mut state,
        "sites/func-orders-prod",
        &Change::Set("/properties/httpsOnly", "false"),
    );
    let with = |list: &[Acceptance]| controls::evaluate(&state, &base.intent, list, TODAY);
    let counts = |report: &Report| {
        (
            report.count(Status::Failed),
            report.count(Status::Accepted),
            report.idle.len(),
        )
    };
    assert_eq!(counts(&with(&[])), (1, 0, 0));
    assert_eq!(
        counts(&with(&[acceptance("FUN-01", None, TODAY)])),
        (0, 1, 0)
    );
    let named = acceptance("FUN-01", Some("sites/func-orders-prod"), TODAY);
    assert_eq!(counts(&with(&[named])), (0, 1, 0));
    let elsewhere = acceptance("FUN-01", Some("sites/func-other"), TODAY);
    assert_eq!(counts(&with(&[elsewhere])), (1, 0, 1));
    let expired = with(&[acceptance("FUN-01", None, TODAY.previous_day().unwrap())]);
    assert_eq!(counts(&expired), (1, 0, 1));
    assert!(expired.idle[0].is_expired);
    assert!(expired.fails_at(Severity::High) && !expired.fails_at(Severity::Critical));
}

#[test]
fn what_cannot_be_read_is_unknown_and_never_passed() {
    let base = Base::desired("prod");
    let mut state = base.state.clone();
    let id = find(&state, "sites/func-orders-prod/config/web");
    state.remove(&id);
    let why = secgw::resource::Unreadable {
        status: Some(403),
        code: "AuthorizationFailed".to_owned(),
        message: "no".to_owned(),
        hint: None,
    };
    state.miss(&id, &id.type_name(), &why);
    let report = base.report(&state);
    let passed: Vec<&str> = report
        .with(Status::Passed)
        .filter(|judged| judged.address().ends_with("config/web"))
        .map(|judged| judged.control.id)
        .collect();
    assert_eq!(passed, Vec::<&str>::new());
    let unknown: BTreeSet<&str> = report
        .with(Status::Unknown)
        .map(|judged| judged.control.id)
        .collect();
    for id in ["FUN-02", "FUN-05", "FUN-09", "FUN-11"] {
        assert!(unknown.contains(id), "{id}: {unknown:?}");
    }
}

/// Of a control on one resource: how it stands.
fn status(report: &Report, control: &str, place: &str) -> Status {
    let mut judged = report.judged.iter().filter(|judged| {
        judged.control.id == control && judged.address().to_ascii_lowercase().ends_with(place)
    });
    judged.next().unwrap().status()
}

#[test]
fn a_call_whose_address_is_made_during_the_call_is_unknown_and_never_passed() {
    let base = Base::desired("dev");
    let mut state = base.state.clone();
    assert_eq!(
        status(
            &base.report(&state),
            "POL-16",
            "apis/orders/policies/policy"
        ),
        Status::Passed
    );
    let call = r#"<outbound><send-request mode="new" response-variable-name="r"><set-url>@((string)context.Variables["to"])</set-url></send-request>"#;
    apply(
        &mut state,
        "apis/orders/policies/policy",
        &Change::Text("<outbound>", call),
    );
    assert_eq!(
        status(
            &base.report(&state),
            "POL-16",
            "apis/orders/policies/policy"
        ),
        Status::Unknown
    );
}

#[test]
fn a_fragment_counts_wherever_it_is_included() {
    let base = Base::desired("dev");
    let mut state = base.state.clone();
    let answer = r#"{ "properties": { "format": "rawxml", "value": "<fragment><mock-response status-code=\"200\" /></fragment>" } }"#;
    let add = Change::Add("policyFragments/early", answer);
    apply(&mut state, "service/apim-orders-dev", &add);
    assert_eq!(findings(&base.report(&state)), Vec::<String>::new());
    let include = r#"<choose><when condition="@(true)"><include-fragment fragment-id="early" /></when></choose><validate-jwt "#;
    apply(
        &mut state,
        "apis/orders/policies/policy",
        &Change::Text("<validate-jwt ", include),
    );
    assert_eq!(failed(&base.report(&state)), BTreeSet::from(["POL-01"]));
    // One that is not there could say anything.
    let fragment = find(&state, "policyFragments/early");
    state.remove(&fragment);
    let without = base.report(&state);
    assert_eq!(failed(&without), BTreeSet::new());
    assert_eq!(
        status(&without, "POL-01", "apis/orders/policies/policy"),
        Status::Unknown
    );
}

#[test]
fn without_a_spec_calls_may_go_to_what_the_gateway_declares_and_nowhere_else() {
    let base = Base::desired("dev");
    let intent = Intent::inferred(&base.state);
    let called = |url: &str| {
        let mut state = base.state.clone();
        let call = format!(
            r#"<outbound><send-request mode="new" response-variable-name="r"><set-url>{url}</set-url></send-request>"#
        );
        let id = find(&state, "apis/orders/policies/policy");
        let body = &mut state.get_mut(&id).unwrap().body;
        let text = document(body)
            .write(Form::Raw)
            .replacen("<outbound>", &call, 1);
        put(body, &text);
        let report = controls::evaluate(&state, &intent, &[], TODAY);
        status(&report, "POL-16", "apis/orders/policies/policy")
    };
    let own = base
        .state
        .get(&find(&base.state, "secgw-orders-dev--func-orders-dev"));
    let own = own.unwrap().text("/properties/url").unwrap();
    assert_eq!(called(own), Status::Passed);
    assert_eq!(called("https://contosob2c.b2clogin.com/x"), Status::Passed);
    assert_eq!(called("https://evil.b2clogin.com/x"), Status::Failed);
    assert_eq!(called("https://evil.example/"), Status::Failed);
}

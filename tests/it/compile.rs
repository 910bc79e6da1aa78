//! The graphs of the environments and of a wider spec, and the laws that hold for all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use secgw::compile::compile;
use secgw::resource::{Graph, Mark, Realm, Resource, ResourceId, Term, Wanted};
use secgw::spec::{self, LoadOptions, Loaded, Spec, SpecFile, Topology};
use serde_json::{Map, Value, json};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Two of everything that can be more than one, and External ID.
const WIDE: &str = r#"
secgw: v1
name: wide
azure:
  subscription: 00000000-0000-4000-8000-000000000001
  resourceGroup: rg-wide
  location: westeurope
identity:
  provider: externalId
  tenant: contosoexternal.onmicrosoft.com
  tenantId: 00000000-0000-4000-8000-000000000003
  userFlow: { name: wide_signin, signUp: false }
  api:
    displayName: Wide API
    scopes: { notes.read: Read notes, notes.write: Write notes }
  clients:
    - { name: one, type: spa, redirectUris: [https://a.contoso.com/auth, https://b.contoso.com/auth], scopes: [notes.read, notes.write] }
    - { name: two, type: web, redirectUris: [https://c.contoso.com/auth], scopes: [notes.read] }
gateway:
  name: apim-wide
  sku: { name: StandardV2, units: 1 }
  publisher: { name: Contoso, email: api@contoso.com }
functions:
  - { name: func-wide-a, plan: flexConsumption, runtime: node-22 }
  - { name: func-wide-b, plan: flexConsumption, runtime: node-24 }
apis:
  - name: notes
    path: notes
    backend: { function: func-wide-a }
    require: { scopes: [notes.read] }
    operations:
      - { method: GET, path: /notes }
      - { method: POST, path: /notes, require: { scopes: [notes.read, notes.write] } }
    cors: { origins: [https://a.contoso.com, https://b.contoso.com] }
  - name: drafts
    path: drafts
    backend: { function: func-wide-b }
    require: { scopes: [notes.write] }
    operations:
      - { method: DELETE, path: "/drafts/{draftId}" }
frontDoor:
  domains: [api.contoso.com, api.contoso.org]
  hsts: { includeSubdomains: true }
"#;

fn load(spec: SpecFile, directory: &Path) -> Loaded {
    let options = LoadOptions {
        spec,
        directory: directory.to_owned(),
        environment: BTreeMap::new(),
        sandbox: true,
        allow_outside: false,
    };
    spec::load(&options).unwrap_or_else(|problems| panic!("{}", problems.render(100, false)))
}

fn environment(name: &str) -> Loaded {
    load(SpecFile::Environment(name.to_owned()), Path::new(ROOT))
}

fn wide() -> Loaded {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("wide.yaml"), WIDE).unwrap();
    load(SpecFile::Path(PathBuf::from("wide.yaml")), directory.path())
}

fn all() -> [Loaded; 4] {
    [
        environment("dev"),
        environment("staging"),
        environment("prod"),
        wide(),
    ]
}

fn graph(spec: &Spec) -> Graph {
    compile(spec).unwrap_or_else(|error| panic!("{error:?}"))
}

fn addresses(name: &str) -> String {
    let graph = graph(&environment(name).spec);
    let mut lines: Vec<String> = graph
        .iter()
        .map(|resource| {
            let wanted = match resource.wanted {
                Wanted::Body(_) => "",
                Wanted::Given(_) => " (given)",
                Wanted::Absent => " (absent)",
                Wanted::Cleared { .. } => " (cleared)",
            };
            format!("{}{wanted}", resource.id.short())
        })
        .collect();
    lines.push(format!("{} resources", graph.named()));
    lines.join("\n")
}

#[test]
fn dev_has_these_resources() {
    insta::assert_snapshot!(addresses("dev"));
}

#[test]
fn staging_has_these_resources() {
    insta::assert_snapshot!(addresses("staging"));
}

#[test]
fn prod_has_these_resources() {
    insta::assert_snapshot!(addresses("prod"));
}

/// Turns the order of every list of a spec that has no meaning.
fn turned(mut spec: Spec, turn: &dyn Fn(&mut dyn Turn)) -> Spec {
    turn(&mut spec.functions);
    turn(&mut spec.identity.clients);
    turn(&mut spec.identity.api.scopes);
    for client in &mut spec.identity.clients {
        turn(&mut client.redirect_uris);
        turn(&mut client.scopes);
    }
    if let Some(accounts) = &mut spec.identity.accounts {
        turn(accounts);
    }
    turn(&mut spec.front_door.domains);
    turn(&mut spec.apis);
    for api in &mut spec.apis {
        turn(&mut api.operations);
        if let Some(cors) = &mut api.cors {
            turn(&mut cors.origins);
        }
        for operation in &mut api.operations {
            turn(&mut operation.scopes);
        }
    }
    spec
}

trait Turn {
    fn reverse_it(&mut self);
    fn rotate_it(&mut self);
}

impl<T> Turn for Vec<T> {
    fn reverse_it(&mut self) {
        self.reverse();
    }

    fn rotate_it(&mut self) {
        let by = self.len().min(1);
        self.rotate_left(by);
    }
}

#[test]
fn the_order_of_lists_in_a_spec_means_nothing() {
    for loaded in all() {
        let as_written = graph(&loaded.spec);
        let reversed = turned(loaded.spec.clone(), &|list| list.reverse_it());
        let rotated = turned(loaded.spec, &|list| list.rotate_it());
        assert_eq!(graph(&reversed), as_written);
        assert_eq!(graph(&rotated), as_written);
    }
}

#[test]
fn every_resource_says_where_it_comes_from_and_what_for() {
    for loaded in all() {
        let files: BTreeSet<&str> = loaded.files().collect();
        for resource in graph(&loaded.spec).iter() {
            let source = &resource.source;
            assert!(files.contains(source.file()), "{}: {source}", resource.id);
            assert!(source.line() > 0, "{}", resource.id);
            assert!(!resource.serves.is_empty(), "{}", resource.id);
        }
    }
}

fn body(resource: &Resource) -> Option<&Term> {
    match &resource.wanted {
        Wanted::Body(body) => Some(body),
        Wanted::Given(_) | Wanted::Absent | Wanted::Cleared { .. } => None,
    }
}

/// What is told from other people's by a mark carries it.
#[test]
fn what_is_ours_is_marked_as_ours() {
    for loaded in all() {
        let owner = loaded.spec.name.as_str();
        let graph = graph(&loaded.spec);
        for resource in graph.iter() {
            let Some(body) = body(resource) else { continue };
            let id = &resource.id;
            let text = |pointer: &str| body.at(pointer).and_then(Term::known);
            match resource.kind.mark {
                Mark::ArmTag | Mark::Founder => {
                    assert_eq!(text("/tags/secgw"), Some(json!(owner)), "{id}");
                }
                Mark::GraphTag => {
                    let mark = format!("secgw:{owner}/{}", id.name());
                    assert_eq!(text("/tags/0"), Some(json!(mark)), "{id}");
                }
                // The one logger of Azure Monitor has the name Azure gives it.
                Mark::NamePrefix if id.name() == "azuremonitor" => {}
                Mark::NamePrefix => {
                    assert!(id.name().starts_with(&format!("secgw-{owner}--")), "{id}");
                }
                Mark::ApimTag => {
                    let link = id.child("tags", &format!("secgw-{owner}"));
                    assert!(graph.get(&link).is_some(), "{id}");
                }
                Mark::Parent | Mark::Fixed | Mark::Scope | Mark::Unmarked => {}
            }
        }
    }
}

/// Position in the order in which resources are made.
fn places(graph: &Graph) -> BTreeMap<ResourceId, usize> {
    let in_order = graph.in_order().enumerate();
    in_order
        .map(|(place, resource)| (resource.id.clone(), place))
        .collect()
}

fn of_type<'a>(graph: &'a Graph, type_name: &'a str) -> impl Iterator<Item = &'a ResourceId> {
    graph
        .iter()
        .filter(move |resource| resource.kind.type_name == type_name)
        .map(|resource| &resource.id)
}

/// What makes Front Door the only way to the gateway.
fn closing(topology: Topology) -> &'static [&'static str] {
    match topology {
        Topology::PrivateEdgePrivateBackend | Topology::PrivateEdgeRestrictedBackend => {
            &["Microsoft.ApiManagement/service/privateEndpointConnections"]
        }
        Topology::FilteredEdgePrivateBackend => &[
            "Microsoft.Network/networkSecurityGroups",
            "Microsoft.ApiManagement/service",
            "Microsoft.ApiManagement/service/namedValues",
        ],
    }
}

#[test]
fn guards_are_made_before_what_they_guard_and_the_way_in_last() {
    const SERVICE: &str = "Microsoft.ApiManagement/service";
    for loaded in all() {
        let graph = graph(&loaded.spec);
        let place = places(&graph);
        let one = |kind: &str| of_type(&graph, kind).map(|id| place[id]).max().unwrap();
        let global = one(&format!("{SERVICE}/policies"));
        let route = one("Microsoft.Cdn/profiles/afdEndpoints/routes");
        for closing in closing(loaded.spec.network.topology) {
            assert!(one(closing) < global, "{}: {closing}", loaded.spec.name);
        }
        for api in of_type(&graph, &format!("{SERVICE}/apis")) {
            let policy = api.child("policies", "policy");
            let Some(policy) = place.get(&policy) else {
                continue; // a sample that goes
            };
            assert!(global < place[api] && place[api] < *policy && *policy < route);
            for operation in of_type(&graph, &format!("{SERVICE}/apis/operations")) {
                assert!(!operation.is_within(api) || *policy < place[operation]);
            }
        }
        assert!(one("Microsoft.Cdn/profiles/securityPolicies") < route);
    }
}

/// A body as it might be sent: late values made up.
fn sent(term: &Term) -> Value {
    const ID: &str = "11111111-2222-4333-8444-555555555555";
    match term.resolve(&|reference| {
        Some(match reference.pointer.as_str() {
            "/properties/publicIPAddresses" => json!(["20.1.2.3"]),
            "/issuer" => json!("https://contoso.b2clogin.com/issuer/v2.0/"),
            "/properties/ConnectionString" => json!(format!("InstrumentationKey={ID}")),
            _ => json!(ID),
        })
    }) {
        Term::Json(value) => value,
        Term::Object(members) => {
            let filled = members.iter().map(|(key, term)| (key.clone(), sent(term)));
            let said: Map<String, Value> = filled.filter(|(_, value)| !value.is_null()).collect();
            Value::Object(said)
        }
        Term::Array(items) => items.iter().map(sent).collect(),
        Term::Generated(_) => json!("made-up-And-1-long-password"),
        late @ (Term::Ref(_) | Term::Concat(_) | Term::Each { .. } | Term::Item) => {
            panic!("{late:?}")
        }
    }
}

fn schema(resource: &Resource) -> Option<Value> {
    let folder = Path::new(ROOT).join("../shared/azure/schemas");
    let (namespace, type_name) = resource.kind.type_name.split_once('/')?;
    let file = format!(
        "{}@{}.json",
        type_name.replace('/', "_"),
        resource.kind.api_version
    );
    let text = std::fs::read_to_string(folder.join(namespace).join(file)).ok()?;
    let mut schema: Value = serde_json::from_str(&text).unwrap();
    let requests = json!([{ "$ref": "#/$defs/request" }]);
    schema["anyOf"] = requests;
    Some(schema)
}

#[test]
fn azure_knows_every_property_of_every_body() {
    if !Path::new(ROOT).join("../shared/azure").exists() {
        return;
    }
    for loaded in all() {
        for resource in graph(&loaded.spec).iter() {
            let Some(body) = body(resource).filter(|_| resource.id.realm() != Realm::Fact) else {
                continue;
            };
            let schema = schema(resource).unwrap_or_else(|| panic!("no schema: {}", resource.id));
            let validator = jsonschema::validator_for(&schema).unwrap();
            let sent = sent(body);
            let wrong: Vec<String> = validator
                .iter_errors(&sent)
                .map(|error| format!("{}: {error}", error.instance_path()))
                .collect();
            assert!(wrong.is_empty(), "{}: {wrong:#?}", resource.id);
        }
    }
}

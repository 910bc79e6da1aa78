//! The laws over generated specs: every combination of tier, provider and size that a spec may ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use secgw::plan;
use secgw::resource::{Live, Wanted, Write};
use secgw::spec::{LoadOptions, Spec, SpecFile};

use crate::stand::{Stand, assert_lawful, described, graph, troubles};

/// What a generated spec is made of.
#[derive(Clone, Debug)]
pub(crate) struct Shape {
    /// With the mode of its network.
    tier: (&'static str, &'static str),
    provider: &'static str,
    pub(crate) clients: usize,
    pub(crate) accounts: Option<usize>,
    functions: usize,
    pub(crate) apis: usize,
    pub(crate) operations: usize,
    pub(crate) cors: bool,
    pub(crate) calls: Option<u32>,
    pub(crate) domains: usize,
    /// What the names of own hosts begin with.
    pub(crate) host: &'static str,
    pub(crate) insights: bool,
    /// What the names and paths of APIs begin with.
    pub(crate) prefix: &'static str,
    /// Whether each operation asks for the other scope.
    pub(crate) is_turned: bool,
    /// Requests that the edge lets through.
    pub(crate) edge_limit: u32,
}

fn shapes() -> impl Strategy<Value = Shape> {
    let who = (
        prop::sample::select(vec![
            ("Developer", "auto"),
            ("Developer", "injected"),
            ("Basic", "auto"),
            ("Standard", "ipRestricted"),
            ("Premium", "auto"),
            ("Premium", "injected"),
            ("StandardV2", "integrated"),
        ]),
        prop::sample::select(vec!["b2c", "externalId"]),
        1..4_usize,
        prop::option::of(1..4_usize),
    );
    let what = (
        1..3_usize,
        1..4_usize,
        1..6_usize,
        any::<bool>(),
        prop::option::of(1..1000_u32),
        0..3_usize,
        any::<bool>(),
    );
    (who, what).prop_map(
        |(
            (tier, provider, clients, accounts),
            (functions, apis, operations, cors, calls, domains, insights),
        )| Shape {
            tier,
            provider,
            clients,
            accounts,
            functions,
            apis,
            operations,
            cors,
            calls,
            domains,
            host: "api",
            insights,
            prefix: "api",
            is_turned: false,
            edge_limit: 1000,
        },
    )
}

fn list(count: usize, item: impl Fn(usize) -> String) -> String {
    (0..count).map(item).collect()
}

impl Shape {
    fn yaml(&self) -> String {
        let flow = if self.provider == "b2c" {
            "B2C_1_signin"
        } else {
            "signin"
        };
        let clients = list(self.clients, |n| {
            let kind = if n % 2 == 0 { "spa" } else { "web" };
            format!(
                "    - {{ name: client{n}, type: {kind}, redirectUris: [\"https://app{n}.contoso.com/auth\"], scopes: [a.read] }}\n"
            )
        });
        let accounts = self.accounts.map_or_else(String::new, |count| {
            let accounts = list(count, |n| {
                format!("    - {{ displayName: User {n}, signIn: user{n}@example.com }}\n")
            });
            format!("  accounts:\n{accounts}")
        });
        let functions = list(self.functions, |n| {
            format!("  - {{ name: func-gen-{n}, plan: flexConsumption, runtime: node-22 }}\n")
        });
        let domains = list(self.domains, |n| format!("{}{n}.contoso.com,", self.host));
        format!(
            "secgw: v1\nname: gen\nazure: {{ subscription: 00000000-0000-4000-8000-000000000001, tenantId: 00000000-0000-4000-8000-000000000002, resourceGroup: rg-gen, location: westeurope }}\n\
             identity:\n  provider: {}\n  tenant: contosogen.onmicrosoft.com\n  tenantId: 00000000-0000-4000-8000-000000000009\n  userFlow: {{ name: {flow}, signUp: false }}\n  \
             api: {{ displayName: Gen, scopes: {{ a.read: Read, a.write: Write }} }}\n  clients:\n{clients}{accounts}\
             gateway: {{ name: apim-gen, sku: {{ name: {}, units: {} }}, publisher: {{ name: Contoso, email: api@contoso.com }} }}\n\
             functions:\n{functions}apis:\n{}network: {{ mode: {} }}\n\
             frontDoor: {{ sku: Premium, waf: {{ mode: prevention, rateLimit: {{ requests: {}, per: 5m }} }}, hsts: {{ maxAge: 365d }}, domains: [{domains}] }}\n\
             observability: {{ logAnalytics: true, appInsights: {} }}\n",
            self.provider,
            self.tier.0,
            if self.tier.0 == "Premium" { 2 } else { 1 },
            self.apis_yaml(),
            self.tier.1,
            self.edge_limit,
            self.insights
        )
    }

    fn apis_yaml(&self) -> String {
        let operations = list(self.operations, |n| {
            let scope = if n % 2 == usize::from(self.is_turned) {
                "a.read"
            } else {
                "a.write"
            };
            format!(
                "      - {{ method: GET, path: \"/things{n}/{{id}}\", require: {{ scopes: [{scope}] }} }}\n"
            )
        });
        let rate = self.calls.map_or_else(String::new, |calls| {
            format!("    rateLimit: {{ calls: {calls}, per: 60s, by: user }}\n")
        });
        let cors = if self.cors {
            "    cors: { origins: [\"https://app0.contoso.com\"] }\n"
        } else {
            ""
        };
        list(self.apis, |n| {
            let (function, prefix) = (n % self.functions, self.prefix);
            format!(
                "  - name: {prefix}{n}\n    path: {prefix}{n}\n    backend: {{ function: func-gen-{function} }}\n    require: {{ scopes: [a.read] }}\n{rate}{cors}    operations:\n{operations}"
            )
        })
    }

    pub(crate) fn spec(&self) -> Spec {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gen.yaml"), self.yaml()).unwrap();
        let options = LoadOptions {
            spec: SpecFile::Path(PathBuf::from("gen.yaml")),
            directory: dir.path().to_owned(),
            environment: BTreeMap::new(),
            sandbox: true,
            allow_outside: false,
        };
        match secgw::spec::load(&options) {
            Ok(loaded) => {
                crate::second_reader::agrees(&loaded, dir.path());
                loaded.spec
            }
            Err(problems) => panic!("{}\n{}", problems.render(120, false), self.yaml()),
        }
    }
}

/// The same shapes in every run: a failure must be one that the next run shows too.
pub(crate) fn sampled(count: usize) -> Vec<Shape> {
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    (0..count)
        .map(|_| shapes().new_tree(&mut runner).unwrap().current())
        .collect()
}

#[test]
fn a_first_plan_makes_every_resource_once_after_what_it_depends_on() {
    for shape in sampled(60) {
        let graph = graph(&shape.spec());
        let plan = plan::plan(&graph, &Live::default());
        let mut done = BTreeSet::new();
        for change in &plan.changes {
            assert!(
                change.depends_on.is_subset(&done),
                "{} comes before {:?}\n{shape:?}",
                change.key,
                change.depends_on.difference(&done)
            );
            assert!(done.insert(change.key.clone()), "{} twice", change.key);
        }
        assert!(
            graph
                .iter()
                .filter(|resource| {
                    // Neither is there, and neither comes along with what is made.
                    let is_left = matches!(resource.wanted, Wanted::Cleared { .. });
                    !is_left && (resource.kind.write != Write::Approve || resource.body().is_some())
                })
                .all(|resource| plan
                    .changes
                    .iter()
                    .any(|change| change.key.address == resource.id)),
            "{shape:?}"
        );
        assert_eq!(plan, plan::plan(&graph, &Live::default()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_generated_spec_is_applied_and_then_has_an_empty_plan() {
    for shape in sampled(6) {
        let spec = shape.spec();
        let graph = graph(&spec);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(dir.path(), &spec).await;
        let (plan, report, events) = stand.apply(&graph).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{shape:?}\n{troubles}");
        assert_lawful(&plan, &report, &events);
        let (_, plan) = stand.plan(&graph).await;
        let left = described(&plan);
        assert!(left.is_empty(), "{shape:?}\n{left}");
        stand.sandbox.stop().await;
    }
}

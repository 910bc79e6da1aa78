//! A spec, a sandbox and a client: what the laws are tested on, through the same seam as the commands.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use secgw::apply::{self, Event, Job, Outcome, Report};
use secgw::azure::auth::{IdentityTenant, identity_tenant, sign_in};
use secgw::azure::{AuthSettings, Client, Cloud, PooledClient, Route, read_live};
use secgw::plan::{self, Key, Plan};
use secgw::resource::{Graph, Live};
use secgw::sandbox::{Options, Running};
use secgw::spec::{LoadOptions, Spec, SpecFile};

pub(crate) const ENVIRONMENTS: [&str; 3] = ["dev", "staging", "prod"];

/// The repository: where the environments stand.
pub(crate) fn project() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

pub(crate) fn spec(environment: &str) -> Spec {
    let options = LoadOptions {
        spec: SpecFile::Environment(environment.to_owned()),
        directory: project(),
        environment: BTreeMap::new(),
        sandbox: true,
        allow_outside: false,
    };
    match secgw::spec::load(&options) {
        Ok(loaded) => {
            crate::second_reader::agrees(&loaded, &options.directory);
            loaded.spec
        }
        Err(diagnostics) => panic!("{}", diagnostics.render(120, false)),
    }
}

pub(crate) fn graph(spec: &Spec) -> Graph {
    secgw::compile::compile(spec).unwrap()
}

pub(crate) struct Stand {
    pub(crate) sandbox: Running,
    pub(crate) client: Client,
}

/// The last requests of a run that was killed may still hold the store for a moment.
async fn started(options: Options) -> Running {
    for _ in 0..1000 {
        if let Ok(running) = secgw::sandbox::start(options.clone()).await {
            return running;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    secgw::sandbox::start(options).await.unwrap()
}

impl Stand {
    pub(crate) async fn at(dir: &Path, spec: &Spec) -> Self {
        Self::with(dir, spec, |_| {}).await
    }

    pub(crate) async fn with(dir: &Path, spec: &Spec, adjust: impl FnOnce(&mut Options)) -> Self {
        let mut options = Options::new(dir);
        adjust(&mut options);
        let sandbox = started(options).await;
        let ca = sandbox.ca_pem().as_bytes().to_vec();
        let http = PooledClient::new(&Route::Loopback {
            address: sandbox.address(),
            ca,
        })
        .unwrap();
        let workforce = spec.azure.tenant_id.unwrap().to_string();
        let signed_in = sign_in(&AuthSettings::sandbox(&workforce), &http, Cloud::public())
            .await
            .unwrap();
        let identity = IdentityTenant {
            tenant: spec.identity.tenant_id.to_string(),
            client_id: "00000000-0000-4000-8000-00000000000b".to_owned(),
            client_secret: "not-a-secret".into(),
        };
        let identity = identity_tenant(&identity, &http, Cloud::public()).unwrap();
        let client =
            Client::new(&http, Cloud::public(), &signed_in, Some(identity), 0.001).unwrap();
        Self { sandbox, client }
    }

    pub(crate) async fn plan(&self, graph: &Graph) -> (Live, Plan) {
        let live = read_live(&self.client, graph).await.live;
        let plan = plan::plan(graph, &live);
        (live, plan)
    }

    /// Plans and applies; the events in the order they were told.
    pub(crate) async fn apply(&self, graph: &Graph) -> (Plan, Report, Vec<Event>) {
        let (live, plan) = self.plan(graph).await;
        assert!(plan.unreadable.is_empty(), "{}", described(&plan));
        self.carry_out(graph, live, plan).await
    }

    /// Applies a plan that was made before.
    pub(crate) async fn carry_out(
        &self,
        graph: &Graph,
        live: Live,
        plan: Plan,
    ) -> (Plan, Report, Vec<Event>) {
        let (events, mut told) = tokio::sync::mpsc::unbounded_channel();
        let (_keep, stop) = tokio::sync::watch::channel(false);
        let job = Job {
            client: &self.client,
            desired: graph,
            plan: &plan,
            live,
            pace: 0.001,
        };
        let report = apply::run(job, events, stop).await;
        let mut all = Vec::new();
        while let Ok(event) = told.try_recv() {
            all.push(event);
        }
        (plan, report, all)
    }
}

/// What a plan would do, one line a change, with every property of an update: for messages of failed tests.
pub(crate) fn described(plan: &Plan) -> String {
    let lines = plan.changes.iter().map(|change| {
        let properties: Vec<String> = change
            .action
            .properties()
            .iter()
            .map(|property| {
                format!(
                    "\n    {} : {:?} -> {}",
                    property.path,
                    property.before,
                    serde_json::to_string(&property.after).unwrap()
                )
            })
            .collect();
        format!(
            "{} {}{}",
            change.action.verb().name(),
            change.key,
            properties.concat()
        )
    });
    let unreadable = plan
        .unreadable
        .iter()
        .map(|(what, why)| format!("unreadable {what}: {} {}", why.code, why.message));
    lines.chain(unreadable).collect::<Vec<_>>().join("\n")
}

/// The changes that did not end well; what was skipped because of them counted.
pub(crate) fn troubles(report: &Report) -> String {
    let is_skipped = |outcome: &Outcome| matches!(outcome, Outcome::Skipped { .. });
    let bad = report
        .outcomes
        .iter()
        .filter(|(_, outcome)| !outcome.is_applied());
    let (skipped, failed): (Vec<_>, Vec<_>) = bad.partition(|(_, outcome)| is_skipped(outcome));
    let mut lines: Vec<String> = failed
        .iter()
        .map(|(key, outcome)| format!("{key}: {outcome:?}"))
        .collect();
    lines.extend((!skipped.is_empty()).then(|| format!("{} skipped", skipped.len())));
    lines.join("\n")
}

/// Laws 4 and 5: exactly one outcome for every change, and none starts before what it depends on has ended.
pub(crate) fn assert_lawful(plan: &Plan, report: &Report, events: &[Event]) {
    let planned: BTreeSet<&Key> = plan.changes.iter().map(|change| &change.key).collect();
    assert_eq!(report.outcomes.keys().collect::<BTreeSet<_>>(), planned);
    let mut ended: BTreeSet<&Key> = BTreeSet::new();
    for event in events {
        match event {
            Event::Started { change, .. } => {
                let needs = &plan.get(change).unwrap().depends_on;
                let early: Vec<_> = needs.iter().filter(|key| !ended.contains(key)).collect();
                assert!(early.is_empty(), "{change} started before {early:?}");
            }
            Event::Ended { change, .. } => assert!(ended.insert(change), "{change} ended twice"),
            Event::Waiting { .. } | Event::Retrying { .. } => {}
        }
    }
    assert_eq!(ended, planned, "every change ends in an event");
}

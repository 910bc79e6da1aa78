//! The attacks against the sandbox: none succeeds where an environment stands as it was built, and each weakening of what is
//! stored is found by exactly the probes that are about it.

use std::net::IpAddr;

use secgw::cli::deployed;
use secgw::resource::{Graph, Live};
use secgw::spec::Spec;
use secgw::verify::{self, Outcome, Report, Selection, Target, Wire, sign_in};
use serde_json::{Value, json};

use crate::sandbox::{answer, client, token};
use crate::stand::{ENVIRONMENTS, Stand, graph, spec, troubles};

/// One environment, applied; probes are run against it as often as wanted.
pub(crate) struct Attackable {
    pub(crate) spec: Spec,
    pub(crate) graph: Graph,
    pub(crate) stand: Stand,
    callers: u8,
    _dir: tempfile::TempDir,
}

impl Attackable {
    pub(crate) async fn new(environment: &str) -> Self {
        Self::with(environment, |_| {}).await
    }

    pub(crate) async fn with(environment: &str, adjust: impl FnOnce(&mut Spec)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut spec = spec(environment);
        adjust(&mut spec);
        let graph = graph(&spec);
        let stand = Stand::at(dir.path(), &spec).await;
        let (_, report, _) = stand.apply(&graph).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{environment}\n{troubles}");
        Self {
            spec,
            graph,
            stand,
            callers: 0,
            _dir: dir,
        }
    }

    /// Each run is another caller, so that none meets the limits that another used up.
    pub(crate) async fn attack(&mut self, selection: &Selection) -> Report {
        let live = secgw::azure::read_live(&self.stand.client, &self.graph).await;
        self.attack_as_read(&live.live, selection).await
    }

    /// The way there, as the last caller.
    pub(crate) fn wire(&self, target: &Target) -> Wire {
        let route = secgw::azure::Route::Loopback {
            address: self.stand.sandbox.address(),
            ca: self.stand.sandbox.ca_pem().as_bytes().to_vec(),
        };
        Wire::new(&route, 5000)
            .unwrap()
            .trusting(target.own_hosts())
            .from(IpAddr::from([127, 0, 0, self.callers.max(1)]))
    }

    /// With what was read just now.
    pub(crate) async fn attack_as_read(&mut self, live: &Live, selection: &Selection) -> Report {
        self.callers += 1;
        let target = deployed::target(&self.spec, &self.graph, live).unwrap();
        let wire = self.wire(&target);
        let tokens = sign_in::in_sandbox(&wire, &target)
            .await
            .unwrap_or_else(|problem| verify::Credentials {
                missing: Some(problem.to_string()),
                ..Default::default()
            });
        verify::run(&wire, &target, &tokens, selection, |_| {}).await
    }

    /// The ids of the probes that fail; nothing may be inconclusive.
    async fn failing(&mut self, only: &[&str]) -> Vec<&'static str> {
        let selection = Selection {
            only: only.iter().map(|id| (*id).to_owned()).collect(),
            is_aggressive: true,
        };
        let report = self.attack(&selection).await;
        let open = described(&report, Outcome::Inconclusive);
        assert!(open.is_empty(), "{open}");
        let failed = report.with(Outcome::Fail);
        failed.map(|tried| tried.probe.id).collect()
    }

    /// Changes what is stored, past all that secgw knows.
    async fn manage(&self, method: &str, path: &str, body: &Value) -> Value {
        let http = client(&self.stand.sandbox);
        let token = token(&http, "https://management.azure.com").await;
        let group = format!(
            "/subscriptions/{}/resourceGroups/{}",
            self.spec.azure.subscription, self.spec.azure.resource_group
        );
        let url = format!("https://management.azure.com{group}/providers{path}");
        let mut request = http
            .request(method.parse().unwrap(), url)
            .bearer_auth(token)
            .header("If-Match", "*");
        if !body.is_null() {
            request = request
                .header("Content-Type", "application/json")
                .body(body.to_string());
        }
        let answer = answer(request.send().await.unwrap()).await;
        assert!(answer.status < 300, "{path}: {}", answer.body);
        answer.body
    }
}

fn described(report: &Report, outcome: Outcome) -> String {
    let lines = report.with(outcome).map(|tried| {
        format!(
            "{} {}: {:#?}",
            tried.probe.id, tried.verdict.reason, tried.verdict.exchanges
        )
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn no_attack_succeeds_on_an_environment_as_it_was_built() {
    for environment in ENVIRONMENTS {
        let mut deployed = Attackable::new(environment).await;
        let selection = Selection {
            is_aggressive: true,
            ..Selection::default()
        };
        let report = deployed.attack(&selection).await;
        for outcome in [Outcome::Fail, Outcome::Inconclusive] {
            let open = described(&report, outcome);
            assert!(open.is_empty(), "{environment}: {open}");
        }
        assert!(report.control_holds());
        assert!(report.count(Outcome::Pass) >= 66, "{environment}");
        let idle = report.with(Outcome::NotApplicable);
        assert!(
            idle.into_iter()
                .all(|tried| !tried.verdict.reason.is_empty())
        );
        deployed.stand.sandbox.stop().await;
    }
}

const POLICY: &str = "/Microsoft.ApiManagement/service/apim-orders-prod/apis/orders/policies/policy?api-version=2024-05-01";

#[tokio::test(flavor = "multi_thread")]
async fn each_weakening_is_found_by_the_probes_that_are_about_it() {
    let mut prod = Attackable::new("prod").await;
    let all = [
        "A01", "A03", "A05", "A06", "A08", "A11", "A12", "A13", "C01", "C02", "E01", "E03", "H10",
        "J01",
    ];
    assert_eq!(prod.failing(&all).await, [""; 0]);

    let service = "/Microsoft.ApiManagement/service/apim-orders-prod?api-version=2024-05-01";
    let public = |state: &str| json!({ "properties": { "publicNetworkAccess": state } });
    prod.manage("PATCH", service, &public("Enabled")).await;
    assert_eq!(prod.failing(&all).await, ["C01", "C02"]);
    prod.manage("PATCH", service, &public("Disabled")).await;

    let raw = POLICY.replace('?', "?format=rawxml&");
    let stored = prod.manage("GET", &raw, &Value::Null).await;
    let stored = stored["properties"]["value"].as_str().unwrap().to_owned();
    let azp = stored.find("<claim name=\"azp\"").unwrap();
    let azp = &stored[azp..];
    let azp = azp.split_inclusive("</claim>").next().unwrap();
    for (before, after, found) in [
        (
            "require-signed-tokens=\"true\"",
            "require-signed-tokens=\"false\"",
            &["A13"][..],
        ),
        (
            "<origin>https://app.contoso.com</origin>",
            "<origin>*</origin>",
            &["E01", "E03"],
        ),
        ("clock-skew=\"60\"", "clock-skew=\"86400\"", &["A05", "A06"]),
        (azp, "", &["A12"]),
    ] {
        assert!(stored.contains(before), "{stored}");
        let weak = stored.replace(before, after);
        let body = json!({ "properties": { "format": "rawxml", "value": weak } });
        prod.manage("PUT", POLICY, &body).await;
        assert_eq!(prod.failing(&all).await, found, "{after}");
    }
    let body = json!({ "properties": { "format": "rawxml", "value": stored } });
    prod.manage("PUT", POLICY, &body).await;
    assert_eq!(prod.failing(&all).await, [""; 0]);

    // Nobody gets through: what is refused then proves nothing, and what is open is open all the same.
    let (before, after) = ("<audience>", "<audience>nobody-");
    assert!(stored.contains(before), "{stored}");
    let body =
        json!({ "properties": { "format": "rawxml", "value": stored.replace(before, after) } });
    prod.manage("PUT", POLICY, &body).await;
    prod.manage("PATCH", service, &public("Enabled")).await;
    let report = prod.attack(&Selection::default()).await;
    let ids = |outcome| -> Vec<&str> {
        let all = report.with(outcome);
        all.map(|tried| tried.probe.id).collect()
    };
    assert!(!report.control_holds());
    assert_eq!(ids(Outcome::Fail), ["C01", "C02", "J02"]);
    // What an answer says by itself, and what the sign-in refuses, which lets users in.
    let sure = [
        "B04", "B05", "B06", "B07", "B08", "B09", "I01", "I02", "I03", "I04", "I05", "I06", "J03",
    ];
    assert_eq!(ids(Outcome::Pass), sure);

    // Without a user, the sign-in's refusals are in doubt too.
    let live = secgw::azure::read_live(&prod.stand.client, &prod.graph)
        .await
        .live;
    let target = deployed::target(&prod.spec, &prod.graph, &live).unwrap();
    let nobody = verify::Credentials::default();
    let only = ["A03", "B06", "I01", "I02", "I06"]
        .map(str::to_owned)
        .to_vec();
    let selection = Selection {
        only,
        is_aggressive: false,
    };
    let report = verify::run(&prod.wire(&target), &target, &nobody, &selection, |_| {}).await;
    let ids = |outcome| -> Vec<&str> {
        let all = report.with(outcome);
        all.map(|tried| tried.probe.id).collect()
    };
    assert_eq!(ids(Outcome::Pass), ["B06", "I06"]);
    assert_eq!(ids(Outcome::Inconclusive), ["A21", "A03", "I01", "I02"]);
    prod.stand.sandbox.stop().await;
}

//! No weaker state on the way, from outside: an apply is cut off, and what stands there by then is attacked.
#![expect(clippy::print_stderr, reason = "a law says what it measured")]

use std::path::Path;
use std::time::Duration;

use secgw::azure::{Route, read_live};
use secgw::cli::deployed;
use secgw::resource::Graph;
use secgw::sandbox::{Action, Fault};
use secgw::spec::Spec;
use secgw::verify::{self, Credentials, Outcome, Selection, Theme, Tried, Wire, sign_in};

use crate::stand::{ENVIRONMENTS, Stand, graph, spec};

/// Percent of the requests of a whole apply: while the gateway is made, while it is filled, when the route opens.
const CUTS: [u64; 3] = [60, 85, 97];
const THEMES: [Theme; 2] = [Theme::Tokens, Theme::Bypass];

fn quiet() -> Selection {
    let probes = verify::probes::all().filter(|probe| THEMES.contains(&probe.theme));
    Selection {
        only: probes.map(|probe| probe.id.to_owned()).collect(),
        is_aggressive: false,
    }
}

async fn whole(stand: &Stand, graph: &Graph) {
    let (live, plan) = stand.plan(graph).await;
    stand.carry_out(graph, live, plan).await;
}

/// What is left of an apply that nobody goes on with.
async fn cut(dir: &Path, spec: &Spec, graph: &Graph, after: u64) -> Stand {
    let stand = Stand::at(dir, spec).await;
    stand.sandbox.faults().add(Fault {
        methods: Vec::new(),
        path: String::new(),
        after,
        times: None,
        action: Action::DropBefore,
    });
    let killed = async {
        while stand.sandbox.faults().requests() <= after {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    };
    tokio::select! {
        () = whole(&stand, graph) => {}
        () = killed => {}
    }
    stand.sandbox.stop().await;
    Stand::at(dir, spec).await
}

/// A new gateway answers until its private link is approved (domain.md 0.2): that there is no such API.
fn is_nothing_there(tried: &Tried) -> bool {
    let exchanges = &tried.verdict.exchanges;
    let mut answers = exchanges.iter().map(|exchange| &exchange.response);
    !exchanges.is_empty() && answers.all(|answer| answer.starts_with("404 "))
}

/// How many probes were sent, and what got through. Where there is no edge yet, there is nothing to attack.
async fn attacked(stand: &Stand, spec: &Spec, graph: &Graph) -> (usize, Vec<String>) {
    let live = read_live(&stand.client, graph).await.live;
    let Some(target) = deployed::target(spec, graph, &live) else {
        return (0, Vec::new());
    };
    let route = Route::Loopback {
        address: stand.sandbox.address(),
        ca: stand.sandbox.ca_pem().as_bytes().to_vec(),
    };
    let wire = Wire::new(&route, 5000)
        .unwrap()
        .trusting(target.own_hosts());
    let tokens = sign_in::in_sandbox(&wire, &target).await;
    let tokens = tokens.unwrap_or_else(|problem| Credentials {
        missing: Some(problem.to_string()),
        ..Credentials::default()
    });
    let report = verify::run(&wire, &target, &tokens, &quiet(), |_| {}).await;
    let failed = report.with(Outcome::Fail);
    let open = failed
        .filter(|tried| !is_nothing_there(tried))
        .map(|tried| {
            let verdict = &tried.verdict;
            format!(
                "{} {}: {:?}",
                tried.probe.id, verdict.reason, verdict.exchanges
            )
        });
    let open = open.collect();
    (report.tried.len(), open)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_cut_off_apply_leaves_is_no_way_in() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(&dir.path().join("whole"), &spec).await;
        whole(&stand, &graph).await;
        let requests = stand.sandbox.faults().requests();
        stand.sandbox.stop().await;
        let mut sent = 0;
        for percent in CUTS {
            let at = dir.path().join(percent.to_string());
            let stand = cut(&at, &spec, &graph, requests * percent / 100).await;
            let (probes, open) = attacked(&stand, &spec, &graph).await;
            assert!(open.is_empty(), "{environment}, {percent} %: {open:#?}");
            sent += probes;
            stand.sandbox.stop().await;
        }
        assert!(sent > 0, "{environment}: nothing was ever there to attack");
        eprintln!(
            "{environment}: {sent} probes at {} cuts, none succeeds",
            CUTS.len()
        );
    }
}

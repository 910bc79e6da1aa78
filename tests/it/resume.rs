//! Law 2: whatever request an apply is cut off at, the next one reaches the same end, without duplicates.
#![expect(
    clippy::print_stderr,
    reason = "a law says what it measured, and a test what it skips"
)]

use std::path::Path;
use std::time::Duration;

use futures::StreamExt as _;
use secgw::azure::request::Request;
use secgw::resource::{Directory, Graph, Realm};
use secgw::sandbox::{Action, Fault};
use secgw::spec::Spec;

use crate::stand::{ENVIRONMENTS, Stand, described, graph, spec, troubles};

/// Cuts at every request when `SECGW_SWEEP=all`, else at this many spread over the run.
const SAMPLES: u64 = 8;
/// Cuts under way at a time.
const AT_ONCE: usize = 4;

/// From the `after`th request on, every connection breaks: before the request did anything, or after.
fn cut(after: u64, action: Action) -> Fault {
    Fault {
        methods: Vec::new(),
        path: String::new(),
        after,
        times: None,
        action,
    }
}

/// How many objects there are of everything that has no computable id, and how many ARM resources.
async fn counts(stand: &Stand, graph: &Graph) -> Vec<(String, usize)> {
    let endpoints = stand.client.endpoints();
    let mut counts = Vec::new();
    for directory in [Directory::Identity, Directory::Workforce] {
        for collection in [
            "applications",
            "servicePrincipals",
            "oauth2PermissionGrants",
            "users",
        ] {
            let request = Request::get(
                Realm::Graph(directory),
                endpoints.graph_url("v1.0", collection, &[]),
            );
            let items = stand.client.list(request).await.unwrap();
            counts.push((format!("{} {collection}", directory.name()), items.len()));
        }
    }
    let group = graph
        .iter()
        .find(|resource| resource.kind.noun == "resource group")
        .unwrap();
    let url = endpoints.arm_url(&format!("{}/resources", group.id), "2021-04-01", &[]);
    counts.push((
        "resources".to_owned(),
        stand
            .client
            .list(Request::get(Realm::Arm, url))
            .await
            .unwrap()
            .len(),
    ));
    counts
}

async fn whole_run(stand: &Stand, graph: &Graph) {
    let (live, plan) = stand.plan(graph).await;
    stand.carry_out(graph, live, plan).await;
}

/// Ends when the sandbox has seen more requests than that.
async fn killed(stand: &Stand, after: u64) {
    while stand.sandbox.faults().requests() <= after {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

/// An apply that is cut off, then one that is not: what is there at the end.
async fn cut_and_resume(dir: &Path, spec: &Spec, fault: Fault) -> Vec<(String, usize)> {
    let graph = graph(spec);
    let what = format!("{fault:?}");
    let stand = Stand::at(dir, spec).await;
    let after = fault.after;
    stand.sandbox.faults().add(fault);
    // Dropping what is under way is what a killed process leaves: some requests sent, nobody to read the answers.
    tokio::select! {
        () = whole_run(&stand, &graph) => {}
        () = killed(&stand, after) => {}
    }
    stand.sandbox.stop().await;
    let stand = Stand::at(dir, spec).await;
    let (_, report, _) = stand.apply(&graph).await;
    let troubles = troubles(&report);
    assert!(troubles.is_empty(), "{what}\n{troubles}");
    let (_, plan) = stand.plan(&graph).await;
    let left = described(&plan);
    assert!(left.is_empty(), "{what}\n{left}");
    let counts = counts(&stand, &graph).await;
    stand.sandbox.stop().await;
    counts
}

#[tokio::test(flavor = "multi_thread")]
async fn an_apply_that_was_cut_off_anywhere_is_finished_by_the_next() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(&dir.path().join("whole"), &spec).await;
        stand.apply(&graph(&spec)).await;
        let requests = stand.sandbox.faults().requests();
        let expected = counts(&stand, &graph(&spec)).await;
        stand.sandbox.stop().await;
        let is_full = std::env::vars().any(|(name, value)| name == "SECGW_SWEEP" && value == "all");
        let step = if is_full {
            1
        } else {
            (requests / SAMPLES).max(1)
        };
        let steps = (0..requests).step_by(usize::try_from(step).unwrap());
        let cuts = steps.flat_map(|after| {
            let actions = [Action::DropBefore, Action::DropAfter];
            actions.map(|action| (after, action))
        });
        let cuts = cuts.map(async |(after, action)| {
            let at = dir.path().join(format!("{after}-{action:?}"));
            let found = cut_and_resume(&at, &spec, cut(after, action)).await;
            std::fs::remove_dir_all(&at).unwrap();
            (after, found)
        });
        // Each has a sandbox of its own, and most of its time is waiting.
        let mut running = futures::stream::iter(cuts).buffer_unordered(AT_ONCE);
        let mut cuts = 0;
        while let Some((after, found)) = running.next().await {
            assert_eq!(found, expected, "{environment}: cut at request {after}");
            cuts += 1;
        }
        eprintln!(
            "{environment}: {cuts} cuts over {requests} requests, all finished by the next apply"
        );
    }
}

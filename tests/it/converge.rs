//! The laws (architecture.md, section 4) on both environments, against the sandbox.

use crate::stand::{ENVIRONMENTS, Stand, assert_lawful, described, graph, spec, troubles};

#[tokio::test(flavor = "multi_thread")]
async fn after_an_apply_the_plan_is_empty() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(dir.path(), &spec).await;
        let (_, report, _) = stand.apply(&graph).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{environment}\n{troubles}");
        let left = described(&report.after);
        assert!(
            left.is_empty(),
            "{environment}, read again after the apply\n{left}"
        );
        let (_, plan) = stand.plan(&graph).await;
        let left = described(&plan);
        assert!(left.is_empty(), "{environment}, a plan of its own\n{left}");
        assert_eq!(plan.unchanged, graph.named(), "{environment}");
        stand.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_has_one_outcome_and_starts_after_what_it_depends_on() {
    for environment in ENVIRONMENTS {
        let spec = spec(environment);
        let graph = graph(&spec);
        let dir = tempfile::tempdir().unwrap();
        let stand = Stand::at(dir.path(), &spec).await;
        let (plan, report, events) = stand.apply(&graph).await;
        assert_lawful(&plan, &report, &events);
        stand.sandbox.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_environments_share_a_tenant_and_leave_each_other_alone() {
    let dir = tempfile::tempdir().unwrap();
    let specs = ENVIRONMENTS.map(spec);
    for spec in &specs {
        let stand = Stand::at(dir.path(), spec).await;
        let (plan, report, _) = stand.apply(&graph(spec)).await;
        let troubles = troubles(&report);
        assert!(troubles.is_empty(), "{}\n{troubles}", spec.name);
        let foreign = plan
            .changes
            .iter()
            .filter(|change| change.reason == secgw::plan::Reason::NotInSpec);
        assert_eq!(foreign.count(), 0, "{}", described(&plan));
        stand.sandbox.stop().await;
    }
    for spec in &specs {
        let stand = Stand::at(dir.path(), spec).await;
        let (_, plan) = stand.plan(&graph(spec)).await;
        let left = described(&plan);
        assert!(left.is_empty(), "{}\n{left}", spec.name);
        stand.sandbox.stop().await;
    }
}

//! Logs: the workspace, Application Insights, and who sends what there.
//!
//! What the gateway itself writes about a call, where secrets could slip in, is set in `gateway`.

use serde_json::json;

use super::draft::{Draft, tags};
use super::ids::Ids;
use crate::resource::Recommendation::{R1, R9};
use crate::resource::{Recommendation, ResourceId};
use crate::spec::Spec;

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    let mut drafts = Vec::new();
    if spec.observability.log_analytics {
        drafts.push(workspace(spec, ids));
        drafts.push(setting(spec, ids, &ids.service(), R1));
        drafts.push(setting(spec, ids, &ids.profile(), R9));
        let sites = spec
            .functions
            .iter()
            .map(|function| ids.site(&function.name));
        drafts.extend(sites.map(|site| setting(spec, ids, &site, R1)));
    }
    if spec.observability.app_insights {
        drafts.push(component(spec, ids));
    }
    drafts
}

fn workspace(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "properties": {
            "sku": { "name": "PerGB2018" },
            "retentionInDays": 90,
            "features": { "disableLocalAuth": true },
        }
    });
    Draft::body(ids.workspace(), &spec.observability.at, body).serves(&[R1, R9])
}

fn component(spec: &Spec, ids: Ids) -> Draft {
    let body = json!({
        "location": spec.azure.location,
        "tags": tags(spec),
        "kind": "web",
        "properties": {
            "Application_Type": "web",
            "WorkspaceResourceId": ids.workspace(),
            "DisableLocalAuth": true,
        }
    });
    Draft::body(ids.component(), &spec.observability.at, body)
        .after([ids.workspace()])
        .serves(&[R1])
}

/// Everything a resource logs, to the workspace. The category group follows what Azure adds later.
fn setting(spec: &Spec, ids: Ids, of: &ResourceId, serves: Recommendation) -> Draft {
    let mut body = json!({
        "properties": {
            "workspaceId": ids.workspace(),
            "logs": [{ "categoryGroup": "allLogs", "enabled": true }],
            "metrics": [{ "category": "AllMetrics", "enabled": true }],
        }
    });
    if *of == ids.service() {
        // A table of their own: the shared one cuts the gateway's columns (domain.md F).
        body["properties"]["logAnalyticsDestinationType"] = json!("Dedicated");
    }
    Draft::body(ids.diagnostic_setting(of), &spec.observability.at, body)
        .after([ids.workspace()])
        .serves(&[serves])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, all, prod};

    #[test]
    fn gateway_edge_and_functions_send_everything_to_the_workspace() {
        for spec in all() {
            let compiled = Compiled::of(&spec);
            let ids = compiled.ids;
            let site = ids.site(&spec.functions[0].name);
            for of in [ids.service(), ids.profile(), site] {
                let setting = ids.diagnostic_setting(&of);
                assert_eq!(
                    compiled.value(&setting, "/properties/workspaceId"),
                    json!(ids.workspace())
                );
                assert_eq!(
                    compiled.value(&setting, "/properties/logs"),
                    json!([{ "categoryGroup": "allLogs", "enabled": true }])
                );
                assert!(compiled.waits_for(&setting, &of));
                assert!(compiled.waits_for(&setting, &ids.workspace()));
            }
        }
    }

    #[test]
    fn telemetry_takes_no_keys() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let off = json!(true);
        let component = compiled.ids.component();
        assert_eq!(
            compiled.value(&component, "/properties/DisableLocalAuth"),
            off
        );
        let workspace = compiled.ids.workspace();
        assert_eq!(
            compiled.value(&workspace, "/properties/features/disableLocalAuth"),
            off
        );
    }

    #[test]
    fn without_logs_there_is_nothing_of_them() {
        let mut spec = prod();
        spec.observability.log_analytics = false;
        spec.observability.app_insights = false;
        let graph = Compiled::of(&spec).graph;
        let logging = graph.iter().filter(|resource| {
            let kind = resource.kind.type_name;
            ["Microsoft.Insights/", "Microsoft.OperationalInsights/"]
                .iter()
                .any(|namespace| kind.starts_with(namespace))
                || kind.ends_with("/loggers")
                || kind.ends_with("/diagnostics")
        });
        assert_eq!(logging.count(), 0);
    }
}

//! What everything stands on: the resource group, managed identities and what they may do.

use serde_json::{Value, json};

use super::draft::{Draft, tags};
use super::ids::{Ids, Role};
use crate::resource::Recommendation::{R1, R2, R3, R4, R5, R6, R7, R8, R9, R10};
use crate::resource::{At, Recommendation, ResourceId, reference_to};
use crate::spec::Spec;

const ALL: [Recommendation; 10] = [R1, R2, R3, R4, R5, R6, R7, R8, R9, R10];

pub(super) fn compile(spec: &Spec, ids: Ids) -> Vec<Draft> {
    let mut drafts = vec![
        Draft::body(ids.group(), &spec.azure.at, tagged(spec)).serves(&ALL),
        Draft::body(ids.gateway_identity(), &spec.gateway.at, tagged(spec)).serves(&[R1]),
    ];
    for function in &spec.functions {
        let principal = ids.function_identity(&function.name);
        let storage = ids.storage(&function.name);
        drafts.push(Draft::body(principal.clone(), &function.at, tagged(spec)).serves(&[R7]));
        drafts.push(
            // Owner of blobs is all the host needs for HTTP functions: its leases, keys and packages (domain.md B.4).
            assignment(
                ids,
                &storage,
                &principal,
                Role::StorageBlobDataOwner,
                &function.at,
            ),
        );
    }
    if spec.observability.app_insights {
        drafts.extend(telemetry(spec, ids));
    }
    drafts
}

/// Telemetry is sent with an identity, because the component takes no keys.
fn telemetry<'a>(spec: &'a Spec, ids: Ids<'a>) -> impl Iterator<Item = Draft> + 'a {
    let gateway = (ids.gateway_identity(), &spec.gateway.at);
    let functions = spec
        .functions
        .iter()
        .map(move |function| (ids.function_identity(&function.name), &function.at));
    std::iter::once(gateway)
        .chain(functions)
        .map(move |(principal, at)| {
            let role = Role::MonitoringMetricsPublisher;
            assignment(ids, &ids.component(), &principal, role, at)
        })
}

fn tagged(spec: &Spec) -> Value {
    json!({ "location": spec.azure.location, "tags": tags(spec) })
}

fn assignment(
    ids: Ids,
    scope: &ResourceId,
    principal: &ResourceId,
    role: Role,
    source: &At,
) -> Draft {
    let body = json!({
        "properties": {
            "roleDefinitionId": ids.role_definition(role),
            "principalId": reference_to(principal, "/properties/principalId"),
            // Said, so that Azure does not look a brand-new principal up and fail (domain.md I, 14).
            "principalType": "ServicePrincipal",
        }
    });
    Draft::body(Ids::role_assignment(scope, principal, role), source, body).serves(&[R7])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::example::{Compiled, prod};

    #[test]
    fn an_assignment_is_named_after_who_is_meant_where_and_for_what() {
        let spec = prod();
        let compiled = Compiled::of(&spec);
        let function = &spec.functions[0].name;
        let storage = compiled.ids.storage(function);
        let principal = compiled.ids.function_identity(function);
        let owner = Ids::role_assignment(&storage, &principal, Role::StorageBlobDataOwner);
        assert_eq!(
            *compiled.at(&owner, "/properties/principalId"),
            reference_to(&principal, "/properties/principalId")
        );
        let recased = ResourceId::parse(
            &principal
                .as_str()
                .to_uppercase()
                .replace("/SUBSCRIPTIONS/", "/subscriptions/"),
        );
        let same = Ids::role_assignment(&storage, &recased.unwrap(), Role::StorageBlobDataOwner);
        let others = [
            Ids::role_assignment(
                &storage,
                &compiled.ids.gateway_identity(),
                Role::StorageBlobDataOwner,
            ),
            Ids::role_assignment(&storage, &principal, Role::MonitoringMetricsPublisher),
        ];
        assert_eq!(owner, same);
        assert!(!others.contains(&owner));
    }

    #[test]
    fn who_sends_telemetry_may_and_nobody_else() {
        let mut spec = prod();
        let may_publish = |spec: &Spec| {
            let role = Role::MonitoringMetricsPublisher.id();
            let graph = Compiled::of(spec).graph;
            let roles = graph.iter().filter_map(|resource| {
                resource.body()?.at("/properties/roleDefinitionId")?.known()
            });
            roles
                .filter(|id| id.as_str().unwrap().ends_with(role))
                .count()
        };
        assert_eq!(may_publish(&spec), 2, "the gateway and one function");
        spec.observability.app_insights = false;
        assert_eq!(may_publish(&spec), 0);
    }
}

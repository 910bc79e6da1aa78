//! From the spec to the desired graph: pure, and the same graph for the same spec however its lists are ordered.
//!
//! One family of resources a file. Families name each other's resources through `ids` and never call each other. An
//! edge is written where a resource must wait for more than its parent and what its body refers to: guards before what
//! they guard, and what opens a way in last (architecture.md, decision 6).

mod apis;
mod beyond;
mod draft;
#[cfg(test)]
mod example;
mod front_door;
mod functions;
mod gateway;
mod hosts;
mod identity;
mod ids;
mod network;
mod observability;
mod platform;

use self::draft::Draft;
use self::ids::Ids;
use crate::resource::graph::GraphError;
use crate::resource::{Graph, ResourceId};
use crate::spec::{Diagnostic, Section, Spec};

/// Why there is no graph.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// What only compiling finds: the operator's own policies, the division of the network.
    #[error("the spec cannot be compiled")]
    Spec(Vec<Diagnostic>),
    #[error("{0} is of a kind that secgw does not manage: a defect of secgw")]
    UnknownKind(ResourceId),
    #[error("the compiled resources make no graph: a defect of secgw")]
    Graph(#[from] GraphError),
}

/// The desired state that a spec asks for.
pub fn compile(spec: &Spec) -> Result<Graph, CompileError> {
    let mut resources = Vec::new();
    for (section, drafts) in families(spec)? {
        let protect = section.is_some_and(|section| spec.protect.contains(&section));
        for draft in drafts {
            let resource = draft.into_resource(protect);
            resources.push(resource.map_err(CompileError::UnknownKind)?);
        }
    }
    let named: Vec<&ResourceId> = resources.iter().map(|resource| &resource.id).collect();
    let absent = beyond::tombstones(spec, Ids::new(spec), &named).map_err(CompileError::Spec)?;
    for draft in absent {
        let resource = draft.into_resource(false);
        resources.push(resource.map_err(CompileError::UnknownKind)?);
    }
    let graph = Graph::new(&spec.name, resources)?.with_rules(beyond::rules(spec));
    match beyond::conflicts(spec, &graph) {
        none if none.is_empty() => Ok(graph),
        problems => Err(CompileError::Spec(problems)),
    }
}

type Family = (Option<Section>, Vec<Draft>);

/// Every family with the section of the spec by which `protect` names it. The platform belongs to no one section.
fn families(spec: &Spec) -> Result<[Family; 8], CompileError> {
    let ids = Ids::new(spec);
    let (network, apis) = match (network::compile(spec, ids), apis::compile(spec, ids)) {
        (Ok(network), Ok(apis)) => (network, apis),
        (network, apis) => {
            let problems = network.err().into_iter();
            let problems = problems.chain(apis.err().into_iter().flatten());
            return Err(CompileError::Spec(problems.collect()));
        }
    };
    let section = |section: Section, drafts: Vec<Draft>| (Some(section), drafts);
    Ok([
        (None, platform::compile(spec, ids)),
        section(Section::Observability, observability::compile(spec, ids)),
        section(Section::Network, network),
        section(Section::Identity, identity::compile(spec, ids)),
        section(Section::Functions, functions::compile(spec, ids)),
        section(Section::Gateway, gateway::compile(spec, ids)),
        section(Section::FrontDoor, front_door::compile(spec, ids)),
        section(Section::Apis, apis),
    ])
}

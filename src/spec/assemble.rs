//! From the written form to the model: contracts and inline operations become operations, tier and mode a topology.

use super::contract::{Contract, ContractOperation};
use super::diagnostic::Code;
use super::document::{ApiSection, Document, FrontDoorSection, InlineOperation, NetworkSection};
use super::model::{
    Api, Azure, FrontDoor, Gateway, Network, Operation, ParameterKind, Spec, TemplateParameter,
};
use super::read::Reader;
use super::tree::Node;
use super::value::{OperationName, Region, ScopeName};
use super::written::Kept;
use super::{regions, topology};
use crate::text::{list_of_names, nearest};

/// The model, if nothing stands in its way; every section is tried, so that every problem is found.
pub(crate) fn assemble(document: Document, root: &Node, reader: &mut Reader<'_>) -> Option<Spec> {
    let Document {
        at,
        version,
        name,
        extends,
        azure,
        identity,
        gateway,
        functions,
        apis,
        network,
        front_door,
        observability,
        controls,
        protect,
        unmanaged,
        ignore,
        absent,
        moved,
        safety,
    } = document;
    let nodes = root.get("apis").map_or(&[][..], Node::items);
    let sections: Vec<Kept<ApiSection>> = apis.0?.into();
    let apis: Vec<Option<Api>> = sections
        .into_iter()
        .zip(nodes)
        .map(|(section, node)| api(section.0?, node, reader))
        .collect();
    let functions: Vec<Kept<_>> = functions.0?.into();
    let (_, _) = (version.0?, extends.0?);
    let (azure, gateway) = (azure.0?, gateway.0?);
    Some(Spec {
        at,
        name: name.0?,
        identity: identity.0?,
        functions: functions
            .into_iter()
            .map(|function| function.0)
            .collect::<Option<_>>()?,
        apis: apis.into_iter().collect::<Option<_>>()?,
        network: network_of(network.0?, &gateway)?,
        front_door: front_door_of(front_door.0?, &azure)?,
        observability: observability.0?,
        controls: controls.0?,
        protect: protect.0?.into_iter().collect(),
        unmanaged: unmanaged.0?.0,
        ignore: ignore.0?,
        absent: absent.0?,
        moved: moved.0?,
        safety: safety.0?.0,
        azure,
        gateway,
    })
}

fn network_of(section: NetworkSection, gateway: &Gateway) -> Option<Network> {
    let NetworkSection {
        at,
        mode,
        address_space,
    } = section;
    let (topology, reason) = topology::choose(mode, gateway.sku.name).ok()?;
    Some(Network {
        at,
        topology,
        reason,
        address_space,
    })
}

fn front_door_of(section: FrontDoorSection, azure: &Azure) -> Option<FrontDoor> {
    let FrontDoorSection {
        at,
        sku,
        waf,
        hsts,
        domains,
    } = section;
    let link = regions::find(&azure.location)?.private_link?;
    Some(FrontDoor {
        at,
        sku,
        waf,
        hsts,
        domains,
        private_link_location: Region::parse(link)?,
    })
}

fn api(section: ApiSection, node: &Node, reader: &mut Reader<'_>) -> Option<Api> {
    let operations = operations(&section, node, reader);
    let ApiSection {
        at,
        name,
        display_name,
        path,
        contract,
        backend,
        rate_limit,
        cors,
        policy,
        require: _,
        operations: _,
    } = section;
    let (name, contract) = (name.0?, contract.0?);
    let (title, description) = contract.map_or((None, None), |contract| {
        (contract.title, contract.description)
    });
    let display_name = display_name
        .0?
        .or(title)
        .unwrap_or_else(|| name.to_string());
    Some(Api {
        at,
        display_name,
        description,
        name,
        path: path.0?,
        backend: backend.0?,
        operations: operations?,
        rate_limit: rate_limit.0?,
        cors: cors.0?,
        policy: policy.0?,
    })
}

fn operations(
    section: &ApiSection,
    node: &Node,
    reader: &mut Reader<'_>,
) -> Option<Vec<Operation>> {
    let inline = section.operations.0.as_ref()?;
    let nodes = node.get("operations").map_or(&[][..], Node::items);
    let inline: Vec<(&InlineOperation, &Node)> = inline
        .iter()
        .zip(nodes)
        .filter_map(|(operation, node)| Some((operation.0.as_ref()?, node)))
        .collect();
    once_each(&inline, reader);
    let offered = match section.contract.0.as_ref()? {
        Some(contract) => {
            in_contract(&inline, contract, reader);
            contract.operations.clone()
        }
        None if nodes.is_empty() => {
            if reader.is_misspelt(node, "contract") || reader.is_misspelt(node, "operations") {
                return None;
            }
            let help = "give it a `contract`, or list its `operations`".to_owned();
            reader.report(
                node,
                Code::MissingKey,
                format!("`{}` has no operations", node.path),
                help,
            );
            return None;
        }
        None => inline
            .iter()
            .map(|(operation, node)| stand_alone(operation, node, reader))
            .collect::<Option<_>>()?,
    };
    let general = section
        .require
        .0
        .as_ref()?
        .as_ref()
        .map(|require| require.scopes.as_slice());
    let required = |operation: &ContractOperation| {
        let own = inline
            .iter()
            .find(|(inline, _)| is_same(inline, operation))
            .and_then(|(inline, _)| inline.require.as_ref());
        own.map(|require| require.scopes.as_slice()).or(general)
    };
    if let Some(open) = offered
        .iter()
        .find(|operation| required(operation).is_none())
    {
        let help =
            "add `require: { scopes: […] }` to the API, or to each of its operations".to_owned();
        reader.report(
            node,
            Code::MissingKey,
            format!("{} {} requires no scope", open.method, open.path),
            help,
        );
        return None;
    }
    Some(
        offered
            .into_iter()
            .filter_map(|offered| required(&offered).map(|scopes| operation(&offered, scopes)))
            .collect(),
    )
}

fn operation(offered: &ContractOperation, scopes: &[ScopeName]) -> Operation {
    let ContractOperation {
        at,
        name,
        display_name,
        description,
        method,
        path,
        parameters,
    } = offered.clone();
    Operation {
        at,
        name,
        display_name,
        description,
        method,
        url_template: path.to_string(),
        template_parameters: parameters,
        scopes: scopes.to_vec(),
    }
}

fn is_same(inline: &InlineOperation, operation: &ContractOperation) -> bool {
    inline.method == operation.method && inline.path == operation.path
}

fn once_each(inline: &[(&InlineOperation, &Node)], reader: &mut Reader<'_>) {
    for (index, (operation, node)) in inline.iter().enumerate() {
        let same = |other: &InlineOperation| {
            other.method == operation.method && other.path.shape() == operation.path.shape()
        };
        if let Some((_, first)) = inline[..index].iter().find(|(other, _)| same(other)) {
            let message = format!(
                "{} {} is already there at {}",
                operation.method,
                operation.path,
                first.at()
            );
            reader.report(node, Code::Duplicate, message, "keep one of the two");
        }
    }
}

fn in_contract(inline: &[(&InlineOperation, &Node)], contract: &Contract, reader: &mut Reader<'_>) {
    let offered: Vec<String> = contract
        .operations
        .iter()
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    for (operation, node) in inline {
        if contract
            .operations
            .iter()
            .any(|offered| is_same(operation, offered))
        {
            continue;
        }
        let wanted = format!("{} {}", operation.method, operation.path);
        let near = nearest(&wanted, offered.iter().map(String::as_str));
        let help = near.map_or(format!("it has {}", list_of_names(&offered)), |near| {
            format!("did you mean `{near}`?")
        });
        reader.report(
            node.get("path").unwrap_or(node),
            Code::UnknownName,
            format!("the contract has no operation `{wanted}`"),
            help,
        );
    }
}

/// An operation of an API without a contract.
fn stand_alone(
    operation: &InlineOperation,
    node: &Node,
    reader: &mut Reader<'_>,
) -> Option<ContractOperation> {
    let InlineOperation {
        at,
        method,
        path,
        require: _,
    } = operation;
    let display_name = format!("{method} {path}");
    let Some(name) = OperationName::derive(&display_name) else {
        reader.report(
            node,
            Code::InvalidName,
            format!("no name can be made of `{display_name}`"),
            "give it a path with letters or digits",
        );
        return None;
    };
    let parameters = path
        .placeholders()
        .into_iter()
        .map(|name| TemplateParameter {
            name: name.to_owned(),
            kind: ParameterKind::String,
            description: None,
        });
    Some(ContractOperation {
        at: at.clone(),
        name,
        display_name,
        description: None,
        method: *method,
        parameters: parameters.collect(),
        path: path.clone(),
    })
}

//! OpenAPI 3 contracts, as far as the gateway needs them: which operations there are and how they are addressed.
//!
//! Schemas, responses and servers stay with the Function. References inside the file are followed; nothing is
//! fetched.

use std::collections::BTreeMap;

use super::diagnostic::Code;
use super::document::FileText;
use super::model::{Method, ParameterKind, TemplateParameter};
use super::read::{Read, Reader};
use super::tree::{self, Node};
use super::value::{OperationName, OperationPath};
use crate::resource::At;

#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contract {
    pub(crate) title: Option<String>,
    pub(crate) description: Option<String>,
    pub(crate) operations: Vec<ContractOperation>,
}

/// An operation before the spec says who may call it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ContractOperation {
    pub(crate) at: At,
    pub(crate) name: OperationName,
    pub(crate) display_name: String,
    pub(crate) description: Option<String>,
    pub(crate) method: Method,
    pub(crate) path: OperationPath,
    pub(crate) parameters: Vec<TemplateParameter>,
}

impl Read for Contract {
    type Written = FileText;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self> {
        let path = reader.text(node)?;
        let source = reader.open(node, &path)?;
        let root = reader.parse(&source, &node.path)?;
        check_version(&root, reader)?;
        let paths = root
            .get("paths")
            .filter(|paths| !paths.entries().is_empty());
        let Some(paths) = paths else {
            reader.report(
                &root,
                Code::Contract,
                "the contract has no operations",
                "describe them under `paths`",
            );
            return None;
        };
        let found: Vec<Option<ContractOperation>> = paths
            .entries()
            .iter()
            .flat_map(|entry| path_item(&root, entry, reader))
            .collect();
        let operations = found.into_iter().collect::<Option<Vec<_>>>()?;
        check_unique(&operations, paths, reader)?;
        let info = |key: &str| {
            root.get("info")
                .and_then(|info| info.get(key))
                .and_then(Node::text)
                .map(str::to_owned)
        };
        Some(Self {
            title: info("title"),
            description: info("description"),
            operations,
        })
    }
}

fn check_version(root: &Node, reader: &mut Reader<'_>) -> Option<()> {
    let version = root.get("openapi").and_then(Node::text);
    if version.is_some_and(|version| version.starts_with("3.0.") || version.starts_with("3.1.")) {
        return Some(());
    }
    let at = root.get("openapi").or(root.get("swagger")).unwrap_or(root);
    reader.report(
        at,
        Code::Contract,
        "this is no OpenAPI 3.0 or 3.1 contract",
        "it starts with `openapi: 3.0.3`",
    );
    None
}

const METHODS: &[(&str, Method)] = &[
    ("get", Method::Get),
    ("put", Method::Put),
    ("post", Method::Post),
    ("delete", Method::Delete),
    ("head", Method::Head),
    ("patch", Method::Patch),
];

fn path_item(
    root: &Node,
    entry: &tree::Entry,
    reader: &mut Reader<'_>,
) -> Vec<Option<ContractOperation>> {
    let key = Node {
        place: entry.key_place.clone(),
        ..entry.node.clone()
    };
    let Some(path) = OperationPath::parse(&entry.key) else {
        let help = format!(
            "{}, for example `{}`",
            OperationPath::RULE.hint,
            OperationPath::RULE.example
        );
        reader.report(
            &key,
            Code::Contract,
            format!("`{}` is not {}", entry.key, OperationPath::RULE.what),
            help,
        );
        return vec![None];
    };
    let mut found = Vec::new();
    for item in entry.node.entries() {
        let place = Node {
            place: item.key_place.clone(),
            ..item.node.clone()
        };
        if let Some((_, method)) = METHODS.iter().find(|(word, _)| *word == item.key) {
            found.push(operation(
                &Site {
                    root,
                    item: &entry.node,
                    path: &path,
                    method: *method,
                    place: &place,
                },
                reader,
            ));
        } else if item.key == "options" || item.key == "trace" {
            let help = "take it out of the contract: `cors` answers preflight requests".to_owned();
            reader.report(
                &place,
                Code::Contract,
                format!("the gateway serves no `{}` operations", item.key),
                help,
            );
            found.push(None);
        } else if item.key == "$ref" {
            reader.report(
                &place,
                Code::Contract,
                "path items in other places are not followed",
                "write the path item here",
            );
            found.push(None);
        }
    }
    found
}

/// One operation where it stands in the contract.
struct Site<'n> {
    root: &'n Node,
    item: &'n Node,
    path: &'n OperationPath,
    method: Method,
    /// The operation's value at its method's place.
    place: &'n Node,
}

fn operation(site: &Site<'_>, reader: &mut Reader<'_>) -> Option<ContractOperation> {
    let Site {
        path,
        method,
        place,
        ..
    } = *site;
    let text = |key: &str| {
        place
            .get(key)
            .and_then(Node::text)
            .filter(|text| !text.trim().is_empty())
    };
    let fallback = format!("{} {path}", method.as_str());
    let identifier = text("operationId").unwrap_or(&fallback);
    let name = OperationName::derive(identifier);
    if name.is_none() {
        reader.report(
            place,
            Code::Contract,
            format!("no name can be made of `{identifier}`"),
            "give the operation an `operationId` of letters and digits",
        );
    }
    let parameters = template_parameters(site, reader);
    let display_name = text("summary")
        .or(text("operationId"))
        .unwrap_or(&fallback)
        .chars()
        .take(300)
        .collect();
    let description = text("description").map(str::to_owned);
    Some(ContractOperation {
        at: place.at(),
        name: name?,
        display_name,
        description,
        method,
        path: path.clone(),
        parameters: parameters?,
    })
}

/// API Management wants every placeholder declared, and nothing else.
fn template_parameters(site: &Site<'_>, reader: &mut Reader<'_>) -> Option<Vec<TemplateParameter>> {
    let lists = [site.item.get("parameters"), site.place.get("parameters")];
    let mut declared = BTreeMap::new();
    for node in lists.into_iter().flatten().flat_map(Node::items) {
        let parameter = follow(site.root, node, reader)?;
        if parameter.get("in").and_then(Node::text) == Some("path") {
            declared.insert(
                parameter
                    .get("name")
                    .and_then(Node::text)
                    .unwrap_or_default()
                    .to_owned(),
                parameter,
            );
        }
    }
    let placeholders = site.path.placeholders();
    let parameters: Vec<Option<TemplateParameter>> = placeholders
        .into_iter()
        .map(|name| {
            let parameter = declared
                .get(name)
                .map(|parameter| template_parameter(name, parameter));
            if parameter.is_none() {
                undeclared(name, site.place, reader);
            }
            parameter
        })
        .collect();
    parameters.into_iter().collect()
}

fn undeclared(name: &str, operation: &Node, reader: &mut Reader<'_>) {
    let message = format!("`{{{name}}}` is not declared as a path parameter");
    let parameter =
        format!("{{ name: {name}, in: path, required: true, schema: {{ type: string }} }}");
    reader.report(
        operation,
        Code::Contract,
        message,
        format!("add `{parameter}` to its `parameters`"),
    );
}

fn template_parameter(name: &str, parameter: &Node) -> TemplateParameter {
    let kind = match parameter
        .get("schema")
        .and_then(|schema| schema.get("type"))
        .and_then(Node::text)
    {
        Some("integer") => ParameterKind::Integer,
        Some("number") => ParameterKind::Number,
        Some("boolean") => ParameterKind::Boolean,
        _ => ParameterKind::String,
    };
    let description = parameter
        .get("description")
        .and_then(Node::text)
        .map(str::to_owned);
    TemplateParameter {
        name: name.to_owned(),
        kind,
        description,
    }
}

/// The node itself, or what its `$ref` points to inside the same file.
fn follow<'n>(root: &'n Node, node: &'n Node, reader: &mut Reader<'_>) -> Option<&'n Node> {
    let Some(reference) = node.get("$ref") else {
        return Some(node);
    };
    let target = reference
        .text()
        .and_then(|text| text.strip_prefix("#/"))
        .and_then(|pointer| {
            let steps = pointer
                .split('/')
                .map(|step| step.replace("~1", "/").replace("~0", "~"));
            steps
                .into_iter()
                .try_fold(root, |node, step| node.get(&step))
        });
    let target = target.filter(|target| target.get("$ref").is_none());
    if target.is_none() {
        reader.report(
            reference,
            Code::Contract,
            "this reference leads to nothing in the same file",
            "put what it refers to under `components` of this contract",
        );
    }
    target
}

/// Same method and same shape of path, or same name: API Management could not tell the two apart.
fn check_unique(
    operations: &[ContractOperation],
    paths: &Node,
    reader: &mut Reader<'_>,
) -> Option<()> {
    let mut shapes = BTreeMap::new();
    let mut names = BTreeMap::new();
    let mut fine = Some(());
    for operation in operations {
        let shape = (operation.method, operation.path.shape());
        let earlier = shapes
            .insert(shape, operation)
            .or_else(|| names.insert(&operation.name, operation));
        if let Some(earlier) = earlier {
            let at = &operation.at;
            let place = tree::Place {
                line: at.line(),
                column: at.column(),
                length: 0,
                ..paths.place.clone()
            };
            let node = Node {
                place,
                path: at.path().into(),
                value: tree::Value::Nothing,
            };
            let message = format!(
                "{} {} cannot be told from the operation at {}",
                operation.method, operation.path, earlier.at
            );
            reader.report(
                &node,
                Code::Contract,
                message,
                "give it another path or `operationId`",
            );
            fine = None;
        }
    }
    fine
}

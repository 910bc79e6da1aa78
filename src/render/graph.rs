//! The graph as a drawing: Mermaid for Markdown, DOT for Graphviz. Layers are clusters; an arrow leads from a resource
//! to what it depends on.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{label, safe};
use crate::resource::{Graph, Layer, Resource, ResourceId, Wanted};

pub fn mermaid(graph: &Graph) -> String {
    let names = numbered(graph);
    let mut out = String::from("flowchart RL\n");
    for (layer, resources) in layers(graph) {
        let _infallible = writeln!(out, "  subgraph {layer}", layer = layer.name());
        for resource in resources {
            let (open, close) = match resource.wanted {
                Wanted::Body(_) => ("[", "]"),
                Wanted::Given(_) => ("([", "])"),
                Wanted::Absent | Wanted::Cleared { .. } => ("[/", "/]"),
            };
            let text = mermaid_text(&label::resource(&resource.id));
            let _infallible = writeln!(out, "    n{}{open}\"{text}\"{close}", names[&resource.id]);
        }
        out.push_str("  end\n");
    }
    for (from, to) in arrows(graph) {
        let _infallible = writeln!(out, "  n{} --> n{}", names[&from], names[&to]);
    }
    out
}

pub fn dot(graph: &Graph) -> String {
    let names = numbered(graph);
    let mut out = format!(
        "digraph \"{}\" {{\n  rankdir = RL;\n  node [shape = box, fontname = \"sans-serif\"];\n",
        dot_text(&graph.owner)
    );
    for (layer, resources) in layers(graph) {
        let name = layer.name();
        let _infallible = writeln!(out, "  subgraph cluster_{name} {{\n    label = \"{name}\";");
        for resource in resources {
            let style = match resource.wanted {
                Wanted::Body(_) => "",
                Wanted::Given(_) => ", style = rounded",
                Wanted::Absent | Wanted::Cleared { .. } => ", style = dashed",
            };
            let text = dot_text(&label::resource(&resource.id));
            let tip = dot_text(&safe::line(resource.id.as_str()));
            let _infallible = writeln!(
                out,
                "    n{} [label = \"{text}\", tooltip = \"{tip}\"{style}];",
                names[&resource.id]
            );
        }
        out.push_str("  }\n");
    }
    for (from, to) in arrows(graph) {
        let _infallible = writeln!(out, "  n{} -> n{};", names[&from], names[&to]);
    }
    out.push_str("}\n");
    out
}

/// Dependencies get the smaller numbers.
fn numbered(graph: &Graph) -> BTreeMap<ResourceId, usize> {
    let ids = graph.in_order().map(|resource| resource.id.clone());
    ids.zip(1..).collect()
}

fn layers(graph: &Graph) -> impl Iterator<Item = (Layer, Vec<&Resource>)> {
    let of = |layer| {
        let resources = graph.in_order();
        let resources: Vec<_> = resources
            .filter(|resource| resource.kind.layer == layer)
            .collect();
        (layer, resources)
    };
    let is_there = |(_, resources): &(Layer, Vec<&Resource>)| !resources.is_empty();
    Layer::ALL.into_iter().map(of).filter(is_there)
}

fn arrows(graph: &Graph) -> Vec<(ResourceId, ResourceId)> {
    let of = |resource: &Resource| {
        let from = resource.id.clone();
        let needs = graph.nearest_dependencies(resource);
        needs.into_iter().map(move |to| (from.clone(), to))
    };
    graph.in_order().flat_map(of).collect()
}

/// Mermaid has entities of its own in quoted labels.
fn mermaid_text(text: &str) -> String {
    text.replace('#', "#35;").replace('"', "#quot;")
}

fn dot_text(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_end_itself() {
        assert_eq!(mermaid_text("a \"b\" #1"), "a #quot;b#quot; #35;1");
        assert_eq!(dot_text("a \"b\" \\n"), "a \\\"b\\\" \\\\n");
    }
}

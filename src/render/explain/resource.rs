//! A resource: what asks for it and why, what stands around it, and what its kind says Azure does.

use serde_json::{Value, json};

use super::words;
use super::{STRONG, paint, row};
use crate::render::{label, safe};
use crate::resource::{Evidence, Graph, Kind, Resource, Rule};

/// One resource of a compiled graph.
#[derive(Clone, Copy, Debug)]
pub struct Explained<'a> {
    pub graph: &'a Graph,
    pub resource: &'a Resource,
}

impl Explained<'_> {
    pub fn text(&self, width: usize) -> String {
        let Self { graph, resource } = *self;
        let kind = resource.kind;
        let mut out = format!("{}\n", paint(STRONG, &label::resource(&resource.id)));
        let mut say = |name, texts: &[String]| row(&mut out, name, texts, width);
        say("address", &[safe::line(resource.id.as_str())]);
        say("asked for", &[asked_for(resource)]);
        say("serves", &serves(resource));
        say(
            "wanted",
            &[
                words::wanted(&resource.wanted).to_owned(),
                protection(resource),
            ],
        );
        say("layer", &[kind.layer.name().to_owned()]);
        say(
            "type",
            &[format!("{} {}", kind.type_name, kind.api_version)],
        );
        say("marked", &[words::mark(kind.mark, &graph.owner)]);
        say("read", &[words::read(kind.read)]);
        say(
            "written",
            &[words::write(kind), words::queue(kind, &resource.id)],
        );
        say("removed", &[words::deletion(kind.deletion).to_owned()]);
        say("usually", &[usual(kind)]);
        say(
            "stages",
            &kind.stages.iter().map(words::stage).collect::<Vec<_>>(),
        );
        say(
            "effects",
            &kind.effects.iter().map(words::effect).collect::<Vec<_>>(),
        );
        say(
            "later",
            &kind
                .invalidates
                .iter()
                .map(words::invalidation)
                .collect::<Vec<_>>(),
        );
        say("depends on", &self.near(true));
        say("needed by", &self.near(false));
        say(
            "compared",
            &kind.rules.iter().map(compared).collect::<Vec<_>>(),
        );
        out
    }

    pub fn json(&self) -> Value {
        let Self { graph, resource } = *self;
        let kind = resource.kind;
        let dependents = graph.dependents(&resource.id);
        json!({
            "address": resource.id,
            "name": label::resource(&resource.id),
            "source": resource.source,
            "serves": reasons(resource),
            "wanted": words::wanted(&resource.wanted),
            "protect": resource.protect,
            "layer": kind.layer,
            "type": kind.type_name,
            "api_version": kind.api_version,
            "marked": words::mark(kind.mark, &graph.owner),
            "read": words::read(kind.read),
            "written": words::write(kind),
            "lane": kind.lane_of(&resource.id),
            "removed": words::deletion(kind.deletion),
            "usual_seconds": {
                "create": kind.usual.create, "update": kind.usual.update, "delete": kind.usual.delete,
            },
            "stages": kind.stages.iter().map(|stage| json!({
                "name": stage.name, "path": stage.path, "until": stage.until, "evidence": evidence(stage.evidence),
            })).collect::<Vec<_>>(),
            "effects": kind.effects.iter().map(|effect| json!({
                "says": effect.says, "paths": effect.paths, "evidence": evidence(effect.evidence),
            })).collect::<Vec<_>>(),
            "depends_on": graph.dependencies(resource),
            "needed_by": dependents.map(|resource| &resource.id).collect::<Vec<_>>(),
            "compared": kind.rules.iter().map(rule_json).collect::<Vec<_>>(),
        })
    }

    fn near(&self, before: bool) -> Vec<String> {
        let Self { graph, resource } = *self;
        if before {
            let ids = graph.dependencies(resource);
            return ids.iter().map(label::resource).collect();
        }
        let dependents = graph.dependents(&resource.id);
        dependents
            .map(|resource| label::resource(&resource.id))
            .collect()
    }
}

pub(super) fn asked_for(resource: &Resource) -> String {
    let path = resource.source.path();
    match path {
        "" => format!("{}", resource.source),
        path => format!("{} ({})", resource.source, safe::line(path)),
    }
}

pub(super) fn serves(resource: &Resource) -> Vec<String> {
    let serves = resource.serves.iter();
    serves
        .map(|one| format!("{one:?} {}", one.says()))
        .collect()
}

pub(super) fn reasons(resource: &Resource) -> Vec<Value> {
    let serves = resource.serves.iter();
    serves
        .map(|one| json!({ "recommendation": one, "says": one.says() }))
        .collect()
}

fn protection(resource: &Resource) -> String {
    if resource.protect {
        "protected: no plan deletes or replaces it".to_owned()
    } else {
        String::new()
    }
}

fn usual(kind: &Kind) -> String {
    let length = |seconds: u32| label::length(seconds.into());
    format!(
        "{} to create, {} to update, {} to delete",
        length(kind.usual.create),
        length(kind.usual.update),
        length(kind.usual.delete)
    )
}

fn compared(rule: &Rule) -> String {
    let Rule {
        paths,
        how,
        evidence,
    } = rule;
    format!("{}: {}. {evidence}", paths.join(", "), words::how(*how))
}

pub(super) fn rule_json(rule: &Rule) -> Value {
    json!({ "paths": rule.paths, "how": words::how(rule.how), "evidence": evidence(rule.evidence) })
}

fn evidence(evidence: Evidence) -> Value {
    match evidence {
        Evidence::Recorded(file) => json!({ "kind": "recorded", "source": file }),
        Evidence::Documented(page, date) => {
            json!({ "kind": "documented", "source": page, "date": date })
        }
        Evidence::Inferred(why) => json!({ "kind": "inferred", "source": why }),
    }
}

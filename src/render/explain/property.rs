//! A property of a resource: what is wanted there, how it is compared, what a change of it does, and on what evidence.

use serde_json::{Value, json};

use super::resource::{asked_for, reasons, rule_json, serves};
use super::words;
use super::{Explained, STRONG, paint, row};
use crate::render::{label, value};
use crate::resource::body::{join, matches, segments};
use crate::resource::{Graph, How, Kind, Resource, Rule, Term};
use crate::text::nearest;

/// One property of one resource.
#[derive(Debug)]
pub struct Property<'a> {
    of: Explained<'a>,
    /// JSON pointer; items of lists by their key in brackets.
    path: String,
    desired: Option<&'a Term>,
}

/// Neither the spec nor the kind has anything at this path.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownProperty {
    pub near: Option<String>,
}

impl<'a> Property<'a> {
    /// By JSON pointer (`/properties/sku/name`) or as plans print it (`sku.name`).
    pub fn find(
        graph: &'a Graph,
        resource: &'a Resource,
        text: &str,
    ) -> Result<Self, UnknownProperty> {
        let of = Explained { graph, resource };
        let body = resource.body();
        for path in readings(text) {
            let desired = body.and_then(|body| at(body, &path, resource.kind));
            if desired.is_some() || is_ruled(resource.kind, &path) {
                return Ok(Self { of, path, desired });
            }
        }
        let known: Vec<String> = body.map(leaves).unwrap_or_default();
        let names = properties(resource);
        let near = nearest(text, names.iter().chain(&known).map(String::as_str));
        Err(UnknownProperty {
            near: near.map(str::to_owned),
        })
    }

    pub fn text(&self, width: usize) -> String {
        let Explained { resource, .. } = self.of;
        let title = format!(
            "{} of {}",
            label::property(&self.path),
            label::resource(&resource.id)
        );
        let mut out = format!("{}\n", paint(STRONG, &title));
        let mut say = |name, texts: &[String]| row(&mut out, name, texts, width);
        say("pointer", std::slice::from_ref(&self.path));
        say("wanted", &[self.wanted()]);
        say("asked for", &[asked_for(resource)]);
        say("serves", &serves(resource));
        say("compared", &self.compared());
        say("stages", &self.stages());
        say("effects", &self.effects());
        say("later", &self.invalidations());
        say("comes from", &self.sources());
        out
    }

    pub fn json(&self) -> Value {
        let Explained { resource, .. } = self.of;
        json!({
            "address": resource.id,
            "path": self.path,
            "wanted": self.desired.filter(|_| !self.is_secret()),
            "source": resource.source,
            "serves": reasons(resource),
            "compared": self.rules().map(rule_json).collect::<Vec<_>>(),
            "stages": self.stages(),
            "effects": self.effects(),
            "later": self.invalidations(),
        })
    }

    fn is_secret(&self) -> bool {
        self.of
            .resource
            .kind
            .has(&self.path, &|how| how == How::Sensitive)
    }

    fn wanted(&self) -> String {
        match self.desired {
            Some(_) if self.is_secret() => "(sensitive)".to_owned(),
            Some(term) => value::desired(term),
            None => "nothing: what Azure holds there stays".to_owned(),
        }
    }

    fn rules(&self) -> impl Iterator<Item = &'static Rule> {
        let rules = self.of.resource.kind.rules_at(&self.path);
        rules.filter(|rule| !rule.paths.contains(&"/**"))
    }

    fn compared(&self) -> Vec<String> {
        let said = |rule: &Rule| format!("{}. {}", words::how(rule.how), rule.evidence);
        let rules: Vec<String> = self.rules().map(said).collect();
        match (rules.is_empty(), self.desired) {
            (true, Some(_)) => vec!["by its value".to_owned()],
            _ => rules,
        }
    }

    fn stages(&self) -> Vec<String> {
        let stages = self.of.resource.kind.stages.iter();
        let here = stages.filter(|stage| is_at_or_inside(&self.path, stage.path));
        here.map(words::stage).collect()
    }

    fn effects(&self) -> Vec<String> {
        let effects = self.of.resource.kind.effects.iter();
        let here = effects.filter(|effect| touches(effect.paths, &self.path));
        here.map(words::effect).collect()
    }

    fn invalidations(&self) -> Vec<String> {
        let rows = self.of.resource.kind.invalidates.iter();
        let here =
            rows.filter(|row| touches(row.paths, &self.path) || touches(row.values, &self.path));
        here.map(words::invalidation).collect()
    }

    fn sources(&self) -> Vec<String> {
        let references = self.desired.map(Term::references).unwrap_or_default();
        label::sources(references)
    }
}

/// What is wanted of a resource, each property as plans print it.
pub fn properties(resource: &Resource) -> Vec<String> {
    let paths = resource.body().map(leaves).unwrap_or_default();
    paths.iter().map(|path| label::property(path)).collect()
}

/// The paths that a text may mean, the likeliest first.
fn readings(text: &str) -> Vec<String> {
    if text.starts_with('/') {
        return vec![text.to_owned()];
    }
    let dotted = text
        .split('.')
        .fold(String::new(), |path, step| join(&path, step));
    vec![format!("/properties{dotted}"), dotted]
}

fn is_ruled(kind: &Kind, path: &str) -> bool {
    let is_own = |rule: &&Rule| !rule.paths.contains(&"/**");
    kind.rules_at(path).any(|rule| is_own(&rule))
        || kind.stages.iter().any(|stage| stage.path == path)
        || kind
            .effects
            .iter()
            .any(|effect| touches(effect.paths, path))
}

fn touches(patterns: &[&str], path: &str) -> bool {
    patterns.iter().any(|pattern| matches(pattern, path))
}

fn is_at_or_inside(path: &str, whole: &str) -> bool {
    path.strip_prefix(whole)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The desired value at a path; `list[key]` is the item that the kind knows by that key.
fn at<'a>(body: &'a Term, path: &str, kind: &Kind) -> Option<&'a Term> {
    let mut at = body;
    let mut so_far = String::new();
    for segment in segments(path) {
        let (name, key) = match segment
            .strip_suffix(']')
            .and_then(|text| text.split_once('['))
        {
            Some((name, key)) => (name.to_owned(), Some(key.to_owned())),
            None => (segment, None),
        };
        so_far = join(&so_far, &name);
        at = at.at(&join("", &name))?;
        if let Some(key) = key {
            at = item(at, &key, &so_far, kind)?;
        }
    }
    Some(at)
}

fn item<'a>(list: &'a Term, key: &str, path: &str, kind: &Kind) -> Option<&'a Term> {
    let Term::Array(items) = list else {
        return None;
    };
    let pointers: Vec<&str> = kind
        .rules_at(path)
        .filter_map(|rule| match rule.how {
            How::Set(pointer) => Some(pointer),
            _ => None,
        })
        .collect();
    let is_meant = |item: &&Term| {
        let known = pointers.iter().filter_map(|pointer| item.at(pointer));
        known.into_iter().any(|value| value::desired(value) == key)
    };
    items.iter().find(is_meant)
}

/// The paths of everything in a body that is no object.
fn leaves(body: &Term) -> Vec<String> {
    fn walk(term: &Term, path: &str, found: &mut Vec<String>) {
        match term {
            Term::Object(members) => {
                for (name, term) in members {
                    walk(term, &join(path, name), found);
                }
            }
            _ => found.push(path.to_owned()),
        }
    }
    let mut found = Vec::new();
    walk(body, "", &mut found);
    found
}

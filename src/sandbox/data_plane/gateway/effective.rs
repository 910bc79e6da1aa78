//! The policy that holds for one call: the stored documents of all scopes put into one another at `<base/>`.
//!
//! All of it is read before any of it runs, so that a statement nobody can evaluate is a refusal even where an earlier
//! one would have answered the call.

use serde_json::Value;

use super::read::{Place, Read, steps};
use super::secret;
use super::statement::{Policy, Step};
use crate::sandbox::behaviour::apim::document::{Document, Element, Node, Spelling};
use crate::sandbox::store::{Object, Store};

/// Where a call belongs; ids are ARM ids.
pub(super) struct Scopes<'a> {
    pub(super) service: &'a str,
    pub(super) product: Option<&'a str>,
    pub(super) api: Option<&'a str>,
    pub(super) operation: Option<&'a str>,
}

/// Without any document a gateway forwards calls, as the document does that services are born with.
const UNWRITTEN: &str = "<policies><inbound /><backend><forward-request /></backend><outbound /><on-error /></policies>";

pub(super) fn policy(store: &Store, scopes: &Scopes) -> Read<Policy> {
    let values = NamedValues {
        store,
        service: scopes.service,
    };
    let global = match document(store, scopes.service) {
        Some(object) => values.filled(text(object))?,
        None => values.filled(UNWRITTEN)?,
    };
    let mut policy = apply(&global, "global", None, &values)?;
    let inner = [
        ("product", scopes.product),
        ("api", scopes.api),
        ("operation", scopes.operation),
    ];
    for (scope, id) in inner {
        if let Some(object) = id.and_then(|id| document(store, id)) {
            let document = values.filled(text(object))?;
            policy = apply(&document, scope, Some(&policy), &values)?;
        }
    }
    Ok(policy)
}

fn document<'a>(store: &'a Store, scope: &str) -> Option<&'a Object> {
    store.get(&format!("{scope}/policies/policy"))
}

fn text(object: &Object) -> &str {
    object.body["properties"]["value"]
        .as_str()
        .unwrap_or_default()
}

/// One document over its parent's policy.
fn apply(
    root: &Element,
    scope: &'static str,
    parent: Option<&Policy>,
    values: &NamedValues,
) -> Read<Policy> {
    let section = |name: &str, base: Option<&Vec<Step>>| -> Read<Vec<Step>> {
        let Some(element) = root.elements().find(|element| element.name == name) else {
            return omitted(scope, name, base);
        };
        let fragment = |id: &str| values.fragment(id);
        let place = Place {
            scope,
            base: base.map(Vec::as_slice),
            fragment: &fragment,
            depth: 0,
        };
        steps(element, &place)
    };
    Ok(Policy {
        inbound: section("inbound", parent.map(|parent| &parent.inbound))?,
        backend: section("backend", parent.map(|parent| &parent.backend))?,
        outbound: section("outbound", parent.map(|parent| &parent.outbound))?,
        on_error: section("on-error", parent.map(|parent| &parent.on_error))?,
    })
}

/// Nothing says whether a section that is not there is empty or inherited: where that matters it is refused.
fn omitted(scope: &str, name: &str, base: Option<&Vec<Step>>) -> Read<Vec<Step>> {
    match base {
        Some(base) if !base.is_empty() => {
            Err(format!("a document at {scope} scope without <{name}>"))
        }
        None if name == "backend" => Err("a global document without <backend>".to_owned()),
        Some(_) | None => Ok(Vec::new()),
    }
}

struct NamedValues<'a> {
    store: &'a Store,
    service: &'a str,
}

impl NamedValues<'_> {
    fn fragment(&self, id: &str) -> Read<Element> {
        let found = self
            .store
            .get(&format!("{}/policyFragments/{id}", self.service));
        let found = found.ok_or_else(|| format!("the missing policy fragment '{id}'"))?;
        self.filled(text(found))
    }

    fn filled(&self, text: &str) -> Read<Element> {
        let document = Document::parse(text, Spelling::Xml)
            .map_err(|malformed| format!("a stored document: {}", malformed.message))?;
        let mut root = document.root;
        self.fill(&mut root)?;
        Ok(root)
    }

    fn fill(&self, element: &mut Element) -> Read<()> {
        for (_, value) in &mut element.attributes {
            *value = self.substituted(value)?;
        }
        for node in &mut element.children {
            match node {
                Node::Text(text) => *text = self.substituted(text)?,
                Node::Element(child) => self.fill(child)?,
                Node::Comment(_) => {}
            }
        }
        Ok(())
    }

    /// `{{name}}` becomes the value; other pairs of braces are text.
    pub(super) fn substituted(&self, text: &str) -> Read<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("{{") {
            out.push_str(before);
            match after.split_once("}}") {
                Some((name, after)) if is_name(name.trim()) => {
                    out.push_str(&self.value(name.trim())?);
                    rest = after;
                }
                _ => {
                    out.push_str("{{");
                    rest = after;
                }
            }
        }
        out.push_str(rest);
        Ok(out)
    }

    fn value(&self, name: &str) -> Read<String> {
        let mut all = self
            .store
            .of_kind(self.service, "Microsoft.ApiManagement/service/namedValues");
        let found = all.find(|object| object.body["properties"]["displayName"] == name);
        let found = found.ok_or_else(|| format!("the missing named value '{name}'"))?;
        let plain = found.body["properties"]["value"].as_str();
        let digest = found.hidden["digests"]["/properties/value"].as_str();
        match (plain, digest) {
            // It may be anything, elements included: what is no plain text changes the document around it.
            (Some(value), _) if value.contains('<') && !value.starts_with('@') => {
                Err(format!("the markup in the named value '{name}'"))
            }
            (Some(value), _) => Ok(value.to_owned()),
            (None, Some(digest)) => Ok(secret::mark(digest)),
            (None, None) => Err(format!("the named value '{name}', which is in a key vault")),
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_part = |next: char| next.is_ascii_alphanumeric() || "-._".contains(next);
    !name.is_empty() && name.chars().all(is_part)
}

/// A stored string outside of policies (the address of a backend) with its named values.
pub(super) fn substituted(store: &Store, service: &str, text: &str) -> Read<String> {
    NamedValues { store, service }.substituted(text)
}

/// A member of the stored body as text; empty when it is not there.
pub(super) fn member<'a>(body: &'a Value, name: &str) -> &'a str {
    body["properties"][name].as_str().unwrap_or_default()
}

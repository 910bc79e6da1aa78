//! The policy in effect: gateway, API and operation, joined where `<base />` stands (domain.md E.3).
//!
//! Products come between gateway and API only for calls with a subscription, so nothing that guards may stand there
//! and they are left out. Only what runs unconditionally counts as a guard: a statement inside `<choose>` is no step.

use std::collections::BTreeMap;

use super::state::State;
use super::subject::{
    API, API_POLICY, FRAGMENT, GLOBAL_POLICY, OPERATION, OPERATION_POLICY, SERVICE,
};
use crate::policy::{Document, Element, Form, Node, Section};
use crate::resource::ResourceId;

const INCLUDE: &str = "include-fragment";
const NAMED_VALUE: &str = "Microsoft.ApiManagement/service/namedValues";

/// Every policy document of a state, read once.
#[derive(Debug, Default)]
pub struct Policies {
    documents: BTreeMap<ResourceId, Read>,
}

/// A document with what it was read from.
#[derive(Debug)]
struct Read {
    text: String,
    form: Form,
    document: Result<Document, String>,
}

/// One statement at the top of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step<'a> {
    pub(super) element: &'a Element,
}

/// What runs for an API, or for an operation with a policy of its own.
#[derive(Debug)]
pub(super) struct Scope<'a> {
    /// Whose document decides: the policy, or the API that has none.
    pub(super) id: &'a ResourceId,
    pub(super) inbound: Vec<Step<'a>>,
    backend: Vec<Step<'a>>,
    outbound: Vec<Step<'a>>,
    pub(super) on_error: Vec<Step<'a>>,
    /// A document on the way cannot be read.
    pub(super) unread: Option<&'a str>,
}

impl Policies {
    pub fn of(state: &State) -> Self {
        Self::default().renewed(state)
    }

    /// Those of another state: what says the same as before is not read again, unless it includes what may not.
    pub(super) fn renewed(mut self, state: &State) -> Self {
        let types = [FRAGMENT, GLOBAL_POLICY, API_POLICY, OPERATION_POLICY];
        let mut renewed = Self::default();
        for type_name in types {
            for entry in state.all(type_name) {
                let Some((text, service)) = entry
                    .text("/properties/value")
                    .zip(entry.id.ancestor(SERVICE))
                else {
                    continue;
                };
                let text = with_named_values(state, &service, text);
                let form = Form::of(entry.text("/properties/format"));
                let known = self.documents.remove(&entry.id).filter(|known| {
                    known.text == text && known.form == form && !text.contains(INCLUDE)
                });
                let read = known.unwrap_or_else(|| {
                    let mut read = Read::new(text, form);
                    if let Ok(document) = &mut read.document {
                        renewed.include(&service, &mut document.root);
                    }
                    read
                });
                renewed.documents.insert(entry.id.clone(), read);
            }
        }
        renewed
    }

    /// Puts what fragments say where they are included; one that is not there stays named. They hold no others, as
    /// documented (learn.microsoft.com, policy fragments, 2024).
    fn include(&self, service: &ResourceId, element: &mut Element) {
        let children = std::mem::take(&mut element.children);
        for mut child in children {
            let fragment = match &mut child {
                Node::Element(child) if child.name == INCLUDE => child
                    .get("fragment-id")
                    .and_then(|name| self.document(&service.child("policyFragments", name))),
                Node::Element(child) => {
                    self.include(service, child);
                    None
                }
                Node::Text(_) | Node::Comment(_) => None,
            };
            match fragment {
                Some(fragment) => element
                    .children
                    .extend(fragment.root.children.iter().cloned()),
                None => element.children.push(child),
            }
        }
    }

    /// Documents that can be read, fragments among them.
    pub fn documents(&self) -> impl Iterator<Item = (&ResourceId, &Document)> {
        self.documents
            .iter()
            .filter_map(|(id, read)| Some((id, read.document.as_ref().ok()?)))
    }

    pub fn document(&self, id: &ResourceId) -> Option<&Document> {
        self.documents.get(id)?.document.as_ref().ok()
    }

    pub(super) fn fault(&self, id: &ResourceId) -> Option<&str> {
        let document = &self.documents.get(id)?.document;
        document.as_ref().err().map(String::as_str)
    }

    /// Every API, and every operation whose own policy may change what holds for its API.
    pub(super) fn scopes<'a>(&'a self, state: &'a State) -> Vec<Scope<'a>> {
        let apis = state.all(API).map(|api| self.scope(&[], &api.id));
        let operations = state.all(OPERATION).filter_map(|operation| {
            let own = self.own(&operation.id)?;
            let api = state.all(API).find(|api| operation.id.is_within(&api.id))?;
            Some(self.scope(&[own], &api.id))
        });
        apis.chain(operations).collect()
    }

    fn own(&self, of: &ResourceId) -> Option<&ResourceId> {
        let id = of.child("policies", "policy");
        self.documents.get_key_value(&id).map(|(id, _)| id)
    }

    fn scope<'a>(&'a self, inner: &[&'a ResourceId], api: &'a ResourceId) -> Scope<'a> {
        let global = api.ancestor(SERVICE).and_then(|service| self.own(&service));
        let chain: Vec<&ResourceId> = inner
            .iter()
            .copied()
            .chain(self.own(api))
            .chain(global)
            .collect();
        let decides = inner.first().copied().or_else(|| self.own(api));
        Scope {
            id: decides.unwrap_or(api),
            inbound: self.resolve(&chain, Section::Inbound),
            backend: self.resolve(&chain, Section::Backend),
            outbound: self.resolve(&chain, Section::Outbound),
            on_error: self.resolve(&chain, Section::OnError),
            unread: chain.iter().find_map(|id| self.fault(id)),
        }
    }

    /// The statements of a section from the inside out: the parent's stand where `<base />` does.
    fn resolve<'a>(&'a self, chain: &[&'a ResourceId], section: Section) -> Vec<Step<'a>> {
        let Some((origin, outer)) = chain.split_first() else {
            return Vec::new();
        };
        let Some(own) = self
            .document(origin)
            .and_then(|document| document.section(section))
        else {
            return Vec::new();
        };
        let mut steps = Vec::new();
        for element in own.elements() {
            match element.name.as_str() {
                "base" => steps.extend(self.resolve(outer, section)),
                _ => steps.push(Step { element }),
            }
        }
        steps
    }
}

impl Read {
    fn new(text: String, form: Form) -> Self {
        let document = Document::read(&text, form).map_err(|error| error.to_string());
        Self {
            text,
            form,
            document,
        }
    }
}

/// `{{name}}` is put into the text before it is read; a secret one stays as it is.
fn with_named_values(state: &State, service: &ResourceId, text: &str) -> String {
    let mut text = text.to_owned();
    for entry in state.beneath(service, NAMED_VALUE) {
        if entry.flag("/properties/secret") == Some(true) {
            continue;
        }
        let Some(name) = entry.text("/properties/displayName") else {
            continue;
        };
        if let Some(value) = entry.text("/properties/value") {
            text = text.replace(&format!("{{{{{name}}}}}"), value);
        }
    }
    text
}

/// All elements of a name at or below one, in document order.
pub(super) fn every<'a>(element: &'a Element, name: &str) -> Vec<&'a Element> {
    let mut found = Vec::new();
    let mut open = vec![element];
    while let Some(at) = open.pop() {
        if at.name == name {
            found.push(at);
        }
        let mut children: Vec<&Element> = at.elements().collect();
        children.reverse();
        open.extend(children);
    }
    found
}

/// The text of an element, without the white space around it.
pub(super) fn text_of(element: &Element) -> String {
    let text: String = element.texts().map(crate::policy::Value::shown).collect();
    text.trim().to_owned()
}

/// The text of an attribute.
pub(super) fn attribute(element: &Element, name: &str) -> Option<String> {
    element.attribute(name).map(|found| found.value.shown())
}

impl<'a> Scope<'a> {
    pub(super) fn section(&self, section: Section) -> &[Step<'a>] {
        match section {
            Section::Inbound => &self.inbound,
            Section::Backend => &self.backend,
            Section::Outbound => &self.outbound,
            Section::OnError => &self.on_error,
        }
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        self.inbound
            .iter()
            .position(|step| step.element.name == name)
    }

    pub(super) fn steps(&self, name: &str) -> impl Iterator<Item = (usize, &'a Element)> {
        let steps = self.inbound.iter().enumerate();
        steps
            .filter(move |(_, step)| step.element.name == name)
            .map(|(index, step)| (index, step.element))
    }
}

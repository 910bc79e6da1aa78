//! One view of resources, whether they are desired, live, or live with a plan's changes on top.
//!
//! Values that only Azure knows stay visibly unknown: where the compiled graph refers to the `frontDoorId` of a
//! profile there is the text `⟨id#/properties/frontDoorId⟩`, and asking the profile itself for that value gives the
//! same text. So what is meant to be equal is equal before it is known, and nothing else is.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::resource::{At, Graph, Live, Observed, Ref, ResourceId, Term, Unreadable, Wanted, body};

const NETWORK: &str = "Microsoft.Network/virtualNetworks";

/// One resource.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    pub id: ResourceId,
    pub body: Value,
    /// Which line of the spec asks for it.
    pub source: Option<At>,
    /// The id that Azure gave it, where that is another one.
    pub object: Option<String>,
    /// Made or moved by a plan: what it does not say is known to Azure alone.
    is_planned: bool,
    type_name: String,
}

impl Entry {
    pub fn new(id: ResourceId, body: Value) -> Self {
        Self {
            type_name: id.type_name(),
            id,
            body,
            source: None,
            object: None,
            is_planned: false,
        }
    }

    /// The value at a pointer, if it says something: null, `[]` and `""` do not (quirks.md part 1, 6).
    pub fn at(&self, pointer: &str) -> Option<&Value> {
        body::get(&self.body, pointer).filter(|value| !body::is_blank(Some(value)))
    }

    pub fn text(&self, pointer: &str) -> Option<&str> {
        self.at(pointer).and_then(Value::as_str)
    }

    /// As a truth value: `true`, `"True"`; nothing where it is not said.
    pub fn flag(&self, pointer: &str) -> Option<bool> {
        self.at(pointer).and_then(truth)
    }

    pub fn is(&self, pointer: &str, wanted: &str) -> bool {
        self.text(pointer)
            .is_some_and(|text| text.eq_ignore_ascii_case(wanted))
    }

    pub fn list(&self, pointer: &str) -> &[Value] {
        body::get(&self.body, pointer)
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    pub fn texts(&self, pointer: &str) -> Vec<&str> {
        self.list(pointer)
            .iter()
            .filter_map(Value::as_str)
            .collect()
    }

    pub fn refers_to(&self, pointer: &str, id: &ResourceId) -> bool {
        self.text(pointer)
            .is_some_and(|text| text.eq_ignore_ascii_case(id.as_str()))
    }
}

/// API Management keeps truth as text, in any case: `"False"` is not true (domain.md A.3).
pub(super) fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(truth) => Some(*truth),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Something that could not be read.
#[derive(Clone, Debug, PartialEq)]
pub struct Gap {
    pub id: ResourceId,
    /// The type of what stands there, or may.
    pub type_name: String,
    pub why: String,
}

/// Resources by id.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State {
    entries: BTreeMap<ResourceId, Entry>,
    gaps: Vec<Gap>,
    /// Whether values that a resource does not say are known to Azure alone.
    is_desired: bool,
    /// Ids that Azure gave, of resources that are known by another one.
    objects: BTreeSet<String>,
}

impl State {
    /// What a spec asks for.
    pub fn desired(graph: &Graph) -> Self {
        let entries = graph.iter().filter_map(|resource| {
            let (Wanted::Body(term) | Wanted::Given(term)) = &resource.wanted else {
                return None;
            };
            let mut entry = Entry::new(resource.id.clone(), known(term));
            entry.source = Some(resource.source.clone());
            Some((resource.id.clone(), entry))
        });
        Self {
            entries: entries.collect(),
            gaps: Vec::new(),
            is_desired: true,
            objects: BTreeSet::new(),
        }
    }

    /// What was read for a graph, with the lines that ask for it.
    pub fn live(graph: &Graph, live: &Live) -> Self {
        let mut state = Self::default();
        for (id, observed) in &live.resources {
            state.observe(id, observed);
            if let (Some(entry), Some(resource)) = (state.entries.get_mut(id), graph.get(id)) {
                entry.source = Some(resource.source.clone());
            }
        }
        for (id, found) in &live.orphans {
            state.observe(id, &Observed::Present(found.clone()));
        }
        let is_inside = |id: &ResourceId| live.orphans.keys().any(|orphan| id.is_within(orphan));
        for (id, found) in live.around.iter().filter(|(id, _)| is_inside(id)) {
            state.observe(id, &Observed::Present(found.clone()));
        }
        state.take_up_subnets();
        state
    }

    /// The same with everybody else's that is inside of what the graph names. What lies beside is not judged: a
    /// list of a resource group has no properties of it (ARM reference, Resources - List By Resource Group, 2021-04-01).
    pub fn whole(graph: &Graph, live: &Live) -> Self {
        let mut state = Self::live(graph, live);
        let inside = live.foreign.iter().filter(|(id, _)| graph.holds(id));
        let foreign = inside.map(|(id, stranger)| (id, &stranger.found));
        for (id, found) in foreign.chain(&live.around) {
            state.observe(id, &Observed::Present(found.clone()));
        }
        state.take_up_subnets();
        state
    }

    /// Subnets that were not read for themselves, as their network says them (quirks.md: virtual networks).
    fn take_up_subnets(&mut self) {
        let subnets = self
            .all(NETWORK)
            .flat_map(|network| network.list("/properties/subnets"));
        let subnets: Vec<(ResourceId, Value)> = subnets
            .filter_map(|subnet| {
                let id = ResourceId::parse(subnet.get("id")?.as_str()?).ok()?;
                Some((id, subnet.clone()))
            })
            .collect();
        for (id, body) in subnets {
            if !self.is_unread(&id) {
                self.entries
                    .entry(id.clone())
                    .or_insert_with(|| Entry::new(id, body));
            }
        }
    }

    /// Takes up what was read. A resource that is there already keeps what it was read with; one that was found by a
    /// value is known by that, and the same one listed has the name that Azure gave it.
    pub fn observe(&mut self, id: &ResourceId, observed: &Observed) {
        match observed {
            Observed::Present(found) => {
                let object = found
                    .object
                    .as_ref()
                    .map(|object| object.to_ascii_lowercase());
                let listed = id.as_str().to_ascii_lowercase();
                let is_known = [Some(&listed), object.as_ref()]
                    .into_iter()
                    .flatten()
                    .any(|name| self.objects.contains(name));
                if self.entries.contains_key(id) || is_known {
                    return;
                }
                self.objects.extend(object);
                let entry = Entry {
                    object: found.object.clone(),
                    ..Entry::new(id.clone(), found.body.clone())
                };
                self.entries.insert(id.clone(), entry);
            }
            Observed::Absent => {}
            Observed::Unreadable(why) => self.miss(id, &id.type_name(), why),
        }
    }

    /// What of this type stands at or below `id` could not be read.
    pub fn miss(&mut self, id: &ResourceId, type_name: &str, why: &Unreadable) {
        self.gaps.push(Gap {
            id: id.clone(),
            type_name: type_name.to_owned(),
            why: format!("{}: {}", why.code, why.message),
        });
    }

    pub fn insert(&mut self, entry: Entry) {
        self.entries.insert(entry.id.clone(), entry);
    }

    pub fn remove(&mut self, id: &ResourceId) -> Option<Entry> {
        self.entries.remove(id)
    }

    /// Puts a planned value at a pointer, into a resource that the plan makes where it is not there.
    pub fn write(&mut self, id: &ResourceId, pointer: &str, term: &Term) {
        let entry = self.entries.entry(id.clone()).or_insert_with(|| Entry {
            is_planned: true,
            ..Entry::new(id.clone(), Value::Null)
        });
        body::set(&mut entry.body, pointer, known(term));
    }

    /// Takes away a value that a plan moves: until Azure says the new one, it is unknown.
    pub fn forget(&mut self, id: &ResourceId, pointer: &str) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.is_planned = true;
            body::set(&mut entry.body, pointer, Value::Null);
        }
    }

    /// What a resource that is there does not say yet, Azure still will.
    pub fn expect(&mut self, id: &ResourceId) {
        if let Some(entry) = self.entries.get_mut(id) {
            entry.is_planned = true;
        }
    }

    /// Takes away a resource with everything beneath it.
    pub fn delete(&mut self, id: &ResourceId) {
        self.entries
            .retain(|other, _| other != id && !other.is_within(id));
    }

    pub fn get_mut(&mut self, id: &ResourceId) -> Option<&mut Entry> {
        self.entries.get_mut(id)
    }

    pub fn get(&self, id: &ResourceId) -> Option<&Entry> {
        self.entries.get(id)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }

    pub fn gaps(&self) -> &[Gap] {
        &self.gaps
    }

    /// Whether it is one of those that could not be read.
    pub fn is_unread(&self, id: &ResourceId) -> bool {
        let type_name = id.type_name();
        self.gaps.iter().any(|gap| {
            gap.type_name.eq_ignore_ascii_case(&type_name)
                && (gap.id == *id || id.is_within(&gap.id))
        })
    }

    pub fn is_desired(&self) -> bool {
        self.is_desired
    }

    /// Every resource of a type.
    pub fn all<'a>(&'a self, type_name: &'a str) -> impl Iterator<Item = &'a Entry> {
        self.entries
            .values()
            .filter(move |entry| entry.type_name.eq_ignore_ascii_case(type_name))
    }

    /// Those directly beneath a resource.
    pub fn beneath<'a>(
        &'a self,
        parent: &'a ResourceId,
        type_name: &'a str,
    ) -> impl Iterator<Item = &'a Entry> {
        self.all(type_name)
            .filter(move |entry| entry.id.parent().as_ref() == Some(parent))
    }

    /// By an id that stands in some body.
    pub fn named(&self, id: &str) -> Option<&Entry> {
        self.get(&ResourceId::parse(id).ok()?)
    }

    /// A value of a resource, the unknown one where only Azure knows it; nothing when the resource is not there.
    pub fn value(&self, id: &ResourceId, pointer: &str) -> Option<Value> {
        let entry = self.get(id)?;
        if pointer == "/@object"
            && let Some(object) = &entry.object
        {
            return Some(Value::String(object.clone()));
        }
        match entry.at(pointer) {
            Some(value) => Some(value.clone()),
            None if self.is_desired || entry.is_planned => Some(Value::String(late(id, pointer))),
            None => None,
        }
    }

    pub fn text(&self, id: &ResourceId, pointer: &str) -> Option<String> {
        self.value(id, pointer)?.as_str().map(str::to_owned)
    }

    /// A list of texts; before it is known, the one text that stands for each of its items.
    pub fn texts(&self, id: &ResourceId, pointer: &str) -> Vec<String> {
        match self.value(id, pointer) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect(),
            Some(Value::String(_)) => vec![each(id, pointer)],
            _ => Vec::new(),
        }
    }
}

/// How a value that comes later is written.
fn late(id: &ResourceId, pointer: &str) -> String {
    format!("⟨{}#{pointer}⟩", id.as_str().to_ascii_lowercase())
}

fn each(id: &ResourceId, pointer: &str) -> String {
    late(id, &format!("{pointer}/*"))
}

/// Whether a text holds a value that comes later.
pub fn is_late(text: &str) -> bool {
    text.contains('⟨')
}

fn known(term: &Term) -> Value {
    let item = Value::String("⟨item⟩".to_owned());
    fill(term, &item)
}

fn fill(term: &Term, item: &Value) -> Value {
    match term {
        Term::Json(value) => value.clone(),
        Term::Object(members) => Value::Object(
            members
                .iter()
                .map(|(key, term)| (key.clone(), fill(term, item)))
                .collect(),
        ),
        Term::Array(items) => Value::Array(items.iter().map(|term| fill(term, item)).collect()),
        Term::Ref(Ref { resource, pointer }) => Value::String(late(resource, pointer)),
        Term::Concat(parts) => {
            let parts = parts.iter().map(|part| match fill(part, item) {
                Value::String(text) => text,
                other => other.to_string(),
            });
            Value::String(parts.collect())
        }
        Term::Each { over, template } => {
            let item = Value::String(each(&over.resource, &over.pointer));
            Value::Array(vec![fill(template, &item)])
        }
        Term::Item => item.clone(),
        Term::Generated(_) => Value::String("⟨generated⟩".to_owned()),
    }
}

//! What a family says about one resource, before the graph adds what follows from its id and section.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::resource::{At, Recommendation, Resource, ResourceId, Term, Wanted, kinds};
use crate::spec::Spec;

/// A resource whose kind is not looked up yet.
pub(super) struct Draft {
    id: ResourceId,
    wanted: Wanted,
    depends_on: BTreeSet<ResourceId>,
    serves: BTreeSet<Recommendation>,
    source: At,
}

impl Draft {
    pub(super) fn body(id: ResourceId, source: &At, body: Value) -> Self {
        Self::new(id, source, Wanted::Body(Term::from(body)))
    }

    pub(super) fn given(id: ResourceId, source: &At, body: Value) -> Self {
        Self::new(id, source, Wanted::Given(Term::from(body)))
    }

    pub(super) fn absent(id: ResourceId, source: &At) -> Self {
        Self::new(id, source, Wanted::Absent)
    }

    /// What is left of a deleted resource, found by these values of its.
    pub(super) fn cleared(id: ResourceId, source: &At, of: ResourceId, found_by: Value) -> Self {
        let found_by = Term::from(found_by);
        Self::new(id, source, Wanted::Cleared { of, found_by })
    }

    fn new(id: ResourceId, source: &At, wanted: Wanted) -> Self {
        Self {
            id,
            wanted,
            depends_on: BTreeSet::new(),
            serves: BTreeSet::new(),
            source: source.clone(),
        }
    }

    /// What must be as desired first, beyond the parent and what the body refers to.
    #[must_use]
    pub(super) fn after(mut self, ids: impl IntoIterator<Item = ResourceId>) -> Self {
        self.depends_on.extend(ids);
        self
    }

    #[must_use]
    pub(super) fn serves(mut self, recommendations: &[Recommendation]) -> Self {
        self.serves.extend(recommendations);
        self
    }

    /// The id alone where the table of kinds has no row for it.
    pub(super) fn into_resource(self, protect: bool) -> Result<Resource, ResourceId> {
        let Self {
            id,
            wanted,
            depends_on,
            serves,
            source,
        } = self;
        let protect = protect && matches!(wanted, Wanted::Body(_));
        match kinds::of(&id) {
            Some(kind) => Ok(Resource {
                id,
                kind,
                wanted,
                depends_on,
                serves,
                source,
                protect,
            }),
            None => Err(id),
        }
    }
}

/// The tags of every resource that can carry some: the operator's, and the mark of what this spec owns.
pub(super) fn tags(spec: &Spec) -> BTreeMap<&str, &str> {
    let mut tags: BTreeMap<&str, &str> = spec
        .azure
        .tags
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    tags.insert("secgw", &spec.name);
    tags
}

/// `identity` of a resource with exactly one user-assigned managed identity.
pub(super) fn identity(of: &ResourceId) -> Value {
    json!({ "type": "UserAssigned", "userAssignedIdentities": { (of.as_str()): {} } })
}

/// Lists of the spec have no order, so none may show in a body.
pub(super) fn sorted<T: Ord>(items: impl IntoIterator<Item = T>) -> Vec<T> {
    items
        .into_iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect()
}

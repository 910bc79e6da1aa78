//! The environments for the families' tests, as they are or changed in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde_json::Value;

use super::compile;
use super::ids::Ids;
use crate::resource::{Graph, Resource, ResourceId, Term};
use crate::spec::{LoadOptions, Spec, SpecFile, load};

/// T3: Developer, the function admits the gateway's address.
pub(super) fn dev() -> Spec {
    environment("dev")
}

/// T1: `StandardV2`, the function has a private endpoint.
pub(super) fn prod() -> Spec {
    environment("prod")
}

/// T2: Developer in a network, the function has a private endpoint.
pub(super) fn staging() -> Spec {
    environment("staging")
}

pub(super) fn all() -> [Spec; 3] {
    [dev(), staging(), prod()]
}

/// Those that Front Door reaches by private link.
pub(super) fn private_edges() -> [Spec; 2] {
    [dev(), prod()]
}

fn environment(name: &str) -> Spec {
    let options = LoadOptions {
        spec: SpecFile::Environment(name.to_owned()),
        directory: PathBuf::from(env!("CARGO_MANIFEST_DIR")),
        environment: BTreeMap::new(),
        sandbox: true,
        allow_outside: false,
    };
    load(&options).unwrap().spec
}

/// A spec with its graph and its ids.
pub(super) struct Compiled<'a> {
    pub(super) graph: Graph,
    pub(super) ids: Ids<'a>,
}

impl<'a> Compiled<'a> {
    pub(super) fn of(spec: &'a Spec) -> Self {
        Self {
            graph: compile(spec).unwrap(),
            ids: Ids::new(spec),
        }
    }

    pub(super) fn resource(&self, id: &ResourceId) -> &Resource {
        self.graph
            .get(id)
            .unwrap_or_else(|| panic!("{id} is not in the graph"))
    }

    /// The term at a pointer of a resource's body.
    pub(super) fn at(&self, id: &ResourceId, pointer: &str) -> &Term {
        let body = self.resource(id).body();
        body.and_then(|body| body.at(pointer))
            .unwrap_or_else(|| panic!("{id} says nothing at {pointer}"))
    }

    /// The same where it is known already.
    pub(super) fn value(&self, id: &ResourceId, pointer: &str) -> Value {
        let known = self.at(id, pointer).known();
        known.unwrap_or_else(|| panic!("{id} is not known at {pointer}"))
    }

    /// Whether one is made only after the other, however many stand between.
    pub(super) fn waits_for(&self, later: &ResourceId, earlier: &ResourceId) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![later.clone()];
        while let Some(id) = open.pop() {
            if seen.insert(id.clone()) {
                open.extend(self.graph.dependencies(self.resource(&id)));
            }
        }
        later != earlier && seen.contains(earlier)
    }

    pub(super) fn assert_order(&self, chain: &[ResourceId]) {
        for pair in chain.windows(2) {
            assert!(
                self.waits_for(&pair[1], &pair[0]),
                "{} does not wait for {}",
                pair[1],
                pair[0]
            );
        }
    }
}

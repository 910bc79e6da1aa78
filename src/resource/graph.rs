//! The desired state: resources with edges, closed and acyclic by construction.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{At, Directory, Kind, Mark, Pattern, Realm, ResourceId, Rules, Term, kinds};

/// The ten recommendations of product.md that a resource or a control serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Recommendation {
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

impl Recommendation {
    /// In the words of product.md.
    pub fn says(self) -> &'static str {
        match self {
            Self::R1 => "OAuth on every call to API Management",
            Self::R2 => "HTTPS and TLS 1.3, never below 1.2",
            Self::R3 => "HTTPS alone on the Function",
            Self::R4 => "no FTP and no basic publishing credentials",
            Self::R5 => {
                "API Management and the Function in a virtual network where the tiers allow it"
            }
            Self::R6 => "otherwise the Function admits the address of API Management alone",
            Self::R7 => "users get in by OAuth; no API keys",
            Self::R8 => "rate limits, by user and not by key",
            Self::R9 => "API Management behind Front Door: HSTS, firewall, rate limit at the edge",
            Self::R10 => "no way round Front Door",
        }
    }
}

/// What is wanted of a resource.
#[derive(Clone, Debug, PartialEq)]
pub enum Wanted {
    /// There, with at least this body.
    Body(Term),
    /// Somebody else's: read for its values and waited for. The term fills in the kind's `Read::Find`.
    Given(Term),
    /// Not there.
    Absent,
    /// What is left of a deleted `of` and keeps its name taken: gone before that is made anew, and nobody's business
    /// otherwise. The term fills in the kind's `Read::Find`.
    Cleared { of: ResourceId, found_by: Term },
}

/// One resource of the desired state.
#[derive(Clone, Debug, PartialEq)]
pub struct Resource {
    pub id: ResourceId,
    pub kind: &'static Kind,
    pub wanted: Wanted,
    /// What must be as desired first, beyond the parent and what the body refers to. Guards stand here: an operation
    /// depends on its API's policy (architecture.md, decision 6).
    pub depends_on: BTreeSet<ResourceId>,
    pub serves: BTreeSet<Recommendation>,
    pub source: At,
    /// Never deleted or replaced by a plan.
    pub protect: bool,
}

impl Resource {
    pub fn body(&self) -> Option<&Term> {
        match &self.wanted {
            Wanted::Body(body) | Wanted::Given(body) => Some(body),
            Wanted::Cleared { found_by, .. } => Some(found_by),
            Wanted::Absent => None,
        }
    }

    /// One that no spec names: known by its id alone.
    pub fn unnamed(id: &ResourceId, kind: &'static Kind) -> Self {
        Self {
            id: id.clone(),
            kind,
            wanted: Wanted::Absent,
            depends_on: BTreeSet::new(),
            serves: BTreeSet::new(),
            source: At::nowhere(),
            protect: false,
        }
    }

    /// Everything this resource waits for when it is made: parent, references, explicit edges.
    pub fn dependencies(&self) -> BTreeSet<ResourceId> {
        let mut all = self.depends_on.clone();
        all.extend(self.id.parent());
        if let Some(body) = self.body() {
            all.extend(
                body.references()
                    .into_iter()
                    .map(|reference| reference.resource.clone()),
            );
        }
        all.remove(&self.id);
        all
    }
}

/// One list that is read to find what the spec no longer names.
#[derive(Clone, Debug, PartialEq)]
pub enum Listing {
    /// The children of one kind beneath an owned parent; the kind's last type segment is the collection's.
    Children {
        parent: ResourceId,
        kind: &'static Kind,
    },
    /// Everything in a resource group.
    Group { group: ResourceId },
    /// The applications of a directory that carry the owner's tag.
    Applications { directory: Directory },
}

/// The graph is not what a compiler may produce: a defect of secgw, never of the spec.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphError {
    #[error("{0} is compiled twice")]
    Duplicate(ResourceId),
    #[error("{0} depends on {1}, which is not in the graph")]
    Dangling(ResourceId, ResourceId),
    #[error("these resources depend on each other: {0:?}")]
    Cycle(Vec<ResourceId>),
}

/// The desired state of one spec.
#[derive(Clone, Debug, PartialEq)]
pub struct Graph {
    /// The spec's name: what marks carry.
    pub owner: String,
    resources: BTreeMap<ResourceId, Resource>,
    /// Dependencies before dependents; ties by id.
    order: Vec<ResourceId>,
    /// What the spec says beyond what it names.
    pub rules: Rules,
    pub aim: Aim,
}

/// Flex Consumption has no slots (domain.md B.1).
fn is_without(resource: &Resource, collection: &str) -> bool {
    let term = resource.body();
    collection == "slots"
        && term.is_some_and(|term| term.at("/properties/functionAppConfig").is_some())
}

/// What is to become of the resources of a graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Aim {
    /// As it says.
    #[default]
    Build,
    /// Gone, as far as they belong to its spec; these too, though they carry no mark.
    Destroy { also: Vec<Pattern> },
}

/// Collections beneath a resource that are nobody's to list or remove and still may open a way in.
const AROUND: &[(&str, &str)] = &[
    (
        "Microsoft.ApiManagement/service",
        "privateEndpointConnections",
    ),
    ("Microsoft.Web/sites", "slots"),
];

impl Graph {
    /// What stands around the resources of the graph: beneath which of them, and in which collection.
    pub fn around(&self) -> Vec<(&Resource, &'static str)> {
        let owned = self
            .iter()
            .filter(|resource| matches!(resource.wanted, Wanted::Body(_)));
        owned
            .flat_map(|resource| {
                let rows = AROUND
                    .iter()
                    .filter(|(type_name, _)| *type_name == resource.kind.type_name);
                rows.map(move |(_, collection)| (resource, *collection))
            })
            .filter(|(resource, collection)| !is_without(resource, collection))
            .collect()
    }

    /// Whether something lies inside of what the graph names: what a resource group holds merely lies beside it.
    pub fn holds(&self, id: &ResourceId) -> bool {
        let mut named = self.iter();
        named.any(|resource| resource.kind.mark != Mark::Founder && id.is_within(&resource.id))
    }

    /// Closes the graph. A parent that is not in the graph is not a dependency; any other missing one is an error.
    pub fn new(owner: &str, resources: Vec<Resource>) -> Result<Self, GraphError> {
        let mut map = BTreeMap::new();
        for resource in resources {
            if let Some(other) = map.insert(resource.id.clone(), resource) {
                return Err(GraphError::Duplicate(other.id));
            }
        }
        let edges = edges(&map)?;
        let order = sorted(&edges)?;
        Ok(Self {
            owner: owner.to_owned(),
            resources: map,
            order,
            rules: Rules::default(),
            aim: Aim::default(),
        })
    }

    #[must_use]
    pub fn with_rules(self, rules: Rules) -> Self {
        Self { rules, ..self }
    }

    /// The same resources, to be removed.
    #[must_use]
    pub fn to_destroy(self, also: Vec<Pattern>) -> Self {
        Self {
            aim: Aim::Destroy { also },
            ..self
        }
    }

    pub fn get(&self, id: &ResourceId) -> Option<&Resource> {
        self.resources.get(id)
    }

    pub fn len(&self) -> usize {
        self.resources.len()
    }

    /// How many resources a reader of the spec would count.
    pub fn named(&self) -> usize {
        let is_named = |resource: &&Resource| !matches!(resource.wanted, Wanted::Cleared { .. });
        self.iter().filter(is_named).count()
    }

    pub fn is_empty(&self) -> bool {
        self.resources.is_empty()
    }

    /// By id.
    pub fn iter(&self) -> impl Iterator<Item = &Resource> {
        self.resources.values()
    }

    /// Dependencies before dependents.
    pub fn in_order(&self) -> impl Iterator<Item = &Resource> {
        self.order.iter().filter_map(|id| self.resources.get(id))
    }

    /// The edges of one resource that stay inside the graph.
    pub fn dependencies(&self, resource: &Resource) -> BTreeSet<ResourceId> {
        let mut all = resource.dependencies();
        all.retain(|id| self.resources.contains_key(id));
        all
    }

    /// What waits for a resource, by id.
    pub fn dependents(&self, id: &ResourceId) -> impl Iterator<Item = &Resource> {
        let needs = |resource: &&Resource| resource.dependencies().contains(id);
        self.iter().filter(needs)
    }

    /// The edges of one resource that no path over another of its edges implies: what a drawing needs.
    pub fn nearest_dependencies(&self, resource: &Resource) -> BTreeSet<ResourceId> {
        let near = self.dependencies(resource);
        let mut implied = BTreeSet::new();
        let mut waiting: Vec<ResourceId> = near.iter().cloned().collect();
        while let Some(id) = waiting.pop() {
            let further = self.get(&id).map(|found| self.dependencies(found));
            for id in further.into_iter().flatten() {
                if implied.insert(id.clone()) {
                    waiting.push(id);
                }
            }
        }
        near.difference(&implied).cloned().collect()
    }

    /// What is listed beside the resources themselves, one request each.
    pub fn listings(&self) -> Vec<Listing> {
        let owned = || {
            self.iter()
                .filter(|resource| matches!(resource.wanted, Wanted::Body(_)))
        };
        let mut found: Vec<Listing> = owned().flat_map(children).collect();
        let groups = owned()
            .filter(|resource| resource.kind.type_name == "Microsoft.Resources/resourceGroups");
        found.extend(groups.map(|group| Listing::Group {
            group: group.id.clone(),
        }));
        let directories: BTreeSet<Directory> = owned()
            .filter(|resource| resource.kind.mark == Mark::GraphTag)
            .filter_map(|resource| match resource.id.realm() {
                Realm::Graph(directory) => Some(directory),
                Realm::Arm | Realm::Fact => None,
            })
            .collect();
        found.extend(
            directories
                .into_iter()
                .map(|directory| Listing::Applications { directory }),
        );
        found
    }
}

fn children(parent: &Resource) -> impl Iterator<Item = Listing> + '_ {
    let type_name = parent.id.type_name();
    kinds::all()
        .filter(|kind| {
            matches!(
                kind.mark,
                Mark::Parent | Mark::ApimTag | Mark::NamePrefix | Mark::Scope | Mark::Unmarked
            )
        })
        .filter(move |kind| {
            kind.type_name
                .rsplit_once('/')
                .is_some_and(|(head, _)| head.eq_ignore_ascii_case(&type_name))
        })
        .map(|kind| Listing::Children {
            parent: parent.id.clone(),
            kind,
        })
}

type Edges = BTreeMap<ResourceId, BTreeSet<ResourceId>>;

fn edges(map: &BTreeMap<ResourceId, Resource>) -> Result<Edges, GraphError> {
    let mut edges = Edges::new();
    for resource in map.values() {
        let mut needs = resource.dependencies();
        if let Some(parent) = resource
            .id
            .parent()
            .filter(|parent| !map.contains_key(parent))
        {
            needs.remove(&parent);
        }
        if let Some(missing) = needs.iter().find(|id| !map.contains_key(*id)) {
            return Err(GraphError::Dangling(resource.id.clone(), missing.clone()));
        }
        edges.insert(resource.id.clone(), needs);
    }
    Ok(edges)
}

/// Kahn's algorithm; the smallest ready id goes first, so the order is a property of the data.
fn sorted(edges: &Edges) -> Result<Vec<ResourceId>, GraphError> {
    let mut waiting: BTreeMap<&ResourceId, usize> =
        edges.iter().map(|(id, needs)| (id, needs.len())).collect();
    let mut dependents: BTreeMap<&ResourceId, Vec<&ResourceId>> = BTreeMap::new();
    for (id, needs) in edges {
        for need in needs {
            dependents.entry(need).or_default().push(id);
        }
    }
    let mut ready: BTreeSet<&ResourceId> = waiting
        .iter()
        .filter(|(_, n)| **n == 0)
        .map(|(id, _)| *id)
        .collect();
    let mut order = Vec::with_capacity(edges.len());
    while let Some(id) = ready.pop_first() {
        order.push(id.clone());
        waiting.remove(id);
        for dependent in dependents.get(id).into_iter().flatten() {
            if let Some(left) = waiting.get_mut(dependent) {
                *left -= 1;
                if *left == 0 {
                    ready.insert(dependent);
                }
            }
        }
    }
    if waiting.is_empty() {
        Ok(order)
    } else {
        Err(GraphError::Cycle(waiting.into_keys().cloned().collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::reference_to;
    use serde_json::json;

    fn plain(id: &ResourceId, body: Term, needs: &[&ResourceId]) -> Resource {
        Resource {
            id: id.clone(),
            kind: kinds::of(id).unwrap(),
            wanted: Wanted::Body(body),
            depends_on: needs.iter().map(|id| (*id).clone()).collect(),
            serves: BTreeSet::new(),
            source: At::new("test", &"test.yaml".into(), 1, 1),
            protect: false,
        }
    }

    fn id(name: &str) -> ResourceId {
        ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ManagedIdentity/userAssignedIdentities", name)
    }

    #[test]
    fn references_and_edges_put_dependencies_first() {
        let body = Term::from(
            json!({ "tags": { "other": reference_to(&id("z"), "/properties/clientId") } }),
        );
        let graph = Graph::new(
            "t",
            vec![
                plain(&id("a"), body, &[]),
                plain(&id("z"), Term::from(json!({})), &[]),
            ],
        )
        .unwrap();
        assert_eq!(
            graph.in_order().map(|r| r.id.name()).collect::<Vec<_>>(),
            ["z", "a"]
        );
    }

    #[test]
    fn a_graph_is_closed_acyclic_and_without_duplicates() {
        let empty = || Term::from(json!({}));
        assert_eq!(
            Graph::new("t", vec![plain(&id("a"), empty(), &[&id("b")])]),
            Err(GraphError::Dangling(id("a"), id("b")))
        );
        assert_eq!(
            Graph::new(
                "t",
                vec![
                    plain(&id("a"), empty(), &[&id("b")]),
                    plain(&id("b"), empty(), &[&id("a")])
                ]
            ),
            Err(GraphError::Cycle(vec![id("a"), id("b")]))
        );
        assert_eq!(
            Graph::new(
                "t",
                vec![plain(&id("a"), empty(), &[]), plain(&id("A"), empty(), &[])]
            ),
            Err(GraphError::Duplicate(id("a")))
        );
    }
}

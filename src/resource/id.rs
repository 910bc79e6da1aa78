//! Who a thing is: ARM ids, Graph objects by logical key, and facts of other systems.
//!
//! ARM ids are re-cased by most providers on the way back (quirks.md part 1, 3), so equality, order and hash
//! ignore case while the spelling that was first parsed is kept for requests and output. Graph objects have no
//! computable id; they are named by a logical key and their object id is part of what was observed.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Which Entra directory a Graph object lives in: the identity tenant is not the subscription's tenant
/// (domain.md D.0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Directory {
    /// The tenant whose users sign in: Azure AD B2C or Entra External ID.
    Identity,
    /// The tenant of the subscription, where managed identities live.
    Workforce,
}

impl Directory {
    pub fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Workforce => "workforce",
        }
    }
}

/// The system that holds a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    Arm,
    Graph(Directory),
    /// A document read over https, such as the OpenID metadata of a user flow; never written.
    Fact,
}

/// The identity of one resource, parsed once at the edge.
///
/// Text forms: `/subscriptions/…` (ARM), `graph:identity/applications/orders-api` (Graph, logical key),
/// `fact:https://…` (a document).
#[derive(Clone)]
pub struct ResourceId {
    text: Arc<str>,
    folded: Arc<str>,
    realm: Realm,
}

/// The text is no id in any of the three forms.
#[derive(Debug, thiserror::Error)]
#[error(
    "`{0}` is no resource id: expected `/subscriptions/…`, `graph:identity/…`, `graph:workforce/…` or `fact:https://…`"
)]
pub struct InvalidId(String);

impl ResourceId {
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let text = text.trim_end_matches('/');
        let realm = realm_of(text).ok_or_else(|| InvalidId(text.to_owned()))?;
        Ok(Self::new(text.to_owned(), realm))
    }

    fn new(text: String, realm: Realm) -> Self {
        let folded = text.to_ascii_lowercase().into();
        Self {
            text: text.into(),
            folded,
            realm,
        }
    }

    pub fn of_subscription(subscription: &str) -> Self {
        Self::new(format!("/subscriptions/{subscription}"), Realm::Arm)
    }

    pub fn resource_group(subscription: &str, name: &str) -> Self {
        Self::new(
            format!("/subscriptions/{subscription}/resourceGroups/{name}"),
            Realm::Arm,
        )
    }

    /// An object in a directory by its logical key, for example `("applications", "orders-api")`.
    pub fn graph(directory: Directory, collection: &str, key: &str) -> Self {
        Self::new(
            format!("graph:{}/{collection}/{key}", directory.name()),
            Realm::Graph(directory),
        )
    }

    /// A document at an https address.
    pub fn fact(url: &str) -> Self {
        Self::new(format!("fact:{url}"), Realm::Fact)
    }

    /// A resource of a provider inside this scope: a top-level resource of a resource group, or an extension
    /// of another resource.
    #[must_use]
    pub fn provider(&self, type_name: &str, name: &str) -> Self {
        Self::new(
            format!("{}/providers/{type_name}/{name}", self.text),
            self.realm,
        )
    }

    /// A child resource: `service.child("apis", "orders")`.
    #[must_use]
    pub fn child(&self, collection: &str, name: &str) -> Self {
        Self::new(format!("{}/{collection}/{name}", self.text), self.realm)
    }

    pub fn realm(&self) -> Realm {
        self.realm
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The last segment: the resource's name, the object's key, or a fact's address.
    pub fn name(&self) -> &str {
        match self.realm {
            Realm::Fact => &self.text["fact:".len()..],
            Realm::Graph(_) => self.graph_parts().1,
            Realm::Arm => self.text.rsplit('/').next().unwrap_or_default(),
        }
    }

    /// Everything before the name: where this resource is listed.
    pub fn collection(&self) -> &str {
        match self.realm {
            Realm::Fact => &self.text,
            Realm::Graph(_) => self.graph_parts().0,
            Realm::Arm => self.text.rsplit_once('/').map_or("", |(head, _)| head),
        }
    }

    /// Collections of the Graph have one or two segments (`identity/b2cUserFlows`); keys never hold a `/`.
    fn graph_parts(&self) -> (&str, &str) {
        let path = self.text.split_once(':').map_or("", |(_, rest)| rest);
        let path = path.split_once('/').map_or("", |(_, rest)| rest);
        path.rsplit_once('/').unwrap_or((path, ""))
    }

    /// `Microsoft.ApiManagement/service/apis`, `Microsoft.Graph/applications`, `fact`.
    pub fn type_name(&self) -> String {
        match self.realm {
            Realm::Fact => "fact".to_owned(),
            Realm::Graph(_) => format!("Microsoft.Graph/{}", self.graph_parts().0),
            Realm::Arm => self.arm_type(),
        }
    }

    fn arm_type(&self) -> String {
        let Some(at) = self.folded.rfind("/providers/") else {
            return match self.segments().len() {
                2 => "Microsoft.Resources/subscriptions".to_owned(),
                _ => "Microsoft.Resources/resourceGroups".to_owned(),
            };
        };
        let mut parts = self.text[at + "/providers/".len()..].split('/');
        let mut type_name = parts.next().unwrap_or_default().to_owned();
        for part in parts.step_by(2) {
            type_name.push('/');
            type_name.push_str(part);
        }
        type_name
    }

    fn segments(&self) -> Vec<&str> {
        self.text
            .split('/')
            .filter(|segment| !segment.is_empty())
            .collect()
    }

    /// The resource this one is a child or an extension of; a resource group for a top-level resource.
    pub fn parent(&self) -> Option<Self> {
        if self.realm != Realm::Arm {
            return None;
        }
        let (head, _) = self.text.rsplit_once('/')?;
        let (head, collection) = head.rsplit_once('/')?;
        if collection.eq_ignore_ascii_case("resourceGroups") {
            return None;
        }
        let scope = head.to_ascii_lowercase();
        let cut = match scope.rfind("/providers/") {
            Some(at) if scope[at + "/providers/".len()..].contains('/') => head,
            Some(at) => &head[..at],
            None if scope.ends_with("/providers") => &head[..head.len() - "/providers".len()],
            None => head,
        };
        (cut.split('/').filter(|segment| !segment.is_empty()).count() >= 4)
            .then(|| Self::new(cut.to_owned(), Realm::Arm))
    }

    /// The nearest resource upward (this one included) of a type: where writes queue (`Kind::lane`).
    pub fn ancestor(&self, type_name: &str) -> Option<Self> {
        let mut at = Some(self.clone());
        while let Some(id) = at {
            if id.type_name().eq_ignore_ascii_case(type_name) {
                return Some(id);
            }
            at = id.parent();
        }
        None
    }

    /// Whether this is a descendant of `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.folded.len() > other.folded.len()
            && self.folded.starts_with(&*other.folded)
            && self.folded.as_bytes()[other.folded.len()] == b'/'
    }

    pub fn subscription(&self) -> Option<&str> {
        (self.realm == Realm::Arm)
            .then(|| self.segments().get(1).copied())
            .flatten()
    }

    /// The part a person needs to tell it from its neighbours: from the provider's type on.
    pub fn short(&self) -> String {
        match self.realm {
            Realm::Fact => self.name().to_owned(),
            Realm::Graph(_) => format!("{}/{}", self.graph_parts().0, self.graph_parts().1),
            Realm::Arm => match self.folded.find("/resourcegroups/") {
                Some(at) => self.text[at + "/resourceGroups/".len()..]
                    .split_once("/providers/")
                    .map_or_else(
                        || self.name().to_owned(),
                        |(_, tail)| tail.replace("/providers/", "/"),
                    ),
                None => self.text.to_string(),
            },
        }
    }
}

fn realm_of(text: &str) -> Option<Realm> {
    if text.len() > "/subscriptions/".len()
        && text[.."/subscriptions/".len()].eq_ignore_ascii_case("/subscriptions/")
    {
        Some(Realm::Arm)
    } else if text.starts_with("graph:identity/") {
        Some(Realm::Graph(Directory::Identity))
    } else if text.starts_with("graph:workforce/") {
        Some(Realm::Graph(Directory::Workforce))
    } else if text.starts_with("fact:https://") {
        Some(Realm::Fact)
    } else {
        None
    }
}

impl PartialEq for ResourceId {
    fn eq(&self, other: &Self) -> bool {
        self.folded == other.folded
    }
}

impl Eq for ResourceId {}

impl PartialOrd for ResourceId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ResourceId {
    fn cmp(&self, other: &Self) -> Ordering {
        self.folded.cmp(&other.folded)
    }
}

impl Hash for ResourceId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.folded.hash(state);
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for ResourceId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service() -> ResourceId {
        ResourceId::resource_group("s1", "rg").provider("Microsoft.ApiManagement/service", "apim")
    }

    #[test]
    fn ids_that_differ_in_case_alone_are_one_id() {
        let recased = ResourceId::parse(
            "/subscriptions/s1/resourcegroups/RG/providers/microsoft.apimanagement/SERVICE/apim",
        )
        .unwrap();
        assert_eq!(service(), recased);
        assert_ne!(service(), service().child("apis", "a"));
    }

    #[test]
    fn types_and_parents_follow_the_segments() {
        let api = service().child("apis", "orders");
        assert_eq!(api.type_name(), "Microsoft.ApiManagement/service/apis");
        assert_eq!(api.parent(), Some(service()));
        assert_eq!(
            service().parent(),
            Some(ResourceId::resource_group("s1", "rg"))
        );
        assert_eq!(ResourceId::resource_group("s1", "rg").parent(), None);
        let setting = service().provider("Microsoft.Insights/diagnosticSettings", "secgw");
        assert_eq!(setting.type_name(), "Microsoft.Insights/diagnosticSettings");
        assert_eq!(setting.parent(), Some(service()));
        assert_eq!(
            api.child("policies", "policy")
                .ancestor("Microsoft.ApiManagement/service"),
            Some(service())
        );
        assert!(api.is_within(&service()) && !service().is_within(&service()));
    }

    #[test]
    fn graph_objects_and_facts_have_names_and_types() {
        let flow = ResourceId::graph(Directory::Identity, "identity/b2cUserFlows", "B2C_1_signin");
        assert_eq!(flow.type_name(), "Microsoft.Graph/identity/b2cUserFlows");
        assert_eq!(
            (flow.collection(), flow.name()),
            ("identity/b2cUserFlows", "B2C_1_signin")
        );
        assert_eq!(ResourceId::parse(flow.as_str()).unwrap(), flow);
        let fact = ResourceId::fact("https://t.b2clogin.com/x/.well-known/openid-configuration");
        assert_eq!(
            fact.name(),
            "https://t.b2clogin.com/x/.well-known/openid-configuration"
        );
        assert_eq!(fact.type_name(), "fact");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        for text in ["", "apim", "/tenants/x", "graph:other/x", "fact:http://x"] {
            assert!(ResourceId::parse(text).is_err(), "{text}");
        }
    }
}

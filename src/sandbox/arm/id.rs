//! ARM paths taken apart: scope, namespace, types and names.

const RESOURCES: &str = "Microsoft.Resources";

/// A resource id as the caller spelled it. Compare by `key`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArmId {
    /// What stands before the last `/providers/`: a resource group, a subscription, or for extension types a resource.
    pub(crate) scope: String,
    pub(crate) namespace: String,
    /// Pairs of type and name, outermost first.
    pub(crate) pairs: Vec<(String, String)>,
}

impl ArmId {
    /// None for what is no resource id: a collection, an action, a path outside any provider.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = path.trim_end_matches('/');
        if let Some(group) = resource_group(path) {
            return Some(group);
        }
        let at = path.to_ascii_lowercase().rfind("/providers/")?;
        let mut rest = path[at + "/providers/".len()..].split('/');
        let namespace = rest.next()?.to_owned();
        let segments: Vec<&str> = rest.collect();
        if segments.is_empty() || !segments.len().is_multiple_of(2) || segments.contains(&"") {
            return None;
        }
        let pairs = segments
            .chunks_exact(2)
            .map(|pair| (pair[0].to_owned(), pair[1].to_owned()))
            .collect();
        Some(Self {
            scope: path[..at].to_owned(),
            namespace,
            pairs,
        })
    }

    pub(crate) fn text(&self) -> String {
        let mut text = if self.is_group() {
            self.scope.clone()
        } else {
            format!("{}/providers/{}", self.scope, self.namespace)
        };
        for (kind, name) in &self.pairs {
            text.push('/');
            text.push_str(kind);
            text.push('/');
            text.push_str(name);
        }
        text
    }

    /// The store's key.
    pub(crate) fn key(&self) -> String {
        self.text().to_lowercase()
    }

    /// `Microsoft.Network/virtualNetworks/subnets`, as spelled by the caller.
    pub(crate) fn arm_type(&self) -> String {
        let mut text = self.namespace.clone();
        for (kind, _) in &self.pairs {
            text.push('/');
            text.push_str(kind);
        }
        text
    }

    pub(crate) fn name(&self) -> &str {
        self.pairs.last().map_or("", |(_, name)| name)
    }

    /// Whether it extends a subscription or another resource instead of standing in a group.
    pub(crate) fn is_extension(&self) -> bool {
        !self.is_group() && self.scope.matches('/').count() != 4
    }

    /// The resource this one is a child of; None at the top of a provider.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, above) = self.pairs.split_last()?;
        (!above.is_empty()).then(|| Self {
            pairs: above.to_vec(),
            ..self.clone()
        })
    }

    /// `/subscriptions/{s}/resourceGroups/{g}`: of Microsoft.Resources, though its path does not say so.
    pub(crate) fn is_group(&self) -> bool {
        self.pairs.len() == 1
            && self.pairs[0].0.eq_ignore_ascii_case("resourceGroups")
            && self.namespace.eq_ignore_ascii_case(RESOURCES)
    }

    /// The outermost resource of the same provider.
    pub(crate) fn top(&self) -> Self {
        Self {
            pairs: self.pairs[..1].to_vec(),
            ..self.clone()
        }
    }

    pub(crate) fn subscription(&self) -> Option<&str> {
        segment_after(&self.scope, "subscriptions")
    }

    pub(crate) fn group(&self) -> Option<&str> {
        segment_after(&self.scope, "resourcegroups")
    }

    /// A child of this resource.
    pub(crate) fn child(&self, kind: &str, name: &str) -> Self {
        let mut child = self.clone();
        child.pairs.push((kind.to_owned(), name.to_owned()));
        child
    }
}

fn segment_after<'a>(path: &'a str, word: &str) -> Option<&'a str> {
    let mut segments = path.split('/');
    segments.find(|segment| segment.eq_ignore_ascii_case(word))?;
    segments.next()
}

fn resource_group(path: &str) -> Option<ArmId> {
    let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
    let [subscriptions, subscription, groups, group] = segments.as_slice() else {
        return None;
    };
    let is_group = subscriptions.eq_ignore_ascii_case("subscriptions")
        && groups.eq_ignore_ascii_case("resourceGroups");
    is_group.then(|| ArmId {
        scope: format!("/subscriptions/{subscription}"),
        namespace: RESOURCES.to_owned(),
        pairs: vec![("resourceGroups".to_owned(), (*group).to_owned())],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_taking_apart_and_putting_together() {
        for path in [
            "/subscriptions/s/resourceGroups/g",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/e/f",
            "/subscriptions/s/providers/A.B/c/d",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/E.F/g/h",
        ] {
            assert_eq!(ArmId::parse(path).unwrap().text(), path);
        }
    }

    #[test]
    fn an_extension_resource_has_the_resource_it_extends_as_scope() {
        let id =
            ArmId::parse("/subscriptions/s/resourceGroups/g/providers/A.B/c/d/providers/E.F/g/h");
        let id = id.unwrap();
        assert_eq!(id.arm_type(), "E.F/g");
        assert!(id.scope.ends_with("/providers/A.B/c/d"));
        assert_eq!(id.group(), Some("g"));
        assert_eq!(id.parent(), None);
    }

    #[test]
    fn collections_and_actions_are_no_ids() {
        for path in [
            "/subscriptions/s",
            "/subscriptions/s/resourceGroups",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c",
            "/subscriptions/s/resourceGroups/g/providers/A.B/c//e/f",
        ] {
            assert_eq!(ArmId::parse(path), None, "{path}");
        }
    }
}

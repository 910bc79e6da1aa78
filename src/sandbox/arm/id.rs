//! ARM paths taken apart: scope, namespace, types and names.

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
        let at = path.to_ascii_lowercase().rfind("/providers/")?;
        let mut rest = path[at + "/providers/".len()..].split('/');
        let namespace = rest.next()?.to_owned();
        let segments: Vec<&str> = rest.collect();
        if segments.is_empty() || segments.len() % 2 != 0 || segments.contains(&"") {
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
        let mut text = format!("{}/providers/{}", self.scope, self.namespace);
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

    /// The resource this one is a child of; None at the top of a provider.
    pub(crate) fn parent(&self) -> Option<Self> {
        let (_, above) = self.pairs.split_last()?;
        (!above.is_empty()).then(|| Self {
            pairs: above.to_vec(),
            ..self.clone()
        })
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

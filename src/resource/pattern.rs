//! Addresses with wildcards: how a spec and a command line say which resources they mean.
//!
//! `apis/orders` means every resource whose id ends so; a whole id means itself. `*` stands for anything inside a
//! segment, `**` for anything. Case makes no difference, as in ids.

use std::fmt;

use serde::{Serialize, Serializer};

use super::ResourceId;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Pattern {
    text: String,
    folded: Vec<u8>,
}

impl Pattern {
    /// None for what could mean anything, or nothing.
    pub fn parse(text: &str) -> Option<Self> {
        let is_specific = text.chars().any(char::is_alphanumeric);
        let is_whole = !text.chars().any(|c| c.is_whitespace() && c != ' ');
        (is_specific && is_whole).then(|| Self {
            text: text.to_owned(),
            folded: text.to_ascii_lowercase().into_bytes(),
        })
    }

    pub fn matches(&self, id: &ResourceId) -> bool {
        let whole = id.as_str().to_ascii_lowercase();
        let short = id.short().to_ascii_lowercase();
        let ends = std::iter::once(0).chain(short.match_indices('/').map(|(at, _)| at + 1));
        is_match(&self.folded, whole.as_bytes())
            || ends
                .into_iter()
                .any(|at| is_match(&self.folded, &short.as_bytes()[at..]))
    }

    /// Whether it means this resource or one that this is inside of.
    pub fn covers(&self, id: &ResourceId) -> bool {
        let mut at = Some(id.clone());
        while let Some(id) = at {
            if self.matches(&id) {
                return true;
            }
            at = id.parent();
        }
        false
    }

    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Pattern {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

/// Whether a text fits a pattern of the same case.
pub fn is_match(pattern: &[u8], text: &[u8]) -> bool {
    match pattern {
        [] => text.is_empty(),
        [b'*', b'*', rest @ ..] => (0..=text.len()).any(|at| is_match(rest, &text[at..])),
        [b'*', rest @ ..] => {
            let segment = text
                .iter()
                .position(|byte| *byte == b'/')
                .unwrap_or(text.len());
            (0..=segment).any(|at| is_match(rest, &text[at..]))
        }
        [first, rest @ ..] => text
            .split_first()
            .is_some_and(|(head, tail)| head == first && is_match(rest, tail)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Directory;

    fn matches(pattern: &str, id: &ResourceId) -> bool {
        Pattern::parse(pattern).unwrap().matches(id)
    }

    #[test]
    fn an_address_is_a_whole_id_or_its_end() {
        let service =
            ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "gw");
        let api = service.child("apis", "orders");
        for pattern in [
            "apis/orders",
            "APIS/Orders",
            "gw/apis/orders",
            "service/*/apis/*",
            "**/orders",
            api.as_str(),
        ] {
            assert!(matches(pattern, &api), "{pattern}");
        }
        for pattern in ["apis", "s/orders", "service/*", "apis/order", "gw/*"] {
            assert!(!matches(pattern, &api), "{pattern}");
        }
        let user = ResourceId::graph(Directory::Identity, "users", "ada@example.com");
        assert!(matches("users/*", &user) && matches("users/ada@example.com", &user));
    }

    #[test]
    fn what_is_inside_is_covered() {
        let api = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ApiManagement/service", "gw")
            .child("apis", "orders");
        let covers = |pattern: &str, id: &ResourceId| Pattern::parse(pattern).unwrap().covers(id);
        assert!(covers("apis/orders", &api.child("operations", "get")));
        assert!(!covers("apis/orders", &api.parent().unwrap()));
    }

    #[test]
    fn a_pattern_says_something() {
        for text in ["", "*", "**", "*/*", "a\nb"] {
            assert_eq!(Pattern::parse(text), None, "{text:?}");
        }
    }
}

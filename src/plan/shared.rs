//! Facts that two resources carry.

use super::change::{Action, Base, Change, Set};
use crate::resource::ResourceId;

/// Facts that a resource carries as well as its parent: changing it there moves it here (quirks.md: sites).
const SHARED: &[(&str, &str)] = &[(
    "Microsoft.Web/sites/config",
    "/properties/publicNetworkAccess",
)];

/// What its parent's change moves is not as it was read any more.
pub(super) fn follow(changes: &mut [Change]) {
    let moved: Vec<(ResourceId, &str)> = changes
        .iter()
        .flat_map(|change| {
            let set = change.action.set().into_iter().flat_map(Set::keys);
            set.map(|pointer| (change.key.address.clone(), pointer.as_str()))
        })
        .filter_map(|(id, pointer)| {
            let shared = SHARED.iter().find(|(_, shared)| *shared == pointer)?;
            Some((id, shared.1))
        })
        .collect();
    for change in changes {
        let Some(parent) = change.key.address.parent() else {
            continue;
        };
        let follows = SHARED.iter().any(|(type_name, pointer)| {
            *type_name == change.kind.type_name && moved.contains(&(parent.clone(), *pointer))
        });
        if let (true, Action::Update { base, .. }) = (follows, &mut change.action) {
            *base = Base::Earlier;
        }
    }
}

//! Addresses as people type them: the end of an id that means one resource and no other.

use std::collections::BTreeMap;

use super::{Realm, ResourceId};

/// What a text means among some resources.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meant<'a> {
    One(&'a ResourceId),
    /// Several end so.
    Any(Vec<&'a ResourceId>),
    None,
}

/// The ends of an id, shortest first, two segments longer each: `apis/orders`, `service/gw/apis/orders`, …, and the id
/// from its provider on.
pub fn ends(id: &ResourceId) -> Vec<String> {
    let short = id.short();
    if id.realm() == Realm::Fact {
        return vec![short];
    }
    let starts: Vec<usize> = std::iter::once(0)
        .chain(short.match_indices('/').map(|(at, _)| at + 1))
        .collect();
    let mut ends: Vec<String> = starts
        .iter()
        .rev()
        .skip(1)
        .step_by(2)
        .map(|start| short[*start..].to_owned())
        .collect();
    if ends.last() != Some(&short) {
        ends.push(short);
    }
    ends
}

/// For each resource the ends that no other shares.
pub fn unique_ends<'a>(
    ids: impl IntoIterator<Item = &'a ResourceId>,
) -> BTreeMap<&'a ResourceId, Vec<String>> {
    let all: Vec<(&ResourceId, Vec<String>)> = ids.into_iter().map(|id| (id, ends(id))).collect();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for end in all.iter().flat_map(|(_, ends)| ends) {
        *counts.entry(end.to_ascii_lowercase()).or_default() += 1;
    }
    let is_unique = |end: &String| counts.get(&end.to_ascii_lowercase()) == Some(&1);
    all.into_iter()
        .map(|(id, ends)| (id, ends.into_iter().filter(is_unique).collect()))
        .collect()
}

/// The resource that an address means: a whole id, an id from its provider on, or an end of it, in any case. A stage
/// after `#` is no part of the address.
pub fn find<'a>(text: &str, ids: impl IntoIterator<Item = &'a ResourceId>) -> Meant<'a> {
    let text = text.split_once('#').map_or(text, |(address, _)| address);
    let wanted = text.trim().trim_end_matches('/').to_ascii_lowercase();
    let mut found = Vec::new();
    for id in ids {
        let short = id.short().to_ascii_lowercase();
        if id.as_str().eq_ignore_ascii_case(&wanted) || short == wanted {
            return Meant::One(id);
        }
        if short
            .strip_suffix(&wanted)
            .is_some_and(|head| head.ends_with('/'))
        {
            found.push(id);
        }
    }
    match found.as_slice() {
        [] => Meant::None,
        [only] => Meant::One(only),
        _ => Meant::Any(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::Directory;

    fn service() -> ResourceId {
        ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "gw")
    }

    #[test]
    fn an_address_begins_with_a_type_and_never_with_a_name() {
        let api = service().child("apis", "orders");
        assert_eq!(
            ends(&api),
            [
                "apis/orders",
                "service/gw/apis/orders",
                "Microsoft.ApiManagement/service/gw/apis/orders"
            ]
        );
        let user = ResourceId::graph(Directory::Identity, "users", "ada@example.com");
        assert_eq!(ends(&user), ["users/ada@example.com"]);
        assert_eq!(ends(&ResourceId::resource_group("s", "rg")), ["rg"]);
    }

    #[test]
    fn an_end_that_two_share_is_unique_for_neither() {
        let one = service().child("apis", "a").child("policies", "policy");
        let other = service().child("apis", "b").child("policies", "policy");
        let ends = unique_ends([&one, &other]);
        assert_eq!(ends[&one][0], "apis/a/policies/policy");
        let ids = [one.clone(), other.clone()];
        assert_eq!(
            find("policies/policy", &ids),
            Meant::Any(vec![&one, &other])
        );
        assert_eq!(find("A/policies/policy#stage", &ids), Meant::One(&one));
        assert_eq!(find("olicy", &ids), Meant::None);
    }

    #[test]
    fn a_whole_id_means_itself_though_others_end_like_it() {
        let group = ResourceId::resource_group("s", "orders");
        let ids = [service().child("apis", "orders"), group.clone()];
        assert_eq!(find("orders", &ids), Meant::One(&group));
        assert_eq!(find(ids[0].as_str(), &ids), Meant::One(&ids[0]));
    }
}

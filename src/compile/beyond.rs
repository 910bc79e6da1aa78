//! What the spec says beyond what it names: rules about strangers, and resources that must not be there.

use super::draft::Draft;
use super::ids::Ids;
use crate::resource::kind::Deletion;
use crate::resource::{Graph, Ignore, ResourceId, Rules, kinds};
use crate::spec::{Code, Diagnostic, IgnoreRule, Spec, Tombstone};

pub(super) fn rules(spec: &Spec) -> Rules {
    let ignore = spec.ignore.iter().map(|rule| Ignore {
        at: rule.at.clone(),
        address: rule.address.clone(),
        pointer: rule.pointer.clone(),
        value: rule.value.as_ref().map(|value| value.0.clone()),
        reason: rule.reason.clone(),
    });
    Rules {
        unmanaged: spec.unmanaged.clone(),
        ignore: ignore.collect(),
        safety: spec.safety.clone(),
    }
}

/// A resource that is declared cannot be ignored as well.
pub(super) fn conflicts(spec: &Spec, graph: &Graph) -> Vec<Diagnostic> {
    let named = |rule: &IgnoreRule| {
        graph.iter().find(|resource| {
            rule.pointer.is_none()
                && resource.body().is_some()
                && rule.address.matches(&resource.id)
        })
    };
    spec.ignore
        .iter()
        .filter_map(|rule| {
            let resource = named(rule)?;
            Some(Diagnostic::new(
                Code::Conflict,
                rule.at.clone(),
                format!("{} is what this spec asks for, so it cannot be ignored", resource.id.short()),
                "name an item of a list with `pointer` and `value`, or a resource that the spec does not have",
            ))
        })
        .collect()
}

/// Every tombstone as a resource that is not wanted; `named` is what the rest of the spec asks for.
pub(super) fn tombstones(
    spec: &Spec,
    ids: Ids,
    named: &[&ResourceId],
) -> Result<Vec<Draft>, Vec<Diagnostic>> {
    let mut drafts = Vec::new();
    let mut problems = Vec::new();
    for tombstone in &spec.absent {
        let address = &tombstone.address;
        let problem = |code, message: String, help: &str| {
            Diagnostic::new(code, tombstone.at.clone(), message, help)
        };
        match target(tombstone, ids) {
            Some(id) if named.contains(&&id) => problems.push(problem(
                Code::Conflict,
                format!("`{address}` is part of what this spec asks for"),
                "take it out of `absent`, or out of the rest of the spec",
            )),
            Some(id) => drafts.push(Draft::absent(id, &tombstone.at)),
            None => problems.push(problem(
                Code::InvalidValue,
                format!("`{address}` is no resource that secgw can remove"),
                "a whole id, `Microsoft.Web/sites/old` in the resource group, or `apis/legacy` in the gateway",
            )),
        }
    }
    if problems.is_empty() {
        Ok(drafts)
    } else {
        Err(problems)
    }
}

fn target(tombstone: &Tombstone, ids: Ids) -> Option<ResourceId> {
    let address = tombstone.address.trim_matches('/');
    let text = if address.to_ascii_lowercase().starts_with("subscriptions/") {
        format!("/{address}")
    } else if address.to_ascii_lowercase().starts_with("microsoft.") {
        format!("{}/providers/{address}", ids.group())
    } else {
        format!("{}/{address}", ids.service())
    };
    let id = ResourceId::parse(&text).ok()?;
    let kind = kinds::of(&id)?;
    (kind.deletion != Deletion::WithParent).then_some(id)
}

//! Desired is completed with what must stay before it is compared, so that the walk knows no exceptions.

use serde_json::Value;

use super::compare::identity;
use crate::resource::equal::{self, Equality};
use crate::resource::{How, Kind, Term, body};

/// An item of a list that secgw would remove, and that stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Kept {
    pub list: String,
    /// As it is shown: its key.
    pub item: String,
}

/// `desired` with the live items of its lists for which `stays` holds, by list and item.
pub fn complete(
    kind: &'static Kind,
    desired: &Term,
    live: &Value,
    stays: &dyn Fn(&str, &Value) -> bool,
) -> (Term, Vec<Kept>) {
    let equality = Equality::new(kind, live);
    let mut term = desired.clone();
    let mut kept = Vec::new();
    for (list, key) in lists(kind) {
        let (Some(Term::Array(items)), Some(Value::Array(there))) =
            (desired.at(list), body::get(live, list))
        else {
            continue;
        };
        let known: Vec<Value> = items.iter().map(|item| identity(item, key)).collect();
        let extra = equality.pair(list, key, &known, there).extra;
        let staying: Vec<&Value> = extra
            .into_iter()
            .map(|at| &there[at])
            .filter(|item| stays(list, item))
            .collect();
        kept.extend(staying.iter().map(|item| Kept {
            list: list.to_owned(),
            item: equal::shown_key(item, key),
        }));
        let staying = staying.into_iter().cloned().map(Term::Json);
        let all = items.iter().cloned().chain(staying).collect();
        term = term.with(list, Some(Term::Array(all)));
    }
    (term, kept)
}

/// The lists of a kind that have no order, and what tells their items apart.
fn lists(kind: &'static Kind) -> impl Iterator<Item = (&'static str, &'static str)> {
    kind.rules.iter().flat_map(|rule| {
        let key = match rule.how {
            How::Set(key) => Some(key),
            _ => None,
        };
        let paths = rule.paths.iter().filter(|path| !path.contains('*'));
        paths.filter_map(move |path| Some((*path, key?)))
    })
}

#[cfg(test)]
mod tests {
    use super::super::diff;
    use super::*;
    use crate::resource::{ResourceId, kinds};
    use serde_json::json;

    #[test]
    fn what_stays_is_no_difference_and_the_rest_of_the_list_is_compared() {
        let id = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.Web/sites", "f")
            .child("config", "web");
        let kind = kinds::of(&id).unwrap();
        let rule =
            |name: &str| json!({ "name": name, "ipAddress": "1.2.3.4/32", "action": "Allow" });
        let list = "/properties/ipSecurityRestrictions";
        let live = json!({ "properties": { "ipSecurityRestrictions": [rule("vip"), rule("theirs"), rule("other")] } });
        let desired =
            Term::from(json!({ "properties": { "ipSecurityRestrictions": [rule("vip")] } }));
        let complete =
            |stays: &dyn Fn(&str, &Value) -> bool| complete(kind, &desired, &live, stays);
        let (term, kept) = complete(&|_, _| false);
        assert_eq!((&term, kept), (&desired, vec![]));
        assert_eq!(diff(kind, &term, &live).properties.len(), 2);
        let (term, kept) = complete(&|at, item| at == list && item["name"] == "theirs");
        assert_eq!(
            kept,
            [Kept {
                list: list.to_owned(),
                item: "theirs".to_owned()
            }]
        );
        let left = diff(kind, &term, &live);
        assert_eq!(left.properties.len(), 1);
        assert!(left.properties[0].path.contains("[other]"));
        let written = left.set[list].known().unwrap();
        assert_eq!(written.as_array().unwrap().len(), 2, "{written}");
        let (term, _) = complete(&|_, _| true);
        assert!(diff(kind, &term, &live).is_empty());
    }
}

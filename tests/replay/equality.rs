//! Measure a: differences that are none.
//!
//! Every value that was sent is the same, equal for a reason, documented as not effective, or falsely different.

use secgw::diff::{PropertyChange, diff};
use secgw::resource::body::{self, is_blank};
use secgw::resource::equal::Equality;
use secgw::resource::{How, Kind, Term};
use serde_json::Value;

use super::leaf::{self, Leaf};
use super::recording::Pair;

/// Why a value that came back otherwise is no difference.
pub(crate) struct Reason {
    pub(crate) pointer: String,
    pub(crate) why: String,
}

#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) same: usize,
    pub(crate) equal: Vec<Reason>,
    pub(crate) not_effective: Vec<Reason>,
    /// Differences that are none, or values that are equal for no stated reason.
    pub(crate) wrong: Vec<Reason>,
}

pub(crate) fn measure(pair: &Pair) -> Counts {
    let found = diff(pair.kind, &Term::from(pair.sent.clone()), &pair.live);
    let mut counts = Counts::default();
    for change in found
        .properties
        .iter()
        .filter(|change| !is_unsaid(pair, change))
    {
        counts.wrong.push(Reason {
            pointer: change.path.clone(),
            why: format!(
                "{} instead of {}",
                shown(change.before.as_ref()),
                shown(change.after.known().as_ref())
            ),
        });
    }
    for leaf in leaf::values(pair.kind, &pair.sent, &pair.live).leaves {
        let names = |path: &String| {
            is_at_or_within(&leaf.shown, path) || is_at_or_within(path, &leaf.shown)
        };
        if found.not_effective.iter().any(|change| names(&change.path)) {
            counts.not_effective.push(Reason {
                why: leaf::rule(pair.kind, &leaf.pointer, &|how| {
                    matches!(how, How::NotEffective | How::Dropped | How::Overruled(..))
                })
                .unwrap_or_default(),
                pointer: leaf.pointer,
            });
        } else if leaf
            .live
            .as_ref()
            .is_some_and(|(_, live)| *live == leaf.desired)
        {
            counts.same += 1;
        } else if !found.properties.iter().any(|change| names(&change.path)) {
            let pointer = leaf.pointer.clone();
            match why_equal(pair.kind, &leaf) {
                Some(why) => counts.equal.push(Reason { pointer, why }),
                None => counts.wrong.push(Reason {
                    pointer,
                    why: "equal for no stated reason".to_owned(),
                }),
            }
        }
    }
    counts
}

/// A PATCH says nothing of the keys that it leaves out.
fn is_unsaid(pair: &Pair, change: &PropertyChange) -> bool {
    let (map, _) = change.path.rsplit_once('/').unwrap_or_default();
    pair.is_patch && change.after == Term::null() && pair.kind.has(map, &|how| how == How::WholeMap)
}

fn is_at_or_within(path: &str, outer: &str) -> bool {
    path.strip_prefix(outer)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '[']))
}

fn why_equal(kind: &Kind, leaf: &Leaf) -> Option<String> {
    let live = leaf.live.as_ref().map(|(_, value)| value);
    if is_blank(Some(&leaf.desired)) && is_blank(live) {
        return Some("unset is null, empty or absent".to_owned());
    }
    if let Some(why) = leaf::skipped(kind, &leaf.pointer) {
        return Some(why);
    }
    if matches!(
        (&leaf.desired, live),
        (Value::Number(_), Some(Value::Number(_)))
    ) {
        return Some("the same number".to_owned());
    }
    let equality = Equality::new(kind, &Value::Null);
    let says_why = |how: How| match how {
        How::Default(_) => is_blank(live),
        // Relative to the resource, or compared as a document: that the diff is silent is all there is to see.
        How::ShortId(_) | How::Policy(_) => live.is_some(),
        how => live.is_some_and(|live| equality.by(how, &leaf.desired, live)),
    };
    leaf::rule(kind, &leaf.pointer, &says_why).or_else(|| leaf::synthetic(kind, &leaf.pointer))
}

fn shown(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "nothing".to_owned(), body_text);
    text.chars().take(160).collect()
}

fn body_text(value: &Value) -> String {
    body::strip(value, &|_| false).to_string()
}

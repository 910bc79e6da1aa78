//! One change of a plan as text: what its line says, and what stands below it.

use super::style::{self, DIM, paint, wrap};
use super::{label, property, safe, value};
use crate::plan::{Action, Change, Reason, Verb};
use crate::resource::Term;
use crate::text::some_of;

/// How much room there is, and how much to tell.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    pub width: usize,
    pub detail: bool,
}

/// `+ API Management service apim-orders`, without style.
pub fn head(change: &Change) -> String {
    let symbol = style::symbol(change.action.verb());
    format!("{symbol} {}", label::of(change))
}

/// What it is about, in a few words: the properties that change, the values that come later, or the reason.
pub fn gist(change: &Change) -> String {
    const FEW: usize = 3;
    match &change.action {
        Action::Replace { because, .. } => {
            let paths: Vec<String> = because.iter().map(|path| label::property(path)).collect();
            some_of(&paths, FEW)
        }
        Action::Update { properties, .. } | Action::Approve { properties, .. }
            if !properties.is_empty() =>
        {
            let mut names: Vec<String> = properties
                .iter()
                .map(|property| label::Property::of(&property.path, change.kind).short())
                .collect();
            names.dedup();
            some_of(&names, FEW)
        }
        Action::Create { .. } => match label::sources(&change.late()) {
            sources if sources.is_empty() => String::new(),
            sources => format!("after apply: {}", sources.join(", ")),
        },
        Action::Delete { .. } | Action::Update { .. } | Action::Approve { .. } | Action::Await => {
            why(change).unwrap_or_default()
        }
    }
}

/// `R5 R10 · templates/secure-api.yaml:31`: what it is for and which line asks for it.
pub fn origin(change: &Change) -> String {
    let serves: Vec<String> = change
        .serves
        .iter()
        .map(|recommendation| format!("{recommendation:?}"))
        .collect();
    let serves = match serves.as_slice() {
        [] => None,
        // All ten of them say nothing.
        [first, .., last] if serves.len() == 10 => Some(format!("{first}–{last}")),
        some => Some(some.join(" ")),
    };
    let at = change.source.as_ref().filter(|at| !at.file().is_empty());
    let at = at.map(|at| safe::line(&format!("{}:{}", at.file(), at.line())));
    serves.into_iter().chain(at).collect::<Vec<_>>().join(" · ")
}

/// What stands below the line: why, what changes, and all that is set where all is asked for.
pub fn below(change: &Change, room: Room) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = why(change) {
        lines.extend(wrap(&why, room.width).iter().map(|line| paint(DIM, line)));
    }
    lines.extend(property::all(change.action.properties(), change.kind, room));
    if let (Action::Create { set }, true) = (&change.action, room.detail) {
        for (pointer, term) in set {
            lines.extend(assignments(pointer, term, room));
        }
    }
    lines
}

/// Whether there is something to say below its line.
pub fn has_detail(change: &Change, room: Room) -> bool {
    room.detail || !change.action.properties().is_empty()
}

/// A missing resource and one that differs speak for themselves.
fn why(change: &Change) -> Option<String> {
    match (&change.reason, &change.action) {
        (Reason::Immutable, Action::Replace { because, .. }) => {
            let paths: Vec<String> = because.iter().map(|path| label::property(path)).collect();
            Some(format!("{} {}", paths.join(", "), Reason::Immutable))
        }
        (Reason::Missing, _) if change.action.verb() == Verb::Await => {
            Some("not made by secgw; waited for".to_owned())
        }
        (Reason::Missing | Reason::Differs | Reason::Destroyed, _) => None,
        (
            Reason::Immutable
            | Reason::NotInSpec
            | Reason::Pruned
            | Reason::Unwanted
            | Reason::ComesWith(_)
            | Reason::Cleared
            | Reason::Staged
            | Reason::InProgress
            | Reason::LastChangeFailed
            | Reason::DisabledFirst
            | Reason::LoosenedLast
            | Reason::Record,
            _,
        ) => Some(safe::line(&change.reason.to_string())),
    }
}

fn assignments(pointer: &str, term: &Term, room: Room) -> Vec<String> {
    let is_nothing = |term: &Term| match term {
        Term::Json(value) => value.is_null(),
        Term::Object(members) => members.is_empty() && pointer.is_empty(),
        _ => false,
    };
    value::leaves(term)
        .into_iter()
        .filter(|(_, leaf)| !is_nothing(leaf))
        .flat_map(|(path, leaf)| {
            let path = label::property(&format!("{pointer}{path}"));
            match value::text(leaf) {
                Some(text) if text.contains('\n') => {
                    property::document(&path, None, Some(&text), room)
                }
                _ => vec![format!("{path}: {}", value::desired(leaf))],
            }
        })
        .collect()
}

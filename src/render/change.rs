//! One change of a plan as text: the line everybody sees, and the properties below it.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::style::{self, DIM, GOOD, columns, fit, paint, wrap};
use super::{label, safe, value};
use crate::diff::PropertyChange;
use crate::plan::{Action, Change, Reason, Verb};
use crate::resource::Term;

/// Lines of a document that are shown unless everything is asked for.
const FEW_LINES: usize = 12;
/// Unchanged lines around a changed one.
const CONTEXT: usize = 3;

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

/// `45 min · R5 R10 · templates/secure-api.yaml:31`.
pub fn tail(change: &Change) -> String {
    let mut parts = vec![label::length(change.usual_seconds().into())];
    let serves: Vec<String> = change
        .serves
        .iter()
        .map(|recommendation| format!("{recommendation:?}"))
        .collect();
    match serves.as_slice() {
        [] => {}
        // All ten of them say nothing.
        [first, .., last] if serves.len() == 10 => parts.push(format!("{first}–{last}")),
        some => parts.push(some.join(" ")),
    }
    if let Some(at) = &change.source {
        parts.push(safe::line(&format!("{}:{}", at.file(), at.line())));
    }
    parts.join(" · ")
}

/// What stands below the line: why, what changes, what is known only later.
pub fn below(change: &Change, room: Room) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(why) = why(change) {
        lines.extend(wrap(&why, room.width).iter().map(|line| paint(DIM, line)));
    }
    for property in change.action.properties() {
        lines.extend(self::property(property, room));
    }
    match &change.action {
        Action::Create { set } if room.detail => {
            for (pointer, term) in set {
                lines.extend(assignments(pointer, term, room));
            }
        }
        Action::Create { .. } => lines.extend(later(change, room.width)),
        Action::Update { .. }
        | Action::Replace { .. }
        | Action::Delete { .. }
        | Action::Approve { .. }
        | Action::Await => {}
    }
    lines
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
        (Reason::Missing | Reason::Differs, _) => None,
        (
            Reason::Immutable
            | Reason::NotInSpec
            | Reason::Unwanted
            | Reason::ComesWith(_)
            | Reason::Staged
            | Reason::InProgress
            | Reason::LastChangeFailed
            | Reason::DisabledFirst
            | Reason::Record,
            _,
        ) => Some(safe::line(&change.reason.to_string())),
    }
}

/// Where the values come from that are not known yet.
fn later(change: &Change, width: usize) -> Vec<String> {
    let late = change.late();
    let sources = label::sources(&late);
    if sources.is_empty() {
        return sources;
    }
    let text = format!("(after apply: {})", sources.join(", "));
    wrap(&text, width)
        .iter()
        .map(|line| paint(DIM, line))
        .collect()
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
                Some(text) if text.contains('\n') => document(&path, None, Some(&text), room),
                _ => vec![format!("{path}: {}", value::desired(leaf))],
            }
        })
        .collect()
}

/// `~ publicNetworkAccess: Enabled → Disabled`.
pub fn property(change: &PropertyChange, room: Room) -> Vec<String> {
    let PropertyChange {
        path,
        before,
        after,
    } = change;
    let path = label::property(path);
    let (was, is) = (before.as_ref().and_then(Value::as_str), value::text(after));
    let has_lines = |text: &str| text.contains('\n');
    if was.is_some_and(has_lines) || is.as_deref().is_some_and(has_lines) {
        return document(&path, was, is.as_deref(), room);
    }
    let is_removed = matches!(after, Term::Json(Value::Null));
    match (before, is_removed) {
        (Some(before), true) => {
            let shown = shown(&path, &value::live(before), room);
            vec![paint(style::of(Verb::Delete), &format!("- {shown}"))]
        }
        (None, _) => {
            let shown = shown(&path, &value::desired(after), room);
            vec![paint(GOOD, &format!("+ {shown}"))]
        }
        (Some(before), false) => {
            replaced(&path, &value::live(before), &value::desired(after), room)
        }
    }
}

/// The value makes room for the path, as far as something of it is left.
fn shown(path: &str, value: &str, room: Room) -> String {
    const LEAST: usize = 24;
    if room.detail {
        return format!("{path}: {value}");
    }
    let width = room.width.saturating_sub(4);
    let value = fit(value, width.saturating_sub(columns(path)).max(LEAST));
    let path = fit(path, width.saturating_sub(columns(&value)));
    format!("{path}: {value}")
}

/// On one line if it fits, else each value on its own.
fn replaced(path: &str, before: &str, after: &str, room: Room) -> Vec<String> {
    let line = format!("{path}: {before} → {after}");
    let yellow = |text: &str| paint(style::of(Verb::Update), text);
    if columns(&line) + 2 <= room.width {
        return vec![yellow(&format!("~ {line}"))];
    }
    let width = if room.detail {
        usize::MAX
    } else {
        room.width.saturating_sub(6)
    };
    vec![
        yellow(&format!("~ {}", fit(path, room.width.saturating_sub(2)))),
        paint(
            style::of(Verb::Delete),
            &format!("    - {}", fit(before, width)),
        ),
        paint(GOOD, &format!("    + {}", fit(after, width))),
    ]
}

/// Texts of several lines: what is added and removed, with a little around it.
fn document(path: &str, before: Option<&str>, after: Option<&str>, room: Room) -> Vec<String> {
    let sign = match (before, after) {
        (None, _) => '+',
        (Some(_), None) => '-',
        (Some(_), Some(_)) => '~',
    };
    let (before, after) = (
        before.map(safe::block).unwrap_or_default(),
        after.map(safe::block).unwrap_or_default(),
    );
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, style) = match change.tag() {
                ChangeTag::Insert => ('+', GOOD),
                ChangeTag::Delete => ('-', style::of(Verb::Delete)),
                ChangeTag::Equal => (' ', DIM),
            };
            let text = change.value().trim_end();
            let text = if room.detail {
                text.to_owned()
            } else {
                fit(text, room.width.saturating_sub(6))
            };
            lines.push(paint(style, &format!("    {sign} {text}")));
        }
    }
    let count = lines.len();
    if !room.detail && count > FEW_LINES {
        lines.truncate(FEW_LINES - 1);
        let left = format!("    … {} more lines with -v", count - lines.len());
        lines.push(paint(DIM, &left));
    }
    lines.insert(0, format!("{sign} {path}"));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const ROOM: Room = Room {
        width: 60,
        detail: false,
    };

    fn lines(before: Option<Value>, after: Value, room: Room) -> Vec<String> {
        let change = PropertyChange {
            path: "/properties/a".to_owned(),
            before,
            after: Term::from(after),
        };
        property(&change, room)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect()
    }

    #[test]
    fn a_property_shows_what_was_and_what_will_be() {
        assert_eq!(
            lines(Some(json!("Enabled")), json!("Disabled"), ROOM),
            ["~ a: Enabled → Disabled"]
        );
        assert_eq!(lines(None, json!(3), ROOM), ["+ a: 3"]);
        assert_eq!(lines(Some(json!([1])), Value::Null, ROOM), ["- a: [1]"]);
    }

    #[test]
    fn long_values_keep_their_ends_unless_all_is_asked_for() {
        let long = "x".repeat(100);
        let short = lines(Some(json!("a")), json!(long), ROOM);
        assert!(
            short.iter().all(|line| columns(line) <= ROOM.width),
            "{short:?}"
        );
        let detail = Room {
            detail: true,
            ..ROOM
        };
        assert!(lines(Some(json!("a")), json!(long), detail)[2].ends_with(&long));
    }

    #[test]
    fn documents_show_the_lines_that_change() {
        let lines_: Vec<String> = (0..20).map(|n| format!("<l{n} />")).collect();
        let before = lines_.join("\n");
        let after = before.replace("<l10 />", "<l10 a=\"1\" />");
        let shown = lines(Some(json!(before)), json!(after), ROOM);
        assert_eq!(shown.len(), 1 + 3 + 2 + 3, "{shown:#?}");
        assert!(shown.contains(&"    - <l10 />".to_owned()));
        assert!(shown.contains(&"    + <l10 a=\"1\" />".to_owned()));
    }
}

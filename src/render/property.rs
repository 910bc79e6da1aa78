//! What changes inside a resource: values on a line, lists by their items, policies by element, documents by line.

use serde_json::Value;
use similar::{ChangeTag, TextDiff};

use super::change::Room;
use super::style::{self, DIM, GOOD, columns, fit, paint, wrap};
use super::{label, safe, value};
use crate::diff::{MASKED, PropertyChange};
use crate::plan::Verb;
use crate::resource::{Kind, Term};

/// Lines of a document that are shown unless everything is asked for.
const FEW_LINES: usize = 12;
/// Unchanged lines around a changed one.
const CONTEXT: usize = 3;

/// Every property, those of one list or one policy element beneath its name.
pub fn all(changes: &[PropertyChange], kind: &Kind, room: Room) -> Vec<String> {
    let inner = Room {
        width: room.width.saturating_sub(2),
        ..room
    };
    let mut lines = Vec::new();
    let mut open = None;
    for change in changes {
        let name = label::Property::of(&change.path, kind);
        if name.group.is_some() && name.group != open {
            let group = name.group.clone().unwrap_or_default();
            lines.push(fit(&format!("{group}:"), room.width));
        }
        if name.group.is_some() {
            let inside = one(&name.leaf, change, inner);
            lines.extend(inside.into_iter().map(|line| format!("  {line}")));
        } else {
            lines.extend(one(&name.leaf, change, room));
        }
        open = name.group;
    }
    lines
}

/// `~ publicNetworkAccess: Enabled → Disabled`.
fn one(name: &str, change: &PropertyChange, room: Room) -> Vec<String> {
    let PropertyChange { before, after, .. } = change;
    if before.as_ref().is_some_and(|before| before == MASKED) {
        return secret(name, after, room);
    }
    let (was, is) = (before.as_ref().and_then(Value::as_str), value::text(after));
    let has_lines = |text: &str| text.contains('\n');
    if was.is_some_and(has_lines) || is.as_deref().is_some_and(has_lines) {
        return document(name, was, is.as_deref(), room);
    }
    let is_removed = matches!(after, Term::Json(Value::Null));
    match (before, is_removed) {
        (Some(before), true) => removed(name, &value::live(before), room),
        (None, _) => added(name, &value::desired(after), room),
        (Some(Value::Array(before)), false) if is_list(after) => {
            let after = after.known().unwrap_or_default();
            list(
                name,
                before,
                after.as_array().map_or(&[], Vec::as_slice),
                room,
            )
        }
        (Some(before), false) => replaced(name, &value::live(before), &value::desired(after), room),
    }
}

fn removed(name: &str, value: &str, room: Room) -> Vec<String> {
    lone('-', name, value, room)
}

fn added(name: &str, value: &str, room: Room) -> Vec<String> {
    lone('+', name, value, room)
}

/// A value that comes or goes. Of an object every member is shown, on as many lines as that takes: an address that is
/// let in must not hide in the middle.
fn lone(sign: char, name: &str, value: &str, room: Room) -> Vec<String> {
    let style = if sign == '+' {
        GOOD
    } else {
        style::of(Verb::Delete)
    };
    let is_long = columns(name) + columns(value) + 4 > room.width;
    if !is_long || room.detail || !value.starts_with(['{', '[']) {
        return vec![paint(
            style,
            &format!("{sign} {}", shown(name, value, room)),
        )];
    }
    let width = room.width.saturating_sub(4);
    let mut lines = vec![paint(style, &format!("{sign} {}:", fit(name, width)))];
    for line in wrap(value, width) {
        lines.push(paint(style, &format!("    {}", fit(&line, width))));
    }
    cut(&mut lines);
    lines
}

/// To what is shown unless everything is asked for.
fn cut(lines: &mut Vec<String>) {
    let count = lines.len();
    if count > FEW_LINES {
        lines.truncate(FEW_LINES - 1);
        let left = format!("    … {} more lines with -v", count - lines.len());
        lines.push(paint(DIM, &left));
    }
}

/// Neither value is shown; a reference is no secret and says where the new one comes from.
fn secret(name: &str, after: &Term, room: Room) -> Vec<String> {
    let is_reference = |text: &str| text.starts_with("@Microsoft.KeyVault(");
    match after.known() {
        Some(Value::Null) => removed(name, "(secret)", room),
        Some(Value::String(text)) if is_reference(&text) => {
            replaced(name, "(secret)", &safe::line(&text), room)
        }
        Some(_) => vec![paint(
            style::of(Verb::Update),
            &format!("~ {}", shown(name, "(secret, changed)", room)),
        )],
        None => replaced(name, "(secret)", &value::desired(after), room),
    }
}

/// The value makes room for the name, as far as something of it is left.
fn shown(name: &str, value: &str, room: Room) -> String {
    const LEAST: usize = 24;
    if room.detail {
        return format!("{name}: {value}");
    }
    let width = room.width.saturating_sub(4);
    let value = fit(value, width.saturating_sub(columns(name)).max(LEAST));
    let name = fit(name, width.saturating_sub(columns(&value)));
    format!("{name}: {value}")
}

/// On one line if it fits, else each value on its own.
fn replaced(name: &str, before: &str, after: &str, room: Room) -> Vec<String> {
    let line = format!("{name}: {before} → {after}");
    let yellow = |text: &str| paint(style::of(Verb::Update), text);
    // One column more: the arrow takes two where only ASCII is shown.
    if columns(&line) + 3 <= room.width {
        return vec![yellow(&format!("~ {line}"))];
    }
    vec![
        yellow(&format!("~ {}:", fit(name, room.width.saturating_sub(3)))),
        inside('-', before, room),
        inside('+', after, room),
    ]
}

/// A line beneath a property.
fn inside(sign: char, text: &str, room: Room) -> String {
    let style = match sign {
        '+' => GOOD,
        '-' => style::of(Verb::Delete),
        _ => DIM,
    };
    let text = if room.detail {
        text.to_owned()
    } else {
        fit(text, room.width.saturating_sub(6))
    };
    paint(style, format!("    {sign} {text}").trim_end())
}

fn is_list(term: &Term) -> bool {
    term.known().is_some_and(|value| value.is_array())
}

/// A list whose order matters: what comes and goes with its place, and whether the rest moved.
fn list(name: &str, before: &[Value], after: &[Value], room: Room) -> Vec<String> {
    let without = |items: &[Value], others: &[Value]| -> Vec<(usize, Value)> {
        let mut others = others.to_vec();
        let mut lone = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match others.iter().position(|other| other == item) {
                Some(at) => drop(others.remove(at)),
                None => lone.push((index, item.clone())),
            }
        }
        lone
    };
    let (gone, new) = (without(before, after), without(after, before));
    let texts = |items: &[Value]| {
        let items: Vec<String> = items.iter().map(value::live).collect();
        format!("[{}]", items.join(", "))
    };
    if gone.is_empty() && new.is_empty() {
        let name = format!("{name} (order)");
        return replaced(&name, &texts(before), &texts(after), room);
    }
    let kept = |items: &[Value], lone: &[(usize, Value)]| -> Vec<Value> {
        let stays = |index: &usize| lone.iter().all(|(at, _)| at != index);
        let indices = (0..items.len()).filter(stays);
        indices.map(|index| items[index].clone()).collect()
    };
    let (stayed, stays) = (kept(before, &gone), kept(after, &new));
    let item = |sign, (index, item): &(usize, Value)| {
        inside(sign, &format!("{}: {}", index + 1, value::live(item)), room)
    };
    let mut lines = vec![paint(
        style::of(Verb::Update),
        &format!("~ {}:", fit(name, room.width.saturating_sub(3))),
    )];
    lines.extend(gone.iter().map(|lone| item('-', lone)));
    lines.extend(new.iter().map(|lone| item('+', lone)));
    let order = if stayed == stays {
        "as they were"
    } else {
        "in another order"
    };
    if !stays.is_empty() {
        let others = format!("({} more, {order})", stays.len());
        lines.push(inside(' ', &others, room));
    }
    lines
}

/// Texts of several lines: what is added and removed, with a little around it.
pub fn document(name: &str, before: Option<&str>, after: Option<&str>, room: Room) -> Vec<String> {
    let (sign, style) = match (before, after) {
        (None, _) => ('+', GOOD),
        (Some(_), None) => ('-', style::of(Verb::Delete)),
        (Some(_), Some(_)) => ('~', style::of(Verb::Update)),
    };
    let (before, after) = (
        before.map(safe::block).unwrap_or_default(),
        after.map(safe::block).unwrap_or_default(),
    );
    let diff = TextDiff::from_lines(before.as_str(), after.as_str());
    let mut lines = Vec::new();
    for group in diff.grouped_ops(CONTEXT) {
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Insert => '+',
                ChangeTag::Delete => '-',
                ChangeTag::Equal => ' ',
            };
            lines.push(inside(sign, change.value().trim_end(), room));
        }
    }
    if !room.detail {
        cut(&mut lines);
    }
    lines.insert(0, paint(style, &format!("{sign} {name}:")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resource::{ResourceId, kinds};
    use serde_json::json;

    const ROOM: Room = Room {
        width: 60,
        detail: false,
    };

    fn plain(changes: &[PropertyChange], collection: &str, room: Room) -> Vec<String> {
        let service =
            ResourceId::resource_group("s", "rg").provider("Microsoft.ApiManagement/service", "a");
        let kind = kinds::of(&service.child(collection, "x")).unwrap();
        all(changes, kind, room)
            .iter()
            .map(|line| anstream::adapter::strip_str(line).to_string())
            .collect()
    }

    fn change(path: &str, before: Option<Value>, after: Value) -> PropertyChange {
        PropertyChange {
            path: path.to_owned(),
            before,
            after: Term::from(after),
        }
    }

    fn lines(before: Option<Value>, after: Value, room: Room) -> Vec<String> {
        plain(&[change("/properties/a", before, after)], "apis", room)
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

    #[test]
    fn items_of_a_list_and_parts_of_an_element_stand_beneath_its_name() {
        let items = [
            change("/properties/l[a/b]", None, json!({ "x": 1 })),
            change("/properties/l[c]/on", Some(json!(false)), json!(true)),
            change("/properties/n", None, json!(1)),
        ];
        assert_eq!(
            plain(&items, "apis", ROOM),
            ["l:", "  + a/b: {x: 1}", "  ~ c.on: false → true", "+ n: 1"]
        );
        let elements = [
            change(
                "/properties/value/inbound/rate-limit/@calls",
                Some(json!("600")),
                json!("300"),
            ),
            change(
                "/properties/value/inbound/rate-limit/api[2]",
                None,
                json!("<api />"),
            ),
        ];
        assert_eq!(
            plain(&elements, "policies", ROOM),
            [
                "inbound/rate-limit:",
                "  ~ @calls: \"600\" → \"300\"",
                "  + api[2]: <api />"
            ]
        );
    }

    #[test]
    fn order_is_told_where_it_matters_and_nothing_else_moved() {
        assert_eq!(
            lines(Some(json!(["a", "b"])), json!(["b", "a"]), ROOM),
            ["~ a (order): [a, b] → [b, a]"]
        );
        assert_eq!(
            lines(Some(json!(["a", "b", "c"])), json!(["a", "x", "c"]), ROOM),
            [
                "~ a:",
                "    - 2: b",
                "    + 2: x",
                "      (2 more, as they were)"
            ]
        );
        let moved = lines(Some(json!(["a", "b", "c"])), json!(["b", "a"]), ROOM);
        assert_eq!(moved.last().unwrap(), "      (2 more, in another order)");
    }

    #[test]
    fn a_secret_is_said_to_change_and_never_shown() {
        assert_eq!(
            lines(Some(json!(MASKED)), json!("hunter2"), ROOM),
            ["~ a: (secret, changed)"]
        );
        assert_eq!(
            lines(Some(json!(MASKED)), Value::Null, ROOM),
            ["- a: (secret)"]
        );
        let reference = "@Microsoft.KeyVault(VaultName=v)";
        let moved = lines(Some(json!(MASKED)), json!(reference), ROOM);
        assert_eq!(moved, [format!("~ a: (secret) → {reference}")]);
    }
}

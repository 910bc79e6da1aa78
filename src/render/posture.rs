//! What a plan does to controls and exposure, in words.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;

use super::change::Room;
use super::style::{BAD, DIM, STRONG, paint, wrap};
use super::{label, safe};
use crate::controls::{self, Door};
use crate::plan::{Opening, Posture, Standing, Turn, Turning};
use crate::resource::ResourceId;
use crate::text::plural;

const INDENT: usize = 2;

/// Any of these bounds what one caller can do.
const LIMITS: [&str; 3] = ["user limit", "address limit", "edge limit"];
/// All of these together let in nobody but the gateway.
const GATEWAY_ALONE: [&str; 3] = ["default deny", "gateway's addresses", "gateway's identity"];

/// Two paragraphs, each only where there is something to say.
pub(super) fn text(posture: &Posture, room: Room) -> String {
    let mut out = String::new();
    for (style, line) in lines(posture, room.detail) {
        for (index, line) in wrap(&line, room.width.saturating_sub(INDENT))
            .iter()
            .enumerate()
        {
            let margin = if index == 0 { 0 } else { INDENT };
            let _infallible = writeln!(out, "{}{}", " ".repeat(margin), paint(style, line));
        }
    }
    if !out.is_empty() {
        out.push('\n');
    }
    out
}

/// Signs stand in the first column.
pub(super) fn lines(posture: &Posture, all: bool) -> Vec<(Style, String)> {
    let exposure = exposure(&posture.exposure, all);
    let mut lines = Vec::new();
    if !exposure.is_empty() {
        lines.push((STRONG, "Exposure, before and after".to_owned()));
        lines.extend(exposure);
    }
    if !posture.controls.is_empty() {
        let by_control = by_control(&posture.controls);
        lines.push((STRONG, headline(&by_control)));
        lines.extend(by_control.iter().flat_map(|turns| control(turns, all)));
    }
    lines
}

/// In the order in which they come: the worst first.
fn by_control(turns: &[Turn]) -> Vec<Vec<&Turn>> {
    let mut groups: Vec<Vec<&Turn>> = Vec::new();
    for turn in turns {
        let is_same = |group: &&mut Vec<&Turn>| {
            group
                .first()
                .is_some_and(|first| first.effect == turn.effect && first.control == turn.control)
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.push(turn),
            None => groups.push(vec![turn]),
        }
    }
    groups
}

fn headline(groups: &[Vec<&Turn>]) -> String {
    let counts = [
        (Turning::Breaks, "broken"),
        (Turning::Worsens, "worse"),
        (Turning::Fixes, "fixed"),
    ];
    let counts = counts.iter().map(|(effect, said)| {
        let turns = groups.iter().filter_map(|group| group.first());
        (turns.filter(|turn| turn.effect == *effect).count(), said)
    });
    let counts: Vec<String> = counts
        .filter(|(count, _)| *count > 0)
        .map(|(count, said)| format!("{count} {said}"))
        .collect();
    format!("Controls: {}", counts.join(", "))
}

/// One line for all resources, or one for each.
fn control(turns: &[&Turn], all: bool) -> Vec<(Style, String)> {
    match turns {
        [first, .., _] if !all => {
            let places = plural(turns.len(), "resource");
            vec![turned(first, &format!(" · {places}"))]
        }
        _ => {
            let place = |turn: &Turn| {
                let resource = turn.resource.as_ref();
                resource.map_or_else(String::new, |id| format!(" · {}", label::resource(id)))
            };
            turns
                .iter()
                .map(|turn| turned(turn, &place(turn)))
                .collect()
        }
    }
}

fn turned(turn: &Turn, place: &str) -> (Style, String) {
    let (sign, said, style) = match turn.effect {
        Turning::Breaks => ("!", "breaks", BAD),
        Turning::Worsens => ("!", "worsens", BAD),
        Turning::Fixes => ("+", "fixes", Style::new()),
    };
    let title = controls::find(&turn.control).map_or("", |control| control.title);
    let source = turn.source.as_ref().filter(|at| !at.file().is_empty());
    let source = source.map(|at| format!(" · {}:{}", at.file(), at.line()));
    let line = format!(
        "{sign} {said} {} {}: {title}{place}{}",
        turn.control,
        turn.severity,
        source.unwrap_or_default()
    );
    (style, safe::line(&line))
}

/// The doors of one API or function, on one side.
type Doors<'a> = BTreeMap<Door, &'a Standing>;

fn exposure(openings: &[Opening], all: bool) -> Vec<(Style, String)> {
    let mut subjects: BTreeMap<&ResourceId, Vec<&Opening>> = BTreeMap::new();
    for opening in openings {
        subjects.entry(&opening.subject).or_default().push(opening);
    }
    let rows = subjects.into_iter();
    rows.filter_map(|(subject, openings)| row(subject, &openings, all))
        .collect()
}

fn row(subject: &ResourceId, openings: &[&Opening], all: bool) -> Option<(Style, String)> {
    let side = |of: fn(&Opening) -> Option<&Standing>| -> Doors<'_> {
        let doors = openings.iter();
        doors
            .filter_map(|opening| Some((opening.door, of(opening)?)))
            .collect()
    };
    let before = side(|opening| opening.before.as_ref());
    let after = side(|opening| opening.after.as_ref());
    let is_site = openings
        .iter()
        .any(|opening| matches!(opening.door, Door::Function | Door::Deployment));
    let say = if is_site { site } else { api };
    let (was, is) = (say(&before), say(&after));
    let weaker: Vec<&str> = openings
        .iter()
        .flat_map(|opening| opening.weaker.iter().map(String::as_str))
        .collect();
    let (sign, style) = match (weaker.is_empty(), before == after) {
        (false, _) => ("!", BAD),
        (true, true) if !all => return None,
        (true, true) => (" ", DIM),
        (true, false) => ("+", Style::new()),
    };
    let mut line = format!("{sign} {}: ", label::resource(subject));
    if was == is {
        line.push_str(&is);
    } else {
        let _infallible = write!(line, "{was} → {is}");
    }
    if !weaker.is_empty() {
        let _infallible = write!(line, " · less than before: {}", weaker.join(", "));
    } else if was == is && before != after {
        line.push_str(" · more than before");
    }
    Some((style, safe::line(&line)))
}

fn api(doors: &Doors<'_>) -> String {
    let edge = doors.get(&Door::Edge);
    let direct = doors.get(&Door::Gateway);
    let Some(open) = edge.or(direct) else {
        return "nothing answers".to_owned();
    };
    let has = |guard: &str| open.guards.contains(guard);
    let mut said = vec![if has("token") {
        "token required"
    } else {
        "anonymous"
    }];
    let is_limited = LIMITS.iter().any(|limit| has(limit));
    said.push(if is_limited {
        "rate limited"
    } else {
        "no rate limit"
    });
    if edge.is_some() {
        said.push(if has("firewall") {
            "firewall"
        } else {
            "no firewall"
        });
    }
    said.push(match direct {
        Some(_) => "direct bypass OPEN",
        None => "direct bypass closed",
    });
    said.join(", ")
}

fn site(doors: &Doors<'_>) -> String {
    let mut said = match doors.get(&Door::Function) {
        None => "closed".to_owned(),
        Some(open) => {
            let missing = GATEWAY_ALONE
                .iter()
                .filter(|guard| !open.guards.contains(**guard));
            let missing: Vec<String> = missing.map(|guard| format!("no {guard}")).collect();
            if missing.is_empty() {
                "open to the gateway alone".to_owned()
            } else {
                format!("OPEN, {}", missing.join(", "))
            }
        }
    };
    if doors.contains_key(&Door::Deployment) {
        said.push_str(", deployment site OPEN");
    }
    said
}

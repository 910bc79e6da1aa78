//! What a plan says beyond its changes: what nobody named, what changes hands, what is allowed, left out or kept.

use std::fmt::Write as _;

use super::change::Room;
use super::plan::{FEW_NAMES, Shown};
use super::style::{NOTE, paint, wrap};
use super::{label, safe};
use crate::plan::{Adopted, Foreign, Kept, LeftOut, Objection, Plan, Unmended};
use crate::resource::Owner;
use crate::text::plural;

const INDENT: usize = 4;

pub(super) fn text(shown: &Shown<'_>, room: Room) -> String {
    let mut out = String::new();
    let plan = shown.plan;
    let Plan {
        foreign,
        adopted,
        kept,
        ignored,
        ..
    } = shown.plan;
    let adopted: Vec<String> = adopted.iter().map(adopted_line).collect();
    names("Changes hands", &adopted, "=", room, &mut out);
    let allowed: Vec<String> = shown.allowed.iter().map(allowed_line).collect();
    names("Allowed this once", &allowed, "!", room, &mut out);
    let left: Vec<String> = plan.left_out.iter().map(left_line).collect();
    names(
        "Left out, so not as the spec says",
        &left,
        "*",
        room,
        &mut out,
    );
    let soft: Vec<String> = plan.recoverable.iter().map(kept_line).collect();
    names(
        "Recoverable after it is deleted",
        &soft,
        "*",
        room,
        &mut out,
    );
    let kept: Vec<String> = kept.iter().map(kept_line).collect();
    names("Kept", &kept, "*", room, &mut out);
    let foreign: Vec<String> = foreign.iter().map(foreign_line).collect();
    names("Somebody else's, kept", &foreign, "*", room, &mut out);
    let standing: Vec<String> = plan.standing.iter().map(standing_line).collect();
    names(
        "Findings that nothing here mends",
        &standing,
        "!",
        room,
        &mut out,
    );
    if *ignored > 0 {
        let text = format!(
            "{} left alone by a rule of the spec",
            plural(*ignored, "thing")
        );
        let _infallible = writeln!(out, "{}\n", paint(NOTE, &text));
    }
    out
}

fn foreign_line(foreign: &Foreign) -> String {
    let name = label::resource(&foreign.address);
    let item = foreign.item.as_deref().map(label::property);
    let item = item.map(|item| format!(" {item}")).unwrap_or_default();
    match &foreign.owner {
        Owner::Spec(spec) => format!("{name}{item} (of the spec {})", safe::line(spec)),
        Owner::Inside | Owner::Unknown => format!("{name}{item}"),
    }
}

/// `critical POL-01 API orders: what is wrong`.
pub(super) fn standing_line(standing: &Unmended) -> String {
    let Unmended {
        control,
        severity,
        address,
        message,
        ..
    } = standing;
    let text = format!(
        "{severity} {control} {}: {message}",
        label::resource(address)
    );
    safe::line(&text)
}

fn adopted_line(adopted: &Adopted) -> String {
    format!(
        "{} ({} until now)",
        label::resource(&adopted.address),
        safe::line(&adopted.owner.to_string())
    )
}

pub(super) fn allowed_line(objection: &Objection) -> String {
    safe::line(&format!("{}: {}", objection.name, objection.message))
}

fn left_line(left: &LeftOut) -> String {
    format!("{}: {}", label::change(&left.change), safe::line(&left.why))
}

fn kept_line(kept: &Kept) -> String {
    format!(
        "{}: {}",
        label::resource(&kept.address),
        safe::line(&kept.why)
    )
}

fn names(title: &str, lines: &[String], sign: &str, room: Room, out: &mut String) {
    if lines.is_empty() {
        return;
    }
    let title = format!("{title} ({})", lines.len());
    let _infallible = writeln!(out, "{}", paint(NOTE, &title));
    let shown = if room.detail { lines.len() } else { FEW_NAMES };
    for line in lines.iter().take(shown) {
        for (index, line) in wrap(line, room.width.saturating_sub(INDENT + 4))
            .iter()
            .enumerate()
        {
            let sign = if index == 0 { sign } else { " " };
            let _infallible = writeln!(out, "    {sign} {line}");
        }
    }
    if lines.len() > shown {
        let _infallible = writeln!(out, "    … {} more with -v", lines.len() - shown);
    }
    out.push('\n');
}

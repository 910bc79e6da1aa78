//! A plan as text: counts by risk, a line for each change, what changes inside, one stable summary line at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::change::{Room, below, has_detail, head, origin};
use super::overview::{self, Columns};
use super::section::{self, Section};
use super::style::{self, BAD, DIM, NOTE, STRONG, columns, fit, joined, paint, symbol, wrap};
use super::{Target, label, others, posture, property, safe};
use crate::controls::Severity;
use crate::plan::{Author, Change, Digest, Objection, Plan, Verb};
use crate::resource::{Kind, Layer, ResourceId, Unreadable, kinds};
use crate::text::plural;

/// Names in a list unless everything is asked for.
pub(super) const FEW_NAMES: usize = 10;
const INDENT: usize = 4;

/// What could not be read, and why.
type Missing<'a> = (&'a String, &'a Unreadable);

/// What is shown of a plan, with what it is about.
#[derive(Clone, Copy, Debug)]
pub struct Shown<'a> {
    pub spec: &'a str,
    pub target: &'a Target,
    pub plan: &'a Plan,
    pub objections: &'a [Objection],
    /// What was objected to and is allowed.
    pub allowed: &'a [Objection],
}

impl Shown<'_> {
    /// The whole text, ending in the summary line. Without changes, it is that line alone.
    pub fn text(&self, room: Room) -> String {
        let is_quiet = self.is_quiet();
        if is_quiet && !room.detail {
            return self.no_changes();
        }
        let mut out = self.header(room);
        self.risks(room, &mut out);
        self.overview(room, &mut out);
        self.details(room, &mut out);
        self.blocked(room, &mut out);
        self.unreadable(room, &mut out);
        self.notes(room, &mut out);
        out.push_str(&others::text(self, room));
        out.push_str(&posture::text(&self.plan.posture, room));
        out.push_str(&if is_quiet {
            self.no_changes()
        } else {
            self.summary()
        });
        out
    }

    /// Whether one line says it all. A finding that is no danger is counted there, or people would stop to look.
    fn is_quiet(&self) -> bool {
        let plan = self.plan;
        !plan.has_changes()
            && plan.unreadable.is_empty()
            && plan.kept.is_empty()
            && plan
                .standing
                .iter()
                .all(|one| one.severity < Severity::High)
            && plan.left_out.is_empty()
            && self.objections.is_empty()
    }

    /// Its stable line.
    pub fn last_line(&self) -> String {
        let text = if self.is_quiet() {
            self.no_changes()
        } else {
            self.summary()
        };
        text.lines().next().unwrap_or_default().to_owned()
    }

    /// What `apply --expect` takes.
    pub fn digest(&self) -> Digest {
        self.plan.digest(&self.target.identity())
    }

    fn header(&self, room: Room) -> String {
        let Self { spec, target, .. } = self;
        let title = format!("Plan for {} on {}", safe::line(spec), target.place);
        let mut out = String::new();
        for line in wrap(&title, room.width) {
            let _infallible = writeln!(out, "{}", paint(STRONG, &line));
        }
        for line in joined(&target.details(), " · ", room.width) {
            let _infallible = writeln!(out, "{}", paint(DIM, &line));
        }
        out.push('\n');
        out
    }

    /// How many changes of which risk, and whether they are drift.
    fn risks(&self, room: Room, out: &mut String) {
        let mut counts: BTreeMap<Section, usize> = BTreeMap::new();
        for ((section, _), changes) in &self.sections() {
            *counts.entry(*section).or_default() += changes.len();
        }
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(section, count)| format!("{} {}", section.symbol(), section.count(count)))
            .collect();
        for line in joined(&counts, "   ", room.width) {
            let _infallible = writeln!(out, "{}", paint(STRONG, &line));
        }
        if self.plan.is_drift() {
            let said = "Drift: the spec is as it was last applied, so somebody changed Azure by other means.";
            let note = self.plan.history.note.as_deref().map(safe::line);
            let lines = [Some(said.to_owned()), note];
            for line in lines
                .iter()
                .flatten()
                .flat_map(|said| wrap(said, room.width))
            {
                let _infallible = writeln!(out, "{}", paint(NOTE, &line));
            }
        }
        if !counts.is_empty() {
            out.push('\n');
        }
    }

    fn sections(&self) -> BTreeMap<(Section, Layer), Vec<&Change>> {
        section::sections(self.plan, self.objections)
    }

    fn overview(&self, room: Room, out: &mut String) {
        let columns = Columns::of(self.plan, room);
        for ((section, layer), changes) in self.sections() {
            let title = paint(section.style().bold(), section.title());
            let rest = format!("{} ({})", layer.name(), changes.len());
            let _infallible = writeln!(out, "{title} · {}", paint(DIM, &rest));
            out.push_str(&overview::lines(&changes, self.plan, columns));
        }
        if self.plan.has_changes() {
            out.push('\n');
        }
    }

    fn details(&self, room: Room, out: &mut String) {
        let changes: Vec<&Change> = self
            .sections()
            .into_values()
            .flatten()
            .filter(|change| {
                has_detail(change, room)
                    || section::is_blocked(change, self.objections)
                    || self.plan.history.authors.contains_key(&change.key.address)
            })
            .collect();
        if changes.is_empty() {
            return;
        }
        let _infallible = writeln!(out, "{}\n", paint(DIM, &"─".repeat(room.width)));
        for change in changes {
            self.change(change, room, out);
            out.push('\n');
        }
    }

    fn change(&self, change: &Change, room: Room, out: &mut String) {
        title(change, room, out);
        let inner = Room {
            width: room.width.saturating_sub(INDENT),
            ..room
        };
        if self.says_objections(change) {
            for objection in section::objections_to(change, self.objections) {
                out.push_str(&objected(objection, inner));
            }
        }
        if let Some(author) = self.plan.history.authors.get(&change.key.address) {
            for line in wrap(&changed_by(author), inner.width) {
                let _infallible = writeln!(out, "{}{}", " ".repeat(INDENT), paint(NOTE, &line));
            }
        }
        for line in below(change, inner) {
            let _infallible = writeln!(out, "{}{line}", " ".repeat(INDENT));
        }
    }

    /// They are said once, at the first of the changes of a resource.
    fn says_objections(&self, change: &Change) -> bool {
        let same = section::shown(self.plan).find(|it| it.key.address == change.key.address);
        same.is_none_or(|first| first.key == change.key)
    }

    /// What is objected to that is no single change of this plan.
    fn blocked(&self, room: Room, out: &mut String) {
        let is_elsewhere = |objection: &&Objection| {
            section::shown(self.plan).all(|change| change.key.address != objection.address)
        };
        let objections: Vec<&Objection> = self.objections.iter().filter(is_elsewhere).collect();
        if objections.is_empty() {
            return;
        }
        let _infallible = writeln!(out, "{}", paint(BAD, "Blocked"));
        for objection in objections {
            out.push_str(&objected(objection, room));
        }
        out.push('\n');
    }

    fn no_changes(&self) -> String {
        let Plan {
            unchanged, foreign, ..
        } = self.plan;
        let foreign = match foreign.len() {
            0 => String::new(),
            count => format!("; {count} of somebody else's kept"),
        };
        let findings = match self.plan.standing.len() {
            0 => String::new(),
            count => format!(
                "; {} below high, see `secgw check --live`",
                plural(count, "finding")
            ),
        };
        format!(
            "no changes: {} of {} {} as the spec says on {}{foreign}{findings}\n",
            plural(*unchanged, "resource"),
            safe::line(self.spec),
            if *unchanged == 1 { "is" } else { "are" },
            self.target,
        )
    }

    /// Stable, for people and for `grep`.
    fn summary(&self) -> String {
        let plan = self.plan;
        let mut counts: Vec<String> = [Verb::Create, Verb::Update, Verb::Replace, Verb::Delete]
            .map(|verb| format!("{} to {}", plan.count(verb), verb.name()))
            .into();
        let more = [(Verb::Approve, "to approve"), (Verb::Await, "to wait for")];
        for (verb, said) in more {
            if plan.count(verb) > 0 {
                counts.push(format!("{} {said}", plan.count(verb)));
            }
        }
        let blocked = match self.objections.len() {
            0 => String::new(),
            count => format!("; {count} blocked"),
        };
        let unreadable = match plan.unreadable.len() {
            0 => String::new(),
            count => format!("; {count} could not be read"),
        };
        format!(
            "Plan: {}; usually {}{blocked}{unreadable}.\nDigest: {}\n",
            counts.join(", "),
            label::length(plan.usual_seconds().into()),
            self.digest().short()
        )
    }

    /// By reason: one missing permission often hides many resources.
    pub(super) fn unreadable(&self, room: Room, out: &mut String) {
        if self.plan.unreadable.is_empty() {
            return;
        }
        let title = format!("Could not be read ({})", self.plan.unreadable.len());
        let _infallible = writeln!(out, "{}", paint(BAD, &title));
        let mut reasons: BTreeMap<(Option<u16>, &str), Vec<Missing>> = BTreeMap::new();
        for (address, why) in &self.plan.unreadable {
            let reason = (why.status, why.code.as_str());
            reasons.entry(reason).or_default().push((address, why));
        }
        for members in reasons.into_values() {
            unreadable_for_one_reason(&members, room, out);
        }
        out.push('\n');
    }

    fn notes(&self, room: Room, out: &mut String) {
        if self.plan.notes.is_empty() {
            return;
        }
        let title = "Sent, and known not to take effect here";
        let _infallible = writeln!(out, "{}", paint(NOTE, title));
        for note in &self.plan.notes {
            let _infallible = writeln!(out, "    * {}", label::resource(&note.address));
            let kind = kinds::of(&note.address).unwrap_or(&Kind::PLAIN);
            for line in property::all(std::slice::from_ref(&note.property), kind, room) {
                let _infallible = writeln!(out, "        {line}");
            }
        }
        out.push('\n');
    }
}

fn unreadable_for_one_reason(members: &[(&String, &Unreadable)], room: Room, out: &mut String) {
    let shown = if room.detail {
        members.len()
    } else {
        FEW_NAMES
    };
    let mut paragraph = |margin: usize, text: &str| {
        for line in wrap(&safe::line(text), room.width.saturating_sub(margin)) {
            let _infallible = writeln!(out, "{}{line}", " ".repeat(margin));
        }
    };
    for (address, why) in members.iter().take(1) {
        let status = why.status.map(|status| format!("{status} "));
        let said = format!(
            "{}{}: {}",
            status.unwrap_or_default(),
            why.code,
            why.message
        );
        paragraph(INDENT, &format!("! {}", read_name(address)));
        paragraph(INDENT + 4, &said);
        if let Some(hint) = &why.hint {
            paragraph(INDENT + 4, &format!("hint: {hint}"));
        }
    }
    for (address, _) in members.iter().take(shown).skip(1) {
        paragraph(INDENT, &format!("! {}, likewise", read_name(address)));
    }
    if members.len() > shown {
        paragraph(INDENT, &format!("… {} more with -v", members.len() - shown));
    }
}

/// A resource by its name, a list by the part of its address that tells it from others.
fn read_name(address: &str) -> String {
    let list = || match address.split_once("/providers/") {
        Some((_, tail)) => format!("list of {tail}"),
        None => address.to_owned(),
    };
    ResourceId::parse(address).map_or_else(|_| list(), |id| label::resource(&id))
}

/// `~ API apim/orders`, and on the right what it is for and which line asks for it.
fn title(change: &Change, room: Room, out: &mut String) {
    let name = fit(&head(change), room.width);
    let (sign, rest) = name.split_at(symbol(change.action.verb()).len());
    let style = style::of(change.action.verb());
    let painted = format!("{}{}", paint(style, sign), paint(STRONG, rest));
    let origin = origin(change);
    let taken = columns(&name) + 2 + columns(&origin);
    let _infallible = if origin.is_empty() {
        writeln!(out, "{painted}")
    } else if taken <= room.width {
        let gap = " ".repeat(room.width - taken + 2);
        writeln!(out, "{painted}{gap}{}", paint(DIM, &origin))
    } else {
        let origin = fit(&origin, room.width.saturating_sub(INDENT));
        writeln!(
            out,
            "{painted}\n{}{}",
            " ".repeat(INDENT),
            paint(DIM, &origin)
        )
    };
}

/// `changed by ada@example.com with the Azure portal at 2026-11-24 22:10:11 UTC`.
pub(super) fn changed_by(author: &Author) -> String {
    let through = author.through.as_ref();
    let through = through
        .map(|tool| format!(" with {tool}"))
        .unwrap_or_default();
    let time = author.at.split(['.', 'Z']).next().unwrap_or_default();
    let time = time.replace('T', " ");
    safe::line(&format!("changed by {}{through} at {time} UTC", author.who))
}

fn objected(objection: &Objection, room: Room) -> String {
    let mut out = String::new();
    let margin = " ".repeat(INDENT);
    for line in wrap(&safe::line(&format!("! {}", objection.message)), room.width) {
        let _infallible = writeln!(out, "{margin}{}", paint(BAD, &line));
    }
    let remedy = safe::line(&format!("to go on: {}", objection.remedy));
    for line in wrap(&remedy, room.width.saturating_sub(2)) {
        let _infallible = writeln!(out, "{margin}  {line}");
    }
    out
}

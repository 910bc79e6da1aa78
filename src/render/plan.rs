//! A plan as text: ordered by risk, grouped by layer, one stable summary line at the end.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::change::{Room, below, head, property, tail};
use super::style::{BAD, DIM, NOTE, STRONG, columns, fit, paint, symbol, wrap};
use super::{Target, label, safe};
use crate::plan::{Change, Digest, Objection, Plan, Reason, Verb};
use crate::resource::{Layer, ResourceId, Unreadable};
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
}

/// How bad it is if it is wrong: the order of the sections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    Blocked,
    Of(Verb),
}

impl Section {
    const ALL: [Self; 7] = [
        Self::Blocked,
        Self::Of(Verb::Replace),
        Self::Of(Verb::Delete),
        Self::Of(Verb::Update),
        Self::Of(Verb::Approve),
        Self::Of(Verb::Create),
        Self::Of(Verb::Await),
    ];

    fn title(self) -> &'static str {
        match self {
            Self::Blocked => "Blocked",
            Self::Of(Verb::Replace) => "Replace",
            Self::Of(Verb::Delete) => "Delete",
            Self::Of(Verb::Update) => "Update",
            Self::Of(Verb::Approve) => "Approve",
            Self::Of(Verb::Create) => "Create",
            Self::Of(Verb::Await) => "Wait for",
        }
    }
}

impl Shown<'_> {
    /// The whole text, ending in the summary line. Without changes, it is that line alone.
    pub fn text(&self, room: Room) -> String {
        let plan = self.plan;
        let is_quiet = !plan.has_changes() && plan.unreadable.is_empty();
        if is_quiet && !room.detail {
            return self.no_changes();
        }
        let mut out = self.header(room);
        for section in Section::ALL {
            self.section(section, room, &mut out);
        }
        self.unreadable(room, &mut out);
        self.notes(room, &mut out);
        self.foreign(room, &mut out);
        out.push_str(&if is_quiet {
            self.no_changes()
        } else {
            self.summary()
        });
        out
    }

    /// What `apply --expect` takes.
    pub fn digest(&self) -> Digest {
        self.plan.digest(&self.target.identity())
    }

    fn header(&self, room: Room) -> String {
        let Self { spec, target, .. } = self;
        let mut out = format!(
            "{} {}\n",
            paint(STRONG, &safe::line(spec)),
            paint(STRONG, &format!("on {}", target.place))
        );
        for line in wrap(&target.details().join(" · "), room.width) {
            let _infallible = writeln!(out, "{}", paint(DIM, &line));
        }
        out.push('\n');
        out
    }

    fn no_changes(&self) -> String {
        let Plan {
            unchanged, foreign, ..
        } = self.plan;
        let foreign = match foreign.len() {
            0 => String::new(),
            count => format!("; {count} of somebody else's kept"),
        };
        format!(
            "no changes: {} of {} {} as the spec says on {}{foreign}\n",
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

    fn section_of(&self, change: &Change) -> Option<Section> {
        if change.reason == Reason::Record {
            return None;
        }
        let is_blocked = change.action.verb().is_destructive()
            && self
                .objections
                .iter()
                .any(|objection| objection.address == change.key.address);
        Some(if is_blocked {
            Section::Blocked
        } else {
            Section::Of(change.action.verb())
        })
    }

    fn section(&self, section: Section, room: Room, out: &mut String) {
        let changes: Vec<&Change> = self
            .plan
            .changes
            .iter()
            .filter(|change| self.section_of(change) == Some(section))
            .collect();
        if changes.is_empty() {
            return;
        }
        let title = format!("{} ({})", section.title(), changes.len());
        let style = match section {
            Section::Blocked => BAD,
            Section::Of(verb) => super::style::of(verb).bold(),
        };
        let _infallible = writeln!(out, "{}", paint(style, &title));
        let column = column(&changes, room.width);
        for layer in Layer::ALL {
            let members: Vec<&&Change> = changes
                .iter()
                .filter(|change| change.kind.layer == layer)
                .collect();
            if members.is_empty() {
                continue;
            }
            let _infallible = writeln!(out, "  {}", paint(DIM, layer.name()));
            for change in members {
                self.change(change, column, room, out);
            }
        }
        out.push('\n');
    }

    fn change(&self, change: &Change, column: usize, room: Room, out: &mut String) {
        let head = head(change);
        let verb = change.action.verb();
        let head = fit(&head, room.width.saturating_sub(INDENT));
        let (sign, name) = head.split_at(symbol(verb).len());
        let painted = format!("{}{name}", paint(super::style::of(verb), sign));
        let tail = tail(change);
        let gap = " ".repeat(column.saturating_sub(columns(&head)));
        let margin = " ".repeat(INDENT);
        let size = (columns(&head), columns(&tail));
        let _infallible = if is_one_line(size, column, room.width) {
            writeln!(out, "{margin}{painted}{gap}  {}", paint(DIM, &tail))
        } else {
            let room = room.width.saturating_sub(INDENT + 4);
            let lines: Vec<String> = wrap(&tail, room)
                .iter()
                .map(|line| paint(DIM, line))
                .collect();
            let tail = lines.join(&format!("\n{margin}    "));
            writeln!(out, "{margin}{painted}\n{margin}    {tail}")
        };
        let inner = Room {
            width: room.width.saturating_sub(INDENT + 4),
            ..room
        };
        let objections = self
            .objections
            .iter()
            .filter(|objection| objection.address == change.key.address && verb.is_destructive());
        for objection in objections {
            for line in wrap(&format!("! {}", objection.message), inner.width) {
                let _infallible = writeln!(out, "{margin}    {}", paint(BAD, &safe::line(&line)));
            }
            for line in wrap(&format!("  to go on: {}", objection.remedy), inner.width) {
                let _infallible = writeln!(out, "{margin}    {}", safe::line(&line));
            }
        }
        for line in below(change, inner) {
            let _infallible = writeln!(out, "{margin}    {line}");
        }
    }

    /// By reason: one missing permission often hides many resources.
    fn unreadable(&self, room: Room, out: &mut String) {
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
            for line in property(&note.property, room) {
                let _infallible = writeln!(out, "        {line}");
            }
        }
        out.push('\n');
    }

    fn foreign(&self, room: Room, out: &mut String) {
        let foreign = &self.plan.foreign;
        if foreign.is_empty() {
            return;
        }
        let title = format!("Somebody else's, kept ({})", foreign.len());
        let _infallible = writeln!(out, "{}", paint(NOTE, &title));
        let shown = if room.detail {
            foreign.len()
        } else {
            FEW_NAMES
        };
        for id in foreign.iter().take(shown) {
            let _infallible = writeln!(out, "    * {}", label::resource(id));
        }
        if foreign.len() > shown {
            let _infallible = writeln!(out, "    … {} more with -v", foreign.len() - shown);
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

/// Where the second column starts: where most changes fit on one line.
fn column(changes: &[&Change], width: usize) -> usize {
    let sizes: Vec<(usize, usize)> = changes
        .iter()
        .map(|change| (columns(&head(change)), columns(&tail(change))))
        .collect();
    let fitting = |column: usize| {
        let fits = sizes
            .iter()
            .filter(|size| is_one_line(**size, column, width));
        fits.count()
    };
    let candidates = sizes.iter().map(|(head, _)| *head);
    candidates
        .max_by_key(|column| (fitting(*column), std::cmp::Reverse(*column)))
        .unwrap_or(0)
}

fn is_one_line((head, tail): (usize, usize), column: usize, width: usize) -> bool {
    head <= column && INDENT + column + 2 + tail <= width
}

//! Drift: what is not as it was last applied, by how bad that is, with who and when where Azure's log says so.
//!
//! The same changes as a plan has, seen from the other side: each is shown as what an apply would do about it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anstyle::Style;
use serde_json::{Value, json};

use super::change::{Room, below, gist, head};
use super::junit::{Case, Ending, Suite};
use super::markdown::{capped, code, entities, fence, marker, sign_first};
use super::notice::{self, Notice, Topic, sentence};
use super::plan::{Shown, changed_by};
use super::plan_json::FORMAT_VERSION;
use super::sarif::Level;
use super::style::{BAD, DIM, NOTE, STRONG, joined, paint, wrap};
use super::{safe, section};
use crate::plan::{Change, Since, Verb, class_of};
use crate::resource::kinds::Class;
use crate::text::plural;

#[derive(Clone, Copy, Debug)]
pub struct Drifted<'a> {
    pub shown: Shown<'a>,
}

const INDENT: usize = 6;

fn sign(class: Class) -> &'static str {
    match class {
        Class::Security => "!",
        Class::Functional => "~",
        Class::Cosmetic => "*",
    }
}

fn style(class: Class) -> Style {
    match class {
        Class::Security => BAD,
        Class::Functional => STRONG,
        Class::Cosmetic => DIM,
    }
}

fn title(class: Class) -> &'static str {
    match class {
        Class::Security => "Security",
        Class::Functional => "Functional",
        Class::Cosmetic => "Cosmetic",
    }
}

fn level(class: Class) -> Level {
    match class {
        Class::Security => Level::Error,
        Class::Functional => Level::Warning,
        Class::Cosmetic => Level::Note,
    }
}

/// What became of the resource, in a word.
fn fate(change: &Change) -> &'static str {
    match change.action.verb() {
        Verb::Create => "missing",
        Verb::Update | Verb::Replace => "changed",
        Verb::Delete => "not wanted any more",
        Verb::Approve => "not let in",
        Verb::Await => "missing, and made by others",
    }
}

impl<'a> Drifted<'a> {
    pub fn has_drift(&self) -> bool {
        self.shown.plan.has_changes()
    }

    fn by_class(&self) -> BTreeMap<Class, Vec<&'a Change>> {
        let mut classes: BTreeMap<Class, Vec<&Change>> = BTreeMap::new();
        for change in section::shown(self.shown.plan) {
            classes.entry(change.class()).or_default().push(change);
        }
        classes
    }

    /// How many of each class.
    pub fn counts(&self) -> [(Class, usize); 3] {
        let classes = self.by_class();
        Class::ALL.map(|class| (class, classes.get(&class).map_or(0, Vec::len)))
    }

    /// What can be said of where the differences come from.
    fn basis(&self) -> &'static str {
        match self.shown.plan.since {
            Since::SpecUnchanged => {
                "The spec is as it was last applied, so somebody changed Azure by other means."
            }
            Since::SpecChanged => {
                "The spec has changed since it was last applied: what drifted cannot be told from what was not applied yet, unless somebody is named."
            }
            Since::NeverApplied => {
                "There is no record of an apply: it never came to its end, or what held the record is gone."
            }
        }
    }

    /// Its stable line.
    pub fn last_line(&self) -> String {
        let Shown {
            spec, target, plan, ..
        } = self.shown;
        let spec = safe::line(spec);
        let unreadable = match plan.unreadable.len() {
            0 => String::new(),
            count => format!("; {count} could not be read"),
        };
        if self.has_drift() {
            let counts = self.counts();
            let counts = counts.map(|(class, count)| format!("{count} {}", class.name()));
            format!(
                "Drift: {}{unreadable}; {spec} on {target}.",
                counts.join(", ")
            )
        } else if unreadable.is_empty() {
            let resources = plural(plan.unchanged, "resource");
            let are = if plan.unchanged == 1 { "is" } else { "are" };
            format!("no drift: {resources} of {spec} {are} as last applied on {target}")
        } else {
            format!("Drift: none found{unreadable}; {spec} on {target}.")
        }
    }

    pub fn text(&self, room: Room) -> String {
        let last = format!("{}\n", self.last_line());
        if !self.has_drift() && self.shown.plan.unreadable.is_empty() {
            return last;
        }
        let mut out = String::new();
        self.header(room, &mut out);
        for (class, changes) in self.by_class() {
            let title = format!("{} ({})", title(class), changes.len());
            let _infallible = writeln!(out, "{}", paint(style(class), &title));
            for change in changes {
                self.change(change, room, &mut out);
            }
            out.push('\n');
        }
        self.shown.unreadable(room, &mut out);
        out.push_str(&last);
        out
    }

    fn header(&self, room: Room, out: &mut String) {
        let Shown { spec, target, .. } = self.shown;
        let title = format!("Drift of {} on {}", safe::line(spec), target.place);
        for line in wrap(&title, room.width) {
            let _infallible = writeln!(out, "{}", paint(STRONG, &line));
        }
        for line in joined(&target.details(), " · ", room.width) {
            let _infallible = writeln!(out, "{}", paint(DIM, &line));
        }
        out.push('\n');
        if !self.has_drift() {
            return;
        }
        let counts = self.counts().into_iter().filter(|(_, count)| *count > 0);
        let counts: Vec<String> = counts
            .map(|(class, count)| format!("{} {count} {}", sign(class), class.name()))
            .collect();
        let _infallible = writeln!(out, "{}", paint(STRONG, &counts.join("   ")));
        let note = self.shown.plan.history.note.as_deref().map(safe::line);
        let said = [
            Some(self.basis().to_owned()),
            note,
            Some("Below is what an apply would do about it.".to_owned()),
        ];
        for line in said
            .iter()
            .flatten()
            .flat_map(|said| wrap(said, room.width))
        {
            let _infallible = writeln!(out, "{}", paint(NOTE, &line));
        }
        out.push('\n');
    }

    fn change(&self, change: &Change, room: Room, out: &mut String) {
        let about = match change.action.verb() {
            Verb::Update => String::new(),
            _ => format!(": {}", fate(change)),
        };
        for line in wrap(
            &format!("{}{about}", head(change)),
            room.width.saturating_sub(2),
        ) {
            let _infallible = writeln!(out, "  {line}");
        }
        let width = room.width.saturating_sub(INDENT);
        let margin = " ".repeat(INDENT);
        if let Some(author) = self.author(change) {
            for line in wrap(&author, width) {
                let _infallible = writeln!(out, "{margin}{}", paint(NOTE, &line));
            }
        }
        for line in below(change, Room { width, ..room }) {
            let _infallible = writeln!(out, "{margin}{line}");
        }
    }

    fn author(&self, change: &Change) -> Option<String> {
        let authors = &self.shown.plan.history.authors;
        authors.get(&change.key.address).map(changed_by)
    }

    fn drift(&self, change: &Change) -> Value {
        let properties = change.action.properties().iter();
        let classes = properties.map(|property| {
            let class = class_of(change.kind.type_name, &property.path);
            (property.path.clone(), json!(class))
        });
        json!({
            "class": change.class(),
            "classes": classes.collect::<serde_json::Map<_, _>>(),
            "author": self.shown.plan.history.authors.get(&change.key.address),
            "change": change,
        })
    }

    fn drifts(&self) -> Vec<Value> {
        let all = self.by_class().into_values().flatten();
        all.map(|change| self.drift(change)).collect()
    }

    fn summary(&self) -> Value {
        let plan = self.shown.plan;
        let mut summary: serde_json::Map<String, Value> = self
            .counts()
            .into_iter()
            .map(|(class, count)| (class.name().to_owned(), count.into()))
            .collect();
        summary.insert("unchanged".to_owned(), plan.unchanged.into());
        summary.insert("unreadable".to_owned(), plan.unreadable.len().into());
        summary.insert("foreign".to_owned(), plan.foreign.len().into());
        Value::Object(summary)
    }

    pub fn json(&self) -> Value {
        let plan = self.shown.json();
        json!({
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "spec": self.shown.spec,
            "target": self.shown.target,
            "since": self.shown.plan.since,
            "drifted": self.has_drift(),
            "summary": self.summary(),
            "drifts": self.drifts(),
            "unreadable": plan["unreadable"],
            "foreign": plan["foreign"],
            "note": self.shown.plan.history.note,
        })
    }

    /// A line for each, and one for all.
    pub fn jsonl(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = self
            .drifts()
            .into_iter()
            .map(|drift| json!({ "type": "drift", "drift": drift }))
            .collect();
        let whole = self.json();
        let unreadable = whole["unreadable"].as_array().into_iter().flatten();
        lines.extend(unreadable.map(|one| json!({ "type": "unreadable", "unreadable": one })));
        lines.push(json!({ "type": "drifted", "drifted": self.has_drift(),
            "since": whole["since"], "summary": whole["summary"], "note": whole["note"] }));
        lines
    }

    pub fn markdown(&self, name: &str, most: usize) -> String {
        let mut out = format!(
            "<!-- secgw:drift:{} -->\n### secgw drift: {}\n\n{}\n\n",
            marker(name),
            code(self.shown.spec),
            code(&self.shown.target.to_string())
        );
        if self.has_drift() {
            let _infallible = writeln!(out, "{}\n", self.basis());
        }
        let blocks = self.by_class().into_iter().flat_map(|(class, changes)| {
            let blocks = changes.into_iter().map(move |change| (class, change));
            blocks.map(|(class, change)| self.block(class, change))
        });
        let blocks: Vec<String> = blocks.collect();
        let tail = format!("\n{}\n", code(&self.last_line()));
        let room = most.saturating_sub(out.len() + tail.len() + 300);
        out.push_str(&capped(&blocks, room, "more drifted"));
        out.push_str(&tail);
        out
    }

    fn block(&self, class: Class, change: &Change) -> String {
        let author = self.author(change);
        let by = author.map_or_else(String::new, |by| format!(" · {}", entities(&by)));
        let title = format!(
            "<b>{}</b> {} {}{by}",
            class.name(),
            code(&head(change)),
            fate(change)
        );
        let room = Room {
            width: 110,
            detail: false,
        };
        let lines: Vec<String> = below(change, room)
            .iter()
            .map(|line| sign_first(&anstream::adapter::strip_str(line).to_string()))
            .collect();
        if lines.is_empty() {
            return format!("- {title}\n");
        }
        format!(
            "<details><summary>{title}</summary>\n\n{}\n</details>\n\n",
            fence(&lines)
        )
    }

    /// Worst first.
    pub fn notices(&self) -> Vec<Notice> {
        let drifts = self
            .by_class()
            .into_iter()
            .flat_map(|(class, changes)| changes.into_iter().map(move |change| (class, change)));
        let mut notices: Vec<Notice> = drifts
            .map(|(class, change)| {
                let message = format!("{} drift: {}", class.name(), self.said(change));
                let source = change.source.as_ref();
                let mut notice = Notice::new(Topic::Drift, &change.key, &message, source);
                notice.level = level(class);
                notice
            })
            .collect();
        let unreadable = self.shown.plan.unreadable.iter();
        notices.extend(unreadable.map(|(address, why)| {
            let message = format!("{address}: {}: {}", why.code, why.message);
            Notice::new(Topic::Unreadable, address, &message, None)
        }));
        notice::sort(&mut notices);
        notices
    }

    /// `function app func is changed: httpsOnly (changed by …)`.
    fn said(&self, change: &Change) -> String {
        let name = super::label::of(change);
        let what = match gist(change) {
            gist if gist.is_empty() => String::new(),
            gist => format!(": {gist}"),
        };
        let by = self.author(change);
        let by = by.map(|by| format!(" ({by})")).unwrap_or_default();
        format!("{name} is {}{what}{by}", fate(change))
    }

    /// A case for each class, which fails for each that drifted.
    pub fn suites(&self) -> Vec<Suite> {
        let classes = self.by_class();
        let mut suites: Vec<Suite> = Class::ALL
            .into_iter()
            .map(|class| {
                let changes = classes.get(&class).map_or(&[][..], Vec::as_slice);
                let cases = changes.iter().map(|change| Case {
                    class: safe::line(&change.key.to_string()),
                    name: super::label::of(change),
                    ending: Ending::Failed {
                        message: self.said(change),
                        detail: format!("an apply would: {}", sentence(change)),
                    },
                });
                let mut cases: Vec<Case> = cases.collect();
                if cases.is_empty() {
                    cases.push(Case {
                        class: safe::line(self.shown.spec),
                        name: format!("no {} drift", class.name()),
                        ending: Ending::Passed,
                    });
                }
                Suite {
                    name: class.name().to_owned(),
                    cases,
                }
            })
            .collect();
        suites.extend(self.shown.unread());
        suites
    }

    /// What later steps of a pipeline decide by.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let mut values = vec![("drift", self.has_drift().to_string())];
        let counts = self.counts().into_iter();
        values.extend(counts.map(|(class, count)| (class.name(), count.to_string())));
        values.push(("summary", self.last_line()));
        values
    }
}

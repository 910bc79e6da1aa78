//! Why a plan that was approved is not the one there would be now.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::change::Room;
use super::junit::{Case, Ending, Suite};
use super::markdown::{capped, code, entities, marker};
use super::notice::{Notice, Topic};
use super::plan_json::FORMAT_VERSION;
use super::style::{BAD, DIM, paint, wrap};
use super::{Target, label, safe};
use crate::plan::Digest;
use crate::plan::stale::{Move, Moved, Side};
use crate::text::plural;

/// Resources and properties that are named unless everything is asked for.
const FEW: usize = 20;

#[derive(Clone, Debug)]
pub struct Stale<'a> {
    pub spec: &'a str,
    pub target: &'a Target,
    /// Of the plan there would be now.
    pub digest: Digest,
    pub cause: Cause,
}

#[derive(Clone, Debug)]
pub enum Cause {
    /// Only a digest was approved, and it is another one.
    Digest(String),
    /// The file is not the one of the digest.
    OtherFile {
        expect: String,
        digest: Digest,
    },
    /// The file is about another target.
    Target(Option<String>),
    /// The file is about another spec.
    Spec(String),
    Moved(Vec<Moved>),
}

impl Stale<'_> {
    pub fn text(&self, room: Room) -> String {
        let mut out = format!("{}\n", paint(BAD, &self.title()));
        match &self.cause {
            Cause::Moved(moved) => list(moved, room, &mut out),
            Cause::Digest(_) | Cause::OtherFile { .. } | Cause::Target(_) | Cause::Spec(_) => {
                for line in wrap(&self.hint(), room.width.saturating_sub(4)) {
                    let _infallible = writeln!(out, "    {line}");
                }
            }
        }
        let digest = format!("Digest of the plan now: {}", self.digest.short());
        let _infallible = writeln!(out, "{}", paint(DIM, &digest));
        out
    }

    fn title(&self) -> String {
        match &self.cause {
            Cause::Digest(_) => "The plan is another one than was approved".to_owned(),
            Cause::OtherFile { .. } => "The saved plan is another one than was approved".to_owned(),
            Cause::Target(_) => "The saved plan is for somewhere else".to_owned(),
            Cause::Spec(_) => "The saved plan is of another spec".to_owned(),
            Cause::Moved(moved) => {
                let addresses: std::collections::BTreeSet<_> =
                    moved.iter().map(|moved| &moved.address).collect();
                let count = plural(addresses.len(), "resource");
                format!("Moved since the plan was saved: {count}")
            }
        }
    }

    fn hint(&self) -> String {
        let digest = self.digest.short();
        safe::line(&match &self.cause {
            Cause::Digest(expect) => format!(
                "{expect} was expected and it is {digest}. The spec or Azure has moved; a saved plan (`secgw plan --out FILE`) would say what."
            ),
            Cause::OtherFile { expect, digest } => {
                format!("{expect} was expected and the file has {digest}.")
            }
            Cause::Target(Some(was)) => format!("It is for {was}, and this is {}.", self.target),
            Cause::Target(None) => format!(
                "It is for a cloud that is not known, and this is {}.",
                self.target
            ),
            Cause::Spec(was) => format!("It is of {was}, and this is {}.", self.spec),
            Cause::Moved(_) => String::new(),
        })
    }

    pub fn json(&self) -> Value {
        let moved = match &self.cause {
            Cause::Moved(moved) => moved.as_slice(),
            Cause::Digest(_) | Cause::OtherFile { .. } | Cause::Target(_) | Cause::Spec(_) => &[],
        };
        let hint = self.hint();
        json!({
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
            "spec": self.spec,
            "target": self.target,
            "digest": self.digest,
            "stale": self.title(),
            "because": (!hint.is_empty()).then_some(hint),
            "moved": moved,
        })
    }
}

impl Stale<'_> {
    /// Its stable line.
    pub fn last_line(&self) -> String {
        format!("Nothing was written: {}.", self.title())
    }

    pub fn jsonl(&self) -> Vec<Value> {
        let mut line = self.json();
        line["type"] = "stale".into();
        vec![line]
    }

    /// What has moved, each on a line; else why it is another one.
    fn reasons(&self) -> Vec<String> {
        let Cause::Moved(moved) = &self.cause else {
            return vec![self.hint()];
        };
        moved.iter().map(sentence).collect()
    }

    /// At most `most` bytes; `name` tells one comment from another's.
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let head = format!(
            "<!-- secgw:apply:{} -->\n### secgw apply: {} refused\n\n**{}**\n\n",
            marker(name),
            code(self.spec),
            entities(&self.title())
        );
        let tail = format!("\n{}\n", code(&self.last_line()));
        let lines = self.reasons().into_iter();
        let lines: Vec<String> = lines
            .map(|line| format!("- {}\n", entities(&line)))
            .collect();
        // The line that counts what is left out needs room of its own.
        let room = most.saturating_sub(head.len() + tail.len() + 200);
        format!("{head}{}{tail}", capped(&lines, room, "more"))
    }

    pub fn suites(&self) -> Vec<Suite> {
        let case = Case {
            class: safe::line(self.spec),
            name: "plan as approved".to_owned(),
            ending: Ending::Failed {
                message: self.title(),
                detail: self.reasons().join("; "),
            },
        };
        vec![Suite {
            name: "approval".to_owned(),
            cases: vec![case],
        }]
    }

    pub fn notices(&self) -> Vec<Notice> {
        let title = self.title();
        let reasons = self.reasons().into_iter();
        let messages = reasons.map(|reason| format!("{title}: {reason}"));
        messages
            .map(|message| Notice::new(Topic::Stale, &self.spec, &message, None))
            .collect()
    }

    /// What later steps of a pipeline decide by.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        vec![("error", self.title()), ("summary", self.last_line())]
    }
}

/// `in Azure: API apim/orders: displayName, path`.
fn sentence(moved: &Moved) -> String {
    let name = label::resource(&moved.address);
    let how = match moved.how {
        Move::Appeared => " is there now".to_owned(),
        Move::Gone => " is gone".to_owned(),
        Move::Changed if moved.properties.is_empty() => ": a value that may be secret".to_owned(),
        Move::Changed => {
            let paths = moved.properties.iter().map(|path| label::property(path));
            format!(": {}", paths.collect::<Vec<_>>().join(", "))
        }
    };
    safe::line(&format!("{}: {name}{how}", where_moved(moved.side)))
}

fn where_moved(side: Side) -> &'static str {
    match side {
        Side::Spec => "in the spec",
        Side::Live => "in Azure",
        Side::Plan => "in neither: secgw was asked otherwise, or is another version",
    }
}

fn list(moved: &[Moved], room: Room, out: &mut String) {
    let mut sides: BTreeMap<Side, Vec<&Moved>> = BTreeMap::new();
    for one in moved {
        sides.entry(one.side).or_default().push(one);
    }
    for (side, moved) in sides {
        let _infallible = writeln!(out, "  {}", paint(DIM, where_moved(side)));
        let shown = if room.detail { moved.len() } else { FEW };
        for one in moved.iter().take(shown) {
            let (symbol, how) = match one.how {
                Move::Appeared => ('+', " is there now"),
                Move::Gone => ('-', " is gone"),
                Move::Changed => ('~', ""),
            };
            let name = format!("{symbol} {}{how}", label::resource(&one.address));
            for line in wrap(&name, room.width.saturating_sub(4)) {
                let _infallible = writeln!(out, "    {line}");
            }
            properties(one, room, out);
        }
        if moved.len() > shown {
            let _infallible = writeln!(out, "    … {} more with -v", moved.len() - shown);
        }
    }
}

fn properties(moved: &Moved, room: Room, out: &mut String) {
    if moved.how != Move::Changed {
        return;
    }
    if moved.properties.is_empty() {
        let _infallible = writeln!(out, "        a value that may be secret");
    }
    let shown = if room.detail {
        moved.properties.len()
    } else {
        FEW
    };
    for path in moved.properties.iter().take(shown) {
        let _infallible = writeln!(out, "        {}", label::property(path));
    }
    if moved.properties.len() > shown {
        let left = moved.properties.len() - shown;
        let _infallible = writeln!(out, "        … {left} more with -v");
    }
}

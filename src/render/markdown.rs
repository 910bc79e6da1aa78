//! Plans and their outcomes as Markdown: for comments on pull requests and for summaries of pipelines.
//!
//! A comment that is too long is refused whole, so texts are cut here: what is created goes first, what is blocked,
//! replaced or deleted is never left out. Nothing from elsewhere is Markdown: names stand as code with every mark as
//! an entity, so that none of them links, mentions or formats; values stand in fences that they cannot end.

use std::fmt::Write as _;

use super::change::{Room, below, gist, head};
use super::plan::{Shown, changed_by};
use super::report::Ended;
use super::section::{self, Section};
use super::{label, safe};
use crate::plan::Change;
use crate::text::plural;

/// GitHub takes comments of 65,536 characters.
pub const COMMENT: usize = 60_000;
/// GitHub takes step summaries of 1 MiB, Azure Pipelines more; one that is larger is dropped whole.
pub const SUMMARY: usize = 1_000_000;

const ROOM: Room = Room {
    width: 110,
    detail: false,
};

/// What a section's part of the page is made of, riskiest first.
struct Block {
    section: Section,
    full: String,
    /// The change alone, for what may not be left out.
    short: String,
}

impl Shown<'_> {
    /// At most `most` bytes. `name` tells one environment's comment from another's: the marker is how a pipeline finds
    /// the comment to update.
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let head = self.opening(name);
        let tail = format!("\n{}\n", code(self.last_line().trim_end()));
        let mut blocks: Vec<Block> = Vec::new();
        for ((section, layer), changes) in section::sections(self.plan, self.objections) {
            for change in changes {
                blocks.push(self.block(section, layer.name(), change));
            }
        }
        let room = most.saturating_sub(head.len() + tail.len() + self.asides().len() + 200);
        let body = fitted(&blocks, room);
        format!("{head}{body}{}{tail}", self.asides())
    }

    fn opening(&self, name: &str) -> String {
        let marker: String = name
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_.".contains(*c))
            .collect();
        let mut out = format!("<!-- secgw:plan:{marker} -->\n");
        let counts = self.headline();
        let _infallible = writeln!(out, "### secgw plan: {} · {counts}\n", code(self.spec));
        let target = self.target.to_string();
        let _infallible = writeln!(out, "{}\n", code(&target));
        if self.plan.is_drift() {
            out.push_str("**Drift:** the spec is as it was last applied, so somebody changed Azure by other means.\n\n");
        }
        for objection in self.objections {
            let _infallible = writeln!(
                out,
                "> **Blocked:** {}: {}  \n> To go on: {}\n",
                code(&label::resource(&objection.address)),
                entities(&objection.message),
                entities(&objection.remedy)
            );
        }
        out
    }

    fn headline(&self) -> String {
        let mut counts = std::collections::BTreeMap::<Section, usize>::new();
        for ((section, _), changes) in section::sections(self.plan, self.objections) {
            *counts.entry(section).or_default() += changes.len();
        }
        let counts: Vec<String> = counts
            .into_iter()
            .map(|(section, count)| section.count(count))
            .collect();
        if counts.is_empty() {
            "no changes".to_owned()
        } else {
            counts.join(", ")
        }
    }

    fn block(&self, section: Section, layer: &str, change: &Change) -> Block {
        let time = label::length(change.usual_seconds().into());
        let about = match gist(change) {
            gist if gist.is_empty() => String::new(),
            gist => format!(" {}", entities(&gist)),
        };
        let title = format!("{}{about} · {layer} · {time}", code(&head(change)));
        let short = format!("- {title}\n");
        let lines = self.fence_of(change);
        let full = if lines.is_empty() {
            short.clone()
        } else {
            format!(
                "<details><summary>{title}</summary>\n\n{}\n</details>\n\n",
                fence(&lines)
            )
        };
        Block {
            section,
            full,
            short,
        }
    }

    /// What changes inside, with each sign in the first column: that is where colours come from.
    fn fence_of(&self, change: &Change) -> Vec<String> {
        let effects = self.plan.effects.get(&change.key);
        let effects = effects.iter().flat_map(|effects| effects.iter());
        let mut lines: Vec<String> = effects.map(|effect| format!("! {effect}")).collect();
        let author = self.plan.history.authors.get(&change.key.address);
        lines.extend(author.map(|author| format!("! {}", changed_by(author))));
        // The reason alone stands in the title already.
        if !change.action.properties().is_empty() {
            lines.extend(below(change, ROOM).iter().map(|line| {
                let plain = anstream::adapter::strip_str(line).to_string();
                sign_first(&plain)
            }));
        }
        lines
    }

    /// What could not be read, and whose the rest is.
    fn asides(&self) -> String {
        let mut out = String::new();
        for (address, why) in self.plan.unreadable.iter().take(20) {
            let said = format!("{}: {}", why.code, why.message);
            let _infallible = writeln!(
                out,
                "> **Could not be read:** {}: {}\n",
                code(address),
                entities(&said)
            );
        }
        let foreign = self.plan.foreign.len();
        if foreign > 0 {
            let _infallible = writeln!(
                out,
                "\n{} of somebody else's kept.",
                plural(foreign, "resource")
            );
        }
        out
    }
}

impl Ended<'_> {
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let marker: String = name
            .chars()
            .filter(|c| c.is_alphanumeric() || "-_.".contains(*c))
            .collect();
        let mut out = format!(
            "<!-- secgw:apply:{marker} -->\n### secgw apply: {}\n\n",
            code(self.spec)
        );
        let _infallible = writeln!(out, "{}\n", code(self.last_line().trim_end()));
        let notices = self.notices();
        for (index, notice) in notices.iter().enumerate() {
            let line = format!("- **{}:** {}\n", notice.title, entities(&notice.message));
            if out.len() + line.len() + 100 > most {
                let left = plural(notices.len() - index, "more line");
                let _infallible = writeln!(out, "- {left} in the log");
                break;
            }
            out.push_str(&line);
        }
        out
    }
}

/// All of it if there is room; else what is created is counted, then what is waited for, approved and updated; and the
/// risky rest is named without its details.
fn fitted(blocks: &[Block], most: usize) -> String {
    let mut kept: Vec<&Block> = blocks.iter().collect();
    let size = |kept: &[&Block]| kept.iter().map(|block| block.full.len()).sum::<usize>();
    for section in [
        Section::Create,
        Section::Await,
        Section::Approve,
        Section::Update,
    ] {
        while size(&kept) > most {
            match kept.iter().rposition(|block| block.section == section) {
                Some(at) => drop(kept.remove(at)),
                None => break,
            }
        }
    }
    let is_short = size(&kept) > most;
    let mut out: String = kept
        .iter()
        .map(|block| {
            if is_short {
                block.short.as_str()
            } else {
                block.full.as_str()
            }
        })
        .collect();
    let left = blocks.len() - kept.len();
    if left > 0 || is_short {
        let details = if is_short {
            "; details are in the log"
        } else {
            ""
        };
        let _infallible = writeln!(
            out,
            "\n_{} left out, none of them blocked, replaced or deleted{details}._",
            plural(left, "change")
        );
    }
    out
}

fn sign_first(line: &str) -> String {
    let trimmed = line.trim_start();
    let margin = " ".repeat(line.len() - trimmed.len());
    match trimmed.split_at_checked(1) {
        Some((sign @ ("+" | "-" | "!"), rest)) => format!("{sign}{margin}{rest}"),
        // What changes in place is orange, as GitHub shows it.
        Some(("~", rest)) => format!("!{margin}{rest}"),
        _ => format!("  {line}"),
    }
}

/// Longer than any run of backticks inside.
fn fence(lines: &[String]) -> String {
    let text = lines.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat((longest + 1).max(3));
    format!("{ticks}diff\n{text}\n{ticks}\n")
}

fn code(text: &str) -> String {
    format!("<code>{}</code>", entities(text))
}

/// Every mark that means something to Markdown or HTML as an entity.
fn entities(text: &str) -> String {
    const MARKS: &str = "\\`*_{}[]()<>#+!|@&~$\"':";
    let mut out = String::with_capacity(text.len());
    for c in safe::line(text).chars() {
        if MARKS.contains(c) {
            let _infallible = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(section: Section, size: usize) -> Block {
        Block {
            section,
            full: format!("{}\n", "x".repeat(size)),
            short: "short\n".to_owned(),
        }
    }

    #[test]
    fn what_is_created_is_left_out_first_and_what_is_deleted_never() {
        let blocks = [
            block(Section::Delete, 40),
            block(Section::Update, 41),
            block(Section::Create, 42),
            block(Section::Create, 43),
        ];
        let lengths = |most| {
            let text = fitted(&blocks, most);
            text.lines()
                .map(str::len)
                .filter(|length| (40..44).contains(length))
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(1000), [40, 41, 42, 43]);
        assert_eq!(lengths(130), [40, 41, 42]);
        assert_eq!(lengths(50), [40]);
        assert!(fitted(&blocks, 10).starts_with("short\n\n_3 changes left out"));
    }

    #[test]
    fn a_fence_cannot_be_ended_from_inside() {
        let text = fence(&["````".to_owned(), "x".to_owned()]);
        assert!(
            text.starts_with("`````diff\n") && text.ends_with("\n`````\n"),
            "{text}"
        );
    }

    #[test]
    fn names_neither_mention_nor_link_nor_format() {
        let text = code("@team [x](https://e) `a` <img> **b**");
        let inside = text
            .strip_prefix("<code>")
            .unwrap()
            .strip_suffix("</code>")
            .unwrap();
        assert!(!inside.contains(['@', '[', '`', '<', '*', ':']), "{inside}");
    }

    #[test]
    fn signs_come_first() {
        assert_eq!(sign_first("  + a: 1"), "+   a: 1");
        assert_eq!(sign_first("~ a: 1 → 2"), "! a: 1 → 2");
        assert_eq!(sign_first("inbound:"), "  inbound:");
    }
}

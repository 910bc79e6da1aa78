//! Plans and their outcomes as Markdown: for comments on pull requests and for summaries of pipelines.
//!
//! A comment that is too long is refused whole, so texts are cut here: what is created goes first, what is blocked,
//! replaced or deleted is never left out without a count. Nothing from elsewhere is Markdown: names stand as code with every mark as
//! an entity, so that none of them links, mentions or formats; values stand in fences that they cannot end.

use std::fmt::Write as _;

use super::change::{Room, below, gist, head};
use super::others::standing_line;
use super::plan::{Shown, changed_by};
use super::report::Ended;
use super::section::{self, Section};
use super::{label, posture, safe};
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

/// What is always kept free: for the lines that say what was left out.
const SPARE: usize = 500;

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
        let room = most.saturating_sub(head.len() + tail.len() + SPARE);
        let blocked = capped(&self.objected_to(), room / 3, "more blocked");
        let asides = self.asides(room / 6);
        let posture = self.posture(room / 6);
        let taken = blocked.len() + posture.len() + asides.len();
        let body = fitted(&blocks, room.saturating_sub(taken));
        format!("{head}{blocked}{posture}{body}{asides}{tail}")
    }

    fn opening(&self, name: &str) -> String {
        let mut out = format!("<!-- secgw:plan:{} -->\n", marker(name));
        let counts = self.headline();
        let _infallible = writeln!(out, "### secgw plan: {} · {counts}\n", code(self.spec));
        let target = self.target.to_string();
        let _infallible = writeln!(out, "{}\n", code(&target));
        if self.plan.is_drift() {
            out.push_str("**Drift:** the spec is as it was last applied, so somebody changed Azure by other means.\n\n");
        }
        out
    }

    fn objected_to(&self) -> Vec<String> {
        let said = self.objections.iter().map(|objection| {
            format!(
                "> **Blocked:** {}: {}  \n> To go on: {}\n\n",
                code(&label::resource(&objection.address)),
                entities(&objection.message),
                entities(&objection.remedy)
            )
        });
        said.collect()
    }

    /// Who can reach what before and after, and which controls turn, the worst first; at most `most` bytes.
    fn posture(&self, most: usize) -> String {
        let said = posture::lines(&self.plan.posture, ROOM.detail);
        let mut lines: Vec<String> = said.into_iter().map(|(_, line)| line).collect();
        let all = lines.len();
        while !lines.is_empty() && fence(&lines).len() + SPARE > most {
            lines.pop();
        }
        if lines.len() < all {
            lines.push(format!("… {} more in the log", all - lines.len()));
        }
        if lines.is_empty() {
            String::new()
        } else {
            format!("{}\n", fence(&lines))
        }
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

    /// What could not be read, whose the rest is, and what is let happen.
    fn asides(&self, most: usize) -> String {
        let unreadable = self.plan.unreadable.iter().map(|(address, why)| {
            let said = format!("{}: {}", why.code, why.message);
            format!(
                "> **Could not be read:** {}: {}\n\n",
                code(address),
                entities(&said)
            )
        });
        let unreadable: Vec<String> = unreadable.collect();
        let mut out = capped(&unreadable, most, "more could not be read");
        let allowed = self.allowed.iter().map(|objection| {
            let said = format!("{}: {}", objection.name, objection.message);
            format!("> **Allowed this once:** {}\n\n", entities(&said))
        });
        let allowed: Vec<String> = allowed.collect();
        out.push_str(&capped(&allowed, most, "more allowed"));
        let standing = self.plan.standing.iter();
        let standing = standing.map(|one| {
            let said = format!("{}. To mend it: {}", standing_line(one), one.advice());
            format!(
                "> **Finding that no change mends:** {}\n\n",
                entities(&said)
            )
        });
        let standing: Vec<String> = standing.collect();
        out.push_str(&capped(
            &standing,
            most,
            "more findings that no change mends",
        ));
        let idle = self.plan.idle.iter().map(|idle| {
            format!(
                "> **Rule that means nothing:** {} {}\n\n",
                code(&idle.at.to_string()),
                entities(&idle.message)
            )
        });
        let idle: Vec<String> = idle.collect();
        out.push_str(&capped(&idle, most, "more rules that mean nothing"));
        let counts = [
            (self.plan.foreign.len(), "of somebody else's kept"),
            (self.plan.adopted.len(), "changing hands"),
            (self.plan.ignored, "left alone by a rule of the spec"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, said)| format!("{} {said}", plural(count, "resource")))
            .collect();
        if !counts.is_empty() {
            let _infallible = writeln!(out, "\n{}.", counts.join("; "));
        }
        out
    }
}

impl Ended<'_> {
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let mut out = format!(
            "<!-- secgw:apply:{} -->\n### secgw apply: {}\n\n",
            marker(name),
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
    let left = blocks.len() - kept.len();
    let is_short = size(&kept) > most;
    let mut out = if is_short {
        let short: Vec<String> = kept.iter().map(|block| block.short.clone()).collect();
        capped(&short, most, "more that are blocked, replaced or deleted")
    } else {
        kept.iter().map(|block| block.full.as_str()).collect()
    };
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

/// As many as there is room for, and how many more there are: a page that is too long is dropped whole.
pub(super) fn capped(lines: &[String], most: usize, more: &str) -> String {
    let mut out = String::new();
    for (index, line) in lines.iter().enumerate() {
        if out.len() + line.len() > most {
            let left = lines.len() - index;
            let _infallible = writeln!(out, "\n**{left} {more}: the log has all of them.**\n");
            break;
        }
        out.push_str(line);
    }
    out
}

/// What a marker may hold: nothing that could end it.
pub(super) fn marker(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_alphanumeric() || "-_.*".contains(*c))
        .collect()
}

pub(super) fn sign_first(line: &str) -> String {
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
pub(super) fn fence(lines: &[String]) -> String {
    let text = lines.join("\n");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let ticks = "`".repeat((longest + 1).max(3));
    format!("{ticks}diff\n{text}\n{ticks}\n")
}

pub(super) fn code(text: &str) -> String {
    format!("<code>{}</code>", entities(text))
}

/// Every mark that means something to Markdown or HTML as an entity.
pub(super) fn entities(text: &str) -> String {
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
    fn a_page_never_outgrows_its_limit_and_counts_what_it_cannot_name() {
        let lines = vec!["x".repeat(100); 50];
        let text = capped(&lines, 1000, "more");
        assert_eq!(text.matches(&"x".repeat(100)).count(), 10);
        assert!(text.ends_with("**40 more: the log has all of them.**\n\n"));
        assert_eq!(capped(&lines, 5000, "more"), lines.concat());
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

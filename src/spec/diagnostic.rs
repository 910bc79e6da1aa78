//! What is wrong with a spec: every problem at once, each with its place, the line in question and a remedy.
//!
//! Whoever reads a spec (this module's neighbours, the policy reader, the compiler) reports `Diagnostic`s;
//! `Diagnostics` adds the files' text, so that it can show frames.

use std::collections::BTreeMap;
use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use serde::{Serialize, Serializer};

use crate::resource::At;
use crate::text::plural;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// What kind of problem it is: stable, so that scripts and searches can rely on it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Code { $($(#[$doc])* $name,)+ }

        impl Code {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)+ }
            }
        }
    };
}

codes! {
    /// A file of the spec cannot be found, read or understood as text.
    File = "file",
    /// The text is not YAML (or JSON).
    Syntax = "syntax",
    /// `extends` comes back to a file that is already part of the chain.
    Cycle = "cycle",
    DuplicateKey = "duplicate-key",
    UnknownKey = "unknown-key",
    MissingKey = "missing-key",
    /// A list where a map belongs, a number where text belongs, and so on.
    WrongType = "wrong-type",
    /// Of the right type, but not a value this key can have.
    InvalidValue = "invalid-value",
    /// A name that Azure would refuse.
    InvalidName = "invalid-name",
    /// Two elements that must differ have the same name or path.
    Duplicate = "duplicate",
    /// A name that refers to nothing in this spec.
    UnknownName = "unknown-name",
    /// Values that are each fine and cannot stand together.
    Conflict = "conflict",
    /// An architecture that cannot be made secure, or that secgw does not build.
    Unsupported = "unsupported",
    /// A `${…}` that is malformed or cannot be answered.
    Reference = "reference",
    LiteralSecret = "literal-secret",
    /// A reference to a secret in a field whose value is not kept secret.
    SecretOutOfPlace = "secret-out-of-place",
    /// A file outside the project.
    OutsideProject = "outside-project",
    /// Something only the operator may decide, not a spec.
    NotForSpecs = "not-for-specs",
    /// The OpenAPI contract says something secgw cannot turn into operations.
    Contract = "contract",
    /// A policy of the operator's own is malformed, or would undo a guard.
    Policy = "policy",
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// One problem of a spec.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Diagnostic {
    pub at: At,
    pub code: Code,
    pub message: String,
    /// How to mend it.
    pub help: String,
    /// Characters to underline from `at` on; zero where only the position is known.
    #[serde(skip)]
    length: usize,
}

impl Diagnostic {
    pub fn new(code: Code, at: At, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            at,
            code,
            message: message.into(),
            help: help.into(),
            length: 0,
        }
    }

    #[must_use]
    pub(crate) fn underline(mut self, length: usize) -> Self {
        self.length = length;
        self
    }
}

/// All problems found in one go, sorted by position, with the text they are about.
#[derive(Clone, Debug, Serialize)]
#[serde(transparent)]
pub struct Diagnostics {
    list: Vec<Diagnostic>,
    #[serde(skip)]
    texts: BTreeMap<String, String>,
}

impl Diagnostics {
    /// `texts` are shown as they are: whoever knows that a part of them is secret has masked it.
    pub(crate) fn new(mut list: Vec<Diagnostic>, texts: BTreeMap<String, String>) -> Self {
        list.sort();
        // The detector and a secret's own field may both see the same literal.
        list.dedup_by(|later, first| {
            later == first
                || (later.code == Code::LiteralSecret
                    && first.code == later.code
                    && first.at == later.at)
        });
        Self { list, texts }
    }

    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.list.iter()
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// For people: frames no wider than `width` columns, and one line that counts the problems.
    pub fn render(&self, width: usize, colour: bool) -> String {
        let style = if colour {
            Palette::COLOURED
        } else {
            Palette::PLAIN
        };
        let mut out = String::new();
        for diagnostic in &self.list {
            let text = self
                .texts
                .get(diagnostic.at.file())
                .map_or("", String::as_str);
            render_one(diagnostic, text, width, style, &mut out);
            out.push('\n');
        }
        let _infallible = writeln!(out, "{}", plural(self.list.len(), "problem"));
        out
    }
}

impl<'a> IntoIterator for &'a Diagnostics {
    type Item = &'a Diagnostic;
    type IntoIter = std::slice::Iter<'a, Diagnostic>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[derive(Clone, Copy)]
struct Palette {
    error: Style,
    strong: Style,
    margin: Style,
}

impl Palette {
    const PLAIN: Self = Self {
        error: Style::new(),
        strong: Style::new(),
        margin: Style::new(),
    };
    const COLOURED: Self = Self {
        error: AnsiColor::Red.on_default().bold(),
        strong: Style::new().bold(),
        margin: AnsiColor::Blue.on_default().bold(),
    };
}

fn paint(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

fn render_one(
    diagnostic: &Diagnostic,
    text: &str,
    width: usize,
    palette: Palette,
    out: &mut String,
) {
    let Diagnostic {
        at,
        code,
        message,
        help,
        length,
    } = diagnostic;
    let gutter = at.line().to_string().len();
    let bar = format!("{:gutter$} {}", "", paint(palette.margin, "|"));
    let mut lines = vec![
        format!(
            "{}: {}",
            paint(palette.error, &format!("error[{}]", code.as_str())),
            paint(palette.strong, message)
        ),
        format!("{:gutter$}{} {at}", "", paint(palette.margin, "-->")),
    ];
    if let Some(line) = line_of(text, at.line()) {
        let frame = Frame::around(line, at.column(), *length, width.saturating_sub(gutter + 3));
        lines.push(bar.clone());
        lines.push(format!(
            "{} {} {}",
            paint(palette.margin, &at.line().to_string()),
            paint(palette.margin, "|"),
            frame.line
        ));
        lines.push(format!(
            "{bar} {}{}",
            " ".repeat(frame.indent),
            paint(palette.error, &"^".repeat(frame.carets))
        ));
    }
    lines.push(format!(
        "{:gutter$} {} {}: {help}",
        "",
        paint(palette.margin, "="),
        paint(palette.strong, "help")
    ));
    out.push_str(&lines.join("\n"));
    out.push('\n');
}

fn line_of(text: &str, line: u32) -> Option<&str> {
    let index = usize::try_from(line).ok()?.checked_sub(1)?;
    text.lines().nth(index)
}

/// The part of a line that fits, and where to underline it.
struct Frame {
    line: String,
    indent: usize,
    carets: usize,
}

impl Frame {
    /// Control characters become spaces: a spec from a stranger must not drive the terminal.
    fn around(line: &str, column: u32, length: usize, width: usize) -> Self {
        let shown: Vec<char> = line
            .chars()
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        let width = width.max(20);
        let start = usize::try_from(column)
            .map_or(0, |column| column.saturating_sub(1))
            .min(shown.len());
        let carets = length.clamp(1, (shown.len() - start).max(1)).min(width / 2);
        if shown.len() <= width {
            return Self {
                line: shown.iter().collect::<String>().trim_end().to_owned(),
                indent: start,
                carets,
            };
        }
        let from = (start + carets).saturating_sub(width - 1).min(start);
        let end = (from + width - 1).min(shown.len());
        let cut: String = shown.iter().take(end).skip(from).collect();
        let ellipsis = if end < shown.len() { "…" } else { "" };
        Self {
            line: format!("{cut}{ellipsis}"),
            indent: start - from,
            carets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn diagnostics(text: &str, line: u32, column: u32, length: usize) -> Diagnostics {
        let at = At::new("gateway.nmae", &"dev.yaml".into(), line, column);
        let diagnostic = Diagnostic::new(
            Code::UnknownKey,
            at,
            "unknown key `nmae`",
            "did you mean `name`?",
        );
        let texts = BTreeMap::from([("dev.yaml".to_owned(), text.to_owned())]);
        Diagnostics::new(vec![diagnostic.underline(length)], texts)
    }

    #[test]
    fn a_frame_shows_position_line_and_remedy() {
        let shown = diagnostics("gateway:\n  nmae: x\n", 2, 3, 4).render(80, false);
        let expected = "error[unknown-key]: unknown key `nmae`\n --> dev.yaml:2:3\n  |\n2 |   nmae: x\n  |   ^^^^\n  = help: did you mean `name`?\n\n1 problem\n";
        assert_eq!(shown, expected);
    }

    #[test]
    fn colour_changes_nothing_but_colour() {
        let found = diagnostics("gateway:\n  nmae: x\n", 2, 3, 4);
        let coloured = found.render(80, true);
        assert_ne!(coloured, found.render(80, false));
        assert_eq!(
            anstream::adapter::strip_str(&coloured).to_string(),
            found.render(80, false)
        );
    }

    #[test]
    fn a_long_line_is_cut_around_what_is_wrong() {
        let text = format!("{}nmae: x{}", " ".repeat(300), "y".repeat(300));
        let shown = diagnostics(&text, 1, 301, 4).render(60, false);
        let frame: Vec<&str> = shown.lines().collect();
        assert!(
            frame[3].chars().count() <= 60 && frame[3].contains("nmae"),
            "{shown}"
        );
        let caret = frame[4].find('^').unwrap();
        assert_eq!(&frame[3][caret..caret + 4], "nmae");
    }

    #[test]
    fn control_characters_do_not_reach_the_terminal() {
        let shown = diagnostics("a: \"\u{1b}[31mred\"\n", 1, 4, 1).render(80, false);
        assert!(!shown.contains('\u{1b}'), "{shown:?}");
    }
}

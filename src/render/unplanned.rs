//! A run that ended before there was a plan: what went wrong, in every form that a pipeline reads.

use std::borrow::Cow;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::change::Room;
use super::junit::{Case, Ending, Suite};
use super::markdown::{capped, code, entities, marker};
use super::notice::{Notice, Topic};
use super::plan_json::FORMAT_VERSION;
use super::safe;
use super::style::{BAD, NOTE, paint};
use crate::spec::{Diagnostic, Diagnostics};
use crate::text::plural;

#[derive(Clone, Debug)]
pub struct Unplanned<'a> {
    /// What was to be told.
    pub word: &'static str,
    /// The environment as it was named, or the file.
    pub subject: String,
    pub exit_code: u8,
    pub problem: Problem<'a>,
}

/// Why a spec could not be looked at.
#[derive(Clone, Debug)]
pub struct Problem<'a> {
    /// Each cause, on one line.
    pub message: String,
    pub hint: Option<Cow<'a, str>>,
    /// What is wrong with the spec, where it is that.
    pub diagnostics: Option<&'a Diagnostics>,
}

impl Problem<'_> {
    /// `the spec is not valid: 3 problems`.
    pub(super) fn line(&self) -> String {
        let message = safe::line(&self.message);
        match self.diagnostics {
            Some(found) => format!("{message}: {}", plural(found.len(), "problem")),
            None => message,
        }
    }

    pub(super) fn json(&self) -> Value {
        json!({ "message": self.message, "hint": self.hint, "diagnostics": self.diagnostics })
    }

    /// One for each diagnostic, at its line; else one for the whole.
    pub(super) fn notices(&self, subject: &str) -> Vec<Notice> {
        let invalid = |found: &Diagnostic| {
            let message = format!("{}: {}", found.message, found.help);
            let address = format!("{subject}#{}", found.at.path());
            Notice::new(Topic::Invalid, &address, &message, Some(&found.at))
        };
        if let Some(found) = self.diagnostics {
            return found.iter().map(invalid).collect();
        }
        let message = [Some(self.message.as_str()), self.hint.as_deref()];
        let message: Vec<&str> = message.into_iter().flatten().collect();
        let message = message.join(". Hint: ");
        vec![Notice::new(Topic::NotPlanned, &subject, &message, None)]
    }

    pub(super) fn suite(&self, subject: &str) -> Suite {
        let case = |name: String, message: &str, detail: &str| Case {
            class: safe::line(subject),
            name: safe::line(&name),
            ending: Ending::Failed {
                message: safe::line(message),
                detail: safe::line(detail),
            },
        };
        let invalid = |found: &Diagnostic| case(found.at.to_string(), &found.message, &found.help);
        let cases = if let Some(found) = self.diagnostics {
            found.iter().map(invalid).collect()
        } else {
            let hint = self.hint.as_deref().unwrap_or_default();
            vec![case("planning".to_owned(), &self.message, hint)]
        };
        Suite {
            name: "environment".to_owned(),
            cases,
        }
    }

    /// At most `most` bytes.
    pub(super) fn markdown(&self, most: usize) -> String {
        let mut out = format!("> {}\n\n", entities(&self.line()));
        if let Some(hint) = &self.hint {
            let _infallible = writeln!(out, "Hint: {}\n", entities(hint));
        }
        let lines = self.diagnostics.into_iter().flatten().map(|found| {
            format!(
                "- {} {}: {}\n",
                code(&found.at.to_string()),
                entities(&found.message),
                entities(&found.help)
            )
        });
        let lines: Vec<String> = lines.collect();
        let room = most.saturating_sub(out.len());
        out.push_str(&capped(&lines, room, "more problems"));
        out
    }
}

impl Unplanned<'_> {
    /// Its stable line.
    pub fn last_line(&self) -> String {
        let mut word = self.word.to_owned();
        word[..1].make_ascii_uppercase();
        format!(
            "{word} of {} failed: {}.",
            safe::line(&self.subject),
            self.problem.line()
        )
    }

    pub fn text(&self, room: Room) -> String {
        let Problem {
            message,
            hint,
            diagnostics,
        } = &self.problem;
        let mut out = match diagnostics {
            Some(found) => safe::without_commands(&found.render(room.width, true)),
            None => format!("{} {}\n", paint(BAD, "error:"), safe::block(message)),
        };
        if let Some(hint) = hint {
            let _infallible = writeln!(out, "  {} {}", paint(NOTE, "hint:"), safe::line(hint));
        }
        let _infallible = writeln!(out, "{}", self.last_line());
        out
    }

    pub fn json(&self) -> Value {
        let mut whole = self.version();
        if let Some(whole) = whole.as_object_mut() {
            whole.remove("type");
        }
        whole["error"] = self.problem.json();
        whole["exit_code"] = self.exit_code.into();
        whole
    }

    /// Neither the spec's name nor the target is known.
    pub fn version(&self) -> Value {
        json!({
            "type": "version",
            "format_version": FORMAT_VERSION,
            "secgw_version": env!("CARGO_PKG_VERSION"),
        })
    }

    pub fn jsonl(&self) -> Vec<Value> {
        vec![json!({ "type": "error", "error": self.problem.json(), "exit_code": self.exit_code })]
    }

    /// At most `most` bytes; `name` tells one comment from another's.
    pub fn markdown(&self, name: &str, most: usize) -> String {
        let Self { word, subject, .. } = self;
        let head = format!(
            "<!-- secgw:{word}:{} -->\n### secgw {word}: {} failed\n\n",
            marker(name),
            code(subject)
        );
        let tail = format!("\n{}\n", code(&self.last_line()));
        // The line that counts what is left out needs room of its own.
        let room = most.saturating_sub(head.len() + tail.len() + 200);
        format!("{head}{}{tail}", self.problem.markdown(room))
    }

    pub fn suites(&self) -> Vec<Suite> {
        vec![self.problem.suite(&self.subject)]
    }

    pub fn notices(&self) -> Vec<Notice> {
        self.problem.notices(&self.subject)
    }

    /// What later steps of a pipeline decide by.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        vec![
            ("error", self.problem.line()),
            ("summary", self.last_line()),
        ]
    }
}

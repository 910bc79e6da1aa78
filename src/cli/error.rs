//! What went wrong, for the person who ran the command: what was being done, every cause, and what to try.
//!
//! Layers below return their own types; here they get an exit code and a hint.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::exit::Exit;
use crate::azure;
use crate::render::safe;
use crate::render::style::{BAD, NOTE, paint};
use crate::render::unplanned::Problem;
use crate::spec::Diagnostics;

#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    #[error("the spec is not valid")]
    Spec(Diagnostics),
    /// The command was called in a way that cannot work.
    #[error("{message}")]
    Usage { message: String, hint: String },
    /// What was asked for could only be found out in part.
    #[error("{message}")]
    Incomplete { message: String, hint: String },
    #[error(transparent)]
    Azure(#[from] azure::Error),
    #[error(transparent)]
    Other(#[from] anyhow::Error),
}

impl From<azure::auth::SignInError> for Error {
    fn from(error: azure::auth::SignInError) -> Self {
        Self::Azure(error.into())
    }
}

impl Error {
    pub(super) fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Usage {
            message: message.into(),
            hint: hint.into(),
        }
    }

    pub(super) fn exit(&self) -> Exit {
        match self {
            Self::Spec(_) | Self::Usage { .. } => Exit::Invalid,
            Self::Incomplete { .. } | Self::Azure(_) | Self::Other(_) => Exit::Failed,
        }
    }

    pub(super) fn hint(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Usage { hint, .. } | Self::Incomplete { hint, .. } => Some(hint.into()),
            Self::Azure(error) => error.hint(),
            Self::Spec(_) | Self::Other(_) => None,
        }
    }

    /// Each cause, on one line.
    fn line(&self) -> String {
        let mut said = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                said = format!("{said}: {text}");
            }
            cause = error.source();
        }
        said
    }

    /// For those who read no text.
    pub(super) fn problem(&self) -> Problem<'_> {
        Problem {
            message: self.line(),
            hint: self.hint(),
            diagnostics: match self {
                Self::Spec(found) => Some(found),
                Self::Usage { .. } | Self::Incomplete { .. } | Self::Azure(_) | Self::Other(_) => {
                    None
                }
            },
        }
    }

    /// Each cause on a line of its own; a cause that its effect already says is not said twice.
    pub(super) fn render(&self, width: usize) -> String {
        if let Self::Spec(diagnostics) = self {
            return safe::without_commands(&diagnostics.render(width, true));
        }
        let mut out = format!(
            "{} {}\n",
            paint(BAD, "error:"),
            safe::block(&self.to_string())
        );
        let mut said = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.contains(&text) {
                let _infallible = writeln!(out, "  because: {}", safe::line(&text));
            }
            said = text;
            cause = error.source();
        }
        if let Some(hint) = self.hint() {
            let _infallible = writeln!(out, "  {} {}", paint(NOTE, "hint:"), safe::line(&hint));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use anyhow::Context as _;

    #[test]
    fn every_cause_is_said_once_and_the_hint_last() {
        let cause =
            anyhow::Error::from(std::io::Error::other("disk full")).context("cannot write x");
        let error = Error::from(Err::<(), _>(cause).context("recording").unwrap_err());
        let text = anstream::adapter::strip_str(&error.render(80)).to_string();
        assert_eq!(
            text,
            "error: recording\n  because: cannot write x\n  because: disk full\n"
        );
        let error = Error::usage("no spec", "name one");
        let text = anstream::adapter::strip_str(&error.render(80)).to_string();
        assert_eq!(text, "error: no spec\n  hint: name one\n");
        assert_eq!(error.exit(), Exit::Invalid);
    }
}

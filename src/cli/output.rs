//! The way to the screen: stdout is data, stderr is talk.
//!
//! Nothing else prints. Text comes styled from `render`; styles are taken out here where the stream or the user does
//! not want them.

use std::borrow::Cow;
use std::io::{self, BufRead as _, IsTerminal as _, Write as _};

use anstream::{AutoStream, ColorChoice};
use serde_json::Value;

use super::settings::{Terminal, Verbosity};
use crate::render::change::Room;
use crate::render::{safe, style};

/// Columns where nobody says how many there are: a file, a pipeline's log.
const UNKNOWN_WIDTH: usize = 100;

#[derive(Clone, Copy, Debug)]
pub(super) struct Output {
    terminal: Terminal,
    width: usize,
    /// Whether what happens is data.
    tells_events: bool,
}

impl Output {
    pub(super) fn new(terminal: Terminal) -> Self {
        let of_terminal =
            || terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| width.0);
        let width = terminal.columns.or_else(of_terminal).map(usize::from);
        Self {
            terminal,
            width: width.unwrap_or(UNKNOWN_WIDTH).clamp(60, 200),
            tells_events: false,
        }
    }

    pub(super) fn telling_events(self, tells_events: bool) -> Self {
        Self {
            tells_events,
            ..self
        }
    }

    /// One thing that happened, where that is data. A stdout that cannot be written ends the run with its outcome.
    pub(super) fn event(&self, line: impl FnOnce() -> Value) {
        if self.tells_events {
            drop(self.data(&format!("{}\n", safe::json_line(&line()))));
        }
    }

    pub(super) fn room(&self) -> Room {
        Room {
            width: self.width,
            detail: self.is_detailed(),
        }
    }

    pub(super) fn is_detailed(&self) -> bool {
        self.terminal.verbosity >= Verbosity::Detailed
    }

    /// The result as text, in the signs that the terminal has.
    pub(super) fn text(&self, text: &str) -> io::Result<()> {
        self.data(&self.in_locale(text))
    }

    fn in_locale<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if self.terminal.is_ascii {
            style::ascii(text).into()
        } else {
            text.into()
        }
    }

    /// The result. A reader that has gone away (`| head`) is not an error.
    pub(super) fn data(&self, text: &str) -> io::Result<()> {
        let mut stream = AutoStream::new(io::stdout().lock(), self.terminal.colour);
        match stream
            .write_all(text.as_bytes())
            .and_then(|()| stream.flush())
        {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    pub(super) fn json(&self, value: &Value) -> io::Result<()> {
        self.data(&format!("{}\n", safe::json(value)))
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.terminal.verbosity == Verbosity::Quiet
    }

    /// Progress and hints; not with `--quiet`.
    pub(super) fn say(&self, text: &str) {
        if !self.is_quiet() {
            self.error(text);
        }
    }

    /// What always has to be said. Nothing can be done about a stderr that cannot be written.
    pub(super) fn error(&self, text: &str) {
        let mut stream = AutoStream::new(io::stderr().lock(), self.terminal.colour);
        drop(stream.write_all(self.in_locale(text).as_bytes()));
    }

    /// Whether lines may be drawn over.
    pub(super) fn is_live(&self) -> bool {
        io::stderr().is_terminal() && !self.terminal.is_pipeline && !self.is_quiet()
    }

    /// Text for a stream that does not take styles out by itself.
    pub(super) fn for_stderr(&self, text: &str) -> String {
        let choice = match self.terminal.colour {
            ColorChoice::Auto => AutoStream::choice(&io::stderr()),
            chosen => chosen,
        };
        match choice {
            ColorChoice::Never => anstream::adapter::strip_str(text).to_string(),
            ColorChoice::Auto | ColorChoice::Always | ColorChoice::AlwaysAnsi => text.to_owned(),
        }
    }

    /// Whether there is somebody to ask.
    pub(super) fn can_ask(&self) -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal() && !self.terminal.is_pipeline
    }

    /// Anything but `yes` is a no.
    pub(super) fn ask(&self, question: &str) -> io::Result<bool> {
        Ok(self.answer(question)? == "yes")
    }

    /// One line of whoever sits there.
    pub(super) fn answer(&self, question: &str) -> io::Result<String> {
        self.error(question);
        let mut answer = String::new();
        io::stdin().lock().read_line(&mut answer)?;
        Ok(answer.trim().to_owned())
    }

    /// What `azure_core` and the sandbox log, with `-vv`; secrets are redacted there.
    pub(super) fn log(&self) {
        if self.terminal.verbosity < Verbosity::Logged {
            return;
        }
        let filter = tracing_subscriber::EnvFilter::new(
            "warn,azure_core=debug,typespec_client_core=debug,secgw=debug",
        );
        let subscriber = tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(io::stderr)
            .with_ansi(false)
            .finish();
        // Only a second one can fail, and there is none.
        drop(tracing::subscriber::set_global_default(subscriber));
    }
}

/// What the parser of the command line has to say: help on stdout, mistakes on stderr.
pub(super) fn usage(error: &clap::Error) {
    drop(error.print());
}

/// What a shell asked for, as it is.
pub(super) fn completions(answer: &str) -> io::Result<()> {
    io::stdout().write_all(answer.as_bytes())
}

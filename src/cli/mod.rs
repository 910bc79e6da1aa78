//! The command line: from arguments to an exit code.
//!
//! `args` is what can be typed, `settings` what it means, `commands` what is done, `output` the only way to the
//! screen, `exit` how it ends. A command reads, calls pure functions, renders, and returns its status.

mod acceptance;
mod approved;
pub mod args;
mod commands;
mod deliver;
pub mod deployed;
mod error;
pub mod exit;
mod follow;
mod interrupt;
mod output;
mod session;
pub mod settings;
mod user;

use clap::Parser as _;

pub use exit::Exit;

use args::Arguments;
use error::Error;
use output::Output;
use settings::{Settings, Surroundings};

/// Runs what the process was called with.
pub fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            output::usage(&error);
            return if error.use_stderr() {
                Exit::Invalid
            } else {
                Exit::Ok
            };
        }
    };
    let surroundings = Surroundings::of_process();
    let settings = Settings::resolve(arguments, surroundings.unwrap_or_default());
    let output = Output::new(settings.terminal);
    output.log();
    commands::run(settings.task, &output).unwrap_or_else(|error| {
        output.error(&error.render(output.room().width));
        error.exit()
    })
}

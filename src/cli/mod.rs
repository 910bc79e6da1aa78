//! The command line: from arguments to an exit code.
//!
//! `args` is what can be typed, `settings` what it means, `commands` what is done, `output` the only way to the
//! screen, `exit` how it ends. A command reads (`wanted` the spec, `session` what is live), calls pure functions, renders,
//! and returns its status; what runs for long stands beside: `follow` an apply, `attack` the probes.

mod acceptance;
mod approved;
mod args;
mod attack;
mod commands;
mod completion;
mod deliver;
pub mod deployed;
mod error;
mod examine;
pub mod exit;
mod follow;
mod incomplete;
mod interrupt;
mod interview;
mod named;
mod output;
mod session;
mod settings;
pub mod starter;
pub mod surroundings;
mod user;
mod wanted;

pub use exit::Exit;

use clap::CommandFactory as _;

use args::Arguments;
use error::Error;
use output::Output;
use settings::{Settings, Surroundings};

/// Every command and option there is, as `--help` knows them.
pub fn command() -> clap::Command {
    Arguments::command()
}

/// Runs what the process was called with.
pub fn run() -> Exit {
    let surroundings = Surroundings::of_process().unwrap_or_default();
    let words: Vec<_> = std::env::args_os().collect();
    if let Some(answer) = completion::answer(&words, &surroundings) {
        let written = answer.and_then(|answer| output::completions(&answer));
        // There is no place for a message in the middle of a command line.
        return written.map_or(Exit::Failed, |()| Exit::Ok);
    }
    let arguments = match Arguments::read(words) {
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
    let settings = Settings::resolve(arguments, surroundings);
    let output = Output::new(settings.terminal);
    output.log();
    commands::run(settings.task, &output).unwrap_or_else(|error| {
        output.error(&error.render(output.room().width));
        error.exit()
    })
}

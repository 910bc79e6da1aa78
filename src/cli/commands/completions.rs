//! `secgw completions`: what makes a shell ask secgw for completions.

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::cli::args::Shell;
use crate::cli::completion;

pub(super) fn run(shell: Shell, output: &Output) -> Result<Exit, Error> {
    let script = completion::script(shell).context("cannot make the completion script")?;
    output
        .data(&script)
        .context("cannot write the completion script")?;
    Ok(Exit::Ok)
}

//! `secgw completions`: a script that teaches a shell the commands and options.

use anyhow::Context as _;
use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Error, Exit, Output};
use crate::cli::args::Arguments;

pub(super) fn run(shell: Shell, output: &Output) -> Result<Exit, Error> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "secgw", &mut script);
    let script = String::from_utf8(script).context("the completion script is not text")?;
    output
        .data(&script)
        .context("cannot write the completion script")?;
    Ok(Exit::Ok)
}

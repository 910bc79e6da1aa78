//! `secgw man`: the manual, made from the same words as `--help`.

use std::path::Path;

use anyhow::Context as _;
use clap::CommandFactory as _;

use super::{Error, Exit, Output};
use crate::cli::args::Arguments;

pub(super) fn run(directory: Option<&Path>, output: &Output) -> Result<Exit, Error> {
    match directory {
        Some(directory) => write(directory, output)?,
        None => print(output)?,
    }
    Ok(Exit::Ok)
}

fn write(directory: &Path, output: &Output) -> anyhow::Result<()> {
    let write = || {
        std::fs::create_dir_all(directory)?;
        clap_mangen::generate_to(Arguments::command(), directory)
    };
    write().with_context(|| format!("cannot write to {}", directory.display()))?;
    output.say(&format!("Pages written to {}\n", directory.display()));
    Ok(())
}

fn print(output: &Output) -> anyhow::Result<()> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::command())
        .render(&mut page)
        .context("cannot make the page")?;
    let page = String::from_utf8(page).context("the page is not text")?;
    output.data(&page).context("cannot write the page")
}

//! One file per command, each the same way: settings, read, decide, render, status.

mod apply;
mod check;
mod completions;
mod destroy;
mod doctor;
mod drift;
mod end;
mod environments;
mod explain;
mod graph;
mod init;
mod man;
mod permissions;
mod plan;
mod render;
mod schema;
mod serve;
mod several;
mod show;
mod validate;
mod verify;

use std::time::Duration;

use anyhow::Context as _;

use super::Error;
use super::exit::Exit;
use super::output::Output;
use super::settings::Task;
use super::wanted::{load, load_in_cloud, name_stand_ins};

pub(super) fn run(task: Task, output: &Output) -> Result<Exit, Error> {
    match task {
        Task::Init(init) => init::run(init, output),
        Task::Environments { directory, format } => environments::run(&directory, format, output),
        Task::Validate { spec, format } => {
            name_stand_ins(&spec, output);
            validate::run(&spec, format, output)
        }
        Task::Render { spec, what } => {
            name_stand_ins(&spec, output);
            render::run(&spec, &what, output)
        }
        Task::Schema => schema::run(output),
        Task::Plan {
            work,
            detailed_exitcode,
        } => block_on(plan::run(work, detailed_exitcode, output)),
        Task::Drift { work } => block_on(drift::run(work, output)),
        Task::Show(args) => show::run(&args, output),
        Task::Destroy {
            work,
            also,
            approval,
        } => block_on(destroy::run(work, also, &approval, output)),
        Task::Apply {
            work,
            approval,
            verify,
        } => block_on(apply::run(work, &approval, verify, output)),
        Task::Verify(verify) => block_on(verify::run(verify, output)),
        Task::Check(check) => block_on(check::run(check, output)),
        Task::Explain(question) => explain::run(&question, output),
        Task::Graph { spec, drawing } => graph::run(&spec, drawing, output),
        Task::Serve(options) => block_on(serve::run(options, output)),
        Task::Completions(shell) => completions::run(shell, output),
        Task::Permissions(asked) => permissions::run(&asked, output),
        Task::Doctor { work, format } => block_on(doctor::run(work, format, output)),
        Task::Man { directory } => man::run(directory.as_deref(), output),
    }
}

fn block_on(work: impl Future<Output = Result<Exit, Error>>) -> Result<Exit, Error> {
    let runtime = tokio::runtime::Runtime::new().context("cannot start the runtime")?;
    let ended = runtime.block_on(work);
    // Whoever is still asked something has left the question open.
    runtime.shutdown_timeout(Duration::from_secs(1));
    ended
}

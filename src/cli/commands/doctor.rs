//! `secgw auth doctor`: tries to sign in, and says what that comes to.

use anyhow::Context as _;

use super::{Error, Exit, Output, load_in_cloud};
use crate::cli::args::Format;
use crate::cli::session;
use crate::cli::settings::Work;
use crate::resource::rights::{self, Purpose};

pub(super) async fn run(work: Work, format: Format, output: &Output) -> Result<Exit, Error> {
    let loaded = load_in_cloud(&work)?;
    let graph = session::compile(&loaded)?;
    let plan = rights::needed(&graph, Purpose::Plan);
    let apply = rights::needed(&graph, Purpose::Apply);
    let (doctored, ground) =
        crate::cli::examine::examine(&work, &loaded.spec, (&plan, &apply)).await?;
    match format {
        Format::Text => output.text(&doctored.text(output.room().width)),
        Format::Json => output.json(&doctored.json()),
    }
    .context("cannot write what was found")?;
    let is_able = doctored.missing(&plan).is_empty();
    ground.leave().await;
    Ok(if is_able { Exit::Ok } else { Exit::Failed })
}

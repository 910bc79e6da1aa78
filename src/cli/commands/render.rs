//! `secgw render`: what a spec comes to.

use anyhow::Context as _;
use serde_json::json;

use super::{Error, Exit, Output, load};
use crate::cli::args::Format;
use crate::cli::session;
use crate::cli::settings::Rendered;
use crate::render::plan_json::FORMAT_VERSION;
use crate::render::{resources, safe};
use crate::resource::Graph;
use crate::spec::LoadOptions;
use crate::text::list_of_names;

pub(super) fn run(spec: &LoadOptions, what: &Rendered, output: &Output) -> Result<Exit, Error> {
    let loaded = load(spec)?;
    match what {
        Rendered::Spec(Format::Text) => output.data(&safe::block(&loaded.effective.to_yaml())),
        Rendered::Spec(Format::Json) => output.json(&json!({
            "format_version": FORMAT_VERSION,
            "values": loaded.effective.values(),
        })),
        Rendered::Resources => output.json(&resources::json(&session::compile(&loaded)?)),
        Rendered::Policy(api) => {
            let graph = session::compile(&loaded)?;
            match resources::policy(&graph, api) {
                Some(text) => output.data(&text),
                None => return Err(unknown(api, &graph)),
            }
        }
    }
    .context("cannot write")?;
    Ok(Exit::Ok)
}

fn unknown(api: &str, graph: &Graph) -> Error {
    let known = list_of_names(resources::policies(graph));
    Error::usage(
        format!("there is no policy of `{api}`"),
        format!("there is {known}"),
    )
}

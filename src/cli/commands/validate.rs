//! `secgw validate`: everything that can be known about a spec offline.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Error, Exit, Output, load};
use crate::cli::args::Format;
use crate::cli::session;
use crate::render::plan_json::FORMAT_VERSION;
use crate::render::safe;
use crate::render::style::wrap;
use crate::spec::{Diagnostics, LoadOptions, Loaded, Topology};
use crate::text::plural;

pub(super) fn run(spec: &LoadOptions, format: Format, output: &Output) -> Result<Exit, Error> {
    match (checked(spec), format) {
        (Ok(loaded), Format::Text) => output.text(&valid(&loaded, output.room().width)),
        (Ok(loaded), Format::Json) => output.json(&data(Some(&loaded), None)),
        (Err(Error::Spec(found)), Format::Json) => {
            output
                .json(&data(None, Some(&found)))
                .context("cannot write")?;
            return Ok(Exit::Invalid);
        }
        (Err(error), _) => return Err(error),
    }
    .context("cannot write")?;
    Ok(Exit::Ok)
}

/// Compiling finds what is wrong with the operator's own policies and with the division of the network.
fn checked(spec: &LoadOptions) -> Result<Loaded, Error> {
    let loaded = load(spec)?;
    session::compile(&loaded)?;
    Ok(loaded)
}

fn valid(loaded: &Loaded, width: usize) -> String {
    let spec = &loaded.spec;
    let operations: usize = spec.apis.iter().map(|api| api.operations.len()).sum();
    let what = format!(
        "valid: {} with {}, {}, {}",
        spec.name,
        plural(spec.apis.len(), "API"),
        plural(operations, "operation"),
        plural(spec.functions.len(), "function"),
    );
    let why = format!(
        "{}: {}",
        topology(spec.network.topology),
        spec.network.reason
    );
    let lines = [vec![what], wrap(&why, width)].concat();
    format!("{}\n", safe::block(&lines.join("\n")))
}

fn topology(topology: Topology) -> &'static str {
    match topology {
        Topology::PrivateEdgePrivateBackend => "private edge, private backend",
        Topology::FilteredEdgePrivateBackend => "filtered edge, private backend",
        Topology::PrivateEdgeRestrictedBackend => "private edge, backend restricted to the gateway",
    }
}

fn data(loaded: Option<&Loaded>, found: Option<&Diagnostics>) -> Value {
    let files: Vec<&str> = loaded.iter().flat_map(|loaded| loaded.files()).collect();
    json!({
        "format_version": FORMAT_VERSION,
        "valid": loaded.is_some(),
        "spec": loaded.map(|loaded| loaded.spec.name.to_string()),
        "topology": loaded.map(|loaded| topology(loaded.spec.network.topology)),
        "reason": loaded.map(|loaded| &loaded.spec.network.reason),
        "files": files,
        "diagnostics": found.map_or_else(|| json!([]), |found| json!(found)),
    })
}

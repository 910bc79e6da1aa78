//! `secgw explain`: what a control is about.

use anyhow::Context as _;
use serde_json::json;

use super::{Error, Exit, Output};
use crate::cli::args::Format;
use crate::controls;
use crate::render::plan_json::FORMAT_VERSION;
use crate::render::{check_data, explain};
use crate::text::nearest;

pub(super) fn run(what: &str, format: Format, output: &Output) -> Result<Exit, Error> {
    let Some(control) = controls::find(what) else {
        let ids = controls::all().map(|control| control.id);
        let hint = match nearest(what, ids) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "`secgw check` shows the ids of all controls with `-v`".to_owned(),
        };
        return Err(Error::usage(format!("there is no control `{what}`"), hint));
    };
    match format {
        Format::Text => output.data(&explain::control(control, output.room().width)),
        Format::Json => output.json(&json!({
            "format_version": FORMAT_VERSION,
            "control": check_data::control(control),
        })),
    }
    .context("cannot write")?;
    Ok(Exit::Ok)
}

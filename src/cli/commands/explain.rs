//! `secgw explain`: what a control, a resource or a property is about.

use anyhow::Context as _;
use serde_json::{Value, json};

use super::{Error, Exit, Output, load, name_stand_ins};
use crate::cli::args::{Format, SubjectArgs};
use crate::cli::named;
use crate::cli::session;
use crate::cli::settings::Question;
use crate::controls;
use crate::render::check_data;
use crate::render::explain::{self, Explained, Property};
use crate::render::plan_json::FORMAT_VERSION;
use crate::resource::Graph;

pub(super) fn run(question: &Question, output: &Output) -> Result<Exit, Error> {
    let Question {
        subject: SubjectArgs { what, property },
        format,
        ..
    } = question;
    let width = output.room().width;
    if let (Some(control), None) = (controls::find(what), property) {
        let data = || json!({ "control": check_data::control(control) });
        return say(*format, || explain::control(control, width), data, output);
    }
    let graph = graph(question, output)?;
    let resource = named::resource(what, &graph)?;
    match property {
        None => {
            let explained = Explained {
                graph: &graph,
                resource,
            };
            let data = || json!({ "resource": explained.json() });
            say(*format, || explained.text(width), data, output)
        }
        Some(text) => {
            let property = Property::find(&graph, resource, text)
                .map_err(|unknown| named::no_property(text, resource, unknown.near.as_deref()))?;
            let data = || json!({ "property": property.json() });
            say(*format, || property.text(width), data, output)
        }
    }
}

fn say(
    format: Format,
    text: impl FnOnce() -> String,
    data: impl FnOnce() -> Value,
    output: &Output,
) -> Result<Exit, Error> {
    match format {
        Format::Text => output.data(&text()),
        Format::Json => {
            let mut data = data();
            data["format_version"] = json!(FORMAT_VERSION);
            output.json(&data)
        }
    }
    .context("cannot write")?;
    Ok(Exit::Ok)
}

/// Where there is no spec at all, a mistyped control is the likelier mistake.
fn graph(question: &Question, output: &Output) -> Result<Graph, Error> {
    let loaded = load(&question.spec).map_err(|error| match error {
        Error::Usage { hint, .. } => named::no_control(&question.subject.what, &hint),
        other => other,
    })?;
    name_stand_ins(&question.spec, output);
    session::compile(&loaded)
}

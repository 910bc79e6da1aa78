//! `secgw auth permissions`: the least rights that planning or applying a spec takes.

use anyhow::Context as _;

use super::{Error, Exit, Output, load, name_stand_ins};
use crate::cli::args::RightsFormat;
use crate::cli::session;
use crate::cli::settings::RightsAsked;
use crate::render::permissions::Needed;
use crate::resource::rights;

pub(super) fn run(asked: &RightsAsked, output: &Output) -> Result<Exit, Error> {
    let RightsAsked {
        spec,
        purpose,
        format,
    } = asked;
    let purpose = *purpose;
    let loaded = load(spec)?;
    name_stand_ins(spec, output);
    let graph = session::compile(&loaded)?;
    let spec = &loaded.spec;
    let workforce = spec.azure.tenant_id.map(|tenant| tenant.to_string());
    let needed = Needed {
        spec: &spec.name,
        purpose,
        rights: &rights::needed(&graph, purpose),
        subscription: &spec.azure.subscription.to_string(),
        identity_tenant: &spec.identity.tenant,
        workforce_tenant: workforce.as_deref(),
    };
    match format {
        RightsFormat::Text => output.text(&needed.text()),
        RightsFormat::Json => output.json(&needed.json()),
        RightsFormat::Role => output.json(&needed.role()),
    }
    .context("cannot write the permissions")?;
    Ok(Exit::Ok)
}

//! `secgw destroy`: takes down what the spec owns, in the right order, and nothing else.

use super::end::End;
use super::{Error, Exit, Output, apply, load_in_cloud};
use crate::cli::approved::Approved;
use crate::cli::args::ApprovalArgs;
use crate::cli::session;
use crate::cli::settings::Work;
use crate::resource::Pattern;

pub(super) async fn run(
    work: Work,
    also: Vec<Pattern>,
    approval: &ApprovalArgs,
    output: &Output,
) -> Result<Exit, Error> {
    let approved = Approved::read(approval)?;
    let loaded = load_in_cloud(&work)?;
    let desired = session::compile(&loaded)?.to_destroy(also);
    let end = End {
        spec: &loaded.spec,
        attack: None,
    };
    apply::towards(desired, &end, &work, &approved, output).await
}

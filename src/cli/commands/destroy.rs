//! `secgw destroy`: takes down what the spec owns, in the right order, and nothing else.

use super::end::End;
use super::{Error, Exit, Output, apply};
use crate::cli::args::ApprovalArgs;
use crate::cli::deliver::unplanned;
use crate::cli::settings::Work;
use crate::resource::Pattern;

pub(super) async fn run(
    work: Work,
    also: Vec<Pattern>,
    approval: &ApprovalArgs,
    output: &Output,
) -> Result<Exit, Error> {
    let ready = apply::ready(&work, approval);
    let (approved, loaded, desired) =
        ready.map_err(|error| unplanned(error, "destroy", &work, output))?;
    let desired = desired.to_destroy(also);
    let end = End {
        spec: &loaded.spec,
        attack: None,
    };
    apply::towards(desired, &end, &work, &approved, output).await
}

//! `secgw sandbox serve`: the embedded Azure on a port, until it is interrupted.

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::cli::interrupt::interrupted;
use crate::render::safe;
use crate::sandbox::{self, Options, Running};

pub(super) async fn run(options: Options, output: &Output) -> Result<Exit, Error> {
    let ca = options.dir.join("ca.pem");
    let ready = |running: &Running| {
        let text = format!(
            "SANDBOX on https://{}, certificate authority {}\n",
            running.address(),
            safe::line(&ca.display().to_string()),
        );
        // Whoever started it waits for this line; without a reader it serves all the same.
        drop(output.data(&text));
        output.say("Ctrl-C stops it; its state is kept.\n");
    };
    sandbox::serve(options, ready, interrupted())
        .await
        .context("the sandbox does not run")?;
    Ok(Exit::Ok)
}

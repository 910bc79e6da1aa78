//! `secgw sandbox serve`: the embedded Azure on a port, until it is interrupted.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::Context as _;

use super::{Error, Exit, Output};
use crate::cli::interrupt::interrupted;
use crate::cli::settings::ServeSettings;
use crate::render::safe;
use crate::sandbox::{self, Running};

pub(super) async fn run(settings: ServeSettings, output: &Output) -> Result<Exit, Error> {
    let ServeSettings {
        sandbox: options,
        connect_map: has_map,
    } = settings;
    let ca = options.dir.join("ca.pem");
    let ready = |running: &Running| {
        let mut text = format!(
            "SANDBOX on https://{}, certificate authority {}\n",
            running.address(),
            safe::line(&ca.display().to_string()),
        );
        if has_map {
            text = connect_map(&text, &ca, running);
        }
        // Whoever started it waits for this line; without a reader it serves all the same.
        drop(output.data(&text));
        output.say("Ctrl-C stops it; its state is kept.\n");
    };
    sandbox::serve(options, ready, interrupted())
        .await
        .context("the sandbox does not run")?;
    Ok(Exit::Ok)
}

/// A configuration file for curl: every deployed host leads to this port, and its certificates are trusted.
fn connect_map(title: &str, ca: &Path, running: &Running) -> String {
    let mut text = format!("# {title}");
    let quoted = ca
        .display()
        .to_string()
        .replace('\\', "\\\\")
        .replace('"', "\\\"");
    writeln!(text, "cacert = \"{}\"", safe::line(&quoted)).ok();
    for host in running.hosts() {
        for port in [443, 80] {
            writeln!(text, "connect-to = \"{host}:{port}:{}\"", running.address()).ok();
        }
    }
    if running.hosts().is_empty() {
        text.push_str("# nothing is deployed in this directory yet\n");
    }
    text
}

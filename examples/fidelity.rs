//! `cargo run --example fidelity -- DIR [--wrong]`: how close the sandbox comes to recorded traffic.

use std::io::Write as _;
use std::path::Path;
use std::process::ExitCode;

#[path = "../tests/replay/fidelity/mod.rs"]
mod fidelity;

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let folder = arguments
        .first()
        .map_or("../shared/azure/recordings/dev", String::as_str);
    let table = fidelity::measure(Path::new(folder))?;
    let mut out = std::io::stdout().lock();
    if arguments.iter().any(|argument| argument == "--wrong") {
        let mut wrong: Vec<_> = table.wrong.iter().collect();
        wrong.sort_by_key(|((kind, _), (count, _))| (kind.clone(), std::cmp::Reverse(*count)));
        for ((kind, what), (count, one)) in wrong {
            writeln!(out, "{count:5} {kind} {what}: {one}")?;
        }
        for (kind, count) in &table.without_row {
            writeln!(out, "{count:5} without a row: {kind}")?;
        }
        for (why, count) in &table.not_played {
            writeln!(out, "{count:5} not played: {why}")?;
        }
    }
    writeln!(out, "{table}")?;
    Ok(ExitCode::SUCCESS)
}

//! Measures secgw on a folder of recorded Azure traffic: `cargo run --release --example replay -- DIR [diff|sandbox]`.
//!
//! The diff on what Azure returned after each write, and the sandbox on the whole recordings. Prints what falls short,
//! a table by resource type each, and a summary as the last line; exit code 1 when a measure is not met.
//! `tests/azure_data.rs` does the same on the recordings that are always at hand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a report")]

use std::path::Path;
use std::process::ExitCode;

#[path = "../tests/replay/fidelity/mod.rs"]
mod fidelity;
#[path = "../tests/replay/mod.rs"]
mod replay;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (folder, only) = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [folder] => (folder, None),
        [folder, only @ ("diff" | "sandbox")] => (folder, Some(only)),
        _ => {
            eprintln!("usage: cargo run --release --example replay -- DIR [diff|sandbox]");
            return ExitCode::from(3);
        }
    };
    match measured(Path::new(folder), only) {
        Ok(is_met) => ExitCode::from(u8::from(!is_met)),
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn measured(folder: &Path, only: Option<&str>) -> anyhow::Result<bool> {
    let mut is_met = true;
    let mut summary = Vec::new();
    if only != Some("sandbox") {
        let report = replay::measure(folder)?;
        println!("{report}");
        is_met &= report.is_met();
        summary.push(("diff", report.is_met()));
    }
    if only != Some("diff") {
        let table = fidelity::measure(folder)?;
        println!("{table}");
        is_met &= table.is_met();
        summary.push(("sandbox", table.is_met()));
    }
    if let [(one, is_one), (other, is_other)] = summary[..] {
        let word = |is_met| if is_met { "met" } else { "NOT MET" };
        println!("{one}: {}; {other}: {}", word(is_one), word(is_other));
    }
    Ok(is_met)
}

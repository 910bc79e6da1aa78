//! Measures secgw's diff on a folder of recorded Azure traffic: `cargo run --release --example replay -- DIR`.
//!
//! Prints what falls short, a table by resource type and a summary as the last line; exit code 1 when a measure is
//! not met. `tests/azure_data.rs` does the same on the recordings that are always at hand.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "it is a report")]

use std::path::PathBuf;
use std::process::ExitCode;

#[path = "../tests/replay/mod.rs"]
mod replay;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1).map(PathBuf::from) else {
        eprintln!("usage: cargo run --release --example replay -- DIR");
        return ExitCode::from(3);
    };
    match replay::measure(&folder) {
        Ok(report) => {
            println!("{report}");
            ExitCode::from(u8::from(!report.is_met()))
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

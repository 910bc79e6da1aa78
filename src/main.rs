//! The `secgw` binary. All of it is in the library: `secgw::cli` parses, runs and decides the exit code.

use std::process::ExitCode;

fn main() -> ExitCode {
    secgw::cli::run().into()
}

//! The `secgw` binary.
fn main() {}

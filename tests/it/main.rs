//! The integration tests, in one binary. `cfg(test)` tells clippy that `unwrap` is fine here.
#[cfg(test)]
mod architecture;
mod azure;
mod cli;
mod compile;
mod converge;
mod generated;
mod locality;
mod policy;
mod policy_layout;
mod render;
mod resume;
mod sandbox;
mod sandbox_providers;
mod spec;
mod stand;
mod traffic;

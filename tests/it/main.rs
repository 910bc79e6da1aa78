//! The integration tests, in one binary. `cfg(test)` tells clippy that `unwrap` is fine here.
#[cfg(test)]
mod architecture;
mod azure;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod compile;
mod policy;
mod policy_layout;
#[cfg(test)]
mod render;
mod sandbox;
mod sandbox_providers;
#[cfg(test)]
mod spec;

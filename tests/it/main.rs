//! The integration tests, in one binary.
mod architecture;
mod azure;
#[cfg(test)]
mod compile;
mod policy;
mod policy_layout;
mod sandbox;
mod sandbox_providers;
#[cfg(test)]
mod spec;

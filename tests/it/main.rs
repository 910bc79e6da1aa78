//! The integration tests, in one binary. `cfg(test)` tells clippy that `unwrap` is fine here.
#[cfg(test)]
mod architecture;
#[cfg(test)]
mod azure;
#[cfg(test)]
mod canaries;
#[cfg(test)]
mod cli;
#[cfg(test)]
mod compile;
#[cfg(test)]
mod controls;
#[cfg(test)]
mod converge;
#[cfg(test)]
mod exposure;
#[cfg(test)]
mod federation;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod generated;
#[cfg(test)]
mod halfway;
#[cfg(test)]
mod locality;
#[cfg(test)]
mod networks;
#[cfg(test)]
mod ownership;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod policy_layout;
#[cfg(test)]
mod posture;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod renames;
#[cfg(test)]
mod render;
#[cfg(test)]
mod resume;
#[cfg(test)]
mod rights;
#[cfg(test)]
mod sandbox;
#[cfg(test)]
mod sandbox_providers;
#[cfg(test)]
mod saved;
#[cfg(test)]
mod second_reader;
#[cfg(test)]
mod secrecy;
#[cfg(test)]
mod sign_in;
#[cfg(test)]
mod spec;
#[cfg(test)]
mod stand;
#[cfg(test)]
mod three_way;
#[cfg(test)]
mod traffic;
#[cfg(test)]
mod verify;

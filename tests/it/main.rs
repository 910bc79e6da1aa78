//! The integration tests, in one binary.
mod policy;
mod sandbox;

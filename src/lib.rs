//! secgw provisions and proves a secure API gateway on Azure.

pub mod apply;
pub mod azure;
pub mod compile;
pub mod diff;
pub mod plan;
pub mod policy;
pub mod resource;
pub mod sandbox;
pub mod spec;
pub mod text;

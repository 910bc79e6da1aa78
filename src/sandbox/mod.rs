//! The Azure embedded in the binary: control plane on disk behind TLS on loopback.
//!
//! A request passes `server` (bytes), `route` (which service), then `arm`, `graph`, `entra` or `metadata`. What Azure
//! does with each resource type stands in `behaviour`; what it holds, in `store`. An independent witness: nothing here
//! is shared with compile, diff, plan or policy.

mod arm;
mod behaviour;
mod entra;
mod graph;
mod message;
mod operation;
mod refusal;
mod store;
mod world;

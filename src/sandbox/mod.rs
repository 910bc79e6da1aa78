//! The Azure embedded in the binary: control plane on disk behind TLS on loopback, and a data plane that answers as the
//! control plane was told.
//!
//! A request passes `connection` (bytes), `server`, `route` (which service), then `arm`, `graph`, `entra` or `metadata`;
//! one for a deployed host goes to `data_plane`. `rights` says who may do what, `federation` how pipelines sign in. What Azure does with each resource type stands in `behaviour`; what it
//! holds, in `store`. An independent witness: nothing here is shared with compile, diff, plan or policy.

mod activity;
mod arm;
mod behaviour;
mod certificate;
mod connection;
mod data_plane;
mod direct;
mod entra;
mod fault;
mod federation;
mod graph;
mod hand;
mod message;
mod metadata;
mod operation;
mod private;
mod record;
mod refusal;
mod rights;
mod route;
mod server;
mod store;
mod world;

pub use behaviour::{Evidence, evidence};
pub use direct::{About, Answer, Direct};
pub use fault::{Action, Fault, Faults};
pub use rights::{Limit, Rights};
pub use server::{Options, Running, StartError, serve, start};

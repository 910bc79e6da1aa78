//! The ARM and Microsoft Graph protocol: sign-in, pipeline, long-running operations, reading live state.
//!
//! `request`, `response`, `operation`, `retry` and `hints` are values and functions without IO; `pipeline` and `auth`
//! wrap `azure_core` and `azure_identity`; `client` and `read` are the way out. The sandbox is reached through here too,
//! by a `Route` that leads every name to it.

pub mod activity;
mod around;
pub mod auth;
pub mod client;
pub mod cloud;
pub mod discover;
pub mod doctor;
pub mod error;
pub mod federation;
pub mod hints;
mod lookup;
pub mod operation;
pub mod pipeline;
pub mod proxy;
pub mod read;
pub mod request;
pub mod response;
pub mod retry;
pub mod vault;

pub use auth::{AuthSettings, SignIn};
pub use client::Client;
pub use cloud::Cloud;
pub use error::Error;
pub use pipeline::{PooledClient, Route};
pub use proxy::Proxy;
pub use read::{Reading, read_live, read_one};

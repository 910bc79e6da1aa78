//! What each resource provider of the embedded Azure does, provider by provider.

mod edge;
mod identity;
mod network;
mod observability;
mod web;

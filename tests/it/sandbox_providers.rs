//! What each resource provider of the embedded Azure does, provider by provider.

mod identity;
mod network;
mod observability;
mod web;

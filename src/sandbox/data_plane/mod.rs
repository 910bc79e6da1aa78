//! The deployed gateway as HTTP: what Front Door, API Management, Function and identity provider answer.
//!
//! It reads stored live state and nothing else, so it answers as configured, not as intended. `hosts` finds the
//! resource a host belongs to; each service is a function from a [`Call`] to a [`Reply`], and calls the next one through
//! [`Plane::send`]. What the stored configuration asks for and the sandbox cannot do is a 501 that says so, never a pass.

mod blob;
mod call;
mod companion;
mod edge;
mod function;
mod gateway;
mod hosts;
mod managed_identity;
mod private_path;
mod provider;
mod source;
pub(crate) mod tls;
pub(crate) mod wire;

use time::OffsetDateTime;

use super::behaviour::Evidence;
use super::entra::Issuer;
use super::store::{Entry, Store};

pub(crate) use call::{Call, Reply, Scheme, Tls, TlsVersion, Via};
pub(crate) use hosts::{all as all_hosts, is_deployed};
pub(crate) use source::simulated;

use call::MOST_HOPS;
use hosts::Answering;

/// What the data plane states about Azure.
pub(crate) fn evidence() -> impl Iterator<Item = (String, Evidence)> {
    let claims = gateway::CLAIMS.iter();
    claims.map(|(claim, evidence)| ((*claim).to_owned(), *evidence))
}

/// The data plane at one moment.
pub(crate) struct Plane<'a> {
    pub(crate) store: &'a Store,
    pub(crate) issuer: &'a Issuer,
    pub(crate) now: OffsetDateTime,
    pub(crate) counters: &'a mut Counters,
}

/// What the services remember between calls: gone when the sandbox stops, as it is when Azure recycles a node.
#[derive(Debug, Default)]
pub(crate) struct Counters {
    firewall: edge::Windows,
    cache: edge::Cache,
    sessions: provider::Sessions,
    gateway: gateway::Counters,
    /// Accounts that people made for themselves during the call; the server stores them after it.
    pub(crate) writes: Vec<Entry>,
}

impl Plane<'_> {
    /// Sends a call to whoever answers its host, as DNS would lead it.
    pub(crate) fn send(&mut self, call: Call) -> Reply {
        let led_to = call.led_to().to_owned();
        self.send_to(&led_to, call)
    }

    /// Sends a call to whoever answers `name`, whatever its Host header says.
    pub(crate) fn send_to(&mut self, name: &str, call: Call) -> Reply {
        if call.hops > MOST_HOPS {
            return Reply::text(508, "The call goes in circles.\n");
        }
        match hosts::answering(self.store, name) {
            None => Reply::closed(),
            Some(Answering::Edge { profile }) => edge::answer(self, &profile, call),
            Some(Answering::Gateway { service }) => gateway::answer(self, &service, call),
            Some(Answering::Companion { service, role }) => {
                companion::answer(self, &service, role, &call)
            }
            Some(Answering::Site { site }) => function::answer(self, &site, &call),
            Some(Answering::Scm { site }) => function::answer_scm(self, &site, &call),
            Some(Answering::Blob { account }) => blob::answer(self, &account, &call),
            Some(Answering::IdentityProvider) => provider::answer(self, &call),
        }
    }
}

//! The deployed gateway as HTTP: what Front Door, API Management, Function and identity provider answer.
//!
//! It reads stored live state and nothing else, so it answers as configured, not as intended. `hosts` finds the
//! resource a host belongs to; each service is a function from a [`Call`] to a [`Reply`], and calls the next one through
//! [`Plane::send`]. What the stored configuration asks for and the sandbox cannot do is a 501 that says so, never a pass.

mod call;
mod hosts;
mod source;

use time::OffsetDateTime;

use super::entra::Issuer;
use super::store::Store;

pub(crate) use call::{Call, Reply, Scheme, Tls, TlsVersion, Via};
pub(crate) use hosts::is_deployed;
pub(crate) use source::simulated;

use call::MOST_HOPS;
use hosts::Answering;

/// The data plane at one moment.
pub(crate) struct Plane<'a> {
    pub(crate) store: &'a Store,
    pub(crate) issuer: &'a Issuer,
    pub(crate) now: OffsetDateTime,
    pub(crate) counters: &'a mut Counters,
}

/// What the services remember between calls: gone when the sandbox stops, as it is when Azure recycles a node.
#[derive(Debug, Default)]
pub(crate) struct Counters {}

impl Plane<'_> {
    /// Sends a call to whoever answers its host, as DNS would lead it.
    pub(crate) fn send(&mut self, call: Call) -> Reply {
        if call.hops > MOST_HOPS {
            return Reply::text(508, "The call goes in circles.\n");
        }
        match hosts::answering(self.store, call.led_to()) {
            None => Reply::closed(),
            Some(
                Answering::Edge { .. }
                | Answering::Gateway { .. }
                | Answering::Companion { .. }
                | Answering::Site { .. }
                | Answering::Scm { .. }
                | Answering::Blob { .. }
                | Answering::IdentityProvider,
            ) => Reply::cannot_evaluate("this host yet"),
        }
    }
}

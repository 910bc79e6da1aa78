//! How calls get to the gateway: Front Door with its firewall, and the network behind it.

use std::fmt;
use std::net::Ipv4Addr;
use std::time::Duration;

use super::declare::{choice, section};
use super::tree::Value;
use super::validate;
use super::value::{HostName, Region};
use crate::resource::At;

#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub at: At,
    pub topology: Topology,
    /// Why this topology, for people: `StandardV2 has private endpoints and outbound VNet integration`.
    pub reason: String,
    /// Range of the virtual network; only topologies with one use it.
    pub address_space: Cidr,
}

/// How traffic runs from the edge to the Function (topologies of the domain reference that are built).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topology {
    /// T1: private link from Front Door, VNet integration to a Function that has only a private endpoint.
    PrivateEdgePrivateBackend,
    /// T2: the gateway stands in a virtual network with a public address that answers Front Door alone, by security
    /// group and by the profile's id; the Function has only a private endpoint.
    FilteredEdgePrivateBackend,
    /// T3: private link from Front Door; the Function is public but admits the gateway's VIP and identity only.
    PrivateEdgeRestrictedBackend,
}

impl Topology {
    /// Whether Front Door reaches the gateway by private link, and nobody reaches it otherwise.
    pub fn has_private_edge(self) -> bool {
        match self {
            Self::PrivateEdgePrivateBackend | Self::PrivateEdgeRestrictedBackend => true,
            Self::FilteredEdgePrivateBackend => false,
        }
    }

    /// Whether the gateway is in a virtual network, in which the Function has a private endpoint and no other way in.
    pub fn has_private_backend(self) -> bool {
        match self {
            Self::PrivateEdgePrivateBackend | Self::FilteredEdgePrivateBackend => true,
            Self::PrivateEdgeRestrictedBackend => false,
        }
    }
}

/// An IPv4 range; host bits are zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub address: Ipv4Addr,
    pub prefix: u8,
}

impl Cidr {
    /// The `index`th part of this range with the given prefix length; `None` when it lies outside.
    pub fn subnet(self, prefix: u8, index: u32) -> Option<Self> {
        let bits = u32::from(prefix.checked_sub(self.prefix)?);
        let fits = prefix <= 32 && u64::from(index) < 1_u64 << bits;
        let offset = u64::from(index) << (32 - u32::from(prefix.min(32)));
        let start = u64::from(u32::from(self.address)) + offset;
        let address = Ipv4Addr::from(u32::try_from(start).ok()?);
        fits.then_some(Self { address, prefix })
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct FrontDoor {
    pub at: At,
    pub sku: FrontDoorSku,
    pub waf: Waf,
    pub hsts: Hsts,
    /// Without any, the default host `*.azurefd.net` stays linked.
    pub domains: Vec<Domain>,
    /// Through which region private link reaches the gateway: its own, or the nearest that has it.
    pub private_link_location: Region,
}

choice! {
    pub enum FrontDoorSku {
        Premium = "Premium",
    }
    refused {
        "Standard" => "Front Door Standard has no private link, so the gateway would stay reachable around it",
    }
}

section! {
    /// The web application firewall at the edge.
    pub struct Waf {
        /// `prevention` blocks, `detection` only logs.
        "mode" mode: WafMode = "prevention",
        /// Guards against floods, per address; exact limits belong to `apis[].rateLimit`.
        "rateLimit" rate_limit: WafRateLimit = Value::map(),
    }
}

choice! {
    pub enum WafMode {
        Prevention = "prevention",
        Detection = "detection",
    }
}

section! {
    /// Guards against floods at the edge.
    pub struct WafRateLimit {
        /// Requests in the time given by `per`.
        "requests" requests: u32 = 1000,
        /// One minute or five: the edge counts over nothing else.
        "per" per: Duration = "5m",
    }
    check validate::edge_rate_limit
}

section! {
    /// What browsers are told about HTTPS.
    pub struct Hsts {
        /// How long they remember.
        "maxAge" max_age: Duration = "365d",
        /// Only with custom domains: `azurefd.net` is not yours to speak for.
        "includeSubdomains" include_subdomains: bool = false,
    }
    check validate::hsts
}

#[derive(Clone, Debug, PartialEq)]
pub struct Domain {
    pub at: At,
    pub host: HostName,
}

//! The tiers of API Management and what each can do (`domain.md` A.1).

use std::ops::RangeInclusive;

pub(super) struct Tier {
    pub(super) name: &'static str,
    pub(super) capacity: RangeInclusive<u64>,
    pub(super) is_v2: bool,
    /// Dedicated public address in `publicIPAddresses`.
    pub(super) has_vip: bool,
    pub(super) network: Network,
    /// Documented: "30 to 40 minutes" for classic tiers, "in minutes" for v2. Seconds.
    pub(super) creation: u32,
    /// Network and TLS changes take 15 to 45 minutes on classic tiers.
    pub(super) change: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Network {
    None,
    /// The gateway itself stands in a subnet.
    Injected,
    /// Outbound only: `External` with a subnet delegated to Microsoft.Web/serverFarms.
    Integrated,
    Either,
}

const CLASSIC: Tier = Tier {
    name: "",
    capacity: 1..=1,
    is_v2: false,
    has_vip: true,
    network: Network::None,
    creation: 2400,
    change: 900,
};

const V2: Tier = Tier {
    is_v2: true,
    has_vip: false,
    creation: 300,
    change: 120,
    ..CLASSIC
};

const TIERS: &[Tier] = &[
    Tier {
        name: "Consumption",
        capacity: 0..=0,
        has_vip: false,
        creation: 180,
        change: 60,
        ..CLASSIC
    },
    Tier {
        name: "Developer",
        network: Network::Injected,
        ..CLASSIC
    },
    Tier {
        name: "Basic",
        capacity: 1..=2,
        ..CLASSIC
    },
    Tier {
        name: "Standard",
        capacity: 1..=4,
        ..CLASSIC
    },
    Tier {
        name: "Premium",
        capacity: 1..=31,
        network: Network::Injected,
        ..CLASSIC
    },
    Tier {
        name: "BasicV2",
        capacity: 1..=10,
        ..V2
    },
    Tier {
        name: "StandardV2",
        capacity: 1..=10,
        network: Network::Integrated,
        ..V2
    },
    Tier {
        name: "PremiumV2",
        capacity: 1..=30,
        network: Network::Either,
        ..V2
    },
];

pub(super) fn of(name: &str) -> Option<&'static Tier> {
    TIERS.iter().find(|tier| tier.name == name)
}

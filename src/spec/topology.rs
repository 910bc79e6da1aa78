//! Which architecture a tier of API Management allows, and why: `network.mode: auto` picks here.
//!
//! Facts: domain reference A.1 (tiers, documented 2025-11-11) and 0.1 (topologies). What cannot be made secure, or
//! is not built, is refused with the reason and the nearest tier that works.

use std::ops::RangeInclusive;

use super::document::NetworkMode;
use super::model::{Tier, Topology};

/// What a tier can do.
pub(crate) struct TierRow {
    pub(crate) tier: Tier,
    pub(crate) units: RangeInclusive<u32>,
    /// Private link from Front Door Premium, with public access off.
    private_edge: bool,
    /// Outbound integration into a virtual network, without injection.
    integration: bool,
    injection: bool,
    /// A public address of its own that does not change.
    static_address: bool,
    /// The tier to take instead, for those that cannot be made secure.
    nearest: Tier,
}

const fn row(
    tier: Tier,
    units: RangeInclusive<u32>,
    abilities: [bool; 4],
    nearest: Tier,
) -> TierRow {
    let [private_edge, integration, injection, static_address] = abilities;
    TierRow {
        tier,
        units,
        private_edge,
        integration,
        injection,
        static_address,
        nearest,
    }
}

const TIERS: &[TierRow] = &[
    //                            private edge, integration, injection, static address
    row(
        Tier::Consumption,
        0..=0,
        [false, false, false, false],
        Tier::Basic,
    ),
    row(
        Tier::Developer,
        1..=1,
        [true, false, true, true],
        Tier::Developer,
    ),
    row(Tier::Basic, 1..=2, [true, false, false, true], Tier::Basic),
    row(
        Tier::Standard,
        1..=4,
        [true, false, false, true],
        Tier::Standard,
    ),
    row(
        Tier::Premium,
        1..=31,
        [true, false, true, true],
        Tier::Premium,
    ),
    row(
        Tier::BasicV2,
        1..=10,
        [false, false, false, false],
        Tier::StandardV2,
    ),
    row(
        Tier::StandardV2,
        1..=10,
        [true, true, false, false],
        Tier::StandardV2,
    ),
    // Front Door cannot reach a Premium v2 gateway by private link (documented 2025-11-11: "currently").
    row(
        Tier::PremiumV2,
        1..=30,
        [false, true, true, false],
        Tier::StandardV2,
    ),
];

pub(crate) fn tier(tier: Tier) -> Option<&'static TierRow> {
    TIERS.iter().find(|row| row.tier == tier)
}

/// Why there is no topology, what is to blame, and what to do instead.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) blames: Blames,
    pub(crate) reason: String,
    pub(crate) remedy: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blames {
    Tier,
    Mode,
}

/// The topology for this tier and mode, with the reason for people.
pub(crate) fn choose(mode: NetworkMode, name: Tier) -> Result<(Topology, String), Refusal> {
    let Some(row) = tier(name) else {
        return Err(refuse(
            Blames::Tier,
            format!("{name} is not known"),
            String::new(),
        ));
    };
    if !row.private_edge {
        let nearest = row.nearest;
        let remedy = format!("the nearest tier that works is {nearest}");
        let reason = match name {
            Tier::PremiumV2 => "Front Door cannot reach a PremiumV2 gateway by private link, and the way through an application gateway is not built".to_owned(),
            _ => format!("{name} cannot be made secure: it has no private endpoints, no virtual network and no address of its own, so calls could go round Front Door"),
        };
        return Err(refuse(Blames::Tier, reason, remedy));
    }
    match mode {
        NetworkMode::Auto if row.integration => Ok(integrated(name)),
        NetworkMode::Auto => Ok(restricted(name)),
        NetworkMode::Integrated if row.integration => Ok(integrated(name)),
        NetworkMode::Integrated => {
            let reason = format!("{name} has no outbound integration into a virtual network");
            Err(refuse(
                Blames::Mode,
                reason,
                "use tier StandardV2, or leave `mode` at `auto`".to_owned(),
            ))
        }
        NetworkMode::IpRestricted if row.static_address => Ok(restricted(name)),
        NetworkMode::IpRestricted => {
            let reason =
                format!("{name} has no address of its own that a Function could be restricted to");
            Err(refuse(Blames::Mode, reason, "leave `mode` at `auto`: the tier integrates into a virtual network, which is stronger".to_owned()))
        }
        NetworkMode::Injected => {
            let reason = if row.injection {
                "injection into a virtual network is not built yet".to_owned()
            } else {
                format!("{name} cannot be injected into a virtual network")
            };
            Err(refuse(
                Blames::Mode,
                reason,
                "leave `mode` at `auto`; tier StandardV2 gets a private backend by integration"
                    .to_owned(),
            ))
        }
    }
}

fn refuse(blames: Blames, reason: String, remedy: String) -> Refusal {
    Refusal {
        blames,
        reason,
        remedy,
    }
}

fn integrated(name: Tier) -> (Topology, String) {
    let reason = format!(
        "{name} has private endpoints and integrates into a virtual network: Front Door reaches it by private link, it reaches the Function by a private endpoint, and neither is public"
    );
    (Topology::PrivateEdgePrivateBackend, reason)
}

fn restricted(name: Tier) -> (Topology, String) {
    let reason = format!(
        "{name} has private endpoints but no outbound integration into a virtual network: Front Door reaches it by private link, and the Function admits the gateway's address and identity only"
    );
    (Topology::PrivateEdgeRestrictedBackend, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn auto_picks_the_strongest_that_the_tier_allows() {
        let picked = |tier| choose(NetworkMode::Auto, tier).map(|(topology, _)| topology);
        assert_eq!(
            picked(Tier::StandardV2),
            Ok(Topology::PrivateEdgePrivateBackend)
        );
        for tier in [Tier::Developer, Tier::Basic, Tier::Standard, Tier::Premium] {
            assert_eq!(
                picked(tier),
                Ok(Topology::PrivateEdgeRestrictedBackend),
                "{tier}"
            );
        }
    }

    #[test]
    fn a_tier_that_cannot_be_secure_names_one_that_can() {
        for tier in [Tier::Consumption, Tier::BasicV2, Tier::PremiumV2] {
            for mode in NetworkMode::ALL {
                let refusal = choose(*mode, tier).unwrap_err();
                assert_eq!(refusal.blames, Blames::Tier);
                let nearest = Tier::ALL
                    .iter()
                    .rev()
                    .find(|tier| refusal.remedy.ends_with(tier.as_str()))
                    .unwrap();
                assert!(
                    choose(NetworkMode::Auto, *nearest).is_ok(),
                    "{tier} suggests {nearest}"
                );
            }
        }
    }

    #[test]
    fn a_mode_is_refused_where_the_tier_lacks_what_it_needs() {
        let topology = |mode, tier| {
            choose(mode, tier)
                .map(|(topology, _)| topology)
                .map_err(|refusal| refusal.blames)
        };
        assert_eq!(
            topology(NetworkMode::Integrated, Tier::StandardV2),
            Ok(Topology::PrivateEdgePrivateBackend)
        );
        assert_eq!(
            topology(NetworkMode::IpRestricted, Tier::Developer),
            Ok(Topology::PrivateEdgeRestrictedBackend)
        );
        assert_eq!(
            topology(NetworkMode::Integrated, Tier::Developer),
            Err(Blames::Mode)
        );
        assert_eq!(
            topology(NetworkMode::IpRestricted, Tier::StandardV2),
            Err(Blames::Mode)
        );
        assert_eq!(
            topology(NetworkMode::Injected, Tier::Premium),
            Err(Blames::Mode)
        );
    }

    #[test]
    fn every_tier_has_one_row() {
        for name in Tier::ALL {
            assert_eq!(
                TIERS.iter().filter(|row| row.tier == *name).count(),
                1,
                "{name}"
            );
        }
    }
}

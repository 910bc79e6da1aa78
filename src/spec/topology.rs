//! Which architecture a tier of API Management allows, and why: `network.mode: auto` picks here.
//!
//! Facts: domain reference A.1 (tiers, documented 2025-11-11), 0.1 (topologies) and C.5 (how strongly each keeps calls
//! behind Front Door). `auto` prefers a private edge, so a tier that could be injected is only where the spec says so.
//! What cannot be made secure, or is not built, is refused with the reason and the nearest tier that works.

use std::ops::RangeInclusive;

use super::document::NetworkMode;
use super::model::{Tier, Topology};

/// What a tier can do.
pub(crate) struct TierRow {
    pub(crate) tier: Tier,
    pub(crate) units: RangeInclusive<u32>,
    abilities: &'static [Ability],
    /// The tier to take instead, for those that cannot be made secure.
    nearest: Option<Tier>,
}

#[derive(Clone, Copy, PartialEq)]
enum Ability {
    /// Private link from Front Door Premium, with public access off.
    PrivateEdge,
    /// Outbound integration into a virtual network, without injection.
    Integration,
    Injection,
    /// A public address of its own that does not change.
    StaticAddress,
}
use Ability::{Injection, Integration, PrivateEdge, StaticAddress};

const fn row(
    tier: Tier,
    units: RangeInclusive<u32>,
    abilities: &'static [Ability],
    nearest: Option<Tier>,
) -> TierRow {
    TierRow {
        tier,
        units,
        abilities,
        nearest,
    }
}

const TIERS: &[TierRow] = &[
    row(Tier::Consumption, 0..=0, &[], Some(Tier::Basic)),
    row(
        Tier::Developer,
        1..=1,
        &[PrivateEdge, Injection, StaticAddress],
        None,
    ),
    row(Tier::Basic, 1..=2, &[PrivateEdge, StaticAddress], None),
    row(Tier::Standard, 1..=4, &[PrivateEdge, StaticAddress], None),
    row(
        Tier::Premium,
        1..=31,
        &[PrivateEdge, Injection, StaticAddress],
        None,
    ),
    row(Tier::BasicV2, 1..=10, &[], Some(Tier::StandardV2)),
    row(Tier::StandardV2, 1..=10, &[PrivateEdge, Integration], None),
    // Front Door cannot reach a Premium v2 gateway by private link (documented 2025-11-11: "currently").
    row(
        Tier::PremiumV2,
        1..=30,
        &[Integration, Injection],
        Some(Tier::StandardV2),
    ),
];

pub(crate) fn tier(name: Tier) -> &'static TierRow {
    // Every tier has its row: a test walks them.
    TIERS
        .iter()
        .find(|row| row.tier == name)
        .unwrap_or(&TIERS[0])
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
    let row = tier(name);
    if let Some(nearest) = row.nearest {
        return Err(refuse(
            Blames::Tier,
            why_not(name),
            format!("the nearest tier that works is {nearest}"),
        ));
    }
    let can = |ability| row.abilities.contains(&ability);
    match mode {
        NetworkMode::Auto | NetworkMode::Integrated if can(Integration) => Ok(integrated(name)),
        NetworkMode::Auto | NetworkMode::IpRestricted if can(StaticAddress) => Ok(restricted(name)),
        NetworkMode::Injected if can(Injection) => Ok(injected(name)),
        NetworkMode::Auto | NetworkMode::Integrated => {
            let reason = format!("{name} has no outbound integration into a virtual network");
            let remedy = if can(Injection) {
                "use `mode: injected`, tier StandardV2, or leave `mode` at `auto`"
            } else {
                "use tier StandardV2, or leave `mode` at `auto`"
            };
            Err(refuse(Blames::Mode, reason, remedy.to_owned()))
        }
        NetworkMode::IpRestricted => {
            let reason =
                format!("{name} has no address of its own that a Function could be restricted to");
            Err(refuse(
                Blames::Mode,
                reason,
                "leave `mode` at `auto`: integration into a virtual network is stronger".to_owned(),
            ))
        }
        NetworkMode::Injected => {
            let reason = format!("{name} cannot be injected into a virtual network");
            let remedy = if can(Integration) {
                "leave `mode` at `auto`: integration gives a private backend and a private edge too"
            } else {
                "use tier Developer or Premium, or leave `mode` at `auto`"
            };
            Err(refuse(Blames::Mode, reason, remedy.to_owned()))
        }
    }
}

fn why_not(name: Tier) -> String {
    if name == Tier::PremiumV2 {
        return "Front Door cannot reach a PremiumV2 gateway by private link, and the way through an application gateway is not built".to_owned();
    }
    format!(
        "{name} cannot be made secure: it has no private endpoints, no virtual network and no address of its own, so calls could go round Front Door"
    )
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

fn injected(name: Tier) -> (Topology, String) {
    let reason = format!(
        "`mode` is `injected` and {name} can be: the gateway stands in a virtual network and reaches the Function by a private endpoint; its public address answers Front Door alone, by security group and by the id of the profile, because an injected gateway has no private link"
    );
    (Topology::FilteredEdgePrivateBackend, reason)
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
            topology(NetworkMode::Injected, Tier::StandardV2),
            Err(Blames::Mode)
        );
    }

    #[test]
    fn exactly_the_tiers_that_can_be_are_injected_and_only_where_asked() {
        for tier in Tier::ALL {
            let can = [Tier::Developer, Tier::Premium].contains(tier);
            let chosen = choose(NetworkMode::Injected, *tier).map(|(topology, _)| topology);
            assert_eq!(
                chosen.is_ok_and(|chosen| chosen == Topology::FilteredEdgePrivateBackend),
                can,
                "{tier}"
            );
        }
        let refusal = choose(NetworkMode::Integrated, Tier::Developer).unwrap_err();
        assert!(refusal.remedy.contains("`mode: injected`"));
        let refusal = choose(NetworkMode::Injected, Tier::Standard).unwrap_err();
        assert!(refusal.remedy.contains("Premium"));
    }

    #[test]
    fn every_tier_has_its_row() {
        for name in Tier::ALL {
            assert_eq!(tier(*name).tier, *name);
        }
        assert_eq!(TIERS.len(), Tier::ALL.len());
    }
}

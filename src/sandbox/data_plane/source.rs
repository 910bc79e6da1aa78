//! Where a call comes from, as network rules see it: addresses, ranges and service tags.
//!
//! The addresses are simulated. A caller on 127.0.0.n comes from 198.51.100.n (RFC 5737, TEST-NET-2), so that
//! `curl --interface 127.0.0.2` is somebody else, and nobody is a gateway's address by accident (203.0.113.0/24); Front Door calls from the range that its tag has had since 2018.

use std::net::{IpAddr, Ipv4Addr};

use super::call::{Call, Via};

/// First address of `AzureFrontDoor.Backend` in the published service tags.
pub(crate) const FRONT_DOOR: Ipv4Addr = Ipv4Addr::new(147, 243, 0, 1);
const FRONT_DOOR_RANGE: &str = "147.243.0.0/16";

/// The address that Azure would see of a caller on `peer`.
pub(crate) fn simulated(peer: IpAddr) -> IpAddr {
    match peer {
        IpAddr::V4(address) if address.is_loopback() => {
            IpAddr::from([198, 51, 100, address.octets()[3]])
        }
        IpAddr::V6(address) if address.is_loopback() => {
            IpAddr::from([0x2001, 0x0db8, 0, 0, 0, 0, 0, 1])
        }
        other => other,
    }
}

/// `range` is an address, a CIDR range, or several separated by commas; what is neither contains nothing.
pub(crate) fn is_within(range: &str, address: IpAddr) -> bool {
    range.split(',').any(|one| contains(one.trim(), address))
}

fn contains(range: &str, address: IpAddr) -> bool {
    let (network, length) = match range.split_once('/') {
        Some((network, length)) => (network, length.parse::<u8>().ok()),
        None => (range, Some(if range.contains(':') { 128 } else { 32 })),
    };
    match (network.parse(), address, length) {
        (Ok(IpAddr::V4(network)), IpAddr::V4(address), Some(length @ 0..=32)) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
            u32::from(network) & mask == u32::from(address) & mask
        }
        (Ok(IpAddr::V6(network)), IpAddr::V6(address), Some(length @ 0..=128)) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
            u128::from(network) & mask == u128::from(address) & mask
        }
        _ => false,
    }
}

/// Whether a call comes from where the tag says; none: the sandbox does not know the tag.
///
/// The real tags are lists of ranges that change weekly. Here a call carries what it came through, and that is compared;
/// a regional form (`AzureCloud.westeurope`) is its tag.
pub(crate) fn has_tag(tag: &str, call: &Call) -> Option<bool> {
    let is_front_door = is_within(FRONT_DOOR_RANGE, call.source);
    let is_gateway = matches!(call.via, Via::Gateway { .. });
    let is_private = !is_public(call.source);
    let family = tag.split('.').next().unwrap_or_default();
    Some(match family.to_ascii_lowercase().as_str() {
        "azurefrontdoor" => {
            // `.Frontend` and `.FirstParty` are addresses that clients connect to, none that calls come from.
            tag.eq_ignore_ascii_case("azurefrontdoor.backend") && is_front_door
        }
        "azurecloud" => is_front_door || (is_gateway && !is_private),
        "internet" => !is_private,
        "virtualnetwork" => is_private,
        // Nothing in the sandbox calls from there.
        "apimanagement" | "azureloadbalancer" | "azuretrafficmanager" => false,
        _ => return None,
    })
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !address.is_private() && !address.is_loopback(),
        IpAddr::V6(address) => !address.is_unique_local() && !address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_the_addresses_of_its_prefix() {
        let cases = [
            ("203.0.113.0/24", "203.0.113.9", true),
            ("203.0.113.0/24", "203.0.114.9", false),
            ("203.0.113.9", "203.0.113.9", true),
            ("203.0.113.9", "203.0.113.10", false),
            ("0.0.0.0/0", "198.51.100.1", true),
            ("198.51.100.1/32, 203.0.113.0/24", "203.0.113.9", true),
            ("2001:db8::/32", "2001:db8::1", true),
            ("2001:db8::/32", "203.0.113.9", false),
            ("::/0", "2001:db8::1", true),
            ("203.0.113.0/33", "203.0.113.0", false),
            ("AzureFrontDoor.Backend", "147.243.0.1", false),
        ];
        for (range, address, expected) in cases {
            let found = is_within(range, address.parse().unwrap());
            assert_eq!(found, expected, "{address} in {range}");
        }
    }

    #[test]
    fn every_loopback_address_is_another_caller() {
        let seen = simulated("127.0.0.7".parse().unwrap());
        assert_eq!(seen.to_string(), "198.51.100.7");
        let own = "10.1.2.3".parse().unwrap();
        assert_eq!(simulated(own), own);
    }
}

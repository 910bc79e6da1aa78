//! IPv4 prefixes: whether one holds another, and which address is free.

use std::net::Ipv4Addr;

use serde_json::Value;
use uuid::Uuid;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefix {
    first: u32,
    length: u8,
}

impl Prefix {
    /// None for what is no prefix, or has bits beyond its length (`10.0.0.1/24`).
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let first = u32::from(address.parse::<Ipv4Addr>().ok()?);
        let length: u8 = length.parse().ok().filter(|length| *length <= 32)?;
        let prefix = Self { first, length };
        (first & !prefix.mask() == 0).then_some(prefix)
    }

    fn mask(self) -> u32 {
        u32::MAX
            .checked_shl(32 - u32::from(self.length))
            .unwrap_or(0)
    }

    pub(crate) fn holds(self, other: Self) -> bool {
        self.length <= other.length && other.first & self.mask() == self.first
    }

    pub(crate) fn overlaps(self, other: Self) -> bool {
        self.holds(other) || other.holds(self)
    }

    pub(crate) fn length(self) -> u8 {
        self.length
    }

    /// The first address Azure hands out that is not among `taken`; it keeps four at the start and one at the end.
    pub(crate) fn free(self, taken: &[Ipv4Addr]) -> Option<Ipv4Addr> {
        let last = self.first | !self.mask();
        (self.first.checked_add(4)?..last)
            .map(Ipv4Addr::from)
            .find(|address| !taken.contains(address))
    }
}

/// `addressPrefix`, or each of `addressPrefixes`.
pub(crate) fn of_subnet(body: &Value) -> Vec<&str> {
    let properties = &body["properties"];
    properties["addressPrefix"]
        .as_str()
        .into_iter()
        .chain(
            properties["addressPrefixes"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(Value::as_str),
        )
        .collect()
}

/// A public address for whoever has this GUID: from a block that Azure uses, the same every time.
pub(crate) fn public(guid: &str) -> String {
    let bytes = Uuid::parse_str(guid).unwrap_or_default().into_bytes();
    format!(
        "20.{}.{}.{}",
        40 + bytes[0] % 64,
        bytes[1],
        1 + bytes[2] % 254
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(text: &str) -> Prefix {
        Prefix::parse(text).unwrap()
    }

    #[test]
    fn a_prefix_holds_what_lies_within_and_overlaps_what_it_touches() {
        assert!(prefix("10.0.0.0/16").holds(prefix("10.0.3.0/24")));
        assert!(!prefix("10.0.3.0/24").holds(prefix("10.0.0.0/16")));
        assert!(prefix("10.0.3.0/24").overlaps(prefix("10.0.0.0/16")));
        assert!(!prefix("10.0.3.0/24").overlaps(prefix("10.0.4.0/24")));
        assert!(prefix("0.0.0.0/0").holds(prefix("1.2.3.4/32")));
    }

    #[test]
    fn bits_beyond_the_length_are_no_prefix() {
        for text in ["10.0.0.1/24", "10.0.0.0/33", "10.0.0.0", "ten/8"] {
            assert_eq!(Prefix::parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_first_free_address_leaves_azures_own_alone() {
        let subnet = prefix("10.0.0.0/29");
        let four = Ipv4Addr::new(10, 0, 0, 4);
        assert_eq!(subnet.free(&[]), Some(four));
        let taken: Vec<_> = (4..7).map(|last| Ipv4Addr::new(10, 0, 0, last)).collect();
        assert_eq!(subnet.free(&taken[..1]), Some(taken[1]));
        assert_eq!(subnet.free(&taken), None);
    }
}

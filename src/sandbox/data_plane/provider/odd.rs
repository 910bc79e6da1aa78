//! Tokens that Azure gives nobody, for whoever tries a gateway: `sandbox_token` in a request to the token endpoint names
//! one. It is genuine but for what the row says, and every gateway has to refuse it. The sandbox's alone: Azure knows no
//! such parameter.

use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Further from now than any clock may be off.
const FAR: Duration = Duration::hours(2);

pub(super) struct Odd {
    pub(super) name: &'static str,
    spoil: fn(&mut Value, OffsetDateTime),
}

pub(super) const ODD: [Odd; 3] = [
    Odd {
        name: "expired",
        spoil: |claims, now| lasts(claims, now - FAR, now - FAR / 2),
    },
    Odd {
        name: "early",
        spoil: |claims, now| lasts(claims, now + FAR / 2, now + FAR),
    },
    Odd {
        name: "other_client",
        spoil: |claims, _| claims["azp"] = json!(Uuid::new_v4().to_string()),
    },
];

fn lasts(claims: &mut Value, from: OffsetDateTime, until: OffsetDateTime) {
    claims["iat"] = json!(from.unix_timestamp());
    claims["nbf"] = json!(from.unix_timestamp());
    claims["exp"] = json!(until.unix_timestamp());
}

/// The row that is asked for; `Err`: there is no such row.
pub(super) fn find(name: Option<&String>) -> Result<Option<&'static Odd>, String> {
    let Some(name) = name else {
        return Ok(None);
    };
    let known = ODD.map(|odd| odd.name).join(", ");
    let found = ODD.iter().find(|odd| odd.name == name);
    found
        .map(Some)
        .ok_or_else(|| format!("sandbox_token '{name}' is none of {known}."))
}

impl Odd {
    pub(super) fn spoil(&self, claims: &mut Value, now: OffsetDateTime) {
        (self.spoil)(claims, now);
    }
}

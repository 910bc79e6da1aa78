//! All controls, theme by theme.

use super::control::Control;
use super::{
    edge, function, gateway, governance, identity, network, observability, policy, token, waf,
};

/// The visible table of every control.
pub const CONTROLS: [&[Control]; 10] = [
    gateway::CONTROLS,
    token::CONTROLS,
    policy::CONTROLS,
    edge::CONTROLS,
    waf::CONTROLS,
    network::CONTROLS,
    function::CONTROLS,
    identity::CONTROLS,
    observability::CONTROLS,
    governance::CONTROLS,
];

pub fn all() -> impl Iterator<Item = &'static Control> {
    CONTROLS.into_iter().flatten()
}

/// By id, in any case.
pub fn find(id: &str) -> Option<&'static Control> {
    all().find(|control| control.id.eq_ignore_ascii_case(id))
}

//! Attacks a deployed gateway from outside, as HTTP and TLS: the attack matrix A01–J03 of the domain reference (H).
//!
//! Independent of the controls, which read the configuration: here nothing counts but what an outsider gets as an answer.
//! `probes` is the table, one row a probe; `attacker` has what an outsider may have in hand; `wire` is the way out (IO),
//! with its bounds; `judge` says what an answer means. The control probe comes first: where a valid token does not get
//! through, refusals prove nothing.

mod attacker;
pub mod browser;
mod hello;
mod judge;
mod message;
pub mod probe;
pub mod probes;
pub mod report;
mod run;
pub mod sign_in;
pub mod target;
pub mod token;
mod wire;

pub use attacker::{Credentials, Lent};
pub use probe::{Probe, Theme};
pub use report::{Exchange, Outcome, Report, Tried, Verdict};
pub use run::{Selection, run};
pub use target::Target;
pub use token::Token;
pub use wire::{Wire, WireError};

/// The probe that a valid token gets through.
pub const CONTROL: &str = "A21";

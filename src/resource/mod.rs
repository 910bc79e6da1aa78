//! The vocabulary everything else speaks: ids, kinds, terms, the desired graph and live state.
//!
//! This layer imports nothing of the crate. `id` says who a resource is, `kind` and `kinds` what its type is like,
//! `term` how a value that comes later is written, `graph` what is wanted and where the spec says so, `live` what is
//! there. `owner`, `pattern` and `unmanaged` are about what the spec does not name; `address` is how people name one,
//! `rights` what Azure must allow whoever works on them.

pub mod address;
mod at;
pub mod body;
pub mod compose;
pub mod equal;
pub mod graph;
pub mod id;
pub mod kind;
pub mod kinds;
pub mod live;
pub mod owner;
pub mod pattern;
pub mod rights;
mod severity;
pub mod term;
pub mod unmanaged;

pub use at::At;
pub use graph::{Aim, Graph, Listing, Recommendation, Resource, Wanted};
pub use id::{Directory, Realm, ResourceId};
pub use kind::{Etag, Evidence, How, Kind, Layer, Mark, Read, Rule, Stage, Write};
pub use live::{Found, Live, Observed, State, Stranger, Unreadable, Written};
pub use owner::Owner;
pub use pattern::Pattern;
pub use severity::Severity;
pub use term::{Generated, Ref, Term, concat, each, reference_to, text};
pub use unmanaged::{Fate, Ignore, Limit, Rules, Safety, Unmanaged};

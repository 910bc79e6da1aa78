//! The vocabulary everything else speaks: ids, kinds, terms, the desired graph and live state.
//!
//! This layer imports nothing of the crate. `id` says who a resource is, `kind` and `kinds` what its type is like,
//! `term` how a value that comes later is written, `graph` what is wanted and where the spec says so, `live` what is
//! there.

mod at;
pub mod body;
pub mod compose;
pub mod equal;
pub mod graph;
pub mod id;
pub mod kind;
pub mod kinds;
pub mod live;
pub mod term;

pub use at::At;
pub use graph::{Graph, Listing, Recommendation, Resource, Wanted};
pub use id::{Directory, Realm, ResourceId};
pub use kind::{Etag, Evidence, How, Kind, Layer, Mark, Read, Rule, Stage, Write};
pub use live::{Found, Live, Observed, State, Unreadable};
pub use term::{Generated, Ref, Term, concat, each, reference_to, text};

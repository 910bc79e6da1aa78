//! What the user wrote: the model, how it is loaded from YAML, and everything that is wrong with it.
//!
//! `load` opens files (`project`), makes trees of them (`tree`), lays them over each other and reads them (`read`,
//! `written`) into the written form (`document`) and the model (`model`, with `identity` and `edge`), both declared by
//! `declare`. `ownership` reads what is said about what has no name here. `validate` and `topology` know what fits
//! together, `contract` what an OpenAPI contract offers. Problems are `diagnostic`s; `effective` says where values came
//! from.

mod assemble;
mod contract;
mod declare;
mod diagnostic;
mod document;
mod edge;
mod effective;
mod identity;
mod load;
mod model;
mod ownership;
mod project;
mod read;
mod reference;
mod regions;
mod schema;
mod secret;
mod source;
mod topology;
mod tree;
mod validate;
mod value;
mod written;

pub use diagnostic::{Code, Diagnostic, Diagnostics};
pub use effective::{Effective, EffectiveValue, Origin};
pub use load::{LoadOptions, Loaded, SpecFile, environments, load};
pub use model::*;
pub use ownership::{Anything, FateWord, IgnoreRule, Tombstone};
pub use schema::schema;
pub use secret::SecretError;
pub use value::*;

//! What the user wrote: the model, how it is loaded from YAML, and what is wrong with it.

mod model;
mod value;

pub use model::*;
pub use value::*;

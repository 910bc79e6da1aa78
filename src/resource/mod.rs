//! The vocabulary: ids, kinds, the graph, live state.

mod at;

pub use at::At;

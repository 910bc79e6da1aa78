//! API Management policy documents: read, written, compared, composed.
//!
//! From the ground up: `tree` is what a document means; `expression` knows where C# begins and ends; `read` and `write`
//! are the way from and to text; `document` has sections and holes; `difference` compares two documents.

mod difference;
mod document;
pub mod expression;
mod read;
mod tree;
mod write;

pub use difference::{PolicyChange, diff, keep_comments};
pub use document::{BadFilling, Document, Section, check_filling};
pub use read::{Form, ReadError, ReadFault};
pub use tree::{Attribute, Element, Node, Piece, Position, Value};
pub use write::Part;

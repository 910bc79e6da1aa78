//! API Management policy documents: read, written, compared, composed.
//!
//! From the ground up: `tree` is what a document means; `expression` knows where C# begins and ends; `read` and `write`
//! are the way from and to text; `document` has sections and holes; `difference` compares two documents, `secret` knows
//! what of them is not shown. `catalogue` and
//! `lint` know API Management's statements; `statement` and `code` build the ones secgw uses, `layout` puts them
//! in order, and `extra` is what a user may add to them.

mod catalogue;
mod code;
mod difference;
mod document;
pub mod expression;
mod extra;
mod layout;
mod lint;
mod read;
mod secret;
mod statement;
mod tree;
mod write;

pub use code::{
    REQUIRED_SCOPES, UserClaim, looks_at_required_scopes, read_accounts, read_operation,
};
pub use difference::{PolicyChange, diff, keep_comments, secrets, without_secrets};
pub use document::{BadFilling, Document, Section, check_filling, may_fill};
pub use extra::{Extra, ExtraProblem, Refusal};
pub use layout::{
    Api, Backend, Edge, Global, Hsts, Operation, USER_ID_HEADER, USER_SCOPES_HEADER, api, global,
};
pub use lint::{Fault, Problem, check};
pub use read::{Form, ReadError, ReadFault};
pub use statement::{Cors, Limit, Token};
pub use tree::{Attribute, Element, Node, Piece, Position, Value};
pub use write::Part;

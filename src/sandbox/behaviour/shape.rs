//! The shape of a request body in a compact notation, and checking a body against it.
//!
//! ```text
//! { location!: string, sku!: { name!: Basic|Standard.., capacity: int }, tags: {*: string}, properties: {…} }
//! ```
//! `name!` is required. `-name` is read-only: accepted and ignored. Types: `string int number bool any null`,
//! `[T]`, `{…}` (closed), `{*: T}` (map), `A|B` (closed enum, any case), `A|B..` (open enum). Null is taken for absent.

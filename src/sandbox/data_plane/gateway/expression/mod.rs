//! Policy expressions: the part of C# that gateways are written in, read, checked and run.
//!
//! `token` and `parse` make a tree of the text, `evaluate` runs it against the context of one call; what objects have
//! stands in `member` (properties), `method` (calls on values), `sequence` (calls that take a lambda) and `fixed`
//! (static calls and constructors).
//!
//! The part: literals, plain, verbatim and interpolated strings; `? :`, `??`, `?.`, indexers, casts, `is`, `as`;
//! arithmetic, comparison, logic; arrays; lambdas of one parameter given to `Any`, `All`, `Where`, `Select` and the like;
//! `context` with what hangs off it; in `@{ … }` also declarations, assignments, `if`, `foreach`, `return`, `throw`.
//! Everything else is [`Fault::Unknown`], most of it before a single call is answered: the parser knows all names.

mod evaluate;
mod fixed;
mod member;
mod method;
mod parse;
mod sequence;
mod syntax;
mod token;
mod typing;
pub(super) mod value;

#[cfg(test)]
mod tests;

use std::rc::Rc;

use super::context::Context;
use syntax::Body;
pub(super) use value::Value;

/// Why an expression has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fault {
    /// What the gateway would meet too: the .NET exception, which ends the call in `on-error`.
    Thrown(String),
    /// Outside the subset: nobody can say what the gateway would do.
    Unknown(String),
}

impl Fault {
    pub(super) fn unknown(what: impl Into<String>) -> Self {
        Self::Unknown(what.into())
    }

    pub(super) fn thrown(message: impl Into<String>) -> Self {
        Self::Thrown(message.into())
    }
}

/// One `@(…)` or `@{…}`, read.
#[derive(Debug, Clone)]
pub(super) struct Expression(Rc<Body>);

impl Expression {
    /// `text` with its `@`. The error says what is outside the subset.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        parse::body(text).map(|body| Self(Rc::new(body)))
    }

    pub(super) fn evaluate(&self, context: &Context) -> Result<Value, Fault> {
        evaluate::run(&self.0, context)
    }
}

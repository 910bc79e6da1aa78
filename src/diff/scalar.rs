//! When two scalars are the same value: by the kind's rules, and policy documents as documents.

use serde_json::Value;

use super::document;
use crate::resource::How;
use crate::resource::equal::Equality;

/// Whether a known, non-null desired scalar equals the live one.
pub(super) fn is_equal(equality: &Equality<'_>, path: &str, desired: &Value, live: &Value) -> bool {
    if equality.scalar(path, desired, live) {
        return true;
    }
    let (Value::String(one), Value::String(other)) = (desired, live) else {
        return false;
    };
    equality.kind.has(path, &|how| how == How::Policy) && document::is_equal(one, other)
}

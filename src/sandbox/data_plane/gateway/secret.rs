//! Values of secret named values: the store has their digests only.
//!
//! In a policy such a value is a mark around its digest. Whether another text is the secret can then still be told, and
//! nothing else: whoever wants to do more with a marked text has to refuse.

use serde_json::Value;

use super::expression::Fault;
use crate::sandbox::behaviour::digest;

/// Private-use characters: no document or header has them by accident, and who sends them on purpose is refused.
const START: char = '\u{e000}';
const END: char = '\u{e001}';

pub(super) fn mark(digest: &str) -> String {
    format!("{START}{digest}{END}")
}

pub(super) fn is_in(text: &str) -> bool {
    text.contains([START, END])
}

/// Whether two texts are the same, one of them possibly a secret.
pub(super) fn equal(one: &str, other: &str) -> Result<bool, Fault> {
    let (marked, plain) = match (is_in(one), is_in(other)) {
        (false, false) => return Ok(one == other),
        (true, false) => (one, other),
        (false, true) => (other, one),
        (true, true) => return Err(Fault::unknown("a comparison of two secrets")),
    };
    let inner = marked
        .strip_prefix(START)
        .and_then(|text| text.strip_suffix(END));
    match inner.filter(|inner| !is_in(inner)) {
        Some(known) => Ok(digest(&Value::String(plain.to_owned())) == known),
        None => Err(Fault::unknown("a text that a secret is part of")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(text: &str) -> String {
        mark(&digest(&Value::String(text.to_owned())))
    }

    #[test]
    fn a_secret_is_recognised_by_its_digest_and_never_by_its_mark() {
        assert_eq!(equal(&marked("s3"), "s3"), Ok(true));
        assert_eq!(equal("s3", &marked("s3")), Ok(true));
        assert_eq!(equal("s4", &marked("s3")), Ok(false));
        assert!(equal(&marked("s3"), &marked("s3")).is_err());
        assert!(equal(&format!("a{}", marked("s3")), "as3").is_err());
    }
}

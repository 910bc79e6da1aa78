//! The C# that secgw itself writes into policies, piece by piece.
//!
//! Only what API Management lists as allowed in expressions is used (System.Linq, String.Split, `Jwt`, documented
//! 2024: api-management-policy-expressions). Literals are escaped here; holes may stand inside literals.

use super::tree::Value;

/// The context variable that `validate-jwt` leaves the token in.
pub(super) const TOKEN: &str = "jwt";
/// The context variable with the scopes that the called operation requires.
pub const REQUIRED_SCOPES: &str = "required-scopes";

/// Some C#, to be part of one expression.
#[derive(Clone, Debug)]
pub(super) struct Code(Value);

/// How a token names the user: B2C puts the object id into `sub`, External ID into `oid`, where `sub` differs from
/// application to application (`domain.md` D.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UserClaim {
    Subject,
    ObjectId,
}

impl Code {
    fn of(code: &str) -> Self {
        Self(Value::from(code))
    }

    /// A string literal.
    pub(super) fn literal(text: &str) -> Self {
        let escaped = text
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
            .replace('\n', "\\n");
        Self::of(&format!("\"{escaped}\""))
    }

    /// A string literal around a late value, which is safe in one (`check_filling`).
    fn late(value: &Value) -> Value {
        Value::from("\"").then(value.clone()).then("\"")
    }

    pub(super) fn user(claim: UserClaim) -> Self {
        match claim {
            UserClaim::Subject => Self::of(&format!("{}.Subject", token())),
            UserClaim::ObjectId => Self::claim("oid"),
        }
    }

    /// The claim of the validated token; empty when the token has none.
    pub(super) fn claim(name: &str) -> Self {
        Self::of(&format!(
            "{}.Claims.GetValueOrDefault(\"{name}\", \"\")",
            token()
        ))
    }

    /// The address of the caller: what Front Door says it is, else the socket's. Front Door overwrites the header.
    pub(super) fn caller_address() -> Self {
        Self::of(
            "context.Request.Headers.GetValueOrDefault(\"X-Azure-SocketIP\", context.Request.IpAddress)",
        )
    }

    /// `prefix` before it: counters with equal keys are one counter at all scopes, so each kind needs its own keys.
    #[must_use]
    pub(super) fn prefixed(self, prefix: &str) -> Self {
        Self(Self::literal(prefix).0.then(" + ").then(self.0))
    }

    pub(super) fn has_request_header(name: &str) -> Self {
        Self::of(&format!("context.Request.Headers.ContainsKey(\"{name}\")"))
    }

    pub(super) fn body_is_over(bytes: u32) -> Self {
        Self::of(&format!(
            "long.Parse(context.Request.Headers.GetValueOrDefault(\"Content-Length\", \"0\")) > {bytes}"
        ))
    }

    pub(super) fn operation_is(id: &str) -> Self {
        Self(Value::from("context.Operation.Id == ").then(Self::literal(id).0))
    }

    /// True unless the token's `scp` has every scope in the variable `REQUIRED_SCOPES`; also true when that is empty.
    pub(super) fn lacks_required_scopes() -> Self {
        Self::of(&format!(
            "!((string)context.Variables[\"{REQUIRED_SCOPES}\"]).Split(' ').All(scope => {}.Split(' ').Contains(scope))",
            Self::claim("scp").0.shown()
        ))
    }

    #[must_use]
    pub(super) fn none_of(self, values: &[Value]) -> Self {
        let mut list = Value::from("!new string[] { ");
        for (index, value) in values.iter().enumerate() {
            list = list
                .then(if index == 0 { "" } else { ", " })
                .then(Self::late(value));
        }
        Self(list.then(" }.Contains(").then(self.0).then(")"))
    }

    /// True when the error at hand is not one of the gateway's own refusals, whose text secgw has written.
    pub(super) fn is_unforeseen_error() -> Self {
        Self::of("context.Response == null || context.Response.StatusCode >= 500")
    }

    /// As an expression: `@(…)`.
    pub(super) fn expression(self) -> Value {
        Value::from("@(").then(self.0).then(")")
    }
}

/// The users that `Code::none_of` names in a condition of that form; nothing for any other text.
pub fn read_accounts(condition: &str) -> Option<Vec<String>> {
    let list = condition.strip_prefix("@(!new string[] { ")?;
    let list = [UserClaim::Subject, UserClaim::ObjectId]
        .into_iter()
        .find_map(|claim| {
            let end = format!(" }}.Contains({}))", Code::user(claim).0.shown());
            list.strip_suffix(end.as_str())
        })?;
    list.split(", ").map(read_literal).collect()
}

/// The operation that `Code::operation_is` names in a condition of that form.
pub fn read_operation(condition: &str) -> Option<String> {
    let literal = condition
        .strip_prefix("@(context.Operation.Id == ")?
        .strip_suffix(')')?;
    read_literal(literal)
}

/// Whether a condition is the one of `Code::lacks_required_scopes`.
pub fn looks_at_required_scopes(condition: &str) -> bool {
    condition == Code::lacks_required_scopes().expression().shown()
}

/// A literal without escapes: no name or id that secgw writes there has one.
fn read_literal(literal: &str) -> Option<String> {
    let text = literal.strip_prefix('"')?.strip_suffix('"')?;
    (!text.contains(['"', '\\'])).then(|| text.to_owned())
}

fn token() -> String {
    format!("((Jwt)context.Variables[\"{TOKEN}\"])")
}

#[cfg(test)]
mod tests {
    use super::super::expression;
    use super::*;

    #[test]
    fn what_was_written_is_read_again_and_nothing_else_is() {
        let accounts = |claim| {
            let values = [Value::from("1"), Value::hole("ada")];
            Code::user(claim).none_of(&values).expression().shown()
        };
        for claim in [UserClaim::Subject, UserClaim::ObjectId] {
            assert_eq!(
                read_accounts(&accounts(claim)),
                Some(vec!["1".to_owned(), "⟨ada⟩".to_owned()])
            );
        }
        let widened = accounts(UserClaim::Subject).replace(".Contains", ".Append(x).Contains");
        assert_eq!(read_accounts(&widened), None);

        let operation = Code::operation_is("list").expression().shown();
        assert_eq!(read_operation(&operation), Some("list".to_owned()));
        let either = "@(context.Operation.Id == \"list\" || true || \"\" == \"\")";
        assert_eq!(read_operation(either), None);

        let scopes = Code::lacks_required_scopes().expression().shown();
        assert!(looks_at_required_scopes(&scopes));
        assert!(!looks_at_required_scopes(&scopes.replace(".All", ".Any")));
    }

    #[test]
    fn everything_written_is_a_well_formed_expression() {
        let hostile = r#"a"); return "\"#;
        let all = [
            Code::literal(hostile),
            Code::operation_is(hostile),
            Code::caller_address().prefixed("ip:"),
            Code::user(UserClaim::ObjectId).none_of(&[Value::from("1"), Value::hole("account")]),
            Code::user(UserClaim::Subject).none_of(&[]),
            Code::lacks_required_scopes(),
            Code::body_is_over(1024),
            Code::has_request_header("Transfer-Encoding"),
            Code::is_unforeseen_error(),
        ];
        for code in all {
            let text = code.expression().shown();
            assert_eq!(expression::length(&text), Ok(text.len()), "{text}");
        }
    }
}

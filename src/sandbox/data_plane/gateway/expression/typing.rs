//! What C# refuses when it compiles, before anything runs: operands whose types do not go together.
//!
//! A value stands for all of its type. Of most expressions the type is only known when they are evaluated; then they
//! are refused there.

use super::Fault;
use super::evaluate::operated;
use super::syntax::{Operator, Syntax};
use super::value::Value;

/// Refuses an operator between two values that it cannot take, where both types are plain to see.
pub(super) fn check(operator: Operator, left: &Syntax, right: &Syntax) -> Result<(), String> {
    if matches!(operator, Operator::And | Operator::Or) {
        let operands = [left, right].into_iter().filter_map(sample);
        let mut wrong = operands.filter(|value| !matches!(value, Value::Bool(_)));
        return match wrong.next() {
            Some(value) => Err(format!("{} as a condition", value.kind())),
            None => Ok(()),
        };
    }
    if operator == Operator::Coalesce {
        return Ok(());
    }
    let Some((left, right)) = sample(left).zip(sample(right)) else {
        return Ok(());
    };
    match operated(operator, &left, &right) {
        Err(Fault::Unknown(what)) => Err(what),
        Ok(_) | Err(Fault::Thrown(_)) => Ok(()),
    }
}

/// A value of the type that an expression has, whatever it will be.
fn sample(syntax: &Syntax) -> Option<Value> {
    match syntax {
        Syntax::Literal(value) => Some(value.clone()),
        Syntax::Interpolated(_) => Some(String::new().into()),
        Syntax::Not(_) | Syntax::Is(..) => Some(true.into()),
        Syntax::Negative(of) => sample(of),
        Syntax::Binary(operator, left, right) => match operator {
            Operator::Coalesce => sample(right),
            Operator::Add | Operator::Subtract | Operator::Multiply => {
                operated(*operator, &sample(left)?, &sample(right)?).ok()
            }
            Operator::Divide | Operator::Remainder => sample(left),
            _ => Some(true.into()),
        },
        _ => None,
    }
}

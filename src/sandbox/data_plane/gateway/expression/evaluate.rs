//! Running a tree.

use std::cmp::Ordering;

use super::super::context::Context;
use super::syntax::{Argument, Body, Call, Operator, Part, Plain, Statement, Syntax, Type};
use super::value::{Object, Value};
use super::{Fault, fixed, member, method, sequence};
use crate::sandbox::data_plane::gateway::secret;

/// Steps one expression may take: far above what a policy does, low enough that none holds the sandbox up.
const STEPS: usize = 100_000;

pub(super) struct Run<'a> {
    pub(super) context: &'a Context,
    variables: Vec<(String, Value)>,
    receivers: Vec<Value>,
    steps: usize,
}

pub(super) fn run(body: &Body, context: &Context) -> Result<Value, Fault> {
    let mut run = Run {
        context,
        variables: Vec::new(),
        receivers: Vec::new(),
        steps: 0,
    };
    match body {
        Body::Single(syntax) => run.value(syntax),
        Body::Block(statements) => run
            .block(statements)?
            .ok_or_else(|| Fault::unknown("a block that does not return")),
    }
}

impl Run<'_> {
    /// The value returned, if one was.
    fn block(&mut self, statements: &[Statement]) -> Result<Option<Value>, Fault> {
        let outer = self.variables.len();
        let mut returned = None;
        for statement in statements {
            returned = self.statement(statement)?;
            if returned.is_some() {
                break;
            }
        }
        self.variables.truncate(outer);
        Ok(returned)
    }

    fn statement(&mut self, statement: &Statement) -> Result<Option<Value>, Fault> {
        match statement {
            Statement::Declare(name, value) => {
                let value = self.value(value)?;
                self.variables.push((name.clone(), value));
                Ok(None)
            }
            Statement::Assign(name, value) => {
                let value = self.value(value)?;
                let mut known = self.variables.iter_mut().rev();
                let Some(slot) = known.find(|(known, _)| known == name) else {
                    return Err(Fault::unknown(format!("the name '{name}'")));
                };
                slot.1 = value;
                Ok(None)
            }
            Statement::If(condition, then, otherwise) => {
                let is_so = self.truth(condition)?;
                self.block(if is_so { then } else { otherwise })
            }
            Statement::ForEach(name, over, body) => {
                let over = self.value(over)?;
                for element in sequence::elements(&over)? {
                    self.variables.push((name.clone(), element));
                    let returned = self.block(body);
                    self.variables.pop();
                    if let Some(value) = returned? {
                        return Ok(Some(value));
                    }
                }
                Ok(None)
            }
            Statement::Return(value) => self.value(value).map(Some),
            Statement::Throw(value) => {
                let message = self.value(value)?;
                Err(Fault::Thrown(message.to_text()?))
            }
        }
    }

    fn truth(&mut self, syntax: &Syntax) -> Result<bool, Fault> {
        match self.value(syntax)? {
            Value::Bool(fact) => Ok(fact),
            other => Err(Fault::unknown(format!("a {} as condition", other.kind()))),
        }
    }

    pub(super) fn value(&mut self, syntax: &Syntax) -> Result<Value, Fault> {
        self.steps += 1;
        if self.steps > STEPS {
            return Err(Fault::unknown("an expression that takes too many steps"));
        }
        match syntax {
            Syntax::Literal(value) => Ok(value.clone()),
            Syntax::Interpolated(parts) => self.interpolated(parts),
            Syntax::Name(name) => self.named(name),
            Syntax::Receiver => self
                .receivers
                .last()
                .cloned()
                .ok_or_else(|| Fault::unknown("'?.' without a value")),
            Syntax::Member(on, name) => {
                let on = self.value(on)?;
                member::get(&on, name, self.context)
            }
            Syntax::Index(on, index) => {
                let on = self.value(on)?;
                let index = self.value(index)?;
                member::index(&on, &index, self.context)
            }
            Syntax::Call(call) => self.call(call),
            Syntax::StaticMember(owner, name) => fixed::get(*owner, name, self.context),
            Syntax::StaticCall(owner, name, arguments) => {
                let arguments = self.given(arguments)?;
                fixed::call(*owner, name, &arguments)
            }
            Syntax::New(made, arguments) => {
                let arguments = self.given(arguments)?;
                fixed::construct(*made, &arguments)
            }
            Syntax::Array(elements) => {
                let values: Result<Vec<_>, _> =
                    elements.iter().map(|element| self.value(element)).collect();
                values.map(Value::list)
            }
            Syntax::Chain { of, then } => match self.value(of)? {
                Value::Null => Ok(Value::Null),
                of => {
                    self.receivers.push(of);
                    let value = self.value(then);
                    self.receivers.pop();
                    value
                }
            },
            Syntax::Not(of) => self.truth(of).map(|fact| Value::Bool(!fact)),
            Syntax::Negative(of) => negative(&self.value(of)?),
            Syntax::Binary(operator, left, right) => self.binary(*operator, left, right),
            Syntax::Conditional(condition, then, otherwise) => {
                let is_so = self.truth(condition)?;
                self.value(if is_so { then } else { otherwise })
            }
            Syntax::Cast(wanted, of) => cast(*wanted, self.value(of)?),
            Syntax::Is(wanted, of) => {
                let value = self.value(of)?.unboxed();
                is(*wanted, &value).map(Value::Bool)
            }
            Syntax::As(wanted, of) => {
                let value = self.value(of)?.unboxed();
                Ok(if is(*wanted, &value)? {
                    value
                } else {
                    Value::Null
                })
            }
        }
    }

    fn named(&self, name: &str) -> Result<Value, Fault> {
        let mut known = self.variables.iter().rev();
        match known.find(|(known, _)| known == name) {
            Some((_, value)) => Ok(value.clone()),
            None if name == "context" => Ok(Value::Object(Object::Context)),
            None => Err(Fault::unknown(format!("the name '{name}'"))),
        }
    }

    fn interpolated(&mut self, parts: &[Part]) -> Result<Value, Fault> {
        let mut text = String::new();
        for part in parts {
            match part {
                Part::Text(part) => text.push_str(part),
                Part::Hole(syntax) => text.push_str(&self.value(syntax)?.to_text()?),
            }
        }
        Ok(text.into())
    }

    pub(super) fn given(&mut self, arguments: &[Argument]) -> Result<Vec<Value>, Fault> {
        arguments
            .iter()
            .map(|argument| match argument {
                Argument::Given(syntax) => self.value(syntax),
                Argument::Lambda(..) => Err(Fault::unknown("a lambda here")),
            })
            .collect()
    }

    /// The lambda's value for one element.
    pub(super) fn apply(
        &mut self,
        parameter: &str,
        body: &Syntax,
        element: Value,
    ) -> Result<Value, Fault> {
        self.variables.push((parameter.to_owned(), element));
        let value = self.value(body);
        self.variables.pop();
        value
    }

    fn call(&mut self, call: &Call) -> Result<Value, Fault> {
        let on = self.value(&call.on)?;
        if let Value::Null = on {
            return Err(null_reference(&call.name));
        }
        if let [Argument::Lambda(parameter, body), rest @ ..] = call.arguments.as_slice() {
            if !rest.is_empty() {
                return Err(Fault::unknown(format!(
                    "{} with these arguments",
                    call.name
                )));
            }
            return sequence::with_lambda(self, &on, &call.name, parameter, body);
        }
        let arguments = self.given(&call.arguments)?;
        if sequence::is_of(&on, &call.name) {
            return sequence::call(&on, &call.name, &arguments);
        }
        method::call(&on, &call.name, call.generic, &arguments, self.context)
    }

    fn binary(
        &mut self,
        operator: Operator,
        left: &Syntax,
        right: &Syntax,
    ) -> Result<Value, Fault> {
        match operator {
            Operator::And => return Ok((self.truth(left)? && self.truth(right)?).into()),
            Operator::Or => return Ok((self.truth(left)? || self.truth(right)?).into()),
            Operator::Coalesce => {
                return match self.value(left)? {
                    Value::Null => self.value(right),
                    value => Ok(value),
                };
            }
            _ => {}
        }
        operated(operator, &self.value(left)?, &self.value(right)?)
    }
}

/// An operator that looks at both of its operands.
pub(super) fn operated(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    match operator {
        Operator::Equal => left.equals(right).map(Value::Bool),
        Operator::Unequal => left.equals(right).map(|is_equal| Value::Bool(!is_equal)),
        Operator::Add if is_text(left) || is_text(right) => {
            Ok(format!("{}{}", left.to_text()?, right.to_text()?).into())
        }
        Operator::Less => compared(left, right, Ordering::is_lt),
        Operator::LessOrEqual => compared(left, right, Ordering::is_le),
        Operator::Greater => compared(left, right, Ordering::is_gt),
        Operator::GreaterOrEqual => compared(left, right, Ordering::is_ge),
        other => calculated(other, left, right),
    }
}

pub(super) fn null_reference(name: &str) -> Fault {
    Fault::thrown(format!(
        "Object reference not set to an instance of an object ({name})."
    ))
}

fn is_text(value: &Value) -> bool {
    matches!(value, Value::Text(_))
}

fn negative(value: &Value) -> Result<Value, Fault> {
    match value {
        Value::Int(number) => Ok(Value::Int(number.wrapping_neg())),
        Value::Long(number) => Ok(Value::Long(number.wrapping_neg())),
        Value::Real(number) => Ok(Value::Real(-number)),
        other => Err(Fault::unknown(format!("- before a {}", other.kind()))),
    }
}

/// A comparison with null is false whatever it asks, as with C#'s nullable numbers and times.
fn compared(left: &Value, right: &Value, is_so: fn(Ordering) -> bool) -> Result<Value, Fault> {
    let order = match (left, right) {
        (Value::Null, _) | (_, Value::Null) => return Ok(false.into()),
        (Value::Moment(one), Value::Moment(other)) => one.cmp(other),
        (Value::Span(one), Value::Span(other)) => one.cmp(other),
        (Value::Char(one), Value::Char(other)) => one.cmp(other),
        _ => {
            let Some((one, other)) = left.integer().zip(right.integer()) else {
                let [one, other] = [real(left)?, real(right)?];
                return Ok(one.partial_cmp(&other).is_some_and(is_so).into());
            };
            one.cmp(&other)
        }
    };
    Ok(is_so(order).into())
}

#[expect(
    clippy::cast_precision_loss,
    reason = "C# widens long to double the same way"
)]
fn real(value: &Value) -> Result<f64, Fault> {
    match value {
        Value::Real(number) => Ok(*number),
        Value::Int(number) => Ok(f64::from(*number)),
        Value::Long(number) => Ok(*number as f64),
        other => Err(Fault::unknown(format!(
            "arithmetic with a {}",
            other.kind()
        ))),
    }
}

fn calculated(operator: Operator, left: &Value, right: &Value) -> Result<Value, Fault> {
    if let Some(value) = of_times(operator, left, right) {
        return value;
    }
    let divided_by_zero = || Fault::thrown("Attempted to divide by zero.");
    if let (Value::Int(one), Value::Int(other)) = (left, right) {
        let number = match operator {
            Operator::Add => Some(one.wrapping_add(*other)),
            Operator::Subtract => Some(one.wrapping_sub(*other)),
            Operator::Multiply => Some(one.wrapping_mul(*other)),
            Operator::Divide => one.checked_div(*other),
            _ => one.checked_rem(*other),
        };
        return number.map(Value::Int).ok_or_else(divided_by_zero);
    }
    let Some((one, other)) = left.integer().zip(right.integer()) else {
        let [one, other] = [real(left)?, real(right)?];
        return Ok(Value::Real(match operator {
            Operator::Add => one + other,
            Operator::Subtract => one - other,
            Operator::Multiply => one * other,
            Operator::Divide => one / other,
            _ => one % other,
        }));
    };
    let number = match operator {
        Operator::Add => Some(one.wrapping_add(other)),
        Operator::Subtract => Some(one.wrapping_sub(other)),
        Operator::Multiply => Some(one.wrapping_mul(other)),
        Operator::Divide => one.checked_div(other),
        _ => one.checked_rem(other),
    };
    number.map(Value::Long).ok_or_else(divided_by_zero)
}

/// Points in time and spans between them; none where neither is meant.
fn of_times(operator: Operator, left: &Value, right: &Value) -> Option<Result<Value, Fault>> {
    let found = match (operator, left, right) {
        (Operator::Subtract, Value::Moment(one), Value::Moment(other)) => {
            Some(Value::Span(*one - *other))
        }
        (Operator::Add, Value::Moment(at), Value::Span(span)) => {
            at.checked_add(*span).map(Value::Moment)
        }
        (Operator::Subtract, Value::Moment(at), Value::Span(span)) => {
            at.checked_sub(*span).map(Value::Moment)
        }
        (Operator::Add, Value::Span(one), Value::Span(other)) => {
            one.checked_add(*other).map(Value::Span)
        }
        _ => return None,
    };
    Some(found.ok_or_else(|| Fault::thrown("The DateTime cannot be represented.")))
}

fn is(wanted: Type, value: &Value) -> Result<bool, Fault> {
    let Type::Plain(plain) = wanted else {
        return Ok(matches!(value, Value::List(_)));
    };
    Ok(match plain {
        Plain::Object => !matches!(value, Value::Null),
        Plain::Text => matches!(value, Value::Text(_)),
        Plain::Bool => matches!(value, Value::Bool(_)),
        Plain::Char => matches!(value, Value::Char(_)),
        Plain::Int => matches!(value, Value::Int(_)),
        Plain::Long => matches!(value, Value::Long(_)),
        Plain::Double => matches!(value, Value::Real(_)),
        Plain::Jwt => matches!(value, Value::Jwt(_)),
        Plain::Guid => matches!(value, Value::Guid(_)),
        Plain::DateTime => matches!(value, Value::Moment(_)),
        Plain::TimeSpan => matches!(value, Value::Span(_)),
        Plain::JToken => matches!(value, Value::Json(_)),
        Plain::JObject => matches!(value, Value::Json(json) if json.is_object()),
        Plain::JArray => matches!(value, Value::Json(json) if json.is_array()),
        Plain::Comparison
        | Plain::Convert
        | Plain::Exception
        | Plain::JProperty
        | Plain::Math
        | Plain::Uri => {
            return Err(Fault::unknown("a test for this type"));
        }
    })
}

/// `(T)value`: unboxing is exact, numbers convert, tokens convert to what they hold.
fn cast(wanted: Type, value: Value) -> Result<Value, Fault> {
    let was_boxed = matches!(value, Value::Boxed(_));
    let value = value.unboxed();
    if let (Type::Plain(Plain::Object), _) = (wanted, &value) {
        return Ok(value.boxed());
    }
    if is(wanted, &value)? {
        return Ok(value);
    }
    match (wanted, value) {
        (_, Value::Null) => null_as(wanted),
        (Type::Plain(plain), Value::Json(json)) if !was_boxed => fixed::of_json(plain, &json),
        (Type::Plain(Plain::Long), Value::Int(number)) if !was_boxed => {
            Ok(Value::Long(i64::from(number)))
        }
        (Type::Plain(Plain::Double), number @ (Value::Int(_) | Value::Long(_))) if !was_boxed => {
            real(&number).map(Value::Real)
        }
        #[expect(
            clippy::cast_possible_truncation,
            reason = "C# drops the high bits the same way"
        )]
        (Type::Plain(Plain::Int), Value::Long(number)) if !was_boxed => {
            Ok(Value::Int(number as i32))
        }
        (_, Value::Text(text)) if secret::is_in(&text) => {
            Err(Fault::unknown("a cast of a secret named value"))
        }
        (_, value) => Err(Fault::Thrown(format!(
            "Unable to cast object of type '{}'.",
            value.kind()
        ))),
    }
}

/// Null is any reference, and no number.
fn null_as(wanted: Type) -> Result<Value, Fault> {
    match wanted {
        Type::Plain(
            Plain::Bool
            | Plain::Char
            | Plain::Int
            | Plain::Long
            | Plain::Double
            | Plain::Guid
            | Plain::DateTime
            | Plain::TimeSpan,
        ) => Err(null_reference("cast")),
        Type::Array(_) | Type::Plain(_) => Ok(Value::Null),
    }
}

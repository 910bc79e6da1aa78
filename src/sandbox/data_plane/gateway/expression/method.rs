//! Calls on strings, dictionaries, bodies, times and tokens.

use std::rc::Rc;

use time::Duration;
use time::format_description::well_known::Rfc3339;

use super::super::context::Context;
use super::super::token;
use super::syntax::{Plain, Type};
use super::value::{Lists, Object, Value};
use super::{Fault, fixed};

const NAMES: &[&str] = &[
    "AddDays",
    "AddHours",
    "AddMinutes",
    "AddSeconds",
    "As",
    "AsJwt",
    "Contains",
    "ContainsKey",
    "EndsWith",
    "Equals",
    "GetValueOrDefault",
    "IndexOf",
    "LastIndexOf",
    "PadLeft",
    "Replace",
    "Split",
    "StartsWith",
    "Substring",
    "ToLower",
    "ToLowerInvariant",
    "ToString",
    "ToUniversalTime",
    "ToUpper",
    "ToUpperInvariant",
    "Trim",
    "TrimEnd",
    "TrimStart",
    "Value",
];

pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(super) fn call(
    on: &Value,
    name: &str,
    generic: Option<Type>,
    arguments: &[Value],
    context: &Context,
) -> Result<Value, Fault> {
    let found = match (on, generic) {
        (_, None) if name == "ToString" => to_string(on, arguments, context)?,
        (Value::Text(_), None) => of_text(&on.text()?, name, arguments)?,
        (Value::Lists(lists), None) => of_lists(lists, name, arguments),
        (Value::Texts(texts), None) => match (name, arguments) {
            ("ContainsKey", [Value::Text(key)]) => Some(texts.contains_key(&**key).into()),
            ("GetValueOrDefault", [Value::Text(key), default @ ..]) => {
                let found = texts.get(&**key).map(|text| text.as_str().into());
                Some(or_default(found, default))
            }
            _ => None,
        },
        (Value::Object(Object::Variables), generic) => {
            of_variables(name, generic, arguments, context)?
        }
        (Value::Object(Object::RequestBody), Some(wanted)) if name == "As" => {
            Some(body(&context.request.body, wanted)?)
        }
        (Value::Object(Object::ResponseBody), Some(wanted)) if name == "As" => {
            let response = context.response.as_ref();
            Some(body(response.map_or(&[], |found| &found.body), wanted)?)
        }
        (Value::Moment(_), None) => of_moment(on, name, arguments)?,
        (Value::Json(json), generic) => of_json(json, name, generic, arguments)?,
        (Value::Guid(_) | Value::Int(_) | Value::Long(_) | Value::Bool(_), None) => {
            match (name, arguments) {
                ("Equals", [other]) => Some(on.equals(other)?.into()),
                _ => None,
            }
        }
        _ => None,
    };
    found.ok_or_else(|| Fault::unknown(format!("{}.{name}(…)", on.kind())))
}

fn to_string(on: &Value, arguments: &[Value], context: &Context) -> Result<Option<Value>, Fault> {
    let url = |address: &super::super::context::Address| {
        let query = address.query_string();
        format!(
            "{}://{}{}{query}",
            address.scheme, address.host, address.path
        )
        .into()
    };
    Ok(match (on, arguments) {
        (Value::Object(Object::Url), []) => Some(url(&context.request.address)),
        (Value::Object(Object::OriginalUrl), []) => Some(url(&context.request.original)),
        (Value::Guid(id), [Value::Text(format)]) => match &**format {
            "D" => Some(id.to_string().into()),
            "N" => Some(id.simple().to_string().into()),
            _ => None,
        },
        (Value::Moment(at), [Value::Text(format)]) if matches!(&**format, "o" | "O") => {
            at.format(&Rfc3339).ok().map(Value::from)
        }
        (on, []) => Some(on.to_text()?.into()),
        _ => None,
    })
}

fn or_default(found: Option<Value>, default: &[Value]) -> Value {
    found.unwrap_or_else(|| default.first().cloned().unwrap_or(Value::Null))
}

/// Several values of a header, parameter or claim are one text with commas.
fn of_lists(lists: &Lists, name: &str, arguments: &[Value]) -> Option<Value> {
    match (name, arguments) {
        ("ContainsKey", [Value::Text(key)]) => Some(lists.get(key).is_some().into()),
        ("GetValueOrDefault", [Value::Text(key), default @ ..]) if default.len() < 2 => {
            let found = lists.get(key).map(|values| values.join(",").into());
            Some(or_default(found, default))
        }
        _ => None,
    }
}

fn of_variables(
    name: &str,
    generic: Option<Type>,
    arguments: &[Value],
    context: &Context,
) -> Result<Option<Value>, Fault> {
    Ok(match (name, generic, arguments) {
        ("ContainsKey", None, [Value::Text(key)]) => {
            Some(context.variables.contains_key(&**key).into())
        }
        ("GetValueOrDefault", generic, [Value::Text(key), default @ ..]) if default.len() < 2 => {
            let found = or_default(context.variables.get(&**key).cloned(), default);
            match generic {
                None => Some(found.boxed()),
                Some(wanted) => Some(as_declared(wanted, found)?),
            }
        }
        _ => None,
    })
}

/// The value is of the type asked for, or the call ends as the cast inside would.
fn as_declared(wanted: Type, found: Value) -> Result<Value, Fault> {
    let fits = matches!(
        (wanted, &found),
        (_, Value::Null)
            | (Type::Plain(Plain::Text), Value::Text(_))
            | (Type::Plain(Plain::Bool), Value::Bool(_))
            | (Type::Plain(Plain::Int), Value::Int(_))
            | (Type::Plain(Plain::Long), Value::Long(_))
            | (Type::Plain(Plain::Double), Value::Real(_))
            | (Type::Plain(Plain::Jwt), Value::Jwt(_))
            | (Type::Plain(Plain::Guid), Value::Guid(_))
            | (Type::Plain(Plain::DateTime), Value::Moment(_))
            | (
                Type::Plain(Plain::JObject | Plain::JToken | Plain::JArray),
                Value::Json(_)
            )
            | (Type::Array(_), Value::List(_))
    );
    if fits {
        Ok(found)
    } else {
        Err(Fault::thrown(format!(
            "Unable to cast object of type '{}'.",
            found.kind()
        )))
    }
}

/// The body as the type asked for. What is not JSON ends the call, as it does in Azure.
fn body(bytes: &[u8], wanted: Type) -> Result<Value, Fault> {
    let text = || {
        std::str::from_utf8(bytes).map_err(|_| Fault::unknown("a body that is not UTF-8 as string"))
    };
    match wanted {
        Type::Plain(Plain::Text) => text().map(Value::from),
        Type::Plain(plain @ (Plain::JObject | Plain::JToken | Plain::JArray)) => {
            fixed::parse_json(plain, text()?)
        }
        Type::Plain(_) | Type::Array(_) => Err(Fault::unknown("Body.As<…> of this type")),
    }
}

fn of_json(
    json: &Rc<serde_json::Value>,
    name: &str,
    generic: Option<Type>,
    arguments: &[Value],
) -> Result<Option<Value>, Fault> {
    Ok(match (name, generic, arguments) {
        ("ContainsKey", None, [Value::Text(key)]) if json.is_object() => {
            Some(json.get(&**key).is_some().into())
        }
        ("Value", Some(Type::Plain(plain)), [Value::Text(key)]) if json.is_object() => {
            match json.get(&**key) {
                None | Some(serde_json::Value::Null) => match plain {
                    Plain::Text | Plain::JObject | Plain::JArray | Plain::JToken => {
                        Some(Value::Null)
                    }
                    _ => None,
                },
                Some(member) => Some(fixed::of_json(plain, member)?),
            }
        }
        _ => None,
    })
}

fn of_moment(on: &Value, name: &str, arguments: &[Value]) -> Result<Option<Value>, Fault> {
    let Value::Moment(at) = on else {
        return Ok(None);
    };
    let seconds_each = match name {
        "AddSeconds" => 1,
        "AddMinutes" => 60,
        "AddHours" => 3600,
        "AddDays" => 86400,
        "ToUniversalTime" if arguments.is_empty() => return Ok(Some(on.clone())),
        _ => return Ok(None),
    };
    let [count] = arguments else {
        return Ok(None);
    };
    let Some(count) = count.integer() else {
        return Ok(None);
    };
    let span = count.checked_mul(seconds_each).map(Duration::seconds);
    span.and_then(|span| at.checked_add(span))
        .map(|at| Some(Value::Moment(at)))
        .ok_or_else(|| Fault::thrown("The DateTime cannot be represented."))
}

/// Text of a string or character argument.
fn piece(value: &Value) -> Option<String> {
    match value {
        Value::Char(letter) => Some(letter.to_string()),
        Value::Text(_) => value.text().ok().map(|text| text.to_string()),
        _ => None,
    }
}

fn of_text(text: &str, name: &str, arguments: &[Value]) -> Result<Option<Value>, Fault> {
    if let [Value::Null] = arguments {
        return Err(Fault::thrown("Value cannot be null."));
    }
    // `StringComparison`, where it is the last argument.
    let (arguments, ignores_case) = match arguments {
        [rest @ .., Value::Comparison { ignores_case }] => (rest, *ignores_case),
        all => (all, false),
    };
    let folded = |text: &str| {
        if ignores_case {
            text.to_lowercase()
        } else {
            text.to_owned()
        }
    };
    if let [argument] = arguments
        && let Some(part) = piece(argument)
    {
        let (text, part) = (folded(text), folded(&part));
        match name {
            "Contains" => return Ok(Some(text.contains(&part).into())),
            "StartsWith" => return Ok(Some(text.starts_with(&part).into())),
            "EndsWith" => return Ok(Some(text.ends_with(&part).into())),
            "Equals" if matches!(argument, Value::Text(_)) => {
                return Ok(Some((text == part).into()));
            }
            "IndexOf" => return Ok(Some(position(&text, text.find(&part)))),
            "LastIndexOf" => return Ok(Some(position(&text, text.rfind(&part)))),
            _ => {}
        }
    }
    if ignores_case {
        return Ok(None);
    }
    Ok(match (name, arguments) {
        ("ToLower" | "ToLowerInvariant", []) => Some(text.to_lowercase().into()),
        ("ToUpper" | "ToUpperInvariant", []) => Some(text.to_uppercase().into()),
        ("Replace", [from, to]) => replaced(text, from, to),
        ("Substring", [from, count @ ..]) if count.len() < 2 => {
            Some(substring(text, from, count.first())?)
        }
        ("Split", separators) => split(text, separators),
        ("Trim" | "TrimStart" | "TrimEnd", letters) => trimmed(text, name, letters),
        ("PadLeft", [width, Value::Char(filler)]) => {
            let width = width
                .integer()
                .and_then(|width| usize::try_from(width).ok());
            width.filter(|width| *width < 1000).map(|width| {
                let missing = width.saturating_sub(text.chars().count());
                format!("{}{text}", filler.to_string().repeat(missing)).into()
            })
        }
        ("AsJwt", []) => Some(
            token::parse(text).map_or(Value::Null, |token| Value::Jwt(Rc::new(token.readable()))),
        ),
        _ => None,
    })
}

/// Counted in characters; -1 where there is none.
fn position(text: &str, found: Option<usize>) -> Value {
    found.map_or(Value::Int(-1), |at| Value::size(text[..at].chars().count()))
}

fn replaced(text: &str, from: &Value, to: &Value) -> Option<Value> {
    let (from, to) = (piece(from)?, piece(to)?);
    (!from.is_empty()).then(|| text.replace(&from, &to).into())
}

fn substring(text: &str, from: &Value, count: Option<&Value>) -> Result<Value, Fault> {
    let letters: Vec<char> = text.chars().collect();
    let number = |value: &Value| {
        value
            .integer()
            .and_then(|number| usize::try_from(number).ok())
    };
    let from = number(from);
    let count = match (from, count) {
        (_, Some(count)) => number(count),
        (Some(from), None) => letters.len().checked_sub(from),
        (None, None) => None,
    };
    let end = from
        .zip(count)
        .and_then(|(from, count)| from.checked_add(count));
    from.zip(end)
        .and_then(|(from, end)| letters.get(from..end))
        .map(|part| part.iter().collect::<String>().into())
        .ok_or_else(|| {
            Fault::thrown("Index and length must refer to a location within the string.")
        })
}

/// By one or more characters, or by one string; without any, by blanks.
fn split(text: &str, separators: &[Value]) -> Option<Value> {
    let parts = |parts: Vec<&str>| Value::list(parts.into_iter().map(Value::from));
    match separators {
        [] => Some(parts(text.split(char::is_whitespace).collect())),
        [Value::Text(separator)] if !separator.is_empty() => {
            Some(parts(text.split(&**separator).collect()))
        }
        [Value::List(letters)] => split(text, &letters[..]),
        letters => {
            let letters = all_letters(letters)?;
            Some(parts(text.split(letters.as_slice()).collect()))
        }
    }
}

fn all_letters(values: &[Value]) -> Option<Vec<char>> {
    let letters = values.iter().map(|value| match value {
        Value::Char(letter) => Some(*letter),
        _ => None,
    });
    letters.collect()
}

fn trimmed(text: &str, name: &str, letters: &[Value]) -> Option<Value> {
    let letters = all_letters(letters)?;
    let is_one = |next: char| {
        if letters.is_empty() {
            next.is_whitespace()
        } else {
            letters.contains(&next)
        }
    };
    Some(Value::from(match name {
        "Trim" => text.trim_matches(is_one),
        "TrimStart" => text.trim_start_matches(is_one),
        _ => text.trim_end_matches(is_one),
    }))
}

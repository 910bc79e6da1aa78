//! Static members, static calls and constructors.

use time::Duration;
use url::form_urlencoded;
use uuid::Uuid;

use super::super::context::Context;
use super::Fault;
use super::syntax::{Plain, Type};
use super::value::Value;

/// What may stand behind the name of a type.
const NAMES: &[(Plain, &[&str])] = &[
    (Plain::Bool, &["Parse"]),
    (
        Plain::Comparison,
        &[
            "Ordinal",
            "OrdinalIgnoreCase",
            "InvariantCultureIgnoreCase",
            "CurrentCultureIgnoreCase",
        ],
    ),
    (
        Plain::Convert,
        &["ToBoolean", "ToInt32", "ToInt64", "ToString"],
    ),
    (Plain::DateTime, &["Now", "UtcNow"]),
    (Plain::Guid, &["Empty", "NewGuid", "Parse"]),
    (Plain::Int, &["MaxValue", "Parse"]),
    (Plain::JArray, &["Parse"]),
    (Plain::JObject, &["Parse"]),
    (Plain::JToken, &["Parse"]),
    (Plain::Long, &["MaxValue", "Parse"]),
    (Plain::Math, &["Abs", "Max", "Min"]),
    (
        Plain::Text,
        &[
            "Concat",
            "Empty",
            "Equals",
            "Format",
            "IsNullOrEmpty",
            "IsNullOrWhiteSpace",
            "Join",
        ],
    ),
    (
        Plain::TimeSpan,
        &[
            "FromDays",
            "FromHours",
            "FromMinutes",
            "FromSeconds",
            "Zero",
        ],
    ),
    (Plain::Uri, &["EscapeDataString", "UnescapeDataString"]),
];

pub(super) fn is_known(owner: Type, name: &str) -> bool {
    NAMES
        .iter()
        .any(|(known, names)| owner == Type::Plain(*known) && names.contains(&name))
}

fn beyond(name: &str) -> Fault {
    Fault::unknown(format!("{name} with these arguments"))
}

pub(super) fn get(owner: Type, name: &str, context: &Context) -> Result<Value, Fault> {
    let Type::Plain(plain) = owner else {
        return Err(beyond(name));
    };
    Ok(match (plain, name) {
        (Plain::Text, "Empty") => "".into(),
        (Plain::Guid, "Empty") => Value::Guid(Uuid::nil()),
        (Plain::Int, "MaxValue") => Value::Int(i32::MAX),
        (Plain::Long, "MaxValue") => Value::Long(i64::MAX),
        (Plain::TimeSpan, "Zero") => Value::Span(Duration::ZERO),
        // The gateways of Azure run in UTC.
        (Plain::DateTime, "Now" | "UtcNow") => Value::Moment(context.now),
        (Plain::Comparison, name) => Value::Comparison {
            ignores_case: name.ends_with("IgnoreCase"),
        },
        _ => return Err(beyond(name)),
    })
}

pub(super) fn call(owner: Type, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let Type::Plain(plain) = owner else {
        return Err(beyond(name));
    };
    match (plain, name, arguments) {
        (Plain::Text, _, _) => of_text(name, arguments),
        (Plain::Int, "Parse", [text]) => integer(&text.text()?).and_then(short),
        (Plain::Long, "Parse", [text]) => integer(&text.text()?).map(Value::Long),
        (Plain::Bool, "Parse", [text]) => boolean(&text.text()?),
        (Plain::Convert, _, [value]) => converted(name, value),
        (Plain::Guid, "NewGuid", []) => Ok(Value::Guid(Uuid::new_v4())),
        (Plain::Guid, "Parse", [text]) => guid(&text.text()?),
        (Plain::Math, _, _) => of_numbers(name, arguments),
        (Plain::JObject | Plain::JArray | Plain::JToken, "Parse", [text]) => {
            parse_json(plain, &text.text()?)
        }
        (Plain::TimeSpan, _, [count]) => span(name, count),
        (Plain::Uri, "EscapeDataString", [text]) => Ok(escaped(&text.text()?).into()),
        (Plain::Uri, "UnescapeDataString", [text]) => {
            Ok(crate::sandbox::server::decoded(&text.text()?).into())
        }
        _ => Err(beyond(name)),
    }
}

fn escaped(text: &str) -> String {
    // The form's spelling, but for the blank and the few signs that .NET leaves alone.
    let form: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
    form.replace('+', "%20")
        .replace('*', "%2A")
        .replace("%7E", "~")
}

fn of_text(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    match (name, arguments) {
        ("IsNullOrEmpty" | "IsNullOrWhiteSpace", [Value::Null]) => Ok(true.into()),
        ("IsNullOrEmpty", [text]) => Ok(text.text()?.is_empty().into()),
        ("IsNullOrWhiteSpace", [text]) => Ok(text.text()?.trim().is_empty().into()),
        ("Concat", parts) => Ok(parts
            .iter()
            .map(Value::to_text)
            .collect::<Result<String, _>>()?
            .into()),
        ("Join", [separator, Value::List(parts)]) => joined(separator, parts),
        ("Join", [separator, parts @ ..]) => joined(separator, parts),
        ("Equals", [one, other]) => one.equals(other).map(Value::Bool),
        (
            "Equals",
            [
                Value::Text(one),
                Value::Text(other),
                Value::Comparison { ignores_case },
            ],
        ) => {
            let [one, other] = [one, other].map(|text| {
                if *ignores_case {
                    text.to_lowercase()
                } else {
                    text.to_string()
                }
            });
            Value::from(one).equals(&other.into()).map(Value::Bool)
        }
        ("Format", [Value::Text(format), values @ ..]) => formatted(format, values),
        _ => Err(beyond(name)),
    }
}

fn joined(separator: &Value, parts: &[Value]) -> Result<Value, Fault> {
    let parts: Result<Vec<String>, _> = parts.iter().map(Value::to_text).collect();
    Ok(parts?.join(&*separator.text()?).into())
}

/// `{0}` and `{{`; alignment and formats are outside the subset.
fn formatted(format: &str, values: &[Value]) -> Result<Value, Fault> {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find(['{', '}']) {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        if let Some(after) = rest.strip_prefix("{{").or_else(|| rest.strip_prefix("}}")) {
            out.push_str(&rest[..1]);
            rest = after;
            continue;
        }
        let hole = rest.strip_prefix('{').and_then(|rest| rest.split_once('}'));
        let value = hole.and_then(|(index, _)| values.get(index.parse::<usize>().ok()?));
        let Some((value, (_, after))) = value.zip(hole) else {
            return Err(Fault::unknown(format!("the format '{format}'")));
        };
        out.push_str(&value.to_text()?);
        rest = after;
    }
    out.push_str(rest);
    Ok(out.into())
}

fn bad_format() -> Fault {
    Fault::thrown("Input string was not in a correct format.")
}

/// As .NET reads it: blanks around and a sign are allowed.
fn integer(text: &str) -> Result<i64, Fault> {
    let text = text.trim();
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|next| next.is_ascii_digit()) {
        return Err(bad_format());
    }
    text.parse()
        .map_err(|_| Fault::thrown("Value was either too large or too small for an Int64."))
}

fn short(number: i64) -> Result<Value, Fault> {
    i32::try_from(number)
        .map(Value::Int)
        .map_err(|_| Fault::thrown("Value was either too large or too small for an Int32."))
}

fn boolean(text: &str) -> Result<Value, Fault> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" => Ok(true.into()),
        "false" => Ok(false.into()),
        _ => Err(Fault::thrown(
            "String was not recognized as a valid Boolean.",
        )),
    }
}

fn guid(text: &str) -> Result<Value, Fault> {
    Uuid::parse_str(text.trim())
        .map(Value::Guid)
        .map_err(|_| Fault::thrown("Guid should contain 32 digits with 4 dashes."))
}

fn converted(name: &str, value: &Value) -> Result<Value, Fault> {
    let value = value.clone().unboxed();
    match (name, &value) {
        ("ToString", value) => value.to_text().map(Value::from),
        ("ToInt32", Value::Null) => Ok(Value::Int(0)),
        ("ToInt64", Value::Null) => Ok(Value::Long(0)),
        ("ToInt32", Value::Text(_)) => integer(&value.text()?).and_then(short),
        ("ToInt64", Value::Text(_)) => integer(&value.text()?).map(Value::Long),
        ("ToInt32", value) if value.integer().is_some() => {
            short(value.integer().unwrap_or_default())
        }
        ("ToInt64", value) if value.integer().is_some() => {
            Ok(Value::Long(value.integer().unwrap_or_default()))
        }
        ("ToBoolean", Value::Null) => Ok(false.into()),
        ("ToBoolean", Value::Bool(_)) => Ok(value),
        ("ToBoolean", Value::Text(_)) => boolean(&value.text()?),
        _ => Err(beyond(name)),
    }
}

fn of_numbers(name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    match (name, arguments) {
        ("Min", [Value::Int(one), Value::Int(other)]) => Ok(Value::Int(*one.min(other))),
        ("Max", [Value::Int(one), Value::Int(other)]) => Ok(Value::Int(*one.max(other))),
        ("Abs", [Value::Int(one)]) => one
            .checked_abs()
            .map(Value::Int)
            .ok_or_else(|| Fault::thrown("Negating the minimum value is invalid.")),
        _ => Err(beyond(name)),
    }
}

fn span(name: &str, count: &Value) -> Result<Value, Fault> {
    let each = match name {
        "FromSeconds" => 1.0,
        "FromMinutes" => 60.0,
        "FromHours" => 3600.0,
        "FromDays" => 86400.0,
        _ => return Err(beyond(name)),
    };
    let count = match count {
        Value::Real(count) => *count,
        Value::Int(count) => f64::from(*count),
        _ => return Err(beyond(name)),
    };
    Duration::checked_seconds_f64(count * each)
        .map(Value::Span)
        .ok_or_else(|| Fault::thrown("TimeSpan overflowed because the duration is too long."))
}

/// JSON as the type asked for; Newtonsoft reads more than JSON, and what is none is refused rather than read.
pub(super) fn parse_json(wanted: Plain, text: &str) -> Result<Value, Fault> {
    let json: serde_json::Value = serde_json::from_str(text)
        .map_err(|error| Fault::thrown(format!("Error reading JToken from JsonReader: {error}")))?;
    let fits = match wanted {
        Plain::JObject => json.is_object(),
        Plain::JArray => json.is_array(),
        _ => true,
    };
    if fits {
        Ok(Value::Json(json.into()))
    } else {
        Err(Fault::thrown(
            "Error reading from JsonReader: the current item is of another type.",
        ))
    }
}

/// A token as a plain value, where the kinds fit without a conversion.
pub(super) fn of_json(wanted: Plain, json: &serde_json::Value) -> Result<Value, Fault> {
    let found = match (wanted, json) {
        (Plain::JToken, json) => Some(Value::Json(json.clone().into())),
        (Plain::JObject, json) if json.is_object() => Some(Value::Json(json.clone().into())),
        (Plain::JArray, json) if json.is_array() => Some(Value::Json(json.clone().into())),
        (Plain::Text, serde_json::Value::String(text)) => Some(text.as_str().into()),
        (Plain::Text, serde_json::Value::Null) => Some(Value::Null),
        (Plain::Bool, serde_json::Value::Bool(fact)) => Some((*fact).into()),
        (Plain::Int, serde_json::Value::Number(number)) => number
            .as_i64()
            .and_then(|number| i32::try_from(number).ok())
            .map(Value::Int),
        (Plain::Long, serde_json::Value::Number(number)) => number.as_i64().map(Value::Long),
        (Plain::Double, serde_json::Value::Number(number)) => number.as_f64().map(Value::Real),
        _ => None,
    };
    found.ok_or_else(|| Fault::unknown("a JToken converted to this type"))
}

pub(super) fn construct(made: Type, arguments: &[Value]) -> Result<Value, Fault> {
    let Type::Plain(plain) = made else {
        return Err(beyond("new"));
    };
    match (plain, arguments) {
        (Plain::JProperty, [Value::Text(_), value]) => {
            let name = arguments[0].text()?.to_string();
            Ok(Value::Property((name, to_json(value)?).into()))
        }
        (Plain::JObject, properties) => {
            let mut members = serde_json::Map::new();
            for property in properties {
                let Value::Property(property) = property else {
                    return Err(beyond("new JObject"));
                };
                members.insert(property.0.clone(), property.1.clone());
            }
            Ok(Value::Json(serde_json::Value::Object(members).into()))
        }
        (Plain::JArray, elements) => {
            let elements: Result<Vec<_>, _> = elements.iter().map(to_json).collect();
            Ok(Value::Json(serde_json::Value::Array(elements?).into()))
        }
        (Plain::Exception, [message]) => Ok(message.clone()),
        (Plain::Exception, []) => Ok("Exception of type 'System.Exception' was thrown.".into()),
        (Plain::Guid, [text]) => guid(&text.text()?),
        _ => Err(beyond("new")),
    }
}

fn to_json(value: &Value) -> Result<serde_json::Value, Fault> {
    Ok(match value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(fact) => (*fact).into(),
        Value::Int(number) => (*number).into(),
        Value::Long(number) => (*number).into(),
        Value::Real(number) => (*number).into(),
        Value::Text(_) => value.text()?.to_string().into(),
        Value::Guid(id) => id.to_string().into(),
        Value::Json(json) => (**json).clone(),
        Value::Boxed(inner) => to_json(inner)?,
        Value::List(list) => {
            let elements: Result<Vec<_>, _> = list.iter().map(to_json).collect();
            elements?.into()
        }
        other => return Err(Fault::unknown(format!("a {} in JSON", other.kind()))),
    })
}

//! Calls on arrays, with a lambda and without.

use super::evaluate::Run;
use super::syntax::Syntax;
use super::value::Value;
use super::{Fault, evaluate};

const NAMES: &[&str] = &[
    "All",
    "Any",
    "Contains",
    "Count",
    "Distinct",
    "ElementAt",
    "First",
    "FirstOrDefault",
    "Last",
    "LastOrDefault",
    "Select",
    "Skip",
    "Take",
    "ToArray",
    "ToList",
    "Where",
];

pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

/// Whether `on.name(…)` is one of these calls and not one of a string or dictionary.
pub(super) fn is_of(on: &Value, name: &str) -> bool {
    let is_sequence = match on {
        Value::List(_) => true,
        Value::Json(json) => json.is_array(),
        _ => false,
    };
    is_sequence && is_known(name)
}

/// What a foreach goes through.
pub(super) fn elements(over: &Value) -> Result<Vec<Value>, Fault> {
    match over {
        Value::List(list) => Ok(list.to_vec()),
        Value::Json(json) => match &**json {
            serde_json::Value::Array(elements) => Ok(elements
                .iter()
                .map(|element| Value::Json(element.clone().into()))
                .collect()),
            _ => Err(Fault::unknown("the elements of a JObject")),
        },
        Value::Null => Err(evaluate::null_reference("elements")),
        other => Err(Fault::unknown(format!(
            "the elements of a {}",
            other.kind()
        ))),
    }
}

fn is_so(value: &Value) -> Result<bool, Fault> {
    match value {
        Value::Bool(fact) => Ok(*fact),
        other => Err(Fault::unknown(format!("a {} as condition", other.kind()))),
    }
}

fn empty() -> Fault {
    Fault::thrown("Sequence contains no matching element.")
}

pub(super) fn with_lambda(
    run: &mut Run,
    on: &Value,
    name: &str,
    parameter: &str,
    body: &Syntax,
) -> Result<Value, Fault> {
    let elements = elements(on)?;
    if name == "Select" {
        let made: Result<Vec<_>, _> = elements
            .into_iter()
            .map(|element| run.apply(parameter, body, element))
            .collect();
        return made.map(Value::list);
    }
    if !["All", "Any", "Count", "First", "FirstOrDefault", "Where"].contains(&name) {
        return Err(Fault::unknown(format!("{name} with a lambda")));
    }
    let mut chosen = Vec::new();
    for element in elements {
        let fits = is_so(&run.apply(parameter, body, element.clone())?)?;
        match name {
            "All" if !fits => return Ok(false.into()),
            "Any" if fits => return Ok(true.into()),
            "First" | "FirstOrDefault" if fits => return Ok(element),
            _ if fits => chosen.push(element),
            _ => {}
        }
    }
    match name {
        "All" => Ok(true.into()),
        "Any" => Ok(false.into()),
        "First" => Err(empty()),
        "FirstOrDefault" => nothing(on),
        "Count" => Ok(Value::size(chosen.len())),
        _ => Ok(Value::list(chosen)),
    }
}

/// `default(T)`: null for what strings and tokens are, which is all that is known of an empty array.
fn nothing(on: &Value) -> Result<Value, Fault> {
    match on {
        Value::List(list) => match list.first() {
            None | Some(Value::Text(_) | Value::Null | Value::Json(_)) => Ok(Value::Null),
            Some(other) => Err(Fault::unknown(format!("the default of {}", other.kind()))),
        },
        _ => Ok(Value::Null),
    }
}

pub(super) fn call(on: &Value, name: &str, arguments: &[Value]) -> Result<Value, Fault> {
    let elements = elements(on)?;
    match (name, arguments) {
        ("Contains", [wanted]) => contains(&elements, wanted).map(Value::Bool),
        ("Any", []) => Ok((!elements.is_empty()).into()),
        ("Count", []) => Ok(Value::size(elements.len())),
        ("First", []) => elements.into_iter().next().ok_or_else(empty),
        ("Last", []) => elements.into_iter().next_back().ok_or_else(empty),
        ("FirstOrDefault", []) => match elements.into_iter().next() {
            Some(first) => Ok(first),
            None => nothing(on),
        },
        ("LastOrDefault", []) => match elements.into_iter().next_back() {
            Some(last) => Ok(last),
            None => nothing(on),
        },
        ("ToArray" | "ToList", []) => Ok(Value::list(elements)),
        ("ElementAt", [index]) => {
            let index = index
                .integer()
                .and_then(|index| usize::try_from(index).ok());
            index
                .and_then(|index| elements.into_iter().nth(index))
                .ok_or_else(|| Fault::thrown("Index was out of range."))
        }
        ("Skip" | "Take", [count]) => {
            let Some(count) = count.integer() else {
                return Err(Fault::unknown(format!("{name}({})", count.kind())));
            };
            let count = usize::try_from(count).unwrap_or(0).min(elements.len());
            Ok(Value::list(match name {
                "Skip" => elements[count..].to_vec(),
                _ => elements[..count].to_vec(),
            }))
        }
        ("Distinct", []) => distinct(elements),
        _ => Err(Fault::unknown(format!("{name} with these arguments"))),
    }
}

/// Of tokens it would compare references.
fn contains(elements: &[Value], wanted: &Value) -> Result<bool, Fault> {
    let mut is_there = false;
    for element in elements {
        if matches!(element, Value::Json(_)) {
            return Err(Fault::unknown("Contains of JToken"));
        }
        is_there |= element.equals(wanted)?;
    }
    Ok(is_there)
}

fn distinct(elements: Vec<Value>) -> Result<Value, Fault> {
    let mut kept: Vec<Value> = Vec::new();
    for element in elements {
        if !contains(&kept, &element)? {
            kept.push(element);
        }
    }
    Ok(Value::list(kept))
}

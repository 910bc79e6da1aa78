//! Properties and indexers.

use super::super::context::{Address, Context, Facts};
use super::value::{Jwt, Lists, Object, Value};
use super::{Fault, evaluate};

/// Every property that something below has.
const NAMES: &[&str] = &[
    "Algorithm",
    "Api",
    "ApprovalRequired",
    "Audiences",
    "Body",
    "Certificate",
    "Claims",
    "Count",
    "Day",
    "Deployment",
    "Elapsed",
    "ExpirationTime",
    "Gateway",
    "HasValue",
    "HasValues",
    "Headers",
    "Host",
    "Hour",
    "Id",
    "IpAddress",
    "IsCurrentRevision",
    "IsCustomRevision",
    "Issuer",
    "Key",
    "LastError",
    "Length",
    "MatchedParameters",
    "Message",
    "Method",
    "Minute",
    "Month",
    "Name",
    "NotBefore",
    "Operation",
    "OriginalUrl",
    "Path",
    "Port",
    "PrivateEndpointConnection",
    "Product",
    "Query",
    "QueryString",
    "Reason",
    "Region",
    "Request",
    "RequestId",
    "Response",
    "Revision",
    "Scheme",
    "Scope",
    "Second",
    "Section",
    "ServiceId",
    "ServiceName",
    "ServiceUrl",
    "Source",
    "State",
    "StatusCode",
    "StatusReason",
    "Subject",
    "Subscription",
    "SubscriptionRequired",
    "Timestamp",
    "TotalDays",
    "TotalHours",
    "TotalMilliseconds",
    "TotalMinutes",
    "TotalSeconds",
    "Tracing",
    "Type",
    "Url",
    "UrlTemplate",
    "User",
    "Value",
    "Variables",
    "Version",
    "Year",
];

pub(super) fn is_known(name: &str) -> bool {
    NAMES.contains(&name)
}

pub(super) fn get(on: &Value, name: &str, context: &Context) -> Result<Value, Fault> {
    let found = match on {
        Value::Null if name == "HasValue" => Some(false.into()),
        Value::Null => return Err(evaluate::null_reference(name)),
        Value::Object(object) => of_object(*object, name, context)?,
        Value::Text(_) if name == "Length" => Some(Value::size(on.text()?.encode_utf16().count())),
        Value::List(list) if ["Length", "Count"].contains(&name) => Some(Value::size(list.len())),
        Value::Lists(lists) if name == "Count" => Some(Value::size(lists.entries.len())),
        Value::Texts(texts) if name == "Count" => Some(Value::size(texts.len())),
        Value::Jwt(jwt) => of_token(jwt, name),
        Value::Json(json) => of_json(json, name),
        Value::Property(property) => match name {
            "Name" => Some(property.0.as_str().into()),
            "Value" => Some(Value::Json(property.1.clone().into())),
            _ => None,
        },
        Value::Moment(_) | Value::Span(_) => of_time(on, name),
        _ => None,
    };
    found.ok_or_else(|| Fault::unknown(format!("{}.{name}", on.kind())))
}

fn of_token(jwt: &Jwt, name: &str) -> Option<Value> {
    Some(match name {
        "Algorithm" => jwt.algorithm.as_str().into(),
        "Type" => jwt.token_type.as_str().into(),
        "Claims" => Value::Lists(jwt.claims.clone().into()),
        "Audiences" => Value::texts(&jwt.audiences),
        "Subject" => jwt.first("sub"),
        "Issuer" => jwt.first("iss"),
        "Id" => jwt.first("jti"),
        "ExpirationTime" => jwt.expires.map_or(Value::Null, Value::Moment),
        "NotBefore" => jwt.not_before.map_or(Value::Null, Value::Moment),
        _ => return None,
    })
}

fn of_json(json: &serde_json::Value, name: &str) -> Option<Value> {
    let count = match json {
        serde_json::Value::Array(elements) => elements.len(),
        serde_json::Value::Object(members) => members.len(),
        _ => 0,
    };
    match name {
        "HasValues" => Some((count > 0).into()),
        "Count" if json.is_array() || json.is_object() => Some(Value::size(count)),
        _ => None,
    }
}

fn of_time(on: &Value, name: &str) -> Option<Value> {
    let value = match (on, name) {
        (Value::Moment(_), "Value") => on.clone(),
        (Value::Moment(_), "HasValue") => true.into(),
        (Value::Moment(at), "Year") => Value::Int(at.year()),
        (Value::Moment(at), "Month") => Value::Int(i32::from(u8::from(at.month()))),
        (Value::Moment(at), "Day") => Value::Int(i32::from(at.day())),
        (Value::Moment(at), "Hour") => Value::Int(i32::from(at.hour())),
        (Value::Moment(at), "Minute") => Value::Int(i32::from(at.minute())),
        (Value::Moment(at), "Second") => Value::Int(i32::from(at.second())),
        (Value::Span(span), "TotalMilliseconds") => Value::Real(span.as_seconds_f64() * 1000.0),
        (Value::Span(span), "TotalSeconds") => Value::Real(span.as_seconds_f64()),
        (Value::Span(span), "TotalMinutes") => Value::Real(span.as_seconds_f64() / 60.0),
        (Value::Span(span), "TotalHours") => Value::Real(span.as_seconds_f64() / 3600.0),
        (Value::Span(span), "TotalDays") => Value::Real(span.as_seconds_f64() / 86400.0),
        _ => return None,
    };
    Some(value)
}

fn fact(facts: &Facts, name: &str) -> Option<Value> {
    let found = facts.iter().find(|(known, _)| *known == name);
    found.map(|(_, value)| value.clone())
}

fn of_object(object: Object, name: &str, context: &Context) -> Result<Option<Value>, Fault> {
    let absent = || Fault::thrown(format!("{name} of an object that is null"));
    Ok(match object {
        Object::Context => of_context(name, context),
        Object::Request => of_request(name, context),
        Object::Url => of_url(&context.request.address, name),
        Object::OriginalUrl => of_url(&context.request.original, name),
        Object::Response => of_response(name, context),
        Object::Api => fact(&context.api, name),
        Object::Operation => fact(context.operation.as_ref().ok_or_else(absent)?, name),
        Object::Product => fact(context.product.as_ref().ok_or_else(absent)?, name),
        Object::Subscription => fact(context.subscription.as_ref().ok_or_else(absent)?, name),
        Object::Deployment if name == "Gateway" => Some(Value::Object(Object::Gateway)),
        Object::Deployment => fact(&context.deployment, name),
        // The gateway that Azure runs has this id.
        Object::Gateway => (name == "Id").then(|| "managed".into()),
        Object::LastError => of_error(name, context),
        Object::PrivateEndpoint => match (name, &context.request.private_endpoint) {
            ("Name", Some(connection)) => Some(connection.as_str().into()),
            _ => None,
        },
        Object::Variables if name == "Count" => Some(Value::size(context.variables.len())),
        Object::Variables | Object::RequestBody | Object::ResponseBody => None,
    })
}

fn of_context(name: &str, context: &Context) -> Option<Value> {
    let unless = |is_there: bool, object| {
        if is_there {
            Value::Object(object)
        } else {
            Value::Null
        }
    };
    Some(match name {
        "Request" => Value::Object(Object::Request),
        "Response" => unless(context.response.is_some(), Object::Response),
        "Variables" => Value::Object(Object::Variables),
        "Api" => Value::Object(Object::Api),
        "Operation" => unless(context.operation.is_some(), Object::Operation),
        "Product" => unless(context.product.is_some(), Object::Product),
        "Subscription" => unless(context.subscription.is_some(), Object::Subscription),
        // Users of the developer portal: a call without a key has none, and the sandbox keeps none for the others.
        "User" if context.subscription.is_none() => Value::Null,
        "Deployment" => Value::Object(Object::Deployment),
        "LastError" => unless(context.last_error.is_some(), Object::LastError),
        "RequestId" => Value::Guid(context.request_id),
        "Timestamp" => Value::Moment(context.now),
        "Elapsed" => Value::Span(time::Duration::ZERO),
        "Tracing" => false.into(),
        _ => return None,
    })
}

fn of_request(name: &str, context: &Context) -> Option<Value> {
    let request = &context.request;
    Some(match name {
        "Method" => request.method.as_str().into(),
        "Headers" => Value::Lists(request.headers.lists().into()),
        "Url" => Value::Object(Object::Url),
        "OriginalUrl" => Value::Object(Object::OriginalUrl),
        "IpAddress" => request.peer.to_string().into(),
        "MatchedParameters" => Value::Texts(request.matched.clone().into()),
        "Body" if request.body.is_empty() => Value::Null,
        "Body" => Value::Object(Object::RequestBody),
        // No caller of the sandbox presents one.
        "Certificate" => Value::Null,
        "PrivateEndpointConnection" if request.private_endpoint.is_none() => Value::Null,
        "PrivateEndpointConnection" => Value::Object(Object::PrivateEndpoint),
        _ => return None,
    })
}

fn of_url(address: &Address, name: &str) -> Option<Value> {
    Some(match name {
        "Scheme" => address.scheme.into(),
        "Host" => address.host.as_str().into(),
        "Port" => Value::Int(address.port()),
        "Path" => address.path.as_str().into(),
        "Query" => Value::Lists(address.query_lists().into()),
        "QueryString" => address.query_string().into(),
        _ => return None,
    })
}

fn of_response(name: &str, context: &Context) -> Option<Value> {
    let response = context.response.as_ref()?;
    Some(match name {
        "StatusCode" => Value::Int(i32::from(response.status)),
        "StatusReason" => response.reason.as_str().into(),
        "Headers" => Value::Lists(response.headers.lists().into()),
        "Body" if response.body.is_empty() => Value::Null,
        "Body" => Value::Object(Object::ResponseBody),
        _ => return None,
    })
}

fn of_error(name: &str, context: &Context) -> Option<Value> {
    let error = context.last_error.as_ref()?;
    Some(match name {
        "Source" => error.source.as_str().into(),
        "Reason" => error.reason.as_str().into(),
        "Message" => error.message.as_str().into(),
        "Scope" => error.scope.into(),
        "Section" => error.section.into(),
        _ => return None,
    })
}

pub(super) fn index(on: &Value, index: &Value, context: &Context) -> Result<Value, Fault> {
    let missing = || Fault::thrown("The given key was not present in the dictionary.");
    match (on, index) {
        (Value::Null, _) => Err(evaluate::null_reference("indexer")),
        (Value::Lists(lists), Value::Text(name)) => lists_entry(lists, name).ok_or_else(missing),
        (Value::Texts(texts), Value::Text(name)) => texts
            .get(&**name)
            .map(|text| text.as_str().into())
            .ok_or_else(missing),
        (Value::Object(Object::Variables), Value::Text(name)) => context
            .variables
            .get(&**name)
            .map(|value| value.clone().boxed())
            .ok_or_else(missing),
        (Value::List(list), number) if number.integer().is_some() => {
            at(list, number).cloned().ok_or_else(out_of_range)
        }
        (Value::Text(_), number) if number.integer().is_some() => {
            let letters: Vec<char> = on.text()?.chars().collect();
            at(&letters, number)
                .map(|letter| Value::Char(*letter))
                .ok_or_else(out_of_range)
        }
        (Value::Json(json), index) => of_token_tree(json, index),
        (on, index) => Err(Fault::unknown(format!("{}[{}]", on.kind(), index.kind()))),
    }
}

fn lists_entry(lists: &Lists, name: &str) -> Option<Value> {
    lists.get(name).map(Value::texts)
}

fn at<'a, T>(list: &'a [T], index: &Value) -> Option<&'a T> {
    let index = usize::try_from(index.integer()?).ok()?;
    list.get(index)
}

fn out_of_range() -> Fault {
    Fault::thrown("Index was outside the bounds of the array.")
}

fn of_token_tree(json: &serde_json::Value, index: &Value) -> Result<Value, Fault> {
    match (json, index) {
        (serde_json::Value::Object(members), Value::Text(name)) => Ok(members
            .get(&**name)
            .map_or(Value::Null, |member| Value::Json(member.clone().into()))),
        (serde_json::Value::Array(elements), number) if number.integer().is_some() => {
            at(elements, number)
                .map(|element| Value::Json(element.clone().into()))
                .ok_or_else(out_of_range)
        }
        _ => Err(Fault::thrown(
            "Cannot access child value on Newtonsoft.Json.Linq.JValue.",
        )),
    }
}

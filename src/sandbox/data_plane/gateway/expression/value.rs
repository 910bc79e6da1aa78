//! What an expression can hold.

use std::collections::BTreeMap;
use std::rc::Rc;

use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::Fault;
use crate::sandbox::data_plane::gateway::secret;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    Char(char),
    Int(i32),
    Long(i64),
    Real(f64),
    Text(Rc<str>),
    Guid(Uuid),
    Moment(OffsetDateTime),
    Span(Duration),
    List(Rc<Vec<Value>>),
    Json(Rc<serde_json::Value>),
    /// A member of a JSON object under construction.
    Property(Rc<(String, serde_json::Value)>),
    Jwt(Rc<Jwt>),
    /// `IReadOnlyDictionary<string, string[]>`: headers, query, claims.
    Lists(Rc<Lists>),
    /// `IReadOnlyDictionary<string, string>`
    Texts(Rc<BTreeMap<String, String>>),
    /// A `StringComparison`.
    Comparison {
        ignores_case: bool,
    },
    /// One of the objects `context` leads to.
    Object(Object),
    /// Statically an `object`: a cast must come before anything can be done with it.
    Boxed(Rc<Value>),
}

/// The objects `context` leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Object {
    Context,
    Request,
    RequestBody,
    Url,
    OriginalUrl,
    Response,
    ResponseBody,
    Variables,
    Api,
    Operation,
    Product,
    Subscription,
    Deployment,
    Gateway,
    LastError,
    PrivateEndpoint,
}

/// Names and their values in order; header names are looked up without regard to case.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Lists {
    pub(crate) entries: Vec<(String, Vec<String>)>,
    pub(crate) ignores_case: bool,
}

impl Lists {
    pub(crate) fn get(&self, name: &str) -> Option<&[String]> {
        let is_it = |known: &str| {
            if self.ignores_case {
                known.eq_ignore_ascii_case(name)
            } else {
                known == name
            }
        };
        let found = self.entries.iter().find(|(known, _)| is_it(known));
        found.map(|(_, values)| values.as_slice())
    }
}

/// A token as expressions see it; whether it was validated is not its business.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Jwt {
    pub(crate) algorithm: String,
    pub(crate) token_type: String,
    pub(crate) claims: Lists,
    pub(crate) audiences: Vec<String>,
    pub(crate) expires: Option<OffsetDateTime>,
    pub(crate) not_before: Option<OffsetDateTime>,
}

impl Jwt {
    /// The first value of a claim, null where it is missing.
    pub(crate) fn first(&self, claim: &str) -> Value {
        let values = self.claims.get(claim).unwrap_or_default();
        values
            .first()
            .map_or(Value::Null, |value| value.as_str().into())
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<bool> for Value {
    fn from(fact: bool) -> Self {
        Self::Bool(fact)
    }
}

impl Value {
    pub(crate) fn list(values: impl IntoIterator<Item = Self>) -> Self {
        Self::List(Rc::new(values.into_iter().collect()))
    }

    pub(crate) fn texts<'a>(texts: impl IntoIterator<Item = &'a String>) -> Self {
        Self::list(texts.into_iter().map(|text| text.as_str().into()))
    }

    pub(crate) fn boxed(self) -> Self {
        match self {
            Self::Boxed(_) | Self::Null => self,
            other => Self::Boxed(Rc::new(other)),
        }
    }

    pub(crate) fn unboxed(self) -> Self {
        match self {
            Self::Boxed(inner) => (*inner).clone(),
            other => other,
        }
    }

    /// Length of an array, count of characters; none for what C# calls neither.
    pub(super) fn size(count: usize) -> Self {
        i32::try_from(count).map_or(Self::Long(i64::MAX), Self::Int)
    }

    /// What this is, for messages.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Char(_) => "char",
            Self::Int(_) => "int",
            Self::Long(_) => "long",
            Self::Real(_) => "double",
            Self::Text(_) => "string",
            Self::Guid(_) => "Guid",
            Self::Moment(_) => "DateTime",
            Self::Span(_) => "TimeSpan",
            Self::List(_) => "array",
            Self::Json(_) => "JToken",
            Self::Property(_) => "JProperty",
            Self::Jwt(_) => "Jwt",
            Self::Lists(_) | Self::Texts(_) => "dictionary",
            Self::Comparison { .. } => "StringComparison",
            Self::Object(_) => "object of the context",
            Self::Boxed(_) => "object",
        }
    }

    /// `ToString()`, as concatenation and attributes use it: null is empty.
    pub(crate) fn to_text(&self) -> Result<String, Fault> {
        Ok(match self {
            Self::Null => String::new(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Char(letter) => letter.to_string(),
            Self::Int(number) => number.to_string(),
            Self::Long(number) => number.to_string(),
            Self::Real(number) => number.to_string(),
            Self::Text(text) => open(text)?.to_owned(),
            Self::Guid(id) => id.to_string(),
            Self::Json(json) => match &**json {
                serde_json::Value::Null => String::new(),
                serde_json::Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other)
                    .map_err(|error| Fault::unknown(error.to_string()))?,
            },
            Self::Boxed(inner) => inner.to_text()?,
            Self::Moment(_)
            | Self::Span(_)
            | Self::List(_)
            | Self::Property(_)
            | Self::Jwt(_)
            | Self::Lists(_)
            | Self::Texts(_)
            | Self::Comparison { .. }
            | Self::Object(_) => return Err(Fault::unknown(format!("text of a {}", self.kind()))),
        })
    }

    pub(crate) fn truth(&self) -> Result<bool, Fault> {
        match self {
            Self::Bool(fact) => Ok(*fact),
            Self::Boxed(inner) => inner.truth(),
            other => Err(Fault::unknown(format!("a {} as condition", other.kind()))),
        }
    }

    pub(super) fn text(&self) -> Result<Rc<str>, Fault> {
        match self {
            Self::Text(text) => open(text).map(Into::into),
            Self::Null => Err(Fault::thrown("Value cannot be null.")),
            other => Err(Fault::unknown(format!("a {} as string", other.kind()))),
        }
    }

    pub(super) fn integer(&self) -> Option<i64> {
        match self {
            Self::Int(number) => Some(i64::from(*number)),
            Self::Long(number) => Some(*number),
            _ => None,
        }
    }

    /// `==` between two values whose types C# lets compare.
    pub(super) fn equals(&self, other: &Self) -> Result<bool, Fault> {
        match (self, other) {
            (Self::Boxed(one), other) | (other, Self::Boxed(one)) => match other {
                Self::Null => Ok(false),
                // C# compares references here, whatever the text.
                _ => Err(Fault::unknown(format!(
                    "== between object (a {}) and {}",
                    one.kind(),
                    other.kind()
                ))),
            },
            (Self::Text(one), Self::Text(other)) => secret::equal(one, other),
            (Self::Null, other) | (other, Self::Null) => Ok(match other {
                Self::Json(json) => json.is_null(),
                other => matches!(other, Self::Null),
            }),
            (Self::Json(json), plain) | (plain, Self::Json(json)) => json_equals(json, plain),
            (one, other) if one.integer().is_some() && other.integer().is_some() => {
                Ok(one.integer() == other.integer())
            }
            (Self::Bool(_), Self::Bool(_))
            | (Self::Char(_), Self::Char(_))
            | (Self::Real(_), Self::Real(_))
            | (Self::Guid(_), Self::Guid(_))
            | (Self::Moment(_), Self::Moment(_))
            | (Self::Span(_), Self::Span(_)) => Ok(self == other),
            (one, other) => Err(Fault::unknown(format!(
                "== between {} and {}",
                one.kind(),
                other.kind()
            ))),
        }
    }
}

/// C# compares a token with a string after converting it; other pairs are references.
fn json_equals(json: &serde_json::Value, plain: &Value) -> Result<bool, Fault> {
    match (json, plain) {
        (serde_json::Value::String(one), Value::Text(other)) => secret::equal(one, other),
        (serde_json::Value::Bool(one), Value::Bool(other)) => Ok(one == other),
        (serde_json::Value::Number(one), other) if other.integer().is_some() => {
            Ok(one.as_i64() == other.integer())
        }
        (_, other) => Err(Fault::unknown(format!(
            "== between JToken and {}",
            other.kind()
        ))),
    }
}

/// Text that is known: of a secret only its digest is, so nothing can be made of it.
fn open(text: &str) -> Result<&str, Fault> {
    if secret::is_in(text) {
        Err(Fault::unknown(
            "the value of a secret named value (the sandbox keeps its digest only)",
        ))
    } else {
        Ok(text)
    }
}

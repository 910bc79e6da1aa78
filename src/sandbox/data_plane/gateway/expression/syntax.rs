//! What the parser makes of an expression.

use super::value::Value;

#[derive(Debug, Clone)]
pub(super) enum Body {
    /// `@(…)`
    Single(Syntax),
    /// `@{…}`
    Block(Vec<Statement>),
}

#[derive(Debug, Clone)]
pub(super) enum Statement {
    Declare(String, Syntax),
    Assign(String, Syntax),
    If(Syntax, Vec<Statement>, Vec<Statement>),
    ForEach(String, Syntax, Vec<Statement>),
    Return(Syntax),
    Throw(Syntax),
}

#[derive(Debug, Clone)]
pub(super) enum Syntax {
    Literal(Value),
    Interpolated(Vec<Part>),
    /// `context`, a variable, a lambda's parameter.
    Name(String),
    /// What stands before `?.`, inside the chain behind it.
    Receiver,
    Member(Box<Syntax>, String),
    Index(Box<Syntax>, Box<Syntax>),
    Call(Call),
    StaticMember(Type, String),
    StaticCall(Type, String, Vec<Argument>),
    New(Type, Vec<Argument>),
    Array(Vec<Syntax>),
    /// `of?.then`: nothing of `then` happens when `of` is null.
    Chain {
        of: Box<Syntax>,
        then: Box<Syntax>,
    },
    Not(Box<Syntax>),
    Negative(Box<Syntax>),
    Binary(Operator, Box<Syntax>, Box<Syntax>),
    Conditional(Box<Syntax>, Box<Syntax>, Box<Syntax>),
    Cast(Type, Box<Syntax>),
    Is(Type, Box<Syntax>),
    As(Type, Box<Syntax>),
}

#[derive(Debug, Clone)]
pub(super) struct Call {
    pub(super) on: Box<Syntax>,
    pub(super) name: String,
    pub(super) generic: Option<Type>,
    pub(super) arguments: Vec<Argument>,
}

#[derive(Debug, Clone)]
pub(super) enum Argument {
    Given(Syntax),
    Lambda(String, Box<Syntax>),
}

#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(String),
    Hole(Syntax),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Coalesce,
    Or,
    And,
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// The types an expression may name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Type {
    Array(Plain),
    Plain(Plain),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Bool,
    Char,
    /// `StringComparison`
    Comparison,
    Convert,
    DateTime,
    Double,
    Exception,
    Guid,
    Int,
    JArray,
    JObject,
    JProperty,
    JToken,
    Jwt,
    Long,
    Math,
    Object,
    Text,
    TimeSpan,
    Uri,
}

/// As C# spells them; `Type` may be longer in documents (`System.String`), which is outside the subset.
const TYPES: &[(&str, Plain)] = &[
    ("bool", Plain::Bool),
    ("Boolean", Plain::Bool),
    ("char", Plain::Char),
    ("Char", Plain::Char),
    ("Convert", Plain::Convert),
    ("DateTime", Plain::DateTime),
    ("double", Plain::Double),
    ("Double", Plain::Double),
    ("Exception", Plain::Exception),
    ("Guid", Plain::Guid),
    ("int", Plain::Int),
    ("Int32", Plain::Int),
    ("JArray", Plain::JArray),
    ("JObject", Plain::JObject),
    ("JProperty", Plain::JProperty),
    ("JToken", Plain::JToken),
    ("Jwt", Plain::Jwt),
    ("long", Plain::Long),
    ("Int64", Plain::Long),
    ("Math", Plain::Math),
    ("object", Plain::Object),
    ("StringComparison", Plain::Comparison),
    ("string", Plain::Text),
    ("String", Plain::Text),
    ("TimeSpan", Plain::TimeSpan),
    ("Uri", Plain::Uri),
];

impl Plain {
    pub(super) fn named(name: &str) -> Option<Self> {
        let found = TYPES.iter().find(|(known, _)| *known == name);
        found.map(|(_, plain)| *plain)
    }
}

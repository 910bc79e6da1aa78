//! What a policy document comes to: statements in the order they run.

use std::net::IpAddr;
use std::rc::Rc;

use super::expression::{Expression, Fault, Value};
use super::{context::Context, secret};

/// One statement, and whose it is.
#[derive(Debug, Clone)]
pub(super) struct Step {
    pub(super) statement: Rc<Statement>,
    /// `global`, `product`, `api` or `operation`
    pub(super) scope: &'static str,
}

/// The four sections with every `<base/>` in its place.
#[derive(Debug, Clone, Default)]
pub(super) struct Policy {
    pub(super) inbound: Vec<Step>,
    pub(super) backend: Vec<Step>,
    pub(super) outbound: Vec<Step>,
    pub(super) on_error: Vec<Step>,
}

/// An attribute or the text of an element: as written, or an expression.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Plain(String),
    Computed(Expression),
}

impl Text {
    pub(super) fn value(&self, context: &Context) -> Result<Value, Fault> {
        match self {
            Self::Plain(text) => Ok(text.as_str().into()),
            Self::Computed(expression) => expression.evaluate(context),
        }
    }

    pub(super) fn text(&self, context: &Context) -> Result<String, Fault> {
        self.value(context)?.to_text()
    }

    /// The text, which may be a secret that can only be compared.
    pub(super) fn comparable(&self, context: &Context) -> Result<String, Fault> {
        match self {
            Self::Plain(text) => Ok(text.clone()),
            Self::Computed(_) => self.text(context),
        }
    }

    pub(super) fn truth(&self, context: &Context) -> Result<bool, Fault> {
        match self.value(context)? {
            Value::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            other => other.truth(),
        }
    }

    pub(super) fn number(&self, context: &Context) -> Result<u64, Fault> {
        let text = self.text(context)?;
        text.trim()
            .parse()
            .map_err(|_| Fault::thrown(format!("'{text}' is not a number.")))
    }

    pub(super) fn status(&self, context: &Context) -> Result<u16, Fault> {
        let number = self.number(context)?;
        u16::try_from(number)
            .ok()
            .filter(|status| (100..1000).contains(status))
            .ok_or_else(|| Fault::thrown(format!("'{number}' is not a status code.")))
    }

    pub(super) fn is_secret(&self) -> bool {
        matches!(self, Self::Plain(text) if secret::is_in(text))
    }
}

#[derive(Debug, Clone)]
pub(super) enum Statement {
    CheckHeader(CheckHeader),
    Choose {
        branches: Vec<(Text, Vec<Step>)>,
        otherwise: Vec<Step>,
    },
    Cors(Cors),
    FindAndReplace {
        from: Text,
        to: Text,
    },
    Forward(Forward),
    IpFilter {
        allows: bool,
        ranges: Vec<(IpAddr, IpAddr)>,
    },
    Limit(Limit),
    /// Statements that only tell somebody: their texts are evaluated, because they may fail.
    Note(Vec<Text>),
    ManagedIdentity(ManagedIdentity),
    Mock {
        status: Text,
        content_type: Option<Text>,
    },
    Retry {
        condition: Text,
        count: Text,
        steps: Vec<Step>,
    },
    Return(Answer),
    RewriteUri {
        template: Text,
        copies: Text,
    },
    SetBackend {
        url: Option<Text>,
        id: Option<Text>,
    },
    SetBody(Text),
    SetHeader(Named),
    SetMethod(Text),
    SetQuery(Named),
    SetStatus(Status),
    SetVariable {
        name: String,
        value: Text,
    },
    /// `limit-concurrency`: the sandbox answers one call at a time, so the limit is never met.
    Together(Vec<Step>),
    ValidateContent {
        most: Text,
        prevents_size: bool,
        prevents_type: bool,
    },
    ValidateToken(Box<TokenRules>),
}

#[derive(Debug, Clone)]
pub(super) struct CheckHeader {
    pub(super) name: Text,
    pub(super) code: Text,
    pub(super) message: Text,
    pub(super) ignores_case: Text,
    pub(super) values: Vec<Text>,
}

#[derive(Debug, Clone)]
pub(super) struct Cors {
    pub(super) credentials: bool,
    pub(super) terminates: bool,
    pub(super) origins: Vec<Text>,
    pub(super) methods: Vec<String>,
    pub(super) max_age: Option<Text>,
    pub(super) headers: Vec<String>,
    pub(super) exposed: Vec<String>,
}

#[derive(Debug, Clone)]
pub(super) struct Forward {
    pub(super) follows: Text,
    pub(super) fails_on_status: Text,
    pub(super) timeout: Option<Text>,
}

/// `rate-limit`, `quota`, and both by key.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    pub(super) is_quota: bool,
    pub(super) calls: Text,
    /// Seconds.
    pub(super) period: Text,
    /// None: by subscription.
    pub(super) key: Option<Text>,
    pub(super) condition: Option<Text>,
    pub(super) count: Option<Text>,
    pub(super) retry_after_header: Option<Text>,
    pub(super) retry_after_variable: Option<String>,
    pub(super) remaining_header: Option<Text>,
    pub(super) remaining_variable: Option<String>,
    pub(super) total_header: Option<Text>,
}

#[derive(Debug, Clone)]
pub(super) struct ManagedIdentity {
    pub(super) resource: Text,
    pub(super) client: Option<Text>,
    pub(super) variable: Option<String>,
    pub(super) ignores_error: bool,
}

/// A header or a query parameter to be set.
#[derive(Debug, Clone)]
pub(super) struct Named {
    pub(super) name: Text,
    pub(super) when_there: WhenThere,
    pub(super) values: Vec<Text>,
}

/// `exists-action`
#[derive(Debug, Clone)]
pub(super) enum WhenThere {
    Append,
    Delete,
    Override,
    Skip,
}

#[derive(Debug, Clone)]
pub(super) struct Status {
    pub(super) code: Text,
    pub(super) reason: Option<Text>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Answer {
    pub(super) status: Option<Status>,
    pub(super) headers: Vec<Named>,
    pub(super) body: Option<Text>,
}

/// `validate-jwt`, and `validate-azure-ad-token` as what it stands for.
#[derive(Debug, Clone)]
pub(super) struct TokenRules {
    pub(super) name: &'static str,
    pub(super) from: TokenFrom,
    pub(super) code: Text,
    pub(super) message: Option<Text>,
    pub(super) needs_expiry: Text,
    pub(super) scheme: Option<Text>,
    pub(super) needs_signature: Text,
    pub(super) skew: Text,
    pub(super) variable: Option<String>,
    pub(super) openid: Vec<Text>,
    pub(super) keys: Vec<InlineKey>,
    pub(super) audiences: Vec<Text>,
    pub(super) issuers: Vec<Text>,
    pub(super) claims: Vec<ClaimRule>,
}

#[derive(Debug, Clone)]
pub(super) enum TokenFrom {
    Header(Text),
    Query(Text),
    Value(Text),
}

#[derive(Debug, Clone)]
pub(super) enum InlineKey {
    /// Base64.
    Secret(Text),
    /// Base64url, without padding.
    Rsa {
        id: Option<Text>,
        modulus: Text,
        exponent: Text,
    },
}

#[derive(Debug, Clone)]
pub(super) struct ClaimRule {
    pub(super) names: Vec<String>,
    pub(super) needs_all: bool,
    pub(super) separator: Option<String>,
    pub(super) values: Vec<Text>,
}

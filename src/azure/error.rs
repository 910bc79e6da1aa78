//! What can go wrong between secgw and Azure, as one type.
//!
//! Each variant says what was being done; what the other side said is the chained source (house rule 7).

use std::time::Duration;

use super::auth::SignInError;
use super::hints::{self, Advice};
use super::response::AzureError;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Azure answered, with an error.
    #[error("{doing}")]
    Refused {
        doing: String,
        #[source]
        error: Box<AzureError>,
    },
    /// The long-running operation ended badly.
    #[error("{doing}: the operation did not succeed")]
    Operation {
        doing: String,
        #[source]
        error: Box<AzureError>,
    },
    #[error("{doing}: not finished after {} minutes; Azure may still finish it", waited.as_secs() / 60)]
    TooLong { doing: String, waited: Duration },
    /// No answer. `may_have_arrived` is false when the request certainly did not leave.
    #[error("{doing}: no answer")]
    Unreachable {
        doing: String,
        may_have_arrived: bool,
        #[source]
        source: azure_core::Error,
    },
    /// No token for the request.
    #[error("{doing}: no token")]
    Token {
        doing: String,
        #[source]
        source: azure_core::Error,
    },
    #[error(transparent)]
    SignIn(#[from] SignInError),
    /// An address out of a response that leads to another host: no token is sent there.
    #[error("{doing}: the address leads away from {expected}")]
    ForeignAddress { doing: String, expected: String },
    #[error("{doing}: {why}")]
    Malformed { doing: String, why: String },
    #[error("no sign-in to the identity tenant is set up")]
    NoIdentityTenant,
    #[error("an endpoint of the cloud is no address")]
    Endpoint(#[from] url::ParseError),
}

impl Error {
    /// What Azure said, when it said anything.
    pub fn azure(&self) -> Option<&AzureError> {
        match self {
            Self::Refused { error, .. } | Self::Operation { error, .. } => Some(error),
            Self::TooLong { .. }
            | Self::Unreachable { .. }
            | Self::Token { .. }
            | Self::SignIn(_)
            | Self::ForeignAddress { .. }
            | Self::Malformed { .. }
            | Self::NoIdentityTenant
            | Self::Endpoint(_) => None,
        }
    }

    /// A word for it, where Azure gave none.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "Refused",
            Self::Operation { .. } => "OperationFailed",
            Self::TooLong { .. } => "NotFinished",
            Self::Unreachable { .. } => "Unreachable",
            Self::Token { .. } => "NoToken",
            Self::SignIn(_) => "NoSignIn",
            Self::ForeignAddress { .. } => "ForeignAddress",
            Self::Malformed { .. } => "Malformed",
            Self::NoIdentityTenant => "NoIdentityTenant",
            Self::Endpoint(_) => "NoEndpoint",
        }
    }

    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error.is_not_found())
    }

    /// What to try.
    pub fn hint(&self) -> Option<Advice> {
        let fixed = match self {
            Self::Refused { error, doing } | Self::Operation { error, doing } => {
                return hints::for_error(error, doing);
            }
            Self::Token { source, .. } => hints::for_sign_in(&source.to_string()),
            Self::SignIn(error) => error.hint(),
            Self::NoIdentityTenant => Some(
                "give `identity.credential` in the spec a client id and a client secret reference",
            ),
            Self::Unreachable { .. } => Some(hints::NETWORK),
            Self::TooLong { .. } => {
                Some("run the command again: it picks the operation up where it is")
            }
            Self::ForeignAddress { .. } | Self::Malformed { .. } | Self::Endpoint(_) => None,
        };
        fixed.map(Advice::Borrowed)
    }
}

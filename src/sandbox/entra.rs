//! Entra ID: the token endpoint, OpenID metadata, and who a token says is calling.

/// The bearer of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Caller {
    /// Directory the token was issued by (`tid`).
    pub(crate) tenant: String,
    pub(crate) object_id: String,
    pub(crate) app_id: String,
    /// Application permissions in this directory (`roles`): what Microsoft Graph decides by.
    pub(crate) roles: Vec<String>,
}

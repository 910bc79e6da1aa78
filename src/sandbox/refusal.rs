//! How Azure says no: a status, a code, a message, and the shape each provider wraps them in.

use serde_json::{Value, json};

use super::message::Response;

/// Error bodies differ by provider (recorded, `quirks.md` part 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ErrorStyle {
    /// `{"error":{"code","message"}}`
    Arm,
    /// `{"error":{"code","message","details":[]}}`
    Network,
    /// `{"error":{"code","message","details":null}}`
    ApiManagement,
    /// `{"Code","Message","Target","Details":[…],"Innererror"}`
    Web,
    /// `{"code","message"}`, no wrapper
    Bare,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) message: String,
    /// Items of `details`, in the style that has them.
    pub(crate) details: Vec<Value>,
    pub(crate) retry_after: Option<u32>,
    /// ARM's front end refused, not the provider: its own style and `x-ms-failure-cause: gateway`.
    pub(crate) is_gateway: bool,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: Vec::new(),
            retry_after: None,
            is_gateway: false,
        }
    }

    pub(crate) fn gateway(
        status: u16,
        code: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            is_gateway: true,
            ..Self::new(status, code, message)
        }
    }

    /// The sandbox cannot write its own state: the one refusal that is not Azure's.
    pub(crate) fn storage(error: &std::io::Error) -> Self {
        Self::new(
            500,
            "InternalServerError",
            format!("The sandbox cannot write its state: {error}."),
        )
    }

    pub(crate) fn detail(mut self, detail: Value) -> Self {
        self.details.push(detail);
        self
    }

    pub(crate) fn retry_after(mut self, seconds: u32) -> Self {
        self.retry_after = Some(seconds);
        self
    }

    pub(crate) fn respond(&self, style: ErrorStyle) -> Response {
        let style = if self.is_gateway {
            ErrorStyle::Arm
        } else {
            style
        };
        let mut response = Response::json(self.status, self.body(style));
        if self.is_gateway {
            response = response.with("x-ms-failure-cause", "gateway");
        }
        if let Some(seconds) = self.retry_after {
            response = response.with("Retry-After", seconds.to_string());
        }
        response
    }

    fn body(&self, style: ErrorStyle) -> Value {
        let (code, message) = (&self.code, &self.message);
        let mut error = json!({ "code": code, "message": message });
        match style {
            ErrorStyle::Arm | ErrorStyle::Bare => {
                if !self.details.is_empty() {
                    error["details"] = self.details.clone().into();
                }
            }
            ErrorStyle::Network => error["details"] = self.details.clone().into(),
            ErrorStyle::ApiManagement => {
                error["details"] = if self.details.is_empty() {
                    Value::Null
                } else {
                    self.details.clone().into()
                };
            }
            ErrorStyle::Web => return self.web_body(),
        }
        match style {
            ErrorStyle::Bare => error,
            _ => json!({ "error": error }),
        }
    }

    fn web_body(&self) -> Value {
        let (code, message) = (&self.code, &self.message);
        let entity = self
            .details
            .first()
            .cloned()
            .unwrap_or_else(|| json!({ "Code": code, "Message": message }));
        json!({
            "Code": code, "Message": message, "Target": null,
            "Details": [{ "Message": message }, { "Code": code }, { "ErrorEntity": entity }],
            "Innererror": null,
        })
    }
}

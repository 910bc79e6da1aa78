//! One call through the sections of its policy.
//!
//! Inbound, backend, outbound; what goes wrong in any of them goes to `on-error` with the status it would have. A
//! statement that answers the call ends it there: outbound does not run (documented for `return-response`).

use super::context::{Context, LastError, Response};
use super::cors::Allowed;
use super::expression::Fault;
use super::limit::Pending;
use super::statement::{Policy, Step};
use crate::sandbox::data_plane::{Plane, Reply};
use crate::sandbox::store::Object;

/// Why the steps do not go on.
#[derive(Debug)]
pub(super) enum Stop {
    /// `context.Response` is the answer.
    Answered,
    /// `context.LastError` and `context.Response` are set; `on-error` is next.
    Failed,
    /// Nobody can say what the gateway would do: this is the reply, whatever else stands in the policy.
    Refused(Reply),
}

/// What an error looks like to `on-error` and to the caller.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) source: &'static str,
    pub(super) reason: &'static str,
    pub(super) message: String,
    pub(super) status: u16,
    /// What the caller reads where it is not the message.
    pub(super) shown: Option<String>,
    pub(super) headers: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Inbound,
    Backend,
    Outbound,
    OnError,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::Inbound => "inbound",
            Self::Backend => "backend",
            Self::Outbound => "outbound",
            Self::OnError => "on-error",
        }
    }
}

/// Where a call is forwarded to.
#[derive(Debug, Clone)]
pub(super) enum Target {
    /// The API's own service URL.
    Api(String),
    Url(String),
    /// Name of a backend entity.
    Backend(String),
}

pub(super) struct Runner<'p, 'a> {
    pub(super) plane: &'p mut Plane<'a>,
    pub(super) service: Object,
    pub(super) context: Context,
    pub(super) section: Section,
    pub(super) scope: &'static str,
    pub(super) target: Target,
    /// Path below the API, or what `rewrite-uri` made of it.
    pub(super) rest: String,
    /// Subscription the call came with, for limits without a key.
    pub(super) subscription: Option<String>,
    pub(super) cors: Option<Allowed>,
    /// Headers that limits add to the response.
    pub(super) added: Vec<(String, String)>,
    pub(super) pending: Vec<Pending>,
    pub(super) hops: u8,
}

impl Runner<'_, '_> {
    pub(super) fn run(mut self, policy: &Policy) -> Reply {
        let ended = self.forward_path(policy);
        self.finish(policy, ended)
    }

    /// A call that failed before its policy began.
    pub(super) fn run_failed(mut self, policy: &Policy, failure: Failure) -> Reply {
        let stop = self.fail(failure);
        self.finish(policy, Err(stop))
    }

    fn forward_path(&mut self, policy: &Policy) -> Result<(), Stop> {
        self.run_section(Section::Inbound, &policy.inbound)?;
        self.run_section(Section::Backend, &policy.backend)?;
        if self.context.response.is_none() {
            self.context.response = Some(Response {
                status: 200,
                ..Response::default()
            });
        }
        self.run_section(Section::Outbound, &policy.outbound)
    }

    fn finish(mut self, policy: &Policy, ended: Result<(), Stop>) -> Reply {
        let ended = match ended {
            Err(Stop::Failed) => self.run_section(Section::OnError, &policy.on_error),
            other => other,
        };
        if let Err(Stop::Refused(reply)) = ended {
            return reply;
        }
        match self.count_pending() {
            Err(Fault::Unknown(what)) => return Reply::cannot_evaluate(&what),
            // A condition that cannot be computed counts nothing, and the answer is already made.
            Ok(()) | Err(Fault::Thrown(_)) => {}
        }
        let mut response = self.context.response.unwrap_or_default();
        for (name, value) in self.added {
            response.headers.set(&name, value);
        }
        if let Some(allowed) = &self.cors {
            allowed.mark(&mut response.headers);
        }
        Reply {
            status: response.status,
            headers: response.headers.0,
            body: response.body,
        }
    }

    fn run_section(&mut self, section: Section, steps: &[Step]) -> Result<(), Stop> {
        self.section = section;
        self.steps(steps)
    }

    pub(super) fn steps(&mut self, steps: &[Step]) -> Result<(), Stop> {
        for step in steps {
            self.scope = step.scope;
            self.perform(&step.statement)?;
        }
        Ok(())
    }

    /// The value of an expression, or what its failure does to the call.
    pub(super) fn known<T>(&mut self, value: Result<T, Fault>) -> Result<T, Stop> {
        value.map_err(|fault| match fault {
            Fault::Unknown(what) => refused(&what),
            Fault::Thrown(message) => self.thrown(&message),
        })
    }

    pub(super) fn thrown(&mut self, message: &str) -> Stop {
        self.fail(Failure {
            source: "expression",
            reason: "ExpressionValueEvaluationFailure",
            message: format!("Expression evaluation failed. {message}"),
            status: 500,
            shown: Some("Internal server error".to_owned()),
            headers: Vec::new(),
        })
    }

    /// Sets what `on-error` sees. A second error, in `on-error` itself, ends the call as it stands.
    pub(super) fn fail(&mut self, failure: Failure) -> Stop {
        let shown = failure.shown.as_ref().unwrap_or(&failure.message);
        let mut response = error_response(failure.status, shown);
        for (name, value) in failure.headers {
            response.headers.set(&name, value);
        }
        self.context.response = Some(response);
        self.context.last_error = Some(LastError {
            source: failure.source.to_owned(),
            reason: failure.reason.to_owned(),
            message: failure.message,
            scope: self.scope,
            section: self.section.name(),
        });
        Stop::Failed
    }
}

pub(super) fn refused(what: &str) -> Stop {
    Stop::Refused(Reply::cannot_evaluate(what))
}

/// `{ "statusCode": 404, "message": "Resource not found" }`, as the gateway writes all its errors.
pub(super) fn error_response(status: u16, message: &str) -> Response {
    let message = serde_json::Value::from(message);
    let mut response = Response {
        status,
        body: format!("{{ \"statusCode\": {status}, \"message\": {message} }}").into_bytes(),
        ..Response::default()
    };
    response.headers.add("Content-Type", "application/json");
    response
}

//! `cors`: preflights, and the headers of other answers.

use super::context::{Context, Headers, Response};
use super::expression::Fault;
use super::run::{Runner, Stop};
use super::statement::{Cors, Policy, Statement};

/// What an allowed origin reads on the answer.
#[derive(Debug, Clone)]
pub(super) struct Allowed {
    origin: String,
    credentials: bool,
    exposed: String,
}

impl Allowed {
    pub(super) fn mark(&self, headers: &mut Headers) {
        headers.set("Access-Control-Allow-Origin", &self.origin);
        if self.credentials {
            headers.set("Access-Control-Allow-Credentials", "true");
        }
        if !self.exposed.is_empty() {
            headers.set("Access-Control-Expose-Headers", &self.exposed);
        }
    }
}

fn allowed(cors: &Cors, origin: &str, context: &Context) -> Result<Option<Allowed>, Fault> {
    for listed in &cors.origins {
        let listed = listed.text(context)?;
        let is_any = listed == "*";
        if !is_any && !listed.eq_ignore_ascii_case(origin) {
            continue;
        }
        // Any origin, with credentials: the caller's own is named, since browsers refuse `*` there (inferred).
        let shown = if is_any && !cors.credentials {
            "*"
        } else {
            origin
        };
        return Ok(Some(Allowed {
            origin: shown.to_owned(),
            credentials: cors.credentials,
            exposed: cors.exposed.join(","),
        }));
    }
    Ok(None)
}

/// Whether a call asks what it may do, before it does it.
pub(super) fn is_preflight(context: &Context) -> bool {
    let headers = &context.request.headers;
    context.request.method.eq_ignore_ascii_case("OPTIONS")
        && headers.has("Origin")
        && headers.has("Access-Control-Request-Method")
}

impl Runner<'_, '_> {
    pub(super) fn cors(&mut self, cors: &Cors) -> Result<(), Stop> {
        let Some(origin) = self
            .context
            .request
            .headers
            .get("Origin")
            .map(str::to_owned)
        else {
            return Ok(());
        };
        let found = allowed(cors, &origin, &self.context);
        self.cors = self.known(found)?;
        let method = self.context.request.method.to_ascii_uppercase();
        let is_simple = ["GET", "HEAD"].contains(&method.as_str());
        if self.cors.is_none() && cors.terminates && is_simple {
            self.context.response = Some(Response {
                status: 200,
                ..Response::default()
            });
            return Err(Stop::Answered);
        }
        Ok(())
    }
}

/// The answer to a preflight: `cors` alone runs. None: there is no such statement directly in inbound.
pub(super) fn preflight(policy: &Policy, context: &Context) -> Result<Option<Response>, Fault> {
    let mut has_any = false;
    for step in &policy.inbound {
        let Statement::Cors(cors) = &*step.statement else {
            continue;
        };
        has_any = true;
        if let Some(response) = answered(cors, context)? {
            return Ok(Some(response));
        }
        if cors.terminates {
            break;
        }
    }
    Ok(has_any.then(|| Response {
        status: 200,
        ..Response::default()
    }))
}

fn answered(cors: &Cors, context: &Context) -> Result<Option<Response>, Fault> {
    let header = |name| context.request.headers.get(name).unwrap_or_default();
    let Some(allowed) = allowed(cors, header("Origin"), context)? else {
        return Ok(None);
    };
    let method = header("Access-Control-Request-Method");
    let is_listed = |listed: &[String], wanted: &str| {
        listed
            .iter()
            .any(|known| known == "*" || known.eq_ignore_ascii_case(wanted))
    };
    let may_call = if cors.methods.is_empty() {
        ["GET", "POST"].contains(&method)
    } else {
        is_listed(&cors.methods, method)
    };
    let asked = header("Access-Control-Request-Headers");
    let mut names = asked
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty());
    if !may_call || !names.all(|name| is_listed(&cors.headers, name)) {
        return Ok(None);
    }
    let mut response = Response {
        status: 200,
        ..Response::default()
    };
    allowed.mark(&mut response.headers);
    let headers = &mut response.headers;
    headers.set("Access-Control-Allow-Methods", method);
    if !asked.is_empty() {
        headers.set("Access-Control-Allow-Headers", asked);
    }
    if let Some(age) = &cors.max_age {
        headers.set("Access-Control-Max-Age", age.text(context)?);
    }
    Ok(Some(response))
}

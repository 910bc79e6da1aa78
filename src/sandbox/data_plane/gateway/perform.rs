//! What each statement does.

use super::context::{Headers, Request, Response};
use super::expression::Value;
use super::run::{Failure, Runner, Section, Stop, Target, refused};
use super::statement::{Answer, CheckHeader, Named, Statement, Status, Step, Text, WhenThere};
use super::{context::Address, secret};
use crate::sandbox::server::decoded;

/// `retry` goes round this often at most, whatever its count: the sandbox answers at once, waiting proves nothing.
const MOST_ATTEMPTS: u64 = 10;

impl Runner<'_, '_> {
    pub(super) fn perform(&mut self, statement: &Statement) -> Result<(), Stop> {
        match statement {
            Statement::CheckHeader(check) => self.check_header(check),
            Statement::Choose {
                branches,
                otherwise,
            } => self.choose(branches, otherwise),
            Statement::Cors(cors) => self.cors(cors),
            Statement::FindAndReplace { from, to } => self.replace(from, to),
            Statement::Forward(forward) => self.forward(forward),
            Statement::IpFilter { allows, ranges } => self.filter_address(*allows, ranges),
            Statement::Limit(limit) => self.limit(limit),
            Statement::Note(texts) => texts.iter().try_for_each(|text| {
                let told = text.value(&self.context);
                self.known(told).map(drop)
            }),
            Statement::ManagedIdentity(identity) => self.sign_in(identity),
            Statement::Mock {
                status,
                content_type,
            } => self.mock(status, content_type.as_ref()),
            Statement::Retry {
                condition,
                count,
                steps,
            } => self.retry(condition, count, steps),
            Statement::Return(answer) => self.answer(answer),
            Statement::RewriteUri { template, copies } => self.rewrite(template, copies),
            Statement::SetBackend { url, id } => self.set_backend(url.as_ref(), id.as_ref()),
            Statement::SetBody(body) => self.set_body(body),
            Statement::SetHeader(header) => self.set_header(header),
            Statement::SetMethod(method) => {
                let method = method.text(&self.context);
                self.context.request.method = self.known(method)?;
                Ok(())
            }
            Statement::SetQuery(parameter) => self.set_query(parameter),
            Statement::SetStatus(status) => self.set_status(status),
            Statement::SetVariable { name, value } => {
                let value = value.value(&self.context);
                let value = self.known(value)?.unboxed();
                self.context.variables.insert(name.clone(), value);
                Ok(())
            }
            Statement::Together(steps) => self.steps(steps),
            Statement::ValidateContent {
                most,
                prevents_size,
                prevents_type,
            } => self.check_content(most, *prevents_size, *prevents_type),
            Statement::ValidateToken(rules) => self.check_token(rules),
        }
    }

    fn choose(&mut self, branches: &[(Text, Vec<Step>)], otherwise: &[Step]) -> Result<(), Stop> {
        for (condition, steps) in branches {
            let is_so = condition.truth(&self.context);
            if self.known(is_so)? {
                return self.steps(steps);
            }
        }
        self.steps(otherwise)
    }

    fn check_header(&mut self, check: &CheckHeader) -> Result<(), Stop> {
        let name = self.text(&check.name)?;
        let held: Vec<String> = self
            .context
            .request
            .headers
            .values(&name)
            .map(str::to_owned)
            .collect();
        let ignores_case = check.ignores_case.truth(&self.context);
        let ignores_case = self.known(ignores_case)?;
        let mut is_met = held.len() == 1 && check.values.is_empty();
        for value in &check.values {
            // Twice the same header is neither of the two.
            let [held] = held.as_slice() else { break };
            let value = value.comparable(&self.context);
            let value = self.known(value)?;
            let same = if ignores_case && !secret::is_in(&value) {
                Ok(value.eq_ignore_ascii_case(held))
            } else {
                secret::equal(&value, held)
            };
            is_met |= self.known(same)?;
        }
        if is_met {
            return Ok(());
        }
        let status = check.code.status(&self.context);
        let failure = Failure {
            source: "check-header",
            reason: if held.is_empty() {
                "HeaderNotFound"
            } else {
                "HeaderValueNotAllowed"
            },
            message: format!(
                "Header {name} is missing or has a value that is not allowed. Access denied."
            ),
            status: self.known(status)?,
            shown: Some(self.text(&check.message)?),
            headers: Vec::new(),
        };
        Err(self.fail(failure))
    }

    pub(super) fn text(&mut self, text: &Text) -> Result<String, Stop> {
        let text = text.text(&self.context);
        self.known(text)
    }

    fn filter_address(
        &mut self,
        allows: bool,
        ranges: &[(std::net::IpAddr, std::net::IpAddr)],
    ) -> Result<(), Stop> {
        let caller = self.context.request.peer;
        let is_listed = ranges
            .iter()
            .any(|(from, to)| *from <= caller && caller <= *to);
        if is_listed == allows {
            return Ok(());
        }
        Err(self.fail(Failure {
            source: "ip-filter",
            reason: if allows {
                "CallerIpNotAllowed"
            } else {
                "CallerIpBlocked"
            },
            message: format!("Caller IP address {caller} is not allowed. Access denied."),
            status: 403,
            shown: Some("Forbidden".to_owned()),
            headers: Vec::new(),
        }))
    }

    fn mock(&mut self, status: &Text, content_type: Option<&Text>) -> Result<(), Stop> {
        let status = status.status(&self.context);
        let mut response = Response {
            status: self.known(status)?,
            ..Response::default()
        };
        if let Some(content_type) = content_type {
            let content_type = self.text(content_type)?;
            response.headers.set("Content-Type", content_type);
        }
        self.context.response = Some(response);
        Err(Stop::Answered)
    }

    /// What fails inside counts as an attempt without a response.
    fn retry(&mut self, condition: &Text, count: &Text, steps: &[Step]) -> Result<(), Stop> {
        let count = count.number(&self.context);
        let most = self.known(count)?.min(MOST_ATTEMPTS);
        let mut attempt = 0;
        loop {
            let ended = self.steps(steps);
            let has_failed = match ended {
                Ok(()) => false,
                Err(Stop::Failed) => true,
                Err(other) => return Err(other),
            };
            let failure = (
                self.context.last_error.clone(),
                self.context.response.clone(),
            );
            if has_failed {
                self.context.response = None;
                self.context.last_error = None;
            }
            let again = condition.truth(&self.context);
            if attempt < most && self.known(again)? {
                attempt += 1;
                continue;
            }
            if has_failed {
                (self.context.last_error, self.context.response) = failure;
                return Err(Stop::Failed);
            }
            return Ok(());
        }
    }

    fn answer(&mut self, answer: &Answer) -> Result<(), Stop> {
        let mut response = Response {
            status: 200,
            ..Response::default()
        };
        if let Some(status) = &answer.status {
            (response.status, response.reason) = self.status(status)?;
        }
        for header in &answer.headers {
            self.put(&mut response.headers, header)?;
        }
        if let Some(body) = &answer.body {
            response.body = self.text(body)?.into_bytes();
        }
        self.context.response = Some(response);
        Err(Stop::Answered)
    }

    fn status(&mut self, status: &Status) -> Result<(u16, String), Stop> {
        let code = status.code.status(&self.context);
        let code = self.known(code)?;
        let reason = match &status.reason {
            Some(reason) => self.text(reason)?,
            None => String::new(),
        };
        Ok((code, reason))
    }

    fn set_status(&mut self, status: &Status) -> Result<(), Stop> {
        let (code, reason) = self.status(status)?;
        let response = self.response()?;
        response.status = code;
        response.reason = reason;
        Ok(())
    }

    /// The response, in the sections that have one.
    fn response(&mut self) -> Result<&mut Response, Stop> {
        match self.section {
            Section::Outbound | Section::OnError => {
                Ok(self.context.response.get_or_insert_default())
            }
            Section::Inbound | Section::Backend => Err(refused("a response before there is one")),
        }
    }

    fn is_about_response(&self) -> bool {
        matches!(self.section, Section::Outbound | Section::OnError)
    }

    fn set_body(&mut self, body: &Text) -> Result<(), Stop> {
        let body = self.text(body)?.into_bytes();
        if self.is_about_response() {
            self.response()?.body = body;
        } else {
            self.context.request.body = body;
        }
        Ok(())
    }

    fn replace(&mut self, from: &Text, to: &Text) -> Result<(), Stop> {
        let (from, to) = (self.text(from)?, self.text(to)?);
        if from.is_empty() {
            return Err(refused("a replacement of nothing"));
        }
        let body = if self.is_about_response() {
            &mut self.response()?.body
        } else {
            &mut self.context.request.body
        };
        match std::str::from_utf8(body) {
            Ok(text) => {
                *body = text.replace(&from, &to).into_bytes();
                Ok(())
            }
            Err(_) => Err(refused("a replacement in a body that is not UTF-8")),
        }
    }

    fn set_header(&mut self, header: &Named) -> Result<(), Stop> {
        if self.is_about_response() {
            let mut headers = std::mem::take(&mut self.response()?.headers);
            let put = self.put(&mut headers, header);
            // An error has made a response of its own.
            if put.is_ok() {
                self.response()?.headers = headers;
            }
            return put;
        }
        let mut headers = self.context.request.headers.clone();
        self.put(&mut headers, header)?;
        self.context.request.headers = headers;
        Ok(())
    }

    /// Several values become several lines.
    fn put(&mut self, headers: &mut Headers, header: &Named) -> Result<(), Stop> {
        let name = self.text(&header.name)?;
        let mut values = Vec::new();
        for value in &header.values {
            if value.is_secret() {
                // The sandbox has the digest only, and would send something else than the gateway.
                return Err(refused("a header with the value of a secret named value"));
            }
            values.push(self.text(value)?);
        }
        match header.when_there {
            WhenThere::Skip if headers.has(&name) => return Ok(()),
            WhenThere::Delete => {
                headers.remove(&name);
                return Ok(());
            }
            WhenThere::Override => headers.remove(&name),
            WhenThere::Append | WhenThere::Skip => {}
        }
        if name.is_empty() || values.iter().any(|value| value.contains(['\r', '\n'])) {
            return Err(self.thrown("The header is invalid."));
        }
        for value in values {
            headers.add(&name, value);
        }
        Ok(())
    }

    fn set_query(&mut self, parameter: &Named) -> Result<(), Stop> {
        let mut parameters = Headers(std::mem::take(&mut self.context.request.address.query));
        let put = self.put(&mut parameters, parameter);
        self.context.request.address.query = parameters.0;
        put
    }

    fn set_backend(&mut self, url: Option<&Text>, id: Option<&Text>) -> Result<(), Stop> {
        self.target = match (url, id) {
            (Some(url), None) => Target::Url(self.text(url)?),
            (None, Some(id)) => Target::Backend(self.text(id)?),
            _ => {
                return Err(refused(
                    "<set-backend-service> with both or neither of its targets",
                ));
            }
        };
        Ok(())
    }

    /// `/v2/{id}?a={b}`: parameters come from the operation's template.
    fn rewrite(&mut self, template: &Text, copies: &Text) -> Result<(), Stop> {
        let template = self.text(template)?;
        let copies = copies.truth(&self.context);
        let copies = self.known(copies)?;
        let request = &self.context.request;
        let Some((path, query, used)) = filled(&template, request) else {
            return Err(refused(&format!("the template '{template}'")));
        };
        let kept = request.address.query.iter().filter(|(name, _)| {
            copies && !used.contains(name) && !query.iter().any(|(known, _)| known == name)
        });
        let query: Vec<(String, String)> = query.iter().chain(kept).cloned().collect();
        self.rest.clone_from(&path);
        self.context.request.address = Address {
            path,
            query,
            ..self.context.request.address.clone()
        };
        Ok(())
    }

    fn check_content(
        &mut self,
        most: &Text,
        prevents_size: bool,
        prevents_type: bool,
    ) -> Result<(), Stop> {
        let most = most.number(&self.context);
        let most = self.known(most)?;
        let is_response = self.is_about_response();
        let length = if is_response {
            self.response()?.body.len()
        } else {
            self.context.request.body.len()
        };
        // No content type is specified in the subset, so every body is of another one.
        let what = if length as u64 > most && prevents_size {
            "Size of the content is larger than allowed."
        } else if length > 0 && prevents_type {
            "Content type is not specified."
        } else {
            return Ok(());
        };
        Err(self.fail(Failure {
            source: "validate-content",
            reason: "ValidationFailed",
            message: what.to_owned(),
            status: if is_response { 502 } else { 400 },
            shown: None,
            headers: Vec::new(),
        }))
    }

    pub(super) fn keep(&mut self, variable: Option<&String>, value: Value) {
        if let Some(name) = variable {
            self.context.variables.insert(name.clone(), value);
        }
    }
}

type Filled = (String, Vec<(String, String)>, Vec<String>);

/// The path, the query, and which parameters of the request went into them; none: a hole nothing fills.
fn filled(template: &str, request: &Request) -> Option<Filled> {
    let (path, query) = template.split_once('?').unwrap_or((template, ""));
    if !path.starts_with('/') {
        return None;
    }
    let mut used = Vec::new();
    let mut fill = |text: &str, escapes: bool| -> Option<String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}')?;
            let value = request.matched.get(name)?;
            used.push(name.to_owned());
            out.push_str(before);
            out.push_str(&if escapes {
                escaped(value)
            } else {
                value.clone()
            });
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    };
    let path = fill(path, true)?;
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        pairs.push((decoded(name), fill(&decoded(value), false)?));
    }
    Some((path, pairs, used))
}

fn escaped(segment: &str) -> String {
    let form: String = url::form_urlencoded::byte_serialize(segment.as_bytes()).collect();
    form.replace('+', "%20").replace("%2F", "/")
}

//! Long-running operations as a state machine over values, without IO and without a clock.
//!
//! `Operation::begin` looks at the answer to a write and says whether Azure is still at work; `client` sends the next
//! poll after the wait it asks for and feeds the answer to `advance`. The styles are those of quirks.md part 3.
//! Polling addresses are opaque (they carry signatures, and API Management renews them with every poll).

use std::time::Duration;

use serde_json::Value;
use url::Url;

use super::request::{Request, Verb};
use super::response::{AzureError, Response};
use super::retry::Wait;
use crate::resource::{Realm, body};

/// Polls start here and slow down when the server does not say how long to wait (API Management's children, Web).
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// A longer `Retry-After` is cut: the longest recorded one is 30 s.
const LONGEST_TOLD_WAIT: Duration = Duration::from_mins(2);

/// What to look at to know how far Azure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Track {
    /// `Azure-AsyncOperation`: a status document, answered with 200 or (private DNS) 202 while running.
    Status,
    /// `Location`: 202 while running, then the result itself, or 200/204 with nothing.
    Result,
    /// The resource's own `provisioningState`.
    Resource,
}

/// An operation that Azure has accepted and not finished.
#[derive(Clone, Debug)]
pub struct Operation {
    pub realm: Realm,
    verb: Verb,
    track: Track,
    poll: Url,
    resource: Url,
    /// Where the result of an action can be fetched once its status says so.
    result: Option<Url>,
    told: Option<Duration>,
    polls: u32,
    waited: Duration,
    status: String,
    percent: Option<u8>,
}

/// How a write began.
#[derive(Debug)]
pub enum Begun {
    Done(Completion),
    Running(Box<Operation>),
}

/// What one poll said.
#[derive(Debug)]
pub enum Step {
    Running,
    Done(Completion),
    Failed(AzureError),
}

/// How it ended well.
#[derive(Clone, Debug, PartialEq)]
pub enum Completion {
    /// The last answer held the resource.
    Body(Value),
    /// The result is to be fetched here.
    Fetch(Url),
    Nothing,
}

/// For the reader's patience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    pub status: String,
    pub percent: Option<u8>,
    pub polls: u32,
    pub waited: Duration,
}

impl Operation {
    pub fn begin(request: &Request, response: Response) -> Begun {
        if request.reads {
            return Begun::Done(completion(response));
        }
        let Some((track, poll)) = accepted(request, &response) else {
            return Begun::Done(completion(response));
        };
        Begun::Running(Box::new(Self {
            realm: request.realm,
            verb: request.verb,
            track,
            poll,
            resource: request.url.clone(),
            result: address(&request.url, &response, "location").filter(|_| track == Track::Status),
            told: response.retry_after(),
            polls: 0,
            waited: Duration::ZERO,
            status: "Accepted".to_owned(),
            percent: None,
        }))
    }

    /// Picks up what another run (or another person) started: the live resource says that Azure is at work on it.
    pub fn in_progress(realm: Realm, resource: Url, live: &Value) -> Option<Self> {
        let status = provisioning_state(live)
            .filter(|state| State::of(state) == State::Running)?
            .to_owned();
        Some(Self {
            realm,
            verb: Verb::Put,
            track: Track::Resource,
            poll: resource.clone(),
            resource,
            result: None,
            told: None,
            polls: 0,
            waited: Duration::ZERO,
            status,
            percent: None,
        })
    }

    /// Where to look next.
    pub fn poll(&self) -> Request {
        Request::get(self.realm, self.poll.clone())
    }

    /// How long to wait before that.
    pub fn wait(&self) -> Wait {
        match self.told {
            Some(told) if !told.is_zero() => Wait::Told(told.min(LONGEST_TOLD_WAIT)),
            // A `Retry-After: 0` must not turn into a busy loop.
            Some(_) | None => Wait::Ours(growing(FIRST_WAIT, self.polls, LONGEST_WAIT)),
        }
    }

    /// To be called with what was waited before each poll.
    pub fn note_wait(&mut self, waited: Duration) {
        self.waited += waited;
    }

    pub fn progress(&self) -> Progress {
        Progress {
            status: self.status.clone(),
            percent: self.percent,
            polls: self.polls,
            waited: self.waited,
        }
    }

    pub fn advance(&mut self, answer: Result<Response, AzureError>) -> Step {
        self.polls += 1;
        let response = match answer {
            Ok(response) => response,
            Err(error) if error.is_not_found() && self.verb == Verb::Delete => {
                return Step::Done(Completion::Nothing);
            }
            Err(error) => return Step::Failed(error),
        };
        self.told = response.retry_after();
        match self.track {
            Track::Status => self.advance_status(&response),
            Track::Result => self.advance_result(response),
            Track::Resource => self.advance_resource(response),
        }
    }

    fn advance_status(&mut self, response: &Response) -> Step {
        if let Some(renewed) = address(&self.poll, response, "azure-asyncoperation") {
            self.poll = renewed;
        }
        let document = response.json();
        let status = document
            .and_then(|document| body::get(document, "/status"))
            .and_then(Value::as_str);
        let Some(status) = status
            .or_else(|| document.and_then(provisioning_state))
            .map(str::to_owned)
        else {
            return if response.status == 202 {
                Step::Running
            } else {
                Step::Done(self.finished())
            };
        };
        self.percent = document
            .and_then(|document| body::get(document, "/percentComplete")?.as_u64())
            .and_then(|percent| u8::try_from(percent.min(100)).ok());
        self.status.clone_from(&status);
        match State::of(&status) {
            State::Running => Step::Running,
            State::Succeeded => Step::Done(self.finished()),
            State::Failed => Step::Failed(failure(response, &status)),
        }
    }

    fn advance_result(&mut self, response: Response) -> Step {
        if response.status == 202 {
            if let Some(renewed) = address(&self.poll, &response, "location") {
                self.poll = renewed;
            }
            "InProgress".clone_into(&mut self.status);
            return Step::Running;
        }
        let state = response.json().and_then(|document| {
            let is_resource = body::get(document, "/id").is_some();
            provisioning_state(document).or_else(|| {
                body::get(document, "/status")
                    .filter(|_| !is_resource)
                    .and_then(Value::as_str)
            })
        });
        match state.map(State::of) {
            Some(State::Running) => {
                state.unwrap_or_default().clone_into(&mut self.status);
                Step::Running
            }
            Some(State::Failed) => Step::Failed(failure(&response, state.unwrap_or_default())),
            Some(State::Succeeded) | None => Step::Done(completion(response)),
        }
    }

    fn advance_resource(&mut self, response: Response) -> Step {
        let state = response
            .json()
            .and_then(provisioning_state)
            .map(str::to_owned);
        match state.as_deref().map(State::of) {
            Some(State::Running) => {
                self.status = state.unwrap_or_default();
                Step::Running
            }
            // A resource that is being deleted may keep its last state until it is gone.
            Some(State::Succeeded) | None if self.verb == Verb::Delete => Step::Running,
            Some(State::Succeeded) | None => Step::Done(completion(response)),
            Some(State::Failed) => Step::Failed(failure(&response, &state.unwrap_or_default())),
        }
    }

    fn finished(&self) -> Completion {
        match self.verb {
            Verb::Put | Verb::Patch => Completion::Fetch(self.resource.clone()),
            Verb::Post => self
                .result
                .clone()
                .map_or(Completion::Nothing, Completion::Fetch),
            Verb::Delete | Verb::Get | Verb::Head => Completion::Nothing,
        }
    }
}

/// Whether the answer to a write says that Azure is not done, and where to look.
fn accepted(request: &Request, response: &Response) -> Option<(Track, Url)> {
    if let Some(status) = address(&request.url, response, "azure-asyncoperation") {
        return Some((Track::Status, status));
    }
    let location = address(&request.url, response, "location");
    let is_running = response
        .json()
        .and_then(provisioning_state)
        .is_some_and(|s| State::of(s) == State::Running);
    match (response.status, location) {
        (202, Some(location)) => Some((Track::Result, location)),
        // The `Location` of a finished create only names the resource (identities, with a relative path).
        (200 | 201, Some(location)) if is_running => Some((Track::Result, location)),
        (202, None) => Some((Track::Resource, request.url.clone())),
        (200 | 201, None) if is_running => Some((Track::Resource, request.url.clone())),
        _ => None,
    }
}

fn address(base: &Url, response: &Response, header: &str) -> Option<Url> {
    base.join(response.header(header)?).ok()
}

fn completion(response: Response) -> Completion {
    response
        .into_json()
        .map_or(Completion::Nothing, Completion::Body)
}

fn provisioning_state(document: &Value) -> Option<&str> {
    body::get(document, "/properties/provisioningState")
        .and_then(Value::as_str)
        .filter(|state| !state.is_empty())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Succeeded,
    Failed,
}

impl State {
    /// Anything that is not an end is under way: providers invent their own words (`Activating`, `RegisteringDns`,
    /// `Restoring`).
    fn of(text: &str) -> Self {
        const GOOD: &[&str] = &["succeeded", "completed", "ready", "none"];
        const BAD: &[&str] = &[
            "failed",
            "canceled",
            "cancelled",
            "terminationfailed",
            "stopped",
            "terminated",
        ];
        let text = text.to_ascii_lowercase();
        if GOOD.contains(&text.as_str()) {
            Self::Succeeded
        } else if BAD.contains(&text.as_str()) {
            Self::Failed
        } else {
            Self::Running
        }
    }
}

/// Front Door sends `error{code:"None"}` along with every status, so an error object alone means nothing.
fn failure(response: &Response, status: &str) -> AzureError {
    let mut error = AzureError::parse(response);
    let says_nothing = error.code.eq_ignore_ascii_case("none") || !has_error(response);
    if says_nothing {
        error.code = format!("Operation{status}");
    }
    if error.message.is_empty() {
        error.message = format!("Azure ended the operation as {status} and gave no reason");
    }
    error
}

fn has_error(response: &Response) -> bool {
    response
        .json()
        .and_then(|document| body::get(document, "/error/code"))
        .is_some()
}

/// `first`, then half as much again each time, up to `longest`.
pub(super) fn growing(first: Duration, attempt: u32, longest: Duration) -> Duration {
    let mut wait = first;
    for _ in 0..attempt {
        wait = (wait * 3 / 2).min(longest);
    }
    wait.min(longest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const RESOURCE: &str = "https://management.azure.com/subscriptions/s/resourceGroups/rg/providers/P/t/x?api-version=1";
    const STATUS: &str = "https://management.azure.com/subscriptions/s/providers/P/locations/l/operations/1?t=2&s=sig";
    const RESULT: &str =
        "https://management.azure.com/subscriptions/s/providers/P/locations/l/results/1?t=2&s=sig";

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn answer(status: u16, headers: &[(&str, &str)], body: &Value) -> Response {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Response::new(status, headers, body.to_string().as_bytes())
    }

    fn put() -> Request {
        Request::put(Realm::Arm, url(RESOURCE), json!({}))
    }

    fn delete() -> Request {
        Request::delete(Realm::Arm, url(RESOURCE))
    }

    fn running(begun: Begun) -> Operation {
        match begun {
            Begun::Running(operation) => *operation,
            Begun::Done(done) => panic!("done at once: {done:?}"),
        }
    }

    fn still(step: &Step) {
        assert!(matches!(step, Step::Running), "{step:?}");
    }

    fn done(step: Step) -> Completion {
        match step {
            Step::Done(completion) => completion,
            other => panic!("{other:?}"),
        }
    }

    fn failed(step: Step) -> AzureError {
        match step {
            Step::Failed(error) => error,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_gateway_create_polls_its_status_at_addresses_that_change_and_then_fetches_the_resource() {
        let body = json!({"properties": {"provisioningState": "Created"}});
        let headers = [
            ("Azure-AsyncOperation", STATUS),
            ("Location", RESULT),
            ("Retry-After", "20"),
        ];
        let mut operation = running(Operation::begin(&put(), answer(201, &headers, &body)));
        assert_eq!(operation.poll().url, url(STATUS));
        assert_eq!(operation.wait(), Wait::Told(Duration::from_secs(20)));

        let renewed = format!("{STATUS}2");
        let headers = [
            ("Azure-AsyncOperation", renewed.as_str()),
            ("Retry-After", "25"),
        ];
        still(&operation.advance(Ok(answer(200, &headers, &json!({"status": "InProgress"})))));
        assert_eq!(operation.poll().url, url(&renewed));
        assert_eq!(operation.wait(), Wait::Told(Duration::from_secs(25)));

        let step = operation.advance(Ok(answer(200, &[], &json!({"status": "Succeeded"}))));
        assert_eq!(done(step), Completion::Fetch(url(RESOURCE)));
    }

    #[test]
    fn private_dns_answers_its_status_with_202_while_it_runs() {
        let mut operation = running(Operation::begin(
            &put(),
            answer(202, &[("azure-asyncoperation", STATUS)], &json!({})),
        ));
        still(&operation.advance(Ok(answer(202, &[], &json!({"status": "InProgress"})))));
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &json!({"status": "Succeeded"}))))),
            Completion::Fetch(url(RESOURCE))
        );
    }

    #[test]
    fn front_door_sends_an_error_object_with_success() {
        let ok = |status| json!({"status": status, "error": {"code": "None", "message": null}});
        let mut operation = running(Operation::begin(
            &put(),
            answer(
                201,
                &[("Azure-AsyncOperation", STATUS)],
                &json!({"id": "x"}),
            ),
        ));
        still(&operation.advance(Ok(answer(200, &[], &ok("InProgress")))));
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &ok("Succeeded"))))),
            Completion::Fetch(url(RESOURCE))
        );
    }

    #[test]
    fn storage_hands_out_the_account_at_its_location() {
        let headers = [("Location", RESULT), ("Retry-After", "17")];
        let mut operation = running(Operation::begin(
            &put(),
            answer(202, &headers, &Value::Null),
        ));
        still(&operation.advance(Ok(answer(202, &headers, &Value::Null))));
        let account = json!({"id": "/x", "properties": {"provisioningState": "Succeeded"}});
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &account)))),
            Completion::Body(account)
        );
    }

    #[test]
    fn an_api_import_ends_with_201_at_its_location() {
        let mut operation = running(Operation::begin(
            &put(),
            answer(202, &[("Location", RESULT)], &Value::Null),
        ));
        let api = json!({"id": "/x/apis/a", "properties": {"path": "a"}});
        assert_eq!(
            done(operation.advance(Ok(answer(201, &[], &api)))),
            Completion::Body(api)
        );
    }

    #[test]
    fn deletions_end_with_an_empty_200_a_204_or_a_404() {
        let begin = || {
            running(Operation::begin(
                &delete(),
                answer(202, &[("Location", RESULT)], &Value::Null),
            ))
        };
        for status in [200, 204] {
            assert_eq!(
                done(begin().advance(Ok(answer(status, &[], &Value::Null)))),
                Completion::Nothing
            );
        }
        let gone = AzureError::parse(&answer(404, &[], &Value::Null));
        assert_eq!(done(begin().advance(Err(gone))), Completion::Nothing);
    }

    #[test]
    fn a_purge_ends_with_a_status_document_at_its_location() {
        let mut operation = running(Operation::begin(
            &delete(),
            answer(202, &[("Location", RESULT)], &Value::Null),
        ));
        let document = json!({"createdDateTime": "x", "status": "Succeeded"});
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &document)))),
            Completion::Body(document)
        );
    }

    #[test]
    fn without_headers_the_resource_says_how_far_it_is() {
        let body = |state| json!({"id": "/x", "properties": {"ProvisioningState": state}});
        let mut operation = running(Operation::begin(
            &put(),
            answer(200, &[], &body("RegisteringDns")),
        ));
        assert_eq!(operation.poll().url, url(RESOURCE));
        still(&operation.advance(Ok(answer(200, &[], &body("Updating")))));
        assert_eq!(operation.progress().status, "Updating");
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &body("Succeeded"))))),
            Completion::Body(body("Succeeded"))
        );
    }

    #[test]
    fn writes_that_are_finished_at_once_are_seen_as_such() {
        let finished = |request: &Request, response| match Operation::begin(request, response) {
            Begun::Done(completion) => completion,
            Begun::Running(operation) => panic!("{operation:?}"),
        };
        let identity = json!({"id": "/x", "properties": {"principalId": "p"}});
        let location = [("Location", "/subscriptions/s/resourcegroups/rg/x")];
        assert_eq!(
            finished(&put(), answer(201, &location, &identity)),
            Completion::Body(identity)
        );
        assert_eq!(
            finished(&delete(), answer(204, &[], &Value::Null)),
            Completion::Nothing
        );
        let updating = json!({"properties": {"provisioningState": "Updating"}});
        let read = Request::get(Realm::Arm, url(RESOURCE));
        assert_eq!(
            finished(&read, answer(200, &[], &updating)),
            Completion::Body(updating)
        );
    }

    #[test]
    fn a_failed_operation_says_why() {
        let begin = || {
            running(Operation::begin(
                &put(),
                answer(201, &[("Azure-AsyncOperation", STATUS)], &json!({})),
            ))
        };
        let body = json!({"status": "Failed", "error": {"code": "ActivationFailed", "message": "subnet too small"}});
        assert_eq!(
            failed(begin().advance(Ok(answer(200, &[], &body)))).to_string(),
            "200 ActivationFailed: subnet too small"
        );
        let silent = json!({"status": "Canceled", "error": {"code": "None", "message": null}});
        let error = failed(begin().advance(Ok(answer(200, &[], &silent))));
        assert_eq!(
            (error.code.as_str(), error.message.contains("no reason")),
            ("OperationCanceled", true)
        );
        let refused = AzureError::parse(&answer(
            403,
            &[],
            &json!({"error": {"code": "AuthorizationFailed"}}),
        ));
        assert_eq!(failed(begin().advance(Err(refused.clone()))), refused);
    }

    #[test]
    fn somebody_elses_operation_is_picked_up_from_live_state() {
        let live = |state| json!({"properties": {"provisioningState": state}});
        let mut operation =
            Operation::in_progress(Realm::Arm, url(RESOURCE), &live("Activating")).unwrap();
        assert_eq!(operation.progress().status, "Activating");
        assert_eq!(
            done(operation.advance(Ok(answer(200, &[], &live("Succeeded"))))),
            Completion::Body(live("Succeeded"))
        );
        for state in ["Succeeded", "Failed", ""] {
            assert!(
                Operation::in_progress(Realm::Arm, url(RESOURCE), &live(state)).is_none(),
                "{state}"
            );
        }
    }

    #[test]
    fn waits_grow_when_the_server_is_silent_and_are_never_zero() {
        let mut operation = running(Operation::begin(
            &put(),
            answer(201, &[("Azure-AsyncOperation", STATUS)], &json!({})),
        ));
        let mut waits = Vec::new();
        for _ in 0..12 {
            waits.push(operation.wait());
            still(&operation.advance(Ok(answer(
                200,
                &[("Retry-After", "0")],
                &json!({"status": "Running"}),
            ))));
        }
        assert_eq!(
            waits[..3],
            [1000, 1500, 2250].map(|ms| Wait::Ours(Duration::from_millis(ms)))
        );
        assert_eq!(waits[11], Wait::Ours(LONGEST_WAIT));
    }

    #[test]
    fn an_absurd_retry_after_is_cut() {
        let headers = [("Azure-AsyncOperation", STATUS), ("Retry-After", "86400")];
        let operation = running(Operation::begin(&put(), answer(201, &headers, &json!({}))));
        assert_eq!(operation.wait(), Wait::Told(LONGEST_TOLD_WAIT));
    }
}

//! Carries a plan out [IO].
//!
//! One task drives all changes: what is ready starts, what fails takes its dependents along, independent branches
//! finish. Writes to one lane go one at a time. Nothing is decided here; a base that moved stops its change.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::event::{Because, Event, Failure, Outcome};
use super::quote;
use super::schedule::Schedule;
use super::three_way::{ThreeWay, three_way};
use super::write::{self, Target};
use crate::azure::client::{Client, Happening};
use crate::azure::operation::{Begun, Operation};
use crate::azure::request::Request;
use crate::azure::{self, read::read_one};
use crate::plan::{self, Action, Base, Change, Digest, Key, Plan, Set};
use crate::resource::kind::Deletion;
use crate::resource::{Found, Graph, Live, Observed, Realm, Resource, ResourceId, State};
use crate::text::list_of_names;

/// Azure's answer to a write whose entity tag is not the live one.
const PRECONDITION_FAILED: u16 = 412;
const NEW_PLAN: &str = "look at a new plan: `secgw plan`";

/// What is to be done, and on what.
pub struct Job<'a> {
    pub client: &'a Client,
    pub desired: &'a Graph,
    pub plan: &'a Plan,
    /// What the plan was made from.
    pub live: Live,
    /// Factor on waits of our own: 1 against Azure.
    pub pace: f64,
}

/// How it ended.
#[derive(Debug)]
pub struct Report {
    /// Exactly one per change.
    pub outcomes: BTreeMap<Key, Outcome>,
    /// A plan on what was read again afterwards: what is left in it did not take effect.
    pub after: Plan,
}

/// Runs a plan. `stop` turning true starts nothing more and stops waiting for Azure.
pub async fn run(
    job: Job<'_>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
) -> Report {
    let run = Run::new(&job, events, stop);
    let outcomes = run.all().await;
    let live = run.read_again(&outcomes).await;
    Report {
        outcomes,
        after: plan::plan(job.desired, &live),
    }
}

/// Why a change goes no further.
enum Halt {
    Failed(Box<Failure>),
    Waiting(String),
}

struct Run<'a> {
    job: &'a Job<'a>,
    live: Mutex<Live>,
    lanes: BTreeMap<ResourceId, Mutex<()>>,
    /// Whose values later changes of the plan take.
    referred: BTreeSet<ResourceId>,
    events: UnboundedSender<Event>,
    stop: watch::Receiver<bool>,
}

impl<'a> Run<'a> {
    fn new(job: &'a Job<'a>, events: UnboundedSender<Event>, stop: watch::Receiver<bool>) -> Self {
        let lanes = job
            .plan
            .changes
            .iter()
            .filter_map(|change| change.kind.lane_of(&change.key.address));
        let late = job
            .plan
            .changes
            .iter()
            .flat_map(Change::late)
            .map(|reference| reference.resource);
        Self {
            job,
            live: Mutex::new(job.live.clone()),
            lanes: lanes.map(|lane| (lane, Mutex::new(()))).collect(),
            referred: late.collect(),
            events,
            stop,
        }
    }

    async fn all(&self) -> BTreeMap<Key, Outcome> {
        let mut schedule = Schedule::new(&self.job.plan.changes);
        let mut outcomes = BTreeMap::new();
        let mut running = FuturesUnordered::new();
        loop {
            if *self.stop.borrow() {
                for key in schedule.take_rest() {
                    self.end(
                        &mut outcomes,
                        key,
                        Outcome::Skipped {
                            because: Because::Interrupted,
                        },
                        Duration::ZERO,
                    );
                }
            }
            for key in schedule.take_ready() {
                if let Some(change) = self.job.plan.get(&key) {
                    running.push(self.change(change));
                }
            }
            let mut stop = self.stop.clone();
            let is_stopped = *stop.borrow();
            let ended = tokio::select! {
                ended = running.next() => ended,
                Ok(()) = stop.changed(), if !is_stopped => continue,
            };
            let Some((key, outcome, elapsed)) = ended else {
                return outcomes;
            };
            if outcome.is_applied() {
                schedule.applied(&key);
            } else {
                for lost in schedule.give_up(&key) {
                    let because = Because::Change(key.clone());
                    self.end(
                        &mut outcomes,
                        lost,
                        Outcome::Skipped { because },
                        Duration::ZERO,
                    );
                }
            }
            self.end(&mut outcomes, key, outcome, elapsed);
        }
    }

    fn end(
        &self,
        outcomes: &mut BTreeMap<Key, Outcome>,
        change: Key,
        outcome: Outcome,
        elapsed: Duration,
    ) {
        outcomes.insert(change.clone(), outcome.clone());
        self.tell(Event::Ended {
            change,
            outcome,
            elapsed,
        });
    }

    /// A reporter that has gone away is no reason to stop applying.
    fn tell(&self, event: Event) {
        drop(self.events.send(event));
    }

    async fn change(&self, change: &'a Change) -> (Key, Outcome, Duration) {
        let lane = change
            .kind
            .lane_of(&change.key.address)
            .and_then(|lane| self.lanes.get(&lane));
        let held = match lane {
            Some(lane) => Some(lane.lock().await),
            None => None,
        };
        let begin = Instant::now();
        if *self.stop.borrow() {
            return (
                change.key.clone(),
                Outcome::Skipped {
                    because: Because::Interrupted,
                },
                Duration::ZERO,
            );
        }
        self.tell(Event::Started {
            change: change.key.clone(),
            verb: change.action.verb(),
            usual_seconds: change.usual_seconds(),
        });
        let outcome = match self.carry_out(change).await {
            Ok(()) => Outcome::Applied,
            Err(Halt::Failed(failure)) => Outcome::Failed(*failure),
            Err(Halt::Waiting(on)) => Outcome::Waiting { on },
        };
        drop(held);
        (change.key.clone(), outcome, begin.elapsed())
    }

    async fn carry_out(&self, change: &Change) -> Result<(), Halt> {
        match &change.action {
            Action::Create { set } => self.create(change, set).await?,
            Action::Update { base, set, .. } => {
                let found = self.expected(change, base).await?;
                self.update(change, &found, set).await?;
            }
            Action::Replace { base, set, .. } => {
                let found = self.expected(change, base).await?;
                let deleted = self.write(change, self.target(change).delete(&found));
                self.unless_moved(change, &found, deleted.await).await?;
                self.create(change, set).await?;
            }
            Action::Delete { base } => self.delete(change, base).await?,
            Action::Approve { set, .. } => self.approve(change, set).await?,
            Action::Await => self.wait_until_there(change).await?,
        }
        if self.referred.contains(&change.key.address) {
            self.observe(change).await;
        }
        Ok(())
    }

    async fn create(&self, change: &Change, set: &Set) -> Result<(), Halt> {
        let values = self.values(change, set).await?;
        match self.read(change).await {
            Observed::Absent => {
                self.write(change, self.target(change).create(&values))
                    .await
            }
            Observed::Unreadable(why) => Err(unreadable(change, &why)),
            // It came with its parent, as its kind says.
            Observed::Present(found) if change.kind.deletion == Deletion::WithParent => {
                self.update(change, &found, set).await
            }
            Observed::Present(found) if found.state() == State::InProgress => {
                self.settle(change, found).await.map(drop)
            }
            Observed::Present(_) => Err(moved(
                change,
                "it was not there when the plan was made, and now it is",
            )
            .into()),
        }
    }

    async fn update(&self, change: &Change, found: &Found, set: &Set) -> Result<(), Halt> {
        let values = write::with_comments(change.kind, found, self.values(change, set).await?);
        let written = self.write(change, self.target(change).update(found, &values));
        self.unless_moved(change, found, written.await).await
    }

    async fn delete(&self, change: &Change, base: &Base) -> Result<(), Halt> {
        let found = match self.read(change).await {
            Observed::Absent => return Ok(()),
            Observed::Unreadable(why) => return Err(unreadable(change, &why)),
            Observed::Present(found) => self.checked(change, base, found)?,
        };
        if change.kind.deletion == Deletion::WhenEmpty {
            self.until_empty(change).await?;
        }
        let written = self.write(change, self.target(change).delete(&found));
        self.unless_moved(change, &found, written.await).await
    }

    /// A deletion that takes along what is inside waits until nothing is: Azure lists what was deleted for a moment
    /// longer, and somebody may have put something there since the plan was made.
    async fn until_empty(&self, change: &Change) -> Result<(), Halt> {
        let mut patience = Patience::new(change, self.job.pace);
        loop {
            let inside = self
                .job
                .client
                .list(self.target(change).inside())
                .await
                .map_err(|error| failed(change, &error))?;
            let names = inside.iter().filter_map(|item| {
                Some(ResourceId::parse(item.get("id")?.as_str()?).ok()?.short())
            });
            let names: Vec<String> = names.collect();
            if inside.is_empty() {
                return Ok(());
            }
            let status = format!("still holding {}", list_of_names(&names));
            self.pause(change, &mut patience, &status).await?;
        }
    }

    /// Lets in what Azure made, once it is there.
    async fn approve(&self, change: &Change, set: &Set) -> Result<(), Halt> {
        let mut asked = false;
        let mut patience = Patience::new(change, self.job.pace);
        loop {
            match self.read(change).await {
                Observed::Present(found) if self.is_as_desired(change, &found).await => {
                    return Ok(());
                }
                Observed::Present(found) if !asked && found.state() != State::InProgress => {
                    self.update(change, &found, set).await?;
                    asked = true;
                }
                Observed::Present(_) | Observed::Absent => {
                    self.pause(change, &mut patience, "not there yet").await?;
                }
                Observed::Unreadable(why) => return Err(unreadable(change, &why)),
            }
        }
    }

    async fn wait_until_there(&self, change: &Change) -> Result<(), Halt> {
        let mut patience = Patience::new(change, self.job.pace);
        loop {
            match self.read(change).await {
                Observed::Present(found) if found.state() != State::InProgress => return Ok(()),
                Observed::Unreadable(why) if why.status.is_some_and(|status| status < 500) => {
                    return Err(unreadable(change, &why));
                }
                Observed::Present(_) | Observed::Absent | Observed::Unreadable(_) => {
                    self.pause(change, &mut patience, "not ready yet").await?;
                }
            }
        }
    }

    async fn is_as_desired(&self, change: &Change, found: &Found) -> bool {
        let live = self.live.lock().await;
        let term = self
            .resource(change)
            .body()
            .cloned()
            .map(|term| term.resolve(&|reference| live.value(reference)));
        term.is_some_and(|term| crate::diff::diff(change.kind, &term, &found.body).is_empty())
    }

    async fn pause(
        &self,
        change: &Change,
        patience: &mut Patience,
        status: &str,
    ) -> Result<(), Halt> {
        self.tell(Event::Waiting {
            change: change.key.clone(),
            status: status.to_owned(),
        });
        let Some(wait) = patience.next() else {
            return Err(Halt::Waiting(format!(
                "{} is {status}",
                change.key.address.short()
            )));
        };
        self.unless_stopped(change, tokio::time::sleep(wait)).await
    }

    /// What is there, if it is what the plan was made from.
    async fn expected(&self, change: &Change, base: &Base) -> Result<Found, Halt> {
        match self.read(change).await {
            Observed::Present(found) => {
                let found = self.settle(change, found).await?;
                self.checked(change, base, found)
            }
            Observed::Absent => Err(moved(
                change,
                "it was there when the plan was made, and now it is gone",
            )
            .into()),
            Observed::Unreadable(why) => Err(unreadable(change, &why)),
        }
    }

    /// What is there, if it is what the plan was made from.
    fn checked(&self, change: &Change, base: &Base, found: Found) -> Result<Found, Halt> {
        match base {
            Base::Live { digest } if *digest != Digest::of_live(change.kind, &found.body) => {
                let live = &self.job.live;
                let address = &change.key.address;
                let was = live
                    .get(address)
                    .found()
                    .or_else(|| live.orphans.get(address));
                let mut failure = moved(change, "somebody changed it since the plan was made");
                failure.moved = was.map_or_else(Vec::new, |was| under(change, was, &found));
                Err(failure.into())
            }
            Base::Live { .. } | Base::Earlier => Ok(found),
        }
    }

    /// Says what somebody changed between the last look and the write, where Azure refused it for that.
    async fn unless_moved(
        &self,
        change: &Change,
        was: &Found,
        written: Result<(), Halt>,
    ) -> Result<(), Halt> {
        match written {
            Err(Halt::Failed(mut failure)) if failure.status == Some(PRECONDITION_FAILED) => {
                if let Observed::Present(found) = self.read(change).await {
                    failure.moved = under(change, was, &found);
                }
                failure.hint = Some(NEW_PLAN.to_owned());
                Err(Halt::Failed(failure))
            }
            other => other,
        }
    }

    /// Waits for an operation that somebody started earlier, perhaps on another machine.
    async fn settle(&self, change: &Change, found: Found) -> Result<Found, Halt> {
        let url = self.target(change).url(Some(&found));
        let Some(operation) = Operation::in_progress(change.key.address.realm(), url, &found.body)
        else {
            return Ok(found);
        };
        self.finish(change, Box::new(operation)).await?;
        match self.read(change).await {
            Observed::Present(found) => Ok(found),
            Observed::Absent => {
                Err(moved(change, "it went away while Azure was at work on it").into())
            }
            Observed::Unreadable(why) => Err(unreadable(change, &why)),
        }
    }

    /// Sends a write and waits for Azure to finish it.
    async fn write(&self, change: &Change, request: Request) -> Result<(), Halt> {
        let written = self.sent(change, &request).await;
        written.map_err(|halt| match (halt, &request.body) {
            (Halt::Failed(mut failure), Some(sent)) => {
                failure.message = quote::without(change.kind, sent, &failure.message);
                Halt::Failed(failure)
            }
            (halt, _) => halt,
        })
    }

    async fn sent(&self, change: &Change, request: &Request) -> Result<(), Halt> {
        let began = {
            let mut watch = |happening| self.happened(change, happening);
            self.job.client.start(request, &mut watch).await
        };
        match began {
            Ok(Begun::Done(_)) => Ok(()),
            Ok(Begun::Running(operation)) => self.finish(change, operation).await,
            Err(error) => Err(failed(change, &error)),
        }
    }

    async fn finish(&self, change: &Change, operation: Box<Operation>) -> Result<(), Halt> {
        let doing = doing(change);
        let mut watch = |happening| self.happened(change, happening);
        let finished = self
            .unless_stopped(
                change,
                self.job.client.finish(operation, &doing, &mut watch),
            )
            .await?;
        match finished {
            Ok(_) => Ok(()),
            Err(azure::Error::TooLong { .. }) => {
                Err(Halt::Waiting(format!("Azure is still {doing}")))
            }
            Err(error) => Err(failed(change, &error)),
        }
    }

    /// A long wait, given up when the run is stopped: Azure goes on by itself.
    async fn unless_stopped<T>(
        &self,
        change: &Change,
        wait: impl Future<Output = T>,
    ) -> Result<T, Halt> {
        let mut stop = self.stop.clone();
        tokio::select! {
            done = wait => Ok(done),
            _ = stop.wait_for(|stop| *stop) => Err(Halt::Waiting(format!("Azure is still {}", doing(change)))),
        }
    }

    fn happened(&self, change: &Change, happening: Happening) {
        let change = change.key.clone();
        self.tell(match happening {
            Happening::Again(again) => Event::Retrying {
                change,
                because: again.because.to_owned(),
                after: again.wait.nominal(),
            },
            Happening::Operation(progress) => Event::Waiting {
                change,
                status: progress.status,
            },
        });
    }

    async fn values(
        &self,
        change: &Change,
        set: &Set,
    ) -> Result<crate::resource::compose::Values, Halt> {
        let live = self.live.lock().await;
        write::values(change.kind, set, &live).map_err(|missing| {
            Halt::Failed(Box::new(Failure {
                doing: doing(change),
                status: None,
                code: "ValueNotThere".to_owned(),
                message: missing.to_string(),
                hint: Some(
                    "run the command again: the value may take a moment to appear".to_owned(),
                ),
                request_id: None,
                moved: Vec::new(),
            }))
        })
    }

    async fn read(&self, change: &Change) -> Observed {
        let live = self.live.lock().await.clone();
        match live.orphans.get(&change.key.address) {
            // A Graph object has no id to read it by once the spec no longer says what it is found by.
            Some(found) if change.key.address.realm() != Realm::Arm => {
                Observed::Present(found.clone())
            }
            _ => read_one(self.job.client, &self.resource(change), &live).await,
        }
    }

    async fn observe(&self, change: &Change) {
        let observed = self.read(change).await;
        self.live
            .lock()
            .await
            .resources
            .insert(change.key.address.clone(), observed);
    }

    /// The resource of a change; one that the spec no longer names is known by its id alone.
    fn resource(&self, change: &Change) -> Resource {
        let id = &change.key.address;
        self.job
            .desired
            .get(id)
            .cloned()
            .unwrap_or_else(|| Resource::unnamed(id, change.kind))
    }

    fn target<'b>(&'b self, change: &'b Change) -> Target<'b> {
        Target {
            id: &change.key.address,
            kind: change.kind,
            endpoints: self.job.client.endpoints(),
        }
    }

    /// Live state with everything that was touched read again.
    async fn read_again(&self, outcomes: &BTreeMap<Key, Outcome>) -> Live {
        let is_touched =
            |key: &Key| !matches!(outcomes.get(key), Some(Outcome::Skipped { .. }) | None);
        let touched: Vec<&Change> = self
            .job
            .plan
            .changes
            .iter()
            .filter(|change| is_touched(&change.key))
            .collect();
        let reads = touched
            .iter()
            .map(|change| async { (change.key.address.clone(), self.read(change).await) });
        let reads = futures::future::join_all(reads).await;
        let mut live = self.live.lock().await.clone();
        let is_gone = |id: &ResourceId| {
            outcomes
                .get(&Key::main(id))
                .is_some_and(Outcome::is_applied)
        };
        live.orphans.retain(|id, _| !is_gone(id));
        live.foreign.retain(|id, _| !is_gone(id));
        live.resources.extend(reads);
        live
    }
}

/// Waits that grow, up to ten times what it usually takes.
struct Patience {
    wait: Duration,
    left: Duration,
    pace: f64,
}

impl Patience {
    fn new(change: &Change, pace: f64) -> Self {
        let usual = Duration::from_secs(u64::from(change.usual_seconds()));
        Self {
            wait: Duration::from_secs(2),
            left: usual.saturating_mul(10).max(Duration::from_mins(5)),
            pace,
        }
    }

    fn next(&mut self) -> Option<Duration> {
        let wait = self.wait;
        self.left = self.left.checked_sub(wait)?;
        self.wait = (wait * 3 / 2).min(Duration::from_secs(15));
        Some(wait.mul_f64(self.pace))
    }
}

/// `creating the API Management service apim-orders-dev`.
fn doing(change: &Change) -> String {
    let verb = match change.action {
        Action::Create { .. } => "creating",
        Action::Update { .. } => "updating",
        Action::Replace { .. } => "replacing",
        Action::Delete { .. } => "deleting",
        Action::Approve { .. } => "approving",
        Action::Await => "waiting for",
    };
    format!(
        "{verb} the {} {}",
        change.kind.noun,
        change.key.address.short()
    )
}

fn failed(change: &Change, error: &azure::Error) -> Halt {
    let azure = error.azure();
    let mut message = error.to_string();
    let mut source = std::error::Error::source(error);
    while let (None, Some(cause)) = (azure, source) {
        message = format!("{message}: {cause}");
        source = cause.source();
    }
    Halt::Failed(Box::new(Failure {
        doing: doing(change),
        status: azure.map(|error| error.status),
        code: azure.map_or_else(|| "NoAnswer".to_owned(), |error| error.code.clone()),
        message: azure.map_or(message, azure::response::AzureError::sentences),
        hint: error.hint().map(String::from),
        request_id: azure.and_then(|error| error.request_id.clone()),
        moved: Vec::new(),
    }))
}

fn unreadable(change: &Change, why: &crate::resource::Unreadable) -> Halt {
    Halt::Failed(Box::new(Failure {
        doing: doing(change),
        status: why.status,
        code: why.code.clone(),
        message: why.message.clone(),
        hint: why.hint.clone(),
        request_id: None,
        moved: Vec::new(),
    }))
}

/// What moved under a change.
fn under(change: &Change, was: &Found, found: &Found) -> Vec<ThreeWay> {
    let nothing = Set::new();
    let set = change.action.set().unwrap_or(&nothing);
    three_way(change.kind, &was.body, &found.body, set)
}

fn moved(change: &Change, message: &str) -> Failure {
    Failure {
        doing: doing(change),
        status: None,
        code: "LiveStateMoved".to_owned(),
        message: message.to_owned(),
        hint: Some(NEW_PLAN.to_owned()),
        request_id: None,
        moved: Vec::new(),
    }
}

impl From<Failure> for Halt {
    fn from(failure: Failure) -> Self {
        Self::Failed(Box::new(failure))
    }
}

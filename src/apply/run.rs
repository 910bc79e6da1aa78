//! Carries a plan out [IO].
//!
//! One task drives all changes: what is ready starts, what fails takes its dependents along, independent branches
//! finish. Writes to one lane go one at a time. What a change comes to is `carry_out`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::sync::mpsc::UnboundedSender;
use tokio::sync::{Mutex, watch};
use tokio::time::Instant;

use super::event::{Because, Event, Outcome};
use super::halt::Halt;
use super::schedule::Schedule;
use super::write::Target;
use crate::azure::client::Client;
use crate::azure::read::read_one;
use crate::plan::{self, Change, Key, Plan};
use crate::resource::{Graph, Live, Observed, Realm, Resource, ResourceId};

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

pub(super) struct Run<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) live: Mutex<Live>,
    lanes: BTreeMap<ResourceId, Mutex<()>>,
    /// Whose values later changes of the plan take.
    pub(super) referred: BTreeSet<ResourceId>,
    events: UnboundedSender<Event>,
    pub(super) stop: watch::Receiver<bool>,
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
    pub(super) fn tell(&self, event: Event) {
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

    pub(super) async fn read(&self, change: &Change) -> Observed {
        let live = self.live.lock().await;
        match live.orphans.get(&change.key.address) {
            // A Graph object has no id to read it by once the spec no longer says what it is found by.
            Some(found) if change.key.address.realm() != Realm::Arm => {
                Observed::Present(found.clone())
            }
            _ => {
                let read = read_one(self.job.client, &self.resource(change), &live);
                drop(live);
                read.await
            }
        }
    }

    /// The resource of a change; one that the spec no longer names is known by its id alone.
    pub(super) fn resource(&self, change: &Change) -> Resource {
        let id = &change.key.address;
        self.job
            .desired
            .get(id)
            .cloned()
            .unwrap_or_else(|| Resource::unnamed(id, change.kind))
    }

    pub(super) fn target<'b>(&'b self, change: &'b Change) -> Target<'b> {
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

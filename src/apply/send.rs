//! Writes on their way, and the waits for what Azure is at work on: each ends when the run is stopped.

use std::time::Duration;

use super::event::Event;
use super::halt::{Halt, doing, failed, moved, unreadable};
use super::quote;
use super::run::Run;
use crate::azure;
use crate::azure::client::Happening;
use crate::azure::operation::{Begun, Operation};
use crate::azure::request::Request;
use crate::plan::Change;
use crate::resource::{Found, Observed};

impl Run<'_> {
    /// Sends a write and waits for Azure to finish it.
    pub(super) async fn write(&self, change: &Change, request: Request) -> Result<(), Halt> {
        let Err(halt) = self.sent(change, &request).await else {
            return Ok(());
        };
        let Halt::Failed(mut failure) = halt else {
            return Err(halt);
        };
        let live = self.live.lock().await;
        let held = live.get(&change.key.address).found();
        let bodies = request.body.iter().chain(held.map(|found| &found.body));
        failure.message = quote::without(change.kind, bodies, &failure.message);
        Err(Halt::Failed(failure))
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

    /// Waits for an operation that somebody started earlier, perhaps on another machine.
    pub(super) async fn settle(&self, change: &Change, found: Found) -> Result<Found, Halt> {
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

    pub(super) async fn pause(
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
}

/// Waits that grow, up to ten times what it usually takes.
pub(super) struct Patience {
    wait: Duration,
    left: Duration,
    pace: f64,
}

impl Patience {
    pub(super) fn new(change: &Change, pace: f64) -> Self {
        let usual = Duration::from_secs(u64::from(change.usual_seconds()));
        Self {
            wait: Duration::from_secs(2),
            left: usual.saturating_mul(10).max(Duration::from_mins(5)),
            pace,
        }
    }

    pub(super) fn next(&mut self) -> Option<Duration> {
        let wait = self.wait;
        self.left = self.left.checked_sub(wait)?;
        self.wait = (wait * 3 / 2).min(Duration::from_secs(15));
        Some(wait.mul_f64(self.pace))
    }
}

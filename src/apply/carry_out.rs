//! One change: what its action comes to, once what is live is what the plan was made from.

use super::halt::{Halt, NEW_PLAN, failed, moved, under, unreadable, without};
use super::run::Run;
use super::send::Patience;
use super::write;
use crate::plan::{Action, Base, Change, Digest, Set};
use crate::resource::compose::Values;
use crate::resource::kind::Deletion;
use crate::resource::{Found, Observed, ResourceId, State};
use crate::text::list_of_names;

/// Azure's answer to a write whose entity tag is not the live one.
const PRECONDITION_FAILED: u16 = 412;

impl Run<'_> {
    pub(super) async fn carry_out(&self, change: &Change) -> Result<(), Halt> {
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
        let mut values = write::with_comments(change.kind, found, self.values(change, set).await?);
        if let Some(request) = self.target(change).unset(&mut values) {
            self.write(change, request).await?;
            if values.is_empty() {
                return Ok(());
            }
        }
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

    async fn values(&self, change: &Change, set: &Set) -> Result<Values, Halt> {
        let live = self.live.lock().await;
        write::values(change.kind, set, &live).map_err(|missing| without(change, &missing))
    }

    async fn observe(&self, change: &Change) {
        let observed = self.read(change).await;
        self.live
            .lock()
            .await
            .resources
            .insert(change.key.address.clone(), observed);
    }
}

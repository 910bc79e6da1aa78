//! POST actions below a resource.

use super::id::ArmId;
use super::{group_exists, parents_exist, read, refused};
use crate::sandbox::behaviour::{Action, Behaviour, Call};
use crate::sandbox::message::{Request, Response};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::store::Object;
use crate::sandbox::world::World;

pub(crate) fn run(
    world: &mut World,
    request: &Request,
    (row, offered): (&'static Behaviour, &'static [Action]),
    id: &ArmId,
    name: &str,
) -> Result<Response, Refusal> {
    group_exists(world, id, request.method)?;
    parents_exist(world, row, id, "action")?;
    let action = offered
        .iter()
        .find(|action| action.name == name)
        .ok_or_else(|| refused::method_not_allowed(request.method.as_str()))?;
    request.json().map_err(|error| refused::malformed(&error))?;
    let mut call = Call {
        store: &world.store,
        request,
        row,
        id,
        object: world.store.get(&id.key()),
        also: Vec::new(),
    };
    let response = (action.run)(&mut call)?;
    let also = call.also;
    world
        .store
        .commit(also)
        .map_err(|error| Refusal::storage(&error))?;
    Ok(response)
}

impl<'a> Call<'a> {
    /// The resource the action is about, for actions that need one.
    pub(crate) fn resource(&self) -> Result<&'a Object, Refusal> {
        self.object.ok_or_else(|| read::absent(self.row, self.id))
    }
}

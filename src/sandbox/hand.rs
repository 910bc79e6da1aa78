//! Somebody else's hand: what is stored, changed past every rule of the services.
//!
//! For tests of what is made of a state that a portal, a script or an intruder left behind. Ids are those of the
//! store: ARM ids, and `/graph/{tenant}/{collection}/{object id}`.

use std::io;

use serde_json::Value;

use super::arm::id::ArmId;
use super::data_plane;
use super::operation;
use super::server::Running;
use super::store::{Entry, Object};
use super::world::World;

impl Running {
    /// What is stored under an id, as a GET shows it before the view of its type is applied.
    pub fn stored(&self, id: &str) -> Option<Value> {
        self.world(|world| world.store.get(id).map(|object| object.body.clone()))
    }

    /// Puts a body there; what no GET shows stays as it is.
    pub fn store(&self, id: &str, body: &Value) -> io::Result<()> {
        self.world(|world| {
            let object = match world.store.get(id) {
                Some(object) => Object {
                    body: body.clone(),
                    ..object.clone()
                },
                None => planted(world, id, body),
            };
            world.store.commit(vec![Entry::Put(object)])
        })
    }

    /// Takes something away with everything beneath it.
    pub fn remove(&self, id: &str) -> io::Result<()> {
        self.world(|world| {
            let below = world.store.below(id).map(|object| object.id.clone());
            let all = below.chain([id.to_owned()]).map(Entry::Remove).collect();
            world.store.commit(all)
        })
    }

    /// Lets the deployed gateway forget who called, as if a long time had passed.
    pub fn forget_calls(&self) {
        self.world(|world| world.counters = data_plane::Counters::default());
    }
}

/// Something new, of the type that its id says.
pub(super) fn planted(world: &World, id: &str, body: &Value) -> Object {
    if let Some(rest) = id.strip_prefix("/graph/") {
        let collection = rest.split_once('/').map_or("", |(_, rest)| rest);
        let collection = collection.rsplit_once('/').map_or("", |(name, _)| name);
        return Object {
            hidden: serde_json::json!({ "madeAt": 0 }),
            ..Object::new(id, format!("graph:{collection}"), body.clone())
        };
    }
    let arm_type = ArmId::parse(id).map(|id| id.arm_type()).unwrap_or_default();
    let row = world.catalogue.row(&arm_type);
    let mut body = body.clone();
    if let Value::Object(members) = &mut body {
        for name in ["id", "name", "type", "etag"] {
            members.remove(name);
        }
    }
    if let Some(row) = row {
        operation::set_state(&mut body, row.state, "Succeeded");
    }
    let kind = row.map_or(arm_type.as_str(), |row| row.arm_type);
    Object::new(id, kind, body)
}

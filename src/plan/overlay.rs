//! What a state becomes by a change of a plan, in whole or in the half that Azure shows on the way.

use super::change::{Action, Change, Set};
use crate::controls::State;
use crate::resource::body;

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What is replaced is gone, and its successor not there yet. Other changes show only their two ends.
    Begun,
    Done,
}

/// Puts a change on top of a state.
pub fn overlay(state: &mut State, change: &Change, half: Half) {
    let id = &change.key.address;
    match &change.action {
        Action::Delete { .. } => state.delete(id),
        Action::Replace { .. } if half == Half::Begun => state.delete(id),
        Action::Replace { set, .. } => {
            state.delete(id);
            write(state, change, set);
        }
        Action::Create { set } if half == Half::Done => write(state, change, set),
        Action::Update { set, .. } | Action::Approve { set, .. } if half == Half::Done => {
            write(state, change, set);
        }
        Action::Create { .. } | Action::Update { .. } | Action::Approve { .. } | Action::Await => {}
    }
}

fn write(state: &mut State, change: &Change, set: &Set) {
    let id = &change.key.address;
    for (pointer, term) in set {
        state.write(id, pointer, term);
    }
    let moves = change.kind.invalidates.iter().filter(|row| {
        let mut written = set.keys();
        written.any(|pointer| row.paths.iter().any(|path| body::matches(path, pointer)))
    });
    for pointer in moves.flat_map(|row| row.values) {
        state.forget(id, pointer);
    }
}

//! What a state becomes by a change of a plan, in whole or in the half that Azure shows on the way.

use super::change::{Action, Change, Set};
use crate::controls::State;
use crate::resource::{Term, body};

/// How far a change has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// What is replaced is gone, and its successor not there yet. Other changes show only their two ends.
    Begun,
    Done,
}

/// What Azure makes along with a resource out of the body that it is sent.
struct Companion {
    of: &'static str,
    /// Where that body says it.
    said: &'static str,
    collection: &'static str,
    name: &'static str,
}

const COMPANIONS: &[Companion] = &[
    // What a site is sent as `siteConfig` holds from its first moment on, and is read at `config/web` (quirks.md: sites).
    Companion {
        of: "Microsoft.Web/sites",
        said: "/properties/siteConfig",
        collection: "config",
        name: "web",
    },
];

/// Puts a change on top of a state.
pub fn overlay(state: &mut State, change: &Change, half: Half) {
    let id = &change.key.address;
    match &change.action {
        Action::Delete { .. } => state.delete(id),
        Action::Replace { .. } if half == Half::Begun => state.delete(id),
        Action::Replace { set, .. } => {
            state.delete(id);
            make(state, change, set);
        }
        Action::Create { set } if half == Half::Done => make(state, change, set),
        Action::Update { set, .. } | Action::Approve { set, .. } if half == Half::Done => {
            write(state, change, set);
        }
        Action::Await if half == Half::Done => state.expect(id),
        Action::Create { .. } | Action::Update { .. } | Action::Approve { .. } | Action::Await => {}
    }
}

fn make(state: &mut State, change: &Change, set: &Set) {
    write(state, change, set);
    let id = &change.key.address;
    let rows = COMPANIONS
        .iter()
        .filter(|row| row.of == change.kind.type_name);
    for row in rows {
        let said = set.get("").and_then(|term| term.at(row.said));
        let child = id.child(row.collection, row.name);
        let nothing = Term::Object([].into());
        state.write(&child, "/properties", said.unwrap_or(&nothing));
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
    // A value goes as a whole: what is known of a part of it is of before.
    for pattern in moves.flat_map(|row| row.values) {
        let pointer = pattern.split("/*").next().unwrap_or(pattern);
        state.forget(id, pointer);
    }
}

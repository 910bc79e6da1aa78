//! What happens to one resource at one stage.
//!
//! A change is complete: apply substitutes values and reads state, it decides nothing. It holds what it sets and never
//! a merged body, so foreign values stay out of plan files and edits made since are not overwritten.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

use serde_json::{Value, json};

use super::Digest;
use crate::diff::PropertyChange;
use crate::resource::{At, Kind, Recommendation, Ref, ResourceId, Term};

/// JSON pointer to desired value; null removes.
pub type Set = BTreeMap<String, Term>;

/// Which change: a resource, and its stage where it takes more than one write to get there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub address: ResourceId,
    /// Empty for the main stage.
    pub stage: &'static str,
}

impl Key {
    /// The write that brings the resource to its final body.
    pub fn main(address: &ResourceId) -> Self {
        Self {
            address: address.clone(),
            stage: "",
        }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.stage {
            "" => write!(f, "{}", self.address),
            stage => write!(f, "{}#{stage}", self.address),
        }
    }
}

impl Serialize for Key {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The live body a change was planned against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// What was read for the plan; apply refuses when it moved.
    Live { digest: Digest },
    /// Made or changed by an earlier change of the same plan.
    Earlier,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    Create {
        set: Set,
    },
    Update {
        base: Base,
        set: Set,
        properties: Vec<PropertyChange>,
    },
    /// Deleted and made anew, because of paths that no update can change.
    Replace {
        base: Base,
        set: Set,
        properties: Vec<PropertyChange>,
        because: Vec<String>,
    },
    Delete {
        base: Base,
    },
    /// Azure makes it, secgw lets it in.
    Approve {
        base: Base,
        set: Set,
        properties: Vec<PropertyChange>,
    },
    /// Somebody else makes it; it is waited for.
    Await,
}

/// The name of an action alone: what summaries count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Verb {
    Create,
    Update,
    Replace,
    Delete,
    Approve,
    Await,
}

impl Verb {
    pub const ALL: [Self; 6] = [
        Self::Replace,
        Self::Delete,
        Self::Update,
        Self::Approve,
        Self::Create,
        Self::Await,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Approve => "approve",
            Self::Await => "await",
        }
    }

    pub fn is_destructive(self) -> bool {
        matches!(self, Self::Replace | Self::Delete)
    }
}

impl Action {
    pub fn verb(&self) -> Verb {
        match self {
            Self::Create { .. } => Verb::Create,
            Self::Update { .. } => Verb::Update,
            Self::Replace { .. } => Verb::Replace,
            Self::Delete { .. } => Verb::Delete,
            Self::Approve { .. } => Verb::Approve,
            Self::Await => Verb::Await,
        }
    }

    pub fn set(&self) -> Option<&Set> {
        match self {
            Self::Create { set }
            | Self::Update { set, .. }
            | Self::Replace { set, .. }
            | Self::Approve { set, .. } => Some(set),
            Self::Delete { .. } | Self::Await => None,
        }
    }

    pub fn properties(&self) -> &[PropertyChange] {
        match self {
            Self::Update { properties, .. }
            | Self::Replace { properties, .. }
            | Self::Approve { properties, .. } => properties,
            Self::Create { .. } | Self::Delete { .. } | Self::Await => &[],
        }
    }

    pub fn base(&self) -> Option<&Base> {
        match self {
            Self::Update { base, .. }
            | Self::Replace { base, .. }
            | Self::Delete { base }
            | Self::Approve { base, .. } => Some(base),
            Self::Create { .. } | Self::Await => None,
        }
    }
}

/// Why a change is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The spec asks for it and it is not there.
    Missing,
    Differs,
    Immutable,
    /// Owned, and the spec no longer names it.
    NotInSpec,
    /// Nobody's, and the spec says that such things go.
    Pruned,
    /// The spec is taken down.
    Destroyed,
    /// The spec wants it gone.
    Unwanted,
    /// Azure makes it along with a resource of this plan.
    ComesWith(ResourceId),
    /// Left of a deleted resource of this name, which this plan makes anew.
    Cleared,
    /// Withheld from an earlier write until what it depends on holds.
    Staged,
    /// Azure is still at work on it.
    InProgress,
    /// It is as desired, but Azure says that its last change failed.
    LastChangeFailed,
    /// Must be switched off before it may be removed.
    DisabledFirst,
    /// Lets go of what it guards, once that is served no more.
    LoosenedLast,
    /// Keeps what was applied, so that drift can be told from intent later.
    Record,
}

impl Reason {
    /// Its name in plan files: never changed, or old files cannot be read.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::Immutable => "immutable",
            Self::NotInSpec => "not_in_spec",
            Self::Pruned => "pruned",
            Self::Destroyed => "destroyed",
            Self::Unwanted => "unwanted",
            Self::ComesWith(_) => "comes_with",
            Self::Cleared => "cleared",
            Self::Staged => "staged",
            Self::InProgress => "in_progress",
            Self::LastChangeFailed => "last_change_failed",
            Self::DisabledFirst => "disabled_first",
            Self::LoosenedLast => "loosened_last",
            Self::Record => "record",
        }
    }

    /// The reason of that name for a change of `address`; what comes along comes with its parent.
    pub(super) fn of_code(code: &str, address: &ResourceId) -> Option<Self> {
        Some(match code {
            "missing" => Self::Missing,
            "differs" => Self::Differs,
            "immutable" => Self::Immutable,
            "not_in_spec" => Self::NotInSpec,
            "pruned" => Self::Pruned,
            "destroyed" => Self::Destroyed,
            "unwanted" => Self::Unwanted,
            "comes_with" => Self::ComesWith(address.parent()?),
            "cleared" => Self::Cleared,
            "staged" => Self::Staged,
            "in_progress" => Self::InProgress,
            "last_change_failed" => Self::LastChangeFailed,
            "disabled_first" => Self::DisabledFirst,
            "loosened_last" => Self::LoosenedLast,
            "record" => Self::Record,
            _ => return None,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("not there yet"),
            Self::Differs => f.write_str("differs from the spec"),
            Self::Immutable => f.write_str("cannot be changed in place"),
            Self::NotInSpec => f.write_str("no longer in the spec"),
            Self::Pruned => f.write_str("not in the spec, whose `unmanaged` prunes"),
            Self::Destroyed => f.write_str("the spec is taken down"),
            Self::Unwanted => f.write_str("the spec wants it gone"),
            Self::ComesWith(parent) => {
                write!(f, "comes with a new {} and is not wanted", parent.name())
            }
            Self::Cleared => f.write_str("keeps its name taken"),
            Self::Staged => f.write_str("possible only once what it depends on is in place"),
            Self::InProgress => f.write_str("Azure is still at work on it"),
            Self::LastChangeFailed => f.write_str("Azure says its last change failed"),
            Self::DisabledFirst => f.write_str("must be disabled before it may be removed"),
            Self::LoosenedLast => {
                f.write_str("lets go of what it guards only once nothing serves it")
            }
            Self::Record => f.write_str("records what was applied"),
        }
    }
}

impl Serialize for Reason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    pub key: Key,
    pub kind: &'static Kind,
    pub action: Action,
    pub reason: Reason,
    pub depends_on: BTreeSet<Key>,
    pub serves: BTreeSet<Recommendation>,
    /// Where the spec asks for it; absent for what the spec no longer names.
    pub source: Option<At>,
}

impl Change {
    /// The values that are not known yet, each with the resource it comes from.
    pub fn late(&self) -> BTreeSet<Ref> {
        self.action
            .set()
            .into_iter()
            .flat_map(BTreeMap::values)
            .flat_map(Term::references)
            .cloned()
            .collect()
    }

    /// What it does and to what, without what only explains it: where the spec asks for it, what it serves, how long
    /// it takes. Two changes with one essence are the same change.
    pub(super) fn essence(&self) -> Value {
        let Self {
            key: Key { address, stage },
            kind,
            action,
            reason,
            depends_on,
            serves: _,
            source: _,
        } = self;
        let base = action.base().map(|base| match base {
            Base::Live { digest } => digest.as_str(),
            Base::Earlier => "earlier",
        });
        let because = match action {
            Action::Replace { because, .. } => because.as_slice(),
            _ => &[],
        };
        json!({
            "address": address,
            "stage": stage,
            "type": kind.type_name,
            "action": action.verb(),
            "reason": reason.code(),
            "base": base,
            "set": action.set(),
            "properties": action.properties(),
            "because": because,
            "depends_on": depends_on,
        })
    }

    /// How long it usually takes.
    pub fn usual_seconds(&self) -> u32 {
        let usual = self.kind.usual;
        match self.action.verb() {
            Verb::Create | Verb::Await => usual.create,
            Verb::Update | Verb::Approve => usual.update,
            Verb::Replace => usual.delete + usual.create,
            Verb::Delete => usual.delete,
        }
    }
}

/// The shape of `changes[]` in `-o json` and in plan files.
impl Serialize for Change {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("address", &self.key.address)?;
        if !self.key.stage.is_empty() {
            map.serialize_entry("stage", self.key.stage)?;
        }
        map.serialize_entry("type", self.kind.type_name)?;
        map.serialize_entry("noun", self.kind.noun)?;
        map.serialize_entry("layer", &self.kind.layer)?;
        map.serialize_entry("action", &self.action.verb())?;
        map.serialize_entry("reason", &self.reason)?;
        map.serialize_entry("reason_code", self.reason.code())?;
        if let Some(Base::Live { digest }) = self.action.base() {
            map.serialize_entry("base", digest)?;
        }
        if let Some(set) = self.action.set() {
            map.serialize_entry("set", set)?;
        }
        if !self.action.properties().is_empty() {
            map.serialize_entry("properties", self.action.properties())?;
        }
        if let Action::Replace { because, .. } = &self.action {
            map.serialize_entry("because", because)?;
        }
        let late = self.late();
        if !late.is_empty() {
            map.serialize_entry("after_apply", &late)?;
        }
        map.serialize_entry("depends_on", &self.depends_on)?;
        map.serialize_entry("serves", &self.serves)?;
        map.serialize_entry("source", &self.source)?;
        map.serialize_entry("usual_seconds", &self.usual_seconds())?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_known_again_by_its_code() {
        let api = ResourceId::resource_group("s", "rg")
            .provider("Microsoft.ApiManagement/service", "a")
            .child("apis", "x");
        let parent = api.parent().unwrap();
        let reasons = [
            Reason::Missing,
            Reason::Differs,
            Reason::Immutable,
            Reason::NotInSpec,
            Reason::Pruned,
            Reason::Destroyed,
            Reason::Unwanted,
            Reason::ComesWith(parent),
            Reason::Cleared,
            Reason::Staged,
            Reason::InProgress,
            Reason::LastChangeFailed,
            Reason::DisabledFirst,
            Reason::LoosenedLast,
            Reason::Record,
        ];
        for reason in reasons {
            let again = Reason::of_code(reason.code(), &api);
            assert_eq!(again.as_ref(), Some(&reason));
        }
        assert_eq!(Reason::of_code("whim", &api), None);
    }
}

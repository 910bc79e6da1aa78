//! The behaviour rows by type, with their shapes read once.

use std::collections::HashMap;

use crate::sandbox::behaviour::shape::Shape;
use crate::sandbox::behaviour::{self, Behaviour};

pub(crate) struct Kind {
    pub(crate) row: &'static Behaviour,
    /// None: the type cannot be written.
    pub(crate) shape: Option<Shape>,
    pub(crate) partial: Option<Shape>,
}

pub(crate) struct Catalogue {
    kinds: HashMap<String, Kind>,
}

impl Catalogue {
    /// The one mistake possible is a row's notation; a test reads every row.
    pub(crate) fn read() -> Result<Self, String> {
        let mut kinds = HashMap::new();
        for row in behaviour::rows() {
            let shape = match row.shape {
                "" => None,
                text => {
                    let shape = Shape::parse(text);
                    Some(shape.map_err(|error| format!("{}: {error}", row.arm_type))?)
                }
            };
            let kind = Kind {
                row,
                partial: shape.as_ref().map(Shape::partial),
                shape,
            };
            if kinds.insert(row.arm_type.to_lowercase(), kind).is_some() {
                return Err(format!("{}: two rows", row.arm_type));
            }
        }
        Ok(Self { kinds })
    }

    pub(crate) fn kind(&self, arm_type: &str) -> Option<&Kind> {
        self.kinds.get(&arm_type.to_lowercase())
    }

    pub(crate) fn row(&self, arm_type: &str) -> Option<&'static Behaviour> {
        self.kind(arm_type).map(|kind| kind.row)
    }

    /// Types of one namespace, without it: `virtualNetworks/subnets`.
    pub(crate) fn types(&self, namespace: &str) -> Vec<(&'static str, &'static Behaviour)> {
        let mut types: Vec<_> = self
            .kinds
            .values()
            .filter_map(|kind| Some((kind.row.arm_type.split_once('/')?, kind.row)))
            .filter(|((owner, _), _)| owner.eq_ignore_ascii_case(namespace))
            .map(|((_, rest), row)| (rest, row))
            .collect();
        types.sort_unstable_by_key(|(name, _)| *name);
        types
    }

    /// Namespaces as their rows spell them.
    pub(crate) fn namespaces(&self) -> Vec<&'static str> {
        let mut names: Vec<_> = self
            .kinds
            .values()
            .filter_map(|kind| kind.row.arm_type.split('/').next())
            .collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

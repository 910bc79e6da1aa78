//! How bad it is that something drifted: what a control reads is of the security class, unless a kind's row says
//! otherwise.

use super::Change;
use crate::controls;
use crate::resource::kinds::{self, Class};

/// The class of a difference at a property path; with an empty path, of the resource as a whole.
pub fn class_of(type_name: &str, path: &str) -> Class {
    kinds::class_of(type_name, path).unwrap_or_else(|| {
        let is_read = controls::all().any(|control| {
            let mut reads = control.reads.iter();
            reads.any(|read| read.eq_ignore_ascii_case(type_name))
        });
        if is_read {
            Class::Security
        } else {
            Class::Functional
        }
    })
}

impl Change {
    /// The worst of what differs.
    pub fn class(&self) -> Class {
        let properties = self.action.properties().iter();
        let classes = properties.map(|property| class_of(self.kind.type_name, &property.path));
        classes
            .min()
            .unwrap_or_else(|| class_of(self.kind.type_name, ""))
    }
}

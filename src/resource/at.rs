//! Where in the spec something comes from: every resource says which line asked for it.
//!
//! The position is part of the vocabulary, because the graph carries it from the spec to plan, objections and
//! `secgw explain`. the `spec` module makes positions; nothing else does.

use std::fmt;
use std::sync::Arc;

use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A place in the spec: the path of the element (`apis[0].rateLimit`) and the file, line and column of its value.
///
/// Cheap to clone: resources, changes and objections all carry one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At {
    file: Arc<str>,
    line: u32,
    column: u32,
    path: Arc<str>,
}

impl At {
    /// Lines and columns count from one; columns count characters.
    pub fn new(path: &str, file: &Arc<str>, line: u32, column: u32) -> Self {
        Self {
            file: Arc::clone(file),
            line,
            column,
            path: Arc::from(path),
        }
    }

    /// For what the spec does not name.
    pub(super) fn nowhere() -> Self {
        Self::new("", &Arc::from(""), 0, 0)
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    /// The file as the user would name it: relative to the project where it lies inside.
    pub fn file(&self) -> &str {
        &self.file
    }

    pub fn line(&self) -> u32 {
        self.line
    }

    pub fn column(&self) -> u32 {
        self.column
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

impl fmt::Debug for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({self})", self.path)
    }
}

impl Serialize for At {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut at = serializer.serialize_struct("At", 4)?;
        at.serialize_field("path", &*self.path)?;
        at.serialize_field("file", &*self.file)?;
        at.serialize_field("line", &self.line)?;
        at.serialize_field("column", &self.column)?;
        at.end()
    }
}

impl<'de> Deserialize<'de> for At {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Written {
            path: String,
            file: String,
            line: u32,
            column: u32,
        }
        let at = Written::deserialize(deserializer)?;
        Ok(Self::new(&at.path, &at.file.into(), at.line, at.column))
    }
}

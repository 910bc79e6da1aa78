//! The files a spec is made of, each by the name the user would give it.

use std::path::PathBuf;
use std::sync::Arc;

/// One file, as it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// As shown: relative to the working directory where it lies inside, with `/` on every system.
    pub(crate) name: Arc<str>,
    /// What relative paths inside the file are relative to.
    pub(crate) directory: PathBuf,
    pub(crate) text: String,
}

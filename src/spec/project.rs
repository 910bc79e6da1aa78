//! Opening the files that a spec names, and only those it may name. [IO]
//!
//! A spec may come from a stranger's pull request, so by default nothing outside the project can be read through
//! it: `..`, absolute paths and symbolic links are resolved before the comparison.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::diagnostic::Code;
use super::source::Source;

/// No spec, contract or policy is this large; it keeps `/dev/zero` and the like from filling the memory.
const LARGEST: u64 = 4 * 1024 * 1024;

pub(crate) struct Project {
    /// Where the user stands: names are shown relative to it.
    directory: PathBuf,
    /// What the spec may read from; `None` when the operator allows everything.
    root: Option<PathBuf>,
    sources: BTreeMap<Arc<str>, Arc<Source>>,
}

/// Why a file was not opened.
pub(crate) struct Refused {
    pub(crate) code: Code,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Project {
    /// The root is the working directory when the spec lies inside it, otherwise the spec's own surroundings:
    /// its directory, or the one above when that one is called `environments`.
    pub(crate) fn around(spec: &Path, directory: &Path, allow_outside: bool) -> Self {
        let directory = directory
            .canonicalize()
            .unwrap_or_else(|_| directory.to_owned());
        let full = directory.join(spec);
        let home = full
            .parent()
            .and_then(|parent| parent.canonicalize().ok())
            .unwrap_or_else(|| directory.clone());
        let root = if home.starts_with(&directory) {
            directory.clone()
        } else if home.ends_with("environments") {
            home.parent().unwrap_or(&home).to_owned()
        } else {
            home
        };
        Self {
            directory,
            root: (!allow_outside).then_some(root),
            sources: BTreeMap::new(),
        }
    }

    pub(crate) fn sources(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.sources.values()
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Opens the file that the text of another one names.
    pub(crate) fn open(&mut self, from: &Path, path: &str) -> Result<Arc<Source>, Refused> {
        if path.contains("://") {
            return Err(Refused {
                code: Code::NotForSpecs,
                message: format!(
                    "`{path}` is an address, and a spec may not make secgw fetch anything"
                ),
                help: "put the file into the project and give its path".to_owned(),
            });
        }
        let file = self.resolve(from, path)?;
        let name = self.show(&file);
        if let Some(source) = self.sources.get(name.as_str()) {
            return Ok(Arc::clone(source));
        }
        let text = read(&file).map_err(|reason| Refused {
            code: Code::File,
            message: format!("cannot read `{path}`: {reason}"),
            help: "it must be a text file of at most 4 MiB that you may read".to_owned(),
        })?;
        let directory = file.parent().unwrap_or(&file).to_owned();
        let source = Arc::new(Source {
            name: Arc::from(name),
            directory,
            text,
        });
        self.sources
            .insert(Arc::clone(&source.name), Arc::clone(&source));
        Ok(source)
    }

    /// The real path of a file that exists and may be read.
    pub(crate) fn resolve(&self, from: &Path, path: &str) -> Result<PathBuf, Refused> {
        let outside = || Refused {
            code: Code::OutsideProject,
            message: format!("`{path}` lies outside the project"),
            help: "a spec may name files of its own project only, unless the operator allows more"
                .to_owned(),
        };
        let joined = self.directory.join(from).join(path);
        // Said before looking at the disk, so that a spec cannot ask which files exist elsewhere.
        if self
            .root
            .as_ref()
            .is_some_and(|root| !flatten(&joined).starts_with(root))
        {
            return Err(outside());
        }
        let real = joined.canonicalize().map_err(|error| Refused {
            code: Code::File,
            message: format!("cannot read `{path}`: {}", describe(&error)),
            help: format!(
                "paths are relative to the file they stand in: looked for `{}`",
                self.show(&flatten(&joined))
            ),
        })?;
        let inside = self.root.as_ref().is_none_or(|root| real.starts_with(root));
        inside.then_some(real).ok_or_else(outside)
    }

    /// As the user would name it.
    pub(crate) fn show(&self, file: &Path) -> String {
        let shown = file.strip_prefix(&self.directory).unwrap_or(file);
        shown.to_string_lossy().replace('\\', "/")
    }
}

/// Resolves `.` and `..` by their text alone.
fn flatten(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            std::path::Component::ParentDir => {
                flat.pop();
            }
            std::path::Component::CurDir => {}
            other => flat.push(other),
        }
    }
    flat
}

fn read(file: &Path) -> Result<String, String> {
    let about = std::fs::metadata(file).map_err(|error| describe(&error))?;
    if !about.is_file() {
        return Err("it is not a file".to_owned());
    }
    if about.len() > LARGEST {
        return Err(format!("it is larger than {} MiB", LARGEST / 1024 / 1024));
    }
    let bytes = std::fs::read(file).map_err(|error| describe(&error))?;
    let text = String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text".to_owned())?;
    // To YAML a lone carriage return ends a line too; so it does in the frames that show the text.
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// The system's reason without its number, which differs between systems.
fn describe(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::NotFound => "there is no such file".to_owned(),
        std::io::ErrorKind::PermissionDenied => "permission denied".to_owned(),
        kind => kind.to_string(),
    }
}

//! From files to a `Spec`, or to every reason why not. [IO]
//!
//! The chain of `extends` is read first and laid over each other, then the whole is read, checked and assembled.
//! The operator's environment comes in as a value; nothing here asks the process for it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::assemble::assemble;
use super::diagnostic::{Code, Diagnostic, Diagnostics};
use super::document::Document;
use super::effective::Effective;
use super::model::Spec;
use super::project::Project;
use super::read::{Read, Reader};
use super::reference::{Part, parse};
use super::secret::looks_like_secret;
use super::source::Source;
use super::tree::{self, Node, Place, Value};
use super::validate;
use crate::resource::At;
use crate::text::{list_of_names, nearest};

/// Which spec, and what may be assumed while reading it.
#[derive(Clone, Debug)]
pub struct LoadOptions {
    pub spec: SpecFile,
    /// Where the user stands: relative names start here and are shown relative to it.
    pub directory: PathBuf,
    /// The operator's environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether references to unset variables get the sandbox's own subscription, tenants and credentials.
    pub sandbox: bool,
    /// Whether the spec may name files outside the project.
    pub allow_outside: bool,
}

#[derive(Clone, Debug)]
pub enum SpecFile {
    Path(PathBuf),
    /// `environments/<name>.yaml`
    Environment(String),
}

/// A valid spec with what is known about how it came about.
#[derive(Debug)]
pub struct Loaded {
    pub spec: Spec,
    /// Every value with its origin.
    pub effective: Effective,
    texts: BTreeMap<String, String>,
}

impl Loaded {
    /// Turns what others find wrong with the spec into something that can be shown with its lines.
    pub fn diagnostics(&self, found: Vec<Diagnostic>) -> Diagnostics {
        Diagnostics::new(found, self.texts.clone())
    }

    /// The files that were read, by the names the user would give them.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.texts.keys().map(String::as_str)
    }
}

/// Reads and checks a spec. Everything that can be known offline is checked here.
pub fn load(options: &LoadOptions) -> Result<Loaded, Diagnostics> {
    let file = match &options.spec {
        SpecFile::Path(path) => path.clone(),
        SpecFile::Environment(name) => environment_file(name, &options.directory)?,
    };
    let mut project = Project::around(&file, &options.directory, options.allow_outside);
    let mut reader = Reader::new(&mut project, &options.environment, options.sandbox);
    let root = read_chain(&file, &mut reader);
    let spec = root.as_ref().and_then(|root| read_spec(root, &mut reader));
    let notes = reader.notes;
    let texts = shown_texts(&project, &notes.masked);
    match (root, spec) {
        (Some(root), Some(spec)) if notes.problems.is_empty() => Ok(Loaded {
            spec,
            effective: Effective::new(root, notes),
            texts,
        }),
        _ => Err(Diagnostics::new(notes.problems, texts)),
    }
}

fn read_spec(root: &Node, reader: &mut Reader<'_>) -> Option<Spec> {
    let document = Document::read(root, reader)?;
    validate::across(root, reader);
    assemble(document, root, reader)
}

/// Files as they may be shown: secrets become asterisks.
fn shown_texts(project: &Project, masked: &[Place]) -> BTreeMap<String, String> {
    let shown = |source: &Arc<Source>| {
        let hidden = masked
            .iter()
            .filter(|place| place.source.name == source.name);
        let ranges: Vec<_> = hidden
            .map(|place| place.offset..place.offset + place.length)
            .collect();
        let mask = |(offset, c): (usize, char)| {
            if c != '\n' && ranges.iter().any(|range| range.contains(&offset)) {
                '*'
            } else {
                c
            }
        };
        (
            source.name.to_string(),
            source.text.char_indices().map(mask).collect(),
        )
    };
    project.sources().map(shown).collect()
}

fn environment_file(name: &str, directory: &Path) -> Result<PathBuf, Diagnostics> {
    let file = Path::new("environments").join(format!("{name}.yaml"));
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain && directory.join(&file).is_file() {
        return Ok(file);
    }
    let known = environments(directory);
    let help = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => {
            "`environments/<name>.yaml` is looked for in the working directory".to_owned()
        }
        None => format!("there is {}", list_of_names(&known)),
    };
    let at = At::new("", &Arc::from(format!("environments/{name}.yaml")), 1, 1);
    let diagnostic = Diagnostic::new(
        Code::File,
        at,
        format!("there is no environment `{name}`"),
        help,
    );
    Err(Diagnostics::new(vec![diagnostic], BTreeMap::new()))
}

/// Names of the environments there are.
pub fn environments(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory.join("environments"))
        .into_iter()
        .flatten()
        .flatten();
    let names = entries.filter_map(|entry| {
        entry
            .file_name()
            .to_str()?
            .strip_suffix(".yaml")
            .map(str::to_owned)
    });
    names.collect::<BTreeSet<_>>().into_iter().collect()
}

/// The spec laid over what it extends, or nothing if one of the files cannot be used at all.
fn read_chain(file: &Path, reader: &mut Reader<'_>) -> Option<Node> {
    let source = reader.open_first(file)?;
    let mut names = vec![Arc::clone(&source.name)];
    let mut layers = vec![read_layer(&source, reader)?];
    while let Some((node, path)) = extended(layers.last()?) {
        let source = reader.open(&node, &path)?;
        if names.contains(&source.name) {
            reader.report(
                &node,
                Code::Cycle,
                format!("`{path}` is already part of this spec"),
                "a spec cannot be laid over itself",
            );
            return None;
        }
        names.push(Arc::clone(&source.name));
        layers.push(read_layer(&source, reader)?);
    }
    let merged = layers.into_iter().rev().reduce(tree::overlay);
    merged.map(|mut root| {
        root.number("");
        root
    })
}

fn read_layer(source: &Arc<Source>, reader: &mut Reader<'_>) -> Option<Node> {
    let root = reader.parse(source, "")?;
    if !matches!(root.value, Value::Map(_)) {
        reader.report(
            &root,
            Code::WrongType,
            format!("expected a map, found {}", root.describe()),
            "a spec starts with `secgw: v1`",
        );
        return None;
    }
    literal_secrets(&root, reader);
    Some(root)
}

fn extended(layer: &Node) -> Option<(Node, String)> {
    let node = layer.get("extends")?;
    Some((node.clone(), node.text()?.to_owned()))
}

fn literal_secrets(node: &Node, reader: &mut Reader<'_>) {
    if let Some(text) = node.text() {
        let parts = parse(text).unwrap_or_default();
        let found = parts.iter().find_map(|part| match part {
            Part::Literal(literal) => looks_like_secret(literal),
            Part::Reference(_) => None,
        });
        if let Some(what) = found {
            let help = "take it out, change it wherever it is used, and refer to it: `${env:NAME}` or `${keyvault:vault/secret}`".to_owned();
            reader.report_secret(
                node,
                Code::LiteralSecret,
                format!("this looks like {what}"),
                help,
            );
        }
    }
    for entry in node.entries() {
        literal_secrets(&entry.node, reader);
    }
    for item in node.items() {
        literal_secrets(item, reader);
    }
}

impl Reader<'_> {
    /// The spec itself, which no other file names.
    fn open_first(&mut self, file: &Path) -> Option<Arc<Source>> {
        match self.open_from_directory(file) {
            Ok(source) => Some(source),
            Err(refused) => {
                let at = At::new("", &Arc::from(file.to_string_lossy().as_ref()), 1, 1);
                let diagnostic = Diagnostic::new(refused.code, at, refused.message, refused.help);
                self.notes.problems.push(diagnostic);
                None
            }
        }
    }
}

//! From trees to the model: every section is read whole, so one mistake never hides the next.
//!
//! `Read` is implemented for single values in `written`, and for sections by what `declare` makes of their
//! declaration. The `Reader` answers references, opens files and collects what is wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use schemars::JsonSchema;

use super::diagnostic::{Code, Diagnostic};
use super::project::{Project, Refused};
use super::reference::{Part, Reference, parse};
use super::secret::{is_secret_name, looks_like_secret};
use super::source::Source;
use super::tree::{self, Node, Place, Value, join};
use crate::text::{list_of_names, nearest};

/// A type that can be read from a spec. Problems go to the reader; `None` says that there was one.
pub(crate) trait Read: Sized {
    /// Describes the text that is read: the schema is about what people write, not about what it becomes.
    type Written: JsonSchema;
    const REQUIRED: bool = true;

    fn read(node: &Node, reader: &mut Reader<'_>) -> Option<Self>;

    /// What it means that the key is not there.
    fn absent(parent: &Node, key: &str, reader: &mut Reader<'_>) -> Option<Self> {
        reader.missing(parent, key);
        None
    }
}

pub(crate) struct Reader<'a> {
    project: &'a mut Project,
    environment: &'a BTreeMap<String, String>,
    sandbox: bool,
    pub(crate) notes: Notes,
}

/// What reading brought to light beside the values themselves.
#[derive(Default)]
pub(crate) struct Notes {
    pub(crate) problems: Vec<Diagnostic>,
    /// Keys as they were meant, by the section in which they are written otherwise.
    pub(crate) misspelt: Vec<(Arc<str>, &'static str)>,
    /// Keys that were not written: the section's path, the key, the value that stands in.
    pub(crate) defaults: Vec<(Arc<str>, &'static str, Node)>,
    /// What references in ordinary fields came to, by path.
    pub(crate) resolved: BTreeMap<Arc<str>, String>,
    /// Paths whose values are secret.
    pub(crate) secrets: BTreeSet<Arc<str>>,
    /// What must not be shown, wherever the text around it is.
    pub(crate) masked: Vec<Place>,
}

/// What the sandbox answers for references to variables that are not set, by the path that asks.
const SANDBOX: &[(&str, &str)] = &[
    ("azure.subscription", "00000000-0000-4000-8000-000000000001"),
    ("azure.tenantId", "00000000-0000-4000-8000-000000000002"),
    ("identity.tenantId", "00000000-0000-4000-8000-000000000003"),
    (
        "identity.credential.clientId",
        "00000000-0000-4000-8000-000000000004",
    ),
];

/// What tells the items of most lists apart when one spec is laid over another.
const MERGED_BY: &str = "name";

impl<'a> Reader<'a> {
    pub(crate) fn new(
        project: &'a mut Project,
        environment: &'a BTreeMap<String, String>,
        sandbox: bool,
    ) -> Self {
        Self {
            project,
            environment,
            sandbox,
            notes: Notes::default(),
        }
    }

    pub(crate) fn report(
        &mut self,
        node: &Node,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        let place = &node.place;
        let length = place
            .source
            .text
            .get(place.offset..place.offset + place.length)
            .map_or(0, |text| text.lines().next().unwrap_or("").chars().count());
        let diagnostic = Diagnostic::new(code, node.at(), message, help).underline(length);
        self.notes.problems.push(diagnostic);
    }

    /// Reports a value that must not be shown.
    pub(crate) fn report_secret(
        &mut self,
        node: &Node,
        code: Code,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.notes.masked.push(node.place.clone());
        self.report(node, code, message, help);
    }

    /// The tree of a file whose nodes lie below `path`, without keys that are there twice.
    pub(crate) fn parse(&mut self, source: &Arc<Source>, path: &str) -> Option<Node> {
        let mut root = match tree::parse(source) {
            Ok(root) => root,
            Err(malformed) => {
                let node = Node {
                    value: Value::Nothing,
                    place: malformed.place,
                    path: Arc::from(path),
                };
                self.report(
                    &node,
                    Code::Syntax,
                    malformed.message,
                    "nothing else in this file can be checked before it is mended",
                );
                return None;
            }
        };
        root.number(path);
        self.repeated_keys(&root);
        Some(root)
    }

    fn repeated_keys(&mut self, node: &Node) {
        let mut seen: BTreeMap<&str, &Place> = BTreeMap::new();
        for entry in node.entries() {
            if let Some(first) = seen.get(entry.key.as_str()) {
                let place = Node {
                    place: entry.key_place.clone(),
                    ..entry.node.clone()
                };
                let message = format!("`{}` is already there at line {}", entry.key, first.line);
                self.report(&place, Code::DuplicateKey, message, "keep one of the two");
            } else {
                seen.insert(&entry.key, &entry.key_place);
            }
            self.repeated_keys(&entry.node);
        }
        for item in node.items() {
            self.repeated_keys(item);
        }
    }

    /// Whether a key is missing because it, what it is in, or the name by which its item is merged was misspelt.
    pub(crate) fn is_misspelt(&self, parent: &Node, key: &str) -> bool {
        let is_within = |path: &str| {
            let rest = parent.path.strip_prefix(path);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.notes.misspelt.iter().any(|(section, meant)| {
            (*section == parent.path && *meant == key)
                || is_within(&join(section, meant))
                || (*meant == MERGED_BY && section.ends_with(']') && is_within(section))
        })
    }

    fn missing(&mut self, parent: &Node, key: &str) {
        // The misspelt key is told.
        if self.is_misspelt(parent, key) {
            return;
        }
        let inside = if parent.path.is_empty() {
            "the spec".to_owned()
        } else {
            format!("`{}`", parent.path)
        };
        self.report(
            parent,
            Code::MissingKey,
            format!("{inside} lacks `{key}`"),
            format!("add `{key}: …`, here or in what is laid over it"),
        );
    }

    pub(crate) fn wrong_type<T>(&mut self, node: &Node, expected: &str) -> Option<T> {
        let help = match node.value {
            Value::Bool(_) | Value::Integer(_) | Value::Float(_) if expected == "text" => {
                "put it in quotes".to_owned()
            }
            Value::Nothing => "give it a value, or leave the key out".to_owned(),
            Value::Bool(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_)
            | Value::Map(_) => format!("write {expected} here"),
        };
        self.report(
            node,
            Code::WrongType,
            format!("expected {expected}, found {}", node.describe()),
            help,
        );
        None
    }

    /// Checks that the node is a map with none but these keys.
    pub(crate) fn section(&mut self, node: &Node, keys: &[&'static str]) -> Option<()> {
        if !matches!(node.value, Value::Map(_)) {
            return self.wrong_type(node, "a map");
        }
        for entry in node
            .entries()
            .iter()
            .filter(|entry| !keys.contains(&entry.key.as_str()))
        {
            let help = match nearest(&entry.key, keys.iter().copied()) {
                Some(near) => {
                    let misspelt = (Arc::clone(&node.path), near);
                    self.notes.misspelt.push(misspelt);
                    format!("did you mean `{near}`?")
                }
                None => format!("possible here: {}", list_of_names(keys)),
            };
            let inside = if node.path.is_empty() {
                String::new()
            } else {
                format!(" in `{}`", node.path)
            };
            let place = Node {
                place: entry.key_place.clone(),
                ..entry.node.clone()
            };
            self.report(
                &place,
                Code::UnknownKey,
                format!("unknown key `{}`{inside}", entry.key),
                help,
            );
        }
        Some(())
    }

    pub(crate) fn field<T: Read>(
        &mut self,
        parent: &Node,
        key: &'static str,
        default: Option<Value>,
    ) -> Option<T> {
        if let Some(node) = parent.get(key) {
            return T::read(node, self);
        }
        let Some(value) = default else {
            return T::absent(parent, key, self);
        };
        let node = Node {
            value,
            place: parent.place.clone(),
            path: Arc::from(join(&parent.path, key)),
        };
        self.notes
            .defaults
            .push((Arc::clone(&parent.path), key, node.clone()));
        T::read(&node, self)
    }

    /// The text of a field that is no secret, its references answered.
    pub(crate) fn text(&mut self, node: &Node) -> Option<String> {
        let Some(text) = node.text() else {
            return self.wrong_type(node, "text");
        };
        let parts = match parse(text) {
            Ok(parts) => parts,
            Err(message) => {
                self.report(
                    node,
                    Code::Reference,
                    message,
                    "`$${` writes `${` where no reference is meant",
                );
                return None;
            }
        };
        let is_reference = parts.iter().any(|part| matches!(part, Part::Reference(_)));
        let pieces: Vec<Option<String>> = parts
            .into_iter()
            .map(|part| self.answer(node, part))
            .collect();
        let answered = pieces.into_iter().collect::<Option<String>>()?;
        if is_reference {
            if looks_like_secret(&answered).is_some() {
                self.notes.secrets.insert(Arc::clone(&node.path));
                self.report(
                    node,
                    Code::SecretOutOfPlace,
                    "the value looks like a secret, and this field is not kept secret",
                    "refer to a value that is no secret, and change this one wherever it is used",
                );
                return None;
            }
            self.notes
                .resolved
                .insert(Arc::clone(&node.path), answered.clone());
        }
        Some(answered)
    }

    fn answer(&mut self, node: &Node, part: Part) -> Option<String> {
        match part {
            Part::Literal(text) => Some(text),
            Part::Reference(Reference::Environment { variable, default }) => {
                self.answer_variable(node, &variable, default)
            }
            Part::Reference(Reference::File { path }) => {
                let source = self.open(node, &path)?;
                Some(source.text.trim_end_matches(['\r', '\n']).to_owned())
            }
            Part::Reference(Reference::KeyVault { .. }) => {
                let help = "Key Vault references are for `functions[].settings` and `identity.credential.clientSecret`".to_owned();
                self.report(
                    node,
                    Code::SecretOutOfPlace,
                    "this field is not kept secret",
                    help,
                );
                None
            }
        }
    }

    fn answer_variable(
        &mut self,
        node: &Node,
        variable: &str,
        default: Option<String>,
    ) -> Option<String> {
        if is_secret_name(variable) {
            let message = format!("`{variable}` names a secret, and this field is not kept secret");
            self.report(
                node,
                Code::SecretOutOfPlace,
                message,
                "use a variable with another name if its value is no secret",
            );
            return None;
        }
        let set = self
            .environment
            .get(variable)
            .filter(|value| !value.is_empty())
            .cloned();
        let sandbox = || {
            SANDBOX
                .iter()
                .find(|(path, _)| self.sandbox && *path == &*node.path)
                .map(|(_, value)| (*value).to_owned())
        };
        if let Some(value) = set.or(default).or_else(sandbox) {
            return Some(value);
        }
        let help = if self.sandbox {
            "the sandbox answers for subscription, tenants and credentials only: set the variable"
        } else {
            "set it, or give a default: `${env:NAME:-default}`"
        };
        self.report(
            node,
            Code::Reference,
            format!("environment variable `{variable}` is not set"),
            help,
        );
        None
    }

    /// Opens the file that a node names.
    pub(crate) fn open(&mut self, node: &Node, path: &str) -> Option<Arc<Source>> {
        match self.project.open(&node.place.source.directory, path) {
            Ok(source) => Some(source),
            Err(refused) => {
                self.report(node, refused.code, refused.message, refused.help);
                None
            }
        }
    }

    /// Opens a file by a name relative to where the user stands.
    pub(crate) fn open_from_directory(&mut self, file: &Path) -> Result<Arc<Source>, Refused> {
        let directory = self.project.directory().to_owned();
        // Links on the way to the spec are the operator's own; those that a spec names are checked.
        let real = directory.join(file).canonicalize();
        let file = real.as_deref().unwrap_or(file);
        self.project.open(&directory, &file.to_string_lossy())
    }

    /// The path of a file that a node names and that is read only when it is needed.
    pub(crate) fn locate(&mut self, node: &Node, path: &str) -> Option<String> {
        match self.project.resolve(&node.place.source.directory, path) {
            Ok(file) => Some(self.project.show(&file)),
            Err(refused) => {
                self.report(node, refused.code, refused.message, refused.help);
                None
            }
        }
    }

    /// A value in the form it would have had, had it been written out in place of a reference to it.
    pub(crate) fn scalar<T: std::str::FromStr>(
        &mut self,
        node: &Node,
        expected: &str,
    ) -> Option<T> {
        let text = self.text(node)?;
        let value = text.trim().parse().ok();
        if value.is_none() {
            self.report(
                node,
                Code::WrongType,
                format!("expected {expected}, and the reference came to something else"),
                "give what it refers to a value of that type",
            );
        }
        value
    }
}

impl Reader<'_> {
    pub(crate) fn no_choice(
        &mut self,
        node: &Node,
        text: &str,
        words: &[&str],
        refused: &[(&str, &str)],
    ) {
        let possible = format!("possible here: {}", list_of_names(words));
        if let Some((_, why)) = refused.iter().find(|(word, _)| *word == text) {
            self.report(
                node,
                Code::Unsupported,
                format!("`{text}`: {why}"),
                possible,
            );
            return;
        }
        let help = nearest(text, words.iter().copied())
            .map_or(possible, |near| format!("did you mean `{near}`?"));
        self.report(
            node,
            Code::InvalidValue,
            format!("`{text}` is not one of the values this key can have"),
            help,
        );
    }
}

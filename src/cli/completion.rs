//! Completions: the shell hands over the words so far, secgw answers with what can follow.
//!
//! Commands, options and their words are known to `clap`. Here is added what only the project knows: its environments,
//! the addresses of the resources that its spec compiles to, its policies; and the ids of controls and probes. A spec
//! that is not valid completes to nothing, without a word: there is no place for one.

use std::ffi::{OsStr, OsString};
use std::io;
use std::sync::Arc;

use clap::{Arg, CommandFactory as _};
use clap_complete::engine::{ArgValueCompleter, CompletionCandidate};
use clap_complete::env::{Bash, Elvish, EnvCompleter, Fish, Powershell, Zsh};

use super::args::{Arguments, Shell};
use super::settings::{DEFAULT_SPEC, Surroundings};
use crate::compile;
use crate::controls;
use crate::render::{label, resources};
use crate::resource::{Graph, Realm, address};
use crate::spec::{self, LoadOptions, SpecFile};
use crate::verify;

/// Set by the script: which shell asks.
const VARIABLE: &str = "SECGW_COMPLETE";

fn completer(shell: Shell) -> &'static dyn EnvCompleter {
    match shell {
        Shell::Bash => &Bash,
        Shell::Zsh => &Zsh,
        Shell::Fish => &Fish,
        Shell::PowerShell => &Powershell,
        Shell::Elvish => &Elvish,
    }
}

pub(super) fn script(shell: Shell) -> io::Result<String> {
    let mut script = Vec::new();
    completer(shell).write_registration(VARIABLE, "secgw", "secgw", "secgw", &mut script)?;
    String::from_utf8(script).map_err(io::Error::other)
}

/// What a shell asks for; nothing when none does.
pub(super) fn answer(words: &[OsString], around: &Surroundings) -> Option<io::Result<String>> {
    use clap::ValueEnum as _;
    let shell = Shell::from_str(around.get(VARIABLE)?, true).ok()?;
    let words = words.iter().skip_while(|word| *word != "--").skip(1);
    let words: Vec<OsString> = words.cloned().collect();
    let mut command = command(&words, around);
    let mut answer = Vec::new();
    let made =
        completer(shell).write_complete(&mut command, words, Some(&around.directory), &mut answer);
    Some(made.and_then(|()| String::from_utf8(answer).map_err(io::Error::other)))
}

/// The command line, its options knowing what they can be.
fn command(words: &[OsString], around: &Surroundings) -> clap::Command {
    let project = Arc::new(Project::of(words, around));
    let mut command = Arguments::command();
    let names: Vec<String> = command
        .get_subcommands()
        .map(|command| command.get_name().to_owned())
        .collect();
    for name in names {
        command = command.mut_subcommand(name, |command| {
            command.mut_args(|arg| completed(arg, &project))
        });
    }
    command.build();
    command
}

type Candidates = fn(&Project, &str) -> Vec<CompletionCandidate>;

/// Options by name, and what they are completed with.
const COMPLETED: [(&str, Candidates); 8] = [
    ("env", Project::environments),
    ("target", Project::addresses),
    ("exclude", Project::addresses),
    ("also", Project::addresses),
    ("what", Project::explained),
    ("property", Project::properties),
    ("policy", Project::policies),
    ("only", probes),
];

fn completed(arg: Arg, project: &Arc<Project>) -> Arg {
    let Some((_, candidates)) = COMPLETED.iter().find(|(name, _)| arg.get_id() == *name) else {
        return arg;
    };
    let project = Arc::clone(project);
    let complete = move |typed: &OsStr| {
        let typed = typed.to_str().unwrap_or_default();
        let candidates = candidates(&project, typed).into_iter();
        candidates
            .filter(|candidate| candidate.get_value().to_string_lossy().starts_with(typed))
            .collect::<Vec<_>>()
    };
    arg.add(ArgValueCompleter::new(complete))
}

/// What is known where the user stands.
struct Project {
    words: Vec<String>,
    options: LoadOptions,
}

impl Project {
    fn of(words: &[OsString], around: &Surroundings) -> Self {
        let words: Vec<String> = words
            .iter()
            .map(|word| word.to_string_lossy().into_owned())
            .collect();
        let options = LoadOptions {
            spec: spec_of(&words),
            directory: around.directory.clone(),
            environment: around.variables.clone(),
            sandbox: true,
            allow_outside: false,
        };
        Self { words, options }
    }

    fn graph(&self) -> Option<Graph> {
        let loaded = spec::load(&self.options).ok()?;
        compile::compile(&loaded.spec).ok()
    }

    fn environments(&self, _: &str) -> Vec<CompletionCandidate> {
        let names = spec::environments(&self.options.directory);
        names.into_iter().map(CompletionCandidate::new).collect()
    }

    /// The shortest end of each id that begins with what was typed and means no other.
    fn addresses(&self, typed: &str) -> Vec<CompletionCandidate> {
        let Some(graph) = self.graph() else {
            return Vec::new();
        };
        let ids = graph.iter().map(|resource| &resource.id);
        let ends = address::unique_ends(ids.filter(|id| id.realm() != Realm::Fact));
        let candidate = |(id, ends): (_, Vec<String>)| {
            // Shells would take one with a blank for several words.
            let fits = |end: &String| end.starts_with(typed) && !end.contains(' ');
            let end = ends.into_iter().find(fits)?;
            Some(CompletionCandidate::new(end).help(Some(label::resource(id).into())))
        };
        ends.into_iter().filter_map(candidate).collect()
    }

    fn explained(&self, typed: &str) -> Vec<CompletionCandidate> {
        let controls = controls::all()
            .map(|control| CompletionCandidate::new(control.id).help(Some(control.title.into())));
        controls.chain(self.addresses(typed)).collect()
    }

    /// Of the resource that is named before.
    fn properties(&self, _: &str) -> Vec<CompletionCandidate> {
        let Some(graph) = self.graph() else {
            return Vec::new();
        };
        let ids = || graph.iter().map(|resource| &resource.id);
        let named = self
            .words
            .iter()
            .rev()
            .find_map(|word| match address::find(word, ids()) {
                address::Meant::One(id) => graph.get(id),
                address::Meant::Any(_) | address::Meant::None => None,
            });
        let names = named.map(crate::render::explain::properties);
        let names = names.unwrap_or_default().into_iter();
        names.map(CompletionCandidate::new).collect()
    }

    fn policies(&self, _: &str) -> Vec<CompletionCandidate> {
        let names = self.graph().map(|graph| resources::policies(&graph));
        let names = names.unwrap_or_default().into_iter();
        names.map(CompletionCandidate::new).collect()
    }
}

fn probes(_: &Project, _: &str) -> Vec<CompletionCandidate> {
    verify::probes::all()
        .map(|probe| CompletionCandidate::new(probe.id).help(Some(probe.title.into())))
        .collect()
}

/// The spec that the words name, as far as they do.
fn spec_of(words: &[String]) -> SpecFile {
    let after = |names: [&str; 2]| {
        let is_option = |word: &String| names.contains(&word.as_str());
        let apart = words
            .iter()
            .position(is_option)
            .and_then(|at| words.get(at + 1));
        let joined = || {
            let long = format!("{}=", names[1]);
            words.iter().find_map(|word| word.strip_prefix(&long))
        };
        apart.map(String::as_str).or_else(joined).map(str::to_owned)
    };
    match (after(["-e", "--env"]), after(["-f", "--file"])) {
        (Some(env), _) => SpecFile::Environment(env),
        (None, Some(file)) => SpecFile::Path(file.into()),
        (None, None) => SpecFile::Path(DEFAULT_SPEC.into()),
    }
}

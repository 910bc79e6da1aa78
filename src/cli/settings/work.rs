//! What a command that goes to Azure starts from: the spec, the place, the sign-in, the forms of its result.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::credential::auth_settings;
use super::{DEFAULT_SPEC, Surroundings};
use crate::azure::{AuthSettings, Cloud, Proxy};
use crate::cli::args::{
    ALL, AzureArgs, ChoiceArgs, FileArgs, LiveArgs, OfflineArgs, SandboxArgs, Sink, SpecArgs, View,
    ViewArgs, WriteArgs,
};
use crate::plan::{Allowance, Selection};
use crate::sandbox;
use crate::spec::{LoadOptions, SpecFile};

/// What plan and apply start from.
#[derive(Clone, Debug)]
pub(crate) struct Work {
    /// The spec, or the first of several.
    pub spec: LoadOptions,
    /// The environments as they were named; empty for a file.
    pub environments: Vec<String>,
    pub place: Place,
    /// The operator's word on the cloud: it goes before the spec's.
    pub cloud: Option<&'static Cloud>,
    pub view: View,
    pub out: Vec<Sink>,
    pub pipeline: Pipeline,
    pub choice: Choice,
}

/// Where a pipeline reads what a step has to say, as far as it told.
#[derive(Clone, Debug)]
pub(crate) struct Pipeline {
    pub github_summary: Option<PathBuf>,
    pub github_output: Option<PathBuf>,
    pub azdo_temp: Option<PathBuf>,
}

impl Pipeline {
    fn of(around: &Surroundings) -> Self {
        let path = |name| around.get(name).map(PathBuf::from);
        Self {
            github_summary: path("GITHUB_STEP_SUMMARY"),
            github_output: path("GITHUB_OUTPUT"),
            azdo_temp: path("AGENT_TEMPDIRECTORY"),
        }
    }
}

/// What of a plan is wanted, and what is let happen.
#[derive(Clone, Debug, Default)]
pub(crate) struct Choice {
    pub selection: Selection,
    pub allow: Vec<Allowance>,
}

#[derive(Clone, Debug)]
pub(crate) enum Place {
    Sandbox(sandbox::Options),
    Azure {
        auth: AuthSettings,
        /// Certificate authorities to trust beside the system's.
        ca_file: Option<PathBuf>,
        /// For messages: the HTTP client finds it by itself.
        proxy: Proxy,
    },
}

impl Work {
    pub(crate) fn is_sandbox(&self) -> bool {
        matches!(self.place, Place::Sandbox(_))
    }

    /// Whether it is about more than one spec, or may be.
    pub(crate) fn is_of_several(&self) -> bool {
        self.environments.len() > 1 || self.environments.iter().any(|name| name == ALL)
    }

    /// The same for another environment.
    #[must_use]
    pub(crate) fn of(&self, environment: &str) -> Self {
        let mut work = self.clone();
        work.spec.spec = SpecFile::Environment(environment.to_owned());
        work
    }

    /// A variable that holds a secret.
    pub(crate) fn secret(&self, name: &str) -> Option<SecretString> {
        let value = self.spec.environment.get(name)?;
        (!value.is_empty()).then(|| SecretString::from(value.clone()))
    }
}

/// For commands with forms of their own.
pub(super) fn of_live(from: LiveArgs, around: Surroundings) -> Work {
    let LiveArgs { spec, azure } = from;
    work(
        spec,
        azure,
        ViewArgs::default(),
        ChoiceArgs::default(),
        around,
    )
}

pub(super) fn of_write(from: WriteArgs, around: Surroundings) -> Work {
    let WriteArgs {
        spec,
        choice,
        azure,
        view,
    } = from;
    work(spec, azure, view, choice, around)
}

pub(super) fn offline(from: OfflineArgs, around: Surroundings) -> LoadOptions {
    let OfflineArgs { spec, sandbox } = from;
    load_options(spec, sandbox, around)
}

pub(super) fn work(
    spec: SpecArgs,
    azure: AzureArgs,
    view: ViewArgs,
    choice: ChoiceArgs,
    around: Surroundings,
) -> Work {
    let ChoiceArgs {
        target,
        exclude,
        allow,
    } = choice;
    let AzureArgs {
        cloud,
        auth,
        ca_file,
        sandbox,
    } = azure;
    let ViewArgs { format, out } = view;
    let pipeline = Pipeline::of(&around);
    let place = match sandbox_options(sandbox) {
        Some(options) => Place::Sandbox(options),
        None => Place::Azure {
            auth: auth_settings(auth, &around),
            ca_file,
            proxy: Proxy::of(|name| around.get(name)),
        },
    };
    Work {
        environments: spec.env.clone(),
        spec: load_options(spec, matches!(place, Place::Sandbox(_)), around),
        place,
        cloud: cloud.as_deref().and_then(Cloud::find),
        view: format.output,
        out,
        pipeline,
        choice: Choice {
            selection: Selection { target, exclude },
            allow,
        },
    }
}

fn load_options(args: SpecArgs, sandbox: bool, around: Surroundings) -> LoadOptions {
    let SpecArgs { env, files } = args;
    let FileArgs {
        file,
        allow_outside,
    } = files;
    let Surroundings {
        variables,
        directory,
    } = around;
    LoadOptions {
        spec: match (env.into_iter().next(), file) {
            (Some(env), _) => SpecFile::Environment(env),
            (None, Some(file)) => SpecFile::Path(file),
            (None, None) => SpecFile::Path(DEFAULT_SPEC.into()),
        },
        directory,
        environment: variables,
        sandbox,
        allow_outside,
    }
}

fn sandbox_options(args: SandboxArgs) -> Option<sandbox::Options> {
    let SandboxArgs {
        sandbox,
        latency,
        operation_scale,
        record,
    } = args;
    sandbox.map(|directory| scaled(directory, latency, operation_scale, record))
}

pub(super) fn scaled(
    directory: PathBuf,
    latency: Option<Duration>,
    operation_scale: Option<f64>,
    record: Option<PathBuf>,
) -> sandbox::Options {
    let defaults = sandbox::Options::new(directory);
    sandbox::Options {
        latency: latency.unwrap_or(defaults.latency),
        operation_scale: operation_scale.unwrap_or(defaults.operation_scale),
        record,
        ..defaults
    }
}

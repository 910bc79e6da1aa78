//! Options that say what a command works on: which spec, what of its plan, which Azure.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::value::{allowance, fraction, pattern, time};
use super::view::ViewArgs;
use crate::plan::Allowance;
use crate::resource::Pattern;

/// Which spec.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spec")]
pub(crate) struct SpecArgs {
    /// Environment: the spec in environments/ENV.yaml
    #[arg(short, long, value_name = "ENV", conflicts_with = "file")]
    pub env: Vec<String>,

    #[command(flatten)]
    pub files: FileArgs,
}

/// Which specs, for commands that look at several and write nothing.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spec")]
pub(crate) struct SpecsArgs {
    /// Environment: the spec in environments/ENV.yaml; may be repeated, `*` is all of them
    #[arg(short, long, value_name = "ENV", conflicts_with = "file")]
    pub env: Vec<String>,

    #[command(flatten)]
    pub files: FileArgs,
}

impl From<SpecsArgs> for SpecArgs {
    fn from(SpecsArgs { env, files }: SpecsArgs) -> Self {
        Self { env, files }
    }
}

/// What is read, where it is not an environment.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spec")]
pub(crate) struct FileArgs {
    /// Spec file [default: secgw.yaml]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Let the spec read files outside the project
    #[arg(long)]
    pub allow_outside: bool,
}

/// What of the plan is wanted, and what it may do.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Plan")]
pub(crate) struct ChoiceArgs {
    /// Only this resource, what is inside of it and what they depend on; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = pattern)]
    pub target: Vec<Pattern>,

    /// Not this resource, nor what is inside of it or depends on it; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = pattern)]
    pub exclude: Vec<Pattern>,

    /// Let what this objection is about happen this once: `NAME`, `NAME:ADDRESS` or `NAME=n`; may be repeated
    #[arg(long, value_name = "NAME[=n]", value_parser = allowance)]
    pub allow: Vec<Allowance>,
}

/// What a command starts from that reaches nothing.
#[derive(Debug, Args)]
pub(crate) struct OfflineArgs {
    #[command(flatten)]
    pub spec: SpecArgs,

    /// Answer references to unset variables with the sandbox's subscription, tenants and credentials
    #[arg(long, help_heading = "Sandbox")]
    pub sandbox: bool,
}

/// What a command starts from that looks at one deployment.
#[derive(Debug, Args)]
pub(crate) struct LiveArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
}

/// What a command starts from that changes one.
#[derive(Debug, Args)]
pub(crate) struct WriteArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Where Azure is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Azure")]
pub(crate) struct AzureArgs {
    /// Cloud to work in, instead of the spec's `azure.cloud`
    #[arg(long, value_name = "CLOUD", value_parser = ["public", "usGovernment", "china"])]
    pub cloud: Option<String>,

    /// Sign in by this method and no other
    #[arg(long, value_enum, value_name = "METHOD", conflicts_with = "sandbox")]
    pub auth: Option<Auth>,

    /// Trust these certificate authorities too (PEM), for example of a proxy that inspects TLS
    #[arg(long, value_name = "FILE", conflicts_with = "sandbox")]
    pub ca_file: Option<PathBuf>,

    #[command(flatten)]
    pub sandbox: SandboxArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Auth {
    ClientSecret,
    #[value(name = "github-actions")]
    GitHubActions,
    AzurePipelines,
    FederatedToken,
    ManagedIdentity,
    AzureCli,
}

/// The Azure inside this program, in place of the real one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sandbox")]
pub(crate) struct SandboxArgs {
    /// Use the Azure inside this program: no account, no network; its state is kept in DIR
    #[arg(long, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = ".secgw/sandbox")]
    pub sandbox: Option<PathBuf>,

    /// Answer each request of the sandbox this much later: `50ms`, `1s`
    #[arg(long, value_name = "TIME", value_parser = time, requires = "sandbox")]
    pub latency: Option<Duration>,

    /// How long the sandbox's operations take, as a fraction of Azure's times: 0.1, 1
    #[arg(long, value_name = "FRACTION", value_parser = fraction, requires = "sandbox")]
    pub operation_scale: Option<f64>,

    /// Write every request and answer of the sandbox to FILE, as JSON lines without secrets
    #[arg(long, value_name = "FILE", requires = "sandbox")]
    pub record: Option<PathBuf>,
}

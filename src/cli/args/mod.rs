//! The command line: every command and option, in the words a user reads in `--help`.
//!
//! Parsing alone. `settings` joins it with the environment and fills in what was left out. `scope` and `view` are the
//! options that commands share; the commands stand by family: `start`, `offline`, `change`, `proof`, `auth`, `shell`.

mod auth;
mod change;
mod offline;
mod proof;
mod scope;
mod shell;
mod start;
mod value;
mod view;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Component, Path};

use clap::error::ErrorKind;
use clap::{ArgAction, Args, CommandFactory as _, Parser, Subcommand, ValueEnum};

pub(crate) use auth::{AuthCommand, DoctorArgs, For, PermissionsArgs, RightsFormat};
pub(crate) use change::{ApplyArgs, ApprovalArgs, DestroyArgs, DriftArgs, PlanArgs, ShowArgs};
pub(crate) use offline::{
    Drawing, EnvironmentsArgs, ExplainArgs, GraphArgs, RenderArgs, SchemaArgs, SubjectArgs,
    ValidateArgs,
};
pub(crate) use proof::{AttackArgs, CheckArgs, GroupArgs, ReportFormat, VerifyArgs};
pub(crate) use scope::{
    Auth, AzureArgs, ChoiceArgs, FileArgs, LiveArgs, OfflineArgs, SandboxArgs, SpecArgs, WriteArgs,
};
pub(crate) use shell::{CompletionsArgs, ManArgs, SandboxCommand, ServeArgs, Shell};
pub(crate) use start::InitArgs;
pub(crate) use view::{Form, Format, Sink, View, ViewArgs};

/// Builds and guards an API gateway on Azure from one short spec
///
/// A spec says which APIs there are, who may call them and where they run. secgw compiles it into Azure resources,
/// compares them with what is live and makes the difference so. There is no state file: Azure is the state.
#[derive(Debug, Parser)]
#[command(
    name = "secgw",
    version,
    max_term_width = 100,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "\
Start here, without an account and without a network:
  secgw apply -e dev --sandbox        build the `dev` environment on the Azure inside this program
  secgw plan -e dev --sandbox         see that nothing is left to do

`secgw COMMAND --help` says more about each command."
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub terminal: TerminalArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Init(InitArgs),
    Environments(EnvironmentsArgs),
    Validate(ValidateArgs),
    Render(RenderArgs),
    Schema(SchemaArgs),
    Plan(PlanArgs),
    Drift(DriftArgs),
    Show(ShowArgs),
    Apply(ApplyArgs),
    Destroy(DestroyArgs),
    Check(CheckArgs),
    Verify(VerifyArgs),
    Explain(ExplainArgs),
    Graph(GraphArgs),
    #[command(subcommand)]
    Auth(AuthCommand),
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// All environments.
pub(crate) const ALL: &str = "*";

impl Arguments {
    /// What was typed, or what is wrong with it.
    pub(crate) fn read<I>(words: I) -> Result<Self, clap::Error>
    where
        I: IntoIterator,
        I::Item: Into<OsString> + Clone,
    {
        let arguments = Self::try_parse_from(words)?;
        if let Some(file) = arguments.command.written_twice() {
            let message = format!(
                "`--out` names {} twice: what is written last would be all there is",
                file.display()
            );
            return Err(Self::command().error(ErrorKind::ArgumentConflict, message));
        }
        match arguments.command.of_one() {
            Some((name, env)) if env.len() > 1 || env.iter().any(|name| name == ALL) => {
                let message = format!(
                    "`{name}` is about one environment: run it once for each, so that what goes wrong with one leaves the others alone. `plan` and `drift` look at several"
                );
                let mut command = Self::command();
                Err(command.error(ErrorKind::ArgumentConflict, message))
            }
            Some(_) | None => Ok(arguments),
        }
    }
}

impl Command {
    /// The file that two of its sinks have.
    fn written_twice(&self) -> Option<&Path> {
        let out = match self {
            Self::Plan(args) => &args.view.out,
            Self::Drift(args) => &args.view.out,
            Self::Apply(args) => &args.from.view.out,
            Self::Destroy(args) => &args.from.view.out,
            Self::Init(_)
            | Self::Environments(_)
            | Self::Validate(_)
            | Self::Render(_)
            | Self::Schema(_)
            | Self::Show(_)
            | Self::Check(_)
            | Self::Verify(_)
            | Self::Explain(_)
            | Self::Graph(_)
            | Self::Auth(_)
            | Self::Sandbox(_)
            | Self::Completions(_)
            | Self::Man(_) => return None,
        };
        // `./x` is `x`.
        let same = |path: &Path| -> Vec<OsString> {
            let parts = path.components().filter(|part| *part != Component::CurDir);
            parts.map(|part| part.as_os_str().to_owned()).collect()
        };
        let mut seen = BTreeSet::new();
        let mut files = out.iter().map(|sink| sink.file.as_path());
        files.find(|file| !seen.insert(same(file)))
    }

    /// The environments that were named to a command that works on one.
    fn of_one(&self) -> Option<(&'static str, &[String])> {
        let (name, spec) = match self {
            Self::Validate(args) => ("validate", &args.from.spec),
            Self::Render(args) => ("render", &args.from.spec),
            Self::Apply(args) => ("apply", &args.from.spec),
            Self::Destroy(args) => ("destroy", &args.from.spec),
            Self::Check(args) => ("check", &args.from.spec),
            Self::Verify(args) => ("verify", &args.from.spec),
            Self::Explain(args) => ("explain", &args.from.spec),
            Self::Graph(args) => ("graph", &args.from.spec),
            Self::Auth(AuthCommand::Doctor(args)) => ("auth doctor", &args.from.spec),
            Self::Auth(AuthCommand::Permissions(args)) => ("auth permissions", &args.from.spec),
            Self::Init(_)
            | Self::Environments(_)
            | Self::Schema(_)
            | Self::Plan(_)
            | Self::Drift(_)
            | Self::Show(_)
            | Self::Sandbox(_)
            | Self::Completions(_)
            | Self::Man(_) => return None,
        };
        Some((name, &spec.env))
    }
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub(crate) struct TerminalArgs {
    /// When to use colour; `auto` also minds `NO_COLOR` and `CLICOLOR_FORCE`
    #[arg(long, global = true, value_enum, value_name = "WHEN", default_value_t = When::Auto)]
    pub color: When,

    /// Leave out progress and hints: results and errors only
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub quiet: bool,

    /// Tell more: every property that is set, every retry; `-vv` also logs requests
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub verbose: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    Auto,
    Always,
    Never,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn only_what_writes_nothing_takes_several_environments() {
        let read = |line: &str| Arguments::read(line.split(' ')).map(drop);
        assert!(read("secgw plan -e dev -e prod").is_ok());
        assert!(read("secgw apply -e dev").is_ok());
        for line in [
            "secgw plan --out md=x --out json=./x",
            "secgw apply --out md=x --out md=x",
        ] {
            let error = read(line).unwrap_err().to_string();
            assert!(error.contains("x twice"), "{error}");
        }
        assert!(read("secgw plan --out md=x --out json=d/x").is_ok());
        for line in ["secgw apply -e dev -e prod", "secgw destroy -e *"] {
            let error = read(line).unwrap_err().to_string();
            assert!(error.contains("is about one environment"), "{error}");
        }
    }
}

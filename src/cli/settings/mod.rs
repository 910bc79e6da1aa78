//! One resolve: options, environment variables and defaults become what the commands work from.
//!
//! Nothing deeper reads an option or a variable. Every option is taken out of its struct by name here, so that one
//! that nothing uses does not compile.

mod credential;
mod work;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;

use super::args::{
    ApplyArgs, Arguments, AuthCommand, CheckArgs, ChoiceArgs, Command, CompletionsArgs,
    DestroyArgs, DoctorArgs, Drawing, DriftArgs, EnvironmentsArgs, ExplainArgs, For, Format,
    FormatArgs, GraphArgs, InitArgs, ManArgs, PermissionsArgs, PlanArgs, RenderArgs, ReportFormat,
    RightsFormat, SandboxCommand, SchemaArgs, ServeArgs, Shell, ShowArgs, StandInArgs,
    TerminalArgs, ValidateArgs, VerifyArgs, When,
};
use super::starter::{Ci, Provider};
use crate::resource::Pattern;
use crate::resource::rights::Purpose;
use crate::sandbox;
use crate::spec::LoadOptions;
use crate::verify::Selection as Probes;
use work::{load_options, plain, scaled, work};

pub use work::{Choice, Pipeline, Place, Work};

/// Read where neither an environment nor a file is named.
pub const DEFAULT_SPEC: &str = "secgw.yaml";

/// What the process was started with, apart from its arguments.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    pub variables: BTreeMap<String, String>,
    pub directory: PathBuf,
}

impl Surroundings {
    /// Variables that are not text are left out: nothing secgw reads can be one of them.
    pub fn of_process() -> io::Result<Self> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Ok(Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            directory: std::env::current_dir()?,
        })
    }

    pub fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

#[derive(Debug)]
pub struct Settings {
    pub terminal: Terminal,
    pub task: Task,
}

#[derive(Clone, Copy, Debug)]
pub struct Terminal {
    pub colour: ColorChoice,
    pub verbosity: Verbosity,
    /// A pipeline's log: no lines that are drawn over, no questions.
    pub is_pipeline: bool,
    /// A locale without UTF-8.
    pub is_ascii: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    Quiet,
    Normal,
    Detailed,
    /// Also what the HTTP pipeline logs.
    Logged,
}

#[derive(Debug)]
pub enum Task {
    Init(Init),
    Environments {
        directory: PathBuf,
        format: Format,
    },
    Validate {
        spec: LoadOptions,
        format: Format,
    },
    Render {
        spec: LoadOptions,
        what: Rendered,
    },
    Schema,
    Plan {
        work: Work,
        detailed_exitcode: bool,
    },
    Drift {
        work: Work,
    },
    Show {
        plan: PathBuf,
        format: Format,
    },
    Apply {
        work: Work,
        approval: Approval,
        /// Attack the result.
        verify: bool,
    },
    Destroy {
        work: Work,
        also: Vec<Pattern>,
        approval: Approval,
    },
    Verify(Verify),
    Check(Check),
    Explain(Question),
    Graph {
        spec: LoadOptions,
        drawing: Drawing,
    },
    Permissions(RightsAsked),
    Doctor {
        work: Work,
        format: Format,
    },
    Serve(ServeSettings),
    Completions(Shell),
    Man {
        directory: Option<PathBuf>,
    },
}

/// What is to be explained.
#[derive(Debug)]
pub struct Question {
    /// A control's id or a resource's address.
    pub what: String,
    pub property: Option<String>,
    /// Where the address is looked for.
    pub spec: LoadOptions,
    pub format: Format,
}

/// What a project is started with, as far as it was said.
#[derive(Debug)]
pub struct Init {
    pub directory: PathBuf,
    pub name: Option<String>,
    pub tenant: Option<String>,
    pub provider: Option<Provider>,
    pub tier: Option<String>,
    pub location: Option<String>,
    pub email: Option<String>,
    pub environments: Vec<String>,
    pub ci: Option<Ci>,
    /// Take the rest as usual.
    pub yes: bool,
}

/// For what the rights are wanted that a spec takes.
#[derive(Debug)]
pub struct RightsAsked {
    pub spec: LoadOptions,
    pub purpose: Purpose,
    pub format: RightsFormat,
}

/// What was approved before an apply.
#[derive(Debug)]
pub struct Approval {
    /// A saved plan.
    pub plan: Option<PathBuf>,
    /// The digest of a plan, or its beginning.
    pub expect: Option<String>,
    /// Whatever the plan is.
    pub yes: bool,
}

#[derive(Debug)]
pub enum Rendered {
    Spec(Format),
    Resources,
    Policy(String),
}

/// What the controls are evaluated on, and how the report is written.
#[derive(Debug)]
pub struct Check {
    pub work: Work,
    pub live: bool,
    /// Looked at without a spec.
    pub group: Option<Group>,
    pub format: ReportFormat,
}

/// A resource group of which nothing else is known.
#[derive(Debug)]
pub struct Group {
    pub name: String,
    pub subscription: Option<String>,
    pub tenant: Option<String>,
    /// Where users sign in, if that is to be looked at.
    pub identity: Option<String>,
}

/// Which probes are tried, as whom, and how the report is written.
#[derive(Debug)]
pub struct Verify {
    pub work: Work,
    pub selection: Probes,
    /// How many requests may be sent.
    pub most: u32,
    /// The variable that holds the user's token.
    pub token: Option<String>,
    /// Variables that hold tokens that must be refused.
    pub bad: Vec<String>,
    pub format: ReportFormat,
}

#[derive(Debug)]
pub struct ServeSettings {
    pub sandbox: sandbox::Options,
    /// Say how curl gets to the deployed hosts.
    pub connect_map: bool,
}

impl Settings {
    pub fn resolve(arguments: Arguments, around: Surroundings) -> Self {
        let Arguments { terminal, command } = arguments;
        let terminal = resolve_terminal(&terminal, &around);
        let task = match command {
            Command::Init(args) => Task::Init(init(args, &around)),
            Command::Environments(EnvironmentsArgs {
                format: FormatArgs { output },
            }) => Task::Environments {
                directory: around.directory,
                format: output,
            },
            Command::Validate(args) => validate(args, around),
            Command::Render(args) => render(args, around),
            Command::Schema(SchemaArgs {}) => Task::Schema,
            Command::Plan(args) => plan(args, around),
            Command::Drift(DriftArgs { spec, azure, view }) => Task::Drift {
                work: work(spec.into(), azure, view, ChoiceArgs::default(), around),
            },
            Command::Show(ShowArgs {
                plan,
                format: FormatArgs { output },
            }) => Task::Show {
                plan,
                format: output,
            },
            Command::Apply(args) => apply(args, around),
            Command::Destroy(args) => destroy(args, around),
            Command::Check(args) => check(args, around),
            Command::Verify(args) => verify(args, around),
            Command::Explain(args) => explain(args, around),
            Command::Graph(args) => graph(args, around),
            Command::Auth(AuthCommand::Permissions(args)) => permissions(args, around),
            Command::Auth(AuthCommand::Doctor(args)) => doctor(args, around),
            Command::Sandbox(SandboxCommand::Serve(args)) => Task::Serve(serve(args)),
            Command::Completions(CompletionsArgs { shell }) => Task::Completions(shell),
            Command::Man(ManArgs { dir }) => Task::Man { directory: dir },
        };
        Self { terminal, task }
    }
}

fn resolve_terminal(args: &TerminalArgs, around: &Surroundings) -> Terminal {
    let TerminalArgs {
        color,
        quiet,
        verbose,
    } = *args;
    Terminal {
        colour: match color {
            When::Auto => ColorChoice::Auto,
            When::Always => ColorChoice::Always,
            When::Never => ColorChoice::Never,
        },
        verbosity: match (quiet, verbose) {
            (true, _) => Verbosity::Quiet,
            (false, 0) => Verbosity::Normal,
            (false, 1) => Verbosity::Detailed,
            (false, _) => Verbosity::Logged,
        },
        // GitHub and GitLab set CI, Azure Pipelines sets TF_BUILD.
        is_pipeline: ["CI", "TF_BUILD"]
            .iter()
            .any(|name| around.get(name).is_some_and(|value| value != "false")),
        is_ascii: is_ascii(around),
    }
}

/// The first variable that is set decides, as in POSIX. Where none is, in a container for example, UTF-8 is what
/// terminals and logs take today.
fn is_ascii(around: &Surroundings) -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .iter()
        .find_map(|name| around.get(name));
    locale.is_some_and(|locale| {
        let locale = locale.to_ascii_lowercase();
        !locale.contains("utf-8") && !locale.contains("utf8")
    })
}

fn init(args: InitArgs, around: &Surroundings) -> Init {
    let InitArgs {
        directory,
        name,
        tenant,
        provider,
        tier,
        location,
        email,
        env,
        ci,
        yes,
    } = args;
    let is_here = directory == Path::new(".");
    Init {
        directory: if is_here {
            around.directory.clone()
        } else {
            directory
        },
        name,
        tenant,
        provider,
        tier,
        location,
        email,
        environments: env,
        ci,
        yes,
    }
}

fn validate(args: ValidateArgs, around: Surroundings) -> Task {
    let ValidateArgs {
        spec,
        stand_in: StandInArgs { sandbox },
        format: FormatArgs { output },
    } = args;
    Task::Validate {
        spec: load_options(spec, sandbox, around),
        format: output,
    }
}

fn render(args: RenderArgs, around: Surroundings) -> Task {
    let RenderArgs {
        spec,
        arm,
        policy,
        stand_in: StandInArgs { sandbox },
        format: FormatArgs { output },
    } = args;
    Task::Render {
        spec: load_options(spec, sandbox, around),
        what: match (arm, policy) {
            (_, Some(api)) => Rendered::Policy(api),
            (true, None) => Rendered::Resources,
            (false, None) => Rendered::Spec(output),
        },
    }
}

fn explain(args: ExplainArgs, around: Surroundings) -> Task {
    let ExplainArgs {
        what,
        property,
        spec,
        stand_in: StandInArgs { sandbox },
        format: FormatArgs { output },
    } = args;
    Task::Explain(Question {
        what,
        property,
        spec: load_options(spec, sandbox, around),
        format: output,
    })
}

fn graph(args: GraphArgs, around: Surroundings) -> Task {
    let GraphArgs {
        spec,
        stand_in: StandInArgs { sandbox },
        output,
    } = args;
    Task::Graph {
        spec: load_options(spec, sandbox, around),
        drawing: output,
    }
}

fn doctor(args: DoctorArgs, around: Surroundings) -> Task {
    let DoctorArgs {
        spec,
        azure,
        format: FormatArgs { output },
    } = args;
    Task::Doctor {
        work: work(spec, azure, plain(), ChoiceArgs::default(), around),
        format: output,
    }
}

fn permissions(args: PermissionsArgs, around: Surroundings) -> Task {
    let PermissionsArgs {
        purpose,
        spec,
        stand_in: StandInArgs { sandbox },
        output,
    } = args;
    Task::Permissions(RightsAsked {
        spec: load_options(spec, sandbox, around),
        purpose: match purpose {
            For::Plan => Purpose::Plan,
            For::Apply => Purpose::Apply,
        },
        format: output,
    })
}

fn plan(args: PlanArgs, around: Surroundings) -> Task {
    let PlanArgs {
        spec,
        detailed_exitcode,
        choice,
        azure,
        view,
    } = args;
    Task::Plan {
        work: work(spec.into(), azure, view, choice, around),
        detailed_exitcode,
    }
}

fn apply(args: ApplyArgs, around: Surroundings) -> Task {
    let ApplyArgs {
        plan,
        expect,
        yes,
        verify,
        spec,
        choice,
        azure,
        view,
    } = args;
    Task::Apply {
        work: work(spec, azure, view, choice, around),
        approval: Approval { plan, expect, yes },
        verify,
    }
}

fn check(args: CheckArgs, around: Surroundings) -> Task {
    let CheckArgs {
        live,
        resource_group,
        subscription,
        tenant,
        identity_tenant,
        spec,
        azure,
        output,
    } = args;
    let variable = |name| around.get(name).map(str::to_owned);
    let group = resource_group.map(|name| Group {
        name,
        subscription: subscription
            .or_else(|| variable("AZURE_SUBSCRIPTION_ID"))
            .or_else(|| variable("ARM_SUBSCRIPTION_ID")),
        tenant: tenant
            .or_else(|| variable("AZURE_TENANT_ID"))
            .or_else(|| variable("ARM_TENANT_ID")),
        identity: identity_tenant,
    });
    Task::Check(Check {
        work: work(spec, azure, plain(), ChoiceArgs::default(), around),
        live,
        group,
        format: output,
    })
}

fn destroy(args: DestroyArgs, around: Surroundings) -> Task {
    let DestroyArgs {
        spec,
        yes,
        also,
        choice,
        azure,
        view,
    } = args;
    Task::Destroy {
        work: work(spec, azure, view, choice, around),
        also,
        approval: Approval {
            plan: None,
            expect: None,
            yes,
        },
    }
}

fn verify(args: VerifyArgs, around: Surroundings) -> Task {
    let VerifyArgs {
        only,
        aggressive,
        max_requests,
        token_env,
        bad_token_env,
        spec,
        azure,
        output,
    } = args;
    Task::Verify(Verify {
        work: work(spec, azure, plain(), ChoiceArgs::default(), around),
        selection: Probes {
            only,
            is_aggressive: aggressive,
        },
        most: max_requests,
        token: token_env,
        bad: bad_token_env,
        format: output,
    })
}

fn serve(args: ServeArgs) -> ServeSettings {
    let ServeArgs {
        listen,
        dir,
        latency,
        operation_scale,
        record,
        connect_map,
    } = args;
    let sandbox = sandbox::Options {
        listen,
        ..scaled(dir, latency, operation_scale, record)
    };
    ServeSettings {
        sandbox,
        connect_map,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::azure::auth::Method;
    use clap::Parser as _;

    fn settings(line: &str, variables: &[(&str, &str)]) -> Settings {
        let arguments = Arguments::try_parse_from(line.split(' ')).unwrap();
        let variables = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Settings::resolve(
            arguments,
            Surroundings {
                variables: variables.collect(),
                directory: "/work".into(),
            },
        )
    }

    fn work(line: &str, variables: &[(&str, &str)]) -> Work {
        match settings(line, variables).task {
            Task::Plan { work, .. } => work,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn signing_in_is_set_by_the_usual_variables() {
        let variables = [
            ("AZURE_TENANT_ID", "t"),
            ("AZURE_CLIENT_ID", "c"),
            ("AZURE_CLIENT_SECRET", "s"),
            ("AZURE_FEDERATED_TOKEN_FILE", ""),
        ];
        let Place::Azure { auth, .. } = work("secgw plan", &variables).place else {
            panic!()
        };
        assert_eq!(auth.methods(), [Method::ClientSecret]);
        assert_eq!(
            (auth.tenant.as_deref(), auth.client_id.as_deref()),
            (Some("t"), Some("c"))
        );
        assert!(auth.federation.is_none());
    }

    #[test]
    fn only_the_flag_chooses_the_sandbox() {
        let variables = [("SECGW_SANDBOX", "1")];
        assert!(matches!(
            work("secgw plan", &variables).place,
            Place::Azure { .. }
        ));
        let sandboxed = work("secgw plan --sandbox=x --operation-scale 0.5", &[]);
        let Place::Sandbox(options) = sandboxed.place else {
            panic!()
        };
        assert_eq!(
            (options.dir, options.operation_scale),
            (PathBuf::from("x"), 0.5)
        );
        assert!(sandboxed.spec.sandbox);
    }

    #[test]
    fn the_spec_is_an_environment_a_file_or_the_one_that_lies_here() {
        let spec = |line: &str| format!("{:?}", work(line, &[]).spec.spec);
        assert_eq!(spec("secgw plan -e dev"), "Environment(\"dev\")");
        assert_eq!(spec("secgw plan -f a.yaml"), "Path(\"a.yaml\")");
        assert_eq!(spec("secgw plan"), "Path(\"secgw.yaml\")");
    }

    #[test]
    fn a_locale_without_utf_8_gets_ascii() {
        let is_ascii =
            |variables: &[(&str, &str)]| settings("secgw schema", variables).terminal.is_ascii;
        assert!(is_ascii(&[("LANG", "C")]));
        assert!(is_ascii(&[("LC_ALL", "POSIX"), ("LANG", "en_US.UTF-8")]));
        assert!(!is_ascii(&[("LANG", "de_DE.utf8")]) && !is_ascii(&[]));
    }

    #[test]
    fn a_pipeline_is_known_by_its_variables() {
        let is_pipeline =
            |variables: &[(&str, &str)]| settings("secgw schema", variables).terminal.is_pipeline;
        assert!(is_pipeline(&[("TF_BUILD", "True")]));
        assert!(!is_pipeline(&[("CI", "false")]) && !is_pipeline(&[]));
    }
}

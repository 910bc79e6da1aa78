//! One resolve: options, environment variables and defaults become what the commands work from.
//!
//! Nothing deeper reads an option or a variable. What means the same to several commands is resolved here, once; what
//! one command alone asks goes to it as it was parsed. `args` is private to the command line, so that the compiler
//! names an option that nothing reads.

mod credential;
mod work;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use anstream::ColorChoice;

use super::args::{
    ApplyArgs, ApprovalArgs, Arguments, AttackArgs, AuthCommand, CheckArgs, ChoiceArgs, Command,
    CompletionsArgs, DestroyArgs, DoctorArgs, Drawing, DriftArgs, EnvironmentsArgs, ExplainArgs,
    For, Format, GraphArgs, GroupArgs, InitArgs, ManArgs, PermissionsArgs, PlanArgs, RenderArgs,
    ReportFormat, RightsFormat, SandboxCommand, SchemaArgs, ServeArgs, Shell, ShowArgs,
    SubjectArgs, TerminalArgs, ValidateArgs, VerifyArgs, When,
};
use crate::resource::Pattern;
use crate::resource::rights::Purpose;
use crate::sandbox;
use crate::spec::LoadOptions;
use work::{of_live, of_write, offline, scaled, work};

pub(crate) use work::{Choice, Place, Work};

/// Read where neither an environment nor a file is named.
pub(crate) const DEFAULT_SPEC: &str = "secgw.yaml";

/// What the process was started with, apart from its arguments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Surroundings {
    pub variables: BTreeMap<String, String>,
    pub directory: PathBuf,
}

impl Surroundings {
    /// Variables that are not text are left out: nothing secgw reads can be one of them.
    pub(crate) fn of_process() -> io::Result<Self> {
        let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Ok(Self {
            variables: std::env::vars_os().filter_map(text).collect(),
            directory: std::env::current_dir()?,
        })
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let value = self.variables.get(name).map(String::as_str);
        value.filter(|value| !value.is_empty())
    }
}

#[derive(Debug)]
pub(crate) struct Settings {
    pub terminal: Terminal,
    pub task: Task,
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Terminal {
    pub colour: ColorChoice,
    pub verbosity: Verbosity,
    /// A pipeline's log: no lines that are drawn over, no questions.
    pub is_pipeline: bool,
    /// A locale without UTF-8.
    pub is_ascii: bool,
    /// What `COLUMNS` says, which goes before what the terminal says.
    pub columns: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verbosity {
    Quiet,
    Normal,
    Detailed,
    /// Also what the HTTP pipeline logs.
    Logged,
}

#[derive(Debug)]
pub(crate) enum Task {
    Init(InitArgs),
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
    Show(ShowArgs),
    Apply {
        work: Work,
        approval: ApprovalArgs,
        /// Attack the result.
        verify: bool,
    },
    Destroy {
        work: Work,
        also: Vec<Pattern>,
        approval: ApprovalArgs,
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

/// What is to be explained, and where its address is looked for.
#[derive(Debug)]
pub(crate) struct Question {
    pub subject: SubjectArgs,
    pub spec: LoadOptions,
    pub format: Format,
}

/// For what the rights are wanted that a spec takes.
#[derive(Debug)]
pub(crate) struct RightsAsked {
    pub spec: LoadOptions,
    pub purpose: Purpose,
    pub format: RightsFormat,
}

#[derive(Debug)]
pub(crate) enum Rendered {
    Spec(Format),
    Resources,
    Policy(String),
}

/// What the controls are evaluated on, and how the report is written.
#[derive(Debug)]
pub(crate) struct Check {
    pub work: Work,
    pub live: bool,
    /// Looked at without a spec.
    pub group: Option<Group>,
    pub format: ReportFormat,
}

/// A resource group of which nothing else is known.
#[derive(Debug)]
pub(crate) struct Group {
    pub name: String,
    pub subscription: Option<String>,
    pub tenant: Option<String>,
    /// Where users sign in, if that is to be looked at.
    pub identity: Option<String>,
}

/// Which probes are tried, as whom, and how the report is written.
#[derive(Debug)]
pub(crate) struct Verify {
    pub work: Work,
    pub attack: AttackArgs,
    pub format: ReportFormat,
}

#[derive(Debug)]
pub(crate) struct ServeSettings {
    pub sandbox: sandbox::Options,
    /// Say how curl gets to the deployed hosts.
    pub connect_map: bool,
}

impl Settings {
    pub(crate) fn resolve(arguments: Arguments, around: Surroundings) -> Self {
        let Arguments { terminal, command } = arguments;
        Self {
            terminal: resolve_terminal(&terminal, &around),
            task: task(command, around),
        }
    }
}

fn task(command: Command, around: Surroundings) -> Task {
    match command {
        Command::Init(args) => Task::Init(init(args, around)),
        Command::Environments(EnvironmentsArgs { format }) => Task::Environments {
            directory: around.directory,
            format: format.output,
        },
        Command::Validate(ValidateArgs { from, format }) => Task::Validate {
            spec: offline(from, around),
            format: format.output,
        },
        Command::Render(args) => render(args, around),
        Command::Schema(SchemaArgs {}) => Task::Schema,
        Command::Plan(args) => plan(args, around),
        Command::Drift(DriftArgs { spec, azure, view }) => Task::Drift {
            work: work(spec.into(), azure, view, ChoiceArgs::default(), around),
        },
        Command::Show(args) => Task::Show(args),
        Command::Apply(args) => apply(args, around),
        Command::Destroy(args) => destroy(args, around),
        Command::Check(args) => check(args, around),
        Command::Verify(VerifyArgs {
            attack,
            from,
            format,
        }) => Task::Verify(Verify {
            work: of_live(from, around),
            attack,
            format: format.output,
        }),
        Command::Explain(ExplainArgs {
            subject,
            from,
            format,
        }) => Task::Explain(Question {
            subject,
            spec: offline(from, around),
            format: format.output,
        }),
        Command::Graph(GraphArgs { from, output }) => Task::Graph {
            spec: offline(from, around),
            drawing: output,
        },
        Command::Auth(AuthCommand::Permissions(args)) => permissions(args, around),
        Command::Auth(AuthCommand::Doctor(DoctorArgs { from, format })) => Task::Doctor {
            work: of_live(from, around),
            format: format.output,
        },
        Command::Sandbox(SandboxCommand::Serve(args)) => Task::Serve(serve(args)),
        Command::Completions(CompletionsArgs { shell }) => Task::Completions(shell),
        Command::Man(ManArgs { dir }) => Task::Man { directory: dir },
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
        columns: around
            .get("COLUMNS")
            .and_then(|columns| columns.trim().parse().ok())
            .filter(|columns| *columns > 0),
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

fn init(args: InitArgs, around: Surroundings) -> InitArgs {
    let is_here = args.directory == Path::new(".");
    let directory = if is_here {
        around.directory
    } else {
        args.directory
    };
    InitArgs { directory, ..args }
}

fn render(args: RenderArgs, around: Surroundings) -> Task {
    let RenderArgs {
        arm,
        policy,
        from,
        format,
    } = args;
    Task::Render {
        spec: offline(from, around),
        what: match (arm, policy) {
            (_, Some(api)) => Rendered::Policy(api),
            (true, None) => Rendered::Resources,
            (false, None) => Rendered::Spec(format.output),
        },
    }
}

fn permissions(args: PermissionsArgs, around: Surroundings) -> Task {
    let PermissionsArgs {
        purpose,
        from,
        format,
    } = args;
    Task::Permissions(RightsAsked {
        spec: offline(from, around),
        purpose: match purpose {
            For::Plan => Purpose::Plan,
            For::Apply => Purpose::Apply,
        },
        format: format.output,
    })
}

fn plan(args: PlanArgs, around: Surroundings) -> Task {
    let PlanArgs {
        detailed_exitcode,
        spec,
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
        approval,
        verify,
        from,
    } = args;
    Task::Apply {
        work: of_write(from, around),
        approval,
        verify,
    }
}

fn check(args: CheckArgs, around: Surroundings) -> Task {
    let CheckArgs {
        live,
        group,
        from,
        format,
    } = args;
    Task::Check(Check {
        group: group_asked(group, &around),
        work: of_live(from, around),
        live,
        format: format.output,
    })
}

fn group_asked(args: GroupArgs, around: &Surroundings) -> Option<Group> {
    let GroupArgs {
        resource_group,
        subscription,
        tenant,
        identity_tenant,
    } = args;
    let or_set = |given: Option<String>, names: [&str; 2]| {
        let set = || names.iter().find_map(|name| around.get(name));
        given.or_else(|| set().map(str::to_owned))
    };
    Some(Group {
        name: resource_group?,
        subscription: or_set(
            subscription,
            ["AZURE_SUBSCRIPTION_ID", "ARM_SUBSCRIPTION_ID"],
        ),
        tenant: or_set(tenant, ["AZURE_TENANT_ID", "ARM_TENANT_ID"]),
        identity: identity_tenant,
    })
}

fn destroy(args: DestroyArgs, around: Surroundings) -> Task {
    let DestroyArgs { yes, also, from } = args;
    Task::Destroy {
        work: of_write(from, around),
        also,
        approval: ApprovalArgs {
            plan: None,
            expect: None,
            yes,
        },
    }
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

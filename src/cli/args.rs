//! The command line: every command and option, in the words a user reads in `--help`.
//!
//! Parsing alone. `settings` joins it with the environment and fills in what was left out.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};

use crate::plan::Allowance;
use crate::resource::Pattern;
use crate::text::list_of_names;

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
pub struct Arguments {
    #[command(flatten)]
    pub terminal: TerminalArgs,
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    Validate(ValidateArgs),
    Render(RenderArgs),
    Schema(SchemaArgs),
    Plan(PlanArgs),
    Show(ShowArgs),
    Apply(ApplyArgs),
    Destroy(DestroyArgs),
    Check(CheckArgs),
    Verify(VerifyArgs),
    Explain(ExplainArgs),
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    Completions(CompletionsArgs),
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct TerminalArgs {
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

/// Enough for every probe, the loud ones too, with the limits of the templates.
pub const MOST_REQUESTS: u32 = 3000;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Text,
    Json,
}

/// Which spec.
#[derive(Debug, Args)]
#[command(next_help_heading = "Spec")]
pub struct SpecArgs {
    /// Environment: the spec in environments/ENV.yaml
    #[arg(short, long, value_name = "ENV", conflicts_with = "file")]
    pub env: Option<String>,

    /// Spec file [default: secgw.yaml]
    #[arg(short, long, value_name = "FILE")]
    pub file: Option<PathBuf>,

    /// Let the spec read files outside the project
    #[arg(long)]
    pub allow_outside: bool,
}

/// How the result is written.
#[derive(Clone, Copy, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct FormatArgs {
    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    pub output: Format,
}

/// What of the plan is wanted, and what it may do.
#[derive(Debug, Default, Args)]
#[command(next_help_heading = "Plan")]
pub struct ChoiceArgs {
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

/// Forms of a plan or of how an apply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum View {
    Text,
    /// One document
    Json,
    /// A document a line, while it happens
    Jsonl,
    /// For a comment on a pull request
    Markdown,
    /// For code scanning
    Sarif,
    /// For test reports
    Junit,
    /// Annotations, step summary and outputs of GitHub Actions
    Github,
    /// Logged issues, summary and variables of Azure Pipelines
    Azdo,
}

/// How a plan or an outcome is written, and where to.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Output")]
pub struct ViewArgs {
    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = View::Text)]
    pub output: View,

    /// Also write to FILE: without FORMAT or as `plan` the plan itself, for `secgw show` and `secgw
    /// apply`; as `text`, `json`, `jsonl`, `md`, `sarif` or `junit` what `-o` would write
    #[arg(long, value_name = "[FORMAT=]FILE", value_parser = sink)]
    pub out: Vec<Sink>,
}

/// Stands in for unset variables where nothing is reached.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sandbox")]
pub struct StandInArgs {
    /// Answer references to unset variables with the sandbox's subscription, tenants and credentials
    #[arg(long)]
    pub sandbox: bool,
}

/// Where Azure is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Azure")]
pub struct AzureArgs {
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
pub enum Auth {
    ClientSecret,
    FederatedToken,
    ManagedIdentity,
    AzureCli,
}

/// The Azure inside this program, in place of the real one.
#[derive(Debug, Args)]
#[command(next_help_heading = "Sandbox")]
pub struct SandboxArgs {
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

/// Checks a spec offline: every problem at once, with its line and a remedy
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw validate -e prod              check environments/prod.yaml and all it extends
  secgw validate -e prod --sandbox    the same where its variables are not set
  secgw validate -e prod -o json      problems as data, for editors and pipelines

Exit codes: 0 valid, 3 not.")]
pub struct ValidateArgs {
    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub stand_in: StandInArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Shows what a spec comes to: values in effect, Azure resources, gateway policies
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw render -e prod                every value in effect, and the line it comes from
  secgw render -e prod --arm          the compiled resources, as JSON
  secgw render -e prod --policy orders
                                      the policy document of the API `orders`, as XML")]
pub struct RenderArgs {
    /// Show the compiled resources as JSON; values that Azure makes are `$ref`s to their source
    #[arg(long, conflicts_with = "policy")]
    pub arm: bool,

    /// Show the policy document of one API as XML; `global` is the one for all
    #[arg(long, value_name = "API")]
    pub policy: Option<String>,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub stand_in: StandInArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Prints the JSON Schema of specs, for editors
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  secgw schema > secgw.schema.json
and in the first line of a spec:
  # yaml-language-server: $schema=./secgw.schema.json")]
pub struct SchemaArgs {}

/// Shows what `apply` would change, and why; writes nothing
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw plan -e dev --sandbox         against the Azure inside this program
  secgw plan -e prod                  against the subscription that the spec names
  secgw plan -e prod -o json          as data: summary, changes, objections
  secgw plan -e prod --detailed-exitcode
                                      exit 2 when there are changes, for pipelines
  secgw plan -e prod -o github --out md=plan.md --out sarif=plan.sarif
                                      in a pipeline: annotations, a comment, code scanning
  secgw plan -e prod --out prod.plan  and keep it, for `secgw show` and `secgw apply`

Signs in by AZURE_CLIENT_SECRET or AZURE_FEDERATED_TOKEN_FILE, with AZURE_TENANT_ID and
AZURE_CLIENT_ID; by the managed identity of the machine; or by `az login`.")]
pub struct PlanArgs {
    /// Exit 2 when there are changes, 0 when there are none
    #[arg(long)]
    pub detailed_exitcode: bool,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// One place a plan is written to beside stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sink {
    pub form: Form,
    pub file: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A saved plan.
    Plan,
    View(View),
}

impl Form {
    const ALL: [(&'static str, Self); 7] = [
        ("plan", Self::Plan),
        ("text", Self::View(View::Text)),
        ("json", Self::View(View::Json)),
        ("jsonl", Self::View(View::Jsonl)),
        ("md", Self::View(View::Markdown)),
        ("sarif", Self::View(View::Sarif)),
        ("junit", Self::View(View::Junit)),
    ];
}

/// Shows a plan that `plan --out` saved
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw show prod.plan                as `secgw plan` showed it
  secgw show prod.plan -o json        as data

Needs neither the spec nor Azure. Files of every past version of secgw can be shown; one that was
changed after it was written is refused.

Exit codes: 0 shown, 3 no plan or a changed one.")]
pub struct ShowArgs {
    /// The saved plan
    #[arg(value_name = "FILE")]
    pub plan: PathBuf,

    #[command(flatten)]
    pub format: FormatArgs,
}

/// Plans, asks, and makes Azure what the spec says
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw apply -e dev --sandbox        on the Azure inside this program
  secgw apply -e prod                 on the subscription that the spec names; asks first
  secgw apply -e prod --yes           without asking, for pipelines
  secgw apply -e prod prod.plan       exactly the plan that `plan --out` saved
  secgw apply -e prod --expect 9f31c0d2a7b4e65810c3
                                      exactly the plan that ended in this digest

A saved plan and a digest are approvals: they do not ask, and nothing is written unless a fresh plan
is the same. `apply FILE` says what has moved since: which resource, which property, in the spec or
in Azure.

Ctrl-C starts nothing new and says what Azure is still at work on; running apply again goes on
from there.

Exit codes: 0 done, 4 blocked, 5 Azure did not keep all of it, 6 waiting, 7 partly applied.")]
pub struct ApplyArgs {
    /// Apply this saved plan and nothing else
    #[arg(value_name = "FILE")]
    pub plan: Option<PathBuf>,

    /// Apply the plan of this digest and nothing else; its first 12 digits are the least, give all you
    /// have
    #[arg(long, value_name = "DIGEST", value_parser = digest)]
    pub expect: Option<String>,

    /// Do not ask before writing
    #[arg(short, long)]
    pub yes: bool,

    /// Attack the result from outside at the end, as `secgw verify` does
    #[arg(long)]
    pub verify: bool,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Deletes what the spec owns, in the right order, and nothing else
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw destroy -e dev --sandbox      on the Azure inside this program; asks first
  secgw destroy -e dev --yes          without asking, for pipelines
  secgw destroy -e dev --also 'users/*'
                                      also the accounts, which carry no mark
  secgw destroy -e prod --allow protect:service/apim-orders-prod
                                      also what `protect` names, this once

What belongs to somebody else stays, and so does whatever that needs. A deleted API Management
service holds its name for 48 hours: how to free it is said.

Exit codes: 0 done, 4 blocked, 6 waiting, 7 partly deleted.")]
pub struct DestroyArgs {
    /// Do not ask before deleting
    #[arg(short, long)]
    pub yes: bool,

    /// Also this resource of the spec, which carries no mark of its own; may be repeated
    #[arg(long, value_name = "ADDRESS", value_parser = pattern)]
    pub also: Vec<Pattern>,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub choice: ChoiceArgs,
    #[command(flatten)]
    pub azure: AzureArgs,
    #[command(flatten)]
    pub view: ViewArgs,
}

/// Evaluates the security controls on what a spec asks for, or on what is live
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw check -e prod                 on what the spec asks for, offline
  secgw check -e prod --live          on what is live, with the spec as what is meant
  secgw check -e dev --live --sandbox
                                      the same on the Azure inside this program
  secgw check --live --resource-group rg-shop --subscription ID --tenant ID
                                      a gateway that secgw did not build, without a spec
  secgw check -e prod -o sarif > secgw.sarif
                                      for code scanning: rules with help, results with lines

What the spec accepts (`controls.accept`) is listed and does not fail. `secgw explain CONTROL`
says what a control is about.

Exit codes: 0 passed, 4 a control at or above `controls.failOn` fails.")]
pub struct CheckArgs {
    /// Read what is live, in place of what the spec asks for
    #[arg(long)]
    pub live: bool,

    /// Look at this resource group as it is, without a spec
    #[arg(long, value_name = "NAME", requires = "live", conflicts_with_all = ["env", "file"])]
    pub resource_group: Option<String>,

    /// Subscription of the resource group [default: `AZURE_SUBSCRIPTION_ID`]
    #[arg(long, value_name = "ID", requires = "resource_group")]
    pub subscription: Option<String>,

    /// Directory of the subscription [default: `AZURE_TENANT_ID`]
    #[arg(long, value_name = "ID", requires = "resource_group")]
    pub tenant: Option<String>,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub azure: AzureArgs,

    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ReportFormat::Text, help_heading = "Output")]
    pub output: ReportFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReportFormat {
    Text,
    Json,
    Sarif,
    Junit,
    Markdown,
}

/// Attacks the deployed gateway from outside: every known way round it is tried
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw verify -e dev --sandbox       on the Azure inside this program
  secgw verify -e prod                on what is deployed; a user signs in with a browser
  secgw verify -e prod --token-env USER_TOKEN
                                      with a user's access token, for pipelines
  secgw verify -e prod --only C01,D01 the ways round Front Door and gateway alone
  secgw verify -e prod -o junit > verify.xml
                                      one test case a probe

A valid token has to get through first (A21): without that, refusals prove nothing. Tokens go over
verified TLS to the spec's own hosts and appear nowhere; tokens for Azure's own interfaces are
refused. Attack nothing but what is yours.

Exit codes: 0 every probe passed, 1 the valid token did not get through, 5 an attack succeeded.")]
pub struct VerifyArgs {
    /// Try these probes alone, by id
    #[arg(long, value_name = "ID", value_delimiter = ',')]
    pub only: Vec<String>,

    /// Try the loud ones too: attacks that firewalls know, floods at the edge, ambiguous requests
    #[arg(long)]
    pub aggressive: bool,

    /// Send no more requests than this
    #[arg(long, value_name = "COUNT", default_value_t = MOST_REQUESTS)]
    pub max_requests: u32,

    /// Take the user's access token from this environment variable
    #[arg(long, value_name = "NAME")]
    pub token_env: Option<String>,

    /// Take a genuine token that must be refused from this variable: expired, or for somebody else
    #[arg(long, value_name = "NAME")]
    pub bad_token_env: Vec<String>,

    #[command(flatten)]
    pub spec: SpecArgs,
    #[command(flatten)]
    pub azure: AzureArgs,

    /// Form of what is written to stdout
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ReportFormat::Text, help_heading = "Output")]
    pub output: ReportFormat,
}

/// Says what a security control demands, why, and what to do where it fails
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  secgw explain POL-07")]
pub struct ExplainArgs {
    /// Id of a control, as `secgw check` shows it
    #[arg(value_name = "CONTROL")]
    pub what: String,

    #[command(flatten)]
    pub format: FormatArgs,
}

/// The Azure inside this program
#[derive(Debug, Subcommand)]
pub enum SandboxCommand {
    Serve(ServeArgs),
}

/// Serves the sandbox on a port, so that other clients can be pointed at it too
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw sandbox serve --listen 127.0.0.1:4443 --dir .secgw/sandbox

  secgw apply -e dev --sandbox --yes                   deploy, then try the result:
  secgw sandbox serve --connect-map > curl.conf &
  curl -K curl.conf https://func-orders-dev.azurewebsites.net/api/orders

The directory holds the state and `ca.pem`, the certificate authority that clients have to
trust. What is deployed in it answers too, over HTTP and HTTPS on the same port: Front Door,
gateway, Function and identity provider, as their stored configuration says. A caller on
127.0.0.N counts as 198.51.100.N (`curl --interface 127.0.0.2`: somebody else). The sign-in
page has a button that signs an account in without its password, which nobody knows.
Runs until it is interrupted.")]
pub struct ServeArgs {
    /// Address and port; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4443")]
    pub listen: SocketAddr,

    /// Directory of the state
    #[arg(long, value_name = "DIR", default_value = ".secgw/sandbox")]
    pub dir: PathBuf,

    /// Answer each request this much later: `50ms`, `1s`
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub latency: Option<Duration>,

    /// How long operations take, as a fraction of Azure's times: 0.1, 1
    #[arg(long, value_name = "FRACTION", value_parser = fraction)]
    pub operation_scale: Option<f64>,

    /// Write every request and answer to FILE, as JSON lines without secrets
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,

    /// Print a configuration for curl, by which the deployed hosts are reached here
    #[arg(long)]
    pub connect_map: bool,
}

/// Prints a completion script for a shell
#[derive(Debug, Args)]
#[command(after_help = "\
Example:
  secgw completions bash > ~/.local/share/bash-completion/completions/secgw")]
pub struct CompletionsArgs {
    /// The shell
    pub shell: clap_complete::Shell,
}

/// `FILE`, `plan=FILE`. A name with `=` in it needs its format.
fn sink(text: &str) -> Result<Sink, String> {
    let (name, file) = text.split_once('=').unwrap_or(("plan", text));
    let Some((_, form)) = Form::ALL.iter().find(|(known, _)| *known == name) else {
        let known = list_of_names(Form::ALL.map(|(name, _)| name));
        return Err(format!("unknown format `{name}`: there is {known}"));
    };
    if file.is_empty() {
        return Err("a file name is missing".to_owned());
    }
    Ok(Sink {
        form: *form,
        file: file.into(),
    })
}

fn digest(text: &str) -> Result<String, String> {
    let is_hex = text.chars().all(|c| c.is_ascii_hexdigit());
    if is_hex && (12..=64).contains(&text.len()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("expected 12 to 64 hexadecimal digits: the line `Digest:` that ends a plan".to_owned())
    }
}

fn pattern(text: &str) -> Result<Pattern, String> {
    Pattern::parse(text).ok_or_else(|| {
        "expected the end of an address, such as `apis/orders` or `users/*`".to_owned()
    })
}

fn allowance(text: &str) -> Result<Allowance, String> {
    Allowance::parse(text).ok_or_else(|| {
        "expected what the plan says after `--allow`, such as `adopt:apis/orders` or `maxDelete=4`"
            .to_owned()
    })
}

fn time(text: &str) -> Result<Duration, String> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (count, unit) = text.split_at(split);
    let count: Option<u64> = count.parse().ok();
    match (count, unit) {
        (Some(count), "ms") => Ok(Duration::from_millis(count)),
        (Some(count), "s") => Ok(Duration::from_secs(count)),
        (Some(0), "") => Ok(Duration::ZERO),
        _ => Err("expected a whole number and a unit, such as `50ms` or `1s`".to_owned()),
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err("expected a number from 0 to 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    fn plan(line: &[&str]) -> Result<PlanArgs, clap::Error> {
        match Arguments::try_parse_from([&["secgw", "plan"], line].concat())?.command {
            Command::Plan(args) => Ok(args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_sandbox_has_a_directory_of_its_own_unless_one_is_given() {
        let directory = |line: &[&str]| plan(line).unwrap().azure.sandbox.sandbox;
        assert_eq!(directory(&[]), None);
        assert_eq!(directory(&["--sandbox"]), Some(".secgw/sandbox".into()));
        assert_eq!(directory(&["--sandbox=x"]), Some("x".into()));
        assert!(plan(&["--sandbox", "x"]).is_err());
    }

    #[test]
    fn options_of_the_sandbox_need_the_sandbox() {
        for option in ["--latency=1s", "--operation-scale=0", "--record=x"] {
            assert!(plan(&[option]).is_err(), "{option}");
            assert!(plan(&["--sandbox", option]).is_ok(), "{option}");
        }
        assert!(plan(&["--sandbox", "--auth", "azure-cli"]).is_err());
    }

    #[test]
    fn a_spec_is_named_once() {
        assert!(plan(&["-e", "dev", "-f", "x.yaml"]).is_err());
    }

    #[test]
    fn a_plan_is_written_to_files_by_format() {
        let file = |name: &str| Sink {
            form: Form::Plan,
            file: name.into(),
        };
        let line = ["--out", "a.plan", "--out", "plan=b=c"];
        assert_eq!(plan(&line).unwrap().view.out, [file("a.plan"), file("b=c")]);
        let sarif = Sink {
            form: Form::View(View::Sarif),
            file: "a.sarif".into(),
        };
        assert_eq!(plan(&["--out", "sarif=a.sarif"]).unwrap().view.out, [sarif]);
        for wrong in ["b=c", "plan=", ""] {
            assert!(plan(&["--out", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_digest_is_given_in_full_or_by_its_beginning() {
        assert_eq!(digest("9F31c0d2a7b4").as_deref(), Ok("9f31c0d2a7b4"));
        for wrong in ["9f31c0d2a7b", "sha256:9f31c0d2a7b4", "", &"a".repeat(65)] {
            assert!(digest(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn times_have_a_unit_and_fractions_are_sane() {
        assert_eq!(time("50ms"), Ok(Duration::from_millis(50)));
        assert_eq!(time("2s"), Ok(Duration::from_secs(2)));
        for wrong in ["50", "ms", "1.5s", "-1s", ""] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
        assert_eq!(fraction("0.25"), Ok(0.25));
        for wrong in ["-1", "NaN", "inf", "x"] {
            assert!(fraction(wrong).is_err(), "{wrong}");
        }
    }
}

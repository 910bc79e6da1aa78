//! Commands that show how locked the result is: controls and attacks.

use clap::{Args, ValueEnum};

use super::scope::LiveArgs;
use super::view::FormatArgs;

/// Enough for every probe, the loud ones too, with the limits of the templates.
const MOST_REQUESTS: u32 = 3000;

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

Exit codes: 0 passed, 4 a control at or above `controls.failOn` fails, 1 something that a
control needs could not be read.")]
pub(crate) struct CheckArgs {
    /// Read what is live, in place of what the spec asks for
    #[arg(long)]
    pub live: bool,

    #[command(flatten)]
    pub group: GroupArgs,
    #[command(flatten)]
    pub from: LiveArgs,
    #[command(flatten)]
    pub format: FormatArgs<ReportFormat>,
}

/// What is looked at without a spec.
#[derive(Debug, Args)]
pub(crate) struct GroupArgs {
    /// Look at this resource group as it is, without a spec
    #[arg(long, value_name = "NAME", requires = "live", conflicts_with_all = ["env", "file"])]
    pub resource_group: Option<String>,

    /// Subscription of the resource group [default: `AZURE_SUBSCRIPTION_ID`]
    #[arg(long, value_name = "ID", requires = "resource_group")]
    pub subscription: Option<String>,

    /// Directory of the subscription [default: `AZURE_TENANT_ID`]
    #[arg(long, value_name = "ID", requires = "resource_group")]
    pub tenant: Option<String>,

    /// Directory whose users call: its applications and user flows are read too
    #[arg(long, value_name = "ID", requires = "resource_group")]
    pub identity_tenant: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ReportFormat {
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

A valid token has to get through first (A21): without that, refusals prove nothing and are
inconclusive, as is what more requests than `--max-requests` would take. Loud probes are skipped
without `--aggressive`. Tokens go over verified TLS to the spec's own hosts and appear nowhere. One
that is given has to be for the API of the spec, a bad one for an application of yours: others,
such as Azure's own, are refused. Attack nothing but what is yours.

Exit codes: 0 no attack succeeded, 1 the valid token did not get through, 5 an attack succeeded.")]
pub(crate) struct VerifyArgs {
    #[command(flatten)]
    pub attack: AttackArgs,
    #[command(flatten)]
    pub from: LiveArgs,
    #[command(flatten)]
    pub format: FormatArgs<ReportFormat>,
}

/// Which probes are tried, and as whom.
#[derive(Debug, Args)]
pub(crate) struct AttackArgs {
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
}

impl AttackArgs {
    /// Every quiet probe, by whoever signs in.
    pub(crate) fn quiet() -> Self {
        Self {
            only: Vec::new(),
            aggressive: false,
            max_requests: MOST_REQUESTS,
            token_env: None,
            bad_token_env: Vec::new(),
        }
    }
}

//! Commands about signing in: what it takes, and what it comes to.

use clap::{Args, Subcommand, ValueEnum};

use super::scope::{LiveArgs, OfflineArgs};
use super::view::FormatArgs;

/// What signing in takes, and what it comes to
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    Doctor(DoctorArgs),
    Permissions(PermissionsArgs),
}

/// Tries every way to sign in, and says what won, whose it is and what it lacks
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw auth doctor -e prod           for the subscription and the identity tenant of this spec
  secgw auth doctor -e dev --sandbox  on the Azure inside this program
  secgw auth doctor -e prod -o json   as data, for a pipeline's log

Tokens are shown by their claims only. Rights of Azure Resource Manager are those on the resource
group, or on the subscription where there is none yet.

Exit codes: 0 planning is possible, 1 something for it is missing.")]
pub(crate) struct DoctorArgs {
    #[command(flatten)]
    pub from: LiveArgs,
    #[command(flatten)]
    pub format: FormatArgs,
}

/// Prints the least role for planning or applying a spec, and the Graph permissions
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  secgw auth permissions -e prod      what a pipeline needs that plans on pull requests
  secgw auth permissions -e prod --for apply -o role > role.json
  az role definition create --role-definition role.json
                                      a role for the pipeline that applies

Derived from the resources that the spec compiles to: another spec may need another role.")]
pub(crate) struct PermissionsArgs {
    /// What is to be possible
    #[arg(long = "for", value_enum, value_name = "PURPOSE", default_value_t = For::Plan)]
    pub purpose: For,

    #[command(flatten)]
    pub from: OfflineArgs,
    #[command(flatten)]
    pub format: FormatArgs<RightsFormat>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum For {
    /// Reads alone
    Plan,
    /// Also writes and deletes
    Apply,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RightsFormat {
    Text,
    Json,
    /// The role definition alone, for `az role definition create`
    Role,
}
